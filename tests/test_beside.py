"""Chains that run at the same time against brute force: every interleaving of random chains, with
`if`, `repeat` and calls of other chains in them.

Soundness alone is compared: where all that both chains owe is proved, no run of the two together
comes to a step that it may not begin, ends wrongly, or breaks a guarantee. A step is what
docs/language.md says: between entry and exit it changes its frame as it likes, as long as its
invariant holds.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeAlias

import pytest

from verifier.core.verdict import Proved
from verifier.judging import Effort, judged
from verifier.source import settled

NAMES = ("a", "b", "x", "y")
OWN = {"Left": ("a", "b"), "Right": ("x", "y")}
State = tuple[bool, ...]
Meaning = Callable[[State, State], bool]  # (now, before)


@dataclass(frozen=True)
class Claim:
    text: str
    meaning: Meaning


@dataclass(frozen=True)
class Skill:
    requires: Claim
    ensures: Claim
    invariant: Claim
    frame: tuple[str, ...]
    atomic: bool


@dataclass(frozen=True)
class Guard:
    """Goes on with what follows where the claim holds, and to a place behind it where it does not.
    Without a claim it always goes there."""

    claim: Claim | None
    behind: int


@dataclass(frozen=True)
class Owes:
    """What the called chain assumes or achieves."""

    claim: Claim


Order: TypeAlias = "int | Guard | Owes"  # the number of a skill that is called, or one of these


@dataclass(frozen=True)
class Body:
    """Statements as source, and as orders; the places in a Guard count from the order itself.
    `chains` are those that it calls, as source."""

    text: str
    orders: tuple[Order, ...]
    chains: tuple[str, ...] = ()


@dataclass(frozen=True)
class Program:
    relies: Claim
    guarantees: Claim
    skills: tuple[Skill, ...]
    assume: Claim
    achieve: Claim
    body: Body


TRUE = Claim("true", lambda now, was: True)


def value(state: State, name: str) -> bool:
    return state[NAMES.index(name)]


def literal(rng: random.Random, names: tuple[str, ...]) -> Claim:
    name, wanted = rng.choice(names), rng.random() < 0.5
    text = name if wanted else f"not {name}"
    return Claim(text, lambda now, was: value(now, name) == wanted)


def either(one: Claim, other: Claim) -> Claim:
    text = f"({one.text} or {other.text})"
    return Claim(text, lambda now, was: one.meaning(now, was) or other.meaning(now, was))


def move(rng: random.Random, names: tuple[str, ...]) -> Claim:
    """What may be said of moves: that a scalar stays, stays true, or is true if another one is."""
    name = rng.choice(names)
    kind = rng.randrange(5)
    if kind == 0:
        return Claim(
            f"{name} == old({name})", lambda now, was: value(now, name) == value(was, name)
        )
    if kind == 1:
        return stays_true(name)
    if kind == 2:
        other = rng.choice(NAMES)
        text = f"old({name}) and {other} implies {name}"

        def stays(now: State, was: State) -> bool:
            return value(now, name) or not (value(was, name) and value(now, other))

        return Claim(text, stays)
    return kept(either(literal(rng, names), literal(rng, NAMES))) if kind == 3 else TRUE


def kept(claim: Claim) -> Claim:
    """A claim about one moment, as what moves keep."""

    def stays(now: State, was: State) -> bool:
        return claim.meaning(now, now) or not claim.meaning(was, was)

    return Claim(claim.text, stays)


def program(rng: random.Random, who: str) -> Program:
    """A program that guarantees what, of a few guesses, its steps by themselves do not break. It
    may lean on a scalar of the other one's staying true."""
    own = OWN[who]
    lean = rng.choice([name for name in NAMES if name not in own])
    leans = rng.random() < 0.5
    assume = Claim(lean, lambda now, was: value(now, lean)) if leans else literal(rng, NAMES)
    skills: list[Skill] = []
    for _ in range(rng.randint(1, 2)):
        ensures = literal(rng, own)
        invariant = literal(rng, rng.choice((own, NAMES))) if rng.random() < 0.3 else TRUE
        frame = tuple(
            sorted({ensures.text.removeprefix("not "), *rng.sample(own, rng.randint(0, 1))})
        )
        before = [skills[-1].ensures] if skills else [assume]
        requires = rng.choice((TRUE, TRUE, TRUE, *before, *before, literal(rng, NAMES)))
        skills.append(Skill(requires, ensures, invariant, frame, rng.random() < 0.3))
    goal = literal(rng, NAMES) if rng.random() < 0.2 else skills[-1].ensures
    guesses = [move(rng, own) for _ in range(4)]
    kept = [guess for guess in guesses if all(keeps(skill, guess) for skill in skills)]
    relies = stays_true(lean) if leans else TRUE
    goal = assume if leans else goal
    body = chained([called(who, number) for number in range(len(skills))])
    return Program(relies, (kept or guesses)[0], tuple(skills), assume, goal, body)


