"""One obligation in, one verdict out.

First the tableau of refute.py, which is bounded by steps and settles what is common. What is left
goes to z3: its unsatisfiable core back into the tableau for a certificate, its model through
minimize.py into a witness. A certificate returned here has still to be judged by the caller.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from verifier.core.budget import Budget
from verifier.core.certificate import Point
from verifier.core.evaluate import Value
from verifier.core.network import Network
from verifier.core.obligation import (
    Deferral,
    Entailment,
    Existence,
    Fact,
    Measure,
    Obligation,
    Passage,
    Question,
    Realization,
    Unstated,
)
from verifier.core.schedule import EarliestDeadline, FixedPriority
from verifier.core.term import FALSE, And, Formula, Key, Not, Sort, disjunction, variables
from verifier.core.verdict import (
    Contradiction,
    Deferred,
    Proved,
    Refuted,
    SolverWord,
    Unknown,
    Verdict,
    Witness,
)
from verifier.solve import claimed, smt
from verifier.solve.budget import settle_budget
from verifier.solve.convex import available
from verifier.solve.facts import Signed
from verifier.solve.minimize import repaired, satisfies, simplest
from verifier.solve.network import settle_network
from verifier.solve.passage import passage
from verifier.solve.realize import realize
from verifier.solve.refute import Closed, GaveUp, Open, refute
from verifier.solve.schedule import settle_earliest, settle_fixed
from verifier.solve.walk import applications, may_be_undefined

State: TypeAlias = Mapping[Key, Value]

STEPS_CHEAP = 40_000
STEPS_CORE = 500_000
MANY_FACTS = 40
RINGS = 2
STEPS_NEAR = 2_000
STEPS_MINIMAL = 2_000
MINIMAL_TRIES = 50
PATIENT_S = 8.0
GLANCE_S = 2.0
"""What z3 is given first. Most of what it answers takes it less."""
SQUARES_S = 12.0
"""What the search for sums of squares may take, where the solver is given as much as PATIENT_S."""
AFTERWARDS_S = 1.5
"""What the search for a certificate may take, beyond the solver's time over again."""
LOADING_S = 10.0
"""What it may take to load the solvers."""


def longest_s(timeout_s: float) -> float:
    """The processor time in seconds after which there should be a verdict, and will be none."""
    squares = SQUARES_S if timeout_s >= PATIENT_S else 0.0
    return 2 * timeout_s + GLANCE_S + AFTERWARDS_S + LOADING_S + squares


def discharge(obligation: Obligation, timeout_s: float, pool: Sequence[State] = ()) -> Verdict:
    """The verdict on an obligation. z3 is asked for at most `timeout_s`, and only if needed.

    `pool` holds states that were met before: first guesses where a state is asked for.
    """
    verdict = settle(obligation, pool)
    return ask(obligation, timeout_s) if verdict is None else verdict


def settle(obligation: Obligation, pool: Sequence[State] = ()) -> Verdict | None:
    """The verdict if the tableau finds it within STEPS_CHEAP; None if z3 has to be asked."""
    question, sorts = obligation.question, obligation.sorts
    if obligation.rule in claimed.RULES:
        return claimed.quickly(obligation) or _closed(obligation, STEPS_CHEAP)
    match question:
        case Deferral(_, monitor, fallback):
            return Deferred(monitor, fallback)
        case Realization():
            return realize(obligation, question, settle)
        case Passage() as way:
            return passage(way)
        case Network() | FixedPriority() | EarliestDeadline() | Budget() as measure:
            return _settle_measure(measure)
        case Existence(facts):
            guessed = _known_state([fact.formula for fact in facts], pool)
            if guessed is not None:
                return Proved(_point(guessed))
        case Entailment(_, goals):
            if any(may_be_undefined(goal.formula) for goal in goals):
                return None
    outcome = _nearby(question, sorts) or refute(_assertions(question), sorts, STEPS_CHEAP)
    match question, outcome:
        case Existence(facts), Open(state) if obligation.step == 0:
            # Readers meet this state: it completes the witnesses of the chain.
            return Proved(_point(simplest([fact.formula for fact in facts], state, sorts)))
    return _from_outcome(question, sorts, outcome)


