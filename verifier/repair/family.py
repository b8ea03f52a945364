"""What a family of curves is stated in: its task, its starts on [-1, 1], and what was solved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import TypeAlias

from verifier.core.linear import INFINITY
from verifier.core.motion import Box, Hull, Polytope, Product, Starts, Vector
from verifier.core.starts import around

FEEDBACK_REGIONS = 5

CONSTANT = -1
Side: TypeAlias = tuple[list[tuple[int, float]], float, float]
"""A row with norm 1 by its entries, its bound, and the margin that is kept from it."""


Factors: TypeAlias = tuple[tuple[tuple[int, ...], tuple[tuple[float, ...], ...]], ...]
"""Coordinates, and the points in whose hull they lie, part by part."""


@dataclass(frozen=True, slots=True)
class Task:
    """Where from, through which regions in order, where to; `margin` is kept from every side.
    No family takes less than `least` seconds."""

    starts: Starts
    regions: tuple[Polytope, ...]
    end: Polytope
    speed_max: Vector
    acceleration_max: Vector
    moving: bool
    margin: float
    rigid: int = 0
    least: float = 0.0

    @property
    def arrival(self) -> Polytope:
        """The end set inside the last region."""
        rigid, last = (Fraction(0),) * self.rigid, self.regions[-1]
        rows = tuple((*row, *rigid) for row in last.rows)
        return Polytope((*self.end.rows, *rows), (*self.end.bounds, *last.bounds))


@dataclass(frozen=True, slots=True)
class Frame:
    """The start as middle + half * u. Where the set is no box, u lies in a product of hulls, given
    by the coordinates and the points of each. `owned` names for each axis the parameters that may
    move it where the axes are kept apart; None where all may move each. Velocities depend on the
    `wide` ones alone."""

    middle: tuple[Fraction, ...]
    half: tuple[Fraction, ...]
    factors: Factors | None
    owned: tuple[frozenset[int], ...] | None
    wide: tuple[int, ...]
    size: int
    rigid: int
    rooms: tuple[list[Side], ...]
    goal: list[Side]

    def narrowed(self, thin: Fraction) -> Frame:
        """The same with those coordinates as wide that are wider than this part of the widest."""
        least = thin * max(self.half)
        return replace(self, wide=tuple(k for k in self.wide if self.half[k] > least))

    def parameters(self, axis: int, leg: int) -> tuple[int, ...]:
        """The parameters that may move this axis in the region with this number."""
        if leg >= FEEDBACK_REGIONS:
            return ()
        if self.owned is not None:
            return tuple(k for k in self.wide if k in self.owned[axis])
        return self.wide

    def corners(self, parameters: Sequence[int]) -> Iterator[dict[int, float]]:
        """Every combination of extreme values that the named parameters take."""
        if len(parameters) == 1:
            yield {parameters[0]: -1.0}
            yield {parameters[0]: 1.0}
            return
        if self.factors is not None:
            choices = []
            for axes, points in self.factors:
                here = [(i, k) for i, k in enumerate(axes) if k in parameters]
                if here:
                    seen = dict.fromkeys(tuple((k, point[i]) for i, k in here) for point in points)
                    choices.append(tuple(seen))
            for chosen in product(*choices):
                yield {k: u for part in chosen for k, u in part}
            return
        for signs in product((-1.0, 1.0), repeat=len(parameters)):
            yield dict(zip(parameters, signs, strict=True))


@dataclass(slots=True)
class Solved:
    """Durations, and the velocities at the knots: per knot and axis, parameter -> coefficient."""

    durations: list[float]
    velocities: list[list[dict[int, float]]]

    @property
    def total(self) -> float:
        return sum(self.durations)


def frame_of(task: Task) -> Frame:
    """The starts of the task on [-1, 1], and its regions with their margins."""
    starts = task.starts
    size = len(task.speed_max)
    box = around(starts)
    rooms = tuple(_with_margins(body, task.margin) for body in task.regions)
    goal = _with_margins(task.arrival, task.margin)
    middle = tuple((a + b) / 2 for a, b in zip(box.lower, box.upper, strict=True))
    half = tuple((b - a) / 2 for a, b in zip(box.lower, box.upper, strict=True))
    rows = [row for body in (*task.regions, task.end) for row in body.rows]
    owned = _owned(task, rows)
    factors: Factors | None = None
    if isinstance(starts, Hull):
        factors = ((tuple(range(len(half))), _normalized(starts.vertices, middle, half)),)
    elif isinstance(starts, Product):
        factors = tuple(
            (axes, _normalized(points, [middle[k] for k in axes], [half[k] for k in axes]))
            for axes, points in starts.parts
        )
    wide = tuple(k for k, a in enumerate(half) if a)
    return Frame(middle, half, factors, owned, wide, size, task.rigid, rooms, goal)


def _owned(task: Task, rows: Sequence[Vector]) -> tuple[frozenset[int], ...] | None:
    """For each axis the coordinates of a start that belong to it, where no row joins two axes; in
    many dimensions in any case."""
    starts, size = task.starts, len(task.speed_max)
    count = len(around(starts).lower)
    moved = count - task.rigid
    if isinstance(starts, Hull):
        return None
    groups = [{axis, *range(axis, moved, size)} for axis in range(size)]
    if isinstance(starts, Product):
        for group in groups:
            for axes, _ in starts.parts:
                if group & set(axes):
                    group |= set(axes)
    if isinstance(starts, Box) and task.rigid:
        for axis, group in enumerate(groups):
            for row in rows:
                if row[axis]:
                    group |= {moved + k - size for k in range(size, len(row)) if row[k]}
    apart = sum(map(len, groups)) == len(set().union(*groups))
    alone = all(sum(1 for a in row[:size] if a) <= 1 for row in rows)
    if apart and (alone or moved > 4):
        return tuple(map(frozenset, groups))
    return None


def _normalized(
    points: Sequence[Vector], middle: Sequence[Fraction], half: Sequence[Fraction]
) -> tuple[tuple[float, ...], ...]:
    return tuple(
        tuple(float((x - m) / h) if h else 0.0 for x, m, h in zip(point, middle, half, strict=True))
        for point in points
    )


def _with_margins(body: Polytope, margin: float) -> list[Side]:
    """The rows with norm 1 and what may be kept from them: less where the body is thin."""
    bounds: dict[Vector, Fraction] = {}
    for row, bound in zip(body.rows, body.bounds, strict=True):
        bounds[row] = min(bound, bounds.get(row, bound))
    sides: list[Side] = []
    for row, bound in bounds.items():
        norm = float(sum(a * a for a in row)) ** 0.5
        if norm == 0:
            continue
        opposite = bounds.get(tuple(-a for a in row))
        width = INFINITY if opposite is None else float(bound + opposite) / norm
        entries = [(i, float(a) / norm) for i, a in enumerate(row) if a]
        sides.append((entries, float(bound) / norm, min(margin, width / 4)))
    return sides
