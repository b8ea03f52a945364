"""Which skill may follow which, with no memory of what came before: post(A) inside of pre(B).

For libraries without chains. Of A only the promise is known, not what it started from nor what it
left alone; so a `no` says that something has to be known besides, and a `yes` holds in every chain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from verifier.confirming import confirmed
from verifier.core.obligation import Entailment, Existence, Fact, Obligation, Question, facts_of
from verifier.core.term import NOW, OLD, Formula, Sort, rename, variables
from verifier.core.verdict import Proved, Refuted, Unknown, Verdict
from verifier.judging import Effort, Tell
from verifier.model.pairs import General, general, sorts_and_domains
from verifier.model.values import Condition, Contract, Domain
from verifier.report.pairs import Pair, Pairs
from verifier.source import Source

BEFORE = 1
"""The version of what stood before the first skill, and of its numbers."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """That one clause of `second` follows from the promise of `first`; without a clause, that the
    promise can be kept at all."""

    first: int
    second: int
    clause: Fact | None
    obligation: Obligation


def pairs(source: Source, effort: Effort, tell: Tell) -> Pairs:
    """The matrix of all skills of the source."""
    skills = [general(source.scope, skill) for skill in source.scope.skills.values()]
    objects: dict[str, set[str]] = {}
    for skill in skills:
        for kind, names in skill.objects.items():
            objects.setdefault(kind, set()).update(names)
    sorts, domains = sorts_and_domains(source.scope, objects)
    for skill in skills:
        sorts |= skill.numbers
    asked = list(_asked(skills, sorts, domains))
    obligations = [each.obligation for each in asked]
    verdicts: dict[int, Verdict] = {}
    for place, verdict in effort.verdicts(obligations, tell):
        verdicts[place] = confirmed(obligations[place], verdict)
    answers = [(each, verdicts[place]) for place, each in enumerate(asked)]
    numbers = range(len(skills))
    found = [_pair(skills, i, j, answers) for i, j in product(numbers, numbers)]
    return Pairs(tuple(skill.name for skill in skills), tuple(found), source.texts)


def _pair(
    skills: Sequence[General], i: int, j: int, answers: Sequence[tuple[_Asked, Verdict]]
) -> Pair:
    first, second = skills[i], skills[j]
    names = (first.name, second.name)
    for skill in (first, second):
        if skill.contract is None:
            return Pair(*names, "unknown", None, None, f"{skill.name}: {skill.reason}")
    for each, verdict in answers:
        if each.first != i or (each.clause is not None and each.second != j):
            continue
        match verdict:
            case Refuted() if each.clause is None:
                return Pair(*names, "unknown", None, None, "the promise cannot be kept")
            case Refuted():
                return Pair(*names, "refuted", each.clause, verdict, "")
            case Unknown(reason):
                return Pair(*names, "unknown", each.clause, None, reason)
            case Proved():
                pass
    return Pair(*names, "proved", None, None, "")


def _asked(
    skills: Sequence[General], sorts: dict[str, Sort], domains: Sequence[Domain]
) -> Iterator[_Asked]:
    for i, first in enumerate(skills):
        if first.contract is None:
            continue
        given = list(_promise(first.contract, first.numbers))
        possible = Existence(_with_domains(given, given, domains))
        if given:
            yield _Asked(i, i, None, _obligation(first.contract, None, possible, sorts))
        for j, second in enumerate(skills):
            if second.contract is None:
                continue
            for condition in (*second.contract.requires, *second.contract.invariants):
                if condition.reads_environment:
                    continue
                goal = Fact(condition.formula, condition.span, second.contract.text)
                known = _with_domains(given, [*given, goal], domains)
                question = Entailment(known, (goal,))
                owed = _obligation(first.contract, second.contract, question, sorts)
                yield _Asked(i, j, goal, owed)


def _promise(contract: Contract, numbers: dict[str, Sort]) -> Iterator[Fact]:
    def version(name: str, when: int) -> int:
        return BEFORE if when == OLD or name in numbers else NOW

    def stated(condition: Condition) -> Fact:
        return Fact(rename(condition.formula, version), condition.span, contract.text)

    for condition in (*contract.ensures, *contract.invariants):
        if not condition.reads_environment:
            yield stated(condition)


def _with_domains(
    given: Sequence[Fact], about: Sequence[Fact], domains: Sequence[Domain]
) -> tuple[Fact, ...]:
    """What is given, and the declarations of all scalars that occur."""
    keys = {key for each in about for key in variables(each.formula)}
    declared = []
    for domain in domains:
        for when in sorted({version for name, version in keys if name in domain.scalars}):
            declared.append(Fact(_at(domain.formula, when), domain.span, "domain"))
    return (*given, *declared)


def _at(formula: Formula, when: int) -> Formula:
    return rename(formula, lambda name, version: when)


def _obligation(
    first: Contract, second: Contract | None, question: Question, sorts: dict[str, Sort]
) -> Obligation:
    names = {name for each in facts_of(question) for name, _ in variables(each.formula)}
    goals = question.goals if isinstance(question, Entailment) else ()
    return Obligation(
        id=f"{first.text} -> {second.text if second else 'itself'}",
        rule="pairwise" if second else "sanity",
        chain="",
        step=0,
        span=goals[0].span if goals else first.span,
        question=question,
        sorts={name: sorts[name] for name in sorted(names)},
        view=dict.fromkeys(sorted(names), NOW),
    )
