"""A candidate of a search, judged in full: a chain with new calls at one place, and a transition
between them where a motion closes what they leave open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from verifier.closing.calls import Called
from verifier.closing.editing import Edit, New
from verifier.core.diagnostic import Diagnostic
from verifier.core.evaluate import NoExactValue, holds
from verifier.core.obligation import Obligation, Question
from verifier.core.span import Span
from verifier.core.term import Formula
from verifier.core.verdict import Refuted, Verdict, Witness
from verifier.judging import Effort, first_fault
from verifier.model.settle import settle_chain
from verifier.model.values import Chain, Condition, Step
from verifier.repair.component import Partition, split
from verifier.repair.explore import Word
from verifier.repair.search import Fault
from verifier.repair.shortfall import Need
from verifier.report.values import AT_END
from verifier.source import Mistakes, Source, settled
from verifier.syntax import tree

ENTRY = ("precondition", "initial", "invariant", "achieve")
MOST_MOTIONS = 8
"""Candidates for which motions are asked for; each takes a good part of a second."""
MOST_IN_A_ROW = 4
"""Further transitions in one candidate."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A transition: its call, and the declarations that stand in front of the chain."""

    call: str
    declarations: str


@dataclass(frozen=True, slots=True)
class NoMotion:
    """Why no transition is proposed: for a reason that is proved if it `is_sure`. Starts under one
    of the conditions `served`, of the chain's own start, have one."""

    told: str
    is_sure: bool
    served: tuple[str, ...] = ()


Proposals: TypeAlias = Iterable[Proposal | NoMotion | Diagnostic]
Propose: TypeAlias = Callable[[Source, Chain, int, Formula], Proposals]
"""Transitions for a chain of which a clause fails before the step, or why there is none."""
Failed: TypeAlias = tuple[Obligation, Verdict]
Write: TypeAlias = Callable[[str, tree.ChainDeclaration, int, New], Edit]


def no_motion(source: Source, chain: Chain, place: int, clause: Formula) -> Proposals:
    """Nothing."""
    return ()


