"""Plants under a written law whose commands act late, change only so fast, and have limits: proved
with that, and kept by the compiled C against policies that want no good. The judge delays commands
itself and looks at the true state."""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from bundles import (
    design_of_chain,
    files_of,
    first_refusal,
    gcc,
    model_of,
    replayed,
    self_test_agrees,
)
from test_affine import (
    CAR,
    MEASURED,
    PENDULUM,
    POLICIES,
    PUCK,
    WORLDS,
    Vector,
    World,
    moved,
    sample,
    seen_as,
)

from verifier.core.diagnostic import SourceError
from verifier.emit.binding import Compiled, loaded
from verifier.emit.bundle import guard_files
from verifier.emit.visits import Call
from verifier.judging import Effort, judged
from verifier.model.values import Model
from verifier.report.values import Answer, status
from verifier.safety.affine import Affine
from verifier.safety.limit import Loop, safety_loop
from verifier.safety.straight import run

MS = 10**6


@dataclass(frozen=True)
class Hardware:
    """A world, after how many periods its commands act, and by how much they change at most."""

    world: World
    late: int = 0
    change: float = math.inf


def pendulum(extra: str) -> World:
    return replace(WORLDS["pendulum"], text=PENDULUM.replace("period", f"{extra}\n    period", 1))


def puck(extra: str, base: World = WORLDS["puck"]) -> World:
    return replace(base, text=PUCK.replace("EXTRA", extra))


def car(extra: str) -> World:
    return replace(WORLDS["car"], text=CAR.replace("EXTRA", extra))


WRONG = "error x in -0.0005 .. 0.0005  error v in -0.002 .. 0.002"
KEPT = {
    "late": Hardware(pendulum("latency 10 ms"), 2),
    "late and measured": Hardware(puck(f"latency 10 ms  {WRONG}", MEASURED), 2),
    "late and disturbed": Hardware(car("latency 30 ms"), 3),
    "at a rate": Hardware(pendulum("rate u in -20 .. 20"), 0, 0.1),
    "in steps": Hardware(car("clamp step in -0.3 .. 0.3"), 0, 0.3),
    "late at a rate": Hardware(pendulum("latency 5 ms  rate u in -30 .. 30"), 1, 0.15),
    "within limits": Hardware(
        replace(puck("clamp acceleration in -6 .. 6  clamp jerk in -80 .. 80"), box=((-6.0, 6.0),)),
        0,
        0.4,
    ),
}


@cache
def model(name: str) -> Model:
    return model_of(KEPT[name].world.text)


def answers(known: Model) -> dict[str, Answer]:
    return {
        answer.obligation.id.partition("/")[2]: answer
        for chain in known.chains.values()
        for answer in judged(known, chain, Effort(10.0, 1), lambda done, total: None)
    }


@pytest.mark.parametrize("name", KEPT)
def test_what_runs_is_proved(name: str) -> None:
    found = answers(model(name))
    assert len(found) >= 8 and {status(a.verdict) for a in found.values()} == {"proved"}
    changes = [key for key in found if "/baseline/change of " in key]
    assert len(changes) == (2 if math.isfinite(KEPT[name].change) else 0)


@pytest.mark.parametrize("name", ["late and measured", "late at a rate"])
def test_the_bundle_agrees_with_its_meaning(name: str, tmp_path: Path) -> None:
    known, hardware, rng = model(name), KEPT[name], random.Random(3)
    files = files_of(known, "C")
    self_test_agrees(files, tmp_path)
    told = json.loads(files["manifest.json"])["filter"]
    assert told["latency_periods"] == hardware.late
    assert (told["change_at_most"] is None) == math.isinf(hardware.change)
    guard = guard_of(name, tmp_path)
    x, calls, world = hardware.world.start, [], hardware.world
    for k in range(300):
        asked = tuple(rng.gauss(0.0, 10.0 ** rng.randrange(-1, 3)) for _ in world.box)
        calls.append(Call("step", None, sample(world, k, x), asked))
        x = moved(world, x, tuple(0.2 * math.sin(0.1 * k) for _ in world.box), 0.0)
        if k % 17 == 16:
            calls.append(Call("tick", time_ns=k * MS + 1))
    sources = {vector.outcome.source for vector in replayed(guard, calls)}
    assert sources == {"LEARNED", "BASELINE"}


def guard_of(name: str, folder: Path) -> Compiled:
    design = design_of_chain(model(name), "C")
    return loaded(design, guard_files(design), folder, gcc(), "-O2")


@pytest.mark.parametrize("name", ["late", "late and measured", "late and disturbed"])
def test_what_is_foreseen_bounds_what_comes(name: str) -> None:
    """From a sample that is wrong, through the commands under way, against Runge and Kutta."""
    hardware, rng = KEPT[name], random.Random(5)
    world, design = hardware.world, affine_of(name)
    sides = list(zip(design.domain.lower, design.domain.upper, strict=True))
    closest = [math.inf] * len(design.levels)
    for _ in range(200):
        x = tuple(rng.uniform(0.9 * low + 0.1 * high, high) for low, high in sides)
        true, seen = x, seen_as(world, x, rng)
        commands = [
            tuple(rng.choice((*side, rng.uniform(*side))) for side in world.box)
            for _ in range(hardware.late + 1)
        ]
        for k, u in enumerate(commands):
            true = moved(world, true, u, rng.choice(world.noise), 8)
            if k < hardware.late:
                seen = run(design.carry, (*seen, *u))["next"]
        if not all(low <= a <= high for a, (low, high) in zip(seen, sides, strict=True)):
            continue
        found = run(design.ahead, (*seen, *commands[-1]))
        for got, want, off in zip(found["next"], true, design.strayed, strict=True):
            assert abs(got - want) <= off + 1e-12
        levels = zip(found["level"], world.safe(true), design.floor, strict=True)
        for k, (got, want, floor) in enumerate(levels):
            assert got - want <= floor + 1e-12
            closest[k] = min(closest[k], want + floor - got)
    assert max(closest) < 0.05


