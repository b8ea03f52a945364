"""Verdicts on periodic tasks: response times and the demand of earliest deadline first.

Fixed priorities: the response time is the least solution of R = C + sum of ceil(R / T_j) C_j, by
iteration from C (Joseph and Pandya 1986; Audsley et al. 1993). Earliest deadline first: the
utilisation where deadlines are periods (Liu and Layland 1973), else the demand at every deadline of
the first busy period (Baruah, Rosier and Howell 1990; Spuri 1996).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from verifier.core.schedule import (
    BusyPeriod,
    EarliestDeadline,
    FixedPriority,
    Missed,
    Overload,
    ResponseTime,
    Task,
    Utilisation,
)
from verifier.core.verdict import Proved, Refuted, Unknown, Verdict

TURNS_MAX = 100_000
DEADLINES_MAX = 200_000


def settle_fixed(question: FixedPriority) -> Verdict:
    """The response time of the last task, or the times up to its missed deadline."""
    *higher, own = question.tasks
    times = [own.execution]
    while times[-1] <= own.deadline:
        if len(times) > TURNS_MAX:
            return Unknown(f"the response time is not found in {TURNS_MAX} turns")
        needed = own.execution + _released(higher, times[-1])
        if needed == times[-1]:
            return Proved(ResponseTime(needed))
        times.append(needed)
    return Refuted(Missed(tuple(times)))


def settle_earliest(question: EarliestDeadline) -> Verdict:
    """A proof for all tasks, or a time in which too much is due."""
    tasks = question.tasks
    load = sum((Fraction(task.execution, task.period) for task in tasks), Fraction(0))
    if load <= 1 and all(task.deadline == task.period for task in tasks):
        return Proved(Utilisation())
    if load > 1:
        # demand(t) >= load * t - work, so that it exceeds t from here on
        work = sum(task.execution for task in tasks)
        horizon = int(work / (load - 1)) + 1 + max(task.deadline for task in tasks)
        return Refuted(Overload(_first_overload(tasks, horizon) or horizon))
    length = _busy_period(tasks)
    if length is None:
        return Unknown(f"the busy period is not found in {TURNS_MAX} turns")
    if sum(length // task.period + 1 for task in tasks) > DEADLINES_MAX:
        return Unknown(f"the busy period holds more than {DEADLINES_MAX} deadlines")
    early = _first_overload(tasks, length)
    return Proved(BusyPeriod(length)) if early is None else Refuted(Overload(early))


def _released(tasks: Sequence[Task], time: int) -> int:
    return sum(-(-time // task.period) * task.execution for task in tasks)


def _busy_period(tasks: Sequence[Task]) -> int | None:
    length = sum(task.execution for task in tasks)
    for _ in range(TURNS_MAX):
        needed = _released(tasks, length)
        if needed == length:
            return length
        length = needed
    return None


def _first_overload(tasks: Sequence[Task], horizon: int) -> int | None:
    """The first deadline up to the horizon at which more is due than there was time; None if there
    is none among the first DEADLINES_MAX of each task."""
    due: dict[int, int] = {}
    for task in tasks:
        last = min(horizon, task.deadline + DEADLINES_MAX * task.period)
        for deadline in range(task.deadline, last + 1, task.period):
            due[deadline] = due.get(deadline, 0) + task.execution
    total = 0
    for deadline in sorted(due):
        total += due[deadline]
        if total > deadline:
            return deadline
    return None
