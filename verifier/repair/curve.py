"""The fastest family of curves through a given sequence of convex regions, by linear programs.

Each region is passed in a few quadratic Bezier pieces with middle control points M_j and durations
tau_j, so that acceleration is constant on a piece and the hodograph's hull is exact. The curve is a
quadratic spline (de Boor, A practical guide to splines, 1978, chapter IX): the knots Q_j and the
velocities V_j there follow from the middle points, with s_j = tau_(j-1) + tau_j,

    V_j = 2 (M_j - M_(j-1)) / s_j,   Q_j = (tau_j M_(j-1) + tau_(j-1) M_j) / s_j,
    |V_j| <= v,   |V_(j+1) - V_j| <= a tau_j,   M_j in the region of piece j;

M_0 is the start, moved on by tau_0 V_0 / 2, and M_(n-1) the end. A knot lies between its
neighbours, so that only where a region is left it has to lie in both. The M_j are affine in the
start, and every inequality holds for every vertex of the start set; from region number
FEEDBACK_REGIONS on all starts move as one.
For fixed shares phi_j = tau_j / T and W = T V this is linear but
for T^2 in |W_(j+1) - W_j| <= a phi_j T^2, which is replaced by its tangent from below,
2 T' T - T'^2 <= T^2; Newton's iteration on T' ends at the least T. Between such solutions the
shares are improved by a step of sequential linear programming in a trust region (Nocedal and
Wright, Numerical Optimization, 18.5). What comes out is rounded to rationals such that knots and
joints are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from verifier.core.linear import INFINITY, Minimize, Optimum, Program
from verifier.core.motion import Motion
from verifier.core.starts import around
from verifier.repair.family import Frame, Solved, Task, frame_of
from verifier.repair.rounding import exact
from verifier.repair.stated import Known, Line, Stated, Unknown, scaled, value

PIECES_PER_REGION = 3
BRAKING_PIECES = (3, 9)  # the second where a start is so near to a wall that the first fail
RAMPS_MAX = 5
THIN = Fraction(1, 10_000)  # of the widest coordinate of the starts: nothing depends on it
RAMP_MOST = 0.4  # of the time in a region
NEWTON_STEPS = 8
CONVERGED = 5e-3  # the error that is left is of the order of its square
TRUST_FIRST = 0.5
TRUST_LEAST = 0.04
IMPROVEMENTS_MAX = 12
SLOW = 5e-3  # a gain for which the trust region was too large
ENOUGH = 4e-3  # a gain that is not worth another step
SHORTEST = 1e-4  # of the whole duration; a piece is never shorter


@dataclass(frozen=True, slots=True)
class Parts:
    """Durations of the pieces, and the number of the region of each."""

    durations: tuple[float, ...]
    regions: tuple[int, ...]

    def leaves(self, j: int) -> bool:
        """Whether piece j ends where one region hands over to the next."""
        return j + 1 < len(self.regions) and self.regions[j + 1] != self.regions[j]


def fastest(
    task: Task, minimize: Minimize, in_time: float, hopeless: float = INFINITY
) -> Motion | None:
    """The family of least duration that was found, sought longer while it takes more than `in_time`
    seconds; None if there is none for this sequence, or the first that is found takes longer than
    `hopeless` seconds."""
    whole = frame_of(task)
    few = whole.narrowed(THIN)
    for frame in (whole,) if few.wide == whole.wide else (few, whole):
        found = _search(task, frame, minimize, in_time, hopeless)
        if found is not None:
            return exact(task, frame, *found)
    return None


def gentlest(task: Task, minimize: Minimize, duration: float) -> Motion | None:
    """The family of least effort that was found for this duration in seconds, the pieces' times in
    the proportion of the fastest one; None if there is none."""
    frame = frame_of(task)
    found = _search(task, frame, minimize, duration, INFINITY)
    if found is None or found[0].total > duration:
        return None
    shares = Parts(tuple(time / found[0].total for time in found[0].durations), found[1])
    gentle = _gentle(task, frame, shares, duration, minimize)
    return exact(task, frame, gentle, shares.regions) if gentle else None


def _search(
    task: Task, frame: Frame, minimize: Minimize, in_time: float, hopeless: float
) -> tuple[Solved, tuple[int, ...]] | None:
    """The fastest family, and the number of each piece's region."""
    begun = _begun(task, frame, minimize)
    if begun is None or begun[0].total > hopeless:
        return None
    best, parts = begun
    trust = TRUST_FIRST
    for _ in range(IMPROVEMENTS_MAX):
        if trust < TRUST_LEAST or best.total <= task.least * (1 + ENOUGH):
            break
        enough = ENOUGH if best.total <= in_time else ENOUGH / 10
        parts = Parts(tuple(best.durations), parts.regions)
        moved = _improved(task, frame, best, parts, trust, minimize)
        if moved and sum(moved.durations) > best.total * (1 - enough):
            break
        better = moved and _with_shares(task, frame, moved, minimize)
        if better and better.total < best.total * (1 - enough / 10):
            gain = 1 - better.total / best.total
            best = better
            if gain < enough:
                break
            trust = trust / 2 if gain < SLOW else trust
        else:
            trust /= 3
    return best, parts.regions


