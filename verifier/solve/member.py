"""Whether a point, or a direction, is in a set: all variables of it, or a hyperplane between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.core.containment import Assignment, Combination
from verifier.core.lift import Lift, Line, whole
from verifier.core.region import Hull, Region, Row
from verifier.solve import linear, pivot
from verifier.solve.support import (
    Beyond,
    Empty,
    Open,
    System,
    assigned,
    reaches,
    shares_hold,
    system,
    with_point,
)

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class Member:
    values: Assignment


@dataclass(frozen=True, slots=True)
class Apart:
    """The point is further in this direction than all of the set."""

    direction: Row


def member(region: Region, lifted: Lift, point: Row) -> Member | Apart | Open:
    """Whether the point is in the set, whose lift is given."""
    if isinstance(region, Hull):
        return _hulled(region.vertices, point)
    made = system(with_point(lifted, point))
    return _answer(lifted, made, point, 1)


def ray_member(lifted: Lift, ray: Row) -> Member | Apart | Open:
    """Whether the set, which is not empty, goes on along the ray."""
    lines = tuple(replace(line, strict=False) for line in lifted.lines)
    rounds = tuple(Line(form, equal=True) for cone in lifted.rounds for form in cone.forms)
    still = replace(lifted, lines=_homogeneous((*lines, *rounds)), rounds=())
    return _answer(lifted, system(with_point(still, ray)), ray, 0)


def _homogeneous(lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(replace(line, form=tuple((i, a) for i, a in line.form if i)) for line in lines)


def _answer(lifted: Lift, made: System, point: Row, scale: int) -> Member | Apart | Open:
    """`made` holds the lines of the set and then those that fix the point."""
    found = reaches(made, ((0, 1),))
    match found:
        case Beyond(values):
            if shares_hold(lifted, values, scale):
                return Member(assigned(values))
            return Open("a part of a hull goes on for ever")
        case Empty(total):
            return Apart(_between(made.lifted, total, len(point)))
        case Open():
            return found
        case _:
            raise AssertionError("1 is not less than 0")


def _between(fixed: Lift, total: Combination, size: int) -> Row:
    """What the sum, which shows that the point is not in the set, takes of the lines that fix it,
    turned."""
    first = len(fixed.lines) - size
    direction = [ZERO] * size
    for number, factor in total.lines:
        if number >= first:
            for index, a in fixed.lines[number].form:
                if index:
                    direction[index - 1] -= factor * a
    return tuple(direction)


def _hulled(vertices: Sequence[Row], point: Row) -> Member | Apart | Open:
    """By the polar program: maximize d . point - b over d . vertex <= b. It is 0, and the vertices'
    multipliers are their weights, or there is a direction in which it grows."""
    size = len(point)
    scaled = [whole({**dict(enumerate(v, start=1)), size + 1: -ONE}) for v in vertices]
    lines = [Line(form) for form, _ in scaled]
    form, factor = whole({**dict(enumerate(point, start=1)), size + 1: -ONE})
    objective = [dict(form).get(i, 0) for i in range(1, size + 2)]
    start: list[int] = []
    if len(lines) * (size + 1) > 150:
        rows = [
            (
                float("-inf"),
                0.0,
                [i - 1 for i, _ in line.form],
                [a / max(abs(b) for _, b in line.form) for _, a in line.form],
            )
            for line in lines
        ]
        greatest = max(map(abs, objective))
        start = linear.maximizer(rows, size + 1)([a / greatest for a in objective])
    multipliers = pivot.multipliers_of(lines, start, objective) if start else None
    if multipliers is None:
        try:
            ending = pivot.solve(lines, objective, start)
        except pivot.TooLong as reason:
            return Open(str(reason))
        if isinstance(ending, pivot.Unbounded):
            return Apart(ending.ray[:size])
        assert isinstance(ending, pivot.Optimal), "all zeros satisfy every line"
        multipliers = ending.multipliers
    weights = [ZERO] * len(vertices)
    for number, y in multipliers.items():
        weights[number] = y * scaled[number][1] / factor
    return Member(assigned((*point, *weights)))
