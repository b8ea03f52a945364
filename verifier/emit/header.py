"""guard.h: the interface of a bundle, from its layout."""

from __future__ import annotations

from verifier.emit import tracking
from verifier.emit.affine import affine_sizes
from verifier.emit.ctree import (
    Enum,
    File,
    Function,
    Id,
    Include,
    Macro,
    Member,
    Parameter,
    Struct,
    TopLevel,
    unsigned,
)
from verifier.emit.design import Design, weight_of
from verifier.emit.filtering import sizes
from verifier.emit.gauges import members as gauge_members
from verifier.emit.layout import Field
from verifier.emit.memory import members as memory_members
from verifier.emit.memory import on_grid
from verifier.safety.affine import Affine
from verifier.safety.filter import Guarded

C_TYPE = {"real": "double", "bool": "uint8_t", "enum": "uint8_t"}

HEADERS = ("guard_temporal.h", "guard_distance.h")
GRID = "guard_grid.h"
TRANSITION = "guard_transition.h"

STATUS = (
    ("GUARD_STATUS_OK", "done"),
    ("GUARD_STATUS_NULL", "a pointer was NULL"),
    ("GUARD_STATUS_NOT_READY", "the guard was not initialised, or was overwritten"),
    ("GUARD_STATUS_INVALID_SAMPLE", "a stamp, a label or a number that cannot be"),
    ("GUARD_STATUS_UNKNOWN_SKILL", "no such call in this chain"),
    (
        "GUARD_STATUS_OUT_OF_ORDER",
        "entered beside a call that runs alone, or left while it does not run",
    ),
    ("GUARD_STATUS_GATE_CLOSED", "a clause of the gate does not hold; see the violated items"),
)
DECISION = (
    ("GUARD_DECISION_PASS", "out is proposed, bit by bit"),
    ("GUARD_DECISION_CLAMP", "out is the nearest command that keeps the limits"),
    ("GUARD_DECISION_REJECT", "proposed was not used: not finite, or a fallback is in force"),
    ("GUARD_DECISION_FAULT", "the sample or the guard cannot be trusted; out stands still"),
)
SOURCE = (("GUARD_SOURCE_LEARNED", None), ("GUARD_SOURCE_BASELINE", None))
FALLBACK = (
    ("GUARD_FALLBACK_NONE", None),
    ("GUARD_FALLBACK_HOLD", "stand still"),
    ("GUARD_FALLBACK_RETREAT", "stand still, and tell the supervisor to retreat"),
    ("GUARD_FALLBACK_STOP", "stand still, and tell the supervisor to stop"),
)


def header(design: Design) -> File:
    """The tree of guard.h."""
    return File(
        f"The guard of chain {design.plan.chain}. Generated; the source of each line is named.\n"
        "Units are SI: m, rad, s, N. Time stamps are integer nanoseconds of one clock.\n"
        "The caller owns every struct. Nothing allocates, blocks, or keeps state elsewhere.",
        (
            Include(HEADERS[bool(design.gauges)], system=False),
            *([Include(GRID, system=False)] if any(map(on_grid, design.machines)) else []),
            *([Include(TRANSITION, system=False)] if design.tracks else []),
            *_constants(design),
            *_enums(design),
            *_memories(design),
            _sample(design),
            _action(design),
            _verdict(design),
            *([_reference()] if design.tracks else []),
            _active(),
            _guard(design),
            *_prototypes(design),
            *([tracking.prototype()] if design.tracks else []),
        ),
        guard="GUARD_H",
    )


def _constants(design: Design) -> tuple[TopLevel, ...]:
    guarded = design.loop.guarded
    return (
        *(affine_sizes(guarded) if isinstance(guarded, Affine) else ()),
        *(sizes(guarded.filter) if isinstance(guarded, Guarded) else ()),
        Macro("GUARD_LANES", unsigned(design.plan.lanes)),
        Macro("GUARD_ITEM_WORDS", unsigned(design.item_words)),
        Macro("GUARD_JOINT_WORDS", unsigned(design.joint_words)),
        Macro("GUARD_JOINTS", unsigned(len(design.loop.joints))),
        *([Macro("GUARD_AXES", unsigned(tracking.axes(design)))] if design.tracks else []),
    )


