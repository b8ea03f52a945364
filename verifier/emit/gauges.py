"""The gauge of a property in C: what monitor/gauge.py does, statement by statement.

gauge_k_settle      settles the samples whose wait is over
gauge_k_step        a sample
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    Member,
    Parameter,
    Repeat,
    Return,
    Statement,
    TopLevel,
    Unary,
    any_of,
    mentions,
    unsigned,
)
from verifier.emit.memory import Remembered
from verifier.emit.temporal import GUARD, NOW, NUMBER, SLOT, STAMP, WHOLE, WHOLLY, bound, value
from verifier.monitor.distances import (
    BLOCK_SAMPLES,
    block_slots,
    capacity,
    held_back,
    in_blocks,
)
from verifier.monitor.gauge import Gauge
from verifier.monitor.graph import AgedSince, Logic, Next, Node, Previous, Since, State, Until
from verifier.monitor.watches import Judged

G = Id("g")
INFINITE = Id("INFINITY")


@dataclass(frozen=True, slots=True)
class GaugeMachine:
    """`number` is that of its property."""

    number: int
    gauge: Gauge

    @property
    def prefix(self) -> str:
        return f"gauge_{self.number}"

    @property
    def type(self) -> str:
        return f"guard_{self.prefix}"

    @property
    def slots(self) -> Expression:
        return unsigned(self.gauge.graph.slots)

    def field(self, name: str) -> Expression:
        return Dot(Arrow(G, self.prefix), name)


CELLS = {"best_since": "guard_best_since", "best_previous": "guard_best_previous"}
CELLS |= {"window": "guard_window", "halves": "guard_halves", "blocks": "guard_blocks"}


def kind_of(node: Node) -> str | None:
    match node:
        case Since(_, _, 0, None):
            return "best_since"
        case Previous():
            return "best_previous"
        case Since() | Until():
            if in_blocks(node):
                return "blocks"
            return "window" if isinstance(node, Since) else "halves"
        case _:
            return None


def remembered(machine: GaugeMachine) -> Iterator[Remembered]:
    """The members of the memory of a gauge, in order."""
    graph = machine.gauge.graph
    yield Remembered("uint8_t", "stopped")
    yield Remembered("uint8_t", "started")
    if graph.slots:
        yield Remembered("uint64_t", "head")
        if len(graph.groups) > 1:
            yield Remembered("uint64_t", "settled", (len(graph.groups) - 1,))
        yield Remembered("int64_t", "stamps", (graph.slots,))
        yield Remembered("double", "kept", (len(graph.kept), graph.slots))
    for k, node in enumerate(graph.nodes):
        kind = kind_of(node)
        if kind is None:
            continue
        yield Remembered(CELLS[kind], f"node_{k}")
        if kind == "window":
            yield Remembered("guard_candidate", f"queue_{k}", (capacity(graph, node),))
        if kind == "blocks":
            samples = block_slots(graph, node)
            room = samples + samples // BLOCK_SAMPLES
            yield Remembered("guard_candidate", f"blocks_{k}", (room,))
        if isinstance(node, Until) and node.left is not None:
            yield Remembered("guard_map", f"older_{k}", (graph.slots,))
        if _has_behind(node):
            yield Remembered("guard_candidate", f"behind_{k}", (held_back(graph, node),))


def _has_behind(node: Node) -> bool:
    match node:
        case Since(left, _, low, _):
            return left is not None and low > 0
        case Until(left):
            return left is not None
        case _:
            return False


def members(machine: GaugeMachine) -> tuple[Member, ...]:
    return tuple(
        Member(m.type, m.name, tuple(unsigned(size) for size in m.sizes))
        for m in remembered(machine)
    )


def kept(machine: GaugeMachine, node: int) -> Expression:
    number = sorted(machine.gauge.graph.kept).index(node)
    return At(machine.field("kept"), unsigned(number))


def has_groups(machine: GaugeMachine) -> bool:
    return len(machine.gauge.graph.groups) > 1


# ---- values ------------------------------------------------------------------------------------


def _values(machine: GaugeMachine, nodes: tuple[int, ...]) -> Iterator[Statement]:
    graph = machine.gauge.graph
    for k in nodes:
        node = graph.nodes[k]
        if not isinstance(node, State):
            yield Declare("const double", f"v{k}", _value(machine, k, node))
        if k in graph.kept:
            yield Assign(At(kept(machine, k), SLOT), value(k))
        yield Do(Cast("void", value(k)))


def _value(machine: GaugeMachine, k: int, node: Node) -> Expression:
    graph = machine.gauge.graph

    def at(operand: int) -> Expression:
        same = graph.delays[operand] == graph.delays[k]
        return value(operand) if same else At(kept(machine, operand), SLOT)

    def ring(operand: int | None) -> Expression:
        return Id("NULL") if operand is None else kept(machine, operand)

    cell = Unary("&", machine.field(f"node_{k}"))
    stamps = machine.field("stamps")
    head = machine.field("head")
    now = NOW if graph.delays[k] == 0 else At(stamps, SLOT)
    queue = _candidates(machine, k, node)
    rings: tuple[Expression, ...]
    given: tuple[Expression, ...]
    match node:
        case Logic(operator, operands):
            return _logic(operator, tuple(map(at, operands)))
        case Since(left, right, 0, None):
            held = INFINITE if left is None else at(left)
            return Call("guard_best_since_step", (cell, held, at(right)))
        case Since(None, right, 0, high):
            return Call("guard_once_blocks", (cell, *queue, now, at(right), bound(high)))
        case Since(int() as left, right, 0, high):
            given = (cell, *queue, now, at(left), at(right), bound(high))
            return Call("guard_since_window", given)
        case Since(None, right, low, int() as high):
            given = (cell, *queue, stamps, ring(right), machine.slots, NUMBER)
            return Call("guard_delayed_blocks", (*given, bound(low), bound(high)))
        case Since(left, right, low, high):
            behind = _behind(machine, k, node)
            rings = (stamps, ring(left), ring(right), machine.slots, NUMBER)
            given = (cell, *queue, *behind, *rings, bound(low), bound(high))
            return Call("guard_delayed_window", given)
        case Previous(operand, low, high):
            given = (cell, now, at(operand), bound(low), bound(high))
            return Call("guard_best_previous_step", given)
        case Until(None, right, low, high):
            rings = (stamps, ring(right), machine.slots, head, NUMBER)
            given = (cell, *queue, *rings, bound(low), bound(high))
            return Call("guard_eventually_blocks", given)
        case Until(left, right, low, high):
            older = machine.field(f"older_{k}")
            rings = (stamps, ring(left), ring(right), machine.slots)
            given = (cell, older, *_behind(machine, k, node), *rings, head, NUMBER)
            return Call("guard_until_halves", (*given, bound(low), bound(high)))
        case Next(operand, low, high):
            rings = (stamps, ring(operand), machine.slots, head, NUMBER)
            return Call("guard_best_next", (*rings, bound(low), bound(high)))
        case State() | AgedSince():
            raise AssertionError("a state formula is evaluated on arrival, no gauge is on a grid")


def _candidates(machine: GaugeMachine, k: int, node: Node) -> tuple[Expression, Expression]:
    """What a window keeps, and for how many there is place."""
    graph = machine.gauge.graph
    if in_blocks(node):
        return machine.field(f"blocks_{k}"), unsigned(block_slots(graph, node))
    return machine.field(f"queue_{k}"), unsigned(capacity(graph, node))


def _behind(machine: GaugeMachine, k: int, node: Node) -> tuple[Expression, Expression]:
    if not _has_behind(node):
        return Id("NULL"), unsigned(0)
    return machine.field(f"behind_{k}"), unsigned(held_back(machine.gauge.graph, node))


def _logic(operator: str, operands: tuple[Expression, ...]) -> Expression:
    match operator, operands:
        case "not", (operand,):
            return Call("guard_opposite", (operand,))
        case "implies", (premise, conclusion):
            return Call("guard_greatest", (Call("guard_opposite", (premise,)), conclusion))
        case "iff", (one, other):
            return Call("guard_alike", (one, other))
    best = operands[0]
    for operand in operands[1:]:
        best = Call("guard_least" if operator == "and" else "guard_greatest", (best, operand))
    return best


# ---- time and samples --------------------------------------------------------------------------


def _least(machine: GaugeMachine, watch: Judged, fresh: Expression) -> Statement:
    least = At(Arrow(G, "robustness"), unsigned(machine.number))
    taken = Assign(least, Call("guard_least", (least, value(watch.node))))
    return If(fresh, (taken,)) if watch.once else taken


def _judged(machine: GaugeMachine, nodes: tuple[int, ...], fresh: Expression) -> list[Statement]:
    return [_least(machine, watch, fresh) for watch in machine.gauge.judged if watch.node in nodes]


def _stopped(machine: GaugeMachine) -> Statement:
    return Assign(machine.field("stopped"), unsigned(1))


def _lost(machine: GaugeMachine) -> Iterator[Statement]:
    """Stops if a window had no place for a sample."""
    graph = machine.gauge.graph
    parts = tuple(
        Binary("!=", Dot(machine.field(f"node_{k}"), "lost"), unsigned(0))
        for k, node in enumerate(graph.nodes)
        if kind_of(node) in ("window", "halves", "blocks")
    )
    if parts:
        yield If(any_of(parts), (_stopped(machine),))


def settle(machine: GaugeMachine) -> Iterator[TopLevel]:
    """The function that lets time pass, if anything waits."""
    if not has_groups(machine):
        return
    body: list[Statement] = []
    stopped = Binary("!=", machine.field("stopped"), unsigned(0))
    body.append(If(stopped, (Return(),)))
    for group, (delay, nodes) in enumerate(machine.gauge.graph.groups):
        if group == 0:
            continue
        settled = At(machine.field("settled"), unsigned(group - 1))
        here = At(machine.field("stamps"), Binary("%", settled, machine.slots))
        over = Call("guard_passed", (here, NOW, bound(delay), WHOLE))
        more = Binary("&&", Binary("<", settled, machine.field("head")), over)
        work: list[Statement] = [Declare("const uint64_t", "number", settled)]
        values = tuple(_values(machine, nodes))
        if mentions(values, SLOT):
            work.append(Declare("const uint64_t", "slot", Binary("%", NUMBER, machine.slots)))
        work += values
        work += _judged(machine, nodes, Binary("==", NUMBER, unsigned(0)))
        work.append(Assign(settled, Binary("+", NUMBER, unsigned(1))))
        body.append(Repeat("i", machine.slots, tuple(work), more))
    body += _lost(machine)
    yield Function("void", f"{machine.prefix}_settle", (GUARD, STAMP, WHOLLY), tuple(body))


def _full(machine: GaugeMachine) -> Iterator[Expression]:
    graph = machine.gauge.graph
    if not graph.slots:
        return
    head = machine.field("head")
    if has_groups(machine):
        last = At(machine.field("settled"), unsigned(len(graph.groups) - 2))
        yield Binary(">=", Binary("-", head, last), machine.slots)
    for k, node in enumerate(graph.nodes):
        if isinstance(node, Since) and node.low:
            tail = Dot(machine.field(f"node_{k}"), "cursor")
            yield Binary(">=", Binary("-", head, tail), machine.slots)


def step(machine: GaugeMachine, margins: dict[int, Expression]) -> Function:
    """The function of a sample; `margins` call the robustness of each state formula."""
    graph = machine.gauge.graph
    settled = Do(Call(f"{machine.prefix}_settle", (G, NOW, Id("true"))))
    early = Do(Call(f"{machine.prefix}_settle", (G, NOW, Id("false"))))
    waits = has_groups(machine)
    over = Binary("!=", machine.field("stopped"), unsigned(0))
    body: list[Statement] = [
        If(over, (Return(),)),
        Declare("const int64_t", "now_ns", Arrow(Id("now"), "time_ns")),
    ]
    full = tuple(_full(machine))
    if full:
        body.append(If(any_of(full), (_stopped(machine), Return())))
    body += [Declare("const double", f"v{k}", margin) for k, margin in margins.items()]
    undefined = any_of(tuple(Call("isnan", (value(k),)) for k in margins))
    body.append(If(undefined, (*((early,) if waits else ()), _stopped(machine), Return())))
    values = tuple(_values(machine, graph.groups[0][1]))
    if graph.slots:
        body.append(Declare("const uint64_t", "number", machine.field("head")))
        body.append(Declare("const uint64_t", "slot", Binary("%", NUMBER, machine.slots)))
        body.append(Assign(At(machine.field("stamps"), SLOT), NOW))
        body.append(Assign(machine.field("head"), Binary("+", NUMBER, unsigned(1))))
    body.append(Do(Cast("void", NOW)))
    body += values
    fresh = Binary("==", machine.field("started"), unsigned(0))
    body += _judged(machine, graph.groups[0][1], fresh)
    if any(watch.once for watch in machine.gauge.judged):
        body.append(Assign(machine.field("started"), unsigned(1)))
    body += [settled] if waits else list(_lost(machine))
    sample = Parameter("const guard_sample *", "now")
    remark = f"Robustness of {machine.gauge.name}."
    return Function("void", f"{machine.prefix}_step", (GUARD, sample), tuple(body), remark=remark)
