"""Convex free regions: grown around what they have to hold, or those that are given.

For each obstacle one plane is chosen that has the obstacle on its other side, a facet of it if
possible, the one that leaves most room (after Deits and Tedrake, Computing large convex regions of
obstacle-free space through semidefinite programming, WAFR 2014, but with planes that are exact).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import TypeAlias

from verifier.core.cell import box_rows
from verifier.core.cell import dot as exact_dot
from verifier.core.linear import INFINITY
from verifier.core.motion import Lying, Polytope, Problem, Region, Vector
from verifier.repair.geometry import Body, Side, Spot, crossed, dot, middle, norm_above, swollen
from verifier.repair.space import PULLED, Landscape

HALVINGS_MAX = 6
NEAREST_STEPS = 200
CLOSE = 1e-9

Row: TypeAlias = tuple[Vector, Fraction]


def grown(
    problem: Problem,
    land: Landscape,
    path: list[Vector],
    seed: Sequence[Vector],
    room: Region | None = None,
) -> tuple[Region, ...] | None:
    """Regions along the polygon, in a convex room if one is given; the first contains the seed, and
    as much of the path as it can."""
    room = room or Region(box_rows(land.around))
    around = [_around(point, land) for point in path]
    for reach in (2, 1, 0):
        ahead = [point for points in around[1 : 1 + reach] for point in points]
        first = _region(problem, land, room, [*seed, *ahead], 0.0)
        if first is not None and _all_in(first.body, seed):
            break
    else:
        return None
    done = min(reach, len(path) - 1)
    regions = [first]
    while done + 1 < len(path):
        here = path[done]
        if all(_holds(regions[-1], point) for point in around[done + 1]):
            done += 1
            continue
        legs = _leg(problem, land, room, here, path[done + 1], HALVINGS_MAX)
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
    problem: Problem, land: Landscape, room: Region, start: Vector, end: Vector, halvings: int
) -> list[Region] | None:
    for seed in ([*_around(start, land), *_around(end, land)], [start, end]):
        region = _region(problem, land, room, seed, 2 * land.tolerance)
        if region is not None:
            return [region]
    if halvings == 0:
        return None
    centre = tuple((a + b) / 2 for a, b in zip(start, end, strict=True))
    one = _leg(problem, land, room, start, centre, halvings - 1)
    other = one and _leg(problem, land, room, centre, end, halvings - 1)
    return [*one, *other] if one and other else None


def _region(
    problem: Problem, land: Landscape, room: Region, seed: Sequence[Vector], slack: float
) -> Region | None:
    """The room without obstacles, with the seed in it, or as little as `slack` outside, or None if
    none was found."""
    rows: list[Row] = list(zip(room.body.rows, room.body.bounds, strict=True))
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
    grown_body = Polytope(tuple(row for row, _ in rows), tuple(bound for _, bound in rows))
    return replace(room, body=grown_body)


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
    best: tuple[float, Vector] | None = None
    for row in dict.fromkeys(directions):
        score = _room(problem, land, k, row, spots, heart, slack)
        if score > -INFINITY and (best is None or score > best[0]):
            best = (score, row)
    if best is not None:
        return _touching(problem, land, k, best[1])
    gap = -(slack + land.tolerance)
    if any(crossed(one, other, land.bodies[k], gap) for one, other in combinations(spots, 2)):
        return None
    for normal in _normals(spots, land.bodies[k].spots):
        row = tuple(Fraction(round(a * (1 << 30)), 1 << 30) for a in normal)
        if _room(problem, land, k, row, spots, heart, slack) > -INFINITY:
            return _touching(problem, land, k, row)
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


def _room(
    problem: Problem,
    land: Landscape,
    k: int,
    row: Vector,
    spots: Sequence[Spot],
    heart: Spot,
    slack: float,
) -> float:
    """How much room the plane in this direction that just keeps the obstacle out leaves to the
    seed; minus infinity if the seed crosses it by more than the slack."""
    solid = problem.space.obstacles[k]
    direction = tuple(map(float, row))
    norm = float(dot(direction, direction) ** 0.5)
    thin = land.tolerance * sum(map(abs, direction))
    kept = max(thin, float(problem.space.clearance + solid.radius) * norm)
    bound = min([dot(direction, vertex) for vertex in land.cores[k]]) - kept
    least = bound - max([dot(direction, spot) for spot in spots])
    if least < -slack * norm:
        return -INFINITY
    return (least + bound - dot(direction, heart)) / norm


def _touching(problem: Problem, land: Landscape, k: int, row: Vector) -> Row:
    """That plane, exactly."""
    solid, clearance = problem.space.obstacles[k], problem.space.clearance
    thin = Fraction(land.tolerance) * sum(map(abs, row))
    kept = max(thin, (clearance + solid.radius) * norm_above(row))
    return row, min(exact_dot(row, vertex) for vertex in solid.vertices) - kept


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


def given(
    problem: Problem, land: Landscape, cells: Sequence[int], seed: Sequence[Vector]
) -> tuple[Region, ...] | None:
    """The free regions on the path, with a bridge where two only touch in a face."""
    free = problem.space.regions
    assert free is not None
    numbers = [land.areas[cell].index for cell in cells]
    while len(numbers) > 1 and _all_in(free[numbers[1]], seed):
        del numbers[0]
    regions: list[Region] = []
    for position, number in enumerate(numbers):
        if position:
            bridge = _bridge(problem, land, numbers[position - 1], number)
            if bridge is not None:
                regions.append(bridge)
        regions.append(_inner(problem, free[number], Lying((number,))))
    return tuple(regions) if _all_in(free[numbers[0]], seed) else None


def around_obstacles(
    problem: Problem,
    land: Landscape,
    path: Sequence[tuple[int, list[Vector]]],
    seed: Sequence[Vector],
) -> tuple[Region, ...] | None:
    """Regions along a polygon through free regions with obstacles in them, by its part in each."""
    free = problem.space.regions
    assert free is not None
    regions: list[Region] = []
    for number, spots in path:
        room = _inner(problem, free[number], Lying((number,)))
        found = grown(problem, land, spots, spots[:1] if regions else seed, room)
        if found is None:
            return None
        regions.extend(found)
    return tuple(regions)


def _all_in(body: Polytope, seed: Sequence[Vector]) -> bool:
    """Exact only where it is close."""
    spots = [tuple(map(float, point)) for point in seed]
    for row, bound in zip(body.rows, body.bounds, strict=True):
        direction, most = tuple(map(float, row)), float(bound)
        over = max([dot(direction, spot) for spot in spots]) - most
        if abs(over) < CLOSE * (1 + abs(most)):
            if any(exact_dot(row, point) > bound for point in seed):
                return False
        elif over > 0:
            return False
    return True


def _inner(problem: Problem, body: Polytope, lying: Lying) -> Region:
    """The part of a free region inside the bounds."""
    if problem.space.bounds is None:
        return Region(body, lying)
    walls = box_rows(problem.space.bounds)
    return Region(Polytope((*body.rows, *walls.rows), (*body.bounds, *walls.bounds)), lying)


def _bridge(problem: Problem, land: Landscape, one: int, other: int) -> Region | None:
    """A region across the plane in which two free regions touch; None if they overlap."""
    free = problem.space.regions
    assert free is not None
    below, above = free[one], free[other]
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
