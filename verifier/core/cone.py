"""Generators of a polyhedral cone, exactly, by the double description method.

Motzkin, Raiffa, Thompson and Thrall, 1953; Fukuda and Prodon, Double description method revisited,
1996: rows are added one by one; a new ray lies on every edge that the new hyperplane crosses, and
two rays span an edge if and only if no third ray lies on all facets that both lie on. With rows as
generators, it gives the facets (the polar cone).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias

Integers: TypeAlias = tuple[int, ...]

RAYS_MAX = 1 << 14
WORK_MAX = 4_000_000
"""Comparisons of two rays, about a second."""


class TooMany(Exception):
    """The cone has more generators than are enumerated."""


def primitive(row: Iterable[int]) -> Integers:
    """The positive multiple with coprime entries."""
    entries = tuple(row)
    divisor = gcd(*entries)
    return entries if divisor <= 1 else tuple(a // divisor for a in entries)


def integers(row: Sequence[Fraction]) -> Integers:
    """The positive multiple with coprime integer entries."""
    scale = lcm(*(a.denominator for a in row))
    return primitive(a.numerator * (scale // a.denominator) for a in row)


def generators_of(rows: Iterable[Integers], width: int) -> tuple[list[Integers], list[Integers]]:
    """(lines, rays) that generate {v in R^width : row . v <= 0 for every row}.

    Raises TooMany.
    """
    lines = [tuple(int(i == j) for j in range(width)) for i in range(width)]
    rays: list[tuple[Integers, int]] = []
    work = 0
    for number, row in enumerate(sorted(set(rows))):
        bit = 1 << number
        crossing = next((line for line in lines if _dot(row, line)), None)
        if crossing is not None:
            lines, rays = _turn(crossing, row, lines, rays, bit)
            continue
        below = [(ray, zeros) for ray, zeros in rays if _dot(row, ray) < 0]
        on = [(ray, zeros | bit) for ray, zeros in rays if _dot(row, ray) == 0]
        above = [(ray, zeros) for ray, zeros in rays if _dot(row, ray) > 0]
        work += len(below) * len(above)
        if work > WORK_MAX:
            raise TooMany(f"more than {WORK_MAX} pairs of rays")
        masks = [zeros for _, zeros in rays]
        enough = width - len(lines) - 2
        for ray, zeros in above:
            rise = _dot(row, ray)
            for other, other_zeros in below:
                common = zeros & other_zeros
                if common.bit_count() < enough:
                    continue
                work += len(masks) >> 3
                if _edge(common, masks):
                    fall = _dot(row, other)
                    crossed = (rise * b - fall * a for a, b in zip(ray, other, strict=True))
                    on.append((primitive(crossed), common | bit))
        rays = below + on
        if len(rays) > RAYS_MAX:
            raise TooMany(f"more than {RAYS_MAX} rays")
    return lines, [ray for ray, _ in rays]


def _edge(common: int, masks: list[int]) -> bool:
    """Whether exactly the two rays themselves lie on all of the common facets."""
    found = 0
    for mask in masks:
        if common & mask == common:
            found += 1
            if found > 2:
                return False
    return True


def _turn(
    crossing: Integers,
    row: Integers,
    lines: list[Integers],
    rays: list[tuple[Integers, int]],
    bit: int,
) -> tuple[list[Integers], list[tuple[Integers, int]]]:
    """The cone cut through one of its lines, which becomes a ray; all else moves along it."""
    fall = _dot(row, crossing)
    if fall > 0:
        crossing, fall = tuple(-a for a in crossing), -fall

    def moved(vector: Integers) -> Integers:
        rise = _dot(row, vector)
        return primitive(rise * b - fall * a for a, b in zip(vector, crossing, strict=True))

    either = (crossing, tuple(-a for a in crossing))
    kept = [moved(line) for line in lines if line not in either]
    turned = [(moved(ray), zeros | bit) for ray, zeros in rays]
    return kept, [*turned, (crossing, bit - 1)]


def _dot(row: Integers, vector: Integers) -> int:
    return sum(a * b for a, b in zip(row, vector, strict=True))
