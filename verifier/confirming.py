"""A finder's answer judged without its finder: certificates by `check`, witnesses by exact
evaluation. What does not stand up to this is a defect of ours."""

from __future__ import annotations

from dataclasses import replace

from verifier.check.boxed import broken
from verifier.check.judge import judge, judge_contradiction, judge_counterexample
from verifier.check.outcome import Accepted, Rejected
from verifier.core.evaluate import NoExactValue, holds
from verifier.core.obligation import (
    Deferral,
    Entailment,
    Existence,
    Obligation,
    Passage,
    Realization,
    facts_of,
    from_there,
)
from verifier.core.verdict import (
    Contradiction,
    Deferred,
    JudgedBefore,
    Proved,
    Refuted,
    SolverWord,
    Unknown,
    Verdict,
    Witness,
)


class Defect(Exception):
    """An answer of ours that does not stand up to its judgement."""


def confirmed(obligation: Obligation, verdict: Verdict) -> Verdict:
    """The verdict, judged without its finder. Raises Defect for one that is wrong."""
    match verdict:
        case Unknown():
            return verdict
        case Proved(JudgedBefore()):
            raise Defect(f"{obligation.id}: a finder says that it was judged before")
        case Proved(evidence):
            if not isinstance(evidence, SolverWord | JudgedBefore):
                _accept(obligation, judge(obligation, evidence))
            return verdict
        case Refuted(Contradiction() as contradiction):
            _contradicts(obligation, contradiction)
            return verdict
        case Refuted(Witness() as witness):
            return _replayed(obligation, verdict, witness)
        case Refuted(counterexample):
            _accept(obligation, judge_counterexample(obligation, counterexample))
            return verdict
        case Deferred():
            if not isinstance(obligation.question, Deferral):
                raise Defect(f"{obligation.id}: deferred, but nothing takes it over")
            return verdict
        case _:
            raise AssertionError(verdict)


def _accept(obligation: Obligation, outcome: Accepted | Rejected) -> None:
    if isinstance(outcome, Rejected):
        raise Defect(f"{obligation.id}: our own evidence was rejected: {outcome.reason}")


def _contradicts(obligation: Obligation, contradiction: Contradiction) -> None:
    known = facts_of(obligation.question)
    if not all(fact in known for fact in contradiction.facts):
        raise Defect(f"{obligation.id}: the contradiction uses a fact of its own")
    if contradiction.refutation is not None:
        refutation = contradiction.refutation
        _accept(obligation, judge_contradiction(contradiction.facts, refutation, obligation.sorts))


def _replayed(obligation: Obligation, verdict: Verdict, witness: Witness) -> Verdict:
    question = obligation.question
    if (
        not isinstance(question, Entailment | Realization | Passage)
        or witness.failed not in question.goals
    ):
        raise Defect(f"{obligation.id}: the witness answers another question")
    try:
        allowed = all(holds(fact.formula, witness.values) for fact in question.hypotheses)
        if isinstance(question, Realization):
            fails = _stuck(obligation, question, witness)
        else:
            fails = not holds(witness.failed.formula, witness.values)
    except NoExactValue as undefined:
        if isinstance(question, Entailment) and broken(question, witness.values):
            return verdict
        return Unknown(f"a witness was found that exact arithmetic cannot replay: {undefined}")
    except KeyError as missing:
        raise Defect(f"{obligation.id}: the witness lacks {missing}") from None
    if not (allowed and fails):
        raise Defect(f"{obligation.id}: the witness does not stand up to its replay")
    return verdict


def _stuck(obligation: Obligation, question: Realization, witness: Witness) -> bool:
    """Whether no end keeps the promise from the start that the witness gives."""
    if witness.stuck is None:
        return False
    ends = Existence(from_there(question, witness.values))
    _contradicts(replace(obligation, question=ends), witness.stuck)
    return True
