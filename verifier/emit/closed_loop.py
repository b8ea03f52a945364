"""The acceptance run: random commands from random states through the compiled guard.

The judge shares no code with the filter: it steps the plant q+ = q + T u in exact rationals and
compares with the exact limits of the barriers.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from verifier.emit.binding import Compiled
from verifier.emit.reference import Action, Sample
from verifier.emit.scenario import domains, quiet, random_readings, ranges, raw, satisfying
from verifier.safety.limit import Joint

SPREAD = 10.0
BAD = (math.nan, math.inf, -math.inf)


@dataclass(frozen=True, slots=True)
class Limits:
    """The exact interval of a state scalar, and the period in seconds."""

    lower: Fraction
    upper: Fraction
    period: Fraction


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run showed. `worst_violation` in the unit of the state, negative while inside;
    `not_finite` counts the commands that were written as NaN or infinity, `not_finite_rejected`
    those of them that were rejected with a finite answer inside the box."""

    commands: int
    passed: int
    clamped: int
    rejected: int
    not_finite: int
    not_finite_rejected: int
    worst_violation: float
    worst_box_violation: float
    steps_per_second: float


def closed_loop(
    guard: Compiled,
    limits: Mapping[str, Limits],
    *,
    commands: int = 10_000,
    run_length: int = 20,
    spread: float = SPREAD,
    seed: int = 1,
) -> Figures:
    """Runs of `run_length` steps, each from a random state inside the limits, every second one
    within a thousandth of a limit; commands are normal with standard deviation `spread`."""
    rng = random.Random(seed)
    design = guard.design
    joints = design.loop.joints
    start = random_readings(design, ranges(design), rng)
    calm = satisfying(design, [*domains(design), *quiet(design)], start, {}, rng) or start
    base = raw(design, calm, 0)
    counts = dict.fromkeys(("PASS", "CLAMP", "REJECT", "FAULT"), 0)
    odd = odd_rejected = 0
    worst, worst_box, spent = -math.inf, -math.inf, 0.0
    step_ns = max(1, int(min(limit.period for limit in limits.values()) * 10**9))
    state: dict[str, float] = {}
    for number in range(commands):
        if number % run_length == 0:
            guard.init()
            state = _random_state(limits, rng, number // run_length % 2 == 1)
        now = Sample(number * step_ns, {**base.values, **state})
        proposed = _command(joints, rng, spread, number % 500 == 499)
        begin = time.perf_counter()
        outcome, out = guard.step(now, proposed)
        spent += time.perf_counter() - begin
        counts[outcome.decision] += 1
        if not all(map(math.isfinite, proposed)):
            odd += 1
            odd_rejected += outcome.decision == "REJECT" and all(map(math.isfinite, out))
        worst_box = max(worst_box, _box_excess(joints, out))
        state, excess = _next(joints, limits, state, out)
        worst = max(worst, excess)
    return Figures(
        commands,
        counts["PASS"],
        counts["CLAMP"],
        counts["REJECT"],
        odd,
        odd_rejected,
        worst,
        worst_box,
        commands / spent,
    )


def _random_state(limits: Mapping[str, Limits], rng: random.Random, edge: bool) -> dict[str, float]:
    state = {}
    for name, limit in limits.items():
        lower, upper = float(limit.lower), float(limit.upper)
        margin = rng.uniform(0.0, 1e-3) * (upper - lower)
        near = rng.choice((lower + margin, upper - margin))
        value = near if edge else rng.uniform(lower, upper)
        state[name] = _inside(value, limit)
    return state


def _inside(value: float, limit: Limits) -> float:
    while Fraction(value) > limit.upper:
        value = math.nextafter(value, -math.inf)
    while Fraction(value) < limit.lower:
        value = math.nextafter(value, math.inf)
    return value


def _command(joints: tuple[Joint, ...], rng: random.Random, spread: float, bad: bool) -> Action:
    command = [rng.gauss(0.0, spread) for _ in joints]
    if bad:
        command[rng.randrange(len(command))] = rng.choice(BAD)
    return tuple(command)


def _box_excess(joints: tuple[Joint, ...], out: Action) -> float:
    if not all(map(math.isfinite, out)):
        return math.inf
    return max(
        max(value - joint.upper, joint.lower - value)
        for joint, value in zip(joints, out, strict=True)
    )


def _next(
    joints: tuple[Joint, ...],
    limits: Mapping[str, Limits],
    state: Mapping[str, float],
    out: Action,
) -> tuple[dict[str, float], float]:
    """The next measured state, and by how much the exact one passes its limits."""
    moved, worst = dict(state), -math.inf
    for joint, value in zip(joints, out, strict=True):
        name = joint.state
        if name is not None and name in limits:
            limit = limits[name]
            exact = Fraction(state[name]) + limit.period * Fraction(value)
            worst = max(worst, float(max(exact - limit.upper, limit.lower - exact)))
            moved[name] = float(exact)
    return moved, worst