@dataclass(frozen=True, slots=True)
class Closed:
    """Calls in front of step `place` (one more than there are steps for the end) with which the
    whole chain is proved, and the declarations that they need."""

    place: int
    calls: tuple[str, ...]
    chain: Chain
    declarations: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a chain, the chain as it is written without anything new, and how something is
    written there."""

    source: Source
    written: tree.ChainDeclaration
    chain: Chain
    place: int
    write: Write

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

    def edited(self, new: New) -> Edit:
        """The file of the chain with what is new."""
        text = self.source.texts[self.chain.span.file]
        return self.write(text, self.source.scope.chains[self.chain.declared], self.place, new)


@dataclass(slots=True)
class Trial:
    """What one search has learnt so far, with a `quick` effort for candidates and the whole one for
    those with a transition: `known` verdicts, clauses found `lacking`, the `moved`
    candidates that a motion completed, and the `reasons` for which others were not; `faults` are
    reasons that are mistakes in the source."""

    slot: Slot
    parts: Partition
    calls: Sequence[Called]
    quick: Effort
    effort: Effort
    known: dict[Question, Verdict]
    propose: Propose
    lacking: list[Need] = field(default_factory=list)
    moved: list[Word] = field(default_factory=list)
    reasons: list[NoMotion] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)
    asked: int = 0

    def judge(self, word: Word) -> Closed | Fault:
        """The chain with these calls if it is proved, as they are or with a transition between
        them, or where it fails."""
        slot = self.slot
        calls = [self.calls[k] for k in word]
        candidate = slot.with_calls(calls)
        if candidate is None:
            return Fault(len(word), None, certain=True)
        failed = first_fault(slot.source.model, candidate, self.quick, self.known)
        if failed is None:
            return Closed(slot.place, tuple(each.text for each in calls), candidate)
        failed = self._at_entry(slot.source, candidate, failed, self.known)
        obligation, verdict = failed
        certain = isinstance(verdict, Refuted)
        at_end = obligation.rule in AT_END
        passed = len(candidate.steps) + 1 - slot.place if at_end else obligation.step - slot.place
        clause = failing(candidate, obligation, verdict)
        if passed < 0 or clause is None:
            return Fault(len(word) if passed < 0 else passed, None, certain)
        need, part = clause
        self.lacking.append(need)
        if passed <= len(word):
            closed = self._with_motion(word, candidate, passed, part)
            if closed is not None:
                return closed
        homes = self.parts.homes(part)
        (home, *others) = homes or {None}
        return Fault(passed, None if others else home, certain)

    def _with_motion(
        self, word: Word, candidate: Chain, passed: int, clause: Formula
    ) -> Closed | None:
        """The candidate with a transition behind its first `passed` new calls, if one closes what
        is left open; not where fewer of the calls were enough with one."""
        if self.asked == MOST_MOTIONS or any(_contains(word, each) for each in self.moved):
            return None
        self.asked += 1
        texts = [self.calls[k].text for k in word]
        for proposal in self.propose(self.slot.source, candidate, self.slot.place + passed, clause):
            if isinstance(proposal, Diagnostic):
                self.faults.append(proposal)
                self.reasons.append(NoMotion(proposal.message, is_sure=True))
                continue
            if isinstance(proposal, NoMotion):
                self.reasons.append(proposal)
                continue
            calls = (*texts[:passed], proposal.call, *texts[passed:])
            closed = self._settled(calls, proposal.declarations)
            if isinstance(closed, Closed):
                self.moved.append(word)
                return closed
            self.reasons.append(NoMotion(closed, is_sure=False))
        return None

    def _at_entry(
        self, source: Source, chain: Chain, failed: Failed, known: dict[Question, Verdict]
    ) -> Failed:
        """The first clause that fails where it has to hold, or else what failed first."""
        if failing(chain, *failed) is not None:
            return failed
        return (
            first_fault(source.model, chain, self.effort, known, lambda each: each.rule in ENTRY)
            or failed
        )

    def _settled(
        self, calls: tuple[str, ...], declarations: str, more: int = MOST_IN_A_ROW
    ) -> Closed | str:
        """The text with all that is new, judged as it would be read, with a further transition
        where the new calls leave another gap; or what is wrong with it."""
        slot = self.slot
        changed = slot.edited(New(calls, "", declarations))
        try:
            again = settled(slot.source.path, changed.text)
        except Mistakes as mistakes:
            return f"the transition cannot stand there: {mistakes.diagnostics[0].message}"
        chain = again.model.chains[slot.chain.name]
        known: dict[Question, Verdict] = {}
        first = first_fault(again.model, chain, self.effort, known)
        if first is None:
            return Closed(slot.place, calls, chain, declarations)
        failed = self._at_entry(again, chain, first, known)
        clause = failing(chain, *failed)
        passed = _behind(calls, failed[0].step - slot.place, failed[0].rule in AT_END)
        if more and clause and passed is not None:
            for proposal in self.propose(again, chain, slot.place + passed, clause[1]):
                if isinstance(proposal, Proposal):
                    longer = (*calls[:passed], proposal.call, *calls[passed:])
                    both = f"{declarations}\n{proposal.declarations}"
                    closed = self._settled(longer, both, more - 1)
                    if isinstance(closed, Closed):
                        return closed
        fails = "fails" if isinstance(failed[1], Refuted) else "stays unknown"
        needed = f"`{clause[0].text}` " if clause else ""
        return f"a transition closes this gap, but {needed}{fails} then: {failed[0].id}"


def _behind(calls: Sequence[str], passed: int, at_end: bool) -> int | None:
    """How many of the calls, each of which is one step, stand before what fails; None if that is
    not among them or right behind."""
    if any("{" in call for call in calls):
        return None
    passed = len(calls) if at_end else passed
    return passed if 0 < passed <= len(calls) else None


def _contains(word: Word, other: Word) -> bool:
    """Whether all calls of the other sequence are in this one."""
    left = list(word)
    for each in other:
        if each not in left:
            return False
        left.remove(each)
    return True


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
