"""Plants that are affine in their inputs, from the language to the loop: the C is its meaning bit
by bit, and no hostile policy brings a barrier below zero. The judge of the loop has the equations
of motion written out again, integrates them by Runge and Kutta, and shares nothing with the filter.
"""

from __future__ import annotations

import math
import random
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
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
    tool,
)

from verifier.core.evaluate import evaluate_term
from verifier.core.term import NOW, Number, Product, Quotient, Sum, Term, Variable
from verifier.emit.binding import Compiled, compiled, loaded
from verifier.emit.bundle import guard_files
from verifier.emit.reference import Sample
from verifier.emit.visits import Call
from verifier.judging import Effort, judged
from verifier.model.values import Model
from verifier.report.values import status
from verifier.safety.affine import Affine
from verifier.safety.limit import Loop, safety_loop
from verifier.safety.straight import Draft, Input, run
from verifier.safety.written import errors, written

MS = 10**6

CAR = """
state { gap : real m in 0 .. 300  v : real m/s in 5 .. 35 }
environment { score : real  clear : bool }
plant car {
    input       u : real m/s^2 in -5 .. 3
    disturbance lead : real m/s in 13 .. 15
    dynamics    der(gap) = lead - v
    dynamics    der(v) = u - 0.01 1/s * v - 0.0005 1/m * v^2
    period      10 ms
    baseline    [max(-5 m/s^2, min(3 m/s^2, 0.6 1/s * (12 m/s - v)))]
    EXTRA
}
barrier distance = gap - 1.8 s * v - (v - 13 m/s)^2 / 8 m/s^2  alpha 1 Hz
barrier limit = 34 m/s - v  alpha 5 Hz
barrier flow  = v - 6 m/s   alpha 5 Hz
skill Drive { modifies gap, v }
chain C { Drive() }
"""
PENDULUM = """
state { th : real rad in -0.3 .. 0.3  om : real rad/s in -0.6 .. 0.6 }
plant pendulum {
    input    u : real rad/s^2 in -3 .. 3
    dynamics der(th) = om
    dynamics der(om) = 1 rad/s^2 * sin(th) + u
    period   5 ms
    baseline [-3 1/s * om - 4 1/s^2 * th]
}
barrier upright = 0.09 rad^2 - 0.36 s^2 * om^2 - 0.72 s * om * th - 1.44 * th^2  alpha 5 Hz
skill Balance { modifies th, om }
chain C { Balance() }
"""
CART = """
state { x, y : real m in -5 .. 5  th : real rad in -100 .. 100 }
plant cart {
    input    v : real m/s in -0.5 .. 1.5
    input    w : real rad/s in -2 .. 2
    dynamics der(x) = v * cos(th)
    dynamics der(y) = v * sin(th)
    dynamics der(th) = w
    period   10 ms
    baseline hold
}
barrier pillar = x^2 + y^2 - 1 m^2  alpha 5 Hz
barrier right  = 4 m - x  alpha 5 Hz
barrier left   = x + 4 m  alpha 5 Hz
barrier top    = 4 m - y  alpha 5 Hz
barrier bottom = y + 4 m  alpha 5 Hz
skill Roll { modifies x, y, th }
chain C { Roll() }
"""
# A position whose acceleration is commanded: a barrier of relative degree two.
PUCK = """
state { x : real m in -1.5 .. 1.5
        v : real m/s in -1 .. 1 }
plant puck {
    input    a : real m/s^2 in -8 .. 8
    dynamics der(x) = v
    dynamics der(v) = a
    period   5 ms
    baseline [-2 1/s^2 * x - 4 1/s * v]
    EXTRA
}
barrier rink = 1 m^2 - x^2  alpha 2 Hz
barrier fast = 0.9 m/s - v  alpha 5 Hz
barrier slow = v + 0.9 m/s  alpha 5 Hz
skill Slide { modifies x, v }
chain C { Slide() }
"""
# The distance to a person who walks, and a speed towards him that he allows.
SCANNER = """
state { gap : real m in 0.3 .. 5  v : real m/s in -0.2 .. 1 }
plant axis {
    input       a : real m/s^2 in -5 .. 5
    disturbance walk : real m/s in -1.6 .. 1.6
    dynamics    der(gap) = walk - v
    dynamics    der(v) = a
    period      1 ms
    baseline    [max(-5 m/s^2, min(5 m/s^2, -60 1/s * (v + 0.01 m/s)))]
}
barrier apart = 0.5 1/s * (gap - 0.3 m)^2 / 1 m - v  alpha 100 Hz
barrier fast = 1 m/s - v    alpha 100 Hz
barrier back = v + 0.2 m/s  alpha 100 Hz
skill Work { modifies v, gap }
chain C { Work() }
"""
Vector = tuple[float, ...]


