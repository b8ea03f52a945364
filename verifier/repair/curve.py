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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product
from typing import TypeAlias

from verifier.core.cell import surrounding
from verifier.core.exact import inverse, reduced
from verifier.core.linear import INFINITY, Minimize, Optimum, Program
from verifier.core.motion import Affine, Box, Hull, Motion, Piece, Polytope, Vector

PIECES_PER_REGION = 3
RAMPS_MAX = 5
FEEDBACK_REGIONS = 5
NEWTON_STEPS = 8
CONVERGED = 1e-3  # the error that is left is of the order of its square
TRUST_FIRST = 0.5
TRUST_LEAST = 0.04
IMPROVEMENTS_MAX = 12
ROUNDING = 1 << 40
SHORTEST = 1e-4  # of the whole duration; a piece is never shorter

Expression: TypeAlias = list[tuple[int, float]]
"""A linear form over the program's columns."""
Form: TypeAlias = dict[int, Expression]
"""An affine function of the normalized start: parameter -> coefficient; -1 is the constant."""
CONSTANT = -1
Side: TypeAlias = tuple[list[tuple[int, float]], float, float]
"""A row with norm 1 by its entries, its bound, and the margin that is kept from it."""


@dataclass(frozen=True, slots=True)
class Task:
    """Where from, through which regions in order, where to; `margin` is kept from every side."""

    starts: Box | Hull
    regions: tuple[Polytope, ...]
    end: Polytope
    speed_max: Vector
    acceleration_max: Vector
    moving: bool
    margin: float


@dataclass(frozen=True, slots=True)
class _Frame:
    """The start as middle + half * u. `vertices` of u are listed where the set is no box."""

    middle: tuple[Fraction, ...]
    half: tuple[Fraction, ...]
    vertices: tuple[tuple[float, ...], ...] | None
    diagonal: bool
    size: int
    rooms: tuple[list[Side], ...]
    goal: list[Side]

    def parameters(self, axis: int, leg: int) -> tuple[int, ...]:
        """The parameters that may move this axis in the region with this number."""
        if leg >= FEEDBACK_REGIONS:
            return ()
        moving = [k for k, half in enumerate(self.half) if half > 0]
        if self.diagonal:
            return tuple(k for k in moving if k % self.size == axis)
        return tuple(moving)

    def corners(self, parameters: Sequence[int]) -> Iterator[dict[int, float]]:
        """Every combination of extreme values that the named parameters take."""
        if self.vertices is not None:
            yield from ({k: u[k] for k in parameters} for u in self.vertices)
            return
        for signs in product((-1.0, 1.0), repeat=len(parameters)):
            yield dict(zip(parameters, signs, strict=True))


