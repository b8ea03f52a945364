"""Terms and formulas in place of variables.

Trusted. Nothing is simplified: the result is the formula as written, with each occurrence of a
variable exchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

from verifier.core.evaluate import Value
from verifier.core.term import (
    And,
    Apply,
    Choice,
    Comparison,
    Formula,
    Iff,
    Implies,
    Key,
    Not,
    Number,
    Or,
    Product,
    Proposition,
    Quotient,
    Sum,
    Term,
    Truth,
    Variable,
)

Stand: TypeAlias = Term | Formula | str | Key
"""What may stand for a variable: a term for a number, a formula for a boolean; for an enumeration a
label, or another variable of its sort."""


def put_term(term: Term, stands: Mapping[Key, Stand]) -> Term:
    """The term with what stands for its variables."""
    if isinstance(term, Number):
        return term
    if isinstance(term, Variable):
        stand = stands.get((term.name, term.version), term)
        assert isinstance(stand, Term), stand
        return stand
    if isinstance(term, Product):
        return Product(tuple([put_term(part, stands) for part in term.factors]))
    if isinstance(term, Sum):
        return Sum(tuple([put_term(part, stands) for part in term.terms]))
    if isinstance(term, Quotient):
        return Quotient(put_term(term.numerator, stands), put_term(term.denominator, stands))
    return Apply(term.function, tuple([put_term(part, stands) for part in term.arguments]))


def put(formula: Formula, stands: Mapping[Key, Stand]) -> Formula:
    """The formula with what stands for its variables."""
    match formula:
        case Comparison(relation, left, right):
            return Comparison(relation, put_term(left, stands), put_term(right, stands))
        case And(parts):
            return And(tuple([put(part, stands) for part in parts]))
        case Or(parts):
            return Or(tuple([put(part, stands) for part in parts]))
        case Truth():
            return formula
        case Proposition(name, version):
            stand = stands.get((name, version), formula)
            assert isinstance(stand, Formula), stand
            return stand
        case Choice(name, version, label):
            return _label(formula, stands.get((name, version)), label)
        case Not(body):
            return Not(put(body, stands))
        case Implies(premise, conclusion):
            return Implies(put(premise, stands), put(conclusion, stands))
        case Iff(left_side, right_side):
            return Iff(put(left_side, stands), put(right_side, stands))


def _label(formula: Choice, stand: Stand | None, label: str) -> Formula:
    match stand:
        case None:
            return formula
        case str():
            return Truth(stand == label)
        case (str(name), int(version)):
            return Choice(name, version, label)
        case _:
            raise AssertionError(stand)


def constants(values: Mapping[Key, Value]) -> dict[Key, Stand]:
    """The values of a state as what stands for its variables."""
    return {key: _constant(value) for key, value in values.items()}


def _constant(value: Value) -> Stand:
    match value:
        case bool():
            return Truth(value)
        case Fraction():
            return Number(value)
        case str():
            return value
