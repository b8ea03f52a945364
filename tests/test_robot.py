"""Robots in the language: links as terms, what is wrong with their files, what waivers do."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest

from verifier.cli import main
from verifier.core.term import Apply, Number, Product, Quotient, Sum, Term, Variable
from verifier.model.control import Clearance
from verifier.model.robot import place_of
from verifier.obligations.control import waiver_of
from verifier.obligations.owed import owed
from verifier.safety.kinematics import kinematics, poses
from verifier.source import settled

DATA = Path(__file__).parent / "data"


def value(term: Term, at: dict[str, float]) -> float:
    match term:
        case Number(number):
            return float(number)
        case Variable(name):
            return at[name]
        case Sum(parts):
            return math.fsum(value(part, at) for part in parts)
        case Product(parts):
            return math.prod(value(part, at) for part in parts)
        case Quotient(above, below):
            return value(above, at) / value(below, at)
        case Apply(function, parts):
            return float(getattr(math, function)(*(value(part, at) for part in parts)))


ROBOTS = {"panda.urdf": ("panda_hand_tcp", 7), "ur5.urdf": ("ee_link", 6)}


@pytest.mark.parametrize("file", ROBOTS)
def test_links_as_terms_are_where_the_program_puts_them(file: str, tmp_path: Path) -> None:
    """Two derivations that share no code: terms from the tip, a program from the base."""
    tip, count = ROBOTS[file]
    text = (DATA / file).read_text()
    if f'"{tip}"' not in text:
        tip = text.rsplit('<child link="', 1)[1].partition('"')[0]
    (tmp_path / file).write_text(text)
    source = f'state {{ q : real[{count}] rad in -3 .. 3 }}\nrobot r from urdf "{file}" tip {tip}\n'
    (tmp_path / "cell.spec").write_text(source)
    robot = settled(str(tmp_path / "cell.spec")).model.robots["r"]
    frames = robot.chain.links[1:]
    arm = kinematics(robot.chain, frames)
    zero = (Number(0), Number(0), Number(0))  # type: ignore[arg-type]
    terms = [place_of(robot, link, zero) for link in frames]
    chance = random.Random(7)
    for _ in range(20):
        q = [chance.uniform(-3, 3) for _ in range(count)]
        at = dict(zip(robot.joints, q, strict=True))
        for pose, place in zip(poses(arm, q), terms, strict=True):
            for found, term in zip(pose.position, place, strict=True):
                assert abs(found - value(term, at)) <= 1e-12


ARM = (
    '<robot name="arm"><link name="base"/><link name="tool">'
    '<collision><geometry><sphere radius="0.05"/></geometry></collision></link>'
    '<joint name="elbow" type="{kind}"><parent link="base"/><child link="tool"/>'
    '<axis xyz="{axis}"/>{limit}</joint></robot>'
)
GOOD = {"kind": "revolute", "axis": "0 0 1", "limit": '<limit lower="-1" upper="1"/>'}
CELL = (
    'state {{ q : real rad in -1 .. 1 }}\nrobot arm from urdf "arm.urdf" tip tool\n'
    "plant elbow {{ input u : real rad/s in -1 .. 1  dynamics der(q) = u  period 1 ms }}\n"
    "barrier low = {barrier}\n"
)
BAD_FILES = {
    "an axis of length zero": ({"axis": "0 0 0"}, "urdf-number"),
    "no limits": ({"limit": ""}, "urdf-limits"),
    "limits that contradict each other": (
        {"limit": '<limit lower="1" upper="-1"/>'},
        "urdf-limits",
    ),
    "a joint of another kind": ({"kind": "planar"}, "urdf-joint"),
}
BAD_BARRIERS = {
    "division by zero": ("1 m / (q / 1 rad)", "division-by-zero"),
    "a gain out of range": ("1 rad - q  alpha -1 Hz", "bad-gain"),
    "a link that is not there": ("arm.toool.z", "unknown-name"),
    "a robot that is not there": ("clearance(ram, arm)", "unknown-name"),
    "an obstacle that is not there": ("clearance(arm, table)", "unknown-name"),
    "a stiffness that is none": (
        "contact(arm, arm, stiffness = 0 N/m, force = 10 N)",
        "bad-gain",
    ),
}


def written(folder: Path, parts: dict[str, str], barrier: str) -> str:
    (folder / "arm.urdf").write_text(ARM.format(**{**GOOD, **parts}))
    (folder / "cell.spec").write_text(CELL.format(barrier=barrier))
    return str(folder / "cell.spec")


@pytest.mark.parametrize("what", BAD_FILES)
def test_a_bad_robot_file_is_located_there(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts, code = BAD_FILES[what]
    assert main([written(tmp_path, parts, "arm.tool.z + 1 m"), "--format", "github"]) == 2
    said = capsys.readouterr()
    assert code in said.out + said.err and "arm.urdf" in said.err


def test_a_mesh_keeps_no_distance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A link whose only collision shape is a mesh was once left out in silence."""
    path = written(tmp_path, {}, "clearance(arm, arm)")
    shape = "<collision><geometry><mesh filename='b.stl'/></geometry></collision>"
    text = (tmp_path / "arm.urdf").read_text()
    (tmp_path / "arm.urdf").write_text(
        text.replace('<link name="base"/>', f'<link name="base">{shape}</link>')
    )
    assert main([path]) == 2
    assert "no sphere covers the collision shape of link `base` of `arm`" in capsys.readouterr().err


