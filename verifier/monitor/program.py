"""Temporal properties as bounded machines: constant memory, known from the formula beforehand.

A program is a conjunction of watches (monitor/watches.py) over the nodes of a graph
(monitor/graph.py). `step` and `tick` are its meaning; the emitted C is compared with them, and they
are compared with `monitor.definition`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from verifier.core.diagnostic import Diagnostic
from verifier.core.span import Span
from verifier.core.term import NOW, Formula, Key
from verifier.model.values import DEFAULT_FALLBACK, Property
from verifier.monitor.budget import bytes_of, ring_sizes, too_large
from verifier.monitor.definition import Answer, Asked
from verifier.monitor.graph import LONGEST_NS, Graph, NotBounded, State
from verifier.monitor.grid import Ring, oldest
from verifier.monitor.grid import push as push_bit
from verifier.monitor.measured import Reading, truth, why_not_measurable
from verifier.monitor.plain import PlainStep, plain_step
from verifier.monitor.streams import Streams, push, settle, streams_of
from verifier.monitor.truths import truth_kernel
from verifier.monitor.watches import (
    DelayedResponse,
    Invariant,
    Judged,
    Open,
    Response,
    Watch,
    watching,
)

__all__ = ["LONGEST_NS", "DelayedResponse", "Invariant", "Judged", "Open", "Response", "Watch"]

BUDGET_BYTES = 2**21
FINAL = (Answer.INVALID, Answer.VIOLATED)


@dataclass(frozen=True, slots=True)
class Program:
    """`fallback` is hold, retreat or stop. `anchored` if part of it is asked at the first sample
    alone, so that nothing is known before. `asked` is what it means by definition."""

    name: str
    graph: Graph
    watches: tuple[Watch, ...]
    asked: tuple[Asked, ...]
    anchored: bool
    fallback: str
    span: Span
    text: str

    def formula(self, node: int) -> Formula | None:
        """The state formula that a node is, or None if time is in it."""
        found = self.graph.nodes[node]
        return found.formula if isinstance(found, State) else None


def compile_property(
    prop: Property,
    period_ns: int | None = None,
    budget_bytes: int = BUDGET_BYTES,
    grid_ns: int | None = None,
) -> Program | Diagnostic:
    """The program of a property, or why there is none. `period_ns` is the shortest time between
    two samples; only formulas that wait need it. `grid_ns` is what all stamps are whole multiples
    of apart, if that is declared."""
    hint = "write it as `always p`, or as `always (p implies eventually[0, bound] r)`"
    try:
        found = watching(prop.formula, period_ns, grid_ns)
        measurable(found.graph)
        needed = bytes_of(found.graph, found.watches)
        if needed > budget_bytes:
            hint = _room(prop, needed, period_ns, grid_ns)
            raise NotBounded(too_large(found.graph, budget_bytes))
    except NotBounded as trouble:
        return Diagnostic(
            code="property-not-supported",
            span=prop.span,
            message=f"property `{prop.name}` has no bounded monitor: {trouble.reason}",
            help=hint,
        )
    anchored = any(part.once for part in found.asked)
    fallback = prop.fallback or DEFAULT_FALLBACK
    return Program(
        prop.name,
        found.graph,
        found.watches,
        found.asked,
        anchored,
        fallback,
        prop.span,
        prop.text,
    )


def _room(prop: Property, needed: int, period_ns: int | None, grid_ns: int | None) -> str:
    """What would make room: a grid, if a bit a tick takes much less than a stamp a sample."""
    more = f"`emit --property-memory` takes another budget; this property needs {needed} bytes"
    if period_ns is None or grid_ns is not None:
        return more
    gridded = watching(prop.formula, period_ns, period_ns)
    bits = bytes_of(gridded.graph, gridded.watches)
    if 2 * bits > needed:
        return more
    return (
        f"where all samples are whole periods apart, say so by `grid {period_ns / 10**6:g} ms` in"
        f" the plant: then it needs {bits} bytes instead of {needed}"
    )


def measurable(graph: Graph) -> None:
    """Raises NotBounded if C cannot evaluate a state formula of the graph."""
    for node in graph.nodes:
        reason = why_not_measurable(node.formula) if isinstance(node, State) else None
        if reason is not None:
            raise NotBounded(f"it uses {reason}")


# ---- what a program means ----------------------------------------------------------------------


@dataclass(slots=True)
class Memory:
    """Changes in place. `since` holds for each watch a stamp, or None: that of the oldest trigger
    without a response, or of the latest trigger that is still open. `rings` are those of delayed
    responses by their watch, `latest_ns` is the stamp of the newest sample, `grid_ns` the tick that
    stamps have to be multiples of apart, `broken` says that a sample was judged false."""

    answer: Answer
    clock_ns: int | None
    violated_ns: int | None
    since: list[int | None]
    streams: Streams
    states: tuple[tuple[int, Formula], ...]
    judged: tuple[tuple[int, Judged], ...]
    plain: PlainStep | None
    rings: dict[int, Ring]
    grid_ns: int | None
    latest_ns: int | None = None
    broken: bool = False


def start(program: Program) -> Memory:
    graph = program.graph
    states = tuple(
        (k, node.formula) for k, node in enumerate(graph.nodes) if isinstance(node, State)
    )
    group = {k: number for number, (_, nodes) in enumerate(graph.groups) for k in nodes}
    judged = tuple((group[w.node], w) for w in program.watches if isinstance(w, Judged))
    answer = Answer.UNKNOWN if program.anchored else Answer.SATISFIED
    since: list[int | None] = [None] * len(program.watches)
    streams, plain = streams_of(graph, truth_kernel), plain_step(graph, program.watches, since)
    nodes, owed = ring_sizes(graph, program.watches)
    rings = {k: Ring(size) for k, size in owed.items()}
    grid = graph.grid_ns if nodes or owed else None
    return Memory(answer, None, None, since, streams, states, judged, plain, rings, grid)


def step(program: Program, memory: Memory, time_ns: int, values: Mapping[str, Reading]) -> Memory:
    """The memory after a sample: the same one, changed."""
    if memory.answer in FINAL:
        return memory
    clock = memory.clock_ns
    early = clock is not None and time_ns <= clock
    if early or memory.streams.full() or _off_grid(memory, time_ns):
        memory.answer = Answer.INVALID
        return memory
    if memory.plain is not None:
        return _plain(program, memory, memory.plain, time_ns, values)
    at: dict[Key, Reading] = {(name, NOW): value for name, value in values.items()}
    states = [(k, truth(formula, at)) for k, formula in memory.states]
    if any(value is None for _, value in states):
        late = _passes(program, memory, time_ns - 1)
        return _conclude(program, memory, time_ns, late, Answer.INVALID)
    broken = _overdue(program, memory, time_ns - 1)
    push(memory.streams, time_ns, states)
    _settle(memory, time_ns)
    broken = _watch(program, memory, time_ns) or broken
    memory.latest_ns = time_ns
    broken = broken or memory.broken or _overdue(program, memory, time_ns)
    return _conclude(program, memory, time_ns, broken, Answer.SATISFIED)


def _off_grid(memory: Memory, time_ns: int) -> bool:
    """Whether a sample lies where none was declared to lie."""
    grid, latest = memory.grid_ns, memory.latest_ns
    return grid is not None and latest is not None and (time_ns - latest) % grid != 0


def _plain(
    program: Program, memory: Memory, judge: PlainStep, now: int, values: Mapping[str, Reading]
) -> Memory:
    """A sample of a program without operators of time."""
    broken = judge(now, values)
    if broken is None:
        late = _passes(program, memory, now - 1)
        return _conclude(program, memory, now, late, Answer.INVALID)
    memory.clock_ns = now
    if broken:
        memory.answer, memory.violated_ns = Answer.VIOLATED, now
        return memory
    waits = any(since is not None for since in memory.since)
    memory.answer = Answer.UNKNOWN if waits else Answer.SATISFIED
    return memory


def tick(program: Program, memory: Memory, time_ns: int) -> Memory:
    """The memory after a tick of the clock: no sample up to `time_ns` will come any more."""
    if memory.answer in FINAL:
        return memory
    if memory.clock_ns is not None and time_ns < memory.clock_ns:
        memory.answer = Answer.INVALID
        return memory
    late = _passes(program, memory, time_ns)
    return _conclude(program, memory, time_ns, late, Answer.SATISFIED)


def lapse(program: Program, memory: Memory, time_ns: int) -> Memory:
    """The memory when a sample with this later stamp cannot be used: time has passed up to it."""
    if memory.answer in FINAL:
        return memory
    late = _passes(program, memory, time_ns - 1)
    _conclude(program, memory, time_ns - 1, late, Answer.SATISFIED)
    memory.clock_ns = time_ns
    memory.violated_ns = time_ns if late else memory.violated_ns
    return memory


def _passes(program: Program, memory: Memory, clock: int) -> bool:
    """Whether time alone, up to this clock, brings a violation."""
    _settle(memory, clock)
    return memory.broken or _overdue(program, memory, clock)


def _settle(memory: Memory, clock: int) -> None:
    streams, judged = memory.streams, memory.judged
    if not judged:
        settle(streams, clock, None)
        return

    def visit(group: int, slot: int) -> None:
        for own, watch in judged:
            if own == group and (not watch.once or streams.settled[group] == 1):
                memory.broken = memory.broken or not streams.values[watch.node][slot]

    settle(streams, clock, visit)


def _overdue(program: Program, memory: Memory, clock: int) -> bool:
    """Whether some deadline has passed with every sample up to the clock seen."""
    for watch, since in zip(program.watches, memory.since, strict=True):
        if since is None or not isinstance(watch, Response | DelayedResponse):
            continue
        if watch.bound_ns is not None and clock - since >= watch.bound_ns:
            return True
    return False


def _watch(program: Program, memory: Memory, now: int) -> bool:
    """Whether the newest sample violates something; what it starts or ends is remembered."""
    streams, since = memory.streams, memory.since
    slot, values = (streams.head - 1) % streams.slots, streams.values
    broken = False
    for number, watch in enumerate(program.watches):
        match watch:
            case Invariant(node):
                broken = broken or not values[node][slot]
            case Response(trigger, hold, response, _):
                waits = since[number] is not None or values[trigger][slot]
                if values[response][slot]:
                    since[number] = None
                elif waits:
                    broken = broken or (hold is not None and not values[hold][slot])
                    since[number] = now if since[number] is None else since[number]
            case DelayedResponse(trigger, response):
                tick, latest = memory.grid_ns or 1, memory.latest_ns
                ring, asks = memory.rings[number], bool(values[trigger][slot])
                push_bit(ring, 0 if latest is None else (now - latest) // tick, asks)
                if values[response][slot]:
                    left = oldest(ring)
                    since[number] = None if left is None else now - left * tick
                elif asks and since[number] is None:
                    since[number] = now
            case Open(trigger, bound):
                if values[trigger][slot]:
                    since[number] = now
                elif bound is None:
                    since[number] = None
            case Judged():
                continue
    return broken


def _conclude(
    program: Program, memory: Memory, now: int, broken: bool, otherwise: Answer
) -> Memory:
    memory.clock_ns = now
    if broken:
        memory.answer, memory.violated_ns = Answer.VIOLATED, now
    elif otherwise is Answer.SATISFIED and _waits(program, memory, now):
        memory.answer = Answer.UNKNOWN
    else:
        memory.answer = otherwise
    return memory


def _waits(program: Program, memory: Memory, now: int) -> bool:
    """Whether something is not yet known."""
    streams = memory.streams
    if program.anchored and streams.head == 0:
        return True
    for watch, since in zip(program.watches, memory.since, strict=True):
        match watch:
            case Response() | DelayedResponse():
                if since is not None:
                    return True
            case Open(_, bound):
                if since is not None and (bound is None or now - since < bound):
                    return True
    return any(
        streams.settled[group] < (1 if watch.once else streams.head)
        for group, watch in memory.judged
    )
