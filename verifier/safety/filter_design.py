"""From a model to its filter: axes to drives, clearances to rows, limits to what a proposal may do,
reserves to the switch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic
from verifier.core.evaluate import evaluate_term
from verifier.core.span import Span
from verifier.core.term import NOW
from verifier.model.control import Limit, Plant
from verifier.model.control import Switch as Declared
from verifier.model.interval import Interval
from verifier.model.pinned import all_pinned, pinned
from verifier.model.spring import spring_of
from verifier.model.values import Model
from verifier.safety.axes import Wheel, periods, wheels
from verifier.safety.braking import WIDEST, Drive, drive_of
from verifier.safety.clearance import Arm
from verifier.safety.filter import Filter, Guarded
from verifier.safety.plant import rounded_down, rounded_up
from verifier.safety.posture import Kept, Posture
from verifier.safety.proposal import Bounds, Sides
from verifier.safety.surroundings import arm_of
from verifier.safety.switch import Switch
from verifier.safety.weight import weight_of

Troubles = tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A filter, and the joints that its drives are."""

    guarded: Guarded
    wheels: tuple[Wheel, ...]


def needs_filter(model: Model) -> bool:
    """Whether more is declared than plain limits of joints whose speeds are commanded."""
    if any(pinned(barrier, model.robots) for barrier in model.barriers):
        return True
    return bool(model.clearances) or any(
        plant.latency
        or plant.disturbances
        or plant.errors
        or plant.rates
        or plant.baseline
        or plant.limits
        or plant.switch
        or plant.speeds
        for plant in model.plants
        if plant.inputs
    )


def guarded_of(model: Model, intervals: Sequence[Interval]) -> Fitted | Troubles:
    """The filter with its joints, or why there is none."""
    found = wheels(model, intervals)
    joints = tuple(each for each in found if isinstance(each, Wheel))
    troubles = [each for each in found if isinstance(each, Diagnostic)]
    troubles += _not_driven(joints, intervals)
    troubles += [trouble for each in joints for trouble in _gains(each, intervals)]
    drives = []
    for wheel in joints:
        drive = drive_of(wheel.axis)
        if isinstance(drive, str):
            what = f"`{wheel.position}` cannot be kept: {drive}"
            troubles.append(_unsupported(wheel.span, what, "declare what the hardware can do"))
        else:
            drives.append(drive)
    plants = [plant for plant in model.plants if plant.inputs]
    jumps = [limit for plant in plants for limit in plant.limits if limit.signal == "jump"]
    troubles += [trouble for each in jumps for trouble in _jump(model, each)]
    if troubles:
        return tuple(troubles)
    jump = min((each.upper[0] for each in jumps), default=None)
    arm = arm_of(model, drives, [wheel.position for wheel in joints], jump)
    if isinstance(arm, tuple):
        return arm
    lengths = {each.barrier.name: each.length for each in all_pinned(model.barriers, model.robots)}
    switch = _switch(plants, joints, arm, intervals, lengths)
    posture = _posture(model, plants, joints)
    troubles = [each for each in (switch, posture) if isinstance(each, Diagnostic)]
    if isinstance(switch, Diagnostic) or isinstance(posture, Diagnostic):
        return tuple(troubles)
    declared = next((plant.switch for plant in plants if plant.switch), None)
    design = Filter(tuple(drives), arm, plants[0].latency, _bounds(joints, drives), switch, posture)
    confidence = declared.confidence if declared else None
    weight = weight_of(model, joints)
    if isinstance(weight, tuple):
        return weight
    guarded = Guarded(
        design,
        tuple(wheel.position for wheel in joints),
        tuple(wheel.speed for wheel in joints),
        (confidence[0], rounded_up(confidence[1])) if confidence else None,
        declared.when if declared else None,
        weight,
    )
    return Fitted(guarded, joints)


def _unsupported(span: Span, what: str, advice: str) -> Diagnostic:
    return Diagnostic("plant-not-supported", span, what, (), advice)


