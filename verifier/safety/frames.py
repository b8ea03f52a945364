"""Barriers about a link's frame: `panda.panda_hand.z - 5 cm` keeps the frame's origin on one side
of a plane, which is a row of the arm as that of a sphere is, of radius 0 and with a half-space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.core.term import Number, Sum, Term, negate, number, term_variables
from verifier.model.control import Barrier, Robot
from verifier.model.interval import Interval, interval_of
from verifier.model.robot import place_of
from verifier.model.shapes import Sphere

ORIGIN = (number(0),) * 3


@dataclass(frozen=True, slots=True)
class Pinned:
    """sign * (coordinate `axis` of the origin of the robot's link) >= bound."""

    barrier: Barrier
    robot: str
    link: str
    axis: int
    sign: int
    bound: Fraction


def pinned(barrier: Barrier, robots: Mapping[str, Robot]) -> Pinned | None:
    """The barrier as one about a frame that moves; None if it is none."""
    if isinstance(interval_of(barrier), Interval):
        return None
    names = {name for name, _ in term_variables(barrier.value)}
    rest, constant = _parted(barrier.value)
    for robot in robots.values():
        if not names or not names <= set(robot.joints):
            continue
        for link in robot.chain.links[1:]:
            for axis, place in enumerate(place_of(robot, link, ORIGIN)):
                for sign, term in ((1, place), (-1, negate(place))):
                    parts, offset = _parted(term)
                    if parts == rest:
                        return Pinned(barrier, robot.name, link, axis, sign, offset - constant)
    return None


def _parted(term: Term) -> tuple[tuple[Term, ...], Fraction]:
    """The parts of a sum without its number, and that."""
    parts = term.terms if isinstance(term, Sum) else (term,)
    numbers = [part.value for part in parts if isinstance(part, Number)]
    rest = tuple(part for part in parts if not isinstance(part, Number))
    return rest, sum(numbers, Fraction(0))


def with_frames(robot: Robot, found: Sequence[Pinned]) -> Robot:
    """The robot with a sphere of radius 0 at the origin of each frame, behind its own."""
    zero = Fraction(0)
    chain = robot.chain
    more = tuple(Sphere(link, (zero, zero, zero), zero) for link in links_of(found))
    return replace(robot, chain=replace(chain, spheres=(*chain.spheres, *more)))


def links_of(found: Sequence[Pinned]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.link for each in found))


def all_pinned(barriers: Sequence[Barrier], robots: Mapping[str, Robot]) -> Iterator[Pinned]:
    for barrier in barriers:
        found = pinned(barrier, robots)
        if found is not None:
            yield found
