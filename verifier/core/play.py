"""A network as a game: which events have come, at which times, and what may come next.

The robot ends chosen durations and the world contingent ones. A position is a zone: all the times
at which what has come may have come, in one order (timed games, Maler, Pnueli and Sifakis 1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from verifier.core.network import Chosen, Contingent, Event, Latest
from verifier.core.zone import SAME, Zone, anywhere, at_most, entails, plus, restricted

Player: TypeAlias = type[Chosen] | type[Contingent]
Act: TypeAlias = tuple[int, ...]
"""(event, p, low, q, high) as in Turn; or empty."""


@dataclass(frozen=True, slots=True)
class Position:
    """`come` are the events that have come; the zone bounds no others."""

    come: frozenset[int]
    zone: Zone


def opening(events: Sequence[Event]) -> Position:
    """The position in which the origin has come, and what comes with it."""
    return Position(*_joined(events, frozenset({0}), anywhere(len(events)), 0))


def running(events: Sequence[Event], come: frozenset[int]) -> dict[int, Chosen | Contingent]:
    """The durations that have begun and not ended, by their events."""
    return {
        number: event
        for number, event in enumerate(events)
        if not isinstance(event, Latest) and number not in come and event.start in come
    }


def joining(events: Sequence[Event], come: frozenset[int], number: int) -> list[int]:
    """The joins that come together with this event, which comes next."""
    there = {*come, number}
    found = []
    for join, event in enumerate(events):
        if isinstance(event, Latest) and join not in there and there.issuperset(event.events):
            there.add(join)
            found.append(join)
    return found


def _joined(
    events: Sequence[Event], come: frozenset[int], zone: Zone, number: int
) -> tuple[frozenset[int], Zone]:
    joins = joining(events, come, number)
    for join in joins:
        for x, y in ((join, number), (number, join)):
            together = restricted(zone, x, y, SAME)
            assert together is not None, "nothing was known of the join"
            zone = together
    return come | {number, *joins}, zone


def next_times(
    events: Sequence[Event], place: Position, number: int, player: Player
) -> Zone | None:
    """The zone in which this duration ends next, of those that have begun; and before any duration
    of this player would be longer than it may. None if it cannot."""
    event = events[number]
    assert not isinstance(event, Latest)
    zone = restricted(place.zone, event.start, number, at_most(-event.low))
    for each in place.come:
        zone = zone and restricted(zone, each, number, SAME)
    return _in_time(events, place.come, zone, number, player)


def _in_time(
    events: Sequence[Event],
    come: frozenset[int],
    zone: Zone | None,
    number: int,
    player: Player,
) -> Zone | None:
    """Where this event comes before a duration of this player is longer than it may be."""
    for event in running(events, come).values():
        if event.high is not None and isinstance(event, player):
            zone = zone and restricted(zone, number, event.start, at_most(event.high))
    return zone


def answered(
    events: Sequence[Event], place: Position, number: int, act: Act, other: Player
) -> Position | None:
    """The position after the other player ends this duration before the act; None if it cannot."""
    zone = next_times(events, place, number, other)
    if zone is not None and act:
        zone = restricted(zone, number, act[3], act[4])
    return None if zone is None else Position(*_joined(events, place.come, zone, number))


def acted(events: Sequence[Event], place: Position, act: Act) -> Zone | None:
    """The zone with all times that the act allows for its event; None if, somewhere in the zone,
    there are none or some at which the player could not end the duration."""
    number, p, low, q, high = act
    event = events[number]
    assert not isinstance(event, Latest)
    if not entails(place.zone, p, q, plus(low, high)):
        return None
    zone = restricted(place.zone, p, number, low)
    zone = zone and restricted(zone, number, q, high)
    if zone is None or not entails(zone, event.start, number, at_most(-event.low)):
        return None
    if event.high is not None and not entails(zone, number, event.start, at_most(event.high)):
        return None
    return zone if all(entails(zone, each, number, SAME) for each in place.come) else None


def moved(
    events: Sequence[Event], place: Position, act: Act, zone: Zone, other: Player
) -> Position | None:
    """The position after the act in its zone; None if the other player would have had to end
    something before."""
    found = _in_time(events, place.come, zone, act[0], other)
    return None if found is None else Position(*_joined(events, place.come, found, act[0]))
