"""The meaning of a whole guard in Python: what the emitted C does, bit by bit.

Built from the meanings of its parts: monitor.measured for formulas, monitor.program for
properties, safety.limit for the filter. State is a value; every function returns the next one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from verifier.core.term import NOW, OLD, Key
from verifier.emit.design import SEVERITY, Design, required, weight_of
from verifier.monitor import gauge, program
from verifier.monitor.definition import Answer
from verifier.monitor.gates import Clause, SkillGates
from verifier.monitor.measured import Reading, truth
from verifier.safety import affine
from verifier.safety.affine import Affine, Course, Stepped
from verifier.safety.filter import Filtered, Guarded, Memory, blind, borne, filtered, fresh
from verifier.safety.limit import limited, outside


@dataclass(frozen=True, slots=True)
class Sample:
    """The raw fields: a double, or the number 0 to 255 of a boolean or an enumeration."""

    time_ns: int
    values: Mapping[str, float | int]


Action = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict: sets of items and joints as bit masks, names as in the C enumerations."""

    status: str
    decision: str
    source: str
    fallback: str
    violated: int
    limited: int = 0
    outside: int = 0
    rows: int = 0
    gravity: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Active:
    """A call that runs, since when, and the readings at its entry."""

    gates: SkillGates
    entered_ns: int
    entry: Mapping[str, Reading]


@dataclass(frozen=True, slots=True)
class State:
    """`active` are the calls that run, None for each free lane. `latest_ns` is the latest stamp of
    any call, `passed` whether a step or a tick has carried it. `memories` and `reached` change in
    place."""

    active: tuple[Active | None, ...]
    fallback: str
    latest_ns: int | None
    passed: bool
    violated: int
    memories: tuple[program.Memory, ...]
    reached: tuple[gauge.Reached, ...]
    filter: Memory | Course | None = None


def initial(design: Design) -> State:
    memories = tuple(program.start(watched.program) for watched in design.plan.programs)
    reached = tuple(gauge.start_gauge(machine.gauge) for machine in design.gauges)
    free = (None,) * design.plan.lanes
    return State(free, "none", None, False, 0, memories, reached, _begun(design))


def _begun(design: Design) -> Memory | Course | None:
    guarded = design.loop.guarded
    if isinstance(guarded, Affine):
        return affine.begin(guarded)
    return fresh(guarded.filter) if guarded is not None else None


# ---- shared ------------------------------------------------------------------------------------


def raised(design: Design, state: State, bit: int) -> State:
    """The item is violated; the fallback only ever becomes more severe."""
    worse = max(state.fallback, design.plan.items[bit].fallback, key=SEVERITY.index)
    return replace(state, violated=state.violated | 1 << bit, fallback=worse)


def readings(design: Design, sample: Sample) -> dict[str, Reading] | None:
    """What a valid sample says; None if it is not valid."""
    found: dict[str, Reading] = {}
    for name, place in design.layout.places.items():
        raw = sample.values[name]
        if place.kind == "real":
            if not math.isfinite(raw):
                return None
            found[name] = float(raw)
        elif place.kind == "bool":
            if raw > 1:
                return None
            found[name] = raw == 1
        else:
            if raw >= len(place.labels):
                return None
            found[name] = place.labels[int(raw)]
    at = _keys(found, {})
    return found if all(truth(v.formula, at) is True for v in required(design)) else None


def _keys(now: Mapping[str, Reading], entry: Mapping[str, Reading]) -> dict[Key, Reading]:
    at: dict[Key, Reading] = {(name, NOW): value for name, value in now.items()}
    at.update({(name, OLD): value for name, value in entry.items()})
    return at


def _stamped(state: State, time_ns: int, passed: bool) -> State:
    newer = state.latest_ns is None or time_ns > state.latest_ns
    return replace(state, latest_ns=time_ns, passed=passed or (state.passed and not newer))


def _not_earlier(state: State, time_ns: int) -> bool:
    return state.latest_ns is None or time_ns >= state.latest_ns


def _later(state: State, time_ns: int) -> bool:
    return _not_earlier(state, time_ns) and not (time_ns == state.latest_ns and state.passed)


def _gates(design: Design, call: str | None) -> SkillGates | None:
    return next((gates for gates in design.plan.skills if gates.text == call), None)


def _watch(
    design: Design, state: State, clauses: tuple[Clause, ...], at: Mapping[Key, Reading]
) -> tuple[State, bool]:
    held = True
    for clause in clauses:
        if truth(clause.formula, at) is not True:
            state, held = raised(design, state, clause.item.bit), False
    return state, held


def _watch_duration(
    design: Design, state: State, active: Active, time_ns: int
) -> tuple[State, bool]:
    limit = active.gates.limit
    if limit is None or time_ns - active.entered_ns <= limit.longest_ns:
        return state, True
    return raised(design, state, limit.item.bit), False


