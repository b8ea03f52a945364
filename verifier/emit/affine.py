"""The filter of plants that are affine in their inputs, in C: sizes, programs, tables, stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from verifier.emit.ctree import (
    At,
    Braces,
    Call,
    Cast,
    Declare,
    Do,
    Expression,
    Function,
    Id,
    Include,
    Macro,
    Parameter,
    Real,
    Statement,
    Table,
    TopLevel,
    mentions,
    negated,
    unsigned,
)
from verifier.emit.design import Design
from verifier.emit.guarding import EACH, filtered_stage, places_of
from verifier.emit.straight import statements
from verifier.safety.affine import VARIABLES_MIN, Affine, Pace, Sides
from verifier.safety.straight import Program

KERNELS = ("qp.h", "qp.c", "qp_certify.c", "robot_runtime.h", "guard_affine.h", "guard_affine.c")
X = Id("x")


def affine_sizes(design: Affine) -> Iterator[TopLevel]:
    """What guard.h says before it includes guard_affine.h."""
    yield Macro("FILTER_STATES", unsigned(len(design.states)))
    yield Macro("FILTER_INPUTS", unsigned(len(design.box.lower)))
    yield Macro("FILTER_LATENCY", unsigned(design.latency))
    yield Macro("FILTER_STAGES", unsigned(len(design.pace.stages) if design.pace else 0))
    yield Macro("FILTER_LINES", unsigned(len(design.names)))
    yield Macro("FILTER_LEVELS", unsigned(len(design.levels)))
    yield Include("guard_affine.h", system=False)


def affine_parts(design: Affine) -> Iterator[TopLevel]:
    """What guard.c says of it: solver, programs and tables, then the kernel."""
    yield Macro("FILTER_SWITCH", unsigned(1 if design.reserves else 0))
    yield Macro("QP_VARIABLES", unsigned(max(VARIABLES_MIN, len(design.box.lower))))
    yield Macro("QP_ROWS", unsigned(-(-design.rows // 8) * 8))
    yield Include("qp.c", system=False)
    yield Include("qp_certify.c", system=False)
    yield Include("robot_runtime.h", system=False)
    remark = "The rows of the barriers, normal . u <= bound, at the state x."
    outputs = {"bound": Id("bound"), "normal": Id("normal")}
    yield _program("affine_rows", design.rows_of, outputs, remark)
    yield _program("affine_law", design.law, {"command": Id("command")}, "The baseline.")
    remark = "The states and levels one period after the states and commands x."
    outputs = {"next": Id("following"), "level": Id("level")}
    yield _program("affine_ahead", design.ahead, outputs, remark)
    if design.latency or design.pace:
        remark = "The states one period after the states and commands x, as they are predicted."
        yield _program("affine_carry", design.carry, {"next": Id("following")}, remark)
    names = ", ".join(design.states)
    yield _sides("FILTER_DOMAIN", "FILTER_STATES", design.domain, f"Of {names}.")
    remark = "Where they have to be as they are foreseen."
    yield _sides("FILTER_AHEAD", "FILTER_STATES", design.ahead_in, remark)
    yield _sides("FILTER_BOX", "FILTER_INPUTS", design.box, "Of the commands.")
    if design.pace is not None:
        yield from _pace(design.pace)
    least = [("FLOOR", design.floor)]
    if design.reserves is not None:
        yield Macro("FILTER_HOLD", unsigned(design.reserves.hold))
        least = [("LEAVE", design.reserves.leave), ("BACK", design.reserves.back)]
    remark = "Levels: " + ", ".join(f"{each.row} ({each.order})" for each in design.levels)
    for name, values in least:
        size = (Id("FILTER_LEVELS"),)
        yield Table("double", f"FILTER_{name}", size, Braces(tuple(map(Real, values))), remark)
    yield Include("guard_affine.c", system=False)


def _pace(pace: Pace) -> Iterator[Table]:
    """How far a command may be from the last one, and the way to the law."""
    stages, states, inputs = map(Id, ("FILTER_STAGES", "FILTER_STATES", "FILTER_INPUTS"))
    yield Table("double", "FILTER_STEP", (inputs,), Braces(tuple(map(Real, pace.step))))
    inside = tuple(_pairs(stage.inside) for stage in pace.stages)
    remark = "Where the commands of the way may lead."
    yield Table("double", "FILTER_INSIDE", (stages, states, unsigned(2)), Braces(inside), remark)
    floor = tuple(Braces(tuple(map(Real, stage.floor))) for stage in pace.stages)
    remark = "The least levels there."
    levels = Id("FILTER_LEVELS")
    yield Table("double", "FILTER_FLOORS", (stages, levels), Braces(floor), remark)
    near = tuple(Braces(tuple(map(Real, stage.ahead))) for stage in pace.stages)
    remark = "How far the law may be from the command before."
    yield Table("double", "FILTER_NEAR", (stages, inputs), Braces(near), remark)


def _program(
    name: str, program: Program, outputs: Mapping[str, Expression], remark: str
) -> Function:
    body: tuple[Statement, ...] = tuple(statements(program, X, outputs))
    if not mentions(body, X):
        body = (Do(Cast("void", X)), *body)
    targets = [str(each.name) for each in outputs.values() if isinstance(each, Id)]
    written = (Parameter("double *", target) for target in targets)
    return Function("void", name, (Parameter("const double *", "x"), *written), body, remark=remark)


def _sides(name: str, size: str, sides: Sides, remark: str) -> Table:
    return Table("double", name, (Id(size), unsigned(2)), _pairs(sides), remark)


def _pairs(sides: Sides) -> Braces:
    pairs = zip(sides.lower, sides.upper, strict=True)
    return Braces(tuple(Braces((Real(low), Real(high))) for low, high in pairs))


# ---- the stage ---------------------------------------------------------------------------------


def drive_affine(design: Design, affine: Affine) -> Function:
    """The last stages of a step: switch, filter, gate, baseline, and the check on the way out."""
    state = Braces(places_of(design, affine.states))
    known = Call("filter_known", (Id("state"),))
    box = At(Id("FILTER_BOX"), EACH)
    return filtered_stage(
        design,
        affine,
        measured=(Declare("const double", "state", state, (Id("FILTER_STATES"),)),),
        read=(Id("state"),),
        box=(At(box, unsigned(0)), At(box, unsigned(1))),
        outside=negated(known),
    )