def called(who: str, number: int) -> Body:
    return Body(f"{who}{number}()", (number,))


def chained(parts: Sequence[Body]) -> Body:
    text = " ".join(f"{part.text}{'' if part.text.endswith('}') else ';'}" for part in parts)
    orders = tuple(order for part in parts for order in part.orders)
    return Body(text.removesuffix(";"), orders, tuple(c for part in parts for c in part.chains))


def with_blocks(rng: random.Random, who: str, each: Program) -> Program:
    """The program with guards, repetitions and calls of chains around its steps."""
    parts = []
    for number in range(len(each.skills)):
        part = called(who, number)
        for _ in range(rng.choice((0, 1, 1, 2))):
            part = around(rng, who, each, part)
        parts.append(part)
    body = chained(parts)
    named = {text: f"{who}Sub{place}" for place, text in enumerate(dict.fromkeys(body.chains))}
    for text, name in named.items():
        body = replace(body, text=body.text.replace(f"<{text}>", f"{name}()"))
    chains = tuple(f"chain {name} {text}" for text, name in named.items())
    return replace(each, body=replace(body, chains=chains))


def around(rng: random.Random, who: str, each: Program, part: Body) -> Body:
    kind = rng.randrange(4)
    if kind == 0:
        return Body(f"repeat 2 {{ {part.text} }}", part.orders * 2, part.chains)
    if kind == 1 and not part.chains:
        assume = rng.choice((TRUE, each.assume, literal(rng, NAMES)))
        achieve = rng.choice((TRUE, each.skills[-1].ensures, literal(rng, NAMES)))
        text = f"{{ assume {assume.text}  {part.text}  achieve {achieve.text} }}"
        return Body(f"<{text}>", (Owes(assume), *part.orders, Owes(achieve)), (text,))
    guard = literal(rng, rng.choice((OWN[who], NAMES)))
    other = called(who, rng.randrange(len(each.skills))) if kind == 2 else Body("", ())
    orders = (
        Guard(guard, len(part.orders) + 2),
        *part.orders,
        Guard(None, len(other.orders) + 1),
        *other.orders,
    )
    text = f"if {guard.text} {{ {part.text} }} else {{ {other.text} }}"
    return Body(text, orders, part.chains)


def stays_true(name: str) -> Claim:
    text = f"old({name}) implies {name}"
    return Claim(text, lambda now, was: value(now, name) or not value(was, name))


def keeps(skill: Skill, claim: Claim) -> bool:
    """Whether no move of the skill, from wherever, breaks the claim."""
    return all(
        claim.meaning(after, state)
        for state in product((False, True), repeat=len(NAMES))
        if skill.invariant.meaning(state, state)
        for after, _ in moves(skill, state, 0, state)
    )


def both(rng: random.Random, *, blocks: bool) -> dict[str, Program]:
    """Two programs, each of which mostly relies on what the other one guarantees."""
    alone = {who: program(rng, who) for who in OWN}
    if blocks:
        alone = {who: with_blocks(rng, who, each) for who, each in alone.items()}
    found = {}
    for who, each in alone.items():
        (other,) = set(OWN) - {who}
        offered = alone[other].guarantees
        found[who] = each if rng.random() < 0.5 else replace(each, relies=offered)
    return found


def source(programs: dict[str, Program]) -> str:
    lines = [f"state {{ {', '.join(NAMES)} : bool }}"]
    for who, each in programs.items():
        lines += each.body.chains
        for number, skill in enumerate(each.skills):
            time = "  duration 0 s .. 0 s" if skill.atomic else ""
            lines.append(
                f"skill {who}{number} {{ requires {skill.requires.text}"
                f"  ensures {skill.ensures.text}  invariant {skill.invariant.text}"
                f"  modifies {', '.join(skill.frame)}{time} }}"
            )
        (other,) = set(OWN) - {who}
        lines.append(
            f"chain {who} {{ beside {other}  relies {each.relies.text}"
            f"  guarantees {each.guarantees.text}  assume {each.assume.text}"
            f"  {each.body.text}  achieve {each.achieve.text} }}"
        )
    return "\n".join(lines)


# ---- every interleaving ------------------------------------------------------------------------

