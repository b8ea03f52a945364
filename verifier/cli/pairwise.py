"""`verify-chain --pairwise`: the matrix of which skill may follow which."""

from __future__ import annotations

import argparse
import sys

from verifier.cli.command import HOLDS, UNKNOWN, Refusal, paint
from verifier.cli.engine import finder
from verifier.cli.progress import progress
from verifier.cli.version import version
from verifier.judging import Effort
from verifier.pairwise import pairs
from verifier.report.pairs import render_json, render_text
from verifier.source import settled


def run(options: argparse.Namespace) -> int:
    """0 if every pair was settled, 3 if some was not: a pair that needs more is no failure."""
    if options.format not in ("text", "json"):
        raise Refusal("`--pairwise` prints text or JSON")
    if options.chain or options.certificates:
        raise Refusal("`--pairwise` looks at skills, not at chains")
    if len(options.files) > 1:
        raise Refusal("`--pairwise` takes one file, and all that it uses")
    source = settled(options.files[0])
    with finder(options) as found_by, progress("judging") as tell:
        effort = Effort(options.timeout, options.jobs, finder=found_by)
        found = pairs(source, effort, tell)
    if options.format == "json":
        sys.stdout.write(render_json(found, version()))
    else:
        sys.stdout.write(render_text(found, paint(sys.stdout)))
    return UNKNOWN if any(pair.verdict == "unknown" for pair in found.pairs) else HOLDS
