"""Sampling: whatever command keeps the row of a barrier, the barrier holds one period later.

Under zero-order hold the state one period later is, for chains of integrators, a polynomial of the
state and the command, which is put into a polynomial barrier as it is (verifier/core/flow.py). For
others, and under disturbances, which may change within a period, Taylor's theorem bounds it:
h(x+) >= h + T h' - T^2 M / 2, with M of verifier/model/rows.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.core.enclosure import NotEnclosed
from verifier.core.flow import later, lie, replaced
from verifier.core.normal import TooLarge
from verifier.core.obligation import Fact, Obligation
from verifier.core.slope import NoSlope
from verifier.core.term import FALSE, Formula, Number, Product, Sum, Term, Variable, add, multiply
from verifier.model.rows import Row, bend, worst
from verifier.obligations.control import (
    Group,
    at_least_zero,
    commanded,
    continuous,
    entailed,
    minus,
)


def sampling(group: Group) -> list[Obligation]:
    """One obligation for each level of each row that a command can keep."""
    rows = [row for row in group.rows if row.gains and row.alpha is not None]
    return [owed for row in rows for owed in _of_row(group, row)]


def _of_row(group: Group, row: Row) -> Iterator[Obligation]:
    kept = minus(continuous(row, group.plant, commanded(row)), row.margin)
    known = [*group.safe, Fact(at_least_zero(kept), row.barrier.span, f"the row of `{row.name}`")]
    for number, level in enumerate(row.levels, start=1):
        part = "sampling" if row.order == 1 else f"sampling/{number}"
        told = f"a command that keeps the row of `{row.name}` breaks it one period later"
        goal = _one_period_later(group, row, level)
        yield entailed(group, row, "sampling", part, known, goal, told)


def _polynomial(term: Term) -> bool:
    match term:
        case Sum(parts) | Product(parts):
            return all(map(_polynomial, parts))
        case _:
            return isinstance(term, Number | Variable)


def _one_period_later(group: Group, row: Row, level: Term) -> Formula:
    """That the level is not negative, whatever the disturbances do; false where nothing is known of
    its motion."""
    plant = group.plant
    rates = plant.rates_of
    try:
        if not plant.disturbances and _polynomial(level):
            exact = later(rates, plant.period)
            if exact is not None:
                return at_least_zero(replaced(level, exact))
        bound = bend(level, plant, group.ranges)
        last = add(row.drift, commanded(row), worst(row, plant))
        rate = last if level == row.levels[-1] else lie(level, rates)
    except (NoSlope, TooLarge, NotEnclosed, KeyError):
        return FALSE
    linear = add(level, multiply(Number(plant.period), rate))
    return at_least_zero(minus(linear, plant.period**2 * bound / 2))
