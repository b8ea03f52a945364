"""Steps in like circumstances share their questions: compared with the obligations as `owed` states
them, each in its own versions."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from verifier.core.obligation import Obligation, facts_of
from verifier.core.term import variables
from verifier.core.verdict import Proved, Verdict
from verifier.judging import Effort, judged
from verifier.kept import NOTHING_KEPT, to_keep
from verifier.model.values import Contract
from verifier.obligations.circumstances import Parts
from verifier.obligations.owed import owed
from verifier.obligations.repeated import owed_once
from verifier.report.values import solvers, status
from verifier.solve.canonical import canonical, from_canonical, to_canonical, versions
from verifier.solve.discharge import settle
from verifier.source import Mistakes, Source, chosen, settled, settled_with

WORLD = """\
type Item
object cup, bowl : Item
state {
    x, y, z : real in -9 .. 9
    p       : real[3] in box(lower = -5, upper = 5)
    r       : real[2] in ball(center = [0, 0], radius = 4)
    mode    : {idle, busy, done}
    a, b    : bool
    held    : bool[Item]
}
environment { near : bool }
"""
CONDITIONS = (
    "x <= 3",
    "x + y >= -4",
    "y == old(y) + 1",
    "p in box(lower = -1, upper = 1)",
    "p[1] <= x",
    "r in ball(center = [0, 0], radius = 1)",
    "r[1] <= 1",
    "mode == idle",
    "mode == busy or a",
    "held[cup]",
    "not held[o]",
    "a implies b",
    "z >= old(z)",
    "abs(z) <= 8",
)
FRAMES = ("x", "y", "p", "r", "r[1]", "mode", "a", "b", "held[cup]", "z", "x, y", "held[o], p")


def written(rng: random.Random) -> str:
    """A library of skills and two chains through them, with no regard for whether they hold."""
    lines = [WORLD]
    skills = [f"S{number}" for number in range(rng.randint(1, 4))]
    for skill in skills:
        before = [c for c in rng.sample(CONDITIONS, 3) if "old" not in c]
        after = rng.sample(CONDITIONS, rng.randint(0, 3))
        lines.append(f"skill {skill}(o : Item) {{")
        lines += [f"    requires {clause}" for clause in before[: rng.randint(0, 2)]]
        lines += [f"    ensures {clause}" for clause in after]
        if rng.random() < 0.3:
            lines.append("    invariant b")
        if rng.random() < 0.3:
            lines.append("    invariant not near else stop")
        lines.append(f"    modifies {', '.join(dict.fromkeys(_written(after) + _frame(rng)))}")
        lines.append("    duration 1 s .. 2 s }")
    for chain in ("One", "Two"):
        calls = "; ".join(
            f"{rng.choice(skills)}({rng.choice(['cup', 'bowl'])})"
            for _ in range(rng.randint(1, 25))
        )
        goal = rng.choice([c for c in CONDITIONS if "old" not in c and "[o]" not in c])
        lines.append(
            f"chain {chain} {{ assume x <= 1 and b  {calls} achieve {goal}  within 60 s }}"
        )
    return "\n".join(lines)


def _frame(rng: random.Random) -> list[str]:
    return rng.choice(FRAMES).split(", ")


def _written(clauses: list[str]) -> list[str]:
    """Every variable of the clauses, so that the frame is never ambiguous."""
    names = ("x", "y", "z", "p", "r", "mode", "a", "b", "held[cup]", "held[o]")
    words = " ".join(clauses).replace("abs", "").replace("box", "").replace("ball", "")
    words = words.replace("radius", "").replace("center", "").replace("and", "").replace("or", " ")
    words = words.replace("implies", "").replace("busy", "").replace("not", "").replace("upper", "")
    tokens = words.replace("(", " ").replace(")", " ").replace("[1]", " ").split()
    return [name for name in names if name in tokens]


@pytest.mark.parametrize("seed", range(40))
def test_every_obligation_is_the_one_that_its_step_owes(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "a.contract"
    path.write_text(written(random.Random(seed)))
    source = settled(str(path))
    for chain in chosen(source, ()):
        direct = owed(source.model, chain)
        once = owed_once(source.model, chain)
        assert [each.id for each in once.obligations] == [each.id for each in direct]
        for place, each in enumerate(direct):
            shared = once.obligations[place]
            assert once.exactly(place) == each
            assert shared.question is once.obligations[once.first[place]].question
            assert replace(shared, question=each.question, view=each.view) == each
            same = canonical(shared, versions(shared)).question
            assert _formulas(same) == _formulas(canonical(each, versions(each)).question)


def _formulas(question: object) -> list[object]:
    chosen = getattr(question, "chosen", ())
    return [type(question), chosen, *(fact.formula for fact in facts_of(question))]  # type: ignore[arg-type]


CHANGES = (
    ("requires ", "requires x <= 4 and "),
    ("-9 .. 9", "-9 .. 8"),
    ("radius = 4", "radius = 3"),
    ("assume x <= 1", "assume x <= 0"),
    ("ensures ", "ensures a and "),
    ("modifies ", "modifies z, "),
    ("old(y) + 1", "old(y) + 2"),
    ("within 60 s", "within 70 s"),
    ("1 s .. 2 s", "1 s .. 3 s"),
    ("S0(cup); ", ""),
    ("a, b    : bool", "a, b, c : bool"),
    ("{idle, busy, done}", "{idle, busy, done, lost}"),
)


@pytest.mark.parametrize("seed", range(20))
def test_equal_circumstances_owe_the_same_in_every_source(tmp_path: Path, seed: int) -> None:
    """The digest of a step's circumstances says what the step owes, whatever else was changed."""
    rng = random.Random(2000 + seed)
    text = written(rng)
    said: dict[str, list[object]] = {}
    found = 0
    for old, new in (("state {", "state {"), ("state {", "\n state {"), *rng.sample(CHANGES, 3)):
        path = tmp_path / "a.contract"
        path.write_text(text.replace(old, new, rng.choice((1, 9))))
        try:
            source = settled(str(path))
        except Mistakes:
            continue
        for chain in chosen(source, ()):
            whole = owed_once(source.model, chain, {})
            for name, places in whole.places.items():
                owes = [_owes(whole.obligations[place]) for place in places]
                found += name in said
                assert said.setdefault(name, owes) == owes
    assert len(said) > 3 and found > 3


