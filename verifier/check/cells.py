"""The cells of free space, as a barrier or given regions say, and what they share, exactly.

Trusted. A cell is bounded and convex and is held by its vertices, or as a box.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from verifier.check.polynomial import Refused
from verifier.core.cell import Cell, box_cell, box_rows, cut, meet, surrounding
from verifier.core.free import hit
from verifier.core.motion import Blocked, Box, Cells, Free, Polytope, Problem, Vector

AREAS_MAX = 20_000


def along(body: Polytope, axis: int) -> tuple[Fraction | None, Fraction | None]:
    """The interval that the body's rows along this axis alone leave."""
    low: Fraction | None = None
    high: Fraction | None = None
    for row, bound in zip(body.rows, body.bounds, strict=True):
        if row[axis] and not any(a for i, a in enumerate(row) if i != axis):
            value = bound / row[axis]
            if row[axis] > 0:
                high = value if high is None else min(high, value)
            else:
                low = value if low is None else max(low, value)
    return low, high


def empty(box: Box) -> bool:
    return any(a > b for a, b in zip(box.lower, box.upper, strict=True))


def hits(problem: Problem, points: Sequence[Vector]) -> bool:
    """Whether the hull of the points lies in one obstacle, or too near to it everywhere."""
    return any(hit(points, solid, problem.space.clearance) for solid in problem.space.obstacles)


@dataclass(frozen=True, slots=True)
class Area:
    """A cell that counts as free, by its rows and by its vertices or as a box."""

    rows: Polytope
    body: Cell | Box
    around: Box


def areas_of(problem: Problem, cells: Cells | None) -> list[Area]:
    space = problem.space
    if space.regions is not None:
        if cells is not None:
            raise Refused("free regions are the cells")
        return [area for body in space.regions for area in _region(problem, body)]
    if space.bounds is None or cells is None or empty(space.bounds):
        raise Refused("without bounds there are no cells")
    found: list[Area] = []
    todo: list[tuple[Cells, Cell, tuple[tuple[Vector, Fraction], ...]]] = [
        (cells, box_cell(space.bounds), ())
    ]
    walls = box_rows(space.bounds)
    while todo:
        node, cell, rows = todo.pop()
        match node:
            case Free():
                body = Polytope(
                    (*walls.rows, *(row for row, _ in rows)),
                    (*walls.bounds, *(bound for _, bound in rows)),
                )
                found.append(Area(body, cell, surrounding(cell.vertices)))
                if len(found) > AREAS_MAX:
                    raise Refused("too many cells")
            case Blocked(number):
                solids = space.obstacles
                if not 0 <= number < len(solids):
                    raise Refused("there is no such obstacle")
                if not hit(cell.vertices, solids[number], space.clearance):
                    raise Refused(f"a cell is not inside obstacle {number}")
            case _:
                if len(node.row) != space.dimension:
                    raise Refused("a cut has the wrong dimension")
                turned = tuple(-a for a in node.row)
                below, above = cut(cell, node.row, node.bound), cut(cell, turned, -node.bound)
                if above is not None:
                    todo.append((node.above, above, (*rows, (turned, -node.bound))))
                if below is not None:
                    todo.append((node.below, below, (*rows, (node.row, node.bound))))
    return found


def _region(problem: Problem, body: Polytope) -> Iterator[Area]:
    """The free region inside the bounds as a cell; nothing if it is empty."""
    size, bounds = problem.space.dimension, problem.space.bounds
    if bounds is not None:
        walls = box_rows(bounds)
        body = Polytope((*body.rows, *walls.rows), (*body.bounds, *walls.bounds))
    sides = [along(body, axis) for axis in range(size)]
    lower = tuple(low for low, _ in sides if low is not None)
    upper = tuple(high for _, high in sides if high is not None)
    if len(lower) != size or len(upper) != size:
        raise Refused("a free region is not bounded along an axis by rows of its own")
    box = Box(lower, upper)
    if empty(box):
        return
    if all(sum(1 for a in row if a) == 1 for row in body.rows):
        yield Area(body, box, box)
        return
    cell = meet(box_cell(box), body)
    if cell is not None:
        yield Area(body, cell, surrounding(cell.vertices))


def overlap(one: Box, other: Box) -> Box:
    return Box(
        tuple(max(pair) for pair in zip(one.lower, other.lower, strict=True)),
        tuple(min(pair) for pair in zip(one.upper, other.upper, strict=True)),
    )


def common(problem: Problem, area: Area, body: Cell | Box, rows: Polytope) -> Cell | Box | None:
    """What a cell shares with another body; None if that is empty or inside one obstacle. Two boxes
    are those of which the caller knows that they meet."""
    shared: Cell | Box | None
    if isinstance(area.body, Box) and isinstance(body, Box):
        shared = overlap(area.body, body)
    else:
        cell = area.body if isinstance(area.body, Cell) else box_cell(area.body)
        shared = meet(cell, rows)
        if shared is None:
            return None
    if problem.space.obstacles:
        points = shared.vertices if isinstance(shared, Cell) else box_cell(shared).vertices
        if hits(problem, points):
            return None
    return shared


def slabs(body: Cell | Box, fineness: int) -> Iterator[Box]:
    """Boxes around the parts of the body when every axis is cut into equal slabs."""
    around = surrounding(body.vertices) if isinstance(body, Cell) else body
    if fineness == 1:
        yield around
        return
    choices = [
        [(a + (b - a) * k / fineness, a + (b - a) * (k + 1) / fineness) for k in range(fineness)]
        if a < b
        else [(a, b)]
        for a, b in zip(around.lower, around.upper, strict=True)
    ]
    for sides in product(*choices):
        slab = Box(tuple(low for low, _ in sides), tuple(high for _, high in sides))
        if isinstance(body, Box):
            yield slab
            continue
        part = meet(body, box_rows(slab))
        if part is not None:
            yield surrounding(part.vertices)


def at_end(problem: Problem, area: Area) -> Box | None:
    """A box around what the cell shares with the end set, outside of obstacles."""
    shared = meet(area.body if isinstance(area.body, Cell) else box_cell(area.body), problem.end)
    if shared is None or hits(problem, shared.vertices):
        return None
    return surrounding(shared.vertices)
