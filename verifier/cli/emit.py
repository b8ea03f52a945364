"""`verify-chain emit`: the C99 bundle of a chain that is proved."""

from __future__ import annotations

import argparse
import sys

from verifier.cli.command import HOLDS, exit_code, paint
from verifier.cli.progress import progress
from verifier.cli.version import version
from verifier.cli.writing import replace_bundle
from verifier.core.diagnostic import SourceError
from verifier.judging import Effort, judged
from verifier.model.values import Chain
from verifier.monitor.program import BUDGET_BYTES
from verifier.pipeline import report_on
from verifier.pipeline_emit import build_bundle
from verifier.report import terminal
from verifier.report.values import ChainReport, Report, chain_verdict, status, worst
from verifier.source import Mistakes, Source, chosen, settled


def run(options: argparse.Namespace) -> int:
    """0 when the bundle stands in its folder; 1 or 3, with the report, if the chain is not
    proved."""
    source = settled(options.file)
    (chain,) = chosen(source, [options.chain])
    with progress("judging") as tell:
        answers = judged(source.model, chain, Effort(options.timeout, options.jobs), tell)
    report = report_on(source, chain, answers)
    # What the bundle cannot watch is told behind this, with its place.
    if worst(status(answer.verdict) for answer in report.answers) != "proved":
        whole = Report((), (report,), source.texts)
        sys.stdout.write(terminal.render(whole, paint(sys.stdout)))
        sys.stderr.write(f"verify-chain: nothing is emitted, because {chain.name} is not proved\n")
        return exit_code([chain_verdict(report)])
    files = bundle_of(
        source,
        chain,
        report,
        options.target,
        robustness=options.robustness,
        budget_bytes=options.property_memory or BUDGET_BYTES,
    )
    replace_bundle(options.output, files)
    size = sum(map(len, files.values()))
    sys.stdout.write(f"{options.output}: {len(files)} files, {size:,} bytes, for {chain.name}\n")
    return HOLDS


def bundle_of(
    source: Source,
    chain: Chain,
    report: ChainReport,
    target: str,
    *,
    robustness: bool = False,
    budget_bytes: int = BUDGET_BYTES,
) -> dict[str, bytes]:
    """The bundle's files by name. Raises Mistakes for what cannot be watched or limited."""
    statuses = {answer.obligation.id: status(answer.verdict) for answer in report.answers}
    try:
        return build_bundle(
            source.model,
            chain,
            target,
            statuses,
            version(),
            robustness=robustness,
            budget_bytes=budget_bytes,
        )
    except SourceError as error:
        raise Mistakes(error.diagnostics, source.texts) from None
