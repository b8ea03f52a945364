"""The notebook runs, shows the verdicts and a picture that agrees with the exact meaning."""

from __future__ import annotations

import html
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from verifier.cli import main
from verifier.core.evaluate import holds
from verifier.core.sets import Ball, Box
from verifier.core.term import NOW, number
from verifier.notebook import check, condition, plot_sets, plot_transition, witness

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "notebooks" / "first_chain.ipynb"

GAP = """
state { ee : point  done : bool }
skill Grasp { initial ee in ball(center = [0, 0, 0], radius = 2 cm)  ensures done }
chain Gap { assume ee in ball(center = [0, 0, 0], radius = 3 cm)  Grasp()  achieve done }
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> nbformat.NotebookNode:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    folder = tmp_path_factory.mktemp("notebook")
    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    return notebook


def shown(notebook: nbformat.NotebookNode, kind: str) -> Iterator[str]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if kind in output.get("data", {}):
                yield output["data"][kind]


def test_it_shows_both_verdicts(executed: nbformat.NotebookNode) -> None:
    first, *_, last = shown(executed, "text/plain")
    assert "refuted: Grasp(cup) needs `ee in ball(" in first
    assert "WrongPlace  refuted" in first and "WrongPlace  proved" in last
    rich = next(shown(executed, "text/html"))
    assert rich.startswith("<pre><b>refuted</b>") and html.escape("-->") in rich


def test_it_shows_the_picture(executed: nbformat.NotebookNode) -> None:
    (picture,) = shown(executed, "image/png")
    assert len(picture) > 5000


def test_it_is_kept_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) >= 4
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


def test_mistakes_are_shown_and_not_raised() -> None:
    wrong = check("state { height : real m in 2 .. 1 }")
    assert wrong.source is None and "error[empty-set]" in repr(wrong)


def test_a_file_is_checked_like_its_text() -> None:
    path = ROOT / "examples" / "fetch_cup.contract"
    checked = check(path, "ForgotToOpen")
    assert checked.verdict("ForgotToOpen") == "refuted"
    assert witness(checked, "ForgotToOpen")["gripper"] == "closed"


def test_the_picture_agrees_with_the_exact_meaning() -> None:
    """On and beside the boundary: what is filled is what `holds`."""
    gap = check(GAP)
    state = dict(witness(gap, "Gap"))
    needed = condition(gap, "ee in ball(center = [0, 0, 0], radius = 2 cm)")
    state["ee.z"] = Fraction(0)
    picture = plot_sets({"needed": needed}, ("ee.x", "ee.y"), (0.0, 0.0), 0.04, state)
    filled = picture.figure.axes[0].collections[0].get_paths()[0]
    for x in (Fraction(n, 1000) for n in range(-39, 40, 3)):
        for y in (Fraction(n, 1000) for n in range(-39, 40, 3)):
            point = {("ee.x", NOW): x, ("ee.y", NOW): y, ("ee.z", NOW): Fraction(0)}
            if abs(x * x + y * y - Fraction(4, 10_000)) > Fraction(1, 100_000):
                assert filled.contains_point((float(x), float(y))) == holds(needed, point)


def test_a_transition_is_drawn_along_its_other_axes(tmp_path: Path) -> None:
    """The motions that are drawn begin at corners of the starts and end in the end set."""
    path = tmp_path / "room.contract"
    path.write_text(
        """state { p : real[3] m in box(lower = 0, upper = [10, 6, 2]) }
        obstacle post : real[3] m = ball(center = [5, 5, 1], radius = 50 cm)
        motion p { speed 1 m/s  acceleration 1 m/s^2 }
        skill Go {
            initial p in box(lower = [1, 1, 1], upper = [2, 2, 1])
            terminal p in box(lower = [4, 1, 1], upper = [5, 2, 1])
            duration 4 s .. 4 s
            transition p {
                velocity [1, 0, 0] after 1 s
                velocity [1, 0, 0] after 2 s
                velocity 0 after 1 s
            }
        }
        chain C { assume p in box(lower = [1, 1, 1], upper = [2, 2, 1])  Go
                  achieve p[1] >= 4 m }"""
    )
    picture = plot_transition(check(path), "C", 1, ("p[1]", "p[2]"))
    lines = picture.figure.axes[0].lines
    ends = {(line.get_xdata()[0], line.get_xdata()[-1]) for line in lines}
    assert ends == {(1.0, 4.0), (2.0, 5.0)} and len(lines) == 4
    assert picture.svg().startswith("<?xml") and "</svg>" in picture.svg()
    assert main(["check", str(path), "--pictures", str(tmp_path / "pictures")]) == 0
    drawn = {file.name for file in (tmp_path / "pictures").iterdir()}
    assert drawn == {f"C.1.Go.{a}-{b}.svg" for a, b in combinations(("p[1]", "p[2]", "p[3]"), 2)}


def test_regions_of_two_dimensions_are_drawn() -> None:
    zero, one = number(0), number(1)
    regions = {"disc": Ball((zero, zero), Fraction(1)), "box": Box((zero, zero), (one, None))}
    picture = plot_sets(regions, ("x", "y"), (0.0, 0.0), 2.0)
    (disc, _, box, _) = picture.figure.axes[0].collections
    assert disc.get_paths()[0].contains_point((0.6, -0.6))
    assert not disc.get_paths()[0].contains_point((0.8, 0.8))
    assert box.get_paths()[0].contains_point((0.5, 1.9))
    assert not box.get_paths()[0].contains_point((-0.1, 0.5))
