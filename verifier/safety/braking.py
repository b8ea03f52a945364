"""One driven joint: the commands that leave it room to brake, and the way it takes to a stop.

With T the period, v the speed now and w the speed after it, commands are held (zero-order hold):

    acceleration  q+ = q + T/2 v + T/2 w,   w = v + T u,    |w - v| <= a T  while braking
    rated         q+ = q + T w,             w = u,          |w - v| <= a T  (v: the command before)
    free          q+ = q + T w,             w = u,          w = 0 at once

Braking from w >= 0 at the rate a, T a each period and the rest in the last, covers in full
w^2 / 2a + (1 - f) f a T^2 / 2 <= w^2 / 2a + a T^2 / 8 (acceleration; f the fraction of a period at
the end), or w^2 / 2a - w T / 2 + f (1 - f) a T^2 / 2 (rated). With s the room that is left before w
counts, U - q - T/2 v or U - q, both say: it stops before U if (w + a T / 2)^2 <= 2 a s. So the
largest next speed is sqrt(2 a s) - a T / 2; a speed up to a T is gone after one more period, so
that min(s / T, a T) is allowed as well.

Never empty: a state that satisfies this condition for its own v and is braked satisfies it again
(T a less speed keeps v^2 / 2a + q, and w = 0 needs s >= 0 alone: T v / 2 <= v^2 / 2a + a T^2 / 8).
The conditions of the two sides do not meet, since braking moves w towards 0, which both allow.

Rounding. Position limits are taken inwards by (1 + |U|) 2^-40. The computed root is off by less
than 2^-51 of itself and the command by less than 2^-51 |w| / T, which shifts the stop by less than
2^-49 w^2 / a: less than what was taken away as long as w^2 / a < 500 (1 + |U|). A state that lies
in between is braked as hard as the box allows, and then stops before U itself.

Uncertainty. What is measured may differ from what is by e, a disturbance acts on the highest
derivative by at most d, and commands act `latency` periods late: the state is predicted through the
commands under way, with the error e' that follows. A reference brakes exactly; the baseline tracks
it, u = u_ref + k (q_ref - q) + c (v_ref - v). The difference to the reference then stays within
the tube of verifier/model/tube.py (after D. Mayne, M. Seron and S. Rakovic, Automatica 41, 2005).
Limits are tightened by the tube, braking by what the tracking may ask for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

from verifier.model.tube import Noise, Tube, noise_after, tube_of
from verifier.safety.plant import rounded_down, rounded_up

WIDEST = Fraction(10) ** 300
INWARDS = Fraction(1, 2**40)
SLOWER = 1 - Fraction(1, 2**40)
MOST_PERIODS = 1e9
PLANNED = 1 - Fraction(1, 2**30)
SLOWEST = Fraction(1, 2**16)


class Kind(IntEnum):
    FREE = 0
    RATED = 1
    ACCELERATION = 2


@dataclass(frozen=True, slots=True)
class Axis:
    """What is declared of one joint, exactly. Per second; `rate` is the largest change of the
    command, `disturbance` acts on the highest derivative. None leaves a side open."""

    order: int
    period: Fraction
    lower: Fraction
    upper: Fraction
    position_lower: Fraction | None = None
    position_upper: Fraction | None = None
    speed_lower: Fraction | None = None
    speed_upper: Fraction | None = None
    rate: Fraction | None = None
    alpha: Fraction | None = None
    speed_alpha: Fraction | None = None
    disturbance: Fraction = Fraction(0)
    position_error: Fraction = Fraction(0)
    speed_error: Fraction = Fraction(0)
    latency: int = 0


@dataclass(frozen=True, slots=True)
class Drive:
    """A joint in doubles, rounded inwards: what the guard knows of it. `ahead` and `behind` are the
    parts of w and of v in q+ - q; `slowing_down` brakes w > 0, `slowing_up` brakes w < 0. In one
    period no more than `share` of the room left to a limit of the speed is used up. An acceleration
    changes by at most `swing` from one period to the next, and by `ramp` where it is planned ahead
    (jerk.py); by anything if both are 0."""

    kind: Kind
    period: float
    ahead: float
    behind: float
    box_lower: float
    box_upper: float
    lower: float
    upper: float
    speed_lower: float
    speed_upper: float
    slowing_down: float
    slowing_up: float
    gain: float
    stiffness: float
    damping: float
    radius: float
    share: float
    swing: float = 0.0
    ramp: float = 0.0


def drive_of(axis: Axis) -> Drive | str:
    """The joint in doubles, or why it cannot be kept: a sentence without a full stop."""
    kind = Kind.ACCELERATION if axis.order == 2 else Kind.FREE if axis.rate is None else Kind.RATED
    if not axis.lower < 0 < axis.upper:
        return "its commands do not reach to both sides of 0"
    errors = axis.position_error, axis.speed_error
    noise = noise_after(axis.order, axis.latency * axis.period, *errors, axis.disturbance)
    tube = tube_of(axis.order, axis.period, min(-axis.lower, axis.upper), noise)
    down, up = _slowing(axis, kind, tube)
    if min(down, up) <= 0 or min(-axis.lower, axis.upper) <= tube.correction:
        return "what it may be off by takes more of the command than there is"
    slow_ramp = _ramp(axis, kind, noise)
    if isinstance(slow_ramp, str):
        return slow_ramp
    low = axis.position_lower if axis.position_lower is not None else -WIDEST
    high = axis.position_upper if axis.position_upper is not None else WIDEST
    low += tube.position + (1 + abs(low)) * INWARDS
    high -= tube.position + (1 + abs(high)) * INWARDS
    slow = axis.speed_lower if axis.speed_lower is not None else -WIDEST
    fast = axis.speed_upper if axis.speed_upper is not None else WIDEST
    slow, fast = slow * SLOWER + tube.speed, fast * SLOWER - tube.speed
    if low >= high or slow > 0 or fast < 0:
        return "its limits leave no room"
    period = axis.period
    half = period / 2
    gain = axis.alpha if axis.alpha is not None else (1 / period if kind is Kind.FREE else 0)
    return Drive(
        kind,
        float(period),
        float(half if kind is Kind.ACCELERATION else period),
        float(half if kind is Kind.ACCELERATION else 0),
        rounded_up(axis.lower),
        rounded_down(axis.upper),
        rounded_up(max(low, -WIDEST)),
        rounded_down(min(high, WIDEST)),
        rounded_up(max(slow, -WIDEST)),
        rounded_down(min(fast, WIDEST)),
        rounded_down(down),
        rounded_down(up),
        rounded_down(gain * SLOWER),
        float(tube.stiffness),
        float(tube.damping),
        rounded_up(tube.position),
        1.0
        if axis.speed_alpha is None
        else rounded_down(min(Fraction(1), axis.speed_alpha * period)),
        *slow_ramp,
    )


def _ramp(axis: Axis, kind: Kind, noise: Noise) -> tuple[float, float] | str:
    """The swing and the ramp; zeros where the command may change through its box at once."""
    most, change = max(-axis.lower, axis.upper), (axis.rate or Fraction(0)) * axis.period
    if kind is not Kind.ACCELERATION or axis.rate is None or change >= axis.upper - axis.lower:
        return 0.0, 0.0
    if not noise.silent:
        return "what is planned within a limit of the jerk may not be off by anything"
    if change < most * SLOWEST:
        return "its command takes too many periods to change"
    return rounded_down(change * SLOWER - most / 2**50), rounded_down(change * PLANNED)


def _slowing(axis: Axis, kind: Kind, tube: Tube) -> tuple[Fraction, Fraction]:
    """The rates at which w > 0 and w < 0 can surely be braked; for a free joint 1 (not used)."""
    match kind:
        case Kind.FREE:
            return Fraction(1), Fraction(1)
        case Kind.RATED:
            assert axis.rate is not None
            left = (axis.rate - tube.change / axis.period) * SLOWER
            return left, left
        case Kind.ACCELERATION:
            share = SLOWER if axis.rate is None else PLANNED
            return (-axis.lower - tube.correction) * share, (axis.upper - tube.correction) * share


# ---- what the guard does with it, operation by operation ---------------------------------------


def clamped(value: float, lower: float, upper: float) -> float:
    """`value` moved into [lower, upper]; bit by bit itself where it lies inside."""
    return upper if value > upper else lower if value < lower else value


def box(drive: Drive, position: float, speed: float) -> tuple[float, float]:
    """The commands from which the joint can still brake before its limits, within its box. Where
    there are none the first is above the second if errors are declared, since the reference still
    keeps the limits; else, and from outside, both are the end of the box that leads back."""
    above = (drive.upper - position) - drive.behind * speed
    below = (position - drive.lower) + drive.behind * speed
    high = _fastest(drive, above, drive.slowing_down)
    low = -_fastest(drive, below, drive.slowing_up)
    fast = shared(drive.speed_upper, speed, drive.share)
    slow = -shared(-drive.speed_lower, -speed, drive.share)
    high = fast if high > fast else high
    low = slow if low < slow else low
    box_low, box_high = drive.box_lower, drive.box_upper
    if drive.kind is Kind.ACCELERATION:
        high = (high - speed) / drive.period
        low = (low - speed) / drive.period
    elif drive.kind is Kind.RATED:
        box_high = clamped(speed + drive.slowing_up * drive.period, box_low, box_high)
        box_low = clamped(speed - drive.slowing_down * drive.period, box_low, box_high)
    if drive.stiffness > 0.0 and not astray(drive, position):
        return (low if low > box_low else box_low), (high if high < box_high else box_high)
    return clamped(low, box_low, box_high), clamped(high, box_low, box_high)


def astray(drive: Drive, position: float) -> bool:
    """Whether the joint is further out than its limits and all errors together allow."""
    return not (drive.lower - 2.0 * drive.radius <= position <= drive.upper + 2.0 * drive.radius)


def shared(limit: float, speed: float, share: float) -> float:
    """The largest next speed below the limit that leaves the share of the room to it."""
    if share >= 1.0 or not speed <= limit:
        return limit
    return speed + share * (limit - speed)


def _fastest(drive: Drive, room: float, slowing: float) -> float:
    """The largest next speed with this room before it counts."""
    if drive.kind is Kind.FREE:
        return drive.gain * room
    if not room >= 0.0:
        return room / drive.ahead
    speed = math.sqrt(2.0 * slowing * room) - 0.5 * slowing * drive.period
    slow, most = room / drive.period, slowing * drive.period
    slow = most if slow > most else slow
    speed = slow if speed < slow else speed
    soft = drive.gain * room
    return soft if drive.gain > 0.0 and soft < speed else speed


def next_speed(drive: Drive, speed: float, command: float) -> float:
    return speed + drive.period * command if drive.kind is Kind.ACCELERATION else command


def next_position(drive: Drive, position: float, speed: float, following: float) -> float:
    return position + (drive.behind * speed + drive.ahead * following)


def braked(drive: Drive, speed: float) -> tuple[float, float]:
    """The command that brakes, and the speed after it."""
    slowing = drive.slowing_down if speed > 0.0 else drive.slowing_up
    least = slowing * drive.period
    if drive.kind is Kind.FREE:
        return 0.0, 0.0
    if -least <= speed <= least:
        return (0.0 - speed / drive.period if drive.kind is Kind.ACCELERATION else 0.0), 0.0
    left = speed - least if speed > 0.0 else speed + least
    if drive.kind is Kind.RATED:
        return left, left
    return (-slowing if speed > 0.0 else slowing), left


def periods_to_stop(drive: Drive, speed: float) -> float:
    """Whole periods at the full rate, before the rest of the speed goes in one more."""
    if drive.kind is Kind.FREE:
        return 0.0
    slowing = drive.slowing_down if speed > 0.0 else drive.slowing_up
    periods = abs(speed) / (slowing * drive.period)
    return float(math.floor(periods if periods < MOST_PERIODS else MOST_PERIODS))


def travelled(drive: Drive, speed: float, full: float, periods: float) -> float:
    """How far the joint gets within so many periods of braking; `full` is periods_to_stop."""
    if drive.kind is Kind.FREE:
        return 0.0
    slowing = drive.slowing_down if speed > 0.0 else drive.slowing_up
    step = slowing * drive.period
    whole = full if full < periods else periods
    size = abs(speed)
    lost = whole + 1.0 if drive.kind is Kind.RATED else whole
    way = drive.period * whole * (size - 0.5 * step * lost)
    if periods > full and drive.kind is Kind.ACCELERATION:
        way += 0.5 * drive.period * (size - step * full)
    return way if speed > 0.0 else -way
