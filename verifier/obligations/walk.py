"""From a chain to its path: one walk over its statements.

A block is a scope: what comes to hold in it is known in it. Behind `if` and `try` the blocks meet
in a disjunction, not in a hull: everything that held in a block holds if its guard did, and each
scalar that some block wrote gets one more version, equal to that of the block whose guard held (the
phi functions of Cytron et al. 1991, with gates as in Ottenstein, Ballance and MacCabe 1990). Behind
`||` everything holds that held in any branch. A loop is judged from its invariant alone: one turn
from any state in which invariant and guard hold (Hoare 1969), and behind it any state in which the
invariant holds and the guard does not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from verifier.core.obligation import Fact
from verifier.core.span import Span
from verifier.core.term import (
    Boolean,
    Choice,
    Comparison,
    Enumeration,
    Formula,
    Iff,
    Implies,
    Proposition,
    Sort,
    Variable,
    conjunction,
    disjunction,
    negation,
)
from verifier.model.body import failures_of, frame_of, names
from verifier.model.values import (
    Attempt,
    Block,
    Branch,
    Chain,
    Condition,
    Domain,
    Inlined,
    Loop,
    Model,
    Parallel,
    Statement,
    Step,
)
from verifier.obligations.path import (
    ROOT,
    Around,
    Path,
    Place,
    View,
    assumed,
    at,
    entry_facts,
    exit_facts,
    fact,
    indexed,
    of_states,
    over,
    provable,
    undisturbed,
)

DONE = "done"


def walk(model: Model, chain: Chain) -> Path:
    """The path of a chain. A step's own precondition is known behind it: what comes after is asked
    only of the runs that got there."""
    theirs = frozenset().union(*(other.frame for other in chain.beside))
    walker = _Walker(model, len(chain.steps) + 1, foreign=theirs, relies=chain.relies)
    walker.sorts |= {name: scalar.sort for name, scalar in model.scalars.items()}
    walker.sorts |= {scalar.name: scalar.sort for scalar in chain.rigid}
    start = walker.place(0, {}, frozenset({ROOT}))
    start = walker.add(start, ROOT, assumed(chain))
    always = [at(c, "relies", start.view, start.view) for c in chain.relies if of_states(c)]
    start = walker.add(start, ROOT, always)
    end = walker.moved(walker.block(chain.body, start, ROOT), ROOT)
    assert walker.places[-1] == end
    domains: dict[str, list[Domain]] = defaultdict(list)
    for domain in model.domains:
        for name in domain.scalars:
            domains[name].append(domain)
    return Path(
        tuple(walker.facts),
        tuple(walker.scopes),
        indexed(walker.facts),
        dict(walker.within),
        frozenset(walker.conditional),
        tuple(walker.places),
        walker.before,
        walker.after,
        walker.around,
        dict(domains),
        walker.sorts,
        model.properties,
    )


@dataclass(frozen=True, slots=True)
class _End:
    """How one block that may be run ends: the guard under which it is, its facts from `first` on in
    their order, and its last place."""

    guard: Formula
    scope: int
    first: int
    place: Place


@dataclass(slots=True)
class _Walker:
    """The path as far as it has come. `fresh` is a version, `scope` a scope, not in use yet."""

    model: Model
    fresh: int
    scope: int = ROOT
    sorts: dict[str, Sort] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    scopes: list[int] = field(default_factory=list)
    within: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    conditional: set[int] = field(default_factory=set)
    places: list[Place] = field(default_factory=list)
    before: dict[int, Place] = field(default_factory=dict)
    after: dict[int, Place] = field(default_factory=dict)
    around: dict[str, Around] = field(default_factory=dict)
    foreign: frozenset[str] = frozenset()
    relies: tuple[Condition, ...] = ()

    # ---- small steps ---------------------------------------------------------------------------

    def place(self, number: int, view: View, scopes: frozenset[int]) -> Place:
        found = Place(number, view, len(self.facts), scopes, len(self.places))
        self.places.append(found)
        return found

    def add(self, place: Place, scope: int, facts: Sequence[Fact]) -> Place:
        """The place once the facts are known there, which hold in the scope."""
        for each in facts:
            if scope != ROOT:
                self.within[scope].append(len(self.facts))
            self.facts.append(each)
            self.scopes.append(scope)
        known = replace(place, known=len(self.facts))
        self.places[place.index] = known
        return known

    def version(self) -> int:
        self.fresh += 1
        return self.fresh - 1

    def enter(self, place: Place, *, conditional: bool) -> tuple[int, Place]:
        """A new scope below the place, and the place in it."""
        self.scope += 1
        if conditional:
            self.conditional.add(self.scope)
        return self.scope, self.place(place.number, place.view, place.open | {self.scope})

    def seen(self, place: Place, guards: Sequence[Condition]) -> Place:
        """The place with new versions for what the guards read of the environment."""
        read = names(guard.formula for guard in guards)
        outside = {n for n in read if n in self.model.scalars and self.model.scalars[n].environment}
        if not outside:
            return place
        view = {**place.view, **dict.fromkeys(outside, self.version())}
        return self.place(place.number, view, place.open)

    def moved(self, place: Place, scope: int) -> Place:
        """The place once chains beside this one have moved: only what is relied on is known."""
        if not self.foreign:
            return place
        view = {**place.view, **dict.fromkeys(self.foreign, self.version())}
        facts = [over(c, view, place.view) for c in self.relies]
        return self.add(self.place(place.number, view, place.open), scope, facts)

    # ---- statements ----------------------------------------------------------------------------

    def block(self, block: Block, place: Place, scope: int) -> Place:
        """The place behind the block."""
        for statement in block:
            place = self.statement(statement, place, scope)
        return place

    def statement(self, statement: Statement, place: Place, scope: int) -> Place:
        match statement:
            case Step():
                return self._step(statement, place, scope)
            case Parallel():
                behind = self._parallel(statement, place, scope)
                self.around[statement.label] = Around(place, behind)
                return behind
            case Branch():
                return self._branch(statement, place, scope)
            case Loop():
                return self._loop(statement, place, scope)
            case Attempt():
                return self._attempt(statement, place, scope)
            case Inlined():
                return self._inlined(statement, place, scope)

    def _step(self, step: Step, place: Place, scope: int) -> Place:
        place, frame = self.moved(place, scope), step.contract.frame
        before = place.view
        after = {**before, **dict.fromkeys(frame, step.number)}
        if self.foreign:
            after |= dict.fromkeys(self.foreign, self.version())
        self.before[step.number] = place
        behind = self.place(step.number, after, place.open)
        facts = [*entry_facts(step, before), *exit_facts(step, before, after)]
        facts += [over(c, after, before) for c in undisturbed(self.relies, frame)]
        self.after[step.number] = self.add(behind, scope, facts)
        return self.after[step.number]

    def _parallel(self, statement: Parallel, place: Place, scope: int) -> Place:
        view = dict(place.view)
        number = place.number
        ends = []
        not_always = bool(place.open & self.conditional)
        for branch in statement.branches:
            inner, start = self.enter(place, conditional=not_always)
            end = self.block(branch, start, inner)
            ends.append(inner)
            number = max(number, end.number)
            view |= {n: v for n, v in end.view.items() if v != place.view.get(n, 0)}
        facts = [self.facts[i] for inner in ends for i in self.within[inner]]
        return self.add(self.place(number, view, place.open), scope, facts)

    def _branch(self, statement: Branch, place: Place, scope: int) -> Place:
        entry = self.seen(self.moved(place, scope), [case.guard for case in statement.cases])
        ends: list[_End] = []
        denied: list[Fact] = []
        for case in statement.cases:
            taken = at(case.guard, "if", entry.view, entry.view)
            ends.append(self._taken(entry, case.body, [*denied, taken]))
            denied.append(replace(taken, formula=negation(taken.formula)))
        if statement.otherwise is not None:
            ends.append(self._taken(entry, statement.otherwise, denied))
        guards = tuple(end.guard for end in ends)
        behind = self._join(entry, ends, statement.span, scope)
        if statement.otherwise is None:
            one = Fact(disjunction(guards), statement.span, "if")
            behind = self.add(behind, scope, [one])
        self.around[statement.label] = Around(entry, behind, guards)
        return behind

    def _taken(self, entry: Place, body: Block, guards: Sequence[Fact]) -> _End:
        inner, start = self.enter(entry, conditional=True)
        start = self.add(start, inner, guards)
        first = len(self.facts)
        end = self.block(body, start, inner)
        return _End(conjunction(each.formula for each in guards), inner, first, end)

    def _join(self, entry: Place, ends: Sequence[_End], span: Span, scope: int) -> Place:
        """Behind blocks of which one was run."""
        facts = [
            replace(self.facts[i], formula=Implies(end.guard, self.facts[i].formula))
            for end in ends
            for i in self.within[end.scope]
            if i >= end.first
        ]
        written = {
            name
            for end in ends
            for name, version in end.place.view.items()
            if version != entry.view.get(name, 0)
        }
        version = self.version() if written else 0
        for end in ends:
            for name in sorted(written):
                same = self._same(name, version, end.place.view.get(name, 0))
                facts.append(Fact(Implies(end.guard, same), span, "if"))
        view = {**entry.view, **dict.fromkeys(written, version)}
        number = max(end.place.number for end in ends)
        return self.add(self.place(number, view, entry.open), scope, facts)

    def _same(self, name: str, version: int, other: int) -> Formula:
        """That a scalar has the same value under both versions."""
        match self.sorts[name]:
            case Boolean():
                return Iff(Proposition(name, version), Proposition(name, other))
            case Enumeration(labels):
                return disjunction(
                    conjunction((Choice(name, version, x), Choice(name, other, x))) for x in labels
                )
            case _:
                return Comparison("==", Variable(name, version), Variable(name, other))

    def _inlined(self, statement: Inlined, place: Place, scope: int) -> Place:
        place = self.moved(place, scope)
        end = self.moved(self.block(statement.body, place, scope), scope)
        self.around[statement.label] = Around(place, end)
        return end

    def _loop(self, statement: Loop, place: Place, scope: int) -> Place:
        frame = frame_of(statement.body)
        origin, old = "while", place.view

        def kept(view: View) -> list[Fact]:
            return [at(c, origin, view, old) for c in statement.invariants]

        head_view = {**place.view, **dict.fromkeys(frame, self.version())}
        inner, start = self.enter(replace(place, view=head_view), conditional=True)
        head = self.seen(start, [statement.guard])
        guard = at(statement.guard, origin, head.view, head.view)
        head = self.add(head, inner, [*kept(head.view), guard])
        turned = self.block(statement.body, head, inner)
        behind_view = {**place.view, **dict.fromkeys(frame, self.version())}
        behind = self.seen(self.place(turned.number, behind_view, place.open), [statement.guard])
        left = at(statement.guard, origin, behind.view, behind.view)
        left = replace(left, formula=negation(left.formula))
        behind = self.add(behind, scope, [*kept(behind.view), left])
        self.around[statement.label] = Around(place, behind, (), head, turned)
        return behind

    # ---- try -----------------------------------------------------------------------------------

    def _attempt(self, statement: Attempt, place: Place, scope: int) -> Place:
        """The outcome is a scalar of its own: `done`, or the label of the step that failed. What is
        known where a step begins is known of its failure."""
        outcome = outcome_name(statement)
        frame = frame_of(statement.body)
        failed = {**place.view, **dict.fromkeys(frame, self.version())}
        inner, start = self.enter(place, conditional=True)
        here = self.block(statement.body, start, inner)
        known: dict[int, list[str]] = defaultdict(list)
        broken: list[Fact] = []
        for step, others in failures_of(statement.body):
            for i in self._known_since(place, self.before[step.number]):
                known[i].append(step.label)
            loose = step.contract.frame | others
            off = self._broken_off(step, self.before[step.number].view, failed, frame - loose)
            broken += _under(Choice(outcome, 0, step.label), off)
        for i in self.within[inner]:
            known[i].append(DONE)
        labels = [step.label for step, _ in failures_of(statement.body)]
        self.sorts[outcome] = Enumeration((*labels, DONE))
        facts = [
            f for i in sorted(known) for f in _under(_among(outcome, known[i]), [self.facts[i]])
        ]
        done = Choice(outcome, 0, DONE)
        success = _End(done, inner, len(self.facts), here)
        middle = self.place(here.number, failed, place.open)
        middle = self.add(middle, scope, [*facts, *broken])
        failure = self._taken(middle, statement.recovery, [_stated(negation(done), statement)])
        behind = self._join(place, [success, failure], statement.span, scope)
        self.around[statement.label] = Around(place, behind, (done, negation(done)))
        return behind

    def _known_since(self, start: Place, place: Place) -> list[int]:
        """The facts known at the place in blocks that were entered since the start."""
        return [
            i for scope in place.open - start.open for i in self.within[scope] if i < place.known
        ]

    def _broken_off(
        self, step: Step, before: View, failed: View, kept: frozenset[str]
    ) -> list[Fact]:
        """What holds where a step fails: what it needs at its entry, what it keeps at every moment,
        and the values of what neither it nor a branch beside it may change."""
        facts = [
            Fact(self._same(name, failed[name], before.get(name, 0)), step.span, "try")
            for name in sorted(kept)
        ]
        always = [fact(c, step, failed, before) for c in step.contract.invariants if provable(c)]
        return [*entry_facts(step, before), *facts, *always]


def outcome_name(statement: Attempt) -> str:
    """The scalar that stands for how the body of a `try` ends; `try` is no name of a variable."""
    return f"try[{statement.label.removeprefix('try')}]"


def _among(outcome: str, labels: Sequence[str]) -> Formula:
    return disjunction(Choice(outcome, 0, label) for label in labels)


def _under(guard: Formula, facts: Sequence[Fact]) -> list[Fact]:
    return [replace(each, formula=Implies(guard, each.formula)) for each in facts]


def _stated(formula: Formula, statement: Statement) -> Fact:
    return Fact(formula, statement.span, "try")