def _enums(design: Design) -> list[TopLevel]:
    skills: list[tuple[str, str | None]]
    skills = [(design.layout.skills[g.text], f"{g.text}, {g.span}") for g in design.plan.skills]
    skills.append(("GUARD_SKILL_NONE", None))
    bits = [
        (design.bits[item.bit], f"{item.name}: {item.text}, {item.span}")
        for item in design.plan.items
    ]
    users = [
        Enum(e.type, e.labels, f"values or indices of `{e.of}`") for e in design.layout.enumerations
    ]
    return [
        Enum("guard_status", STATUS),
        Enum("guard_decision", DECISION),
        Enum("guard_source", SOURCE),
        Enum("guard_fallback", FALLBACK, "By severity; never steps down before guard_init."),
        Enum("guard_skill", tuple(skills), "The calls of the chain."),
        Enum("guard_bit", tuple(bits), "What is watched: bit b is violated[b / 64] >> (b % 64)."),
        *users,
    ]


def _memories(design: Design) -> list[TopLevel]:
    """What each property remembers."""
    found: list[TopLevel] = []
    for machine, watched in zip(design.machines, design.plan.programs, strict=True):
        inside = memory_members(machine)
        if inside:
            found.append(Struct(machine.type, inside, f"What {watched.item.name} remembers."))
    for gauge in design.gauges:
        remark = f"What the robustness of {gauge.gauge.name} remembers."
        found.append(Struct(gauge.type, gauge_members(gauge), remark))
    return found


def _sample(design: Design) -> Struct:
    members = [Member("int64_t", "time_ns")]
    members += [_member(field) for field in design.layout.fields]
    return Struct(
        "guard_sample",
        tuple(members),
        "What was measured at one instant. Booleans are 0 or 1, enumerations a label's number;\n"
        "anything else, and a number that is not finite, makes the sample invalid.",
    )


def _member(field: Field) -> Member:
    types = [axis.type for axis in field.signal.axes if axis.type is not None]
    by = f", by {' and '.join(types)}" if types else ""
    labels = f" {{{', '.join(field.labels)}}}" if field.labels else ""
    sizes = tuple(unsigned(size) for size in field.sizes)
    where = "environment" if field.signal.environment else "state"
    remark = f"{where}{labels}{by}, {field.signal.span}"
    return Member(C_TYPE[field.kind], field.name, sizes, remark)


def _action(design: Design) -> Struct:
    members = [
        Member("double", field.name, (unsigned(field.size),), str(field.command.span))
        for field in design.layout.action
    ]
    nothing = Member("uint8_t", "nothing", (), "the chain commands no plant")
    return Struct("guard_action", tuple(members) or (nothing,), "A command, one field an input.")


def _reference() -> Struct:
    size = (Id("GUARD_AXES"),)
    return Struct(
        "guard_reference",
        (
            Member("double", "position", size, "where to be one period later"),
            Member("double", "velocity", size, "that leads there, inside the limits"),
            Member("uint8_t", "done", (), "whether the motion is over by then"),
        ),
        "The set point of a transition, for the controller of what it moves; axes that a\n"
        "transition does not have are 0.",
    )


def _verdict(design: Design) -> Struct:
    words, joints = Id("GUARD_ITEM_WORDS"), Id("GUARD_JOINT_WORDS")
    rows = Member("uint64_t", "rows", (Id("FILTER_ROW_WORDS"),), "rows that moved the command")
    return Struct(
        "guard_verdict",
        (
            Member("guard_status", "status"),
            Member("guard_decision", "decision"),
            Member("guard_source", "source"),
            Member("guard_fallback", "fallback", (), "in force"),
            Member("uint64_t", "violated", (words,), "items violated since guard_init"),
            Member("uint64_t", "limited", (joints,), "joints whose command was changed by a limit"),
            Member("uint64_t", "outside", (joints,), "joints measured outside of their barrier"),
            *((rows,) if design.loop.guarded else ()),
            *((_gravity(),) if weight_of(design) else ()),
        ),
    )


