"""Barriers: where the robot must stay, as expressions over its state and as distances of its links,
and which of their obligations are waived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from verifier.core.diagnostic import near_miss
from verifier.core.term import Formula, Number
from verifier.core.unit import FORCE, LENGTH, TIME, UNITS, Unit
from verifier.model.arguments import arguments, wanted
from verifier.model.control import Barrier, Clearance, Robot, Waiver
from verifier.model.expression import Context, cases, formula, number, scalar
from verifier.model.quantity import Quantity, fail
from verifier.model.robot import robot
from verifier.model.scope import Scope
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression

RULES = ("inhabited", "start", "keeps", "barrier", "feasibility", "gain", "sampling", "baseline")


def barriers(scope: Scope, declaration: tree.BarrierDeclaration) -> list[Barrier | Clearance]:
    """One barrier, or one for each index of its family. Raises SourceError."""
    at = Context(scope)
    name = declaration.name.text
    if declaration.index is None:
        return [_settled(declaration, name, at)]
    index, domain = declaration.index
    found = []
    for inner in cases(index, domain, at):
        position = inner.bindings[index.text]
        assert isinstance(position, Quantity) and isinstance(position.term, Number)
        found.append(_settled(declaration, f"{name}[{position.term.value}]", inner))
    return found


def _settled(declaration: tree.BarrierDeclaration, member: str, at: Context) -> Barrier | Clearance:
    value = declaration.value
    if isinstance(value, tree.Call) and value.function.text in DISTANCES:
        return DISTANCES[value.function.text](declaration, value, member, at)
    return _expression(declaration, member, at)


# ---- expressions -------------------------------------------------------------------------------


def _expression(declaration: tree.BarrierDeclaration, member: str, at: Context) -> Barrier:
    value = scalar(declaration.value, at)
    return Barrier(
        member,
        value.term,
        _alpha(declaration, at),
        declaration.span,
        format_expression(declaration.value),
        declaration.name.text,
        _margin(declaration, value, at),
        _start(declaration, at),
        tuple(formula(part.value, at) for part in declaration.parts if part.kind == "keeps"),
    )


def _part(declaration: tree.BarrierDeclaration, kind: str) -> tree.Expression | None:
    """What stands behind `kind`, which is given at most once."""
    found = [part for part in declaration.parts if part.kind == kind]
    if len(found) > 1:
        fail("duplicate-clause", found[1].span, f"a barrier has one `{kind}`")
    return found[0].value if found else None


def _alpha(declaration: tree.BarrierDeclaration, at: Context) -> Fraction | None:
    written = _part(declaration, "alpha")
    if written is None:
        return None
    alpha = number(written, TIME**-1, UNITS["Hz"], at)
    if alpha <= 0:
        fail("bad-gain", written.span, "the gain of a barrier is positive")
    return alpha


def _margin(declaration: tree.BarrierDeclaration, value: Quantity, at: Context) -> Fraction | None:
    """In the barrier's unit per second or, of relative degree two, per second squared."""
    written = _part(declaration, "margin")
    if written is None:
        return None
    margin = scalar(written, at)
    dimension = value.dimension / TIME
    if margin.dimension == dimension / TIME:
        dimension = margin.dimension
    keeps = number(written, dimension, Unit("", Fraction(1), dimension), at)
    if keeps < 0:
        fail("bad-gain", written.span, "the margin of a barrier is not negative")
    return keeps


def _start(declaration: tree.BarrierDeclaration, at: Context) -> Formula | None:
    written = _part(declaration, "start")
    return None if written is None else formula(written, at)


# ---- distances ---------------------------------------------------------------------------------


def _clearance(
    declaration: tree.BarrierDeclaration, call: tree.Call, member: str, at: Context
) -> Clearance:
    """`clearance(robot, other, least)`: every sphere keeps `least` (0) from the other."""
    found = arguments(call, "robot", "other", "least")
    least = number(found.pop("least"), LENGTH, UNITS["m"], at) if "least" in found else Fraction(0)
    body, other = wanted(call, found, "robot", "other")
    return _distance(declaration, body, other, least, member, at)


