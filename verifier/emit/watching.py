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
    mentions,
    unsigned,
)
from verifier.emit.design import Design, place
from verifier.emit.gauges import GaugeMachine, has_groups, settle, step
from verifier.emit.lower import Lowered, lowered, lowered_margin
from verifier.emit.memory import Machine
from verifier.emit.temporal import functions, may_wait, no_place, passes, sampled
from verifier.monitor.gates import Clause, SkillGates
from verifier.monitor.graph import State

G, NOW, A = Id("g"), Id("now"), Id("a")
ACTIVE = Parameter("const guard_active *", "a")
GUARD, SAMPLE = Parameter("guard *", "g"), Parameter("const guard_sample *", "now")
SKILL = Parameter("uint32_t", "skill")
TIME = Arrow(NOW, "time_ns")
ENTRY = Unary("&", Arrow(A, "entry"))


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


def lower_margin(design: Design, formula: Formula) -> Lowered:
    return lowered_margin(formula, design.layout.places, design.layout.labels)


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
    if not design.machines:
        return
    yield _conclude()
    for machine in design.machines:
        yield from functions(machine)
    for number, machine in enumerate(design.machines):
        yield _property(design, number, machine)
    for gauge in design.gauges:
        yield from settle(gauge)
        yield step(gauge, _margins(design, gauge))
    stepped = [m.prefix for m in design.machines] + [m.prefix for m in design.gauges]
    calls = tuple(Do(Call(f"{prefix}_step", (G, NOW))) for prefix in stepped)
    yield Function("void", "watch_properties", (GUARD, SAMPLE), calls)


def margin_name(number: int, node: int) -> str:
    return f"margin_{number}_{node}"


def _margins(design: Design, gauge: GaugeMachine) -> dict[int, Expression]:
    return {
        k: call(margin_name(gauge.number, k), lower_margin(design, node.formula), NOW, NOW)
        for k, node in enumerate(gauge.gauge.graph.nodes)
        if isinstance(node, State)
    }


def _conclude() -> Function:
    number, bit, answer = Id("number"), Id("bit"), Id("answer")
    final = Binary(">=", answer, Id("GUARD_INVALID"))
    violated = Binary("==", answer, Id("GUARD_VIOLATED"))
    stamp = Assign(At(Arrow(G, "violated_ns"), number), Id("time_ns"))
    return Function(
        "void",
        "conclude",
        (
            GUARD,
            Parameter("uint32_t", "number"),
            Parameter("uint32_t", "bit"),
            Parameter("guard_answer", "answer"),
            Parameter("int64_t", "time_ns"),
        ),
        (
            Assign(At(Arrow(G, "answers"), number), answer),
            If(violated, (stamp,)),
            If(final, (Do(Call("raise_item", (G, bit))),)),
        ),
        remark="The answer of a property at this clock. Invalid and violated are final.",
    )


def _ended(design: Design, number: int, answer: Expression, time: Expression) -> Statement:
    bit = Id(design.bits[design.plan.programs[number].item.bit])
    return Do(Call("conclude", (G, unsigned(number), bit, answer, time)))


def _property(design: Design, number: int, machine: Machine) -> Function:
    item = design.plan.programs[number].item
    kept, now = At(Arrow(G, "answers"), unsigned(number)), Id("now_ns")
    answer, broken = Id("answer"), Id("broken")
    truths = {
        k: Id(f"truth_{k}") for k, node in enumerate(machine.graph.nodes) if isinstance(node, State)
    }
    declared = [
        Declare(
            "const guard_truth",
            truths[k].name,
            call(formula_name(number, k), lower(design, node.formula), NOW, NOW),
        )
        for k, node in enumerate(machine.graph.nodes)
        if isinstance(node, State)
    ]
    defined = all_of(tuple(Binary("!=", truth, Id("GUARD_UNDEFINED")) for truth in truths.values()))
    early = passes(machine, now, Id("false"))
    undefined = Choose(any_of(early), Id("GUARD_VIOLATED"), Id("GUARD_INVALID"))
    waiting: Expression = Id("GUARD_SATISFIED")
    if may_wait(machine):
        waits = Call(f"{machine.prefix}_waits", (G, now, Id("true")))
        waiting = Choose(waits, Id("GUARD_UNKNOWN"), waiting)
    judged = (
        *sampled(machine, truths),
        Assign(answer, Choose(broken, Id("GUARD_VIOLATED"), waiting)),
    )
    refused = no_place(machine)
    here: tuple[Statement, ...] = (
        If(defined, judged, (Assign(answer, undefined if early else Id("GUARD_INVALID")),)),
    )
    if refused is not None:
        here = (If(refused, (Assign(answer, Id("GUARD_INVALID")),), here),)
    body = (
        If(Binary(">=", kept, Id("GUARD_INVALID")), (raised(design, item.bit), Return())),
        Declare("const int64_t", "now_ns", TIME),
        *declared,
        Declare("guard_answer", "answer", Id("GUARD_SATISFIED")),
        *here,
        _ended(design, number, answer, now),
    )
    remark = f"{item.name}: {item.text}, {place(item.span)}"
    return Function("void", f"{machine.prefix}_step", (GUARD, SAMPLE), body, remark=remark)


