"""Repair by insertion: skills of the library, called before the step that fails.

Candidates are calls with objects as arguments (a number has no candidates) whose frame meets the
variables of the failing clause, first alone, then in pairs of which at least one meets them.
Shorter comes before longer, and less time before more. Every candidate chain is judged in full by
the judge that is passed in; what it does not accept is not proposed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product
from typing import TypeAlias

from verifier.model.values import Chain, Contract, Model, Skill

MOST_CALLS = 200
MOST_PAIRS = 60


@dataclass(frozen=True, slots=True)
class Call:
    skill: str
    arguments: tuple[str, ...]

    @property
    def text(self) -> str:
        """The call as it stands in a chain."""
        return f"{self.skill}({', '.join(self.arguments)})"


@dataclass(frozen=True, slots=True)
class Gap:
    """What has to be closed: the step before which it is seen (one more than there are steps for
    the chain's end), and the scalars of the clause that fails."""

    step: int
    scalars: frozenset[str]


@dataclass(frozen=True, slots=True)
class Search:
    """The calls to insert before the gap's step, or None where none of those judged will do.

    `judged` counts the candidates that were judged, `possible` those that there are.
    """

    found: tuple[Call, ...] | None
    judged: int
    possible: int


Rebuild: TypeAlias = Callable[[int, tuple[Call, ...]], Chain | None]
Judge: TypeAlias = Callable[[Chain], bool]
Cost: TypeAlias = tuple[bool, Fraction, Fraction, str]


def search(
    model: Model, gap: Gap, rebuild: Rebuild, holds: Judge, may_go_on: Callable[[], bool]
) -> Search:
    """The shortest insertion that closes the gap.

    `rebuild(step, calls)` gives the chain with the calls inserted before the step, or None where
    they cannot stand there; `holds` says whether every obligation of a chain is proved or deferred;
    the search ends early when `may_go_on` says no.
    """
    contracts = _contracts(list(islice(_calls(model), MOST_CALLS)), gap, rebuild)
    useful = {call for call, contract in contracts.items() if contract.frame & gap.scalars}
    singles = [(call,) for call in useful]
    pairs = [pair for pair in product(contracts, repeat=2) if not useful.isdisjoint(pair)]
    cheap_singles = sorted(singles, key=lambda chosen: _cost(chosen, contracts))
    cheap_pairs = sorted(pairs, key=lambda chosen: _cost(chosen, contracts))[:MOST_PAIRS]
    candidates: list[tuple[Call, ...]] = [*cheap_singles, *cheap_pairs]
    possible = len(singles) + len(pairs)
    for judged, candidate in enumerate(candidates):
        if not may_go_on():
            return Search(None, judged, possible)
        chain = rebuild(gap.step, candidate)
        if chain is not None and holds(chain):
            return Search(candidate, judged + 1, possible)
    return Search(None, len(candidates), possible)


def _calls(model: Model) -> Iterator[Call]:
    for skill in model.skills.values():
        for arguments in product(*_choices(skill, model)):
            yield Call(skill.name, arguments)


def _choices(skill: Skill, model: Model) -> list[list[str]]:
    """For each parameter the objects of its type; none for a number."""
    return [
        [name for name, type_name in model.objects.items() if type_name == parameter.type]
        for parameter in skill.parameters
    ]


def _contracts(calls: list[Call], gap: Gap, rebuild: Rebuild) -> dict[Call, Contract]:
    found = {}
    for call in calls:
        chain = rebuild(gap.step, (call,))
        if chain is not None:
            found[call] = chain.steps[gap.step - 1].contract
    return found


def _cost(chosen: tuple[Call, ...], contracts: Mapping[Call, Contract]) -> Cost:
    """No bound on the time is worst; then the greatest and the least time, then the text."""
    durations = [contracts[call].duration for call in chosen]
    highs = [duration.high for duration in durations if duration.high is not None]
    least = sum((duration.low for duration in durations), Fraction(0))
    text = "; ".join(call.text for call in chosen)
    return len(highs) < len(durations), sum(highs, Fraction(0)), least, text
