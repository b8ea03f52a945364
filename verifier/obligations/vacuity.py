"""What is owed behind a step that no run gets through is not proved: nothing comes to break it.

Only what speaks of all runs can hold vacuously. That a condition can be satisfied at all is shown
by a state, and stands by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from verifier.core.obligation import Entailment, Obligation
from verifier.core.verdict import Proved, Refuted, Unknown, Verdict

RUN = "/sanity/run"
START = "/assume/sanity"


def without_vacuous(
    obligations: Sequence[Obligation], verdicts: Sequence[Verdict]
) -> list[Verdict]:
    """The verdicts of one chain, with `unknown` for what would be said of no run at all."""
    judged = list(zip(obligations, verdicts, strict=True))
    impossible = [
        obligation.step
        for obligation, verdict in judged
        if obligation.id.endswith((RUN, START)) and not isinstance(verdict, Proved)
    ]
    first = min(impossible, default=None)
    if first is None:
        return list(verdicts)
    return [
        _of_no_run(first)
        if _comes_behind(obligation, first) and isinstance(verdict, Proved | Refuted)
        else verdict
        for obligation, verdict in judged
    ]


def _comes_behind(obligation: Obligation, step: int) -> bool:
    """Whether the obligation speaks of the runs that got through this step (0: of any start)."""
    if obligation.rule == "achieve":
        return True
    of_runs = isinstance(obligation.question, Entailment) or obligation.id.endswith(RUN)
    return of_runs and obligation.step > step and obligation.rule != "within"


def _of_no_run(step: int) -> Unknown:
    where = f"gets through step {step}" if step else "satisfies what the chain assumes"
    return Unknown(f"no run is known that {where}, so this would hold of nothing")
