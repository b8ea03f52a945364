"""Call: a chain that calls another one owes what that one assumes, and what it achieves.

The steps of the called chain are judged in their place, so that what it achieves is proved again
for this use of it, and nothing rests on the verdict about the called chain itself.
"""

from __future__ import annotations

from verifier.core.obligation import Entailment, Obligation
from verifier.model.body import statements_of
from verifier.model.values import Chain, Inlined
from verifier.obligations.path import Path, ahead, at, obligation, relevant


def call(path: Path, chain: Chain) -> list[Obligation]:
    """What each call of a chain owes at its beginning (`assume`) and at its end (`achieve`)."""
    owed = []
    for statement in statements_of(chain.body) if not chain.plain else ():
        if not isinstance(statement, Inlined):
            continue
        around, origin = path.around[statement.label], f"call of {statement.text}"
        for part, place, conditions in (
            ("assume", around.entry, statement.assumptions),
            ("achieve", around.exit, statement.goals),
        ):
            goals = tuple(at(c, origin, place.view, place.view) for c in conditions)
            if goals:
                question = Entailment(relevant(path, place, goals), goals)
                found = obligation(path, place, chain, statement, f"call/{part}", question)
                owed.append(ahead(found) if part == "assume" else found)
    return owed
