"""Claims about every point of a box, decided by cutting: a cover, a counterexample, or neither.

Best first over boxes (branch and bound; R. Moore, Methods and Applications of Interval Analysis,
1979). A box is closed by multipliers that make all Bernstein coefficients of weight times goal
minus the guards non-negative, which is a linear program in the multipliers, solved exactly; a box
in which a point breaks the claim ends the search. What is found here has still to be judged.

Points are guessed in floating point, and believed only with a margin or after exact evaluation.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import TypeAlias

from verifier.core.cover import Claim, Cover, Crossing, Cut, Leaf, Point, Violation
from verifier.core.evaluate import NoExactValue, evaluate_term
from verifier.core.term import (
    Apply,
    Key,
    Number,
    Product,
    Quotient,
    Sum,
    Term,
    Variable,
    add,
    multiply,
)
from verifier.solve.bowl import guessed_bowl, is_bowl
from verifier.solve.simplex import Infeasible, solve
from verifier.solve.tensor import NotEnclosed, Table, tables

Box: TypeAlias = tuple[tuple[Fraction, Fraction], ...]

ZERO, ONE = Fraction(0), Fraction(1)
MARGIN = 1e-9
WORK_MAX = 200_000
SMALL = 1 / 30  # a box is small if each side is below this share of the whole
BOWLS_MAX = 12
SAMPLED_MAX = 5  # variables whose corners are all looked at
CROSSING_STEPS = 40


@dataclass(frozen=True, slots=True)
class Effort:
    """How many boxes, and how many seconds, may be spent on one claim."""

    boxes: int = 4000
    seconds: float = 20.0


DEFAULT = Effort()


@dataclass(frozen=True, slots=True)
class Undecided:
    """Why; with the box that was left, as numbers to show."""

    reason: str


Outcome: TypeAlias = Leaf | Cut | Violation | Crossing | Undecided


@dataclass(slots=True)
class _Node:
    box: Box
    leaf: Leaf | None = None
    cut: tuple[int, Fraction, _Node, _Node] | None = None


@dataclass(slots=True)
class _Search:
    claim: Claim
    keys: tuple[Key, ...]
    widths: tuple[Fraction, ...]
    pair: tuple[int, int] | None
    bowls: list[Leaf]
    queue: list[tuple[float, int, _Node]] = field(default_factory=list)


def decide(claim: Claim, effort: Effort = DEFAULT) -> Outcome:
    """A cover, a counterexample, or why there is neither. Starts again whenever it has learnt of
    another point at which the claim is met with equality."""
    until = time.monotonic() + effort.seconds
    bowls: list[Leaf] = []
    while True:
        outcome = _searched(claim, effort, until, bowls)
        if outcome is not None:
            return outcome


def _searched(claim: Claim, effort: Effort, until: float, bowls: list[Leaf]) -> Outcome | None:
    """One search; None if `bowls` has grown."""
    root = _Node(tuple((low, high) for _, low, high in claim.box))
    keys = tuple(key for key, _, _ in claim.box)
    widths = tuple((high - low) or ONE for low, high in root.box)
    search = _Search(claim, keys, widths, _opposite(claim), bowls)
    count, trouble = 0, ""
    _push(search, root, 0)
    while search.queue:
        _, _, node = heapq.heappop(search.queue)
        found = _counterexample(search, node.box)
        if found is not None:
            return found
        try:
            node.leaf = _closed(search, node.box)
        except NotEnclosed as reason:
            trouble = f"{reason}; "
            if reason.everywhere:
                return Undecided(str(reason))
        if node.leaf is not None:
            continue
        if _learnt(search, node.box):
            return None
        count += 1
        if count > effort.boxes or time.monotonic() > until:
            left = f"{trouble}{_shown(search, node.box)}"
            return Undecided(f"nothing was found in {count} boxes; {left}")
        side, at = _cut(search, node.box)
        low, high = node.box[side]
        if not low < at < high:
            return Undecided(f"a point is left; {trouble}{_shown(search, node.box)}")
        parts = [
            _Node((*node.box[:side], ends, *node.box[side + 1 :]))
            for ends in ((low, at), (at, high))
        ]
        node.cut = (side, at, parts[0], parts[1])
        for part in parts:
            _push(search, part, count)
    return _cover(root)


def _push(search: _Search, node: _Node, count: int) -> None:
    middle = [float((low + high) / 2) for low, high in node.box]
    merit = _merit(search, middle)
    heapq.heappush(search.queue, (merit, 2 * count + len(search.queue) % 2, node))


def _cover(root: _Node) -> Cover:
    """The tree of the nodes, without recursion."""
    built: dict[int, Cover] = {}
    todo: list[tuple[_Node, bool]] = [(root, False)]
    while todo:
        node, ready = todo.pop()
        if node.leaf is not None:
            built[id(node)] = node.leaf
            continue
        assert node.cut is not None
        side, at, below, above = node.cut
        if ready:
            built[id(node)] = Cut(side, at, built[id(below)], built[id(above)])
        else:
            todo += [(node, True), (below, False), (above, False)]
    return built[id(root)]


def _shown(search: _Search, box: Box) -> str:
    sides = (
        f"{key[0]} in [{float(low):.6g}, {float(high):.6g}]"
        for key, (low, high) in zip(search.keys, box, strict=True)
    )
    return "left: " + ", ".join(sides)


# ---- closing a box -----------------------------------------------------------------------------


def _closed(search: _Search, box: Box) -> Leaf | None:
    """Multipliers that show the claim on the box."""
    claim = search.claim
    ranges = dict(zip(search.keys, box, strict=True))
    goal, *guards = tables([claim.goal, *claim.guards], ranges)
    if min(goal) > 0 or (min(goal) == 0 and not claim.strict):
        return Leaf(ONE, ())
    for bowl in search.bowls:
        if is_bowl(claim, bowl, ranges):
            return bowl
        flat = Leaf(bowl.weight, bowl.multipliers)
        if _shows(claim, flat, ranges):
            return flat
    for weight, relation in ((1, "<" if claim.strict else "<="), (0, "<")) if guards else ():
        multipliers = _multipliers(goal if weight else None, guards, relation)
        if multipliers is not None:
            leaf = Leaf(Fraction(weight), multipliers)
            if _shows(claim, leaf, ranges):
                return leaf
    return None


def _shows(claim: Claim, leaf: Leaf, ranges: dict[Key, tuple[Fraction, Fraction]]) -> bool:
    """Whether the sign can also be read in the combination's own basis, of lower degree."""
    parts = [multiply(Number(-m), claim.guards[k]) for k, m in leaf.multipliers]
    (table,) = tables([add(multiply(Number(leaf.weight), claim.goal), *parts)], ranges)
    return min(table) > 0 or (min(table) == 0 and not claim.strict and leaf.weight > 0)


