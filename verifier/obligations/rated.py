"""What a joint owes whose speed is commanded and may only change so fast.

The command that was sent last is part of its state, v: the joint is a double integrator in discrete
time, q+ = q + T u with |u - v| <= A T. With D the room left to a limit and w the speed towards it,
it can stop if D >= 0 and, while w > 0, D >= n(w) = (w - A T / 2)^2 / (2 A) (`Stop`).

    baseline/fast     from there braking, w' = w - A T, leads there again: n(w) - n(w - A T) = T w'
    baseline/away     a joint that moves away and is braked stays on its side
    sampling          of the commands that the filter lets through, n(w' + A T) <= D, all lead there
    feasibility       what brakes lies in the box of the input

A joint has an input of its own, so that all joints can brake at once. A barrier that names a gain
asks for w <= alpha D as well. One period after that was kept, (1 - alpha T) w <= alpha D, and what
brakes the hardest has to keep it again: a rate A supports no gain above A by the largest speed.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.core.obligation import Fact, Obligation
from verifier.core.term import Formula, Number, Term, add, multiply, number, subtract
from verifier.model.control import boxes
from verifier.model.rows import Row
from verifier.model.stops import Stop, motor_of
from verifier.obligations.control import (
    Group,
    at_least_zero,
    at_most,
    bounded,
    entailed,
)


def braked(group: Group, stop: Stop) -> Iterator[Obligation]:
    """That braking keeps the limit."""
    if stop.deceleration <= 0:
        return
    speed, step = stop.approach, Number(stop.deceleration * stop.period)
    told = f"braking does not keep `{stop.name}`"
    slower, back = subtract(speed, step), add(speed, step)
    fast = [at_most(stop.needed(speed), stop.reference_room), at_most(step, speed)]
    aim = subtract(_ahead(stop, slower), stop.needed(slower))
    yield _owed(group, stop, "baseline", "baseline/fast", fast, aim, told)
    away = [at_least_zero(stop.reference_room), at_most(back, number(0))]
    yield _owed(group, stop, "baseline", "baseline/away", away, _ahead(stop, back), told)


def let_through(group: Group, stop: Stop) -> Iterator[Obligation]:
    """That a command of the filter leaves room to brake; `speed` is what it asks for."""
    if stop.deceleration <= 0:
        return
    speed, step = stop.approach, Number(stop.deceleration * stop.period)
    known = [at_most(stop.needed(add(speed, step)), stop.reference_room)]
    aim = subtract(_ahead(stop, speed), stop.needed(speed))
    told = f"a command of the filter leaves no room to brake before `{stop.name}`"
    yield _owed(group, stop, "sampling", "sampling/rate", known, aim, told)


def within_box(group: Group, stop: Stop) -> Iterator[Obligation]:
    """That the command which brakes is one of the input's box."""
    if stop.deceleration <= 0:
        return
    low, high = boxes(group.plant.inputs)[stop.input, 0]
    most = high if stop.sign > 0 else -low
    step, speed = Number(stop.deceleration * stop.period), stop.approach
    known = [at_most(step, speed), at_most(speed, Number(most))]
    told = f"braking before `{stop.name}` leaves the box of `{stop.input}`"
    slower = subtract(speed, step)
    for part, aim in (("least", slower), ("most", subtract(Number(most), slower))):
        yield _owed(group, stop, "feasibility", f"feasibility/{part}", known, aim, told)


def with_gain(group: Group, stop: Stop, row: Row) -> Obligation:
    """That the rate supports the gain of the barrier. What is predicted may be wrong in this period
    and in the one before; that is a bound then."""
    assert row.alpha is not None
    motor = motor_of(group.plant, stop.position)
    assert motor is not None
    noise, period, alpha = motor.noise, stop.period, Number(row.alpha)
    slack = 2 * noise.position + period * noise.disturbance
    speed = stop.approach
    low, high = boxes(group.plant.inputs)[stop.input, 0]
    kept = add(stop.room, multiply(Number(period), speed), Number(slack))
    known = [
        at_least_zero(stop.room),
        at_most(add(speed, Number(row.margin)), multiply(alpha, kept)),
        at_most(speed, Number(high if stop.sign > 0 else -low)),
    ]
    slower = subtract(speed, Number(stop.deceleration * period))
    aim = subtract(add(multiply(alpha, stop.room), Number(-row.margin)), slower)
    told = f"`{stop.input}` cannot change as fast as the gain of `{row.name}` asks for"
    guessed = () if noise.silent else (bounded(row, "what is predicted"),)
    return _owed(group, stop, "feasibility", "feasibility/rate", known, aim, told, guessed)


def _ahead(stop: Stop, speed: Term) -> Term:
    """The room one period later, under the command `speed`."""
    return subtract(stop.reference_room, multiply(Number(stop.period), speed))


def _owed(
    group: Group,
    stop: Stop,
    rule: str,
    part: str,
    known: list[Formula],
    aim: Term,
    told: str,
    more: tuple[Fact, ...] = (),
) -> Obligation:
    facts = [Fact(formula, stop.barrier.span, f"`{stop.name}` holds") for formula in known]
    return entailed(group, stop, rule, part, [*facts, *more], at_least_zero(aim), told)
