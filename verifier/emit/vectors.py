"""The vectors of a bundle's self-test: calls, and what the Python reference answers."""

from __future__ import annotations

from dataclasses import dataclass

from verifier.emit import reference
from verifier.emit.design import Design
from verifier.emit.reference import Action, Outcome, State
from verifier.emit.set_point import track
from verifier.emit.visits import Call, calls
from verifier.monitor.definition import Answer
from verifier.safety.transition import Followed


@dataclass(frozen=True, slots=True)
class Vector:
    """A call and its answer. `outcome` of init, enter and leave has the status, and what the guard
    remembers then; `out` is None for them. `answers` are those of the properties, with the time of
    a violation or 0, `robustness` what the gauges say, `reached` the set point of a transition."""

    call: Call
    outcome: Outcome
    out: Action | None
    answers: tuple[tuple[Answer, int], ...] = ()
    robustness: tuple[float, ...] = ()
    reached: Followed | None = None


def answered(design: Design, state: State, call: Call) -> tuple[State, Vector]:
    """The reference's answer to a call, and the state after it."""
    out: Action | None = None
    reached: Followed | None = None
    match call.kind:
        case "init":
            state, status = reference.initial(design), "OK"
        case "enter":
            state, status = reference.enter(design, state, call.skill, call.now)
        case "leave":
            state, status = reference.leave(design, state, call.now)
        case "leave_skill":
            state, status = reference.leave_skill(design, state, call.skill, call.now)
        case "track":
            status, reached = track(design, state, call.now)
        case "step":
            state, outcome, out = reference.step(design, state, call.now, call.proposed)
        case _:
            state, outcome, out = reference.tick(design, state, call.time_ns)
    if out is None:
        outcome = Outcome(status, "PASS", "LEARNED", state.fallback, state.violated)
    answers = tuple((memory.answer, memory.violated_ns or 0) for memory in state.memories)
    robustness = tuple(gauge.least for gauge in state.reached)
    return state, Vector(call, outcome, out, answers, robustness, reached)


def vectors(design: Design) -> tuple[Vector, ...]:
    """The same design always gives the same vectors; the first call is init."""
    state, found = reference.initial(design), []
    for call in calls(design):
        state, vector = answered(design, state, call)
        found.append(vector)
    return tuple(found)
