"""What closes the gap of a refuted chain, and what makes a chain: shown as edits of the source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from verifier.closing.bridging import motions
from verifier.closing.editing import New, assuming, inserted, replaced
from verifier.closing.planning import Outcome, plans, repairs
from verifier.closing.trial import Closed, failing
from verifier.core.obligation import Obligation
from verifier.core.verdict import Refuted, Unknown, Witness
from verifier.judging import Effort
from verifier.model.values import Chain
from verifier.obligations.owed import duration
from verifier.repair.transition import Aim
from verifier.report.values import AT_END, Answer, ChainReport, Repair
from verifier.source import Source, settled


def with_repair(
    source: Source,
    chain: Chain,
    report: ChainReport,
    effort: Effort,
    most: int = 1,
    aim: Aim = Aim.TIME,
) -> ChainReport:
    """The report on a refuted chain, with its smallest repairs, `most` of them at most, or with why
    there is none.

    What is unknown before the gap stays so whatever is inserted, so that nothing is tried then. An
    insertion has its place between calls that follow one another.
    """
    failed = _first_refuted(report.answers)
    if failed is None or _unknown_before(_place(chain, failed.obligation), report.answers):
        return report
    if not chain.plain:
        return replace(report, search="only a plain sequence of skills is repaired by insertion")
    place = _place(chain, failed.obligation)
    outcome = repairs(source, chain, place, effort, most, motions(aim))
    if not outcome.found:
        return replace(
            report, search=_told(outcome), faults=outcome.faults, narrower=_narrower(outcome)
        )
    comment = _bridged(chain, failed)
    found = tuple(_repair(source, closed, comment) for closed in outcome.found)
    return replace(report, repairs=found)


def _first_refuted(answers: Iterable[Answer]) -> Answer | None:
    """The first that a witness refutes, other than a deadline."""
    for answer in answers:
        match answer.verdict:
            case Refuted(Witness()) if answer.obligation.rule != "within":
                return answer
    return None


def _unknown_before(step: int, answers: Iterable[Answer]) -> bool:
    return any(
        isinstance(answer.verdict, Unknown) and answer.obligation.step < step for answer in answers
    )


def _place(chain: Chain, obligation: Obligation) -> int:
    return len(chain.steps) + 1 if obligation.rule in AT_END else obligation.step


def _told(outcome: Outcome) -> str:
    """Why there is no repair."""
    if outcome.refuted is not None:
        told = f"no sequence of library skills closes this gap: {outcome.refuted}"
    else:
        told = f"whether library skills can close this gap is unknown: {outcome.unknown}"
    return "; ".join((told, *(each.told for each in outcome.motions)))


def _narrower(outcome: Outcome) -> str | None:
    """The condition on the start under which a transition closes the gap; None if there is none."""
    served = dict.fromkeys(text for each in outcome.motions for text in each.served)
    return " or ".join(served) or None


def narrowed(source: Source, chain: Chain, condition: str) -> tuple[Source, Chain]:
    """The source in which the chain assumes this condition, too. Raises Mistakes."""
    written = source.scope.chains[chain.declared]
    text = assuming(source.texts[chain.span.file], written, condition)
    again = settled(source.path, text)
    return again, again.model.chains[chain.name]


def _bridged(chain: Chain, failed: Answer) -> str:
    """What a repair is for, as a comment in the source."""
    clause = failing(chain, failed.obligation, failed.verdict)
    what = f"`{clause[0].text}`" if clause else f"{failed.obligation.rule}"
    if failed.obligation.rule in AT_END:
        return f"bridges the gap to {what} at the end"
    return f"bridges the gap to {what} of {chain.steps[failed.obligation.step - 1].contract.text}"


def _repair(source: Source, closed: Closed, comment: str) -> Repair:
    text = source.texts[closed.chain.span.file]
    written = source.scope.chains[closed.chain.declared]
    new = New(closed.calls, comment, closed.declarations)
    changed = inserted(text, written, closed.place, new)
    shortest, longest = duration(closed.chain)
    return Repair(
        "; ".join(closed.calls), closed.place, changed.text, changed.added, shortest, longest
    )


def planned(
    source: Source, chain: Chain, effort: Effort, most: int, aim: Aim = Aim.TIME
) -> tuple[Outcome, list[Repair]]:
    """Chains that lead from what is assumed to what is to be achieved, shortest first, `most` of
    them at most, each as the text in which it stands in place of the chain's own steps."""
    outcome = plans(source, chain, effort, most, motions(aim))
    return outcome, [_plan(source, closed) for closed in outcome.found]


def _plan(source: Source, closed: Closed) -> Repair:
    text = source.texts[closed.chain.span.file]
    new = New(closed.calls, "", closed.declarations)
    changed = replaced(text, source.scope.chains[closed.chain.declared], 1, new)
    shortest, longest = duration(closed.chain)
    return Repair("; ".join(closed.calls), 1, changed.text, changed.added, shortest, longest)
