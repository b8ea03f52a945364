"""Problems of motion with known answers, by the path of a user: written as a source, repaired by
the command, and judged again as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from motions import contract_of, listed
from scenes import SCENES

from verifier.cli.arguments import main
from verifier.core.verdict import Proved, SolverWord
from verifier.judging import Effort, judged
from verifier.obligations.owed import duration
from verifier.source import settled

LISTED = listed()
SLOW = {
    *("rooms3d-3x3x2", "cspace7d-U-corridor", "gcs2d-corner-to-corner"),
    *("gcs2d-duration-too-short", "ompl-circles-q0", "ompl-circles-q1", "ompl-circles-q2"),
    *("gcs2d-wide-start", "gcs2d-start-in-obstacle", "ompl-env1-wide", "panda7d-free"),
    *("gap-for-a-ball", "union-behind-a-gap", "window-for-a-rod", "five-joints-too-late"),
    *("seven-joints-too-late", "out-of-a-pocket", "rooms-that-touch"),
}
REASONS = {
    "too-far": "is too long in the",
    "misplaced": "is a start that lies in an obstacle",
    "cannot-brake": "it cannot stop along",
    "barrier": "no path leads from",
}


def asked(data: dict[str, Any], folder: Path) -> tuple[int, Path, Path]:
    """The exit code of `repair`, the source, and what it wrote."""
    path, out = folder / "asked.contract", folder / "out.contract"
    path.write_text(contract_of(data))
    return main(["repair", str(path), "--chain", "Move", "-o", str(out)]), path, out


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.nightly] if n in SLOW else []) for n in LISTED],
)
def test_listed_answers(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = LISTED[name]
    code, path, out = asked(data, tmp_path)
    said = " ".join(capsys.readouterr().out.split())
    if "none" in data:
        late = name == "gcs2d-duration-too-short"
        assert code == 1 and not out.exists()
        assert "no transition serves every start" in said and "unknown" not in said
        assert ("takes too long in the" if late else REASONS[data["none"]]) in said
        return
    assert code == 0
    source = settled(str(out if out.exists() else path))
    chain = source.model.chains["Move"]
    low, high = data["least"]
    shortest, longest = duration(chain)
    assert longest is not None and float(longest) <= 1.15 * high + 1e-9
    assert len(data["starts"]) > 1 or low * (1 - 1e-9) - 1e-3 <= float(shortest)
    for answer in judged(source.model, chain, Effort(5.0, 1), lambda *_: None):
        assert isinstance(answer.verdict, Proved)
        assert not isinstance(answer.verdict.evidence, SolverWord)


# ---- what nobody can have meant ----------------------------------------------------------------

FREE = "state { p : real[2] m }\nmotion p { speed 1 m/s  acceleration 1 m/s^2 }\n"
ROOM = FREE.replace("real[2] m }", "real[2] m in box(lower = 0, upper = 10) }")
ZONED = ROOM.replace("1 m/s^2 }", "1 m/s^2  inside hall }") + (
    "zone hall : real[2] m = box(lower = 0, upper = [5, 10])\n"
)
END = "achieve p in box(lower = 8, upper = 9)"
SKILL = """skill Go {{
    {start}
    terminal p in box(lower = 3, upper = 4)
    duration {time}
    transition p {{ velocity 0 after 1 s }}
}}
chain C {{ assume p in box(lower = 3, upper = 4)  Go()  achieve p[1] >= 3 m }}
"""


def skill(start: str, time: str = "1 s .. 1 s") -> str:
    return SKILL.format(start=start, time=time)


@pytest.mark.parametrize(
    ("code", "line", "text"),
    [
        ("unbounded-set", 3, f"{FREE}chain C {{ assume p[1] >= 1 m  {END} }}"),
        ("unbounded-set", 4, FREE + skill("initial p[1] >= 1 m")),
        ("start-outside", 4, f"{ZONED}chain C {{ assume p in box(lower = 4, upper = 6)  {END} }}"),
        ("start-outside", 5, ZONED + skill("initial p in box(lower = 4, upper = 6)")),
        ("empty-set", 4, ROOM + skill("initial p in box(lower = 11, upper = 12)")),
        ("empty-set", 4, ROOM + skill("initial p[1] <= 2 m  initial p[1] >= 3 m")),
        ("empty-set", 3, f"{ROOM}chain C {{ assume p in box(lower = 4, upper = 3)  {END} }}"),
        ("empty-set", 1, ROOM.replace("lower = 0, upper = 10", "lower = 10, upper = 0")),
        ("bad-limit", 2, ROOM.replace("speed 1 m/s", "speed 0 m/s")),
        ("bad-limit", 2, ROOM.replace("acceleration 1 m/s^2", "acceleration [1, -1]")),
        ("bad-limit", 2, ROOM.replace("10) }", "10)  v : real[2] m/s in -0.5 .. 0.5 }", 1)),
        ("bad-duration", 6, ROOM + skill("initial p[1] >= 1 m", "3 s .. 1 s")),
        ("bad-duration", 6, ROOM + skill("initial p[1] >= 1 m", "2 s .. 3 s")),
        ("negative-radius", 2, ROOM.replace("1 m/s^2 }", "1 m/s^2  clearance -1 cm }")),
        (
            "bad-transition",
            7,
            ROOM.replace("10) }", "10)  v : real[2] m/s in -1 .. 1 }")
            + skill("initial p[1] >= 1 m  initial v == [0, 0]"),
        ),
        ("shape-mismatch", 2, ROOM.replace("1 m/s^2 }", "1 m/s^2  velocity p }")),
    ],
)
def test_bad_input_is_a_located_message(
    code: str, line: int, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "v : real" in text:
        text = text.replace("1 m/s^2 }", "1 m/s^2  velocity v }")
        text = text.replace("in -0.5 .. 0.5", "in box(lower = -0.5, upper = 0.5)")
        text = text.replace("in -1 .. 1", "in box(lower = -1, upper = 1)")
    path = tmp_path / "bad.contract"
    path.write_text(text if "chain C" in text else f"{text}chain C {{ assume true  {END} }}")
    assert main(["repair", str(path), "--chain", "C"]) == 2
    said = capsys.readouterr().err
    assert f"[{code}]" in said and f"bad.contract:{line}:" in said, said


def test_a_plan_says_so_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.contract"
    path.write_text(f"{FREE}chain C {{ assume p[1] >= 1 m  {END} }}")
    assert main(["plan", str(path), "--chain", "C"]) == 2
    assert "[unbounded-set]" in capsys.readouterr().err
    assert main(["check", str(path)]) == 1


# ---- parts of what was asked -------------------------------------------------------------------

HALL = """state {
    p    : real[2] m in box(lower = 0, upper = [10, 6])
    done : bool
}

