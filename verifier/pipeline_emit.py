"""From a settled model to the files of a chain's bundle."""

from __future__ import annotations

from collections.abc import Mapping

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.emit.bundle import bundle
from verifier.emit.closed_loop import Limits
from verifier.emit.design import Design, design_of
from verifier.model.values import Chain, Model
from verifier.monitor.gates import WatchPlan, watch_plan
from verifier.safety.interval import Interval, interval_of
from verifier.safety.limit import Loop, safety_loop
from verifier.safety.plant import Integrator, integrators


def build_bundle(
    model: Model, chain: Chain, target: str, statuses: Mapping[str, str], version: str
) -> dict[str, bytes]:
    """The files of the bundle by name. `target` is host or thor; `statuses` are the verdicts of the
    chain's obligations by id. Raises SourceError where something cannot be watched or limited."""
    plan, loop = planned(model, chain)
    return bundle(plan, loop, target=target, statuses=statuses, version=version)


def design_for(model: Model, chain: Chain) -> Design:
    """What the bundle is made from, for those who drive it. Raises SourceError."""
    return design_of(*planned(model, chain))


def exact_limits(model: Model) -> dict[str, Limits]:
    """The interval that the barriers leave to each driven state, exactly, with both sides."""
    periods = {
        joint.state: joint.period for joint in integrators(model) if isinstance(joint, Integrator)
    }
    found: dict[str, Limits] = {}
    for barrier in model.barriers:
        interval = interval_of(barrier)
        if isinstance(interval, Interval) and interval.state in periods:
            lower, upper = interval.lower, interval.upper
            before = found.get(interval.state)
            if before is not None:
                lower = before.lower if lower is None else max(lower, before.lower)
                upper = before.upper if upper is None else min(upper, before.upper)
            if lower is not None and upper is not None:
                found[interval.state] = Limits(lower, upper, periods[interval.state])
    return found


def planned(model: Model, chain: Chain) -> tuple[WatchPlan, Loop]:
    """What the bundle watches and what it limits. Raises SourceError."""
    plan, loop = watch_plan(model, chain), safety_loop(model)
    troubles: list[Diagnostic] = []
    if not isinstance(plan, WatchPlan):
        troubles += plan
    if not isinstance(loop, Loop):
        troubles += loop
    if not isinstance(plan, WatchPlan) or not isinstance(loop, Loop):
        raise SourceError(troubles)
    return plan, loop
