"""What guard.c does with the watched formulas: properties, invariants, durations, fallbacks."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.core.term import Formula
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
    Expression,
    Function,
    Id,
    If,
    Int,
    Parameter,
    Remark,
    Return,
    Statement,
    Switch,
    TopLevel,
    Unary,
    all_of,
    any_of,
    unsigned,
)
from verifier.emit.design import Design, NumberedResponse, place
from verifier.emit.lower import Lowered, lowered
from verifier.monitor.gates import Clause, SkillGates, WatchedProgram
from verifier.monitor.program import Response, Watch, formulas_of

G, NOW = Id("g"), Id("now")
GUARD, SAMPLE = Parameter("guard *", "g"), Parameter("const guard_sample *", "now")
TIME = Arrow(NOW, "time_ns")


def watching(design: Design) -> Iterator[TopLevel]:
    """In the order of their use."""
    yield _raise()
    if any(clauses(gates) for gates in design.plan.skills):
        yield _watched()
    yield from _properties(design)
    yield from _time(design)
    yield from _skills(design)


def clauses(gates: SkillGates) -> tuple[Clause, ...]:
    """Each clause of a call once."""
    return tuple(dict.fromkeys((*gates.entry, *gates.during, *gates.exit)))


# ---- names and calls ---------------------------------------------------------------------------


def formula_name(program: int, part: int) -> str:
    return f"property_{program}_{part}"


def clause_name(clause: Clause) -> str:
    return f"item_{clause.item.bit}"


def call(name: str, body: Lowered, now: Expression, entry: Expression) -> Expression:
    """The call of a watched formula."""
    given = {"now": now, "entry": entry}
    return Call(name, tuple(given[parameter] for parameter in body.parameters))


def bit_mask(number: Expression) -> Expression:
    return Binary("<<", Cast("uint64_t", Int(1)), Binary("%", number, unsigned(64)))


def word(base: Expression, number: Expression) -> Expression:
    return At(base, Binary("/", number, unsigned(64)))


def raised(design: Design, bit: int) -> Statement:
    return Do(Call("raise_item", (G, Id(design.bits[bit]))))


def lower(design: Design, formula: Formula) -> Lowered:
    return lowered(formula, design.layout.places, design.layout.labels)


# ---- raising -----------------------------------------------------------------------------------


def _raise() -> Function:
    bit = Id("bit")
    fallback = At(Id("FALLBACKS"), bit)
    return Function(
        "void",
        "raise_item",
        (GUARD, Parameter("uint32_t", "bit")),
        (
            If(
                Binary("<", bit, Id("GUARD_ITEMS")),
                (
                    Assign(word(Arrow(G, "violated"), bit), bit_mask(bit), "|="),
                    If(
                        Binary(">", fallback, Arrow(G, "fallback")),
                        (Assign(Arrow(G, "fallback"), fallback),),
                    ),
                ),
            ),
        ),
        remark="Marks an item as violated. The fallback only ever becomes more severe.",
    )


def _watched() -> Function:
    truth, bit = Id("truth"), Id("bit")
    wrong = Binary("!=", truth, Id("GUARD_TRUE"))
    return Function(
        "bool",
        "watched",
        (GUARD, Parameter("guard_truth", "truth"), Parameter("uint32_t", "bit")),
        (
            If(wrong, (Do(Call("raise_item", (G, bit))),)),
            Return(Binary("==", truth, Id("GUARD_TRUE"))),
        ),
        remark="Raises the item unless its formula is true; whether it is.",
    )


# ---- properties --------------------------------------------------------------------------------


def _properties(design: Design) -> Iterator[TopLevel]:
    for number, watched in enumerate(design.plan.programs):
        yield _property(design, number, watched)
    calls = tuple(
        Do(Call(f"property_{number}_step", (G, NOW))) for number in range(len(design.plan.programs))
    )
    if calls:
        yield Function("void", "watch_properties", (GUARD, SAMPLE), calls)


def _property(design: Design, number: int, watched: WatchedProgram) -> Function:
    answer, kept = Id("answer"), At(Arrow(G, "answers"), unsigned(number))
    final = Binary(">=", kept, Id("GUARD_INVALID"))
    body: list[Statement] = [If(final, (raised(design, watched.item.bit), Return()))]
    truths: list[Id] = []
    steps: list[Expression] = []
    waiting = {r.watch: r for r in design.responses if r.program == number}
    for watch in watched.program.watches:
        mine: list[Id] = []
        for formula in formulas_of(watch):
            name = Id(f"truth_{len(truths) + len(mine)}")
            body_of = lower(design, formula)
            function = formula_name(number, len(truths) + len(mine))
            body.append(Declare("const guard_truth", name.name, call(function, body_of, NOW, NOW)))
            mine.append(name)
        truths += mine
        steps.append(_watch_step(watch, mine, waiting))
    defined = all_of(tuple(Binary("!=", t, Id("GUARD_UNDEFINED")) for t in truths))
    late = [_late(r, TIME, Id("false")) for r in waiting.values()]
    undefined = Choose(any_of(tuple(late)), Id("GUARD_VIOLATED"), Id("GUARD_INVALID"))
    body += [
        Declare("guard_answer", "answer", Id("GUARD_SATISFIED")),
        If(
            defined,
            tuple(Assign(answer, Call("guard_worst", (answer, step))) for step in steps),
            (Assign(answer, undefined if late else Id("GUARD_INVALID")),),
        ),
        Assign(kept, answer),
        If(Binary(">=", answer, Id("GUARD_INVALID")), (raised(design, watched.item.bit),)),
    ]
    item = watched.item
    remark = f"{item.name}: {item.text}, {place(item.span)}"
    return Function("void", f"property_{number}_step", (GUARD, SAMPLE), tuple(body), remark=remark)


def _watch_step(
    watch: Watch, truths: list[Id], waiting: dict[Response, NumberedResponse]
) -> Expression:
    is_true = [Binary("==", truth, Id("GUARD_TRUE")) for truth in truths]
    if not isinstance(watch, Response):
        return Choose(is_true[0], Id("GUARD_SATISFIED"), Id("GUARD_VIOLATED"))
    memory = Unary("&", At(Arrow(G, "responses"), unsigned(waiting[watch].number)))
    bound = Int(watch.bound_ns, "UINT64_C")
    return Call("guard_response_step", (memory, TIME, is_true[0], is_true[1], bound))


def _late(response: NumberedResponse, time: Expression, whole: Expression) -> Expression:
    memory = Unary("&", At(Arrow(G, "responses"), unsigned(response.number)))
    bound = Int(response.watch.bound_ns, "UINT64_C")
    return Call("guard_response_late", (memory, time, bound, whole))


# ---- time without a sample ---------------------------------------------------------------------


def _time(design: Design) -> Iterator[TopLevel]:
    """Deadlines that pass: `whole` says that every sample up to the stamp was seen."""
    if not design.responses:
        return
    parameters = (GUARD, Parameter("int64_t", "time_ns"), Parameter("bool", "whole"))
    body: list[Statement] = []
    for response in design.responses:
        kept = At(Arrow(G, "answers"), unsigned(response.program))
        open_still = Binary("<", kept, Id("GUARD_INVALID"))
        late = _late(response, Id("time_ns"), Id("whole"))
        bit = design.plan.programs[response.program].item.bit
        violated: tuple[Statement, ...] = (
            Assign(kept, Id("GUARD_VIOLATED")),
            raised(design, bit),
        )
        body.append(If(Binary("&&", open_still, late), violated))
    remark = "Judges deadlines by the clock alone; `whole`: all samples up to the stamp were seen."
    yield Function("void", "pass_deadlines", parameters, tuple(body), remark=remark)


# ---- skills ------------------------------------------------------------------------------------


def _skills(design: Design) -> Iterator[TopLevel]:
    for number, gates in enumerate(design.plan.skills):
        if gates.entry:
            yield _gate(design, f"open_{number}", gates.entry, NOW, f"entry gate of {gates.text}")
        if gates.exit:
            entry = Unary("&", Arrow(G, "entry"))
            yield _gate(design, f"kept_{number}", gates.exit, entry, f"exit gate of {gates.text}")
    entries = [(n, gates.entry) for n, gates in enumerate(design.plan.skills)]
    exits = [(n, gates.exit) for n, gates in enumerate(design.plan.skills)]
    yield _chosen(design, "entry_gate", "open", entries)
    yield _chosen(design, "exit_gate", "kept", exits)
    yield _during(design)
    yield _durations(design)


def _gate(
    design: Design, name: str, gate: tuple[Clause, ...], entry: Expression, remark: str
) -> Function:
    """All clauses are evaluated, so that every violated one is marked."""
    open_ = Id("open")
    body: list[Statement] = [Declare("bool", "open", Id("true"))]
    for clause in gate:
        body.append(Assign(open_, Binary("&&", _held(design, clause, entry), open_)))
    return Function("bool", name, (GUARD, SAMPLE), (*body, Return(open_)), remark=remark)


def _held(design: Design, clause: Clause, entry: Expression) -> Expression:
    body = lower(design, clause.formula)
    truth = call(clause_name(clause), body, NOW, entry)
    return Call("watched", (G, truth, Id(design.bits[clause.item.bit])))


def _chosen(
    design: Design, name: str, stem: str, gates: list[tuple[int, tuple[Clause, ...]]]
) -> Function:
    """The gate of a call, by its number; a call without clauses has an open gate."""
    names = list(design.layout.skills.values())
    cases = tuple(
        (Id(names[number]), (Return(Call(f"{stem}_{number}", (G, NOW))),))
        for number, gate in gates
        if gate
    )
    skill = Parameter("uint32_t", "skill")
    body = _switch(Id("skill"), cases, (Return(Id("true")),), (G, NOW))
    return Function("bool", name, (GUARD, skill, SAMPLE), body)


def _switch(
    value: Expression,
    cases: tuple[tuple[Expression, tuple[Statement, ...]], ...],
    otherwise: tuple[Statement, ...],
    unused: tuple[Expression, ...],
) -> tuple[Statement, ...]:
    """A switch, or without cases only what is otherwise done."""
    if cases:
        return (Switch(value, cases, otherwise),)
    ignored = (*unused, value) if isinstance(value, Id) else unused
    return (*(Do(Cast("void", name)) for name in ignored), *otherwise)


def _during(design: Design) -> Function:
    cases = []
    for gates in design.plan.skills:
        held = tuple(
            Do(Cast("void", _held(design, clause, Unary("&", Arrow(G, "entry")))))
            for clause in gates.during
        )
        if held:
            cases.append((Id(design.layout.skills[gates.text]), held))
    body = _switch(Arrow(G, "skill"), tuple(cases), (), (G, NOW))
    return Function(
        "void", "watch_skill", (GUARD, SAMPLE), body, remark="The active skill's invariants."
    )


def _durations(design: Design) -> Function:
    elapsed = Call("guard_elapsed", (Arrow(G, "entered_ns"), Id("time_ns")))
    cases = []
    for gates in design.plan.skills:
        limit = gates.limit
        if limit is not None:
            late = Binary(">", elapsed, Int(limit.longest_ns, "UINT64_C"))
            body: tuple[Statement, ...] = (
                Remark(f"{limit.item.text}, {place(limit.item.span)}"),
                If(late, (raised(design, limit.item.bit), Return(Id("false")))),
            )
            cases.append((Id(design.layout.skills[gates.text]), body))
    chosen = _switch(Arrow(G, "skill"), tuple(cases), (), (G, Id("time_ns")))
    return Function(
        "bool",
        "watch_duration",
        (GUARD, Parameter("int64_t", "time_ns")),
        (*chosen, Return(Id("true"))),
        remark="Whether the active skill is within its longest duration.",
    )
