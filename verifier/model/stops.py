"""Limits of joints whose acceleration is commanded, which are kept by braking in time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from verifier.core.term import NOW, Number, Sum, Term, Variable, multiply, number, subtract
from verifier.model.control import Barrier, Plant, boxes
from verifier.model.interval import Interval, interval_of
from verifier.model.quantity import fail


@dataclass(frozen=True, slots=True)
class Stop:
    """A limit of a joint whose input is its acceleration, kept by braking in time.

    With D the room left to `end` and w the speed towards it, D = end - position for sign 1 and
    position - end for sign -1, the joint can stop if D >= 0 and, while w > 0,

        D >= w^2 / (2 A) + A T^2 / 8,

    where A is the greatest deceleration that its input allows, and T the period (the last step
    takes w to 0 in a whole period, which costs at most A T^2 / 8 more than stopping at once).
    """

    barrier: Barrier
    name: str
    position: str
    speed: str
    sign: int
    end: Fraction
    deceleration: Fraction
    period: Fraction

    @property
    def room(self) -> Term:
        return multiply(number(self.sign), subtract(Number(self.end), Variable(self.position)))

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
    rate = plant.rates_of.get(speed or "")
    parts = rate.terms if isinstance(rate, Sum) else (rate,)
    limits = boxes(plant.inputs)
    noises = boxes(plant.disturbances)
    names = [(part.name, NOW) for part in parts if isinstance(part, Variable)]
    driving = [key for key in names if key in limits]
    if speed is None or len(names) != len(parts) or len(driving) != 1:
        return ()
    if any(key not in limits and key not in noises for key in names):
        return ()
    least, most = limits[driving[0]]
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
            )
        )
    return tuple(found)
