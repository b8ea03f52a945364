"""The lines of a text trace, one at a time, with how much of the file has been read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from verifier.core.span import Span
from verifier.traces.fields import place, wrong

LONGEST_LINE = 1 << 20
TELL_EVERY = 4096
Tell = Callable[[int], None]


def lines(stream: BinaryIO, shown: str, tell: Tell) -> Iterator[tuple[int, str, bool]]:
    """(number, text without its end, whether the line was ended). Empty lines are left out.

    `tell` learns how many bytes are read. Raises SourceError for what is no text, for a line of
    over a megabyte and for a file without any line.
    """
    number, done, any_text = 0, 0, False
    while raw := stream.readline(LONGEST_LINE):
        number += 1
        done += len(raw)
        if number % TELL_EVERY == 0:
            tell(done)
        ended = raw.endswith(b"\n")
        if not ended and len(raw) == LONGEST_LINE:
            help_line = "a trace has one sample in a line"
            raise wrong("trace-form", place(shown, number, 1), "a line of over 1 MB", help_line)
        text = _decoded(raw, shown, number).rstrip("\r\n")
        if number == 1:
            text = text.removeprefix("\ufeff")
        if text.strip():
            any_text = True
            yield number, text, ended
    if not any_text:
        span = Span(shown, 1, 1, 1, 1)
        raise wrong("empty-file", span, "the trace is empty", "a trace has at least one sample")


def _decoded(raw: bytes, shown: str, number: int) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        span = place(shown, number, error.start + 1)
        raise wrong("not-text", span, "this is not UTF-8 text", None) from None
    if "\0" in text:
        span = place(shown, number, text.index("\0") + 1)
        raise wrong("not-text", span, "a zero byte stands in the text", None)
    return text
