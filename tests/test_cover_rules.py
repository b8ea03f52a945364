"""Every rule of the judge of covers alone, and its enclosures by their ends.

An enclosure that is too narrow would prove what is false; one that is wider than the rules say
would be another rule. So both ends are compared (found wanting by tests/benchmarks/mutants.py).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from claims import claim, term

from verifier.check.bernstein import bounds, combination_bounds
from verifier.check.cover import judge_counterexample, judge_cover
from verifier.check.cover_codec import decode_evidence, encode_evidence
from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.core.cover import Claim, Crossing, Cut, Leaf, Violation
from verifier.core.term import Apply, Number, Term, Variable, add

F = Fraction
Box = Mapping[str, Sequence[int | str]]


def over(box: Box) -> dict[tuple[str, int], tuple[Fraction, Fraction]]:
    return {(name, 0): (F(low), F(high)) for name, (low, high) in box.items()}


EXACT: list[tuple[str, Box, tuple[str, str]]] = [
    ("7", {}, ("7", "7")),
    ("x", {"x": (1, 3)}, ("1", "3")),
    ("2*x + 1", {"x": (1, 3)}, ("3", "7")),
    ("x/3 - 1", {"x": (-1, 3)}, ("-4/3", "0")),
    ("x**2", {"x": (-1, 2)}, ("-2", "4")),
    ("x**2", {"x": (0, 2)}, ("0", "4")),
    ("x**3", {"x": (1, 2)}, ("1", "8")),
    ("x**3 - x", {"x": (-1, 2)}, ("-5", "6")),
    ("x**4 - 2*x**2", {"x": (1, 3)}, ("-1", "63")),
    ("x**3 - 6*x**2 + 11*x - 6", {"x": (1, 4)}, ("-5", "6")),
    ("x*y", {"x": (0, 1), "y": (2, 3)}, ("0", "3")),
    ("x*y - x", {"x": (-1, 1), "y": (2, 3)}, ("-2", "2")),
    ("x**2*y + y**2", {"x": (-1, 1), "y": (1, 2)}, ("0", "6")),
    ("x*y*z + z", {"x": (-1, 1), "y": (1, 2), "z": (0, 1)}, ("-1", "3")),
    ("x**2 + y", {"x": (0, 2), "y": (5, 6)}, ("5", "10")),
    ("x*y + y*z - x", {"x": (0, 1), "y": (1, 1), "z": (0, 0)}, ("0", "0")),
    ("x + y - x", {"x": (0, 2), "y": (5, 6)}, ("5", "6")),
    ("abs(x)", {"x": (-3, 2)}, ("0", "3")),
    ("abs(x)", {"x": (-2, 3)}, ("0", "3")),
    ("abs(x)", {"x": (-3, -1)}, ("1", "3")),
    ("abs(x) - x", {"x": (0, 1)}, ("0", "0")),
    ("abs(x) + x", {"x": (-1, 0)}, ("0", "0")),
    ("abs(x) + x", {"x": (-1, 1)}, ("-1", "2")),
    ("min(x, y)", {"x": (0, 2), "y": (1, 3)}, ("0", "2")),
    ("min(y, x)", {"x": (0, 3), "y": (1, 2)}, ("0", "2")),
    ("max(x, y)", {"x": (0, 2), "y": (1, 3)}, ("1", "3")),
    ("max(y, x)", {"x": (0, 3), "y": (1, 2)}, ("1", "3")),
    ("min(x, y) - x", {"x": (0, 1), "y": (1, 2)}, ("0", "0")),
    ("min(y, x) - x", {"x": (0, 1), "y": (1, 2)}, ("0", "0")),
    ("max(x, y) - y", {"x": (0, 1), "y": (1, 2)}, ("0", "0")),
    ("max(y, x) - y", {"x": (0, 1), "y": (1, 2)}, ("0", "0")),
    ("min(x, y, z) - y", {"x": (1, 2), "y": (0, 1), "z": (1, 5)}, ("0", "0")),
    ("max(x, y, z) - z", {"x": (1, 2), "y": (0, 1), "z": (2, 5)}, ("0", "0")),
    ("min(x, y, z) - y", {"x": (0, 2), "y": (0, 1), "z": (1, 5)}, ("-1", "1")),
    ("max(x, y, z) - z", {"x": (1, 3), "y": (0, 1), "z": (2, 5)}, ("-3", "3")),
    ("1/x", {"x": (2, 4)}, ("1/4", "1/2")),
    ("x/y", {"x": (-1, 2), "y": (1, 2)}, ("-1", "2")),
    ("x/y", {"x": (1, 3), "y": (-2, -1)}, ("-3", "-1/2")),
    ("x/y", {"x": (-3, -1), "y": (-2, -1)}, ("1/2", "3")),
    ("sin(x)", {"x": (0, 0)}, ("0", "0")),
    ("cos(x)", {"x": (0, 0)}, ("1", "1")),
    ("exp(x)", {"x": (0, 0)}, ("1", "1")),
    ("sin(x)", {"x": (0, 7)}, ("-1", "1")),
    ("cos(x)", {"x": (-4, 4)}, ("-1", "1")),
]


@pytest.mark.parametrize(("text", "box", "ends"), EXACT)
def test_enclosures_have_these_ends(text: str, box: Box, ends: tuple[str, str]) -> None:
    assert bounds(term(text), over(box)) == tuple(map(F, ends))


def test_a_sum_is_enclosed_as_one() -> None:
    box = over({"x": (-1, 2)})
    assert combination_bounds([(F(2), term("x")), (F(-2), term("x"))], box) == (0, 0)
    assert combination_bounds([(F(2), term("x")), (F(-1, 2), term("x"))], box) == (F(-3, 2), 3)


@pytest.mark.parametrize(
    ("text", "low", "high", "least", "greatest"),
    [
        ("sin(x)", "0", "1", 0.0, math.sin(1)),
        ("sin(x)", "1", "2", math.sin(1), 1.0),
        ("sin(x)", "2", "3", math.sin(3), math.sin(2)),
        ("sin(x)", "4", "5", -1.0, math.sin(4)),
        ("sin(x)", "-2", "-1", -1.0, math.sin(-1)),
        ("sin(x)", "-3", "-2", math.sin(-2), math.sin(-3)),
        ("sin(x)", "7", "8", math.sin(7), 1.0),
        ("cos(x)", "-1", "1/2", math.cos(1), 1.0),
        ("cos(x)", "1", "2", math.cos(2), math.cos(1)),
        ("cos(x)", "3", "4", -1.0, math.cos(4)),
        ("cos(x)", "5", "6", math.cos(5), math.cos(6)),
        ("exp(x)", "-1", "2", math.exp(-1), math.exp(2)),
        ("exp(x)", "1/2", "1/2", math.exp(0.5), math.exp(0.5)),
        ("sin(x)", "0", "4", math.sin(4), 1.0),
        ("sin(x)", "-3/2", "47/10", math.sin(4.7), 1.0),
        ("exp(x)", "2", "3", math.exp(2), math.exp(3)),
        ("sqrt(x)", "0", "4", 0.0, 2.0),
        ("sqrt(x)", "1/4", "1", 0.5, 1.0),
        ("sqrt(x)", "4", "9", 2.0, 3.0),
        ("sqrt(x)", "2", "3", math.sqrt(2), math.sqrt(3)),
    ],
)
def test_curves_are_enclosed_outwards_and_closely(
    text: str, low: str, high: str, least: float, greatest: float
) -> None:
    below, above = bounds(term(text), over({"x": (low, high)}))
    assert below <= F(least) + F(1, 10**15) and above >= F(greatest) - F(1, 10**15)
    assert abs(below - F(least)) < F(4, 10**15) and abs(above - F(greatest)) < F(4, 10**15)


@pytest.mark.parametrize("first", range(-24, 25, 3))
def test_at_a_point_the_enclosure_is_narrow_and_outwards(first: int) -> None:
    """Identities that hold exactly show what a float could not."""
    for number in range(first, min(first + 3, 25)):
        at = over({"x": (F(number, 7), F(number, 7))} | {"y": (F(number, 3), F(number, 3))})
        for text, sharp in (
            ("sin(x)", F(1, 2**58)),
            ("cos(x)", F(1, 2**58)),
            ("exp(x/9)", F(1, 2**55)),
            ("sqrt(x*x + 2)", F(1, 2**62)),
        ):
            low, high = bounds(term(text), at)
            assert 0 <= high - low < sharp, (text, number)
        for text in (
            "sin(x)*sin(x) + cos(x)*cos(x) - 1",
            "exp(x/9)*exp(-x/9) - 1",
            "sin(2*x) - 2*sin(x)*cos(x)",
            "sin(x + y) - sin(x)*cos(y) - cos(x)*sin(y)",
        ):
            low, high = bounds(term(text), at)
            assert low <= 0 <= high and high - low < F(1, 2**50), (text, number)
        low, high = bounds(term("sqrt(x*x + 2)"), at)
        assert low * low <= F(number, 7) ** 2 + 2 <= high * high


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("1/x", {"x": (0, 1)}),
        ("1/x", {"x": (-1, 0)}),
        ("1/x", {"x": (-1, 1)}),
        ("sqrt(x)", {"x": ("-1/1000000", 1)}),
        ("y", {"x": (0, 1)}),
        ("sin(x)", {"x": (0, "1000001")}),
        ("sin(x)", {"x": ("-1000001", 0)}),
        ("exp(x)", {"x": (0, "65")}),
        ("exp(x)", {"x": ("-65", 0)}),
    ],
)
def test_what_is_not_enclosed(text: str, box: Box) -> None:
    with pytest.raises(Refused):
        bounds(term(text), over(box))


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("x*y", (0, 1)),
        ("x*x*y", (0, 1)),
        ("2*w*w*y - w*y", (-1, 3)),
        ("w**3*y + 2*y", (-1, 3)),
        ("v*v*y - 1", (0, 3)),
        ("u*u*y", (0, 4)),
        ("3 - 2*u*y*y", (3, 7)),
        ("w*w*t", (0, 2)),
        ("s*s*t", (0, 8)),
        ("w**3*t", (-2, 2)),
        ("s**3*t", (-2, 16)),
        ("u*u*t", (1, 8)),
    ],
)
def test_with_too_many_coefficients_each_monomial_is_enclosed(
    text: str, ends: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verifier.check.bernstein.COEFFICIENTS_MAX", 4)
    box = {"x": (0, 1), "y": (0, 1), "w": (-1, 1), "v": (1, 2), "u": (-2, -1)}
    box |= {"s": (-1, 2), "t": (1, 2)}
    if text.startswith("v"):
        box["y"] = (1, 1)
    assert bounds(term(text), over(box)) == ends


def test_a_long_polynomial_is_enclosed_closely_at_a_point() -> None:
    """As the height of a hand over seven joints: 3^14 coefficients, and one value."""
    angles = [f"x{k}" for k in range(7)]
    text = " * ".join(f"(cos({a}) + 2*sin({a})**2)" for a in angles)
    at = {a: (f"{k + 1}/10", f"{k + 1}/10") for k, a in enumerate(angles)}
    low, high = bounds(term(text), over(at))
    value = math.prod(math.cos(k / 10) + 2 * math.sin(k / 10) ** 2 for k in range(1, 8))
    assert low <= F(value) * (1 + F(1, 10**12)) and F(value) * (1 - F(1, 10**12)) <= high
    assert high - low < F(1, 10**12)


def test_what_is_just_enclosed() -> None:
    assert bounds(term("sin(x)"), over({"x": (-(10**6), 10**6)})) == (-1, 1)
    low, high = bounds(term("exp(x)"), over({"x": (-64, 64)}))
    assert 0 < low < F(math.exp(-64)) and F(math.exp(64)) < high * (1 + F(1, 10**12))
    with pytest.raises(Refused):
        bounds(Apply("tan", (Variable("x"),)), over({"x": (0, 1)}))


# ---- covers ------------------------------------------------------------------------------------

LINE = {"x": ("-3", "3")}
SQUARE = {"x": ("-2", "2"), "y": ("-2", "2")}
PLAIN = Leaf(F(1), ())
GUARDED = Leaf(F(1), ((0, F(1)),))
NEVER = Leaf(F(0), ((0, F(1)),))

SHOWN: list[tuple[Claim, object, bool]] = [
    (claim(LINE, "x + 3"), PLAIN, True),
    (claim(LINE, "x + 3", strict=True), PLAIN, False),
    (claim(LINE, "x + 4", strict=True), PLAIN, True),
    (claim(LINE, "x + 2"), PLAIN, False),
    (claim(LINE, "-1", ["-1 - x*x"]), NEVER, False),
    (claim(LINE, "-1", ["x - 3"]), NEVER, False),
    (claim(LINE, "-1", ["x - 4"]), NEVER, True),
    (claim(LINE, "-1", ["x - 4"], strict=True), NEVER, True),
    (claim(LINE, "x", ["x"]), GUARDED, True),
    (claim(LINE, "x", ["x"]), Leaf(F(1), ((0, F(0)),)), False),
    (claim(LINE, "x", ["0", "x"]), Leaf(F(1), ((1, F(1)),)), True),
    (claim(LINE, "x", ["0", "x"]), Leaf(F(1), ((True, F(1)),)), False),
    (claim(LINE, "x", ["0", "x"]), Leaf(F(1), ((2, F(1)),)), False),
    (claim(LINE, "x", ["x"]), Leaf(F(1), [(0, F(1))]), False),  # type: ignore[arg-type]
    (claim(LINE, "x", ["x"]), Leaf(F(1), ([0, F(1)],)), False),  # type: ignore[arg-type]
    (claim(LINE, "x", ["x"]), Leaf(F(1), ((0, F(1), 0),)), False),  # type: ignore[arg-type]
    (claim(LINE, "x", ["x"]), Leaf(F(1), ((0, F(1)), (0, F(-1)))), False),
    (claim(LINE, "-1", ["x"]), Leaf(F(-1), ((0, F(0)),)), False),
    (claim(LINE, "x + 3"), Cut(0, F(-3), PLAIN, PLAIN), True),
    (claim(LINE, "x + 3"), Cut(0, F(3), PLAIN, PLAIN), True),
    (claim(LINE, "x + 3"), Cut(0, F(-4), PLAIN, PLAIN), False),
    (claim(LINE, "x + 3"), Cut(0, F(4), PLAIN, PLAIN), False),
    (claim(LINE, "x + 3"), Cut(1, F(0), PLAIN, PLAIN), False),
    (claim(LINE, "x + 3"), Cut(-1, F(0), PLAIN, PLAIN), False),
    (claim(LINE, "x + 3"), Cut(False, F(0), PLAIN, PLAIN), False),
    (claim(LINE, "x + 3"), Cut(0, 0, PLAIN, PLAIN), False),  # type: ignore[arg-type]
    (claim(LINE, "x"), Cut(0, F(0), PLAIN, PLAIN), False),
    (claim(LINE, "-x"), Cut(0, F(0), PLAIN, PLAIN), False),
    (claim(LINE, "x*x"), PLAIN, False),
    (claim(LINE, "x*x"), Cut(0, F(0), PLAIN, PLAIN), True),
    (claim(LINE, "abs(x) - 1", ["x - 1"]), Cut(0, F(0), NEVER, GUARDED), True),
    (claim(LINE, "abs(x) - 1", ["x - 1"]), Cut(0, F(0), GUARDED, NEVER), False),
    (claim(LINE, "x*x + 1"), Leaf(F(1), (), (F(0),)), True),
    (claim(LINE, "x*x"), Leaf(F(1), (), (F(0),)), True),
    (claim(LINE, "x*x", strict=True), Leaf(F(1), (), (F(0),)), False),
    (claim(LINE, "x*x - 1"), Leaf(F(1), (), (F(0),)), False),
    (claim(LINE, "x*x + 1"), Leaf(F(1), (), (F(1, 2),)), False),
    (claim(LINE, "1 - x*x"), Leaf(F(1), (), (F(0),)), False),
    (claim(LINE, "x + 3"), Leaf(F(1), (), (F(-3),)), True),
    (claim(LINE, "3 - x"), Leaf(F(1), (), (F(3),)), True),
    (claim(LINE, "3 - x"), Leaf(F(1), (), (F(-3),)), False),
    (claim(SQUARE, "x*x + y*y - x*y"), Leaf(F(1), (), (F(0), F(0))), True),
    (claim(SQUARE, "x*x + y*y - 2*x*y"), Leaf(F(1), (), (F(0), F(0))), True),
    (claim(SQUARE, "x*x + y*y - 3*x*y"), Leaf(F(1), (), (F(0), F(0))), False),
    (claim(SQUARE, "x*x + y*y"), Leaf(F(1), (), [F(0), F(0)]), False),  # type: ignore[arg-type]
    (claim(SQUARE, "x*x + y*y"), Leaf(F(1), (), (F(0),)), False),
    (claim(LINE, "-1/x", ["x - 4"]), NEVER, True),
    (claim(LINE, "x", ["x", "x - 1"]), Leaf(F(1), ((0, F(1)), (1, F(0)))), True),
    (claim(LINE, "x", ["x", "x - 1"]), Leaf(F(1), ((0, F(1)), (1, F(1)))), False),
    (claim(LINE, "2*x", ["x"]), Leaf(F(1, 2), ((0, F(1)),)), True),
    (claim(LINE, "x/2", ["x"]), Leaf(F(1), ((0, F(1, 2)),)), True),
    (claim({"x": ("1", "1")}, "x - 1"), PLAIN, True),
    (claim({"x": ("2", "1")}, "x - 3"), PLAIN, False),
    (claim({"x": ("2", "1")}, "x"), PLAIN, False),
    (Claim((*claim(LINE, "x").box, *claim(LINE, "x").box), (), term("x + 3")), PLAIN, False),
    (Claim(((("x", 0), 0, 1),), (), term("x + 3")), PLAIN, False),  # type: ignore[arg-type]
    (claim(LINE, "nobody"), PLAIN, False),
    (Claim(claim(LINE, "x").box, (), Apply("sin", "x")), PLAIN, False),  # type: ignore[arg-type]
    (Claim(claim(LINE, "x").box, ("x",), term("x + 3")), PLAIN, False),  # type: ignore[arg-type]
    (claim(LINE, "x + 3"), Leaf(1, ()), False),  # type: ignore[arg-type]
    (claim(LINE, "x + 3"), None, False),
    (claim(LINE, "exp(x) - 1", ["x"]), Leaf(F(1), ((0, F(1)),), (F(0),)), True),
    (claim(LINE, "x*x*x", ["x"]), Leaf(F(1), (), (F(-3),)), False),
    (claim(LINE, "x*x*x"), Leaf(F(1), (), (F(0),)), False),
    (claim({"x": ("0", "3")}, "x*x*x"), Leaf(F(1), (), (F(0),)), True),
    (claim({"x": ("-1", "3")}, "x*x*x + 5"), Leaf(F(1), (), (F(-1),)), False),
    (claim({"x": ("-1/9", "3")}, "x*x*x + 5"), Leaf(F(1), (), (F(-1, 9),)), False),
    (claim({"x": ("-3", "0")}, "-x*x*x"), Leaf(F(1), (), (F(0),)), True),
    (claim({"x": ("-3", "1")}, "5 - x*x*x"), Leaf(F(1), (), (F(1),)), False),
    (claim(LINE, "x/2 + 3"), Leaf(F(1), (), (F(-3),)), True),
    (claim(LINE, "3 - x/2"), Leaf(F(1), (), (F(3),)), True),
    (claim(LINE, "x/2 + 3"), Leaf(F(1), (), (F(3),)), False),
    (claim(LINE, "3 - x/2"), Leaf(F(1), (), (F(-3),)), False),
    (claim(LINE, "x/2 + 9"), Leaf(F(1), (), (F(0),)), False),
    (
        claim({"x": ("0", "4"), "y": ("0", "1")}, "x*x*x + 2*y*y - x*y*y"),
        Leaf(F(1), (), (F(0), F(0))),
        False,
    ),
]


@pytest.mark.parametrize("number", range(len(SHOWN)))
def test_a_leaf_shows_what_it_shows_and_no_more(number: int) -> None:
    asked, cover, good = SHOWN[number]
    outcome = judge_cover(asked, cover)  # type: ignore[arg-type]
    assert isinstance(outcome, Accepted if good else Rejected), outcome


def test_a_cover_has_a_greatest_number_of_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    two = Cut(0, F(0), PLAIN, PLAIN)
    three, asked = Cut(0, F(0), two, PLAIN), claim(LINE, "x + 3")
    monkeypatch.setattr("verifier.check.cover.NODES_MAX", 3)
    assert judge_cover(asked, two) == Accepted()
    assert isinstance(judge_cover(asked, three), Rejected)
    monkeypatch.setattr("verifier.check.cover.NODES_MAX", 5)
    assert judge_cover(asked, three) == Accepted()


def test_what_is_not_certain_breaks_nothing() -> None:
    """The middle of an enclosure: neither at least zero nor below it, as far as anyone can tell."""
    here = {"x": ("1", "1")}
    low, high = bounds(term("sin(x)"), over(here))
    middle = (low + high) / 2
    assert low < middle < high
    level, turned = _minus("sin(x)", middle), _minus("-sin(x)", -middle)
    assert isinstance(
        judge_counterexample(Claim(claim(here, "x").box, (level,), term("-x")), Violation((F(1),))),
        Rejected,
    )
    for strict in (False, True):
        for goal in (level, turned):
            asked = Claim(claim(here, "x").box, (), goal, strict)
            assert isinstance(judge_counterexample(asked, Violation((F(1),))), Rejected)
    wide = claim({"x": ("0", "2")}, "x").box
    for start, end in ((F(1), F(2)), (F(2), F(1)), (F(0), F(1)), (F(1), F(0))):
        asked = Claim(wide, (level, turned), term("-1 - x"))
        assert isinstance(judge_counterexample(asked, Crossing(0, 1, (start,), (end,))), Rejected)
        asked = Claim(wide, (turned, level), term("-1 - x"))
        assert isinstance(judge_counterexample(asked, Crossing(0, 1, (start,), (end,))), Rejected)
    for start, end in ((F(0), F(2)), (F(2), F(0))):
        asked = Claim(wide, (level, turned), term("-1 - x"))
        assert judge_counterexample(asked, Crossing(0, 1, (start,), (end,))) == Accepted()


def test_the_lowest_value_is_taken_from_below() -> None:
    here, box = {"x": ("1", "1")}, {"x": ("1", "2")}
    low, high = bounds(term("exp(x)"), over(here))
    point = Leaf(F(1), (), (F(1),))
    for level, good in ((low, True), ((low + high) / 2, False), (high, False)):
        asked = Claim(claim(box, "x").box, (), _minus("exp(x)", level))
        assert isinstance(judge_cover(asked, point), Accepted) == good


def _minus(text: str, value: Fraction) -> Term:
    return add(term(text), Number(-value))


EVIDENCE: list[tuple[object, str]] = [
    (Violation((F(1, 2), F(-3))), '{"kind": "violation", "point": ["1/2", "-3"]}'),
    (
        Crossing(3, 4, (F(1), F(2)), (F(0), F(1, 3))),
        '{"kind": "crossing", "guards": [3, 4], "start": ["1", "2"], "end": ["0", "1/3"]}',
    ),
    (
        Cut(
            1, F(1, 2), Leaf(F(1), ((0, F(2)), (2, F(0)))), Cut(0, F(-1), NEVER, Leaf(F(1), (), ()))
        ),
        '{"kind": "cover", "nodes": [["cut", 1, "1/2"], ["leaf", "1", [[0, "2"], [2, "0"]], null],'
        ' ["cut", 0, "-1"], ["leaf", "0", [[0, "1"]], null], ["leaf", "1", [], []]]}',
    ),
    (
        Leaf(F(2, 3), (), (F(1), F(-1, 2))),
        '{"kind": "cover", "nodes": [["leaf", "2/3", [], ["1", "-1/2"]]]}',
    ),
]


@pytest.mark.parametrize("number", range(len(EVIDENCE)))
def test_evidence_is_written_and_read_in_one_way(number: int) -> None:
    evidence, text = EVIDENCE[number]
    assert encode_evidence(evidence) == json.loads(text)  # type: ignore[arg-type]
    assert decode_evidence(json.loads(text)) == evidence


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "violation", "point": ["1"], "end": []}',
        '{"kind": "violation", "points": ["1"]}',
        '{"kind": "violation"}',
        '{"kind": "crossing", "guards": [0, 1], "start": [], "end": [], "more": 1}',
        '{"kind": "crossing", "guards": [0, 1], "start": []}',
        '{"kind": "crossing", "guards": [0], "start": [], "end": []}',
        '{"kind": "crossing", "guards": [0, 1, 2], "start": [], "end": []}',
        '{"kind": "crossing", "guards": [0, true], "start": [], "end": []}',
        '{"kind": "cover", "nodes": [], "more": 1}',
        '{"kind": "cover", "nodes": []}',
        '{"kind": "cover"}',
        '{"kind": "cover", "nodes": [["twig"], ["leaf", "1", [], null]]}',
        '{"kind": "cover", "nodes": [["leaf", "1", [], null], ["leaf", "1", [], null]]}',
        '{"kind": "cover", "nodes": [["cut", 0, "1"], ["leaf", "1", [], null]]}',
        '{"kind": "cover", "nodes": [["cut", 0, "1"]]}',
        '{"kind": "lid", "nodes": []}',
        '{"kind": null}',
        "[]",
        "null",
    ],
)
def test_evidence_that_is_written_otherwise_is_not_read(text: str) -> None:
    with pytest.raises(Refused):
        decode_evidence(json.loads(text))


ON = ("x - y", "y - x")

BROKEN: list[tuple[Claim, object, bool]] = [
    (claim(LINE, "x"), Violation((F(-1),)), True),
    (claim(LINE, "x"), Violation((F(-3),)), True),
    (claim(LINE, "-x"), Violation((F(3),)), True),
    (claim(LINE, "x"), Violation((F(-4),)), False),
    (claim(LINE, "x"), Violation((F(0),)), False),
    (claim(LINE, "x", strict=True), Violation((F(0),)), True),
    (claim(LINE, "x", strict=True), Violation((F(1),)), False),
    (claim(LINE, "x - 1", ["x"]), Violation((F(0),)), True),
    (claim(LINE, "x - 1", ["x", "x - 1/2"]), Violation((F(0),)), False),
    (claim(LINE, "x"), Violation([F(-1)]), False),  # type: ignore[arg-type]
    (claim(LINE, "x"), Violation((F(-1), F(0))), False),
    (claim(LINE, "x"), "there", False),
    (claim(SQUARE, "-2 - x*x", ON), Crossing(0, 1, (F(-1), F(1)), (F(1), F(-1))), True),
    (claim(SQUARE, "-2 - x*x", ON), Crossing(0, 1, (F(1), F(-1)), (F(-1), F(1))), True),
    (claim(SQUARE, "-2 - x*x", ON), Crossing(1, 0, (F(1), F(-1)), (F(-1), F(1))), True),
    (claim(SQUARE, "-2 - x*x", ON), Crossing(0, 1, (F(1), F(1)), (F(2), F(-2))), True),
    (claim(SQUARE, "-2 - x*x", ON), Crossing(0, 1, (F(1), F(0)), (F(2), F(-2))), False),
    (claim(SQUARE, "-2 - x*x", ON), Crossing(0, 1, (F(0), F(1)), (F(-2), F(2))), False),
    (claim(SQUARE, "-2 - x*x", ON), Crossing(0, 0, (F(-1), F(1)), (F(1), F(-1))), False),
    (claim(SQUARE, "-2 - x*x", ON), Crossing(0, 2, (F(-1), F(1)), (F(1), F(-1))), False),
    (claim(SQUARE, "-2 - x*x", ON), Crossing(0, -1, (F(-1), F(1)), (F(1), F(-1))), False),
    (claim(SQUARE, "-2 - x*x", ON), Crossing(False, True, (F(-1), F(1)), (F(1), F(-1))), False),
    (claim(SQUARE, "-2 - x*x", ON), Crossing(0, 1, (F(-1), F(3)), (F(1), F(-1))), False),
    (claim(SQUARE, "-2 - x*x", ON), Crossing(0, 1, (F(-1), F(1)), (F(1), F(-3))), False),
    (claim(SQUARE, "x - 1", ON), Crossing(0, 1, (F(-1), F(1)), (F(1), F(-1))), False),
    (claim(SQUARE, "x - 1", ON, True), Crossing(0, 1, (F(-1), F(1)), (F(1), F(-1))), True),
    (claim(SQUARE, "x - 2", ON), Crossing(0, 1, (F(-1), F(1)), (F(1), F(-1))), True),
    (claim(SQUARE, "x - 2", [*ON, "x + 1"]), Crossing(0, 1, (F(-1), F(1)), (F(1), F(-1))), True),
    (claim(SQUARE, "x - 2", [*ON, "x"]), Crossing(0, 1, (F(-1), F(1)), (F(1), F(-1))), False),
    (claim(SQUARE, "x - 2", [*ON, "-x"]), Crossing(0, 1, (F(-1), F(1)), (F(1), F(-1))), False),
    (claim(SQUARE, "x - 2", ["x - y", "y - x + 1"]),
     Crossing(0, 1, (F(-1), F(1)), (F(1), F(-1))), False),
    (claim(SQUARE, "-1 - abs(x)/(3 + y)", ON), Crossing(0, 1, (F(-1), F(1)), (F(1), F(-1))), True),
    (claim(LINE, "-1", ["x", "-x"]), Crossing(0, 1, (F(0),), (F(1),)), True),
    (claim(LINE, "-1", ["x", "-x"]), Crossing(0, 1, (F(-1),), (F(0),)), True),
    (claim(LINE, "-1", ["x", "-x"]), Crossing(0, 1, (F(0),), (F(-1),)), True),
    (claim(LINE, "-1", ["x", "-x"]), Crossing(0, 1, (F(1),), (F(0),)), True),
    (claim(LINE, "-1", ["x", "-x"]), Crossing(0, 1, (F(1, 2),), (F(1),)), False),
    (claim(LINE, "-1", ["x", "-x"]), Crossing(0, 1, (F(-1, 2),), (F(-1),)), False),
    (claim(LINE, "x", ["x", "-x"], True), Crossing(0, 1, (F(-1),), (F(1),)), False),
    (claim(LINE, "x", ["x", "-x"]), Crossing(0, 1, (F(-1),), (F(1),)), False),
    (claim(LINE, "x - 1", ["x", "-x"], True), Crossing(0, 1, (F(-1),), (F(1),)), True),
    (claim(LINE, "nobody", ["x", "-x"]), Crossing(0, 1, (F(-1),), (F(1),)), False),
    (claim(LINE, "-1", ["x", "-x", "0"]), Crossing(0, 1, (F(-1),), (F(1),)), True),
    (claim(LINE, "-1", ["x", "-x", "1/2"]), Crossing(0, 1, (F(-1),), (F(1),)), True),
    (claim(LINE, "-1", ["1/2"]), Violation((F(1),)), True),
    (claim(LINE, "-1", ["0"]), Violation((F(1),)), True),
    (claim(LINE, "-1/2"), Violation((F(1),)), True),
    (Claim(claim(LINE, "x").box, (), Variable("x", 1)), Violation((F(-1),)), False),
    (Claim(claim(LINE, "x").box, (term("x"), term("-x")), Variable("x", 1)),
     Crossing(0, 1, (F(-1),), (F(1),)), False),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_a_counterexample_breaks_what_it_breaks_and_no_more(number: int) -> None:
    asked, found, good = BROKEN[number]
    outcome = judge_counterexample(asked, found)  # type: ignore[arg-type]
    assert isinstance(outcome, Accepted if good else Rejected), outcome


@pytest.mark.parametrize(
    "node",
    [
        '["leaf", "1", []]',
        '["leaf", "1", [], null, null]',
        '["cut", 0, "1", 0]',
        '["twig", "1", [], null]',
        '"leaf"',
        '["leaf", "1", [[0]], null]',
        '["leaf", "1", [], "0"]',
        '["cut", "0", "1"]',
        "[]",
        "{}",
    ],
)
def test_a_node_has_one_form(node: str) -> None:
    with pytest.raises(Refused):
        decode_evidence(json.loads(f'{{"kind": "cover", "nodes": [{node}]}}'))
