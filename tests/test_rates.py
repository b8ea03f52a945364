"""Commands that may only change so fast: what is proved of joints that brake within a rate, and the
compiled guard under policies that know no limits."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import inf, nan
from pathlib import Path

import pytest
from bundles import design_of_chain, files_of, gcc, model_of, self_test_agrees

from verifier.core.verdict import Proved
from verifier.emit.binding import Compiled, loaded
from verifier.emit.bundle import guard_files
from verifier.emit.reference import Sample
from verifier.judging import Effort, judged
from verifier.report.values import Answer, status
from verifier.source import settled

F = Fraction
MS = 10**6

SPEED = """
state {{ q : real[2] rad in box(lower = [-2, -1], upper = [2, 1.5]) }}
plant joint {{
    input    dq : real[2] rad/s in box(lower = [-2, -1], upper = [2, 3])
    {dynamics}
    period   1 ms
    rate     dq in box(lower = {low}, upper = {high})
}}
barrier limit[j in 1 .. 2] = (q[j] - q.lower[j]) * (q.upper[j] - q[j]) {gain}
skill Move {{ modifies q }}
chain C {{ Move() }}
"""


def speeds(
    rate: str, gain: str = "", dynamics: str = "dynamics der(q) = dq", low: str | None = None
) -> str:
    return SPEED.format(high=rate, low=low or f"-{rate}", gain=gain, dynamics=dynamics)


def answers(text: str) -> dict[str, Answer]:
    """What the plant owes, by obligation."""
    model = settled("rates.spec", text).model
    chain = next(chain for name, chain in model.chains.items() if name == "joint")
    found = judged(model, chain, Effort(8.0, 1), lambda done, total: None)
    return {answer.obligation.id.partition("/")[2]: answer for answer in found}


# ---- what is proved ----------------------------------------------------------------------------


def test_the_room_that_braking_takes_is_the_sum_of_its_steps() -> None:
    """Within A T^2 / 8, which the last step may cost."""
    source = random.Random(1)
    for _ in range(200):
        rate, period = F(source.randint(1, 90)), F(source.randint(1, 40), 1000)
        speed = F(source.randint(1, 4000), 1000)
        room, w = F(0), speed
        while w > 0:
            w = max(w - rate * period, F(0))
            room += period * w
        needed = (speed - rate * period / 2) ** 2 / (2 * rate)
        assert room <= needed <= room + rate * period**2 / 8


@pytest.mark.parametrize("gain", ["", "alpha 3 Hz"])
def test_limits_are_kept_by_braking_at_the_rate(gain: str) -> None:
    found = answers(speeds("10", gain))
    assert all(isinstance(answer.verdict, Proved) for answer in found.values())
    parts = {key.partition(".upper/")[2] for key in found if key.startswith("limit[2].upper/")}
    owed = {"baseline/fast", "baseline/away", "sampling/rate", "feasibility/least"}
    assert owed <= parts and ("feasibility/rate" in parts) == bool(gain)


def test_a_gain_that_the_rate_does_not_support_is_refuted_with_a_state() -> None:
    """A row that was kept one period before is broken, though the joint brakes as it can."""
    found = answers(speeds("10", "alpha 4 Hz"))
    refuted = {key: answer for key, answer in found.items() if status(answer.verdict) == "refuted"}
    assert set(refuted) == {"limit[2].upper/feasibility/rate"}
    (answer,) = refuted.values()
    q, w = answer.state["q[2]"], answer.state["dq[2] before"]
    assert isinstance(q, Fraction) and isinstance(w, Fraction)
    assert w <= 4 * (F(3, 2) - (q - w / 1000)) and q <= F(3, 2) and w <= 3
    assert w - 10 * F(1, 1000) > 4 * (F(3, 2) - q)


def test_standing_at_once_is_refuted_with_the_command_before() -> None:
    text = speeds("10", dynamics="dynamics der(q) = dq  baseline hold")
    found = answers(text + "barrier round = 4 rad^2 - q[1]^2 - q[2]^2  alpha 1 Hz")
    fall = found["round/baseline/dq[1].fall"]
    before = fall.state["dq[1] before"]
    assert status(fall.verdict) == "refuted" and isinstance(before, Fraction)
    assert before > 10 * F(1, 1000)


@pytest.mark.parametrize(("gain", "word"), [("1.5", "proved"), ("4", "refuted")])
def test_a_law_owes_how_much_it_changes_in_a_period(gain: str, word: str) -> None:
    law = f"baseline [-{gain} 1/s * q[1], 0 rad/s]"
    found = answers(speeds("5", dynamics=f"dynamics der(q) = dq  {law}"))
    change = found["limit[1].lower/baseline/change of dq[1]/upper"]
    assert status(change.verdict) == word
    if word == "refuted":
        q = change.state["q[1]"]
        assert isinstance(q, Fraction) and 4 * 4 * abs(q) > 5


@pytest.mark.parametrize(("rate", "word"), [("10", "refuted"), ("40", "proved")])
def test_corrections_leave_something_of_the_rate(rate: str, word: str) -> None:
    noise = """disturbance w : real[2] rad/s in box(lower = -0.01, upper = 0.01)
    error q in box(lower = -0.001, upper = 0.001)
    dynamics der(q) = dq + w"""
    found = answers(speeds(rate, dynamics=noise))
    tube = [answer for key, answer in found.items() if "/tube of q[1]/rate" in key]
    assert len(tube) == 2 and {status(answer.verdict) for answer in tube} == {word}


def test_a_rate_to_one_side_brakes_nothing() -> None:
    with pytest.raises(Exception) as refused:
        answers(speeds("10", low="0"))
    assert "no change of `dq[1]` stops `q[1]`" in str(refused.value)


# ---- the compiled guard ------------------------------------------------------------------------

Policy = Callable[[random.Random, int], float]
POLICIES: dict[str, Policy] = {
    "constant": lambda source, k: 50.0,
    "bang-bang": lambda source, k: 80.0 if (k // 700) % 2 else -80.0,
    "fast": lambda source, k: 80.0 if (k // 13) % 2 else -60.0,
    "noise": lambda source, k: source.gauss(0.0, 30.0),
    "drift": lambda source, k: 20.0 + source.gauss(0.0, 30.0),
    "bursts": lambda source, k: nan if k % 40 < 7 else source.choice((60.0, -inf, 1e308)),
}


def guard_of(text: str, folder: Path) -> Compiled:
    design = design_of_chain(model_of(text), "C")
    return loaded(design, guard_files(design), folder, gcc(), "-O1")


def command(name: str, source: random.Random, k: int, size: int) -> tuple[float, ...]:
    return tuple(POLICIES[name](source, k + 300 * j) for j in range(size))


def within(values: Sequence[float], lower: Sequence[float], upper: Sequence[float]) -> bool:
    rows = zip(values, lower, upper, strict=True)
    return all(F(low) <= F(value) <= F(high) for value, low, high in rows)


def test_the_bundle_of_rated_joints_agrees_with_its_meaning(tmp_path: Path) -> None:
    self_test_agrees(files_of(model_of(speeds("10")), "C"), tmp_path)


@pytest.mark.parametrize("name", POLICIES)
def test_speeds_at_a_rate_keep_box_rate_and_limits(name: str, tmp_path: Path) -> None:
    """Judged in exact arithmetic, state by state."""
    guard, source = guard_of(speeds("10"), tmp_path), random.Random(7)
    q, before, furthest = [0.0, 0.0], (0.0, 0.0), 0.0
    for k in range(5000):
        sample = Sample(k * MS, {"q[1]": q[0], "q[2]": q[1]})
        outcome, given = guard.step(sample, command(name, source, k, 2))
        assert within(given, (-2, -1), (2, 3))
        changes = [abs(F(u) - F(w)) for u, w in zip(given, before, strict=True)]
        assert max(changes) <= F(10, 1000), (k, outcome)
        q = [a + 1e-3 * u for a, u in zip(q, given, strict=True)]
        assert within(q, (-2, -1), (2, F(3, 2))), (k, q)
        before, furthest = given, max(furthest, q[1])
    assert furthest > 1.49 or name in ("fast", "noise", "bursts")
