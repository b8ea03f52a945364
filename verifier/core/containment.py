"""Whether one constant set lies in another: the question, what it falls apart into, and what
certifies either answer.

The question falls apart along the outer set, by equivalences: an intersection into its parts; a
translation, scaling, preimage or invertible image into its region, reached through an affine map;
an erosion into its region, with what erodes it added to the inner set; sets given by rows into
their rows. A hull lies in a closed convex set where its parts do. What is left are three kinds of
goals, each closed in its own way (verifier/core/lift.py says what the lines and rounds of a set
are, verifier/core/description.py what its pieces, facets and extents are):

- A row. `ByExtent`: the set's support function, a closed formula where nothing is intersected.
  `Combination`: a sum of lines of the inner set, nonnegative except for equations, and of
  consequences u . forms <= sigma v_scale of its rounds, sigma^2 >= radius * sum of u_i^2 / weight_i
  (Cauchy and Schwarz), is the goal's row with a constant that is at most its bound. Farkas' lemma;
  for strict rows, Motzkin's.
- A round set. `Enclosed`: every piece of the inner set lies in it; for a point by evaluation, for
  an ellipsoid by the triangle inequality or by a multiplier of the S-lemma (Boyd and Vandenberghe,
  Convex Optimization, B.2).
- A sum, hull, image or zonotope. `Facets`: every facet of it is a row. `Members`: every corner of
  the inner set is in it, and every ray in its recession cone. `Part`: the inner set lies in one
  part of a hull. `Termwise`: it is a sum, and every term lies in one of the outer sum's own.

What holds for one part of an intersection holds for it: `Narrowed`. Anything holds for an empty
set: `Vacuous` adds lines and rounds up to 0 <= something negative.

That the inner set does not lie in the outer one is certified by a point of the inner set, and a row
that the outer set keeps and the point does not; or by a ray that leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.description import facets, has_strict
from verifier.core.exact import inverse, reduced, squares
from verifier.core.region import (
    Ball,
    Box,
    ConvexHull,
    Ellipsoid,
    Erosion,
    Halfspace,
    Image,
    Intersection,
    MinkowskiSum,
    Norm,
    Polytope,
    Preimage,
    Region,
    Row,
    Scaling,
    Translation,
    constants,
)
from verifier.core.root import root_above
from verifier.core.term import number
from verifier.core.vector import Matrix, apply, dot, plus, times, transposed, unit
from verifier.core.zonotope import Bounded

ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class Containment:
    """That every point of `inner` is one of `outer`; both are constant sets in R^size."""

    inner: Region
    outer: Region
    size: int


# ---- goals -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowGoal:
    """row . x <= bound for every x in `inner`; < where `strict`."""

    inner: Region
    row: Row
    bound: Fraction
    strict: bool
    stretch: Fraction


@dataclass(frozen=True, slots=True)
class RoundGoal:
    """Sum of weight_i (form_i . x + offset_i)^2 <= radius for every x in `inner`; radius > 0."""

    inner: Region
    forms: Matrix
    offsets: Row
    weights: Row
    radius: Fraction
    stretch: Fraction


@dataclass(frozen=True, slots=True)
class ShapeGoal:
    """matrix x + offset in `region` for every x in `inner`."""

    inner: Region
    matrix: Matrix
    offset: Row
    region: Region
    stretch: Fraction


Goal: TypeAlias = RowGoal | RoundGoal | ShapeGoal
"""Where the inner set grows by some length, the inner set of a goal grows by at most `stretch`
times that."""


def goals(question: Containment) -> list[Goal]:
    """What is to be shown; nothing if everything lies in the outer set.

    Raises NotConstant, and NoDescription.
    """
    size = question.size
    at = _Map(tuple(unit(i, size) for i in range(size)), (ZERO,) * size, ONE)
    return [goal for part in _parts(question) for goal in _goals(part, question.outer, at)]


def _parts(question: Containment) -> tuple[Region, ...]:
    if isinstance(question.inner, ConvexHull) and not has_strict(question.outer):
        return question.inner.parts
    return (question.inner,)


@dataclass(frozen=True, slots=True)
class _Map:
    """x -> matrix x + offset, from the inner set's space to the outer one's."""

    matrix: Matrix
    offset: Row
    stretch: Fraction

    def then(self, matrix: Matrix, offset: Row) -> _Map:
        columns = tuple(zip(*self.matrix, strict=True))
        product = tuple(tuple(dot(row, column) for column in columns) for row in matrix)
        return _Map(product, plus(apply(matrix, self.offset), offset), self.stretch)

    @property
    def plain(self) -> bool:
        """Whether the matrix is the identity."""
        size = len(self.offset)
        return self.matrix == tuple(unit(i, size) for i in range(size))


def _goals(inner: Region, outer: Region, at: _Map) -> Iterator[Goal]:
    match outer:
        case Intersection(parts):
            for part in parts:
                yield from _goals(inner, part, at)
        case Translation(region, by):
            step = times(-ONE, constants(by))
            yield from _goals(inner, region, _Map(at.matrix, plus(at.offset, step), at.stretch))
        case Scaling(region, factor):
            size = len(at.offset)
            scale = tuple(times(1 / factor, unit(i, size)) for i in range(size))
            yield from _goals(inner, region, at.then(scale, (ZERO,) * size))
        case Preimage(matrix, offset, region):
            yield from _goals(inner, region, at.then(matrix, constants(offset)))
        case Image(matrix, offset, region) if _regular(matrix):
            back = tuple(map(tuple, inverse(matrix)))
            yield from _goals(
                inner, region, at.then(back, apply(back, times(-ONE, constants(offset))))
            )
        case Erosion(region, by):
            yield from _goals(*_grown(inner, region, by, at))
        case Halfspace(_, _, strict):
            yield from _rows(inner, outer, at, strict)
        case Box() | Polytope() | Ball(_, _, Norm.MAX):
            yield from _rows(inner, outer, at, False)
        case Ball(center, radius, Norm.TWO):
            size = len(center)
            identity = tuple(unit(i, size) for i in range(size))
            weights = (ONE,) * size
            yield from _round(inner, identity, weights, constants(center), radius * radius, at)
        case Ellipsoid(center, shape):
            found = squares(inverse(shape))
            assert found is not None, "the shape of an ellipsoid is positive definite"
            vectors = tuple(tuple(vector) for _, vector in found)
            sizes = tuple(weight for weight, _ in found)
            yield from _round(inner, vectors, sizes, constants(center), ONE, at)
        case _:
            yield ShapeGoal(inner, at.matrix, at.offset, outer, at.stretch)


def _regular(matrix: Matrix) -> bool:
    return len(matrix) == len(matrix[0]) == len(reduced(matrix)[1])


def _grown(inner: Region, region: Region, by: Region, at: _Map) -> tuple[Region, Region, _Map]:
    """The same question for the inner set with `by` added."""
    size = len(at.offset)
    identity = tuple(unit(i, size) for i in range(size))
    if at.plain:
        return MinkowskiSum((inner, by)), region, at
    image = Image(at.matrix, tuple(map(number, at.offset)), inner)
    stretch = at.stretch * root_above(norm_above(at.matrix, (ONE,) * size))
    return MinkowskiSum((image, by)), region, _Map(identity, (ZERO,) * size, stretch)


def norm_above(matrix: Matrix, weights: Row) -> Fraction:
    """At least the greatest sum of weight_i (row_i . x)^2 over |x|_2 <= 1.

    Of the matrix with the entries root(weight_i weight_j) row_i . row_j, the trace; or, where the
    rows are orthogonal to each other, the greatest entry.
    """
    ends = [w * dot(row, row) for w, row in zip(weights, matrix, strict=True)]
    orthogonal = all(not dot(row, other) for i, row in enumerate(matrix) for other in matrix[:i])
    return max(ends) if orthogonal else sum(ends, ZERO)


def _rows(inner: Region, outer: Region, at: _Map, strict: bool) -> Iterator[RowGoal]:
    if at.plain and not any(at.offset):
        for each in facets(outer, len(at.offset), root_above):
            yield RowGoal(inner, each.row, each.bound, strict, at.stretch)
        return
    for each in facets(outer, len(at.offset), root_above):
        yield from row_goals(inner, each, at.matrix, at.offset, strict, at.stretch)


def row_goals(
    inner: Region, wanted: Bounded, matrix: Matrix, offset: Row, strict: bool, stretch: Fraction
) -> Iterator[RowGoal]:
    """The wanted row of matrix x + offset, as one row of x; an equation as two."""
    row = transposed(matrix, wanted.row)
    bound = wanted.bound - dot(wanted.row, offset)
    yield RowGoal(inner, row, bound, strict, stretch)
    if wanted.equal:
        yield RowGoal(inner, times(-ONE, row), -bound, strict, stretch)


def _round(
    inner: Region, vectors: Matrix, weights: Row, center: Row, radius: Fraction, at: _Map
) -> Iterator[Goal]:
    back = plus(at.offset, times(-ONE, center))
    forms = tuple(transposed(at.matrix, vector) for vector in vectors)
    offsets = tuple(dot(vector, back) for vector in vectors)
    if radius:
        yield RoundGoal(inner, forms, offsets, weights, radius, at.stretch)
        return
    for form, offset in zip(forms, offsets, strict=True):
        yield RowGoal(inner, form, -offset, False, at.stretch)
        yield RowGoal(inner, times(-ONE, form), offset, False, at.stretch)


# ---- certificates ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Combination:
    """(line, multiplier) and (round, u, sigma), all divided by the denominator > 0."""

    denominator: int
    lines: tuple[tuple[int, int], ...]
    rounds: tuple[tuple[int, tuple[int, ...], int], ...] = ()


@dataclass(frozen=True, slots=True)
class ByExtent:
    """Nothing is given: the judge finds the set's extents by itself."""


