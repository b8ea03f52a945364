"""Sequences of convex free regions that lead from a start set to the end set.

Dijkstra's algorithm over points on the gates between free cells, in the metric of least time at
full speed; the polygon that is found is straightened where the view is free. Around the start set,
and around every leg, a convex region is grown: for each obstacle one plane that has the obstacle on
its other side, a facet of it if possible (after Deits and Tedrake, Computing large convex regions
of obstacle-free space through semidefinite programming, WAFR 2014, but with planes chosen exactly).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from typing import TypeAlias

from verifier.core.cell import box_rows
from verifier.core.cell import dot as exact_dot
from verifier.core.linear import INFINITY
from verifier.core.motion import Box, Hull, Lying, Polytope, Problem, Region, Vector
from verifier.repair.geometry import (
    Body,
    Shape,
    Side,
    Spot,
    common_part,
    crossed,
    dot,
    middle,
    norm_above,
    sides,
    swollen,
)
from verifier.repair.space import Landscape, gates, within

ALTERNATIVES = 3
PENALTY = 1.5
HALVINGS_MAX = 6
CORNERS_MAX = 8
PULLED = 0.005
NEAREST_STEPS = 200

Row: TypeAlias = tuple[Vector, Fraction]


@dataclass(frozen=True, slots=True)
class Web:
    """The points where a path may pass from cell to cell: per point its gate, per cell its points,
    and the cells that meet the end set with points of it; a cell that meets it in less than others
    costs a toll."""

    spots: tuple[Spot, ...]
    gate: tuple[int, ...]
    cells: tuple[tuple[int, ...], ...]
    sharing: tuple[tuple[int, int], ...]
    ends: dict[int, tuple[Spot, ...]]
    tolls: dict[int, float]
    speeds: Spot


def web(problem: Problem, land: Landscape) -> Web:
    """The gates of the landscape and the end set in it."""
    goal = sides(problem.end)
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
    return Web(
        tuple(spots),
        tuple(gate),
        tuple(map(tuple, cells)),
        tuple(sharing),
        ends,
        tolls,
        tuple(map(float, problem.speed_max)),
    )


def passable(land: Landscape) -> Iterator[tuple[int, int, Shape]]:
    """The gates that do not lie in an obstacle."""
    for i, j, shape in gates(land):
        if not _hit(shape, land):
            yield i, j, shape


def _hit(shape: Shape, land: Landscape) -> bool:
    """Whether the shape lies in one obstacle."""
    return any(
        all(within(spot, body.sides, land.tolerance) for spot in shape.spots)
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


def _middle_of(starts: Box | Hull, size: int) -> Spot:
    ends = (starts.lower, starts.upper) if isinstance(starts, Box) else starts.vertices
    return middle([tuple(map(float, point[:size])) for point in ends])


def connected(land: Landscape, net: Web, spot: Spot) -> bool | None:
    """Whether the cells say that a path leads from the spot to the end set; None if the spot is in
    no cell."""
    todo = [i for i, area in enumerate(land.areas) if within(spot, area.rows, land.tolerance)]
    if not todo:
        return None
    neighbours: dict[int, list[int]] = {}
    for i, j in net.sharing:
        neighbours.setdefault(i, []).append(j)
        neighbours.setdefault(j, []).append(i)
    reached = set(todo)
    while todo:
        i = todo.pop()
        if i in net.ends:
            return True
        for j in neighbours.get(i, ()):
            if j not in reached:
                reached.add(j)
                todo.append(j)
    return False


def routes(
    problem: Problem, land: Landscape, net: Web, starts: Box | Hull
) -> Iterator[tuple[Region, ...]]:
    """Sequences of regions from the start set to the end set, the shortest first."""
    size = problem.space.dimension
    heart = _middle_of(starts, size)
    ends = (starts.lower, starts.upper) if isinstance(starts, Box) else starts.vertices
    seed = _corners(starts, size) if isinstance(starts, Box) else ends
    weights: dict[int, float] = {}
    seen: set[tuple[Region, ...]] = set()
    for _ in range(ALTERNATIVES):
        path = _shortest(net, land, heart, weights)
        if path is None:
            return
        spots, cells, used = path
        if problem.space.regions is None:
            straight = _straightened(spots, land)
            found = _grown(problem, land, [tuple(map(Fraction, p)) for p in straight], seed)
        else:
            found = _given(problem, land, cells, seed)
        if found is not None and found not in seen:
            seen.add(found)
            yield found
        for number in used:
            weights[number] = weights.get(number, 1.0) * PENALTY


def distance(land: Landscape, net: Web, spot: Spot) -> float:
    """About the least time from the spot to the end set at full speed; infinite without a path."""
    path = _shortest(net, land, spot, {})
    if path is None:
        return float("inf")
    spots = path[0]
    return sum(
        max(abs(a - b) / v for a, b, v in zip(one, other, net.speeds, strict=True))
        for one, other in pairwise(spots)
    )


def _corners(starts: Box, size: int) -> tuple[Vector, ...]:
    found: list[Vector] = [()]
    for low, high in zip(starts.lower[:size], starts.upper[:size], strict=True):
        found = [(*point, x) for point in found for x in dict.fromkeys((low, high))]
    return tuple(found)


Path: TypeAlias = tuple[list[Spot], list[int], list[int]]


def _shortest(net: Web, land: Landscape, start: Spot, weights: dict[int, float]) -> Path | None:
    """Points, the cells between them, and the gates they lie on."""
    queue: list[tuple[float, int, int]] = []
    cost: dict[int, float] = {}
    before: dict[int, tuple[int, int]] = {}
    best: tuple[float, int, int, Spot] | None = None
    for cell, area in enumerate(land.areas):
        if not within(start, area.rows, land.tolerance):
            continue
        for point in net.cells[cell]:
            value = _time(net, start, net.spots[point], weights.get(net.gate[point], 1.0))
            if value < cost.get(point, float("inf")):
                cost[point], before[point] = value, (-1, cell)
                heapq.heappush(queue, (value, point, cell))
        for spot in net.ends.get(cell, ()):
            value = _time(net, start, spot, 1.0) + net.tolls[cell]
            if best is None or value < best[0]:
                best = (value, -1, cell, spot)
    while queue:
        value, point, _ = heapq.heappop(queue)
        if value > cost[point] or (best is not None and value >= best[0]):
            continue
        for cell in net.sharing[net.gate[point]]:
            for spot in net.ends.get(cell, ()):
                total = value + _time(net, net.spots[point], spot, 1.0) + net.tolls[cell]
                if best is None or total < best[0]:
                    best = (total, point, cell, spot)
            for other in net.cells[cell]:
                if net.gate[other] == net.gate[point]:
                    continue
                factor = weights.get(net.gate[other], 1.0)
                total = value + _time(net, net.spots[point], net.spots[other], factor)
                if total < cost.get(other, float("inf")):
                    cost[other], before[other] = total, (point, cell)
                    heapq.heappush(queue, (total, other, cell))
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
    parts = [abs(a - b) / v for a, b, v in zip(one, other, net.speeds, strict=True)]
    return factor * (max(parts) + 0.02 * sum(parts)) + 1e-6


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


# ---- regions -----------------------------------------------------------------------------------


def _grown(
    problem: Problem, land: Landscape, path: list[Vector], seed: Sequence[Vector]
) -> tuple[Region, ...] | None:
    """Regions along the polygon; the first contains the seed, and as much of the path as it can."""
    first, done = None, 0
    around = [_around(point, land) for point in path]
    for reach in (2, 1, 0):
        ahead = [point for points in around[1 : 1 + reach] for point in points]
        first = _region(problem, land, [*seed, *ahead], 0.0)
        if first is not None and _all_in(first.body, seed):
            done = min(reach, len(path) - 1)
            break
    if first is None or not _all_in(first.body, seed):
        return None
    regions = [first]
    while done + 1 < len(path):
        here = path[done]
        if all(_holds(regions[-1], point) for point in around[done + 1]):
            done += 1
            continue
        legs = _leg(problem, land, here, path[done + 1], HALVINGS_MAX)
        if legs is None:
            return None
        regions.extend(legs)
        done += 1
    return tuple(regions)


def _holds(region: Region, point: Vector) -> bool:
    pairs = zip(region.body.rows, region.body.bounds, strict=True)
    return all(exact_dot(row, point) <= bound for row, bound in pairs)


def _around(point: Vector, land: Landscape) -> list[Vector]:
    """The point, and points beside it on either side along every axis: what two regions that meet
    there should share."""
    spot = tuple(map(float, point))
    span = max(b - a for a, b in zip(land.low, land.high, strict=True))
    room = min((_height(body, spot) for body in land.bodies), default=span)
    beside = Fraction(max(0.0, min(0.3 * room, PULLED * span)))
    return [point] + [
        (*point[:axis], point[axis] + step, *point[axis + 1 :])
        for axis in range(len(point))
        for step in (beside, -beside)
        if step
    ]


def _leg(
    problem: Problem, land: Landscape, start: Vector, end: Vector, halvings: int
) -> list[Region] | None:
    for seed in ([*_around(start, land), *_around(end, land)], [start, end]):
        region = _region(problem, land, seed, 2 * land.tolerance)
        if region is not None:
            return [region]
    if halvings == 0:
        return None
    centre = tuple((a + b) / 2 for a, b in zip(start, end, strict=True))
    one = _leg(problem, land, start, centre, halvings - 1)
    other = one and _leg(problem, land, centre, end, halvings - 1)
    return [*one, *other] if one and other else None


def _region(
    problem: Problem, land: Landscape, seed: Sequence[Vector], slack: float
) -> Region | None:
    """A region with the seed in it, or as little as `slack` outside, or None if none was found."""
    walls = box_rows(land.around)
    rows: list[Row] = list(zip(walls.rows, walls.bounds, strict=True))
    spots = [tuple(map(float, point)) for point in seed]
    heart = middle(spots)
    order = sorted(range(len(land.bodies)), key=lambda k: _height(land.bodies[k], heart))
    planes: list[Side] = []
    for k in order:
        body = land.bodies[k]
        if any(min(dot(row, spot) for spot in body.spots) > bound for row, bound in planes):
            continue
        plane = _plane(problem, land, k, spots, heart, slack)
        if plane is None:
            return None
        rows.append(plane)
        planes.append((tuple(map(float, plane[0])), float(plane[1])))
    return Region(Polytope(tuple(row for row, _ in rows), tuple(bound for _, bound in rows)))


def _height(body: Body, spot: Spot) -> float:
    """How far the spot is outside, as the body's facets see it."""
    return max(dot(row, spot) - bound for row, bound in body.sides)


