"""Baselines and the sets that they keep: an impedance by its ellipsoid, braking within its jerk."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from verifier.core.certificate import Combination
from verifier.core.evaluate import holds
from verifier.core.obligation import Entailment
from verifier.core.verdict import Proved
from verifier.judging import Effort, judged
from verifier.report.values import Answer, status
from verifier.source import settled

F = Fraction

JOINT = """
state {{ q : real rad in -2 .. 2  v : real rad/s in -3 .. 3 }}
plant joint {{
    input    a : real rad/s^2 in -5 .. 8
    dynamics der(q) = v
    dynamics der(v) = a
    period   2 ms
    {more}
}}
barrier limit = (q - q.lower) * (q.upper - q)
barrier slow  = (v + 2.5 rad/s) * (2.5 rad/s - v)
"""


def answers(more: str) -> dict[str, Answer]:
    model = settled("joint.spec", JOINT.format(more=more)).model
    (chain,) = model.chains.values()
    found = judged(model, chain, Effort(8.0, 1), lambda done, total: None)
    return {answer.obligation.id.partition("/baseline/")[2]: answer for answer in found}


def impedance(posture: str, stiffness: str, damping: str, more: str = "") -> dict[str, Answer]:
    found = answers(
        f"baseline impedance(posture = {posture}, stiffness = {stiffness}, damping = {damping})\n"
        + more
    )
    start = "posture of q/"
    return {key.removeprefix(start): a for key, a in found.items() if key.startswith(start)}


@pytest.mark.parametrize("gains", [("30", "12"), ("8", "4"), ("100", "5")])
def test_an_impedance_keeps_its_ellipsoid(gains: tuple[str, str]) -> None:
    """From everywhere in it, by the plant's own motion: limits, speeds and the input are kept."""
    found = impedance("0.5", *gains)
    for part, answer in found.items():
        assert isinstance(answer.verdict, Proved), answer.obligation.id
        assert part == "place" or isinstance(answer.verdict.evidence, Combination)
    question = found["kept"].obligation.question
    assert isinstance(question, Entailment)
    inside = question.hypotheses[-1].formula
    k, c = map(float, gains)
    source, met, furthest = random.Random(2), 0, 0.0
    for _ in range(300):
        z, v = source.uniform(-5 / k, 5 / k), source.uniform(-5 / c, 5 / c)
        at = {("q from its posture", 0): F(z), ("v about its posture", 0): F(v)}
        if not holds(inside, at):
            continue
        met += 1
        for _ in range(400):
            u = -k * z - c * v
            furthest = max(furthest, abs(u) / 5)
            assert abs(u) <= 5 and abs(v) <= 2.5 and -2 <= z + 0.5 <= 2
            z, v = z + 2e-3 * v + 2e-6 * u, v + 2e-3 * u
    assert met >= 5 and furthest > 0.5


WRONG = "error q in -0.004 .. 0.004  error v in -0.02 .. 0.02"


def test_an_impedance_keeps_its_ellipsoid_by_what_is_measured() -> None:
    """From its edge, under the errors that push it out the most and such that change at random."""
    found = impedance("0.5", "30", "12", WRONG)
    assert {status(answer.verdict) for answer in found.values()} == {"proved"}
    question = found["kept"].obligation.question
    assert isinstance(question, Entailment)
    (inside,) = (fact.formula for fact in question.hypotheses if fact.origin == "posture")
    source, met = random.Random(2), 0
    for n in range(200):
        z, v = source.uniform(-5 / 30, 5 / 30), source.uniform(-5 / 12, 5 / 12)
        if not holds(inside, {("q from its posture", 0): F(z), ("v about its posture", 0): F(v)}):
            continue
        met += 1
        for _ in range(300):
            e, f = (0.004, 0.02) if n % 3 else (source.uniform(-0.004, 0.004), -0.02)
            u = -30 * (z + e) - 12 * (v + f)
            assert abs(u) <= 5 and abs(v) <= 2.5 and -2 <= z + 0.5 <= 2
            z, v = z + 2e-3 * v + 2e-6 * u, v + 2e-3 * u
        assert holds(inside, {("q from its posture", 0): F(z), ("v about its posture", 0): F(v)})
    assert met >= 5


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ("error q in -0.02 .. 0.02", "proved"),
        ("error q in -0.1 .. 0.1", "refuted"),
    ],
)
def test_an_ellipsoid_is_wide_enough_for_what_is_not_known(more: str, answer: str) -> None:
    found = impedance("0.5", "30", "12", more)["kept"]
    assert status(found.verdict) == answer, found.verdict


def test_a_spring_without_a_damper_is_seen_to_grow() -> None:
    found = impedance("0.5", "30", "0")["kept"]
    z, v = found.state["q from its posture"], found.state["v about its posture"]
    assert isinstance(z, Fraction) and isinstance(v, Fraction)
    energy = 30 * z * z + v * v
    u = -30 * z
    z, v = z + F(2, 1000) * v + F(2, 10**6) * u, v + F(2, 1000) * u
    assert 30 * z * z + v * v > energy


def test_gains_of_0_keep_nothing() -> None:
    assert status(impedance("0.5", "0", "0")["kept"].verdict) == "refuted"


def test_a_posture_behind_a_limit_is_refuted() -> None:
    assert status(impedance("2.5", "30", "12")["place"].verdict) == "refuted"


PLAN = {"plan.place", "plan.pace/least", "plan.pace/most", "plan.against", "plan.before"}


@pytest.mark.parametrize("jerk", ["6500", "6000"])
def test_braking_within_a_jerk(jerk: str) -> None:
    """The box of the input is 13 rad/s^2 wide, and 2 ms at 6500 rad/s^3 are as much; a joint that
    cannot change through it at once stops by a plan."""
    found = answers(f"clamp jerk in -{jerk} .. {jerk}")
    assert {status(answer.verdict) for answer in found.values()} == {"proved"}
    assert ("jerk" in found) == (jerk == "6500") and (found.keys() >= PLAN) == (jerk == "6000")


def test_a_plan_may_not_be_off() -> None:
    told = answers("rate a in -100 .. 100  error q in -0.001 .. 0.001")["plan.told"]
    assert status(told.verdict) == "refuted"
    off = told.state["error of what is predicted of q"]
    assert isinstance(off, F) and 0 < off <= F(1, 1000)


def test_an_impedance_does_not_act_at_once_within_a_jerk() -> None:
    found = impedance("0.5", "30", "12", "rate a in -100 .. 100")["jerk before limit.upper"]
    names = ("a before", "q from its posture", "v about its posture")
    before, z, v = (value for value in map(found.state.get, names) if isinstance(value, F))
    assert status(found.verdict) == "refuted"
    assert before + 30 * z + 12 * v > F(2, 10)
