"""Whether squares of polynomials, times facts, add up to nonsense: the rule `SumOfSquares`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from verifier.check.polynomial import Polynomial, Refused, combine, constant, multiply, shown
from verifier.check.shape import as_rows, as_tuple
from verifier.check.survey import rational
from verifier.core.certificate import SumOfSquares, Weighted

Gap = Callable[[object], tuple[str, Polynomial]]
Variable = Callable[[object], Polynomial]


def sum_of_squares(node: SumOfSquares, gap: Gap, variable: Variable) -> None:
    """Raises Refused unless the node closes its branch; `gap` gives the relation and the polynomial
    of a fact, `variable` that of a variable."""
    total = rational(node.constant, "the constant")
    if total < 0:
        raise Refused("the constant is negative")
    positive = total > 0
    weighted = [(Fraction(1), constant(total))]
    for square in as_tuple(node.squares, "the squares"):
        strict, term = _square(square, gap, variable)
        positive = positive or strict
        weighted.append(term)
    for index, factor in as_rows(node.equations, 2, "the equations"):
        relation, difference = gap(index)
        if relation != "==":
            raise Refused(f"fact {shown(index)} is no equation")
        weighted.append((Fraction(1), multiply(_polynomial(factor, variable), difference)))
    if not positive:
        raise Refused("the sum contradicts nothing: it may be zero")
    if combine(weighted)[1]:
        raise Refused("the sum does not cancel")


def _square(
    square: object, gap: Gap, variable: Variable
) -> tuple[bool, tuple[Fraction, Polynomial]]:
    """Whether the facts make it positive, and what it adds."""
    if not isinstance(square, Weighted):
        raise Refused("a square is malformed")
    weight = rational(square.weight, "the weight of a square")
    if weight < 0:
        raise Refused("the weight of a square is negative")
    form = _polynomial(square.form, variable)
    product = multiply(form, form)
    facts = as_tuple(square.facts, "the facts of a square")
    strict = weight > 0 and form[1].keys() == {()}
    for index in facts:
        relation, difference = gap(index)
        if relation == "==":
            raise Refused(f"fact {shown(index)} is an equation: a square of it tells nothing")
        strict = strict and relation == "<"
        product = multiply(product, difference)
    return strict, (weight, product)


def _polynomial(terms: object, variable: Variable) -> Polynomial:
    parts = []
    for monomial, raw in as_rows(terms, 2, "a polynomial"):
        product = constant(Fraction(1))
        for key in as_tuple(monomial, "a monomial"):
            product = multiply(product, variable(key))
        parts.append((rational(raw, "a coefficient"), product))
    return combine(parts)
