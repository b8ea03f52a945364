"""Linear programs in exact integers, from whatever basis is proposed.

Maximize c . v over lines a . v + a_0 <= 0, or == 0. A basis is as many independent lines as there
are variables, all taken with equality; it gives a point and multipliers. The least-index
criss-cross method (Terlaky, A convergent criss-cross method, 1985) needs no feasible start: a
violated line comes in, or a line with a negative multiplier goes out, until there are none of
either, or a line shows that no point exists, or a direction that no greatest value does. From the
basis where a floating-point solver stopped, that takes no step or few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TypeAlias

from verifier.core.lift import Form, Line

PIVOTS_MAX = 3_000


@dataclass(frozen=True, slots=True)
class Optimal:
    """`point` maximizes, and objective = sum of multiplier * a over the lines."""

    value: Fraction
    point: tuple[Fraction, ...]
    multipliers: dict[int, Fraction]


@dataclass(frozen=True, slots=True)
class Infeasible:
    """The sum of multiplier * line has no variable and a positive constant."""

    multipliers: dict[int, Fraction]


@dataclass(frozen=True, slots=True)
class Unbounded:
    """No line grows along the ray, and the objective does. There may still be no point."""

    ray: tuple[Fraction, ...]


class TooLong(Exception):
    """More steps than are allowed."""


Ending: TypeAlias = Optimal | Infeasible | Unbounded


# ---- multipliers of a proposed basis -----------------------------------------------------------


def multipliers_of(
    lines: Sequence[Line], active: Sequence[int], objective: Sequence[int]
) -> dict[int, Fraction] | None:
    """Multipliers of the active lines whose sum is the objective, if there are any and none of an
    inequality is negative.

    A line with one variable is the last word on that variable, and is left out of the elimination.
    """
    single: dict[int, tuple[int, int]] = {}
    others: list[int] = []
    for number in active:
        inner = [(index, a) for index, a in lines[number].form if index]
        if len(inner) == 1 and inner[0][0] not in single:
            single[inner[0][0]] = number, inner[0][1]
        else:
            others.append(number)
    kept = [i for i in range(1, len(objective) + 1) if i not in single]
    rows = {index: i for i, index in enumerate(kept)}
    work = [[0] * (len(others) + 1) for _ in kept]
    for column, number in enumerate(others):
        for index, a in lines[number].form:
            if index in rows:
                work[rows[index]][column] = a
    for i, index in enumerate(kept):
        work[i][-1] = objective[index - 1]
    solution = _solution(work)
    if solution is None:
        return None
    found = {number: y for number, y in zip(others, solution, strict=True) if y}
    left = {index: Fraction(objective[index - 1]) for index in single}
    for number, y in found.items():
        for index, a in lines[number].form:
            if index in left:
                left[index] -= y * a
    for index, rest in left.items():
        if rest:
            number, a = single[index]
            found[number] = rest / a
    signs = (y < 0 and not lines[number].equal for number, y in found.items())
    return None if any(signs) else found


def point_of(
    lines: Sequence[Line], active: Sequence[int], size: int
) -> tuple[Fraction, ...] | None:
    """A point of all lines at which the active ones hold with equality, if it is easily found."""
    known: dict[int, Fraction] = {}
    others: list[int] = []
    for number in active:
        inner = [(index, a) for index, a in lines[number].form if index]
        if len(inner) == 1 and inner[0][0] not in known:
            known[inner[0][0]] = Fraction(-constant_of(lines[number].form), inner[0][1])
        else:
            others.append(number)
    left = [i for i in range(1, size + 1) if i not in known]
    columns = {index: i for i, index in enumerate(left)}
    work = []
    for number in others:
        row = [Fraction(0)] * (len(left) + 1)
        for index, a in lines[number].form:
            if index in columns:
                row[columns[index]] = Fraction(a)
            else:
                row[-1] -= a * (known[index] if index else 1)
        common = lcm(*(value.denominator for value in row))
        work.append([value.numerator * (common // value.denominator) for value in row])
    solution = _solution(work) if work else [Fraction(0)] * len(left)
    if solution is None:
        return None
    known.update(zip(left, solution, strict=True))
    point = tuple(known[i] for i in range(1, size + 1))
    values = ((line, value_of(line.form, point)) for line in lines)
    return None if any(v > 0 or (line.equal and v) for line, v in values) else point


def _solution(work: list[list[int]]) -> list[Fraction] | None:
    """A solution of the equations, the last column being what they equal; 0 where it is free.

    Fraction-free elimination (Bareiss, 1968).
    """
    width = len(work[0]) - 1 if work else 0
    pivots = _triangle(work, width)
    if any(row[width] for row in work[len(pivots) :]):
        return None
    if not pivots:
        return [Fraction(0)] * width
    scale = work[len(pivots) - 1][pivots[-1]]  # the determinant: times it, all are whole (Cramer)
    solved = [0] * width
    for k in reversed(range(len(pivots))):
        row, column = work[k], pivots[k]
        known = sum(row[j] * solved[j] for j in pivots[k + 1 :])
        solved[column] = (row[width] * scale - known) // row[column]
    return [Fraction(value, scale) for value in solved]


def _triangle(work: list[list[int]], width: int) -> list[int]:
    """Eliminates in place; the pivot columns, one for each of the first rows."""
    pivots: list[int] = []
    previous = 1
    for column in range(width):
        done = len(pivots)
        best = next((i for i in range(done, len(work)) if work[i][column]), None)
        if best is None:
            continue
        work[done], work[best] = work[best], work[done]
        lead = work[done]
        pivot = lead[column]
        for i in range(done + 1, len(work)):
            row = work[i]
            factor = row[column]
            if factor:
                work[i] = [
                    (pivot * a - factor * b) // previous for a, b in zip(row, lead, strict=True)
                ]
            elif pivot != previous:
                work[i] = [pivot * a // previous for a in row]
        previous = pivot
        pivots.append(column)
        if done + 1 == len(work):
            break
    return pivots


# ---- the criss-cross method --------------------------------------------------------------------


@dataclass(slots=True)
class _Basis:
    """`inverse[k]` is the direction along which basic line k grows by `scale` and no other basic
    line changes. Lines with a number from `count` on stand for v_i = 0 where lines are missing;
    they bound nothing."""

    members: list[int]
    inverse: list[list[int]]
    scale: int


def solve(lines: Sequence[Line], objective: Sequence[int], start: Iterable[int] = ()) -> Ending:
    """The exact answer. Raises TooLong."""
    size, count = len(objective), len(lines)
    rows = [[(index - 1, a) for index, a in line.form if index] for line in lines]
    constants = [constant_of(line.form) for line in lines]
    rows += [[(i, 1)] for i in range(size)]
    constants += [0] * size
    equal = [i for i, line in enumerate(lines) if line.equal]
    basis = _start(rows, [*equal, *start, *range(count + size)], size)
    for _ in range(PIVOTS_MAX):
        ending = _step(lines, rows, constants, basis, objective)
        if ending is not None:
            return ending
    raise TooLong(f"more than {PIVOTS_MAX} exact pivots")


def _start(rows: list[list[tuple[int, int]]], wanted: Iterable[int], size: int) -> _Basis:
    """The first independent lines, in the wanted order."""
    basis = _Basis([-1] * size, [[int(i == j) for j in range(size)] for i in range(size)], 1)
    left = size
    tried: set[int] = set()
    for number in wanted:
        if not left:
            break
        if number in tried:
            continue
        tried.add(number)
        shares = _along(rows[number], basis)
        place = next((k for k, share in enumerate(shares) if share and basis.members[k] < 0), None)
        if place is not None:
            _exchange(basis, place, number, shares)
            left -= 1
    return basis


def _along(row: list[tuple[int, int]], basis: _Basis) -> list[int]:
    """How the row grows along each basic direction, times the scale."""
    return [sum(a * direction[i] for i, a in row) for direction in basis.inverse]


def _exchange(basis: _Basis, place: int, number: int, shares: list[int]) -> None:
    """The line comes in at this place; shares as `_along` gives them. Fraction-free."""
    sign = 1 if shares[place] > 0 else -1
    pivot, scale, leaving = shares[place], basis.scale, basis.inverse[place]
    for k, (direction, share) in enumerate(zip(basis.inverse, shares, strict=True)):
        if k != place:
            basis.inverse[k] = [
                sign * (pivot * a - share * b) // scale
                for a, b in zip(direction, leaving, strict=True)
            ]
    basis.inverse[place] = [sign * a for a in leaving]
    basis.scale = abs(pivot)
    basis.members[place] = number


def _step(
    lines: Sequence[Line],
    rows: list[list[tuple[int, int]]],
    constants: list[int],
    basis: _Basis,
    objective: Sequence[int],
) -> Ending | None:
    """One exchange, or the end."""
    count, scale = len(lines), basis.scale
    duals = [
        sum(c * a for c, a in zip(objective, direction, strict=True) if c)
        for direction in basis.inverse
    ]
    point = [0] * len(objective)
    for number, direction in zip(basis.members, basis.inverse, strict=True):
        if constants[number]:
            point = [p - constants[number] * a for p, a in zip(point, direction, strict=True)]
    inside = set(basis.members)
    places = {number: place for place, number in enumerate(basis.members)}
    wrong_dual = (
        number
        for number, place in places.items()
        if (duals[place] < 0 and not (number < count and lines[number].equal))
        or (duals[place] and number >= count)
    )
    leaving = min(wrong_dual, default=None)
    entering, excess = _violated(lines, rows, constants, point, scale, inside, leaving)
    if entering is not None:
        return _bring_in(lines, rows, basis, entering, 1 if excess > 0 else -1)
    if leaving is not None:
        place = places[leaving]
        return _take_out(lines, rows, basis, place, -1 if duals[place] < 0 else 1)
    value = Fraction(sum(c * p for c, p in zip(objective, point, strict=True)), scale)
    return Optimal(
        value,
        tuple(Fraction(p, scale) for p in point),
        {n: Fraction(d, scale) for n, d in zip(basis.members, duals, strict=True) if d},
    )


def _violated(
    lines: Sequence[Line],
    rows: list[list[tuple[int, int]]],
    constants: list[int],
    point: list[int],
    scale: int,
    inside: set[int],
    before: int | None,
) -> tuple[int | None, int]:
    """The first violated line with a number smaller than `before`, and its value times scale."""
    for number, line in enumerate(lines[:before]):
        value = sum(a * point[i] for i, a in rows[number]) + constants[number] * scale
        if (value > 0 or (value and line.equal)) and number not in inside:
            return number, value
    return None, 0


def _bring_in(
    lines: Sequence[Line],
    rows: list[list[tuple[int, int]]],
    basis: _Basis,
    entering: int,
    sign: int,
) -> Infeasible | None:
    shares = _along(rows[entering], basis)
    able = [
        (number, place)
        for place, number in enumerate(basis.members)
        if (number >= len(lines) and shares[place])
        or (number < len(lines) and not lines[number].equal and sign * shares[place] > 0)
    ]
    if able:
        _exchange(basis, min(able)[1], entering, shares)
        return None
    found = {entering: Fraction(sign)}
    for number, share in zip(basis.members, shares, strict=True):
        if share:
            found[number] = Fraction(-sign * share, basis.scale)
    return Infeasible(found)


def _take_out(
    lines: Sequence[Line],
    rows: list[list[tuple[int, int]]],
    basis: _Basis,
    place: int,
    sign: int,
) -> Unbounded | None:
    direction = [sign * a for a in basis.inverse[place]]
    inside = set(basis.members)
    for number, line in enumerate(lines):
        if number not in inside:
            growth = sum(a * direction[i] for i, a in rows[number])
            if growth > 0 or (growth and line.equal):
                _exchange(basis, place, number, _along(rows[number], basis))
                return None
    return Unbounded(tuple(Fraction(a, basis.scale) for a in direction))


def value_of(form: Form, point: Sequence[Fraction]) -> Fraction:
    """The form at the point v_1, v_2, ...; v_0 is 1."""
    return sum((a * point[i - 1] if i else Fraction(a) for i, a in form), Fraction(0))


def constant_of(form: Form) -> int:
    return next((a for index, a in form if not index), 0)
