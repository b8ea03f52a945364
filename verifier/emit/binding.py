"""Compiles a bundle and drives it from Python by ctypes; the files go to a temporary folder."""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verifier.emit import gauges, tracking
from verifier.emit.build_file import FLAGS, FLOATING_POINT
from verifier.emit.design import SEVERITY, Design, weight_of
from verifier.emit.header import DECISION, SOURCE, STATUS
from verifier.emit.layout import Field
from verifier.emit.memory import Remembered, remembered
from verifier.emit.reference import Action, Outcome, Sample
from verifier.safety.affine import Affine
from verifier.safety.filter import Guarded
from verifier.safety.transition import Followed

KIND = {"real": ctypes.c_double, "bool": ctypes.c_uint8, "enum": ctypes.c_uint8}


class CompilerTrouble(Exception):
    """There is no C compiler, or it refused the bundle; the message is its own."""


def compiler() -> tuple[str, ...]:
    """The command of a C compiler: cc, gcc, clang, or the one in the ziglang wheel."""
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return (name,)
    if importlib.util.find_spec("ziglang") is not None:
        return zig()
    raise CompilerTrouble("no C compiler: neither cc, gcc, clang nor the ziglang wheel is here")


def zig() -> tuple[str, ...]:
    return (sys.executable, "-m", "ziglang", "cc")


def compiled(
    files: Mapping[str, bytes],
    folder: Path,
    output: str,
    sources: Sequence[str],
    command: Sequence[str],
    extra: Sequence[str] = ("-O2",),
) -> Path:
    """`output`, made in `folder` from these sources of the bundle, warnings being errors.

    Raises CompilerTrouble with what the compiler said.
    """
    for name, data in files.items():
        (folder / name).write_bytes(data)
    arguments = [*command, *FLAGS, *FLOATING_POINT, *extra, *sources, "-o", output, "-lm"]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CompilerTrouble(done.stderr.strip() or f"`{arguments[0]}` failed without a word")
    return folder / output


@dataclass(frozen=True, slots=True)
class Compiled:
    """A guard in memory: the library, the structs, and one guard with its buffers."""

    design: Design
    library: ctypes.CDLL
    sample_type: type[ctypes.Structure]
    action_type: type[ctypes.Structure]
    verdict_type: type[ctypes.Structure]
    reference_type: type[ctypes.Structure]
    guard: ctypes.Structure

    def init(self) -> str:
        status: int = self.library.guard_init(self._guard())
        return STATUS_NAMES[status]

    def enter(self, call: str | None, now: Sample | None) -> str:
        number, sample = self._number(call), self.sample_bytes(now)
        status: int = self.library.guard_enter(self._guard(), number, sample)
        return STATUS_NAMES[status]

    def leave(self, now: Sample | None) -> str:
        status: int = self.library.guard_leave(self._guard(), self.sample_bytes(now))
        return STATUS_NAMES[status]

    def leave_skill(self, call: str | None, now: Sample | None) -> str:
        number, sample = self._number(call), self.sample_bytes(now)
        status: int = self.library.guard_leave_skill(self._guard(), number, sample)
        return STATUS_NAMES[status]

    def step(self, now: Sample | None, proposed: Action | None) -> tuple[Outcome, Action]:
        out = self.action_type()
        asked = None if proposed is None else ctypes.byref(self._action(proposed))
        answer = self.library.guard_step(
            self._guard(), self.sample_bytes(now), asked, ctypes.byref(out)
        )
        return self._outcome(answer), self._flat(out)

    def tick(self, time_ns: int) -> tuple[Outcome, Action]:
        out = self.action_type()
        stamp = ctypes.c_int64(time_ns)
        answer = self.library.guard_tick(self._guard(), stamp, ctypes.byref(out))
        return self._outcome(answer), self._flat(out)

    def moved(self) -> tuple[float, ...]:
        """How far each row of the filter moved the last command; 0 where it is not active."""
        return tuple(self.guard.filter.moved)

    def track(self, now: Sample | None) -> tuple[str, Followed]:
        out = self.reference_type()
        status: int = self.library.guard_track(
            self._guard(), self.sample_bytes(now), ctypes.byref(out)
        )
        return STATUS_NAMES[status], Followed(
            tuple(out.position), tuple(out.velocity), bool(out.done)
        )

    def _number(self, call: str | None) -> int:
        calls = list(self.design.layout.skills)
        return calls.index(call) if call in calls else len(calls)

    def _guard(self) -> Any:
        return ctypes.byref(self.guard)

    def sample_bytes(self, sample: Sample | None) -> Any:
        """A pointer to the sample's bytes, or NULL."""
        if sample is None:
            return None
        found = self.sample_type()
        found.time_ns = sample.time_ns
        for field in self.design.layout.fields:
            flat = [sample.values[scalar] for scalar in field.signal.scalars]
            kind: Any = KIND[field.kind]
            if field.sizes:
                packed = (kind * len(flat))(*flat)
                offset = getattr(self.sample_type, field.name).offset
                ctypes.memmove(ctypes.addressof(found) + offset, packed, ctypes.sizeof(packed))
            else:
                setattr(found, field.name, flat[0])
        return ctypes.byref(found)

    def _action(self, action: Action) -> ctypes.Structure:
        found = self.action_type()
        for field in self.design.layout.action:
            for k, joint in enumerate(field.command.joints):
                getattr(found, field.name)[k] = action[joint]
        return found

    def _flat(self, action: ctypes.Structure) -> Action:
        flat = [0.0] * len(self.design.loop.joints)
        for field in self.design.layout.action:
            for joint, value in zip(field.command.joints, getattr(action, field.name), strict=True):
                flat[joint] = value
        return tuple(flat)

    def _outcome(self, answer: Any) -> Outcome:
        return Outcome(
            STATUS_NAMES[answer.status],
            DECISION_NAMES[answer.decision],
            SOURCE_NAMES[answer.source],
            SEVERITY[answer.fallback],
            _mask(answer.violated),
            _mask(answer.limited),
            _mask(answer.outside),
            _mask(answer.rows) if self.design.loop.guarded else 0,
            tuple(answer.gravity) if weight_of(self.design) else (),
        )


