"""Structured English: the fields of a sentence, the formula that they mean, and back again."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from verifier.cli import main
from verifier.core.diagnostic import SourceError
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
]


@pytest.mark.parametrize(("text", "meant"), KNOWN)
def test_a_sentence_means_its_formula(text: str, meant: str) -> None:
    assert formula(requirement(text)) == meant


SCOPES: list[tuple[str, tuple[str, ...]]] = [
    ("", ()),
    ("before", ("r",)),
    ("after", ("q",)),
    ("between", ("q", "r")),
]
TIMINGS = [
    *((word, None) for word in ("always", "never", "immediately", "next", "eventually")),
    *(("within", "500 ms"), ("for", "2 s"), ("until", "r and q"), ("before", "not r")),
]
ASKS = [(None, False), ("p and x <= 2 m", False), ("p or q", True)]
RESPONSES = ["not s", "s implies p", "x <= 2 cm"]


def test_every_sentence_is_read_back_as_its_fields_and_settles_or_is_refused() -> None:
    head = 'use "patterns.spec"\nstate { p, q, r, s : bool  x : real m }\n'
    settled_ones = 0
    for (scope, borders), (word, bound), (p, edge), said in itertools.product(
        SCOPES, TIMINGS, ASKS, RESPONSES
    ):
        fields = Requirement(scope, borders, p, edge, "arm", word, bound, said)
        assert requirement(sentence(fields)) == fields
        try:
            meant = formula(fields)
        except SourceError:
            assert scope
        else:
            settled(str(ROOT / "it.spec"), f"{head}property it = {meant}\n")
            settled_ones += 1
    assert settled_ones == 81 + 3 * (2 * 3 + 2 * 2 * 3)


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
        ["between q, the arm shall always satisfy p"],
        ["after q, the arm shall eventually satisfy p"],
        ["the arm shall always satisfy p", "--name", "a b"],
        [""],
    ],
)
def test_what_is_no_requirement(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fret", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err


def test_a_mistake_is_shown_in_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    main(["fret", "whenever p the arm shall always satisfy q )"])
    assert "<requirement>:1:43\n" in capsys.readouterr().err
