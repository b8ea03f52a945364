"""Problems of motion with known answers, by the path of a user: written as a source, repaired by
the command, and judged again as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from motions import contract_of, listed

from verifier.cli.arguments import main
from verifier.core.verdict import Proved, SolverWord
from verifier.judging import Effort, judged
from verifier.obligations.owed import duration
from verifier.source import settled

LISTED = listed()
SLOW = {
    *("rooms3d-3x3x2", "cspace7d-U-corridor", "gcs2d-corner-to-corner"),
    *("gcs2d-duration-too-short", "ompl-circles-q0", "ompl-circles-q1", "ompl-circles-q2"),
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
