"""guard.c: tables, the formulas that are watched, and the validity of a sample.

What is done with them each step is in emit/watching.py, the five functions of the interface are in
emit/interface.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.core.term import Formula
from verifier.emit.affine import affine_parts
from verifier.emit.ctree import (
    Arrow,
    Assign,
    At,
    Binary,
    Braces,
    Call,
    Declare,
    Expression,
    File,
    Function,
    Id,
    Include,
    Macro,
    Parameter,
    Real,
    Repeat,
    Return,
    Statement,
    Table,
    TopLevel,
    Verbatim,
    unsigned,
)
from verifier.emit.design import SEVERITY, Design, place, required
from verifier.emit.filtering import filtering
from verifier.emit.guarding import MAY_RETURN
from verifier.emit.interface import interface
from verifier.emit.layout import Field
from verifier.emit.tracking import track_function, tracking
from verifier.emit.watching import (
    call,
    clause_name,
    clauses,
    formula_name,
    lower,
    lower_margin,
    margin_name,
    watching,
)
from verifier.emit.weight import bearing
from verifier.monitor.graph import State
from verifier.safety.affine import Affine
from verifier.safety.filter import Guarded
from verifier.safety.limit import Joint

NOW = Id("now")
READY = 0x47554152  # "GUAR"


def source(design: Design) -> File:
    """The tree of guard.c."""
    guarded = design.loop.guarded
    return File(
        f"The guard of chain {design.plan.chain}. Generated; the source of each part is named.",
        (
            Include("string.h", system=True),
            Include("guard.h", system=False),
            Verbatim("#ifdef __clang__\n#pragma STDC FP_CONTRACT OFF\n#endif"),
            Macro("GUARD_READY", unsigned(READY)),
            Macro("GUARD_ITEMS", unsigned(len(design.plan.items))),
            *_tables(design),
            *_filter(guarded),
            *_formulas(design),
            _valid(design),
            *watching(design),
            *tracking(design),
            *interface(design),
            *([track_function(design)] if design.tracks else []),
        ),
    )


def _filter(guarded: Guarded | Affine | None) -> Iterator[TopLevel]:
    if isinstance(guarded, Affine):
        yield from affine_parts(guarded)
    elif guarded is not None:
        yield from filtering(guarded.filter)
        if guarded.weight is not None:
            yield from bearing(guarded.weight)


# ---- tables ------------------------------------------------------------------------------------


def _tables(design: Design) -> Iterator[TopLevel]:
    fallbacks = tuple(Id(f"GUARD_FALLBACK_{item.fallback.upper()}") for item in design.plan.items)
    yield Table(
        "uint8_t",
        "FALLBACKS",
        (Id("GUARD_ITEMS"),),
        Braces(fallbacks),
        f"By severity {' < '.join(SEVERITY)}, one an item.",
    )
    if design.loop.joints and design.loop.guarded is None:
        yield _joints(design)


def _joints(design: Design) -> Table:
    rows = []
    for joint in design.loop.joints:
        bounds = joint.bounds
        kept = (bounds.lower, bounds.upper, bounds.gain) if bounds else (0.0, 0.0, 0.0)
        reals = tuple(Real(value) for value in (joint.lower, joint.upper, *kept))
        rows.append(Braces((*reals, Id("true" if bounds else "false"))))
    notes = [_joint_note(joint) for joint in design.loop.joints]
    return Table(
        "guard_joint",
        "JOINTS",
        (Id("GUARD_JOINTS"),),
        Braces(tuple(rows)),
        "box_lower, box_upper, lower, upper, gain, bounded; rounded inwards.\n" + "\n".join(notes),
    )


def _joint_note(joint: Joint) -> str:
    note = f"{joint.input}[{joint.index + 1}] {place(joint.span)}"
    if joint.bounds is None:
        return note
    low, high = joint.bounds.lower, joint.bounds.upper
    return f"{note}, {joint.state} in {low!r} .. {high!r} by {' '.join(joint.barriers)}"


# ---- formulas ----------------------------------------------------------------------------------


def _formulas(design: Design) -> Iterator[Function]:
    guarded = design.loop.guarded
    if guarded is not None and guarded.when is not None:
        yield _truth(design, MAY_RETURN, guarded.when, "when the switch may hand back")
    for number, validity in enumerate(required(design)):
        remark = f"domain, {place(validity.span)}"
        yield _truth(design, f"domain_{number}", validity.formula, remark)
    for number, watched in enumerate(design.plan.programs):
        remark = f"property {watched.item.name}, {place(watched.item.span)}"
        for k, node in enumerate(watched.program.graph.nodes):
            if isinstance(node, State):
                yield _truth(design, formula_name(number, k), node.formula, remark)
    for gauge in design.gauges:
        for k, node in enumerate(gauge.gauge.graph.nodes):
            if isinstance(node, State):
                body = lower_margin(design, node.formula)
                parameters = tuple(Parameter("const guard_sample *", p) for p in body.parameters)
                name = margin_name(gauge.number, k)
                remark = f"robustness of {gauge.gauge.name}"
                yield Function("double", name, parameters, body.body, remark=remark)
    for gates in design.plan.skills:
        for clause in clauses(gates):
            item = clause.item
            remark = f"{item.name}: {item.text}, {place(item.span)}"
            yield _truth(design, clause_name(clause), clause.formula, remark)


def _truth(design: Design, name: str, formula: Formula, remark: str) -> Function:
    body = lower(design, formula)
    parameters = tuple(Parameter("const guard_sample *", p) for p in body.parameters)
    return Function("guard_truth", name, parameters, body.body, remark=remark)


# ---- validity ----------------------------------------------------------------------------------


def _valid(design: Design) -> Function:
    checks: list[Statement] = [Declare("bool", "valid", Binary("!=", NOW, Id("NULL")))]
    for field in design.layout.fields:
        checks += _field_checks(field)
    for number, validity in enumerate(required(design)):
        truth = call(f"domain_{number}", lower(design, validity.formula), NOW, NOW)
        checks.append(_and_valid(Binary("==", truth, Id("GUARD_TRUE"))))
    return Function(
        "bool",
        "sample_valid",
        (Parameter("const guard_sample *", "now"),),
        (*checks, Return(Id("valid"))),
        remark="Whether every value is one that its declaration allows.",
    )


def _field_checks(field: Field) -> tuple[Statement, ...]:
    value: Expression = Arrow(NOW, field.name)
    for depth in range(len(field.sizes)):
        value = At(value, Id(f"i{depth}"))
    if field.kind == "real":
        check: Expression = Call("guard_finite", (value,))
    else:
        count = 2 if field.kind == "bool" else len(field.labels)
        check = Binary("<", value, unsigned(count))
    body: tuple[Statement, ...] = (_and_valid(check),)
    for depth in reversed(range(len(field.sizes))):
        body = (Repeat(f"i{depth}", unsigned(field.sizes[depth]), body),)
    return body


def _and_valid(check: Expression) -> Statement:
    return Assign(Id("valid"), Binary("&&", Id("valid"), check))
