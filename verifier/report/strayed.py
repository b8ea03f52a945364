"""A motion that is led astray, for readers: from where, when, and where it is then."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from verifier.core.cell import box_rows, inside
from verifier.core.curve import position
from verifier.core.evaluate import Value
from verifier.core.motion import Space, Strayed, Vector
from verifier.core.obligation import Obligation, Passage
from verifier.report.excerpt import Mark
from verifier.report.quantity import exact, exact_state, members, readable, readable_member
from verifier.report.values import ChainReport

Table = list[list[str]]


def strayed_failure(
    obligation: Obligation, question: Passage, evidence: Strayed, chain: ChainReport
) -> tuple[str, list[Mark]]:
    """The headline, and the places to show with it."""
    step = chain.steps[obligation.step - 1]
    space = question.problem.space
    what = _where(space, position(question.plan, evidence.start, space.dimension, evidence.time))
    headline = f"{step.text} leads {what}, {readable(evidence.time)} s after some start"
    marks = [Mark(fact.span, "this table") for fact in question.goals[:1]]
    return headline, [*marks, Mark(step.span, f"step {step.label} of {chain.name} calls it here")]


def _where(space: Space, spot: Vector) -> str:
    if space.bounds is not None and not inside([spot], box_rows(space.bounds)):
        return "out of the domain"
    if space.regions is not None and not any(inside([spot], body) for body in space.regions):
        return "out of the zones"
    return "into an obstacle, or too near to one"


def strayed_figures(question: Passage, evidence: Strayed, chain: ChainReport) -> tuple[str, Table]:
    """A title and a table: the start, and where the motion is at that time."""
    start, there = _states(question, evidence)
    table = [["", "at the start", f"after {readable(evidence.time)} s"]]
    for member, names in members(start, chain.shown).items():
        moved = all(name in there for name in names)
        last = readable_member(names, there, chain.shown) if moved else ""
        table.append([member, readable_member(names, start, chain.shown), last])
    return "for example", table


def _states(question: Passage, evidence: Strayed) -> tuple[dict[str, Value], dict[str, Value]]:
    """The start, and the position that the motion has at the time, by scalar."""
    size = question.problem.space.dimension
    spot = position(question.plan, evidence.start, size, evidence.time)
    names = [name for name, _ in question.start]
    start: dict[str, Value] = dict(zip(names, evidence.start, strict=True))
    there: dict[str, Value] = dict(zip(names[:size], spot, strict=True))
    return start, there


def strayed_document(question: Passage, evidence: Strayed, chain: ChainReport) -> dict[str, Any]:
    """The same as JSON has it, exact."""
    start, there = _states(question, evidence)
    return {
        "kind": "strayed",
        "time_s": exact(Fraction(evidence.time)),
        "start": exact_state(start, chain.shown),
        "position": exact_state(there, chain.shown),
    }
