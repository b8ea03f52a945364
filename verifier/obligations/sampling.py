"""Sampling: whatever command keeps the row of a barrier, the barrier holds one period later.

Of all commands that keep the row with its margin, none is left out; ahead.py says what the barrier
is one period later.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.core.obligation import Fact, Obligation
from verifier.model.rows import Row
from verifier.obligations.ahead import one_period_later
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
    for count, level in enumerate(row.levels, start=1):
        part = "sampling" if row.order == 1 else f"sampling/{count}"
        told = f"a command that keeps the row of `{row.name}` breaks it one period later"
        ahead = one_period_later(group, row, level, commanded(row))
        goal = at_least_zero(ahead.least)
        yield entailed(group, row, "sampling", part, [*known, *ahead.assumed], goal, told)
