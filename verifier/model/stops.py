"""Limits of joints that cannot stand at once, which are kept by braking in time: joints whose
acceleration is commanded, and such whose speed is, but may only change so fast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.enclosure import Range
from verifier.core.term import NOW, Number, Sum, Term, Variable, add, multiply, number, subtract
from verifier.model.control import Barrier, Plant, boxes
from verifier.model.interval import Interval, interval_of
from verifier.model.quantity import fail
from verifier.model.tube import Noise, Tube, noise_after, tube_of


@dataclass(frozen=True, slots=True)
class Stop:
    """A limit of a joint that is kept by braking in time.

    With D the room left to `end` and w the speed towards it, D = end - position for sign 1 and
    position - end for sign -1, the joint can stop if D >= 0 and, while w > 0,

        D >= w^2 / (2 A) + A T^2 / 8        (order 2: its acceleration is commanded)
        D >= (w - A T / 2)^2 / (2 A)        (order 1: its speed, w is the command before)

    where A is the deceleration that it may rely on, and T the period. The last step takes w to 0 in
    a whole period, which costs at most A T^2 / 8 more than stopping at once; a commanded speed is
    lower from the beginning of the period, which saves w T / 2.

    Under errors and disturbances a reference brakes like this, and the joint tracks it: of what its
    input allows, `strength`, the `tube` takes a part for corrections, and A is what is left; the
    reference keeps away from the end by the width of the tube. `change` is by how much the input
    may change in a period while braking sets in, None if by anything. A joint whose acceleration
    cannot change through its box at once stops by a plan (verifier/safety/jerk.py).
    """

    barrier: Barrier
    name: str
    position: str
    speed: str
    sign: int
    end: Fraction
    strength: Fraction
    period: Fraction
    tube: Tube
    input: str
    change: Fraction | None
    order: int = 2
    planned: bool = False

    @property
    def deceleration(self) -> Fraction:
        """What is left to brake with: of the input, or of the rate at which it may change."""
        taken = self.tube.correction if self.order == 2 else self.tube.change / self.period
        return self.strength - taken

    def needed(self, speed: Term) -> Term:
        """The room that braking takes from this speed, which is not negative."""
        deceleration, period = self.deceleration, self.period
        square = multiply(Number(1 / (2 * deceleration)), speed, speed)
        rest = Number(deceleration * period**2 / 8)
        if self.order == 2:
            return add(square, rest)
        return add(square, multiply(Number(-period / 2), speed), rest)

    @property
    def room(self) -> Term:
        return multiply(number(self.sign), subtract(Number(self.end), Variable(self.position)))

    @property
    def reference_room(self) -> Term:
        """The room that is left to a reference."""
        return subtract(self.room, Number(self.tube.position))

    @property
    def approach(self) -> Term:
        return multiply(number(self.sign), Variable(self.speed))


def stops(barrier: Barrier, plant: Plant) -> tuple[Stop, ...]:
    """The limits that a barrier means of a joint that brakes for them: whose speed is commanded at
    a limited rate, or its acceleration, if its jerk is limited or the barrier names no gain; none
    for any other."""
    if barrier.margin is not None or barrier.start is not None:
        return ()
    interval = interval_of(barrier)
    if not isinstance(interval, Interval) or barrier.keeps:
        return ()
    motor = motor_of(plant, interval.state)
    if motor is None or interval.state not in plant.positions:
        return ()
    speed = plant.speeds.get(interval.state)
    if speed is None:
        return _rated(barrier, plant, interval, motor)
    if barrier.alpha is not None and plant.baseline and plant.baseline.kind == "law":
        return ()
    found = _pushed(barrier, plant, interval, motor)
    return tuple(stop for stop in found if barrier.alpha is None or stop.planned)


def _sides(interval: Interval) -> Iterator[tuple[str, Fraction, int]]:
    """Which side it is, where it ends, and the sign of the speed towards it."""
    for side, end, sign in (("lower", interval.lower, -1), ("upper", interval.upper, 1)):
        if end is not None:
            yield side, end, sign


def _pushed(barrier: Barrier, plant: Plant, interval: Interval, motor: Motor) -> tuple[Stop, ...]:
    """The stops of a joint whose acceleration is commanded."""
    found = []
    changes = [_change(plant, motor.input, interval.state, sign) for sign in (-1, 1)]
    least = min((change for change in changes if change is not None), default=None)
    for side, end, sign in _sides(interval):
        most_brake = motor.upper if sign < 0 else -motor.lower
        if most_brake <= 0:
            fail(
                "barrier-not-supported",
                barrier.span,
                f"no input stops `{interval.state}` before its {side} limit",
                help="let the box of the input reach to both sides of 0",
            )
        found.append(
            Stop(
                barrier,
                f"{barrier.name}.{side}",
                interval.state,
                plant.speeds[interval.state],
                sign,
                end,
                most_brake,
                plant.period,
                tube_of(2, plant.period, motor.strength, motor.noise),
                motor.input,
                _change(plant, motor.input, interval.state, sign),
                planned=least is not None and least < motor.upper - motor.lower,
            )
        )
    return tuple(found)


def _rated(barrier: Barrier, plant: Plant, interval: Interval, motor: Motor) -> tuple[Stop, ...]:
    """The stops of a joint whose speed is commanded at a limited rate. The command that was sent
    last is part of its state; a law that is written out is judged as it is."""
    rate = rate_of(plant, motor.input, interval.state)
    if rate is None or motor.strength <= 0 or (plant.baseline and plant.baseline.kind == "law"):
        return ()
    if rate <= 0:
        fail(
            "barrier-not-supported",
            barrier.span,
            f"no change of `{motor.input}` stops `{interval.state}` before its limit",
            help="let the rate of the input reach to both sides of 0",
        )
    tube = tube_of(1, plant.period, motor.strength, motor.noise)
    return tuple(
        Stop(
            barrier,
            f"{barrier.name}.{side}",
            *(interval.state, before(motor.input), sign, end, rate, plant.period, tube),
            *(motor.input, rate * plant.period),
            order=1,
        )
        for side, end, sign in _sides(interval)
    )


def before(name: str) -> str:
    """The command of an input that was sent last."""
    return f"{name} before"


def rate_of(plant: Plant, name: str, position: str) -> Fraction | None:
    """How fast an input that is a speed may change to either side, per second."""
    found = [min(-low, high) for low, high in _declared(plant, name)]
    for signal, share in (("acceleration", Fraction(1)), ("step", 1 / plant.period)):
        found += [min(-low, high) * share for low, high in _limited(plant, signal, position)]
    return min(found, default=None)


def _declared(plant: Plant, name: str) -> Iterator[Range]:
    """The ranges of the input's rates."""
    for rate in plant.rates:
        scalars = next(each.scalars for each in plant.inputs if each.name == rate.name)
        if name in scalars:
            yield rate.lower[scalars.index(name)], rate.upper[scalars.index(name)]


