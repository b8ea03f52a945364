"""Whether a family of motions serves every start: the rules of verifier/core/motion.py, no more.

Trusted. Everything is linear in the start, so that the greatest value over a set of starts is taken
at a vertex, and for a box axis by axis. A Bezier curve lies in the hull of its control points; its
derivative is the Bezier curve of their differences times degree / duration. The numbers of a piece,
of a row and of the starts are each brought to one denominator, and judged as integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm
from operator import mul
from typing import TypeAlias

from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.core.cell import box_rows, dot
from verifier.core.motion import (
    Box,
    Cut,
    Family,
    Hull,
    Motion,
    Piece,
    Plan,
    Polytope,
    Problem,
    Product,
    Region,
    Solid,
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
    rooms = tuple(_rows(region.body) for region in regions)
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
    corners, end = _corners(starts), _rows(problem.end)
    tube = None if problem.tube is None else _rows(problem.tube)
    here = tuple(_unit(axis, width) for axis in range(size))
    fixed = tuple(_unit(axis, width) for axis in range(width - problem.rigid, width))
    if problem.duration_max is not None and motion.duration > problem.duration_max:
        raise Refused("the motion takes longer than is allowed")
    if not motion.pieces:
        if problem.moving or not any(_within(corners, here, 1, room) for room in rooms):
            raise Refused("some start cannot stay where it is")
        _ends(corners, (*here, *fixed), 1, end)
        return
    curves = [_curve(problem, rooms, corners, piece, width) for piece in motion.pieces]
    for curve in curves:
        rigid = tuple(_times(part, curve.unit) for part in fixed)
        if tube is not None and not all(
            _within(corners, (*point, *rigid), curve.unit, tube) for point in curve.points
        ):
            raise Refused("the motion leaves the tube for some start")
    first, last = curves[0], curves[-1]
    velocity = [_unit(size + axis, width) for axis in range(size)] if problem.moving else []
    if any(
        part != _times(start, first.unit) for part, start in zip(first.points[0], here, strict=True)
    ) or not _same(first.leaving, (Fraction(1), velocity or _still(size, width))):
        raise Refused("the motion does not begin at the start")
    for one, following in pairwise(curves):
        joined = (Fraction(1, one.unit), one.points[-1])
        if not _same(joined, (Fraction(1, following.unit), following.points[0])) or not _same(
            one.arriving, following.leaving
        ):
            raise Refused("position or velocity jumps between two pieces")
    if not _same(last.arriving, (Fraction(1), _still(size, width))):
        raise Refused("the motion does not end at rest")
    rigid = tuple(_times(part, last.unit) for part in fixed)
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
    curve = _in_integers(piece)
    if not all(_within(corners, p, curve.unit, rooms[piece.region]) for p in curve.points):
        raise Refused(f"a control point leaves region {piece.region} for some start")
    if not _bounded(corners, curve.rates, curve.rate, problem.speed_max):
        raise Refused("a piece is too fast for some start")
    changes = _differences(curve.rates, len(piece.points) - 2)
    if not _bounded(corners, changes, curve.rate / piece.duration, problem.acceleration_max):
        raise Refused("a piece accelerates too much for some start")
    return curve


def _ends(corners: Corners, point: Point, unit: int, end: Rows) -> None:
    if not _within(corners, point, unit, end):
        raise Refused("the motion does not end inside the end set for every start")


# ---- integers ----------------------------------------------------------------------------------

Numbers: TypeAlias = tuple[int, ...]
"""An affine function of the start, times a unit: the constant, then the factors."""
Point: TypeAlias = Sequence[Numbers]
Velocity: TypeAlias = tuple[Fraction, Point]
"""A factor, and what it is to be multiplied by."""
Rows: TypeAlias = tuple[tuple[tuple[tuple[int, int], ...], int], ...]
"""The entries of each row that are not 0, and its bound, times a number of its own."""


@dataclass(frozen=True, slots=True)
class Corners:
    """Points whose hulls make up the set of starts, times `unit`; each coordinate is in one of the
    parts. A coordinate is counted from 1, behind the constant."""

    parts: tuple[tuple[Numbers, tuple[Numbers, ...]], ...]
    unit: int


@dataclass(frozen=True, slots=True)
class Curve:
    """The control points of a piece times `unit`, their differences times the degree, and the
    factor that makes speeds of these."""

    points: tuple[tuple[Numbers, ...], ...]
    unit: int
    rates: tuple[tuple[Numbers, ...], ...]
    rate: Fraction

    @property
    def leaving(self) -> Velocity:
        return self.rate, self.rates[0]

    @property
    def arriving(self) -> Velocity:
        return self.rate, self.rates[-1]


def _unit(axis: int, width: int) -> Numbers:
    return (0, *(int(axis == other) for other in range(width)))


def _still(size: int, width: int) -> list[Numbers]:
    return [(0,) * (width + 1)] * size


def _times(part: Numbers, factor: int) -> Numbers:
    return tuple([factor * a for a in part])


def _denominator(values: Iterable[Fraction]) -> int:
    return lcm(*{value.denominator for value in values})


def _whole(value: Fraction, unit: int) -> int:
    """unit * value, where the value's denominator divides the unit."""
    return value.numerator * (unit // value.denominator)


def _corners(starts: Starts) -> Corners:
    given: Sequence[tuple[Sequence[int], Sequence[Vector]]]
    match starts:
        case Box(lower, upper):
            sides = enumerate(zip(lower, upper, strict=True))
            given = [((axis,), [(low,), (high,)]) for axis, (low, high) in sides]
        case Hull(vertices):
            given = [(range(len(vertices[0])), vertices)]
        case Product(parts):
            given = parts
    unit = _denominator(x for _, points in given for point in points for x in point)
    return Corners(
        tuple(
            (
                tuple(axis + 1 for axis in axes),
                tuple(tuple(_whole(x, unit) for x in point) for point in points),
            )
            for axes, points in given
        ),
        unit,
    )


def _rows(body: Polytope) -> Rows:
    found = []
    for row, bound in zip(body.rows, body.bounds, strict=True):
        unit = _denominator((*row, bound))
        entries = tuple((axis, _whole(a, unit)) for axis, a in enumerate(row) if a)
        found.append((entries, _whole(bound, unit)))
    return tuple(found)


def _in_integers(piece: Piece) -> Curve:
    parts = [part for point in piece.points for part in point]
    unit = _denominator(x for part in parts for x in (part.constant, *part.linear))
    points = tuple(
        tuple(
            (_whole(part.constant, unit), *[_whole(a, unit) if a else 0 for a in part.linear])
            for part in point
        )
        for point in piece.points
    )
    return Curve(points, unit, _differences(points, len(points) - 1), 1 / (unit * piece.duration))


def _differences(
    points: Sequence[Sequence[Numbers]], degree: int
) -> tuple[tuple[Numbers, ...], ...]:
    """The control points of the derivative, but for the duration."""
    return tuple(
        tuple(
            tuple([degree * (b - a) for a, b in zip(part, other, strict=True)])
            for part, other in zip(one, following, strict=True)
        )
        for one, following in pairwise(points)
    )


def _same(one: Velocity, other: Velocity) -> bool:
    """Whether the two functions of the start are the same."""
    (factor, parts), (other_factor, others) = one, other
    left = factor.numerator * other_factor.denominator
    right = other_factor.numerator * factor.denominator
    return all(
        left * a == right * b
        for part, twin in zip(parts, others, strict=True)
        for a, b in zip(part, twin, strict=True)
    )


def _greatest(corners: Corners, part: Numbers) -> int:
    """The greatest value over all starts, times the units of both."""
    most = part[0] * corners.unit
    for axes, points in corners.parts:
        if len(axes) == 1:
            a = part[axes[0]]
            if a:
                most += max([a * x for (x,) in points])
            continue
        factors = [part[axis] for axis in axes]
        if any(factors):
            most += max([sum(map(mul, factors, point)) for point in points])
    return most


def _within(corners: Corners, point: Point, unit: int, rows: Rows) -> bool:
    """Whether the point, given times the unit, lies in the rows for every start."""
    for entries, bound in rows:
        total = [0] * len(point[0])
        for axis, a in entries:
            total = [t + a * x for t, x in zip(total, point[axis], strict=True)]
        if _greatest(corners, tuple(total)) > bound * unit * corners.unit:
            return False
    return True


def _bounded(
    corners: Corners, points: Sequence[Sequence[Numbers]], factor: Fraction, most: Vector
) -> bool:
    """Whether factor * points is at most the bound, in either direction, for every start."""
    limits = [bound * corners.unit / factor for bound in most]
    return all(
        _greatest(corners, part) <= limit and _greatest(corners, _times(part, -1)) <= limit
        for point in points
        for part, limit in zip(point, limits, strict=True)
    )
