"""How a proposed command is brought within the limits of the hardware: clamped, scaled, rejected.

What is said of no policy is clamped by the filter, one component at a time. Scaling takes the
largest share of the whole command, at most 1, that keeps every component with this policy within
its bounds, so the direction of the command stays. Rejecting leaves the period to the baseline.
Bounds on the speed are bounds on the speed after the period.
"""

from __future__ import annotations

from dataclasses import dataclass

from verifier.safety.braking import Drive, Kind

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """Bounds of each joint, in doubles rounded inwards; beyond 1e299 where there are none."""

    command_lower: Vector
    command_upper: Vector
    speed_lower: Vector
    speed_upper: Vector


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is scaled, and what is rejected."""

    scaled: Sides
    rejected: Sides


def admitted(
    bounds: Bounds | None, drives: tuple[Drive, ...], v: Vector, proposed: Vector
) -> Vector | None:
    """The command that goes to the filter; None if it is rejected."""
    if bounds is None:
        return proposed
    share = 1.0
    for j, drive in enumerate(drives):
        low, high = _commands(bounds.rejected, drive, j, v[j])
        if not low <= proposed[j] <= high:
            return None
        low, high = _commands(bounds.scaled, drive, j, v[j])
        if proposed[j] > high:
            most = high / proposed[j] if high > 0.0 else 0.0
            share = most if most < share else share
        elif proposed[j] < low:
            most = low / proposed[j] if low < 0.0 else 0.0
            share = most if most < share else share
    if share >= 1.0:
        return proposed
    return tuple(share * u for u in proposed)


def _commands(sides: Sides, drive: Drive, j: int, v: float) -> tuple[float, float]:
    """Both bounds as bounds of the command."""
    low, high = sides.speed_lower[j], sides.speed_upper[j]
    if drive.kind is Kind.ACCELERATION:
        low, high = (low - v) / drive.period, (high - v) / drive.period
    least, most = sides.command_lower[j], sides.command_upper[j]
    return (low if low > least else least), (high if high < most else most)
