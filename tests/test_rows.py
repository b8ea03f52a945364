"""Rows of plain numbers are read as one token, and nothing else changes."""

from __future__ import annotations

import pytest

from verifier.core.diagnostic import SourceError
from verifier.syntax import lexer
from verifier.syntax.formatter import format_file
from verifier.syntax.parse import parse


@pytest.mark.parametrize(
    "text",
    [
        "[[1, 2], [3, -4.5], [- 6, 7 ]]",
        "[[1, 2], [3, 4 cm], [5, x], [6], []]",
        "f(x = [1, 2], y = -[3, 4], [5, 6], z = [7, 8][1])",
        "f(x = [1, 2] 3)",
        "f(x = [1, 2",
        "f(x = [1, 2] . y)",
        "f(x = [1, 2,])",
        "f(x = [1.2.3, 4])",
        "[[1, 2] [3, 4]]",
        "[[1, 2] cm, [3, 4]]",
        "f(x = [1, 2] (3))",
        f"[[1, {'9' * 61}]]",
        "[" * 199 + "[1, 2]" + "]" * 199,
        "[" * 200 + "[1, 2]" + "]" * 200,
    ],
)
def test_rows_of_numbers_are_read_as_lists(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of plain numbers is one token, for speed alone: trees and mistakes are the same."""

    def read() -> object:
        try:
            return parse(f"const a = {text}\nconst b = 1\n", "here")
        except SourceError as refused:
            return refused.diagnostics

    fast = read()
    monkeypatch.setattr(lexer.Reader, "row_may_stand", lambda reader: False)
    assert read() == fast


def test_labels_in_front_of_a_course_are_labels() -> None:
    text = "skill S { transition tip[mode in {velocity}] { velocity 1 m/s after 1 s } }"
    assert format_file(parse(text, "here")).split() == text.split()
