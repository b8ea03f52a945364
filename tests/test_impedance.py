"""The switch whose baseline is an impedance: it decides by the ellipsoid that is proved of it. The
C is driven from 10,000 states of it by policies that push it out, under errors, disturbances and
latency at their worst, and a judge that shares nothing with it looks at the true state."""

from __future__ import annotations

import math
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from bundles import (
    ROOT,
    design_of_chain,
    files_of,
    first_refusal,
    gcc,
    model_of,
    replayed,
    self_test_agrees,
)

from verifier.emit.binding import compiled, loaded
from verifier.emit.bundle import guard_files
from verifier.emit.reference import Sample
from verifier.emit.visits import Call
from verifier.judging import Effort, judged
from verifier.model.spring import Spring, spring_of
from verifier.model.values import Model
from verifier.report.values import status

MS = 10**6
PERIOD, STIFFNESS, DAMPING, POSTURE = 0.002, 30.0, 12.0, 0.5
LOW, HIGH, FURTHEST, FASTEST, RESERVE, BACK = -5.0, 8.0, 0.55, 2.5, 0.01, 0.02
JOINT = """
state { q : real rad in -2 .. 2  v : real rad/s in -3 .. 3 }
environment { clear : bool }
plant joint {
    input    a : real rad/s^2 in -5 .. 8
    dynamics der(q) = v
    dynamics der(v) = aDISTURBED
    period   2 ms
    baseline impedance(posture = 0.5, stiffness = 30, damping = 12)
    switch   ahead at 0.01 rad back 0.02 rad
    return   20 ms when clear
    EXTRA
}
barrier ahead  = 0.55 rad - q
barrier behind = q + 1 rad
barrier slow   = (v + 2.5 rad/s) * (2.5 rad/s - v)
skill Move { modifies q, v }
chain C { Move() }
"""


@dataclass(frozen=True)
class World:
    """What the joint is not told, and how late its commands act."""

    position: float = 0.0
    speed: float = 0.0
    push: float = 0.0
    latency: int = 0

    @property
    def text(self) -> str:
        extra = [f"latency {2 * self.latency} ms"] if self.latency else []
        if self.position:
            extra.append(f"error q in -{self.position} .. {self.position}")
            extra.append(f"error v in -{self.speed} .. {self.speed}")
        if self.push:
            extra.append(f"disturbance w : real rad/s^2 in -{self.push} .. {self.push}")
        disturbed = " + w" if self.push else ""
        return JOINT.replace("DISTURBED", disturbed).replace("EXTRA", "\n    ".join(extra))


WORLDS = {
    "told all": World(),
    "late": World(latency=3),
    "measured": World(0.0003, 0.002),
    "disturbed": World(push=0.2),
    "all at once": World(0.0002, 0.001, 0.1, 2),
}


@cache
def model(name: str) -> Model:
    return model_of(WORLDS[name].text)


@cache
def spring(name: str) -> Spring:
    known, plant = model(name), model(name).plants[0]
    found = spring_of(plant, "q", known.stops[plant.name], known.rows[plant.name])
    assert found is not None
    return found


def lyapunov() -> tuple[float, float, float]:
    """P of A' P A = P - diag(k, 1) as the sum of the series, in doubles."""
    t, k, c = PERIOD, STIFFNESS, DAMPING
    a, b, d, e = 1 - k * t * t / 2, t - c * t * t / 2, -k * t, 1 - c * t
    total, (m, n, o, p) = (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 1.0)
    for _ in range(40000):
        part = (k * m * m + o * o, k * m * n + o * p, k * n * n + p * p)
        total = (total[0] + part[0], total[1] + part[1], total[2] + part[2])
        m, n, o, p = a * m + b * o, a * n + b * p, d * m + e * o, d * n + e * p
    return total


