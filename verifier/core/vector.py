"""Rows, points and matrices of rationals as tuples."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

from verifier.core.region import Row

Matrix: TypeAlias = tuple[Row, ...]

ZERO, ONE = Fraction(0), Fraction(1)


def dot(row: Sequence[Fraction], point: Sequence[Fraction]) -> Fraction:
    return sum((a * x for a, x in zip(row, point, strict=True) if a and x), ZERO)


def plus(left: Sequence[Fraction], right: Sequence[Fraction]) -> Row:
    return tuple(a + b for a, b in zip(left, right, strict=True))


def times(factor: Fraction, row: Sequence[Fraction]) -> Row:
    return tuple(factor * a for a in row)


def apply(matrix: Matrix, point: Sequence[Fraction]) -> Row:
    return tuple(dot(row, point) for row in matrix)


def transposed(matrix: Matrix, row: Sequence[Fraction]) -> Row:
    """row . matrix."""
    width = len(matrix[0])
    return tuple(
        sum((a * line[j] for a, line in zip(row, matrix, strict=True)), ZERO) for j in range(width)
    )


def unit(axis: int, size: int) -> Row:
    return tuple(ONE if i == axis else ZERO for i in range(size))
