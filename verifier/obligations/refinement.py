"""Refinement: one skill may stand in for another one wherever that is called.

It asks for no more, promises no less, at every moment and at its end, can keep its promise wherever
the other one can, changes nothing else, uses no more and takes no longer (the consequence rule of
Hoare logic with a frame; behavioural subtyping after Liskov and Wing 1994). What is proved of a
chain then holds with the one in place of the other, apart from least times, and from what moves at
the same time and concerns the one alone. Where the robot chooses how long the other one takes, it
has to choose at least as freely here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from verifier.core.obligation import Entailment, Existence, Fact, Obligation, Question, Realization
from verifier.core.term import FALSE, TRUE, Comparison, number, variables
from verifier.model.values import Chain, Condition, Contract, Refinement
from verifier.obligations.path import Path, View, at, obligation, provable, with_domains
from verifier.obligations.realizable import declared

NOTHING: View = {}


def refinement(path: Path, chain: Chain) -> list[Obligation]:
    """What a claim `skill A refines B` owes: that it is possible at all to run A where B may begin,
    and `requires`, `ensures`, `invariant`, `realizable`, `frame`, `uses` and `duration`."""
    if chain.refinement is None:
        return []
    claim = chain.refinement
    new, other = claim.concrete, claim.abstract
    entry = path.places[0]
    end = replace(entry, view=dict.fromkeys(new.frame, 1), index=1)
    both = replace(path, places=(entry, end))

    def owe(part: str, question: Question, rule: str = "refinement") -> Obligation:
        found = obligation(both, end, chain, None, rule, question)
        return replace(found, id=f"{chain.name}/{part}", rule=rule)

    def entailed(known: Sequence[Fact], goals: Sequence[Fact]) -> Entailment:
        everything = with_domains(both, end, (*known, *goals))
        about = everything[len(known) + len(goals) :]
        return Entailment((*known, *about), tuple(goals))

    begins = _facts(other, (*other.requires, *other.invariants), NOTHING, NOTHING)
    ends = _facts(new, (*new.ensures, *new.invariants), end.view, NOTHING)
    asked = _facts(new, (*new.requires, *new.invariants), NOTHING, NOTHING)
    promised = _facts(other, (*other.ensures, *other.invariants), end.view, NOTHING)
    run = (*begins, *asked, *ends)
    owed = (
        [owe("sanity/possible", Existence(with_domains(both, end, run)), "sanity")] if run else []
    )
    goals = [*asked, *_watched(claim)]
    if goals:
        owed.append(owe("refinement/requires", entailed(begins, goals)))
    if promised:
        owed.append(owe("refinement/ensures", entailed([*begins, *ends], promised)))
    keeps = _facts(other, other.invariants, end.view, NOTHING)
    if keeps:
        kept = _facts(new, new.invariants, end.view, NOTHING)
        owed.append(owe("refinement/invariant", entailed([*begins, *kept], keeps)))
    if new.ensures:
        owed.append(owe("refinement/realizable", _realizable(both, claim, [*begins, *asked], ends)))
    owed.append(owe("refinement/frame", Entailment((), tuple(_frame(claim)))))
    more = tuple(_uses(claim))
    if more:
        owed.append(owe("refinement/uses", Entailment((), more)))
    owed.append(owe("refinement/duration", Entailment((), (_duration(claim),))))
    return owed


def _facts(whose: Contract, conditions: Sequence[Condition], view: View, old: View) -> list[Fact]:
    return [at(c, whose.text, view, old) for c in conditions if provable(c)]


def _realizable(
    both: Path, claim: Refinement, begun: Sequence[Fact], ends: Sequence[Fact]
) -> Realization:
    """That the skill can keep its promise wherever the other one can, of which version 2 tells."""
    entry, end = both.places
    new, other = claim.concrete, claim.abstract
    place = replace(end, view=dict.fromkeys(other.frame, 2), index=2)
    kept = _facts(other, (*other.ensures, *other.invariants), place.view, NOTHING)
    goals = (*ends, *declared(both, new.frame, end.view, ends))
    read = {key for goal in goals for key in variables(goal.formula)}
    chosen = tuple(((name, 1), (name, 0)) for name in sorted(new.frame) if (name, 1) in read)
    others = replace(both, places=(entry, end, place))
    about = [*begun, *kept, *goals]
    known = [
        each
        for each in with_domains(others, place, about)[len(about) :]
        if not {key for key, _ in chosen} & set(variables(each.formula))
    ]
    return Realization((*begun, *kept, *known), goals, chosen)


def _watched(claim: Refinement) -> Iterator[Fact]:
    """What the skill leaves to a monitor, and the other one does not."""
    new, other = claim.concrete, claim.abstract
    known = {c.formula for c in (*other.requires, *other.invariants) if not provable(c)}
    for condition in (*new.requires, *new.invariants):
        if not provable(condition) and condition.formula not in known:
            told = f"{new.text} also needs `{condition.text}`, which {other.text} does not"
            yield Fact(FALSE, condition.span, told)


def _frame(claim: Refinement) -> Iterator[Fact]:
    new, other = claim.concrete, claim.abstract
    more = sorted(new.frame - other.frame)
    for name in more:
        told = f"{new.text} may change `{name}`, which {other.text} leaves alone"
        yield Fact(FALSE, claim.span, told)
    if not more:
        yield Fact(TRUE, claim.span, "no other scalar")


def _uses(claim: Refinement) -> Iterator[Fact]:
    """That of no resource more is used."""
    new, other = claim.concrete, claim.abstract
    for name in dict.fromkeys(use.resource for use in new.uses):
        mine, theirs = (
            sum((use.amount for use in each.uses if use.resource == name), Fraction(0))
            for each in (new, other)
        )
        span = next(use.span for use in new.uses if use.resource == name)
        told = f"{new.text} may use more of `{name}` than {other.text}"
        yield Fact(Comparison("<=", number(mine), number(theirs)), span, told)


def _duration(claim: Refinement) -> Fact:
    new, other = claim.concrete.duration, claim.abstract.duration
    told = f"{claim.concrete.text} may take longer than {claim.abstract.text}"
    if other.chosen:
        told = f"how long {claim.concrete.text} takes cannot be chosen as for {claim.abstract.text}"
        wide = new.high is None or (other.high is not None and other.high <= new.high)
        free = new.chosen and new.low <= other.low and wide
        return Fact(TRUE if free else FALSE, new.span, told)
    if other.high is None:
        return Fact(TRUE, new.span, told)
    if new.high is None:
        return Fact(FALSE, new.span, told)
    return Fact(Comparison("<=", number(new.high), number(other.high)), new.span, told)
