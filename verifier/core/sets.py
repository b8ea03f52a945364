"""What membership in a set means, as a formula over polynomial comparisons.

`membership` is trusted: it is the definition of `in`. It has no quantifier, so that it serves as a
hypothesis and as a goal alike: a zonotope, a sum, a hull or an image is described by its facets
(docs/decisions/010-sets-without-quantifiers.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from verifier.core.description import NoDescription, eroded
from verifier.core.description import facets as facets_of
from verifier.core.exact import inverse, reduced
from verifier.core.hull import facets
from verifier.core.region import (
    Ball,
    Box,
    ConvexHull,
    Ellipsoid,
    Erosion,
    Halfspace,
    Hull,
    Image,
    Intersection,
    MinkowskiSum,
    Norm,
    NotConstant,
    Point,
    Polytope,
    Preimage,
    Region,
    Row,
    Scaling,
    Translation,
    Zonotope,
    dimension,
)
from verifier.core.root import rational_root
from verifier.core.term import (
    Apply,
    Comparison,
    Formula,
    Number,
    Product,
    Sum,
    Term,
    Variable,
    add,
    conjunction,
    multiply,
    negate,
    number,
    subtract,
)
from verifier.core.zonotope import Bounded

__all__ = [
    "Ball",
    "Box",
    "ConvexHull",
    "Ellipsoid",
    "Erosion",
    "Halfspace",
    "Hull",
    "Image",
    "Intersection",
    "MinkowskiSum",
    "NoDescription",
    "Norm",
    "NotConstant",
    "Point",
    "Polytope",
    "Preimage",
    "Region",
    "Row",
    "Scaling",
    "Translation",
    "Zonotope",
    "dimension",
    "membership",
]


def membership(point: Point, region: Region) -> Formula:
    """The formula `point in region`. The dimensions agree.

    Raises NoDescription where a zonotope, sum, hull, image or erosion has no description by few
    rational rows, and NotConstant where its shape depends on the state.
    """
    match region:
        case Box(lower, upper):
            parts = [Comparison("<=", a, x) for a, x in zip(lower, point, strict=True) if a]
            parts += [Comparison("<=", x, b) for b, x in zip(upper, point, strict=True) if b]
            return conjunction(parts)
        case Ball():
            return _ball_membership(point, region)
        case Halfspace(normal, offset, strict):
            return Comparison("<" if strict else "<=", _dot(normal, point), offset)
        case Polytope(rows, bounds):
            return conjunction(
                Comparison("<=", _dot(row, point), bound)
                for row, bound in zip(rows, bounds, strict=True)
            )
        case Hull(vertices):
            return _hull_membership(point, vertices)
        case Ellipsoid(center, shape):
            return Comparison("<=", _form(inverse(shape), point, center), number(1))
        case Intersection(parts_of):
            return conjunction(membership(point, part) for part in parts_of)
        case Translation(inner, by):
            return membership(_minus(point, by), inner)
        case Scaling(inner, factor):
            shrunk = tuple(multiply(number(1 / factor), x) for x in point)
            return membership(shrunk, inner)
        case Preimage(matrix, offset, inner):
            return membership(_mapped(matrix, point, offset), inner)
        case Image(matrix, offset, inner) if _regular(matrix):
            back = tuple(map(tuple, inverse(matrix)))
            none = tuple(number(0) for _ in offset)
            return membership(_mapped(back, _minus(point, offset), none), inner)
        case _:
            fixed, place = _anchored(region, len(point))
            moved = _minus(point, place)
            if isinstance(fixed, Erosion):
                return membership(moved, eroded(fixed.region, fixed.by, len(point), _rational_root))
            return _rows_membership(moved, facets_of(fixed, len(point), _rational_root))


def _rational_root(square: Fraction) -> Fraction:
    root = rational_root(square)
    if root is None:
        raise NoDescription("an erosion by an irrational length")
    return root


def _square(term: Term) -> Term:
    return multiply(term, term)


def _minus(point: Point, by: Point) -> Point:
    return tuple(subtract(x, b) for x, b in zip(point, by, strict=True))


def _mapped(matrix: Sequence[Row], point: Point, offset: Point) -> Point:
    return tuple(add(_dot(row, point), c) for row, c in zip(matrix, offset, strict=True))


def _regular(matrix: Sequence[Row]) -> bool:
    return len(matrix) == len(matrix[0]) == len(reduced(matrix)[1])


def _dot(row: Sequence[Fraction], point: Point) -> Term:
    if all(isinstance(x, Variable) for x in point):
        parts = [
            x if a == 1 else Product((Number(a), x)) for a, x in zip(row, point, strict=True) if a
        ]
        return Sum(tuple(parts)) if len(parts) > 1 else parts[0] if parts else number(0)
    return add(*(multiply(Number(a), x) for a, x in zip(row, point, strict=True)))


def _form(matrix: Sequence[Sequence[Fraction]], point: Point, center: Point) -> Term:
    offset = _minus(point, center)
    return add(
        *(
            multiply(Number(matrix[i][j]), offset[i], offset[j])
            for i in range(len(offset))
            for j in range(len(offset))
        )
    )


def _ball_membership(point: Point, ball: Ball) -> Formula:
    offset = _minus(point, ball.center)
    radius = number(ball.radius)
    match ball.norm:
        case Norm.ONE:
            return Comparison("<=", add(*(Apply("abs", (x,)) for x in offset)), radius)
        case Norm.TWO:
            return Comparison("<=", add(*map(_square, offset)), number(ball.radius**2))
        case Norm.MAX:
            sides = [(negate(radius), x) for x in offset] + [(x, radius) for x in offset]
            return conjunction(Comparison("<=", low, high) for low, high in sides)


def _hull_membership(point: Point, vertices: tuple[Row, ...]) -> Formula:
    equalities, inequalities = facets(vertices)
    rows = [Bounded(row, bound, True) for row, bound in equalities]
    return _rows_membership(point, [*rows, *(Bounded(row, bound) for row, bound in inequalities)])


def _rows_membership(point: Point, rows: Iterable[Bounded]) -> Formula:
    return conjunction(
        Comparison("==" if each.equal else "<=", _dot(each.row, point), number(each.bound))
        for each in rows
    )


# ---- places ------------------------------------------------------------------------------------


def _anchored(region: Region, size: int) -> tuple[Region, Point]:
    """A set, constant if possible, and the place to which it is moved."""
    origin = tuple(number(0) for _ in range(size))
    match region:
        case Ball(center, radius, norm):
            return Ball(origin, radius, norm), center
        case Ellipsoid(center, shape):
            return Ellipsoid(origin, shape), center
        case Zonotope(center, generators):
            return Zonotope(origin, generators), center
        case Translation(inner, by):
            shape_of, place = _anchored(inner, size)
            return shape_of, tuple(map(add, place, by))
        case Scaling(inner, factor):
            shape_of, place = _anchored(inner, size)
            return Scaling(shape_of, factor), tuple(multiply(number(factor), x) for x in place)
        case Image(matrix, offset, inner):
            shape_of, place = _anchored(inner, len(matrix[0]))
            return Image(matrix, origin, shape_of), _mapped(matrix, place, offset)
        case MinkowskiSum(parts):
            found = [_anchored(part, size) for part in parts]
            places = zip(*(place for _, place in found), strict=True)
            return MinkowskiSum(tuple(part for part, _ in found)), tuple(add(*xs) for xs in places)
        case Erosion(inner, by_region):
            shape_of, place = _anchored(inner, size)
            less, step = _anchored(by_region, size)
            return Erosion(shape_of, less), _minus(place, step)
        case _:
            return region, origin
