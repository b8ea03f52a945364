"""Trees of moves for networks of few events: the timed game, solved backwards by zones.

For each set of events that may have come, the times from which the robot can keep all separations
are a union of zones (Maler, Pnueli and Sifakis 1995; Cassez, David, Fleury, Larsen and Lime 2005).
With all of them come, it is what the separations say. Before, the robot may wait where whatever
the world ends next, at any time, leads to such times; or it ends a step itself, as early as that
leads to one of those zones, where whatever the world ends before that time leads to them as well.
What is left are the times from which the world wins, by ending a step where that leads to them,
before the robot can do anything else. The trees are read off forwards from the origin.

The sets of events are as many as the places of a run in all branches together, so that this is for
what the cheaper rules of network.py and demand.py leave open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from verifier.core.network import (
    AdversaryTree,
    Case,
    Chosen,
    Contingent,
    Latest,
    Network,
    Node,
    StrategyTree,
    Turn,
)
from verifier.core.play import (
    Act,
    Player,
    Position,
    acted,
    answered,
    joining,
    moved,
    next_times,
    opening,
    running,
)
from verifier.core.zone import SAME, Zone, anywhere, at_most, entails, opposite, plus, restricted
from verifier.solve.zones import bounds, inside, meet, with_edges, without

WORK_MAX = 12_000_000
"""So many differences of times are bounded before the question is left open."""
EVENTS_MAX = 64
NODES_MAX = 20_000
Come: TypeAlias = frozenset[int]
Bound: TypeAlias = tuple[int, int, int]
Option: TypeAlias = tuple[Zone, Act]
"""Where an act is a good one."""


class TooManyZones(Exception):
    """More work than this is worth."""


@dataclass(slots=True)
class _Game:
    network: Network
    work: int = 0
    won: dict[Come, list[Option]] = field(default_factory=dict)
    broken: dict[Come, list[Option]] = field(default_factory=dict)
    led: dict[tuple[Come, int], list[Zone]] = field(default_factory=dict)
    spoilt: dict[tuple[Come, int], list[Zone]] = field(default_factory=dict)

    def cut(self, zone: Zone | None, x: int, y: int, bound: int) -> Zone | None:
        self.work += len(self.network.events) ** 2
        if self.work > WORK_MAX:
            raise TooManyZones
        return None if zone is None else restricted(zone, x, y, bound)

    def minus(self, zones: Iterable[Zone], other: Zone) -> list[Zone]:
        """The parts of the zones outside of the other one, none of which overlap."""
        found = []
        for zone in zones:
            rest: Zone | None = zone
            for x, y, bound in bounds(other):
                if rest is None or entails(rest, x, y, bound):
                    continue
                outside = self.cut(rest, y, x, opposite(bound))
                if outside is not None:
                    found.append(outside)
                rest = self.cut(rest, x, y, bound)
        return found

    # ---- where the robot wins ------------------------------------------------------------------

    def domain(self, come: Come) -> Zone | None:
        """Times of these events at which no separation between them has failed, and no duration
        that has begun is too long."""
        events = self.network.events
        zone: Zone | None = anywhere(len(events))
        for number in come - {0}:
            match events[number]:
                case Latest(parts):
                    for part in parts:
                        zone = self.cut(zone, part, number, SAME)
                case Chosen(start, low, high) | Contingent(start, low, high):
                    zone = self.cut(zone, start, number, at_most(-low))
                    if high is not None:
                        zone = self.cut(zone, number, start, at_most(high))
        for event in running(events, come).values():
            if event.high is not None:
                for each in come:
                    zone = self.cut(zone, each, event.start, at_most(event.high))
        for bound in _owed(self.network, come):
            zone = self.cut(zone, *bound)
        return zone

    def leads(self, come: Come, number: int) -> list[Zone]:
        """Zones of these events and of the one that comes next from which the robot wins then."""
        key = come, number
        if key not in self.led:
            events = self.network.events
            joins = joining(events, come, number)
            found = []
            for option, _ in self.wins(come | {number, *joins}):
                zone: Zone | None = option
                for join in joins:
                    zone = self.cut(zone, join, number, SAME)
                    zone = self.cut(zone, number, join, SAME)
                for join in joins:
                    zone = zone and without(zone, join)
                for each in come:
                    zone = self.cut(zone, each, number, SAME)
                if zone is not None:
                    found.append(zone)
            self.led[key] = found
        return self.led[key]

    def spoils(self, come: Come, number: int) -> list[Zone]:
        """Zones of these events and of the contingent one that comes next from which the robot
        does not win then."""
        key = come, number
        if key not in self.spoilt:
            domain = self.domain(come)
            found = []
            if domain is not None:
                place = Position(come, domain)
                reached = next_times(self.network.events, place, number, Contingent)
                found = [] if reached is None else [reached]
            for zone in self.leads(come, number):
                found = self.minus(found, zone)
            self.spoilt[key] = found
        return self.spoilt[key]

    def wins(self, come: Come) -> list[Option]:
        """Where the robot wins once these events have come, and what it does there."""
        if come not in self.won:
            domain = self.domain(come)
            self.won[come] = [] if domain is None else self._wins(come, domain)
        return self.won[come]

    def _wins(self, come: Come, domain: Zone) -> list[Option]:
        events = self.network.events
        begun = running(events, come)
        if not begun:
            return [(domain, ())]
        threats = {
            number: self.spoils(come, number)
            for number, event in begun.items()
            if isinstance(event, Contingent)
        }
        found: list[Option] = []
        if threats:
            rest = [domain]
            for number, zones in threats.items():
                for zone in zones:
                    rest = self.minus(rest, without(zone, number))
            _add(found, rest, ())
        for number, event in begun.items():
            if isinstance(event, Chosen):
                for zone in self.leads(come, number):
                    for act in _earliest(zone, come, number):
                        _add(found, self._safe(zone, domain, act, threats), act)
        return found

    def _safe(
        self, zone: Zone, domain: Zone, act: Act, threats: dict[int, list[Zone]]
    ) -> list[Zone]:
        """Where the robot wins by this act into the zone."""
        number, p, _, _, high = act
        start = self.cut(zone, number, p, high)
        start = start and meet(without(start, number), domain)
        found = [] if start is None else [start]
        for each, zones in threats.items():
            for bad in zones:
                before = self.cut(bad, each, p, high)
                if found and before is not None:
                    found = self.minus(found, without(before, each))
        return found

    # ---- where the world wins ------------------------------------------------------------------

    def breaks(self, come: Come) -> list[Option]:
        """Where the world wins once these events have come, no separation has failed and
        contingent ones have begun; and what it does there."""
        if come not in self.broken:
            begun = running(self.network.events, come)
            found: list[Option] = []
            for number, event in begun.items():
                if isinstance(event, Contingent):
                    for zone in self.spoils(come, number):
                        for act in self._soon(come, number, zone):
                            _add(found, self._sure(come, zone, act), act, closed=False)
            self.broken[come] = found
        return self.broken[come]

    def _soon(self, come: Come, number: int, zone: Zone) -> Iterator[Act]:
        """Acts by which the world ends this duration as early as the zone lets it: at the earliest
        time, or, where there is none, between it and some later one."""
        for p in come:
            low = zone[p][number]
            if low is None:
                continue
            if low & 1:
                yield number, p, low, p, 2 - low
                continue
            ends = {(q, high & ~1) for q in come if (high := zone[number][q]) is not None}
            for each, event in running(self.network.events, come).items():
                if isinstance(event, Chosen):
                    for lead in self.leads(come, each):
                        ends |= {
                            (q, 1 - first) for q in come if (first := lead[q][each]) is not None
                        }
            for q, high in sorted({*ends, (p, 2 - low)}):
                yield number, p, low, q, high

    def _sure(self, come: Come, zone: Zone, act: Act) -> list[Zone]:
        """Where the act stays in the zone, and the robot does not win by what it does before."""
        number, p, low, q, high = act
        if low & 1:
            start = self.cut(zone, number, p, high)
            start = start and without(start, number)
        else:
            start = self.cut(without(zone, number), p, q, plus(low, high))
            for each in come:
                other = zone[each][number]
                if other is not None:
                    start = self.cut(start, each, p, at_most((other >> 1) - (low >> 1)))
                other = zone[number][each]
                if other is not None:
                    start = self.cut(start, q, each, at_most((other >> 1) - (high >> 1)))
        found = [] if start is None else [start]
        for each, event in running(self.network.events, come).items():
            if isinstance(event, Chosen):
                for lead in self.leads(come, each):
                    before = self.cut(lead, each, q, high)
                    if found and before is not None:
                        found = self.minus(found, without(before, each))
        return found


def _add(found: list[Option], zones: Iterable[Zone], act: Act, closed: bool = True) -> None:
    """Adds the zones, with their edges where those belong to what is won, and no zone within
    another one."""
    for each in zones:
        zone = with_edges(each) if closed else each
        if not any(inside(zone, other) for other, _ in found):
            found[:] = [option for option in found if not inside(option[0], zone)]
            found.append((zone, act))


def _earliest(zone: Zone, come: Come, number: int) -> Iterator[Act]:
    """Acts by which the robot ends this duration as early as the zone lets it."""
    for p in come:
        low = zone[p][number]
        if low is not None:
            yield number, p, low, p, 2 - low


# ---- trees -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Tree:
    """The tree of one player, node by node."""

    game: _Game
    player: Player
    nodes: list[Node] = field(default_factory=list)

    def add(self, place: Position) -> int:
        """The number of the node that goes on from here."""
        if self.ends(place):
            return -1
        if len(self.nodes) == NODES_MAX:
            raise TooManyZones
        number = len(self.nodes)
        self.nodes.append(Turn((), ()))
        self.nodes[number] = self.node(place)
        return number

    def node(self, place: Position) -> Node:
        game, zone = self.game, place.zone
        if self.player is Contingent:
            for bound in _owed(game.network, place.come):
                if not entails(zone, *bound):
                    return self.case(place, bound)
            begun = running(game.network.events, place.come).values()
            if not any(isinstance(event, Contingent) for event in begun):
                return self.turn(place, ())
            options = game.breaks(place.come)
        else:
            options = game.wins(place.come)
        for option, act in options:
            if inside(zone, option):
                return self.turn(place, act)
        for option, _ in options:
            if meet(zone, option) is not None:
                cuts = (bound for bound in bounds(option) if not entails(zone, *bound))
                return self.case(place, next(cuts))
        raise AssertionError("nobody wins from here")

    def case(self, place: Position, cut: Bound) -> Case:
        x, y, bound = cut
        parts = restricted(place.zone, x, y, bound), restricted(place.zone, y, x, opposite(bound))
        yes, no = (-1 if each is None else self.add(Position(place.come, each)) for each in parts)
        return Case(x, y, bound, yes, no)

    def turn(self, place: Position, act: Act) -> Turn:
        events = self.game.network.events
        other: Player = Contingent if self.player is Chosen else Chosen
        found: list[tuple[int, Position | None]] = []
        if act:
            zone = acted(events, place, act)
            assert zone is not None, "an act that is not possible"
            found.append((act[0], moved(events, place, act, zone, other)))
        for number, event in running(events, place.come).items():
            if isinstance(event, other):
                found.append((number, answered(events, place, number, act, other)))
        after = ((number, self.add(each)) for number, each in found if each is not None)
        return Turn(act, tuple((number, node) for number, node in after if node != -1))

    def ends(self, place: Position) -> bool:
        if self.player is Chosen:
            return len(place.come) == len(self.game.network.events)
        owed = _owed(self.game.network, place.come)
        return any(restricted(place.zone, *bound) is None for bound in owed)


def _owed(network: Network, come: Come) -> list[Bound]:
    """What the separations between these events say."""
    found = []
    for each in network.separations:
        if {each.first, each.second} <= come:
            if each.high is not None:
                found.append((each.second, each.first, at_most(each.high)))
            if each.low is not None:
                found.append((each.first, each.second, at_most(-each.low)))
    return found


def play(network: Network) -> StrategyTree | AdversaryTree:
    """A tree of moves by which the robot keeps all separations, or by which the world breaks one.
    Raises TooManyZones."""
    if len(network.events) > EVENTS_MAX:
        raise TooManyZones
    game = _Game(network)
    place = opening(network.events)
    won = any(inside(place.zone, zone) for zone, _ in game.wins(place.come))
    tree = _Tree(game, Chosen if won else Contingent)
    tree.add(place)
    return StrategyTree(tuple(tree.nodes)) if won else AdversaryTree(tuple(tree.nodes))
