"""From a settled model to the files of a chain's bundle."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.emit.bundle import bundle
from verifier.emit.closed_loop import Limits
from verifier.emit.design import Design, Track, design_of
from verifier.model.body import beside_of
from verifier.model.interval import Interval, interval_of
from verifier.model.values import Chain, Model
from verifier.monitor.gates import WatchPlan, period_ns, watch_plan
from verifier.monitor.gauge import Gauge, compile_robustness
from verifier.monitor.program import BUDGET_BYTES
from verifier.safety.limit import Loop, safety_loop
from verifier.safety.plant import Integrator, integrators
from verifier.safety.transition import table_of

PERIOD = Fraction(1, 1000)


def build_bundle(
    model: Model,
    chain: Chain,
    target: str,
    statuses: Mapping[str, str],
    version: str,
    *,
    robustness: bool = False,
    budget_bytes: int = BUDGET_BYTES,
    waived: Mapping[str, str] | None = None,
) -> dict[str, bytes]:
    """The files of the bundle by name. `target` is host or thor; `statuses` are the verdicts of the
    obligations by id, `waived` the reasons of those that are waived; with `robustness` every
    property is measured, too, and both may take `budget_bytes` each. Raises SourceError where
    something cannot be watched or limited."""
    plan, loop = planned(model, chain, budget_bytes)
    gauges = gauges_of(model, budget_bytes) if robustness else {}
    design = design_of(plan, loop, gauges, tracks_of(model, chain))
    return bundle(design, target=target, statuses=statuses, version=version, waived=waived or {})


def gauges_of(model: Model, budget_bytes: int = BUDGET_BYTES) -> dict[int, Gauge]:
    """The robustness of every property by its number. Raises SourceError."""
    period = period_ns(model)
    found = [compile_robustness(prop, period, budget_bytes) for prop in model.properties]
    troubles = [trouble for trouble in found if isinstance(trouble, Diagnostic)]
    if troubles:
        raise SourceError(troubles)
    return {k: gauge for k, gauge in enumerate(found) if isinstance(gauge, Gauge)}


def design_for(model: Model, chain: Chain) -> Design:
    """What the bundle is made from, for those who drive it. Raises SourceError."""
    return design_of(*planned(model, chain), tracks=tracks_of(model, chain))


def tracks_of(model: Model, chain: Chain) -> tuple[Track, ...]:
    """The transitions of the chain as the robot follows them, one set point a period of the fastest
    plant, or a millisecond where no plant declares one. Raises SourceError."""
    period = min((plant.period for plant in model.plants), default=PERIOD)
    found: dict[str, Track] = {}
    for contract in (step.contract for step in chain.steps):
        transition = contract.transition
        if transition is None or contract.text in found:
            continue
        starts, moved = transition.start, len(transition.moved)
        law = table_of(transition.plan, starts, moved, transition.problem.speed_max, period)
        if isinstance(law, str):
            message = f"the transition of `{contract.text}` cannot be followed: {law}"
            raise SourceError([Diagnostic("gate-not-supported", transition.span, message)])
        found[contract.text] = Track(contract.text, law, contract.span)
    for one, other in beside_of(chain.body):
        if one.contract.transition and other.contract.transition:
            what = f"{one.contract.text} and {other.contract.text} are transitions"
            message = f"{what} that run at the same time, and the bundle follows one at a time"
            found_here = Diagnostic(
                "gate-not-supported", one.span, message, help="let one follow the other"
            )
            raise SourceError([found_here])
    return tuple(found.values())


def exact_limits(model: Model) -> dict[str, Limits]:
    """The interval that the barriers leave to each driven state, exactly, with both sides."""
    periods = {
        joint.state: joint.period for joint in integrators(model) if isinstance(joint, Integrator)
    }
    known = [interval_of(barrier) for barrier in model.barriers]
    intervals = [interval for interval in known if isinstance(interval, Interval)]
    found = {}
    for state, period in periods.items():
        mine = [interval for interval in intervals if interval.state == state]
        lowers = [interval.lower for interval in mine if interval.lower is not None]
        uppers = [interval.upper for interval in mine if interval.upper is not None]
        if state is not None and lowers and uppers:
            found[state] = Limits(max(lowers), min(uppers), period)
    return found


def planned(model: Model, chain: Chain, budget_bytes: int = BUDGET_BYTES) -> tuple[WatchPlan, Loop]:
    """What the bundle watches and what it limits. Raises SourceError."""
    plan, loop = watch_plan(model, chain, budget_bytes), safety_loop(model)
    troubles: list[Diagnostic] = []
    if not isinstance(plan, WatchPlan):
        troubles += plan
    if not isinstance(loop, Loop):
        troubles += loop
    if not isinstance(plan, WatchPlan) or not isinstance(loop, Loop):
        raise SourceError(troubles)
    return plan, loop
