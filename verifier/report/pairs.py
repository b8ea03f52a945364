"""The matrix of which skill may follow which, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from verifier.core.obligation import Fact
from verifier.core.verdict import Refuted, Witness
from verifier.report.paint import Paint
from verifier.report.phrase import clause
from verifier.report.quantity import exact

SIGNS = {"proved": "yes", "refuted": "no", "unknown": "?"}


@dataclass(frozen=True, slots=True)
class Pair:
    """Whether `second` may follow `first`: if `refuted`, `clause` is the first one of `second` that
    may fail; if `unknown`, `reason` says why."""

    first: str
    second: str
    verdict: str
    clause: Fact | None
    refuted: Refuted | None
    reason: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """All ordered pairs of the skills, by rows. `texts` holds the sources by their paths."""

    skills: tuple[str, ...]
    pairs: tuple[Pair, ...]
    texts: Mapping[str, str]


def render_text(found: Pairs, paint: Paint) -> str:
    """A row for each skill, a column for what follows it, and below the first clause that fails."""
    size = len(found.skills)
    if not size:
        return "no skill is declared here\n"
    first = max(map(len, [*found.skills, "before"]))
    widths = [max(len(name), 3) for name in found.skills]
    header = "  ".join(n.ljust(w) for n, w in zip(found.skills, widths, strict=True))
    lines = [f"{'before'.ljust(first)}  {header}".rstrip()]
    for row in range(size):
        cells = [SIGNS[p.verdict] for p in found.pairs[row * size : (row + 1) * size]]
        told = "  ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True))
        lines.append(f"{found.skills[row].ljust(first)}  {told}".rstrip())
    lines.append("")
    for pair in found.pairs:
        if pair.verdict != "proved":
            lines.append(f"{paint.word(pair.verdict)}: {_told(pair, found.texts)}")
    counts = [sum(p.verdict == verdict for p in found.pairs) for verdict in SIGNS]
    lines.append(
        f"{len(found.pairs)} pairs: {counts[0]} may follow each other whatever came before,"
        f" {counts[1]} need more, {counts[2]} unknown"
    )
    return "\n".join(lines) + "\n"


def _told(pair: Pair, texts: Mapping[str, str]) -> str:
    names = f"{pair.first}; {pair.second}"
    if pair.clause is None:
        return f"{names}: {pair.reason}"
    needed = f"{pair.second} needs `{clause(pair.clause, texts)}`"
    if pair.verdict == "unknown":
        return f"{names}: {needed}: {pair.reason}"
    return f"{names}: {needed}, which {pair.first} does not promise ({pair.clause.span})"


def render_json(found: Pairs, version: str) -> str:
    """The matrix as one JSON document with a final newline; ASCII only."""
    document = {
        "schema": 1,
        "tool": "verify-chain",
        "version": version,
        "skills": list(found.skills),
        "pairs": [_pair(pair, found.texts) for pair in found.pairs],
    }
    return json.dumps(document, indent=2) + "\n"


def _pair(pair: Pair, texts: Mapping[str, str]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "before": pair.first,
        "after": pair.second,
        "verdict": pair.verdict,
        "reason": pair.reason or None,
        "clause": None,
        "witness": None,
    }
    if pair.clause is not None:
        span = pair.clause.span
        place = {"file": span.file, "line": span.line, "column": span.column}
        entry["clause"] = {"text": clause(pair.clause, texts), **place}
    match pair.refuted:
        case Refuted(Witness(values)):
            entry["witness"] = {
                name: exact(value) if isinstance(value, Fraction) else value
                for (name, when), value in sorted(values.items())
                if when == 0
            }
    return entry
