"""The examples and the README show what the tool says today; `--update-golden` rewrites them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from verifier.cli import main

ROOT = Path(__file__).parent.parent
Compare = Callable[[str, str], None]
# Each example with its report, as printed from the top of the project, and its exit code.
REPORTS = {
    "examples/fetch_cup.contract": ("examples/fetch_cup.report.txt", 1),
    "examples/gains/gains.spec": ("examples/gains/report.txt", 1),
    "examples/pick_and_place/pick_and_place.contract": ("examples/pick_and_place/report.txt", 1),
    "examples/guarded_arm/pick_and_place.contract": ("examples/guarded_arm/report.txt", 0),
    "examples/compute_budget/compute_budget.contract": ("examples/compute_budget/report.txt", 1),
    "examples/jerk_limits/panda.contract": ("examples/jerk_limits/report.txt", 0),
    "examples/control_loops/control_loops.contract": ("examples/control_loops/report.txt", 1),
}
SHOWN = re.compile(r"(?<=```text\n)\$ verify-chain (?P<arguments>[^\n]+)\n.*?(?=```)", re.DOTALL)


@pytest.fixture
def printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[list[str]], tuple[str, int]]:
    """What a command prints at the top of the project, and its exit code."""

    def run(arguments: list[str]) -> tuple[str, int]:
        monkeypatch.chdir(ROOT)
        code = main(arguments)
        return capsys.readouterr().out, code

    return run


@pytest.mark.parametrize("example", REPORTS)
def test_the_report_beside_an_example_is_current(
    example: str, printed: Callable[[list[str]], tuple[str, int]], golden: Compare
) -> None:
    report, expected = REPORTS[example]
    text, code = printed([example])
    assert code == expected
    golden(report, text)


def test_every_example_with_a_chain_has_its_report() -> None:
    found = set((ROOT / "examples").rglob("*.contract"))
    with_chains = {p for p in found if re.search(r"(?m)^(chain|budget|processor) ", p.read_text())}
    contracts = {path for path in REPORTS if path.endswith(".contract")}
    assert {p.relative_to(ROOT).as_posix() for p in with_chains} == contracts


def test_the_first_lines_say_why_the_chain_as_drawn_is_wrong() -> None:
    first, second, *_ = (ROOT / "examples/pick_and_place/report.txt").read_text().splitlines()
    assert first.startswith("refuted: REACH(top_shelf) needs `gripper == open`")
    assert "GRASP(red_cup), leaves it `closed`" in first
    assert "pick_and_place.contract:" in second


def test_the_readme_shows_a_real_report(
    printed: Callable[[list[str]], tuple[str, int]], golden: Compare
) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = SHOWN.search(readme)
    assert shown is not None and len(SHOWN.findall(readme)) == 1
    text, code = printed(shown["arguments"].split())
    assert code == 1
    current = f"$ verify-chain {shown['arguments']}\n{text}"
    golden("README.md", readme[: shown.start()] + current + readme[shown.end() :])


def test_the_readme_shows_the_example_as_it_stands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```contract\n(.*?)```", readme, re.DOTALL)
    example = (ROOT / "examples/fetch_cup.contract").read_text(encoding="utf-8")
    assert all(part.strip() in example for part in block.split("\n\n"))
