"""A solved family of curves in rationals: durations and velocities rounded, positions their exact
sums, the arrival moved into the affine hull of the end set.

Inside, numbers are integers over one denominator: 1 / ROUNDING for durations, and for velocities
another one, `unit`, so that positions have 2 * ROUNDING * unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import TypeAlias

from verifier.core.exact import inverse, reduced
from verifier.core.motion import Affine, Motion, Piece, Polytope, Starts
from verifier.core.starts import around
from verifier.repair.family import CONSTANT, Frame, Solved, Task

ROUNDING = 10**12
ZERO = Fraction(0)

Vectors: TypeAlias = list[Affine]
Numbers: TypeAlias = list[int]
"""An affine function of the start: the factors, then the constant."""


def exact(task: Task, frame: Frame, solved: Solved, regions: Sequence[int]) -> Motion:
    """The motion in rationals."""
    durations = [round(d * ROUNDING) for d in solved.durations]
    unit = ROUNDING * lcm(*(x.denominator for x in frame.middle))
    knots = [[_rounded(form, frame, unit) for form in knot] for knot in solved.velocities]
    width, size = len(frame.middle), frame.size
    velocity = [_coordinate(size + k, width, unit) for k in range(size)] if task.moving else []
    knots[0] = velocity or [[0] * (width + 1)] * size
    knots[-1] = [[0] * (width + 1)] * size
    unit = _arriving(task, frame, durations, knots, unit)
    scale = 2 * ROUNDING * unit
    here = [_coordinate(axis, width, scale) for axis in range(size)]
    point = tuple(_affine(part, scale) for part in here)
    pieces = []
    for j, duration in enumerate(durations):
        middle = _moved(here, duration, knots[j])
        here = _moved(middle, duration, knots[j + 1])
        first, point = point, tuple(_affine(part, scale) for part in here)
        points = (first, tuple(_affine(part, scale) for part in middle), point)
        pieces.append(Piece(Fraction(duration, ROUNDING), regions[j], points))
    return Motion(tuple(pieces))


def _arriving(
    task: Task, frame: Frame, durations: list[int], knots: list[list[Numbers]], unit: int
) -> int:
    """Changes the velocities between start and end such that the motion arrives in the affine hull
    of the end set; the new unit of velocities."""
    size, width = frame.size, len(frame.middle)
    scale = 2 * ROUNDING * unit
    here = [_coordinate(axis, width, scale) for axis in range(size)]
    for j, duration in enumerate(durations):
        here = _moved(_moved(here, duration, knots[j]), duration, knots[j + 1])
    arrival = [_affine(part, scale) for part in here]
    shifts = onto(task.arrival, task.starts, task.rigid, arrival)
    free = Fraction(2 * sum(durations) - durations[0] - durations[-1], 2 * ROUNDING)
    changes = [[value / free for value in (*part.linear, part.constant)] for part in shifts]
    finer = lcm(unit, *(value.denominator for change in changes for value in change))
    for knot in knots[1:-1]:
        for axis, change in enumerate(changes):
            pairs = zip(knot[axis], change, strict=True)
            knot[axis] = [finer // unit * a + int(finer * b) for a, b in pairs]
    knots[0] = [[finer // unit * a for a in part] for part in knots[0]]
    return finer


def _moved(point: list[Numbers], duration: int, by: list[Numbers]) -> list[Numbers]:
    return [
        [a + duration * b for a, b in zip(part, velocity, strict=True)]
        for part, velocity in zip(point, by, strict=True)
    ]


def _coordinate(k: int, width: int, unit: int) -> Numbers:
    return [unit if k == other else 0 for other in range(width + 1)]


def _affine(part: Numbers, unit: int) -> Affine:
    values = [Fraction(a, unit) if a else ZERO for a in part]
    return Affine(values[-1], tuple(values[:-1]))


def _rounded(form: dict[int, float], frame: Frame, unit: int) -> Numbers:
    """The function of the start itself, from that of the normalized start."""
    part = [0] * (len(frame.middle) + 1)
    share = unit // ROUNDING
    part[-1] = round(form.get(CONSTANT, 0.0) * ROUNDING) * share
    for k, value in form.items():
        if k != CONSTANT:
            slope = round(value / float(frame.half[k]) * ROUNDING)
            part[k] = slope * share
            part[-1] -= int(slope * frame.middle[k] * share)
    return part


def _sum(parts: Sequence[tuple[Fraction, Affine]]) -> Affine:
    width = len(parts[0][1].linear)
    return Affine(
        sum((w * part.constant for w, part in parts), Fraction(0)),
        tuple(
            sum((w * part.linear[k] for w, part in parts if part.linear[k]), Fraction(0))
            for k in range(width)
        ),
    )


def onto(end: Polytope, starts: Starts, rigid: int, arrival: Vectors) -> Vectors:
    """What has to be added to the arrival so that it lies in the affine hull of the end set, as far
    as pairs of opposite rows with equal bounds show it."""
    sides = dict.fromkeys(zip(end.rows, end.bounds, strict=True))
    equal = {row: bound for row, bound in sides if (tuple(-a for a in row), -bound) in sides}
    zero = Affine(ZERO, (ZERO,) * len(arrival[0].linear))
    if not equal:
        return [zero] * len(arrival)
    echelon, _ = reduced([[*row, bound] for row, bound in equal.items()])
    rows = [row[:-1] for row in echelon if any(row[:-1])]
    bounds = [row[-1] for row in echelon if any(row[:-1])]
    size, width = len(arrival), len(zero.linear)
    fixed_parts = [
        Affine(Fraction(0), tuple(Fraction(k == axis) for k in range(width)))
        for axis in range(width - rigid, width)
    ]
    gram = inverse([[_dot(a[:size], b[:size]) for b in rows] for a in rows])
    fixed = _pinned(starts)
    misses = []
    for row, bound in zip(rows, bounds, strict=True):
        miss = _sum([(-a, part) for a, part in zip(row, (*arrival, *fixed_parts), strict=True)])
        constant = miss.constant + bound + sum(miss.linear[k] * value for k, value in fixed.items())
        linear = tuple(Fraction(0) if k in fixed else a for k, a in enumerate(miss.linear))
        misses.append(Affine(constant, linear))
    weights = [_sum(list(zip(line, misses, strict=True))) for line in gram]
    return [
        _sum([(row[axis], weight) for row, weight in zip(rows, weights, strict=True)])
        for axis in range(len(arrival))
    ]


def _pinned(starts: Starts) -> dict[int, Fraction]:
    """The coordinates that all starts share."""
    box = around(starts)
    pairs = enumerate(zip(box.lower, box.upper, strict=True))
    return {k: low for k, (low, high) in pairs if low == high}


def _dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0))
