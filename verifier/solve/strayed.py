"""Starts that a question admits, and the time at which a plan leads one of them astray.

The curve is a polynomial in time. Where its pieces have three control points, the times at which it
passes a plane are roots of quadratics, so that a time inside of a flat body is found between two of
them; round bodies are looked for on a grid, and then where the distance is least. Floating point
proposes times; the curve there is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import islice, pairwise
from typing import TypeAlias

from verifier.core.cell import box_rows, dot
from verifier.core.curve import along, controls, motion_for
from verifier.core.evaluate import NoExactValue, holds
from verifier.core.free import misplaced
from verifier.core.motion import Polytope, Solid, Space, Starts, Strayed, Vector
from verifier.core.obligation import Passage
from verifier.core.starts import around as box_around
from verifier.core.starts import vertices

CORNERS_MAX = 32
SHRUNK = (Fraction(1), Fraction(7, 8), Fraction(2, 3), Fraction(1, 2), Fraction(1, 4), Fraction(0))
GRID = 24
DIGITS = 1 << 20
FINER = 20
STEPS = 12
NEAR = 1e-6

Around: TypeAlias = tuple[tuple[float, float], ...]
"""The sides of a box, axis by axis."""


def admitted(question: Passage, cell: Starts, most: int) -> Iterator[Vector]:
    """Corners of the cell that satisfy the hypotheses, or points on the way from them to its
    middle, and the middle."""
    box = box_around(cell)
    middle = tuple((a + b) / 2 for a, b in zip(box.lower, box.upper, strict=True))
    for corner in (*islice(vertices(cell), most), middle):
        for share in SHRUNK:
            start = tuple(m + share * (x - m) for m, x in zip(middle, corner, strict=True))
            if _allowed(question, start):
                yield start
                break


def _allowed(question: Passage, start: Vector) -> bool:
    at = dict(zip(question.start, start, strict=True))
    try:
        return all(holds(fact.formula, at) for fact in question.hypotheses)
    except (NoExactValue, KeyError):
        return False


def strayed(question: Passage, cells: Iterator[Starts]) -> Strayed | None:
    """A start in one of the cells that the plan leads astray, and when; None if none was found."""
    for cell in cells:
        for start in dict.fromkeys(
            (*admitted(question, cell, CORNERS_MAX), *_drawn(question, cell))
        ):
            time = _astray(question, start)
            if time is not None:
                return Strayed(start, time)
    return None


def _drawn(question: Passage, cell: Starts) -> Iterator[Vector]:
    """For each obstacle a start that comes near to it, by a step toward the best corner at a time
    (Frank and Wolfe, An algorithm for quadratic programming, Naval Research Logistics 3, 1956)."""
    corners = list(islice(vertices(cell), CORNERS_MAX))
    for solid in question.problem.space.obstacles:
        around = _around(solid)
        weights = [1.0 / len(corners)] * len(corners)
        for number in range(STEPS):
            start = tuple(
                sum(w * float(x) for w, x in zip(weights, column, strict=True))
                for column in zip(*corners, strict=True)
            )
            best = _toward(question, corners, tuple(map(Fraction, start)), around)
            share = 2 / (number + 3)
            weights = [(1 - share) * w for w in weights]
            weights[best] += share
        parts = [Fraction(round(w * DIGITS)) for w in weights]
        found = tuple(
            sum((w * x for w, x in zip(parts, column, strict=True)), Fraction(0)) / sum(parts)
            for column in zip(*corners, strict=True)
        )
        if _allowed(question, found):
            yield found


def _toward(question: Passage, corners: Sequence[Vector], start: Vector, around: Around) -> int:
    """Which corner draws the motion nearer to the box, where it is nearest from the start."""
    pieces = motion_for(question.plan, start).pieces
    if not pieces:
        return 0
    nearest = []
    for piece in pieces:
        points = [tuple(map(float, point)) for point in controls(piece, start)]
        share = _nearest(points, around)
        nearest.append((_apart(points, around, share), share, piece))
    _, share, piece = min(nearest, key=lambda each: each[0])
    exact = Fraction(round(share * DIGITS), DIGITS)
    here = tuple(map(float, along(controls(piece, start), exact)))
    way = [a - b for a, b in zip(_closest(here, around), here, strict=True)]
    ends = [along(controls(piece, corner), exact) for corner in corners]
    gains = [sum(w * float(x) for w, x in zip(way, end, strict=True)) for end in ends]
    return max(range(len(gains)), key=lambda k: gains[k])


def _astray(question: Passage, start: Vector) -> Fraction | None:
    space = question.problem.space
    begin = Fraction(0)
    motion = motion_for(question.plan, start)
    if not motion.pieces and misplaced(space, start[: space.dimension]):
        return begin
    looks = _looks(space)
    for piece in motion.pieces:
        points = controls(piece, start)
        for share in _shares(space, points):
            spot = along(points, share)
            if looks(tuple(map(float, spot))) and misplaced(space, spot):
                return begin + share * piece.duration
        begin += piece.duration
    return None


def _looks(space: Space) -> Callable[[Sequence[float]], bool]:
    """Whether a point looks misplaced, or almost."""

    def seen(body: Polytope) -> list[tuple[list[float], float]]:
        found = []
        for row, bound in zip(body.rows, body.bounds, strict=True):
            norm = float(dot(row, row)) ** 0.5 or 1.0
            found.append(([float(a) / norm for a in row], float(bound) / norm))
        return found

    def inside(spot: Sequence[float], rows: list[tuple[list[float], float]], slack: float) -> bool:
        return all(
            sum(a * x for a, x in zip(row, spot, strict=True)) <= bound + slack
            for row, bound in rows
        )

    walls = None if space.bounds is None else seen(box_rows(space.bounds))
    rooms = None if space.regions is None else [seen(body) for body in space.regions]
    solids = [
        (seen(solid.facets), float(space.clearance + solid.radius) + NEAR)
        for solid in space.obstacles
    ]

    def looks(spot: Sequence[float]) -> bool:
        return (
            (walls is not None and not inside(spot, walls, -NEAR))
            or (rooms is not None and not any(inside(spot, room, -NEAR) for room in rooms))
            or any(inside(spot, rows, kept) for rows, kept in solids)
        )

    return looks


# ---- times that are worth a look ---------------------------------------------------------------


def _shares(space: Space, points: list[Vector]) -> Iterator[Fraction]:
    """Shares of a piece's time, in [0, 1]: its ends, a grid, and for each body where the curve may
    be deepest in it."""
    yield from (Fraction(k, GRID) for k in range(GRID + 1))
    seen = [tuple(map(float, point)) for point in points]
    walls = () if space.bounds is None else (box_rows(space.bounds),)
    bodies = [*walls, *(space.regions or ()), *(solid.facets for solid in space.obstacles)]
    for body in bodies:
        for share in _between_planes(seen, body):
            yield Fraction(round(share * DIGITS), DIGITS)
    for solid in space.obstacles:
        if space.clearance + solid.radius > 0:
            yield Fraction(round(_nearest(seen, _around(solid)) * DIGITS), DIGITS)


def _between_planes(points: Sequence[tuple[float, ...]], body: Polytope) -> Iterator[float]:
    """The middle of each stretch of a curve with three control points in which it passes no plane
    of the body."""
    times = {0.0, 1.0}
    for row, bound in zip(body.rows, body.bounds, strict=True):
        low, mid, high = _heights(points, row, bound)
        times.update(_roots(low - 2 * mid + high, 2 * (mid - low), low))
    for one, other in pairwise(sorted(times)):
        yield (one + other) / 2


def _heights(
    points: Sequence[tuple[float, ...]], row: Vector, bound: Fraction
) -> tuple[float, float, float]:
    found = [sum(float(a) * x for a, x in zip(row, p, strict=True)) - float(bound) for p in points]
    return found[0], found[len(found) // 2], found[-1]


def _roots(a: float, b: float, c: float) -> Iterator[float]:
    """The roots of a s^2 + b s + c in [0, 1]."""
    found: tuple[float, ...] = ()
    if abs(a) > 1e-12:
        inner = b * b - 4 * a * c
        root = inner**0.5 if inner >= 0 else None
        found = () if root is None else ((-b - root) / (2 * a), (-b + root) / (2 * a))
    elif b:
        found = (-c / b,)
    yield from (share for share in found if 0 <= share <= 1)


def _nearest(points: Sequence[tuple[float, ...]], around: Around) -> float:
    """About the share at which the curve is nearest to the box, by golden sections."""
    best = min(range(GRID + 1), key=lambda k: _apart(points, around, k / GRID)) / GRID
    low, high = max(0.0, best - 1 / GRID), min(1.0, best + 1 / GRID)
    for _ in range(FINER):
        one, other = low + (high - low) * 0.382, low + (high - low) * 0.618
        nearer = _apart(points, around, one) < _apart(points, around, other)
        low, high = (low, other) if nearer else (one, high)
    return (low + high) / 2


def _apart(points: Sequence[tuple[float, ...]], around: Around, share: float) -> float:
    """The square of the way from the curve to the box."""
    spots = list(points)
    while len(spots) > 1:
        spots = [
            tuple((1 - share) * a + share * b for a, b in zip(one, other, strict=True))
            for one, other in pairwise(spots)
        ]
    near = _closest(spots[0], around)
    return sum((a - b) ** 2 for a, b in zip(spots[0], near, strict=True))


def _closest(spot: Sequence[float], around: Around) -> tuple[float, ...]:
    """The point of the box that is nearest to the spot."""
    return tuple(min(max(x, low), high) for x, (low, high) in zip(spot, around, strict=True))


def _around(solid: Solid) -> Around:
    """The box around the solid's vertices."""
    columns = zip(*solid.vertices, strict=True)
    return tuple((float(min(column)), float(max(column))) for column in columns)
