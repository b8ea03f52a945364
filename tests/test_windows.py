"""Robustness over windows of any size, in Python and in C: the best of their samples."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import inf
from pathlib import Path

from agreement import bits, by_gauge, by_guard, design_of_properties
from formulas import EVER, PERIOD_NS, property_of

from verifier.core.term import Comparison, Number, Variable
from verifier.emit.binding import loaded
from verifier.emit.bundle import guard_files
from verifier.model.values import Atom, Interval, Modal, Temporal
from verifier.monitor.definition import Event
from verifier.monitor.distances import block_slots

X = Atom(Comparison("<=", Number(Fraction(0)), Variable("x")), "x")
SIZES = (0, 1, 2, 14, 15, 16, 33, 100, 200)
Window = tuple[Temporal, int, int]


def within(low: int, high: int) -> Interval:
    return Interval(Fraction(low, 10**9), Fraction(high, 10**9), False)


def windows(size: int) -> list[Window]:
    """Windows of so many periods, each with the first and last stamp that it has, from a sample."""
    high, low = size * PERIOD_NS, size * PERIOD_NS // 2 + 3
    return [
        (Modal("once", within(0, high), (X,)), -high, 0),
        (Modal("once", within(low, low + high), (X,)), -low - high, -low),
        (Modal("eventually", within(low, low + high), (X,)), low, low + high),
    ]


def trace(rng: random.Random, size: int, count: int) -> list[Event]:
    """x falls, faster or slower than it jumps about: what a window says is news again and again."""
    step = rng.choice((0.01, 0.1, 1.0)) / (size + 1)
    gaps = (*[PERIOD_NS] * 8, PERIOD_NS + 3, 2 * PERIOD_NS, size * PERIOD_NS // 2 + 1)
    often = rng.choice((gaps[:1], gaps[:-1], gaps, (*gaps, (2 * size + 1) * PERIOD_NS)))
    time, found = rng.randrange(-(10**4), 10**4), []
    for k in range(count):
        time += rng.choice(often)
        x = rng.choice((rng.random(), 0.0, -0.0)) - step * k
        found.append(Event(time, {"p": False, "r": False, "s": False, "x": x, "y": 0.0}))
    return found


def by_hand(first: int, last: int, events: Sequence[Event]) -> list[float]:
    """The least of what the windows of the settled samples say."""
    stamps = [event.time_ns for event in events]
    values = [float(str(event.values["x"])) + 0.0 for event in events if event.values]
    said = [
        max(values[bisect_left(stamps, t + first) : bisect_right(stamps, t + last)], default=-inf)
        for t in stamps
    ]
    least = [inf, *accumulate(said, min)]
    return [least[bisect_right(stamps, now - max(last, 0))] for now in stamps]


def test_windows_of_any_size_say_the_best_of_their_samples(tmp_path: Path) -> None:
    rng = random.Random(11)
    asked = [window for size in SIZES for window in windows(size)]
    bodies = [Modal("always", EVER, (body,)) for body, _, _ in asked]
    design = design_of_properties([property_of(body, f"p{k}") for k, body in enumerate(bodies)])
    assert len(design.gauges) == len(asked)
    guard = loaded(design, guard_files(design), tmp_path)
    for k, size in enumerate(SIZES):
        for _ in range(3):
            events = trace(rng, size, 3 * size + 60)
            _, measured = by_guard(guard, events)
            for machine in design.gauges[3 * k : 3 * k + 3]:
                online = by_gauge(machine.gauge, events)
                _, first, last = asked[machine.number]
                assert bits(online) == bits([row[machine.number] for row in measured])
                assert bits(online) == bits(by_hand(first, last, events)), (size, first, last)


def test_samples_that_come_too_soon_stop_the_gauge_in_c_as_in_python(tmp_path: Path) -> None:
    """While a block begins, a window of more samples than declared has no place for it."""
    rng = random.Random(12)
    design = design_of_properties(
        [property_of(Modal("always", EVER, (Modal("once", within(0, 300), (X,)),)))]
    )
    graph = design.gauges[0].gauge.graph
    slots = max(block_slots(graph, node) for node in graph.nodes)
    guard = loaded(design, guard_files(design), tmp_path)
    stopped = set()
    for step in range(1, 10):
        events = [
            Event(step * k, {"p": False, "r": False, "s": False, "x": -k - rng.random(), "y": 0.0})
            for k in range(3 * slots)
        ]
        _, measured = by_guard(guard, events)
        online = by_gauge(design.gauges[0].gauge, events)
        assert bits(online) == bits([row[0] for row in measured])
        stopped.add(online[-1] > online[-16])
        stopped.add(len(set(online[-16:])) == 1)
    assert stopped == {True, False}
