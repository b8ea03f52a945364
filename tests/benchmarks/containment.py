"""Polytopes in polytopes: time and wrong answers, beside other tools.

    python tests/benchmarks/containment.py [--peers PYTHON] [--questions N]

Every question is made so that its answer is known. Rows of the outer polytope are nonnegative sums
of rows of the inner one, at their bound or 2^-20 to 2^-40 beyond it (1e-6 to 1e-12); where the
answer is no, one row goes through a point of the inner polytope, as little before it. The probes
are turned boxes in a row at a hair's breadth, and in themselves grown or shrunk by a hair: plain
ones, needles (2^-30 and 2^20 wide), flat ones, ones with coefficients of 2^-30, and ones 2^30 away.
All numbers of these two tables are doubles, so that nobody is asked another question by rounding;
2^30 away a hair of 2^-20 is about the least that a double holds.
Then 400 hand-overs between different polytopes of 30 rows in 7 dimensions.

`--peers` names an interpreter that has polytope, pycvxset or pacti. Times are milliseconds of
processor time for a question, the mean of the least of some runs, of the thread that is asked (the
clock of the process gets coarse once there is a limit); ours contains the judgement of the
certificate. A tool gets 20 s for a question, and is asked no more of a shape once that took as
long, but at least one question with either answer.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from containments import (  # noqa: E402 - after the path is set
    HAIRS,
    Case,
    Slab,
    direction,
    dot,
    independent,
    polytope,
    unimodular,
    vector,
)

from verifier.check.containment import Contained, NotContained, judge_containment  # noqa: E402 - after the path is set
from verifier.core.containment import Containment, Inside  # noqa: E402 - after the path is set
from verifier.core.region import Polytope  # noqa: E402 - after the path is set
from verifier.core.term import Number  # noqa: E402 - after the path is set
from verifier.core.verdict import Unknown  # noqa: E402 - after the path is set
from verifier.solve.containment import find  # noqa: E402 - after the path is set

HERE = Path(__file__).parent
SHAPES = [(n, m) for n in (2, 3, 7, 14) for m in (10, 100, 500)]
FAMILIES = ("overhang", "needle", "flat", "coefficient", "offset")
BEYOND = [hair for hair in HAIRS if hair > 0]
BINARY = [Fraction(1, 2**k) for k in (20, 27, 30, 33, 40)]
UNIT = polytope([(Fraction(1),), (Fraction(-1),)], [Fraction(1)] * 2)
SECONDS_MAX = 20.0
RUNS, RUNS_IF_LONGER_S = 3, 0.3


# ---- questions ---------------------------------------------------------------------------------


def hand_over(
    rng: random.Random, size: int, rows: int, contained: bool, binary: bool = False
) -> Case:
    """A question about polytopes of this many rows with a known answer; in doubles if binary."""
    parts, below, hairs = (1, 1, BINARY) if binary else (3, 5, BEYOND)
    inner = independent(rng, size, parts)[:rows]
    if rows > size:
        inner.append(tuple(-sum(column) for column in zip(*inner, strict=True)))
    inner += [vector(rng, size, 4, parts) for _ in range(rows - len(inner))]
    corner = vector(rng, size, 4, parts)
    bounds = [dot(row, corner) for row in inner[:size]]
    bounds += [dot(row, corner) + rng.randint(1, 9) for row in inner[size:]]
    outer, limits = [], []
    for _ in range(rows):
        chosen = rng.sample(range(len(inner)), min(3, size))
        shares = [Fraction(rng.randint(1, 5), rng.randint(1, below)) for _ in chosen]
        columns = zip(*(inner[i] for i in chosen), strict=True)
        outer.append(tuple(dot(shares, column) for column in columns))
        limits.append(dot(shares, [bounds[i] for i in chosen]) + rng.choice([0, *hairs]))
    if not contained:
        touching = inner[:size]
        shares = [Fraction(rng.randint(1, 5)) for _ in touching]
        row = tuple(dot(shares, column) for column in zip(*touching, strict=True))
        place = rng.randrange(rows)
        outer[place], limits[place] = row, dot(row, corner) - rng.choice(hairs)
    question = Containment(polytope(inner, bounds), polytope(outer, limits), size)
    return Case(f"{size}x{rows}", question, contained)


def box(rng: random.Random, size: int, family: str) -> Slab:
    turn, back = unimodular(rng, size)
    half = [Fraction(rng.randint(1, 5)) for _ in range(size)]
    center = [Fraction(rng.randint(-5, 5)) for _ in range(size)]
    if family == "needle":
        half = [rng.choice((Fraction(1, 2**30), Fraction(2**20))) for _ in range(size)]
    if family == "flat":
        half[rng.randrange(size)] = Fraction(0)
    if family == "offset":
        center = [Fraction(rng.choice((-1, 1)) * 2**30 + rng.randint(-5, 5)) for _ in range(size)]
    return Slab(turn, back, tuple(half), tuple(center))


def probe(rng: random.Random, size: int, family: str, grown: bool, contained: bool) -> Case:
    """A box in a row that it just keeps or breaks, or in itself grown or shrunk by a hair."""
    inner = box(rng, size, family)
    small = family == "coefficient"
    scale = Fraction(1, 2**30) if small else Fraction(1)
    hair = rng.choice([*BINARY, Fraction(1, 4)] if small else BINARY) * (1 if contained else -1)
    if grown:
        half = tuple((1 + hair) * a for a in inner.half)
        outer = Slab(inner.turn, inner.back, half, inner.center).by_rows(scale)
    else:
        row = direction(rng, size, 1)
        reach = scale * (inner.reach(row) + hair)
        outer = polytope([tuple(scale * a for a in row)], [reach])
    return Case(family, Containment(inner.by_rows(scale), outer, size), contained)


def drawn(make: Callable[[], Case]) -> Case:
    """The first one whose numbers are all doubles."""
    while True:
        case = make()
        if all(Fraction(float(n)) == n for n in numbers(case.question)):
            return case


def listed(region: object) -> tuple[tuple[tuple[Fraction, ...], ...], list[Fraction]]:
    assert isinstance(region, Polytope)
    return region.rows, [bound.value for bound in region.bounds if isinstance(bound, Number)]


def numbers(question: Containment) -> list[Fraction]:
    sides = [listed(region) for region in (question.inner, question.outer)]
    return [n for rows, bounds in sides for n in (*(a for row in rows for a in row), *bounds)]


# ---- the tools ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    contained: bool | None
    cpu_s: float
    told: str
    """Why there is no answer: `not installed`, `over`, or the tool's own words."""


