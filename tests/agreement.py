"""Definition, online program and compiled C on the same random formulas and traces.

Many formulas share one bundle, so that a compiler run pays for thousands of comparisons. Run as a
program it compares as many pairs as it is asked to: `python tests/agreement.py [pairs] [seed]`.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bundles import model_of, sample
from formulas import BOOLEANS, PERIOD_NS, events, property_formula, property_of

from verifier.emit.binding import Compiled, loaded
from verifier.emit.bundle import guard_files
from verifier.emit.design import Design, design_of
from verifier.model.values import Property
from verifier.monitor.definition import Answer, Event, answers, answers_of
from verifier.monitor.gauge import (
    Gauge,
    compile_robustness,
    gauged,
    start_gauge,
    step_gauge,
    tick_gauge,
)
from verifier.monitor.program import Program, compile_property, start, step, tick
from verifier.pipeline_emit import planned

WORLD = f"""
environment {{{{ {", ".join(BOOLEANS)} : bool  x, y : real m }}}}
state {{{{ z : real[1] m in box(lower = -1, upper = 1)  done : bool }}}}
plant slide {{{{
    input    u : real[1] m/s in box(lower = -1, upper = 1)
    dynamics der(z) = u
    period   {PERIOD_NS} ns
    {{}}
}}}}
skill Go {{{{ ensures done }}}}
chain C {{{{ Go() achieve done }}}}
"""


def design_of_properties(properties: Sequence[Property], grid_ns: int | None = None) -> Design:
    """The design of a bundle with these properties over three booleans and two reals, each with its
    robustness where it has one; of samples on a grid, if there is one."""
    grid = f"grid {grid_ns} ns" if grid_ns is not None else ""
    model = replace(model_of(WORLD.format(grid)), properties=tuple(properties))
    plan, loop = planned(model, model.chains["C"])
    found = {k: compile_robustness(prop, PERIOD_NS) for k, prop in enumerate(properties)}
    return design_of(plan, loop, {k: g for k, g in found.items() if isinstance(g, Gauge)})


def random_properties(rng: random.Random, count: int) -> list[Property]:
    """Properties that have a program."""
    found: list[Property] = []
    while len(found) < count:
        prop = property_of(property_formula(rng, rng.randrange(1, 6)), f"p{len(found)}")
        if isinstance(compile_property(prop, PERIOD_NS), Program):
            found.append(prop)
    return found


def by_program(program: Program, trace: Sequence[Event]) -> tuple[list[Answer], int | None]:
    memory, found = start(program), []
    for event in trace:
        if event.values is None:
            memory = tick(program, memory, event.time_ns)
        else:
            memory = step(program, memory, event.time_ns, event.values)
        found.append(memory.answer)
    return found, memory.violated_ns


def by_gauge(gauge: Gauge, trace: Sequence[Event]) -> list[float]:
    reached, found = start_gauge(gauge), []
    for event in trace:
        if event.values is None:
            reached = tick_gauge(reached, event.time_ns)
        else:
            reached = step_gauge(reached, event.time_ns, event.values)
        found.append(reached.least)
    return found


def by_guard(
    guard: Compiled, trace: Sequence[Event]
) -> tuple[list[list[Answer]], list[list[float]]]:
    """The answers of all properties after each event, and their robustness."""
    guard.init()
    found, measured = [], []
    for event in trace:
        if event.values is None:
            guard.tick(event.time_ns)
        else:
            now = sample(guard.design, event.time_ns, dict(event.values))
            guard.step(now, (0.0,))
        found.append([Answer(value) for value in guard.guard.answers])
        measured.append(list(guard.guard.robustness) if guard.design.gauges else [])
    return found, measured


def compare(
    rng: random.Random, count: int, traces: int, folder: Path, grid_ns: int | None = None
) -> Counter[str]:
    """Counts of what was said at the end; every disagreement is an assertion. With a grid all
    samples lie on it."""
    properties = random_properties(rng, count)
    design = design_of_properties(properties, grid_ns)
    programs = [watched.program for watched in design.plan.programs]
    guard = loaded(design, guard_files(design), folder, optimise="-O1")
    seen: Counter[str] = Counter()
    for _ in range(traces):
        trace = events(rng, rng.randrange(1, 16), 0.0, grid_ns)
        in_c, measured = by_guard(guard, trace)
        for k, (prop, program) in enumerate(zip(properties, programs, strict=True)):
            said, violated_ns = by_program(program, trace)
            where = (prop.formula, trace)
            assert said == answers_of(program.asked, trace), where
            if all(part.patience_ns == 0 for part in program.asked):
                assert said == answers(prop.formula, trace), where
            assert said == [row[k] for row in in_c], where
            if violated_ns is not None:
                assert guard.guard.violated_ns[k] == violated_ns, where
            seen[said[-1].name] += 1
        for machine in design.gauges:
            k, where = machine.number, (properties[machine.number].formula, trace)
            online = by_gauge(machine.gauge, trace)
            assert bits(online) == bits(gauged(machine.gauge, trace)), where
            assert bits(online) == bits([row[k] for row in measured]), where
            seen["infinite" if math.isinf(online[-1]) else "finite"] += 1
    return seen


def bits(values: Sequence[float]) -> list[str]:
    return [value.hex() for value in values]


GRIDS = (None, PERIOD_NS, PERIOD_NS // 2)


def main(pairs: int, seed: int) -> None:
    seen: Counter[str] = Counter()
    for batch in range(-(-pairs // 10_000)):
        grid = GRIDS[batch % len(GRIDS)]
        with tempfile.TemporaryDirectory() as folder:
            seen += compare(random.Random(seed + batch), 200, 50, Path(folder), grid)
        print(f"{10_000 * (batch + 1)} pairs, no disagreement: {dict(seen)}", flush=True)


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:3], *("100000", "1")[len(sys.argv) - 1 :])))
