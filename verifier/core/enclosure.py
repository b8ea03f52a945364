"""Where a term lies over a box, by interval arithmetic in rationals (R. Moore, Interval Analysis,
1966): coarse, quick, and never too narrow. The judge has enclosures of its own."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, factorial
from typing import TypeAlias

from verifier.core.root import root_above, root_below
from verifier.core.term import Apply, Key, Number, Product, Quotient, Sum, Term, Variable

Range: TypeAlias = tuple[Fraction, Fraction]

ZERO, ONE = Fraction(0), Fraction(1)
GRID = 1 << 80
EXPONENT_MAX = 64
OFF = Fraction(1, 1 << 29)  # of the series of e^x, with what the exponent was rounded by


class NotEnclosed(Exception):
    """The term may be undefined in the box, or nothing is known of a function in it."""


class MayDivideByZero(NotEnclosed):
    """A denominator is zero somewhere in the box, as far as intervals can tell."""


class MayHaveNoRoot(NotEnclosed):
    """A root is taken of what is negative somewhere in the box, as far as intervals can tell."""


def enclosure(term: Term, box: Mapping[Key, Range]) -> Range:
    """An interval that contains the term's values over the box. Raises NotEnclosed, and KeyError
    for a variable without a range."""
    match term:
        case Number(value):
            return value, value
        case Variable(name, version):
            return box[name, version]
        case Sum(parts):
            ranges = [enclosure(part, box) for part in parts]
            return sum((low for low, _ in ranges), ZERO), sum((high for _, high in ranges), ZERO)
        case Product(parts):
            return _product(parts, box)
        case Quotient(above, below):
            low, high = enclosure(below, box)
            if low <= 0 <= high:
                raise MayDivideByZero("it divides by what may be zero there")
            return _times(enclosure(above, box), (1 / high, 1 / low))
        case Apply(function, arguments):
            return _applied(function, [enclosure(part, box) for part in arguments])


def _product(parts: tuple[Term, ...], box: Mapping[Key, Range]) -> Range:
    """Equal factors are taken together, so that an even power is never negative."""
    total = (ONE, ONE)
    for part in dict.fromkeys(parts):
        power = parts.count(part)
        total = _times(total, _power(enclosure(part, box), power))
    return _outwards(total)


def _times(one: Range, other: Range) -> Range:
    ends = [a * b for a in one for b in other]
    return min(ends), max(ends)


def _power(base: Range, exponent: int) -> Range:
    low, high = base[0] ** exponent, base[1] ** exponent
    if exponent % 2:
        return low, high
    if base[0] <= 0 <= base[1]:
        return ZERO, max(low, high)
    return min(low, high), max(low, high)


def _outwards(found: Range) -> Range:
    """The interval with short numbers, none narrower."""
    low, high = found
    if max(low.denominator, high.denominator) <= GRID:
        return found
    return Fraction(low * GRID // 1, GRID), Fraction(-(-high * GRID // 1), GRID)


def _applied(function: str, ranges: list[Range]) -> Range:
    match function, ranges:
        case "sin" | "cos", [_]:
            return -ONE, ONE
        case "exp", [(low, high)] if max(-low, high) <= EXPONENT_MAX:
            return _exponential(low)[0], _exponential(high)[1]
        case "abs", [(low, high)]:
            return (ZERO if low <= 0 <= high else min(abs(low), abs(high))), max(-low, high)
        case "min", _:
            return min(low for low, _ in ranges), min(high for _, high in ranges)
        case "max", _:
            return max(low for low, _ in ranges), max(high for _, high in ranges)
        case "norm", [(low, high)]:
            return root_below(max(low, ZERO)), root_above(max(high, ZERO))
        case "sqrt", [(low, high)]:
            if low < 0:
                raise MayHaveNoRoot("a root may be of less than 0 there")
            return root_below(low), root_above(high)
        case _:
            raise NotEnclosed(f"nothing is known of `{function}` here")


def _exponential(exponent: Fraction) -> Range:
    """e^x, outwards: (e^r)^(2^n) with r = x / 2^n, |r| <= 1/2, and 1 + r + … + r^9 / 9! off by less
    than 2 |r|^10 / 10! < 2^-30."""
    if exponent == 0:
        return ONE, ONE
    halvings = max(0, ceil(abs(exponent)).bit_length() + 1)
    part = Fraction(exponent * GRID // 1, GRID) / 2**halvings
    middle = sum((part**k / factorial(k) for k in range(10)), ZERO)
    found = _outwards((middle - OFF, middle + OFF))
    for _ in range(halvings):
        found = _outwards(_power(found, 2))
    return found
