"""Containment of sets: no wrong answer in either direction, and every answer judged."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

import pytest
from containments import Case, probes, random_case, random_mixed

from verifier.check.containment import Contained, NotContained, judge_containment
from verifier.core.verdict import Unknown
from verifier.solve.containment import find


def answered(cases: Iterable[Case]) -> Counter[str]:
    """How many answers there were of each kind. Fails on the first wrong or refused one."""
    counted: Counter[str] = Counter()
    for number, case in enumerate(cases):
        found = find(case.question)
        if isinstance(found, Unknown):
            counted[f"unknown: {case.name}: {found.reason}"] += 1
            continue
        verdict = judge_containment(case.question, found)
        where = f"case {number}, {case.name}: {case.question}"
        assert isinstance(verdict, Contained | NotContained), f"{where}: {verdict}"
        assert isinstance(verdict, Contained) == case.contained, f"wrong: {where}"
        counted["contained" if case.contained else "not contained"] += 1
    return counted


@pytest.mark.parametrize("size", [2, 3, 4, 7])
def test_no_wrong_answer_at_a_hairs_breadth(size: int) -> None:
    rng = random.Random(size)
    counted = answered(case for _ in range(4 if size < 5 else 1) for case in probes(rng, size))
    assert counted["contained"] > 5 and counted["not contained"] > 5
    assert set(counted) == {"contained", "not contained"}


def test_random_questions_against_vertices_and_formulas() -> None:
    rng = random.Random(1)
    counted = answered(random_case(rng) for _ in range(1_000))
    assert counted["contained"] > 300 and counted["not contained"] > 300
    assert sum(counted[key] for key in counted if key.startswith("unknown")) <= 10, counted


@pytest.mark.nightly
def test_ten_thousand_random_questions() -> None:
    rng = random.Random(2)
    counted = answered(random_case(rng) for _ in range(10_000))
    assert counted["contained"] > 3_000 and counted["not contained"] > 3_000


def test_sets_of_all_kinds_in_space() -> None:
    rng = random.Random(3)
    answered(random_mixed(rng, 3) for _ in range(40))
