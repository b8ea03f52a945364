"""The meaning of a chain against brute force: random skills over a small state, every state tried.

The generator yields a source together with its meaning, a function on states. The oracle runs a
chain forward through sets of states as docs/language.md defines it, and shares no code with the
verifier. A loop is run as its rule says, from its invariant alone; its variant is the constant 0,
which no turn lowers, so that it is refuted exactly if some turn ends.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product

import pytest

from verifier.core.verdict import Refuted, Unknown, Verdict
from verifier.judging import Effort, judged
from verifier.source import settled

BOOLEANS = ("a", "b", "c")
LABELS = ("red", "green", "blue")
NAMES = (*BOOLEANS, "mode")

State = tuple[object, ...]
Meaning = Callable[[State, State], bool]  # (state now, state at the step's entry)


@dataclass(frozen=True)
class Claim:
    text: str
    meaning: Meaning
    writes: frozenset[str]


@dataclass(frozen=True)
class RandomSkill:
    requires: Claim
    ensures: Claim
    invariant: Claim
    frame: frozenset[str]

    def source(self, name: str) -> str:
        modified = ", ".join(sorted(self.frame))
        modifies = f"  modifies {modified}" if modified else ""
        return (
            f"skill {name} {{ requires {self.requires.text}  ensures {self.ensures.text}"
            f"  invariant {self.invariant.text}{modifies} }}"
        )


@cache
def states() -> list[State]:
    return list(product((False, True), (False, True), (False, True), LABELS))


def value(state: State, name: str) -> object:
    return state[NAMES.index(name)]


def literal(rng: random.Random, old: bool, names: Sequence[str] = NAMES) -> Claim:
    name = rng.choice(names)
    if name == "mode":
        label, equal = rng.choice(LABELS), rng.random() < 0.6
        text = f"mode {'==' if equal else '!='} {label}"
        return Claim(text, lambda s, e: (value(s, "mode") == label) == equal, frozenset({name}))
    kind = rng.randrange(4 if old and names == NAMES else 2)
    if kind == 0:
        return Claim(name, lambda s, e: bool(value(s, name)), frozenset({name}))
    if kind == 1:
        return Claim(f"not {name}", lambda s, e: not value(s, name), frozenset({name}))
    other = rng.choice(BOOLEANS)
    text = f"{name} == old({other})"
    return Claim(text, lambda s, e: value(s, name) == value(e, other), frozenset({name}))


def either(one: Claim, other: Claim) -> Claim:
    text = f"({one.text} or {other.text})"
    return Claim(text, lambda s, e: one.meaning(s, e) or other.meaning(s, e), frozenset())


def clause(
    rng: random.Random, most: int, old: bool, names: Sequence[str] = NAMES, least: int = 0
) -> Claim:
    """A conjunction of literals, some of them disjunctions of two."""
    parts: list[Claim] = []
    for _ in range(rng.randint(least, most)):
        one = literal(rng, old, names)
        if not old and rng.random() < 0.4:
            parts.append(either(one, literal(rng, False, names)))
        else:
            parts.append(one)
    if not parts:
        return Claim("true", lambda s, e: True, frozenset())
    return Claim(
        " and ".join(part.text for part in parts),
        lambda s, e: all(part.meaning(s, e) for part in parts),
        frozenset().union(*(part.writes for part in parts)),
    )


def skill(rng: random.Random, names: Sequence[str] = NAMES) -> RandomSkill:
    """A skill that speaks of these variables alone."""
    ensures = clause(rng, 2, True, names)
    extra = frozenset(name for name in names if rng.random() < 0.2)
    invariant = clause(rng, 1, False, names)
    return RandomSkill(clause(rng, 2, False, names), ensures, invariant, ensures.writes | extra)


@cache
def successors(step: RandomSkill, before: State) -> set[State]:
    return {
        after
        for after in states()
        if all(value(after, n) == value(before, n) for n in NAMES if n not in step.frame)
        and step.ensures.meaning(after, before)
        and step.invariant.meaning(after, before)
    }


# ---- chains ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    name: str


@dataclass(frozen=True)
class Together:
    branches: tuple[Body, ...]


@dataclass(frozen=True)
class If:
    cases: tuple[tuple[Claim, Body], ...]
    otherwise: Body | None


@dataclass(frozen=True)
class Again:
    count: int
    body: Body


@dataclass(frozen=True)
class Loop:
    guard: Claim
    invariant: Claim
    body: Body


@dataclass(frozen=True)
class Try:
    body: Body
    recovery: Body


@dataclass(frozen=True)
class CallChain:
    name: str


Statement = Call | Together | If | Again | Loop | Try | CallChain
Body = tuple[Statement, ...]
Library = dict[str, RandomSkill]
Chains = dict[str, tuple[Claim, Body, Claim]]


def written(body: Body) -> str:
    """The body as source."""
    texts = []
    for number, statement in enumerate(body, start=1):
        text = _written(statement)
        ends = isinstance(statement, Call | CallChain | Together) and number < len(body)
        texts.append(f"{text};" if ends else text)
    return " ".join(texts)


def _written(statement: Statement) -> str:
    match statement:
        case Call(name) | CallChain(name):
            return f"{name}()"
        case Together(branches):
            return " || ".join(f"{{ {written(branch)} }}" for branch in branches)
        case If(cases, otherwise):
            texts = [f"if {guard.text} {{ {written(body)} }}" for guard, body in cases]
            texts += [f"{{ {written(otherwise)} }}"] if otherwise is not None else []
            return " else ".join(texts)
        case Again(count, body):
            return f"repeat {count} {{ {written(body)} }}"
        case Loop(guard, invariant, body):
            clauses = f"invariant {invariant.text} variant 0"
            return f"while {guard.text} {clauses} {{ {written(body)} }}"
        case Try(body, recovery):
            return f"try {{ {written(body)} }} recover {{ {written(recovery)} }}"


def random_body(rng: random.Random, library: Library, depth: int, most: int) -> Body:
    return tuple(random_statement(rng, library, depth) for _ in range(rng.randint(1, most)))


def random_statement(rng: random.Random, library: Library, depth: int) -> Statement:
    kind = rng.randrange(9) if depth else 8

    def body(most: int = 2) -> Body:
        return random_body(rng, library, depth - 1, most)

    if kind in (0, 1):
        cases = tuple(
            (clause(rng, 2, False, least=1), body() if rng.random() < 0.9 else ())
            for _ in range(rng.choice((1, 1, 2, 3)))
        )
        return If(cases, body() if rng.random() < 0.5 else None)
    if kind == 2:
        return together(rng, library, body)
    if kind == 3:
        return Again(rng.choice((1, 2, 3)), body())
    if kind == 4:
        return Loop(clause(rng, 1, False, least=1), clause(rng, 1, False), body())
    if kind in (5, 6):
        return Try(body(3), body())
    return Call(rng.choice(sorted(library)))


def together(rng: random.Random, library: Library, body: Callable[[], Body]) -> Together:
    """Branches that mostly leave each other alone."""
    branches = tuple(body() for _ in range(rng.choice((2, 2, 3))))
    for _ in range(120):
        frames = [frame(branch, library) for branch in branches]
        touched = [concerns(branch, library) for branch in branches]
        pairs = [(i, j) for i in range(len(branches)) for j in range(len(branches)) if i != j]
        apart = all(not frames[i] & touched[j] for i, j in pairs)
        if apart or rng.random() < 0.005:
            break
        branches = tuple(body() for _ in range(2))
    return Together(branches)


# ---- the oracle --------------------------------------------------------------------------------


class NoRun(Exception):
    """No run gets through what every run has to pass; `str` is its id."""


@dataclass(frozen=True)
class Expected:
    refuted: frozenset[str]
    impossible: str | None
    dead: frozenset[str]


@dataclass
class Oracle:
    """Runs bodies forward through sets of states, and writes down what is refuted on the way.

    `passed` tells of each step in a block that not every run enters whether any turn gets through.
    A block of a called chain that not every call enters is asked about where that chain stands by
    itself: `called` says that this is one, `optional` that this is one of its blocks.
    `failed` are the states in which a step of the innermost body of a `try` breaks off, `beside` is
    what branches beside the step may change meanwhile.
    """

    library: Library
    chains: Chains
    refuted: set[str] = field(default_factory=set)
    passed: dict[str, bool] = field(default_factory=dict)
    steps: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    turns: tuple[int, ...] = ()
    failed: set[State] = field(default_factory=set)
    beside: frozenset[str] = frozenset()
    called: bool = False
    optional: bool = False

    def body(self, body: Body, reached: set[State], *, always: bool) -> set[State]:
        for statement in body:
            reached = self.statement(statement, reached, always=always)
        return reached

    def block(self, body: Body, reached: set[State]) -> set[State]:
        """A body that not every run enters."""
        outer, self.optional = self.optional, self.optional or self.called
        ends = self.body(body, reached, always=False)
        self.optional = outer
        return ends

    def label(self, kind: str) -> str:
        self.kinds[kind] += 1
        return self.turned(f"{kind}{self.kinds[kind]}")

    def turned(self, label: str) -> str:
        return ".".join([label, *map(str, self.turns)])

    def each_turn(self, count: int) -> Iterator[int]:
        outer, steps, kinds = self.turns, self.steps, self.kinds.copy()
        for turn in range(1, count + 1):
            self.turns, self.steps, self.kinds = (*outer, turn), steps, kinds.copy()
            yield turn
        self.turns = outer

    def owe(self, id: str, claim: Claim, reached: set[State]) -> set[State]:
        """The states in which the claim holds; it is refuted if these are not all."""
        held = {s for s in reached if claim.meaning(s, s)}
        if held != reached:
            self.refuted.add(id)
        return held

    def statement(self, statement: Statement, reached: set[State], *, always: bool) -> set[State]:
        match statement:
            case Call(name):
                return self.call(name, reached, always=always)
            case Together(branches):
                return self.together(branches, reached, always=always)
            case If(cases, otherwise):
                return self.branch(cases, otherwise, reached, always=always)
            case Again(count, body):
                for _ in self.each_turn(count):
                    reached = self.body(body, reached, always=always)
                return reached
            case Loop():
                return self.loop(statement, reached, always=always)
            case Try():
                return self.attempt(statement, reached, always=always)
            case CallChain(name):
                label = f"{self.label('call')}:{name}"
                assume, body, achieve = self.chains[name]
                self.owe(f"{label}/call/assume", assume, reached)
                outer, self.called = self.called, True
                reached = self.body(body, reached, always=always)
                self.called = outer
                self.owe(f"{label}/call/achieve", achieve, reached)
                return reached

    def call(self, name: str, reached: set[State], *, always: bool) -> set[State]:
        """The states behind the step."""
        self.steps += 1
        skill, place = self.library[name], str(self.steps)
        owner = f"{self.turned(place)}:{name}"
        self.owe(f"{owner}/precondition", skill.requires, reached)
        self.owe(f"{owner}/invariant", skill.invariant, reached)
        begun = {
            s for s in reached if skill.requires.meaning(s, s) and skill.invariant.meaning(s, s)
        }
        through = {after for before in begun for after in successors(skill, before)}
        self.failed |= changed(begun, skill.frame | self.beside, skill.invariant)
        if not all(successors(skill, before) for before in begun):
            self.refuted.add(f"{owner}/realizable")
        if always and not through:
            raise NoRun(f"{owner}/sanity/run")
        if not always and not self.optional:
            self.passed[place] = self.passed.get(place, False) or bool(through)
        return through

    def met(self, label: str, ends: set[State], *, always: bool) -> set[State]:
        if always and not ends:
            raise NoRun(f"{label}/sanity/run")
        return ends

    def together(
        self, branches: tuple[Body, ...], reached: set[State], *, always: bool
    ) -> set[State]:
        """Each branch from every start by itself; its frame is what it leaves its mark on."""
        label = self.label("parallel")
        frames = [frame(branch, self.library) for branch in branches]
        concerned = [concerns(branch, self.library) for branch in branches]
        pairs = [(i, j) for i in range(len(branches)) for j in range(len(branches)) if i != j]
        if any(frames[i] & concerned[j] for i, j in pairs):
            self.refuted.add(f"{label}/parallel")
            raise Interference
        relations: list[dict[State, set[State]]] = []
        stuck: list[NoRun] = []
        outer = self.beside
        for place, branch in enumerate(branches):
            self.beside = outer.union(*frames[:place], *frames[place + 1 :])
            alone = {s: self.apart() for s in reached}
            relations.append({s: alone[s].body(branch, {s}, always=False) for s in reached})
            here = self.apart()
            here.body(branch, set(), always=False)
            turns = self.turns
            try:
                self.body(branch, reached, always=always)
            except NoRun as stop:
                stuck.append(stop)
            self.steps, self.kinds, self.turns = here.steps, here.kinds, turns
        self.beside = outer
        if stuck:
            raise stuck[0]
        ends = {
            tuple(mark(name, start, ends, frames) for name in NAMES)
            for start in reached
            for ends in product(*(relation[start] for relation in relations))
        }
        return self.met(label, ends, always=always)

    def apart(self) -> Oracle:
        """An oracle at the same place that writes down what nobody reads."""
        return replace(self, refuted=set(), passed={}, kinds=self.kinds.copy(), failed=set())

    def branch(
        self,
        cases: tuple[tuple[Claim, Body], ...],
        otherwise: Body | None,
        reached: set[State],
        *,
        always: bool,
    ) -> set[State]:
        label = self.label("if")
        left, ends = reached, set()
        for guard, body in cases:
            taken = {s for s in left if guard.meaning(s, s)}
            left = left - taken
            ends |= self.block(body, taken)
        if otherwise is not None:
            ends |= self.block(otherwise, left)
        elif len(cases) == 1:
            ends |= left
        elif left:
            self.refuted.add(f"{label}/exhaustive")
        return self.met(label, ends, always=always)

    def loop(self, loop: Loop, reached: set[State], *, always: bool) -> set[State]:
        label = self.label("while")
        self.owe(f"{label}/loop/entry", loop.invariant, reached)
        kept = changed(reached, frame(loop.body, self.library), loop.invariant)
        heads = {s for s in kept if loop.guard.meaning(s, s)}
        turned = self.block(loop.body, heads)
        self.owe(f"{label}/loop/kept", loop.invariant, turned)
        if turned:
            self.refuted.add(f"{label}/loop/decreases")
        return self.met(label, kept - heads, always=always)

    def attempt(self, statement: Try, reached: set[State], *, always: bool) -> set[State]:
        label = self.label("try")
        outer, self.failed = self.failed, set()
        done = self.body(statement.body, reached, always=False)
        failed, self.failed = self.failed, outer
        ends = done | self.block(statement.recovery, failed)
        return self.met(label, ends, always=always)


class Interference(Exception):
    """Branches that concern each other: what comes of them is nobody's business."""


