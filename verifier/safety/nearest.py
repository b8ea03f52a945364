"""The command nearest to a proposed one that keeps the rows of the arm within the joints' boxes.

With c = n . dp/dq, the way that a body makes towards its shape until it stands still is linear in
the next speeds w but for w^2 / 2a, whose tangent is taken. In one period the room that is left then
may shrink to no less than the share `keep` (the discrete class-K condition of Agrawal and Sreenath,
RSS 2017). Rows that no command in the box can violate are left out, which changes nothing.

The row is about that instant on the way to the stop at which least is left: joints that stop sooner
than others may lead a body past its shape. A row says what the gate would say, nearly: bodies leave
the straight lines that it speaks of, and the gate pays for what leaves a chord. So a body is asked
to stay away by the share TILT of what each joint's braking can move it at most, |c_k| <= r_k, and
by the `reserve` of its row: what braking for one period changes a joint's speed by, times the
period, times the reach. Both vanish from the sum where nothing has to brake; neither is part of
what makes a command safe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from verifier.safety.braking import Drive, Kind, clamped
from verifier.safety.clearance import Arm, body_row, strayed
from verifier.safety.gate import Look
from verifier.safety.qp import Answer, Problem, solve
from verifier.safety.qp_certify import certify

Vector = tuple[float, ...]
Limits = list[tuple[float, float]]

BOUNDED = 1024.0  # a proposal further outside than so many boxes counts as that far
TILT = 0.03125
INSTANTS = 8


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
    times = tuple(map(_time, drives, v))
    whole = tuple(map(_part, drives, v, times))
    moves = [
        _most(d, b, p, *limit) for d, b, p, limit in zip(drives, v, whole, limits, strict=True)
    ]
    tilts = tuple(map(_tilt, drives, v))
    instants: tuple[tuple[_Part, ...], ...] = ()
    ahead = [strayed(body.reach, [moves[d] for d in arm.joints]) for body in arm.bodies]
    before = [strayed(body.reach, [abs(whole[d].now) for d in arm.joints]) for body in arm.bodies]
    for number, (row, at) in enumerate(zip(arm.rows, look.rows, strict=True)):
        body = arm.bodies[row.body]
        share = 1.0 - row.keep
        room = at.room - row.reserve
        spare = share * room - row.margin
        if spare >= (1.0 + TILT) * (ahead[row.body] + share * before[row.body]):
            continue
        c = [0.0] * size
        for k, entry in enumerate(body_row(arm, look.screws, body, at.normal)):
            c[arm.joints[k]] = entry - tilts[arm.joints[k]] * body.reach[k]
        sizes = [moves[drive] + share * abs(whole[drive].now) for drive in arm.joints]
        if spare >= strayed([abs(c[drive]) for drive in arm.joints], sizes):
            continue
        instants = instants or _instants(drives, v, times)
        ways = [_way(c, parts) for parts in instants]
        parts = instants[ways.index(min(ways))]
        still, bound, most = room + min(ways), room - row.margin, 0.0
        normal: list[float] = []
        for j, part in enumerate(parts):
            bound += c[j] * part.fixed
            normal.append(-(c[j] * part.share))
            ends = (normal[j] * limits[j][0], normal[j] * limits[j][1])
            most += ends[0] if ends[0] > ends[1] else ends[1]
        bound -= row.keep * (still if still > 0.0 or row.reserve > 0.0 else 0.0)
        if most > bound:
            normals.append(tuple(normal))
            bounds.append(bound)
            numbers.append(number + 2 * size)
    return normals, bounds, numbers


@dataclass(frozen=True, slots=True)
class _Part:
    """What a joint does until an instant of its way to a stop: it moves by `fixed + share u`,
    about; by `now` if it braked from now on."""

    fixed: float
    share: float
    now: float


def _instants(drives: tuple[Drive, ...], v: Vector, times: Vector) -> tuple[tuple[_Part, ...], ...]:
    """The parts until all stands still, until half of that time, and so on down to a period."""
    instant = max(0.0, *times)
    found = [tuple(map(_part, drives, v, times))]
    for _ in range(INSTANTS - 1):
        instant = 0.5 * instant
        if not instant > drives[0].period:
            break
        cut = tuple(time if time < instant else instant for time in times)
        found.append(tuple(map(_part, drives, v, cut)))
    return tuple(found)


def _way(c: list[float], parts: tuple[_Part, ...]) -> float:
    total = 0.0
    for entry, part in zip(c, parts, strict=True):
        total += entry * part.now
    return total


def _slowing(drive: Drive, v: float) -> float:
    """The rate of braking that covers the way to the stop; a joint whose jerk J is limited gets
    v^2 / 2A + v A / 2J far if it reaches its A, else sqrt(v^3 / J)."""
    full = drive.slowing_down if v > 0.0 else drive.slowing_up
    if not drive.ramp > 0.0:
        return full
    jerk, size = drive.ramp / drive.period, abs(v)
    eased = full / (1.0 + full * full / (jerk * size)) if jerk * size >= full * full else 0.0
    if not eased > 0.0:
        eased = 0.5 * math.sqrt(jerk * size)
    return eased if eased > drive.ramp else drive.ramp


def _time(drive: Drive, v: float) -> float:
    """How long braking takes."""
    return 0.0 if drive.kind is Kind.FREE else abs(v) / _slowing(drive, v)


def _tilt(drive: Drive, v: float) -> float:
    """The share of the joint's way that a body stays away by, with the sign of the way."""
    if drive.kind is Kind.FREE or not abs(v) > _slowing(drive, v) * drive.period:
        return 0.0
    return TILT if v > 0.0 else -TILT


def _most(drive: Drive, v: float, part: _Part, low: float, high: float) -> float:
    """By how much the way to any instant of the stop may change in this period: linear in the
    instant and in the command, so the greatest of four."""
    soon = _part(drive, v, 0.0)
    most = 0.0
    for each in (part, soon):
        change = each.fixed - each.now
        for end in (low, high):
            size = abs(change + each.share * end)
            most = size if size > most else most
    return most


def _part(drive: Drive, v: float, time: float) -> _Part:
    """Until so long after the coming period, which is no longer than braking takes."""
    if drive.kind is Kind.FREE:
        return _Part(0.0, drive.ahead, 0.0)
    slowing = _slowing(drive, v)
    slowing = slowing if v > 0.0 else -slowing
    half = 0.5 * drive.period
    rest = 0.5 * slowing * time * time
    share = half + time
    if drive.kind is Kind.RATED:
        rest += half * slowing * time
        return _Part(half * v - rest, share, v * time - rest)
    return _Part((half * v - rest) + share * v, share * drive.period, v * time - rest)
