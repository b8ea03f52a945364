"""Finds what certifies that one constant set lies in another, or that it does not.

Untrusted: verifier/check/containment.py judges what is found. Each goal of the question is tried in
turn until one is refuted. For rows this is complete, and polynomial; for round sets and for hulls
and sums that are not given by rows, corners or facets are enumerated where there are few.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import permutations
from math import ceil

from verifier.core.cone import integers
from verifier.core.containment import (
    ByExtent,
    Combination,
    Containment,
    ContainmentCertificate,
    Enclosed,
    Escape,
    Facets,
    Goal,
    GoalProof,
    Inside,
    Members,
    Narrowed,
    Outside,
    Part,
    RoundGoal,
    RowGoal,
    RowProof,
    ShapeGoal,
    Termwise,
    Vacuous,
    goals,
    row_goals,
)
from verifier.core.description import (
    NoDescription,
    Pieces,
    extents,
    facets,
    has_strict,
    pieces,
)
from verifier.core.lift import Form, lift, whole
from verifier.core.region import ConvexHull, Intersection, MinkowskiSum, NotConstant, Region, Row
from verifier.core.root import Root, root_above, root_below
from verifier.core.vector import apply, dot, plus, times, transposed, unit
from verifier.core.verdict import Unknown
from verifier.solve.enclose import Form as RoundForm
from verifier.solve.enclose import Held, Reaching, Touching, enclose
from verifier.solve.member import Apart, Member, member, ray_member
from verifier.solve.summit import is_simple, summit
from verifier.solve.support import (
    Beyond,
    Empty,
    Open,
    Shown,
    System,
    assigned,
    furthest,
    reaches,
    shares_hold,
    system,
)

ZERO, ONE = Fraction(0), Fraction(1)
CORNERS_FEW, CORNERS_MAX = 64, 2_048
"""Corners that are looked up one by one before facets are enumerated, and at most."""
TERMS_MAX = 4
WEIGHT_BITS = (4, 40, 100)


@dataclass(slots=True)
class _Work:
    question: Containment
    systems: dict[tuple[int, Root], tuple[Region, System]] = field(default_factory=dict)

    def system(self, region: Region, size: int, root: Root = root_below) -> System:
        """The set, or with `root_above` a set that lies in it."""
        key = id(region), root
        if key not in self.systems:
            self.systems[key] = region, system(lift(region, size, root))
        return self.systems[key][1]


def find(question: Containment) -> ContainmentCertificate | Unknown:
    """A certificate that the inner set lies in the outer one or that it does not; or why there is
    none."""
    work = _Work(question)
    reasons: list[str] = []
    proofs: list[GoalProof] = []
    try:
        wanted = goals(question)
    except (NoDescription, NotConstant) as reason:
        return Unknown(str(reason))
    for goal in wanted:
        try:
            found = _goal(work, goal)
        except (NoDescription, NotConstant) as reason:
            found = Open(str(reason))
        if isinstance(found, Open):
            found = _narrowed(work, goal) or found
        match found:
            case Outside() | Escape():
                return found
            case Vacuous() if goal.inner is question.inner:
                return found
            case Open(reason_told):
                reasons.append(reason_told)
            case _:
                proofs.append(found)
    return Unknown(reasons[0]) if reasons else Inside(tuple(proofs))


def _goal(work: _Work, goal: Goal) -> GoalProof | Outside | Escape | Open:
    match goal:
        case RowGoal():
            return _row(work, goal)
        case RoundGoal():
            return _round(work, goal)
        case ShapeGoal():
            return _shape(work, goal)


def _narrowed(work: _Work, goal: Goal) -> Narrowed | None:
    """Whether one part of an intersection is enough."""
    if isinstance(goal.inner, Intersection):
        for number, part in enumerate(goal.inner.parts):
            try:
                found = _goal(work, replace(goal, inner=part))
            except (NoDescription, NotConstant):
                continue
            if not isinstance(found, Outside | Escape | Open):
                return Narrowed(number, found)
    return None


# ---- rows --------------------------------------------------------------------------------------


def _target(row: Row, bound: Fraction) -> Form:
    """row . x - bound."""
    return whole({0: -bound, **dict(enumerate(row, start=1))})[0]


def _row(work: _Work, goal: RowGoal) -> RowProof | Vacuous | Outside | Escape | Open:
    if is_simple(goal.inner):
        found = extents(goal.inner, goal.row, root_below)
        if all(each.at_most(goal.bound, goal.strict) for each in found):
            return ByExtent()
        own = goal.inner is work.question.inner
        return _refuted(work, goal.row, None, goal.bound if own else None)
    made = work.system(goal.inner, len(goal.row))
    match reaches(made, _target(goal.row, goal.bound), goal.strict):
        case Shown(total):
            return total
        case Empty(total):
            return Vacuous(total)
        case Open() as left:
            return left
        case Beyond() as beyond:
            own = goal.inner is work.question.inner
            return _refuted(work, goal.row, beyond if own else None, goal.bound if own else None)


def _refuted(
    work: _Work, direction: Row, beyond: Beyond | None, bound: Fraction | None
) -> Outside | Escape | Open:
    """A point of the inner set that is further in the direction than all of the outer one.

    `beyond` is one, if the inner set is not rounded; `bound` is how far the outer one reaches.
    """
    question = work.question
    found = _furthest(work, direction, beyond)
    if not isinstance(found, Beyond):
        return found
    row = integers(direction)
    if len(found.point) > question.size and not _weighed(work, found):
        return _with_weights(work, found, row)
    exact = tuple(map(Fraction, row))
    if found.ray is not None:
        scale = dot(exact, exact) / dot(exact, direction)
        proof = _bounding(work, exact, None if bound is None else bound * scale)
        if isinstance(proof, Empty):
            return Outside(assigned(found.point), (0,) * question.size, proof.sum)
        if proof is None:
            return Open("a ray leaves the outer set, but that was not shown")
        return Escape(assigned(found.point), assigned(found.ray), row, proof)
    return _apart(work, found.point, row)


def _apart(work: _Work, point: Row, row: tuple[int, ...]) -> Outside | Open:
    """That the point of the inner set is further along the row than all of the outer one."""
    question = work.question
    exact = tuple(map(Fraction, row))
    value = dot(exact, point[: question.size])
    if is_simple(question.outer):
        every = extents(question.outer, exact, root_below)
        if all(each.at_most(value, strict=True) for each in every):
            return Outside(assigned(point), row, ByExtent())
        return Open("the sets touch where no rational point tells them apart")
    outer = work.system(question.outer, question.size)
    match reaches(outer, _target(exact, value), strict=True):
        case Shown(total):
            return Outside(assigned(point), row, total)
        case Empty(total):
            return Outside(assigned(point), (0,) * question.size, total)
        case _:
            return Open("the sets touch where no rational point tells them apart")


def _furthest(work: _Work, direction: Row, beyond: Beyond | None) -> Beyond | Open:
    """A point of the inner set, and nothing that is rounded outwards, far in the direction."""
    question = work.question
    if is_simple(question.inner):
        point = summit(question.inner, direction)
        if point is not None:
            return Beyond(point)
    made = work.system(question.inner, question.size, root_above)
    rounded = made.lifted != work.system(question.inner, question.size).lifted
    found = beyond
    if found is None or rounded:
        answer = furthest(made, _target(direction, ZERO))
        if not isinstance(answer, Beyond):
            return Open("no exact point of the inner set was found outside")
        found = answer
    return found


def _weighed(work: _Work, found: Beyond) -> bool:
    """Whether parts of hulls without weight add nothing to the point and the ray."""
    lifted = work.system(work.question.inner, work.question.size, root_above).lifted
    ray = found.ray
    return shares_hold(lifted, found.point, 1) and (ray is None or shares_hold(lifted, ray, 0))


def _with_weights(work: _Work, found: Beyond, row: tuple[int, ...]) -> Outside | Open:
    """A point near the one that was found, or far along its ray, at which every part of a hull has
    some weight: a part without an end adds its directions at any weight, and at none nothing."""
    made = work.system(work.question.inner, work.question.size, root_above)
    weighty = [furthest(made, ((share.scale, 1),)) for share in made.lifted.shares]
    points = [each.point for each in weighty if isinstance(each, Beyond)]
    if len(points) == len(weighty):
        even = times(
            Fraction(1, len(points)), tuple(sum(each, ZERO) for each in zip(*points, strict=True))
        )
        for bits in WEIGHT_BITS:
            part = Fraction(1, 1 << bits)
            point = plus(times(1 - part, found.point), times(part, even))
            if found.ray is not None:
                point = plus(point, times(1 / part, found.ray))
            outside = _apart(work, point, row)
            if shares_hold(made.lifted, point, 1) and isinstance(outside, Outside):
                return outside
    return Open("a point of an unbounded hull was not found")


def _bounding(work: _Work, row: Row, bound: Fraction | None) -> RowProof | Empty | None:
    """That the row is bounded over the outer set, or that this is empty."""
    question = work.question
    if is_simple(question.outer):
        known = extents(question.outer, row, root_below)
        return None if None in [each.value for each in known] else ByExtent()
    return _reach_of(work.system(question.outer, question.size), row, bound)


def _reach_of(made: System, row: Row, bound: Fraction | None) -> Combination | Empty | None:
    """A sum that bounds the row over the set; by the bound, if one is known."""
    if bound is None:
        found = furthest(made, _target(row, ZERO))
        if not isinstance(found, Beyond) or found.ray is not None:
            return found if isinstance(found, Empty) else None
        bound = dot(row, found.point[: len(row)]) + 1
    match reaches(made, _target(row, Fraction(ceil(bound)))):
        case Shown(total):
            return total
        case Empty() as empty:
            return empty
        case _:
            return None


# ---- round sets --------------------------------------------------------------------------------


def _round(work: _Work, goal: RoundGoal) -> Enclosed | Vacuous | Outside | Escape | Open:
    try:
        hull = pieces(goal.inner, len(goal.forms[0]), root_below)
    except NoDescription as reason:
        return _probed(work, goal, str(reason))
    for ray in hull.rays:
        moved = apply(goal.forms, ray)
        if any(moved):
            axis = next(i for i, value in enumerate(moved) if value)
            sign = ONE if moved[axis] > 0 else -ONE
            return _refuted(work, times(sign, goal.forms[axis]), None, None)
    multipliers: list[Fraction | None] = []
    open_reason: str | None = None
    for piece in hull.pieces:
        form = RoundForm(
            plus(apply(goal.forms, piece.center), goal.offsets),
            tuple(apply(goal.forms, axis) for axis in piece.axes),
            piece.squares,
            goal.weights,
            goal.radius,
        )
        match enclose(form):
            case Held(multiplier):
                multipliers.append(multiplier)
            case Touching(reason_told):
                open_reason = reason_told
            case Reaching(weights):
                point = piece.center
                for weight, axis_of in zip(weights, piece.axes, strict=True):
                    point = plus(point, times(weight, axis_of))
                return _past(work, goal, point)
    return Open(open_reason) if open_reason else Enclosed(tuple(multipliers))


def _past(work: _Work, goal: RoundGoal, point: Row) -> Outside | Escape | Open:
    """That the point of the goal's inner set is outside, along the gradient there."""
    place = plus(apply(goal.forms, point), goal.offsets)
    slope = tuple(w * value for w, value in zip(goal.weights, place, strict=True))
    direction = transposed(goal.forms, slope)
    simple = work.system(goal.inner, len(point)).size == len(point)
    own = goal.inner is work.question.inner and simple
    return _refuted(work, direction, Beyond(point) if own else None, None)


