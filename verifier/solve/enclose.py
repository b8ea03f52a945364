"""Whether an ellipsoid lies in a round set: the multiplier of the S-lemma, or a point outside.

Maximize q(w) = |center + sum of w_k axis_k|^2, weighted, over sum of w_k^2 / square_k <= 1. With
w_k = root(square_k) z_k, eigenvalues g_k of the form and b its linear part in their basis, the
multiplier solves sum of b_k^2 / (m - g_k)^2 = 1 for m above all g_k where b has a part along the
greatest, and is the greatest otherwise (More and Sorensen, Computing a trust region step, 1983,
section 2). Found in floating point, then rounded; whether it proves anything is decided exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import atan2, copysign, cos, hypot, sin, sqrt
from typing import TypeAlias

from verifier.core.root import root_below

Row: TypeAlias = tuple[Fraction, ...]

ZERO, ONE = Fraction(0), Fraction(1)
BITS = 48
STEPS = 4
PRECISE = 160
"""Bits after the point of the weights, which are rounded towards zero."""


@dataclass(frozen=True, slots=True)
class Held:
    """The multiplier that shows it; None where the triangle inequality is enough."""

    multiplier: Fraction | None


@dataclass(frozen=True, slots=True)
class Reaching:
    """Weights of the axes at which the form is more than the radius."""

    weights: Row


@dataclass(frozen=True, slots=True)
class Touching:
    reason: str


@dataclass(frozen=True, slots=True)
class Form:
    """q and its bound, in the space of the round set: the axes and the centre mapped there."""

    center: Row
    axes: tuple[Row, ...]
    squares: Row
    weights: Row
    radius: Fraction

    def product(self, one: Row, other: Row) -> Fraction:
        parts = zip(self.weights, one, other, strict=True)
        return sum((w * a * b for w, a, b in parts if a and b), ZERO)

    def value(self, weights: Sequence[Fraction]) -> Fraction:
        """q at these weights of the axes."""
        place = list(self.center)
        for weight, axis in zip(weights, self.axes, strict=True):
            place = [p + weight * a for p, a in zip(place, axis, strict=True)]
        return self.product(tuple(place), tuple(place))


def enclose(form: Form) -> Held | Reaching | Touching:
    """Whether q is at most its radius over the ellipsoid."""
    if not form.axes:
        return Held(None) if form.value(()) <= form.radius else Reaching(())
    if _by_triangle(form):
        return Held(None)
    multiplier, near = _numeric(form)
    for candidate in _rounded(multiplier):
        if _proves(form, candidate):
            return Held(candidate)
    for weights in _points(form, near):
        if form.value(weights) > form.radius:
            return Reaching(weights)
    return Touching("an ellipsoid touches a round set, where the multiplier may be irrational")


def _by_triangle(form: Form) -> bool:
    offset = form.product(form.center, form.center)
    size = form.squares[0] * form.product(form.axes[0], form.axes[0])
    for i, axis in enumerate(form.axes):
        for j, other in enumerate(form.axes[: i + 1]):
            if form.product(axis, other) != (size / form.squares[i] if i == j else 0):
                return False
    rest = form.radius - offset - size
    return rest >= 0 and rest * rest >= 4 * offset * size


def _numeric(form: Form) -> tuple[float, list[float]]:
    """The multiplier, in the unit of the radius, and weights w at the greatest value."""
    factors = [sqrt(float(square)) for square in form.squares]
    gram = [
        [
            float(form.product(a, b) / form.radius) * f * g
            for b, g in zip(form.axes, factors, strict=True)
        ]
        for a, f in zip(form.axes, factors, strict=True)
    ]
    linear = [
        float(form.product(a, form.center) / form.radius) * f
        for a, f in zip(form.axes, factors, strict=True)
    ]
    values, vectors = _eigen(gram)
    slopes = [sum(v * b for v, b in zip(vector, linear, strict=True)) for vector in vectors]
    low = top = max(values)
    high = top + hypot(*slopes) + 1e-300
    for _ in range(200):
        middle = (low + high) / 2
        if (
            middle <= top
            or sum((b / (middle - g)) ** 2 for b, g in zip(slopes, values, strict=True)) > 1
        ):
            low = middle
        else:
            high = middle
    place = [b / (high - g) if high > g else 0.0 for b, g in zip(slopes, values, strict=True)]
    missing = 1 - sum(z * z for z in place)
    if missing > 0:
        main = values.index(top)
        place[main] += copysign(sqrt(missing), slopes[main])
    weights = [
        f * sum(z * vector[k] for z, vector in zip(place, vectors, strict=True))
        for k, f in enumerate(factors)
    ]
    return high * float(form.radius), weights


def _eigen(matrix: list[list[float]]) -> tuple[list[float], list[list[float]]]:
    """Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations."""
    size = len(matrix)
    work = [list(row) for row in matrix]
    vectors = [[float(i == j) for j in range(size)] for i in range(size)]
    for _ in range(30):
        for i in range(size):
            for j in range(i):
                if abs(work[i][j]) > 1e-300:
                    angle = 0.5 * atan2(2 * work[i][j], work[j][j] - work[i][i])
                    _rotate(work, vectors, i, j, cos(angle), sin(angle))
    return [work[i][i] for i in range(size)], vectors


def _rotate(
    work: list[list[float]], vectors: list[list[float]], i: int, j: int, c: float, s: float
) -> None:
    """Rows and columns i and j turned, in a way that makes entry (i, j) zero."""
    for rows in (work, vectors):
        first, second = rows[i], rows[j]
        rows[i] = [c * a - s * b for a, b in zip(first, second, strict=True)]
        rows[j] = [s * a + c * b for a, b in zip(first, second, strict=True)]
    for row in work:
        row[i], row[j] = c * row[i] - s * row[j], s * row[i] + c * row[j]


def _rounded(multiplier: float) -> Iterator[Fraction]:
    exact = Fraction(multiplier)
    for digits in (1, 3, 6, 9):
        yield exact.limit_denominator(10**digits)
    yield exact
    for bits in range(BITS + 4, BITS // 2, -2):
        yield exact * (1 + Fraction(1, 2**bits))


def _proves(form: Form, factor: Fraction) -> bool:
    """Whether radius - q - factor (1 - sum of w^2 / square) is positive semidefinite in (w, 1)."""
    if factor < 0:
        return False
    spanning = (*form.axes, form.center)
    matrix = [[-form.product(one, other) for other in spanning] for one in spanning]
    for k, square in enumerate(form.squares):
        matrix[k][k] += factor / square
    matrix[-1][-1] += form.radius - factor
    for k, row in enumerate(matrix):
        if row[k] < 0 or (row[k] == 0 and any(row[k:])):
            return False
        for i in range(k + 1, len(matrix)):
            if row[i]:
                share = row[i] / row[k]
                matrix[i] = [a - share * b for a, b in zip(matrix[i], row, strict=True)]
    return True


def _points(form: Form, near: Sequence[float]) -> Iterator[Row]:
    """Weights on the ellipsoid's surface, or just below it: those given, and what steps along the
    gradient make of them, each of which raises q."""
    start: Row | None = tuple(map(Fraction, near))
    for _ in range(STEPS):
        start = start and _on_surface(form, start)
        if start is None:
            return
        yield start
        place = list(form.center)
        for weight, axis in zip(start, form.axes, strict=True):
            place = [p + weight * a for p, a in zip(place, axis, strict=True)]
        slopes = (form.product(axis, tuple(place)) for axis in form.axes)
        start = tuple(s * slope for s, slope in zip(form.squares, slopes, strict=True))


def _on_surface(form: Form, weights: Row) -> Row | None:
    length = sum((w * w / s for w, s in zip(weights, form.squares, strict=True)), ZERO)
    if not length:
        return None
    share = root_below(1 / length)
    short = (Fraction(int(share * w * 2**PRECISE), 2**PRECISE) for w in weights)
    return tuple(short)
