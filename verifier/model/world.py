"""Obstacles and zones as solids, and what a body makes of them."""

from __future__ import annotations

from fractions import Fraction

from verifier.core.cell import box_rows
from verifier.core.description import NoDescription, Pieces, corners, facets
from verifier.core.hull import affordable
from verifier.core.motion import Box, Polytope, Solid, Vector
from verifier.core.region import Ball, Norm, NotConstant, Region, Scaling, Translation, constants
from verifier.core.root import rational_root
from verifier.core.solids import hull_solid, polygon_solids
from verifier.core.span import Span
from verifier.core.term import Real
from verifier.core.unit import LENGTH, UNITS
from verifier.model.arguments import Space, constants_in, required, rows_of
from verifier.model.expression import Context, number
from verifier.model.motion import Place
from verifier.model.quantity import fail
from verifier.model.region import settle_region
from verifier.model.scope import Scope, declared_type
from verifier.syntax import tree

ZERO = Fraction(0)


# ---- obstacles and zones -----------------------------------------------------------------------


def place(scope: Scope, declaration: tree.PlaceDeclaration) -> Place:
    """The obstacle or zone as solids. Raises SourceError."""
    space = space_at(scope, declaration)
    at = Context(scope)
    near = ZERO
    if declaration.clearance is not None:
        near = length_at(declaration.clearance, space, at, "a clearance")
    solids, region = _solids(declaration.region, space, at)
    return Place(
        declaration.name.text,
        declaration.kind,
        space.size,
        space.dimension,
        tuple(Solid(each.facets, each.vertices, each.radius + near) for each in solids),
        region if near == 0 else None,
        declaration.name.span,
    )


def space_at(scope: Scope, declaration: tree.PlaceDeclaration) -> Space:
    if declaration.type is None:
        return Space(3, LENGTH, UNITS["m"])
    sort, shape, _, family, unit = declared_type(scope, declaration.type)
    if not isinstance(sort, Real) or family:
        fail(
            "wrong-type",
            declaration.type.span,
            f"the {declaration.kind} `{declaration.name.text}` is a set of points or vectors",
            help="write `real[2] m`, or nothing for a `point`",
        )
    return Space(shape[0] if shape else 1, sort.dimension, unit)


def length_at(expression: tree.Expression, space: Space, at: Context, what: str) -> Fraction:
    value = number(expression, space.dimension, space.unit, at)
    if value < 0:
        fail("negative-radius", expression.span, f"{what} is not negative")
    return value


def _solids(
    expression: tree.Expression, space: Space, at: Context
) -> tuple[tuple[Solid, ...], Region | None]:
    if isinstance(expression, tree.Call) and expression.function.text == "polygon":
        (ring,) = required(expression, "corners")
        if space.size != 2:
            fail(
                "shape-mismatch",
                expression.span,
                f"a polygon lies in the plane, but {space.size} numbers are wanted here",
                help="name the type, `real[2] m`, or give a `prism`",
            )
        return _polygon(ring, space, at), None
    if isinstance(expression, tree.Call) and expression.function.text == "prism":
        return _prism(expression, space, at), None
    inner = Context(at.scope)
    region = settle_region(expression, space, inner)
    try:
        return (solid_of(region, space.size, expression.span),), region
    except NotConstant:
        fail(
            "not-constant",
            expression.span,
            "a place depends on the state, but obstacles and zones stand still",
        )


def _polygon(ring: tree.Expression, space: Space, at: Context) -> tuple[Solid, ...]:
    points = [constants_in(row, space, at) for row in rows_of(ring, at)]
    found = polygon_solids(points)
    if found is None:
        fail(
            "empty-set",
            ring.span,
            "these corners are no simple polygon: sides cross, or it has no area",
            help="list the corners in the order in which one walks around it",
        )
    return found


