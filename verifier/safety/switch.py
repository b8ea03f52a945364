"""The switch: the learned command is in charge as long as the baseline can still take over.

After L. Sha, "Using simplicity to control complexity", IEEE Software 18 (2001). The learned
command, brought into the box of the hardware, is in charge while the state that it leads to can be
braked to a stop with the declared reserve of every barrier left, and is in the set that the
impedance keeps, if that is the baseline (posture.py); else the baseline takes over, in the same
period. It hands back when the learned command would leave the greater reserve `back` for
`hold` periods in a row, and the declared condition holds. A low confidence is advisory: the greater
reserve is then asked for from the start, so the baseline takes over earlier, never later.
"""

from __future__ import annotations

from dataclasses import dataclass

from verifier.safety.braking import Drive, travelled
from verifier.safety.clearance import Arm
from verifier.safety.gate import Look, Stop, clear
from verifier.safety.jerk import sound, way_of
from verifier.safety.posture import Posture, held

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """Reserves by row, as `Filter.rows` counts them: rad or m. `hold` in periods, at least 1."""

    leave: Vector
    back: Vector
    hold: int


@dataclass(frozen=True, slots=True)
class Charge:
    """Whether the baseline is in charge, and for how many periods the way back has been open."""

    baseline: bool = False
    calm: int = 0


def charged(
    switch: Switch,
    before: Charge,
    drives: tuple[Drive, ...],
    arm: Arm | None,
    posture: Posture | None,
    look: Look,
    stop: Stop,
    *,
    doubtful: bool,
    may_return: bool,
) -> Charge:
    """Who is in charge of this period; `stop` is what the learned command leads to."""
    careful = before.baseline or doubtful
    kept = reserved(drives, arm, look, stop, switch.back if careful else switch.leave)
    kept = kept and (posture is None or held(posture, stop.q, stop.v, careful=careful))
    if not before.baseline:
        return Charge(not kept, 0)
    calm = before.calm + 1 if kept and may_return else 0
    return Charge(calm < switch.hold, calm)


def reserved(
    drives: tuple[Drive, ...], arm: Arm | None, look: Look, stop: Stop, reserve: Vector
) -> bool:
    """Whether braking from there leaves these reserves of every limit and every row."""
    size = len(drives)
    for j, drive in enumerate(drives):
        least = most = travelled(drive, stop.v[j], stop.full[j], stop.periods)
        if drive.ramp > 0.0:
            way = way_of(drive, stop.plans[j], stop.v[j])
            least, most = way.lowest, way.highest
            if not sound(drive, stop.plans[j]):
                return False
        if not drive.lower + reserve[size + j] <= stop.q[j] + least:
            return False
        if not stop.q[j] + most <= drive.upper - reserve[j]:
            return False
    return clear(drives, arm, look, stop, reserve[2 * size :])
