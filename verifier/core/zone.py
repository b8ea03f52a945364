"""Zones: sets of times of events, as bounds on their differences (Dill 1989), in whole ticks.

A bound is one integer, so that strict ones need no numbers of their own: `2 * most + 1` says "at
most `most`", and `2 * most` says "less than `most`". A smaller integer is a harder bound.
"""

from __future__ import annotations

from typing import TypeAlias

Zone: TypeAlias = tuple[tuple[int | None, ...], ...]
"""Row x, column y: the bound on the time of x minus that of y; None is without a bound. Always
closed: no bound is harder than what the others say together, and the zone is not empty."""

SAME = 1
"""At most 0."""


def at_most(most: int) -> int:
    """The bound that says "at most `most`"."""
    return 2 * most + 1


def plus(one: int, other: int) -> int:
    """The bound on a sum; strict if one of the two is."""
    return one + other - ((one | other) & 1)


def opposite(bound: int) -> int:
    """The bound on y minus x that says that `bound` does not hold of x minus y."""
    return 1 - bound


def anywhere(size: int) -> Zone:
    """The zone in which so many events come at any time."""
    return tuple(tuple(SAME if x == y else None for y in range(size)) for x in range(size))


def entails(zone: Zone, x: int, y: int, bound: int) -> bool:
    """Whether the bound on x minus y holds everywhere in the zone."""
    known = zone[x][y]
    return known is not None and known <= bound


def restricted(zone: Zone, x: int, y: int, bound: int) -> Zone | None:
    """The part of the zone in which the bound on x minus y holds; None if it is empty."""
    if entails(zone, x, y, bound):
        return zone
    back = zone[y][x]
    if back is not None and plus(back, bound) < SAME:
        return None
    end = [(j, plus(bound, each)) for j, each in enumerate(zone[y]) if each is not None]
    found = []
    for row in zone:
        ahead = row[x]
        if ahead is not None:
            changed = list(row)
            for j, more in end:
                most, known = plus(ahead, more), changed[j]
                if known is None or most < known:
                    changed[j] = most
            row = tuple(changed)
        found.append(row)
    return tuple(found)
