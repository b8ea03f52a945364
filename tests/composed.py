"""Random chains as source and as meaning: skills, chains that call chains, blocks within blocks.

Every generator yields a text together with what docs/language.md says that it means; every_run.py
runs what is written here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple, TypeAlias

LABELS = ("red", "green", "blue")
ITEMS = ("cup", "box")
VALUES: dict[str, tuple[object, ...]] = {
    **dict.fromkeys(("a", "b", "held[cup]", "held[box]"), (False, True)),
    "mode": LABELS,
    "n": (0, 1, 2),
}
WHOLE = "(n == 0 or n == 1 or n == 2)"
State: TypeAlias = tuple[object, ...]
Given: TypeAlias = Mapping[str, object]


@dataclass(frozen=True)
class World:
    names: tuple[str, ...]

    def states(self) -> list[State]:
        return list(product(*(VALUES[name] for name in self.names)))

    @property
    def booleans(self) -> list[str]:
        return [name for name in self.names if VALUES[name] == (False, True)]


@dataclass(frozen=True)
class At:
    """Where a claim is judged: now, at the entry, and with what the parameters stand for."""

    world: World
    now: State
    old: State
    given: Given

    def value(self, name: str, *, old: bool = False) -> object:
        for parameter, value in self.given.items():
            name = name.replace(f"[{parameter}]", f"[{value}]")
        return (self.old if old else self.now)[self.world.names.index(name)]


Meaning: TypeAlias = Callable[[At], bool]


@dataclass(frozen=True, eq=False)
class Claim:
    """`reads` are the variables of whatever moment."""

    text: str
    meaning: Meaning
    reads: frozenset[str] = frozenset()


TRUE = Claim("true", lambda at: True)


class Parameter(NamedTuple):
    """`kind` is `Item`, `Tone`, `bool` or `real`; `within` its set as source, "" if it has none,
    and `inside` says which values lie there."""

    name: str
    kind: str
    within: str = ""
    inside: Callable[[object], bool] = lambda value: True

    def source(self) -> str:
        return f"{self.name} : {self.kind}{f' in {self.within}' if self.within else ''}"


Parameters: TypeAlias = tuple[Parameter, ...]


def atom(rng: random.Random, world: World, given: Parameters, *, old: bool) -> Claim:
    """A claim about one variable or one parameter."""
    if given and rng.random() < 0.3:
        chosen = rng.choice(given)
        found = about_parameter(rng, world, chosen.name, chosen.kind)
        if found is not None:
            return found
    name = rng.choice(world.names)
    read = frozenset({name})
    if name == "mode":
        return about_mode(rng, old, read)
    if name == "n":
        word, holds = rng.choice(COMPARISONS)
        bound = rng.choice((0, 1, 2))
        return Claim(f"n {word} {bound}", lambda at: holds(at.value("n"), bound), read)
    if name.startswith("held") and rng.random() < 0.3:
        every = rng.random() < 0.5
        both = [f"held[{item}]" for item in ITEMS]
        word = "forall" if every else "exists"
        return Claim(
            f"({word} i : Item, held[i])",
            lambda at: (all if every else any)(at.value(each) for each in both),
            frozenset(both),
        )
    if old and rng.random() < 0.3:
        other = rng.choice(world.booleans)
        return Claim(
            f"{name} == old({other})",
            lambda at: at.value(name) == at.value(other, old=True),
            read | {other},
        )
    wanted = rng.random() < 0.6
    return Claim(name if wanted else f"not {name}", lambda at: at.value(name) == wanted, read)


COMPARISONS: tuple[tuple[str, Callable[[object, object], bool]], ...] = (
    ("<=", lambda x, y: x <= y),  # type: ignore[operator]
    (">=", lambda x, y: x >= y),  # type: ignore[operator]
    ("<", lambda x, y: x < y),  # type: ignore[operator]
    ("==", lambda x, y: x == y),
    ("!=", lambda x, y: x != y),
)


def about_mode(rng: random.Random, old: bool, read: frozenset[str]) -> Claim:
    if old and rng.random() < 0.2:
        return Claim(
            "mode == old(mode)", lambda at: at.value("mode") == at.value("mode", old=True), read
        )
    if rng.random() < 0.3:
        some = rng.sample(LABELS, 2)
        return Claim(f"mode in {{{', '.join(some)}}}", lambda at: at.value("mode") in some, read)
    label, equal = rng.choice(LABELS), rng.random() < 0.7
    word = "==" if equal else "!="
    return Claim(f"mode {word} {label}", lambda at: (at.value("mode") == label) == equal, read)


def about_parameter(rng: random.Random, world: World, name: str, kind: str) -> Claim | None:
    if kind == "Tone":
        if "mode" in world.names and rng.random() < 0.7:
            equal = rng.random() < 0.8
            return Claim(
                f"mode {'==' if equal else '!='} {name}",
                lambda at: (at.value("mode") == at.given[name]) == equal,
                frozenset({"mode"}),
            )
        label = rng.choice(LABELS)
        return Claim(f"{name} == {label}", lambda at: at.given[name] == label)
    if kind == "bool":
        one = rng.choice(world.booleans)
        if rng.random() < 0.3:
            return Claim(name, lambda at: bool(at.given[name]))
        return Claim(
            f"{one} == {name}", lambda at: at.value(one) == at.given[name], frozenset({one})
        )
    if kind == "real":
        word, holds = rng.choice(COMPARISONS)
        if "n" in world.names and rng.random() < 0.7:
            return Claim(
                f"n {word} {name}",
                lambda at: holds(at.value("n"), at.given[name]),
                frozenset({"n"}),
            )
        return Claim(f"{name} {word} 1", lambda at: holds(at.given[name], 1))
    if rng.random() < 0.2:
        return Claim(f"{name} == cup", lambda at: at.given[name] == "cup")
    wanted = rng.random() < 0.7
    return Claim(
        f"{'' if wanted else 'not '}held[{name}]",
        lambda at: at.value(f"held[{name}]") == wanted,
        frozenset({f"held[{name}]"}),
    )


def clause(
    rng: random.Random, world: World, given: Parameters, most: int, *, old: bool = False
) -> Claim:
    """A claim of up to so many atoms."""
    count = rng.randint(0, most)
    if not count:
        return TRUE
    claim = atom(rng, world, given, old=old)
    for _ in range(count - 1):
        claim = joined(rng, claim, atom(rng, world, given, old=old))
    return claim


JOINTS: tuple[tuple[str, Callable[[bool, bool], bool]], ...] = (
    ("and", lambda x, y: x and y),
    ("and", lambda x, y: x and y),
    ("or", lambda x, y: x or y),
    ("implies", lambda x, y: not x or y),
    ("iff", lambda x, y: x == y),
)


def joined(rng: random.Random, one: Claim, other: Claim) -> Claim:
    word, holds = rng.choice(JOINTS)
    text = f"(({one.text}) {word} ({other.text}))"
    return Claim(
        text, lambda at: holds(one.meaning(at), other.meaning(at)), one.reads | other.reads
    )


# ---- skills and chains -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Skill:
    parameters: Parameters
    requires: Claim
    ensures: Claim
    invariant: Claim
    frame: tuple[str, ...]
    duration: tuple[int, int] | None = None
    uses: int = 0

    def source(self, name: str) -> str:
        whole = f"invariant {WHOLE}  ensures {WHOLE}  " if "n" in self.frame else ""
        ensures = f"ensures {self.ensures.text}  " if self.ensures is not TRUE else ""
        modifies = f"modifies {', '.join(self.frame)}" if self.frame else ""
        if self.duration is not None:
            low, high = self.duration
            modifies += f"  duration {low} s .. {high} s"
        modifies += f"  uses compute {self.uses} TFLOPS" if self.uses else ""
        return (
            f"skill {name}{listed(self.parameters)} {{ requires {self.requires.text}  {ensures}"
            f"invariant {self.invariant.text}  {whole}{modifies} }}"
        )


def listed(parameters: Parameters) -> str:
    given = ", ".join(each.source() for each in parameters)
    return f"({given})" if given else ""


def random_parameters(rng: random.Random, world: World, prefix: str, most: int) -> Parameters:
    kinds = ["bool", *(["Tone"] if "mode" in world.names else [])]
    kinds += ["Item"] if "held[cup]" in world.names else []
    kinds += ["real"] if "n" in world.names else []
    return tuple(Parameter(f"{prefix}{k}", rng.choice(kinds)) for k in range(rng.randint(0, most)))


def over_sets(rng: random.Random, parameters: Parameters) -> Parameters:
    """The parameters of a chain: numbers from an interval, labels now and then from a few."""
    return tuple(_over_set(rng, each) for each in parameters)


def _over_set(rng: random.Random, each: Parameter) -> Parameter:
    if each.kind == "real":
        high = rng.choice((1, 2, 2))
        return each._replace(within=f"0 .. {high}", inside=lambda x: 0 <= x <= high)  # type: ignore[operator]
    if each.kind == "Tone" and rng.random() < 0.5:
        some = rng.sample(LABELS, 2)
        return each._replace(within=f"{{{', '.join(some)}}}", inside=lambda x: x in some)
    return each


def random_skill(rng: random.Random, world: World) -> Skill:
    given = random_parameters(rng, world, "p", 2)
    ensures = clause(rng, world, given, 2, old=True)
    if "n" in world.names and rng.random() < 0.3:
        up = rng.choice((1, -1))
        ensures = Claim(
            f"n == old(n) {'+' if up > 0 else '-'} 1",
            lambda at: at.value("n") == at.value("n", old=True) + up,  # type: ignore[operator]
            frozenset({"n"}),
        )
    kept = clause(rng, world, given, 1, old=rng.random() < 0.3)
    invariant = kept if rng.random() < 0.35 else TRUE
    extra = [name for name in world.names if rng.random() < 0.15]
    frame = tuple(sorted({*ensures.reads, *extra}))
    if not ensures.reads:
        ensures = TRUE
    requires = clause(rng, world, given, rng.choice((0, 0, 0, 0, 0, 1, 2)))
    low = rng.choice((0, 0, 1))
    duration = low, low + rng.choice((1, 1, 2))
    return Skill(given, requires, ensures, invariant, frame, duration, rng.choice((0, 1, 2)))


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[str, ...]


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


@dataclass(frozen=True, eq=False)
class While:
    guard: Claim
    invariant: Claim
    body: Body


@dataclass(frozen=True)
class Try:
    body: Body
    recovery: Body


Statement: TypeAlias = "Call | Together | If | Again | While | Try"
Body: TypeAlias = tuple[Statement, ...]


@dataclass(frozen=True)
class Chain:
    parameters: Parameters
    assume: Claim
    body: Body
    achieve: Claim
    within: tuple[int, int] | None = None

    def source(self, name: str, world: World) -> str:
        whole = f"assume {WHOLE}  " if "n" in world.names else ""
        low, high = self.within or (0, 0)
        deadline = f"  within {low} s .. {high} s" if self.within else ""
        return (
            f"chain {name}{listed(self.parameters)} {{ {whole}assume {self.assume.text}"
            f"  {written(self.body)}  achieve {self.achieve.text}{deadline} }}"
        )


def written(body: Body) -> str:
    """The body as source."""
    texts = []
    for number, statement in enumerate(body, start=1):
        ends = isinstance(statement, Call | Together) and number < len(body)
        texts.append(_written(statement) + (";" if ends else ""))
    return " ".join(texts)


def _written(statement: Statement) -> str:
    match statement:
        case Call(name, arguments):
            return f"{name}({', '.join(arguments)})"
        case Together(branches):
            return " || ".join(f"{{ {written(branch)} }}" for branch in branches)
        case If(cases, otherwise):
            texts = [f"if {guard.text} {{ {written(body)} }}" for guard, body in cases]
            texts += [f"{{ {written(otherwise)} }}"] if otherwise is not None else []
            return " else ".join(texts)
        case Again(count, body):
            return f"repeat {count} {{ {written(body)} }}"
        case While(guard, invariant, body):
            kept = f"invariant {invariant.text} invariant {WHOLE} variant n"
            return f"while {guard.text} {kept} {{ {written(body)} }}"
        case Try(body, recovery):
            return f"try {{ {written(body)} }} recover {{ {written(recovery)} }}"


PLAIN: dict[str, tuple[str, ...]] = {
    "bool": ("true", "false"),
    "Tone": LABELS,
    "Item": ITEMS,
    "real": ("0", "1", "2"),
}


@dataclass
class Writer:
    """Writes random bodies out of these skills and chains."""

    rng: random.Random
    world: World
    callees: dict[str, Skill | Chain]
    given: Parameters = ()

    def body(self, depth: int, most: int) -> Body:
        return tuple(self.statement(depth) for _ in range(self.rng.randint(1, most)))

    def statement(self, depth: int) -> Statement:
        rng = self.rng
        kind = rng.randrange(10) if depth else 9
        if kind in (0, 1):
            cases = tuple(
                (clause(rng, self.world, self.given, 2), self.body(depth - 1, 2))
                for _ in range(rng.choice((1, 1, 2)))
            )
            return If(cases, self.body(depth - 1, 2) if rng.random() < 0.6 else None)
        if kind == 2:
            return Together((self.body(depth - 1, 2), (self.call(),)))
        if kind == 4:
            return Again(2, self.body(depth - 1, 2))
        if kind == 5 and "n" in self.world.names:
            guard = Claim("n >= 1", lambda at: at.value("n") >= 1)  # type: ignore[operator]
            return While(guard, clause(rng, self.world, self.given, 1), self.body(depth - 1, 2))
        if kind in (6, 7):
            return Try(self.body(depth - 1, 2), self.body(depth - 1, 1))
        return self.call()

    def call(self) -> Call:
        name = self.rng.choice(sorted(self.callees))
        return Call(name, tuple(self.argument(each.kind) for each in self.callees[name].parameters))

    def argument(self, kind: str) -> str:
        mine = [each.name for each in self.given if each.kind == kind]
        plain = PLAIN[kind]
        return self.rng.choice(mine) if mine and self.rng.random() < 0.6 else self.rng.choice(plain)


# ---- problems ---------------------------------------------------------------------------------

WORLDS = (
    ("a", "b", "n"),
    ("a", "held[cup]", "held[box]"),
    ("a", "mode"),
    ("a", "mode", "n"),
    ("a", "held[cup]", "held[box]", "mode"),
)


@dataclass(frozen=True)
class Problem:
    world: World
    callees: dict[str, Skill | Chain]
    chain: Chain
    capacity: int

    def source(self) -> str:
        lines = [
            "type Item",
            f"object {', '.join(ITEMS)} : Item",
            f"type Tone = {{{', '.join(LABELS)}}}",
            f"resource compute {self.capacity} TFLOPS",
        ]
        kinds = {"mode": "Tone", "n": "real in 0 .. 2", "held[cup]": "bool[Item]"}
        declared = [
            f"{name.split('[')[0]} : {kinds.get(name, 'bool')}"
            for name in self.world.names
            if name != "held[box]"
        ]
        lines.append(f"state {{ {'  '.join(declared)} }}")
        for name, callee in self.callees.items():
            lines.append(
                callee.source(name)
                if isinstance(callee, Skill)
                else callee.source(name, self.world)
            )
        return "\n".join([*lines, self.chain.source("C", self.world)])


def problem(rng: random.Random) -> Problem:
    world = World(rng.choice(WORLDS))
    callees: dict[str, Skill | Chain] = {f"S{k}": random_skill(rng, world) for k in range(4)}
    for name, depth in (("D", 1), ("E", 1)):
        if rng.random() < 0.6:
            given = over_sets(rng, random_parameters(rng, world, name.lower(), 2))
            writer = Writer(rng, world, dict(callees), given)
            ends = (clause(rng, world, given, 1) if rng.random() < 0.5 else TRUE for _ in "ae")
            assume, achieve = ends
            callees[name] = Chain(given, assume, writer.body(depth, 2), achieve)
    given = over_sets(rng, random_parameters(rng, world, "q", 2))
    writer = Writer(rng, world, callees, given)
    assume, achieve = clause(rng, world, given, 2), clause(rng, world, given, 1)
    low = rng.choice((0, 0, 1))
    within = (low, rng.randint(2, 10)) if rng.random() < 0.5 else None
    chain = Chain(given, assume, writer.body(2, 2), achieve, within)
    return Problem(world, callees, chain, rng.choice((1, 2, 2, 3)))
