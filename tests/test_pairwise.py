"""Pairwise mode: what may follow what, against brute force, and as a user sees it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from test_meaning import LABELS, RandomSkill, skill, states

from verifier.cli.arguments import main
from verifier.judging import Effort
from verifier.pairwise import pairs
from verifier.source import settled

STATE = f"state {{ a, b, c : bool  mode : {{{', '.join(LABELS)}}} }}"


def matrix(source: str) -> dict[tuple[str, str], str]:
    found = pairs(settled("pairs.contract", source), Effort(10, 1), lambda done, total: None)
    return {(pair.first, pair.second): pair.verdict for pair in found.pairs}


def ends(one: RandomSkill) -> set[tuple[object, ...]]:
    """The states in which the skill may end, whatever it started from."""
    return {
        s
        for s in states()
        if one.invariant.meaning(s, s) and any(one.ensures.meaning(s, e) for e in states())
    }


@pytest.mark.parametrize("seed", range(25))
def test_every_pair_is_what_brute_force_says(seed: int) -> None:
    rng = random.Random(seed)
    library = {f"S{i}": skill(rng) for i in range(5)}
    source = "\n".join([STATE, *(one.source(name) for name, one in library.items())])
    for (first, second), verdict in matrix(source).items():
        reached, then = ends(library[first]), library[second]
        may = all(then.requires.meaning(s, s) and then.invariant.meaning(s, s) for s in reached)
        assert verdict == ("unknown" if not reached else "proved" if may else "refuted"), source


GENERAL = """
type Item
state { height : real m in 0 .. 2  seen : bool[Item]
        pose : point[Item] in box(lower = 0, upper = 1) }
environment { near : bool }
skill See(o : Item) { ensures seen[o] }
skill Use(o : Item) { requires seen[o] }
skill Other(p : Item) { requires seen[p] }
skill Lift(by : real m) { requires height <= 1 m - by  ensures height >= old(height) + by }
skill Low { requires height <= 2 m and pose == pose  invariant not near else stop }
skill Low2 { requires height <= 1.9 m }
skill In(o : Item) { requires pose[o].z >= 0 m }
"""


def test_parameters_of_one_name_are_one_object_and_numbers_are_any() -> None:
    found = matrix(GENERAL.replace(" and pose == pose", ""))
    assert found["See", "Use"] == "proved"
    assert found["See", "Other"] == "refuted"
    assert found["Lift", "Lift"] == "refuted"
    assert found["See", "Low"] == "proved", "a domain is known, and the environment is watched"
    assert found["See", "Low2"] == "refuted"
    assert found["See", "In"] == "proved"


def test_the_matrix_as_text_and_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.contract").write_text(
        "state { open : bool }\nskill Open { ensures open }\nskill Grasp { requires open }\n"
    )
    assert main(["a.contract", "--pairwise"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["before", "Open", "Grasp"],
        ["Open", "yes", "yes"],
        ["Grasp", "yes", "no"],
    ]
    assert (
        "Grasp; Grasp: Grasp needs `open`, which Grasp does not promise (a.contract:3:24)"
        in (lines[4])
    )
    assert main(["a.contract", "--pairwise", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (refused,) = [pair for pair in document["pairs"] if pair["verdict"] == "refuted"]
    assert refused["clause"] == {"text": "open", "file": "a.contract", "line": 3, "column": 24}
    assert refused["witness"] == {"open": False}


def test_what_pairwise_does_not_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.contract"
    path.write_text("state { open : bool }\nskill Open { ensures open }\n")
    assert main([str(path), "--pairwise", "--chain", "C"]) == 2
    assert main([str(path), "--pairwise", "--format", "sarif"]) == 2
    assert "skills, not at chains" in capsys.readouterr().err
