"""The frames that barriers are about, as spheres of the arm: of radius 0, each kept from a
half-space (verifier/model/pinned.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from verifier.model.control import Robot
from verifier.model.pinned import Pinned
from verifier.model.shapes import Sphere


def with_frames(robot: Robot, found: Sequence[Pinned]) -> Robot:
    """The robot with a sphere of radius 0 at the origin of each frame, behind its own."""
    zero = Fraction(0)
    chain = robot.chain
    more = tuple(Sphere(link, (zero, zero, zero), zero) for link in links_of(found))
    return replace(robot, chain=replace(chain, spheres=(*chain.spheres, *more)))


def links_of(found: Sequence[Pinned]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.link for each in found))
