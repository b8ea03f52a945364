"""Sequences of convex free regions that lead from a start set to the end set.

Shortest paths over points on the gates between free cells, in the metric of least time at full
speed; the polygon that is found is straightened where the view is free, and regions are grown
along it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby, islice
from typing import TypeAlias

from verifier.core.linear import INFINITY
from verifier.core.motion import Polytope, Problem, Region, Starts, Vector, standing
from verifier.core.starts import around, vertices
from verifier.core.starts import spots as spots_of
from verifier.repair.geometry import (
    Shape,
    Spot,
    common_part,
    covers,
    crossed,
    limits,
    middle,
    sides,
)
from verifier.repair.grow import around_obstacles, given, grown
from verifier.repair.space import PULLED, Landscape, gates, within

ALTERNATIVES = 3
PENALTY = 1.5
CORNERS_MAX = 8
STOPS_MAX = 256


@dataclass(frozen=True, slots=True)
class Web:
    """The points where a path may pass from cell to cell: per point its gate and what is ahead of
    it, the cost of the way from there to the end set; per cell its points; and the cells that meet
    the end set with points of it. A cell that meets it in less than others costs a toll."""

    spots: tuple[Spot, ...]
    gate: tuple[int, ...]
    cells: tuple[tuple[int, ...], ...]
    sharing: tuple[tuple[int, int], ...]
    ends: dict[int, tuple[Spot, ...]]
    tolls: dict[int, float]
    speeds: Spot
    ahead: tuple[float, ...] = ()


def web(problem: Problem, land: Landscape) -> Web:
    """The gates of the landscape and the end set in it."""
    goal = sides(middle_end(problem))
    ends: dict[int, tuple[Spot, ...]] = {}
    flat: dict[int, int] = {}
    for i, area in enumerate(land.areas):
        shape = common_part(area.shape, goal, land.tolerance)
        if shape is not None and not _hit(shape, land):
            ends[i] = _samples(shape, (), land)
            flat[i] = _flatness(shape, land.tolerance)
    span = max(b - a for a, b in zip(land.low, land.high, strict=True))
    toll = 0.1 * span / min(map(float, problem.speed_max))
    tolls = {i: toll * (count - min(flat.values())) for i, count in flat.items()}
    hints = [spot for found in ends.values() for spot in found[:1]]
    hints += [_middle_of(starts, problem.space.dimension) for starts in problem.starts]
    spots: list[Spot] = []
    gate: list[int] = []
    cells: list[list[int]] = [[] for _ in land.areas]
    sharing: list[tuple[int, int]] = []
    for number, (i, j, shape) in enumerate(passable(land)):
        sharing.append((i, j))
        for spot in _samples(shape, hints[:4], land):
            cells[i].append(len(spots))
            cells[j].append(len(spots))
            spots.append(spot)
            gate.append(number)
    net = Web(
        tuple(spots),
        tuple(gate),
        tuple(map(tuple, cells)),
        tuple(sharing),
        ends,
        tolls,
        tuple(map(float, problem.speed_max)),
    )
    return replace(net, ahead=tuple(_ahead(net)))


def _ahead(net: Web) -> list[float]:
    """The cost of the way to the end set from each point, by Dijkstra's algorithm from its end."""
    cost = [INFINITY] * len(net.spots)
    queue: list[tuple[float, int]] = []
    for point, number in enumerate(net.gate):
        for cell in net.sharing[number]:
            for spot in net.ends.get(cell, ()):
                value = _time(net, net.spots[point], spot, 1.0) + net.tolls[cell]
                cost[point] = min(cost[point], value)
        if cost[point] < INFINITY:
            queue.append((cost[point], point))
    heapq.heapify(queue)
    while queue:
        value, point = heapq.heappop(queue)
        if value > cost[point]:
            continue
        number, spot = net.gate[point], net.spots[point]
        for cell in net.sharing[number]:
            for other in net.cells[cell]:
                if net.gate[other] != number and cost[other] > value:
                    total = value + _time(net, spot, net.spots[other], 1.0)
                    if total < cost[other]:
                        cost[other] = total
                        heapq.heappush(queue, (total, other))
    return cost


