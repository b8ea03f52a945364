"""Degree two, exactly: certificates with squares, and points, for systems with quadratic facts.

A certificate needs multipliers lambda >= 0 of the quadratic facts such that
f = -(sum of lambda_i p_i) is convex. Then the minimum of f under the linear facts is a convex
quadratic program (program.py); its dual variables are the multipliers of the linear facts, and f
minus its minimum minus the multiplied linear facts is a sum of squares, read off from an L D L^T
factorization. The system is refuted if the minimum is positive, or zero with a strict fact in use.

Which lambda: for one convex set against linear facts any lambda serves. For balls of radius r_i
whose sum is to stay in a ball of radius R, lambda_i = R / r_i is optimal (by Cauchy and Schwarz,
|sum u_i|^2 <= sum(r_i) * sum(|u_i|^2 / r_i)). Beyond that, a search (dual.py).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import isqrt
from typing import TypeAlias

from verifier.core.certificate import Square
from verifier.core.term import Key, Variable
from verifier.solve import simplex
from verifier.solve.facts import BySum, Known
from verifier.solve.polynomial import ONE, Atoms, Polynomial, plus, value_at
from verifier.solve.program import Convex, convex, minimum

System: TypeAlias = Sequence[tuple[Known, str, Polynomial]]

ZERO = Fraction(0)


class Effort(enum.Enum):
    """How much work a certificate of degree two is worth."""

    LOW = enum.auto()
    HIGH = enum.auto()


@dataclass(frozen=True, slots=True)
class Quadratic:
    """A quadratic fact. `extent` is the square of a radius, where there is one: the greatest value
    of a concave polynomial, or the least value of a convex one with its sign turned."""

    place: int
    relation: str
    polynomial: Polynomial
    concave: bool
    extent: Fraction | None


def degree(polynomial: Polynomial) -> int:
    return max(map(len, polynomial), default=0)


def close(
    system: System, atoms: Atoms, effort: Effort, spend: Callable[[int], None]
) -> BySum | None:
    """A combination with squares that refutes the system; None if none was found."""
    linear = [(i, r, p) for i, (_, r, p) in enumerate(system) if degree(p) <= 1]
    quadratics = [
        described(i, r, p)
        for i, (_, r, p) in enumerate(system)
        if degree(p) == 2 and all(isinstance(atoms.terms[a], Variable) for m in p for a in m)
    ]
    for weights in _weights(quadratics):
        spend(10 + len(system))
        step = attempt(system, atoms, linear, weights)
        if step is not None:
            return step
    return None


def described(place: int, relation: str, polynomial: Polynomial) -> Quadratic:
    turned = plus({}, polynomial, Fraction(-1))
    below = convex(turned)
    if below is not None:
        least = minimum(below, [])
        return Quadratic(place, relation, polynomial, True, None if least is None else -least.value)
    above = convex(polynomial)
    least = None if above is None else minimum(above, [])
    return Quadratic(place, relation, polynomial, False, None if least is None else -least.value)


def root(square: Fraction) -> Fraction:
    """The square root, exact where it is rational, else to at least nine digits."""
    scale = 10**9
    top = isqrt(square.numerator * square.denominator)
    if top * top == square.numerator * square.denominator:
        return Fraction(top, square.denominator)
    return Fraction(
        isqrt(square.numerator * square.denominator * scale**2), square.denominator * scale
    )


def _weights(quadratics: Sequence[Quadratic]) -> Iterator[dict[int, Fraction]]:
    """Multipliers of the quadratic facts that are worth a try, the likeliest first."""
    concave = [q for q in quadratics if q.concave]
    for q in concave:
        yield {q.place: Fraction(1)}
    round_ones = [(q.place, root(q.extent)) for q in concave if q.extent and q.extent > 0]
    subsets = [
        subset
        for size in range(1, min(4, len(round_ones)) + 1)
        for subset in combinations(round_ones, size)
    ][:40]
    for subset in subsets:
        if len(subset) > 1:
            yield {place: 1 / radius for place, radius in subset}
    for goal in quadratics:
        if goal.concave or goal.relation == "==":
            continue
        radius = root(goal.extent) if goal.extent is not None and goal.extent > 0 else None
        for subset in subsets:
            reach = sum((r for _, r in subset), ZERO)
            for whole in dict.fromkeys([radius or reach, reach]):
                yield {goal.place: Fraction(1), **{place: whole / r for place, r in subset}}


def attempt(
    system: System,
    atoms: Atoms,
    linear: Sequence[tuple[int, str, Polynomial]],
    weights: dict[int, Fraction],
) -> BySum | None:
    """The combination with exactly these multipliers of the quadratic facts, if it refutes."""
    objective: Polynomial = {}
    for place, weight in weights.items():
        objective = plus(objective, system[place][2], -weight)
    form = convex(objective)
    if form is None:
        return None
    least = minimum(form, [(relation, p) for _, relation, p in linear])
    if least is None or least.value < 0:
        return None
    multipliers = dict(weights)
    for (place, _, _), factor in zip(linear, least.multipliers, strict=True):
        if factor:
            multipliers[place] = factor
    if least.value == 0 and not any(
        factor > 0 and system[place][1] == "<" for place, factor in multipliers.items()
    ):
        return None
    return BySum(
        tuple((system[place][0], factor) for place, factor in sorted(multipliers.items())),
        least.value,
        squares(form, least.point, atoms),
    )


def squares(form: Convex, at: dict[int, Fraction], atoms: Atoms) -> tuple[Square, ...]:
    """The second-degree part of the form around a point, as weighted squares."""
    result = []
    for weight, direction in form.squares:
        shift = sum((c * at[atom] for atom, c in direction.items()), ZERO)
        coefficients = tuple((key_of(atoms, atom), c) for atom, c in sorted(direction.items()))
        result.append(Square(weight, -shift, coefficients))
    return tuple(result)


def key_of(atoms: Atoms, atom: int) -> Key:
    term = atoms.terms[atom]
    assert isinstance(term, Variable)
    return term.name, term.version


# ---- points ------------------------------------------------------------------------------------


def guess(system: System, near: dict[int, Fraction]) -> dict[int, Fraction] | None:
    """Values that satisfy the system, from a few likely places: the centres of its convex sets,
    and the extreme points of each along one direction. None if all of them fail."""
    rows: list[simplex.Row[int]] = [
        (relation, {m[0]: c for m, c in p.items() if m != ONE}, p.get(ONE, ZERO))
        for _, relation, p in system
        if degree(p) <= 1
    ]
    sets: list[_Set] = []
    for place, (_, relation, p) in enumerate(system):
        if degree(p) == 2 and relation != "==":
            about = described(place, relation, p)
            form = convex(plus({}, p, Fraction(-1)) if about.concave else p)
            if form is not None and about.extent is not None and about.extent >= 0:
                sets.append(_Set(form, about.extent, about.concave))
    for shifts in _shifts(sets):
        extra: list[simplex.Row[int]] = []
        for each, offsets in zip(sets, shifts, strict=True):
            if offsets is not None:
                extra += [
                    ("==", dict(direction), -offset - each.form.offset(direction))
                    for (_, direction), offset in zip(each.form.squares, offsets, strict=True)
                ]
        point = simplex.solve(rows + extra, pivots_max=2_000)
        if isinstance(point, simplex.Infeasible):
            continue
        values = {atom: point.get(atom, value) for atom, value in near.items()}
        if all(_holds(relation, value_at(p, values)) for _, relation, p in system):
            return values
    return None


def _holds(relation: str, value: Fraction) -> bool:
    return value == 0 if relation == "==" else value > 0 or (value == 0 and relation == "<=")


@dataclass(frozen=True, slots=True)
class _Set:
    """An ellipsoid: to be inside of if `inner`, else to be outside of."""

    form: Convex
    extent: Fraction
    inner: bool


def _shifts(sets: Sequence[_Set]) -> Iterator[list[list[Fraction] | None]]:
    """How far from its centre to stand along the axes of every set; None leaves a set free."""
    centres = [[ZERO] * len(each.form.squares) for each in sets]
    yield from _chosen(sets, centres)
    for stretch in (Fraction(1), Fraction(999, 1000), Fraction(1001, 1000), Fraction(5, 4)):
        for axis in range(3):
            for sign in (1, -1):
                yield from _chosen(sets, [_along(each, axis, sign * stretch) for each in sets])


def _chosen(
    sets: Sequence[_Set], shifts: Sequence[list[Fraction]]
) -> Iterator[list[list[Fraction] | None]]:
    """The shifts of all sets, of those to be inside of, and of each alone."""
    yield list(shifts)
    inner = [shift if each.inner else None for each, shift in zip(sets, shifts, strict=True)]
    if None in inner:
        yield inner
    if len(sets) > 1:
        for alone in range(len(sets)):
            yield [shift if index == alone else None for index, shift in enumerate(shifts)]


def _along(each: _Set, axis: int, stretch: Fraction) -> list[Fraction]:
    return [
        root(each.extent / weight) * stretch if index == axis else ZERO
        for index, (weight, _) in enumerate(each.form.squares)
    ]