def _owes(each: Obligation) -> object:
    canonically = canonical(each, versions(each)).question
    own = each.id.split("/", 2)[2], each.rule, each.sorts, each.takeover
    return own, _formulas(canonically)


@pytest.mark.parametrize("seed", range(6))
def test_what_was_proved_before_is_answered_alike(tmp_path: Path, seed: int) -> None:
    rng = random.Random(3000 + seed)
    text = written(rng)
    before: dict[str, Parts] = {}
    for old, new in (("", ""), *rng.sample(CHANGES, 3)):
        path = tmp_path / "a.contract"
        path.write_text(text.replace(old, new, 1) if old else text)
        try:
            source = settled(str(path))
        except Mistakes:
            continue
        for chain in chosen(source, ()):
            told = [
                [
                    (a.obligation.id, a.obligation.rule, a.obligation.span, _status(a.verdict))
                    for a in judged(source.model, chain, Effort(5.0, 1, before=known), _silent)
                ]
                for known in (None, before, before)
            ]
            assert told[0] == told[1] == told[2]


def _status(verdict: Verdict) -> object:
    margin = verdict.margin if isinstance(verdict, Proved) else None
    return status(verdict), margin, solvers(verdict)


def _silent(done: int, total: int) -> None:
    """Nobody is told."""


# Each keeps some skills as they are written; not all leave a text that can be read.
EDITS = (
    ("skill S", "# a remark\n\nskill S", 1),
    ("\nskill S1", " skill S1", 1),
    ("skill S0", "  skill S0", 1),
    ("skill S1 {", "skill   S1  {  # a remark", 1),
    ("chain One", "const limit = 3\nchain One", 1),
    ("limit = 3", "limit = 5/2", 1),
    ("x <= 3", "x <= limit", 1),
    ("S0", "Reach", -1),
    ("near", "close", -1),
    ("x <= 1", "x <= 3/4", 1),
    ("-9 .. 9", "-9 .. 8", 1),
    ("object cup", "object mug, cup", 1),
    ("a, b    :", "b, a    :", 1),
    ("ensures ", "ensures a and ", 1),
    ("modifies ", "modifies x, z, ", 1),
    ("modifies x, z, ", "modifies ", 1),
    ("2 s }", "2 s } }", 1),
    ("2 s }", "3 s }\n  const other = 1", 1),
    ("2 s }\nchain", "2 s\nchain", 1),
    ("2 s }\nskill", '2 s } "\nskill', 1),
    ("ensures ", "ensures unheard and ", 1),
    ("skill S1 {", "skill S0 {", 1),
    ("skill S1 {", "skill S1 refines S0 {", 1),
    ("state {", "state {\n\n", 1),
    ("S0()", "S0(); S0()", 3),
    ("\n    modifies", "\r\n    modifies", 1),
    ("skill S2 {", "skill S2(v : real) {", 1),
)


