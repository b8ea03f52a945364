"""Exhaustive: the guards of an `if` without a last `else` leave nothing out."""

from __future__ import annotations

from verifier.core.obligation import Entailment, Fact, Obligation
from verifier.core.term import disjunction
from verifier.model.body import statements_of
from verifier.model.values import Branch, Chain
from verifier.obligations.path import Path, ahead, obligation, relevant


def exhaustive(path: Path, chain: Chain) -> list[Obligation]:
    """That every state that can reach such an `if` satisfies one of its guards."""
    owed = []
    for statement in statements_of(chain.body) if not chain.plain else ():
        if isinstance(statement, Branch) and statement.otherwise is None:
            around = path.around[statement.label]
            one = (Fact(disjunction(around.guards), statement.span, "if"),)
            question = Entailment(relevant(path, around.entry, one), one)
            place, rule = around.entry, "exhaustive"
            owed.append(ahead(obligation(path, place, chain, statement, rule, question)))
    return owed
