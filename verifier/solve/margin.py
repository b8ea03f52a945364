"""How far a proved entailment is from failing, read off its certificate.

A combination that uses the denied goal `right < left` with the factor f proves that right - left is
at least c / f with the constant c that is left over, because every other term is nonnegative (weak
duality). So every leaf bounds the margin, and the least bound is one of the whole. The same
multipliers refute the tightened goal with what then is left over; the judge has to accept that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import isqrt
from typing import Generic, TypeVar

from verifier.core.certificate import (
    Certificate,
    Clash,
    Combination,
    Meaning,
    Measured,
    Point,
    Refutation,
    SplitOn,
    SplitOr,
)
from verifier.core.cover import Cut, Leaf
from verifier.core.margin import compared, dimension, linear, radius, tightened
from verifier.core.motion import Family
from verifier.core.obligation import Entailment
from verifier.core.term import And, Comparison, Formula, Sort
from verifier.solve.facts import Known, Signed, cases_of, flatten, meaning
from verifier.solve.polynomial import ONE, Atoms, gap

T = TypeVar("T")
LEAVES_MAX = 200
DIGITS = 10**9


def margin(
    question: Entailment, certificate: Certificate, sorts: Mapping[str, Sort]
) -> tuple[Fraction, Refutation] | None:
    """A margin with a certificate of the question tightened by it; None if nothing is known.

    The certificate is unjudged.
    """
    if isinstance(certificate, Point | Family | Leaf | Cut | Measured):
        return None
    if dimension(question, sorts) is None:
        return None
    goals = _Turned(
        {_denied(each): each for goal in question.goals for each in compared(goal.formula)}
    )
    least: Fraction | None = None
    for count, (leaf, facts) in enumerate(_leaves(question, certificate)):
        if count > LEAVES_MAX:
            return None
        bound = _bound(leaf, facts, goals)
        if bound is not None and (least is None or bound < least):
            least = bound
    if least is None:
        return None
    return least, _with_rest(question, certificate, least)


@dataclass(slots=True)
class _Turned(Generic[T]):
    """What belongs to each fact by its formula, which is looked at once: formulas are long."""

    by_formula: Mapping[Formula, T]
    seen: dict[Known, T | None] = field(default_factory=dict)

    def of(self, fact: Known) -> T | None:
        if fact not in self.seen:
            self.seen[fact] = self.by_formula.get(fact.formula)
        return self.seen[fact]


def _denied(goal: Comparison) -> Comparison:
    return Comparison("<" if goal.relation == "<=" else "<=", goal.right, goal.left)


def _leaves(
    question: Entailment, certificate: Refutation
) -> Iterator[tuple[Refutation, list[Known]]]:
    """The leaves, each with the facts that are known there by number."""
    facts = [known for each in question.hypotheses for known in flatten(each.formula, True)]
    facts += flatten(And(tuple(goal.formula for goal in question.goals)), False)
    todo: list[tuple[Refutation, int, list[Known]]] = [(certificate, len(facts), [])]
    while todo:
        node, kept, added = todo.pop()
        del facts[kept:]
        facts += added
        below = _below(node, facts)
        if not below:
            yield node, facts
        todo.extend((case, len(facts), new) for case, new in reversed(below))


def _below(node: Refutation, facts: list[Known]) -> list[tuple[Refutation, list[Known]]]:
    match node:
        case SplitOr(index, branches):
            return list(zip(branches, cases_of(facts[index]), strict=True))
        case SplitOn(formula, yes, no):
            signed: list[tuple[Refutation, Signed]] = [
                (yes, (formula, True)),
                (no, (formula, False)),
            ]
            return [(case, flatten(*added)) for case, added in signed]
        case Meaning(term, rest):
            stated = meaning(term)
            assert stated is not None
            return [(rest, flatten(stated, True))]
        case _:
            return []


def _bound(leaf: Refutation, facts: list[Known], goals: _Turned[Comparison]) -> Fraction | None:
    """How far the goals can be tightened before the leaf fails; None if it uses none of them."""
    match leaf:
        case Clash(first, second):
            used = any(goals.of(facts[index]) for index in (first, second))
            return Fraction(0) if used else None
        case Combination(multipliers, _, constant, products):
            if any(goals.of(facts[i]) for one, two, _ in products for i in (one, two)):
                return Fraction(0)
            weights = [
                (goal, factor)
                for index, factor in multipliers
                if factor > 0 and (goal := goals.of(facts[index]))
            ]
            bounds = [_spent(goal, constant / len(weights) / factor) for goal, factor in weights]
            return min(bounds, default=None)
        case _:
            return None


def _spent(goal: Comparison, slack: Fraction) -> Fraction:
    """By how much a goal may be tightened that holds with this much to spare."""
    reach = radius(goal)
    if reach is None or linear(goal):
        return slack
    rest = reach * reach - slack
    if rest <= 0:
        return reach
    exact = Fraction(isqrt(rest.numerator), isqrt(rest.denominator))
    if exact * exact == rest:
        return max(reach - exact, Fraction(0))
    scaled = rest * DIGITS * DIGITS
    root = Fraction(isqrt(scaled.numerator // scaled.denominator) + 1, DIGITS)
    return max(reach - root, Fraction(0))


def _with_rest(question: Entailment, certificate: Refutation, by: Fraction) -> Refutation:
    """The certificate with the constants that are left over once the goals are tightened."""
    old = [each for goal in question.goals for each in compared(goal.formula)]
    new = [each for goal in tightened(question, by).goals for each in compared(goal.formula)]
    spent = _Turned(
        {_denied(each): _difference(each, turned) for each, turned in zip(old, new, strict=True)}
    )
    rest: list[Refutation] = []
    for leaf, facts in _leaves(question, certificate):
        if isinstance(leaf, Combination):
            known = ((factor, spent.of(facts[index])) for index, factor in leaf.multipliers)
            used = sum((factor * by for factor, by in known if by), Fraction(0))
            leaf = replace(leaf, constant=leaf.constant - used)
        rest.append(leaf)
    return _rebuilt(certificate, iter(rest))


def _difference(old: Comparison, new: Comparison) -> Fraction:
    """By how much the right side came nearer to the left one."""
    reach, inner = radius(old), radius(new)
    if linear(old) or reach is None:
        return _constant(new) - _constant(old)
    assert inner is not None
    return reach * reach - inner * inner


def _constant(comparison: Comparison) -> Fraction:
    return -gap(comparison, Atoms()).get(ONE, Fraction(0))


def _rebuilt(node: Refutation, leaves: Iterator[Refutation]) -> Refutation:
    match node:
        case SplitOr(index, branches):
            return SplitOr(index, tuple(_rebuilt(branch, leaves) for branch in branches))
        case SplitOn(formula, yes, no):
            return SplitOn(formula, _rebuilt(yes, leaves), _rebuilt(no, leaves))
        case Meaning(term, rest):
            return Meaning(term, _rebuilt(rest, leaves))
        case _:
            return next(leaves)
