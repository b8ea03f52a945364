"""Achieve: every state in which the chain can end is one that it set out to reach."""

from __future__ import annotations

from verifier.core.obligation import Entailment, Fact, Obligation
from verifier.model.values import Chain
from verifier.obligations.path import Path, obligation, placed, relevant


def achieve(path: Path, chain: Chain) -> list[Obligation]:
    """What the end of the chain owes."""
    end = path.places[-1]
    goals = tuple(
        Fact(placed(c.formula, end.view, end.view), c.span, "achieve") for c in chain.goals
    )
    if not goals:
        return []
    question = Entailment(relevant(path, end, goals), goals)
    return [obligation(path, end, chain, None, "achieve", question)]
