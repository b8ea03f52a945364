"""Every rule of the judge alone: a certificate in which nothing else is wrong.

A forgery that breaks two rules tests neither. Here each lie would be accepted if its one rule were
missing (found by tests/benchmarks/mutants.py).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from verifier.check.codec import (
    decode,
    encode,
    formula_of,
    of_formula,
    of_term,
    statement_digest,
    term_of,
)
from verifier.check.facts import Disjunction, Literal, flatten, meaning
from verifier.check.judge import judge, judge_contradiction
from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.check.rational import rational_of
from verifier.core.certificate import (
    Certificate,
    Clash,
    Combination,
    Meaning,
    NoLabel,
    Point,
    SplitOn,
    SplitOr,
    Square,
)
from verifier.core.evaluate import Value, evaluate_term, holds
from verifier.core.obligation import Deferral, Entailment, Existence, Fact, Obligation
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
    Truth,
    Variable,
    number,
)
from verifier.core.unit import LENGTH, NONE

SPAN = Span("test", 1, 1, 1, 2)
SORTS: dict[str, Sort] = {
    "x": Real(NONE),
    "y": Real(NONE),
    "p": Boolean(),
    "q": Boolean(),
    "mode": Enumeration(("idle", "busy")),
}
X, Y, P, Q = Variable("x"), Variable("y"), Proposition("p"), Proposition("q")
IDLE, BUSY = Choice("mode", 0, "idle"), Choice("mode", 0, "busy")
ONE, ZERO = Fraction(1), number(0)
SQUARE = Product((X, X))


def facts(*formulas: Formula) -> tuple[Fact, ...]:
    return tuple(Fact(formula, SPAN, "test") for formula in formulas)


def entails(given: tuple[Formula, ...], goal: Formula, certificate: Any) -> bool:
    question = Entailment(facts(*given), facts(goal))
    return accepted(Obligation("t", "t", "T", 0, SPAN, question, SORTS, {}), certificate)


def exists(given: tuple[Formula, ...], certificate: Any) -> bool:
    question = Existence(facts(*given))
    return accepted(Obligation("t", "t", "T", 0, SPAN, question, SORTS, {}), certificate)


def accepted(obligation: Obligation, certificate: Certificate) -> bool:
    outcome = judge(obligation, certificate)
    assert isinstance(outcome, Accepted) or (isinstance(outcome, Rejected) and outcome.reason)
    return isinstance(outcome, Accepted)


def less(left: Term, right: Term) -> Comparison:
    return Comparison("<", left, right)


def most(left: Term, right: Term) -> Comparison:
    return Comparison("<=", left, right)


def combined(*multipliers: tuple[int, int], constant: int = 0, **others: Any) -> Combination:
    rows = tuple((index, Fraction(factor)) for index, factor in multipliers)
    return Combination(rows, others.pop("squares", ()), Fraction(constant), **others)


# ---- sums --------------------------------------------------------------------------------------


@pytest.mark.parametrize("relation", ["<=", "<"])
def test_an_inequality_is_never_turned_by_its_multiplier(relation: str) -> None:
    given = Comparison(relation, X, number(1))  # 1 - x; the goal denied: 0 - x > 0
    assert not entails((given,), most(ZERO, X), combined((0, -1), (1, 1), constant=1))


def test_an_equation_may_be_turned() -> None:
    given = Comparison("==", X, number(1))
    assert entails((given,), most(ZERO, X), combined((0, -1), (1, 1), constant=1))
    assert entails((given,), most(X, number(1)), combined((0, 1), (1, 1)))


def test_a_sum_that_may_be_zero_contradicts_nothing() -> None:
    given = (most(X, ZERO), most(ZERO, X))
    assert not entails(given, Truth(False), combined((0, 1), (1, 1)))
    strict = (less(X, ZERO), most(ZERO, X))
    assert entails(strict, Truth(False), combined((0, 1), (1, 1)))
    assert not entails(strict, Truth(False), combined((0, 0), (1, 0)))


def test_a_constant_is_not_negative() -> None:
    given = (less(X, number(1)), less(ZERO, X))  # (1 - x) + x - 1 = 0
    assert not entails(given, Truth(False), combined((0, 1), (1, 1), constant=-1))


def test_what_is_left_over_is_nothing() -> None:
    assert not entails((less(X, ZERO),), Truth(False), combined((0, 1)))
    assert not entails((less(X, ZERO),), Truth(False), combined((0, 1), constant=1))


@pytest.mark.parametrize("weight", [-1, Fraction(-1, 10**9)])
def test_a_square_has_no_negative_weight(weight: Fraction) -> None:
    lie = Square(Fraction(weight), Fraction(0), ((("x", 0), ONE),))
    scaled = ((0, -Fraction(weight)),)  # the goal denied: 0 < x * x
    assert not entails((), most(SQUARE, ZERO), Combination(scaled, (lie,), Fraction(0)))


def test_a_square_may_have_no_weight() -> None:
    nothing = Square(Fraction(0), ONE, ((("x", 0), ONE),))
    given = (less(X, ZERO), most(ZERO, X))
    honest = Combination(((0, ONE), (1, ONE)), (nothing,), Fraction(0))
    assert entails(given, Truth(False), honest)
    stranger = replace(nothing, coefficients=((("nobody", 0), ONE),))
    assert not entails(given, Truth(False), replace(honest, squares=(stranger,)))
    for key in (("p", 0), ("x", True), ("x", "0"), ("x",), "x"):
        odd: Any = replace(nothing, coefficients=((key, ONE),))
        assert not entails(given, Truth(False), replace(honest, squares=(odd,)))


def test_a_square_counts_with_all_its_terms() -> None:
    # (2 + 3 x)^2 = 4 + 12 x + 9 x x; the goal denied: 4 + 12 x + 9 x x < 0
    term = Sum((number(4), Product((number(12), X)), Product((number(9), SQUARE))))
    honest = Square(ONE, Fraction(2), ((("x", 0), Fraction(3)),))
    assert entails((), most(ZERO, term), Combination(((0, ONE),), (honest,), Fraction(0)))
    assert not entails((), less(ZERO, term), Combination(((0, ONE),), (honest,), Fraction(0)))


def test_a_product_is_of_inequalities_and_not_negative() -> None:
    given = most(ZERO, X)
    lie = combined((1, 1), products=((0, 0, Fraction(-1)),))
    assert not entails((given,), most(SQUARE, ZERO), lie)
    equal = (Comparison("==", X, ZERO), most(SQUARE, number(-1)))
    cancels = combined((1, 1), constant=1, products=((0, 0, ONE),))
    assert not entails(equal, Truth(False), cancels)
    mixed = (Comparison("==", X, ZERO), most(ZERO, X), most(number(1), SQUARE))
    for pair in ((0, 1), (1, 0)):
        turned = combined((2, 1), constant=1, products=((*pair, ONE),))
        assert not entails(mixed, Truth(False), turned)
    honest = (most(ZERO, X), most(SQUARE, number(-1)))
    assert entails(honest, Truth(False), cancels)


def test_two_strict_facts_have_a_positive_product() -> None:
    given = (less(ZERO, X), less(ZERO, Y), most(Product((X, Y)), ZERO))
    honest = combined((2, 1), products=((0, 1, ONE),))
    assert entails(given, Truth(False), honest)
    for place in (0, 1):
        weak = [*given]
        weak[place] = most(ZERO, (X, Y)[place])
        assert not entails(tuple(weak), Truth(False), honest)
    nothing = (less(ZERO, X), less(ZERO, Y))
    assert not entails(nothing, Truth(False), combined(products=((0, 1, Fraction(0)),)))


def test_only_an_equation_is_multiplied_by_a_variable() -> None:
    equal = (Comparison("==", X, number(1)), less(SQUARE, X))
    honest = combined((1, 1), equations=((0, ("x", 0), Fraction(-1)),))
    assert entails(equal, Truth(False), honest)
    for relation in ("<=", "<"):
        lie = (Comparison(relation, X, number(1)), less(SQUARE, X))
        assert not entails(lie, Truth(False), honest)
    stranger = combined((1, 1), equations=((0, ("nobody", 0), Fraction(0)),))
    assert not entails((equal[0], less(X, X)), Truth(False), stranger)


def test_only_comparisons_are_added_up() -> None:
    given = (less(X, ZERO), most(ZERO, X), P, Or((P, Q)))
    assert entails(given, Truth(False), combined((0, 1), (1, 1)))
    for index in (2, 3, 9, -1, True, "0", None):
        rows: Any = ((0, ONE), (1, ONE), (index, Fraction(0)))
        assert not entails(given, Truth(False), Combination(rows, (), Fraction(0)))


@pytest.mark.parametrize("value", [1, 1.0, "1", None, True, Fraction(2**14_000)])
def test_numbers_are_exact_and_of_reasonable_size(value: Any) -> None:
    given = (less(X, ZERO), most(ZERO, X))
    rows: Any = ((0, value), (1, ONE))
    assert not entails(given, Truth(False), Combination(rows, (), Fraction(0)))
    assert not entails(given, Truth(False), Combination(((0, ONE), (1, ONE)), (), value))


def test_a_number_of_thirteen_thousand_bits_is_reasonable() -> None:
    large = Fraction(2**12_999)
    given = (less(X, ZERO), most(ZERO, X))
    assert entails(given, Truth(False), Combination(((0, large), (1, large)), (), Fraction(0)))
    for beyond in (Fraction(2**13_000), Fraction(1, 2**13_000)):
        rows = ((0, beyond), (1, beyond))
        assert not entails(given, Truth(False), Combination(rows, (), Fraction(0)))


# ---- clashes and labels ------------------------------------------------------------------------


def test_what_clashes() -> None:
    def clash(one: Formula, other: Formula) -> bool:
        return entails((one, other), Truth(False), Clash(0, 1))

    assert clash(P, Not(P)) and clash(Not(P), P)
    assert not clash(P, P) and not clash(P, Q) and not clash(P, Not(Q))
    assert not clash(Not(P), Not(P)) and not clash(P, Proposition("p", 1))
    assert clash(IDLE, BUSY) and clash(IDLE, Not(IDLE)) and clash(Not(BUSY), BUSY)
    assert not clash(Not(IDLE), BUSY) and not clash(IDLE, Not(BUSY))
    assert not clash(Not(IDLE), Not(BUSY)) and not clash(IDLE, IDLE)
    assert not clash(IDLE, Choice("mode", 1, "busy"))
    assert clash(less(X, Y), most(Y, X)) and clash(most(Y, X), less(X, Y))
    assert not clash(less(X, Y), less(Y, X)) and not clash(most(X, Y), most(Y, X))
    assert not clash(less(X, Y), most(X, Y)) and not clash(less(X, Y), most(Y, number(1)))
    assert not clash(P, Or((Not(P), Q)))
    assert entails((Truth(False),), P, Clash(0, 0))
    assert not entails((Truth(True), P), Q, Clash(0, 0))
    assert not entails((Or((P, Q)),), P, Clash(0, 0))


def test_every_label_is_denied() -> None:
    denied = (Not(IDLE), Not(BUSY))
    assert entails(denied, P, NoLabel("mode", 0, (0, 1)))
    assert not entails(denied, P, NoLabel("mode", 0, (0,)))
    assert not entails(denied, P, NoLabel("mode", 1, (0, 1)))
    assert not entails((Not(IDLE), BUSY), P, NoLabel("mode", 0, (0, 1)))
    later = (Not(IDLE), Not(Choice("mode", 1, "busy")))
    assert not entails(later, P, NoLabel("mode", 0, (0, 1)))
    for odd in (NoLabel("p", 0, (0, 1)), NoLabel("nobody", 0, (0, 1))):
        assert not entails(denied, P, odd)
    listed: Any = NoLabel("mode", 0, [0, 1])  # type: ignore[arg-type]
    assert not entails(denied, P, listed)


# ---- cases -------------------------------------------------------------------------------------


def test_excluded_middle_needs_a_formula_of_the_question() -> None:
    given = (P, Not(P))
    leaf = Clash(0, 1)
    assert entails(given, Q, SplitOn(Q, leaf, leaf))
    assert not entails(given, Q, SplitOn(Proposition("nobody"), leaf, leaf))
    odd: tuple[Any, ...] = (number(1), X, None, "p", Apply("abs", (X,)))
    for stranger in odd:
        assert not entails(given, Q, SplitOn(stranger, leaf, leaf))


def test_each_case_adds_its_own_facts_only() -> None:
    # 0: p or q, 1: not p and not q as two facts, the goal denied behind them
    given = (Or((P, Q)), Not(P), Not(Q))
    assert entails(given, Truth(False), SplitOr(0, (Clash(1, 4), Clash(2, 4))))
    assert not entails(given, Truth(False), SplitOr(0, (Clash(1, 4), Clash(1, 4))))
    assert not entails(given, Truth(False), SplitOr(0, (Clash(1, 4),)))
    assert not entails(given, Truth(False), SplitOr(1, ()))
    split = SplitOn(X_IS_SMALL, Clash(1, 3), Clash(0, 3))
    assert entails((most(number(1), X), less(X, number(1))), Truth(False), Clash(0, 1))
    assert not entails((most(number(1), X), less(X, number(1))), Truth(False), split)
    turned = SplitOn(X_IS_SMALL, Clash(0, 3), Clash(1, 3))
    assert entails((most(number(1), X), less(X, number(1))), Truth(False), turned)


X_IS_SMALL = less(X, number(1))


def test_a_meaning_is_of_a_function_of_the_question() -> None:
    given = (P, Not(P))
    rest = Clash(0, 1)
    assert entails(given, Q, Meaning(Apply("abs", (X,)), rest))
    for odd in (Apply("abs", (Variable("nobody"),)), Apply("sin", (X,)), Apply("abs", (X, X))):
        assert not entails(given, Q, Meaning(odd, rest))
    for stranger in (X, P, None):
        hostile: Any = Meaning(stranger, rest)  # type: ignore[arg-type]
        assert not entails(given, Q, hostile)
    assert not entails(given, Q, Meaning(Apply("min", ()), rest))


# ---- what is asked -----------------------------------------------------------------------------


def test_a_question_is_about_its_own_variables() -> None:
    stranger = Proposition("nobody")
    assert entails((P, Not(P)), Q, Clash(0, 1))
    assert not entails((P, Not(P), stranger), Q, Clash(0, 1))
    assert not entails((P, Not(P)), stranger, Clash(0, 1))
    assert not entails((P, Not(P), Not(Choice("mode", 0, "lazy"))), Q, Clash(0, 1))
    assert not exists((Not(Choice("mode", 0, "lazy")),), Point(((("mode", 0), "idle"),)))


def test_a_goal_is_defined_everywhere() -> None:
    given = (P, Not(P))
    for partial in (Quotient(X, Y), Apply("sqrt", (X,)), Apply("tan", (X,))):
        assert not entails(given, most(partial, partial), Clash(0, 1))
        assert entails((*given, most(partial, partial)), Q, Clash(0, 1))
    for total in (Quotient(X, number(2)), Apply("sin", (X,)), Apply("max", (X, Y))):
        assert entails(given, most(total, total), Clash(0, 1))


def test_contradictions_are_judged_by_the_same_rules() -> None:
    assert judge_contradiction(facts(P, Not(P)), Clash(0, 1), SORTS) == Accepted()
    assert isinstance(judge_contradiction(facts(P, Q), Clash(0, 1), SORTS), Rejected)
    stranger = Proposition("nobody")
    lies = judge_contradiction(facts(stranger, Not(stranger)), Clash(0, 1), SORTS)
    assert isinstance(lies, Rejected)


class Everything:
    """Equal to whatever it is compared with."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@pytest.mark.parametrize("value", ["idle", 1, 0, None, Fraction(1), Everything(), ("idle",)])
