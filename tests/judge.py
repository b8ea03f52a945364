"""The judge of an arm's guard, tests/data/judge_arm.c, from Python.

What it is told of the arm comes from the URDF by another way than the guard's: rotation matrices of
roll, pitch and yaw multiplied out here, no program, no reach.
"""

from __future__ import annotations

import ctypes
import math
import subprocess
from dataclasses import dataclass
from pathlib import Path

from arms import ACCELERATION, PERIOD, SPEED, WORLD, Kit
from bundles import gcc

from verifier.emit.build_file import FLOATING_POINT
from verifier.safety.clearance import Cuboid, Facets, Segment

HERE = Path(__file__).parent
N, LINKS, BALLS, BODIES = 7, 16, 32, 8
F64, I32, I64 = ctypes.c_double, ctypes.c_int32, ctypes.c_int64


class Arm(ctypes.Structure):
    _fields_ = (
        ("links", I32),
        ("turns", I32 * LINKS),
        ("fixed", F64 * 12 * LINKS),
        ("balls", I32),
        ("on", I32 * BALLS),
        ("center", F64 * 3 * BALLS),
        ("radius", F64 * BALLS),
        *((name, F64 * N) for name in ("lower", "upper", "speed", "push", "swing")),
        ("capsules", I32),
        ("start", F64 * 3 * BODIES),
        ("end", F64 * 3 * BODIES),
        ("thick", F64 * BODIES),
        ("boxes", I32),
        ("middle", F64 * 3 * BODIES),
        ("axes", F64 * 9 * BODIES),
        ("half", F64 * 3 * BODIES),
        ("order", I32),
        ("period", F64),
        ("latency", I32),
        *((name, F64) for name in ("disturbance", "position_error", "speed_error")),
    )


class Result(ctypes.Structure):
    _fields_ = (
        *((name, F64) for name in ("position", "speed", "stop", "clearance")),
        *(
            (name, I64)
            for name in (
                *("steps", "passed", "clamped", "rejected", "faults"),
                *("odd", "outside_box", "unlike"),
            )
        ),
    )

    @property
    def least(self) -> float:
        return float(min(self.position, self.speed, self.stop, self.clearance))

    def __repr__(self) -> str:
        return str({name: getattr(self, name) for name, _ in self._fields_})


def library(folder: Path, optimise: str = "-O1") -> ctypes.CDLL:
    """The judge with the guard whose files are in the folder."""
    source = HERE / "data" / "judge_arm.c"
    out = folder / "judge.so"
    flags = ["-std=c99", optimise, *FLOATING_POINT, "-fPIC", "-shared", f"-I{folder}"]
    sources = [str(source), str(folder / "guard.c")]
    subprocess.run([*gcc(), *flags, *sources, "-o", str(out), "-lm"], check=True)
    return ctypes.CDLL(str(out))


def rotation(rpy: tuple[float, ...]) -> list[list[float]]:
    r, p, y = map(float, rpy)
    x = [[1, 0, 0], [0, math.cos(r), -math.sin(r)], [0, math.sin(r), math.cos(r)]]
    m = [[math.cos(p), 0, math.sin(p)], [0, 1, 0], [-math.sin(p), 0, math.cos(p)]]
    z = [[math.cos(y), -math.sin(y), 0], [math.sin(y), math.cos(y), 0], [0, 0, 1]]
    return times(z, times(m, x))


def times(a: list[list[float]], b: list[list[float]]) -> list[list[float]]:
    return [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)] for i in range(3)]


