"""Whether no motion exists: the rules of verifier/core/motion.py for what is impossible, no more.

Trusted. Cells are bounded and convex, with all their vertices, in exact rationals. A path that ends
in the end set leaves each cell for good at most once; it does so in a point that the cell shares
with the next one, and no such point lies in an obstacle. So it passes a chain of gates, at most one
between two cells, and is no shorter than the shortest chain. Lengths are integers, rounded down.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TypeAlias

from verifier.check.cells import (
    Area,
    along,
    areas_of,
    at_end,
    common,
    empty,
    overlap,
    slabs,
)
from verifier.check.motion import require_well_formed
from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.core.cell import box_cell, inside, meet
from verifier.core.free import misplaced
from verifier.core.motion import (
    Barrier,
    Box,
    CannotBrake,
    Cells,
    Hull,
    Impossible,
    Misplaced,
    NoEnd,
    Polytope,
    Problem,
    Product,
    TooFar,
    Vector,
    standing,
)
from verifier.core.starts import width

UNITS = 1 << 32  # of length in the time allowed
FINENESS_MAX = 64
GATES_MAX = 20_000
Interval: TypeAlias = tuple[tuple[int, int], ...]


def judge_no_motion(problem: Problem, proof: Impossible) -> Accepted | Rejected:
    """Whether the proof shows that some start cannot be taken into the end set as asked."""
    try:
        require_well_formed(problem)
        if isinstance(proof, NoEnd):
            if problem.rigid:
                raise Refused("an end set that depends on the start needs one in its proof")
            _no_end(problem)
            return Accepted()
        _member(problem, proof.start)
        alone = standing(problem, proof.start)
        start = proof.start  # of which the position and the velocity are read, which stand first
        match proof:
            case Misplaced():
                _misplaced(alone, start)
            case TooFar(_, axis):
                _too_far(alone, start, axis)
            case CannotBrake(_, axis):
                _cannot_brake(alone, start, axis)
            case Barrier(_, cells, fineness):
                _barrier(alone, start, cells, fineness)
    except Refused as refusal:
        return Rejected(str(refusal))
    return Accepted()


def _member(problem: Problem, start: Vector) -> None:
    """That the start is one of those asked for; of a hull, one of its vertices, of a product one
    in each part."""
    for starts in problem.starts:
        if isinstance(starts, Hull):
            if start in starts.vertices:
                return
        elif isinstance(starts, Product):
            if len(start) == width(starts) and all(
                tuple(start[axis] for axis in axes) in points for axes, points in starts.parts
            ):
                return
        elif len(start) == len(starts.lower) and all(
            a <= x <= b for a, x, b in zip(starts.lower, start, starts.upper, strict=True)
        ):
            return
    raise Refused("the start is not among those asked for")


def _misplaced(problem: Problem, start: Vector) -> None:
    if not misplaced(problem.space, start[: problem.space.dimension]):
        raise Refused("the start is not shown to be misplaced")


def _capacity(time: Fraction, speed: Fraction, acceleration: Fraction) -> Fraction:
    """The greatest distance from rest to rest in this time."""
    if time >= 2 * speed / acceleration:
        return speed * (time - speed / acceleration)
    return acceleration * time * time / 4


def _too_far(problem: Problem, start: Vector, axis: int) -> None:
    if problem.moving or problem.duration_max is None:
        raise Refused("a distance is only too great from rest, in bounded time")
    if not 0 <= axis < problem.space.dimension:
        raise Refused("there is no such axis")
    low, high = along(problem.end, axis)
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
        if empty(bounds) or _nothing_in(bounds, problem.end):
            return
        raise Refused("the end set has points inside the bounds")
    for axis in range(problem.space.dimension):
        low, high = along(problem.end, axis)
        if low is not None and high is not None and low > high:
            return
    raise Refused("the end set is not shown to be empty")


def _nothing_in(bounds: Box, body: Polytope) -> bool:
    """Whether no point of the box is in the body; where each row bounds one axis, axis by axis."""
    if any(sum(1 for a in row if a) > 1 for row in body.rows):
        return meet(box_cell(bounds), body) is None
    for axis, (least, most) in enumerate(zip(bounds.lower, bounds.upper, strict=True)):
        low, high = along(body, axis)
        low = least if low is None else max(least, low)
        high = most if high is None else min(most, high)
        if low > high:
            return True
    return any(bound < 0 for row, bound in zip(body.rows, body.bounds, strict=True) if not any(row))


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
    areas = areas_of(problem, cells)
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


def _chart(problem: Problem, areas: list[Area], fineness: int, scale: Fraction) -> _Chart:
    chart = _Chart([], [[] for _ in areas], [], {})
    speeds = problem.speed_max
    order = sorted(range(len(areas)), key=lambda i: areas[i].around.lower[0])
    active: list[int] = []
    for j in order:
        around = areas[j].around
        active = [i for i in active if areas[i].around.upper[0] >= around.lower[0]]
        for i in active:
            if empty(overlap(around, areas[i].around)):
                continue
            shared = common(problem, areas[i], areas[j].body, areas[j].rows)
            for slab in slabs(shared, fineness) if shared is not None else ():
                for cell in (i, j):
                    chart.of_cell[cell].append(len(chart.gates))
                chart.gates.append(_interval(slab, speeds, scale))
                chart.cells_of.append((i, j))
                if len(chart.gates) > GATES_MAX:
                    raise Refused("too many gates")
        active.append(j)
        end = at_end(problem, areas[j])
        if end is not None:
            chart.ends[j] = _interval(end, speeds, scale)
    return chart


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