def test_a_truth_in_a_point_is_a_truth(value: Any) -> None:
    assert not exists((Not(P),), Point(((("p", 0), value),)))
    assert exists((Not(P),), Point(((("p", 0), False),)))


@pytest.mark.parametrize("value", ["lazy", True, None, Fraction(1), Everything(), ("idle",)])
def test_a_label_in_a_point_is_a_label(value: Any) -> None:
    assert not exists((Not(BUSY),), Point(((("mode", 0), value),)))
    assert exists((Not(BUSY),), Point(((("mode", 0), "idle"),)))


@pytest.mark.parametrize("value", ["idle", True, None, 1, 1.0, Everything()])
def test_a_number_in_a_point_is_exact(value: Any) -> None:
    assert not exists((most(X, number(1)),), Point(((("x", 0), value),)))
    assert exists((most(X, number(1)),), Point(((("x", 0), ONE),)))


def test_a_point_makes_everything_true_once() -> None:
    given = (P, Not(Q))
    both = ((("p", 0), True), (("q", 0), False))
    assert exists(given, Point(both))
    assert not exists(given, Point((both[0], (("q", 0), True))))
    assert not exists(given, Point(both[:1])) and not exists(given, Point((*both, both[0])))
    assert not exists((most(Quotient(X, Y), X),), Point(((("x", 0), ONE), (("y", 0), ONE * 0))))
    assert not exists(given, Clash(0, 1)) and not entails(given, P, Point(both))


