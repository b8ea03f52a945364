"""Semidefinite programs by Clarabel (Goulart and Chen, 2024), stated in cvxpy.

The home of cvxpy, which is imported with the first program and may be missing. Answers are floating
point: whoever makes a claim of one rounds it to rationals and has it judged.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

Matrix: TypeAlias = list[list[float]]
Entry: TypeAlias = tuple[int, int, int]
"""Block, row and column (row <= column) of a symmetric matrix."""

LARGEST = 1e6


@dataclass(frozen=True, slots=True)
class Row:
    """The sum of factors times entries, plus that of factors times free numbers, is `value`. An
    entry off the diagonal counts for itself and its mirror image together."""

    entries: Mapping[Entry, Fraction]
    free: Mapping[int, Fraction]
    value: Fraction


def available() -> bool:
    """Whether cvxpy is installed."""
    try:
        import cvxpy  # noqa: F401
    except ImportError:
        return False
    return True


def inner_point(
    sizes: Sequence[int], free: int, rows: Sequence[Row]
) -> tuple[list[Matrix], list[float], float] | None:
    """Symmetric matrices of these sizes and free numbers that satisfy the rows, with the least
    eigenvalue as large as can be, at most 1; and that eigenvalue. None if the solver finds none."""
    cvxpy = _library()
    blocks = [cvxpy.Variable((size, size), symmetric=True) for size in sizes]
    numbers = cvxpy.Variable(max(1, free))
    least = cvxpy.Variable()
    constraints = [least <= 1]
    for size, block in zip(sizes, blocks, strict=True):
        constraints.append(block - cvxpy.diag(cvxpy.hstack([least] * size)) >> 0)
    for row in rows:
        terms = [float(factor) * blocks[b][i, j] for (b, i, j), factor in row.entries.items()]
        terms += [float(factor) * numbers[k] for k, factor in row.free.items()]
        if terms:
            constraints.append(cvxpy.sum(cvxpy.hstack(terms)) == float(row.value))
    problem = cvxpy.Problem(cvxpy.Maximize(least), constraints)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            problem.solve(solver=cvxpy.CLARABEL)
    except (cvxpy.SolverError, ValueError, ArithmeticError):
        return None
    if problem.status not in (cvxpy.OPTIMAL, cvxpy.OPTIMAL_INACCURATE):
        return None
    values: list[Matrix] = [block.value.tolist() for block in blocks]
    found: list[float] = numbers.value.tolist() if free else []
    every = [abs(x) for matrix in values for line in matrix for x in line]
    if max(every + [abs(x) for x in found]) > LARGEST:
        return None
    return values, found, float(least.value)


def _library() -> Any:
    import cvxpy

    return cvxpy