obstacle wall : real[2] m = polygon(corners = [[4, -1], [5, -1], [5, 4], [4, 4]])

motion p {
    speed        1 m/s
    acceleration 1 m/s^2
}

skill Press {
    initial  p in box(lower = [8, 1], upper = [9, 2])
    ensures  done
    duration 1 s .. 2 s
}

chain C {
    assume  START
    Press()
    achieve done
}
"""


def test_only_a_part_is_served_and_only_on_demand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Starts in a wall have no motion. What is left lies on both sides of it: a skill each, and a
    branch on the start; the chain assumes less, and says so."""
    path, out = tmp_path / "hall.contract", tmp_path / "out.contract"
    text = HALL.replace("START", "p in box(lower = [1, 1], upper = [6, 2])")
    path.write_text(text)
    assert main(["repair", str(path), "--chain", "C"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert path.read_text() == text and "lies in an obstacle" in said
    assert "`--narrow` adds `assume p in box(" in said
    assert main(["repair", str(path), "--chain", "C", "--narrow", "-o", str(out)]) == 0
    assert "lies in an obstacle" in capsys.readouterr().out
    written = out.read_text()
    assert "# narrower than asked: no transition serves the other starts" in written
    assert "assume  p in box(lower = [1, 1], upper = [6, 2])" in written
    source = settled(str(out))
    chain = source.model.chains["C"]
    assert [step.contract.skill for step in chain.steps] == ["ToPress", "ToPress2", "Press"]
    assert "{ ToPress2() }" in " ".join(written.split())
    verdicts = [a.verdict for a in judged(source.model, chain, Effort(5.0, 1), lambda *_: None)]
    assert all(isinstance(verdict, Proved) for verdict in verdicts)


def test_of_a_union_one_part_is_shut_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "hall.contract"
    cage = "".join(
        f"obstacle bar{k} : real[2] m = box(lower = {low}, upper = {high})\n"
        for k, (low, high) in enumerate(
            [([0, 4], [3, 4.2]), ([0, 5.6], [3, 6]), ([0, 4], [0.2, 6]), ([2.8, 4], [3, 6])]
        )
    )
    start = "p in box(lower = [1, 1], upper = [2, 2]) or p in box(lower = [1, 4.5], upper = [2, 5])"
    path.write_text(cage + HALL.replace("START", start))
    assert main(["repair", str(path), "--chain", "C"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "no transition serves every start: no path leads from `p` = [1, 4.5] m" in said
    assert "it is served from `p in box(lower = 1, upper = 2)`" in said
    assert "`--narrow` adds `assume p in box(lower = 1, upper = 2)`" in said


@pytest.mark.parametrize(
    ("sides", "within"),
    [
        ("9.5 m <= p[1] + p[2] <= 10 m and (p[1] <= 3 m or p[1] >= 7 m or p[1] + p[2] <= 8 m)", 30),
        ("1 m <= p[1] <= 9 m and 1 m <= p[2] - 0.05 * p[1] <= 1.1 m", 8),
    ],
)
def test_slanted_starts_in_parts(sides: str, within: int, tmp_path: Path) -> None:
    """A union of which one part is empty, and a strip behind a wall whose ends go around it on
    different sides if they are to be in time: two skills, and a branch."""
    path = tmp_path / "strip.contract"
    path.write_text(
        f"""state {{ p : real[2] m in box(lower = 0, upper = 10) }}
        obstacle wall : real[2] m = box(lower = [2, 4], upper = [8, 4.5])
        motion p {{ speed 1 m/s  acceleration 1 m/s^2 }}
        chain C {{ assume {sides}
            achieve p in box(lower = [0, 6], upper = [10, 7])  within {within} s }}"""
    )
    assert main(["repair", str(path), "--chain", "C"]) == 0
    source = settled(str(path))
    chain = source.model.chains["C"]
    assert [step.contract.skill for step in chain.steps] == ["ToGoal", "ToGoal2"]
    verdicts = [a.verdict for a in judged(source.model, chain, Effort(5.0, 1), lambda *_: None)]
    assert all(isinstance(verdict, Proved) for verdict in verdicts)


# ---- scenes that are made for their answer -----------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.nightly] if n in SLOW else []) for n in SCENES],
)
def test_scenes(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, code, phrase = SCENES[name]
    path, out = tmp_path / "scene.contract", tmp_path / "out.contract"
    path.write_text(text)
    assert main(["repair", str(path), "--chain", "Move", "-o", str(out)]) == code
    said = " ".join(capsys.readouterr().out.replace("\n+", "\n").split())
    assert phrase in said and "is unknown" not in said
    assert out.exists() == (code == 0)
