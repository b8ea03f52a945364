"""The tracking law of a transition: its curves, its C bit by bit, its runs in closed loop."""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import pytest
from bundles import FETCH_CUP, MS, ROOT, design_of_chain, gcc, replayed, sample, self_test_agrees

from verifier.cli import main
from verifier.core.motion import Affine, Cut, Motion, Piece, Plan
from verifier.emit.binding import compiled, loaded
from verifier.emit.bundle import c_files
from verifier.emit.design import Design, Track, design_of
from verifier.emit.visits import Call, calls
from verifier.model.values import Model
from verifier.pipeline_emit import planned
from verifier.safety.transition import STARTS_MAX, Table, follow, table_of
from verifier.source import settled

AXES = ("ee.x", "ee.y", "ee.z")
STARTS = (*AXES, "pose[cup].x", "pose[cup].y", "pose[cup].z")
PERIOD = Fraction(1, 1000)

# ---- plans with their meaning ------------------------------------------------------------------


def affine(dice: random.Random, size: int) -> Affine:
    numbers = [Fraction(dice.randint(-40, 40), dice.randint(1, 30)) for _ in range(size + 1)]
    return Affine(numbers[0], tuple(numbers[1:]))


def motion(dice: random.Random, axes: int, size: int) -> Motion:
    pieces = []
    for _ in range(dice.randint(0, 4)):
        points = [tuple(affine(dice, size) for _ in range(axes)) for _ in range(dice.randint(1, 4))]
        pieces.append(Piece(Fraction(dice.randint(1, 500), 700), 0, tuple(points)))
    return Motion(tuple(pieces))


def plan(dice: random.Random, axes: int, size: int, depth: int) -> Plan:
    if depth == 0 or dice.random() < 0.3:
        return motion(dice, axes, size)
    bound = Fraction(dice.randint(-30, 30), 30)
    ways = (plan(dice, axes, size, depth - 1) for _ in range(2))
    return Cut(dice.randrange(size), bound, *ways)


def exact(chosen: Plan, start: Sequence[Fraction], time: Fraction, axes: int) -> list[Fraction]:
    """Where the plan is at a time, by Bernstein polynomials (Farouki 2012, 2)."""
    while isinstance(chosen, Cut):
        chosen = chosen.below if start[chosen.axis] <= chosen.bound else chosen.above
    if not chosen.pieces:
        return list(start[:axes])
    for piece in chosen.pieces:
        if time <= piece.duration or piece is chosen.pieces[-1]:
            break
        time -= piece.duration
    share = max(Fraction(0), min(Fraction(1), time / piece.duration))
    order = len(piece.points) - 1
    place = [Fraction(0)] * axes
    weight = Fraction(1)
    for i, point in enumerate(piece.points):
        bernstein = weight * share**i * (1 - share) ** (order - i)
        for axis, f in enumerate(point):
            value = f.constant + sum(a * x for a, x in zip(f.linear, start, strict=True))
            place[axis] += bernstein * value
        weight = weight * (order - i) / (i + 1)
    return place


def table(chosen: Plan, starts: Sequence[str], moved: int) -> Table:
    found = table_of(chosen, starts, moved, (Fraction(1, 4),) * moved, PERIOD)
    assert isinstance(found, Table), found
    return found


def near_joints(chosen: Table, dice: random.Random) -> Iterator[int]:
    for stretch in chosen.stretches:
        end = int((stretch.begin_s + stretch.duration_s) * 1e9)
        yield from (max(0, end + late) for late in (-MS, 0, MS))
    yield from (dice.randrange(3 * 10**9) for _ in range(10))


def test_a_point_is_where_the_curve_is_but_for_rounding() -> None:
    """Pieces need not join, so that a time at a joint may belong to either side: the nanoseconds
    around it are left out."""
    dice = random.Random(5)
    compared = 0
    for _ in range(60):
        axes = dice.randint(1, 4)
        size = axes + dice.randint(0, 3)
        chosen = plan(dice, axes, size, 3)
        law = table(chosen, [f"s{k}" for k in range(size)], axes)
        start = [dice.uniform(-1, 1) for _ in range(size)]
        measured = [dice.uniform(-1, 1) for _ in range(size)]
        for elapsed in near_joints(law, dice):
            time = Fraction(elapsed, 10**9) + PERIOD
            if any(abs(float(time) - s.begin_s) < 1e-8 for s in law.stretches):
                continue
            found = follow(law, start, measured, elapsed)
            place = exact(chosen, [Fraction(x) for x in start], time, axes)
            for axis in range(axes):
                compared += 1
                assert abs(Fraction(found.position[axis]) - place[axis]) < Fraction(1, 10**10)
                wanted = (place[axis] - Fraction(measured[axis])) / PERIOD
                kept = max(Fraction(-1, 4), min(Fraction(1, 4), wanted))
                assert abs(Fraction(found.velocity[axis]) - kept) < Fraction(1, 10**6)
                assert abs(Fraction(found.velocity[axis])) <= Fraction(1, 4)
    assert compared > 1500


