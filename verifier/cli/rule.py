"""`verify-chain rule`: the page of a diagnostic's code, in the terminal."""

from __future__ import annotations

import argparse
import re
import sys
from importlib.resources import files

from verifier.cli.command import HOLDS, Refusal, paint
from verifier.core.diagnostic import near_miss
from verifier.report.paint import Paint

PACKAGE = "verifier.errors"


def run(options: argparse.Namespace) -> int:
    """Prints the page, or without a code the list of all codes."""
    if options.code is None:
        for code in codes():
            sys.stdout.write(f"{code:<28} {_title(page(code))}\n")
        return HOLDS
    if options.code not in codes():
        guess = near_miss(options.code, codes()) or "`verify-chain rule` lists all codes"
        raise Refusal(f"there is no code `{options.code}`; {guess}")
    sys.stdout.write(in_terminal(page(options.code), paint(sys.stdout)))
    return HOLDS


def codes() -> list[str]:
    """Every code that has a page."""
    names = (entry.name for entry in files(PACKAGE).iterdir())
    return sorted(name.removesuffix(".md") for name in names if name.endswith(".md"))


def page(code: str) -> str:
    """The page in Markdown."""
    return files(PACKAGE).joinpath(f"{code}.md").read_text(encoding="utf-8")


def in_terminal(text: str, style: Paint) -> str:
    """Markdown for people: headings and fenced source stand out, the marks are gone."""
    shown: list[str] = []
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced:
            shown.append(f"    {line}".rstrip())
        elif line.startswith("#"):
            shown.append(style.strong(line.lstrip("# ")))
        else:
            shown.append(re.sub(r"\*\*([^*]+)\*\*|__([^_]+)__", r"\1\2", line))
    return "\n".join(shown).strip("\n") + "\n"


def _title(text: str) -> str:
    """The first line of prose under the heading."""
    lines = [line.strip() for line in text.splitlines()]
    return next((line for line in lines if line and not line.startswith(("#", "```"))), "")
