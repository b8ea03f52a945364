"""Schedulability: on a processor every job of every task meets its deadline.

With fixed priorities one question a task, about it and all that preempt it: by the shorter period
(rate monotonic, Liu and Layland 1973), by the shorter deadline (deadline monotonic, Leung and
Whitehead 1982), or as listed. Earliest deadline first is one question about all tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from verifier.core.obligation import Measure, Obligation
from verifier.core.schedule import EarliestDeadline, FixedPriority, Task
from verifier.core.span import Span
from verifier.model.plan import (
    DEADLINE_MONOTONIC,
    EARLIEST_DEADLINE_FIRST,
    RATE_MONOTONIC,
    PeriodicTask,
    Processor,
)
from verifier.model.values import Chain
from verifier.obligations.path import Path

RULE = "schedulability"


def schedulability(path: Path, chain: Chain) -> list[Obligation]:
    """What a processor owes."""
    processor = chain.claim
    if not isinstance(processor, Processor):
        return []
    tick, tasks = _in_ticks(processor.tasks)

    def owe(whose: str, span: Span, question: Measure) -> Obligation:
        return Obligation(
            f"{chain.name}{whose}/{RULE}", RULE, chain.name, 0, span, question, {}, {}
        )

    if processor.policy == EARLIEST_DEADLINE_FIRST:
        return [owe("", processor.span, EarliestDeadline(tuple(tasks), tick))]
    if processor.policy == RATE_MONOTONIC:
        tasks.sort(key=lambda task: task.period)
    elif processor.policy == DEADLINE_MONOTONIC:
        tasks.sort(key=lambda task: task.deadline)
    return [
        owe(f"/{task.name}", task.span, FixedPriority(tuple(tasks[: place + 1]), tick))
        for place, task in enumerate(tasks)
    ]


def _in_ticks(tasks: Sequence[PeriodicTask]) -> tuple[Fraction, list[Task]]:
    """The tick in seconds in which every time is a whole number, and the tasks in it."""
    times = [time for each in tasks for time in (each.period, each.execution, each.deadline)]
    whole = lcm(*(time.denominator for time in times))
    return Fraction(1, whole), [
        Task(
            each.name,
            int(each.execution * whole),
            int(each.period * whole),
            int(each.deadline * whole),
            each.span,
        )
        for each in tasks
    ]
