"""The meaning of guard_track in Python: the set point of the transition that runs, bit by bit."""

from __future__ import annotations

from dataclasses import replace

from verifier.emit.design import Design
from verifier.emit.reference import Sample, State, readings, running
from verifier.safety.transition import Followed, follow


def track(design: Design, state: State, now: Sample | None) -> tuple[str, Followed]:
    """The status of guard_track and what it writes, all zeros where it follows nothing."""
    axes = max(track.table.moved for track in design.tracks)
    nothing = Followed((0.0,) * axes, (0.0,) * axes, False)
    if now is None:
        return "NULL", nothing
    tables = {each.call: each.table for each in design.tracks}
    active = next((each for each in running(state) if each.gates.text in tables), None)
    if active is None:
        return "OUT_OF_ORDER", nothing
    table = tables[active.gates.text]
    measured = readings(design, now) if now.time_ns >= active.entered_ns else None
    if measured is None:
        return "INVALID_SAMPLE", nothing
    start, here = ([float(at[name]) for name in table.starts] for at in (active.entry, measured))
    found = follow(table, start, here, now.time_ns - active.entered_ns)
    missing = (0.0,) * (axes - table.moved)
    found = Followed(found.position + missing, found.velocity + missing, found.done)
    if state.fallback != "none":
        return "GATE_CLOSED", replace(found, velocity=(0.0,) * axes)
    return "OK", found
