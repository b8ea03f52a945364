"""The names that C sees: fields of the sample and the action, enumerations, and where a scalar
lives."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from verifier.core.term import Boolean, Enumeration
from verifier.monitor.gates import WatchPlan
from verifier.monitor.signals import Signal
from verifier.safety.limit import Command, Loop

# C99, the macros of the headers that a guard includes (all in capitals but for a few), and what
# compilers predefine.
_KEYWORDS = re.compile(
    "auto|break|case|char|const|continue|default|do|double|else|enum|extern|float|for|goto|if|inline"
    "|int|long|register|restrict|return|short|signed|sizeof|static|struct|switch|typedef|union"
    "|unsigned|void|volatile|while|bool|true|false|asm|linux|unix|time_ns|nothing|errno"
    "|stdin|stdout|stderr|math_errhandling|[A-Z][A-Z0-9_]{2,}"
)
# What guard.h and the headers of runtime/ define themselves, without `guard_`.
_RESERVED = re.compile(
    "guard_(status|decision|source|fallback|skill|bit|sample|action|verdict|init|enter|step|leave"
    "|tick|truth|answer|response|joint|joints|finite|clamp|false|true|undefined|satisfied|unknown"
    "|invalid|violated|ready|items|item_words|joint_words|longest_ns|h|elapsed|limit|outside|least"
    "|greatest|response_late|response_step|since|delayed|previous|until|next|passed|within"
    "|kept_bit|keep_bit|unbounded|(since|delayed|previous|until|best_since|best_previous)_step"
    "|temporal_h|runtime_h|distance_h|candidate|queue|window|map|halves|at|greater|expire|shed"
    "|join|cap|best|back|admit|opposite|alike|composed|best_(since|previous|next)|until_halves"
    "|(since|delayed)_window|(once|delayed|eventually)_blocks|seldom|near"
    "|blocks(_(count|recent|turn|pass|few|expire|admit|best))?|block_samples|(property|gauge)_[0-9]+|track|reference|cut|motion"
    "|filter_h|plan_h|piece|transition|motion_of|piece_at|affine|curve|follow|axes|transition_h"
    "|(cuts|pieces|points|starts)_max|(grid|off_grid|ticks|highest|(first|last)_bit|first_of|aged|push"
    "|summary|block_end|position|take|take_(bits|whole)|oldest|lowest|up_to|from|plain|aged_step|grid_h|affine_h|nowhere"
    "|delayed_response_step|block_(words|bits)))"
)
_MACROS = ("GUARD_ITEM_WORDS", "GUARD_JOINT_WORDS", "GUARD_LONGEST_NS", "GUARD_UNBOUNDED")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scalar lives in the sample: `field[i][j]`. `labels` are those of an enumeration."""

    field: str
    indices: tuple[int, ...]
    kind: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the sample. `kind` is real, bool or enum."""

    name: str
    kind: str
    sizes: tuple[int, ...]
    labels: tuple[str, ...]
    signal: Signal


@dataclass(frozen=True, slots=True)
class ActionField:
    name: str
    size: int
    command: Command


@dataclass(frozen=True, slots=True)
class Names:
    """An enumeration of the interface for `of`; `labels` pairs C names with the user's."""

    type: str
    of: str
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """`places` by scalar name, in the order of the sample; `labels` gives the C name of
    `field.label`, `skills` that of a call."""

    fields: tuple[Field, ...]
    action: tuple[ActionField, ...]
    places: dict[str, Place]
    enumerations: tuple[Names, ...]
    labels: dict[str, str]
    skills: dict[str, str]


def layout_of(plan: WatchPlan, loop: Loop) -> Layout:
    fields = _fields(plan.signals)
    places: dict[str, Place] = {}
    for field in fields:
        cells = product(*(range(size) for size in field.sizes))
        for scalar, cell in zip(field.signal.scalars, cells, strict=True):
            places[scalar] = Place(field.name, cell, field.kind, field.labels)
    taken: set[str] = set()
    action = tuple(
        ActionField(_fresh(_field_name(c.name), taken), len(c.joints), c) for c in loop.commands
    )
    calls = {"GUARD_SKILL_NONE"}
    skills = {
        gates.text: _fresh("GUARD_SKILL_" + _identifier(gates.text).upper(), calls)
        for gates in plan.skills
    }
    enumerations = _enumerations(plan.signals, fields)
    labels = {f"{e.of}.{label}": constant for e in enumerations for constant, label in e.labels}
    return Layout(fields, action, places, enumerations, labels, skills)


def _fields(signals: Iterable[Signal]) -> tuple[Field, ...]:
    taken: set[str] = set()
    fields = []
    for signal in signals:
        sort = signal.sort
        labels = sort.labels if isinstance(sort, Enumeration) else ()
        kind = "bool" if isinstance(sort, Boolean) else "enum" if labels else "real"
        sizes = tuple(axis.size for axis in signal.axes)
        name = _fresh(_field_name(signal.name), taken)
        fields.append(Field(name, kind, sizes, labels, signal))
    return tuple(fields)


def _enumerations(signals: Iterable[Signal], fields: Iterable[Field]) -> tuple[Names, ...]:
    """Those of the object types, then those of the fields with labels."""
    types = {axis.type: axis.members for signal in signals for axis in signal.axes if axis.type}
    wanted = list(types.items())
    wanted += [(field.name, field.labels) for field in fields if field.labels]
    stems, constants = set[str](), set(_MACROS)
    found = []
    for name, members in wanted:
        wished = f"guard_{_identifier(name).lower()}"
        stem = _fresh(f"{wished}_" if _RESERVED.fullmatch(wished) else wished, stems)
        labels = tuple((_constant(stem, label, constants), label) for label in members)
        found.append(Names(stem, name, labels))
    return tuple(found)


def _constant(stem: str, label: str, taken: set[str]) -> str:
    return _fresh(f"{stem}_{_identifier(label)}".upper(), taken)


def _identifier(text: str) -> str:
    """A C identifier that reads like the text: `Lift(cup, 10 cm)` is `Lift_cup_10_cm`."""
    plain = re.sub(r"-(?=[0-9])", " minus ", text)
    words = re.findall(r"[A-Za-z0-9_]+", plain)
    name = "_".join(words).strip("_") or "unnamed"
    return f"n{name}" if name[0].isdigit() else name


def _field_name(text: str) -> str:
    name = _identifier(text)
    return f"{name}_" if _KEYWORDS.fullmatch(name) else name


def _fresh(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    taken.add(found)
    return found
