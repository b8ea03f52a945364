"""Baseline: under the law that the plant falls back on, what is safe stays safe from sample to
sample.

A joint brakes with u = -A while it moves towards its limit with w >= A T, and with -w / T in its
last step; D is the room left (`Stop`). From D >= w^2 / (2 A) + A T^2 / 8,

    w >= A T:       D' - w'^2 / (2 A) = D - w^2 / (2 A)                         nothing is lost
    0 <= w <= A T:  D' = D - w T / 2 >= (w - A T / 2)^2 / (2 A) >= 0            it stands
    w <= 0:         D' >= D, and it does not turn round.

Under errors and disturbances it is a reference, followed by feedback, that brakes like this; the
joint stays in a tube around it (tracking.py), by which its limits are drawn in. A law is evaluated
at the state that is predicted. Braking a joint whose speed is commanded is the law 0, unless its
rate is limited (rated.py). Where the rate of an input is limited, `hold` asks for no more than it
allows, whatever was commanded before, and a written law from a safe state to the next (pace.py). A
joint whose jerk is limited stops by a plan (planned.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verifier.core.flow import polynomial_later, replaced
from verifier.core.obligation import Fact, Obligation
from verifier.core.term import Formula, Number, Term, Variable, add, multiply, number, subtract
from verifier.model.rows import Row
from verifier.model.stops import Stop, before, motor_of, rate_of
from verifier.model.tube import tube_of
from verifier.obligations.ahead import Ahead, one_period_later
from verifier.obligations.control import Group, at_least_zero, at_most, entailed, predicted, under
from verifier.obligations.pace import paces
from verifier.obligations.planned import plans
from verifier.obligations.posture import postures
from verifier.obligations.rated import braked
from verifier.obligations.tracking import Tracked, tracking


def baseline(group: Group) -> list[Obligation]:
    """Three obligations for each limit that a joint brakes for; and one for each level of each row
    under a law that the plant names, `hold` among them, which commands 0. What an impedance asks
    for passes the filter as a proposal does, so that braking is what it rests on."""
    tracked = [owed for joint in _joints(group) for owed in tracking(group, joint)]
    stopped = [owed for stop in group.stops for owed in _stopping(group, stop)]
    return [*tracked, *stopped, *postures(group), *_named(group)]


def _joints(group: Group) -> Iterator[Tracked]:
    """The joints of the group that are braked along a reference, each once."""
    plant, seen = group.plant, set[str]()
    for stop in group.stops:
        motor = motor_of(plant, stop.position)
        if stop.position not in seen and motor is not None:
            seen.add(stop.position)
            rate = stop.strength if stop.order == 1 else None
            yield Tracked(
                *(stop.position, stop, stop.tube, motor.noise, stop.order),
                *(motor.strength, stop.period, rate),
            )
    if plant.baseline is not None and plant.baseline.kind == "law":
        return
    for row in group.rows:
        for position in sorted(row.states & set(plant.positions) - seen):
            motor = None if position in plant.speeds else motor_of(plant, position)
            if motor is not None:
                seen.add(position)
                tube = tube_of(1, plant.period, motor.strength, motor.noise)
                yield Tracked(position, row, tube, motor.noise, 1, motor.strength, plant.period)


def _stopping(group: Group, stop: Stop) -> Iterator[Obligation]:
    if stop.order == 1 or stop.planned:
        yield from plans(group, stop) if stop.planned else braked(group, stop)
        return
    deceleration, period = stop.deceleration, stop.period
    room, speed = stop.reference_room, stop.approach
    if deceleration <= 0:
        return
    step = deceleration * period

    def owed(part: str, known: Sequence[Formula], goal: Term) -> Obligation:
        facts = [Fact(formula, stop.barrier.span, f"`{stop.name}` holds") for formula in known]
        told = f"braking does not keep `{stop.name}`"
        where = f"baseline/{part}"
        return entailed(group, stop, "baseline", where, facts, at_least_zero(goal), told)

    can_stop = at_most(stop.needed(speed), room)
    slower = subtract(speed, Number(step))
    ahead = subtract(add(room, Number(step * period / 2)), multiply(Number(period), speed))
    yield owed(
        "fast", [can_stop, at_most(Number(step), speed)], subtract(ahead, stop.needed(slower))
    )
    last = subtract(room, multiply(Number(period / 2), speed))
    yield owed("last", [can_stop, at_least_zero(speed), at_most(speed, Number(step))], last)
    yield from _jerk(group, stop, [can_stop, at_most(Number(step), speed)])
    away = [at_least_zero(room), at_most(speed, number(0))]
    yield owed("away", away, subtract(room, multiply(Number(period / 2), speed)))


def _jerk(group: Group, stop: Stop, fast: Sequence[Formula]) -> Iterator[Obligation]:
    """That braking at once changes no command by more than its limits allow in a period."""
    if stop.change is None:
        return
    latest, box = _latest(group, stop.input)
    facts = [Fact(formula, stop.barrier.span, "braking") for formula in (*fast, *box)]
    swing = add(Number(stop.deceleration), multiply(number(stop.sign), latest))
    goal = at_least_zero(subtract(Number(stop.change), swing))
    told = f"braking for `{stop.name}` changes `{stop.input}` faster than its limits allow"
    yield entailed(group, stop, "baseline", "baseline/jerk", facts, goal, told)


def _latest(group: Group, name: str) -> tuple[Term, tuple[Formula, Formula]]:
    """The command before of an input, and that it was one of the box."""
    latest = Variable(before(name))
    low, high = group.ranges[name]
    return latest, (at_most(Number(low), latest), at_most(latest, Number(high)))


def _named(group: Group) -> Iterator[Obligation]:
    law = _law(group)
    if law is None:
        return
    stopped = {stop.barrier.name for stop in group.stops}
    named = [row for row in group.rows if row.barrier.name not in stopped]
    base = group.plant.baseline
    if base is not None and base.kind == "law":
        names = [s for each in group.plant.inputs for s in each.scalars]
        yield from paces(group, dict(zip(names, base.law, strict=True)))
    else:
        for name in dict.fromkeys(name for row in named for name, _ in row.gains):
            yield from _at_rate(group, named[0], name, law[name])
    for row in named:
        for count, level in enumerate(row.levels, start=1):
            part = "baseline" if row.order == 1 else f"baseline/{count}"
            ahead = _under(group, row, level, law)
            facts = [*group.safe, *ahead.assumed]
            known, goal = predicted(group.offset, row, facts, ahead.least)
            told = f"the baseline breaks `{row.name}` within one period"
            yield entailed(group, row, "baseline", part, known, goal, told)


def _at_rate(group: Group, row: Row, name: str, law: Term) -> Iterator[Obligation]:
    """That an input is never asked to change faster than its rate allows."""
    places = (x for x in group.plant.positions if x not in group.plant.speeds)
    motors = ((x, motor_of(group.plant, x)) for x in places)
    rates = (rate_of(group.plant, name, x) for x, motor in motors if motor and motor.input == name)
    rate = next(rates, None)
    if rate is None:
        return
    latest, box = _latest(group, name)
    facts = [*group.safe, *(Fact(formula, row.barrier.span, "before") for formula in box)]
    told = f"the baseline changes `{name}` faster than its limits allow"
    for side, change in (("rise", subtract(law, latest)), ("fall", subtract(latest, law))):
        known, goal = predicted(
            group.offset, row, facts, subtract(Number(rate * group.plant.period), change)
        )
        yield entailed(group, row, "baseline", f"baseline/{name}.{side}", known, goal, told)


def _law(group: Group) -> dict[str, Term] | None:
    """What the baseline commands, as terms over the true state and what is predicted wrongly; None
    where that is a joint that brakes along a reference."""
    plant = group.plant
    if plant.baseline is None or plant.baseline.kind == "impedance":
        return None
    names = [s for each in plant.inputs for s in each.scalars]
    if plant.baseline.kind == "brake" and (plant.speeds or plant.errors or plant.disturbances):
        return None
    law = plant.baseline.law or (number(0),) * len(names)
    return dict(zip(names, map(group.offset.moved, law), strict=True))


def _under(group: Group, row: Row, level: Term, law: dict[str, Term]) -> Ahead:
    """A term over what is true, in which the law has taken the place of the inputs."""
    plant = group.plant
    if not plant.disturbances and all(isinstance(term, Number) for term in law.values()):
        field = {state: replaced(rate, law) for state, rate in plant.rates_of.items()}
        exact = polynomial_later(level, field, plant.period)
        if exact is not None:
            return Ahead(exact, ())
    inputs: dict[str, Term] = {name: Variable(name) for name in law}
    ahead = one_period_later(group, row, level, under(row, inputs))
    return Ahead(replaced(ahead.least, law), ahead.assumed)