def mark(name: str, start: State, ends: tuple[State, ...], frames: list[frozenset[str]]) -> object:
    """The value of a variable behind branches that ended in `ends`."""
    for end, own in zip(ends, frames, strict=True):
        if name in own:
            return value(end, name)
    return value(start, name)


def changed(starts: set[State], names: frozenset[str], *claims: Claim) -> set[State]:
    """The states that differ from a start in these variables alone, and where the claims hold."""
    kept = [n for n in NAMES if n not in names]
    left = {tuple(value(start, n) for n in kept) for start in starts}
    return {
        s
        for s in states()
        if tuple(value(s, n) for n in kept) in left and all(claim.meaning(s, s) for claim in claims)
    }


def calls_in(body: Body) -> Iterator[str]:
    """The skills that the body calls."""
    for statement in body:
        match statement:
            case Call(name):
                yield name
            case Together(branches):
                for branch in branches:
                    yield from calls_in(branch)
            case If(cases, otherwise):
                for _, inner in cases:
                    yield from calls_in(inner)
                yield from calls_in(otherwise or ())
            case Again(_, inner) | Loop(_, _, inner):
                yield from calls_in(inner)
            case Try(inner, recovery):
                yield from calls_in((*inner, *recovery))
            case CallChain():
                raise AssertionError("a called chain stands at the top alone")