@dataclass(frozen=True)
class World:
    """The judge's own account of a plant: x' = rate(x, u, w), and what is safe."""

    text: str
    names: tuple[str, ...]
    rate: Callable[[Vector, Vector, float], Vector]
    safe: Callable[[Vector], Vector]
    start: Vector
    box: tuple[tuple[float, float], ...]
    noise: tuple[float, float]
    period: float
    error: Vector = ()


def car(x: Vector, u: Vector, w: float) -> Vector:
    return w - x[1], u[0] - 0.01 * x[1] - 0.0005 * x[1] * x[1]


def car_safe(x: Vector) -> Vector:
    gap, v = x
    return gap - 1.8 * v - (v - 13) ** 2 / 8, 34 - v, v - 6


def pendulum_safe(x: Vector) -> Vector:
    th, om = x
    return (0.09 - 0.36 * om * om - 0.72 * om * th - 1.44 * th * th,)


def cart_safe(x: Vector) -> Vector:
    return x[0] ** 2 + x[1] ** 2 - 1, 4 - x[0], x[0] + 4, 4 - x[1], x[1] + 4


def person(x: Vector, u: Vector, w: float) -> Vector:
    """He walks, but neither past the robot nor out of sight."""
    gap, v = x
    w = max(w, v) if gap < 0.301 else min(w, v) if gap > 4.999 else w
    return w - v, u[0]


def person_safe(x: Vector) -> Vector:
    gap, v = x
    return 0.5 * (gap - 0.3) ** 2 - v, 1 - v, v + 0.2


def puck_safe(x: Vector) -> Vector:
    rink = 1 - x[0] * x[0]
    return rink, 2 * rink - 2 * x[0] * x[1], 0.9 - x[1], x[1] + 0.9


WORLDS = {
    "car": World(
        CAR.replace("EXTRA", ""),
        ("gap", "v"),
        car,
        car_safe,
        (120.0, 20.0),
        ((-5.0, 3.0),),
        (13.0, 15.0),
        0.01,
    ),
    "pendulum": World(
        PENDULUM,
        ("th", "om"),
        lambda x, u, w: (x[1], math.sin(x[0]) + u[0]),
        pendulum_safe,
        (0.0, 0.0),
        ((-3.0, 3.0),),
        (0.0, 0.0),
        0.005,
    ),
    "cart": World(
        CART,
        ("x", "y", "th"),
        lambda x, u, w: (u[0] * math.cos(x[2]), u[0] * math.sin(x[2]), u[1]),
        cart_safe,
        (2.5, 0.3, 3.1),
        ((-0.5, 1.5), (-2.0, 2.0)),
        (0.0, 0.0),
        0.01,
    ),
    "person": World(
        SCANNER,
        ("gap", "v"),
        person,
        person_safe,
        (1.6, 0.6),
        ((-5.0, 5.0),),
        (-1.6, 1.6),
        0.001,
    ),
    "puck": World(
        PUCK.replace("EXTRA", ""),
        ("x", "v"),
        lambda x, u, w: (x[1], u[0]),
        puck_safe,
        (0.5, 0.0),
        ((-8.0, 8.0),),
        (0.0, 0.0),
        0.005,
    ),
}
MEASURED = replace(
    WORLDS["puck"],
    text=PUCK.replace("EXTRA", "error x in -0.0005 .. 0.0005  error v in -0.002 .. 0.002"),
    error=(0.0005, 0.002),
)
KEPT = {**WORLDS, "measured": MEASURED}


