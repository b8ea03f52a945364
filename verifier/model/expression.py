"""Expressions to terms and formulas: names resolved, units and shapes checked, numbers exact.

Units. A number without a unit takes the unit in which the variable beside it is declared (`q[1] <=
2` for a `real rad`); beside anything else that has a dimension it is an error, except 0. Everything
is converted to base units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, field, replace
from fractions import Fraction
from functools import reduce

from verifier.core.diagnostic import Label, near_miss
from verifier.core.span import Span
from verifier.core.term import (
    FALSE,
    NOW,
    OLD,
    TRUE,
    Apply,
    Boolean,
    Choice,
    Comparison,
    Enumeration,
    Formula,
    Iff,
    Implies,
    Number,
    Product,
    Proposition,
    Quotient,
    Sum,
    Term,
    Truth,
    Variable,
    add,
    conjunction,
    disjunction,
    multiply,
    negate,
    negation,
    subtract,
)
from verifier.core.unit import ANGLE, NONE, UNITS, Dimension, Unit, parse_unit, quantity_name
from verifier.model.quantity import (
    Family,
    Labelled,
    Logical,
    OneLabel,
    Quantity,
    Thing,
    Value,
    Vector,
    bare_number,
    fail,
    kind,
)
from verifier.model.scope import Scope
from verifier.model.values import StateVariable
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression

COORDINATES = ("x", "y", "z")
LARGEST_EXPONENT = 16
MOST_CASES = 10_000
MOST_DIGITS = 1_000
"""Of a number that is calculated: of its numerator, and of its denominator."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where an expression stands.

    `bindings` are parameters and quantified names. `version` is OLD inside `old(...)`.
    `old_allowed` says that the place is a promise about a step. `placeholder` says that parameters
    stand for any value, because a declaration is being checked and not a call. `read` collects the
    names of the state variables that were read. `cases` counts those of the quantified names.
    """

    scope: Scope
    bindings: dict[str, Value] = field(default_factory=dict)
    version: int = NOW
    old_allowed: bool = False
    placeholder: bool = False
    read: set[str] = field(default_factory=set)
    cases: int = 1

    def bound(self, name: str, value: Value) -> Context:
        return replace(self, bindings={**self.bindings, name: value})


# ---- the main walk -----------------------------------------------------------------------------


def settle(expression: tree.Expression, at: Context) -> Value:
    """What the expression stands for. Raises SourceError at the smallest place that is wrong."""
    match expression:
        case tree.Literal():
            return _literal(expression)
        case tree.TruthLiteral(value):
            return Logical(Truth(value))
        case tree.Reference(name, span):
            return _reference(name, span, at)
        case tree.Index():
            return _index(expression, at)
        case tree.Part():
            return _part(expression, at)
        case tree.Unary("-", operand):
            return _map(settle(operand, at), operand, lambda q: replace(q, term=negate(q.term)))
        case tree.Unary("not", operand):
            return Logical(negation(formula(operand, at)))
        case tree.Binary(operator, left, right) if operator in ("and", "or", "implies", "iff"):
            return Logical(_connect(operator, formula(left, at), formula(right, at)))
        case tree.Binary():
            return _short(_arithmetic(expression, at), expression)
        case tree.Comparing():
            return Logical(_comparing(expression, at))
        case tree.Membership(element, region):
            from verifier.model.region import contains

            return Logical(contains(element, region, at))
        case tree.ListLiteral(items):
            return Vector(tuple(scalar(item, at) for item in items))
        case tree.Call():
            return _call(expression, at)
        case tree.Quantified():
            return Logical(_quantified(expression, at))
        case tree.Temporal(operator):
            fail(
                "temporal-in-state-formula",
                expression.span,
                f"`{operator}` speaks about time, but a single state is judged here",
                help="temporal formulas stand in a `property`",
            )
        case _:
            fail(
                "wrong-type",
                expression.span,
                f"`{format_expression(expression)}` has no value here",
                help="ranges and label sets stand behind `in`",
            )


def formula(expression: tree.Expression, at: Context) -> Formula:
    """The condition that the expression states."""
    value = settle(expression, at)
    if not isinstance(value, Logical):
        fail(
            "wrong-type",
            expression.span,
            f"`{format_expression(expression)}` is {kind(value)}, but a condition is wanted here",
        )
    return value.formula


def scalar(expression: tree.Expression, at: Context) -> Quantity:
    """The scalar quantity that the expression states."""
    value = settle(expression, at)
    if not isinstance(value, Quantity):
        fail(
            "wrong-type",
            expression.span,
            f"`{format_expression(expression)}` is {kind(value)}, but a number is wanted here",
        )
    return value


def in_unit(
    value: Quantity, dimension: Dimension, unit: Unit | None, expression: tree.Expression
) -> Term:
    """The term in base units at a place that wants `dimension`; a bare number is read in `unit`."""
    if value.dimension == dimension:
        return _scaled(value, unit) if value.bare and unit else value.term
    if value.bare:
        if value.term == Number(Fraction(0)):
            return value.term
        if unit is not None and unit.dimension == dimension:
            return _scaled(value, unit)
        fail(
            "unit-missing",
            expression.span,
            f"`{format_expression(expression)}` has no unit, but {quantity_name(dimension)} is"
            " wanted here",
            help=f"write the unit behind the number, for example `{_example(dimension)}`",
        )
    fail(
        "unit-mismatch",
        expression.span,
        f"`{format_expression(expression)}` is {quantity_name(value.dimension)}, but"
        f" {quantity_name(dimension)} is wanted here",
    )


def number(
    expression: tree.Expression, dimension: Dimension, unit: Unit | None, at: Context
) -> Fraction:
    """A constant of the wanted dimension, in base units; 1 where it is a parameter's to give."""
    inner = replace(at, read=set())
    term = in_unit(scalar(expression, inner), dimension, unit, expression)
    at.read.update(inner.read)
    if isinstance(term, Number):
        return term.value
    if at.placeholder and not inner.read:
        return Fraction(1)
    fail(
        "not-constant",
        expression.span,
        f"`{format_expression(expression)}` depends on the state, but a constant is wanted here",
    )


