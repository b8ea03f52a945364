"""Structured English: the fields of a sentence, the formula that they mean, and back again."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from pathlib import Path

import pytest

from verifier.cli import main
from verifier.core.diagnostic import SourceError
from verifier.monitor.definition import Answer, Event, answers
from verifier.source import settled
from verifier.structured import Requirement, formula, requirement, sentence

ROOT = Path(__file__).parent.parent
KNOWN = [
    (
        "whenever human_near the arm shall within 500 ms satisfy not arm_moving",
        "always (human_near implies eventually[0, 500 ms] not arm_moving)",
    ),
    ("The arm shall always satisfy not moving.", "always not moving"),
    ("the arm shall never satisfy moving and near", "always not (moving and near)"),
    ("arm shall satisfy ready", "eventually ready"),
    (
        "When pressed, the arm shall immediately satisfy stopped",
        "always (rise pressed implies stopped)",
    ),
    (
        "whenever pressed the arm shall for 2 s satisfy stopped",
        "always (pressed implies always[0, 2 s] stopped)",
    ),
    (
        "whenever pressed the arm shall until near satisfy stopped",
        "always (pressed implies near release (stopped or near))",
    ),
    (
        "whenever p the arm shall before r satisfy s",
        "always (p implies (s and not r) release not r)",
    ),
    ("whenever p the arm shall at the next sample satisfy s", "always (p implies next s)"),
    ("upon p the arm shall never satisfy s", "always (once rise p implies not s)"),
    ("after q, the arm shall never satisfy p", "absence_after(p, q)"),
    ("between q and r, the arm shall always satisfy p", "universality_between(p, q, r)"),
    (
        "before r, whenever p the arm shall within 1 s satisfy s",
        "response_before(p, s, r, 1 s)",
    ),
    (
        "after q, whenever p the arm shall immediately satisfy s",
        "always (p and once q implies s)",
    ),
    ("unless p the arm shall immediately satisfy s", "always (rise not p implies s)"),
    ("in q mode, the arm shall always satisfy s", "always (q implies s)"),
    ("while p or q, the arm shall never satisfy s", "always (p or q implies not s)"),
    ("when not in q, the arm shall immediately satisfy s", "always (rise not q implies s)"),
    (
        "during q, upon p the arm shall within 1 s satisfy s",
        "always (rise (p and q) implies eventually[0, 1 s] (s or not q))",
    ),
    ("only in q, the arm shall satisfy s", "always (not q implies not s)"),
    ("Only after q, the arm shall satisfy s", "always (not once q implies not s)"),
]


@pytest.mark.parametrize(("text", "meant"), KNOWN)
def test_a_sentence_means_its_formula(text: str, meant: str) -> None:
    assert formula(requirement(text)) == meant


SCOPES: list[tuple[str, tuple[str, ...]]] = [
    ("", ()),
    ("before", ("r",)),
    ("after", ("q",)),
    ("between", ("q", "r")),
    ("in", ("q",)),
    ("except in", ("q or r",)),
    *((f"only {word}", ("q",)) for word in ("in", "before", "after")),
]
TIMINGS = [
    *((word, None) for word in ("always", "never", "immediately", "next", "eventually")),
    *(("within", "500 ms"), ("for", "2 s"), ("until", "r and q"), ("before", "not r")),
]
ASKS = [(None, False), ("p and x <= 2 m", False), ("p or q", True)]
RESPONSES = ["not s", "s implies p", "x <= 2 cm"]


def test_every_sentence_is_read_back_as_its_fields_and_settles_or_is_refused() -> None:
    text = ['use "patterns.spec"', "state { p, q, r, s : bool  x : real m }"]
    for (scope, borders), (word, bound), (p, edge), said in itertools.product(
        SCOPES, TIMINGS, ASKS, RESPONSES
    ):
        fields = Requirement(scope, borders, p, edge, "arm", word, bound, said)
        assert requirement(sentence(fields)) == fields
        try:
            meant = formula(fields)
        except SourceError:
            assert scope and scope not in ("in", "except in")
        else:
            text.append(f"property p{len(text)} = {meant}")
    model = settled(str(ROOT / "it.spec"), "\n".join(text) + "\n").model
    assert len(model.properties) == 3 * (27 + 2 * (3 + 2 * 2) + (8 * 3) + 2 * 27 + 3)


# ---- the meaning, by looking at every stretch of a scope -----------------------------------------

Row = tuple[int, dict[str, bool]]


def stretches(scope: str, rows: list[Row]) -> list[list[int]]:
    """The numbers of the samples of each stretch, the last of which may go on."""

    def within(k: int) -> bool:
        upto = [row for _, row in rows[: k + 1]]
        match scope:
            case "before":
                return not any(row["r"] for row in upto)
            case "after":
                return any(row["q"] for row in upto)
            case "in":
                return upto[-1]["q"]
            case "except in":
                return not upto[-1]["q"]
            case "between":
                latest = max(
                    (n for n, row in enumerate(upto) if row["q"] and not row["r"]), default=-1
                )
                return latest >= 0 and not any(row["r"] for row in upto[latest:])
            case _:
                return True

    inside = [within(k) for k in range(len(rows))]
    groups = itertools.groupby(range(len(rows)), lambda k: inside[k])
    return [list(numbers) for holds, numbers in groups if holds]


def broken(fields: Requirement, rows: list[Row]) -> bool:
    """Whether these samples, whatever follows, break the requirement."""
    return any(
        owed_in_vain(fields, [rows[k] for k in stretch[n:]], rows[stretch[-1] + 1 :])
        for stretch in stretches(fields.scope, rows)
        for n in asking(fields, [rows[k][1] for k in stretch])
    )


def asking(fields: Requirement, stretch: list[dict[str, bool]]) -> list[int]:
    if fields.condition is None:
        return [0]
    return [
        n
        for n, row in enumerate(stretch)
        if row["p"] and not (fields.edge and n > 0 and stretch[n - 1]["p"])
    ]


def owed_in_vain(fields: Requirement, rest: list[Row], behind: list[Row]) -> bool:
    """From the sample that asks to the end of its stretch, which is over where one is behind it."""
    ends, over = fields.scope in ("before", "between"), bool(behind)
    if ends and fields.condition is None and not over:
        return False
    good = [row["s"] for _, row in rest]
    times = [time - rest[0][0] for time, _ in rest]
    stop = next((k for k, (_, row) in enumerate(rest) if row["t"]), len(rest))
    match fields.timing:
        case "immediately":
            return not good[0]
        case "next":
            return len(rest) > 1 and not good[1]
        case "always":
            return not all(good)
        case "never":
            return any(good)
        case "eventually":
            return over and not any(good)
        case "within":
            answered = any(s for s, time in zip(good, times, strict=True) if time <= 3)
            free = over and not ends and behind[0][0] - rest[0][0] <= 3
            late = (over and ends) or any(time - rest[0][0] >= 3 for time, _ in [*rest, *behind])
            return late and not answered and not free
        case "for":
            return not all(s for s, time in zip(good, times, strict=True) if time <= 3)
        case "until":
            return not all(good[:stop])
        case _:
            return stop < len(rest) and not any(good[:stop])


SHORT = [*TIMINGS[:5], ("within", "3 ns"), ("for", "3 ns"), ("until", "t"), ("before", "t")]


def supported(scope: str, asks: str | None, word: str) -> bool:
    match scope:
        case "":
            return asks is None and word in ("always", "never")
        case "before" | "between":
            rule = ("always", "never", "eventually") if asks is None else ("within", "immediately")
            return word in rule
        case "after":
            return word != "eventually"
        case _:
            return True


MEANT = [
    Requirement(scope, borders, "p" if asks else None, asks == "when", "arm", word, bound, "s")
    for scope, borders in (*SCOPES[:5], ("except in", ("q",)))
    for asks in (None, "whenever", "when")
    for word, bound in SHORT
    if supported(scope, asks, word)
]


def test_a_sentence_means_what_its_stretches_say() -> None:
    """Every scope, condition and timing on random samples, against a look at each stretch."""
    lines = ['use "patterns.spec"', "environment { p, q, r, s, t : bool }"]
    for k, fields in enumerate(MEANT):
        text = formula(requirement(sentence(fields)))
        lines += [f"property p{k} = {text}", f"on violation of p{k} : stop"]
    properties = settled(str(ROOT / "it.spec"), "\n".join(lines) + "\n").model.properties
    rng = random.Random(8)
    ends: Counter[tuple[str, bool]] = Counter()
    for _ in range(25):
        often = {name: rng.choice((0.15, 0.5, 0.85)) for name in "pqrst"}
        time, rows = 0, []
        for _ in range(rng.randrange(1, 9)):
            time += rng.choice((1, 1, 2, 3, 5))
            rows.append((time, {name: rng.random() < share for name, share in often.items()}))
        events = [Event(time, {**row}) for time, row in rows]
        for fields, prop in zip(MEANT, properties, strict=True):
            violated = answers(prop.formula, events)[-1] is Answer.VIOLATED
            assert violated == broken(fields, rows), (sentence(fields), rows)
            ends[fields.timing, violated] += 1
    assert len(ends) == 2 * len(TIMINGS)


def test_the_command_prints_a_property(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fret", KNOWN[0][0], "--name", "halt"]) == 0
    assert capsys.readouterr().out == f"property halt = {KNOWN[0][1]}\n"
    assert main(["fret", "after q, the arm shall never satisfy p"]) == 0
    out = capsys.readouterr().out
    assert out == 'use "patterns.spec"\nproperty requirement = absence_after(p, q)\n'


@pytest.mark.parametrize(
    "arguments",
    [
        ["the arm stops"],
        ["whenever (p the arm shall satisfy q"],
        ["the arm shall within 5 satisfy"],
        ["after q, the arm shall eventually satisfy p"],
        ["between q, the arm shall always satisfy p"],
        ["the arm shall always satisfy p", "--name", "a b"],
        [""],
    ],
)
def test_what_is_no_requirement(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fret", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("the arm shall after 2 s satisfy s", 15, "the timing `after` is not supported"),
        ("the arm shall soon satisfy s", 15, "`soon` is no timing"),
        ("the arm shall with probability 0.9 satisfy s", 15, "a probability cannot be watched"),
        ("whenever p the arm shall stop", 20, "does not say `satisfy`"),
        ("the arm stops", 1, "it says `shall` nowhere"),
        ("in q the arm shall satisfy s", 1, "what comes before `shall` is not understood"),
        ("only upon p the arm shall satisfy s", 1, "what comes before `shall` is not understood"),
        ("only in q, the arm shall always satisfy s", 1, "has no condition and no timing"),
        ("between q, the arm shall always satisfy s", 9, "`between` needs two conditions"),
        ("? shall satisfy s", 1, "what comes before `shall`"),
    ],
)
def test_what_is_not_supported_is_named_where_it_stands(text: str, column: int, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        formula(requirement(text))
    (found,) = caught.value.diagnostics
    assert said in found.message and found.span.column == column and found.help


def test_a_mistake_is_shown_in_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    main(["fret", "whenever p the arm shall always satisfy q )"])
    assert "<requirement>:1:43\n" in capsys.readouterr().err
    main(["fret", "in q,\nthe arm shall\nsoon satisfy s"])
    assert "1 | in q, the arm shall soon satisfy s\n" in capsys.readouterr().err
