"""What a joint owes whose acceleration is commanded and may only change so fast.

It stops by a plan (verifier/safety/jerk.py): a ramp of its command to a peak, a while there, and a
ramp to 0; standing still and holding are ramps with the step 0. The command sent last, c, is part
of its state. Along a ramp of n more periods with the step d, towards a limit with the room D at the
speed w, the end of the ramp lies at

    D - n T w - T^2 (c n^2 / 2 + d n (n + 1) (2 n + 1) / 12),    w + T (c n + d n (n + 1) / 2)

    feasibility/rise, /fall    on a ramp between two commands of the box each command is in the box
    baseline/plan.place, .pace one period later, what is left of the ramp ends at the same place
                               with the same speed: what stops in time by a plan goes on doing so
    baseline/plan.against      what only brakes from now on, to a stop, moves towards the limit
    baseline/plan.before       so there is room now if there is room one period later
    baseline/plan.peak         a speed rises by no more than T (c - d / 2)^2 / (2 d) while the
                               command falls by d each period

That what is sent is at the rate is part of a plan. A joint has an input of its own, so that all
stop at once. Where a plan goes back first, by how much is argued and tested, not owed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from verifier.core.obligation import Fact, Obligation
from verifier.core.term import (
    Comparison,
    Formula,
    Number,
    Term,
    Variable,
    add,
    multiply,
    negate,
    number,
    subtract,
)
from verifier.model.stops import Stop, before, motor_of
from verifier.obligations.control import Group, at_least_zero, at_most, entailed

STEP, REST, COUNT = Variable("step"), Variable("rest of the ramp"), Variable("periods left")
LEFT = Variable("sum of the commands left")
HALF = Number(Fraction(1, 2))


def plans(group: Group, stop: Stop) -> Iterator[Obligation]:
    """That a plan which stops before the limit goes on doing so."""
    motor = motor_of(group.plant, stop.position)
    assert motor is not None
    if not motor.noise.silent:
        wrong = Variable(f"error of what is predicted of {stop.position}")
        most = motor.noise.position + motor.noise.speed + motor.noise.disturbance
        known = [at_most(wrong, Number(most))]
        told = f"`{stop.position}` plans its stop within a limited jerk, and may be off"
        yield _owed(group, stop, "plan.told", known, at_most(wrong, number(0)), told)
        return
    speed, command = stop.approach, multiply(number(stop.sign), Variable(before(stop.input)))
    time = Number(stop.period)
    place, pace = _end(stop, stop.room, speed, command, COUNT)
    later = add(command, STEP)
    faster = add(speed, multiply(time, later))
    nearer = subtract(stop.room, multiply(Number(stop.period / 2), add(speed, faster)))
    place_then, pace_then = _end(stop, nearer, faster, later, subtract(COUNT, number(1)))
    told = f"what is left of a plan does not stop before `{stop.name}`"
    yield _owed(group, stop, "plan.place", [at_least_zero(place)], at_least_zero(place_then), told)
    for part, sign in (("least", 1), ("most", -1)):
        now, then = (multiply(number(sign), term) for term in (pace, pace_then))
        yield _owed(
            group, stop, f"plan.pace/{part}", [at_least_zero(now)], at_least_zero(then), told
        )
    stopping = Comparison("==", add(speed, multiply(time, LEFT)), number(0))
    against = [stopping, at_most(LEFT, number(0))]
    yield _owed(group, stop, "plan.against", against, at_least_zero(speed), told)
    both = [at_least_zero(speed), at_least_zero(faster), at_least_zero(nearer)]
    yield _owed(group, stop, "plan.before", both, at_least_zero(stop.room), told)
    yield _owed(group, stop, "plan.peak", [], at_least_zero(_peak(command)), told)


def ramps(group: Group, stop: Stop) -> Iterator[Obligation]:
    """That the commands of a ramp lie in the box of the input if its ends do."""
    low, high = group.ranges[stop.input]
    command = Variable(before(stop.input))
    following = add(command, STEP)
    end = add(following, REST)
    ends = [bound for term in (command, end) for bound in _within(term, low, high)]
    told = f"a plan that stops before `{stop.name}` leaves the box of `{stop.input}`"
    for part, ahead in (
        ("rise", [at_least_zero(STEP), at_least_zero(REST)]),
        ("fall", [at_least_zero(negate(STEP)), at_least_zero(negate(REST))]),
    ):
        for side, goal in zip(("least", "most"), _within(following, low, high), strict=True):
            where = f"feasibility/{part}.{side}"
            facts = [Fact(f, stop.barrier.span, "plan") for f in (*ends, *ahead)]
            yield entailed(group, stop, "feasibility", where, facts, goal, told)


def _end(stop: Stop, room: Term, speed: Term, command: Term, count: Term) -> tuple[Term, Term]:
    """The room and the speed at the end of a ramp of so many periods."""
    time, once_more = Number(stop.period), add(count, number(1))
    cubes = multiply(count, once_more, add(multiply(number(2), count), number(1)))
    squares = multiply(HALF, command, count, count)
    sums = add(squares, multiply(Number(Fraction(1, 12)), STEP, cubes))
    way = add(multiply(time, count, speed), multiply(time, time, sums))
    commands = add(multiply(command, count), multiply(HALF, STEP, count, once_more))
    return subtract(room, way), add(speed, multiply(time, commands))


def _peak(command: Term) -> Term:
    """(c - d / 2)^2 - 2 d (c n - d n (n + 1) / 2), with d how much a step takes away."""
    away = negate(STEP)
    middle = subtract(command, multiply(HALF, away))
    risen = subtract(multiply(command, COUNT), multiply(HALF, away, COUNT, add(COUNT, number(1))))
    return subtract(multiply(middle, middle), multiply(number(2), away, risen))


def _within(term: Term, low: Fraction, high: Fraction) -> tuple[Formula, Formula]:
    return at_most(Number(low), term), at_most(term, Number(high))


def _owed(
    group: Group, stop: Stop, part: str, known: Sequence[Formula], goal: Formula, told: str
) -> Obligation:
    facts = [Fact(formula, stop.barrier.span, "plan") for formula in known]
    return entailed(group, stop, "baseline", f"baseline/{part}", facts, goal, told)
