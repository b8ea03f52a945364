"""`verify-chain demo`: proves a chain, emits its bundle, compiles it, and runs the closed loop.

The example is the one that ships with the package, so that the demo runs from a wheel too.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

from verifier.cli.command import HOLDS, Refusal, exit_code, paint
from verifier.cli.emit import bundle_of
from verifier.cli.progress import progress
from verifier.confirming import Defect
from verifier.emit.binding import CompilerTrouble, compiler, loaded
from verifier.emit.closed_loop import Figures, closed_loop
from verifier.judging import Effort
from verifier.model.values import Chain
from verifier.pipeline import check
from verifier.pipeline_emit import design_for, exact_limits
from verifier.report import terminal
from verifier.report.values import chain_verdict
from verifier.source import Source, chosen, settled

EXAMPLE = "fetch_cup.contract"
CHAIN = "FetchCup"
COMMANDS = 10_000
TOLERANCE_RAD = 1e-9


def run(options: argparse.Namespace) -> int:
    """0 when the chain is proved and the compiled guard kept every limit."""
    with as_file(files("verifier.examples").joinpath(EXAMPLE)) as path:
        source = settled(_relative(path))
        with progress("judging") as tell:
            report = check(source, [CHAIN], Effort(10.0, None), tell)
    sys.stdout.write(terminal.render(report, paint(sys.stdout)))
    (chain_report,) = report.chains
    if chain_verdict(chain_report) != "proved":
        return exit_code([chain_verdict(chain_report)])
    (chain,) = chosen(source, [CHAIN])
    bundle = bundle_of(source, chain, [chain_report], "host")
    size = sum(map(len, bundle.values()))
    sys.stdout.write(f"\nbundle: {len(bundle)} files of C99, {size:,} bytes\n")
    sys.stdout.flush()
    figures = _driven(source, chain, bundle)
    sys.stdout.write(_told(figures))
    _judge(figures)
    return HOLDS


def _relative(path: Path) -> str:
    """The path as a message names it: relative where it lies under the working folder."""
    inside = path.resolve().is_relative_to(Path.cwd())
    return os.path.relpath(path) if inside else str(path)


def _driven(source: Source, chain: Chain, bundle: dict[str, bytes]) -> Figures:
    design = design_for(source.model, chain)
    with tempfile.TemporaryDirectory(prefix="verify-chain-") as folder:
        try:
            command = compiler()
            sys.stdout.write(f"compiled with `{' '.join(command)}`, warnings being errors\n")
            sys.stdout.flush()
            guard = loaded(design, bundle, Path(folder), command)
        except CompilerTrouble as trouble:
            raise Refusal(f"the bundle was not compiled: {trouble}") from None
        return closed_loop(guard, exact_limits(source.model), commands=COMMANDS)


def _told(figures: Figures) -> str:
    worst = figures.worst_violation
    limits = f"passed by {worst:.1e} rad" if worst > 0 else "never passed"
    nearest = "" if worst > 0 else f", {-worst:.1e} rad inside at the nearest"
    return (
        f"closed loop: {figures.commands:,} random commands, normal with 10 rad/s, from random "
        f"states\n"
        f"  joint limits  {limits}{nearest}\n"
        f"  not finite    {figures.not_finite_rejected} of {figures.not_finite} rejected\n"
        f"  decisions     {figures.passed:,} passed, {figures.clamped:,} clamped, "
        f"{figures.rejected:,} rejected\n"
        f"  speed         {figures.steps_per_second:,.0f} steps a second, called from Python\n"
    )


def _judge(figures: Figures) -> None:
    """Raises Defect unless the figures are what the bundle promises."""
    if not figures.worst_violation <= TOLERANCE_RAD:
        raise Defect(f"a joint limit was passed by {figures.worst_violation} rad")
    if not figures.worst_box_violation <= 0:
        raise Defect(f"a command left its box by {figures.worst_box_violation}")
    if figures.not_finite_rejected != figures.not_finite or figures.not_finite == 0:
        raise Defect("a command that is not finite was not rejected")
