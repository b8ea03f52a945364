"""Truth along a trace: the meaning of monitor/definition.py, a column of values for each operator.

A column has a value in three for every sample that is kept: true, false, or None while that is not
yet known. New samples come in blocks; what is known stays, and what is not yet known is asked again
with the operands' columns as they are now. So memory is what the longest bound spans and one block,
and the work is a few steps a sample for each operator:

    p until r at i    with F the first failure of p from i on, a witness of r in the window up to F
    p since r at i    with F the last failure of p up to i, a witness of r in the window from F on

once with failures and witnesses that are certain, once with those that are possible. Of samples
that are dropped an unbounded `since` remembers the earliest witness that no failure followed.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from verifier.model.values import Temporal
from verifier.monitor.definition import Event, Value, now
from verifier.monitor.measured import truth
from verifier.traces.graph import Leaf, Logic, Node, Timed, graph


@dataclass(slots=True)
class Column:
    """`open` is the first entry that is not yet known; `seed` the stamp of an unbounded `since`."""

    values: list[Value]
    open: int
    seed: int | None


@dataclass(slots=True)
class Truths:
    """`first` is the number, in the whole trace, of the first sample that is kept."""

    nodes: tuple[Node, ...]
    first: int
    times: list[int]
    columns: list[Column]

    @property
    def said(self) -> Column:
        """What the formula itself says."""
        return self.columns[-1]


def truths(formula: Temporal) -> Truths:
    """The columns before the first sample."""
    nodes = graph(formula)
    return Truths(nodes, 0, [], [Column([], 0, None) for _ in nodes])


def copy(state: Truths) -> Truths:
    columns = [Column(list(c.values), c.open, c.seed) for c in state.columns]
    return Truths(state.nodes, state.first, list(state.times), columns)


def extend(state: Truths, samples: Sequence[Event], clock: int) -> None:
    """Takes in samples in which every atom is defined; all samples up to `clock` are known then."""
    readings = [now(sample.values) for sample in samples if sample.values is not None]
    state.times += [sample.time_ns for sample in samples]
    for node, column in zip(state.nodes, state.columns, strict=True):
        match node:
            case Leaf(formula):
                column.values += [truth(formula, at) for at in readings]
            case Logic(operator, operands):
                _connect(operator, [state.columns[k].values for k in operands], column)
            case Timed():
                _timed(state, node, column, clock)
        while column.open < len(column.values) and column.values[column.open] is not None:
            column.open += 1


def forget(state: Truths) -> int:
    """Drops the samples that nothing will ask for again; how many there were."""
    count = min(_needed(state, n, c) for n, c in zip(state.nodes, state.columns, strict=True))
    if count == 0:
        return 0
    for node, column in zip(state.nodes, state.columns, strict=True):
        if isinstance(node, Timed) and node.operator == "since" and node.high is None:
            column.seed = _seeded(state, node, column.seed, count)
    for column in state.columns:
        del column.values[:count]
        column.open -= count
    del state.times[:count]
    state.first += count
    return count


def _needed(state: Truths, node: Node, column: Column) -> int:
    """The first sample that is needed for this column's entries from the first open one on."""
    match node:
        case Timed("previous"):
            return max(column.open - 1, 0)
        case Timed("since", _, _, _, int(high)):
            if not state.times:
                return 0
            since = state.times[min(column.open, len(state.times) - 1)]
            return min(column.open, bisect_left(state.times, since - high))
        case _:
            return column.open


def _seeded(state: Truths, node: Timed, seed: int | None, count: int) -> int | None:
    right = state.columns[node.right].values
    left = None if node.left is None else state.columns[node.left].values
    for k in range(count):
        if left is not None and left[k] is False:
            seed = None
        if seed is None and right[k] is True:
            seed = state.times[k]
    return seed


# ---- operators ---------------------------------------------------------------------------------


def _connect(operator: str, operands: list[list[Value]], column: Column) -> None:
    rows = zip(*(operand[column.open :] for operand in operands), strict=True)
    match operator:
        case "not":
            fresh: list[Value] = [None if p is None else not p for (p,) in rows]
        case "and":
            fresh = [_all(row) for row in rows]
        case "or":
            fresh = [_some(row) for row in rows]
        case "implies":
            fresh = [True if p is False or r is True else _worse(p, r) for p, r in rows]
        case _:
            fresh = [None if p is None or r is None else p == r for p, r in rows]
    column.values[column.open :] = fresh


