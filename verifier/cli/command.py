"""From options to the command that they name, and what all commands share."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module

from verifier.core.diagnostic import Diagnostic
from verifier.report.paint import Paint
from verifier.source import Mistakes

HOLDS, REFUTED, WRONG, UNKNOWN = 0, 1, 2, 3
GARBAGE = 1_000_000
"""New objects between two searches for cycles: what a run makes has none, and most of it stays."""


class Refusal(Exception):
    """Something the user asked for that is not done; the message says why. Exit code 2."""


def run(options: argparse.Namespace) -> int:
    """Runs the command that the options name: `run` in the file of the same name."""
    gc.set_threshold(GARBAGE)
    command = import_module(f"verifier.cli.{options.command}")
    try:
        code: int = command.run(options)
    except Mistakes as mistakes:
        return complain(mistakes.diagnostics, mistakes.texts)
    except Refusal as refusal:
        sys.stderr.write(f"verify-chain: {refusal}\n")
        return WRONG
    return code


def paint(stream: object) -> Paint:
    """Colours for a terminal, unless NO_COLOR is set (no-color.org)."""
    is_terminal = getattr(stream, "isatty", lambda: False)()
    return Paint(bool(is_terminal) and not os.environ.get("NO_COLOR"))


def complain(found: Sequence[Diagnostic], texts: Mapping[str, str]) -> int:
    """Shows the mistakes on standard error; the exit code is that of wrong input."""
    from verifier.report import terminal

    sys.stderr.write(terminal.diagnostics(found, texts, paint(sys.stderr)))
    return WRONG


def exit_code(verdicts: Iterable[str]) -> int:
    """The exit code for the verdicts of chains."""
    from verifier.report.values import worst

    return {"proved": HOLDS, "refuted": REFUTED, "unknown": UNKNOWN}[worst(verdicts)]
