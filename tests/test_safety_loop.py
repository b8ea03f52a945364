"""From the language to a guard that brakes: what is declared of plants, robots, limits and switches
reaches the C, and what cannot be kept is refused with its place."""

from __future__ import annotations

import math
import os
import random
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from bundles import ROOT, design_of_chain, files_of, first_refusal, gcc, model_of, tool
from judge import rotation, times

from verifier.emit.binding import Compiled, compiled, loaded, zig
from verifier.emit.build_file import TARGETS
from verifier.emit.bundle import guard_files
from verifier.emit.reference import Outcome, Sample
from verifier.model.pinned import all_pinned
from verifier.model.urdf import Chain
from verifier.model.values import Model
from verifier.safety.limit import Loop, safety_loop
from verifier.safety.straight import run as run_program

MS = 10**6

ARM = """
state {
    q : real[7] rad in box(lower = [-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973],
                           upper = [2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973])
    v : real[7] rad/s in box(lower = -2.2, upper = 2.2)
}
environment { score : real  near : bool }
robot panda from urdf "panda.urdf" tip panda_hand joints q
obstacle table = box(lower = [0.3, -0.6, -0.1], upper = [1.0, 0.6, 0.0])
obstacle lamp  = ball(center = [0.45, 0.35, 0.55], radius = 10 cm)
obstacle wedge = polytope(vertices = [[0.4, -0.6, 0.3], [0.6, -0.6, 0.3], [0.5, -0.4, 0.3],
                                      [0.5, -0.5, 0.6]])
plant arm {
    input    a : real[7] rad/s^2 in box(lower = -7.5, upper = 7.5)
    dynamics der(q) = v
    dynamics der(v) = a
    period   1 ms
    EXTRA
}
barrier low[j in 1 .. 7]  = q[j] - q.lower[j]
barrier high[j in 1 .. 7] = q.upper[j] - q[j]
barrier slow[j in 1 .. 7] = v[j] + 2 rad/s
barrier fast[j in 1 .. 7] = 2 rad/s - v[j]
barrier off_table = clearance(panda, table, 1 cm)  alpha 20 Hz
barrier off_lamp  = clearance(panda, lamp, 1 cm)   alpha 20 Hz
barrier off_wedge = clearance(panda, wedge, 1 cm)  alpha 20 Hz
barrier off_self  = clearance(panda, panda, 1 cm)  alpha 20 Hz
skill Move { modifies q, v }
chain C { Move() }
"""
SWITCH = """baseline impedance(posture = [0, -0.6, 0, -2.2, 0, 1.6, 0.8],
                              stiffness = 30, damping = 12)
    switch off_table at 1 cm back 3 cm
    return 200 ms when not near
    confidence score at 0.8"""
SLOPE = "0.6 * panda.panda_hand.x + 0.8 * panda.panda_hand.z - 0.5 m"
HOME = (0.0, -0.6, 0.0, -2.2, 0.0, 1.6, 0.8)


@cache
def arm(extra: str = "") -> Model:
    return model_of(ARM.replace("EXTRA", extra))


@cache
def files_with_tests(extra: str) -> dict[str, bytes]:
    return files_of(arm(extra), "C")


def now(time: int, q: tuple[float, ...], v: tuple[float, ...], near: bool = False) -> Sample:
    values = {f"q[{k + 1}]": value for k, value in enumerate(q)}
    values |= {f"v[{k + 1}]": value for k, value in enumerate(v)}
    return Sample(time, {**values, "score": 1.0, "near": int(near)})


# ---- the bundle --------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", ["reject jump in 0 .. 2 mm", SWITCH], ids=["jump", "switch"])
def test_the_bundle_of_an_arm_agrees_with_its_meaning(extra: str, tmp_path: Path) -> None:
    files = files_with_tests(extra)
    program = compiled(files, tmp_path, "selftest", ("guard.c", "selftest.c"), gcc(), ("-O1",))
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.endswith(" passed, 0 failed\n"), done.stdout


