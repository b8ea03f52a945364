"""Boxes, polygons and hulls as convex solids, exactly: what obstacles are made of.

A simple polygon is cut into triangles by clipping ears (Meisters, Polygons have ears, American
Mathematical Monthly 82, 1975): a convex corner whose triangle contains no other vertex. Triangles
are then joined while the union stays convex (Hertel and Mehlhorn, 1983).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from verifier.core.cell import box_rows
from verifier.core.hull import facets
from verifier.core.motion import Box, Polytope, Solid, Vector


def box_solid(box: Box) -> Solid:
    """The box, which is not empty."""
    sides = zip(box.lower, box.upper, strict=True)
    corners = tuple(dict.fromkeys(product(*((low, high) for low, high in sides))))
    return Solid(box_rows(box), corners)


def hull_solid(vertices: Sequence[Vector]) -> Solid:
    """The convex hull of the points; in three dimensions and more, few enough for `affordable` of
    verifier/core/hull.py."""
    if len(vertices[0]) == 2:
        ring = _hull_ring(vertices)
        if len(ring) >= 3:
            return _ring_solid(ring)
    equalities, inequalities = facets(tuple(vertices))
    turned = [(tuple(-a for a in row), -bound) for row, bound in equalities]
    sides = [*equalities, *turned, *inequalities]
    body = Polytope(tuple(row for row, _ in sides), tuple(bound for _, bound in sides))
    return Solid(body, tuple(dict.fromkeys(vertices)))


def _hull_ring(points: Sequence[Vector]) -> list[Vector]:
    """The corners of the hull of points in the plane, turning left (Andrew, Another efficient
    algorithm for convex hulls in two dimensions, 1979)."""
    ordered = sorted(set(points))
    halves: list[list[Vector]] = []
    for run in (ordered, ordered[::-1]):
        half: list[Vector] = []
        for point in run:
            while len(half) >= 2 and _turn(half[-2], half[-1], point) <= 0:
                half.pop()
            half.append(point)
        halves.append(half[:-1])
    return [*halves[0], *halves[1]]


def _ring_solid(ring: Sequence[Vector]) -> Solid:
    """A convex polygon that turns left: a side's outward normal is its direction turned right."""
    rows = tuple((b[1] - a[1], a[0] - b[0]) for a, b in _sides(ring))
    bounds = tuple(row[0] * a[0] + row[1] * a[1] for row, a in zip(rows, ring, strict=True))
    return Solid(Polytope(rows, bounds), tuple(ring))


def polygon_solids(corners: Sequence[Vector]) -> tuple[Solid, ...] | None:
    """Convex solids whose union is the simple polygon with these corners, in either direction of
    turn; None if its sides cross, or it has no area."""
    ring = _without_straight(corners)
    if len(ring) < 3 or not _simple(ring):
        return None
    if _area(ring) < 0:
        ring.reverse()
    return tuple(_ring_solid(piece) for piece in _joined(_triangles(ring)))


def _turn(a: Vector, b: Vector, c: Vector) -> Fraction:
    """Twice the signed area of the triangle: positive if a, b, c turn left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _area(ring: Sequence[Vector]) -> Fraction:
    return sum((_turn((Fraction(0), Fraction(0)), a, b) for a, b in _sides(ring)), Fraction(0))


def _sides(ring: Sequence[Vector]) -> list[tuple[Vector, Vector]]:
    return list(zip(ring, [*ring[1:], ring[0]], strict=True))


def _without_straight(corners: Sequence[Vector]) -> list[Vector]:
    """The ring without corners at which it goes straight on."""
    ring = list(corners)
    i = 0
    while len(ring) >= 3 and i < len(ring):
        before, here, after = ring[i - 1], ring[i], ring[(i + 1) % len(ring)]
        if _turn(before, here, after) == 0 and _between(before, here, after):
            del ring[i]
            i = max(i - 1, 0)
        else:
            i += 1
    return ring


def _between(a: Vector, b: Vector, c: Vector) -> bool:
    """Whether b, on the line through a and c, lies between them."""
    return all(min(x, z) <= y <= max(x, z) for x, y, z in zip(a, b, c, strict=True))


def _simple(ring: Sequence[Vector]) -> bool:
    """Whether sides meet only where they follow each other, and there only in the corner."""
    sides = _sides(ring)
    count = len(sides)
    for i in range(count):
        for j in range(i + 1, count):
            if j == i + 1 or (i == 0 and j == count - 1):
                (a, b), (c, d) = (sides[i], sides[j]) if j == i + 1 else (sides[j], sides[i])
                if _turn(a, b, d) == 0 and not _between(a, c, d):
                    return False
            elif _cross(sides[i], sides[j]):
                return False
    return True


def _cross(one: tuple[Vector, Vector], other: tuple[Vector, Vector]) -> bool:
    """Whether two closed segments share a point."""
    (a, b), (c, d) = one, other
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if _opposite(turns[0], turns[1]) and _opposite(turns[2], turns[3]):
        return True
    ends = ((a, c, b), (a, d, b), (c, a, d), (c, b, d))
    return any(turn == 0 and _between(*three) for turn, three in zip(turns, ends, strict=True))


def _opposite(one: Fraction, other: Fraction) -> bool:
    return (one > 0 and other < 0) or (one < 0 and other > 0)


def _triangles(ring: Sequence[Vector]) -> list[list[Vector]]:
    """A triangulation of a simple polygon that turns left."""
    rest = list(ring)
    done: list[list[Vector]] = []
    while len(rest) > 3:
        ear = next(i for i in range(len(rest)) if _ear(rest, i))
        done.append([rest[ear - 1], rest[ear], rest[(ear + 1) % len(rest)]])
        del rest[ear]
    if _turn(rest[0], rest[1], rest[2]) > 0:
        done.append(rest)
    return done


def _ear(ring: Sequence[Vector], i: int) -> bool:
    a, b, c = ring[i - 1], ring[i], ring[(i + 1) % len(ring)]
    if _turn(a, b, c) <= 0:
        return _turn(a, b, c) == 0
    return not any(
        _turn(a, b, p) >= 0 and _turn(b, c, p) >= 0 and _turn(c, a, p) >= 0
        for p in ring
        if p not in (a, b, c)
    )


def _joined(pieces: list[list[Vector]]) -> list[list[Vector]]:
    """The pieces, two joined along a side wherever the union is convex."""
    done: list[list[Vector]] = []
    todo = list(pieces)
    while todo:
        piece = todo.pop()
        for k, other in enumerate(done):
            union = _union(piece, other)
            if union is not None:
                del done[k]
                todo.append(union)
                break
        else:
            done.append(piece)
    return done


def _union(one: list[Vector], other: list[Vector]) -> list[Vector] | None:
    """The union of two convex rings that share a side, if it is convex."""
    for i, (a, b) in enumerate(_sides(one)):
        for j, (c, d) in enumerate(_sides(other)):
            if (a, b) == (d, c):
                ring = [*one[i + 1 :], *one[: i + 1], *other[j + 2 :], *other[:j]]
                if j == len(other) - 1:
                    ring = [*one[i + 1 :], *one[: i + 1], *other[1:-1]]
                if all(_turn(ring[k - 2], ring[k - 1], ring[k]) >= 0 for k in range(len(ring))):
                    return _without_straight(ring)
    return None