def affine_of(name: str) -> Affine:
    loop = safety_loop(model(name))
    assert isinstance(loop, Loop) and isinstance(loop.guarded, Affine), loop
    return loop.guarded


# ---- closed loop -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KEPT)
def test_no_policy_breaks_a_barrier(name: str, tmp_path: Path) -> None:
    guard, rng, near = guard_of(name, tmp_path), random.Random(11), math.inf
    for policy in POLICIES:
        least, learned = loop(guard, KEPT[name], policy, 2000, rng)
        assert least >= -1e-9, (policy, least)
        assert learned > 100, (policy, learned)
        near = min(near, least)
    assert near < 0.15  # some policy brought it to the boundary


def loop(
    guard: Compiled, hardware: Hardware, policy: str, steps: int, rng: random.Random
) -> tuple[float, int]:
    """The least safety, and how often the learned command was in charge."""
    world = hardware.world
    x, least, learned = world.start, math.inf, 0
    nothing: Vector = tuple(0.0 for _ in world.box)
    under_way = [nothing] * (hardware.late + 1)
    guard.init()
    for k in range(steps):
        asked = tuple(POLICIES[policy](rng, k, j) for j in range(len(world.box)))
        outcome, out = guard.step(sample(world, k, seen_as(world, x, rng)), asked)
        assert outcome.status == "OK"
        assert all(a <= u <= b for u, (a, b) in zip(out, world.box, strict=True))
        changed = (abs(u - before) for u, before in zip(out, under_way[-1], strict=True))
        assert max(changed) <= hardware.change * (1 + 1e-12)
        under_way = [*under_way[1:], out]
        w = world.noise[(k // 500) % 2] if rng.random() < 0.9 else rng.uniform(*world.noise)
        x = moved(world, x, under_way[0], w, 1)
        least = min(least, *world.safe(x))
        learned += outcome.source == "LEARNED"
    return least, learned


def test_a_command_that_is_refused_is_followed_by_the_way_to_the_law(tmp_path: Path) -> None:
    """One that is further from the law than it may change is brought back step by step."""
    guard = guard_of("at a rate", tmp_path)
    world, given = KEPT["at a rate"].world, []
    for k in range(6):
        outcome, out = guard.step(sample(world, k, (0.0, 0.0)), (0.09 * (k + 1),))
        assert (outcome.decision, out) == ("PASS", (0.09 * (k + 1),))
    for k in range(6, 14):
        outcome, out = guard.step(sample(world, k, (0.0, 0.0)), (math.nan,))
        assert outcome.source == "BASELINE"
        given.append(out[0])
    changes = [b - a for a, b in zip([0.54, *given], given, strict=False)]
    assert all(abs(change + 0.1) < 1e-9 for change in changes[:4]) and given[-1] == 0.0


# ---- refuted, and refused ----------------------------------------------------------------------


def test_a_law_that_is_too_quick_is_refuted_with_the_state() -> None:
    found = answers(model_of(puck("rate a in -6 .. 6").text))
    wrong = {key: a for key, a in found.items() if status(a.verdict) != "proved"}
    assert {status(a.verdict) for a in wrong.values()} == {"refuted"}
    assert {key.partition("/")[2] for key in wrong} == {
        "baseline/change of a/upper",
        "baseline/change of a/lower",
    }
    state = wrong["rink/baseline/change of a/upper"].state
    x, v = (float(value) for value in map(state.get, "xv") if isinstance(value, Fraction))
    a = -2 * x - 4 * v
    after = -2 * (x + 5e-3 * v + 12.5e-6 * a) - 4 * (v + 5e-3 * a)
    assert after - a > 6 * 5e-3


def test_a_law_with_corners_that_may_be_too_quick_is_not_shown() -> None:
    found = answers(model_of(car("clamp step in -0.02 .. 0.02").text))
    changes = {status(a.verdict) for key, a in found.items() if "/change of " in key}
    assert "unknown" in changes and "refuted" not in changes


def test_a_limit_that_leaves_nothing_of_the_box_is_a_mistake() -> None:
    text = PUCK.replace("EXTRA", "clamp acceleration in -6 .. 6").replace("in -8 .. 8", "in 7 .. 8")
    with pytest.raises(SourceError) as told:
        model_of(text)
    assert told.value.diagnostics[0].code == "empty-set"


REFUSED = {
    "a limit of the state": (
        puck("clamp velocity in -0.5 .. 0.5").text,
        "a limit of `velocity` is not one of a command of `puck`",
    ),
    "another policy": (
        puck("reject acceleration in -6 .. 6").text,
        "under a written law `acceleration` is clamped, by no other policy",
    ),
    "a rate that rounding takes": (
        pendulum("rate u in -1e-10 .. 1e-10").text,
        "`pendulum` cannot be computed: `u` may change by less than what its law is rounded by",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused_with_its_place(name: str) -> None:
    text, message = REFUSED[name]
    assert first_refusal(text) == ("plant-not-supported", message)
