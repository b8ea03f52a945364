"""Judges certificates of containment: the rules of verifier/core/containment.py, no more.

Trusted. Integers and rationals only. A sum of lines and rounds is compared coefficient by
coefficient with what it is to show; what is left over may only be a constant, the slack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

from verifier.check.outcome import Rejected
from verifier.check.polynomial import Refused, shown
from verifier.check.survey import rational
from verifier.core.containment import (
    Assignment,
    ByExtent,
    Combination,
    Containment,
    Enclosed,
    Escape,
    Facets,
    Goal,
    Inside,
    Members,
    Narrowed,
    Outside,
    Part,
    RoundGoal,
    RowGoal,
    ShapeGoal,
    Termwise,
    Vacuous,
    goals,
    norm_above,
    row_goals,
)
from verifier.core.description import NoDescription, Piece, extents, facets, has_strict, pieces
from verifier.core.lift import Lift, Round, lift, whole
from verifier.core.region import ConvexHull, Intersection, MinkowskiSum, NotConstant, Region, Row
from verifier.core.root import rational_root, root_above, root_below
from verifier.core.vector import apply, dot, plus, unit

BITS_MAX = 100_000
ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class Contained:
    """The inner set may grow by `margin` in the 2-norm and stays inside; None: without bound."""

    margin: Fraction | None


@dataclass(frozen=True, slots=True)
class NotContained:
    """`point` is in the inner set and not in the outer one; with `ray`, so are points along it."""

    point: Row
    ray: Row | None


def judge_containment(
    question: Containment, certificate: object
) -> Contained | NotContained | Rejected:
    """What the certificate proves about the question, or why it proves nothing."""
    lifts = _Lifts(question)
    try:
        match certificate:
            case Vacuous(total):
                _empty(lifts.of(question.inner, question.size), total)
                return Contained(None)
            case Inside(proofs):
                wanted = goals(question)
                if len(_tuple(proofs)) != len(wanted):
                    raise Refused(f"{len(wanted)} proofs are wanted")
                margins = [_goal(lifts, *pair) for pair in zip(wanted, proofs, strict=True)]
                return Contained(min((m for m in margins if m is not None), default=None))
            case Outside(point, row, proof):
                return _outside(lifts, point, row, proof)
            case Escape(point, ray, row, proof):
                return _escape(lifts, point, ray, row, proof)
        raise Refused(f"{shown(certificate)} is no certificate of containment")
    except (Refused, NoDescription, NotConstant) as reason:
        return Rejected(str(reason))


class _Lifts:
    """The lines and rounds of sets, each found once; a set contains what is meant by it."""

    def __init__(self, question: Containment) -> None:
        self.question = question
        self._known: dict[int, tuple[Region, Lift]] = {}

    def of(self, region: Region, size: int) -> Lift:
        known = self._known.get(id(region))
        if known is None:
            known = self._known[id(region)] = region, lift(region, size, root_below)
        return known[1]


# ---- sums --------------------------------------------------------------------------------------


def _slack(lifted: Lift, target: Mapping[int, int], total: object) -> tuple[Fraction, bool]:
    """By how much the sum shows more than target <= 0, in the unit of the target; and whether it
    shows it strictly even with no slack."""
    if not isinstance(total, Combination):
        raise Refused(f"{shown(total)} is no sum of lines")
    denominator = _positive(total.denominator)
    left = {index: denominator * value for index, value in target.items()}
    strict = False
    for entry in _tuple(total.lines):
        number, factor = _pair(entry)
        line = lifted.lines[_index(number, len(lifted.lines))]
        if factor < 0 and not line.equal:
            raise Refused(f"the multiplier of line {number} is negative")
        strict = strict or (line.strict and factor > 0)
        for index, value in line.form:
            left[index] = left.get(index, 0) - factor * value
    for entry in _tuple(total.rounds):
        parts = _tuple(entry)
        if len(parts) != 3:
            raise Refused("a round needs its number, a direction and a length")
        number, direction, length = parts
        _add_round(lifted.rounds[_index(number, len(lifted.rounds))], direction, length, left)
    constant = left.pop(0, 0)
    if any(left.values()):
        raise Refused("the sum does not cancel")
    return Fraction(-constant, denominator), strict


def _add_round(cone: Round, direction: object, length: object, left: dict[int, int]) -> None:
    """Subtracts direction . forms - length v_scale, which is at most 0."""
    entries = _tuple(direction)
    if len(entries) != len(cone.forms):
        raise Refused(f"a direction has {len(entries)} entries, not {len(cone.forms)}")
    common = lcm(*cone.weights)
    square = 0
    for raw, weight, form in zip(entries, cone.weights, cone.forms, strict=True):
        factor = _integer(raw)
        square += factor * factor * (common // weight)
        for index, value in form:
            left[index] = left.get(index, 0) - factor * value
    extent = _integer(length)
    if extent < 0 or extent * extent * common < cone.radius * square:
        raise Refused("a direction is longer than its length says")
    left[cone.scale] = left.get(cone.scale, 0) + extent


def _shown(lifted: Lift, target: Mapping[int, int], total: object, strict: bool) -> Fraction:
    """The slack, if the sum shows target <= 0, or < 0 where `strict`."""
    slack, strictly = _slack(lifted, target, total)
    if slack < 0 or (strict and slack == 0 and not strictly):
        raise Refused("the sum shows less than is wanted")
    return slack


def _empty(lifted: Lift, total: object) -> None:
    _shown(lifted, {}, total, strict=True)


# ---- goals -------------------------------------------------------------------------------------


def _goal(lifts: _Lifts, goal: Goal, proof: object) -> Fraction | None:
    """By how much the inner set may grow; None without bound."""
    if isinstance(proof, Vacuous):
        _empty(_inner(lifts, goal), proof.sum)
        return None
    if isinstance(proof, Narrowed):
        if not isinstance(goal.inner, Intersection):
            raise Refused("the inner set is no intersection")
        part = goal.inner.parts[_index(proof.number, len(goal.inner.parts))]
        return _goal(lifts, replace(goal, inner=part), proof.proof)
    match goal, proof:
        case RowGoal(), Combination() | ByExtent():
            return _row(lifts, goal, proof)
        case RoundGoal(), Enclosed(multipliers):
            return _enclosed(goal, multipliers)
        case ShapeGoal(), Facets(sums):
            return _facets(lifts, goal, sums)
        case ShapeGoal(), Members(points, rays):
            return _members(goal, points, rays)
        case ShapeGoal(), Part(number, inside):
            return _part(goal, number, inside)
        case ShapeGoal(), Termwise(order, inside_each):
            return _termwise(goal, order, inside_each)
    raise Refused(f"{shown(proof)} does not prove this kind of goal")


def _inner(lifts: _Lifts, goal: Goal) -> Lift:
    size = lifts.question.size
    match goal:
        case RowGoal(_, row):
            size = len(row)
        case RoundGoal(_, forms):
            size = len(forms[0])
        case ShapeGoal(_, matrix):
            size = len(matrix[0])
    return lifts.of(goal.inner, size)


def _row(lifts: _Lifts, goal: RowGoal, proof: object) -> Fraction | None:
    square = dot(goal.row, goal.row) * goal.stretch**2
    if isinstance(proof, ByExtent):
        slack = _within_extents(goal.inner, goal.row, goal.bound, goal.strict)
    else:
        form, factor = whole({0: -goal.bound, **dict(enumerate(goal.row, start=1))})
        slack = _shown(_inner(lifts, goal), dict(form), proof, goal.strict) / factor
    return slack / root_above(square) if square and slack is not None else None


def _within_extents(region: Region, row: Row, bound: Fraction, strict: bool) -> Fraction | None:
    """By how much at least every extent is below the bound; None if the set is empty."""
    slack: Fraction | None = None
    for extent in extents(region, row, root_below):
        if extent.value is None or not extent.at_most(bound, strict):
            raise Refused("the set reaches further")
        rest = bound - extent.value - sum(map(root_above, extent.squares), ZERO)
        slack = max(ZERO, rest) if slack is None else min(slack, max(ZERO, rest))
    return slack


def _facets(lifts: _Lifts, goal: ShapeGoal, sums: object) -> Fraction | None:
    if has_strict(goal.region):
        raise Refused("the facets of an open set")
    wanted = [
        row
        for each in facets(goal.region, len(goal.matrix), root_above)
        for row in row_goals(goal.inner, each, goal.matrix, goal.offset, False, goal.stretch)
    ]
    if len(_tuple(sums)) != len(wanted):
        raise Refused(f"{len(wanted)} facets are to be shown")
    margins = [_row(lifts, *pair) for pair in zip(wanted, _tuple(sums), strict=True)]
    return min((m for m in margins if m is not None), default=None)


def _enclosed(goal: RoundGoal, multipliers: object) -> Fraction | None:
    hull = pieces(goal.inner, len(goal.forms[0]), root_below)
    if any(any(apply(goal.forms, ray)) for ray in hull.rays):
        raise Refused("the inner set is not bounded")
    if len(_tuple(multipliers)) != len(hull.pieces):
        raise Refused(f"{len(hull.pieces)} pieces are to be shown")
    most = ZERO
    for piece, multiplier in zip(hull.pieces, _tuple(multipliers), strict=True):
        center = plus(apply(goal.forms, piece.center), goal.offsets)
        axes = [apply(goal.forms, axis) for axis in piece.axes]
        if multiplier is None:
            reached = _by_triangle(goal, center, axes, piece)
        else:
            factor = rational(multiplier, "the multiplier of a piece")
            reached = _by_multiplier(goal, center, axes, piece, factor)
        most = max(most, reached)
    growth = root_above(norm_above(goal.forms, goal.weights)) * goal.stretch
    if not growth:
        return None
    return max(ZERO, root_below(goal.radius) - root_above(most)) / growth


def _inner_product(goal: RoundGoal, one: Row, other: Row) -> Fraction:
    return sum(
        (w * a * b for w, a, b in zip(goal.weights, one, other, strict=True) if a and b), ZERO
    )


def _by_triangle(goal: RoundGoal, center: Row, axes: Sequence[Row], piece: Piece) -> Fraction:
    """At least the greatest value of the form over the piece, at most the radius. Wants a point, or
    axes along which the piece is a ball in the outer set's norm."""
    offset = _inner_product(goal, center, center)
    size = ZERO
    if axes:
        size = piece.squares[0] * _inner_product(goal, axes[0], axes[0])
        for i, axis in enumerate(axes):
            for j, other in enumerate(axes[: i + 1]):
                wanted = size / piece.squares[i] if i == j else ZERO
                if _inner_product(goal, axis, other) != wanted:
                    raise Refused("a piece that is no ball needs a multiplier")
    rest = goal.radius - offset - size
    if rest < 0 or rest * rest < 4 * offset * size:
        raise Refused("a piece reaches out of the outer set")
    both = rational_root(offset * size) or root_above(offset * size)
    return min(goal.radius, offset + size + 2 * both)


