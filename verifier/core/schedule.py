"""Periodic tasks on one processor, in whole ticks: does every job meet its deadline?

A task releases jobs at least one period apart, from whatever moment on. Each job needs the
processor for its execution time, worst case, and has to be done when its deadline has passed since
its release; a deadline is not longer than the period. Jobs may be preempted at any moment and at no
cost (Liu and Layland 1973).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from verifier.core.span import Span


@dataclass(frozen=True, slots=True)
class Task:
    """`execution`, `period` and `deadline` in ticks, all positive, deadline <= period."""

    name: str
    execution: int
    period: int
    deadline: int
    span: Span


@dataclass(frozen=True, slots=True)
class FixedPriority:
    """Every job of the last task meets its deadline where each task preempts those behind it.

    `tick` in seconds.
    """

    tasks: tuple[Task, ...]
    tick: Fraction


@dataclass(frozen=True, slots=True)
class EarliestDeadline:
    """Every job of every task meets its deadline where the job whose deadline comes first runs."""

    tasks: tuple[Task, ...]
    tick: Fraction


# ---- evidence ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ResponseTime:
    """A proof for fixed priorities: a time t, at most the deadline, with C + sum of ceil(t / T_j)
    C_j <= t, where C is the task's execution and the sum is over all that preempt it.

    The worst release is that of all tasks at once (Liu and Layland 1973, theorem 1), and the least
    such time is the response time (Joseph and Pandya 1986).
    """

    time: int


@dataclass(frozen=True, slots=True)
class Utilisation:
    """A proof for earliest deadline first where every deadline is a period: the utilisation is at
    most 1 (Liu and Layland 1973, theorem 7)."""


@dataclass(frozen=True, slots=True)
class BusyPeriod:
    """A proof for earliest deadline first: `length` ticks L with sum of ceil(L / T_j) C_j <= L, and
    at every deadline t up to L the demand, the sum of (floor((t - D_j) / T_j) + 1) C_j over all
    tasks with D_j <= t, is at most t.

    The first condition says that all that is released in L ticks from the moment in which every
    task is released is done by then; a task set that misses a deadline misses one in that first
    busy period (Baruah, Rosier and Howell 1990; Spuri 1996).
    """

    length: int


@dataclass(frozen=True, slots=True)
class Missed:
    """A refutation for fixed priorities: times t_1 = C, t_(k+1) = C + sum of ceil(t_k / T_j) C_j,
    of which the last is beyond the deadline. All tasks are released at once; up to t_(k+1) the
    processor has that much to do before the job is done, so that it is not done earlier."""

    times: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Overload:
    """A refutation for earliest deadline first: a time t at which the demand (see BusyPeriod) is
    more than t: more work is due than there was time."""

    time: int
