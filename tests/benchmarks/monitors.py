"""What a property costs at run time: the emitted C and the Python monitor, beside others.

    python tests/benchmarks/monitors.py [--rtamt PYTHON] [--all]

prints nanoseconds of processor time an event, the longest step over the usual one, bytes of memory
and bytes of code: of the response, of the patterns of specs/patterns.spec one by one, and of what
grows with its bound. `--rtamt` names a Python that has rtamt installed, to be measured in the same
run; `--all` takes every bound. Exits with 1 if a bound is passed: the bounds are twice what is
aimed for, since the machines of continuous integration are not quiet.

The longest step: a run of dense stretches and gaps of up to three times the bound is repeated, by
some guards side by side since clocks tick too seldom for one; of each step the least time is kept,
less that of reading the clock, and the longest of these is divided by their median. A step on a
grid has no loop that grows with the gap, but may find the words of a long ring in a slower cache;
one with stamps advances a cursor for each sample that came before the gap, and is marked.
"""

from __future__ import annotations

import argparse
import ctypes
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bundles import gcc, model_of

from verifier.emit.binding import _guard_type, compiled
from verifier.emit.bundle import c_files
from verifier.emit.design import Design, design_of
from verifier.model.values import Model
from verifier.monitor.gauge import Gauge, compile_robustness
from verifier.monitor.program import Program, compile_property, start, step
from verifier.pipeline_emit import planned

MS = 10**6
ANSWER = 41  # bytes of a property beside its operators: answer, violation, newest stamp, pending
EVENTS = 4_000_000
RESPONSE = "always (p implies eventually[0, 500 ms] s)"
LIBRARY = {
    "absence": "absence(p)",
    "absence_before": "absence_before(p, r)",
    "absence_after": "absence_after(p, q)",
    "absence_between": "absence_between(p, q, r)",
    "universality": "universality(p)",
    "universality_before": "universality_before(p, r)",
    "universality_after": "universality_after(p, q)",
    "universality_between": "universality_between(p, q, r)",
    "existence": "existence(p, {0} ms)",
    "existence_before": "existence_before(p, r)",
    "existence_after": "existence_after(p, q, {0} ms)",
    "existence_between": "existence_between(p, q, r)",
    "response": "response(p, s, {0} ms)",
    "response_before": "response_before(p, s, r, {0} ms)",
    "response_after": "response_after(p, s, q, {0} ms)",
    "response_between": "response_between(p, s, q, r, {0} ms)",
    "precedence": "precedence(p, s)",
    "precedence_before": "precedence_before(p, s, r)",
    "precedence_after": "precedence_after(p, s, q)",
    "precedence_between": "precedence_between(p, s, q, r)",
}
BOUNDED = {
    "once[0, b]": "always (p implies once[0, {0} ms] s)",
    "since[0, b]": "always (p implies (s since[0, {0} ms] q))",
    "until[0, b]": "always (p implies (s until[0, {0} ms] r))",
    "recurrence in b": "always eventually[0, {0} ms] p",
    "shortest duration b": "always (rise p implies always[0, {0} ms] p)",
}
DELAYED = {
    "once[b, 2 b]": "always (p implies once[{0} ms, {1} ms] s)",
    "since[b, 2 b]": "always (p implies (s since[{0} ms, {1} ms] q))",
    "always[b, 2 b]": "always (p implies always[{0} ms, {1} ms] s)",
    "eventually[b, 2 b]": "always (p implies eventually[{0} ms, {1} ms] s)",
}
MINIMUM = "always historically[0, {0} ms] x >= 0"
AIMS = {"ns": 25.0, "code": 4096, "worst": 3.0, "gap": 4.0}
CHOSEN = (1000,)
BOUNDS = (100, 1000, 100_000)

WORLD = """
use "patterns.spec"
environment {{ p, q, r, s : bool  x : real m }}
state {{ z : real[1] m in box(lower = -1, upper = 1)  done : bool }}
plant slide {{
    input    u : real[1] m/s in box(lower = -1, upper = 1)
    dynamics der(z) = u
    period   1 ms  {1}
}}
property it = {0}
on violation of it : stop
skill Go {{ ensures done }}
chain C {{ Go() achieve done }}
"""