def frame(body: Body, library: Library) -> frozenset[str]:
    return frozenset().union(*(library[name].frame for name in calls_in(body)))


def concerns(body: Body, library: Library) -> frozenset[str]:
    """Every variable that the body reads or may change."""
    text = written(body) + " ".join(library[name].source(name) for name in calls_in(body))
    return frozenset(name for name in NAMES if re.search(rf"\b{name}\b", text))


# ---- the verifier against the oracle -----------------------------------------------------------


def expected(oracle: Oracle, assume: Claim, body: Body, achieve: Claim) -> Expected:
    """What brute force says, up to the first step that every run has to pass and none does."""
    reached = {s for s in states() if assume.meaning(s, s)}
    if not reached:
        return Expected(frozenset({"assume/sanity"}), "assume/sanity", frozenset())
    try:
        oracle.owe("achieve", achieve, oracle.body(body, reached, always=True))
    except NoRun as stop:
        return Expected(frozenset(oracle.refuted), str(stop), frozenset())
    dead = frozenset(place for place, some in oracle.passed.items() if not some)
    return Expected(frozenset(oracle.refuted), None, dead)


OWED = (
    *("precondition", "invariant", "exhaustive", "achieve", "parallel", "call/assume"),
    *("loop/entry", "loop/kept", "loop/bounded", "loop/decreases", "realizable"),
)