def _nearby(question: Question, sorts: Mapping[str, Sort]) -> Closed | None:
    """A proof from the few facts that read what the goals read, or what these facts do. Where they
    are most of the facts, nothing is tried."""
    match question:
        case Entailment(hypotheses, goals) if len(hypotheses) >= MANY_FACTS:
            read = [set(variables(fact.formula)) for fact in hypotheses]
        case _:
            return None
    reached = {key for goal in goals for key in variables(goal.formula)}
    near: set[int] = set()
    for _ in range(RINGS):
        near = {place for place, keys in enumerate(read) if not keys.isdisjoint(reached)}
        reached.update(*(read[place] for place in near))
    if 2 * len(near) > len(hypotheses):
        return None
    outcome = refute(_assertions(question), sorts, STEPS_NEAR, {*near, len(hypotheses)})
    return outcome if isinstance(outcome, Closed) else None


def _settle_measure(question: Measure) -> Verdict:
    """The verdict on what is about time or resources alone."""
    match question:
        case Network():
            return settle_network(question)
        case FixedPriority():
            return settle_fixed(question)
        case EarliestDeadline():
            return settle_earliest(question)
        case Budget():
            return settle_budget(question)


def _from_outcome(
    question: Question, sorts: Mapping[str, Sort], outcome: Closed | Open | GaveUp
) -> Verdict | None:
    match question, outcome:
        case _, GaveUp():
            return None
        case Entailment(), Closed(refutation, _):
            return Proved(refutation)
        case Existence(facts), Closed(_, used):
            return Refuted(_contradiction([facts[index] for index in used], sorts))
        case Entailment(hypotheses, goals), Open(state):
            return _refuted(hypotheses, goals, state, sorts)
        case Existence(), Open(state):
            return Proved(_point(state))
    raise AssertionError(question)


def _closed(obligation: Obligation, steps: int, timeout_s: float = 0.0) -> Verdict | None:
    """A claim about a box, proved as any other entailment is; None if that is not enough."""
    match obligation.question:
        case Entailment(_, goals) as question:
            if any(may_be_undefined(goal.formula) for goal in goals):
                return None
        case _:
            return None
    assertions, sorts = _assertions(question), obligation.sorts
    deadline = time.thread_time() + timeout_s + AFTERWARDS_S
    outcome = refute(assertions, sorts, steps, deadline=deadline)
    if isinstance(outcome, GaveUp) and timeout_s >= PATIENT_S:
        deadline = time.thread_time() + SQUARES_S
        outcome = refute(assertions, sorts, steps, deadline=deadline, squares=True)
    return Proved(outcome.refutation) if isinstance(outcome, Closed) else None


def _assertions(question: Question) -> list[Signed]:
    """What is to be refuted, in the order of verifier/core/certificate.py."""
    match question:
        case Entailment(hypotheses, goals):
            signed: list[Signed] = [(fact.formula, True) for fact in hypotheses]
            return [*signed, (And(tuple(fact.formula for fact in goals)), False)]
        case Existence(facts):
            return [(fact.formula, True) for fact in facts]
        case _:
            return []


def _refuted(
    hypotheses: Sequence[Fact], goals: Sequence[Fact], state: State, sorts: Mapping[str, Sort]
) -> Verdict:
    """The simplest witness near the state, for the first goal that fails there."""
    given = [fact.formula for fact in hypotheses]
    failed = next(goal for goal in goals if not satisfies([goal.formula], state))
    values = simplest([*given, Not(failed.formula)], state, sorts)
    return Refuted(Witness(values, failed))


