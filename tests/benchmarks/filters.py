"""A whole step of the guard beside cbfpy: same arm, same obstacles, hostile commands.

    PYTHONPATH=.:tests python tests/benchmarks/filters.py [--peers PYTHON] [--steps N]

A Panda of second order with 20 spheres, three obstacles and a zone (tests/arms.py), from states
that can be braked, most of them on the boundary, and commands that are normal with 10 and with 100
times the limits; every tenth has something in it that is no number. Everybody is asked the same.
What their command does in one period is judged by tests/data/judge_arm.c, which shares no code
with any of them. `violated` counts positions, speeds or clearances below -1e-9, `no number` answers
that are not finite, `outside` commands beyond the limits of the input, `cannot stop` states from
which braking at once would hit something or pass a limit.

Times are microseconds, the least of some runs of each step: the guard's from C, cbfpy's from Python
as it is used, compiled. `--peers` names an interpreter that has cbfpy; who is not there is named as
such.
"""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

import judge
import numpy as np
from arms import Kit, design_of_kit, kit
from bundles import gcc

from verifier.emit.build_file import FLOATING_POINT
from verifier.emit.bundle import guard_files

HERE = Path(__file__).parent
DATA = HERE.parent / "data"
N, REPEATS = 7, 5
BELOW = -1e-9


def library(arm: Kit, folder: Path) -> ctypes.CDLL:
    """The guard, the judge and the clock in one."""
    for name, content in guard_files(design_of_kit(arm)).items():
        (folder / name).write_bytes(content)
    out = folder / "filters.so"
    sources = [str(HERE / "step_timing.c"), str(folder / "guard.c")]
    include = [f"-I{folder}", f"-I{DATA}"]
    command = [*gcc(), "-std=c99", *FLOATING_POINT, "-O3", "-fPIC", "-shared", *include, *sources]
    subprocess.run([*command, "-o", str(out), "-lm"], check=True)
    return ctypes.CDLL(str(out))


def hostile(count: int, size: float, push: np.ndarray) -> np.ndarray:
    """Commands of that many times the limits; some are no numbers."""
    source = np.random.default_rng(7)
    asked = source.normal(size=(count, N)) * size * push
    for k in range(9, count, 10):
        asked[k, source.integers(N)] = source.choice([np.nan, np.inf, -np.inf, 1e300])
    return asked


def loosened(arm: judge.Arm) -> judge.Arm:
    """The arm with limits that are further by what rounding may take."""
    for j in range(N):
        arm.lower[j] += 10 * BELOW
        arm.upper[j] -= 10 * BELOW
        arm.speed[j] -= 10 * BELOW
    for ball in range(arm.balls):
        arm.radius[ball] += 10 * BELOW
    return arm


def address(values: np.ndarray) -> ctypes.c_void_p:
    return values.ctypes.data_as(ctypes.c_void_p)


def report(
    name: str, least_us: np.ndarray, given: np.ndarray, left: np.ndarray, push: np.ndarray
) -> None:
    finite = np.all(np.isfinite(given), axis=1)
    violated = finite & np.any(left[:, :3] < BELOW, axis=1)
    stuck = finite & ~violated & (left[:, 3] < 0)
    outside = finite & np.any(np.abs(given) > push * (1 + 1e-9), axis=1)
    middle, tail = np.percentile(least_us, [50, 99])
    print(
        f"  {name:42}{middle:9.1f}{tail:9.1f}{int(violated.sum()):10}{int((~finite).sum()):11}"
        f"{int(outside.sum()):9}{int(stuck.sum()):13}",
        flush=True,
    )


OTHERS = (
    ("cbfpy, as it comes", "relaxed", 1.0),
    ("cbfpy, hard rows", "hard", 1.0),
    ("cbfpy, hard rows, the guard's gain", "hard", 20.0),
)


def answers(interpreter: str, folder: Path, rows: str, gain: float) -> dict[str, np.ndarray]:
    """What cbfpy answers; nothing if it is not there."""
    order = [interpreter, str(HERE / "barrier_peers.py"), str(folder), rows, str(gain)]
    subprocess.run(order, check=True, stderr=subprocess.DEVNULL)
    path = folder / "answer.npz"
    return dict(np.load(path)) if path.exists() else {}


def main() -> None:
    parser = argparse.ArgumentParser(description="the guard beside other filters")
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--steps", type=int, default=10_000)
    given = parser.parse_args()
    arm = kit(2)
    told, loose = judge.told(arm), loosened(judge.told(arm))
    with tempfile.TemporaryDirectory(prefix="verify-chain-") as place:
        folder = Path(place)
        code = library(arm, folder)
        begin = judge.starts(code, told, 5, given.steps)
        q, v = (np.array(a).reshape(-1, N) for a in (begin.q, begin.v))
        push = np.array(told.push)
        sizes = (10.0, 100.0)
        every = np.vstack([hostile(given.steps, size, push) for size in sizes])
        names = [name for name, *_ in judge.Arm._fields_ if name not in ("period", "latency")]
        world = {name: np.array(getattr(told, name)) for name in names}
        both = {"q": np.vstack([q, q]), "v": np.vstack([v, v]), "asked": every}
        np.savez(folder / "question.npz", **both, **world)

        def show(name: str, commands: np.ndarray, least: np.ndarray) -> None:
            for number, size in enumerate(sizes):
                part = slice(number * given.steps, (number + 1) * given.steps)
                given_here, left = np.ascontiguousarray(commands[part]), np.zeros((len(q), 4))
                arrays = [address(a) for a in (q, v, given_here, left)]
                arms = ctypes.byref(told), ctypes.byref(loose)
                code.what_is_left(*arms, ctypes.c_int64(len(q)), *arrays)
                report(f"{name}, x {size:g}", least, given_here, left, push)

        print(f"{given.steps:,} commands each of 10 and of 100 times the limits")
        print(
            f"  {'':42}{'median':>9}{'p99':>9}{'violated':>10}{'no number':>11}"
            f"{'outside':>9}{'cannot stop':>13}"
        )
        out, least = np.zeros_like(every), np.zeros(len(every))
        asked = [address(a) for a in (both["q"], both["v"], every, out, least)]
        code.guard_answers(ctypes.c_int64(len(every)), REPEATS, *asked)
        show("this guard, from C", out, least)
        for name, rows, gain in OTHERS:
            answer = answers(given.peers, folder, rows, gain)
            if not answer:
                print(f"  {name:42} not installed")
                continue
            show(name, answer["given"], answer["least_us"])


if __name__ == "__main__":
    main()
