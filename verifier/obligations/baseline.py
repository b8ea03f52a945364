"""Baseline: under the law that the plant falls back on, what is safe stays safe from sample to
sample.

A joint brakes with u = -A while it moves towards its limit with w >= A T, and with -w / T in its
last step; D is the room left (`Stop`). From D >= w^2 / (2 A) + A T^2 / 8,

    w >= A T:       D' - w'^2 / (2 A) = D - w^2 / (2 A)                         nothing is lost
    0 <= w <= A T:  D' = D - w T / 2 >= (w - A T / 2)^2 / (2 A) >= 0            it stands
    w <= 0:         D' >= D, and it does not turn round.

Under disturbances it is the reference, followed by feedback, that brakes like this; the joint stays
in a tube around it, by which its limits are drawn in (verifier/safety/braking.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verifier.core.flow import replaced
from verifier.core.obligation import Fact, Obligation
from verifier.core.term import Formula, Number, Term, add, multiply, number, subtract
from verifier.model.rows import Row
from verifier.model.stops import Stop
from verifier.obligations.ahead import Ahead, one_period_later
from verifier.obligations.control import Group, at_least_zero, at_most, entailed, under


def baseline(group: Group) -> list[Obligation]:
    """Three obligations for each limit that a joint brakes for; and one for each level of each row
    under a law that the plant names, `hold` among them, which commands 0. What an impedance asks
    for passes the filter as a proposal does, so that braking is what it rests on."""
    braked = [owed for stop in group.stops for owed in _stopping(group, stop)]
    return [*braked, *_named(group)]


def _stopping(group: Group, stop: Stop) -> Iterator[Obligation]:
    deceleration, period = stop.deceleration, stop.period
    room, speed = stop.room, stop.approach
    step = deceleration * period
    reserve = step * period / 8

    def needed(w: Term) -> Term:
        return add(multiply(Number(1 / (2 * deceleration)), w, w), Number(reserve))

    def owed(part: str, known: Sequence[Formula], goal: Term) -> Obligation:
        facts = [Fact(formula, stop.barrier.span, f"`{stop.name}` holds") for formula in known]
        told = f"braking does not keep `{stop.name}`"
        where = f"baseline/{part}"
        return entailed(group, stop, "baseline", where, facts, at_least_zero(goal), told)

    can_stop = at_most(needed(speed), room)
    slower = subtract(speed, Number(step))
    ahead = subtract(add(room, Number(step * period / 2)), multiply(Number(period), speed))
    yield owed("fast", [can_stop, at_most(Number(step), speed)], subtract(ahead, needed(slower)))
    last = subtract(room, multiply(Number(period / 2), speed))
    yield owed("last", [can_stop, at_least_zero(speed), at_most(speed, Number(step))], last)
    away = [at_least_zero(room), at_most(speed, number(0))]
    yield owed("away", away, subtract(room, multiply(Number(period / 2), speed)))


def _named(group: Group) -> Iterator[Obligation]:
    base = group.plant.baseline
    if base is None or base.kind in ("brake", "impedance"):
        return
    names = [s for each in group.plant.inputs for s in each.scalars]
    law = dict(zip(names, base.law or (number(0),) * len(names), strict=True))
    for row in group.rows:
        for count, level in enumerate(row.levels, start=1):
            part = "baseline" if row.order == 1 else f"baseline/{count}"
            ahead = _under(group, row, level, law)
            known = [*group.safe, *ahead.assumed]
            goal = at_least_zero(ahead.least)
            told = f"the baseline breaks `{row.name}` within one period"
            yield entailed(group, row, "baseline", part, known, goal, told)


def _under(group: Group, row: Row, level: Term, law: dict[str, Term]) -> Ahead:
    ahead = one_period_later(group, row, level, under(row, law))
    return Ahead(replaced(ahead.least, law), ahead.assumed)
