"""What is shown to lie where nothing may be: in an obstacle, too near to one, out of the room."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from verifier.core.cell import box_rows, dot, inside
from verifier.core.motion import Solid, Space, Vector


def misplaced(space: Space, spot: Vector) -> bool:
    """Whether the point is shown to be where it must not be: outside of the bounds, in no free
    region, in an obstacle, or nearer to one than the clearance."""
    outside = space.bounds is not None and not inside([spot], box_rows(space.bounds))
    lost = space.regions is not None and not any(inside([spot], body) for body in space.regions)
    return outside or lost or any(hit([spot], each, space.clearance) for each in space.obstacles)


def hit(points: Sequence[Vector], solid: Solid, clearance: Fraction) -> bool:
    """Whether all the points, and so their hull, lie in the solid or nearer than the clearance:
    nearer to a vertex, or to their own projection onto a facet that lies in the solid."""
    kept = clearance + solid.radius
    return all(
        inside([point], solid.facets) or (kept > 0 and _near(point, solid, kept * kept))
        for point in points
    )


def _near(point: Vector, solid: Solid, square: Fraction) -> bool:
    for vertex in solid.vertices:
        apart = tuple(a - b for a, b in zip(point, vertex, strict=True))
        if dot(apart, apart) < square:
            return True
    for row, bound in zip(solid.facets.rows, solid.facets.bounds, strict=True):
        height, norm = dot(row, point) - bound, dot(row, row)
        if norm and height > 0 and height * height < square * norm:
            foot = tuple(x - height / norm * a for x, a in zip(point, row, strict=True))
            if inside([foot], solid.facets):
                return True
    return False
