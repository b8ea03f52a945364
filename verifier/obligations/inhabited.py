"""Inhabited: some state satisfies all barriers that meet; what holds of none is worth nothing.

Where samples or predictions are off, the set of predicted states that are known to be safe is not
empty, either: those that satisfy each level by what it may be mistaken by, and whose references
leave their limits the tube around them.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.core.obligation import Fact, Obligation
from verifier.model.prediction import lost
from verifier.model.rows import Row, around
from verifier.obligations.control import Group, at_least_zero, existing, minus


def inhabited(group: Group) -> list[Obligation]:
    """One obligation a group of barriers that are expressions: its safe set is not empty."""
    if group.clearances:
        return []
    first, facts = group.first, group.safe
    if group.offset.added:
        facts = [fact for row in group.rows for fact in _known(group, row)]
        facts += [
            Fact(at_least_zero(stop.reference_room), stop.barrier.span, f"`{stop.name}` holds")
            for stop in group.stops
        ]
    return [existing(group, f"{first.name}/inhabited", "inhabited", first.span, facts)]


def _known(group: Group, row: Row) -> Iterator[Fact]:
    box = around(group.plant, group.ranges, group.offset)
    for level in row.levels:
        sure = minus(level, lost(level, group.offset, box))
        yield Fact(at_least_zero(sure), row.barrier.span, f"`{row.name}` surely holds")
