"""Choices of durations without foresight, by eliminating events from the last one on.

What is demanded is that one event comes at most so much after another one. A contingent event is
eliminated for all of its durations, a chosen one by joining what bounds it from above with what
bounds it from below (Fourier and Motzkin; the rules of Morris, Muscettola and Vidal 2001 for a
network in which events come one after the other). Demands stay distances between two events. If
they can be met, each chosen event comes as early as they let it, given what has happened; if not,
the demands that cannot be met are the refutation.

Where events are in one row this decides the question. Where they are not, an event may be chosen
knowing how long one beside it took, and the last of several may be late because of any: what is
derived then is good for a strategy, which is judged by itself, and refutes nothing (game.py does).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from verifier.core.network import Chosen, Contingent, Demands, Latest, Network

ROWS_MAX = 200_000
Pair: TypeAlias = tuple[int, int]
Row: TypeAlias = tuple[int, int, int, int, int]
Waits: TypeAlias = dict[int, tuple[Pair, ...]]


class TooManyDemands(Exception):
    """More rows than anybody would check."""


@dataclass(slots=True)
class _Impossible(Exception):
    """The row with this number cannot be met."""

    row: int


@dataclass(slots=True)
class _Elimination:
    """`rows` are the demands so far, and `forced` whether each has to be met by every strategy;
    `upper[e]` and `lower[e]` are the rows of the least demands about pairs of which e is the later
    event: that it comes at most so much after, or before, the other one. `least` is the least time
    of each event after the start."""

    network: Network
    earlier: list[int]
    least: list[int]
    rows: list[Row] = field(default_factory=list)
    forced: list[bool] = field(default_factory=list)
    upper: list[dict[int, int]] = field(default_factory=list)
    lower: list[dict[int, int]] = field(default_factory=list)

    def demand(self, x: int, y: int, most: int, *causes: int, forced: bool = True) -> None:
        """Adds a row unless there is a harder one about its pair. Raises _Impossible."""
        if x == y and most >= 0:
            return
        table, key = (self.upper[x], y) if x >= y else (self.lower[y], x)
        known = table.get(key)
        if known is not None and self.rows[known][2] <= most:
            return
        if len(self.rows) == ROWS_MAX:
            raise TooManyDemands
        first, second = (*causes, -1, -1)[:2]
        self.rows.append((x, y, most, first, second))
        self.forced.append(forced and all(self.forced[cause] for cause in causes))
        if x == y:
            raise _Impossible(len(self.rows) - 1)
        table[key] = len(self.rows) - 1

    def given(self) -> None:
        for each in self.network.separations:
            if each.high is not None:
                self.demand(each.second, each.first, each.high)
            if each.low is not None:
                self.demand(each.first, each.second, -each.low)
        for number, event in enumerate(self.network.events):
            if isinstance(event, Chosen):
                self.demand(event.start, number, -event.low)
                if event.high is not None:
                    self.demand(number, event.start, event.high)

    def eliminate(self, number: int) -> None:
        """Demands about earlier events alone that follow from those about this one."""
        match self.network.events[number]:
            case Contingent(start, low, high, vague):
                for other, row in self.upper[number].items():
                    forced = not vague and bool(self.earlier[start] >> other & 1)
                    if high is None:
                        self.forced.append(forced and self.forced[row])
                        self.rows.append(self.rows[row])
                        raise _Impossible(len(self.rows) - 1)
                    self.demand(start, other, self.rows[row][2] - high, row, forced=forced)
                for other, row in self.lower[number].items():
                    forced = not vague and bool(self.earlier[start] >> other & 1)
                    self.demand(other, start, self.rows[row][2] + low, row, forced=forced)
            case Chosen():
                for other, row in self.upper[number].items():
                    for first, below in self.lower[number].items():
                        most = self.rows[below][2] + self.rows[row][2]
                        self.demand(first, other, most, below, row)
            case Latest(parts):
                for other, row in self.upper[number].items():
                    for part in parts:
                        self.demand(part, other, self.rows[row][2], row)
                for other, row in self.lower[number].items():
                    self._some(other, number, parts, row)

    def _some(self, other: int, number: int, parts: tuple[int, ...], row: int) -> None:
        """That one of several events is late enough. Of more than one it is guessed which."""
        most = self.rows[row][2]
        if most >= 0 and self.earlier[number] >> other & 1:
            return
        later = [part for part in parts if not self.earlier[other] >> part & 1]
        part = max(later or parts, key=self.least.__getitem__)
        self.demand(other, part, most, row, forced=len(parts) == 1)

    def waits(self) -> Waits:
        """Each chosen event comes as early as what is demanded lets it."""
        return {
            number: tuple(
                (other, -self.rows[row][2])
                for other, row in sorted(self.lower[number].items())
                if self.rows[row][2] <= 0
            )
            for number, event in enumerate(self.network.events)
            if isinstance(event, Chosen)
        }

    def demands(self, last: int) -> Demands:
        """The row, behind those that it follows from."""
        needed = {last}
        for number in range(last, -1, -1):
            if number in needed:
                needed |= {cause for cause in self.rows[number][3:] if cause >= 0}
        order = {number: place for place, number in enumerate(sorted(needed))} | {-1: -1}
        rows = (self.rows[number] for number in sorted(needed))
        return Demands(tuple((x, y, b, order[p], order[q]) for x, y, b, p, q in rows))


def without_foresight(network: Network) -> Waits | Demands | None:
    """Rules for the chosen events by which the demands are met, to be judged; demands that no
    strategy meets; or None. Raises TooManyDemands."""
    elimination = _Elimination(network, _earlier(network), _least(network))
    elimination.upper = [{} for _ in network.events]
    elimination.lower = [{} for _ in network.events]
    try:
        elimination.given()
        for number in range(len(network.events) - 1, 0, -1):
            elimination.eliminate(number)
    except _Impossible as impossible:
        forced = elimination.forced[impossible.row]
        return elimination.demands(impossible.row) if forced else None
    return elimination.waits()


def _earlier(network: Network) -> list[int]:
    """For each event those that come before it in every run, itself included, as bits."""
    found: list[int] = []
    for number, event in enumerate(network.events):
        before = 1 << number
        for each in event.events if isinstance(event, Latest) else (event.start,):
            before |= found[each]
        found.append(before)
    return found


def _least(network: Network) -> list[int]:
    """The least time of each event after the start."""
    found: list[int] = []
    for event in network.events:
        match event:
            case Latest(parts):
                found.append(max((found[part] for part in parts), default=0))
            case _:
                found.append(found[event.start] + event.low)
    return found
