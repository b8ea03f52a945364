"""The emitted bundle: it compiles clean, it is its reference bit by bit, and it keeps its word."""

from __future__ import annotations

import ctypes
import math
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from bundles import (
    FETCH_CUP,
    MS,
    ROOT,
    design_of_chain,
    fetch_cup,
    files_of,
    gcc,
    guard_of,
    model_of,
    replayed,
    sample,
    tool,
)
from test_monitor import SHAPES, property_of

from verifier.emit.binding import Compiled, compiled, zig
from verifier.emit.build_file import TARGETS
from verifier.emit.closed_loop import Limits, closed_loop
from verifier.emit.reference import Sample
from verifier.emit.scenario import domains, quiet, random_readings, ranges, raw, satisfying
from verifier.emit.visits import Call
from verifier.model.values import Model
from verifier.monitor.definition import Answer, Event, answers
from verifier.pipeline_emit import exact_limits
from verifier.safety.limit import Loop, limited, safety_loop

WARNINGS = "-std=c99 -Wall -Wextra -Wpedantic -Wconversion -Werror"
THOR = (*zig(), *TARGETS["thor"].arguments)


@cache
def cup() -> Model:
    return fetch_cup()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundle")


@pytest.fixture(scope="module")
def guard(folder: Path) -> Compiled:
    """The guard of FetchCup."""
    return guard_of(cup(), "FetchCup", folder)


def calm_sample(guard: Compiled, rng: random.Random) -> Sample:
    """Inside all domains, and nothing that a property minds."""
    design = guard.design
    start = random_readings(design, ranges(design), rng)
    found = satisfying(design, [*domains(design), *quiet(design)], start, {}, rng)
    assert found is not None
    return raw(design, found, 0)


def at(base: Sample, time_ns: int, **changes: float | int) -> Sample:
    """The sample at another time, with scalars changed; `q1` stands for `q[1]`."""
    named = {re.sub(r"^q(\d)$", r"q[\1]", name): value for name, value in changes.items()}
    return Sample(time_ns, {**base.values, **named})


# ---- it compiles, and its self-test agrees -----------------------------------------------------


def test_the_bundle_compiles_without_a_warning_and_its_self_test_agrees(tmp_path: Path) -> None:
    files = files_of(cup(), "FetchCup")
    program = compiled(files, tmp_path, "selftest", ("guard.c", "selftest.c"), gcc())
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    passed = re.fullmatch(r"(\d+) passed, 0 failed\n", done.stdout)
    assert done.returncode == 0 and passed is not None and int(passed[1]) > 500


def test_the_self_test_names_the_first_answer_that_differs(tmp_path: Path) -> None:
    files = dict(files_of(cup(), "FetchCup"))
    joint = b"0x1.72dab9f559b3dp+1"
    assert joint in files["guard.c"]
    files["guard.c"] = files["guard.c"].replace(joint, b"2.0", 1)
    program = compiled(files, tmp_path, "selftest", ("guard.c", "selftest.c"), gcc())
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"vector \d+: \w+ differs\n\d+ passed, 1 failed\n", done.stdout)


