"""What a plant declares about the stages around its filter: baseline, switch, hardware limits."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import cast

from verifier.core.diagnostic import Label, near_miss
from verifier.core.span import Span
from verifier.core.term import Real, Variable, multiply, number, subtract
from verifier.core.unit import ANGLE, FORCE, LENGTH, NONE, TIME, TORQUE, UNITS, Dimension, Unit
from verifier.model import expression as settled
from verifier.model.arguments import Space, arguments, constants_in, wanted
from verifier.model.control import (
    SIGNALS,
    Baseline,
    BaselineKind,
    Limit,
    Plant,
    Policy,
    Reserve,
    Switch,
)
from verifier.model.expression import Context, formula, in_unit, scalar, settle
from verifier.model.quantity import Quantity, Value, fail, kind
from verifier.model.region import box_in
from verifier.model.robot import robot
from verifier.model.scope import Scope
from verifier.model.values import StateVariable
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression

HELP_BASELINE = (
    "write `brake`, `hold`, `impedance(posture = …, stiffness = …, damping = …)`, or one term for"
    " each input in brackets"
)
POLICIES = ("clamp", "scale", "reject")


# ---- the baseline ------------------------------------------------------------------------------


def baseline(written: tree.Expression | None, plant: Plant, at: Context) -> Baseline | None:
    """The settled baseline, None where the plant names none. Raises SourceError."""
    match written:
        case None:
            return None
        case tree.Reference("brake", span):
            return Baseline("brake", (), (), (), (), span)
        case tree.Reference("hold", span):
            return Baseline("hold", (), (), (), (), span)
        case tree.Call(function) if function.text in ("brake", "hold"):
            kind_of = cast(BaselineKind, function.text)
            return Baseline(kind_of, (), (), (), (), written.span, _weighed(written, plant, at))
        case tree.Call(function) if function.text == "impedance":
            return _impedance(written, plant, at)
        case tree.ListLiteral():
            return _law(written, plant, at)
        case _:
            fail(
                "unknown-baseline",
                written.span,
                f"`{format_expression(written)}` is no baseline",
                help=HELP_BASELINE,
            )


def _weighed(call: tree.Call, plant: Plant, at: Context) -> str:
    """The robot that `brake(gravity = robot)` names, whose joints the plant accelerates."""
    found = arguments(call, "gravity")
    (body,) = wanted(call, found, "gravity")
    if not isinstance(body, tree.Reference) or body.name not in at.scope.robots:
        fail(
            "unknown-name",
            body.span,
            f"there is no robot `{format_expression(body)}`",
            help=near_miss(format_expression(body), at.scope.robots),
        )
    arm = robot(at.scope, body.name)
    if not set(arm.joints) <= set(plant.positions) or not set(arm.joints) <= set(plant.speeds):
        fail(
            "unknown-baseline",
            body.span,
            f"`{plant.name}` does not accelerate every joint of `{body.name}`",
            help="torques accelerate: give the plant `der(q) = v` and `der(v) = a`",
        )
    idle = arm.chain.weightless
    if idle is not None:
        fail(
            "urdf-inertia",
            idle.span,
            f"nothing that joint `{idle.name}` moves before the next one has a mass",
            help="add `<inertial>` with a mass to its link",
        )
    return body.name


def _law(written: tree.ListLiteral, plant: Plant, at: Context) -> Baseline:
    wanted_units = [(each.name, each.unit) for each in plant.inputs for _ in each.scalars]
    if len(wanted_units) != len(written.items):
        fail(
            "shape-mismatch",
            written.span,
            f"{len(written.items)} terms are given for {len(wanted_units)} inputs",
        )
    law = tuple(
        in_unit(scalar(item, at), unit.dimension if unit else NONE, unit, item)
        for item, (_, unit) in zip(written.items, wanted_units, strict=True)
    )
    return Baseline("law", law, (), (), (), written.span)


def _impedance(call: tree.Call, plant: Plant, at: Context) -> Baseline:
    """stiffness * (posture - position) - damping * speed, joint by joint."""
    found = arguments(call, "posture", "stiffness", "damping")
    posture, stiffness, damping = wanted(call, found, "posture", "stiffness", "damping")
    joints, speeds = plant.positions, plant.speeds
    if not all(joint in speeds for joint in joints):
        fail(
            "unknown-baseline",
            call.span,
            "an impedance needs the speeds of the joints as states",
            help="give the plant `der(q) = v` and `der(v) = …`, or take `hold`",
        )
    unit = _unit_of(joints, at.scope, call.span)
    command = plant.inputs[0].unit
    force = command.dimension if command else NONE
    place = Space(len(joints), unit.dimension, unit)
    aim = constants_in(posture, place, at)
    spring = _gains(stiffness, force / unit.dimension, len(joints), at)
    damper = _gains(damping, force / unit.dimension * TIME, len(joints), at)
    law = tuple(
        subtract(
            multiply(number(k), subtract(number(x), Variable(joint))),
            multiply(number(d), Variable(speeds[joint])),
        )
        for joint, x, k, d in zip(joints, aim, spring, damper, strict=True)
    )
    return Baseline("impedance", law, aim, spring, damper, call.span)


def _gains(
    written: tree.Expression, dimension: Dimension, size: int, at: Context
) -> tuple[Fraction, ...]:
    """One gain for all joints, or one for each; none is negative."""
    value: Value = settle(written, at)
    if isinstance(value, Quantity):
        gains = (settled.number(written, dimension, Unit("", Fraction(1), dimension), at),) * size
    else:
        gains = constants_in(written, Space(size, dimension, Unit("", Fraction(1), dimension)), at)
    if min(gains) < 0:
        fail("bad-gain", written.span, "the gains of an impedance are not negative")
    return gains


def _unit_of(scalars: tuple[str, ...], scope: Scope, span: Span) -> Unit:
    """The unit that the joints share."""
    found = {_variable(name, scope) for name in scalars}
    kinds = {v.sort.dimension for v in found if isinstance(v.sort, Real)}
    if len(kinds) != 1:
        fail(
            "wrong-type",
            span,
            "this needs a plant whose joints are all of one kind",
            help="declare a plant for those that turn and one for those that slide",
        )
    (variable, *_) = sorted(found, key=lambda v: v.name)
    return variable.unit or Unit("1", Fraction(1), kinds.pop())


def _variable(scalar_name: str, scope: Scope) -> StateVariable:
    for name in (scalar_name, scalar_name.rpartition("[")[0], scalar_name.rpartition(".")[0]):
        if name in scope.variables:
            return scope.variables[name]
    raise AssertionError(scalar_name)


# ---- limits ------------------------------------------------------------------------------------


def limits(declaration: tree.PlantDeclaration, plant: Plant, scope: Scope) -> tuple[Limit, ...]:
    """The hardware limits of the plant. Raises SourceError."""
    boxes = [
        part
        for part in declaration.parts
        if isinstance(part, tree.PlantBox) and part.kind in POLICIES
    ]
    found: dict[str, Limit] = {}
    for part in boxes:
        limit = _limit(part, plant, scope)
        if limit.signal in found:
            fail(
                "duplicate-clause",
                part.span,
                f"`{limit.signal}` is limited twice",
                notes=(Label(found[limit.signal].span, "the first time"),),
            )
        found[limit.signal] = limit
    return tuple(found.values())


def _limit(part: tree.PlantBox, plant: Plant, scope: Scope) -> Limit:
    signal = part.name.text
    if signal not in SIGNALS:
        fail(
            "unknown-signal",
            part.name.span,
            f"there is no signal `{signal}` to limit",
            help=near_miss(signal, SIGNALS) or f"signals are {', '.join(SIGNALS)}",
        )
    space = _signal_space(signal, part, plant, scope)
    lower, upper = box_in(part.region, space, Context(scope))
    quiet = signal != "position"
    if quiet and any(low > 0 or high < 0 for low, high in zip(lower, upper, strict=True)):
        fail(
            "empty-set",
            part.region.span,
            f"this limit of `{signal}` leaves out 0",
            help="let the lower end be at most 0 and the upper end at least 0",
        )
    return Limit(cast(Policy, part.kind), signal, lower, upper, part.span)


def _signal_space(signal: str, part: tree.PlantBox, plant: Plant, scope: Scope) -> Space:
    if signal == "jump":
        return Space(1, LENGTH, UNITS["m"])
    if signal == "step":
        command = plant.inputs[0].unit if plant.inputs else None
        size = sum(each.size for each in plant.inputs)
        return Space(size, command.dimension if command else NONE, command)
    joint = _unit_of(plant.positions, scope, part.span)
    size = len(plant.positions)
    if signal == "torque":
        kind_of = TORQUE if joint.dimension == ANGLE else FORCE
        return Space(size, kind_of, Unit("", Fraction(1), kind_of))
    power = {"velocity": 1, "acceleration": 2, "jerk": 3}.get(signal, 0)
    dimension = joint.dimension / TIME**power
    return Space(size, dimension, Unit("", joint.scale, dimension))


# ---- the switch --------------------------------------------------------------------------------


def switch(declaration: tree.PlantDeclaration, at: Context) -> Switch | None:
    """The settled switch, None where nothing about one is declared. Raises SourceError."""
    reserves = tuple(_reserves(declaration, at))
    returns = [part for part in declaration.parts if isinstance(part, tree.Return)]
    scores = [part for part in declaration.parts if isinstance(part, tree.Confidence)]
    for found, what in ((returns, "return"), (scores, "confidence")):
        if len(found) > 1:
            fail("duplicate-clause", found[1].span, f"a plant has one `{what}`")
    if not reserves and not returns and not scores:
        return None
    hold, condition = Fraction(0), None
    for each in returns:
        hold = settled.number(each.hold, TIME, UNITS["s"], at)
        if hold < 0:
            fail("bad-duration", each.hold.span, "the time before a return is not negative")
        condition = None if each.condition is None else formula(each.condition, at)
    return Switch(reserves, hold, condition, _confidence(scores[0], at) if scores else None)


def _confidence(written: tree.Confidence, at: Context) -> tuple[str, Fraction]:
    reference = tree.Reference(written.score.text, written.score.span)
    value = scalar(reference, at)
    if not isinstance(value.term, Variable):
        fail("wrong-type", written.score.span, f"`{written.score.text}` is no variable")
    least = settled.number(written.least, value.dimension, value.unit, at)
    return value.term.name, least


def _reserves(declaration: tree.PlantDeclaration, at: Context) -> Iterator[Reserve]:
    seen: set[str] = set()
    for part in declaration.parts:
        if not isinstance(part, tree.Reserve):
            continue
        name = part.barrier.text
        if name not in at.scope.barriers:
            fail(
                "unknown-name",
                part.barrier.span,
                f"there is no barrier `{name}`",
                help=near_miss(name, at.scope.barriers),
            )
        if name in seen:
            fail("duplicate-clause", part.span, f"`switch {name}` is given twice")
        seen.add(name)
        leave = _level(part.leave, at)
        back = leave if part.back is None else _level(part.back, at)
        if not 0 <= leave <= back:
            fail(
                "empty-set",
                part.span,
                f"a reserve of {leave} is not between 0 and the one to come back, {back}",
            )
        yield Reserve(name, leave, back, part.span)


def _level(written: tree.Expression, at: Context) -> Fraction:
    """A constant in base units; its dimension is the barrier's business."""
    value = settle(written, at)
    if not isinstance(value, Quantity):
        fail("wrong-type", written.span, f"{kind(value)} is no level of a barrier")
    return settled.number(written, value.dimension, value.unit, at)
