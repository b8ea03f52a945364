"""Assertions as numbered facts: the negation normal form of verifier/core/certificate.py.

Disjunctions stay as they were written until a certificate splits them, so that the size of the
facts is linear in the size of the assertions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from verifier.check.polynomial import Refused
from verifier.core.term import (
    FALSE,
    And,
    Apply,
    Choice,
    Comparison,
    Formula,
    Iff,
    Implies,
    Not,
    Or,
    Product,
    Proposition,
    Term,
    Truth,
    number,
)

Signed: TypeAlias = tuple[Formula, bool]


@dataclass(frozen=True, slots=True)
class Literal:
    """A truth value, a comparison, or a proposition or choice that holds or is denied."""

    formula: Formula
    holds: bool


@dataclass(frozen=True, slots=True)
class Disjunction:
    parts: tuple[Signed, ...]


NumberedFact: TypeAlias = Literal | Disjunction


def flatten(formula: Formula, holds: bool) -> list[NumberedFact]:
    """The facts of the formula, or of its negation if it does not hold."""
    facts: list[NumberedFact] = []
    todo: list[Signed] = [(formula, holds)]
    while todo:
        formula, holds = todo.pop()
        if isinstance(formula, Comparison):
            facts.append(_comparison(formula, holds))
        elif isinstance(formula, And | Or):
            signed = [(part, holds) for part in formula.parts]
            if isinstance(formula, And) == holds or len(signed) == 1:
                todo += reversed(signed)
            else:
                facts.append(Disjunction(tuple(signed)) if signed else Literal(FALSE, True))
        elif isinstance(formula, Proposition | Choice):
            facts.append(Literal(formula, holds))
        elif isinstance(formula, Not):
            todo.append((formula.body, not holds))
        elif isinstance(formula, Implies):
            premise, conclusion = formula.premise, formula.conclusion
            if holds:
                facts.append(Disjunction(((premise, False), (conclusion, True))))
            else:
                todo.extend([(conclusion, False), (premise, True)])
        elif isinstance(formula, Iff):
            one, other = formula.left, formula.right
            facts.append(Disjunction(((one, not holds), (other, True))))
            pair = ((other, False), (one, True)) if holds else ((one, False), (other, False))
            facts.append(Disjunction(pair))
        elif isinstance(formula, Truth):
            facts.append(Literal(Truth(formula.value == holds), True))
    return facts


def _comparison(formula: Comparison, holds: bool) -> NumberedFact:
    """The comparison, or what its denial says."""
    if holds:
        return Literal(formula, True)
    left, right = formula.left, formula.right
    if formula.relation == "==":
        sides = (Comparison("<", left, right), Comparison("<", right, left))
        return Disjunction(tuple((side, True) for side in sides))
    turned = "<" if formula.relation == "<=" else "<="
    return Literal(Comparison(turned, right, left), True)


def meaning(term: Apply) -> Formula:
    """The formula that `Meaning` adds. Raises Refused for a function that has none."""
    arguments = term.arguments
    if term.function == "abs" and len(arguments) == 1:
        inside = arguments[0]
        upper = (Comparison("<=", number(0), inside), Comparison("==", term, inside))
        lower = (
            Comparison("<", inside, number(0)),
            Comparison("==", term, Product((number(-1), inside))),
        )
        return Or((And(upper), And(lower)))
    if term.function not in ("min", "max") or not arguments:
        raise Refused(f"`{term.function}` has no meaning that could be added")
    return Or(tuple(And(_chosen(term, chosen)) for chosen in arguments))


def _chosen(term: Apply, chosen: Term) -> tuple[Formula, ...]:
    if term.function == "min":
        bounds = [Comparison("<=", chosen, other) for other in term.arguments]
    else:
        bounds = [Comparison("<=", other, chosen) for other in term.arguments]
    return Comparison("==", term, chosen), *bounds
