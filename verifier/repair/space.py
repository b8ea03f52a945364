"""Free space in cells: a binary partition of the bounds by the planes of the obstacles' facets.

A cell is split by a facet of an obstacle that it meets, until it lies inside of one or meets none
(Fuchs, Kedem, Naylor, On visible surface generation by a priori tree structures, SIGGRAPH 1980).
Where free regions are given, these are the cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.core.cell import box_rows, surrounding
from verifier.core.motion import Blocked, Box, Cells, Free, Halves, Polytope, Problem, Vector
from verifier.core.starts import around as surroundings
from verifier.repair.geometry import (
    Body,
    Shape,
    Side,
    Spot,
    apart,
    box_shape,
    common_part,
    dot,
    limits,
    part,
    seen,
    sides,
    swollen,
)

CANDIDATES_MAX = 16
CELLS_MAX = 6000
PULLED = 0.005  # of the longest side: how far a path keeps from corners where it can


@dataclass(frozen=True, slots=True)
class Area:
    """A free cell; `index` counts them in the order of the tree, or is that of the free region."""

    index: int
    shape: Shape
    rows: tuple[Side, ...]
    low: Spot
    high: Spot


@dataclass(frozen=True, slots=True)
class Landscape:
    """Free space as it is seen. `tree` is None where free regions are given; `complete` is false
    if there were too many cells. `bodies` are the obstacles with their clearance, `cores` the
    vertices of the obstacles themselves; `tolerance` is what counts as nothing, in metres."""

    areas: tuple[Area, ...]
    tree: Cells | None
    bodies: tuple[Body, ...]
    cores: tuple[tuple[Spot, ...], ...]
    around: Box
    tolerance: float
    complete: bool

    @property
    def low(self) -> Spot:
        return tuple(map(float, self.around.lower))

    @property
    def high(self) -> Spot:
        return tuple(map(float, self.around.upper))


def landscape(problem: Problem) -> Landscape:
    """The cells of free space."""
    around = _around(problem)
    spans = [float(b - a) for a, b in zip(around.lower, around.upper, strict=True)]
    tolerance = 1e-9 * max([*spans, 1e-9])
    whole = box_shape(tuple(map(float, around.lower)), tuple(map(float, around.upper)))
    clearance = problem.space.clearance
    bodies = tuple(seen(solid, clearance) for solid in problem.space.obstacles)
    cores = tuple(
        tuple(tuple(map(float, vertex)) for vertex in solid.vertices)
        for solid in problem.space.obstacles
    )
    found: list[Area] = []
    facets = [
        tuple(zip(solid.facets.rows, solid.facets.bounds, strict=True))
        for solid in (swollen(each, clearance) for each in problem.space.obstacles)
    ]
    splitter = _Splitter(bodies, facets, tolerance, found)
    if problem.space.regions is not None:
        for index, region in enumerate(problem.space.regions):
            rows = sides(region)
            shape = common_part(whole, rows, tolerance)
            first = len(found)
            if shape is not None:
                splitter.split(shape, rows, range(len(bodies)))
                found[first:] = [replace(area, index=index) for area in found[first:]]
        complete = len(found) < CELLS_MAX
        return Landscape(tuple(found), None, bodies, cores, around, tolerance, complete)
    tree = splitter.split(whole, sides(box_rows(around)), range(len(bodies)))
    complete = len(found) < CELLS_MAX
    return Landscape(tuple(found), tree, bodies, cores, around, tolerance, complete)


def _around(problem: Problem) -> Box:
    """The bounds, or a box around everything with room to pass."""
    if problem.space.bounds is not None:
        return problem.space.bounds
    size = problem.space.dimension
    points: list[Vector] = []
    for starts in problem.starts:
        box = surroundings(starts)
        points.extend((box.lower[:size], box.upper[:size]))
    for solid in problem.space.obstacles:
        points.extend(solid.vertices)
    bodies = list(problem.space.regions or ())
    bodies += [problem.end] if not problem.rigid else []
    for body in bodies:
        points.extend(_sides_of(body, size, points[0]))
    box = surrounding(points)
    room = max(b - a for a, b in zip(box.lower, box.upper, strict=True)) + 1
    return Box(tuple(a - room for a in box.lower), tuple(b + room for b in box.upper))


def extent(body: Polytope, size: int) -> tuple[list[Fraction | None], list[Fraction | None]]:
    """The least and the greatest coordinates as rows along one axis bound them; None for none."""
    low: list[Fraction | None] = [None] * size
    high: list[Fraction | None] = [None] * size
    for row, bound in zip(body.rows, body.bounds, strict=True):
        axes = [axis for axis, a in enumerate(row) if a]
        if len(axes) == 1 and axes[0] < size:
            axis, value = axes[0], bound / row[axes[0]]
            here = high if row[axis] > 0 else low
            known = here[axis]
            if known is None or (value < known) == (row[axis] > 0):
                here[axis] = value
    return low, high


def _sides_of(body: Polytope, size: int, fallback: Vector) -> list[Vector]:
    """The fallback, moved out to the least and the greatest coordinates that are bounded."""
    low, high = extent(body, size)
    sides = [(*ends, a) for *ends, a in zip(low, high, fallback, strict=True)]
    known = [[x for x in side if x is not None] for side in sides]
    return [tuple(map(min, known)), tuple(map(max, known))]


@dataclass(frozen=True, slots=True)
class _Splitter:
    bodies: tuple[Body, ...]
    facets: Sequence[Sequence[tuple[Vector, Fraction]]]
    tolerance: float
    found: list[Area]

    def split(self, shape: Shape, rows: tuple[Side, ...], near: Sequence[int]) -> Cells:
        low, high = limits(shape.spots)
        left: list[int] = []
        for k in near:
            body = self.bodies[k]
            if apart(low, high, body.low, body.high, -self.tolerance):
                continue
            heights = [self._heights(shape, plane) for plane in body.sides]
            if all(high_ <= self.tolerance for _, high_ in heights):
                return Blocked(k)
            if all(low_ < -self.tolerance for low_, _ in heights) and not self._beyond(body, rows):
                left.append(k)
        if not left or len(self.found) >= CELLS_MAX:
            self.found.append(Area(len(self.found), shape, rows, low, high))
            return Free()
        k, number = self._choice(shape, left)
        row, bound = self.bodies[k].sides[number]
        below = part(shape, row, bound, self.tolerance)
        turned = tuple(-a for a in row)
        above = part(shape, turned, -bound, self.tolerance)
        assert below is not None and above is not None
        exact_row, exact_bound = self.facets[k][number]
        return Halves(
            exact_row,
            exact_bound,
            self.split(below, (*rows, (row, bound)), left),
            self.split(above, (*rows, (turned, -bound)), left),
        )

    def _heights(self, shape: Shape, plane: Side) -> tuple[float, float]:
        row, bound = plane
        values = [dot(row, spot) - bound for spot in shape.spots]
        return min(values), max(values)

    def _beyond(self, body: Body, rows: Sequence[Side]) -> bool:
        """Whether one of the cell's sides has the body on its other side."""
        return any(
            all(dot(row, spot) >= bound - self.tolerance for spot in body.spots)
            for row, bound in rows
        )

    def _choice(self, shape: Shape, near: Sequence[int]) -> tuple[int, int]:
        """The obstacle and the facet to split by: it cuts few obstacles, and parts them evenly."""
        best: tuple[float, int, int] | None = None
        tried = 0
        for k in near:
            for number, (row, bound) in enumerate(self.bodies[k].sides):
                low, high = self._heights(shape, (row, bound))
                if low >= -self.tolerance or high <= self.tolerance:
                    continue
                cut = below = above = 0
                for other in near[:40]:
                    values = [dot(row, spot) - bound for spot in self.bodies[other].spots]
                    if max(values) <= self.tolerance:
                        below += 1
                    elif min(values) >= -self.tolerance:
                        above += 1
                    else:
                        cut += 1
                score = 3.0 * cut + abs(below - above)
                if best is None or score < best[0]:
                    best = (score, k, number)
                tried += 1
            if tried >= CANDIDATES_MAX and best is not None:
                break
        assert best is not None, "a cell that is not inside meets a facet"
        return best[1], best[2]


def gates(land: Landscape) -> list[tuple[int, int, Shape]]:
    """What two cells share, by their positions in `areas`, with its corners."""
    order = sorted(range(len(land.areas)), key=lambda i: land.areas[i].low[0])
    active: list[int] = []
    found: list[tuple[int, int, Shape]] = []
    for j in order:
        area = land.areas[j]
        active = [i for i in active if land.areas[i].high[0] >= area.low[0] - land.tolerance]
        for i in active:
            other = land.areas[i]
            if apart(area.low, area.high, other.low, other.high, land.tolerance):
                continue
            shape = common_part(area.shape, other.rows, land.tolerance)
            if shape is not None:
                found.append((i, j, shape))
        active.append(j)
    return found


def within(spot: Spot, rows: Sequence[Side], tolerance: float) -> bool:
    return all(dot(row, spot) <= bound + tolerance for row, bound in rows)
