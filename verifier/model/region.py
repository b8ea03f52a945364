"""Set expressions to regions, and the domains of variables.

A set takes its dimension and the unit of its bare numbers from the element that stands before `in`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from verifier.core.diagnostic import Label, near_miss
from verifier.core.exact import positive_definite
from verifier.core.hull import MOST_HYPERPLANES, affordable
from verifier.core.sets import (
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
    NoDescription,
    Norm,
    NotConstant,
    Polytope,
    Preimage,
    Region,
    Scaling,
    Translation,
    Zonotope,
    membership,
)
from verifier.core.span import Span
from verifier.core.term import (
    Formula,
    Number,
    Real,
    Term,
    Variable,
    add,
    conjunction,
    disjunction,
    negate,
)
from verifier.core.unit import NONE, Unit
from verifier.model.arguments import (
    Space,
    arguments,
    constants_in,
    point_in,
    required,
    rows_of,
    scalar_in,
    wanted,
)
from verifier.model.expression import (
    Context,
    comparison,
    in_unit,
    is_label,
    number,
    scalar_names,
    settle,
)
from verifier.model.quantity import Labelled, Quantity, Value, Vector, fail, kind
from verifier.model.scope import Scope
from verifier.model.values import StateVariable
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression


def contains(element: tree.Expression, region: tree.Expression, at: Context) -> Formula:
    """The formula `element in region`."""
    value = settle(element, at)
    if isinstance(region, tree.Labels):
        return disjunction(is_label(value, name.text, element, name.span) for name in region.names)
    space, point = _space(value, element)
    if isinstance(region, tree.Range):
        low = scalar_in(region.low, space, at)
        high = scalar_in(region.high, space, at)
        _check_order(low, high, region.span)
        return conjunction(
            part for x in point for part in (comparison("<=", low, x), comparison("<=", x, high))
        )
    return _described(point, settle_region(region, space, at), region.span)


def _described(point: tuple[Term, ...], region: Region, span: Span) -> Formula:
    """The formula `point in region`, if the set has one."""
    try:
        return membership(point, region)
    except NoDescription as reason:
        fail(
            "set-without-facets",
            span,
            f"the set cannot be written as few rows: {reason}",
            help="a sum, a hull or an erosion needs flat parts with few corners",
        )
    except NotConstant:
        fail(
            "not-constant",
            span,
            "the shape of the set depends on the state; only its place may",
        )


def _space(value: Value, element: tree.Expression) -> tuple[Space, tuple[Term, ...]]:
    match value:
        case Quantity(term, dimension, unit):
            return Space(1, dimension, unit), (term,)
        case Vector(parts):
            leading = next((part for part in parts if not part.bare), parts[0])
            terms = tuple(in_unit(part, leading.dimension, leading.unit, element) for part in parts)
            return Space(len(parts), leading.dimension, leading.unit), terms
        case Labelled():
            fail(
                "wrong-type",
                element.span,
                f"`{format_expression(element)}` is {kind(value)}, which lies in no set of points",
                help="write its values in braces: `in {…}`",
            )
        case _:
            fail(
                "wrong-type",
                element.span,
                f"`{format_expression(element)}` is {kind(value)} and lies in no set",
            )


def settle_region(expression: tree.Expression, space: Space, at: Context) -> Region:
    """The set that the expression denotes in this space."""
    match expression:
        case tree.Reference(name) if name in at.scope.constants and name not in at.bindings:
            return _constant_region(name, expression.span, space, at.scope)
        case tree.Reference(name) if name in at.scope.places and name not in at.bindings:
            return settle_region(at.scope.places[name].region, space, Context(at.scope))
        case tree.Call(function, _, span):
            build = SETS.get(function.text)
            if build is not None:
                return build(expression, space, at)
            fail(
                "unknown-function",
                function.span,
                f"there is no set `{function.text}`",
                help=near_miss(function.text, SETS),
            )
        case _:
            span = expression.span
    fail(
        "wrong-type",
        span,
        f"`{format_expression(expression)}` is not a set",
        help="sets are " + ", ".join(f"`{name}(…)`" for name in SETS) + " and `low .. high`",
    )


def _constant_region(name: str, span: Span, space: Space, scope: Scope) -> Region:
    key = ("region", name)
    if key in scope.active:
        fail("circular-definition", span, f"the set `{name}` is defined by itself")
    scope.active.append(key)
    try:
        return settle_region(scope.constants[name].value, space, Context(scope))
    finally:
        scope.active.pop()


def _check_order(low: Term | None, high: Term | None, span: Span) -> None:
    if isinstance(low, Number) and isinstance(high, Number) and low.value > high.value:
        fail("empty-set", span, f"the lower end {low.value} is above the upper end {high.value}")


# ---- the sets ----------------------------------------------------------------------------------


def _box(call: tree.Call, space: Space, at: Context) -> Region:
    found = arguments(call, "lower", "upper")
    if not found:
        fail("wrong-arguments", call.span, "`box` needs `lower`, `upper`, or both")

    def side(name: str) -> tuple[Term | None, ...]:
        if name not in found:
            return (None,) * space.size
        value = settle(found[name], at)
        if isinstance(value, Quantity):
            return (scalar_in(found[name], space, at),) * space.size
        return point_in(found[name], space, at)

    lower, upper = side("lower"), side("upper")
    for low, high in zip(lower, upper, strict=True):
        _check_order(low, high, call.span)
    return Box(lower, upper)


def _ball(call: tree.Call, space: Space, at: Context) -> Region:
    found = arguments(call, "center", "radius", "norm")
    norm = _norm(found.pop("norm")) if "norm" in found else Norm.TWO
    center, radius = wanted(call, found, "center", "radius")
    size = number(radius, space.dimension, space.unit, at)
    if size < 0:
        fail(
            "negative-radius",
            radius.span,
            f"the radius {format_expression(radius)} is negative",
            help="a ball with radius 0 is the smallest: a single point",
        )
    return Ball(point_in(center, space, at), size, norm)


NORMS = {"1": Norm.ONE, "2": Norm.TWO, "max": Norm.MAX}


def _norm(expression: tree.Expression) -> Norm:
    text = format_expression(expression)
    if text not in NORMS:
        fail(
            "wrong-type",
            expression.span,
            f"there is no norm `{text}`",
            help="1 is the sum of the parts' sizes, 2 the length, max the greatest part's size",
        )
    return NORMS[text]


def _halfspace(call: tree.Call, space: Space, at: Context) -> Region:
    normal, offset = required(call, "normal", "offset")
    return Halfspace(
        constants_in(normal, Space(space.size, NONE, None), at), scalar_in(offset, space, at)
    )


def _polytope(call: tree.Call, space: Space, at: Context) -> Region:
    found = arguments(call, "rows", "bounds", "vertices")
    if set(found) == {"vertices"}:
        vertices = tuple(constants_in(row, space, at) for row in rows_of(found["vertices"], at))
        if not affordable(vertices):
            fail(
                "set-too-large",
                call.span,
                f"{len(vertices)} vertices in dimension {space.size} have more than"
                f" {MOST_HYPERPLANES} candidate facets",
                help="give the polytope by its rows",
            )
        return Hull(vertices)
    if set(found) != {"rows", "bounds"}:
        fail(
            "wrong-arguments",
            call.span,
            "`polytope` takes `rows` and `bounds`, or `vertices`",
        )
    plain = Space(space.size, NONE, None)
    rows = tuple(constants_in(row, plain, at) for row in rows_of(found["rows"], at))
    bounds = tuple(scalar_in(item, space, at) for item in rows_of(found["bounds"], at))
    if len(rows) != len(bounds):
        fail("shape-mismatch", call.span, f"{len(rows)} rows meet {len(bounds)} bounds")
    return Polytope(rows, bounds)


def _ellipsoid(call: tree.Call, space: Space, at: Context) -> Region:
    found = arguments(call, "center", "shape", "radii")
    if set(found) == {"center", "radii"}:
        radii = constants_in(found["radii"], space, at)
        if any(radius <= 0 for radius in radii):
            fail("negative-radius", found["radii"].span, "the radii of an ellipsoid are positive")
        shape = tuple(
            tuple(r * r if i == j else Fraction(0) for j in range(space.size))
            for i, r in enumerate(radii)
        )
    elif set(found) == {"center", "shape"}:
        unit = space.unit and Unit(
            f"{space.unit.symbol}^2", space.unit.scale**2, space.dimension**2
        )
        square = Space(space.size, space.dimension**2, unit)
        shape = tuple(constants_in(row, square, at) for row in rows_of(found["shape"], at))
        _check_shape(shape, found["shape"], space)
    else:
        fail("wrong-arguments", call.span, "`ellipsoid` takes `center` and `shape` or `radii`")
    return Ellipsoid(point_in(found["center"], space, at), shape)


def _check_shape(
    shape: tuple[tuple[Fraction, ...], ...], written: tree.Expression, space: Space
) -> None:
    if len(shape) != space.size:
        fail("shape-mismatch", written.span, f"{len(shape)} rows stand in dimension {space.size}")
    symmetric = all(
        shape[i][j] == shape[j][i] for i in range(space.size) for j in range(space.size)
    )
    if not symmetric or not positive_definite(shape):
        fail(
            "not-positive-definite",
            written.span,
            "the shape of an ellipsoid is a symmetric positive definite matrix",
            help="{x : (x - center)' shape^-1 (x - center) <= 1}; its diagonal holds squared radii",
        )


def _above(call: tree.Call, space: Space, at: Context) -> Region:
    """{x : x.z >= point.z + height}."""
    point, height = required(call, "point", "height")
    if space.size != 3:
        fail(
            "shape-mismatch", call.span, f"`above` is a set of points, not of {space.size} numbers"
        )
    floor = add(point_in(point, space, at)[2], scalar_in(height, space, at))
    return Halfspace((Fraction(0), Fraction(0), Fraction(-1)), negate(floor))


def _intersection(call: tree.Call, space: Space, at: Context) -> Region:
    return Intersection(_parts(call, space, at))


def _translate(call: tree.Call, space: Space, at: Context) -> Region:
    region, by = required(call, "region", "by")
    return Translation(settle_region(region, space, at), point_in(by, space, at))


def _scale(call: tree.Call, space: Space, at: Context) -> Region:
    region, by = required(call, "region", "by")
    factor = number(by, NONE, None, at)
    if factor == 0:
        fail("division-by-zero", by.span, "a set scaled by 0 is no set")
    return Scaling(settle_region(region, space, at), factor)


def _zonotope(call: tree.Call, space: Space, at: Context) -> Region:
    center, generators = required(call, "center", "generators")
    rows = tuple(constants_in(row, space, at) for row in rows_of(generators, at))
    return Zonotope(point_in(center, space, at), rows)


def _parts(call: tree.Call, space: Space, at: Context) -> tuple[Region, ...]:
    if not call.arguments:
        fail("wrong-arguments", call.span, f"`{call.function.text}` needs at least one set")
    return tuple(settle_region(argument.value, space, at) for argument in call.arguments)


def _minkowski(call: tree.Call, space: Space, at: Context) -> Region:
    return MinkowskiSum(_parts(call, space, at))


def _hull(call: tree.Call, space: Space, at: Context) -> Region:
    return ConvexHull(_parts(call, space, at))


def _erode(call: tree.Call, space: Space, at: Context) -> Region:
    region, by = required(call, "region", "by")
    return Erosion(settle_region(region, space, at), settle_region(by, space, at))


def _image(call: tree.Call, space: Space, at: Context) -> Region:
    """{matrix x + offset : x in region}."""
    region, matrix, offset = _affine(call)
    rows = _matrix(matrix, space.size, None, at)
    source = Space(len(rows[0]), space.dimension, space.unit)
    shift = point_in(offset, space, at) if offset else (Number(Fraction(0)),) * space.size
    return Image(rows, shift, settle_region(region, source, at))


def _preimage(call: tree.Call, space: Space, at: Context) -> Region:
    """{x : matrix x + offset in region}."""
    region, matrix, offset = _affine(call)
    rows = _matrix(matrix, None, space.size, at)
    target = Space(len(rows), space.dimension, space.unit)
    shift = point_in(offset, target, at) if offset else (Number(Fraction(0)),) * len(rows)
    return Preimage(rows, shift, settle_region(region, target, at))


def _affine(call: tree.Call) -> tuple[tree.Expression, tree.Expression, tree.Expression | None]:
    found = arguments(call, "region", "matrix", "offset")
    offset = found.pop("offset", None)
    region, matrix = wanted(call, found, "region", "matrix")
    return region, matrix, offset


def _matrix(
    expression: tree.Expression, height: int | None, width: int | None, at: Context
) -> tuple[tuple[Fraction, ...], ...]:
    """Plain numbers, row by row; a height or width of None is what is written."""
    written = rows_of(expression, at)
    if height is not None and len(written) != height:
        fail(
            "shape-mismatch",
            expression.span,
            f"the matrix has {len(written)} rows, but {height} are wanted here",
        )
    first = rows_of(written[0], at)
    plain = Space(len(first) if width is None else width, NONE, None)
    return tuple(constants_in(row, plain, at) for row in written)


SETS: dict[str, Callable[[tree.Call, Space, Context], Region]] = {
    "box": _box,
    "ball": _ball,
    "halfspace": _halfspace,
    "above": _above,
    "polytope": _polytope,
    "ellipsoid": _ellipsoid,
    "intersection": _intersection,
    "translate": _translate,
    "scale": _scale,
    "zonotope": _zonotope,
    "minkowski": _minkowski,
    "hull": _hull,
    "erode": _erode,
    "image": _image,
    "preimage": _preimage,
}


# ---- domains -----------------------------------------------------------------------------------


def declared_domain(scope: Scope, variable: StateVariable) -> Region | None:
    """The region that the declaration of a real variable names for each member, or None."""
    expression = scope.domains.get(variable.name)
    if expression is None:
        return None
    key = ("domain", variable.name)
    if key in scope.active:
        fail("circular-definition", expression.span, f"`{variable.name}` is bounded by itself")
    if key not in scope.memo:
        scope.active.append(key)
        try:
            scope.memo[key] = _domain(scope, variable, expression)
        finally:
            scope.active.pop()
    return scope.memo[key]  # type: ignore[return-value]


def _domain(scope: Scope, variable: StateVariable, expression: tree.Expression) -> Region:
    if not isinstance(variable.sort, Real):
        fail(
            "wrong-type",
            expression.span,
            f"`{variable.name}` is not a number, so it has no domain but its type",
        )
    at = Context(scope)
    size = variable.shape[0] if variable.shape else 1
    space = Space(size, variable.sort.dimension, variable.unit)
    if isinstance(expression, tree.Range):
        low, high = (scalar_in(end, space, at) for end in (expression.low, expression.high))
        _check_order(low, high, expression.span)
        region: Region = Box((low,) * size, (high,) * size)
    else:
        region = settle_region(expression, space, at)
    if at.read:
        fail(
            "not-constant",
            expression.span,
            f"the domain of `{variable.name}` reads the state variable `{min(at.read)}`",
        )
    _described(tuple(Variable(str(i)) for i in range(size)), region, expression.span)
    return region


def box_in(
    expression: tree.Expression, space: Space, at: Context
) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    """The sides of a constant box of the space, written as `box(…)` or `low .. high`."""
    if isinstance(expression, tree.Range):
        low, high = (scalar_in(end, space, at) for end in (expression.low, expression.high))
        _check_order(low, high, expression.span)
        region: Region = Box((low,) * space.size, (high,) * space.size)
    else:
        region = settle_region(expression, space, at)
    sides = (*region.lower, *region.upper) if isinstance(region, Box) else (None,)
    numbers = [side.value for side in sides if isinstance(side, Number)]
    if len(numbers) != len(sides):
        fail("not-constant", expression.span, "a constant box, bounded on every side, is wanted")
    return tuple(numbers[: space.size]), tuple(numbers[space.size :])


def domain_bound(expression: tree.Part, at: Context) -> Value:
    """`q.lower` or `q.upper`: the side of the declared box."""
    base, side = expression.base, expression.part.text
    variable = at.scope.variables.get(base.name) if isinstance(base, tree.Reference) else None
    if variable is None:
        fail(
            "wrong-type",
            expression.span,
            f"`{format_expression(base)}` has no `{side}`",
            help="`lower` and `upper` are the sides of a state variable's declared box",
        )
    region = declared_domain(at.scope, variable)
    if not isinstance(region, Box):
        fail(
            "wrong-type",
            expression.span,
            f"`{variable.name}` has no box as its domain, so it has no `{side}`",
            notes=(Label(variable.span, "declared here"),),
        )
    assert isinstance(variable.sort, Real)
    bounds = region.lower if side == "lower" else region.upper
    parts = []
    for bound in bounds:
        if bound is None:
            fail("wrong-type", expression.span, f"the box of `{variable.name}` is open at `{side}`")
        parts.append(Quantity(bound, variable.sort.dimension, variable.unit))
    return Vector(tuple(parts)) if variable.shape else parts[0]


def domain_formulas(
    region: Region, variable: StateVariable, member: str
) -> list[tuple[Formula, frozenset[str]]]:
    """The domain of one member, with the scalars of each part; a box falls apart by component."""
    names = scalar_names(variable, member)
    if isinstance(region, Box):
        return [
            (membership((Variable(name),), Box((low,), (high,))), frozenset((name,)))
            for name, low, high in zip(names, region.lower, region.upper, strict=True)
        ]
    return [(membership(tuple(Variable(name) for name in names), region), frozenset(names))]
