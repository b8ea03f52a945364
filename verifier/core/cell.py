"""Bounded convex cells by their vertices, cut by hyperplanes, exactly.

The double description step: the vertices of a cut are those on the near side and one on every edge
that the hyperplane crosses; two vertices span an edge if and only if no third lies on all facets
that both lie on (Motzkin, Raiffa, Thompson, Thrall, 1953; Fukuda and Prodon, Double description
method revisited, 1996, proposition 7). Redundant rows do no harm to that test. In n dimensions at
least n - 1 rows meet in an edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TypeAlias

from verifier.core.motion import Box, Polytope, Vector

Corner: TypeAlias = tuple[Vector, frozenset[int]]
"""A vertex and the numbers of the rows that hold with equality at it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Not empty. `count` rows were used so far; they are numbered by their use."""

    corners: tuple[Corner, ...]
    count: int

    @property
    def vertices(self) -> tuple[Vector, ...]:
        return tuple(point for point, _ in self.corners)


def dot(row: Vector, point: Vector) -> Fraction:
    terms = [a * x for a, x in zip(row, point, strict=True) if a]
    return sum(terms[1:], terms[0]) if terms else Fraction(0)


def box_rows(box: Box) -> Polytope:
    """The box by its rows, upper sides first."""
    size = len(box.lower)
    units = [tuple(Fraction(i == j) for j in range(size)) for i in range(size)]
    below = [tuple(-a for a in unit) for unit in units]
    return Polytope((*units, *below), (*box.upper, *(-a for a in box.lower)))


def box_cell(box: Box) -> Cell:
    """The box, which is not empty, as a cell: row 2i is the lower side of axis i, 2i + 1 its
    upper one."""
    size = len(box.lower)
    corners: dict[Vector, set[int]] = {}
    for sides in product((0, 1), repeat=size):
        ends = (box.lower, box.upper)
        point = tuple(ends[side][axis] for axis, side in enumerate(sides))
        active = corners.setdefault(point, set())
        active.update(2 * axis + side for axis, side in enumerate(sides))
    return Cell(tuple((point, frozenset(active)) for point, active in corners.items()), 2 * size)


def cut(cell: Cell, row: Vector, bound: Fraction) -> Cell | None:
    """The part with row . x <= bound, or None if it is empty."""
    sides = [dot(row, point) - bound for point, _ in cell.corners]
    if all(side < 0 for side in sides):
        return cell
    number = cell.count
    kept: dict[Vector, frozenset[int]] = {}
    for (point, active), side in zip(cell.corners, sides, strict=True):
        if side <= 0:
            kept[point] = active | {number} if side == 0 else active
    inside = [i for i, side in enumerate(sides) if side < 0]
    outside = [i for i, side in enumerate(sides) if side > 0]
    for i, j in product(inside, outside):
        common = cell.corners[i][1] & cell.corners[j][1]
        if len(common) + 1 >= len(row) and _edge(cell, i, j, common):
            share = sides[i] / (sides[i] - sides[j])
            ends = zip(cell.corners[i][0], cell.corners[j][0], strict=True)
            kept[tuple(a + share * (b - a) for a, b in ends)] = common | {number}
    return Cell(tuple(kept.items()), number + 1) if kept else None


def _edge(cell: Cell, i: int, j: int, common: frozenset[int]) -> bool:
    return not any(
        common <= active for k, (_, active) in enumerate(cell.corners) if k not in (i, j)
    )


def meet(cell: Cell, other: Polytope) -> Cell | None:
    """The part of the cell that lies in the polytope, or None if it is empty."""
    part: Cell | None = cell
    for row, bound in zip(other.rows, other.bounds, strict=True):
        part = part and cut(part, row, bound)
    return part


def inside(points: Iterable[Vector], body: Polytope) -> bool:
    """Whether all points lie in the polytope."""
    rows = tuple(zip(body.rows, body.bounds, strict=True))
    return all(dot(row, point) <= bound for point in points for row, bound in rows)


def surrounding(points: Iterable[Vector]) -> Box:
    """The least box around the points, at least one."""
    columns = list(zip(*points, strict=True))
    return Box(tuple(min(c) for c in columns), tuple(max(c) for c in columns))
