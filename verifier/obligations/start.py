"""Start: where the system begins, its barrier holds."""

from __future__ import annotations

from verifier.core.obligation import Fact, Obligation
from verifier.obligations.control import Group, entailed, levels


def start(group: Group) -> list[Obligation]:
    """One obligation for each level of a barrier that names a start."""
    owed = []
    for row in group.rows:
        if row.barrier.start is None:
            continue
        known = [Fact(row.barrier.start, row.barrier.span, "start")]
        for number, level in enumerate(levels(row), start=1):
            part = "start" if row.order == 1 else f"start/{number}"
            told = f"`{row.name}` does not hold everywhere in its start"
            owed.append(entailed(group, row, "start", part, known, level.formula, told))
    return owed