# ---- literals, names, places -------------------------------------------------------------------


def _literal(literal: tree.Literal) -> Quantity:
    if literal.unit is None:
        return bare_number(literal.value)
    unit = parse_unit(literal.unit)
    if unit is None:
        fail(
            "unknown-unit",
            literal.span,
            f"there is no unit `{literal.unit}`",
            help=near_miss(literal.unit, UNITS),
        )
    return Quantity(Number(literal.value * unit.scale), unit.dimension)


def _reference(name: str, span: Span, at: Context) -> Value:
    if name in at.bindings:
        return at.bindings[name]
    if name in at.scope.variables:
        at.read.add(name)
        return grounded(at.scope.variables[name], (), at.version)
    if name in at.scope.constants:
        return constant(name, span, at.scope)
    if name in at.scope.objects:
        return Thing(name, at.scope.objects[name])
    if name in at.scope.robots:
        help_line = f"name one of its links: `{name}.{at.scope.robots[name].tip.text}`"
        fail("wrong-type", span, f"`{name}` is a robot and has no value", help=help_line)
    fail(
        "unknown-name",
        span,
        f"there is nothing named `{name}`",
        help=near_miss(name, [*at.scope.names(), *at.bindings]) or _label_help(name, at.scope),
    )


def _label_help(name: str, scope: Scope) -> str | None:
    for variable in scope.variables.values():
        if isinstance(variable.sort, Enumeration) and name in variable.sort.labels:
            return f"`{name}` is a value of `{variable.name}`: write `{variable.name} == {name}`"
    return None


def constant(name: str, span: Span, scope: Scope) -> Value:
    """The value of a declared constant."""
    key = ("constant", name)
    if key in scope.active:
        fail(
            "circular-definition",
            span,
            f"the constant `{name}` is defined by itself",
            notes=(Label(scope.constants[name].span, "declared here"),),
        )
    if key not in scope.memo:
        scope.active.append(key)
        try:
            inner = Context(scope)
            value = settle(scope.constants[name].value, inner)
            if inner.read:
                fail(
                    "not-constant",
                    scope.constants[name].value.span,
                    f"the constant `{name}` reads the state variable `{min(inner.read)}`",
                )
            scope.memo[key] = value
        finally:
            scope.active.pop()
    return scope.memo[key]  # type: ignore[return-value]


