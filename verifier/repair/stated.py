"""Affine functions of the start, stated in a linear program: what has to hold for every start of a
set holds at each of its corners.

A function of one parameter alone is stated by its values at the two ends of that parameter, so that
each end has its own columns and a bound on the function is a bound on a column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from verifier.core.linear import INFINITY, Program
from verifier.repair.family import CONSTANT, Frame, Side


@dataclass(frozen=True, slots=True)
class Unknown:
    """A function that is sought: its columns from number `column` on, the constant first and then a
    coefficient for each parameter; for one parameter alone the values at its ends, -1 and 1."""

    column: int
    parameters: tuple[int, ...]

    def value(self, solution: Sequence[float]) -> dict[int, float]:
        """Parameter -> coefficient, as it was solved."""
        here = solution[self.column : self.column + 1 + len(self.parameters)]
        if len(self.parameters) == 1:
            below, above = here
            return {CONSTANT: (below + above) / 2, self.parameters[0]: (above - below) / 2}
        return dict(zip((CONSTANT, *self.parameters), here, strict=True))


@dataclass(frozen=True, slots=True)
class Known:
    """A known function, times the value of a column if one is named."""

    parts: dict[int, float]
    column: int | None = None

    def value(self, solution: Sequence[float]) -> dict[int, float]:
        factor = 1.0 if self.column is None else solution[self.column]
        return {k: factor * a for k, a in self.parts.items()}


Line: TypeAlias = list[tuple[float, Unknown | Known]]
"""A sum of functions with factors."""
Slope: TypeAlias = Sequence[tuple[int, float]]
"""Columns with factors."""


def scaled(factor: float, line: Line) -> Line:
    return [(factor * a, part) for a, part in line]


def value(line: Line, solution: Sequence[float]) -> dict[int, float]:
    """Parameter -> coefficient, as it was solved."""
    total: dict[int, float] = {}
    for factor, part in line:
        for k, a in part.value(solution).items():
            total[k] = total.get(k, 0.0) + factor * a
    return total


@dataclass(slots=True)
class Stated:
    program: Program
    frame: Frame
    seen: dict[tuple[int, ...], list[dict[int, float]]] = field(default_factory=dict)

    def point(self, leg: int) -> list[Line]:
        """A new affine function of the start for each axis, for the region of this number."""
        lines: list[Line] = []
        for axis in range(self.frame.size):
            parameters = self.frame.parameters(axis, leg)
            column = self.program.column()
            for _ in parameters:
                self.program.column()
            lines.append([(1.0, Unknown(column, parameters))])
        return lines

    def start(self) -> list[Line]:
        return [self.given(axis) for axis in range(self.frame.size)]

    def given(self, k: int, column: int | None = None) -> Line:
        """Coordinate k of the start, times the value of the column if one is named."""
        middle, half = float(self.frame.middle[k]), float(self.frame.half[k])
        return [(1.0, Known({CONSTANT: middle, k: half} if half else {CONSTANT: middle}, column))]

    def between(self, line: Line, slope: Slope) -> None:
        """|line(u)| <= slope for every start."""
        for shift, places in self._corners(line):
            above, below = dict(places), {column: -a for column, a in places.items()}
            for column, a in slope:
                above[column] = above.get(column, 0.0) - a
                below[column] = below.get(column, 0.0) - a
            self.program.row(above.keys(), above.values(), -INFINITY, -shift)
            self.program.row(below.keys(), below.values(), -INFINITY, shift)

    def inside(self, position: list[Line], room: list[Side]) -> None:
        """That the position lies in the room for every start, by the margins."""
        frame = self.frame
        rigid = range(len(frame.middle) - frame.rigid, len(frame.middle))
        point = [*position, *(self.given(k) for k in rigid)]
        for row, bound, margin in room:
            line = point[row[0][0]] if len(row) == 1 else None
            factor = row[0][1] if line else 1.0
            if line is None:
                line = [(a * b, part) for i, a in row for b, part in point[i]]
            for shift, places in self._corners(line):
                self._most(places, factor, bound - margin - factor * shift)

    def _most(self, places: dict[int, float], factor: float, bound: float) -> None:
        """factor * places <= bound, as a bound of the column where there is one alone."""
        program = self.program
        if len(places) != 1:
            values = [factor * a for a in places.values()]
            program.row(places.keys(), values, -INFINITY, bound)
            return
        ((column, a),) = places.items()
        if factor * a > 0:
            program.upper[column] = min(program.upper[column], bound / (factor * a))
        elif factor * a < 0:
            program.lower[column] = max(program.lower[column], bound / (factor * a))

    def _corners(self, line: Line) -> Iterable[tuple[float, dict[int, float]]]:
        """What the line is at each corner of the starts: a number, and columns with factors."""
        parameters: dict[int, None] = {}
        for _, part in line:
            for k in part.parameters if isinstance(part, Unknown) else part.parts:
                parameters[k] = None
        parameters.pop(CONSTANT, None)
        for corner in self._ends(tuple(sorted(parameters))):
            shift = 0.0
            places: dict[int, float] = {}
            for factor, part in line:
                if isinstance(part, Known):
                    total = factor * sum([a * corner[k] for k, a in part.parts.items()])
                    if part.column is None:
                        shift += total
                    else:
                        places[part.column] = places.get(part.column, 0.0) + total
                    continue
                column, names = part.column, part.parameters
                if len(names) == 1:
                    column += corner[names[0]] > 0
                    places[column] = places.get(column, 0.0) + factor
                    continue
                places[column] = places.get(column, 0.0) + factor
                for k in names:
                    column += 1
                    places[column] = places.get(column, 0.0) + factor * corner[k]
            yield shift, places

    def _ends(self, parameters: tuple[int, ...]) -> list[dict[int, float]]:
        """The corners as the named parameters see them; a constant counts once."""
        if parameters not in self.seen:
            self.seen[parameters] = [
                {CONSTANT: 1.0, **corner} for corner in self.frame.corners(parameters)
            ]
        return self.seen[parameters]
