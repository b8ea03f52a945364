"""A temporal formula as a graph of operators with bounded memory: the program as data.

Equal sub-formulas are one node. Every node has a delay: what it says of sample i is settled once
the clock has come that far past the stamp of i. A state formula and the past wait for nothing of
their own; `until[a, b]`, which `eventually`, `always` and `release` are rewritten to, and
`next[a, b]` wait for b. Nodes of one delay settle the same samples together, in the order of the
numbers, so that an operator finds its operands settled. What waits is kept in rings, which hold
`slots` samples: the longest wait divided by the shortest time between two samples.

    past       the latest witness at or before t - a is the best of all: two stamps, whatever b is;
               of samples on a grid a bit a tick waits (monitor/grid.py), and no stamp
    future     at t + b the same holds of the latest witness that the left operand lets through

The kernels are in monitor/truths.py and monitor/distances.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from verifier.core.term import (
    FALSE,
    TRUE,
    Formula,
    Iff,
    Implies,
    conjunction,
    disjunction,
    negation,
)
from verifier.model.values import Atom, Connective, Interval, Modal, Temporal
from verifier.monitor.definition import bounds_ns

LONGEST_NS = 2**62
SPARE_SLOTS = 3


@dataclass(frozen=True, slots=True)
class State:
    formula: Formula


@dataclass(frozen=True, slots=True)
class Logic:
    """`operator` is one of a Connective's."""

    operator: str
    operands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Since:
    """`left` None is true: then it is `once`. `high` None is unbounded."""

    left: int | None
    right: int
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class AgedSince:
    """A Since with `low` > 0, of the past alone, over samples on a grid."""

    left: int | None
    right: int
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Previous:
    operand: int
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Until:
    """`left` None is true: then it is `eventually`."""

    left: int | None
    right: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Next:
    operand: int
    low: int
    high: int


Node: TypeAlias = State | Logic | Since | AgedSince | Previous | Until | Next


@dataclass(frozen=True, slots=True)
class Graph:
    """Operands come before what uses them. `groups` are the delays in ascending order, each with
    its nodes; `kept` are the nodes that are read at other samples than the one they settle; `slots`
    is 0 where nothing waits. `longest_ns` is the bound that `slots` is due to. `grid_ns` is the
    tick of the grid that samples lie on, where a bit for each saves memory."""

    nodes: tuple[Node, ...]
    delays: tuple[int, ...]
    groups: tuple[tuple[int, tuple[int, ...]], ...]
    kept: frozenset[int]
    slots: int
    longest_ns: int
    period_ns: int
    grid_ns: int | None


