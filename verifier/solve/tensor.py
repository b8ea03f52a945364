"""Bernstein coefficients of several terms over one box, in one common basis, in exact rationals.

The finder's side of verifier/core/cover.py: the same mathematics as the judge's, written again.
With a common basis the coefficients of a linear combination are that combination of coefficients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import comb, exp, floor, pi, prod, sin, sqrt
from typing import TypeAlias

from verifier.core.term import Apply, Key, Number, Product, Quotient, Sum, Term, Variable, negate

Range: TypeAlias = tuple[Fraction, Fraction]
Table: TypeAlias = list[Fraction]
Exponents: TypeAlias = tuple[tuple[Term, int], ...]
Poly: TypeAlias = dict[Exponents, Fraction]

ENTRIES_MAX = 5_000
OUTWARD = Fraction(1, 1 << 40)


class NotEnclosed(Exception):
    """That a term has no enclosure over this box; `everywhere`, over no box."""

    def __init__(self, reason: str, *, everywhere: bool = False) -> None:
        self.everywhere = everywhere
        super().__init__(reason)


def tables(terms: Sequence[Term], box: Mapping[Key, Range]) -> list[list[Table]]:
    """The Bernstein coefficients of each term, all in the same order; part by part, where the terms
    are sums of parts that share no atom."""
    polys = [_poly(resolved(term, box)) for term in terms]
    degrees: dict[Term, int] = {}
    groups: list[set[Term]] = []
    for exponents in {exponents: None for poly in polys for exponents in poly}:
        group = {atom for atom, _ in exponents}
        apart = [other for other in groups if not other & group]
        groups = [*apart, group.union(*(other for other in groups if other & group))]
        for atom, exponent in exponents:
            degrees[atom] = max(degrees.get(atom, 0), exponent)
    parts: list[list[Table]] = []
    for group in groups:
        atoms = [atom for atom in degrees if atom in group]
        if prod(degrees[atom] + 1 for atom in atoms) > ENTRIES_MAX:
            raise NotEnclosed("a polynomial has too many coefficients", everywhere=True)
        lines = [_lines(degrees[atom], _range(atom, box)) for atom in atoms]
        parts.append([_table(_restricted(poly, group), atoms, lines) for poly in polys])
    return parts or [[[Fraction(0)] for _ in terms]]


def _restricted(poly: Poly, group: set[Term]) -> Poly:
    """The monomials over the group; the constant belongs to the empty one."""
    return {
        exponents: value
        for exponents, value in poly.items()
        if (exponents[0][0] in group if exponents else not group)
    }


def span(term: Term, box: Mapping[Key, Range]) -> Range:
    """An interval that contains the term's values over the box."""
    parts = [part[0] for part in tables([term], box)]
    return sum(map(min, parts), Fraction(0)), sum(map(max, parts), Fraction(0))


def _table(poly: Poly, atoms: list[Term], lines: list[list[list[Fraction]]]) -> Table:
    """The sum over monomials of the coefficient times the product of their atoms' lines."""
    sizes = [len(line) for line in lines]
    dense: dict[tuple[int, ...], Fraction] = {}
    for exponents, value in poly.items():
        power = dict(exponents)
        dense[tuple(power.get(atom, 0) for atom in atoms)] = value
    for axis, size in enumerate(sizes):
        turned: dict[tuple[int, ...], Fraction] = {}
        for place, value in dense.items():
            for i, factor in enumerate(lines[axis][place[axis]]):
                if factor:
                    where = (*place[:axis], i, *place[axis + 1 :])
                    turned[where] = turned.get(where, Fraction(0)) + value * factor
        dense = turned
        assert size > 1
    return [dense.get(place, Fraction(0)) for place in product(*(range(s) for s in sizes))]


def _lines(degree: int, ends: Range) -> list[list[Fraction]]:
    """Row k: the Bernstein coefficients of x^k of this degree over the range (polar form: the mean
    over all choices of k out of `degree` arguments, i of them at the upper end)."""
    low, high = ends
    return [
        [
            sum(
                comb(i, t) * comb(degree - i, k - t) * high**t * low ** (k - t)
                for t in range(max(0, k - degree + i), min(i, k) + 1)
            )
            / Fraction(comb(degree, k))
            for i in range(degree + 1)
        ]
        for k in range(degree + 1)
    ]


# ---- polynomials -------------------------------------------------------------------------------