def _probed(work: _Work, goal: RoundGoal, reason: str) -> Vacuous | Outside | Escape | Open:
    """A point far out along an axis of the round set that is outside, or none."""
    made = work.system(goal.inner, len(goal.forms[0]))
    for form in goal.forms:
        for sign in (ONE, -ONE):
            found = furthest(made, _target(times(sign, form), ZERO))
            if isinstance(found, Empty):
                return Vacuous(found.sum)
            if isinstance(found, Beyond):
                point = found.point[: len(form)]
                place = plus(apply(goal.forms, point), goal.offsets)
                square = sum((w * v * v for w, v in zip(goal.weights, place, strict=True)), ZERO)
                if found.ray is not None:
                    return _refuted(work, times(sign, form), None, None)
                if square > goal.radius:
                    return _past(work, goal, point)
    return Open(reason)


# ---- sums, hulls, images and zonotopes ---------------------------------------------------------


def _shape(
    work: _Work, goal: ShapeGoal
) -> Facets | Members | Part | Termwise | Vacuous | Outside | Escape | Open:
    found = _looked_up(work, goal)
    return (_by_parts(goal) or found) if isinstance(found, Open) else found


def _by_parts(goal: ShapeGoal) -> Part | Termwise | None:
    """Whether the inner set lies in one part of a hull, or a sum in a sum term by term."""
    size = len(goal.matrix)
    if goal.matrix != tuple(unit(i, size) for i in range(size)) or any(goal.offset):
        return None
    match goal.inner, goal.region:
        case inner, ConvexHull(parts):
            for number, part in enumerate(parts):
                found = find(Containment(inner, part, size))
                if isinstance(found, Inside | Vacuous):
                    return Part(number, found)
        case MinkowskiSum(terms), MinkowskiSum(parts) if len(terms) == len(parts) <= TERMS_MAX:
            table = [[find(Containment(term, part, size)) for term in terms] for part in parts]
            for order in permutations(range(len(parts))):
                chosen = [table[i][place] for i, place in enumerate(order)]
                proofs = tuple(each for each in chosen if isinstance(each, Inside | Vacuous))
                if len(proofs) == len(chosen):
                    return Termwise(order, proofs)
    return None


