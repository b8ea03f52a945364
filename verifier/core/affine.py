"""Terms as affine functions of variables, where they are."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from verifier.core.evaluate import NoExactValue, evaluate_term
from verifier.core.motion import Affine
from verifier.core.slope import NoSlope, derivative
from verifier.core.term import And, Comparison, Formula, Key, Number, Term, Truth, subtract
from verifier.core.term import term_variables as variables_of

ZERO = Fraction(0)
Row = tuple[tuple[Fraction, ...], Fraction, str]
"""row . x <= bound, or with `==` or `<` in place of `<=`."""


def affine(term: Term, keys: Sequence[Key]) -> Affine | None:
    """The term as constant + linear . keys; None where it is not, or reads other variables."""
    if not set(variables_of(term)) <= set(keys):
        return None
    slopes = []
    try:
        for key in keys:
            slope = derivative(term, key)
            if not isinstance(slope, Number):
                return None
            slopes.append(slope.value)
        constant = evaluate_term(term, dict.fromkeys(keys, ZERO))
    except (NoSlope, NoExactValue):
        return None
    return Affine(constant, tuple(slopes))


def rows(formula: Formula, keys: Sequence[Key]) -> list[Row] | None:
    """The formula as a conjunction of rows over the keys; None where it is none."""
    match formula:
        case Truth(True):
            return []
        case And(parts):
            found: list[Row] = []
            for part in parts:
                inner = rows(part, keys)
                if inner is None:
                    return None
                found += inner
            return found
        case Comparison(relation, left, right) if relation in ("<=", "<", "=="):
            form = affine(subtract(left, right), keys)
            return None if form is None else [(form.linear, -form.constant, relation)]
        case _:
            return None
