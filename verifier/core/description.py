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
from itertools import combinations, product
from math import comb
from typing import TypeAlias

from verifier.core.cone import RAYS_MAX, TooMany, generators_of, integers
from verifier.core.exact import null_space, squares
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
from verifier.core.root import Root, rational_root
from verifier.core.term import number

Matrix: TypeAlias = tuple[Row, ...]

ZERO, ONE = Fraction(0), Fraction(1)


class NoDescription(Exception):
    """The set has no such description, or one that is too large; says which."""


@dataclass(frozen=True, slots=True)
class Bounded:
    """row . x <= bound, or == where `equal`."""

    row: Row
    bound: Fraction
    equal: bool = False


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


# ---- small linear algebra ----------------------------------------------------------------------


def dot(row: Sequence[Fraction], point: Sequence[Fraction]) -> Fraction:
    return sum((a * x for a, x in zip(row, point, strict=True) if a and x), ZERO)


def plus(left: Sequence[Fraction], right: Sequence[Fraction]) -> Row:
    return tuple(a + b for a, b in zip(left, right, strict=True))


def times(factor: Fraction, row: Sequence[Fraction]) -> Row:
    return tuple(factor * a for a in row)


def apply(matrix: Matrix, point: Sequence[Fraction]) -> Row:
    return tuple(dot(row, point) for row in matrix)


def transposed(matrix: Matrix, row: Sequence[Fraction]) -> Row:
    """row . matrix."""
    width = len(matrix[0])
    return tuple(
        sum((a * line[j] for a, line in zip(row, matrix, strict=True)), ZERO) for j in range(width)
    )


def unit(axis: int, size: int) -> Row:
    return tuple(ONE if i == axis else ZERO for i in range(size))


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
            zonotope = _zonotope(region)
            if zonotope is not None and _few(zonotope):
                return _zonotope_facets(zonotope)
            return _facets_of(corners(region, size, root), size)


def _sides(lower: Sequence[object], upper: Sequence[object]) -> Iterable[Bounded]:
    size = len(lower)
    for sign, side in ((ONE, upper), (-ONE, lower)):
        for i, bound in enumerate(side):
            if bound is not None:
                (value,) = constants([bound])  # type: ignore[list-item]
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


# ---- zonotopes ---------------------------------------------------------------------------------


def _zonotope(region: Region) -> tuple[Row, Matrix] | None:
    """Centre and generators, where the set is a zonotope by its making."""
    match region:
        case Zonotope(center, generators):
            return constants(center), generators
        case Ball(center, radius, Norm.MAX):
            size = len(center)
            return constants(center), tuple(times(radius, unit(i, size)) for i in range(size))
        case Box(lower, upper) if None not in lower and None not in upper:
            low = constants([side for side in lower if side is not None])
            high = constants([side for side in upper if side is not None])
            half = [(b - a) / 2 for a, b in zip(low, high, strict=True)]
            if min(half, default=ZERO) < 0:
                return None
            size = len(half)
            middle = tuple((a + b) / 2 for a, b in zip(low, high, strict=True))
            return middle, tuple(times(h, unit(i, size)) for i, h in enumerate(half) if h)
        case MinkowskiSum(parts):
            found = [_zonotope(part) for part in parts]
            known = [each for each in found if each is not None]
            if len(known) < len(found):
                return None
            middle = known[0][0]
            for center_of, _ in known[1:]:
                middle = plus(middle, center_of)
            return middle, tuple(row for _, rows in known for row in rows)
        case Translation(inner, by):
            moved = _zonotope(inner)
            return moved and (plus(moved[0], constants(by)), moved[1])
        case Scaling(inner, factor):
            scaled = _zonotope(inner)
            return scaled and (
                times(factor, scaled[0]),
                tuple(times(factor, row) for row in scaled[1]),
            )
        case Image(matrix, offset, inner):
            mapped = _zonotope(inner)
            return mapped and (
                plus(apply(matrix, mapped[0]), constants(offset)),
                tuple(apply(matrix, row) for row in mapped[1]),
            )
        case _:
            return None


def _few(zonotope: tuple[Row, Matrix]) -> bool:
    center, generators = zonotope
    return comb(len(generators), min(len(center), len(generators) + 1) - 1) <= RAYS_MAX // 4


def _zonotope_facets(zonotope: tuple[Row, Matrix]) -> tuple[Bounded, ...]:
    """Every facet is parallel to rank - 1 independent generators; all choices are tried
    (McMullen, On zonotopes, 1971)."""
    center, all_generators = zonotope
    size = len(center)
    generators = [row for row in all_generators if any(row)]
    normals = null_space(generators, size)
    found = {(integers(normal), True): None for normal in normals}
    rank = size - len(normals)
    for chosen in combinations(generators, rank - 1) if rank else ():
        candidates = null_space([*chosen, *normals], size)
        if len(candidates) == 1:
            row = integers(candidates[0])
            found[row, False] = found[tuple(-a for a in row), False] = None
    bounded = []
    for row, equal in found:
        direction = tuple(map(Fraction, row))
        width = sum((abs(dot(direction, each)) for each in generators), ZERO)
        bounded.append(Bounded(direction, dot(direction, center) + width, equal))
    return tuple(bounded)


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
            zonotope = _zonotope(region)
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


# ---- reach and erosion -------------------------------------------------------------------------


def reach(region: Region, direction: Row, root: Root) -> Fraction | None:
    """The greatest value of direction . x over the set, which is not empty, rounded by `root`;
    None if there is none.

    Raises NoDescription, and NotConstant.
    """
    zonotope = _zonotope(region)
    if zonotope is not None:
        return dot(direction, zonotope[0]) + sum(
            (abs(dot(direction, row)) for row in zonotope[1]), ZERO
        )
    hull = pieces(region, len(direction), root)
    if any(dot(direction, ray) > 0 for ray in hull.rays):
        return None
    return max(_extent(piece, direction, root) for piece in hull.pieces)


def _extent(piece: Piece, direction: Row, root: Root) -> Fraction:
    square = sum(
        (s * dot(direction, axis) ** 2 for axis, s in zip(piece.axes, piece.squares, strict=True)),
        ZERO,
    )
    return dot(direction, piece.center) + (root(square) if square else ZERO)


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
    return _zonotope(region) is not None or bool(pieces(region, size, root).pieces)


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
