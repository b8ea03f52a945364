"""Samples on a grid: a bit a tick waits, and every step does the same work."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pytest
from agreement import by_guard, by_program, compare, design_of_properties
from bundles import model_of, self_test_agrees, survives
from formulas import EVER, PERIOD_NS, property_of

from verifier.core.diagnostic import Diagnostic
from verifier.core.term import Proposition
from verifier.emit.binding import _guard_type, loaded
from verifier.emit.bundle import c_files, guard_files
from verifier.emit.design import Design
from verifier.model.values import Atom, Connective, Interval, Modal, Temporal
from verifier.monitor.budget import bytes_of
from verifier.monitor.definition import Answer, Event, answers
from verifier.monitor.gates import grid_ns
from verifier.monitor.program import Program, compile_property

P, R, S = (Atom(Proposition(name), name) for name in "prs")
SIZES = (1, 64, 65, 513, 1100, 33_000)


def within(low: int, high: int | None) -> Interval:
    """Bounds in ticks of the grid, the lower one rounded up to a whole tick by the monitor."""
    last = None if high is None else Fraction(high * PERIOD_NS, 10**9)
    return Interval(Fraction(low * PERIOD_NS - low % 3, 10**9), last, False)


def owed(trigger: Temporal, duty: Temporal) -> Temporal:
    return Modal("always", EVER, (Connective("implies", (trigger, duty)),))


def bodies(size: int) -> Iterator[Temporal]:
    """Every property that waits `size` ticks."""
    bound = within(size, size + size // 2 + 1)
    yield owed(P, Modal("once", bound, (R,)))
    yield owed(P, Modal("once", within(size, None), (R,)))
    yield owed(P, Modal("since", bound, (S, R)))
    yield owed(P, Modal("eventually", bound, (R,)))
    yield owed(P, Modal("always", bound, (S,)))


def trace(rng: random.Random, size: int, count: int) -> list[Event]:
    """Steps of one tick, of a gap about as long as the bound, and of anything between."""
    often = {name: rng.choice((0.01, 0.1, 0.5)) for name in "pr"} | {"s": 0.99}
    steps = (1, 1, 1, 2, size, size + 1, size // 2 + 1, rng.randrange(1, 3 * size + 2))
    time, found = rng.randrange(-50, 50), []
    for _ in range(count):
        time += PERIOD_NS * rng.choice(steps)
        values = {name: rng.random() < share for name, share in often.items()}
        found.append(Event(time, {**values, "x": 0.0, "y": 0.0}))
    return found


def test_on_a_grid_definition_program_and_c_agree_on_random_formulas(tmp_path: Path) -> None:
    """The grid is finer than the period."""
    seen = compare(random.Random(5), 60, 15, tmp_path, PERIOD_NS // 2)
    assert seen["VIOLATED"] + seen["UNKNOWN"] + seen["SATISFIED"] == 900


def test_rings_of_any_size_agree_with_the_definition_across_gaps(tmp_path: Path) -> None:
    rng = random.Random(7)
    formulas = [body for size in SIZES for body in bodies(size)]
    properties = [property_of(body, f"p{k}") for k, body in enumerate(formulas)]
    design = design_of_properties(properties, PERIOD_NS)
    programs = [watched.program for watched in design.plan.programs]
    assert all(program.graph.slots == 0 for program in programs)
    plain = replace(design, gauges=())
    guard, ends = loaded(plain, guard_files(plain), tmp_path), set()
    for k, size in enumerate(SIZES):
        for _ in range(10):
            events = trace(rng, size, 25)
            in_c, _ = by_guard(guard, events)
            for number in range(5 * k, 5 * k + 5):
                said, violated_ns = by_program(programs[number], events)
                assert said == answers(formulas[number], events)
                assert said == [row[number] for row in in_c]
                if violated_ns is not None:
                    assert guard.guard.violated_ns[number] == violated_ns
                ends.add((number % 5, said[-1]))
        events = trace(rng, size, 1000)
        in_c, _ = by_guard(guard, events)
        for number in range(5 * k, 5 * k + 5):
            assert by_program(programs[number], events)[0] == [row[number] for row in in_c]
    assert len(ends) > 10


def test_a_stamp_off_the_grid_is_invalid_and_takes_the_fallback(tmp_path: Path) -> None:
    design = design_of_properties([property_of(owed(P, Modal("once", within(3, 6), (R,))))], 10)
    known = {"p": False, "r": True, "s": False, "x": 0.0, "y": 0.0}
    good = [Event(t, known) for t in (7, 17, 37)]
    off = [*good, Event(48, known), Event(57, known)]
    wanted = [*[Answer.SATISFIED] * 3, Answer.INVALID, Answer.INVALID]
    guard = loaded(design, guard_files(design), tmp_path)
    assert by_program(design.plan.programs[0].program, off)[0] == wanted
    assert [row[0] for row in by_guard(guard, off)[0]] == wanted
    assert guard.guard.fallback == 3
    by_guard(guard, [*good, Event(57, known)])
    assert guard.guard.fallback == 0


def test_what_does_not_wait_minds_no_grid() -> None:
    design = design_of_properties([property_of(owed(P, Modal("once", within(0, 6), (R,))))], 10)
    known = {"p": False, "r": True, "s": False, "x": 0.0, "y": 0.0}
    events = [Event(t, known) for t in (7, 18, 39)]
    assert by_program(design.plan.programs[0].program, events)[0] == [Answer.SATISFIED] * 3


@pytest.mark.parametrize("ticks", [100, 1000, 10_000, 100_000])
def test_a_bound_takes_a_bit_for_each_tick_and_64_bytes_an_operator(ticks: int) -> None:
    """A stamp for each sample takes 64 times as much."""
    for body in bodies(ticks):
        program = compile_property(property_of(body), PERIOD_NS, grid_ns=PERIOD_NS)
        assert isinstance(program, Program)
        design = design_of_properties([property_of(body)], PERIOD_NS)
        inside = dict(_guard_type(design)._fields_)["property_0"]
        # the pending stamps of an `always` in the future and the latest stamp are the property's
        shared = 32 if any(name == "pending" for name, _ in inside._fields_) else 16
        operator = sum(getattr(inside, name).size for name, _ in inside._fields_) - shared
        assert operator <= ticks / 8 + 64, body
        counted = bytes_of(program.graph, program.watches)
        assert operator <= counted <= operator + shared
    stamped = compile_property(property_of(owed(P, next(bodies(ticks)))), PERIOD_NS)
    assert not isinstance(stamped, Program) or bytes_of(stamped.graph, stamped.watches) > 8 * ticks


def test_the_self_test_of_a_grid_agrees_here_and_on_aarch64(tmp_path: Path) -> None:
    properties = [property_of(body, f"p{k}") for k, body in enumerate(bodies(70))]
    self_test_agrees(c_files(design_of_properties(properties, PERIOD_NS)), tmp_path)


def test_no_loop_on_the_grid_grows_with_a_gap() -> None:
    """Over words of one block, or of the summary; the rest is straight."""
    text = files("verifier.emit.runtime").joinpath("guard_grid.h").read_text()
    for loop in re.findall(r"(?:for|while) \((.*)\) \{", text):
        assert re.search(
            r"half > 0u|k > first|k > \(from / 64u\)|k < \(to / 64u\)|k <= \(guard_block_end", loop
        ), loop


def test_the_place_of_a_bit_is_found_alike_without_the_compilers_help(tmp_path: Path) -> None:
    design = replace(
        design_of_properties(
            [property_of(body, f"p{k}") for k, body in enumerate(bodies(600))], PERIOD_NS
        ),
        gauges=(),
    )
    ours = {**guard_files(design)}
    plain = {**ours, "guard.c": b"#define GUARD_PLAIN\n" + ours["guard.c"]}
    (tmp_path / "plain").mkdir()
    guards = loaded(design, ours, tmp_path), loaded(design, plain, tmp_path / "plain")
    events = trace(random.Random(3), 600, 2000)
    assert by_guard(guards[0], events) == by_guard(guards[1], events)


def on_the_grid(*sizes: int) -> Design:
    """Everything that waits so many ticks, with its robustness."""
    waiting = [body for size in sizes for body in bodies(size)]
    properties = [property_of(body, f"p{k}") for k, body in enumerate(waiting)]
    return design_of_properties(properties, PERIOD_NS)


TICK = f"-DTICK=INT64_C({PERIOD_NS})"


def test_whatever_comes_has_a_defined_answer_under_the_sanitizers(tmp_path: Path) -> None:
    survives(tmp_path, 60_000, on_the_grid(65, 1100), TICK)


@pytest.mark.nightly
def test_ten_million_steps_have_defined_answers_under_the_sanitizers(tmp_path: Path) -> None:
    survives(tmp_path, 10_000_000, on_the_grid(1, 64, 513, 1100), TICK)


WORLD = """
state {{ x : real m in -1 .. 1  y : real m in -1 .. 1 }}
plant one {{ input u : real m/s in -1 .. 1  dynamics der(x) = u  period 6 ms  {0} }}
plant two {{ input v : real m/s in -1 .. 1  dynamics der(y) = v  period 4 ms  {1} }}
"""


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("", "", None),
        ("grid 6 ms", "", 6_000_000),
        ("grid 6 ms", "grid 4 ms", 2_000_000),
        ("grid 2 ms measured grid", "grid 1 ms", 1_000_000),
    ],
)
def test_the_grid_of_all_plants_is_the_coarsest_that_each_lies_on(
    one: str, two: str, expected: int | None
) -> None:
    assert grid_ns(model_of(WORLD.format(one, two))) == expected


def test_a_grid_much_finer_than_the_period_is_not_used() -> None:
    body = next(bodies(100))
    fine = compile_property(property_of(body), 1000, grid_ns=10)
    assert isinstance(fine, Program) and fine.graph.slots > 0 and fine.graph.grid_ns is None
    assert not isinstance(compile_property(property_of(body), 640, grid_ns=10), Diagnostic)
