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
    """Every occurrence of a variable in the term, in order; repetitions included."""
    found: list[Key] = []
    _enter(term, found)
    return iter(found)


def variables(formula: Formula) -> Iterator[Key]:
    """Every occurrence of a scalar variable, as (name, version); repetitions included."""
    found: list[Key] = []
    _enter(formula, found)
    return iter(found)


# Formulas are long and walked often: here `isinstance` is several times quicker than `match`.


def _enter(node: Term | Formula, found: list[Key]) -> None:
    """Adds the occurrences in their order."""
    if isinstance(node, Variable):
        found.append((node.name, node.version))
    elif isinstance(node, Number):
        return
    elif isinstance(node, Product):
        for factor in node.factors:
            _enter(factor, found)
    elif isinstance(node, Sum):
        for term in node.terms:
            _enter(term, found)
    elif isinstance(node, Comparison):
        _enter(node.left, found)
        _enter(node.right, found)
    elif isinstance(node, And | Or):
        for part in node.parts:
            _enter(part, found)
    elif isinstance(node, Proposition | Choice):
        found.append((node.name, node.version))
    elif isinstance(node, Not):
        _enter(node.body, found)
    elif isinstance(node, Implies):
        _enter(node.premise, found)
        _enter(node.conclusion, found)
    elif isinstance(node, Iff):
        _enter(node.left, found)
        _enter(node.right, found)
    elif isinstance(node, Quotient):
        _enter(node.numerator, found)
        _enter(node.denominator, found)
    elif isinstance(node, Apply):
        for argument in node.arguments:
            _enter(argument, found)


def rename_term(term: Term, version_of: Callable[[str, int], int]) -> Term:
    """The term with each variable's version replaced by `version_of(name, version)`."""
    if isinstance(term, Variable):
        return Variable(term.name, version_of(term.name, term.version))
    if isinstance(term, Number):
        return term
    if isinstance(term, Product):
        return Product(tuple([rename_term(part, version_of) for part in term.factors]))
    if isinstance(term, Sum):
        return Sum(tuple([rename_term(part, version_of) for part in term.terms]))
    if isinstance(term, Quotient):
        above = rename_term(term.numerator, version_of)
        return Quotient(above, rename_term(term.denominator, version_of))
    return Apply(term.function, tuple([rename_term(part, version_of) for part in term.arguments]))


def rename(formula: Formula, version_of: Callable[[str, int], int]) -> Formula:
    """The formula with each variable's version replaced by `version_of(name, version)`."""
    if isinstance(formula, Comparison):
        left = rename_term(formula.left, version_of)
        return Comparison(formula.relation, left, rename_term(formula.right, version_of))
    if isinstance(formula, And):
        return And(tuple([rename(part, version_of) for part in formula.parts]))
    if isinstance(formula, Or):
        return Or(tuple([rename(part, version_of) for part in formula.parts]))
    if isinstance(formula, Proposition):
        return Proposition(formula.name, version_of(formula.name, formula.version))
    if isinstance(formula, Choice):
        return Choice(formula.name, version_of(formula.name, formula.version), formula.label)
    if isinstance(formula, Not):
        return Not(rename(formula.body, version_of))
    if isinstance(formula, Implies):
        premise = rename(formula.premise, version_of)
        return Implies(premise, rename(formula.conclusion, version_of))
    if isinstance(formula, Iff):
        return Iff(rename(formula.left, version_of), rename(formula.right, version_of))
    return formula
