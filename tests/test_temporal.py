"""Temporal properties of any shape: definition, online program and compiled C say the same."""

from __future__ import annotations

import math
import random
import re
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pytest
from agreement import (
    bits,
    by_gauge,
    by_guard,
    compare,
    design_of_properties,
    random_properties,
)
from bundles import sample, self_test_agrees, survives
from formulas import EVER, property_of

from verifier.core.term import Comparison, Number, Proposition, Variable
from verifier.emit.binding import Compiled, loaded
from verifier.emit.bundle import c_files
from verifier.emit.design import Design
from verifier.emit.layout import _RESERVED
from verifier.model.values import Atom, Connective, Interval, Modal
from verifier.monitor.definition import Answer, Event
from verifier.monitor.gauge import gauged


def test_definition_program_and_c_agree_on_random_formulas(tmp_path: Path) -> None:
    """Verdicts, times of violation and the bits of robustness, of 2,000 pairs."""
    seen = compare(random.Random(20260), 250, 8, tmp_path)
    assert seen["VIOLATED"] + seen["UNKNOWN"] + seen["SATISFIED"] == 2000
    assert min(seen["UNKNOWN"], seen["SATISFIED"], seen["finite"]) > 200


def test_a_gap_takes_no_more_room_than_a_full_window(tmp_path: Path) -> None:
    """Behind a gap many samples pass a window at once; falling distances stay in its queue."""
    bound = Interval(Fraction(30, 10**9), Fraction(30, 10**9), False)
    x, y = (Atom(Comparison("<=", Number(Fraction(0)), Variable(name)), name) for name in "xy")
    late, failed = Connective("not", (y,)), Connective("not", (x,))
    since = Connective("not", (Modal("since", bound, (late, failed)),))
    windows = [Modal(word, bound, (x,)) for word in ("always", "historically")]
    bodies = [*windows, Modal("release", bound, (y, x)), since]
    asked = [Modal("always", EVER, (body,)) for body in bodies]
    design = design_of_properties([property_of(each, f"p{k}") for k, each in enumerate(asked)])
    guard = loaded(design, c_files(design), tmp_path)
    stamps = [0, *range(100, 200, 10), 400, *range(500, 600, 10), 700]
    known = dict.fromkeys("prs", False)
    trace = [Event(t, {**known, "x": 1.0 + t, "y": 2.0 + t}) for t in stamps]
    _, measured = by_guard(guard, trace)
    for machine in design.gauges:
        wanted = bits(gauged(machine.gauge, trace))
        assert bits(by_gauge(machine.gauge, trace)) == wanted
        assert bits([row[machine.number] for row in measured]) == wanted
    assert len(design.gauges) == 4 and not any(map(math.isinf, measured[-1]))


@pytest.mark.nightly
def test_they_agree_on_a_hundred_thousand_pairs(tmp_path: Path) -> None:
    total = 0
    for batch in range(20):
        folder = tmp_path / str(batch)
        folder.mkdir()
        seen = compare(random.Random(7000 + batch), 250, 20, folder)
        total += seen["VIOLATED"] + seen["UNKNOWN"] + seen["SATISFIED"]
    assert total == 100_000


def test_the_self_test_of_any_properties_agrees_here_and_on_aarch64(tmp_path: Path) -> None:
    """Answers, times of violation and robustness are part of it."""
    design = design_of_properties(random_properties(random.Random(77), 25))
    names = c_files(design)
    assert len(design.gauges) > 15 and b"robustness of p" in names["selftest.c"]
    self_test_agrees(names, tmp_path)


# ---- what a clock and a sensor should not do ---------------------------------------------------


def of_chance(count: int) -> Design:
    return design_of_properties(random_properties(random.Random(31), count))


def test_whatever_comes_has_a_defined_answer_under_the_sanitizers(tmp_path: Path) -> None:
    survives(tmp_path, 100_000, of_chance(30))


@pytest.mark.nightly
def test_ten_million_steps_have_defined_answers_under_the_sanitizers(tmp_path: Path) -> None:
    survives(tmp_path, 10_000_000, of_chance(20))


HOUR = 3600 * 10**9
DUTY = Modal(
    "always",
    EVER,
    (
        Connective(
            "implies",
            (
                Atom(Proposition("p"), "p"),
                Modal(
                    "eventually",
                    Interval(Fraction(0), Fraction(50, 10**9), False),
                    (Atom(Proposition("r"), "r"),),
                ),
            ),
        ),
    ),
)


