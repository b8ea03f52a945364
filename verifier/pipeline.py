"""From a file to its report, in one direction: load, settle, owed, discharge, check, report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from verifier.bridging import motions
from verifier.core.obligation import Obligation
from verifier.core.term import Real
from verifier.core.unit import LENGTH, UNITS, Unit
from verifier.core.verdict import Proved, Refuted, SolverWord, Unknown, Witness
from verifier.editing import New, inserted, replaced
from verifier.judging import AT_END, Effort, Tell, judged
from verifier.model.body import statements_of
from verifier.model.values import Attempt, Chain, Model, StateVariable, Step
from verifier.obligations.elapsed import durations
from verifier.obligations.owed import duration
from verifier.obligations.walk import outcome_name
from verifier.planning import Outcome, plans, repairs
from verifier.promises import promises, without_taken_over, without_words
from verifier.repair.transition import Aim
from verifier.report.values import (
    Answer,
    ChainReport,
    Repair,
    Report,
    Shown,
    StepShown,
    chain_verdict,
)
from verifier.source import Source, chosen
from verifier.trial import Closed, failing


def check(source: Source, names: Sequence[str], effort: Effort, tell: Tell) -> Report:
    """The report on the chosen chains, with a repair for each that is refuted. Raises Mistakes."""
    chains = [examined(source, chain, effort, tell) for chain in chosen(source, names)]
    return Report((), tuple(chains), source.texts)


def examined(source: Source, chain: Chain, effort: Effort, tell: Tell) -> ChainReport:
    """The report on one chain, with a repair if it is refuted and one is found."""
    plain = report_on(source, chain, judged(source.model, chain, effort, tell))
    if chain_verdict(plain) != "refuted" or chain.plant is not None:
        return plain
    return with_repair(source, chain, plain, effort)


def report_on(source: Source, chain: Chain, answers: Sequence[Answer]) -> ChainReport:
    """The answers with what a reader needs to understand them."""
    shortest, longest = duration(chain)
    steps = tuple(_step(step, source.model) for step in chain.steps)
    shown = _shown(source.model)
    shown |= {name: Shown(name, False, UNITS["s"]) for name in durations(chain.body)}
    shown |= {one.name: Shown(one.member, one.listed, one.unit) for one in chain.rigid}
    outcomes = [s for s in statements_of(chain.body) if isinstance(s, Attempt)]
    shown |= {name: Shown(name, False, None) for name in map(outcome_name, outcomes)}
    promised = tuple(promises(source.model, chain, answers))
    kept = without_taken_over(answers)
    if chain.plant is not None:
        plant = chain.plant
        shown |= {
            name: Shown(each.name, each.size > 1, each.unit)
            for each in (*plant.inputs, *plant.disturbances)
            for name in each.scalars
        }
        read = {name for answer in answers for name in answer.obligation.view}
        shown |= {name: Shown(name, False, None) for name in read - shown.keys()}
    name, span, timed = chain.name, chain.span, chain.plant is None and chain.claim is None
    return ChainReport(name, span, steps, kept, shortest, longest, shown, promised, timed=timed)


def _step(step: Step, model: Model) -> StepShown:
    contract = step.contract
    names = [parameter.name for parameter in model.skills[contract.skill].parameters]
    written = contract.text.removeprefix(contract.skill)[1:-1].split(", ")
    bound = tuple(zip(names, written, strict=True)) if len(names) == len(written) else ()
    longest = contract.duration.high
    return StepShown(step.number, contract.text, step.span, longest, bound, step.label)


def _shown(model: Model) -> dict[str, Shown]:
    shown = {}
    for name, scalar in model.scalars.items():
        variable = model.variables[scalar.variable]
        shown[name] = Shown(scalar.member, variable.shape != (), _unit(variable))
    return shown


def _unit(variable: StateVariable) -> Unit | None:
    if variable.unit is None and variable.sort == Real(LENGTH):
        return UNITS["m"]
    return variable.unit


def without_solver_words(report: Report) -> Report:
    """The report with `unknown` for what only a solver's word stands behind."""
    promised = [without_words(chain) for chain in report.chains]
    chains = [replace(c, answers=tuple(map(_certain, c.answers))) for c in promised]
    return replace(report, chains=tuple(chains))


def _certain(answer: Answer) -> Answer:
    match answer.verdict:
        case Proved(SolverWord(solver, why)):
            reason = f"only {solver} says so, and no certificate was found: {why}"
            return replace(answer, verdict=Unknown(reason))
        case _:
            return answer


# ---- repair ------------------------------------------------------------------------------------


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
    outcome = repairs(source, chain, place, effort, most, motions(source, aim))
    if not outcome.found:
        return replace(report, search=_told(outcome))
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
    return "; ".join((told, *outcome.motions))


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
    outcome = plans(source, chain, effort, most, motions(source, aim))
    return outcome, [_plan(source, closed) for closed in outcome.found]


def _plan(source: Source, closed: Closed) -> Repair:
    text = source.texts[closed.chain.span.file]
    new = New(closed.calls, "", closed.declarations)
    changed = replaced(text, source.scope.chains[closed.chain.declared], 1, new)
    shortest, longest = duration(closed.chain)
    return Repair("; ".join(closed.calls), 1, changed.text, changed.added, shortest, longest)
