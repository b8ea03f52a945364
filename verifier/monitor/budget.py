"""How many bytes a program takes in C, and which bound is to blame if they are too many.

stamps of the samples that wait      8 a slot, once a program
what a node said of them             1 bit a slot, for each node that is read later
operators                            at most 32 each
"""

from __future__ import annotations

from collections.abc import Sequence

from verifier.monitor.distances import (
    BLOCK_SAMPLES,
    block_slots,
    capacity,
    held_back,
    in_blocks,
)
from verifier.monitor.graph import AgedSince, Graph, Logic, Next, Since, State, Until
from verifier.monitor.grid import ring_words, ticks_in
from verifier.monitor.watches import DelayedResponse, Judged, Open, Response, Watch


def words(slots: int) -> int:
    return -(-slots // 64)


def bytes_of(graph: Graph, watches: Sequence[Watch]) -> int:
    """The memory of a program, without padding between properties."""
    rings = 8 * graph.slots + 8 * words(graph.slots) * len(graph.kept)
    nodes = sum(_bytes(graph, k) for k in range(len(graph.nodes)))
    kept = sum(16 for watch in watches if isinstance(watch, Response | DelayedResponse | Open))
    judged = 1 if any(isinstance(watch, Judged) for watch in watches) else 0
    groups = 8 * len(graph.groups) + 8 if graph.slots else 0
    return rings + nodes + kept + judged + groups + _grid_bytes(graph, watches)


def ring_sizes(graph: Graph, watches: Sequence[Watch]) -> tuple[dict[int, int], dict[int, int]]:
    """The ticks of each ring, by node and by watch; both are empty where nothing is on a grid."""
    grid = graph.grid_ns
    if grid is None:
        return {}, {}
    nodes = {
        k: ticks_in(node.low, grid)
        for k, node in enumerate(graph.nodes)
        if isinstance(node, AgedSince)
    }
    owed = {
        k: ticks_in(watch.after_ns, grid)
        for k, watch in enumerate(watches)
        if isinstance(watch, DelayedResponse)
    }
    return nodes, owed


def _grid_bytes(graph: Graph, watches: Sequence[Watch]) -> int:
    nodes, owed = ring_sizes(graph, watches)
    sizes = [*nodes.values(), *owed.values()]
    shared = 16 if sizes else 0
    return shared + 4 * len(owed) + sum(8 * ring_words(size) for size in sizes)


def _bytes(graph: Graph, k: int) -> int:
    match graph.nodes[k]:
        case State() | Logic() | Next():
            return 0
        case Since(_, _, low, _):
            return 32 if low else 16
        case AgedSince():
            return 24
        case Until():
            return 24
        case _:
            return 16


def gauge_bytes(graph: Graph) -> int:
    """The memory of a gauge: doubles instead of bits, and the candidates of every window."""
    rings = 8 * graph.slots * (1 + len(graph.kept))
    return rings + sum(_gauge_bytes(graph, k) for k in range(len(graph.nodes))) + 32


def _gauge_bytes(graph: Graph, k: int) -> int:
    node = graph.nodes[k]
    if in_blocks(node):
        samples = block_slots(graph, node)
        return 16 * (samples + samples // BLOCK_SAMPLES) + 48
    match node:
        case Since(_, _, 0, None):
            return 8
        case Since(left, _, low, _):
            behind = 16 * held_back(graph, node) if low and left is not None else 0
            return 16 * capacity(graph, node) + behind + 40
        case Until():
            return 16 * graph.slots + 16 * held_back(graph, node) + 64
        case State() | Logic() | Next():
            return 0
        case _:
            return 24


def too_large(graph: Graph, budget_bytes: int) -> str:
    if graph.slots == 0:
        return f"it has no bound to shorten, and does not fit in {budget_bytes} bytes"
    bound = f"{graph.longest_ns / 10**9:g} s at a period of {graph.period_ns / 10**9:g} s"
    return (
        f"its bounds reach over {bound}, which is {graph.slots} samples, and they do not fit in"
        f" {budget_bytes} bytes: {_blame(graph)}"
    )


def _blame(graph: Graph) -> str:
    """The bound that is worth most to shorten."""
    found: list[tuple[int, str]] = [(0, "the bounds")]
    for node in graph.nodes:
        match node:
            case Since(left, _, low, _) | AgedSince(left, _, low, _) if low:
                word = "once` or `historically" if left is None else "since"
                found.append((low, f"the lower bound {low / 10**9:g} s of `{word}`"))
            case Until(left, _, _, high):
                word = "always` or `eventually" if left is None else "until` or `release"
                found.append((high, f"the upper bound {high / 10**9:g} s of `{word}`"))
            case Next(_, _, high):
                found.append((high, f"the upper bound {high / 10**9:g} s of `next`"))
    return f"shorten {max(found)[1]}"
