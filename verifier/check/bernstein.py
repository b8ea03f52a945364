"""Where terms lie over a box of rationals: enclosures by Bernstein coefficients, exact or outwards.

Trusted. The rules are those of verifier/core/cover.py. Sine and cosine are enclosed by Taylor's
series with its remainder, and pi by 40 digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, comb, floor, isqrt, prod
from typing import TypeAlias

from verifier.check.polynomial import Atoms, Monomial, Polynomial, Refused, combine, polynomial
from verifier.core.term import (
    Apply,
    Key,
    Number,
    Product,
    Quotient,
    Sum,
    Term,
    Variable,
    negate,
)

Range: TypeAlias = tuple[Fraction, Fraction]
Ranges: TypeAlias = Mapping[Key, Range]

COEFFICIENTS_MAX = 20_000
GRID = 1 << 64
PI = Fraction(31415926535897932384626433832795028841971, 10**40)  # below pi, by less than TAIL
TAIL = Fraction(1, 10**40)
TURNS_MAX = 10**6
EXPONENT_MAX = 64
FINE = 1 << 160


def bounds(term: Term, box: Ranges) -> Range:
    """An interval that contains the term's values over the box."""
    return combination_bounds([(Fraction(1), term)], box)


def combination_bounds(weighted: list[tuple[Fraction, Term]], box: Ranges) -> Range:
    """An interval that contains the values of the sum of weight times term over the box."""
    atoms: Atoms = {}
    total = combine([(w, polynomial(resolved(term, box), atoms)) for w, term in weighted])
    ranges = [_atom(atom, box) for atom in atoms]
    return _coefficients_range(total, ranges)


def resolved(term: Term, box: Ranges) -> Term:
    """The same term over the box, with choices made where they are the same all over it."""
    match term:
        case Sum(parts):
            return Sum(tuple(resolved(part, box) for part in parts))
        case Product(parts):
            return Product(tuple(resolved(part, box) for part in parts))
        case Quotient(numerator, denominator):
            return Quotient(resolved(numerator, box), resolved(denominator, box))
        case Apply("abs", (part,)):
            low, high = bounds(part, box)
            if low >= 0:
                return resolved(part, box)
            return negate(resolved(part, box)) if high <= 0 else term
        case Apply("min" | "max", parts):
            ranges = [bounds(part, box) for part in parts]
            for k, (low, high) in enumerate(ranges):
                others = ranges[:k] + ranges[k + 1 :]
                least = term.function == "min" and all(high <= other[0] for other in others)
                if least or (term.function == "max" and all(low >= o[1] for o in others)):
                    return resolved(parts[k], box)
            return term
        case _:
            return term


# ---- polynomials over a box --------------------------------------------------------------------


def _coefficients_range(value: Polynomial, ranges: list[Range]) -> Range:
    """The sum over parts that share no atom, so that each has few coefficients."""
    divisor, integers = value
    parts: list[tuple[set[int], dict[Monomial, int]]] = []
    for monomial, integer in integers.items():
        atoms, joined = set(monomial), {monomial: integer}
        apart = []
        for part in parts:
            if part[0] & atoms:
                atoms |= part[0]
                joined |= part[1]
            else:
                apart.append(part)
        parts = [*apart, (atoms, joined)]
    low = high = Fraction(0)
    for _, joined in parts:
        below, above = _part_range((divisor, joined), ranges)
        low, high = low + below, high + above
    return low, high


def _part_range(value: Polynomial, ranges: list[Range]) -> Range:
    divisor, integers = value
    degrees = [0] * len(ranges)
    for monomial in integers:
        for atom in set(monomial):
            degrees[atom] = max(degrees[atom], monomial.count(atom))
    used = [atom for atom, degree in enumerate(degrees) if degree]
    shape = [degrees[atom] + 1 for atom in used]
    if prod(shape) > COEFFICIENTS_MAX:
        return _monomials_range(value, ranges)
    table = [Fraction(0)] * prod(shape)
    for monomial, integer in integers.items():
        place = 0
        for atom, size in zip(used, shape, strict=True):
            place = place * size + monomial.count(atom)
        table[place] = Fraction(integer, divisor)
    stride = 1
    for atom, size in reversed(list(zip(used, shape, strict=True))):
        low, high = ranges[atom]
        for first in range(len(table)):
            if first // stride % size == 0:
                line = slice(first, first + stride * size, stride)
                table[line] = _bernstein(table[line], low, high - low)
        stride *= size
    return min(table), max(table)


def _monomials_range(value: Polynomial, ranges: list[Range]) -> Range:
    """Each monomial by itself: wider, and good enough where the box is almost a point."""
    divisor, integers = value
    low = high = Fraction(0)
    for monomial, integer in integers.items():
        below = above = Fraction(integer, divisor)
        for atom in set(monomial):
            power = _power(ranges[atom], monomial.count(atom))
            ends = [a * b for a in (below, above) for b in power]
            below, above = min(ends), max(ends)
        low, high = low + below, high + above
    return low, high


def _power(base: Range, exponent: int) -> Range:
    ends = sorted((base[0] ** exponent, base[1] ** exponent))
    if exponent % 2 == 0 and base[0] < 0 < base[1]:
        ends[0] = Fraction(0)
    return ends[0], ends[1]


