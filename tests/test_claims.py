"""Barrier conditions over boxes: never decided wrongly, with evidence that a judge accepts."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from claims import claim, term

from verifier.check.bernstein import bounds
from verifier.check.cover import judge_counterexample, judge_cover
from verifier.check.cover_codec import decode_evidence, encode_evidence
from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.core.cover import Claim, Cover, Crossing, Cut, Leaf, Violation
from verifier.core.evaluate import evaluate_term
from verifier.core.slope import derivative
from verifier.core.verdict import SolverWord
from verifier.solve.branch import Effort, Undecided, decide
from verifier.solve.validity import Answer, Invalid, Valid, settle

DATA = Path(__file__).parent / "data" / "barriers.jsonl"
F = Fraction
QUICK = Effort(boxes=300, seconds=60.0)


def judged(asked: Claim, answer: Answer) -> str:
    """The answer in a word, after the judge has accepted what stands behind it."""
    match answer:
        case Valid(SolverWord()):
            return "valid, says the solver"
        case Valid(evidence):
            assert judge_cover(asked, evidence) == Accepted()  # type: ignore[arg-type]
            return "valid"
        case Invalid(evidence):
            assert judge_counterexample(asked, evidence) == Accepted()
            return "invalid"
        case Undecided(reason):
            assert reason
            return "unknown"


# ---- known systems -----------------------------------------------------------------------------


def systems() -> list[dict]:
    return [json.loads(line) for line in DATA.read_text().splitlines()]


@pytest.mark.parametrize("system", systems(), ids=lambda system: system["name"])
def test_known_system(system: dict) -> None:
    """Valid, if every claim is; each answer has evidence that the judge accepts."""
    asked = [
        claim(system["box"], entry["goal"], entry["guards"], entry["strict"])
        for entry in system["claims"]
    ]
    words = {judged(each, settle(each)) for each in asked}
    assert words <= {"valid", "invalid"}
    assert ("invalid" not in words) == system["valid"]


SQUARE = {"x": ("-2", "2"), "y": ("-2", "2")}
LINE = {"x": ("-3", "3")}
ON_CIRCLE = ("x**2 + y**2 - 3", "3 - x**2 - y**2")

OTHERS = {
    "met along a line": (claim(SQUARE, "(x - y)**2"), "valid"),
    "met at a point": (claim(SQUARE, "(x - 1/3)**2 + (y + 1/7)**2"), "valid"),
    "missed at a point": (claim(SQUARE, "(x - 1/3)**2 + (y + 1/7)**2 - 1/10**6"), "invalid"),
    "no sum of squares (Motzkin)": (
        claim(SQUARE, "x**4*y**2 + x**2*y**4 - 3*x**2*y**2 + 1"),
        "valid",
    ),
    "a tangent of a disk": (claim(SQUARE, "5 - 3*x - 4*y", ["1 - x**2 - y**2"]), "valid"),
    "a secant of a disk": (
        claim(SQUARE, "5 - 1/10**5 - 3*x - 4*y", ["1 - x**2 - y**2"]),
        "invalid",
    ),
    "constant on a circle": (claim(SQUARE, "x**2 + y**2 - 2", ON_CIRCLE), "valid"),
    "not on all of a circle without rational points": (
        claim(SQUARE, "x - y", ON_CIRCLE),
        "invalid",
    ),
    "met at an irrational point": (
        claim(SQUARE, "3 - 2*x*y", ON_CIRCLE),
        "valid, says the solver",
    ),
    "strict and met": (claim(SQUARE, "x**2", strict=True), "invalid"),
    "guards that exclude each other": (claim(LINE, "-1", ["x - 1", "-x"]), "valid"),
    "guards that meet in a point": (claim(LINE, "-1", ["x - 1", "1 - x"]), "invalid"),
    "sine below its tangent": (claim({"x": ("0", "3")}, "x - sin(x)"), "valid"),
    "sine above its tangent": (claim({"x": ("0", "3")}, "sin(x) - x"), "invalid"),
    "cosine above its parabola": (claim(LINE, "cos(x) - 1 + x*x/2"), "valid"),
    "sine just above -1": (claim({"x": ("-4", "4")}, "sin(x) + 1"), "valid"),
    "sine not above -0.99": (claim({"x": ("-4", "4")}, "sin(x) + 99/100"), "invalid"),
    "a pendulum's energy": (
        claim({"t": ("-3", "3"), "w": ("-1", "1")}, "w*w/2 + 1 - cos(t)"),
        "valid",
    ),
    "exponential": (claim({"x": ("0", "1")}, "exp(x) - 1"), "valid"),
    "exponential, too much": (claim({"x": ("0", "1")}, "exp(x) - 1 - x*11/10"), "invalid"),
    "a quotient": (claim({"x": ("1", "2"), "y": ("1", "2")}, "y/x - 1/2"), "valid"),
    "a quotient by zero": (claim({"x": ("0", "1"), "y": ("1", "2")}, "y/x"), "unknown"),
    "least and greatest": (
        claim(SQUARE, "max(x, y) - min(x, y)"),
        "valid, says the solver",
    ),
    "a guard of higher degree": (claim(LINE, "2*x*x + 3", ["x*x*x + 1"]), "valid"),
    "sines on both sides of zero": (
        claim(LINE, "sin(x) - 1/2", ["sin(x)*x", "-sin(x)*x"]),
        "invalid",
    ),
    "a root": (claim({"x": ("1", "4")}, "sqrt(x) - 99/100"), "valid"),
    "a function that nothing is known of": (
        Claim(((("x", 0), F(0), F(1)),), (), replace(term("exp(x)"), function="tan")),  # type: ignore[type-var]
        "unknown",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_claims(name: str) -> None:
    asked, expected = OTHERS[name]
    assert judged(asked, settle(asked, effort=QUICK)) == expected


BRAKES = (5, 4, 5, 6, 7, 5, 5)  # rad/s^2, of seven joints


@pytest.mark.parametrize(("brake", "word"), [(6, "valid"), (F(59, 10), "invalid")])
def test_an_arm_that_can_stop_can_stop_one_period_later(brake: Fraction, word: str) -> None:
    """Fourteen states: the stopping distance of a joint after one period of braking, from where
    every joint can stop."""
    box = {f"{name}{k}": ("-2", "2") for k in range(7) for name in "qv"}
    guards = [
        guard
        for k, a in enumerate(BRAKES)
        for guard in (
            f"2 - q{k} - max(v{k}, 0)*max(v{k}, 0)/{2 * a}",
            f"2 + q{k} - max(-v{k}, 0)*max(-v{k}, 0)/{2 * a}",
        )
    ]
    step = f"(q3 + v3/1000 - ({brake})/2000000)"
    speed = f"(v3 - ({brake})/1000)"
    goal = f"2 - {step} - {speed}*{speed}/(2*({brake}))"
    asked = claim(box, goal, [*guards, "v3"])
    assert judged(asked, settle(asked)) == word


def test_random_claims_are_never_decided_wrongly() -> None:
    """Against sampling, which knows nothing of boxes."""
    source = random.Random(11)
    words = []
    for _ in range(60):
        box = dict.fromkeys("xyz"[: source.randrange(1, 4)], ("-1", "1"))
        goal, guard = (_random_polynomial(source, list(box)) for _ in range(2))
        asked = claim(box, goal, [guard] if source.random() < 0.7 else [])
        answer = settle(asked, 5.0, Effort(150, 30.0))
        words.append(judged(asked, answer))
        if words[-1].startswith("valid"):
            for _ in range(200):
                at = {key: F(source.randrange(-64, 65), 64) for key, _, _ in asked.box}
                if all(evaluate_term(each, at) >= 0 for each in asked.guards):
                    assert evaluate_term(asked.goal, at) >= 0
    assert words.count("valid") >= 10 and words.count("invalid") >= 10
    assert words.count("unknown") <= 3


def _random_polynomial(source: random.Random, names: list[str]) -> str:
    terms = [str(source.randrange(0, 5))]
    for _ in range(4):
        factors = [source.choice(names) for _ in range(source.randrange(1, 4))]
        terms.append("*".join([f"{source.randrange(-3, 4)}", *factors]))
    return " + ".join(terms).replace("+ -", "- ")


# ---- the judge ---------------------------------------------------------------------------------

CORNER = claim(SQUARE, "3 - x - y", ["1 - x", "1 - y"])
WHOLE = Leaf(F(1), ((0, F(1)), (1, F(1))))
EDGE = claim(SQUARE, "5 - 3*x - 4*y", ["1 - x**2 - y**2"])
BOWL = Leaf(F(1), ((0, F(5, 2)),), (F(3, 5), F(4, 5)))


def test_true_evidence_is_accepted() -> None:
    for asked, cover in (
        (CORNER, WHOLE),
        (CORNER, Cut(0, F(1, 3), WHOLE, Cut(1, F(2), WHOLE, WHOLE))),
        (EDGE, BOWL),
        (claim(LINE, "x", ["x"]), Leaf(F(3), ((0, F(3)),))),
        (claim(LINE, "-1", ["-1 - x*x"]), Leaf(F(0), ((0, F(1)),), (F(0),))),
    ):
        assert judge_cover(asked, cover) == Accepted()


FORGED: dict[str, tuple[Claim, Cover]] = {
    "nothing at all": (EDGE, Leaf(F(1), ())),
    "a multiplier that does not show it": (CORNER, Leaf(F(1), ((0, F(10)),))),
    "a negative multiplier": (claim(LINE, "x", ["-x"]), Leaf(F(1), ((0, F(-1)),))),
    "a negative weight": (claim(LINE, "-1"), Leaf(F(-1), ())),
    "no weight and no contradiction": (claim(LINE, "-1", ["x"]), Leaf(F(0), ())),
    "no weight and guards that can hold": (claim(LINE, "-1", ["x"]), Leaf(F(0), ((0, F(1)),))),
    "no weight and guards that just meet": (claim(LINE, "-1", ["-x*x"]), Leaf(F(0), ((0, F(1)),))),
    "strict but met": (claim(LINE, "x", ["x"], strict=True), Leaf(F(1), ((0, F(1)),))),
    "a guard that is not there": (CORNER, Leaf(F(1), ((2, F(1)),))),
    "a guard before the first": (CORNER, Leaf(F(1), ((-1, F(1)),))),
    "a cut outside of the box": (CORNER, Cut(0, F(3), WHOLE, WHOLE)),
    "a cut through no side": (CORNER, Cut(2, F(0), WHOLE, WHOLE)),
    "one part is missing": (CORNER, Cut(0, F(0), WHOLE, None)),  # type: ignore[arg-type]
    "one part is not shown": (CORNER, Cut(0, F(0), WHOLE, Leaf(F(1), ()))),
    "a float": (CORNER, Leaf(1.0, ((0, F(1)),))),  # type: ignore[arg-type]
    "a whole number for a fraction": (CORNER, Leaf(F(1), ((0, 1),))),  # type: ignore[arg-type]
    "not a cover": (CORNER, "proved"),  # type: ignore[dict-item]
    "a lowest point elsewhere": (EDGE, replace(BOWL, lowest=(F(0), F(0)))),
    "a lowest point outside": (EDGE, replace(BOWL, lowest=(F(3), F(4)))),
    "a lowest point of too few values": (EDGE, replace(BOWL, lowest=(F(3, 5),))),
    "a saddle": (claim(SQUARE, "x*x - y*y"), Leaf(F(1), (), (F(0), F(0)))),
    "a bowl below zero": (claim(SQUARE, "x*x + y*y - 1"), Leaf(F(1), (), (F(0), F(0)))),
    "a slope at the wrong end": (claim(LINE, "x + 3"), Leaf(F(1), (), (F(3),))),
    "a kink": (claim(LINE, "1 - abs(x)"), Leaf(F(1), (), (F(0),))),
    "a wave that is no bowl": (claim(LINE, "1 - cos(x) - x*x/4"), Leaf(F(1), (), (F(0),))),
    "a bowl over a gap": (claim(LINE, "x*x + 0*x/x"), Leaf(F(1), (), (F(1),))),
}  # fmt: skip


@pytest.mark.parametrize("lie", FORGED)
def test_forged_covers_are_refused(lie: str) -> None:
    assert isinstance(judge_cover(*FORGED[lie]), Rejected)


CIRCLE = claim(SQUARE, "x - y", ON_CIRCLE)
FOUND = decide(CIRCLE)
assert isinstance(FOUND, Crossing)

FALSE: dict[str, tuple[Claim, Violation | Crossing]] = {
    "the goal holds": (claim(LINE, "x"), Violation((F(0),))),
    "the goal holds exactly": (claim(LINE, "x*x"), Violation((F(0),))),
    "a guard fails": (claim(LINE, "x", ["x"]), Violation((F(-1),))),
    "outside of the box": (claim(LINE, "x"), Violation((F(-4),))),
    "too few values": (claim(SQUARE, "x"), Violation((F(-1),))),
    "a float": (claim(LINE, "x"), Violation((-1.0,))),  # type: ignore[arg-type]
    "a sine that is not so small": (claim(LINE, "sin(x)+sin(1)"), Violation((F(-1),))),
    "no change of sign": (CIRCLE, replace(FOUND, start=FOUND.end)),
    "a goal that holds on the way": (CIRCLE, replace(FOUND, start=(F(0), F(0)), end=(F(2), F(0)))),
    "guards that are not opposite": (
        claim(SQUARE, "x - y", ["x**2 + y**2 - 3", "4 - x**2 - y**2"]), FOUND),
    "a third guard fails": (claim(SQUARE, "x - y", [*ON_CIRCLE, "x - 1"]), FOUND),
    "a guard that is not there": (CIRCLE, replace(FOUND, negative=7)),
    "outside": (CIRCLE, replace(FOUND, end=(F(9), F(9)))),
}  # fmt: skip


@pytest.mark.parametrize("lie", FALSE)
def test_false_counterexamples_are_refused(lie: str) -> None:
    assert isinstance(judge_counterexample(*FALSE[lie]), Rejected)


def test_a_box_given_twice_or_empty_proves_nothing() -> None:
    side = (("x", 0), F(0), F(1))
    for box in ((side, side), ((("x", 0), F(1), F(0)),)):
        asked = Claim(box, (), term("-1 - x*x"))
        assert isinstance(judge_cover(asked, Leaf(F(1), ())), Rejected)


@pytest.mark.parametrize("system", systems()[::3], ids=lambda system: system["name"])
def test_evidence_survives_being_written_down(system: dict) -> None:
    for entry in system["claims"]:
        asked = claim(system["box"], entry["goal"], entry["guards"], entry["strict"])
        answer = settle(asked)
        assert isinstance(answer, Valid | Invalid)
        evidence = answer.evidence
        assert not isinstance(evidence, SolverWord)
        text = json.dumps(encode_evidence(evidence))
        assert decode_evidence(json.loads(text)) == evidence
        assert json.dumps(encode_evidence(decode_evidence(json.loads(text)))) == text


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '"cover"',
        '{"kind": "cover"}',
        '{"kind": "cover", "nodes": []}',
        '{"kind": "cover", "nodes": [["leaf", "1", [], null], ["leaf", "1", [], null]]}',
        '{"kind": "cover", "nodes": [["cut", 0, "1"], ["leaf", "1", [], null]]}',
        '{"kind": "cover", "nodes": [["leaf", 1, [], null]]}',
        '{"kind": "cover", "nodes": [["leaf", "2/2", [], null]]}',
        '{"kind": "cover", "nodes": [["leaf", "1", [[0.5, "1"]], null]]}',
        '{"kind": "cover", "nodes": [["leaf", "1", [[true, "1"]], null]]}',
        '{"kind": "violation", "point": "0"}',
        '{"kind": "violation", "point": ["0"], "more": 1}',
        '{"kind": "crossing", "guards": [0], "start": ["0"], "end": ["1"]}',
    ],
)
def test_evidence_that_nobody_wrote_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        decode_evidence(json.loads(text))


TERMS = (
    "x*x*y - 3*x*y + y/3 - 1",
    "(x + y)**3 - x*(y - 1/2)**2",
    "abs(x - y) * x + abs(x)",
    "min(x, y, x*y) + max(x, 1/2 - y)",
    "sin(x + y) * cos(x) - sin(3*x)",
    "cos(x*y) + sin(20*x)",
    "exp(x - y) * x",
    "x / (3 + y) + sqrt(x + 5/2)",
)


@pytest.mark.parametrize("text", TERMS)
def test_enclosures_contain_the_values(text: str) -> None:
    source = random.Random(text)
    meaning = term(text)
    names = {"sin": math.sin, "cos": math.cos, "sqrt": math.sqrt, "exp": math.exp}
    for _ in range(40):
        box = {}
        for name in "xy":
            ends = sorted(F(source.randrange(-64, 65), 32) for _ in range(2))
            box[name, 0] = (ends[0], ends[1])
        low, high = bounds(meaning, box)
        for _ in range(20):
            at = {
                name: float(a + (b - a) * F(source.randrange(0, 65), 64))
                for (name, _), (a, b) in box.items()
            }
            value = eval(text, {**names, "abs": abs, "min": min, "max": max}, at)
            assert float(low) - 1e-12 <= value <= float(high) + 1e-12


@pytest.mark.parametrize("text", TERMS[:2] + TERMS[4:7])
def test_derivatives_are_slopes(text: str) -> None:
    names = {"sin": math.sin, "cos": math.cos, "exp": math.exp}
    meaning = term(text)
    for name in "xy":
        slope = derivative(meaning, (name, 0))
        for x, y in ((0.3, -0.7), (1.1, 0.4)):
            at = {"x": x, "y": y}
            step = 1e-6
            up, down = ({**at, name: at[name] + d} for d in (step, -step))
            expected = (eval(text, names, up) - eval(text, names, down)) / (2 * step)
            box = {(key, 0): (F(value),) * 2 for key, value in at.items()}
            low, high = bounds(slope, box)
            assert float(low) - 1e-7 <= expected <= float(high) + 1e-7
