"""A plan with numbers of few digits, slowed down a little to pay for the rounding."""

from __future__ import annotations

from fractions import Fraction

from verifier.core.motion import Affine, Cut, Motion, Piece, Plan

ZERO = Fraction(0)


def rounded(plan: Plan, digits: int, slack: Fraction) -> Plan:
    """The plan slowed down a little, its durations and velocities with few decimals."""
    if isinstance(plan, Cut):
        below, above = (rounded(part, digits, slack) for part in (plan.below, plan.above))
        return Cut(plan.axis, plan.bound, below, above)
    scale = 10**digits
    pieces: list[Piece] = []
    if not plan.pieces:
        return plan
    here = plan.pieces[0].points[0]
    width = len(here[0].linear)
    first = plan.pieces[0]
    rates = [
        _short(b, a, 2 / first.duration, None)
        for a, b in zip(first.points[0], first.points[1], strict=True)
    ]
    for number, piece in enumerate(plan.pieces, start=1):
        time = Fraction(-((-piece.duration * (1 + slack) * scale) // 1), scale)
        last = number == len(plan.pieces)
        following = [
            Affine(ZERO, (ZERO,) * width)
            if last
            else _short(b, a, 2 / (piece.duration * (1 + slack)), scale)
            for a, b in zip(piece.points[1], piece.points[2], strict=True)
        ]
        middle = tuple(_moved(a, time / 2, v) for a, v in zip(here, rates, strict=True))
        there = tuple(_moved(a, time / 2, v) for a, v in zip(middle, following, strict=True))
        pieces.append(Piece(time, 0, (here, middle, there)))
        here, rates = there, following
    return Motion(tuple(pieces))


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
