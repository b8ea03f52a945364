"""Motions, rows and starts in integers: each is brought to one denominator, its unit.

Trusted. Exact; integers are added and multiplied many times faster than fractions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import TypeAlias

from verifier.core.motion import Box, Hull, Piece, Polytope, Product, Starts, Vector

Numbers: TypeAlias = tuple[int, ...]
"""An affine function of the start, times a unit: the constant, then the factors."""
Point: TypeAlias = Sequence[Numbers]
Velocity: TypeAlias = tuple[Fraction, Point]
"""A factor, and what it is to be multiplied by."""
Points: TypeAlias = tuple[tuple[tuple[int, ...], ...], int]
"""Points times a unit, and the unit."""
Rows: TypeAlias = tuple[tuple[tuple[tuple[int, int], ...], int], ...]
"""The entries of each row that are not 0, and its bound, times a number of its own."""


@dataclass(frozen=True, slots=True)
class Corners:
    """Points whose hulls make up the set of starts, times `unit`; each coordinate is in one of the
    parts. A coordinate is counted from 1, behind the constant."""

    parts: tuple[tuple[Numbers, tuple[Numbers, ...]], ...]
    unit: int


@dataclass(frozen=True, slots=True)
class Curve:
    """The control points of a piece times `unit`, their differences times the degree, and the
    factor that makes speeds of these."""

    points: tuple[tuple[Numbers, ...], ...]
    unit: int
    rates: tuple[tuple[Numbers, ...], ...]
    rate: Fraction

    @property
    def leaving(self) -> Velocity:
        return self.rate, self.rates[0]

    @property
    def arriving(self) -> Velocity:
        return self.rate, self.rates[-1]


def coordinate(axis: int, width: int) -> Numbers:
    return (0, *(int(axis == other) for other in range(width)))


def still(size: int, width: int) -> list[Numbers]:
    return [(0,) * (width + 1)] * size


def multiplied(part: Numbers, factor: int) -> Numbers:
    return tuple([factor * a for a in part])


def denominator(values: Iterable[Fraction]) -> int:
    return lcm(*{value.denominator for value in values})


def whole(value: Fraction, unit: int) -> int:
    """unit * value, where the value's denominator divides the unit."""
    return value.numerator * (unit // value.denominator)


def corners_of(starts: Starts) -> Corners:
    given: Sequence[tuple[Sequence[int], Sequence[Vector]]]
    match starts:
        case Box(lower, upper):
            sides = enumerate(zip(lower, upper, strict=True))
            given = [((axis,), [(low,), (high,)]) for axis, (low, high) in sides]
        case Hull(vertices):
            given = [(range(len(vertices[0])), vertices)]
        case Product(parts):
            given = parts
    unit = denominator(x for _, points in given for point in points for x in point)
    return Corners(
        tuple(
            (
                tuple(axis + 1 for axis in axes),
                tuple(tuple(whole(x, unit) for x in point) for point in points),
            )
            for axes, points in given
        ),
        unit,
    )


def points_of(points: Sequence[Vector]) -> Points:
    unit = denominator(x for point in points for x in point)
    return tuple(tuple(whole(x, unit) for x in point) for point in points), unit


def rows_of(body: Polytope) -> Rows:
    found = []
    for row, bound in zip(body.rows, body.bounds, strict=True):
        unit = denominator((*row, bound))
        entries = tuple((axis, whole(a, unit)) for axis, a in enumerate(row) if a)
        found.append((entries, whole(bound, unit)))
    return tuple(found)


def curve_of(piece: Piece) -> Curve:
    parts = [part for point in piece.points for part in point]
    unit = denominator(x for part in parts for x in (part.constant, *part.linear))
    points = tuple(
        tuple(
            (whole(part.constant, unit), *[whole(a, unit) if a else 0 for a in part.linear])
            for part in point
        )
        for point in piece.points
    )
    return Curve(points, unit, differences(points, len(points) - 1), 1 / (unit * piece.duration))


def differences(
    points: Sequence[Sequence[Numbers]], degree: int
) -> tuple[tuple[Numbers, ...], ...]:
    """The control points of the derivative, but for the duration."""
    return tuple(
        tuple(
            tuple([degree * (b - a) for a, b in zip(part, other, strict=True)])
            for part, other in zip(one, following, strict=True)
        )
        for one, following in pairwise(points)
    )


def same(one: Velocity, other: Velocity) -> bool:
    """Whether the two functions of the start are the same."""
    (factor, parts), (other_factor, others) = one, other
    left = factor.numerator * other_factor.denominator
    right = other_factor.numerator * factor.denominator
    return all(
        left * a == right * b
        for part, twin in zip(parts, others, strict=True)
        for a, b in zip(part, twin, strict=True)
    )


def greatest(corners: Corners, part: Numbers) -> int:
    """The greatest value over all starts, times the units of both."""
    most = part[0] * corners.unit
    for axes, points in corners.parts:
        if len(axes) == 1:
            a = part[axes[0]]
            if a:
                most += max([a * x for (x,) in points])
            continue
        factors = [part[axis] for axis in axes]
        if any(factors):
            most += max(
                [sum([a * x for a, x in zip(factors, point, strict=True)]) for point in points]
            )
    return most


def within(corners: Corners, point: Point, unit: int, rows: Rows) -> bool:
    """Whether the point, given times the unit, lies in the rows for every start."""
    for entries, bound in rows:
        total = [0] * len(point[0])
        for axis, a in entries:
            total = [t + a * x for t, x in zip(total, point[axis], strict=True)]
        if greatest(corners, tuple(total)) > bound * unit * corners.unit:
            return False
    return True


def bounded(
    corners: Corners, points: Sequence[Sequence[Numbers]], factor: Fraction, most: Vector
) -> bool:
    """Whether factor * points is at most the bound, in either direction, for every start."""
    limits = [bound * corners.unit / factor for bound in most]
    return all(
        greatest(corners, part) <= limit and greatest(corners, multiplied(part, -1)) <= limit
        for point in points
        for part, limit in zip(point, limits, strict=True)
    )
