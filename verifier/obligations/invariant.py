"""Invariant: it holds when the step begins, and the invariants of a step do not contradict each
other.

From entry to exit the skill itself promises it; the bundle watches that promise.
"""

from __future__ import annotations

from verifier.core.obligation import Existence, Obligation
from verifier.model.values import Chain, Step
from verifier.obligations.entry import at_entry
from verifier.obligations.path import Path, fact, obligation, provable, with_domains


def invariant(path: Path, chain: Chain) -> list[Obligation]:
    """What each step owes for its `invariant` clauses."""
    owed = []
    for step in chain.steps:
        owed += at_entry(path, chain, step, "invariant", list(step.contract.invariants))
        owed += _consistent(path, chain, step)
    return owed


def _consistent(path: Path, chain: Chain, step: Step) -> list[Obligation]:
    before = path.before[step.number]
    together = [
        fact(c, step, before.view, before.view) for c in step.contract.invariants if provable(c)
    ]
    if len(together) < 2:
        return []
    question = Existence(with_domains(path, before, together))
    return [obligation(path, before, chain, step, "invariant/consistent", question)]
