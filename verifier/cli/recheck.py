"""`verify-chain recheck`: judges certificates against obligations derived afresh from the source.

No solver is imported, and nothing that the certificates say about themselves is believed.
"""

from __future__ import annotations

import argparse
import sys

from verifier.cli.certificates import Judgement, read, rejudge
from verifier.cli.command import HOLDS, REFUTED, UNKNOWN
from verifier.obligations.repeated import owed_once
from verifier.source import chosen, settled


def run(options: argparse.Namespace) -> int:
    """0 all are accepted (or deferred), 1 any is rejected, 3 any is missing."""
    source = settled(options.file)
    chains = chosen(source, options.chain or ())
    entries = read(options.certificates)
    if options.chain:
        entries = [entry for entry in entries if entry.chain in options.chain]
    obligations = [each for chain in chains for each in owed_once(source.model, chain).obligations]
    judgements = rejudge(obligations, entries)
    sys.stdout.write("".join(f"{_line(each)}\n" for each in judgements))
    sys.stdout.write(f"{_summary(judgements)}\n")
    outcomes = {each.outcome for each in judgements}
    return REFUTED if "rejected" in outcomes else UNKNOWN if "hole" in outcomes else HOLDS


def _line(judgement: Judgement) -> str:
    reason = f": {judgement.reason}" if judgement.reason else ""
    return f"{judgement.outcome:<8}  {judgement.obligation}{reason}"


def _summary(judgements: list[Judgement]) -> str:
    outcomes = [each.outcome for each in judgements]
    told = [f"{outcomes.count(o)} {o}" for o in ("accepted", "rejected", "hole", "deferred")]
    return ", ".join(told)
