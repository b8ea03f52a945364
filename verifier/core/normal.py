"""The normal form of terms: polynomials over atoms, multiplied out, with equal terms equal.

An atom is a variable or what is no polynomial: the application of a function, or a quotient by
something that is no number; inside, both are in normal form themselves.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

from verifier.core.term import (
    Apply,
    Number,
    Product,
    Quotient,
    Sum,
    Term,
    Variable,
    add,
    multiply,
    number,
)

Monomial: TypeAlias = tuple[Term, ...]
Polynomial: TypeAlias = dict[Monomial, Fraction]

MONOMIALS_MAX = 5_000


class TooLarge(Exception):
    """The term has too many monomials to be multiplied out."""


def expanded(term: Term) -> Term:
    """The term in normal form. Raises TooLarge, and ZeroDivisionError for a division by 0."""
    return _term(_polynomial(term))


def _term(polynomial: Polynomial) -> Term:
    parts = [
        multiply(Number(factor), *monomial)
        for monomial, factor in sorted(polynomial.items(), key=lambda each: repr(each[0]))
    ]
    return add(*parts) if parts else number(0)


def _polynomial(term: Term) -> Polynomial:
    match term:
        case Number(value):
            return {(): value} if value else {}
        case Variable():
            return {(term,): Fraction(1)}
        case Sum(parts):
            total: Polynomial = {}
            for part in parts:
                for monomial, factor in _polynomial(part).items():
                    total[monomial] = total.get(monomial, Fraction(0)) + factor
            return {monomial: factor for monomial, factor in total.items() if factor}
        case Product(parts):
            product: Polynomial = {(): Fraction(1)}
            for part in _squared(parts):
                product = _times(product, _polynomial(part))
            return product
        case Quotient(above, below):
            divisor = _polynomial(below)
            if divisor.keys() <= {()}:
                inverse = 1 / divisor.get((), Fraction(0))
                return {m: factor * inverse for m, factor in _polynomial(above).items()}
            return _times(_polynomial(above), {(Quotient(number(1), _term(divisor)),): Fraction(1)})
        case Apply(function, arguments):
            inner = tuple(expanded(part) for part in arguments)
            if function == "sin" and inner == (number(0),):
                return {}
            if function == "cos" and inner == (number(0),):
                return {(): Fraction(1)}
            return {(Apply(function, inner),): Fraction(1)}


def _squared(parts: tuple[Term, ...]) -> list[Term]:
    """The factors, with the square of a norm in the place of two equal ones."""
    kept: list[Term] = []
    for part in parts:
        if isinstance(part, Apply) and part.function == "norm" and part in kept:
            kept.remove(part)
            kept += part.arguments
        else:
            kept.append(part)
    return kept


def _times(left: Polynomial, right: Polynomial) -> Polynomial:
    if len(left) * len(right) > MONOMIALS_MAX:
        raise TooLarge
    total: Polynomial = {}
    for one, a in left.items():
        for other, b in right.items():
            monomial = tuple(sorted((*one, *other), key=repr))
            total[monomial] = total.get(monomial, Fraction(0)) + a * b
    return {monomial: factor for monomial, factor in total.items() if factor}