def grounded(variable: StateVariable, given: tuple[str, ...], version: int) -> Value:
    """The variable with some of its object indices given."""
    if len(given) < len(variable.family):
        return Family(variable.name, given, version)
    member = variable.name + "".join(f"[{name}]" for name in given)
    if isinstance(variable.sort, Boolean):
        return Logical(Proposition(member, version))
    if isinstance(variable.sort, Enumeration):
        return Labelled(member, version, variable.sort.labels)
    parts = tuple(
        Quantity(Variable(name, version), variable.sort.dimension, variable.unit)
        for name in scalar_names(variable, member)
    )
    return Vector(parts) if variable.shape else parts[0]


def scalar_names(variable: StateVariable, member: str) -> tuple[str, ...]:
    """The scalars of one member: `ee.x`, `q[1]`, or the member itself."""
    if variable.point:
        return tuple(f"{member}.{part}" for part in COORDINATES)
    if variable.shape:
        return tuple(f"{member}[{i}]" for i in range(1, variable.shape[0] + 1))
    return (member,)


def _index(expression: tree.Index, at: Context) -> Value:
    base = settle(expression.base, at)
    match base:
        case Family(name, given, version):
            variable = at.scope.variables[name]
            wanted = variable.family[len(given)]
            index = settle(expression.index, at)
            if not isinstance(index, Thing):
                fail(
                    "wrong-type",
                    expression.index.span,
                    f"`{name}` is indexed by an object of type {wanted}, not by {kind(index)}",
                )
            if index.type != wanted:
                fail(
                    "wrong-type",
                    expression.index.span,
                    f"`{name}` is indexed by {wanted}, but `{index.name}` is of type {index.type}",
                )
            return grounded(variable, (*given, index.name), version)
        case Vector(parts):
            position = number(expression.index, NONE, None, at)
            if position.denominator != 1 or not 1 <= position <= len(parts):
                fail(
                    "index-out-of-range",
                    expression.index.span,
                    f"the index {position} is outside of 1 .. {len(parts)}",
                    help="indices count from 1, as joints do",
                )
            return parts[int(position) - 1]
        case _:
            fail(
                "wrong-type",
                expression.span,
                f"`{format_expression(expression.base)}` is {kind(base)} and has no parts to index",
            )


def _part(expression: tree.Part, at: Context) -> Value:
    part = expression.part.text
    if part in ("lower", "upper"):
        from verifier.model.region import domain_bound

        return domain_bound(expression, at)
    if isinstance(expression.base, tree.Reference) and _is_robot(expression.base.name, at):
        from verifier.model.robot import link_position, robot

        machine = robot(at.scope, expression.base.name)
        at.read.update(name.partition("[")[0] for name in machine.joints)
        return link_position(machine, expression.part, at.version)
    base = settle(expression.base, at)
    if not isinstance(base, Vector) or len(base.parts) > len(COORDINATES):
        fail(
            "wrong-type",
            expression.span,
            f"`{format_expression(expression.base)}` is {kind(base)} and has no part `{part}`",
        )
    if part not in COORDINATES[: len(base.parts)]:
        fail(
            "unknown-name",
            expression.part.span,
            f"a point has no part `{part}`",
            help="its parts are `x`, `y` and `z`",
        )
    return base.parts[COORDINATES.index(part)]


def _is_robot(name: str, at: Context) -> bool:
    return name in at.scope.robots and name not in at.bindings


# ---- connectives and quantifiers ---------------------------------------------------------------


def _connect(operator: str, left: Formula, right: Formula) -> Formula:
    if operator == "and":
        return conjunction((left, right))
    if operator == "or":
        return disjunction((left, right))
    return Implies(left, right) if operator == "implies" else Iff(left, right)


def cases(variable: tree.Name, domain: tree.Expression, at: Context) -> Iterator[Context]:
    """The context once for every value of a quantified name."""
    match domain:
        case tree.Range(low, high):
            first, last = (number(end, NONE, None, at) for end in (low, high))
            if first.denominator != 1 or last.denominator != 1:
                fail("not-an-integer", domain.span, "the ends of an index range are whole numbers")
            inner = _counted(max(0, int(last - first) + 1), domain, at)
            for value in range(int(first), int(last) + 1):
                yield inner.bound(variable.text, bare_number(value))
        case tree.Reference(name, span):
            if name not in at.scope.types:
                fail(
                    "unknown-type",
                    span,
                    f"there is no type `{name}`",
                    help=near_miss(name, at.scope.types),
                )
            things = at.scope.objects_of(name)
            inner = _counted(len(things), domain, at)
            for thing in things:
                yield inner.bound(variable.text, Thing(thing, name))
        case _:
            fail("wrong-type", domain.span, "a quantified name runs over a type or `low .. high`")


