"""`verify-chain monitor`: judges a recorded trace by the properties of a file."""

from __future__ import annotations

import argparse
import os
import sys

from verifier.cli.command import Refusal, exit_code, paint
from verifier.cli.progress import progress
from verifier.cli.version import version
from verifier.cli.writing import write
from verifier.recording import READERS, Samples, judged, properties, size_of
from verifier.report.timeline import drawing
from verifier.report.trace import render, render_json, verdict_of
from verifier.source import settled


def run(options: argparse.Namespace) -> int:
    """0 every property is satisfied, 1 one is violated, 3 one is not yet decided or has no
    value."""
    source = settled(options.file)
    wanted = properties(source, options.property or ())
    if not wanted:
        raise Refusal(f"`{options.file}` declares no property, so that a trace cannot violate any")
    reader = _reader(options)
    size = size_of(options.trace)
    with progress("reading") as tell:
        report = judged(
            source, wanted, options.trace, reader, options.robustness, lambda done: tell(done, size)
        )
    if options.plot is not None:
        write(options.plot, drawing(report.judged).encode())
    if options.format == "json":
        sys.stdout.write(render_json(report, version()))
    else:
        sys.stdout.write(render(report, paint(sys.stdout)))
    return exit_code([verdict_of(report.judged)])


def _reader(options: argparse.Namespace) -> Samples:
    """The reader for the trace's suffix. Raises Refusal."""
    suffix = os.path.splitext(options.trace)[1].lower()
    if suffix not in READERS:
        known = ", ".join(READERS)
        raise Refusal(f"`{options.trace}` is no trace that can be read; the suffixes are {known}")
    return READERS[suffix]
