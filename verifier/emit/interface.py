"""The functions of guard.h, and what they share. The order inside a step is

validity of the sample → monitors → switch → filter and limits → check on the way out.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.emit.affine import drive_affine
from verifier.emit.calls import LANE, NO_SKILL, NULL, calls, is_null, lanes, status
from verifier.emit.ctree import (
    Arrow,
    Assign,
    At,
    Binary,
    Call,
    Cast,
    Declare,
    Do,
    Dot,
    Expression,
    Function,
    Id,
    If,
    Int,
    Parameter,
    Real,
    Remark,
    Repeat,
    Return,
    Statement,
    TopLevel,
    Unary,
    all_of,
    any_of,
    negated,
    unsigned,
)
from verifier.emit.design import Design, weight_of
from verifier.emit.driving import drive, drive_nothing
from verifier.emit.guarding import drive_guarded, rest
from verifier.emit.watching import GUARD, NOW, SAMPLE, TIME, G, has_clock
from verifier.emit.weight import bear
from verifier.safety.affine import Affine

OUT, PROPOSED = Id("out"), Id("proposed")
CONST_GUARD = Parameter("const guard *", "g")
ACTION = Parameter("guard_action *", "out")
STAMP = Parameter("int64_t", "time_ns")


def interface(design: Design) -> Iterator[TopLevel]:
    """In the order of their use."""
    yield _sound()
    yield from _stamps()
    yield rest(design) if design.loop.guarded is not None else _stand_still(design)
    yield _verdict(design)
    yield _refuse()
    yield _fault(design)
    guarded = design.loop.guarded
    if isinstance(guarded, Affine):
        yield drive_affine(design, guarded)
    elif guarded is not None:
        yield drive_guarded(design, guarded)
    else:
        yield drive(design) if design.loop.joints else drive_nothing()
    yield _init(design)
    yield from calls(design)
    yield _step(design)
    yield _tick(design)


# ---- the state ---------------------------------------------------------------------------------


def _sound() -> Function:
    whole = Id("whole")
    marked = (
        Binary("==", Arrow(G, "ready"), Id("GUARD_READY")),
        Binary("<=", Arrow(G, "fallback"), Id("GUARD_FALLBACK_STOP")),
    )
    known = Binary("<=", Dot(LANE, "skill"), NO_SKILL)
    return Function(
        "bool",
        "sound",
        (CONST_GUARD,),
        (
            Declare("bool", "whole", all_of(marked)),
            lanes(Assign(whole, Binary("&&", whole, known))),
            Return(whole),
        ),
        remark="Whether the guard was initialised and not overwritten since.",
    )


def _stamps() -> Iterator[Function]:
    fresh = negated(Arrow(G, "started"))
    time, latest = Id("time_ns"), Arrow(G, "latest_ns")
    yield Function(
        "bool",
        "not_earlier",
        (CONST_GUARD, STAMP),
        (Return(any_of((fresh, Binary(">=", time, latest)))),),
    )
    same = all_of((Binary("==", time, latest), negated(Arrow(G, "passed"))))
    yield Function(
        "bool",
        "later",
        (CONST_GUARD, STAMP),
        (Return(any_of((fresh, Binary(">", time, latest), same))),),
        remark="Whether a step may carry this stamp: one that no step or tick has carried yet.",
    )
    passed = Arrow(G, "passed")
    newer = any_of((fresh, Binary(">", time, latest)))
    yield Function(
        "void",
        "stamp",
        (GUARD, STAMP, Parameter("uint8_t", "passed")),
        (
            If(newer, (Assign(passed, unsigned(0)),)),
            If(Id("passed"), (Assign(passed, unsigned(1)),)),
            Assign(Arrow(G, "started"), unsigned(1)),
            Assign(latest, time),
        ),
    )


# ---- answers -----------------------------------------------------------------------------------


def _stand_still(design: Design) -> Function:
    body: tuple[Statement, ...] = tuple(
        Repeat("i", unsigned(field.size), (Assign(At(Arrow(OUT, field.name), Id("i")), Real(0.0)),))
        for field in design.layout.action
    )
    nothing: tuple[Statement, ...] = (Assign(Arrow(OUT, "nothing"), unsigned(0)),)
    remark = "The baseline: no velocity. The box of every input contains it."
    return Function("void", "stand_still", (ACTION,), body or nothing, remark=remark)


def _verdict(design: Design) -> Function:
    answer = Id("answer")

    def clear(name: str, count: str) -> Statement:
        zero = Real(0.0) if name == "gravity" else unsigned(0)
        return Repeat("i", Id(count), (Assign(At(Dot(answer, name), Id("i")), zero),))

    copied = Repeat(
        "i",
        Id("GUARD_ITEM_WORDS"),
        (Assign(At(Dot(answer, "violated"), Id("i")), At(Arrow(G, "violated"), Id("i"))),),
    )
    in_force = Assign(Dot(answer, "fallback"), Cast("guard_fallback", Arrow(G, "fallback")))
    return Function(
        "guard_verdict",
        "verdict",
        (
            CONST_GUARD,
            Parameter("guard_status", "status"),
            Parameter("guard_decision", "decision"),
            Parameter("guard_source", "source"),
        ),
        (
            Declare("guard_verdict", "answer"),
            Assign(Dot(answer, "status"), Id("status")),
            Assign(Dot(answer, "decision"), Id("decision")),
            Assign(Dot(answer, "source"), Id("source")),
            Assign(Dot(answer, "fallback"), Id("GUARD_FALLBACK_STOP")),
            clear("violated", "GUARD_ITEM_WORDS"),
            clear("limited", "GUARD_JOINT_WORDS"),
            clear("outside", "GUARD_JOINT_WORDS"),
            *((clear("rows", "FILTER_ROW_WORDS"),) if design.loop.guarded else ()),
            *((clear("gravity", "GUARD_JOINTS"),) if weight_of(design) else ()),
            If(
                all_of((Binary("!=", G, NULL), Call("sound", (G,)))),
                (in_force, copied, *((bear(Dot(answer, "gravity")),) if weight_of(design) else ())),
            ),
            Return(answer),
        ),
        remark="What is known at the end; of a guard that is not sound nothing but stop.",
    )


def _refuse() -> Function:
    return Function(
        "guard_status",
        "refuse",
        (GUARD, Parameter("guard_status", "status"), Parameter("uint32_t", "bit")),
        (
            If(
                all_of((Binary("!=", G, NULL), Call("sound", (G,)))),
                (Do(Call("raise_item", (G, Id("bit")))),),
            ),
            Return(Id("status")),
        ),
        remark="Raises the item if there is a guard to raise it in.",
    )


def _still(design: Design) -> Call:
    return Call("stand_still", (G, OUT) if design.loop.guarded is not None else (OUT,))


def _fault(design: Design) -> Function:
    refused = Call("refuse", (G, Id("status"), Id("GUARD_BIT_SAMPLE")))
    ending = (G, Id("status"), Id("GUARD_DECISION_FAULT"), Id("GUARD_SOURCE_BASELINE"))
    return Function(
        "guard_verdict",
        "fault",
        (GUARD, Parameter("guard_status", "status"), ACTION),
        (
            If(Binary("!=", OUT, NULL), (Do(_still(design)),)),
            Do(Cast("void", refused)),
            Return(Call("verdict", ending)),
        ),
    )


# ---- the functions of the interface ------------------------------------------------------------


def _init(design: Design) -> Function:
    size = Call("sizeof", (Unary("*", G),))
    body: list[Statement] = [
        If(is_null(G), (Return(status("NULL")),)),
        Do(Cast("void", Call("memset", (G, Int(0), size)))),
        lanes(Assign(Dot(LANE, "skill"), NO_SKILL)),
        Assign(Arrow(G, "fallback"), Id("GUARD_FALLBACK_NONE")),
    ]
    for number, watched in enumerate(design.plan.programs):
        answer = "GUARD_UNKNOWN" if watched.program.anchored else "GUARD_SATISFIED"
        body.append(Assign(At(Arrow(G, "answers"), unsigned(number)), Id(answer)))
    for gauge in design.gauges:
        least = At(Arrow(G, "robustness"), unsigned(gauge.number))
        body.append(Assign(least, Id("INFINITY")))
    body += [Assign(Arrow(G, "ready"), Id("GUARD_READY")), Return(status("OK"))]
    return Function("guard_status", "guard_init", (GUARD,), tuple(body), static=False)


def _step(design: Design) -> Function:
    missing = tuple(is_null(pointer) for pointer in (G, NOW, PROPOSED, OUT))
    passed = Do(Call("stamp", (G, TIME, unsigned(1))))
    monitors: list[Statement] = []
    if design.plan.programs:
        monitors.append(Do(Call("watch_properties", (G, NOW))))
    lane = Unary("&", LANE)
    invariants = Do(Call("watch_skill", (G, lane, NOW)))
    monitors.append(lanes(invariants, _duration(TIME)))
    return Function(
        "guard_verdict",
        "guard_step",
        (GUARD, SAMPLE, Parameter("const guard_action *", "proposed"), ACTION),
        (
            If(any_of(missing), (_faulty("NULL"),)),
            If(negated(Call("sound", (G,))), (_faulty("NOT_READY"),)),
            Remark("validity of the sample"),
            If(negated(Call("later", (G, TIME))), (_faulty("INVALID_SAMPLE"),)),
            passed,
            If(
                negated(Call("sample_valid", (NOW,))),
                (*_time_passes(design, TIME, Id("false")), _faulty("INVALID_SAMPLE")),
            ),
            Remark("monitors"),
            *monitors,
            Return(Call("drive", (G, NOW, PROPOSED, OUT))),
        ),
        static=False,
    )


def _faulty(name: str) -> Statement:
    return Return(Call("fault", (G, status(name), OUT)))


def _time_passes(design: Design, time: Expression, whole: Expression) -> tuple[Statement, ...]:
    deadlines = Do(Call("pass_deadlines", (G, time, whole)))
    durations = lanes(_duration(time))
    return (deadlines, durations) if has_clock(design) else (durations,)


def _duration(time: Expression) -> Statement:
    return Do(Cast("void", Call("watch_duration", (G, Unary("&", LANE), time))))


def _tick(design: Design) -> Function:
    time = Id("time_ns")
    ending = (G, status("OK"), Id("GUARD_DECISION_REJECT"), Id("GUARD_SOURCE_BASELINE"))
    return Function(
        "guard_verdict",
        "guard_tick",
        (GUARD, STAMP, ACTION),
        (
            If(any_of((is_null(G), is_null(OUT))), (_faulty("NULL"),)),
            If(negated(Call("sound", (G,))), (_faulty("NOT_READY"),)),
            If(negated(Call("not_earlier", (G, time))), (_faulty("INVALID_SAMPLE"),)),
            Do(Call("stamp", (G, time, unsigned(1)))),
            *_time_passes(design, time, Id("true")),
            Do(_still(design)),
            Return(Call("verdict", ending)),
        ),
        static=False,
    )
