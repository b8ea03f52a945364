"""Answers as readers meet them: a witness is completed to a state at the start and at its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from verifier.core.certificate import Point
from verifier.core.evaluate import Value
from verifier.core.obligation import Obligation
from verifier.core.term import Key, variables
from verifier.core.verdict import Proved, Refuted, Verdict, Witness
from verifier.model.values import Chain
from verifier.report.values import AT_END, Answer


def possible_start(
    obligations: Sequence[Obligation], verdicts: Sequence[Verdict]
) -> dict[Key, Value]:
    """The start state that the assumption's sanity was proved with; empty where it was not."""
    for obligation, verdict in zip(obligations, verdicts, strict=True):
        if obligation.id.endswith("/assume/sanity"):
            match verdict:
                case Proved(Point(values)):
                    return dict(values)
    return {}


def answer(
    chain: Chain, obligation: Obligation, verdict: Verdict, start: Mapping[Key, Value]
) -> Answer:
    """The answer; a witness is completed to all that the assumption and the question read.

    A question holds only the facts that share variables with its goals, so that what it leaves out
    speaks of other variables; those take the values of the possible start.
    """
    match verdict:
        case Refuted(Witness(values)):
            pass
        case _:
            return Answer(obligation, verdict, {}, {})
    assumed = {key for c in chain.assumptions for key in variables(c.formula)}
    names = {name for name, _ in assumed} | set(obligation.view)
    complete = {**start, **values}
    at_start = {name: complete[name, 0] for name in names if (name, 0) in complete}
    view = dict(_view(chain, obligation, names))
    there = {name: complete[key] for name, key in view.items() if key in complete}
    return Answer(obligation, verdict, at_start, there)


def _view(chain: Chain, obligation: Obligation, names: Iterable[str]) -> Iterator[tuple[str, Key]]:
    """The version under which each name stands where the obligation is owed; behind statements with
    blocks only the question itself knows."""
    if not chain.plain:
        yield from ((name, (name, version)) for name, version in obligation.view.items())
        return
    behind = obligation.rule in AT_END
    passed = [s for s in chain.steps if behind or s.number < obligation.step]
    for name in names:
        writers = [step.number for step in passed if name in step.contract.frame]
        yield name, (name, obligation.view.get(name, max(writers, default=0)))
