"""Convex sets in R^n as values.

A set may stand at a place that depends on the state: centres and offsets are terms. Everything else
is an exact rational. Sets may be unbounded, flat or empty; all are closed, except where a halfspace
is strict. Rockafellar, Convex Analysis, is the source of the operations.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.term import Number, Term

Point: TypeAlias = tuple[Term, ...]
Row: TypeAlias = tuple[Fraction, ...]


class Norm(enum.Enum):
    ONE = "1"
    TWO = "2"
    MAX = "inf"


@dataclass(frozen=True, slots=True)
class Box:
    """{x : lower <= x <= upper}, componentwise; None leaves a side open. Empty if some lower side
    is above its upper one."""

    lower: tuple[Term | None, ...]
    upper: tuple[Term | None, ...]


@dataclass(frozen=True, slots=True)
class Ball:
    """{x : |x - center| <= radius} in the given norm, radius >= 0."""

    center: Point
    radius: Fraction
    norm: Norm = Norm.TWO


@dataclass(frozen=True, slots=True)
class Halfspace:
    """{x : normal . x <= offset}; with < in place of <= where `strict`."""

    normal: Row
    offset: Term
    strict: bool = False


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
class Zonotope:
    """{center + sum of s_k generator_k : -1 <= s_k <= 1}."""

    center: Point
    generators: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Intersection:
    """The points in all parts; everything if there are none."""

    parts: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class MinkowskiSum:
    """{x_1 + ... + x_k : x_i in part i}, at least one part; empty if a part is."""

    parts: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class ConvexHull:
    """The least closed convex set around all parts, at least one; empty parts add nothing."""

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


@dataclass(frozen=True, slots=True)
class Image:
    """{matrix x + offset : x in region}; the matrix has at least one row."""

    matrix: tuple[Row, ...]
    offset: Point
    region: Region


@dataclass(frozen=True, slots=True)
class Preimage:
    """{x : matrix x + offset in region}; the matrix has at least one row."""

    matrix: tuple[Row, ...]
    offset: Point
    region: Region


@dataclass(frozen=True, slots=True)
class Erosion:
    """{x : x + y in region for all y in by}; everything if `by` is empty."""

    region: Region
    by: Region


Region: TypeAlias = (
    Box
    | Ball
    | Halfspace
    | Polytope
    | Hull
    | Ellipsoid
    | Zonotope
    | Intersection
    | MinkowskiSum
    | ConvexHull
    | Translation
    | Scaling
    | Image
    | Preimage
    | Erosion
)


class NotConstant(Exception):
    """A place depends on the state."""


def constants(terms: Sequence[Term]) -> Row:
    """The values of terms that are numbers. Raises NotConstant."""
    values = tuple(term.value for term in terms if isinstance(term, Number))
    if len(values) != len(terms):
        raise NotConstant("a place depends on the state")
    return values


def dimension(region: Region) -> int | None:
    """The dimension of the space in which the set lies; None for an empty intersection."""
    match region:
        case Box(lower):
            return len(lower)
        case Ball(center) | Ellipsoid(center) | Zonotope(center):
            return len(center)
        case Halfspace(normal):
            return len(normal)
        case Polytope(rows):
            return len(rows[0]) if rows else None
        case Hull(vertices):
            return len(vertices[0])
        case Intersection(parts) | MinkowskiSum(parts) | ConvexHull(parts):
            return next((n for n in map(dimension, parts) if n is not None), None)
        case Translation(_, by):
            return len(by)
        case Image(matrix):
            return len(matrix)
        case Preimage(matrix):
            return len(matrix[0])
        case Scaling(inner) | Erosion(inner):
            return dimension(inner)
