"""Property: what a temporal property says of a run, as far as durations, frames and contracts tell.

Of a property that reads nothing of the environment two things are owed, both of every run of the
chain that keeps its contracts, from its first moment to its last; the trace of such a run has a
sample where a step ends.

    kept        whatever moment of the step asks, the property surely holds
    possible    no border of the chain makes the property impossible

What is not kept surely is no mistake: skills may well do better than they promise. It is deferred
to the monitor of the property, which the bundle has in any case. What is not possible is refuted:
every run violates the property. moments.py says what is sure and what is possible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from verifier.core.obligation import (
    Deferral,
    Entailment,
    Existence,
    Fact,
    Obligation,
    Question,
    Takeover,
)
from verifier.core.term import TRUE, Formula, variables
from verifier.model.body import blocks_of, frame_of
from verifier.model.values import (
    DEFAULT_FALLBACK,
    Atom,
    Attempt,
    Block,
    Chain,
    Connective,
    Inlined,
    Modal,
    Parallel,
    Property,
    Statement,
    Step,
    Temporal,
)
from verifier.obligations.moments import Moments, Stretch, TooLarge
from verifier.obligations.path import Path, Place, obligation

MOST_STEPS = 100
"""Of longer chains nothing is said beforehand: their properties are left to the bundle."""


def properties(path: Path, chain: Chain) -> list[Obligation]:
    """What the chain owes for each property that it can say something about beforehand."""
    if chain.refinement is not None or len(chain.steps) > MOST_STEPS:
        return []
    return [each for prop in path.properties if static(prop) for each in _owed(path, chain, prop)]


def static(prop: Property) -> bool:
    """Whether the property speaks only about what skills control."""
    return not prop.reads_environment


def _owed(path: Path, chain: Chain, prop: Property) -> Iterator[Obligation]:
    owing = _Owing(path, chain, prop, _parts(prop.formula))
    body = tuple(_flat(chain.body))
    stretches = list(_stretches(body, frozenset(), False))
    top = [each for each in stretches if each.steps[0] in body]
    first = top[0] if top and top[0].steps[0] == body[0] else Stretch(())
    if first.steps != body or not body or any(part.once for part in owing.parts):
        yield owing.at_start(first)
    for stretch in stretches:
        for position, step in enumerate(stretch.steps):
            if position == 0 or stretch.beside or owing.may_change(step):
                yield from owing.kept(stretch, position)
    for number, stretch in enumerate(top, start=1):
        yield from owing.possible(stretch, "" if len(top) == 1 else f"/{number}")


# ---- the parts of a property -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """A formula that is asked at every moment, or with `once` where the run begins."""

    body: Temporal
    once: bool


def _parts(formula: Temporal) -> tuple[_Part, ...]:
    match formula:
        case Connective("and", operands):
            return tuple(part for operand in operands for part in _parts(operand))
        case Modal("always", interval, (body,)) if interval.low == 0 and interval.high is None:
            return (_Part(body, once=False),)
        case _:
            return (_Part(formula, once=True),)


def _timeless(formula: Temporal) -> bool:
    match formula:
        case Atom():
            return True
        case Connective(_, operands):
            return all(map(_timeless, operands))
        case Modal():
            return False


def _read(formula: Temporal) -> frozenset[str]:
    match formula:
        case Atom(state):
            return frozenset(name for name, _ in variables(state))
        case Connective(_, operands) | Modal(_, _, operands):
            return frozenset[str]().union(*map(_read, operands))


# ---- the parts of a chain ----------------------------------------------------------------------


def _flat(block: Block) -> Iterator[Statement]:
    """The block with the steps of called chains in their place."""
    for statement in block:
        if isinstance(statement, Inlined):
            yield from _flat(statement.body)
        else:
            yield statement


def _stretches(block: Block, beside: frozenset[str], breaks: bool) -> Iterator[Stretch]:
    """The steps of the block and of those below, as far as they follow one another."""
    run: list[Step] = []
    for statement in (*_flat(block), None):
        if isinstance(statement, Step):
            run.append(statement)
            continue
        if run:
            yield Stretch(tuple(run), beside, breaks)
            run = []
        for below in () if statement is None else blocks_of(statement):
            others = beside
            if isinstance(statement, Parallel):
                branches = (each for each in statement.branches if each is not below)
                others = others.union(*map(frame_of, branches))
            fails = isinstance(statement, Attempt) and below == statement.body
            yield from _stretches(below, others, breaks or fails)


# ---- what is owed ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Owing:
    path: Path
    chain: Chain
    prop: Property
    parts: tuple[_Part, ...]

    def may_change(self, step: Step) -> bool:
        """Whether anything about the property may come to be otherwise while the step runs. If not,
        every moment of it is like one before, as far as the property reads it."""
        return any(
            not _timeless(part.body) or _read(part.body) & step.contract.frame
            for part in self.parts
            if not part.once
        )

    def moments(self, stretch: Stretch) -> Moments:
        steps = stretch.steps
        start = self.path.before[steps[0].number] if steps else self.path.places[0]
        fresh = 1 + max(v for place in self.path.places for v in (0, *place.view.values()))
        return Moments(self.path, stretch, start, fresh)

    def at_start(self, stretch: Stretch) -> Obligation:
        """What is asked where the run begins."""
        moments = self.moments(stretch)
        try:
            here = moments.border(0)
            goals = [moments.condition("surely", part.body, here) for part in self.parts]
        except TooLarge:
            return self.deferred(None, self.path.places[0])
        found = moments.known([self.fact(goal) for goal in goals])
        return self.owe(None, "", *found[:2], Entailment(found[2], tuple(map(self.fact, goals))))

    def kept(self, stretch: Stretch, position: int) -> Iterator[Obligation]:
        """That whatever moment of the step asks, the property surely holds."""
        step, moments = stretch.steps[position], self.moments(stretch)
        asked = [part.body for part in self.parts if not part.once]
        if not asked:
            return
        try:
            here = moments.inside(position)
            goals = [self.fact(moments.condition("surely", body, here)) for body in asked]
        except TooLarge:
            yield self.deferred(step, self.path.before[step.number])
            return
        path, place, known = moments.known(goals)
        yield self.owe(step, "", path, place, Entailment(known, tuple(goals)))

    def possible(self, stretch: Stretch, suffix: str) -> Iterator[Obligation]:
        """That no border of the stretch makes the property impossible."""
        moments = self.moments(stretch)
        wanted: list[Fact] = []
        try:
            for number in range(len(stretch.steps) + 1):
                for part in self.parts:
                    if part.once and (number or not self.begins(stretch)):
                        continue
                    here = moments.border(number)
                    found = moments.condition("possibly", part.body, here)
                    wanted += [] if found == TRUE else [self.fact(found)]
        except TooLarge:
            return
        if not wanted:
            return
        path, place, known = moments.known(wanted)
        question = Existence((*known, *wanted))
        yield self.owe(None, f"/possible{suffix}", path, place, question)

    def begins(self, stretch: Stretch) -> bool:
        return stretch.steps[0] == next(_flat(self.chain.body))

    def fact(self, formula: Formula) -> Fact:
        return Fact(formula, self.prop.span, f"property {self.prop.name}")

    def owe(
        self, step: Step | None, part: str, path: Path, place: Place, question: Question
    ) -> Obligation:
        rule = f"property/{self.prop.name}{part}"
        found = obligation(path, place, self.chain, step, rule, question)
        takeover = Takeover(self.prop.name, self.prop.fallback or DEFAULT_FALLBACK)
        return replace(found, rule="property", span=self.prop.span, takeover=takeover)

    def deferred(self, step: Step | None, place: Place) -> Obligation:
        """That the property is left to its monitor without a question."""
        fallback = self.prop.fallback or DEFAULT_FALLBACK
        question = Deferral((self.fact(TRUE),), self.prop.name, fallback)
        return self.owe(step, "", self.path, place, question)
