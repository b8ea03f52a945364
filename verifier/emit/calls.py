"""Calls of skills in C: guard_enter, guard_leave, and what may run beside what.

A call that runs has a lane of its own, with the sample and the stamp of its entry. A chain without
`||` has one lane.
"""

from __future__ import annotations

from collections.abc import Iterator

from verifier.emit.ctree import (
    Arrow,
    Assign,
    At,
    Binary,
    Call,
    Cast,
    Choose,
    Declare,
    Do,
    Dot,
    Expression,
    Function,
    Id,
    If,
    Parameter,
    Remark,
    Repeat,
    Return,
    Statement,
    Switch,
    Unary,
    all_of,
    any_of,
    negated,
    unsigned,
)
from verifier.emit.design import Design
from verifier.emit.watching import GUARD, NOW, SAMPLE, SKILL, TIME, A, G

NULL, NO_SKILL = Id("NULL"), Id("GUARD_SKILL_NONE")
LANES, LANE = Id("GUARD_LANES"), At(Arrow(G, "active"), Id("i"))


def calls(design: Design) -> Iterator[Function]:
    """In the order of their use."""
    if _wide(design):
        yield _runs_beside(design)
    yield _enter(design)
    yield _over(design)
    yield from _leaving(design)


def lanes(*body: Statement) -> Statement:
    """The body for every LANE."""
    return Repeat("i", LANES, body)


def status(name: str) -> Expression:
    return Id(f"GUARD_STATUS_{name}")


def is_null(pointer: Expression) -> Expression:
    return Binary("==", pointer, NULL)


def _wide(design: Design) -> bool:
    return design.plan.lanes > 1


def _refused(design: Design, name: str, bit: int) -> Statement:
    return Return(Call("refuse", (G, status(name), Id(design.bits[bit]))))


def _admission(design: Design) -> tuple[Statement, ...]:
    """What `enter` and `leave` ask of their arguments first."""
    return (
        If(any_of((is_null(G), is_null(NOW))), (_refused(design, "NULL", 0),)),
        If(negated(Call("sound", (G,))), (Return(status("NOT_READY")),)),
    )


def _current(design: Design) -> tuple[Statement, ...]:
    """A sample that is valid and not earlier than the clock, or an invalid one's answer."""
    current = all_of((Call("not_earlier", (G, TIME)), Call("sample_valid", (NOW,))))
    return (
        If(negated(current), (_refused(design, "INVALID_SAMPLE", 0),)),
        Do(Call("stamp", (G, TIME, unsigned(0)))),
    )


def _runs_beside(design: Design) -> Function:
    """A table of the calls in the branches of `||`."""
    names = design.layout.skills
    cases = []
    for gates in design.plan.skills:
        others = [Binary("==", Id("other"), Id(names[text])) for text in sorted(gates.beside)]
        if others:
            cases.append((Id(names[gates.text]), (Return(any_of(tuple(others))),)))
    return Function(
        "bool",
        "runs_beside",
        (SKILL, Parameter("uint32_t", "other")),
        (Switch(Id("skill"), tuple(cases), (Return(Id("false")),)),),
        remark="Whether two calls may run at the same time.",
    )


def _enter(design: Design) -> Function:
    number, free = Cast("uint32_t", Id("skill")), Id("lane")
    idle = Binary("==", Dot(LANE, "skill"), NO_SKILL)
    refused = _refused(design, "OUT_OF_ORDER", 1)
    alone: tuple[Statement, ...] = (refused,)
    if _wide(design):
        beside = Call("runs_beside", (Id("number"), Dot(LANE, "skill")))
        alone = (If(negated(beside), (refused,)),)
    full = Binary("==", free, LANES)
    closed = negated(Call("entry_gate", (G, Id("number"), NOW)))
    return Function(
        "guard_status",
        "guard_enter",
        (GUARD, Parameter("guard_skill", "skill"), SAMPLE),
        (
            Declare("const uint32_t", "number", number),
            *_admission(design),
            If(
                Binary(">=", Id("number"), NO_SKILL),
                (_refused(design, "UNKNOWN_SKILL", 1),),
            ),
            Declare("uint32_t", "lane", LANES),
            lanes(If(idle, (If(full, (Assign(free, Id("i")),)),), alone)),
            *((If(full, (refused,)),) if _wide(design) else ()),
            *_current(design),
            If(closed, (Return(status("GATE_CLOSED")),)),
            Assign(Dot(At(Arrow(G, "active"), free), "skill"), Id("number")),
            Assign(Dot(At(Arrow(G, "active"), free), "entered_ns"), TIME),
            Assign(Dot(At(Arrow(G, "active"), free), "entry"), Unary("*", NOW)),
            Return(status("OK")),
        ),
        static=False,
    )


def _leaving(design: Design) -> Iterator[Function]:
    """guard_leave for the one call that runs, and guard_leave_skill where there may be others."""
    found, runs = Id("found"), Binary("!=", Dot(LANE, "skill"), NO_SKILL)
    another, none_yet = (Binary(sign, found, LANES) for sign in ("!=", "=="))
    refused = _refused(design, "OUT_OF_ORDER", 1)
    first = (Assign(found, Id("i")),)
    only: tuple[Statement, ...] = (If(another, (refused,)), *first)
    yield _leave(design, "guard_leave", (GUARD, SAMPLE), If(runs, only if _wide(design) else first))
    if _wide(design):
        wanted = Binary("==", Dot(LANE, "skill"), Cast("uint32_t", Id("skill")))
        named = If(all_of((runs, wanted, none_yet)), first)
        parameters = (GUARD, Parameter("guard_skill", "skill"), SAMPLE)
        yield _leave(design, "guard_leave_skill", parameters, named)


def _leave(
    design: Design, name: str, parameters: tuple[Parameter, ...], chosen: Statement
) -> Function:
    """`chosen` sets `found` to the lane that is left."""
    found = Id("found")
    none = Binary("==", found, LANES)
    left = Call("leave", (G, Unary("&", At(Arrow(G, "active"), found)), NOW))
    return Function(
        "guard_status",
        name,
        parameters,
        (
            *_admission(design),
            Declare("uint32_t", "found", LANES),
            lanes(chosen),
            If(none, (_refused(design, "OUT_OF_ORDER", 1),)),
            Return(left),
        ),
        static=False,
    )


def _over(design: Design) -> Function:
    current, kept = Id("current"), Id("kept")
    good = all_of((Call("not_earlier", (G, TIME)), Call("sample_valid", (NOW,))))
    return Function(
        "guard_status",
        "leave",
        (GUARD, Parameter("guard_active *", "a"), SAMPLE),
        (
            Declare("const bool", "current", good),
            Declare("bool", "kept", Id("true")),
            If(
                current,
                (
                    Do(Call("stamp", (G, TIME, unsigned(0)))),
                    Assign(kept, Call("watch_duration", (G, A, TIME))),
                    Assign(kept, Binary("&&", Call("exit_gate", (G, A, NOW)), kept)),
                ),
            ),
            Remark("The call is over in any case."),
            Assign(Arrow(A, "skill"), NO_SKILL),
            If(negated(current), (_refused(design, "INVALID_SAMPLE", 0),)),
            Return(Choose(kept, status("OK"), status("GATE_CLOSED"))),
        ),
    )
