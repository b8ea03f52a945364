"""Polynomials with rational coefficients, as the finder uses them.

A monomial is a sorted tuple of atoms with repetitions. Atoms are numbered in the order in which
they are met: variables, and terms that are no polynomials and stand for themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm, prod
from typing import TypeAlias

from verifier.core.term import (
    Comparison,
    Number,
    Product,
    Quotient,
    Sum,
    Term,
    Variable,
)

Monomial: TypeAlias = tuple[int, ...]
Polynomial: TypeAlias = dict[Monomial, Fraction]
Form: TypeAlias = tuple[tuple[Monomial, int], ...]
"""Without a constant; coprime integers, the first of them positive."""

MONOMIALS_MAX = 3_000
ONE: Monomial = ()
ZERO_F, ONE_F, MINUS_F = Fraction(0), Fraction(1), Fraction(-1)


class NotPolynomial(Exception):
    """A division by zero, or more monomials than anybody should multiply out."""


@dataclass(slots=True)
class Atoms:
    """The numbers given to terms, and the terms by number."""

    numbers: dict[Term, int] = field(default_factory=dict)
    terms: list[Term] = field(default_factory=list)

    def number(self, term: Term) -> int:
        if term not in self.numbers:
            self.numbers[term] = len(self.terms)
            self.terms.append(term)
        return self.numbers[term]


def plus(left: Polynomial, right: Polynomial, factor: Fraction) -> Polynomial:
    """left + factor * right"""
    if not left and factor:
        return {monomial: factor * value for monomial, value in right.items()}
    total = dict(left)
    for monomial, value in right.items():
        new = total.get(monomial, ZERO_F) + factor * value
        if new:
            total[monomial] = new
        else:
            total.pop(monomial, None)
    return total


def times(left: Polynomial, right: Polynomial) -> Polynomial:
    if len(left) * len(right) > MONOMIALS_MAX:
        raise NotPolynomial("a product is too large to multiply out")
    total: Polynomial = {}
    for one, factor in left.items():
        for other, value in right.items():
            monomial = tuple(sorted(one + other))
            total[monomial] = total.get(monomial, ZERO_F) + factor * value
    return {monomial: value for monomial, value in total.items() if value}


def polynomial(term: Term, atoms: Atoms) -> Polynomial:
    """The normal form. Raises NotPolynomial."""
    if isinstance(term, Number):
        return {ONE: term.value} if term.value else {}
    if isinstance(term, Sum):
        return _summed(term.terms, atoms)
    match term:
        case Product(parts):
            scale = Fraction(1)
            product: Polynomial | None = None
            for part in parts:
                if isinstance(part, Number):
                    scale *= part.value
                else:
                    factor = polynomial(part, atoms)
                    product = factor if product is None else times(product, factor)
            return plus({}, {ONE: Fraction(1)} if product is None else product, scale)
        case Quotient(numerator, denominator):
            divisor = polynomial(denominator, atoms)
            if not divisor:
                raise NotPolynomial("a division by zero")
            if divisor.keys() == {ONE}:
                return plus({}, polynomial(numerator, atoms), 1 / divisor[ONE])
    return {(atoms.number(term),): Fraction(1)}


def _summed(parts: Sequence[Term], atoms: Atoms) -> Polynomial:
    """The sum; most parts are a variable with a number, which need no polynomial of their own."""
    total: Polynomial = {}
    for part in parts:
        factor, inside = ONE_F, part
        if isinstance(part, Product) and len(part.factors) == 2:
            first, second = part.factors
            if isinstance(first, Number):
                factor, inside = first.value, second
        if isinstance(inside, Variable):
            added: Polynomial = {(atoms.number(inside),): factor}
        else:
            added = polynomial(part, atoms)
        for monomial, value in added.items():
            known = total.get(monomial)
            total[monomial] = value if known is None else known + value
    return {monomial: value for monomial, value in total.items() if value}


def gap(comparison: Comparison, atoms: Atoms) -> Polynomial:
    """Right minus left: `<=` says that it is not negative. Raises NotPolynomial."""
    match comparison.left, comparison.right:
        case Variable() as variable, Number(value):
            atom = (atoms.number(variable),)
            return {ONE: value, atom: MINUS_F} if value else {atom: MINUS_F}
        case Number(value), Variable() as variable:
            atom = (atoms.number(variable),)
            return {atom: ONE_F, ONE: -value} if value else {atom: ONE_F}
    right = polynomial(comparison.right, atoms)
    left = polynomial(comparison.left, atoms)
    if len(right) <= 1 and right.keys() <= {ONE}:
        gap = {monomial: -value for monomial, value in left.items() if monomial != ONE}
        rest = right.get(ONE, ZERO_F) - left.get(ONE, ZERO_F)
        return {ONE: rest, **gap} if rest else gap
    return plus(right, left, MINUS_F)


def formed(polynomial: Polynomial) -> tuple[Form, Fraction, Fraction]:
    """A form, a scale and a constant such that the polynomial is scale * form + constant."""
    constant = polynomial.get(ONE, ZERO_F)
    entries = sorted(entry for entry in polynomial.items() if entry[0] != ONE)
    if len(entries) == 1:
        ((monomial, scale),) = entries
        return ((monomial, 1),), scale, constant
    ratios = [value.as_integer_ratio() for _, value in entries]
    common = lcm(*(bottom for _, bottom in ratios))
    whole = [top * (common // bottom) for top, bottom in ratios]
    divisor = gcd(*whole) or 1
    if whole and whole[0] < 0:
        divisor = -divisor
    form = tuple([(m, n // divisor) for (m, _), n in zip(entries, whole, strict=True)])
    return form, Fraction(divisor, common), constant


def value_at(form: Polynomial, at: dict[int, Fraction]) -> Fraction:
    """The value where the atoms have these values. Raises KeyError."""
    total = ZERO_F
    for monomial, factor in form.items():
        values = [at[atom] for atom in monomial]
        if all(values):
            total += prod(values, start=factor)
    return total
