"""What the judge makes of each kind of question: realizations, covers of entailments, points whose
values are not rational, and the limits that it keeps (found by tests/benchmarks/mutants.py)."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from typing import Any

import pytest
from test_judge_rules import (
    BUSY,
    IDLE,
    ONE,
    SORTS,
    SPAN,
    ZERO,
    P,
    Q,
    X,
    Y,
    combined,
    entails,
    exists,
    facts,
    less,
    most,
)

from verifier.check.boxed import broken
from verifier.check.codec import decode, encode, formula_of, statement_digest, term_of
from verifier.check.judge import judge, judge_contradiction, judge_counterexample
from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused, combine, polynomial
from verifier.core.certificate import (
    Chosen,
    Clash,
    Meaning,
    NoLabel,
    Point,
    SplitOn,
    SplitOr,
    SumOfSquares,
    Weighted,
)
from verifier.core.cover import Leaf
from verifier.core.motion import Family, Motion, Polytope, Problem, Space
from verifier.core.obligation import (
    Deferral,
    Entailment,
    Existence,
    Obligation,
    Passage,
    Realization,
)
from verifier.core.schedule import FixedPriority, Missed, ResponseTime, Task, Utilisation
from verifier.core.term import (
    FALSE,
    TRUE,
    And,
    Apply,
    Choice,
    Comparison,
    Formula,
    Iff,
    Not,
    Number,
    Or,
    Product,
    Proposition,
    Quotient,
    Sum,
    Term,
    Variable,
    number,
)

F = Fraction
SQUARE_X = Product((X, X))
NEW, OLD = Variable("x", 1), Variable("x", 0)
FREE = Proposition("p", 1)
MODE = (("mode", 1), ("mode", 0))


def answered(question: Any, certificate: Any) -> bool:
    return judge(Obligation("t", "t", "T", 0, SPAN, question, SORTS, {}), certificate) == Accepted()


def realized(
    given: tuple[Formula, ...],
    goals: tuple[Formula, ...],
    certificate: Any,
    chosen: Any = ((("x", 1), ("x", 0)),),
) -> bool:
    return answered(Realization(facts(*given), facts(*goals), chosen), certificate)


def x_is(value: Any, rest: Any) -> Chosen:
    return Chosen(((("x", 1), value),), rest)


# ---- realizations ------------------------------------------------------------------------------

BETWEEN = (most(OLD, NEW), most(NEW, Sum((OLD, number(1)))))
SINGLE = Clash(0, 0)


def test_a_choice_makes_the_goals_true() -> None:
    goal = most(OLD, NEW)  # with x + 1 in its place, denied: x + 1 < x
    proof = x_is(Sum((OLD, number(1))), combined((0, 1), constant=1))
    assert realized((), (goal,), proof)
    assert not realized((), (goal,), x_is(Sum((OLD, number(-1))), combined((0, 1), constant=1)))
    assert not realized((), (less(NEW, OLD),), proof)
    assert realized((most(OLD, ZERO),), (goal,), x_is(number(0), combined((0, 1), (1, 1))))
    assert not realized((most(ZERO, OLD),), (goal,), x_is(number(0), combined((0, 1), (1, 1))))
    assert realized((FALSE,), (goal,), Clash(0, 0)) and not realized((TRUE,), (goal,), Clash(0, 0))


def test_a_choice_is_of_what_is_to_be_chosen_once() -> None:
    goal, rest = most(OLD, NEW), combined((0, 1), constant=1)
    good = (("x", 1), Sum((OLD, number(1))))
    assert realized((), (goal,), Chosen((good,), rest))
    other = (("y", 1), number(0))
    for values in ((), (good, good), (good, other), (other,), [good], ((*good, 0),), (good[:1],)):
        assert not realized((), (goal,), Chosen(values, rest))  # type: ignore[arg-type]
    two = ((("x", 1), ("x", 0)), (("y", 1), ("y", 0)))
    assert realized((), (goal,), Chosen((good, other), rest), two)
    assert not realized((), (goal,), Chosen((good,), rest), two)
    assert not entails((), goal, Chosen((good,), rest)) and not exists((), Chosen((good,), rest))


@pytest.mark.parametrize(
    ("key", "goal", "value", "good"),
    [
        (("mode", 1), Choice("mode", 1, "idle"), "idle", True),
        (("mode", 1), Choice("mode", 1, "idle"), "busy", False),
        (("mode", 1), Choice("mode", 1, "lazy"), "lazy", False),
        (("mode", 1), Choice("mode", 1, "idle"), "lazy", False),
        (("mode", 1), Iff(Choice("mode", 1, "idle"), IDLE), ("mode", 0), True),
        (("mode", 1), Iff(Choice("mode", 1, "idle"), IDLE), ("other", 0), False),
        (("mode", 1), Iff(Choice("mode", 1, "idle"), IDLE), ("p", 0), False),
        (("mode", 1), Iff(Choice("mode", 1, "idle"), IDLE), ("nobody", 0), False),
        (("mode", 1), TRUE, IDLE, False),
        (("mode", 1), TRUE, number(1), False),
        (
            ("mode", 1),
            And((Not(Choice("mode", 1, "idle")), Not(Choice("mode", 1, "busy")))),
            "lazy",
            False,
        ),
        (("mode", 1), TRUE, ("other", 0), False),
        (("mode", 1), TRUE, "lazy", False),
        (("p", 1), Iff(FREE, Q), Q, True),
        (("p", 1), Iff(FREE, Q), P, False),
        (("p", 1), TRUE, X, False),
        (("p", 1), TRUE, "idle", False),
        (("p", 1), TRUE, Proposition("nobody"), False),
        (("p", 1), TRUE, most(Quotient(X, Y), ZERO), False),
        (("x", 1), Comparison("==", NEW, Y), Y, True),
        (("x", 1), TRUE, P, False),
        (("x", 1), TRUE, Quotient(X, Y), False),
        (("x", 1), TRUE, Variable("nobody"), False),
        (("x", 1), TRUE, ("x", 0), False),
        (("x", 1), TRUE, Fraction(1), False),
        (("nobody", 1), TRUE, number(1), False),
    ],
)
def test_a_value_is_of_its_sort_in_every_state(
    key: Any, goal: Formula, value: Any, good: bool
) -> None:
    from verifier.core.term import Enumeration, Sort

    sorts: dict[str, Sort] = {**SORTS, "other": Enumeration(("idle", "busy", "lost"))}
    question = Realization((), facts(goal), ((key, (key[0], 0)),))
    obligation = Obligation("t", "t", "T", 0, SPAN, question, sorts, {})
    proof: Any = Chosen(((key, value),), _closed(goal))
    assert (judge(obligation, proof) == Accepted()) == good


def _closed(goal: Formula) -> Any:
    """What refutes the goal denied, where the choice makes it one and the same on both sides."""
    match goal:
        case Iff():
            sides = (Clash(2, 3), Clash(2, 3))
            return SplitOr(0, (SplitOr(1, sides), SplitOr(1, sides)))
        case Comparison():
            return SplitOr(0, (combined((1, 1)), combined((1, 1))))
        case _:
            return Clash(0, 0)


def test_a_realization_is_looked_over() -> None:
    goal, proof = most(OLD, NEW), x_is(Sum((OLD, number(1))), combined((0, 1), constant=1))
    late = x_is(Sum((OLD, number(1))), combined((1, 1), constant=1))
    assert realized((most(Y, ZERO),), (goal,), late)
    assert realized((most(Quotient(Y, OLD), ZERO),), (goal,), late)
    assert not realized((most(Variable("nobody"), ZERO),), (goal,), late)
    assert not realized((most(NEW, ZERO),), (goal,), late)
    assert not realized((FALSE,), (most(Variable("nobody"), ZERO),), Clash(0, 0))
    assert not realized((FALSE,), (most(Quotient(OLD, Y), NEW),), Clash(0, 0))
    assert realized((), (goal,), proof)
    for odd in (Point(()), Leaf(ONE, ()), Utilisation(), Family((), ()), None):
        assert not realized((FALSE,), (goal,), odd) and not entails((FALSE,), P, odd)
    zero = x_is(number(0), Clash(0, 0))
    assert not realized((FALSE,), (most(Quotient(OLD, NEW), ZERO),), zero)


def test_goals_with_their_choices_have_a_greatest_depth() -> None:
    goal: Formula = FREE
    value: Formula = P
    for _ in range(160):
        goal = Not(Not(goal)) if goal is FREE else Not(goal)
        value = Not(value)
    chosen = ((("p", 1), ("p", 0)),)
    assert not realized((FALSE,), (goal,), Chosen(((("p", 1), value),), Clash(0, 0)), chosen)
    assert realized((FALSE,), (goal,), Chosen(((("p", 1), P),), Clash(0, 0)), chosen)


# ---- covers of entailments ---------------------------------------------------------------------

LOW, HIGH = most(number(-1), X), most(X, number(2))
PLAIN = Leaf(ONE, ())


def test_a_cover_shows_an_entailment_about_a_box() -> None:
    goal = most(X, number(3))
    assert entails((LOW, HIGH), goal, PLAIN)
    assert not entails((LOW, HIGH), most(X, number(1)), PLAIN)
    assert not entails((LOW,), goal, PLAIN) and not entails((HIGH,), goal, PLAIN)
    assert not entails((goal,), HIGH, PLAIN)
    assert not entails((LOW, HIGH), Comparison("==", X, X), PLAIN)
    assert not entails((LOW, HIGH, most(Variable("nobody"), X)), goal, PLAIN)
    assert entails((LOW, HIGH), less(X, number(3)), PLAIN)
    assert not entails((LOW, HIGH), less(X, number(2)), PLAIN)
    assert entails((LOW, HIGH), most(Quotient(X, number(3)), number(1)), PLAIN)
    quotient = Quotient(number(1), Sum((X, number(2))))
    assert entails((LOW, HIGH), most(quotient, number(1)), PLAIN)
    assert not entails((LOW, HIGH), most(Quotient(number(1), X), number(9)), PLAIN)
    assert not entails((), Q, PLAIN)


def values(**given: Any) -> dict[tuple[str, int], Any]:
    return {(name, 0): value for name, value in given.items()}


def test_values_break_a_claim_for_certain() -> None:
    def claim(goal: Formula, *given: Formula) -> Entailment:
        return Entailment(facts(LOW, HIGH, *given), facts(goal))

    small = claim(most(X, number(1)))
    assert broken(small, values(x=Fraction(2))) and not broken(small, values(x=ONE))
    assert not broken(small, values(x=Fraction(3))) and not broken(small, values())
    assert not broken(small, values(x="2")) and not broken(small, values(y=Fraction(2)))
    assert not broken(claim(most(X, number(1)), less(X, ZERO)), values(x=Fraction(2)))
    assert not broken(claim(most(X, number(1)), P), values(x=Fraction(2)))
    assert not broken(claim(P), values(x=Fraction(2)))
    root = claim(most(Apply("sqrt", (Sum((X, number(1))),)), number(1)))
    assert broken(root, values(x=ONE)) and not broken(root, values(x=ZERO.value))


# ---- points whose values are not rational ------------------------------------------------------

ROOT = Apply("sqrt", (X,))


def at(x: Any, **others: Any) -> Point:
    return Point(tuple((key, value) for key, value in values(x=Fraction(x), **others).items()))


def test_a_point_holds_for_certain_where_values_are_irrational() -> None:
    below, above = Fraction(14142, 10000), Fraction(14143, 10000)
    assert exists((most(ROOT, number(above)),), at(2))
    assert not exists((most(ROOT, number(below)),), at(2))
    assert exists((less(number(below), ROOT),), at(2))
    assert not exists((less(number(above), ROOT),), at(2))
    assert not exists((Comparison("==", ROOT, ROOT),), at(2))
    assert not exists((Comparison("==", ROOT, number(3)),), at(2))
    assert exists((most(ROOT, ROOT),), at(2)) and not exists((less(ROOT, ROOT),), at(2))
    assert not exists((Not(most(ROOT, number(below))),), at(2))
    assert not exists((And((most(ROOT, number(above)),)),), at(2))
    assert not exists((most(ROOT, Apply("sqrt", (Y,))),), at(2))
    assert exists((most(ROOT, Apply("sqrt", (Y,))),), at(2, y=Fraction(3)))
    assert not exists((most(ROOT, number(2)),), at(-1))
    assert not exists((most(ROOT, number(above)), most(X, number(1))), at(2))
    assert exists((most(ROOT, number(above)), P), at(2, p=True))


# ---- sums of squares ---------------------------------------------------------------------------

VX, ONE_TERM = ((("x", 0),), ONE), ((), ONE)


def squared(facts_: Any, weight: Any, *terms: Any) -> Weighted:
    return Weighted(facts_, weight if isinstance(weight, Fraction) else F(weight), terms)


def closes(
    given: tuple[Formula, ...], squares: Any, constant: Any = 0, equations: Any = ()
) -> bool:
    if isinstance(constant, int):
        constant = F(constant)
    return entails(given, FALSE, SumOfSquares(squares, equations, constant))


def test_a_square_is_never_negative() -> None:
    given = (less(SQUARE_X, ZERO),)  # 0 - x x > 0
    honest = (squared((0,), 1, ONE_TERM), squared((), 1, VX))
    assert closes(given, honest)
    assert closes(given, (squared((0,), 4, ONE_TERM), squared((), 1, ((("x", 0),), F(2)))))
    for squares in (
        honest[:1],
        honest[1:],
        (honest[0], squared((), 2, VX)),
        (honest[0], squared((), 1, VX, ONE_TERM)),
        (squared((0,), F(1, 2), ONE_TERM), honest[1]),
        [*honest],
        (honest[0], None),
        (squared([0], 1, ONE_TERM), honest[1]),
        (squared((1,), 1, ONE_TERM), honest[1]),
        (squared((-1,), 1, ONE_TERM), honest[1]),
        (squared((True - 1,), 1, ((("y", 0),), ONE)), honest[1]),
        (honest[0], Weighted((), F(1), [VX])),  # type: ignore[arg-type]
        (honest[0], squared((), 1, ([("x", 0)], ONE))),
        (honest[0], squared((), 1, ((("x", 0),), 1))),
        (honest[0], squared((), 1, ((("nobody", 0),), ONE))),
        (honest[0], squared((), 1, (*VX, 0))),
    ):
        assert not closes(given, squares)
    weak = (most(SQUARE_X, ZERO),)
    assert not closes(weak, honest)
    below = (most(SQUARE_X, number(-1)),)
    assert closes(below, honest, 1) and not closes(below, honest, 0)
    assert not closes(below, honest, 2) and not closes(below, honest, -1)
    turned = (most(ZERO, SQUARE_X),)  # x x - x x + 0 = 0 with a square that is taken away
    assert not closes(turned, (squared((0,), 1, ONE_TERM), squared((), -1, VX)), 0)
    assert not closes((less(ZERO, SQUARE_X),), (squared((0,), 1, ONE_TERM), squared((), -1, VX)))
    minus = (squared((0,), 1, ONE_TERM), squared((), -1, ((), ONE)))
    assert not closes((less(ZERO, number(1)),), minus)
    assert not closes((less(number(1), ZERO),), (squared((0,), -1, ONE_TERM),), -1)
    assert closes((less(number(1), ZERO),), (squared((0,), 1, ONE_TERM),), 1)
    assert closes((most(number(1), ZERO),), (squared((0,), 1, ONE_TERM),), 1)
    assert not closes((P,), (squared((0,), 0, ONE_TERM),), 0)
    half = (squared((0,), F(1, 2), ONE_TERM), squared((), F(1, 2), VX))
    assert closes(given, half)
    assert closes(given, (*honest, squared((), 0, VX)))


def test_what_is_positive_is_so_by_strict_facts_and_a_constant_form() -> None:
    """Sums that cancel, so that only the question whether anything is positive is left."""
    assert not closes((less(X, X),), (squared((0,), 0, ONE_TERM),))
    assert closes((less(X, X),), (squared((0,), 1, ONE_TERM),))
    assert not closes((less(X, X),), (squared((0,), 1, VX),))
    assert not closes((most(X, X),), (squared((0,), 1, ONE_TERM),))
    assert not closes((), (squared((), 0, ONE_TERM),))
    assert not closes((), (squared((), 0, ONE_TERM), squared((), 0, VX)))
    assert not closes((), ())
    assert not closes((), (squared((), 1, ((), F(0))),)) and not closes((), (squared((), 1),))
    assert not closes((), (squared((), 1, ONE_TERM),), -1)
    assert not closes((less(X, X),), (squared((0,), 1, ONE_TERM), squared((), 1, ONE_TERM)), -1)
    two = (less(X, X), most(Y, Y))
    assert not closes(two, (squared((0, 1), 1, ONE_TERM),))
    assert not closes(two, (squared((1, 0), 1, ONE_TERM),))
    assert closes(two, (squared((0, 0), 1, ONE_TERM),))
    assert closes(two, (squared((0,), 1, ONE_TERM), squared((1,), 1, ONE_TERM)))
    equal = (Comparison("==", X, X),)
    assert not closes(equal, (squared((0,), 1, ONE_TERM),), 0)
    assert not closes(
        (*equal, less(X, X)), (squared((0,), 1, ONE_TERM), squared((1,), 1, ONE_TERM))
    )
    empty = squared((0,), 1)
    assert not closes((less(X, X),), (empty,))


def test_equations_are_multiplied_by_any_polynomial() -> None:
    given = (Comparison("==", X, number(1)), less(SQUARE_X, X))  # x (1 - x) taken away
    honest = (squared((1,), 1, ONE_TERM),)
    minus = ((0, (((("x", 0),), F(-1)),)),)
    assert closes(given, honest, equations=minus)
    for equations in (
        *((), ((0, (VX,)),), ((1, minus[0][1]),), ((2, minus[0][1]),), ((0, ()),), [*minus]),
        *(
            ((0, minus[0][1], 0),),
            ((0, (((("x", 0),), -1.0),)),),
            (
                (
                    0,
                    ((("x", F(-1)),)),
                ),
            ),
        ),
    ):
        assert not closes(given, honest, equations=equations)
    for relation in ("<=", "<"):
        lie = (Comparison(relation, X, number(1)), less(SQUARE_X, X))
        assert not closes(lie, honest, equations=minus)


# ---- the normal form ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (number(0), (1, {})),
        (number("2/3"), (3, {(): 2})),
        (Sum((X, X)), (1, {(0,): 2})),
        (Sum(()), (1, {})),
        (Product(()), (1, {(): 1})),
        (Sum((Product((number("1/2"), X)), Product((number("1/2"), X)))), (1, {(0,): 1})),
        (Sum((Product((number("1/2"), X)), Product((number("1/3"), Y)))), (6, {(0,): 3, (1,): 2})),
        (Product((Product((number("1/2"), X)), Product((number(2), Y)))), (1, {(0, 1): 1})),
        (Product((number("1/6"), Product((number(4), Y)))), (3, {(0,): 2})),
        (Sum((X, Product((number(-1), X)))), (1, {})),
        (Product((Y, X, Y)), (1, {(0, 0, 1): 1})),
        (Product((Sum((X, Y)), Sum((X, Y)))), (1, {(0, 0): 1, (0, 1): 2, (1, 1): 1})),
        (Quotient(X, number(2)), (2, {(0,): 1})),
        (Quotient(Sum((X, X)), number("2/3")), (1, {(0,): 3})),
        (Quotient(X, Y), (1, {(1,): 1})),
        (Apply("abs", (X,)), (1, {(0,): 1})),
    ],
)
def test_a_polynomial_has_one_form(term: Term, expected: Any) -> None:
    assert polynomial(term, {}) == expected


def test_sums_that_are_read_in_one_pass_have_the_form_of_their_parts() -> None:
    chance = random.Random(8)
    for _ in range(300):
        parts: list[Term] = []
        for _ in range(chance.randint(0, 6)):
            value = number(f"{chance.randint(-6, 6)}/{chance.randint(1, 12)}")
            variable = Variable(chance.choice("abc"))
            parts.append(chance.choice((value, variable, Product((value, variable)))))
        atoms: dict[Term, int] = {}
        apart = combine([(Fraction(1), polynomial(part, atoms)) for part in parts])
        assert polynomial(Sum(tuple(parts)), dict(atoms)) == apart
        assert polynomial(Sum((Product((Sum(tuple(parts)),)),)), dict(atoms)) == apart


def test_a_division_by_zero_has_no_form() -> None:
    for below in (number(0), Sum((X, Product((number(-1), X))))):
        with pytest.raises(Refused):
            polynomial(Quotient(X, below), {})


def test_products_and_formulas_have_a_greatest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    two, three = Sum((X, Y)), Sum((X, Y, number(1)))
    monkeypatch.setattr("verifier.check.polynomial.MONOMIALS_MAX", 4)
    assert polynomial(Product((two, two)), {})
    with pytest.raises(Refused):
        polynomial(Product((two, three)), {})
    monkeypatch.setattr("verifier.check.survey.NODES_MAX", 4)
    assert entails((P, Not(P)), Q, Clash(0, 1))
    assert entails((P, Not(P), Or((P, Q, P))), Q, Clash(0, 1))
    assert not entails((P, Not(P), Or((P, Q, P, Q))), Q, Clash(0, 1))


def test_names_and_numbers_are_looked_at_before_they_are_used() -> None:
    given = (P, Not(P))
    odd: tuple[Any, ...] = (
        Proposition([]),  # type: ignore[arg-type]
        Choice({}, 0, "idle"),  # type: ignore[arg-type]
        *(most(X, Number(value)) for value in (1, 0.5, True, "1", None)),  # type: ignore[arg-type]
    )
    for formula in odd:
        assert not entails((*given, formula), Q, Clash(0, 1))
    assert entails(given, most(Apply("norm", (X, Y)), X), Clash(0, 1))


# ---- written down ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "certificate",
    [
        Leaf(ONE, ((0, Fraction(2)),), (ONE,)),
        Family((), ()),
        ResponseTime(3),
        Utilisation(),
        Point(((("x", 0), ONE), (("p", 0), True), (("mode", 0), "idle"))),
        Chosen(((("mode", 1), ("mode", 0)), (("mode", 2), "idle")), Clash(0, 1)),
        Chosen(((("x", 1), Sum((OLD, number(1)))), (("p", 1), Not(Q))), Clash(0, 1)),
        SumOfSquares((squared((0, 1), 2, VX, ONE_TERM),), ((3, (VX,)),), ONE),
        combined((0, 1), constant=1),
    ],
)
def test_every_certificate_is_read_as_it_was_written(certificate: Any) -> None:
    written = encode(certificate)
    assert decode(json.loads(json.dumps(written))) == certificate
    assert isinstance(written, dict) and isinstance(written["kind"], str)


ASKED: dict[str, Any] = {
    "entailment": Entailment(facts(P), facts(most(X, Y))),
    "existence": Existence(facts(P, IDLE)),
    "realization": Realization(facts(P), facts(most(OLD, NEW)), ((("x", 1), ("x", 0)),)),
    "deferral": Deferral(facts(P), "m", "stop"),
    "passage": Passage(
        Problem(Space(1, None, ()), (), Polytope(((ONE,),), (ONE,)), (ONE,), (ONE,), None),
        Motion(()),
        (("x", 0),),
        facts(P),
        facts(Q),
    ),
}
DIGESTS = {
    "entailment": "921f5b1f7bd4969eb13fcadbb96d71197f4aaf6a6e2c48bb7a765fd53a10c537",
    "existence": "ef670a4c3b3a8480a7b112465b446a2401fd9e29dcd6c91d50b5e608b91e38cf",
    "realization": "79ef1ef8f20c73461d8a4bb27e200f530a03f15c768b3d254e8e810a58ac5ef3",
    "deferral": "6170aa27ae355336c57b8195e0b6fd8e5e951a52b7dfde18d24e8df91642a417",
    "passage": "ad52e2e03a21a311645ab681fba9456f8204c1f67594d0be6abffab6c6a2b0f7",
}


@pytest.mark.parametrize("kind", ASKED)
def test_a_digest_is_the_same_in_every_version(kind: str) -> None:
    """The files of certificates that are there already name their questions by it."""
    obligation = Obligation("t", "t", "T", 0, SPAN, ASKED[kind], SORTS, {})
    assert statement_digest(obligation) == DIGESTS[kind]


@pytest.mark.parametrize(
    "odd",
    [
        *({"label": "a", "more": 1}, {"same": ["m", 0], "more": 1}, {"term": "1", "more": 1}),
        *({"formula": ["true"], "more": 1}, {}, None, {"same": ["m"]}, {"label": 1}),
    ],
)
def test_a_value_for_a_variable_is_written_in_one_way(odd: Any) -> None:
    for value, good in (({"label": "a"}, True), (odd, False)):
        nodes = [{"kind": "chosen", "values": [["x", 1, value]]}]
        nodes.append({"kind": "clash", "first": 0, "second": 0})  # type: ignore[dict-item]
        written = {"kind": "refutation", "nodes": nodes}
        if good:
            assert decode(written)
        else:
            with pytest.raises(Refused):
                decode(written)


def test_terms_and_formulas_are_read_to_the_greatest_depth() -> None:
    def deep(head: str, inner: Any, times: int) -> Any:
        for _ in range(times):
            inner = [head, inner]
        return inner

    assert term_of(deep("+", "1", 251)) and formula_of(deep("not", ["true"], 250))
    assert term_of(["apply", "abs", deep("*", "1", 250)])
    assert formula_of(["<=", deep("+", "1", 250), deep("*", "1", 250)])
    for odd in (
        deep("+", "1", 252),
        ["apply", "abs", deep("*", "1", 251)],
        ["apply"],
        [1, "1"],
        [],
    ):
        with pytest.raises(Refused):
            term_of(odd)
    for odd in (
        *(["<=", deep("+", "1", 251), "1"], ["<=", "1", deep("+", "1", 251)], [None], ["<="]),
        *(deep("not", ["true"], 251), deep("and", ["true"], 251), ["true", "1"]),
    ):
        with pytest.raises(Refused):
            formula_of(odd)


def test_kinds_have_these_names() -> None:
    assert encode(Family((), ())) == {"kind": "motion", "family": {"regions": [], "plans": []}}
    same = Chosen(((("mode", 1), ("mode", 0)),), Clash(0, 1))
    assert encode(same) == {
        "kind": "refutation",
        "nodes": [
            {"kind": "chosen", "values": [["mode", 1, {"same": ["mode", 0]}]]},
            {"kind": "clash", "first": 0, "second": 1},
        ],
    }


# ---- what else is asked ------------------------------------------------------------------------


def test_a_contradiction_takes_the_facts_as_they_are() -> None:
    def contradicts(certificate: Any, *given: Formula) -> bool:
        return judge_contradiction(facts(*given), certificate, SORTS) == Accepted()

    assert contradicts(Clash(0, 0), FALSE) and not contradicts(Clash(0, 0), TRUE)
    quotient = Quotient(X, Y)
    assert contradicts(Clash(0, 1), less(quotient, X), most(X, quotient))
    assert contradicts(Clash(0, 1), P, Not(P)) and not contradicts(Clash(0, 1), P, Q)


def test_what_may_be_undefined_may_be_split_on_and_known() -> None:
    given = (P, Not(P))
    leaf = Clash(0, 1)
    assert entails(given, Q, SplitOn(most(Quotient(X, Y), X), leaf, leaf))
    inner = Apply("abs", (Quotient(X, Y),))
    assert entails(given, Q, Meaning(inner, leaf))


def test_a_multiplier_may_be_zero() -> None:
    given = (less(X, ZERO), most(ZERO, X), less(Y, ZERO))
    assert entails(given, FALSE, combined((0, 1), (1, 1), (2, 0)))
    assert entails(given, FALSE, combined((0, 1), (1, 1), products=((0, 2, ONE * 0),)))
    small = (less(X, ZERO), less(ZERO, X))
    half = combined(constant=0)
    rows = tuple((index, Fraction(1, 2)) for index in (0, 1))
    assert entails(small, FALSE, replace(half, multipliers=rows))
    pairs = (less(ZERO, X), less(ZERO, Y), most(Product((X, Y)), ZERO))
    halves = ((0, 1, Fraction(1, 2)),)
    weighted = replace(combined(products=halves), multipliers=((2, Fraction(1, 2)),))
    assert entails(pairs, FALSE, weighted)


def test_only_denials_deny() -> None:
    given = (Not(IDLE), Not(BUSY), P)
    assert entails(given, Q, NoLabel("mode", 0, (0, 1)))
    assert not entails(given, Q, NoLabel("mode", 0, (0, 1, 2)))
    assert not entails(given, Q, NoLabel("mode", 0, (0, 1, 9)))


TASK = FixedPriority((Task("a", 2, 4, 3, SPAN),), ONE)


def test_each_question_has_its_own_judge() -> None:
    assert answered(TASK, ResponseTime(2)) and not answered(TASK, ResponseTime(1))
    assert not answered(TASK, Clash(0, 0))
    obligation = Obligation("t", "t", "T", 0, SPAN, TASK, SORTS, {})
    late = replace(TASK, tasks=(replace(TASK.tasks[0], execution=4),))
    refuted = replace(obligation, question=late)
    assert judge_counterexample(refuted, Missed((4,))) == Accepted()
    assert isinstance(judge_counterexample(obligation, Missed((2,))), Rejected)
    states = replace(obligation, question=Entailment((), facts(P)))
    assert isinstance(judge_counterexample(states, Missed((4,))), Rejected)
    later = replace(obligation, question=Deferral(facts(TRUE), "m", "stop"))
    for certificate in (Clash(0, 0), Point(()), ResponseTime(2), None):
        assert isinstance(judge(later, certificate), Rejected)  # type: ignore[arg-type]


def test_a_passage_is_proved_by_a_family() -> None:
    passage = Passage.__new__(Passage)
    for name in Passage.__slots__:
        object.__setattr__(passage, name, ())
    for certificate in (Clash(0, 0), Point(()), ResponseTime(2), None):
        assert not answered(passage, certificate)
    assert not answered(passage, Family((), ()))


# ---- limits ------------------------------------------------------------------------------------

LIMITS = {
    "barrier": {"UNITS": 2**32, "FINENESS_MAX": 64, "GATES_MAX": 20_000},
    "bernstein": {
        "COEFFICIENTS_MAX": 20_000,
        "GRID": 2**64,
        "FINE": 2**160,
        "TURNS_MAX": 10**6,
        "EXPONENT_MAX": 64,
        "TAIL": Fraction(1, 10**40),
    },
    "cells": {"AREAS_MAX": 20_000},
    "containment": {"BITS_MAX": 100_000},
    "cover": {"NODES_MAX": 500_000},
    "polynomial": {"MONOMIALS_MAX": 10_000, "DEPTH_MAX": 250},
    "rational": {"DIGITS_MAX": 4_000},
    "schedule": {"DEADLINES_MAX": 200_000},
    "survey": {"NODES_MAX": 1_000_000, "BITS_MAX": 13_000},
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_and_precisions_are_these(name: str) -> None:
    """What is beyond a limit is refused, so that a smaller one would refuse what is accepted now,
    and a larger one would let a hostile certificate keep the judge busy for longer."""
    module = import_module(f"verifier.check.{name}")
    assert {limit: getattr(module, limit) for limit in LIMITS[name]} == LIMITS[name]


def test_pi_is_between_its_digits_and_one_more() -> None:
    """Machin's formula, pi = 16 arctan 1/5 - 4 arctan 1/239, whose series alternate."""

    def arctan(x: Fraction, terms: int) -> Fraction:
        return sum(((-1) ** k * x ** (2 * k + 1) / (2 * k + 1) for k in range(terms)), Fraction(0))

    below = 16 * arctan(Fraction(1, 5), 40) - 4 * arctan(Fraction(1, 239), 41)
    above = 16 * arctan(Fraction(1, 5), 41) - 4 * arctan(Fraction(1, 239), 40)
    module = import_module("verifier.check.bernstein")
    assert module.PI < below < above < module.PI + module.TAIL


def test_terms_in_the_choice_are_terms() -> None:
    odd: Term = Apply("sqrt", (X,))
    assert not realized((), (most(OLD, NEW),), x_is(odd, combined((0, 1), constant=1)))
