"""A whole step of the guard beside cbfpy and oscbf: same arm, same obstacles, hostile commands.

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
        f"  {name:38}{middle:9.1f}{tail:9.1f}{int(violated.sum()):10}{int((~finite).sum()):11}"
        f"{int(outside.sum()):9}{int(stuck.sum()):13}",
        flush=True,
    )


def peers(
    interpreter: str, folder: Path, **arrays: np.ndarray
) -> list[tuple[str, dict[str, np.ndarray]]]:
    """What the others answer; a name without arrays is one that is not there."""
    np.savez(folder / "question.npz", **arrays)
    order = [interpreter, str(HERE / "barrier_peers.py"), str(folder)]
    subprocess.run(order, check=True, stderr=subprocess.DEVNULL)
    names = (folder / "answers.txt").read_text().splitlines()
    found = []
    for number, name in enumerate(names):
        path = folder / f"answer{number}.npz"
        found.append((name, dict(np.load(path)) if path.exists() else {}))
    return found


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
        world = {
            name: np.array(getattr(told, name))
            for name, *_ in judge.Arm._fields_
            if name not in ("period", "latency")
        }
        twice = {"q": np.vstack([q, q]), "v": np.vstack([v, v]), "asked": every}
        others = peers(given.peers, folder, **twice, **world)

        def left(commands: np.ndarray) -> np.ndarray:
            found = np.zeros((len(q), 4))
            arrays = [address(np.ascontiguousarray(a)) for a in (q, v, commands)]
            arms = ctypes.byref(told), ctypes.byref(loose)
            code.what_is_left(*arms, ctypes.c_int64(len(q)), *arrays, address(found))
            return found

        for number, size in enumerate(sizes):
            part = slice(number * given.steps, (number + 1) * given.steps)
            asked = np.ascontiguousarray(every[part])
            print(f"{given.steps:,} commands of {size:g} times the limits")
            print(
                f"  {'':38}{'median':>9}{'p99':>9}{'violated':>10}{'no number':>11}"
                f"{'outside':>9}{'cannot stop':>13}"
            )
            out, least = np.zeros_like(asked), np.zeros(given.steps)
            code.guard_answers(
                ctypes.c_int64(given.steps), REPEATS, *map(address, (q, v, asked, out, least))
            )
            report("this guard, from C", least, out, left(out), push)
            for name, answer in others:
                if not answer:
                    print(f"  {name:38} not installed")
                    continue
                commands = answer["given"][part]
                report(name, answer["least_us"], commands, left(commands), push)


if __name__ == "__main__":
    main()
