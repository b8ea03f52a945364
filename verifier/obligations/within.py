"""Within: however long each step takes within its bounds, the chain ends in time.

A step without an upper bound has none here either. elapsed.py says how times add up.
"""

from __future__ import annotations

from dataclasses import replace

from verifier.core.obligation import Entailment, Fact, Obligation
from verifier.core.term import Comparison, number
from verifier.model.values import Chain
from verifier.obligations.elapsed import durations, elapsed
from verifier.obligations.path import Path, obligation, relevant


def within(path: Path, chain: Chain) -> list[Obligation]:
    """What the durations owe, one obligation a deadline."""
    if not chain.deadlines:
        return []
    timed = replace(path, sorts={**path.sorts, **durations(chain.body)})
    end = path.places[-1]
    taken = elapsed(path, chain.body)
    known = relevant(path, end, taken.guards) if taken.guards else ()
    owed = []
    for position, deadline in enumerate(chain.deadlines, start=1):
        goal = Fact(Comparison("<=", taken.total, number(deadline.bound)), deadline.span, "within")
        rule = "within" if len(chain.deadlines) == 1 else f"within/{position}"
        question = Entailment((*known, *taken.facts), (goal,))
        owed.append(replace(obligation(timed, end, chain, None, rule, question), rule="within"))
    return owed
