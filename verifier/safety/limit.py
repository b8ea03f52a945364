"""The joint-limit filter in closed form, for the plant q+ = q + T u with u in [a, b].

Let L <= q <= U be the safe interval and g = min(alpha, 1/T), with alpha in 1/s the gain of the
barrier, or 1/T where none is declared: the weakest filter that is safe. The command u is clamped to

    clamp(g (L - q), a, b)  <=  u  <=  clamp(g (U - q), a, b)

Safe: from q in [L, U] both sides enclose 0, since a <= 0 <= b, and T u <= T g (U - q) <= U - q, so
q+ <= U, likewise q+ >= L. Each affine factor of the barrier keeps at least the share 1 - T g of its
value in one step (the discrete class-K condition of Agrawal and Sreenath, RSS 2017), so T g <= 1.
From q outside, the command leads back inside, no faster than the box allows; nobody is pushed out.

Rounding. L is rounded up to a double, U down, the box inwards; g is multiplied by 1 - 2^-50 and
rounded down. Then the double fl(g fl(U - q)) is at most (1 + 2^-53)^2 g (1 - 2^-50) (U - q), which
is below g (U - q); a product that underflows is off by at most 2^-1074 rad/s. So in exact
arithmetic no limit is passed at all from a measured q inside, except by T 2^-1074 rad; a plant
simulated in doubles adds half a unit in the last place of q, 2.3e-16 rad for |q| < 4: far below
1e-9 rad.

`limited` is the Python meaning, operation by operation the same as the emitted C.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic
from verifier.core.span import Span
from verifier.model.control import Barrier
from verifier.model.interval import Interval, interval_of
from verifier.model.pinned import pinned
from verifier.model.values import Model
from verifier.safety.affine import Affine
from verifier.safety.affine_design import affine_of, needs_affine
from verifier.safety.filter import Guarded
from verifier.safety.filter_design import Fitted, guarded_of, needs_filter
from verifier.safety.plant import Integrator, integrators, rounded_down, rounded_up

SHRINK = 1 - Fraction(1, 2**50)
WIDEST = Fraction(10) ** 300


@dataclass(frozen=True, slots=True)
class Bounds:
    """The interval of one state scalar in doubles, rounded inwards, and the gain in 1/s."""

    state: str
    lower: float
    upper: float
    gain: float


@dataclass(frozen=True, slots=True)
class Joint:
    """One component of a command: the box of the hardware, and the bounds of what it drives."""

    input: str
    index: int
    lower: float
    upper: float
    bounds: Bounds | None
    state: str | None
    barriers: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Command:
    """An input of a plant, with the numbers of its joints in `Loop.joints`."""

    name: str
    joints: tuple[int, ...]
    period: Fraction
    span: Span


@dataclass(frozen=True, slots=True)
class Loop:
    """The last stages before the motors; `joints` in the order of the commands. `guarded` says how
    they are kept where that takes more than limits: by braking, drive by joint, or under a written
    baseline."""

    commands: tuple[Command, ...]
    joints: tuple[Joint, ...]
    guarded: Guarded | Affine | None = None

    @property
    def driven(self) -> frozenset[str]:
        """The state scalars that the commands drive: pushed back, not refused, when outside."""
        names = {joint.state for joint in self.joints if joint.state is not None}
        if isinstance(self.guarded, Guarded):
            names |= {name for name in self.guarded.speeds if name is not None}
        elif self.guarded is not None:
            names |= set(self.guarded.states)
        return frozenset(names)


def safety_loop(model: Model) -> Loop | tuple[Diagnostic, ...]:
    """The filter and the limits of the model's plants, or why there are none."""
    if needs_affine(model):
        return _affine(model)
    flat = [each for each in model.barriers if pinned(each, model.robots) is None]
    intervals = [interval_of(barrier) for barrier in flat]
    troubles = [trouble for trouble in intervals if isinstance(trouble, Diagnostic)]
    if needs_filter(model):
        return tuple(troubles) or _guarded(model, [i for i in intervals if isinstance(i, Interval)])
    plants = integrators(model)
    troubles += [trouble for trouble in plants if isinstance(trouble, Diagnostic)]
    if troubles:
        return tuple(troubles)
    axes = [axis for axis in plants if isinstance(axis, Integrator)]
    known = [interval for interval in intervals if isinstance(interval, Interval)]
    troubles += _not_driven(known, axes)
    joints: list[Joint] = []
    for axis in axes:
        joint = _joint(axis, [i for i in known if i.state == axis.state])
        if isinstance(joint, Diagnostic):
            troubles.append(joint)
        else:
            joints.append(joint)
    return tuple(troubles) if troubles else Loop(_commands(model, joints), tuple(joints))


