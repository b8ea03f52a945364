"""The normal form of polynomials with rational coefficients, by which two terms are compared.

A polynomial is a positive common denominator and a mapping from monomials to integers that are not
zero. A monomial is the sorted tuple of its atoms with repetitions; an atom is the number given to a
variable, or to a term that is no polynomial and stands for itself.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias

from verifier.core.term import Number, Product, Quotient, Sum, Term, Variable

Monomial: TypeAlias = tuple[int, ...]
Polynomial: TypeAlias = tuple[int, dict[Monomial, int]]
Atoms: TypeAlias = dict[Term, int]

MONOMIALS_MAX = 10_000
DEPTH_MAX = 250
ZERO: Polynomial = (1, {})
ONE = Fraction(1)


class Refused(Exception):
    """Why a certificate is not accepted, in plain words."""


def shown(value: object) -> str:
    """Hostile data in a message: never long, and never read deeply."""
    if type(value) is int:
        return f"`{value}`" if value.bit_length() < 64 else "a very large number"
    return f"`{value[:60]}`" if type(value) is str else f"a {type(value).__name__}"


def constant(value: Fraction) -> Polynomial:
    top, bottom = value.as_integer_ratio()
    return (bottom, {(): top}) if top else ZERO


def combine(weighted: list[tuple[Fraction, Polynomial]]) -> Polynomial:
    """The sum of weight times polynomial."""
    common = lcm(*(weight.denominator * divisor for weight, (divisor, _) in weighted))
    total: dict[Monomial, int] = {}
    for weight, (divisor, integers) in weighted:
        top, bottom = weight.as_integer_ratio()
        factor = top * (common // (bottom * divisor))
        for monomial, value in integers.items():
            total[monomial] = total.get(monomial, 0) + factor * value
    return _reduced(common, total)


def multiply(left: Polynomial, right: Polynomial) -> Polynomial:
    if len(left[1]) * len(right[1]) > MONOMIALS_MAX:
        raise Refused("a product is too large to multiply out")
    total: dict[Monomial, int] = {}
    for one, factor in left[1].items():
        for other, value in right[1].items():
            monomial = tuple(sorted(one + other))
            total[monomial] = total.get(monomial, 0) + factor * value
    return _reduced(left[0] * right[0], total)


def _reduced(divisor: int, integers: dict[Monomial, int]) -> Polynomial:
    kept = {monomial: value for monomial, value in integers.items() if value}
    common = gcd(divisor, *kept.values())
    return divisor // common, {monomial: value // common for monomial, value in kept.items()}


def polynomial(term: Term, atoms: Atoms) -> Polynomial:
    """The normal form of a term. Raises Refused for a division by zero and for what is too large;
    the caller has made sure that the nesting is at most DEPTH_MAX."""
    if isinstance(term, Number):
        return constant(term.value)
    if isinstance(term, Sum):
        linear = _linear(term.terms, atoms)
        if linear is not None:
            return linear
        return combine([(ONE, polynomial(part, atoms)) for part in term.terms])
    if isinstance(term, Product):
        product = constant(ONE)
        for part in term.factors:
            product = multiply(product, polynomial(part, atoms))
        return product
    if isinstance(term, Quotient):
        divisor, integers = polynomial(term.denominator, atoms)
        if not integers:
            raise Refused("a division by zero")
        if integers.keys() == {()}:
            inverse = Fraction(divisor, integers[()])
            return combine([(inverse, polynomial(term.numerator, atoms))])
    return 1, {(atoms.setdefault(term, len(atoms)),): 1}


def _linear(parts: tuple[Term, ...], atoms: Atoms) -> Polynomial | None:
    """The sum of the parts in one pass, if each is a number, a variable or a number times one."""
    found: list[tuple[Monomial, int, int]] = []
    for part in parts:
        value = ONE
        if isinstance(part, Product) and len(part.factors) == 2:
            first, part = part.factors
            if not isinstance(first, Number):
                return None
            value = first.value
        if isinstance(part, Variable):
            monomial: Monomial = (atoms.setdefault(part, len(atoms)),)
        elif isinstance(part, Number):
            monomial, value = (), value * part.value
        else:
            return None
        found.append((monomial, *value.as_integer_ratio()))
    common = lcm(*(bottom for _, _, bottom in found))
    total: dict[Monomial, int] = {}
    for monomial, top, bottom in found:
        total[monomial] = total.get(monomial, 0) + top * (common // bottom)
    return _reduced(common, total)
