"""A refuted chain mended by a transition, and by library skills where one alone is not enough."""

from __future__ import annotations

from verifier.bridging import Bridge, Gap, bridges
from verifier.core.obligation import Obligation
from verifier.core.verdict import Refuted
from verifier.editing import New, inserted
from verifier.judging import AT_END, Effort, first_fault
from verifier.model.values import Chain
from verifier.obligations.owed import duration
from verifier.planning import failing, repairs
from verifier.repair.transition import Aim
from verifier.report.values import Answer, Repair
from verifier.source import Mistakes, Source, settled


def mended(
    source: Source, chain: Chain, failed: Answer, effort: Effort, aim: Aim, comment: str
) -> Repair | str:
    """The repair, or why no transition closes the gap; an empty reason where none could."""
    clause = failing(chain, failed.obligation, failed.verdict)
    if clause is None or chain.span.file != source.path:
        return ""
    place = place_of(chain, failed.obligation)
    reasons: list[str] = []
    for bridge in bridges(Gap(source, chain, place, clause[1], aim)):
        found = (
            _judged(source, chain, place, bridge, effort, comment)
            if isinstance(bridge, Bridge)
            else bridge
        )
        if isinstance(found, Repair):
            return found
        reasons.append(found)
    return "; ".join(reasons)


def place_of(chain: Chain, obligation: Obligation) -> int:
    """The step before which the obligation is owed, one more than there are steps for the end."""
    return len(chain.steps) + 1 if obligation.rule in AT_END else obligation.step


def _judged(
    source: Source, chain: Chain, place: int, bridge: Bridge, effort: Effort, comment: str
) -> Repair | str:
    """The repair if the whole chain is proved with it, and perhaps with library skills beside it;
    else what is still wrong."""
    written = source.scope.chains[chain.declared]
    new = New([bridge.call], comment, bridge.declarations)
    changed = inserted(source.texts[source.path], written, place, new)
    try:
        again = settled(source.path, changed.text)
    except Mistakes as mistakes:
        return f"the transition cannot stand there: {mistakes.diagnostics[0].message}"
    whole = again.model.chains[chain.name]
    fault = first_fault(again.model, whole, effort, {})
    if fault is None:
        shortest, longest = duration(whole)
        return Repair(bridge.call, place, changed.text, changed.added, shortest, longest)
    obligation, verdict = fault
    rest = "a transition closes this gap, but"
    if not isinstance(verdict, Refuted):
        return f"{rest} {obligation.id} stays unknown"
    outcome = repairs(again, whole, place_of(whole, obligation), effort, 1)
    if not outcome.found:
        return f"{rest} {obligation.id} fails, and no library skill mends that"
    closed = outcome.found[0]
    calls = [called.text for called in closed.calls]
    both = inserted(changed.text, again.scope.chains[chain.declared], closed.place, New(calls))
    shortest, longest = duration(closed.chain)
    told = "; ".join([*calls, bridge.call] if closed.place <= place else [bridge.call, *calls])
    first = min(place, closed.place)
    return Repair(told, first, both.text, changed.added, shortest, longest)