def running(state: State) -> Iterator[Active]:
    return (active for active in state.active if active is not None)


def _remember(design: Design, state: State, memories: list[program.Memory]) -> State:
    state = replace(state, memories=tuple(memories))
    for watched, memory in zip(design.plan.programs, memories, strict=True):
        if memory.answer in (Answer.INVALID, Answer.VIOLATED):
            state = raised(design, state, watched.item.bit)
    return state


def _time_passes(design: Design, state: State, time_ns: int, whole: bool) -> State:
    """Deadlines and the duration, when all samples up to the stamp were seen, or all before it."""
    passes = program.tick if whole else program.lapse
    memories = [
        passes(watched.program, memory, time_ns)
        for watched, memory in zip(design.plan.programs, state.memories, strict=True)
    ]
    for reached in state.reached:
        (gauge.tick_gauge if whole else gauge.lapse_gauge)(reached, time_ns)
    state = _remember(design, state, memories)
    for active in running(state):
        state, _ = _watch_duration(design, state, active, time_ns)
    return state


def _outcome(design: Design, state: State, status: str, decision: str, source: str) -> Outcome:
    weight, memory = weight_of(design), state.filter
    gravity = borne(weight, memory) if weight and isinstance(memory, Memory) else ()
    return Outcome(status, decision, source, state.fallback, state.violated, gravity=gravity)


def _fault(design: Design, state: State, status: str) -> tuple[State, Outcome, Action]:
    state, out = _rest(design, raised(design, state, 0))
    return state, _outcome(design, state, status, "FAULT", "BASELINE"), out


def _still(design: Design) -> Action:
    return (0.0,) * len(design.loop.joints)


def _rest(design: Design, state: State) -> tuple[State, Action]:
    """The baseline without a measurement."""
    match design.loop.guarded, state.filter:
        case Affine() as governed, Course() as course:
            out, course = affine.blind(governed, course)
            return replace(state, filter=course), out
        case Guarded() as guarded, Memory() as memory:
            out, memory = blind(guarded.filter, memory)
            return replace(state, filter=memory), out
        case _:
            return state, _still(design)


# ---- the functions of the interface ------------------------------------------------------------


def enter(design: Design, state: State, call: str | None, now: Sample | None) -> tuple[State, str]:
    """`call` None stands for a number that is no call of the chain, `now` None for NULL."""
    if now is None:
        return raised(design, state, 0), "NULL"
    gates = _gates(design, call)
    if gates is None:
        return raised(design, state, 1), "UNKNOWN_SKILL"
    if any(active.gates.text not in gates.beside for active in running(state)):
        return raised(design, state, 1), "OUT_OF_ORDER"
    if None not in state.active:
        return raised(design, state, 1), "OUT_OF_ORDER"
    measured = readings(design, now) if _not_earlier(state, now.time_ns) else None
    if measured is None:
        return raised(design, state, 0), "INVALID_SAMPLE"
    state = _stamped(state, now.time_ns, False)
    state, held = _watch(design, state, gates.entry, _keys(measured, measured))
    if not held:
        return state, "GATE_CLOSED"
    return _put(state, state.active.index(None), Active(gates, now.time_ns, measured)), "OK"


def _put(state: State, lane: int, active: Active | None) -> State:
    before, behind = state.active[:lane], state.active[lane + 1 :]
    return replace(state, active=(*before, active, *behind))


def leave(design: Design, state: State, now: Sample | None) -> tuple[State, str]:
    found = list(running(state))
    return _leave(design, state, found[0] if len(found) == 1 else None, now)


def leave_skill(
    design: Design, state: State, call: str | None, now: Sample | None
) -> tuple[State, str]:
    named = (active for active in running(state) if active.gates.text == call)
    return _leave(design, state, next(named, None), now)


def _leave(
    design: Design, state: State, active: Active | None, now: Sample | None
) -> tuple[State, str]:
    if now is None:
        return raised(design, state, 0), "NULL"
    if active is None:
        return raised(design, state, 1), "OUT_OF_ORDER"
    lane = next(k for k, each in enumerate(state.active) if each is active)
    measured = readings(design, now) if _not_earlier(state, now.time_ns) else None
    if measured is None:
        return _put(raised(design, state, 0), lane, None), "INVALID_SAMPLE"
    state = _stamped(state, now.time_ns, False)
    state, in_time = _watch_duration(design, state, active, now.time_ns)
    state, held = _watch(design, state, active.gates.exit, _keys(measured, active.entry))
    return _put(state, lane, None), "OK" if in_time and held else "GATE_CLOSED"


