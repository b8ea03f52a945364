"""What a formula says of measured values: doubles, evaluated in the order of the emitted C.

IEEE 754 binary64, round to nearest, no contraction. A constant is the double nearest to the exact
rational. A sum and a product are folded from the left. A comparison of anything that is not finite
is neither true nor false, and neither is a formula that contains one; the same holds for a
denominator or an argument of `min` or `max` that is not finite, and for a division by zero. Nothing
undefined hides behind an `or`: every part is evaluated, as in `core.evaluate`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
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

Reading: TypeAlias = bool | str | float
Readings: TypeAlias = Mapping[Key, Reading]

FUNCTIONS = frozenset({"abs", "min", "max", "sqrt"})


class Undefined(Exception):
    """A part of the formula is neither true nor false here."""


def truth(formula: Formula, at: Readings) -> bool | None:
    """Whether the formula is true of the readings; None where it is neither true nor false."""
    try:
        return _truth(formula, at)
    except Undefined:
        return None


def _truth(formula: Formula, at: Readings) -> bool:
    match formula:
        case Truth(value):
            return value
        case Proposition(name, version):
            return _boolean(at.get((name, version)))
        case Choice(name, version, label):
            return _label(at.get((name, version))) == label
        case Comparison(relation, left, right):
            return _compare(relation, finite(measure(left, at)), finite(measure(right, at)))
        case Not(body):
            return not _truth(body, at)
        case And(parts):
            return all([_truth(part, at) for part in parts])  # noqa: C419 - every part counts
        case Or(parts):
            return any([_truth(part, at) for part in parts])  # noqa: C419 - every part counts
        case Implies(premise, conclusion):
            assumed = _truth(premise, at)
            return _truth(conclusion, at) or not assumed
        case Iff(left_side, right_side):
            return _truth(left_side, at) == _truth(right_side, at)


def measure(term: Term, at: Readings) -> float:
    """The double that C computes for the term; it may be infinite or NaN. Raises Undefined."""
    match term:
        case Number(value):
            return float(value)
        case Variable(name, version):
            found = at.get((name, version))
            if isinstance(found, float):
                return found
            raise Undefined
        case Sum(parts):
            total = measure(parts[0], at)
            for part in parts[1:]:
                total += measure(part, at)
            return total
        case Product(parts):
            product = measure(parts[0], at)
            for part in parts[1:]:
                product *= measure(part, at)
            return product
        case Quotient(numerator, denominator):
            above, below = measure(numerator, at), finite(measure(denominator, at))
            if below == 0.0:
                raise Undefined
            return above / below
        case Apply(function, arguments):
            return _apply(function, [measure(part, at) for part in arguments])


def _apply(function: str, values: list[float]) -> float:
    if function == "abs":
        return abs(values[0])
    if function == "sqrt":
        return math.sqrt(values[0]) if values[0] >= 0.0 else math.nan
    assert function in ("min", "max"), function
    best = finite(values[0])
    for value in map(finite, values[1:]):
        better = value < best if function == "min" else value > best
        best = value if better else best
    return best


def _compare(relation: str, left: float, right: float) -> bool:
    if relation == "<=":
        return left <= right
    return left < right if relation == "<" else left == right


def finite(value: float) -> float:
    if math.isfinite(value):
        return value
    raise Undefined


def _boolean(value: Reading | None) -> bool:
    if isinstance(value, bool):
        return value
    raise Undefined


def _label(value: Reading | None) -> str:
    if isinstance(value, str):
        return value
    raise Undefined


# ---- what cannot be measured -------------------------------------------------------------------


def why_not_measurable(formula: Formula) -> str | None:
    """Why C cannot evaluate the formula bit by bit like the definition above; None if it can."""
    match formula:
        case Comparison(_, left, right):
            return _why_not(left) or _why_not(right)
        case Not(body):
            return why_not_measurable(body)
        case And(parts) | Or(parts):
            return next(filter(None, map(why_not_measurable, parts)), None)
        case Implies(left_side, right_side) | Iff(left_side, right_side):
            return why_not_measurable(left_side) or why_not_measurable(right_side)
        case _:
            return None


def _why_not(term: Term) -> str | None:
    match term:
        case Number(value):
            return None if abs(value) <= Fraction(1.7e308) else "a number beyond 1.7e308"
        case Sum(parts) | Product(parts) | Apply(_, parts):
            if isinstance(term, Apply) and term.function not in FUNCTIONS:
                return f"`{term.function}`, which no two C libraries round alike"
            return next(filter(None, map(_why_not, parts)), None)
        case Quotient(numerator, denominator):
            return _why_not(numerator) or _why_not(denominator)
        case _:
            return None