def test_cmake_builds_and_tests_the_bundle(tmp_path: Path) -> None:
    cmake = tool("cmake")
    if cmake is None:
        return
    for name, data in files_of(cup(), "FetchCup").items():
        (tmp_path / name).write_bytes(data)
    commands = ("-S . -B build", "--build build", "--build build --target test")
    for command in commands:
        done = subprocess.run(
            [cmake, *command.split()], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "100% tests passed" in done.stdout


def test_it_cross_compiles_for_thor_without_a_warning(tmp_path: Path) -> None:
    files = files_of(cup(), "FetchCup", "thor")
    assert b"thor" in files["manifest.json"] and b"neoverse_v3ae" in files["thor.cmake"]
    for name in ("guard", "selftest"):
        made = compiled(files, tmp_path, f"{name}.o", (f"{name}.c",), THOR, ("-O2", "-c"))
        assert made.read_bytes()[18:20] == b"\xb7\x00"  # ELF e_machine: EM_AARCH64


def test_the_self_test_agrees_on_aarch64(tmp_path: Path) -> None:
    """Under qemu, where that is installed; VERIFY_CHAIN_REQUIRE_QEMU=1 insists that it is."""
    qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if qemu is None:
        assert os.environ.get("VERIFY_CHAIN_REQUIRE_QEMU") != "1", "qemu-aarch64 is not installed"
        return
    arguments = ("-target", "aarch64-linux-musl", *TARGETS["thor"].arguments[2:], "-static")
    sources = ("guard.c", "selftest.c")
    files = files_of(cup(), "FetchCup", "thor")
    program = compiled(files, tmp_path, "selftest", sources, (*zig(), *arguments))
    command = [qemu, "-cpu", "max", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.endswith(" passed, 0 failed\n"), done.stdout


def test_any_bit_pattern_has_an_answer_under_the_sanitizers(tmp_path: Path) -> None:
    files = dict(files_of(cup(), "FetchCup"))
    files["fuzz.c"] = (ROOT / "tests" / "data" / "fuzz_guard.c").read_bytes()
    checks = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    checks = checks if tool("gcc") else checks[:1]
    numbers = ("-DSTEPS=400000u", "-DBOX=2.0")
    program = compiled(files, tmp_path, "fuzz", ("guard.c", "fuzz.c"), gcc(), (*checks, *numbers))
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "400000 steps\n"), done.stdout + done.stderr


# ---- it is its reference -----------------------------------------------------------------------


def random_calls(guard: Compiled, rng: random.Random, count: int) -> Iterator[Call]:
    """Calls in any order, with samples that are calm, random, or odd."""
    design = guard.design
    base = calm_sample(guard, rng)
    names = list(design.layout.places)
    skills = list(design.layout.skills)
    time = 0
    for _ in range(count):
        time += rng.choice((0, 1, MS, MS, MS, 60 * MS, 99 * MS, 100 * MS, 501 * MS))
        time -= rng.random() < 0.02 and MS
        values = dict(base.values)
        if rng.random() < 0.3:
            random_values = raw(design, random_readings(design, ranges(design), rng), 0).values
            for name in rng.sample(names, 4):
                values[name] = random_values[name]
        if rng.random() < 0.03:
            values[rng.choice(names[:7])] = rng.choice((math.nan, math.inf, 9.0, -9.0))
        now = Sample(time, values)
        size = rng.choice((0.1, 2.0, 10.0, 1e300))
        proposed = [rng.gauss(0.0, size) for _ in design.loop.joints]
        if rng.random() < 0.05:
            proposed[rng.randrange(7)] = rng.choice((math.nan, math.inf, -math.inf, -0.0))
        kind = rng.choices(("init", "enter", "leave", "tick", "step"), (2, 6, 6, 4, 60))[0]
        match kind:
            case "enter":
                yield Call("enter", rng.choice(skills), now)
            case "leave":
                yield Call("leave", None, now)
            case "tick":
                yield Call("tick", time_ns=time)
            case "init":
                yield Call("init")
            case _:
                yield Call("step", None, now, tuple(proposed))


def test_c_and_reference_agree_on_random_calls(guard: Compiled) -> None:
    rng = random.Random(11)
    decisions: dict[str, int] = {}
    for _ in range(40):
        for vector in replayed(guard, list(random_calls(guard, rng, 80))):
            if vector.out is not None:
                decision = vector.outcome.decision
                decisions[decision] = decisions.get(decision, 0) + 1
    assert set(decisions) == {"PASS", "CLAMP", "REJECT", "FAULT"} and min(decisions.values()) > 20


def test_definition_and_c_agree_on_random_traces(tmp_path: Path) -> None:
    """All properties in one bundle; its bit is set when the definition is no longer content."""
    shapes = [shape.format(a=3, b=5) for shape in SHAPES]
    lines = [f"property p{k} = {text}" for k, text in enumerate(shapes)]
    names = ", ".join(f"p{k}" for k in range(len(shapes)))
    model = model_of(
        "environment { p, r, s : bool  x, y : real m }\nstate { done : bool }\n"
        + "\n".join(lines)
        + f"\non violation of {names} : hold\nskill Go {{ ensures done }}\n"
        + "chain C { Go() achieve done }\n"
    )
    guard = guard_of(model, "C", tmp_path)
    formulas = [property_of(text).formula for text in shapes]
    rng = random.Random(12)
    violated = 0
    for _ in range(250):
        events, time = [], rng.randrange(-5, 5) * MS
        for _ in range(rng.randrange(1, 12)):
            time += rng.choice((1, MS, MS, 2 * MS, 3 * MS - 1, 5 * MS, 5 * MS + 1))
            values: dict[str, bool | float] = {name: rng.random() < 0.4 for name in "prs"}
            values |= {name: rng.choice((-2.0, -1.0, 0.0, 0.5, 1.0, 3.0)) for name in "xy"}
            events.append(Event(time, None if rng.random() < 0.15 else values))
        guard.init()
        bits = []
        for event in events:
            if event.values is None:
                outcome, _ = guard.tick(event.time_ns)
            else:
                now = sample(guard.design, event.time_ns, dict(event.values))
                outcome, _ = guard.step(now, ())
            bits.append(outcome.violated >> 2)
        for k, formula in enumerate(formulas):
            final = [a in (Answer.VIOLATED, Answer.INVALID) for a in answers(formula, events)]
            assert final == [bool(word >> k & 1) for word in bits], (shapes[k], events)
            violated += final[-1]
    assert 500 < violated < 250 * len(shapes) - 500


# ---- the command -------------------------------------------------------------------------------

PANDA = {
    "lower": "-2.8973 -1.7628 -2.8973 -3.0718 -2.8973 -0.0175 -2.8973",
    "upper": "2.8973 1.7628 2.8973 -0.0698 2.8973 3.7525 2.8973",
}


def panda_limits() -> dict[str, Limits]:
    lower, upper = (tuple(map(Fraction, PANDA[side].split())) for side in ("lower", "upper"))
    return {f"q[{j + 1}]": Limits(lower[j], upper[j], Fraction(1, 1000)) for j in range(7)}


@pytest.mark.parametrize("spread", [0.5, 10.0, 1e4, 1e300])
def test_no_joint_limit_is_passed_in_ten_thousand_commands(guard: Compiled, spread: float) -> None:
    assert exact_limits(cup()) == panda_limits()
    figures = closed_loop(guard, panda_limits(), commands=10_000, spread=spread)
    assert figures.worst_violation <= 0.0, "not even by 1e-9 rad: exactly not at all"
    assert figures.worst_box_violation <= 0.0
    assert figures.not_finite == figures.not_finite_rejected == figures.rejected == 20
    assert figures.passed + figures.clamped == 10_000 - 20
    assert figures.passed > 0 or spread >= 10.0


def test_ten_thousand_random_states_near_the_limits_are_kept_for_one_step(guard: Compiled) -> None:
    figures = closed_loop(guard, panda_limits(), commands=10_000, run_length=1, seed=2)
    assert figures.worst_violation <= 0.0 and figures.worst_box_violation <= 0.0
    assert figures.not_finite == figures.not_finite_rejected == 20


def test_a_command_within_all_limits_passes_bit_by_bit(guard: Compiled) -> None:
    rng = random.Random(3)
    base = calm_sample(guard, rng)
    middle = {
        f"q{j + 1}": float((limit.lower + limit.upper) / 2)
        for j, limit in enumerate(panda_limits().values())
    }
    for proposed in ((2.0,) * 7, (-2.0,) * 7, (-0.0,) * 7, (5e-324,) * 7, (0.1,) * 7):
        guard.init()
        outcome, out = guard.step(at(base, 0, **middle), proposed)
        assert (outcome.decision, outcome.source) == ("PASS", "LEARNED")
        assert repr(out) == repr(proposed)


def test_a_command_may_be_filtered_in_place(guard: Compiled) -> None:
    base = calm_sample(guard, random.Random(3))
    guard.init()
    _, out = guard.step(at(base, 0), (3.0, -3.0, 0.5, 9.0, -9.0, 0.0, 1.0))
    guard.init()
    action = guard.action_type()
    action.dq[:] = (3.0, -3.0, 0.5, 9.0, -9.0, 0.0, 1.0)
    arguments = (ctypes.byref(guard.guard), guard.sample_bytes(at(base, 0)))
    guard.library.guard_step(*arguments, ctypes.byref(action), ctypes.byref(action))
    assert tuple(action.dq) == out


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_command_that_is_not_finite_is_rejected_and_nothing_stays(
    guard: Compiled, odd: float
) -> None:
    base = calm_sample(guard, random.Random(4))
    guard.init()
    outcome, out = guard.step(at(base, 0), (0.0, 0.0, 0.0, odd, 0.0, 0.0, 0.0))
    assert (outcome.decision, outcome.source, outcome.fallback) == ("REJECT", "BASELINE", "none")
    assert out == (0.0,) * 7
    assert guard.step(at(base, 1), (0.0,) * 7)[0].decision == "PASS"


@pytest.mark.parametrize("beyond", [1e-12, 0.001, 0.1, 1.0, 1e6, 1e308])
def test_a_joint_outside_is_pushed_back_no_faster_than_the_box(
    guard: Compiled, beyond: float
) -> None:
    base = calm_sample(guard, random.Random(5))
    for side, way in ((2.8973, -1.0), (-2.8973, 1.0)):
        guard.init()
        position = side - way * beyond
        outcome, out = guard.step(at(base, 0, q1=position), (0.0,) * 7)
        assert (outcome.limited & 1, outcome.outside & 1) == (1, 1)
        assert 0.0 < way * out[0] <= 2.0
        after = Fraction(position) + Fraction(1, 1000) * Fraction(out[0])
        assert abs(after) <= Fraction("2.8973") or way * out[0] == 2.0
        assert outcome.fallback == "none"


def test_a_gain_slows_the_approach_to_a_limit_by_its_share() -> None:
    text = """state { q : real[2] rad in box(lower = [-1, 0], upper = [1, 1/3]) }
        plant arm { input dq : real[2] rad/s in box(lower = -5, upper = 5)
                    dynamics der(q) = dq  period 2 ms }
        barrier limit[j in 1 .. 2] = (q[j] - q.lower[j]) * (q.upper[j] - q[j]) alpha 20 Hz"""
    loop = safety_loop(model_of(text))
    assert isinstance(loop, Loop)
    exact = ((Fraction(-1), Fraction(1)), (Fraction(0), Fraction(1, 3)))
    rng = random.Random(6)
    share = 1 - 20 * Fraction(2, 1000)
    for _ in range(2000):
        for joint, (lower, upper) in zip(loop.joints, exact, strict=True):
            assert joint.bounds is not None
            assert lower <= Fraction(joint.bounds.lower) <= Fraction(joint.bounds.upper) <= upper
            position = rng.uniform(joint.bounds.lower, joint.bounds.upper)
            command = Fraction(limited(joint, rng.gauss(0.0, 10.0), position))
            after = Fraction(position) + command * Fraction(2, 1000)
            assert after - lower >= share * (Fraction(position) - lower)
            assert upper - after >= share * (upper - Fraction(position))


def test_a_barrier_is_recognised_however_it_is_written() -> None:
    forms = ["(1 rad - q) * (q + 1 rad)", "1 rad^2 - q * q", "2 rad^2 - 2 * q^2", "1 rad^2 - q^2"]
    plant = """state { q : real rad }
        plant arm { input u : real rad/s in -3 .. 3  dynamics der(q) = u  period 1 ms }"""
    for form in forms:
        loop = safety_loop(model_of(f"{plant}\nbarrier inside = {form}"))
        assert isinstance(loop, Loop), form
        bounds = loop.joints[0].bounds
        assert bounds is not None and (bounds.lower, bounds.upper) == (-1.0, 1.0), form
    irrational = safety_loop(model_of(f"{plant}\nbarrier inside = 2 rad^2 - q^2"))
    assert isinstance(irrational, Loop) and irrational.joints[0].bounds is not None
    upper = irrational.joints[0].bounds.upper
    assert Fraction(upper) ** 2 <= 2 < Fraction(math.nextafter(upper, 2.0)) ** 2


# ---- gates, properties, fallbacks --------------------------------------------------------------

START = {
    "gripper": "open",
    "path_clear": 1,
    "graspable[cup]": 1,
    "ee.z": 0.5,
    "pose[cup].x": 0.4,
    "pose[cup].z": 0.2,
    "pose[shelf].x": 0.5,
    "pose[shelf].z": 0.8,
    "q[4]": -1.0,
    "q[6]": 1.0,
}


def run_chain(guard: Compiled, changes: dict[str, dict[str, float | int | str]]) -> list[str]:
    """Enters, steps and leaves each call of FetchCup; what each changes; the statuses that came."""
    values, time, found = dict(START), 0, []
    guard.init()
    for call in guard.design.layout.skills:
        found.append(guard.enter(call, sample(guard.design, time, values)))
        guard.step(sample(guard.design, time, values), (0.0,) * 7)
        time += 400 * MS
        values |= changes.get(call, {})
        found.append(guard.leave(sample(guard.design, time, values)))
        time += MS
    return found


AT_CUP = {"ee.x": 0.4, "ee.z": 0.21}
CHANGES: dict[str, dict[str, float | int | str]] = {
    "Detect(cup)": {"visible[cup]": 1},
    "Reach(cup)": AT_CUP,
    "Grasp(cup)": {"holding[cup]": 1, "gripper": "closed"},
    "Lift(cup, 10 cm)": {"ee.z": 0.32, "pose[cup].z": 0.31},
    "Detect(shelf)": {"visible[shelf]": 1},
    "Place(cup, shelf)": {
        "placed[cup]": 1,
        "holding[cup]": 0,
        "gripper": "open",
        "ee.x": 0.5,
        "ee.z": 0.8,
    },
}


def violated(guard: Compiled) -> set[str]:
    word = guard.step(sample(guard.design, 10**15, START), (0.0,) * 7)[0].violated
    return {item.name for item in guard.design.plan.items if word >> item.bit & 1}


def test_the_whole_chain_passes_its_gates_when_everything_goes_well(guard: Compiled) -> None:
    assert run_chain(guard, CHANGES) == ["OK"] * 12
    assert violated(guard) == set()


def test_a_lift_that_is_too_low_keeps_its_exit_gate_closed(guard: Compiled) -> None:
    low = {**CHANGES, "Lift(cup, 10 cm)": {"ee.z": 0.30999, "pose[cup].z": 0.31}}
    statuses = run_chain(guard, low)
    assert statuses[:7] == ["OK"] * 7 and statuses[7] == "GATE_CLOSED"
    assert violated(guard) == {"Lift(cup, 10 cm)/ensures/1"}


def test_a_clause_that_does_not_hold_keeps_the_entry_gate_closed(guard: Compiled) -> None:
    far = {**CHANGES, "Reach(cup)": {"ee.x": 0.4, "ee.z": 0.2201}}
    statuses = run_chain(guard, far)
    assert statuses[2:6] == ["OK", "GATE_CLOSED", "GATE_CLOSED", "OUT_OF_ORDER"]
    assert {"Reach(cup)/terminal/1", "Grasp(cup)/initial/1", "call order"} <= violated(guard)


def test_an_invariant_is_watched_at_every_step_and_its_fallback_stays(guard: Compiled) -> None:
    design = guard.design
    seeing = {**START, "visible[cup]": 1}
    guard.init()
    assert guard.enter("Reach(cup)", sample(design, 0, seeing)) == "OK"
    assert guard.step(sample(design, 1, seeing), (0.5,) * 7)[0].decision == "PASS"
    outcome, out = guard.step(sample(design, 2, {**seeing, "human_near": 1}), (0.5,) * 7)
    assert (outcome.decision, outcome.source, outcome.fallback) == ("REJECT", "BASELINE", "stop")
    assert out == (0.0,) * 7
    outcome, out = guard.step(sample(design, 3, seeing), (0.5,) * 7)
    assert (outcome.decision, outcome.fallback, out) == ("REJECT", "stop", (0.0,) * 7)
    guard.init()
    assert guard.step(sample(design, 3, seeing), (0.5,) * 7)[0].decision == "PASS"


@pytest.mark.parametrize(("late", "status"), [(0, "OK"), (1, "GATE_CLOSED")])
def test_a_skill_may_last_as_long_as_it_promised_and_no_longer(
    guard: Compiled, late: int, status: str
) -> None:
    guard.init()
    guard.enter("Detect(cup)", sample(guard.design, 7, START))
    done = {**START, "visible[cup]": 1}
    assert guard.leave(sample(guard.design, 7 + 500 * MS + late, done)) == status


def test_a_deadline_passes_by_the_clock_alone(guard: Compiled) -> None:
    crushed = {**START, "gripper": "closed", "grip_force": 50.1}
    guard.init()
    assert guard.step(sample(guard.design, 0, crushed), (0.0,) * 7)[0].fallback == "none"
    assert guard.tick(100 * MS - 1)[0].fallback == "none"
    outcome, out = guard.tick(100 * MS)
    assert (outcome.fallback, outcome.violated, out) == ("retreat", 1 << 3, (0.0,) * 7)


def test_a_fallback_only_becomes_more_severe(tmp_path: Path) -> None:
    text = """state { a, b, c : bool }
        property pa = always not a
        property pb = always not b
        property pc = always not c
        on violation of pa : hold
        on violation of pb : retreat
        on violation of pc : stop
        skill Go { ensures a }
        chain C { Go() achieve a }"""
    guard = guard_of(model_of(text), "C", tmp_path)
    order = ("none", "hold", "retreat", "stop")
    rng = random.Random(9)
    for _ in range(200):
        guard.init()
        worst = 0
        for time in range(6):
            values = {name: int(rng.random() < 0.2) for name in "abc"}
            worst = max([worst, *(k + 1 for k, name in enumerate("abc") if values[name])])
            outcome, _ = guard.step(sample(guard.design, time, values), ())
            assert outcome.fallback == order[worst]
            assert outcome.decision == ("PASS" if worst == 0 else "REJECT")


# ---- what no sensor should send ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("q[1]", math.nan),
        ("ee.x", math.inf),
        ("ee.x", 0.91),
        ("grip_force", -0.1),
        ("gripper", 2),
        ("holding[shelf]", 255),
        ("pose[cup].z", -math.inf),
    ],
)
def test_an_invalid_sample_is_a_fault_that_stops_for_good(
    guard: Compiled, name: str, odd: float
) -> None:
    base = calm_sample(guard, random.Random(8))
    guard.init()
    outcome, out = guard.step(Sample(0, {**base.values, name: odd}), (1.0,) * 7)
    assert (outcome.decision, outcome.fallback) == ("FAULT", "stop")
    assert outcome.violated == 1 and out == (0.0,) * 7
    outcome, out = guard.step(at(base, 1), (1.0,) * 7)
    assert (outcome.decision, outcome.fallback, out) == ("REJECT", "stop", (0.0,) * 7)