def _begun(task: Task, frame: Frame, minimize: Minimize) -> tuple[Solved, Parts] | None:
    """The first family, and the parts that it was found for."""
    for count in BRAKING_PIECES if task.moving else BRAKING_PIECES[:1]:
        parts = _first_parts(task, frame, minimize, count)
        first = parts and _with_shares(task, frame, parts, minimize)
        if parts and first:
            return first, parts
    return None


def _first_parts(task: Task, frame: Frame, minimize: Minimize, braking_pieces: int) -> Parts | None:
    """Durations of a polygon through the regions at full speed, with time to speed up and brake."""
    stated = Stated(Program(), frame)
    legs: list[int] = []
    here = stated.start()
    for k, region in enumerate(frame.rooms):
        there = stated.point(k)
        if k + 1 < len(frame.rooms):
            stated.inside(there, region)
            stated.inside(there, frame.rooms[k + 1])
        else:
            stated.inside(there, frame.goal)
        leg = stated.program.column(0.0, INFINITY, 1.0)
        for axis, speed in enumerate(task.speed_max):
            step = there[axis] + scaled(-1.0, here[axis])
            stated.between(step, [(leg, float(speed))])
        here = there
        legs.append(leg)
    solution = minimize(stated.program)
    if not isinstance(solution, Optimum):
        return None
    times = [solution.point[leg] for leg in legs]
    pairs = zip(task.speed_max, task.acceleration_max, strict=True)
    ramps = sorted({float(v / a) for v, a in pairs})
    if len(times) > 1 or len(ramps) > RAMPS_MAX:
        ramps = ramps[-1:]
    if len(times) == 1 and task.least > ramps[-1]:
        times = [task.least - ramps[-1]]
    whole = sum(times) + ramps[-1]
    least = whole / (8 * len(times))
    durations: list[float] = []
    regions: list[int] = []
    braking = _braking(task, braking_pieces)
    first = [*braking, *(r for r in ramps if not braking or r > braking[-1])]
    for k, time in enumerate(times):
        last = k + 1 == len(times)
        ends = (k == 0) + last
        whole = max(time, least) + ends * ramps[-1] / 2 + (braking[-1] if braking and not k else 0)
        parts = _parts(whole, first if k == 0 else [], ramps if last else [])
        durations += parts
        regions += [k] * len(parts)
    return Parts(tuple(durations), tuple(regions))


def _parts(time: float, first: Sequence[float], last: Sequence[float]) -> list[float]:
    """The time in a region in parts: an axis stops accelerating at its ramp."""

    def steps(ramps: Sequence[float]) -> list[float]:
        share = min(1.0, RAMP_MOST * time / ramps[-1]) if ramps else 0.0
        return [share * (b - a) for a, b in pairwise((0.0, *ramps))]

    before, after = steps(first), steps(last)[::-1]
    rest = time - sum(before) - sum(after)
    count = max(PIECES_PER_REGION - len(before) - len(after), 1)
    return [*before, *([rest / count] * count), *after]


