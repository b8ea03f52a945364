"""Why an obligation fails: the clause, its value there, and which step made it so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from verifier.core.certificate import Counterexample
from verifier.core.evaluate import Value, holds
from verifier.core.obligation import Entailment, Fact, Obligation
from verifier.core.term import FALSE, Choice, Formula, Implies, Key, Not, Proposition, variables
from verifier.core.verdict import Contradiction, Witness
from verifier.report.excerpt import Mark
from verifier.report.measure import measured_failure
from verifier.report.phrase import clause, measured, source, value_there
from verifier.report.quantity import readable
from verifier.report.values import AT_END, Answer, ChainReport, StepShown

MOST_MARKS = 4
OF_BLOCKS = ("parallel", "exhaustive", "loop", "call", "beside", "refinement")
OF_PLANTS = ("start", "keeps", "barrier", "feasibility", "gain", "sampling", "baseline")
# What is owed by others than steps, by the last part of the id; `{name}` is the chain or the claim.
NEEDS = {
    "exhaustive": "no guard of this `if` holds",
    "entry": "this loop must begin with {clause}, but {reason}",
    "kept": "each turn of this loop must keep {clause}, but {reason}",
    "bounded": "the variant {clause} may be below 0 when a turn begins",
    "decreases": "a turn may lower the variant {clause} by less than 1",
    "idle": "{name} relies on {clause}, which may fail while nobody moves",
    "start": "{name} relies on {clause}, which may fail at the start",
    "again": "{name} relies on {clause}, which two moves may break that each keep it",
    "meets": "{name} relies on {clause}, which the chain beside it does not guarantee",
    "guarantee": "{name} guarantees {clause}, but a move of this step may break it",
    "stable": "the chain beside {name} may break {clause} while this step runs",
    "assume": "this call needs {clause}, but {reason}",
    "achieve": "this call must end with {clause}, but {reason}",
    "requires": "{name} would need {clause} where the other one may begin, but {reason}",
    "ensures": "{name} must end with {clause}, but {reason}",
    "invariant": "{name} must keep {clause} at every moment, but {reason}",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The headline, and the places to show with it; the first is the clause that fails."""

    headline: str
    marks: tuple[Mark, ...]


def explain(
    answer: Answer,
    evidence: Witness | Contradiction | Counterexample,
    chain: ChainReport,
    texts: Mapping[str, str],
) -> Explanation:
    """The explanation of a refuted obligation."""
    match evidence:
        case Witness():
            return _of_witness(answer.obligation, evidence, chain, texts)
        case Contradiction():
            return _of_contradiction(answer.obligation, evidence, chain, texts)
        case counterexample:
            headline, marks = measured_failure(answer.obligation, counterexample, chain, texts)
            return Explanation(headline, tuple(_distinct(marks)))


def step_of(obligation: Obligation, chain: ChainReport) -> StepShown | None:
    """The step at which the obligation is owed; None for the chain's start and its end, and for
    what a statement with blocks owes."""
    if obligation.rule not in (*AT_END, *OF_BLOCKS, "property") and 1 <= obligation.step <= len(
        chain.steps
    ):
        return chain.steps[obligation.step - 1]
    return None


