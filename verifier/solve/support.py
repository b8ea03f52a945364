"""How far a set reaches in a direction, as a sum of its lines and rounds; or a point that is
further.

Without rounds this is a linear program: HiGHS proposes a basis, which is solved exactly. A round is
replaced by its tangents: each is a line u . forms <= sigma v_scale. After each program, the
tangents that its multipliers use are added up to one, which is shorter than they are together, and
that is the next tangent (Kelley's cutting planes in the dual); for balls and ellipsoids that are
added, moved, hulled and mapped, but not intersected, the first such sum is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import lcm
from typing import TypeAlias

from verifier.core.containment import Assignment, Combination
from verifier.core.exact import reduced
from verifier.core.lift import Form, Lift, Line, Round, whole
from verifier.core.root import root_above, root_below
from verifier.solve import linear, pivot
from verifier.solve.pivot import Infeasible, Optimal, Unbounded, constant_of, value_of

Vector: TypeAlias = tuple[Fraction, ...]
Lines: TypeAlias = dict[int, Fraction]
Rounds: TypeAlias = dict[int, tuple[list[Fraction], Fraction]]
"""By the number of a line its multiplier, and by the number of a round its direction and length."""

ZERO, ONE = Fraction(0), Fraction(1)
SMALL = 150
"""Lines times variables up to which exact pivots are quicker than a call of HiGHS."""
TANGENTS_MAX = 60
BITS = 60
"""Of the directions of tangents."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The sum shows that the target is at most 0, or less where that was asked."""

    sum: Combination


@dataclass(frozen=True, slots=True)
class Empty:
    """The sum shows that the set is empty."""

    sum: Combination


@dataclass(frozen=True, slots=True)
class Beyond:
    """Variables of a point of the set at which the target is more than 0, or 0 where less was
    asked; with a ray, along which it grows."""

    point: Vector
    ray: Vector | None = None


@dataclass(frozen=True, slots=True)
class Open:
    reason: str


Found: TypeAlias = Shown | Empty | Beyond | Open


@dataclass(slots=True)
class System:
    """The lines of a lift, then its tangents; `tangents` tells of each its round, direction and
    length. `last` are the lines of the last basis, which the next program starts from."""

    lifted: Lift
    lines: list[Line] = field(default_factory=list)
    tangents: list[tuple[int, tuple[int, ...], int]] = field(default_factory=list)
    last: Sequence[int] = ()
    active: Callable[[Sequence[float]], list[int]] | None = None

    @property
    def size(self) -> int:
        return self.lifted.count - 1


def system(lifted: Lift) -> System:
    """The set, ready for any number of questions."""
    made = System(lifted, list(lifted.lines))
    for number, cone in enumerate(lifted.rounds):
        for axis in range(len(cone.forms)):
            for sign in (1, -1):
                direction = [sign if i == axis else 0 for i in range(len(cone.forms))]
                _touch(made, number, direction)
    return made


def reaches(made: System, target: Form, strict: bool = False) -> Found:
    """Whether the target, a form over v_0, v_1, ..., is at most 0 on the set; less than 0 where
    `strict`."""
    try:
        if strict or any(line.strict for line in made.lifted.lines):
            if made.lifted.rounds:
                return _round_strict(made, target, strict)
            return _motzkin(made, target, strict)
        if made.lifted.rounds:
            return _round(made, target, strict=False)
        return _linear(made, target)
    except pivot.TooLong as reason:
        return Open(str(reason))


def objective_of(target: Form, size: int) -> list[int]:
    """The coefficients of v_1, v_2, ..."""
    known = dict(target)
    return [known.get(index, 0) for index in range(1, size + 1)]


# ---- without rounds ----------------------------------------------------------------------------


def _linear(made: System, target: Form) -> Found:
    objective = objective_of(target, made.size)
    start = _proposed(made, objective)
    quick = pivot.multipliers_of(made.lines, start, objective) if start else None
    if quick is not None and constant_of(target) <= _constant(made, quick):
        return Shown(_combined(made, quick))
    near = pivot.point_of(made.lines, start, made.size) if start else None
    if near is not None and value_of(target, near) > 0:
        return Beyond(near)
    ending = pivot.solve(made.lines, objective, [*start, *made.last])
    match ending:
        case Infeasible(multipliers):
            return Empty(_combined(made, multipliers))
        case Unbounded(ray):
            feasible = pivot.solve(made.lines, [0] * made.size, made.last)
            if isinstance(feasible, Infeasible):
                return Empty(_combined(made, feasible.multipliers))
            assert isinstance(feasible, Optimal), "no objective is unbounded"
            return Beyond(feasible.point, ray)
        case Optimal(value, point, multipliers):
            made.last = tuple(multipliers)
            if value + constant_of(target) <= 0:
                return Shown(_combined(made, multipliers))
            return Beyond(point)


