"""The settled safety loop: robots, plants, barriers and what is declared about them. Plain values.

All numbers are exact, in base units. A scalar of a vector `q` is named `q[1]`, of an input `dq` of
one component `dq`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from verifier.core.enclosure import Range
from verifier.core.span import Span
from verifier.core.term import NOW, Formula, Key, Term, Variable, term_variables
from verifier.core.unit import Unit
from verifier.model import urdf

# ---- robots ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Robot:
    """A chain of links read from a URDF file; `joints` are the state scalars that move it, one for
    each of its moving joints, in order."""

    name: str
    chain: urdf.Chain
    joints: tuple[str, ...]
    span: Span


# ---- plants ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Input:
    """A command of a plant, or a disturbance: a real vector of `size` with a bounded box, or a
    number if it is not `indexed`."""

    name: str
    size: int
    unit: Unit | None
    lower: tuple[Fraction, ...]
    upper: tuple[Fraction, ...]
    span: Span
    indexed: bool = True

    @property
    def scalars(self) -> tuple[str, ...]:
        """The names of its components, as terms read them."""
        if not self.indexed:
            return (self.name,)
        return tuple(f"{self.name}[{k}]" for k in range(1, self.size + 1))


@dataclass(frozen=True, slots=True)
class Derivative:
    """`der(variable) = rates`, one term for each of its scalars `states`; the terms read state
    scalars, input scalars and scalars of disturbances."""

    variable: str
    states: tuple[str, ...]
    rates: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box around something of a plant: how far the measured value of the state variable `name`
    may lie from the true one, or how fast the input `name` may change, per second."""

    name: str
    lower: tuple[Fraction, ...]
    upper: tuple[Fraction, ...]
    span: Span


BaselineKind: TypeAlias = Literal["brake", "hold", "impedance", "law"]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The command that is known to be safe: the filter's fallback and the switch's other side.

    `law` has one term over the state for each input scalar; it is empty where the kind and the
    plant say it: `brake` slows every joint down as fast as its input allows and then stands,
    `hold` commands 0. Of an `impedance`, the law is
    stiffness * (posture - position) - damping * speed. `gravity` is the robot whose weight the
    motors bear beside every command, which are torques then; None where commands need none.
    """

    kind: BaselineKind
    law: tuple[Term, ...]
    posture: tuple[Fraction, ...]
    stiffness: tuple[Fraction, ...]
    damping: tuple[Fraction, ...]
    span: Span
    gravity: str | None = None


Policy: TypeAlias = Literal["clamp", "scale", "reject"]
SIGNALS = ("position", "velocity", "acceleration", "jerk", "torque", "step", "target", "jump")


@dataclass(frozen=True, slots=True)
class Limit:
    """A hardware limit, one interval a joint (one alone for `jump`), in base units.

    `signal` is one of SIGNALS. Of the command: its position, velocity, acceleration, jerk or
    torque. `step` is the change of the command from one period to the next, `target` the distance
    of a commanded position from the measured one (`max_relative_target` of learned-policy stacks),
    `jump` the way of the tip in one period.
    """

    policy: Policy
    signal: str
    lower: tuple[Fraction, ...]
    upper: tuple[Fraction, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Reserve:
    """The switch leaves the learned command before `barrier` falls below `leave`, and comes back
    when it has reached `back`; in the barrier's unit, 0 <= leave <= back. A family by its name."""

    barrier: str
    leave: Fraction
    back: Fraction
    span: Span


@dataclass(frozen=True, slots=True)
class Switch:
    """When the baseline takes over, and when it gives back: after `hold` seconds without a hazard
    in which `when` held too. `confidence` is a scalar and the value below which it counts as a
    hazard: it is advisory, and can only make the switch earlier."""

    reserves: tuple[Reserve, ...]
    hold: Fraction
    when: Formula | None
    confidence: tuple[str, Fraction] | None


