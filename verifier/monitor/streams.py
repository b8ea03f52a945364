"""The memory of a graph while samples come, and the order in which its nodes settle them.

What a node says at a sample is a kernel's business (monitor/truths.py for truth,
monitor/distances.py for robustness); both have this one memory. Numbers count the samples from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from verifier.monitor.graph import Graph, State

Kernel = Callable[[int], Any]


@dataclass(slots=True)
class Streams:
    """`values[k]` holds what node k said of the latest samples, `stamps` when they came, `settled`
    how many samples each group has settled, `tails` the oldest number that an operator waits for,
    `lost` that a window had no place for a sample.
    """

    graph: Graph
    slots: int
    stamps: list[int]
    values: list[list[Any]]
    settled: list[int]
    tails: dict[int, int] = field(default_factory=dict)
    head: int = 0
    lost: bool = False
    kernels: list[list[tuple[list[Any], Kernel]]] = field(default_factory=list)

    def full(self) -> bool:
        """Whether another sample has no place: they come faster than declared."""
        if self.graph.slots == 0:
            return False
        oldest = min([self.settled[-1], *self.tails.values()])
        return self.head - oldest >= self.slots


def streams_of(graph: Graph, kernel_of: Callable[[Streams, int], Kernel]) -> Streams:
    """An empty memory with the kernels of this algebra."""
    slots = max(1, graph.slots)
    values: list[list[Any]] = [[None] * slots for _ in graph.nodes]
    found = Streams(graph, slots, [0] * slots, values, [0] * len(graph.groups))
    for _, nodes in graph.groups:
        work = [
            (values[k], kernel_of(found, k)) for k in nodes if not isinstance(graph.nodes[k], State)
        ]
        found.kernels.append(work)
    return found


def push(streams: Streams, time_ns: int, states: Sequence[tuple[int, Any]]) -> None:
    """A sample with the values of the state formulas."""
    slot = streams.head % streams.slots
    streams.stamps[slot] = time_ns
    for node, value in states:
        streams.values[node][slot] = value
    streams.head += 1


def settle(streams: Streams, clock: int, visit: Callable[[int, int], None] | None) -> None:
    """Settles what the clock allows, each delay's nodes at all their samples; `visit` gets the
    group and the slot of each sample behind the first group."""
    slots, stamps, head = streams.slots, streams.stamps, streams.head
    for group, (delay, _) in enumerate(streams.graph.groups):
        number = streams.settled[group]
        work = streams.kernels[group]
        while number < head and stamps[number % slots] + delay <= clock:
            slot = number % slots
            for values, kernel in work:
                values[slot] = kernel(number)
            number += 1
            streams.settled[group] = number
            if visit is not None:
                visit(group, slot)
