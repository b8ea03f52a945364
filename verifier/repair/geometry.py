"""Convex cells in floating point: the finder's eyes. Nothing that is seen here is a claim.

The same double description step as in verifier/core/cell.py, with a tolerance for what lies on a
hyperplane.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import isqrt
from operator import mul
from typing import TypeAlias

from verifier.core.motion import Polytope, Solid, Vector

Spot: TypeAlias = tuple[float, ...]
Side: TypeAlias = tuple[Spot, float]
"""row . x <= bound, the row with norm 1."""

ROUND: tuple[Vector, ...] = tuple(
    dict.fromkeys(
        (Fraction(across * x, 5), Fraction(up * y, 5))
        for x, y in ((5, 0), (4, 3), (3, 4), (0, 5))
        for across in (1, -1)
        for up in (1, -1)
    )
)
"""Rational directions of length 1 in the plane."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A bounded convex cell that is not empty, with the rows that each corner lies on."""

    spots: tuple[Spot, ...]
    active: tuple[frozenset[int], ...]
    count: int

    @property
    def middle(self) -> Spot:
        return middle(self.spots)


@dataclass(frozen=True, slots=True)
class Body:
    """A convex obstacle as it is seen."""

    sides: tuple[Side, ...]
    spots: tuple[Spot, ...]
    low: Spot
    high: Spot


def dot(row: Sequence[float], spot: Sequence[float]) -> float:
    total: float = sum(map(mul, row, spot))
    return total


def middle(spots: Sequence[Spot]) -> Spot:
    return tuple(sum(column) / len(spots) for column in zip(*spots, strict=True))


def side(row: Vector, bound: Fraction) -> Side:
    norm = sum(float(a) ** 2 for a in row) ** 0.5 or 1.0
    return tuple(float(a) / norm for a in row), float(bound) / norm


def sides(body: Polytope) -> tuple[Side, ...]:
    return tuple(side(row, bound) for row, bound in zip(body.rows, body.bounds, strict=True))


def limits(spots: Iterable[Spot]) -> tuple[Spot, Spot]:
    """The least and the greatest coordinates."""
    columns = list(zip(*spots, strict=True))
    return tuple(map(min, columns)), tuple(map(max, columns))


def seen(solid: Solid, by: Fraction) -> Body:
    """The solid as it is seen, swollen by so much."""
    spots = tuple(tuple(map(float, vertex)) for vertex in solid.vertices)
    by += solid.radius
    if by == 0:
        return Body(sides(solid.facets), spots, *limits(spots))
    around = limits(spots)
    room = 10 * float(by) + max(b - a for a, b in zip(*around, strict=True))
    low, high = (
        tuple(x + sign * room for x in side) for sign, side in zip((-1, 1), around, strict=True)
    )
    rows = sides(swollen(solid, by - solid.radius).facets)
    shape = common_part(box_shape(low, high), rows, 1e-9 * room)
    spots = shape.spots if shape is not None else spots
    return Body(rows, spots, *limits(spots))


def swollen(solid: Solid, by: Fraction) -> Solid:
    """A solid that holds all that is nearer than `by`: planes that touch that, in the directions of
    its facets and in a few others. It is given its old vertices."""
    by += solid.radius
    if by == 0:
        return solid
    size = len(solid.vertices[0])
    others = ROUND if size == 2 else axes(size)
    rows = tuple(dict.fromkeys((*solid.facets.rows, *others)))
    bounds = tuple(
        max(sum((a * x for a, x in zip(row, v, strict=True)), Fraction(0)) for v in solid.vertices)
        + by * norm_above(row)
        for row in rows
    )
    return Solid(Polytope(rows, bounds), solid.vertices)


def axes(size: int) -> tuple[Vector, ...]:
    return tuple(
        tuple(Fraction(sign * (i == k)) for i in range(size))
        for k in range(size)
        for sign in (1, -1)
    )


def norm_above(row: Vector) -> Fraction:
    """The Euclidean norm, rounded up."""
    square = sum((a * a for a in row), Fraction(0))
    scale = 1 << 40
    return Fraction(isqrt(int(square * scale * scale)) + 1, scale) if square else Fraction(0)


def box_shape(low: Sequence[float], high: Sequence[float]) -> Shape:
    corners: dict[Spot, set[int]] = {}
    for choice in product((0, 1), repeat=len(low)):
        spot = tuple((low, high)[upper][axis] for axis, upper in enumerate(choice))
        corners.setdefault(spot, set()).update(2 * i + upper for i, upper in enumerate(choice))
    return Shape(tuple(corners), tuple(map(frozenset, corners.values())), 2 * len(low))


