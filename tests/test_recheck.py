"""An auditor attacks a real file: FetchCup's own certificates, each lie by the command line."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from verifier.cli import main

EXAMPLE = str(Path(__file__).parent.parent / "examples" / "fetch_cup.contract")


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("certificates")
    assert main([EXAMPLE, "--chain", "FetchCup", "--certificates", str(folder)]) == 0
    found: dict[str, Any] = json.loads((folder / "FetchCup.certificates.json").read_text())
    return found


def negated(number: str) -> str:
    return number[1:] if number.startswith("-") else f"-{number}"


def lies(proof: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every way of lying about one refutation: a node dropped, a number changed, a fact renamed."""

    def changed(place: int) -> tuple[dict[str, Any], dict[str, Any]]:
        forged = copy.deepcopy(proof)
        return forged, forged["nodes"][place]

    for place, node in enumerate(proof["nodes"]):
        forged, _ = changed(place)
        del forged["nodes"][place]
        yield f"node {place} is missing", forged
        if node["kind"] == "chosen":
            forged, other = changed(place)
            del other["values"][0]
            yield f"node {place}: something is not chosen", forged
            forged, other = changed(place)
            other["values"][0][2] = {"label": "elsewhere"}
            yield f"node {place}: a value that there is not", forged
        if node["kind"] == "clash" and node["first"] != node["second"]:
            forged, other = changed(place)
            other["second"] = other["first"]
            yield f"node {place}: a fact clashes with itself", forged
        if node["kind"] == "clash":
            forged, other = changed(place)
            other["first"] = 10_000
            yield f"node {place}: a fact that is not there", forged
        if node["kind"] == "split-or":
            forged, other = changed(place)
            other["cases"] -= 1
            yield f"node {place}: a case is missing", forged
        if node["kind"] == "combination":
            for position in range(len(node["multipliers"])):
                forged, other = changed(place)
                other["multipliers"][position][1] = negated(other["multipliers"][position][1])
                yield f"node {place}: multiplier {position} is negative", forged
                forged, other = changed(place)
                del other["multipliers"][position]
                yield f"node {place}: multiplier {position} is dropped", forged
                if len(node["multipliers"]) > 1:  # what is false by itself is so at any scale
                    forged, other = changed(place)
                    other["multipliers"][position][1] = "1000001/1000000"
                    yield f"node {place}: multiplier {position} is a millionth too large", forged
            forged, other = changed(place)
            other["constant"] = "1/1000000"
            yield f"node {place}: a constant out of nothing", forged


