"""What the finder answers is true: compared with enumeration and with closed forms, and judged.

Every certificate goes through the judge and every witness through exact evaluation, so that a wrong
answer of either kind fails here, whichever part produced it.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, combinations_with_replacement, pairwise, product
from pathlib import Path

import pytest

from verifier.check.judge import judge, judge_contradiction
from verifier.check.outcome import Accepted
from verifier.core.certificate import Point
from verifier.core.evaluate import Value, evaluate_term, holds
from verifier.core.obligation import Deferral, Entailment, Existence, Fact, Obligation, Question
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
    Key,
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
    add,
    multiply,
    number,
    subtract,
    variables,
)
from verifier.core.unit import NONE
from verifier.core.verdict import (
    Contradiction,
    Deferred,
    Proved,
    Refuted,
    SolverWord,
    Unknown,
    Verdict,
    Witness,
)
from verifier.solve.discharge import ask, discharge, settle
from verifier.solve.smt import NoAnswer, satisfy
from verifier.solve.workers import judge_all

SPAN = Span("test", 1, 1, 1, 2)
SORTS: dict[str, Sort] = {
    "p": Boolean(),
    "q": Boolean(),
    "mode": Enumeration(("idle", "busy", "done")),
}


def fact(formula: Formula) -> Fact:
    return Fact(formula, SPAN, "test")


def obligation(question: Question, formulas: Sequence[Formula]) -> Obligation:
    names = {name for formula in formulas for name, _ in variables(formula)}
    sorts = {name: SORTS.get(name, Real(NONE)) for name in sorted(names)}
    return Obligation("test", "test", "Test", 0, SPAN, question, sorts, {})


def entails(hypotheses: Sequence[Formula], *goals: Formula) -> Obligation:
    question = Entailment(tuple(map(fact, hypotheses)), tuple(map(fact, goals)))
    return obligation(question, [*hypotheses, *goals])


def exists(*facts: Formula) -> Obligation:
    return obligation(Existence(tuple(map(fact, facts))), facts)


def sound(owed: Obligation, verdict: Verdict | None) -> Verdict:
    """The verdict, after its evidence has been judged."""
    assert verdict is not None, owed
    question = owed.question
    match verdict:
        case Proved(SolverWord()):
            pass
        case Proved(certificate):
            assert judge(owed, certificate) == Accepted(), (owed, certificate)
        case Refuted(Witness(values, failed)):
            assert isinstance(question, Entailment)
            assert all(holds(h.formula, values) for h in question.hypotheses), (owed, values)
            assert failed in question.goals and not holds(failed.formula, values), (owed, values)
        case Refuted(Contradiction(facts, refutation)):
            assert isinstance(question, Existence)
            assert set(facts) <= set(question.facts)
            assert refutation is not None
            assert judge_contradiction(facts, refutation, owed.sorts) == Accepted()
    return verdict


def certified(owed: Obligation) -> bool:
    verdict = sound(owed, discharge(owed, 5))
    return isinstance(verdict, Proved) and not isinstance(verdict.evidence, SolverWord)


def refuted(owed: Obligation) -> bool:
    return isinstance(sound(owed, discharge(owed, 5)), Refuted)


# ---- booleans, enumerations and linear arithmetic against enumeration --------------------------


def random_term(rng: random.Random) -> Term:
    parts: list[Term] = [
        multiply(number(rng.randint(-3, 3)), Variable(name)) for name in ("x", "y")
    ]
    return add(*parts, number(Fraction(rng.randint(-6, 6), rng.choice((1, 2)))))


def random_atom(rng: random.Random) -> Formula:
    match rng.randrange(5):
        case 0:
            return Proposition(rng.choice("pq"))
        case 1:
            return Choice("mode", 0, rng.choice(("idle", "busy", "done")))
        case _:
            return Comparison(rng.choice(("<=", "<", "==")), random_term(rng), random_term(rng))


def random_formula(rng: random.Random, depth: int) -> Formula:
    if depth == 0:
        return random_atom(rng)

    def inner() -> Formula:
        return random_formula(rng, depth - rng.choice((1, 1, 2)) if depth > 1 else 0)

    match rng.randrange(6):
        case 0:
            return Not(inner())
        case 1:
            return And(tuple(inner() for _ in range(rng.randint(0, 3))))
        case 2:
            return Or(tuple(inner() for _ in range(rng.randint(0, 3))))
        case 3:
            return Implies(inner(), inner())
        case 4:
            return Iff(inner(), inner())
        case _:
            return random_atom(rng)


def comparisons(formula: Formula) -> Iterator[Comparison]:
    match formula:
        case Comparison():
            yield formula
        case Not(body):
            yield from comparisons(body)
        case And(parts) | Or(parts):
            for part in parts:
                yield from comparisons(part)
        case Implies(one, other) | Iff(one, other):
            yield from comparisons(one)
            yield from comparisons(other)


def line(comparison: Comparison) -> tuple[Fraction, Fraction, Fraction]:
    """a, b, c of the line a x + b y + c = 0 on which the comparison changes."""

    def at(x: int, y: int) -> Fraction:
        values: dict[Key, Value] = {("x", 0): Fraction(x), ("y", 0): Fraction(y)}
        term = subtract(comparison.right, comparison.left)
        return evaluate_term(term, values)

    c = at(0, 0)
    return at(1, 0) - c, at(0, 1) - c, c


def samples(critical: set[Fraction]) -> list[Fraction]:
    """Every critical value, one between each two, and one beyond each end."""
    values = sorted(critical) or [Fraction(0)]
    between = [(a + b) / 2 for a, b in pairwise(values)]
    return [*values, *between, values[0] - 1, values[-1] + 1]


def some_state(formula: Formula) -> bool:
    """Whether the formula can be true, by a cylindrical decomposition of the plane."""
    lines = list(dict.fromkeys(line(each) for each in comparisons(formula)))
    names = {name for name, _ in variables(formula)}
    truths = [(False, True) if name in names else (False,) for name in "pq"]
    labels = ("idle", "busy", "done") if "mode" in names else ("idle",)
    xs = {-c / a for a, b, c in lines if b == 0 and a != 0}
    for (a, b, c), (d, e, f) in combinations(lines, 2):
        if a * e != b * d:
            xs.add((b * f - c * e) / (a * e - b * d))
    for x in samples(xs):
        for y in samples({-(a * x + c) / b for a, b, c in lines if b != 0}):
            for p, q, mode in product(*truths, labels):
                state: dict[Key, Value] = {
                    ("p", 0): p,
                    ("q", 0): q,
                    ("mode", 0): mode,
                    ("x", 0): x,
                    ("y", 0): y,
                }
                if holds(formula, state):
                    return True
    return False


def small(rng: random.Random, count: int) -> list[Formula]:
    """So many random formulas, with few enough comparisons to enumerate."""
    while True:
        formulas = [random_formula(rng, 2) for _ in range(count)]
        if sum(1 for formula in formulas for _ in comparisons(formula)) <= 7:
            return formulas


@pytest.mark.parametrize("seed", range(12))
def test_linear_entailments_agree_with_enumeration(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(25):
        many = rng.randint(0, 3)
        formulas = small(rng, many + rng.randint(1, 2))
        hypotheses, goals = formulas[:many], formulas[many:]
        owed = entails(hypotheses, *goals)
        true = not some_state(And((*hypotheses, Not(And(tuple(goals))))))
        assert certified(owed) if true else refuted(owed), owed


@pytest.mark.parametrize("seed", range(6))
def test_existence_agrees_with_enumeration(seed: int) -> None:
    rng = random.Random(1000 + seed)
    for _ in range(25):
        facts = small(rng, rng.randint(1, 5))
        owed = exists(*facts)
        assert certified(owed) if some_state(And(tuple(facts))) else refuted(owed), owed


@pytest.mark.parametrize("seed", range(4))
def test_z3_and_the_tableau_agree(seed: int) -> None:
    rng = random.Random(2000 + seed)
    for _ in range(20):
        hypotheses = [random_formula(rng, 3) for _ in range(rng.randint(0, 3))]
        owed = entails(hypotheses, random_formula(rng, 2))
        alone, with_z3 = sound(owed, settle(owed)), sound(owed, ask(owed, 5))
        assert type(alone) is type(with_z3), owed


@pytest.mark.parametrize("seed", range(2))
def test_z3_and_the_tableau_agree_on_existence(seed: int) -> None:
    rng = random.Random(3000 + seed)
    for _ in range(20):
        owed = exists(*(random_formula(rng, 3) for _ in range(rng.randint(1, 4))))
        alone, with_z3 = sound(owed, settle(owed)), sound(owed, ask(owed, 5))
        assert type(alone) is type(with_z3), owed


def random_quadratic(rng: random.Random, lowest: int) -> Formula:
    names = [Variable(name) for name in "xyz"]
    terms = [
        Product((number(rng.randint(-3, 3)), one, other))
        for one, other in combinations_with_replacement(names, 2)
        if rng.random() < 0.5
    ]
    terms += [Product((number(rng.randint(-3, 3)), name)) for name in names if rng.random() < 0.5]
    return Comparison(
        rng.choice(("<=", "<")), Sum(tuple(terms)), number(lowest + rng.randint(0, 13))
    )


def test_z3_and_the_tableau_never_contradict_each_other_in_degree_two() -> None:
    rng = random.Random(7)
    certificates = 0
    for _ in range(60):
        given = [in_box([Variable(name) for name in "xyz"], [-2] * 3, [rng.randint(1, 3)] * 3)]
        given += [random_quadratic(rng, -4) for _ in range(rng.randint(0, 2))]
        owed = entails(given, random_quadratic(rng, 2))
        alone = settle(owed)
        if alone is None:
            continue
        kinds = {type(sound(owed, alone)), type(sound(owed, ask(owed, 2)))} - {Unknown}
        assert len(kinds) == 1, owed
        certificates += isinstance(alone, Proved)
    assert certificates > 10


def test_a_contradiction_names_only_what_is_needed() -> None:
    x = Variable("x")
    above, below = Comparison("<=", number(2), x), Comparison("<", x, number(1))
    owed = exists(Proposition("p"), above, Or((Proposition("p"), Proposition("q"))), below)
    verdict = sound(owed, discharge(owed, 5))
    assert isinstance(verdict, Refuted) and isinstance(verdict.evidence, Contradiction)
    assert [each.formula for each in verdict.evidence.facts] == [above, below]


# ---- balls, boxes, polytopes -------------------------------------------------------------------


def point(name: str) -> list[Term]:
    return [Variable(f"{name}.{axis}") for axis in "xyz"]


def numbers(values: Sequence[Fraction | int]) -> list[Term]:
    return [number(value) for value in values]


def squared(term: Term) -> Term:
    return Product((term, term))


def in_ball(p: Sequence[Term], c: Sequence[Term], radius: Fraction | int) -> Formula:
    distance = Sum(tuple(squared(subtract(a, b)) for a, b in zip(p, c, strict=True)))
    return Comparison("<=", distance, number(Fraction(radius) ** 2))


def in_box(
    p: Sequence[Term], low: Sequence[Fraction | int], high: Sequence[Fraction | int]
) -> Formula:
    sides = []
    for coordinate, least, most in zip(p, low, high, strict=True):
        sides.append(Comparison("<=", number(least), coordinate))
        sides.append(Comparison("<=", coordinate, number(most)))
    return And(tuple(sides))


def in_halfspace(p: Sequence[Term], normal: Sequence[int], offset: Fraction | int) -> Formula:
    scaled = [multiply(number(a), x) for a, x in zip(normal, p, strict=True)]
    return Comparison("<=", add(*scaled), number(offset))


def some_fraction(rng: random.Random, low: int, high: int) -> Fraction:
    return Fraction(rng.randint(low * 10, high * 10), 10)


EE, CUP, HAND = point("ee"), point("cup"), point("hand")


def test_a_ball_lies_in_a_ball_exactly_if_the_distance_allows_it() -> None:
    rng = random.Random(1)
    seen = set()
    for _ in range(60):
        centre = [some_fraction(rng, -2, 2) for _ in range(3)]
        inner, outer = some_fraction(rng, 1, 3), some_fraction(rng, 2, 6)
        reach = sum(c * c for c in centre)
        true = outer >= inner and reach <= (outer - inner) ** 2
        owed = entails(
            [in_ball(EE, numbers(centre), inner)], in_ball(EE, numbers([0, 0, 0]), outer)
        )
        assert certified(owed) if true else refuted(owed), owed
        seen.add(true)
    assert seen == {True, False}


def test_balls_touch_from_inside() -> None:
    centre = numbers([1, 2, 2])  # at distance 3
    assert certified(entails([in_ball(EE, centre, 2)], in_ball(EE, numbers([0, 0, 0]), 5)))
    too_small = in_ball(EE, numbers([0, 0, 0]), Fraction(4999, 1000))
    assert refuted(entails([in_ball(EE, centre, 2)], too_small))


def test_radii_add_up_along_a_chain_of_symbolic_centres() -> None:
    given = [in_ball(EE, CUP, 2), in_ball(CUP, HAND, 3)]
    assert certified(entails(given, in_ball(EE, HAND, 5)))
    assert certified(entails(given, in_ball(EE, HAND, 7)))
    assert refuted(entails(given, in_ball(EE, HAND, Fraction(49, 10))))
    assert certified(entails([in_ball(EE, CUP, 2)], in_ball(CUP, EE, 2)))


def test_a_ball_lies_in_a_halfspace_exactly_if_its_support_does() -> None:
    rng = random.Random(2)
    for _ in range(60):
        centre = [some_fraction(rng, -2, 2) for _ in range(3)]
        normal = [rng.randint(-2, 2) for _ in range(3)]
        radius, offset = some_fraction(rng, 1, 3), some_fraction(rng, -3, 9)
        room = offset - sum(a * c for a, c in zip(normal, centre, strict=True))
        true = room >= 0 and room**2 >= radius**2 * sum(a * a for a in normal)
        owed = entails([in_ball(EE, numbers(centre), radius)], in_halfspace(EE, normal, offset))
        assert certified(owed) if true else refuted(owed), owed


def test_a_ball_touches_a_halfspace() -> None:
    ball = in_ball(EE, numbers([1, 1, 1]), 3)
    assert certified(entails([ball], in_halfspace(EE, [1, 2, 2], 14)))
    assert refuted(entails([ball], in_halfspace(EE, [1, 2, 2], Fraction(1399, 100))))


def test_a_ball_around_a_point_of_a_box_lies_in_the_wider_box() -> None:
    given = [in_box(CUP, [0, 0, 0], [1, 1, 1]), in_ball(EE, CUP, Fraction(1, 10))]
    wide = in_box(EE, [Fraction(-1, 10)] * 3, [Fraction(11, 10)] * 3)
    assert certified(entails(given, wide))
    assert refuted(entails(given, in_box(EE, [0] * 3, [Fraction(11, 10)] * 3)))


def test_a_polytope_lies_in_a_halfspace_exactly_if_its_vertices_do() -> None:
    rng = random.Random(3)
    for _ in range(60):
        size = rng.randint(1, 4)
        simplex = [Comparison("<=", number(0), x) for x in EE]
        simplex.append(Comparison("<=", Sum(tuple(EE)), number(size)))
        normal, offset = [rng.randint(-3, 3) for _ in range(3)], rng.randint(-4, 12)
        true = all(size * a <= offset for a in (0, *normal))
        owed = entails(simplex, in_halfspace(EE, normal, offset))
        assert certified(owed) if true else refuted(owed), owed


def test_a_box_lies_in_a_ball_exactly_if_its_farthest_vertex_does() -> None:
    rng = random.Random(4)
    for _ in range(25):
        low = [some_fraction(rng, -2, 0) for _ in range(3)]
        high = [a + some_fraction(rng, 0, 2) for a in low]
        radius = some_fraction(rng, 1, 4)
        farthest = sum(max(a * a, b * b) for a, b in zip(low, high, strict=True))
        owed = entails([in_box(EE, low, high)], in_ball(EE, numbers([0, 0, 0]), radius))
        assert certified(owed) if farthest <= radius**2 else refuted(owed), owed


def test_an_ellipsoid_lies_in_a_halfspace_and_in_a_ball() -> None:
    x, y, _ = EE
    cross = Product((x, y))
    ellipsoid = Comparison(
        "<=", Sum((squared(x), multiply(number(4), squared(y)), cross)), number(1)
    )
    assert certified(entails([ellipsoid], Comparison("<=", x, number(Fraction(11, 10)))))
    assert refuted(entails([ellipsoid], Comparison("<=", x, number(1))))
    circle = Sum((squared(x), squared(y)))
    assert certified(entails([ellipsoid], Comparison("<=", circle, number(Fraction(11, 10)))))
    assert refuted(entails([ellipsoid], Comparison("<=", circle, number(1))))


def test_a_ball_around_a_point_of_a_box_lies_in_a_wider_ball() -> None:
    given = [in_ball(EE, CUP, Fraction(1, 10)), in_box(CUP, [-1] * 3, [1] * 3)]
    # the farthest point is at sqrt(3) + 1/10, about 1.832
    origin = numbers([0, 0, 0])
    assert certified(entails(given, in_ball(EE, origin, Fraction(19, 10))))
    assert refuted(entails(given, in_ball(EE, origin, Fraction(17, 10))))


def test_two_balls_meet_in_a_smaller_one() -> None:
    lens = [in_ball(EE, numbers([1, 0, 0]), 2), in_ball(EE, numbers([-1, 0, 0]), 2)]
    origin = numbers([0, 0, 0])
    assert certified(entails(lens, in_ball(EE, origin, Fraction(1733, 1000))))  # sqrt(3) is less
    assert refuted(entails(lens, in_ball(EE, origin, Fraction(17, 10))))


def test_far_from_one_ball_is_far_from_a_neighbour() -> None:
    given = [in_ball(EE, CUP, 2), Not(in_ball(CUP, HAND, 5))]
    assert certified(entails(given, Not(in_ball(EE, HAND, 3))))
    assert refuted(entails(given, Not(in_ball(EE, HAND, 4))))


def test_a_polytope_lies_in_the_ball_through_its_vertices() -> None:
    signs = product((1, -1), repeat=3)
    octahedron = [in_halfspace(EE, sign, 1) for sign in signs]
    assert certified(entails(octahedron, in_ball(EE, numbers([0, 0, 0]), 1)))
    assert refuted(entails(octahedron, in_ball(EE, numbers([0, 0, 0]), Fraction(99, 100))))


def test_a_ball_around_a_known_point() -> None:
    given = [in_ball(EE, CUP, 1), *(Comparison("==", c, number(1)) for c in CUP)]
    assert certified(entails(given, in_ball(EE, numbers([1, 1, 1]), 1)))
    assert certified(entails(given, in_box(EE, [0, 0, 0], [2, 2, 2])))
    assert refuted(entails(given, in_box(EE, [0, 0, 0], [2, 2, Fraction(19, 10)])))


# ---- functions, quotients, and what cannot be known --------------------------------------------


def test_absolute_value_minimum_and_maximum_are_exact() -> None:
    x, y = Variable("x"), Variable("y")
    small = Comparison("<=", Apply("abs", (x,)), number(1))
    assert certified(entails([small], in_box([x], [-1], [1])))
    assert refuted(entails([small], Comparison("<=", x, number(Fraction(1, 2)))))
    largest = Comparison("<=", Apply("max", (x, y)), number(1))
    assert certified(entails([largest], Comparison("<=", add(x, y), number(2))))
    least = Comparison("<=", number(1), Apply("min", (x, y)))
    assert certified(entails([least], Comparison("<=", number(2), add(x, y))))
    assert refuted(entails([largest], Comparison("<=", number(-100), add(x, y))))


def test_nothing_is_proved_about_a_quotient_that_may_be_undefined() -> None:
    x = Variable("x")
    inverse = Quotient(number(1), x)
    goal = Comparison("<=", number(0), inverse)
    verdict = discharge(entails([Comparison("<=", number(0), x)], goal), 5)
    assert isinstance(verdict, Unknown) and "undefined" in verdict.reason
    positive = discharge(entails([Comparison("<", number(0), x)], goal), 5)
    assert isinstance(positive, Proved) and isinstance(positive.evidence, SolverWord)
    # z3's division by zero is total, and would make this one true.
    tautology = Or((goal, Comparison("<", inverse, number(0))))
    assert isinstance(discharge(entails([], tautology), 5), Unknown)


def test_a_division_by_a_number_is_exact() -> None:
    half = Quotient(Variable("x"), number(2))
    assert (
        certified(entails([Comparison("<=", half, number(1))], in_box([half], [-9], [1]))) is False
    )
    assert certified(
        entails([Comparison("<=", half, number(1))], Comparison("<=", Variable("x"), number(2)))
    )


def test_a_transcendental_witness_is_not_invented() -> None:
    sine = Apply("sin", (Variable("x"),))
    verdict = discharge(entails([], Comparison("<=", sine, number(Fraction(1, 2)))), 5)
    assert isinstance(verdict, Unknown)
    assert certified(
        entails([Comparison("<=", sine, number(1))], Comparison("<=", sine, number(2)))
    )


def test_an_irrational_state_is_not_rounded_into_a_witness() -> None:
    root_of_two = Comparison("==", squared(Variable("x")), number(2))
    verdict = discharge(exists(root_of_two), 5)
    assert isinstance(verdict, Unknown) and "irrational" in verdict.reason


def test_deep_nesting_and_long_numbers_are_no_trouble() -> None:
    formula: Formula = Proposition("p")
    for level in range(70):
        formula = Not(Or((formula, And((Proposition("q"), Not(Proposition("q")))))))
        formula = formula if level % 2 else Implies(Proposition("q"), formula)
    owed = entails([formula], formula)
    assert isinstance(sound(owed, discharge(owed, 5)), Proved)
    assert isinstance(sound(owed, dict(judge_all([owed], 5, 1, silent))[0]), Proved)
    term: Term = Variable("x")
    for _ in range(100):
        term = Apply("abs", (add(term, number(1)),))
    assert not isinstance(discharge(entails([], Comparison("<=", term, number(3))), 5), Proved)
    long = number(10**5000)
    given = Comparison("<=", Product((long, Variable("x"))), number(1))
    owed = entails([given], Comparison("<=", Variable("x"), number(1)))
    assert not isinstance(sound(owed, settle(owed) or Unknown("")), Refuted)


# ---- witnesses ---------------------------------------------------------------------------------


def test_a_witness_is_simple() -> None:
    x, y = Variable("x"), Variable("y")
    strict = Comparison("<", number(Fraction(199, 1000)), x)
    owed = entails([strict, Proposition("p"), in_box([y], [-3], [4])], Proposition("q"))
    verdict = sound(owed, discharge(owed, 5))
    assert isinstance(verdict, Refuted) and isinstance(verdict.evidence, Witness)
    assert verdict.evidence.values == {
        ("p", 0): True,
        ("q", 0): False,
        ("x", 0): 1,
        ("y", 0): 0,
    }


def test_three_centimetres_are_not_within_two() -> None:
    given = [in_ball(EE, CUP, Fraction(3, 100)), in_box(CUP, [0, 0, 0], [1, 1, 1])]
    owed = entails(given, in_ball(EE, CUP, Fraction(2, 100)))
    verdict = sound(owed, settle(owed))
    assert isinstance(verdict, Refuted) and isinstance(verdict.evidence, Witness)
    assert all(
        isinstance(value, Fraction) and value.denominator <= 1000
        for value in verdict.evidence.values.values()
    )


def test_a_known_state_proves_existence_at_once() -> None:
    x = Variable("x")
    owed = exists(Comparison("==", squared(squared(x)), number(16)), Comparison("<", x, number(0)))
    known: dict[Key, Value] = {("x", 0): Fraction(-2), ("unrelated", 0): True}
    assert settle(owed, [known]) == Proved(Point(((("x", 0), Fraction(-2)),)))


def test_a_deferral_stays_one() -> None:
    near = Proposition("p")
    owed = obligation(Deferral((fact(Not(near)),), "Reach", "stop"), [near])
    assert discharge(owed, 5) == Deferred("Reach", "stop")


# ---- child processes ---------------------------------------------------------------------------

CUBE = entails(
    [Comparison("<=", number(1), Variable("x"))],
    Comparison("<=", number(1), Product((Variable("x"),) * 3)),
)
EASY = entails([Proposition("p")], Proposition("p"))


# A child that talks nonsense is killed, unless it has ended by itself.
GARBAGE = "the solver process died"


def silent(done: int, of: int) -> None:
    assert 0 < done <= of


def test_what_needs_z3_is_answered_by_children() -> None:
    before = "z3" in sys.modules
    told = []
    verdicts = dict(judge_all([CUBE, EASY, CUBE], 5, 2, lambda done, of: told.append((done, of))))
    assert all(isinstance(verdict, Proved) for verdict in verdicts.values())
    assert sorted(verdicts) == [0, 1, 2] and told == [(1, 3), (2, 3), (3, 3)]
    assert ("z3" in sys.modules) == before


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os; os.kill(os.getpid(), 11)", "the solver process died (signal 11)"),
        ("raise SystemExit(3)", "the solver process died (exit code 3)"),
        ("import sys; sys.stdin.buffer.read(8); print('no verdict' * 9)", GARBAGE),
    ],
)
def test_a_dying_child_costs_only_its_obligation(code: str, reason: str) -> None:
    command = [sys.executable, "-c", code]
    verdicts = dict(judge_all([CUBE, EASY, CUBE], 5, 2, silent, command))
    for place in (0, 2):
        verdict = verdicts[place]
        assert isinstance(verdict, Unknown) and verdict.reason.startswith(reason)
    assert isinstance(verdicts[1], Proved)


def test_the_solver_has_processor_time_whatever_else_runs() -> None:
    """In wall time, a busy machine would leave it less."""
    x = [Variable(name) for name in "abcdefgh"]
    cubic = [
        Sum((Product((x[i], x[i + 1], x[(i + 2) % 8])), Product((x[i],) * 3))) for i in range(6)
    ]
    hard = [Comparison("==", each, number(i + 1)) for i, each in enumerate(cubic)]
    hard.append(Comparison("<=", number(3), Product((x[0], x[7]))))
    began = time.thread_time()
    answer = satisfy(hard, {each.name: Real(NONE) for each in x}, 0.2)
    assert answer == NoAnswer("z3: timeout after 200 ms")
    assert time.thread_time() - began >= 0.2


def test_a_child_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verifier.solve.workers.PATIENCE", 0.01)
    start = time.monotonic()
    command = [sys.executable, "-c", "import time; time.sleep(100)"]
    verdicts = dict(judge_all([CUBE], 0.1, 1, silent, command))
    assert verdicts == {0: Unknown("z3: timeout after 100 ms")}
    assert time.monotonic() - start < 10


SERVE = "import verifier.solve.worker as w; w.longest_s = lambda _: 0.2; w.serve("


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("lambda *_: {}['x']", "the solver process failed: KeyError: 'x'"),
        ("lambda *_: bytearray(2**60)", "the solver process failed: MemoryError"),
        ("lambda *_: [0 for _ in iter(int, 1)]", "z3: timeout after 5000 ms"),
    ],
)
def test_what_goes_wrong_in_a_child_is_the_reason(answer: str, reason: str) -> None:
    command = [sys.executable, "-c", f"{SERVE}{answer})"]
    assert dict(judge_all([CUBE, CUBE], 5, 1, silent, command)) == dict.fromkeys(
        (0, 1), Unknown(reason)
    )


def test_a_child_that_dies_of_an_earlier_task_is_replaced() -> None:
    """The first child answers once and dies with the second task; the second child answers that."""
    dies = "import os; n = iter((1, 0)); w.serve(lambda *_: [EASY, os.abort][not next(n)]())"
    easy = "import verifier.solve.worker as w; from verifier.core.verdict import Unknown"
    code = f"{easy}; EASY = lambda: Unknown('asked'); {dies}"
    command = [sys.executable, "-c", code]
    verdicts = dict(judge_all([CUBE, CUBE, CUBE], 5, 1, silent, command))
    assert verdicts == dict.fromkeys(range(3), Unknown("asked"))


def test_a_child_that_cannot_be_started_is_no_hang() -> None:
    verdicts = dict(judge_all([CUBE, CUBE], 5, 2, silent, ["/nonexistent/python"]))
    reason = "the solver process cannot be started"
    assert verdicts == {0: Unknown(reason), 1: Unknown(reason)}


SLEEPER = """
import os, sys, time
note = sys.argv[1]
try:
    os.close(os.open(note, os.O_CREAT | os.O_EXCL))
except FileExistsError:  # this is the second child: it dies when the first is known
    while not os.path.getsize(note):
        time.sleep(0.01)
    sys.exit(3)
with open(note, "w") as file:
    file.write(str(os.getpid()))
time.sleep(100)
"""


def test_stopping_early_leaves_no_child_behind(tmp_path: Path) -> None:
    note = tmp_path / "child"
    command = [sys.executable, "-c", SLEEPER, str(note)]
    answers = judge_all([CUBE, CUBE], 30, 2, silent, command)
    next(answers)
    sleeper = int(note.read_text())
    os.kill(sleeper, 0)
    answers.close()
    assert ended(sleeper)


def ended(child: int) -> bool:
    """Whether the process ends within ten seconds."""
    for _ in range(500):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return True
        state = Path(f"/proc/{child}/stat")
        if state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


PARENT = """
import os, subprocess, sys
command = [sys.executable, "-m", "verifier.solve.worker"]
child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
os._exit(0)
"""


def test_children_end_with_their_parent() -> None:
    ran = subprocess.run([sys.executable, "-c", PARENT], capture_output=True, text=True, check=True)
    assert ended(int(ran.stdout))