def _not_driven(joints: Sequence[Wheel], intervals: Sequence[Interval]) -> list[Diagnostic]:
    driven = {wheel.position for wheel in joints} | {wheel.speed for wheel in joints}
    return [
        Diagnostic(
            code="barrier-not-supported",
            span=interval.barrier.span,
            message=f"no plant drives `{interval.state}`, which `{interval.barrier.name}` bounds",
            help="declare a plant with `der(q) = dq`, or `der(q) = v` and `der(v) = a`",
        )
        for interval in intervals
        if interval.state not in driven
    ]


def _gains(wheel: Wheel, intervals: Sequence[Interval]) -> list[Diagnostic]:
    found = []
    for interval in intervals:
        alpha, period = interval.barrier.alpha, wheel.plant.period
        if interval.state in (wheel.position, wheel.speed) and alpha and alpha * period > 1:
            message = f"alpha of `{interval.barrier.name}` times the period is {alpha * period}"
            help = f"write an alpha of at most {1 / period} 1/s"
            span = interval.barrier.span
            found.append(Diagnostic("barrier-gain", span, f"{message}, above 1", (), help))
    return found


def _jump(model: Model, limit: Limit) -> Iterator[Diagnostic]:
    if limit.policy != "reject":
        what = f"a jump is rejected, not brought within its bounds by `{limit.policy}`"
        yield _unsupported(limit.span, what, "write `reject jump in 0 .. 5 mm`")
    elif not model.clearances:
        what = "the tip that must not jump is that of a robot with a clearance, and there is none"
        yield _unsupported(limit.span, what, "declare `barrier … = clearance(robot, …, …)`")


# ---- baseline ----------------------------------------------------------------------------------


def _posture(
    model: Model, plants: Sequence[Plant], joints: Sequence[Wheel]
) -> Posture | Diagnostic | None:
    """The baseline that moves, if one is declared: of all joints, then."""
    baselines = [plant.baseline for plant in plants if plant.baseline is not None]
    if not any(b.kind == "impedance" for b in baselines):
        return None
    switch = next((plant.switch for plant in plants if plant.switch is not None), None)
    columns: list[tuple[float, float, float]] = []
    kept: list[Kept] = []
    for wheel in joints:
        baseline = wheel.plant.baseline
        if baseline is None or baseline.kind != "impedance":
            what = f"`{wheel.position}` has no posture, but another joint has one"
            return _unsupported(wheel.span, what, "write `baseline impedance(…)` for every plant")
        if wheel.axis.rate is not None:
            what = f"an impedance moves `{wheel.position}` at once, but its jerk is limited"
            return _unsupported(wheel.span, what, "write `baseline brake`, which plans its stop")
        place = wheel.plant.positions.index(wheel.position)
        each = (baseline.posture, baseline.stiffness, baseline.damping)
        gains = [float(values[place]) for values in each]
        columns.append((gains[0], gains[1], gains[2]))
        found = _kept(model, wheel, switch)
        if isinstance(found, Diagnostic):
            return found
        kept.append(found)
    position, stiffness, damping = zip(*columns, strict=True)
    return Posture(position, stiffness, damping, tuple(kept))


def _kept(model: Model, wheel: Wheel, switch: Declared | None) -> Kept | Diagnostic:
    """What the switch asks of the ellipsoid of a joint."""
    plant = wheel.plant
    about = model.stops.get(plant.name, ()), model.rows.get(plant.name, ())
    spring = spring_of(plant, wheel.position, *about)
    if spring is None:
        return Kept(0.0, 0.0, 0.0, 0.0, 0.0)
    reserves = switch.reserves if switch else ()
    leave, back = (
        spring.inside(spring.reserving(asked))
        for asked in ({r.barrier: r.leave for r in reserves}, {r.barrier: r.back for r in reserves})
    )
    if switch is not None and back <= 0:
        what = (
            f"the impedance keeps no set of `{wheel.position}` that the switch could hand over in"
        )
        help = "move the posture away from the limits, or ask for smaller reserves"
        return _unsupported(wheel.span, what, help)
    p, q, r = spring.shape
    sizes = (float(p), float(2 * q), float(r))
    return Kept(*sizes, rounded_down(leave), rounded_down(back))


# ---- proposals ---------------------------------------------------------------------------------


