"""The kinematics of one robot as a C header and source: poses, screws, Jacobians, rows of spheres.

`<name>_forward` is the straight-line program of verifier/safety/kinematics.py; the rest reads what
it wrote. Everything is in the frame of the chain's base, in metres and radians.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from verifier.emit.ctree import (
    Arrow,
    Assign,
    At,
    Binary,
    Braces,
    Call,
    Declare,
    Do,
    Expression,
    File,
    Function,
    Id,
    If,
    Include,
    Macro,
    Member,
    Parameter,
    Real,
    Repeat,
    Return,
    Statement,
    Struct,
    Table,
    TopLevel,
    Unary,
    Verbatim,
    unsigned,
)
from verifier.emit.straight import statements
from verifier.safety.kinematics import Kinematics

POSE = Id("pose")


@dataclass(frozen=True, slots=True)
class _Names:
    """The identifiers of one robot."""

    prefix: str

    @property
    def joints(self) -> Id:
        return Id(f"{self.prefix.upper()}_JOINTS")

    @property
    def frames(self) -> Id:
        return Id(f"{self.prefix.upper()}_FRAMES")

    @property
    def spheres(self) -> Id:
        return Id(f"{self.prefix.upper()}_SPHERES")

    @property
    def pose(self) -> str:
        return f"{self.prefix}_pose"

    def function(self, what: str) -> str:
        return f"{self.prefix}_{what}"


def kinematics_header(arm: Kinematics, prefix: str) -> File:
    """The tree of <prefix>_kinematics.h; the prefix is a C identifier in small letters, and at
    least one joint moves."""
    assert arm.program.inputs > 0, "nothing moves"
    names = _named(prefix)
    frames = ", ".join(f"{k} {frame.link}" for k, frame in enumerate(arm.frames))
    joints = ", ".join(joint.name for joint in arm.chain.moving)
    parts: list[TopLevel] = [
        Include("robot_runtime.h", system=False),
        Macro(names.joints.name, unsigned(arm.program.inputs)),
        Macro(names.frames.name, unsigned(len(arm.frames))),
        Macro(names.spheres.name, unsigned(len(arm.carried))),
        _struct(arm, names),
        *(
            Function(f.type, f.name, f.parameters, None, static=False, remark=f.remark)
            for f in _functions(arm, names)
        ),
    ]
    return File(
        f"Kinematics of `{arm.chain.robot}` from `{arm.chain.base}` to `{arm.chain.tip}`. "
        f"Generated.\nJoints: {joints}.\nFrames: {frames}.\n"
        "Metres and radians, in the frame of the base.",
        tuple(parts),
        guard=f"{prefix.upper()}_KINEMATICS_H",
    )


def kinematics_source(arm: Kinematics, prefix: str) -> File:
    """The tree of <prefix>_kinematics.c."""
    names = _named(prefix)
    return File(
        f"Kinematics of `{arm.chain.robot}`. Generated.",
        (
            Include(f"{prefix}_kinematics.h", system=False),
            Verbatim("#ifdef __clang__\n#pragma STDC FP_CONTRACT OFF\n#endif"),
            *_tables(arm),
            *_functions(arm, names),
        ),
    )


def kinematics_inside(arm: Kinematics, prefix: str) -> Iterator[TopLevel]:
    """The same for the inside of another source: struct, tables and functions, all static."""
    names = _named(prefix)
    yield Macro(names.joints.name, unsigned(arm.program.inputs))
    yield Macro(names.spheres.name, unsigned(len(arm.carried)))
    yield _struct(arm, names)
    yield from _tables(arm)
    for function in _functions(arm, names):
        yield replace(function, static=True)


def _named(prefix: str) -> _Names:
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,30}", prefix), prefix
    return _Names(prefix)


def _struct(arm: Kinematics, names: _Names) -> Struct:
    def flat(count: int, of: Id) -> tuple[Expression, ...]:
        return (Binary("*", unsigned(count), of),)

    members = [
        Member("double", "angular", flat(3, names.joints), "screws: component by component"),
        Member("double", "linear", flat(3, names.joints)),
    ]
    if arm.frames:
        members.append(Member("double", "rotation", flat(9, names.frames), "by rows"))
        members.append(Member("double", "position", flat(3, names.frames)))
    if arm.carried:
        members.append(Member("double", "center", flat(3, names.spheres), "all x, all y, all z"))
    return Struct(names.pose, tuple(members))


def _tables(arm: Kinematics) -> list[TopLevel]:
    tables: list[TopLevel] = []
    for name, counts in (
        ("frame_carried", [frame.carried for frame in arm.frames]),
        ("sphere_carried", list(arm.carried)),
    ):
        if counts:
            values = Braces(tuple(unsigned(count) for count in counts))
            tables.append(Table("uint32_t", name, (unsigned(len(counts)),), values))
    return tables


# ---- functions ---------------------------------------------------------------------------------


def _functions(arm: Kinematics, names: _Names) -> list[Function]:
    functions = [_forward(arm, names)]
    if arm.frames:
        functions.append(_jacobian(names))
    if arm.carried:
        functions.append(_sphere_row(names))
    return functions


def _forward(arm: Kinematics, names: _Names) -> Function:
    targets: dict[str, Expression] = {
        name: Arrow(POSE, name) for name, numbers in arm.program.outputs.items() if numbers
    }
    return Function(
        "void",
        names.function("forward"),
        (Parameter("const double *", "q"), Parameter(f"{names.pose} *", "pose")),
        tuple(statements(arm.program, Id("q"), targets)),
        static=False,
        remark="The pose at joint positions q; not finite where q is not, or beyond 4096 rad.",
    )


def _jacobian(names: _Names) -> Function:
    """Three rows of velocity by robot_point_row, three of angular velocity from the screws."""
    carried = At(Id("frame_carried"), Id("frame"))
    point = Unary("&", At(Arrow(POSE, "position"), Binary("*", Id("frame"), unsigned(3))))
    row = Binary("*", Id("k"), names.joints)
    body: tuple[Statement, ...] = (
        If(Binary(">=", Id("frame"), names.frames), (Return(),)),
        Repeat(
            "k",
            unsigned(3),
            (
                Declare("double", "direction", Braces((Real(0.0),) * 3), (unsigned(3),)),
                Assign(At(Id("direction"), Id("k")), Real(1.0)),
                Do(_row_call(names, carried, point, Unary("&", At(Id("jacobian"), row)))),
                Repeat("j", names.joints, (_angular_entry(names, carried),)),
            ),
        ),
    )
    parameters = (
        Parameter(f"const {names.pose} *", "pose"),
        Parameter("uint32_t", "frame"),
        Parameter("double *", "jacobian"),
    )
    remark = "Six rows, by rows: velocity and angular velocity of a frame per joint speed."
    return Function(
        "void", names.function("jacobian"), parameters, body, static=False, remark=remark
    )


def _angular_entry(names: _Names, carried: Expression) -> Statement:
    place = Binary("+", Binary("*", Id("k"), names.joints), Id("j"))
    below = Binary("+", Binary("*", Binary("+", Id("k"), unsigned(3)), names.joints), Id("j"))
    return If(
        Binary("<", Id("j"), carried),
        (Assign(At(Id("jacobian"), below), At(Arrow(POSE, "angular"), place)),),
        (Assign(At(Id("jacobian"), below), Real(0.0)),),
    )


def _sphere_row(names: _Names) -> Function:
    center = tuple(
        At(
            Arrow(POSE, "center"),
            Binary("+", Binary("*", unsigned(k), names.spheres), Id("sphere")),
        )
        for k in range(3)
    )
    carried = At(Id("sphere_carried"), Id("sphere"))
    body: tuple[Statement, ...] = (
        Declare("double", "point", Braces((Real(0.0),) * 3), (unsigned(3),)),
        If(Binary(">=", Id("sphere"), names.spheres), (Return(),)),
        *(Assign(At(Id("point"), unsigned(k)), value) for k, value in enumerate(center)),
        Do(_row_call(names, carried, Id("point"), Id("row"))),
    )
    parameters = (
        Parameter(f"const {names.pose} *", "pose"),
        Parameter("uint32_t", "sphere"),
        Parameter("const double *", "direction"),
        Parameter("double *", "row"),
    )
    remark = "How fast the centre of a sphere moves in a direction, per joint speed."
    return Function(
        "void", names.function("sphere_row"), parameters, body, static=False, remark=remark
    )


def _row_call(
    names: _Names,
    carried: Expression,
    point: Expression,
    row: Expression,
) -> Call:
    screws = (Arrow(POSE, "angular"), Arrow(POSE, "linear"))
    arguments = (*screws, names.joints, carried, point, Id("direction"), row)
    return Call("robot_point_row", arguments)
