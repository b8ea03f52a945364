"""`verify-chain check`: judges the chains of files and prints one report on all of them."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec

from verifier.cli import cache, judged
from verifier.cli.command import Refusal, complain, exit_code, paint
from verifier.cli.engine import finder
from verifier.cli.judged import Before
from verifier.cli.progress import progress
from verifier.cli.version import version
from verifier.cli.writing import make_folder, write
from verifier.core.diagnostic import Diagnostic
from verifier.judging import Effort
from verifier.kept import to_keep
from verifier.pipeline import check, without_solver_words
from verifier.report import terminal
from verifier.report.values import ChainReport, Report, chain_verdict
from verifier.solve.cluster import Finder
from verifier.source import Mistakes, Source, chosen, settled_with, unknown_chain


def run(options: argparse.Namespace) -> int:
    """The exit code for the worst verdict; 2 if there are mistakes in a file."""
    if options.pairwise:
        from verifier.cli import pairwise

        return pairwise.run(options)
    if options.second_opinion and find_spec("cvc5") is None:
        raise Refusal("a second opinion needs cvc5: `pip install 'verify-chain[opinion]'`")
    if options.pictures is not None and find_spec("matplotlib") is None:
        raise Refusal("pictures need matplotlib: `pip install 'verify-chain[notebook]'`")
    known: dict[str, Before] = {}
    if not (options.no_cache or _all_judged(options)):
        known = {file: judged.read(file) for file in options.files}
    sources, diagnostics, texts = _open(options.files, options.chain or (), known)
    report = Report(tuple(diagnostics), (), texts)
    if not diagnostics:
        with finder(options) as found_by:
            report = _judged(sources, options, found_by, known)
    _print(report, options.format)
    if options.format == "text" and not options.chain:
        _name_empty(sources)
    if diagnostics:
        return complain(diagnostics, texts)
    if options.certificates is not None:
        _write_certificates(options.certificates, report.chains)
    if options.pictures is not None:
        from verifier.cli.pictures import draw

        draw(options.pictures, sources, report)
    return exit_code(chain_verdict(chain) for chain in report.chains)


def _open(
    files: Sequence[str], names: Sequence[str], known: Mapping[str, Before]
) -> tuple[list[Source], list[Diagnostic], dict[str, str]]:
    """The sources, and the mistakes of all of them with their texts."""
    sources: list[Source] = []
    diagnostics: list[Diagnostic] = []
    texts: dict[str, str] = {}
    for file in dict.fromkeys(files):
        try:
            sources.append(settled_with(file, known.get(file, judged.NOTHING).skills))
            texts |= sources[-1].texts
        except Mistakes as mistakes:
            diagnostics += [d for d in mistakes.diagnostics if d not in diagnostics]
            texts |= mistakes.texts
    if not diagnostics:
        missing = [n for n in names if not any(n in source.model.chains for source in sources)]
        diagnostics += [unknown_chain(sources[0], name) for name in missing]
    return sources, diagnostics, texts


def _judged(
    sources: Sequence[Source],
    options: argparse.Namespace,
    found_by: Finder | None,
    before: Mapping[str, Before],
) -> Report:
    names: list[str] = options.chain or []
    chains: list[ChainReport] = []
    texts: dict[str, str] = {}
    for source in sources:
        here = [name for name in names if name in source.model.chains]
        if names and not here:
            continue
        known = {} if options.no_cache else cache.read(source.path)
        old = before.get(source.path)
        effort = Effort(
            options.timeout,
            options.jobs,
            dict(known),
            options.second_opinion,
            found_by,
            None if old is None else dict(old.steps),
        )
        began = time.monotonic()
        with progress("judging") as tell:
            report = check(source, here, effort, tell)
        if not options.no_cache and time.monotonic() - began > cache.WORTH_S:
            cache.keep(source.path, effort.proofs, known)
            if old is not None and effort.before is not None:
                skills = to_keep(source.loaded, source.scope, source.known)
                judged.keep(source.path, Before(effort.before, skills), old)
        chains += report.chains
        texts |= report.texts
    whole = Report((), tuple(chains), texts)
    return without_solver_words(whole) if options.require_certificates else whole


def _all_judged(options: argparse.Namespace) -> bool:
    """Whether nothing counts that was judged in an earlier run."""
    return options.judge_all or options.require_certificates or options.certificates is not None


def _print(report: Report, form: str) -> None:
    """The report in the form asked for; every form but text says the mistakes too."""
    if form != "text":
        render = import_module(f"verifier.report.{form}").render
        sys.stdout.write(render(report, version()))
    elif report.chains:
        sys.stdout.write(terminal.render(report, paint(sys.stdout)))


def _name_empty(sources: Sequence[Source]) -> None:
    """Says of each file without chains that it was read."""
    for source in sources:
        if not chosen(source, ()):
            sys.stdout.write(f"{source.path} declares no chain, and has no mistakes\n")


def _write_certificates(folder: str, chains: Sequence[ChainReport]) -> None:
    from verifier.cli import certificates

    names = [chain.name for chain in chains]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Refusal(f"two files declare a chain `{twice}`; write their certificates apart")
    make_folder(folder)
    for chain in chains:
        verdicts = [(answer.obligation, answer.verdict) for answer in chain.answers]
        data = certificates.document(chain.name, verdicts, version())
        write(os.path.join(folder, f"{chain.name}{certificates.SUFFIX}"), data)
