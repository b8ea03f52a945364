"""Plants and barriers: how the robot moves under its commands, and where it must stay."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from verifier.core.diagnostic import Label, near_miss
from verifier.core.sets import Box
from verifier.core.term import Number, Real, Term
from verifier.core.unit import TIME, UNITS
from verifier.model.expression import Context, cases, in_unit, number, scalar, settle
from verifier.model.quantity import Quantity, Value, Vector, fail, kind
from verifier.model.region import declared_domain
from verifier.model.scope import Scope, variable
from verifier.model.values import Barrier, Derivative, Input, Plant, StateVariable
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression


def plant(scope: Scope, declaration: tree.PlantDeclaration) -> Plant:
    """The settled plant. Raises SourceError."""
    inner = replace(
        scope, variables=dict(scope.variables), domains=dict(scope.domains), memo={}, active=[]
    )
    inputs = tuple(
        _input(inner, block, name) for block in declaration.inputs for name in block.names
    )
    at = Context(inner)
    dynamics = tuple(_derivative(each, at) for each in declaration.dynamics)
    seen: set[str] = set()
    for each in dynamics:
        if each.variable in seen:
            fail("duplicate-clause", each.span, f"`der({each.variable})` is given twice")
        seen.add(each.variable)
    if declaration.period is None:
        fail(
            "missing-period",
            declaration.name.span,
            f"the plant `{declaration.name.text}` names no period",
            help="commands are held for one period: add `period 1 ms`",
        )
    period = number(declaration.period, TIME, UNITS["s"], at)
    if period <= 0:
        fail("bad-duration", declaration.period.span, "the period of a plant is positive")
    return Plant(declaration.name.text, inputs, dynamics, period, declaration.span)


def _input(scope: Scope, block: tree.VariableDeclaration, name: tree.Name) -> Input:
    if name.text in scope.variables:
        fail(
            "duplicate-name",
            name.span,
            f"`{name.text}` is a state variable already",
            notes=(Label(scope.variables[name.text].span, "declared here"),),
        )
    declared = variable(scope, block, False)(name)
    if not isinstance(declared.sort, Real) or declared.family:
        fail("wrong-type", block.type.span, "the input of a plant is a number or a vector")
    if block.domain is None:
        fail(
            "unbounded-input",
            name.span,
            f"the input `{name.text}` has no bounds",
            help="bound it: `in box(lower = -2.0, upper = 2.0)`",
        )
    scope.variables[name.text] = declared
    scope.domains[name.text] = block.domain
    region = declared_domain(scope, declared)
    sides = [*region.lower, *region.upper] if isinstance(region, Box) else [None]
    numbers = [side.value for side in sides if isinstance(side, Number)]
    if len(numbers) != len(sides):
        fail("unbounded-input", block.domain.span, "an input is bounded by a box on every side")
    size = len(numbers) // 2
    return Input(
        name.text, size, declared.unit, tuple(numbers[:size]), tuple(numbers[size:]), name.span
    )


def _derivative(written: tree.Dynamics, at: Context) -> Derivative:
    name = written.variable.text
    state = at.scope.variables.get(name)
    if state is None or not isinstance(state.sort, Real) or state.family:
        fail(
            "unknown-name",
            written.variable.span,
            f"there is no numeric state variable `{name}`",
            help=near_miss(name, at.scope.variables),
        )
    rates = _rates(written.value, state, at)
    return Derivative(name, rates, written.span)


def _rates(expression: tree.Expression, state: StateVariable, at: Context) -> tuple[Term, ...]:
    assert isinstance(state.sort, Real)
    value: Value = settle(expression, at)
    parts = value.parts if isinstance(value, Vector) else (value,)
    count = state.shape[0] if state.shape else 1
    if len(parts) != count:
        fail(
            "shape-mismatch",
            expression.span,
            f"`{state.name}` has {count} parts, but `{format_expression(expression)}` has"
            f" {len(parts)}",
        )
    rates = []
    for part in parts:
        if not isinstance(part, Quantity):
            fail("wrong-type", expression.span, f"{kind(part)} is no rate of change")
        rates.append(in_unit(part, state.sort.dimension / TIME, None, expression))
    return tuple(rates)


def barriers(scope: Scope, declaration: tree.BarrierDeclaration) -> list[Barrier]:
    """One barrier, or one for each index of its family. Raises SourceError."""
    at = Context(scope)
    name = declaration.name.text
    text = format_expression(declaration.value)
    if declaration.index is None:
        return [Barrier(name, *_safe(declaration, at), declaration.span, text)]
    index, domain = declaration.index
    settled = []
    for inner in cases(index, domain, at):
        position = inner.bindings[index.text]
        assert isinstance(position, Quantity) and isinstance(position.term, Number)
        member = f"{name}[{position.term.value}]"
        settled.append(Barrier(member, *_safe(declaration, inner), declaration.span, text))
    return settled


def _safe(declaration: tree.BarrierDeclaration, at: Context) -> tuple[Term, Fraction | None]:
    value = scalar(declaration.value, at).term
    if declaration.alpha is None:
        return value, None
    alpha = number(declaration.alpha, TIME**-1, UNITS["Hz"], at)
    if alpha <= 0:
        fail("bad-gain", declaration.alpha.span, "the gain of a barrier is positive")
    return value, alpha
