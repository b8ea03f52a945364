"""What a barrier is one period later under zero-order hold, exactly or at least.

For chains of integrators the state is then a polynomial of the state, the command and the means of
the disturbances, which is put into a polynomial barrier as it is (verifier/core/flow.py,
verifier/model/prediction.py). For others Taylor's theorem bounds it: h(x+) >= h + T h' - T^2 M / 2,
with M of verifier/model/rows.py. Of relative degree two the command changes h'' first, and so that
the row has a say, h(x+) >= h + T h' + T^2 h'' / 2 - T^3 M / 6, M that of h'. A bound may prove
that the barrier holds; that it falls below zero breaks nothing, so it stands behind an assumption
that no witness can make true.
"""

from __future__ import annotations

from dataclasses import dataclass

from verifier.core.flow import later, lie, polynomial_later, replaced
from verifier.core.obligation import Fact
from verifier.core.term import Number, Term, add, multiply, number, subtract
from verifier.model.prediction import affine, chain_of, pushes
from verifier.model.rows import Row, bend, worst
from verifier.obligations.control import Group, bounded, minus


@dataclass(frozen=True, slots=True)
class Ahead:
    """`least` is what the level is at least; it is exact if nothing is assumed."""

    least: Term
    assumed: tuple[Fact, ...]


def one_period_later(group: Group, row: Row, level: Term, added: Term) -> Ahead:
    """The level of a row when the inputs add `added` to the rate of the last one, whatever the
    disturbances do."""
    plant = group.plant
    if not plant.disturbances:
        exact = polynomial_later(level, plant.rates_of, plant.period)
        if exact is not None:
            return Ahead(exact, ())
    elif (chained := _of_chain(group, row, level)) is not None:
        return chained
    least = _by_taylor(group, row, level, add(row.drift, added, worst(row, plant)))
    return Ahead(least, (bounded(row, "the rest of Taylor's series"),))


def _by_taylor(group: Group, row: Row, level: Term, last: Term) -> Term:
    """At least the level one period later; `last` is the rate of the row's last level."""
    plant, period = group.plant, group.plant.period
    if level == row.levels[-1]:
        linear = add(level, multiply(Number(period), last))
        return minus(linear, period**2 * bend(level, plant, group.ranges) / 2)
    rate = lie(level, plant.rates_of)
    assert row.alpha is not None
    second = subtract(last, multiply(Number(row.alpha), rate))  # the last level is h' + alpha h
    ways = (multiply(Number(period), rate), multiply(Number(period**2 / 2), second))
    return minus(add(level, *ways), period**3 * bend(rate, plant, group.ranges) / 6)


def _of_chain(group: Group, row: Row, level: Term) -> Ahead | None:
    """The level by the means of the disturbances; None where Taylor's bound is as good, since the
    margin was computed for it, and simpler."""
    plant = group.plant
    chain = chain_of(plant)
    if chain is None or (row.barrier.margin is None and not affine(level)):
        return None
    calm = {noise: number(0) for each in plant.disturbances for noise in each.scalars}
    field = {state: replaced(rate, calm) for state, rate in plant.rates_of.items()}
    states = later(field, plant.period)
    if states is None or polynomial_later(level, field, plant.period) is None:
        return None
    pushed = pushes(plant, chain, plant.period, "in the period")
    ahead = {x: add(term, pushed.added.get(x, number(0))) for x, term in states.items()}
    least = pushed.merged(replaced(level, ahead))
    if pushed.exact([least]):
        return Ahead(least, ())
    return Ahead(least, (bounded(row, "what disturbances do"),))
