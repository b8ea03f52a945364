"""The command nearest to a proposed one that satisfies linear rows: the meaning of qp.c.

    minimize (u - proposed)^T P (u - proposed)   subject to   a_i . u <= b_i

`solve` is the dual active-set method of D. Goldfarb and A. Idnani, "A numerically stable dual
method for solving strictly convex quadratic programs", Mathematical Programming 27 (1983): it
starts at the proposed command, takes the row that is violated most, and moves along the part of its
normal that is orthogonal to the active normals, as far as the row wants and the multipliers allow.
The orthonormal basis Q of the active normals N = Q R is kept by Gram-Schmidt steps that are
repeated where they cancel (J. Daniel, W. Gragg, L. Kaufman, G. Stewart, Mathematics of Computation
30, 1976), beside the inverse of R. Rows are measured in units of their normals, so their scale is
of no consequence. An optimum is computed afresh from the proposed command before it is answered,
and a contradiction that is no more than rounding is none.

Operation by operation the same as the emitted C, so the answers are equal to the last bit. Whether
an answer is right is for verifier/safety/qp_certify.py to say.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

Vector = tuple[float, ...]

STEPS_MAX = 100
LARGEST = 1e100
ENORMOUS = 1e200
ALMOST_ZERO = 1e-300
SLACK = 2.0**-46
NOISE = 1e-12
FRACTION = 1e-6
PARALLEL = 1e-24
CANCELLED = 0.25
BLOCKING = 1e-12


class Answer(enum.IntEnum):
    OPTIMAL = 0
    INFEASIBLE = 1
    EXHAUSTED = 2
    REFUSED = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """`normals[i]` . u <= `bounds[i]`, for commands of the length of `proposed`."""

    proposed: Vector
    normals: tuple[Vector, ...]
    bounds: Vector


@dataclass(frozen=True, slots=True)
class Solution:
    """A multiplier for each row: of the optimum, or of a contradiction between the rows."""

    answer: Answer
    steps: int
    command: Vector
    multipliers: Vector


@dataclass(slots=True)
class _Active:
    """The active rows, scaled to unit normals: columns of Q, and of the inverse of R."""

    rows: list[int]
    bounds: list[float]
    normals: list[list[float]]
    basis: list[list[float]]
    inverse: list[list[float]]
    multiplier: list[float]
    command: list[float]
    proposed: list[float]


@dataclass(slots=True)
class _Entering:
    """A unit normal: Q share + rest, and share = R composition."""

    row: int
    bound: float
    normal: list[float]
    multiplier: float
    rest: list[float]
    rest_square: float
    share: list[float]
    composition: list[float]


def solve(problem: Problem) -> Solution:
    """The answer for P the identity. Total: any double may stand anywhere."""
    size, count = len(problem.proposed), len(problem.bounds)
    weights = _measured(problem)
    if weights is None:
        return Solution(Answer.REFUSED, 0, (0.0,) * size, (0.0,) * count)
    impossible = None
    for i, bound in enumerate(problem.bounds):
        if weights[i] >= ENORMOUS:
            weights[i] = 0.0
            impossible = i if bound < 0.0 else impossible
    if impossible is not None:
        multipliers = tuple(1.0 if i == impossible else 0.0 for i in range(count))
        return Solution(Answer.INFEASIBLE, 0, (0.0,) * size, multipliers)
    return _iterated(problem, weights)


def _iterated(problem: Problem, weights: list[float]) -> Solution:
    size, count = len(problem.proposed), len(problem.bounds)
    width = (size + 3) // 4 * 4
    proposed = [*problem.proposed, *(0.0,) * (width - size)]
    active = _Active([], [], [], [], [], [0.0] * width, proposed[:], proposed)
    start = _largest(proposed)
    least = FRACTION * start
    polished, excused, steps = True, 0.0, 0
    nothing = (0.0,) * size
    for _ in range(2 * STEPS_MAX):
        reach = _largest(active.command)
        floor = least if polished else start
        slack = SLACK * (reach if reach > floor else floor)
        row, most = _worst(problem, weights, active, slack * slack + excused)
        if row is not None and steps < STEPS_MAX:
            entering = _entering(problem, row, weights[row], width)
            answer, taken = _admitted(active, entering, size)
            steps += taken
            if answer is Answer.EXHAUSTED:
                break
            if answer is Answer.INFEASIBLE and _contradicts(active, entering):
                multipliers = _contradiction(active, entering, weights, count)
                return Solution(Answer.INFEASIBLE, steps, nothing, multipliers)
            excused = most if answer is Answer.INFEASIBLE else excused
            polished = False
        elif row is not None:
            break
        elif not polished:
            _polish(active, size)
            polished = True
        elif reach <= LARGEST:
            multipliers = _reported(active, weights, count)
            return Solution(Answer.OPTIMAL, steps, tuple(active.command[:size]), multipliers)
        else:
            break
    return Solution(Answer.EXHAUSTED, steps, nothing, (0.0,) * count)


# ---- other metrics -----------------------------------------------------------------------------


def solve_metric(problem: Problem, metric: Sequence[Sequence[float]]) -> Solution:
    """The answer for P with this lower triangle; refused if P is not positive definite."""
    size = len(problem.proposed)
    factor = _factor(metric)
    if factor is None:
        return Solution(Answer.REFUSED, 0, (0.0,) * size, (0.0,) * len(problem.bounds))
    proposed = []
    for j in range(size):
        value = 0.0
        for k in range(j, size):
            value += factor[k][j] * problem.proposed[k]
        proposed.append(value)
    normals = tuple(_forward(factor, normal) for normal in problem.normals)
    found = solve(Problem(tuple(proposed), normals, problem.bounds))
    if found.answer is not Answer.OPTIMAL:
        return found
    command = _backward(factor, found.command) if found.steps else problem.proposed
    return Solution(found.answer, found.steps, command, found.multipliers)


def _factor(metric: Sequence[Sequence[float]]) -> list[list[float]] | None:
    """L with P = L L^T (Cholesky)."""
    size = len(metric)
    factor = [[0.0] * size for _ in range(size)]
    for j in range(size):
        for i in range(j, size):
            value = metric[i][j]
            for k in range(j):
                value -= factor[i][k] * factor[j][k]
            if i > j:
                factor[i][j] = value / factor[j][j]
            elif 0.0 < value <= LARGEST:
                factor[j][j] = math.sqrt(value)
            else:
                return None
    return factor


def _forward(factor: list[list[float]], normal: Vector) -> Vector:
    """L^-1 normal."""
    solved: list[float] = []
    for j, value in enumerate(normal):
        for k in range(j):
            value -= factor[j][k] * solved[k]
        solved.append(value / factor[j][j])
    return tuple(solved)


def _backward(factor: list[list[float]], command: Vector) -> Vector:
    """L^-T command."""
    solved = list(command)
    for j in reversed(range(len(solved))):
        value = solved[j]
        for k in range(j + 1, len(solved)):
            value -= factor[k][j] * solved[k]
        solved[j] = value / factor[j][j]
    return tuple(solved)


# ---- rows --------------------------------------------------------------------------------------


def _measured(problem: Problem) -> list[float] | None:
    """1 / |a_i|^2 for each row; None if something is not finite or too large."""
    weights = []
    for normal, bound in zip(problem.normals, problem.bounds, strict=True):
        square = ALMOST_ZERO
        for entry in normal:
            square += entry * entry
        if not (square <= LARGEST * LARGEST and abs(bound) <= LARGEST):
            return None
        weights.append(1.0 / square)
    if not all(abs(value) <= LARGEST for value in problem.proposed):
        return None
    return weights


def _worst(
    problem: Problem, weights: list[float], active: _Active, most: float
) -> tuple[int | None, float]:
    """The row that is not active and violated most, if more than `most`, and by how much: squared,
    and in the units of the command."""
    worst = None
    for i, (normal, bound) in enumerate(zip(problem.normals, problem.bounds, strict=True)):
        excess = -bound
        for entry, value in zip(normal, active.command, strict=False):
            excess += entry * value
        excess = 0.5 * (excess + abs(excess))
        violation = 0.0 if i in active.rows else excess * excess * weights[i]
        if violation > most:
            worst, most = i, violation
    return worst, most


def _entering(problem: Problem, row: int, weight: float, width: int) -> _Entering:
    scale = math.sqrt(weight)
    normal = [entry * scale for entry in problem.normals[row]]
    normal += [0.0] * (width - len(normal))
    bound = problem.bounds[row] * scale
    return _Entering(row, bound, normal, 0.0, normal[:], 0.0, [0.0] * width, [0.0] * width)


# ---- steps -------------------------------------------------------------------------------------


def _admitted(active: _Active, entering: _Entering, size: int) -> tuple[Answer, int]:
    """Moves until the entering row is satisfied; how many rows entered or left. OPTIMAL: go on."""
    for tries in range(1, size + 2):
        _split(active, entering)
        dependent = len(active.rows) == size or not entering.rest_square > PARALLEL
        blocking = _blocking(active, entering)
        length = 0.0
        if blocking is None and dependent:
            return Answer.INFEASIBLE, tries
        if blocking is not None:
            length = active.multiplier[blocking] / entering.composition[blocking]
        if not dependent:
            excess = _dot(entering.normal, active.command) - entering.bound
            full = (excess if excess > 0.0 else 0.0) / entering.rest_square
            if blocking is None or not length < full:
                _move(active, entering, full)
                _add(active.command, -full, entering.rest)
                _append(active, entering)
                return Answer.OPTIMAL, tries
            _add(active.command, -length, entering.rest)
        assert blocking is not None
        _move(active, entering, length)
        _drop(active, blocking)
    return Answer.EXHAUSTED, size + 1


def _split(active: _Active, entering: _Entering) -> None:
    width = len(entering.normal)
    entering.rest = entering.normal[:]
    entering.share = [0.0] * width
    entering.composition = [0.0] * width
    _project(active, entering)
    if entering.rest_square < CANCELLED:
        _project(active, entering)
    for k, column in enumerate(active.inverse):
        _add(entering.composition, entering.share[k], column)


def _project(active: _Active, entering: _Entering) -> None:
    parts = [_dot(column, entering.rest) for column in active.basis]
    for k, part in enumerate(parts):
        entering.share[k] += part
        _add(entering.rest, -part, active.basis[k])
    entering.rest_square = _dot(entering.rest, entering.rest)


def _append(active: _Active, entering: _Entering) -> None:
    k = len(active.rows)
    inverse = 1.0 / math.sqrt(entering.rest_square)
    active.rows.append(entering.row)
    active.bounds.append(entering.bound)
    active.multiplier[k] = entering.multiplier
    active.normals.append(entering.normal)
    active.basis.append([value * inverse for value in entering.rest])
    column = [-(value * inverse) for value in entering.composition]
    column[k] = inverse
    active.inverse.append(column)


def _drop(active: _Active, k: int) -> None:
    """Turns the columns of Q and of the inverse so that row k of the inverse has nothing left but
    its last entry, and leaves that row and the last column out."""
    last = len(active.rows) - 1
    for i in range(k, last):
        left, right = active.inverse[i][k], active.inverse[i + 1][k]
        length = math.sqrt(left * left + right * right)
        cosine, sine = right / length, left / length
        for columns in (active.inverse, active.basis):
            one, other = columns[i], columns[i + 1]
            pairs = list(zip(one, other, strict=True))
            columns[i] = [cosine * a - sine * b for a, b in pairs]
            columns[i + 1] = [sine * a + cosine * b for a, b in pairs]
    for values in (active.rows, active.bounds, active.normals):
        del values[k]
    del active.basis[last], active.inverse[last]
    active.multiplier[k : last + 1] = [*active.multiplier[k + 1 : last + 1], 0.0]
    for column in active.inverse:
        column[k : last + 1] = [*column[k + 1 : last + 1], 0.0]


def _blocking(active: _Active, entering: _Entering) -> int | None:
    blocking, least = None, 0.0
    for k in range(len(active.rows)):
        if entering.composition[k] > BLOCKING:
            ratio = active.multiplier[k] / entering.composition[k]
            if blocking is None or ratio < least:
                blocking, least = k, ratio
    return blocking


def _move(active: _Active, entering: _Entering, length: float) -> None:
    for k, part in enumerate(entering.composition):
        left = active.multiplier[k] - length * part
        active.multiplier[k] = left if left > 0.0 else 0.0
    entering.multiplier += length


# ---- answers -----------------------------------------------------------------------------------


def _polish(active: _Active, size: int) -> None:
    """The optimum over the active rows as equations, without those whose multiplier turns out to
    be negative."""
    for _ in range(size + 1):
        _equate(active)
        least = -NOISE * _largest(active.multiplier)
        place = None
        for k in range(len(active.rows)):
            if active.multiplier[k] < least:
                least, place = active.multiplier[k], k
            active.multiplier[k] = active.multiplier[k] if active.multiplier[k] > 0.0 else 0.0
        if place is None:
            return
        _drop(active, place)


def _equate(active: _Active) -> None:
    width = len(active.command)
    active.command = active.proposed[:]
    active.multiplier = [0.0] * width
    shift = [0.0] * width
    for _ in range(2):
        missing = [0.0] * width
        for k, normal in enumerate(active.normals):
            missing[k] = active.bounds[k] - _dot(normal, active.command)
        for k, column in enumerate(active.inverse):
            part = _dot(column, missing)
            shift[k] += part
            _add(active.command, part, active.basis[k])
    for k, column in enumerate(active.inverse):
        _add(active.multiplier, -shift[k], column)


def _reported(active: _Active, weights: list[float], count: int) -> Vector:
    multipliers = [0.0] * count
    for k, row in enumerate(active.rows):
        multipliers[row] = active.multiplier[k] * math.sqrt(weights[row])
    return tuple(multipliers)


def _contradicts(active: _Active, entering: _Entering) -> bool:
    """Whether the contradiction is more than what rounding makes of rows that just meet."""
    total, size = entering.bound, abs(entering.bound)
    for k, bound in enumerate(active.bounds):
        total -= entering.composition[k] * bound
        size += abs(entering.composition[k] * bound)
    return total < -(NOISE * size)


def _contradiction(
    active: _Active, entering: _Entering, weights: list[float], count: int
) -> Vector:
    multipliers = [0.0] * count
    for k, row in enumerate(active.rows):
        part = entering.composition[k] * math.sqrt(weights[row])
        multipliers[row] = -part if part < 0.0 else 0.0
    multipliers[entering.row] = math.sqrt(weights[entering.row])
    return tuple(multipliers)


# ---- vectors -----------------------------------------------------------------------------------


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    """In four sums, as the C does so that neighbours can be added at once."""
    sums = [0.0, 0.0, 0.0, 0.0]
    for j, (a, b) in enumerate(zip(left, right, strict=True)):
        sums[j % 4] += a * b
    return (sums[0] + sums[1]) + (sums[2] + sums[3])


def _add(target: list[float], factor: float, vector: Sequence[float]) -> None:
    for j, value in enumerate(vector):
        target[j] += factor * value


def _largest(vector: Sequence[float]) -> float:
    largest = 0.0
    for value in vector:
        if abs(value) > largest:
            largest = abs(value)
    return largest
