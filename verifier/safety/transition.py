"""The tracking law of a transition: piecewise Bezier curves with affine feedback in the start.

A motion was proved for every start of a set (core/motion.py): control points are affine in the
state at entry. Following it means to be, one period T later, where the curve of that start is then:

    p = curve(start, t + T),   v = clamp((p - measured) / T, -speed_max, speed_max)

On the curve v is the mean of its velocity over the period, and a mean of velocities inside the
limits is inside, so that the clamp changes nothing; off the curve it leads back as fast as the
limits allow (deadbeat control of an integrator: Astrom and Wittenmark, Computer-Controlled Systems,
4.3). Behind the end of the curve p is its last point.

Rounding. Coefficients and times are rounded to the nearest double, bounds of cuts and speeds
downwards: a double is at most a bound if it is at most that bound rounded down, so that every start
follows the motion that was proved for it. A point is a sum of `starts` products and a convex
combination of at most GUARD_POINTS_MAX values; with all of them below M its error is below
(starts + 2 points + 4) 2^-52 M, some 1e-14 m for an arm. What that means for the contract is
watched, not claimed: the tube and the end set are clauses of the skill's gates.

`follow` is the Python meaning, operation by operation the same as the emitted C.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.motion import Affine, Cut, Motion, Piece, Plan, Vector
from verifier.safety.limit import clamped
from verifier.safety.plant import rounded_down

CUTS_MAX, PIECES_MAX, POINTS_MAX, STARTS_MAX = 256, 4096, 8, 64


@dataclass(frozen=True, slots=True)
class Fork:
    """Starts with start[axis] <= bound go on at `below`, others at `above`: numbers of forks, and
    behind the last one those of motions."""

    bound: float
    axis: int
    below: int
    above: int


@dataclass(frozen=True, slots=True)
class Course:
    """`count` pieces from number `first` on; none: stay."""

    first: int
    count: int
    duration_s: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `begin_s` on, for `duration_s`. `points[i][axis]` is a constant, and behind it a factor
    for each coordinate of the start."""

    begin_s: float
    duration_s: float
    points: tuple[tuple[tuple[float, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A transition as the robot follows it. `starts` are the scalars that a start consists of,
    `moved` of them the position; speeds and the period are in base units."""

    starts: tuple[str, ...]
    moved: int
    forks: tuple[Fork, ...]
    courses: tuple[Course, ...]
    stretches: tuple[Stretch, ...]
    speed: tuple[float, ...]
    period_s: float


@dataclass(frozen=True, slots=True)
class Followed:
    """Where to be at the next sample, the velocity that leads there, and whether the motion is then
    over."""

    position: tuple[float, ...]
    velocity: tuple[float, ...]
    done: bool


# ---- from a plan to its table ------------------------------------------------------------------


def table_of(
    plan: Plan, starts: Sequence[str], moved: int, speed_max: Vector, period: Fraction
) -> Table | str:
    """The table of a plan, or why it does not fit."""
    cuts: list[Cut] = []
    motions: list[Motion] = []
    _collect(plan, cuts, motions)
    pieces = [piece for motion in motions for piece in motion.pieces]
    order = max((len(piece.points) for piece in pieces), default=1)
    sizes = (len(cuts), len(pieces), order, len(starts))
    if any(n > most for n, most in zip(sizes, _MOST, strict=True)):
        return f"it has {sizes[0]} cuts, {sizes[1]} pieces, {order} control points in a piece"
    raised = [[_elevated(p, order) for p in motion.pieces] for motion in motions]
    courses: list[Course] = []
    stretches: list[Stretch] = []
    for motion, higher in zip(motions, raised, strict=True):
        courses.append(Course(len(stretches), len(higher), float(motion.duration)))
        begin = Fraction(0)
        for piece in higher:
            stretches.append(Stretch(float(begin), float(piece.duration), _points(piece)))
            begin += piece.duration
    return Table(
        tuple(starts),
        moved,
        tuple(_fork(cut, cuts, motions) for cut in cuts),
        tuple(courses),
        tuple(stretches),
        tuple(rounded_down(speed) for speed in speed_max),
        float(period),
    )


_MOST = (CUTS_MAX, PIECES_MAX, POINTS_MAX, STARTS_MAX)


def _collect(plan: Plan, cuts: list[Cut], motions: list[Motion]) -> None:
    """All cuts, the outermost first, and all motions."""
    if isinstance(plan, Motion):
        motions.append(plan)
        return
    cuts.append(plan)
    _collect(plan.below, cuts, motions)
    _collect(plan.above, cuts, motions)


def _fork(cut: Cut, cuts: Sequence[Cut], motions: Sequence[Motion]) -> Fork:
    def place(plan: Plan) -> int:
        if isinstance(plan, Motion):
            return len(cuts) + next(k for k, each in enumerate(motions) if each is plan)
        return next(k for k, each in enumerate(cuts) if each is plan)

    return Fork(rounded_down(cut.bound), cut.axis, place(cut.below), place(cut.above))


def _elevated(piece: Piece, order: int) -> Piece:
    """The same curve with `order` control points (degree elevation: Farouki 2012, 6.6)."""
    points = piece.points
    while len(points) < order:
        size = len(points)
        shares = [Fraction(i, size) for i in range(size + 1)]
        ends = ((points[max(i - 1, 0)], points[min(i, size - 1)]) for i in range(size + 1))
        points = tuple(
            tuple(_between(share, a, b) for a, b in zip(low, high, strict=True))
            for share, (low, high) in zip(shares, ends, strict=True)
        )
    return Piece(piece.duration, piece.region, points)


def _between(share: Fraction, low: Affine, high: Affine) -> Affine:
    pairs = zip(low.linear, high.linear, strict=True)
    linear = tuple(share * a + (1 - share) * b for a, b in pairs)
    return Affine(share * low.constant + (1 - share) * high.constant, linear)


def _points(piece: Piece) -> tuple[tuple[tuple[float, ...], ...], ...]:
    return tuple(
        tuple((float(a.constant), *map(float, a.linear)) for a in point) for point in piece.points
    )


# ---- what the law does -------------------------------------------------------------------------


def follow(
    table: Table, start: Sequence[float], measured: Sequence[float], elapsed_ns: int
) -> Followed:
    """The set point one period after `elapsed_ns` since the entry at `start`."""
    time_s = float(elapsed_ns) / 1e9 + table.period_s
    course = table.courses[_course(table, start)]
    stretch = _stretch(table, course, time_s)
    position: list[float] = []
    velocity: list[float] = []
    whole = True
    for axis in range(table.moved):
        there = start[axis]
        if stretch is not None:
            share = clamped((time_s - stretch.begin_s) / stretch.duration_s, 0.0, 1.0)
            there = _curve([point[axis] for point in stretch.points], start, share)
        if not math.isfinite(there):
            there, whole = measured[axis], False
        position.append(there)
        speed = table.speed[axis]
        velocity.append(clamped((there - measured[axis]) / table.period_s, -speed, speed))
    return Followed(tuple(position), tuple(velocity), whole and time_s >= course.duration_s)


def _course(table: Table, start: Sequence[float]) -> int:
    at = 0
    while at < len(table.forks):
        fork = table.forks[at]
        at = fork.below if start[fork.axis] <= fork.bound else fork.above
    return at - len(table.forks)


def _stretch(table: Table, course: Course, time_s: float) -> Stretch | None:
    """The stretch that has begun last; None where the motion has none."""
    if course.count == 0:
        return None
    stretches = table.stretches[course.first : course.first + course.count]
    begun = [stretch for stretch in stretches if stretch.begin_s <= time_s]
    return begun[-1] if begun else stretches[0]


def _curve(rows: Sequence[Sequence[float]], start: Sequence[float], share: float) -> float:
    """One coordinate by de Casteljau's algorithm."""
    points: list[float] = []
    for constant, *factors in rows:
        value = constant
        for factor, coordinate in zip(factors, start, strict=True):
            value = value + factor * coordinate
        points.append(value)
    rest = 1.0 - share
    for last in range(len(points) - 1, 0, -1):
        for i in range(last):
            points[i] = rest * points[i] + share * points[i + 1]
    return points[0]