Tool = Callable[[Containment], Answer]


def ours(question: Containment) -> Answer:
    """Found and judged; the least time of some runs."""
    least, contained = float("inf"), None
    signal.setitimer(signal.ITIMER_PROF, SECONDS_MAX)
    try:
        for _ in range(RUNS):
            begun = time.thread_time()
            found = find(question)
            if isinstance(found, Unknown):
                return Answer(None, 0.0, found.reason)
            verdict = judge_containment(question, found)
            least = min(least, time.thread_time() - begun)
            assert isinstance(verdict, Contained | NotContained), verdict
            contained = isinstance(verdict, Contained)
            if least > RUNS_IF_LONGER_S:
                break
    except TimeoutError:
        return Answer(None, SECONDS_MAX, "over")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return Answer(contained, least, "")


def out_of_time(*_: object) -> None:
    raise TimeoutError


@dataclass
class Peer:
    """A tool in a process of its own, which is started anew if a question ended it."""

    tool: str
    interpreter: str
    process: subprocess.Popen[str] | None = field(default=None)

    def __call__(self, question: Containment) -> Answer:
        if self.process is None:
            self.process = self._started()
            first = Containment(UNIT, UNIT, 1)
            self._reply(self.process, first)  # imports are nobody's time
        reply = self._reply(self.process, question)
        if reply is None:
            over = self.process.wait() == -signal.SIGPROF
            self.process = None
            return Answer(None, SECONDS_MAX, "over" if over else "ended")
        return Answer(reply.get("contained"), reply.get("cpu_s", 0.0), reply.get("none", ""))

    def _started(self) -> subprocess.Popen[str]:
        order = [self.interpreter, str(HERE / "containment_peers.py"), str(SECONDS_MAX)]
        pipe, sink = subprocess.PIPE, subprocess.DEVNULL
        return subprocess.Popen(order, stdin=pipe, stdout=pipe, stderr=sink, text=True)

    def _reply(
        self, process: subprocess.Popen[str], question: Containment
    ) -> dict[str, Any] | None:
        assert process.stdin is not None and process.stdout is not None
        sets = {"inner": floats(question.inner), "outer": floats(question.outer)}
        process.stdin.write(json.dumps({"tool": self.tool, **sets}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        return json.loads(line) if line else None


def floats(region: object) -> list[Any]:
    rows, bounds = listed(region)
    return [[[float(a) for a in row] for row in rows], [float(b) for b in bounds]]


# ---- the tables --------------------------------------------------------------------------------


@dataclass
class Count:
    """What a tool said to the questions of one line."""

    asked: int = 0
    false_trues: int = 0
    false_falses: int = 0
    untold: Counter[str] = field(default_factory=Counter)
    times_s: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})

    def add(self, case: Case, answer: Answer) -> None:
        self.asked += 1
        if answer.contained is None:
            self.untold[answer.told] += 1
            return
        self.false_trues += answer.contained and not case.contained
        self.false_falses += not answer.contained and case.contained
        self.times_s[case.contained].append(answer.cpu_s)

    @property
    def wrong(self) -> str:
        none = sum(self.untold.values())
        said = f"{self.false_trues}, {self.false_falses}" + (f", {none} unanswered" * (none > 0))
        return f"{said} of {self.asked}"

    @property
    def cell(self) -> str:
        each = [f"{sum(t) / len(t) * 1e3:.2f}" if t else "-" for t in self.times_s.values()]
        over = f"; {self.untold['over']} over {SECONDS_MAX:.0f} s" if self.untold["over"] else ""
        return f"{' / '.join(each)}; {self.wrong}{over}"