@dataclass(frozen=True, slots=True)
class Plant:
    """`period` in seconds, 0 for a plant without inputs; `latency` in whole periods, from sample to
    the command's effect. `measured` names which of `period`, `latency`, `grid`, the inputs,
    disturbances, errors and rates were measured; all others are assumed. The stamps of samples are
    whole multiples of `grid` seconds apart, if it is declared."""

    name: str
    inputs: tuple[Input, ...]
    dynamics: tuple[Derivative, ...]
    period: Fraction
    span: Span
    latency: int = 0
    disturbances: tuple[Input, ...] = ()
    errors: tuple[Bounds, ...] = ()
    rates: tuple[Bounds, ...] = ()
    baseline: Baseline | None = None
    limits: tuple[Limit, ...] = ()
    switch: Switch | None = None
    measured: frozenset[str] = frozenset()
    grid: Fraction | None = None

    @property
    def rates_of(self) -> dict[str, Term]:
        """The derivative of each state scalar."""
        return {
            state: rate
            for each in self.dynamics
            for state, rate in zip(each.states, each.rates, strict=True)
        }

    @property
    def speeds(self) -> dict[str, str]:
        """The state scalar that is the derivative of another one, by that other one."""
        rates = self.rates_of
        return {
            state: rate.name
            for state, rate in rates.items()
            if isinstance(rate, Variable) and rate.name in rates
        }

    def error_of(self, state: str) -> Range:
        """Between what bounds the measured value of a state scalar minus the true one lies."""
        for derivative in self.dynamics:
            for error in self.errors:
                if error.name == derivative.variable and state in derivative.states:
                    place = derivative.states.index(state)
                    return error.lower[place], error.upper[place]
        return Fraction(0), Fraction(0)

    @property
    def positions(self) -> tuple[str, ...]:
        """The state scalars that say where the joints are: those that an input drives, directly or
        through their speed, and that are no speed of another one."""
        commands = {scalar for each in self.inputs for scalar in each.scalars}
        rates, speeds = self.rates_of, self.speeds
        driven = {s for s in rates if any(n in commands for n, _ in term_variables(rates[s]))}
        return tuple(
            state
            for state in rates
            if state not in speeds.values() and (state in driven or speeds.get(state) in driven)
        )


# ---- barriers ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Barrier:
    """`value >= 0` is safe. One for each index of a family: `joint_limit[3]`.

    `alpha` in 1/s, or None. `margin` is what the row keeps back for the motion between samples, in
    the unit of the value per second to the power of the relative degree; None for the bound on the
    remainder. `start` is where the system begins, `keeps` what the barrier is there for.
    """

    name: str
    value: Term
    alpha: Fraction | None
    span: Span
    text: str
    family: str = ""
    margin: Fraction | None = None
    start: Formula | None = None
    keeps: tuple[Formula, ...] = ()


@dataclass(frozen=True, slots=True)
class Clearance:
    """Every collision sphere of the robot keeps `least` metres from `other`: an obstacle, a zone,
    or the robot itself, whose links that are no neighbours then keep it from each other. A negative
    `least` lets a sphere press in so far. With `inside` it stays inside of `other`, a convex zone
    or obstacle with flat sides, that far from each side."""

    name: str
    robot: str
    other: str
    least: Fraction
    alpha: Fraction | None
    span: Span
    text: str
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Waiver:
    """That `rule` of `subject`, a barrier, a family or a plant, may stay unproved, and why."""

    rule: str
    subject: str
    reason: str
    span: Span


def boxes(inputs: Sequence[Input]) -> dict[Key, Range]:
    """The range of each scalar of inputs or disturbances."""
    return {
        (name, NOW): (low, high)
        for each in inputs
        for name, low, high in zip(each.scalars, each.lower, each.upper, strict=True)
    }


def moves(plant: Plant, robot: Robot | None) -> bool:
    """Whether the plant moves a joint of the robot."""
    return robot is not None and not plant.rates_of.keys().isdisjoint(robot.joints)
