"""Tables written by hand: proved, or refuted with a start and a time that exact arithmetic replays,
and looked at by sampling."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from motions import complaints

from verifier.check.judge import judge_counterexample
from verifier.check.outcome import Accepted, Rejected
from verifier.cli.arguments import main
from verifier.core.curve import position
from verifier.core.motion import Family, Strayed
from verifier.core.obligation import Obligation, Passage
from verifier.core.verdict import Proved, Refuted, Verdict, Witness
from verifier.judging import Effort, judged
from verifier.source import settled

CUBE = "box(lower = [1, 1, 1], upper = [2, 2, 2])"
ROOM = "state { p : real[3] m in box(lower = 0, upper = 10) }\n"
BLOCK = "obstacle block : real[3] m = box(lower = [4, 0, 0], upper = [5, 10, 10])\n"
STRAIGHT = "velocity [1, 0, 0] after 1 s  velocity [1, 0, 0] after 4 s  velocity 0 after 1 s"
LIMITS = "speed 1 m/s  acceleration 1 m/s^2"


def told(
    world: str, table: str = STRAIGHT, limits: str = LIMITS, start: str = CUBE
) -> tuple[Obligation, Verdict]:
    """What is said of the table of a skill `Go` in this world."""
    text = f"""{ROOM}{world}
    motion p {{ {limits} }}
    skill Go {{
        initial  p in {start}
        terminal p in box(lower = 0, upper = 10)
        duration 0 s .. 20 s
        transition p {{ {table} }}
    }}
    chain C {{ assume p in {start}  Go()  achieve p[1] >= 0 m }}"""
    source = settled("here.contract", text)
    answers = judged(source.model, source.model.chains["C"], Effort(5.0, 1), lambda *_: None)
    (own,) = [each for each in answers if each.obligation.rule == "transition"]
    return own.obligation, own.verdict


def strayed(world: str, table: str = STRAIGHT, limits: str = LIMITS, start: str = CUBE) -> Strayed:
    obligation, verdict = told(world, table, limits, start)
    assert isinstance(verdict, Refuted) and isinstance(verdict.evidence, Strayed)
    assert judge_counterexample(obligation, verdict.evidence) == Accepted()
    return verdict.evidence


def is_proved(world: str, table: str = STRAIGHT, limits: str = LIMITS) -> bool:
    _, verdict = told(world, table, limits)
    return isinstance(verdict, Proved) and isinstance(verdict.evidence, Family)


BALL = "obstacle lamp : real[3] m = ball(center = [4, {y}, 1.5], radius = 50 cm)\n"
ZONES = """zone left : real[3] m = box(lower = 0, upper = [3, 10, 10])
zone right : real[3] m = box(lower = [4, 0, 0], upper = 10)
"""


@pytest.mark.parametrize(
    ("world", "limits"),
    [
        (BLOCK, LIMITS),
        (BALL.format(y="1.5"), LIMITS),
        (BALL.format(y="2.8"), f"{LIMITS}  clearance 40 cm"),
        (BALL.format(y="2.8"), f"{LIMITS}  body ball(radius = 40 cm)"),
        (ZONES, f"{LIMITS}  inside left, right"),
    ],
)
def test_what_is_in_the_way_refutes_a_table_with_a_time(world: str, limits: str) -> None:
    strayed(world, limits=limits)


def test_what_is_beside_the_way_does_not() -> None:
    beside = "obstacle block : real[3] m = box(lower = [4, 3, 0], upper = [5, 10, 10])\n"
    joined = ZONES.replace("upper = [3,", "upper = [4,")
    assert is_proved("")
    assert is_proved(beside)
    assert is_proved(BALL.format(y="3.5"), limits=f"{LIMITS}  clearance 40 cm")
    assert is_proved(joined, limits=f"{LIMITS}  inside left, right")


def test_a_thin_wall_between_two_knots_is_met() -> None:
    thin = "obstacle pane : real[3] m = box(lower = [4.4321, 0, 0], upper = [4.4322, 10, 10])\n"
    found = strayed(thin)
    assert Fraction(44321, 10000) <= found.start[0] + found.time - Fraction(1, 2) <= Fraction(9, 2)


def test_a_table_that_leaves_the_domain_and_comes_back() -> None:
    table = """velocity [-1, 0, 0] after 1 s  velocity [-1, 0, 0] after 1 s
               velocity [1, 0, 0] after 2 s  velocity [1, 0, 0] after 1 s  velocity 0 after 1 s"""
    assert strayed("", table).start[0] < 2


def test_a_round_set_of_starts_is_looked_at_from_inside() -> None:
    ball = "ball(center = [2, 2, 2], radius = 1)"
    found = strayed(BLOCK, start=ball)
    assert sum((x - 2) ** 2 for x in found.start) <= 1
    far = "obstacle block : real[3] m = box(lower = [9, 0, 0], upper = [9.5, 10, 10])\n"
    _, verdict = told(far, start=ball)
    assert isinstance(verdict, Proved)
    hasty = told(far, STRAIGHT.replace("after 1 s", "after 0.5 s"), start=ball)[1]
    assert isinstance(hasty, Refuted) and isinstance(hasty.evidence, Witness)


def test_lies_about_a_start_and_a_time_are_rejected() -> None:
    obligation, verdict = told(BLOCK)
    assert isinstance(verdict, Refuted) and isinstance(verdict.evidence, Strayed)
    true = verdict.evidence
    lies: list[object] = [
        replace(true, time=Fraction(1)),
        replace(true, time=Fraction(-1)),
        replace(true, time=Fraction(7)),
        replace(true, start=(Fraction(0),) * 3),
        replace(true, start=true.start[:2]),
        replace(true, start=(*true.start[:2], 1.5)),
        replace(true, time=3.5),
        None,
    ]
    for lie in lies:
        assert isinstance(judge_counterexample(obligation, lie), Rejected)


def test_random_tables_agree_with_sampling() -> None:
    """What is proved has nothing to complain about, and what is refuted has."""
    chance = random.Random(3)
    seen = {True: 0, False: 0}
    for _ in range(14):
        low = [chance.randrange(0, 8) for _ in range(3)]
        high = [x + chance.randrange(1, 3) for x in low]
        world = f"obstacle block : real[3] m = box(lower = {low}, upper = {high})\n"
        turns = [[chance.randrange(-2, 4) / 4 for _ in range(3)] for _ in range(3)]
        knots = "  ".join(f"velocity {turn} after 2 s" for turn in turns)
        obligation, verdict = told(world, f"{knots}  velocity 0 after 2 s")
        question = obligation.question
        assert isinstance(question, Passage)
        match verdict:
            case Proved(Family() as family):
                assert complaints(question.problem, family, 6) == []
                seen[True] += 1
            case Refuted(Strayed(start, time)):
                spot = position(question.plan, start, 3, time)
                out = any(not 0 <= x <= 10 for x in spot)
                assert out or all(a <= x <= b for a, x, b in zip(low, spot, high, strict=True))
                seen[False] += 1
            case _:
                assert isinstance(verdict, Refuted)  # by a bound on speed, or the end
    assert min(seen.values()) >= 2


def test_the_start_and_the_place_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "go.contract"
    path.write_text(
        f"""{ROOM}{BLOCK}motion p {{ {LIMITS} }}
        skill Go {{ initial p in {CUBE}  terminal p in box(lower = 0, upper = 10)
                    duration 6 s .. 6 s  transition p {{ {STRAIGHT} }} }}
        chain C {{ assume p in {CUBE}  Go()  achieve p[1] >= 0 m }}"""
    )
    assert main(["check", str(path)]) == 1
    said = capsys.readouterr().out
    assert "leads into an obstacle" in said and "after 3.5 s" in said and "[4, 1, 1] m" in said
    assert main(["check", str(path), "--format", "json"]) == 1
    (chain,) = json.loads(capsys.readouterr().out)["chains"]
    (shown,) = [each["witness"] for each in chain["obligations"] if each["witness"]]
    assert shown["kind"] == "strayed" and shown["time_s"] == "3.5"
    assert shown["start"] == {"p": ["1", "1", "1"]} and shown["position"] == {"p": ["4", "1", "1"]}
