"""Robots from URDF: read exactly, refused with the place, and moving as pinocchio says they do."""

from __future__ import annotations

import ctypes
import json
import math
import operator
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from verifier.core.diagnostic import Diagnostic
from verifier.emit.kinematics import kinematics_header, kinematics_source
from verifier.emit.printer import printed
from verifier.model.shapes import Sphere
from verifier.model.urdf import Chain, read_chain
from verifier.safety.kinematics import Kinematics, jacobian, kinematics, point_row, poses
from verifier.safety.straight import run
from verifier.safety.trigonometry import ERROR, sine_cosine

HERE = Path(__file__).parent
DATA = HERE / "data"
RUNTIME = HERE.parent / "verifier" / "emit" / "runtime"
CC = shutil.which("gcc") or shutil.which("cc") or "cc"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
TIPS = {"panda": "panda_hand_tcp", "ur5": "ee_link"}


def chain(name: str) -> Chain:
    found = read_chain((DATA / f"{name}.urdf").read_bytes(), f"{name}.urdf", TIPS[name])
    assert isinstance(found, Chain)
    return found


def golden() -> Iterator[dict]:
    for line in (DATA / "poses.jsonl").read_text().splitlines():
        yield json.loads(line)


# ---- reading -----------------------------------------------------------------------------------


def test_the_panda_is_read_exactly() -> None:
    panda = chain("panda")
    assert (panda.robot, panda.base, panda.tip) == ("panda", "panda_link0", "panda_hand_tcp")
    assert [joint.kind for joint in panda.joints] == ["revolute"] * 7 + ["fixed"] * 3
    fourth = panda.moving[3]
    assert fourth.limits.lower == Fraction("-3.0718") and fourth.limits.upper == Fraction("-0.0698")
    assert fourth.limits.velocity == Fraction("2.175") and fourth.xyz[0] == Fraction("0.0825")


def urdf(joint: str = "", links: str = '<link name="a"/><link name="b"/>') -> bytes:
    return f'<robot name="r">\n{links}\n{joint}\n</robot>'.encode()


def hinge(inside: str, kind: str = "revolute", name: str = "j") -> str:
    ends = '<parent link="a"/><child link="b"/>'
    return f'<joint name="{name}" type="{kind}">{ends}{inside}</joint>'


LIMIT = '<limit lower="-1" upper="1" velocity="1" effort="1"/>'
PRISMATIC = hinge('<axis xyz="0 0 -2"/>' + LIMIT, "prismatic")