# ---- time without a sample ---------------------------------------------------------------------


def has_clock(design: Design) -> bool:
    """Whether the clock alone may change what a property says."""
    return any(map(may_wait, design.machines)) or any(map(has_groups, design.gauges))


def _time(design: Design) -> Iterator[TopLevel]:
    """Deadlines that pass: `whole` says that every sample up to the stamp was seen."""
    if not has_clock(design):
        return
    time, whole = Id("time_ns"), Id("whole")
    body: list[Statement] = []
    for number, machine in enumerate(design.machines):
        if not may_wait(machine):
            continue
        open_still = Binary("<", At(Arrow(G, "answers"), unsigned(number)), Id("GUARD_INVALID"))
        waits = Call(f"{machine.prefix}_waits", (G, time, whole))
        waiting = _ended(
            design, number, Choose(waits, Id("GUARD_UNKNOWN"), Id("GUARD_SATISFIED")), time
        )
        judged: tuple[Statement, ...] = (waiting,)
        late = passes(machine, time, whole)
        if late:
            violated = _ended(design, number, Id("GUARD_VIOLATED"), time)
            judged = (If(any_of(late), (violated,), judged),)
        body.append(If(open_still, judged))
    for gauge in design.gauges:
        if has_groups(gauge):
            body.append(Do(Call(f"{gauge.prefix}_settle", (G, time, whole))))
    parameters = (GUARD, Parameter("int64_t", "time_ns"), Parameter("bool", "whole"))
    remark = "Judges properties by the clock alone; `whole`: all samples up to the stamp were seen."
    yield Function("void", "pass_deadlines", parameters, tuple(body), remark=remark)


# ---- skills ------------------------------------------------------------------------------------


def _skills(design: Design) -> Iterator[TopLevel]:
    for number, gates in enumerate(design.plan.skills):
        if gates.entry:
            opened = _gate(design, gates.entry, NOW)
            remark = f"entry gate of {gates.text}"
            yield Function("bool", f"open_{number}", (GUARD, SAMPLE), opened, remark=remark)
        if gates.exit:
            kept = _gate(design, gates.exit, ENTRY)
            unused = () if mentions(kept, A) else (Do(Cast("void", A)),)
            given, remark = (GUARD, ACTIVE, SAMPLE), f"exit gate of {gates.text}"
            yield Function("bool", f"kept_{number}", given, (*unused, *kept), remark=remark)
    yield _entry_gate(design)
    yield _exit_gate(design)
    yield _during(design)
    yield _durations(design)


def _gate(design: Design, gate: tuple[Clause, ...], entry: Expression) -> tuple[Statement, ...]:
    """All clauses are evaluated, so that every violated one is marked."""
    open_ = Id("open")
    body: list[Statement] = [Declare("bool", "open", Id("true"))]
    for clause in gate:
        body.append(Assign(open_, Binary("&&", _held(design, clause, entry), open_)))
    return (*body, Return(open_))


def _held(design: Design, clause: Clause, entry: Expression) -> Expression:
    body = lower(design, clause.formula)
    truth = call(clause_name(clause), body, NOW, entry)
    return Call("watched", (G, truth, Id(design.bits[clause.item.bit])))


def _entry_gate(design: Design) -> Function:
    """The gate of a call, by its number; a call without clauses has an open gate."""
    cases = tuple(
        (Id(design.layout.skills[gates.text]), (Return(Call(f"open_{number}", (G, NOW))),))
        for number, gates in enumerate(design.plan.skills)
        if gates.entry
    )
    body = _switch(Id("skill"), cases, (Return(Id("true")),), (G, NOW))
    return Function("bool", "entry_gate", (GUARD, SKILL, SAMPLE), body)


def _exit_gate(design: Design) -> Function:
    cases = tuple(
        (Id(design.layout.skills[gates.text]), (Return(Call(f"kept_{number}", (G, A, NOW))),))
        for number, gates in enumerate(design.plan.skills)
        if gates.exit
    )
    body = _switch(Arrow(A, "skill"), cases, (Return(Id("true")),), (G, A, NOW))
    return Function("bool", "exit_gate", (GUARD, ACTIVE, SAMPLE), body)


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
        held = tuple(Do(Cast("void", _held(design, clause, ENTRY))) for clause in gates.during)
        if held:
            cases.append((Id(design.layout.skills[gates.text]), held))
    body = _switch(Arrow(A, "skill"), tuple(cases), (), (G, A, NOW))
    given = (GUARD, ACTIVE, SAMPLE)
    return Function(
        "void", "watch_skill", given, body, remark="The invariants of a call that runs."
    )


def _durations(design: Design) -> Function:
    elapsed = Call("guard_elapsed", (Arrow(A, "entered_ns"), Id("time_ns")))
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
    chosen = _switch(Arrow(A, "skill"), tuple(cases), (), (G, A, Id("time_ns")))
    return Function(
        "bool",
        "watch_duration",
        (GUARD, ACTIVE, Parameter("int64_t", "time_ns")),
        (*chosen, Return(Id("true"))),
        remark="Whether a call that runs is within its longest duration.",
    )