def _bounds(joints: Sequence[Wheel], drives: Sequence[Drive]) -> Bounds | None:
    policies = {limit.policy for wheel in joints for limit in wheel.plant.limits}
    if not policies & {"scale", "reject"}:
        return None
    return Bounds(_sides("scale", joints), _sides("reject", joints))


def _sides(policy: str, joints: Sequence[Wheel]) -> Sides:
    """The limits with this policy, as bounds of the command and of the speed."""
    commands, speeds = [], []
    for wheel in joints:
        command, speed = (-WIDEST, WIDEST), (-WIDEST, WIDEST)
        for limit in wheel.plant.limits:
            place = wheel.index if len(limit.lower) > 1 else 0
            sides = (limit.lower[place], limit.upper[place])
            second = wheel.axis.order == 2
            if limit.signal == "target":
                sides = (sides[0] / wheel.plant.period, sides[1] / wheel.plant.period)
            if limit.policy != policy:
                continue
            if limit.signal == ("acceleration" if second else "velocity"):
                command = _meet(command, sides)
            elif limit.signal in ("velocity", "target"):
                speed, command = (
                    (_meet(speed, sides), command) if second else (speed, _meet(command, sides))
                )
        commands.append(command)
        speeds.append(speed)
    return Sides(
        tuple(rounded_up(low) for low, _ in commands),
        tuple(rounded_down(high) for _, high in commands),
        tuple(rounded_up(low) for low, _ in speeds),
        tuple(rounded_down(high) for _, high in speeds),
    )


def _meet(
    one: tuple[Fraction, Fraction], other: tuple[Fraction, Fraction]
) -> tuple[Fraction, Fraction]:
    return max(one[0], other[0]), min(one[1], other[1])


# ---- switch ------------------------------------------------------------------------------------


def _switch(
    plants: Sequence[Plant],
    joints: Sequence[Wheel],
    arm: Arm | None,
    intervals: Sequence[Interval],
    lengths: Mapping[str, Fraction],
) -> Switch | Diagnostic | None:
    """The switch; `lengths` are the slopes of barriers about frames, by name."""
    declared = [(plant, plant.switch) for plant in plants if plant.switch is not None]
    if not declared:
        return None
    plant, switch = declared[0]
    if len(declared) > 1:
        what = "more than one plant has a switch"
        return _unsupported(declared[1][0].span, what, "one switch is for the whole robot")
    size = len(joints)
    lines = arm.rows if arm else ()
    leave, back = ([Fraction(0)] * (2 * size + len(lines)) for _ in range(2))
    for reserve in switch.reserves:
        places = [2 * size + k for k, line in enumerate(lines) if line.name == reserve.barrier]
        weights = [lengths.get(reserve.barrier, Fraction(1))] * len(places)
        for interval in intervals:
            if reserve.barrier in (interval.barrier.name, interval.barrier.family):
                place = _side(interval, joints)
                if place is None:
                    what = f"a reserve of `{reserve.barrier}` is not one of a joint's position"
                    return _unsupported(reserve.span, what, "name a clearance, or `q - lower`")
                places.append(place)
                weights.append(_slope(interval))
        for place, weight in zip(places, weights, strict=True):
            leave[place] = max(leave[place], reserve.leave / weight)
            back[place] = max(back[place], reserve.back / weight)
    return Switch(tuple(map(rounded_up, leave)), tuple(map(rounded_up, back)), _hold(switch, plant))


def _hold(switch: Declared, plant: Plant) -> int:
    return min(periods(switch.hold, plant.period), 2**31)


def _side(interval: Interval, joints: Sequence[Wheel]) -> int | None:
    """The row of a barrier that bounds one side of a position."""
    for k, wheel in enumerate(joints):
        if wheel.position == interval.state and (interval.lower is None) != (
            interval.upper is None
        ):
            return k if interval.lower is None else len(joints) + k
    return None


def _slope(interval: Interval) -> Fraction:
    """By how much an affine barrier changes for each unit of its state."""
    zero, one = ({(interval.state, NOW): Fraction(k)} for k in (0, 1))
    value = interval.barrier.value
    return abs(evaluate_term(value, one) - evaluate_term(value, zero))
