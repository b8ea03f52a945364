"""Nothing is proved vacuously: assumptions, preconditions, postconditions and whole runs are
possible.

`sanity/run` asks for one run from the start through the step. Where there is none, everything that
is owed behind the step would hold trivially, and is not called proved (see vacuity.py). A step in a
block that not every run enters is asked for once, whichever turn of a `repeat` gets there: that a
branch is dead in some turn is no mistake. Nor is it that a call enters only some of the blocks of
the called chain: that each can be entered is owed where that chain is judged by itself. What lies
behind the blocks is asked for at their end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from verifier.core.obligation import Existence, Fact, Obligation
from verifier.core.term import (
    TRUE,
    And,
    Comparison,
    Formula,
    Number,
    Variable,
    conjunction,
    disjunction,
)
from verifier.model.body import blocks_of, statements_of, steps_of
from verifier.model.values import (
    Attempt,
    Block,
    Branch,
    Chain,
    Inlined,
    Loop,
    Parallel,
    Statement,
    Step,
)
from verifier.obligations.path import (
    Path,
    Place,
    assumed,
    entry_facts,
    exit_facts,
    fact,
    obligation,
    provable,
    relevant,
    with_domains,
)


def sanity(path: Path, chain: Chain) -> list[Obligation]:
    """That some state satisfies what is assumed, and each condition of each step, along a run."""
    start = path.places[0]
    owed = _domains(path, chain)
    assumptions = assumed(chain)
    if assumptions:
        question = Existence(with_domains(path, start, assumptions))
        owed.append(obligation(path, start, chain, None, "assume/sanity", question))
    turns: dict[str, list[Step]] = defaultdict(list)
    called = frozenset(_in_called_blocks(chain.body))
    for step in chain.steps:
        owed += _conditions(path, chain, step)
        if step.number in called:
            continue
        if path.before[step.number].open & path.conditional:
            turns[step.label.split(".")[0]].append(step)
        else:
            owed += _run(path, chain, step, path.after[step.number], _passed(path, step))
    for steps in turns.values():
        owed += _any_turn(path, chain, steps)
    for statement in statements_of(chain.body) if chain.body != chain.steps else ():
        if isinstance(statement, Branch | Loop | Attempt | Parallel):
            behind = path.around[statement.label].exit
            if not behind.open & path.conditional:
                owed += _run(path, chain, statement, behind, _met(path, statement))
    return owed


def _in_called_blocks(block: Block, called: bool = False) -> Iterator[int]:
    """The numbers of the steps in blocks of called chains that not every call enters."""
    for statement in block:
        inside = called or isinstance(statement, Inlined)
        match statement:
            case Branch() | Loop() if called:
                yield from (step.number for step in steps_of((statement,)))
            case Attempt(body, recovery) if called:
                yield from _in_called_blocks(body, called)
                yield from (step.number for step in steps_of(recovery))
            case _:
                for below in blocks_of(statement):
                    yield from _in_called_blocks(below, inside)


def _domains(path: Path, chain: Chain) -> list[Obligation]:
    """That there is a state at all. An interval is not empty, as its reading made sure; any other
    domain might be, and would prove everything."""
    others = {
        domain.formula: Fact(domain.formula, domain.span, "domain")
        for domains in path.domains.values()
        for domain in domains
        if len(domain.scalars) > 1 or not _interval(domain.formula)
    }
    if not others:
        return []
    question = Existence(tuple(others.values()))
    return [obligation(path, path.places[0], chain, None, "domain/sanity", question)]


def _interval(formula: Formula) -> bool:
    match formula:
        case And((Comparison("<=", Number(), Variable()), Comparison("<=", Variable(), Number()))):
            return True
        case Comparison("<=", Number(), Variable()) | Comparison("<=", Variable(), Number()):
            return True
        case _:
            return formula == TRUE


def _conditions(path: Path, chain: Chain, step: Step) -> list[Obligation]:
    before, after = path.before[step.number], path.after[step.number]
    required = [
        fact(c, step, before.view, before.view) for c in step.contract.requires if provable(c)
    ]
    promised = [
        fact(c, step, after.view, before.view) for c in step.contract.ensures if provable(c)
    ]
    owed = []
    for rule, place, facts in (
        ("sanity/requires", before, required),
        ("sanity/ensures", after, promised),
    ):
        if facts:
            question = Existence(with_domains(path, place, facts))
            owed.append(obligation(path, place, chain, step, rule, question))
    return owed


def _passed(path: Path, step: Step) -> list[Fact]:
    before, after = path.before[step.number].view, path.after[step.number].view
    return entry_facts(step, before) + exit_facts(step, before, after)


def _met(path: Path, statement: Statement) -> list[Fact]:
    """What came to hold between the beginning of the statement and its end."""
    around = path.around[statement.label]
    return [
        path.facts[i]
        for i in range(around.entry.known, around.exit.known)
        if path.scopes[i] in around.exit.open
    ]


def _run(
    path: Path, chain: Chain, owner: Statement, behind: Place, passed: list[Fact]
) -> list[Obligation]:
    through = relevant(path, behind, passed)
    if not through:
        return []
    return [obligation(path, behind, chain, owner, "sanity/run", Existence(through))]


def _any_turn(path: Path, chain: Chain, steps: list[Step]) -> list[Obligation]:
    """That some run gets through the step in some turn."""
    first = steps[0]
    ways = [relevant(path, path.after[s.number], _passed(path, s)) for s in steps]
    if len(ways) == 1:
        return _run(path, chain, first, path.after[first.number], _passed(path, first))
    either = disjunction(conjunction(fact.formula for fact in way) for way in ways)
    question = Existence((Fact(either, first.span, "some turn"),))
    return [obligation(path, path.after[first.number], chain, first, "sanity/run", question)]
