"""Sums of squares: polynomial facts of any degree that have a certificate, and what has none."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from verifier.check.codec import decode, encode
from verifier.check.judge import judge
from verifier.check.outcome import Accepted
from verifier.cli import main
from verifier.core.certificate import SumOfSquares
from verifier.core.obligation import Entailment, Fact, Obligation
from verifier.core.span import Span
from verifier.core.term import (
    And,
    Comparison,
    Formula,
    Product,
    Real,
    Sort,
    Sum,
    Term,
    Variable,
    number,
)
from verifier.core.unit import NONE
from verifier.core.verdict import Proved
from verifier.model.settle import settle
from verifier.obligations.owed import owed
from verifier.solve.canonical import from_canonical, to_canonical
from verifier.solve.discharge import discharge
from verifier.solve.refute import Closed, refute
from verifier.syntax.parse import parse

STEPS = 500_000
NOWHERE = Span("test", 1, 1, 1, 2)
WORLD = "state {\n x : real\n y : real\n z : real\n}\n"
# Facts without a certificate of degree two: what is assumed, and what follows.
FACTS = {
    "a quartic form": ("true", "x*x*x*x + y*y*y*y >= 2*x*x*y*y"),
    "Parrilo's example": ("true", "2*x*x*x*x + 2*x*x*x*y - x*x*y*y + 5*y*y*y*y >= 0"),
    "one variable": ("true", "x*x*x*x - 3*x*x + 3 > 0.7"),
    "a mean": ("true", "x*x*y*y + x*x + 1 >= 2*x*x*y"),
    "three variables": ("true", "x*x*x*x + y*y*y*y + z*z*z*z + 1 >= 4*x*y*z - 0.01"),
    "a cube": ("x >= 1", "x*x*x >= 1"),
    "a product of facts": ("x >= 1 and y >= 1 and z >= 1", "x*y*z >= 1"),
    "a cube, strictly": ("x > 1", "x*x*x > 1"),
    "on a disc": ("x*x + y*y <= 1", "x*x*y*y <= 0.26"),
    "on a curve": ("x*x*x == y and x >= 2", "y >= 8"),
    "on an interval": ("x >= 0 and x <= 1", "x*x*x <= x"),
}
FALSE = {
    "too much of one variable": ("true", "x*x*x*x - 3*x*x + 3 >= 0.76"),
    "too little of a disc": ("x*x + y*y <= 1", "x*x*y*y <= 0.24"),
    "an attained bound": ("x >= 1", "x*x*x > 1"),
    "Motzkin's polynomial, which is no sum of squares, less a bit": (
        "true",
        "x*x*x*x*y*y + x*x*y*y*y*y + 1 >= 3*x*x*y*y + 0.001",
    ),
}


def question(assumed: str, goal: str) -> Obligation:
    text = f"{WORLD}skill S {{ requires {goal} }}\nchain C {{ assume {assumed}  S() }}\n"
    model = settle([parse(text, "test")])
    return next(o for o in owed(model, model.chains["C"]) if o.rule == "precondition")


def refuted(obligation: Obligation) -> Closed | None:
    asked = obligation.question
    assert isinstance(asked, Entailment)
    signed: list[tuple[Formula, bool]] = [(each.formula, True) for each in asked.hypotheses]
    signed.append((And(tuple(each.formula for each in asked.goals)), False))
    found = refute(signed, obligation.sorts, STEPS, squares=True)
    return found if isinstance(found, Closed) else None


@pytest.mark.parametrize("name", FACTS)
def test_a_polynomial_fact_has_a_certificate(name: str) -> None:
    obligation = question(*FACTS[name])
    found = refuted(obligation)
    assert found is not None
    assert judge(obligation, found.refutation) == Accepted()
    assert isinstance(found.refutation, SumOfSquares)
    assert decode(encode(found.refutation)) == found.refutation
    there = to_canonical(found.refutation, (0, 5))
    assert from_canonical(there, (0, 5)) == found.refutation


@pytest.mark.parametrize("name", FALSE)
def test_what_is_false_has_none(name: str) -> None:
    assert refuted(question(*FALSE[name])) is None


def test_the_finder_comes_to_it_by_itself() -> None:
    verdict = discharge(question(*FACTS["a quartic form"]), 10)
    assert isinstance(verdict, Proved) and isinstance(verdict.evidence, SumOfSquares)


def test_random_sums_of_squares_are_found_again() -> None:
    """Enough squares of random quadratic forms in two variables for a Gram matrix of full rank."""
    rng = random.Random(5)
    x, y = Variable("x"), Variable("y")
    monomials: list[Term] = [x, y, Product((x, x)), Product((x, y)), Product((y, y))]
    sorts: dict[str, Sort] = {"x": Real(NONE), "y": Real(NONE)}
    for _ in range(6):
        squares: list[Term] = []
        for _ in range(rng.randint(5, 7)):
            form = Sum(tuple(Product((number(rng.randint(-3, 3)), m)) for m in monomials))
            squares.append(Product((form, form)))
        nonnegative = Comparison("<=", number(0), Sum(tuple(squares)))
        asked = Entailment((), (Fact(nonnegative, NOWHERE, "test"),))
        obligation = Obligation("t", "t", "T", 0, NOWHERE, asked, sorts, {})
        found = refuted(obligation)
        assert found is not None and judge(obligation, found.refutation) == Accepted()


CONTRACT = """
state { x, y, z : real }

skill Disc   { ensures x*x + y*y <= 1  modifies x, y }
skill Cubes  { ensures x >= 1 and y >= 1 and z >= 1 }
skill Any    { modifies x, y, z }
skill Lens   { requires x*x*y*y <= 0.26 }
skill Corner { requires x*y*z >= 1 }

chain OnADisc     { Disc(); Lens() }
"""
MORE = """
skill Motzkin { requires x^4*y^2 + x^2*y^4 + 1 >= 3*x^2*y^2 }
skill Unit   { ensures x >= 0 and x <= 1 and y >= 0 and y <= 1 }
skill Curve  { ensures x*x*x == y and x >= 2  modifies x, y }
skill Form   { requires 2*x^4 + 2*x^3*y - x^2*y^2 + 5*y^4 >= 0 }
skill Mean   { requires x^4 + y^4 + z^4 + 1 >= 4*x*y*z - 0.01 }
skill Under  { requires x^2*y <= x }
skill Times  { requires (x^2 + y^2 + 1)*(x^4*y^2 + x^2*y^4 + 1 - 3*x^2*y^2) >= 0 }
skill Eight  { requires y >= 8 }

chain OverACorner { Cubes(); Corner() }
chain Nonnegative { Any(); Motzkin() }
chain OfAForm     { Any(); Form() }
chain OfAMean     { Any(); Mean() }
chain InASquare   { Unit(); Under() }
chain OfAProduct  { Any(); Times() }
chain OnACurve    { Curve(); Eight() }
"""


@pytest.mark.parametrize(
    "text",
    [CONTRACT, pytest.param(CONTRACT + MORE, marks=pytest.mark.nightly)],
    ids=["some", "all"],
)
def test_the_command_line_proves_polynomial_facts_with_certificates(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "squares.contract"
    path.write_text(text)
    kept = str(tmp_path / "certificates")
    command = ["check", str(path), "--require-certificates", "--certificates", kept, "--no-cache"]
    assert main([*command, "--jobs", "1"]) == 0, capsys.readouterr().out
    assert main(["recheck", str(path), kept]) == 0
    told = capsys.readouterr().out
    assert "unknown" not in told and "0 rejected, 0 hole" in told