def _poly(term: Term) -> Poly:
    match term:
        case Number(value):
            return {(): value} if value else {}
        case Sum(parts):
            total: Poly = {}
            for part in parts:
                for exponents, value in _poly(part).items():
                    total[exponents] = total.get(exponents, Fraction(0)) + value
            return {exponents: value for exponents, value in total.items() if value}
        case Product(parts):
            result: Poly = {(): Fraction(1)}
            for part in parts:
                result = _times(result, _poly(part))
            return result
        case Quotient(numerator, Number(value)) if value:
            return {e: part / value for e, part in _poly(numerator).items()}
        case _:
            pass
    return {((term, 1),): Fraction(1)}


def resolved(term: Term, box: Mapping[Key, Range]) -> Term:
    """The same term over the box, with choices made where they are the same all over it."""
    match term:
        case Sum(parts):
            return Sum(tuple(resolved(part, box) for part in parts))
        case Product(parts):
            return Product(tuple(resolved(part, box) for part in parts))
        case Quotient(numerator, denominator):
            return Quotient(resolved(numerator, box), resolved(denominator, box))
        case Apply("abs", (part,)):
            low, high = span(part, box)
            if low >= 0:
                return resolved(part, box)
            return negate(resolved(part, box)) if high <= 0 else term
        case Apply("min" | "max", parts):
            spans = [span(part, box) for part in parts]
            for k, (low, high) in enumerate(spans):
                others = spans[:k] + spans[k + 1 :]
                least = term.function == "min" and all(high <= other[0] for other in others)
                if least or (term.function == "max" and all(low >= o[1] for o in others)):
                    return resolved(parts[k], box)
    return term


def _times(left: Poly, right: Poly) -> Poly:
    result: Poly = {}
    for one, a in left.items():
        for other, b in right.items():
            powers = dict(one)
            for atom, exponent in other:
                powers[atom] = powers.get(atom, 0) + exponent
            key = tuple(sorted(powers.items(), key=lambda item: repr(item[0])))
            result[key] = result.get(key, Fraction(0)) + a * b
    return {exponents: value for exponents, value in result.items() if value}


# ---- atoms -------------------------------------------------------------------------------------


def _range(atom: Term, box: Mapping[Key, Range]) -> Range:
    match atom:
        case Variable(name, version):
            return box[name, version]
        case Quotient(numerator, denominator):
            (a, b), (c, d) = span(numerator, box), span(denominator, box)
            if c <= 0 <= d:
                raise NotEnclosed("a denominator may be zero")
            ends = [a / c, a / d, b / c, b / d]
            return min(ends), max(ends)
        case Apply("abs", (part,)):
            low, high = span(part, box)
            return max(low, -high, Fraction(0)), max(-low, high)
        case Apply("min" | "max" as function, parts):
            spans = [span(part, box) for part in parts]
            choose = min if function == "min" else max
            return choose(low for low, _ in spans), choose(high for _, high in spans)
        case Apply("sin", (part,)):
            return _wave(span(part, box), 0.0)
        case Apply("cos", (part,)):
            return _wave(span(part, box), pi / 2)
        case Apply("sqrt", (part,)):
            low, high = span(part, box)
            if low < 0:
                raise NotEnclosed("a root of something that may be negative")
            return _outward(sqrt(low), sqrt(high))
        case Apply("exp", (part,)):
            low, high = span(part, box)
            if max(-low, high) > 64:
                raise NotEnclosed("an exponent is too large")
            scale = Fraction(1 + 2**-30)
            return (
                Fraction(exp(low)) / scale if low else Fraction(1),
                Fraction(exp(high)) * scale if high else Fraction(1),
            )
        case Apply(function, _):
            raise NotEnclosed(f"`{function}` is not enclosed", everywhere=True)
        case _:
            raise NotEnclosed("a polynomial is no atom", everywhere=True)


def _wave(ends: Range, shift: float) -> Range:
    """The range of sin(x + shift), a little too wide; the judge's is narrower."""
    low, high = float(ends[0]) + shift, float(ends[1]) + shift
    values = [sin(low), sin(high)]
    for k in range(floor((low - pi / 2) / pi) - 1, floor((high - pi / 2) / pi) + 2):
        if low - 1e-9 <= pi / 2 + k * pi <= high + 1e-9:
            values.append(1.0 if k % 2 == 0 else -1.0)
        if high - low > 7:
            return Fraction(-1), Fraction(1)
    below, above = _outward(min(values), max(values))
    if shift == 0.0 and ends[0] == 0 and high < 3.0:
        below = Fraction(0)  # sin 0 is known exactly
    if shift == 0.0 and ends[1] == 0 and low > -3.0:
        above = Fraction(0)
    return max(below, Fraction(-1)), min(above, Fraction(1))


def _outward(low: float, high: float) -> Range:
    grid = 1 << 44
    return (
        Fraction(floor(low * grid), grid) - OUTWARD,
        Fraction(-floor(-high * grid), grid) + OUTWARD,
    )