TIMER = """
#include "guard.c"
#include <time.h>

#define SAMPLES 8192
#define CYCLE 1024 /* of the longest step: few enough for the cache beside the guards */
static guard_sample samples[SAMPLES];
static guard state;

__attribute__((noinline)) void measured_step(guard *g, const guard_sample *now);
__attribute__((noinline)) void measured_step(guard *g, const guard_sample *now) { STEP(g, now); }

#if defined(__x86_64__)
static double clock_now(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high));
    return (double)(((uint64_t)high << 32) | low);
}
#else
static double clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return ((double)now.tv_sec * 1e9) + (double)now.tv_nsec;
}
#endif

static void fill(double noise)
{
    uint64_t seed = 88172645463325252u;
    for (uint32_t i = 0; i < SAMPLES; ++i) {
        seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17;
        samples[i].p = PATTERN_P(i);
        samples[i].s = PATTERN_S(i);
        samples[i].q = (i % 1024u) == 0u;
        samples[i].r = (i % 4u) == 3u;
        samples[i].x = 100.0 + (noise * (double)(seed >> 11) * 0x1.0p-53);
    }
}

/* The least time of each step of one run, the mean of COPIES guards that do the same; a gap of up
 * to `gap` samples after every 256. */
void steps(double *least, uint32_t count, uint32_t repeats, uint64_t gap)
{
    static guard all[COPIES];
    double base = 1e9;
    fill(1.0);
    for (uint32_t k = 0; k < count; ++k) { least[k] = 1e9; }
    for (uint32_t r = 0; r < repeats; ++r) {
        int64_t stamp = 0;
        for (uint32_t c = 0; c < COPIES; ++c) { (void)guard_init(&all[c]); }
        for (uint32_t k = 0; k < count; ++k) {
            guard_sample *now = &samples[k % CYCLE];
            const uint64_t wait = ((k % 256u) == 255u) ? 2u + (((uint64_t)k * 7919u) % gap) : 1u;
            stamp += 1000000 * (int64_t)wait;
            now->time_ns = stamp;
            const double before = clock_now();
            for (uint32_t c = 0; c < COPIES; ++c) { measured_step(&all[c], now); }
            const double after = clock_now();
            const double nothing = clock_now() - after;
            least[k] = (after - before < least[k]) ? after - before : least[k];
            base = (nothing < base) ? nothing : base;
            for (uint32_t c = 0; c < COPIES; ++c) {
                if (all[c].answers[0] >= GUARD_INVALID) { all[c].answers[0] = GUARD_SATISFIED; }
            }
        }
    }
    for (uint32_t k = 0; k < count; ++k) { least[k] = (least[k] - base) / COPIES; }
}

double nanoseconds(uint32_t events, double noise)
{
    struct timespec before, after;
    int64_t stamp = 0;
    fill(noise);
    (void)guard_init(&state);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    for (uint32_t i = 0; i < events; ++i) {
        guard_sample *now = &samples[i % SAMPLES];
        stamp += 1000000;
        now->time_ns = stamp;
        measured_step(&state, now);
        if (state.answers[0] >= GUARD_INVALID) { state.answers[0] = GUARD_SATISFIED; }
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    return ((double)(after.tv_sec - before.tv_sec) * 1e9 +
            (double)(after.tv_nsec - before.tv_nsec)) / (double)events;
}
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Nanoseconds an event, the longest step over the median, bytes of memory, bytes of code,
    whether a cursor moves in the step."""

    ns: float
    worst: float
    memory: int
    code: int
    cursor: bool


def design_for(text: str, robustness: bool, grid: str = "") -> tuple[Model, Design]:
    model = model_of(WORLD.format(text, grid))
    plan, loop = planned(model, model.chains["C"])
    gauges: dict[int, Gauge] = {}
    if robustness:
        found = compile_robustness(model.properties[0], MS, 2**23)
        assert isinstance(found, Gauge), found
        gauges[0] = found
    return model, design_of(plan, loop, gauges)


