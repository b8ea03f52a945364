"""`verify-chain repair`: inserts skills until every obligation holds, judges the new text, and only
then writes it."""

from __future__ import annotations

import argparse
import difflib
import sys

from verifier.cli.command import HOLDS, Refusal, exit_code, paint
from verifier.cli.progress import progress
from verifier.cli.writing import write
from verifier.judging import Defect, Effort
from verifier.pipeline import examined
from verifier.report import terminal
from verifier.report.values import ChainReport, Report, chain_verdict
from verifier.source import Source, chosen, settled
from verifier.syntax.formatter import format_file
from verifier.syntax.parse import parse


def run(options: argparse.Namespace) -> int:
    """0 if the chain holds now or is repaired, 1 if no repair was found, 3 if it stays unknown."""
    source = settled(options.file)
    (chain,) = chosen(source, [options.chain])
    if chain.span.file != source.path:
        raise Refusal(f"chain `{chain.name}` stands in `{chain.span.file}`; repair it there")
    effort = Effort(options.timeout, options.jobs)
    with progress("judging") as tell:
        report = examined(source, chain, effort, tell)
    if chain_verdict(report) == "proved":
        sys.stdout.write(f"{chain.name} is proved; there is nothing to repair\n")
        return HOLDS
    if not report.repairs:
        whole = Report((), (report,), source.texts)
        sys.stdout.write(terminal.render(whole, paint(sys.stdout)))
        return exit_code([chain_verdict(report)])
    edited = _edited(source, report)
    return _write(source, chain.name, edited, options, effort)


def _edited(source: Source, report: ChainReport) -> str:
    """The text after the first repair, formatted if the text before it was."""
    original = source.texts[source.path]
    edited = report.repairs[0].edited
    formatted = format_file(parse(original, source.path)) == original
    return format_file(parse(edited, source.path)) if formatted else edited


def _write(
    source: Source, name: str, edited: str, options: argparse.Namespace, effort: Effort
) -> int:
    """Judges the text as it would be read, shows the change, and writes it."""
    again = settled(source.path, edited)
    (chain,) = chosen(again, [name])
    with progress("judging again") as tell:
        verdict = chain_verdict(examined(again, chain, effort, tell))
    if verdict != "proved":
        raise Defect(f"the repaired text of {name} is {verdict}")
    original = source.texts[source.path]
    target = options.output or source.path
    sys.stdout.writelines(
        difflib.unified_diff(
            original.splitlines(keepends=True),
            edited.splitlines(keepends=True),
            source.path,
            target,
        )
    )
    if options.output is None:
        with open(source.path, "rb") as file:
            write(f"{source.path}.bak", file.read())
    write(target, edited.encode())
    sys.stdout.write(f"{name} is repaired and proved; written to {target}\n")
    return HOLDS