# ---- facts -------------------------------------------------------------------------------------

LEAVES: tuple[Formula, ...] = (
    Truth(True),
    Truth(False),
    P,
    Q,
    IDLE,
    BUSY,
    less(X, number(1)),
    most(X, Y),
    Comparison("==", X, Y),
)
STATES = [
    {("p", 0): p, ("q", 0): q, ("mode", 0): m, ("x", 0): Fraction(x), ("y", 0): Fraction(y)}
    for p, q, m, x, y in product((True, False), (True, False), ("idle", "busy"), (0, 1), (0, 1, 2))
]


def a_formula(rng: random.Random, depth: int) -> Formula:
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(LEAVES)
    below = [a_formula(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    match rng.randrange(5):
        case 0:
            return And(tuple(below))
        case 1:
            return Or(tuple(below))
        case 2:
            return Not(a_formula(rng, depth - 1))
        case 3:
            return Implies(a_formula(rng, depth - 1), a_formula(rng, depth - 1))
        case _:
            return Iff(a_formula(rng, depth - 1), a_formula(rng, depth - 1))


def true_there(fact: Literal | Disjunction, state: dict[tuple[str, int], Value]) -> bool:
    if isinstance(fact, Literal):
        return holds(fact.formula, state) == fact.holds
    return any(holds(formula, state) == sign for formula, sign in fact.parts)


@pytest.mark.parametrize("seed", range(200))
def test_the_facts_of_a_formula_are_true_where_it_is(seed: int) -> None:
    formula = a_formula(random.Random(seed), 3)
    for sign in (True, False):
        found = flatten(formula, sign)
        assert all(isinstance(f.formula, LITERALS) for f in found if isinstance(f, Literal))
        for state in STATES:
            expected = holds(formula, state) == sign
            assert all(true_there(fact, state) for fact in found) == expected


LITERALS = (Truth, Proposition, Choice, Comparison)


def test_a_disjunction_of_one_is_that_one_and_of_none_is_false() -> None:
    assert flatten(Or((P,)), True) == [Literal(P, True)] == flatten(And((P,)), True)
    assert flatten(And((P,)), False) == [Literal(P, False)] == flatten(Or((P,)), False)
    assert flatten(Or(()), True) == [Literal(Truth(False), True)] == flatten(And(()), False)
    assert flatten(And(()), True) == [] == flatten(Or(()), False)
    assert flatten(Or((P, Or((Q, P)))), True) == [Disjunction(((P, True), (Or((Q, P)), True)))]
    assert flatten(And((P, And((Q, IDLE)))), True) == [
        Literal(P, True),
        Literal(Q, True),
        Literal(IDLE, True),
    ]
    assert flatten(Truth(False), False) == [Literal(Truth(True), True)]


RESULT = Variable("result")


def said_of(term: Apply, formula: Formula) -> Formula:
    """The formula with a variable in the place of the term."""

    def turned(side: Term) -> Term:
        if side == term:
            return RESULT
        assert term not in (side.factors if isinstance(side, Product) else ())
        return side

    match formula:
        case Comparison(relation, left, right):
            return Comparison(relation, turned(left), turned(right))
        case And(parts):
            return And(tuple(said_of(term, part) for part in parts))
        case Or(parts):
            return Or(tuple(said_of(term, part) for part in parts))
        case _:
            raise AssertionError(formula)


@pytest.mark.parametrize(
    "term", [Apply("abs", (X,)), *(Apply(f, a) for f in ("min", "max") for a in ((X,), (X, Y)))]
)
def test_a_meaning_is_true_of_the_value_alone(term: Apply) -> None:
    stated = said_of(term, meaning(term))
    assert isinstance(stated, Or) and len(stated.parts) == (
        2 if term.function == "abs" else len(term.arguments)
    )
    for x, y, value in product(range(-2, 3), range(-2, 3), range(-3, 4)):
        at: dict[tuple[str, int], Value] = {
            ("x", 0): Fraction(x),
            ("y", 0): Fraction(y),
            ("result", 0): Fraction(value),
        }
        assert holds(stated, at) == (evaluate_term(term, at) == value)


def test_the_cases_of_an_absolute_value_exclude_each_other() -> None:
    formula = meaning(Apply("abs", (X,)))
    assert isinstance(formula, Or)
    at: dict[tuple[str, int], Value] = {("x", 0): Fraction(0)}
    assert [holds(part, at) for part in formula.parts] == [True, False]


def test_what_has_no_meaning_is_refused() -> None:
    for term in (Apply("abs", ()), Apply("sqrt", (X,)), Apply("max", ()), Apply("abs", (X, Y))):
        with pytest.raises(Refused):
            meaning(term)


# ---- looked over before anything recursive -----------------------------------------------------

SOUND = (P, Not(P))


def nested(depth: int) -> Formula:
    """A formula of so many levels."""
    formula: Formula = P
    for _ in range(depth - 1):
        formula = Not(formula)
    return formula


def test_nesting_has_a_limit_and_reaches_it() -> None:
    assert entails((*SOUND, nested(250)), Q, Clash(0, 1))
    assert not entails((*SOUND, nested(251)), Q, Clash(0, 1))
    term: Term = X
    for _ in range(248):
        term = Sum((term,))
    assert entails((*SOUND, most(term, X)), Q, Clash(0, 1))
    assert not entails((*SOUND, most(Sum((term,)), X)), Q, Clash(0, 1))


@pytest.mark.parametrize("function", ["abs", "min", "max", "sin", "cos", "exp"])
def test_these_functions_have_a_value_everywhere(function: str) -> None:
    assert entails(SOUND, most(Apply(function, (X,)), X), Clash(0, 1))


ODD: tuple[Any, ...] = (
    Truth(1),  # type: ignore[arg-type]
    Truth(None),  # type: ignore[arg-type]
    Proposition("p", True),
    Proposition("p", 0.0),  # type: ignore[arg-type]
    Proposition("x"),
    Proposition("mode"),
    Choice("p", 0, "idle"),
    Choice("mode", 0, "lazy"),
    Choice("mode", True, "idle"),
    Comparison(">=", X, Y),
    Comparison("=", X, Y),
    Comparison("<=", Variable("p"), X),
    Comparison("<=", Variable("x", False), X),
    Comparison("<=", number(1), 1),  # type: ignore[arg-type]
    Comparison("<=", P, X),  # type: ignore[arg-type]
    Comparison("<=", X, Q),  # type: ignore[arg-type]
    Not(X),  # type: ignore[arg-type]
    And([P]),  # type: ignore[arg-type]
    Or((P, None)),  # type: ignore[arg-type]
    Implies(P, X),  # type: ignore[arg-type]
    Iff(X, P),  # type: ignore[arg-type]
    most(Sum([X]), X),  # type: ignore[arg-type]
    most(Product((X, P)), X),  # type: ignore[arg-type]
    most(Quotient(X, P), X),  # type: ignore[arg-type]
    most(Apply(1, (X,)), X),  # type: ignore[arg-type]
    most(Apply("abs", [X]), X),  # type: ignore[arg-type]
    "p",
    None,
)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: str(odd)[:40])
def test_what_is_no_formula_of_the_question_is_refused_wherever_it_stands(odd: Any) -> None:
    assert not entails((*SOUND, odd), Q, Clash(0, 1))
    assert not entails(SOUND, odd, Clash(0, 1))
    assert not entails((*SOUND, And((P, odd))), Q, Clash(0, 1))
    assert not entails(SOUND, Q, SplitOn(odd, Clash(0, 1), Clash(0, 1)))
    assert isinstance(judge_contradiction(facts(*SOUND, odd), Clash(0, 1), SORTS), Rejected)


# ---- written and read --------------------------------------------------------------------------

TERMS: tuple[Term, ...] = (
    number(Fraction(-22, 7)),
    Variable("x", 3),
    Sum((X, Y, number(1))),
    Product((X, Y)),
    Quotient(X, Y),
    Apply("max", (X, Y)),
    Sum(()),
)
FORMULAS: tuple[Formula, ...] = (
    Truth(True),
    Truth(False),
    Proposition("p", 2),
    Choice("mode", 1, "busy"),
    *(Comparison(relation, X, Y) for relation in ("<=", "<", "==")),
    Not(P),
    And((P, Q)),
    Or((Q,)),
    Or(()),
    Implies(P, Q),
    Iff(P, Q),
)
TREES: tuple[Certificate, ...] = (
    Clash(1, 2),
    NoLabel("mode", 4, (5, 6)),
    combined((1, 2), (3, -4), constant=5, products=((1, 2, ONE),)),
    combined(equations=((3, ("x", 2), Fraction(-1, 3)),)),
    combined(squares=(Square(ONE, Fraction(1, 2), ((("x", 1), ONE), (("y", 0), -ONE))),)),
    SplitOr(1, (Clash(1, 2), Clash(3, 4), SplitOr(5, ()))),
    SplitOn(And((P, IDLE)), Clash(1, 2), Clash(3, 4)),
    Meaning(Apply("abs", (X,)), SplitOr(0, (Clash(1, 2), Clash(2, 1)))),
    Point(((("x", 0), Fraction(-1, 3)), (("p", 1), True), (("mode", 2), "idle"))),
    Point(()),
)


def test_what_is_written_is_what_is_read() -> None:
    for term in TERMS:
        assert term_of(json.loads(json.dumps(of_term(term)))) == term
    for formula in FORMULAS:
        assert formula_of(json.loads(json.dumps(of_formula(formula)))) == formula
    for tree in TREES:
        assert decode(json.loads(json.dumps(encode(tree)))) == tree


def parts(data: Any) -> Iterator[Any]:
    """The value with one part somewhere inside left out, doubled, or replaced."""
    odd: tuple[Any, ...] = (None, True, 1.5, 10**40, "", "?", [], {}, ["variable"], "1/0", "2/4")
    if isinstance(data, dict):
        for key in data:
            yield {other: value for other, value in data.items() if other != key}
            yield from ({**data, key: changed} for changed in parts(data[key]))
        yield {**data, "more": 1}
    elif isinstance(data, list):
        for place, value in enumerate(data):
            yield [*data[:place], *data[place + 1 :]]
            yield [*data[:place], value, *data[place:]]
            yield from ([*data[:place], new, *data[place + 1 :]] for new in parts(value))
    yield from (each for each in odd if type(each) is not type(data) or each != data)


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: type(tree).__name__)
def test_one_text_for_one_certificate(tree: Certificate) -> None:
    """What is read is written again as it was: nothing that is not canonical is read at all."""
    read = 0
    for data in parts(encode(tree)):
        try:
            found = decode(data)
        except Refused as refusal:
            assert str(refusal)
            continue
        read += 1
        assert encode(found) == data and _types(encode(found)) == _types(data)
    assert read < 60