def _contradiction(facts: list[Fact], sorts: Mapping[str, Sort]) -> Contradiction:
    """The facts, less those that are not needed, with the refutation of what is left."""
    kept = list(facts)
    for fact in facts[:MINIMAL_TRIES]:
        if fact not in kept:
            continue
        fewer = [other for other in kept if other is not fact]
        outcome = refute([(other.formula, True) for other in fewer], sorts, STEPS_MINIMAL)
        if isinstance(outcome, Closed):
            kept = [fewer[index] for index in outcome.used]
    kept_only = [(fact.formula, True) for fact in kept]
    outcome = refute(kept_only, sorts, STEPS_CORE)
    refutation = outcome.refutation if isinstance(outcome, Closed) else None
    return Contradiction(tuple(kept), refutation)


def _known_state(wanted: Sequence[Formula], pool: Sequence[State]) -> State | None:
    """The first state of the pool that satisfies the formulas, as far as they read it."""
    keys = dict.fromkeys(key for formula in wanted for key in variables(formula))
    for state in pool:
        if all(key in state for key in keys) and satisfies(wanted, state):
            return {key: state[key] for key in keys}
    return None


def _point(state: State) -> Point:
    return Point(tuple(sorted(state.items())))


# ---- with z3 -----------------------------------------------------------------------------------


def ask(obligation: Obligation, timeout_s: float) -> Verdict:
    """The verdict that z3 leads to."""
    if obligation.rule in claimed.RULES:
        found = claimed.thoroughly(obligation, timeout_s)
        match found:
            case Unknown() | Proved(SolverWord()):
                return _closed(obligation, STEPS_CORE, timeout_s) or found
            case Proved() | Refuted() | Deferred():
                return found
    match obligation.question:
        case Deferral(_, monitor, fallback):
            return Deferred(monitor, fallback)
        case Passage() as way:
            return passage(way)
        case Existence() as question:
            return _ask_existence(question, obligation.sorts, timeout_s)
        case Entailment() as question:
            return _ask_entailment(question, obligation.sorts, timeout_s)
        case Realization() as question:
            return _ask_realization(obligation, question, timeout_s)
        case Unstated():
            return Unknown("the question is not stated")
        case measure:
            return _settle_measure(measure)


def _ask_realization(obligation: Obligation, question: Realization, timeout_s: float) -> Verdict:
    """Each of the questions that it comes down to gets a part of the time."""
    ends = time.thread_time() + timeout_s

    def answer(part: Obligation) -> Verdict:
        if time.thread_time() > ends:
            return Unknown(f"timeout after {int(timeout_s * 1000)} ms")
        return discharge(part, timeout_s / 4)

    verdict = realize(obligation, question, answer)
    assert verdict is not None
    return verdict


def _ask_existence(question: Existence, sorts: Mapping[str, Sort], timeout_s: float) -> Verdict:
    deadline = time.thread_time() + 2 * timeout_s + AFTERWARDS_S
    facts = question.facts
    wanted = [fact.formula for fact in facts]
    match smt.satisfy(wanted, sorts, timeout_s):
        case smt.NoAnswer(reason):
            return _without_answer(question, sorts, deadline, timeout_s) or Unknown(reason)
        case smt.Unsatisfiable(core):
            return Refuted(_contradiction([facts[index] for index in core], sorts))
        case smt.Model(values, irrational):
            state = repaired(wanted, values, irrational)
            if state is None:
                return Unknown(_no_exact_state(irrational))
            return Proved(_point(simplest(wanted, state, sorts)))