def _bernstein(powers: list[Fraction], low: Fraction, width: Fraction) -> list[Fraction]:
    """The Bernstein coefficients over [low, low + width] of sum of powers[k] x^k."""
    degree = len(powers) - 1
    shifted = list(powers)
    for k in range(degree):  # Horner's scheme, in steps: the coefficients in x - low
        for j in range(degree - 1, k - 1, -1):
            shifted[j] += low * shifted[j + 1]
    scale = Fraction(1)
    for k in range(degree + 1):
        shifted[k] = shifted[k] * scale / comb(degree, k)
        scale *= width
    return [
        sum((comb(i, j) * shifted[j] for j in range(i + 1)), Fraction(0)) for i in range(degree + 1)
    ]


# ---- atoms -------------------------------------------------------------------------------------


def _atom(atom: Term, box: Ranges) -> Range:
    match atom:
        case Variable(name, version):
            if (name, version) not in box:
                raise Refused(f"`{name}` is no variable of the box")
            return box[name, version]
        case Quotient(numerator, denominator):
            (a, b), (c, d) = bounds(numerator, box), bounds(denominator, box)
            if c <= 0 <= d:
                raise Refused("a denominator may be zero")
            ends = [a / c, a / d, b / c, b / d]
            return min(ends), max(ends)
        case Apply("abs", (part,)):
            low, high = bounds(part, box)
            return max(low, -high, Fraction(0)), max(-low, high)
        case Apply("min", parts):
            ranges = [bounds(part, box) for part in parts]
            return min(low for low, _ in ranges), min(high for _, high in ranges)
        case Apply("max", parts):
            ranges = [bounds(part, box) for part in parts]
            return max(low for low, _ in ranges), max(high for _, high in ranges)
        case Apply("sin" | "cos", (part,)):
            low, high = bounds(part, box)
            if low == high == 0:
                return (Fraction(0),) * 2 if atom.function == "sin" else (Fraction(1),) * 2
            if atom.function == "sin":
                return _sine(low, high)
            return _sine(low + PI / 2, high + PI / 2 + TAIL)
        case Apply("exp", (part,)):
            low, high = bounds(part, box)
            return _exponential(low)[0], _exponential(high)[1]
        case Apply("sqrt", (part,)):
            low, high = bounds(part, box)
            if low < 0:
                raise Refused("the root of a number that may be negative")
            return _root(low), _root(high) + Fraction(1, GRID)
        case Apply(function, _):
            raise Refused(f"`{function}` is not enclosed")
        case Number() | Sum() | Product():
            raise Refused("a polynomial is no atom")


def _root(square: Fraction) -> Fraction:
    return Fraction(isqrt(floor(square * GRID * GRID)), GRID)


def _exponential(x: Fraction) -> Range:
    """e^x, outwards: Taylor's series of x / 2^n, |x / 2^n| <= 1/2, squared n times."""
    if abs(x) > EXPONENT_MAX:
        raise Refused("an exponent is too large")
    if x == 0:
        return Fraction(1), Fraction(1)
    halvings = max(0, ceil(abs(x)).bit_length() + 1)
    r = Fraction(floor(x * GRID), GRID) / (1 << halvings)
    term, total = Fraction(1), Fraction(0)
    for n in range(1, 30):
        total += term
        term = Fraction(floor(term * r / n * FINE), FINE)
    low, high = total - Fraction(1, 1 << 100), total + Fraction(1, 1 << 62)
    for _ in range(halvings):
        low = Fraction(floor(low * low * FINE), FINE)
        high = Fraction(ceil(high * high * FINE), FINE)
    return low, high


def _sine(low: Fraction, high: Fraction) -> Range:
    """The values of sin over [low, high], outwards."""
    if max(abs(low), abs(high)) > TURNS_MAX:
        raise Refused("an angle is too large")
    if high - low >= 2 * PI:
        return Fraction(-1), Fraction(1)
    ends = [_sine_at(low), _sine_at(high)]
    least, greatest = min(a for a, _ in ends), max(b for _, b in ends)
    # extrema are at pi/2 + k pi; with an error of k TAIL, they may be missed by no more than SLACK
    slack = TURNS_MAX * TAIL
    first = ceil((low - slack - PI / 2) / PI)
    last = floor((high + slack - PI / 2) / PI)
    for k in range(first, last + 1):
        if k % 2 == 0:
            greatest = Fraction(1)
        else:
            least = Fraction(-1)
    return max(least, Fraction(-1)), min(greatest, Fraction(1))


def _sine_at(x: Fraction) -> Range:
    """sin x within 2^-60: x = k pi + r, and the alternating series of sin r."""
    if x == 0:
        return Fraction(0), Fraction(0)
    k = round(x / PI)
    r = Fraction(floor((x - k * PI) * GRID), GRID)  # moved by less than 2^-64 + k TAIL
    term, total, n = r, Fraction(0), 1
    while abs(term) * GRID > 1:
        total += term
        term = -term * r * r / ((n + 1) * (n + 2))
        term = Fraction(floor(term * GRID * GRID), GRID * GRID)
        n += 2
    value = total if k % 2 == 0 else -total
    error = Fraction(1, 1 << 60)
    below = Fraction(floor((value - error) * GRID), GRID)
    return below, below + 2 * error + Fraction(1, GRID)
