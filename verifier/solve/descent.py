"""Points that break a claim about a box, found by walking downhill from many places.

Where a claim has many variables, cutting boxes meets a thin set of counterexamples late. A point
breaks the claim if its goal and the negations of its guards are all below zero; the greatest of
them is made smaller by a sequence of linear programs within a trust region (R. Fletcher and E.
Sainz de la Maza, Nonlinear programming and nonsmooth optimization by successive linear programming,
Mathematical Programming 43, 1989). The same claim gives the same walks.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from math import isfinite

from verifier.core.cover import Claim, Violation
from verifier.core.linear import INFINITY, Optimum, Program
from verifier.solve.counterexample import breaks, values
from verifier.solve.linear import minimize

STARTS, SAMPLES, STEPS = 12, 12, 16
NUDGE = 1e-6
GRIDS = (100, 10_000, 1 << 24, 1 << 40)
SMALLEST = 1e-9

Side = tuple[float, float]


def walked(claim: Claim) -> Violation | None:
    """A point that breaks the claim, if one of the walks ends at one."""
    source = random.Random(len(claim.box))
    sides = [(float(low), float(high)) for _, low, high in claim.box]
    for _ in range(STARTS):
        samples = [[_place(source, side) for side in sides] for _ in range(SAMPLES)]
        start = min(samples, key=lambda each: max(values(claim, each)))
        point = _downhill(claim, sides, start)
        for grid in GRIDS:
            exact = tuple(
                min(max(Fraction(round(value * grid), grid), low), high)
                for value, (_, low, high) in zip(point, claim.box, strict=True)
            )
            if breaks(claim, exact):
                return Violation(exact)
    return None


def _place(source: random.Random, side: Side) -> float:
    """An end of the side as often as a place between."""
    return source.choice((side[0], source.uniform(*side), side[1], source.uniform(*side)))


def _downhill(claim: Claim, sides: Sequence[Side], point: list[float]) -> list[float]:
    """Where the walk ends: out of steps, or where the region that the slopes tell of is small. Each
    value is measured by how much it may change across the box, as its slopes at the start say."""
    widths = [high - low for low, high in sides]
    here = values(claim, point)
    first = _slopes(claim, sides, point, here)
    sizes = [sum(abs(s) * w for s, w in zip(row, widths, strict=True)) or 1.0 for row in first]
    trust = 0.5

    def depth(found: Sequence[float]) -> float:
        return max(value / size for value, size in zip(found, sizes, strict=True))

    for _ in range(STEPS):
        slopes = _slopes(claim, sides, point, here)
        tried = _step(sides, point, here, slopes, sizes, trust)
        there = values(claim, tried)
        if depth(there) < depth(here):
            point, here, trust = tried, there, min(0.5, 1.5 * trust)
        else:
            trust *= 0.4
        if trust < SMALLEST or not all(map(isfinite, here)):
            break
    return point


def _slopes(
    claim: Claim, sides: Sequence[Side], point: list[float], here: Sequence[float]
) -> list[list[float]]:
    """How each value changes along each side, by a small step into the box."""
    columns = []
    for k, (low, high) in enumerate(sides):
        step = NUDGE * (high - low) * (-1 if point[k] > (low + high) / 2 else 1)
        there = values(claim, [*point[:k], point[k] + step, *point[k + 1 :]]) if step else here
        columns.append([(b - a) / step if step else 0.0 for a, b in zip(here, there, strict=True)])
    return [list(row) for row in zip(*columns, strict=True)]


def _step(
    sides: Sequence[Side],
    point: list[float],
    here: Sequence[float],
    slopes: Sequence[Sequence[float]],
    sizes: Sequence[float],
    trust: float,
) -> list[float]:
    """The point of the trust region at which the greatest of the linear parts is least."""
    count = len(point)
    reach = [trust * (high - low) for low, high in sides]
    lower = [max(-r, low - x) for r, x, (low, _) in zip(reach, point, sides, strict=True)]
    upper = [min(r, high - x) for r, x, (_, high) in zip(reach, point, sides, strict=True)]
    program = Program([0.0] * count + [1.0], [*lower, -INFINITY], [*upper, INFINITY])
    for value, row, size in zip(here, slopes, sizes, strict=True):
        scaled = [slope / size for slope in row]
        program.row(range(count + 1), [*scaled, -1.0], -INFINITY, -value / size)
    found = minimize(program)
    if not isinstance(found, Optimum):
        return point
    return [
        min(max(x + step, low), high)
        for x, step, (low, high) in zip(point, found.point[:count], sides, strict=True)
    ]
