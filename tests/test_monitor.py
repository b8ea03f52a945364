"""Temporal properties: the definition on known traces, and the program against the definition."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from verifier.core.diagnostic import Diagnostic
from verifier.core.evaluate import holds
from verifier.core.term import (
    And,
    Comparison,
    Formula,
    Iff,
    Implies,
    Not,
    Number,
    Or,
    Proposition,
    Sum,
    Truth,
    Variable,
)
from verifier.model.values import Property
from verifier.monitor.definition import Answer, Event, answers
from verifier.monitor.measured import truth
from verifier.monitor.program import Program, compile_property, start, step, tick
from verifier.source import settled

MS = 10**6


def samples(times_ms: Iterable[float], **signals: Sequence[int | float]) -> list[Event]:
    """Events at these milliseconds; the signals a list of values each."""
    return [
        Event(int(t * MS), {name: _value(row[k]) for name, row in signals.items()})
        for k, t in enumerate(times_ms)
    ]


def _value(value: int | float) -> bool | float:
    return value if isinstance(value, float) else bool(value)


def property_of(text: str) -> Property:
    """The one property of a spec over three booleans and two reals."""
    names = "environment { p, r, s : bool  x, y : real m }"
    source = settled("here.spec", f"{names}\nproperty it = {text}\non violation of it : stop\n")
    return source.model.properties[0]


def said(text: str, events: Sequence[Event]) -> list[str]:
    """What definition and program say after each event; they agree."""
    prop = property_of(text)
    by_definition = answers(prop.formula, events)
    program = compile_property(prop)
    if isinstance(program, Program):
        assert by_program(program, events) == by_definition
    return [answer.name.lower() for answer in by_definition]


def by_program(program: Program, events: Sequence[Event]) -> list[Answer]:
    memory, found = start(program), []
    for event in events:
        if event.values is None:
            memory = tick(program, memory, event.time_ns)
        else:
            memory = step(program, memory, event.time_ns, event.values)
        found.append(memory.answer)
    return found


# ---- known traces ------------------------------------------------------------------------------

RESPONSE = "always (p implies eventually[0, 500 ms] r)"
KNOWN = [
    ("inclusive at 500 ms", RESPONSE, [0, 500], [1, 0], [0, 1], "unknown satisfied"),
    ("first sample at 501 ms", RESPONSE, [0, 501], [1, 0], [0, 1], "unknown violated"),
    (
        "one response answers all before it",
        RESPONSE,
        [0, 400, 450, 950],
        [1, 1, 0, 0],
        [0, 0, 1, 1],
        "unknown unknown satisfied satisfied",
    ),
    (
        "a trigger after a response starts the clock afresh",
        RESPONSE,
        [0, 100, 101, 601],
        [1, 1, 1, 0],
        [0, 1, 0, 0],
        "unknown satisfied unknown violated",
    ),
    ("both at once", "always not (p and r)", [0, 10], [0, 1], [1, 1], "satisfied violated"),
    ("only later", RESPONSE, [0, 2000], [1, 0], [0, 0], "unknown violated"),
]


@pytest.mark.parametrize(("name", "text", "times", "p", "r", "expected"), KNOWN)
def test_known_traces(
    name: str, text: str, times: list[int], p: list[int], r: list[int], expected: str
) -> None:
    assert " ".join(said(text, samples(times, p=p, r=r))) == expected


def test_a_stalled_stream_is_violated_at_the_deadline_by_the_clock_alone() -> None:
    asked = samples([0], p=[1], r=[0])
    ticks = [Event(499 * MS, None), Event(500 * MS, None), Event(501 * MS, None)]
    assert said(RESPONSE, asked + ticks) == ["unknown", "unknown", "violated", "violated"]


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ("[0, 0 s]", "satisfied violated"),
        ("[0, 1 ns]", "satisfied unknown"),
        ("[0, 1.5 ns]", "satisfied unknown"),
        ("[0, 1 ns)", "satisfied violated"),
    ],
)
def test_a_bound_is_cut_to_whole_nanoseconds(bound: str, expected: str) -> None:
    events = samples([0, 1], p=[1, 1], r=[1, 0])
    assert " ".join(said(f"always (p implies eventually{bound} r)", events)) == expected


@pytest.mark.parametrize("stamp", [5, 4, -(2**63)])
def test_a_stamp_that_stands_still_or_goes_back_is_invalid_for_good(stamp: int) -> None:
    values = {"p": False, "r": False}
    events = [Event(5, values), Event(stamp, values), Event(6, values)]
    assert said(RESPONSE, events) == ["satisfied", "invalid", "invalid"]


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_signal_that_is_not_finite_is_neither_true_nor_false(odd: float) -> None:
    events = samples([0, 1, 2], x=[0.0, odd, 0.0], p=[0, 0, 0])
    for text in ("x <= 1 m", "not p or x <= 1 m", "x <= 1 m or not x <= 1 m"):
        assert said(f"always ({text})", events) == ["satisfied", "invalid", "invalid"]


def test_a_missing_signal_is_invalid_unless_the_deadline_passed_before_it() -> None:
    lost = {"p": True}
    asked = samples([0], p=[1], r=[0])
    assert said(RESPONSE, [*asked, Event(500 * MS, lost)])[-1] == "invalid"
    assert said(RESPONSE, [*asked, Event(500 * MS + 1, lost)])[-1] == "violated"


def test_a_division_by_zero_is_invalid() -> None:
    events = samples([0, 1], x=[1.0, 1.0], y=[1.0, 0.0])
    assert said("always x / y <= 2", events) == ["satisfied", "invalid"]


# ---- the page ----------------------------------------------------------------------------------

PAGE = Path(__file__).parent.parent / "docs" / "properties.md"
TRACES = re.findall(r"```trace\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def read(cell: str) -> bool | float:
    return float(cell) if "." in cell or cell == "nan" else cell == "1"


@pytest.mark.parametrize("block", TRACES, ids=lambda block: block.split("\n")[0])
def test_the_page_says_what_definition_and_program_say(block: str) -> None:
    text, times, *rows = block.strip().split("\n")
    *signals, wanted = [re.split(r"\s\s+", row) for row in rows]
    events = []
    for k, stamp in enumerate(re.split(r"\s\s+", times)[1:], start=1):
        cells = {row[0]: row[k] for row in signals}
        values = {name: read(cell) for name, cell in cells.items() if cell not in "-?"}
        ticks = all(cell == "-" for cell in cells.values())
        events.append(Event(int(stamp) * MS, None if ticks else values))
    assert said(text, events) == wanted[1:]


def test_the_page_shows_all_answers() -> None:
    assert len(TRACES) >= 11
    assert all(answer.name.lower() in "".join(TRACES) for answer in Answer)


# ---- all of the logic, by the definition -------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("always (p implies once[0, 2 ms] r)", "satisfied satisfied satisfied violated"),
        ("always (p since r or not r)", "satisfied satisfied satisfied satisfied"),
        ("always historically[0, 1 ms] (p or r)", "satisfied satisfied satisfied satisfied"),
        ("p until r", "satisfied satisfied satisfied satisfied"),
        ("eventually[2 ms, 3 ms] r", "unknown unknown unknown violated"),
        ("always (rise p implies previous r)", "satisfied satisfied satisfied satisfied"),
        ("eventually fall r", "unknown satisfied satisfied satisfied"),
        ("next p", "unknown satisfied satisfied satisfied"),
        ("r release (p or r)", "satisfied satisfied satisfied satisfied"),
    ],
)
def test_past_and_future_by_the_definition(text: str, expected: str) -> None:
    events = samples([0, 1, 2, 3], p=[0, 1, 1, 1], r=[1, 0, 0, 0])
    assert " ".join(a.name.lower() for a in answers(property_of(text).formula, events)) == expected


# ---- the program against the definition --------------------------------------------------------

SHAPES = [
    "always (p implies eventually[0, {a} ms] r)",
    "always eventually[0, {a} ms] r",
    "always (p and s implies eventually[0, {a} ms] (r or not s))",
    "always (not p or s or eventually[0, {b} ms) r)",
    "always ((p implies eventually[0, {a} ms] r) and (r implies eventually[0, {b} ms] s))",
    "always (p implies eventually[0, {a} ms] r) and always not (p and s)",
    "always not (p and not eventually[0, {a} ms] r)",
    "always not (p and always[0, {a} ms] not r)",
    "always (p implies (s or (r implies eventually[0, {a} ms] s)))",
    "always (x <= 1 m implies eventually[0, {a} ms] abs(y) < x + 1 m)",
    "always ((p iff s) implies eventually[0, {b} ms] r)",
    "always (x * x <= 2 m^2 or p)",
]


def random_events(rng: random.Random, count: int) -> list[Event]:
    """Unequal steps, ticks, and now and then what should not come."""
    time, events = rng.randrange(-5, 5) * MS, []
    for _ in range(count):
        time += rng.choice((1, MS, MS, 2 * MS, 3 * MS - 1, 5 * MS, 5 * MS + 1))
        if rng.random() < 0.01:
            time -= rng.choice((MS, 10 * MS))
        values: dict[str, bool | float] = {name: rng.random() < 0.4 for name in "prs"}
        values |= {name: rng.choice((-2.0, -1.0, 0.0, 0.5, 1.0, 3.0)) for name in "xy"}
        if rng.random() < 0.02:
            values["x"] = rng.choice((math.nan, math.inf))
        if rng.random() < 0.01:
            del values["r"]
        events.append(Event(time, None if rng.random() < 0.15 else values))
    return events


def test_program_and_definition_agree_on_random_traces() -> None:
    rng = random.Random(5)
    seen: set[Answer] = set()
    compared = 0
    for shape in SHAPES:
        for _ in range(25):
            a, b = rng.randrange(0, 6), rng.randrange(1, 8)
            prop = property_of(shape.format(a=a, b=b))
            program = compile_property(prop)
            assert isinstance(program, Program), shape
            for _ in range(10):
                events = random_events(rng, rng.randrange(1, 14))
                by_definition = answers(prop.formula, events)
                assert by_program(program, events) == by_definition, (shape, a, b, events)
                seen.update(by_definition)
                compared += 1
    assert seen == set(Answer) and compared == 3000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("always (p implies eventually r)", "never be violated"),
        ("always (p implies eventually[1 ms, 2 ms] r)", "period"),
        ("always (p or eventually[0, 1 ms] always r)", "no upper bound"),
        ("always (p implies once[1 ms, 2 ms] r)", "period"),
        ("always sin(x / 1 m * 1 rad) <= 1", "sin"),
        ("always (p implies eventually[0, 5000000000 s] r)", "2^62"),
    ],
)
def test_what_has_no_bounded_program_is_refused_with_its_place(text: str, reason: str) -> None:
    refused = compile_property(property_of(text))
    assert isinstance(refused, Diagnostic)
    assert refused.code == "property-not-supported" and reason in refused.message
    assert refused.span.line == 2


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        (
            "always (p implies once[100 s, 200 s] r)",
            "the lower bound 100 s of `once` or `historically`",
        ),
        (
            "always eventually[0, 50 s] always[0, 70 s] r",
            "the upper bound 70 s of `always` or `eventually`",
        ),
    ],
)
def test_what_does_not_fit_names_the_bound_to_shorten(text: str, bound: str) -> None:
    refused = compile_property(property_of(text), MS, 50_000)
    assert isinstance(refused, Diagnostic) and bound in refused.message
    assert isinstance(compile_property(property_of(text), MS, 10**7), Program)


# ---- atoms -------------------------------------------------------------------------------------

EIGHTHS = some.integers(-16, 16).map(lambda n: Fraction(n, 8))
TERMS = some.one_of(
    EIGHTHS.map(Number),
    some.sampled_from(["x", "y"]).map(Variable),
    some.tuples(some.sampled_from(["x", "y"]).map(Variable), EIGHTHS.map(Number)).map(Sum),
)
COMPARED = some.builds(Comparison, some.sampled_from(["<=", "<", "=="]), TERMS, TERMS)
FORMULAS: some.SearchStrategy[Formula] = some.recursive(
    some.one_of(
        some.booleans().map(Truth), some.sampled_from(["p", "r"]).map(Proposition), COMPARED
    ),
    lambda inner: some.one_of(
        inner.map(Not),
        some.lists(inner, min_size=1, max_size=3).map(lambda parts: And(tuple(parts))),
        some.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
        some.builds(Implies, inner, inner),
        some.builds(Iff, inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(FORMULAS, EIGHTHS, EIGHTHS, some.booleans(), some.booleans())
def test_where_doubles_are_exact_the_measured_meaning_is_the_exact_one(
    formula: Formula, x: Fraction, y: Fraction, p: bool, r: bool
) -> None:
    exact = {("x", 0): x, ("y", 0): y, ("p", 0): p, ("r", 0): r}
    measured = {("x", 0): float(x), ("y", 0): float(y), ("p", 0): p, ("r", 0): r}
    assert truth(formula, measured) == holds(formula, exact)
