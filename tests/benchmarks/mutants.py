"""How much of the judge the tests of the judge would miss:

    uv run python tests/benchmarks/mutants.py [--only FILE:LINE,...] [--processes N] [--share %]

A mutant is one small change of one file of verifier/check, or of those of verifier/core by whose
rules it judges (mutation.py has the operators). It is
killed if a test then fails or does not come to an end. The tests are collected once, and each
mutant is a fork of that process in which the code of one function is exchanged. Of the tests that
TESTS names for a file, those that call the mutant's function are run, what is fast and has killed
most before first; a test that takes longer than SECONDS_MAX of CPU is left out. Prints the
survivors and, file by file, how many are killed, and exits with 1 if that is less than 95 % in all.
With `--share`, a sample is run, drawn with a fixed seed.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import os
import pickle
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from mutation import Mutant, mutants

ROOT = Path(__file__).parents[2]
CHECK = ROOT / "verifier/check"
CORE = ROOT / "verifier/core"
LIMITS = "judge_questions: limits digits"
RULES = (
    *("judge_rules", "judge_questions"),
    "motion_rules: passage",
    "check: honest every_connective digest hostile_values formulas premise undefined written",
)
SETS = (LIMITS, "containment_rules", "containment: honest forgery")
COVERS = (
    *("cover_rules", "judge_questions"),
    "claims: forged false_counterexamples given_twice nobody_wrote",
)
MOTIONS = (
    LIMITS,
    *("motion_rules", "motion_codec"),
    "motion: honest forgery lies_about polygon boxes_are_read",
)
MEASURES = (LIMITS, "measure_rules")
GAMES = (LIMITS, "game_rules")
TESTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("__init__", "outcome"), RULES),
    **dict.fromkeys(("judge", "facts", "polynomial", "survey", "squares", "choice"), RULES),
    **dict.fromkeys(("codec", "rational", "values", "shape"), RULES),
    **dict.fromkeys(("schedule", "budget", "measure", "measure_codec"), MEASURES),
    "network": (*MEASURES, "game_rules: outlasts vague"),
    **dict.fromkeys(("game", "core/play", "core/zone"), GAMES),
    **dict.fromkeys(("containment", "containment_codec"), SETS),
    **dict.fromkeys(("cover", "cover_codec", "bernstein", "bowl", "boxed"), COVERS),
    **dict.fromkeys(("motion", "motion_codec", "barrier", "cells", "strayed", "whole"), MOTIONS),
}
"""The tests that are to kill the mutants of each file: a file of tests, or those of its tests that
have one of the words in their names."""
ENOUGH = 0.95
SEED = 41
SECONDS_MAX = 1.0
MEMORY_MAX = 4 * 2**30


@dataclass(slots=True)
class Told:
    """What a run of all tests without any change shows of one test."""

    seconds: float
    functions: set[tuple[str, str]]
    failed: bool


@dataclass(slots=True)
class Tally:
    all: Counter[str] = field(default_factory=Counter)
    survivors: list[Mutant] = field(default_factory=list)


class Runner:
    """Takes the place of pytest's own loop over the tests."""

    def __init__(self, wanted: list[Mutant], processes: int) -> None:
        self.wanted, self.processes, self.tally = wanted, processes, Tally()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        wanted = {selection for mutant in self.wanted for selection in TESTS[mutant.file]}
        items[:] = [item for item in items if _selected(item, wanted)]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        gc.freeze()
        started = time.monotonic()
        told = _unchanged(session.items)
        broken = [item.nodeid for item, of in zip(session.items, told, strict=True) if of.failed]
        print(f"{len(told)} tests, {time.monotonic() - started:.0f} s", flush=True)
        if broken:
            print(f"fail without any change: {broken}")
            return True
        tests = _tests_of(session.items, told)
        for mutant, dead in _outcomes(self.wanted, tests, self.processes):
            self.tally.all[mutant.file] += 1
            if not dead:
                self.tally.survivors.append(mutant)
                print(f"survived  {mutant.file}.py:{mutant.line}  {mutant.what}", flush=True)
        return True


