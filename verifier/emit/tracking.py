"""Transitions in C: the tables that the robot follows, and the function that reads them."""

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
    Dot,
    Expression,
    Function,
    Id,
    If,
    Int,
    Parameter,
    Real,
    Repeat,
    Return,
    Statement,
    Switch,
    Table,
    TopLevel,
    Unary,
    any_of,
    negated,
    unsigned,
)
from verifier.emit.design import Design, Track
from verifier.emit.lower import place_of

G, NOW, OUT, T, START = Id("g"), Id("now"), Id("out"), Id("t"), Id("start")
NULL, LANE = Id("NULL"), At(Arrow(G, "active"), Id("i"))
REMARK = (
    "During a transition: where to be one period later, and the velocity that leads there.\n"
    "Any status but GUARD_STATUS_OK asks to stand still."
)
PARAMETERS = (
    Parameter("const guard *", "g"),
    Parameter("const guard_sample *", "now"),
    Parameter("guard_reference *", "out"),
)


def axes(design: Design) -> int:
    """Coordinates of a position, the most of all transitions."""
    return max((track.table.moved for track in design.tracks), default=0)


def starts(design: Design) -> int:
    """Coordinates of a start, the most of all transitions."""
    return max((len(track.table.starts) for track in design.tracks), default=0)


def tracking(design: Design) -> Iterator[TopLevel]:
    """The tables, and what reads a start from a sample."""
    for number, track in enumerate(design.tracks):
        yield from _tables(number, track)
        yield _reader(design, number, track)
    rows = tuple(_row(number, track) for number, track in enumerate(design.tracks))
    if rows:
        size = (unsigned(len(rows)),)
        yield Table("guard_transition", "TRANSITIONS", size, Braces(rows))


def _tables(number: int, track: Track) -> Iterator[Table]:
    table = track.table
    if table.forks:
        cuts = [
            Braces((Real(f.bound), unsigned(f.axis), unsigned(f.below), unsigned(f.above)))
            for f in table.forks
        ]
        yield _table("guard_cut", f"CUTS_{number}", cuts, f"{track.call}: bound, axis, and ways.")
    motions = [
        Braces((unsigned(c.first), unsigned(c.count), Real(c.duration_s))) for c in table.courses
    ]
    yield _table("guard_motion", f"MOTIONS_{number}", motions, f"{track.call}, {track.span}")
    if table.stretches:
        times = [Braces((Real(s.begin_s), Real(s.duration_s))) for s in table.stretches]
        yield _table("guard_piece", f"PIECES_{number}", times, "begin and duration in seconds")
        affine = [
            Real(value)
            for stretch in table.stretches
            for point in stretch.points
            for row in point
            for value in row
        ]
        remark = f"piece, control point, axis: a constant and factors of {', '.join(table.starts)}"
        yield _table("double", f"AFFINE_{number}", affine, remark)
    yield _table("double", f"SPEED_{number}", [Real(s) for s in table.speed], "at most")


def _table(type_name: str, name: str, rows: list[Braces] | list[Real], remark: str) -> Table:
    return Table(type_name, name, (unsigned(len(rows)),), Braces(tuple(rows)), remark)


def _row(number: int, track: Track) -> Braces:
    table = track.table
    points = len(table.stretches[0].points) if table.stretches else 1
    counts = (len(table.forks), len(table.courses), len(table.stretches), points)
    return Braces(
        (
            Id(f"CUTS_{number}") if table.forks else NULL,
            Id(f"MOTIONS_{number}"),
            Id(f"PIECES_{number}") if table.stretches else NULL,
            Id(f"AFFINE_{number}") if table.stretches else NULL,
            Id(f"SPEED_{number}"),
            Real(table.period_s),
            *map(unsigned, (*counts, table.moved, len(table.starts))),
        )
    )


def _reader(design: Design, number: int, track: Track) -> Function:
    read = tuple(
        Assign(At(START, unsigned(k)), place_of(design.layout.places[name], NOW))
        for k, name in enumerate(track.table.starts)
    )
    return Function(
        "void",
        f"start_{number}",
        (Parameter("const guard_sample *", "now"), Parameter("double *", "start")),
        read,
    )


def prototype() -> Function:
    """guard_track as guard.h declares it."""
    return Function("guard_status", "guard_track", PARAMETERS, None, static=False, remark=REMARK)


def track_function(design: Design) -> Function:
    """guard_track."""
    size = (unsigned(starts(design)),)
    count = Id("GUARD_AXES")
    zero = Braces((Real(0.0),))
    cases = tuple(_case(design, number, track) for number, track in enumerate(design.tracks))
    elapsed = Call("guard_elapsed", (Id("entered_ns"), Arrow(NOW, "time_ns")))
    position, velocity = Arrow(OUT, "position"), Arrow(OUT, "velocity")
    followed = Call("guard_follow", (T, START, Id("measured"), elapsed, position, velocity))
    earlier = Binary("<", Arrow(NOW, "time_ns"), Id("entered_ns"))
    invalid = any_of((earlier, negated(Call("sample_valid", (NOW,)))))
    return Function(
        "guard_status",
        "guard_track",
        PARAMETERS,
        (
            Declare("double", "start", zero, size),
            Declare("double", "measured", zero, size),
            Declare("const guard_transition *", "t", NULL),
            Declare("int64_t", "entered_ns", Int(0)),
            _if(Binary("==", OUT, NULL), "NULL"),
            _zeros("position", count),
            _zeros("velocity", count),
            Assign(Arrow(OUT, "done"), unsigned(0)),
            _if(any_of((Binary("==", G, NULL), Binary("==", NOW, NULL))), "NULL"),
            _if(negated(Call("sound", (G,))), "NOT_READY"),
            Repeat("i", Id("GUARD_LANES"), (Switch(Dot(LANE, "skill"), cases, ()),)),
            _if(Binary("==", T, NULL), "OUT_OF_ORDER"),
            _if(invalid, "INVALID_SAMPLE"),
            Assign(Arrow(OUT, "done"), Choose(followed, unsigned(1), unsigned(0))),
            If(
                Binary("!=", Arrow(G, "fallback"), Id("GUARD_FALLBACK_NONE")),
                (_zeros("velocity", count), _answer("GATE_CLOSED")),
            ),
            _answer("OK"),
        ),
        static=False,
    )


def _answer(name: str) -> Statement:
    return Return(Id(f"GUARD_STATUS_{name}"))


def _if(condition: Expression, name: str) -> Statement:
    return If(condition, (_answer(name),))


def _zeros(name: str, count: Expression) -> Statement:
    return Repeat("i", count, (Assign(At(Arrow(OUT, name), Id("i")), Real(0.0)),))


def _case(design: Design, number: int, track: Track) -> tuple[Expression, tuple[Statement, ...]]:
    return (
        Id(design.layout.skills[track.call]),
        (
            Assign(T, Unary("&", At(Id("TRANSITIONS"), unsigned(number)))),
            Assign(Id("entered_ns"), Dot(LANE, "entered_ns")),
            Do(Call(f"start_{number}", (Unary("&", Dot(LANE, "entry")), START))),
            Do(Call(f"start_{number}", (NOW, Id("measured")))),
        ),
    )
