"""The nearest safe command: right on every known problem, certified, and the same in C."""

from __future__ import annotations

import ctypes
import json
import math
import random
import shutil
import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from verifier.core.exact import reduced
from verifier.safety.qp import Answer, Problem, Solution, solve, solve_metric
from verifier.safety.qp_certify import certify

HERE = Path(__file__).parent
RUNTIME = HERE.parent / "verifier" / "emit" / "runtime"
SIZE, ROWS = 7, 64
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
STRICT = ["-std=c99", *WARNINGS, "-O3", "-shared", "-fPIC"]
CC = shutil.which("gcc") or shutil.which("cc") or "cc"

Row = ctypes.c_double * ROWS
Vector = ctypes.c_double * SIZE


class CProblem(ctypes.Structure):
    _fields_ = (
        ("rows", ctypes.c_uint32),
        ("proposed", Vector),
        ("normal", Row * SIZE),
        ("bound", Row),
    )


class CSolution(ctypes.Structure):
    _fields_ = (
        ("answer", ctypes.c_uint8),
        ("steps", ctypes.c_uint32),
        ("command", Vector),
        ("multiplier", Row),
    )


CMetric = Vector * SIZE


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library = tmp_path_factory.mktemp("qp") / "qp.so"
    sources = [RUNTIME / "qp.c", RUNTIME / "qp_certify.c", HERE / "benchmarks" / "qp_hunt.c"]
    command = [CC, *STRICT, f"-I{RUNTIME}", *map(str, sources), "-o", str(library), "-lm"]
    subprocess.run(command, check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.qp_certify.restype = ctypes.c_bool
    return loaded


def known() -> list[dict]:
    lines = (HERE / "data" / "qps.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def padded(entry: dict) -> tuple[Problem, list[list[float]] | None]:
    """The problem in SIZE variables, and the lower triangle of its metric."""
    gap = SIZE - len(entry["proposed"])
    problem = Problem(
        (*entry["proposed"], *(0.0,) * gap),
        tuple((*row, *(0.0,) * gap) for row in entry["normals"]),
        tuple(entry["bounds"]),
    )
    if entry["metric"] is None:
        return problem, None
    metric = [[float(i == j) for j in range(SIZE)] for i in range(SIZE)]
    for i, row in enumerate(entry["metric"]):
        metric[i][: i + 1] = row
    return problem, metric


def in_c(problem: Problem) -> CProblem:
    c = CProblem(len(problem.bounds), Vector(*problem.proposed))
    for i, (row, bound) in enumerate(zip(problem.normals, problem.bounds, strict=True)):
        c.bound[i] = bound
        for j in range(SIZE):
            c.normal[j][i] = row[j]
    return c


def from_c(c: CProblem) -> Problem:
    rows = range(c.rows)
    normals = tuple(tuple(c.normal[j][i] for j in range(SIZE)) for i in rows)
    return Problem(tuple(c.proposed), normals, tuple(c.bound[i] for i in rows))


def solved_in_c(
    kernel: ctypes.CDLL, problem: Problem, metric: list[list[float]] | None
) -> tuple[Solution, bool]:
    c, answer, scratch = in_c(problem), CSolution(), CProblem()
    table = None
    if metric is None:
        kernel.qp_solve(ctypes.byref(c), ctypes.byref(answer))
    else:
        table = CMetric(*(Vector(*row) for row in metric))
        kernel.qp_solve_metric(
            ctypes.byref(c), ctypes.byref(table), ctypes.byref(scratch), ctypes.byref(answer)
        )
    pointer = None if table is None else ctypes.byref(table)
    certified = kernel.qp_certify(ctypes.byref(c), pointer, ctypes.byref(answer))
    return told(answer, len(problem.bounds)), certified


def told(c: CSolution, rows: int) -> Solution:
    return Solution(Answer(c.answer), c.steps, tuple(c.command), tuple(c.multiplier)[:rows])


def bits(values: tuple[float, ...]) -> bytes:
    return struct.pack(f"{len(values)}d", *values)


def same(left: Solution, right: Solution) -> bool:
    return (
        (left.answer, left.steps) == (right.answer, right.steps)
        and bits(left.command) == bits(right.command)
        and bits(left.multipliers) == bits(right.multipliers)
    )


@pytest.mark.parametrize("entry", known(), ids=lambda entry: entry["name"])
def test_known_problem(kernel: ctypes.CDLL, entry: dict) -> None:
    """`nearest` is the exact optimum, rounded; null where the rows contradict each other."""
    problem, metric = padded(entry)
    ours = solve(problem) if metric is None else solve_metric(problem, metric)
    theirs, certified = solved_in_c(kernel, problem, metric)
    assert same(ours, theirs)
    assert certified and certify(problem, ours, metric)
    if entry["nearest"] is None:
        assert ours.answer is Answer.INFEASIBLE
        return
    assert ours.answer is Answer.OPTIMAL
    size = len(entry["nearest"])
    assert ours.command[:size] == pytest.approx(entry["nearest"], rel=0, abs=1e-12)


def test_known_optima_are_exact() -> None:
    """`nearest` against the optimality conditions in rationals, on the rows that touch it."""
    for entry in known():
        if entry["nearest"] is None or "vertex" in entry["name"]:
            continue
        assert _distance_to_optimum(entry) < Fraction(1, 10**14), entry["name"]


def _distance_to_optimum(entry: dict) -> Fraction:
    size = len(entry["proposed"])
    problem, metric = padded(entry)
    found = solve(problem) if metric is None else solve_metric(problem, metric)
    normals = [[Fraction(value) for value in row] for row in entry["normals"]]
    bounds = [Fraction(value) for value in entry["bounds"]]
    rows = [i for i, multiplier in enumerate(found.multipliers) if multiplier > 0]
    # P u + sum over the rows of multiplier * normal = P proposed;  normal . u = bound
    table = metric or [[float(i == j) for j in range(SIZE)] for i in range(SIZE)]
    weight = [[Fraction(table[max(i, j)][min(i, j)]) for j in range(size)] for i in range(size)]
    system = []
    for j in range(size):
        right = sum(weight[j][k] * Fraction(entry["proposed"][k]) for k in range(size))
        system.append([*weight[j], *(normals[i][j] for i in rows), right])
    for i in rows:
        system.append([*normals[i], *(Fraction(0) for _ in rows), bounds[i]])
    echelon, pivots = reduced(system)
    assert pivots == list(range(size + len(rows)))
    optimum = [row[-1] for row in echelon]
    assert all(multiplier >= 0 for multiplier in optimum[size:])
    for normal, bound in zip(normals, bounds, strict=True):
        assert sum(a * u for a, u in zip(normal, optimum, strict=False)) <= bound
    return max(abs(Fraction(a) - u) for a, u in zip(entry["nearest"], optimum, strict=False))


FEASIBLE, FAMILIES = 11, 13  # families below FEASIBLE leave at least one command


def hunted(kernel: ctypes.CDLL, seed: int, family: int, count: int) -> tuple[list[int], CProblem]:
    counts, first = (ctypes.c_uint32 * 6)(), CProblem()
    kernel.hunt(
        ctypes.c_uint64(seed), ctypes.c_uint32(family), ctypes.c_uint32(count), counts,
        ctypes.byref(first),
    )  # fmt: skip
    return list(counts), first


@pytest.mark.parametrize("family", range(FAMILIES))
def test_random_and_degenerate_problems(kernel: ctypes.CDLL, family: int) -> None:
    """Every answer is certified, but some where ten ways of spoiling meet, or any bits."""
    _judge(kernel, family, seed=20, count=20_000)


@pytest.mark.nightly
@pytest.mark.parametrize("family", range(FAMILIES))
def test_millions_of_problems(kernel: ctypes.CDLL, family: int) -> None:
    for seed in range(1, 6):
        _judge(kernel, family, seed, count=200_000)


def _judge(kernel: ctypes.CDLL, family: int, seed: int, count: int) -> None:
    counts, _ = hunted(kernel, seed, family, count)
    optimal, infeasible, uncertified, exhausted, refused, steps = counts
    assert optimal + infeasible + uncertified + exhausted + refused == count
    if family < FEASIBLE:
        assert infeasible == 0
    if family != FAMILIES - 1:
        assert refused == 0
    if family in (FEASIBLE - 1, FAMILIES - 1):
        assert uncertified + exhausted <= count // 200
    else:
        assert uncertified == exhausted == 0 and steps <= 70


def _random_problem(source: random.Random) -> Problem:
    rows = source.randrange(1, 24)
    kind = source.randrange(4)
    normals = [[source.gauss(0, 1) for _ in range(SIZE)] for _ in range(rows)]
    if kind == 1:
        normals = [[float(round(value)) for value in row] for row in normals]
    if kind == 2:
        normals = [normals[source.randrange(i + 1)] for i in range(rows)]
    bounds = [source.uniform(-0.2, 1) if kind != 1 else 0.0 for _ in range(rows)]
    proposed = [source.gauss(0, 10) for _ in range(SIZE)]
    if kind == 3:
        any_bits = struct.unpack("d", struct.pack("Q", source.getrandbits(64)))[0]
        where = source.choice([bounds, proposed, normals[0]])
        where[0] = any_bits
    return Problem(tuple(proposed), tuple(map(tuple, normals)), tuple(bounds))


def test_the_same_to_the_last_bit_in_c(kernel: ctypes.CDLL) -> None:
    source = random.Random(5)
    for _ in range(600):
        problem = _random_problem(source)
        ours = solve(problem)
        theirs, certified = solved_in_c(kernel, problem, None)
        assert same(ours, theirs), problem
        assert certify(problem, ours) == certified


def test_a_command_that_is_safe_passes_untouched(kernel: ctypes.CDLL) -> None:
    proposed = (0.1, -0.2, 1e-300, -0.0, 5e-324, 0.7, 1 / 3)
    problem = Problem(proposed, (proposed, (1.0,) * 7), (1e9, 3.0))
    metric = [[2.0 + j if i == j else 0.25 for j in range(SIZE)] for i in range(SIZE)]
    for table in (None, metric):
        theirs, certified = solved_in_c(kernel, problem, table)
        assert certified and theirs.answer is Answer.OPTIMAL
        assert bits(theirs.command) == bits(proposed)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 1e200])
