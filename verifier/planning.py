"""Chains closed and chains built: which calls, at one place, make every obligation of a chain hold.

Both commands ask the same question. A repair looks for calls in front of the step where the chain
fails first, or further to the front; a plan for calls between what is assumed and what is to be
achieved. The finder works on beliefs (repair/belief.py) and is not trusted when it says that
something holds: what it finds is judged in full. What it says cannot be done is its own claim, made
only where every sequence of skills was excluded.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

from verifier.calls import Called, Library, library
from verifier.core.evaluate import NoExactValue, holds
from verifier.core.obligation import Obligation, Question
from verifier.core.span import Span
from verifier.core.term import Formula
from verifier.core.verdict import Refuted, Verdict, Witness
from verifier.judging import AT_END, Effort, first_fault
from verifier.model.settle import settle_chain
from verifier.model.values import Chain, Condition, Step
from verifier.repair import explore
from verifier.repair.belief import Move, Space, space
from verifier.repair.component import split, stated
from verifier.repair.explore import Word
from verifier.repair.search import Ended, Fault, search
from verifier.repair.shortfall import Need, Offer, why
from verifier.source import Source
from verifier.syntax import tree

# How long an obligation of a candidate may take, and after how long no further one is tried.
CANDIDATE_S = 2.0
SEARCH_S = 20.0
ENTRY = ("precondition", "initial", "invariant", "achieve")


@dataclass(frozen=True, slots=True)
class Closed:
    """Calls in front of step `place` (one more than there are steps for the end) with which the
    whole chain is proved."""

    place: int
    calls: tuple[Called, ...]
    chain: Chain


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found, shortest first.

    `refuted` says why no sequence of skills will do at any of the places, `unknown` why nothing can
    be said; both are None where something was found.
    """

    found: tuple[Closed, ...]
    refuted: str | None = None
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class _Gap:
    """A place in a chain, and the chain as it is written without anything new."""

    source: Source
    written: tree.ChainDeclaration
    chain: Chain
    place: int

    @property
    def before(self) -> tuple[Step, ...]:
        return self.chain.steps[: self.place - 1]

    @property
    def behind(self) -> tuple[Step, ...]:
        return self.chain.steps[self.place - 1 :]

    @property
    def span(self) -> Span:
        """Where the new calls would stand, for messages."""
        steps = self.written.steps
        return steps[min(self.place, len(steps)) - 1].span if steps else self.written.name.span

    def with_calls(self, calls: Sequence[Called]) -> Chain | None:
        """The chain with the calls at the place; None where they cannot stand there."""
        new = tuple(each.call for each in calls if each.call is not None)
        steps = self.written.steps
        whole = (*steps[: self.place - 1], *new, *steps[self.place - 1 :])
        return settle_chain(self.source.scope, replace(self.written, steps=whole), [])


@dataclass(frozen=True, slots=True)
class _Task:
    """The question about a gap: from `start` to a belief without the bits `wrong`."""

    space: Space
    offers: tuple[Offer, ...]
    calls: tuple[Called, ...]
    start: int | None
    wrong: int
    needs: tuple[Need, ...]
    possible: bool
    budget: Fraction | None


def repairs(source: Source, chain: Chain, step: int, effort: Effort, most: int) -> Outcome:
    """Calls that close the gap which shows before `step`, there or further to the front."""
    ends = time.monotonic() + SEARCH_S
    written = source.scope.chains[chain.declared]
    known: dict[Question, Verdict] = {}
    first: Outcome | None = None
    for place in range(step, 0, -1):
        gap = _Gap(source, written, chain, place)
        outcome = _closed(gap, effort, most, known, ends)
        if outcome.found or outcome.unknown:
            return outcome
        first = first or outcome
    assert first is not None
    return first


def plans(source: Source, chain: Chain, effort: Effort, most: int) -> Outcome:
    """Chains of calls from what the chain assumes to what it achieves, whatever its own steps."""
    written = replace(source.scope.chains[chain.declared], steps=())
    empty = replace(chain, steps=(), body=())
    ends = time.monotonic() + SEARCH_S
    if _impossible(source, empty, effort):
        return Outcome((), refuted="no state satisfies all that it is to achieve")
    return _closed(_Gap(source, written, empty, 1), effort, most, {}, ends)


def _impossible(source: Source, chain: Chain, effort: Effort) -> bool:
    """Whether no state at all is a goal."""
    goal = replace(chain, assumptions=chain.goals, goals=(), deadlines=())
    failed = first_fault(source.model, goal, effort, {})
    return failed is not None and isinstance(failed[1], Refuted)


def _closed(
    gap: _Gap, effort: Effort, most: int, known: dict[Question, Verdict], ends: float
) -> Outcome:
    """What closes this gap, or why nothing does."""
    calls = library(gap.source.scope, gap.source.model, gap.chain, gap.span)
    task = _task(gap, (*calls.calls, *calls.open_calls))
    if task.start is None:
        return Outcome((), unknown="what comes before the gap does not hold")
    if not task.possible:
        return Outcome((), refuted="a clause that has to hold is false in every state")
    quick = replace(effort, timeout_s=min(effort.timeout_s, CANDIDATE_S))

    lacking: list[Need] = []

    def judge(word: Word) -> Closed | Fault:
        return _judged(gap, task, word, quick, known, lacking)

    def may_go_on() -> bool:
        return time.monotonic() < ends

    unjudged = frozenset(k for k, each in enumerate(task.calls) if each.call is None)
    ended = search(_question(task, task.start), unjudged, judge, may_go_on, most)
    if ended.solutions:
        return Outcome(tuple(found for _, found in ended.solutions))
    return _nothing(task, calls, ended, lacking)


