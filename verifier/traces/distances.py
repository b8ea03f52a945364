"""Robustness along a trace: the meaning of monitor/robustness.py, a column for each operator.

A column grows in the order of the samples: an entry is settled once its operands are and its window
has closed, or the trace has ended, which cuts every window. The greatest of a window without a left
operand is kept in a monotone queue (Lemire 2006); with one, the least of the left operand is taken
along the window. An unbounded `since` is a running greatest; an unbounded `until` waits for the end
of the trace.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from verifier.model.values import Temporal
from verifier.monitor.definition import Event, now
from verifier.monitor.robustness import connected, signed
from verifier.traces.graph import Leaf, Logic, Node, Timed, graph


@dataclass(slots=True)
class Run:
    """One operator's column. Of an unbounded `since`: the greatest of the `entered` witnesses."""

    values: list[float]
    best: float
    entered: int


@dataclass(slots=True)
class Distances:
    """`first` is the number, in the whole trace, of the first sample that is kept."""

    nodes: tuple[Node, ...]
    first: int
    times: list[int]
    runs: list[Run]


def distances(formula: Temporal) -> Distances:
    """The columns before the first sample."""
    nodes = graph(formula)
    return Distances(nodes, 0, [], [Run([], -math.inf, 0) for _ in nodes])


def extend(state: Distances, samples: Sequence[Event], ended: bool) -> list[float]:
    """What the formula says of the samples that are settled now, each once, in their order.

    Raises Undefined for a sample in which an atom has no value.
    """
    readings = [now(sample.values) for sample in samples if sample.values is not None]
    state.times += [sample.time_ns for sample in samples]
    known = len(state.runs[-1].values)
    for node, run in zip(state.nodes, state.runs, strict=True):
        match node:
            case Leaf(formula):
                run.values += [signed(formula, at) for at in readings]
            case Logic(operator, operands):
                columns = [state.runs[k].values[len(run.values) :] for k in operands]
                run.values += [connected(operator, row) for row in zip(*columns, strict=False)]
            case Timed("until"):
                _until(state, node, run, ended)
            case Timed("since"):
                _since(state, node, run)
            case Timed():
                _beside(state, node, run, ended)
    return state.runs[-1].values[known:]


def forget(state: Distances) -> None:
    """Drops the samples that nothing will ask for again."""
    count = min(_needed(state, n, r) for n, r in zip(state.nodes, state.runs, strict=True))
    for run in state.runs:
        del run.values[:count]
        run.entered -= count
    del state.times[:count]
    state.first += count


def _needed(state: Distances, node: Node, run: Run) -> int:
    size = len(run.values)
    match node:
        case Timed("previous"):
            return max(size - 1, 0)
        case Timed("since", _, _, _, None):
            return min(size, max(run.entered, 0))
        case Timed("since", _, _, _, int(high)):
            if not state.times:
                return 0
            since = state.times[min(size, len(state.times) - 1)]
            return min(size, bisect_left(state.times, since - high))
        case _:
            return size


def _operands(state: Distances, node: Timed) -> tuple[list[float] | None, list[float], int]:
    """The operands' columns, and up to where both are settled."""
    right = state.runs[node.right].values
    left = None if node.left is None else state.runs[node.left].values
    return left, right, len(right) if left is None else min(len(left), len(right))


def _until(state: Distances, node: Timed, run: Run, ended: bool) -> None:
    left, right, settled = _operands(state, node)
    times, start = state.times, len(run.values)
    if node.high is None:
        if ended:
            run.values += _unbounded(times, left, right, node.low, start)
        return
    end = start
    while end < len(times) and (ended or _closed(times, settled, times[end] + node.high)):
        end += 1
    lows = [bisect_left(times, times[i] + node.low, i) for i in range(start, end)]
    highs = [bisect_right(times, times[i] + node.high, i) for i in range(start, end)]
    if left is None:
        run.values += _greatest(right, lows, highs)
        return
    for i, low, high in zip(range(start, end), lows, highs, strict=True):
        best, least = -math.inf, math.inf
        for j in range(i, high):
            if j >= low:
                best = max(best, min(right[j], least))
            least = min(least, left[j])
            if least <= best:
                break
        run.values.append(best)


def _closed(times: list[int], settled: int, deadline: int) -> bool:
    """Whether the samples up to the deadline are all there, with settled operands."""
    return times[-1] >= deadline and bisect_right(times, deadline) <= settled


def _unbounded(
    times: list[int], left: list[float] | None, right: list[float], low: int, start: int
) -> list[float]:
    """The values at the end of a trace, where nothing follows."""
    ahead = [-math.inf] * (len(times) + 1)
    for k in range(len(times) - 1, start - 1, -1):
        rest = ahead[k + 1] if left is None else min(left[k], ahead[k + 1])
        ahead[k] = max(right[k], rest)
    values = []
    for i in range(start, len(times)):
        first = bisect_left(times, times[i] + low, i)
        least = math.inf if left is None else min(left[i:first], default=math.inf)
        values.append(min(least, ahead[first]))
    return values


def _since(state: Distances, node: Timed, run: Run) -> None:
    left, right, settled = _operands(state, node)
    times, start = state.times, len(run.values)
    if node.high is None:
        for i in range(start, settled):
            run.values.append(_running(times, left, right, node.low, run, i))
        return
    lows = [bisect_left(times, times[i] - node.high) for i in range(start, settled)]
    highs = [bisect_right(times, times[i] - node.low) for i in range(start, settled)]
    if left is None:
        run.values += _greatest(right, lows, highs)
        return
    for i, low, high in zip(range(start, settled), lows, highs, strict=True):
        best, least = -math.inf, math.inf
        for j in range(i, low - 1, -1):
            if j < high:
                best = max(best, min(right[j], least))
            least = min(least, left[j])
            if least <= best:
                break
        run.values.append(best)


def _running(
    times: list[int], left: list[float] | None, right: list[float], low: int, run: Run, i: int
) -> float:
    if left is not None:
        run.best = min(run.best, left[i])
    while run.entered <= i and times[run.entered] <= times[i] - low:
        j = run.entered
        least = math.inf if left is None else min(left[j + 1 : i + 1], default=math.inf)
        run.best = max(run.best, min(right[j], least))
        run.entered += 1
    return run.best


def _greatest(values: list[float], lows: list[int], highs: list[int]) -> list[float]:
    """The greatest of values[low:high] for each window; both ends never go back."""
    out: list[float] = []
    queue: deque[int] = deque()
    taken = lows[0] if lows else 0
    for low, high in zip(lows, highs, strict=True):
        for k in range(taken, high):
            while queue and values[queue[-1]] <= values[k]:
                queue.pop()
            queue.append(k)
        taken = max(taken, high)
        while queue and queue[0] < low:
            queue.popleft()
        out.append(values[queue[0]] if queue else -math.inf)
    return out


def _beside(state: Distances, node: Timed, run: Run, ended: bool) -> None:
    """`next` and `previous`."""
    right, times = state.runs[node.right].values, state.times
    ahead = node.operator == "next"
    for i in range(len(run.values), len(times)):
        j = i + 1 if ahead else i - 1
        if ahead and j >= len(right) and not ended:
            return
        if not ahead and i > len(right):
            return
        there = 0 <= j < len(times) and _holds(node, abs(times[j] - times[i]))
        run.values.append(right[j] if there else -math.inf)


def _holds(node: Timed, distance: int) -> bool:
    return node.low <= distance and (node.high is None or distance <= node.high)