def step(
    design: Design, state: State, now: Sample | None, proposed: Action | None
) -> tuple[State, Outcome, Action]:
    if now is None or proposed is None:
        return _fault(design, state, "NULL")
    if not _later(state, now.time_ns):
        return _fault(design, state, "INVALID_SAMPLE")
    state = _stamped(state, now.time_ns, True)
    measured = readings(design, now)
    if measured is None:
        state = _time_passes(design, state, now.time_ns, whole=False)
        return _fault(design, state, "INVALID_SAMPLE")
    memories = [
        program.step(watched.program, memory, now.time_ns, measured)
        for watched, memory in zip(design.plan.programs, state.memories, strict=True)
    ]
    for reached in state.reached:
        gauge.step_gauge(reached, now.time_ns, measured)
    state = _remember(design, state, memories)
    for active in running(state):
        state, _ = _watch(design, state, active.gates.during, _keys(measured, active.entry))
        state, _ = _watch_duration(design, state, active, now.time_ns)
    if design.loop.guarded is not None:
        return _filter(design, design.loop.guarded, state, measured, proposed)
    outcome, out = _drive(design, state, measured, proposed)
    return state, outcome, out


def _filter(
    design: Design,
    guarded: Guarded | Affine,
    state: State,
    measured: Mapping[str, Reading],
    proposed: Action,
) -> tuple[State, Outcome, Action]:
    admitted = all(map(math.isfinite, proposed)) and state.fallback == "none"
    asked = proposed if admitted else None
    doubtful = _doubtful(guarded, measured)
    may_return = guarded.when is None or truth(guarded.when, _keys(measured, {})) is True
    found: Filtered | Stepped
    if isinstance(guarded, Affine):
        assert isinstance(state.filter, Course)
        now = _read(measured, guarded.states)
        found = affine.step(
            guarded, state.filter, now, asked, doubtful=doubtful, may_return=may_return
        )
        everywhere = (1 << len(proposed)) - 1
        off = 0 if affine.inside(guarded.domain, now) else everywhere
    else:
        assert isinstance(state.filter, Memory)
        now = _read(measured, guarded.positions)
        speeds = _read(measured, guarded.speeds)
        found = filtered(
            guarded.filter,
            state.filter,
            now,
            speeds,
            asked,
            doubtful=doubtful,
            may_return=may_return,
            halted=state.fallback != "none",
        )
        drives = guarded.filter.drives
        off = _bits(not d.lower <= q <= d.upper for d, q in zip(drives, now, strict=True))
    changed = _bits(u != asked for u, asked in zip(found.command, proposed, strict=True))
    decision = "REJECT" if not found.learned else "CLAMP" if changed else "PASS"
    source = "LEARNED" if found.learned else "BASELINE"
    state = replace(state, filter=found.memory)
    outcome = _outcome(design, state, "OK", decision, source)
    rows = _bits(moved > 0.0 for moved in found.moved)
    return state, replace(outcome, limited=changed, outside=off, rows=rows), found.command


def _read(measured: Mapping[str, Reading], names: Iterable[str | None]) -> tuple[float, ...]:
    return tuple(0.0 if name is None else float(measured[name]) for name in names)


def _doubtful(guarded: Guarded | Affine, measured: Mapping[str, Reading]) -> bool:
    if guarded.confidence is None:
        return False
    name, least = guarded.confidence
    return not float(measured[name]) >= least


def _bits(flags: Iterable[bool]) -> int:
    return sum(1 << k for k, flag in enumerate(flags) if flag)


def _drive(
    design: Design, state: State, measured: Mapping[str, Reading], proposed: Action
) -> tuple[Outcome, Action]:
    learned = all(map(math.isfinite, proposed)) and state.fallback == "none"
    wanted = proposed if learned else _still(design)
    given: list[float] = []
    changed = off = 0
    for k, (joint, value) in enumerate(zip(design.loop.joints, wanted, strict=True)):
        position = float(measured[joint.state]) if joint.state is not None else 0.0
        given.append(limited(joint, value, position))
        changed |= (given[k] != value) << k
        off |= outside(joint, position) << k
    decision = "REJECT" if not learned else "CLAMP" if changed else "PASS"
    source = "LEARNED" if learned else "BASELINE"
    outcome = _outcome(design, state, "OK", decision, source)
    return replace(outcome, limited=changed, outside=off), tuple(given)


def tick(design: Design, state: State, time_ns: int) -> tuple[State, Outcome, Action]:
    if not _not_earlier(state, time_ns):
        return _fault(design, state, "INVALID_SAMPLE")
    state = _stamped(state, time_ns, True)
    state = _time_passes(design, state, time_ns, whole=True)
    state, out = _rest(design, state)
    return state, _outcome(design, state, "OK", "REJECT", "BASELINE"), out
