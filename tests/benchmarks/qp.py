"""What the nearest safe command costs, beside the solvers that PyPI offers: same problems, one run.

    python tests/benchmarks/qp.py [problems]

needs numpy and a C compiler; daqp, quadprog, proxsuite, piqp and osqp are measured where they are
installed. Times are microseconds: median, 99th percentile and maximum over the problems, of the
least of REPEATS runs each (so that other processes do not count). The kernel, DAQP and quadprog are
called from a loop in C, setup included; ProxQP, PIQP and OSQP report the time of their own core.
`off` counts answers whose rows are violated by more than 1e-9, or that were refused.
"""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent.parent
RUNTIME = ROOT / "verifier" / "emit" / "runtime"
HERE = Path(__file__).parent
SIZE, ROWS, REPEATS = 7, 64, 15


@dataclass(frozen=True)
class Case:
    """normals u <= bounds."""

    proposed: np.ndarray
    normals: np.ndarray
    bounds: np.ndarray


@dataclass(frozen=True)
class Timing:
    solver: str
    least_us: np.ndarray
    commands: np.ndarray


class CProblem(ctypes.Structure):
    _fields_ = (
        ("rows", ctypes.c_uint32),
        ("proposed", ctypes.c_double * SIZE),
        ("normal", (ctypes.c_double * ROWS) * SIZE),
        ("bound", ctypes.c_double * ROWS),
    )


class CSolution(ctypes.Structure):
    _fields_ = (
        ("answer", ctypes.c_uint8),
        ("steps", ctypes.c_uint32),
        ("command", ctypes.c_double * SIZE),
        ("multiplier", ctypes.c_double * ROWS),
    )


class DaqpProblem(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int) for name in ("n", "m", "ms")),
        *((name, ctypes.c_void_p) for name in ("h", "f", "a", "upper", "lower", "sense", "breaks")),
        *((name, ctypes.c_int) for name in ("hierarchy", "kind")),
    )


class DaqpResult(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("x", "lagrangian")),
        *((name, ctypes.c_double) for name in ("value", "slack")),
        *((name, ctypes.c_int) for name in ("exit", "iterations", "nodes")),
        *((name, ctypes.c_double) for name in ("solve_s", "setup_s")),
    )


# ---- problems ----------------------------------------------------------------------------------


def random_rows(source: np.random.Generator, rows: int) -> Case:
    normals = source.normal(size=(rows, SIZE))
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    inside = source.normal(size=SIZE) * 0.3
    bounds = normals @ inside + source.uniform(0.05, 1.0, rows)
    return Case(source.normal(size=SIZE) * 3.0, normals, bounds)


def box_and_distances(source: np.random.Generator, rows: int) -> Case:
    """A box of velocities, and rows of distances as an arm has them."""
    far = rows - 2 * SIZE
    distances = source.normal(size=(far, SIZE)) * source.uniform(0.05, 1.0, (far, 1))
    normals = np.vstack([np.eye(SIZE), -np.eye(SIZE), distances])
    box = 2.0 * source.uniform(0.02, 1.0, 2 * SIZE)
    bounds = np.concatenate([box, source.uniform(0.0, 1.0, far)])
    return Case(source.normal(size=SIZE) * 10.0, normals, bounds)


