"""The world that motions go through, their limits, and transitions, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from verifier.core.motion import Plan, Problem, Solid
from verifier.core.region import Region
from verifier.core.span import Span
from verifier.core.unit import Dimension


@dataclass(frozen=True, slots=True)
class Place:
    """A fixed set of R^size, an `obstacle` or a `zone`: the union of closed convex `solids`, in
    base units of `dimension`. A solid of an obstacle holds what is nearer than its own clearance,
    too. `region` is the set itself where a formula can say it."""

    name: str
    kind: str
    size: int
    dimension: Dimension
    solids: tuple[Solid, ...]
    region: Region | None
    span: Span


@dataclass(frozen=True, slots=True)
class MotionLimits:
    """How transitions may move a variable; base units, one number for each of its scalars.

    `bodies` are what moves with it: hulls of points with a radius, at their places when the
    variable is zero; the body is not turned. `obstacles` and `zones` are names: what is avoided,
    and where motions have to stay, anywhere in the domain if there are none. `modifies` are the
    other scalars that change along. `velocity` are the scalars of the state that say how fast it
    moves; none where it rests before and after each transition.
    """

    member: str
    scalars: tuple[str, ...]
    speed: tuple[Fraction, ...]
    acceleration: tuple[Fraction, ...]
    clearance: Fraction
    bodies: tuple[Solid, ...]
    obstacles: tuple[str, ...]
    zones: tuple[str, ...]
    modifies: tuple[str, ...]
    velocity: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Transition:
    """How a skill moves a variable, for every start of a set.

    A start has the values at entry of the scalars `moved`, of their `velocity` where it is part of
    the state, and of those `rigid`, which the motion is relative to and which keep their values.
    The regions of the plan's pieces are not chosen yet and count as 0. `limits` is the name of the
    motion whose limits hold.
    """

    problem: Problem
    plan: Plan
    moved: tuple[str, ...]
    velocity: tuple[str, ...]
    rigid: tuple[str, ...]
    limits: str
    span: Span

    @property
    def start(self) -> tuple[str, ...]:
        """The scalars of a start, in order."""
        return (*self.moved, *self.velocity, *self.rigid)
