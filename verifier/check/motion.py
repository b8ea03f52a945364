"""Whether a family of motions serves every start: the rules of verifier/core/motion.py, no more.

Trusted. Everything is linear in the start, so that the greatest value over a set of starts is taken
at a vertex, and for a box axis by axis. A Bezier curve lies in the hull of its control points; its
derivative is the Bezier curve of their differences times degree / duration.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.core.cell import box_rows, dot
from verifier.core.motion import (
    Affine,
    Box,
    Cut,
    Family,
    Motion,
    Piece,
    Plan,
    Polytope,
    Problem,
    Region,
    Solid,
    Space,
    Starts,
    Vector,
)
from verifier.core.starts import greatest, well_formed
from verifier.core.starts import width as width_of

ZERO = Fraction(0)


def judge_motion(problem: Problem, family: Family) -> Accepted | Rejected:
    """Whether every start is taken into the end set, through free space, within all bounds."""
    try:
        require_well_formed(problem)
        for number, region in enumerate(family.regions):
            _free(problem.space, region, number)
        if len(family.plans) != len(problem.starts):
            raise Refused("not one plan for each set of starts")
        for starts, plan in zip(problem.starts, family.plans, strict=True):
            _plan(problem, family.regions, starts, plan)
    except Refused as refusal:
        return Rejected(str(refusal))
    return Accepted()


def judge_plan(problem: Problem, plan: Plan, family: object) -> Accepted | Rejected:
    """The same for a problem with one set of starts, where the family says nothing but which region
    each piece of this plan lies in."""
    if not isinstance(family, Family):
        return Rejected("a passage is proved by a family of motions only")
    if len(family.plans) != 1 or not _alike(plan, family.plans[0]):
        return Rejected("the family has another plan than the one asked for")
    return judge_motion(problem, family)


def _alike(one: Plan, other: Plan) -> bool:
    """Whether the plans differ in the numbers of regions at most."""
    todo = [(one, other)]
    while todo:
        match todo.pop():
            case Motion(pieces), Motion(others):
                if [(p.duration, p.points) for p in pieces] != [
                    (p.duration, p.points) for p in others
                ]:
                    return False
            case Cut(axis, bound, below, above), Cut(twin, twin_bound, twin_below, twin_above):
                if (axis, bound) != (twin, twin_bound):
                    return False
                todo += [(below, twin_below), (above, twin_above)]
            case _:
                return False
    return True


def require_well_formed(problem: Problem) -> None:
    """Raises Refused for a problem that asks nothing sensible."""
    size = problem.space.dimension
    if len(problem.speed_max) != size or len(problem.acceleration_max) != size:
        raise Refused("not one speed and one acceleration for each axis")
    if min(*problem.speed_max, *problem.acceleration_max) <= 0 or problem.space.clearance < 0:
        raise Refused("a bound on speed or acceleration is not positive")
    if any(not solid.vertices or solid.radius < 0 for solid in problem.space.obstacles):
        raise Refused("an obstacle has no points or a negative radius")
    _shape(problem.end, size + problem.rigid)
    if problem.tube is not None:
        _shape(problem.tube, size + problem.rigid)
    for body in problem.space.regions or ():
        _shape(body, size)
    for starts in problem.starts:
        if not well_formed(starts, size * (2 if problem.moving else 1) + problem.rigid):
            raise Refused("a set of starts has the wrong dimension")


def _shape(body: Polytope, size: int) -> None:
    if len(body.rows) != len(body.bounds) or any(len(row) != size for row in body.rows):
        raise Refused("a polytope has the wrong dimension")


# ---- regions -----------------------------------------------------------------------------------


def _free(space: Space, region: Region, number: int) -> None:
    _shape(region.body, space.dimension)
    if space.bounds is not None and not _implies(region.body, box_rows(space.bounds), ()):
        raise Refused(f"region {number} is not inside the bounds")
    for index, solid in enumerate(space.obstacles):
        if not _apart(region.body, solid, space.clearance):
            raise Refused(f"region {number} is not kept apart from obstacle {index}")
    if space.regions is not None and not _lies(space.regions, region):
        raise Refused(f"region {number} is not inside the free regions")


def _implies(body: Polytope, wanted: Polytope, extra: Sequence[tuple[Vector, Fraction]]) -> bool:
    """Whether each wanted row is a row of the body, or an extra one, with no greater bound."""
    least: dict[Vector, Fraction] = {}
    for row, bound in (*zip(body.rows, body.bounds, strict=True), *extra):
        least[row] = min(bound, least.get(row, bound))
    return all(
        row in least and least[row] <= bound
        for row, bound in zip(wanted.rows, wanted.bounds, strict=True)
    )


def _apart(body: Polytope, solid: Solid, clearance: Fraction) -> bool:
    """Whether a row of the body is violated by the solid by more than 0, at a distance of at least
    the clearance."""
    kept = clearance + solid.radius
    for row, bound in zip(body.rows, body.bounds, strict=True):
        if not all(dot(row, point) > bound for point in solid.vertices):
            continue
        gap = min(dot(row, point) for point in solid.vertices) - bound
        square = kept * kept * dot(row, row)
        if gap * gap > square or (clearance > 0 and gap * gap == square):
            return True
    return False


def _lies(regions: tuple[Polytope, ...], region: Region) -> bool:
    lying = region.lying
    if lying is None or not all(0 <= index < len(regions) for index in lying.regions):
        return False
    if len(lying.regions) == 1:
        return _implies(region.body, regions[lying.regions[0]], ())
    if len(lying.regions) != 2:
        return False
    below, above = (regions[index] for index in lying.regions)
    turned = tuple(-a for a in lying.row)
    return _implies(region.body, below, [(lying.row, lying.bound)]) and _implies(
        region.body, above, [(turned, -lying.bound)]
    )


# ---- plans -------------------------------------------------------------------------------------


def _plan(problem: Problem, regions: tuple[Region, ...], starts: Starts, plan: Plan) -> None:
    todo: list[tuple[Starts, Plan]] = [(starts, plan)]
    while todo:
        part, chosen = todo.pop()
        if isinstance(part, Box) and any(
            a > b for a, b in zip(part.lower, part.upper, strict=True)
        ):
            continue
        if isinstance(chosen, Motion):
            _motion(problem, regions, part, chosen)
            continue
        if not isinstance(part, Box) or not 0 <= chosen.axis < len(part.lower):
            raise Refused("only a box of starts can be cut, along one of its axes")
        below, above = _halves(part, chosen)
        todo.extend(((above, chosen.above), (below, chosen.below)))


def _halves(starts: Box, cut: Cut) -> tuple[Box, Box]:
    def replaced(side: Vector, value: Fraction) -> Vector:
        return (*side[: cut.axis], value, *side[cut.axis + 1 :])

    upper = min(cut.bound, starts.upper[cut.axis])
    lower = max(cut.bound, starts.lower[cut.axis])
    return Box(starts.lower, replaced(starts.upper, upper)), Box(
        replaced(starts.lower, lower), starts.upper
    )


def _motion(problem: Problem, regions: tuple[Region, ...], starts: Starts, motion: Motion) -> None:
    size, width = problem.space.dimension, width_of(starts)
    here = tuple(_unit(axis, width) for axis in range(size))
    fixed = tuple(_unit(axis, width) for axis in range(width - problem.rigid, width))
    if problem.duration_max is not None and motion.duration > problem.duration_max:
        raise Refused("the motion takes longer than is allowed")
    if not motion.pieces:
        if problem.moving or not any(_within(starts, here, region.body) for region in regions):
            raise Refused("some start cannot stay where it is")
        _ends(problem, starts, (*here, *fixed))
        return
    for piece in motion.pieces:
        _piece(problem, regions, starts, piece)
        if problem.tube is not None and not all(
            _within(starts, (*point, *fixed), problem.tube) for point in piece.points
        ):
            raise Refused("the motion leaves the tube for some start")
    start = tuple(_unit(size + axis, width) for axis in range(size))
    velocity = start if problem.moving else _still(size, width)
    if motion.pieces[0].points[0] != here or _leaving(motion.pieces[0]) != velocity:
        raise Refused("the motion does not begin at the start")
    for one, following in pairwise(motion.pieces):
        if one.points[-1] != following.points[0] or _arriving(one) != _leaving(following):
            raise Refused("position or velocity jumps between two pieces")
    if _arriving(motion.pieces[-1]) != _still(size, width):
        raise Refused("the motion does not end at rest")
    _ends(problem, starts, (*motion.pieces[-1].points[-1], *fixed))


def _piece(problem: Problem, regions: tuple[Region, ...], starts: Starts, piece: Piece) -> None:
    size, width = problem.space.dimension, width_of(starts)
    if piece.duration <= 0 or len(piece.points) < 2:
        raise Refused("a piece has no duration, or less than two control points")
    if any(len(point) != size for point in piece.points) or any(
        len(part.linear) != width for point in piece.points for part in point
    ):
        raise Refused("a control point has the wrong dimension")
    if not 0 <= piece.region < len(regions):
        raise Refused("a piece names a region that is not there")
    if not all(_within(starts, point, regions[piece.region].body) for point in piece.points):
        raise Refused(f"a control point leaves region {piece.region} for some start")
    speeds = _derivative(piece.points, piece.duration)
    if not _bounded(starts, speeds, problem.speed_max):
        raise Refused("a piece is too fast for some start")
    if not _bounded(starts, _derivative(speeds, piece.duration), problem.acceleration_max):
        raise Refused("a piece accelerates too much for some start")


def _ends(problem: Problem, starts: Starts, point: tuple[Affine, ...]) -> None:
    if not _within(starts, point, problem.end):
        raise Refused("the motion does not end inside the end set for every start")


# ---- affine functions of the start -------------------------------------------------------------


def _unit(axis: int, width: int) -> Affine:
    return Affine(ZERO, tuple(Fraction(axis == other) for other in range(width)))


def _still(size: int, width: int) -> tuple[Affine, ...]:
    return (Affine(ZERO, (ZERO,) * width),) * size


def _combined(row: Sequence[Fraction], parts: Sequence[Affine]) -> Affine:
    used = [(a, part) for a, part in zip(row, parts, strict=True) if a]
    return Affine(
        sum((a * part.constant for a, part in used), ZERO),
        tuple(
            sum((a * part.linear[i] for a, part in used if part.linear[i]), ZERO)
            for i in range(len(parts[0].linear))
        ),
    )


def _within(starts: Starts, point: tuple[Affine, ...], body: Polytope) -> bool:
    """Whether the point lies in the body for every start."""
    return all(
        greatest(starts, _combined(row, point)) <= bound
        for row, bound in zip(body.rows, body.bounds, strict=True)
    )


def _difference(last: Affine, first: Affine, factor: Fraction) -> Affine:
    pairs = zip(last.linear, first.linear, strict=True)
    return Affine(
        factor * (last.constant - first.constant),
        tuple(factor * (a - b) if a or b else ZERO for a, b in pairs),
    )


def _derivative(
    points: tuple[tuple[Affine, ...], ...], duration: Fraction
) -> tuple[tuple[Affine, ...], ...]:
    factor = (len(points) - 1) / duration
    return tuple(
        tuple(_difference(b, a, factor) for a, b in zip(one, following, strict=True))
        for one, following in pairwise(points)
    )


def _leaving(piece: Piece) -> tuple[Affine, ...]:
    return _derivative(piece.points, piece.duration)[0]


def _arriving(piece: Piece) -> tuple[Affine, ...]:
    return _derivative(piece.points, piece.duration)[-1]


def _bounded(starts: Starts, points: tuple[tuple[Affine, ...], ...], most: Vector) -> bool:
    minus = (Fraction(-1),)
    return all(
        greatest(starts, part) <= bound and greatest(starts, _combined(minus, (part,))) <= bound
        for point in points
        for part, bound in zip(point, most, strict=True)
    )
