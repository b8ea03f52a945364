"""Verdicts on networks of events, in integers.

How far apart two events lie at most is computed by the recursion of the certificate itself
(verifier/core/network.py): the later event is expanded, until both are the same. Where every event
but the joins of `||` has one cause this is exact (McMillan and Dill 1992, for acyclic max
constraints), and a run that reaches it is read off. Chosen durations: first all at once, as
potentials of the simple temporal network in which every contingent duration is taken for its
longest in an upper and for its shortest in a lower bound (Bellman and Ford; Dechter, Meiri and
Pearl 1991); then watching what happens (demand.py); then as a game (game.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from verifier.core.network import (
    Chosen,
    Contingent,
    Demands,
    Latest,
    NegativeCycle,
    Network,
    Run,
    Separation,
    Strategy,
    StrategyTree,
)
from verifier.core.verdict import Proved, Refuted, Unknown, Verdict
from verifier.solve.demand import TooManyDemands, without_foresight
from verifier.solve.game import TooManyZones, play

ROWS_MAX = 2_000_000
VAGUE = "of a statement with blocks only the bounds of its time are counted here"
Pair: TypeAlias = tuple[int, int]
Bound: TypeAlias = tuple[int, int, int]
"""(x, y, most): event x comes at most so much after event y."""
Edge: TypeAlias = tuple[int, int, int]
"""(start, end, weight)."""
Waits: TypeAlias = dict[int, tuple[Pair, ...]]


@dataclass(slots=True)
class _Apart:
    """How far apart events lie at most, as far as it was asked; None is without a bound."""

    network: Network
    waits: Waits
    most: dict[Pair, int | None] = field(default_factory=dict)
    parts: dict[Pair, list[tuple[Pair, int | None]]] = field(default_factory=dict)

    def of(self, x: int, y: int) -> int | None:
        """The most ticks that event x comes after event y. Raises _TooMany."""
        most, parts = self.most, self.parts
        todo = [(x, y)]
        while todo:
            pair = todo[-1]
            if pair in most:
                todo.pop()
            elif pair in parts:
                most[pair] = self._value(pair)
                todo.pop()
            else:
                if len(parts) > ROWS_MAX:
                    raise _TooMany
                parts[pair] = below = self.below(*pair)
                todo += [each for each, _ in below if each not in most]
        return most[x, y]

    def below(self, x: int, y: int) -> list[tuple[Pair, int | None]]:
        """The pairs that this one is expanded to, each with what is added to it."""
        if x == y:
            return []
        event = self.network.events[max(x, y)]
        match event:
            case Contingent(start, _, high) if x > y:
                return [((start, y), high)]
            case Contingent(start, low, _):
                return [((x, start), -low)]
            case Latest(events):
                return [((each, y) if x > y else (x, each), 0) for each in events]
            case Chosen() if x > y:
                return [((p, y), delay) for p, delay in self.waits[x]]
            case Chosen():
                return [((x, p), -delay) for p, delay in self.waits[y]]

    def _value(self, pair: Pair) -> int | None:
        x, y = pair
        if x == y:
            return 0
        found = [_plus(self.most[each], more) for each, more in self.parts[pair]]
        bounded = [each for each in found if each is not None]
        if x > y:
            return max(bounded) if len(bounded) == len(found) else None
        return min(bounded, default=None)

    def rows(self, wanted: Sequence[Pair]) -> tuple[tuple[int, int, int], ...]:
        """The rows that justify the wanted pairs."""
        needed: set[Pair] = set()
        todo = [pair for pair in wanted if pair[0] != pair[1]]
        while todo:
            pair = todo.pop()
            if pair in needed:
                continue
            needed.add(pair)
            below = self.parts[pair]
            if len(below) > 1 and pair[0] < pair[1]:
                below = [each for each in below if self._reaches(pair, each)][:1]
            todo += [each for each, _ in below if each[0] != each[1]]
        found = ((x, y, self.most[x, y]) for x, y in sorted(needed))
        return tuple((x, y, most) for x, y, most in found if most is not None)

    def _reaches(self, pair: Pair, below: tuple[Pair, int | None]) -> bool:
        return _plus(self.most[below[0]], below[1]) == self.most[pair]


class _TooMany(Exception):
    """More pairs than anybody would check."""


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def settle_network(question: Network) -> Verdict:
    """A strategy that meets every separation, or what shows that there is none."""
    try:
        if any(isinstance(event, Chosen) for event in question.events):
            return _with_choices(question)
        return _without_choices(question)
    except (_TooMany, TooManyDemands):
        return Unknown(f"more than {ROWS_MAX} distances between moments would have to be shown")


def _without_choices(question: Network) -> Verdict:
    apart = _Apart(question, {})
    for number, separation in enumerate(question.separations):
        for x, y, most in _bounds(separation):
            found = apart.of(x, y)
            if found is None or found > most:
                return _refuted(question, number, (x, y, most), apart)
    return Proved(_strategy(question, apart))


def _bounds(separation: Separation) -> Iterator[Bound]:
    """Each end of the separation."""
    if separation.high is not None:
        yield separation.second, separation.first, separation.high
    if separation.low is not None:
        yield separation.first, separation.second, -separation.low


def _wanted(question: Network) -> list[Bound]:
    """Every bound that has to hold, those of chosen durations included."""
    found = [bound for separation in question.separations for bound in _bounds(separation)]
    for number, event in enumerate(question.events):
        if isinstance(event, Chosen) and event.high is not None:
            found.append((number, event.start, event.high))
    return found


def _strategy(question: Network, apart: _Apart) -> Strategy:
    rows = apart.rows([(x, y) for x, y, _ in _wanted(question)])
    return Strategy(tuple(sorted(apart.waits.items())), rows)


# ---- runs --------------------------------------------------------------------------------------


def _refuted(question: Network, failed: int, bound: Bound, apart: _Apart) -> Verdict:
    """A run in which the bound does not hold, as one of the separation `failed`."""
    if any(isinstance(event, Contingent) and event.vague for event in question.events):
        return Unknown(VAGUE)
    durations = _worst(question, [bound], apart)
    times: list[int] = []
    for number, event in enumerate(question.events):
        match event:
            case Latest(events):
                times.append(max((times[each] for each in events), default=0))
            case _:
                times.append(times[event.start] + durations.get(number, event.low))
    x, y, most = bound
    if times[x] - times[y] <= most:
        return Unknown("no run was found in which these moments lie too far apart")
    return Refuted(Run(tuple(sorted(durations.items())), failed))


def _worst(question: Network, bounds: Sequence[Bound], apart: _Apart) -> dict[int, int]:
    """The longest duration for every contingent event that counts for the first moment of a bound,
    the shortest for all others, which are left out."""
    bounded = (e.low if e.high is None else e.high for e in _contingent(question).values())
    # What has no bound takes longer than everything that could make up for it.
    endless = sum(bounded) + sum(abs(most) for _, _, most in bounds) + 1
    durations: dict[int, int] = {}
    for number in _counted(question, bounds, apart):
        event = question.events[number]
        assert isinstance(event, Contingent)
        longest = event.low + endless if event.high is None else event.high
        if longest != event.low:
            durations[number] = longest
    return durations


def _contingent(question: Network) -> dict[int, Contingent]:
    return {k: event for k, event in enumerate(question.events) if isinstance(event, Contingent)}


def _counted(question: Network, bounds: Sequence[Bound], apart: _Apart) -> set[int]:
    """The contingent events whose duration is a part of how much x comes after y in a bound."""
    counted: set[int] = set()
    seen: set[Pair] = set()
    todo = [(x, y) for x, y, _ in bounds]
    while todo:
        pair = todo.pop()
        if pair in seen or pair[0] == pair[1]:
            continue
        seen.add(pair)
        if pair[0] > pair[1] and isinstance(question.events[pair[0]], Contingent):
            counted.add(pair[0])
        todo += [below for below, _ in apart.below(*pair)]
    return counted


# ---- choices -----------------------------------------------------------------------------------


def _with_choices(question: Network) -> Verdict:
    chosen = [k for k, event in enumerate(question.events) if isinstance(event, Chosen)]
    without = _Apart(question, {k: ((_chosen(question, k).start, 0),) for k in chosen})
    fixed = _fixed_durations(question, chosen, without)
    if isinstance(fixed, dict):
        waits: Waits = {k: ((_chosen(question, k).start, fixed[k]),) for k in chosen}
        apart = _Apart(question, waits)
        if _holds(question, apart):
            return Proved(_strategy(question, apart))
    found = without_foresight(question)
    if isinstance(found, dict):
        apart = _Apart(question, found)
        if _holds(question, apart):
            return Proved(_strategy(question, apart))
    conflict = _wanted(question) if isinstance(fixed, dict) else fixed
    vague = any(event.vague for event in _contingent(question).values())
    if not vague:
        for durations in (_worst(question, conflict, without), {}):
            cycle = _negative_cycle(question, durations)
            if cycle is not None:
                return Refuted(NegativeCycle(tuple(sorted(durations.items())), cycle))
    if isinstance(found, Demands):
        return Refuted(found)
    return _played(question, vague)


def _played(question: Network, vague: bool) -> Verdict:
    """The verdict of the game, for what the cheaper rules leave open."""
    try:
        tree = play(question)
    except TooManyZones:
        return Unknown(
            "steps run beside each other, no simple rule was found by which the robot could choose"
            " durations, nor durations of the other skills with which every choice fails, and there"
            " are too many orders in which they may end to try all"
        )
    if isinstance(tree, StrategyTree):
        return Proved(tree)
    if vague:
        return Unknown(VAGUE)
    return Refuted(tree)


def _chosen(question: Network, number: int) -> Chosen:
    event = question.events[number]
    assert isinstance(event, Chosen)
    return event


def _holds(question: Network, apart: _Apart) -> bool:
    found = ((apart.of(x, y), most) for x, y, most in _wanted(question))
    return all(value is not None and value <= most for value, most in found)


# ---- durations chosen beforehand ---------------------------------------------------------------


def _fixed_durations(
    question: Network, chosen: Sequence[int], without: _Apart
) -> dict[int, int] | list[Bound]:
    """A duration for each chosen event, if those alone can do it; else bounds that no durations
    meet together.

    With p_k the sum of the first k chosen durations, "x comes at most b after y" is
    p_x - p_y <= b - (how much x comes after y without them): potentials of a graph.
    """
    place = {number: k for k, number in enumerate(chosen, start=1)}
    passed = _passed(question, place)
    bounds = _wanted(question)
    edges: list[Edge] = []
    for x, y, most in bounds:
        rest = without.of(x, y)
        if rest is None:
            return [(x, y, most)]
        edges.append((passed[y], passed[x], most - rest))
    for number in chosen:
        edges.append((place[number], place[number] - 1, -_chosen(question, number).low))
    found = _potentials(len(chosen) + 1, edges)
    if isinstance(found, _Around):
        return [bounds[edge] for edge in found.edges if edge < len(bounds)]
    return {number: found[place[number]] - found[place[number] - 1] for number in chosen}


def _passed(question: Network, place: Mapping[int, int]) -> list[int]:
    """For each event the number of the last chosen event on the way to it, itself included."""
    passed: list[int] = []
    for number, event in enumerate(question.events):
        match event:
            case Latest(events):
                passed.append(max((passed[each] for each in events), default=0))
            case _:
                passed.append(place.get(number, passed[event.start]))
    return passed


def _negative_cycle(question: Network, durations: Mapping[int, int]) -> tuple[int, ...] | None:
    """Events around a negative cycle of the simple temporal network with these contingent
    durations (the shortest for the others); None if there is none."""
    edges: list[Edge] = [(y, x, most) for x, y, most in _wanted(question)]
    for number, event in enumerate(question.events):
        match event:
            case Contingent(start, low):
                duration = durations.get(number, low)
                edges += [(start, number, duration), (number, start, -duration)]
            case Chosen(start, low):
                edges.append((number, start, -low))
            case Latest((only,)):
                edges += [(number, only, 0), (only, number, 0)]
            case Latest(events):
                edges += [(number, each, 0) for each in events]
    found = _potentials(len(question.events), edges)
    return tuple(edges[edge][0] for edge in found.edges) if isinstance(found, _Around) else None


@dataclass(frozen=True, slots=True)
class _Around:
    """The numbers of edges around a negative cycle."""

    edges: tuple[int, ...]


def _potentials(size: int, edges: Sequence[Edge]) -> list[int] | _Around:
    """Numbers p with p[end] - p[start] <= weight for every edge, by the algorithm of Bellman and
    Ford, sweeping to and fro (Yen 1970); or a negative cycle."""
    found = [0] * size
    cause: list[int | None] = [None] * size
    order = sorted(range(len(edges)), key=lambda each: edges[each][:2])
    orders = (order, order[::-1])
    for turn in range(2 * size + 2):
        changed = False
        for number in orders[turn % 2]:
            start, end, weight = edges[number]
            if found[start] + weight < found[end]:
                found[end], cause[end], changed = found[start] + weight, number, True
        if not changed:
            return found
        around = _loop(edges, cause)
        if around is not None:
            return around
    raise AssertionError("neither potentials nor a negative cycle")


def _loop(edges: Sequence[Edge], cause: Sequence[int | None]) -> _Around | None:
    """The edges around a loop of causes; None if there is no loop."""
    seen: set[int] = set()
    for first in range(len(cause)):
        path: dict[int, int] = {}
        node = first
        while node not in seen and node not in path:
            edge = cause[node]
            if edge is None:
                break
            path[node] = edge
            node = edges[edge][0]
        if node in path:
            turned = list(path)
            loop = turned[turned.index(node) :]
            return _Around(tuple(path[each] for each in reversed(loop)))
        seen |= path.keys()
    return None
