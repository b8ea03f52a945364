"""Margins: proved lower bounds of how far a goal is from failing, compared with goals tightened in
the source."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from verifier.cli import main
from verifier.core.certificate import Clash, Combination
from verifier.core.margin import compared, dimension, tightened
from verifier.core.obligation import Entailment
from verifier.core.verdict import Proved
from verifier.judging import with_margin
from verifier.obligations.owed import owed
from verifier.solve.discharge import settle
from verifier.source import chosen, settled

WORLD = """\
state {
    x, y : real m in -2 .. 2
    p    : real[2] m in box(lower = -9, upper = 9)
    f    : real N in 0 .. 10
    a    : bool
}
skill Go { ensures x >= 0.5 and x <= 1 and y == 0.25 and a modifies x, y, a duration 1 s .. 2 s }
skill At { ensures p in ball(center = [x, y], radius = 1 cm) modifies p duration 1 s .. 3 s }
"""


def margins(tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str) -> dict[str, float]:
    path = tmp_path / "a.contract"
    path.write_text(f"{WORLD}{body}")
    main([str(path), "--format", "json"])
    (chain,) = json.loads(capsys.readouterr().out)["chains"]
    return {each["id"].partition("/")[2]: each["margin"] for each in chain["obligations"]}


@pytest.mark.parametrize(
    ("goal", "margin"),
    [
        ("x <= 2", 1.0),
        ("x <= 1", 0.0),
        ("x < 3", 2.0),
        ("x >= 0.25", 0.25),
        ("x <= 3 and x >= 0", 0.5),
        ("x in 0 .. 4", 0.5),
        ("x + y <= 2", 0.75),
        ("a implies x <= 1.5", 0.5),
        ("a", None),
        ("x <= 2 and a", 1.0),
        ("x == x", None),
        ("x <= 2 and f <= 11", None),
        ("p in ball(center = [x, y], radius = 4 cm)", 0.03),
        ("p in ball(center = [x, y], radius = 1 cm)", 0.0),
        ("p[1] - x <= 0.5", None),
    ],
)
def test_the_margin_is_how_far_the_goal_is_from_failing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], goal: str, margin: float | None
) -> None:
    found = margins(tmp_path, capsys, f"chain C {{ Go(); At() achieve {goal} }}")["achieve"]
    if goal == "p[1] - x <= 0.5":  # needs a square; any proved bound up to 0.49 will do
        assert found is not None and 0 < found <= 0.49
    else:
        assert found == margin


def test_the_margin_of_a_deadline_is_what_is_left_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = margins(tmp_path, capsys, "chain C { Go(); At() achieve a within 12 s }")
    assert found["within"] == 7.0 and found["achieve"] is None


def test_fetch_cup_keeps_one_second(capsys: pytest.CaptureFixture[str]) -> None:
    example = Path(__file__).parent.parent / "examples" / "fetch_cup.contract"
    main([str(example), "--chain", "FetchCup", "--format", "json", "--no-cache"])
    (chain,) = json.loads(capsys.readouterr().out)["chains"]
    found = {each["id"]: each["margin"] for each in chain["obligations"]}
    assert found["FetchCup/within"] == 1.0
    assert found["FetchCup/3:Grasp/initial"] == 0.0


def test_the_tightened_goal_is_proved_again_and_no_certificate_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.contract"
    path.write_text(f"{WORLD}chain C {{ Go(); At() achieve x <= 2 and x >= 0 within 12 s }}")
    source = settled(str(path))
    (chain,) = chosen(source, ())
    measured = 0
    for each in owed(source.model, chain):
        question, verdict = each.question, settle(each)
        if not isinstance(question, Entailment) or not isinstance(verdict, Proved):
            continue
        found = with_margin(each, verdict)
        assert isinstance(found, Proved) and found.evidence == verdict.evidence
        if found.margin is None:
            continue
        measured += 1
        assert dimension(question, each.sorts) is not None
        harder = replace(each, question=tightened(question, found.margin))
        assert isinstance(settle(harder), Proved)
        # Beyond the margin of these boxes lies a state in which the goal fails.
        beyond = replace(each, question=tightened(question, found.margin + Fraction(1, 1000)))
        assert not isinstance(settle(beyond), Proved)
        assert any(True for goal in question.goals for _ in compared(goal.formula))
        for lie in (Clash(0, 1), Combination((), (), Fraction(1))):
            assert with_margin(each, Proved(lie)) == Proved(lie)
    assert measured == 1