def middle_end(problem: Problem) -> Polytope:
    """The end set for rigid coordinates in the middle of the starts."""
    box = around(problem.starts[0])
    heart = tuple((low + high) / 2 for low, high in zip(box.lower, box.upper, strict=True))
    return standing(problem, heart).end


def passable(land: Landscape) -> Iterator[tuple[int, int, Shape]]:
    """The gates that do not lie in an obstacle."""
    for i, j, shape in gates(land):
        if not _hit(shape, land):
            yield i, j, shape


def _hit(shape: Shape, land: Landscape) -> bool:
    """Whether the shape lies in one obstacle."""
    low, high = limits(shape.spots)
    return any(
        covers(body, low, high, land.tolerance)
        and all(within(spot, body.sides, land.tolerance) for spot in shape.spots)
        for body in land.bodies
    )


def _flatness(shape: Shape, tolerance: float) -> int:
    """The number of axes along which the shape has no extent."""
    columns = zip(*shape.spots, strict=True)
    return sum(max(column) - min(column) <= 10 * tolerance for column in columns)


def _samples(shape: Shape, hints: Sequence[Spot], land: Landscape) -> tuple[Spot, ...]:
    """The middle, corners pulled in a little, and where the hints fall on the gate's box."""
    heart = shape.middle
    found = [heart]
    pulled = PULLED * max(b - a for a, b in zip(land.low, land.high, strict=True))
    for corner in shape.spots[:CORNERS_MAX]:
        reach = max(abs(a - b) for a, b in zip(corner, heart, strict=True))
        share = min(0.25, pulled / reach) if reach else 0.0
        found.append(tuple(a + share * (b - a) for a, b in zip(corner, heart, strict=True)))
    if len(shape.spots) > 2:
        columns = list(zip(*shape.spots, strict=True))
        for hint in hints:
            near = [min(max(x, min(c)), max(c)) for x, c in zip(hint, columns, strict=True)]
            found.append(tuple(0.99 * a + 0.01 * b for a, b in zip(near, heart, strict=True)))
    return tuple(dict.fromkeys(found))


def _middle_of(starts: Starts, size: int) -> Spot:
    return middle([tuple(map(float, point)) for point in spots_of(starts, size)])


def connected(land: Landscape, net: Web, spot: Spot) -> bool | None:
    """Whether the cells say that a path leads from the spot to the end set; None if the spot is in
    no cell."""
    cells = [i for i, area in enumerate(land.areas) if within(spot, area.rows, land.tolerance)]
    return _leads(net, cells) if cells else None


def _leads(net: Web, cells: Iterable[int]) -> bool:
    return any(
        cell in net.ends or any(net.ahead[point] < INFINITY for point in net.cells[cell])
        for cell in cells
    )


def routes(
    problem: Problem, land: Landscape, net: Web, starts: Starts
) -> Iterator[tuple[Region, ...]]:
    """Sequences of regions from the start set to the end set, the shortest first."""
    size = problem.space.dimension
    heart = _middle_of(starts, size)
    seed = spots_of(starts, size)
    weights: dict[int, float] = {}
    seen: set[tuple[Region, ...]] = set()
    for _ in range(ALTERNATIVES):
        path = _shortest(net, land, heart, weights)
        if path is None:
            return
        spots, cells, used = path
        stops = [*seed, *_stops(problem, starts)]
        found = _along(problem, land, spots, cells, stops)
        if found is None and problem.moving:
            found = _along(problem, land, spots, cells, seed)
        if found is not None and found not in seen:
            seen.add(found)
            yield found
        for number in used:
            weights[number] = weights.get(number, 1.0) * PENALTY


def _along(
    problem: Problem,
    land: Landscape,
    spots: list[Spot],
    cells: list[int],
    seed: Sequence[Vector],
) -> tuple[Region, ...] | None:
    """Regions along the polygon, whose legs lie in these cells; the first contains the seed."""
    if problem.space.regions is None:
        return grown(problem, land, _exactly(_straightened(spots, land)), seed)
    if not land.bodies:
        return given(problem, land, cells, seed)
    numbers = [land.areas[cell].index for cell in cells]
    path: list[tuple[int, list[Vector]]] = []
    for number, legs in groupby(range(len(numbers)), key=numbers.__getitem__):
        here = list(legs)
        path.append((number, _exactly(_straightened(spots[here[0] : here[-1] + 2], land))))
    return around_obstacles(problem, land, path, seed)


