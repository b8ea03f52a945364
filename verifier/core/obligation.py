"""What a chain owes, as self-contained questions: nothing else is needed to answer or to judge
one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from verifier.core.budget import Budget
from verifier.core.evaluate import Value
from verifier.core.motion import Plan, Problem
from verifier.core.network import Network
from verifier.core.schedule import EarliestDeadline, FixedPriority
from verifier.core.span import Span
from verifier.core.substitution import constants, put
from verifier.core.term import Formula, Key, Sort


@dataclass(frozen=True, slots=True)
class Fact:
    """A formula with the place that it came from. `origin` says whose it is: `assume`,
    `Reach(cup)`."""

    formula: Formula
    span: Span
    origin: str


@dataclass(frozen=True, slots=True)
class Entailment:
    """Every assignment that makes all hypotheses true makes all goals true."""

    hypotheses: tuple[Fact, ...]
    goals: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Existence:
    """Some assignment makes all facts true."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Realization:
    """Whatever makes all hypotheses true, the chosen variables can be given values, which may
    depend on it, that make all goals true as well.

    `chosen` are variables that no hypothesis reads, each with the one that it takes the place of:
    what the scalar was before, whose value may be kept.
    """

    hypotheses: tuple[Fact, ...]
    goals: tuple[Fact, ...]
    chosen: tuple[tuple[Key, Key], ...]


@dataclass(frozen=True, slots=True)
class Deferral:
    """Nothing can be proved beforehand: the bundle watches the goals and takes the fallback."""

    goals: tuple[Fact, ...]
    monitor: str
    fallback: str


@dataclass(frozen=True, slots=True)
class Passage:
    """The plan serves every start of the problem. The hypotheses and the goals say it in part, as
    formulas about a start, so that a state at which it fails can be shown: speeds, accelerations
    and the end. `start` are the scalars of a start, in order."""

    problem: Problem
    plan: Plan
    start: tuple[Key, ...]
    hypotheses: tuple[Fact, ...]
    goals: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Unstated:
    """A question that this machine judged before and does not state again. `of_runs` says whether
    it is an entailment or a realization."""

    of_runs: bool


Measure: TypeAlias = Network | FixedPriority | EarliestDeadline | Budget
Question: TypeAlias = Entailment | Existence | Realization | Deferral | Passage | Measure | Unstated


@dataclass(frozen=True, slots=True)
class Takeover:
    """The monitor that takes over what is not proved, and its fallback."""

    monitor: str
    fallback: str


@dataclass(frozen=True, slots=True)
class Obligation:
    """One thing owed.

    `id` is stable between runs (`FetchCup/3:Grasp/initial`). `step` counts from 1; 0 stands for the
    chain's start. `sorts` gives the sort of every scalar name that occurs. `view` lists, for the
    place where the obligation is owed, the version under which each scalar stands there; a witness
    is shown through it. Where a `takeover` is named, what is not settled is deferred to it.
    """

    id: str
    rule: str
    chain: str
    step: int
    span: Span
    question: Question
    sorts: dict[str, Sort]
    view: dict[str, int]
    takeover: Takeover | None = None


def facts_of(question: Question) -> tuple[Fact, ...]:
    """All facts of a question, hypotheses first; none of one that is about measures alone."""
    match question:
        case Entailment(hypotheses, goals) | Realization(hypotheses, goals):
            return hypotheses + goals
        case Passage(_, _, _, hypotheses, goals):
            return hypotheses + goals
        case Existence(facts):
            return facts
        case Deferral(goals):
            return goals
        case _:
            return ()


def from_there(question: Realization, start: Mapping[Key, Value]) -> tuple[Fact, ...]:
    """The goals of a realization, with the values of one start put in."""
    stands = constants(start)
    return tuple(replace(goal, formula=put(goal.formula, stands)) for goal in question.goals)
