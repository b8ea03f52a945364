"""Guards of a Panda for tests: its filter from plain numbers, and a bundle around it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from bundles import gcc, model_of

from verifier.core.span import Span
from verifier.emit.binding import Compiled, loaded
from verifier.emit.bundle import guard_files
from verifier.emit.design import Design, design_of
from verifier.model.urdf import Chain, Sphere, read_chain
from verifier.monitor.gates import WatchPlan, watch_plan
from verifier.safety.braking import Axis, Drive, drive_of
from verifier.safety.clearance import (
    ROUNDING,
    Arm,
    Body,
    Cuboid,
    Facets,
    Row,
    Segment,
    Shape,
    centers_only,
    reaches,
    reaches_apart,
)
from verifier.safety.filter import Filter, Guarded, Posture
from verifier.safety.kinematics import kinematics
from verifier.safety.limit import Command, Joint, Loop
from verifier.safety.plant import rounded_up
from verifier.safety.proposal import Bounds
from verifier.safety.surroundings import reserve
from verifier.safety.switch import Switch

HERE = Path(__file__).parent
PERIOD = Fraction(1, 1000)
SPEED = tuple(map(Fraction, ("2.175", "2.175", "2.175", "2.175", "2.61", "2.61", "2.61")))
JERK = tuple(map(Fraction, ("7500", "3750", "5000", "6250", "7500", "10000", "10000")))
ACCELERATION = tuple(map(Fraction, ("15", "7.5", "10", "12.5", "15", "20", "20")))

# (link, centre, radius): about the size of the real links
SPHERES = (
    ("panda_link1", (0, 0, -0.15), 0.08),
    ("panda_link1", (0, -0.06, 0), 0.08),
    ("panda_link2", (0, -0.12, 0.02), 0.075),
    ("panda_link2", (0, -0.2, 0.05), 0.07),
    ("panda_link3", (0, 0, -0.1), 0.075),
    ("panda_link3", (0.07, 0.03, 0), 0.075),
    ("panda_link4", (-0.03, 0.06, 0.03), 0.07),
    ("panda_link4", (-0.08, 0.1, 0), 0.07),
    ("panda_link5", (0, 0.02, -0.24), 0.07),
    ("panda_link5", (0, 0.08, -0.18), 0.055),
    ("panda_link5", (0, 0.08, -0.1), 0.05),
    ("panda_link5", (0, 0.05, 0), 0.07),
    ("panda_link6", (0.02, 0, 0), 0.075),
    ("panda_link6", (0.09, 0.01, 0), 0.07),
    ("panda_link7", (0, 0, 0.07), 0.06),
    ("panda_link7", (0.04, 0.04, 0.08), 0.05),
    ("panda_hand", (0, -0.06, 0.03), 0.04),
    ("panda_hand", (0, 0.06, 0.03), 0.04),
    ("panda_hand", (0, 0, 0.05), 0.045),
    ("panda_hand", (0, 0, 0.1), 0.025),
)

# three obstacles and a zone to keep out of
BALL = (Segment((0.45, 0.35, 0.55), (0.45, 0.35, 0.55)), Fraction("0.1"))
POLE = (Segment((0.5, -0.45, 0.0), (0.5, -0.45, 0.9)), Fraction("0.05"))
TABLE = (Cuboid((0.25, -0.7, -0.1), (1.0, 0.7, 0.02)), Fraction(0))
ROOF = (
    Facets(
        ((0.6, 0.0, 0.8), (-0.6, 0.0, -0.8), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)),
        (1.2, -1.0, 1.0, 1.0),
    ),
    Fraction(0),
)
WORLD = (BALL, POLE, TABLE, ROOF)


def panda(spheres: int = len(SPHERES)) -> Chain:
    found = read_chain((HERE / "data" / "panda.urdf").read_bytes(), "panda.urdf", "panda_hand")
    assert isinstance(found, Chain)
    return replace(
        found,
        spheres=tuple(
            Sphere(link, tuple(map(exact, center)), exact(radius))
            for link, center, radius in SPHERES[-spheres:]
        ),
    )


def exact(value: float) -> Fraction:
    return Fraction(str(value))


def arm_of(
    chain: Chain,
    drives: Sequence[Drive],
    world: Sequence[tuple[Shape, Fraction]],
    *,
    alpha: Fraction = Fraction(20),
    least: Fraction = Fraction(0),
    margin: float = 0.0,
    pairs: Sequence[tuple[int, int]] = (),
) -> Arm:
    """Every sphere keeps off every shape, the pairs keep off each other."""
    bodies = [
        Body(i, None, tuple(rounded_up(r) for r in reaches(chain, i)))
        for i in range(len(chain.spheres))
    ]
    keep = float(1 - alpha * PERIOD)
    rows = []
    for s, (_, radius) in enumerate(world):
        for i, sphere in enumerate(chain.spheres):
            rows.append(
                Row(
                    *(i, s, off(bodies[i], drives, radius + sphere.radius + least), keep, margin),
                    stay(bodies[i], drives),
                )
            )
    shapes = [shape for shape, _ in world]
    for one, other in pairs:
        reach = tuple(rounded_up(r) for r in reaches_apart(chain, one, other))
        bodies.append(Body(one, other, reach))
        size = chain.spheres[one].radius + chain.spheres[other].radius + least
        place, apart = (len(bodies) - 1, len(shapes)), off(bodies[-1], drives, size)
        rows.append(Row(*place, apart, keep, margin, stay(bodies[-1], drives)))
    if pairs:
        shapes.append(Segment((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)))
    whole = kinematics(chain, ())
    joints = tuple(range(len(chain.moving)))
    return Arm(whole, centers_only(chain), joints, tuple(shapes), tuple(bodies), tuple(rows))


def off(body: Body, drives: Sequence[Drive], least: Fraction) -> float:
    """The distance that is kept, with what the joints may be off by, rounded up."""
    stray = sum(
        (Fraction(r) * Fraction(d.radius) for r, d in zip(body.reach, drives, strict=True)),
        Fraction(0),
    )
    return rounded_up(least + stray + Fraction(ROUNDING))


def stay(body: Body, drives: Sequence[Drive]) -> float:
    return rounded_up(reserve([Fraction(r) for r in body.reach], drives))


@dataclass(frozen=True)
class Kit:
    """A Panda to guard: what is exact of it, and its filter."""

    chain: Chain
    axes: tuple[Axis, ...]
    filter: Filter


def kit(
    order: int,
    *,
    rate: Fraction | None = None,
    jerk: Sequence[Fraction] = (),
    spheres: int = len(SPHERES),
    world: Sequence[tuple[Shape, Fraction]] = WORLD,
    latency: int = 0,
    disturbance: Fraction = Fraction(0),
    position_error: Fraction = Fraction(0),
    speed_error: Fraction = Fraction(0),
    bounds: Bounds | None = None,
    switch: Switch | None = None,
    posture: Posture | None = None,
    pairs: Sequence[tuple[int, int]] = (),
    alpha: Fraction = Fraction(20),
) -> Kit:
    chain = panda(spheres)
    axes = []
    for k, joint in enumerate(chain.moving):
        box = ACCELERATION[k] if order == 2 else SPEED[k]
        axes.append(
            Axis(
                order,
                PERIOD,
                -box,
                box,
                joint.limits.lower,
                joint.limits.upper,
                -SPEED[k] if order == 2 else None,
                SPEED[k] if order == 2 else None,
                jerk[k] if jerk else rate,
                None,
                None,
                disturbance,
                position_error,
                speed_error if order == 2 else Fraction(0),
                latency,
            )
        )
    drives = []
    for axis in axes:
        drive = drive_of(axis)
        assert isinstance(drive, Drive), drive
        drives.append(drive)
    margin = 0.0 if order == 2 else 2e-4
    arm = arm_of(chain, drives, world, pairs=pairs, alpha=alpha, margin=margin) if world else None
    design = Filter(tuple(drives), arm, latency, bounds, switch, posture)
    return Kit(chain, tuple(axes), design)


TEXT = """
state { q : real[7] rad in box(lower = -4, upper = 4)  v : real[7] rad/s  sure : real  go : bool }
skill Move { modifies q, v }
chain C { Move() }
"""


def design_of_kit(
    kit: Kit, *, confidence: tuple[str, float] | None = None, text: str = TEXT
) -> Design:
    model = model_of(text)
    plan = watch_plan(model, model.chains["C"])
    assert isinstance(plan, WatchPlan), plan
    span = Span("here.contract", 1, 1, 1, 1)
    joints = tuple(
        Joint("a", k, d.box_lower, d.box_upper, None, f"q[{k + 1}]", (), span)
        for k, d in enumerate(kit.filter.drives)
    )
    size = range(len(joints))
    guarded = Guarded(
        kit.filter,
        tuple(f"q[{k + 1}]" for k in size),
        tuple(f"v[{k + 1}]" for k in size),
        confidence,
    )
    loop = Loop((Command("a", tuple(size), PERIOD, span),), joints, guarded)
    return design_of(plan, loop)


def guard_of_kit(kit: Kit, folder: Path, optimise: str = "-O2") -> Compiled:
    design = design_of_kit(kit)
    return loaded(design, guard_files(design), folder, gcc(), optimise)


def uniform(chain: Chain, rng: random.Random) -> tuple[float, ...]:
    return tuple(
        rng.uniform(float(j.limits.lower), float(j.limits.upper))  # type: ignore[arg-type]
        for j in chain.moving
    )
