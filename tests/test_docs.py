"""The pages for users hold what they say: their sources are sources, their links lead somewhere."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

from verifier.core.certificate import Combination
from verifier.core.obligation import facts_of
from verifier.core.term import Comparison, Number
from verifier.core.unit import UNITS
from verifier.core.verdict import Proved
from verifier.judging import Effort, judged
from verifier.model.expression import FUNCTIONS
from verifier.model.region import SETS
from verifier.pipeline_emit import build_bundle
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


def test_the_value_that_the_architecture_page_follows() -> None:
    """`reach_tolerance = 2 cm` in the obligation, the certificate and the gate."""
    source = settled(str(ROOT / "examples" / "fetch_cup.contract"))
    chain = source.model.chains["FetchCup"]
    answers = judged(source.model, chain, Effort(10.0, 1), lambda done, total: None)
    (answer,) = (a for a in answers if a.obligation.id == "FetchCup/3:Grasp/initial")
    (goal,) = (fact.formula for fact in facts_of(answer.obligation.question)[-1:])
    assert isinstance(goal, Comparison) and goal.right == Number(Fraction(1, 2500))
    assert answer.obligation.view["ee.x"] == 2
    assert isinstance(answer.verdict, Proved)
    proof = answer.verdict.evidence
    assert isinstance(proof, Combination) and not proof.squares
    assert sorted(proof.multipliers) == [(6, Fraction(1)), (19, Fraction(1))]
    bundle = build_bundle(source.model, chain, "host", {}, "0")
    code = bundle["guard.c"].decode()
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert f"<= {float(Fraction(1, 2500)).hex()})" in code
    assert f"`{float(Fraction(1, 2500)).hex()}`" in page
    assert "manipulation.contract:18 */" in code
