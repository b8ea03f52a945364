"""The machine of a property in C: what monitor/program.py does, statement by statement.

property_k_late     whether a deadline has passed by the clock alone
property_k_settle   settles the samples whose wait is over (where something waits)
property_k_waits    whether something is not yet known
property_k_step     a sample
property_k_tick     the clock without a sample
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
    Int,
    Parameter,
    Repeat,
    Return,
    Statement,
    TopLevel,
    Unary,
    all_of,
    any_of,
    mentions,
    negated,
    unsigned,
)
from verifier.emit.grid import aged_since, delayed_response, off_grid, sampled_at, ticked
from verifier.emit.memory import (
    Machine,
    cell,
    field,
    judged,
    kept,
    pending,
    watched,
)
from verifier.monitor.graph import (
    AgedSince,
    Graph,
    Logic,
    Next,
    Node,
    Previous,
    Since,
    State,
    Until,
    operands_of,
)
from verifier.monitor.watches import (
    DelayedResponse,
    Invariant,
    Judged,
    Open,
    Response,
    Watch,
    nodes_of,
)

G, NOW, WHOLE = Id("g"), Id("now_ns"), Id("whole")
GUARD, CONST_GUARD = Parameter("guard *", "g"), Parameter("const guard *", "g")
STAMP, WHOLLY = Parameter("int64_t", "now_ns"), Parameter("bool", "whole")
NO, YES = Id("false"), Id("true")
BROKEN, SLOT, NUMBER = Id("broken"), Id("slot"), Id("number")
DUTIES = (Response, DelayedResponse)


def bound(value: int | None) -> Expression:
    return Id("GUARD_UNBOUNDED") if value is None else Int(value, "UINT64_C")


def slots(machine: Machine) -> Expression:
    return Int(machine.graph.slots, "u")


def value(node: int) -> Id:
    return Id(f"v{node}")


def has_deadline(machine: Machine) -> bool:
    return any(isinstance(w, DUTIES) and w.bound_ns is not None for w in machine.watches)


def has_groups(machine: Machine) -> bool:
    return len(machine.graph.groups) > 1


def may_wait(machine: Machine) -> bool:
    return bool(watched(machine) or machine.anchored or has_groups(machine))


def passes(machine: Machine, now: Expression, whole: Expression) -> tuple[Expression, ...]:
    """What time alone may break; every part has to be called."""
    parts: list[Expression] = []
    if has_groups(machine):
        parts.append(Call(f"{machine.prefix}_settle", (G, now, whole)))
    if has_deadline(machine):
        parts.append(Call(f"{machine.prefix}_late", (G, now, whole)))
    return tuple(parts)


def functions(machine: Machine) -> Iterator[TopLevel]:
    """In the order of their use, but for the step and the tick."""
    if has_deadline(machine):
        yield _late(machine)
    if has_groups(machine):
        yield _settle(machine)
    if may_wait(machine):
        yield _waits(machine)


# ---- time --------------------------------------------------------------------------------------


def _late(machine: Machine) -> Function:
    late = [
        Call("guard_response_late", (pending(machine, k), NOW, bound(watch.bound_ns), WHOLE))
        for k, watch in enumerate(machine.watches)
        if isinstance(watch, DUTIES) and watch.bound_ns is not None
    ]
    body = (Return(any_of(tuple(late))),)
    return Function("bool", f"{machine.prefix}_late", (CONST_GUARD, STAMP, WHOLLY), body)


def _waits(machine: Machine) -> Function:
    parts: list[Expression] = []
    if machine.anchored:
        parts.append(Binary("==", field(machine, "started"), unsigned(0)))
    for k, watch in enumerate(machine.watches):
        if k in watched(machine):
            state = At(field(machine, "pending"), unsigned(watched(machine).index(k)))
            is_pending = Binary("!=", Dot(state, "pending"), unsigned(0))
            parts.append(is_pending)
            if isinstance(watch, Open) and watch.bound_ns is not None:
                since = Dot(state, "since_ns")
                over = Call("guard_passed", (since, NOW, bound(watch.bound_ns), WHOLE))
                parts[-1] = Binary("&&", is_pending, negated(over))
    for watch in judged(machine):
        group = _group(machine.graph, watch.node)
        if group:
            settled = At(field(machine, "settled"), unsigned(group - 1))
            wanted: Expression = unsigned(1) if watch.once else field(machine, "head")
            parts.append(Binary("<", settled, wanted))
    answer = Return(any_of(tuple(parts)) if parts else NO)
    unused = [_void(name) for name in (G, NOW, WHOLE) if not mentions(answer, name)]
    body = (*unused, answer)
    remark = "Whether something is not yet known."
    name = f"{machine.prefix}_waits"
    return Function("bool", name, (CONST_GUARD, STAMP, WHOLLY), body, remark=remark)


def _void(name: Expression) -> Statement:
    return Do(Cast("void", name))


def _group(graph: Graph, node: int) -> int:
    return next(k for k, (_, nodes) in enumerate(graph.groups) if node in nodes)


def _settle(machine: Machine) -> Function:
    graph = machine.graph
    body: list[Statement] = []
    for group, (delay, nodes) in enumerate(graph.groups):
        if group == 0:
            continue
        settled = At(field(machine, "settled"), unsigned(group - 1))
        here = At(field(machine, "stamps"), Binary("%", settled, slots(machine)))
        over = Call("guard_passed", (here, NOW, bound(delay), WHOLE))
        more = Binary("&&", Binary("<", settled, field(machine, "head")), over)
        work: list[Statement] = [Declare("const uint64_t", "number", settled)]
        values = tuple(_values(machine, nodes))
        if mentions(values, SLOT):
            work.append(Declare("const uint64_t", "slot", Binary("%", NUMBER, slots(machine))))
        work += values
        for watch in judged(machine):
            if watch.node in nodes:
                wrong: Expression = negated(value(watch.node))
                if watch.once:
                    wrong = Binary("&&", Binary("==", NUMBER, unsigned(0)), wrong)
                work.append(If(wrong, (Assign(field(machine, "broken"), unsigned(1)),)))
        work.append(Assign(settled, Binary("+", NUMBER, unsigned(1))))
        body.append(Repeat("i", slots(machine), tuple(work), more))
    broken = Binary("!=", field(machine, "broken"), unsigned(0)) if judged(machine) else NO
    name = f"{machine.prefix}_settle"
    remark = "Settles the samples whose wait is over; whether one of them was ever judged false."
    return Function("bool", name, (GUARD, STAMP, WHOLLY), (*body, Return(broken)), remark=remark)


# ---- the values of nodes at one sample ---------------------------------------------------------


def _values(machine: Machine, nodes: tuple[int, ...]) -> Iterator[Statement]:
    """Each node of a group at the sample `number` in the slot `slot`."""
    for k in nodes:
        node = machine.graph.nodes[k]
        if not isinstance(node, State):
            yield Declare("const bool", f"v{k}", _value(machine, k, node))
        if k in machine.graph.kept:
            yield Do(Call("guard_keep_bit", (kept(machine, k), SLOT, value(k))))
        elif not is_read(machine, k):
            yield _void(value(k))


def is_read(machine: Machine, k: int) -> bool:
    """Whether something but a ring takes what node k says of the sample that it settles."""
    graph = machine.graph
    mine = [n for n, node in enumerate(graph.nodes) if k in operands_of(node)]
    watches = [watch for watch in machine.watches if k in nodes_of(watch)]
    return bool(watches) or any(
        graph.delays[n] == graph.delays[k] and k in _at_once(graph.nodes[n]) for n in mine
    )


def _at_once(node: Node) -> tuple[int, ...]:
    """The operands that a node takes at the very sample that it settles."""
    match node:
        case Until() | Next():
            return ()
        case Since(left, _, low, _) if low:
            return () if left is None else (left,)
        case _:
            return operands_of(node)


def _operand(machine: Machine, k: int, operand: int) -> Expression:
    """What an operand says at the sample that node k settles."""
    delays = machine.graph.delays
    if delays[operand] == delays[k]:
        return value(operand)
    return Call("guard_kept_bit", (kept(machine, operand), SLOT))


def _value(machine: Machine, k: int, node: Node) -> Expression:
    def at(operand: int) -> Expression:
        return _operand(machine, k, operand)

    def held(left: int | None) -> Expression:
        return YES if left is None else at(left)

    stamps = field(machine, "stamps") if machine.graph.slots else NO
    numbered = (slots(machine), field(machine, "head"), NUMBER) if machine.graph.slots else ()
    match node:
        case Logic(operator, operands):
            return _logic(operator, tuple(map(at, operands)))
        case Since(left, right, 0, high):
            stamp = NOW if machine.graph.delays[k] == 0 else At(stamps, SLOT)
            given = (cell(machine, k), stamp, held(left), at(right), bound(high))
            return Call("guard_since_step", given)
        case Since(left, right, low, high):
            memory = (cell(machine, k), stamps, kept(machine, right), slots(machine), NUMBER)
            return Call("guard_delayed_step", (*memory, held(left), bound(low), bound(high)))
        case AgedSince(left, right, _, high):
            return aged_since(machine, k, held(left), at(right), bound(high))
        case Previous(operand, low, high):
            stamp = NOW if machine.graph.delays[k] == 0 else At(stamps, SLOT)
            bounds = (bound(low), bound(high))
            return Call("guard_previous_step", (cell(machine, k), stamp, at(operand), *bounds))
        case Until(left, right, low, high):
            before = Id("NULL") if left is None else kept(machine, left)
            memory = (cell(machine, k), stamps, before, kept(machine, right), *numbered)
            return Call("guard_until_step", (*memory, bound(low), bound(high)))
        case Next(operand, low, high):
            return Call(
                "guard_next", (stamps, kept(machine, operand), *numbered, bound(low), bound(high))
            )
        case State():
            raise AssertionError("a state formula is evaluated on arrival")


def _logic(operator: str, operands: tuple[Expression, ...]) -> Expression:
    match operator, operands:
        case "not", (operand,):
            return negated(operand)
        case "and", _:
            return all_of(operands)
        case "or", _:
            return any_of(operands)
        case "implies", (premise, conclusion):
            return Binary("||", negated(premise), conclusion)
        case _, (one, other):
            return Binary("==", Choose(one, Int(1), Int(0)), Choose(other, Int(1), Int(0)))
    raise AssertionError(operator)


# ---- a sample ----------------------------------------------------------------------------------


def no_place(machine: Machine) -> Expression | None:
    """Whether there is no place for another sample: they come faster than declared, or not where
    they were declared to come."""
    parts = (*_full(machine), *off_grid(machine))
    return any_of(parts) if parts else None


def _full(machine: Machine) -> Iterator[Expression]:
    graph = machine.graph
    if not graph.slots:
        return
    head = field(machine, "head")
    oldest: list[Expression] = []
    if has_groups(machine):
        oldest.append(At(field(machine, "settled"), unsigned(len(graph.groups) - 2)))
    for k, node in enumerate(graph.nodes):
        if isinstance(node, Since) and node.low:
            oldest.append(Arrow(cell(machine, k), "tail"))
    for old in oldest:
        yield Binary(">=", Binary("-", head, old), slots(machine))


def sampled(machine: Machine, truths: dict[int, Id]) -> tuple[Statement, ...]:
    """A sample whose state formulas have these truths; leaves in `broken` whether it violates."""
    graph = machine.graph
    body: list[Statement] = []
    late = Call(f"{machine.prefix}_late", (G, NOW, NO)) if has_deadline(machine) else NO
    body.append(Declare("bool", "broken", late))
    body += ticked(machine)
    if graph.slots:
        body.append(Declare("const uint64_t", "number", field(machine, "head")))
        body.append(Declare("const uint64_t", "slot", Binary("%", NUMBER, slots(machine))))
        body.append(Assign(At(field(machine, "stamps"), SLOT), NOW))
        body.append(Assign(field(machine, "head"), Binary("+", NUMBER, unsigned(1))))
    for k, truth in truths.items():
        body.append(Declare("const bool", f"v{k}", Binary("==", truth, Id("GUARD_TRUE"))))
    body += _values(machine, graph.groups[0][1])
    for k, watch in enumerate(machine.watches):
        body += _watch(machine, k, watch)
    body += sampled_at(machine)
    body += [_or(part) for part in passes(machine, NOW, YES)]
    if machine.anchored:
        body.append(Assign(field(machine, "started"), unsigned(1)))
    return tuple(body)


def _or(condition: Expression) -> Statement:
    return If(condition, (Assign(BROKEN, YES),))


def _watch(machine: Machine, k: int, watch: Watch) -> Iterator[Statement]:
    match watch:
        case Invariant(node):
            yield _or(negated(value(node)))
        case Response(trigger, hold, response, _):
            held = YES if hold is None else value(hold)
            given = (pending(machine, k), NOW, value(trigger), held, value(response))
            yield _or(negated(Call("guard_response_step", given)))
        case DelayedResponse(trigger, response):
            yield Do(delayed_response(machine, k, value(trigger), value(response)))
        case Open(trigger, bound_ns):
            state = _dereferenced(pending(machine, k))
            remember: tuple[Statement, ...] = (
                Assign(Dot(state, "pending"), unsigned(1)),
                Assign(Dot(state, "since_ns"), NOW),
            )
            forget: tuple[Statement, ...] = ()
            if bound_ns is None:
                forget = (Assign(Dot(state, "pending"), unsigned(0)),)
            yield If(value(trigger), remember, forget)
        case Judged(node, once) if machine.graph.delays[node] == 0:
            wrong: Expression = negated(value(node))
            if once:
                fresh = Binary("==", field(machine, "started"), unsigned(0))
                wrong = Binary("&&", fresh, wrong)
            yield If(wrong, (Assign(BROKEN, YES),))


def _dereferenced(address: Expression) -> Expression:
    assert isinstance(address, Unary), address
    return address.operand
