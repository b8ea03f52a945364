"""Where the links of a chain are, and how they move: forward kinematics and geometric Jacobians.

Every joint contributes a fixed transform (its origin) and its own motion: a turn by q about the
unit axis a, R = c I + s [a]x + (1 - c) a a^T (Rodrigues), or a shift by q a. Velocities follow from
the joints' screws in the base frame (R. Murray, Z. Li, S. Sastry, A Mathematical Introduction to
Robotic Manipulation, 1994, section 3.4): with a turning joint's axis w through the point p, its
screw is (w, p x w), with a shifting joint's direction d it is (0, d), and a point c that the joint
carries moves with the velocity `linear + angular x c` per unit of joint speed.

The formulas are written once, as a straight-line program; see verifier/safety/straight.py. Fixed
rotations by multiples of a right angle, written with as many digits as a double has, are taken to
be exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from verifier.model.shapes import Triple
from verifier.model.urdf import Chain, Joint
from verifier.safety.straight import Draft, Input, Program, Scalar, run

SNAP = 4e-16  # an entry of a constant rotation this close to 0, 1 or -1 is meant to be that

Column = tuple[Scalar, Scalar, Scalar]
Rotation = tuple[Column, Column, Column]  # its columns


@dataclass(frozen=True, slots=True)
class Frame:
    """A link whose pose is wanted. `carried` says how many of the moving joints carry it."""

    link: str
    carried: int


@dataclass(frozen=True, slots=True)
class Kinematics:
    """The outputs of the program, for n moving joints:

    `angular`, `linear`: the screws, entry k n + j for component k of joint j;
    `rotation`, `position`: of each frame, 9 entries by rows and 3;
    `center`: of each sphere, entry k m + i for component k of sphere i out of m.
    """

    chain: Chain
    frames: tuple[Frame, ...]
    carried: tuple[int, ...]
    program: Program


@dataclass(frozen=True, slots=True)
class Pose:
    """`rotation` by rows; both in the base frame."""

    rotation: tuple[float, ...]
    position: tuple[float, ...]


def kinematics(chain: Chain, frames: Sequence[str]) -> Kinematics:
    """The program for these links of the chain, and for all its spheres."""
    draft = Draft()
    places = _places(draft, chain)
    count = len(chain.moving)
    screws = _screws(draft, chain, places)
    carried = _carried(chain)
    centers = [
        _point(places[sphere.link], _constants(draft, _floats(sphere.center)))
        for sphere in chain.spheres
    ]
    outputs: dict[str, Sequence[Scalar]] = {
        "angular": [screws[j][0][k] for k in range(3) for j in range(count)],
        "linear": [screws[j][1][k] for k in range(3) for j in range(count)],
        "rotation": [places[f].rotation[c][r] for f in frames for r in range(3) for c in range(3)],
        "position": [places[f].position[k] for f in frames for k in range(3)],
        "center": [center[k] for k in range(3) for center in centers],
    }
    return Kinematics(
        chain,
        tuple(Frame(name, carried[name]) for name in frames),
        tuple(carried[sphere.link] for sphere in chain.spheres),
        draft.finish(count, outputs),
    )


GRAVITY = 9.81  # m/s^2, along -z of the base


def gravity(chain: Chain) -> Program:
    """The program for `torque`: what each moving joint has to bear to hold the chain up, N m or N.

    The gradient of the potential sum m g z (R. Featherstone, Rigid Body Dynamics Algorithms, 2008,
    equation 2.28 at rest): with M the mass that joint j carries and S its first moment, g (l_z M +
    a_x S_y - a_y S_x), where (a, l) is the joint's screw.
    """
    draft = Draft()
    places = _places(draft, chain)
    carried = _carried(chain)
    zero = draft.constant(0.0)
    size = len(chain.moving)
    above = [0.0] * (size + 1)
    moments: list[Column] = [(zero, zero, zero)] * (size + 1)
    for each in chain.masses:
        place, weight = places[each.link], float(each.mass)
        for xyz, rpy in each.placed:
            origin = _Place(_matrix(draft, fixed_rotation(rpy)), _constants(draft, _floats(xyz)))
            place = _composed(place, origin)
        center = _point(place, _constants(draft, _floats(each.center)))
        part = _scaled(draft.constant(weight), center)
        index = carried[each.link]
        above[index] += weight
        moments[index] = _added(moments[index], part)
    torques = []
    mass, moment = 0.0, (zero, zero, zero)
    for j, (angular, linear) in reversed(list(enumerate(_screws(draft, chain, places), start=1))):
        mass, moment = mass + above[j], _added(moment, moments[j])
        turned = angular[0] * moment[1] - angular[1] * moment[0]
        torques.append(draft.constant(GRAVITY) * (draft.constant(mass) * linear[2] + turned))
    return draft.finish(size, {"torque": torques[::-1]})


# ---- meaning -----------------------------------------------------------------------------------


def poses(arm: Kinematics, q: Sequence[float]) -> tuple[Pose, ...]:
    """The poses of the frames at joint positions q."""
    values = run(arm.program, q)
    rotation, position = values["rotation"], values["position"]
    return tuple(
        Pose(rotation[9 * f : 9 * f + 9], position[3 * f : 3 * f + 3])
        for f in range(len(arm.frames))
    )


def jacobian(arm: Kinematics, q: Sequence[float], frame: int) -> tuple[tuple[float, ...], ...]:
    """Six rows, n columns: the velocity of the frame's origin and its angular velocity, both in the
    base frame, per unit of joint speed."""
    values = run(arm.program, q)
    point = values["position"][3 * frame : 3 * frame + 3]
    size, carried = arm.program.inputs, arm.frames[frame].carried
    axes = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    linear = [point_row(values, size, carried, point, axis) for axis in axes]
    angular = [
        tuple(values["angular"][k * size + j] if j < carried else 0.0 for j in range(size))
        for k in range(3)
    ]
    return *linear, *angular


def point_row(
    screws: dict[str, tuple[float, ...]],
    size: int,
    carried: int,
    point: Sequence[float],
    direction: Sequence[float],
) -> tuple[float, ...]:
    """How fast the point moves in the direction, per unit of each joint's speed:
    d . (linear + angular x c) = d . linear + angular . (c x d)."""
    x, y, z = direction
    turn_x = point[1] * z - point[2] * y
    turn_y = point[2] * x - point[0] * z
    turn_z = point[0] * y - point[1] * x
    angular, linear = screws["angular"], screws["linear"]
    row = []
    for j in range(size):
        shifted = (x * linear[j] + y * linear[size + j]) + z * linear[2 * size + j]
        turned = (turn_x * angular[j] + turn_y * angular[size + j]) + turn_z * angular[2 * size + j]
        row.append(shifted + turned if j < carried else 0.0)
    return tuple(row)


# ---- formulas ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    rotation: Rotation
    position: Column


def _places(draft: Draft, chain: Chain) -> dict[str, _Place]:
    """Where every link of the chain is, in the frame of the base."""
    identity = _matrix(draft, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
    place = _Place(identity, _constants(draft, (0.0, 0.0, 0.0)))
    places = {chain.base: place}
    moved = 0
    for joint in chain.joints:
        origin = _Place(
            _matrix(draft, fixed_rotation(joint.rpy)), _constants(draft, _floats(joint.xyz))
        )
        place = _composed(place, origin)
        if joint.moves:
            place = _composed(place, _motion(draft, joint, moved))
            moved += 1
        places[joint.child] = place
    return places


def _motion(draft: Draft, joint: Joint, index: int) -> _Place:
    axis = _constants(draft, unit(joint.axis))
    zero, one = draft.constant(0.0), draft.constant(1.0)
    if joint.kind == "prismatic":
        shift = draft.node(Input(index))
        identity = _matrix(draft, ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
        return _Place(identity, _scaled(shift, axis))
    angle = draft.node(Input(index))
    sine, cosine = angle.sine(), angle.cosine()
    x, y, z = axis
    cross = ((zero, z, -y), (-z, zero, x), (y, -x, zero))
    columns = []
    for c in range(3):
        entries = []
        for r in range(3):
            square = axis[r] * axis[c]
            diagonal = one if r == c else zero
            rest = (diagonal - square) * cosine + square
            entries.append(rest + cross[c][r] * sine)
        columns.append((entries[0], entries[1], entries[2]))
    return _Place((columns[0], columns[1], columns[2]), (zero, zero, zero))


def _screws(draft: Draft, chain: Chain, places: dict[str, _Place]) -> list[tuple[Column, Column]]:
    """(angular, linear) of each moving joint."""
    screws = []
    zero = draft.constant(0.0)
    for joint in chain.moving:
        place = places[joint.child]
        axis = _turned(place.rotation, _constants(draft, unit(joint.axis)))
        if joint.kind == "prismatic":
            screws.append(((zero, zero, zero), axis))
        else:
            screws.append((axis, _cross(place.position, axis)))
    return screws


def _carried(chain: Chain) -> dict[str, int]:
    """For each link, how many moving joints carry it."""
    carried = {chain.base: 0}
    moved = 0
    for joint in chain.joints:
        moved += joint.moves
        carried[joint.child] = moved
    return carried


def _composed(outer: _Place, inner: _Place) -> _Place:
    columns = tuple(_turned(outer.rotation, column) for column in inner.rotation)
    return _Place((columns[0], columns[1], columns[2]), _point(outer, inner.position))


def _point(place: _Place, point: Column) -> Column:
    turned = _turned(place.rotation, point)
    x, y, z = (a + b for a, b in zip(place.position, turned, strict=True))
    return x, y, z


def _turned(rotation: Rotation, v: Column) -> Column:
    a, b, c = rotation
    x, y, z = ((a[k] * v[0] + b[k] * v[1]) + c[k] * v[2] for k in range(3))
    return x, y, z


def _cross(a: Column, b: Column) -> Column:
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def _added(a: Column, b: Column) -> Column:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _scaled(factor: Scalar, v: Column) -> Column:
    return factor * v[0], factor * v[1], factor * v[2]


# ---- constants ---------------------------------------------------------------------------------


def unit(axis: Triple) -> tuple[float, float, float]:
    """The axis with unit length; exact for the coordinate axes."""
    x, y, z = _floats(axis)
    length = math.hypot(x, y, z)
    return x / length, y / length, z / length


def fixed_rotation(rpy: Triple) -> tuple[tuple[float, ...], ...]:
    """The columns of Rz(yaw) Ry(pitch) Rx(roll)."""
    roll, pitch, yaw = _floats(rpy)
    (sr, cr), (sp, cp), (sy, cy) = ((math.sin(a), math.cos(a)) for a in (roll, pitch, yaw))
    return (
        _snapped((cy * cp, sy * cp, -sp)),
        _snapped((cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, cp * sr)),
        _snapped((cy * sp * cr + sy * sr, sy * sp * cr - cy * sr, cp * cr)),
    )


def _snapped(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(float(round(v)) if abs(v - round(v)) <= SNAP else v for v in values)


def _floats(triple: Triple) -> tuple[float, float, float]:
    return float(triple[0]), float(triple[1]), float(triple[2])


def _constants(draft: Draft, values: Sequence[float]) -> Column:
    x, y, z = (draft.constant(value) for value in values)
    return x, y, z


def _matrix(draft: Draft, columns: Sequence[Sequence[float]]) -> Rotation:
    a, b, c = (_constants(draft, column) for column in columns)
    return a, b, c