def test_a_start_at_a_cut_goes_where_it_was_proved() -> None:
    """1/3 lies between two doubles: the upper one belongs above the cut."""
    stay = Motion(())
    away = Motion((Piece(Fraction(1), 0, ((Affine(Fraction(9), (Fraction(0),)),),)),))
    law = table(Cut(0, Fraction(1, 3), stay, away), ["s"], 1)
    below = 1 / 3
    assert Fraction(below) < Fraction(1, 3) < Fraction(below + 2**-54)
    assert follow(law, [below], [0.0], 0).position == (below,)
    assert follow(law, [below + 2**-54], [0.0], 0).position == (9.0,)


def test_what_is_too_large_for_the_tables_is_said() -> None:
    point = (Affine(Fraction(0), (Fraction(0),) * (STARTS_MAX + 1)),)
    many = [f"s{k}" for k in range(STARTS_MAX + 1)]
    found = table_of(Motion((Piece(Fraction(1), 0, (point,)),)), many, 1, (Fraction(1),), PERIOD)
    assert isinstance(found, str)


# ---- the C -------------------------------------------------------------------------------------

CHAIN = """\
use "examples/fetch_cup.contract"

# Half of the time speeding up, half of it braking, until 38.12 % of the way are left.
skill ToGrasp {
    initial   ee in translate(box(lower = -3 cm, upper = 3 cm), by = pose[cup])
    terminal  ee in translate(box(lower = -1.15 cm, upper = 1.15 cm), by = pose[cup])
    invariant ee in translate(box(lower = -3 cm, upper = 3 cm), by = pose[cup])
    modifies  q
    duration  0.28 s .. 0.29 s
    transition ee {
        velocity [-4.42 1/s * (ee.x - pose[cup].x),
                  -4.42 1/s * (ee.y - pose[cup].y),
                  -4.42 1/s * (ee.z - pose[cup].z)] after 0.14 s
        velocity [0 m/s, 0 m/s, 0 m/s] after 0.14 s
    }
}

chain C {
    assume   gripper == open and graspable[cup]
    assume   ee in ball(center = pose[cup], radius = 3 cm)
    ToGrasp(); Grasp(cup)
    achieve  holding[cup]
}
"""


def model_of_chain() -> Model:
    return settled(str(ROOT / "here.contract"), CHAIN).model


def design(chosen: Plan) -> Design:
    """The chain, with another plan as the transition ToGrasp()."""
    model = model_of_chain()
    chain = model.chains["C"]
    law = table(chosen, STARTS, len(AXES))
    return design_of(*planned(model, chain), tracks=(Track("ToGrasp()", law, chain.span),))


