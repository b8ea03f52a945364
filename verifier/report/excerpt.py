"""Excerpts of the source with carets under the places that matter.

Columns are columns of a terminal: a tab reaches to the next multiple of four, a wide character
takes two cells, a combining one none. Characters that could steer the terminal are replaced, so
that a hostile source cannot repaint the report.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from verifier.core.span import Span
from verifier.report.paint import Paint

TAB = 4
WIDTH = 110
BEFORE = 40
NEAR = 1_000
"""Characters on either side of a mark that are looked at: a line may have a million of them."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place with what is to be said about it, underlined with `sign`."""

    span: Span
    message: str
    sign: str = "-"


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as shown: its cells, and for every column of the source the cell where it starts."""

    text: str
    starts: tuple[int, ...]


def excerpt(marks: Sequence[Mark], texts: Mapping[str, str], paint: Paint) -> list[str]:
    """The lines of an excerpt, the primary mark's file first. Marks may stand in several files."""
    primary = marks[0]
    files = list(dict.fromkeys(mark.span.file for mark in marks))
    gutter = len(str(max(mark.span.line for mark in marks)))
    shown: list[str] = []
    for file in files:
        here = [mark for mark in marks if mark.span.file == file]
        arrow = "-->" if file == primary.span.file else ":::"
        shown.append(f"{' ' * gutter}{paint.frame(arrow)} {place(here[0].span)}")
        if file in texts:
            shown += _lines_of(here, primary, texts[file], gutter, paint)
    return shown


def place(span: Span) -> str:
    """`file:line:column` with control characters replaced."""
    return "".join(_visible(character) for character in str(span))


def _lines_of(marks: list[Mark], primary: Mark, text: str, gutter: int, paint: Paint) -> list[str]:
    lines = text.split("\n")
    empty = f"{' ' * gutter} {paint.frame('|')}"
    shown = [empty]
    last: int | None = None
    for number in sorted({mark.span.line for mark in marks if mark.span.line <= len(lines)}):
        if last is not None and number > last + 1:
            shown.append(paint.frame("..."))
        last = number
        on_line = [mark for mark in marks if mark.span.line == number]
        source = lines[number - 1].removesuffix("\r")
        skipped = max(0, min(on_line[0].span.column, len(source)) - NEAR) // TAB * TAB
        line = _expand(source[skipped : skipped + 2 * NEAR])
        extents = [_extent(mark.span, line, skipped) for mark in on_line]
        left, visible = _crop(line.text, extents[0])
        label = paint.frame(f"{number:>{gutter}} |")
        shown.append(f"{label} {visible}".rstrip())
        for mark, (start, end) in zip(on_line, extents, strict=True):
            sign = "^" if mark is primary and mark.sign == "-" else mark.sign
            at = min(max(start - left, 0), WIDTH - 1)
            said = f"{sign * max(1, min(end - left, WIDTH) - at)} {mark.message}".rstrip()
            shown.append(f"{empty} {' ' * at}{paint.under(sign, said)}")
    return [*shown, empty]


def _visible(character: str) -> str:
    return "\ufffd" if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl"} else character


def _expand(source: str) -> _Line:
    parts: list[str] = []
    starts: list[int] = []
    cell = 0
    for character in source:
        starts.append(cell)
        if character == "\t":
            parts.append(" " * (TAB - cell % TAB))
            cell += TAB - cell % TAB
        else:
            parts.append(_visible(character))
            cell += width(character)
    return _Line("".join(parts), (*starts, cell))


def width(character: str) -> int:
    """The cells that a character takes (Unicode standard annex 11); ambiguous ones are narrow."""
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _extent(span: Span, line: _Line, skipped: int) -> tuple[int, int]:
    """The cells under the span; one that goes on below is marked to the end of its first line.
    `skipped` characters of the source stand before the line."""
    last = len(line.starts) - 1
    begins, ends = (max(0, c - 1 - skipped) for c in (span.column, span.end_column))
    start = line.starts[min(begins, last)]
    end = line.starts[min(ends, last) if span.end_line == span.line else last]
    return start, max(start + 1, end)


def _crop(text: str, extent: tuple[int, int]) -> tuple[int, str]:
    """How many cells are left out on the left, and the at most WIDTH cells that are shown."""
    cells = [cell for character in text for cell in _cells(character)]
    if len(cells) <= WIDTH:
        return 0, text
    left = max(0, min(extent[0] - BEFORE, len(cells) - WIDTH))
    window = cells[left : left + WIDTH]
    if left:
        window[0] = "…"
    if left + WIDTH < len(cells):
        window[-1] = "…"
    return left, "".join(window)


def _cells(character: str) -> list[str]:
    """One entry a cell: a wide character fills the second one with nothing."""
    taken = width(character)
    return [character, ""][:taken]
