"""The fastest motion where nothing is in the way: each axis at its own trapezoid of speed, exactly.

A box of starts goes into a box of ends through one region. Along an axis with the way D, affine in
the start and d at most, a trapezoid over T seconds with ramps of r seconds needs the speed
d / (T - r) and the acceleration d / (r (T - r)); the greatest r that the speed allows,
min(T / 2, T - d / v), needs the least acceleration. So T is reached if and only if that r does, and
no motion takes less than the worst axis (Bryson and Ho, Applied Optimal Control, 3.9).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from verifier.core.motion import Affine, Box, Motion, Piece, Polytope
from verifier.repair.family import Task
from verifier.repair.space import extent

ZERO = Fraction(0)
DIGITS = range(2, 13)
NEAR = 1.0005  # times the least time, where few digits are preferred


@dataclass(frozen=True, slots=True)
class Way:
    """Along an axis: how far starts at either end of it go, and the limits."""

    low: Fraction
    high: Fraction
    first: Fraction
    last: Fraction
    speed: Fraction
    acceleration: Fraction

    @property
    def longest(self) -> Fraction:
        return max(abs(self.first), abs(self.last))

    def ramp(self, time: Fraction) -> Fraction:
        """The longest ramp with which the speed is kept, or 0."""
        return max(ZERO, min(time / 2, time - self.longest / self.speed))

    def keeps(self, time: Fraction, ramp: Fraction) -> bool:
        """Whether both limits are kept with this ramp."""
        power = self.acceleration * ramp * (time - ramp)
        return ramp <= self.ramp(time) and self.longest <= power


def straight(task: Task, allowed: Fraction | None) -> Motion | None:
    """The motion of least duration, or of one with few digits near it, at most `allowed`; None
    where there is none in one region from a box to a box, at rest."""
    if task.moving or task.rigid or len(task.regions) != 1 or not isinstance(task.starts, Box):
        return None
    ways = _ways(task, task.starts)
    if ways is None or not any(way.longest for way in ways):
        return None
    hull = Box(
        tuple(min(way.low, way.low + way.first) for way in ways),
        tuple(max(way.high, way.high + way.last) for way in ways),
    )
    if not _holds(task.regions[0], hull):
        return None
    time = next(_times(task.least, ways, allowed), None)
    return None if time is None else _motion(ways, time)


def _ways(task: Task, starts: Box) -> list[Way] | None:
    """The shortest way along each axis, the same for all starts where it can be; None where the end
    is no box."""
    low, high = extent(task.arrival, len(task.speed_max))
    if any(sum(1 for a in row if a) != 1 for row in task.end.rows):
        return None
    limits = zip(task.speed_max, task.acceleration_max, strict=True)
    sides = zip(starts.lower, starts.upper, low, high, limits, strict=True)
    ways = []
    for begin, end, below, above, (speed, acceleration) in sides:
        if below is not None and above is not None and below > above:
            return None
        first, last = _step(begin, below, above), _step(end, below, above)
        if not _step(end + first, below, above):
            last = first
        elif not _step(begin + last, below, above):
            first = last
        ways.append(Way(begin, end, first, last, speed, acceleration))
    return ways


def _step(x: Fraction, below: Fraction | None, above: Fraction | None) -> Fraction:
    """How far it is into the interval."""
    if below is not None and x < below:
        return below - x
    return above - x if above is not None and x > above else ZERO


def _holds(body: Polytope, box: Box) -> bool:
    """Whether all of the box lies in the body."""
    return all(
        sum(
            (
                a * (high if a > 0 else low)
                for a, low, high in zip(row, box.lower, box.upper, strict=True)
                if a
            ),
            ZERO,
        )
        <= bound
        for row, bound in zip(body.rows, body.bounds, strict=True)
    )


def _times(least: float, ways: Sequence[Way], allowed: Fraction | None) -> Iterator[Fraction]:
    """Times that are long enough, those with few digits first."""
    for digits in DIGITS:
        scale = 10**digits
        time = Fraction(-int(-least * (1 - 1e-12) * scale // 1), scale)
        if (allowed is not None and time > allowed) or float(time) > NEAR * least:
            continue
        if all(way.keeps(time, way.ramp(time)) for way in ways):
            yield time
    if allowed is not None and all(way.keeps(allowed, way.ramp(allowed)) for way in ways):
        yield allowed


def _motion(ways: Sequence[Way], time: Fraction) -> Motion:
    """The trapezoids, with as few different ramps as they need."""
    ramps: list[Fraction] = []
    for way in sorted(ways, key=lambda way: way.ramp(time)):
        if way.longest and not (ramps and way.keeps(time, ramps[-1])):
            ramps.append(way.ramp(time))
    chosen = [next((r for r in ramps if way.keeps(time, r)), ramps[0]) for way in ways]
    knots = sorted({ZERO, time, *ramps, *(time - r for r in ramps)})
    pieces = []
    for begin, end in pairwise(knots):
        tau = end - begin
        shares = []
        for ramp in chosen:
            one = _share(time, ramp, begin)
            shares.append((one, one + tau / 2 * _speed(time, ramp, begin), _share(time, ramp, end)))
        points = tuple(
            tuple(_point(ways, axis, share[k]) for axis, share in enumerate(shares))
            for k in range(3)
        )
        pieces.append(Piece(tau, 0, points))
    return Motion(tuple(pieces))


def _speed(time: Fraction, ramp: Fraction, now: Fraction) -> Fraction:
    """The part of the way per second."""
    return min(ramp, now, time - now) / (ramp * (time - ramp))


def _share(time: Fraction, ramp: Fraction, now: Fraction) -> Fraction:
    """The part of the way that is behind."""
    if now <= ramp:
        return now * now / (2 * ramp * (time - ramp))
    if now <= time - ramp:
        return (now - ramp / 2) / (time - ramp)
    return 1 - _share(time, ramp, time - now)


def _point(ways: Sequence[Way], axis: int, share: Fraction) -> Affine:
    """The start moved on by this part of its way."""
    way = ways[axis]
    slope = (way.last - way.first) / (way.high - way.low) if way.high > way.low else ZERO
    linear = [ZERO] * len(ways)
    linear[axis] = 1 + share * slope
    return Affine(share * (way.first - slope * way.low), tuple(linear))
