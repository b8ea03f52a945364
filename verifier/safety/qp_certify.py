"""Whether an answer to a quadratic program is right: the meaning of qp_certify.c.

Shares the data with verifier/safety/qp.py, and no code. A certified optimum is the exact optimum of
a problem whose bounds and proposed command differ from the given ones by at most TOLERANCE,
relative to the terms that are summed (the conditions of Karush, Kuhn and Tucker are sufficient,
since P is positive definite). A certified contradiction is exact (Farkas' lemma over a box):
multipliers y >= 0 with sum_i y_i b_i + REACH |sum_i y_i a_i|_1 < 0 exclude every command with
|u_j| <= REACH; the rounding of these sums is paid for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from verifier.safety.qp import Answer, Problem, Solution

TOLERANCE = 1e-11
REACH = 1e4
FRACTION = 1e-6
NEGLIGIBLE = 2.0**-900


def certify(
    problem: Problem, solution: Solution, metric: Sequence[Sequence[float]] | None = None
) -> bool:
    """Whether the answer is certified; `metric` is the lower triangle of P, None for the
    identity."""
    if solution.answer is Answer.OPTIMAL:
        return _rows(problem, solution) and _stationary(problem, solution, metric)
    return solution.answer is Answer.INFEASIBLE and _contradiction(problem, solution)


def _rows(problem: Problem, solution: Solution) -> bool:
    """Multipliers are not negative and finite; rows hold; those with a multiplier are met."""
    reach = 0.0
    for value, wanted in zip(solution.command, problem.proposed, strict=True):
        reach = _larger(reach, abs(value))
        reach = _larger(reach, FRACTION * abs(wanted))
    for normal, bound, multiplier in zip(
        problem.normals, problem.bounds, solution.multipliers, strict=True
    ):
        excess, size = -bound, 0.0
        for entry, value in zip(normal, solution.command, strict=True):
            excess += entry * value
            size += abs(entry)
        tolerance = TOLERANCE * (abs(bound) + size * reach)
        held = excess <= tolerance and multiplier >= 0.0
        tight = multiplier == 0.0 or (excess >= -tolerance and multiplier < math.inf)
        if not (held and tight):
            return False
    return True


def _stationary(
    problem: Problem, solution: Solution, metric: Sequence[Sequence[float]] | None
) -> bool:
    """P (u - proposed) + sum_i multiplier_i a_i is zero."""
    columns = range(len(problem.proposed))
    shift = [solution.command[j] - problem.proposed[j] for j in columns]
    sums = shift[:]
    sizes = [abs(solution.command[j]) + abs(problem.proposed[j]) for j in columns]
    if metric is not None:
        reaches = sizes[:]
        sums, sizes = [0.0 for _ in columns], [0.0 for _ in columns]
        for j in columns:
            for k in columns:
                entry = metric[k][j] if k > j else metric[j][k]
                sums[j] += entry * shift[k]
                sizes[j] += abs(entry) * reaches[k]
    for normal, multiplier in zip(problem.normals, solution.multipliers, strict=True):
        if multiplier > 0.0:
            for j in columns:
                sums[j] += multiplier * normal[j]
                sizes[j] += multiplier * abs(normal[j])
    residual = size = 0.0
    for j in columns:
        if not sizes[j] < math.inf:
            return False
        residual = _larger(residual, abs(sums[j]))
        size = _larger(size, sizes[j])
    return residual <= TOLERANCE * size


def _contradiction(problem: Problem, solution: Solution) -> bool:
    """A sum of k products in doubles is wrong by less than (k + 4) 2^-52 of the sum of their sizes;
    products with zero are exact."""
    rounding, total, sizes, distance = 4.0 * 2.0**-52, 0.0, 0.0, 0.0
    for bound, multiplier in zip(problem.bounds, solution.multipliers, strict=True):
        if not 0.0 <= multiplier < math.inf:
            return False
        rounding += 2.0**-52 if multiplier > 0.0 else 0.0
        total += multiplier * bound
        sizes += multiplier * abs(bound)
    for j in range(len(problem.proposed)):
        normal = size = 0.0
        for row, multiplier in zip(problem.normals, solution.multipliers, strict=True):
            if multiplier > 0.0:
                normal += multiplier * row[j]
                size += multiplier * abs(row[j])
        distance += REACH * (abs(normal) + rounding * size)
    return (total + rounding * sizes) + distance * 1.001 < -NEGLIGIBLE


def _larger(left: float, right: float) -> float:
    return right if right > left else left
