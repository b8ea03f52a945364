"""What is owed behind a step that no run gets through is not proved: it holds only because nothing
comes there."""

from __future__ import annotations

from collections.abc import Sequence

from verifier.core.obligation import Obligation
from verifier.core.verdict import Proved, Refuted, Unknown, Verdict


def without_vacuous(
    obligations: Sequence[Obligation], verdicts: Sequence[Verdict]
) -> list[Verdict]:
    """The verdicts of one chain, with `unknown` for what would be proved of no run at all."""
    judged = list(zip(obligations, verdicts, strict=True))
    impossible = [
        obligation.step
        for obligation, verdict in judged
        if obligation.id.endswith(("/sanity/run", "/assume/sanity"))
        and not isinstance(verdict, Proved)
    ]
    first = min(impossible, default=None)
    return [
        _reached(verdict, first)
        if first is not None and _comes_behind(obligation, first)
        else verdict
        for obligation, verdict in judged
    ]


def _comes_behind(obligation: Obligation, step: int) -> bool:
    if obligation.rule == "within":
        return False
    return obligation.step > step or obligation.rule == "achieve"


def _reached(verdict: Verdict, step: int) -> Verdict:
    if not isinstance(verdict, Proved | Refuted):
        return verdict
    where = f"gets through step {step}" if step else "satisfies what the chain assumes"
    return Unknown(f"no run is known that {where}, so this would hold of nothing")