@cache
def model(name: str) -> Model:
    return model_of(KEPT[name].text)


def affine_of(name: str) -> Affine:
    loop = safety_loop(model(name))
    assert isinstance(loop, Loop) and isinstance(loop.guarded, Affine), loop
    return loop.guarded


def moved(world: World, x: Vector, u: Vector, w: float, parts: int = 4) -> Vector:
    """One period later, by Runge and Kutta."""
    step = world.period / parts
    for _ in range(parts):
        a = world.rate(x, u, w)
        b = world.rate(tuple(p + 0.5 * step * q for p, q in zip(x, a, strict=True)), u, w)
        c = world.rate(tuple(p + 0.5 * step * q for p, q in zip(x, b, strict=True)), u, w)
        d = world.rate(tuple(p + step * q for p, q in zip(x, c, strict=True)), u, w)
        slopes = zip(x, a, b, c, d, strict=True)
        x = tuple(p + step / 6 * (k + 2 * m + 2 * n + o) for p, k, m, n, o in slopes)
    return x


# ---- the bundle --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WORLDS)
def test_the_bundle_agrees_with_its_meaning(name: str, tmp_path: Path) -> None:
    self_test_agrees(files_of(model(name), "C"), tmp_path)


@pytest.mark.parametrize("name", ["car", "cart"])
def test_a_long_run_is_the_meaning_bit_by_bit(name: str, tmp_path: Path) -> None:
    world, rng = WORLDS[name], random.Random(3)
    design = design_of_chain(model(name), "C")
    guard = loaded(design, guard_files(design), tmp_path, gcc(), "-O2")
    x, calls = world.start, []
    for k in range(400):
        asked = tuple(rng.gauss(0.0, 10.0 ** rng.randrange(-1, 6)) for _ in world.box)
        calls.append(Call("step", None, sample(world, k, x), asked))
        given = tuple(min(max(u, a), b) for u, (a, b) in zip(asked, world.box, strict=True))
        x = moved(world, x, given, rng.uniform(*world.noise))
        if k % 50 == 49:
            x = world.start
        if k % 17 == 16:
            calls.append(Call("tick", time_ns=k * MS + 1))
    sources = {vector.outcome.source for vector in replayed(guard, calls)}
    assert sources == {"LEARNED", "BASELINE"}


def sample(world: World, k: int, x: Vector) -> Sample:
    extra: dict[str, float | int] = {"score": 1.0, "clear": 1} if "score" in world.text else {}
    return Sample(k * MS, {**dict(zip(world.names, x, strict=True)), **extra})


def test_any_bit_pattern_has_an_answer_in_the_box(tmp_path: Path) -> None:
    files = guard_files(design_of_chain(model("pendulum"), "C"))
    files["fuzz.c"] = (ROOT / "tests" / "data" / "fuzz_guard.c").read_bytes()
    checks = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    checks = checks if tool("gcc") else checks[:1]
    numbers = ("-DSTEPS=20000u", "-DBOX=3.0", "-DCOMMAND=u")
    program = compiled(files, tmp_path, "fuzz", ("guard.c", "fuzz.c"), gcc(), (*checks, *numbers))
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "20000 steps\n"), done.stdout + done.stderr


# ---- one period later --------------------------------------------------------------------------