def test_every_lie_about_fetch_cup_is_rejected(
    honest: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told_of = [
        [(name, lie) for name, lie in lies(entry["proof"])]
        for entry in honest["certificates"]
        if entry["proof"]["kind"] == "refutation"
    ]
    liars = [e for e in honest["certificates"] if e["proof"]["kind"] == "refutation"]
    assert sum(map(len, told_of)) >= 40
    for turn in range(max(map(len, told_of))):  # one lie about each of them at a time
        lying = copy.deepcopy(honest)
        forged = {
            entry["obligation"]: found[turn]
            for entry, found in zip(liars, told_of, strict=True)
            if turn < len(found)
        }
        for entry in lying["certificates"]:
            if entry["obligation"] in forged:
                entry["proof"] = forged[entry["obligation"]][1]
        file = tmp_path / "FetchCup.certificates.json"
        file.write_text(json.dumps(lying))
        code = main(["recheck", EXAMPLE, str(file), "--chain", "FetchCup"])
        told = capsys.readouterr().out
        assert code == 1
        for owner, (name, _) in forged.items():
            assert f"rejected  {owner}" in told, f"{owner}: {name}"


# ---- two chains: any order of files and entries, and every outcome -----------------------------

TWO = """\
type Item
object cup : Item
state { gripper : {open, closed}
        gap : real cm in 0 .. 10
        held : bool[Item] }
skill Open { ensures gripper == open  duration 1 s .. 2 s }
skill Take(o : Item) {
    requires gripper == open and gap >= 1 cm  ensures held[o]  duration 1 s .. 2 s
}
chain First {
    assume gap >= 2 cm and gap <= 3 cm
    Open(); Take(cup)
    achieve held[cup] and gripper == open and gap * gap <= 10 cm^2
    within 9 s
}
chain Second { assume gap >= 3 cm  Open(); Take(cup)  achieve held[cup] }
"""


@pytest.fixture
def two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    """The folder with the certificates of both chains."""
    monkeypatch.chdir(tmp_path)
    Path("two.contract").write_text(TWO)
    assert main(["two.contract", "--certificates", "out"]) == 0
    capsys.readouterr()
    return tmp_path / "out"


def rechecked(
    capsys: pytest.CaptureFixture[str], path: str, *options: str
) -> tuple[int, dict[str, str], str]:
    """The exit code, the outcome of each obligation, and the sentence at the end."""
    code = main(["recheck", "two.contract", path, *options])
    *lines, summary = capsys.readouterr().out.splitlines()
    return code, {line.split()[1].rstrip(":"): line.split()[0] for line in lines}, summary


def test_files_and_entries_are_read_in_any_order(
    two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, outcomes, summary = rechecked(capsys, "out")
    assert code == 0 and set(outcomes.values()) == {"accepted"}
    assert summary == f"{len(outcomes)} accepted, 0 rejected, 0 hole, 0 deferred"
    assert {name.split("/")[0] for name in outcomes} == {"First", "Second"}
    files = sorted(two.iterdir())
    for number, (one, name) in enumerate(zip(files, ["b", "a"], strict=True)):
        found = json.loads(one.read_text())
        random.Random(number).shuffle(found["certificates"])
        one.unlink()
        (two / f"{name}.certificates.json").write_text(json.dumps(found))
    assert rechecked(capsys, "out") == (code, outcomes, summary)


def test_an_entry_may_stand_in_another_file_of_its_chain(
    two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = rechecked(capsys, "out")
    file = two / "First.certificates.json"
    found = json.loads(file.read_text())
    named = {each.get("same_as") for each in found["certificates"]}
    alone = [each for each in found["certificates"] if each["obligation"] not in named]
    moved = next(each for each in alone if "proof" in each)
    rest = [each for each in found["certificates"] if each is not moved]
    (two / "0.certificates.json").write_text(json.dumps({**found, "certificates": [moved]}))
    file.write_text(json.dumps({**found, "certificates": rest}))
    assert rechecked(capsys, "out") == whole


def test_accepted_rejected_and_holey_are_told_apart(
    two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, honest, _ = rechecked(capsys, "out")
    file = two / "Second.certificates.json"
    (two / "First.certificates.json").unlink()
    code, outcomes, summary = rechecked(capsys, "out")
    assert code == 3 and "rejected" not in outcomes.values()
    assert all((of == "hole") == name.startswith("First/") for name, of in outcomes.items())
    holes = list(outcomes.values()).count("hole")
    assert summary.startswith(f"{len(honest) - holes} accepted, 0 rejected, {holes} hole")
    found = json.loads(file.read_text())
    liar = next(entry for entry in found["certificates"] if "proof" in entry)
    liar["proof"] = {"kind": "refutation", "nodes": [{"kind": "clash", "first": 0, "second": 0}]}
    file.write_text(json.dumps(found))
    code, outcomes, _ = rechecked(capsys, "out")
    assert code == 1 and outcomes[liar["obligation"]] == "rejected"
    assert set(outcomes.values()) == {"accepted", "rejected", "hole"}
    code, outcomes, _ = rechecked(capsys, "out", "--chain", "First")
    assert code == 3 and set(outcomes.values()) == {"hole"}


def test_one_job_and_two_give_the_same_report(
    two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: dict[str, tuple[int, str, dict[str, str]]] = {}
    Path("bad.contract").write_text(TWO.replace("gap >= 1 cm", "gap >= 2.5 cm"))
    for jobs in ("1", "2"):
        arguments = ["two.contract", "bad.contract", "--jobs", jobs, "--no-cache"]
        code = main([*arguments, "--format", "json"])
        report = capsys.readouterr().out
        main(["two.contract", "--jobs", jobs, "--no-cache", "--certificates", f"jobs{jobs}"])
        capsys.readouterr()
        files = {file.name: file.read_text() for file in Path(f"jobs{jobs}").iterdir()}
        told[jobs] = code, report, files
    assert told["1"] == told["2"]
    assert told["1"][0] == 1 and "refuted" in told["1"][1] and len(told["1"][2]) == 2
