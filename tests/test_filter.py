"""The filter of an arm: no barrier is passed in discrete time, judged from outside on the C."""

from __future__ import annotations

import ctypes
import math
import random
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import judge
import pytest
from arms import ACCELERATION, PERIOD, SPEED, Kit, design_of_kit, guard_of_kit, kit, uniform

from verifier.emit import reference
from verifier.emit.bundle import guard_files
from verifier.emit.reference import Sample
from verifier.safety.braking import (
    Axis,
    Drive,
    Kind,
    box,
    braked,
    drive_of,
    next_position,
    next_speed,
    periods_to_stop,
    travelled,
)
from verifier.safety.filter import Filter, Filtered, Memory, filtered, fresh
from verifier.safety.switch import Switch

TENTH = Fraction(1, 10)
WORST = -1e-9  # rad, rad/s or m: what rounding may take from a barrier


@dataclass(frozen=True)
class Guarded:
    """An arm, and the compiled judge with its guard."""

    kit: Kit
    judge: ctypes.CDLL
    arm: judge.Arm


def judged(arm: Kit, folder: Path) -> Guarded:
    design = design_of_kit(arm)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in guard_files(design).items():
        (folder / name).write_bytes(data)
    return Guarded(arm, judge.library(folder), judge.told(arm))


@pytest.fixture(scope="module")
def speeds(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    """Commands are joint speeds."""
    return judged(kit(1), tmp_path_factory.mktemp("speeds"))


@pytest.fixture(scope="module")
def accelerations(tmp_path_factory: pytest.TempPathFactory) -> Guarded:
    """Commands are joint accelerations."""
    return judged(kit(2), tmp_path_factory.mktemp("accelerations"))


def safe(result: judge.Result) -> bool:
    """No barrier passed, nothing that is no number, nothing outside of the box, and `PASS` says the
    truth."""
    return result.least >= WORST and not (
        result.odd or result.outside_box or result.unlike or result.faults
    )


# ---- one joint ---------------------------------------------------------------------------------


def axes(rng: random.Random) -> Axis:
    """A joint with random limits."""
    order = rng.choice((1, 2))
    limit = Fraction(rng.randrange(1, 400), 100)
    return Axis(
        order,
        Fraction(1, rng.choice((10, 125, 250, 1000))),
        -Fraction(rng.randrange(1, 300), 10),
        Fraction(rng.randrange(1, 300), 10),
        -limit,
        limit,
        -Fraction(rng.randrange(1, 40), 10) if order == 2 else None,
        Fraction(rng.randrange(1, 40), 10) if order == 2 else None,
        Fraction(rng.randrange(1, 200), 10) if order == 1 and rng.random() < 0.5 else None,
    )


def driven(axis: Axis) -> Drive:
    found = drive_of(axis)
    assert isinstance(found, Drive), found
    return found


def test_from_rest_no_command_in_the_box_ever_leads_to_a_limit_that_braking_cannot_keep() -> None:
    """Every step picks an end of the box or a point in it; the box is never empty, the limits are
    never passed, and braking from anywhere stops before them."""
    rng = random.Random(4)
    for _ in range(150):
        axis = axes(rng)
        drive = driven(axis)
        q, v, worst = 0.0, 0.0, math.inf
        for k in range(150):
            low, high = box(drive, q, v)
            assert low <= high and drive.box_lower <= low and high <= drive.box_upper
            share = 1.0 if k < 50 else rng.choice((0.0, 1.0, rng.random()))
            u = low + share * (high - low)
            w = next_speed(drive, v, min(max(u, low), high))
            q, v = next_position(drive, q, v, w), w
            worst = min(worst, float(axis.position_upper) - q, q - float(axis.position_lower))
            end, pace = q, v if drive.kind is not Kind.FREE else 0.0
            while pace:
                _, after = braked(drive, pace)
                end, pace = next_position(drive, end, pace, after), after
            worst = min(worst, float(axis.position_upper) - end, end - float(axis.position_lower))
            if axis.speed_upper is not None:
                assert float(axis.speed_lower) - 1e-12 <= v <= float(axis.speed_upper) + 1e-12
        assert worst >= -1e-12, (axis, worst)


def test_the_box_lets_a_joint_come_as_near_to_its_limit_as_it_can() -> None:
    rng = random.Random(5)
    for _ in range(40):
        axis = replace(axes(rng), speed_lower=None, speed_upper=None)
        drive = driven(axis)
        q, v = 0.0, 0.0
        for _ in range(5_000):
            u = box(drive, q, v)[1]
            w = next_speed(drive, v, u)
            q, v = next_position(drive, q, v, w), w
        assert float(axis.position_upper) - q <= 1e-9, (axis, q)


def test_the_way_to_a_stop_in_closed_form_is_the_one_step_by_step() -> None:
    rng = random.Random(6)
    for _ in range(300):
        drive = driven(axes(rng))
        v = rng.uniform(-4.0, 4.0) if drive.kind is not Kind.FREE else 0.0
        full, q, pace = periods_to_stop(drive, v), 0.0, v
        for k in range(int(full) + 3):
            assert travelled(drive, v, full, float(k)) == pytest.approx(q, abs=1e-10)
            after = braked(drive, pace)[1]
            q, pace = next_position(drive, q, pace, after), after
        assert pace == 0.0


def test_what_takes_more_of_the_command_than_there_is_is_refused() -> None:
    axis = Axis(2, PERIOD, Fraction(-1), Fraction(1), Fraction(-1), Fraction(1))
    assert drive_of(replace(axis, disturbance=Fraction(2))) == (
        "what it may be off by takes more of the command than there is"
    )
    assert (
        drive_of(replace(axis, lower=Fraction(0))) == "its commands do not reach to both sides of 0"
    )
    assert drive_of(replace(axis, position_upper=Fraction(-1))) == "its limits leave no room"


# ---- Python and C ------------------------------------------------------------------------------


KITS = {
    "speeds": lambda: kit(1, spheres=6),
    "rated": lambda: kit(1, spheres=6, rate=Fraction(10)),
    "accelerations": lambda: kit(2, spheres=9, pairs=((8, 0), (7, 0))),
    "late": lambda: kit(
        2,
        spheres=4,
        latency=2,
        disturbance=TENTH,
        position_error=Fraction(1, 2000),
        speed_error=Fraction(1, 200),
    ),
    "no arm": lambda: kit(2, world=()),
}


@pytest.mark.parametrize("name", KITS)
def test_the_guard_does_what_its_meaning_says_bit_by_bit(name: str, tmp_path: Path) -> None:
    arm = KITS[name]()
    guard = guard_of_kit(arm, tmp_path, "-O1")
    rng = random.Random(name)
    state, time = reference.initial(guard.design), 0
    seen = set()
    for n in range(80):
        if n % 20 == 0:
            guard.init()
            state, time = reference.initial(guard.design), 0
            q = list(uniform(arm.chain, rng))
            v = [rng.uniform(-1.5, 1.5) * (arm.axes[0].order == 2) for _ in q]
        time += 10**6
        if n % 20 == 17:
            got, want = guard.tick(time), reference.tick(guard.design, state, time)
        else:
            command = [rng.gauss(0.0, rng.choice((0.1, 1.0, 30.0, 1e4))) for _ in q]
            if n % 20 == 11:
                command[rng.randrange(7)] = rng.choice((math.nan, math.inf, -math.inf))
            now = sample(time, q, v)
            got = guard.step(now, tuple(command))
            want = reference.step(guard.design, state, now, tuple(command))
        state = want[0]
        assert repr(got) == repr(want[1:]), n
        seen.add((got[0].decision, got[0].rows != 0))
        out = got[1]
        for j in range(7):
            if arm.axes[0].order == 2:
                q[j] += 1e-3 * v[j] + 0.5e-6 * out[j]
                v[j] += 1e-3 * out[j]
            else:
                q[j] += 1e-3 * out[j]
    assert {("CLAMP", True), ("REJECT", False)} <= seen


def sample(time: int, q: list[float], v: list[float]) -> Sample:
    values = {f"q[{k + 1}]": value for k, value in enumerate(q)}
    values |= {f"v[{k + 1}]": value for k, value in enumerate(v)}
    return Sample(time, {**values, "sure": 1.0, "go": 1})


# ---- single periods ----------------------------------------------------------------------------


@pytest.mark.parametrize("plant", ["speeds", "accelerations"])
def test_one_period_from_ten_thousand_states_on_the_boundary_keeps_every_barrier(
    plant: str, request: pytest.FixtureRequest
) -> None:
    guarded: Guarded = request.getfixturevalue(plant)
    begin = judge.starts(guarded.judge, guarded.arm, 5, 10_000)
    largest = float(max(ACCELERATION if plant == "accelerations" else SPEED))
    for size in (10.0, 10.0 * largest, 100.0 * largest):
        result = judge.steps(guarded.judge, guarded.arm, begin, size)
        assert safe(result), (size, result)
        assert result.clamped > 7000 and 900 < result.rejected < 2500, result


# ---- closed loop -------------------------------------------------------------------------------

POLICIES = {"push": (0, 1.0), "bang-bang": (1, 1.0), "noise": (2, 10.0), "no numbers": (3, 100.0)}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("plant", ["speeds", "accelerations"])
def test_a_hundred_runs_of_ten_thousand_periods_pass_nothing(
    plant: str, policy: str, request: pytest.FixtureRequest
) -> None:
    """Twenty-five for each of the four policies."""
    guarded: Guarded = request.getfixturevalue(plant)
    number, size = POLICIES[policy]
    result = judge.loop(guarded.judge, guarded.arm, 7, 25, 10_000, number, size)
    assert result.steps == 250_000 and safe(result), result


def test_hardly_a_period_goes_to_braking_while_the_arm_is_pushed_against_what_is_there(
    request: pytest.FixtureRequest,
) -> None:
    guarded: Guarded = request.getfixturevalue("accelerations")
    result = judge.loop(guarded.judge, guarded.arm, 5, 6, 3_000, 0, 30.0)
    assert safe(result) and result.rejected < 0.005 * result.steps, result


@pytest.mark.parametrize("disturbance", [Fraction(0), TENTH / 10])
def test_speeds_that_change_at_a_limited_rate_pass_nothing(
    disturbance: Fraction, tmp_path: Path
) -> None:
    error = disturbance / 20
    arm = kit(1, rate=Fraction(20), disturbance=disturbance, position_error=error)
    guarded = judged(arm, tmp_path)
    for policy, (number, size) in POLICIES.items():
        result = judge.loop(guarded.judge, guarded.arm, 13, 2, 10_000, number, size)
        assert safe(result), (policy, result)


@cache
def disturbed(order: int, latency: int) -> Kit:
    return kit(
        order,
        latency=latency,
        disturbance=TENTH if order == 2 else TENTH / 10,
        position_error=Fraction(1, 2000),
        speed_error=Fraction(1, 200),
    )


@pytest.mark.parametrize(
    ("order", "latency"),
    [
        (1, 2),
        (2, 2),
        pytest.param(1, 0, marks=pytest.mark.nightly),
        pytest.param(2, 0, marks=pytest.mark.nightly),
    ],
)
def test_latency_disturbance_and_error_as_declared_pass_nothing(
    order: int, latency: int, tmp_path: Path
) -> None:
    guarded = judged(disturbed(order, latency), tmp_path)
    for policy, (number, size) in POLICIES.items():
        result = judge.loop(guarded.judge, guarded.arm, 11, 3, 10_000, number, size)
        assert safe(result), (policy, result)


def test_what_is_not_declared_is_noticed_by_the_judge(tmp_path: Path) -> None:
    """The judge can fail: a plant with twice the latency and errors that nobody declared."""
    guarded = judged(kit(2), tmp_path)
    guarded.arm.latency, guarded.arm.disturbance = 6, 3.0
    result = judge.loop(guarded.judge, guarded.arm, 11, 2, 10_000, 1, 1.0)
    assert result.least < -1e-4, result


# ---- switch ------------------------------------------------------------------------------------

RESERVE, BACK, HOLD = 0.01, 0.03, 50


def switched_kit(order: int) -> Kit:
    plain = kit(order, alpha=Fraction(1000))
    assert plain.filter.arm is not None
    size, lines = 2 * len(plain.filter.drives), len(plain.filter.arm.rows)
    leave, back = ((0.0,) * size + (reserve,) * lines for reserve in (RESERVE, BACK))
    return replace(plain, filter=replace(plain.filter, switch=Switch(leave, back, HOLD)))


@pytest.mark.parametrize("order", [1, 2])
def test_the_switch_takes_over_in_time_from_ten_thousand_starts(order: int, tmp_path: Path) -> None:
    """Each run drives at what is nearest; the declared reserve is never entered."""
    guarded = judged(switched_kit(order), tmp_path)
    result = judge.switch(guarded.judge, guarded.arm, 3, 10_000, 40 if order == 1 else 70, 0.015)
    assert result.clearance >= RESERVE + WORST and min(result.position, result.speed) >= WORST
    assert not (result.odd or result.outside_box or result.unlike), result
    assert result.faults < 2_000, result  # runs that meet a joint's limit or the reserve late


def test_without_a_hazard_the_learned_command_passes_bit_by_bit(tmp_path: Path) -> None:
    guard = guard_of_kit(switched_kit(2), tmp_path, "-O1")
    rng, q, v = random.Random(8), list(CALM), [0.0] * 7
    for k in range(2_000):
        command = tuple(rng.uniform(-5.0, 5.0) - 2.0 * v[j] - (q[j] - CALM[j]) for j in range(7))
        outcome, out = guard.step(sample(k * 10**6, q, v), command)
        assert (outcome.decision, outcome.source) == ("PASS", "LEARNED"), (k, outcome)
        assert repr(out) == repr(command) and outcome.rows == 0
        for j in range(7):
            q[j] += 1e-3 * v[j] + 0.5e-6 * out[j]
            v[j] += 1e-3 * out[j]


CALM = (0.0, -0.6, 0.0, -2.2, 0.0, 1.6, 0.8)


def test_it_hands_back_after_its_time_with_the_greater_reserve_and_doubt_makes_it_earlier() -> None:
    """One joint that runs at its limit of 1 rad: reserves of 0.1 and 0.3 rad on its upper side."""
    axis = Axis(1, PERIOD, Fraction(-1), Fraction(1), Fraction(-1), Fraction(1))
    design = Filter((driven(axis),), None, 0, None, Switch((0.1, 0.0), (0.3, 0.0), 20))

    def run(push: float, doubtful: bool, may_return: bool, q: float, memory: Memory) -> Filtered:
        return filtered(
            design, memory, (q,), (0.0,), (push,), doubtful=doubtful, may_return=may_return
        )

    q, memory, left = 0.5, fresh(design), None
    for _ in range(1000):
        found = run(1.0, False, True, q, memory)
        memory = found.memory
        if not found.learned:
            left = q
            break
        q += 1e-3 * found.command[0]
    assert left == pytest.approx(0.9, abs=2e-3)
    for _ in range(3 * design.switch.hold):  # the learned command still pushes: never handed back
        found = run(1.0, False, True, q, memory)
        memory = found.memory
        assert not found.learned and found.command == (0.0,)
    q = 0.69  # moved away by hand
    for wait, expected in ((False, [False] * 30), (True, [False] * 19 + [True])):
        for want in expected:
            found = run(0.001, False, wait, q, memory)
            memory = found.memory
            assert found.learned == want
    assert not run(1.0, True, True, 0.7, fresh(design)).learned  # doubtful: the greater reserve
    assert run(1.0, False, True, 0.7, fresh(design)).learned


def test_a_limited_rate_holds_under_errors_as_well() -> None:
    """Also where the baseline takes over, and while it tracks its reference."""
    arm = kit(
        1, rate=Fraction(20), disturbance=TENTH / 10, position_error=Fraction(1, 2000), world=()
    )
    rng, memory = random.Random(3), fresh(arm.filter)
    q, before, jumps, sources = [0.5, 0.5, 0.5, -1.0, 0.5, 1.0, 0.5], (0.0,) * 7, 0.0, set()
    for k in range(4000):
        seen = tuple(x + 5e-4 * rng.choice((-1.0, 1.0)) for x in q)
        push = tuple(3.0 * rng.choice((-1.0, 1.0)) for _ in q) if k % 40 < 30 else None
        found = filtered(arm.filter, memory, seen, (0.0,) * 7, push)
        memory = found.memory
        jumps = max(jumps, *(abs(a - b) for a, b in zip(found.command, before, strict=True)))
        sources.add(found.learned)
        before = found.command
        q = [x + 1e-3 * (u + rng.choice((-0.01, 0.01))) for x, u in zip(q, before, strict=True)]
    assert jumps <= 0.02 and sources == {True, False}
