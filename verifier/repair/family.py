"""What a family of curves is stated in: its task, its starts on [-1, 1], and what was solved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TypeAlias

from verifier.core.motion import Box, Hull, Polytope, Vector

FEEDBACK_REGIONS = 5

Expression: TypeAlias = list[tuple[int, float]]
"""A linear form over the program's columns."""
Form: TypeAlias = dict[int, Expression]
"""An affine function of the normalized start: parameter -> coefficient; -1 is the constant."""
CONSTANT = -1
Side: TypeAlias = tuple[list[tuple[int, float]], float, float]
"""A row with norm 1 by its entries, its bound, and the margin that is kept from it."""


@dataclass(frozen=True, slots=True)
class Task:
    """Where from, through which regions in order, where to; `margin` is kept from every side."""

    starts: Box | Hull
    regions: tuple[Polytope, ...]
    end: Polytope
    speed_max: Vector
    acceleration_max: Vector
    moving: bool
    margin: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The start as middle + half * u. `vertices` of u are listed where the set is no box."""

    middle: tuple[Fraction, ...]
    half: tuple[Fraction, ...]
    vertices: tuple[tuple[float, ...], ...] | None
    diagonal: bool
    size: int
    rooms: tuple[list[Side], ...]
    goal: list[Side]

    def parameters(self, axis: int, leg: int) -> tuple[int, ...]:
        """The parameters that may move this axis in the region with this number."""
        if leg >= FEEDBACK_REGIONS:
            return ()
        moving = [k for k, half in enumerate(self.half) if half > 0]
        if self.diagonal:
            return tuple(k for k in moving if k % self.size == axis)
        return tuple(moving)

    def corners(self, parameters: Sequence[int]) -> Iterator[dict[int, float]]:
        """Every combination of extreme values that the named parameters take."""
        if self.vertices is not None:
            yield from ({k: u[k] for k in parameters} for u in self.vertices)
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