def _task(gap: _Gap, calls: Sequence[Called]) -> _Task:
    model = gap.source.model
    before = [step.contract for step in gap.before]
    behind = [step.contract for step in gap.behind]
    goals = list(stated(gap.chain.goals))
    whole, useful = space(
        {name: scalar.sort for name, scalar in model.scalars.items()},
        [part for domain in model.domains for part in split(domain.formula)],
        list(stated(gap.chain.assumptions)),
        before,
        behind,
        [each.contract for each in calls],
        goals,
    )
    start = whole.start(stated(gap.chain.assumptions))
    for contract in before:
        start = None if start is None else whole.move(contract).after(start)
    wrong, needs, possible = _target(whole, gap)
    offers = tuple(_offer(whole, calls[k]) for k in useful)
    chosen = tuple(calls[k] for k in useful)
    return _Task(whole, offers, chosen, start, wrong, needs, possible, _budget(gap.chain))


def _budget(chain: Chain) -> Fraction | None:
    """How long the new calls may take at most, in seconds; None without a deadline."""
    if not chain.deadlines:
        return None
    least = min(deadline.bound for deadline in chain.deadlines)
    highs = [step.contract.duration.high for step in chain.steps]
    if None in highs:
        return Fraction(-1)
    return least - sum((high for high in highs if high is not None), Fraction(0))


def _target(whole: Space, gap: _Gap) -> tuple[int, tuple[Need, ...], bool]:
    """The bits that must not be set behind the new calls, for the rest of the chain to hold; what
    that comes from; and whether it is possible at all."""
    needs: list[Need] = [_need(whole, condition) for condition in gap.chain.goals]
    possible = all(need.wrong != -1 for need in needs)
    for step in reversed(gap.behind):
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


# ---- judging -----------------------------------------------------------------------------------


def _judged(
    gap: _Gap,
    task: _Task,
    word: Word,
    effort: Effort,
    known: dict[Question, Verdict],
    lacking: list[Need],
) -> Closed | Fault:
    """The chain with these calls if it is proved, or where it fails; the clause that does is added
    to `lacking`."""
    calls = tuple(task.calls[k] for k in word)
    candidate = gap.with_calls(calls)
    if candidate is None:
        return Fault(len(word), None, certain=True)
    failed = first_fault(gap.source.model, candidate, effort, known)
    if failed is None:
        return Closed(gap.place, calls, candidate)
    obligation, verdict = failed
    certain = isinstance(verdict, Refuted)
    passed = len(word) if obligation.rule in AT_END else obligation.step - gap.place
    if passed < 0:
        return Fault(len(word), None, certain)
    clause = failing(candidate, obligation, verdict)
    if clause is None:
        return Fault(passed, None, certain)
    need, part = clause
    lacking.append(need)
    homes = task.space.parts.homes(part)
    (home, *others) = homes or {None}
    return Fault(passed, None if others else home, certain)


def failing(chain: Chain, obligation: Obligation, verdict: Verdict) -> tuple[Need, Formula] | None:
    """The clause that a witness shows to fail where it has to hold, and the part of it that does;
    None if no single clause is to blame."""
    match verdict:
        case Refuted(Witness(values, failed)) if obligation.rule in ENTRY:
            clauses = _clauses(chain, obligation)
        case _:
            return None
    named = next((clause for clause in clauses if clause.span == failed.span), None)
    try:
        wrong = [part for part in split(failed.formula) if not holds(part, values)]
    except NoExactValue:
        return None
    if named is None or not wrong:
        return None
    return Need(named.text, (wrong[0],), None), wrong[0]


def _clauses(chain: Chain, obligation: Obligation) -> tuple[Condition, ...]:
    if obligation.rule in AT_END:
        return chain.goals
    contract = chain.steps[obligation.step - 1].contract
    return (*contract.requires, *contract.invariants)


# ---- nothing found -----------------------------------------------------------------------------


def _nothing(task: _Task, calls: Library, ended: Ended[Closed], lacking: Sequence[Need]) -> Outcome:
    """Why nothing was found: a proof where every sequence was excluded."""
    tried = f"{_count(ended.judged, 'candidate')} judged, {_count(ended.settled, 'state')} settled"
    if ended.doubt is not None:
        first = next(task.calls[k] for k in ended.doubt if task.calls[k].call is None)
        return Outcome((), unknown=f"`{first.text}` might help with some other number ({tried})")
    if not ended.exhausted:
        return Outcome((), unknown=f"the search took too long ({tried})")
    if not calls.whole:
        return Outcome((), unknown=f"there are too many calls of skills to try ({tried})")
    if not ended.certain:
        return Outcome((), unknown=f"not every candidate could be decided ({tried})")
    return Outcome((), refuted=f"{_reason(task, ended, lacking)} ({tried})")


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
