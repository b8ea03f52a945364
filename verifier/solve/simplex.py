"""Linear systems in exact rationals: a point, or the multipliers that show there is none.

The general simplex method of Dutertre and de Moura (A fast linear-arithmetic solver for DPLL(T),
CAV 2006, sections 3 and 5) with Bland's rule. Every linear form gets one variable and every row
becomes a bound on it, so that boxes cost nothing. Strict rows are bounds with an infinitesimal.
A conflict is a sum of bounds, which are Farkas' multipliers (Motzkin's, with strict rows).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias, TypeVar

V = TypeVar("V", bound=Hashable)
Row: TypeAlias = tuple[str, Mapping[V, Fraction], Fraction]
"""`<=`, `<` or `==`, coefficients and a constant: that 0 is so related to their sum."""
Amount: TypeAlias = tuple[Fraction, Fraction]
"""A rational and a multiple of the infinitesimal; compared lexicographically."""

ZERO = Fraction(0)
NOWHERE: Amount = (ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Infeasible:
    """Multipliers of rows whose sum is a constant that no state allows."""

    multipliers: dict[int, Fraction]


@dataclass(slots=True)
class _Line:
    """`divisor` times a basic variable is the sum of integer times column."""

    divisor: int
    entries: dict[int, int]


@dataclass(slots=True)
class _Tableau:
    rows: dict[int, _Line] = field(default_factory=dict)
    lower: dict[int, tuple[Amount, int, Fraction]] = field(default_factory=dict)
    upper: dict[int, tuple[Amount, int, Fraction]] = field(default_factory=dict)
    values: list[Amount] = field(default_factory=list)

    def new(self) -> int:
        self.values.append((ZERO, ZERO))
        return len(self.values) - 1


def solve(rows: Sequence[Row[V]], spend: Callable[[int], None]) -> dict[V, Fraction] | Infeasible:
    """A point that satisfies every row, or why there is none.

    `spend` hears of the work done, in units of about ten microseconds; it may raise to end it.
    """
    tableau = _Tableau()
    columns: dict[V, int] = {}
    for _, coefficients, _ in rows:
        for variable in coefficients:
            if variable not in columns:
                columns[variable] = tableau.new()
    forms: dict[tuple[tuple[int, int], ...], int] = {}
    for index, (relation, coefficients, constant) in enumerate(rows):
        conflict = _add(tableau, forms, columns, index, relation, coefficients, constant)
        if conflict is not None:
            return conflict
    _start(tableau)
    spend(1 + len(rows) // 4)
    while True:
        outcome = _step(tableau)
        if isinstance(outcome, Infeasible):
            return outcome
        if outcome == "done":
            return _point(tableau, columns)
        spend(1 + sum(len(row.entries) for row in tableau.rows.values()) // 25)


def _add(
    tableau: _Tableau,
    forms: dict[tuple[tuple[int, int], ...], int],
    columns: Mapping[V, int],
    index: int,
    relation: str,
    coefficients: Mapping[V, Fraction],
    constant: Fraction,
) -> Infeasible | None:
    entries = sorted((columns[v], c) for v, c in coefficients.items() if c)
    if not entries:
        if constant > 0 or (constant == 0 and relation != "<"):
            return None if relation != "==" or constant == 0 else Infeasible({index: -1 / constant})
        return Infeasible({index: -1 / constant if constant else Fraction(1)})
    scale = entries[0][1]
    if len(entries) == 1:
        variable = entries[0][0]
    else:
        common = lcm(*(c.denominator for _, c in entries))
        whole = [c.numerator * (common // c.denominator) for _, c in entries]
        divisor = gcd(*whole) if scale > 0 else -gcd(*whole)
        form = tuple((column, n // divisor) for (column, _), n in zip(entries, whole, strict=True))
        if form not in forms:
            forms[form] = tableau.new()
            tableau.rows[forms[form]] = _Line(form[0][1], dict(form))
        variable = forms[form]
    bound = -constant / scale
    if relation == "==" or scale > 0:
        amount = (bound, Fraction(1) if relation == "<" else ZERO)
        if variable not in tableau.lower or tableau.lower[variable][0] < amount:
            tableau.lower[variable] = (amount, index, 1 / scale)
    if relation == "==" or scale < 0:
        amount = (bound, Fraction(-1) if relation == "<" else ZERO)
        if variable not in tableau.upper or amount < tableau.upper[variable][0]:
            tableau.upper[variable] = (amount, index, -1 / scale)
    if variable in tableau.lower and variable in tableau.upper:
        below, above = tableau.lower[variable], tableau.upper[variable]
        if above[0] < below[0]:
            return _sum_of_bounds([(Fraction(1), below), (Fraction(1), above)])
    return None


def _sum_of_bounds(
    bounds: Sequence[tuple[Fraction, tuple[Amount, int, Fraction]]],
) -> Infeasible:
    multipliers: dict[int, Fraction] = {}
    for weight, (_, index, factor) in bounds:
        multipliers[index] = multipliers.get(index, ZERO) + weight * factor
    return Infeasible({index: value for index, value in multipliers.items() if value})


def _start(tableau: _Tableau) -> None:
    """Puts every column inside its bounds, at zero where it may be, and computes the rows."""
    for column in range(len(tableau.values)):
        if column in tableau.rows:
            continue
        amount = (ZERO, ZERO)
        if column in tableau.lower:
            amount = max(amount, tableau.lower[column][0])
        if column in tableau.upper:
            amount = min(amount, tableau.upper[column][0])
        tableau.values[column] = amount
    moved = [(j, amount) for j, amount in enumerate(tableau.values) if amount != NOWHERE]
    for basic, row in tableau.rows.items():
        value = slope = ZERO
        for column, amount in moved:
            c = row.entries.get(column)
            if c is not None:
                value, slope = value + c * amount[0], slope + c * amount[1]
        tableau.values[basic] = value / row.divisor, slope / row.divisor


def _step(tableau: _Tableau) -> Infeasible | str:
    values = tableau.values
    for basic in sorted(tableau.rows):
        below = tableau.lower.get(basic)
        if below is not None and values[basic] < below[0]:
            return _repair(tableau, basic, below, rising=True)
        above = tableau.upper.get(basic)
        if above is not None and values[basic] > above[0]:
            return _repair(tableau, basic, above, rising=False)
    return "done"


def _repair(
    tableau: _Tableau, basic: int, bound: tuple[Amount, int, Fraction], rising: bool
) -> Infeasible | str:
    """Moves one column that can carry the row to its bound, or returns the conflict."""
    blocking = [(Fraction(1), bound)]
    row = tableau.rows[basic]
    for column, c in sorted(row.entries.items()):
        up = (c > 0) == rising
        limit = (tableau.upper if up else tableau.lower).get(column)
        value = tableau.values[column]
        if limit is None or (value < limit[0] if up else value > limit[0]):
            _pivot(tableau, basic, column, bound[0])
            return "pivoted"
        blocking.append((Fraction(abs(c), row.divisor), limit))
    return _sum_of_bounds(blocking)


def _pivot(tableau: _Tableau, basic: int, column: int, target: Amount) -> None:
    rows, values = tableau.rows, tableau.values
    row = rows.pop(basic)
    pivot = row.entries.pop(column)
    rate = Fraction(row.divisor, pivot)
    theta = ((target[0] - values[basic][0]) * rate, (target[1] - values[basic][1]) * rate)
    values[basic] = target
    values[column] = (values[column][0] + theta[0], values[column][1] + theta[1])
    sign = 1 if pivot > 0 else -1
    solved = {other: -sign * c for other, c in row.entries.items()}
    solved[basic] = sign * row.divisor
    for other, line in rows.items():
        factor = line.entries.pop(column, None)
        if factor is None:
            continue
        slope, old = Fraction(factor, line.divisor), values[other]
        values[other] = (old[0] + slope * theta[0], old[1] + slope * theta[1])
        _substitute(line, factor, abs(pivot), solved)
    rows[column] = _Line(abs(pivot), solved)


def _substitute(line: _Line, factor: int, divisor: int, solved: dict[int, int]) -> None:
    """Adds factor times the column that `divisor` times is what is solved."""
    common = gcd(factor, divisor)
    factor, divisor = factor // common, divisor // common
    entries = {place: c * divisor for place, c in line.entries.items()}
    for place, c in solved.items():
        entries[place] = entries.get(place, 0) + factor * c
    line.divisor *= divisor
    common = gcd(line.divisor, *entries.values())
    line.divisor //= common
    line.entries = {place: c // common for place, c in entries.items() if c}


def _point(tableau: _Tableau, columns: Mapping[V, int]) -> dict[V, Fraction]:
    """Values for the columns, with the infinitesimal replaced by a number that is small enough."""
    tiny = Fraction(1)
    for index, (value, slope) in enumerate(tableau.values):
        if index in tableau.lower:
            low, rise = tableau.lower[index][0]
            if low < value and rise > slope:
                tiny = min(tiny, (value - low) / (rise - slope))
        if index in tableau.upper:
            high, rise = tableau.upper[index][0]
            if value < high and slope > rise:
                tiny = min(tiny, (high - value) / (slope - rise))
    return {
        variable: tableau.values[column][0] + tiny * tableau.values[column][1]
        for variable, column in columns.items()
    }
