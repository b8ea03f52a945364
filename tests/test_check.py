"""The judge accepts what is honest and refuses every way to lie that we could think of.

Each file of tests/forgeries is a small question, an honest certificate for it, a forgery, and one
sentence on why the forgery is a lie. `forged_question` is there if the lie is about another
question.
"""

from __future__ import annotations

import dataclasses
import json
import random
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from verifier.check.codec import decode, encode, formula_of, of_formula
from verifier.check.codec import statement_digest as digest
from verifier.check.judge import judge, judge_contradiction
from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.check.rational import rational_of
from verifier.core.certificate import (
    Clash,
    Combination,
    Meaning,
    NoLabel,
    Point,
    SplitOn,
    SplitOr,
    Square,
)
from verifier.core.obligation import Entailment, Existence, Fact, Obligation, Question, Realization
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
    Number,
    Or,
    Product,
    Proposition,
    Quotient,
    Real,
    Sort,
    Sum,
    Truth,
    Variable,
    number,
)
from verifier.core.unit import NONE

SPAN = Span("test", 1, 1, 1, 2)
FORGERIES = sorted((Path(__file__).parent / "forgeries").glob("*.json"))
ONE = Fraction(1)


def fact(formula: Formula) -> Fact:
    return Fact(formula, SPAN, "test")


def owed(question: Question, sorts: dict[str, Sort]) -> Obligation:
    return Obligation("test", "test", "Test", 0, SPAN, question, sorts, {})


def sort_of(data: Any) -> Sort:
    if isinstance(data, list):
        return Enumeration(tuple(data))
    return Boolean() if data == "boolean" else Real(NONE)


def obligation_of(data: dict[str, Any]) -> Obligation:
    def facts(name: str) -> tuple[Fact, ...]:
        return tuple(fact(formula_of(each)) for each in data[name])

    sorts = {name: sort_of(sort) for name, sort in data["sorts"].items()}
    if "chosen" in data:
        chosen = tuple(((n, v), (m, w)) for n, v, m, w in data["chosen"])
        return owed(Realization(facts("hypotheses"), facts("goals"), chosen), sorts)
    if "facts" in data:
        return owed(Existence(facts("facts")), sorts)
    return owed(Entailment(facts("hypotheses"), facts("goals")), sorts)


def verdict(obligation: Obligation, data: Any) -> Accepted | Rejected:
    try:
        certificate = decode(data)
    except Refused as refusal:
        return Rejected(str(refusal))
    return judge(obligation, certificate)


# ---- forgeries ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FORGERIES, ids=lambda path: path.stem)
def test_the_honest_certificate_is_accepted_and_the_forgery_is_not(path: Path) -> None:
    case = json.loads(path.read_text())
    assert case["name"] == path.stem and case["lie"].endswith(".")
    assert verdict(obligation_of(case["question"]), case["certificate"]) == Accepted()
    asked = obligation_of(case.get("forged_question", case["question"]))
    refused = verdict(asked, case["forgery"])
    assert isinstance(refused, Rejected) and refused.reason


LIES = {
    "clash": "of-equal-labels of-two-versions of-unrelated-facts of-weak-comparisons with-itself",
    "label": "left-out of-another-version that-is-not-denied",
    "negative": "multiplier constant multiplier-for-a-false-goal product square-weight",
    "square": "shifted",
    "dropped": "square",
    "squares": "another-form constant-out-of-nothing equation-from-an-inequality of-a-weak-fact "
    "one-left-out strict-times-a-form times-an-equation with-a-negative-weight",
    "product": "of-one-strict-fact taken-for-strict with-an-equation",
    "equation": "from-an-inequality with-another-factor times-another-version",
    "split": "into-nothing on-a-fact-without-cases",
    "missing": "case",
    "additional": "case",
    "cut": "on-another-formula with-the-branches-exchanged",
    "unknown": "variable-in-a-cut variable-in-a-square",
    "meaning": "of-a-sine of-another-argument unused",
    "point": "outside with-a-float with-two-values without-a-variable for-an-entailment",
    "choice": "beyond-its-bound given-twice left-out not-made of-what-stays",
}
KINDS = {
    "clash": ["clash"],
    "no label": ["label"],
    "sum": ["negative"],
    "square": ["square", "dropped", "unknown", "negative"],
    "sum of squares": ["squares"],
    "product": ["product"],
    "equation": ["equation"],
    "cases": ["split", "missing", "additional"],
    "excluded middle": ["cut", "unknown"],
    "meaning": ["meaning"],
    "point": ["point"],
    "choice": ["choice"],
}


