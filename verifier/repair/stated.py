"""Affine functions of the start, stated in a linear program: what has to hold for every start of a
set holds at each of its corners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verifier.core.linear import INFINITY, Program
from verifier.repair.family import CONSTANT, Expression, Form, Frame, Side


@dataclass(slots=True)
class Stated:
    program: Program
    frame: Frame

    def point(self, leg: int) -> list[Form]:
        """A new affine function of the start for each axis, for the region of this number."""
        return [
            {
                k: [(self.program.column(), 1.0)]
                for k in (CONSTANT, *self.frame.parameters(axis, leg))
            }
            for axis in range(self.frame.size)
        ]

    def start(self) -> list[Form]:
        one = self.program.column(1.0, 1.0)
        forms: list[Form] = []
        for axis in range(self.frame.size):
            form: Form = {CONSTANT: [(one, float(self.frame.middle[axis]))]}
            if self.frame.half[axis]:
                form[axis] = [(one, float(self.frame.half[axis]))]
            forms.append(form)
        return forms

    def most(self, form: Form, bound: float) -> None:
        """form(u) <= bound for every start."""
        columns, corners = self._corners(form)
        for values in corners:
            self.program.rows.append((-INFINITY, bound, columns, values))

    def between(self, form: Form, slope: Expression) -> None:
        """|form(u)| <= slope for every start."""
        columns, corners = self._corners(form, [column for column, _ in slope])
        most = [0.0] * len(columns)
        for column, a in slope:
            most[columns.index(column)] += a
        for values in corners:
            below = [a - b for a, b in zip(values, most, strict=True)]
            above = [-a - b for a, b in zip(values, most, strict=True)]
            self.program.rows.append((-INFINITY, 0.0, columns, below))
            self.program.rows.append((-INFINITY, 0.0, columns, above))

    def _corners(
        self, form: Form, others: Sequence[int] = ()
    ) -> tuple[list[int], list[list[float]]]:
        """The form's columns and others, and their coefficients in it for every corner of the
        starts."""
        places = {column: place for place, column in enumerate(dict.fromkeys(others))}
        for expression in form.values():
            for column, _ in expression:
                places.setdefault(column, len(places))
        base = [0.0] * len(places)
        for column, a in form.get(CONSTANT, ()):
            base[places[column]] += a
        parts = {
            k: [(places[column], a) for column, a in expression]
            for k, expression in form.items()
            if k != CONSTANT and expression
        }
        corners = []
        for corner in self.frame.corners(list(parts)):
            values = base.copy()
            for k, u in corner.items():
                for place, a in parts[k]:
                    values[place] += a * u
            corners.append(values)
        return list(places), corners

    def same(self, form: Form) -> None:
        """form(u) = 0 identically."""
        for expression in form.values():
            places: dict[int, float] = {}
            for column, a in expression:
                places[column] = places.get(column, 0.0) + a
            self.program.row(list(places), list(places.values()), 0.0, 0.0)

    def rigid(self) -> list[Form]:
        """The coordinates of the start that keep their values."""
        frame = self.frame
        forms: list[Form] = []
        for k in range(len(frame.middle) - frame.rigid, len(frame.middle)):
            one = self.program.column(1.0, 1.0)
            forms.append({CONSTANT: [(one, float(frame.middle[k]))]})
            if frame.half[k]:
                forms[-1][k] = [(one, float(frame.half[k]))]
        return forms

    def inside(self, position: list[Form], room: list[Side]) -> None:
        point = [*position, *self.rigid()] if self.frame.rigid else position
        for row, bound, margin in room:
            self.most(combine([(a, point[i]) for i, a in row]), bound - margin)


def combine(parts: Sequence[tuple[float, Form]]) -> Form:
    total: Form = {}
    for factor, form in parts:
        for k, expression in form.items():
            total.setdefault(k, []).extend([(column, factor * a) for column, a in expression])
    return total