def _prism(call: tree.Call, space: Space, at: Context) -> tuple[Solid, ...]:
    """A polygon in x and y, from `lower` to `upper` in z."""
    ring, lower, upper = required(call, "corners", "lower", "upper")
    if space.size != 3:
        fail(
            "shape-mismatch",
            call.span,
            f"a prism is a set of points, not of {space.size} numbers",
        )
    low, high = (number(side, space.dimension, space.unit, at) for side in (lower, upper))
    if low > high:
        fail("empty-set", call.span, f"the lower end {low} is above the upper end {high}")
    flat = _polygon(ring, Space(2, space.dimension, space.unit), at)
    return tuple(_raised(each, low, high) for each in flat)


def _raised(base: Solid, low: Fraction, high: Fraction) -> Solid:
    rows = (*((*row, ZERO) for row in base.facets.rows), *((ZERO, ZERO, s) for s in _SIGNS))
    bounds = (*base.facets.bounds, high, -low)
    corners_ = tuple((*corner, z) for z in dict.fromkeys((low, high)) for corner in base.vertices)
    return Solid(Polytope(rows, bounds), corners_)


_SIGNS = (Fraction(1), Fraction(-1))


def solid_of(region: Region, size: int, span: Span) -> Solid:
    """A bounded set as a solid. Raises SourceError, and NotConstant."""
    ball = _as_ball(region)
    if ball is not None:
        center, radius = ball
        return Solid(box_rows(Box(center, center)), (center,), radius)
    try:
        hull = corners(region, size, _root)
        rows = facets(region, size, _root)
    except NoDescription as reason:
        fail(
            "set-without-facets",
            span,
            f"an obstacle or a zone is flat on its sides, or a ball: {reason}",
        )
    _check_bounded(hull, span)
    turned = [(tuple(-a for a in each.row), -each.bound) for each in rows if each.equal]
    sides = [*((each.row, each.bound) for each in rows), *turned]
    body = Polytope(tuple(row for row, _ in sides), tuple(bound for _, bound in sides))
    return Solid(body, tuple(piece.center for piece in hull.pieces))


def _check_bounded(hull: Pieces, span: Span) -> None:
    if not hull.pieces:
        fail("empty-set", span, "this set has no point")
    if hull.rays:
        fail(
            "unbounded-set",
            span,
            "this set is unbounded, but obstacles, zones and starts have an end on every side",
        )


def _root(square: Fraction) -> Fraction:
    root = rational_root(square)
    if root is None:
        raise NoDescription("a length is irrational")
    return root


def _as_ball(region: Region) -> tuple[Vector, Fraction] | None:
    match region:
        case Ball(center, radius, Norm.TWO):
            return constants(center), radius
        case Translation(inner, by):
            found = _as_ball(inner)
            step = constants(by) if found else ()
            return found and (tuple(a + b for a, b in zip(found[0], step, strict=True)), found[1])
        case Scaling(inner, factor):
            found = _as_ball(inner)
            return found and (tuple(factor * a for a in found[0]), abs(factor) * found[1])
        case _:
            return None


# ---- bodies ------------------------------------------------------------------------------------


def grown(obstacle: Solid, bodies: tuple[Solid, ...], span: Span) -> tuple[Solid, ...]:
    """What the moved point has to keep out of, so that no body touches the obstacle: the Minkowski
    sums of the obstacle and each body mirrored at the point (Lozano-Perez, Spatial planning, IEEE
    Transactions on Computers 32, 1983)."""
    found = []
    for body in bodies:
        points = [
            tuple(a - b for a, b in zip(corner, end, strict=True))
            for corner in obstacle.vertices
            for end in body.vertices
        ]
        radius = obstacle.radius + body.radius
        if len(body.vertices) == 1:
            shift = body.vertices[0]
            moved = tuple(
                bound - sum((a * b for a, b in zip(row, shift, strict=True)), ZERO)
                for row, bound in zip(obstacle.facets.rows, obstacle.facets.bounds, strict=True)
            )
            found.append(Solid(Polytope(obstacle.facets.rows, moved), tuple(points), radius))
        else:
            if len(points[0]) > 2 and not affordable(points):
                fail("set-too-large", span, "this body beside an obstacle has too many corners")
            hull = hull_solid(points)
            found.append(Solid(hull.facets, hull.vertices, radius))
    return tuple(found) or (obstacle,)
