"""From a file to its report, in one direction: load, settle, owed, discharge, check, report."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from verifier.core.obligation import Obligation, Question
from verifier.core.span import Span
from verifier.core.term import Formula, Real, variables
from verifier.core.unit import LENGTH, UNITS, Unit
from verifier.core.verdict import Proved, Refuted, SolverWord, Unknown, Witness
from verifier.judging import AT_END, Effort, Tell, judged, stands
from verifier.model.body import statements_of
from verifier.model.scope import Scope
from verifier.model.settle import settle_chain
from verifier.model.values import Attempt, Chain, Model, StateVariable, Step
from verifier.obligations.elapsed import durations
from verifier.obligations.owed import duration
from verifier.obligations.walk import outcome_name
from verifier.repair.edit import insert
from verifier.repair.insertion import Call, Gap, Search, search
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
from verifier.syntax import tree

# How long an obligation of a candidate may take, and after how long no further one is tried.
CANDIDATE_S = 2.0
SEARCH_S = 20.0


def check(source: Source, names: Sequence[str], effort: Effort, tell: Tell) -> Report:
    """The report on the chosen chains, with a repair for each that is refuted. Raises Mistakes."""
    chains = [examined(source, chain, effort, tell) for chain in chosen(source, names)]
    return Report((), tuple(chains), source.texts)


def examined(source: Source, chain: Chain, effort: Effort, tell: Tell) -> ChainReport:
    """The report on one chain, with a repair if it is refuted and one is found."""
    plain = report_on(source, chain, judged(source.model, chain, effort, tell))
    return with_repair(source, chain, plain, effort) if chain_verdict(plain) == "refuted" else plain


def report_on(source: Source, chain: Chain, answers: Sequence[Answer]) -> ChainReport:
    """The answers with what a reader needs to understand them."""
    shortest, longest = duration(chain)
    steps = tuple(_step(step, source.model) for step in chain.steps)
    shown = _shown(source.model)
    shown |= {name: Shown(name, False, UNITS["s"]) for name in durations(chain.body)}
    shown |= {one.name: Shown(one.member, one.listed, one.unit) for one in chain.rigid}
    outcomes = [s for s in statements_of(chain.body) if isinstance(s, Attempt)]
    shown |= {name: Shown(name, False, None) for name in map(outcome_name, outcomes)}
    return ChainReport(chain.name, chain.span, steps, tuple(answers), shortest, longest, shown)


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
    chains = [replace(c, answers=tuple(map(_certain, c.answers))) for c in report.chains]
    return replace(report, chains=tuple(chains))


def _certain(answer: Answer) -> Answer:
    match answer.verdict:
        case Proved(SolverWord(solver, why)):
            reason = f"only {solver} says so, and no certificate was found: {why}"
            return replace(answer, verdict=Unknown(reason))
        case _:
            return answer


# ---- repair ------------------------------------------------------------------------------------


def with_repair(source: Source, chain: Chain, report: ChainReport, effort: Effort) -> ChainReport:
    """The report on a refuted chain, with the smallest repair or with what was tried.

    What is unknown before the gap stays so whatever is inserted, so that nothing is tried then. An
    insertion has its place between calls that follow one another.
    """
    gap = _gap(chain, report.answers)
    if gap is None or _unknown_before(gap.step, report.answers):
        return report
    if not chain.plain or not chain.steps:
        return replace(report, search="only a plain sequence of skills is repaired by insertion")

    def rebuild(step: int, calls: tuple[Call, ...]) -> Chain | None:
        return _rebuilt(source.scope, chain, step, calls)

    quick = replace(effort, timeout_s=min(effort.timeout_s, CANDIDATE_S))
    ends = time.monotonic() + SEARCH_S
    known: dict[Question, bool] = {}

    def holds(candidate: Chain) -> bool:
        return stands(source.model, candidate, quick, known)

    found = search(source.model, gap, rebuild, holds, lambda: time.monotonic() < ends)
    if found.found is None:
        return replace(report, search=_told(found, gap, chain))
    text = source.texts[chain.span.file]
    changed = insert(text, chain, gap.step, found.found)
    inserted = "; ".join(call.text for call in found.found)
    return replace(report, repairs=(Repair(inserted, gap.step, changed.text, changed.added),))


def _gap(chain: Chain, answers: Iterable[Answer]) -> Gap | None:
    """What the first witness shows to be missing."""
    for answer in answers:
        match answer.verdict:
            case Refuted(Witness(_, failed)) if answer.obligation.rule != "within":
                return Gap(_before(chain, answer.obligation), _names(failed.formula))
    return None


def _unknown_before(step: int, answers: Iterable[Answer]) -> bool:
    return any(
        isinstance(answer.verdict, Unknown) and answer.obligation.step < step for answer in answers
    )


def _before(chain: Chain, obligation: Obligation) -> int:
    return len(chain.steps) + 1 if obligation.rule in AT_END else obligation.step


def _names(formula: Formula) -> frozenset[str]:
    return frozenset(name for name, _ in variables(formula))


def _rebuilt(scope: Scope, chain: Chain, step: int, calls: tuple[Call, ...]) -> Chain | None:
    """The chain with the calls before the step, settled; None where they cannot stand there."""
    written = scope.chains[chain.name]
    span = written.steps[min(step, len(written.steps)) - 1].span
    new = tuple(_call(call, span) for call in calls)
    steps = (*written.steps[: step - 1], *new, *written.steps[step - 1 :])
    return settle_chain(scope, replace(written, steps=steps), [])


def _call(call: Call, span: Span) -> tree.Call:
    arguments = [tree.Argument(None, tree.Reference(a, span), span) for a in call.arguments]
    return tree.Call(tree.Name(call.skill, span), tuple(arguments), span)


def _told(found: Search, gap: Gap, chain: Chain) -> str:
    """What was tried in vain."""
    if found.possible == 0:
        return "no library skill changes what the failing clause reads"
    judged = f"{found.judged} of {found.possible}" if found.judged < found.possible else "all"
    where = f"before step {gap.step}" if gap.step <= len(chain.steps) else "at the end"
    what = f"insertions of one or two skills {where}"
    return f"no library skill closes this gap ({judged} {what} were judged)"
