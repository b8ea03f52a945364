"""The gate: whether a state can be braked to a stop without coming too near to anything.

The whole way of every body is judged: first by how far the body can move at all (its reach times
the ways of the joints), then along 1, 4 and 16 chords between exact configurations; see
clearance.py for the bound between them. A row that one of these shows to be kept is not asked for
again. What is accepted is true of the way itself; what is refused may still be clear.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from verifier.safety.braking import Drive, Kind, periods_to_stop, travelled
from verifier.safety.clearance import (
    Arm,
    Point,
    Seen,
    bodies_at,
    centers_at,
    lowest,
    seen,
    strayed,
)
from verifier.safety.jerk import Plan, moved, way_of
from verifier.safety.straight import run

Vector = tuple[float, ...]

PIECES = (1, 4, 16)


@dataclass(frozen=True, slots=True)
class Look:
    """The configuration that a command meets: screws and centres, the bodies, what each row sees.
    Empty without an arm."""

    screws: dict[str, Vector]
    q: Vector
    points: tuple[Point, ...]
    rows: tuple[Seen, ...]


def look_at(arm: Arm | None, q: Vector) -> Look:
    if arm is None:
        return Look({}, q, (), ())
    screws = run(arm.kinematics.program, [q[drive] for drive in arm.joints])
    points = bodies_at(arm, screws["center"])
    return Look(screws, q, tuple(points), _seen(arm, points))


def _seen(arm: Arm, points: Sequence[Point]) -> tuple[Seen, ...]:
    return tuple(seen(arm.shapes[row.shape], points[row.body], row.least) for row in arm.rows)


@dataclass(frozen=True, slots=True)
class Stop:
    """A state, and how it comes to a stop; by its plan where the jerk of a joint is limited."""

    q: Vector
    v: Vector
    plans: tuple[Plan, ...]
    full: Vector
    periods: float

    @staticmethod
    def of(drives: tuple[Drive, ...], q: Vector, v: Vector, plans: tuple[Plan, ...]) -> Stop:
        full = tuple(
            plan.periods - 1.0 if drive.ramp > 0.0 else periods_to_stop(drive, pace)
            for drive, pace, plan in zip(drives, v, plans, strict=True)
        )
        longest = -1.0
        for drive, periods in zip(drives, full, strict=True):
            if drive.kind is not Kind.FREE and periods > longest:
                longest = periods
        return Stop(q, v, plans, full, longest + 1.0)


def clear(
    drives: tuple[Drive, ...],
    arm: Arm | None,
    look: Look,
    stop: Stop,
    reserve: Vector | None = None,
) -> bool:
    """Whether every row is kept from this state to where it stops, with this reserve for each."""
    if arm is None:
        return True
    more = reserve if reserve is not None else (0.0,) * len(arm.rows)
    end = _at(drives, stop, stop.periods)
    ways = _ways(drives, arm, look.q, stop, end)
    bounds = [strayed(body.reach, ways) for body in arm.bodies]
    open_rows = [
        k for k, row in enumerate(arm.rows) if not look.rows[k].room - bounds[row.body] >= more[k]
    ]
    for pieces in PIECES:
        open_rows = _left(drives, arm, stop, open_rows, more, pieces) if open_rows else []
    return not open_rows


def leaps(arm: Arm | None, look: Look, q: Vector) -> bool:
    """Whether the tip would go further in this period than it may."""
    if arm is None or arm.jump is None:
        return False
    ways = [abs(q[drive] - look.q[drive]) for drive in arm.joints]
    if strayed(arm.bodies[-1].reach, ways) <= arm.jump:
        return False
    here, there = look.points[-1], bodies_at(arm, centers_at(arm, q))[-1]
    x, y, z = there[0] - here[0], there[1] - here[1], there[2] - here[2]
    return not math.sqrt((x * x + y * y) + z * z) <= arm.jump


def _at(drives: tuple[Drive, ...], stop: Stop, periods: float) -> Vector:
    return tuple(
        q
        + (
            moved(drive, plan, v, periods)
            if drive.ramp > 0.0
            else travelled(drive, v, full, periods)
        )
        for drive, q, v, plan, full in zip(
            drives, stop.q, stop.v, stop.plans, stop.full, strict=True
        )
    )


def _ways(drives: tuple[Drive, ...], arm: Arm, q: Vector, stop: Stop, end: Vector) -> list[float]:
    """How far each moving joint goes at all, from q by way of the state to the end; a plan goes
    back first by what its furthest places are further apart than its ends."""
    ways = []
    for j in arm.joints:
        way = abs(end[j] - stop.q[j])
        if drives[j].ramp > 0.0:
            found = way_of(drives[j], stop.plans[j], stop.v[j])
            way = 2.0 * (found.highest - found.lowest) - way
        ways.append(abs(stop.q[j] - q[j]) + way)
    return ways


def _left(
    drives: tuple[Drive, ...], arm: Arm, stop: Stop, rows: list[int], reserve: Vector, pieces: int
) -> list[int]:
    """The rows that are not shown to be kept along so many chords of the way."""
    kept, left = rows, list[int]()
    before = stop.q
    points = bodies_at(arm, centers_at(arm, before))
    at = _seen_of(arm, points, kept)
    past = 0.0
    for piece in range(1, pieces + 1):
        periods = float(math.floor(stop.periods * float(piece) / float(pieces)))
        if piece < pieces and not periods > past:
            continue
        there = _at(drives, stop, periods)
        parts = _bends(drives, arm, before, there, periods - past)
        points_then = bodies_at(arm, centers_at(arm, there))
        then = _seen_of(arm, points_then, kept)
        for k in kept:
            body = arm.rows[k].body
            p, r = points[body], points_then[body]
            shift = (r[0] - p[0], r[1] - p[1], r[2] - p[2])
            least = lowest(at[k], then[k], shift)
            if not least - strayed(arm.bodies[body].reach, parts) >= reserve[k]:
                left.append(k)
        kept = [k for k in kept if k not in left]
        before, points, at, past = there, points_then, then, periods
    return left


def _seen_of(arm: Arm, points: Sequence[Point], rows: Sequence[int]) -> dict[int, Seen]:
    lines = ((k, arm.rows[k]) for k in rows)
    return {k: seen(arm.shapes[r.shape], points[r.body], r.least) for k, r in lines}


def _bends(
    drives: tuple[Drive, ...], arm: Arm, before: Vector, there: Vector, periods: float
) -> list[float]:
    """By how much each moving joint makes the bodies leave their chords, per reach."""
    parts: list[float] = []
    others = 0.0
    for drive in arm.joints:
        way = abs(there[drive] - before[drive])
        known = drives[drive]
        slowing = known.slowing_down if there[drive] > before[drive] else known.slowing_up
        time = periods * known.period
        if known.ramp > 0.0:
            most = -known.box_lower
            bend = 0.125 * (most if most > known.box_upper else known.box_upper) * time * time
        else:
            bend = 0.125 * slowing * time * time
            bend = way if way < bend else bend
        parts.append(bend + 0.125 * way * (2.0 * others + way))
        others += way
    return parts
