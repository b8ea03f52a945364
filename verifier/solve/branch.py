"""Claims about every point of a box, decided by cutting: a cover, a counterexample, or neither.

Best first over boxes (branch and bound; R. Moore, Methods and Applications of Interval Analysis,
1979). A box is closed by multipliers that make all Bernstein coefficients of weight times goal
minus the guards non-negative, which is a linear program in the multipliers, solved exactly; a box
in which a point breaks the claim ends the search. What is found here has still to be judged.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from verifier.core.cover import Claim, Cover, Crossing, Cut, Leaf, Violation
from verifier.core.term import (
    Apply,
    Key,
    Number,
    Product,
    Quotient,
    Sum,
    Term,
    add,
    multiply,
    term_variables,
)
from verifier.solve.bowl import guessed_bowl, is_bowl
from verifier.solve.counterexample import Box, counterexample, merit, opposite
from verifier.solve.simplex import Infeasible, solve
from verifier.solve.tensor import NotEnclosed, Table, span, tables

ZERO, ONE = Fraction(0), Fraction(1)
WORK_MAX = 200_000
SMALL = 1 / 30  # a box is small if each side is below this share of the whole
BOWLS_MAX = 12
GOAL_FIRST = 4


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
    spoken: frozenset[Key]
    choices: frozenset[Key]
    queue: list[tuple[float, int, _Node]] = field(default_factory=list)


def decide(claim: Claim, effort: Effort = DEFAULT) -> Outcome:
    """A cover, a counterexample, or why there is neither. Starts again whenever it has learnt of
    another point at which the claim is met with equality."""
    until = time.process_time() + effort.seconds
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
    spoken = frozenset(term_variables(claim.goal))
    choices = spoken & {key for each in (claim.goal, *claim.guards) for key in _choices(each)}
    search = _Search(claim, keys, widths, opposite(claim), bowls, spoken, choices)
    count, trouble = 0, ""
    _push(search, root, 0)
    while search.queue:
        _, _, node = heapq.heappop(search.queue)
        found = counterexample(claim, search.pair, node.box)
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
        if count > effort.boxes or time.process_time() > until:
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
    rank = merit(search.claim, search.pair, middle)
    heapq.heappush(search.queue, (rank, 2 * count + len(search.queue) % 2, node))


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
    alone = Leaf(ONE, ())
    if _shows(claim, alone, ranges):
        return alone
    parts = tables([claim.goal, *claim.guards], ranges)
    for bowl in search.bowls:
        if is_bowl(claim, bowl, ranges):
            return bowl
        flat = Leaf(bowl.weight, bowl.multipliers)
        if _shows(claim, flat, ranges):
            return flat
    for weight, relation in ((1, "<" if claim.strict else "<="), (0, "<")) if claim.guards else ():
        multipliers = _multipliers(weight, parts, relation)
        if multipliers is not None:
            leaf = Leaf(Fraction(weight), multipliers)
            if _shows(claim, leaf, ranges):
                return leaf
    return None


def _shows(claim: Claim, leaf: Leaf, ranges: dict[Key, tuple[Fraction, Fraction]]) -> bool:
    """Whether the sign can also be read in the combination's own basis, of lower degree."""
    parts = [multiply(Number(-m), claim.guards[k]) for k, m in leaf.multipliers]
    least, _ = span(add(multiply(Number(leaf.weight), claim.goal), *parts), ranges)
    return least > 0 or (least == 0 and not claim.strict and leaf.weight > 0)


class _Exhausted(Exception):
    pass


def _multipliers(
    weight: int, parts: Sequence[Sequence[Table]], relation: str
) -> tuple[tuple[int, Fraction], ...] | None:
    """m >= 0 with weight goal - sum of m_i guard_i >= 0: the least coefficients of the parts, each
    below all of its part, have a sum that is >= 0. Unknowns from -1 downwards stand for them."""
    guards = len(parts[0]) - 1
    system: list[tuple[str, dict[int, Fraction], Fraction]] = []
    for number, (goal, *others) in enumerate(parts):
        for row in sorted({(value, *rest) for value, *rest in zip(goal, *others, strict=True)}):
            coefficients = {k: -value for k, value in enumerate(row[1:]) if value}
            system.append(("<=", coefficients | {-1 - number: -ONE}, weight * row[0]))
    system.append((relation, {-1 - number: ONE for number in range(len(parts))}, ZERO))
    system += [("<=", {k: ONE}, ZERO) for k in range(guards)]
    left = [WORK_MAX]

    def spend(work: int) -> None:
        left[0] -= work
        if left[0] < 0:
            raise _Exhausted

    try:
        found = solve(system, spend)
    except _Exhausted:
        return None
    if isinstance(found, Infeasible):
        return None
    return tuple((k, value) for k, value in sorted(found.items()) if value and k >= 0)


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
    """The longest side, those first that the goal speaks of, and before them those of which it
    depends on the sign which way a choice in the goal goes. At zero, where the side contains it."""

    def urgency(side: int) -> tuple[bool, Fraction]:
        low, high = box[side]
        span = (high - low) / search.widths[side]
        flips = search.keys[side] in search.choices and low < 0 < high
        return flips, span * (GOAL_FIRST if search.keys[side] in search.spoken else 1)

    side = max(range(len(box)), key=urgency)
    low, high = box[side]
    return side, ZERO if low < 0 < high else _simple_between(low, high)


def _choices(term: Term) -> Iterator[Key]:
    """The variables inside of `abs`, `min` and `max`."""
    match term:
        case Apply("abs" | "min" | "max", parts):
            yield from (key for part in parts for key in term_variables(part))
        case Sum(parts) | Product(parts) | Apply(_, parts):
            for part in parts:
                yield from _choices(part)
        case Quotient(above, below):
            yield from _choices(above)
            yield from _choices(below)
        case _:
            return


def _simple_between(low: Fraction, high: Fraction) -> Fraction:
    """A number with few digits about the middle."""
    middle = (low + high) / 2
    return middle.limit_denominator(max(1, math.ceil(16 / (high - low)))) if low < high else low
