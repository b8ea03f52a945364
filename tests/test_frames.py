"""Barriers about a link's frame in the bundle: no command brings the frame behind its plane."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

from bundles import design_of_chain, files_of, gcc, model_of, self_test_agrees

from verifier.emit.binding import loaded
from verifier.emit.bundle import guard_files
from verifier.emit.reference import Sample
from verifier.judging import Effort, judged
from verifier.model.values import Model
from verifier.report.values import status
from verifier.safety.filter import Guarded
from verifier.safety.kinematics import kinematics, poses

MS = 10**6
ARM = """
state {
    q : real[4] rad in box(lower = [-2.8, -1.7, -2.8, -3.0], upper = [2.8, 1.7, 2.8, -0.1])
    v : real[4] rad/s in box(lower = -2.2, upper = 2.2)
}
robot panda from urdf "panda.urdf" tip panda_link4 joints q
plant arm {
    input    a : real[4] rad/s^2 in box(lower = -7.5, upper = 7.5)
    dynamics der(q) = v
    dynamics der(v) = a
    period   1 ms
}
barrier low[j in 1 .. 4]  = q[j] - q.lower[j]
barrier high[j in 1 .. 4] = q.upper[j] - q[j]
barrier floor = panda.panda_link4.z - 50 cm    alpha 20 Hz
barrier wall  = 20 cm - panda.panda_link4.x    alpha 20 Hz
skill Move { modifies q, v }
chain C { Move() }
"""


@cache
def arm() -> Model:
    return model_of(ARM)


def test_a_frame_whose_joints_brake_is_a_distance() -> None:
    """Nothing is asked for that braking does not need, so no gain is too high for the speeds."""
    model = arm()
    answers = list(judged(model, model.chains["arm"], Effort(8.0, 1), lambda done, total: None))
    assert {status(each.verdict) for each in answers} == {"proved"}
    about = {each.obligation.id for each in answers if each.obligation.id.startswith("arm/floor")}
    assert about == {"arm/floor/gain", "arm/floor/sampling"}
    assert not any(row.name == "floor" for row in model.rows["arm"])
    law = ARM.replace("period   1 ms", "period 1 ms  baseline [0, 0, 0, 0]")
    assert any(row.name == "floor" for row in model_of(law).rows["arm"])


def test_a_frame_stays_on_its_side(tmp_path: Path) -> None:
    model = arm()
    self_test_agrees(files_of(model, "C"), tmp_path)
    design = design_of_chain(model, "C")
    guarded = design.loop.guarded
    assert isinstance(guarded, Guarded) and guarded.filter.arm
    assert [row.name for row in guarded.filter.arm.rows] == ["floor", "wall"]
    guard = loaded(design, guard_files(design), tmp_path, gcc(), "-O2")
    chain = kinematics(model.robots["panda"].chain, ["panda_link4"])
    rng, least, seen = random.Random(4), [1.0, 1.0], 0
    for policy in range(4):
        guard.init()
        q, v = [0.1, -0.2, 0.1, -1.0], [0.0] * 4
        push = [rng.choice((-50.0, 50.0)) for _ in range(4)]
        for k in range(1500):
            if policy == 3 and k % 200 == 0:
                push = [rng.uniform(-50.0, 50.0) for _ in range(4)]
            names = {f"q[{j}]": x for j, x in enumerate(q, 1)}
            names |= {f"v[{j}]": x for j, x in enumerate(v, 1)}
            outcome, out = guard.step(Sample(k * MS, names), tuple(push))
            seen |= outcome.rows
            for j, u in enumerate(out):
                q[j] += 1e-3 * v[j] + 0.5e-6 * u
                v[j] += 1e-3 * u
            x, _, z = poses(chain, q)[0].position
            least = [min(least[0], z - 0.5), min(least[1], 0.2 - x)]
    assert min(least) >= -1e-9 and max(least) < 0.03
    assert seen >> 8  # the rows of the frame moved some command
