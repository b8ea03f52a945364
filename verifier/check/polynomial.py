"""The normal form of polynomials with rational coefficients, by which two terms are compared.

A polynomial is a positive common denominator and a mapping from monomials to integers that are not
zero. A monomial is the sorted tuple of its atoms with repetitions; an atom is the number given to a
variable, or to a term that is no polynomial and stands for itself.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias

from verifier.core.term import Apply, Number, Product, Quotient, Sum, Term, Variable

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
    return (value.denominator, {(): value.numerator}) if value else ZERO


def combine(weighted: list[tuple[Fraction, Polynomial]]) -> Polynomial:
    """The sum of weight times polynomial."""
    common = lcm(*(weight.denominator * divisor for weight, (divisor, _) in weighted))
    total: dict[Monomial, int] = {}
    for weight, (divisor, integers) in weighted:
        factor = weight.numerator * (common // (weight.denominator * divisor))
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
    match term:
        case Number(value):
            return constant(value)
        case Sum(parts):
            linear = _linear(parts, atoms)
            if linear is not None:
                return linear
            return combine([(ONE, polynomial(part, atoms)) for part in parts])
        case Product(parts):
            product = constant(ONE)
            for part in parts:
                product = multiply(product, polynomial(part, atoms))
            return product
        case Quotient(numerator, denominator):
            divisor, integers = polynomial(denominator, atoms)
            if not integers:
                raise Refused("a division by zero")
            if integers.keys() == {()}:
                inverse = Fraction(divisor, integers[()])
                return combine([(inverse, polynomial(numerator, atoms))])
        case Variable() | Apply():
            pass
    return 1, {(atoms.setdefault(term, len(atoms)),): 1}


def _linear(parts: tuple[Term, ...], atoms: Atoms) -> Polynomial | None:
    """The sum of the parts in one pass, if each is a number, a variable or a number times one."""
    found: list[tuple[Monomial, Fraction]] = []
    for part in parts:
        match part:
            case Product((Number(value), Variable() as variable)):
                found.append(((atoms.setdefault(variable, len(atoms)),), value))
            case Variable():
                found.append(((atoms.setdefault(part, len(atoms)),), ONE))
            case Number(value):
                found.append(((), value))
            case _:
                return None
    common = lcm(*(value.denominator for _, value in found))
    total: dict[Monomial, int] = {}
    for monomial, value in found:
        amount = value.numerator * (common // value.denominator)
        total[monomial] = total.get(monomial, 0) + amount
    return _reduced(common, total)