class NotBounded(Exception):
    """There is no program with bounded memory; the reason."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def operands_of(node: Node) -> tuple[int, ...]:
    match node:
        case State():
            return ()
        case Logic(_, operands):
            return operands
        case Since(left, right) | AgedSince(left, right) | Until(left, right):
            return (right,) if left is None else (left, right)
        case Previous(operand) | Next(operand):
            return (operand,)


def speaks_of_future(formula: Temporal) -> bool:
    match formula:
        case Atom():
            return False
        case Modal("until" | "release" | "eventually" | "always" | "next", _, _):
            return True
        case Modal(_, _, operands) | Connective(_, operands):
            return any(map(speaks_of_future, operands))


def state_of(formula: Temporal) -> Formula | None:
    """The formula without time, or None if there is a temporal operator in it."""
    if isinstance(formula, Atom):
        return formula.formula
    if isinstance(formula, Modal):
        return None
    parts = [part for part in map(state_of, formula.operands) if part is not None]
    if len(parts) < len(formula.operands):
        return None
    match formula.operator:
        case "not":
            return negation(parts[0])
        case "and":
            return conjunction(parts)
        case "or":
            return disjunction(parts)
        case "implies":
            return Implies(parts[0], parts[1])
        case _:
            return Iff(parts[0], parts[1])


# ---- building ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Building:
    """The nodes so far by their number, with their delays; the grid of the samples, if any."""

    grid_ns: int | None = None
    numbers: dict[Node, int] = field(default_factory=dict)
    delays: list[int] = field(default_factory=list)

    def node(self, node: Node) -> int:
        if node not in self.numbers:
            below = max((self.delays[k] for k in operands_of(node)), default=0)
            own = node.high if isinstance(node, Until | Next) else 0
            self.numbers[node] = len(self.numbers)
            self.delays.append(below + own)
            if below + own > LONGEST_NS:
                raise NotBounded("a bound is longer than 2^62 ns")
        return self.numbers[node]

    def formula(self, formula: Temporal) -> int:
        """The node of a formula. Raises NotBounded."""
        state = state_of(formula)
        if state is not None:
            return self.node(State(state))
        match formula:
            case Connective(operator, operands):
                return self.node(Logic(operator, tuple(map(self.formula, operands))))
            case Modal(operator, interval, operands):
                return self._modal(operator, interval, tuple(map(self.formula, operands)))
        raise AssertionError(formula)

    def no(self, node: int) -> int:
        return self.node(Logic("not", (node,)))

    def _modal(self, operator: str, interval: Interval, parts: tuple[int, ...]) -> int:
        low, high = bounds_ns(interval)
        if low > LONGEST_NS or (high is not None and high > LONGEST_NS):
            raise NotBounded("a bound is longer than 2^62 ns")
        match operator, parts:
            case "once", (right,):
                return self._since(None, right, low, high)
            case "historically", (right,):
                return self.no(self._since(None, self.no(right), low, high))
            case "since", (left, right):
                return self._since(left, right, low, high)
            case "previous", (operand,):
                return self.node(Previous(operand, low, high))
            case "rise", (operand,):
                before = self.no(self.node(Previous(operand, low, high)))
                return self.node(Logic("and", (operand, before)))
            case "fall", (operand,):
                before = self.node(Previous(operand, low, high))
                return self.node(Logic("and", (self.no(operand), before)))
        if high is None:
            raise NotBounded(f"`{operator}` has no upper bound where it is nested")
        match operator, parts:
            case "eventually", (right,):
                return self._until(None, right, low, high)
            case "always", (right,):
                return self.no(self._until(None, self.no(right), low, high))
            case "until", (left, right):
                return self._until(left, right, low, high)
            case "release", (left, right):
                return self.no(self._until(self.no(left), self.no(right), low, high))
            case "next", (operand,):
                return self.node(Next(operand, low, high) if high else State(FALSE))
        raise AssertionError(operator)

    def _since(self, left: int | None, right: int, low: int, high: int | None) -> int:
        empty = high is not None and high < low
        if empty:
            return self.node(State(FALSE))
        past = all(self.delays[k] == 0 for k in (left, right) if k is not None)
        kind = AgedSince if self.grid_ns and low and past else Since
        return self.node(kind(left, right, low, high))

    def _until(self, left: int | None, right: int, low: int, high: int) -> int:
        if high < low:
            return self.node(State(FALSE))
        return self.node(Until(left, right, low, high)) if high else right

    def always_true(self) -> int:
        return self.node(State(TRUE))

    def first(self) -> int:
        """True at the first sample alone."""
        return self.no(self.node(Previous(self.always_true(), 0, None)))


def built(building: Building, period_ns: int | None) -> Graph:
    """The graph, its memory laid out. Raises NotBounded where a wait needs a period that nobody
    has declared."""
    nodes, delays = tuple(building.numbers), tuple(building.delays)
    longest = max(_waits(nodes, delays), default=0)
    if longest and period_ns is None:
        raise NotBounded("it waits, and no `plant` declares the period of the samples")
    period = period_ns or 1
    groups = tuple(
        (delay, tuple(k for k in range(len(nodes)) if delays[k] == delay))
        for delay in sorted(set(delays))
    )
    slots = longest // period + SPARE_SLOTS if longest else 0
    kept = _kept(nodes, delays)
    return Graph(nodes, delays, groups, kept, slots, longest, period, building.grid_ns)


def _waits(nodes: tuple[Node, ...], delays: tuple[int, ...]) -> Iterator[int]:
    """For each node, how much older than the clock the oldest sample is that it may read."""
    for node, delay in zip(nodes, delays, strict=True):
        yield delay + node.low if isinstance(node, Since) else delay


def _kept(nodes: tuple[Node, ...], delays: tuple[int, ...]) -> frozenset[int]:
    found: set[int] = set()
    for node, delay in zip(nodes, delays, strict=True):
        early = {k for k in operands_of(node) if delays[k] < delay}
        delayed = {node.right} if isinstance(node, Since) and node.low else set()
        ahead = set(operands_of(node)) if isinstance(node, Until | Next) else set()
        found |= early | delayed | ahead
    return frozenset(found)
