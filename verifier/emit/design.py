"""Everything a bundle is made from: what is watched, what is limited, and the names in C."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from verifier.core.span import Span
from verifier.emit.gauges import GaugeMachine
from verifier.emit.layout import Layout, layout_of
from verifier.emit.memory import Machine
from verifier.monitor.gates import WatchPlan
from verifier.monitor.gauge import Gauge
from verifier.monitor.signals import Validity
from verifier.safety.filter import Guarded, Weight
from verifier.safety.limit import Loop
from verifier.safety.transition import Table

SEVERITY = ("none", "hold", "retreat", "stop")


@dataclass(frozen=True, slots=True)
class Track:
    """The transition that a call of the chain follows."""

    call: str
    table: Table
    span: Span


@dataclass(frozen=True, slots=True)
class Design:
    """`bits[b]` is the C name of item b, `machines[k]` the machine of property k;
    `gauges` are those that have one. `tracks` are the calls that are transitions."""

    plan: WatchPlan
    loop: Loop
    layout: Layout
    bits: tuple[str, ...]
    machines: tuple[Machine, ...]
    gauges: tuple[GaugeMachine, ...] = ()
    tracks: tuple[Track, ...] = ()

    @property
    def item_words(self) -> int:
        return max(1, -(-len(self.plan.items) // 64))

    @property
    def joint_words(self) -> int:
        return max(1, -(-len(self.loop.joints) // 64))


def design_of(
    plan: WatchPlan,
    loop: Loop,
    gauges: Mapping[int, Gauge] | None = None,
    tracks: tuple[Track, ...] = (),
) -> Design:
    """`gauges` by the number of their property, where robustness is asked for."""
    machines = tuple(
        Machine(f"property_{number}", p.program.graph, p.program.watches, p.program.anchored)
        for number, p in enumerate(plan.programs)
    )
    measured = tuple(GaugeMachine(number, gauge) for number, gauge in (gauges or {}).items())
    return Design(plan, loop, layout_of(plan, loop), _bits(plan), machines, measured, tracks)


def weight_of(design: Design) -> Weight | None:
    """What bears the weight of a robot, if the baseline does."""
    guarded = design.loop.guarded
    return guarded.weight if isinstance(guarded, Guarded) else None


def required(design: Design) -> tuple[Validity, ...]:
    """The domains that a valid sample lies in: all but those of driven states alone, which the
    filter pushes back from outside."""
    driven = design.loop.driven
    return tuple(v for v in design.plan.validities if not v.scalars or not v.scalars <= driven)


def _bits(plan: WatchPlan) -> tuple[str, ...]:
    names: list[str] = []
    for item in plan.items:
        words = re.findall(r"[A-Za-z0-9]+", re.sub(r"-(?=[0-9])", " minus ", item.name))
        stem = "GUARD_BIT_" + "_".join(words).upper()
        name, number = stem, 2
        while name in names:
            name, number = f"{stem}_{number}", number + 1
        names.append(name)
    return tuple(names)


def place(span: Span) -> str:
    """`file:line`, the trace from a line of C to the source that asked for it."""
    return f"{span.file}:{span.line}"
