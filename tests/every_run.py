"""Every run of a composed chain, step by step: an oracle for what is proved and refuted of it.

A skill may put any values into its frame at any moment, as long as its invariants hold, branches of
`||` take turns, a body of `try` may break off whenever one of its skills runs, and a loop turns for
as long as its guard holds (docs/language.md). The oracle knows nothing of versions, frames of
blocks or rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from typing import TypeAlias

from composed import (
    LABELS,
    VALUES,
    Again,
    At,
    Body,
    Call,
    Chain,
    Claim,
    Given,
    If,
    Problem,
    Skill,
    State,
    Statement,
    Together,
    Try,
    While,
    World,
)

MOST = 3_000
"""Of so many configurations an oracle says no more."""


@dataclass(frozen=True, eq=False)
class Todo:
    """A step to come, or what an end of a call owes."""

    label: str
    skill: Skill
    given: tuple[tuple[str, object], ...]


@dataclass(frozen=True, eq=False)
class Owes:
    rule: str
    claim: Claim
    given: tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Doing:
    todo: Todo
    entry: State


@dataclass(frozen=True, eq=False)
class Pick:
    label: str
    cases: tuple[tuple[Claim, Rest], ...]
    otherwise: Rest | None
    given: tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Both:
    branches: tuple[Rest, ...]


@dataclass(frozen=True)
class Turning:
    """`entry` is the state before the first turn, `turn` that at which this one began."""

    label: str
    loop: While
    body: Rest
    given: tuple[tuple[str, object], ...]
    entry: State | None = None
    turn: State | None = None
    left: Rest | None = None


@dataclass(frozen=True)
class Trying:
    body: Rest
    recovery: Rest


Part: TypeAlias = "Todo | Owes | Doing | Pick | Both | Turning | Trying"
Rest: TypeAlias = tuple[Part, ...]


@dataclass
class Expansion:
    """A body with its calls put in their place; labels count as the source does."""

    world: World
    callees: dict[str, Skill | Chain]
    kinds: Counter[str] = field(default_factory=Counter)
    turns: tuple[int, ...] = ()

    def label(self, kind: str) -> str:
        self.kinds[kind] += 1
        return ".".join([f"{kind}{self.kinds[kind]}", *map(str, self.turns)])

    def body(self, body: Body, given: Given) -> Rest:
        return tuple(part for statement in body for part in self.statement(statement, given))

    def statement(self, statement: Statement, given: Given) -> Rest:
        bound = tuple(given.items())
        match statement:
            case Call(name, arguments):
                return self.call(name, self.callees[name], [meant(x, given) for x in arguments])
            case Together(branches):
                return (Both(tuple(self.body(branch, given) for branch in branches)),)
            case If(cases, otherwise):
                label = self.label("if")
                taken = tuple((guard, self.body(body, given)) for guard, body in cases)
                last = self.body(otherwise, given) if otherwise is not None else None
                if last is None and len(cases) == 1:
                    last = ()
                return (Pick(label, taken, last, bound),)
            case Again(count, body):
                parts: list[Part] = []
                outer, kinds = self.turns, self.kinds.copy()
                for turn in range(1, count + 1):
                    self.turns, self.kinds = (*outer, turn), kinds.copy()
                    parts += self.body(body, given)
                self.turns = outer
                return tuple(parts)
            case While(_, _, body):
                return (Turning(self.label("while"), statement, self.body(body, given), bound),)
            case Try(body, recovery):
                return (Trying(self.body(body, given), self.body(recovery, given)),)

    def call(self, name: str, callee: Skill | Chain, arguments: list[object]) -> Rest:
        names = [each.name for each in callee.parameters]
        given = dict(zip(names, arguments, strict=True))
        bound = tuple(given.items())
        if isinstance(callee, Skill):
            return (Todo(f"{self.label('')}:{name}", callee, bound),)
        label = f"{self.label('call')}:{name}"
        body = self.body(callee.body, given)
        begin = [Owes(f"{label}/call/assume", callee.assume, bound)]
        if not all(each.inside(given[each.name]) for each in callee.parameters):
            begin.append(Owes(f"{label}/call/assume", NEVER, bound))
        return (*begin, *body, Owes(f"{label}/call/achieve", callee.achieve, bound))


def meant(argument: str, given: Given) -> object:
    """What an argument stands for."""
    return given.get(argument, PLAIN_VALUES.get(argument, argument))


PLAIN_VALUES: dict[str, object] = {"true": True, "false": False, "0": 0, "1": 1, "2": 2}
NEVER = Claim("false", lambda at: False)


class TooMany(Exception):
    """There are more configurations than the oracle looks at."""


@dataclass
class Oracle:
    """`failed` are the ids of what some run breaks, `passed` the labels of steps that some run
    gets through, `used` the most of the resource that is in use at one moment."""

    world: World
    failed: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    budget: int = MOST
    used: int = 0
    times: set[int] = field(default_factory=set)
    known: dict[tuple[Doing, State, bool], list[State]] = field(default_factory=dict)

    def run(self, rest: Rest, starts: list[State]) -> None:
        todo = [(state, rest) for state in starts]
        seen = set(todo)
        while todo:
            state, rest = todo.pop()
            self.used = max(self.used, in_use(rest))
            for found in self.moves(state, rest, disturbed=False):
                if found not in seen:
                    seen.add(found)
                    todo.append(found)
            if len(seen) > self.budget:
                raise TooMany
        self.budget -= len(seen)

    def holds(self, claim: Claim, now: State, old: State, given: object) -> bool:
        return claim.meaning(At(self.world, now, old, dict(given)))  # type: ignore[call-overload]

    def moves(self, state: State, rest: Rest, *, disturbed: bool) -> Iterator[tuple[State, Rest]]:
        """What may come next. Moments within a step count where somebody may see them."""
        if not rest:
            return
        first, later = rest[0], rest[1:]
        match first:
            case Owes(rule, claim, given):
                if not self.holds(claim, state, state, given):
                    self.failed.add(rule)
                yield state, later
            case Todo():
                yield from self.begin(state, first, later)
            case Doing():
                yield from self.step(state, first, later, disturbed=disturbed)
            case Pick(label, cases, otherwise, given):
                for guard, body in cases:
                    if self.holds(guard, state, state, given):
                        yield state, (*body, *later)
                        return
                if otherwise is None:
                    self.failed.add(f"{label}/exhaustive")
                else:
                    yield state, (*otherwise, *later)
            case Both(branches):
                if not any(branches):
                    yield state, later
                for place, branch in enumerate(branches):
                    for after, left in self.moves(state, branch, disturbed=True):
                        now = (*branches[:place], left, *branches[place + 1 :])
                        yield after, (Both(now), *later)
            case Trying(body, recovery):
                if not body:
                    yield state, later
                if runs(body):
                    yield state, (*recovery, *later)
                for after, left in self.moves(state, body, disturbed=True):
                    yield after, (Trying(left, recovery), *later)
            case Turning():
                yield from self.turn(state, first, later, disturbed=disturbed)

    def begin(self, state: State, todo: Todo, later: Rest) -> Iterator[tuple[State, Rest]]:
        skill = todo.skill
        ready = True
        for rule, claim in (("precondition", skill.requires), ("invariant", skill.invariant)):
            if not self.holds(claim, state, state, todo.given):
                self.failed.add(f"{todo.label}/{rule}")
                ready = False
        if ready:
            if not self.ends(state, Doing(todo, state), last=True):
                self.failed.add(f"{todo.label}/realizable")
            yield state, (Doing(todo, state), *later)

    def ends(self, state: State, doing: Doing, *, last: bool) -> list[State]:
        key = doing, state, last
        if key not in self.known:
            self.known[key] = list(self._ends(state, doing, last=last))
        return self.known[key]

    def _ends(self, state: State, doing: Doing, *, last: bool) -> Iterator[State]:
        skill, given = doing.todo.skill, dict(doing.todo.given)
        frame = {
            At(self.world, state, state, given).world.names.index(placed(n, given))
            for n in skill.frame
        }
        choices = [
            VALUES[name] if place in frame else (state[place],)
            for place, name in enumerate(self.world.names)
        ]
        for after in product(*choices):
            at = At(self.world, after, doing.entry, given)
            if skill.invariant.meaning(at) and (not last or skill.ensures.meaning(at)):
                yield after

    def step(
        self, state: State, doing: Doing, later: Rest, *, disturbed: bool
    ) -> Iterator[tuple[State, Rest]]:
        for after in self.ends(state, doing, last=True):
            self.passed.add(doing.todo.label)
            yield after, later
        if disturbed:
            for after in self.ends(state, doing, last=False):
                yield after, (doing, *later)

    def turn(
        self, state: State, loop: Turning, later: Rest, *, disturbed: bool
    ) -> Iterator[tuple[State, Rest]]:
        if loop.left:
            for after, left in self.moves(state, loop.left, disturbed=disturbed):
                yield after, (replace(loop, left=left), *later)
            return
        entry = state if loop.entry is None else loop.entry
        if not self.holds(loop.loop.invariant, state, entry, loop.given):
            self.failed.add(f"{loop.label}/loop/{'entry' if loop.turn is None else 'kept'}")
        n = self.world.names.index("n")
        if loop.turn is not None and not state[n] <= loop.turn[n] - 1:  # type: ignore[operator]
            self.failed.add(f"{loop.label}/loop/decreases")
            return
        if self.holds(loop.loop.guard, state, state, loop.given):
            yield state, (replace(loop, entry=entry, turn=state, left=loop.body), *later)
        else:
            yield state, later


def placed(name: str, given: Given) -> str:
    for parameter, value in given.items():
        name = name.replace(f"[{parameter}]", f"[{value}]")
    return name


def runs(rest: Rest) -> bool:
    """Whether a skill runs here whose failure nobody within recovers from."""
    match rest[0] if rest else None:
        case Doing():
            return True
        case Both(branches):
            return any(map(runs, branches))
        case Turning(left=left):
            return left is not None and runs(left)
        case _:
            return False


def in_use(rest: Rest) -> int:
    """How much of the resource the steps that run now use."""
    match rest[0] if rest else None:
        case Doing(todo):
            return todo.skill.uses
        case Both(branches):
            return sum(map(in_use, branches))
        case Turning(left=left):
            return in_use(left) if left is not None else 0
        case Trying(body):
            return in_use(body)
        case _:
            return 0


# ---- time --------------------------------------------------------------------------------------

Moment: TypeAlias = tuple[State, int]


@dataclass
class Clock:
    """When a body ends, in which states: with the least and the greatest time of every step. Only
    for what breaks nothing, without loops, and with branches that leave each other alone."""

    oracle: Oracle

    def block(self, rest: Rest, moments: frozenset[Moment]) -> frozenset[Moment]:
        for part in rest:
            moments = frozenset(after for at in moments for after in self.part(part, *at))
        return moments

    def part(self, part: Part, state: State, time: int) -> Iterator[Moment]:
        match part:
            case Owes():
                yield state, time
            case Todo(_, skill):
                assert skill.duration is not None
                for after in self.oracle.ends(state, Doing(part, state), last=True):
                    yield from ((after, time + takes) for takes in skill.duration)
            case Pick(_, cases, otherwise, given):
                taken = (b for g, b in cases if self.oracle.holds(g, state, state, given))
                body = next(taken, otherwise)
                assert body is not None
                yield from self.block(body, frozenset({(state, time)}))
            case Both(branches):
                here = frozenset({(state, time)})
                for branch in branches:
                    here = frozenset(
                        (after, max(ends, end))
                        for at, ends in here
                        for after, end in self.block(branch, frozenset({(at, time)}))
                    )
                yield from here
            case Trying(body, recovery):
                here = frozenset({(state, time)})
                yield from self.block(body, here)
                yield from self.block(recovery, frozenset(self.broken(body, here)))
            case _:
                raise AssertionError(part)

    def broken(self, rest: Rest, moments: frozenset[Moment]) -> Iterator[Moment]:
        """Where the body may break off, at the earliest and at the latest."""
        for place, part in enumerate(rest):
            for state, time in self.block(rest[:place], moments):
                match part:
                    case Todo(_, skill):
                        assert skill.duration is not None
                        for after in self.oracle.ends(state, Doing(part, state), last=False):
                            yield from ((after, time), (after, time + skill.duration[1]))
                    case Pick(_, cases, otherwise, given):
                        taken = (b for g, b in cases if self.oracle.holds(g, state, state, given))
                        body = next(taken, otherwise)
                        assert body is not None
                        yield from self.broken(body, frozenset({(state, time)}))
                    case Trying(body, recovery):
                        here = frozenset({(state, time)})
                        inner = frozenset(self.broken(body, here))
                        yield from self.broken(recovery, inner)
                    case _:
                        assert isinstance(part, Owes), part


def happens(asked: Problem, chosen: Mapping[str, object], *, timed: bool = False) -> Oracle:
    """Every run, with these objects and any labels and truth values."""
    chain = asked.chain
    oracle = Oracle(asked.world)
    for given in givens(chain, chosen):
        starts = [
            state
            for state in asked.world.states()
            if chain.assume.meaning(At(asked.world, state, state, given))
        ]
        rest = Expansion(asked.world, asked.callees).body(chain.body, given)
        rest += (Owes("achieve", chain.achieve, tuple(given.items())),)
        oracle.run(rest, starts)
        if timed:
            clock = Clock(oracle)
            ends = clock.block(rest, frozenset((state, 0) for state in starts))
            oracle.times |= {time for _, time in ends}
    return oracle


def givens(chain: Chain, chosen: Mapping[str, object]) -> Iterator[dict[str, object]]:
    """What the parameters may stand for."""
    choices = [
        (chosen[each.name],)
        if each.kind == "Item"
        else [value for value in KINDS[each.kind] if each.inside(value)]
        for each in chain.parameters
    ]
    for values in product(*choices):
        yield dict(zip([each.name for each in chain.parameters], values, strict=True))


KINDS: dict[str, tuple[object, ...]] = {
    "bool": (False, True),
    "Tone": LABELS,
    "real": tuple(Fraction(k, 2) for k in range(5)),
}
"""Numbers stand for all that lie between the same whole numbers."""
