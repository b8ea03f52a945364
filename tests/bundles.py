"""Bundles for tests: from a source text to a guard that runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from verifier.core.diagnostic import Diagnostic
from verifier.emit import reference
from verifier.emit.binding import Compiled, compiled, compiler, loaded, zig
from verifier.emit.build_file import TARGETS
from verifier.emit.bundle import guard_files
from verifier.emit.design import Design
from verifier.emit.reference import Sample
from verifier.emit.vectors import Vector, answered
from verifier.emit.visits import Call
from verifier.model.values import Model
from verifier.pipeline_emit import build_bundle, design_for
from verifier.safety.limit import Loop, safety_loop
from verifier.source import settled

ROOT = Path(__file__).parent.parent
FETCH_CUP = ROOT / "examples" / "fetch_cup.contract"
MS = 10**6


def tool(*names: str) -> str | None:
    """The path of the first of these programs that is installed, or None; with
    VERIFY_CHAIN_NO_SKIPS=1, as in continuous integration, one has to be."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    assert found or os.environ.get("VERIFY_CHAIN_NO_SKIPS") != "1", f"install one of {names}"
    return found


def gcc() -> tuple[str, ...]:
    """The command of gcc, or of another compiler where gcc is not installed."""
    found = tool("gcc")
    return (found,) if found else compiler()


def first_refusal(text: str) -> tuple[str, str]:
    """Code and message of the first reason why the text has no safety loop; it has a place and
    brings its cure."""
    found = safety_loop(model_of(text))
    assert not isinstance(found, Loop)
    assert isinstance(found[0], Diagnostic) and found[0].span.line > 0 and found[0].help
    return found[0].code, found[0].message


def self_test_agrees(files: Mapping[str, bytes], folder: Path) -> None:
    """Asserts that the self-test of a bundle passes here and, under an emulator, on aarch64."""
    sources = ("guard.c", "selftest.c")
    program = compiled(files, folder, "selftest", sources, gcc(), ("-O2",))
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.endswith(" passed, 0 failed\n"), done.stdout
    thor = (*zig(), "-target", "aarch64-linux-musl", *TARGETS["thor"].arguments[2:])
    program = compiled(files, folder, "selftest-thor", sources, thor, ("-O2", "-static"))
    emulator = tool("qemu-aarch64", "qemu-aarch64-static")
    if emulator is None:
        return
    command = [emulator, "-cpu", "max", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.endswith(" passed, 0 failed\n"), done.stdout


def model_of(text: str) -> Model:
    return settled("here.contract", text).model


def fetch_cup() -> Model:
    return settled(str(FETCH_CUP)).model


def files_of(model: Model, chain: str, target: str = "host") -> dict[str, bytes]:
    return build_bundle(model, model.chains[chain], target, {}, "0")


def design_of_chain(model: Model, chain: str) -> Design:
    return design_for(model, model.chains[chain])


def guard_of(model: Model, chain: str, folder: Path) -> Compiled:
    return loaded(design_of_chain(model, chain), files_of(model, chain), folder)


def compiled_answer(guard: Compiled, call: Call) -> tuple[object, object]:
    """What the compiled guard answers: a status, an outcome with the command, or a status with the
    set point of a transition."""
    match call.kind:
        case "init":
            return guard.init(), None
        case "enter":
            return guard.enter(call.skill, call.now), None
        case "leave":
            return guard.leave(call.now), None
        case "leave_skill":
            return guard.leave_skill(call.skill, call.now), None
        case "step":
            return guard.step(call.now, call.proposed)
        case "track":
            return guard.track(call.now)
        case _:
            return guard.tick(call.time_ns)


def reference_answer(vector: Vector) -> tuple[object, object]:
    if vector.reached is not None:
        return vector.outcome.status, vector.reached
    return (vector.outcome.status, None) if vector.out is None else (vector.outcome, vector.out)


def replayed(guard: Compiled, calls: list[Call]) -> list[Vector]:
    """The reference's answers to these calls; the compiled guard gave the same, bit by bit."""
    state = reference.initial(guard.design)
    guard.init()
    found = []
    for number, call in enumerate(calls):
        state, vector = answered(guard.design, state, call)
        got, want = compiled_answer(guard, call), reference_answer(vector)
        assert repr(got) == repr(want), (number, calls[: number + 1])
        found.append(vector)
    return found


def sample(design: Design, time_ns: int, values: Mapping[str, float | int | str]) -> Sample:
    """A sample with every field 0 but these; labels by name."""
    found: dict[str, float | int] = {}
    for name, place in design.layout.places.items():
        value = values.get(name, 0)
        found[name] = place.labels.index(value) if isinstance(value, str) else value
    return Sample(time_ns, found)


def survives(folder: Path, steps: int, design: Design, *defined: str) -> None:
    """Random steps under the sanitizers; see data/fuzz_temporal.c for what holds at each."""
    names = dict(guard_files(design))
    names["fuzz.c"] = (ROOT / "tests" / "data" / "fuzz_temporal.c").read_bytes()
    checks = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    flags = (*(checks if tool("gcc") else checks[:1]), f"-DSTEPS={steps}u", *defined)
    program = compiled(names, folder, "fuzz", ("guard.c", "fuzz.c"), gcc(), flags)
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{steps} steps\n"), done.stdout + done.stderr
