"""Terms and formulas over scalar variables: the one form in which facts travel.

A variable is a name (`gripper`, `ee.x`, `pose[cup].z`, `q[3]`) and a version. In a contract version
0 is the value now and version -1 the value at the skill's entry (`old`). In an obligation versions
count the steps of the chain: 0 is the start, k is the value that step k wrote.

All numbers are exact rationals in SI base units (metre, kilogram, second, radian).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.unit import Dimension

NOW = 0
OLD = -1


# ---- sorts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Boolean:
    pass


@dataclass(frozen=True, slots=True)
class Enumeration:
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Real:
    dimension: Dimension


Sort: TypeAlias = Boolean | Enumeration | Real


# ---- numeric terms -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    value: Fraction


@dataclass(frozen=True, slots=True)
class Variable:
    """A real-valued scalar."""

    name: str
    version: int = NOW


@dataclass(frozen=True, slots=True)
class Sum:
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Product:
    factors: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    numerator: Term
    denominator: Term


@dataclass(frozen=True, slots=True)
class Apply:
    """A named function: abs, min, max, sqrt, sin, cos, tan, exp; and norm, the root of its
    argument, which is a sum of squares and therefore never negative."""

    function: str
    arguments: tuple[Term, ...]


Term: TypeAlias = Number | Variable | Sum | Product | Quotient | Apply


# ---- formulas ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Truth:
    value: bool


@dataclass(frozen=True, slots=True)
class Proposition:
    """A boolean variable."""

    name: str
    version: int = NOW


@dataclass(frozen=True, slots=True)
class Choice:
    """That an enumeration variable has this label."""

    name: str
    version: int
    label: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left relation right` with relation one of `<=`, `<`, `==`."""

    relation: str
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Not:
    body: Formula


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Implies:
    premise: Formula
    conclusion: Formula


@dataclass(frozen=True, slots=True)
class Iff:
    left: Formula
    right: Formula


Formula: TypeAlias = Truth | Proposition | Choice | Comparison | Not | And | Or | Implies | Iff

TRUE = Truth(True)
FALSE = Truth(False)


# ---- small constructors ------------------------------------------------------------------------


def number(value: Fraction | int) -> Number:
    return Number(Fraction(value))


def add(*terms: Term) -> Term:
    """The sum, with numbers folded and zeros dropped."""
    total = Fraction(0)
    rest: list[Term] = []
    for term in terms:
        for part in term.terms if isinstance(term, Sum) else (term,):
            if isinstance(part, Number):
                total += part.value
            else:
                rest.append(part)
    if total or not rest:
        rest.append(Number(total))
    return rest[0] if len(rest) == 1 else Sum(tuple(rest))


def multiply(*factors: Term) -> Term:
    """The product, with numbers folded and ones dropped."""
    total = Fraction(1)
    rest: list[Term] = []
    for factor in factors:
        for part in factor.factors if isinstance(factor, Product) else (factor,):
            if isinstance(part, Number):
                total *= part.value
            else:
                rest.append(part)
    if total == 0:
        return Number(Fraction(0))
    if total != 1 or not rest:
        rest.insert(0, Number(total))
    return rest[0] if len(rest) == 1 else Product(tuple(rest))


def negate(term: Term) -> Term:
    if isinstance(term, Sum):
        return add(*(negate(part) for part in term.terms))
    return multiply(Number(Fraction(-1)), term)


def subtract(left: Term, right: Term) -> Term:
    return add(left, negate(right))


def conjunction(parts: Iterable[Formula]) -> Formula:
    """The flat `and` of the parts; true if there are none."""
    flat: list[Formula] = []
    for part in parts:
        if part == FALSE:
            return FALSE
        if part != TRUE:
            flat.extend(part.parts if isinstance(part, And) else (part,))
    return flat[0] if len(flat) == 1 else And(tuple(flat)) if flat else TRUE


def disjunction(parts: Iterable[Formula]) -> Formula:
    """The flat `or` of the parts; false if there are none."""
    flat: list[Formula] = []
    for part in parts:
        if part == TRUE:
            return TRUE
        if part != FALSE:
            flat.extend(part.parts if isinstance(part, Or) else (part,))
    return flat[0] if len(flat) == 1 else Or(tuple(flat)) if flat else FALSE


def negation(formula: Formula) -> Formula:
    match formula:
        case Truth(value):
            return Truth(not value)
        case Not(body):
            return body
        case _:
            return Not(formula)


# ---- walks -------------------------------------------------------------------------------------

Key: TypeAlias = tuple[str, int]


def term_variables(term: Term) -> Iterator[Key]:
    match term:
        case Number():
            return
        case Variable(name, version):
            yield name, version
        case Sum(parts) | Product(parts):
            for part in parts:
                yield from term_variables(part)
        case Quotient(numerator, denominator):
            yield from term_variables(numerator)
            yield from term_variables(denominator)
        case Apply(_, arguments):
            for part in arguments:
                yield from term_variables(part)


def variables(formula: Formula) -> Iterator[Key]:
    """Every occurrence of a scalar variable, as (name, version); repetitions included."""
    match formula:
        case Truth():
            return
        case Proposition(name, version) | Choice(name, version, _):
            yield name, version
        case Comparison(_, left, right):
            yield from term_variables(left)
            yield from term_variables(right)
        case Not(body):
            yield from variables(body)
        case And(parts) | Or(parts):
            for part in parts:
                yield from variables(part)
        case Implies(left_side, right_side) | Iff(left_side, right_side):
            yield from variables(left_side)
            yield from variables(right_side)


def rename_term(term: Term, version_of: Callable[[str, int], int]) -> Term:
    match term:
        case Number():
            return term
        case Variable(name, version):
            return Variable(name, version_of(name, version))
        case Sum(parts):
            return Sum(tuple(rename_term(part, version_of) for part in parts))
        case Product(parts):
            return Product(tuple(rename_term(part, version_of) for part in parts))
        case Quotient(numerator, denominator):
            return Quotient(
                rename_term(numerator, version_of), rename_term(denominator, version_of)
            )
        case Apply(function, arguments):
            return Apply(function, tuple(rename_term(part, version_of) for part in arguments))


def rename(formula: Formula, version_of: Callable[[str, int], int]) -> Formula:
    """The formula with each variable's version replaced by `version_of(name, version)`."""
    match formula:
        case Truth():
            return formula
        case Proposition(name, version):
            return Proposition(name, version_of(name, version))
        case Choice(name, version, label):
            return Choice(name, version_of(name, version), label)
        case Comparison(relation, left, right):
            return Comparison(
                relation, rename_term(left, version_of), rename_term(right, version_of)
            )
        case Not(body):
            return Not(rename(body, version_of))
        case And(parts):
            return And(tuple(rename(part, version_of) for part in parts))
        case Or(parts):
            return Or(tuple(rename(part, version_of) for part in parts))
        case Implies(premise, conclusion):
            return Implies(rename(premise, version_of), rename(conclusion, version_of))
        case Iff(left_side, right_side):
            return Iff(rename(left_side, version_of), rename(right_side, version_of))
