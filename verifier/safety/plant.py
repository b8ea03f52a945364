"""The plants that the bundle can keep safe, recognised in the model.

Today one form: `der(q) = dq`, each component of an input drives one state scalar, with a bounded
box that contains 0. The command is held for one period (zero-order hold), so that exactly

    q+ = q + T dq
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic
from verifier.core.span import Span
from verifier.core.term import Variable
from verifier.model.control import Input, Plant
from verifier.model.values import Model

HELP = "supported: `input dq : real[n] … in box(…)` with `dynamics der(q) = dq` and a period"


@dataclass(frozen=True, slots=True)
class Integrator:
    """`der(state) = input[index]` with the input between `lower` and `upper`; index from 0.

    `state` is None where the input component drives nothing that is declared.
    """

    plant: str
    input: str
    index: int
    state: str | None
    lower: Fraction
    upper: Fraction
    period: Fraction
    span: Span


def integrators(model: Model) -> tuple[Integrator, ...] | tuple[Diagnostic, ...]:
    """One for each component of each input, in the order of the declarations."""
    troubles = tuple(trouble for plant in model.plants for trouble in _troubles(plant, model))
    if troubles:
        return troubles
    return tuple(joint for plant in model.plants for joint in _joints(plant, model))


def _joints(plant: Plant, model: Model) -> Iterator[Integrator]:
    states = _driven(plant, model)
    for command in plant.inputs:
        for index, name in enumerate(_components(command)):
            state = states.get(name)
            low, high = command.lower[index], command.upper[index]
            yield Integrator(
                plant.name, command.name, index, state, low, high, plant.period, command.span
            )


def _components(command: Input) -> tuple[str, ...]:
    """The scalar names of an input: `dq[1]`, …"""
    return tuple(f"{command.name}[{k + 1}]" for k in range(command.size))


def _state_scalars(variable: str, model: Model) -> tuple[str, ...]:
    return tuple(s.name for s in model.scalars.values() if s.variable == variable)


def _driven(plant: Plant, model: Model) -> dict[str, str]:
    """The state scalar that each input scalar drives."""
    alone = {c.name: f"{c.name}[1]" for c in plant.inputs if c.size == 1}
    driven = {}
    for derivative in plant.dynamics:
        for state, rate in zip(
            _state_scalars(derivative.variable, model), derivative.rates, strict=True
        ):
            if isinstance(rate, Variable):
                driven[alone.get(rate.name, rate.name)] = state
    return driven


def _troubles(plant: Plant, model: Model) -> Iterator[Diagnostic]:
    inputs = {name for command in plant.inputs for name in _components(command)}
    inputs |= {command.name for command in plant.inputs if command.size == 1}
    seen: set[str] = set()
    for derivative in plant.dynamics:
        for rate in derivative.rates:
            if not isinstance(rate, Variable) or rate.name not in inputs:
                what = f"`der({derivative.variable})` is not one input of `{plant.name}`"
                yield Diagnostic("plant-not-supported", derivative.span, what, (), HELP)
                break
            if rate.name in seen:
                what = f"`{rate.name}` drives more than one state of `{plant.name}`"
                yield Diagnostic("plant-not-supported", derivative.span, what, (), HELP)
                break
            seen.add(rate.name)
    for command in plant.inputs:
        if any(low > 0 or high < 0 for low, high in zip(command.lower, command.upper, strict=True)):
            what = f"the box of `{command.name}` does not contain 0, the command that stands still"
            yield Diagnostic("plant-not-supported", command.span, what, (), HELP)
        if max(map(abs, (*command.lower, *command.upper))) > Fraction(10) ** 300:
            what = f"the box of `{command.name}` is beyond 1e300"
            yield Diagnostic("plant-not-supported", command.span, what, (), HELP)
    if not Fraction(1, 10**9) <= plant.period <= 3600:
        what = f"the period of `{plant.name}` is not between 1 ns and 1 h"
        yield Diagnostic("plant-not-supported", plant.span, what, (), HELP)


# ---- directed rounding -------------------------------------------------------------------------


def rounded_up(value: Fraction) -> float:
    """The smallest double that is not below the value, which is at most 1e300 in size."""
    near = float(value)
    return near if Fraction(near) >= value else math.nextafter(near, math.inf)


def rounded_down(value: Fraction) -> float:
    """The largest double that is not above the value, which is at most 1e300 in size."""
    return 0.0 - rounded_up(-value)
