"""Whether a family of motions serves every start: the rules of verifier/core/motion.py, no more.

Trusted. Everything is linear in the start, so that the greatest value over a set of starts is taken
at a vertex, and for a box axis by axis. A Bezier curve lies in the hull of its control points; its
derivative is the Bezier curve of their differences times degree / duration. The numbers of a piece,
of a row and of the starts are each brought to one denominator, and judged as integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.check.whole import (
    Corners,
    Curve,
    Point,
    Points,
    Rows,
    bounded,
    coordinate,
    corners_of,
    curve_of,
    differences,
    multiplied,
    points_of,
    rows_of,
    same,
    still,
    within,
)
from verifier.core.cell import box_rows
from verifier.core.motion import (
    Box,
    Cut,
    Family,
    Motion,
    Piece,
    Plan,
    Polytope,
    Problem,
    Region,
    Space,
    Starts,
    Vector,
)
from verifier.core.starts import well_formed
from verifier.core.starts import width as width_of


def judge_motion(problem: Problem, family: Family) -> Accepted | Rejected:
    """Whether every start is taken into the end set, through free space, within all bounds."""
    try:
        require_well_formed(problem)
        solids = [points_of(solid.vertices) for solid in problem.space.obstacles]
        for number, region in enumerate(family.regions):
            _free(problem.space, solids, region, number)
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


def _free(space: Space, solids: Sequence[Points], region: Region, number: int) -> None:
    _shape(region.body, space.dimension)
    if space.bounds is not None and not _implies(region.body, box_rows(space.bounds), ()):
        raise Refused(f"region {number} is not inside the bounds")
    rows = rows_of(region.body)
    for index, (solid, points) in enumerate(zip(space.obstacles, solids, strict=True)):
        if not _apart(rows, points, space.clearance + solid.radius, space.clearance == 0):
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


def _apart(rows: Rows, solid: Points, kept: Fraction, strictly: bool) -> bool:
    """Whether a row is violated by all points of the solid by more than 0, at a distance of at
    least `kept`, or strictly more than that."""
    points, unit = solid
    square, part = (kept * kept).as_integer_ratio()
    for entries, bound in rows:
        gap = min([sum([a * point[axis] for axis, a in entries]) for point in points])
        gap -= bound * unit
        if gap <= 0:
            continue
        least = square * unit * unit * sum([a * a for _, a in entries])
        if part * gap * gap > least or (part * gap * gap == least and not strictly):
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
    rooms = tuple(rows_of(region.body) for region in regions)
    todo: list[tuple[Starts, Plan]] = [(starts, plan)]
    while todo:
        part, chosen = todo.pop()
        if isinstance(part, Box) and any(
            a > b for a, b in zip(part.lower, part.upper, strict=True)
        ):
            continue
        if isinstance(chosen, Motion):
            _motion(problem, rooms, part, chosen)
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


def _motion(problem: Problem, rooms: tuple[Rows, ...], starts: Starts, motion: Motion) -> None:
    size, width = problem.space.dimension, width_of(starts)
    corners, end = corners_of(starts), rows_of(problem.end)
    tube = None if problem.tube is None else rows_of(problem.tube)
    here = tuple(coordinate(axis, width) for axis in range(size))
    fixed = tuple(coordinate(axis, width) for axis in range(width - problem.rigid, width))
    if problem.duration_max is not None and motion.duration > problem.duration_max:
        raise Refused("the motion takes longer than is allowed")
    if not motion.pieces:
        if problem.moving or not any(within(corners, here, 1, room) for room in rooms):
            raise Refused("some start cannot stay where it is")
        _ends(corners, (*here, *fixed), 1, end)
        return
    curves = [_curve(problem, rooms, corners, piece, width) for piece in motion.pieces]
    for curve in curves:
        rigid = tuple(multiplied(part, curve.unit) for part in fixed)
        if tube is not None and not all(
            within(corners, (*point, *rigid), curve.unit, tube) for point in curve.points
        ):
            raise Refused("the motion leaves the tube for some start")
    first, last = curves[0], curves[-1]
    velocity = [coordinate(size + axis, width) for axis in range(size)] if problem.moving else []
    if any(
        part != multiplied(start, first.unit)
        for part, start in zip(first.points[0], here, strict=True)
    ) or not same(first.leaving, (Fraction(1), velocity or still(size, width))):
        raise Refused("the motion does not begin at the start")
    for one, following in pairwise(curves):
        joined = (Fraction(1, one.unit), one.points[-1])
        if not same(joined, (Fraction(1, following.unit), following.points[0])) or not same(
            one.arriving, following.leaving
        ):
            raise Refused("position or velocity jumps between two pieces")
    if not same(last.arriving, (Fraction(1), still(size, width))):
        raise Refused("the motion does not end at rest")
    rigid = tuple(multiplied(part, last.unit) for part in fixed)
    _ends(corners, (*last.points[-1], *rigid), last.unit, end)


def _curve(
    problem: Problem, rooms: tuple[Rows, ...], corners: Corners, piece: Piece, width: int
) -> Curve:
    """The piece in integers; it lies in its region and keeps the bounds on speed and acceleration
    for every start."""
    size = problem.space.dimension
    if piece.duration <= 0 or len(piece.points) < 2:
        raise Refused("a piece has no duration, or less than two control points")
    if any(len(point) != size for point in piece.points) or any(
        len(part.linear) != width for point in piece.points for part in point
    ):
        raise Refused("a control point has the wrong dimension")
    if not 0 <= piece.region < len(rooms):
        raise Refused("a piece names a region that is not there")
    curve = curve_of(piece)
    if not all(within(corners, p, curve.unit, rooms[piece.region]) for p in curve.points):
        raise Refused(f"a control point leaves region {piece.region} for some start")
    if not bounded(corners, curve.rates, curve.rate, problem.speed_max):
        raise Refused("a piece is too fast for some start")
    changes = differences(curve.rates, len(piece.points) - 2)
    if not bounded(corners, changes, curve.rate / piece.duration, problem.acceleration_max):
        raise Refused("a piece accelerates too much for some start")
    return curve


def _ends(corners: Corners, point: Point, unit: int, end: Rows) -> None:
    if not within(corners, point, unit, end):
        raise Refused("the motion does not end inside the end set for every start")
