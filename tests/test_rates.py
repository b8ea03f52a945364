"""Commands that may only change so fast: what is proved of joints that brake within a rate, and the
compiled guard under policies that know no limits."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import inf, nan
from pathlib import Path

import judge
import pytest
from arms import JERK as JERKS
from arms import design_of_kit, guard_of_kit, kit
from bundles import design_of_chain, files_of, gcc, model_of, replayed, self_test_agrees

from verifier.core.verdict import Proved
from verifier.emit.binding import Compiled, loaded
from verifier.emit.bundle import guard_files
from verifier.emit.reference import Sample
from verifier.emit.visits import Call
from verifier.judging import Effort, judged
from verifier.report.values import Answer, status
from verifier.safety.braking import Axis, Drive, drive_of
from verifier.safety.filter import Filter, filtered, fresh
from verifier.safety.jerk import Plan, after, command_of, moved, plan_of, sound, way_of
from verifier.source import settled

F = Fraction
MS = 10**6

SPEED = """
state {{ q : real[2] rad in box(lower = [-2, -1], upper = [2, 1.5]) }}
plant joint {{
    input    dq : real[2] rad/s in box(lower = [-2, -1], upper = [2, 3])
    {dynamics}
    period   1 ms
    rate     dq in box(lower = {low}, upper = {high})
}}
barrier limit[j in 1 .. 2] = (q[j] - q.lower[j]) * (q.upper[j] - q[j]) {gain}
skill Move {{ modifies q }}
chain C {{ Move() }}
"""


def speeds(
    rate: str, gain: str = "", dynamics: str = "dynamics der(q) = dq", low: str | None = None
) -> str:
    return SPEED.format(high=rate, low=low or f"-{rate}", gain=gain, dynamics=dynamics)


def answers(text: str) -> dict[str, Answer]:
    """What the plant owes, by obligation."""
    model = settled("rates.spec", text).model
    chain = next(chain for name, chain in model.chains.items() if name == "joint")
    found = judged(model, chain, Effort(8.0, 1), lambda done, total: None)
    return {answer.obligation.id.partition("/")[2]: answer for answer in found}


# ---- what is proved ----------------------------------------------------------------------------


def test_the_room_that_braking_takes_is_the_sum_of_its_steps() -> None:
    """Within A T^2 / 8, which the last step may cost."""
    source = random.Random(1)
    for _ in range(200):
        rate, period = F(source.randint(1, 90)), F(source.randint(1, 40), 1000)
        speed = F(source.randint(1, 4000), 1000)
        room, w = F(0), speed
        while w > 0:
            w = max(w - rate * period, F(0))
            room += period * w
        needed = (speed - rate * period / 2) ** 2 / (2 * rate)
        assert room <= needed <= room + rate * period**2 / 8


@pytest.mark.parametrize("gain", ["", "alpha 3 Hz"])
def test_limits_are_kept_by_braking_at_the_rate(gain: str) -> None:
    found = answers(speeds("10", gain))
    assert all(isinstance(answer.verdict, Proved) for answer in found.values())
    parts = {key.partition(".upper/")[2] for key in found if key.startswith("limit[2].upper/")}
    owed = {"baseline/fast", "baseline/away", "sampling/rate", "feasibility/least"}
    assert owed <= parts and ("feasibility/rate" in parts) == bool(gain)


def test_a_gain_that_the_rate_does_not_support_is_refuted_with_a_state() -> None:
    """A row that was kept one period before is broken, though the joint brakes as it can."""
    found = answers(speeds("10", "alpha 4 Hz"))
    refuted = {key: answer for key, answer in found.items() if status(answer.verdict) == "refuted"}
    assert set(refuted) == {"limit[2].upper/feasibility/rate"}
    (answer,) = refuted.values()
    q, w = answer.state["q[2]"], answer.state["dq[2] before"]
    assert isinstance(q, Fraction) and isinstance(w, Fraction)
    assert w <= 4 * (F(3, 2) - (q - w / 1000)) and q <= F(3, 2) and w <= 3
    assert w - 10 * F(1, 1000) > 4 * (F(3, 2) - q)


def test_standing_at_once_is_refuted_with_the_command_before() -> None:
    text = speeds("10", dynamics="dynamics der(q) = dq  baseline hold")
    found = answers(text + "barrier round = 4 rad^2 - q[1]^2 - q[2]^2  alpha 1 Hz")
    fall = found["round/baseline/dq[1].fall"]
    before = fall.state["dq[1] before"]
    assert status(fall.verdict) == "refuted" and isinstance(before, Fraction)
    assert before > 10 * F(1, 1000)


@pytest.mark.parametrize(("gain", "word"), [("1.5", "proved"), ("4", "refuted")])
def test_a_law_owes_how_much_it_changes_in_a_period(gain: str, word: str) -> None:
    law = f"baseline [-{gain} 1/s * q[1], 0 rad/s]"
    found = answers(speeds("5", dynamics=f"dynamics der(q) = dq  {law}"))
    change = found["limit[1].lower/baseline/change of dq[1]/upper"]
    assert status(change.verdict) == word
    if word == "refuted":
        q = change.state["q[1]"]
        assert isinstance(q, Fraction) and 4 * 4 * abs(q) > 5


@pytest.mark.parametrize(("rate", "word"), [("10", "refuted"), ("40", "proved")])
def test_corrections_leave_something_of_the_rate(rate: str, word: str) -> None:
    noise = """disturbance w : real[2] rad/s in box(lower = -0.01, upper = 0.01)
    error q in box(lower = -0.001, upper = 0.001)
    dynamics der(q) = dq + w"""
    found = answers(speeds(rate, dynamics=noise))
    tube = [answer for key, answer in found.items() if "/tube of q[1]/rate" in key]
    assert len(tube) == 2 and {status(answer.verdict) for answer in tube} == {word}


def test_a_rate_to_one_side_brakes_nothing() -> None:
    with pytest.raises(Exception) as refused:
        answers(speeds("10", low="0"))
    assert "no change of `dq[1]` stops `q[1]`" in str(refused.value)


# ---- the compiled guard ------------------------------------------------------------------------

Policy = Callable[[random.Random, int], float]
POLICIES: dict[str, Policy] = {
    "constant": lambda source, k: 50.0,
    "bang-bang": lambda source, k: 80.0 if (k // 700) % 2 else -80.0,
    "fast": lambda source, k: 80.0 if (k // 13) % 2 else -60.0,
    "noise": lambda source, k: source.gauss(0.0, 30.0),
    "drift": lambda source, k: 20.0 + source.gauss(0.0, 30.0),
    "bursts": lambda source, k: nan if k % 40 < 7 else source.choice((60.0, -inf, 1e308)),
}


def guard_of(text: str, folder: Path) -> Compiled:
    design = design_of_chain(model_of(text), "C")
    return loaded(design, guard_files(design), folder, gcc(), "-O1")


def command(name: str, source: random.Random, k: int, size: int) -> tuple[float, ...]:
    return tuple(POLICIES[name](source, k + 300 * j) for j in range(size))


def within(values: Sequence[float], lower: Sequence[float], upper: Sequence[float]) -> bool:
    rows = zip(values, lower, upper, strict=True)
    return all(F(low) <= F(value) <= F(high) for value, low, high in rows)


def test_the_bundle_of_rated_joints_agrees_with_its_meaning(tmp_path: Path) -> None:
    self_test_agrees(files_of(model_of(speeds("10")), "C"), tmp_path)


@pytest.mark.parametrize("name", POLICIES)
def test_speeds_at_a_rate_keep_box_rate_and_limits(name: str, tmp_path: Path) -> None:
    """Judged in exact arithmetic, state by state."""
    guard, source = guard_of(speeds("10"), tmp_path), random.Random(7)
    q, before, furthest = [0.0, 0.0], (0.0, 0.0), 0.0
    for k in range(5000):
        sample = Sample(k * MS, {"q[1]": q[0], "q[2]": q[1]})
        outcome, given = guard.step(sample, command(name, source, k, 2))
        assert within(given, (-2, -1), (2, 3))
        changes = [abs(F(u) - F(w)) for u, w in zip(given, before, strict=True)]
        assert max(changes) <= F(10, 1000), (k, outcome)
        q = [a + 1e-3 * u for a, u in zip(q, given, strict=True)]
        assert within(q, (-2, -1), (2, F(3, 2))), (k, q)
        before, furthest = given, max(furthest, q[1])
    assert furthest > 1.49 or name in ("fast", "noise", "bursts")


# ---- limited jerks -----------------------------------------------------------------------------

JERK = """
state {{ q : real[2] rad in box(lower = [-2, -1], upper = [2, 1.5])
        v : real[2] rad/s in box(lower = -3, upper = 3) }}
