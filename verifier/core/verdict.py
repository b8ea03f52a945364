"""The four ways in which an obligation can end, each with what its reader needs next."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.certificate import Certificate, Counterexample, Refutation
from verifier.core.evaluate import Value
from verifier.core.obligation import Fact
from verifier.core.term import Key


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A minimal set of facts that no state satisfies together, with its refutation if one was
    found."""

    facts: tuple[Fact, ...]
    refutation: Refutation | None


@dataclass(frozen=True, slots=True)
class Witness:
    """An assignment that makes the hypotheses true and `failed`, one of the goals, false.

    Of a realization: one from which no choice makes the goals true; `stuck` are the goals, with
    the assignment put in, that contradict each other, and `failed` is the first of them.
    """

    values: dict[Key, Value]
    failed: Fact
    stuck: Contradiction | None = None


@dataclass(frozen=True, slots=True)
class SolverWord:
    """Nothing but a solver's answer stands behind the verdict."""

    solver: str
    why_no_certificate: str


@dataclass(frozen=True, slots=True)
class JudgedBefore:
    """A certificate for the same question was accepted here before, by the same version of the
    judge."""


@dataclass(frozen=True, slots=True)
class Proved:
    evidence: Certificate | SolverWord | JudgedBefore
    margin: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Refuted:
    evidence: Witness | Contradiction | Counterexample


@dataclass(frozen=True, slots=True)
class Deferred:
    monitor: str
    fallback: str


@dataclass(frozen=True, slots=True)
class Unknown:
    reason: str


Verdict: TypeAlias = Proved | Refuted | Deferred | Unknown
