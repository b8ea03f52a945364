"""Inhabited: some state satisfies all barriers that meet; what holds of none is worth nothing."""

from __future__ import annotations

from verifier.core.obligation import Obligation
from verifier.obligations.control import Group, existing


def inhabited(group: Group) -> list[Obligation]:
    """One obligation a group of barriers that are expressions: its safe set is not empty."""
    if group.clearances:
        return []
    first = group.first
    return [existing(group, f"{first.name}/inhabited", "inhabited", first.span, group.safe)]
