"""`verify-chain fret`: a requirement in structured English as a property."""

from __future__ import annotations

import argparse
import re
import sys

from verifier.cli.command import HOLDS, Refusal
from verifier.core.diagnostic import SourceError
from verifier.source import Mistakes
from verifier.structured import HERE, formula, requirement


def run(options: argparse.Namespace) -> int:
    """Prints the property; in a scope, with the library that it needs."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", options.name) is None:
        raise Refusal(f"`{options.name}` is no name for a property")
    said = re.sub(r"\s", " ", options.requirement)
    try:
        fields = requirement(said)
        text = formula(fields)
    except SourceError as error:
        raise Mistakes(error.diagnostics, {HERE: said}) from None
    if re.search(r"_(before|after|between)\(", text) is not None:
        sys.stdout.write('use "patterns.spec"\n')
    sys.stdout.write(f"property {options.name} = {text}\n")
    return HOLDS
