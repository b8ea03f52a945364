"""Sets of zones: what they have in common, and projections."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.core.zone import SAME, Zone, entails, restricted


def meet(zone: Zone | None, other: Zone) -> Zone | None:
    """What both zones have in common; None if that is nothing."""
    for x, y, bound in bounds(other):
        if zone is None:
            return None
        zone = restricted(zone, x, y, bound)
    return zone


def bounds(zone: Zone) -> Iterator[tuple[int, int, int]]:
    """Each bound of the zone, as (x, y, bound)."""
    for x, row in enumerate(zone):
        for y, bound in enumerate(row):
            if bound is not None and x != y:
                yield x, y, bound


def inside(zone: Zone, other: Zone) -> bool:
    """Whether every point of the zone is one of the other."""
    return all(entails(zone, *each) for each in bounds(other))


def without(zone: Zone, event: int) -> Zone:
    """The zone with any time for this event (its projection on the others)."""
    size = range(len(zone))
    return tuple(
        tuple(SAME if x == y else None if event in (x, y) else zone[x][y] for y in size)
        for x in size
    )


def with_edges(zone: Zone) -> Zone:
    """The zone with its edges: no bound is strict (its topological closure)."""
    return tuple(tuple(None if each is None else each | 1 for each in row) for row in zone)