def test_it_agrees_on_aarch64(tmp_path: Path) -> None:
    qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if qemu is None:
        assert os.environ.get("VERIFY_CHAIN_REQUIRE_QEMU") != "1", "qemu-aarch64 is not installed"
        return
    arguments = ("-target", "aarch64-linux-musl", *TARGETS["thor"].arguments[2:], "-static")
    files = files_with_tests(SWITCH)
    program = compiled(files, tmp_path, "selftest", ("guard.c", "selftest.c"), (*zig(), *arguments))
    command = [qemu, "-cpu", "max", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.endswith(" passed, 0 failed\n"), done.stdout


def test_any_bit_pattern_has_an_answer_in_the_box(tmp_path: Path) -> None:
    files = guard_files(design_of_chain(arm(SWITCH), "C"))
    files["fuzz.c"] = (ROOT / "tests" / "data" / "fuzz_guard.c").read_bytes()
    checks = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    checks = checks if tool("gcc") else checks[:1]
    numbers = ("-DSTEPS=8000u", "-DBOX=7.5", "-DCOMMAND=a")
    program = compiled(files, tmp_path, "fuzz", ("guard.c", "fuzz.c"), gcc(), (*checks, *numbers))
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "8000 steps\n"), done.stdout + done.stderr


# ---- a run -------------------------------------------------------------------------------------


class Run:
    """A guard in the loop with the plant that the model says."""

    def __init__(self, model: Model, folder: Path, q: tuple[float, ...]) -> None:
        design = design_of_chain(model, "C")
        self.guard: Compiled = loaded(design, guard_files(design), folder, gcc(), "-O1")
        self.q, self.v, self.time = list(q), [0.0] * len(q), 0

    def step(self, command: tuple[float, ...], near: bool = False) -> Outcome:
        sample = now(self.time, tuple(self.q), tuple(self.v), near)
        outcome, self.out = self.guard.step(sample, command)
        self.time += MS
        for j, u in enumerate(self.out):
            self.q[j] += 1e-3 * self.v[j] + 0.5e-6 * u
            self.v[j] += 1e-3 * u
        return outcome


