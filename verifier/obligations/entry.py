"""What is owed at the entry of a step: proved of every state that gets there, or deferred."""

from __future__ import annotations

from verifier.core.obligation import Deferral, Entailment, Obligation
from verifier.model.values import Chain, Condition, Step
from verifier.obligations.path import Path, fact, obligation, provable, relevant


def at_entry(
    path: Path, chain: Chain, step: Step, rule: str, conditions: list[Condition]
) -> list[Obligation]:
    """One entailment for the conditions that can be settled beforehand, and one deferral for each
    condition that reads the environment."""
    place = path.before[step.number]
    owed = []
    goals = tuple(fact(c, step, place.view, place.view) for c in conditions if provable(c))
    if goals:
        question = Entailment(relevant(path, place, goals), goals)
        owed.append(obligation(path, place, chain, step, rule, question))
    watched = [c for c in conditions if not provable(c)]
    for position, condition in enumerate(watched, start=1):
        assert condition.fallback is not None
        suffix = "/deferred" if len(watched) == 1 else f"/deferred/{position}"
        monitor = f"{step.contract.text} {condition.kind} {condition.text}"
        goal = fact(condition, step, place.view, place.view)
        deferral = Deferral((goal,), monitor, condition.fallback)
        owed.append(obligation(path, place, chain, step, rule + suffix, deferral))
    return owed
