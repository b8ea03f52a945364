"""The rows of an arm: its spheres, its obstacles and itself, exactly, then in doubles that keep
more than was asked for, never less."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic
from verifier.core.motion import Solid
from verifier.model.control import Clearance, Robot
from verifier.model.motion import Place
from verifier.model.pinned import Pinned, all_pinned, as_clearance
from verifier.model.shapes import Sphere
from verifier.model.values import Model
from verifier.safety.braking import Drive, Kind
from verifier.safety.clearance import (
    ROUNDING,
    Arm,
    Body,
    Cuboid,
    Facets,
    Point,
    Row,
    Segment,
    Shape,
    centers_only,
    reaches,
    reaches_apart,
)
from verifier.safety.frames import links_of, with_frames
from verifier.safety.kinematics import kinematics
from verifier.safety.plant import rounded_down, rounded_up

ORIGIN = Segment((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


@dataclass(frozen=True, slots=True)
class Kept:
    """A row to be: the sphere, what it keeps from, and the distance, all radii included."""

    clearance: Clearance
    sphere: int
    other: int | None
    shape: Shape
    least: Fraction


def arm_of(
    model: Model, drives: Sequence[Drive], positions: Sequence[str], jump: Fraction | None
) -> Arm | tuple[Diagnostic, ...] | None:
    """The arm of the model's clearances, None if there are none. `positions` are the state scalars
    of the drives, `jump` what the tip may move in one period."""
    frames = list(all_pinned(model.barriers, model.robots))
    asked = (*model.clearances, *map(as_clearance, frames))
    if not asked:
        return None
    robots = {each.robot for each in asked}
    robot = model.robots[asked[0].robot]
    troubles = [
        _refused(clearance, why)
        for clearance in asked
        if (why := _why_not(model, clearance, robots, positions)) is not None
        or (why := _runs_out(robot, drives, positions)) is not None
    ]
    if troubles:
        return tuple(troubles)
    kept = [row for clearance in model.clearances for row in _kept(model, robot, clearance)]
    kept += [_of_frame(robot, frames, each) for each in frames]
    robot = with_frames(robot, frames)
    moving = tuple(positions.index(joint) for joint in robot.joints)
    period = Fraction(drives[0].period)
    bodies: dict[tuple[int, int | None], Body] = {}
    shapes: dict[Shape, int] = {}
    rows = []
    for each in kept:
        body = bodies.setdefault((each.sphere, each.other), _body(robot, each.sphere, each.other))
        shape = shapes.setdefault(each.shape, len(shapes))
        rows.append(
            _row(
                each,
                list(bodies).index((each.sphere, each.other)),
                shape,
                body,
                [drives[k] for k in moving],
                period,
            )
        )
    if not rows:
        return tuple(
            _refused(each, "keeps nothing: no collision sphere moves") for each in model.clearances
        )
    chain, found = robot.chain, list(bodies.values())
    if jump is not None:
        zero = Fraction(0)
        tip = Sphere(chain.tip, (zero, zero, zero), zero)
        chain = replace(chain, spheres=(*chain.spheres, tip))
        reach = reaches(chain, len(chain.spheres) - 1)
        found.append(Body(len(chain.spheres) - 1, None, tuple(map(rounded_up, reach))))
    return Arm(
        kinematics(chain, ()),
        centers_only(chain),
        moving,
        tuple(shapes),
        tuple(found),
        tuple(rows),
        None if jump is None else rounded_down(jump - Fraction(ROUNDING)),
    )


def _why_not(
    model: Model, clearance: Clearance, robots: set[str], positions: Sequence[str]
) -> str | None:
    robot = model.robots[clearance.robot]
    if len(robots) > 1:
        return "is of another robot than the first one: one robot can be kept clear"
    missing = [joint for joint in robot.joints if joint not in positions]
    if missing:
        return f"needs `{missing[0]}`, which no plant drives"
    if clearance in model.clearances and not robot.chain.spheres:
        return f"keeps nothing: `{robot.name}` has no collision spheres"
    place = {**model.obstacles, **model.zones}.get(clearance.other)
    if place is not None and place.size != 3:
        return f"needs a place in space, but `{place.name}` has {place.size} coordinates"
    if place is not None and not place.solids:
        return f"needs a bounded place, but `{place.name}` is none"
    if place is not None and clearance.inside:
        return _not_a_workspace(place)
    return _too_deep(robot, clearance, place) if place is not None else None


def _not_a_workspace(place: Place) -> str | None:
    if len(place.solids) > 1:
        return f"needs a convex place, but `{place.name}` is put together from several"
    if place.solids[0].radius:
        return f"needs a place with flat sides, but `{place.name}` is round"
    return None


def _too_deep(robot: Robot, clearance: Clearance, place: Place) -> str | None:
    """A distance is 0 all over the inside, so a sphere presses in by less than all radii."""
    thin = min(
        (s for s in robot.chain.spheres if _carried(robot)[s.link]),
        key=lambda sphere: sphere.radius,
        default=None,
    )
    if thin is None:
        return None
    room = thin.radius + min(solid.radius for solid in place.solids)
    if room + clearance.least > 0:
        return None
    depth, size = float(-clearance.least), float(room)
    return (
        f"presses in by {depth:.6g} m, but a sphere of `{thin.link}` has no more than {size:.6g} m"
        " to give"
    )


def _runs_out(robot: Robot, drives: Sequence[Drive], positions: Sequence[str]) -> str | None:
    """Reaches hold as long as no shifting joint leaves the limits of the URDF."""
    for joint, name in zip(robot.chain.moving, robot.joints, strict=True):
        drive, limits = drives[positions.index(name)], joint.limits
        if joint.kind == "prismatic" and not (
            limits.lower is not None
            and limits.upper is not None
            and limits.lower <= Fraction(drive.lower)
            and Fraction(drive.upper) <= limits.upper
        ):
            return f"needs barriers that keep `{name}` within the limits of its URDF"
    return None


def _refused(clearance: Clearance, why: str) -> Diagnostic:
    return Diagnostic(
        code="barrier-not-supported",
        span=clearance.span,
        message=f"`{clearance.name}` {why}",
        help="supported: clearance(robot, obstacle or zone or robot, distance), contact and inside",
    )


# ---- exact -------------------------------------------------------------------------------------


def _kept(model: Model, robot: Robot, clearance: Clearance) -> Iterator[Kept]:
    spheres = robot.chain.spheres
    carried = _carried(robot)
    moved = [i for i, sphere in enumerate(spheres) if carried[sphere.link] > 0]
    if clearance.other == robot.name:
        for one in moved:
            for other in range(len(spheres)):
                apart = carried[spheres[one].link] - carried[spheres[other].link]
                if apart > 1:
                    least = clearance.least + spheres[one].radius + spheres[other].radius
                    yield Kept(clearance, one, other, ORIGIN, least)
        return
    place = {**model.obstacles, **model.zones}[clearance.other]
    if clearance.inside:
        for side in _sides(place.solids[0]):
            for i in moved:
                yield Kept(clearance, i, None, side, clearance.least + spheres[i].radius)
        return
    for solid in place.solids:
        shape = shape_of(solid)
        for i in moved:
            least = clearance.least + spheres[i].radius + solid.radius
            yield Kept(clearance, i, None, shape, least)


def _of_frame(robot: Robot, frames: Sequence[Pinned], frame: Pinned) -> Kept:
    """The origin of the frame, kept from the half-space normal . p <= bound."""
    normal = _point([side / frame.length for side in frame.normal])
    plane = Facets((normal,), (rounded_up(frame.bound / frame.length),))
    sphere = len(robot.chain.spheres) + links_of(frames).index(frame.link)
    return Kept(as_clearance(frame), sphere, None, plane, Fraction(0))


def _carried(robot: Robot) -> dict[str, int]:
    """How many moving joints carry each link."""
    found, moved = {robot.chain.base: 0}, 0
    for joint in robot.chain.joints:
        moved += joint.moves
        found[joint.child] = moved
    return found


def shape_of(solid: Solid) -> Shape:
    """The convex body of the solid, without its radius, in the nearest doubles: off by less than
    1e-12 m for what is within 1 km, which clearance.ROUNDING pays for."""
    corners = solid.vertices
    if len(corners) <= 2:
        return Segment(_point(corners[0]), _point(corners[-1]))
    lower = [min(corner[k] for corner in corners) for k in range(3)]
    upper = [max(corner[k] for corner in corners) for k in range(3)]
    whole = {(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)}
    if {_end(corner, lower, upper) for corner in corners} == whole and len(corners) == 8:
        return Cuboid(_point(lower), _point(upper))
    normals, offsets = [], []
    for row, bound in zip(solid.facets.rows, solid.facets.bounds, strict=True):
        length = math.hypot(*map(float, row))
        normals.append(_point([side / Fraction(length) for side in row]))
        offsets.append(float(bound / Fraction(length)))
    return Facets(tuple(normals), tuple(offsets))


def _sides(solid: Solid) -> Iterator[Facets]:
    """What lies beyond each side, as a half-space."""
    for row, bound in zip(solid.facets.rows, solid.facets.bounds, strict=True):
        length = Fraction(math.hypot(*map(float, row)))
        yield Facets((_point([-side / length for side in row]),), (rounded_up(-bound / length),))


def _end(
    corner: Sequence[Fraction], lower: Sequence[Fraction], upper: Sequence[Fraction]
) -> tuple[int, ...]:
    """Which corner of the box it is; 2 stands where it is none."""
    sides = zip(corner, lower, upper, strict=True)
    return tuple(0 if c == low else 1 if c == high else 2 for c, low, high in sides)


def _point(values: Sequence[Fraction]) -> Point:
    x, y, z = map(float, values)
    return x, y, z


# ---- in doubles --------------------------------------------------------------------------------


def _body(robot: Robot, sphere: int, other: int | None) -> Body:
    if other is None:
        reach = reaches(robot.chain, sphere)
    else:
        reach = reaches_apart(robot.chain, sphere, other)
    return Body(sphere, other, tuple(map(rounded_up, reach)))


def _row(
    kept: Kept, body: int, shape: int, known: Body, drives: Sequence[Drive], period: Fraction
) -> Row:
    alpha = kept.clearance.alpha
    share = Fraction(0) if alpha is None else max(Fraction(0), 1 - alpha * period)
    reach = [Fraction(r) for r in known.reach]
    stray = sum((r * Fraction(d.radius) for r, d in zip(reach, drives, strict=True)), Fraction(0))
    least = kept.least + stray + Fraction(ROUNDING)
    margin, stay = rounded_up(remainder(reach, drives)), rounded_up(reserve(reach, drives))
    name = kept.clearance.name
    return Row(body, shape, rounded_up(least), rounded_up(share), margin, stay, name)


def remainder(reach: Sequence[Fraction], drives: Sequence[Drive]) -> Fraction:
    """How far a body may leave the straight way of its rate in one period, where commands are
    speeds: sum_k r_k |dq_k| (2 sum_(j<k) |dq_j| + |dq_k|) / 2. The gate judges what brakes."""
    total, others = Fraction(0), Fraction(0)
    for r, drive in zip(reach, drives, strict=True):
        if drive.kind is Kind.FREE:
            way = Fraction(max(-drive.box_lower, drive.box_upper)) * Fraction(drive.period)
            total += r * way * (2 * others + way) / 2
            others += way
    return total


def reserve(reach: Sequence[Fraction], drives: Sequence[Drive]) -> Fraction:
    """How far a body may be moved in one period by the speeds that braking takes away in one,
    sum_k r_k a_k T^2: eight times what the gate asks for beside the chord of a period, so that what
    comes to rest this far away is not refused when it moves on."""
    return sum(
        (
            r * max(Fraction(d.slowing_down), Fraction(d.slowing_up)) * Fraction(d.period) ** 2
            for r, d in zip(reach, drives, strict=True)
            if d.kind is not Kind.FREE
        ),
        Fraction(0),
    )