def _names(rows: Sequence[tuple[str, str | None]], stem: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(stem) for name, _ in rows)


STATUS_NAMES = _names(STATUS, "GUARD_STATUS_")
DECISION_NAMES = _names(DECISION, "GUARD_DECISION_")
SOURCE_NAMES = _names(SOURCE, "GUARD_SOURCE_")


def _mask(words: Sequence[int]) -> int:
    return sum(word << 64 * k for k, word in enumerate(words))


def loaded(
    design: Design,
    files: Mapping[str, bytes],
    folder: Path,
    command: Sequence[str] | None = None,
    optimise: str = "-O2",
) -> Compiled:
    """The bundle, compiled in `folder`, and a guard in it, initialised. Raises CompilerTrouble."""
    flags = (optimise, "-fPIC", "-shared")
    path = compiled(files, folder, "guard.so", ("guard.c",), command or compiler(), flags)
    library = ctypes.CDLL(str(path))
    sample, action, verdict = _sample_type(design), _action_type(design), _verdict_type(design)
    library.guard_step.restype = verdict
    library.guard_tick.restype = verdict
    reached = _reference_type(design)
    guard = Compiled(design, library, sample, action, verdict, reached, _guard_type(design)())
    guard.init()
    return guard


def _structure(name: str, fields: list[tuple[str, Any]]) -> type[ctypes.Structure]:
    return type(name, (ctypes.Structure,), {"_fields_": fields})


def _sized(kind: Any, sizes: Sequence[int]) -> Any:
    for size in reversed(sizes):
        kind = kind * size
    return kind


def _field(field: Field) -> tuple[str, Any]:
    return field.name, _sized(KIND[field.kind], field.sizes)


def _sample_type(design: Design) -> type[ctypes.Structure]:
    fields = [_field(field) for field in design.layout.fields]
    return _structure("guard_sample", [("time_ns", ctypes.c_int64), *fields])


def _action_type(design: Design) -> type[ctypes.Structure]:
    fields: list[tuple[str, Any]] = [
        (field.name, ctypes.c_double * field.size) for field in design.layout.action
    ]
    return _structure("guard_action", fields or [("nothing", ctypes.c_uint8)])


def _reference_type(design: Design) -> type[ctypes.Structure]:
    size = tracking.axes(design)
    fields = [("position", F64 * size), ("velocity", F64 * size), ("done", ctypes.c_uint8)]
    return _structure("guard_reference", fields)


