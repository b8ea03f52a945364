"""The collision shapes of a link, as spheres that cover them.

Distances are kept by spheres. A sphere is taken as it is. A cylinder, a capsule and a box are
covered along their longest axis: a slice of half length h whose corners lie r from the axis lies in
the ball of radius sqrt(h^2 + r^2) around its centre. Slices are short enough that this is at most a
tenth more than r. Turned axes are computed in doubles, centres are rounded to nanometres, and the
radius pays for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, cos, sin
from typing import TypeAlias

from verifier.core.root import root_above
from verifier.model.xml import Element, numbers, report

Triple: TypeAlias = tuple[Fraction, Fraction, Fraction]

ZERO: Triple = (Fraction(0), Fraction(0), Fraction(0))
NANOMETRE = Fraction(1, 10**9)
SLICE = Fraction(9, 10)  # of r: sqrt(0.45^2 + 1) < 1.1
SLICES_MAX = 64
DOUBLE = Fraction(1, 10**15)  # nine roundings of a number up to 1
SHAPES = ("sphere", "cylinder", "capsule", "box")


@dataclass(frozen=True, slots=True)
class Sphere:
    """A collision sphere of a link, in the frame of that link."""

    link: str
    center: Triple
    radius: Fraction


def origin(element: Element) -> tuple[Triple, Triple]:
    """Place in m and angles in rad of what the element describes; zero where it is silent."""
    found = element.first("origin")
    if found is None:
        return ZERO, ZERO
    xyz = ZERO if found.get("xyz") is None else triple(found, "xyz")
    rpy = ZERO if found.get("rpy") is None else triple(found, "rpy")
    return xyz, rpy


def triple(element: Element, key: str) -> Triple:
    x, y, z = numbers(element, key, 3)
    return x, y, z


def spheres(link: Element) -> tuple[Sphere, ...]:
    """Spheres that cover every sphere, cylinder, capsule and box of the link, in m. Raises
    SourceError for a size that is none, and for a shape that is too long for its breadth."""
    name = link.get("name") or ""
    return tuple(
        Sphere(name, center, radius)
        for collision in link.all("collision")
        for shape in _shapes(collision)
        for center, radius in _covered(shape, *origin(collision))
    )


def uncovered(link: Element) -> bool:
    """Whether the link has collision shapes, such as meshes, and none that spheres cover."""
    every = [shape for shape in link.all("collision") if shape.first("geometry") is not None]
    return bool(every) and not any(True for each in every for _ in _shapes(each))


def _shapes(collision: Element) -> Iterator[Element]:
    geometry = collision.first("geometry")
    found = [None if geometry is None else geometry.first(kind) for kind in SHAPES]
    return (shape for shape in found if shape is not None)


def _covered(shape: Element, xyz: Triple, rpy: Triple) -> Iterator[tuple[Triple, Fraction]]:
    if shape.tag == "sphere":
        yield xyz, _size(shape, "radius", 1)[0]
        return
    if shape.tag == "box":
        sizes = _size(shape, "size", 3)
        along = sizes.index(max(sizes))
        breadth = sum((s * s for s in sizes), Fraction(0)) - sizes[along] ** 2
        length, around = sizes[along], root_above(breadth) / 2
    else:
        along = 2
        length, around = _size(shape, "length", 1)[0], _size(shape, "radius", 1)[0]
    count = ceil(length / (SLICE * around))
    if count > SLICES_MAX:
        what = f"a {shape.tag} this long and thin would take {count} spheres; at most {SLICES_MAX}"
        report("urdf-number", shape.span, f"{what} are used", "cover it with spheres of your own")
    half = length / count / 2
    radius = root_above(half * half + around * around)
    # A round end lies in the ball around its own centre.
    steps = range(-count, count + 1, 2) if shape.tag == "capsule" else range(1 - count, count, 2)
    axis, off = _turned(along, rpy)
    for step in steps:
        yield _placed(xyz, axis, off, half * step, radius)


def _size(shape: Element, key: str, count: int) -> tuple[Fraction, ...]:
    found = numbers(shape, key, count)
    if min(found) <= 0:
        told = "a sphere has" if shape.tag == "sphere" else f"a {shape.tag} has"
        report("urdf-number", shape.span, f"{told} the {key} {min(found)}")
    return found


def _turned(along: int, rpy: Triple) -> tuple[Triple, Fraction]:
    """The axis with this number after turns about the fixed axes x, y and z, in this order; and by
    how much each part of it may be off. Doubles are within an ulp where they are computed, and an
    angle is off by one of its own."""
    if not any(rpy):
        x, y, z = (Fraction(axis == along) for axis in range(3))
        return (x, y, z), Fraction(0)
    (sr, cr), (sp, cp), (sy, cy) = ((sin(float(angle)), cos(float(angle))) for angle in rpy)
    axes = (
        (cy * cp, sy * cp, -sp),
        (cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, cp * sr),
        (cy * sp * cr + sy * sr, sy * sp * cr - cy * sr, cp * cr),
    )
    x, y, z = map(Fraction, axes[along])
    return (x, y, z), (max(map(abs, rpy)) + 2) * DOUBLE


def _placed(
    xyz: Triple, axis: Triple, off: Fraction, step: Fraction, radius: Fraction
) -> tuple[Triple, Fraction]:
    """The centre so far along the axis, in whole nanometres, and the radius with what that costs:
    the distance is at most the sum of the parts'."""
    parts = []
    for place, part in zip(xyz, axis, strict=True):
        exact = place + step * part
        parts.append(round(exact / NANOMETRE) * NANOMETRE)
        radius += abs(parts[-1] - exact) + abs(step) * off
    x, y, z = parts
    return (x, y, z), ceil(radius / NANOMETRE) * NANOMETRE
