"""Known barriers, written in the language: what is proved of each, and that nothing is wrong."""

from __future__ import annotations

import json
import random
import re
from fractions import Fraction
from pathlib import Path

import pytest

from verifier.check.codec import decode, encode
from verifier.check.judge import judge
from verifier.check.outcome import Accepted, Rejected
from verifier.core.certificate import Certificate
from verifier.core.cover import Cut, Leaf
from verifier.core.enclosure import enclosure
from verifier.core.evaluate import evaluate_term
from verifier.core.flow import later, replaced
from verifier.core.normal import expanded
from verifier.core.term import Number, Term, Variable, add, multiply, number, subtract
from verifier.core.verdict import Proved, Refuted
from verifier.judging import Effort, judged
from verifier.model.rows import bend
from verifier.pipeline import check
from verifier.report.values import Answer, ChainReport, status
from verifier.source import Source, settled

ROOT = Path(__file__).parent
SYSTEMS = sorted((ROOT / "data" / "barriers").glob("*.spec"))
F = Fraction


EFFORT = Effort(5.0, 1)


def silent(done: int, total: int) -> None:
    pass


def answers(source: Source) -> list[Answer]:
    return [
        answer
        for chain in source.model.chains.values()
        for answer in judged(source.model, chain, EFFORT, silent)
    ]


def expected(path: Path) -> str:
    return path.read_text().split("Expected: ")[1].split(".")[0]


def test_there_are_thirty_systems() -> None:
    assert len(SYSTEMS) == 30
    assert {expected(path) for path in SYSTEMS} == {"valid", "invalid"}


@pytest.mark.parametrize("path", SYSTEMS, ids=lambda path: path.stem)
def test_known_system(path: Path) -> None:
    """What is valid is proved with certificates, what is not is refuted with a state."""
    found = answers(settled(str(path)))
    words = {status(answer.verdict) for answer in found}
    assert words == ({"proved"} if expected(path) == "valid" else {"proved", "refuted"})
    for answer in found:
        match answer.verdict:
            case Proved(evidence):
                assert isinstance(evidence, Certificate)
                written = decode(json.loads(json.dumps(encode(evidence))))
                assert judge(answer.obligation, written) == Accepted()
            case Refuted():
                assert answer.state or answer.obligation.rule == "gain"


# ---- what is refuted, and where ----------------------------------------------------------------

ARM = """
state {{ q : real rad in -2 .. 1  v : real rad/s in -2.175 .. 2.175 }}
plant joint {{
    input    a : real rad/s^2 in -7.5 .. 7.5
    dynamics der(q) = v
    dynamics der(v) = a
    period   1 ms
}}
barrier stop = 1 rad - q  alpha {alpha} Hz
"""


@pytest.mark.parametrize(("alpha", "word"), [("3", "proved"), ("4", "refuted"), ("10", "refuted")])
def test_the_gain_that_an_arm_supports(alpha: str, word: str) -> None:
    """k v_max <= a_max decides: 7.5 / 2.175 is between 3 and 4."""
    found = answers(settled("arm.spec", ARM.format(alpha=alpha)))
    by_rule = {answer.obligation.rule: status(answer.verdict) for answer in found}
    assert by_rule["barrier"] == word


def test_a_state_in_which_rows_contradict_each_other_breaks_every_command() -> None:
    path = ROOT / "data" / "barriers" / "joint_min_speed_vs_stop.spec"
    (found,) = [a for a in answers(settled(str(path))) if status(a.verdict) == "refuted"]
    x, v = found.state["x"], found.state["v"]
    assert isinstance(x, Fraction) and isinstance(v, Fraction)
    stop, fast = 1 - x - v * v / 2, v - F(1, 5)
    assert stop >= 0 and fast >= 0
    for step in range(-100, 101):
        u = F(step, 100)
        assert min(-v - v * u + stop, u + fast) < 0


def test_a_command_that_sampling_breaks_is_replayed() -> None:
    path = ROOT / "data" / "barriers" / "zoh_keepin_circle.spec"
    (found,) = [a for a in answers(settled(str(path))) if status(a.verdict) == "refuted"]
    x, y, a, b = (found.state[name] for name in ("x", "y", "a", "b"))
    assert all(isinstance(value, Fraction) for value in (x, y, a, b))
    assert 1 - x * x - y * y >= 0 and -2 * (x * a + y * b) + 10 * (1 - x * x - y * y) >= 0  # type: ignore[operator]
    assert 1 - (x + a / 100) ** 2 - (y + b / 100) ** 2 < 0  # type: ignore[operator]


# ---- evidence ----------------------------------------------------------------------------------


def test_a_cover_of_another_question_is_refused() -> None:
    sources = [settled(str(ROOT / "data" / "barriers" / f"{name}.spec")) for name in PAIR]
    good, bad = (
        {a.obligation.id: a for a in answers(source)}["system/safe/barrier"] for source in sources
    )
    assert isinstance(good.verdict, Proved) and isinstance(good.verdict.evidence, Leaf | Cut)
    assert judge(good.obligation, good.verdict.evidence) == Accepted()
    assert isinstance(judge(bad.obligation, good.verdict.evidence), Rejected)
    assert isinstance(judge(good.obligation, Leaf(F(1), ())), Rejected)


PAIR = ("di_stop_a2", "di_stop_weak_brake")


# ---- the arithmetic behind the rows ------------------------------------------------------------


def x_of(name: str) -> Term:
    return Variable(name)


