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
        if node["kind"] == "clash":
            forged, other = changed(place)
            other["second"] = other["first"]
            yield f"node {place}: a fact clashes with itself", forged
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
                forged, other = changed(place)
                other["multipliers"][position][1] = "1000001/1000000"
                yield f"node {place}: multiplier {position} is a millionth too large", forged
            forged, other = changed(place)
            other["constant"] = "1/1000000"
            yield f"node {place}: a constant out of nothing", forged


def test_every_lie_about_fetch_cup_is_rejected(
    honest: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = honest["certificates"]
    forged = [
        (place, name, lie)
        for place, entry in enumerate(entries)
        if entry["proof"]["kind"] == "refutation"
        for name, lie in lies(entry["proof"])
    ]
    assert len(forged) >= 40
    for place, name, lie in forged:
        lying = copy.deepcopy(honest)
        lying["certificates"][place]["proof"] = lie
        file = tmp_path / "FetchCup.certificates.json"
        file.write_text(json.dumps(lying))
        code = main(["recheck", EXAMPLE, str(file), "--chain", "FetchCup"])
        told = capsys.readouterr().out
        owner = entries[place]["obligation"]
        assert code == 1, f"{owner}: {name}"
        assert f"rejected  {owner}" in told, name
