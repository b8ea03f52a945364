"""The joints of a model with all that is declared about them, and why a plant cannot be kept.

Supported are chains of one or two integrators with a disturbance on the last derivative:

    der(q) = u + c w        or        der(q) = v,  der(v) = u + c w
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic
from verifier.core.span import Span
from verifier.core.term import Number, Product, Sum, Term, Variable
from verifier.model.control import Input, Plant
from verifier.model.interval import Interval
from verifier.model.values import Model
from verifier.safety.braking import Axis

HELP = "supported: `der(q) = dq`, or `der(q) = v` with `der(v) = a`, each plus a disturbance"
HUGE = Fraction(10) ** 100


@dataclass(frozen=True, slots=True)
class Wheel:
    """One component of an input: what it drives, and how. `position` and `speed` are state scalars,
    `barriers` the names of those that bound them."""

    plant: Plant
    input: Input
    index: int
    axis: Axis
    position: str
    speed: str | None
    barriers: tuple[str, ...]
    span: Span


def wheels(model: Model, intervals: Sequence[Interval]) -> list[Wheel | Diagnostic]:
    """One for each component of each input, in the order of the declarations."""
    plants = [plant for plant in model.plants if plant.inputs]
    found: list[Wheel | Diagnostic] = []
    for plant in plants:
        if (plant.period, plant.latency) != (plants[0].period, plants[0].latency):
            what = f"`{plant.name}` has another period or latency than `{plants[0].name}`"
            found.append(Diagnostic("plant-not-supported", plant.span, what, (), HELP))
        found += _plant(plant, intervals)
    return found


def _plant(plant: Plant, intervals: Sequence[Interval]) -> Iterator[Wheel | Diagnostic]:
    if not Fraction(1, 10**9) <= plant.period <= 3600:
        what = f"the period of `{plant.name}` is not between 1 ns and 1 h"
        yield Diagnostic("plant-not-supported", plant.span, what, (), HELP)
        return
    found = driven(plant)
    if isinstance(found, Diagnostic):
        yield found
        return
    for command in plant.inputs:
        for index, scalar in enumerate(command.scalars):
            if scalar not in found:
                what = f"`{scalar}` drives nothing that is declared"
                yield Diagnostic("plant-not-supported", command.span, what, (), HELP)
                continue
            state, disturbance = found[scalar]
            yield from _limited(_wheel(plant, command, index, state, disturbance), intervals)


def driven(plant: Plant) -> dict[str, tuple[str, Fraction]] | Diagnostic:
    """For each input scalar the state whose derivative it is, and the size of its disturbance."""
    inputs = {scalar for command in plant.inputs for scalar in command.scalars}
    sizes = {
        scalar: max(abs(w.lower[k]), abs(w.upper[k]))
        for w in plant.disturbances
        for k, scalar in enumerate(w.scalars)
    }
    found: dict[str, tuple[str, Fraction]] = {}
    for derivative in plant.dynamics:
        for state, rate in zip(derivative.states, derivative.rates, strict=True):
            if state in plant.speeds:
                continue
            parts = _affine(rate)
            commands = [name for name in parts or () if name in inputs]
            if parts is None or len(commands) != 1 or parts[commands[0]] != 1:
                what = f"`der({state})` is not one input of `{plant.name}` with a disturbance"
                return Diagnostic("plant-not-supported", derivative.span, what, (), HELP)
            (name,) = commands
            rest = [other for other in parts if other != name]
            if name in found or not all(other in sizes for other in rest):
                what = f"`der({state})` depends on more than one input and its disturbance"
                return Diagnostic("plant-not-supported", derivative.span, what, (), HELP)
            found[name] = state, sum((abs(parts[o]) * sizes[o] for o in rest), Fraction(0))
    return found


def _affine(term: Term) -> dict[str, Fraction] | None:
    """The coefficients of a linear term; None for any other."""
    match term:
        case Variable(name):
            return {name: Fraction(1)}
        case Product((Number(value), Variable(name))):
            return {name: value}
        case Sum(terms):
            total: dict[str, Fraction] = {}
            for part in map(_affine, terms):
                if part is None:
                    return None
                for name, value in part.items():
                    total[name] = total.get(name, Fraction(0)) + value
            return total
        case _:
            return None


def _wheel(plant: Plant, command: Input, index: int, state: str, disturbance: Fraction) -> Wheel:
    positions = {speed: position for position, speed in plant.speeds.items()}
    second = state in positions
    position = positions.get(state, state)
    rates = [bounds for bounds in plant.rates if bounds.name == command.name]
    rate = min((min(-bounds.lower[index], bounds.upper[index]) for bounds in rates), default=None)
    axis = Axis(
        2 if second else 1,
        plant.period,
        command.lower[index],
        command.upper[index],
        rate=rate,
        disturbance=disturbance,
        position_error=_error(plant, position),
        speed_error=_error(plant, state) if second else Fraction(0),
        latency=plant.latency,
    )
    return Wheel(plant, command, index, axis, position, state if second else None, (), command.span)


def _error(plant: Plant, state: str) -> Fraction:
    """How far the measured value may be from the true one."""
    low, high = plant.error_of(state)
    return max(-low, high)


# ---- limits ------------------------------------------------------------------------------------


def _limited(wheel: Wheel, intervals: Sequence[Interval]) -> Iterator[Wheel | Diagnostic]:
    """The joint with the limits of its barriers and its hardware."""
    axis, names = wheel.axis, []
    for interval in intervals:
        if interval.state == wheel.position:
            names.append(interval.barrier.name)
            axis = _narrower(axis, "position", interval.lower, interval.upper)
            alpha = interval.barrier.alpha
            axis = replace(axis, alpha=_least(axis.alpha, alpha))
        elif interval.state == wheel.speed:
            names.append(interval.barrier.name)
            axis = _narrower(axis, "speed", interval.lower, interval.upper)
            axis = replace(axis, speed_alpha=_least(axis.speed_alpha, interval.barrier.alpha))
    for limit in wheel.plant.limits:
        place = wheel.index if len(limit.lower) > 1 else 0
        if limit.signal == "torque" and _weighed(wheel.plant):
            continue  # of the torque that bears the weight: see filter_design.py
        found = _hardware(axis, limit.signal, limit.lower[place], limit.upper[place])
        if found is None:
            what = f"a limit of `{limit.signal}` does not go with what `{wheel.input.name}` drives"
            yield Diagnostic("plant-not-supported", limit.span, what, (), _help(limit.signal))
            continue
        axis = found
    if axis.order == 2 and axis.rate is not None:
        swing = axis.upper - axis.lower
        axis = axis if axis.rate * axis.period < swing else replace(axis, rate=None)
    if max(-axis.lower, axis.upper) > HUGE:
        what = f"the box of `{wheel.input.name}` is beyond 1e100"
        yield Diagnostic("plant-not-supported", wheel.span, what, (), HELP)
        return
    yield replace(wheel, axis=axis, barriers=tuple(names))


def _weighed(plant: Plant) -> bool:
    return plant.baseline is not None and plant.baseline.gravity is not None


def _least(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    known = [value for value in (one, other) if value is not None]
    return min(known) if known else None


def _help(signal: str) -> str:
    return "limit a signal that the command or its integrals are"


def _narrower(axis: Axis, what: str, lower: Fraction | None, upper: Fraction | None) -> Axis:
    speed = what == "speed"
    old_low = axis.speed_lower if speed else axis.position_lower
    old_high = axis.speed_upper if speed else axis.position_upper
    lows = [side for side in (old_low, lower) if side is not None]
    highs = [side for side in (old_high, upper) if side is not None]
    low, high = (max(lows) if lows else None), (min(highs) if highs else None)
    if speed:
        return replace(axis, speed_lower=low, speed_upper=high)
    return replace(axis, position_lower=low, position_upper=high)


def _box(axis: Axis, lower: Fraction, upper: Fraction) -> Axis:
    return replace(axis, lower=max(axis.lower, lower), upper=min(axis.upper, upper))


def _rate(axis: Axis, rate: Fraction) -> Axis:
    return replace(axis, rate=rate if axis.rate is None else min(axis.rate, rate))


def _hardware(axis: Axis, signal: str, lower: Fraction, upper: Fraction) -> Axis | None:
    """The joint with this limit; None where it has no such signal."""
    size, period = min(-lower, upper), axis.period
    match signal, axis.order:
        case "position", _:
            return _narrower(axis, "position", lower, upper)
        case ("velocity", 1) | ("acceleration", 2):
            return _box(axis, lower, upper)
        case "velocity", 2:
            return _narrower(axis, "speed", lower, upper)
        case ("acceleration", 1) | ("jerk", 2):
            return _rate(axis, size)
        case "step", _:
            return _rate(axis, size / period)
        case "jump", _:
            return axis
        case "target", 1:
            return _box(axis, lower / period, upper / period)
        case "target", 2:
            return _narrower(axis, "speed", lower / period, upper / period)
        case _:
            return None


def periods(time: Fraction, period: Fraction) -> int:
    """How many periods last at least so long; at least one."""
    return max(1, math.ceil(time / period))
