"""Traces as CSV: a header, `time` in seconds first, then one column for each scalar variable.

Cells are separated by commas and may stand in double quotes (RFC 4180), but not on several lines.
Columns that no property reads are passed over.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

from verifier.core.span import Span
from verifier.monitor.definition import Event
from verifier.monitor.measured import Reading
from verifier.traces.fields import (
    TIME,
    Field,
    Fields,
    Unreadable,
    backwards,
    from_text,
    missing,
    nanoseconds,
    place,
    quoted,
    unreadable,
    wrong,
)
from verifier.traces.lines import Tell, lines


def samples(stream: BinaryIO, shown: str, fields: Fields, tell: Tell) -> Iterator[Event]:
    """The samples in their order. Raises SourceError at the first thing that is wrong."""
    rows = lines(stream, shown, tell)
    number, text, _ = next(rows)
    header = _cells(text, shown, number)
    columns = _columns(header, text, fields, place(shown, number, 1, len(text)))
    before: int | None = None
    for number, text, ended in rows:
        cells = _cells(text, shown, number)
        if len(cells) != len(header):
            raise _torn(len(cells), len(header), ended, place(shown, number, 1, len(text)))
        time = _time(cells[0], text, shown, number)
        if before is not None and time <= before:
            raise backwards(time, before, _span(shown, number, text, 0))
        before = time
        yield Event(time, _values(cells, columns, text, shown, number))
    if before is None:
        span = Span(shown, 1, 1, 1, 1)
        raise wrong("empty-file", span, "the trace has a header and no sample", None)


def _cells(text: str, shown: str, number: int) -> list[str]:
    if '"' not in text:
        return [cell.strip() for cell in text.split(",")]
    try:
        (cells,) = csv.reader([text], strict=True)
    except csv.Error as error:
        at = place(shown, number, 1, len(text))
        raise wrong("trace-form", at, f"the quotes do not match: {error}", None) from None
    return [cell.strip() for cell in cells]


def _columns(header: list[str], text: str, fields: Fields, at: Span) -> list[tuple[int, Field]]:
    if header[0] != TIME:
        help_line = "the first line names the columns, and the first column is `time`, in seconds"
        found = quoted(header[0])
        raise wrong("trace-column", at, f"the first column is {found}, not `{TIME}`", help_line)
    for k, name in enumerate(header):
        if name in fields and name in header[:k]:
            column = _span(at.file, at.line, text, k)
            raise wrong("trace-column", column, f"there are two columns `{name}`", None)
    absent = [name for name in fields if name not in header]
    if absent:
        raise missing(absent, header[1:], at, "column")
    return [(k, fields[name]) for k, name in enumerate(header) if name in fields]


def _time(cell: str, text: str, shown: str, number: int) -> int:
    try:
        return nanoseconds(cell)
    except Unreadable as why:
        raise unreadable(TIME, cell, _span(shown, number, text, 0), why) from None


def _values(
    cells: list[str], columns: list[tuple[int, Field]], text: str, shown: str, number: int
) -> dict[str, Reading]:
    values: dict[str, Reading] = {}
    for k, field in columns:
        try:
            values[field.name] = from_text(field, cells[k])
        except Unreadable as why:
            at = _span(shown, number, text, k)
            raise unreadable(field.name, cells[k], at, why) from None
    return values


def _span(shown: str, number: int, text: str, k: int) -> Span:
    """Where the k-th cell stands; a line with quotes is not taken apart."""
    if '"' in text:
        return place(shown, number, 1, len(text))
    pieces = text.split(",")
    start = sum(len(piece) + 1 for piece in pieces[:k])
    piece = pieces[k]
    inner = len(piece) - len(piece.lstrip()) if piece.strip() else 0
    return place(shown, number, start + inner + 1, len(piece.strip()))


def _torn(found: int, wanted: int, ended: bool, at: Span) -> Exception:
    if found < wanted and not ended:
        message = f"the trace ends inside of a sample: {found} of {wanted} cells"
        return wrong("trace-truncated", at, message, "record again, or remove the last line")
    message = f"{found} cells stand where the header has {wanted}"
    return wrong("trace-form", at, message, None)
