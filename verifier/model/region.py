"""Set expressions to regions, and the domains of variables.

A set takes its dimension and the unit of its bare numbers from the element that stands before `in`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.core.diagnostic import Label, near_miss
from verifier.core.exact import positive_definite
from verifier.core.hull import MOST_HYPERPLANES, affordable
from verifier.core.sets import (
    Ball,
    Box,
    Ellipsoid,
    Halfspace,
    Hull,
    Intersection,
    Polytope,
    Region,
    Scaling,
    Translation,
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
from verifier.core.unit import NONE, Dimension, Unit
from verifier.model.expression import (
    Context,
    comparison,
    in_unit,
    is_label,
    number,
    scalar,
    scalar_names,
    settle,
)
from verifier.model.quantity import Labelled, Quantity, Value, Vector, fail, kind
from verifier.model.scope import Scope
from verifier.model.values import StateVariable
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression


@dataclass(frozen=True, slots=True)
class Space:
    """R^size with one dimension of measurement; bare numbers are read in `unit`."""

    size: int
    dimension: Dimension
    unit: Unit | None


def contains(element: tree.Expression, region: tree.Expression, at: Context) -> Formula:
    """The formula `element in region`."""
    value = settle(element, at)
    if isinstance(region, tree.Labels):
        return disjunction(is_label(value, name.text, element, name.span) for name in region.names)
    space, point = _space(value, element)
    if isinstance(region, tree.Range):
        low = _scalar_in(region.low, space, at)
        high = _scalar_in(region.high, space, at)
        _check_order(low, high, region.span)
        return conjunction(
            part for x in point for part in (comparison("<=", low, x), comparison("<=", x, high))
        )
    return membership(point, settle_region(region, space, at))


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


# ---- arguments ---------------------------------------------------------------------------------


def _arguments(call: tree.Call, *names: str) -> dict[str, tree.Expression]:
    """The arguments by name; positional ones fill the names in order."""
    found: dict[str, tree.Expression] = {}
    for position, argument in enumerate(call.arguments):
        if argument.name is not None:
            name = argument.name.text
        elif position < len(names):
            name = names[position]
        else:
            fail("wrong-arguments", argument.span, f"`{call.function.text}` takes {_listed(names)}")
        if name not in names:
            fail(
                "wrong-arguments",
                argument.span,
                f"`{call.function.text}` has no argument `{name}`",
                help=near_miss(name, names) or f"it takes {_listed(names)}",
            )
        if name in found:
            fail("wrong-arguments", argument.span, f"the argument `{name}` is given twice")
        found[name] = argument.value
    return found


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _required(call: tree.Call, *names: str) -> list[tree.Expression]:
    found = _arguments(call, *names)
    for name in names:
        if name not in found:
            fail(
                "wrong-arguments",
                call.span,
                f"`{call.function.text}` needs its argument `{name}`",
                help=f"it takes {_listed(names)}",
            )
    return [found[name] for name in names]


def _scalar_in(expression: tree.Expression, space: Space, at: Context) -> Term:
    return in_unit(scalar(expression, at), space.dimension, space.unit, expression)


def _point(expression: tree.Expression, space: Space, at: Context) -> tuple[Term, ...]:
    """A point of the space; in one dimension a scalar will do."""
    value = settle(expression, at)
    if isinstance(value, Quantity) and space.size == 1:
        value = Vector((value,))
    if not isinstance(value, Vector):
        fail(
            "wrong-type",
            expression.span,
            f"`{format_expression(expression)}` is {kind(value)}, but a point is wanted here",
        )
    if len(value.parts) != space.size:
        fail(
            "shape-mismatch",
            expression.span,
            f"{len(value.parts)} numbers are given, but {space.size} are wanted here",
        )
    return tuple(in_unit(part, space.dimension, space.unit, expression) for part in value.parts)


def _constants(expression: tree.Expression, space: Space, at: Context) -> tuple[Fraction, ...]:
    inner = replace(at, read=set())
    terms = _point(expression, space, inner)
    at.read.update(inner.read)
    values = [term.value for term in terms if isinstance(term, Number)]
    if len(values) == len(terms):
        return tuple(values)
    if at.placeholder and not inner.read:
        return tuple(Fraction(i + 1) for i in range(len(terms)))
    fail(
        "not-constant",
        expression.span,
        f"`{format_expression(expression)}` depends on the state, but constants are wanted here",
    )


def _rows(expression: tree.Expression, at: Context) -> list[tree.Expression]:
    if not isinstance(expression, tree.ListLiteral) or not expression.items:
        fail("wrong-type", expression.span, "a list of lists of numbers is wanted here")
    return list(expression.items)


def _check_order(low: Term | None, high: Term | None, span: Span) -> None:
    if isinstance(low, Number) and isinstance(high, Number) and low.value > high.value:
        fail("empty-set", span, f"the lower end {low.value} is above the upper end {high.value}")


# ---- the sets ----------------------------------------------------------------------------------


def _box(call: tree.Call, space: Space, at: Context) -> Region:
    found = _arguments(call, "lower", "upper")
    if not found:
        fail("wrong-arguments", call.span, "`box` needs `lower`, `upper`, or both")

    def side(name: str) -> tuple[Term | None, ...]:
        if name not in found:
            return (None,) * space.size
        value = settle(found[name], at)
        if isinstance(value, Quantity):
            return (_scalar_in(found[name], space, at),) * space.size
        return _point(found[name], space, at)

    lower, upper = side("lower"), side("upper")
    for low, high in zip(lower, upper, strict=True):
        _check_order(low, high, call.span)
    return Box(lower, upper)


def _ball(call: tree.Call, space: Space, at: Context) -> Region:
    center, radius = _required(call, "center", "radius")
    size = number(radius, space.dimension, space.unit, at)
    if size < 0:
        fail(
            "negative-radius",
            radius.span,
            f"the radius {format_expression(radius)} is negative",
            help="a ball with radius 0 is the smallest: a single point",
        )
    return Ball(_point(center, space, at), size)


def _halfspace(call: tree.Call, space: Space, at: Context) -> Region:
    normal, offset = _required(call, "normal", "offset")
    return Halfspace(
        _constants(normal, Space(space.size, NONE, None), at), _scalar_in(offset, space, at)
    )


def _polytope(call: tree.Call, space: Space, at: Context) -> Region:
    found = _arguments(call, "rows", "bounds", "vertices")
    if set(found) == {"vertices"}:
        vertices = tuple(_constants(row, space, at) for row in _rows(found["vertices"], at))
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
    rows = tuple(_constants(row, plain, at) for row in _rows(found["rows"], at))
    bounds = tuple(_scalar_in(item, space, at) for item in _rows(found["bounds"], at))
    if len(rows) != len(bounds):
        fail("shape-mismatch", call.span, f"{len(rows)} rows meet {len(bounds)} bounds")
    return Polytope(rows, bounds)


def _ellipsoid(call: tree.Call, space: Space, at: Context) -> Region:
    found = _arguments(call, "center", "shape", "radii")
    if set(found) == {"center", "radii"}:
        radii = _constants(found["radii"], space, at)
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
        shape = tuple(_constants(row, square, at) for row in _rows(found["shape"], at))
        _check_shape(shape, found["shape"], space)
    else:
        fail("wrong-arguments", call.span, "`ellipsoid` takes `center` and `shape` or `radii`")
    return Ellipsoid(_point(found["center"], space, at), shape)


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
    point, height = _required(call, "point", "height")
    if space.size != 3:
        fail(
            "shape-mismatch", call.span, f"`above` is a set of points, not of {space.size} numbers"
        )
    floor = add(_point(point, space, at)[2], _scalar_in(height, space, at))
    return Halfspace((Fraction(0), Fraction(0), Fraction(-1)), negate(floor))


def _intersection(call: tree.Call, space: Space, at: Context) -> Region:
    if not call.arguments:
        fail("wrong-arguments", call.span, "`intersection` needs at least one set")
    return Intersection(
        tuple(settle_region(argument.value, space, at) for argument in call.arguments)
    )


def _translate(call: tree.Call, space: Space, at: Context) -> Region:
    region, by = _required(call, "region", "by")
    return Translation(settle_region(region, space, at), _point(by, space, at))


def _scale(call: tree.Call, space: Space, at: Context) -> Region:
    region, by = _required(call, "region", "by")
    factor = number(by, NONE, None, at)
    if factor == 0:
        fail("division-by-zero", by.span, "a set scaled by 0 is no set")
    return Scaling(settle_region(region, space, at), factor)


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
        low, high = (_scalar_in(end, space, at) for end in (expression.low, expression.high))
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
    return region


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
