"""Sets that are zonotopes by their making, and the facets of zonotopes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb

from verifier.core.cone import RAYS_MAX, integers
from verifier.core.exact import null_space
from verifier.core.region import (
    Ball,
    Box,
    Image,
    MinkowskiSum,
    Norm,
    Region,
    Row,
    Scaling,
    Translation,
    Zonotope,
    constants,
)
from verifier.core.vector import ZERO, Matrix, apply, dot, plus, times, unit


@dataclass(frozen=True, slots=True)
class Bounded:
    """row . x <= bound, or == where `equal`."""

    row: Row
    bound: Fraction
    equal: bool = False


def as_zonotope(region: Region) -> tuple[Row, Matrix] | None:
    """Centre and generators, where the set is a zonotope by its making."""
    match region:
        case Zonotope(center, generators):
            return constants(center), generators
        case Ball(center, radius, Norm.MAX):
            size = len(center)
            return constants(center), tuple(times(radius, unit(i, size)) for i in range(size))
        case Box(lower, upper) if None not in lower and None not in upper:
            low = constants([side for side in lower if side is not None])
            high = constants([side for side in upper if side is not None])
            half = [(b - a) / 2 for a, b in zip(low, high, strict=True)]
            if min(half, default=ZERO) < 0:
                return None
            size = len(half)
            middle = tuple((a + b) / 2 for a, b in zip(low, high, strict=True))
            return middle, tuple(times(h, unit(i, size)) for i, h in enumerate(half) if h)
        case MinkowskiSum(parts):
            found = [as_zonotope(part) for part in parts]
            known = [each for each in found if each is not None]
            if len(known) < len(found):
                return None
            middle = known[0][0]
            for center_of, _ in known[1:]:
                middle = plus(middle, center_of)
            return middle, tuple(row for _, rows in known for row in rows)
        case Translation(inner, by):
            moved = as_zonotope(inner)
            return moved and (plus(moved[0], constants(by)), moved[1])
        case Scaling(inner, factor):
            scaled = as_zonotope(inner)
            return scaled and (
                times(factor, scaled[0]),
                tuple(times(factor, row) for row in scaled[1]),
            )
        case Image(matrix, offset, inner):
            mapped = as_zonotope(inner)
            return mapped and (
                plus(apply(matrix, mapped[0]), constants(offset)),
                tuple(apply(matrix, row) for row in mapped[1]),
            )
        case _:
            return None


def few(zonotope: tuple[Row, Matrix]) -> bool:
    center, generators = zonotope
    return comb(len(generators), min(len(center), len(generators) + 1) - 1) <= RAYS_MAX // 4


def facets_of_zonotope(zonotope: tuple[Row, Matrix]) -> tuple[Bounded, ...]:
    """Every facet is parallel to rank - 1 independent generators; all choices are tried
    (McMullen, On zonotopes, 1971)."""
    center, all_generators = zonotope
    size = len(center)
    generators = [row for row in all_generators if any(row)]
    normals = null_space(generators, size)
    found = {(integers(normal), True): None for normal in normals}
    rank = size - len(normals)
    for chosen in combinations(generators, rank - 1) if rank else ():
        candidates = null_space([*chosen, *normals], size)
        if len(candidates) == 1:
            row = integers(candidates[0])
            found[row, False] = found[tuple(-a for a in row), False] = None
    bounded = []
    for row, equal in found:
        direction = tuple(map(Fraction, row))
        width = sum((abs(dot(direction, each)) for each in generators), ZERO)
        bounded.append(Bounded(direction, dot(direction, center) + width, equal))
    return tuple(bounded)