RowProof: TypeAlias = Combination | ByExtent


@dataclass(frozen=True, slots=True)
class Assignment:
    """Of v_1 and so on, all divided by the denominator > 0; 0 for a direction."""

    denominator: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Vacuous:
    """The inner set is empty."""

    sum: Combination


@dataclass(frozen=True, slots=True)
class Enclosed:
    """For every piece, in order, the multiplier of the S-lemma; None for a point, and where the
    triangle inequality is enough."""

    multipliers: tuple[Fraction | None, ...]


@dataclass(frozen=True, slots=True)
class Facets:
    """For every row goal of every facet, in order."""

    rows: tuple[RowProof, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """For every corner and then every ray of the inner set, in order."""

    points: tuple[Assignment, ...]
    rays: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The inner set, where it is reached without a map, lies in this part of a hull."""

    number: int
    proof: Inside | Vacuous


@dataclass(frozen=True, slots=True)
class Termwise:
    """Both sets are sums of equally many terms, and the inner one is reached without a map: term
    order[i] of the inner sum lies in term i of the outer one."""

    order: tuple[int, ...]
    proofs: tuple[Inside | Vacuous, ...]


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The goal's inner set is an intersection, and the goal holds for this part of it."""

    number: int
    proof: GoalProof


GoalProof: TypeAlias = Vacuous | RowProof | Enclosed | Facets | Members | Part | Termwise | Narrowed


@dataclass(frozen=True, slots=True)
class Inside:
    """For every goal, in order."""

    proofs: tuple[GoalProof, ...]


@dataclass(frozen=True, slots=True)
class Outside:
    """A point of the inner set with all its variables, and a row that the outer set satisfies and
    the point does not."""

    point: Assignment
    row: tuple[int, ...]
    proof: RowProof


@dataclass(frozen=True, slots=True)
class Escape:
    """A point and a direction of the inner set with all their variables, and a row that is bounded
    over the outer set and grows along the direction."""

    point: Assignment
    ray: Assignment
    row: tuple[int, ...]
    proof: RowProof


ContainmentCertificate: TypeAlias = Inside | Vacuous | Outside | Escape
