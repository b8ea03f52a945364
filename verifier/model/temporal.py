"""Temporal properties: metric temporal logic over state formulas (Koymans 1990), with bounds in
seconds."""

from __future__ import annotations

from fractions import Fraction

from verifier.core.diagnostic import Diagnostic, Label, SourceError, near_miss
from verifier.core.span import Span
from verifier.core.unit import TIME, UNITS
from verifier.model.contract import named_fallback
from verifier.model.expression import Context, cases, formula, number
from verifier.model.pattern import check_pattern, expanded
from verifier.model.quantity import fail
from verifier.model.scope import Scope
from verifier.model.values import Atom, Connective, Interval, Modal, Property, Temporal
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression


def properties(scope: Scope) -> tuple[Property, ...]:
    """The properties with their fallbacks. Raises SourceError with everything that is wrong."""
    found: list[Diagnostic] = []
    fallbacks: dict[str, tuple[str, Span]] = {}
    settled: list[Property] = []
    for pattern in scope.patterns.values():
        try:
            temporal(check_pattern(pattern, scope), Context(scope))
        except SourceError as error:
            found.extend(error.diagnostics)
    for violation in scope.violations:
        try:
            _fallbacks(scope, violation, fallbacks)
        except SourceError as error:
            found.extend(error.diagnostics)
    for declaration in scope.properties.values():
        try:
            settled.append(_property(scope, declaration, fallbacks))
        except SourceError as error:
            found.extend(error.diagnostics)
    if found:
        raise SourceError(found)
    return tuple(settled)


def _fallbacks(
    scope: Scope, violation: tree.ViolationDeclaration, fallbacks: dict[str, tuple[str, Span]]
) -> None:
    fallback = named_fallback(violation.fallback)
    for name in violation.properties:
        if name.text not in scope.properties:
            fail(
                "unknown-property",
                name.span,
                f"there is no property `{name.text}`",
                help=near_miss(name.text, scope.properties),
            )
        if name.text in fallbacks:
            fail(
                "duplicate-clause",
                name.span,
                f"`{name.text}` has a fallback already",
                notes=(Label(fallbacks[name.text][1], "named here"),),
            )
        fallbacks[name.text] = fallback, name.span


def _property(
    scope: Scope, declaration: tree.PropertyDeclaration, fallbacks: dict[str, tuple[str, Span]]
) -> Property:
    at = Context(scope)
    settled = temporal(expanded(declaration.formula, scope), at)
    outside = sorted(name for name in at.read if scope.variables[name].environment)
    name = declaration.name.text
    if outside and name not in fallbacks:
        fail(
            "missing-fallback",
            declaration.name.span,
            f"`{name}` speaks about `{outside[0]}`, which belongs to the environment, and no"
            " fallback is named",
            help=f"add `on violation of {name} : stop`",
            notes=(Label(scope.variables[outside[0]].span, "declared as environment here"),),
        )
    fallback = fallbacks[name][0] if name in fallbacks else None
    text = format_expression(declaration.formula)
    return Property(name, settled, fallback, bool(outside), declaration.span, text)


def _speaks_of_time(expression: tree.Expression) -> bool:
    match expression:
        case tree.Temporal():
            return True
        case tree.Unary(_, operand):
            return _speaks_of_time(operand)
        case tree.Binary(_, left, right):
            return _speaks_of_time(left) or _speaks_of_time(right)
        case tree.Quantified(_, _, _, body):
            return _speaks_of_time(body)
        case _:
            return False


def temporal(expression: tree.Expression, at: Context) -> Temporal:
    """The temporal formula that the expression states."""
    if not _speaks_of_time(expression):
        return Atom(formula(expression, at), format_expression(expression))
    match expression:
        case tree.Temporal(operator, bound, operands):
            inner = tuple(temporal(operand, at) for operand in operands)
            return Modal(operator, _interval(bound, at), inner)
        case tree.Unary("not", operand):
            return Connective("not", (temporal(operand, at),))
        case tree.Binary(operator, left, right) if operator in ("and", "or", "implies", "iff"):
            return Connective(operator, (temporal(left, at), temporal(right, at)))
        case tree.Quantified(quantifier, variable, domain, body):
            parts = tuple(temporal(body, inner) for inner in cases(variable, domain, at))
            return Connective("and" if quantifier == "forall" else "or", parts)
        case _:
            fail(
                "wrong-type",
                expression.span,
                f"`{format_expression(expression)}` calculates with a temporal formula",
            )


def _interval(bound: tree.Bound | None, at: Context) -> Interval:
    if bound is None:
        return Interval(Fraction(0), None, False)
    low = number(bound.low, TIME, UNITS["s"], at)
    high = None if bound.high is None else number(bound.high, TIME, UNITS["s"], at)
    if low < 0 or (high is not None and (high < low or (bound.high_open and high == low))):
        fail(
            "bad-interval",
            bound.span,
            "a time bound runs from a time of at least 0 s to a later one",
        )
    return Interval(low, high, bound.high_open)