@pytest.mark.parametrize("where", ["proposed", "normal", "bound", "metric"])
def test_numbers_that_are_none_are_refused(kernel: ctypes.CDLL, wrong: float, where: str) -> None:
    normal, proposed, bound = [1.0] * SIZE, [2.0] * SIZE, [1.0]
    metric = [[float(i == j) for j in range(SIZE)] for i in range(SIZE)]
    {"proposed": proposed, "normal": normal, "bound": bound, "metric": metric[3]}[where][0] = wrong
    problem = Problem(tuple(proposed), (tuple(normal),), tuple(bound))
    for table in [metric] if where == "metric" else [None, metric]:
        theirs, certified = solved_in_c(kernel, problem, table)
        assert theirs.answer in (Answer.REFUSED, Answer.INFEASIBLE, Answer.EXHAUSTED)
        assert not certified
        assert theirs.command == (0.0,) * SIZE


def test_too_many_rows_are_refused(kernel: ctypes.CDLL) -> None:
    c, answer = CProblem(ROWS + 1), CSolution()
    kernel.qp_solve(ctypes.byref(c), ctypes.byref(answer))
    assert Answer(answer.answer) is Answer.REFUSED
    answer.answer = 0
    assert not kernel.qp_certify(ctypes.byref(c), None, ctypes.byref(answer))