def _braking(task: Task, count: int) -> list[float]:
    """Times in which the fastest start can be brought to rest, and before: the hull of the control
    points is near to the curve only if pieces are short."""
    if not task.moving:
        return []
    size, box = len(task.speed_max), around(task.starts)
    sides = zip(box.lower[size : 2 * size], box.upper[size : 2 * size], strict=True)
    speeds = [max(abs(low), abs(high)) for low, high in sides]
    longest = float(max(v / a for v, a in zip(speeds, task.acceleration_max, strict=True)))
    return [longest * k / count for k in range(1, count + 1)] if longest else []


def _with_shares(task: Task, frame: Frame, parts: Parts, minimize: Minimize) -> Solved | None:
    """The least time with the durations in this proportion."""
    guess = sum(parts.durations)
    shares = Parts(tuple(duration / guess for duration in parts.durations), parts.regions)
    fixed = _fixed(task, frame, shares)
    solved: Solved | None = None
    for _ in range(NEWTON_STEPS):
        step = fixed.solved(shares, guess, minimize)
        if step is None:
            return solved
        solved = step
        if abs(step.total - guess) <= CONVERGED * guess:
            return solved
        guess = step.total
    return solved if solved and solved.total <= guess * (1 + 1e-6) else None


@dataclass(slots=True)
class _Fixed:
    """The program for fixed shares: its columns of the whole time and of its square, the row that
    ties them, the rates at the knots, and the changes of rate with their axes."""

    stated: Stated
    whole: int
    square: int
    tie: int
    rates: list[list[Line]]
    changes: list[tuple[int, Line]]

    def solved(self, shares: Parts, guess: float, minimize: Minimize) -> Solved | None:
        """The least time with the tangent at the guess for the square of it."""
        program = self.stated.program
        program.coefficients[program.starts[self.tie] + 1] = -2 * guess
        program.low[self.tie] = program.high[self.tie] = -guess * guess
        solution = minimize(program)
        if not isinstance(solution, Optimum) or solution.point[self.whole] <= 0:
            return None
        total = solution.point[self.whole]
        velocities = [
            [value(scaled(1 / total, rate), solution.point) for rate in knot] for knot in self.rates
        ]
        return Solved([share * total for share in shares.durations], velocities)


def _gentle(
    task: Task, frame: Frame, shares: Parts, duration: float, minimize: Minimize
) -> Solved | None:
    """The least sum over the axes of all changes of velocity, each over the greatest allowed
    acceleration, for the worst start of each change, in exactly this time."""
    fixed = _fixed(task, frame, shares)
    program = fixed.stated.program
    program.cost[fixed.whole] = 0.0
    program.lower[fixed.whole] = program.upper[fixed.whole] = duration
    for axis, change in fixed.changes:
        effort = program.column(0.0, INFINITY, 1 / float(task.acceleration_max[axis]))
        fixed.stated.between(change, [(effort, 1.0)])
    return fixed.solved(shares, duration, minimize)


def _fixed(task: Task, frame: Frame, shares: Parts) -> _Fixed:
    stated = Stated(Program(), frame)
    whole = stated.program.column(0.0, INFINITY, 1.0)
    square = stated.program.column()
    tie = stated.program.row([square, whole], [1.0, 0.0], 0.0, 0.0)
    times, size = shares.durations, frame.size
    still: list[Line] = [[] for _ in range(size)]
    rate = [stated.given(size + k, whole) for k in range(size)] if task.moving else still
    start = stated.start()
    first = [q + scaled(times[0] / 2, w) for q, w in zip(start, rate, strict=True)]
    middles = _middles(stated, shares, first)
    rates = [rate]
    changes: list[tuple[int, Line]] = []
    for j, share in enumerate(times):
        last = j + 1 == len(times)
        following = still
        if not last:
            factor = 2 / (share + times[j + 1])
            pairs = zip(middles[j], middles[j + 1], strict=True)
            following = [scaled(factor, there + scaled(-1.0, here)) for here, there in pairs]
        for axis in range(size):
            change = following[axis] + scaled(-1.0, rates[j][axis])
            most = float(task.acceleration_max[axis]) * (1 - 1e-7) * share
            stated.between(change, [(square, most)])
            changes.append((axis, change))
            if not last:
                speed = float(task.speed_max[axis]) * (1 - 1e-7)
                stated.between(following[axis], [(whole, speed)])
        if shares.leaves(j):
            weight = share / (share + times[j + 1])
            pairs = zip(middles[j], middles[j + 1], strict=True)
            knot = [scaled(1 - weight, here) + scaled(weight, there) for here, there in pairs]
            stated.inside(knot, frame.rooms[shares.regions[j]])
            stated.inside(knot, frame.rooms[shares.regions[j + 1]])
        rates.append(following)
    return _Fixed(stated, whole, square, tie, rates, changes)


