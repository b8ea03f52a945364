"""The robustness of properties on a whole trace: the least over the samples that they ask."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from verifier.model.values import Property
from verifier.monitor.definition import Event, asked
from verifier.monitor.measured import Undefined
from verifier.traces.distances import Distances, distances, extend, forget
from verifier.traces.judge import MOST_KEPT


@dataclass(slots=True)
class Part:
    """`once` asks of the first sample alone; `least` is None before anything is settled."""

    once: bool
    state: Distances
    least: float | None


@dataclass(slots=True)
class Margin:
    """A property's robustness on its way through a trace. `reason` says why there is none."""

    parts: list[Part]
    reason: str | None = None


def margin(prop: Property) -> Margin:
    """The margin before the first sample."""
    return Margin([Part(each.once, distances(each.body), None) for each in asked(prop.formula)])


def take(margin: Margin, samples: Sequence[Event]) -> None:
    """Takes in the next samples."""
    _go_on(margin, samples, ended=False)


def finish(margin: Margin) -> float | None:
    """The robustness of the trace, whose end cuts every window; None where there is none."""
    _go_on(margin, [], ended=True)
    if margin.reason is not None:
        return None
    return min((part.least for part in margin.parts if part.least is not None), default=math.inf)


def _go_on(margin: Margin, samples: Sequence[Event], ended: bool) -> None:
    if margin.reason is not None:
        return
    for part in margin.parts:
        if part.once and part.least is not None:
            continue
        try:
            found = extend(part.state, samples, ended)
        except Undefined:
            margin.reason = "a formula of it has no value in some sample"
            return
        if found:
            fresh = found[0] if part.once else min(found)
            part.least = fresh if part.least is None else min(part.least, fresh)
        forget(part.state)
        if len(part.state.times) > MOST_KEPT:
            margin.reason = f"it waits for more than {MOST_KEPT:,} samples"
            part.state.times.clear()
            return