def test_the_box_with_a_gap_is_refuted_down_to_a_small_gap() -> None:
    """A contradiction is certified as soon as it is larger than rounding within reach."""
    ahead, back = (1.0, 0.0), (-1.0, 0.0)
    for gap, answer in ((1e-3, 1), (1e-9, 1), (0.0, 0), (1e-17, 0)):
        problem = Problem((3.0, 4.0), (ahead, back), (1.0, -(1.0 + gap)))
        found = solve(problem)
        assert found.answer == answer and certify(problem, found), gap


FALSIFIED = {
    "a row is violated": lambda s: Solution(s.answer, 0, (1.1, 0.0), s.multipliers),
    "not the nearest": lambda s: Solution(s.answer, 0, (0.9, 0.0), s.multipliers),
    "a multiplier too many": lambda s: Solution(s.answer, 0, s.command, (2.0, 1e-3)),
    "a negative multiplier": lambda s: Solution(s.answer, 0, s.command, (2.0, -1e-30)),
    "no multiplier": lambda s: Solution(s.answer, 0, s.command, (0.0, 0.0)),
    "not a number": lambda s: Solution(s.answer, 0, (math.nan, 0.0), s.multipliers),
    "an infinite multiplier": lambda s: Solution(s.answer, 0, s.command, (math.inf, 0.0)),
    "no multiplier is a number": lambda s: Solution(s.answer, 0, s.command, (math.nan,) * 2),
    "a contradiction": lambda s: Solution(Answer.INFEASIBLE, 0, s.command, s.multipliers),
    "a contradiction of nothing": lambda s: Solution(Answer.INFEASIBLE, 0, s.command, (0.0,) * 2),
    "given up": lambda s: Solution(Answer.EXHAUSTED, 0, s.command, s.multipliers),
}  # fmt: skip


@pytest.mark.parametrize("lie", FALSIFIED)
def test_a_falsified_answer_is_not_certified(kernel: ctypes.CDLL, lie: str) -> None:
    problem = Problem((3.0, 0.0), ((1.0, 0.0), (0.0, 1.0)), (1.0, 5.0))
    found = solve(problem)
    assert certify(problem, found) and found.command == (1.0, 0.0)
    false = FALSIFIED[lie](found)
    assert not certify(problem, false)
    gap = (0.0,) * (SIZE - 2)
    wide = Problem((*problem.proposed, *gap), tuple((*r, *gap) for r in problem.normals),
                   problem.bounds)  # fmt: skip
    c = CSolution(false.answer, 0, Vector(*false.command), Row(*false.multipliers))
    assert not kernel.qp_certify(ctypes.byref(in_c(wide)), None, ctypes.byref(c))


def test_half_of_a_contradiction_is_not_certified() -> None:
    rows = ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0))
    problem = Problem((0.0, 0.0), rows, (-1.0, 0.5, 3.0))
    found = solve(problem)
    assert found.answer is Answer.INFEASIBLE and certify(problem, found)
    for multipliers in ((1.0, 0.0, 0.0), (1.0, 0.99, 0.0), (1.0, 1.0, 0.5), (1.0, 3.0, 0.0)):
        assert not certify(problem, Solution(found.answer, 0, (0.0, 0.0), multipliers))
