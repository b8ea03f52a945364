"""Speed and separation monitoring: how far a person has to be from a moving robot."""

from __future__ import annotations

from verifier.core.diagnostic import near_miss
from verifier.core.term import Number, Term, add, multiply
from verifier.core.unit import LENGTH, TIME, UNITS, Dimension, Unit
from verifier.model.arguments import arguments
from verifier.model.expression import Context, in_unit, scalar
from verifier.model.quantity import Quantity, fail
from verifier.syntax import tree

SPEED = LENGTH / TIME
NEEDED: dict[str, Dimension] = {
    "human_speed": SPEED,
    "robot_speed": SPEED,
    "reaction": TIME,
    "stopping": TIME,
}
OPTIONAL: dict[str, Dimension] = {
    "braking": LENGTH,
    "intrusion": LENGTH,
    "uncertainty": LENGTH,
}


def protective_distance(call: tree.Call, at: Context) -> Quantity:
    """The protective separation distance of ISO/TS 15066:2016, 5.5.4.2.3, equation (1), with the
    constant speeds of its equations (3) to (7):

        S_p = v_h (T_r + T_s) + v_r T_r + S_s + C + Z

    `human_speed` v_h (1.6 m/s where it is not measured, ISO 13855), `robot_speed` v_r towards the
    person, `reaction` T_r of sensor and controller, `stopping` T_s of the robot, `braking` S_s, its
    way while it stops, `intrusion` C of a hand before it is seen (ISO 13855), `uncertainty`
    Z = Z_d + Z_r of both positions. Speeds may depend on the state. Raises SourceError.
    """
    known = {**NEEDED, **OPTIONAL}
    found = arguments(call, *known)
    for name in NEEDED:
        if name not in found:
            fail(
                "wrong-arguments",
                call.span,
                f"`protective_distance` needs its argument `{name}`",
                help=near_miss(name, found) or f"it takes {', '.join(known)}",
            )
    parts = {name: _part(found[name], known[name], at) for name in found}
    distance = add(
        multiply(parts["human_speed"], add(parts["reaction"], parts["stopping"])),
        multiply(parts["robot_speed"], parts["reaction"]),
        *(parts[name] for name in OPTIONAL if name in parts),
    )
    return Quantity(distance, LENGTH, UNITS["m"])


def _part(written: tree.Expression, dimension: Dimension, at: Context) -> Term:
    term = in_unit(scalar(written, at), dimension, Unit("", _ONE, dimension), written)
    if isinstance(term, Number) and term.value < 0:
        fail("bad-gain", written.span, "no part of a protective distance is negative")
    return term


_ONE = UNITS["m"].scale
