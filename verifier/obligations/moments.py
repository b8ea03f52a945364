"""What a temporal formula says at a moment of a run, as state formulas over the run's versions.

A run of consecutive steps has borders, at which a step ends and the next one begins, and moments
inside of a step, its ends included. At a border the facts of the path hold. Inside of a step the
scalars of its frame have any value that its invariants and the domains allow, and all others stand
as they were. The time between two borders is the sum of the durations between them.

`surely` is a condition that makes the formula true, `possibly` one without which it is false. With
T_j the time of border j and [a, b] the bound, at a moment t of step k

    surely   p until r    r now if a = 0, or r at some border j with T_j - t surely in [a, b] and
                          p at every moment of the steps from k up to border j
    possibly p until r    r now if a = 0, or p now and r at any moment of a step k, k + 1, … that
                          t + [a, b] may reach; true where it may reach beyond the last border
    surely not p          not possibly p

and likewise for `since` with the borders before. What is between two samples of a trace is not
looked at: `next` and `previous` are possible and never sure. Each moment inside of a step has a
version of its own, which occurs in one place: so it stands for all moments in `surely`, and for
some moment in `possibly`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

from verifier.core.obligation import Fact
from verifier.core.term import (
    FALSE,
    TRUE,
    Comparison,
    Formula,
    Real,
    Sort,
    Term,
    Variable,
    add,
    conjunction,
    disjunction,
    negation,
    number,
    variables,
)
from verifier.core.unit import TIME
from verifier.model.values import Atom, Connective, Interval, Modal, Step, Temporal
from verifier.obligations.elapsed import between, duration_name
from verifier.obligations.path import Path, Place, View, at, entry_facts, placed, provable, relevant

MOST_PARTS = 2000
Way = Literal["surely", "possibly"]
Span = tuple[int, int]


class TooLarge(Exception):
    """A formula that speaks of more moments than are looked at."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Steps that follow one another. `beside` are scalars that branches of `||` beside them may
    change at any moment; `breaks` says that any of them may fail, in a `try`."""

    steps: tuple[Step, ...]
    beside: frozenset[str] = frozenset()
    breaks: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """The border before step `position` of a stretch, counted from 0, or a moment `inside` of that
    step."""

    position: int
    inside: bool
    view: View


@dataclass(slots=True)
class Moments:
    """The moments of a stretch that formulas spoke of, and what is known there.

    `fresh` is a version that the path does not use. `place` is the last place of the path that was
    reached, `facts` what holds at moments inside of steps, `used` the steps whose time counts.
    """

    path: Path
    stretch: Stretch
    start: Place
    fresh: int
    place: Place = field(init=False)
    facts: list[Fact] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    used: dict[int, Step] = field(default_factory=dict)
    parts: int = 0

    def __post_init__(self) -> None:
        self.place = self.start

    # ---- moments -------------------------------------------------------------------------------

    def border(self, position: int) -> Moment:
        """The border before the step at this position; behind the last step is the last border."""
        steps = self.stretch.steps
        place = self.path.after[steps[position - 1].number] if position else self.start
        return Moment(position, False, self._seen(place, frozenset()))

    def inside(self, position: int) -> Moment:
        """A moment of the step at this position, and what is known there."""
        step = self.stretch.steps[position]
        before = self.path.before[step.number]
        moment = Moment(position, True, self._seen(before, step.contract.frame))
        self.facts += entry_facts(step, before.view)
        origin = f"step {step.label}: {step.contract.text}"
        kept = [c for c in step.contract.invariants if provable(c)]
        self.facts += [at(c, origin, moment.view, before.view) for c in kept]
        return moment

    def _seen(self, place: Place, changing: frozenset[str]) -> View:
        if place.known > self.place.known:
            self.place = place
        changing |= self.stretch.beside
        view = place.view
        if changing:
            view = {**view, **dict.fromkeys(changing, self.fresh)}
            self.fresh += 1
            self.views.append(view)
        return view

    def _taken(self, between: Span) -> Term:
        """The time from one border to a later one."""
        steps = self.stretch.steps[between[0] : between[1]]
        self.used |= {step.number: step for step in steps}
        return add(*(Variable(duration_name(step.number), 0) for step in steps))

    # ---- formulas ------------------------------------------------------------------------------

    def condition(self, way: Way, formula: Temporal, moment: Moment) -> Formula:
        """The state formula that makes `formula` sure at the moment, or without which it is not
        possible. Raises TooLarge."""
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise TooLarge
        match formula:
            case Atom(state):
                return placed(state, moment.view, moment.view)
            case Connective(operator, operands):
                return self._connective(way, operator, operands, moment)
            case Modal(operator, interval, operands):
                return self._modal(way, operator, interval, operands, moment)

    def _not(self, way: Way, formula: Temporal, moment: Moment) -> Formula:
        other: Way = "possibly" if way == "surely" else "surely"
        return negation(self.condition(other, formula, moment))

    def _connective(
        self, way: Way, operator: str, operands: tuple[Temporal, ...], moment: Moment
    ) -> Formula:
        match operator, operands:
            case "not", (body,):
                return self._not(way, body, moment)
            case "and", _:
                return conjunction(self.condition(way, each, moment) for each in operands)
            case "or", _:
                return disjunction(self.condition(way, each, moment) for each in operands)
            case "implies", (left, right):
                return disjunction(
                    (self._not(way, left, moment), self.condition(way, right, moment))
                )
            case _, (left, right):
                same = [self.condition(way, each, moment) for each in operands]
                neither = [self._not(way, each, moment) for each in operands]
                return disjunction((conjunction(same), conjunction(neither)))
        raise AssertionError(operator)

    def _modal(
        self,
        way: Way,
        operator: str,
        interval: Interval,
        operands: tuple[Temporal, ...],
        moment: Moment,
    ) -> Formula:
        last, hold = operands[-1], operands[0] if len(operands) > 1 else None
        denied = Connective("not", (last,))
        match operator:
            case "until" | "eventually" | "since" | "once":
                past = operator in ("since", "once")
                return self._met(way, hold, last, interval, moment, past=past)
            case "always" | "historically":
                dual = Modal("eventually" if operator == "always" else "once", interval, (denied,))
                return self._not(way, dual, moment)
            case "release":
                held = Connective("not", (operands[0],))
                return self._not(way, Modal("until", interval, (held, denied)), moment)
            case _ if way == "surely":
                return FALSE
            case "rise":
                return self.condition(way, last, moment)
            case "fall":
                return self._not(way, last, moment)
            case _:
                return TRUE

    def _met(
        self,
        way: Way,
        hold: Temporal | None,
        goal: Temporal,
        interval: Interval,
        moment: Moment,
        *,
        past: bool,
    ) -> Formula:
        """`hold until goal`, or in the past `hold since goal`."""
        now = [self.condition(way, goal, moment)] if interval.low == 0 else []
        if way == "surely":
            return disjunction([*now, *self._at_borders(hold, goal, interval, moment, past)])
        later = list(self._in_steps(goal, interval, moment, past))
        held = TRUE if hold is None else self.condition(way, hold, moment)
        return disjunction([*now, conjunction((held, disjunction(later)))])

    def _at_borders(
        self,
        hold: Temporal | None,
        goal: Temporal,
        interval: Interval,
        moment: Moment,
        past: bool,
    ) -> Iterator[Formula]:
        """For each border that may count: the goal is met there, surely in time."""
        here, own = moment.position, int(moment.inside)
        if self.stretch.breaks and not past:
            return
        last = len(self.stretch.steps)
        held: list[Formula] = []
        for border in range(here - 1 + own, -1, -1) if past else range(here + 1, last + 1):
            least = (border, here) if past else (here + own, border)
            most = (border, here + own) if past else (here, border)
            if self._beyond(least, interval):
                return
            if hold is not None:
                step = self.inside(border if past else border - 1)
                held.append(self.condition("surely", hold, step))
            met = self.condition("surely", goal, self.border(border))
            in_time = self._no_less(least, interval), self._no_more(most, interval)
            yield conjunction((*held, *in_time, met))

    def _in_steps(
        self, goal: Temporal, interval: Interval, moment: Moment, past: bool
    ) -> Iterator[Formula]:
        """For each step that the bound may reach: the goal is met at some moment of it. What lies
        beyond the stretch is not known."""
        here, own = moment.position, int(moment.inside)
        if self.stretch.breaks and not past:
            yield TRUE
            return
        last = len(self.stretch.steps)
        for step in range(here - 1 + own, -1, -1) if past else range(here, last):
            near = (step + 1, here) if past else (here + own, step)
            far = (step, here + own) if past else (here, step + 1)
            if self._beyond(near, interval):
                return
            met = self.condition("possibly", goal, self.inside(step))
            yield conjunction((self._no_less(far, interval), self._no_more(near, interval), met))
        yield self._no_more((0, here) if past else (here + own, last), interval)

    def _beyond(self, least: Span, interval: Interval) -> bool:
        """Whether even the shortest durations lead beyond the bound."""
        steps = self.stretch.steps[least[0] : least[1]]
        shortest = sum((step.contract.duration.low for step in steps), Fraction(0))
        return interval.high is not None and shortest > interval.high

    def _no_less(self, span: Span, interval: Interval) -> Formula:
        if interval.low == 0:
            return TRUE
        return Comparison("<=", number(interval.low), self._taken(span))

    def _no_more(self, span: Span, interval: Interval) -> Formula:
        if interval.high is None or span[0] >= span[1]:
            return TRUE
        relation = "<" if interval.high_open else "<="
        return Comparison(relation, self._taken(span), number(interval.high))

    # ---- facts ---------------------------------------------------------------------------------

    def known(self, wanted: Sequence[Fact]) -> tuple[Path, Place, tuple[Fact, ...]]:
        """What is known of all that the facts speak of, with the path and the place to state it
        at."""
        times = [
            each
            for step in self.used.values()
            for each in between(
                Variable(duration_name(step.number), 0),
                (step.contract.duration.low, step.contract.duration.high),
                step.contract.duration.span,
                f"step {step.label}: {step.contract.text}",
            )
        ]
        chosen = _about(wanted, list(dict.fromkeys(self.facts)))
        places = self.path.places[: self.place.index + 1]
        first = len(places)
        seen = [
            replace(self.place, view=view, index=first + number)
            for number, view in enumerate(self.views)
        ]
        place = replace(self.place, index=first + len(seen) - 1) if seen else self.place
        sorts: dict[str, Sort] = {duration_name(number): Real(TIME) for number in self.used}
        path = replace(self.path, places=(*places, *seen), sorts={**self.path.sorts, **sorts})
        facts = relevant(path, place, [*wanted, *chosen])
        told = {each.formula for each in facts}
        more = [each for each in (*chosen, *times) if each.formula not in told]
        return path, place, (*facts, *more)


def _about(wanted: Sequence[Fact], facts: list[Fact]) -> list[Fact]:
    """The facts that share variables with what is wanted, directly or through others."""
    reached = {key for each in wanted for key in variables(each.formula)}
    chosen: list[Fact] = []
    more = True
    while more:
        near = [each for each in facts if reached & set(variables(each.formula))]
        more = bool(near)
        chosen += near
        facts = [each for each in facts if each not in near]
        reached |= {key for each in near for key in variables(each.formula)}
    return chosen