def _limited(plant: Plant, signal: str, position: str) -> Iterator[Range]:
    """The ranges of the hardware's limits of a signal of this joint."""
    for limit in plant.limits:
        if limit.signal == signal:
            place = plant.positions.index(position) if len(limit.lower) > 1 else 0
            yield limit.lower[place], limit.upper[place]


def _change(plant: Plant, name: str, position: str, sign: int) -> Fraction | None:
    """By how much the input may change in a period away from the end that is braked for."""
    period = plant.period
    found = [(low * period, high * period) for low, high in _declared(plant, name)]
    found += [(low * period, high * period) for low, high in _limited(plant, "jerk", position)]
    found += _limited(plant, "step", position)
    return min((-low if sign > 0 else high for low, high in found), default=None)


@dataclass(frozen=True, slots=True)
class Motor:
    """What drives one joint: a single input between these ends, and what the joint is not told."""

    input: str
    lower: Fraction
    upper: Fraction
    noise: Noise

    @property
    def strength(self) -> Fraction:
        return min(-self.lower, self.upper)


def motor_of(plant: Plant, position: str) -> Motor | None:
    """The motor of a joint whose speed or acceleration is one input with disturbances added; None
    for any other."""
    speed = plant.speeds.get(position)
    rate = plant.rates_of[speed or position]
    parts = rate.terms if isinstance(rate, Sum) else (rate,)
    limits, noises = boxes(plant.inputs), boxes(plant.disturbances)
    names = [(part.name, NOW) for part in parts if isinstance(part, Variable)]
    driving = [key for key in names if key in limits]
    if len(names) != len(parts) or len(driving) != 1:
        return None
    if any(key not in limits and key not in noises for key in names):
        return None
    errors = [max(-low, high) for low, high in map(plant.error_of, (position, speed or ""))]
    pushes = [noises[key] for key in names if key in noises]
    push = sum((max(-low, high) for low, high in pushes), Fraction(0))
    late = plant.latency * plant.period
    noise = noise_after(2 if speed else 1, late, errors[0], errors[1], push)
    return Motor(driving[0][0], *limits[driving[0]], noise)
