"""How far a question is from failing: the same question with its goals tightened.

A comparison `left <= right` is tightened by m to `left + m <= right`. One that says of squares that
they are at most r^2 is tightened to (r - m)^2, the ball whose radius is less by m. Only comparisons
of what has one dimension are tightened, so that m has a unit; what is no comparison stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from math import isqrt

from verifier.core.obligation import Entailment
from verifier.core.term import (
    And,
    Comparison,
    Formula,
    Implies,
    Number,
    Or,
    Product,
    Real,
    Sort,
    Sum,
    Term,
    Variable,
    add,
    number,
    term_variables,
)
from verifier.core.unit import Dimension


def tightened(question: Entailment, by: Fraction) -> Entailment:
    """The entailment with each of its goals tightened."""
    goals = tuple(replace(goal, formula=_tightened(goal.formula, by)) for goal in question.goals)
    return Entailment(question.hypotheses, goals)


def compared(formula: Formula) -> Iterator[Comparison]:
    """The comparisons of a goal that are tightened, in their order."""
    match formula:
        case And(parts) | Or(parts):
            for part in parts:
                yield from compared(part)
        case Implies(_, conclusion):
            yield from compared(conclusion)
        case Comparison("<=" | "<"):
            yield formula


def dimension(question: Entailment, sorts: Mapping[str, Sort]) -> Dimension | None:
    """The one dimension of all that is compared; None if there are several, or an equation."""
    found: set[Dimension] = set()
    for goal in question.goals:
        if _equations(goal.formula):
            return None
        for each in compared(goal.formula):
            if not linear(each) and radius(each) is None:
                return None
            for name, _ in (*term_variables(each.left), *term_variables(each.right)):
                sort = sorts[name]
                assert isinstance(sort, Real)
                found.add(sort.dimension)
    return found.pop() if len(found) == 1 else None


def radius(comparison: Comparison) -> Fraction | None:
    """r, if the comparison says of a sum of squares that it is at most r^2, r rational."""
    if not (isinstance(comparison.right, Number) and comparison.relation == "<="):
        return None
    value = comparison.right.value
    parts = comparison.left.terms if isinstance(comparison.left, Sum) else (comparison.left,)
    if value < 0 or not all(_is_square(part) for part in parts):
        return None
    root = Fraction(isqrt(value.numerator), isqrt(value.denominator))
    return root if root * root == value else None


def linear(comparison: Comparison) -> bool:
    """Whether both sides are sums of variables with plain numbers as factors."""
    return _linear(comparison.left) and _linear(comparison.right)


def _is_square(term: Term) -> bool:
    match term:
        case Product((one, other)):
            return one == other and _linear(one)
        case _:
            return False


def _linear(term: Term) -> bool:
    match term:
        case Number() | Variable():
            return True
        case Sum(parts):
            return all(_linear(part) for part in parts)
        case Product((Number(), Variable() | Sum() as other)):
            return _linear(other)
        case _:
            return False


def _equations(formula: Formula) -> bool:
    match formula:
        case And(parts) | Or(parts):
            return any(_equations(part) for part in parts)
        case Implies(_, conclusion):
            return _equations(conclusion)
        case _:
            return isinstance(formula, Comparison) and formula.relation == "=="


def _tightened(formula: Formula, by: Fraction) -> Formula:
    match formula:
        case And(parts):
            return And(tuple(_tightened(part, by) for part in parts))
        case Or(parts):
            return Or(tuple(_tightened(part, by) for part in parts))
        case Implies(premise, conclusion):
            return Implies(premise, _tightened(conclusion, by))
        case Comparison("<=" | "<", left, right):
            return replace(formula, relation="<=", **_sides(formula, left, right, by))
        case _:
            return formula


def _sides(formula: Comparison, left: Term, right: Term, by: Fraction) -> dict[str, Term]:
    reach = radius(formula)
    if reach is None or linear(formula):
        return {"left": add(left, number(by)), "right": right}
    inner = max(reach - by, Fraction(0))
    return {"left": left, "right": number(inner * inner)}