@pytest.mark.parametrize("name", KEPT)
def test_what_is_foreseen_bounds_what_comes(name: str) -> None:
    """No level is higher than the true one by more than its floor, no state further off."""
    world, design, rng = KEPT[name], affine_of(name), random.Random(5)
    sides = list(zip(design.domain.lower, design.domain.upper, strict=True))
    closest = [math.inf] * len(design.levels)
    for _ in range(300):
        x = tuple(rng.uniform(*side) for side in sides)
        u = tuple(rng.choice((*side, rng.uniform(*side))) for side in world.box)
        w = rng.choice((*world.noise, rng.uniform(*world.noise)))
        true = moved(world, x, u, w, 8)
        found = run(design.ahead, (*seen_as(world, x, rng), *u))
        for got, want, off in zip(found["next"], true, design.strayed, strict=True):
            assert abs(got - want) <= off + 1e-12
        levels = zip(found["level"], world.safe(true), design.floor, strict=True)
        for k, (got, want, floor) in enumerate(levels):
            assert got - want <= floor + 1e-12
            closest[k] = min(closest[k], want + floor - got)
    most = 2e-2 if world.error else 1e-3
    assert max(closest) < 0.02 and all(floor < most for floor in design.floor)


def seen_as(world: World, x: Vector, rng: random.Random) -> Vector:
    """The state as it is measured: mostly as wrongly as it may be."""
    if not world.error:
        return x
    parts = (rng.choice((-e, e, rng.uniform(-e, e))) for e in world.error)
    return tuple(a + e for a, e in zip(x, parts, strict=True))


# ---- closed loop -------------------------------------------------------------------------------