Where = tuple[int, State | None]
"""How many orders are behind a chain, and the state at the entry of the step that it is in."""


def breaks(programs: dict[str, Program]) -> str | None:
    """What goes wrong in some run of the two together; None if nothing does."""
    starts = (
        state
        for state in product((False, True), repeat=len(NAMES))
        if all(each.assume.meaning(state, state) for each in programs.values())
    )
    todo: list[tuple[State, Where, Where]] = [(state, (0, None), (0, None)) for state in starts]
    seen = set(todo)
    while todo:
        here = todo.pop()
        state, *wheres = here
        for place, (who, each) in enumerate(programs.items()):
            done, entry = wheres[place]
            if done == len(each.body.orders):
                if not each.achieve.meaning(state, state):
                    return f"{who} ends wrongly"
                continue
            order = each.body.orders[done]
            if not isinstance(order, int):
                if isinstance(order, Owes) and not order.claim.meaning(state, state):
                    return f"{who} calls a chain wrongly"
                where = followed(order, state, done)
                new = (state, where, wheres[1]) if place == 0 else (state, wheres[0], where)
                if new not in seen:
                    seen.add(new)
                    todo.append(new)
                continue
            skill = each.skills[order]
            if entry is None and not (
                skill.requires.meaning(state, state) and skill.invariant.meaning(state, state)
            ):
                return f"{who} may not begin its step"
            for after, where in moves(skill, state, done, entry):
                if after != state and not each.guarantees.meaning(after, state):
                    return f"{who} breaks its guarantee"
                new = (after, where, wheres[1]) if place == 0 else (after, wheres[0], where)
                if new not in seen:
                    seen.add(new)
                    todo.append(new)
    return None


def followed(order: Guard | Owes, state: State, done: int) -> Where:
    if isinstance(order, Owes):
        return done + 1, None
    passes = order.claim is not None and order.claim.meaning(state, state)
    return done + (1 if passes else order.behind), None


def moves(
    skill: Skill, state: State, done: int, entry: State | None
) -> Iterator[tuple[State, Where]]:
    began = state if entry is None else entry
    if skill.atomic:
        yield from ((after, (done + 1, None)) for after in changed(skill, state, began, end=True))
        return
    if entry is None:
        yield state, (done, state)
        return
    yield from ((after, (done, entry)) for after in changed(skill, state, began, end=False))
    yield from ((after, (done + 1, None)) for after in changed(skill, state, began, end=True))


def changed(skill: Skill, state: State, began: State, *, end: bool) -> Iterator[State]:
    for values in product((False, True), repeat=len(skill.frame)):
        new = dict(zip(skill.frame, values, strict=True))
        after = tuple(new.get(name, value(state, name)) for name in NAMES)
        if skill.invariant.meaning(after, began) and (
            not end or skill.ensures.meaning(after, began)
        ):
            yield after


# ---- the comparison ----------------------------------------------------------------------------


def proved(text: str) -> bool:
    model = settled("random.contract", text).model
    answers = [
        answer
        for chain in model.chains.values()
        for answer in judged(model, chain, Effort(10, None), lambda done, total: None)
    ]
    return all(
        isinstance(answer.verdict, Proved)
        for answer in answers
        if answer.obligation.rule in ("precondition", "invariant", "beside", "achieve", "call")
    )


def compare(seeds: range, *, blocks: bool) -> Counter[tuple[bool, bool]]:
    """How often both chains are proved, and nothing goes wrong."""
    found: Counter[tuple[bool, bool]] = Counter()
    for seed in seeds:
        programs = both(random.Random(seed), blocks=blocks)
        text = source(programs)
        wrong = breaks(programs)
        holds = proved(text)
        assert not (holds and wrong), f"{seed}, {wrong}:\n{text}"
        found[holds, wrong is None] += 1
    return found


@pytest.mark.parametrize("part", range(4))
def test_nothing_goes_wrong_in_any_run_of_chains_that_are_proved(part: int) -> None:
    found = compare(range(part, 160, 4), blocks=False)
    assert found[True, True] >= 2 and found[False, False] >= 10
    # What is refuted is mostly wrong: what is not, invariants and promises do not tell.
    assert found[False, True] <= found[False, False]


def test_nor_with_blocks_in_them() -> None:
    found = compare(range(60), blocks=True)
    assert found[True, True] >= 2 and found[False, False] >= 10


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(4))
def test_nor_in_thousands(part: int) -> None:
    found = compare(range(1000 + part, 5000, 4), blocks=True)
    assert found[True, True] >= 50 and found[False, False] >= 200
