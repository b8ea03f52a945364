"""Convex quadratic programs in exact rationals.

minimize f(x) = sum of d_k (l_k x)^2 + g x + c  subject to  p_i(x) >= 0 and q_j(x) = 0, all linear.

A primal active-set method (Nocedal and Wright, Numerical Optimization, 2nd edition, algorithm 16.3)
that starts at a point from simplex.py. Where the Hessian is singular on the working set, it follows
a direction without curvature until a constraint blocks it. At the end the gradient is a sum of
constraint normals, whose factors are the dual variables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.solve import simplex
from verifier.solve.polynomial import ONE, Polynomial, value_at

Vector: TypeAlias = dict[int, Fraction]

ZERO = Fraction(0)
ITERATIONS_MAX = 200


@dataclass(frozen=True, slots=True)
class Convex:
    """A polynomial of degree two whose second-degree part is a sum of `weight * direction^2`."""

    polynomial: Polynomial
    squares: tuple[tuple[Fraction, Vector], ...]
    gradient: Vector
    """At the origin."""
    atoms: tuple[int, ...]

    def offset(self, direction: Vector) -> Fraction:
        """The value of the direction at the centre, where that is a point along the squares."""
        # The gradient vanishes at the centre: sum of 2 d_k l_k(x) l_k = -g. The leading atom of a
        # square is in no later one, so that this is solved from the first square to the last.
        remaining = {atom: -value / 2 for atom, value in self.gradient.items()}
        for weight, line in self.squares:
            leading = next(iter(line))
            at = remaining.get(leading, ZERO) / (weight * line[leading])
            for atom, c in line.items():
                remaining[atom] = remaining.get(atom, ZERO) - weight * at * c
            if line is direction:
                return at
        raise AssertionError("the direction belongs to another form")


@dataclass(frozen=True, slots=True)
class Minimum:
    value: Fraction
    point: Vector
    multipliers: tuple[Fraction, ...]


def convex(polynomial: Polynomial) -> Convex | None:
    """The polynomial with its squares; None if it is not convex or not of degree two at most."""
    hessian: dict[int, Vector] = {}
    gradient: Vector = {}
    for monomial, value in polynomial.items():
        if len(monomial) > 2:
            return None
        if len(monomial) == 1:
            gradient[monomial[0]] = value
        elif len(monomial) == 2:
            one, other = monomial
            half = value if one == other else value / 2
            hessian.setdefault(one, {})[other] = half
            hessian.setdefault(other, {})[one] = half
    squares = decompose(hessian)
    if squares is None:
        return None
    atoms = sorted({atom for monomial in polynomial for atom in monomial})
    return Convex(polynomial, tuple(squares), gradient, tuple(atoms))


def decompose(matrix: dict[int, Vector]) -> list[tuple[Fraction, Vector]] | None:
    """L D L^T of a symmetric matrix as (d, column of L); None if it is not semidefinite."""
    rest = {row: dict(entries) for row, entries in matrix.items()}
    result = []
    for pivot in sorted(rest):
        row = {column: value for column, value in rest.pop(pivot).items() if value}
        diagonal = row.pop(pivot, ZERO)
        if diagonal < 0 or (diagonal == 0 and row):
            return None
        if diagonal == 0:
            continue
        line = {pivot: Fraction(1)}
        line.update({column: value / diagonal for column, value in sorted(row.items())})
        result.append((diagonal, line))
        for one in row:
            entries = rest[one]
            entries.pop(pivot, None)
            for other in row:
                entries[other] = entries.get(other, ZERO) - row[one] * row[other] / diagonal
    return result


def minimum(
    form: Convex, constraints: Sequence[tuple[str, Polynomial]], spend: Callable[[int], None]
) -> Minimum | None:
    """The least value on the closure of the constraints, a point where it is taken, and one
    multiplier for each constraint; None if it is unbounded, or if the constraints exclude each
    other or too many steps were needed."""
    rows = [{m[0]: c for m, c in p.items() if m != ONE} for _, p in constraints]
    offsets = [p.get(ONE, ZERO) for _, p in constraints]
    equal = [relation == "==" for relation, _ in constraints]
    relations = ["==" if fixed else "<=" for fixed in equal]
    start = simplex.solve(list(zip(relations, rows, offsets, strict=True)), spend)
    if isinstance(start, simplex.Infeasible):
        return None
    atoms = sorted({*form.atoms, *(atom for row in rows for atom in row)})
    x = {atom: start.get(atom, ZERO) for atom in atoms}
    working: list[int] = []
    for index in (i for i, fixed in enumerate(equal) if fixed):
        if _independent([rows[i] for i in working], rows[index]):
            working.append(index)
    for _ in range(ITERATIONS_MAX):
        spend(1 + (len(atoms) + len(working)) ** 2 // 4)
        gradient = _gradient(form, x)
        step, factors = _newton(form, gradient, [rows[i] for i in working], atoms)
        if factors is not None and not any(step.values()):
            wrong = [
                i for i, factor in zip(working, factors, strict=True) if factor < 0 and not equal[i]
            ]
            if not wrong:
                multipliers = [ZERO] * len(rows)
                for index, factor in zip(working, factors, strict=True):
                    multipliers[index] = factor
                return Minimum(value_at(form.polynomial, x), x, tuple(multipliers))
            working.remove(min(wrong))
            continue
        length: Fraction | None = Fraction(1) if factors is not None else None
        blocking: int | None = None
        for index, row in enumerate(rows):
            slope = _dot(row, step)
            if slope < 0 and index not in working and not equal[index]:
                room = (_dot(row, x) + offsets[index]) / -slope
                if length is None or room < length:
                    length, blocking = room, index
        if length is None:
            return None
        for atom, value in step.items():
            x[atom] += length * value
        if blocking is not None:
            working.append(blocking)
    return None


def _dot(row: Vector, x: Vector) -> Fraction:
    return sum((c * x[atom] for atom, c in row.items() if x.get(atom)), ZERO)


def _gradient(form: Convex, x: Vector) -> Vector:
    gradient = dict(form.gradient)
    for weight, line in form.squares:
        factor = 2 * weight * _dot(line, x)
        if factor:
            for atom, c in line.items():
                gradient[atom] = gradient.get(atom, ZERO) + factor * c
    return gradient


def _newton(
    form: Convex, gradient: Vector, working: list[Vector], atoms: list[int]
) -> tuple[Vector, list[Fraction] | None]:
    """The step to the least value on the working set, with the multipliers there; or a direction
    without curvature along which the value falls, and None."""
    # Unknowns: the step (by atom) and the factors (by -1 - index). H step - sum factor row = -g.
    equations: list[tuple[Vector, Fraction]] = []
    hessian: dict[int, Vector] = {atom: {} for atom in atoms}
    for weight, line in form.squares:
        for one, a in line.items():
            for other, b in line.items():
                hessian[one][other] = hessian[one].get(other, ZERO) + 2 * weight * a * b
    for atom in atoms:
        left = dict(hessian[atom])
        for index, row in enumerate(working):
            if atom in row:
                left[-1 - index] = -row[atom]
        equations.append((left, -gradient.get(atom, ZERO)))
    equations += [(dict(row), ZERO) for row in working]
    solution, witness = _solve_linear(equations)
    if solution is None:
        direction = {atom: witness.get(index, ZERO) for index, atom in enumerate(atoms)}
        if _dot(gradient, direction) > 0:
            direction = {atom: -value for atom, value in direction.items()}
        return direction, None
    step = {atom: solution.get(atom, ZERO) for atom in atoms}
    return step, [solution.get(-1 - index, ZERO) for index in range(len(working))]


def _solve_linear(
    equations: list[tuple[Vector, Fraction]],
) -> tuple[Vector | None, Vector]:
    """A solution, or None and factors of equations whose sum is zero on the left but not on the
    right."""
    done: list[tuple[int, Vector, Fraction, Vector]] = []
    for index, (left, right) in enumerate(equations):
        row = {unknown: value for unknown, value in left.items() if value}
        trace = {index: Fraction(1)}
        for unknown, pivot_row, pivot_right, pivot_trace in done:
            factor = row.pop(unknown, None)
            if factor is not None:
                _subtract(row, factor, pivot_row)
                _subtract(trace, factor, pivot_trace)
                right -= factor * pivot_right
        if not row:
            if right:
                return None, trace
            continue
        unknown = min(row)
        inverse = 1 / row.pop(unknown)
        scaled = {other: value * inverse for other, value in row.items()}
        traced = {other: value * inverse for other, value in trace.items()}
        done.append((unknown, scaled, right * inverse, traced))
    solution: Vector = {}
    for unknown, row, right, _ in reversed(done):
        solution[unknown] = right - _dot(row, solution)
    return solution, {}


def _subtract(target: Vector, factor: Fraction, row: Vector) -> None:
    for column, value in row.items():
        total = target.get(column, ZERO) - factor * value
        if total:
            target[column] = total
        else:
            target.pop(column, None)


def _independent(rows: list[Vector], new: Vector) -> bool:
    """Whether the new row is no linear combination of the others."""
    unknowns = {atom for row in [*rows, new] for atom in row}
    columns = [
        ({index: row[atom] for index, row in enumerate(rows) if atom in row}, new.get(atom, ZERO))
        for atom in unknowns
    ]
    return _solve_linear(columns)[0] is None