Tests = dict[str, list[tuple[pytest.Item, Told]]]


def _tests_of(items: list[pytest.Item], told: list[Told]) -> Tests:
    """For each file of the judge, its tests, the fastest first."""
    found: Tests = {}
    for name, selections in TESTS.items():
        own = [
            (item, of)
            for item, of in zip(items, told, strict=True)
            if _selected(item, selections) and of.seconds < SECONDS_MAX
        ]
        found[name] = sorted(own, key=lambda pair: pair[1].seconds)
    return found


def _selected(item: pytest.Item, selections: Iterable[str]) -> bool:
    name = item.path.stem.removeprefix("test_")
    parts = [selection.partition(":") for selection in selections]
    return any(
        name == file and (not words or any(word in item.name for word in words.split()))
        for file, _, words in parts
    )


def _unchanged(items: list[pytest.Item]) -> list[Told]:
    """Runs every test in a child, so that nothing that is remembered outlives it."""
    with tempfile.TemporaryFile() as file:
        child = os.fork()
        if child == 0:
            _hush()
            signal.signal(signal.SIGPROF, _too_slow)
            pickle.dump([_watched(item) for item in items], file)
            file.flush()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the tests do not run"
        file.seek(0)
        found: list[Told] = pickle.load(file)
    return found


def _name(path: Path) -> str:
    """What TESTS calls the file."""
    return path.stem if path.parent == CHECK else f"core/{path.stem}"


def _path(name: str) -> Path:
    return (CHECK if "/" not in name else CORE.parent) / f"{name}.py"


class TooSlow(BaseException):
    pass


def _too_slow(*_: object) -> None:
    raise TooSlow


def _watched(item: pytest.Item) -> Told:
    functions: set[tuple[str, str]] = set()
    known: set[CodeType] = set()

    def trace(frame: FrameType, *_: object) -> None:
        code = frame.f_code
        if code not in known:
            known.add(code)
            path = Path(code.co_filename)
            if path.parent in (CHECK, CORE):
                functions.add((_name(path), code.co_qualname.split(".<locals>")[0]))

    before = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS_MAX)
    sys.settrace(trace)
    try:
        failed = _fails(item)
    except TooSlow:
        failed = False
    finally:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = time.process_time() - before
    return Told(seconds, functions, failed and seconds < SECONDS_MAX)


def _fails(item: pytest.Item) -> bool:
    reports = runtestprotocol(item, log=False, nextitem=None)
    return any(report.failed for report in reports)


def _hush() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)


# ---- one mutant --------------------------------------------------------------------------------


def _outcomes(wanted: list[Mutant], tests: Tests, processes: int) -> Iterator[tuple[Mutant, bool]]:
    """Each mutant with whether it is killed, as they end. What has killed most goes first."""
    running: dict[int, tuple[Mutant, int]] = {}
    kills: Counter[tuple[str, int]] = Counter()
    queue = list(reversed(wanted))
    while queue or running:
        while queue and len(running) < processes:
            mutant = queue.pop()
            known = tests[mutant.file]
            order = sorted(
                (number for number, (_, told) in enumerate(known) if _reaches(told, mutant)),
                key=lambda number: (
                    (0.01 + known[number][1].seconds) / (1 + kills[mutant.file, number])
                ),
            )
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                _hush()
                os._exit(_killed(mutant, known, order, writing))
            os.close(writing)
            running[child] = mutant, reading
        child, status = os.wait()
        mutant, reading = running.pop(child)
        killer = os.read(reading, 20)
        os.close(reading)
        if killer:
            kills[mutant.file, int(killer)] += 1
        yield mutant, os.waitstatus_to_exitcode(status) != 0


