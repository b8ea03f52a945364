"""Composed chains against every run of them: parameters, calls within blocks, blocks within blocks.

Where all that a chain owes is proved, no run fails (every_run.py); and where something is refuted,
some run fails there. What runs at one moment uses no more than there is, and where nothing else
fails, a deadline is proved just when every run keeps it.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import pytest
from composed import Problem, problem
from every_run import Expansion, Oracle, TooMany, givens, happens

from verifier.core.diagnostic import SourceError
from verifier.core.verdict import Proved, Refuted, Verdict
from verifier.judging import Effort, judged
from verifier.source import settled

EXACT = ("precondition", "invariant", "exhaustive", "achieve", "call/assume", "realizable")
LARGEST = 8
"""Chains with more calls of skills than this have more runs than a test may look at."""


def size(asked: Problem) -> int:
    """How many calls of skills the chain writes out."""
    expansion = Expansion(asked.world, asked.callees)
    items = {each.name: "cup" for each in asked.chain.parameters if each.kind == "Item"}
    expansion.body(asked.chain.body, next(givens(asked.chain, items)))
    return expansion.kinds[""]


def said(source: str) -> dict[str, dict[str, Verdict]]:
    """What is said of the chain C for each choice of its objects, by id."""
    model = settled("random.contract", source).model
    return {
        name: {
            answer.obligation.id.removeprefix(f"{name}/"): answer.verdict
            for answer in judged(model, chain, Effort(10, None), lambda done, total: None)
        }
        for name, chain in model.chains.items()
        if chain.declared == "C"
    }


@dataclass(frozen=True)
class Compared:
    """What is said of a chain for one choice of its objects, beside what happens in its runs."""

    source: str
    verdicts: dict[str, Verdict]
    oracle: Oracle

    def having(self, kind: type) -> set[str]:
        return {name for name, verdict in self.verdicts.items() if isinstance(verdict, kind)}

    @property
    def apart(self) -> bool:
        """Whether branches leave each other alone; what else is said takes that for granted."""
        return not any(name.endswith("/parallel") for name in self.having(Refuted))

    @property
    def exact(self) -> bool:
        """Whether steps are judged from just the states that runs bring them: loops are judged from
        their invariants, and of branches that break off it is not known where the others are."""
        loops = "while" in self.source or ("try" in self.source and "||" in self.source)
        return self.apart and not loops

    @property
    def timed(self) -> bool:
        """Whether nothing but deadlines and resources is wrong."""
        others = {name for name in self.verdicts if name.split("/")[0] not in ("within", "budget")}
        return self.exact and others <= self.having(Proved)

    def mistake(self, within: tuple[int, int] | None) -> tuple[str, str] | None:
        """(what kind of mistake the verifier made, where), or None."""
        oracle, refuted = self.oracle, self.having(Refuted)
        unproved = set(self.verdicts) - self.having(Proved)
        if not unproved - {"within"} and oracle.failed:
            return "unsound", f"{sorted(oracle.failed)}"
        if unproved and not refuted:
            return "unknown", f"{sorted(unproved)}"
        wrong = {name for name in refuted if name.endswith(EXACT)} - oracle.failed
        runs = {name for name in refuted if name.endswith("sanity/run") and ":" in name}
        passed = {name.split("/")[0] for name in runs} & oracle.passed
        if self.exact and wrong | passed:
            return "wrong", f"{sorted(wrong | passed)} but {sorted(oracle.failed)}"
        if within is not None and oracle.times:
            keeps = within[0] <= min(oracle.times) and max(oracle.times) <= within[1]
            if keeps != ("within" in self.having(Proved)):
                return "wrong", f"within, though runs take {sorted(oracle.times)}"
        return None


def discrepancy(asked: Problem) -> tuple[str, str]:
    """(what came out, what is wrong with it)."""
    source = asked.source()
    if size(asked) > LARGEST:
        return "too many", ""
    try:
        found = said(source)
    except SourceError as error:
        return "refused", " ".join(f"{d.code}" for d in error.diagnostics)
    outcome = "proved"
    for name, verdicts in found.items():
        things = name.removeprefix("C").strip("()").split(", ")
        items = [each.name for each in asked.chain.parameters if each.kind == "Item"]
        chosen = dict(zip(items, things, strict=False))
        compared = Compared(source, verdicts, Oracle(asked.world))
        try:
            oracle = happens(asked, chosen, timed=compared.timed)
        except TooMany:
            return "too many", ""
        if (mistake := Compared(source, verdicts, oracle).mistake(asked.chain.within)) is not None:
            return mistake[0], f"{name}: {mistake[1]}"
        budget = verdicts.get("budget/compute")
        if isinstance(budget, Proved) and compared.apart and oracle.used > asked.capacity:
            return "unsound", f"{name}: {oracle.used} in use"
        if any(isinstance(verdict, Refuted) for verdict in verdicts.values()):
            outcome = "refuted"
    return outcome, ""


def compare(seeds: range) -> Counter[str]:
    found: Counter[str] = Counter()
    for seed in seeds:
        asked = problem(random.Random(seed))
        outcome, wrong = discrepancy(asked)
        assert outcome not in ("unsound", "wrong", "unknown"), f"{seed}, {wrong}:\n{asked.source()}"
        found[outcome] += 1
    return found


@pytest.mark.parametrize("part", range(2))
def test_what_is_proved_holds_in_every_run_and_what_is_refuted_fails_in_one(part: int) -> None:
    found = compare(range(part, 80, 2))
    assert found["proved"] >= 2 and found["refuted"] >= 10


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(8))
def test_so_do_thousands(part: int) -> None:
    found = compare(range(1000 + part, 9000, 8))
    assert found["proved"] >= 20 and found["refuted"] >= 200