def test_every_kind_of_certificate_has_forgeries() -> None:
    """Covers have theirs in test_claims.py, containments and motions in folders of their own."""
    known = {path.stem for path in FORGERIES}
    names = {head: [f"{head}-{rest}" for rest in LIES[head].split()] for head in LIES}
    assert {name for listed in names.values() for name in listed} <= known
    for kind, heads in KINDS.items():
        assert sum(len(names[head]) for head in heads) >= 3, kind
    assert len(FORGERIES) >= 60


def test_what_is_written_can_be_read_back() -> None:
    for path in FORGERIES:
        data = json.loads(path.read_text())["certificate"]
        assert encode(decode(data)) == data


X = Variable("x")
SORTS: dict[str, Sort] = {
    "x": Real(NONE),
    "p": Boolean(),
    "mode": Enumeration(("idle", "busy")),
}
FALSE_QUESTION = owed(
    Entailment(
        (
            fact(Comparison("<=", X, number(2))),
            fact(Or((Proposition("p"), Choice("mode", 0, "idle")))),
            fact(Comparison("==", Apply("abs", (X,)), number(1))),
        ),
        (fact(Comparison("<", X, number(1))), fact(Proposition("p"))),
    ),
    SORTS,
)


def random_value(rng: random.Random) -> Any:
    values = [None, True, -1, 0, 1, 3, 10**30, 0.5, "x", "", (), (1,), [], {}, Fraction(1, 3)]
    values += [Fraction(-1), Clash(0, 1), number(1), X, Proposition("p"), ("x", 0), object()]
    return rng.choice(values)


def mutated(rng: random.Random, value: Any) -> Any:
    """The value with one part, somewhere inside, replaced by something else."""
    if rng.random() < 0.15:
        return random_value(rng)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        if names:
            name = rng.choice(names)
            changed = {each: getattr(value, each) for each in names}
            changed[name] = mutated(rng, changed[name])
            return type(value)(**changed)
    if isinstance(value, tuple) and value:
        place = rng.randrange(len(value))
        return (*value[:place], mutated(rng, value[place]), *value[place + 1 :])
    if isinstance(value, Fraction):
        return value + rng.choice((-1, 1, Fraction(1, 2)))
    if isinstance(value, int) and not isinstance(value, bool):
        return value + rng.choice((-1, 1))
    return random_value(rng)


def test_no_mutation_proves_what_is_false_and_none_raises() -> None:
    rng = random.Random(5)
    honest = [decode(json.loads(path.read_text())["certificate"]) for path in FORGERIES]
    absolute = Meaning(Apply("abs", (X,)), SplitOr(4, (Clash(0, 1), Clash(1, 2))))
    for _ in range(6_000):
        certificate: Any = rng.choice([*honest, absolute])
        for _ in range(rng.randint(1, 4)):
            certificate = mutated(rng, certificate)
        assert isinstance(judge(FALSE_QUESTION, certificate), Rejected)
        facts = FALSE_QUESTION.question.hypotheses  # these have a model
        assert isinstance(judge_contradiction(facts, certificate, SORTS), Rejected)


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        "Clash(0, 1)",
        Clash(None, 1),  # type: ignore[arg-type]
        Clash(True, False),
        Clash(10**4000, 0),
        NoLabel("mode", 0, None),  # type: ignore[arg-type]
        NoLabel(None, None, ()),  # type: ignore[arg-type]
        Combination(((0, 0.5),), (), Fraction(0)),  # type: ignore[arg-type]
        Combination(((0, ONE, ONE),), (), Fraction(0)),  # type: ignore[arg-type]
        Combination(((0, Fraction(10**5000)),), (), Fraction(0)),
        Combination((), (None,), ONE),  # type: ignore[arg-type]
        Combination((), (Square(ONE, ONE, ((X, ONE),)),), ONE),  # type: ignore[arg-type]
        Combination((), (), True),
        SplitOr(1, None),  # type: ignore[arg-type]
        SplitOr(1, (None, None)),  # type: ignore[arg-type]
        SplitOn(None, Clash(0, 0), Clash(0, 0)),  # type: ignore[arg-type]
        SplitOn(X, Clash(0, 0), Clash(0, 0)),  # type: ignore[arg-type]
        SplitOn(Comparison(">", X, X), Clash(0, 0), Clash(0, 0)),
        SplitOn(Comparison("<=", "x", 1), Clash(0, 0), Clash(0, 0)),  # type: ignore[arg-type]
        SplitOn(And([Truth(True)]), Clash(0, 0), Clash(0, 0)),  # type: ignore[arg-type]
        SplitOn(Truth(1), Clash(0, 0), Clash(0, 0)),  # type: ignore[arg-type]
        SplitOn(Choice("mode", 0, ["idle"]), Clash(0, 0), Clash(0, 0)),  # type: ignore[arg-type]
        SplitOn(Comparison("<", Number(0.5), X), Clash(0, 0), Clash(0, 0)),  # type: ignore[arg-type]
        Meaning(X, Clash(0, 0)),  # type: ignore[arg-type]
        Meaning(Apply("abs", ()), Clash(0, 0)),
        Meaning(Apply("min", ()), Clash(0, 0)),
        Point((("x", ONE),)),  # type: ignore[arg-type]
        Point(None),  # type: ignore[arg-type]
    ],
)
def test_hostile_values_are_rejected(hostile: Any) -> None:
    assert isinstance(judge(FALSE_QUESTION, hostile), Rejected)
    existence = owed(Existence(FALSE_QUESTION.question.hypotheses), SORTS)
    assert isinstance(judge(existence, hostile), Rejected)


