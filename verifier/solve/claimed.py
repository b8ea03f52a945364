"""What barriers owe, decided as claims about boxes (verifier/core/cover.py).

An entailment is settled by cutting its box, and by z3 where it is algebraic. A state that satisfies
facts is a counterexample to the claim that nothing does.
"""

from __future__ import annotations

from collections.abc import Sequence

from verifier.core.certificate import Point
from verifier.core.cover import Crossing, Cut, Leaf, Reading, Violation, reading
from verifier.core.evaluate import NoExactValue, Value, holds
from verifier.core.obligation import Entailment, Existence, Fact, Obligation
from verifier.core.term import Comparison, Key, number
from verifier.core.verdict import (
    Contradiction,
    Proved,
    Refuted,
    SolverWord,
    Unknown,
    Verdict,
    Witness,
)
from verifier.solve.branch import Effort, Undecided, decide
from verifier.solve.surface import on_surface
from verifier.solve.validity import Answer, Invalid, Valid
from verifier.solve.validity import settle as settled

RULES = ("inhabited", "start", "keeps", "barrier", "feasibility", "gain", "sampling", "baseline")
QUICK = Effort(boxes=40, seconds=2.0)
BOXES = 4000


def quickly(obligation: Obligation) -> Verdict | None:
    """The verdict if few boxes are enough; None if not, and for what is no claim."""
    read = _read(obligation)
    if read is None:
        return None
    found = decide(read.claim, QUICK)
    if isinstance(found, Undecided):
        return None
    answer: Answer = Valid(found) if isinstance(found, Leaf | Cut) else Invalid(found)
    return _verdict(obligation, read, answer)


def thoroughly(obligation: Obligation, timeout_s: float) -> Verdict | None:
    """The verdict of the whole search; None for what is no claim."""
    read = _read(obligation)
    if read is None:
        return None
    return _verdict(obligation, read, settled(read.claim, timeout_s, Effort(BOXES, 2 * timeout_s)))


def _read(obligation: Obligation) -> Reading | None:
    if obligation.rule not in RULES:
        return None
    match obligation.question:
        case Entailment() as question:
            return reading(question)
        case Existence(facts):
            nothing = Fact(Comparison("<=", number(1), number(0)), obligation.span, "nothing")
            read = reading(Entailment(facts, (nothing,)))
            return read if read is not None and read.exact else None
        case _:
            return None


def _verdict(obligation: Obligation, read: Reading, answer: Answer) -> Verdict:
    match answer:
        case Undecided(reason):
            return Unknown(reason)
        case Invalid(Crossing() as crossing):
            found = on_surface(read.claim, crossing)
            if found is None:
                return Unknown("it is broken between two states, at one that is not rational")
            return _at(obligation, read, found)
        case Invalid(Violation() as violation):
            return _at(obligation, read, violation)
        case Valid(evidence):
            return _shown(obligation, evidence)
    raise AssertionError(answer)


def _at(obligation: Obligation, read: Reading, violation: Violation) -> Verdict:
    keys = [key for key, _, _ in read.claim.box]
    return _broken(obligation, read, dict(zip(keys, violation.point, strict=True)))


def _shown(obligation: Obligation, evidence: Leaf | Cut | SolverWord) -> Verdict:
    match obligation.question:
        case Existence(facts):
            return Refuted(Contradiction(facts, None))
        case _:
            return Proved(evidence)


def _broken(obligation: Obligation, read: Reading, values: dict[Key, Value]) -> Verdict:
    match obligation.question:
        case Existence():
            return Proved(Point(tuple(sorted(values.items()))))
        case Entailment(hypotheses, (goal,)):
            if read.exact or _allowed(hypotheses, values):
                return Refuted(Witness(values, goal))
            return Unknown(
                "it does not follow from the bounds that are known; a smaller period may help"
            )
    raise AssertionError(obligation.question)


def _allowed(hypotheses: Sequence[Fact], values: dict[Key, Value]) -> bool:
    try:
        return all(holds(fact.formula, values) for fact in hypotheses)
    except (NoExactValue, KeyError):
        return False
