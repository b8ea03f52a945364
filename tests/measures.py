"""Random questions about time and resources, each with what is true of it by brute force."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from math import lcm
from typing import TypeAlias

from verifier.core.budget import Budget, OneOf, Share, Together, Usage
from verifier.core.network import Chosen, Contingent, Event, Latest, Network, Separation
from verifier.core.obligation import Measure, Obligation
from verifier.core.schedule import Task
from verifier.core.span import Span
from verifier.core.unit import UNITS

SPAN = Span("test", 1, 1, 1, 2)
TICK = Fraction(1, 1000)


def owed(question: Measure) -> Obligation:
    return Obligation("t", "t", "T", 0, SPAN, question, {}, {})


# ---- networks ----------------------------------------------------------------------------------


def network(
    events: Sequence[Event], *separations: tuple[int, int, int | None, int | None]
) -> Network:
    """A network of these events behind the origin."""
    everything = (Latest(()), *events)
    names = tuple(f"e{number}" for number in range(len(everything)))
    bounds = tuple(Separation(*each, SPAN) for each in separations)
    return Network(everything, bounds, TICK, names, (SPAN,) * len(everything))


@dataclass
class _Random:
    rng: random.Random
    chosen: float
    events: list[Event] = field(default_factory=list)

    def add(self, event: Event) -> int:
        self.events.append(event)
        return len(self.events)

    def block(self, before: int, size: int) -> int:
        while size > 0:
            if size > 2 and self.rng.random() < 0.4:
                left = self.rng.randrange(1, size)
                ends = {self.block(before, left), self.block(before, size - left)}
                return self.add(Latest(tuple(sorted(ends)))) if len(ends) > 1 else ends.pop()
            low = self.rng.randrange(3)
            high = low + self.rng.randrange(3)
            kind = Chosen if self.rng.random() < self.chosen else Contingent
            before = self.add(kind(before, low, high))
            size -= 1
        return before


def random_network(rng: random.Random, size: int, bounds: int, chosen: float = 0.0) -> Network:
    """Steps one after the other and at the same time, with separations near what may happen."""
    building = _Random(rng, chosen)
    building.block(0, size)
    count = len(building.events) + 1
    separations = []
    for _ in range(bounds):
        first, second = rng.randrange(count), rng.randrange(count)
        low = rng.choice([None, rng.randrange(-3, 5)])
        high = rng.choice([None, (low or 0) + rng.randrange(7)])
        separations.append((first, second, low, high))
    return network(building.events, *separations)


def random_row(rng: random.Random, size: int) -> Network:
    """Steps one after the other, of which some are chosen."""
    events: list[Event] = []
    for start in range(size):
        low = rng.randrange(3)
        kind = Chosen if rng.random() < 0.5 else Contingent
        events.append(kind(start, low, low + rng.randrange(4)))
    separations = []
    for _ in range(rng.randrange(1, 5)):
        first, second = sorted(rng.sample(range(size + 1), 2))
        low, more = rng.choice([None, rng.randrange(7)]), rng.randrange(7)
        high = rng.choice([None, (low or 0) + more])
        separations.append((first, second, low, high))
        if rng.random() < 0.2:
            ends = (None if high is None else -high, None if low is None else -low)
            separations[-1] = (second, first, *ends)
    return network(events, *separations)


def slower(question: Network) -> Network:
    """The network with durations of one tick more, so that none is 0."""
    events = tuple(
        each
        if isinstance(each, Latest) or each.high is None
        else replace(each, low=each.low + 1, high=each.high + 1)
        for each in question.events
    )
    return replace(question, events=events)


def scaled(question: Network, times: int) -> Network:
    """The network on a finer grid: so many ticks for one."""

    def more(ticks: int | None) -> int | None:
        return None if ticks is None else ticks * times

    events = tuple(
        each
        if isinstance(each, Latest)
        else replace(each, low=each.low * times, high=more(each.high))
        for each in question.events
    )
    bounds = tuple(
        replace(each, low=more(each.low), high=more(each.high)) for each in question.separations
    )
    return replace(question, events=events, separations=bounds)


Times: TypeAlias = tuple[int | None, ...]


@dataclass
class Game:
    """Tick by tick: the world ends some of its steps, and the robot, which has seen it, some of
    those that it chooses. Durations are 1 or more, and bounded."""

    network: Network
    known: dict[tuple[Times, int, type], bool] = field(default_factory=dict)

    def won(self) -> bool:
        origin: Times = (0, *(None for _ in self.network.events[1:]))
        return self.turn(self.joined(origin), 0, Chosen)

    def turn(self, at: Times, now: int, who: type) -> bool:
        """Whether the robot wins from here, where the world moves (Contingent) or it does."""
        key = at, now, who
        if key not in self.known:
            self.known[key] = self._turn(at, now, who)
        return self.known[key]

    def _turn(self, at: Times, now: int, who: type) -> bool:
        if None not in at:
            return kept(self.network, [time for time in at if time is not None])
        after = (now + 1, Contingent) if who is Chosen else (now, Chosen)
        moves = (self.turn(each, *after) for each in self.moves(at, now, who))
        return any(moves) if who is Chosen else all(moves)

    def moves(self, at: Times, now: int, who: type) -> Iterator[Times]:
        choices = []
        for event, time in zip(self.network.events, at, strict=True):
            start = None if isinstance(event, Latest) else at[event.start]
            if time is not None or start is None or not isinstance(event, who):
                choices.append([time])
                continue
            assert not isinstance(event, Latest) and event.high is not None
            ends = [now] if event.low <= now - start else []
            choices.append([*ends, *([None] if now - start < event.high else [])])
        return (self.joined(each) for each in product(*choices))

    def joined(self, at: Times) -> Times:
        found = list(at)
        for number, event in enumerate(self.network.events):
            if found[number] is None and isinstance(event, Latest):
                ends = [found[each] for each in event.events]
                times = [time for time in ends if time is not None]
                found[number] = max(times) if len(times) == len(ends) else None
        return tuple(found)


def times(question: Network, durations: Sequence[int]) -> list[int]:
    """When each event comes, with one duration for each event that is no join, in their order."""
    left = iter(durations)
    found: list[int] = []
    for event in question.events:
        if isinstance(event, Latest):
            found.append(max((found[each] for each in event.events), default=0))
        else:
            found.append(found[event.start] + next(left))
    return found


def kept(question: Network, at: Sequence[int] | Sequence[Fraction]) -> bool:
    """Whether every separation holds."""
    return all(
        (s.low is None or s.low <= at[s.second] - at[s.first])
        and (s.high is None or at[s.second] - at[s.first] <= s.high)
        for s in question.separations
    )


def ranges(question: Network, kind: type) -> list[range]:
    return [
        range(event.low, (event.low if event.high is None else event.high) + 1)
        for event in question.events
        if not isinstance(event, Latest) and isinstance(event, kind)
    ]


def all_runs(question: Network) -> Iterator[list[int]]:
    """Every run in whole ticks."""
    for durations in product(*ranges(question, object)):
        yield times(question, durations)


# ---- processors --------------------------------------------------------------------------------


def random_tasks(rng: random.Random) -> tuple[Task, ...]:
    tasks = []
    for number in range(rng.randrange(1, 4)):
        period = rng.choice([2, 3, 4, 5, 6, 8, 10, 12])
        execution = rng.randrange(1, max(2, period // 2 + 1))
        deadline = rng.choice([period, rng.randrange(1, period + 1)])
        tasks.append(Task(f"t{number}", execution, period, deadline, SPAN))
    return tuple(tasks)


def simulated(tasks: Sequence[Task], earliest: bool) -> set[str]:
    """The tasks that miss a deadline if all are released at once, tick by tick, over two common
    multiples of their periods."""
    missed: set[str] = set()
    work: dict[tuple[int, int], int] = {}
    for now in range(2 * lcm(*(task.period for task in tasks)) + 1):
        for place, task in enumerate(tasks):
            late = [key for key in work if key[0] == place and key[1] + task.deadline <= now]
            if any(work[key] for key in late):
                missed.add(task.name)
            for key in late:
                if not work[key]:
                    del work[key]
            if now % task.period == 0:
                work[place, now] = task.execution
        waiting = [key for key, amount in work.items() if amount]
        if waiting:
            due = {key: key[1] + tasks[key[0]].deadline for key in waiting}
            first = min(waiting, key=lambda key: (due[key] if earliest else 0, key))
            work[first] -= 1
    return missed


# ---- budgets -----------------------------------------------------------------------------------


def random_usage(rng: random.Random, depth: int) -> Usage:
    if depth == 0 or rng.random() < 0.3:
        return Share("s", Fraction(rng.randrange(5)), SPAN)
    parts = tuple(random_usage(rng, depth - 1) for _ in range(rng.randrange(4)))
    return OneOf(parts) if rng.random() < 0.5 else Together(parts)


def amounts(usage: Usage) -> set[Fraction]:
    """What may be in use at one moment."""
    if isinstance(usage, Share):
        return {Fraction(0), usage.amount}
    if isinstance(usage, OneOf):
        return {Fraction(0)}.union(*map(amounts, usage.parts))
    return {sum(each, Fraction(0)) for each in product(*map(amounts, usage.parts))}


def budget(usage: Usage, low: int | None, high: int | None) -> Budget:
    ends = (None if end is None else Fraction(end) for end in (low, high))
    return Budget(usage, *ends, UNITS["W"], SPAN)