def _guarded(model: Model, intervals: list[Interval]) -> Loop | tuple[Diagnostic, ...]:
    found = guarded_of(model, intervals)
    if not isinstance(found, Fitted):
        return found
    drives = found.guarded.filter.drives
    joints = [
        Joint(
            wheel.input.name,
            wheel.index,
            drive.box_lower,
            drive.box_upper,
            None,
            wheel.position,
            wheel.barriers,
            wheel.span,
        )
        for wheel, drive in zip(found.wheels, drives, strict=True)
    ]
    return Loop(_commands(model, joints), tuple(joints), found.guarded)


def _affine(model: Model) -> Loop | tuple[Diagnostic, ...]:
    found = affine_of(model)
    if not isinstance(found, Affine):
        return found
    inputs = [
        (plant, command, index)
        for plant in model.plants
        for command in plant.inputs
        for index in range(command.size)
    ]
    joints = [
        Joint(
            command.name,
            index,
            low,
            high,
            None,
            None,
            tuple(
                row.barrier.name
                for row in model.rows.get(plant.name, ())
                if command.scalars[index] in dict(row.gains)
            ),
            command.span,
        )
        for (plant, command, index), low, high in zip(
            inputs, found.box.lower, found.box.upper, strict=True
        )
    ]
    return Loop(_commands(model, joints), tuple(joints), found)


def _commands(model: Model, joints: list[Joint]) -> tuple[Command, ...]:
    return tuple(
        Command(
            command.name,
            tuple(k for k, joint in enumerate(joints) if joint.input == command.name),
            plant.period,
            command.span,
        )
        for plant in model.plants
        for command in plant.inputs
    )


def _not_driven(intervals: list[Interval], axes: list[Integrator]) -> list[Diagnostic]:
    driven = {axis.state for axis in axes}
    return [
        Diagnostic(
            code="barrier-not-supported",
            span=interval.barrier.span,
            message=f"no plant drives `{interval.state}`, which `{interval.barrier.name}` bounds",
            help="declare a plant with `der(q) = dq`",
        )
        for interval in intervals
        if interval.state not in driven
    ]


def _joint(axis: Integrator, intervals: list[Interval]) -> Joint | Diagnostic:
    joint = Joint(
        axis.input,
        axis.index,
        rounded_up(axis.lower),
        rounded_down(axis.upper),
        None,
        axis.state,
        tuple(interval.barrier.name for interval in intervals),
        axis.span,
    )
    if axis.state is None or not intervals:
        return joint
    for interval in intervals:
        trouble = _gain_trouble(interval.barrier, axis.period)
        if trouble is not None:
            return trouble
    lower = max([i.lower for i in intervals if i.lower is not None], default=-WIDEST)
    upper = min([i.upper for i in intervals if i.upper is not None], default=WIDEST)
    low, high = rounded_up(max(lower, -WIDEST)), rounded_down(min(upper, WIDEST))
    if low > high:
        return Diagnostic(
            code="barrier-not-supported",
            span=intervals[-1].barrier.span,
            message=f"the barriers leave no room for `{axis.state}`",
            help="let the lower limit lie below the upper one",
        )
    gain = min([i.barrier.alpha or 1 / axis.period for i in intervals])
    bounds = Bounds(axis.state, low, high, rounded_down(gain * SHRINK))
    return replace(joint, bounds=bounds)


def _gain_trouble(barrier: Barrier, period: Fraction) -> Diagnostic | None:
    if barrier.alpha is None or 0 < barrier.alpha * period <= 1:
        return None
    return Diagnostic(
        code="barrier-gain",
        span=barrier.span,
        message=f"alpha of `{barrier.name}` times the period is {barrier.alpha * period}, "
        "not above 0 and at most 1",
        help=f"write an alpha of at most {1 / period} 1/s",
    )


# ---- what the filter does ----------------------------------------------------------------------


def clamped(value: float, lower: float, upper: float) -> float:
    """`value` moved into [lower, upper]; bit by bit itself where it lies inside."""
    if value > upper:
        return upper
    return lower if value < lower else value


def limited(joint: Joint, proposed: float, position: float | None) -> float:
    """The command nearest to the finite `proposed` that keeps the joint and the box."""
    if joint.bounds is None or position is None:
        return clamped(proposed, joint.lower, joint.upper)
    bounds = joint.bounds
    low = clamped(bounds.gain * (bounds.lower - position), joint.lower, joint.upper)
    high = clamped(bounds.gain * (bounds.upper - position), joint.lower, joint.upper)
    return clamped(proposed, low, high)


def outside(joint: Joint, position: float) -> bool:
    """Whether the measured position lies outside the bounds."""
    bounds = joint.bounds
    return bounds is not None and not bounds.lower <= position <= bounds.upper