def _plane(
    problem: Problem,
    land: Landscape,
    k: int,
    spots: Sequence[Spot],
    heart: Spot,
    slack: float,
) -> Row | None:
    """A plane with the seed on this side and the obstacle on the other."""
    size = problem.space.dimension
    solid = problem.space.obstacles[k]
    fat = swollen(solid, problem.space.clearance).facets
    directions = [tuple(-a for a in row) for row in fat.rows]
    for axis in range(size):
        unit = tuple(Fraction(axis == other) for other in range(size))
        directions += [unit, tuple(-a for a in unit)]
    best: tuple[float, Row] | None = None
    for row in dict.fromkeys(directions):
        score, plane = _candidate(problem, land, k, row, spots, heart, slack)
        if score > -INFINITY and (best is None or score > best[0]):
            best = (score, plane)
    if best is not None:
        return best[1]
    for normal in _normals(spots, land.bodies[k].spots):
        row = tuple(Fraction(round(a * (1 << 30)), 1 << 30) for a in normal)
        score, plane = _candidate(problem, land, k, row, spots, heart, slack)
        if score > -INFINITY:
            return plane
    return None


def _normals(spots: Sequence[Spot], body: Sequence[Spot]) -> Iterator[Spot]:
    """Directions that may part the seed from the body: in the plane those across the seed's sides,
    and that between the nearest points."""
    if len(spots[0]) == 2:
        for (a, b), (c, d) in combinations(spots, 2):
            length = ((c - a) ** 2 + (d - b) ** 2) ** 0.5
            if length > 0:
                normal = ((d - b) / length, (a - c) / length)
                yield normal
                yield -normal[0], -normal[1]
    nearest = _nearest(spots, body)
    if nearest is not None:
        yield nearest


