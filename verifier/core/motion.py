"""Motions from a set of starts to a set of ends, and what certifies them or their absence.

The robot is a point with a double integrator per axis, |velocity_i| <= speed_max_i and
|acceleration_i| <= acceleration_max_i, at rest at the end, and at the start unless the start says
otherwise. Obstacles are closed: touching one is hitting it. All numbers are exact rationals in SI
base units.

A motion is a sequence of Bezier curves whose control points are affine in the start, so that one
motion serves every start of a set (convex hull property and hodographs: Farouki, The Bernstein
polynomial basis, Computer Aided Geometric Design 29, 2012, 5.1 and 5.3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

Vector: TypeAlias = tuple[Fraction, ...]

# ---- sets --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Box:
    """{x : lower <= x <= upper}; empty if some lower exceeds its upper."""

    lower: Vector
    upper: Vector


@dataclass(frozen=True, slots=True)
class Hull:
    """The convex hull of finitely many points, at least one."""

    vertices: tuple[Vector, ...]


@dataclass(frozen=True, slots=True)
class Polytope:
    """{x : rows x <= bounds}."""

    rows: tuple[Vector, ...]
    bounds: Vector


@dataclass(frozen=True, slots=True)
class Solid:
    """All points at most `radius` (Euclidean) away from a bounded convex body. Its facets and its
    vertices describe the same set."""

    facets: Polytope
    vertices: tuple[Vector, ...]
    radius: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Product:
    """A product of hulls: each part names coordinates, and the points whose hull these lie in. Each
    coordinate is in one part."""

    parts: tuple[tuple[tuple[int, ...], tuple[Vector, ...]], ...]


Starts: TypeAlias = Box | Hull | Product


# ---- the question ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Space:
    """Where the point may be: in `bounds`, in one of `regions` if these are given, and at least
    `clearance` (Euclidean; more than 0 even where it is 0) away from every obstacle."""

    dimension: int
    bounds: Box | None
    obstacles: tuple[Solid, ...]
    regions: tuple[Polytope, ...] | None = None
    clearance: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Problem:
    """From every start, in any of `starts`, into `end`. A start has the coordinates of the
    position; of position and then velocity if `moving`; and then `rigid` ones, which keep their
    values and which the motion may be relative to: `end` bounds the position and these, and so does
    `tube`, all the time. Durations are in seconds, None for any."""

    space: Space
    starts: tuple[Starts, ...]
    end: Polytope
    speed_max: Vector
    acceleration_max: Vector
    duration_max: Fraction | None
    moving: bool = False
    rigid: int = 0
    tube: Polytope | None = None


def standing(problem: Problem, start: Vector) -> Problem:
    """The problem for this start alone, with the values of its rigid coordinates put in."""
    count = len(start) - problem.rigid
    spot, fixed = start[:count], start[count:]
    size = problem.space.dimension

    def put_in(body: Polytope) -> Polytope:
        bounds = tuple(
            bound - sum((a * x for a, x in zip(row[size:], fixed, strict=True)), Fraction(0))
            for row, bound in zip(body.rows, body.bounds, strict=True)
        )
        return Polytope(tuple(row[:size] for row in body.rows), bounds)

    if not problem.rigid:
        return replace(problem, starts=(Box(spot, spot),))
    return replace(problem, starts=(Box(spot, spot),), end=put_in(problem.end), rigid=0, tube=None)


# ---- the answer: a motion ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Affine:
    """start -> constant + linear . start."""

    constant: Fraction
    linear: Vector


@dataclass(frozen=True, slots=True)
class Piece:
    """A Bezier curve over `duration` seconds, `duration` > 0, all of it in region number `region`.

    `points` are the control points, each with one affine function per axis; degree one less.
    """

    duration: Fraction
    region: int
    points: tuple[tuple[Affine, ...], ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Starts with start[axis] <= bound go `below`, those with start[axis] >= bound `above`."""

    axis: int
    bound: Fraction
    below: Plan
    above: Plan


@dataclass(frozen=True, slots=True)
class Motion:
    """One motion for every start of a cell; no pieces: stay where you are."""

    pieces: tuple[Piece, ...]

    @property
    def duration(self) -> Fraction:
        return sum((piece.duration for piece in self.pieces), Fraction(0))


Plan: TypeAlias = Motion | Cut


@dataclass(frozen=True, slots=True)
class Lying:
    """Why a convex region is free where free regions are given: its rows contain those of each free
    region named, but for the rows of the hyperplane that splits it between the two."""

    regions: tuple[int, ...]
    row: Vector = ()
    bound: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Region:
    """A convex free region. It contains the rows of the bounds among its own, and for every
    obstacle one of its rows has all of the obstacle on its other side."""

    body: Polytope
    lying: Lying | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """A plan for each set of starts, in order."""

    regions: tuple[Region, ...]
    plans: tuple[Plan, ...]

    @property
    def motions(self) -> tuple[Motion, ...]:
        """All motions, in order."""
        found: list[Motion] = []
        todo: list[Plan] = list(reversed(self.plans))
        while todo:
            plan = todo.pop()
            if isinstance(plan, Motion):
                found.append(plan)
            else:
                todo.extend((plan.above, plan.below))
        return tuple(found)

    @property
    def duration(self) -> Fraction:
        """The longest time that any start needs."""
        return max((motion.duration for motion in self.motions), default=Fraction(0))


@dataclass(frozen=True, slots=True)
class Strayed:
    """A start from which a plan is, after `time` seconds, outside of the bounds, in no free region,
    in an obstacle, or nearer to one than the clearance."""

    start: Vector
    time: Fraction


# ---- the answer: there is none -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A start that is outside the bounds, in no free region, in an obstacle, or nearer to one than
    the clearance."""

    start: Vector


@dataclass(frozen=True, slots=True)
class TooFar:
    """The start is further from the end set along one axis than the time allows.

    Rest to rest over a distance d takes at least d/v + v/a, and at least 2 sqrt(d/a)
    (Bryson and Ho, Applied Optimal Control, 3.9).
    """

    start: Vector
    axis: int


@dataclass(frozen=True, slots=True)
class CannotBrake:
    """Full braking along one axis ends outside the bounds: start + velocity |velocity| / (2 a)."""

    start: Vector
    axis: int


@dataclass(frozen=True, slots=True)
class NoEnd:
    """The end set has no point inside the bounds; without bounds, two of its rows along one axis
    contradict each other."""


@dataclass(frozen=True, slots=True)
class Free:
    """A cell that counts as free; no claim."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A cell that lies in this obstacle, or nearer to it than the clearance."""

    obstacle: int


@dataclass(frozen=True, slots=True)
class Halves:
    """The cell cut by row . x = bound: below has row . x <= bound, above row . x >= bound."""

    row: Vector
    bound: Fraction
    below: Cells
    above: Cells


Cells: TypeAlias = Free | Blocked | Halves


@dataclass(frozen=True, slots=True)
class Barrier:
    """No path, or none that is short enough, leads from `start` to the end set.

    `cells` parts the bounds (None where free regions are given: these are the cells). Whoever
    leaves a cell for good enters another through what they share, outside obstacles. Each such
    gate is cut into `fineness` slabs per axis; the least time between two slabs of one cell is the
    greatest of gap_i / speed_max_i. The shortest chain of slabs from the start to the end set is a
    lower bound of every path's length, and the time is at least that of one dimension: length L
    in this metric, speed 1, acceleration max of a_i / v_i. Without any chain there is no path.
    """

    start: Vector
    cells: Cells | None
    fineness: int


Impossible: TypeAlias = Misplaced | TooFar | CannotBrake | NoEnd | Barrier