def source_of(library: Library, chains: Chains) -> str:
    return "\n".join(
        [
            f"state {{ {', '.join(BOOLEANS)} : bool  mode : {{{', '.join(LABELS)}}} }}",
            *(one.source(name) for name, one in library.items()),
            *(
                f"chain {name} {{ assume {assume.text} {written(body)} achieve {achieve.text} }}"
                for name, (assume, body, achieve) in chains.items()
            ),
        ]
    )


def said_of(chain: str, source: str) -> dict[str, Verdict]:
    model = settled("random.contract", source).model
    answers = judged(model, model.chains[chain], Effort(10, None), lambda done, total: None)
    return {a.obligation.id.removeprefix(f"{chain}/"): a.verdict for a in answers}


def compare(library: Library, chains: Chains) -> None:
    """What is said of the chain C is what brute force says."""
    source = source_of(library, chains)
    found = said_of("C", source)
    oracle = Oracle(library, chains)
    refuted = {id for id, verdict in found.items() if isinstance(verdict, Refuted)}
    try:
        wanted = expected(oracle, *chains["C"])
    except Interference:
        assert {id for id in oracle.refuted if id.endswith("/parallel")} <= refuted, source
        return
    owed = {id for id in refuted if id.endswith(OWED)}
    if wanted.impossible is not None:  # whether branches meet is asked behind it, too
        owed -= {id for id in owed - wanted.refuted if id.endswith("/parallel")}
    assert owed | ({"assume/sanity"} & wanted.refuted) == wanted.refuted, source
    runs = {id for id in refuted if id.endswith(("sanity/run", "assume/sanity"))}
    unknown = {id for id, verdict in found.items() if isinstance(verdict, Unknown)}
    if wanted.impossible is not None:
        assert wanted.impossible in runs, source
        assert "achieve" in unknown, source
        assert not unknown & wanted.refuted, source
        return
    # A dead step makes what stands behind it in its block unknown, further dead steps included.
    dead = {re.split("[.:]", id)[0] for id in runs}
    silent = {re.split("[.:]", id)[0] for id in unknown if id.endswith("sanity/run")}
    assert dead <= wanted.dead <= dead | silent, source
    assert bool(dead) or not unknown, source


