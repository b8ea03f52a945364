"""How the search for a proof deals with long chains: what is far away is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from verifier.check.judge import judge
from verifier.check.outcome import Accepted
from verifier.core.obligation import facts_of
from verifier.core.verdict import JudgedBefore, Proved, SolverWord
from verifier.obligations.owed import owed
from verifier.solve import discharge
from verifier.source import settled


def branches(count: int) -> str:
    """So many `if` statements in a row, each of which needs what the one before it leaves."""
    turn = "if a { Left() } else { Right() }"
    return f"""\
state {{ x : real m in 0 .. 10  a : bool }}
skill Left {{ requires x >= 1 ensures x in 1 .. 4 and a modifies x, a }}
skill Right {{ requires x >= 1 ensures x in 2 .. 6 and not a modifies x, a }}
chain C {{ assume x in 1 .. 5 {" ".join([turn] * count)} achieve x >= 1 }}
"""


def test_a_proof_behind_many_branches_needs_what_is_near_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no step allowed for the whole question: its facts grow with the chain, the search does
    not."""
    monkeypatch.setattr(discharge, "STEPS_CHEAP", 0)
    path = tmp_path / "a.contract"
    path.write_text(branches(12))
    source = settled(str(path))
    (end,) = (o for o in owed(source.model, source.model.chains["C"]) if o.rule == "achieve")
    assert len(facts_of(end.question)) > 120
    match discharge.settle(end):
        case Proved(evidence) if not isinstance(evidence, JudgedBefore | SolverWord):
            assert isinstance(judge(end, evidence), Accepted)
        case other:
            pytest.fail(f"{other}")
