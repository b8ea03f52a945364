"""From a settled model to the files of a chain's bundle."""

from __future__ import annotations

from collections.abc import Mapping

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.emit.bundle import bundle
from verifier.emit.design import Design, design_of
from verifier.model.values import Chain, Model
from verifier.monitor.gates import WatchPlan, watch_plan
from verifier.safety.limit import Loop, safety_loop


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
