"""Refinement: one skill may stand in for another one wherever that is called.

It asks for no more, promises no less, changes nothing else and takes no longer (the consequence
rule of Hoare logic with a frame; behavioural subtyping after Liskov and Wing 1994). What is proved
of a chain then holds with the one in place of the other, apart from least times. Where the robot
chooses how long the other one takes, it has to choose at least as freely here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from verifier.core.obligation import Entailment, Existence, Fact, Obligation, Question
from verifier.core.term import FALSE, TRUE, Comparison, number
from verifier.model.values import Chain, Condition, Contract, Refinement
from verifier.obligations.path import Path, View, at, obligation, provable, with_domains

NOTHING: View = {}


def refinement(path: Path, chain: Chain) -> list[Obligation]:
    """What a claim `skill A refines B` owes: that it is possible at all to run A where B may begin,
    and `requires`, `ensures`, `frame` and `duration`."""
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
    owed.append(owe("refinement/frame", Entailment((), tuple(_frame(claim)))))
    owed.append(owe("refinement/duration", Entailment((), (_duration(claim),))))
    return owed


def _facts(whose: Contract, conditions: Sequence[Condition], view: View, old: View) -> list[Fact]:
    return [at(c, whose.text, view, old) for c in conditions if provable(c)]


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
