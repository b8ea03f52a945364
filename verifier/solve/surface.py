"""A rational point on a surface, where a claim is broken.

Two guards that say that a term is zero leave a surface, and a crossing (verifier/core/cover.py)
shows that the claim is broken somewhere on it. Where the term is quadratic in one variable, its
roots are rational if the discriminant is a square; the others are tried at numbers of few digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import permutations
from math import isqrt

from verifier.core.cover import Claim, Crossing, Point, Violation
from verifier.core.evaluate import NoExactValue
from verifier.solve.counterexample import breaks, exact_value

DENOMINATORS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 13, 17)
MOST = 400


def on_surface(claim: Claim, crossing: Crossing) -> Violation | None:
    """A point on the surface that breaks the claim, near the crossing but for two variables."""
    for point in _points(claim, crossing):
        if breaks(claim, point):
            return Violation(point)
    return None


def _points(claim: Claim, crossing: Crossing) -> Iterator[Point]:
    tried = 0
    for moved, solved in permutations(range(len(claim.box)), 2):
        _, low, high = claim.box[moved]
        for value in _numbers(low, high):
            tried += 1
            if tried > MOST:
                return
            place = [*crossing.start]
            place[moved] = value
            for root in _roots(claim, crossing.positive, place, solved):
                yield (*place[:solved], root, *place[solved + 1 :])


def _numbers(low: Fraction, high: Fraction) -> list[Fraction]:
    """Numbers of few digits between the two, those with the least denominators first."""
    found: dict[Fraction, None] = {}
    for below in DENOMINATORS:
        for above in range(-(-low * below // 1), high * below // 1 + 1):
            found[Fraction(above, below)] = None
            if len(found) >= MOST:
                return list(found)
    return list(found)


def _roots(claim: Claim, guard: int, place: Sequence[Fraction], solved: int) -> Iterator[Fraction]:
    """Where the guard is zero along one variable, if it is quadratic and that is rational."""
    key, low, high = claim.box[solved]
    keys = [each for each, _, _ in claim.box]

    def value(at: int) -> Fraction:
        here = dict(zip(keys, place, strict=True)) | {key: Fraction(at)}
        return exact_value(claim.guards[guard], here)

    try:
        zero, one, two, three = map(value, range(4))
    except NoExactValue:
        return
    a = (two - 2 * one + zero) / 2
    b = one - zero - a
    if three != 9 * a + 3 * b + zero:
        return
    if a == 0:
        candidates = [-zero / b] if b else []
    else:
        square = b * b - 4 * a * zero
        root = _root(square)
        candidates = [] if root is None else [(-b + s * root) / (2 * a) for s in (1, -1)]
    yield from (x for x in candidates if low <= x <= high)


def _root(square: Fraction) -> Fraction | None:
    if square < 0:
        return None
    above, below = isqrt(square.numerator), isqrt(square.denominator)
    exact = above * above == square.numerator and below * below == square.denominator
    return Fraction(above, below) if exact else None
