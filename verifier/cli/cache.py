"""Proofs of earlier runs, beside the project: `.verify-chain-cache/proofs`.

One line a proof: the digest of its question in canonical form, and its certificate as JSON. What is
read is judged again like any other certificate, so that a wrong cache costs time and proves
nothing. A cache that cannot be read or written is none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from verifier.cli.command import Refusal
from verifier.cli.version import version
from verifier.cli.writing import write

FOLDER = ".verify-chain-cache"
FILE = "proofs"
SIZE_MAX = 32_000_000
WORTH_S = 1.0
"""Runs that take less than this leave nothing behind."""
_LINE = re.compile(r"([0-9a-f]{64}) (.+)")


def _head() -> str:
    return f"verify-chain {version()} proofs"


def read(source: str) -> dict[str, str]:
    """The proofs beside a source file that this version wrote, unjudged."""
    try:
        with open(os.path.join(os.path.dirname(source), FOLDER, FILE), "rb") as file:
            data = file.read(SIZE_MAX + 1)
    except OSError:
        return {}
    if len(data) > SIZE_MAX:
        return {}
    head, *lines = data.decode("ascii", "replace").splitlines() or [""]
    if head != _head():
        return {}
    found = (_LINE.fullmatch(line) for line in lines)
    return {match[1]: match[2] for match in found if match}


def keep(source: str, proofs: Mapping[str, str], known: Mapping[str, str]) -> None:
    """Writes the proofs, new ones first, as far as there is room; nothing if all were known."""
    new = {key: proof for key, proof in proofs.items() if known.get(key) != proof}
    if not new:
        return
    lines = [_head()]
    room = SIZE_MAX - len(lines[0]) - 1
    for key, proof in {**new, **known, **new}.items():
        line = f"{key} {proof}"
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    folder = os.path.join(os.path.dirname(source), FOLDER)
    try:
        os.makedirs(folder, exist_ok=True)
        write(os.path.join(folder, FILE), ("\n".join(lines) + "\n").encode("ascii"))
    except (OSError, Refusal):
        return
