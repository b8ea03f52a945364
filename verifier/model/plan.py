"""What is settled about resources and processors: plain values, in base units and seconds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.budget import Usage
from verifier.core.span import Span
from verifier.core.unit import Unit


@dataclass(frozen=True, slots=True)
class Resource:
    """Something of which there is so much; `always` is in use all the time."""

    name: str
    capacity: Fraction
    unit: Unit
    always: tuple[Usage, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Use:
    """So much of a resource, while a skill runs."""

    resource: str
    amount: Fraction
    span: Span


@dataclass(frozen=True, slots=True)
class Stated:
    """An amount that is stated of a plan: its `total`, or the `headroom` that it leaves."""

    kind: str
    amount: Fraction
    span: Span


@dataclass(frozen=True, slots=True)
class Plan:
    """The users of a resource in one configuration."""

    name: str
    resource: Resource
    usage: Usage
    stated: tuple[Stated, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class PeriodicTask:
    """Seconds; the deadline is counted from the release and is at most the period."""

    name: str
    period: Fraction
    execution: Fraction
    deadline: Fraction
    span: Span


@dataclass(frozen=True, slots=True)
class Processor:
    """`policy` is one of POLICIES."""

    name: str
    policy: str
    tasks: tuple[PeriodicTask, ...]
    span: Span


Claim: TypeAlias = Plan | Processor

RATE_MONOTONIC = "rate_monotonic"
DEADLINE_MONOTONIC = "deadline_monotonic"
FIXED_PRIORITY = "fixed_priority"
EARLIEST_DEADLINE_FIRST = "earliest_deadline_first"
POLICIES = (RATE_MONOTONIC, DEADLINE_MONOTONIC, FIXED_PRIORITY, EARLIEST_DEADLINE_FIRST)
"""How a processor picks its job: the shorter period first, the shorter deadline first, the task
that is listed first, or the job whose deadline comes first."""
