"""A gantry that stays inside of a cell and presses no harder than it may, from text to loop.

Its one sphere is at (x, 0, z), so that the judge of the loop needs no kinematics.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from bundles import design_of_chain, gcc

from verifier.core.diagnostic import Diagnostic
from verifier.emit.binding import Compiled, loaded
from verifier.emit.bundle import guard_files
from verifier.emit.reference import Sample
from verifier.judging import Effort, judged
from verifier.model.values import Model
from verifier.report.values import status
from verifier.safety.limit import Loop, safety_loop
from verifier.source import settled

RADIUS, PERIOD, BRAKE, FAST = 0.05, 0.001, 8.0, 1.0
URDF = """<robot name="gantry"><link name="rail"/><link name="car"/><link name="tool"><collision>
<geometry><sphere radius="0.05"/></geometry></collision></link>
<joint name="x" type="prismatic"><parent link="rail"/><child link="car"/><axis xyz="1 0 0"/>
<limit lower="-2" upper="2"/></joint>
<joint name="z" type="prismatic"><parent link="car"/><child link="tool"/><axis xyz="0 0 1"/>
<limit lower="-2" upper="2"/></joint></robot>"""
PLANTS = {
    "speeds": "input u : real[2] m/s in box(lower = -1, upper = 1)  dynamics der(q) = u",
    "accelerations": "input u : real[2] m/s^2 in box(lower = -8, upper = 8)"
    "  dynamics der(q) = v  dynamics der(v) = u",
}
CELL = """
state {
    q : real[2] m   in box(lower = -2, upper = 2)
    v : real[2] m/s in box(lower = -2, upper = 2)
}
robot gantry from urdf "gantry.urdf" tip tool joints q
zone cell = polytope(rows = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, -1], [3, 0, 4]],
                     bounds = [1 m, 1 m, 1 m, 1 m, 1 m, 2 m])
zone two = prism(corners = [[0, 0], [1, 0], [1, 1], [0.5, 0.2], [0, 1]], lower = 0 m, upper = 1 m)
zone round = ball(center = [0, 0, 0], radius = 1 m)
obstacle pad = box(lower = [-1, -1, -1], upper = [1, 1, -0.6])
plant gantries { PLANT  period 1 ms }
barrier travel[j in 1 .. 2] = (q[j] + 2 m) * (2 m - q[j])
FAST
barrier cage  = inside(gantry, cell, 1 cm)                alpha 20 Hz
barrier press = contact(gantry, pad, 5 N/mm, 100 N)       alpha 20 Hz
skill Move { modifies q, v }
chain C { Move() }
"""
SPEEDS = "barrier fast[j in 1 .. 2] = (v[j] + 1 m/s) * (1 m/s - v[j])"


def text_of(kind: str) -> str:
    fast = SPEEDS if kind == "accelerations" else ""
    return CELL.replace("PLANT", PLANTS[kind]).replace("FAST", fast)


def model(folder: Path, text: str) -> Model:
    (folder / "gantry.urdf").write_text(URDF)
    (folder / "cell.contract").write_text(text)
    return settled(str(folder / "cell.contract")).model


def room(x: float, z: float) -> float:
    """To the nearest of the sides, and to the pad less the 2 cm that 100 N press it in."""
    sides = (1 - x, 1 + x, 1 + z, (2 - 3 * x - 4 * z) / 5)
    return min(min(sides) - RADIUS - 0.01, z + 0.6 - RADIUS + 0.02)


POLICIES: dict[str, Callable[[random.Random, int], tuple[float, float]]] = {
    "right and up": lambda rng, k: (1e3, 1e3),
    "down": lambda rng, k: (0.3, -1e3),
    "bang-bang": lambda rng, k: (1e6 * (-1) ** (k // 900), 1e6 * (-1) ** (k // 1300)),
    "broken": lambda rng, k: (rng.choice((math.nan, math.inf, -9.0)), 1e308),
}


def least(guard: Compiled, order: int, policy: str) -> float:
    rng, found = random.Random(3), math.inf
    q, v = [0.0, 0.0], [0.0, 0.0]
    guard.init()
    for k in range(3000):
        values = {"q[1]": q[0], "q[2]": q[1], "v[1]": v[0], "v[2]": v[1]}
        _, u = guard.step(Sample(k * 10**6, values), POLICIES[policy](rng, k))
        assert all(abs(each) <= (BRAKE if order == 2 else FAST) for each in u)
        for j in range(2):
            q[j] += PERIOD * (v[j] + PERIOD / 2 * u[j] if order == 2 else u[j])
            v[j] += PERIOD * u[j] if order == 2 else 0.0
        found = min(found, room(*q))
    return found


@pytest.mark.parametrize("kind", PLANTS)
def test_no_policy_leaves_the_cell_or_presses_harder(kind: str, tmp_path: Path) -> None:
    source = model(tmp_path, text_of(kind))
    for chain in source.chains.values():
        answers = judged(source, chain, Effort(8.0, 1), lambda done, total: None)
        assert {status(each.verdict) for each in answers} <= {"proved"}
    design = design_of_chain(source, "C")
    guard = loaded(design, guard_files(design), tmp_path, gcc(), "-O2")
    order = 2 if kind == "accelerations" else 1
    rooms = {policy: least(guard, order, policy) for policy in POLICIES}
    assert min(rooms.values()) >= -1e-9, rooms
    assert max(rooms["right and up"], rooms["down"]) < 0.004, rooms


REFUSED = {
    "several": ("cell, 1 cm", "two, 0", "`cage` needs a convex place, but `two` is put together"),
    "round": ("cell, 1 cm", "round, 0", "`cage` needs a place with flat sides, but `round`"),
    "soft": (
        "5 N/mm",
        "2 N/mm",
        "`press` presses in by 0.05 m, but a sphere of `tool` has no more",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_distance_is_refused(name: str, tmp_path: Path) -> None:
    old, new, message = REFUSED[name]
    found = safety_loop(model(tmp_path, text_of("speeds").replace(old, new)))
    assert not isinstance(found, Loop)
    assert isinstance(found[0], Diagnostic) and found[0].span.line > 0
    assert found[0].code == "barrier-not-supported" and found[0].message.startswith(message)
