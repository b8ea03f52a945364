"""What a picture of a transition shows, projected on two axes: outlines, paths and stretches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from math import cos, pi, sin
from typing import TypeAlias

from verifier.core.blocks import product_of
from verifier.core.motion import Affine, Box, Motion, Plan, Solid, Vector, standing
from verifier.core.solids import hull_solid
from verifier.core.starts import spots, vertices
from verifier.model.motion import Transition
from verifier.repair.tube import parts, tube

Spot: TypeAlias = tuple[float, float]

PATHS = 16
STEPS = 12
CIRCLE = 24


@dataclass(frozen=True, slots=True)
class Scene:
    """Corners of polygons, in order, and points along paths. `grown` are the obstacles with their
    radius and the clearance, where there is one; `zones` the free regions that are given; the tube
    is a rectangle for each stretch of time, `bounds` the rectangle that no path may leave."""

    obstacles: tuple[tuple[Spot, ...], ...]
    grown: tuple[tuple[Spot, ...], ...]
    zones: tuple[tuple[Spot, ...], ...]
    bounds: tuple[Spot, Spot] | None
    starts: tuple[Spot, ...]
    end: tuple[Spot, ...]
    tube: tuple[tuple[Spot, Spot], ...]
    paths: tuple[tuple[Spot, ...], ...]


def scene(table: Transition, axes: tuple[int, int]) -> Scene:
    """The transition seen along all axes but these two, which count from 0; what it is relative to
    stands where it does in the first of its starts."""
    problem = table.problem
    (starts,) = problem.starts
    corners = list(islice(vertices(starts), 4096))
    first = corners[0]
    fixed = first[len(first) - problem.rigid :] if problem.rigid else ()
    shown = [c for c in corners if c[len(c) - problem.rigid :] == fixed or not problem.rigid]
    size = problem.space.dimension
    stretches = () if problem.rigid else tuple(_stretches(table, axes))
    space = problem.space
    grown = [(_outline(s, axes), float(s.radius + space.clearance)) for s in space.obstacles]
    zones = [_end(zone.rows, zone.bounds, axes) for zone in space.regions or ()]
    walls = space.bounds
    return Scene(
        tuple(_outline(s, axes) for s in space.obstacles),
        tuple(_rounded(corners, radius) for corners, radius in grown if radius),
        tuple(zone for zone in zones if zone),
        None if walls is None else (_flat(walls.lower, axes), _flat(walls.upper, axes)),
        _ring([c[:size] for c in shown], axes),
        _end(standing(problem, first).end.rows, standing(problem, first).end.bounds, axes),
        stretches,
        tuple(_path(table.plan, c, axes) for c in shown[:PATHS]),
    )


def _flat(point: Vector, axes: tuple[int, int]) -> Spot:
    return float(point[axes[0]]), float(point[axes[1]])


def _rounded(corners: Sequence[Spot], radius: float) -> tuple[Spot, ...]:
    """The outline of all points at most this far from a convex polygon: the hull of circles."""
    turns = [2 * pi * k / CIRCLE for k in range(CIRCLE)]
    spots_around = [
        (Fraction(x + radius * cos(turn)), Fraction(y + radius * sin(turn)))
        for x, y in corners
        for turn in turns
    ]
    return _ring(spots_around, (0, 1))


def _outline(solid: Solid, axes: tuple[int, int]) -> tuple[Spot, ...]:
    return _ring(solid.vertices, axes)


def _ring(points: Sequence[Vector], axes: tuple[int, int]) -> tuple[Spot, ...]:
    flat = tuple(dict.fromkeys((point[axes[0]], point[axes[1]]) for point in points))
    ring = hull_solid(flat).vertices if len(flat) > 2 else flat
    return tuple((float(x), float(y)) for x, y in ring)


def _end(
    rows: Sequence[Vector], bounds: Sequence[Fraction], axes: tuple[int, int]
) -> tuple[Spot, ...]:
    """The end set where it is bounded along both axes; nothing else."""
    size = len(rows[0]) if rows else 0
    sides = [(row, bound, "<=") for row, bound in zip(rows, bounds, strict=True)]
    found = product_of(sides, size) if size else "empty"
    return () if isinstance(found, str) else _ring(spots(found, size), axes)


def _stretches(table: Transition, axes: tuple[int, int]) -> Iterator[tuple[Spot, Spot]]:
    (starts,) = table.problem.starts
    for part, motion in parts(starts, table.plan):
        for stretch in tube(part, motion):
            box: Box = stretch.around
            low, high = (
                (float(side[axes[0]]), float(side[axes[1]])) for side in (box.lower, box.upper)
            )
            yield low, high


def _path(plan: Plan, start: Vector, axes: tuple[int, int]) -> tuple[Spot, ...]:
    while not isinstance(plan, Motion):
        plan = plan.below if start[plan.axis] <= plan.bound else plan.above
    found: list[Spot] = [(float(start[axes[0]]), float(start[axes[1]]))]
    for piece in plan.pieces:
        points = [tuple(_at(point[axis], start) for axis in axes) for point in piece.points]
        for k in range(1, STEPS + 1):
            found.append(_between(points, k / STEPS))
    return tuple(found)


def _at(value: Affine, start: Vector) -> float:
    linear = sum((a * x for a, x in zip(value.linear, start, strict=True)), Fraction(0))
    return float(value.constant + linear)


def _between(points: Sequence[tuple[float, ...]], share: float) -> Spot:
    """De Casteljau's algorithm."""
    while len(points) > 1:
        points = [
            tuple((1 - share) * a + share * b for a, b in zip(one, other, strict=True))
            for one, other in pairwise(points)
        ]
    return points[0][0], points[0][1]
