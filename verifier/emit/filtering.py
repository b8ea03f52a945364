"""The filter in C: its sizes for guard.h, its tables and the kernels for guard.c."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.emit.ctree import (
    Braces,
    Expression,
    Function,
    Id,
    Include,
    Macro,
    Parameter,
    Real,
    Table,
    TopLevel,
    unsigned,
)
from verifier.emit.kinematics import kinematics_inside
from verifier.emit.straight import statements
from verifier.safety.braking import Drive
from verifier.safety.clearance import Arm, Cuboid, Facets, Segment, Shape
from verifier.safety.filter import Filter
from verifier.safety.posture import Posture
from verifier.safety.proposal import Bounds, Sides

KERNELS = ("qp.h", "qp.c", "qp_certify.c", "guard_filter.h", "guard_filter.c")
ARM_KERNELS = ("robot_runtime.h",)


def runtime_of(design: Filter) -> tuple[str, ...]:
    """The files of runtime/ that its guard.c includes."""
    kernels = (*KERNELS, *ARM_KERNELS) if design.arm else ("guard_filter.h", "guard_filter.c")
    return (*kernels, "guard_plan.h") if design.limits_jerk else kernels


def sizes(design: Filter) -> Iterator[TopLevel]:
    """What guard.h says before it includes guard_filter.h."""
    arm = design.arm
    yield Macro("FILTER_JOINTS", unsigned(len(design.drives)))
    yield Macro("FILTER_LATENCY", unsigned(design.latency))
    yield Macro("FILTER_JERK", unsigned(1 if design.limits_jerk else 0))
    yield Macro("FILTER_LINES", unsigned(len(arm.rows) if arm else 0))
    if arm is not None:
        facets = max([1, *(len(s.normals) for s in arm.shapes if isinstance(s, Facets))])
        yield Macro("FILTER_MOVING", unsigned(len(arm.joints)))
        yield Macro("FILTER_SPHERES", unsigned(len(arm.kinematics.carried)))
        yield Macro("FILTER_BODIES", unsigned(len(arm.bodies)))
        yield Macro("FILTER_SHAPES", unsigned(len(arm.shapes)))
        yield Macro("FILTER_FACETS", unsigned(facets))
    yield Include("guard_filter.h", system=False)


def filtering(design: Filter) -> Iterator[TopLevel]:
    """What guard.c says of it: tables, then the kernels."""
    yield Macro("FILTER_POLICIES", unsigned(1 if design.bounds else 0))
    yield Macro("FILTER_SWITCH", unsigned(1 if design.switch else 0))
    yield Macro("FILTER_POSTURE", unsigned(1 if design.posture else 0))
    yield _drives(design.drives)
    if design.bounds is not None:
        yield from _policies(design.bounds)
    if design.switch is not None:
        yield Macro("FILTER_HOLD", unsigned(design.switch.hold))
        count = (unsigned(design.rows),)
        for name, reserves in (("LEAVE", design.switch.leave), ("BACK", design.switch.back)):
            values = Braces(tuple(map(Real, reserves)))
            yield Table("double", f"FILTER_{name}", count, values, "Reserves by row.")
    if design.posture is not None:
        yield _posture(design.posture)
    if design.arm is not None:
        yield from _arm(design, design.arm)
    if design.arm is not None and design.arm.jump is not None:
        yield Macro("FILTER_JUMP", Real(design.arm.jump))
    yield Include("guard_filter.c", system=False)


def _drives(drives: tuple[Drive, ...]) -> Table:
    rows = []
    for d in drives:
        numbers = (
            *(d.period, d.ahead, d.behind, d.box_lower, d.box_upper, d.lower, d.upper),
            *(d.speed_lower, d.speed_upper, d.slowing_down, d.slowing_up, d.gain),
            *(d.stiffness, d.damping, d.radius, d.share, d.swing, d.ramp),
        )
        rows.append(Braces((Id(f"FILTER_{d.kind.name}"), *map(Real, numbers))))
    remark = "The joints; rounded inwards, tightened by what they may be off."
    return Table(
        "filter_drive", "FILTER_DRIVES", (Id("FILTER_JOINTS"),), Braces(tuple(rows)), remark
    )


def _policies(bounds: Bounds) -> Iterator[Table]:
    for name, sides in (("SCALED", bounds.scaled), ("REJECTED", bounds.rejected)):
        remark = f"Proposals beyond are {name.lower()}."
        size = (Id("FILTER_JOINTS"),)
        yield Table("filter_sides", f"FILTER_{name}", size, _sides(sides), remark)


def _sides(sides: Sides) -> Braces:
    columns = (sides.command_lower, sides.command_upper, sides.speed_lower, sides.speed_upper)
    return Braces(tuple(Braces(tuple(map(Real, row))) for row in zip(*columns, strict=True)))


def _posture(posture: Posture) -> Table:
    columns = (posture.position, posture.stiffness, posture.damping)
    sets = [(k.place, k.cross, k.pace, k.leave, k.back) for k in posture.kept]
    joints = zip(zip(*columns, strict=True), sets, strict=True)
    rows = tuple(Braces(tuple(map(Real, (*gains, *kept)))) for gains, kept in joints)
    return Table("filter_pose", "FILTER_POSE", (Id("FILTER_JOINTS"),), Braces(rows))


# ---- the arm -----------------------------------------------------------------------------------


def _arm(design: Filter, arm: Arm) -> Iterator[TopLevel]:
    rows = -(-design.rows // 8) * 8
    yield Macro("QP_VARIABLES", unsigned(len(design.drives)))
    yield Macro("QP_ROWS", unsigned(rows))
    yield Include("qp.c", system=False)
    yield Include("qp_certify.c", system=False)
    yield Include("robot_runtime.h", system=False)
    yield from kinematics_inside(arm.kinematics, "arm")
    yield Function(
        "void",
        "arm_centers",
        (Parameter("const double *", "q"), Parameter("double *", "center")),
        tuple(statements(arm.centers, Id("q"), {"center": Id("center")})),
        remark="The centres of the spheres alone.",
    )
    joints = tuple(unsigned(drive) for drive in arm.joints)
    remark = "The drive of each moving joint."
    yield Table("uint32_t", "FILTER_DRIVE", (Id("FILTER_MOVING"),), Braces(joints), remark)
    yield from _shapes(arm.shapes)
    bodies = tuple(
        Braces(
            (
                unsigned(body.sphere),
                Id("FILTER_SPHERES") if body.other is None else unsigned(body.other),
                Braces(tuple(map(Real, body.reach))),
            )
        )
        for body in arm.bodies
    )
    yield Table("filter_body", "FILTER_BODY", (Id("FILTER_BODIES"),), Braces(bodies))
    lines = tuple(
        Braces(
            (
                *(unsigned(r.body), unsigned(r.shape)),
                *map(Real, (r.least, r.keep, r.margin, r.reserve)),
            )
        )
        for r in arm.rows
    )
    remark = "body, shape, least, keep, margin, reserve"
    yield Table("filter_line", "FILTER_LINE", (Id("FILTER_LINES"),), Braces(lines), remark)


def _shapes(shapes: tuple[Shape, ...]) -> Iterator[Table]:
    rows: list[Expression] = []
    facets: list[Expression] = []
    for shape in shapes:
        zeros = (0.0, 0.0, 0.0)
        match shape:
            case Segment(first, second):
                rows.append(_shape("SEGMENT", first, second, 0, 0))
            case Cuboid(first, second):
                rows.append(_shape("CUBOID", first, second, 0, 0))
            case Facets(normals, offsets):
                rows.append(_shape("POLYTOPE", zeros, zeros, len(facets), len(normals)))
                for normal, offset in zip(normals, offsets, strict=True):
                    facets.append(Braces((_point(normal), Real(offset))))
    yield Table("filter_shape", "FILTER_SHAPE", (Id("FILTER_SHAPES"),), Braces(tuple(rows)))
    facets = facets or [Braces((_point((0.0, 0.0, 0.0)), Real(0.0)))]
    size = (unsigned(len(facets)),)
    yield Table("filter_facet", "FILTER_FACET", size, Braces(tuple(facets)))


def _shape(
    kind: str,
    first: tuple[float, float, float],
    second: tuple[float, float, float],
    facet: int,
    facets: int,
) -> Braces:
    return Braces(
        (
            Id(f"FILTER_{kind}"),
            _point(first),
            _point(second),
            unsigned(facet),
            unsigned(facets),
        )
    )


def _point(point: tuple[float, float, float]) -> Braces:
    return Braces(tuple(map(Real, point)))