# ---- size --------------------------------------------------------------------------------------


def deep_formula(levels: int) -> Formula:
    formula: Formula = Proposition("p")
    for _ in range(levels):
        formula = Not(And((formula,)))
    return formula


def test_a_tree_of_ten_thousand_levels_is_judged_and_refused_without_recursion() -> None:
    tree: Any = Clash(0, 1)
    for _ in range(10_000):
        tree = SplitOn(Proposition("p"), Clash(0, 0), tree)
    assert isinstance(judge(FALSE_QUESTION, tree), Rejected)
    assert isinstance(verdict(FALSE_QUESTION, encode(tree)), Rejected)


def test_an_honest_tree_of_ten_thousand_levels_is_accepted() -> None:
    true = owed(Entailment((fact(Proposition("p")),), (fact(Proposition("p")),)), SORTS)
    tree: Any = Clash(0, 1)
    for level in range(10_000):
        tree = SplitOn(Comparison("<=", X, number(level)), tree, Clash(0, 1))
    assert judge(true, tree) == Accepted()
    again = encode(tree)
    assert encode(decode(again)) == again


def test_deep_and_large_formulas_are_refused_not_multiplied_out() -> None:
    start = time.monotonic()
    deep = SplitOn(deep_formula(10_000), Clash(0, 0), Clash(0, 0))
    assert isinstance(judge(FALSE_QUESTION, deep), Rejected)
    deep_question = owed(Entailment((), (fact(deep_formula(10_000)),)), SORTS)
    assert isinstance(judge(deep_question, Clash(0, 0)), Rejected)
    power = Product((Sum((X, Variable("y"), Variable("z"), number(1))),) * 40)
    large = owed(
        Entailment((), (fact(Comparison("<=", power, number(0))),)),
        {name: Real(NONE) for name in "xyz"},
    )
    assert isinstance(judge(large, Combination(((0, ONE),), (), ONE)), Rejected)
    nested: Any = ["proposition", "p", 0]
    for _ in range(900):
        nested = ["not", nested]
    assert isinstance(
        verdict(
            FALSE_QUESTION,
            {"kind": "refutation", "nodes": [{"kind": "split-on", "formula": nested}]},
        ),
        Rejected,
    )
    assert time.monotonic() - start < 5


def test_many_facets_are_judged_quickly() -> None:
    names = [f"v[{index}]" for index in range(10)]
    box = [Comparison("<=", Variable(name), number(1)) for name in names]
    rng = random.Random(6)
    goals, cases = [], []
    for _ in range(1_000):
        factors = [Fraction(rng.randint(1, 99), 100) for _ in names]
        scaled = [Product((Number(f), Variable(n))) for f, n in zip(factors, names, strict=True)]
        total = Sum(tuple(scaled))
        goals.append(Comparison("<=", total, Number(sum(factors, ONE))))
        used = [(index, factor) for index, factor in enumerate(factors)]
        cases.append(Combination((*used, (11, ONE)), (), ONE))
    question = Entailment(tuple(map(fact, box)), tuple(map(fact, goals)))
    start = time.monotonic()
    outcome = judge(owed(question, {name: Real(NONE) for name in names}), SplitOr(10, tuple(cases)))
    assert outcome == Accepted()
    assert time.monotonic() - start < 5


