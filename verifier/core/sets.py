"""Convex sets in R^n and what membership in them means, as a formula over polynomial comparisons.

A set may stand at a place that depends on the state: centres and offsets are terms. Everything else
is an exact rational. `membership` is trusted: it is the definition of `in`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.exact import inverse
from verifier.core.hull import facets
from verifier.core.term import (
    Comparison,
    Formula,
    Number,
    Term,
    add,
    conjunction,
    multiply,
    number,
    subtract,
)

Point: TypeAlias = tuple[Term, ...]
Row: TypeAlias = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """{x : lower <= x <= upper}, componentwise; None leaves a side open."""

    lower: tuple[Term | None, ...]
    upper: tuple[Term | None, ...]


@dataclass(frozen=True, slots=True)
class Ball:
    """{x : |x - center|_2 <= radius}, radius >= 0."""

    center: Point
    radius: Fraction


@dataclass(frozen=True, slots=True)
class Halfspace:
    """{x : normal . x <= offset}."""

    normal: Row
    offset: Term


@dataclass(frozen=True, slots=True)
class Polytope:
    """{x : rows x <= bounds}; may be unbounded or empty."""

    rows: tuple[Row, ...]
    bounds: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Hull:
    """The convex hull of finitely many points, at least one."""

    vertices: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """{x : (x - center)^T shape^-1 (x - center) <= 1}, shape symmetric positive definite.

    Boyd and Vandenberghe, Convex Optimization, 2.2.2.
    """

    center: Point
    shape: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Intersection:
    """The points in all parts; everything if there are none."""

    parts: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class Translation:
    """{x + by : x in region}."""

    region: Region
    by: Point


@dataclass(frozen=True, slots=True)
class Scaling:
    """{factor x : x in region}, factor != 0."""

    region: Region
    factor: Fraction


Region: TypeAlias = (
    Box | Ball | Halfspace | Polytope | Hull | Ellipsoid | Intersection | Translation | Scaling
)


def dimension(region: Region) -> int | None:
    """The dimension of the space in which the set lies; None for an empty intersection."""
    match region:
        case Box(lower):
            return len(lower)
        case Ball(center) | Ellipsoid(center):
            return len(center)
        case Halfspace(normal):
            return len(normal)
        case Polytope(rows):
            return len(rows[0]) if rows else None
        case Hull(vertices):
            return len(vertices[0])
        case Intersection(parts):
            return next((n for n in map(dimension, parts) if n is not None), None)
        case Translation(_, by):
            return len(by)
        case Scaling(inner):
            return dimension(inner)


def membership(point: Point, region: Region) -> Formula:
    """The formula `point in region`. The dimensions agree."""
    match region:
        case Box(lower, upper):
            parts = [Comparison("<=", a, x) for a, x in zip(lower, point, strict=True) if a]
            parts += [Comparison("<=", x, b) for b, x in zip(upper, point, strict=True) if b]
            return conjunction(parts)
        case Ball(center, radius):
            distance = add(*(_square(subtract(x, c)) for x, c in zip(point, center, strict=True)))
            return Comparison("<=", distance, number(radius * radius))
        case Halfspace(normal, offset):
            return Comparison("<=", _dot(normal, point), offset)
        case Polytope(rows, bounds):
            return conjunction(
                Comparison("<=", _dot(row, point), bound)
                for row, bound in zip(rows, bounds, strict=True)
            )
        case Hull(vertices):
            return _hull_membership(point, vertices)
        case Ellipsoid(center, shape):
            return Comparison("<=", _form(inverse(shape), point, center), number(1))
        case Intersection(parts_of):
            return conjunction(membership(point, part) for part in parts_of)
        case Translation(inner, by):
            moved = tuple(subtract(x, b) for x, b in zip(point, by, strict=True))
            return membership(moved, inner)
        case Scaling(inner, factor):
            shrunk = tuple(multiply(number(1 / factor), x) for x in point)
            return membership(shrunk, inner)


def _square(term: Term) -> Term:
    return multiply(term, term)


def _dot(row: Sequence[Fraction], point: Point) -> Term:
    return add(*(multiply(Number(a), x) for a, x in zip(row, point, strict=True)))


def _form(matrix: Sequence[Sequence[Fraction]], point: Point, center: Point) -> Term:
    offset = [subtract(x, c) for x, c in zip(point, center, strict=True)]
    return add(
        *(
            multiply(Number(matrix[i][j]), offset[i], offset[j])
            for i in range(len(offset))
            for j in range(len(offset))
        )
    )


def _hull_membership(point: Point, vertices: tuple[Row, ...]) -> Formula:
    equalities, inequalities = facets(vertices)
    on = [Comparison("==", _dot(row, point), number(bound)) for row, bound in equalities]
    below = [Comparison("<=", _dot(row, point), number(bound)) for row, bound in inequalities]
    return conjunction([*on, *below])