REFUSED = {
    "not well-formed": (urdf("<joint"), "urdf-syntax", 4),
    "nothing": (b"", "urdf-syntax", 1),
    "bytes": (b"\x00\xff\xfe", "urdf-syntax", 1),
    "an entity": (b'<!DOCTYPE r [<!ENTITY a "b">]>\n<robot>&a;</robot>', "urdf-syntax", 1),
    "an outer entity": (
        b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n<robot>&a;</robot>',
        "urdf-syntax",
        1,
    ),
    "an unknown encoding": (b'<?xml version="1.0" encoding="zz-9"?><robot/>', "urdf-syntax", 1),
    "deep": (b"<robot>\n" + b"<link>" * 100, "urdf-too-large", 2),
    "many": (b"<robot>" + b"<link/>" * 60_000 + b"</robot>", "urdf-too-large", 1),
    "long": (b"<robot>" + b" " * 5_000_000 + b"</robot>", "urdf-too-large", 1),
    "not a robot": (b"<sdf/>", "urdf-structure", 1),
    "no tip": (urdf(links='<link name="a"/><link name="bb"/>'), "urdf-structure", 1),
    "two of one name": (urdf(links='<link name="b"/>\n<link name="b"/>'), "urdf-structure", 3),
    "no parent": (
        urdf('<joint name="j" type="fixed"><child link="b"/></joint>'),
        "urdf-structure",
        3,
    ),
    "an unknown parent": (
        urdf('<joint name="j" type="fixed"><parent link="c"/><child link="b"/></joint>'),
        "urdf-structure",
        3,
    ),
    "two joints above": (
        urdf(hinge(LIMIT) + "\n" + hinge(LIMIT, name="k")),
        "urdf-structure",
        4,
    ),
    "a cycle": (
        urdf(
            hinge(LIMIT)
            + '\n<joint name="k" type="fixed"><parent link="b"/><child link="a"/></joint>'
        ),
        "urdf-structure",
        3,
    ),
    "an unsupported joint": (urdf(hinge(LIMIT, "floating")), "urdf-joint", 3),
    "no kind": (urdf(hinge(LIMIT, "")), "urdf-joint", 3),
    "a mimic": (urdf(hinge(LIMIT + '<mimic joint="k"/>')), "urdf-joint", 3),
    "no limits": (urdf(hinge("")), "urdf-limits", 3),
    "no lower limit": (urdf(hinge('<limit upper="1" velocity="1"/>')), "urdf-limits", 3),
    "limits without room": (
        urdf(hinge('\n<limit lower="1" upper="1" velocity="1"/>')),
        "urdf-limits",
        4,
    ),
    "no speed": (urdf(hinge('<limit lower="0" upper="1" velocity="0"/>')), "urdf-limits", 3),
    "a zero axis": (urdf(hinge(LIMIT + '\n<axis xyz="0 0 0"/>')), "urdf-number", 4),
    "not a number": (urdf(hinge(LIMIT + '<axis xyz="nan 0 0"/>')), "urdf-number", 3),
    "infinity": (urdf(hinge('<limit lower="-inf" upper="1" velocity="1"/>')), "urdf-number", 3),
    "a huge number": (urdf(hinge(LIMIT + '<origin xyz="1e99 0 0"/>')), "urdf-number", 3),
    "two of three numbers": (urdf(hinge(LIMIT + '<origin xyz="1 0"/>')), "urdf-number", 3),
    "a hollow sphere": (
        urdf(
            PRISMATIC,
            '<link name="a"/><link name="b"><collision><geometry>\n<sphere radius="0"/>'
            "</geometry></collision></link>",
        ),
        "urdf-number",
        3,
    ),
    "a thread": (
        urdf(
            PRISMATIC,
            '<link name="a"/><link name="b"><collision><geometry>\n'
            '<cylinder radius="0.001" length="1"/></geometry></collision></link>',
        ),
        "urdf-number",
        3,
    ),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_bad_files_are_refused_with_the_line(mistake: str) -> None:
    text, code, line = REFUSED[mistake]
    found = read_chain(text, "r.urdf", "b")
    assert isinstance(found, tuple) and {d.code for d in found} == {code}
    assert all(isinstance(d, Diagnostic) and d.span.line == line for d in found), found
    assert all(d.message[0].islower() or d.message[0] == "`" for d in found)


SHAPES = {
    "cylinder": ('<cylinder radius="0.06" length="0.4"/>', 0.06),
    "flat cylinder": ('<cylinder radius="0.2" length="0.01"/>', 0.2),
    "capsule": ('<capsule radius="0.05" length="0.3"/>', 0.05),
    "box": ('<box size="0.1 0.5 0.2"/>', math.hypot(0.05, 0.1)),
    "cube": ('<box size="0.1 0.1 0.1"/>', math.hypot(0.05, 0.05)),
}


def inside(shape: str, chance: random.Random) -> tuple[float, float, float]:
    """A point of the shape in its own frame, often on its edge."""
    if "size" in shape:
        sizes = [float(size) for size in shape.split('"')[1].split()]
        x, y, z = (chance.choice((-0.5, 0.5, chance.uniform(-0.5, 0.5))) * size for size in sizes)
        return x, y, z
    radius, length = float(shape.split('"')[1]), float(shape.split('"')[3])
    turn, along = chance.uniform(0, math.tau), chance.choice((-0.5, 0.5, chance.uniform(-0.5, 0.5)))
    if "capsule" in shape and abs(along) == 0.5:
        up = chance.uniform(0, math.pi / 2)
        out, beyond = radius * math.cos(up), radius * math.sin(up)
        return out * math.cos(turn), out * math.sin(turn), along * length + beyond * 2 * along
    return radius * math.cos(turn), radius * math.sin(turn), along * length


@pytest.mark.parametrize("name", SHAPES)
def test_spheres_cover_cylinders_capsules_and_boxes(name: str) -> None:
    shape, breadth = SHAPES[name]
    chance = random.Random(name)
    for rpy in ("0 0 0", "1.5707963 0 0", "0.3 -1.1 2.5", "-2 0.7 0.1"):
        place = f'<origin xyz="0.1 -0.2 0.3" rpy="{rpy}"/>'
        shaped = f"<collision>{place}<geometry>{shape}</geometry></collision>"
        links = f"<link name='a'/><link name='b'>{shaped}</link>"
        chain = read_chain(urdf(PRISMATIC, links), "r.urdf", "b")
        assert isinstance(chain, Chain)
        turned = rotation([float(angle) for angle in rpy.split()])
        assert len(chain.spheres) <= 12
        assert all(breadth <= sphere.radius <= 1.1 * breadth + 3e-9 for sphere in chain.spheres)
        for _ in range(500):
            own = inside(shape, chance)
            point = [
                shift + sum(turn * part for turn, part in zip(row, own, strict=True))
                for shift, row in zip((0.1, -0.2, 0.3), turned, strict=True)
            ]
            assert any(
                math.dist(point, [float(part) for part in sphere.center]) <= sphere.radius + 1e-15
                for sphere in chain.spheres
            )


def rotation(rpy: list[float]) -> list[list[float]]:
    """About the fixed axes x, y and z in turn, as a product of three matrices."""
    (sr, cr), (sp, cp), (sy, cy) = ((math.sin(a), math.cos(a)) for a in rpy)
    roll = [[1.0, 0.0, 0.0], [0.0, cr, -sr], [0.0, sr, cr]]
    pitch = [[cp, 0.0, sp], [0.0, 1.0, 0.0], [-sp, 0.0, cp]]
    yaw = [[cy, -sy, 0.0], [sy, cy, 0.0], [0.0, 0.0, 1.0]]

    def times(a: list[list[float]], b: list[list[float]]) -> list[list[float]]:
        columns = list(zip(*b, strict=True))
        return [[sum(map(operator.mul, row, column)) for column in columns] for row in a]

    return times(yaw, times(pitch, roll))


def test_all_mistakes_of_a_chain_are_shown_at_once() -> None:
    links = "".join(f'<link name="{name}"/>' for name in "abc")
    second = '<joint name="k" type="planar"><parent link="b"/><child link="c"/></joint>'
    found = read_chain(urdf(f"{hinge('')}\n{second}", links), "r.urdf", "c")
    assert isinstance(found, tuple) and [d.code for d in found] == ["urdf-limits", "urdf-joint"]


def test_what_is_not_on_the_chain_may_be_anything() -> None:
    links = "".join(f'<link name="{name}"/>' for name in "abc")
    other = '<joint name="k" type="planar"><parent link="b"/><child link="c"/></joint>'
    assert isinstance(read_chain(urdf(f"{PRISMATIC}\n{other}", links), "r.urdf", "b"), Chain)


# ---- meaning -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TIPS)
def test_poses_and_jacobians_agree_with_pinocchio(name: str) -> None:
    entries = [entry for entry in golden() if entry["robot"] == name]
    assert len(entries) >= 100
    arms = {entry["frame"]: kinematics(chain(name), [entry["frame"]]) for entry in entries}
    for entry in entries:
        arm = arms[entry["frame"]]
        (pose,) = poses(arm, entry["q"])
        assert pose.rotation == pytest.approx(entry["rotation"], rel=0, abs=1e-12)
        assert pose.position == pytest.approx(entry["position"], rel=0, abs=1e-12)
        matrix = [value for row in jacobian(arm, entry["q"], 0) for value in row]
        assert matrix == pytest.approx(entry["jacobian"], rel=0, abs=1e-12)


def test_every_kind_of_joint_about_a_slanted_axis() -> None:
    """A shift and an endless turn, against matrices written out by hand."""
    links = "".join(f'<link name="{name}"/>' for name in "abc")
    slide = hinge(f'<origin xyz="1 2 3" rpy="0.3 0 0"/><axis xyz="0 3 4"/>{LIMIT}', "prismatic")
    turn = (
        '<joint name="k" type="continuous"><parent link="b"/><child link="c"/>'
        '<origin xyz="0 0 1"/><axis xyz="2 0 0"/></joint>'
    )
    found = read_chain(urdf(slide + turn, links), "r.urdf", "c")
    assert isinstance(found, Chain)
    arm = kinematics(found, ["c"])
    (pose,) = poses(arm, [0.5, 0.7])
    c, s, a, b = math.cos(0.3), math.sin(0.3), math.cos(1.0), math.sin(1.0)
    y, z = 0.5 * 0.6, 0.5 * 0.8 + 1.0
    assert pose.position == pytest.approx([1.0, 2 + c * y - s * z, 3 + s * y + c * z], abs=1e-15)
    assert pose.rotation == pytest.approx([1, 0, 0, 0, a, -b, 0, b, a], abs=1e-15)
    rows = jacobian(arm, [0.5, 0.7], 0)
    assert [row[0] for row in rows] == pytest.approx(
        [0, c * 0.6 - s * 0.8, s * 0.6 + c * 0.8, 0, 0, 0], abs=1e-15
    )
    assert [row[1] for row in rows] == pytest.approx([0, 0, 0, 1, 0, 0], abs=1e-15)


def with_spheres(name: str) -> Kinematics:
    """The robot with a sphere on every link."""
    found = chain(name)
    spheres = tuple(
        Sphere(link, (Fraction(k, 50), Fraction(1, 30), Fraction(-k, 70)), Fraction(1, 10))
        for k, link in enumerate(found.links)
    )
    return kinematics(Chain(found.robot, found.base, found.tip, found.joints, spheres), [found.tip])


def test_rows_of_spheres_are_the_derivatives_of_their_centres() -> None:
    arm = with_spheres("panda")
    size, count = arm.program.inputs, len(arm.carried)
    q = [0.3, -0.5, 0.2, -1.9, 0.4, 1.2, -0.6]
    step = 1e-6
    values = run(arm.program, q)
    for sphere in range(count):
        point = [values["center"][k * count + sphere] for k in range(3)]
        for k in range(3):
            axis = [float(k == i) for i in range(3)]
            row = point_row(values, size, arm.carried[sphere], point, axis)
            for j in range(size):
                moved = [
                    run(arm.program, [v + d * (i == j) for i, v in enumerate(q)])["center"]
                    for d in (step, -step)
                ]
                place = k * count + sphere
                slope = (moved[0][place] - moved[1][place]) / (2 * step)
                assert row[j] == pytest.approx(slope, abs=1e-9)


# ---- sine and cosine ---------------------------------------------------------------------------

PI = Fraction(314159265358979323846264338327950288419716939937510582097494459, 10**62)


def exact_sine(x: Fraction) -> Fraction:
    """Within 1e-40, for |x| up to some thousands: reduced by pi, then the Taylor series."""
    turns = round(x / PI)
    rest = x - turns * PI
    term, total = rest, Fraction(0)
    for n in range(1, 60, 2):
        total += term
        term = Fraction(round(term * -rest * rest / ((n + 1) * (n + 2)) * 2**160), 2**160)
    return total if turns % 2 == 0 else -total


def test_sine_and_cosine_are_as_close_as_they_say() -> None:
    source = random.Random(1)
    angles = [source.uniform(-4096, 4096) for _ in range(300)]
    angles += [source.uniform(-4, 4) for _ in range(300)]
    angles += [k * math.pi / 2 for k in range(-20, 21)]
    angles += [0.0, 5e-324, -1e-300, 4096.0, -4096.0, 2607 * math.pi / 2]
    for x in angles:
        sine, cosine = sine_cosine(x)
        assert abs(Fraction(sine) - exact_sine(Fraction(x))) < Fraction(ERROR)
        assert abs(Fraction(cosine) - exact_sine(Fraction(x) + PI / 2)) < Fraction(ERROR)


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf, 4096.1, -1e300])
def test_sine_and_cosine_of_anything_else_are_not_numbers(x: float) -> None:
    assert all(map(math.isnan, sine_cosine(x)))


