"""Obstacles and zones as solids, and how variables may be moved between them."""

from __future__ import annotations

from fractions import Fraction

from verifier.core.cell import box_rows
from verifier.core.description import NoDescription, Pieces, corners, facets
from verifier.core.diagnostic import Label, near_miss
from verifier.core.hull import affordable
from verifier.core.motion import Box, Polytope, Solid, Vector
from verifier.core.region import Ball, Norm, NotConstant, Region, Scaling, Translation, constants
from verifier.core.root import rational_root
from verifier.core.solids import hull_solid, polygon_solids
from verifier.core.span import Span
from verifier.core.term import Real
from verifier.core.unit import LENGTH, TIME, UNITS, Dimension, Unit
from verifier.model.arguments import Space, constants_in, required, rows_of, wanted
from verifier.model.arguments import arguments as named
from verifier.model.contract import place_of, scalars_of
from verifier.model.expression import Context, number, settle
from verifier.model.motion import MotionLimits, Place
from verifier.model.quantity import Vector as VectorValue
from verifier.model.quantity import fail
from verifier.model.region import settle_region
from verifier.model.scope import Scope, declared_type
from verifier.model.values import StateVariable
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression

ZERO = Fraction(0)


# ---- obstacles and zones -----------------------------------------------------------------------


def place(scope: Scope, declaration: tree.PlaceDeclaration) -> Place:
    """The obstacle or zone as solids. Raises SourceError."""
    space = _space(scope, declaration)
    at = Context(scope)
    near = ZERO
    if declaration.clearance is not None:
        near = _length(declaration.clearance, space, at, "a clearance")
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


def _space(scope: Scope, declaration: tree.PlaceDeclaration) -> Space:
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


def _length(expression: tree.Expression, space: Space, at: Context, what: str) -> Fraction:
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


# ---- limits of motions -------------------------------------------------------------------------


def limits(scope: Scope) -> dict[str, MotionLimits]:
    """The limits of each variable that may be moved, by its name. Raises SourceError."""
    found: dict[str, MotionLimits] = {}
    for declaration in scope.motions:
        each = _limits(scope, declaration)
        if each.member in found:
            fail(
                "duplicate-name",
                declaration.variable.span,
                f"the motion of `{each.member}` is declared twice",
                notes=(Label(found[each.member].span, "first declared here"),),
            )
        found[each.member] = each
    return found


def moved_variable(
    expression: tree.Expression, at: Context
) -> tuple[StateVariable, tuple[str, ...]]:
    """A numeric state variable, and its scalars. Raises SourceError."""
    names = tuple(scalars_of(settle(expression, at), at)) if place_of(expression, at) else ()
    root = expression
    while isinstance(root, tree.Index | tree.Part):
        root = root.base
    variable = at.scope.variables.get(root.name) if isinstance(root, tree.Reference) else None
    whole = variable is not None and len(names) == (variable.shape or (1,))[0]
    if variable is None or not isinstance(variable.sort, Real) or not whole:
        fail(
            "wrong-type",
            expression.span,
            f"`{format_expression(expression)}` is no whole number, vector or point of the state",
            help="a motion moves one variable: `ee`, `q`, `pose[cup]`",
        )
    return variable, names


def _limits(scope: Scope, declaration: tree.MotionDeclaration) -> MotionLimits:
    at = Context(scope)
    variable, names = moved_variable(declaration.variable, at)
    assert isinstance(variable.sort, Real)
    space = Space(len(names), variable.sort.dimension, variable.unit)
    parts = _parts(declaration)
    bodies = tuple(_body(part.values[0], space, at) for part in parts.get("body", ()))
    clearance = [_length(p.values[0], space, at, "a clearance") for p in parts.get("clearance", ())]
    modified = [each for each in declaration.parts if isinstance(each, tree.Modifies)]
    others = [name for each in modified for target in each.targets for name in _names(target, at)]
    return MotionLimits(
        format_expression(declaration.variable),
        names,
        _rates(parts, "speed", TIME, declaration, space, at),
        _rates(parts, "acceleration", TIME**2, declaration, space, at),
        clearance[0] if clearance else ZERO,
        bodies,
        _places(parts, "avoids", "obstacle", space, at),
        _places(parts, "inside", "zone", space, at),
        tuple(dict.fromkeys(others)),
        declaration.variable.span,
    )


