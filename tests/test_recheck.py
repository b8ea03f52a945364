"""An auditor attacks a real file: FetchCup's own certificates, each lie by the command line."""

from __future__ import annotations

import copy
import json
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
