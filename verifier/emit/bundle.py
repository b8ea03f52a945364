"""The C99 bundle of a chain as a set of files: the one door into this room."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from verifier.emit.affine import KERNELS
from verifier.emit.build_file import TARGETS, cmake_lists, compile_command, toolchain
from verifier.emit.design import Design
from verifier.emit.filtering import ARM_KERNELS, runtime_of
from verifier.emit.header import GRID, TRANSITION, header
from verifier.emit.manifest import manifest
from verifier.emit.memory import on_grid
from verifier.emit.printer import printed
from verifier.emit.selftest import selftest
from verifier.emit.source import source
from verifier.emit.vectors import vectors
from verifier.safety.affine import Affine

RUNTIME = "guard_runtime.h"
TEMPORAL = "guard_temporal.h"
DISTANCE = "guard_distance.h"


def bundle(
    design: Design,
    *,
    target: str,
    statuses: Mapping[str, str],
    version: str,
    waived: Mapping[str, str],
) -> dict[str, bytes]:
    """The files of the bundle by name; the same input gives the same bytes.

    `target` is a key of TARGETS. `statuses` are the obligations' verdicts by id, which the manifest
    repeats, and `waived` the reasons why some of them may stay unproved.
    """
    chosen = TARGETS[target]
    found = c_files(design)
    found["CMakeLists.txt"] = cmake_lists(design.plan.chain, chosen).encode()
    if chosen.arguments:
        found[f"{chosen.name}.cmake"] = toolchain(chosen).encode()
    found["manifest.json"] = manifest(
        design,
        found,
        target=target,
        compile_command=compile_command(chosen),
        statuses=statuses,
        version=version,
        waived=waived,
    )
    return found


def c_files(design: Design) -> dict[str, bytes]:
    """The C of a design, with its self-test."""
    tests = printed(selftest(design, vectors(design))).encode()
    return {**guard_files(design), "selftest.c": tests}


def guard_files(design: Design) -> dict[str, bytes]:
    """The C of a design."""
    runtime: tuple[str, ...] = (RUNTIME, TEMPORAL)
    runtime = (*runtime, GRID) if any(map(on_grid, design.machines)) else runtime
    runtime = (*runtime, DISTANCE) if design.gauges else runtime
    guarded = design.loop.guarded
    if isinstance(guarded, Affine):
        runtime = (*runtime, *KERNELS)
    elif guarded is not None:
        runtime = (*runtime, *runtime_of(guarded.filter))
        weighs = guarded.weight is not None and not guarded.filter.arm
        runtime = (*runtime, *ARM_KERNELS) if weighs else runtime
    runtime = (*runtime, TRANSITION) if design.tracks else runtime
    return {
        "guard.h": printed(header(design)).encode(),
        "guard.c": printed(source(design)).encode(),
        **{name: (files("verifier.emit.runtime") / name).read_bytes() for name in runtime},
    }
