"""What bears the weight of a robot, in C."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.emit.ctree import (
    Arrow,
    Assign,
    At,
    Binary,
    Braces,
    Call,
    Choose,
    Declare,
    Do,
    Expression,
    Function,
    Id,
    If,
    Include,
    Parameter,
    Real,
    Repeat,
    Statement,
    Table,
    TopLevel,
    Unary,
    unsigned,
)
from verifier.emit.straight import statements
from verifier.safety.filter import HUGE, Weight

DRIVE, EACH = At(Id("GRAVITY_DRIVE"), Id("i")), Id("i")


def bear(target: Expression) -> Statement:
    """Writes the torques into an array that is zero."""
    return Do(Call("gravity_borne", (Unary("&", Arrow(Id("g"), "filter")), target)))


def bearing(weight: Weight) -> Iterator[TopLevel]:
    """The program of the torques, and what the motors give of them."""
    count = (unsigned(len(weight.joints)),)
    yield Include("robot_runtime.h", system=False)
    yield Function(
        "void",
        "gravity_torque",
        (Parameter("const double *", "q"), Parameter("double *", "torque")),
        tuple(statements(weight.program, Id("q"), {"torque": Id("torque")})),
        remark=f"What the joints of {weight.robot} have to bear.",
    )
    drives = Braces(tuple(map(unsigned, weight.joints)))
    yield Table("uint32_t", "GRAVITY_DRIVE", count, drives, "The drive of each joint.")
    sides = zip(weight.lower, weight.upper, strict=True)
    rows = Braces(tuple(Braces((Real(low), Real(high))) for low, high in sides))
    yield Table("double", "GRAVITY_LIMIT", (*count, unsigned(2)), rows, "Rounded inwards.")
    given = Call("guard_clamp", (At(Id("torque"), EACH), _limit(0), _limit(1)))
    known = Binary("<=", Call("fabs", (Id("value"),)), Real(HUGE))
    finite = Choose(known, Id("value"), Real(0.0))
    started = Binary("!=", Arrow(Id("memory"), "started"), unsigned(0))
    yield Function(
        "void",
        "gravity_borne",
        (Parameter("const filter_memory *", "memory"), Parameter("double *", "borne")),
        (
            Declare("double", "q", None, count),
            Declare("double", "torque", None, count),
            Repeat("i", count[0], (Assign(At(Id("q"), EACH), _reference()),)),
            Do(Call("gravity_torque", (Id("q"), Id("torque")))),
            Repeat(
                "i",
                count[0],
                (
                    Declare("const double", "value", given),
                    If(started, (Assign(At(Id("borne"), DRIVE), finite),)),
                ),
            ),
        ),
        remark="What holds each joint up where the last command leads it.",
    )


def _reference() -> Expression:
    return At(Arrow(Id("memory"), "position"), DRIVE)


def _limit(side: int) -> Expression:
    return At(At(Id("GRAVITY_LIMIT"), EACH), unsigned(side))
