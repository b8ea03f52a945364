"""Whether no motion exists: the rules of verifier/core/motion.py for what is impossible, no more.

Trusted. Cells are bounded and convex, with all their vertices, in exact rationals. A path that ends
in the end set leaves each cell for good at most once; it does so in a point that the cell shares
with the next one, and no such point lies in an obstacle. So it passes a chain of gates, at most one
between two cells, and is no shorter than the shortest chain. Lengths are integers, rounded down.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import ceil, floor
from typing import TypeAlias

from verifier.check.judge import Accepted, Rejected
from verifier.check.motion import require_well_formed
from verifier.check.polynomial import Refused
from verifier.core.cell import Cell, box_cell, box_rows, cut, dot, inside, meet, surrounding
from verifier.core.motion import (
    Barrier,
    Blocked,
    Box,
    CannotBrake,
    Cells,
    Free,
    Hull,
    Impossible,
    Misplaced,
    NoEnd,
    Polytope,
    Problem,
    Solid,
    TooFar,
    Vector,
)

UNITS = 1 << 32  # of length in the time allowed
FINENESS_MAX = 64
GATES_MAX = 20_000
Interval: TypeAlias = tuple[tuple[int, int], ...]


def judge_no_motion(problem: Problem, proof: Impossible) -> Accepted | Rejected:
    """Whether the proof shows that some start cannot be taken into the end set as asked."""
    try:
        require_well_formed(problem)
        match proof:
            case Misplaced(start):
                _member(problem, start)
                _misplaced(problem, start)
            case TooFar(start, axis):
                _member(problem, start)
                _too_far(problem, start, axis)
            case CannotBrake(start, axis):
                _member(problem, start)
                _cannot_brake(problem, start, axis)
            case NoEnd():
                _no_end(problem)
            case Barrier(start, cells, fineness):
                _member(problem, start)
                _barrier(problem, start, cells, fineness)
    except Refused as refusal:
        return Rejected(str(refusal))
    return Accepted()


def _member(problem: Problem, start: Vector) -> None:
    """That the start is one of those asked for; of a hull, one of its vertices."""
    for starts in problem.starts:
        if isinstance(starts, Hull):
            if start in starts.vertices:
                return
        elif len(start) == len(starts.lower) and all(
            a <= x <= b for a, x, b in zip(starts.lower, start, starts.upper, strict=True)
        ):
            return
    raise Refused("the start is not among those asked for")


def _misplaced(problem: Problem, start: Vector) -> None:
    space = problem.space
    spot = start[: space.dimension]
    outside = space.bounds is not None and not inside([spot], box_rows(space.bounds))
    hit = any(_hit([spot], solid, space.clearance) for solid in space.obstacles)
    lost = space.regions is not None and not any(inside([spot], body) for body in space.regions)
    if not (outside or hit or lost):
        raise Refused("the start is not shown to be misplaced")


def _capacity(time: Fraction, speed: Fraction, acceleration: Fraction) -> Fraction:
    """The greatest distance from rest to rest in this time."""
    if time >= 2 * speed / acceleration:
        return speed * (time - speed / acceleration)
    return acceleration * time * time / 4


def _along(body: Polytope, axis: int) -> tuple[Fraction | None, Fraction | None]:
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


def _too_far(problem: Problem, start: Vector, axis: int) -> None:
    if problem.moving or problem.duration_max is None:
        raise Refused("a distance is only too great from rest, in bounded time")
    if not 0 <= axis < problem.space.dimension:
        raise Refused("there is no such axis")
    low, high = _along(problem.end, axis)
    gaps = [Fraction(0)]
    gaps += [low - start[axis]] if low is not None else []
    gaps += [start[axis] - high] if high is not None else []
    reach = _capacity(problem.duration_max, problem.speed_max[axis], problem.acceleration_max[axis])
    if max(gaps) <= reach:
        raise Refused("the distance along the axis is not too great")


def _cannot_brake(problem: Problem, start: Vector, axis: int) -> None:
    size, bounds = problem.space.dimension, problem.space.bounds
    if not problem.moving or bounds is None or not 0 <= axis < size:
        raise Refused("braking needs a moving start, bounds, and an axis")
    speed = start[size + axis]
    stop = start[axis] + speed * abs(speed) / (2 * problem.acceleration_max[axis])
    if bounds.lower[axis] <= stop <= bounds.upper[axis]:
        raise Refused("braking ends inside the bounds")


def _no_end(problem: Problem) -> None:
    bounds = problem.space.bounds
    if bounds is not None:
        if _empty(bounds) or meet(box_cell(bounds), problem.end) is None:
            return
        raise Refused("the end set has points inside the bounds")
    for axis in range(problem.space.dimension):
        low, high = _along(problem.end, axis)
        if low is not None and high is not None and low > high:
            return
    raise Refused("the end set is not shown to be empty")


def _empty(box: Box) -> bool:
    return any(a > b for a, b in zip(box.lower, box.upper, strict=True))


def _hits(problem: Problem, points: Sequence[Vector]) -> bool:
    """Whether the hull of the points lies in one obstacle, or too near to it everywhere."""
    return any(_hit(points, solid, problem.space.clearance) for solid in problem.space.obstacles)


def _hit(points: Sequence[Vector], solid: Solid, clearance: Fraction) -> bool:
    """Whether all the points, and so their hull, lie in the solid or nearer than the clearance:
    nearer to a vertex, or to their own projection onto a facet that lies in the solid."""
    return all(
        inside([point], solid.facets)
        or (clearance > 0 and _near(point, solid, clearance * clearance))
        for point in points
    )


def _near(point: Vector, solid: Solid, square: Fraction) -> bool:
    for vertex in solid.vertices:
        apart = tuple(a - b for a, b in zip(point, vertex, strict=True))
        if dot(apart, apart) < square:
            return True
    for row, bound in zip(solid.facets.rows, solid.facets.bounds, strict=True):
        height, norm = dot(row, point) - bound, dot(row, row)
        if norm and height > 0 and height * height < square * norm:
            foot = tuple(x - height / norm * a for x, a in zip(point, row, strict=True))
            if inside([foot], solid.facets):
                return True
    return False


# ---- cells and gates ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Area:
    """A cell that counts as free, by its rows and by its vertices or as a box."""

    rows: Polytope
    body: Cell | Box
    around: Box


def _areas(problem: Problem, cells: Cells | None) -> list[_Area]:
    space = problem.space
    if space.regions is not None:
        if cells is not None:
            raise Refused("free regions are the cells")
        return [area for body in space.regions for area in _region(problem, body)]
    if space.bounds is None or cells is None or _empty(space.bounds):
        raise Refused("without bounds there are no cells")
    found: list[_Area] = []
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
                found.append(_Area(body, cell, surrounding(cell.vertices)))
            case Blocked(number):
                solids = space.obstacles
                if not 0 <= number < len(solids):
                    raise Refused("there is no such obstacle")
                if not _hit(cell.vertices, solids[number], space.clearance):
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


def _region(problem: Problem, body: Polytope) -> Iterator[_Area]:
    """The free region inside the bounds as a cell; nothing if it is empty."""
    size, bounds = problem.space.dimension, problem.space.bounds
    if bounds is not None:
        walls = box_rows(bounds)
        body = Polytope((*body.rows, *walls.rows), (*body.bounds, *walls.bounds))
    sides = [_along(body, axis) for axis in range(size)]
    lower = tuple(low for low, _ in sides if low is not None)
    upper = tuple(high for _, high in sides if high is not None)
    if len(lower) != size or len(upper) != size:
        raise Refused("a free region is not bounded along an axis by rows of its own")
    box = Box(lower, upper)
    if _empty(box):
        return
    if all(sum(1 for a in row if a) == 1 for row in body.rows):
        yield _Area(body, box, box)
        return
    cell = meet(box_cell(box), body)
    if cell is not None:
        yield _Area(body, cell, surrounding(cell.vertices))


def _overlap(one: Box, other: Box) -> Box:
    return Box(
        tuple(max(pair) for pair in zip(one.lower, other.lower, strict=True)),
        tuple(min(pair) for pair in zip(one.upper, other.upper, strict=True)),
    )


def _common(problem: Problem, area: _Area, body: Cell | Box, rows: Polytope) -> Cell | Box | None:
    """What a cell shares with another body; None if that is empty or inside one obstacle."""
    shared: Cell | Box | None
    if isinstance(area.body, Box) and isinstance(body, Box):
        shared = _overlap(area.body, body)
        if _empty(shared):
            return None
    else:
        cell = area.body if isinstance(area.body, Cell) else box_cell(area.body)
        shared = meet(cell, rows)
        if shared is None:
            return None
    if problem.space.obstacles:
        points = shared.vertices if isinstance(shared, Cell) else box_cell(shared).vertices
        if _hits(problem, points):
            return None
    return shared


def _slabs(body: Cell | Box, fineness: int) -> Iterator[Box]:
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


# ---- the shortest chain ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Chart:
    """Gates in units of length, per cell the gates on it, and what it shares with the end set."""

    gates: list[Interval]
    of_cell: list[list[int]]
    cells_of: list[tuple[int, int]]
    ends: dict[int, Interval]


def _barrier(problem: Problem, start: Vector, cells: Cells | None, fineness: int) -> None:
    if not 1 <= fineness <= FINENESS_MAX:
        raise Refused("the fineness is out of range")
    size = problem.space.dimension
    areas = _areas(problem, cells)
    time = problem.duration_max
    scale = UNITS / time if time else Fraction(1)
    chart = _chart(problem, areas, fineness, scale)
    spot = start[:size]
    homes = [i for i, area in enumerate(areas) if inside([spot], area.rows)]
    length = _shortest(chart, homes, _interval(Box(spot, spot), problem.speed_max, scale))
    if length is None:
        return
    if time is None:
        raise Refused("a path is not excluded")
    if problem.moving:
        longest = time
    else:
        pairs = zip(problem.acceleration_max, problem.speed_max, strict=True)
        longest = _capacity(time, Fraction(1), max(a / v for a, v in pairs))
    if time and length / scale <= longest:
        raise Refused("a path that is short enough is not excluded")
    if not time and length <= 0:
        raise Refused("a path of no length is not excluded")


def _interval(box: Box, speeds: Sequence[Fraction], scale: Fraction) -> Interval:
    """The box in units of time at full speed, rounded outwards."""
    sides = zip(box.lower, box.upper, speeds, strict=True)
    return tuple((floor(a / v * scale), ceil(b / v * scale)) for a, b, v in sides)


def _gap(one: Interval, other: Interval) -> int:
    return max(0, *(max(a - d, c - b) for (a, b), (c, d) in zip(one, other, strict=True)))


def _chart(problem: Problem, areas: list[_Area], fineness: int, scale: Fraction) -> _Chart:
    chart = _Chart([], [[] for _ in areas], [], {})
    speeds = problem.speed_max
    order = sorted(range(len(areas)), key=lambda i: areas[i].around.lower[0])
    active: list[int] = []
    for j in order:
        around = areas[j].around
        active = [i for i in active if areas[i].around.upper[0] >= around.lower[0]]
        for i in active:
            if _empty(_overlap(around, areas[i].around)):
                continue
            shared = _common(problem, areas[i], areas[j].body, areas[j].rows)
            for slab in _slabs(shared, fineness) if shared is not None else ():
                for cell in (i, j):
                    chart.of_cell[cell].append(len(chart.gates))
                chart.gates.append(_interval(slab, speeds, scale))
                chart.cells_of.append((i, j))
                if len(chart.gates) > GATES_MAX:
                    raise Refused("too many gates")
        active.append(j)
        end = _at_end(problem, areas[j])
        if end is not None:
            chart.ends[j] = _interval(end, speeds, scale)
    return chart


def _at_end(problem: Problem, area: _Area) -> Box | None:
    """A box around what the cell shares with the end set, outside of obstacles."""
    shared = meet(area.body if isinstance(area.body, Cell) else box_cell(area.body), problem.end)
    if shared is None or _hits(problem, shared.vertices):
        return None
    return surrounding(shared.vertices)


def _shortest(chart: _Chart, homes: list[int], start: Interval) -> int | None:
    """The length of the shortest chain of gates from the start to the end set; None if there is
    none (Dijkstra, A note on two problems in connexion with graphs, 1959).

    A chain that enters a cell does not leave it by what that shares with the cell it came from.
    """
    best: int | None = None
    length: dict[tuple[int, int], int] = {}
    queue: list[tuple[int, int, int]] = []

    def enter(cell: int, so_far: int, here: Interval, through: tuple[int, int] | None) -> None:
        nonlocal best
        if cell in chart.ends:
            whole = so_far + _gap(here, chart.ends[cell])
            best = whole if best is None else min(best, whole)
        for gate in chart.of_cell[cell]:
            pair = chart.cells_of[gate]
            if pair == through:
                continue
            beyond = pair[1] if pair[0] == cell else pair[0]
            whole = so_far + _gap(here, chart.gates[gate])
            if (gate, beyond) not in length or whole < length[gate, beyond]:
                length[gate, beyond] = whole
                heapq.heappush(queue, (whole, gate, beyond))

    for cell in homes:
        enter(cell, 0, start, None)
    while queue:
        so_far, gate, cell = heapq.heappop(queue)
        if best is not None and so_far >= best:
            return best
        if so_far == length[gate, cell]:
            enter(cell, so_far, chart.gates[gate], chart.cells_of[gate])
    return best
