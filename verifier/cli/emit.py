"""`verify-chain emit`: the C99 bundle of a chain that is proved."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from verifier.cli.command import HOLDS, Refusal, exit_code, paint
from verifier.cli.progress import progress
from verifier.cli.version import version
from verifier.cli.writing import replace_bundle
from verifier.core.diagnostic import SourceError
from verifier.core.verdict import Unknown
from verifier.judging import Effort, judged
from verifier.model.values import Chain
from verifier.monitor.program import BUDGET_BYTES
from verifier.obligations.control import waiver_of
from verifier.pipeline import report_on
from verifier.pipeline_emit import build_bundle
from verifier.report import terminal
from verifier.report.values import ChainReport, Report, status, worst
from verifier.source import Mistakes, Source, chosen, settled


def run(options: argparse.Namespace) -> int:
    """0 when the bundle stands in its folder; 1 or 3, with the report, if the chain is not
    proved."""
    source = settled(options.file)
    (chain,) = chosen(source, [options.chain])
    if chain.plant is not None:
        raise Refusal(f"`{chain.name}` is a plant; name the chain to emit, and it comes with it")
    if chain.is_claim:
        raise Refusal(f"`{chain.name}` is a claim, and no chain with steps")
    plants = [each for each in source.model.chains.values() if each.plant is not None]
    effort = Effort(options.timeout, options.jobs)
    reports = []
    for each in (chain, *plants):
        with progress("judging") as tell:
            answers = judged(source.model, each, effort, tell)
        reports.append(report_on(source, each, answers))
    # What the bundle cannot watch is told behind this, with its place.
    failing = [each for each in reports if _verdict(source, each) != "proved"]
    if failing:
        whole = Report((), tuple(failing), source.texts)
        sys.stdout.write(terminal.render(whole, paint(sys.stdout)))
        names = ", ".join(each.name for each in failing)
        sys.stderr.write(f"verify-chain: nothing is emitted, because {names} is not proved\n")
        return exit_code(_verdict(source, each) for each in failing)
    files = bundle_of(
        source,
        chain,
        reports,
        options.target,
        robustness=options.robustness,
        budget_bytes=options.property_memory or BUDGET_BYTES,
    )
    replace_bundle(options.output, files)
    size = sum(map(len, files.values()))
    sys.stdout.write(f"{options.output}: {len(files)} files, {size:,} bytes, for {chain.name}\n")
    return HOLDS


def _verdict(source: Source, report: ChainReport) -> str:
    """The verdict without what is unknown and waived; what is refuted is never waived."""
    return worst(
        status(answer.verdict)
        for answer in report.answers
        if not (isinstance(answer.verdict, Unknown) and waiver_of(source.model, answer.obligation))
    )


def bundle_of(
    source: Source,
    chain: Chain,
    reports: Sequence[ChainReport],
    target: str,
    *,
    robustness: bool = False,
    budget_bytes: int = BUDGET_BYTES,
) -> dict[str, bytes]:
    """The bundle's files by name; `reports` are those on the chain and on the plants. Raises
    Mistakes for what cannot be watched or limited."""
    answers = [answer for report in reports for answer in report.answers]
    statuses = {answer.obligation.id: status(answer.verdict) for answer in answers}
    waived = {
        answer.obligation.id: waiver.reason
        for answer in answers
        if isinstance(answer.verdict, Unknown)
        and (waiver := waiver_of(source.model, answer.obligation)) is not None
    }
    try:
        return build_bundle(
            source.model,
            chain,
            target,
            statuses,
            version(),
            robustness=robustness,
            budget_bytes=budget_bytes,
            waived=waived,
        )
    except SourceError as error:
        raise Mistakes(error.diagnostics, source.texts) from None
