"""Sampling: whatever command keeps the row of a barrier, the barrier holds one period later.

Of all commands that keep the row with its margin, none is left out; ahead.py says what the barrier
is one period later. The row is kept at the state that is predicted, the barrier by the true one.

Of a distance d between convex sets, with r how fast the command lets it grow along its normal and E
a bound on how far a body leaves the straight way of its rate in one period (both of
verifier/safety/clearance.py), convexity says d(x+) >= d + T r - E, and the row asks for
T r + alpha T d >= E. That is shown for every d, r and E where `gain` holds; a joint whose
acceleration is commanded is not kept by the row, but by the gate, which judges its whole way to a
stop.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.core.obligation import Fact, Obligation
from verifier.core.term import Number, Term, Variable, add, multiply, subtract
from verifier.model.control import Clearance
from verifier.model.prediction import affine
from verifier.model.rows import Row
from verifier.obligations.ahead import one_period_later
from verifier.obligations.control import (
    Group,
    at_least_zero,
    at_most,
    bounded,
    commanded,
    continuous,
    entailed,
    minus,
)
from verifier.obligations.rated import let_through


def sampling(group: Group) -> list[Obligation]:
    """One obligation for each level of each row that a command can keep, and for each limit of a
    joint whose speed is commanded at a limited rate."""
    rows = [row for row in group.rows if row.gains and row.alpha is not None]
    found = [owed for row in rows for owed in _of_row(group, row)]
    rated = [stop for stop in group.stops if stop.order == 1]
    found += [owed for stop in rated for owed in let_through(group, stop)]
    period = group.plant.period
    kept = [each for each in group.clearances if each.alpha and each.alpha * period <= 1]
    return found + [_of_distance(group, each) for each in kept]


def _of_row(group: Group, row: Row) -> Iterator[Obligation]:
    kept, mistaken = _row(group, row)
    row_kept = Fact(at_least_zero(kept), row.barrier.span, f"the row of `{row.name}`")
    known = [*group.safe, row_kept, *mistaken]
    for count, level in enumerate(row.levels, start=1):
        part = "sampling" if row.order == 1 else f"sampling/{count}"
        told = f"a command that keeps the row of `{row.name}` breaks it one period later"
        ahead = one_period_later(group, row, level, commanded(row))
        goal = at_least_zero(ahead.least)
        yield entailed(group, row, "sampling", part, [*known, *ahead.assumed], goal, told)


def _row(group: Group, row: Row) -> tuple[Term, tuple[Fact, ...]]:
    """What the filter keeps from being negative, about the true state; where the row is curved and
    its margin computed, by the bound that is its share."""
    kept = minus(continuous(row, group.plant, commanded(row)), row.margin)
    if not group.offset.added:
        return kept, ()
    if row.barrier.margin is None and not affine(kept):
        return add(kept, Number(row.share)), (bounded(row, "what is predicted"),)
    kept = group.offset.merged(group.offset.moved(kept))
    return kept, () if group.offset.exact([kept]) else (bounded(row, "what is predicted"),)


def _of_distance(group: Group, kept: Clearance) -> Obligation:
    assert kept.alpha is not None
    names = ("distance", "rate", "deviation", "distance one period later")
    distance, rate, deviation, ahead = (Variable(f"{name} of `{kept.name}`") for name in names)
    way = multiply(Number(group.plant.period), rate)
    least = subtract(add(distance, way), deviation)
    share = multiply(Number(kept.alpha * group.plant.period), distance)
    row = subtract(add(way, share), deviation)
    known = [
        Fact(at_least_zero(distance), kept.span, f"`{kept.name}` holds"),
        Fact(at_least_zero(row), kept.span, f"the row of `{kept.name}`"),
        Fact(at_most(least, ahead), kept.span, "convexity"),
    ]
    told = f"a command that keeps the row of `{kept.name}` breaks it one period later"
    return entailed(group, kept, "sampling", "sampling", known, at_least_zero(ahead), told)
