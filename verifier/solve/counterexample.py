"""Points that break a claim about a box: at corners, downhill, or on a segment across a surface.

Guessed in floating point, and believed only with a margin or after exact evaluation; what is found
has still to be judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import TypeAlias

from verifier.core.cover import Claim, Crossing, Point, Violation
from verifier.core.evaluate import NoExactValue, evaluate_term
from verifier.core.term import Apply, Key, Number, Product, Quotient, Sum, Term, Variable

Box: TypeAlias = tuple[tuple[Fraction, Fraction], ...]
Pair: TypeAlias = tuple[int, int]
"""The numbers of two guards that say together that a term is zero."""

MARGIN = 1e-9
SAMPLED_MAX = 5  # variables whose corners are all looked at
CROSSING_STEPS = 40


def merit(claim: Claim, pair: Pair | None, point: Sequence[float]) -> float:
    """Negative where the claim is broken, the more the deeper."""
    at = dict(zip((key for key, _, _ in claim.box), point, strict=True))
    worst = _float(claim.goal, at)
    for number, guard in enumerate(claim.guards):
        if pair is None or number not in pair:
            worst = max(worst, -_float(guard, at))
    return worst


def values(claim: Claim, point: Sequence[float]) -> list[float]:
    """The goal and the negated guards, all below zero where the claim is broken; infinite where
    there is no value."""
    at = dict(zip((key for key, _, _ in claim.box), point, strict=True))
    found = [_float(claim.goal, at), *(-_float(guard, at) for guard in claim.guards)]
    return [math.inf if math.isnan(value) else value for value in found]


def counterexample(claim: Claim, pair: Pair | None, box: Box) -> Violation | Crossing | None:
    points = [*_points(box), _descended(claim, pair, box)]
    for point in points:
        if breaks(claim, point):
            return Violation(point)
    return None if pair is None else _crossing(claim, pair, points)


def _points(box: Box) -> Iterator[Point]:
    """The middle, and the corners."""
    yield _middle(box)
    if len(box) <= SAMPLED_MAX:
        yield from product(*box)


def _middle(box: Box) -> Point:
    return tuple((low + high) / 2 for low, high in box)


def _descended(claim: Claim, pair: Pair | None, box: Box) -> Point:
    """From the middle to a corner or part of it, one side after the other, as the merit falls."""
    point = list(_middle(box))
    for side, (low, high) in enumerate(box):
        tried = [(*point[:side], value, *point[side + 1 :]) for value in (point[side], low, high)]
        point = list(min(tried, key=lambda each: merit(claim, pair, [float(v) for v in each])))
    return tuple(point)


def breaks(claim: Claim, point: Point) -> bool:
    """Whether the point breaks the claim: with a margin, or exactly."""
    keys = [key for key, _, _ in claim.box]
    near = {key: float(value) for key, value in zip(keys, point, strict=True)}
    sizes = [_float(guard, near) for guard in claim.guards]
    value = _float(claim.goal, near)
    if min(sizes, default=1.0) < -MARGIN or value > MARGIN:
        return False
    if min(sizes, default=1.0) > MARGIN and value < -MARGIN:
        return True
    exact = dict(zip(keys, point, strict=True))
    try:
        if any(exact_value(guard, exact) < 0 for guard in claim.guards):
            return False
        goal = exact_value(claim.goal, exact)
    except NoExactValue:
        return False
    return goal < 0 or (claim.strict and goal == 0)


def opposite(claim: Claim) -> Pair | None:
    """Two guards that say together that a term is zero, by their values at a few points."""
    values = []
    for guard in claim.guards:
        row = []
        for k in range(1, 6):
            share = [(k * (n + 2) % 7 + 1) / 9 for n in range(len(claim.box))]
            sides = zip(claim.box, share, strict=True)
            row.append(
                _float(guard, {key: float(a + (b - a) * Fraction(s)) for (key, a, b), s in sides})
            )
        values.append(row)
    for other in range(len(values)):
        for one in range(other):
            pairs = list(zip(values[one], values[other], strict=True))
            if any(a for a, _ in pairs) and all(math.isclose(a, -b) for a, b in pairs):
                return one, other
    return None


def _crossing(claim: Claim, pair: Pair, points: Sequence[Point]) -> Crossing | None:
    """A short segment on which the paired guards change sign and the goal stays broken."""
    positive, negative = pair
    guard = claim.guards[positive]
    keys = [key for key, _, _ in claim.box]

    def sign(point: Point) -> float:
        return _float(guard, {k: float(v) for k, v in zip(keys, point, strict=True)})

    first = next((point for point in points if sign(point) < 0), None)
    last = next((point for point in points if sign(point) > 0), None)
    if first is None or last is None:
        return None
    for _ in range(CROSSING_STEPS):
        middle = tuple((a + b) / 2 for a, b in zip(first, last, strict=True))
        if _short(first, last) and all(
            merit(claim, pair, [float(value) for value in point]) < -MARGIN
            for point in (first, middle, last)
        ):
            return Crossing(positive, negative, first, last)
        if sign(middle) < 0:
            first = middle
        else:
            last = middle
    return None


def crossing_near(claim: Claim, point: Point) -> Crossing | None:
    """A crossing on a short segment along a side through the point."""
    pair = opposite(claim)
    if pair is None:
        return None
    for side, (_, low, high) in enumerate(claim.box):
        for step in (Fraction(1, 10**8), Fraction(1, 10**4)):
            ends = [max(low, point[side] - step), min(high, point[side] + step)]
            found = _crossing(claim, pair, [(*point[:side], e, *point[side + 1 :]) for e in ends])
            if found is not None:
                return found
    return None


def _short(first: Point, last: Point) -> bool:
    return max(abs(a - b) for a, b in zip(first, last, strict=True)) < Fraction(1, 10**6)


def _float(term: Term, at: dict[Key, float]) -> float:
    """The value, roughly; NaN where there is none."""
    match term:
        case Number(value):
            return float(value)
        case Variable(name, version):
            return at[name, version]
        case Sum(parts):
            return math.fsum(_float(part, at) for part in parts)
        case Product(parts):
            return math.prod(_float(part, at) for part in parts)
        case Quotient(numerator, denominator):
            below = _float(denominator, at)
            return _float(numerator, at) / below if below else math.nan
        case Apply(function, parts):
            return _applied(function, [_float(part, at) for part in parts])


def _applied(function: str, values: list[float]) -> float:
    if function == "min":
        return min(values)
    if function == "max":
        return max(values)
    if function == "abs":
        return abs(values[0])
    if function == "sin":
        return math.sin(values[0])
    if function == "cos":
        return math.cos(values[0])
    if function == "exp":
        return math.exp(min(values[0], 700.0))
    return math.sqrt(values[0]) if function == "sqrt" and values[0] >= 0 else math.nan


def exact_value(term: Term, at: Mapping[Key, Fraction]) -> Fraction:
    """The exact value, also where there is a sin 0 or cos 0. Raises NoExactValue."""
    match term:
        case Sum(parts):
            return sum((exact_value(part, at) for part in parts), Fraction(0))
        case Product(parts):
            product = Fraction(1)
            for part in parts:
                product *= exact_value(part, at)
            return product
        case Quotient(above, below):
            divisor = exact_value(below, at)
            if divisor == 0:
                raise NoExactValue("division by zero")
            return exact_value(above, at) / divisor
        case Apply("sin" | "cos" as function, (part,)):
            if exact_value(part, at) != 0:
                raise NoExactValue(f"`{function}` has no exact value")
            return Fraction(0) if function == "sin" else Fraction(1)
        case _:
            return evaluate_term(term, dict(at))