@pytest.mark.parametrize("what", BAD_BARRIERS)
def test_a_bad_barrier_is_located(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    barrier, code = BAD_BARRIERS[what]
    assert main([written(tmp_path, {}, barrier), "--format", "github"]) == 2
    said = capsys.readouterr()
    assert code in said.out + said.err and "cell.spec:4:" in said.err


def test_a_contact_may_press_in_as_far_as_the_force_allows(tmp_path: Path) -> None:
    barrier = "contact(arm, arm, stiffness = 75 N/mm, force = 150 N)  alpha 5 Hz"
    (found,) = settled(written(tmp_path, {}, barrier)).model.clearances
    assert isinstance(found, Clearance)
    assert (found.robot, found.other, str(found.least)) == ("arm", "arm", "-1/500")


# ---- waivers -----------------------------------------------------------------------------------

WAIVED = """
state { x : real m in -1 .. 1  done : bool }
plant cart { input v : real m/s in -1 .. 1  dynamics der(x) = v  period 1 ms }
barrier wall = 1 m - x
skill Go { ensures done  duration 1 s .. 2 s }
chain All { Go() achieve done }
"""


def test_the_manifest_repeats_what_is_proved_of_a_plant(tmp_path: Path) -> None:
    (tmp_path / "cell.contract").write_text(WAIVED)
    out = tmp_path / "bundle"
    arguments = ["emit", str(tmp_path / "cell.contract"), "--chain", "All", "--target", "host"]
    assert main([*arguments, "-o", str(out)]) == 0
    listed = json.loads((out / "manifest.json").read_text())["obligations"]
    assert {"id": "cart/wall.upper/sampling", "status": "proved"} in listed


def test_what_is_refuted_of_a_plant_stops_emit_even_if_waived(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = WAIVED.replace("1 m - x", "1 m - x  alpha 2000 Hz")
    (tmp_path / "cell.contract").write_text(text + 'waive gain of wall because "it is slow"\n')
    out = tmp_path / "bundle"
    arguments = ["emit", str(tmp_path / "cell.contract"), "--chain", "All", "--target", "host"]
    assert main([*arguments, "-o", str(out)]) == 1
    assert not out.exists()
    assert "cart is not proved" in capsys.readouterr().err


def test_a_waiver_is_for_one_rule_of_one_barrier_or_family(tmp_path: Path) -> None:
    text = """
    state { q : real[2] rad in -1 .. 1 }
    plant arm {
        input u : real[2] rad/s in box(lower = -1, upper = 1)  dynamics der(q) = u  period 1 ms
    }
    barrier limit[j in 1 .. 2] = (q[j] + 1 rad) * (1 rad - q[j])
    barrier other = 0.5 rad - q[1]
    waive sampling of limit because "mechanical stops"
    waive gain of arm because "measured"
    """
    model = settled("arm.spec", text).model
    waived = {
        each.id: waiver.reason
        for each in owed(model, model.chains["arm"])
        if (waiver := waiver_of(model, each)) is not None
    }
    assert {name for name, why in waived.items() if why == "mechanical stops"} == {
        f"arm/limit[{j}].{side}/sampling" for j in (1, 2) for side in ("lower", "upper")
    }
    assert {name.split("/")[-1] for name, why in waived.items() if why == "measured"} == {"gain"}