@pytest.mark.parametrize("seed", range(6))
def test_skills_that_are_not_read_again_say_the_same(tmp_path: Path, seed: int) -> None:
    """Whatever is edited: the mistakes and where they stand, or all that the chains owe."""
    rng = random.Random(4000 + seed)
    path, text, known = tmp_path / "a.contract", _plainly(written(rng)), NOTHING_KEPT
    unread = 0
    for old, new, count in (("", "", 0), *rng.sample(EDITS, 12)):
        changed = text.replace(old, new, count)
        path.write_text(changed, newline="")
        whole = _read(lambda: settled(str(path)))
        source = _read(partial(settled_with, str(path), known))
        assert _told(source) == _told(whole)
        if isinstance(source, Source) and isinstance(whole, Source):
            text = changed.replace("\r", "")
            unread += len(source.scope.kept)
            known = to_keep(source.loaded, source.scope, source.known)
            assert known == to_keep(whole.loaded, whole.scope, NOTHING_KEPT)
    assert unread


def _plainly(text: str) -> str:
    """The library with most skills about one object, which are those that can be kept."""
    for name in ("S0", "S1", "S3"):
        text = re.sub(rf"{name}\((cup|bowl|o : Item)\)", f"{name}", text)
        text = re.sub(rf"{name}(?=[; ] |;|  achieve| achieve)", f"{name}()", text)
        text = text.replace(f"skill {name}() {{", f"skill {name} {{")
    blocks = text.split("\nskill ")
    plain = [each if "(o : Item)" in each else each.replace("[o]", "[cup]") for each in blocks[1:]]
    return "\nskill ".join([blocks[0], *plain])


def _read(read: Callable[[], Source]) -> Source | Mistakes:
    try:
        return read()
    except Mistakes as mistakes:
        return mistakes


def _told(source: Source | Mistakes) -> object:
    """The mistakes; or of each chain what it owes, the circumstances of its steps, and their
    contracts, all of which is read for it."""
    if isinstance(source, Mistakes):
        return source.diagnostics
    told = {}
    for chain in source.model.chains.values():
        whole = owed_once(source.model, chain, {})
        contracts = [_whole(step.contract) for step in chain.steps]
        told[chain.name] = whole.obligations, whole.first, whole.places, contracts
    return told


def _whole(contract: Contract) -> Contract:
    parts = {
        part: tuple(replace(c, stated=c.formula) for c in getattr(contract, part))
        for part in ("requires", "ensures", "invariants")
    }
    return replace(contract, **parts)


def test_repeated_steps_do_share(tmp_path: Path) -> None:
    path = tmp_path / "a.contract"
    skill = "skill S { requires a initial x in 0 .. 2 terminal x in 0 .. 1 modifies x }"
    calls = "; ".join(["S()"] * 50)
    path.write_text(
        f"state {{ x : real in -9 .. 9  a : bool }} {skill} "
        f"chain C {{ assume a and x in 0 .. 1  {calls}  achieve true }}"
    )
    source = settled(str(path))
    (chain,) = chosen(source, ())
    once = owed_once(source.model, chain)
    assert len(once.obligations) > 250
    # The first step reads the assumption, the second one what the first promised, and so on.
    assert len({id(each.question) for each in once.obligations}) < 30


@pytest.mark.parametrize("seed", range(10))
def test_a_certificate_survives_the_renaming_of_versions(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "a.contract"
    path.write_text(written(random.Random(1000 + seed)))
    source = settled(str(path))
    for chain in chosen(source, ()):
        for each in owed(source.model, chain)[::5]:
            verdict = settle(each)
            if not isinstance(verdict, Proved):
                continue
            found = versions(each)
            there = to_canonical(verdict.evidence, found)  # type: ignore[arg-type]
            assert from_canonical(there, found) == verdict.evidence
            keys = {v for fact in facts_of(each.question) for _, v in variables(fact.formula)}
            keys |= {v for pair in getattr(each.question, "chosen", ()) for _, v in pair}
            assert keys == set(found)
