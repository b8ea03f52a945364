"""How terms change along x' = F(x): Lie derivatives, and the state one period later.

With the command held constant, F depends on the state alone, and for a smooth h

    h(x(T)) = h + T L_F h + T^2/2 L_F^2 h + …      (Taylor, with L_F h = grad h . F)

If some L_F^k of every state is zero, which is so for chains of integrators, the series of the
states is finite, and x(T) is a term.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import factorial

from verifier.core.normal import expanded
from verifier.core.slope import derivative
from verifier.core.term import (
    NOW,
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
    term_variables,
)

LONGEST_SERIES = 5

Field = Mapping[str, Term]


def lie(term: Term, field: Field) -> Term:
    """The derivative of the term along the field, in normal form. Raises NoSlope and TooLarge."""
    names = dict.fromkeys(name for name, _ in term_variables(term))
    return expanded(
        add(*(multiply(derivative(term, (x, NOW)), field[x]) for x in names if x in field))
    )


def later(field: Field, period: Fraction) -> dict[str, Term] | None:
    """The states one period later as terms over those now; None where the series does not end
    soon. Raises NoSlope and TooLarge."""
    found: dict[str, Term] = {}
    for state in field:
        parts: list[Term] = [Variable(state)]
        derived: Term = Variable(state)
        for k in range(1, LONGEST_SERIES):
            derived = lie(derived, field)
            if derived == number(0):
                break
            parts.append(multiply(Number(period**k / factorial(k)), derived))
        else:
            return None
        found[state] = expanded(add(*parts))
    return found


def polynomial_later(term: Term, field: Field, period: Fraction) -> Term | None:
    """The term one period later, if it is a polynomial and the series of the states ends. Raises
    NoSlope and TooLarge."""
    states = later(field, period) if _polynomial(term) else None
    return None if states is None else replaced(term, states)


def _polynomial(term: Term) -> bool:
    match term:
        case Sum(parts) | Product(parts):
            return all(map(_polynomial, parts))
        case _:
            return isinstance(term, Number | Variable)


def replaced(term: Term, places: Mapping[str, Term]) -> Term:
    """The term with terms in the places of variables."""
    match term:
        case Number():
            return term
        case Variable(name):
            return places.get(name, term)
        case Sum(parts):
            return add(*(replaced(part, places) for part in parts))
        case Product(parts):
            return multiply(*(replaced(part, places) for part in parts))
        case Quotient(above, below):
            return Quotient(replaced(above, places), replaced(below, places))
        case Apply(function, parts):
            return Apply(function, tuple(replaced(part, places) for part in parts))
