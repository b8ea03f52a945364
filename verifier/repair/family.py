"""What a family of curves is stated in: its task, its starts on [-1, 1], and what was solved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TypeAlias

from verifier.core.motion import Polytope, Starts, Vector

FEEDBACK_REGIONS = 5

CONSTANT = -1
Side: TypeAlias = tuple[list[tuple[int, float]], float, float]
"""A row with norm 1 by its entries, its bound, and the margin that is kept from it."""


Factors: TypeAlias = tuple[tuple[tuple[int, ...], tuple[tuple[float, ...], ...]], ...]
"""Coordinates, and the points in whose hull they lie, part by part."""


@dataclass(frozen=True, slots=True)
class Task:
    """Where from, through which regions in order, where to; `margin` is kept from every side.
    No family takes less than `least` seconds."""

    starts: Starts
    regions: tuple[Polytope, ...]
    end: Polytope
    speed_max: Vector
    acceleration_max: Vector
    moving: bool
    margin: float
    rigid: int = 0
    least: float = 0.0


@dataclass(frozen=True, slots=True)
class Frame:
    """The start as middle + half * u. Where the set is no box, u lies in a product of hulls, given
    by the coordinates and the points of each. `owned` names for each axis the parameters that may
    move it where the axes are kept apart; None where all may move each."""

    middle: tuple[Fraction, ...]
    half: tuple[Fraction, ...]
    factors: Factors | None
    owned: tuple[frozenset[int], ...] | None
    size: int
    rigid: int
    rooms: tuple[list[Side], ...]
    goal: list[Side]

    def parameters(self, axis: int, leg: int) -> tuple[int, ...]:
        """The parameters that may move this axis in the region with this number."""
        if leg >= FEEDBACK_REGIONS:
            return ()
        moving = [k for k, half in enumerate(self.half) if half > 0]
        if self.owned is not None:
            return tuple(k for k in moving if k in self.owned[axis])
        return tuple(moving)

    def corners(self, parameters: Sequence[int]) -> Iterator[dict[int, float]]:
        """Every combination of extreme values that the named parameters take."""
        if len(parameters) == 1:
            yield {parameters[0]: -1.0}
            yield {parameters[0]: 1.0}
            return
        if self.factors is not None:
            choices = []
            for axes, points in self.factors:
                here = [(i, k) for i, k in enumerate(axes) if k in parameters]
                if here:
                    seen = dict.fromkeys(tuple((k, point[i]) for i, k in here) for point in points)
                    choices.append(tuple(seen))
            for chosen in product(*choices):
                yield {k: u for part in chosen for k, u in part}
            return
        for signs in product((-1.0, 1.0), repeat=len(parameters)):
            yield dict(zip(parameters, signs, strict=True))


@dataclass(slots=True)
class Solved:
    """Durations, and the velocities at the knots: per knot and axis, parameter -> coefficient."""

    durations: list[float]
    velocities: list[list[dict[int, float]]]

    @property
    def total(self) -> float:
        return sum(self.durations)
