"""How variables may be moved: what each `motion` declares, settled."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from verifier.core.diagnostic import Label, near_miss
from verifier.core.evaluate import holds
from verifier.core.motion import Polytope, Solid, Vector
from verifier.core.term import NOW, Real
from verifier.core.unit import TIME, Dimension, Unit
from verifier.model.arguments import Space, constants_in, required, wanted
from verifier.model.arguments import arguments as named
from verifier.model.contract import place_of, scalars_of
from verifier.model.expression import Context, number, settle
from verifier.model.motion import MotionLimits
from verifier.model.quantity import Vector as VectorValue
from verifier.model.quantity import fail
from verifier.model.region import declared_domain, domain_formulas
from verifier.model.scope import Scope
from verifier.model.values import StateVariable
from verifier.model.world import length_at, space_at
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression

ZERO = Fraction(0)


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
    near = [length_at(p.values[0], space, at, "a clearance") for p in parts.get("clearance", ())]
    modified = [each for each in declaration.parts if isinstance(each, tree.Modifies)]
    others = [name for each in modified for target in each.targets for name in _names(target, at)]
    speed = _rates(parts, "speed", TIME, declaration, space, at)
    return MotionLimits(
        format_expression(declaration.variable),
        names,
        speed,
        _rates(parts, "acceleration", TIME**2, declaration, space, at),
        near[0] if near else ZERO,
        bodies,
        _places(parts, "avoids", "obstacle", space, at),
        _places(parts, "inside", "zone", space, at),
        tuple(dict.fromkeys(others)),
        _velocity(parts, speed, space, at),
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


def _velocity(
    parts: dict[str, list[tree.MotionPart]], speed: tuple[Fraction, ...], space: Space, at: Context
) -> tuple[str, ...]:
    """The scalars of the state that say how fast the variable moves; none where nothing is said."""
    if "velocity" not in parts:
        return ()
    (expression,) = parts["velocity"][0].values
    variable, names = moved_variable(expression, at)
    assert isinstance(variable.sort, Real)
    if len(names) != space.size or variable.sort.dimension != space.dimension / TIME:
        fail(
            "shape-mismatch",
            expression.span,
            f"`{format_expression(expression)}` is no velocity of what is moved: one number for"
            " each axis is wanted, in its unit per second",
        )
    region = declared_domain(at.scope, variable)
    member = format_expression(expression)
    stated = [f for f, _ in domain_formulas(region, variable, member)] if region else []
    for signs in product((-1, 1), repeat=len(names)):
        corner = {(n, NOW): s * v for n, s, v in zip(names, signs, speed, strict=True)}
        if not all(holds(each, corner) for each in stated):
            fail(
                "bad-limit",
                expression.span,
                f"the bound on speed lets `{member}` leave its domain",
                help="widen the domain, or lower the speed",
            )
    return names


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
    theirs = space_at(scope, declaration)
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
    size = length_at(radius, space, at, "a radius")
    return Solid(Polytope((), ()), ends, size)