def test_why_it_did_not_move_has_an_answer(tmp_path: Path) -> None:
    """The rows that are active are those that moved the command, and by so much together."""
    run = Run(arm(), tmp_path, HOME)
    command = (0.0, 40.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    seen: set[int] = set()
    for _ in range(2600):  # it slides along the table until joint 2 is at its limit
        outcome = run.step(command)
        moved = run.guard.moved()
        assert outcome.rows == sum(1 << k for k, by in enumerate(moved) if by > 0.0)
        assert all(by >= 0.0 for by in moved)
        if outcome.source == "LEARNED" and run.out != command:
            assert outcome.rows
        seen |= {k for k, by in enumerate(moved) if by > 0.0}
    assert 1 in seen  # the upper side of joint 2's box
    assert any(k >= 14 for k in seen)  # a row of the arm: it came to the table
    assert max(map(abs, run.v)) < 0.01


# ---- planes ------------------------------------------------------------------------------------

PLANES = {
    "panda.panda_hand.z - 30 cm": ((0, 0, 1), Fraction(3, 10)),
    "panda.panda_hand.x + panda.panda_hand.z - 0.3 m": ((1, 0, 1), Fraction(3, 10)),
    "0.5 m - panda.panda_hand.y - 0.5 * panda.panda_hand.x": (
        (Fraction(-1, 2), -1, 0),
        Fraction(-1, 2),
    ),
    SLOPE: ((Fraction(3, 5), 0, Fraction(4, 5)), Fraction(1, 2)),
}


def beside_plane(barrier: str) -> Model:
    """The arm alone, which nothing drives."""
    return model_of(ARM[: ARM.index("obstacle")] + f"barrier plane = {barrier}  alpha 10 Hz")


@pytest.mark.parametrize("barrier", PLANES)
def test_a_plane_is_known_by_its_normal(barrier: str) -> None:
    source = beside_plane(barrier)
    (found,) = all_pinned(source.barriers, source.robots)
    assert (found.normal, found.bound) == PLANES[barrier]


def test_two_frames_are_no_plane() -> None:
    source = beside_plane("panda.panda_link4.z - panda.panda_hand.x + 2 m")
    assert not list(all_pinned(source.barriers, source.robots))


def test_the_hand_stays_behind_a_plane_with_any_normal(tmp_path: Path) -> None:
    plane = f"barrier plane = {SLOPE}  alpha 10 Hz"
    run, least, used = Run(model_of(ARM.replace("EXTRA", "") + plane), tmp_path, HOME), math.inf, 0
    chain = arm().robots["panda"].chain
    for k in range(3000):
        push = (0.0, 30.0 if k < 900 else -30.0 * (-1) ** (k // 400), *(9.0 * (k % 3 - 1),) * 5)
        used += run.step(push).rows >> 14 != 0
        x, _, z = hand(chain, run.q)
        least = min(least, 0.6 * x + 0.8 * z - 0.5)
    assert 0.0 <= least < 0.05 and used > 100, (least, used)


def hand(chain: Chain, q: list[float]) -> tuple[float, float, float]:
    """The place of the hand, by matrices of the URDF multiplied in order."""
    turn, place, moved = rotation((0, 0, 0)), [0.0, 0.0, 0.0], iter(q)
    for joint in chain.joints:
        step = [sum(a * float(b) for a, b in zip(row, joint.xyz, strict=True)) for row in turn]
        place = [a + b for a, b in zip(place, step, strict=True)]
        turn = times(turn, rotation(tuple(map(float, joint.rpy))))
        turn = times(turn, rotation((0, 0, next(moved)))) if joint.moves else turn
        if joint.child == "panda_hand":
            break
    return place[0], place[1], place[2]


# ---- a baseline that moves ---------------------------------------------------------------------


def test_the_baseline_that_moves_goes_to_its_posture_and_the_learned_command_comes_back(
    tmp_path: Path,
) -> None:
    run = Run(arm(SWITCH), tmp_path, HOME)
    down = (0.0, 7.5, 0.0, 0.0, 0.0, 0.0, 0.0)
    taken = next(k for k in range(2000) if run.step(down).source == "BASELINE")
    assert taken > 50
    left = tuple(run.q)
    for _ in range(3000):
        assert run.step((0.0,) * 7, near=True).source == "BASELINE"  # the way back is not open
    assert max(abs(a - b) for a, b in zip(run.q, HOME, strict=True)) < 1e-3 < abs(left[1] + 0.6)
    sources = [run.step((0.0,) * 7).source for _ in range(201)]
    assert sources == ["BASELINE"] * 199 + ["LEARNED"] * 2


# ---- limits ------------------------------------------------------------------------------------

BASE = """
state { x, y : real m in -1 .. 1 }
plant base { input u : real[2] m/s in box(lower = -1, upper = 1)  dynamics der(x) = u[1]
             dynamics der(y) = u[2]  period 10 ms  EXTRA }
barrier left = x + 1 m
barrier right = 1 m - x
skill Move { modifies x, y }
chain C { Move() }
"""


def based(extra: str, folder: Path) -> Compiled:
    design = design_of_chain(model_of(BASE.replace("EXTRA", extra)), "C")
    return loaded(design, guard_files(design), folder, gcc(), "-O1")


def answer(
    guard: Compiled, command: tuple[float, ...], time: int = 0, x: float = 0.0
) -> tuple[str, tuple[float, ...]]:
    outcome, out = guard.step(Sample(time, {"x": x, "y": 0.0}), command)
    return outcome.decision, out


def test_a_command_is_clamped_scaled_or_rejected_as_declared(tmp_path: Path) -> None:
    clamp, scale, reject = (
        based(f"{policy} velocity in box(lower = -0.5, upper = 0.5)", tmp_path / policy)
        for policy in made(tmp_path, "clamp", "scale", "reject")
    )
    assert answer(clamp, (2.0, 0.1)) == ("CLAMP", (0.5, 0.1))
    decision, (a, b) = answer(scale, (2.0, 0.1))
    assert decision == "CLAMP" and a == pytest.approx(0.5) and b == pytest.approx(0.025)
    assert answer(reject, (2.0, 0.1)) == ("REJECT", (0.0, 0.0))
    for guard in (clamp, scale, reject):
        guard.init()
        assert answer(guard, (0.25, -0.5)) == ("PASS", (0.25, -0.5))
        assert answer(guard, (math.nan, 0.0), MS) == ("REJECT", (0.0, 0.0))


def made(folder: Path, *names: str) -> tuple[str, ...]:
    for name in names:
        (folder / name).mkdir()
    return names


def test_a_target_is_no_further_than_max_relative_target(tmp_path: Path) -> None:
    """|commanded position - measured| <= 2 mm at 10 ms: at most 0.2 m/s."""
    guard = based("clamp target in box(lower = -2 mm, upper = 2 mm)", tmp_path)
    decision, (a, b) = answer(guard, (0.7, -0.1))
    assert decision == "CLAMP" and a == pytest.approx(0.2) and 0.01 * a <= 0.002 and b == -0.1


def test_a_command_changes_by_no_more_than_its_step(tmp_path: Path) -> None:
    """The step is part of braking: no faster towards a limit than can be stopped step by step."""
    guard = based("clamp step in box(lower = -0.02, upper = 0.02)", tmp_path)
    rng, x, y, before, furthest = random.Random(2), 0.0, 0.0, (0.0, 0.0), 0.0
    for k in range(4000):
        push = 5.0 if k % 1000 < 900 else rng.uniform(-5.0, 5.0)
        _, out = guard.step(Sample(k * MS, {"x": x, "y": y}), (push, rng.uniform(-1, 1)))[0:2]
        assert all(abs(b - a) <= 0.02 + 1e-15 for a, b in zip(before, out, strict=True))
        x, y, before = x + 0.01 * out[0], min(max(y + 0.01 * out[1], -1.0), 1.0), out
        furthest = max(furthest, x)
    assert 0.999 < furthest <= 1.0


def test_the_tip_does_not_jump(tmp_path: Path) -> None:
    """At most 0.2 mm in 1 ms; commands that want more are left to the baseline, which brakes."""
    run = Run(arm("reject jump in 0 .. 0.2 mm"), tmp_path, HOME)
    kinematic = run.guard.design.loop.guarded.filter.arm.kinematics
    before, furthest, sources = None, 0.0, set()
    for _ in range(400):
        here = run_program(kinematic.program, run.q)["center"]
        tip = [here[k * len(here) // 3 + len(here) // 3 - 1] for k in range(3)]
        if before is not None:
            furthest = max(furthest, math.dist(before, tip))
        before = tip
        sources.add(run.step((7.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)).source)
    assert 1.9e-4 < furthest <= 2e-4 and sources == {"LEARNED", "BASELINE"}


# ---- refused -----------------------------------------------------------------------------------

REFUSED = {
    "period": (
        BASE.replace("EXTRA", "")
        + "state { z : real m } plant lift { input w : real m/s in -1 .. 1  dynamics der(z) = w"
        " period 20 ms  latency 20 ms }",
        "plant-not-supported",
        "`lift` has another period or latency than `base`",
    ),
    "noise": (
        ARM.replace(
            "EXTRA", "disturbance w : real[7] rad/s^2 in box(lower = -8, upper = 8)"
        ).replace("der(v) = a", "der(v) = a + w"),
        "plant-not-supported",
        "`q[1]` cannot be kept: what it may be off by takes more of the command than there is",
    ),
    "jerk and noise": (
        ARM.replace(
            "EXTRA",
            "clamp jerk in box(lower = -500, upper = 500)  error q in "
            "box(lower = -0.001, upper = 0.001)",
        ),
        "plant-not-supported",
        "`q[1]` cannot be kept: what is planned within a limit of the jerk may not be off by "
        "anything",
    ),
    "jerk and spring": (
        ARM.replace("EXTRA", SWITCH + " clamp jerk in box(lower = -500, upper = 500)"),
        "plant-not-supported",
        "an impedance moves `q[1]` at once, but its jerk is limited",
    ),
    "gain": (
        BASE.replace("EXTRA", "latency 10 ms").replace("1 m - x", "1 m - x  alpha 200 Hz"),
        "barrier-gain",
        "alpha of `right` times the period is 2, above 1",
    ),
    "flat": (
        ARM.replace("EXTRA", "").replace(
            "off_lamp  = clearance(panda, lamp", "off_lamp = clearance(panda, flat"
        )
        + "obstacle flat : real[2] m = box(lower = [0, 0], upper = [1, 1])",
        "barrier-not-supported",
        "`off_lamp` needs a place in space, but `flat` has 2 coordinates",
    ),
    "a jump": (
        ARM.replace("EXTRA", "clamp jump in 0 .. 5 mm"),
        "plant-not-supported",
        "a jump is rejected, not brought within its bounds by `clamp`",
    ),
    "law": (
        ARM.replace("EXTRA", f"baseline [{', '.join(['0 rad/s^2'] * 7)}]"),
        "barrier-not-supported",
        "`low[1]` is kept by braking, but the baseline is another one",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused_with_its_place(name: str) -> None:
    text, code, message = REFUSED[name]
    assert first_refusal(text) == (code, message)


# ---- mixed -------------------------------------------------------------------------------------

MIXED = """
state { x, y, z : real m in -1 .. 1  w : real m/s in -1 .. 1 }
plant stage { input u : real[2] m/s in box(lower = -1, upper = 1)  input a : real m/s^2 in -2 .. 4
              dynamics der(x) = u[1]  dynamics der(y) = u[2]  dynamics der(z) = w
              dynamics der(w) = a  period 10 ms  rate u in box(lower = -5, upper = 5) }
barrier x_right = 1 m - x
barrier y_right = 1 m - y  alpha 5 Hz
barrier z_left = z + 1 m
barrier z_right = 1 m - z
barrier w_fast = 0.5 m/s - w  alpha 20 Hz
skill Move { modifies x, y, z, w }
chain C { Move() }
"""


def test_speeds_and_accelerations_are_kept_together(tmp_path: Path) -> None:
    model = model_of(MIXED)
    files = files_of(model, "C")
    program = compiled(files, tmp_path, "selftest", ("guard.c", "selftest.c"), gcc(), ("-O1",))
    assert subprocess.run([program], check=False).returncode == 0
    design = design_of_chain(model, "C")
    guard = loaded(design, guard_files(design), tmp_path, gcc(), "-O1")
    x = y = z = w = 0.0
    for k in range(3000):
        now = Sample(k * 10 * MS, {"x": x, "y": y, "z": z, "w": w})
        outcome, (u1, u2, a) = guard.step(now, (9.0, 9.0, 9.0))
        assert outcome.source == "LEARNED" and -2.0 <= a <= 4.0
        before = w
        x, y, z, w = x + 0.01 * u1, y + 0.01 * u2, z + 0.01 * w + 5e-5 * a, w + 0.01 * a
        assert max(x, y, z) <= 1.0 and 0.5 - w >= (1 - 0.2) * (0.5 - before) - 1e-12
    assert min(x, y, z) > 1.0 - 1e-6


def test_a_shifting_joint_that_nothing_keeps_within_its_limits_is_refused() -> None:
    model = arm()
    robot = model.robots["panda"]
    joints = [replace(j, kind="prismatic") if j.moves else j for j in robot.chain.joints]
    chain = replace(robot.chain, joints=tuple(joints))
    shifting = replace(model, robots={"panda": replace(robot, chain=chain)})
    assert isinstance(safety_loop(shifting), Loop)
    found = safety_loop(
        replace(shifting, barriers=tuple(b for b in model.barriers if b.name != "low[3]"))
    )
    assert not isinstance(found, Loop) and found[0].message == (
        "`off_table` needs barriers that keep `q[3]` within the limits of its URDF"
    )
