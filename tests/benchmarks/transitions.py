"""Motions for every start of a set, beside planners that answer for one start: time and duration.

    PYTHONPATH=.:tests python tests/benchmarks/transitions.py [--drake PYTHON] [--starts N] [NAME]

Without names: the problems of tests/data/transitions.jsonl and mazes of 10 x 10 and 20 x 20 cells.
`--drake` names an interpreter that can import pydrake; Drake gets the free cells that we found, one
start (the middle of the set) and one end, and no bound on acceleration, which it does not know, so
that its durations are for an easier question. `valid` counts, among N random starts, those that the
answer brings into the end set.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import time
from fractions import Fraction
from typing import Any

from motions import TOOLS, complaints, listed, problem_of

from verifier.core.motion import Box, Problem
from verifier.repair.route import passable
from verifier.repair.space import landscape
from verifier.repair.transition import Answer, Found, Refuted, transition

DRAKE = r"""
import json, sys, time
import numpy as np
from pydrake.geometry.optimization import GraphOfConvexSetsOptions, HPolyhedron, Point
from pydrake.planning import GcsTrajectoryOptimization
q = json.load(sys.stdin)
begun = time.perf_counter()
n = len(q["speed"])
gcs = GcsTrajectoryOptimization(n)
cells = [HPolyhedron(np.array(rows), np.array(bounds)) for rows, bounds in q["cells"]]
main = gcs.AddRegions(cells, [tuple(e) for e in q["edges"]], 3, 1e-6, 1000)
start = gcs.AddRegions([Point(np.array(q["start"]))], 0)
goal = gcs.AddRegions([Point(np.array(q["end"]))], 0)
gcs.AddEdges(start, main)
gcs.AddEdges(main, goal)
gcs.AddTimeCost()
gcs.AddVelocityBounds(-np.array(q["speed"]), np.array(q["speed"]))
options = GraphOfConvexSetsOptions()
options.convex_relaxation = True
options.max_rounded_paths = 5
trajectory, result = gcs.SolvePath(start, goal, options)
took = time.perf_counter() - begun
duration = trajectory.end_time() - trajectory.start_time() if result.is_success() else None
print(json.dumps([took, duration]))
"""

DRAKE_SECONDS = 60


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


def drake(problem: Problem, interpreter: str) -> str:
    """Seconds that Drake took for one start, and the duration of its motion, in words."""
    land = landscape(problem)
    starts = problem.starts[0]
    if not isinstance(starts, Box) or problem.moving:
        return "no single start at rest"
    rows, bounds = problem.end.rows, problem.end.bounds
    size = problem.space.dimension
    end = [0.0] * size
    for row, bound in zip(rows, bounds, strict=True):
        axis = next(i for i, a in enumerate(row) if a)
        end[axis] += float(bound / row[axis]) / 2
    question = {
        "speed": list(map(float, problem.speed_max)),
        "cells": [[[r for r, _ in area.rows], [b for _, b in area.rows]] for area in land.areas],
        "edges": [pair for i, j, _ in passable(land) for pair in ((i, j), (j, i))],
        "start": [float(a + b) / 2 for a, b in zip(starts.lower, starts.upper, strict=True)],
        "end": end,
    }
    try:
        done = subprocess.run(
            [interpreter, "-c", DRAKE],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=DRAKE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"more than {DRAKE_SECONDS} s"
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        return "failed"
    took, duration = json.loads(lines[-1])
    return f"{took:.2f} s, {'none' if duration is None else f'duration {duration:.3f} s'}"


def described(answer: Answer) -> str:
    if isinstance(answer, Found):
        return f"{float(answer.family.duration):9.3f} s"
    if isinstance(answer, Refuted):
        return f"none: {type(answer.proof).__name__.lower()}"
    return "undecided"


def main() -> None:
    parser = argparse.ArgumentParser(description="transitions, beside Drake")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--drake")
    parser.add_argument("--starts", type=int, default=1000)
    given = parser.parse_args()
    problems: dict[str, dict[str, Any]] = listed()
    for size in (10, 20):
        problems[f"maze-{size}"] = maze(size, 1)
        problems[f"maze-{size}-sealed"] = maze(size, 1, sealed=True)
    print(f"{'problem':28}{'took':>9}  {'answer':22}{'least known':>18}{'valid':>14}  Drake")
    for name in given.names or problems:
        data = problems[name]
        problem = problem_of(data)
        begun = time.perf_counter()
        answer = transition(problem, TOOLS)
        took = time.perf_counter() - begun
        known = "-".join(f"{x:.3f}" for x in data.get("least", ()))
        valid = theirs = ""
        if isinstance(answer, Found):
            wrong = {w.split()[0] for w in complaints(problem, answer.family, given.starts)}
            valid = f"{given.starts} of {given.starts}" if not wrong else f"not all: {wrong}"
            if given.drake:
                theirs = drake(problem, given.drake)
        row = f"{name:28}{took:7.2f} s  {described(answer):22}{known:>18}{valid:>14}  {theirs}"
        print(row, flush=True)


if __name__ == "__main__":
    main()