def _constant(made: System, multipliers: Mapping[int, Fraction]) -> Fraction:
    return sum((y * constant_of(made.lines[n].form) for n, y in multipliers.items()), ZERO)


def _proposed(made: System, objective: Sequence[int]) -> list[int]:
    """The lines at which HiGHS stops; none where the system is small enough without."""
    if len(made.lines) * made.size <= SMALL or all(_single(line.form) for line in made.lines):
        return []
    if made.active is None:
        made.active = linear.maximizer([_floating(line) for line in made.lines], made.size)
    greatest = max(map(abs, objective)) or 1
    return made.active([c / greatest for c in objective])


def _single(form: Form) -> bool:
    return sum(1 for index, _ in form if index) <= 1


def _floating(line: Line) -> linear.Row:
    """The line as a row with coefficients of at most 1."""
    inner = [(index, a) for index, a in line.form if index]
    greatest = max((abs(a) for _, a in inner), default=1)
    bound = _ratio(-constant_of(line.form), greatest)
    low = bound if line.equal else float("-inf")
    return low, bound, [index - 1 for index, _ in inner], [_ratio(a, greatest) for _, a in inner]


def _ratio(top: int, bottom: int) -> float:
    try:
        return top / bottom
    except OverflowError:
        return float("inf") if top > 0 else float("-inf")


def _combined(made: System, multipliers: Mapping[int, Fraction]) -> Combination:
    """The sum with these multipliers; all tangents of one round are added up."""
    return _written(*_added(made, multipliers))


def _added(made: System, multipliers: Mapping[int, Fraction]) -> tuple[Lines, Rounds]:
    count = len(made.lifted.lines)
    lines = {n: y for n, y in sorted(multipliers.items()) if n < count and y}
    rounds: Rounds = {}
    for n, y in sorted(multipliers.items()):
        if n >= count and y:
            number, direction, length = made.tangents[n - count]
            total, extent = rounds.get(number, ([ZERO] * len(direction), ZERO))
            total = [a + y * b for a, b in zip(total, direction, strict=True)]
            rounds[number] = total, extent + y * length
    return lines, rounds


def _written(lines: Lines, rounds: Rounds) -> Combination:
    values = [*lines.values()]
    for vector, extent in rounds.values():
        values += [*vector, extent]
    common = lcm(*(value.denominator for value in values))
    return Combination(
        common,
        tuple((n, _times(y, common)) for n, y in lines.items()),
        tuple(
            (n, tuple(_times(a, common) for a in vector), _times(extent, common))
            for n, (vector, extent) in rounds.items()
        ),
    )


