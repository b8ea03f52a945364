"""The meaning of a chain against brute force: random skills over a small state, every state tried.

The generator yields a source together with its meaning, a function on states. The oracle runs a
chain forward through sets of states as docs/language.md defines it, and shares no code with the
verifier.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import pytest

from verifier.core.obligation import Entailment
from verifier.core.verdict import Refuted, Unknown
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


def states() -> list[State]:
    return list(product((False, True), (False, True), (False, True), LABELS))


def value(state: State, name: str) -> object:
    return state[NAMES.index(name)]


def literal(rng: random.Random, old: bool) -> Claim:
    name = rng.choice(NAMES)
    if name == "mode":
        label, equal = rng.choice(LABELS), rng.random() < 0.6
        text = f"mode {'==' if equal else '!='} {label}"
        return Claim(text, lambda s, e: (value(s, "mode") == label) == equal, frozenset({name}))
    kind = rng.randrange(4 if old else 2)
    if kind == 0:
        return Claim(name, lambda s, e: bool(value(s, name)), frozenset({name}))
    if kind == 1:
        return Claim(f"not {name}", lambda s, e: not value(s, name), frozenset({name}))
    other = rng.choice(BOOLEANS)
    text = f"{name} == old({other})"
    return Claim(text, lambda s, e: value(s, name) == value(e, other), frozenset({name}))


def clause(rng: random.Random, most: int, old: bool) -> Claim:
    """A conjunction of literals, some of them disjunctions of two."""
    parts = []
    for _ in range(rng.randint(0, most)):
        one = literal(rng, old)
        if not old and rng.random() < 0.4:
            other = literal(rng, False)
            parts.append(
                Claim(
                    f"({one.text} or {other.text})",
                    lambda s, e, f=one.meaning, g=other.meaning: f(s, e) or g(s, e),
                    frozenset(),
                )
            )
        else:
            parts.append(one)
    if not parts:
        return Claim("true", lambda s, e: True, frozenset())
    return Claim(
        " and ".join(part.text for part in parts),
        lambda s, e: all(part.meaning(s, e) for part in parts),
        frozenset().union(*(part.writes for part in parts)),
    )


def skill(rng: random.Random) -> RandomSkill:
    ensures = clause(rng, 2, old=True)
    extra = frozenset(name for name in NAMES if rng.random() < 0.2)
    invariant = clause(rng, 1, old=False)
    return RandomSkill(clause(rng, 2, old=False), ensures, invariant, ensures.writes | extra)


@dataclass(frozen=True)
class Expected:
    refuted: frozenset[str]
    first_impossible: int | None


def run(assume: Claim, steps: list[tuple[str, RandomSkill]], achieve: Claim) -> Expected:
    """What brute force says: the refuted obligations up to the first step no run gets through."""
    reached = {s for s in states() if assume.meaning(s, s)}
    if not reached:
        return Expected(frozenset({"assume/sanity"}), 0)
    refuted = set()
    for number, (name, step) in enumerate(steps, start=1):
        owner = f"{number}:{name}/"
        if not all(step.requires.meaning(s, s) for s in reached):
            refuted.add(owner + "precondition")
        if not all(step.invariant.meaning(s, s) for s in reached):
            refuted.add(owner + "invariant")
        through = {
            after
            for before in reached
            if step.requires.meaning(before, before) and step.invariant.meaning(before, before)
            for after in successors(step, before)
        }
        if not through:
            return Expected(frozenset(refuted), number)
        reached = through
    if not all(achieve.meaning(s, s) for s in reached):
        refuted.add("achieve")
    return Expected(frozenset(refuted), None)


def successors(step: RandomSkill, before: State) -> set[State]:
    return {
        after
        for after in states()
        if all(value(after, n) == value(before, n) for n in NAMES if n not in step.frame)
        and step.ensures.meaning(after, before)
        and step.invariant.meaning(after, before)
    }


@pytest.mark.parametrize("seed", range(150))
def test_every_verdict_is_what_brute_force_says(seed: int) -> None:
    rng = random.Random(seed)
    library = {f"S{i}": skill(rng) for i in range(4)}
    steps = [(name, library[name]) for name in rng.choices(sorted(library), k=rng.randint(1, 5))]
    assume, achieve = clause(rng, 2, old=False), clause(rng, 2, old=False)
    source = "\n".join(
        [
            f"state {{ {', '.join(BOOLEANS)} : bool  mode : {{{', '.join(LABELS)}}} }}",
            *(one.source(name) for name, one in library.items()),
            f"chain C {{ assume {assume.text}",
            "; ".join(f"{name}()" for name, _ in steps),
            f"achieve {achieve.text} }}",
        ]
    )
    model = settled("random.contract", source).model
    answers = judged(model, model.chains["C"], Effort(10, None), lambda done, total: None)
    found = {a.obligation.id.removeprefix("C/"): a.verdict for a in answers}
    expected = run(assume, steps, achieve)
    owed = {"precondition", "invariant", "achieve"}
    said = {k for k, v in found.items() if isinstance(v, Refuted) and k.split("/")[-1] in owed}
    assert said | ({"assume/sanity"} & expected.refuted) == expected.refuted, source
    assert (
        not any(isinstance(v, Unknown) for v in found.values())
        or expected.first_impossible is not None
    )
    impossible = [
        0 if k == "assume/sanity" else int(k.split(":")[0])
        for k, v in found.items()
        if k.endswith(("sanity/run", "assume/sanity")) and isinstance(v, Refuted)
    ]
    assert min(impossible, default=None) == expected.first_impossible, source
    if expected.first_impossible is not None:
        behind = [
            a
            for a in answers
            if a.obligation.step > expected.first_impossible
            and isinstance(a.obligation.question, Entailment)
            and a.obligation.rule != "within"
        ]
        assert all(isinstance(a.verdict, Unknown) for a in behind)
