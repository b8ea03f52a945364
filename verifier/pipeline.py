"""From a file to its report, in one direction: load, settle, owed, discharge, check, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from verifier.core.term import Real
from verifier.core.unit import LENGTH, UNITS, Unit
from verifier.core.verdict import Proved, SolverWord, Unknown
from verifier.judging import Effort, Tell, believed, judged, judged_afresh
from verifier.model.body import statements_of
from verifier.model.values import Attempt, Chain, Model, StateVariable, Step
from verifier.obligations.elapsed import durations
from verifier.obligations.owed import duration
from verifier.obligations.walk import outcome_name
from verifier.promises import promises, without_taken_over, without_words
from verifier.report.values import (
    Answer,
    ChainReport,
    Report,
    Shown,
    StepShown,
    chain_verdict,
)
from verifier.source import Source, chosen, settled


def check(source: Source, names: Sequence[str], effort: Effort, tell: Tell) -> Report:
    """The report on the chosen chains, with a repair for each that is refuted. Raises Mistakes.

    Where anything fails in a source that was not read as a whole, it is, so that all that is said
    of the failure speaks of the text.
    """
    reports: list[ChainReport] = []
    for name in [chain.name for chain in chosen(source, names)]:
        chain = source.model.chains[name]
        answers = believed(source.model, chain, effort, tell) if source.known.skills else None
        if answers is None and source.known.skills:
            source = settled(source.path)
            chain = source.model.chains[name]
            answers = judged_afresh(source.model, chain, effort, tell)
        elif answers is None:
            answers = judged(source.model, chain, effort, tell)
        reports.append(_examined(source, chain, answers, effort))
    return Report((), tuple(reports), source.texts)


def _examined(
    source: Source, chain: Chain, answers: Sequence[Answer], effort: Effort
) -> ChainReport:
    """The report on one chain or claim, with a repair if it is refuted and one is found."""
    plain = report_on(source, chain, answers)
    if chain_verdict(plain) != "refuted" or (chain.is_claim and chain.plant is None):
        return plain
    from verifier.closing.gains import with_gains  # nothing that is proved pays for these
    from verifier.closing.repairing import with_repair

    if chain.plant is not None:
        return with_gains(source, chain, plain, effort)
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
    name, span, timed = chain.name, chain.span, not chain.is_claim
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
