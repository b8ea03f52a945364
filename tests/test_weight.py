"""Gravity compensation: the torques that pinocchio computes, borne by the motors in every
configuration, and given out by the bundle beside every command."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from bundles import design_of_chain, files_of, gcc, model_of, self_test_agrees

from verifier.core.diagnostic import Diagnostic
from verifier.emit.binding import loaded
from verifier.emit.bundle import guard_files
from verifier.emit.reference import Sample
from verifier.model.urdf import Chain, read_chain
from verifier.safety.filter import Guarded
from verifier.safety.kinematics import GRAVITY, gravity, kinematics, poses
from verifier.safety.limit import Loop, safety_loop
from verifier.safety.straight import run
from verifier.safety.weight import held
from verifier.source import Mistakes

DATA = Path(__file__).parent / "data"
TIPS = {"panda": "panda_hand_tcp", "ur5": "ee_link"}
MS = 10**6

ARM = """
state {
    q : real[7] rad in box(lower = [-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973],
                           upper = [2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973])
    v : real[7] rad/s in box(lower = -2.2, upper = 2.2)
}
robot panda from urdf "panda.urdf" tip panda_hand joints q
plant arm {
    input    a : real[7] rad/s^2 in box(lower = -7.5, upper = 7.5)
    dynamics der(q) = v
    dynamics der(v) = a
    period   1 ms
    baseline hold(gravity = panda)
    EXTRA
}
barrier low[j in 1 .. 7]  = q[j] - q.lower[j]
barrier high[j in 1 .. 7] = q.upper[j] - q[j]
skill Move { modifies q, v }
chain C { Move() }
"""


@cache
def chain(name: str) -> Chain:
    found = read_chain((DATA / f"{name}.urdf").read_bytes(), f"{name}.urdf", TIPS[name])
    assert isinstance(found, Chain)
    return found


def facts() -> Iterator[dict]:
    for line in (DATA / "gravity.jsonl").read_text().splitlines():
        yield json.loads(line)


def test_torques_agree_with_pinocchio() -> None:
    """Its computeGeneralizedGravity, on 100 configurations of each arm."""
    programs = {name: gravity(chain(name)) for name in TIPS}
    most = 0.0
    for fact in facts():
        found = run(programs[fact["robot"]], fact["q"])["torque"]
        pairs = zip(found, fact["gravity"], strict=True)
        assert all(math.isclose(a, b, rel_tol=0.0, abs_tol=1e-12) for a, b in pairs)
        most = max(most, *map(abs, found))
    assert most > 50.0


def test_no_configuration_needs_more_than_the_bound() -> None:
    rng = random.Random(3)
    for name in TIPS:
        program, bound = gravity(chain(name)), held(chain(name))
        largest = [0.0] * len(bound)
        for _ in range(1500):
            q = [rng.uniform(-3.0, 3.0) for _ in bound]
            found = run(program, q)["torque"]
            largest = [max(a, abs(b)) for a, b in zip(largest, found, strict=True)]
        assert all(a <= b + 1e-12 for a, b in zip(largest, bound, strict=True))
        assert largest[1] > 0.75 * bound[1]  # of the shoulder, which bears the most


SLIDE = """<robot name="slide">
<link name="rail"/>
<link name="sledge"><inertial><mass value="2"/></inertial></link>
<link name="arm"><inertial><origin xyz="0.5 0 0"/><mass value="3"/></inertial></link>
<link name="lamp"><inertial><origin xyz="0 0 0.1"/><mass value="0.5"/></inertial></link>
<link name="tool"/>
<joint name="up" type="prismatic"><parent link="rail"/><child link="sledge"/><axis xyz="0 0 1"/>
<limit lower="0" upper="1" velocity="1" effort="100"/></joint>
<joint name="turn" type="revolute"><parent link="sledge"/><child link="arm"/><axis xyz="0 1 0"/>
<limit lower="-1" upper="1" velocity="1" effort="100"/></joint>
<joint name="hook" type="revolute"><parent link="arm"/><child link="lamp"/><axis xyz="1 0 0"/>
<origin xyz="1 0 0"/><limit lower="-1" upper="1" velocity="1" effort="100"/></joint>
<joint name="end" type="fixed"><parent link="arm"/><child link="tool"/></joint>
</robot>"""


def test_a_shifting_joint_bears_all_and_what_hangs_beside_the_chain_weighs_too() -> None:
    slide = read_chain(SLIDE.encode(), "slide.urdf", "tool")
    assert isinstance(slide, Chain)
    lift, turn = run(gravity(slide), [0.3, 0.0])["torque"]
    assert math.isclose(lift, 5.5 * GRAVITY) and math.isclose(turn, -(1.5 + 0.5) * GRAVITY)
    assert held(slide)[0] == Fraction("5.5") * Fraction("9.81")
    assert 0.0 <= float(held(slide)[1]) - 2.05 * GRAVITY < 1e-9


# ---- the bundle --------------------------------------------------------------------------------


def test_the_bundle_gives_out_what_holds_the_arm(tmp_path: Path) -> None:
    source = model_of(ARM.replace("EXTRA", "latency 1 ms"))
    files = files_of(source, "C")
    self_test_agrees(files, tmp_path)
    manifest = json.loads(files["manifest.json"])
    assert any("acceleration loop, assumed" in each for each in manifest["assumptions"])
    weight = manifest["filter"]["gravity"]
    for need, (low, high) in zip(weight["at_most"], weight["limits"], strict=True):
        assert -low >= need <= high
    design = design_of_chain(source, "C")
    guard = loaded(design, guard_files(design), tmp_path, gcc(), "-O2")
    assert isinstance(design.loop.guarded, Guarded) and design.loop.guarded.weight
    program = design.loop.guarded.weight.program
    q = (0.1, 0.5, -0.3, -1.5, 0.2, 1.6, 0.4)
    values = {f"q[{k}]": x for k, x in enumerate(q, 1)} | {f"v[{k}]": 0.0 for k in range(1, 8)}
    outcome, out = guard.step(Sample(0, values), (math.nan,) * 7)
    assert (outcome.decision, out) == ("REJECT", (0.0,) * 7)  # it holds still
    assert outcome.gravity == run(program, q)["torque"] and abs(outcome.gravity[1]) > 20.0
    outcome, _ = guard.step(Sample(1, {**values, "q[1]": math.nan}), (0.0,) * 7)
    assert outcome.decision == "FAULT" and outcome.gravity == run(program, q)["torque"]


def test_before_any_command_nothing_is_borne(tmp_path: Path) -> None:
    source = model_of(ARM.replace("EXTRA", ""))
    design = design_of_chain(source, "C")
    guard = loaded(design, guard_files(design), tmp_path, gcc(), "-O1")
    assert guard.tick(5)[0].gravity == (0.0,) * 7


def test_the_torque_is_the_gradient_of_the_potential() -> None:
    """By differences of sum m g z, with the links' poses."""
    ur5, rng = chain("ur5"), random.Random(9)
    arm = kinematics(ur5, [mass.link for mass in ur5.masses])

    def potential(q: list[float]) -> float:
        total = 0.0
        for mass, pose in zip(ur5.masses, poses(arm, q), strict=True):
            turned = sum(pose.rotation[6 + k] * float(mass.center[k]) for k in range(3))
            total += float(mass.mass) * GRAVITY * (pose.position[2] + turned)
        return total

    for _ in range(20):
        q = [rng.uniform(-3.0, 3.0) for _ in range(6)]
        for k, torque in enumerate(run(gravity(ur5), q)["torque"]):
            ahead, behind = ([x + s * (j == k) for j, x in enumerate(q)] for s in (1e-5, -1e-5))
            slope = (potential(ahead) - potential(behind)) / 2e-5
            assert math.isclose(torque, slope, abs_tol=1e-7)


