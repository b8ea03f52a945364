"""The command nearest to a proposed one that keeps the rows of the arm within the joints' boxes.

With c = n . dp/dq, the way that a body makes towards its shape until it stands still is linear in
the next speeds w but for w^2 / 2a, whose tangent is taken. In one period the room that is left then
may shrink to no less than the share `keep` (the discrete class-K condition of Agrawal and Sreenath,
RSS 2017). Rows that no command in the box can violate are left out, which changes nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from verifier.safety.braking import Drive, Kind, clamped
from verifier.safety.clearance import Arm, body_row
from verifier.safety.gate import Look
from verifier.safety.qp import Answer, Problem, solve
from verifier.safety.qp_certify import certify

Vector = tuple[float, ...]
Limits = list[tuple[float, float]]

BOUNDED = 1024.0  # a proposal further outside than so many boxes counts as that far


def nearest(
    drives: tuple[Drive, ...],
    arm: Arm | None,
    look: Look,
    limits: Limits,
    proposed: Vector,
    v: Vector,
) -> tuple[Vector, Vector] | None:
    """The command and how far each row moved it; None if nothing is certified."""
    size = len(drives)
    if any(low > high for low, high in limits):
        return None
    wished = tuple(
        clamped(u, BOUNDED * drive.box_lower, BOUNDED * drive.box_upper)
        for drive, u in zip(drives, proposed, strict=True)
    )
    moved = [0.0] * (2 * size + (len(arm.rows) if arm else 0))
    normals, bounds, numbers = _rows(drives, arm, look, limits, v)
    if not numbers:
        command = tuple(clamped(u, *limit) for u, limit in zip(wished, limits, strict=True))
        for j in range(size):
            moved[j] = wished[j] - command[j] if wished[j] > command[j] else 0.0
            moved[size + j] = command[j] - wished[j] if wished[j] < command[j] else 0.0
        return command, tuple(moved)
    sides = [tuple(1.0 if k == j else 0.0 for k in range(size)) for j in range(size)]
    under = [tuple(-1.0 if k == j else 0.0 for k in range(size)) for j in range(size)]
    problem = Problem(
        wished,
        (*sides, *under, *normals),
        (*(high for _, high in limits), *(-low for low, _ in limits), *bounds),
    )
    solution = solve(problem)
    if solution.answer is not Answer.OPTIMAL or not certify(problem, solution):
        return None
    for place, number in enumerate((*range(2 * size), *numbers)):
        if solution.multipliers[place] > 0.0:
            square = 0.0
            for entry in problem.normals[place]:
                square += entry * entry
            moved[number] = solution.multipliers[place] * math.sqrt(square)
    command = tuple(clamped(u, *limit) for u, limit in zip(solution.command, limits, strict=True))
    return command, tuple(moved)


def _rows(
    drives: tuple[Drive, ...], arm: Arm | None, look: Look, limits: Limits, v: Vector
) -> tuple[list[Vector], list[float], list[int]]:
    """normal . u <= bound for each row of the arm that some command in the box would violate."""
    normals: list[Vector] = []
    bounds: list[float] = []
    numbers: list[int] = []
    if arm is None:
        return normals, bounds, numbers
    size = len(drives)
    parts = [_part(drive, b) for drive, b in zip(drives, v, strict=True)]
    moves = [_most(part, *limit) for part, limit in zip(parts, limits, strict=True)]
    for number, (row, at) in enumerate(zip(arm.rows, look.rows, strict=True)):
        body = arm.bodies[row.body]
        share = 1.0 - row.keep
        reach = 0.0
        for k, drive in enumerate(arm.joints):
            reach += body.reach[k] * (moves[drive] + share * abs(parts[drive].now))
        if share * at.room - row.margin >= reach:
            continue
        c = [0.0] * size
        for k, entry in enumerate(body_row(arm, look.screws, body, at.normal)):
            c[arm.joints[k]] = entry
        still, bound, most = at.room, at.room - row.margin, 0.0
        normal: list[float] = []
        for j, part in enumerate(parts):
            still += c[j] * part.now
            bound += c[j] * part.fixed
            normal.append(-(c[j] * part.share))
            ends = (normal[j] * limits[j][0], normal[j] * limits[j][1])
            most += ends[0] if ends[0] > ends[1] else ends[1]
        bound -= row.keep * (still if still > 0.0 else 0.0)
        if most > bound:
            normals.append(tuple(normal))
            bounds.append(bound)
            numbers.append(number + 2 * size)
    return normals, bounds, numbers


@dataclass(frozen=True, slots=True)
class _Part:
    """What a joint does until it stands still: it moves by `fixed + share u`, about; by `now` if it
    braked from now on."""

    fixed: float
    share: float
    now: float


def _most(part: _Part, low: float, high: float) -> float:
    """By how much the way to standing still may change in this period."""
    change = part.fixed - part.now
    one, other = abs(change + part.share * low), abs(change + part.share * high)
    return one if one > other else other


def _part(drive: Drive, v: float) -> _Part:
    if drive.kind is Kind.FREE:
        return _Part(0.0, drive.ahead, 0.0)
    slowing = drive.slowing_down if v > 0.0 else drive.slowing_up
    time = abs(v) / slowing
    rest = 0.5 * v * time
    half = 0.5 * drive.period
    if drive.kind is Kind.RATED:
        return _Part(-rest, half + time, rest - half * v)
    share = half + time
    return _Part((half * v - rest) + share * v, share * drive.period, rest)
