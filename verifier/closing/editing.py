"""The change of the source that a repair or a plan asks for: ordinary text, at one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verifier.core.span import Span
from verifier.syntax import tree
from verifier.syntax.formatter import format_file
from verifier.syntax.parse import parse

INDENT = "    "


@dataclass(frozen=True, slots=True)
class Edit:
    """The whole text after the change, and where the new calls stand in it."""

    text: str
    added: Span


@dataclass(frozen=True, slots=True)
class New:
    """What is new: declarations to stand in front of the chain, calls, and the comment above the
    line that they are in; empty where there is none."""

    calls: Sequence[str]
    comment: str = ""
    declarations: str = ""


def inserted(text: str, chain: tree.ChainDeclaration, place: int, new: New) -> Edit:
    """The text with the calls in front of the chain's statement number `place`; one more than there
    are statements stands for the end."""
    written = "; ".join(new.calls)
    if place <= len(chain.steps):
        at = chain.steps[place - 1].span
        start = offset(text, at.line, at.column)
        return _changed(text, chain, start, start, (written, "; "), new)
    if not chain.steps:
        return _first(text, chain, new)
    last = chain.steps[-1].span
    start = offset(text, last.end_line, last.end_column)
    between = " " if isinstance(chain.steps[-1], tree.Call | tree.Parallel) else ""
    front = ";" + between if between else " "
    return _changed(text, chain, start, start, (written, ""), new, front)


def replaced(text: str, chain: tree.ChainDeclaration, place: int, new: New) -> Edit:
    """The text with the calls as all that the chain does, whatever the place."""
    if not chain.steps:
        return _first(text, chain, new)
    first, last = chain.steps[0].span, chain.steps[-1].span
    start = offset(text, first.line, first.column)
    end = offset(text, last.end_line, last.end_column)
    return _changed(text, chain, start, end, ("; ".join(new.calls), ""), new)


def assuming(text: str, chain: tree.ChainDeclaration, condition: str) -> str:
    """The text with an `assume` in front of all that the chain says, and why it is there."""
    first = min(
        (each.span for each in (*chain.assumptions, *chain.steps, *chain.goals, *chain.deadlines)),
        key=lambda span: (span.line, span.column),
    )
    start = offset(text, first.line, first.column)
    remark = "# narrower than asked: no transition serves the other starts"
    return f"{text[:start]}{remark}\n{INDENT}assume {condition}\n{INDENT}{text[start:]}"


def formatted_like(text: str, original: str, path: str) -> str:
    """The text, formatted if the original was."""
    was = format_file(parse(original, path)) == original
    return format_file(parse(text, path)) if was else text


def _first(text: str, chain: tree.ChainDeclaration, new: New) -> Edit:
    """The calls as the first ones of a chain, in front of what it is to achieve."""
    spans = [*(goal.span for goal in chain.goals), *(each.span for each in chain.deadlines)]
    at = min(spans, key=lambda span: (span.line, span.column))
    start = offset(text, at.line, at.column)
    return _changed(text, chain, start, start, ("; ".join(new.calls), f"\n{INDENT}"), new)


def _changed(
    text: str,
    chain: tree.ChainDeclaration,
    start: int,
    end: int,
    written: tuple[str, str],
    new: New,
    front: str = "",
) -> Edit:
    """The text with something else from `start` to `end`: `front`, what is new, what follows it;
    the comment above that line, the declarations above the chain."""
    calls, follows = written
    line = text.rfind("\n", 0, start) + 1
    margin = text[line : line + len(text[line:start]) - len(text[line:start].lstrip())]
    comment = f"{margin}# {new.comment}\n" if new.comment else ""
    body = text[line:start] + front
    top = text.rfind("\n", 0, offset(text, chain.span.line, chain.span.column)) + 1
    above = f"{new.declarations.rstrip()}\n\n" if new.declarations else ""
    begin = f"{text[:top]}{above}{text[top:line]}{comment}{body}"
    number = begin.count("\n") + 1
    column = len(begin) - begin.rfind("\n")
    added = Span(chain.span.file, number, column, number, column + len(calls))
    return Edit(f"{begin}{calls}{follows}{text[end:]}", added)


def offset(text: str, line: int, column: int) -> int:
    """Where a place of the source is in the text."""
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start + column - 1