def degenerate(source: np.random.Generator, rows: int) -> Case:
    """Half of the rows are scaled copies, a third meet in one vertex."""
    case = random_rows(source, rows)
    half = rows - rows // 2
    scale = source.choice([1.0, 2.0, 1e-3], rows // 2)
    normals = case.normals.copy()
    normals[half:] = normals[: rows // 2] * scale[:, None]
    inside = source.normal(size=SIZE) * 0.3
    gaps = source.uniform(0.0, 1.0, rows)
    gaps[source.choice(rows, rows // 3)] = 0.0
    return Case(case.proposed, normals, normals @ inside + gaps)


# ---- solvers -----------------------------------------------------------------------------------


def address(values: np.ndarray) -> ctypes.c_void_p:
    return values.ctypes.data_as(ctypes.c_void_p)


def compiled(folder: str) -> ctypes.CDLL:
    sources = [RUNTIME / "qp.c", RUNTIME / "qp_certify.c", HERE / "qp_timing.c"]
    out = Path(folder) / "timing.so"
    compiler = shutil.which("gcc") or "cc"
    flags = ["-std=c99", "-O3", "-shared", "-fPIC", f"-I{RUNTIME}"]
    subprocess.run([compiler, *flags, *map(str, sources), "-o", str(out), "-lm"], check=True)
    return ctypes.CDLL(str(out))


def packed(cases: list[Case]) -> ctypes.Array[CProblem]:
    problems = (CProblem * len(cases))()
    for problem, case in zip(problems, cases, strict=True):
        rows = len(case.bounds)
        problem.rows = rows
        problem.proposed[:] = list(case.proposed)
        problem.bound[:rows] = list(case.bounds)
        for j in range(SIZE):
            problem.normal[j][:rows] = list(case.normals[:, j])
    return problems


def kernel(library: ctypes.CDLL, cases: list[Case]) -> Iterator[Timing]:
    problems, solutions = packed(cases), (CSolution * len(cases))()
    for name, certify in (("this kernel", False), ("this kernel, certified", True)):
        least, certified = np.zeros(len(cases)), np.zeros(len(cases), np.uint8)
        library.time_kernel(
            problems, len(cases), REPEATS, certify, address(least), solutions, address(certified)
        )
        commands = np.array([list(solution.command) for solution in solutions])
        if certify:
            commands[certified == 0] = np.nan
        yield Timing(name, least, commands)


def daqp(library: ctypes.CDLL, cases: list[Case]) -> Iterator[Timing]:
    found = importlib.util.find_spec("daqp")
    if found is None or found.origin is None:
        return
    function = ctypes.cast(ctypes.PyDLL(found.origin).daqp_quadprog, ctypes.c_void_p)
    count = len(cases)
    left, right = (ctypes.c_void_p * count)(), (ctypes.c_void_p * count)()
    commands, least = np.zeros((count, SIZE)), np.zeros(count)
    kept = []
    for k, case in enumerate(cases):
        rows = len(case.bounds)
        arrays = [
            np.eye(SIZE),
            -case.proposed,
            np.ascontiguousarray(case.normals),
            case.bounds.copy(),
            np.full(rows, -1e30),
            np.zeros(rows, np.int32),
        ]
        problem = DaqpProblem(SIZE, rows, 0, *(a.ctypes.data for a in arrays), None, 0, 0)
        multipliers = np.zeros(rows)
        result = DaqpResult(commands[k].ctypes.data, multipliers.ctypes.data)
        kept.append((arrays, multipliers, problem, result))
        left[k], right[k] = ctypes.addressof(result), ctypes.addressof(problem)
    library.time_call(function, left, right, None, count, REPEATS, address(least))
    commands[[entry[3].exit != 1 for entry in kept]] = np.nan
    yield Timing("DAQP", least, commands)
    core = np.full(count, np.inf)
    for _ in range(REPEATS):
        library.time_call(function, left, right, None, count, 1, address(least))
        core = np.minimum(core, [entry[3].solve_s * 1e6 for entry in kept])
    yield Timing("DAQP, without its setup", core, commands)


def quadprog(library: ctypes.CDLL, cases: list[Case]) -> Iterator[Timing]:
    found = importlib.util.find_spec("quadprog")
    if found is None or found.origin is None:
        return
    function = ctypes.cast(ctypes.PyDLL(found.origin).qpgen2_, ctypes.c_void_p)
    least, commands = np.zeros(len(cases)), np.zeros((len(cases), SIZE))
    library.time_quadprog(
        function, packed(cases), len(cases), REPEATS, address(least), address(commands)
    )
    yield Timing("quadprog", least, commands)


def proxqp(_: ctypes.CDLL, cases: list[Case]) -> Iterator[Timing]:
    if importlib.util.find_spec("proxsuite") is None:
        return
    import proxsuite

    def solve(case: Case) -> tuple[float, np.ndarray]:
        rows = len(case.bounds)
        qp = proxsuite.proxqp.dense.QP(SIZE, 0, rows)
        qp.settings.eps_abs = 1e-9
        qp.settings.compute_timings = True
        low = np.full(rows, -1e20)
        qp.init(np.eye(SIZE), -case.proposed, None, None, case.normals, low, case.bounds)
        qp.solve()
        good = qp.results.info.status == proxsuite.proxqp.QPSolverOutput.PROXQP_SOLVED
        command = np.array(qp.results.x) if good else np.full(SIZE, np.nan)
        return qp.results.info.run_time, command

    yield own_clock("ProxQP", solve, cases)


def piqp(_: ctypes.CDLL, cases: list[Case]) -> Iterator[Timing]:
    if importlib.util.find_spec("piqp") is None:
        return
    import piqp as package

    def solve(case: Case) -> tuple[float, np.ndarray]:
        solver = package.DenseSolver()
        solver.settings.eps_abs = solver.settings.eps_rel = 1e-9
        solver.settings.compute_timings = True
        low = np.full(len(case.bounds), -1e30)
        solver.setup(np.eye(SIZE), -case.proposed, None, None, case.normals, low, case.bounds)
        good = solver.solve() == package.PIQP_SOLVED
        info = solver.result.info
        command = np.array(solver.result.x) if good else np.full(SIZE, np.nan)
        return (info.setup_time + info.solve_time) * 1e6, command

    yield own_clock("PIQP", solve, cases)


def osqp(_: ctypes.CDLL, cases: list[Case]) -> Iterator[Timing]:
    if importlib.util.find_spec("osqp") is None:
        return
    import osqp as package
    from scipy import sparse

    def solve(case: Case) -> tuple[float, np.ndarray]:
        solver = package.OSQP()
        low = np.full(len(case.bounds), -np.inf)
        solver.setup(
            sparse.eye(SIZE, format="csc"), -case.proposed, sparse.csc_matrix(case.normals), low,
            case.bounds, verbose=False, eps_abs=1e-9, eps_rel=1e-9, max_iter=20000,
        )  # fmt: skip
        result = solver.solve()
        good = result.info.status_val == 1
        return result.info.solve_time * 1e6, result.x if good else np.full(SIZE, np.nan)

    yield own_clock("OSQP, without its setup", solve, cases)


def own_clock(
    name: str, solve: Callable[[Case], tuple[float, np.ndarray]], cases: list[Case]
) -> Timing:
    least, commands = np.full(len(cases), np.inf), np.zeros((len(cases), SIZE))
    for _ in range(3):
        for k, case in enumerate(cases):
            took, commands[k] = solve(case)
            least[k] = min(least[k], took)
    return Timing(name, least, commands)


# ---- table -------------------------------------------------------------------------------------


def off(timing: Timing, cases: list[Case]) -> int:
    """Answers that are not there, or whose rows are violated."""
    worst = [np.max(c.normals @ x - c.bounds) for c, x in zip(cases, timing.commands, strict=True)]
    return int(np.sum(~(np.array(worst) <= 1e-9)))


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    source = np.random.default_rng(1)
    families = (random_rows, box_and_distances, degenerate)
    with tempfile.TemporaryDirectory() as folder:
        library = compiled(folder)
        for family in families:
            for rows in (2 * SIZE, ROWS):
                cases = [family(source, rows) for _ in range(count)]
                print(f"{family.__name__}, {SIZE} variables, {rows} rows, {count} problems (us)")
                for solver in (kernel, daqp, quadprog, proxqp, piqp, osqp):
                    timings = list(solver(library, cases))
                    if not timings:
                        print(f"  {solver.__name__:26} not installed")
                    for timing in timings:
                        middle, tail = np.percentile(timing.least_us, [50, 99])
                        print(
                            f"  {timing.solver:26} median {middle:8.2f}  p99 {tail:8.2f}"
                            f"  max {timing.least_us.max():8.2f}  off {off(timing, cases)}"
                        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
