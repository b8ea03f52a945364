"""Parallel: what one branch may change is neither read nor changed by another one.

Then every interleaving of the branches leads to the same states, and what each promises by itself
holds of both (the parallel rule of Owicki and Gries 1976 for disjoint processes; in the words of
separation logic, the frames are disjoint). A declared domain that ties a scalar of one branch to a
scalar of the other is read by both.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.core.obligation import Entailment, Fact, Obligation
from verifier.core.span import Span
from verifier.core.term import FALSE, TRUE, term_variables
from verifier.model.body import conditions_of, frame_of, names, statements_of, steps_of
from verifier.model.values import Block, Chain, Loop, Parallel, Step
from verifier.obligations.path import Path, ahead, obligation


def parallel(path: Path, chain: Chain) -> list[Obligation]:
    """That the branches of each `||` leave each other alone."""
    owed = []
    for statement in statements_of(chain.body) if not chain.plain else ():
        if isinstance(statement, Parallel):
            meetings = tuple(_meetings(path, statement))
            question = Entailment((), meetings or (Fact(TRUE, statement.span, "apart"),))
            place = path.around[statement.label].entry
            owed.append(ahead(obligation(path, place, chain, statement, "parallel", question)))
    return owed


def _meetings(path: Path, statement: Parallel) -> Iterator[Fact]:
    """For each scalar that one branch may change and that concerns another one: `false`, at the
    place where it does."""
    for one, branch in enumerate(statement.branches):
        for other, writers in enumerate(statement.branches):
            if other == one:
                continue
            for step in steps_of(writers):
                for span, read, what in _concerns(branch):
                    for name in sorted(read & step.contract.frame):
                        told = f"{step.contract.text} may change `{name}` while {what}"
                        yield Fact(FALSE, span, told)
            if other > one:
                yield from _tied(path, statement, frame_of(branch), frame_of(writers))


def _concerns(branch: Block) -> Iterator[tuple[Span, set[str], str]]:
    """(place, scalars, what is done) of everything that the branch reads or may change."""
    for statement in statements_of(branch):
        who = statement.contract.text if isinstance(statement, Step) else "the chain"
        for condition in conditions_of(statement):
            yield condition.span, names([condition.formula]), f"{who} reads it"
        match statement:
            case Loop(_, _, variant, span):
                yield span, {name for name, _ in term_variables(variant)}, "the loop reads it"
            case Step(_, contract, span):
                yield span, set(contract.frame), f"{who} may change it, too"


def _tied(
    path: Path, statement: Parallel, one: frozenset[str], other: frozenset[str]
) -> Iterator[Fact]:
    seen = set()
    for name in sorted(one):
        for domain in path.domains.get(name, ()):
            for twin in sorted(domain.scalars & other - one):
                if (domain.span, name, twin) not in seen:
                    seen.add((domain.span, name, twin))
                    told = f"one branch may change `{name}` and another `{twin}`, which are tied"
                    yield Fact(FALSE, domain.span, told)
