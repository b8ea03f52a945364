"""Deadlines as networks of events: one event for the end of each step, one for each join of `||`.

A step begins when the one before it ends. A statement with guards is one event whose time is
bounded, but not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import lcm

from verifier.core.network import Chosen, Contingent, Event, Latest, Network, Separation
from verifier.core.span import Span
from verifier.model.body import blocks_of, statements_of
from verifier.model.values import (
    Attempt,
    Block,
    Branch,
    Chain,
    Deadline,
    Inlined,
    Loop,
    Moment,
    Parallel,
    Statement,
    Step,
)
from verifier.obligations.elapsed import bounds

Way = tuple[tuple[int, int], ...]
"""Where a statement stands: (position in its block, number of that block in the next statement),
outermost first; the last block is 0."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A block that a run enters as a whole, with the deadlines between moments in it. `label` is
    empty for the chain's own, else that of the statement with blocks and the block's number."""

    label: str
    block: Block
    deadlines: tuple[Deadline, ...]


def guarded(statement: Statement) -> bool:
    """Whether the statement has blocks that not every run enters."""
    return isinstance(statement, Branch | Loop | Attempt)


def entered(block: Block) -> Iterator[Statement]:
    """Every statement that a run of the block comes to, without those in blocks with guards."""
    for statement in block:
        yield statement
        if not guarded(statement):
            for below in blocks_of(statement):
                yield from entered(below)


def choices_in(block: Block) -> bool:
    """Whether a run of the block comes to a step whose duration the robot chooses."""
    steps = (each for each in entered(block) if isinstance(each, Step))
    return any(step.contract.duration.chosen for step in steps)


def scopes(chain: Chain) -> list[Scope]:
    """The blocks of the chain in which durations are chosen, with all that is owed between their
    moments, those of called chains included."""
    found = [("", chain.body)]
    for statement in statements_of(chain.body):
        if guarded(statement):
            bodies = enumerate(blocks_of(statement))
            found += [(f"{statement.label}/{number}", body) for number, body in bodies]
    return [
        Scope(label, block, tuple(_owed_in(chain, block, label == "")))
        for label, block in found
        if choices_in(block)
    ]


def _owed_in(chain: Chain, block: Block, whole: bool) -> Iterator[Deadline]:
    inside = {statement.label for statement in entered(block)}
    for deadline in chain.deadlines:
        if whole if deadline.ends is None else deadline.ends[0].label in inside:
            yield deadline
    for statement in entered(block):
        if isinstance(statement, Inlined):
            ends = Moment(statement.label, True), Moment(statement.label, False)
            for deadline in statement.deadlines:
                if deadline.ends is None:
                    yield replace(deadline, ends=ends)
                elif deadline.ends[0].label in inside:
                    yield deadline


# ---- the part of a chain that lies between two moments -----------------------------------------


def ways(block: Block) -> dict[str, Way]:
    """Where each statement stands, by its label."""
    found: dict[str, Way] = {}
    for position, statement in enumerate(block):
        found[statement.label] = ((position, 0),)
        for number, below in enumerate(blocks_of(statement)):
            for label, way in ways(below).items():
                found[label] = ((position, number), *way)
    return found


def between(body: Block, known: dict[str, Way], ends: tuple[Moment, Moment]) -> Block:
    """The statements from the one with the first moment to the one with the second, in the
    innermost block that holds both."""
    one, other = (known[moment.label] for moment in ends)
    block, depth = body, 0
    while one[depth] == other[depth] and depth + 1 < min(len(one), len(other)):
        position, number = one[depth]
        block = blocks_of(block[position])[number]
        depth += 1
    first, last = sorted((one[depth][0], other[depth][0]))
    return block[first : last + 1]


# ---- networks ----------------------------------------------------------------------------------


def network(block: Block, deadlines: Sequence[Deadline]) -> Network:
    """The network of the block, whose start is the origin, with a separation for each deadline."""
    tick = Fraction(1, lcm(*(each.denominator for each in _times(block, deadlines))))
    building = _Building(tick)
    last = building.block(block, 0)
    separations = []
    for deadline in deadlines:
        first, second = 0, last
        if deadline.ends is not None:
            first, second = (building.event(moment) for moment in deadline.ends)
        low = None if deadline.low is None else int(deadline.low / tick)
        high = int(deadline.bound / tick)
        separations.append(Separation(first, second, low, high, deadline.span))
    return Network(
        tuple(building.events),
        tuple(separations),
        tick,
        tuple(building.names),
        tuple(building.spans),
    )


def _times(block: Block, deadlines: Sequence[Deadline]) -> set[Fraction]:
    """Every time that the network speaks of."""
    found = {time for each in deadlines for time in (each.low, each.bound) if time is not None}
    for statement in entered(block):
        if isinstance(statement, Step) or guarded(statement):
            found.update(time for time in _range(statement) if time is not None)
    return found


def _range(statement: Statement) -> tuple[Fraction, Fraction | None]:
    return bounds((statement,))


@dataclass(slots=True)
class _Building:
    """The events so far; `moments` are the events at which each statement starts and ends."""

    tick: Fraction
    events: list[Event] = field(default_factory=lambda: [Latest(())])
    names: list[str] = field(default_factory=lambda: ["the start"])
    spans: list[Span] = field(default_factory=list)
    moments: dict[str, tuple[int, int]] = field(default_factory=dict)

    def event(self, moment: Moment) -> int:
        return self.moments[moment.label][0 if moment.starts else 1]

    def block(self, block: Block, before: int) -> int:
        """The event at which the block ends if it starts at `before`."""
        if not self.spans:
            self.spans.append(block[0].span if block else Span("", 1, 1, 1, 1))
        for statement in block:
            after = self.statement(statement, before)
            self.moments[statement.label] = before, after
            before = after
        return before

    def statement(self, statement: Statement, before: int) -> int:
        match statement:
            case Step(_, contract, span, label):
                low, high = self.ticks(statement)
                name = f"step {label}, {contract.text}"
                if contract.duration.chosen:
                    return self.add(Chosen(before, low, high), name, span)
                return self.add(Contingent(before, low, high), name, span)
            case Parallel(branches, _, span):
                ends = sorted({self.block(branch, before) for branch in branches})
                if len(ends) == 1:
                    return ends[0]
                return self.add(Latest(tuple(ends)), "the last branch", span)
            case Inlined():
                return self.block(statement.body, before)
            case _:
                low, high = self.ticks(statement)
                return self.add(Contingent(before, low, high, True), "a block", statement.span)

    def ticks(self, statement: Statement) -> tuple[int, int | None]:
        low, high = _range(statement)
        return int(low / self.tick), None if high is None else int(high / self.tick)

    def add(self, event: Event, name: str, span: Span) -> int:
        self.events.append(event)
        self.names.append(name)
        self.spans.append(span)
        return len(self.events) - 1
