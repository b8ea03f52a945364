"""Containment of sets: no wrong answer in either direction, and every answer judged."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from containments import (
    Case,
    corners_in_ball,
    polytope,
    probes,
    random_case,
    random_mixed,
    random_polytopes,
    terms,
)

from verifier.check.containment import Contained, NotContained, judge_containment
from verifier.check.containment_codec import decode_containment, encode_containment
from verifier.check.outcome import Rejected
from verifier.check.polynomial import Refused
from verifier.core.containment import Containment
from verifier.core.region import (
    Ball,
    Box,
    ConvexHull,
    Ellipsoid,
    Halfspace,
    Hull,
    Image,
    Intersection,
    MinkowskiSum,
    Polytope,
    Zonotope,
)
from verifier.core.term import Number
from verifier.core.verdict import Unknown
from verifier.solve.containment import find


def answered(cases: Iterable[Case]) -> Counter[str]:
    """How many answers there were of each kind. Fails on the first wrong or refused one."""
    counted: Counter[str] = Counter()
    for number, case in enumerate(cases):
        found = find(case.question)
        if isinstance(found, Unknown):
            counted[f"unknown: {case.name}: {found.reason}"] += 1
            continue
        verdict = judge_containment(case.question, found)
        where = f"case {number}, {case.name}: {case.question}"
        assert isinstance(verdict, Contained | NotContained), f"{where}: {verdict}"
        assert isinstance(verdict, Contained) == case.contained, f"wrong: {where}"
        counted["contained" if case.contained else "not contained"] += 1
    return counted


@pytest.mark.parametrize("size", [2, 3, 4, 7])
def test_no_wrong_answer_at_a_hairs_breadth(size: int) -> None:
    rng = random.Random(size)
    counted = answered(case for _ in range(4 if size < 5 else 1) for case in probes(rng, size))
    assert counted["contained"] > 5 and counted["not contained"] > 5
    assert set(counted) == {"contained", "not contained"}


def test_random_questions_against_vertices_and_formulas() -> None:
    rng = random.Random(1)
    counted = answered(random_case(rng) for _ in range(1_000))
    assert counted["contained"] > 300 and counted["not contained"] > 300
    assert sum(counted[key] for key in counted if key.startswith("unknown")) <= 10, counted


@pytest.mark.nightly
def test_ten_thousand_random_questions() -> None:
    rng = random.Random(2)
    counted = answered(random_case(rng) for _ in range(10_000))
    assert counted["contained"] > 3_000 and counted["not contained"] > 3_000


def test_sets_of_all_kinds_in_space() -> None:
    rng = random.Random(3)
    answered(random_mixed(rng, 3) for _ in range(40))


def test_the_margin_is_how_far_the_inner_set_may_grow() -> None:
    """Grown by the margin it is still inside, and grown by a little more it is not."""
    rng = random.Random(4)
    told = 0
    for _ in range(150):
        case = rng.choice((random_polytopes, random_mixed, corners_in_ball))(rng, 2)
        judged = judge_containment(case.question, find(case.question))
        if not isinstance(judged, Contained) or not judged.margin:
            continue
        told += 1
        inner, outer, size = case.question.inner, case.question.outer, case.question.size
        around = terms((Fraction(0),) * size)
        for share, inside in ((Fraction(1), True), (Fraction(100_001, 100_000), False)):
            grown = MinkowskiSum((inner, Ball(around, judged.margin * share)))
            question = Containment(grown, outer, size)
            found = find(question)
            if not isinstance(found, Unknown):
                verdict = judge_containment(question, found)
                assert isinstance(verdict, Contained) == inside, (case, share)
    assert told > 20


@pytest.mark.parametrize(
    "nothing",
    [(((1, 0), -1), ((-1, 0), 0)), (((-3, 2), -1), ((3, 2), 1), ((0, -1), -2))],
    ids=["a strip", "a triangle"],
)
def test_what_has_no_end_is_not_in_what_is_empty(nothing: Any) -> None:
    """A ray of the inner set was once said to leave the outer one, in which no row grows."""
    question = Containment(Halfspace(row(1, 1), Number(Fraction(1))), rows(*nothing), 2)
    assert isinstance(judge_containment(question, find(question)), NotContained)


# ---- certificates ------------------------------------------------------------------------------


def row(*values: int | str) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, values))


def box(*sides: tuple[int | str, int | str]) -> Box:
    return Box(terms(row(*(low for low, _ in sides))), terms(row(*(high for _, high in sides))))


def ball(*center: int | str, radius: int | str) -> Ball:
    return Ball(terms(row(*center)), Fraction(radius))


def rows(*lines: tuple[tuple[int, ...], int]) -> Polytope:
    return polytope([row(*line) for line, _ in lines], row(*(bound for _, bound in lines)))


TRIANGLE = rows(((-1, 0), 0), ((0, -1), 0), ((1, 1), 2))
SQUARE = rows(((1, 0), 1), ((-1, 0), 1), ((0, 1), 1), ((0, -1), 1))
LENS = Intersection((SQUARE, ball(0, 0, radius="5/4")))
STRIP = Intersection((rows(((-1, 0), 0)), Halfspace(row(1, 0), Number(Fraction(1)), True)))
HOUSE = Hull((row(0, 0), row(2, 0), row(2, 2), row(1, 3), row(0, 2)))
EGG = Ellipsoid(terms(row(0, 0)), (row(4, 1), row(1, 2)))

HONEST_QUESTIONS = {
    "rows": Containment(TRIANGLE, rows(((1, 0), 2), ((2, 1), 5)), 2),
    "equation": Containment(
        Intersection((Hull((row(0, 0), row(2, 2))), TRIANGLE)), rows(((1, 0), 1)), 2
    ),
    "strict": Containment(STRIP, Halfspace(row(1, 0), Number(Fraction(1)), True), 2),
    "round": Containment(LENS, rows(((3, 4), 7)), 2),
    "extent": Containment(ball(1, 1, radius=2), rows(((3, 4), 17), ((1, 0), 3)), 2),
    "empty": Containment(rows(((1, 0), 0), ((-1, 0), -1)), SQUARE, 2),
    "balls": Containment(ball(1, 0, radius=1), ball(0, 0, radius=2), 2),
    "ellipsoids": Containment(EGG, Ellipsoid(terms(row("1/4", 0)), (row(8, 1), row(1, 5))), 2),
    "corners": Containment(HOUSE, ball(1, 1, radius=2), 2),
    "facets": Containment(ball(1, 1, radius="1/2"), HOUSE, 2),
    "members": Containment(
        SQUARE, MinkowskiSum((box(("-1/2", "1/2"), (-1, 1)), ball(0, 0, radius=1))), 2
    ),
    "part": Containment(
        ball(0, 0, radius=1), ConvexHull((box((3, 4), (0, 1)), ball(0, 0, radius=2))), 2
    ),
    "terms": Containment(
        MinkowskiSum((box((0, 1), (0, 1)), ball(0, 0, radius=1))),
        MinkowskiSum((ball(0, 0, radius=2), box((0, 1), (0, 2)))),
        2,
    ),
    "narrowed": Containment(LENS, ball(0, 0, radius="5/4"), 2),
    "point": Containment(SQUARE, TRIANGLE, 2),
    "point of a sum": Containment(
        Zonotope(terms(row(0, 0)), (row(1, 0), row(1, 1))), ball(0, 0, radius=2), 2
    ),
    "ray": Containment(rows(((-1, 0), 0)), rows(((-1, 0), 3), ((1, 1), 5)), 2),
    "ray of a cone": Containment(rows(((-1, 0), 0), ((1, -1), 0)), box((0, 1), (0, 1)), 2),
}

QUESTIONS = HONEST_QUESTIONS | {
    "row before": Containment(TRIANGLE, rows(((1, 0), 2), ((2, 1), 3)), 2),
    "edge of the open": Containment(SQUARE, Halfspace(row(1, 0), Number(Fraction(1)), True), 2),
    "open in a smaller": Containment(STRIP, rows(((2, 0), 1)), 2),
    "round before": Containment(LENS, rows(((3, 4), 6)), 2),
    "extent before": Containment(ball(1, 1, radius=2), rows(((3, 4), 16), ((1, 0), 3)), 2),
    "extent open": Containment(
        ball(1, 1, radius=2), Halfspace(row(3, 4), Number(Fraction(17)), True), 2
    ),
    "extent without end": Containment(
        Box(terms(row(0, 0)), (Number(Fraction(1)), None)), rows(((0, 1), 9)), 2
    ),
    "not empty": Containment(rows(((1, 0), 1), ((-1, 0), -1)), SQUARE, 2),
    "balls apart": Containment(ball(1, 0, radius=1), ball(0, 0, radius="199/100"), 2),
    "ellipsoid too large": Containment(EGG, Ellipsoid(terms(row(3, 0)), (row(8, 1), row(1, 5))), 2),
    "half a plane in a ball": Containment(rows(((1, 0), 0)), ball(0, 0, radius=9), 2),
    "corner out": Containment(HOUSE, ball(1, 1, radius="7/5"), 2),
    "facet passed": Containment(ball(1, 1, radius="9/8"), HOUSE, 2),
    "facets of the open": Containment(box((0, 1)), Image((row(1, 0),), terms(row(0)), STRIP), 1),
    "member out": Containment(
        SQUARE, MinkowskiSum((box(("-1/2", "1/4"), (-1, 1)), ball(0, 0, radius="1/2"))), 2
    ),
    "wrong part": Containment(
        ball(0, 0, radius=3), ConvexHull((box((3, 4), (0, 1)), ball(0, 0, radius=2))), 2
    ),
    "terms too large": Containment(
        MinkowskiSum((box((0, 3), (0, 1)), ball(0, 0, radius=1))),
        MinkowskiSum((ball(0, 0, radius=2), box((0, 1), (0, 2)))),
        2,
    ),
    "narrowed too far": Containment(LENS, ball(0, 0, radius="6/5"), 2),
    "inside": Containment(SQUARE, rows(((-1, 0), 1), ((0, -1), 1), ((1, 1), 2)), 2),
    "hull with an empty part": Containment(
        ConvexHull((box((0, 1), (0, 1)), rows(((1, 0), 0), ((-1, 0), -1)))), box((0, 1), (0, 1)), 2
    ),
    "nothing wanted": Containment(SQUARE, Intersection(()), 2),
}

FOLDER = Path(__file__).parent / "forgeries" / "containment"
HONEST = json.loads((FOLDER / "honest.json").read_text(encoding="utf-8"))
LIES = [
    json.loads(line) for line in (FOLDER / "lies.jsonl").read_text(encoding="utf-8").splitlines()
]
Verdict = Contained | NotContained | Rejected


def verdict(question: Containment, data: Any) -> Verdict:
    try:
        return judge_containment(question, decode_containment(data))
    except Refused as refusal:
        return Rejected(str(refusal))


@pytest.mark.parametrize("name", HONEST_QUESTIONS)
def test_the_honest_certificate_is_accepted(name: str) -> None:
    assert not isinstance(verdict(HONEST_QUESTIONS[name], HONEST[name]), Rejected)
    again = encode_containment(decode_containment(json.loads(json.dumps(HONEST[name]))))
    assert again == HONEST[name]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie["name"])
def test_the_forgery_is_not_accepted(lie: dict[str, Any]) -> None:
    forged = {"it": json.loads(json.dumps(HONEST[lie["about"]]))}
    for path, value in lie["edits"]:
        place: Any = forged
        for step in ["it", *path][:-1]:
            place = place[step]
        place[["it", *path][-1]] = value
    judged = verdict(QUESTIONS[lie.get("question", lie["about"])], forged["it"])
    assert isinstance(judged, Rejected), judged
    assert lie["because"] in judged.reason


def test_every_kind_of_certificate_has_forgeries() -> None:
    told = Counter(lie["kind"] for lie in LIES)
    kinds = "combination round strict vacuous extent point triangle multiplier facets members part"
    for kind in (*kinds.split(), "narrowed", "termwise", "outside", "escape", "form"):
        assert told[kind] >= 3, kind
