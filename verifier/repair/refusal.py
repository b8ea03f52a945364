"""Proposals of proofs that no motion exists, and what is wrong with a problem as it is put."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from operator import itemgetter

from verifier.core.cell import box_cell, box_rows, inside, meet
from verifier.core.motion import (
    Barrier,
    Box,
    CannotBrake,
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
from verifier.core.solids import hull_solid
from verifier.core.starts import vertices, well_formed
from verifier.repair.geometry import ROUND, Side, axes, dot, holds_box, limits, sides, swollen
from verifier.repair.route import Web, distance
from verifier.repair.space import Landscape

CORNERS_MAX = 256
FINENESS = (4, 12, 32)
SLACK = Fraction(1, 1 << 20)
CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and with what: `starts` and its number, `bounds`, `speed`, `acceleration`,
    `clearance`, `duration`, or `end`."""

    part: str
    number: int
    message: str


def faults(problem: Problem) -> Iterator[Fault]:
    """Whatever makes the problem one that nobody can have meant."""
    size = problem.space.dimension
    width = size * (2 if problem.moving else 1) + problem.rigid
    for number, starts in enumerate(problem.starts):
        if not well_formed(starts, width):
            yield Fault("starts", number, f"the start set does not have dimension {width}")
        elif isinstance(starts, Box) and _is_empty(starts):
            yield Fault("starts", number, "the start set is empty")
    if not problem.starts:
        yield Fault("starts", 0, "there is no start set")
    bounds = problem.space.bounds
    if bounds is not None and (len(bounds.lower) != size or _is_empty(bounds)):
        yield Fault("bounds", 0, "the bounds leave no room")
    for name, values in (("speed", problem.speed_max), ("acceleration", problem.acceleration_max)):
        if len(values) != size:
            yield Fault(name, 0, f"the bound on the {name} does not have dimension {size}")
        for axis, value in enumerate(values):
            if value <= 0:
                yield Fault(name, axis, f"the bound on the {name} is not positive")
    if problem.space.clearance < 0:
        yield Fault("clearance", 0, "the clearance is negative")
    if problem.duration_max is not None and problem.duration_max < 0:
        yield Fault("duration", 0, "the time allowed is negative")
    if any(len(row) != size + problem.rigid for row in problem.end.rows):
        yield Fault("end", 0, f"the end set does not have dimension {size}")


def _is_empty(box: Box) -> bool:
    return any(a > b for a, b in zip(box.lower, box.upper, strict=True))


def surely(problem: Problem) -> Problem:
    """The problem without clearance and radii, with obstacles that hold nothing that is allowed: in
    the plane each grows by a polygon in the disk, elsewhere a ball becomes a polytope in it."""
    space = problem.space
    if not rounded(problem):
        return problem
    grown = tuple(_inner(solid, space.clearance + solid.radius) for solid in space.obstacles)
    return replace(problem, space=replace(space, obstacles=grown, clearance=Fraction(0)))


def rounded(problem: Problem) -> bool:
    """Whether some obstacle counts with more than its vertices' hull."""
    space = problem.space
    return space.clearance > 0 or any(solid.radius > 0 for solid in space.obstacles)


def _inner(solid: Solid, by: Fraction) -> Solid:
    radius, size = by * (1 - SLACK), len(solid.vertices[0])
    if by and (size == 2 or len(solid.vertices) == 1):
        steps = ROUND if size == 2 else axes(size)
        points = [
            tuple(a + radius * x for a, x in zip(vertex, step, strict=True))
            for vertex in solid.vertices
            for step in steps
        ]
        return hull_solid(points)
    return replace(solid, radius=Fraction(0))


def corners(problem: Problem) -> Iterator[Vector]:
    for starts in problem.starts:
        yield from (
            starts.vertices if isinstance(starts, Hull) else islice(vertices(starts), CORNERS_MAX)
        )


def seen(problem: Problem, start: Vector) -> tuple[float, ...]:
    return tuple(map(float, start[: problem.space.dimension]))


def quick(problem: Problem) -> Iterator[Impossible]:
    """Proofs that need no search; whether they hold is the judge's business."""
    space = problem.space
    yield NoEnd()
    walls = [] if space.bounds is None else [box_rows(space.bounds)]
    fat = [swollen(solid, space.clearance).facets for solid in space.obstacles]
    found = list(corners(problem))
    room, rooms, bodies = (_Seen.of(some) for some in (walls, space.regions or (), fat))
    spots = [corner[: space.dimension] for corner in found]
    walled = bool(walls) and not room.holds_all(spots)
    zoned = space.regions is not None and not rooms.holds_all(spots)
    for corner, spot in zip(found, spots, strict=True):
        outside = walled and not room.holds(spot)
        lost = zoned and not rooms.holds(spot)
        if outside or lost or bodies.holds(spot):
            yield Misplaced(corner)
    yield from _hits(problem)
    for axis in range(space.dimension):
        for corner in (min(found, key=itemgetter(axis)), max(found, key=itemgetter(axis))):
            yield TooFar(corner, axis)
        if problem.moving:
            for corner in sorted(found, key=itemgetter(axis)):
                yield CannotBrake(corner, axis)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Polytopes, and what is seen of them: exact only where it is close."""

    bodies: tuple[tuple[Polytope, tuple[Side, ...]], ...]

    @classmethod
    def of(cls, bodies: Iterable[Polytope]) -> _Seen:
        return cls(tuple((body, sides(body)) for body in bodies))

    def holds_all(self, spots: Sequence[Vector]) -> bool:
        """Whether one of them surely holds the box around the spots."""
        low, high = limits([tuple(map(float, spot)) for spot in spots])
        near = CLOSE * (1 + max(map(abs, (*low, *high))))
        return any(holds_box(rows, low, high, -near) for _, rows in self.bodies)

    def holds(self, spot: Vector) -> bool:
        """Whether one of them does hold the spot."""
        point = tuple(map(float, spot))
        near = CLOSE * (1 + max(map(abs, point)))
        for body, rows in self.bodies:
            over = max([dot(row, point) - bound for row, bound in rows], default=-near)
            if over < -near or (over <= near and inside([spot], body)):
                return True
        return False


def _hits(problem: Problem) -> Iterator[Impossible]:
    """Points of boxes of starts that lie in an obstacle."""
    if problem.moving or problem.rigid:
        return
    for starts in problem.starts:
        if not isinstance(starts, Box):
            continue
        for solid in problem.space.obstacles:
            columns = zip(*solid.vertices, strict=True)
            if all(
                min(column) <= high and max(column) >= low
                for column, low, high in zip(columns, starts.lower, starts.upper, strict=True)
            ):
                shared = meet(box_cell(starts), solid.facets)
                if shared is not None:
                    points = list(zip(*shared.vertices, strict=True))
                    yield Misplaced(tuple(sum(x, Fraction(0)) / len(x) for x in points))
            for vertex in solid.vertices if solid.radius else ():
                sides = zip(vertex, starts.lower, starts.upper, strict=True)
                yield Misplaced(tuple(min(max(x, low), high) for x, low, high in sides))


def bounds(problem: Problem, land: Landscape, net: Web) -> Iterator[Impossible]:
    """Bounds of the time from the start that is furthest away, finer and finer."""
    if problem.duration_max is None:
        return
    furthest = max(corners(problem), key=lambda corner: distance(land, net, seen(problem, corner)))
    for fineness in FINENESS:
        yield Barrier(furthest, land.tree, fineness)
