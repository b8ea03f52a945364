"""Containment at a hair's breadth between sets of all kinds, with the exact answer.

The inner set comes with its support function h(a) = max {a . x : x in the set}, a rational number
and rational multiples of square roots, or without end; and with its corners where it has some. Set
operations act on it by their definitions: h of a sum is the sum, h of a hull is the greatest, h of
an image by M is h(M^T a). Then

    inner within {x : a . x <= b}      h(a) <= b
    inner within a round set           each corner is, for what has corners

Bounds are drawn about h(a) itself, 1e-6 to 1e-12 beside it or on it. Among all numbers are some of
1e-9, some about 1e9, needles, and sets without any extent in one direction or in all. Nothing here
is shared with the verifier, or with tests/containments.py.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TypeAlias

from verifier.core.containment import Containment
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
    Scaling,
    Translation,
    Zonotope,
)
from verifier.core.term import Number

Vector: TypeAlias = tuple[Fraction, ...]
Matrix: TypeAlias = tuple[Vector, ...]
Line: TypeAlias = tuple[Vector, Fraction]
"""a and b of {x : a . x <= b}."""
ZERO, ONE, HAIR = Fraction(0), Fraction(1), Fraction(1, 10**9)


@dataclass(frozen=True)
class Value:
    """`whole` and the sum of each weight >= 0 times the root of its square."""

    whole: Fraction
    roots: tuple[tuple[Fraction, Fraction], ...] = ()

    def ends(self, bits: int) -> tuple[Fraction, Fraction]:
        """Rational numbers below and above, at the value if it is rational."""
        low = high = self.whole
        for weight, square in self.roots:
            wanted = (square.numerator * square.denominator) << (2 * bits)
            root, unit = isqrt(wanted), square.denominator << bits
            low += weight * Fraction(root, unit)
            high += weight * Fraction(root + (root * root < wanted), unit)
        return low, high


Reach: TypeAlias = Value | None
"""None is without end."""


class Untold(Exception):
    """So many bits do not tell two values apart."""


def beyond(reach: Reach, bound: Fraction) -> bool:
    """Whether the reach is greater than the bound. Raises Untold."""
    if reach is None:
        return True
    for bits in (200, 2_000):
        low, high = reach.ends(bits)
        if low > bound or high <= bound:
            return low > bound
    raise Untold


def total(*parts: Reach) -> Reach:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    roots = tuple(root for part in known for root in part.roots)
    return Value(sum((part.whole for part in known), ZERO), roots)


def greater(one: Reach, other: Reach) -> Reach:
    if one is None or other is None:
        return None
    for bits in (200, 2_000):
        mine, its = one.ends(bits), other.ends(bits)
        if mine[0] >= its[1] or its[0] >= mine[1]:
            return one if mine[0] >= its[1] else other
    raise Untold


# ---- vectors -----------------------------------------------------------------------------------


def dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(one, other, strict=True)), ZERO)


def plus(one: Vector, other: Vector, times: Fraction = ONE) -> Vector:
    return tuple(x + times * y for x, y in zip(one, other, strict=True))


def across(row: Vector, matrix: Matrix) -> Vector:
    """The row times the matrix."""
    return tuple(dot(row, column) for column in zip(*matrix, strict=True))


def applied(matrix: Matrix, point: Vector) -> Vector:
    return tuple(dot(row, point) for row in matrix)


def inverse(matrix: Matrix) -> Matrix:
    size = len(matrix)
    rows = [[*row, *(Fraction(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = next(r for r in range(column, size) if rows[r][column] != 0)
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for r in range(size):
            if r != column:
                factor = rows[r][column]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[column], strict=True)]
    return tuple(tuple(row[size:]) for row in rows)


def terms(values: Sequence[Fraction]) -> tuple[Number, ...]:
    return tuple(map(Number, values))


# ---- inner sets --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    region: Region
    reach: Callable[[Vector], Reach]
    corners: tuple[Vector, ...] | None = None


def cornered(region: Region, corners: Sequence[Vector]) -> Shape:
    points = tuple(corners)
    return Shape(region, lambda a: Value(max(dot(a, point) for point in points)), points)


@dataclass(frozen=True)
class Probe:
    rng: random.Random
    size: int

    def number(self) -> Fraction:
        rng, kind = self.rng, self.rng.random()
        plain = Fraction(rng.randint(-8, 8), rng.choice((1, 2, 3, 7)))
        if kind < 0.06:
            return plain * HAIR
        if kind < 0.12:
            return plain + rng.choice((-1, 1)) / HAIR
        if kind < 0.2:
            return plain + Fraction(rng.choice((-1, 1)), 10 ** rng.randint(6, 12))
        return plain

    def vector(self) -> Vector:
        return tuple(self.number() for _ in range(self.size))

    def extent(self) -> Fraction:
        """At least 0; now and then just that, a hair, or very much."""
        kind = self.rng.random()
        if kind < 0.1:
            return Fraction(1, 10 ** self.rng.randint(6, 12))
        if kind < 0.22:
            return ZERO if kind < 0.17 else Fraction(10**6)
        return Fraction(self.rng.randint(1, 9), self.rng.choice((1, 2, 3)))

    def direction(self) -> Vector:
        """Not zero; now and then a hair beside a plain one."""
        found = [Fraction(self.rng.randint(-3, 3)) for _ in range(self.size)]
        if self.rng.random() < 0.15:
            found[self.rng.randrange(self.size)] += self.rng.choice((-1, 1)) * HAIR
        return tuple(found) if any(found) else self.direction()

    def matrix(self) -> Matrix:
        """One that has an inverse."""
        rng = self.rng
        rows = [[Fraction(i == j) for j in range(self.size)] for i in range(self.size)]
        for _ in range(rng.randint(1, 3)):
            i, j = rng.sample(range(self.size), 2)
            factor = rng.choice((Fraction(-2), -ONE, ONE, Fraction(1, 2)))
            rows[i] = [x + factor * y for x, y in zip(rows[i], rows[j], strict=True)]
        if rng.random() < 0.2:
            factor, i = rng.choice((Fraction(1, 10**6), Fraction(1000))), rng.randrange(self.size)
            rows[i] = [factor * x for x in rows[i]]
        return tuple(map(tuple, rows))

    def signs(self, count: int) -> list[Vector]:
        return list(itertools.product((ONE, -ONE), repeat=count))

    def inner(self, depth: int) -> Shape:
        plain = (self.box, self.ball, self.ellipsoid, self.points, self.zonotope, self.half)
        if depth == 0 or self.rng.random() < 0.25:
            return self.rng.choice((*plain, self.rows, self.rows, self.eroded))()
        part = self.inner(depth - 1)
        mapped = (self.translated, self.scaled, self.image, self.preimage)
        if self.rng.random() < 0.6:
            return self.rng.choice(mapped)(part)
        return self.rng.choice((self.summed, self.joined))(part, self.inner(depth - 1))

    def box(self) -> Shape:
        low = self.vector()
        high = tuple(x + self.extent() for x in low)
        sides = list(zip(low, high, strict=True))
        if self.rng.random() < 0.15:
            open_side = self.rng.randrange(self.size)
            upper = [None if k == open_side else Number(x) for k, x in enumerate(high)]

            def reach(a: Vector) -> Reach:
                most = (max(x * y for y in side) for x, side in zip(a, sides, strict=True))
                return None if a[open_side] > 0 else Value(sum(most, ZERO))

            return Shape(Box(terms(low), tuple(upper)), reach)
        return cornered(Box(terms(low), terms(high)), list(itertools.product(*sides)))

    def ball(self) -> Shape:
        center, radius, norm = self.vector(), self.extent(), self.rng.choice(list(Norm))
        region = Ball(terms(center), radius, norm)
        match norm:
            case Norm.TWO:
                return Shape(region, lambda a: Value(dot(a, center), ((radius, dot(a, a)),)))
            case Norm.ONE:
                units = [
                    tuple(Fraction(i == j) for j in range(self.size)) for i in range(self.size)
                ]
                far = [plus(center, unit, s * radius) for unit in units for s in (ONE, -ONE)]
            case _:
                far = [plus(center, sign, radius) for sign in self.signs(self.size)]
        return cornered(region, far)

    def ellipsoid(self) -> Shape:
        center, rows = self.vector(), self.matrix()
        weights = [self.extent() + HAIR for _ in range(self.size)]
        shape = tuple(
            tuple(dot(tuple(map(Fraction.__mul__, one, weights)), other) for other in rows)
            for one in rows
        )
        region = Ellipsoid(terms(center), shape)
        return Shape(region, lambda a: Value(dot(a, center), ((ONE, dot(a, applied(shape, a))),)))

    def points(self) -> Shape:
        found = tuple(self.vector() for _ in range(self.rng.randint(1, self.size + 3)))
        return cornered(Hull(found), found)

    def zonotope(self) -> Shape:
        center = self.vector()
        ways = [
            tuple(length * x for x in self.direction())
            for length in (self.extent() for _ in range(self.rng.randint(1, self.size + 1)))
        ]
        far = []
        for sign in self.signs(len(ways)):
            point = center
            for s, way in zip(sign, ways, strict=True):
                point = plus(point, way, s)
            far.append(point)
        return cornered(Zonotope(terms(center), tuple(ways)), far)

    def half(self) -> Shape:
        normal, offset = self.direction(), self.number()
        lead = next(k for k, x in enumerate(normal) if x != 0)

        def reach(a: Vector) -> Reach:
            times = a[lead] / normal[lead]
            along = times >= 0 and a == tuple(times * x for x in normal)
            return Value(times * offset) if along else None

        return Shape(Halfspace(normal, Number(offset)), reach)

    def rows(self) -> Shape:
        """{x : |M x - t| <= w}, and rows that cut nothing off; or the same as an intersection."""
        matrix, middle = self.matrix(), self.vector()
        widths = tuple(self.extent() for _ in range(self.size))
        back = inverse(matrix)
        far = [
            applied(back, tuple(m + s * w for m, s, w in zip(middle, sign, widths, strict=True)))
            for sign in self.signs(self.size)
        ]
        lines: list[Line] = []
        for row, m, w in zip(matrix, middle, widths, strict=True):
            lines += [(row, m + w), (tuple(-x for x in row), w - m)]
        for _ in range(self.rng.randint(0, 2)):
            a = self.direction()
            lines.append((a, max(dot(a, x) for x in far) + self.rng.choice((ZERO, ONE, HAIR))))
        self.rng.shuffle(lines)
        if self.rng.random() < 0.5:
            return cornered(Intersection(tuple(Halfspace(a, Number(b)) for a, b in lines)), far)
        return cornered(polytope(lines), far)

    def eroded(self) -> Shape:
        """A box that was a ball's radius larger on all sides."""
        low, radius, norm = self.vector(), self.extent(), self.rng.choice(list(Norm))
        high = tuple(x + self.extent() for x in low)
        larger = Box(terms([x - radius for x in low]), terms([x + radius for x in high]))
        ball = Ball(terms((ZERO,) * self.size), radius, norm)
        far = list(itertools.product(*zip(low, high, strict=True)))
        return cornered(Erosion(larger, ball), far)

    def translated(self, part: Shape) -> Shape:
        by = self.vector()
        far = part.corners and tuple(plus(point, by) for point in part.corners)
        region = Translation(part.region, terms(by))
        return Shape(region, lambda a: total(part.reach(a), Value(dot(a, by))), far)

    def scaled(self, part: Shape) -> Shape:
        factor = self.rng.choice((-1, 1)) * (self.extent() or ONE)

        def larger(point: Vector) -> Vector:
            return tuple(factor * x for x in point)

        far = part.corners and tuple(map(larger, part.corners))
        return Shape(Scaling(part.region, factor), lambda a: part.reach(larger(a)), far)

    def image(self, part: Shape) -> Shape:
        matrix, by = self.matrix(), self.vector()
        far = part.corners and tuple(plus(applied(matrix, x), by) for x in part.corners)
        return Shape(
            Image(matrix, terms(by), part.region),
            lambda a: total(part.reach(across(a, matrix)), Value(dot(a, by))),
            far,
        )

    def preimage(self, part: Shape) -> Shape:
        """The image by the inverse, as M x + t lies in a set where x lies in M^-1 (set - t)."""
        matrix, by = self.matrix(), self.vector()
        back = inverse(matrix)
        far = part.corners and tuple(applied(back, plus(x, by, -ONE)) for x in part.corners)

        def reach(a: Vector) -> Reach:
            row = across(a, back)
            return total(part.reach(row), Value(-dot(row, by)))

        return Shape(Preimage(matrix, terms(by), part.region), reach, far)

    def summed(self, one: Shape, other: Shape) -> Shape:
        far = None
        if one.corners and other.corners and len(one.corners) * len(other.corners) <= 64:
            far = tuple(plus(x, y) for x in one.corners for y in other.corners)
        region = MinkowskiSum((one.region, other.region))
        return Shape(region, lambda a: total(one.reach(a), other.reach(a)), far)

    def joined(self, one: Shape, other: Shape) -> Shape:
        far = (*one.corners, *other.corners) if one.corners and other.corners else None
        region = ConvexHull((one.region, other.region))
        return Shape(region, lambda a: greater(one.reach(a), other.reach(a)), far)

    # ---- outer sets ----------------------------------------------------------------------------

    def near(self, value: Value) -> Fraction:
        """A bound beside the value, or on it."""
        hair = Fraction(1, 10 ** self.rng.randint(6, 12))
        low, high = value.ends(120)
        middle = low if low == high else round(low / hair) * hair
        if low == high and self.rng.random() < 0.3:
            return middle
        return middle + self.rng.choice((-1, 1)) * self.rng.choice((1, 1, 1, 3)) * hair

    def about(self, inner: Shape) -> tuple[Region, bool]:
        """A set of rows of which one all but touches the inner set; and whether that is inside."""
        lines: list[Line] = []
        inside = True
        count = self.rng.randint(1, 2 * self.size)
        tight = self.rng.randrange(count)
        for number in range(count):
            a = self.direction()
            reach = inner.reach(a)
            if reach is None:
                bound = self.number()
            elif number == tight:
                bound = self.near(reach)
            else:
                bound = reach.ends(60)[1] + self.rng.choice((HAIR, ONE, Fraction(10**6)))
            inside = inside and not beyond(reach, bound)
            lines.append((a, bound))
        return self.rng.choice(
            (
                self.as_rows,
                self.as_halfspaces,
                self.as_preimage,
                self.as_translation,
                self.as_scaling,
                self.as_image,
                self.as_erosion,
            )
        )(lines), inside

    def as_rows(self, lines: Sequence[Line]) -> Region:
        """As a polytope, with rows now and then of 1e-9 or 1e9."""
        factors = [self.rng.choice((ONE, ONE, ONE, HAIR, 1 / HAIR)) for _ in lines]
        return polytope(
            [(tuple(f * x for x in a), f * b) for (a, b), f in zip(lines, factors, strict=True)]
        )

    def as_halfspaces(self, lines: Sequence[Line]) -> Region:
        return Intersection(tuple(Halfspace(a, Number(b)) for a, b in lines))

    def as_preimage(self, lines: Sequence[Line]) -> Region:
        matrix, by = self.matrix(), self.vector()
        moved = [(across(a, inverse(matrix)), b) for a, b in lines]
        return Preimage(matrix, terms(by), self.as_rows([(a, b + dot(a, by)) for a, b in moved]))

    def as_translation(self, lines: Sequence[Line]) -> Region:
        by = self.vector()
        return Translation(self.as_rows([(a, b - dot(a, by)) for a, b in lines]), terms(by))

    def as_scaling(self, lines: Sequence[Line]) -> Region:
        factor = self.rng.choice((-1, 1)) * (self.extent() or ONE)
        return Scaling(self.as_rows([(tuple(factor * x for x in a), b) for a, b in lines]), factor)

    def as_image(self, lines: Sequence[Line]) -> Region:
        matrix, by = self.matrix(), self.vector()
        moved = [(across(a, matrix), b - dot(a, by)) for a, b in lines]
        return Image(matrix, terms(by), self.as_rows(moved))

    def as_erosion(self, lines: Sequence[Line]) -> Region:
        widths = tuple(self.extent() for _ in range(self.size))
        larger = [(a, b + dot(tuple(map(abs, a)), widths)) for a, b in lines]
        by = Box(terms([-w for w in widths]), terms(widths))
        return Erosion(self.as_rows(larger), by)

    def round_about(self, corners: Sequence[Vector]) -> tuple[Region, bool]:
        """A ball or an ellipsoid that the furthest corner all but touches."""
        center = self.vector()
        apart = [plus(corner, center, -ONE) for corner in corners]
        if self.rng.random() < 0.5:
            square = max(dot(each, each) for each in apart)
            radius = max(ZERO, self.near(Value(ZERO, ((ONE, square),))))
            return Ball(terms(center), radius), square <= radius * radius
        rows = self.matrix()
        shape = tuple(tuple(dot(one, other) for other in rows) for one in rows)
        back = inverse(shape)
        most = max(dot(each, applied(back, each)) for each in apart)
        factor = self.near(Value(most))
        if factor <= 0:
            factor = HAIR
        grown = tuple(tuple(factor * x for x in row) for row in shape)
        return Ellipsoid(terms(center), grown), most <= factor

    def hull_about(self, inner: Shape) -> tuple[Region, bool] | None:
        """In the plane: points, a sum, a hull or a zonotope whose edges are known, scaled until one
        of them all but touches the inner set; None where that cannot be."""
        rng = self.rng

        def points(count: int, most: int) -> list[Vector]:
            return [tuple(Fraction(rng.randint(-most, most)) for _ in "xy") for _ in range(count)]

        some, more = points(rng.randint(3, 6), 6), points(rng.randint(1, 3), 4)
        far = [plus(x, y) for x in some for y in more]
        ways = points(rng.randint(2, 4), 3)
        kind = rng.choice(("points", "sum", "hull", "zonotope"))
        if kind == "zonotope":
            far = [
                tuple(
                    sum((s * way[k] for s, way in zip(sign, ways, strict=True)), ZERO)
                    for k in (0, 1)
                )
                for sign in self.signs(len(ways))
            ]
        elif kind != "sum":
            far = some
        middle = tuple(sum((x[k] for x in far), ZERO) / len(far) for k in (0, 1))
        sides = edges(far)
        reaches = [inner.reach(a) for a, _ in sides]
        if len(sides) < 3 or any(b <= dot(a, middle) for a, b in sides):
            return None
        needed = ZERO
        for reach, (a, b) in zip(reaches, sides, strict=True):
            if reach is None:
                return None
            needed = max(needed, (reach.ends(80)[1] - dot(a, middle)) / (b - dot(a, middle)))
        factor = self.near(Value(needed))
        if factor <= 0:
            return None
        by = tuple((1 - factor) * x for x in middle)
        inside = not any(
            beyond(reach, dot(a, by) + factor * b)
            for reach, (a, b) in zip(reaches, sides, strict=True)
        )

        def grown(of: Sequence[Vector], by: Vector = by) -> tuple[Vector, ...]:
            return tuple(
                tuple(factor * x + y for x, y in zip(each, by, strict=True)) for each in of
            )

        match kind:
            case "sum":
                region: Region = MinkowskiSum((Hull(grown(some)), Hull(grown(more, (ZERO, ZERO)))))
            case "hull":
                region = ConvexHull((Hull(grown(some[:2])), Hull(grown(some[2:]))))
            case "zonotope":
                region = Zonotope(terms(by), grown(ways, (ZERO, ZERO)))
            case _:
                region = Hull(grown(some))
        return region, inside


def polytope(lines: Sequence[Line]) -> Polytope:
    return Polytope(tuple(a for a, _ in lines), terms([b for _, b in lines]))


def edges(points: Sequence[Vector]) -> list[Line]:
    """A line for each side of the hull of points of the plane, and each pair of points on it."""
    found = []
    for (x, y), (u, v) in itertools.permutations(sorted(set(points)), 2):
        a = (v - y, x - u)
        bound = dot(a, (x, y))
        if all(dot(a, point) <= bound for point in points):
            found.append((a, bound))
    return found


def probed(seed: int) -> tuple[Containment, bool]:
    """A question, and whether the inner set is contained in the outer one. Raises Untold."""
    rng = random.Random(seed)
    size = rng.choice((2, 2, 3))
    probe = Probe(rng, size)
    inner = probe.inner(rng.choice((0, 1, 1, 2)))
    kind, found = rng.random(), None
    if kind < 0.2 and inner.corners:
        found = probe.round_about(inner.corners)
    elif kind < 0.4 and size == 2:
        found = probe.hull_about(inner)
    outer, inside = found or probe.about(inner)
    return Containment(inner.region, outer, size), inside
