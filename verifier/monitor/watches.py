"""What is watched of a property, over the nodes of a graph.

`always` distributes over `and`, and an `or` with a single part that speaks of the future is an
obligation of that part, with the rest as its trigger. Of those, what has a machine that knows as
early as the definition gets it:

    Invariant(p)                always p, with p of the past
    Response(t, p, r, b)        always (t implies p until[0,b] r), with or without b
    Open(t, b)                  never violated; not yet known for b after each t
    DelayedResponse(t, r, a, b) always (t implies eventually[a,b] r), of samples on a grid

    always (t implies always[a,b] p)   is   Invariant(once[a,b] t implies p) and Open(t, b)
    always (t implies p release q)     is   Response(t, q, q and p), without a bound
    always (t implies next p)          is   Invariant(previous t implies p) and Open(t, next sample)

A response needs only its oldest trigger that is still pending: whatever answers that one answers
all later ones, and no later one falls due earlier. So a stamp and a flag are its whole memory, and
it speaks exactly at the deadline. A delayed one needs its triggers younger than a, too: a response
answers all triggers up to a before it, and the next one after those is the oldest.

Everything else is Judged(p): each sample when all that its answer may depend on has come, which is
the deadline of what it promises. A formula without `always` is asked at the first sample alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from verifier.core.term import TRUE
from verifier.model.values import Atom, Connective, Interval, Modal, Temporal
from verifier.monitor.definition import Asked, asked, bounds_ns
from verifier.monitor.graph import (
    LONGEST_NS,
    Building,
    Graph,
    NotBounded,
    built,
    speaks_of_future,
)
from verifier.monitor.grid import useful_grid

FOREVER_NS = 2**64 - 1
EVER = Interval(Fraction(0), None, False)
TRUTH = Atom(TRUE, "true")


@dataclass(frozen=True, slots=True)
class Invariant:
    node: int


@dataclass(frozen=True, slots=True)
class Response:
    """After each `trigger`, `response` within `bound_ns` nanoseconds, both ends included, and
    `hold` until then, if it is not None."""

    trigger: int
    hold: int | None
    response: int
    bound_ns: int | None


@dataclass(frozen=True, slots=True)
class DelayedResponse:
    """After each `trigger`, `response` no sooner than `after_ns` > 0 and within `bound_ns`."""

    trigger: int
    response: int
    after_ns: int
    bound_ns: int


@dataclass(frozen=True, slots=True)
class Open:
    """`bound_ns` None is until the next sample."""

    trigger: int
    bound_ns: int | None


@dataclass(frozen=True, slots=True)
class Judged:
    node: int
    once: bool


Watch: TypeAlias = Invariant | Response | DelayedResponse | Open | Judged


def nodes_of(watch: Watch) -> tuple[int, ...]:
    """The nodes that a watch reads."""
    match watch:
        case Invariant(node) | Judged(node):
            return (node,)
        case Response(trigger, hold, response):
            return (trigger, response) if hold is None else (trigger, hold, response)
        case DelayedResponse(trigger, response):
            return trigger, response
        case Open(trigger):
            return (trigger,)


@dataclass(frozen=True, slots=True)
class Watching:
    """`asked` is what the watches say by definition, each with the patience that it takes."""

    graph: Graph
    watches: tuple[Watch, ...]
    asked: tuple[Asked, ...]


def watching(formula: Temporal, period_ns: int | None, grid_ns: int | None = None) -> Watching:
    """The watches of a property. Raises NotBounded."""
    grid = useful_grid(period_ns, grid_ns)
    work = _Work(Building(grid))
    for part in asked(formula):
        work.watch(part.body, (_first(),) if part.once else (), part.once)
    graph = built(work.building, period_ns)
    return Watching(graph, tuple(dict.fromkeys(work.watches)), tuple(work.asked))


def _first() -> Temporal:
    return _no(Modal("previous", EVER, (TRUTH,)))


def _no(formula: Temporal) -> Temporal:
    return Connective("not", (formula,))


def _all(parts: tuple[Temporal, ...]) -> Temporal:
    return parts[0] if len(parts) == 1 else Connective("and", parts) if parts else TRUTH


def _clause(premise: tuple[Temporal, ...], body: Temporal) -> Temporal:
    return Connective("implies", (_all(premise), body)) if premise else body


@dataclass(frozen=True, slots=True)
class _Work:
    building: Building
    watches: list[Watch] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def watch(self, body: Temporal, premise: tuple[Temporal, ...], once: bool) -> None:
        """The watches of `always (premise implies body)`; `once` if the premise holds at the first
        sample alone."""
        if not speaks_of_future(body):
            self.exact(premise, body, once, Invariant(self.implied(premise, body)))
            return
        match body:
            case Connective("not", (inner,)) if (pushed := _negated(inner)) is not None:
                self.watch(pushed, premise, once)
            case Connective("and", operands):
                for part in operands:
                    self.watch(part, premise, once)
            case Connective("implies", (left, right)):
                self.choice((_no(left), right), premise, once)
            case Connective("or", operands):
                self.choice(operands, premise, once)
            case Modal(operator, interval, operands) if not any(map(speaks_of_future, operands)):
                self.duty(operator, interval, operands, premise, once, body)
            case Modal("next", interval, (inner,)) if _next_of_any(interval):
                self.shifted(inner, premise, once, body)
            case _:
                self.judged(body, premise, once)

    def exact(
        self, premise: tuple[Temporal, ...], body: Temporal, once: bool, *watches: Watch
    ) -> None:
        self.watches.extend(watches)
        self.asked.append(Asked(_clause(premise, body), once))

    def judged(self, body: Temporal, premise: tuple[Temporal, ...], once: bool) -> None:
        clause = _clause(premise, body)
        node = self.building.formula(clause)
        self.watches.append(Judged(node, once))
        self.asked.append(Asked(clause, once, self.building.delays[node]))

    def implied(self, premise: tuple[Temporal, ...], body: Temporal) -> int:
        return self.building.formula(_clause(premise, body))

    def choice(
        self, operands: tuple[Temporal, ...], premise: tuple[Temporal, ...], once: bool
    ) -> None:
        """`or` with one part of the future: the others, negated, join the premise."""
        flat = tuple(leaf for part in operands for leaf in _disjuncts(part))
        future = [part for part in flat if speaks_of_future(part)]
        present = tuple(_no(part) for part in flat if not speaks_of_future(part))
        if len(future) == 1:
            self.watch(future[0], (*premise, *present), once)
        else:
            self.judged(Connective("or", flat), premise, once)

    def shifted(
        self, inner: Temporal, premise: tuple[Temporal, ...], once: bool, body: Temporal
    ) -> None:
        """`next` of something of the future: the next sample owes it."""
        before = Modal("previous", EVER, (_all(premise),))
        self.watch(inner, (before,), False)
        self.exact(premise, Connective("or", (body, _no(body))), once, self.open(premise, None))

    def open(self, premise: tuple[Temporal, ...], bound_ns: int | None) -> Open:
        return Open(self.building.formula(_all(premise)), bound_ns)

    def duty(
        self,
        operator: str,
        interval: Interval,
        operands: tuple[Temporal, ...],
        premise: tuple[Temporal, ...],
        once: bool,
        body: Temporal,
    ) -> None:
        """A single operator of the future over what is known at once."""
        low, high = bounds_ns(interval)
        if low > LONGEST_NS or (high is not None and high > LONGEST_NS):
            raise NotBounded("a bound is longer than 2^62 ns")
        node, last = self.building.formula, operands[-1]
        trigger = _all(premise)
        if once and low > 0 and operator in ("eventually", "until"):
            aged = Modal("once", Interval(interval.low, None, False), (trigger,))
            low, last = 0, _all((aged, last))
        match operator:
            case "eventually" if high is None and not once:
                raise NotBounded("`eventually` without a bound can never be violated")
            case "eventually" if low == 0:
                self.exact(premise, body, once, Response(node(trigger), None, node(last), high))
            case "eventually" if (
                self.building.grid_ns and high is not None and high >= low and not once
            ):
                delayed = DelayedResponse(node(trigger), node(last), low, high)
                self.exact(premise, body, once, delayed)
            case "until" if low == 0:
                hold = node(operands[0])
                self.exact(premise, body, once, Response(node(trigger), hold, node(last), high))
            case "release" if low == 0 and high is None:
                both = node(_all((last, operands[0])))
                self.exact(premise, body, once, Response(node(trigger), node(last), both, None))
            case "always" if high is None or high >= low:
                recent = Modal("once", interval, (trigger,))
                kept = self.implied((recent,), last)
                still = self.open(premise, FOREVER_NS if high is None else high)
                self.exact(premise, body, once, Invariant(kept), still)
            case "next" if high is None:
                before = Modal("previous", EVER, (trigger,))
                apart = Modal("previous", interval, (TRUTH,))
                kept = self.implied((before,), _all((apart, last)) if low else last)
                self.exact(premise, body, once, Invariant(kept), self.open(premise, None))
            case _:
                self.judged(body, premise, once)


def _next_of_any(interval: Interval) -> bool:
    return interval.low == 0 and interval.high is None


def _disjuncts(part: Temporal) -> Iterator[Temporal]:
    """The parts of the `or` that the formula is, if there is time in it."""
    if not speaks_of_future(part):
        yield part
        return
    match part:
        case Connective("or", operands):
            for operand in operands:
                yield from _disjuncts(operand)
        case Connective("implies", (left, right)):
            yield from _disjuncts(_no(left))
            yield from _disjuncts(right)
        case Connective("not", (Connective("and", operands),)):
            for operand in operands:
                yield from _disjuncts(_no(operand))
        case Connective("not", (inner,)) if (pushed := _negated(inner)) is not None:
            yield from _disjuncts(pushed)
        case _:
            yield part


def _negated(formula: Temporal) -> Temporal | None:
    """The negation, moved inwards past the outermost operator; None where it has to stay."""
    match formula:
        case Connective("not", (inner,)):
            return inner
        case Connective("and", operands):
            return Connective("or", tuple(map(_no, operands)))
        case Connective("or", operands):
            return Connective("and", tuple(map(_no, operands)))
        case Connective("implies", (left, right)):
            return Connective("and", (left, _no(right)))
        case Modal("always", interval, (inner,)):
            return Modal("eventually", interval, (_no(inner),))
        case Modal("eventually", interval, (inner,)):
            return Modal("always", interval, (_no(inner),))
        case Modal("until", interval, (left, right)):
            return Modal("release", interval, (_no(left), _no(right)))
        case Modal("release", interval, (left, right)):
            return Modal("until", interval, (_no(left), _no(right)))
        case Modal("next", interval, (inner,)) if _next_of_any(interval):
            return Modal("next", interval, (_no(inner),))
    return None
