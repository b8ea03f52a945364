"""What a report says, as plain values: the pipeline fills them in, every format prints them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic
from verifier.core.evaluate import Value
from verifier.core.obligation import Obligation
from verifier.core.span import Span
from verifier.core.unit import Unit
from verifier.core.verdict import Deferred, Proved, Refuted, SolverWord, Unknown, Verdict

AT_END = ("achieve", "within")
"""The rules of what is owed at the end of a chain."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a scalar is shown: `ee.x` is a part of `ee`, in the unit declared for it.

    `listed` says that the member has several parts, which are shown as one list.
    """

    member: str
    listed: bool
    unit: Unit | None


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step of the chain: its number, its call as text, where it stands, its longest duration in
    seconds (None if it promises none), its parameters with their arguments, and its place in the
    source, which differs from the number in chains that repeat or branch."""

    number: int
    text: str
    span: Span
    longest: Fraction | None
    arguments: tuple[tuple[str, str], ...]
    label: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An obligation with its verdict.

    Of a refuted one with a witness, `start` and `state` are the values (in base units, by scalar)
    at the chain's start and at the place where the obligation is owed; otherwise both are empty.
    """

    obligation: Obligation
    verdict: Verdict
    start: Mapping[str, Value]
    state: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Repair:
    """A change of the source that makes every obligation of the chain hold.

    `edited` is the file with the change, and `added` where the new text stands in it. `shortest`
    and `longest` are how long the whole chain then takes, in seconds; None is unbounded.
    """

    insert: str
    before_step: int
    edited: str
    added: Span
    shortest: Fraction
    longest: Fraction | None


@dataclass(frozen=True, slots=True)
class Promise:
    """What is known beforehand of a property in every run of the chain.

    `status` is proved, refuted, deferred to the bundle with its `fallback`, or unknown where the
    bundle cannot watch it either. `reason` says why it is not proved; None if it is.
    """

    name: str
    span: Span
    status: str
    reason: str | None
    fallback: str | None


@dataclass(frozen=True, slots=True)
class ChainReport:
    """A chain's answers, without those that a property's monitor took over: `properties` says what
    became of each. Durations in seconds; `longest` None means that no bound is promised. What the
    barriers of a plant owe, or a budget, stands in a report of its own, which is not `timed`.

    `search` says what was tried where the chain is refuted and `repairs` is empty; `faults` are
    mistakes in the source because of which nothing could be, and `narrower` a condition on the
    start under which a transition closes the gap.
    """

    name: str
    span: Span
    steps: tuple[StepShown, ...]
    answers: tuple[Answer, ...]
    shortest: Fraction
    longest: Fraction | None
    shown: Mapping[str, Shown]
    properties: tuple[Promise, ...] = ()
    repairs: tuple[Repair, ...] = ()
    search: str | None = None
    faults: tuple[Diagnostic, ...] = ()
    narrower: str | None = None
    timed: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run has to say. `texts` holds the source of every file by its path."""

    diagnostics: tuple[Diagnostic, ...]
    chains: tuple[ChainReport, ...]
    texts: Mapping[str, str]


def status(verdict: Verdict) -> str:
    """The verdict in one word."""
    match verdict:
        case Proved():
            return "proved"
        case Refuted():
            return "refuted"
        case Deferred():
            return "deferred"
        case Unknown():
            return "unknown"


def evidence(verdict: Verdict) -> str | None:
    """What stands behind a `proved`: `certificate` or `solver`; None for other verdicts."""
    if not isinstance(verdict, Proved):
        return None
    return "solver" if isinstance(verdict.evidence, SolverWord) else "certificate"


def solvers(verdict: Verdict) -> list[str]:
    """The solvers whose word alone stands behind a `proved`; none for other verdicts."""
    match verdict:
        case Proved(SolverWord(solver)):
            return solver.split(" and ")
        case _:
            return []


def chain_verdict(chain: ChainReport) -> str:
    """`refuted` if anything is, else `unknown` if anything is, else `proved`."""
    found = [*(status(a.verdict) for a in chain.answers), *(p.status for p in chain.properties)]
    return worst(found)


def worst(found: Iterable[str]) -> str:
    """The verdict of a whole from those of its parts."""
    seen = set(found)
    return "refuted" if "refuted" in seen else "unknown" if "unknown" in seen else "proved"
