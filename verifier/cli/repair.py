"""`verify-chain repair`: inserts skills until every obligation holds, judges the new text, and only
then writes it."""

from __future__ import annotations

import argparse
import sys

from verifier.cli.command import HOLDS, exit_code, paint
from verifier.cli.progress import progress
from verifier.cli.written import MOST_SHOWN, list_changes, own_chain, write_changed
from verifier.closing.repairing import narrowed, with_repair
from verifier.judging import Effort, judged
from verifier.model.values import Chain
from verifier.pipeline import report_on
from verifier.repair.transition import Aim
from verifier.report import terminal
from verifier.report.values import Report, chain_verdict
from verifier.source import Mistakes, Source


def run(options: argparse.Namespace) -> int:
    """0 if the chain holds now or is repaired, 1 if no repair was found, 3 if it stays unknown.

    Raises Mistakes where what a transition would have to do cannot be meant.
    """
    source, chain = own_chain(options)
    effort = Effort(options.timeout, options.jobs)
    with progress("judging") as tell:
        report = report_on(source, chain, judged(source.model, chain, effort, tell))
    if chain_verdict(report) == "proved":
        sys.stdout.write(f"{chain.name} is proved; there is nothing to repair\n")
        return HOLDS
    if chain_verdict(report) == "refuted":
        report = with_repair(
            source, chain, report, effort, MOST_SHOWN if options.all else 1, Aim(options.least)
        )
    if not report.repairs:
        if report.faults:
            raise Mistakes(report.faults, source.texts)
        if report.narrower and options.narrow:
            sys.stdout.write(f"{report.search}\n")
            return _narrower(source, chain, report.narrower, options, effort)
        whole = Report((), (report,), source.texts)
        sys.stdout.write(terminal.render(whole, paint(sys.stdout)))
        if report.narrower:
            sys.stdout.write(f"`--narrow` adds `assume {report.narrower}` and repairs that\n")
        return exit_code([chain_verdict(report)])
    if options.all:
        return list_changes(source, chain.name, report.repairs, effort, "insert")
    return write_changed(source, chain.name, report.repairs[0], options, effort, "repaired")


def _narrower(
    source: Source, chain: Chain, condition: str, options: argparse.Namespace, effort: Effort
) -> int:
    """The same for the chain that assumes this condition, too: it promises less than was asked."""
    less, part = narrowed(source, chain, condition)
    with progress("judging what is narrower") as tell:
        report = report_on(less, part, judged(less.model, part, effort, tell))
    if chain_verdict(report) == "refuted":
        report = with_repair(less, part, report, effort, 1, Aim(options.least))
    if not report.repairs:
        whole = Report((), (report,), less.texts)
        sys.stdout.write(terminal.render(whole, paint(sys.stdout)))
        return exit_code([chain_verdict(report)])
    done = f"narrowed to `assume {condition}`, repaired"
    return write_changed(source, chain.name, report.repairs[0], options, effort, done)