def _middles(stated: Stated, parts: Parts, first: list[Line]) -> list[list[Line]]:
    """The middle control points of the pieces: the first is known or nearly so, the last one is the
    end."""
    frame = stated.frame
    middles = [first, *(stated.point(leg) for leg in parts.regions[1:])]
    for middle, leg in zip(middles[:-1], parts.regions, strict=False):
        if any(isinstance(part, Unknown) or part.column is not None for _, part in middle[0]):
            stated.inside(middle, frame.rooms[leg])
    stated.inside(middles[-1], frame.goal)
    return middles


def _improved(
    task: Task, frame: Frame, old: Solved, parts: Parts, trust: float, minimize: Minimize
) -> Parts | None:
    """Durations near the old ones that are shorter in total, to first order."""
    stated = Stated(Program(), frame)
    size, times = frame.size, old.durations
    shortest = SHORTEST * old.total
    columns = [
        stated.program.column(
            max((1 - trust) * time, shortest),
            time + max(trust * time, 0.02 * old.total * trust),
            1.0,
        )
        for time in times
    ]
    start = stated.start()
    first = start
    if task.moving:
        rate = [stated.given(size + axis, columns[0]) for axis in range(size)]
        first = [q + scaled(0.5, w) for q, w in zip(start, rate, strict=True)]
    middles = _middles(stated, parts, first)
    before = [_velocity(old, 0, axis) for axis in range(size)]
    for j, time in enumerate(times):
        last = j + 1 == len(times)
        after = [_velocity(old, j + 1, axis) for axis in range(size)]
        if not last:
            both, own, next_own = time + times[j + 1], columns[j], columns[j + 1]
            for axis in range(size):
                step = scaled(2.0, middles[j + 1][axis] + scaled(-1.0, middles[j][axis]))
                speed = float(task.speed_max[axis])
                stated.between(step, [(own, speed), (next_own, speed)])
                there = _times(old, j + 1, axis, own) + _times(old, j + 1, axis, next_own)
                after[axis] = after[axis] + scaled(1 / both, step + scaled(-1.0, there))
        for axis in range(size):
            change = after[axis] + scaled(-1.0, before[axis])
            stated.between(change, [(columns[j], float(task.acceleration_max[axis]))])
        if parts.leaves(j):
            weight = time / both
            knot = []
            for axis in range(size):
                between = scaled(1 - weight, middles[j][axis])
                between += scaled(weight, middles[j + 1][axis])
                between += scaled((1 - weight) / 2, _times(old, j + 1, axis, own))
                between += scaled(-weight / 2, _times(old, j + 1, axis, next_own))
                knot.append(between)
            stated.inside(knot, frame.rooms[parts.regions[j]])
            stated.inside(knot, frame.rooms[parts.regions[j + 1]])
        before = after
    solution = minimize(stated.program)
    if not isinstance(solution, Optimum):
        return None
    return Parts(tuple(solution.point[column] for column in columns), parts.regions)


def _velocity(old: Solved, knot: int, axis: int) -> Line:
    """The velocity that was solved."""
    return [(1.0, Known(old.velocities[knot][axis]))]


def _times(old: Solved, knot: int, axis: int, column: int) -> Line:
    """The velocity that was solved times a column."""
    return [(1.0, Known(old.velocities[knot][axis], column))]