def _by_multiplier(
    goal: RoundGoal, center: Row, axes: Sequence[Row], piece: Piece, factor: Fraction
) -> Fraction:
    """At least the greatest value of the form over the piece, at most the radius.

    radius - |center + sum of w_k axis_k|^2 - factor (1 - sum of w_k^2 / square_k) is a quadratic
    form in (w, 1); eliminated from its first variable to its last, all its pivots are positive but
    the last, which is nonnegative and the slack.
    """
    if factor < 0:
        raise Refused("the multiplier of a piece is negative")
    spanning = [*axes, center]
    matrix = [[-_inner_product(goal, one, other) for other in spanning] for one in spanning]
    for k, square in enumerate(piece.squares):
        matrix[k][k] += factor / square
    matrix[-1][-1] += goal.radius - factor
    for k in range(len(axes)):
        if matrix[k][k] < 0 or (matrix[k][k] == 0 and any(matrix[k][k:])):
            raise Refused("the multiplier of a piece proves nothing")
        for i in range(k + 1, len(matrix)):
            if matrix[k][i]:
                share = matrix[k][i] / matrix[k][k]
                for j in range(i, len(matrix)):  # what is left of the diagonal is not read again
                    matrix[i][j] -= share * matrix[k][j]
    if matrix[-1][-1] < 0:
        raise Refused("a piece reaches out of the outer set")
    return goal.radius - matrix[-1][-1]


