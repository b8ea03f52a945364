"""How far a joint that tracks its baseline may be from its reference, and what tracking asks for.

The reference brakes exactly; the joint follows it under u = u_ref - k (z + e) - c (s + f), where z
and s are its offsets in position and speed, e and f what the prediction is off by
(verifier/model/prediction.py), and d a disturbance of the acceleration. With T the period, b a
bandwidth, k = b^2 and c = 2 b - b^2 T / 2, both poles of the sampled loop are at 1 - b T, and with
y = b z + (1 - b T / 2) s, n = -k e - c f, and d_1, d_2 the means of d in the period,

    y+ = (1 - b T) y + T n + (1 - b T / 2) T d_1 + b T^2 / 2 d_2
    z+ = (1 - b T) z + T (1 - b T / 2) y + T^2 / 2 (n + d_2)
    s+ = (1 - T c) s - T k z + T (n + d_1)

so that |y| <= Y, |z| <= P, |s| <= V is kept once it holds, as soon as, with w >= |n| + |d|,

    Y >= w / b,   P >= ((1 - b T / 2) Y + T w / 2) / b,   V >= (k P + w) / c

(a robust invariant set by comparison, edge by edge; F. Blanchini, Set invariance in control,
Automatica 35, 1999). The correction k z + c s = b y + b s is at most b (Y + V) in it. A joint whose
speed is commanded has z+ = z - T k (z + e) + T d, which keeps |z| <= e + d / k. Obligations say all
this of the numbers (verifier/obligations/tracking.py). Noise is taken larger by 2^-20 of itself,
which pays for gains and commands that are rounded to doubles.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

TRACKING = Fraction(30)  # 1/s, the bandwidth of the baseline at short periods
FINE = 1 << 20
PAID = 1 + Fraction(1, 2**20)


@dataclass(frozen=True, slots=True)
class Noise:
    """How large everything is that a joint is not told of: what its predicted position and speed
    are off by, and the disturbance of its highest derivative."""

    position: Fraction
    speed: Fraction
    disturbance: Fraction

    @property
    def silent(self) -> bool:
        return not (self.position or self.speed or self.disturbance)


def noise_after(
    order: int, late: Fraction, error: Fraction, speed_error: Fraction, disturbance: Fraction
) -> Noise:
    """The noise of a joint whose commands act so much later, from the sizes of its errors."""
    if order == 1:
        return Noise(error + late * disturbance, Fraction(0), disturbance)
    drift = late * speed_error + late * late / 2 * disturbance
    return Noise(error + drift, speed_error + late * disturbance, disturbance)


@dataclass(frozen=True, slots=True)
class Tube:
    """How far the joint may be from its reference, the correction that this may take, and by how
    much that may change in a period, at its beginning too (for what has a rate). `edge` bounds
    bandwidth * position + (1 - bandwidth * T / 2) * speed, of a joint with both."""

    position: Fraction
    speed: Fraction
    correction: Fraction
    stiffness: Fraction
    damping: Fraction
    change: Fraction = Fraction(0)
    bandwidth: Fraction = Fraction(0)
    edge: Fraction = Fraction(0)


def tube_of(order: int, period: Fraction, strength: Fraction, noise: Noise) -> Tube:
    """The tube of a joint whose speed (order 1) or acceleration (order 2) is commanded, by at most
    `strength` to either side."""
    nothing = Fraction(0)
    if noise.silent:
        return Tube(nothing, nothing, nothing, nothing, nothing)
    return _of_speeds(period, strength, noise) if order == 1 else _of_accelerations(period, noise)


def _of_speeds(period: Fraction, strength: Fraction, noise: Noise) -> Tube:
    """Corrections take 2 k e + d: at most half of the strength, where a low k can do that."""
    nothing = Fraction(0)
    stiffness = min(Fraction(10), 1 / (2 * period))
    error, push = noise.position, noise.disturbance
    if error and strength > 2 * push:
        most = (strength / 2 - push) / (2 * error)
        stiffness = min(stiffness, Fraction(most * FINE // 1, FINE) or most)
    start = error + period * push
    radius = max(start, (error + push / stiffness) * PAID)
    correction = stiffness * (radius + error)
    drift = period * (correction + push)
    change = stiffness * (max(start, drift + error) + error)
    return Tube(radius, nothing, correction, stiffness, nothing, change)


def _of_accelerations(period: Fraction, noise: Noise) -> Tube:
    """The start is one period after a command was accepted, whose reference is the prediction."""
    bandwidth = min(TRACKING, Fraction(1, 5) / period)
    stiffness = bandwidth**2
    damping = 2 * bandwidth - stiffness * period / 2
    error, speed_error, push = noise.position, noise.speed, noise.disturbance
    total = (stiffness * error + damping * speed_error + push) * PAID
    rest = 1 - bandwidth * period / 2
    start = error + period * speed_error + period**2 / 2 * push
    speed_start = speed_error + period * push
    edge = max(total / bandwidth, bandwidth * start + rest * speed_start)
    position = max(start, (rest * edge + period * total / 2) / bandwidth)
    speed = max(speed_start, (stiffness * position + total) / damping)
    correction = (bandwidth * (edge + speed) + (stiffness * error + damping * speed_error)) * PAID
    return Tube(position, speed, correction, stiffness, damping, Fraction(0), bandwidth, edge)