# ---- refused -----------------------------------------------------------------------------------


def test_a_motor_that_cannot_bear_it_is_refused() -> None:
    found = safety_loop(
        model_of(ARM.replace("EXTRA", "clamp torque in box(lower = -40, upper = 40)"))
    )
    assert not isinstance(found, Loop) and {d.code for d in found} == {"plant-not-supported"}
    assert found[1].message.startswith("`q[2]` may need 69.")
    assert found[1].message.endswith("to bear the weight of `panda`, but its motor has 40")


WRONG = {
    "no robot": ("gravity = panda)", "gravity = pandora)", "unknown-name"),
    "speeds": ("    dynamics der(v) = a\n", "", "unknown-baseline"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_meant_is_a_located_message(name: str) -> None:
    old, new, code = WRONG[name]
    with pytest.raises(Mistakes) as caught:
        model_of(ARM.replace("EXTRA", "").replace(old, new))
    found: list[Diagnostic] = list(caught.value.diagnostics)
    assert code in {d.code for d in found} and all(d.span.line > 0 for d in found)


def test_a_robot_without_masses_is_not_held_up() -> None:
    text = SLIDE.replace(
        '<link name="arm"><inertial><origin xyz="0.5 0 0"/><mass value="3"/></inertial></link>',
        '<link name="arm"/>',
    )
    slide = read_chain(text.encode(), "slide.urdf", "arm")
    assert isinstance(slide, Chain) and slide.weightless is None  # the lamp hangs on it
    text = text.replace(
        '<link name="lamp"><inertial><origin xyz="0 0 0.1"/><mass value="0.5"/></inertial></link>',
        '<link name="lamp"/>',
    )
    slide = read_chain(text.encode(), "slide.urdf", "arm")
    assert isinstance(slide, Chain) and slide.weightless is not None
    assert slide.weightless.name == "turn" and slide.weightless.span.line == 9
    negative = read_chain(SLIDE.replace('value="3"', 'value="-3"').encode(), "slide.urdf", "tool")
    assert not isinstance(negative, Chain)
    assert [(d.code, d.message) for d in negative] == [
        ("urdf-inertia", "link `arm` has the mass -3, below 0")
    ]