def _counted(count: int, domain: tree.Expression, at: Context) -> Context:
    """The context within so many more cases."""
    total = at.cases * count
    if total > MOST_CASES:
        fail(
            "index-out-of-range",
            domain.span,
            f"this and the quantified names around it make {total:,} cases; at most {MOST_CASES:,}"
            " are judged",
        )
    return replace(at, cases=max(1, total))


def _quantified(expression: tree.Quantified, at: Context) -> Formula:
    bodies = [
        formula(expression.body, inner)
        for inner in cases(expression.variable, expression.domain, at)
    ]
    return conjunction(bodies) if expression.quantifier == "forall" else disjunction(bodies)


# ---- comparisons -------------------------------------------------------------------------------


def _comparing(expression: tree.Comparing, at: Context) -> Formula:
    pairs = zip(
        expression.operators, expression.operands[:-1], expression.operands[1:], strict=True
    )
    return conjunction(
        _compared(operator, left, right, expression.span, at) for operator, left, right in pairs
    )


def _compared(
    operator: str, left: tree.Expression, right: tree.Expression, span: Span, at: Context
) -> Formula:
    if operator == "!=":
        return negation(_compared("==", left, right, span, at))
    if operator in (">", ">="):
        flipped = "<" if operator == ">" else "<="
        return _ordered(flipped, right, left, span, at)
    if operator in ("<", "<="):
        return _ordered(operator, left, right, span, at)
    return _equal(left, right, span, at)


def _equal(left: tree.Expression, right: tree.Expression, span: Span, at: Context) -> Formula:
    if isinstance(right, tree.Reference) and not known(right.name, at):
        return is_label(settle(left, at), right.name, left, right.span)
    if isinstance(left, tree.Reference) and not known(left.name, at):
        return is_label(settle(right, at), left.name, right, left.span)
    one, other = settle(left, at), settle(right, at)
    match one, other:
        case Logical(a), Logical(b):
            return Iff(a, b)
        case ((Labelled() | OneLabel()), (Labelled() | OneLabel())):
            return _same_label(one, other, span)
        case Thing(), Thing():
            return TRUE if one == other else FALSE
        case Labelled(), _ if isinstance(right, tree.Reference):
            return is_label(one, right.name, left, right.span)
        case _:
            return _ordered("==", left, right, span, at)


def known(name: str, at: Context) -> bool:
    """Whether the name stands for a value here; labels do not."""
    scope = at.scope
    return any(
        name in names for names in (at.bindings, scope.variables, scope.constants, scope.objects)
    )


def is_label(value: Value, label: str, subject: tree.Expression, span: Span) -> Formula:
    """That an enumeration has this label."""
    if not isinstance(value, (Labelled, OneLabel)):
        fail(
            "unknown-name",
            span,
            f"there is nothing named `{label}`",
            help=f"`{format_expression(subject)}` is {kind(value)}",
        )
    check_label(label, value.labels, f"`{format_expression(subject)}`", span)
    return _has(value, label)


def _same_label(one: Labelled | OneLabel, other: Labelled | OneLabel, span: Span) -> Formula:
    """That both are one label: it is its name, whatever else either of them may be."""
    common = [label for label in one.labels if label in other.labels]
    if not common:
        fail("wrong-type", span, f"{kind(one)} is compared with {kind(other)}")
    return disjunction(conjunction((_has(one, label), _has(other, label))) for label in common)


def _has(value: Labelled | OneLabel, label: str) -> Formula:
    if isinstance(value, OneLabel):
        return TRUE if value.label == label else FALSE
    return Choice(value.name, value.version, label)


def check_label(label: str, labels: tuple[str, ...], subject: str, span: Span) -> None:
    """Raises SourceError where the label is none of these."""
    if label not in labels:
        fail(
            "unknown-label",
            span,
            f"{subject} is never `{label}`",
            help=near_miss(label, labels)
            or f"its values are {', '.join(f'`{x}`' for x in labels)}",
        )


