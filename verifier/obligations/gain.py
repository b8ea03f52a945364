"""Gain: in one period a barrier may lose no more than all of its value, alpha T <= 1.

The condition on discrete-time class-K functions (A. Agrawal and K. Sreenath, Discrete Control
Barrier Functions for Safety-Critical Control of Discrete Systems, RSS 2017).
"""

from __future__ import annotations

from verifier.core.obligation import Obligation
from verifier.core.term import Number, number
from verifier.obligations.control import Group, at_most, entailed


def gain(group: Group) -> list[Obligation]:
    """One obligation for each barrier of a plant with inputs."""
    found: dict[str, Obligation] = {}
    for row in group.rows:
        if row.alpha is not None and row.gains:
            share = row.alpha * group.plant.period
            told = f"alpha of `{row.barrier.name}` times the period is {share}, above 1"
            goal = at_most(Number(share), number(1))
            found.setdefault(row.barrier.name, entailed(group, row, "gain", "gain", [], goal, told))
    for each in group.clearances:
        if each.alpha is not None:
            share = each.alpha * group.plant.period
            told = f"alpha of `{each.name}` times the period is {share}, above 1"
            goal = at_most(Number(share), number(1))
            found[each.name] = entailed(group, each, "gain", "gain", [], goal, told)
    return list(found.values())
