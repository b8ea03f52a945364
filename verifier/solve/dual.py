"""Multipliers for certificates of degree two, when closed forms do not give them.

The facts g_i >= 0, and products of two of them, refute each other if there are y_i >= 0 such that
M(y) = -(sum of y_i G_i) is positive definite, where g_i(x) = (1, x) G_i (1, x)^T (the dual of
Shor's relaxation; with products of linear facts, that of Sherali and Adams). First without squares:
a linear program over the monomials, exactly. Then with squares: maximize t such that M(y) - t I is
positive semidefinite, y >= 0 and sum of y_i <= 1, by a barrier method (Boyd and Vandenberghe,
Convex Optimization, 11.3) in floating point. Its y is rounded to short rationals, and the exact
program of quadratic.py decides whether these are good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement
from math import frexp, inf, sqrt
from typing import TypeAlias

from verifier.core.term import Apply, Term, Variable
from verifier.solve import simplex
from verifier.solve.facts import BySum
from verifier.solve.polynomial import ONE, Atoms, Polynomial, times
from verifier.solve.program import convex, minimum
from verifier.solve.quadratic import Gap, Spend, System, attempt, combination, degree, key_of

Matrix: TypeAlias = list[list[float]]
Sparse: TypeAlias = list[tuple[int, int, float]]

ZERO = Fraction(0)
LINEAR_MAX = 8
ATOMS_MAX = 16
GAPS_MAX = 90
STAGES = 14
TINY = 1e-11


def search_multipliers(
    system: System, near: dict[int, Fraction], atoms: Atoms, spend: Spend
) -> BySum | None:
    """A combination that refutes the system, with products and squares; None if none is found."""
    usable = [
        entry
        for entry in system
        if degree(entry[2]) <= 2
        and all(_is_usable(atoms.terms[atom]) for m in entry[2] for atom in m)
    ]
    linear = [entry for entry in usable if degree(entry[2]) <= 1]
    gaps = [Gap(p, relation, fact) for fact, relation, p in usable]
    gaps += _products(linear, usable, atoms)
    step = _without_squares(gaps, spend)
    if step is not None:
        return step
    plain = [
        gap for gap in gaps if all(_is_variable(atoms, atom) for atom in _atoms(gap.polynomial))
    ]
    linear = [entry for entry in linear if all(_is_variable(atoms, a) for a in _atoms(entry[2]))]
    for weights in _with_squares(plain, near, spend):
        chosen = [
            (gap, weight)
            for gap, weight in zip(plain, weights, strict=True)
            if weight and degree(gap.polynomial) == 2
        ]
        step = attempt(linear, chosen, atoms, spend)
        if step is not None:
            return step
    return None


def _is_usable(term: Term) -> bool:
    """A variable, or its size: what it is on this branch follows from an equation."""
    return isinstance(term, Variable) or (isinstance(term, Apply) and term.function == "abs")


def _is_variable(atoms: Atoms, atom: int) -> bool:
    return isinstance(atoms.terms[atom], Variable)


def _products(linear: System, usable: System, atoms: Atoms) -> Iterator[Gap]:
    """Products of linear inequalities (of all, if they are few; else of those about one variable),
    and of linear equations with the variables that occur in products anyway."""
    wanted = sorted(
        {
            atom
            for _, _, p in usable
            for m in p
            if len(m) == 2
            for atom in m
            if _is_variable(atoms, atom)
        }
    )
    sides = [entry for entry in linear if entry[1] != "=="]
    for one, other in combinations_with_replacement(sides, 2):
        if len(sides) > LINEAR_MAX and _atoms(one[2]) != _atoms(other[2]):
            continue
        relation = "<" if one[1] == other[1] == "<" else "<="
        yield Gap(times(one[2], other[2]), relation, one[0], other[0])
    for fact, relation, p in linear:
        if relation == "==":
            for atom in wanted:
                by: Polynomial = {(atom,): Fraction(1)}
                yield Gap(times(p, by), relation, fact, key_of(atoms, atom))


def _atoms(polynomial: Polynomial) -> set[int]:
    return {atom for monomial in polynomial for atom in monomial}


def _without_squares(gaps: Sequence[Gap], spend: Spend) -> BySum | None:
    rows: list[simplex.Row[tuple[int, ...]]] = [
        (
            gap.relation,
            {m: c for m, c in gap.polynomial.items() if m != ONE},
            gap.polynomial.get(ONE, ZERO),
        )
        for gap in gaps
    ]
    outcome = simplex.solve(rows, spend)
    if not isinstance(outcome, simplex.Infeasible):
        return None
    chosen = [(gaps[index], factor) for index, factor in outcome.multipliers.items()]
    total = sum((factor * rows[index][2] for index, factor in outcome.multipliers.items()), ZERO)
    return combination(chosen, (), -total)


# ---- in floating point: nothing below is believed, only tried ----------------------------------


def _with_squares(
    gaps: Sequence[Gap], near: dict[int, Fraction], spend: Spend
) -> Iterator[list[Fraction]]:
    """Multipliers of the gaps that are worth an exact try."""
    atoms = sorted({atom for gap in gaps for atom in _atoms(gap.polynomial)})
    if not gaps or len(atoms) > ATOMS_MAX or len(gaps) > GAPS_MAX:
        return
    # An equation may be used with either sign.
    signed = [(i, 1) for i in range(len(gaps))]
    signed += [(i, -1) for i, gap in enumerate(gaps) if gap.relation == "=="]
    for centre, scales in _views(gaps, atoms, near):
        columns, sizes = [], []
        for index, sign in signed:
            column = _matrix(gaps[index].polynomial, atoms, centre, scales)
            size = max((abs(value) for _, _, value in column), default=0.0) or 1.0
            columns.append([(a, b, -sign * value / size) for a, b, value in column])
            sizes.append(size)
        for y in _barrier(columns, len(atoms) + 1, spend):
            for bits in (5, 10, 20, 44):
                weights = [ZERO] * len(gaps)
                for (index, sign), value, size in zip(signed, y, sizes, strict=True):
                    weights[index] += sign * _short(value / size, bits)
                yield weights


def _views(
    gaps: Sequence[Gap], atoms: Sequence[int], near: dict[int, Fraction]
) -> Iterator[tuple[dict[int, Fraction], dict[int, float]]]:
    """Centres and lengths in which the numbers may be of one size: the point, and where the round
    facts are."""
    scales = _scales(gaps, atoms)
    yield near, scales
    for gap in gaps:
        if gap.by is None and degree(gap.polynomial) == 2:
            below = convex({m: -c for m, c in gap.polynomial.items()})
            least = None if below is None else minimum(below, [], lambda _: None)
            if least is not None and least.value < 0:
                extent = -float(least.value)
                curved = {a: -float(gap.polynomial.get((a, a), ZERO)) for a in least.point}
                own = {a: sqrt(extent / c) for a, c in curved.items() if c > 0}
                yield near | least.point, scales | own


def _scales(gaps: Sequence[Gap], atoms: Sequence[int]) -> dict[int, float]:
    """A length for each atom: half the width of its bounds where it has some, else one."""
    low: dict[int, float] = {}
    high: dict[int, float] = {}
    for gap in gaps:
        own = _atoms(gap.polynomial)
        if len(own) == 1 and degree(gap.polynomial) == 1:
            (atom,) = own
            slope = float(gap.polynomial[(atom,)])
            bound = -float(gap.polynomial.get(ONE, ZERO)) / slope
            side = low if slope > 0 else high
            side[atom] = bound
    scales = dict.fromkeys(atoms, 1.0)
    for atom in low.keys() & high.keys():
        if high[atom] > low[atom]:
            scales[atom] = (high[atom] - low[atom]) / 2
    return scales


def _matrix(
    polynomial: Polynomial,
    atoms: Sequence[int],
    near: dict[int, Fraction],
    scales: dict[int, float],
) -> Sparse:
    """The symmetric matrix of the polynomial around a point, in the scaled variables."""
    place = {atom: index + 1 for index, atom in enumerate(atoms)}
    entries: dict[tuple[int, int], float] = {}

    def put(a: int, b: int, value: float) -> None:
        entries[a, b] = entries.get((a, b), 0.0) + value / 2
        entries[b, a] = entries.get((b, a), 0.0) + value / 2

    for monomial, exact in polynomial.items():
        factors = [(float(near.get(atom, ZERO)), scales[atom], place[atom]) for atom in monomial]
        value = float(exact)
        if not factors:
            put(0, 0, value)
        elif len(factors) == 1:
            ((centre, scale, a),) = factors
            put(0, 0, value * centre)
            put(0, a, value * scale)
        else:
            (centre, scale, a), (other, stretch, b) = factors
            put(0, 0, value * centre * other)
            put(0, a, value * scale * other)
            put(0, b, value * centre * stretch)
            put(a, b, value * scale * stretch)
    return [(a, b, value) for (a, b), value in entries.items() if value]


def _short(value: float, bits: int) -> Fraction:
    """The value with so many significant bits."""
    mantissa, exponent = frexp(value)
    return Fraction(round(mantissa * 2**bits), 2**bits) * Fraction(2) ** exponent


def _barrier(columns: Sequence[Sparse], size: int, spend: Spend) -> Iterator[list[float]]:
    """Points on the central path of: maximize t with sum of y_i columns_i - t I semidefinite,
    y >= 0, sum of y_i <= 1; those with t > 0."""
    count = len(columns)
    y = [0.5 / count] * count
    t = -1.0 - sum(max(_row_sums(column, size), default=0.0) for column in columns) / count
    weight = 1.0
    for _ in range(STAGES):
        for _ in range(12):
            spend(10 + count * count * (size * size + count) // 450)
            step = _newton_step(columns, size, y, t, weight)
            if step is None:
                return
            y, t, decrement = step
            if decrement < 1e-3:
                break
        if t > TINY:
            yield y
        elif t + (size + count + 1) / weight < 0:
            return
        weight *= 5.0


def _row_sums(column: Sparse, size: int) -> list[float]:
    sums = [0.0] * size
    for a, _, value in column:
        sums[a] += abs(value)
    return sums


def _slack(columns: Sequence[Sparse], size: int, y: Sequence[float], t: float) -> Matrix:
    slack = [[-t if a == b else 0.0 for b in range(size)] for a in range(size)]
    for column, factor in zip(columns, y, strict=True):
        for a, b, value in column:
            slack[a][b] += factor * value
    return slack


def _cholesky(matrix: Matrix) -> Matrix | None:
    """The lower triangular root; None if the matrix is not positive definite."""
    size = len(matrix)
    lower = [[0.0] * size for _ in range(size)]
    for a in range(size):
        for b in range(a + 1):
            rest = matrix[a][b] - sum(lower[a][k] * lower[b][k] for k in range(b))
            if a == b:
                if not 1e-300 < rest < inf:
                    return None
                lower[a][a] = sqrt(rest)
            else:
                lower[a][b] = rest / lower[b][b]
    return lower


def _solved(lower: Matrix, right: Sequence[float]) -> list[float]:
    """The solution of L L^T x = right."""
    size = len(lower)
    x = list(right)
    for a in range(size):
        x[a] = (x[a] - sum(lower[a][k] * x[k] for k in range(a))) / lower[a][a]
    for a in reversed(range(size)):
        x[a] = (x[a] - sum(lower[k][a] * x[k] for k in range(a + 1, size))) / lower[a][a]
    return x


def _newton_step(
    columns: Sequence[Sparse], size: int, y: list[float], t: float, weight: float
) -> tuple[list[float], float, float] | None:
    """One damped step on weight t + log det(slack) + sum of log y_i + log(1 - sum of y_i)."""
    lower = _cholesky(_slack(columns, size, y, t))
    if lower is None:
        return None
    inverse = [_solved(lower, [float(a == b) for b in range(size)]) for a in range(size)]
    scaled: list[Matrix] = []
    for column in [*columns, [(a, a, -1.0) for a in range(size)]]:
        product = [[0.0] * size for _ in range(size)]
        for a, b, value in column:
            for row in range(size):
                product[row][b] += inverse[row][a] * value
        scaled.append(product)
    room = 1.0 - sum(y)
    count = len(y)
    gradient = [sum(product[a][a] for a in range(size)) for product in scaled]
    flat = [[value for row in product for value in row] for product in scaled]
    turned = [[product[b][a] for a in range(size) for b in range(size)] for product in scaled]
    hessian = [[0.0] * (count + 1) for _ in range(count + 1)]
    for i in range(count + 1):
        for j in range(i + 1):
            value = sum(map(float.__mul__, flat[i], turned[j]))
            if i < count and j < count:
                value += 1.0 / (room * room) + (1.0 / (y[i] * y[i]) if i == j else 0.0)
            hessian[i][j] = hessian[j][i] = value
    for i in range(count):
        gradient[i] += 1.0 / y[i] - 1.0 / room
    gradient[count] += weight
    for i in range(count + 1):
        hessian[i][i] *= 1.0 + 1e-12
    root = _cholesky(hessian)
    if root is None:
        return None
    step = _solved(root, gradient)
    decrement = sum(map(float.__mul__, step, gradient))
    length = 1.0 if decrement < 0.0625 else 1.0 / (1.0 + sqrt(max(decrement, 0.0)))
    for _ in range(40):
        trial = [value + length * change for value, change in zip(y, step, strict=False)]
        moved = t + length * step[count]
        inside = min(trial) > 0 and sum(trial) < 1
        if inside and _cholesky(_slack(columns, size, trial, moved)) is not None:
            return trial, moved, decrement
        length /= 2
    return None
