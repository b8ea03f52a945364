"""The torques that bear the weight of a robot: their program, their limits, and that these suffice.

What joint j has to bear is at most g sum m_i r_ij over all masses that it carries, with r_ij a
bound on the distance of the mass from its axis (verifier/safety/clearance.py), and 1 in its place
for a joint that shifts. If that is within the motor's limits for every joint, then the compensation
is never cut off, whatever the configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic
from verifier.core.root import root_above
from verifier.model.control import Baseline, Limit, Plant, Robot
from verifier.model.shapes import Sphere, Triple
from verifier.model.urdf import Chain, Mass
from verifier.model.values import Model
from verifier.safety.axes import Wheel
from verifier.safety.clearance import reaches
from verifier.safety.filter import Weight
from verifier.safety.kinematics import GRAVITY, gravity
from verifier.safety.plant import rounded_down, rounded_up

UNLIMITED = Fraction(10) ** 100


def weight_of(model: Model, wheels: Sequence[Wheel]) -> Weight | tuple[Diagnostic, ...] | None:
    """The weight that some baseline compensates, None if none does; or why it is not borne."""
    plants = [plant for plant in model.plants if plant.inputs]
    asked = [(plant, plant.baseline) for plant in plants if plant.baseline is not None]
    asked = [(plant, base) for plant, base in asked if base.gravity is not None]
    if not asked:
        return None
    if len(asked) > 1:
        what = "the weight of two robots is compensated"
        help = "one guard bears the weight of one robot"
        return (Diagnostic("plant-not-supported", asked[1][1].span, what, (), help),)
    ((plant, base),) = asked
    assert base.gravity is not None
    robot = model.robots[base.gravity]
    lower, upper = _limits(plant, robot)
    most = held(robot.chain)
    troubles = tuple(_beyond(robot, base, lower, upper, most))
    positions = [wheel.position for wheel in wheels]
    return troubles or Weight(
        robot.name,
        gravity(robot.chain),
        tuple(positions.index(joint) for joint in robot.joints),
        tuple(map(rounded_up, lower)),
        tuple(map(rounded_down, upper)),
        tuple(map(rounded_up, most)),
    )


def held(chain: Chain) -> tuple[Fraction, ...]:
    """For each moving joint a bound on the torque or force that bears what it carries."""
    total = [Fraction(0)] * len(chain.moving)
    for mass in chain.masses:
        center, beyond = _by(mass)
        last = replace(chain, spheres=(Sphere(mass.link, center, Fraction(0)),))
        for k, (joint, reach) in enumerate(zip(chain.moving, reaches(last, 0), strict=True)):
            more = beyond if reach and joint.kind != "prismatic" else Fraction(0)
            total[k] += mass.mass * Fraction(str(GRAVITY)) * (reach + more)
    return tuple(total)


def _by(mass: Mass) -> tuple[Triple, Fraction]:
    """A point in the frame of the link, and how far from it the centre of mass may be."""
    zero = Fraction(0)
    if not mass.placed:
        return mass.center, zero
    shifts = [xyz for xyz, _ in mass.placed[1:]]
    return mass.placed[0][0], sum(map(_length, (*shifts, mass.center)), zero)


def _length(vector: Triple) -> Fraction:
    return root_above(sum((x * x for x in vector), Fraction(0)))


def _limits(plant: Plant, robot: Robot) -> tuple[list[Fraction], list[Fraction]]:
    """The limits of the torque that the plant declares, and those of the URDF."""
    declared = [limit for limit in plant.limits if limit.signal == "torque"]
    lower, upper = [], []
    for joint, state in zip(robot.chain.moving, robot.joints, strict=True):
        effort = joint.limits.effort
        most = UNLIMITED if effort is None else effort
        lower.append(max([-most, *(_at(each, plant, state)[0] for each in declared)]))
        upper.append(min([most, *(_at(each, plant, state)[1] for each in declared)]))
    return lower, upper


def _at(limit: Limit, plant: Plant, state: str) -> tuple[Fraction, Fraction]:
    place = plant.positions.index(state) if len(limit.lower) > 1 else 0
    return limit.lower[place], limit.upper[place]


def _beyond(
    robot: Robot,
    base: Baseline,
    lower: Sequence[Fraction],
    upper: Sequence[Fraction],
    most: Sequence[Fraction],
) -> list[Diagnostic]:
    found = []
    for joint, low, high, need in zip(robot.joints, lower, upper, most, strict=True):
        if need > min(-low, high):
            what = f"`{joint}` may need {float(need):.4g} to bear the weight of `{robot.name}`, "
            what += f"but its motor has {float(min(-low, high)):.4g}"
            help = "raise the limit of `torque`, or the effort limit in the URDF"
            found.append(Diagnostic("plant-not-supported", base.span, what, (), help))
    return found
