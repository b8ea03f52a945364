"""Constant sets by their rows, by their generators, and by pieces; what is eroded from them.

Every description is exact and complete, found by enumeration, and refused where that is too much
(Ziegler, Lectures on Polytopes, 1.1 to 1.5). A strict halfspace is described by its closure.

Where an erosion meets an irrational number, `root` rounds it: rounded down, the set described
contains the set that is meant; rounded up, it is contained in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product

from verifier.core.cone import RAYS_MAX, TooMany, generators_of, integers
from verifier.core.exact import squares
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
    Polytope,
    Preimage,
    Region,
    Row,
    Scaling,
    Translation,
    Zonotope,
    constants,
)
from verifier.core.root import BITS, Root, rational_root, root_above
from verifier.core.term import Term, number
from verifier.core.vector import ONE, ZERO, Matrix, apply, dot, plus, times, transposed, unit
from verifier.core.zonotope import Bounded, as_zonotope, facets_of_zonotope, few


class NoDescription(Exception):
    """The set has no such description, or one that is too large; says which."""


@dataclass(frozen=True, slots=True)
class Piece:
    """{center + sum of w_k axis_k : sum of w_k^2 / square_k <= 1}; a point if there are no axes.
    Every square is positive."""

    center: Row
    axes: Matrix = ()
    squares: Row = ()


@dataclass(frozen=True, slots=True)
class Pieces:
    """The closed convex hull of the pieces, plus every sum of nonnegative multiples of the rays.
    Empty if there are no pieces."""

    pieces: tuple[Piece, ...]
    rays: Matrix = ()


# ---- rows --------------------------------------------------------------------------------------


def facets(region: Region, size: int, root: Root) -> tuple[Bounded, ...]:
    """Rows that together describe the set in R^size.

    Raises NoDescription, and NotConstant.
    """
    match region:
        case Box(lower, upper):
            return tuple(_sides(lower, upper))
        case Ball(center, radius, Norm.MAX):
            middle = constants(center)
            return tuple(
                Bounded(times(Fraction(sign), unit(i, size)), sign * c + radius)
                for i, c in enumerate(middle)
                for sign in (1, -1)
            )
        case Ball(center, radius, Norm.ONE):
            if 1 << size > RAYS_MAX:
                raise NoDescription(f"a ball in the 1-norm has 2^{size} facets")
            signs = product((ONE, -ONE), repeat=size)
            middle = constants(center)
            return tuple(Bounded(row, dot(row, middle) + radius) for row in signs)
        case Halfspace(normal, offset):
            return (Bounded(normal, constants([offset])[0]),)
        case Polytope(rows, bounds):
            return tuple(map(Bounded, rows, constants(bounds)))
        case Intersection(parts):
            return tuple(each for part in parts for each in facets(part, size, root))
        case Translation(inner, by):
            step = constants(by)
            return tuple(
                Bounded(each.row, each.bound + dot(each.row, step), each.equal)
                for each in facets(inner, size, root)
            )
        case Scaling(inner, factor):
            return tuple(
                Bounded(times(1 / factor, each.row), each.bound, each.equal)
                for each in facets(inner, size, root)
            )
        case Preimage(matrix, offset, inner):
            start = constants(offset)
            return tuple(
                Bounded(transposed(matrix, each.row), each.bound - dot(each.row, start), each.equal)
                for each in facets(inner, len(matrix), root)
            )
        case Erosion(inner, by):
            return facets(eroded(inner, by, size, root), size, root)
        case _:
            zonotope = as_zonotope(region)
            if zonotope is not None and few(zonotope):
                return facets_of_zonotope(zonotope)
            return _facets_of(corners(region, size, root), size)


def _sides(lower: Sequence[Term | None], upper: Sequence[Term | None]) -> Iterable[Bounded]:
    size = len(lower)
    for sign, side in ((ONE, upper), (-ONE, lower)):
        for i, bound in enumerate(side):
            if bound is not None:
                (value,) = constants([bound])
                yield Bounded(times(sign, unit(i, size)), sign * value)


def _facets_of(hull: Pieces, size: int) -> tuple[Bounded, ...]:
    """The facets of a polyhedron given by points and rays: the polar cone of its generators."""
    points = {integers((ONE, *piece.center)) for piece in hull.pieces}
    if not points:
        return (Bounded((ZERO,) * size, -ONE),)
    rays = {integers((ZERO, *ray)) for ray in hull.rays}
    try:
        lines, found = generators_of(points | rays, size + 1)
    except TooMany as reason:
        raise NoDescription(str(reason)) from None
    return tuple(
        Bounded(tuple(map(Fraction, row[1:])), Fraction(-row[0]), equal)
        for rows, equal in ((lines, True), (found, False))
        for row in rows
        if any(row[1:])
    )


# ---- generators --------------------------------------------------------------------------------


def corners(region: Region, size: int, root: Root) -> Pieces:
    """Points and rays whose hull the set is in R^size; not all of them need be extreme.

    Raises NoDescription, and NotConstant.
    """
    found = pieces(region, size, root)
    if any(piece.axes for piece in found.pieces):
        raise NoDescription("a round set is no hull of finitely many points")
    return found


def pieces(region: Region, size: int, root: Root) -> Pieces:
    """Points, ellipsoids and rays whose hull the set is in R^size.

    Raises NoDescription, and NotConstant.
    """
    found = _pieces(region, size, root)
    if len(found.pieces) > RAYS_MAX:
        raise NoDescription(f"more than {RAYS_MAX} corners")
    return found


def _pieces(region: Region, size: int, root: Root) -> Pieces:
    match region:
        case Ball(center, radius, Norm.TWO):
            axes = tuple(unit(i, size) for i in range(size)) if radius else ()
            return Pieces((Piece(constants(center), axes, (radius * radius,) * len(axes)),))
        case Ball(center, radius, Norm.ONE):
            middle = constants(center)
            steps = [times(r, unit(i, size)) for i in range(size) for r in (radius, -radius)]
            return Pieces(tuple(Piece(plus(middle, step)) for step in steps))
        case Ellipsoid(center, shape):
            found = squares(shape)
            assert found is not None, "the shape of an ellipsoid is positive definite"
            weights = tuple(weight for weight, _ in found)
            return Pieces((Piece(constants(center), tuple(tuple(v) for _, v in found), weights),))
        case Hull(vertices):
            return Pieces(tuple(map(Piece, dict.fromkeys(vertices))))
        case ConvexHull(parts):
            hulls = [pieces(part, size, root) for part in parts]
            full = [hull for hull in hulls if hull.pieces]
            return Pieces(
                tuple(dict.fromkeys(piece for hull in full for piece in hull.pieces)),
                tuple(dict.fromkeys(ray for hull in full for ray in hull.rays)),
            )
        case Translation(inner, by):
            step = constants(by)
            hull = pieces(inner, size, root)
            moved = (Piece(plus(p.center, step), p.axes, p.squares) for p in hull.pieces)
            return Pieces(tuple(moved), hull.rays)
        case Scaling(inner, factor):
            scale = tuple(times(factor, unit(i, size)) for i in range(size))
            return _mapped(pieces(inner, size, root), scale, (ZERO,) * size)
        case Image(matrix, offset, inner):
            return _mapped(pieces(inner, len(matrix[0]), root), matrix, constants(offset))
        case Erosion(inner, by):
            return pieces(eroded(inner, by, size, root), size, root)
        case _:
            zonotope = as_zonotope(region)
            if zonotope is not None:
                return _zonotope_corners(*zonotope)
            if isinstance(region, MinkowskiSum):
                return _sum([pieces(part, size, root) for part in region.parts])
            return _vertices(facets(region, size, root), size)


def _mapped(hull: Pieces, matrix: Matrix, offset: Row) -> Pieces:
    """The image under x -> matrix x + offset."""
    mapped = []
    for piece in hull.pieces:
        axes = [apply(matrix, axis) for axis in piece.axes]
        kept = [i for i, axis in enumerate(axes) if any(axis)]
        mapped.append(
            Piece(
                plus(apply(matrix, piece.center), offset),
                tuple(axes[i] for i in kept),
                tuple(piece.squares[i] for i in kept),
            )
        )
    rays = (apply(matrix, ray) for ray in hull.rays)
    return Pieces(tuple(mapped), tuple(ray for ray in rays if any(ray)))


def _zonotope_corners(center: Row, generators: Matrix) -> Pieces:
    if 1 << len(generators) > RAYS_MAX:
        raise NoDescription(f"2^{len(generators)} corners")
    points = [center]
    for row in generators:
        back = times(-ONE, row)
        points = [plus(point, step) for point in points for step in (row, back)]
    return Pieces(tuple(map(Piece, dict.fromkeys(points))))


def _sum(hulls: list[Pieces]) -> Pieces:
    total = hulls[0]
    for hull in hulls[1:]:
        if len(total.pieces) * len(hull.pieces) > RAYS_MAX:
            raise NoDescription(f"more than {RAYS_MAX} corners")
        both = (_added(one, other) for one in total.pieces for other in hull.pieces)
        total = Pieces(tuple(dict.fromkeys(both)), total.rays + hull.rays)
    return total


def _added(one: Piece, other: Piece) -> Piece:
    """The sum of two pieces, where that is a piece: one is a point, or both have one shape."""
    center = plus(one.center, other.center)
    if not one.axes or not other.axes:
        return Piece(center, one.axes or other.axes, one.squares or other.squares)
    ratios = {b / a for a, b in zip(one.squares, other.squares, strict=False)}
    ratio = rational_root(min(ratios))
    if one.axes != other.axes or len(ratios) > 1 or ratio is None:
        raise NoDescription("the sum of two ellipsoids of different shape is no ellipsoid")
    return Piece(center, one.axes, times((1 + ratio) ** 2, one.squares))


def _vertices(rows: Sequence[Bounded], size: int) -> Pieces:
    """Points and rays of a polyhedron given by rows."""
    cone = {(-1, *(0,) * size)}
    for each in rows:
        row = integers((-each.bound, *each.row))
        cone |= {row, tuple(-a for a in row)} if each.equal else {row}
    try:
        lines, rays = generators_of(cone, size + 1)
    except TooMany as reason:
        raise NoDescription(str(reason)) from None
    points = [ray for ray in rays if ray[0]]
    directions = [ray for ray in rays if not ray[0]]
    directions += [tuple(sign * a for a in line) for line in lines for sign in (1, -1)]
    if not points:
        return Pieces(())
    return Pieces(
        tuple(Piece(tuple(Fraction(a, point[0]) for a in point[1:])) for point in points),
        tuple(tuple(map(Fraction, ray[1:])) for ray in directions),
    )


# ---- extents and erosion -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Extent:
    """value + sum of the roots of the squares; without bound where the value is None."""

    value: Fraction | None
    squares: Row = ()

    def at_most(self, bound: Fraction, strict: bool) -> bool:
        """Whether it is at most the bound, or less where `strict`; exact for one root."""
        if self.value is None:
            return False
        room = bound - self.value
        if len(self.squares) > 1:
            rounded = sum((root_above(square, 4 * BITS) for square in self.squares), ZERO)
            return rounded < room if strict else rounded <= room
        square = sum(self.squares, ZERO)
        if strict:
            return room > 0 and room * room > square
        return room >= 0 and room * room >= square


def extents(region: Region, direction: Row, root: Root) -> tuple[Extent, ...]:
    """The greatest value of direction . x over the set is the greatest of these; it is empty if
    there are none. Support functions (Rockafellar, Convex Analysis, section 13).

    Raises NoDescription, and NotConstant.
    """
    size = len(direction)
    match region:
        case Box(lower, upper):
            return _box_extent(lower, upper, direction)
        case Ball(center, radius, norm):
            return (_ball_extent(constants(center), radius, norm, direction),)
        case Ellipsoid(center, shape):
            square = dot(direction, apply(shape, direction))
            return (Extent(dot(direction, constants(center)), (square,) if square else ()),)
        case Zonotope(center, generators):
            widths = (abs(dot(direction, row)) for row in generators)
            return (Extent(dot(direction, constants(center)) + sum(widths, ZERO)),)
        case Hull(vertices):
            return (Extent(max(dot(direction, vertex) for vertex in vertices)),)
        case ConvexHull(parts):
            return tuple(each for part in parts for each in extents(part, direction, root))
        case MinkowskiSum(parts):
            return _sum_extents([_fewer(extents(part, direction, root)) for part in parts])
        case Translation(inner, by):
            return _shifted(extents(inner, direction, root), dot(direction, constants(by)))
        case Scaling(inner, factor):
            return extents(inner, times(factor, direction), root)
        case Image(matrix, offset, inner):
            found = extents(inner, transposed(matrix, direction), root)
            return _shifted(found, dot(direction, constants(offset)))
        case Erosion(inner, by_region):
            return extents(eroded(inner, by_region, size, root), direction, root)
        case _:
            return _row_extents(_cached_pieces(region, size, root), direction)


def _box_extent(
    lower: Sequence[Term | None], upper: Sequence[Term | None], direction: Row
) -> tuple[Extent, ...]:
    total: Fraction | None = ZERO
    for low, high, d in zip(lower, upper, direction, strict=True):
        ends = constants([end for end in (low, high) if end is not None])
        if len(ends) == 2 and ends[0] > ends[1]:
            return ()
        side = high if d > 0 else low
        if d and side is None:
            total = None
        elif d and side is not None and total is not None:
            total += d * constants([side])[0]
    return (Extent(total),)


def _ball_extent(center: Row, radius: Fraction, norm: Norm, direction: Row) -> Extent:
    middle = dot(direction, center)
    match norm:
        case Norm.ONE:
            return Extent(middle + radius * max(map(abs, direction)))
        case Norm.MAX:
            return Extent(middle + radius * sum(map(abs, direction), ZERO))
        case Norm.TWO:
            square = radius * radius * dot(direction, direction)
            return Extent(middle, (square,) if square else ())


def _fewer(found: tuple[Extent, ...]) -> tuple[Extent, ...]:
    """Of the rational ones, the greatest."""
    plain = [each.value for each in found if not each.squares]
    if not plain:
        return found
    most = None if None in plain else max(value for value in plain if value is not None)
    return (Extent(most), *(each for each in found if each.squares))


def _sum_extents(found: Sequence[tuple[Extent, ...]]) -> tuple[Extent, ...]:
    total: tuple[Extent, ...] = (Extent(ZERO),)
    for each in found:
        if len(total) * len(each) > RAYS_MAX:
            raise NoDescription(f"more than {RAYS_MAX} sums")
        total = tuple(_added_extents(one, other) for one in total for other in each)
    return total


def _added_extents(one: Extent, other: Extent) -> Extent:
    """The sum, with roots that differ by a rational factor taken together."""
    if one.value is None or other.value is None:
        return Extent(None)
    squares: list[Fraction] = list(one.squares)
    for square in other.squares:
        for i, known in enumerate(squares):
            factor = rational_root(square / known)
            if factor is not None:
                squares[i] = known * (1 + factor) ** 2
                break
        else:
            squares.append(square)
    return Extent(one.value + other.value, tuple(squares))


def _shifted(found: tuple[Extent, ...], by: Fraction) -> tuple[Extent, ...]:
    return tuple(
        each if each.value is None else Extent(each.value + by, each.squares) for each in found
    )


@lru_cache(maxsize=64)
def _cached_pieces(region: Region, size: int, root: Root) -> Pieces:
    """Of a set given by rows, which takes long to find and is asked for once a direction."""
    return pieces(region, size, root)


def _row_extents(hull: Pieces, direction: Row) -> tuple[Extent, ...]:
    if not hull.pieces:
        return ()
    if any(dot(direction, ray) > 0 for ray in hull.rays):
        return (Extent(None),)
    return (Extent(max(dot(direction, piece.center) for piece in hull.pieces)),)


def reach(region: Region, direction: Row, root: Root) -> Fraction | None:
    """The greatest value of direction . x over the set, which is not empty, rounded by `root`;
    None if there is none.

    Raises NoDescription, and NotConstant.
    """
    values = []
    for each in extents(region, direction, root):
        if each.value is None:
            return None
        values.append(each.value + sum(map(root, each.squares), ZERO))
    return max(values)


def empty(size: int) -> Polytope:
    return Polytope(((ZERO,) * size,), (number(-1),))


def within(region: Region) -> Iterator[Region]:
    """The set and all sets that take part in it."""
    yield region
    match region:
        case Intersection(parts) | MinkowskiSum(parts) | ConvexHull(parts):
            for part in parts:
                yield from within(part)
        case Translation(inner) | Scaling(inner) | Image(_, _, inner) | Preimage(_, _, inner):
            yield from within(inner)
        case Erosion(inner, by):
            yield from within(inner)
            yield from within(by)


def has_strict(region: Region) -> bool:
    """Whether a strict halfspace takes part in the set."""
    return any(isinstance(each, Halfspace) and each.strict for each in within(region))


def _has_erosion(region: Region) -> bool:
    return any(isinstance(each, Erosion) for each in within(region))


def eroded(region: Region, by: Region, size: int, root: Root) -> Region:
    """{x : x + y in region for all y in by} as a set whose outermost operation is no erosion.

    Raises NoDescription, and NotConstant.
    """
    if has_strict(by):
        raise NoDescription("erosion by an open set")
    if _has_erosion(by):
        raise NoDescription("erosion by an eroded set")  # it would be rounded to the other side
    match region:
        case Intersection(parts):
            return Intersection(tuple(Erosion(part, by) for part in parts))
        case Translation(inner, step):
            return Translation(Erosion(inner, by), step)
        case Scaling(inner, factor):
            return Scaling(Erosion(inner, Scaling(by, 1 / factor)), factor)
        case Preimage(matrix, offset, inner):
            none = tuple(number(0) for _ in matrix)
            return Preimage(matrix, offset, Erosion(inner, Image(matrix, none, by)))
        case Erosion(inner, first):
            return eroded(inner, MinkowskiSum((first, by)), size, root)
        case Ellipsoid() | Ball(_, _, Norm.TWO):
            return _shrunk(region, pieces(by, size, root), size)
        case Halfspace(normal, offset, strict):
            if not _inhabited(by, size, root):
                return Intersection(())
            most = reach(by, normal, root)
            (bound,) = constants([offset])
            return empty(size) if most is None else Halfspace(normal, number(bound - most), strict)
        case _:
            return _rows_eroded(facets(region, size, root), by, size, root)


def _inhabited(region: Region, size: int, root: Root) -> bool:
    return bool(extents(region, (ZERO,) * size, root))


def _rows_eroded(rows: Sequence[Bounded], by: Region, size: int, root: Root) -> Region:
    if not _inhabited(by, size, root):
        return Intersection(())
    directions: list[Row] = []
    bounds: list[Fraction] = []
    for each in rows:
        for sign in (ONE, -ONE) if each.equal else (ONE,):
            direction = times(sign, each.row)
            most = reach(by, direction, root)
            if most is None:
                return empty(size)
            directions.append(direction)
            bounds.append(sign * each.bound - most)
    return Polytope(tuple(directions), tuple(map(number, bounds))) if rows else Intersection(())


def _shrunk(region: Ellipsoid | Ball, by: Pieces, size: int) -> Region:
    """A round set eroded by a point, or by a smaller one of its own shape."""
    if not by.pieces:
        return Intersection(())
    if len(by.pieces) > 1 or by.rays:
        raise NoDescription("a round set that is eroded by a set that is not round")
    (piece,) = by.pieces
    back = tuple(number(-c) for c in piece.center)
    if not piece.axes:
        return Translation(region, back)
    plain = tuple(unit(i, size) for i in range(size))
    if isinstance(region, Ball) and piece.axes == plain and len(set(piece.squares)) == 1:
        radius = rational_root(piece.squares[0])
        if radius is not None:
            rest = region.radius - radius
            return Translation(Ball(region.center, rest), back) if rest >= 0 else empty(size)
    raise NoDescription("an ellipsoid that is eroded by a round set")