def _types(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _types(value) for key, value in data.items()}
    return [_types(value) for value in data] if isinstance(data, list) else type(data)


@pytest.mark.parametrize("form", [*TERMS, *FORMULAS], ids=str)
def test_one_text_for_one_formula(form: Any) -> None:
    write, read = (of_term, term_of) if form in TERMS else (of_formula, formula_of)
    for data in parts(write(form)):
        try:
            found = read(data)
        except Refused as refusal:
            assert str(refusal)
            continue
        assert write(found) == data and _types(write(found)) == _types(data)


def test_numbers_have_a_greatest_length_and_one_form() -> None:
    assert rational_of("7" * 4_000) == int("7" * 4_000)
    assert rational_of(f"-1/{'7' * 4_000}") == Fraction(-1, int("7" * 4_000))
    for text in ("7" * 4_001, f"1/{'7' * 4_001}", "-0", "+1", "01", "1/-2", "0/1", "3/1", "1e3"):
        with pytest.raises(Refused):
            rational_of(text)


def test_depth_is_refused_before_it_hurts() -> None:
    inner: Any = ["proposition", "p", 0]
    for _ in range(249):
        inner = ["not", inner]
    assert isinstance(formula_of(inner), Not)
    for _ in range(3):
        inner = ["not", inner]
    with pytest.raises(Refused):
        formula_of(inner)


def test_a_digest_depends_on_every_part_of_the_question() -> None:
    def digest(question: Any, sorts: dict[str, Sort] = SORTS) -> str:
        return statement_digest(Obligation("t", "t", "T", 0, SPAN, question, sorts, {}))

    questions = [
        Entailment(facts(P), facts(Q)),
        Entailment(facts(Q), facts(P)),
        Entailment(facts(P, Q), ()),
        Existence(facts(P, Q)),
        Existence(facts(Q, P)),
        Deferral(facts(P, Q), "m", "stop"),
        Deferral(facts(P, Q), "m", "hold"),
        Deferral(facts(P, Q), "n", "stop"),
    ]
    assert len({digest(question) for question in questions}) == len(questions)
    others: list[dict[str, Sort]] = [
        {**SORTS, "mode": Enumeration(("busy", "idle"))},
        {**SORTS, "x": Real(LENGTH)},
        {**SORTS, "p": Real(NONE)},
        {name: sort for name, sort in SORTS.items() if name != "y"},
    ]
    assert len({digest(questions[0], each) for each in [SORTS, *others]}) == 5
    assert digest(questions[0]) == digest(questions[0], dict(reversed(SORTS.items())))