@pytest.fixture(scope="module")
def duty(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """A guard that watches always (p implies eventually[0, 50 ns] r)."""
    design = design_of_properties([property_of(DUTY)])
    return loaded(design, c_files(design), tmp_path_factory.mktemp("duty"))


def after(guard: Compiled, *calls: tuple[int, str | None]) -> tuple[str, int, str, str]:
    """The answer, its time if it is violated, the last status and the fallback after steps at these
    stamps with these propositions true, or ticks."""
    guard.init()
    outcome = None
    for stamp, true in calls:
        if true is None:
            outcome, _ = guard.tick(stamp)
        else:
            values: dict[str, float] = dict.fromkeys(true, 1)
            values |= {"x": math.nan} if "!" in true else {}
            values.pop("!", None)
            outcome, _ = guard.step(sample(guard.design, stamp, values), (0.0,))
    assert outcome is not None
    answer = Answer(guard.guard.answers[0])
    violated = guard.guard.violated_ns[0]
    return answer.name, violated, outcome.status, outcome.fallback


FAULTS = [
    ("in time", [(0, "p"), (50, "r")], ("SATISFIED", 0, "OK", "none")),
    ("a tick at the deadline", [(0, "p"), (40, ""), (50, None)], ("VIOLATED", 50, "OK", "stop")),
    ("a stalled stream", [(0, "p"), (49, None), (60, None)], ("VIOLATED", 60, "OK", "stop")),
    ("a gap", [(0, "p"), (HOUR, "r")], ("VIOLATED", HOUR, "OK", "stop")),
    ("a gap without a duty", [(0, ""), (HOUR, "")], ("SATISFIED", 0, "OK", "none")),
    ("a repeated stamp", [(0, ""), (10, ""), (10, "")], ("SATISFIED", 0, "INVALID_SAMPLE", "stop")),
    ("a reversed stamp", [(0, ""), (10, ""), (5, "")], ("SATISFIED", 0, "INVALID_SAMPLE", "stop")),
    ("an hour back", [(0, "p"), (-HOUR, "r")], ("UNKNOWN", 0, "INVALID_SAMPLE", "stop")),
    ("and the duty stays", [(0, "p"), (-HOUR, "r"), (50, "")], ("VIOLATED", 50, "OK", "stop")),
    ("a sensor lost", [(0, "p"), (10, "!r")], ("UNKNOWN", 0, "INVALID_SAMPLE", "stop")),
    ("lost too late", [(0, "p"), (51, "!r")], ("VIOLATED", 51, "INVALID_SAMPLE", "stop")),
]


@pytest.mark.parametrize(("name", "calls", "expected"), FAULTS, ids=[row[0] for row in FAULTS])
def test_a_fault_loses_nothing(
    duty: Compiled,
    name: str,
    calls: list[tuple[int, str | None]],
    expected: tuple[str, int, str, str],
) -> None:
    assert after(duty, *calls) == expected


@pytest.mark.parametrize("signal", ["x", "y"])
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_stops_whatever_signal_it_is(
    duty: Compiled, signal: str, odd: float
) -> None:
    duty.init()
    duty.step(sample(duty.design, 0, {}), (0.0,))
    outcome, _ = duty.step(sample(duty.design, 10, {signal: odd}), (0.0,))
    assert (outcome.status, outcome.fallback) == ("INVALID_SAMPLE", "stop")
    outcome, _ = duty.step(sample(duty.design, 20, {}), (0.0,))
    assert outcome.fallback == "stop"


def test_what_waits_for_one_bound_has_no_loop_in_its_step() -> None:
    """Two stamps are enough, however long the bound is; its memory is that of its structs."""
    state = Atom(Proposition("s"), "s")
    recent = Modal("once", Interval(Fraction(0), Fraction(1), False), (state,))
    for found in (DUTY, Modal("always", EVER, (state,)), Modal("always", EVER, (recent,))):
        design = design_of_properties([property_of(found)])
        text = c_files(design)["guard.c"].decode()
        body = text[text.index("property_0_step(") : text.index("void watch_properties(")]
        body = body[: body.index("gauge_0")] if "gauge_0" in body else body
        assert "for (" not in body and "guard_delayed_step" not in body
        assert design.machines[0].graph.slots == 0
    assert "for (" not in files("verifier.emit.runtime").joinpath("guard_runtime.h").read_text()


def test_no_type_of_a_bundle_can_be_named_like_a_part_of_the_runtime() -> None:
    headers = [p for p in files("verifier.emit.runtime").iterdir() if p.name.startswith("guard_")]
    assert len(headers) >= 6
    for header in headers:
        names = set(re.findall(r"\bguard_\w+\b", header.read_text().lower()))
        free = {name for name in names if not _RESERVED.fullmatch(name)}
        assert free <= {
            "guard_runtime",
            "guard_temporal",
            "guard_near",
            "guard_filter",
            "guard_plan",
        }
