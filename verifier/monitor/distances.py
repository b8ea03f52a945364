"""How far each operator is from its border: the kernels of online robustness.

Every value is one of the doubles that a comparison has given, so that definition, program and C
agree to the last bit. What has a window keeps its candidates in a queue: of two, the older one is
of no use if the later one is not worse, so that the queue falls from front to back. What has left
the window goes before what is in it comes, and what the window has passed never joins: so a gap
takes no more room than a full window. No value is a negative zero (monitor/robustness.py), so that
the greatest of some is the same in any order.

    once, eventually       the front of the queue of the window; C keeps the samples in blocks
    p since r              a sample caps what stands in the queue at its p, then its r joins
    p since[a, b] r        the same up to the samples that are a old, and the least p since
    p until[a, b] r        x -> max(r, min(p, x)), composed over the window; compositions of the
                           older half are kept, the newer half is one running composition

(The queue: Lemire 2006. The two halves: Tangwongsan, Hirzel, Schneider 2015.)
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from verifier.monitor.graph import (
    SPARE_SLOTS,
    AgedSince,
    Graph,
    Logic,
    Next,
    Node,
    Previous,
    Since,
    State,
    Until,
)
from verifier.monitor.robustness import connected
from verifier.monitor.streams import Kernel, Streams

INFINITY = math.inf
BLOCK_SAMPLES = 16
Queue = deque[tuple[int, float]]


def distance_kernel(streams: Streams, k: int) -> Kernel:
    """The kernel of node k."""
    match streams.graph.nodes[k]:
        case Logic(operator, operands):
            slots, parts = streams.slots, [streams.values[k] for k in operands]
            return lambda i: connected(operator, [part[i % slots] for part in parts])
        case Since(left, right, 0, None):
            return _ever_since(streams, left, right)
        case Since(None, right, low, int() as high):
            return _once(streams, k, right, low, high)
        case Since() as node:
            return _since(streams, k, node)
        case Previous(operand, low, high):
            return _previous(streams, operand, low, high)
        case Until() as node:
            return _eventually(streams, node) if node.left is None else _until(streams, node)
        case Next(operand, low, high):
            return _next(streams, operand, low, high)
        case State() | AgedSince():
            raise AssertionError("a state formula has no kernel, and no gauge is on a grid")


def capacity(graph: Graph, node: Node) -> int:
    """How many candidates a window can hold, if samples come no faster than declared; the best one
    alone where nothing ever leaves."""
    match node:
        case Since(_, _, low, high) if high is not None:
            return (high - low) // graph.period_ns + SPARE_SLOTS
        case Until(_, _, low, high):
            return (high - low) // graph.period_ns + SPARE_SLOTS
        case _:
            return 1


def in_blocks(node: Node) -> bool:
    """Whether C keeps the samples of a window in blocks: it has no left side to cap them."""
    match node:
        case Since(None, _, _, high):
            return high is not None
        case Until(left):
            return left is None
        case _:
            return False


def block_slots(graph: Graph, node: Node) -> int:
    """How many samples a window in blocks has slots for: a block may begin while it is full."""
    blocks = -(-(capacity(graph, node) + 1) // BLOCK_SAMPLES) + 1
    return blocks * BLOCK_SAMPLES


def held_back(graph: Graph, node: Node) -> int:
    """How many samples can lie before the window."""
    assert isinstance(node, Since | Until)
    return node.low // graph.period_ns + SPARE_SLOTS


def join(queue: Queue, key: int, value: float, room: int, streams: Streams) -> None:
    """The value joins the queue for the greatest; `key` says when it leaves."""
    while queue and queue[-1][1] <= value:
        queue.pop()
    if len(queue) < room:
        queue.append((key, value))
    elif room > 1:
        streams.lost = True


def cap(queue: Queue, most: float) -> None:
    """Nothing in the queue is greater than `most` any more."""
    key: int | None = None
    while queue and queue[0][1] >= most:
        key = queue.popleft()[0]
    if key is not None:
        queue.appendleft((key, most))


@dataclass(slots=True)
class Window:
    """The queue of a window in blocks, the stamps of all its samples, and how many ever joined."""

    slots: int
    queue: Queue
    stamps: deque[int]
    joined: int = 0


def window_of(graph: Graph, node: Node) -> Window:
    return Window(block_slots(graph, node), deque(), deque())


def admit(window: Window, stamp: int, value: float, streams: Streams) -> None:
    """The sample joins. Where a block begins there has to be place for all of it."""
    if window.joined % BLOCK_SAMPLES == 0:
        streams.lost |= len(window.stamps) + BLOCK_SAMPLES >= window.slots
    window.joined += 1
    window.stamps.append(stamp)
    join(window.queue, stamp, value, window.slots, streams)


def depart(window: Window, first: int) -> None:
    """Samples before this stamp leave."""
    while window.stamps and window.stamps[0] < first:
        window.stamps.popleft()
    leave(window.queue, lambda stamp: stamp < first)


def leave(queue: Queue, gone: Callable[[int], bool]) -> None:
    while queue and gone(queue[0][0]):
        queue.popleft()


def greatest(queue: Queue) -> float:
    return queue[0][1] if queue else -INFINITY


# ---- the past ----------------------------------------------------------------------------------


def _ever_since(streams: Streams, left: int | None, right: int) -> Kernel:
    slots, found = streams.slots, streams.values[right]
    held = None if left is None else streams.values[left]
    best = -INFINITY

    def kernel(i: int) -> float:
        nonlocal best
        slot = i % slots
        kept = best if held is None else min(held[slot], best)
        best = max(float(found[slot]), kept)
        return best

    return kernel


def _once(streams: Streams, k: int, right: int, low: int, high: int) -> Kernel:
    slots, stamps, found = streams.slots, streams.stamps, streams.values[right]
    window, tails = window_of(streams.graph, Since(None, right, low, high)), streams.tails
    if low:
        tails[k] = 0

    def kernel(i: int) -> float:
        now = stamps[i % slots]
        depart(window, now - high)
        if not low:
            admit(window, now, found[i % slots], streams)
            return greatest(window.queue)
        tail = tails[k]
        while tail <= i and now - stamps[tail % slots] >= low:
            if now - stamps[tail % slots] <= high:
                admit(window, stamps[tail % slots], found[tail % slots], streams)
            tail += 1
        tails[k] = tail
        return greatest(window.queue)

    return kernel


def _since(streams: Streams, k: int, node: Since) -> Kernel:
    """Candidates are known by their stamps, the left side of late by its numbers."""
    slots, stamps, found = streams.slots, streams.stamps, streams.values[node.right]
    held = None if node.left is None else streams.values[node.left]
    queue: Queue = deque()
    since: Queue = deque()
    room, back = capacity(streams.graph, node), held_back(streams.graph, node)
    tails = streams.tails
    if node.low:
        tails[k] = 0

    def gone(now: int, stamp: int) -> bool:
        return node.high is not None and now - stamp > node.high

    def taken(now: int, slot: int) -> None:
        if held is not None:
            cap(queue, held[slot])
        if not gone(now, stamps[slot]):
            join(queue, stamps[slot], found[slot], room, streams)

    def kernel(i: int) -> float:
        now = stamps[i % slots]
        leave(queue, lambda stamp: gone(now, stamp))
        if node.low:
            tail = tails[k]
            while tail <= i and now - stamps[tail % slots] >= node.low:
                taken(now, tail % slots)
                tail += 1
            tails[k] = tail
        else:
            taken(now, i % slots)
        best = greatest(queue)
        if not node.low or held is None:
            return best
        leave(since, lambda number: number < tails[k])
        join(since, i, 0.0 - held[i % slots], back, streams)
        return min(best, 0.0 - greatest(since))

    return kernel


def _previous(streams: Streams, operand: int, low: int, high: int | None) -> Kernel:
    slots, stamps, values = streams.slots, streams.stamps, streams.values[operand]
    before: tuple[int, float] | None = None

    def kernel(i: int) -> float:
        nonlocal before
        now, last = stamps[i % slots], before
        before = now, values[i % slots]
        if last is None or now - last[0] < low or (high is not None and now - last[0] > high):
            return -INFINITY
        return last[1]

    return kernel


# ---- the future --------------------------------------------------------------------------------


def _eventually(streams: Streams, node: Until) -> Kernel:
    slots, stamps, found = streams.slots, streams.stamps, streams.values[node.right]
    window = window_of(streams.graph, node)
    cursor = 0

    def kernel(i: int) -> float:
        nonlocal cursor
        now = stamps[i % slots]
        depart(window, now + node.low)
        while cursor < streams.head and stamps[cursor % slots] - now <= node.high:
            if stamps[cursor % slots] - now >= node.low:
                admit(window, stamps[cursor % slots], found[cursor % slots], streams)
            cursor += 1
        return greatest(window.queue)

    return kernel


def _until(streams: Streams, node: Until) -> Kernel:
    """Over the numbers from `first`, the first in the window, up to `cursor`: `older[n]` is the
    composition from n up to `middle`, `newer` that from there on."""
    assert node.left is not None
    slots, stamps, found = streams.slots, streams.stamps, streams.values[node.right]
    held = streams.values[node.left]
    older: list[tuple[float, float]] = [(-INFINITY, INFINITY)] * slots
    newer = (-INFINITY, INFINITY)
    before: Queue = deque()
    back = held_back(streams.graph, node)
    first = middle = cursor = 0

    def kernel(i: int) -> float:
        nonlocal newer, first, middle, cursor
        now = stamps[i % slots]
        while cursor < streams.head and stamps[cursor % slots] - now <= node.high:
            slot = cursor % slots
            newer = composed(newer, (found[slot], held[slot]))
            cursor += 1
        leave(before, lambda number: number < i)
        while first < cursor and stamps[first % slots] - now < node.low:
            if first >= i:
                join(before, first, 0.0 - held[first % slots], back, streams)
            first += 1
        if first >= middle:
            rest = (-INFINITY, INFINITY)
            for number in range(cursor - 1, first - 1, -1):
                rest = composed((found[number % slots], held[number % slots]), rest)
                older[number % slots] = rest
            middle, newer = cursor, (-INFINITY, INFINITY)
        whole = newer if first == middle else composed(older[first % slots], newer)
        return min(0.0 - greatest(before), whole[0])

    return kernel


def composed(outer: tuple[float, float], inner: tuple[float, float]) -> tuple[float, float]:
    """x -> max(r, min(p, x)) after another such map, as the pair r, p."""
    return max(outer[0], min(outer[1], inner[0])), min(outer[1], inner[1])


def _next(streams: Streams, operand: int, low: int, high: int) -> Kernel:
    slots, stamps, values = streams.slots, streams.stamps, streams.values[operand]

    def kernel(i: int) -> float:
        if i + 1 >= streams.head:
            return -INFINITY
        distance = stamps[(i + 1) % slots] - stamps[i % slots]
        return float(values[(i + 1) % slots]) if low <= distance <= high else -INFINITY

    return kernel
