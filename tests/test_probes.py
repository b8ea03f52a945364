"""No wrong answer about sets of any kind that all but touch; and every answer is judged."""

from __future__ import annotations

from collections import Counter

import pytest
from probed import Untold, probed

from verifier.check.containment import Contained, NotContained, judge_containment
from verifier.core.verdict import Unknown
from verifier.solve.containment import find


def answered(seeds: range) -> Counter[str]:
    counted: Counter[str] = Counter()
    for seed in seeds:
        try:
            question, inside = probed(seed)
        except Untold:
            continue
        found = find(question)
        if isinstance(found, Unknown):
            assert found.reason
            counted["unknown"] += 1
            continue
        verdict = judge_containment(question, found)
        assert isinstance(verdict, Contained | NotContained), f"{seed}: {verdict}: {question}"
        assert isinstance(verdict, Contained) == inside, f"{seed}: {question}"
        counted["inside" if inside else "outside"] += 1
    return counted


def test_no_wrong_answer_about_what_all_but_touches() -> None:
    counted = answered(range(200))
    assert min(counted["inside"], counted["outside"]) > 70 and counted["unknown"] <= 4, counted


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(4))
def test_nor_about_ten_thousand(part: int) -> None:
    counted = answered(range(1_000 + 2_500 * part, 3_500 + 2_500 * part))
    assert min(counted["inside"], counted["outside"]) > 900 and counted["unknown"] < 20, counted
