"""Chains closed and chains built: which calls, at one place, make every obligation of a chain hold.

Both commands ask the same question. A repair looks for calls in front of the step where the chain
fails first, or further to the front; a plan for calls between what is assumed and what is to be
achieved. The finder works on beliefs (repair/belief.py) and is not trusted when it says that
something holds: what it finds is judged in full. What it says cannot be done is its own claim, made
only where every sequence of skills was excluded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

from verifier.closing.calls import Called, Library, library
from verifier.closing.editing import inserted, replaced
from verifier.closing.trial import Closed, NoMotion, Propose, Slot, Trial, no_motion
from verifier.core.diagnostic import Diagnostic
from verifier.core.obligation import Question
from verifier.core.verdict import Refuted, Verdict
from verifier.judging import Effort, first_fault
from verifier.model.values import Chain, Condition, Step
from verifier.repair import explore
from verifier.repair.belief import Move, Space, space
from verifier.repair.component import split, stated
from verifier.repair.search import Ended, search
from verifier.repair.shortfall import Need, Offer, why
from verifier.source import Source

# How long an obligation of a candidate may take, and after how long no further one is tried: in
# processor time of this process, and on the clock, for what its children do.
CANDIDATE_S = 2.0
SEARCH_S = 20.0
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found, shortest first.

    `refuted` says why no sequence of skills will do at any of the places, `unknown` why nothing can
    be said; both are None where something was found. `motions` says why no transition does, and
    `faults` what is wrong with the question that one would answer.
    """

    found: tuple[Closed, ...]
    refuted: str | None = None
    unknown: str | None = None
    motions: tuple[NoMotion, ...] = ()
    faults: tuple[Diagnostic, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether nothing was left open about transitions."""
        return all(each.is_sure for each in self.motions)


@dataclass(frozen=True, slots=True)
class _Task:
    """The question about a slot: from `start` to a belief without the bits `wrong`."""

    space: Space
    offers: tuple[Offer, ...]
    calls: tuple[Called, ...]
    start: int | None
    wrong: int
    needs: tuple[Need, ...]
    possible: bool
    budget: Fraction | None


def repairs(
    source: Source, chain: Chain, step: int, effort: Effort, most: int, propose: Propose = no_motion
) -> Outcome:
    """What closes the gap which shows before `step`, there or further to the front: calls of the
    library, and motions where they are proposed."""
    may_go_on = _patience()
    written = source.scope.chains[chain.declared]
    known: dict[Question, Verdict] = {}
    first: Outcome | None = None
    for place in range(step, 0, -1):
        slot = Slot(source, written, chain, place, inserted)
        outcome = _closed(slot, effort, most, known, may_go_on, propose)
        if outcome.found or outcome.unknown:
            return outcome
        first = first or outcome
    assert first is not None
    return first


def plans(
    source: Source, chain: Chain, effort: Effort, most: int, propose: Propose = no_motion
) -> Outcome:
    """What leads from what the chain assumes to what it achieves, whatever its own steps."""
    written = replace(source.scope.chains[chain.declared], steps=())
    empty = replace(chain, steps=(), body=())
    may_go_on = _patience()
    if _impossible(source, empty, effort):
        return Outcome((), refuted="no state satisfies all that it is to achieve")
    slot = Slot(source, written, empty, 1, replaced)
    return _closed(slot, effort, most, {}, may_go_on, propose)


def _patience() -> Callable[[], bool]:
    """Whether a search that begins now may go on."""
    spent, late = time.process_time() + SEARCH_S, time.monotonic() + PATIENCE_S
    return lambda: time.process_time() < spent and time.monotonic() < late


def _impossible(source: Source, chain: Chain, effort: Effort) -> bool:
    """Whether no state at all is a goal."""
    goal = replace(chain, assumptions=chain.goals, goals=(), deadlines=())
    failed = first_fault(source.model, goal, effort, {})
    return failed is not None and isinstance(failed[1], Refuted)


def _closed(
    slot: Slot,
    effort: Effort,
    most: int,
    known: dict[Question, Verdict],
    may_go_on: Callable[[], bool],
    propose: Propose,
) -> Outcome:
    """What closes this gap, or why nothing does."""
    calls = library(slot.source.scope, slot.source.model, slot.chain, slot.span)
    task = _task(slot, (*calls.calls, *calls.open_calls))
    if task.start is None:
        return Outcome((), unknown="what comes before the gap does not hold")
    if not task.possible:
        return Outcome((), refuted="a clause that has to hold is false in every state")
    quick = replace(effort, timeout_s=min(effort.timeout_s, CANDIDATE_S))
    trial = Trial(slot, task.space.parts, task.calls, quick, effort, known, propose)
    unjudged = frozenset(k for k, each in enumerate(task.calls) if each.call is None)
    ended = search(_question(task, task.start), unjudged, trial.judge, may_go_on, most)
    if ended.solutions:
        return Outcome(tuple(found for _, found in ended.solutions))
    return _nothing(task, calls, ended, trial)


def _task(slot: Slot, calls: Sequence[Called]) -> _Task:
    model = slot.source.model
    before = [step.contract for step in slot.before]
    behind = [step.contract for step in slot.behind]
    goals = list(stated(slot.chain.goals))
    whole, useful = space(
        {name: scalar.sort for name, scalar in model.scalars.items()},
        [part for domain in model.domains for part in split(domain.formula)],
        list(stated(slot.chain.assumptions)),
        before,
        behind,
        [each.contract for each in calls],
        goals,
    )
    start = whole.start(stated(slot.chain.assumptions))
    for contract in before:
        start = None if start is None else whole.move(contract).after(start)
    wrong, needs, possible = _target(whole, slot)
    offers = tuple(_offer(whole, calls[k]) for k in useful)
    chosen = tuple(calls[k] for k in useful)
    return _Task(whole, offers, chosen, start, wrong, needs, possible, _budget(slot.chain))


def _budget(chain: Chain) -> Fraction | None:
    """How long the new calls may take at most, in seconds; None without a deadline."""
    if not chain.deadlines:
        return None
    least = min(deadline.bound for deadline in chain.deadlines)
    highs = [step.contract.duration.high for step in chain.steps]
    if None in highs:
        return Fraction(-1)
    return least - sum((high for high in highs if high is not None), Fraction(0))


def _target(whole: Space, slot: Slot) -> tuple[int, tuple[Need, ...], bool]:
    """The bits that must not be set behind the new calls, for the rest of the chain to hold; what
    that comes from; and whether it is possible at all."""
    needs: list[Need] = [_need(whole, condition) for condition in slot.chain.goals]
    possible = all(need.wrong != -1 for need in needs)
    for step in reversed(slot.behind):
        move = whole.move(step.contract)
        possible = possible and move.possible
        needs = _needs(whole, step) + [_earlier(whole, step, move, need) for need in needs]
    wrong = 0
    for need in needs:
        wrong |= need.wrong or 0
    return wrong, tuple(needs), possible


def _earlier(whole: Space, step: Step, move: Move, need: Need) -> Need:
    """What is needed before the step for what is needed behind it."""
    if not need.wrong:
        return need
    wrong = whole.before(move, need.wrong)
    spoiled = any(mask & ~wrong == 0 for mask in whole.masks.values())
    return replace(
        need, wrong=wrong, spoiled=need.spoiled or (step.contract.text if spoiled else None)
    )


def _needs(whole: Space, step: Step) -> list[Need]:
    return [_need(whole, c) for c in (*step.contract.requires, *step.contract.invariants)]


def _need(whole: Space, condition: Condition) -> Need:
    parts = tuple(stated([condition]))
    found = [whole.wrong(part) for part in parts]
    wrong: int | None = None
    for bits in found:
        if bits is not None:
            wrong = (wrong or 0) | bits
    return Need(condition.text, parts, wrong)


def _offer(whole: Space, called: Called) -> Offer:
    contract = called.contract
    needs = tuple(_need(whole, c) for c in (*contract.requires, *contract.invariants))
    return Offer(called.text, whole.move(contract), contract.frame, needs)


def _question(task: _Task, start: int) -> explore.Question:
    """The question with prices in whole parts of a second."""
    scale, beyond = _scale(task)
    highs = [each.contract.duration.high for each in task.calls]
    prices = [beyond if high is None else int(high * scale) for high in highs]
    budget = None if task.budget is None else int(task.budget * scale)
    moves: list[Move] = [offer.move for offer in task.offers]
    return explore.Question(start, moves, prices, task.wrong, task.space.width, budget)


def _scale(task: _Task) -> tuple[int, int]:
    """How many parts a second has, so that all times are whole; and a price beyond all sums of
    them that matter, for a call without a bound on its time."""
    budget = task.budget or Fraction(0)
    highs = [each.contract.duration.high for each in task.calls]
    known = [high for high in highs if high is not None]
    scale = lcm(budget.denominator, *(high.denominator for high in known))
    return scale, max(0, int(budget * scale)) + 1


# ---- nothing found -----------------------------------------------------------------------------


def _nothing(task: _Task, calls: Library, ended: Ended[Closed], trial: Trial) -> Outcome:
    """Why nothing was found: a proof where every sequence was excluded."""
    tried = f"{_count(ended.judged, 'candidate')} judged, {_count(ended.settled, 'state')} settled"
    motions, faults = tuple(dict.fromkeys(trial.reasons)), tuple(dict.fromkeys(trial.faults))
    open_end = _open_end(task, calls, ended)
    if open_end is not None:
        return Outcome((), None, f"{open_end} ({tried})", motions, faults)
    return Outcome((), f"{_reason(task, ended, trial.lacking)} ({tried})", None, motions, faults)


def _open_end(task: _Task, calls: Library, ended: Ended[Closed]) -> str | None:
    """Why it is no proof that nothing was found; None if it is one."""
    if ended.doubt is not None:
        first = next(task.calls[k] for k in ended.doubt if task.calls[k].call is None)
        return f"`{first.text}` might help with some other number"
    if not ended.exhausted:
        return "the search took too long"
    if not calls.whole:
        return "there are too many calls of skills to try"
    return None if ended.certain else "not every candidate could be decided"


def _reason(task: _Task, ended: Ended[Closed], lacking: Sequence[Need]) -> str:
    assert task.start is not None
    question = _question(task, task.start)
    least = explore.cheapest(question)
    if question.budget is not None and least is not None and least > question.budget:
        return _too_slow(task, least)
    needs = task.needs if least is None else lacking[:1]
    if not needs:
        return "no candidate can be proved"
    return why(task.space, task.offers, ended.seen, needs)


def _too_slow(task: _Task, least: int) -> str:
    """That the deadline is too early for every way there; `least` is what the fastest takes."""
    assert task.budget is not None
    scale, beyond = _scale(task)
    allowed = f"{float(max(task.budget, Fraction(0))):.4g} s"
    if least >= beyond and any(each.contract.duration.high is None for each in task.calls):
        return f"no way there is sure to take at most the {allowed} that are left for it"
    return f"every way there may take {float(Fraction(least, scale)):.4g} s, and {allowed} are left"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
