"""What becomes of each property of a chain: proved, refuted, or deferred to the bundle by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from verifier.core.diagnostic import Diagnostic
from verifier.core.verdict import Deferred, Proved, Refuted, SolverWord
from verifier.model.values import DEFAULT_FALLBACK, Chain, Model, Property
from verifier.obligations.property import MOST_STEPS, static
from verifier.report.values import Answer, ChainReport, Promise

MOST_TOLD = 5


def promises(model: Model, chain: Chain, answers: Sequence[Answer]) -> Iterator[Promise]:
    """A promise for each property, from the answers to what the chain owes for it."""
    for prop in model.properties if chain.refinement is None else ():
        yield _promise(model, prop, [each for each in answers if _monitor(each) == prop.name])


def without_taken_over(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """The answers that no property's monitor took over."""
    return tuple(
        each for each in answers if _monitor(each) is None or not isinstance(each.verdict, Deferred)
    )


def without_words(report: ChainReport) -> ChainReport:
    """The report with those properties deferred that nothing but a solver's word stands behind."""
    told = {_monitor(each): each.obligation.takeover for each in report.answers if _word(each)}
    kept = tuple(each for each in report.answers if not _word(each))
    properties = [
        replace(
            promise, status="deferred", reason="only a solver says so", fallback=takeover.fallback
        )
        if promise.status == "proved" and (takeover := told.get(promise.name)) is not None
        else promise
        for promise in report.properties
    ]
    return replace(report, answers=kept, properties=tuple(properties))


def _monitor(answer: Answer) -> str | None:
    takeover = answer.obligation.takeover
    return None if takeover is None else takeover.monitor


def _word(answer: Answer) -> bool:
    match answer.verdict:
        case Proved(SolverWord()):
            return _monitor(answer) is not None
        case _:
            return False


def _promise(model: Model, prop: Property, answers: Sequence[Answer]) -> Promise:
    if any(isinstance(each.verdict, Refuted) for each in answers):
        return Promise(prop.name, prop.span, "refuted", "every run violates it", None)
    if answers and all(isinstance(each.verdict, Proved) for each in answers):
        return Promise(prop.name, prop.span, "proved", None, None)
    # What is proved, and a file without properties, does without monitors.
    from verifier.monitor.gates import grid_ns, period_ns
    from verifier.monitor.program import compile_property

    program = compile_property(prop, period_ns(model), grid_ns=grid_ns(model))
    if isinstance(program, Diagnostic):
        reason = f"{_why(prop, answers)}, and {program.message}"
        return Promise(prop.name, prop.span, "unknown", reason, None)
    fallback = prop.fallback or DEFAULT_FALLBACK
    return Promise(prop.name, prop.span, "deferred", _why(prop, answers), fallback)


def _why(prop: Property, answers: Sequence[Answer]) -> str:
    """Why the property is not settled beforehand."""
    if not static(prop):
        return "it reads the environment"
    left = [each.obligation.id for each in answers if isinstance(each.verdict, Deferred)]
    if not left:
        return f"the chain has more than {MOST_STEPS} steps"
    steps = [owner.split(":")[0] for id in left if ":" in (owner := id.split("/")[1])]
    if not steps:
        return "not settled where the run begins"
    return f"not settled in step{'s' if len(steps) > 1 else ''} {_listed(steps)}"


def _listed(labels: Sequence[str]) -> str:
    """`1, 3 to 6 and 9`; of many, the first."""
    runs: list[list[str]] = []
    for label in labels:
        follows = runs and label.isdigit() and runs[-1][-1].isdigit()
        if follows and int(label) == int(runs[-1][-1]) + 1:
            runs[-1].append(label)
        else:
            runs.append([label])
    told = [part for run in runs for part in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else run)]
    if len(told) > MOST_TOLD:
        told = [*told[: MOST_TOLD - 1], f"{len(told) - MOST_TOLD + 1} more"]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
