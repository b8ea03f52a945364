"""Precondition: every state that can reach a step satisfies what the step requires."""

from __future__ import annotations

from verifier.core.obligation import Obligation
from verifier.model.values import Chain
from verifier.obligations.entry import at_entry
from verifier.obligations.path import Path


def precondition(path: Path, chain: Chain) -> list[Obligation]:
    """What each step owes for its `requires` clauses."""
    return [
        owed
        for step in chain.steps
        for owed in at_entry(
            path,
            chain,
            step,
            "precondition",
            [c for c in step.contract.requires if c.kind == "requires"],
        )
    ]