def _ordered(
    relation: str, left: tree.Expression, right: tree.Expression, span: Span, at: Context
) -> Formula:
    one, other = settle(left, at), settle(right, at)
    match one, other:
        case Quantity(), Quantity():
            a, b, _, _ = _aligned(one, other, left, right, span)
            return comparison(relation, a, b)
        case Vector(), Vector():
            _same_length(one, other, span)
            return conjunction(
                comparison(relation, *_aligned(a, b, left, right, span)[:2])
                for a, b in zip(one.parts, other.parts, strict=True)
            )
        case (Vector() as long, Quantity()) | (Quantity(), Vector() as long):
            number = format_expression(left if long is other else right)
            row = f"write one number for each part: `[{', '.join([number] * len(long.parts))}]`"
            fail("wrong-type", span, f"{kind(one)} is compared with {kind(other)}", help=row)
        case _:
            fail("wrong-type", span, f"{kind(one)} is compared with {kind(other)}")


def comparison(relation: str, left: Term, right: Term) -> Formula:
    """`left relation right`; where numbers decide it, its truth; norms are squared away.

    sqrt(s) <= c is s <= c^2 for c >= 0, and false for c < 0; s is a sum of squares here, so never
    negative.
    """
    match left, right:
        case Number(a), Number(b):
            return Truth(a <= b if relation == "<=" else a < b if relation == "<" else a == b)
        case Apply("norm", (square,)), Number(b):
            if b < 0:
                return FALSE
            return Comparison(relation, square, Number(b * b))
        case Number(a), Apply("norm", (square,)):
            if a < 0:
                return FALSE if relation == "==" else TRUE
            return Comparison(relation, Number(a * a), square)
        case Apply("norm", (square,)), Apply("norm", (other_square,)):
            return Comparison(relation, square, other_square)
        case _:
            return Comparison(relation, left, right)


def _same_length(one: Vector, other: Vector, span: Span) -> None:
    if len(one.parts) != len(other.parts):
        fail(
            "shape-mismatch",
            span,
            f"a vector of {len(one.parts)} meets a vector of {len(other.parts)}",
        )


def _aligned(
    one: Quantity,
    other: Quantity,
    left: tree.Expression,
    right: tree.Expression,
    span: Span,
) -> tuple[Term, Term, Dimension, Unit | None]:
    """Both terms in base units of one dimension, that dimension, and the declared unit, if any."""
    if one.bare and not other.bare:
        return (
            in_unit(one, other.dimension, other.unit, left),
            other.term,
            other.dimension,
            other.unit,
        )
    if other.bare and not one.bare:
        return one.term, in_unit(other, one.dimension, one.unit, right), one.dimension, one.unit
    if one.dimension != other.dimension:
        fail(
            "unit-mismatch",
            span,
            f"`{format_expression(left)}` is {quantity_name(one.dimension)}, but"
            f" `{format_expression(right)}` is {quantity_name(other.dimension)}",
            notes=(
                Label(left.span, quantity_name(one.dimension)),
                Label(right.span, quantity_name(other.dimension)),
            ),
        )
    return one.term, other.term, one.dimension, one.unit or other.unit


def _scaled(value: Quantity, unit: Unit) -> Term:
    return multiply(Number(unit.scale), value.term)


def _example(dimension: Dimension) -> str:
    return f"1 {str(dimension).replace(' ', '*')}"


# ---- arithmetic --------------------------------------------------------------------------------


def _map(
    value: Value, expression: tree.Expression, change: Callable[[Quantity], Quantity]
) -> Value:
    match value:
        case Quantity():
            return change(value)
        case Vector(parts):
            return Vector(tuple(change(part) for part in parts))
        case _:
            fail(
                "wrong-type",
                expression.span,
                f"`{format_expression(expression)}` is {kind(value)}, but a number is wanted here",
            )