def test_the_normal_form_does_not_change_values() -> None:
    source = random.Random(5)
    for _ in range(60):
        term = _random(source, 3)
        at = {(n, 0): F(source.randrange(-8, 9), 4) for n in "xyz"}
        assert evaluate_term(expanded(term), at) == evaluate_term(term, at)
        assert expanded(subtract(term, term)) == number(0)
        box = {key: (value - F(1, 3), value + F(1, 5)) for key, value in at.items()}
        low, high = enclosure(term, box)
        assert low <= evaluate_term(term, at) <= high


def _random(source: random.Random, depth: int) -> Term:
    if depth == 0 or source.random() < 0.2:
        return x_of(source.choice("xyz")) if source.random() < 0.7 else number(source.randrange(4))
    parts = [_random(source, depth - 1) for _ in range(source.randrange(2, 4))]
    return add(*parts) if source.random() < 0.5 else multiply(*parts)


def test_a_double_integrator_one_period_later() -> None:
    x, v, u = map(x_of, "xvu")
    exact = later({"x": v, "v": u}, F(1, 10))
    assert exact is not None
    at = {("x", 0): F(2), ("v", 0): F(3), ("u", 0): F(-4)}
    assert evaluate_term(exact["x"], at) == 2 + F(3, 10) - F(4, 200)
    assert evaluate_term(exact["v"], at) == 3 - F(4, 10)
    assert later({"x": multiply(x, x)}, F(1, 10)) is None


def test_the_bound_on_the_remainder_holds_along_the_motion() -> None:
    """Against the exact motion of a double integrator."""
    text = """
    state { x : real m in -1 .. 1  v : real m/s in -1 .. 1 }
    plant cart {
        input    u : real m/s^2 in -2 .. 2
        dynamics der(x) = v
        dynamics der(v) = u
        period   100 ms
    }
    barrier round = 2 m^2 - x^2 - v^2 * 1 s^2  alpha 1 Hz
    """
    model = settled("cart.spec", text).model
    (plant,), (row,) = model.plants, model.rows["cart"]
    bound = bend(row.levels[0], plant, model.ranges)
    source = random.Random(3)
    (level,) = row.levels
    for _ in range(200):
        at = {(n, 0): F(source.randrange(-64, 65), 64) for n in "xv"}
        at["u", 0] = F(source.randrange(-128, 129), 64)
        exact = later(plant.rates_of, plant.period)
        assert exact is not None
        rate = row.drift
        for name, gain in row.gains:
            rate = add(rate, multiply(gain, Variable(name)))
        ahead = evaluate_term(replaced(level, exact), at)
        linear = evaluate_term(level, at) + plant.period * evaluate_term(rate, at)
        assert ahead >= linear - plant.period**2 * bound / 2
    assert row.margin == plant.period * bound / 2


def test_derivatives_agree_with_sympy() -> None:
    """An oracle that shares no code: gradient and Lie derivatives of every known barrier."""
    import sympy

    for path in SYSTEMS:
        model = settled(str(path)).model
        (plant,) = model.plants
        for row in model.rows[plant.name]:
            names = {n: sympy.Symbol(n) for n in (*row.states, *plant.rates_of)}
            names |= {n: sympy.Symbol(n) for each in plant.inputs for n in each.scalars}
            rates = {n: _symbolic(t, names) for n, t in plant.rates_of.items()}
            level = _symbolic(row.levels[-1], names)
            expected_rate = sum(sympy.diff(level, names[n]) * rate for n, rate in rates.items())
            found = _symbolic(row.drift, names) + sum(
                _symbolic(gain, names) * names[n] for n, gain in row.gains
            )
            assert sympy.expand(expected_rate - found) == 0, path.stem


def _symbolic(term: Term, names: dict):  # type: ignore[no-untyped-def, type-arg]
    import sympy

    from verifier.core.term import Apply, Product, Quotient, Sum

    match term:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Variable(name):
            return names[name]
        case Sum(parts):
            return sum((_symbolic(part, names) for part in parts), sympy.Integer(0))
        case Product(parts):
            return sympy.prod([_symbolic(part, names) for part in parts])
        case Quotient(above, below):
            return _symbolic(above, names) / _symbolic(below, names)
        case Apply(function, (part,)):
            return getattr(sympy, function)(_symbolic(part, names))
    raise AssertionError(term)


@pytest.mark.parametrize(
    ("speed", "force"), [("2.175", "7.5"), ("1.2", "1.5"), ("2", "1"), ("0.5", "0.1")]
)
def test_a_gain_that_a_motor_can_keep_is_named(speed: str, force: str) -> None:
    """At full speed and where `h' + alpha h` is 0, `alpha` times the speed has to be braked."""
    text = f"""state {{ q : real rad in -2 .. 1  v : real rad/s in -{speed} .. {speed} }}
    plant joint {{ input a : real rad/s^2 in -{force} .. {force}
                  dynamics der(q) = v  dynamics der(v) = a  period 1 ms }}
    barrier upper = 1 rad - q alpha GAIN
    barrier lower = q + 1.9 rad alpha 12 Hz"""

    def said(gain: str) -> ChainReport:
        (report,) = check(settled("j.spec", text.replace("GAIN", gain)), [], EFFORT, silent).chains
        return report

    told = said("12 Hz").search
    assert told is not None and told.endswith("every obligation of joint then holds")
    (found,) = re.findall(r"write `alpha ([0-9.]+) Hz` for `upper`, `lower`;", told)
    most = F(force) / F(speed)
    assert F("0.75") * most <= F(found) <= most
    alone = said(f"{found} Hz").search
    assert alone is not None and "`upper`" not in alone
