"""Patterns of properties: a call is replaced by the formula, its parameters by the arguments.

A parameter is a condition (`bool`), which may itself speak of time, or a time (`real s`). What is
substituted keeps its place in the source, so that a mistake in an argument is shown there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from typing import TypeVar

from verifier.core.diagnostic import Label
from verifier.core.term import Boolean, Real
from verifier.core.unit import TIME
from verifier.model.quantity import fail
from verifier.model.scope import Scope, declared_type
from verifier.syntax import tree

MOST_NODES = 20_000
T = TypeVar("T")
Arguments = Mapping[str, tree.Expression]


def check_pattern(pattern: tree.PatternDeclaration, scope: Scope) -> tree.Expression:
    """The formula with `true` for its conditions and a second for its times, so that it can be
    settled where it is declared. Raises SourceError for parameters that are neither."""
    samples: dict[str, tree.Expression] = {}
    for parameter in pattern.parameters:
        name, span = parameter.name.text, parameter.span
        sort, shape, point, family, _ = declared_type(scope, parameter.type)
        if name in samples:
            fail("duplicate-name", parameter.name.span, f"`{name}` is declared twice")
        if shape or point or family or sort not in (Boolean(), Real(TIME)):
            fail(
                "wrong-type",
                span,
                f"`{name}` is neither a condition nor a time",
                help="a pattern's parameters are `bool` or `real s`",
            )
        truth, second = tree.TruthLiteral(True, span), tree.Literal("1", Fraction(1), "s", span)
        samples[name] = truth if sort == Boolean() else second
    return _Expansion(scope).formula(pattern.formula, samples, (pattern.name.text,))


def expanded(formula: tree.Expression, scope: Scope) -> tree.Expression:
    """The formula without calls of patterns. Raises SourceError."""
    return _Expansion(scope).formula(formula, {}, ())


class _Expansion:
    """One walk; `count` bounds the size of what comes out."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.count = 0

    def formula(
        self, node: tree.Expression, arguments: Arguments, inside: tuple[str, ...]
    ) -> tree.Expression:
        self.count += 1
        if self.count > MOST_NODES:
            message = f"the patterns expand to more than {MOST_NODES} expressions"
            fail("nesting-too-deep", node.span, message)
        match node:
            case tree.Reference(name) if name in arguments:
                self.count += _size(arguments[name])
                return arguments[name]
            case tree.Call(function) if function.text in self.scope.patterns:
                return self.call(node, arguments, inside)
            case tree.Quantified(_, variable, domain, body):
                # No argument can name a variable that cannot be written.
                fresh = tree.Name(f"{variable.text}'", variable.span) if inside else variable
                bound = tree.Reference(fresh.text, variable.span)
                within = {**arguments, variable.text: bound} if inside else arguments
                span = self.formula(domain, arguments, inside)
                return replace(
                    node, variable=fresh, domain=span, body=self.formula(body, within, inside)
                )
            case _:
                return _mapped(node, lambda part: self.formula(part, arguments, inside))

    def call(
        self, node: tree.Call, arguments: Arguments, inside: tuple[str, ...]
    ) -> tree.Expression:
        name = node.function.text
        pattern = self.scope.patterns[name]
        label = Label(pattern.name.span, "declared here")
        if name in inside:
            message = f"the pattern `{name}` is defined by itself"
            fail("circular-definition", node.span, message, notes=(label,))
        wanted = [parameter.name.text for parameter in pattern.parameters]
        given: dict[str, tree.Expression] = {}
        for k, argument in enumerate(node.arguments):
            key = argument.name.text if argument.name else wanted[k] if k < len(wanted) else ""
            if key not in wanted or key in given:
                message = f"`{name}` takes {', '.join(f'`{each}`' for each in wanted)}"
                fail("wrong-arguments", argument.span, message, notes=(label,))
            given[key] = self.formula(argument.value, arguments, inside)
        absent = [each for each in wanted if each not in given]
        if absent:
            message = f"`{name}` is called without `{absent[0]}`"
            fail("wrong-arguments", node.span, message, notes=(label,))
        return self.formula(pattern.formula, given, (*inside, name))


def _mapped(node: T, change: Callable[[tree.Expression], tree.Expression]) -> T:
    """The node with each expression right below it changed."""
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changes: dict[str, object] = {}
    for each in fields(node):
        value = getattr(node, each.name)
        if isinstance(value, tuple):
            changes[each.name] = tuple(_part(item, change) for item in value)
        else:
            changes[each.name] = _part(value, change)
    return replace(node, **changes)


def _part(value: object, change: Callable[[tree.Expression], tree.Expression]) -> object:
    if isinstance(value, tree.Argument | tree.Bound):
        return _mapped(value, change)
    return change(value) if isinstance(value, tree.Expression) else value


def _size(node: tree.Expression) -> int:
    count = 1

    def counted(part: tree.Expression) -> tree.Expression:
        nonlocal count
        count += _size(part)
        return part

    _mapped(node, counted)
    return count
