"""The meaning of formulas: exact evaluation in rational arithmetic.

Trusted. A witness is replayed and a certificate of existence is judged by exactly this code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import isqrt, lcm
from typing import TypeAlias

from verifier.core.term import (
    And,
    Apply,
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
    match term:
        case Number(value):
            return value
        case Variable(name, version):
            found = at[name, version]
            if isinstance(found, Fraction):
                return found
            raise NoExactValue(f"`{name}` is not a number")
        case Sum(parts):
            return _sum(parts, at)
        case Product(parts):
            return Fraction(*_product(parts, at))
        case Quotient(numerator, denominator):
            divisor = evaluate_term(denominator, at)
            if divisor == 0:
                raise NoExactValue("division by zero")
            return evaluate_term(numerator, at) / divisor
        case Apply(function, arguments):
            return _apply(function, [evaluate_term(part, at) for part in arguments])


def _sum(parts: Sequence[Term], at: Assignment) -> Fraction:
    """Reduced once, at the end, which is what takes the time in sums of fractions."""
    total, common = 0, 1
    for part in parts:
        if isinstance(part, Product):
            top, bottom = _product(part.factors, at)
        else:
            value = evaluate_term(part, at)
            top, bottom = value.numerator, value.denominator
        if bottom != common:
            shared = lcm(common, bottom)
            total, top, common = total * (shared // common), top * (shared // bottom), shared
        total += top
    return Fraction(total, common)


def _product(parts: Sequence[Term], at: Assignment) -> tuple[int, int]:
    """The product as a numerator and a positive denominator, not reduced."""
    top = bottom = 1
    for part in parts:
        value = evaluate_term(part, at)
        top, bottom = top * value.numerator, bottom * value.denominator
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
    match formula:
        case Truth(value):
            return value
        case Proposition(name, version):
            return at[name, version] is True
        case Choice(name, version, label):
            return at[name, version] == label
        case Comparison(relation, left, right):
            return _compare(relation, evaluate_term(left, at), evaluate_term(right, at))
        case Not(body):
            return not holds(body, at)
        case And(parts):
            return all([holds(part, at) for part in parts])  # noqa: C419 - see docstring
        case Or(parts):
            return any([holds(part, at) for part in parts])  # noqa: C419 - see docstring
        case Implies(premise, conclusion):
            assumed = holds(premise, at)
            return holds(conclusion, at) or not assumed
        case Iff(left_side, right_side):
            return holds(left_side, at) == holds(right_side, at)


def _compare(relation: str, left: Fraction, right: Fraction) -> bool:
    if relation == "<=":
        return left <= right
    if relation == "<":
        return left < right
    assert relation == "==", relation
    return left == right
