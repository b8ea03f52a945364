"""Where a plan leads from one start, exactly: Bezier curves by de Casteljau's algorithm."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from verifier.core.motion import Motion, Piece, Plan, Vector


def motion_for(plan: Plan, start: Vector) -> Motion:
    """The motion that the plan has for this start; at a cut itself the one below."""
    while not isinstance(plan, Motion):
        plan = plan.below if start[plan.axis] <= plan.bound else plan.above
    return plan


def position(plan: Plan, start: Vector, size: int, time: Fraction) -> Vector:
    """Where the start is after `time` seconds, 0 <= time; the last place where the motion is over.
    The first `size` coordinates of a start are its position."""
    begin = Fraction(0)
    last: Vector = start[:size]
    for piece in motion_for(plan, start).pieces:
        points = controls(piece, start)
        if time <= begin + piece.duration:
            return along(points, (time - begin) / piece.duration)
        begin += piece.duration
        last = points[-1]
    return last


def controls(piece: Piece, start: Vector) -> list[Vector]:
    """The control points of the piece from this start."""
    return [
        tuple(
            part.constant + sum((a * x for a, x in zip(part.linear, start, strict=True) if a))
            for part in point
        )
        for point in piece.points
    ]


def along(points: list[Vector], share: Fraction) -> Vector:
    """The point of the curve at this share of its time, in [0, 1]."""
    while len(points) > 1:
        points = [
            tuple((1 - share) * a + share * b for a, b in zip(one, other, strict=True))
            for one, other in pairwise(points)
        ]
    return points[0]