@pytest.mark.parametrize("seed", range(3))
def test_the_compiled_law_is_its_meaning_bit_by_bit(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    made = design(plan(dice, 3, 6, 3))
    guard = loaded(made, c_files(made), tmp_path)
    found = replayed(guard, list(calls(made)))
    statuses = Counter(v.outcome.status for v in found if v.call.kind == "track")
    assert {"OK", "NULL", "OUT_OF_ORDER", "INVALID_SAMPLE", "GATE_CLOSED"} <= set(statuses)
    assert statuses["OK"] >= 20
    at = {"graspable[cup]": 1, "q[4]": -1.0}
    where: list[float] = []
    for number in range(300):
        pose = [dice.uniform(-0.8, 0.8), dice.uniform(-0.8, 0.8), dice.uniform(0.1, 1.1)]
        hand = [x + dice.uniform(-0.03, 0.03) for x in pose]
        entry = {**at, **dict(zip(STARTS, (*hand, *pose), strict=True))}
        later = {**entry, "ee.x": entry["ee.x"] + dice.uniform(-1e-3, 1e-3)}
        stamp = dice.randrange(2 * 10**9)
        track = Call("track", None, sample(made, stamp, later))
        entered = Call("enter", "ToGrasp()", sample(made, 0, entry))
        vectors = replayed(guard, [Call("init"), entered, track])
        reached = vectors[-1].reached
        assert vectors[-1].outcome.status == "OK" and reached is not None, number
        where += reached.position
    assert len(set(where)) > 300


def test_the_self_test_of_a_transition_agrees_here_and_on_aarch64(tmp_path: Path) -> None:
    names = c_files(design(plan(random.Random(3), 3, 6, 3)))
    self_test_agrees(names, tmp_path)


def test_a_self_test_finds_a_coefficient_that_was_changed(tmp_path: Path) -> None:
    names = dict(c_files(design_of_chain(model_of_chain(), "C")))
    left = (1 - 4.42 * 0.14).hex().encode()  # in a control point of the second piece
    assert names["guard.c"].count(left) >= 6
    changed = names["guard.c"].replace(left, b"0x1.87p-2")
    assert changed != names["guard.c"]
    names["guard.c"] = changed
    program = compiled(names, tmp_path, "selftest", ("guard.c", "selftest.c"), gcc(), ("-O1",))
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "reached differs" in done.stdout


# ---- in closed loop ----------------------------------------------------------------------------


def random_starts(count: int) -> list[tuple[float, ...]]:
    """Hand and cup of states that WrongPlace assumes, every tenth hand within a millionth of the
    sphere of 3 cm; the domains hold, too."""
    dice = random.Random(20_260_101)
    found: list[tuple[float, ...]] = []
    while len(found) < count:
        pose = [dice.uniform(-0.9, 0.9), dice.uniform(-0.9, 0.9), dice.uniform(0.0, 1.2)]
        way = [dice.gauss(0, 1) for _ in range(3)]
        far = sum(x * x for x in way) ** 0.5
        radius = 0.03 * (1 - 1e-6 if len(found) % 10 == 0 else dice.random() ** (1 / 3))
        hand = [p + radius * x / far for p, x in zip(pose, way, strict=True)]
        inside = all(abs(x) <= 0.9 for x in hand[:2]) and 0.0 <= hand[2] <= 1.2
        if inside and apart(hand, pose) <= Fraction(3, 100) ** 2:
            found.append((*hand, *pose))
    return found


def apart(one: Sequence[float], other: Sequence[float]) -> Fraction:
    """The square of the distance, exactly."""
    return sum(
        ((Fraction(a) - Fraction(b)) ** 2 for a, b in zip(one, other, strict=True)),
        start=Fraction(0),
    )


@dataclass(frozen=True)
class Ended:
    hand: tuple[float, ...]
    fastest: float
    periods: int
    said: int


def runs(made: Design, starts: Sequence[tuple[float, ...]], folder: Path) -> list[Ended]:
    """Every start through the compiled guard, by data/follow_transition.c."""
    names = dict(c_files(made))
    names["follow.c"] = (ROOT / "tests" / "data" / "follow_transition.c").read_bytes()
    skill = made.layout.skills[made.tracks[0].call]
    flags = ("-O2", f"-DGUARD_SKILL_TRANSITION={skill}", "-DLONGEST=5000u")
    program = compiled(names, folder, "follow", ("guard.c", "follow.c"), gcc(), flags)
    lines = "".join(" ".join(x.hex() for x in start) + "\n" for start in starts)
    done = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
    found = []
    for line in done.stdout.splitlines():
        x, y, z, fastest, periods, said = line.split()
        hand = (float.fromhex(x), float.fromhex(y), float.fromhex(z))
        found.append(Ended(hand, float.fromhex(fastest), int(periods), int(said)))
    return found


def check_runs(made: Design, speed: Fraction, longest: Fraction, folder: Path) -> None:
    """Every run ends within 2 cm of the cup, in exact arithmetic, was never faster than allowed,
    in time, and the guard had nothing to say."""
    starts = random_starts(10_000)
    found = runs(made, starts, folder)
    assert len(found) == len(starts)
    assert Counter(each.said for each in found) == {0: len(starts)}
    for start, each in zip(starts, found, strict=True):
        assert apart(each.hand, start[3:]) <= Fraction(2, 100) ** 2
        assert Fraction(each.fastest) <= speed
        assert each.periods * PERIOD <= longest
    assert max(each.fastest for each in found) > 0.1  # somebody had to hurry
    assert sum(apart(s[:3], s[3:]) > Fraction(2, 100) ** 2 for s in starts) > 5000


def test_ten_thousand_starts_end_where_grasp_may_begin(tmp_path: Path) -> None:
    made = design_of_chain(model_of_chain(), "C")
    check_runs(made, Fraction(1, 4), Fraction(29, 100), tmp_path)


def test_ten_thousand_starts_of_the_repaired_wrong_place_end_where_grasp_may_begin(
    tmp_path: Path,
) -> None:
    repaired = tmp_path / "repaired.contract"
    assert main(["repair", str(FETCH_CUP), "--chain", "WrongPlace", "-o", str(repaired)]) == 0
    model = settled(str(repaired)).model
    first = model.chains["WrongPlace"].steps[0].contract
    assert first.transition is not None and first.duration.high is not None
    (limits,) = model.motions.values()
    made = design_of_chain(model, "WrongPlace")
    check_runs(made, min(limits.speed), first.duration.high, tmp_path)


def test_a_motion_that_stops_too_early_is_found_out(tmp_path: Path) -> None:
    (track,) = design_of_chain(model_of_chain(), "C").tracks
    (course,) = track.table.courses
    hasty = replace(course, count=1, duration_s=0.14)
    made = design_of_chain(model_of_chain(), "C")
    made = replace(made, tracks=(replace(track, table=replace(track.table, courses=(hasty,))),))
    found = runs(made, random_starts(300), tmp_path)
    assert Counter(each.said for each in found)[5] > 30