# ---- the meaning of questions ------------------------------------------------------------------


def test_a_goal_that_may_be_undefined_is_not_proved() -> None:
    inverse = Comparison("<=", Quotient(number(1), X), number(0))
    goal = Or((Proposition("p"), inverse))
    question = Entailment((fact(Proposition("p")),), (fact(goal),))
    # not p, 0 < 1/x: the first clashes, but at x = 0 the goal has no truth value at all
    refused = judge(owed(question, SORTS), Clash(0, 1))
    assert isinstance(refused, Rejected) and "divides" in refused.reason
    root = Comparison("<=", number(0), Apply("sqrt", (X,)))
    refused = judge(owed(Entailment((fact(root),), (fact(root),)), SORTS), Clash(0, 1))
    assert isinstance(refused, Rejected) and "sqrt" in refused.reason


def test_a_quotient_in_a_premise_stands_for_itself() -> None:
    inverse = Quotient(number(1), X)
    given = [Comparison("<=", inverse, X), Comparison("<=", X, number(1))]
    goal = Comparison("<=", X, number(2))
    question = Entailment(tuple(map(fact, given)), (fact(goal),))
    assert judge(owed(question, SORTS), Combination(((1, ONE), (2, ONE)), (), ONE)) == Accepted()


def test_every_connective_has_the_facts_that_the_format_says() -> None:
    p, q, r = (Proposition(name) for name in "pqr")
    sorts: dict[str, Sort] = {name: Boolean() for name in "pqr"}
    iff = Entailment((fact(Iff(p, q)), fact(p)), (fact(q),))
    # 0: not p or q, 1: not q or p, 2: p, 3: not q
    assert judge(owed(iff, sorts), SplitOr(0, (Clash(2, 4), Clash(3, 4)))) == Accepted()
    differ = Entailment((fact(Not(Iff(p, q))), fact(p)), (fact(Not(q)),))
    # 0: p or q, 1: not p or not q, 2: p, 3: q
    assert judge(owed(differ, sorts), SplitOr(1, (Clash(2, 4), Clash(3, 4)))) == Accepted()
    implied = Entailment((fact(Not(Implies(p, q))),), (fact(p), fact(Not(q))))
    # 0: p, 1: not q, 2: not p or q
    assert judge(owed(implied, sorts), SplitOr(2, (Clash(0, 3), Clash(1, 3)))) == Accepted()
    nothing = Entailment((fact(Or(())),), (fact(r),))
    assert judge(owed(nothing, sorts), Clash(0, 0)) == Accepted()
    single = Entailment((fact(Or((p,))), fact(And((q, r)))), (fact(And((p, q, r))),))
    # 0: p, 1: q, 2: r, 3: not p or not q or not r
    cases = (Clash(0, 4), Clash(1, 4), Clash(2, 4))
    assert judge(owed(single, sorts), SplitOr(3, cases)) == Accepted()
    either = Or((Comparison("<", X, number(0)), Comparison("<", number(0), X)))
    unequal = Entailment((fact(Not(Comparison("==", X, number(0)))),), (fact(either),))
    # 0: x < 0 or 0 < x, 1: 0 <= x, 2: x <= 0
    assert judge(owed(unequal, SORTS), SplitOr(0, (Clash(3, 1), Clash(3, 2)))) == Accepted()


def test_a_digest_tells_questions_apart() -> None:
    assert digest(FALSE_QUESTION) == digest(dataclasses.replace(FALSE_QUESTION, id="other"))
    other = dataclasses.replace(FALSE_QUESTION, question=Existence(()))
    assert digest(FALSE_QUESTION) != digest(other)
    assert len(digest(other)) == 64


@pytest.mark.parametrize("text", ["0", "1", "-1", "1/3", "-22/7", "1" * 3000])
def test_rationals_are_read_as_they_are_written(text: str) -> None:
    assert str(rational_of(text)) == text


def test_formulas_are_read_as_they_are_written() -> None:
    for each in FALSE_QUESTION.question.hypotheses:
        assert formula_of(of_formula(each.formula)) == each.formula