def _arithmetic(expression: tree.Binary, at: Context) -> Value:
    operator, left, right = expression.operator, expression.left, expression.right
    one, other = settle(left, at), settle(right, at)
    if operator == "^":
        return _power(one, expression, at)
    if operator in ("+", "-"):
        combine = add if operator == "+" else subtract

        def summed(a: Quantity, b: Quantity) -> Quantity:
            x, y, dimension, unit = _aligned(a, b, left, right, expression.span)
            return Quantity(combine(x, y), dimension, unit, a.bare and b.bare)

        match one, other:
            case Quantity(), Quantity():
                return summed(one, other)
            case Vector(), Vector():
                _same_length(one, other, expression.span)
                return Vector(
                    tuple(summed(a, b) for a, b in zip(one.parts, other.parts, strict=True))
                )
    if operator == "*":
        match one, other:
            case Quantity(), Quantity() | Vector():
                return _map(other, right, lambda q: _multiplied(one, q))
            case Vector(), Quantity():
                return _map(one, left, lambda q: _multiplied(q, other))
    if operator == "/" and isinstance(other, Quantity):
        return _map(one, left, lambda q: _divided(q, other, expression))
    fail(
        "wrong-type",
        expression.span,
        f"`{operator}` stands between {kind(one)} and {kind(other)}",
    )


def _short(value: Value, expression: tree.Binary) -> Value:
    """The value, once no number in it has grown beyond what anybody computes with."""
    for part in value.parts if isinstance(value, Vector) else (value,):
        terms = [part.term] if isinstance(part, Quantity) else []
        if expression.operator not in ("+", "-"):  # these leave factors as they are
            terms += [inner for term in terms if isinstance(term, Sum) for inner in term.terms]
        for term in terms:
            factors = term.factors[:1] if isinstance(term, Product) else (term,)
            for factor in factors:
                if isinstance(factor, Number) and _digits(factor.value) > MOST_DIGITS:
                    message = f"this makes a number of more than {MOST_DIGITS:,} digits"
                    fail("number-too-long", expression.span, message)
    return value


def _digits(value: Fraction) -> int:
    """At least so many digits its longer part has."""
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    return (bits - 1) * 3 // 10


def _multiplied(one: Quantity, other: Quantity) -> Quantity:
    """A plain number keeps the declared unit of the other factor in force."""
    unit = other.unit if one.bare else one.unit if other.bare else None
    return Quantity(
        multiply(one.term, other.term),
        one.dimension * other.dimension,
        unit,
        one.bare and other.bare,
    )


def _divided(one: Quantity, other: Quantity, expression: tree.Binary) -> Quantity:
    dimension = one.dimension / other.dimension
    bare = one.bare and other.bare
    unit = one.unit if other.bare else None
    if isinstance(other.term, Number):
        if other.term.value == 0:
            fail("division-by-zero", expression.right.span, "division by zero")
        return Quantity(multiply(Number(1 / other.term.value), one.term), dimension, unit, bare)
    return Quantity(Quotient(one.term, other.term), dimension, unit, bare)


def _power(base: Value, expression: tree.Binary, at: Context) -> Quantity:
    exponent = number(expression.right, NONE, None, at)
    if not isinstance(base, Quantity):
        fail("wrong-type", expression.left.span, f"{kind(base)} has no powers")
    if exponent.denominator != 1 or not -LARGEST_EXPONENT <= exponent <= LARGEST_EXPONENT:
        fail(
            "not-an-integer",
            expression.right.span,
            f"an exponent is a whole number from -{LARGEST_EXPONENT} to {LARGEST_EXPONENT}",
        )
    steps = abs(int(exponent))
    one = Quantity(Number(Fraction(1)), NONE, None, base.bare)
    power = reduce(_multiplied, [base] * steps, one)
    power = replace(power, unit=base.unit if exponent == 1 else None)
    return power if exponent >= 0 else _divided(one, power, expression)


# ---- functions ---------------------------------------------------------------------------------


def _call(expression: tree.Call, at: Context) -> Value:
    name = expression.function.text
    if name == "protective_distance":
        from verifier.model.separation import protective_distance

        return protective_distance(expression, at)
    function = FUNCTIONS.get(name)
    if function is None:
        from verifier.model.region import SETS

        if name in SETS:
            fail(
                "wrong-type",
                expression.span,
                f"`{name}` is a set",
                help=f"write `… in {name}(…)`",
            )
        fail(
            "unknown-function",
            expression.function.span,
            f"there is no function `{name}`",
            help=near_miss(name, [*FUNCTIONS, *SETS]),
        )
    for argument in expression.arguments:
        if argument.name is not None:
            fail("wrong-arguments", argument.span, f"`{name}` takes its arguments by position")
    return function(expression, [argument.value for argument in expression.arguments], at)


