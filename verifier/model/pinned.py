"""Barriers about a link's frame, `panda.panda_hand.z - 5 cm`, or `0.6 * panda.panda_hand.x + 0.8 *
panda.panda_hand.z - 5 cm`: they keep the frame's origin on one side of a plane.

Where the joints brake from their accelerations this is a distance as every other one is, kept by
the gate, which judges the whole way to a stop. A row of relative degree two, with its bounds over
all states, would ask for what braking does not need, and is not made then."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.term import Number, Product, Sum, Term, multiply, negate, number, term_variables
from verifier.model.control import Barrier, Clearance, Plant, Robot
from verifier.model.interval import Interval, interval_of
from verifier.model.robot import place_of
from verifier.model.shapes import Triple
from verifier.model.stops import motor_of

ORIGIN = (number(0),) * 3


@dataclass(frozen=True, slots=True)
class Pinned:
    """normal . (origin of the robot's link) >= bound; the normal has any length but 0."""

    barrier: Barrier
    robot: str
    link: str
    normal: Triple
    bound: Fraction

    @property
    def length(self) -> Fraction:
        """That of the normal, to the nearest double."""
        return Fraction(math.hypot(*map(float, self.normal)))


def pinned(barrier: Barrier, robots: Mapping[str, Robot]) -> Pinned | None:
    """The barrier as one about a frame that moves; None if it is none."""
    if isinstance(interval_of(barrier), Interval):
        return None
    names = {name for name, _ in term_variables(barrier.value)}
    for robot in robots.values():
        if not names or not names <= set(robot.joints):
            continue
        for link in robot.chain.links[1:]:
            found = _combined(barrier.value, place_of(robot, link, ORIGIN))
            if found is not None:
                normal, constant = found
                return Pinned(barrier, robot.name, link, normal, -constant)
    return None


def _combined(term: Term, place: Sequence[Term]) -> tuple[Triple, Fraction] | None:
    """The term as normal . place + constant, as it was written down; None if it is no such sum."""
    rest, constant = _parted(term)
    found = []
    for coordinate in place:
        factor, rest, offset = _taken(rest, coordinate)
        constant -= offset
        found.append(factor)
    x, y, z = found
    return ((x, y, z), constant) if any(found) and not rest else None


def _taken(rest: tuple[Term, ...], coordinate: Term) -> tuple[Fraction, tuple[Term, ...], Fraction]:
    """How often the coordinate is in the sum, what is left of it, and the number that a coordinate
    which is no product of its own brought along."""
    if isinstance(coordinate, Number):
        return Fraction(0), rest, Fraction(0)
    for k, part in enumerate(rest):
        factor = part.factors[0] if isinstance(part, Product) else None
        if isinstance(factor, Number) and part == multiply(factor, coordinate):
            return factor.value, rest[:k] + rest[k + 1 :], Fraction(0)
    for sign, whole in ((Fraction(1), coordinate), (Fraction(-1), negate(coordinate))):
        parts, offset = _parted(whole)
        for k in range(len(rest) - len(parts) + 1):
            if rest[k : k + len(parts)] == parts:
                return sign, rest[:k] + rest[k + len(parts) :], offset
    return Fraction(0), rest, Fraction(0)


def _parted(term: Term) -> tuple[tuple[Term, ...], Fraction]:
    """The parts of a sum without its number, and that."""
    parts = term.terms if isinstance(term, Sum) else (term,)
    numbers = [part.value for part in parts if isinstance(part, Number)]
    rest = tuple(part for part in parts if not isinstance(part, Number))
    return rest, sum(numbers, Fraction(0))


def all_pinned(barriers: Sequence[Barrier], robots: Mapping[str, Robot]) -> Iterator[Pinned]:
    for barrier in barriers:
        found = pinned(barrier, robots)
        if found is not None:
            yield found


def braked(barrier: Barrier, plant: Plant, robots: Mapping[str, Robot]) -> Pinned | None:
    """The barrier as a distance, where all joints of its robot brake from their accelerations."""
    if barrier.margin is not None or barrier.start is not None or barrier.keeps:
        return None
    if plant.baseline is not None and plant.baseline.kind in ("hold", "law"):
        return None
    found = pinned(barrier, robots)
    if found is None:
        return None
    joints = robots[found.robot].joints
    driven = all(joint in plant.speeds and motor_of(plant, joint) for joint in joints)
    return found if driven else None


def as_clearance(frame: Pinned) -> Clearance:
    """What a row says of where it comes from; the least distance is in the half-space."""
    barrier = frame.barrier
    return Clearance(
        barrier.name,
        frame.robot,
        "",
        Fraction(0),
        barrier.alpha,
        barrier.span,
        barrier.text,
    )