def _gravity() -> Member:
    remark = "what holds each joint up after this period, N m or N; no part of `out`"
    return Member("double", "gravity", (Id("GUARD_JOINTS"),), remark)


def _active() -> Struct:
    return Struct(
        "guard_active",
        (
            Member("uint32_t", "skill", (), "or GUARD_SKILL_NONE"),
            Member("int64_t", "entered_ns"),
            Member("guard_sample", "entry", (), "the sample at guard_enter, for `old`"),
        ),
        "A call that runs.",
    )


def _guard(design: Design) -> Struct:
    members = [
        Member("uint32_t", "ready"),
        Member("uint8_t", "fallback"),
        Member("uint8_t", "started", (), "whether latest_ns means anything"),
        Member("uint8_t", "passed", (), "whether latest_ns has been stepped or ticked"),
        Member("int64_t", "latest_ns"),
        Member("uint64_t", "violated", (Id("GUARD_ITEM_WORDS"),)),
    ]
    if design.plan.programs:
        count = unsigned(len(design.plan.programs))
        members.append(Member("guard_answer", "answers", (count,), "one a property"))
        when = "when a property with GUARD_VIOLATED was"
        members.append(Member("int64_t", "violated_ns", (count,), when))
    members += [Member(m.type, m.prefix) for m in design.machines if memory_members(m)]
    if design.gauges:
        count = unsigned(len(design.plan.programs))
        what = "so far, of the properties that have a gauge"
        members.append(Member("double", "robustness", (count,), what))
    members += [Member(gauge.type, gauge.prefix) for gauge in design.gauges]
    if design.loop.guarded:
        members.append(Member("filter_memory", "filter"))
    lanes = (Id("GUARD_LANES"),)
    members.append(Member("guard_active", "active", lanes, "the calls that run, side by side"))
    return Struct("guard", tuple(members), "Owned by the caller; to be read, not written.")


def _prototypes(design: Design) -> list[Function]:
    g, now = Parameter("guard *", "g"), Parameter("const guard_sample *", "now")
    skill, time = Parameter("guard_skill", "skill"), Parameter("int64_t", "time_ns")
    proposed = Parameter("const guard_action *", "proposed")
    out = Parameter("guard_action *", "out")

    def prototype(type_name: str, name: str, *parameters: Parameter, remark: str) -> Function:
        return Function(type_name, name, parameters, None, static=False, remark=remark)

    one = prototype(
        "guard_status",
        "guard_leave_skill",
        g,
        skill,
        now,
        remark="The same for one of the calls that run side by side.",
    )
    return [
        prototype("guard_status", "guard_init", g, remark="Forgets everything. Before all else."),
        prototype(
            "guard_status",
            "guard_enter",
            g,
            skill,
            now,
            remark="The entry gate: the skill becomes active if the gate is open.",
        ),
        prototype(
            "guard_verdict",
            "guard_step",
            g,
            now,
            proposed,
            out,
            remark="Once a period, with a later sample each time. Total: every bit pattern of its\n"
            "inputs has an answer, and `out` is always finite and inside the hardware limits.",
        ),
        prototype(
            "guard_verdict",
            "guard_tick",
            g,
            time,
            out,
            remark="Instead of a step when no sample came: none up to this stamp will come any\n"
            "more. Deadlines are judged; `out` stands still.",
        ),
        prototype(
            "guard_status",
            "guard_leave",
            g,
            now,
            remark="The exit gate of the one call that runs: what it promised is checked, and the\n"
            "call is over in any case.",
        ),
        *([one] if design.plan.lanes > 1 else []),
    ]
