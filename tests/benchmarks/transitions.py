"""Motions for every start of a set, beside planners that answer for one start: time and duration.

    PYTHONPATH=.:tests python tests/benchmarks/transitions.py [--peers PYTHON] [--starts N] [NAME]

Without names: the problems of tests/data/transitions.jsonl and mazes of 10 x 10 and 20 x 20 cells.
`--peers` names an interpreter that has drake or ompl (see planners.py for what each is asked).
They get the free cells that we found, for nothing, and one start, the middle of the set; Drake is
asked for the corner that is furthest, too, since a motion for every start takes as long as the
slowest. Times are seconds of processor time, the least of some runs that take turns.

`valid` counts, among N random starts, those that the answer serves: all positions free, and the
last one in the end set. Ours is also held to its limits of speed and acceleration, start by start.
A path for one start c is used for another start s in three ways:

* shifted: the whole path moved by s - c;
* faded: moved by s - c in the beginning, by less and less, and not at all in the end;
* joined: first straight from s to c with a stop there, then the path. `in` is what that takes then
  for the start that it takes longest for.
"""

from __future__ import annotations

import argparse
import json
import random
import select
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from motions import TOOLS, Curve, complaints, curve, listed, plan_for, problem_of, random_starts

from verifier.core.motion import Box, Polytope, Problem, Vector
from verifier.repair.refusal import corners, seen
from verifier.repair.route import distance, passable, web
from verifier.repair.space import Landscape, landscape
from verifier.repair.transition import Answer, Found, Refuted, along_one_axis, transition

HERE = Path(__file__).parent
RUNS, RUNS_IF_LONGER_S = 3, 6.0
SLACK = 1e-6


def maze(size: int, seed: int, sealed: bool = False) -> dict[str, Any]:
    """A perfect maze with walls of a tenth, by depth-first search; the last cell perhaps sealed."""
    chance = random.Random(seed)
    stack, seen, doors = [(0, 0)], {(0, 0)}, set()
    while stack:
        x, y = stack[-1]
        beside = ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1))
        near = [c for c in beside if min(c) >= 0 and max(c) < size and c not in seen]
        if not near:
            stack.pop()
            continue
        cell = chance.choice(near)
        doors.add(frozenset(((x, y), cell)))
        seen.add(cell)
        stack.append(cell)
    last, half = (size - 1, size - 1), Fraction(1, 20)
    boxes = []
    for x in range(size):
        for y in range(size):
            for cell, low, high in (
                ((x + 1, y), (x + 1, y), (x + 1, y + 1)),
                ((x, y + 1), (x, y + 1), (x + 1, y + 1)),
            ):
                inside = max(cell) < size
                shut = sealed and last in ((x, y), cell)
                if inside and (shut or frozenset(((x, y), cell)) not in doors):
                    sides = ([a - half for a in low], [b + half for b in high])
                    boxes.append([[str(a) for a in side] for side in sides])
    near_end, far_end = str(size - Fraction(4, 5)), str(size - Fraction(1, 5))
    return {
        "dimension": 2,
        "bounds": [[0, 0], [size, size]],
        "boxes": boxes,
        "starts": [[["1/5", "1/5"], ["4/5", "4/5"]]],
        "end": [[near_end] * 2, [far_end] * 2],
        "speed": [1, 1],
        "acceleration": [2, 2],
    }


# ---- the others --------------------------------------------------------------------------------


