"""Questions of containment whose answer is known without the verifier.

Three sources of truth, none of which shares code with it: enumeration of all vertices, closed
formulas (ball in ball, ball in halfspace, simplicial cones), and construction: a set is made, the
exact reach of it in a direction is computed from its making, and the other set is put at a known
distance before or behind it. A generator yields the question together with its answer.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

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

Vector = tuple[Fraction, ...]
Matrix = tuple[Vector, ...]

ONE = Fraction(1)
HAIRS = [Fraction(sign, 10**k) for k in (6, 8, 9, 10, 12) for sign in (1, -1)] + [Fraction(0)]


@dataclass(frozen=True)
class Case:
    name: str
    question: Containment
    contained: bool


# ---- exact oracles -----------------------------------------------------------------------------


def dot(row: Sequence[Fraction], point: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(row, point, strict=True)), Fraction(0))


def solved(rows: Sequence[Vector], right: Sequence[Fraction]) -> Vector | None:
    """The solution of a regular square system by elimination; None if it is singular."""
    size = len(rows)
    work = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for k in range(size):
        pivot = next((i for i in range(k, size) if work[i][k]), None)
        if pivot is None:
            return None
        work[k], work[pivot] = work[pivot], work[k]
        for i in range(size):
            if i != k and work[i][k]:
                share = work[i][k] / work[k][k]
                work[i] = [a - share * b for a, b in zip(work[i], work[k], strict=True)]
    return tuple(work[k][size] / work[k][k] for k in range(size))


def vertices(rows: Sequence[Vector], bounds: Sequence[Fraction]) -> list[Vector]:
    """Every vertex of {x : rows x <= bounds}: all choices of as many rows as dimensions."""
    found = []
    for chosen in combinations(range(len(rows)), len(rows[0])):
        at = solved([rows[i] for i in chosen], [bounds[i] for i in chosen])
        if at is not None and all(dot(r, at) <= b for r, b in zip(rows, bounds, strict=True)):
            found.append(at)
    return found


def in_hull(points: Sequence[Vector], at: Vector) -> bool:
    """Whether the point is in the hull: in a simplex of at most n + 1 of the points (Caratheodory,
    1911), for affinely independent ones by solving for the weights."""
    size = len(at)
    for count in range(1, size + 2):
        for chosen in combinations(points, count):
            weights = _weights(chosen, at)
            if weights is not None and min(weights) >= 0:
                return True
    return False


def _weights(chosen: Sequence[Vector], at: Vector) -> list[Fraction] | None:
    """Affine weights of the point, unique where the chosen ones are affinely independent."""
    columns = [[*point, ONE] for point in chosen]
    gram = [tuple(dot(a, b) for b in columns) for a in columns]
    weights = solved(gram, [dot(a, [*at, ONE]) for a in columns])
    if weights is None:
        return None
    for i, wanted in enumerate([*at, ONE]):
        if sum((w * c[i] for w, c in zip(weights, columns, strict=True)), Fraction(0)) != wanted:
            return None
    return list(weights)


# ---- small values ------------------------------------------------------------------------------


def terms(values: Sequence[Fraction]) -> tuple[Number, ...]:
    return tuple(Number(Fraction(value)) for value in values)


def polytope(rows: Sequence[Vector], bounds: Sequence[Fraction]) -> Polytope:
    return Polytope(tuple(rows), terms(bounds))


def rational(rng: random.Random, span: int = 4, parts: int = 3) -> Fraction:
    return Fraction(rng.randint(-span * parts, span * parts), rng.randint(1, parts))


def vector(rng: random.Random, size: int, span: int = 4, parts: int = 3) -> Vector:
    return tuple(rational(rng, span, parts) for _ in range(size))


def direction(rng: random.Random, size: int, parts: int = 3) -> Vector:
    while True:
        found = vector(rng, size, 3, parts)
        if any(found):
            return found


def independent(rng: random.Random, size: int, parts: int = 3) -> list[Vector]:
    while True:
        rows = [direction(rng, size, parts) for _ in range(size)]
        if solved(rows, [Fraction(0)] * size) is not None:
            return rows


def unimodular(rng: random.Random, size: int) -> tuple[Matrix, Matrix]:
    """An integer matrix of determinant 1 and its inverse."""
    one = [[Fraction(i == j) for j in range(size)] for i in range(size)]
    back = [row[:] for row in one]
    for _ in range(2 * size if size > 1 else 0):
        i, j = rng.sample(range(size), 2)
        factor = rng.choice((-2, -1, 1, 2))
        one[i] = [a + factor * b for a, b in zip(one[i], one[j], strict=True)]
        for row in back:
            row[j] -= factor * row[i]
    return tuple(map(tuple, one)), tuple(map(tuple, back))


# ---- random polytopes against all their vertices -----------------------------------------------


def random_polytopes(rng: random.Random, size: int) -> Case:
    """A bounded polytope by rows, perhaps empty or flat, and rows that it touches, passes, or does
    not reach."""
    rows = independent(rng, size)
    shares = [Fraction(rng.randint(1, 3)) for _ in rows]
    rows.append(tuple(-dot(shares, column) for column in zip(*rows, strict=True)))
    rows += [direction(rng, size) for _ in range(rng.randint(0, 4 if size < 5 else 2))]
    center = vector(rng, size)
    low = -1 if rng.random() < 0.1 else 0
    bounds = [dot(row, center) + rng.randint(low, 6) for row in rows]
    corners = vertices(rows, bounds)
    outer_rows = [direction(rng, size) for _ in range(rng.randint(1, 3))]
    slack = [rng.choice((0, 0, 1, Fraction(1, 7), 5)) for _ in outer_rows]
    reach = [max((dot(r, p) for p in corners), default=Fraction(0)) for r in outer_rows]
    if rng.random() < 0.5:
        slack[0] = -rng.choice((*HAIRS, ONE))
    outer_bounds = [a + b for a, b in zip(reach, slack, strict=True)]
    truth = all(
        dot(r, p) <= b for p in corners for r, b in zip(outer_rows, outer_bounds, strict=True)
    )
    question = Containment(polytope(rows, bounds), polytope(outer_rows, outer_bounds), size)
    return Case(f"polytopes-{size}", question, truth)


# ---- every kind that is a hull of points, against these points ---------------------------------


def random_hulled(rng: random.Random, size: int, depth: int = 1) -> tuple[Region, list[Vector]]:
    """A set together with points whose hull it is."""
    kinds = ["box", "hull", "zonotope", "one", "max", "rows"]
    if depth:
        kinds += ["sum", "union", "image", "translation", "scaling", "preimage", "intersection"]
    kind = rng.choice(kinds)
    if kind == "box":
        low = vector(rng, size, 2)
        high = tuple(a + rng.choice((0, 1, 2, Fraction(1, 3))) for a in low)
        return Box(terms(low), terms(high)), list(product(*zip(low, high, strict=True)))
    if kind == "hull":
        points = [vector(rng, size, 2) for _ in range(rng.randint(1, size + 2))]
        return Hull(tuple(points)), points
    if kind == "zonotope":
        return _zonotope(rng, size)
    if kind in ("one", "max"):
        center, radius = vector(rng, size, 2), Fraction(rng.randint(0, 4), 2)
        if kind == "one":
            axes = [tuple(radius * (i == j) for j in range(size)) for i in range(size)]
            around = [*axes, *(tuple(-a for a in axis) for axis in axes)]
        else:
            around = list(product((-radius, radius), repeat=size))
        norm = Norm.ONE if kind == "one" else Norm.MAX
        points = [tuple(map(sum, zip(center, step, strict=True))) for step in around]
        return Ball(terms(center), radius, norm), points
    if kind == "rows":
        low = vector(rng, size, 2)
        high = tuple(a + rng.randint(0, 2) for a in low)
        matrix, back = unimodular(rng, size)
        rows = [*matrix, *(tuple(-a for a in row) for row in matrix)]
        points = [
            tuple(dot(row, corner) for row in back)
            for corner in product(*zip(low, high, strict=True))
        ]
        return polytope(rows, [*high, *(-a for a in low)]), points
    return _composed(rng, size, depth, kind)


def _zonotope(rng: random.Random, size: int) -> tuple[Region, list[Vector]]:
    center = vector(rng, size, 2)
    generators = [vector(rng, size, 1) for _ in range(rng.randint(0, 3))]
    points = [center]
    for row in generators:
        points = [_plus(point, _times(sign, row)) for point in points for sign in (-1, 1)]
    return Zonotope(terms(center), tuple(generators)), points


def _times(factor: int | Fraction, row: Sequence[Fraction]) -> Vector:
    return tuple(factor * a for a in row)


def _composed(rng: random.Random, size: int, depth: int, kind: str) -> tuple[Region, list[Vector]]:
    region, points = random_hulled(rng, size, depth - 1)
    if kind == "translation":
        by = vector(rng, size, 1)
        return Translation(region, terms(by)), [_plus(p, by) for p in points]
    if kind == "scaling":
        factor = rng.choice((Fraction(-1), Fraction(1, 2), Fraction(2)))
        return Scaling(region, factor), [_times(factor, p) for p in points]
    if kind == "image":
        width = rng.randint(1, 3)
        region, points = random_hulled(rng, width, depth - 1)
        matrix = tuple(vector(rng, width, 1) for _ in range(size))
        by = vector(rng, size, 1)
        moved = [_plus(tuple(dot(row, p) for row in matrix), by) for p in points]
        return Image(matrix, terms(by), region), moved
    if kind == "preimage":
        matrix, back = unimodular(rng, size)
        by = vector(rng, size, 1)
        start = [tuple(a - b for a, b in zip(p, by, strict=True)) for p in points]
        moved = [tuple(dot(row, p) for row in back) for p in start]
        return Preimage(matrix, terms(by), region), moved
    if kind == "intersection":
        return Intersection((region, region)), points
    other, more = random_hulled(rng, size, depth - 1)
    if kind == "sum":
        return MinkowskiSum((region, other)), [_plus(p, q) for p in points for q in more]
    return ConvexHull((region, other)), points + more


def _plus(one: Vector, other: Vector) -> Vector:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def random_mixed(rng: random.Random, size: int) -> Case:
    """Any two sets that are hulls of points; half of the time the inner one is shrunk into a corner
    of the outer one, so that both answers occur."""
    outer, around = random_hulled(rng, size)
    inner, points = random_hulled(rng, size)
    if rng.random() < 0.6:
        share = rng.choice((Fraction(1, 4), Fraction(1, 16), Fraction(1, 100)))
        anchor = rng.choice([*around, _middle(around)])
        step = tuple(a - share * b for a, b in zip(anchor, rng.choice(points), strict=True))
        inner = Translation(Scaling(inner, share), terms(step))
        points = [_plus(_times(share, p), step) for p in points]
    around = list(dict.fromkeys(around))
    truth = all(in_hull(around, p) for p in dict.fromkeys(points))
    name = f"{type(inner).__name__}-in-{type(outer).__name__}"
    return Case(name, Containment(inner, outer, size), truth)


def _middle(points: list[Vector]) -> Vector:
    return tuple(sum(column, Fraction(0)) / len(points) for column in zip(*points, strict=True))


# ---- unbounded: simplicial cones ---------------------------------------------------------------


def random_cone(rng: random.Random, size: int) -> Case:
    """n independent rows, perhaps strict, and one more: it holds if and only if its only
    multipliers are nonnegative and their bound is low enough."""
    rows = independent(rng, size)
    wanted = tuple(Fraction(rng.randint(0 if rng.random() < 0.7 else -1, 2)) for _ in rows)
    columns = list(zip(*rows, strict=True))
    strict = [rng.random() < 0.3 for _ in rows]
    bounds = [rational(rng) for _ in rows]
    row = tuple(dot(wanted, column) for column in columns)
    outer_strict = rng.random() < 0.4
    excess = rng.choice((Fraction(0), *HAIRS, ONE))
    inner = Intersection(
        tuple(Halfspace(r, Number(b), s) for r, b, s in zip(rows, bounds, strict, strict=True))
    )
    bound = dot(wanted, bounds) + excess
    touches = any(y > 0 and s for y, s in zip(wanted, strict, strict=True))
    truth = min(wanted) >= 0 and (excess > 0 or (excess == 0 and (touches or not outer_strict)))
    question = Containment(inner, Halfspace(row, Number(bound), outer_strict), size)
    return Case("cone", question, truth)


# ---- round sets --------------------------------------------------------------------------------


def ball_in_halfspace(rng: random.Random, size: int) -> Case:
    row, center = direction(rng, size), vector(rng, size)
    radius = Fraction(rng.randint(0, 9), rng.randint(1, 9))
    square = radius * radius * dot(row, row)
    near = _close_root(rng, square)
    gap = near + rng.choice(HAIRS)
    truth = gap >= 0 and gap * gap >= square
    outer = Halfspace(row, Number(dot(row, center) + gap))
    return Case("ball-in-halfspace", Containment(Ball(terms(center), radius), outer, size), truth)


def _close_root(rng: random.Random, square: Fraction) -> Fraction:
    """A rational within 1e-15 or so of the root; the root itself where it is rational."""
    from math import isqrt

    scale = 10 ** rng.choice((15, 18, 24))
    exact = Fraction(isqrt(square.numerator), isqrt(square.denominator))
    return exact if exact * exact == square else Fraction(isqrt(int(square * scale**2)), scale)


def ball_in_ball(rng: random.Random, size: int) -> tuple[Case, Fraction, Vector, Fraction, Vector]:
    """Also the radii and centres, inner first."""
    center, step = vector(rng, size), vector(rng, size, 2)
    radius = Fraction(rng.randint(0, 9), rng.randint(1, 9))
    distance = dot(step, step)
    room = _close_root(rng, distance) + rng.choice(HAIRS)
    outer = radius + room
    truth = room >= 0 and room * room >= distance
    if outer < 0:
        outer, truth = Fraction(0), radius == 0 and distance == 0
    other = _plus(center, step)
    question = Containment(Ball(terms(center), radius), Ball(terms(other), outer), size)
    return Case("ball-in-ball", question, truth), radius, center, outer, other


def mapped_balls(rng: random.Random, size: int) -> Case:
    """The same two balls under one affine map: ellipsoids that are not concentric."""
    while True:
        case, radius, center, outer_radius, other = ball_in_ball(rng, size)
        if radius and outer_radius:
            break
    matrix, _ = unimodular(rng, size)
    shape = tuple(tuple(dot(a, b) for b in matrix) for a in matrix)

    def ellipsoid(radius: Fraction, at: Vector) -> Ellipsoid:
        place = tuple(dot(row, at) for row in matrix)
        return Ellipsoid(terms(place), tuple(_times(radius * radius, row) for row in shape))

    question = Containment(ellipsoid(radius, center), ellipsoid(outer_radius, other), size)
    return Case("ellipsoid-in-ellipsoid", question, case.contained)


def concentric_ellipsoids(rng: random.Random, size: int) -> Case:
    """Shape minus shape positive semidefinite, by its making: a sum of squares, or one with a hair
    taken off in a direction where it is zero."""
    matrix, _ = unimodular(rng, size)
    inner = [[dot(a, b) for b in matrix] for a in matrix]
    more = [vector(rng, size, 2) for _ in range(rng.randint(1, size))]
    outer = [
        [inner[i][j] + sum(v[i] * v[j] for v in more) for j in range(size)] for i in range(size)
    ]
    hair = rng.choice(HAIRS)
    row = direction(rng, size)
    truth = hair >= 0 or not any(row)
    if len(more) >= size and hair < 0:
        hair = -hair
        truth = True
    outer = [[outer[i][j] + hair * row[i] * row[j] for j in range(size)] for i in range(size)]
    truth = truth or _positive(
        [[outer[i][j] - inner[i][j] for j in range(size)] for i in range(size)]
    )
    center = terms(vector(rng, size))
    question = Containment(
        Ellipsoid(center, tuple(map(tuple, inner))),
        Ellipsoid(center, tuple(map(tuple, outer))),
        size,
    )
    return Case("concentric-ellipsoids", question, truth)


def _positive(matrix: list[list[Fraction]]) -> bool:
    """Positive semidefinite: every principal minor is nonnegative."""
    size = len(matrix)
    for count in range(1, size + 1):
        for chosen in combinations(range(size), count):
            if _determinant([[matrix[i][j] for j in chosen] for i in chosen]) < 0:
                return False
    return True


def _determinant(matrix: list[list[Fraction]]) -> Fraction:
    if not matrix:
        return ONE
    return sum(
        (
            (-1) ** j * matrix[0][j] * _determinant([row[:j] + row[j + 1 :] for row in matrix[1:]])
            for j in range(len(matrix))
            if matrix[0][j]
        ),
        Fraction(0),
    )


def corners_in_ball(rng: random.Random, size: int) -> Case:
    """A set with known corners in a ball or an ellipsoid: by the corners."""
    region, points = random_hulled(rng, size)
    center = vector(rng, size, 1)
    squares = [dot(step, step) for p in points for step in [_plus(p, _times(-1, center))]]
    radius = max(Fraction(0), _close_root(rng, max(squares)) + rng.choice(HAIRS))
    truth = all(square <= radius * radius for square in squares)
    question = Containment(region, Ball(terms(center), radius), size)
    return Case("corners-in-ball", question, truth)


def eroded_box(rng: random.Random, size: int) -> Case:
    """A box eroded by a ball, beside the box that this is; either way round."""
    low = vector(rng, size, 2)
    width = [Fraction(rng.randint(0, 6)) for _ in low]
    radius = Fraction(rng.randint(0, 4), 2)
    norm = rng.choice(list(Norm))
    region = Box(terms(low), terms([a + w for a, w in zip(low, width, strict=True)]))
    eroded = Erosion(region, Ball(terms([Fraction(0)] * size), radius, norm))
    hair = rng.choice(HAIRS)
    inner_low = [a + radius - hair for a in low]
    inner_high = [a + w - radius + hair for a, w in zip(low, width, strict=True)]
    plain = Box(terms(inner_low), terms(inner_high))
    plain_empty = any(a > b for a, b in zip(inner_low, inner_high, strict=True))
    eroded_empty = any(w < 2 * radius for w in width)
    if rng.random() < 0.5:
        return Case("eroded", Containment(eroded, plain, size), eroded_empty or hair >= 0)
    return Case("eroded", Containment(plain, eroded, size), plain_empty or hair <= 0)


# ---- probe families ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Slab:
    """The box |y_i| <= half_i, turned by a unimodular matrix and moved: x = turn y + center."""

    turn: Matrix
    back: Matrix
    half: Vector
    center: Vector

    def reach(self, row: Vector) -> Fraction:
        """The greatest value of row . x."""
        across = [abs(dot(row, column)) for column in zip(*self.turn, strict=True)]
        return dot(row, self.center) + dot(across, self.half)

    def by_rows(self, scale: Fraction = ONE) -> Region:
        rows = [_times(sign * scale, row) for row in self.back for sign in (1, -1)]
        bounds = [
            dot(row, self.center) + scale * half
            for row, half in zip(rows, [h for h in self.half for _ in range(2)], strict=True)
        ]
        return polytope(rows, bounds)

    def generators(self) -> Matrix:
        columns = zip(*self.turn, strict=True)
        return tuple(_times(h, column) for h, column in zip(self.half, columns, strict=True))

    def by_generators(self) -> Region:
        return Zonotope(terms(self.center), self.generators())

    def by_corners(self) -> Region:
        points = [self.center]
        for generator in self.generators():
            points = [_plus(p, _times(s, generator)) for p in points for s in (1, -1)]
        return Hull(tuple(dict.fromkeys(points)))

    def by_image(self) -> Region:
        box = Box(terms(_times(-1, self.half)), terms(self.half))
        return Image(self.turn, terms(self.center), box)

    def by_sum(self) -> Region:
        segments = tuple(
            Hull((_times(-1, generator), generator)) for generator in self.generators()
        )
        return Translation(MinkowskiSum(segments), terms(self.center))


WRITINGS: list[Callable[[Slab], Region]] = [
    Slab.by_rows,
    lambda slab: slab.by_rows(Fraction(1, 10**9)),
    Slab.by_generators,
    Slab.by_corners,
    Slab.by_image,
    Slab.by_sum,
]


def slab(rng: random.Random, size: int, family: str) -> Slab:
    turn, back = unimodular(rng, size)
    half = [Fraction(rng.randint(1, 5)) for _ in range(size)]
    center = [Fraction(rng.randint(-5, 5)) for _ in range(size)]
    if family == "needle":
        half = [rng.choice((Fraction(1, 10**9), Fraction(10**6))) for _ in range(size)]
    if family == "flat":
        half[rng.randrange(size)] = Fraction(0)
    if family == "offset":
        center = [Fraction(rng.choice((-1, 1)) * 10**9 + rng.randint(-5, 5)) for _ in range(size)]
    return Slab(turn, back, tuple(half), tuple(center))


def probes(rng: random.Random, size: int) -> Iterator[Case]:
    """Every family with every way to write the inner set, against a row at a hair's breadth, and
    against itself, written in every way, grown or shrunk by a hair."""
    for family in ("overhang", "needle", "flat", "offset"):
        for write in WRITINGS:
            body = slab(rng, size, family)
            hair = rng.choice(HAIRS)
            row = direction(rng, size)
            scale = rng.choice((ONE, Fraction(1, 10**9), Fraction(10**9)))
            outer = Halfspace(_times(scale, row), Number(scale * (body.reach(row) + hair)))
            yield Case(f"{family}-row", Containment(write(body), outer, size), hair >= 0)
            factor = 1 + rng.choice(HAIRS)
            grown = Slab(body.turn, body.back, _times(factor, body.half), body.center)
            other = rng.choice(WRITINGS)(grown)
            yield Case(f"{family}-grown", Containment(write(body), other, size), factor >= 1)


ROUND = (
    ball_in_halfspace,
    lambda rng, size: ball_in_ball(rng, size)[0],
    mapped_balls,
    concentric_ellipsoids,
    corners_in_ball,
    eroded_box,
)


def random_case(rng: random.Random) -> Case:
    """One of all kinds, in two to seven dimensions."""
    kind = rng.random()
    if kind < 0.4:
        return random_polytopes(rng, rng.choice((2, 2, 3, 3, 4, 5, 6, 7)))
    if kind < 0.6:
        return random_mixed(rng, 2)
    if kind < 0.75:
        return random_cone(rng, rng.randint(2, 7))
    return rng.choice(ROUND)(rng, rng.randint(2, 4))
