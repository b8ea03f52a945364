"""selftest.c: replays the vectors against the compiled guard, bit by bit."""

from __future__ import annotations

from collections.abc import Sequence

from verifier.emit import tracking
from verifier.emit.comparing import comparing
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
    File,
    Function,
    Id,
    If,
    Include,
    Int,
    Macro,
    Member,
    Parameter,
    Real,
    Repeat,
    Return,
    Statement,
    Struct,
    Table,
    Text,
    Unary,
    all_of,
    any_of,
    negated,
    unsigned,
)
from verifier.emit.design import Design, weight_of
from verifier.emit.layout import Field
from verifier.emit.reference import Action, Sample
from verifier.emit.vectors import Vector
from verifier.safety.transition import Followed

KINDS = ("init", "enter", "step", "tick", "leave")
V, G, GOT = Id("v"), Id("g"), Id("got")
WORDS = Id("GUARD_ITEM_WORDS"), Id("GUARD_JOINT_WORDS")


def selftest(design: Design, vectors: Sequence[Vector]) -> File:
    """The tree of selftest.c."""
    rows = Braces(tuple(_row(design, vector) for vector in vectors))
    return File(
        f"The self-test of the guard of chain {design.plan.chain}. Generated.\n"
        "The answers were computed by the Python reference. Exits with 0 if all agree.",
        (
            Include("inttypes.h", system=True),
            Include("stdio.h", system=True),
            Include("string.h", system=True),
            Include("guard.h", system=False),
            Macro("VECTORS", unsigned(len(vectors))),
            *(Macro(f"CALL_{kind.upper()}", unsigned(k)) for k, kind in enumerate(_kinds(design))),
            _vector(design),
            Table("vector", "vectors", (Id("VECTORS"),), rows),
            *comparing(design),
            _difference(design),
            _main(design),
        ),
    )


def _kinds(design: Design) -> tuple[str, ...]:
    more = (("leave_skill", design.plan.lanes > 1), ("track", bool(design.tracks)))
    return (*KINDS, *(kind for kind, there in more if there))


# ---- the table ---------------------------------------------------------------------------------


def _vector(design: Design) -> Struct:
    properties, gauges = len(design.plan.programs), len(design.gauges)
    said = (
        Member("guard_answer", "answers", (unsigned(properties),)),
        Member("int64_t", "violated_ns", (unsigned(properties),)),
    )
    measured = (Member("double", "robustness", (unsigned(gauges),), "of those with a gauge"),)
    return Struct(
        "vector",
        (
            Member("uint8_t", "call"),
            Member("bool", "no_sample", (), "NULL instead of now"),
            Member("bool", "no_action", (), "NULL instead of proposed"),
            Member("guard_skill", "skill"),
            Member("guard_sample", "now"),
            Member("guard_action", "proposed"),
            Member("guard_verdict", "expected"),
            Member("guard_action", "out"),
            *(said if properties else ()),
            *(measured if gauges else ()),
            *((Member("guard_reference", "reached"),) if design.tracks else ()),
        ),
    )


