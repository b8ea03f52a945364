"""A repair adds calls and skills. What was declared before says the same afterwards, to the letter
of its tree, and a chain that has to assume more says so."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from verifier.cli.arguments import main
from verifier.closing.repairing import with_repair
from verifier.core.span import Span
from verifier.judging import Effort, judged
from verifier.pipeline import report_on
from verifier.source import settled
from verifier.syntax import tree
from verifier.syntax.parse import parse

ROOT = Path(__file__).parent.parent
EFFORT = Effort(5.0, 1)
CASE = re.compile(r"```contract\n(.*?)```", re.DOTALL)

HALL = """state {
    p : real[2] m in box(lower = 0, upper = [10, 6])
    done, lit : bool
    q : real m in 0 .. 1
}
obstacle wall : real[2] m = polygon(corners = [[4, -1], [5, -1], [5, 4], [4, 4]])
motion p { speed 1 m/s  acceleration 1 m/s^2 }
property stays = always q <= 1 m
plant slide {
    input    u : real m/s in -1 .. 1
    dynamics der(q) = u
    period   1 ms
}
barrier inside = 1 m - q  alpha 10 Hz
"""
PRESS = """skill Press {
    initial p in box(lower = [8, 1], upper = [9, 2])
    ensures done
    invariant p in box(lower = [8, 1], upper = [9, 2])
    duration 1 s .. 2 s
}
skill Light { requires not done  ensures lit  duration 1 s .. 3 s }
"""


def plain(node: object) -> object:
    """The tree without its spans."""
    if isinstance(node, tuple):
        return tuple(plain(each) for each in node)
    if not is_dataclass(node):
        return node
    values = (getattr(node, each.name) for each in fields(node))
    return type(node).__name__, *(plain(each) for each in values if not isinstance(each, Span))


def said(chain: tree.ChainDeclaration, without: int = 0) -> object:
    """All that a chain says but its steps, and but its first assumptions."""
    parts = (chain.parameters, chain.assumptions[without:], chain.goals, chain.deadlines)
    return plain((chain.name, *parts, chain.beside, chain.relies, chain.guarantees))


def in_order(some: tuple[object, ...], more: tuple[object, ...]) -> bool:
    """Whether they are all among the others, in the same order."""
    rest = iter(more)
    return all(each in rest for each in some)


def added(before: str, after: str, name: str, assumed: int = 0) -> list[tree.Declaration]:
    """The declarations that are new, after a look at all that were there: none is lost or changed,
    but for the steps that are added to this chain, and as many assumptions in front of its own."""
    old, new = parse(before, "x.contract").declarations, parse(after, "x.contract").declarations
    chains = [
        each
        for part in (old, new)
        for each in part
        if isinstance(each, tree.ChainDeclaration) and each.name.text == name
    ]
    was, now = chains
    assert said(was) == said(now, assumed) and len(was.assumptions) + assumed == len(
        now.assumptions
    )
    assert in_order(tuple(map(plain, was.steps)), tuple(map(plain, now.steps)))
    assert len(now.steps) > len(was.steps)
    kept = Counter(plain(each) for each in old if each is not was)
    others = [each for each in new if each is not now]
    assert not kept - Counter(map(plain, others)), "a declaration is lost or changed"
    return [each for each in others if plain(each) not in kept]


def test_the_comparison_sees_a_weaker_contract() -> None:
    before = HALL + PRESS + "chain C { assume lit  Press()  achieve done within 30 s }"
    repaired = before.replace("Press()", "Light(); Press()")
    assert added(before, repaired, "C") == []
    for old, new in (
        ("ensures done", ""),
        ("ensures done", "ensures done or lit"),
        ("upper = [9, 2])\n    ensures", "upper = [9, 3])\n    ensures"),
        ("1 s .. 2 s", "1 s .. 3 s"),
        ("always q <= 1 m", "always q <= 2 m"),
        ("alpha 10", "alpha 11"),
        ("in -1 .. 1", "in -2 .. 2"),
        ("done, lit : bool", "done, lit, more : bool"),
        ("assume lit", "assume lit and done"),
        ("assume lit", "assume done assume lit"),
        ("achieve done", "achieve done or lit"),
        ("within 30 s", "within 31 s"),
    ):
        weaker = repaired.replace(old, new)
        assert weaker != repaired
        with pytest.raises(AssertionError):
            added(before, weaker, "C")


def case(file: str, chain: str) -> str:
    """The first source in the file that declares the chain."""
    sources = CASE.findall((ROOT / "tests" / "cases" / file).read_text())
    return next(source for source in sources if f"chain {chain} " in source)


START = "assume p in box(lower = [1, 1], upper = [2, 2])"
REFUTED = {
    "a transition": (HALL + PRESS + f"chain C {{ {START}  Press()  achieve done }}", "C"),
    "a transition in time": (
        HALL + PRESS + f"chain C {{ {START}  Press()  achieve done  within 30 s }}",
        "C",
    ),
    "a skill": (
        HALL + PRESS + "chain C { assume p in box(lower = [8, 1], upper = [9, 2]) and not done"
        "  Press()  achieve done and lit  within 30 s }",
        "C",
    ),
    "a case of composition": (case("composition.md", "Fast"), "Fast"),
}


def repaired(text: str, name: str, path: str = "x.contract") -> list[str]:
    source = settled(path, text)
    chain = source.model.chains[name]
    answers = judged(source.model, chain, EFFORT, lambda done, total: None)
    report = with_repair(source, chain, report_on(source, chain, answers), EFFORT, 3)
    assert report.repairs, report.search
    return [repair.edited for repair in report.repairs]


@pytest.mark.parametrize("which", REFUTED)
def test_a_repair_keeps_all_that_was_declared(which: str) -> None:
    text, name = REFUTED[which]
    for after in repaired(text, name):
        new = added(text, after, name)
        assert all(isinstance(each, tree.SkillDeclaration) for each in new)


def test_a_repair_of_the_example_keeps_it() -> None:
    path = ROOT / "examples" / "fetch_cup.contract"
    text = path.read_text()
    (after, *_) = repaired(text, "WrongPlace", str(path))
    (skill,) = added(text, after, "WrongPlace")
    assert isinstance(skill, tree.SkillDeclaration)


def test_what_is_narrower_is_one_assumption_that_is_marked_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "hall.contract", tmp_path / "out.contract"
    wide = "assume p in box(lower = [1, 1], upper = [6, 2])"
    text = HALL + PRESS + f"chain C {{ {wide}  Press()  achieve done }}\n"
    path.write_text(text)
    assert main(["repair", str(path), "--chain", "C"]) == 1
    assert path.read_text() == text, "nothing is narrowed unasked"
    shown = re.search(r"`--narrow` adds `assume (.+?)` and", one_line(capsys.readouterr().out))
    assert shown is not None
    assert main(["repair", str(path), "--chain", "C", "--narrow", "-o", str(out)]) == 0
    told, after = one_line(capsys.readouterr().out), out.read_text()
    assert f"narrowed to `assume {shown[1]}`" in told and path.read_text() == text
    assert all(isinstance(e, tree.SkillDeclaration) for e in added(text, after, "C", assumed=1))
    remark = "# narrower than asked: no transition serves the other starts"
    assert f"{remark} assume {shown[1]}" in one_line(after)


def one_line(text: str) -> str:
    return " ".join(text.split())
