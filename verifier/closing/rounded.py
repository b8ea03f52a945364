"""A plan with numbers of few digits, slowed down a little to pay for the rounding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from verifier.core.motion import Affine, Cut, Motion, Piece, Plan

ZERO = Fraction(0)
SHORT = 10**6


@dataclass(frozen=True, slots=True)
class Rounding:
    """How many decimals, by how much slower, and what has to be added to an arrival so that it lies
    where it has to."""

    digits: int
    slack: Fraction
    onto: Callable[[list[Affine]], list[Affine]]


def rounded(plan: Plan, to: Rounding) -> Plan:
    """The plan slowed down a little, its durations and velocities with few decimals."""
    if isinstance(plan, Cut):
        below, above = (rounded(part, to) for part in (plan.below, plan.above))
        return Cut(plan.axis, plan.bound, below, above)
    if not plan.pieces:
        return plan
    scale, slower = 10**to.digits, 1 + to.slack
    first = plan.pieces[0]
    times = [Fraction(-((-p.duration * slower * scale) // 1), scale) for p in plan.pieces]
    rates = [[_short(b, a, 2 / first.duration, None) for a, b in _pairs(first.points[:2])]]
    for piece in plan.pieces[:-1]:
        factor = 2 / (piece.duration * slower)
        rates.append([_short(b, a, factor, scale) for a, b in _pairs(piece.points[1:])])
    width = len(first.points[0][0].linear)
    rates.append([Affine(ZERO, (ZERO,) * width)] * len(rates[0]))
    pieces = _driven(first.points[0], times, rates)
    shifts = to.onto(list(pieces[-1].points[-1]))
    knot = max(range(1, len(times)), key=lambda j: times[j - 1] + times[j], default=0)
    if knot and any(shift.constant or any(shift.linear) for shift in shifts):
        weight = (times[knot - 1] + times[knot]) / 2
        pairs = zip(rates[knot], shifts, strict=True)
        rates[knot] = [_moved(rate, 1 / weight, shift) for rate, shift in pairs]
        pieces = _driven(first.points[0], times, rates)
    return Motion(tuple(pieces))


def _pairs(points: Sequence[tuple[Affine, ...]]) -> Iterator[tuple[Affine, Affine]]:
    return zip(*points, strict=True)


def _driven(
    here: tuple[Affine, ...], times: Sequence[Fraction], rates: Sequence[Sequence[Affine]]
) -> list[Piece]:
    """The pieces that the table of times and velocities says."""
    pieces = []
    for time, (rate, following) in zip(times, pairwise(rates), strict=True):
        middle = tuple(_moved(a, time / 2, v) for a, v in zip(here, rate, strict=True))
        there = tuple(_moved(a, time / 2, v) for a, v in zip(middle, following, strict=True))
        pieces.append(Piece(time, 0, (here, middle, there)))
        here = there
    return pieces


def is_short(plan: Plan) -> bool:
    """Whether its durations and velocities have few digits as they are."""
    if isinstance(plan, Cut):
        return is_short(plan.below) and is_short(plan.above)
    values: list[Fraction] = []
    for piece in plan.pieces:
        values.append(piece.duration)
        for a, b in zip(piece.points[1], piece.points[2], strict=True):
            rate = _short(b, a, 2 / piece.duration, None)
            values += [rate.constant, *rate.linear]
    return all(max(abs(value.numerator), value.denominator) < SHORT for value in values)


def _short(one: Affine, other: Affine, factor: Fraction, scale: int | None) -> Affine:
    """`factor` times the difference, its numbers in parts of the scale where there is one."""

    def cut(value: Fraction) -> Fraction:
        return value if scale is None else Fraction(round(value * scale), scale)

    pairs = zip(one.linear, other.linear, strict=True)
    constant = factor * (one.constant - other.constant)
    return Affine(cut(constant), tuple(cut(factor * (a - b)) for a, b in pairs))


def _moved(point: Affine, factor: Fraction, by: Affine) -> Affine:
    linear = tuple(a + factor * b for a, b in zip(point.linear, by.linear, strict=True))
    return Affine(point.constant + factor * by.constant, linear)
