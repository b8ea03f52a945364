"""Plans: states settled and time, beside z3 on the same problems.

    python tests/benchmarks/plans.py [--seconds S]

A robot carries things, one at a time, along a row of rooms to the last one. Each problem is asked
twice: as it is, and with a goal that no skill brings about. `search` is the time of the search
alone and `whole` that of the command's work: settling, searching, judging the plan in full. z3 is
asked for a plan of n calls for n = 0, 1, 2, … (planning as satisfiability, Kautz and Selman 1992),
which never ends where there is none. Times are of the processor.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from test_planning import boxes  # noqa: E402 - after the path is set

from verifier.closing import planning  # noqa: E402 - after the path is set
from verifier.closing.planning import plans  # noqa: E402 - after the path is set
from verifier.judging import Effort  # noqa: E402 - after the path is set
from verifier.repair import search  # noqa: E402 - after the path is set
from verifier.repair.explore import Explored, explore  # noqa: E402 - after the path is set
from verifier.source import chosen, settled  # noqa: E402 - after the path is set

SIZES = ((3, 2), (4, 3), (5, 3), (5, 4), (6, 4))


def ours(text: str) -> tuple[str, int, float, float]:
    """What is found, states settled, seconds of the search, and of all."""
    spent: list[tuple[int, float]] = []

    def timed(*arguments: object) -> Explored:
        began = time.process_time()
        found = explore(*arguments)  # type: ignore[arg-type]
        spent.append((found.settled, time.process_time() - began))
        return found

    search.explore = timed
    began = time.process_time()
    source = settled("boxes.contract", text)
    (chain,) = chosen(source, ["C"])
    outcome = plans(source, chain, Effort(10.0, 1), 1)
    whole = time.process_time() - began
    search.explore = explore
    told = f"{len(outcome.found[0].calls)} calls" if outcome.found else "refuted"
    assert outcome.unknown is None
    return told, max(n for n, _ in spent), sum(s for _, s in spent), whole


def theirs(rooms: int, things: int, possible: bool, seconds: float) -> str:
    """How long z3 takes to find a shortest plan, or how far it gets."""
    import z3

    solver = z3.Solver()
    robot, held, key = z3.Int("robot_0"), z3.Int("held_0"), z3.Bool("key")
    at = [z3.Int(f"at_{t}_0") for t in range(things)]
    solver.add(robot == 0, held == -1, z3.Not(key), *(place == 0 for place in at))
    began = time.process_time()
    for calls in range(10_000):
        solver.push()
        solver.add(*(place == rooms - 1 for place in at), held == -1, z3.BoolVal(possible))
        left = seconds - (time.process_time() - began)
        solver.set("timeout", max(1, int(1000 * left)))
        answer = solver.check() if left > 0 else z3.unknown
        if answer == z3.sat:
            return f"{calls} calls  {time.process_time() - began:8.2f} s"
        if answer == z3.unknown:
            return f"none up to {calls - 1} calls in {seconds:g} s"
        solver.pop()
        robot_, held_ = z3.Int(f"robot_{calls + 1}"), z3.Int(f"held_{calls + 1}")
        at_ = [z3.Int(f"at_{t}_{calls + 1}") for t in range(things)]
        rest = [a == b for a, b in zip(at, at_, strict=True)]
        moves = [z3.And(robot_ - robot == step, held_ == held, *rest) for step in (-1, 1)]
        for t in range(things):
            others = [a == b for k, (a, b) in enumerate(zip(at, at_, strict=True)) if k != t]
            here = z3.And(robot_ == robot, *others)
            moves.append(z3.And(here, held == -1, at[t] == robot, held_ == t, at_[t] == -1))
            moves.append(z3.And(here, held == t, held_ == -1, at_[t] == robot))
        solver.add(z3.Or(*moves), robot_ >= 0, robot_ < rooms)
        robot, held, at = robot_, held_, at_
    return ""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20.0, help="for z3 on each problem")
    options = parser.parse_args()
    planning.SEARCH_S = 300.0
    print(f"{'rooms':>5} {'things':>6}  {'answer':10} {'states':>8} {'search':>9} {'whole':>9}  z3")
    for rooms, things in SIZES:
        for possible in (True, False):
            text = boxes(rooms, things, "" if possible else " and key")
            told, states, searched, whole = ours(text)
            peer = theirs(rooms, things, possible, options.seconds)
            times = f"{searched:7.3f} s {whole:7.3f} s"
            print(f"{rooms:5} {things:6}  {told:10} {states:8,} {times}  {peer}", flush=True)


if __name__ == "__main__":
    main()