def _expect(expression: tree.Call, arguments: list[tree.Expression], count: int) -> None:
    if len(arguments) != count:
        fail(
            "wrong-arguments",
            expression.span,
            f"`{expression.function.text}` takes {count} argument{'s' * (count != 1)}, not"
            f" {len(arguments)}",
        )


def _old(expression: tree.Call, arguments: list[tree.Expression], at: Context) -> Value:
    _expect(expression, arguments, 1)
    if not at.old_allowed:
        fail(
            "old-outside-promise",
            expression.span,
            "`old` speaks of the value at a skill's entry, which is not over yet here",
            help="`old` stands in `ensures`, `terminal` and `invariant`",
        )
    return settle(arguments[0], replace(at, version=OLD))


def _absolute(expression: tree.Call, arguments: list[tree.Expression], at: Context) -> Value:
    _expect(expression, arguments, 1)
    value = scalar(arguments[0], at)
    if isinstance(value.term, Number):
        return replace(value, term=Number(abs(value.term.value)))
    return replace(value, term=Apply("abs", (value.term,)))


def _extremum(expression: tree.Call, arguments: list[tree.Expression], at: Context) -> Value:
    if not arguments:
        fail("wrong-arguments", expression.span, "at least one argument is wanted")
    values = [scalar(argument, at) for argument in arguments]
    leading = next((value for value in values if not value.bare), values[0])
    terms = tuple(
        value.term
        if value.bare and leading.bare
        else in_unit(value, leading.dimension, leading.unit, argument)
        for value, argument in zip(values, arguments, strict=True)
    )
    numbers = [term.value for term in terms if isinstance(term, Number)]
    if len(numbers) == len(terms):
        chosen = min(numbers) if expression.function.text == "min" else max(numbers)
        return replace(leading, term=Number(chosen))
    return replace(leading, term=Apply(expression.function.text, terms))


def _trigonometric(expression: tree.Call, arguments: list[tree.Expression], at: Context) -> Value:
    _expect(expression, arguments, 1)
    term = in_unit(scalar(arguments[0], at), ANGLE, UNITS["rad"], arguments[0])
    return Quantity(Apply(expression.function.text, (term,)), NONE)


def _exponential(expression: tree.Call, arguments: list[tree.Expression], at: Context) -> Value:
    _expect(expression, arguments, 1)
    return Quantity(
        Apply("exp", (in_unit(scalar(arguments[0], at), NONE, None, arguments[0]),)), NONE
    )


def _root(expression: tree.Call, arguments: list[tree.Expression], at: Context) -> Value:
    _expect(expression, arguments, 1)
    value = scalar(arguments[0], at)
    return Quantity(
        Apply("sqrt", (value.term,)), _halved(value.dimension, expression), None, value.bare
    )


def _halved(dimension: Dimension, expression: tree.Call) -> Dimension:
    exponents = astuple(dimension)
    if any(exponent % 2 for exponent in exponents):
        fail("unit-mismatch", expression.span, f"{dimension} has no square root")
    return Dimension(*(exponent // 2 for exponent in exponents))


def _norm(expression: tree.Call, arguments: list[tree.Expression], at: Context) -> Value:
    _expect(expression, arguments, 1)
    value = settle(arguments[0], at)
    if not isinstance(value, Vector):
        fail("wrong-type", arguments[0].span, f"{kind(value)} has no norm", help="use `abs`")
    first = value.parts[0]
    square = add(*(multiply(part.term, part.term) for part in value.parts))
    return Quantity(Apply("norm", (square,)), first.dimension, first.unit, first.bare)


def _distance(expression: tree.Call, arguments: list[tree.Expression], at: Context) -> Value:
    _expect(expression, arguments, 2)
    difference = tree.Binary("-", arguments[0], arguments[1], expression.span)
    argument = tree.Argument(None, difference, expression.span)
    return _norm(replace(expression, arguments=(argument,)), [difference], at)


FUNCTIONS: dict[str, Callable[[tree.Call, list[tree.Expression], Context], Value]] = {
    "old": _old,
    "abs": _absolute,
    "min": _extremum,
    "max": _extremum,
    "sqrt": _root,
    "norm": _norm,
    "distance": _distance,
    "sin": _trigonometric,
    "cos": _trigonometric,
    "tan": _trigonometric,
    "exp": _exponential,
}
