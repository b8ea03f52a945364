"""Recorded traces: columns of truth and of robustness against the definitions, block by block."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

import pytest

from verifier.core.span import Span
from verifier.core.term import Comparison, Number, Proposition, Quotient, Variable
from verifier.model.values import Atom, Connective, Interval, Modal, Property, Temporal
from verifier.monitor.definition import Answer, Event, answers, value_at
from verifier.monitor.robustness import robustness_at
from verifier.traces import distances as apart
from verifier.traces.judge import finish, judge, take
from verifier.traces.truths import extend, forget, truths

ATOMS: list[Temporal] = [
    *(Atom(Proposition(name), name) for name in "prs"),
    Atom(Comparison("<=", Variable("x"), Number(Fraction(1, 2))), "x <= 0.5"),
    Atom(Comparison("<", Variable("x"), Variable("y")), "x < y"),
]
ONE = ["always", "eventually", "historically", "once", "next", "previous"]


def random_formula(rng: random.Random, depth: int) -> Temporal:
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(ATOMS)
    inner = lambda: random_formula(rng, depth - 1)  # noqa: E731
    kind = rng.random()
    if kind < 0.3:
        operator = rng.choice(["not", "and", "or", "implies", "iff"])
        return Connective(operator, (inner(),) if operator == "not" else (inner(), inner()))
    low = Fraction(rng.choice((0, 0, 1, 2, 3)), 10**9)
    high = None if rng.random() < 0.25 else low + Fraction(rng.choice((0, 1, 2, 5)), 10**9)
    bound = Interval(low, high, high is not None and high > low and rng.random() < 0.3)
    if kind < 0.65:
        return Modal(rng.choice(ONE), bound, (inner(),))
    if kind < 0.75:
        always = Interval(Fraction(0), None, False)
        return Modal(rng.choice(["rise", "fall"]), always, (inner(),))
    return Modal(rng.choice(["until", "release", "since"]), bound, (inner(), inner()))


def random_samples(rng: random.Random, count: int) -> list[Event]:
    time, samples = rng.randrange(-5, 5), []
    for _ in range(count):
        time += rng.choice((1, 1, 2, 3, 7))
        values: dict[str, bool | str | float] = {name: rng.random() < 0.5 for name in "prs"}
        values |= {name: rng.choice((-2.0, 0.0, 0.5, 1.0)) for name in "xy"}
        samples.append(Event(time, values))
    return samples


def blocks(rng: random.Random, samples: Sequence[Event]) -> list[Sequence[Event]]:
    cut, found = 0, []
    while cut < len(samples):
        size = rng.choice((1, 1, 2, 3, 20))
        found.append(samples[cut : cut + size])
        cut += size
    return found


@pytest.mark.parametrize("seed", range(20))
def test_columns_of_truth_are_the_definition(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(100):
        formula = random_formula(rng, rng.randrange(1, 5))
        samples = random_samples(rng, rng.randrange(1, 14))
        state, seen = truths(formula), 0
        for block in blocks(rng, samples):
            seen += len(block)
            clock = samples[seen - 1].time_ns + rng.choice((0, 0, 1))
            if seen < len(samples):
                clock = min(clock, samples[seen].time_ns - 1)
            extend(state, block, clock)
            for k, value in enumerate(state.said.values):
                expected = value_at(formula, samples[:seen], clock, state.first + k)
                assert value is expected, (formula, samples[:seen], clock, state.first + k)
            forget(state)


@pytest.mark.parametrize("seed", range(20))
def test_columns_of_robustness_are_the_definition(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(100):
        formula = random_formula(rng, rng.randrange(1, 5))
        samples = random_samples(rng, rng.randrange(1, 14))
        state = apart.distances(formula)
        found: list[float] = []
        for block in blocks(rng, samples):
            found += apart.extend(state, block, ended=False)
            apart.forget(state)
        found += apart.extend(state, [], ended=True)
        assert found == [robustness_at(formula, samples, i) for i in range(len(samples))]


HERE = Span("here", 1, 1, 1, 1)
HALF: Temporal = Atom(
    Comparison("<=", Quotient(Variable("x"), Variable("y")), Number(Fraction(2))), "x / y <= 2"
)


def test_a_trace_is_judged_as_defined_and_to_the_moment() -> None:
    rng = random.Random(7)
    seen: set[Answer] = set()
    for _ in range(1500):
        body = random_formula(rng, rng.randrange(1, 4))
        if rng.random() < 0.2:
            body = Connective("or", (body, HALF))
        always = Modal("always", Interval(Fraction(0), None, False), (body,))
        formula = rng.choice((body, always, Connective("and", (always, body))))
        samples = random_samples(rng, rng.randrange(1, 14))
        expected = answers(formula, samples)
        judged = judge(Property("it", formula, None, False, HERE, "it"))
        for block in blocks(rng, samples):
            take(judged, block)
        finish(judged)
        assert judged.answer is expected[-1], (formula, samples)
        seen.add(judged.answer)
        if judged.answer in (Answer.VIOLATED, Answer.INVALID):
            moment = judged.moment
            assert moment is not None
            first = expected.index(judged.answer)
            assert moment.known_ns == samples[first].time_ns, (formula, samples)
            asked = next(k for k, s in enumerate(samples) if s.time_ns == moment.asked_ns)
            assert moment.window == tuple(samples[max(asked - 3, 0) : first + 4])
    assert seen == set(Answer)
