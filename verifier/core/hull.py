"""Vertices to facets, exactly.

By definition: a hyperplane through affinely independent vertices bounds the hull if and only if all
vertices lie on one side of it (Ziegler, Lectures on Polytopes, 1.1). All of them are tried, so
nothing needs to be believed; the price is (n choose d) steps, which `affordable` bounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from typing import TypeAlias

from verifier.core.exact import null_space, reduced

Row: TypeAlias = tuple[Fraction, ...]
Bounded: TypeAlias = tuple[Row, Fraction]

MOST_HYPERPLANES = 20_000


def affordable(vertices: Sequence[Row]) -> bool:
    """Whether the facets of these vertices can be enumerated at once."""
    return math.comb(len(set(vertices)), min(len(vertices[0]), len(vertices))) <= MOST_HYPERPLANES


@lru_cache(maxsize=256)
def facets(vertices: tuple[Row, ...]) -> tuple[tuple[Bounded, ...], tuple[Bounded, ...]]:
    """(equalities, inequalities) `row . x = bound` and `row . x <= bound` that describe the hull.

    The hull lies in its affine hull, which the equalities give; the inequalities are its facets.
    """
    points = sorted(set(vertices))
    origin, width = points[0], len(points[0])
    directions = [[a - b for a, b in zip(p, origin, strict=True)] for p in points[1:]]
    normals = null_space(directions, width)
    equalities = tuple((tuple(n), _dot(n, origin)) for n in normals)
    rank = width - len(normals)
    found: dict[Bounded, None] = {}
    for chosen in combinations(points, rank) if rank else ():
        for row, bound in _supporting(chosen, points, normals):
            found[row, bound] = None
    return equalities, tuple(found)


def _supporting(
    chosen: Sequence[Row], points: Sequence[Row], normals: list[list[Fraction]]
) -> list[Bounded]:
    """The hyperplane through `chosen` within the affine hull, if all points lie on one side."""
    base = chosen[0]
    spanning = [[a - b for a, b in zip(p, base, strict=True)] for p in chosen[1:]]
    candidates = null_space([*spanning, *normals], len(base))
    if len(candidates) != 1:
        return []
    row = tuple(_primitive(candidates[0]))
    bound = _dot(row, base)
    sides = [_dot(row, point) - bound for point in points]
    if all(side <= 0 for side in sides):
        return [(row, bound)]
    if all(side >= 0 for side in sides):
        return [(tuple(-a for a in row), -bound)]
    return []


def _primitive(row: list[Fraction]) -> list[Fraction]:
    """The positive multiple with coprime integer entries."""
    scale = math.lcm(*(a.denominator for a in row))
    divisor = math.gcd(*(int(a * scale) for a in row))
    return [a * scale / divisor for a in row]


def _dot(row: Sequence[Fraction], point: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(row, point, strict=True)), Fraction(0))


def affine_rank(vertices: Sequence[Row]) -> int:
    """The dimension of the affine hull."""
    origin = vertices[0]
    rows = [[a - b for a, b in zip(p, origin, strict=True)] for p in vertices[1:]]
    return len(reduced(rows)[1])
