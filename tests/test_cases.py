"""The language by cases: prose, a source, and what must be said of it (tests/cases/*.md).

A block ```contract is followed by a block ```expect with lines of these forms:

    NAME: proved
    NAME: proved 2:Reach/property/soon             this one
    NAME: refuted by 3:Grasp/initial, achieve      exactly these obligations
    NAME: unknown achieve                          this one, among others
    NAME: deferred 2:Reach/invariant/deferred to stop
    NAME: duration 1 s .. 6 s
    NAME: witness ready = false                    in the first refuted obligation
    error CODE at LINE:COLUMN
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from verifier.core.diagnostic import SourceError
from verifier.core.verdict import Deferred, Proved, Refuted, SolverWord, Unknown, Verdict, Witness
from verifier.judging import Effort, judged
from verifier.obligations.owed import duration
from verifier.report.values import Answer
from verifier.source import settled

FOLDER = Path(__file__).parent / "cases"
BLOCK = re.compile(r"```contract\n(.*?)```\s*```expect\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Case:
    source: str
    line: str


def cases() -> list[object]:
    found: list[object] = []
    for path in sorted(FOLDER.glob("*.md")):
        for number, block in enumerate(BLOCK.finditer(path.read_text()), start=1):
            for line in block[2].strip().splitlines():
                found.append(pytest.param(Case(block[1], line), id=f"{path.stem}-{number}: {line}"))
    return found


@cache
def verdicts(source: str) -> tuple[tuple[str, ...], dict[str, tuple[list[Answer], str]]]:
    """(diagnostics as `CODE at LINE:COLUMN`, answers and duration by chain)."""
    try:
        settled_source = settled("case.contract", source)
    except SourceError as error:
        return tuple(f"{d.code} at {d.span.line}:{d.span.column}" for d in error.diagnostics), {}
    model = settled_source.model
    answers = {}
    for name, chain in model.chains.items():
        low, high = duration(chain)
        told = f"{seconds(low)} .. {seconds(high)}"
        answers[name] = list(judged(model, chain, Effort(10, None), lambda done, total: None)), told
    return (), answers


def seconds(value: Fraction | None) -> str:
    return "no bound" if value is None else f"{float(value):g} s"


@pytest.mark.parametrize("case", cases())
def test_case(case: Case) -> None:
    mistakes, chains = verdicts(case.source)
    if case.line.startswith("error "):
        assert mistakes == (case.line.removeprefix("error "),)
        return
    assert not mistakes
    name, _, claim = case.line.partition(": ")
    answers, told = chains[name]
    by_id = {a.obligation.id.removeprefix(f"{name}/"): a.verdict for a in answers}
    word, _, rest = claim.partition(" ")
    match word:
        case "proved" if rest:
            assert isinstance(by_id[rest], Proved) and not is_word(by_id[rest])
        case "proved":
            bad = {k: v for k, v in by_id.items() if not isinstance(v, Proved | Deferred)}
            assert not bad
            without = [k for k, v in by_id.items() if is_word(v)]
            assert not without, "proved without a certificate"
        case "refuted":
            refuted = {k for k, v in by_id.items() if isinstance(v, Refuted)}
            assert refuted == set(rest.removeprefix("by ").split(", "))
        case "unknown":
            assert isinstance(by_id[rest], Unknown)
        case "deferred":
            key, _, fallback = rest.partition(" to ")
            verdict = by_id[key]
            assert isinstance(verdict, Deferred) and verdict.fallback == fallback
        case "duration":
            assert told == rest
        case "witness":
            variable, _, value = rest.partition(" = ")
            assert witness_value(answers, variable) == value
        case _:
            pytest.fail(f"no such claim: {claim}")


def is_word(verdict: Verdict) -> bool:
    return isinstance(verdict, Proved) and isinstance(verdict.evidence, SolverWord)


def witness_value(answers: list[Answer], variable: str) -> str:
    for answer in answers:
        if isinstance(answer.verdict, Refuted) and isinstance(answer.verdict.evidence, Witness):
            value = answer.verdict.evidence.values[variable, answer.obligation.view[variable]]
            return str(value).lower()
    raise AssertionError("there is no witness")


def test_every_case_file_is_read() -> None:
    blocks = sum(path.read_text().count("```contract") for path in FOLDER.glob("*.md"))
    assert blocks == sum(len(BLOCK.findall(path.read_text())) for path in FOLDER.glob("*.md")) > 20
