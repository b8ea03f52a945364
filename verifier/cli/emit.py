"""`verify-chain emit`: the C99 bundle of a chain that is proved."""

from __future__ import annotations

import argparse
import sys

from verifier.cli.command import HOLDS, exit_code, paint
from verifier.cli.progress import progress
from verifier.cli.version import version
from verifier.cli.writing import replace_bundle
from verifier.emit.bundle import bundle
from verifier.judging import Effort, judged
from verifier.model.values import Chain
from verifier.monitor.gates import WatchPlan, watch_plan
from verifier.pipeline import report_on
from verifier.report import terminal
from verifier.report.values import ChainReport, Report, chain_verdict, status
from verifier.safety.limit import Loop, safety_loop
from verifier.source import Mistakes, Source, chosen, settled


def run(options: argparse.Namespace) -> int:
    """0 when the bundle stands in its folder; 1 or 3, with the report, if the chain is not
    proved."""
    source = settled(options.file)
    (chain,) = chosen(source, [options.chain])
    plan, loop = planned(source, chain)
    with progress("judging") as tell:
        answers = judged(source.model, chain, Effort(options.timeout, options.jobs), tell)
    report = report_on(source, chain, answers)
    if chain_verdict(report) != "proved":
        whole = Report((), (report,), source.texts)
        sys.stdout.write(terminal.render(whole, paint(sys.stdout)))
        sys.stderr.write(f"verify-chain: nothing is emitted, because {chain.name} is not proved\n")
        return exit_code([chain_verdict(report)])
    files = bundle_of(plan, loop, report, options.target)
    replace_bundle(options.output, files)
    size = sum(map(len, files.values()))
    sys.stdout.write(f"{options.output}: {len(files)} files, {size:,} bytes, for {chain.name}\n")
    return HOLDS


def planned(source: Source, chain: Chain) -> tuple[WatchPlan, Loop]:
    """What the bundle watches and limits. Raises Mistakes for what it cannot watch."""
    plan, loop = watch_plan(source.model, chain), safety_loop(source.model)
    if isinstance(plan, WatchPlan) and isinstance(loop, Loop):
        return plan, loop
    mistakes = [part for part in (plan, loop) if isinstance(part, tuple)]
    raise Mistakes([each for part in mistakes for each in part], source.texts)


def bundle_of(plan: WatchPlan, loop: Loop, report: ChainReport, target: str) -> dict[str, bytes]:
    """The bundle's files by name."""
    statuses = {answer.obligation.id: status(answer.verdict) for answer in report.answers}
    return bundle(plan, loop, target=target, statuses=statuses, version=version())