class _Exhausted(Exception):
    pass


def _multipliers(
    goal: Table | None, guards: Sequence[Table], relation: str
) -> tuple[tuple[int, Fraction], ...] | None:
    """m >= 0 with goal - sum of m_i guard_i >= 0 in every coefficient."""
    rows: set[tuple[Fraction, ...]] = set()
    for place in range(len(guards[0])):
        constant = ZERO if goal is None else goal[place]
        rows.add((constant, *(guard[place] for guard in guards)))
    system = [
        (relation, {k: -value for k, value in enumerate(row) if value}, constant)
        for constant, *row in sorted(rows)
    ]
    system += [("<=", {k: ONE}, ZERO) for k in range(len(guards))]
    if any(not coefficients and _fails(relation, c) for relation, coefficients, c in system):
        return None
    left = [WORK_MAX]

    def spend(work: int) -> None:
        left[0] -= work
        if left[0] < 0:
            raise _Exhausted

    try:
        found = solve([row for row in system if row[1]], spend)
    except _Exhausted:
        return None
    if isinstance(found, Infeasible):
        return None
    return tuple((k, value) for k, value in sorted(found.items()) if value)


def _fails(relation: str, constant: Fraction) -> bool:
    return constant < 0 or (constant == 0 and relation == "<")


def _learnt(search: _Search, box: Box) -> bool:
    """Whether the small box taught a bowl that closes it."""
    spans = [float((b - a) / w) for (a, b), w in zip(box, search.widths, strict=True)]
    if max(spans) > SMALL or len(search.bowls) >= BOWLS_MAX:
        return False
    bowl = guessed_bowl(search.claim, box)
    ranges = dict(zip(search.keys, box, strict=True))
    if bowl is None or bowl in search.bowls or not is_bowl(search.claim, bowl, ranges):
        return False
    search.bowls.append(bowl)
    return True


# ---- cutting a box -----------------------------------------------------------------------------


def _cut(search: _Search, box: Box) -> tuple[int, Fraction]:
    """Zero first, where a side contains it: that is where choices flip."""
    for side, (low, high) in enumerate(box):
        if low < 0 < high:
            return side, ZERO
    spans = [(high - low) / width for (low, high), width in zip(box, search.widths, strict=True)]
    side = max(range(len(box)), key=lambda k: spans[k])
    low, high = box[side]
    return side, _simple_between(low, high)


def _simple_between(low: Fraction, high: Fraction) -> Fraction:
    """A number with few digits about the middle."""
    middle = (low + high) / 2
    return middle.limit_denominator(max(1, math.ceil(16 / (high - low)))) if low < high else low


# ---- counterexamples ---------------------------------------------------------------------------


def _merit(search: _Search, point: Sequence[float]) -> float:
    """Negative where the claim is broken, the more the deeper."""
    at = dict(zip(search.keys, point, strict=True))
    worst = _float(search.claim.goal, at)
    for number, guard in enumerate(search.claim.guards):
        if search.pair is None or number not in search.pair:
            worst = max(worst, -_float(guard, at))
    return worst