def _exactly(spots: list[Spot]) -> list[Vector]:
    return [tuple(map(Fraction, spot)) for spot in spots]


def _stops(problem: Problem, starts: Starts) -> Iterator[Vector]:
    """Where starts that move come to rest at the soonest."""
    size = problem.space.dimension
    for start in islice(vertices(starts), STOPS_MAX) if problem.moving else ():
        axes = zip(start[:size], start[size : 2 * size], problem.acceleration_max, strict=True)
        yield tuple(x + v * abs(v) / (2 * a) for x, v, a in axes)


def distance(land: Landscape, net: Web, spot: Spot) -> float:
    """About the least time from the spot to the end set at full speed; infinite without a path."""
    best = INFINITY
    for cell, area in enumerate(land.areas):
        if within(spot, area.rows, land.tolerance):
            for end in net.ends.get(cell, ()):
                best = min(best, _time(net, spot, end, 1.0))
            for point in net.cells[cell]:
                if net.ahead[point] < best:
                    best = min(best, _time(net, spot, net.spots[point], 1.0) + net.ahead[point])
    return best


Path: TypeAlias = tuple[list[Spot], list[int], list[int]]


def _shortest(net: Web, land: Landscape, start: Spot, weights: dict[int, float]) -> Path | None:
    """Points, the cells between them, and the gates they lie on; by the algorithm A* (Hart,
    Nilsson, Raphael, 1968): what is ahead is never more than the way, as weights are at least 1."""
    queue: list[tuple[float, int]] = []
    cost: dict[int, float] = {}
    before: dict[int, tuple[int, int]] = {}
    best: tuple[float, int, int, Spot] | None = None

    def reach(point: int, cell: int, spot: Spot, value: float) -> None:
        for other in net.cells[cell]:
            if net.ahead[other] == INFINITY or (point >= 0 and net.gate[other] == net.gate[point]):
                continue
            factor = weights.get(net.gate[other], 1.0)
            total = value + _time(net, spot, net.spots[other], factor)
            if total < cost.get(other, INFINITY):
                cost[other], before[other] = total, (point, cell)
                heapq.heappush(queue, (total + net.ahead[other], other))

    def arrive(point: int, cell: int, spot: Spot, value: float) -> None:
        nonlocal best
        for end in net.ends.get(cell, ()):
            total = value + _time(net, spot, end, 1.0) + net.tolls[cell]
            if best is None or total < best[0]:
                best = (total, point, cell, end)

    for cell, area in enumerate(land.areas):
        if within(start, area.rows, land.tolerance):
            reach(-1, cell, start, 0.0)
            arrive(-1, cell, start, 0.0)
    while queue:
        value, point = heapq.heappop(queue)
        if best is not None and value >= best[0]:
            break
        if value > cost[point] + net.ahead[point]:
            continue
        for cell in net.sharing[net.gate[point]]:
            arrive(point, cell, net.spots[point], cost[point])
            reach(point, cell, net.spots[point], cost[point])
    if best is None:
        return None
    _, point, cell, end = best
    spots, cells, used = [end], [cell], []
    while point >= 0:
        spots.append(net.spots[point])
        used.append(net.gate[point])
        point, cell = before[point]
        cells.append(cell)
    return [start, *reversed(spots)], cells[::-1], used


def _time(net: Web, one: Spot, other: Spot, factor: float) -> float:
    """The least time between two points at full speed, and a little for the way."""
    longest = total = 0.0
    for a, b, speed in zip(one, other, net.speeds, strict=True):
        part = abs(a - b) / speed
        total += part
        if part > longest:
            longest = part
    return factor * (longest + 0.02 * total) + 1e-6


def _straightened(spots: list[Spot], land: Landscape) -> list[Spot]:
    """The polygon without corners that are not needed."""
    kept = [spots[0]]
    i = 0
    while i + 1 < len(spots):
        j = len(spots) - 1
        while j > i + 1 and any(
            crossed(spots[i], spots[j], body, 10 * land.tolerance) for body in land.bodies
        ):
            j -= 1
        kept.append(spots[j])
        i = j
    return kept
