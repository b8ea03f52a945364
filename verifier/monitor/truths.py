"""What each operator says, true or false: the kernels of the online program.

Each is a function of the number of the sample that it settles, and keeps what it needs in its own
closure; the emitted C has the same kernels with the same memory (runtime/guard_temporal.h).
"""

from __future__ import annotations

from verifier.monitor.graph import AgedSince, Logic, Next, Previous, Since, State, Until
from verifier.monitor.grid import Ring, push, ticks_in
from verifier.monitor.streams import Kernel, Streams


def truth_kernel(streams: Streams, k: int) -> Kernel:
    """The kernel of node k."""
    match streams.graph.nodes[k]:
        case Logic(operator, operands):
            return _logic(streams, operator, operands)
        case Since(left, right, 0, high):
            return _since(streams, left, right, high)
        case Since() as node:
            return _delayed_since(streams, k, node)
        case AgedSince() as node:
            return _aged_since(streams, node)
        case Previous(operand, low, high):
            return _previous(streams, operand, low, high)
        case Until() as node:
            return _until(streams, node)
        case Next(operand, low, high):
            return _next(streams, operand, low, high)
        case State():
            raise AssertionError("a state formula has no kernel")


def _logic(streams: Streams, operator: str, operands: tuple[int, ...]) -> Kernel:
    slots, parts = streams.slots, [streams.values[k] for k in operands]
    first, last = parts[0], parts[-1]
    match operator:
        case "not":
            return lambda i: not first[i % slots]
        case "and":
            return lambda i: all(part[i % slots] for part in parts)
        case "or":
            return lambda i: any(part[i % slots] for part in parts)
        case "implies":
            return lambda i: not first[i % slots] or last[i % slots]
        case _:
            return lambda i: first[i % slots] == last[i % slots]


def _since(streams: Streams, left: int | None, right: int, high: int | None) -> Kernel:
    """The stamp of the latest witness is all it takes."""
    slots, stamps, answer = streams.slots, streams.stamps, streams.values[right]
    held = None if left is None else streams.values[left]
    witness: int | None = None

    def kernel(i: int) -> bool:
        nonlocal witness
        slot = i % slots
        if answer[slot]:
            witness = stamps[slot]
        elif held is not None and not held[slot]:
            witness = None
        return witness is not None and (high is None or stamps[slot] - witness <= high)

    return kernel


def _delayed_since(streams: Streams, k: int, node: Since) -> Kernel:
    """The latest witness that is old enough, and the latest sample where the left side failed."""
    slots, stamps, answer = streams.slots, streams.stamps, streams.values[node.right]
    held = None if node.left is None else streams.values[node.left]
    witness: int | None = None
    broken: int | None = None
    tails = streams.tails
    tails[k] = 0

    def kernel(i: int) -> bool:
        nonlocal witness, broken
        now, tail = stamps[i % slots], tails[k]
        while tail <= i and now - stamps[tail % slots] >= node.low:
            witness = stamps[tail % slots] if answer[tail % slots] else witness
            tail += 1
        tails[k] = tail
        if held is not None and not held[i % slots]:
            broken = now
        return (
            witness is not None
            and (node.high is None or now - witness <= node.high)
            and (broken is None or witness >= broken)
        )

    return kernel


def _aged_since(streams: Streams, node: AgedSince) -> Kernel:
    """The same, with a bit a tick for the samples that are not yet old enough."""
    slots, stamps, answer = streams.slots, streams.stamps, streams.values[node.right]
    held = None if node.left is None else streams.values[node.left]
    tick = streams.graph.grid_ns
    assert tick is not None, node
    ring = Ring(ticks_in(node.low, tick))
    latest: int | None = None
    witness: int | None = None
    broken: int | None = None

    def kernel(i: int) -> bool:
        nonlocal latest, witness, broken
        slot = i % slots
        now = stamps[slot]
        before = now if latest is None else latest
        left = push(ring, (now - before) // tick, answer[slot])
        witness = witness if left is None else before - left * tick
        latest = now
        if held is not None and not held[slot]:
            broken = now
        return (
            witness is not None
            and (node.high is None or now - witness <= node.high)
            and (broken is None or witness >= broken)
        )

    return kernel


def _previous(streams: Streams, operand: int, low: int, high: int | None) -> Kernel:
    slots, stamps, values = streams.slots, streams.stamps, streams.values[operand]
    before: tuple[int, bool] | None = None

    def kernel(i: int) -> bool:
        nonlocal before
        now, last = stamps[i % slots], before
        before = now, values[i % slots]
        if last is None:
            return False
        return last[1] and low <= now - last[0] and (high is None or now - last[0] <= high)

    return kernel


def _until(streams: Streams, node: Until) -> Kernel:
    """Reads on to the end of the window, or to the first failure of the left side; of what it has
    read, the latest witness is the best."""
    slots, stamps, answer = streams.slots, streams.stamps, streams.values[node.right]
    held = None if node.left is None else streams.values[node.left]
    cursor, witness, blocked = 0, -1, -1

    def kernel(i: int) -> bool:
        nonlocal cursor, witness, blocked
        now, head = stamps[i % slots], streams.head
        while cursor < head and blocked < i and stamps[cursor % slots] - now <= node.high:
            if answer[cursor % slots]:
                witness = cursor
            if held is not None and not held[cursor % slots]:
                blocked = cursor
            cursor += 1
        return witness >= i and stamps[witness % slots] - now >= node.low

    return kernel


def _next(streams: Streams, operand: int, low: int, high: int) -> Kernel:
    slots, stamps, values = streams.slots, streams.stamps, streams.values[operand]

    def kernel(i: int) -> bool:
        if i + 1 >= streams.head:
            return False
        distance = stamps[(i + 1) % slots] - stamps[i % slots]
        return low <= distance <= high and bool(values[(i + 1) % slots])

    return kernel