def _verdict_type(design: Design) -> type[ctypes.Structure]:
    names = ("status", "decision", "source", "fallback")
    fields: list[tuple[str, Any]] = [(name, ctypes.c_uint32) for name in names]
    fields.append(("violated", ctypes.c_uint64 * design.item_words))
    fields += [(name, ctypes.c_uint64 * design.joint_words) for name in ("limited", "outside")]
    if design.loop.guarded:
        fields.append(("rows", ctypes.c_uint64 * (-(-design.loop.guarded.rows // 64))))
    if weight_of(design):
        fields.append(("gravity", F64 * len(design.loop.joints)))
    return _structure("guard_verdict", fields)


def _kernel(*fields: tuple[str, Any]) -> type[ctypes.Structure]:
    return _structure("kernel", list(fields))


I64, U64, U8 = ctypes.c_int64, ctypes.c_uint64, ctypes.c_uint8
F64 = ctypes.c_double
QUEUE = _kernel(("front", ctypes.c_uint32), ("count", ctypes.c_uint32))
MAP = _kernel(("right", F64), ("left", F64))
C_TYPES: dict[str, Any] = {
    "int64_t": I64,
    "uint64_t": U64,
    "uint8_t": U8,
    "uint32_t": ctypes.c_uint32,
    "guard_response": _kernel(("since_ns", I64), ("pending", U8)),
    "guard_since": _kernel(("witness_ns", I64), ("witnessed", U8)),
    "guard_delayed": _kernel(
        ("witness_ns", I64), ("broken_ns", I64), ("tail", U64), ("witnessed", U8), ("broken", U8)
    ),
    "guard_previous": _kernel(("before_ns", I64), ("value", U8), ("started", U8)),
    "guard_until": _kernel(("cursor", U64), ("witness", U64), ("blocked", U64)),
    "guard_grid": _kernel(("latest_ns", I64), ("started", U8)),
    "guard_aged": _kernel(
        ("witness_ns", I64),
        ("broken_ns", I64),
        ("newest", ctypes.c_uint32),
        ("witnessed", U8),
        ("broken", U8),
    ),
    "double": F64,
    "guard_candidate": _kernel(("key", I64), ("value", F64)),
    "guard_best_since": _kernel(("value", F64), ("started", U8)),
    "guard_best_previous": _kernel(("before_ns", I64), ("value", F64), ("started", U8)),
    "guard_window": _kernel(("cursor", U64), ("queue", QUEUE), ("behind", QUEUE), ("lost", U8)),
    "guard_blocks": _kernel(
        ("cursor", U64),
        ("newest", F64),
        ("whole", F64),
        ("first", ctypes.c_uint32),
        ("head", ctypes.c_uint32),
        ("queue", QUEUE),
        ("lost", U8),
    ),
    "guard_map": MAP,
    "guard_halves": _kernel(
        ("cursor", U64),
        ("first", U64),
        ("middle", U64),
        ("newer", MAP),
        ("behind", QUEUE),
        ("lost", U8),
    ),
}


def _memory_type(name: str, inside: Iterable[Remembered]) -> type[ctypes.Structure]:
    return _structure(name, [(m.name, _sized(C_TYPES[m.type], m.sizes)) for m in inside])


def _guard_type(design: Design) -> type[ctypes.Structure]:
    fields: list[tuple[str, Any]] = [("ready", ctypes.c_uint32)]
    fields += [(name, ctypes.c_uint8) for name in ("fallback", "started", "passed")]
    fields.append(("latest_ns", ctypes.c_int64))
    fields.append(("violated", ctypes.c_uint64 * design.item_words))
    if design.plan.programs:
        count = len(design.plan.programs)
        fields.append(("answers", ctypes.c_uint8 * count))
        fields.append(("violated_ns", ctypes.c_int64 * count))
    for machine in design.machines:
        inside = list(remembered(machine))
        if inside:
            fields.append((machine.prefix, _memory_type(machine.type, inside)))
    if design.gauges:
        fields.append(("robustness", ctypes.c_double * len(design.plan.programs)))
    for gauge in design.gauges:
        fields.append((gauge.prefix, _memory_type(gauge.type, gauges.remembered(gauge))))
    if design.loop.guarded:
        fields.append(("filter", _filter_type(design.loop.guarded)))
    run = [("skill", ctypes.c_uint32), ("entered_ns", I64), ("entry", _sample_type(design))]
    active = _structure("guard_active", run) * design.plan.lanes
    return _structure("guard", [*fields, ("active", active)])


def _filter_type(guarded: Guarded | Affine) -> type[ctypes.Structure]:
    if isinstance(guarded, Affine):
        fields: list[tuple[str, Any]] = [(name, U8) for name in ("started", "switched")]
        fields += [(name, ctypes.c_uint32) for name in ("calm", "left")]
        fields.append(("state", F64 * len(guarded.states)))
        commands = F64 * len(guarded.box.lower)
        stages = len(guarded.pace.stages) if guarded.pace else 0
        fields.append(("issued", commands * (guarded.latency + 1)))
        fields.append(("way", commands * (stages + 1)))
        return _structure("filter_memory", [*fields, ("moved", F64 * guarded.rows)])
    design = guarded.filter
    vector = F64 * len(design.drives)
    fields = [(name, U8) for name in ("started", "sure", "switched")]
    fields += [(name, ctypes.c_uint32) for name in ("calm", "oldest")]
    fields += [(name, vector) for name in ("position", "speed", "latest")]
    fields.append(("pending", vector * (design.latency + 1)))
    if design.limits_jerk:
        fields.append(("plan", F64 * 7 * len(design.drives)))
    return _structure("filter_memory", [*fields, ("moved", F64 * design.rows)])
