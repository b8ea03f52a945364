"""Linear algebra over the rationals: elimination, null spaces, inverses, definiteness."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

Matrix = Sequence[Sequence[Fraction]]


def reduced(rows: Matrix) -> tuple[list[list[Fraction]], list[int]]:
    """The reduced row echelon form without zero rows, and its pivot columns."""
    work = [list(row) for row in rows]
    pivots: list[int] = []
    width = len(work[0]) if work else 0
    for column in range(width):
        done = len(pivots)
        pivot = next((i for i in range(done, len(work)) if work[i][column]), None)
        if pivot is None:
            continue
        work[done], work[pivot] = work[pivot], work[done]
        lead = work[done][column]
        work[done] = [value / lead for value in work[done]]
        for i, row in enumerate(work):
            if i != done and row[column]:
                factor = row[column]
                work[i] = [a - factor * b for a, b in zip(row, work[done], strict=True)]
        pivots.append(column)
    return work[: len(pivots)], pivots


def null_space(rows: Matrix, width: int) -> list[list[Fraction]]:
    """A basis of {x in Q^width : rows x = 0}."""
    echelon, pivots = reduced(rows)
    basis = []
    for free in (column for column in range(width) if column not in pivots):
        vector = [Fraction(0)] * width
        vector[free] = Fraction(1)
        for row, pivot in zip(echelon, pivots, strict=True):
            vector[pivot] = -row[free]
        basis.append(vector)
    return basis


def inverse(matrix: Matrix) -> list[list[Fraction]]:
    """The inverse of a regular square matrix."""
    size = len(matrix)
    extended = [[*row, *(Fraction(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    echelon, pivots = reduced(extended)
    assert pivots == list(range(size)), "singular"
    return [row[size:] for row in echelon]


def positive_definite(matrix: Matrix) -> bool:
    """Whether a symmetric matrix is positive definite: all pivots of LDL^T are positive."""
    work = [list(row) for row in matrix]
    for k in range(len(work)):
        if work[k][k] <= 0:
            return False
        for i in range(k + 1, len(work)):
            factor = work[i][k] / work[k][k]
            for j in range(k, len(work)):
                work[i][j] -= factor * work[k][j]
    return True


def squares(matrix: Matrix) -> list[tuple[Fraction, list[Fraction]]] | None:
    """A symmetric positive semidefinite matrix as a sum of weight * vector vector^T, weights > 0.

    None if it is not positive semidefinite. LDL^T: vector k is zero before its entry number k', the
    k'-th pivot, and one there.
    """
    work = [list(row) for row in matrix]
    size = len(work)
    found = []
    for k in range(size):
        pivot = work[k][k]
        if pivot < 0 or (pivot == 0 and any(work[k])):
            return None
        if pivot == 0:
            continue
        vector = [value / pivot for value in work[k]]
        found.append((pivot, vector))
        for i in range(k, size):
            if vector[i]:
                factor = vector[i] * pivot
                work[i] = [a - factor * b for a, b in zip(work[i], vector, strict=True)]
    return found


def positive_semidefinite(matrix: Matrix) -> bool:
    """Whether a symmetric matrix is positive semidefinite: no pivot of LDL^T is negative, and a
    zero pivot has a zero row."""
    work = [list(row) for row in matrix]
    for k in range(len(work)):
        if work[k][k] < 0 or (work[k][k] == 0 and any(work[k][k:])):
            return False
        for i in range(k + 1, len(work)):
            factor = work[i][k] / work[k][k] if work[k][k] else Fraction(0)
            for j in range(k, len(work)):
                work[i][j] -= factor * work[k][j]
    return True