def _candidate(
    problem: Problem,
    land: Landscape,
    k: int,
    row: Vector,
    spots: Sequence[Spot],
    heart: Spot,
    slack: float,
) -> tuple[float, Row]:
    """The plane in this direction that just keeps the obstacle out, and how much room it leaves to
    the seed; minus infinity if the seed crosses it by more than the slack."""
    solid, clearance = problem.space.obstacles[k], problem.space.clearance
    thin = Fraction(land.tolerance) * sum(map(abs, row))
    kept = max(thin, clearance * norm_above(row))
    bound = min(exact_dot(row, vertex) for vertex in solid.vertices) - kept
    seen_row, seen_bound = tuple(map(float, row)), float(bound)
    norm = sum(a * a for a in seen_row) ** 0.5
    least = min(seen_bound - dot(seen_row, spot) for spot in spots) / norm
    room = (seen_bound - dot(seen_row, heart)) / norm
    return (least + room if least >= -slack else -INFINITY), (row, bound)


def _nearest(spots: Sequence[Spot], body: Sequence[Spot]) -> Spot | None:
    """A direction from the seed towards the body that parts them, by Gilbert's algorithm (An
    iterative procedure for computing the minimum of a quadratic form, SIAM J. Control 4, 1966)."""
    current = tuple(a - b for a, b in zip(middle(body), middle(spots), strict=True))
    for _ in range(NEAREST_STEPS):
        near = min(body, key=lambda spot: dot(current, spot))
        far = max(spots, key=lambda spot: dot(current, spot))
        corner = tuple(a - b for a, b in zip(near, far, strict=True))
        step = tuple(b - a for a, b in zip(current, corner, strict=True))
        length = dot(step, step)
        if length == 0:
            break
        share = min(1.0, max(0.0, -dot(current, step) / length))
        if share < 1e-9:
            break
        current = tuple(a + share * b for a, b in zip(current, step, strict=True))
    norm = dot(current, current) ** 0.5
    return tuple(a / norm for a in current) if norm > 1e-12 else None