def counted(tool: Tool, cases: list[Case]) -> Count:
    """Asks until the time is up, but two questions at least."""
    count, used = Count(), 0.0
    for case in cases:
        answer = tool(case.question)
        count.add(case, answer)
        used += answer.cpu_s
        if used > SECONDS_MAX and count.asked > 1:
            break
    return count


def shapes(tools: dict[str, Tool], questions: int) -> None:
    print("\nms if contained / if not; wrongly called true, wrongly called false, of how many")
    print(f"| dimensions x rows | {' | '.join(tools)} |\n|---|{'---|' * len(tools)}")
    for size, rows in SHAPES:
        rng = random.Random(size * 1000 + rows)
        count = max(4, questions * 10 // rows // 2 * 2)
        cases = [
            drawn(partial(hand_over, rng, size, rows, number % 2 == 0, True))
            for number in range(count)
        ]
        cells = [counted(tool, cases).cell for tool in tools.values()]
        print(f"| {size} x {rows} | {' | '.join(cells)} |", flush=True)


def probes(tools: dict[str, Tool], questions: int) -> None:
    print(
        "\nwrongly called true, wrongly called false, of how many; two, three and seven dimensions"
    )
    print(f"| probes | {' | '.join(tools)} |\n|---|{'---|' * len(tools)}")
    for family in FAMILIES:
        rng = random.Random(family)
        cases = [
            drawn(partial(probe, rng, size, family, grown, contained))
            for size in (2, 3, 7)
            for grown in (True, False)
            for contained in (True, False)
            for _ in range(max(1, questions // 10))
        ]
        cells = [counted(tool, cases).wrong for tool in tools.values()]
        print(f"| {family} | {' | '.join(cells)} |", flush=True)


def hand_overs(count: int = 400, size: int = 7, rows: int = 30) -> None:
    rng = random.Random(7)
    cases = [hand_over(rng, size, rows, number % 10 != 0) for number in range(count)]
    start = time.process_time()
    found = [find(case.question) for case in cases]
    finding = time.process_time() - start
    start = time.process_time()
    verdicts = [judge_containment(c.question, f) for c, f in zip(cases, found, strict=True)]
    judging = time.process_time() - start
    right = sum(
        isinstance(verdict, Contained if case.contained else NotContained)
        for verdict, case in zip(verdicts, cases, strict=True)
    )
    facets = sum(len(each.proofs) for each in found if isinstance(each, Inside))
    print(
        f"{count} hand-overs, {rows} rows in {size} dimensions: {right} right;"
        f" found {finding:.2f} s ({count / finding:.0f} a second),"
        f" judged {judging:.2f} s ({facets / judging:.0f} facets a second)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="polytopes in polytopes, beside other tools")
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--questions", type=int, default=40)
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    signal.signal(signal.SIGPROF, out_of_time)
    tools: dict[str, Tool] = {"ours": ours}
    first = drawn(lambda: hand_over(random.Random(1), 2, 10, True, True)).question
    for name in ("polytope", "pycvxset", "pacti"):
        tool = Peer(name, given.peers)
        if tool(first).told == "not installed":
            print(f"{name}: not installed")
        else:
            tools[name] = tool
    ours(first)
    hand_overs()
    probes(tools, given.questions)
    shapes(tools, given.questions)


if __name__ == "__main__":
    main()
