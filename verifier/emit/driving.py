"""The last stages of a step in C: switch, filter and limits, check on the way out."""

from __future__ import annotations

from verifier.emit.ctree import (
    Arrow,
    Assign,
    At,
    Binary,
    Braces,
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
    Real,
    Remark,
    Repeat,
    Return,
    Statement,
    Unary,
    all_of,
    negated,
    unsigned,
)
from verifier.emit.design import Design
from verifier.emit.lower import place_of
from verifier.emit.watching import bit_mask, word

G, NOW, OUT, PROPOSED = Id("g"), Id("now"), Id("out"), Id("proposed")
ACTION_OUT = Parameter("guard_action *", "out")
PARAMETERS = (
    Parameter("guard *", "g"),
    Parameter("const guard_sample *", "now"),
    Parameter("const guard_action *", "proposed"),
    ACTION_OUT,
)


def drive(design: Design) -> Function:
    i = Id("i")
    asked, given = At(Id("asked"), i), At(Id("given"), i)
    joint, answer = At(Id("JOINTS"), i), Id("answer")
    each: tuple[Statement, ...] = (
        Declare("const double", "wanted", Choose(Id("learned"), asked, Real(0.0))),
        Assign(
            given,
            Call("guard_limit", (Unary("&", joint), Id("wanted"), At(Id("position"), i))),
        ),
        If(
            Binary("!=", given, Id("wanted")),
            (
                Assign(Id("clamped"), Id("true")),
                Assign(word(Dot(answer, "limited"), i), bit_mask(i), "|="),
            ),
        ),
        If(
            Call("guard_outside", (Unary("&", joint), At(Id("position"), i))),
            (Assign(word(Dot(answer, "outside"), i), bit_mask(i), "|="),),
        ),
        Assign(
            Id("kept"),
            all_of(
                (
                    Id("kept"),
                    Binary(">=", given, Dot(joint, "box_lower")),
                    Binary("<=", given, Dot(joint, "box_upper")),
                )
            ),
        ),
    )
    none = Binary("==", Arrow(G, "fallback"), Id("GUARD_FALLBACK_NONE"))
    source = Choose(Id("learned"), Id("GUARD_SOURCE_LEARNED"), Id("GUARD_SOURCE_BASELINE"))
    ok = (G, Id("GUARD_STATUS_OK"), Id("GUARD_DECISION_PASS"), source)
    size = (Id("GUARD_JOINTS"),)
    return Function(
        "guard_verdict",
        "drive",
        PARAMETERS,
        (
            Declare("const double", "asked", Braces(asked_of(design)), size),
            Declare("const double", "position", Braces(_positions(design)), size),
            Declare("double", "given", None, size),
            Declare("bool", "usable", Id("true")),
            Declare("bool", "clamped", Id("false")),
            Declare("bool", "kept", Id("true")),
            Repeat(
                "i",
                Id("GUARD_JOINTS"),
                (Assign(Id("usable"), all_of((Id("usable"), Call("guard_finite", (asked,))))),),
            ),
            Remark("switch: the learned command while nothing stands against it"),
            Declare("const bool", "learned", all_of((Id("usable"), none))),
            Declare("guard_verdict", "answer", Call("verdict", ok)),
            Remark("filter and limits"),
            Repeat("i", Id("GUARD_JOINTS"), each),
            Remark("check on the way out"),
            If(
                negated(Id("kept")),
                (Return(Call("fault", (G, Id("GUARD_STATUS_NOT_READY"), OUT))),),
            ),
            *written(design),
            If(Id("clamped"), (_decide("CLAMP"),)),
            If(negated(Id("learned")), (_decide("REJECT"),)),
            Return(answer),
        ),
    )


def _decide(decision: str) -> Statement:
    return Assign(Dot(Id("answer"), "decision"), Id(f"GUARD_DECISION_{decision}"))


def asked_of(design: Design) -> tuple[Expression, ...]:
    return tuple(
        At(Arrow(PROPOSED, field.name), unsigned(k))
        for field in design.layout.action
        for k in range(field.size)
    )


def _positions(design: Design) -> tuple[Expression, ...]:
    return tuple(
        Real(0.0) if joint.state is None else place_of(design.layout.places[joint.state], NOW)
        for joint in design.loop.joints
    )


def written(design: Design) -> tuple[Statement, ...]:
    return tuple(
        Assign(
            At(Arrow(OUT, field.name), unsigned(k)),
            At(Id("given"), unsigned(field.command.joints[k])),
        )
        for field in design.layout.action
        for k in range(field.size)
    )


def drive_nothing() -> Function:
    none = Binary("==", Arrow(G, "fallback"), Id("GUARD_FALLBACK_NONE"))

    def ending(decision: str, source: str) -> Statement:
        parts = (
            G,
            Id("GUARD_STATUS_OK"),
            Id(f"GUARD_DECISION_{decision}"),
            Id(f"GUARD_SOURCE_{source}"),
        )
        return Return(Call("verdict", parts))

    return Function(
        "guard_verdict",
        "drive",
        PARAMETERS,
        (
            Do(Cast("void", NOW)),
            Do(Cast("void", PROPOSED)),
            Do(Call("stand_still", (OUT,))),
            If(none, (ending("PASS", "LEARNED"),)),
            ending("REJECT", "BASELINE"),
        ),
    )