def _parts(declaration: tree.MotionDeclaration) -> dict[str, list[tree.MotionPart]]:
    parts: dict[str, list[tree.MotionPart]] = {}
    for part in declaration.parts:
        if not isinstance(part, tree.MotionPart):
            continue
        parts.setdefault(part.word, []).append(part)
        if part.word != "body" and len(parts[part.word]) > 1:
            fail("duplicate-clause", part.span, f"a motion has one `{part.word}`")
    return parts


def _names(target: tree.Expression, at: Context) -> list[str]:
    names = place_of(target, at)
    if names is None:
        fail(
            "not-a-variable",
            target.span,
            f"`{format_expression(target)}` is not a state variable",
            help="`modifies` lists what changes along: `q`",
        )
    return sorted(names)


def _rates(
    parts: dict[str, list[tree.MotionPart]],
    word: str,
    per: Dimension,
    declaration: tree.MotionDeclaration,
    space: Space,
    at: Context,
) -> tuple[Fraction, ...]:
    """The bound for each axis: one number is for all."""
    if word not in parts:
        fail(
            "missing-limit",
            declaration.variable.span,
            f"the motion of `{format_expression(declaration.variable)}` has no bound on its {word}",
            help=f"bound it: `{word} 1 {'m/s' if word == 'speed' else 'm/s^2'}`",
        )
    (expression,) = parts[word][0].values
    rate = Space(space.size, space.dimension / per, rate_unit(space, per))
    if isinstance(settle(expression, at), VectorValue):
        values = constants_in(expression, rate, at)
    else:
        values = (number(expression, rate.dimension, rate.unit, at),) * space.size
    if min(values) <= 0:
        fail("bad-limit", expression.span, f"a bound on {word} is positive")
    return values


def rate_unit(space: Space, per: Dimension) -> Unit | None:
    if space.unit is None:
        return None
    return Unit(f"{space.unit.symbol}/s", space.unit.scale, space.dimension / per)


def _places(
    parts: dict[str, list[tree.MotionPart]], word: str, kind: str, space: Space, at: Context
) -> tuple[str, ...]:
    """The named places; without names every obstacle of this space, and no zone."""
    declared = {n: d for n, d in at.scope.places.items() if d.kind == kind}
    if word not in parts:
        fitting = [n for n, d in declared.items() if _fits(at.scope, d, space)]
        return tuple(fitting) if kind == "obstacle" else ()
    found = []
    for value in parts[word][0].values:
        assert isinstance(value, tree.Reference)
        if value.name not in declared:
            fail(
                "unknown-name",
                value.span,
                f"there is no {kind} `{value.name}`",
                help=near_miss(value.name, declared),
            )
        if not _fits(at.scope, declared[value.name], space):
            fail(
                "shape-mismatch",
                value.span,
                f"the {kind} `{value.name}` lies in another space than the variable",
                notes=(Label(declared[value.name].name.span, "declared here"),),
            )
        found.append(value.name)
    return tuple(found)


def _fits(scope: Scope, declaration: tree.PlaceDeclaration, space: Space) -> bool:
    theirs = _space(scope, declaration)
    return (theirs.size, theirs.dimension) == (space.size, space.dimension)


def _body(expression: tree.Expression, space: Space, at: Context) -> Solid:
    """A ball or a capsule around the moved point."""
    origin = (ZERO,) * space.size
    if isinstance(expression, tree.Call) and expression.function.text == "ball":
        found = named(expression, "radius", "center")
        center = constants_in(found["center"], space, at) if "center" in found else origin
        (radius,) = wanted(expression, found, "radius")
        ends: tuple[Vector, ...] = (center,)
    elif isinstance(expression, tree.Call) and expression.function.text == "capsule":
        first, last, radius = required(expression, "from", "to", "radius")
        ends = tuple(dict.fromkeys(constants_in(end, space, at) for end in (first, last)))
    else:
        fail(
            "wrong-type",
            expression.span,
            f"`{format_expression(expression)}` is no body",
            help="a body is `ball(radius = 3 cm)` or `capsule(from = …, to = …, radius = …)`",
        )
    size = _length(radius, space, at, "a radius")
    return Solid(Polytope((), ()), ends, size)


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
