"""Within: however long each step takes within its bounds, the chain ends in time.

Steps run one after the other, so the times add up. A step without an upper bound has none here
either.
"""

from __future__ import annotations

from dataclasses import replace

from verifier.core.obligation import Entailment, Fact, Obligation
from verifier.core.term import Comparison, Real, Variable, add, number
from verifier.core.unit import TIME
from verifier.model.values import Chain
from verifier.obligations.path import Path, obligation


def within(path: Path, chain: Chain) -> list[Obligation]:
    """What the durations owe, one obligation a deadline."""
    timed = replace(path, sorts={duration_name(s.number): Real(TIME) for s in chain.steps})
    end = replace(path.places[-1], view={})
    bounds: list[Fact] = []
    for step in chain.steps:
        taken, duration = Variable(duration_name(step.number), 0), step.contract.duration
        origin = f"step {step.number}: {step.contract.text}"
        bounds.append(Fact(Comparison("<=", number(duration.low), taken), duration.span, origin))
        if duration.high is not None:
            bounds.append(
                Fact(Comparison("<=", taken, number(duration.high)), duration.span, origin)
            )
    total = add(*(Variable(duration_name(step.number), 0) for step in chain.steps))
    owed = []
    for position, deadline in enumerate(chain.deadlines, start=1):
        goal = Fact(Comparison("<=", total, number(deadline.bound)), deadline.span, "within")
        rule = "within" if len(chain.deadlines) == 1 else f"within/{position}"
        question = Entailment(tuple(bounds), (goal,))
        owed.append(replace(obligation(timed, end, chain, None, rule, question), rule="within"))
    return owed


def duration_name(step: int) -> str:
    """The variable that stands for the time that a step takes, in seconds."""
    return f"duration[{step}]"
