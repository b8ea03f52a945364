"""The time that a chain takes, as facts about one scalar a step and one a statement with blocks.

Steps in a row add up; branches of `||` end with the last of them; of the blocks of an `if` the one
counts whose guard holds; a loop runs at most as often as its variant allows; a `try` takes what its
body took until it broke off, and then its recovery.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.obligation import Fact
from verifier.core.span import Span
from verifier.core.term import (
    And,
    Choice,
    Comparison,
    Formula,
    Implies,
    Real,
    Sort,
    Term,
    Variable,
    add,
    disjunction,
    negation,
    number,
)
from verifier.core.unit import TIME
from verifier.model.body import blocks_of, failures_of, statements_of
from verifier.model.values import Attempt, Block, Branch, Inlined, Loop, Parallel, Statement, Step
from verifier.obligations.path import Path
from verifier.obligations.walk import outcome_name

Range = tuple[Fraction, Fraction | None]
NOTHING = Fraction(0)


def duration_name(label: str | int) -> str:
    """The scalar that stands for the time that a step takes, by its number, or a statement with
    blocks, by its label, in seconds."""
    return f"duration[{label}]"


def durations(block: Block) -> dict[str, Sort]:
    """The scalars that stand for times."""
    found: dict[str, Sort] = {}
    for statement in statements_of(block):
        if not isinstance(statement, Inlined):
            found[_name(statement)] = Real(TIME)
        if isinstance(statement, Attempt):
            found[_broken_name(statement)] = Real(TIME)
    return found


def _name(statement: Statement) -> str:
    return duration_name(statement.number if isinstance(statement, Step) else statement.label)


def _broken_name(statement: Attempt) -> str:
    return duration_name(f"{statement.label} broken off")


# ---- bounds without the guards -----------------------------------------------------------------


def bounds(block: Block) -> Range:
    """The least and the greatest time in seconds; None is unbounded."""
    ranges = [_bounds(statement) for statement in block]
    highs = [high for _, high in ranges if high is not None]
    longest = sum(highs, NOTHING) if len(highs) == len(ranges) else None
    return sum((low for low, _ in ranges), NOTHING), longest


def _bounds(statement: Statement) -> Range:
    match statement:
        case Step(_, contract):
            return contract.duration.low, contract.duration.high
        case Parallel(branches):
            ranges = [bounds(branch) for branch in branches]
            return max(low for low, _ in ranges), _latest(ranges)
        case Branch(cases, otherwise):
            blocks = [case.body for case in cases]
            ranges = [bounds(b) for b in (blocks if otherwise is None else [*blocks, otherwise])]
            return min(low for low, _ in ranges), _latest(ranges)
        case Loop():
            longest = bounds(statement.body)[1]
            if statement.turns == 0 or longest == 0:
                return NOTHING, NOTHING
            if statement.turns is None or longest is None:
                return NOTHING, None
            return NOTHING, statement.turns * longest
        case Attempt(body, recovery):
            (least, most), (shortest, longest) = bounds(body), bounds(recovery)
            high = None if most is None or longest is None else most + longest
            return (min(least, shortest) if body else least), high
        case Inlined():
            return bounds(statement.body)


def _latest(ranges: Sequence[Range]) -> Fraction | None:
    highs = [high for _, high in ranges if high is not None]
    return max(highs) if len(highs) == len(ranges) else None


# ---- facts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The time as a sum, what is known of its parts, and the guards that this speaks of."""

    total: Term
    facts: tuple[Fact, ...]
    guards: tuple[Fact, ...]


def elapsed(path: Path, block: Block) -> Elapsed:
    """The time that the block takes."""
    facts = [fact for statement in block for fact in _facts(path, statement)]
    guards = [
        Fact(guard, statement.span, "guard")
        for statement in _reached(block)
        if isinstance(statement, Branch | Attempt)
        for guard in path.around[statement.label].guards
    ]
    return Elapsed(_sum(block), tuple(facts), tuple(guards))


def _reached(block: Block) -> Iterator[Statement]:
    """The statements whose time is told by guards: those in a loop are told by its bound."""
    for statement in block:
        yield statement
        for below in _told(statement):
            yield from _reached(below)


def _told(statement: Statement) -> tuple[Block, ...]:
    match statement:
        case Parallel(branches):
            return branches
        case Branch(cases, otherwise):
            return (*(case.body for case in cases), otherwise or ())
        case Attempt(body, recovery):
            return (body, recovery)
        case Inlined():
            return (statement.body,)
        case _:
            return ()


def _sum(block: Block) -> Term:
    parts = []
    for statement in block:
        if isinstance(statement, Inlined):
            parts.append(_sum(statement.body))
        else:
            parts.append(Variable(_name(statement), 0))
    return add(*parts)


def _facts(path: Path, statement: Statement) -> Iterator[Fact]:
    for below in _told(statement):
        for inner in below:
            yield from _facts(path, inner)
    time = Variable(_name(statement), 0)
    match statement:
        case Step(_, contract, _, label):
            origin, span = f"step {label}: {contract.text}", contract.duration.span
            yield from between(time, (contract.duration.low, contract.duration.high), span, origin)
        case Loop(span=span):
            yield from between(time, _bounds(statement), span, "while")
        case Parallel(branches, _, span):
            sums = [_sum(branch) for branch in branches]
            for each in sums:
                yield Fact(Comparison("<=", each, time), span, "||")
            last = disjunction(Comparison("<=", time, each) for each in sums)
            yield Fact(last, span, "||")
        case Branch(cases, otherwise, label, span):
            bodies = [*(case.body for case in cases), otherwise or ()]
            for guard, body in zip(path.around[label].guards, bodies, strict=False):
                yield Fact(Implies(guard, _equal(time, _sum(body))), span, "if")
        case Attempt():
            yield from _attempted(path, statement, time)


def _attempted(path: Path, statement: Attempt, time: Term) -> Iterator[Fact]:
    done, broken = path.around[statement.label].guards
    until = Variable(_broken_name(statement), 0)
    outcome, span = outcome_name(statement), statement.span
    yield Fact(Implies(done, _equal(time, _sum(statement.body))), span, "try")
    recovered = _equal(time, add(until, _sum(statement.recovery)))
    yield Fact(Implies(broken, recovered), span, "try")
    assert broken == negation(done)
    for step, began, ended in _failing(statement.body, number(NOTHING)):
        inside = And((Comparison("<=", began, until), Comparison("<=", until, ended)))
        yield Fact(Implies(Choice(outcome, 0, step.label), inside), span, "try")


def _failing(block: Block, begun: Term) -> Iterator[tuple[Step, Term, Term]]:
    """The steps whose failure breaks off a block that has begun at this time, each with when it can
    fail at the earliest and at the latest."""
    for position, statement in enumerate(block):
        before = add(begun, _sum(block[:position]))
        match statement:
            case Attempt(_, recovery):
                broken = Variable(_broken_name(statement), 0)
                yield from _failing(recovery, add(before, broken))
            case Step() | Loop():
                behind = add(before, Variable(_name(statement), 0))
                yield from ((step, before, behind) for step, _ in failures_of((statement,)))
            case _:
                for below in blocks_of(statement):
                    yield from _failing(below, before)


def between(time: Term, ends: Range, span: Span, origin: str) -> Iterator[Fact]:
    """That a time lies in its range."""
    low, high = ends
    yield Fact(Comparison("<=", number(low), time), span, origin)
    if high is not None:
        yield Fact(Comparison("<=", time, number(high)), span, origin)


def _equal(time: Term, total: Term) -> Formula:
    return Comparison("==", time, total)