def _reaches(told: Told, mutant: Mutant) -> bool:
    return not mutant.owner or (mutant.file, mutant.owner) in told.functions


def _killed(
    mutant: Mutant, tests: list[tuple[pytest.Item, Told]], order: list[int], writing: int
) -> bool:
    """Also writes the number of the test that noticed."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    try:
        _exchange(mutant)
        for number in order:
            item, told = tests[number]
            signal.setitimer(signal.ITIMER_PROF, 1 + 4 * told.seconds)  # ends the process
            if _fails(item):
                os.write(writing, str(number).encode())
                return True
    except BaseException:  # whatever ends the tests has noticed the mutant
        return True
    return False


def _exchange(mutant: Mutant) -> None:
    """Puts the mutant's code in the place of the function's, or of the module's names."""
    name = mutant.file.replace("/", ".") if "/" in mutant.file else f"check.{mutant.file}"
    module = importlib.import_module(f"verifier.{name}")
    future = ast.parse("from __future__ import annotations").body
    tree = ast.Module([*future, mutant.code()], [])
    code = compile(tree, f"<mutant of {mutant.file}>", "exec")
    made: dict[str, Any] = dict(vars(module))
    exec(code, made)
    if not mutant.owner:
        _rebind(module, made)
        return
    *outer, name = mutant.owner.split(".")
    holder: Any = getattr(module, outer[0]) if outer else module
    function, changed = getattr(holder, name), made[name]
    assert isinstance(function, FunctionType)
    function.__code__ = changed.__code__
    function.__defaults__, function.__kwdefaults__ = changed.__defaults__, changed.__kwdefaults__


def _rebind(module: ModuleType, made: dict[str, Any]) -> None:
    """Gives the changed names of a module to it and to all of ours that have them from there."""
    for name, value in made.items():
        old = vars(module).get(name)
        if old is value:
            continue
        for other in list(sys.modules.values()):
            if getattr(other, "__name__", "").startswith("verifier.") and (
                vars(other).get(name) is old
            ):
                setattr(other, name, value)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", metavar="FILE:LINE,...", help="`judge,facts` or `judge:120`")
    parser.add_argument("--share", type=int, default=100, metavar="PERCENT")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    files = {path.stem for path in CHECK.glob("*.py")}
    assert files == {name for name in TESTS if "/" not in name}, "a file has no tests"
    rng = random.Random(SEED)
    wanted = [
        mutant
        for name in TESTS
        for mutant in mutants(name, _path(name))
        if _asked(mutant, options.only) and rng.randrange(100) < options.share
    ]
    from hypothesis import HealthCheck, settings

    # The same examples for all mutants, and no complaint about a machine that is busy.
    checks = list(HealthCheck)
    settings.register_profile("all", derandomize=True, deadline=None, suppress_health_check=checks)
    settings.load_profile("all")
    runner = Runner(wanted, options.processes)
    files = {of.partition(":")[0] for mutant in wanted for of in TESTS[mutant.file]}
    paths = [f"tests/test_{file}.py" for file in sorted(files)]
    os.chdir(ROOT)
    told = ["-q", "-s", "-n0", "-p", "no:cacheprovider"]
    pytest.main([*told, *paths], plugins=[runner])
    tally = runner.tally
    for name in TESTS:
        count, alive = tally.all[name], sum(m.file == name for m in tally.survivors)
        print(f"{name}.py: {count - alive} / {count}")
    count, alive = len(wanted), len(tally.survivors)
    assert sum(tally.all.values()) == count, "the tests were not run"
    share = 1 - alive / max(1, count)
    print(f"in all: {count - alive} / {count} killed ({share:.1%})")
    return 0 if share >= ENOUGH else 1


def _asked(mutant: Mutant, only: str | None) -> bool:
    return only is None or not {mutant.file, f"{mutant.file}:{mutant.line}"}.isdisjoint(
        only.split(",")
    )


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