def _ask_entailment(question: Entailment, sorts: Mapping[str, Sort], timeout_s: float) -> Verdict:
    """z3 is given a glance; what it does not see then, the tableau may, and squares; z3 is last."""
    deadline = time.thread_time() + GLANCE_S + timeout_s + AFTERWARDS_S
    hypotheses, goals = question.hypotheses, question.goals
    given = [fact.formula for fact in hypotheses]
    negated = disjunction(Not(goal.formula) for goal in goals)
    answer = smt.satisfy([*given, negated], sorts, min(GLANCE_S, timeout_s))
    if isinstance(answer, smt.NoAnswer):
        if not any(may_be_undefined(goal.formula) for goal in goals):
            found = _without_answer(question, sorts, deadline, timeout_s)
            if found is not None:
                return found
        if timeout_s > GLANCE_S:
            answer = smt.satisfy([*given, negated], sorts, timeout_s)
    match answer:
        case smt.NoAnswer(reason):
            return Unknown(reason)
        case smt.Model(values, irrational):
            state = repaired([*given, negated], values, irrational)
            if state is None:
                return Unknown(_no_exact_state(irrational))
            return _refuted(hypotheses, goals, state, sorts)
        case smt.Unsatisfiable(core):
            pass
    partial = next(filter(None, (may_be_undefined(goal.formula) for goal in goals)), None)
    if partial is not None:
        return _ask_defined(given, goals, partial, sorts, timeout_s)
    needed = {index for index in core if index < len(given)}
    outcome = _certificate(question, needed, sorts, deadline, timeout_s)
    if isinstance(outcome, Closed):
        return Proved(outcome.refutation)
    return Proved(SolverWord("z3", outcome.reason))


def _without_answer(
    question: Question, sorts: Mapping[str, Sort], deadline: float, timeout_s: float
) -> Verdict | None:
    """What the tableau makes of the question with more steps; None if that is not enough."""
    outcome = refute(_assertions(question), sorts, STEPS_CORE, deadline=deadline)
    if isinstance(outcome, GaveUp) and timeout_s >= PATIENT_S and available():
        ends = time.thread_time() + SQUARES_S
        outcome = refute(_assertions(question), sorts, STEPS_CORE, deadline=ends, squares=True)
    return _from_outcome(question, sorts, outcome)


def _certificate(
    question: Entailment,
    needed: set[int],
    sorts: Mapping[str, Sort],
    deadline: float,
    timeout_s: float,
) -> Closed | GaveUp:
    """A refutation that uses only the needed hypotheses, numbered as the judge will see them."""
    assertions = _assertions(question)
    only = {*needed, len(assertions) - 1}
    outcome = refute(assertions, sorts, STEPS_CORE, only, deadline)
    if isinstance(outcome, GaveUp) and timeout_s >= PATIENT_S and available():
        ends = time.thread_time() + SQUARES_S
        outcome = refute(assertions, sorts, STEPS_CORE, only, ends, squares=True)
    if isinstance(outcome, Open):
        return GaveUp("the solver's core does not suffice in exact arithmetic")
    return outcome


def _no_exact_state(irrational: Sequence[Key]) -> str:
    if irrational:
        names = ", ".join(f"`{name}`" for name, _ in irrational[:3])
        return f"z3 found a state, but only with irrational values of {names}"
    return "z3 found a state, but exact arithmetic does not confirm it"


def _ask_defined(
    given: Sequence[Formula],
    goals: Sequence[Fact],
    why: str,
    sorts: Mapping[str, Sort],
    timeout_s: float,
) -> Verdict:
    """The goals hold where they are defined; are they defined wherever the hypotheses hold?"""
    undefined = disjunction(Not(smt.definedness(goal.formula)) for goal in goals)
    if undefined == FALSE or any(
        term.function == "tan" for goal in goals for term in applications(goal.formula)
    ):
        return Unknown(f"the goal uses {why}")
    match smt.satisfy([*given, undefined], sorts, timeout_s):
        case smt.NoAnswer(reason):
            return Unknown(reason)
        case smt.Model():
            return Unknown(f"the goal uses {why}, and it may be undefined here")
        case smt.Unsatisfiable():
            return Proved(SolverWord("z3", f"the goal uses {why}"))
