"""What a barrier is one period later under zero-order hold, exactly or at least.

For chains of integrators the state is then a polynomial of the state and the command, which is put
into a polynomial barrier as it is (verifier/core/flow.py). For others, and under disturbances,
which may change within a period, Taylor's theorem bounds it: h(x+) >= h + T h' - T^2 M / 2, with M
of verifier/model/rows.py. A bound may prove that the barrier holds; that it falls below zero
breaks nothing, so it stands behind an assumption that no witness can make true.
"""

from __future__ import annotations

from dataclasses import dataclass

from verifier.core.flow import lie, polynomial_later
from verifier.core.obligation import Fact
from verifier.core.term import Number, Proposition, Term, add, multiply
from verifier.model.rows import Row, bend, worst
from verifier.obligations.control import Group, minus


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
    bound = bend(level, plant, group.ranges)
    last = add(row.drift, added, worst(row, plant))
    rate = last if level == row.levels[-1] else lie(level, plant.rates_of)
    linear = add(level, multiply(Number(plant.period), rate))
    rest = Proposition(f"the rest of Taylor's series of `{row.name}` is at its bound")
    assumed = Fact(rest, row.barrier.span, "Taylor's theorem")
    return Ahead(minus(linear, plant.period**2 * bound / 2), (assumed,))
