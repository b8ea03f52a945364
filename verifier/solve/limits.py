"""Comparisons as limits of forms: what a branch of the tableau knows of each form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.term import Comparison, Number, Variable
from verifier.solve.facts import Known
from verifier.solve.polynomial import MINUS_F, ONE_F, ZERO_F, Atoms, Form, Polynomial, formed


@dataclass(frozen=True, slots=True)
class Limit:
    """One side of a form: `factor` times the fact's gap is the form's distance from `value`."""

    value: Fraction
    strict: bool
    fact: Known
    factor: Fraction


Limits: TypeAlias = tuple[Form, Limit | None, Limit | None]
"""A form with its lower and its upper limit."""
Bound: TypeAlias = tuple[Fraction, int]
"""A number and a multiple of the infinitesimal; compared lexicographically."""


def of_bound(fact: Known, atoms: Atoms) -> Limits | None:
    """The limits of a comparison of a variable with a number, as most are; None of another one."""
    formula = fact.formula
    assert isinstance(formula, Comparison)
    left, right = formula.left, formula.right
    if isinstance(left, Number) and isinstance(right, Variable):
        value, variable, sign = left.value, right, ONE_F
    elif isinstance(left, Variable) and isinstance(right, Number):
        value, variable, sign = right.value, left, MINUS_F
    else:
        return None
    form = (((atoms.number(variable),), 1),)
    if formula.relation == "==":
        return form, Limit(value, False, fact, sign), Limit(value, False, fact, -sign)
    limit = Limit(value, formula.relation == "<", fact, ONE_F)
    return (form, limit, None) if variable is right else (form, None, limit)


def of_polynomial(fact: Known, polynomial: Polynomial) -> Limits:
    """The limits of a comparison whose gap is the polynomial."""
    assert isinstance(fact.formula, Comparison)
    form, scale, constant = formed(polynomial)
    relation, rate = fact.formula.relation, 1 / scale
    low = high = None
    value, strict = -constant * rate, relation == "<"
    if relation == "==" or rate > 0:
        low = Limit(value, strict, fact, rate)
    if relation == "==" or rate < 0:
        high = Limit(value, strict, fact, -rate)
    return form, low, high


def apart(low: Limit, high: Limit) -> bool:
    """Whether nothing lies between the limits."""
    return low.value > high.value or (low.value == high.value and (low.strict or high.strict))


def implies(known: Limit | None, new: Limit, sign: int) -> bool:
    """Whether a limit says as much as a new one; `sign` is 1 of lower limits, -1 of upper ones."""
    if known is None:
        return False
    if known.value == new.value:
        return known.strict or not new.strict
    return (known.value > new.value) == (sign > 0)


def only_point(every: Sequence[Limits | None]) -> tuple[int, Fraction] | None:
    """Where a variable stands of which these are the limits, by its atom: at the point that
    simplex.py would choose. None where anything else is limited, and where there is no point."""
    low: Bound | None = None
    high: Bound | None = None
    atom = -1
    for limits in every:
        if limits is None or len(limits[0]) != 1 or len(limits[0][0][0]) != 1:
            return None
        form, below, above = limits
        ((atom,), _) = form[0]
        if below is not None:
            bound = below.value, int(below.strict)
            low = bound if low is None else max(low, bound)
        if above is not None:
            bound = above.value, -int(above.strict)
            high = bound if high is None else min(high, bound)
    if low is not None and high is not None and high < low:
        return None
    point: Bound = (ZERO_F, 0)
    point = point if low is None else max(point, low)
    point = point if high is None else min(point, high)
    value, slope = point
    return atom, value + slope * _tiny(point, low, high) if slope else value


def _tiny(point: Bound, low: Bound | None, high: Bound | None) -> Fraction:
    """A number for the infinitesimal that keeps the point between the bounds."""
    value, slope = point
    tiny = ONE_F
    if low is not None and low[0] < value and low[1] > slope:
        tiny = min(tiny, (value - low[0]) / (low[1] - slope))
    if high is not None and value < high[0] and slope > high[1]:
        tiny = min(tiny, (high[0] - value) / (slope - high[1]))
    return tiny
