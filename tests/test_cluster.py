"""Verdicts from a Dask cluster: a real one, of two worker processes on this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import dask
import pytest
from distributed import Client, LocalCluster

from verifier.cli import main
from verifier.confirming import Defect, confirmed
from verifier.core.certificate import Clash
from verifier.core.obligation import Entailment, Fact, Obligation
from verifier.core.span import Span
from verifier.core.term import Comparison, Real, Variable, number
from verifier.core.unit import NONE
from verifier.core.verdict import Proved, Refuted, Unknown, Verdict
from verifier.solve.cluster import Work, opened, settled_there
from verifier.solve.workers import judge_all

SPAN = Span("test", 1, 1, 1, 2)
X = Variable("x", 0)
TEXT = "".join(
    [
        "state { x, y : real in -9 .. 9  a : bool }\n",
        *(
            f"skill S{i} {{ initial x in 0 .. {i + 2} terminal x in 0 .. {i + 1} ensures a }}\n"
            for i in range(6)
        ),
        "skill Root { ensures y * y * y <= x * x * x  modifies y }\n",
        f"chain C {{ assume x in 0 .. 1 {'; '.join(f'S{i}()' for i in range(6))}\n",
        "achieve x <= 8 }\n",
        "chain E { Root() achieve y <= x }\n",
    ]
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
        ) as local,
    ):
        yield local


def bounded(bound: int) -> Obligation:
    """That what is at most 5 is at most `bound`."""
    known, wanted = (Fact(Comparison("<=", X, number(value)), SPAN, "test") for value in (5, bound))
    question = Entailment((known,), (wanted,))
    return Obligation(f"at most {bound}", "test", "Test", 0, SPAN, question, {"x": Real(NONE)}, {})


def silent(done: int, total: int) -> None:
    """Nobody is told."""


def answered(
    cluster: LocalCluster, asked: Sequence[Obligation], work: Work = settled_there
) -> list[Verdict]:
    with opened(cluster.scheduler_address, None, work) as find:
        verdicts = dict(find(asked, 5.0, None, silent))
    return [verdicts[place] for place in range(len(asked))]


def test_two_processes_answer_what_this_one_would(cluster: LocalCluster) -> None:
    asked = [bounded(bound) for bound in range(60)]
    here = dict(judge_all(asked, 5.0, 1, silent))
    assert answered(cluster, asked) == [here[place] for place in range(60)]
    with Client(cluster, set_as_default=False) as client:
        done = client.run(lambda dask_worker: dask_worker.state.executed_count)
        processes = set(client.run(os.getpid).values())
    assert len(processes) == 2 and os.getpid() not in processes
    assert len(done) == 2 and all(count > 0 for count in done.values())


def test_the_report_is_the_same(
    cluster: LocalCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.contract"
    path.write_text(TEXT)
    told = []
    for engine in ([], ["--engine", "dask", "--scheduler", cluster.scheduler_address]):
        assert main([str(path), "--no-cache", *engine]) == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1] and "by a solver's word alone" in told[0]


def test_without_an_address_a_cluster_is_started_and_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.contract"
    path.write_text(TEXT)
    command = [str(path), "--chain", "C", "--no-cache", "--engine", "dask", "--jobs", "2"]
    assert main(command) == 0
    assert "proved" in capsys.readouterr().out


def lying(asked: Sequence[Obligation], timeout_s: float) -> list[Verdict]:
    return [Proved(Clash(0, 0)) for _ in asked]


def rambling(asked: Sequence[Obligation], timeout_s: float) -> list[Verdict]:
    return ["proved"] * len(asked)  # type: ignore[list-item]


def failing(asked: Sequence[Obligation], timeout_s: float) -> list[Verdict]:
    """Gives up over one obligation, whose batch has others."""
    if any(each.id == "at most 7" for each in asked):
        raise MemoryError("too large")
    return settled_there(asked, timeout_s)


def test_a_worker_that_lies_proves_nothing(cluster: LocalCluster) -> None:
    asked = [bounded(4)]
    (verdict,) = answered(cluster, asked, work=lying)
    with pytest.raises(Defect):
        confirmed(asked[0], verdict)


def test_what_is_no_verdict_is_none(cluster: LocalCluster) -> None:
    assert all(
        isinstance(each, Unknown) for each in answered(cluster, [bounded(4)] * 3, work=rambling)
    )


def test_what_fails_on_a_worker_costs_one_obligation(cluster: LocalCluster) -> None:
    asked = [bounded(bound) for bound in range(40)]
    verdicts = answered(cluster, asked, work=failing)
    assert verdicts[7] == Unknown("a worker failed: MemoryError: too large")
    assert [place for place, each in enumerate(verdicts) if isinstance(each, Unknown)] == [7]
    assert isinstance(verdicts[4], Refuted) and isinstance(verdicts[5], Proved)


def dying(note: str, asked: Sequence[Obligation], timeout_s: float) -> list[Verdict]:
    """Takes its worker down with it, once, over one obligation of its batch."""
    if any(each.id == "at most 7" for each in asked):
        try:
            os.close(os.open(note, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return settled_there(asked, timeout_s)
        os.kill(os.getpid(), signal.SIGKILL)
    return settled_there(asked, timeout_s)


def test_a_worker_that_dies_neither_loses_nor_changes_a_verdict(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    asked = [bounded(bound) for bound in range(40)]
    here = dict(judge_all(asked, 5.0, 1, silent))
    note = tmp_path / "died"
    verdicts = answered(cluster, asked, work=partial(dying, str(note)))
    assert note.exists()
    assert verdicts == [here[place] for place in range(40)]


def deadly(asked: Sequence[Obligation], timeout_s: float) -> list[Verdict]:
    """Takes every worker down that it is given to, over one obligation."""
    if any(each.id == "at most 7" for each in asked):
        os.kill(os.getpid(), signal.SIGKILL)
    return settled_there(asked, timeout_s)


@pytest.mark.nightly
def test_what_kills_every_worker_costs_one_obligation(cluster: LocalCluster) -> None:
    verdicts = answered(cluster, [bounded(bound) for bound in range(12)], work=deadly)
    assert [place for place, each in enumerate(verdicts) if isinstance(each, Unknown)] == [7]
    assert isinstance(verdicts[7], Unknown) and "KilledWorker" in verdicts[7].reason


def test_where_no_worker_is_left_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verifier.solve.cluster.GONE_S", 1.0)
    with LocalCluster(n_workers=0, processes=True, dashboard_address="127.0.0.1:0") as empty:
        verdicts = answered(empty, [bounded(bound) for bound in range(3)])
    told = {each.reason for each in verdicts if isinstance(each, Unknown)}
    assert told == {"a worker failed: NoCluster: no worker of the cluster is left"}
    assert len(verdicts) == 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--scheduler", "tcp://127.0.0.1:9"], "for `--engine dask`"),
        (["--engine", "dask", "--scheduler", "nonsense://here"], "no Dask cluster"),
    ],
)
def test_what_is_no_cluster_is_said(
    given: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.contract"
    path.write_text(TEXT)
    assert main([str(path), *given]) == 2
    assert said in capsys.readouterr().err
