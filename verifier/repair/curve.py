"""The fastest family of curves through a given sequence of convex regions, by linear programs.

Each region is passed in a few quadratic Bezier pieces with knots Q_j, velocities V_j and durations
tau_j, so that acceleration is constant on a piece and the hodograph's hull is exact:

    Q_(j+1) = Q_j + tau_j (V_j + V_(j+1)) / 2,   |V_j| <= v,   |V_(j+1) - V_j| <= a tau_j,
    Q_j, Q_j + tau_j V_j / 2, Q_(j+1) in the region of piece j.

Q_j and V_j are affine in the start, and every inequality holds for every vertex of the start set;
from region number FEEDBACK_REGIONS on all starts move as one.
The durations make this bilinear. For fixed shares phi_j = tau_j / T and W = T V it is linear but
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
from verifier.core.motion import Box, Hull, Motion, Polytope, Product, Vector
from verifier.core.starts import around
from verifier.repair.family import CONSTANT, Factors, Form, Frame, Side, Solved, Task
from verifier.repair.rounding import exact
from verifier.repair.stated import Stated, combine

PIECES_PER_REGION = 3
RAMPS_MAX = 5
NEWTON_STEPS = 8
CONVERGED = 1e-3  # the error that is left is of the order of its square
TRUST_FIRST = 0.5
TRUST_LEAST = 0.04
IMPROVEMENTS_MAX = 12
SLOW = 5e-3  # a gain for which the trust region was too large
ENOUGH = 1e-3  # a gain that is not worth another step
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
    frame = _frame(task)
    found = _search(task, frame, minimize, in_time, hopeless)
    return exact(task, frame, *found) if found else None


def gentlest(task: Task, minimize: Minimize, duration: float) -> Motion | None:
    """The family of least effort that was found for this duration in seconds, the pieces' times in
    the proportion of the fastest one; None if there is none."""
    frame = _frame(task)
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
    parts = _first_parts(task, frame, minimize)
    if parts is None:
        return None
    best = _with_shares(task, frame, parts, minimize)
    if best is None or best.total > hopeless:
        return None
    trust = TRUST_FIRST
    for _ in range(IMPROVEMENTS_MAX):
        if trust < TRUST_LEAST:
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


def _frame(task: Task) -> Frame:
    starts = task.starts
    size = len(task.speed_max)
    box = around(starts)
    rooms = tuple(_with_margins(body, task.margin) for body in task.regions)
    goal = _with_margins(task.end, task.margin)
    middle = tuple((a + b) / 2 for a, b in zip(box.lower, box.upper, strict=True))
    half = tuple((b - a) / 2 for a, b in zip(box.lower, box.upper, strict=True))
    rows = [row for body in (*task.regions, task.end) for row in body.rows]
    owned = _owned(task, rows)
    factors: Factors | None = None
    if isinstance(starts, Hull):
        factors = ((tuple(range(len(half))), _normalized(starts.vertices, middle, half)),)
    elif isinstance(starts, Product):
        factors = tuple(
            (axes, _normalized(points, [middle[k] for k in axes], [half[k] for k in axes]))
            for axes, points in starts.parts
        )
    return Frame(middle, half, factors, owned, size, task.rigid, rooms, goal)


def _owned(task: Task, rows: Sequence[Vector]) -> tuple[frozenset[int], ...] | None:
    """For each axis the coordinates of a start that belong to it, where no row joins two axes; in
    many dimensions in any case."""
    starts, size = task.starts, len(task.speed_max)
    count = len(around(starts).lower)
    moved = count - task.rigid
    if isinstance(starts, Hull):
        return None
    groups = [{axis, *range(axis, moved, size)} for axis in range(size)]
    if isinstance(starts, Product):
        for group in groups:
            for axes, _ in starts.parts:
                if group & set(axes):
                    group |= set(axes)
    if isinstance(starts, Box) and task.rigid:
        for axis, group in enumerate(groups):
            for row in rows:
                if row[axis]:
                    group |= {moved + k - size for k in range(size, len(row)) if row[k]}
    apart = sum(map(len, groups)) == len(set().union(*groups))
    alone = all(sum(1 for a in row[:size] if a) <= 1 for row in rows)
    if apart and (alone or moved > 4):
        return tuple(map(frozenset, groups))
    return None


def _normalized(
    points: Sequence[Vector], middle: Sequence[Fraction], half: Sequence[Fraction]
) -> tuple[tuple[float, ...], ...]:
    return tuple(
        tuple(float((x - m) / h) if h else 0.0 for x, m, h in zip(point, middle, half, strict=True))
        for point in points
    )


def _with_margins(body: Polytope, margin: float) -> list[Side]:
    """The rows with norm 1 and what may be kept from them: less where the body is thin."""
    bounds: dict[Vector, Fraction] = {}
    for row, bound in zip(body.rows, body.bounds, strict=True):
        bounds[row] = min(bound, bounds.get(row, bound))
    sides: list[Side] = []
    for row, bound in bounds.items():
        norm = float(sum(a * a for a in row)) ** 0.5
        if norm == 0:
            continue
        opposite = bounds.get(tuple(-a for a in row))
        width = INFINITY if opposite is None else float(bound + opposite) / norm
        entries = [(i, float(a) / norm) for i, a in enumerate(row) if a]
        sides.append((entries, float(bound) / norm, min(margin, width / 4)))
    return sides


def _first_parts(task: Task, frame: Frame, minimize: Minimize) -> Parts | None:
    """Durations of a polygon through the regions at full speed, with time to speed up and brake."""
    stated = Stated(Program(), frame)
    legs: list[int] = []
    here = stated.start()
    for k, region in enumerate(frame.rooms):
        there = stated.point(k)
        stated.inside(there, region)
        last = k + 1 == len(frame.rooms)
        stated.inside(there, frame.goal if last else frame.rooms[k + 1])
        leg = stated.program.column(0.0, INFINITY, 1.0)
        for axis, speed in enumerate(task.speed_max):
            step = combine([(1.0, there[axis]), (-1.0, here[axis])])
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
    whole = sum(times) + ramps[-1]
    least = whole / (8 * len(times))
    durations: list[float] = []
    regions: list[int] = []
    for k, time in enumerate(times):
        ends = (k == 0) + (k + 1 == len(times))
        parts = _parts(max(time, least) + ends * ramps[-1] / 2, ramps, k == 0, k + 1 == len(times))
        durations += parts
        regions += [k] * len(parts)
    return Parts(tuple(durations), tuple(regions))


def _parts(time: float, ramps: Sequence[float], first: bool, last: bool) -> list[float]:
    """The time in a region in parts: an axis stops accelerating at its ramp."""
    share = min(1.0, time / 3 / ramps[-1])
    steps = [share * (b - a) for a, b in pairwise((0.0, *ramps))]
    before, after = (steps if first else []), (steps[::-1] if last else [])
    rest = time - sum(before) - sum(after)
    count = max(PIECES_PER_REGION - len(before) - len(after), 1)
    return [*before, *([rest / count] * count), *after]


def _first_velocity(stated: Stated, task: Task, column: int) -> list[Form]:
    """The velocity at the start, times the value of the column."""
    size = stated.frame.size
    forms: list[Form] = []
    for axis in range(size):
        form: Form = {}
        if task.moving:
            k = size + axis
            form[CONSTANT] = [(column, float(stated.frame.middle[k]))]
            if stated.frame.half[k]:
                form[k] = [(column, float(stated.frame.half[k]))]
        forms.append(form)
    return forms


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
    rates: list[list[Form]]
    changes: list[tuple[int, Form]]

    def solved(self, shares: Parts, guess: float, minimize: Minimize) -> Solved | None:
        """The least time with the tangent at the guess for the square of it."""
        row = [self.square, self.whole], [1.0, -2 * guess]
        self.stated.program.rows[self.tie] = (-guess * guess, -guess * guess, *row)
        solution = minimize(self.stated.program)
        if not isinstance(solution, Optimum) or solution.point[self.whole] <= 0:
            return None
        total = solution.point[self.whole]
        velocities = [_values(point, solution.point, 1 / total) for point in self.rates]
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
    stated.program.row([square], [1.0], 0.0, 0.0)
    here, rate = stated.start(), _first_velocity(stated, task, whole)
    fixed = _Fixed(stated, whole, square, 0, [rate], [])
    for j, share in enumerate(shares.durations):
        last = j + 1 == len(shares.durations)
        leg = shares.regions[j]
        there = stated.point(leg)
        following: list[Form] = [{} for _ in rate] if last else stated.point(leg)
        middle = [combine([(1.0, q), (share / 2, w)]) for q, w in zip(here, rate, strict=True)]
        for axis in range(frame.size):
            step = [(1.0, there[axis]), (-1.0, middle[axis]), (-share / 2, following[axis])]
            stated.same(combine(step))
            change = combine([(1.0, following[axis]), (-1.0, rate[axis])])
            most = float(task.acceleration_max[axis]) * (1 - 1e-7) * share
            stated.between(change, [(square, most)])
            fixed.changes.append((axis, change))
            if not last:
                speed = float(task.speed_max[axis]) * (1 - 1e-7)
                stated.between(following[axis], [(whole, speed)])
        if j or task.moving:
            stated.inside(middle, frame.rooms[leg])
        stated.inside(there, frame.rooms[leg])
        if shares.leaves(j):
            stated.inside(there, frame.rooms[shares.regions[j + 1]])
        here, rate = there, following
        fixed.rates.append(rate)
    stated.inside(here, frame.goal)
    return fixed


def _values(point: list[Form], solution: Sequence[float], factor: float) -> list[dict[int, float]]:
    return [
        {k: factor * sum(a * solution[c] for c, a in e) for k, e in form.items()} for form in point
    ]


def _improved(
    task: Task, frame: Frame, old: Solved, parts: Parts, trust: float, minimize: Minimize
) -> Parts | None:
    """Durations near the old ones that are shorter in total, to first order."""
    stated = Stated(Program(), frame)
    one = stated.program.column(1.0, 1.0)
    here, rate = stated.start(), _first_velocity(stated, task, one)
    changes = []
    shortest = SHORTEST * old.total
    for j, duration in enumerate(old.durations):
        last = j + 1 == len(old.durations)
        low = max((1 - trust) * duration, shortest) - duration
        change = stated.program.column(low, max(trust * duration, 0.02 * old.total * trust), 1.0)
        changes.append(change)
        leg = parts.regions[j]
        there = stated.point(leg)
        following: list[Form] = [{} for _ in rate] if last else stated.point(leg)
        region = frame.rooms[leg]
        before, after = old.velocities[j], old.velocities[j + 1]
        middle = []
        for axis in range(frame.size):
            push = {k: [(change, v / 2)] for k, v in before[axis].items()}
            pull = {k: [(change, v / 2)] for k, v in after[axis].items()}
            middle.append(combine([(1.0, here[axis]), (duration / 2, rate[axis]), (1.0, push)]))
            arrived = [(1.0, middle[axis]), (duration / 2, following[axis]), (1.0, pull)]
            stated.same(combine([(-1.0, there[axis]), *arrived]))
            difference = combine([(1.0, following[axis]), (-1.0, rate[axis])])
            most = float(task.acceleration_max[axis])
            stated.between(difference, [(change, most), (one, most * duration)])
            if not last:
                stated.between(following[axis], [(one, float(task.speed_max[axis]))])
        if j or task.moving:
            stated.inside(middle, region)
        stated.inside(there, region)
        if parts.leaves(j):
            stated.inside(there, frame.rooms[parts.regions[j + 1]])
        here, rate = there, following
    stated.inside(here, frame.goal)
    solution = minimize(stated.program)
    if not isinstance(solution, Optimum):
        return None
    pairs = zip(old.durations, changes, strict=True)
    return Parts(tuple(time + solution.point[change] for time, change in pairs), parts.regions)
