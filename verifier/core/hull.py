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
from operator import mul
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
    scale = math.lcm(*(a.denominator for point in points for a in point))
    whole = [tuple(int(a * scale) for a in point) for point in points]
    spanning = [[int(a * math.lcm(*(b.denominator for b in n))) for a in n] for n in normals]
    found: dict[tuple[tuple[int, ...], int], None] = {}
    for chosen in combinations(whole, rank) if rank else ():
        side = _supporting(chosen, whole, spanning)
        if side is not None:
            found[side] = None
    inequalities = [(tuple(map(Fraction, row)), Fraction(bound, scale)) for row, bound in found]
    return equalities, tuple(inequalities)


def _supporting(
    chosen: Sequence[tuple[int, ...]],
    points: Sequence[tuple[int, ...]],
    normals: list[list[int]],
) -> tuple[tuple[int, ...], int] | None:
    """The hyperplane through `chosen` within the affine hull, if all points lie on one side."""
    base = chosen[0]
    spanning = [[a - b for a, b in zip(p, base, strict=True)] for p in chosen[1:]]
    row = _normal([*spanning, *normals], len(base))
    if row is None:
        return None
    bound = sum(map(mul, row, base))
    sides = [sum(map(mul, row, point)) - bound for point in points]
    if max(sides) <= 0:
        return row, bound
    if min(sides) >= 0:
        return tuple(-a for a in row), -bound
    return None


def _normal(rows: list[list[int]], width: int) -> tuple[int, ...] | None:
    """The primitive integer vector that is orthogonal to all rows, if there is one up to its sign.

    Elimination without fractions: Bareiss, Math. Comp. 22 (1968).
    """
    work = [list(row) for row in rows]
    pivots: list[int] = []
    for column in range(width):
        done = len(pivots)
        pivot = next((i for i in range(done, len(work)) if work[i][column]), None)
        if pivot is None:
            continue
        work[done], work[pivot] = work[pivot], work[done]
        lead = work[done]
        for i, row in enumerate(work):
            if i != done and row[column]:
                factor, scale = row[column], lead[column]
                reduced_row = [scale * a - factor * b for a, b in zip(row, lead, strict=True)]
                divisor = math.gcd(*reduced_row) or 1
                work[i] = [a // divisor for a in reduced_row]
        pivots.append(column)
    free = [column for column in range(width) if column not in pivots]
    if len(free) != 1:
        return None
    scale = math.lcm(*(work[k][pivot] for k, pivot in enumerate(pivots))) if pivots else 1
    vector = [0] * width
    vector[free[0]] = scale
    for k, pivot in enumerate(pivots):
        vector[pivot] = -work[k][free[0]] * scale // work[k][pivot]
    divisor = math.gcd(*vector)
    return tuple(a // divisor for a in vector)


def _dot(row: Sequence[Fraction], point: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(row, point, strict=True)), Fraction(0))


def affine_rank(vertices: Sequence[Row]) -> int:
    """The dimension of the affine hull."""
    origin = vertices[0]
    rows = [[a - b for a, b in zip(p, origin, strict=True)] for p in vertices[1:]]
    return len(reduced(rows)[1])
