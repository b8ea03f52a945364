"""How far the bodies of an arm are from convex shapes, now and on the way to a stop.

A body is a sphere's centre, or the difference of two centres (self clearance: the shape is then the
origin). A shape is a segment (a point if its ends agree), a box along the axes, or the half-spaces
of a polytope, whose largest facet distance is a lower bound of the distance. Every one of these
distances f is convex in the point, so with its values f0, f1 and unit normals n0, n1 at two points
it is nowhere between them below

    min over s in [0, 1] of max(f0 + s n0 . (p1 - p0), f1 - (1 - s) n1 . (p1 - p0)).

A body that moves with the joints leaves the chord between two configurations by at most

    sum_k r_k (bend_k + |dq_k| (2 sum_(j<k) |dq_j| + |dq_k|) / 8)

where r_k bounds its distance from the axis of joint k (1 for a shifting joint), bend_k how far
joint k itself leaves its straight line: |dp/dq_k| <= r_k, and |d2p/dq_j dq_k| <= r_k for j <= k
(the outer of two turns decides: w_j x (w_k x (p - o_k))); a chord of a twice differentiable curve
is left by at most an eighth of its second derivative (times the square of its length, here 1). A
joint that brakes at the rate a for a time h leaves its line by at most a h^2 / 8 and by |dq_k|.

`ROUNDING`, 1e-9 m, is added to every distance that is kept: it pays for the rounding of all of this
and of the kinematics (some hundred operations on numbers below 100, each within 2^-52).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.model.shapes import Triple
from verifier.model.urdf import Chain
from verifier.safety.kinematics import Kinematics, kinematics, point_row
from verifier.safety.straight import Program, narrowed, run

ROUNDING = 1e-9
SMALL = 1e-150  # a distance below has no direction

Point: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Segment:
    """From one end to the other; the ball or capsule around it is part of what a row keeps."""

    start: Point
    end: Point


@dataclass(frozen=True, slots=True)
class Cuboid:
    lower: Point
    upper: Point


@dataclass(frozen=True, slots=True)
class Facets:
    """normal . p <= offset on every facet; the normals have length 1."""

    normals: tuple[Point, ...]
    offsets: tuple[float, ...]


Shape: TypeAlias = Segment | Cuboid | Facets


@dataclass(frozen=True, slots=True)
class Body:
    """The centre of a sphere, or how far it is from that of another one. `reach[k]` bounds how far
    it moves for each radian of moving joint k."""

    sphere: int
    other: int | None
    reach: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """The body keeps `least` from the shape, all radii included. In one period what is left above
    it and the `reserve` shrinks to no less than the share `keep`, and `margin` pays for the row's
    linearity. The gate asks for `least` alone."""

    body: int
    shape: int
    least: float
    keep: float
    margin: float
    reserve: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """`joints[k]` is the drive of moving joint k; `centers` computes the spheres alone. The last
    body moves by no more than `jump` metres in one period, if that is given."""

    kinematics: Kinematics
    centers: Program
    joints: tuple[int, ...]
    shapes: tuple[Shape, ...]
    bodies: tuple[Body, ...]
    rows: tuple[Row, ...]
    jump: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a row sees of its body at one configuration: f - least, and the unit normal."""

    room: float
    normal: Point


def centers_only(chain: Chain) -> Program:
    """The straight-line program of the spheres' centres."""
    return narrowed(kinematics(chain, ()).program, ("center",))


# ---- reach -------------------------------------------------------------------------------------


def reaches(chain: Chain, sphere: int) -> tuple[Fraction, ...]:
    """For each moving joint a bound on the distance of the sphere's centre from its axis.

    The lengths of all fixed shifts between them are summed, a shift along the joint's own axis is
    left out, and a shifting joint adds what its limits allow.
    """
    found: list[Fraction] = []
    target = chain.spheres[sphere]
    moving = chain.moving
    for joint in moving:
        if not _carries(chain, joint.child, target.link):
            found.append(Fraction(0))
        elif joint.kind == "prismatic":
            found.append(Fraction(1))
        else:
            found.append(_way(chain, joint.child, joint.axis, target.link, target.center))
    return tuple(found)


def reaches_apart(chain: Chain, sphere: int, other: int) -> tuple[Fraction, ...]:
    """The same of the difference of two centres, `sphere` being at least as far out: a joint that
    carries both turns it, one that carries the outer alone moves that."""
    outer, inner = chain.spheres[sphere], chain.spheres[other]
    between = _length(inner.center) + _way(chain, inner.link, None, outer.link, outer.center)
    found = []
    for joint, reach in zip(chain.moving, reaches(chain, sphere), strict=True):
        both = _carries(chain, joint.child, inner.link)
        turned = Fraction(0) if joint.kind == "prismatic" else between
        found.append(turned if both else reach)
    return tuple(found)


def _carries(chain: Chain, link: str, target: str) -> bool:
    order = [chain.base, *(joint.child for joint in chain.joints)]
    return order.index(link) <= order.index(target)


