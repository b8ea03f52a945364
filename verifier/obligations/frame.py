"""Frame: what a step promises can be had by changing only what it may change."""

from __future__ import annotations

from verifier.core.obligation import Existence, Obligation
from verifier.model.values import Chain
from verifier.obligations.path import Path, entry_facts, exit_facts, obligation, with_domains


def frame(path: Path, chain: Chain) -> list[Obligation]:
    """That some state in which a step may begin leads to one that it promises, while every scalar
    outside of its frame keeps its value."""
    owed = []
    for step in chain.steps:
        before, after = path.before[step.number], path.after[step.number]
        promised = exit_facts(step, before.view, after.view)
        if promised:
            facts = [*entry_facts(step, before.view), *promised]
            question = Existence(with_domains(path, after, facts))
            owed.append(obligation(path, after, chain, step, "frame", question))
    return owed