def _contact(
    declaration: tree.BarrierDeclaration, call: tree.Call, member: str, at: Context
) -> Clearance:
    """`contact(robot, other, stiffness, force)`: pressing against a surface of this stiffness k, a
    sphere may go in by x with k x <= force (the quasi-static contact of ISO/TS 15066:2016, 5.5.5,
    with a linear spring for the body, annex A), so it keeps -force / k."""
    found = arguments(call, "robot", "other", "stiffness", "force")
    body, other, stiffness, force = wanted(call, found, "robot", "other", "stiffness", "force")
    spring = number(stiffness, FORCE / LENGTH, None, at)
    most = number(force, FORCE, UNITS["N"], at)
    if spring <= 0 or most < 0:
        wrong = stiffness if spring <= 0 else force
        fail("bad-gain", wrong.span, "a stiffness is positive, and a force not negative")
    return _distance(declaration, body, other, -most / spring, member, at)


def _inside(
    declaration: tree.BarrierDeclaration, call: tree.Call, member: str, at: Context
) -> Clearance:
    """`inside(robot, other, least)`: every sphere stays in a convex place with flat sides, `least`
    (0) from each of them."""
    found = arguments(call, "robot", "other", "least")
    least = number(found.pop("least"), LENGTH, UNITS["m"], at) if "least" in found else Fraction(0)
    body, other = wanted(call, found, "robot", "other")
    kept = _distance(declaration, body, other, least, member, at)
    if kept.other == kept.robot:
        fail("barrier-not-supported", other.span, f"`{kept.robot}` is not inside of itself")
    return replace(kept, inside=True)


def _distance(
    declaration: tree.BarrierDeclaration,
    body: tree.Expression,
    other: tree.Expression,
    least: Fraction,
    member: str,
    at: Context,
) -> Clearance:
    for kind in ("margin", "start", "keeps"):
        if (part := _part(declaration, kind)) is not None:
            fail("duplicate-clause", part.span, f"a clearance takes no `{kind}`")
    machine = _robot(body, at.scope)
    if not machine.chain.spheres:
        fail(
            "robot-without-spheres",
            body.span,
            f"no link of `{machine.name}` has a collision sphere, so nothing keeps a distance",
            help="give the links `<collision><geometry><sphere radius=…/></geometry></collision>`",
        )
    if machine.chain.uncovered:
        fail(
            "robot-without-spheres",
            body.span,
            f"no sphere covers the collision shape of link `{machine.chain.uncovered[0]}` of"
            f" `{machine.name}`, so it keeps no distance",
            help="a mesh is kept away by spheres, cylinders, capsules or boxes beside it",
        )
    known = [machine.name, *at.scope.places]
    if not isinstance(other, tree.Reference) or other.name not in known:
        fail(
            "unknown-name",
            other.span,
            f"`{format_expression(other)}` is no obstacle, no zone and not `{machine.name}` itself",
            help=near_miss(format_expression(other), known),
        )
    return Clearance(
        member,
        machine.name,
        other.name,
        least,
        _alpha(declaration, at),
        declaration.span,
        format_expression(declaration.value),
    )


def _robot(body: tree.Expression, scope: Scope) -> Robot:
    if not isinstance(body, tree.Reference) or body.name not in scope.robots:
        fail(
            "unknown-name",
            body.span,
            f"there is no robot `{format_expression(body)}`",
            help=near_miss(format_expression(body), scope.robots),
        )
    return robot(scope, body.name)


DISTANCES: dict[str, Callable[[tree.BarrierDeclaration, tree.Call, str, Context], Clearance]] = {
    "clearance": _clearance,
    "contact": _contact,
    "inside": _inside,
}


# ---- waivers -----------------------------------------------------------------------------------


def waiver(scope: Scope, declaration: tree.WaiverDeclaration) -> Waiver:
    """The settled waiver. Raises SourceError."""
    rule, subject, reason = declaration.rule, declaration.subject, declaration.reason
    name = rule.text.replace("_", "-")
    if name not in RULES:
        fail(
            "unknown-name",
            rule.span,
            f"there is no rule `{rule.text}` of barriers to waive",
            help=near_miss(name, RULES) or f"rules are {', '.join(RULES)}",
        )
    known = [*scope.barriers, *scope.plants]
    if subject.text not in known:
        fail(
            "unknown-name",
            subject.span,
            f"there is no barrier or plant `{subject.text}`",
            help=near_miss(subject.text, known),
        )
    if not reason.text.strip():
        fail("missing-reason", reason.span, "a waiver says why")
    return Waiver(name, subject.text, reason.text, declaration.span)
