"""Conditions as sets with flat sides: around what holds, and inside of what is wanted.

A fact or a goal q(z) <= 0 with q of degree two, positive semidefinite, is an ellipsoid or a
cylinder over one. With q(z) = (z - m)' A (z - m) - R^2 and A y = a the greatest value of a . z over
it is a . m + R sqrt(a . y) (Boyd and Vandenberghe, Convex Optimization, 8.4.1): a fact becomes the
box of these values for the rows a of A. A goal becomes a box around its middle, in the coordinates
that move, so large that its corners still satisfy it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from verifier.core.affine import Row, affine, rows
from verifier.core.evaluate import NoExactValue, evaluate_term
from verifier.core.exact import reduced
from verifier.core.root import root_above, root_below
from verifier.core.slope import NoSlope, derivative
from verifier.core.term import And, Comparison, Formula, Key, Term, subtract

ZERO = Fraction(0)
DIGITS = 4  # of the half sides of a box that replaces a round goal
FINEST = 9  # decimals of a bound that is rounded outwards


@dataclass(frozen=True, slots=True)
class Round:
    """{z : z' A z + b . z + c <= 0}, A symmetric."""

    matrix: tuple[tuple[Fraction, ...], ...]
    linear: tuple[Fraction, ...]
    constant: Fraction


@dataclass(frozen=True, slots=True)
class Sides:
    """Rows, and whether they say the same as what they were made of."""

    rows: tuple[Row, ...]
    exact: bool


def parts(formula: Formula) -> Iterator[Formula]:
    """The formula split at its conjunctions."""
    if isinstance(formula, And):
        for part in formula.parts:
            yield from parts(part)
    else:
        yield formula


def around(formulas: Sequence[Formula], keys: Sequence[Key]) -> Sides:
    """Rows that hold wherever the formulas do; what is neither linear nor round is left out."""
    found: list[Row] = []
    exact = True
    for formula in (part for each in formulas for part in parts(each)):
        flat = rows(formula, keys)
        shape = None if flat is not None else _round(formula, keys)
        if flat is not None:
            found += flat
            continue
        exact = False
        if shape is not None:
            found += _outer(shape)
    return Sides(tuple(dict.fromkeys(found)), exact)


def within(formulas: Sequence[Formula], keys: Sequence[Key], moved: int) -> Sides | None:
    """Rows wherever which hold the formulas do, too; None where there is no such form. The first
    `moved` keys move."""
    found: list[Row] = []
    exact = True
    for formula in (part for each in formulas for part in parts(each)):
        flat = rows(formula, keys)
        if flat is not None and all(sign != "<" for _, _, sign in flat):
            found += flat
            continue
        shape = _round(formula, keys)
        inner = None if shape is None else _inner(shape, moved)
        if inner is None:
            return None
        exact = False
        found += inner
    return Sides(tuple(dict.fromkeys(found)), exact)


def _round(formula: Formula, keys: Sequence[Key]) -> Round | None:
    match formula:
        case Comparison("<=" | "<", left, right):
            return _quadratic(subtract(left, right), keys)
        case _:
            return None


def _quadratic(term: Term, keys: Sequence[Key]) -> Round | None:
    slopes = []
    try:
        for key in keys:
            slope = affine(derivative(term, key), keys)
            if slope is None:
                return None
            slopes.append(slope)
        constant = evaluate_term(term, dict.fromkeys(keys, ZERO))
    except (NoSlope, NoExactValue, KeyError):
        return None
    matrix = tuple(tuple(a / 2 for a in slope.linear) for slope in slopes)
    return Round(matrix, tuple(slope.constant for slope in slopes), constant)


def _outer(shape: Round) -> Iterator[Row]:
    middle = _solved(shape.matrix, [-b / 2 for b in shape.linear])
    if middle is None:
        return
    square = _form(shape.matrix, middle) - shape.constant
    if square < 0:
        return
    directions: dict[tuple[Fraction, ...], None] = {}
    for row in shape.matrix:
        lead = next((abs(a) for a in row if a), None)
        if lead is not None:
            unit = tuple(a / lead for a in row)
            if tuple(-a for a in unit) not in directions:
                directions[unit] = None
    for unit in directions:
        along = _solved(shape.matrix, unit)
        if along is None or _dot(unit, along) <= 0:
            continue
        heart = _dot(unit, middle)
        reach = _above(root_above(square * _dot(unit, along)))
        yield unit, heart + reach, "<="
        yield tuple(-a for a in unit), reach - heart, "<="


def _above(value: Fraction) -> Fraction:
    """The number, or one just above it with few decimals."""
    scale = 10**FINEST
    return -Fraction(-value * scale // 1, scale)


def _inner(shape: Round, moved: int) -> list[Row] | None:
    """A box around the middle of the moved coordinates, which is affine in the others."""
    matrix = [row[:moved] for row in shape.matrix[:moved]]
    width = len(shape.linear)
    shift = [
        _solved(matrix, [-row[k] for row in shape.matrix[:moved]]) for k in range(moved, width)
    ]
    heart = _solved(matrix, [-b / 2 for b in shape.linear[:moved]])
    if heart is None or None in shift:
        return None
    columns = [column for column in shift if column is not None]
    room = _room(shape, heart, columns, moved)
    if room is None:
        return None
    steps = [Fraction(1)] * moved
    worst = max(
        _form(matrix, [s * x for s, x in zip(signs, steps, strict=True)])
        for signs in product((1, -1), repeat=moved)
    )
    half = _below(root_below(room / worst)) if worst > 0 else None
    if half is None:
        return None
    found: list[Row] = []
    for axis in range(moved):
        unit = [Fraction(axis == k) for k in range(moved)]
        unit += [-column[axis] for column in columns]
        found.append((tuple(unit), heart[axis] + half, "<="))
        found.append((tuple(-a for a in unit), half - heart[axis], "<="))
    return found


def _room(
    shape: Round, heart: Sequence[Fraction], columns: Sequence[Sequence[Fraction]], moved: int
) -> Fraction | None:
    """How far below 0 the form is in the middle, if that is the same wherever the others are."""
    others = len(columns)

    def at(fixed: Sequence[Fraction]) -> Fraction:
        spot = [
            h + sum((c[i] * x for c, x in zip(columns, fixed, strict=True)), ZERO)
            for i, h in enumerate(heart)
        ]
        point = [*spot, *fixed]
        return _form(shape.matrix, point) + _dot(shape.linear, point) + shape.constant

    base = at([ZERO] * others)
    probes = [
        [Fraction(i in (k, j)) for i in range(others)] for k in range(others) for j in range(others)
    ]
    probes += [[-x for x in probe] for probe in probes]
    return -base if base <= 0 and all(at(probe) == base for probe in probes) else None


def _below(value: Fraction) -> Fraction:
    """The number, or one just below it with few digits."""
    if value <= 0:
        return ZERO
    scale = Fraction(1)
    while value * scale < 10 ** (DIGITS - 1):
        scale *= 10
    return Fraction(value * scale // 1) / scale


def _solved(
    matrix: Sequence[Sequence[Fraction]], right: Sequence[Fraction]
) -> tuple[Fraction, ...] | None:
    """Some x with matrix x = right, or None."""
    width = len(matrix[0]) if matrix else 0
    echelon, pivots = reduced([[*row, b] for row, b in zip(matrix, right, strict=True)])
    if width in pivots:
        return None
    found = [ZERO] * width
    for row, pivot in zip(echelon, pivots, strict=False):
        found[pivot] = row[-1]
    return tuple(found)


def _form(matrix: Sequence[Sequence[Fraction]], point: Sequence[Fraction]) -> Fraction:
    return sum((x * _dot(row, point) for row, x in zip(matrix, point, strict=True)), ZERO)


def _dot(row: Sequence[Fraction], point: Sequence[Fraction]) -> Fraction:
    return sum((a * x for a, x in zip(row, point, strict=True) if a and x), ZERO)
