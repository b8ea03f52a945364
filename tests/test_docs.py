"""The pages for users hold what they say: their sources are sources, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from verifier.core.unit import UNITS
from verifier.model.expression import FUNCTIONS
from verifier.model.region import SETS
from verifier.source import settled

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```contract\n(.*?)```", LANGUAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_every_source_of_the_language_page_settles(number: int) -> None:
    settled("language.contract", BLOCKS[number])


def test_the_language_page_names_every_unit_set_and_function() -> None:
    words = set(re.findall(r"[A-Za-z_]+", LANGUAGE))
    assert len(BLOCKS) >= 8
    assert not {*UNITS, *SETS, *FUNCTIONS} - words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_are_named_exist(page: Path) -> None:
    """`verifier/core/term.py` in a page is a file of the project."""
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"\b((?:verifier|docs|tests|examples|contracts|specs)/[\w./-]*\w)", text)
    missing = {name for name in named if not (ROOT / name).exists()}
    assert not missing