def _counterexample(search: _Search, box: Box) -> Violation | Crossing | None:
    points = list(_points(box))
    for point in points:
        if breaks(search.claim, point):
            return Violation(point)
    return None if search.pair is None else _crossing(search, points)


def _points(box: Box) -> Iterator[Point]:
    """The middle, and the corners."""
    yield tuple((low + high) / 2 for low, high in box)
    if len(box) <= SAMPLED_MAX:
        yield from product(*box)


def breaks(claim: Claim, point: Point) -> bool:
    """Whether the point breaks the claim: with a margin, or exactly."""
    keys = [key for key, _, _ in claim.box]
    near = {key: float(value) for key, value in zip(keys, point, strict=True)}
    sizes = [_float(guard, near) for guard in claim.guards]
    value = _float(claim.goal, near)
    if min(sizes, default=1.0) < -MARGIN or value > MARGIN:
        return False
    if min(sizes, default=1.0) > MARGIN and value < -MARGIN:
        return True
    exact = dict(zip(keys, point, strict=True))
    try:
        if any(evaluate_term(guard, exact) < 0 for guard in claim.guards):
            return False
        goal = evaluate_term(claim.goal, exact)
    except NoExactValue:
        return False
    return goal < 0 or (claim.strict and goal == 0)


def _opposite(claim: Claim) -> tuple[int, int] | None:
    """Two guards that say together that a term is zero."""
    probes = [
        {key: low + (high - low) * Fraction(k * (n + 2) % 7 + 1, 9)
         for n, (key, low, high) in enumerate(claim.box)}
        for k in range(1, 6)
    ]  # fmt: skip
    values = []
    for guard in claim.guards:
        try:
            values.append([evaluate_term(guard, probe) for probe in probes])
        except NoExactValue:
            values.append([])
    for one in range(len(values)):
        for other in range(one):
            if values[one] and all(a == -b for a, b in zip(values[one], values[other],
                                                          strict=True)):  # fmt: skip
                return other, one
    return None


def _crossing(search: _Search, points: Sequence[Point]) -> Crossing | None:
    """A short segment on which the paired guards change sign and the goal stays broken."""
    assert search.pair is not None
    positive, negative = search.pair
    guard = search.claim.guards[positive]

    def sign(point: Point) -> float:
        return _float(guard, {k: float(v) for k, v in zip(search.keys, point, strict=True)})

    first = next((point for point in points if sign(point) < 0), None)
    last = next((point for point in points if sign(point) > 0), None)
    if first is None or last is None:
        return None
    for _ in range(CROSSING_STEPS):
        middle = tuple((a + b) / 2 for a, b in zip(first, last, strict=True))
        merit = _merit(search, [float(value) for value in middle])
        if merit > MARGIN:
            pass
        elif all(
            _merit(search, [float(value) for value in point]) < -MARGIN
            for point in (first, middle, last)
        ) and _short(first, last):
            return Crossing(positive, negative, first, last)
        if sign(middle) < 0:
            first = middle
        else:
            last = middle
    return None


def crossing_near(claim: Claim, point: Point) -> Crossing | None:
    """A crossing on a short segment along a side through the point."""
    pair = _opposite(claim)
    if pair is None:
        return None
    keys = tuple(key for key, _, _ in claim.box)
    search = _Search(claim, keys, tuple(ONE for _ in keys), pair, [])
    for side, (_, low, high) in enumerate(claim.box):
        for step in (Fraction(1, 10**8), Fraction(1, 10**4)):
            ends = [max(low, point[side] - step), min(high, point[side] + step)]
            found = _crossing(search, [(*point[:side], e, *point[side + 1 :]) for e in ends])
            if found is not None:
                return found
    return None


def _short(first: Point, last: Point) -> bool:
    return max(abs(a - b) for a, b in zip(first, last, strict=True)) < Fraction(1, 10**6)


def _float(term: Term, at: dict[Key, float]) -> float:
    """The value, roughly; NaN where there is none."""
    match term:
        case Number(value):
            return float(value)
        case Variable(name, version):
            return at[name, version]
        case Sum(parts):
            return math.fsum(_float(part, at) for part in parts)
        case Product(parts):
            return math.prod(_float(part, at) for part in parts)
        case Quotient(numerator, denominator):
            below = _float(denominator, at)
            return _float(numerator, at) / below if below else math.nan
        case Apply(function, parts):
            return _applied(function, [_float(part, at) for part in parts])


def _applied(function: str, values: list[float]) -> float:
    if function == "min":
        return min(values)
    if function == "max":
        return max(values)
    if function == "abs":
        return abs(values[0])
    if function == "sin":
        return math.sin(values[0])
    if function == "cos":
        return math.cos(values[0])
    if function == "exp":
        return math.exp(min(values[0], 700.0))
    return math.sqrt(values[0]) if function == "sqrt" and values[0] >= 0 else math.nan
