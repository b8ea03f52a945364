"""The change of the source that an insertion asks for."""

from __future__ import annotations

from dataclasses import dataclass

from verifier.core.span import Span
from verifier.model.values import Chain
from verifier.repair.insertion import Call


@dataclass(frozen=True, slots=True)
class Edit:
    """The whole text after the change, and where the new part of it stands."""

    text: str
    added: Span


def insert(text: str, chain: Chain, step: int, calls: tuple[Call, ...]) -> Edit:
    """The text of the chain's file with the calls before the step, or behind the last one."""
    written = "; ".join(call.text for call in calls)
    if step <= len(chain.steps):
        at = chain.steps[step - 1].span
        return _put(text, at.file, at.line, at.column, f"{written}; ", len(written))
    last = chain.steps[-1].span
    return _put(text, last.file, last.end_line, last.end_column, f"; {written}", len(written) + 2)


def _put(text: str, file: str, line: int, column: int, new: str, width: int) -> Edit:
    """The text with `new` at a place; the first `width` characters of it are shown as new."""
    lines = text.split("\n")
    before = lines[line - 1]
    lines[line - 1] = f"{before[: column - 1]}{new}{before[column - 1 :]}"
    return Edit("\n".join(lines), Span(file, line, column, line, column + width))
