"""What a recorded trace says of properties, as plain values, as text and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verifier.core.span import Span
from verifier.report.excerpt import Mark, excerpt
from verifier.report.paint import Paint

MOST_ROWS = 16
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A sample: a value for each column of the window, numbers in the column's unit."""

    time_ns: int
    values: tuple[bool | str | float, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The samples around a violation. `columns` are (name, unit or "")."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Robustness:
    """`unit` is None where the property compares different units; `value` None where there is
    none, and `reason` says why."""

    value: float | None
    unit: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """A property's verdict: satisfied, violated, invalid or unknown.

    `asked_ns` and `known_ns` are the stamps of the sample that the property is false of, and of the
    first one that makes it certain; None unless violated. Of an invalid one both are the sample
    that gives it no value.
    """

    name: str
    span: Span
    verdict: str
    reason: str | None
    asked_ns: int | None
    known_ns: int | None
    fallback: str | None
    window: Window | None
    robustness: Robustness | None


@dataclass(frozen=True, slots=True)
class TraceReport:
    """`texts` holds the source of the properties by path. Times are those of the trace."""

    trace: str
    samples: int
    start_ns: int
    end_ns: int
    judged: tuple[Judged, ...]
    texts: Mapping[str, str]


def seconds(time_ns: int) -> str:
    """Nanoseconds as decimal seconds, exactly."""
    whole, part = divmod(abs(time_ns), 10**9)
    digits = f"{part:09}".rstrip("0")
    sign = "-" if time_ns < 0 else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def value_text(value: bool | str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:.6g}"


# ---- text --------------------------------------------------------------------------------------


def render(report: TraceReport, paint: Paint) -> str:
    """The violations with their windows, then a line for each property."""
    lines: list[str] = []
    for judged in report.judged:
        if judged.known_ns is not None:
            lines += [*_moment(judged, report.texts, paint), ""]
    width = max((len(judged.name) for judged in report.judged), default=0)
    lines += [_line(judged, width, paint) for judged in report.judged]
    span = f"{seconds(report.start_ns)} s to {seconds(report.end_ns)} s"
    count = f"{report.samples:,} sample{'s' * (report.samples != 1)}"
    return "\n".join([*lines, f"{report.trace}: {count}, {span}"]) + "\n"


def _moment(judged: Judged, texts: Mapping[str, str], paint: Paint) -> list[str]:
    assert judged.asked_ns is not None and judged.known_ns is not None
    at = f"{judged.name} is {judged.verdict} at {seconds(judged.known_ns)} s"
    word = paint.word("refuted" if judged.verdict == "violated" else "unknown")
    word = word.replace("refuted", "violated").replace("unknown", "invalid")
    if judged.verdict == "invalid":
        said = judged.reason or ""
    elif judged.asked_ns == judged.known_ns:
        said = f"false of the sample at {seconds(judged.asked_ns)} s"
    else:
        later = seconds(judged.known_ns - judged.asked_ns)
        said = f"false of the sample at {seconds(judged.asked_ns)} s, certain {later} s later"
    lines = [f"{word}: {paint.strong(at)}", *excerpt([Mark(judged.span, said)], texts, paint)]
    if judged.window is not None:
        lines += _table(judged, judged.window, paint)
    if judged.fallback is not None:
        lines.append(
            f"  {paint.frame('=')} the bundle would have taken the fallback `{judged.fallback}`"
        )
    return lines


def _table(judged: Judged, window: Window, paint: Paint) -> list[str]:
    header = ["time s", *(f"{name} {unit}".rstrip() for name, unit in window.columns), ""]
    rows = [header]
    for row in shown_rows(judged, window):
        if row is None:
            rows.append(["...", *("" for _ in window.columns), ""])
        else:
            note = _note(judged, row.time_ns)
            rows.append([seconds(row.time_ns), *map(value_text, row.values), note])
    widths = [max(len(row[k]) for row in rows) for k in range(len(header))]
    lines = [f"  {paint.frame('=')} the samples around it:"]
    for texts in rows:
        cells = "  ".join(text.ljust(size) for text, size in zip(texts, widths, strict=True))
        lines.append(f"      {cells}".rstrip())
    return lines


def _note(judged: Judged, time_ns: int) -> str:
    if judged.verdict == "invalid":
        return "<- no value" if time_ns == judged.known_ns else ""
    if time_ns == judged.known_ns == judged.asked_ns:
        return "<- violated"
    if time_ns == judged.asked_ns:
        return "<- asked here"
    return "<- certain here" if time_ns == judged.known_ns else ""


def shown_rows(judged: Judged, window: Window) -> Sequence[Row | None]:
    """At most MOST_ROWS rows, those at both ends; None stands for what is left out."""
    if len(window.rows) <= MOST_ROWS:
        return window.rows
    half = MOST_ROWS // 2
    return [*window.rows[:half], None, *window.rows[-half:]]


def _line(judged: Judged, width: int, paint: Paint) -> str:
    colours = {"satisfied": "proved", "violated": "refuted"}
    word = paint.word(colours.get(judged.verdict, "unknown"))
    for painted in ("proved", "refuted", "unknown"):
        word = word.replace(painted, judged.verdict)
    parts = [f"{judged.name:<{width}}  {word}"]
    if judged.verdict == "violated" and judged.known_ns is not None:
        parts.append(f"at {seconds(judged.known_ns)} s")
    if judged.verdict in ("unknown", "invalid") and judged.reason:
        parts.append(f"({judged.reason})")
    if judged.robustness is not None:
        parts.append(_robustness(judged.robustness))
    return "  ".join(parts)


def _robustness(found: Robustness) -> str:
    if found.value is None:
        return f"robustness unknown: {found.reason}"
    if math.isinf(found.value):
        sign = "" if found.value > 0 else "-"
        return f"robustness {sign}infinity (no comparison decides it)"
    mixed = "" if found.unit is not None else " (in SI base units)"
    return f"robustness {found.value:.6g} {found.unit or ''}".rstrip() + mixed


# ---- JSON --------------------------------------------------------------------------------------


def render_json(report: TraceReport, version: str) -> str:
    """One JSON document with a final newline; ASCII only. Times in seconds, as exact decimals."""
    document = {
        "schema": SCHEMA,
        "tool": "verify-chain",
        "version": version,
        "trace": report.trace,
        "samples": report.samples,
        "start_s": seconds(report.start_ns),
        "end_s": seconds(report.end_ns),
        "properties": [_entry(judged) for judged in report.judged],
    }
    return json.dumps(document, indent=2) + "\n"


def _entry(judged: Judged) -> dict[str, Any]:
    span = judged.span
    entry: dict[str, Any] = {
        "name": judged.name,
        "verdict": judged.verdict,
        "reason": judged.reason,
        "asked_s": None if judged.asked_ns is None else seconds(judged.asked_ns),
        "known_s": None if judged.known_ns is None else seconds(judged.known_ns),
        "fallback": judged.fallback,
        "span": {
            "file": span.file,
            "line": span.line,
            "column": span.column,
            "end_line": span.end_line,
            "end_column": span.end_column,
        },
        "window": None if judged.window is None else _window(judged.window),
    }
    if judged.robustness is not None:
        found = judged.robustness
        entry["robustness"] = {
            "value": _number(found.value),
            "unit": found.unit,
            "reason": found.reason,
        }
    return entry


def _number(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "infinity" if value > 0 else "-infinity"


def _window(window: Window) -> dict[str, Any]:
    return {
        "columns": [{"name": name, "unit": unit or None} for name, unit in window.columns],
        "rows": [
            {"time_s": seconds(row.time_ns), "values": list(row.values)} for row in window.rows
        ],
    }


def verdict_of(judged: Iterable[Judged]) -> str:
    """The word that the exit code is taken from: refuted, unknown or proved."""
    verdicts = {each.verdict for each in judged}
    if "violated" in verdicts:
        return "refuted"
    return "unknown" if verdicts & {"unknown", "invalid"} else "proved"
