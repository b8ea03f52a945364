"""From a set of starts into a set of ends: a family of motions, a proof that there is none, or why
neither was found.

The quick reasons come first, then the cells (is there a path at all), then motions along the best
few routes. A start set that no single motion serves is cut in halves, and each half gets its own.
What is found is shown to the judges that are passed in; what they do not accept is not returned.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

from verifier.core.cell import inside
from verifier.core.linear import Series
from verifier.core.motion import (
    Barrier,
    Box,
    Cut,
    Family,
    Impossible,
    Motion,
    NoEnd,
    Plan,
    Polytope,
    Problem,
    Region,
    Starts,
    Vector,
)
from verifier.core.starts import around
from verifier.repair.curve import fastest, gentlest
from verifier.repair.family import Task
from verifier.repair.geometry import (
    box_shape,
    common_part,
    holds_box,
    limits,
    sides,
    sides_that_matter,
)
from verifier.repair.refusal import bounds, corners, faults, quick, rounded, seen, surely
from verifier.repair.route import Web, connected, distance, routes, web
from verifier.repair.space import Landscape, extent, landscape
from verifier.repair.straight import straight

CUTS_DEEP = 3
CORNERS_SEEN = 16
LEISURE = Fraction(3, 2)
THIN = Fraction(1, 1000)
CLOSE = 1.05  # to what is about the least time; no further route is tried
HOPELESS = 1.4  # times the best so far, before any improvement


class Aim(enum.Enum):
    """What a motion should have the least of: time, or effort within the time allowed (without
    one, within LEISURE times the least time)."""

    TIME = "time"
    EFFORT = "effort"


@dataclass(frozen=True, slots=True)
class Found:
    """A family that the judge accepts."""

    family: Family


@dataclass(frozen=True, slots=True)
class Refuted:
    """That no motion serves every start, with a proof that the judge accepts."""

    proof: Impossible


@dataclass(frozen=True, slots=True)
class Undecided:
    reason: str


Answer: TypeAlias = Found | Refuted | Undecided


@dataclass(frozen=True, slots=True)
class Tools:
    """Who solves linear programs, who accepts a family, and who accepts a proof that there is
    none. The last two are told the problem, too."""

    series: Series
    accepts: Callable[[Problem, Family], bool]
    refutes: Callable[[Problem, Impossible], bool]
    aim: Aim = Aim.TIME


def transition(problem: Problem, tools: Tools) -> Answer:
    """A family of motions for every start, or why there is none."""
    fault = next(faults(problem), None)
    if fault is not None:
        return Undecided(fault.message)
    for proof in quick(problem):
        if tools.refutes(problem, proof):
            return Refuted(proof)
    sure = landscape(surely(problem))
    threads = web(problem, sure)
    for corner in _telling(problem, sure):
        if connected(sure, threads, seen(problem, corner)) is False:
            proof = Barrier(corner, sure.tree, 1)
            if tools.refutes(problem, proof):
                return Refuted(proof)
    land = landscape(problem) if rounded(problem) else sure
    net = web(problem, land) if rounded(problem) else threads
    whole = _plans(problem, land, net, tools, 0)
    if isinstance(whole, str):
        for proof in bounds(problem, sure, threads):
            if tools.refutes(problem, proof):
                return Refuted(proof)
    plans = _plans(problem, land, net, tools, CUTS_DEEP) if isinstance(whole, str) else whole
    if isinstance(plans, str):
        return Undecided(plans)
    if tools.accepts(problem, plans):
        return Found(plans)
    return Undecided("the motion that was found is not accepted by the judge")


def _telling(problem: Problem, land: Landscape) -> list[Vector]:
    """Corners of the starts that tell whether all of them are connected to the end: one where all
    lie in one cell."""
    found = list(corners(problem))
    low, high = limits([seen(problem, corner) for corner in found])
    near = any(holds_box(area.rows, low, high, land.tolerance) for area in land.areas)
    return found[:1] if near else found


def served(problem: Problem, tools: Tools, deep: int = CUTS_DEEP) -> tuple[Problem, Family] | None:
    """The part of the starts that is served, with its motions: the problem with these starts alone,
    in boxes that were cut at most `deep` times. None if it is empty."""
    parts: list[Starts] = []
    plans: list[Plan] = []
    regions: list[Region] = []
    todo = [(starts, deep) for starts in reversed(problem.starts)]
    while todo:
        starts, left = todo.pop()
        part = replace(problem, starts=(starts,))
        answer = transition(part, tools) if left == deep or not _hopeless(part, tools) else None
        if isinstance(answer, Found):
            parts.append(starts)
            plans.append(_shifted(answer.family.plans[0], len(regions)))
            regions.extend(answer.family.regions)
        elif left and isinstance(starts, Box):
            axis, bound = _beside(problem, starts) or _longest(problem, starts)
            halves = _halves(starts, axis, bound)
            todo.extend((half, left - 1) for half in reversed(halves))
    if not parts:
        return None
    return replace(problem, starts=tuple(parts)), Family(tuple(regions), tuple(plans))


def _hopeless(problem: Problem, tools: Tools) -> bool:
    """Whether every corner alone is refuted at once."""
    singles = [replace(problem, starts=(Box(start, start),)) for start in corners(problem)]
    return all(
        any(tools.refutes(single, proof) for proof in quick(single) if proof != NoEnd())
        for single in singles
    )


# ---- motions -----------------------------------------------------------------------------------


def _plans(problem: Problem, land: Landscape, net: Web, tools: Tools, deep: int) -> Family | str:
    """A family of plans within the time, each start set halved at most `deep` times, or why none
    was found."""
    regions: list[Region] = []
    plans: list[Plan] = []
    for starts in problem.starts:
        found = _plan(problem, land, net, tools, starts, deep)
        if isinstance(found, str):
            return found
        plan, used = found
        plans.append(_shifted(plan, len(regions)))
        regions.extend(used)
    return Family(tuple(regions), tuple(plans))


Planned: TypeAlias = tuple[Plan, tuple[Region, ...]]


def _plan(
    problem: Problem, land: Landscape, net: Web, tools: Tools, starts: Starts, deep: int
) -> Planned | str:
    """A plan and its regions, or why there is none."""
    best: tuple[Motion, tuple[Region, ...]] | None = None
    least = _least(problem, land, net, starts)
    allowed = problem.duration_max
    for regions in routes(problem, land, net, starts):
        limit = HOPELESS * float(best[0].duration) if best else float("inf")
        motion = _motion(problem, land, tools, starts, regions, limit)
        if motion is not None and (best is None or motion.duration < best[0].duration):
            best = motion, regions
        in_time = best is not None and (allowed is None or best[0].duration <= allowed)
        if best is not None and in_time and float(best[0].duration) <= CLOSE * least:
            break
    if best is not None and (allowed is None or best[0].duration <= allowed):
        return best if tools.aim is Aim.TIME else _gentler(problem, land, tools, starts, best)
    if deep == 0 or not isinstance(starts, Box) or starts.lower == starts.upper:
        if best is None:
            return "no motion was found through the regions that were tried"
        return (
            f"the fastest motion that was found takes {float(best[0].duration):.4g} s, "
            f"and {float(allowed or 0):.4g} s are allowed"
        )
    axis, bound = _longest(problem, starts)
    below, above = _halves(starts, axis, bound)
    one = _plan(problem, land, net, tools, below, deep - 1)
    if isinstance(one, str):
        return one
    other = _plan(problem, land, net, tools, above, deep - 1)
    if isinstance(other, str):
        return other
    shifted = _shifted(other[0], len(one[1]))
    return Cut(axis, bound, one[0], shifted), (*one[1], *other[1])


def _motion(
    problem: Problem,
    land: Landscape,
    tools: Tools,
    starts: Starts,
    regions: tuple[Region, ...],
    limit: float,
) -> Motion | None:
    if _stays(problem, starts, regions):
        return Motion(())
    allowed = problem.duration_max
    in_time = float("inf") if allowed is None else float(allowed)
    task = _task(problem, land, starts, regions)
    return straight(task, allowed) or fastest(task, tools.series(), in_time, limit)


def _task(problem: Problem, land: Landscape, starts: Starts, regions: tuple[Region, ...]) -> Task:
    return Task(
        starts,
        tuple(_without_needless(region.body, land) for region in regions),
        problem.end,
        problem.speed_max,
        problem.acceleration_max,
        problem.moving,
        100 * land.tolerance,
        problem.rigid,
        along_one_axis(problem, starts),
    )


def _gentler(
    problem: Problem,
    land: Landscape,
    tools: Tools,
    starts: Starts,
    best: tuple[Motion, tuple[Region, ...]],
) -> tuple[Motion, tuple[Region, ...]]:
    """A motion of less effort through the same regions, in the time allowed, or the same motion."""
    motion, regions = best
    if not motion.pieces:
        return best
    duration = problem.duration_max or LEISURE * motion.duration
    task = _task(problem, land, starts, regions)
    gentle = gentlest(task, tools.series(), float(duration) * (1 - 1e-9))
    return (gentle, regions) if gentle else best


def _without_needless(body: Polytope, land: Landscape) -> Polytope:
    """The same body, as it is seen, with the rows that matter; as it is where it looks empty."""
    rows = sides(body)
    size = len(land.low)
    shape = common_part(box_shape(land.low, land.high), rows, land.tolerance) if size < 4 else None
    if shape is None:
        return body
    kept = sides_that_matter(shape, rows, land.tolerance)
    return Polytope(tuple(body.rows[i] for i in kept), tuple(body.bounds[i] for i in kept))


def _stays(problem: Problem, starts: Starts, regions: tuple[Region, ...]) -> bool:
    """Whether every start is in the end set already, at rest, inside the first region."""
    if problem.moving:
        return False
    ends = list(corners(replace(problem, starts=(starts,))))
    here = [end[: problem.space.dimension] for end in ends]
    return inside(ends, problem.end) and inside(here, regions[0].body)


def _least(problem: Problem, land: Landscape, net: Web, starts: Starts) -> float:
    """About the least time that the furthest start needs; 0 where no path is seen."""
    ends = list(corners(replace(problem, starts=(starts,))))
    ends = ends[:: max(1, len(ends) // CORNERS_SEEN)]
    way = max(distance(land, net, seen(problem, corner)) for corner in ends)
    pairs = zip(problem.speed_max, problem.acceleration_max, strict=True)
    ramp = min(float(v / a) for v, a in pairs)
    return 0.0 if way == float("inf") else max(_ramped(way, ramp), along_one_axis(problem, starts))


def along_one_axis(problem: Problem, starts: Starts) -> float:
    """What the furthest start needs along one axis alone, from rest to rest."""
    if problem.moving or problem.rigid:
        return 0.0
    size, box = problem.space.dimension, around(starts)
    low, high = extent(problem.end, size)
    limits = zip(problem.speed_max, problem.acceleration_max, strict=True)
    sides = zip(box.lower, box.upper, low, high, limits, strict=True)
    times = [0.0]
    for first, last, below, above, (speed, acceleration) in sides:
        ways = [below - first if below is not None else 0, last - above if above is not None else 0]
        times.append(_ramped(float(max(*ways, 0) / speed), float(speed / acceleration)))
    return max(times)


def _ramped(way: float, ramp: float) -> float:
    """How long a way takes, in seconds at full speed, that is reached in `ramp` seconds."""
    return way + ramp if way >= ramp else 2 * (way * ramp) ** 0.5


def _longest(problem: Problem, starts: Box) -> tuple[int, Fraction]:
    """The axis along which the box is longest, in time, and its middle there."""
    scales = (*problem.speed_max, *problem.acceleration_max)
    spans = [
        (high - low) / scales[axis]
        for axis, (low, high) in enumerate(zip(starts.lower, starts.upper, strict=True))
        if axis < len(starts.lower) - problem.rigid
    ]
    axis = max(range(len(spans)), key=lambda k: spans[k])
    return axis, (starts.lower[axis] + starts.upper[axis]) / 2


def _beside(problem: Problem, starts: Box) -> tuple[int, Fraction] | None:
    """Where to cut the box beside an obstacle that it meets, so that most of it is beyond."""
    best: tuple[Fraction, int, Fraction] | None = None
    for solid in problem.space.obstacles:
        columns = list(zip(*solid.vertices, strict=True))
        sides = list(zip(starts.lower, starts.upper, strict=False))[: len(columns)]
        ranges = [
            (min(c), max(c), low, high) for c, (low, high) in zip(columns, sides, strict=True)
        ]
        if any(first > high or last < low for first, last, low, high in ranges):
            continue
        for axis, (first, last, low, high) in enumerate(ranges):
            thin = problem.space.clearance + solid.radius + (high - low) * THIN
            for bound, share in ((first - thin, first - low), (last + thin, high - last)):
                if low < bound < high and (best is None or share / (high - low) > best[0]):
                    best = share / (high - low), axis, bound
    return None if best is None else (best[1], best[2])


def _halves(starts: Box, axis: int, bound: Fraction) -> tuple[Box, Box]:
    upper = (*starts.upper[:axis], bound, *starts.upper[axis + 1 :])
    lower = (*starts.lower[:axis], bound, *starts.lower[axis + 1 :])
    return Box(starts.lower, upper), Box(lower, starts.upper)


def _shifted(plan: Plan, by: int) -> Plan:
    """The plan with its regions counted from `by`."""
    if isinstance(plan, Motion):
        pieces = (replace(piece, region=piece.region + by) for piece in plan.pieces)
        return Motion(tuple(pieces))
    return Cut(plan.axis, plan.bound, _shifted(plan.below, by), _shifted(plan.above, by))
