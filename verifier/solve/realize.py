"""Realizations: a choice of the end state that is right from every start, or a start without one.

Choices are tried against starts (counterexample-guided synthesis, Solar-Lezama 2006): the start
from which the choices so far fail either has no end state at all, and is the witness, or has one
that the next choice allows. What is left is an entailment: from every start one of the choices is
right. Over booleans and enumerations this ends, as the ends themselves are choices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from verifier.core.certificate import Chosen, Measured, Point
from verifier.core.cover import Cut, Leaf
from verifier.core.evaluate import Value
from verifier.core.motion import Family
from verifier.core.obligation import (
    Entailment,
    Existence,
    Fact,
    Obligation,
    Realization,
    from_there,
)
from verifier.core.substitution import constants, put
from verifier.core.term import And, Boolean, Comparison, Enumeration, Key, Or, Sort, variables
from verifier.core.verdict import (
    Contradiction,
    JudgedBefore,
    Proved,
    Refuted,
    SolverWord,
    Unknown,
    Verdict,
    Witness,
)
from verifier.solve.choice import Stands, choices, like
from verifier.solve.minimize import satisfies

ROUNDS = 16
Answer = Callable[[Obligation], Verdict | None]


def realize(owed: Obligation, question: Realization, answer: Answer) -> Verdict | None:
    """The verdict, by further questions to `answer`; None where that gives none."""
    more = _likely(owed, question, answer)
    pool = [next(more)]
    starts: list[dict[Key, Value]] = []
    taken = pool[:1]
    for _ in range(ROUNDS):
        verdict = answer(replace(owed, question=_entailment(question, taken)))
        match verdict:
            case Proved(evidence) if not isinstance(
                evidence, SolverWord | JudgedBefore | Point | Family | Leaf | Cut | Measured
            ):
                for stands in reversed(taken):
                    evidence = Chosen(tuple(sorted(stands.items())), evidence)
                return Proved(evidence)
            case Refuted(Witness(values)):
                starts.append(_whole(question, values, owed.sorts))
            case _:
                return verdict
        ends = from_there(question, values)
        match answer(replace(owed, question=Existence(ends))):
            case Proved(Point(end)):
                pool += more
                mine = like(question, values, dict(end))
                just = constants({key: value for key, value in end if key in mine})
                found = _next(question, starts, taken, [*pool, mine, {**mine, **just}])
            case Refuted(Contradiction() as stuck):
                return Refuted(Witness(values, _failed(question, ends, stuck), stuck))
            case None:
                return None
            case other:
                assert isinstance(other, Unknown)
                return Unknown(f"whether any end keeps the promise from some start: {other.reason}")
        if found is None:
            break
        taken = found
    return Unknown(
        "an end keeps the promise from each start that was tried, but no choice from all"
    )


def _likely(owed: Obligation, question: Realization, answer: Answer) -> Iterator[Stands]:
    """Choices, the likely ones first. Where what is promised has nothing to do with the start and
    ties scalars to each other, this is an end as good as any other."""
    free = dict(question.chosen)
    read = [set(variables(goal.formula)) for goal in question.goals]
    if all(keys <= free.keys() for keys in read) and any(map(_ties, question.goals)):
        match answer(replace(owed, question=Existence(question.goals))):
            case Proved(Point(end)):
                yield constants(dict(end))
    yield from choices(question, owed.sorts)


def _ties(goal: Fact) -> bool:
    """Whether a comparison that always has to hold reads several scalars."""
    parts = goal.formula.parts if isinstance(goal.formula, And) else (goal.formula,)
    return any(isinstance(p, Comparison) and len(set(variables(p))) > 1 for p in parts)


def _entailment(question: Realization, taken: Sequence[Stands]) -> Entailment:
    """That one of the choices is right from every start; facts are numbered as below `Chosen`."""
    first, *others = (
        tuple(replace(goal, formula=put(goal.formula, stands)) for goal in question.goals)
        for stands in taken
    )
    if not others:
        return Entailment(question.hypotheses, first)
    ways = tuple(And(tuple(goal.formula for goal in way)) for way in (first, *others))
    return Entailment(question.hypotheses, (replace(first[0], formula=Or(ways)),))


def _next(
    question: Realization,
    starts: Sequence[dict[Key, Value]],
    taken: Sequence[Stands],
    pool: Sequence[Stands],
) -> list[Stands] | None:
    """The choices to try next: one that is right from all starts, or one more."""
    right = [[_right(question, start, stands) for start in starts] for stands in pool]
    fresh = [place for place, stands in enumerate(pool) if stands not in taken]
    for place in fresh:
        if all(right[place]):
            return [pool[place]]
    for place in fresh:
        if right[place][-1]:
            return [*taken, pool[place]]
    return None


def _right(question: Realization, start: dict[Key, Value], stands: Stands) -> bool:
    there = constants(start)
    goals = (put(put(goal.formula, stands), there) for goal in question.goals)
    return satisfies(list(goals), {})


def _whole(
    question: Realization, values: dict[Key, Value], sorts: Mapping[str, Sort]
) -> dict[Key, Value]:
    """The start with a value for whatever a choice may keep: any, where the start has none."""
    missing = [old for _, old in question.chosen if old not in values]
    return values | {old: _any(sorts[old[0]]) for old in missing}


def _any(sort: Sort) -> Value:
    match sort:
        case Boolean():
            return False
        case Enumeration(labels):
            return labels[0]
        case _:
            return Fraction(0)


def _failed(question: Realization, ends: Sequence[Fact], stuck: Contradiction) -> Fact:
    """The goal to show first: a promise, where one takes part."""
    places = [place for place, end in enumerate(ends) if end in stuck.facts]
    places.sort(key=lambda place: question.goals[place].origin == "domain")
    return question.goals[places[0]]
