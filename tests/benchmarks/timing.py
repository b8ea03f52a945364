"""Time of long chains: CPU time on one core, from the settled chain to the judged verdict.

    python tests/benchmarks/timing.py

10,000 skills one after the other, and the same with branches of `||` in between: a deadline for the
whole chain, and one in each ten steps between named steps; once without choices and once with every
fifth duration chosen. For each the time to derive the questions, to answer them and to judge the
answers; reading and settling the text is shown beside it. Ends with 1 if deriving, answering and
judging the plain chain of 10,000 skills with its deadline takes more than 1 s, or if anything is
not proved.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from verifier.check.judge import judge
from verifier.check.outcome import Accepted
from verifier.core.obligation import Obligation
from verifier.core.verdict import Proved, SolverWord
from verifier.model.values import Chain
from verifier.obligations.path import Path, Place
from verifier.obligations.within import within
from verifier.solve.discharge import discharge
from verifier.source import settled

STEPS = 10_000
LIMIT_S = 1.0
SKILLS = """
state { a, b, c : bool }
skill Go   { ensures a  duration 0.1 s .. 0.3 s }
skill Look { ensures b  duration 0.05 s .. 0.2 s }
skill Hold { ensures c  duration 0 s .. 0.5 s chosen }
"""


def plain(local: bool) -> str:
    """Skills one after the other, with a deadline between the ends of each ten, or without."""
    calls, deadlines = [], ["within 3000 s"]
    for number in range(STEPS):
        calls.append(f"s{number}: Go()" if local and number % 10 == 0 else "Go()")
        if local and number % 10 == 0 and number:
            deadlines.append(f"within 1 s .. 3 s from s{number - 10} to s{number}.start")
    return _chain(calls, deadlines)


def parallel() -> str:
    """Every second step a pair of branches."""
    calls = ["Go()" if number % 2 else "Go() || Look()" for number in range(2 * STEPS // 3)]
    return _chain(calls, ["within 3000 s", "within 600 s .. 3000 s"])


def chosen() -> str:
    """Every fifth duration is up to the robot, and makes up for what the others leave."""
    calls, deadlines = [], ["within 3400 s"]
    for number in range(STEPS):
        call = "Hold()" if number % 5 == 4 else "Go()"
        calls.append(f"s{number}: {call}" if number % 5 in (0, 4) else call)
        if number % 5 == 4:
            deadlines.append(f"within 0.8 s .. 1.7 s from s{number - 4} to s{number}")
    return _chain(calls, deadlines)


def _chain(calls: list[str], deadlines: list[str]) -> str:
    body, owed = ";\n".join(calls), "\n".join(deadlines)
    return f"{SKILLS}chain Long {{\n{body}\n{owed}\n}}\n"


def clocked(text: str) -> Iterator[float]:
    """Seconds of CPU time to read, to derive, to answer, to judge; raises where nothing is
    proved."""
    began = time.process_time()
    chain: Chain = settled("long.contract", text).model.chains["Long"]
    yield time.process_time() - began
    began = time.process_time()
    here = Place(len(chain.steps), {}, 0)
    path = Path((), (), {}, {}, frozenset(), (here,), {}, {}, {}, {}, {})
    owed: list[Obligation] = within(path, chain)
    yield time.process_time() - began
    began = time.process_time()
    verdicts = [discharge(each, 10.0) for each in owed]
    yield time.process_time() - began
    began = time.process_time()
    for each, verdict in zip(owed, verdicts, strict=True):
        if not isinstance(verdict, Proved) or isinstance(verdict.evidence, SolverWord):
            raise SystemExit(f"{each.id} is not proved")
        if judge(each, verdict.evidence) != Accepted():
            raise SystemExit(f"the proof of {each.id} is not accepted")
    yield time.process_time() - began


def main() -> int:
    families = {
        "one after the other": plain(local=False),
        "and a deadline each ten": plain(local=True),
        "with pairs of branches": parallel(),
        "every fifth chosen": chosen(),
    }
    print(f"{STEPS} skills; seconds of CPU time")
    print(f"{'':26}{'read':>8}{'derive':>8}{'answer':>8}{'judge':>8}{'time alone':>12}")
    slowest = 0.0
    for name, text in families.items():
        read, *parts = clocked(text)
        slowest = max(slowest, sum(parts)) if name == "one after the other" else slowest
        cells = "".join(f"{each:8.2f}" for each in (read, *parts))
        print(f"{name:26}{cells}{sum(parts):12.2f}")
    return int(slowest > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
