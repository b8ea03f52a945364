"""Walks over formulas that only the finder needs."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.core.term import (
    And,
    Apply,
    Comparison,
    Formula,
    Iff,
    Implies,
    Not,
    Number,
    Or,
    Product,
    Quotient,
    Sum,
    Term,
)


def terms(formula: Formula) -> Iterator[Term]:
    """Every term, from the inside out."""
    match formula:
        case Comparison(_, left, right):
            yield from _within(left)
            yield from _within(right)
        case Not(body):
            yield from terms(body)
        case And(parts) | Or(parts):
            for part in parts:
                yield from terms(part)
        case Implies(one, other) | Iff(one, other):
            yield from terms(one)
            yield from terms(other)


def _within(term: Term) -> Iterator[Term]:
    match term:
        case Sum(parts) | Product(parts) | Apply(_, parts):
            for part in parts:
                yield from _within(part)
        case Quotient(numerator, denominator):
            yield from _within(numerator)
            yield from _within(denominator)
    yield term


def applications(formula: Formula) -> Iterator[Apply]:
    """Every application of a function, from the inside out."""
    return (term for term in terms(formula) if isinstance(term, Apply))


def may_be_undefined(formula: Formula) -> str | None:
    """What may have no value somewhere: a division or a partial function; None if nothing."""
    for term in terms(formula):
        if isinstance(term, Quotient) and not (
            isinstance(term.denominator, Number) and term.denominator.value != 0
        ):
            return "a division by something that may be zero"
        if isinstance(term, Apply) and term.function in ("sqrt", "tan"):
            return f"`{term.function}`, which is not defined everywhere"
    return None
