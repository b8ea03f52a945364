"""Limits of joints whose acceleration is commanded, which are kept by braking in time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from verifier.core.term import NOW, Number, Sum, Term, Variable, multiply, number, subtract
from verifier.model.control import Barrier, Plant, boxes
from verifier.model.interval import Interval, interval_of
from verifier.model.quantity import fail
from verifier.model.tube import Noise, Tube, noise_after, tube_of


@dataclass(frozen=True, slots=True)
class Stop:
    """A limit of a joint whose input is its acceleration, kept by braking in time.

    With D the room left to `end` and w the speed towards it, D = end - position for sign 1 and
    position - end for sign -1, the joint can stop if D >= 0 and, while w > 0,

        D >= w^2 / (2 A) + A T^2 / 8,

    where A is the deceleration that it may rely on, and T the period (the last step takes w to 0 in
    a whole period, which costs at most A T^2 / 8 more than stopping at once).

    Under errors and disturbances a reference brakes like this, and the joint tracks it: of what its
    input allows, `strength`, the `tube` takes a part for corrections, and A is what is left; the
    reference keeps away from the end by the width of the tube. `change` is by how much the input
    may change in a period while braking sets in, None if by anything.
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

    @property
    def deceleration(self) -> Fraction:
        return self.strength - self.tube.correction

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
    """The limits of an acceleration-controlled joint that a barrier without a gain means; none for
    any other barrier."""
    if barrier.alpha is not None or barrier.margin is not None or barrier.start is not None:
        return ()
    interval = interval_of(barrier)
    if not isinstance(interval, Interval) or barrier.keeps:
        return ()
    speed = plant.speeds.get(interval.state)
    motor = None if speed is None else motor_of(plant, interval.state)
    if speed is None or motor is None:
        return ()
    least, most = motor.lower, motor.upper
    found = []
    for side, end, sign, most_brake in (
        ("lower", interval.lower, -1, most),
        ("upper", interval.upper, 1, -least),
    ):
        if end is None:
            continue
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
                speed,
                sign,
                end,
                most_brake,
                plant.period,
                tube_of(2, plant.period, motor.strength, motor.noise),
                motor.input,
                _change(plant, motor.input, interval.state, sign),
            )
        )
    return tuple(found)


def _change(plant: Plant, name: str, position: str, sign: int) -> Fraction | None:
    """By how much the input may change in a period away from the end that is braked for."""
    found = []
    for rate in plant.rates:
        scalars = next(each.scalars for each in plant.inputs if each.name == rate.name)
        if name in scalars:
            ends = rate.lower[scalars.index(name)], rate.upper[scalars.index(name)]
            found.append(plant.period * (-ends[0] if sign > 0 else ends[1]))
    for limit in plant.limits:
        place = plant.positions.index(position) if len(limit.lower) > 1 else 0
        size = -limit.lower[place] if sign > 0 else limit.upper[place]
        if limit.signal in ("jerk", "step"):
            found.append(size * plant.period if limit.signal == "jerk" else size)
    return min(found, default=None)


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
