"""Total: the shares of a configuration add up to what it states, and leave what it states."""

from __future__ import annotations

from verifier.core.budget import Budget
from verifier.core.obligation import Obligation
from verifier.model.plan import Plan
from verifier.model.values import Chain
from verifier.obligations.path import Path

RULE = "total"


def total(path: Path, chain: Chain) -> list[Obligation]:
    """What a configuration owes of its `total` and its `headroom`."""
    plan = chain.claim
    if not isinstance(plan, Plan):
        return []
    owed = []
    for stated in plan.stated:
        capacity = plan.resource.capacity
        amount = stated.amount if stated.kind == "total" else capacity - stated.amount
        question = Budget(plan.usage, amount, amount, plan.resource.unit, stated.span)
        part = "" if stated.kind == "total" else f"/{stated.kind}"
        name = f"{chain.name}/{RULE}{part}"
        owed.append(Obligation(name, RULE, chain.name, 0, stated.span, question, {}, {}))
    return owed
