"""Temporal properties of any shape: definition, online program and compiled C say the same."""

from __future__ import annotations

import random
import re
from importlib.resources import files
from pathlib import Path

import pytest
from agreement import compare

from verifier.emit.layout import _RESERVED


def test_definition_program_and_c_agree_on_random_formulas(tmp_path: Path) -> None:
    """Verdicts, times of violation and the bits of robustness, of 2,500 pairs."""
    seen = compare(random.Random(20260), 250, 10, tmp_path)
    assert seen["VIOLATED"] + seen["UNKNOWN"] + seen["SATISFIED"] == 2500
    assert min(seen["UNKNOWN"], seen["SATISFIED"], seen["finite"]) > 200


@pytest.mark.nightly
def test_they_agree_on_a_hundred_thousand_pairs(tmp_path: Path) -> None:
    total = 0
    for batch in range(20):
        folder = tmp_path / str(batch)
        folder.mkdir()
        seen = compare(random.Random(7000 + batch), 250, 20, folder)
        total += seen["VIOLATED"] + seen["UNKNOWN"] + seen["SATISFIED"]
    assert total == 100_000


def test_no_type_of_a_bundle_can_be_named_like_a_part_of_the_runtime() -> None:
    headers = [p for p in files("verifier.emit.runtime").iterdir() if p.name.startswith("guard_")]
    assert len(headers) == 3
    for header in headers:
        names = set(re.findall(r"\bguard_\w+\b", header.read_text().lower()))
        free = {name for name in names if not _RESERVED.fullmatch(name)}
        assert free <= {"guard_runtime", "guard_temporal", "guard_longest_ns"}
