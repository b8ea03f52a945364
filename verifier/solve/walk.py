"""Walks over formulas that only the finder needs."""

from __future__ import annotations

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
    Variable,
)


def operations(formula: Formula) -> list[Quotient | Apply]:
    """Every quotient and every application of a function, from the inside out."""
    found: list[Quotient | Apply] = []
    _enter(formula, found)
    return found


def _enter(node: Formula | Term, found: list[Quotient | Apply]) -> None:
    """Adds the operations. Formulas are long, and `isinstance` is quicker than `match`."""
    if isinstance(node, Variable) or isinstance(node, Number):  # noqa: SIM101 - quicker
        return
    if isinstance(node, Product):
        for factor in node.factors:
            _enter(factor, found)
    elif isinstance(node, Sum):
        for term in node.terms:
            _enter(term, found)
    elif isinstance(node, Comparison | Iff):
        _enter(node.left, found)
        _enter(node.right, found)
    elif isinstance(node, And | Or):
        for part in node.parts:
            _enter(part, found)
    elif isinstance(node, Not):
        _enter(node.body, found)
    elif isinstance(node, Implies):
        _enter(node.premise, found)
        _enter(node.conclusion, found)
    elif isinstance(node, Quotient):
        _enter(node.numerator, found)
        _enter(node.denominator, found)
        found.append(node)
    elif isinstance(node, Apply):
        for argument in node.arguments:
            _enter(argument, found)
        found.append(node)


def applications(formula: Formula) -> list[Apply]:
    """Every application of a function, from the inside out."""
    return [each for each in operations(formula) if isinstance(each, Apply)]


def may_be_undefined(formula: Formula) -> str | None:
    """What may have no value somewhere: a division or a partial function; None if nothing."""
    for each in operations(formula):
        if isinstance(each, Apply):
            if each.function in ("sqrt", "tan"):
                return f"`{each.function}`, which is not defined everywhere"
        elif not (isinstance(each.denominator, Number) and each.denominator.value != 0):
            return "a division by something that may be zero"
    return None
