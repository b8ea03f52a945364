"""Formulas and failures in words."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from verifier.core.evaluate import NoExactValue, Value, evaluate_term
from verifier.core.obligation import Fact
from verifier.core.span import Span
from verifier.core.term import (
    Choice,
    Comparison,
    Formula,
    Key,
    Not,
    Number,
    Product,
    Proposition,
    Sum,
    Term,
    Variable,
    term_variables,
)
from verifier.core.unit import Unit
from verifier.report.quantity import approximate, in_unit, label, readable, square_root
from verifier.report.values import Shown

LONGEST_CLAUSE = 90


def clause(fact: Fact, texts: Mapping[str, str]) -> str:
    """The clause with its objects named where it is an atom, else as it stands in the source."""
    match fact.formula:
        case Proposition(name) | Not(Not(Proposition(name))):
            return name
        case Not(Proposition(name)):
            return f"not {name}"
        case Choice(name, _, value):
            return f"{name} == {value}"
        case Not(Choice(name, _, value)):
            return f"{name} != {value}"
        case _:
            return source(fact.span, texts)


def source(span: Span, texts: Mapping[str, str]) -> str:
    """The text at the span on one line, shortened if it is long; empty where there is none."""
    lines = texts.get(span.file, "").split("\n")[span.line - 1 : span.end_line]
    if not lines:
        return ""
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    text = " ".join(" ".join(lines).split())
    return text if len(text) <= LONGEST_CLAUSE else text[: LONGEST_CLAUSE - 1] + "…"


def value_there(formula: Formula, values: Mapping[Key, Value]) -> str | None:
    """What an atom's variable is instead: `closed`, `false`; None for other formulas."""
    match formula:
        case Choice(name, version) | Not(Choice(name, version)):
            return label(values[name, version])
        case Proposition(name, version) | Not(Proposition(name, version)):
            return label(values[name, version])
        case _:
            return None


def measured(
    formula: Formula, values: Mapping[Key, Value], shown: Mapping[str, Shown]
) -> str | None:
    """How a comparison fails, `the distance may be 0.025 m`; None where that cannot be said."""
    if not isinstance(formula, Comparison):
        return None
    try:
        left = evaluate_term(formula.left, values)
        right = evaluate_term(formula.right, values)
    except (KeyError, NoExactValue):
        return None
    unit = _common_unit(formula, shown)
    if isinstance(formula.right, Number) and _is_square_norm(formula.left) and right >= 0:
        scale = Fraction(1) if unit is None else unit.scale
        symbol = f" {unit.symbol}" if unit else ""
        return f"the distance may be {square_root(left / scale**2)}{symbol}"
    if isinstance(formula.left, Variable) and isinstance(formula.right, Number):
        return f"`{formula.left.name}` may be {_quantity(left, formula.left, shown)}"
    if isinstance(formula.right, Variable) and isinstance(formula.left, Number):
        return f"`{formula.right.name}` may be {_quantity(right, formula.right, shown)}"
    if unit is None or not (_linear(formula.left) and _linear(formula.right)):
        return None
    sides = [approximate(in_unit(side, unit)) for side in (left, right)]
    return f"it may be {sides[0]} {unit.symbol} against {sides[1]} {unit.symbol}"


def _quantity(value: Fraction, variable: Variable, shown: Mapping[str, Shown]) -> str:
    unit = shown[variable.name].unit
    return f"{readable(in_unit(value, unit))}{f' {unit.symbol}' if unit else ''}"


def _common_unit(formula: Comparison, shown: Mapping[str, Shown]) -> Unit | None:
    names = [name for side in (formula.left, formula.right) for name, _ in term_variables(side)]
    units = {shown[name].unit for name in names if name in shown}
    return units.pop() if len(units) == 1 else None


def _is_square_norm(term: Term) -> bool:
    """Whether the term is a sum of squares, as `x in ball(…)` means it."""
    parts = term.terms if isinstance(term, Sum) else (term,)
    return all(
        isinstance(part, Product) and len(part.factors) == 2 and part.factors[0] == part.factors[1]
        for part in parts
    )


def _linear(term: Term) -> bool:
    match term:
        case Number() | Variable():
            return True
        case Sum(parts):
            return all(_linear(part) for part in parts)
        case Product(factors):
            return sum(not isinstance(f, Number) for f in factors) <= 1 and all(
                _linear(f) for f in factors
            )
        case _:
            return False
