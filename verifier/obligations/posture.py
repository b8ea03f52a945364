"""What an impedance owes: a set that it keeps by itself, without the filter's help.

Of a joint x = (q - posture, v) with acceleration u = -k (q - posture) - c v, held for a period T,

    x+ = A x,   A = [1 - k T^2/2,  T - c T^2/2;  -k T,  1 - c T]

and with P the solution of A' P A = P - diag(k, 1), a linear equation (P. Stein, 1952), the
ellipsoid x' P x <= level is kept if P is positive definite. The level is the greatest at which it
keeps the limits of the joint and asks for no more than its input, less SLACK of it: along
g . x <= b it reaches to the root of level * g' P^-1 g. Where P is not positive definite, the
sampled loop is not stable, and the energy k (q - posture)^2 + v^2 stands for it, which then is
seen to grow. No domain is assumed: what the ellipsoid holds need not be told.

Where samples are wrong by e and f, the command is by n, |n| <= N = k e + c f, and

    x+ = A x + n (T^2/2, T).

The size of x+ is convex in n and that of -x is that of x, so that n = N is all that has to be
looked at: the ellipsoid is kept if it is wide enough for it. The input leaves room for N.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.evaluate import evaluate_term
from verifier.core.exact import reduced
from verifier.core.flow import replaced
from verifier.core.normal import expanded
from verifier.core.obligation import Fact, Obligation
from verifier.core.slope import derivative
from verifier.core.term import (
    NOW,
    Number,
    Term,
    Variable,
    add,
    multiply,
    number,
    subtract,
)
from verifier.model.prediction import affine
from verifier.model.rows import Row
from verifier.model.stops import Stop, motor_of
from verifier.obligations.control import Group, at_least_zero, entailed

SLACK = Fraction(1, 50)
Pair = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Sprung:
    """A joint on its spring and damper: `strength` is what its input allows to either side, `wrong`
    what errors may add to its command."""

    each: Row | Stop
    position: str
    speed: str
    posture: Fraction
    stiffness: Fraction
    damping: Fraction
    strength: Fraction
    period: Fraction
    wrong: Fraction


def postures(group: Group) -> Iterator[Obligation]:
    """What each joint of the group owes that an impedance drives at once and nothing disturbs. For
    what else it runs into, it rests on braking as every proposal does."""
    plant, base = group.plant, group.plant.baseline
    if base is None or base.kind != "impedance" or not (group.stops or group.rows):
        return
    each = group.stops[0] if group.stops else group.rows[0]
    gains = zip(plant.positions, base.posture, base.stiffness, base.damping, strict=True)
    for position, posture, stiffness, damping in gains:
        motor = motor_of(plant, position)
        if position not in _read(group) or motor is None:
            continue
        if (plant.latency and not motor.noise.silent) or motor.noise.disturbance:
            continue
        wrong = stiffness * motor.noise.position + damping * motor.noise.speed
        joint = Sprung(
            each,
            *(position, plant.speeds[position], posture, stiffness, damping),
            *(motor.strength, plant.period, wrong),
        )
        yield from _owed(group, joint)


def _read(group: Group) -> set[str]:
    return {s.position for s in group.stops} | {x for row in group.rows for x in row.states}


def _owed(group: Group, joint: Sprung) -> Iterator[Obligation]:
    shape = _shape(joint)
    limits = dict(_limits(group, joint))
    level = min((_reach(shape, form, room) for form, room in limits.values()), default=Fraction(0))
    offset = Variable(f"{joint.position} from its posture")
    speed = Variable(f"{joint.speed} about its posture")
    inside = subtract(Number(level), _size(shape, offset, speed))
    known = [Fact(at_least_zero(inside), joint.each.barrier.span, "posture")]

    def owed(part: str, goal: Term, told: str) -> Obligation:
        where = f"baseline/posture of {joint.position}/{part}"
        return entailed(group, joint.each, "baseline", where, known, at_least_zero(goal), told)

    spare = min(room for _, room in limits.values())
    told = f"the posture of `{joint.position}` is no safe place to stand"
    yield owed("place", Number(spare), told)
    if spare <= 0:
        return
    ahead = _size(shape, *_one_period_later(joint, offset, speed))
    told = f"the impedance drives `{joint.position}` further away from its posture"
    yield owed("kept", subtract(Number(level), ahead), told)
    for part, ((p, v), room) in limits.items():
        told = f"the impedance does not keep {part} of `{joint.position}`"
        yield owed(part, subtract(Number(room), _mixed(p, offset, v, speed)), told)


def _limits(group: Group, joint: Sprung) -> Iterator[tuple[str, tuple[Pair, Fraction]]]:
    """What has to hold of (q - posture, v), as forms with their bounds, by name."""
    k, c = joint.stiffness, joint.damping
    strength = joint.strength - joint.wrong
    yield "input.upper", ((-k, -c), strength)
    yield "input.lower", ((k, c), strength)
    own = {joint.position, joint.speed}
    rooms = [(stop.name, stop.room) for stop in group.stops if stop.position == joint.position]
    rooms += [(row.name, row.levels[0]) for row in group.rows if row.states <= own]
    rest = {(joint.position, NOW): joint.posture, (joint.speed, NOW): Fraction(0)}
    for name, room in rooms:
        if affine(room):
            at = {joint.position: Number(joint.posture), joint.speed: number(0)}
            slopes = [derivative(room, (x, NOW)) for x in (joint.position, joint.speed)]
            p, v = (-_value(expanded(replaced(slope, at))) for slope in slopes)
            yield name, ((p, v), evaluate_term(room, rest))


def _one_period_later(joint: Sprung, offset: Term, speed: Term) -> tuple[Term, Term]:
    """Position and speed about the posture, where errors push the most."""
    (a, b), (c, d) = _loop(joint)
    time = joint.period
    return (
        add(_mixed(a, offset, b, speed), Number(joint.wrong * time**2 / 2)),
        add(_mixed(c, offset, d, speed), Number(joint.wrong * time)),
    )


def _value(term: Term) -> Fraction:
    assert isinstance(term, Number)
    return term.value


def _loop(joint: Sprung) -> tuple[Pair, Pair]:
    """A, row by row."""
    time, k, c = joint.period, joint.stiffness, joint.damping
    half = time**2 / 2
    return (1 - k * half, time - c * half), (-k * time, 1 - c * time)


def _shape(joint: Sprung) -> tuple[Fraction, Fraction, Fraction]:
    """P as (p11, p12, p22); that of the energy where the loop has none."""
    (a, b), (c, d) = _loop(joint)
    rows = [
        [1 - a * a, -2 * a * c, -c * c, joint.stiffness],
        [-a * b, 1 - a * d - b * c, -c * d, Fraction(0)],
        [-b * b, -2 * b * d, 1 - d * d, Fraction(1)],
    ]
    echelon, pivots = reduced(rows)
    if pivots == [0, 1, 2]:
        p, q, r = (row[-1].limit_denominator(10**6) for row in echelon)
        if p > 0 and p * r > q * q:
            return p, q, r
    return joint.stiffness, Fraction(0), Fraction(1)


def _reach(shape: tuple[Fraction, Fraction, Fraction], form: Pair, room: Fraction) -> Fraction:
    """The level up to which the form stays within its room, less the slack; 0 where there is no
    room at the posture itself."""
    p, q, r = shape
    width = (r * form[0] ** 2 - 2 * q * form[0] * form[1] + p * form[1] ** 2) / (p * r - q * q)
    if room <= 0 or width == 0:
        return Fraction(0)
    return room * room / width * (1 - SLACK)


def _size(shape: tuple[Fraction, Fraction, Fraction], offset: Term, speed: Term) -> Term:
    p, q, r = shape
    return add(
        multiply(Number(p), offset, offset),
        multiply(Number(2 * q), offset, speed),
        multiply(Number(r), speed, speed),
    )


def _mixed(one: Fraction, offset: Term, other: Fraction, speed: Term) -> Term:
    return add(multiply(Number(one), offset), multiply(Number(other), speed))