def _members(goal: ShapeGoal, points: object, rays: object) -> Fraction:
    hull = pieces(goal.inner, len(goal.matrix[0]), root_below)
    if any(piece.axes for piece in hull.pieces):
        raise Refused("a round set is no hull of finitely many points")
    if len(_tuple(points)) != len(hull.pieces) or len(_tuple(rays)) != len(hull.rays):
        raise Refused(f"{len(hull.pieces)} corners and {len(hull.rays)} rays are to be shown")
    lifted = lift(goal.region, len(goal.matrix), root_above)
    for piece, point in zip(hull.pieces, _tuple(points), strict=True):
        found = _assigned(lifted, point, ONE)
        if found != plus(apply(goal.matrix, piece.center), goal.offset):
            raise Refused("another point is shown to lie in the outer set")
    for ray, direction in zip(hull.rays, _tuple(rays), strict=True):
        if _assigned(lifted, direction, ZERO) != apply(goal.matrix, ray):
            raise Refused("another ray is shown to lie in the outer set")
    return ZERO


def _part(goal: ShapeGoal, number: object, proof: object) -> Fraction | None:
    if not isinstance(goal.region, ConvexHull):
        raise Refused("a part of something that is no hull")
    region = goal.region.parts[_index(number, len(goal.region.parts))]
    _plain(goal)
    return _inside(Containment(goal.inner, region, len(goal.matrix)), proof, goal.stretch)