plant joint {{
    input    a : real[2] rad/s^2 in box(lower = [-15, -8], upper = [15, 6])
    dynamics der(q) = v
    dynamics der(v) = a
    period   1 ms
    clamp    velocity in box(lower = [-2.5, -2], upper = [2.5, 1.5])
    {jerk}
    {more}
}}
barrier limit[j in 1 .. 2] = (q[j] - q.lower[j]) * (q.upper[j] - q[j])
skill Move {{ modifies q, v }}
chain C {{ Move() }}
"""


AXIS = Axis(2, F(1, 1000), F(-15), F(12), F(-2), F(2), F(-3), F(3), rate=F(300))


def jerks(jerk: str = "clamp jerk in box(lower = -4000, upper = 4000)", more: str = "") -> str:
    return JERK.format(jerk=jerk, more=more)


def test_the_bundle_of_limited_jerks_agrees_with_its_meaning(tmp_path: Path) -> None:
    self_test_agrees(files_of(model_of(jerks()), "C"), tmp_path)


@pytest.mark.parametrize("limit", [4000, 300])
@pytest.mark.parametrize("name", POLICIES)
def test_jerks_speeds_and_positions_are_kept(name: str, limit: int, tmp_path: Path) -> None:
    """By every policy, at every sample and at every turning point between two of them."""
    text = jerks(f"rate a in box(lower = -{limit}, upper = {limit})")
    guard, source = guard_of(text, tmp_path), random.Random(7)
    q, v, before, furthest = [0.0, 0.0], [0.0, 0.0], (0.0, 0.0), 0.0
    for k in range(10000):
        sample = Sample(k * MS, {"q[1]": q[0], "q[2]": q[1], "v[1]": v[0], "v[2]": v[1]})
        _, given = guard.step(sample, command(name, source, k, 2))
        assert within(given, (-15, -8), (15, 6))
        changes = [abs(F(u) - F(w)) for u, w in zip(given, before, strict=True)]
        assert max(changes) <= F(limit, 1000), k
        for j, u in enumerate(given):
            turn = q[j] - v[j] * v[j] / (2 * u) if v[j] * (v[j] + 1e-3 * u) < 0 else q[j]
            q[j], v[j] = q[j] + 1e-3 * v[j] + 0.5e-6 * u, v[j] + 1e-3 * u
            assert (-2, -1)[j] <= min(turn, q[j]) <= max(turn, q[j]) <= (2, 1.5)[j], (k, j)
        assert within(v, (F(-5, 2), -2), (F(5, 2), F(3, 2))), k
        before, furthest = given, max(furthest, q[1])
    assert furthest > 1.4999 or name not in ("constant", "drift")


def test_what_is_left_of_a_plan_is_what_it_said() -> None:
    """Step by step: box and steps are kept, the end is at rest where it was foreseen, and the way
    with its turning points lies where it was said to."""
    source, drive = random.Random(5), drive_of(AXIS)
    assert isinstance(drive, Drive)
    for _ in range(1000):
        size = 10 ** source.uniform(-5, 0)
        v, a = source.uniform(-2.5, 2.5) * size, source.uniform(-15, 12)
        v = -a * abs(a) / 2 / 300 * source.uniform(0.99, 1.01) if source.random() < 0.2 else v
        start = plan = plan_of(drive, v, a)
        assert sound(drive, plan)
        way, q, pace, furthest = way_of(drive, plan, v), 0.0, v, [0.0]
        while plan.periods > 0:
            u = command_of(plan)
            assert abs(u - plan.begin) <= drive.swing and -15 <= u <= 12
            q, before, pace = q + 1e-3 * pace + 0.5e-6 * u, (q, pace), pace + 1e-3 * u
            turn = before[0] - before[1] ** 2 / (2 * u) if before[1] * pace < 0 else q
            furthest += [q, turn]
            assert way.slowest - 1e-12 <= pace <= way.fastest + 1e-12
            plan = after(plan)
        assert plan.begin == 0.0 and abs(pace) < 1e-11
        assert q == pytest.approx(moved(drive, start, v, start.periods), abs=1e-10)
        assert way.lowest - 1e-11 <= min(furthest) and max(furthest) <= way.highest + 1e-11


def test_at_rest_on_a_limit_the_way_back_is_open(tmp_path: Path) -> None:
    """And a joint that is found outside may come back, but goes no further out."""
    guard = guard_of(jerks(), tmp_path)
    for begin, asked in ((2.0, -9.0), (2.05, -9.0), (2.05, 9.0)):
        assert guard.init() is not None
        q, v, furthest = begin, 0.0, begin
        for k in range(1500):
            sample = Sample(k * MS, {"q[1]": q, "q[2]": 0.0, "v[1]": v, "v[2]": 0.0})
            _, (u, _) = guard.step(sample, (asked, 0.0))
            q, v = q + 1e-3 * v + 0.5e-6 * u, v + 1e-3 * u
            furthest = max(furthest, q)
        assert furthest <= begin + 1e-12 and (q < 1.5) == (asked < 0)


def test_plan_and_braking_are_the_same_in_python_and_in_c(tmp_path: Path) -> None:
    """In closed loop, pushed to and fro, moved by somebody, and at random, bit by bit."""
    guard, source, calls = guard_of(jerks(), tmp_path), random.Random(3), [Call("init")]
    q, v = [0.0, 0.0], [0.0, 0.0]
    guard.init()
    for k in range(900):
        name = "bang-bang" if k % 200 < 100 else "noise"
        asked = (nan, 1.0) if k % 97 > 90 else command(name, source, 5 * k, 2)
        if k % 300 > 280:
            q, v = ([source.uniform(-1, 1.6) for _ in range(2)] for _ in range(2))
        now = Sample(k * MS, {"q[1]": q[0], "q[2]": q[1], "v[1]": v[0], "v[2]": v[1]})
        calls.append(Call("step", now=now, proposed=asked))
        _, given = guard.step(now, asked)
        q = [a + 1e-3 * b + 0.5e-6 * u for a, b, u in zip(q, v, given, strict=True)]
        v = [b + 1e-3 * u for b, u in zip(v, given, strict=True)]
    vectors = replayed(guard, calls)
    assert len({vector.out for vector in vectors}) > 200


def stops_within(plan: Plan, q: float, v: float, period: float) -> bool:
    """By the commands that the counts of a plan mean, added up: it comes to rest between the
    limits, no command leaves the box, none changes too fast."""
    first, hold, last = (int(count) for count in (plan.first, plan.hold, plan.last))
    up = [plan.begin + (plan.peak - plan.begin) * k / first for k in range(1, first + 1)]
    top = plan.peak if first or hold else plan.begin
    commands = [*up, *[plan.peak] * hold, *(top * (last - k) / last for k in range(1, last + 1))]
    for before, u in itertools.pairwise([plan.begin, *commands]):
        turn = q - v * v / (2 * u) if v * (v + period * u) < 0 else q
        q, v = q + period * v + period * period / 2 * u, v + period * u
        kept = abs(u - before) <= 300 * period * (1 + 1e-12) and -15 <= u <= 12
        if not (kept and -2 <= min(q, turn) <= max(q, turn) <= 2 and -3 <= v <= 3):
            return False
    return abs(v) < 1e-10


def test_ten_thousand_commands_at_the_boundary_leave_a_way_to_stop() -> None:
    """From states whose only way to a stop ends on a limit, or nearly."""
    axis = replace(AXIS, period=F(1, 100))
    drive, source, braked = drive_of(axis), random.Random(9), 0
    assert isinstance(drive, Drive)
    design, count = Filter((drive,), None), 0
    while count < 10_000:
        v, a = source.uniform(-2.9, 2.9), source.uniform(-15, 12)
        plan = plan_of(drive, v, a)
        way = way_of(drive, plan, v)
        if not (drive.speed_lower < way.slowest and way.fastest < drive.speed_upper):
            continue
        spare = source.choice((0.0, 1e-9, 1e-4))
        q = drive.upper - way.highest - spare
        q = drive.lower - way.lowest + spare if source.random() < 0.5 else q
        if not (drive.lower <= q + way.lowest and q + way.highest <= drive.upper):
            continue
        memory = replace(fresh(design), started=True, speed=(v,), latest=(a,), plans=(plan,))
        asked = source.gauss(0, 10 ** source.uniform(0, 3))
        found = filtered(design, memory, (q,), (v,), (asked,))
        (u,) = found.command
        assert abs(u - a) <= 3 and -15 <= u <= 12
        w = v + 0.01 * u
        assert stops_within(found.memory.plans[0], q + 0.01 * v + 5e-5 * u, w, 0.01), (q, v, a)
        count, braked = count + 1, braked + (u == command_of(plan))
    assert 1000 < braked < 9000


@pytest.mark.parametrize("share", [1, 8])
def test_an_arm_with_limited_jerks_passes_nothing(share: int, tmp_path: Path) -> None:
    """The Panda's published jerks, and an eighth of them, among obstacles."""
    arm = kit(2, jerk=tuple(jerk / share for jerk in JERKS))
    for name, data in guard_files(design_of_kit(arm)).items():
        (tmp_path / name).write_bytes(data)
    library, told = judge.library(tmp_path), judge.told(arm)
    for policy, size in ((0, 1.0), (1, 1.0), (2, 10.0), (3, 100.0)):
        found = judge.loop(library, told, 7, 4, 10_000, policy, size)
        assert found.steps == 40_000 and found.least >= -1e-9, found
        assert not (found.odd or found.outside_box or found.unlike or found.faults), found


def test_an_arm_that_plans_its_stops_is_the_same_in_python_and_in_c(tmp_path: Path) -> None:
    arm = kit(2, jerk=tuple(jerk / 10 for jerk in JERKS), spheres=9)
    guard, calls = guard_of_kit(arm, tmp_path, "-O1"), [Call("init")]
    q, v = [0.0, -0.6, 0.0, -2.2, 0.0, 1.6, 0.8], [0.0] * 7
    guard.init()
    for k in range(200):
        values = {f"q[{j + 1}]": place for j, place in enumerate(q)}
        values |= {f"v[{j + 1}]": pace for j, pace in enumerate(v)}
        now = Sample(k * MS, {**values, "sure": 1.0, "go": 1})
        asked = tuple(15.0 if (k // 70 + j) % 2 else -15.0 for j in range(7))
        calls.append(Call("step", now=now, proposed=asked))
        _, given = guard.step(now, asked)
        q = [a + 1e-3 * b + 0.5e-6 * u for a, b, u in zip(q, v, given, strict=True)]
        v = [b + 1e-3 * u for b, u in zip(v, given, strict=True)]
    assert len({vector.out for vector in replayed(guard, calls)}) > 50
