"""Sums of squares: a polynomial system refuted by squares of polynomials times its facts.

Wanted is sigma_0 + sum of sigma_i g_i + sum of p_j h_j + c = 0 for the gaps g_i of inequalities and
h_j of equations, with sigma_i sums of squares (Stengle 1974; Putinar 1993): with c = 1, or with
c = 0 and multiplier 1, or 1 more than a square, for a strict fact. A Gram matrix for each sigma_i
makes this a semidefinite program (Parrilo 2003). Its solution, taken inside of the cone as far as
possible, is rounded, put back onto the equations exactly, and factored as L D L^T: a proof if no
entry of D is negative (Peyrl and Parrilo 2008). Where no solution lies inside (the bound is
attained), the kernel of the Gram matrices is guessed in small rationals and taken out (facial
reduction), and it is tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, combinations_with_replacement
from typing import TypeAlias

from verifier.core.certificate import Terms
from verifier.solve.convex import Entry, Matrix, Row, available, inner_point
from verifier.solve.facts import BySquares, Known
from verifier.solve.polynomial import ONE, Atoms, Monomial, Polynomial, plus, times
from verifier.solve.quadratic import System, key_of

VARIABLES_MAX = 6
ROWS_MAX = 130
SIDE_MAX = 40
PRODUCTS_OF = 6
INSIDE = 1e-6
FLAT = 1e-4
BITS = 26
DENOMINATOR = 24

Spend = Callable[[int], None]
Vector: TypeAlias = list[Fraction]
_Name: TypeAlias = Entry | int


@dataclass(frozen=True, slots=True)
class _Block:
    """A sum of squares of combinations of the basis, times the product of the facts."""

    facts: tuple[Known, ...]
    gap: Polynomial
    basis: tuple[Polynomial, ...]


@dataclass(frozen=True, slots=True)
class _Shape:
    """`target` is what the blocks and the multiplied equations have to add up to; `fixed` is the
    strict fact in it, if any. `free` are monomials times equations."""

    blocks: tuple[_Block, ...]
    free: tuple[tuple[Known, Monomial, Polynomial], ...]
    target: Polynomial
    fixed: Known | None


def sum_of_squares(system: System, atoms: Atoms, spend: Spend) -> BySquares | None:
    """A refutation of the system; None if none is found, or cvxpy is not there to find one."""
    variables = sorted({atom for _, _, p in system for monomial in p for atom in monomial})
    if not variables or len(variables) > VARIABLES_MAX or not available():
        return None
    for shape in _shapes(system, variables):
        spend(2_000)
        found = _solved(shape)
        if found is not None:
            return _step(*found, atoms)
    return None


def _shapes(system: System, variables: Sequence[int]) -> Iterator[_Shape]:
    """What may be tried, the smaller first."""
    highest = max(len(monomial) for _, _, p in system for monomial in p)
    strict = [(fact, p) for fact, relation, p in system if relation == "<"]
    first = (highest + 1) // 2
    for half in (first, first + 1):
        basis = _monomials(variables, half)
        if len(basis) > SIDE_MAX or len(_monomials(variables, 2 * half)) > ROWS_MAX:
            return
        blocks = [_Block((), {ONE: Fraction(1)}, _powers(basis))]
        free = []
        for fact, relation, p in system:
            degree = max(map(len, p), default=0)
            if relation == "==":
                free += [(fact, m, p) for m in _monomials(variables, 2 * half - degree)]
            else:
                inner = _monomials(variables, (2 * half - degree) // 2)
                blocks.append(_Block((fact,), p, _powers(inner)))
        for fact, p in reversed(strict):
            target = plus({}, p, Fraction(-1))
            others = tuple(block for block in blocks if block.facts != (fact,))
            yield _Shape(others, tuple(free), target, fact)
            yield _Shape(tuple(blocks), tuple(free), target, fact)
        yield _Shape(tuple(blocks), tuple(free), {ONE: Fraction(-1)}, None)
        products = tuple(_products(system, variables, 2 * half))
        for fact, p in reversed(strict):
            target = plus({}, p, Fraction(-1))
            others = tuple(block for block in blocks if block.facts != (fact,))
            if products:
                yield _Shape((*others, *products), tuple(free), target, fact)


def _products(system: System, variables: Sequence[int], degree: int) -> Iterator[_Block]:
    """Squares times products of different inequalities (Schmuedgen 1991), where these are few."""
    sides = [(fact, p) for fact, relation, p in system if relation != "=="]
    if len(sides) > PRODUCTS_OF:
        return
    for count in range(2, len(sides) + 1):
        for chosen in combinations(sides, count):
            gap = {ONE: Fraction(1)}
            for _, p in chosen:
                gap = times(gap, p)
            own = max(map(len, gap), default=0)
            if own <= degree:
                basis = _powers(_monomials(variables, (degree - own) // 2))
                yield _Block(tuple(fact for fact, _ in chosen), gap, basis)


def _monomials(variables: Sequence[int], degree: int) -> list[Monomial]:
    return [m for d in range(degree + 1) for m in combinations_with_replacement(variables, d)]


def _powers(monomials: Sequence[Monomial]) -> tuple[Polynomial, ...]:
    return tuple({monomial: Fraction(1)} for monomial in monomials)


# ---- one shape ---------------------------------------------------------------------------------


def _solved(shape: _Shape) -> tuple[_Shape, list[list[Vector]], Vector] | None:
    """Exact Gram matrices and free numbers, for the shape as it was reduced."""
    for _ in range(3):
        rows = _rows(shape)
        if rows is None:
            return None
        found = inner_point([len(b.basis) for b in shape.blocks], len(shape.free), rows)
        if found is None or found[2] < -INSIDE:
            return None
        if found[2] > INSIDE:
            exact = _exact(shape, rows, found[0], found[1])
            return None if exact is None else (shape, *exact)
        reduced = [_reduced(b, m) for b, m in zip(shape.blocks, found[0], strict=True)]
        if all(new is old for new, old in zip(reduced, shape.blocks, strict=True)):
            return None
        kept = tuple(block for block in reduced if block.basis)
        shape = _Shape(kept, shape.free, shape.target, shape.fixed)
    return None


def _rows(shape: _Shape) -> list[Row] | None:
    """An equation for each monomial; None if one of them cannot be met."""
    entries: dict[Monomial, dict[tuple[int, int, int], Fraction]] = {}
    free: dict[Monomial, dict[int, Fraction]] = {}
    for number, block in enumerate(shape.blocks):
        for i, one in enumerate(block.basis):
            for j in range(i, len(block.basis)):
                product = times(times(one, block.basis[j]), block.gap)
                for monomial, value in product.items():
                    factor = value if i == j else 2 * value
                    entries.setdefault(monomial, {})[number, i, j] = factor
    for place, (_, monomial, p) in enumerate(shape.free):
        for other, value in times({monomial: Fraction(1)}, p).items():
            free.setdefault(other, {})[place] = value
    every = dict.fromkeys([*entries, *free, *shape.target])
    if any(m not in entries and m not in free for m in shape.target):
        return None
    return [
        Row(entries.get(m, {}), free.get(m, {}), shape.target.get(m, Fraction(0))) for m in every
    ]


def _exact(
    shape: _Shape, rows: Sequence[Row], blocks: Sequence[Matrix], numbers: Sequence[float]
) -> tuple[list[list[Vector]], Vector] | None:
    """The nearest exact solution of the rows to the rounded one (orthogonal projection)."""
    names: list[_Name] = [
        (b, i, j)
        for b, block in enumerate(shape.blocks)
        for i in range(len(block.basis))
        for j in range(i, len(block.basis))
    ]
    names += range(len(shape.free))
    values: dict[_Name, Fraction] = {}
    for name in names:
        match name:
            case (int(b), int(i), int(j)):
                values[name] = _rounded((blocks[b][i][j] + blocks[b][j][i]) / 2)
            case int(place):
                values[name] = _rounded(numbers[place])
    lines: list[dict[_Name, Fraction]] = [dict(row.entries) | dict(row.free) for row in rows]
    missing = [
        row.value - sum((f * values[n] for n, f in line.items()), Fraction(0))
        for row, line in zip(rows, lines, strict=True)
    ]
    steps = _normal(lines, missing)
    if steps is None:
        return None
    for line, step in zip(lines, steps, strict=True):
        for name, factor in line.items():
            values[name] += factor * step
    matrices = [
        [
            [values[b, min(i, j), max(i, j)] for j in range(len(block.basis))]
            for i in range(len(block.basis))
        ]
        for b, block in enumerate(shape.blocks)
    ]
    return matrices, [values[place] for place in range(len(shape.free))]


def _rounded(value: float) -> Fraction:
    return Fraction(round(value * 2**BITS), 2**BITS)


def _normal(lines: Sequence[dict[_Name, Fraction]], missing: Sequence[Fraction]) -> Vector | None:
    """y with A A^T y = missing, by elimination; None if there is none."""
    size = len(lines)
    system = []
    for one in lines:
        row = {
            k: value
            for k, other in enumerate(lines)
            if (value := sum((f * other[n] for n, f in one.items() if n in other), Fraction(0)))
        }
        system.append(row)
    right = list(missing)
    for k in range(size):
        pivot = system[k].get(k)
        if pivot is None:
            if right[k] or system[k]:
                return None
            continue
        for other in range(k + 1, size):
            factor = system[other].pop(k, None)
            if factor is None:
                continue
            ratio = factor / pivot
            for column, value in system[k].items():
                if column > k:
                    new = system[other].get(column, Fraction(0)) - ratio * value
                    if new:
                        system[other][column] = new
                    else:
                        system[other].pop(column, None)
            right[other] -= ratio * right[k]
    found = [Fraction(0)] * size
    for k in reversed(range(size)):
        if k in system[k]:
            rest = sum((v * found[c] for c, v in system[k].items() if c > k), Fraction(0))
            found[k] = (right[k] - rest) / system[k][k]
    return found


# ---- taking out a kernel -----------------------------------------------------------------------


def _reduced(block: _Block, matrix: Matrix) -> _Block:
    """The block on what is orthogonal to the kernel of its matrix, guessed in small rationals; the
    block itself if the kernel is zero."""
    size = len(matrix)
    rows = [list(row) for row in matrix]
    largest = max(1e-9, max(abs(x) for row in rows for x in row))
    pivots: list[int] = []
    for _ in range(size):  # the range of the matrix, by elimination with the largest pivots
        left = [k for k in range(size) if k not in pivots]
        best = max(left, key=lambda k: rows[k][k], default=None)
        if best is None or rows[best][best] < FLAT * max(1.0, largest):
            break
        pivots.append(best)
        scale = rows[best][best]
        rows[best] = [x / scale for x in rows[best]]
        for other in range(size):
            if other != best and rows[other][best]:
                factor = rows[other][best]
                rows[other] = [x - factor * y for x, y in zip(rows[other], rows[best], strict=True)]
    if len(pivots) == size:
        return block
    others = [k for k in range(size) if k not in pivots]
    basis = []
    for pivot in sorted(pivots):  # x_pivot + sum of c x_other spans the range
        form = dict(block.basis[pivot])
        for other in others:
            guess = Fraction(rows[pivot][other]).limit_denominator(DENOMINATOR)
            if guess:
                form = plus(form, block.basis[other], guess)
        basis.append(form)
    return _Block(block.facts, block.gap, tuple(basis))


# ---- the step ----------------------------------------------------------------------------------


def _step(
    shape: _Shape, matrices: Sequence[list[Vector]], numbers: Vector, atoms: Atoms
) -> BySquares | None:
    """The squares of the factored matrices; None if one of these is not semidefinite, or if the
    whole does not add up."""
    total = plus({}, shape.target, Fraction(-1))
    squares: list[tuple[tuple[Known, ...], Fraction, Terms]] = []
    for block, matrix in zip(shape.blocks, matrices, strict=True):
        factors = _factored(matrix)
        if factors is None:
            return None
        for weight, column in factors:
            form: Polynomial = {}
            for factor, each in zip(column, block.basis, strict=True):
                form = plus(form, each, factor) if factor else form
            total = plus(total, times(times(form, form), block.gap), weight)
            squares.append((block.facts, weight, _terms(form, atoms)))
    equations: dict[Known, Polynomial] = {}
    for (fact, monomial, p), value in zip(shape.free, numbers, strict=True):
        if value:
            equations[fact] = plus(equations.get(fact, {}), {monomial: value}, Fraction(1))
            total = plus(total, times({monomial: Fraction(1)}, p), value)
    if total:
        return None
    if shape.fixed is not None:
        squares.append(((shape.fixed,), Fraction(1), (((), Fraction(1)),)))
    constant = Fraction(0) if shape.fixed is not None else Fraction(1)
    written = tuple((fact, _terms(factor, atoms)) for fact, factor in equations.items())
    return BySquares(tuple(squares), written, constant)


def _factored(matrix: Sequence[Vector]) -> list[tuple[Fraction, Vector]] | None:
    """Weights and columns with matrix = sum of weight column column^T; None if a weight would be
    negative."""
    left = [list(row) for row in matrix]
    size = len(left)
    found = []
    for k in range(size):
        pivot = left[k][k]
        if pivot < 0 or (pivot == 0 and any(left[k])):
            return None
        if pivot == 0:
            continue
        column = [left[i][k] / pivot for i in range(size)]
        found.append((pivot, column))
        for i in range(size):
            for j in range(size):
                left[i][j] -= pivot * column[i] * column[j]
    return found


def _terms(polynomial: Polynomial, atoms: Atoms) -> Terms:
    return tuple(
        (tuple(key_of(atoms, atom) for atom in monomial), factor)
        for monomial, factor in sorted(polynomial.items())
    )