# ---- C -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=sorted(TIPS))
def emitted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Kinematics, str, ctypes.CDLL]:
    name, folder = request.param, tmp_path_factory.mktemp("arm")
    arm = with_spheres(name)
    source, out = folder / f"{name}_kinematics.c", folder / "arm.so"
    source.write_text(printed(kinematics_source(arm, name)))
    (folder / f"{name}_kinematics.h").write_text(printed(kinematics_header(arm, name)))
    command = [CC, "-std=c99", *WARNINGS, "-O2", "-shared", "-fPIC", f"-I{RUNTIME}", f"-I{folder}"]
    subprocess.run([*command, str(source), "-o", str(out), "-lm"], check=True)
    return arm, name, ctypes.CDLL(str(out))


def bits(values: list[float]) -> list[bytes]:
    """Bit patterns, with one pattern for all that is not a number."""
    return [b"nan" if math.isnan(value) else struct.pack("d", value) for value in values]


def configurations(size: int) -> Iterator[list[float]]:
    source = random.Random(2)
    for _ in range(500):
        yield [source.uniform(-4, 4) for _ in range(size)]
    for wrong in (math.nan, math.inf, -math.inf, 1e300, 5e-324, -0.0, 4096.0):
        yield [wrong, *(source.uniform(-4, 4) for _ in range(size - 1))]


