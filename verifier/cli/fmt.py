"""`verify-chain fmt`: formats files in place, or standard input to standard output."""

from __future__ import annotations

import argparse
import sys

from verifier.cli.command import HOLDS, REFUTED, complain
from verifier.cli.writing import write
from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.library import read
from verifier.syntax.formatter import format_file
from verifier.syntax.parse import SIZE_LIMIT, decode, parse

STANDARD_INPUT = "<standard input>"


def run(options: argparse.Namespace) -> int:
    """0, or 1 where `--check` finds a file that would change; files with mistakes stay as they
    are."""
    texts: dict[str, str] = {}
    mistakes: list[Diagnostic] = []
    code = HOLDS
    for file in dict.fromkeys(options.files):
        shown = STANDARD_INPUT if file == "-" else file
        try:
            texts[shown] = _read_input() if file == "-" else read(file, file)
            formatted = format_file(parse(texts[shown], shown))
        except SourceError as error:
            mistakes += error.diagnostics
            continue
        if options.check:
            if formatted != texts[shown]:
                sys.stdout.write(f"{shown} is not formatted\n")
                code = REFUTED
        elif file == "-":
            sys.stdout.write(formatted)
        elif formatted != texts[shown]:
            write(file, formatted.encode())
            sys.stdout.write(f"{shown} formatted\n")
    return complain(mistakes, texts) if mistakes else code


def _read_input() -> str:
    return decode(sys.stdin.buffer.read(SIZE_LIMIT + 1), STANDARD_INPUT)
