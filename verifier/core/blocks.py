"""Polytopes given by rows as products of hulls, part by part of what no row joins."""

from __future__ import annotations

from collections.abc import Sequence

from verifier.core.affine import Row
from verifier.core.description import NoDescription, corners
from verifier.core.motion import Box, Hull, Product, Starts, Vector
from verifier.core.region import Polytope
from verifier.core.root import root_above
from verifier.core.term import Number

MOST_VERTICES = 4096


def product_of(sides: Sequence[Row], width: int) -> Starts | str:
    """The closed set with these rows, as a product of the parts that no row joins; `empty`,
    `unbounded` or `too large` where it has no such form."""
    groups = [{axis} for axis in range(width)]
    for row, _, _ in sides:
        joined = {axis for axis, a in enumerate(row) if a}
        touched = [group for group in groups if group & joined]
        groups = [group for group in groups if not group & joined]
        groups += [set().union(*touched)] if touched else []
    parts: list[tuple[tuple[int, ...], tuple[Vector, ...]]] = []
    for group in sorted(groups, key=min):
        axes = tuple(sorted(group))
        own = [
            (tuple(row[k] for k in axes), bound, sign)
            for row, bound, sign in sides
            if any(row[k] for k in axes)
        ]
        points = _corners(own, len(axes))
        if isinstance(points, str):
            return points
        parts.append((axes, points))
    if any(bound < 0 for row, bound, sign in sides if not any(row)):
        return "empty"
    if all(len(axes) == 1 for axes, _ in parts):
        values = [[point[0] for point in points] for _, points in parts]
        return Box(tuple(map(min, values)), tuple(map(max, values)))
    if len(parts) == 1:
        return Hull(parts[0][1])
    return Product(tuple(parts))


def _corners(sides: Sequence[Row], size: int) -> tuple[Vector, ...] | str:
    turned = [(tuple(-a for a in row), -bound) for row, bound, sign in sides if sign == "=="]
    every = [*((row, bound) for row, bound, _ in sides), *turned]
    body = Polytope(tuple(row for row, _ in every), tuple(Number(b) for _, b in every))
    if not every:
        return "unbounded"
    try:
        found = corners(body, size, root_above)
    except NoDescription:
        return "too large"
    if not found.pieces:
        return "empty"
    if found.rays:
        return "unbounded"
    if len(found.pieces) > MOST_VERTICES:
        return "too large"
    return tuple(sorted({piece.center for piece in found.pieces}))
