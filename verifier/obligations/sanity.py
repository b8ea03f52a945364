"""Nothing is proved vacuously: assumptions, preconditions, postconditions and whole runs are
possible.

`sanity/run` asks for one run from the start through the step. Where there is none, everything that
is owed behind the step would hold trivially, and is not called proved (see vacuity.py).
"""

from __future__ import annotations

from verifier.core.obligation import Existence, Obligation
from verifier.model.values import Chain, Step
from verifier.obligations.path import (
    Path,
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
    owed = []
    start = path.places[0]
    assumptions = assumed(chain)
    if assumptions:
        question = Existence(with_domains(path, start, assumptions))
        owed.append(obligation(path, start, chain, None, "assume/sanity", question))
    for step in chain.steps:
        owed += _step(path, chain, step)
    return owed


def _step(path: Path, chain: Chain, step: Step) -> list[Obligation]:
    before, after = path.places[step.number - 1], path.places[step.number]
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
    passed = entry_facts(step, before.view) + exit_facts(step, before.view, after.view)
    through = relevant(path, after, passed)
    if through:
        owed.append(obligation(path, after, chain, step, "sanity/run", Existence(through)))
    return owed
