"""Whether one more linear fact contradicts many, by the optimum of a linear program.

A fact `0 <= g` contradicts lines that hold if g is below 0 wherever they do. The dual of that
program has multipliers y >= 0 of the lines that take the variables of g away (Farkas), so that what
is left of g plus their sum is a negative constant. HiGHS proposes a basis, which is solved exactly;
where that gives no multipliers, exact pivots start there. The lines are read once for any number of
facts, which is what makes this quicker than a tableau for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.lift import Line, whole
from verifier.solve import linear, pivot
from verifier.solve.facts import BySum, Known
from verifier.solve.pivot import Optimal, constant_of
from verifier.solve.polynomial import ONE, Monomial, Polynomial
from verifier.solve.quadratic import System

ROWS_MIN = 8
"""Rows of several variables from which on a program is quicker than the tableau."""
ENTRIES_MIN = 150
"""Lines times variables, likewise."""


@dataclass(slots=True)
class Reach:
    """Facts as lines over their monomials, which count as variables; line = -scale * gap."""

    facts: list[Known]
    lines: list[Line]
    scales: list[Fraction]
    columns: dict[Monomial, int]
    active: Callable[[Sequence[float]], list[int]] | None = None


def reach(system: System) -> Reach | None:
    """The facts ready for questions; None where these are few, or bound one variable each."""
    columns: dict[Monomial, int] = {}
    for _, _, gap in system:
        for monomial in gap:
            if monomial != ONE:
                columns.setdefault(monomial, len(columns) + 1)
    rows = sum(len(gap) > 2 for _, _, gap in system)
    if rows < ROWS_MIN or len(system) * len(columns) < ENTRIES_MIN:
        return None
    made = Reach([], [], [], columns)
    for fact, relation, gap in system:
        form, scale = whole({columns.get(m, 0): -value for m, value in gap.items()})
        made.facts.append(fact)
        made.lines.append(Line(form, relation == "==", relation == "<"))
        made.scales.append(scale)
    return made


def contradiction(made: Reach, fact: Known, gap: Polynomial, strict: bool) -> BySum | None:
    """A sum of the lines' facts and this inequality that cannot be; None if none is found."""
    if any(m not in made.columns for m in gap if m != ONE):
        return None
    target, scale = whole({made.columns.get(m, 0): value for m, value in gap.items()})
    known = dict(target)
    objective = [known.get(index, 0) for index in range(1, len(made.columns) + 1)]
    multipliers = _multipliers(made, objective)
    if multipliers is None:
        return None
    rest = sum((y * constant_of(made.lines[n].form) for n, y in multipliers.items()), Fraction(0))
    constant = (rest - constant_of(target)) / scale
    strict = strict or any(made.lines[n].strict for n in multipliers)
    if constant < 0 or (constant == 0 and not strict):
        return None
    pairs = [(made.facts[n], y * made.scales[n] / scale) for n, y in multipliers.items()]
    return BySum((*pairs, (fact, Fraction(1))), constant)


def _multipliers(made: Reach, objective: list[int]) -> dict[int, Fraction] | None:
    """Multipliers of lines whose sum is the objective, at its greatest value."""
    if made.active is None:
        made.active = linear.maximizer([_floating(line) for line in made.lines], len(objective))
    greatest = max(map(abs, objective), default=0) or 1
    try:
        start = made.active([c / greatest for c in objective])
        quick = pivot.multipliers_of(made.lines, start, objective)
        if quick is not None:
            return quick
        ending = pivot.solve(made.lines, objective, start)
    except (OverflowError, pivot.TooLong):
        return None
    match ending:
        case Optimal(_, _, multipliers):
            return multipliers
        case _:
            return None


def _floating(line: Line) -> linear.Row:
    """The line as a row with coefficients of at most 1. Raises OverflowError."""
    inner = [(index, a) for index, a in line.form if index]
    greatest = max((abs(a) for _, a in inner), default=1)
    bound = -constant_of(line.form) / greatest
    low = bound if line.equal else float("-inf")
    return low, bound, [index - 1 for index, _ in inner], [a / greatest for _, a in inner]
