"""What properties say of a whole trace: verdict, first violation, and the samples around it.

Samples come in blocks. The verdict is that of `monitor.definition.answers` after the last sample.
The moment of a violation is the first stamp at which the definition says so; it is found inside
of its block by bisection, since what is violated stays violated. The sample that asked for it is
the first one of which the property is false then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from verifier.core.term import Formula
from verifier.model.values import Property
from verifier.monitor.definition import Answer, Asked, Event, asked, atoms, now
from verifier.monitor.measured import truth
from verifier.traces.truths import Truths, copy, extend, forget, truths

MOST_KEPT = 1_000_000
"""Samples that a formula without a bound may wait for."""
AROUND = 3
"""Samples that are shown before the one that asks and behind the moment of the violation."""


@dataclass(frozen=True, slots=True)
class Moment:
    """`asked_ns` is the stamp of the first sample that the property is false of, `known_ns` the
    first stamp at which that is certain; of an invalid answer, both are the sample without a value.
    `window` holds the samples from a few before to a few behind."""

    asked_ns: int
    known_ns: int
    window: tuple[Event, ...]


@dataclass(slots=True)
class Part:
    """One of the formulas that a property asks: at every sample, or at the first one."""

    asked: Asked
    state: Truths


@dataclass(slots=True)
class Judge:
    """A property on its way through a trace. `waiting` are samples that are not yet looked at,
    `kept` those that may be shown. `gave_up` says that the answer stays unknown."""

    prop: Property
    atoms: tuple[Formula, ...]
    parts: list[Part]
    answer: Answer = Answer.SATISFIED
    gave_up: bool = False
    moment: Moment | None = None
    waiting: list[Event] = field(default_factory=list)
    kept: list[Event] = field(default_factory=list)
    taken: int = 0


def judge(prop: Property) -> Judge:
    """The judge before the first sample."""
    formulas = tuple(dict.fromkeys(atom.formula for atom in atoms(prop.formula)))
    return Judge(prop, formulas, [Part(each, truths(each.body)) for each in asked(prop.formula)])


def final(judge: Judge) -> bool:
    """Whether no further sample changes the answer."""
    return judge.gave_up or judge.answer in (Answer.INVALID, Answer.VIOLATED)


def take(judge: Judge, samples: Sequence[Event]) -> None:
    """Takes in the next samples. They wait until they are half as many as are open, so that the
    work stays in proportion to the length of the trace."""
    if final(judge):
        _look_behind(judge, samples)
        return
    judge.waiting += samples
    open_ones = max((len(part.state.times) for part in judge.parts), default=0)
    if len(judge.waiting) >= open_ones // 2:
        finish(judge)


def finish(judge: Judge) -> None:
    """Looks at the samples that wait."""
    block, judge.waiting = judge.waiting, []
    if final(judge) or not block:
        return
    usable = _usable(judge, block)
    old = [Part(part.asked, copy(part.state)) for part in judge.parts]
    judge.kept += block
    judge.taken += len(block)
    _extend(judge.parts, block, usable, min(usable + 1, len(block)))
    if _broken(judge.parts):
        _violated(judge, old, block, usable)
    elif usable < len(block):
        time = block[usable].time_ns
        judge.answer = Answer.INVALID
        judge.moment = Moment(time, time, _window(judge.kept, time, time))
        judge.kept.clear()
    else:
        _go_on(judge)


def _usable(judge: Judge, block: Sequence[Event]) -> int:
    """How many samples stand before the first in which an atom is neither true nor false."""
    for k, sample in enumerate(block):
        assert sample.values is not None, "a tick is no sample"
        at = now(sample.values)
        if any(truth(formula, at) is None for formula in judge.atoms):
            return k
    return len(block)


def _extend(parts: Sequence[Part], block: Sequence[Event], usable: int, count: int) -> None:
    """Takes in the first `count` samples, at least one; of one that is not usable only that the
    time before it has passed."""
    clock = block[count - 1].time_ns - (count > usable)
    for part in parts:
        extend(part.state, block[: min(count, usable)], clock)


def _false(part: Part) -> int | None:
    """The stamp of the first sample of which the part is false."""
    values = part.state.said.values
    if part.asked.once:
        values = values[:1]
    return part.state.times[values.index(False)] if False in values else None


def _broken(parts: Sequence[Part]) -> bool:
    return any(_false(part) is not None for part in parts)


def _violated(judge: Judge, old: Sequence[Part], block: Sequence[Event], usable: int) -> None:
    def after(count: int) -> list[Part]:
        parts = [Part(part.asked, copy(part.state)) for part in old]
        _extend(parts, block, usable, count)
        return parts

    low, high = 1, min(usable + 1, len(block))
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _broken(after(middle)) else (middle + 1, high)
    known = block[low - 1].time_ns
    asks = min(time for part in after(low) if (time := _false(part)) is not None)
    judge.answer = Answer.VIOLATED
    judge.moment = Moment(asks, known, _window(judge.kept, asks, known))
    judge.kept.clear()


def _go_on(judge: Judge) -> None:
    """Settles the answer so far, and forgets what is no longer needed."""
    judge.parts = [part for part in judge.parts if not _settled(part)]
    said = [part.state.said for part in judge.parts]
    open_ones = any(column.open < len(column.values) for column in said)
    judge.answer = Answer.UNKNOWN if open_ones else Answer.SATISFIED
    for part in judge.parts:
        forget(part.state)
    if any(len(part.state.times) > MOST_KEPT for part in judge.parts):
        judge.answer, judge.gave_up = Answer.UNKNOWN, True
        judge.kept.clear()
        judge.parts.clear()
        return
    first = min((part.state.first for part in judge.parts), default=judge.taken)
    surplus = first - AROUND - (judge.taken - len(judge.kept))
    del judge.kept[: max(surplus, 0)]


def _settled(part: Part) -> bool:
    return part.asked.once and part.state.said.open > 0


def _window(kept: Sequence[Event], start: int, end: int) -> tuple[Event, ...]:
    first = next(k for k, sample in enumerate(kept) if sample.time_ns >= start)
    last = max(k for k, sample in enumerate(kept) if sample.time_ns <= end)
    return tuple(kept[max(first - AROUND, 0) : last + 1 + AROUND])


def _look_behind(judge: Judge, samples: Sequence[Event]) -> None:
    """Fills up what is shown behind the moment, where it came at the end of its block."""
    moment = judge.moment
    if moment is None:
        return
    behind = sum(sample.time_ns > moment.known_ns for sample in moment.window)
    more = tuple(samples[: AROUND - behind])
    judge.moment = Moment(moment.asked_ns, moment.known_ns, (*moment.window, *more))
