"""The last stages of a step in C where braking is part of them: switch, filter, limits, check."""

from __future__ import annotations

from collections.abc import Sequence

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
    any_of,
    negated,
)
from verifier.emit.design import Design
from verifier.emit.driving import ACTION_OUT, PARAMETERS, asked_of, written
from verifier.emit.lower import place_of
from verifier.emit.watching import bit_mask, call, lower, word
from verifier.safety.affine import Affine
from verifier.safety.filter import Guarded

G, NOW, ANSWER, GIVEN = Id("g"), Id("now"), Id("answer"), Id("given")
EACH, JOINTS = Id("i"), Id("GUARD_JOINTS")
MEMORY = Unary("&", Arrow(G, "filter"))
MAY_RETURN = "may_return"


def rest(design: Design) -> Function:
    """Brakes along the reference; without a sound guard nothing moves that is not moving."""
    alive = all_of((Binary("!=", G, Id("NULL")), Call("sound", (G,))))
    value = At(GIVEN, EACH)
    return Function(
        "void",
        "stand_still",
        (Parameter("guard *", "g"), ACTION_OUT),
        (
            Declare("double", "given", None, (JOINTS,)),
            Repeat("i", JOINTS, (Assign(value, Real(0.0)),)),
            If(alive, (Do(Call("filter_blind", (MEMORY, GIVEN))),)),
            Repeat(
                "i",
                JOINTS,
                (Assign(value, Choose(Call("guard_finite", (value,)), value, Real(0.0))),),
            ),
            *written(design),
        ),
        remark="The baseline without a measurement: braking as it was planned.",
    )


def drive_guarded(design: Design, guarded: Guarded) -> Function:
    """The same as `drive`, by the filter."""
    position, drive = At(Id("position"), EACH), At(Id("FILTER_DRIVES"), EACH)
    inside = all_of(
        (
            Binary("<=", Dot(drive, "lower"), position),
            Binary("<=", position, Dot(drive, "upper")),
        )
    )
    places = (("position", guarded.positions), ("speed", guarded.speeds))
    return filtered_stage(
        design,
        guarded,
        measured=tuple(
            Declare("const double", name, Braces(places_of(design, names)), (JOINTS,))
            for name, names in places
        ),
        read=(Id("position"), Id("speed")),
        box=(Dot(drive, "box_lower"), Dot(drive, "box_upper")),
        outside=negated(inside),
    )


def filtered_stage(
    design: Design,
    guarded: Guarded | Affine,
    *,
    measured: tuple[Statement, ...],
    read: tuple[Expression, ...],
    box: tuple[Expression, Expression],
    outside: Expression,
) -> Function:
    """What follows the watches in a step: `measured` declares what filter_step is to `read`; `box`
    are the bounds of the i-th component of the command, `outside` says whether it is marked."""
    none = Binary("==", Arrow(G, "fallback"), Id("GUARD_FALLBACK_NONE"))
    source = Choose(Id("learned"), Id("GUARD_SOURCE_LEARNED"), Id("GUARD_SOURCE_BASELINE"))
    ok = (G, Id("GUARD_STATUS_OK"), Id("GUARD_DECISION_PASS"), source)
    usable = Call("guard_finite", (At(Id("asked"), EACH),))
    proposed = Choose(Id("admitted"), Id("asked"), Id("NULL"))
    flags = [_doubtful(design, guarded), _may_return(design, guarded)]
    if isinstance(guarded, Guarded):
        flags.append(Id("halted"))
    step = (MEMORY, *read, proposed, *flags, GIVEN)
    return Function(
        "guard_verdict",
        "drive",
        PARAMETERS,
        (
            Declare("const double", "asked", Braces(asked_of(design)), (JOINTS,)),
            *measured,
            Declare("double", "given", None, (JOINTS,)),
            Declare("bool", "usable", Id("true")),
            Declare("bool", "clamped", Id("false")),
            Declare("bool", "kept", Id("true")),
            Repeat("i", JOINTS, (Assign(Id("usable"), all_of((Id("usable"), usable))),)),
            Remark("switch, filter and limits"),
            Declare("const bool", "halted", negated(none)),
            Declare("const bool", "admitted", all_of((Id("usable"), negated(Id("halted"))))),
            Declare("const bool", "learned", Call("filter_step", step)),
            Declare("guard_verdict", "answer", Call("verdict", ok)),
            Repeat("i", JOINTS, _judged(box, outside)),
            Repeat("i", Id("FILTER_ROWS"), _told()),
            Remark("check on the way out"),
            If(
                negated(Id("kept")),
                (Return(Call("fault", (G, Id("GUARD_STATUS_NOT_READY"), Id("out")))),),
            ),
            *written(design),
            If(Id("clamped"), (_decide("CLAMP"),)),
            If(negated(Id("learned")), (_decide("REJECT"),)),
            Return(ANSWER),
        ),
    )


def _judged(box: tuple[Expression, Expression], outside: Expression) -> tuple[Statement, ...]:
    given = At(GIVEN, EACH)
    low, high = box
    return (
        If(
            Binary("!=", given, At(Id("asked"), EACH)),
            (
                Assign(Id("clamped"), Id("true")),
                Assign(word(Dot(ANSWER, "limited"), EACH), bit_mask(EACH), "|="),
            ),
        ),
        If(outside, (Assign(word(Dot(ANSWER, "outside"), EACH), bit_mask(EACH), "|="),)),
        Assign(
            Id("kept"),
            all_of((Id("kept"), Binary(">=", given, low), Binary("<=", given, high))),
        ),
    )


def _told() -> tuple[Statement, ...]:
    moved = Binary(">", At(Dot(Arrow(G, "filter"), "moved"), EACH), Real(0.0))
    return (If(moved, (Assign(word(Dot(ANSWER, "rows"), EACH), bit_mask(EACH), "|="),)),)


def _decide(decision: str) -> Statement:
    return Assign(Dot(ANSWER, "decision"), Id(f"GUARD_DECISION_{decision}"))


def places_of(design: Design, names: Sequence[str | None]) -> tuple[Expression, ...]:
    return tuple(
        Real(0.0) if name is None else place_of(design.layout.places[name], NOW) for name in names
    )


def _doubtful(design: Design, guarded: Guarded | Affine) -> Expression:
    """Whether the confidence is low."""
    if guarded.confidence is None:
        return Id("false")
    name, least = guarded.confidence
    return negated(Binary(">=", place_of(design.layout.places[name], NOW), Real(least)))


def _may_return(design: Design, guarded: Guarded | Affine) -> Expression:
    if guarded.when is None:
        return Id("true")
    truth = call(MAY_RETURN, lower(design, guarded.when), NOW, NOW)
    return any_of((Binary("==", truth, Id("GUARD_TRUE")),))
