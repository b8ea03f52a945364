"""What the self-test compares answers with: doubles bit by bit, words, commands, set points."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.emit.ctree import (
    Arrow,
    At,
    Binary,
    Call,
    Declare,
    Do,
    Function,
    Id,
    If,
    Parameter,
    Real,
    Repeat,
    Return,
    Statement,
    Unary,
    negated,
    unsigned,
)
from verifier.emit.design import Design


def comparing(design: Design) -> Iterator[Function]:
    """In the order of their use."""
    yield _same()
    yield _same_words()
    yield _same_action(design)
    if design.tracks:
        yield _same_reference()


def _same() -> Function:
    left, right = Id("left_bits"), Id("right_bits")

    def copied(bits: Id, value: str) -> Statement:
        size = Call("sizeof", (bits,))
        return Do(Call("memcpy", (Unary("&", bits), Unary("&", Id(value)), size)))

    return Function(
        "bool",
        "same",
        (Parameter("double", "left"), Parameter("double", "right")),
        (
            Declare("uint64_t", "left_bits", unsigned(0)),
            Declare("uint64_t", "right_bits", unsigned(0)),
            copied(left, "left"),
            copied(right, "right"),
            Return(Binary("==", left, right)),
        ),
    )


def _same_words() -> Function:
    i = Id("i")
    different = Binary("!=", At(Id("left"), i), At(Id("right"), i))
    return Function(
        "bool",
        "same_words",
        (
            Parameter("const uint64_t *", "left"),
            Parameter("const uint64_t *", "right"),
            Parameter("uint32_t", "count"),
        ),
        (
            Repeat("i", Id("count"), (If(different, (Return(Id("false")),)),)),
            Return(Id("true")),
        ),
    )


def _same_action(design: Design) -> Function:
    i = Id("i")
    left, right = Id("left"), Id("right")
    checks: list[Statement] = []
    for field in design.layout.action:
        pair = (At(Arrow(left, field.name), i), At(Arrow(right, field.name), i))
        wrong = If(negated(Call("same", pair)), (Return(Id("false")),))
        checks.append(Repeat("i", unsigned(field.size), (wrong,)))
    if not checks:
        fields = Binary("!=", Arrow(left, "nothing"), Arrow(right, "nothing"))
        checks.append(If(fields, (Return(Call("same", (Real(0.0), Real(1.0)))),)))
    pointer = "const guard_action *"
    return Function(
        "bool",
        "same_action",
        (Parameter(pointer, "left"), Parameter(pointer, "right")),
        (*checks, Return(Id("true"))),
    )


def _same_reference() -> Function:
    i = Id("i")
    left, right = Id("left"), Id("right")
    differ = tuple(
        If(
            negated(Call("same", (At(Arrow(left, part), i), At(Arrow(right, part), i)))),
            (Return(Id("false")),),
        )
        for part in ("position", "velocity")
    )
    pointer = "const guard_reference *"
    return Function(
        "bool",
        "same_reference",
        (Parameter(pointer, "left"), Parameter(pointer, "right")),
        (
            Repeat("i", Id("GUARD_AXES"), differ),
            Return(Binary("==", Arrow(left, "done"), Arrow(right, "done"))),
        ),
    )
