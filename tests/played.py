"""Trees of moves against brute force: runs on a grid of time, with no zone in sight."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from measures import kept

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

PART = Fraction(1, 2)
"""The other player ends durations at whole parts of a tick, and as early and late as it can."""
LONG = 20


@dataclass
class Played:
    """Follows a tree through every run, in ticks."""

    network: Network
    tree: StrategyTree | AdversaryTree

    def wins(self) -> bool:
        return self.goes_well(0, self.joined({0: Fraction(0)}), Fraction(0))

    @property
    def own(self) -> type:
        return Chosen if isinstance(self.tree, StrategyTree) else Contingent

    def joined(self, times: dict[int, Fraction]) -> dict[int, Fraction]:
        for number, event in enumerate(self.network.events):
            if isinstance(event, Latest) and number not in times and {*event.events} <= {*times}:
                times[number] = max((times[each] for each in event.events), default=Fraction(0))
        return times

    def goes_well(self, number: int, times: dict[int, Fraction], now: Fraction) -> bool:
        """Whether every run from here, in which these events have come, ends well."""
        if number == -1:
            return self.ends_well(times)
        node = self.tree.nodes[number]
        if isinstance(node, Case):
            if not {node.first, node.second} <= {*times}:
                return False
            apart = times[node.first] - times[node.second]
            return self.goes_well(node.yes if _holds(apart, node.bound) else node.no, times, now)
        begun = {
            each: event
            for each, event in enumerate(self.network.events)
            if not isinstance(event, Latest) and each not in times and event.start in times
        }
        ends = self.act_times(node, begun, times, now)
        if ends is None:
            return False
        after = dict(node.after)
        until = max(ends, default=None)
        others = {each: event for each, event in begun.items() if not isinstance(event, self.own)}
        latest = [times[e.start] + e.high for e in others.values() if e.high is not None]
        last = min([*latest, *([] if until is None else [until])], default=now + LONG)
        for each, event in others.items():
            for time in _moments(max(now, times[event.start] + event.low), last):
                if not self.goes_well(
                    after.get(each, -1), self.joined({**times, each: time}), time
                ):
                    return False
        return all(
            self.goes_well(
                after.get(node.act[0], -1), self.joined({**times, node.act[0]: time}), time
            )
            for time in ends
            if time <= min(latest, default=time)
        )

    def act_times(
        self,
        node: Turn,
        begun: dict[int, Chosen | Contingent],
        times: dict[int, Fraction],
        now: Fraction,
    ) -> list[Fraction] | None:
        """All times at which the act may end its event; None if there are none, or wrong ones."""
        others = any(not isinstance(event, self.own) for event in begun.values())
        if not node.act:
            mutual = self.own is Contingent and len({type(e) for e in begun.values()}) == 2
            return None if mutual or not others else []
        each, p, low, q, high = node.act
        if each not in begun or not isinstance(begun[each], self.own) or not {p, q} <= {*times}:
            return None
        first, last = times[p] - low // 2, times[q] + high // 2
        found = [(2 * first + last) / 3, (first + 2 * last) / 3]
        if first > last or (first == last and not low % 2 == high % 2 == 1):
            return None
        found += [time for time, bound in ((first, low), (last, high)) if bound % 2]
        event = begun[each]
        least = max(now, times[event.start] + event.low)
        most = None if event.high is None else times[event.start] + event.high
        right = all(least <= time and (most is None or time <= most) for time in found)
        return found if right else None

    def ends_well(self, times: dict[int, Fraction]) -> bool:
        complete = len(times) == len(self.network.events)
        if self.own is Chosen:
            return complete and self.holds(times)
        return not self.holds(times)

    def holds(self, times: dict[int, Fraction]) -> bool:
        """Whether no separation between events that have come fails."""
        known = tuple(s for s in self.network.separations if {s.first, s.second} <= {*times})
        at = [times.get(each, Fraction(0)) for each in range(len(self.network.events))]
        return kept(replace(self.network, separations=known), at)


def _moments(first: Fraction, last: Fraction) -> Iterator[Fraction]:
    """Moments between these two, both included."""
    time = first
    while time < last:
        yield time
        time = time // PART * PART + PART
    if first <= last:
        yield last


def _holds(apart: Fraction, bound: int) -> bool:
    """Whether times so many ticks apart keep to a bound."""
    most = bound // 2
    return apart <= most if bound % 2 else apart < most


def altered(rng: random.Random, tree: StrategyTree | AdversaryTree) -> StrategyTree | AdversaryTree:
    """The tree with one number of one node changed, or one way on left out."""
    place = rng.randrange(len(tree.nodes))
    node = rng.choice(list(_others(rng, tree.nodes[place], len(tree.nodes))))
    return replace(tree, nodes=(*tree.nodes[:place], node, *tree.nodes[place + 1 :]))


def _others(rng: random.Random, node: Node, size: int) -> Iterator[Node]:
    more = rng.choice([-2, -1, 1, 2])
    match node:
        case Case(first, second, bound, yes, no):
            yield replace(node, bound=bound + more)
            yield replace(node, first=second, second=first)
            yield replace(node, yes=no, no=yes)
        case Turn(act, after):
            if act:
                yield replace(node, act=(*act[:2], act[2] + more, *act[3:]))
                yield replace(node, act=(*act[:4], act[4] + more))
                yield replace(node, act=(*act[:2], act[2] + more, act[3], act[4] - more))
                yield replace(node, act=(rng.randrange(6), *act[1:]))
                yield replace(node, act=(act[0], 0, act[2], 0, act[4]))
            yield replace(node, act=())
            if after:
                yield replace(node, after=after[:-1])
                yield replace(node, after=((after[0][0], rng.randrange(-1, size)), *after[1:]))
