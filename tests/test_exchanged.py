"""Certificates of composed chains in wrong hands: of other obligations and chains, and altered.

A question that some run answers with no has no certificate. So whatever is handed in for what is
refuted, the judge must not accept it: not the proofs of the same chain, not those of others, and
not those with a number, an entry or an order that is not theirs.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from composed import problem

from verifier.check.codec import decode, encode
from verifier.check.judge import judge
from verifier.check.outcome import Accepted
from verifier.check.polynomial import Refused
from verifier.cli import main
from verifier.core.diagnostic import SourceError
from verifier.core.obligation import Obligation
from verifier.core.verdict import Proved, Refuted, SolverWord
from verifier.judging import Effort, judged
from verifier.source import settled

KEPT = 2_000
NUMBERS = ("0", "1", "-1", "2", "1/2", "1000001/1000000")


def accepted(obligation: Obligation, proof: Any) -> bool:
    try:
        return judge(obligation, decode(proof)) == Accepted()
    except Refused:
        return False


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every place within the data: where it stands, and its index or key."""
    for key in data if isinstance(data, dict) else range(len(data)):
        yield data, key
        if isinstance(data[key], dict | list):
            yield from places(data[key])


def altered(rng: random.Random, proof: Any) -> Any:
    """The proof with something changed, left out or given twice, in one place."""
    other = copy.deepcopy(proof)
    within, key = rng.choice(list(places(other)))
    match within[key]:
        case bool(value):
            within[key] = not value
        case int(number):
            within[key] = number + rng.choice((-2, -1, 1, 2))
        case str():
            within[key] = rng.choice(NUMBERS)
        case list(entries) if entries:
            within[key] = rng.choice((entries[::-1], entries[:-1], [*entries, entries[0]]))
    return other


@dataclass
class Hands:
    """The proofs of many chains by the rule that they are for, and what was tried with them."""

    rng: random.Random
    proofs: list[tuple[str, Any]] = field(default_factory=list)
    tried: int = 0

    def attack(self, seed: int, times: int) -> None:
        """Hands in proofs of this chain and of those before for all that is false of it."""
        false: list[Obligation] = []
        model = settled("random.contract", problem(random.Random(seed)).source()).model
        for chain in model.chains.values():
            for answer in judged(model, chain, Effort(10, None), lambda done, total: None):
                match answer.verdict:
                    case Proved(evidence) if not isinstance(evidence, SolverWord):
                        self.proofs.append((answer.obligation.rule, encode(evidence)))
                    case Refuted():
                        false.append(answer.obligation)
        self.proofs = self.proofs[-KEPT:]
        for obligation in false:
            alike = [proof for rule, proof in self.proofs if rule == obligation.rule]
            for _ in range(times if self.proofs else 0):
                if alike and self.rng.random() < 0.7:
                    self.hand_in(seed, obligation, self.rng.choice(alike))
                else:
                    self.hand_in(seed, obligation, self.rng.choice(self.proofs)[1])

    def hand_in(self, seed: int, obligation: Obligation, proof: Any) -> None:
        if self.rng.random() < 0.6:
            proof = altered(self.rng, proof)
        self.tried += 1
        assert not accepted(obligation, proof), (seed, obligation.id, proof)


def attacked(seeds: range, times: int) -> int:
    hands = Hands(random.Random(seeds.start))
    for seed in seeds:
        try:
            hands.attack(seed, times)
        except SourceError:
            continue
    return hands.tried


def test_nothing_is_accepted_for_what_is_false() -> None:
    assert attacked(range(300, 306), 40) > 500


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(4))
def test_nor_in_hundreds_of_chains(part: int) -> None:
    assert attacked(range(400 + 50 * part, 450 + 50 * part), 100) > 20_000


# ---- by the command line -----------------------------------------------------------------------

BLOCKS = """\
resource compute 3 TFLOPS
state { a, b, c : bool  n : real in 0 .. 2 }
skill A { ensures a  duration 1 s .. 2 s  uses compute 1 TFLOPS }
skill B { ensures b  duration 0 s .. 1 s  uses compute 2 TFLOPS }
skill Down { requires n >= 1  ensures n == old(n) - 1  duration 1 s .. 1 s }
skill Both { requires a and b  ensures c  duration 1 s .. 1 s }
chain Ready { assume a and b  Both()  achieve c }
chain C {
    if a { B() } else { A() || B() }
    repeat 2 { A() }
    try { B() } recover { A(); B() }
    while n >= 1 invariant a and b variant n { Down() }
    Ready()
    achieve c and n < 1
    within LAST s
}
"""


def file_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "C.certificates.json").read_text())
    return found


def test_a_certificate_proves_its_own_chain_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.contract").write_text(BLOCKS.replace("LAST", "14"))
    assert main(["good.contract", "--chain", "C", "--certificates", "good"]) == 0
    others = {
        "a deadline": BLOCKS.replace("LAST", "1"),
        "a promise": BLOCKS.replace("LAST", "14").replace("ensures b ", "ensures b == b "),
        "a resource": BLOCKS.replace("LAST", "14").replace("compute 3", "compute 2"),
        "a guard": BLOCKS.replace("LAST", "14").replace("n < 1\n", "n < 0\n"),
        "a variant": BLOCKS.replace("LAST", "14").replace("old(n) - 1", "old(n)"),
    }
    for name, text in others.items():
        Path("other.contract").write_text(text)
        capsys.readouterr()
        assert main(["recheck", "other.contract", "good", "--chain", "C"]) == 1, name
        assert "another statement" in capsys.readouterr().out


def test_no_two_obligations_may_exchange_their_proofs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.contract").write_text(BLOCKS.replace("LAST", "14"))
    assert main(["good.contract", "--chain", "C", "--certificates", "good"]) == 0
    honest = file_of(tmp_path / "good")
    own = [each for each in honest["certificates"] if "proof" in each]
    assert len(own) > 10
    for turn in range(1, 4):  # each proof stands where that of another one stood
        forged = copy.deepcopy(honest)
        entries = [each for each in forged["certificates"] if "proof" in each]
        for entry, other in zip(entries, own[turn:] + own[:turn], strict=True):
            entry["statement"], entry["proof"] = other["statement"], other["proof"]
        Path("forged.certificates.json").write_text(json.dumps(forged))
        capsys.readouterr()
        assert main(["recheck", "good.contract", "forged.certificates.json", "--chain", "C"]) == 1
        out = capsys.readouterr().out
        for entry, other in zip(own, own[turn:] + own[:turn], strict=True):
            if entry["statement"] != other["statement"]:
                assert f"rejected  {entry['obligation']}:" in out