@dataclass
class Peers:
    """An interpreter that answers for the planners that it has; started again where it fails."""

    interpreter: str
    seconds: float
    process: subprocess.Popen[str] | None = None

    def ask(self, planner: str, question: dict[str, Any]) -> dict[str, Any]:
        if self.process is None:
            self.process = subprocess.Popen(
                [self.interpreter, str(HERE / "planners.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"planner": planner, **question}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return self._failed("failed")
        if not select.select([self.process.stdout], [], [], self.seconds)[0]:
            return self._failed(f"no answer in {self.seconds:.0f} s")
        line = self.process.stdout.readline()
        return json.loads(line) if line else self._failed("failed")

    def _failed(self, reason: str) -> dict[str, Any]:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None
        return {"none": reason}


def rows_of(body: Polytope) -> list[Any]:
    return [[list(map(float, row)) for row in body.rows], list(map(float, body.bounds))]


def middle_of(body: Polytope) -> list[float]:
    """The middle of a box, given by its rows."""
    spot = [0.0] * len(body.rows[0])
    for row, bound in zip(body.rows, body.bounds, strict=True):
        axis = next(i for i, a in enumerate(row) if a)
        spot[axis] += float(bound / row[axis]) / 2
    return spot


def question_of(problem: Problem, land: Landscape) -> dict[str, Any]:
    """What the others are told, but for the start."""
    return {
        "speed": list(map(float, problem.speed_max)),
        "acceleration": list(map(float, problem.acceleration_max)),
        "cells": [[[r for r, _ in area.rows], [b for _, b in area.rows]] for area in land.areas],
        "edges": [pair for i, j, _ in passable(land) for pair in ((i, j), (j, i))],
        "obstacles": [[[r for r, _ in b.sides], [h for _, h in b.sides]] for b in land.bodies],
        "given": problem.space.regions is not None,
        "bounds": [list(land.low), list(land.high)],
        "end": rows_of(problem.end),
        "heart": middle_of(problem.end),
    }


def furthest(problem: Problem, land: Landscape) -> list[float]:
    """The corner of the starts from which the way takes longest, along the axes in sum where
    several are as far."""
    net = web(problem, land)
    heart, speeds = middle_of(problem.end), list(map(float, problem.speed_max))
    pairs = zip(problem.speed_max, problem.acceleration_max, strict=True)
    ramp = min(float(v / a) for v, a in pairs)

    def way(corner: Vector) -> tuple[float, float]:
        spot = seen(problem, corner)
        along = sum(abs(a - b) / v for a, b, v in zip(spot, heart, speeds, strict=True))
        alone = along_one_axis(problem, Box(corner, corner))
        return max(distance(land, net, spot) + ramp, alone), along

    return list(seen(problem, max(corners(problem), key=way)))


# ---- one path for many starts ------------------------------------------------------------------


def free(spots: np.ndarray, question: dict[str, Any]) -> np.ndarray:
    """Which of the spots are free and inside the bounds."""
    low, high = map(np.array, question["bounds"])
    good = np.all((spots >= low - SLACK) & (spots <= high + SLACK), axis=-1)
    if question["given"]:
        return good & held(spots, question["cells"], SLACK)
    return good & ~held(spots, question["obstacles"], -SLACK)


def held(spots: np.ndarray, bodies: list[Any], slack: float) -> np.ndarray:
    """Which of the spots are in one of the bodies."""
    found = np.zeros(spots.shape[:-1], bool)
    for rows, bounds in bodies:
        normals = np.array(rows)
        heights = spots @ normals.T - np.array(bounds) - slack
        found |= np.all(heights <= 0, axis=-1)
    return found


def joining(starts: np.ndarray, heart: np.ndarray, question: dict[str, Any]) -> np.ndarray:
    """How long it takes to drive straight to the heart, from rest to rest."""
    ways = np.abs(starts - heart) + 1e-12
    most = np.min(np.array(question["speed"]) / ways, axis=1)
    push = np.min(np.array(question["acceleration"]) / ways, axis=1)
    return np.where(most**2 <= push, 1 / most + most / push, 2 / np.sqrt(push))


def uses(answer: dict[str, Any], starts: np.ndarray, question: dict[str, Any]) -> str:
    """For how many starts the path for one of them serves, used in each way."""
    path = np.array(answer["path"])
    times, points = path[:, 0], path[:, 1:]
    rows, bounds = map(np.array, question["end"])
    offsets = starts - points[0]
    share = 1 - times / times[-1] if times[-1] > 0 else np.zeros(len(times))
    lines = points[0] + offsets[:, None, :] * np.linspace(1, 0, 50)[None, :, None]
    joined = np.all(free(lines, question), axis=1) & np.all(free(points, question))
    joined &= np.all(rows @ points[-1] <= bounds + SLACK)
    counts = {}
    for name, weight in (("shifted", np.ones(len(times))), ("faded", share)):
        count = 0
        for offset in offsets:
            moved = points + weight[:, None] * offset
            arrives = np.all(rows @ moved[-1] <= bounds + SLACK)
            count += bool(arrives and np.all(free(moved, question)))
        counts[name] = count
    slowest = times[-1] + np.max(joining(starts, points[0], question))
    told = ", ".join(f"{name} {count}" for name, count in counts.items())
    return f"{told}, joined {int(joined.sum())} in {slowest:.2f} s"


def strain(answer: dict[str, Any], question: dict[str, Any]) -> float:
    """The greatest mean acceleration over a fiftieth of the motion, in parts of what is allowed: a
    motion within its limits has 1 at most."""
    path = np.array(answer["path"])
    times, points = path[:, 0], path[:, 1:]
    speeds = np.gradient(points, times, axis=0)
    wide = len(times) // 50
    gaps = (times[wide:] - times[:-wide])[:, None]
    changes = np.abs(speeds[wide:] - speeds[:-wide]) / gaps
    return float(np.max(changes / np.array(question["acceleration"])))


# ---- table -------------------------------------------------------------------------------------


def described(answer: Answer) -> str:
    if isinstance(answer, Found):
        return f"{float(answer.family.duration):.3f} s"
    if isinstance(answer, Refuted):
        return f"none: {type(answer.proof).__name__.lower()}"
    return "undecided"


def checked(problem: Problem, answer: Answer, count: int) -> str:
    """What random starts say of ours where there is nobody beside it."""
    if not isinstance(answer, Found):
        return ""
    wrong = {w.split()[0] for w in complaints(problem, answer.family, count)}
    return f"{count} of {count}" if not wrong else f"not all: {wrong}"


def ours(problem: Problem) -> tuple[float, Answer]:
    begun = time.process_time()
    answer = transition(problem, TOOLS)
    return time.process_time() - begun, answer


def in_turns(contestants: dict[str, Callable[[], tuple[float, Any]]]) -> dict[str, Any]:
    """The least time of each and what it answered; all in one run, one after the other."""
    found: dict[str, tuple[float, Any]] = {}
    for _ in range(RUNS):
        for name, contestant in contestants.items():
            if name in found and found[name][0] > RUNS_IF_LONGER_S:
                continue
            took, answer = contestant()
            found[name] = min(took, found.get(name, (took,))[0]), answer
    return found


def line(name: str, took: float | None, duration: str, valid: str) -> None:
    time_s = "" if took is None else f"{took:8.3f} s"
    print(f"  {name:30}{time_s:>10}{duration:>22}  {valid}", flush=True)


def compared(name: str, problem: Problem, peers: Peers, count: int) -> str:
    """Shows one problem that has one set of starts, beside the others; its line of the table."""
    land = landscape(problem)
    question = question_of(problem, land)
    box = problem.starts[0]
    assert isinstance(box, Box)
    middle = [float(a + b) / 2 for a, b in zip(box.lower, box.upper, strict=True)]
    starts = np.array([start for _, start in random_starts(problem, count, 1)])

    def theirs(planner: str, start: list[float]) -> Callable[[], tuple[float, Any]]:
        def ask() -> tuple[float, Any]:
            answer = peers.ask(planner, {**question, "start": start})
            return answer.get("cpu_s", float("inf")), answer

        return ask

    names = {
        "gcs": "Drake, speed limits alone",
        "toppra": "Drake, both limits",
        "ompl": "OMPL",
    }
    found = in_turns(
        {"ours": lambda: ours(problem)} | {planner: theirs(planner, middle) for planner in names}
    )
    took, answer = found["ours"]
    good = served(problem, answer, starts, question)
    line("ours, for every start", took, described(answer), f"{good} of {count}")
    cells = [name, f"{took:.3f} / {described(answer).removesuffix(' s')}, {good}"]
    for planner, title in names.items():
        least, reply = found[planner]
        if "none" in reply:
            line(title, None, "", reply["none"])
            cells.append(reply["none"])
            continue
        duration = f"{reply['duration_s']:.3f} s"
        if "least_s" in reply:
            duration = f"{duration} (>= {reply['least_s']:.2f})"
        told = uses(reply, starts, question)
        if planner == "toppra":
            told = f"{told}, acceleration {strain(reply, question):.1f} times the limit"
        line(title, least, duration, told)
        cells.append(f"{least:.3f} / {reply['duration_s']:.3f}, {told}")
    cells += ratios(problem, land, found, theirs, question)
    return f"| {' | '.join(cells)} |"


def ratios(
    problem: Problem, land: Landscape, found: dict[str, Any], theirs: Any, question: dict[str, Any]
) -> list[str]:
    """Ours over each of Drake's, which is asked for the furthest corner, too: time, duration."""
    took, answer = found["ours"]
    cells = []
    for planner, name in (("gcs", "speed limits alone"), ("toppra", "both limits")):
        least, reply = found[planner]
        if not isinstance(answer, Found) or "duration_s" not in reply:
            cells.append("")
            continue
        _, corner = theirs(planner, furthest(problem, land))()
        slowest = max(reply["duration_s"], corner.get("duration_s", 0.0))
        duration = float(answer.family.duration)
        cells.append(f"{took / least:.2f}, {duration / slowest:.3f}")
        text = f"{slowest:.3f} s" if corner.get("duration_s") else corner.get("none", "")
        broken = "" if planner == "gcs" or "path" not in corner else strain(corner, question)
        note = f", acceleration {broken:.1f} times the limit" if broken else ""
        print(
            f"  ours / Drake's, {name}: time {took / least:.2f}, duration {duration / slowest:.3f}"
            f" (from the furthest corner {text}{note})",
            flush=True,
        )
    return cells


def served(problem: Problem, answer: Answer, starts: np.ndarray, question: dict[str, Any]) -> int:
    """For how many starts ours stays free, arrives at rest, and keeps its limits."""
    if not isinstance(answer, Found):
        return 0
    (plan,) = answer.family.plans
    good = 0
    for start in starts:
        path = curve(plan_for(plan, list(start)), list(start))
        good += drives(path, start, question)
    return good


def drives(path: Curve, start: np.ndarray, question: dict[str, Any]) -> bool:
    """Whether a curve of quadratic pieces leads from the start into the end set as asked."""
    rows, bounds = map(np.array, question["end"])
    if not path:
        return bool(np.all(rows @ start <= bounds + SLACK) and free(start, question))
    times = np.array([duration for duration, _ in path])[:, None]
    first, middle, last = np.array([points for _, points in path]).swapaxes(0, 1)
    share = np.linspace(0, 1, 13)[:, None, None]
    spots = (1 - share) ** 2 * first + 2 * share * (1 - share) * middle + share**2 * last
    leaving, arriving = 2 * (middle - first) / times, 2 * (last - middle) / times
    speed, push = np.array(question["speed"]), np.array(question["acceleration"])
    still = np.zeros((1, len(start)))
    return bool(
        np.allclose(first[0], start)
        and np.allclose(np.vstack([still, arriving]), np.vstack([leaving, still]), atol=1e-5)
        and np.allclose(first[1:], last[:-1])
        and np.all(np.abs([leaving, arriving]) <= speed * (1 + 1e-6))
        and np.all(np.abs(arriving - leaving) <= push * times * (1 + 1e-6) + 1e-9)
        and np.all(rows @ last[-1] <= bounds + SLACK)
        and np.all(free(spots.reshape(-1, len(start)), question))
    )


HEAD = (
    "problem",
    "ours, every start",
    "Drake, speed limits",
    "Drake, both limits",
    "OMPL, with stops",
    "ours / Drake, speed limits",
    "ours / Drake, both limits",
)


def main() -> None:
    parser = argparse.ArgumentParser(description="transitions, beside Drake and OMPL")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--starts", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=900.0, help="for one answer of a peer")
    given = parser.parse_args()
    problems: dict[str, dict[str, Any]] = listed()
    for size in (10, 20):
        problems[f"maze-{size}"] = maze(size, 1)
        problems[f"maze-{size}-sealed"] = maze(size, 1, sealed=True)
    peers = Peers(given.peers, given.seconds)
    ours(problem_of(problems["gap-0p2"]))  # imports are nobody's time
    table = [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|"]
    names = given.names or list(problems)
    for number, name in enumerate(names, start=1):
        data = problems[name]
        problem = problem_of(data)
        known = "-".join(f"{x:.3f}" for x in data.get("least", ()))
        least = f", least known {known} s" if known else ""
        print(f"{name} ({number} of {len(names)}){least}", flush=True)
        if "none" in data or "sealed" in name or len(problem.starts) > 1 or problem.moving:
            took, answer = ours(problem)
            line("ours", took, described(answer), checked(problem, answer, given.starts))
        else:
            table.append(compared(name, problem, peers, given.starts))
    print("\n".join(("", *table)), flush=True)


if __name__ == "__main__":
    main()
