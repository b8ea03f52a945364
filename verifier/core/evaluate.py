"""The meaning of formulas: exact evaluation in rational arithmetic.

Trusted. A witness is replayed and a certificate of existence is judged by exactly this code. It
runs often: `isinstance` is several times quicker than `match`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt, lcm
from typing import TypeAlias

from verifier.core.term import (
    And,
    Choice,
    Comparison,
    Formula,
    Iff,
    Implies,
    Key,
    Not,
    Number,
    Or,
    Product,
    Proposition,
    Quotient,
    Sum,
    Term,
    Truth,
    Variable,
)

Value: TypeAlias = bool | str | Fraction
Assignment: TypeAlias = Mapping[Key, Value]


class NoExactValue(Exception):
    """The term has no rational value here: a division by zero, or a transcendental function."""


def evaluate_term(term: Term, at: Assignment) -> Fraction:
    """The exact value of the term.

    Raises KeyError for a variable without a value and NoExactValue where no rational value exists.
    """
    if isinstance(term, Number):
        return term.value
    if isinstance(term, Variable):
        found = at[term.name, term.version]
        if isinstance(found, Fraction):
            return found
        raise NoExactValue(f"`{term.name}` is not a number")
    if isinstance(term, Sum):
        return _sum(term.terms, at)
    if isinstance(term, Product):
        return Fraction(*_product(term.factors, at))
    if isinstance(term, Quotient):
        divisor = evaluate_term(term.denominator, at)
        if divisor == 0:
            raise NoExactValue("division by zero")
        return evaluate_term(term.numerator, at) / divisor
    return _apply(term.function, [evaluate_term(part, at) for part in term.arguments])


def _sum(parts: Sequence[Term], at: Assignment) -> Fraction:
    """Reduced once, at the end, which is what takes the time in sums of fractions."""
    total, common = 0, 1
    for part in parts:
        if isinstance(part, Product):
            top, bottom = _product(part.factors, at)
        else:
            top, bottom = evaluate_term(part, at).as_integer_ratio()
        if bottom != common:
            shared = lcm(common, bottom)
            total, top, common = total * (shared // common), top * (shared // bottom), shared
        total += top
    return Fraction(total, common)


def _product(parts: Sequence[Term], at: Assignment) -> tuple[int, int]:
    """The product as a numerator and a positive denominator, not reduced."""
    top = bottom = 1
    for part in parts:
        above, below = evaluate_term(part, at).as_integer_ratio()
        top, bottom = top * above, bottom * below
    return top, bottom


def _apply(function: str, values: list[Fraction]) -> Fraction:
    if function == "abs":
        return abs(values[0])
    if function == "min":
        return min(values)
    if function == "max":
        return max(values)
    if function in ("sqrt", "norm"):
        return _exact_root(values[0])
    raise NoExactValue(f"`{function}` has no exact value")


def _exact_root(square: Fraction) -> Fraction:
    if square < 0:
        raise NoExactValue("the root of a negative number")
    root = Fraction(isqrt(square.numerator), isqrt(square.denominator))
    if root * root != square:
        raise NoExactValue(f"the root of {square} is irrational")
    return root


def holds(formula: Formula, at: Assignment) -> bool:
    """Whether the formula is true; every part is evaluated, so that nothing undefined hides.

    Raises what `evaluate_term` raises.
    """
    if isinstance(formula, Comparison):
        left, right = evaluate_term(formula.left, at), evaluate_term(formula.right, at)
        return _compare(formula.relation, left, right)
    if isinstance(formula, And):
        return all([holds(part, at) for part in formula.parts])  # noqa: C419 - see docstring
    if isinstance(formula, Or):
        return any([holds(part, at) for part in formula.parts])  # noqa: C419 - see docstring
    if isinstance(formula, Proposition):
        return at[formula.name, formula.version] is True
    if isinstance(formula, Choice):
        return at[formula.name, formula.version] == formula.label
    if isinstance(formula, Not):
        return not holds(formula.body, at)
    if isinstance(formula, Implies):
        assumed = holds(formula.premise, at)
        return holds(formula.conclusion, at) or not assumed
    if isinstance(formula, Iff):
        return holds(formula.left, at) == holds(formula.right, at)
    return isinstance(formula, Truth) and formula.value


def _compare(relation: str, left: Fraction, right: Fraction) -> bool:
    if relation == "<=":
        return left <= right
    if relation == "<":
        return left < right
    assert relation == "==", relation
    return left == right