def _termwise(goal: ShapeGoal, order: object, proofs: object) -> Fraction | None:
    """One term may take all of the growth."""
    inner, outer = goal.inner, goal.region
    if not (isinstance(inner, MinkowskiSum) and isinstance(outer, MinkowskiSum)):
        raise Refused("the terms of something that is no sum")
    count = len(outer.parts)
    places = [_index(number, count) for number in _tuple(order)]
    if sorted(places) != list(range(count)) or count != len(inner.parts):
        raise Refused("the terms do not match")
    if len(_tuple(proofs)) != count:
        raise Refused(f"{count} proofs are wanted")
    _plain(goal)
    margins = [
        _inside(Containment(inner.parts[place], part, len(goal.matrix)), proof, goal.stretch)
        for place, part, proof in zip(places, outer.parts, _tuple(proofs), strict=True)
    ]
    known = [margin for margin in margins if margin is not None]
    return max(known) if len(known) == len(margins) else None


def _plain(goal: ShapeGoal) -> None:
    size = len(goal.matrix)
    if goal.matrix != tuple(unit(i, size) for i in range(size)) or any(goal.offset):
        raise Refused("the inner set is reached through a map")


def _inside(question: Containment, proof: object, stretch: Fraction) -> Fraction | None:
    found = judge_containment(question, proof)
    match found:
        case Contained(margin):
            return margin and margin / stretch
        case NotContained():
            raise Refused("a part is shown not to be contained")
        case Rejected(reason):
            raise Refused(reason)


# ---- points ------------------------------------------------------------------------------------


