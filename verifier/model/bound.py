"""How large a term may become: interval arithmetic over the declared domains.

Moore, Kearfott and Cloud, Introduction to Interval Analysis, chapter 2, in exact rationals; None
stands for no bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import reduce
from typing import TypeAlias

from verifier.core.term import (
    And,
    Apply,
    Comparison,
    Formula,
    Number,
    Product,
    Quotient,
    Sum,
    Term,
    Variable,
)
from verifier.model.contract import members
from verifier.model.region import declared_domain, domain_formulas
from verifier.model.scope import Scope

End: TypeAlias = Fraction | None
Range: TypeAlias = tuple[End, End]
ANY: Range = (None, None)


def bounds(scope: Scope) -> Mapping[str, Range]:
    """What the declarations say of each scalar by itself. Raises SourceError."""
    key = ("bounds",)
    if key not in scope.memo:
        found: dict[str, Range] = {}
        for variable in scope.variables.values():
            region = declared_domain(scope, variable)
            for member in members(scope, variable) if region is not None else ():
                assert region is not None
                for formula, _ in domain_formulas(region, variable, member):
                    _narrow(formula, found)
        scope.memo[key] = found
    return scope.memo[key]  # type: ignore[return-value]


def _narrow(formula: Formula, found: dict[str, Range]) -> None:
    match formula:
        case And(parts):
            for part in parts:
                _narrow(part, found)
        case Comparison("<=", Number(value), Variable(name)):
            low, high = found.get(name, ANY)
            found[name] = value if low is None else max(low, value), high
        case Comparison("<=", Variable(name), Number(value)):
            low, high = found.get(name, ANY)
            found[name] = low, value if high is None else min(high, value)


def upper(term: Term, known: Mapping[str, Range]) -> End:
    """The greatest value that the term may have, or something above it; None is no bound."""
    return _range(term, known)[1]


def _range(term: Term, known: Mapping[str, Range]) -> Range:
    match term:
        case Number(value):
            return value, value
        case Variable(name):
            return known.get(name, ANY)
        case Sum(parts):
            return reduce(_plus, (_range(part, known) for part in parts))
        case Product(parts):
            return reduce(_times, (_range(part, known) for part in parts))
        case Quotient(numerator, denominator):
            return _times(_range(numerator, known), _inverse(_range(denominator, known)))
        case Apply("abs", (argument,)):
            low, high = _range(argument, known)
            if low is None or high is None:
                return Fraction(0), None
            return Fraction(0), max(abs(low), abs(high))
        case Apply("min", arguments):
            highs = [high for _, high in (_range(a, known) for a in arguments) if high is not None]
            return None, min(highs, default=None)
        case Apply("max", arguments):
            ends = [_range(argument, known)[1] for argument in arguments]
            highs = [high for high in ends if high is not None]
            return None, max(highs) if len(highs) == len(ends) else None
        case Apply():
            return ANY


def _plus(one: Range, other: Range) -> Range:
    low, high = (None if a is None or b is None else a + b for a, b in zip(one, other, strict=True))
    return low, high


def _times(one: Range, other: Range) -> Range:
    """A side is lost where an end is missing, unless both are known to be at least 0."""
    ends = [a * b for a in one for b in other if a is not None and b is not None]
    if len(ends) == 4:
        return min(ends), max(ends)
    if one[0] == one[1] == 0 or other[0] == other[1] == 0:
        return Fraction(0), Fraction(0)
    for factor, rest in ((one, other), (other, one)):
        if factor[0] is not None and factor[0] == factor[1]:
            low, high = (None if end is None else factor[0] * end for end in rest)
            return (low, high) if factor[0] > 0 else (high, low)
    return ANY


def _inverse(one: Range) -> Range:
    low, high = one
    if low is not None and low > 0:
        return (None if high is None else 1 / high) or Fraction(0), 1 / low
    if high is not None and high < 0:
        return 1 / high, (None if low is None else 1 / low) or Fraction(0)
    return ANY