# ---- given regions -----------------------------------------------------------------------------


def _given(
    problem: Problem, land: Landscape, cells: Sequence[int], seed: Sequence[Vector]
) -> tuple[Region, ...] | None:
    """The free regions on the path, with a bridge where two only touch in a face."""
    given = problem.space.regions
    assert given is not None
    numbers = [land.areas[cell].index for cell in cells]
    while len(numbers) > 1 and _all_in(given[numbers[1]], seed):
        del numbers[0]
    regions: list[Region] = []
    for position, number in enumerate(numbers):
        if position:
            bridge = _bridge(problem, land, numbers[position - 1], number)
            if bridge is not None:
                regions.append(bridge)
        regions.append(_inner(problem, given[number], Lying((number,))))
    return tuple(regions) if _all_in(given[numbers[0]], seed) else None


def _all_in(body: Polytope, seed: Sequence[Vector]) -> bool:
    pairs = list(zip(body.rows, body.bounds, strict=True))
    return all(exact_dot(row, point) <= bound for row, bound in pairs for point in seed)


def _inner(problem: Problem, body: Polytope, lying: Lying) -> Region:
    """The part of a free region inside the bounds."""
    if problem.space.bounds is None:
        return Region(body, lying)
    walls = box_rows(problem.space.bounds)
    return Region(Polytope((*body.rows, *walls.rows), (*body.bounds, *walls.bounds)), lying)


def _bridge(problem: Problem, land: Landscape, one: int, other: int) -> Region | None:
    """A region across the plane in which two free regions touch; None if they overlap."""
    given = problem.space.regions
    assert given is not None
    below, above = given[one], given[other]
    bounds = dict(zip(above.rows, above.bounds, strict=True))
    for row, bound in zip(below.rows, below.bounds, strict=True):
        turned = tuple(-a for a in row)
        if turned in bounds and bounds[turned] == -bound:
            kept = [
                (r, b)
                for body, plane in ((below, row), (above, turned))
                for r, b in zip(body.rows, body.bounds, strict=True)
                if r != plane
            ]
            body = Polytope(tuple(r for r, _ in kept), tuple(b for _, b in kept))
            return _inner(problem, body, Lying((one, other), row, bound))
    return None
