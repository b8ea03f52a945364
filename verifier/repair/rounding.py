"""A solved family of curves in rationals: durations and velocities rounded, positions their exact
sums, the arrival moved into the affine hull of the end set."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

from verifier.core.exact import inverse, reduced
from verifier.core.motion import Affine, Motion, Piece
from verifier.core.starts import around
from verifier.repair.family import CONSTANT, Frame, Solved, Task

ROUNDING = 10**12

Vectors: TypeAlias = list[Affine]


def exact(task: Task, frame: Frame, solved: Solved, regions: Sequence[int]) -> Motion:
    """The motion in rationals: velocities and durations rounded, positions their exact sums."""
    scale = Fraction(ROUNDING)
    durations = [Fraction(round(d * ROUNDING), ROUNDING) for d in solved.durations]
    width = len(frame.middle)
    units = [
        Affine(Fraction(0), tuple(Fraction(i == k) for i in range(width))) for k in range(width)
    ]
    zero = Affine(Fraction(0), (Fraction(0),) * width)
    velocities = [[_rounded(form, frame, scale) for form in knot] for knot in solved.velocities]
    velocities[0] = units[frame.size :] if task.moving else [zero] * frame.size
    velocities[-1] = [zero] * frame.size
    weights = [Fraction(0)] * len(velocities)
    for j, duration in enumerate(durations):
        weights[j] += duration / 2
        weights[j + 1] += duration / 2
    arrival = [
        _sum(
            [
                (Fraction(1), units[axis]),
                *((w, v[axis]) for w, v in zip(weights, velocities, strict=True)),
            ]
        )
        for axis in range(frame.size)
    ]
    free = sum(weights[1:-1], Fraction(0))
    for axis, shift in enumerate(_onto(task, arrival, zero)):
        for knot in velocities[1:-1]:
            knot[axis] = _sum([(Fraction(1), knot[axis]), (1 / free, shift)])
    pieces = []
    here = units[: frame.size]
    for j, duration in enumerate(durations):
        half = duration / 2
        middle = _moved(here, half, velocities[j])
        there = _moved(middle, half, velocities[j + 1])
        points = (tuple(here), tuple(middle), tuple(there))
        pieces.append(Piece(duration, regions[j], points))
        here = there
    return Motion(tuple(pieces))


def _moved(point: Vectors, factor: Fraction, by: Vectors) -> Vectors:
    return [_sum([(Fraction(1), a), (factor, b)]) for a, b in zip(point, by, strict=True)]


def _rounded(form: dict[int, float], frame: Frame, scale: Fraction) -> Affine:
    """The function of the start itself, from that of the normalized start."""
    linear = [Fraction(0)] * len(frame.middle)
    constant = Fraction(round(form.get(CONSTANT, 0.0) * float(scale))) / scale
    for k, value in form.items():
        if k != CONSTANT:
            linear[k] = Fraction(round(value / float(frame.half[k]) * float(scale))) / scale
            constant -= linear[k] * frame.middle[k]
    return Affine(constant, tuple(linear))


def _sum(parts: Sequence[tuple[Fraction, Affine]]) -> Affine:
    width = len(parts[0][1].linear)
    return Affine(
        sum((w * part.constant for w, part in parts), Fraction(0)),
        tuple(
            sum((w * part.linear[k] for w, part in parts if part.linear[k]), Fraction(0))
            for k in range(width)
        ),
    )


def _onto(task: Task, arrival: Vectors, zero: Affine) -> Vectors:
    """What has to be added to the arrival so that it lies in the affine hull of the end set, as far
    as pairs of opposite rows with equal bounds show it."""
    equal = {
        row: bound
        for row, bound in zip(task.end.rows, task.end.bounds, strict=True)
        if (tuple(-a for a in row), -bound) in zip(task.end.rows, task.end.bounds, strict=True)
    }
    if not equal:
        return [zero] * len(arrival)
    echelon, _ = reduced([[*row, bound] for row, bound in equal.items()])
    rows = [row[:-1] for row in echelon if any(row[:-1])]
    bounds = [row[-1] for row in echelon if any(row[:-1])]
    size, width = len(arrival), len(zero.linear)
    fixed_parts = [
        Affine(Fraction(0), tuple(Fraction(k == axis) for k in range(width)))
        for axis in range(width - task.rigid, width)
    ]
    gram = inverse([[_dot(a[:size], b[:size]) for b in rows] for a in rows])
    fixed = _pinned(task)
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


def _pinned(task: Task) -> dict[int, Fraction]:
    """The coordinates that all starts share."""
    starts = task.starts
    box = around(starts)
    pairs = enumerate(zip(box.lower, box.upper, strict=True))
    return {k: low for k, (low, high) in pairs if low == high}


def _dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0))