@pytest.mark.parametrize("name", WORLDS)
def test_no_policy_drives_it_out_of_the_ellipsoid(name: str, tmp_path: Path) -> None:
    world, known = WORLDS[name], spring(name)
    shape = lyapunov()
    for ours, series in zip(known.shape, shape, strict=True):
        assert abs(float(ours) - series) < 1e-6 * series
    kept = {"P11": shape[0], "P12": shape[1], "P22": shape[2], "LEVEL": float(known.level)}
    noise = {"EQ": world.position, "EV": world.speed, "PUSH": world.push, "LATENCY": world.latency}
    numbers = {**kept, **noise, "PERIOD": PERIOD, "POSTURE": POSTURE, "LOW": LOW, "HIGH": HIGH}
    numbers |= {"HIGH_END": FURTHEST, "STARTS": 10000, "STEPS": 150}
    files = guard_files(design_of_chain(model(name), "C"))
    files["judge.c"] = (ROOT / "tests" / "data" / "judge_posture.c").read_bytes()
    flags = ("-O2", *(f"-D{key}={value!r}" for key, value in numbers.items()))
    program = compiled(files, tmp_path, "judge", ("guard.c", "judge.c"), gcc(), flags)
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    starts, steps, largest, lowest, highest, fastest, left, *counts = map(
        float, done.stdout.split(",")
    )
    taken, learned, changed, touched, outside = counts
    assert starts >= 6000 and steps >= starts * 150 and taken > 500 and learned > 50_000
    assert 0.99 < largest <= 1 + 1e-6, largest
    assert lowest >= -1 and highest <= FURTHEST and fastest <= FASTEST
    assert RESERVE <= left < BACK, left
    assert (changed, touched, outside) == (0, 0, 0)


@pytest.mark.parametrize("name", WORLDS)
def test_what_the_switch_rests_on_is_proved(name: str) -> None:
    known = model(name)
    answers = judged(known, known.chains["joint"], Effort(8.0, 1), lambda done, total: None)
    found = {a.obligation.id.partition("/posture of q/")[2]: status(a.verdict) for a in answers}
    wanted = {"place", "kept", "reached", "reached/against", "input.upper", "ahead.upper"}
    wanted |= {"kept/late", "kept/early"} if WORLDS[name].push else set()
    assert wanted < found.keys() and set(found.values()) == {"proved"}, found


def test_the_c_is_its_meaning_bit_by_bit(tmp_path: Path) -> None:
    known = model("all at once")
    self_test_agrees(files_of(known, "C"), tmp_path)
    design = design_of_chain(known, "C")
    guard = loaded(design, guard_files(design), tmp_path, gcc(), "-O2")
    calls = []
    for k in range(600):
        z, v = 0.1 * math.sin(0.03 * k), 0.3 * math.cos(0.05 * k)
        calls.append(Call("step", None, sample(k, POSTURE + z, v), (12 * math.sin(0.2 * k),)))
    assert {v.outcome.source for v in replayed(guard, calls)} == {"LEARNED", "BASELINE"}


def sample(k: int, q: float, v: float = 0.0, clear: bool = True) -> Sample:
    return Sample(2 * k * MS, {"q": q, "v": v, "clear": int(clear)})


def test_it_comes_back_further_inside_and_after_a_while(tmp_path: Path) -> None:
    """Not at once from where it left, not while the condition fails, and then bit by bit."""
    design = design_of_chain(model("told all"), "C")
    guard = loaded(design, guard_files(design), tmp_path, gcc(), "-O2")
    steps = iter(range(10**6))

    def source(q: float, asked: float = 0.1, clear: bool = True) -> str:
        outcome, out = guard.step(sample(next(steps), q, 0.0, clear), (asked,))
        assert outcome.source == "BASELINE" or out == (asked,)
        return outcome.source

    assert source(0.52) == "LEARNED" and source(0.526) == "LEARNED"
    assert source(0.535) == "BASELINE"
    assert {source(0.524) for _ in range(30)} == {"BASELINE"}  # enough to stay, not to come back
    assert {source(0.5, clear=False) for _ in range(30)} == {"BASELINE"}
    answers = [source(0.5) for _ in range(12)]
    assert answers == ["BASELINE"] * 9 + ["LEARNED"] * 3
    outcome, out = guard.step(sample(next(steps), 0.535), (0.1,))
    assert (outcome.source, out) == ("BASELINE", (STIFFNESS * (0.5 - 0.535) - DAMPING * 0.0,))


def test_reserves_that_take_all_of_the_set_are_refused() -> None:
    text = WORLDS["told all"].text.replace("at 0.01 rad back 0.02", "at 0.01 rad back 0.06")
    message = "the impedance keeps no set of `q` that the switch could hand over in"
    assert first_refusal(text) == ("plant-not-supported", message)