def _way(chain: Chain, link: str, axis: Triple | None, target: str, center: Triple) -> Fraction:
    """The sum of the lengths from the link's origin, or from this axis through it."""
    order = [chain.base, *(joint.child for joint in chain.joints)]
    path = chain.joints[order.index(link) : order.index(target)]
    first, total, fixed = True, Fraction(0), [Fraction(0)] * 3
    for joint in path:
        fixed = [a + b for a, b in zip(fixed, joint.xyz, strict=True)]
        straight = not any(joint.rpy) and not joint.moves
        if straight:
            continue
        total += _across(fixed, axis) if first else _length(fixed)
        if joint.kind == "prismatic":
            limits = joint.limits
            assert limits.lower is not None and limits.upper is not None, joint.name
            total += max(abs(limits.lower), abs(limits.upper))
        first, fixed = False, [Fraction(0)] * 3
    fixed = [a + b for a, b in zip(fixed, center, strict=True)]
    return total + (_across(fixed, axis) if first else _length(fixed))


def _across(vector: Sequence[Fraction], axis: Sequence[Fraction] | None) -> Fraction:
    """The length of the part of the vector that is not along the axis, rounded up."""
    if axis is None:
        return _length(vector)
    along = sum((a * b for a, b in zip(vector, axis, strict=True)), Fraction(0))
    square = sum((a * a for a in axis), Fraction(0))
    return _length([v - along / square * a for v, a in zip(vector, axis, strict=True)])


def _length(vector: Sequence[Fraction]) -> Fraction:
    square = sum((v * v for v in vector), Fraction(0))
    scale = 1 << 64
    return Fraction(math.isqrt(math.ceil(square * scale * scale)) + 1, scale)


# ---- what the guard does with it, operation by operation ---------------------------------------


def seen(shape: Shape, point: Point, least: float) -> Seen:
    """The room that is left to the shape, and the direction away from it."""
    match shape:
        case Segment(start, end):
            d = (end[0] - start[0], end[1] - start[1], end[2] - start[2])
            p = (point[0] - start[0], point[1] - start[1], point[2] - start[2])
            square = _dot(d, d)
            share = _dot(p, d) / square if square > 0.0 else 0.0
            share = 0.0 if not share > 0.0 else 1.0 if share > 1.0 else share
            away = (p[0] - share * d[0], p[1] - share * d[1], p[2] - share * d[2])
            return _from(away, least)
        case Cuboid(lower, upper):
            x, y, z = (_outside(point[k], lower[k], upper[k]) for k in range(3))
            return _from((x, y, z), least)
        case Facets(normals, offsets):
            largest, best = _dot(normals[0], point) - offsets[0], normals[0]
            for normal, offset in zip(normals[1:], offsets[1:], strict=True):
                value = _dot(normal, point) - offset
                if value > largest:
                    largest, best = value, normal
            return Seen(largest - least, best)


def _outside(value: float, lower: float, upper: float) -> float:
    return value - upper if value > upper else value - lower if value < lower else 0.0


def _from(away: Point, least: float) -> Seen:
    distance = math.sqrt(_dot(away, away))
    if not distance > SMALL:
        return Seen(distance - least, (0.0, 0.0, 0.0))
    return Seen(distance - least, (away[0] / distance, away[1] / distance, away[2] / distance))


def lowest(at: Seen, then: Seen, shift: Point) -> float:
    """A lower bound of the room along the straight way between two points."""
    leaving, arriving = _dot(at.normal, shift), _dot(then.normal, shift)
    if not leaving < 0.0:
        return at.room
    if not arriving > 0.0:
        return then.room
    share = ((then.room - arriving) - at.room) / (leaving - arriving)
    share = 0.0 if not share > 0.0 else 1.0 if share > 1.0 else share
    return at.room + leaving * share


def bodies_at(arm: Arm, centers: Sequence[float]) -> list[Point]:
    """The points of the bodies."""
    count = len(centers) // 3
    points: list[Point] = []
    for body in arm.bodies:
        x, y, z = (centers[k * count + body.sphere] for k in range(3))
        if body.other is not None:
            x -= centers[body.other]
            y -= centers[count + body.other]
            z -= centers[2 * count + body.other]
        points.append((x, y, z))
    return points


def centers_at(arm: Arm, q: Sequence[float]) -> tuple[float, ...]:
    return run(arm.centers, [q[drive] for drive in arm.joints])["center"]


def body_row(
    arm: Arm, screws: dict[str, tuple[float, ...]], body: Body, normal: Point
) -> tuple[float, ...]:
    """How fast the body moves in the direction, per unit of each moving joint's speed."""
    size = len(arm.joints)
    count = len(screws["center"]) // 3

    def one(sphere: int) -> tuple[float, ...]:
        point = tuple(screws["center"][k * count + sphere] for k in range(3))
        return point_row(screws, size, arm.kinematics.carried[sphere], point, normal)

    row = one(body.sphere)
    if body.other is None:
        return row
    return tuple(a - b for a, b in zip(row, one(body.other), strict=True))


def strayed(reach: Sequence[float], parts: Sequence[float]) -> float:
    """sum_k r_k part_k."""
    total = 0.0
    for r, part in zip(reach, parts, strict=True):
        total += r * part
    return total


def _dot(a: Point, b: Point) -> float:
    return (a[0] * b[0] + a[1] * b[1]) + a[2] * b[2]
