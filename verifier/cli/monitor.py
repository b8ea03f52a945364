"""`verify-chain monitor`: judges a recorded trace by the properties of a file."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial

from verifier.cli.command import Refusal, exit_code, paint
from verifier.cli.progress import progress
from verifier.cli.version import version
from verifier.cli.writing import write
from verifier.core.diagnostic import SourceError
from verifier.library import read
from verifier.recording import MCAP, READERS, Samples, judged, properties, size_of
from verifier.report.timeline import drawing
from verifier.report.trace import render, render_json, verdict_of
from verifier.source import Mistakes, settled
from verifier.traces import recording_file

PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")


def run(options: argparse.Namespace) -> int:
    """0 every property is satisfied, 1 one is violated, 3 one is not yet decided or has no
    value."""
    source = settled(options.file)
    wanted = properties(source, options.property or ())
    if not wanted:
        raise Refusal(f"`{options.file}` declares no property, so that a trace cannot violate any")
    reader = _reader(options)
    size = size_of(options.trace)
    try:
        with progress("reading") as tell:
            told = partial(_told, tell, size)
            report = judged(source, wanted, options.trace, reader, options.robustness, told)
    except recording_file.NotInstalled as package:
        raise Refusal(
            f"the package `{package}` reads recordings and is not installed;"
            " `pip install 'verify-chain[recordings]'`"
        ) from None
    if options.plot is not None:
        write(options.plot, drawing(report.judged).encode())
    if options.format == "json":
        sys.stdout.write(render_json(report, version()))
    else:
        sys.stdout.write(render(report, paint(sys.stdout)))
    return exit_code([verdict_of(report.judged)])


def _told(tell: Callable[[int, int], None], size: int, done: int) -> None:
    tell(done, size)


def _reader(options: argparse.Namespace) -> Samples:
    """The reader for the trace's suffix. Raises Refusal."""
    suffix = os.path.splitext(options.trace)[1].lower()
    if suffix == MCAP:
        return partial(recording_file.samples, mapped=_mapped(options.map or ()))
    if options.map:
        raise Refusal(f"`--map` is for recordings ({MCAP}); other traces name their variables")
    if suffix not in READERS:
        known = ", ".join((*READERS, MCAP))
        unpack = "; unpack it first" if suffix in PACKED else ""
        raise Refusal(
            f"`{options.trace}` is no trace that can be read; the suffixes are {known}{unpack}"
        )
    return READERS[suffix]


def _mapped(given: Sequence[str]) -> dict[str, recording_file.Mapped]:
    """The mappings of the options and of the files that they name. Raises Refusal."""
    found: dict[str, recording_file.Mapped] = {}
    for text in given:
        for line in [text] if "=" in text else _lines(text):
            mapping = recording_file.mapping(line)
            if mapping is None:
                raise Refusal(f"`{line.strip()[:80]}` is no mapping; {recording_file.WANTED}")
            if mapping[0] in found:
                raise Refusal(f"`{mapping[0]}` is mapped twice")
            found[mapping[0]] = mapping[1]
    return found


def _lines(path: str) -> list[str]:
    """The mappings in a file: one a line, with comments behind `#`."""
    try:
        lines = read(path, path).splitlines()
    except SourceError as error:
        raise Mistakes(error.diagnostics, {}) from None
    stripped = [line.partition("#")[0].strip() for line in lines]
    return [line for line in stripped if line]