def _of_witness(
    obligation: Obligation, witness: Witness, chain: ChainReport, texts: Mapping[str, str]
) -> Explanation:
    failed = witness.failed
    if obligation.rule in OF_PLANTS:
        return Explanation(failed.origin, (Mark(failed.span, "this barrier"),))
    if obligation.rule == "within":
        return _too_long(failed, chain, texts)
    step = step_of(obligation, chain)
    if witness.stuck is not None:
        return _of_stuck(witness, witness.stuck, step, chain)
    writers = _writers(witness, obligation, chain)
    reason = _reason(witness, writers, chain)
    needed = f"`{clause(failed, texts)}`"
    called: list[Mark]
    part = obligation.id.split("/")[-1]
    if obligation.rule in OF_BLOCKS and (failed.formula == FALSE or part not in NEEDS):
        headline = failed.origin
        called = [Mark(obligation.span, "wanted here")]
    elif obligation.rule in OF_BLOCKS:
        headline = NEEDS[part].format(name=chain.name, clause=needed, reason=reason)
        called = [Mark(obligation.span, f"in {chain.name}")]
    elif obligation.rule == "achieve" or step is None:
        headline = f"{chain.name} must end with {needed}, but {reason}"
        called = []
    else:
        need = "must keep" if obligation.rule == "invariant" else "needs"
        headline = f"{step.text} {need} {needed}, but {reason}"
        called = [Mark(step.span, f"step {step.label} of {chain.name} calls it here")]
    marks = [Mark(failed.span, _under(witness, step, texts)), *called]
    marks += _causes(failed, obligation, chain, writers)
    return Explanation(headline, tuple(_distinct(marks)))


def _of_stuck(
    witness: Witness, stuck: Contradiction, step: StepShown | None, chain: ChainReport
) -> Explanation:
    """Of a promise that cannot be kept from some start: what cannot hold together there."""
    marks = [Mark(witness.failed.span, "promised here")]
    marks += [Mark(fact.span, _whose(fact)) for fact in stuck.facts]
    if step is not None:
        marks.append(Mark(step.span, f"step {step.label} of {chain.name} calls it here"))
        headline = f"{step.text} may begin where no end state keeps its promise"
    else:
        headline = f"{chain.name}, but may begin where no end state keeps its own promise"
    return Explanation(headline, tuple(_distinct(marks)))


def _too_long(failed: Fact, chain: ChainReport, texts: Mapping[str, str]) -> Explanation:
    """The deadline of a chain with guards."""
    longest = "any time" if chain.longest is None else f"{readable(chain.longest)} s"
    headline = f"{chain.name} may take {longest}, which breaks `{source(failed.span, texts)}`"
    endless = [
        Mark(step.span, f"step {step.label} promises no longest duration")
        for step in chain.steps
        if step.longest is None
    ]
    return Explanation(headline, (Mark(failed.span, "wanted here"), *endless[:MOST_MARKS]))


def _of_contradiction(
    obligation: Obligation,
    contradiction: Contradiction,
    chain: ChainReport,
    texts: Mapping[str, str],
) -> Explanation:
    step = step_of(obligation, chain)
    if obligation.rule == "inhabited":
        headline = f"no state satisfies the barriers of {chain.name} inside of the domains"
    elif obligation.rule == "property":
        headline = f"every run of {chain.name} violates {obligation.id.split('/')[2]}"
    elif step is None:
        headline = f"no state satisfies what {chain.name} assumes"
    elif obligation.id.endswith("/sanity/run"):
        here = f"step {step.label}, {step.text}" if step.span == obligation.span else "this block"
        headline = f"no run of {chain.name} gets through {here}"
    elif obligation.rule == "frame":
        headline = f"{step.text} cannot keep its promise by changing only what it may change"
    else:
        headline = f"no state satisfies what {step.text} {obligation.id.split('/')[-1]}"
    facts = contradiction.facts
    if not facts:
        return Explanation(headline, (Mark(obligation.span, ""),))
    marks = [Mark(fact.span, _whose(fact)) for fact in facts]
    if step is not None:
        marks.append(Mark(step.span, f"step {step.label} of {chain.name} calls it here"))
    return Explanation(headline, tuple(_distinct(marks)))


def _whose(fact: Fact) -> str:
    return {"assume": "assumed", "domain": "declared"}.get(fact.origin, fact.origin)


def _reason(witness: Witness, writers: dict[Key, list[Fact]], chain: ChainReport) -> str:
    """What is the case instead, and whose promise made it so."""
    found = value_there(witness.failed.formula, witness.values)
    if found is not None:
        ((_, version),) = writers
        if not 1 <= version <= len(chain.steps):
            return f"it may be `{found}`"
        facts = (fact for promised in writers.values() for fact in promised)
        leaves = "leaves" if any(_settles(fact.formula, found) for fact in facts) else "may leave"
        step = chain.steps[version - 1]
        return f"step {step.label}, {step.text}, {leaves} it `{found}`"
    amount = measured(witness.failed.formula, witness.values, chain.shown)
    return amount or "it may not hold"


