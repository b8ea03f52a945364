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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import isqrt
from typing import TypeAlias

from verifier.core.certificate import Square
from verifier.core.term import Key, Variable
from verifier.solve.facts import BySum, Known
from verifier.solve.polynomial import Atoms, Polynomial, plus
from verifier.solve.program import Convex, convex, minimum

System: TypeAlias = Sequence[tuple[Known, str, Polynomial]]
Spend: TypeAlias = Callable[[int], None]

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Quadratic:
    """A quadratic fact. `extent` is the square of a radius, where there is one: the greatest value
    of a concave polynomial, or the least value of a convex one with its sign turned."""

    place: int
    relation: str
    polynomial: Polynomial
    concave: bool
    extent: Fraction | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A polynomial that the facts make nonnegative (`<=`), positive (`<`) or zero (`==`): the gap
    of one fact, or its product with another fact's or, for an equation, with a variable."""

    polynomial: Polynomial
    relation: str
    fact: Known
    by: Known | Key | None = None


def degree(polynomial: Polynomial) -> int:
    return max(map(len, polynomial), default=0)


def close(system: System, atoms: Atoms, spend: Spend) -> BySum | None:
    """A combination with squares that refutes the system; None if the likely multipliers do not
    give one."""
    linear = [entry for entry in system if degree(entry[2]) <= 1]
    quadratics = [
        described(i, r, p)
        for i, (_, r, p) in enumerate(system)
        if degree(p) == 2 and all(isinstance(atoms.terms[a], Variable) for m in p for a in m)
    ]
    for weights in _weights(quadratics):
        chosen = [
            (Gap(system[place][2], system[place][1], system[place][0]), weight)
            for place, weight in weights.items()
        ]
        step = attempt(linear, chosen, atoms, spend)
        if step is not None:
            return step
    return None


def described(place: int, relation: str, polynomial: Polynomial) -> Quadratic:
    turned = plus({}, polynomial, Fraction(-1))
    below = convex(turned)
    if below is not None:
        least = minimum(below, [], _free)
        return Quadratic(place, relation, polynomial, True, None if least is None else -least.value)
    above = convex(polynomial)
    least = None if above is None else minimum(above, [], _free)
    return Quadratic(place, relation, polynomial, False, None if least is None else -least.value)


def _free(_: int) -> None:
    """The least value without constraints is one linear system."""


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
    linear: System, chosen: Sequence[tuple[Gap, Fraction]], atoms: Atoms, spend: Spend
) -> BySum | None:
    """The combination with exactly these multipliers of the nonlinear gaps, if it refutes."""
    objective: Polynomial = {}
    for each, weight in chosen:
        objective = plus(objective, each.polynomial, -weight)
    form = convex(objective)
    if form is None:
        return None
    spend(1 + len(chosen))
    least = minimum(form, [(relation, p) for _, relation, p in linear], spend)
    if least is None or least.value < 0:
        return None
    whole = list(chosen)
    for (fact, relation, p), factor in zip(linear, least.multipliers, strict=True):
        if factor:
            whole.append((Gap(p, relation, fact), factor))
    return combination(whole, squares(form, least.point, atoms), least.value)


def combination(
    chosen: Sequence[tuple[Gap, Fraction]], roots: tuple[Square, ...], constant: Fraction
) -> BySum | None:
    """The step that adds all this up; None if it would be no contradiction."""
    if constant == 0 and not any(g.relation == "<" and weight > 0 for g, weight in chosen):
        return None
    multipliers, products, equations = [], [], []
    for each, weight in chosen:
        match each.by:
            case None:
                multipliers.append((each.fact, weight))
            case Known():
                products.append((each.fact, each.by, weight))
            case key:
                equations.append((each.fact, key, weight))
    return BySum(tuple(multipliers), constant, roots, tuple(products), tuple(equations))


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
