"""Plants: how the robot moves under its commands, and what is declared about that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

from verifier.core.diagnostic import Label, near_miss
from verifier.core.sets import Box
from verifier.core.span import Span
from verifier.core.term import Number, Real, Term
from verifier.core.unit import TIME, UNITS, Unit
from verifier.model.arguments import Space
from verifier.model.commands import within_limits
from verifier.model.control import Bounds, Derivative, Input, Plant
from verifier.model.expression import Context, in_unit, number, scalar_names, settle
from verifier.model.guard import baseline, limits, switch
from verifier.model.quantity import Quantity, Value, Vector, fail, kind
from verifier.model.region import box_in, declared_domain
from verifier.model.scope import Scope, variable
from verifier.model.values import StateVariable
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression

LONGEST_LATENCY = 1000


def plant(scope: Scope, declaration: tree.PlantDeclaration) -> Plant:
    """The settled plant. Raises SourceError."""
    inner = replace(
        scope, variables=dict(scope.variables), domains=dict(scope.domains), memo={}, active=[]
    )
    inputs, disturbances = (
        tuple(_input(inner, block, name, what) for block in blocks for name in block.names)
        for blocks, what in (
            (declaration.inputs, "the input"),
            (declaration.disturbances, "the disturbance"),
        )
    )
    at = Context(inner)
    dynamics = tuple(_derivative(each, at) for each in declaration.dynamics)
    _once((each.variable, each.span) for each in dynamics)
    period = _period(declaration, bool(inputs), at)
    settled = Plant(
        declaration.name.text,
        inputs,
        dynamics,
        period,
        declaration.span,
        _latency(declaration, period, at),
        disturbances,
        tuple(_error(each, scope, dynamics) for each in _boxes(declaration, "error")),
        tuple(_rate(each, inputs) for each in _boxes(declaration, "rate")),
    )
    settled = replace(settled, measured=_measured(declaration, settled))
    state = Context(scope)
    limited = replace(
        settled,
        baseline=baseline(_value(declaration, "baseline"), settled, state),
        limits=limits(declaration, settled, scope),
        switch=switch(declaration, state),
        grid=_grid(declaration, period, at),
    )
    return within_limits(limited)


def _once(names: Iterable[tuple[str, Span]]) -> None:
    seen: set[str] = set()
    for name, span in names:
        if name in seen:
            fail("duplicate-clause", span, f"`der({name})` is given twice")
        seen.add(name)


def _value(declaration: tree.PlantDeclaration, kind: str) -> tree.Expression | None:
    """What stands behind `kind`, which is given at most once."""
    found = [p for p in declaration.parts if isinstance(p, tree.PlantValue) and p.kind == kind]
    if len(found) > 1:
        fail(
            "duplicate-clause",
            found[1].span,
            f"a plant has one `{kind}`, and this is another",
            notes=(Label(found[0].span, "the first one"),),
        )
    return found[0].value if found else None


def _boxes(declaration: tree.PlantDeclaration, kind: str) -> Iterator[tree.PlantBox]:
    seen: set[str] = set()
    for part in declaration.parts:
        if isinstance(part, tree.PlantBox) and part.kind == kind:
            if part.name.text in seen:
                fail("duplicate-clause", part.span, f"`{kind} {part.name.text}` is given twice")
            seen.add(part.name.text)
            yield part


# ---- time --------------------------------------------------------------------------------------


def _period(declaration: tree.PlantDeclaration, commanded: bool, at: Context) -> Fraction:
    written = _value(declaration, "period")
    if written is None:
        if not commanded:
            return Fraction(0)
        fail(
            "missing-period",
            declaration.name.span,
            f"the plant `{declaration.name.text}` names no period",
            help="commands are held for one period: add `period 1 ms`",
        )
    period = number(written, TIME, UNITS["s"], at)
    if period <= 0:
        fail("bad-duration", written.span, "the period of a plant is positive")
    return period


def _latency(declaration: tree.PlantDeclaration, period: Fraction, at: Context) -> int:
    written = _value(declaration, "latency")
    if written is None:
        return 0
    latency = number(written, TIME, UNITS["s"], at)
    periods = latency / period if period else Fraction(-1)
    if periods.denominator != 1 or not 0 <= periods <= LONGEST_LATENCY:
        fail(
            "bad-latency",
            written.span,
            f"a latency of {latency} s is not 0 to {LONGEST_LATENCY} whole periods of {period} s",
            help="round it up to a whole number of periods",
        )
    return int(periods)


def _grid(declaration: tree.PlantDeclaration, period: Fraction, at: Context) -> Fraction | None:
    written = _value(declaration, "grid")
    if written is None:
        return None
    grid = number(written, TIME, UNITS["s"], at)
    ticks = period / grid if grid > 0 else Fraction(0)
    if ticks < 1 or ticks.denominator != 1 or (grid * 10**9).denominator != 1:
        fail(
            "bad-grid",
            written.span,
            f"a period of {period} s is no whole number of ticks of {grid} s on a grid of whole"
            " nanoseconds",
            help="the grid is the period, or a whole part of it: `grid 1 ms`",
        )
    return grid


# ---- inputs and dynamics -----------------------------------------------------------------------


def _input(scope: Scope, block: tree.VariableDeclaration, name: tree.Name, what: str) -> Input:
    if name.text in scope.variables:
        fail(
            "duplicate-name",
            name.span,
            f"`{name.text}` is a state variable already",
            notes=(Label(scope.variables[name.text].span, "declared here"),),
        )
    declared = variable(scope, block, False)(name)
    if not isinstance(declared.sort, Real) or declared.family:
        fail("wrong-type", block.type.span, f"{what} of a plant is a number or a vector")
    if block.domain is None:
        fail(
            "unbounded-input",
            name.span,
            f"{what} `{name.text}` has no bounds",
            help="bound it: `in box(lower = -2.0, upper = 2.0)`",
        )
    scope.variables[name.text] = declared
    scope.domains[name.text] = block.domain
    region = declared_domain(scope, declared)
    sides = [*region.lower, *region.upper] if isinstance(region, Box) else [None]
    numbers = [side.value for side in sides if isinstance(side, Number)]
    if len(numbers) != len(sides):
        fail("unbounded-input", block.domain.span, f"{what} is bounded by a box on every side")
    size = len(numbers) // 2
    lower, upper = tuple(numbers[:size]), tuple(numbers[size:])
    indexed = bool(declared.shape)
    return Input(name.text, size, declared.unit, lower, upper, name.span, indexed)


def _state(name: tree.Name, scope: Scope) -> StateVariable:
    state = scope.variables.get(name.text)
    if state is None or not isinstance(state.sort, Real) or state.family:
        fail(
            "unknown-name",
            name.span,
            f"there is no numeric state variable `{name.text}`",
            help=near_miss(name.text, scope.variables),
        )
    return state


def _derivative(written: tree.Dynamics, at: Context) -> Derivative:
    state = _state(written.variable, at.scope)
    rates = _rates(written.value, state, at)
    return Derivative(state.name, scalar_names(state, state.name), rates, written.span)


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


# ---- what is not exact -------------------------------------------------------------------------


def _error(written: tree.PlantBox, scope: Scope, dynamics: tuple[Derivative, ...]) -> Bounds:
    """How far a sample may lie from the truth: measured minus true, with 0 inside."""
    state = _state(written.name, scope)
    assert isinstance(state.sort, Real)
    if all(each.variable != state.name for each in dynamics):
        fail("unknown-name", written.name.span, f"this plant gives no `der({state.name})`")
    space = Space(state.shape[0] if state.shape else 1, state.sort.dimension, state.unit)
    return _bounds(written, space, scope)


def _rate(written: tree.PlantBox, inputs: tuple[Input, ...]) -> Bounds:
    """How fast an input may change, per second, with 0 inside."""
    name = written.name
    known = {each.name: each for each in inputs}
    if name.text not in known:
        help_line = near_miss(name.text, known)
        fail("unknown-name", name.span, f"this plant has no input `{name.text}`", help=help_line)
    unit = known[name.text].unit
    rate = None if unit is None else Unit(f"{unit.symbol}/s", unit.scale, unit.dimension / TIME)
    dimension = rate.dimension if rate is not None else TIME**-1
    return _bounds(written, Space(known[name.text].size, dimension, rate), Scope())


def _bounds(written: tree.PlantBox, space: Space, scope: Scope) -> Bounds:
    lower, upper = box_in(written.region, space, Context(scope))
    if any(low > 0 or high < 0 for low, high in zip(lower, upper, strict=True)):
        fail(
            "empty-set",
            written.region.span,
            f"`{written.kind} {written.name.text}` leaves out 0",
            help="let the lower end be at most 0 and the upper end at least 0",
        )
    return Bounds(written.name.text, lower, upper, written.span)


def _measured(declaration: tree.PlantDeclaration, plant: Plant) -> frozenset[str]:
    """The data that the plant calls measured; all others are assumed."""
    known = {"period", "latency", "grid"}
    known |= {each.name for each in (*plant.inputs, *plant.disturbances)}
    known |= {each.name for each in (*plant.errors, *plant.rates)}
    found: set[str] = set()
    for part in declaration.parts:
        for name in part.names if isinstance(part, tree.Measured) else ():
            if name.text not in known:
                fail(
                    "unknown-name",
                    name.span,
                    f"`{name.text}` is nothing that this plant declares",
                    help=near_miss(name.text, known),
                )
            found.add(name.text)
    return frozenset(found)