def _assigned(lifted: Lift, given: object, scale: Fraction) -> Row:
    """The point, after a look at every line, round and share; v_0 is `scale`, 1 or 0."""
    if not isinstance(given, Assignment):
        raise Refused(f"{shown(given)} is no assignment")
    denominator = _positive(given.denominator)
    values = [denominator * int(scale), *map(_integer, _tuple(given.values))]
    if len(values) != lifted.count:
        raise Refused(f"{lifted.count - 1} values are wanted")

    def of(form: Sequence[tuple[int, int]]) -> int:
        return sum(factor * values[index] for index, factor in form)

    for number, line in enumerate(lifted.lines):
        value = of(line.form)
        if value > 0 or (line.equal and value) or (line.strict and scale and not value):
            raise Refused(f"a point is not in its set: line {number}")
    for cone in lifted.rounds:
        square = sum(w * of(form) ** 2 for w, form in zip(cone.weights, cone.forms, strict=True))
        if square > cone.radius * values[cone.scale] ** 2 or values[cone.scale] < 0:
            raise Refused("a point is not in its set: a round")
    for share in lifted.shares:
        if values[share.scale] == 0 and (
            any(values[share.first : share.end]) or any(map(of, share.forms))
        ):
            raise Refused("a point is not in its set: a part of weight 0")
    return tuple(Fraction(value, denominator) for value in values[1 : lifted.size + 1])


def _outside(lifts: _Lifts, point: object, row: object, proof: object) -> NotContained:
    question = lifts.question
    found = _assigned(_within(question), point, ONE)
    direction = _direction(row, question.size)
    bound = dot(direction, found)
    if isinstance(proof, ByExtent):
        _within_extents(question.outer, direction, bound, strict=True)
    else:
        form, _ = whole({0: -bound, **dict(enumerate(direction, start=1))})
        _shown(lifts.of(question.outer, question.size), dict(form), proof, strict=True)
    return NotContained(found, None)


def _escape(lifts: _Lifts, point: object, ray: object, row: object, proof: object) -> NotContained:
    question = lifts.question
    within = _within(question)
    found = _assigned(within, point, ONE)
    along = _assigned(within, ray, ZERO)
    direction = _direction(row, question.size)
    if dot(direction, along) <= 0:
        raise Refused("the row does not grow along the ray")
    if isinstance(proof, ByExtent):
        if None in [each.value for each in extents(question.outer, direction, root_below)]:
            raise Refused("the row is not bounded over the outer set")
    else:
        form, _ = whole(dict(enumerate(direction, start=1)))
        _slack(lifts.of(question.outer, question.size), dict(form), proof)
    return NotContained(found, along)


def _within(question: Containment) -> Lift:
    """The inner set, or what is contained in it."""
    return lift(question.inner, question.size, root_above)


def _direction(row: object, size: int) -> Row:
    entries = tuple(Fraction(_integer(entry)) for entry in _tuple(row))
    if len(entries) != size:
        raise Refused(f"a row of {size} numbers is wanted")
    return entries


# ---- hostile data ------------------------------------------------------------------------------


def _tuple(value: object) -> tuple[object, ...]:
    if type(value) is not tuple:
        raise Refused(f"{shown(value)} should be a sequence")
    return value


def _integer(value: object) -> int:
    if type(value) is not int or value.bit_length() > BITS_MAX:
        raise Refused(f"{shown(value)} should be a whole number of reasonable size")
    return value


def _positive(value: object) -> int:
    number = _integer(value)
    if number <= 0:
        raise Refused("a denominator is not positive")
    return number


def _pair(entry: object) -> tuple[object, int]:
    pair = _tuple(entry)
    if len(pair) != 2:
        raise Refused("an entry should be a number and a multiplier")
    return pair[0], _integer(pair[1])


def _index(value: object, count: int) -> int:
    number = _integer(value)
    if not 0 <= number < count:
        raise Refused(f"there is no number {number} here")
    return number