@dataclass(slots=True)
class _Solved:
    """Durations, and the velocities at the knots: per knot and axis, parameter -> coefficient."""

    durations: list[float]
    velocities: list[list[dict[int, float]]]

    @property
    def total(self) -> float:
        return sum(self.durations)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Durations of the pieces, and the number of the region of each."""

    durations: tuple[float, ...]
    regions: tuple[int, ...]

    def leaves(self, j: int) -> bool:
        """Whether piece j ends where one region hands over to the next."""
        return j + 1 < len(self.regions) and self.regions[j + 1] != self.regions[j]


def fastest(task: Task, minimize: Minimize, hopeless: float = INFINITY) -> Motion | None:
    """The family of least duration that was found; None if there is none for this sequence, or the
    first that is found takes longer than `hopeless` seconds."""
    frame = _frame(task)
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
        parts = _Parts(tuple(best.durations), parts.regions)
        moved = _improved(task, frame, best, parts, trust, minimize)
        better = moved and _with_shares(task, frame, moved, minimize)
        if better and better.total < best.total * (1 - 1e-4):
            slow = better.total > best.total * (1 - 5e-3)
            best = better
            trust = trust / 2 if slow else trust
        else:
            trust /= 3
    return _exact(task, frame, best, parts.regions)


def _frame(task: Task) -> _Frame:
    starts = task.starts
    size = len(task.speed_max)
    box = starts if isinstance(starts, Box) else surrounding(starts.vertices)
    rooms = tuple(_with_margins(body, task.margin) for body in task.regions)
    goal = _with_margins(task.end, task.margin)
    middle = tuple((a + b) / 2 for a, b in zip(box.lower, box.upper, strict=True))
    half = tuple((b - a) / 2 for a, b in zip(box.lower, box.upper, strict=True))
    if isinstance(starts, Hull):
        vertices = tuple(
            tuple(
                float((x - m) / h) if h else 0.0
                for x, m, h in zip(vertex, middle, half, strict=True)
            )
            for vertex in starts.vertices
        )
        return _Frame(middle, half, vertices, False, size, rooms, goal)
    rows = [row for body in (*task.regions, task.end) for row in body.rows]
    diagonal = all(sum(1 for a in row if a) <= 1 for row in rows) or len(half) > 4
    return _Frame(middle, half, None, diagonal, size, rooms, goal)


# ---- stating the programs ----------------------------------------------------------------------


@dataclass(slots=True)
class _Stated:
    program: Program
    frame: _Frame

    def point(self, leg: int) -> list[Form]:
        """A new affine function of the start for each axis, for the region of this number."""
        return [
            {
                k: [(self.program.column(), 1.0)]
                for k in (CONSTANT, *self.frame.parameters(axis, leg))
            }
            for axis in range(self.frame.size)
        ]

    def start(self) -> list[Form]:
        one = self.program.column(1.0, 1.0)
        forms: list[Form] = []
        for axis in range(self.frame.size):
            form: Form = {CONSTANT: [(one, float(self.frame.middle[axis]))]}
            if self.frame.half[axis]:
                form[axis] = [(one, float(self.frame.half[axis]))]
            forms.append(form)
        return forms

    def most(self, form: Form, bound: float, slope: Expression) -> None:
        """form(u) <= bound + slope for every start."""
        parameters = [k for k in form if k != CONSTANT and form[k]]
        for corner in self.frame.corners(parameters):
            entries: dict[int, float] = {}
            for column, a in form.get(CONSTANT, []):
                entries[column] = entries.get(column, 0.0) + a
            for k, u in corner.items():
                for column, a in form[k]:
                    entries[column] = entries.get(column, 0.0) + a * u
            for column, a in slope:
                entries[column] = entries.get(column, 0.0) - a
            self.program.row(list(entries), list(entries.values()), -INFINITY, bound)

    def same(self, form: Form) -> None:
        """form(u) = 0 identically."""
        for expression in form.values():
            self.program.row([c for c, _ in expression], [a for _, a in expression], 0.0, 0.0)

    def inside(self, point: list[Form], room: list[Side]) -> None:
        for row, bound, margin in room:
            self.most(_combine([(a, point[i]) for i, a in row]), bound - margin, [])

    def between(self, form: Form, slope: Expression) -> None:
        self.most(form, 0.0, slope)
        self.most(_combine([(-1.0, form)]), 0.0, slope)


def _combine(parts: Sequence[tuple[float, Form]]) -> Form:
    total: Form = {}
    for factor, form in parts:
        for k, expression in form.items():
            total.setdefault(k, []).extend((column, factor * a) for column, a in expression)
    return {k: _merged(expression) for k, expression in total.items()}


def _merged(expression: Expression) -> Expression:
    entries: dict[int, float] = {}
    for column, a in expression:
        entries[column] = entries.get(column, 0.0) + a
    return [(column, a) for column, a in entries.items() if a]


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


def _first_parts(task: Task, frame: _Frame, minimize: Minimize) -> _Parts | None:
    """Durations of a polygon through the regions at full speed, with time to speed up and brake."""
    stated = _Stated(Program(), frame)
    legs: list[int] = []
    here = stated.start()
    for k, region in enumerate(frame.rooms):
        there = stated.point(k)
        stated.inside(there, region)
        last = k + 1 == len(frame.rooms)
        stated.inside(there, frame.goal if last else frame.rooms[k + 1])
        leg = stated.program.column(0.0, INFINITY, 1.0)
        for axis, speed in enumerate(task.speed_max):
            step = _combine([(1.0, there[axis]), (-1.0, here[axis])])
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
    return _Parts(tuple(durations), tuple(regions))


def _parts(time: float, ramps: Sequence[float], first: bool, last: bool) -> list[float]:
    """The time in a region in parts: an axis stops accelerating at its ramp."""
    share = min(1.0, time / 3 / ramps[-1])
    steps = [share * (b - a) for a, b in pairwise((0.0, *ramps))]
    before, after = (steps if first else []), (steps[::-1] if last else [])
    rest = time - sum(before) - sum(after)
    count = max(PIECES_PER_REGION - len(before) - len(after), 1)
    return [*before, *([rest / count] * count), *after]


def _first_velocity(stated: _Stated, task: Task, column: int) -> list[Form]:
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


def _with_shares(task: Task, frame: _Frame, parts: _Parts, minimize: Minimize) -> _Solved | None:
    """The least time with the durations in this proportion."""
    guess = sum(parts.durations)
    shares = _Parts(tuple(duration / guess for duration in parts.durations), parts.regions)
    solved: _Solved | None = None
    for _ in range(NEWTON_STEPS):
        step = _newton(task, frame, shares, guess, minimize)
        if step is None:
            return solved
        solved = step
        if abs(step.total - guess) <= CONVERGED * guess:
            return solved
        guess = step.total
    return solved if solved and solved.total <= guess * (1 + 1e-6) else None


def _newton(
    task: Task, frame: _Frame, shares: _Parts, guess: float, minimize: Minimize
) -> _Solved | None:
    stated = _Stated(Program(), frame)
    whole = stated.program.column(0.0, INFINITY, 1.0)
    one = stated.program.column(1.0, 1.0)
    tangent = [(whole, 2 * guess), (one, -guess * guess)]
    here, rate = stated.start(), _first_velocity(stated, task, whole)
    rates = [rate]
    for j, share in enumerate(shares.durations):
        last = j + 1 == len(shares.durations)
        leg = shares.regions[j]
        there = stated.point(leg)
        following: list[Form] = [{} for _ in rate] if last else stated.point(leg)
        region = frame.rooms[leg]
        middle = [_combine([(1.0, q), (share / 2, w)]) for q, w in zip(here, rate, strict=True)]
        for axis in range(frame.size):
            step = [(1.0, there[axis]), (-1.0, middle[axis]), (-share / 2, following[axis])]
            stated.same(_combine(step))
            change = _combine([(1.0, following[axis]), (-1.0, rate[axis])])
            most = float(task.acceleration_max[axis]) * (1 - 1e-7) * share
            stated.between(change, [(column, most * a) for column, a in tangent])
            if not last:
                speed = float(task.speed_max[axis]) * (1 - 1e-7)
                stated.between(following[axis], [(whole, speed)])
        if j or task.moving:
            stated.inside(middle, region)
        stated.inside(there, region)
        if shares.leaves(j):
            stated.inside(there, frame.rooms[shares.regions[j + 1]])
        here, rate = there, following
        rates.append(rate)
    stated.inside(here, frame.goal)
    solution = minimize(stated.program)
    if not isinstance(solution, Optimum):
        return None
    total = solution.point[whole]
    if total <= 0:
        return None
    velocities = [_values(point, solution.point, 1 / total) for point in rates]
    return _Solved([share * total for share in shares.durations], velocities)


def _values(point: list[Form], solution: Sequence[float], factor: float) -> list[dict[int, float]]:
    return [
        {k: factor * sum(a * solution[c] for c, a in e) for k, e in form.items()} for form in point
    ]


def _improved(
    task: Task, frame: _Frame, old: _Solved, parts: _Parts, trust: float, minimize: Minimize
) -> _Parts | None:
    """Durations near the old ones that are shorter in total, to first order."""
    stated = _Stated(Program(), frame)
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
            middle.append(_combine([(1.0, here[axis]), (duration / 2, rate[axis]), (1.0, push)]))
            arrived = [(1.0, middle[axis]), (duration / 2, following[axis]), (1.0, pull)]
            stated.same(_combine([(-1.0, there[axis]), *arrived]))
            difference = _combine([(1.0, following[axis]), (-1.0, rate[axis])])
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
    return _Parts(tuple(time + solution.point[change] for time, change in pairs), parts.regions)


# ---- exactly -----------------------------------------------------------------------------------

Vectors: TypeAlias = list[Affine]


def _exact(task: Task, frame: _Frame, solved: _Solved, regions: Sequence[int]) -> Motion:
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


def _rounded(form: dict[int, float], frame: _Frame, scale: Fraction) -> Affine:
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
    gram = inverse([[_dot(a, b) for b in rows] for a in rows])
    fixed = _pinned(task)
    misses = []
    for row, bound in zip(rows, bounds, strict=True):
        miss = _sum([(-a, part) for a, part in zip(row, arrival, strict=True)])
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
    box = starts if isinstance(starts, Box) else surrounding(starts.vertices)
    pairs = enumerate(zip(box.lower, box.upper, strict=True))
    return {k: low for k, (low, high) in pairs if low == high}


def _dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(one, other, strict=True)), Fraction(0))
