"""Whether evidence about tasks holds: the conditions of verifier/core/schedule.py, in integers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from math import prod

from verifier.check.polynomial import Refused, shown
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

DEADLINES_MAX = 200_000


def judge_fixed(question: FixedPriority, certificate: object) -> None:
    """Raises Refused unless the certificate proves that the last task meets its deadlines."""
    _check_tasks(question.tasks)
    if not isinstance(certificate, ResponseTime):
        raise Refused("deadlines under fixed priorities are proved by a response time only")
    time, deadline = _whole(certificate.time, "the response time"), question.tasks[-1].deadline
    if time > deadline:
        raise Refused(f"the response time {time} is beyond the deadline {deadline}")
    needed = _needed(question.tasks, time)
    if needed > time:
        raise Refused(f"in {time} ticks, {needed} are needed")


def judge_missed(question: FixedPriority, evidence: object) -> None:
    """Raises Refused unless the evidence shows that a job of the last task misses its deadline."""
    _check_tasks(question.tasks)
    if not isinstance(evidence, Missed) or type(evidence.times) is not tuple or not evidence.times:
        raise Refused("a missed deadline is shown by the times up to it")
    expected = question.tasks[-1].execution
    for time in evidence.times:
        if time != expected or type(time) is not int:
            raise Refused(f"{shown(time)} should be {expected}")
        expected = _needed(question.tasks, time)
    if evidence.times[-1] <= question.tasks[-1].deadline:
        raise Refused("the last time is not beyond the deadline")


def judge_earliest(question: EarliestDeadline, certificate: object) -> None:
    """Raises Refused unless the certificate proves that every task meets its deadlines."""
    _check_tasks(question.tasks)
    match certificate:
        case Utilisation():
            _within_capacity(question.tasks)
        case BusyPeriod(length):
            _busy_period(question.tasks, _whole(length, "the length"))
        case _:
            raise Refused("deadlines are proved by a utilisation or a busy period")


def judge_overload(question: EarliestDeadline, evidence: object) -> None:
    """Raises Refused unless more is due in the given time than there is time."""
    _check_tasks(question.tasks)
    if not isinstance(evidence, Overload):
        raise Refused("a missed deadline is shown by a time in which too much is due")
    time = _whole(evidence.time, "the time")
    due = sum(  # 0 where the deadline is later: it is at most a period, so that the quotient is -1
        ((time - task.deadline) // task.period + 1) * task.execution for task in question.tasks
    )
    if due <= time:
        raise Refused(f"in {time} ticks only {due} are due")


def _check_tasks(tasks: Sequence[Task]) -> None:
    """The theorems speak of these tasks alone."""
    for task in tasks:
        if not (task.execution > 0 and 0 < task.deadline <= task.period):
            raise Refused(f"`{task.name}` is no task with a deadline inside of its period")
    if not tasks:
        raise Refused("there is no task")


def _whole(value: object, what: str) -> int:
    if type(value) is not int or value < 0:
        raise Refused(f"{what} {shown(value)} is no length of time")
    return value


def _needed(tasks: Sequence[Task], time: int) -> int:
    """Ticks that one job of the last task needs with all that preempts it in `time` ticks."""
    *higher, own = tasks
    return own.execution + sum(-(-time // task.period) * task.execution for task in higher)


def _within_capacity(tasks: Sequence[Task]) -> None:
    if any(task.deadline != task.period for task in tasks):
        raise Refused("a utilisation suffices only where every deadline is a period")
    whole = prod(task.period for task in tasks)
    if sum(task.execution * (whole // task.period) for task in tasks) > whole:
        raise Refused("the utilisation is more than 1")


def _busy_period(tasks: Sequence[Task], length: int) -> None:
    released = sum(-(-length // task.period) * task.execution for task in tasks)
    if length == 0 or released > length:
        raise Refused(f"of what is released in {length} ticks, {released} are to be done")
    if sum(length // task.period + 1 for task in tasks) > DEADLINES_MAX:
        raise Refused(f"there are more than {DEADLINES_MAX} deadlines in {length} ticks")
    due = 0  # what is due at the end itself is released before it, and so is done
    for deadline, execution in merge(*(_deadlines(task, length) for task in tasks)):
        due += execution
        if due > deadline:
            raise Refused(f"{due} ticks are due in {deadline}")


def _deadlines(task: Task, length: int) -> Iterator[tuple[int, int]]:
    """Each deadline before `length`, with what is due then."""
    return ((time, task.execution) for time in range(task.deadline, length, task.period))
