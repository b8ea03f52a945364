"""Sets and hulls against independent oracles: vertex lists and rational brute force."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from verifier.core.evaluate import holds
from verifier.core.exact import inverse, null_space, positive_definite
from verifier.core.hull import affine_rank, facets
from verifier.core.sets import (
    Ball,
    Box,
    Ellipsoid,
    Halfspace,
    Hull,
    Intersection,
    Polytope,
    Region,
    Scaling,
    Translation,
    membership,
)
from verifier.core.term import Number, Variable, number

Vector = tuple[Fraction, ...]


def rational(rng: random.Random, span: int = 4, parts: int = 3) -> Fraction:
    return Fraction(rng.randint(-span * parts, span * parts), parts)


def point(rng: random.Random, size: int) -> Vector:
    return tuple(rational(rng) for _ in range(size))


def inside(region: Region, at: Vector) -> bool:
    names = tuple(Variable(f"x{i}") for i in range(len(at)))
    return holds(membership(names, region), {(f"x{i}", 0): v for i, v in enumerate(at)})


def in_hull(vertices: list[Vector], at: Vector) -> bool:
    """By definition: a convex combination of at most n + 1 vertices (Caratheodory 1911) is it."""
    from itertools import combinations

    size = len(at)
    for count in range(1, size + 2):
        for chosen in combinations(vertices, count):
            if _combines(chosen, at):
                return True
    return False


def _combines(chosen: tuple[Vector, ...], at: Vector) -> bool:
    """Whether at = sum w_i v_i with w >= 0, sum w = 1, for affinely independent v_i."""
    if affine_rank(chosen) != len(chosen) - 1:
        return False
    rows = [[*(v[k] for v in chosen), -at[k]] for k in range(len(at))]
    rows.append([*(Fraction(1) for _ in chosen), Fraction(-1)])
    for solution in null_space(rows, len(chosen) + 1):
        if solution[-1]:
            return all(w / solution[-1] >= 0 for w in solution[:-1])
    return False


@pytest.mark.parametrize("seed", range(60))
def test_a_hull_holds_exactly_the_convex_combinations_of_its_vertices(seed: int) -> None:
    rng = random.Random(seed)
    size = rng.randint(1, 3)
    vertices = [point(rng, size) for _ in range(rng.randint(1, 6))]
    if rng.random() < 0.3:  # flat: all on one hyperplane
        vertices = [(*v[:-1], Fraction(0)) for v in vertices]
    region = Hull(tuple(vertices))
    for _ in range(15):
        at = point(rng, size)
        if rng.random() < 0.5:  # a point between two vertices, often on the boundary
            a, b, t = rng.choice(vertices), rng.choice(vertices), Fraction(rng.randint(-1, 5), 4)
            at = tuple(x + t * (y - x) for x, y in zip(a, b, strict=True))
        assert inside(region, at) == in_hull(vertices, at), (vertices, at)


def test_the_facets_of_a_cube_are_its_six_sides() -> None:
    corners = tuple(
        tuple(Fraction(bit) for bit in (i & 1, i >> 1 & 1, i >> 2 & 1)) for i in range(8)
    )
    equalities, inequalities = facets(corners)
    assert not equalities
    sides = {(tuple(int(a) for a in row), int(bound)) for row, bound in inequalities}
    assert sides == {
        ((1, 0, 0), 1),
        ((0, 1, 0), 1),
        ((0, 0, 1), 1),
        ((-1, 0, 0), 0),
        ((0, -1, 0), 0),
        ((0, 0, -1), 0),
    }


@pytest.mark.parametrize("seed", range(40))
def test_each_set_holds_what_its_definition_says(seed: int) -> None:
    rng = random.Random(seed)
    size = rng.randint(1, 4)
    low, width = point(rng, size), point(rng, size)
    high = tuple(a + abs(b) for a, b in zip(low, width, strict=True))
    center, radius = point(rng, size), abs(rational(rng))
    normal, offset = point(rng, size), rational(rng)
    radii = [abs(rational(rng)) + 1 for _ in range(size)]
    terms = tuple(map(Number, center))
    shape = tuple(
        tuple(radii[i] ** 2 if i == j else Fraction(0) for j in range(size)) for i in range(size)
    )
    box = Box(tuple(map(Number, low)), tuple(map(Number, high)))
    for _ in range(20):
        x = point(rng, size)
        off = [a - c for a, c in zip(x, center, strict=True)]
        in_box = all(a <= b <= c for a, b, c in zip(low, x, high, strict=True))
        in_ball = sum(d * d for d in off) <= radius**2
        below = sum(n * a for n, a in zip(normal, x, strict=True)) <= offset
        in_ellipsoid = sum((d / r) ** 2 for d, r in zip(off, radii, strict=True)) <= 1
        assert inside(box, x) == in_box
        assert inside(Ball(terms, radius), x) == in_ball
        assert inside(Halfspace(normal, number(offset)), x) == below
        assert inside(Polytope((normal,), (number(offset),)), x) == below
        assert inside(Ellipsoid(terms, shape), x) == in_ellipsoid
        assert inside(Intersection((box, Ball(terms, radius))), x) == (in_box and in_ball)
        shifted = tuple(a + c for a, c in zip(x, center, strict=True))
        assert inside(Translation(box, terms), shifted) == in_box
        assert (
            inside(Scaling(box, Fraction(-3, 2)), tuple(a * Fraction(-3, 2) for a in x)) == in_box
        )


@pytest.mark.parametrize("seed", range(20))
def test_inverse_and_definiteness_of_random_matrices(seed: int) -> None:
    rng = random.Random(seed)
    size = rng.randint(1, 4)
    root = [[rational(rng) for _ in range(size)] for _ in range(size)]
    gram = [
        [sum((root[k][i] * root[k][j] for k in range(size)), Fraction(0)) for j in range(size)]
        for i in range(size)
    ]
    regular = not null_space(root, size)
    assert positive_definite(gram) == regular
    if regular:
        back = inverse(gram)
        assert all(
            sum(gram[i][k] * back[k][j] for k in range(size)) == (i == j)
            for i in range(size)
            for j in range(size)
        )
    shifted = [
        [value - 100 * (i == j) for j, value in enumerate(row)] for i, row in enumerate(gram)
    ]
    assert not positive_definite(shifted)