POLICIES: dict[str, Callable[[random.Random, int, int], float]] = {
    "push": lambda rng, k, j: 1e3,
    "pull": lambda rng, k, j: -1e3,
    "bang-bang": lambda rng, k, j: 1e6 if (k // (37 + 20 * j)) % 2 else -1e6,
    "noise": lambda rng, k, j: rng.gauss(0.0, 30.0),
    "broken": lambda rng, k, j: rng.choice((math.nan, math.inf, -math.inf, 5.0, -5.0, 1e308)),
}


@dataclass
class Seen:
    least: float = math.inf
    learned: int = 0
    clamped: int = 0


def loop(guard: Compiled, world: World, policy: str, steps: int, rng: random.Random) -> Seen:
    """The plant under a policy that wants no good, and disturbances that do not either."""
    seen, x = Seen(), world.start
    guard.init()
    for k in range(steps):
        asked = tuple(POLICIES[policy](rng, k, j) for j in range(len(world.box)))
        outcome, out = guard.step(sample(world, k, seen_as(world, x, rng)), asked)
        assert outcome.status == "OK" and outcome.outside == 0
        assert all(a <= u <= b for u, (a, b) in zip(out, world.box, strict=True))
        if not all(map(math.isfinite, asked)):
            assert outcome.decision == "REJECT"
        w = world.noise[(k // 500) % 2] if rng.random() < 0.9 else rng.uniform(*world.noise)
        x = moved(world, x, out, w, 1)
        seen.least = min(seen.least, *world.safe(x))
        seen.learned += outcome.source == "LEARNED"
        seen.clamped += outcome.decision == "CLAMP"
    return seen


@pytest.mark.parametrize("name", KEPT)
def test_no_policy_breaks_a_barrier(name: str, tmp_path: Path) -> None:
    world = KEPT[name]
    design = design_of_chain(model(name), "C")
    guard = loaded(design, guard_files(design), tmp_path, gcc(), "-O2")
    rng, near = random.Random(11), math.inf
    for policy in POLICIES:
        seen = loop(guard, world, policy, 2500, rng)
        assert seen.least >= -1e-9, (policy, seen)
        assert seen.learned > 100, (policy, seen)
        near = min(near, seen.least)
    assert near < 0.1  # some policy brought it to the boundary


def test_without_a_hazard_the_command_passes_untouched(tmp_path: Path) -> None:
    design = design_of_chain(model("car"), "C")
    guard = loaded(design, guard_files(design), tmp_path, gcc(), "-O2")
    outcome, out = guard.step(sample(WORLDS["car"], 0, (150.0, 20.0)), (0.1,))
    assert (outcome.decision, out, set(guard.moved())) == ("PASS", (0.1,), {0.0})
    outcome, out = guard.step(sample(WORLDS["car"], 1, (150.0, 20.0)), (9.0,))
    assert (outcome.decision, out, outcome.rows) == ("CLAMP", (3.0,), 0b1)
    outcome, _ = guard.step(sample(WORLDS["car"], 2, (42.5, 20.0)), (3.0,))
    assert outcome.decision == "CLAMP" and outcome.rows == 0b100  # the row of `distance`


def test_outside_of_its_domains_the_baseline_is_in_charge(tmp_path: Path) -> None:
    design = design_of_chain(model("car"), "C")
    guard = loaded(design, guard_files(design), tmp_path, gcc(), "-O2")
    outcome, out = guard.step(sample(WORLDS["car"], 0, (400.0, 36.0)), (1.0,))
    assert (outcome.status, outcome.source, outcome.outside, out) == ("OK", "BASELINE", 1, (-5.0,))
    outcome, out = guard.step(sample(WORLDS["car"], 1, (290.0, 12.0)), (1.0,))
    assert (outcome.source, outcome.outside, out) == ("LEARNED", 0, (1.0,))
    outcome, out = guard.tick(2 * MS)
    assert outcome.source == "BASELINE" and -0.01 < out[0] < 0.01  # at about 12 m/s, as foreseen


# ---- the switch --------------------------------------------------------------------------------

SWITCH = """switch distance at 5 m back 10 m
    return 50 ms when clear
    confidence score at 0.5"""


def test_the_switch_leaves_before_the_reserve_is_touched_and_comes_back(tmp_path: Path) -> None:
    source = model_of(CAR.replace("EXTRA", SWITCH))
    self_test_agrees(files_of(source, "C"), tmp_path)
    design = design_of_chain(source, "C")
    guard = loaded(design, guard_files(design), tmp_path, gcc(), "-O2")
    world, x, least, taken = WORLDS["car"], (150.0, 20.0), math.inf, None
    for k in range(3000):
        outcome, out = guard.step(sample(world, k, x), (3.0,))
        assert outcome.source == "LEARNED" or out != (3.0,)
        x = moved(world, x, out, 13.0, 1)
        least = min(least, world.safe(x)[0])
        if outcome.source == "BASELINE" and taken is None:
            taken = k
            assert world.safe(x)[0] < 6.0
    assert taken is not None and 5.0 - 1e-9 <= least < 6.0
    values = {"gap": 200.0, "v": 14.0, "score": 1.0}
    answers = [
        guard.step(Sample((3000 + k) * MS, {**values, "clear": int(k >= 10)}), (0.5,))[0].source
        for k in range(20)
    ]
    assert answers == ["BASELINE"] * 14 + ["LEARNED"] * 6
    guard.init()
    near = {"gap": 44.0 + 6.125, "v": 20.0, "clear": 1}  # 8 m left: enough, unless in doubt
    sure, unsure = (
        guard.step(Sample(k, {**near, "score": score}), (0.0,))[0].source
        for k, score in enumerate((1.0, 0.1))
    )
    assert (sure, unsure) == ("LEARNED", "BASELINE")


# ---- proved, and refused -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pendulum", "measured", "cart"])
def test_what_runs_is_proved(name: str) -> None:
    source = model(name)
    answers = [
        answer
        for chain in source.chains.values()
        for answer in judged(source, chain, Effort(10.0, 1), lambda done, total: None)
    ]
    assert len(answers) >= 8 and {status(answer.verdict) for answer in answers} == {"proved"}


WALK = """
state { x : real m in 0 .. 10  p : real m in 0 .. 20 }
plant base { input u : real m/s in -1 .. 1  disturbance w : real m/s in -1 .. 1
             dynamics der(x) = u  dynamics der(p) = w  period 10 ms  baseline brake }
barrier apart = p - x - 1 m  alpha 1 Hz
skill Go { modifies x, p }
chain C { Go() }
"""
BESIDE = """
state { y : real m in -1 .. 1 }
plant base { input b : real m/s in -1 .. 1  dynamics der(y) = b  period 5 ms  baseline brake }
barrier near = 0.5 m - y  alpha 5 Hz
"""
REFUSED = {
    "no baseline": (
        PENDULUM.replace("baseline [-3 1/s * om - 4 1/s^2 * th]", ""),
        "plant-not-supported",
        "`der(om)` is not one input of `pendulum` with a disturbance, so it takes a baseline that"
        " is written out",
    ),
    "braking": (
        PENDULUM.replace("[-3 1/s * om - 4 1/s^2 * th]", "brake"),
        "plant-not-supported",
        "`pendulum` falls back on `brake`, which only integrators can do, but `der(om)` is not one"
        " input of `pendulum` with a disturbance",
    ),
    "a state that a disturbance moves": (
        WALK,
        "plant-not-supported",
        "`base` falls back on `brake`, which only integrators can do, but no command moves `p`",
    ),
    "a law beside a brake": (
        PUCK.replace("EXTRA", "").replace("skill", BESIDE + "skill", 1),
        "plant-not-supported",
        "`base` falls back on `brake`, but `puck` runs under a law that is written out",
    ),
    "a viable limit": (
        PUCK.replace("EXTRA", "") + "barrier wall = 1.2 m - x",
        "barrier-not-supported",
        "`wall` is kept by braking, but the baseline is another one",
    ),
    "nothing to keep": (
        PENDULUM[: PENDULUM.index("barrier")] + PENDULUM[PENDULUM.index("skill") :],
        "plant-not-supported",
        "no barrier speaks of what `pendulum` moves, so there is nothing to keep",
    ),
    "function": (
        PENDULUM.replace("[-3 1/s * om", "[-3 rad/s^2 * exp(om / 1 rad/s)"),
        "plant-not-supported",
        "`pendulum` cannot be computed: `exp` is not computed alike on every machine",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused_with_its_place(name: str) -> None:
    text, code, message = REFUSED[name]
    assert first_refusal(text) == (code, message)


# ---- rounding ----------------------------------------------------------------------------------


def grown(rng: random.Random, names: Sequence[str], depth: int) -> Term:
    """A random term without roots and angles, which rationals evaluate exactly."""
    if depth == 0 or rng.random() < 0.2:
        if rng.random() < 0.5:
            return Number(Fraction(rng.randrange(-999, 1000), rng.randrange(1, 1000)))
        return Variable(rng.choice(names))
    parts = tuple(grown(rng, names, depth - 1) for _ in range(rng.randrange(2, 4)))
    match rng.randrange(5):
        case 0 | 1:
            return Sum(parts)
        case 2 | 3:
            return Product(parts)
        case _:
            square = Product((parts[1], parts[1]))
            return Quotient(parts[0], Sum((Number(Fraction(3, 7)), square)))


def test_rounding_is_within_its_bound() -> None:
    """Against rationals, over random terms; and no bound is beyond use."""
    rng, ratios = random.Random(17), []
    for _ in range(150):
        names = ("a", "b", "c")
        term = grown(rng, names, 4)
        draft = Draft()
        places = {name: draft.node(Input(k)) for k, name in enumerate(names)}
        program = draft.finish(3, {"value": [written(draft, term, places)]})
        box = [(Fraction(-2), Fraction(3))] * 3
        ((bound,),) = (errors(program, box)["value"],)
        for _ in range(20):
            at = [rng.choice((-2.0, 3.0, 0.0, rng.uniform(-2.0, 3.0))) for _ in names]
            (got,) = run(program, at)["value"]
            keys = {(n, NOW): Fraction(value) for n, value in zip(names, at, strict=True)}
            off = abs(Fraction(got) - evaluate_term(term, keys))
            assert off <= bound, (term, at)
            ratios.append(float(off / bound) if bound else 1.0)
    assert max(ratios) > 0.05