def _settles(promise: Formula, value: str) -> bool:
    """Whether a promise about one variable leaves it this value and no other."""
    match promise:
        case Choice(_, _, promised):
            return promised == value
        case Proposition():
            return value == "true"
        case Not(Proposition()):
            return value == "false"
        case _:
            return False


def _under(witness: Witness, step: StepShown | None, texts: Mapping[str, str]) -> str:
    found = value_there(witness.failed.formula, witness.values)
    if found is not None:
        return f"needed here; it is `{found}`"
    words = set(re.findall(r"\w+", source(witness.failed.span, texts)))
    bound = [f"{name} = {value}" for name, value in step.arguments if name in words] if step else []
    return f"needed here, with {', '.join(bound)}" if bound else "needed here"


def _writers(witness: Witness, obligation: Obligation, chain: ChainReport) -> dict[Key, list[Fact]]:
    """For every variable that the clause reads: the promises of the step that wrote it last, in
    the block that the witness goes through."""
    question = obligation.question
    known = question.hypotheses if isinstance(question, Entailment) else ()
    found: dict[Key, list[Fact]] = {}
    for read in dict.fromkeys(variables(witness.failed.formula)):
        key = _written(read, known, witness.values, len(chain.steps))
        found[key] = [
            fact
            for fact in known
            if fact.origin == _origin(key[1], chain) and key in set(variables(fact.formula))
        ]
    return found


def _written(key: Key, known: Sequence[Fact], values: Mapping[Key, Value], last_step: int) -> Key:
    """The version that a step gave, where blocks join, else the key itself."""
    while key[1] > last_step:
        earlier = (
            other
            for fact in known
            if fact.origin == "if"
            for other in _joined(fact.formula, key, values)
        )
        found = next(earlier, None)
        if found is None:
            break
        key = found
    return key


def _joined(formula: Formula, key: Key, values: Mapping[Key, Value]) -> Iterator[Key]:
    """What the formula says to be the same as `key` in the state."""
    match formula:
        case Implies(guard, same) if {name for name, _ in variables(same)} == {key[0]}:
            versions = set(variables(same)) - {key}
            if len(versions) == 1 and key in set(variables(same)) and holds(guard, values):
                yield from (each for each in versions if each[1] < key[1])


def _origin(version: int, chain: ChainReport) -> str:
    """The origin that the facts of the step with this number carry."""
    if 1 <= version <= len(chain.steps):
        step = chain.steps[version - 1]
        return f"step {step.label}: {step.text}"
    return "assume"


def _causes(
    failed: Fact, obligation: Obligation, chain: ChainReport, writers: dict[Key, list[Fact]]
) -> list[Mark]:
    """Marks at the promises that gave the clause's variables their values, and at those calls."""
    marks: list[Mark] = []
    for (name, version), facts in writers.items():
        member = chain.shown[name].member if name in chain.shown else name
        if version == 0:
            marks += [Mark(fact.span, f"what is assumed about `{member}`") for fact in facts]
            continue
        if version > len(chain.steps):
            continue
        step = chain.steps[version - 1]
        who = f"step {step.label}, {step.text},"
        if facts:
            marks += [Mark(fact.span, f"{who} promises this of `{member}`") for fact in facts]
            marks.append(Mark(step.span, f"step {step.label} is the last to write `{member}`"))
        else:
            marks.append(Mark(step.span, f"{who} may change `{member}` and promises nothing of it"))
    return marks[:MOST_MARKS]


def _distinct(marks: list[Mark]) -> list[Mark]:
    """One mark a place: what was said there first."""
    seen: dict[object, Mark] = {}
    for mark in marks:
        seen.setdefault(mark.span, mark)
    return list(seen.values())
