"""Polytopes in polytopes: time and wrong answers, beside other tools where these are installed.

    python tests/benchmarks/containment.py [--questions N]

Every question is made so that its answer is known: rows of the outer polytope are nonnegative sums
of rows of the inner one, at their bound or 1e-6 to 1e-12 beyond it; where the answer is no, one row
goes through a point of the inner polytope, 1e-6 to 1e-12 before it. Then 400 hand-overs between
different polytopes of 30 rows in 7 dimensions.

pycvxset, polytope and pacti are no dependencies; put them into an environment of their own, with
highspy, and run this file there with the project on PYTHONPATH.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from containments import Case, dot, independent, polytope, vector  # noqa: E402 - after the path is set

from verifier.check.containment import Contained, NotContained, judge_containment  # noqa: E402 - after the path is set
from verifier.core.containment import Containment, Inside  # noqa: E402 - after the path is set
from verifier.core.region import Polytope  # noqa: E402 - after the path is set
from verifier.core.term import Number  # noqa: E402 - after the path is set
from verifier.core.verdict import Unknown  # noqa: E402 - after the path is set
from verifier.solve.containment import find  # noqa: E402 - after the path is set

HAIRS = [Fraction(1, 10**k) for k in (6, 8, 9, 10, 12)]
SHAPES = [(n, m) for n in (2, 3, 7, 14) for m in (10, 100, 500) if m > n]
SECONDS_MAX = 60.0
"""For one tool and one line of the table."""


@dataclass(frozen=True)
class Count:
    asked: int
    wrong: int
    unknown: int
    seconds: float


def hand_over(rng: random.Random, size: int, rows: int, contained: bool) -> Case:
    """A question about polytopes of this many rows with a known answer."""
    inner = independent(rng, size)
    inner.append(tuple(-sum(column) for column in zip(*inner, strict=True)))
    inner += [vector(rng, size) for _ in range(rows - len(inner))]
    corner = vector(rng, size)
    bounds = [dot(row, corner) for row in inner[:size]]
    bounds += [dot(row, corner) + rng.randint(1, 9) for row in inner[size:]]
    outer, limits = [], []
    for _ in range(rows):
        chosen = rng.sample(range(len(inner)), min(3, size))
        shares = [Fraction(rng.randint(1, 5), rng.randint(1, 5)) for _ in chosen]
        columns = zip(*(inner[i] for i in chosen), strict=True)
        outer.append(tuple(dot(shares, column) for column in columns))
        limits.append(dot(shares, [bounds[i] for i in chosen]) + rng.choice([0, *HAIRS]))
    if not contained:
        shares = [Fraction(rng.randint(1, 5)) for _ in range(size)]
        row = tuple(dot(shares, column) for column in zip(*inner[:size], strict=True))
        place = rng.randrange(rows)
        outer[place], limits[place] = row, dot(row, corner) - rng.choice(HAIRS)
    question = Containment(polytope(inner, bounds), polytope(outer, limits), size)
    return Case(f"{size}x{rows}", question, contained)


# ---- the tools ---------------------------------------------------------------------------------


def floats(region: object) -> tuple[list[list[float]], list[float]]:
    assert isinstance(region, Polytope)
    values = [bound.value for bound in region.bounds if isinstance(bound, Number)]
    return [[float(a) for a in row] for row in region.rows], [float(b) for b in values]


def ours(question: Containment) -> bool | None:
    found = find(question)
    if isinstance(found, Unknown):
        return None
    verdict = judge_containment(question, found)
    assert isinstance(verdict, Contained | NotContained), verdict
    return isinstance(verdict, Contained)


def by_polytope(question: Containment) -> bool | None:
    import numpy
    import polytope as other

    sets = [other.Polytope(*map(numpy.array, floats(r))) for r in (question.inner, question.outer)]
    return bool(sets[0] <= sets[1])


def by_pycvxset(question: Containment) -> bool | None:
    import pycvxset

    (a, b), (c, d) = floats(question.inner), floats(question.outer)
    return bool(pycvxset.Polytope(A=a, b=b) <= pycvxset.Polytope(A=c, b=d))


def by_pacti(question: Containment) -> bool | None:
    from pacti.iocontract import Var
    from pacti.terms.polyhedra import PolyhedralTerm, PolyhedralTermList

    names = [Var(f"x{i}") for i in range(question.size)]
    lists = []
    for region in (question.inner, question.outer):
        rows, bounds = floats(region)
        lists.append(
            PolyhedralTermList(
                [
                    PolyhedralTerm({v: a for v, a in zip(names, row, strict=True) if a}, bound)
                    for row, bound in zip(rows, bounds, strict=True)
                ]
            )
        )
    return bool(lists[0].refines(lists[1]))


TOOLS: dict[str, Callable[[Containment], bool | None]] = {
    "ours": ours,
    "polytope": by_polytope,
    "pycvxset": by_pycvxset,
    "pacti": by_pacti,
}


def counted(tool: Callable[[Containment], bool | None], cases: list[Case]) -> Count:
    """Asks until the time is up. A tool that raises has not answered."""
    wrong = unknown = asked = 0
    start = time.perf_counter()
    for case in cases:
        try:
            answer = tool(case.question)
        except (ArithmeticError, RuntimeError, ValueError):
            answer = None
        asked += 1
        unknown += answer is None
        wrong += answer is not None and answer != case.contained
        if time.perf_counter() - start > SECONDS_MAX:
            break
    return Count(asked, wrong, unknown, time.perf_counter() - start)


# ---- the tables --------------------------------------------------------------------------------


def compare(questions: int) -> None:
    tools = {
        name: tool
        for name, tool in TOOLS.items()
        if name == "ours" or importlib.util.find_spec(name)
    }
    missing = ", ".join(set(TOOLS) - set(tools))
    print(f"{questions} questions each; ms a question / wrong / unanswered")
    if missing:
        print(f"not installed: {missing}")
    print("dim rows " + "".join(f"{name:>24}" for name in tools))
    for size, rows in SHAPES:
        rng = random.Random(size * 1000 + rows)
        count = max(4, questions * 10 // rows) if rows > 100 else questions
        cases = [hand_over(rng, size, rows, number % 2 == 0) for number in range(count)]
        line = f"{size:3} {rows:4} "
        for tool in tools.values():
            found = counted(tool, cases)
            each = found.seconds / found.asked * 1e3
            cell = f"{each:.1f} / {found.wrong} / {found.unknown} of {found.asked}"
            line += f"{cell:>24}"
        print(line, flush=True)


def hand_overs(count: int = 400, size: int = 7, rows: int = 30) -> None:
    rng = random.Random(7)
    cases = [hand_over(rng, size, rows, number % 10 != 0) for number in range(count)]
    start = time.perf_counter()
    found = [find(case.question) for case in cases]
    finding = time.perf_counter() - start
    start = time.perf_counter()
    verdicts = [judge_containment(c.question, f) for c, f in zip(cases, found, strict=True)]
    judging = time.perf_counter() - start
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=100)
    warnings.filterwarnings("ignore")
    hand_overs()
    compare(parser.parse_args().questions)
