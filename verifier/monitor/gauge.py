"""Online robustness: how far a property is from being violated, so far.

The gauge of `always p` is the least robustness of p over the samples that are settled, that of
another formula the robustness at the first sample; a conjunction has the least of its parts. A
sample is settled when the clock has come as far past it as the formula looks ahead. Before that,
the gauge says infinity. Without a definite sample (see monitor/definition.py) it stops where it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from verifier.core.diagnostic import Diagnostic
from verifier.core.term import NOW, Formula, Key
from verifier.model.values import Property
from verifier.monitor.budget import gauge_bytes, too_large
from verifier.monitor.definition import Asked, Event, asked
from verifier.monitor.distances import capacity, distance_kernel
from verifier.monitor.graph import Building, Graph, NotBounded, Since, State, built
from verifier.monitor.measured import Reading
from verifier.monitor.program import BUDGET_BYTES, measurable
from verifier.monitor.robustness import margin, robustness_at
from verifier.monitor.streams import Streams, push, settle, streams_of
from verifier.monitor.watches import Judged


@dataclass(frozen=True, slots=True)
class Gauge:
    """`asked` is what it measures by definition, `nodes` where; `judged` has each node once."""

    name: str
    graph: Graph
    judged: tuple[Judged, ...]
    asked: tuple[Asked, ...]
    nodes: tuple[int, ...]


def compile_robustness(
    prop: Property, period_ns: int | None = None, budget_bytes: int = BUDGET_BYTES
) -> Gauge | Diagnostic:
    """The gauge of a property, or why there is none."""
    building = Building()
    try:
        parts = asked(prop.formula)
        nodes = tuple(building.formula(part.body) for part in parts)
        graph = _with_left_sides(built(building, period_ns))
        measurable(graph)
        judged = tuple(dict.fromkeys(map(Judged, nodes, [part.once for part in parts])))
        if period_ns is None and any(capacity(graph, node) > 1 for node in graph.nodes):
            raise NotBounded("it has a window, and no `plant` declares the period of the samples")
        if gauge_bytes(graph) > budget_bytes:
            raise NotBounded(too_large(graph, budget_bytes))
    except NotBounded as trouble:
        return Diagnostic(
            code="property-not-supported",
            span=prop.span,
            message=f"property `{prop.name}` has no bounded robustness: {trouble.reason}",
            help="give every operator of the future that is nested in another a bound",
        )
    return Gauge(prop.name, graph, judged, parts, nodes)


def _with_left_sides(graph: Graph) -> Graph:
    """What caps a candidate has to be kept until the candidate is old enough."""
    capped = {n.left for n in graph.nodes if isinstance(n, Since) and n.low and n.left is not None}
    return replace(graph, kept=graph.kept | capped)


@dataclass(slots=True)
class Reached:
    """Changes in place. `least` is the robustness so far, `stopped` whether it will not change."""

    least: float
    clock_ns: int | None
    stopped: bool
    streams: Streams
    states: tuple[tuple[int, Formula], ...]
    judged: tuple[tuple[int, Judged], ...]


def start_gauge(gauge: Gauge) -> Reached:
    graph = gauge.graph
    states = tuple((k, n.formula) for k, n in enumerate(graph.nodes) if isinstance(n, State))
    group = {k: number for number, (_, nodes) in enumerate(graph.groups) for k in nodes}
    judged = tuple((group[watch.node], watch) for watch in gauge.judged)
    return Reached(math.inf, None, False, streams_of(graph, distance_kernel), states, judged)


def step_gauge(reached: Reached, time_ns: int, values: Mapping[str, Reading]) -> Reached:
    """What is reached after a sample."""
    if reached.stopped:
        return reached
    clock = reached.clock_ns
    if (clock is not None and time_ns <= clock) or reached.streams.full():
        reached.stopped = True
        return reached
    at: dict[Key, Reading] = {(name, NOW): value for name, value in values.items()}
    states = [(k, margin(formula, at)) for k, formula in reached.states]
    if any(value is None for _, value in states):
        _settle(reached, time_ns - 1)
        reached.stopped = True
        return reached
    push(reached.streams, time_ns, states)
    _settle(reached, time_ns)
    return reached


def tick_gauge(reached: Reached, time_ns: int) -> Reached:
    """What is reached after a tick of the clock."""
    if reached.stopped:
        return reached
    if reached.clock_ns is not None and time_ns < reached.clock_ns:
        reached.stopped = True
        return reached
    _settle(reached, time_ns)
    return reached


def lapse_gauge(reached: Reached, time_ns: int) -> Reached:
    """What is reached when a sample with this later stamp cannot be used."""
    if not reached.stopped:
        _settle(reached, time_ns - 1)
        reached.clock_ns = time_ns
    return reached


def _settle(reached: Reached, clock: int) -> None:
    reached.clock_ns = clock
    streams = reached.streams

    def visit(group: int, slot: int) -> None:
        for own, watch in reached.judged:
            if own == group and (not watch.once or streams.settled[group] == 1):
                value: float = streams.values[watch.node][slot]
                reached.least = min(reached.least, value)

    settle(streams, clock, visit)
    reached.stopped = streams.lost


def gauged(gauge: Gauge, events: Sequence[Event]) -> list[float]:
    """What the gauge says after each event, by definition. The events are definite and in order."""
    parts = [(part, gauge.graph.delays[gauge.nodes[k]]) for k, part in enumerate(gauge.asked)]
    found: list[float] = []
    for number, event in enumerate(events):
        samples = [seen for seen in events[: number + 1] if seen.values is not None]
        settled = [
            robustness_at(part.body, samples, i)
            for part, delay in parts
            for i in range(min(1, len(samples)) if part.once else len(samples))
            if samples[i].time_ns + delay <= event.time_ns
        ]
        found.append(min(settled, default=math.inf))
    return found