def _times(value: Fraction, common: int) -> int:
    return value.numerator * (common // value.denominator)


# ---- strict lines ------------------------------------------------------------------------------


def _motzkin(made: System, target: Form, strict: bool) -> Found:
    """Motzkin's transposition: raise t where lines <= 0, strict lines <= -t, t <= 1, and
    target >= 0; target >= t unless less was asked."""
    own = made.size + 1
    lines = [
        Line((*line.form, (own, 1)), line.equal) if line.strict else line for line in made.lines
    ]
    beyond = tuple((index, -a) for index, a in target)
    lines.append(Line(beyond if strict else (*beyond, (own, 1))))
    lines.append(Line(((0, -1), (own, 1))))
    wanted, cap = len(lines) - 2, len(lines) - 1
    ending = pivot.solve(lines, [0] * made.size + [1])
    match ending:
        case Optimal(value, point, multipliers):
            if value > 0:
                return Beyond(point[:-1])
        case Infeasible(multipliers):
            pass
        case Unbounded():
            raise AssertionError("t is at most 1")
    factor = multipliers.get(wanted, ZERO)
    rest = {n: y for n, y in multipliers.items() if n not in (wanted, cap)}
    if not factor:
        return Empty(_combined(made, rest))
    return Shown(_combined(made, {n: y / factor for n, y in rest.items()}))


# ---- rounds ------------------------------------------------------------------------------------


def _touch(made: System, number: int, direction: Sequence[int]) -> None:
    """Adds the tangent of the round in this direction."""
    cone = made.lifted.rounds[number]
    length = root_above(_square(cone, direction), BITS)
    scale = length.denominator
    whole_direction = tuple(a * scale for a in direction)
    _add(made, number, whole_direction, length.numerator)


def _add(made: System, number: int, direction: tuple[int, ...], length: int) -> None:
    cone = made.lifted.rounds[number]
    total = {cone.scale: -length}
    for factor, form in zip(direction, cone.forms, strict=True):
        for index, a in form:
            total[index] = total.get(index, 0) + factor * a
    made.tangents.append((number, direction, length))
    made.lines.append(Line(tuple((i, a) for i, a in sorted(total.items()) if a)))
    made.active = None


def _square(cone: Round, direction: Sequence[int | Fraction]) -> Fraction:
    """The square of the greatest value of direction . forms at v_scale = 1."""
    total = sum(
        (a * a * Fraction(1, w) for a, w in zip(direction, cone.weights, strict=True)), ZERO
    )
    return cone.radius * total


def _round(made: System, target: Form, strict: bool) -> Found:
    objective = objective_of(target, made.size)
    _natural(made, target)
    for _ in range(TANGENTS_MAX):
        start = _proposed(made, objective)
        ending = pivot.solve(made.lines, objective, [*start, *made.last])
        match ending:
            case Infeasible(multipliers):
                return Empty(_combined(made, multipliers))
            case Unbounded(ray):
                return _round_ray(made, ray)
            case Optimal(_, point, multipliers):
                made.last = tuple(multipliers)
                shown = _sharpened(made, target, multipliers, strict)
                if shown is not None:
                    return shown
                if _in_rounds(made.lifted, point):
                    return Beyond(point)
                if not _cut(made, point, multipliers):
                    break
    return _pulled(made, target, strict)


def _sharpened(
    made: System, target: Form, multipliers: Mapping[int, Fraction], strict: bool
) -> Shown | None:
    """The sum with every round of the whole set no longer than it must be, if that is enough.

    The last such round may be as long as the target leaves room for, so that contact at an
    irrational place is still shown.
    """
    lines, rounds = _added(made, multipliers)
    own = [number for number in rounds if not made.lifted.rounds[number].scale]
    for number in own:
        vector, _ = rounds[number]
        square = _square(made.lifted.rounds[number], vector)
        rounds[number] = vector, root_above(square, 4 * BITS)
    gap = _gap(made, target, lines, rounds)
    if gap > 0 or (gap == 0 and not strict):
        return Shown(_written(lines, rounds))
    if own and not strict:
        vector, length = rounds[own[-1]]
        room = length + gap
        if room >= 0 and room * room >= _square(made.lifted.rounds[own[-1]], vector):
            rounds[own[-1]] = vector, room
            return Shown(_written(lines, rounds))
    return None


def _gap(made: System, target: Form, lines: Lines, rounds: Rounds) -> Fraction:
    """The slack of the sum, whose variables cancel."""
    total = sum((y * constant_of(made.lifted.lines[n].form) for n, y in lines.items()), ZERO)
    for number, (vector, length) in rounds.items():
        cone = made.lifted.rounds[number]
        total += sum((a * constant_of(f) for a, f in zip(vector, cone.forms, strict=True)), ZERO)
        total -= ZERO if cone.scale else length
    return total - constant_of(target)


def _natural(made: System, target: Form) -> None:
    """Adds, to every round that can alone make up the target, the tangent that does."""
    for number, cone in enumerate(made.lifted.rounds):
        indices = sorted({i for form in cone.forms for i, _ in form if i and i != cone.scale})
        if not indices:
            continue
        wanted = dict(target)
        rows = []
        for index in indices:
            row = [Fraction(dict(form).get(index, 0)) for form in cone.forms]
            rows.append([*row, Fraction(wanted.get(index, 0))])
        echelon, pivots = reduced(rows)
        if len(cone.forms) in pivots:
            continue
        solution = [ZERO] * len(cone.forms)
        for row, column in zip(echelon, pivots, strict=True):
            solution[column] = row[-1]
        if any(solution):
            _touch(made, number, _short(solution))


def _short(vector: Sequence[Fraction]) -> list[int]:
    """A multiple in integers of at most BITS bits, rounded where it must be."""
    common = lcm(*(a.denominator for a in vector))
    scaled = [_times(a, common) for a in vector]
    excess = max(abs(a) for a in scaled).bit_length() - BITS
    return [a >> excess for a in scaled] if excess > 0 else scaled


def _values(cone: Round, point: Vector) -> list[Fraction]:
    return [value_of(form, point) for form in cone.forms]


def _scale(cone: Round, point: Vector) -> Fraction:
    return point[cone.scale - 1] if cone.scale else ONE


def _excess(cone: Round, point: Vector) -> Fraction:
    """Above 0 where the point is not in the round."""
    square = sum((w * f * f for w, f in zip(cone.weights, _values(cone, point), strict=True)), ZERO)
    return square - cone.radius * _scale(cone, point) ** 2


def _in_rounds(lifted: Lift, point: Vector) -> bool:
    return all(_excess(cone, point) <= 0 for cone in lifted.rounds)


def _cut(made: System, point: Vector, multipliers: Mapping[int, Fraction]) -> bool:
    """Adds tangents that the point violates, and sums of used ones; whether there were new ones."""
    before = len(made.tangents)
    known = {(number, direction) for number, direction, _ in made.tangents}
    for number, vector, _ in _combined(made, multipliers).rounds:
        _add_new(made, number, [Fraction(a) for a in vector], known)
    for number, cone in enumerate(made.lifted.rounds):
        if _excess(cone, point) > 0:
            normal = [w * f for w, f in zip(cone.weights, _values(cone, point), strict=True)]
            _add_new(made, number, normal, known)
    return len(made.tangents) > before


def _add_new(
    made: System,
    number: int,
    vector: Sequence[Fraction],
    known: set[tuple[int, tuple[int, ...]]],
) -> None:
    direction = _short(vector)
    if any(direction):
        _touch(made, number, direction)
        if made.tangents[-1][:2] in known:
            made.tangents.pop()
            made.lines.pop()


def _round_ray(made: System, ray: Vector) -> Found:
    """The target grows along a ray of lines and tangents; rounds must not move along it."""
    still = all(
        not any(value_of(form, ray) - constant_of(form) for form in cone.forms)
        and not (cone.scale and ray[cone.scale - 1])
        for cone in made.lifted.rounds
    )
    start = inner_point(made)
    if isinstance(start, Empty):
        return start
    if not still or start is None:
        return Open("an unbounded set with round sides")
    return Beyond(start, ray)


def inner_point(made: System) -> Vector | Empty | None:
    """A point of the set, as far from its lines as is easy to find; None if none is found."""
    lines = made.lifted.lines
    extra = made.size + 1
    raised: list[Line] = []
    for line in lines:
        weight = max((abs(a) for i, a in line.form if i), default=1)
        if line.equal or not any(i for i, _ in line.form):
            raised.append(line)
        else:
            raised.append(Line((*line.form, (extra, weight))))
    count = extra
    for cone in made.lifted.rounds:
        count = _inscribed(raised, cone, extra, count)
    raised.append(Line(((0, -1), (extra, 1))))
    raised.append(Line(((extra, -1),)))
    ending = pivot.solve(raised, [1 if i + 1 == extra else 0 for i in range(count)])
    if isinstance(ending, Optimal):
        return ending.point[: made.size]
    if not made.lifted.rounds:
        plain = pivot.solve(lines, [0] * made.size)
        if isinstance(plain, Infeasible):
            return Empty(_combined(made, plain.multipliers))
    return None


def _inscribed(lines: list[Line], cone: Round, extra: int, count: int) -> int:
    """Adds that the point is in the cross-polytope of the round; the number of variables then."""
    own = list(range(count + 1, count + 1 + len(cone.forms)))
    for index, form in zip(own, cone.forms, strict=True):
        for sign in (1, -1):
            lines.append(Line((*((i, sign * a) for i, a in form), (index, -1))))
    total: dict[int, Fraction] = {extra: ONE}
    for index, weight in zip(own, cone.weights, strict=True):
        total[index] = root_above(Fraction(weight, cone.radius), BITS)
    total[cone.scale] = total.get(cone.scale, ZERO) - 1
    lines.append(Line(whole(total)[0]))
    return count + len(own)


def _pulled(made: System, target: Form, strict: bool) -> Found:
    """A point of the set beyond the target, near where the tangents end."""
    for near in _candidates(made, target):
        value = value_of(target, near)
        if (value > 0 or (strict and not value)) and _in_rounds(made.lifted, near):
            return Beyond(near)
    return Open("the rounds of the set come too close to the target to tell")


def _candidates(made: System, target: Form) -> Iterator[Vector]:
    objective = objective_of(target, made.size)
    ending = pivot.solve(made.lines, objective, made.last)
    if not isinstance(ending, Optimal):
        return
    fixed = list(made.lines)
    for cone in made.lifted.rounds:
        fixed += _fixed(cone, ending.point)
    at_rounds = pivot.solve(fixed, objective, made.last)
    if isinstance(at_rounds, Optimal):
        yield at_rounds.point
    inner = inner_point(made)
    if isinstance(inner, tuple):
        low, high = ZERO, ONE
        for _ in range(BITS):
            middle = (low + high) / 2
            at = _between(inner, ending.point, middle)
            low, high = (middle, high) if _in_rounds(made.lifted, at) else (low, middle)
        yield _between(inner, ending.point, low)


def _between(one: Vector, other: Vector, share: Fraction) -> Vector:
    return tuple(a + share * (b - a) for a, b in zip(one, other, strict=True))


def _fixed(cone: Round, point: Vector) -> Iterator[Line]:
    """That the forms stand where they do at the point, drawn into the round."""
    values, scale = _values(cone, point), _scale(cone, point)
    square = sum((w * f * f for w, f in zip(cone.weights, values, strict=True)), ZERO)
    share = ONE
    if square > cone.radius * scale**2:
        share = root_below(cone.radius * scale**2 / square)
    for form, value in zip(cone.forms, values, strict=True):
        total = {index: Fraction(a) for index, a in form}
        if scale:
            total[cone.scale] = total.get(cone.scale, ZERO) - share * value / scale
        yield Line(whole(total)[0], equal=True)


def _round_strict(made: System, target: Form, strict: bool) -> Found:
    """With strict lines or a strict target: a sum with some slack, or a point with some."""
    found = _round(made, target, strict)
    match found:
        case Beyond(point, None) if not _strictly(made.lifted, point):
            inner = inner_point(made)
            if not isinstance(inner, tuple) or not _strictly(made.lifted, inner):
                return Open("no point of the open set was found")
            for bits in range(1, BITS):
                at = _between(point, inner, Fraction(1, 2**bits))
                if value_of(target, at) > 0 and _in_rounds(made.lifted, at):
                    return Beyond(at)
            return Open("no point of the open set was found")
    return found


def _strictly(lifted: Lift, point: Vector) -> bool:
    return all(value_of(line.form, point) < 0 for line in lifted.lines if line.strict)


# ---- points ------------------------------------------------------------------------------------


def furthest(made: System, direction: Form) -> Beyond | Empty | Open:
    """A point of the set that is far in the direction, or a ray along which there is none."""
    if not made.lifted.rounds and not any(line.strict for line in made.lifted.lines):
        return _furthest(made, direction)
    some = reaches(made, ((0, 1),))
    if not isinstance(some, Beyond):
        return some if isinstance(some, Empty) else Open("no point of the set was found")
    start = value_of(direction, some.point)
    below = {0: 1 - start, **{index: Fraction(a) for index, a in direction}}
    found = reaches(made, whole(below)[0])
    return found if isinstance(found, Beyond) else some


def _furthest(made: System, direction: Form) -> Beyond | Empty | Open:
    objective = objective_of(direction, made.size)
    start = _proposed(made, objective)
    try:
        if start and pivot.multipliers_of(made.lines, start, objective) is not None:
            near = pivot.point_of(made.lines, start, made.size)
            if near is not None:
                return Beyond(near)
        ending = pivot.solve(made.lines, objective, [*start, *made.last])
        if isinstance(ending, Unbounded):
            feasible = pivot.solve(made.lines, [0] * made.size, made.last)
            if isinstance(feasible, Optimal):
                return Beyond(feasible.point, ending.ray)
            ending = feasible
        if isinstance(ending, Optimal):
            return Beyond(ending.point)
        assert isinstance(ending, Infeasible), "no objective is unbounded"
        return Empty(_combined(made, ending.multipliers))
    except pivot.TooLong as reason:
        return Open(str(reason))


def with_point(lifted: Lift, point: Vector) -> Lift:
    """The lift with its point fixed there; the lines that fix it are the last."""
    fixed = (
        Line(whole({0: -value, index: ONE})[0], equal=True)
        for index, value in enumerate(point, start=1)
    )
    return replace(lifted, lines=(*lifted.lines, *fixed))


def shares_hold(lifted: Lift, point: Vector, scale: int) -> bool:
    """Whether every part of weight 0 adds nothing; `scale` is 1 for a point and 0 for a ray."""

    def of(form: Form) -> Fraction:
        return value_of(form, point) + (scale - 1) * constant_of(form)

    return not any(
        not point[share.scale - 1]
        and (any(point[share.first - 1 : share.end - 1]) or any(map(of, share.forms)))
        for share in lifted.shares
    )


def assigned(point: Vector) -> Assignment:
    """The variables of a point as integers over a common denominator."""
    common = lcm(*(value.denominator for value in point))
    return Assignment(common, tuple(_times(value, common) for value in point))