@pytest.mark.parametrize("stamps", [(5, 5), (5, 4), (2**63 - 1, -(2**63)), (0, -3600 * 10**9)])
def test_a_stamp_that_stands_still_or_goes_back_is_a_fault(
    guard: Compiled, stamps: tuple[int, int]
) -> None:
    base = calm_sample(guard, random.Random(8))
    guard.init()
    assert guard.step(at(base, stamps[0]), (0.0,) * 7)[0].decision != "FAULT"
    assert guard.step(at(base, stamps[1]), (0.0,) * 7)[0].decision == "FAULT"


def test_null_and_an_uninitialised_guard_are_answered(guard: Compiled) -> None:
    library = guard.library
    assert library.guard_init(None) == library.guard_leave(None, None) == 1
    assert library.guard_enter(None, 0, None) == 1
    guard.init()
    outcome, out = guard.step(None, (1.0,) * 7)
    assert (outcome.status, outcome.decision, out) == ("NULL", "FAULT", (0.0,) * 7)
    guard.init()
    guard.guard.ready = 0
    base = calm_sample(guard, random.Random(8))
    outcome, out = guard.step(at(base, 0), (1.0,) * 7)
    assert (outcome.status, outcome.fallback, out) == ("NOT_READY", "stop", (0.0,) * 7)
    assert guard.enter("Detect(cup)", at(base, 0)) == "NOT_READY"


