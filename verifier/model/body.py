"""Walks over the statements of a chain: its steps, what it may change, what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations, product

from verifier.core.term import Formula, variables
from verifier.model.values import (
    Attempt,
    Block,
    Branch,
    Condition,
    Inlined,
    Loop,
    Parallel,
    Statement,
    Step,
)


def blocks_of(statement: Statement) -> tuple[Block, ...]:
    """The blocks right below a statement."""
    match statement:
        case Step():
            return ()
        case Parallel(branches):
            return branches
        case Branch(cases, otherwise):
            bodies = tuple(case.body for case in cases)
            return bodies if otherwise is None else (*bodies, otherwise)
        case Loop() | Inlined():
            return (statement.body,)
        case Attempt(body, recovery):
            return (body, recovery)


def statements_of(block: Block) -> Iterator[Statement]:
    """Every statement of the block and of all blocks below, in source order."""
    for statement in block:
        yield statement
        for below in blocks_of(statement):
            yield from statements_of(below)


def steps_of(block: Block) -> Iterator[Step]:
    """Every call of a skill in the block, in source order."""
    return (each for each in statements_of(block) if isinstance(each, Step))


def frame_of(block: Block) -> frozenset[str]:
    """Every scalar that some step of the block may change."""
    return frozenset().union(*(step.contract.frame for step in steps_of(block)))


def width_of(block: Block) -> int:
    """How many steps of the block may run at the same time, at most."""
    widest = 0
    for statement in block:
        widths = [width_of(below) for below in blocks_of(statement)]
        match statement:
            case Step():
                widest = max(widest, 1)
            case Parallel():
                widest = max(widest, sum(widths))
            case _:
                widest = max(widest, *widths)
    return widest


def beside_of(block: Block) -> Iterator[tuple[Step, Step]]:
    """Every two steps of the block that may run at the same time, both ways round."""
    for statement in statements_of(block):
        if isinstance(statement, Parallel):
            for one, other in permutations(statement.branches, 2):
                yield from product(steps_of(one), steps_of(other))


def failures_of(
    block: Block, others: frozenset[str] = frozenset()
) -> Iterator[tuple[Step, frozenset[str]]]:
    """The steps whose failure breaks off the block, each with what branches beside it may change:
    all of them apart from those in the body of a `try` of its own."""
    for statement in block:
        match statement:
            case Step():
                yield statement, others
            case Parallel(branches):
                frames = [frame_of(branch) for branch in branches]
                for place, branch in enumerate(branches):
                    beside = frozenset().union(*frames[:place], *frames[place + 1 :])
                    yield from failures_of(branch, others | beside)
            case Attempt(_, recovery):
                yield from failures_of(recovery, others)
            case _:
                for below in blocks_of(statement):
                    yield from failures_of(below, others)


def conditions_of(statement: Statement) -> Iterator[Condition]:
    """The conditions of the statement itself, without those of the statements in its blocks."""
    match statement:
        case Step(_, contract):
            yield from (*contract.requires, *contract.ensures, *contract.invariants)
        case Branch(cases):
            yield from (case.guard for case in cases)
        case Loop(guard, invariants):
            yield from (guard, *invariants)
        case Inlined(_, assumptions, _, goals):
            yield from (*assumptions, *goals)


def names(formulas: Iterable[Formula]) -> set[str]:
    """The scalars that some of the formulas read."""
    return {name for formula in formulas for name, _ in variables(formula)}
