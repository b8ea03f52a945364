"""The point of a set that is furthest in a direction, with all its variables, by closed formulas.

For sets that are made without intersections; the variables are those of verifier/core/lift.py, in
their order. Where the furthest point is irrational, one just inside is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from verifier.core.description import pieces
from verifier.core.region import (
    Ball,
    Box,
    ConvexHull,
    Ellipsoid,
    Hull,
    Image,
    MinkowskiSum,
    Norm,
    Polytope,
    Region,
    Row,
    Scaling,
    Translation,
    Zonotope,
    constants,
)
from verifier.core.root import root_above, root_below
from verifier.core.term import Term
from verifier.core.vector import ZERO, apply, dot, plus, times, transposed, unit

ONE = Fraction(1)
PRECISE = 400
ROWS_MAX, SIZE_MAX = 30, 3


def is_simple(region: Region) -> bool:
    """Whether nothing is intersected in the set, so that closed formulas serve."""
    match region:
        case Box() | Ball() | Ellipsoid() | Hull() | Zonotope():
            return True
        case Translation(inner) | Scaling(inner) | Image(_, _, inner):
            return is_simple(inner)
        case MinkowskiSum(parts) | ConvexHull(parts):
            return all(is_simple(part) or _is_small(part) for part in parts)
        case _:
            return False


def _is_small(region: Region) -> bool:
    """Whether the corners of a polytope are found at once."""
    match region:
        case Polytope(rows):
            return 0 < len(rows) <= ROWS_MAX and len(rows[0]) <= SIZE_MAX
        case _:
            return False


def summit(region: Region, direction: Row) -> Row | None:
    """All variables of the furthest point; None if the set is empty or goes on for ever."""
    found = _summit(region, direction)
    return found and (*found[0], *found[1])


def _summit(region: Region, direction: Row) -> tuple[Row, Row] | None:
    """The point, and the variables after it."""
    match region:
        case Box(lower, upper):
            return _box(lower, upper, direction)
        case Ball(center, radius, norm):
            step = _ball_step(radius, norm, direction)
            extra = tuple(map(abs, step)) if norm == Norm.ONE else ()
            return plus(constants(center), step), extra
        case Ellipsoid(center, shape):
            slope = apply(shape, direction)
            square = dot(direction, slope)
            share = 1 / root_above(square, PRECISE) if square else ZERO
            return plus(constants(center), times(share, slope)), ()
        case Hull(vertices):
            best = max(range(len(vertices)), key=lambda k: dot(direction, vertices[k]))
            return vertices[best], unit(best, len(vertices))
        case Zonotope(center, generators):
            signs = tuple(ONE if dot(direction, row) >= 0 else -ONE for row in generators)
            point = constants(center)
            for sign, row in zip(signs, generators, strict=True):
                point = plus(point, times(sign, row))
            return point, signs
        case Translation(inner, by):
            found = _summit(inner, direction)
            return found and (plus(found[0], constants(by)), found[1])
        case Scaling(inner, factor):
            found = _summit(inner, times(factor, direction))
            return found and (times(factor, found[0]), found[1])
        case Image(matrix, offset, inner):
            found = _summit(inner, transposed(matrix, direction))
            if found is None:
                return None
            return plus(apply(matrix, found[0]), constants(offset)), (*found[0], *found[1])
        case Polytope():
            return _corner(region, direction)
        case MinkowskiSum(parts):
            return _sum(parts, direction)
        case ConvexHull(parts):
            return _union(parts, direction)
        case _:
            return None


def _box(
    lower: Sequence[Term | None], upper: Sequence[Term | None], direction: Row
) -> tuple[Row, Row] | None:
    point = []
    for low, high, d in zip(lower, upper, direction, strict=True):
        if d and (high if d > 0 else low) is None:
            return None
        side = high if d > 0 or low is None else low
        point.append(ZERO if side is None else constants([side])[0])
        if low is not None and constants([low])[0] > point[-1]:
            return None
        if high is not None and constants([high])[0] < point[-1]:
            return None
    return tuple(point), ()


def _corner(region: Polytope, direction: Row) -> tuple[Row, Row] | None:
    hull = pieces(region, len(direction), root_below)
    if not hull.pieces or any(dot(direction, ray) > 0 for ray in hull.rays):
        return None
    return max((piece.center for piece in hull.pieces), key=lambda p: dot(direction, p)), ()


def _ball_step(radius: Fraction, norm: Norm, direction: Row) -> Row:
    match norm:
        case Norm.MAX:
            return tuple(radius if d >= 0 else -radius for d in direction)
        case Norm.ONE:
            best = max(range(len(direction)), key=lambda k: abs(direction[k]))
            sign = radius if direction[best] >= 0 else -radius
            return times(sign, unit(best, len(direction)))
        case Norm.TWO:
            square = dot(direction, direction)
            return times(radius * root_below(1 / square, PRECISE) if square else ZERO, direction)


def _sum(parts: Sequence[Region], direction: Row) -> tuple[Row, Row] | None:
    found = []
    for part in parts:
        one = _summit(part, direction)
        if one is None:
            return None
        found.append(one)
    point = found[0][0]
    for place, _ in found[1:]:
        point = plus(point, place)
    shared = tuple(value for place, _ in found[1:] for value in place)
    return point, (*shared, *(value for _, rest in found for value in rest))


def _union(parts: Sequence[Region], direction: Row) -> tuple[Row, Row] | None:
    """All weight on the part that reaches furthest."""
    found = [_summit(part, direction) for part in parts]
    known = [(dot(direction, one[0]), k) for k, one in enumerate(found) if one is not None]
    if not known or len(known) < len(found):
        return None
    best = max(known)[1]
    chosen = found[best]
    assert chosen is not None, "it is one of those that are known"
    variables = list(unit(best, len(parts)))
    for k in range(1, len(parts)):
        variables += chosen[0] if k == best else (ZERO,) * len(direction)
    for k, one in enumerate(found):
        assert one is not None, "all are known"
        variables += one[1] if k == best else (ZERO,) * len(one[1])
    return chosen[0], tuple(variables)
