"""What a step of the whole guard costs: a Panda with its spheres, three obstacles, from C.

    uv run python tests/benchmarks/guard.py [STEPS [REPEATS]]

Emits and compiles the bundle of examples/guarded_arm, and drives it in closed loop by commands that
ignore everything; so it does with that arm told everything, and with the same arm under the jerks
of the Panda's data sheet. The same loop is run again and again and the least time of each step is
kept, so that what the machine does beside it drops out; a step that is slow by itself stays slow.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from verifier.cli import main as verify_chain
from verifier.emit.binding import compiler
from verifier.emit.build_file import FLAGS, FLOATING_POINT

HERE = Path(__file__).parent
EXAMPLE = HERE.parent.parent / "examples" / "guarded_arm"
DISTURBED = """disturbance w : real[7] rad/s^2 in box(lower = -0.05, upper = 0.05)
    dynamics    der(q) = v
    dynamics    der(v) = a + w"""
TOLD = """dynamics    der(q) = v
    dynamics    der(v) = a"""
JERKS = "7500, 3750, 5000, 6250, 7500, 10000, 10000"
LOWEST = "-" + JERKS.replace(", ", ", -")
LIMITED = f"{TOLD}\n    rate        a in box(lower = [{LOWEST}], upper = [{JERKS}])"
VARIANTS = {"as it stands": DISTURBED, "undisturbed": TOLD, "jerks limited": LIMITED}
GOALS_US = {"median": 5.0, "p99": 10.0, "max": 25.0}
MEMORY_BYTES = 1 << 20


def library(folder: Path, dynamics: str) -> ctypes.CDLL:
    """The bundle and the clock around it, compiled as the bundle's CMakeLists.txt does."""
    example = folder / "example"
    shutil.copytree(EXAMPLE, example)
    cell = example / "cell.spec"
    cell.write_text(cell.read_text().replace(DISTURBED, dynamics))
    order = [
        "emit",
        str(example / "pick_and_place.contract"),
        "--chain",
        "PickAndPlace",
        "--target",
        "host",
    ]
    if verify_chain([*order, "-o", str(folder / "bundle")]) != 0:
        raise SystemExit("there is no bundle")
    files = [str(folder / "bundle" / "guard.c"), str(HERE / "guard_timing.c")]
    output = folder / "guard.so"
    command = [*compiler(), *FLAGS, *FLOATING_POINT, "-O3", "-fPIC", "-shared", *files]
    include = ["-I", str(folder / "bundle"), "-o", str(output), "-lm"]
    subprocess.run([*command, *include], check=True)
    return ctypes.CDLL(str(output))


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    print(f"{steps:,} steps, the least of {repeats} runs of each")
    for name, dynamics in VARIANTS.items():
        with tempfile.TemporaryDirectory(prefix="verify-chain-") as folder:
            measured(name, library(Path(folder), dynamics), steps, repeats)


def measured(name: str, bundle: ctypes.CDLL, steps: int, repeats: int) -> None:
    """Prints what the steps of one variant cost."""
    times = (ctypes.c_double * steps)()
    counts = (ctypes.c_uint64 * 5)()
    guard = ctypes.create_string_buffer(MEMORY_BYTES)
    bundle.time_guard(guard, steps, repeats, times, counts)
    ordered = sorted(times)
    found = {
        "median": ordered[steps // 2],
        "p99": ordered[steps * 99 // 100],
        "max": ordered[-1],
    }
    passed, clamped, rejected, outside, active = counts
    print(f"\n{name}: {passed:,} passed, {clamped:,} clamped, {rejected:,} rejected")
    print(
        f"steps in which rows of bodies moved the command: {active:,}; outputs outside: {outside}"
    )
    print(f"{'':<8}{'us':>8}{'goal':>8}")
    for word, goal in GOALS_US.items():
        print(f"{word:<8}{found[word]:>8.2f}{goal:>8.1f}")


if __name__ == "__main__":
    main()