def cost(text: str, *, robustness: bool = False, grid: str = "", gap: int = 1000) -> Cost:
    """What one property costs in C, with gaps of up to so many samples in the longest step."""
    _, design = design_for(text, robustness, grid)
    name = "gauge_0" if robustness else "property_0"
    copies = max(2, min(64, 2**18 // memory_bytes(design, name)))
    files = dict(c_files(design))
    files["timer.c"] = TIMER.encode()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        flags = (
            "-O2",
            "-fPIC",
            "-shared",
            "-D_POSIX_C_SOURCE=200809L",
            f"-DSTEP={name}_step",
            f"-DCOPIES={copies}u",
            "-DPATTERN_P(i)=(((i) % 64u) == 5u)",
            "-DPATTERN_S(i)=(((i) % 8u) == 0u)",
            "-Wno-unused-function",
        )
        library = compiled(files, folder, "timer.so", ("timer.c",), gcc(), flags)
        run = ctypes.CDLL(str(library)).nanoseconds
        run.restype, run.argtypes = ctypes.c_double, (ctypes.c_uint32, ctypes.c_double)
        run(EVENTS // 10, 1.0)
        ns = min(run(EVENTS, 1.0) for _ in range(5))
        worst = longest(library, gap)
        code = code_bytes(library, name)
    text_of = files["guard.c"].decode()
    loops = any(word in text_of for word in ("guard_delayed_step", f"{name}_settle"))
    return Cost(ns, worst, memory_bytes(design, name), code, loops or robustness)


def longest(library: Path, gap: int) -> float:
    """The longest step over the median one, each the least of its repetitions."""
    count, repeats = 16_384, 20
    least = (ctypes.c_double * count)()
    ctypes.CDLL(str(library)).steps(
        least, ctypes.c_uint32(count), ctypes.c_uint32(repeats), ctypes.c_uint64(gap)
    )
    found = sorted(least)
    return found[-1] / max(1.0, found[count // 2])


def memory_bytes(design: Design, name: str) -> int:
    """The struct of the property or gauge, with its answer and its time of violation."""
    found = dict(_guard_type(design)._fields_).get(name)
    return 9 + (ctypes.sizeof(found) if found else 0)


def code_bytes(library: Path, name: str) -> int:
    """What the property's functions take, with what they call and what was inlined into them."""
    table = subprocess.run(["nm", "-S", str(library)], capture_output=True, text=True, check=True)
    wanted = re.compile(
        rf"measured_step|{name}_\w+|(property|margin)_0_\d+|guard_(?!init|step|tick|enter|leave)\w+"
    )
    rows = [row.split() for row in table.stdout.splitlines()]
    return sum(int(row[1], 16) for row in rows if len(row) == 4 and wanted.match(row[3]))


def python_us(text: str, count: int = 200_000) -> float:
    """Microseconds an event of the Python monitor."""
    model, _ = design_for(text, False)
    program = compile_property(model.properties[0], MS)
    assert isinstance(program, Program)
    rows = [(k * MS, {"p": k % 97 == 5, "s": k % 97 == 50}) for k in range(1, count)]
    memory, before = start(program), time.process_time()
    for stamp, values in rows:
        memory = step(program, memory, stamp, values)
    return (time.process_time() - before) / count * 1e6


RTAMT = """
import time, rtamt
spec = rtamt.StlDiscreteTimeSpecification()
spec.declare_var("a", "float")
spec.declare_var("c", "float")
spec.declare_var("out", "float")
spec.spec = "out = (a >= 0.5) implies (eventually[0:500] (c >= 0.5))"
spec.parse()
spec.pastify()
rows = [[("a", float(k % 97 == 5)), ("c", float(k % 97 == 50))] for k in range(1, 5001)]
before = time.process_time()
for k, row in enumerate(rows):
    spec.update(k, row)
print((time.process_time() - before) / len(rows) * 1e6)
"""


def rtamt_us(python: str) -> float:
    """Microseconds an event of rtamt's online monitor in Python, for the same response."""
    done = subprocess.run([python, "-c", RTAMT], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def row(name: str, found: Cost) -> str:
    worst = f"{found.worst:.1f}{'*' if found.cursor else ' '}"
    return f"{name:36} {found.ns:9.1f} {worst:>8} {found.memory:10} {found.code:8}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rtamt", help="a Python with rtamt")
    parser.add_argument("--all", action="store_true", help="every bound: some minutes")
    options = parser.parse_args(arguments)
    bounds = BOUNDS if options.all else CHOSEN
    print(f"{'property, at 1 kHz':36} {'ns/event':>9} {'worst':>8} {'bytes':>10} {'code':>8}")
    passed: list[str] = []

    def measured(name: str, found: Cost, ns: float, memory: float | None) -> None:
        print(row(name, found), flush=True)
        if found.ns > 2 * ns or found.code > AIMS["code"]:
            passed.append(name)
        if memory is not None and found.memory > memory:
            passed.append(f"{name}: memory")
        reached = AIMS["gap"] if "on a grid" in name else AIMS["worst"]
        # One step of nanoseconds is easily disturbed; a loop shows as a hundred times the median.
        if not found.cursor and found.worst > 4 * reached:
            passed.append(f"{name}: longest step")

    measured("response in 0.5 s", cost(RESPONSE), 10.0, 64)
    for name, text in LIBRARY.items():
        for bound in bounds if "{0}" in text else (0,):
            shown = f"{name}, {bound} steps" if bound else name
            measured(shown, cost(text.format(bound)), AIMS["ns"], 128)
    for name, text in BOUNDED.items():
        for bound in bounds:
            measured(f"{name}, b = {bound}", cost(text.format(bound)), AIMS["ns"], 128)
    for bound in (100, 1000, 10_000, 100_000) if options.all else (1000, 100_000):
        for name, text in DELAYED.items():
            written = text.format(bound, 2 * bound)
            found = cost(written, grid="grid 1 ms", gap=3 * bound)
            room = bound / 8 + 64 + ANSWER
            measured(f"{name}, b = {bound}, on a grid", found, AIMS["ns"], room)
            if options.all:
                found = cost(written, gap=3 * bound)
                measured(f"{name}, b = {bound}, stamps", found, AIMS["ns"], None)
    for high in (10, 1000, 100_000):
        found = cost(MINIMUM.format(high), robustness=True)
        measured(f"robustness, least over {high} steps", found, 10.0, None)
    here = statistics.median(python_us(RESPONSE) for _ in range(3))
    print(f"\nPython monitor, response in 0.5 s: {here:.1f} us an event")
    if here > 5.0:
        passed.append("Python")
    if options.rtamt:
        print(f"rtamt (Python, online, rewritten to the past): {rtamt_us(options.rtamt):.1f} us")
    print(
        "Others for the response, measured on another day on this kind of machine: rtamt in C++"
        " 8,300 ns; Copilot 1,674 ns, 241 kB of code; R2U2 93 to 104 ns, 2,442 bytes; reelay 54"
        " to 74 ns; by hand 1.4 to 5 ns, 16 bytes."
    )
    if passed:
        print("beyond its bound: " + ", ".join(passed))
    return 1 if passed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
