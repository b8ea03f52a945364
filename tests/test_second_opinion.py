"""A second solver: it agrees, it is silent, or the run ends as a defect of ours that names both."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verifier.cli import main
from verifier.core.obligation import Entailment, Fact, Obligation
from verifier.core.span import Span
from verifier.core.term import (
    And,
    Apply,
    Boolean,
    Choice,
    Comparison,
    Enumeration,
    Formula,
    Iff,
    Implies,
    Not,
    Or,
    Product,
    Proposition,
    Quotient,
    Real,
    Sort,
    Sum,
    Term,
    Variable,
    number,
)
from verifier.core.unit import NONE
from verifier.core.verdict import Proved, Refuted, Unknown
from verifier.solve.cvc5 import Agrees, Differs, Silent, opinion, script
from verifier.solve.discharge import settle

SPAN = Span("test", 1, 1, 1, 2)
SORTS: dict[str, Sort] = {
    "x": Real(NONE),
    "y": Real(NONE),
    "p": Boolean(),
    "mode": Enumeration(("idle", "busy", "done")),
}
ROOTS = """\
state { x, y : real in -2 .. 2 }
skill Go { ensures x >= 0 modifies x duration 1 s .. 2 s }
chain C { assume y >= 1 Go() achieve sqrt(x) >= 0 }
chain D { assume y >= 1 Go() achieve x / y >= 0 }
"""


def a_term(rng: random.Random, depth: int) -> Term:
    if depth == 0:
        return rng.choice((Variable("x"), Variable("y"), number(rng.randint(-2, 2))))
    below = tuple(a_term(rng, depth - 1) for _ in range(2))
    return rng.choice(
        (
            Sum(below),
            Product((number(rng.randint(-2, 2)), below[0])),
            Quotient(below[0], number(3)),
            Apply(rng.choice(("min", "max")), below),
            Apply("abs", below[:1]),
        )
    )


def a_formula(rng: random.Random, depth: int) -> Formula:
    if depth == 0:
        compared = Comparison(rng.choice(("<=", "<", "==")), a_term(rng, 1), a_term(rng, 1))
        label = Choice("mode", 0, rng.choice(("idle", "busy", "done")))
        return rng.choice((compared, compared, Proposition("p"), label))
    one, other = a_formula(rng, depth - 1), a_formula(rng, depth - 1)
    return rng.choice(
        (And((one, other)), Or((one, other)), Not(one), Implies(one, other), Iff(one, other))
    )


@pytest.mark.parametrize("seed", range(60))
def test_the_second_solver_reads_questions_as_the_tableau_does(seed: int) -> None:
    rng = random.Random(seed)
    given = tuple(Fact(a_formula(rng, 1), SPAN, "test") for _ in range(3))
    goal = Fact(Or(tuple(a_formula(rng, 1) for _ in range(3))), SPAN, "test")
    asked = Obligation("t", "t", "T", 0, SPAN, Entailment(given, (goal,)), SORTS, {})
    said = opinion(asked, 10.0)
    match settle(asked):
        case Proved():
            assert said == Agrees(), script(asked)
        case Refuted():
            assert isinstance(said, Differs), script(asked)
        case verdict:
            raise AssertionError(verdict)


def test_an_undefined_goal_is_no_goal_that_holds() -> None:
    x, y = Variable("x"), Variable("y")
    for goal, defined in (
        (Comparison("<=", Quotient(x, y), Quotient(x, y)), Comparison("<", number(0), y)),
        (Comparison("<=", number(0), Apply("sqrt", (x,))), Comparison("<=", number(0), x)),
    ):
        facts = (Fact(goal, SPAN, "test"),)
        known = (Fact(defined, SPAN, "test"),)
        for given, wanted in (((), Differs), (known, Agrees)):
            question = Entailment(given, facts)
            said = opinion(Obligation("t", "t", "T", 0, SPAN, question, SORTS, {}), 10.0)
            assert isinstance(said, wanted)


def test_agreement_is_told_by_two_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.contract"
    path.write_text(ROOTS)
    assert main([str(path), "--second-opinion", "--format", "json"]) == 0
    chains = json.loads(capsys.readouterr().out)["chains"]
    for chain in chains:
        (word,) = [each for each in chain["obligations"] if each["evidence"] == "solver"]
        assert word["rule"] == "achieve" and word["solvers"] == ["z3", "cvc5"]
    assert main([str(path), "--second-opinion"]) == 0
    assert "(1 by two solvers' word alone)" in capsys.readouterr().out
    assert main([str(path)]) == 0
    assert "(1 by a solver's word alone)" in capsys.readouterr().out


def heard(answer: Any) -> Any:
    def opinions(obligations: list[Obligation], *_: object) -> Iterator[tuple[int, object]]:
        return ((place, answer) for place in range(len(obligations)))

    return opinions


def test_a_disagreement_is_a_defect_of_ours_and_names_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.contract"
    path.write_text(ROOTS)
    monkeypatch.setattr("verifier.judging.opinions", heard(Differs("x@0 = 1")))
    assert main([str(path), "--second-opinion"]) == 70
    told = capsys.readouterr().err
    assert "C/achieve" in told and "z3 says that it holds" in told and "cvc5 says" in told
    assert "x@0 = 1" in told


@pytest.mark.parametrize("answer", [Silent("cvc5: TIMEOUT"), Unknown("the process died")])
def test_silence_leaves_one_name(
    answer: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "a.contract"
    path.write_text(ROOTS)
    monkeypatch.setattr("verifier.judging.opinions", heard(answer))
    assert main([str(path), "--second-opinion", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["chains"][0]["obligations"]
    assert [each["solvers"] for each in found if "solvers" in each] == [["z3"]]


def test_without_cvc5_it_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.contract"
    path.write_text(ROOTS)
    monkeypatch.setattr("verifier.cli.check.find_spec", lambda _: None)
    assert main([str(path), "--second-opinion"]) == 2
    assert "verify-chain[opinion]" in capsys.readouterr().err