# ---- any chain ---------------------------------------------------------------------------------

VARIANTS = {
    "nothing to command": "state { a : bool } skill Go { ensures a } chain C { Go() achieve a }",
    "nothing to say": "state { a : bool } skill Go { modifies a } chain C { Go() }",
    "names of C": """state { double, int, time_ns, nothing, NULL, errno : bool
            status, decision, source : {ok, null, none} } type guard object g : guard
        type Item object words : Item
        state { sample : bool[guard]  pose : bool[Item]  AUTO : {auto, NULL}  joint : real[2] }
        skill fault { requires status == ok ensures double and sample[g] and joint[2] > 0 }
        chain C { fault() achieve double }""",
    "two plants": """state { q : real[2] rad  w : real m in 0 .. 1 }
        plant arm { input u : real[2] rad/s in box(lower = -1, upper = 1)
                    dynamics der(q) = u  period 1 ms }
        plant lift { input v : real m/s in -0.3 .. 0.5  dynamics der(w) = v  period 333 ms }
        barrier low = w - 0.1 m
        barrier high = 0.9 m - w
        barrier second = (q[2] + 1 rad) * (2 rad - q[2])
        skill Go { ensures w >= 0.2 m } chain C { Go() achieve w >= 0.2 m }""",
    "arithmetic": """state { x, y : real m in -2 .. 2   n : real }
        skill Go { requires abs(x) + min(x, y) <= max(y, 0.3 m) and x / y < 2 or n == 1
                   modifies x, y
                   ensures sqrt(x * x + y * y) <= 1 m and x - old(x) <= 0.5 m
                           and (x <= y iff n > 0) and not (x == y) }
        chain C { Go() achieve y <= 2 m }""",
    "many items": "state { "
    + ", ".join(f"b{k}" for k in range(70))
    + " : bool } skill Go { ensures "
    + " and ".join(f"b{k}" for k in range(70))
    + " } chain C { Go() achieve b0 }",
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_any_chain_becomes_a_guard_that_agrees_with_its_reference(
    variant: str, tmp_path: Path
) -> None:
    files = files_of(model_of(VARIANTS[variant]), "C")
    sources = ("guard.c", "selftest.c")
    program = compiled(files, tmp_path, "selftest", sources, gcc(), ("-O1",))
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.endswith(" passed, 0 failed\n"), done.stdout


def test_the_three_example_chains_have_bundles() -> None:
    assert FETCH_CUP.exists()
    for chain in ("FetchCup", "ForgotToOpen", "WrongPlace"):
        assert design_of_chain(cup(), chain).plan.chain == chain