def part(shape: Shape, row: Spot, bound: float, tolerance: float) -> Shape | None:
    """The part with row . x <= bound; None if it is empty."""
    over = [dot(row, spot) - bound for spot in shape.spots]
    if max(over) < -tolerance:
        return shape
    number = shape.count
    kept: dict[Spot, frozenset[int]] = {}
    inside, outside = [], []
    for i, value in enumerate(over):
        if value > tolerance:
            outside.append(i)
            continue
        if value < -tolerance:
            inside.append(i)
            kept[shape.spots[i]] = shape.active[i]
        else:
            kept[shape.spots[i]] = shape.active[i] | {number}
    for i, j in product(inside, outside):
        common = shape.active[i] & shape.active[j]
        if len(common) + 1 >= len(row) and not any(
            common <= active for k, active in enumerate(shape.active) if k != i and k != j
        ):
            share = over[i] / (over[i] - over[j])
            ends = zip(shape.spots[i], shape.spots[j], strict=True)
            kept[tuple(a + share * (b - a) for a, b in ends)] = common | {number}
    return Shape(tuple(kept), tuple(kept.values()), number + 1) if kept else None


def common_part(shape: Shape, rows: Iterable[Side], tolerance: float) -> Shape | None:
    rows = tuple(rows)
    if shape.count == 2 * len(shape.spots[0]) and all(
        row.count(0.0) + 1 == len(row) for row, _ in rows
    ):
        return _clipped(shape, rows, tolerance)
    found: Shape | None = shape
    for row, bound in rows:
        if found is None:
            return None
        found = part(found, row, bound, tolerance)
    return found


def _clipped(box: Shape, rows: Sequence[Side], tolerance: float) -> Shape | None:
    """The common part of a box with rows along its axes, which is a box."""
    first, last = map(list, limits(box.spots))
    for row, bound in rows:
        axis = next(i for i, a in enumerate(row) if a)
        if row[axis] > 0:
            last[axis] = min(last[axis], bound / row[axis])
        else:
            first[axis] = max(first[axis], bound / row[axis])
    if any(low > high + tolerance for low, high in zip(first, last, strict=True)):
        return None
    return box_shape(first, [max(low, high) for low, high in zip(first, last, strict=True)])


def sides_that_matter(shape: Shape, rows: Sequence[Side], tolerance: float) -> list[int]:
    """The numbers of the rows that some corner of their intersection, the shape, lies on."""
    return [
        number
        for number, (row, bound) in enumerate(rows)
        if any(dot(row, spot) >= bound - 10 * tolerance for spot in shape.spots)
    ]


def apart(low: Spot, high: Spot, other_low: Spot, other_high: Spot, tolerance: float) -> bool:
    """Whether two boxes are further apart than the tolerance."""
    return any(
        a > d + tolerance or c > b + tolerance
        for a, b, c, d in zip(low, high, other_low, other_high, strict=True)
    )


def holds_box(rows: Sequence[Side], low: Spot, high: Spot, slack: float) -> bool:
    """Whether the box lies in the rows, each moved out by the slack."""
    for row, bound in rows:
        total = 0.0
        for a, below, above in zip(row, low, high, strict=True):
            total += a * (above if a > 0 else below)
        if total > bound + slack:
            return False
    return True


def covers(body: Body, low: Spot, high: Spot, tolerance: float) -> bool:
    """Whether the box around the body, and a little more, holds that from low to high."""
    room = 4 * tolerance
    return all(
        first - room <= a and b <= last + room
        for first, last, a, b in zip(body.low, body.high, low, high, strict=True)
    )


def crossed(start: Spot, end: Spot, body: Body, gap: float) -> bool:
    """Whether the segment comes nearer than `gap` to the body, as its facets see it."""
    room = 4 * abs(gap)
    for a, b, low, high in zip(start, end, body.low, body.high, strict=True):
        if (a > high + room and b > high + room) or (a < low - room and b < low - room):
            return False
    first, last = 0.0, 1.0
    for row, bound in body.sides:
        one, other = dot(row, start) - bound - gap, dot(row, end) - bound - gap
        if one >= 0 and other >= 0:
            return False
        if one > 0:
            first = max(first, one / (one - other))
        elif other > 0:
            last = min(last, one / (one - other))
        if first >= last:
            return False
    return True
