"""What a run costs: CPU time (user and system, children included), and which libraries it loads.

    python tests/benchmarks/cost.py

prints a table and ends with 1 if a bound is broken: `--help` at most four times `python -c pass`
plus 60 ms, checking FetchCup cold at most 1.0 s, and neither loads cvxpy, sympy or scipy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = str(ROOT / "examples" / "fetch_cup.contract")
REPEATS = 7
PATIENCE = 35  # repeats of a run that seems too slow: another one may have had the machine
UNWANTED = ("cvxpy", "sympy", "scipy")
WATCHED = (*UNWANTED, "numpy", "highspy", "z3", "lark")
HELP_FACTOR, HELP_EXTRA_S = 4, 0.060
BYTECODE = Path(tempfile.gettempdir(), f"verify-chain-bytecode-{os.getuid()}")
CHECK_S = 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """`seconds` is the smallest CPU time of REPEATS runs, or of more where the bound is broken;
    `libraries` is what the process loaded."""

    name: str
    seconds: float
    libraries: frozenset[str]
    bound: float | None = None


def environment() -> dict[str, str]:
    """That of this process, but bytecode is kept, as where the package is installed."""
    kept = {**os.environ, "PYTHONPYCACHEPREFIX": str(BYTECODE)}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept


def cpu_seconds(arguments: list[str]) -> float:
    """User and system time of the command and of all the processes that it waited for."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(arguments, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, check=False)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def libraries(arguments: list[str]) -> frozenset[str]:
    """The watched libraries that the command's own process imports, after -X importtime."""
    command = [sys.executable, "-X", "importtime", *arguments[1:]]
    told = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    ).stderr
    lines = [line for line in told.splitlines() if line.startswith("import time:")]
    names = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines}
    return frozenset(names & set(WATCHED))


def measured(name: str, *arguments: str, bound: float | None = None) -> Run:
    """The command's cost; the first run fills the caches of the file system and of bytecode."""
    command = [sys.executable, *arguments]
    loaded = libraries(command)
    times = [cpu_seconds(command) for _ in range(REPEATS)]
    while bound is not None and min(times) > bound and len(times) < PATIENCE:
        times.append(cpu_seconds(command))
    return Run(name, min(times), loaded, bound)


def main() -> int:
    """Measures, prints, and judges the bounds."""
    nothing = measured("python -c pass", "-c", "pass")
    most = HELP_FACTOR * nothing.seconds + HELP_EXTRA_S
    helped = measured("verify-chain --help", "-m", "verifier", "--help", bound=most)
    check = ("-m", "verifier", "check", EXAMPLE, "--no-cache")
    cold = measured("check FetchCup", *check, "--chain", "FetchCup", bound=CHECK_S)
    whole = measured("check all of fetch_cup", *check)
    with tempfile.TemporaryDirectory() as folder:
        certify = [sys.executable, "-m", "verifier", EXAMPLE, "--certificates", folder]
        subprocess.run(certify, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        again = measured("recheck fetch_cup", "-m", "verifier", "recheck", EXAMPLE, folder)
    runs = (nothing, helped, cold, whole, again)
    print(f"{'':24} {'CPU ms':>8} {'bound':>8}  libraries")
    return 1 if sum([_broken(run) for run in runs]) else 0


def _broken(run: Run) -> bool:
    """Prints the line of a run; whether it is too slow, or loaded what it should not."""
    broken = run.bound is not None and run.seconds > run.bound
    broken = broken or bool(run.libraries & set(UNWANTED))
    shown = f"{1000 * run.bound:8.0f}" if run.bound is not None else " " * 8
    remark = "   <-- broken" if broken else ""
    told = ", ".join(sorted(run.libraries)) or "-"
    print(f"{run.name:24} {1000 * run.seconds:8.0f} {shown}  {told}{remark}")
    return broken


if __name__ == "__main__":
    sys.exit(main())
