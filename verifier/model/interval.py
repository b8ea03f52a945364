"""Barriers over one scalar as intervals, by exact polynomial arithmetic.

`(q - L) (U - q) >= 0` is recognised by its meaning, however it is written: the term is expanded to
a q^2 + b q + c with rational coefficients. With a < 0 it is non-negative exactly between its roots;
with a = 0 on one side of -c/b. A root that is not rational is taken inwards by less than 2^-64.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from verifier.core.diagnostic import Diagnostic
from verifier.core.term import Number, Product, Quotient, Sum, Term, Variable, term_variables
from verifier.model.control import Barrier

HELP = (
    "braking keeps `(q[j] - q.lower[j]) * (q.upper[j] - q[j])`, and either factor alone; for "
    "others write a law that keeps them: `baseline [k * x, …]`"
)

Polynomial = tuple[Fraction, ...]  # the coefficients of 1, q, q^2, …


@dataclass(frozen=True, slots=True)
class Interval:
    """lower <= state <= upper; None leaves a side open."""

    barrier: Barrier
    state: str
    lower: Fraction | None
    upper: Fraction | None


def interval_of(barrier: Barrier) -> Interval | Diagnostic:
    """The interval in which the barrier is not negative."""
    names = {name for name, _ in term_variables(barrier.value)}
    polynomial = _expand(barrier.value)
    if len(names) != 1 or polynomial is None or not 2 <= len(polynomial) <= 3:
        return _refused(barrier, "is not a product of two affine factors in one joint")
    return _solve(barrier, names.pop(), polynomial)


def _solve(barrier: Barrier, state: str, polynomial: Polynomial) -> Interval | Diagnostic:
    c, b, a = (*polynomial, Fraction(0))[:3]
    if a > 0:
        return _refused(barrier, "is safe outside of an interval, not inside")
    if a == 0:
        root = -c / b
        return Interval(barrier, state, root if b > 0 else None, root if b < 0 else None)
    square = b * b - 4 * a * c
    if square < 0:
        return _refused(barrier, "is negative everywhere: nothing is safe")
    half_width = _root_below(square) / (2 * -a)
    middle = b / (2 * -a)
    return Interval(barrier, state, middle - half_width, middle + half_width)


def _root_below(value: Fraction) -> Fraction:
    """The square root if it is rational, else a rational below it by at most 2^-80 of it."""
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    scale = 1 << (160 + 2 * value.denominator.bit_length())
    return Fraction(isqrt(value.numerator * value.denominator * scale), value.denominator) / isqrt(
        scale
    )


def _expand(term: Term) -> Polynomial | None:
    """The coefficients, without leading zeros; None if the term is not a polynomial."""
    match term:
        case Number(value):
            return _trimmed([value])
        case Variable():
            return Fraction(0), Fraction(1)
        case Sum(terms):
            total: Polynomial = ()
            for part in map(_expand, terms):
                if part is None:
                    return None
                total = _plus(total, part)
            return total
        case Product(factors):
            product: Polynomial = (Fraction(1),)
            for part in map(_expand, factors):
                if part is None:
                    return None
                product = _times(product, part)
            return product
        case Quotient(numerator, Number(value)) if value != 0:
            above = _expand(numerator)
            return None if above is None else _times(above, (1 / value,))
        case _:
            return None


def _plus(left: Polynomial, right: Polynomial) -> Polynomial:
    size = max(len(left), len(right))
    pad = (Fraction(0),) * size
    return _trimmed(
        [a + b for a, b in zip((*left, *pad)[:size], (*right, *pad)[:size], strict=True)]
    )


def _times(left: Polynomial, right: Polynomial) -> Polynomial:
    product = [Fraction(0)] * max(0, len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            product[i + j] += a * b
    return _trimmed(product)


def _trimmed(coefficients: list[Fraction]) -> Polynomial:
    while coefficients and coefficients[-1] == 0:
        coefficients.pop()
    return tuple(coefficients)


def _refused(barrier: Barrier, why: str) -> Diagnostic:
    return Diagnostic(
        code="barrier-not-supported",
        span=barrier.span,
        message=f"barrier `{barrier.name}` {why}",
        help=HELP,
    )
