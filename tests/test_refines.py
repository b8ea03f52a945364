"""`refines` against every state: what is owed of a claim, and what a chain keeps with the stand-in.

A claim is proved part by part just when every state and every end says so. Where all of it is
proved, and all that a chain owes with the one skill, no run fails with the other in its place.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from composed import (
    ITEMS,
    TRUE,
    VALUES,
    WORLDS,
    At,
    Call,
    Chain,
    Given,
    Problem,
    Skill,
    State,
    World,
    Writer,
    clause,
    joined,
    random_skill,
)
from every_run import KINDS, TooMany, happens, placed
from test_runs import said

from verifier.core.diagnostic import SourceError
from verifier.core.verdict import Proved, Verdict
from verifier.judging import Effort, judged
from verifier.source import settled


def stand_in(rng: random.Random, world: World, other: Skill) -> Skill:
    """A skill much like the other one, with less asked or more promised here and there."""
    given = other.parameters
    requires, ensures, invariant = other.requires, other.ensures, other.invariant
    if rng.random() < 0.4:
        requires = rng.choice((TRUE, clause(rng, world, given, 1)))
    if rng.random() < 0.5:
        more = clause(rng, world, given, 1, old=True)
        ensures = joined(rng, ensures, more) if rng.random() < 0.7 else more
    if rng.random() < 0.3:
        invariant = clause(rng, world, given, 1)
    frame = set(other.frame) if rng.random() < 0.7 else set()
    frame |= {name for name in world.names if rng.random() < 0.05}
    if not ensures.reads:
        ensures = TRUE
    frame |= ensures.reads
    low, high = other.duration or (0, 1)
    takes = low, max(low, high + rng.choice((-1, 0, 0, 0, 1)))
    uses = max(0, other.uses + rng.choice((-1, 0, 0, 0, 1)))
    return Skill(given, requires, ensures, invariant, tuple(sorted(frame)), takes, uses)


def claimed(world: World, new: Skill, other: Skill, given: Given) -> set[str]:
    """The parts of the claim that some state refutes, with what the parameters stand for."""
    wrong: set[str] = set()
    for state in world.states():
        here = At(world, state, state, given)
        if not (other.requires.meaning(here) and other.invariant.meaning(here)):
            continue
        may = new.requires.meaning(here) and new.invariant.meaning(here)
        wrong |= set() if may else {"requires"}
        found = possible = False
        for at in ends(world, new, state, given):
            kept = other.invariant.meaning(at)
            if new.invariant.meaning(at):
                wrong |= set() if kept else {"invariant"}
                if new.ensures.meaning(at):
                    found = True
                    wrong |= set() if kept and other.ensures.meaning(at) else {"ensures"}
        for at in ends(world, other, state, given):
            possible = possible or (other.invariant.meaning(at) and other.ensures.meaning(at))
        if may and possible and not found:
            wrong.add("realizable")
    mine, theirs = ({placed(name, given) for name in each.frame} for each in (new, other))
    wrong |= {"frame"} if mine - theirs else set()
    assert new.duration is not None and other.duration is not None
    wrong |= {"duration"} if new.duration[1] > other.duration[1] else set()
    return wrong | ({"uses"} if new.uses > other.uses else set())


def ends(world: World, skill: Skill, state: State, given: Given) -> Iterator[At]:
    frame = {placed(name, given) for name in skill.frame}
    choices = [
        VALUES[name] if name in frame else (value,)
        for name, value in zip(world.names, state, strict=True)
    ]
    return (At(world, after, state, given) for after in product(*choices))


def claims(source: str) -> dict[str, dict[str, Verdict]]:
    """What is said of each claim, by part, for each choice of objects."""
    model = settled("random.contract", source).model
    return {
        name: {
            answer.obligation.id.split("/", 1)[1].removeprefix("refinement/"): answer.verdict
            for answer in judged(model, chain, Effort(10, None), lambda done, total: None)
        }
        for name, chain in model.chains.items()
        if chain.refinement is not None
    }


def problem(rng: random.Random) -> tuple[Problem, Skill, Skill]:
    """A chain that calls the skill S0, and one that is said to refine it."""
    world = World(rng.choice([names for names in WORLDS if "n" not in names]))
    callees: dict[str, Skill | Chain] = {f"S{k}": random_skill(rng, world) for k in range(2)}
    other = callees["S0"]
    assert isinstance(other, Skill)
    writer = Writer(rng, world, callees)
    assume, achieve = clause(rng, world, (), 1), clause(rng, world, (), 1)
    first = Call("S0", tuple(writer.argument(each.kind) for each in other.parameters))
    body = (first, *writer.body(2, 2))
    chain = Chain((), assume, body, achieve, None)
    return Problem(world, callees, chain, 4), stand_in(rng, world, other), other


def discrepancy(asked: Problem, new: Skill, other: Skill) -> tuple[str, str]:
    """(what came out, what is wrong with it)."""
    claim = new.source("A").replace(" {", " refines S0 {", 1)
    source = asked.source() + "\n" + claim
    try:
        found = claims(source)
    except SourceError as error:
        return "refused", " ".join(f"{d.code}" for d in error.diagnostics)
    items = [each.name for each in other.parameters if each.kind == "Item"]
    rest = [each for each in other.parameters if each.kind != "Item"]
    wrong: set[str] = set()
    choices = list(product(ITEMS, repeat=len(items)))
    assert len(found) == len(choices)
    for name, things in zip(found, choices, strict=True):
        expected: set[str] = set()
        for values in product(*(KINDS[each.kind] for each in rest)):
            given = dict(zip((each.name for each in rest), values, strict=True))
            given |= dict(zip(items, things, strict=True))
            expected |= claimed(asked.world, new, other, given)
        if not isinstance(found[name]["sanity/possible"], Proved):
            return "impossible", ""
        said_so = {part for part, verdict in found[name].items() if not isinstance(verdict, Proved)}
        if said_so != expected:
            return "wrong", f"{name}: {sorted(said_so)} but {sorted(expected)}"
        wrong |= expected
    if wrong or any(not isinstance(each, Proved) for of in found.values() for each in of.values()):
        return "refuted", ""
    if not all(isinstance(each, Proved) for of in said(source).values() for each in of.values()):
        return "refines", ""
    instead = replace(asked, callees={**asked.callees, "S0": new})
    try:
        oracle = happens(instead, {})
    except TooMany:
        return "too many", ""
    if oracle.failed:
        return "unsound", f"with A instead: {sorted(oracle.failed)}"
    return "stands in", ""


def compare(seeds: range) -> Counter[str]:
    found: Counter[str] = Counter()
    for seed in seeds:
        asked, new, other = problem(random.Random(seed))
        outcome, wrong = discrepancy(asked, new, other)
        told = f"{seed}, {wrong}:\n{asked.source()}\n{new.source('A')}"
        assert outcome not in ("unsound", "wrong"), told
        found[outcome] += 1
    return found


def test_a_claim_is_what_every_state_says_of_it() -> None:
    found = compare(range(60))
    assert found["refines"] + found["stands in"] >= 8 and found["refuted"] >= 20
    assert found["stands in"] >= 1


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(4))
def test_so_do_thousands(part: int) -> None:
    found = compare(range(1000 + part, 4000, 4))
    assert found["stands in"] >= 10