def _worse(premise: Value, conclusion: Value) -> Value:
    return None if premise is None or conclusion is None else False


def _all(row: Sequence[Value]) -> Value:
    return False if False in row else None if None in row else True


def _some(row: Sequence[Value]) -> Value:
    return True if True in row else None if None in row else False


def _timed(state: Truths, node: Timed, column: Column, clock: int) -> None:
    if column.open == len(state.times):
        return
    right = state.columns[node.right].values
    left = None if node.left is None else state.columns[node.left].values
    match node.operator:
        case "until":
            fresh = _until(state.times, left, right, node, column.open, clock)
        case "since":
            fresh = _since(state.times, left, right, node, column)
        case "next":
            fresh = _next(state.times, right, node, column.open, clock)
        case _:
            fresh = _previous(state.times, right, node, column.open, state.first)
    column.values[column.open :] = fresh


def _following(hits: list[bool], start: int) -> list[int]:
    """For k from `start` on the first hit at or behind k, or how many entries there are."""
    found = len(hits)
    out = [found] * (len(hits) - start)
    for k in range(len(hits) - 1, start - 1, -1):
        found = k if hits[k] else found
        out[k - start] = found
    return [*out, len(hits)]


def _leading(hits: list[bool]) -> list[int]:
    """For every k the last hit at or before k, or -1; and behind all a -1, for k = -1."""
    found, out = -1, []
    for k, hit in enumerate(hits):
        found = k if hit else found
        out.append(found)
    return [*out, -1]


def _until(
    times: list[int],
    left: list[Value] | None,
    right: list[Value],
    node: Timed,
    start: int,
    clock: int,
) -> list[Value]:
    size = len(times)
    never = [size] * (size - start + 1)
    surely = _following([r is True for r in right], start)
    maybe = _following([r is not False for r in right], start)
    doubted = never if left is None else _following([p is not True for p in left], start)
    failed = never if left is None else _following([p is False for p in left], start)
    fresh: list[Value] = []
    for i in range(start, size):
        low = bisect_left(times, times[i] + node.low, i)
        high = size if node.high is None else bisect_right(times, times[i] + node.high, i)
        waiting = node.high is None or clock < times[i] + node.high
        if surely[low - start] < min(high, doubted[i - start] + 1):
            fresh.append(True)
        elif maybe[low - start] < min(high, failed[i - start] + 1):
            fresh.append(None)
        else:
            fresh.append(None if waiting and failed[i - start] >= size else False)
    return fresh


def _since(
    times: list[int], left: list[Value] | None, right: list[Value], node: Timed, column: Column
) -> list[Value]:
    size = len(times)
    never = [-1] * (size + 1)
    surely = _leading([r is True for r in right])
    maybe = _leading([r is not False for r in right])
    doubted = never if left is None else _leading([p is not True for p in left])
    failed = never if left is None else _leading([p is False for p in left])
    fresh: list[Value] = []
    for i in range(column.open, size):
        low = 0 if node.high is None else bisect_left(times, times[i] - node.high)
        last = bisect_right(times, times[i] - node.low) - 1
        seeded = column.seed is not None and times[i] - column.seed >= node.low
        if surely[last] >= max(low, doubted[i], 0) or (seeded and doubted[i] < 0):
            fresh.append(True)
        elif maybe[last] >= max(low, failed[i], 0) or (seeded and failed[i] < 0):
            fresh.append(None)
        else:
            fresh.append(False)
    return fresh


def _next(times: list[int], right: list[Value], node: Timed, start: int, clock: int) -> list[Value]:
    fresh: list[Value] = []
    for i in range(start, len(times)):
        if i + 1 < len(times):
            fresh.append(right[i + 1] if _holds(node, times[i + 1] - times[i]) else False)
        else:
            waiting = node.high is None or clock < times[i] + node.high
            fresh.append(None if waiting else False)
    return fresh


def _previous(
    times: list[int], right: list[Value], node: Timed, start: int, first: int
) -> list[Value]:
    fresh: list[Value] = []
    for i in range(start, len(times)):
        assert i or not first, "the sample before an open one is kept"
        there = i > 0 and _holds(node, times[i] - times[i - 1])
        fresh.append(right[i - 1] if there else False)
    return fresh


def _holds(node: Timed, distance: int) -> bool:
    return node.low <= distance and (node.high is None or distance <= node.high)