def _row(design: Design, vector: Vector) -> Braces:
    call, outcome = vector.call, vector.outcome
    guarded = design.loop.guarded
    silent = vector.out is None
    decision = "PASS" if silent else outcome.decision
    source = "LEARNED" if silent else outcome.source
    names = (
        f"GUARD_STATUS_{outcome.status}",
        f"GUARD_DECISION_{decision}",
        f"GUARD_SOURCE_{source}",
        f"GUARD_FALLBACK_{outcome.fallback.upper()}",
    )
    expected = Braces(
        (
            *map(Id, names),
            _words(outcome.violated, design.item_words),
            _words(outcome.limited, design.joint_words),
            _words(outcome.outside, design.joint_words),
            *((_words(outcome.rows, -(-guarded.rows // 64)),) if guarded else ()),
            *((_torques(design, outcome.gravity),) if weight_of(design) else ()),
        )
    )
    skill = design.layout.skills.get(call.skill or "", "GUARD_SKILL_NONE")
    now = call.now or Sample(call.time_ns, {})
    return Braces(
        (
            Id(f"CALL_{call.kind.upper()}"),
            _flag(call.now is None),
            _flag(call.proposed is None),
            Id(skill),
            _sample(design, now),
            _action(design, call.proposed),
            expected,
            _action(design, vector.out),
            *_said(vector),
            *((_reached(design, vector.reached),) if design.tracks else ()),
        )
    )


def _reached(design: Design, reached: Followed | None) -> Braces:
    none = (0.0,) * tracking.axes(design)
    found = reached or Followed(none, none, False)
    reals = [Braces(tuple(map(Real, part))) for part in (found.position, found.velocity)]
    return Braces((*reals, unsigned(int(found.done))))


def _said(vector: Vector) -> tuple[Braces, ...]:
    """What the properties say, and their robustness."""
    found: list[Braces] = []
    if vector.answers:
        found.append(Braces(tuple(Id(f"GUARD_{answer.name}") for answer, _ in vector.answers)))
        found.append(Braces(tuple(Int(time, "INT64_C") for _, time in vector.answers)))
    if vector.robustness:
        found.append(Braces(tuple(Real(value) for value in vector.robustness)))
    return tuple(found)


def _flag(value: bool) -> Id:
    return Id("true" if value else "false")


def _words(mask: int, count: int) -> Braces:
    return Braces(tuple(Int(mask >> 64 * k & (2**64 - 1), "UINT64_C") for k in range(count)))


def _sample(design: Design, sample: Sample) -> Braces:
    fields = tuple(_field(field, sample, 0, 0) for field in design.layout.fields)
    return Braces((Int(sample.time_ns, "INT64_C"), *fields))


def _field(field: Field, sample: Sample, depth: int, start: int) -> Expression:
    """The entries of a field from the flat index `start` at one depth of its axes."""
    if depth == len(field.sizes):
        value = sample.values.get(field.signal.scalars[start], 0)
        return Real(float(value)) if field.kind == "real" else unsigned(int(value))
    inner = 1
    for size in field.sizes[depth + 1 :]:
        inner *= size
    entries = range(field.sizes[depth])
    return Braces(tuple(_field(field, sample, depth + 1, start + k * inner) for k in entries))


def _action(design: Design, action: Action | None) -> Braces:
    flat = action or (0.0,) * len(design.loop.joints)
    if not design.layout.action:
        return Braces((unsigned(0),))
    return Braces(
        tuple(
            Braces(tuple(Real(flat[joint]) for joint in field.command.joints))
            for field in design.layout.action
        )
    )


# ---- comparing ---------------------------------------------------------------------------------


def _property_differences(design: Design) -> tuple[Statement, ...]:
    """Whether each property says what is expected, when it was violated, and how far it is."""

    def differs(field: str, k: int, name: str) -> Statement:
        at = unsigned(k)
        wrong = Binary("!=", At(Arrow(G, field), at), At(Arrow(V, field), at))
        return If(wrong, (Return(Text(f"{field} of {name}")),))

    found: list[Statement] = []
    for k, watched in enumerate(design.plan.programs):
        found += [differs(field, k, watched.item.name) for field in ("answers", "violated_ns")]
    for k, gauge in enumerate(design.gauges):
        here, there = At(Arrow(G, "robustness"), unsigned(gauge.number)), unsigned(k)
        same = Call("same", (here, At(Arrow(V, "robustness"), there)))
        found.append(If(negated(same), (Return(Text(f"robustness of {gauge.gauge.name}")),)))
    return tuple(found) or (Do(Cast("void", G)),)


def _difference(design: Design) -> Function:
    """Names the first part of an answer that is not as expected; NULL if all are."""
    expected = Arrow(V, "expected")

    def differs(field: str) -> Statement:
        wrong = Binary("!=", Arrow(GOT, field), Dot(expected, field))
        return If(wrong, (Return(Text(field)),))

    def words(field: str, count: Expression) -> Statement:
        same = Call("same_words", (Arrow(GOT, field), Dot(expected, field), count))
        return If(negated(same), (Return(Text(field)),))

    acted = any_of(
        tuple(Binary("==", Arrow(V, "call"), Id(f"CALL_{kind}")) for kind in ("STEP", "TICK"))
    )
    same_out = Call("same_action", (Id("out"), Unary("&", Arrow(V, "out"))))
    return Function(
        "const char *",
        "difference",
        (
            Parameter("const vector *", "v"),
            Parameter("const guard_verdict *", "got"),
            Parameter("const guard_action *", "out"),
            Parameter("const guard *", "g"),
        ),
        (
            differs("status"),
            differs("fallback"),
            words("violated", WORDS[0]),
            If(
                acted,
                (
                    differs("decision"),
                    differs("source"),
                    words("limited", WORDS[1]),
                    words("outside", WORDS[1]),
                    *((words("rows", Id("FILTER_ROW_WORDS")),) if design.loop.guarded else ()),
                    *(_gravity() if weight_of(design) else ()),
                    If(negated(same_out), (Return(Text("out")),)),
                ),
            ),
            *_property_differences(design),
            Return(Id("NULL")),
        ),
    )


def _torques(design: Design, gravity: Sequence[float]) -> Braces:
    return Braces(tuple(map(Real, gravity or (0.0,) * len(design.loop.joints))))


def _gravity() -> tuple[Statement, ...]:
    i = Id("i")
    pair = (At(Arrow(GOT, "gravity"), i), At(Dot(Arrow(V, "expected"), "gravity"), i))
    differs = If(negated(Call("same", pair)), (Return(Text("gravity")),))
    return (Repeat("i", Id("GUARD_JOINTS"), (differs,)),)


def _followed(design: Design) -> tuple[Statement, ...]:
    """What a transition's set point adds to the comparison."""
    if not design.tracks:
        return ()
    tracked = Binary("==", Arrow(V, "call"), Id("CALL_TRACK"))
    pair = (Unary("&", Id("reached")), Unary("&", Arrow(V, "reached")))
    wrong = (tracked, negated(Call("same_reference", pair)))
    return (If(all_of(wrong), (Assign(Id("wrong"), Text("reached")),)),)


def _main(design: Design) -> Function:
    """A step filters in place: `out` is also what was proposed."""
    now = Choose(Arrow(V, "no_sample"), Id("NULL"), Unary("&", Arrow(V, "now")))
    proposed = Choose(Arrow(V, "no_action"), Id("NULL"), Unary("&", Id("out")))
    address, out = Unary("&", G), Unary("&", Id("out"))

    def silent(name: str, *arguments: Expression) -> Statement:
        return Assign(Dot(GOT, "status"), Call(name, (address, *arguments)))

    def loud(name: str, *arguments: Expression) -> Statement:
        return Assign(GOT, Call(name, (address, *arguments)))

    ways: list[tuple[str, Statement]] = [
        ("INIT", silent("guard_init")),
        ("ENTER", silent("guard_enter", Arrow(V, "skill"), now)),
        ("STEP", loud("guard_step", now, proposed, out)),
        ("TICK", loud("guard_tick", Dot(Arrow(V, "now"), "time_ns"), out)),
        ("LEAVE", silent("guard_leave", now)),
    ]
    if design.plan.lanes > 1:
        ways.append(("LEAVE_SKILL", silent("guard_leave_skill", Arrow(V, "skill"), now)))
    reached: tuple[Statement, ...] = ()
    if design.tracks:
        ways.append(("TRACK", silent("guard_track", now, Unary("&", Id("reached")))))
        reached = (Declare("guard_reference", "reached", Arrow(V, "reached")),)
    chosen = tuple(
        If(Binary("==", Arrow(V, "call"), Id(f"CALL_{name}")), (way,)) for name, way in ways
    )
    failed = Call("printf", (Text("vector %u: %s differs\n"), Id("i"), Id("wrong")))
    count = Text("%u passed, %u failed\n")
    return Function(
        "int",
        "main",
        (),
        (
            Declare("guard", "g"),
            Declare("guard_verdict", "got"),
            Do(Call("memset", (address, Int(0), Call("sizeof", (G,))))),
            Do(Call("memset", (Unary("&", GOT), Int(0), Call("sizeof", (GOT,))))),
            Repeat(
                "i",
                Id("VECTORS"),
                (
                    Declare("const vector *", "v", Unary("&", At(Id("vectors"), Id("i")))),
                    Declare("guard_action", "out", Arrow(V, "proposed")),
                    *reached,
                    *chosen,
                    Assign(Dot(GOT, "fallback"), Cast("guard_fallback", Dot(G, "fallback"))),
                    Repeat(
                        "k",
                        WORDS[0],
                        (
                            Assign(
                                At(Dot(GOT, "violated"), Id("k")),
                                At(Dot(G, "violated"), Id("k")),
                            ),
                        ),
                    ),
                    Declare(
                        "const char *",
                        "wrong",
                        Call("difference", (V, Unary("&", GOT), out, address)),
                    ),
                    *_followed(design),
                    If(
                        Binary("!=", Id("wrong"), Id("NULL")),
                        (
                            Do(failed),
                            Do(Call("printf", (count, Id("i"), unsigned(1)))),
                            Return(Int(1)),
                        ),
                    ),
                ),
            ),
            Do(Call("printf", (count, Id("VECTORS"), unsigned(0)))),
            Return(Int(0)),
        ),
        static=False,
    )
