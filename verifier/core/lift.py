"""What a constant set is: rows and cones over its point and over fresh variables.

A set in R^n is the set of all (v_1, ..., v_n) for which some v_{n+1}, ..., and v_0 = 1, satisfy
every row and every cone. All is homogeneous, so that a part of a convex hull is the same with a
variable of its own in place of v_0 (Rockafellar, Convex Analysis, theorem 9.8).

- Box, ball in the maximum norm, halfspace, polytope: one row each side, in their own order; a box
  has first its upper sides, then its lower ones.
- Ball in the 1-norm: t_i >= |x_i - c_i| and sum of t_i <= radius.
- Ball and ellipsoid: one cone; a ball of radius 0: x_i == c_i.
- Hull: weights l_k >= 0 with sum 1; the point is their sum of vertices.
- Zonotope: factors -1 <= s_k <= 1.
- Intersection: all parts. Minkowski sum: a point for every part but the first.
- Convex hull: weights l_i >= 0 with sum 1, and l_i times a point of part i for every part but the
  first, which has what is missing. A part with weight 0 may only add nothing: `Share`.
- Image: a point of the region. Preimage, translation, scaling: the region, at the changed point.
- Erosion: what `eroded` makes of it; numbers that are not rational are rounded by `root`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm
from typing import TypeAlias

from verifier.core.description import NoDescription, eroded, has_strict
from verifier.core.exact import inverse, squares
from verifier.core.region import (
    Ball,
    Box,
    ConvexHull,
    Ellipsoid,
    Erosion,
    Halfspace,
    Hull,
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
    Zonotope,
    constants,
)
from verifier.core.root import Root

Form: TypeAlias = tuple[tuple[int, int], ...]
"""Sum of coefficient * v_index, as (index, coefficient)."""
_Form: TypeAlias = dict[int, Fraction]

ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Line:
    """form <= 0; == 0 where `equal`, < 0 where `strict`."""

    form: Form
    equal: bool = False
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """Sum of weight_i form_i^2 <= radius v_scale^2, all weights and the radius positive; the rows
    say v_scale >= 0."""

    forms: tuple[Form, ...]
    weights: tuple[int, ...]
    radius: int
    scale: int


@dataclass(frozen=True, slots=True)
class Share:
    """Where v_scale is 0, the variables from `first` on and before `end` are 0 and so are the
    `forms`."""

    scale: int
    first: int
    end: int
    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Lift:
    """`count` variables, v_0 included."""

    size: int
    count: int
    lines: tuple[Line, ...]
    rounds: tuple[Round, ...]
    shares: tuple[Share, ...]


def lift(region: Region, size: int, root: Root) -> Lift:
    """The set in R^size by rows and cones.

    Raises NoDescription, and NotConstant.
    """
    work = _Work(size + 1)
    _place(work, region, [{i: ONE} for i in range(1, size + 1)], 0, root)
    return Lift(size, work.count, tuple(work.lines), tuple(work.rounds), tuple(work.shares))


@dataclass(slots=True)
class _Work:
    count: int
    lines: list[Line] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)

    def fresh(self, number: int) -> list[int]:
        """The indices of new variables."""
        self.count += number
        return list(range(self.count - number, self.count))

    def line(self, form: _Form, equal: bool = False, strict: bool = False) -> None:
        self.lines.append(Line(whole(form)[0], equal, strict))


def whole(form: Mapping[int, Fraction]) -> tuple[Form, Fraction]:
    """The positive multiple with coprime integer coefficients, sorted, and that factor."""
    kept = sorted((i, a) for i, a in form.items() if a)
    scale = lcm(*(a.denominator for _, a in kept))
    numbers = [a.numerator * (scale // a.denominator) for _, a in kept]
    divisor = gcd(*numbers) or 1
    return (
        tuple((i, n // divisor) for (i, _), n in zip(kept, numbers, strict=True)),
        Fraction(scale, divisor),
    )


def _sum(weighted: Iterable[tuple[Fraction, Mapping[int, Fraction]]]) -> _Form:
    total: _Form = {}
    for factor, form in weighted:
        if factor:
            for index, a in form.items():
                total[index] = total.get(index, 0) + factor * a
    return total


def _row(row: Sequence[Fraction], point: Sequence[_Form], bound: Fraction, scale: int) -> _Form:
    """row . point - bound v_scale."""
    return _sum([*zip(row, point, strict=True), (-bound, {scale: ONE})])


def _moved(point: Sequence[_Form], by: Sequence[Fraction], scale: int) -> list[_Form]:
    """point - by v_scale."""
    return [
        _sum([(ONE, form), (-step, {scale: ONE})]) for form, step in zip(point, by, strict=True)
    ]


def _place(work: _Work, region: Region, point: list[_Form], scale: int, root: Root) -> None:
    """Adds that the point, an affine form for each coordinate, lies in v_scale * region."""
    match region:
        case Box(lower, upper):
            for sign, sides in ((ONE, upper), (-ONE, lower)):
                for side, form in zip(sides, point, strict=True):
                    if side is not None:
                        (bound,) = constants([side])
                        work.line(_row([sign], [form], sign * bound, scale))
        case Ball(center, radius, Norm.MAX):
            for form, middle in zip(point, constants(center), strict=True):
                for sign in (ONE, -ONE):
                    work.line(_row([sign], [form], sign * middle + radius, scale))
        case Ball(center, radius, Norm.ONE):
            lengths = work.fresh(len(point))
            moved = _moved(point, constants(center), scale)
            for form, length in zip(moved, lengths, strict=True):
                for sign in (ONE, -ONE):
                    work.line(_sum([(sign, form), (-ONE, {length: ONE})]))
            work.line(_row([ONE] * len(point), [{i: ONE} for i in lengths], radius, scale))
        case Ball(center, radius):
            moved = _moved(point, constants(center), scale)
            if radius:
                _round(work, moved, [ONE] * len(moved), radius * radius, scale)
            else:
                for form in moved:
                    work.line(form, equal=True)
        case Ellipsoid(center, shape):
            found = squares(inverse(shape))
            assert found is not None, "the shape of an ellipsoid is positive definite"
            moved = _moved(point, constants(center), scale)
            forms = [_sum(zip(vector, moved, strict=True)) for _, vector in found]
            _round(work, forms, [weight for weight, _ in found], ONE, scale)
        case Halfspace(normal, offset, strict):
            (bound,) = constants([offset])
            work.line(_row(normal, point, bound, scale), strict=strict)
        case Polytope(rows, bounds):
            for row, bound in zip(rows, constants(bounds), strict=True):
                work.line(_row(row, point, bound, scale))
        case Hull(vertices):
            _weigh(work, point, vertices, work.fresh(len(vertices)), scale)
        case Zonotope(center, generators):
            factors = work.fresh(len(generators))
            for factor in factors:
                for sign in (ONE, -ONE):
                    work.line(_row([sign], [{factor: ONE}], ONE, scale))
            for j, form in enumerate(_moved(point, constants(center), scale)):
                parts = [(-g[j], {k: ONE}) for g, k in zip(generators, factors, strict=True)]
                work.line(_sum([(ONE, form), *parts]), equal=True)
        case Intersection(parts_of):
            for part in parts_of:
                _place(work, part, point, scale, root)
        case MinkowskiSum(parts_of):
            _split(work, parts_of, point, [scale] * len(parts_of), root)
        case ConvexHull(parts_of):
            if has_strict(region):
                raise NoDescription("the hull of an open set")
            weights = work.fresh(len(parts_of))
            for weight in weights:
                work.line({weight: -ONE})
            work.line(_sum([(-ONE, {scale: ONE}), *((ONE, {w: ONE}) for w in weights)]), equal=True)
            work.shares += _split(work, parts_of, point, weights, root)
        case Translation(inner, by):
            _place(work, inner, _moved(point, constants(by), scale), scale, root)
        case Scaling(inner, factor):
            _place(work, inner, [_sum([(1 / factor, form)]) for form in point], scale, root)
        case Image(matrix, offset, inner):
            source = [{i: ONE} for i in work.fresh(len(matrix[0]))]
            for form, row in zip(_moved(point, constants(offset), scale), matrix, strict=True):
                turned = ((-a, each) for a, each in zip(row, source, strict=True))
                work.line(_sum([(ONE, form), *turned]), equal=True)
            _place(work, inner, source, scale, root)
        case Preimage(matrix, offset, inner):
            mapped = [
                _row(row, point, -start, scale)
                for row, start in zip(matrix, constants(offset), strict=True)
            ]
            _place(work, inner, mapped, scale, root)
        case Erosion(inner, by_region):
            _place(work, eroded(inner, by_region, len(point), root), point, scale, root)


def _round(
    work: _Work, forms: list[_Form], weights: list[Fraction], radius: Fraction, scale: int
) -> None:
    """Adds sum of weight_i form_i^2 <= radius v_scale^2."""
    scaled = [whole(form) for form in forms]
    exact = [weight / factor**2 for weight, (_, factor) in zip(weights, scaled, strict=True)]
    common = lcm(radius.denominator, *(weight.denominator for weight in exact))
    work.rounds.append(
        Round(
            tuple(form for form, _ in scaled),
            tuple(int(weight * common) for weight in exact),
            int(radius * common),
            scale,
        )
    )


def _weigh(
    work: _Work, point: list[_Form], vertices: Sequence[Row], weights: list[int], scale: int
) -> None:
    """Adds that the point is the sum of weights times vertices."""
    for weight in weights:
        work.line({weight: -ONE})
    work.line(_sum([(-ONE, {scale: ONE}), *((ONE, {w: ONE}) for w in weights)]), equal=True)
    for j, form in enumerate(point):
        parts = ((-vertex[j], {w: ONE}) for vertex, w in zip(vertices, weights, strict=True))
        work.line(_sum([(ONE, form), *parts]), equal=True)


def _split(
    work: _Work, parts: Sequence[Region], point: list[_Form], scales: list[int], root: Root
) -> list[Share]:
    """Adds that the point is a sum of points, one of each part at its own scale."""
    shared = [[{i: ONE} for i in work.fresh(len(point))] for _ in parts[1:]]
    rest = [
        _sum([(ONE, form), *((-ONE, each[j]) for each in shared)]) for j, form in enumerate(point)
    ]
    shares = []
    for part, place, scale in zip(parts, [rest, *shared], scales, strict=True):
        first = work.count
        _place(work, part, place, scale, root)
        forms = tuple(whole(form)[0] for form in place)
        shares.append(Share(scale, first, work.count, forms))
    return shares
