"""Sets of starts: their vertices, their surroundings, and the greatest value of an affine function.

Everything in a motion is affine in the start, so that the greatest value over a set of starts is
taken at a vertex; over a product part by part.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from verifier.core.motion import Affine, Box, Hull, Product, Starts, Vector

ZERO = Fraction(0)


def width(starts: Starts) -> int:
    """How many coordinates a start has."""
    match starts:
        case Box(lower):
            return len(lower)
        case Hull(vertices):
            return len(vertices[0]) if vertices else 0
        case Product(parts):
            return sum(len(axes) for axes, _ in parts)


def well_formed(starts: Starts, wanted: int) -> bool:
    """Whether every start has so many coordinates, each of them in one place."""
    match starts:
        case Box(lower, upper):
            return len(lower) == len(upper) == wanted
        case Hull(vertices):
            return bool(vertices) and all(len(vertex) == wanted for vertex in vertices)
        case Product(parts):
            named = sorted(axis for axes, _ in parts for axis in axes)
            return named == list(range(wanted)) and all(
                points and all(len(point) == len(axes) for point in points)
                for axes, points in parts
            )


def greatest(starts: Starts, value: Affine) -> Fraction:
    """The greatest value over all starts."""
    match starts:
        case Box(lower, upper):
            sides = zip(value.linear, lower, upper, strict=True)
            most = sum((a * (high if a > 0 else low) for a, low, high in sides if a), ZERO)
        case Hull(vertices):
            most = max(_dot(value.linear, vertex) for vertex in vertices)
        case Product(parts):
            most = ZERO
            for axes, points in parts:
                linear = tuple(value.linear[axis] for axis in axes)
                if any(linear):
                    most += max(_dot(linear, point) for point in points)
    return value.constant + most


def _dot(row: Vector, point: Vector) -> Fraction:
    return sum((a * x for a, x in zip(row, point, strict=True) if a and x), ZERO)


def vertices(starts: Starts) -> Iterator[Vector]:
    """Points whose hull the set is; there may be very many of them."""
    match starts:
        case Box(lower, upper):
            sides = zip(lower, upper, strict=True)
            yield from product(*(dict.fromkeys(side) for side in sides))
        case Hull(points):
            yield from points
        case Product(parts):
            order = sorted(
                (axis, k, i) for k, (axes, _) in enumerate(parts) for i, axis in enumerate(axes)
            )
            for chosen in product(*(points for _, points in parts)):
                yield tuple(chosen[k][i] for _, k, i in order)


def spots(starts: Starts, size: int) -> tuple[Vector, ...]:
    """Points whose hull holds the first `size` coordinates of every start, each once."""
    match starts:
        case Product(parts):
            kept = []
            for axes, points in parts:
                here = tuple(i for i, axis in enumerate(axes) if axis < size)
                if here:
                    seen = dict.fromkeys(tuple(point[i] for i in here) for point in points)
                    kept.append((tuple(axes[i] for i in here), tuple(seen)))
            return tuple(vertices(Product(tuple(kept))))
        case Box(lower, upper):
            return tuple(vertices(Box(lower[:size], upper[:size])))
        case Hull(points):
            return tuple(dict.fromkeys(point[:size] for point in points))


def around(starts: Starts) -> Box:
    """The least box around the starts."""
    if isinstance(starts, Box):
        return starts
    count = width(starts)
    units = [tuple(Fraction(i == k) for i in range(count)) for k in range(count)]
    upper = tuple(greatest(starts, Affine(ZERO, unit)) for unit in units)
    lower = tuple(-greatest(starts, Affine(ZERO, tuple(-a for a in unit))) for unit in units)
    return Box(lower, upper)
