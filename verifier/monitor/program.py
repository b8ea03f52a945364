"""Temporal properties as bounded machines: constant memory, constant work a step, no look back.

A program is a conjunction of watches:

    Invariant(p)                always p
    Response(p, r, b)           always (p implies eventually[0,b] r)

A response needs only its oldest trigger that is still pending: whatever answers that one answers
all later ones, and no later one falls due earlier. So a stamp and a flag are its whole memory, and
it speaks exactly at the deadline. `always` distributes over `and`, and an implication or a
disjunction with a single temporal part is a response with the rest as its trigger; what does not
fit is refused with its place.

`step` and `tick` are the meaning of the program; the emitted C is compared with them, and they are
compared with `monitor.definition`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from verifier.core.diagnostic import Diagnostic
from verifier.core.span import Span
from verifier.core.term import (
    NOW,
    TRUE,
    Formula,
    Iff,
    Implies,
    conjunction,
    disjunction,
    negation,
)
from verifier.model.values import Atom, Connective, Interval, Modal, Property, Temporal
from verifier.monitor.definition import Answer, bounds_ns
from verifier.monitor.measured import Reading, truth, why_not_measurable

LONGEST_NS = 2**62


@dataclass(frozen=True, slots=True)
class Invariant:
    formula: Formula


@dataclass(frozen=True, slots=True)
class Response:
    """After each `trigger`, `response` within `bound_ns` nanoseconds, both ends included."""

    trigger: Formula
    response: Formula
    bound_ns: int


Watch: TypeAlias = Invariant | Response


@dataclass(frozen=True, slots=True)
class Program:
    """`fallback` is hold, retreat or stop."""

    name: str
    watches: tuple[Watch, ...]
    fallback: str
    span: Span
    text: str


# ---- from property to program ------------------------------------------------------------------


class _NotSupported(Exception):
    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def compile_property(prop: Property) -> Program | Diagnostic:
    """The program of a property, or why there is none."""
    try:
        watches = _top(prop.formula)
        for watch in watches:
            _measurable(watch)
    except _NotSupported as trouble:
        return Diagnostic(
            code="property-not-supported",
            span=prop.span,
            message=f"property `{prop.name}` has no bounded monitor: {trouble.reason}",
            help="write it as `always p`, or as `always (p implies eventually[0, bound] r)`",
        )
    return Program(prop.name, watches, prop.fallback or "stop", prop.span, prop.text)


def _top(formula: Temporal) -> tuple[Watch, ...]:
    match formula:
        case Connective("and", operands):
            return tuple(watch for part in operands for watch in _top(part))
        case Modal("always", interval, (body,)) if _unbounded(interval):
            return _watches(body, TRUE)
    raise _NotSupported("it is not an `always` without a bound")


def _watches(body: Temporal, premise: Formula) -> tuple[Watch, ...]:
    """The watches of `always (premise implies body)`."""
    state = _state(body)
    if state is not None:
        return (Invariant(_implies(premise, state)),)
    match body:
        case Connective("not", (inner,)):
            return _watches(_negated(inner), premise)
        case Connective("and", operands):
            return tuple(watch for part in operands for watch in _watches(part, premise))
        case Connective("implies", (left, right)):
            return _watches(Connective("or", (Connective("not", (left,)), right)), premise)
        case Connective("or", operands):
            return _choice(operands, premise)
        case Modal("eventually", interval, (inner,)):
            return (_response(premise, inner, interval),)
    raise _NotSupported(f"`{_word(body)}` stands where only `eventually[0, bound]` can")


def _choice(operands: tuple[Temporal, ...], premise: Formula) -> tuple[Watch, ...]:
    """`or` with one temporal part: the others, negated, join the premise."""
    states = [state for part in operands if (state := _state(part)) is not None]
    temporal = [part for part in operands if _state(part) is None]
    flat = [p for part in temporal for p in _disjuncts(part)]
    if len(flat) > len(temporal):
        return _choice((*(Atom(state, "") for state in states), *flat), premise)
    if len(temporal) > 1:
        raise _NotSupported("more than one temporal part stands in an `or`")
    return _watches(temporal[0], conjunction([premise, *map(negation, states)]))


def _disjuncts(part: Temporal) -> tuple[Temporal, ...]:
    match part:
        case Connective("or", operands):
            return operands
        case Connective("implies", (left, right)):
            return Connective("not", (left,)), right
        case Connective("not", (Connective("and", operands),)):
            return tuple(Connective("not", (operand,)) for operand in operands)
    return (part,)


def _response(premise: Formula, inner: Temporal, interval: Interval) -> Watch:
    response = _state(inner)
    if response is None:
        raise _NotSupported(f"`{_word(inner)}` stands inside `eventually`")
    low, high = bounds_ns(interval)
    if high is None:
        raise _NotSupported("`eventually` without a bound can never be violated")
    if high < low:
        return Invariant(negation(premise))
    if low > 0:
        raise _NotSupported("the lower bound of `eventually` is not 0")
    if high > LONGEST_NS:
        raise _NotSupported("the bound is longer than 2^62 ns")
    return Response(premise, response, high)


def _negated(formula: Temporal) -> Temporal:
    """The negation, moved inwards past the outermost operator."""

    def no(part: Temporal) -> Temporal:
        return Connective("not", (part,))

    match formula:
        case Connective("not", (inner,)):
            return inner
        case Connective("and", operands):
            return Connective("or", tuple(map(no, operands)))
        case Connective("or", operands):
            return Connective("and", tuple(map(no, operands)))
        case Connective("implies", (left, right)):
            return Connective("and", (left, no(right)))
        case Modal("always", interval, (inner,)):
            return Modal("eventually", interval, (no(inner),))
        case Modal("eventually", interval, (inner,)):
            return Modal("always", interval, (no(inner),))
    raise _NotSupported(f"`not` stands before `{_word(formula)}`")


def _state(formula: Temporal) -> Formula | None:
    """The formula without time, or None if there is a temporal operator in it."""
    if isinstance(formula, Atom):
        return formula.formula
    if isinstance(formula, Modal):
        return None
    parts = [part for part in map(_state, formula.operands) if part is not None]
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


def _implies(premise: Formula, conclusion: Formula) -> Formula:
    return conclusion if premise == TRUE else Implies(premise, conclusion)


def _unbounded(interval: Interval) -> bool:
    return interval.low == 0 and interval.high is None


def _word(formula: Temporal) -> str:
    return "a state formula" if isinstance(formula, Atom) else formula.operator


def _measurable(watch: Watch) -> None:
    for formula in formulas_of(watch):
        reason = why_not_measurable(formula)
        if reason is not None:
            raise _NotSupported(f"it uses {reason}")


def formulas_of(watch: Watch) -> tuple[Formula, ...]:
    """The state formulas that a watch reads at each sample."""
    match watch:
        case Invariant(formula):
            return (formula,)
        case Response(trigger, response, _):
            return trigger, response


# ---- what a program means ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Memory:
    """`pending` holds, for each watch, the stamp of its oldest unanswered trigger."""

    answer: Answer
    clock_ns: int | None
    pending: tuple[int | None, ...]


def start(program: Program) -> Memory:
    return Memory(Answer.SATISFIED, None, tuple(None for _ in program.watches))


def step(program: Program, memory: Memory, time_ns: int, values: Mapping[str, Reading]) -> Memory:
    """The memory after a sample."""
    if memory.answer in (Answer.INVALID, Answer.VIOLATED):
        return memory
    if memory.clock_ns is not None and time_ns <= memory.clock_ns:
        return Memory(Answer.INVALID, memory.clock_ns, memory.pending)
    readings = {(name, NOW): value for name, value in values.items()}
    truths = [[truth(f, readings) for f in formulas_of(watch)] for watch in program.watches]
    if any(value is None for row in truths for value in row):
        late = _overdue(program, memory.pending, time_ns - 1)
        return Memory(Answer.VIOLATED if late else Answer.INVALID, time_ns, memory.pending)
    return _advance(program, memory, time_ns, [[bool(value) for value in row] for row in truths])


def tick(program: Program, memory: Memory, time_ns: int) -> Memory:
    """The memory after a tick of the clock: no sample up to `time_ns` will come any more."""
    if memory.answer in (Answer.INVALID, Answer.VIOLATED):
        return memory
    if memory.clock_ns is not None and time_ns < memory.clock_ns:
        return Memory(Answer.INVALID, memory.clock_ns, memory.pending)
    late = _overdue(program, memory.pending, time_ns)
    return Memory(Answer.VIOLATED if late else memory.answer, time_ns, memory.pending)


def _overdue(program: Program, pending: tuple[int | None, ...], time_ns: int) -> bool:
    """Whether some deadline has passed with every sample up to `time_ns` seen."""
    return any(
        isinstance(watch, Response) and since is not None and time_ns - since >= watch.bound_ns
        for watch, since in zip(program.watches, pending, strict=True)
    )


def _advance(program: Program, memory: Memory, time_ns: int, truths: list[list[bool]]) -> Memory:
    missed = _overdue(program, memory.pending, time_ns - 1)
    pending: list[int | None] = []
    broken = missed
    for watch, since, row in zip(program.watches, memory.pending, truths, strict=True):
        match watch, row:
            case Invariant(), [value]:
                broken = broken or not value
                pending.append(None)
            case _, [trigger, response]:
                oldest = since if since is not None or not trigger else time_ns
                pending.append(None if response else oldest)
    broken = broken or _overdue(program, tuple(pending), time_ns)
    waiting = any(since is not None for since in pending)
    answer = Answer.VIOLATED if broken else Answer.UNKNOWN if waiting else Answer.SATISFIED
    return Memory(answer, time_ns, tuple(pending))
