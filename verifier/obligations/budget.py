"""Budget: of every resource no more is in use at one moment than there is.

What is always in use, what a configuration lists, and what the steps of a chain use while they run:
steps one after the other never run together, branches of `||` may, and of blocks with guards one is
run. So the most that is in use is a sum over what is parallel and a maximum over what is not.
"""

from __future__ import annotations

from verifier.core.budget import Budget, OneOf, Share, Together, Usage
from verifier.core.obligation import Obligation
from verifier.model.body import blocks_of
from verifier.model.plan import Plan, Resource
from verifier.model.values import Block, Chain, Parallel, Statement, Step
from verifier.obligations.path import Path

RULE = "budget"


def budget(path: Path, chain: Chain) -> list[Obligation]:
    """What a configuration owes, or what a chain owes of each resource that its steps use."""
    plan = chain.claim
    if isinstance(plan, Plan):
        of = plan.resource
        return [_owed(f"{chain.name}/{RULE}", chain, of, plan.usage)]
    return [
        _owed(f"{chain.name}/{RULE}/{of.name}", chain, of, Together((*of.always, used)))
        for of in chain.resources
        for used in [_of_block(chain.body, of)]
    ]


def _owed(name: str, chain: Chain, of: Resource, usage: Usage) -> Obligation:
    question = Budget(usage, None, of.capacity, of.unit, of.span)
    step = len(chain.steps)
    return Obligation(name, RULE, chain.name, step, chain.span, question, {}, {})


def _of_block(block: Block, of: Resource) -> Usage:
    return OneOf(tuple(_of_statement(statement, of) for statement in block))


def _of_statement(statement: Statement, of: Resource) -> Usage:
    if isinstance(statement, Step):
        contract = statement.contract
        amounts = [use.amount for use in contract.uses if use.resource == of.name]
        total = sum(amounts, start=of.capacity * 0)
        return Share(f"step {statement.label}, {contract.text}", total, statement.span)
    inner = tuple(_of_block(below, of) for below in blocks_of(statement))
    return Together(inner) if isinstance(statement, Parallel) else OneOf(inner)