def _looked_up(
    work: _Work, goal: ShapeGoal
) -> Facets | Members | Vacuous | Outside | Escape | Open:
    """By the corners of the inner set or the facets of the outer one."""
    reasons: list[str] = []
    hull = _corners(goal, reasons)
    if hull is not None and len(hull.pieces) <= CORNERS_FEW:
        return _members(work, goal, hull)
    try:
        if has_strict(goal.region):
            raise NoDescription("the facets of an open set")
        return _facets(work, goal)
    except NoDescription as reason:
        reasons.append(str(reason))
    if hull is not None and len(hull.pieces) <= CORNERS_MAX:
        return _members(work, goal, hull)
    return Open("; ".join(reasons))


def _corners(goal: ShapeGoal, reasons: list[str]) -> Pieces | None:
    try:
        hull = pieces(goal.inner, len(goal.matrix[0]), root_below)
    except NoDescription as reason:
        reasons.append(str(reason))
        return None
    if any(piece.axes for piece in hull.pieces):
        return None
    return hull


def _facets(work: _Work, goal: ShapeGoal) -> Facets | Vacuous | Outside | Escape | Open:
    rows: list[RowProof] = []
    open_reason: Open | None = None
    for each in facets(goal.region, len(goal.matrix), root_above):
        wanted = row_goals(goal.inner, each, goal.matrix, goal.offset, False, goal.stretch)
        for one in wanted:
            match _row(work, one):
                case Combination() | ByExtent() as proof:
                    rows.append(proof)
                case Open() as left:
                    open_reason = left
                case other:
                    return other
    return open_reason or Facets(tuple(rows))


def _members(
    work: _Work, goal: ShapeGoal, hull: Pieces
) -> Members | Vacuous | Outside | Escape | Open:
    lifted = lift(goal.region, len(goal.matrix), root_above)
    places = []
    for piece in hull.pieces:
        match member(goal.region, lifted, plus(apply(goal.matrix, piece.center), goal.offset)):
            case Member(values):
                places.append(values)
            case Apart(direction):
                own = goal.inner is work.question.inner
                simple = work.system(goal.inner, len(piece.center)).size == len(piece.center)
                beyond = Beyond(piece.center) if own and simple else None
                return _refuted(work, transposed(goal.matrix, direction), beyond, None)
            case Open() as left:
                return left
    rays = []
    for ray in hull.rays:
        match ray_member(lifted, apply(goal.matrix, ray)):
            case Member(values):
                rays.append(values)
            case Apart(direction):
                return _refuted(work, transposed(goal.matrix, direction), None, None)
            case Open() as left:
                return left
    return Members(tuple(places), tuple(rays))
