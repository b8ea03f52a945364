"""The baseline that moves: each joint on a spring and a damper, and the set that it keeps so.

Of each joint the ellipsoid of verifier/model/spring.py is known, in which the impedance holds it
without any help. The learned command is in charge only as long as the state that it leads to, as it
is predicted, is so far inside of each of them that the true state is inside, too, whatever errors
and disturbances do. `Kept` is in doubles: the greatest size with the reserves of the switch left,
`leave`, and with those that it takes to hand back, `back`, are rounded inwards by what the size

    p z^2 + (c z s + r s^2),   z = q - posture,  s = v

may be computed too small by.
"""

from __future__ import annotations

from dataclasses import dataclass

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """The ellipsoid of one joint; all 0 where nothing bounds the joint."""

    place: float
    cross: float
    pace: float
    leave: float
    back: float


@dataclass(frozen=True, slots=True)
class Posture:
    """u = stiffness (position - q) - damping v; it is filtered, too."""

    position: Vector
    stiffness: Vector
    damping: Vector
    kept: tuple[Kept, ...]


def postured(posture: Posture, q: Vector, v: Vector) -> Vector:
    """What the impedance asks for."""
    return tuple(
        posture.stiffness[j] * (posture.position[j] - q[j]) - posture.damping[j] * v[j]
        for j in range(len(q))
    )


def held(posture: Posture, q: Vector, v: Vector, *, careful: bool) -> bool:
    """Whether the impedance can take over from there; `careful` asks for more, as to hand back."""
    for j, kept in enumerate(posture.kept):
        z, s = q[j] - posture.position[j], v[j]
        size = kept.place * z * z + (kept.cross * z * s + kept.pace * s * s)
        if not size <= (kept.back if careful else kept.leave):
            return False
    return True
