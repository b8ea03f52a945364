"""Realizable: from every state in which a step can begin, some state keeps its promise.

A promise that cannot be kept from some start makes everything behind it true of the runs that do
not come from there. What is owed is that the scalars of the frame can be given values, depending on
the state at the entry, that keep the promise, the invariants and the declared domains.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from verifier.core.obligation import Fact, Obligation, Realization
from verifier.core.term import Key, rename, variables
from verifier.model.values import Chain, Step
from verifier.obligations.path import (
    Path,
    View,
    entry_facts,
    exit_facts,
    obligation,
    placed,
    relevant,
)


def realizable(path: Path, chain: Chain) -> list[Obligation]:
    """What each step that promises anything owes. A step that only keeps its invariants may leave
    everything as it is."""
    return [_step(path, chain, step) for step in chain.steps if step.contract.ensures]


def _step(path: Path, chain: Chain, step: Step) -> Obligation:
    place = path.before[step.number]
    before = place.view
    after = {**before, **dict.fromkeys(step.contract.frame, step.number)}
    promised = exit_facts(step, before, after)
    goals = [*promised, *declared(path, step.contract.frame, after, promised)]
    frame = sorted(step.contract.frame)
    read = {key for goal in goals for key in variables(goal.formula)}
    chosen = tuple(
        ((name, step.number), (name, before.get(name, 0)))
        for name in frame
        if (name, step.number) in read
    )
    begun = entry_facts(step, before)
    known = relevant(path, place, [*begun, *(_before(goal, dict(chosen)) for goal in goals)])
    said = {each.formula for each in known}
    hypotheses = (*known, *(each for each in begun if each.formula not in said))
    question = Realization(hypotheses, tuple(goals), chosen)
    return obligation(path, place, chain, step, "realizable", question)


def declared(
    path: Path, frame: frozenset[str], after: View, promised: Sequence[Fact]
) -> Iterator[Fact]:
    """What declarations say of what a skill with this frame writes. A scalar of which it promises
    nothing, and which no declaration ties to another one, may keep its value."""
    spoken = {key for each in promised for key in variables(each.formula)}
    seen = set()
    for name in sorted(frame):
        for domain in path.domains.get(name, ()):
            tied = len(domain.scalars) > 1 or (name, after[name]) in spoken
            formula = placed(domain.formula, after, after)
            if tied and formula not in seen:
                seen.add(formula)
                yield Fact(formula, domain.span, "domain")


def _before(goal: Fact, earlier: Mapping[Key, Key]) -> Fact:
    """The goal, said of the state at the entry."""
    moved = rename(goal.formula, lambda name, v: earlier.get((name, v), (name, v))[1])
    return replace(goal, formula=moved)
