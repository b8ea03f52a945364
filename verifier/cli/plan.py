"""`verify-chain plan`: builds a chain's steps from what it assumes and what it is to achieve, and
writes the new text once it is judged."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from verifier.cli.command import HOLDS, REFUTED, UNKNOWN, Refusal, exit_code, paint
from verifier.cli.progress import progress
from verifier.cli.written import MOST_SHOWN, list_changes, own_chain, write_changed
from verifier.closing.repairing import planned
from verifier.judging import Effort, judged
from verifier.pipeline import report_on
from verifier.repair.transition import Aim
from verifier.report import terminal
from verifier.report.values import Report, status, worst
from verifier.source import Mistakes


def run(options: argparse.Namespace) -> int:
    """0 if there is a plan, 1 if there is none, 3 if that stays unknown."""
    source, chain = own_chain(options)
    if chain.rigid or chain.objects:
        raise Refusal(
            f"`{chain.name}` has parameters; a plan is made for given objects and numbers"
        )
    if not chain.goals:
        raise Refusal(f"`{chain.name}` achieves nothing; say what with `achieve`")
    effort = Effort(options.timeout, options.jobs)
    empty = replace(chain, steps=(), body=())
    with progress("judging what is assumed") as tell:
        answers = judged(source.model, empty, effort, tell)
    start = [a for a in answers if a.obligation.rule == "sanity"]
    if any(status(answer.verdict) != "proved" for answer in start):
        report = replace(report_on(source, empty, start), search=None)
        told = terminal.render(Report((), (report,), source.texts), paint(sys.stdout))
        sys.stdout.write(told)
        return exit_code([worst(status(answer.verdict) for answer in start)])
    if worst(status(answer.verdict) for answer in answers) == "proved":
        sys.stdout.write(f"what {chain.name} assumes is what it is to achieve; nothing to plan\n")
        return HOLDS
    outcome, found = planned(
        source, chain, effort, MOST_SHOWN if options.all else 1, Aim(options.least)
    )
    if outcome.faults:
        raise Mistakes(outcome.faults, source.texts)
    said = f"no sequence of library skills makes {chain.name}"
    if outcome.refuted is not None and outcome.is_sure:
        told = "; ".join((f"{said}: {outcome.refuted}", *(each.told for each in outcome.motions)))
        sys.stdout.write(f"{paint(sys.stdout).word('refuted')}: {told}\n")
        return REFUTED
    if not outcome.found:
        open_end = outcome.unknown or outcome.refuted
        told = f"whether library skills make {chain.name} is open: {open_end}"
        told = "; ".join((told, *(each.told for each in outcome.motions)))
        sys.stdout.write(f"{paint(sys.stdout).word('unknown')}: {told}\n")
        return UNKNOWN
    if options.all:
        return list_changes(source, chain.name, found, effort, "plan")
    return write_changed(source, chain.name, found[0], options, effort, "planned")