def told(kit: Kit) -> Arm:
    arm = Arm(order=kit.axes[0].order, period=float(PERIOD), latency=kit.axes[0].latency)
    chain, moving = kit.chain, 0
    arm.links = len(chain.joints)
    places = {}
    for k, joint in enumerate(chain.joints):
        assert not joint.moves or joint.axis == (0, 0, 1)
        rows = rotation(joint.rpy)  # type: ignore[arg-type]
        arm.fixed[k][:] = [*(v for row in rows for v in row), *map(float, joint.xyz)]
        arm.turns[k] = moving if joint.moves else -1
        moving += joint.moves
        places[joint.child] = k
    arm.balls = len(chain.spheres)
    for b, sphere in enumerate(chain.spheres):
        arm.on[b] = places[sphere.link]
        arm.center[b][:] = list(map(float, sphere.center))
        arm.radius[b] = float(sphere.radius)
    for j, joint in enumerate(chain.moving):
        assert joint.limits.lower is not None and joint.limits.upper is not None
        arm.lower[j], arm.upper[j] = float(joint.limits.lower), float(joint.limits.upper)
        arm.speed[j] = float(SPEED[j])
        arm.push[j] = float(ACCELERATION[j] if arm.order == 2 else SPEED[j])
        arm.swing[j] = float((kit.axes[j].rate or 0) * PERIOD) if arm.order == 2 else 0.0
    axis = kit.axes[0]
    arm.disturbance = float(axis.disturbance)
    arm.position_error, arm.speed_error = float(axis.position_error), float(axis.speed_error)
    _world(arm)
    return arm


def _world(arm: Arm) -> None:
    for shape, radius in WORLD:
        match shape:
            case Segment(start, end):
                k = arm.capsules
                arm.start[k][:], arm.end[k][:], arm.thick[k] = start, end, float(radius)
                arm.capsules += 1
            case Cuboid(lower, upper):
                k = arm.boxes
                arm.middle[k][:] = [(a + b) / 2 for a, b in zip(lower, upper, strict=True)]
                arm.half[k][:] = [(b - a) / 2 for a, b in zip(lower, upper, strict=True)]
                arm.axes[k][:] = [1, 0, 0, 0, 1, 0, 0, 0, 1]
                arm.boxes += 1
            case Facets():  # the roof: 1 <= 0.6 x + 0.8 z <= 1.2 and |y| <= 1
                k = arm.boxes
                arm.middle[k][:] = [0.66, 0.0, 0.88]
                arm.half[k][:] = [0.1, 1.0, math.inf]
                arm.axes[k][:] = [0.6, 0, 0.8, 0, 1, 0, -0.8, 0, 0.6]
                arm.boxes += 1


@dataclass(frozen=True)
class Starts:
    """Safe states, most of them on the boundary, one after the other."""

    count: int
    q: ctypes.Array[ctypes.c_double]
    v: ctypes.Array[ctypes.c_double]


def starts(judge: ctypes.CDLL, arm: Arm, seed: int, count: int) -> Starts:
    q, v = (F64 * (N * count))(), (F64 * (N * count))()
    judge.judge_starts(ctypes.byref(arm), ctypes.c_uint64(seed), I64(count), q, v)
    return Starts(count, q, v)


def steps(judge: ctypes.CDLL, arm: Arm, begin: Starts, size: float) -> Result:
    """One period from each start, commands being normal with this standard deviation."""
    result = Result()
    judge.judge_steps(
        ctypes.byref(arm),
        ctypes.c_uint64(99),
        I64(begin.count),
        begin.q,
        begin.v,
        F64(size),
        ctypes.byref(result),
    )
    return result


def switch(judge: ctypes.CDLL, arm: Arm, seed: int, runs: int, length: int, room: float) -> Result:
    result = Result()
    judge.judge_switch(
        ctypes.byref(arm),
        ctypes.c_uint64(seed),
        I64(runs),
        I64(length),
        F64(room),
        ctypes.byref(result),
    )
    return result


def loop(
    judge: ctypes.CDLL, arm: Arm, seed: int, runs: int, length: int, policy: int, size: float
) -> Result:
    result = Result()
    judge.judge_loop(
        ctypes.byref(arm),
        ctypes.c_uint64(seed),
        I64(runs),
        I64(length),
        policy,
        F64(size),
        ctypes.byref(result),
    )
    return result