def test_the_same_in_c_to_the_last_bit(emitted: tuple[Kinematics, str, ctypes.CDLL]) -> None:
    arm, name, library = emitted
    size, spheres = arm.program.inputs, len(arm.carried)
    lengths = [3 * size, 3 * size, 9, 3, 3 * spheres]
    pose = (ctypes.c_double * sum(lengths))()
    matrix, row = (ctypes.c_double * (6 * size))(), (ctypes.c_double * size)()
    direction = (0.6, -0.48, 0.64)
    for q in configurations(size):
        library[f"{name}_forward"]((ctypes.c_double * size)(*q), pose)
        values = run(arm.program, q)
        order = ("angular", "linear", "rotation", "position", "center")
        assert bits(list(pose)) == bits([value for key in order for value in values[key]])
        library[f"{name}_jacobian"](pose, ctypes.c_uint32(0), matrix)
        ours = [value for line in jacobian(arm, q, 0) for value in line]
        assert bits(list(matrix)) == bits(ours)
        for sphere, carried in enumerate(arm.carried):
            point = [values["center"][k * spheres + sphere] for k in range(3)]
            library[f"{name}_sphere_row"](
                pose, ctypes.c_uint32(sphere), (ctypes.c_double * 3)(*direction), row
            )
            assert bits(list(row)) == bits(list(point_row(values, size, carried, point, direction)))


def test_c_writes_nothing_for_a_frame_that_is_not_there(
    emitted: tuple[Kinematics, str, ctypes.CDLL],
) -> None:
    _, name, library = emitted
    pose = (ctypes.c_double * 400)()
    matrix = (ctypes.c_double * 60)(*([7.0] * 60))
    for function in ("jacobian", "sphere_row"):
        for index in (100, 2**32 - 1):
            direction = [(ctypes.c_double * 3)()] if function == "sphere_row" else []
            library[f"{name}_{function}"](pose, ctypes.c_uint32(index), *direction, matrix)
    assert list(matrix) == [7.0] * 60


def test_the_same_text_every_time() -> None:
    texts = {printed(kinematics_source(with_spheres("panda"), "panda")) for _ in range(3)}
    assert len(texts) == 1
