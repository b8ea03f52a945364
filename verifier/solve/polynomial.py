"""Polynomials with rational coefficients, as the finder uses them.

A monomial is a sorted tuple of atoms with repetitions. Atoms are numbered in the order in which
they are met: variables, and terms that are no polynomials and stand for themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from verifier.core.term import (
    Comparison,
    Number,
    Product,
    Quotient,
    Sum,
    Term,
)

Monomial: TypeAlias = tuple[int, ...]
Polynomial: TypeAlias = dict[Monomial, Fraction]

MONOMIALS_MAX = 3_000
ONE: Monomial = ()


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
        new = total.get(monomial, Fraction(0)) + factor * value
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
            total[monomial] = total.get(monomial, Fraction(0)) + factor * value
    return {monomial: value for monomial, value in total.items() if value}


def polynomial(term: Term, atoms: Atoms) -> Polynomial:
    """The normal form. Raises NotPolynomial."""
    match term:
        case Number(value):
            return {ONE: value} if value else {}
        case Sum(parts):
            total: Polynomial = {}
            for part in parts:
                total = plus(total, polynomial(part, atoms), Fraction(1))
            return total
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


def gap(comparison: Comparison, atoms: Atoms) -> Polynomial:
    """Right minus left: `<=` says that it is not negative. Raises NotPolynomial."""
    right = polynomial(comparison.right, atoms)
    return plus(right, polynomial(comparison.left, atoms), Fraction(-1))


def value_at(form: Polynomial, at: dict[int, Fraction]) -> Fraction:
    """The value where the atoms have these values. Raises KeyError."""
    total = Fraction(0)
    for monomial, factor in form.items():
        for atom in monomial:
            factor *= at[atom]
        total += factor
    return total
