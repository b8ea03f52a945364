"""Points of systems with quadratic facts, from a few likely places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, product

from verifier.solve import simplex
from verifier.solve.polynomial import ONE, Polynomial, plus, value_at
from verifier.solve.program import Convex, Vector, convex, minimum
from verifier.solve.quadratic import Spend, System, degree, described, root

ZERO = Fraction(0)
ONCE = Fraction(1)
STRETCHES = (Fraction(1), Fraction(999, 1000), Fraction(1001, 1000), Fraction(5, 4))
"""How far out to stand, as a multiple of the radius: on the boundary, just inside, outside."""


def guess(system: System, near: dict[int, Fraction], spend: Spend) -> dict[int, Fraction] | None:
    """Values that satisfy the system, from a few likely places: the centres of its convex sets,
    the extreme points of each along one direction, corners of the linear facts. None if all of them
    fail."""
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
    linear = [(relation, p) for _, relation, p in system if degree(p) <= 1]
    for point in chain(_on_axes(rows, sets, spend), _corners(linear, sets, spend)):
        values = {atom: point.get(atom, value) for atom, value in near.items()}
        if all(_holds(relation, value_at(p, values)) for _, relation, p in system):
            return values
    return None


def _on_axes(
    rows: Sequence[simplex.Row[int]], sets: Sequence[_Set], spend: Spend
) -> Iterator[dict[int, Fraction]]:
    """Points at given distances from the centres of the sets, inside all linear facts."""
    for shifts in _shifts(sets):
        extra: list[simplex.Row[int]] = []
        for each, offsets in zip(sets, shifts, strict=True):
            if offsets is not None:
                extra += [
                    ("==", dict(direction), -offset - each.form.offset(direction))
                    for (_, direction), offset in zip(each.form.squares, offsets, strict=True)
                ]
        point = simplex.solve([*rows, *extra], spend)
        if not isinstance(point, simplex.Infeasible):
            yield point


def _corners(
    linear: Sequence[tuple[str, Polynomial]], sets: Sequence[_Set], spend: Spend
) -> Iterator[dict[int, Fraction]]:
    """Corners of the linear facts, far out of each set to be outside of, with the sets to be inside
    of at their centres."""
    centred: list[tuple[str, Polynomial]] = []
    for each in sets:
        if each.inner:
            for _, direction in each.form.squares:
                line = _line(direction)
                centred.append(("==", plus(line, {ONE: each.form.offset(direction)}, -ONCE)))
    for each in sets:
        if each.inner:
            continue
        for signs in product((1, -1), repeat=min(len(each.form.squares), 3)):
            objective: Polynomial = {}
            for sign, (_, direction) in zip(signs, each.form.squares, strict=False):
                objective = plus(objective, _line(direction), Fraction(-sign))
            form = convex(objective)
            least = None if form is None else minimum(form, [*linear, *centred], spend)
            if least is not None:
                yield least.point


def _line(direction: Vector) -> Polynomial:
    return {(atom,): value for atom, value in direction.items()}


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
    for stretch in STRETCHES:
        for axis in range(3):
            for sign in (1, -1):
                yield from _chosen(sets, [_along(each, axis, sign * stretch) for each in sets])
    inner = [index for index, each in enumerate(sets) if each.inner]
    for signs in product((1, -1), repeat=min(len(inner), 4)):
        turns = dict(zip(inner, signs, strict=False))
        for stretch in STRETCHES:
            yield [
                _along(each, 0, turns[index] * stretch) if index in turns else None
                for index, each in enumerate(sets)
            ]


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