@pytest.mark.parametrize("seed", range(150))
def test_every_verdict_on_plain_steps_is_what_brute_force_says(seed: int) -> None:
    rng = random.Random(seed)
    library = {f"S{i}": skill(rng) for i in range(4)}
    body = tuple(Call(name) for name in rng.choices(sorted(library), k=rng.randint(1, 5)))
    compare(library, {"C": (clause(rng, 2, False), body, clause(rng, 2, False))})


@pytest.mark.parametrize("seed", range(120))
def test_every_verdict_on_composed_chains_is_what_brute_force_says(seed: int) -> None:
    rng = random.Random(1000 + seed)
    library = {f"S{i}": skill(rng) for i in range(3)}
    for i, names in enumerate((("a",), ("b",), ("c", "mode"), ("mode",))):
        library[f"N{i}"] = skill(rng, names)
    body = random_body(rng, library, 2, 3)
    chains = {"C": (clause(rng, 1, False), body, clause(rng, 2, False))}
    if rng.random() < 0.3:
        inner = random_body(rng, library, 1, 2)
        chains["D"] = (clause(rng, 1, False), inner, clause(rng, 1, False))
        assume, outer, achieve = chains["C"]
        chains["C"] = (assume, (*outer, CallChain("D")), achieve)
    compare(library, chains)
