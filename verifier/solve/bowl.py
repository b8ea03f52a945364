"""Points at which a claim is met with equality, and convex combinations that show it around them.

The finder's side of the leaves of verifier/core/cover.py that name a lowest point. A point is
guessed as the simplest one in a small box; the multipliers follow from stationarity there (Karush,
Kuhn and Tucker), exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import ceil, floor
from typing import TypeAlias

from verifier.core.cover import Claim, Leaf, Point
from verifier.core.evaluate import NoExactValue
from verifier.core.exact import positive_semidefinite, reduced
from verifier.core.slope import NoSlope, derivative
from verifier.core.term import Key, Number, Term, add, multiply
from verifier.solve.counterexample import exact_value
from verifier.solve.tensor import NotEnclosed, resolved, span

Range: TypeAlias = tuple[Fraction, Fraction]

ZERO, ONE = Fraction(0), Fraction(1)
ACTIVE_MAX = 6


def is_bowl(claim: Claim, leaf: Leaf, ranges: Mapping[Key, Range]) -> bool:
    """Whether the leaf's combination is convex over the box, and lowest at its point."""
    assert leaf.lowest is not None
    here = dict(zip(ranges, leaf.lowest, strict=True))
    if not all(low <= here[key] <= high for key, (low, high) in ranges.items()):
        return False
    parts = [multiply(Number(-m), claim.guards[k]) for k, m in leaf.multipliers]
    try:
        whole = resolved(add(multiply(Number(leaf.weight), claim.goal), *parts), ranges)
        slopes = {key: derivative(whole, key) for key in ranges}
        value = exact_value(whole, here)
        if value < 0 or (value == 0 and claim.strict):
            return False
        for key, (low, high) in ranges.items():
            slope = exact_value(slopes[key], here)
            if (slope > 0 and here[key] != low) or (slope < 0 and here[key] != high):
                return False
        return _convex(slopes, ranges)
    except (NoExactValue, NoSlope, NotEnclosed):
        return False


def _convex(slopes: Mapping[Key, Term], ranges: Mapping[Key, Range]) -> bool:
    keys = list(ranges)
    matrix = [[ZERO] * len(keys) for _ in keys]
    for i, one in enumerate(keys):
        for j, other in enumerate(keys):
            low, high = span(derivative(slopes[one], other), ranges)
            matrix[i][j] += (low + high) / 2
            matrix[i][i] -= (high - low) / 2
    return positive_semidefinite(matrix)


def guessed_bowl(claim: Claim, box: Sequence[Range]) -> Leaf | None:
    """A leaf whose combination is stationary at the simplest point of the box."""
    ranges = {key: ends for (key, _, _), ends in zip(claim.box, box, strict=True)}
    point: Point = tuple(simplest(low, high) for low, high in box)
    here = dict(zip(ranges, point, strict=True))
    inside = [key for key, low, high in claim.box if low < here[key] < high]
    try:
        if exact_value(claim.goal, here) < 0:
            return None
        goal = [exact_value(derivative(resolved(claim.goal, ranges), key), here) for key in inside]
        active = [k for k, guard in enumerate(claim.guards) if exact_value(guard, here) == 0]
        columns = [
            [
                exact_value(derivative(resolved(claim.guards[k], ranges), key), here)
                for key in inside
            ]
            for k in active[:ACTIVE_MAX]
        ]
    except (NoExactValue, NoSlope, NotEnclosed):
        return None
    for count in range(len(columns) + 1):
        for chosen in combinations(range(len(columns)), count):
            found = _solved([columns[c] for c in chosen], goal)
            if found is not None:
                pairs = zip((active[c] for c in chosen), found, strict=True)
                return Leaf(ONE, tuple((k, m) for k, m in pairs if m), point)
    return None


def _solved(columns: Sequence[Sequence[Fraction]], right: Sequence[Fraction]) -> Point | None:
    """Multipliers >= 0 with sum of multiplier times column = right, if they are unique."""
    rows = [[*(column[r] for column in columns), value] for r, value in enumerate(right)]
    echelon, pivots = reduced(rows)
    if pivots != list(range(len(columns))):
        return None
    found = tuple(row[-1] for row in echelon)
    return found if all(value >= 0 for value in found) else None


def simplest(low: Fraction, high: Fraction) -> Fraction:
    """The rational with the least denominator between the two (Stern and Brocot's tree)."""
    if low <= 0 <= high:
        return ZERO
    if high < 0:
        return -simplest(-high, -low)
    whole = ceil(low)
    if whole <= high:
        return Fraction(whole)
    base = floor(low)
    return base + 1 / simplest(1 / (high - base), 1 / (low - base))
