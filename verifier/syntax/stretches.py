"""A text cut at its lines that open a declaration, so that skills can be told apart unread.

A line that starts with a word of DECLARATION_WORDS that is never a name opens a declaration, or the
text has a mistake: neither comments nor strings go on behind a line's end. So the body of a skill
can be left out without a change to what is read of the rest, as long as the whole stretch, from its
line to the next such line, is known to hold that one skill and nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass

from verifier.syntax.lexer import CONTEXTUAL, DECLARATION_WORDS

_OPENING = re.compile(rf"^(?:{'|'.join(sorted(DECLARATION_WORDS - CONTEXTUAL))})\b", re.MULTILINE)
_SKILL = re.compile(r"skill[ \t]+(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*\{")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Looks like a skill without parameters: its name, its text up to the next line that opens a
    declaration, the digest of it, where it starts, on which line, and how its head is written."""

    name: str
    text: str
    digest: str
    start: int
    line: int
    head: str


def stretches(text: str) -> Iterator[Stretch]:
    """The skills without parameters, as far as a look tells; none of a text in which lines end in
    more than one way."""
    if "\r" in text:
        return
    places = [match.start() for match in _OPENING.finditer(text)]
    line, behind = 1, 0
    for start, end in zip(places, [*places[1:], len(text)], strict=True):
        skill = _SKILL.match(text, start)
        if skill is not None:
            line += text.count("\n", behind, start)
            behind = start
            own = text[start:end]
            digest = hashlib.sha256(own.encode("utf-8", "surrogatepass")).hexdigest()
            yield Stretch(skill["name"], own, digest, start, line, skill[0])


def without_bodies(text: str, known: Container[str]) -> str:
    """The text, in which the skills whose digests are known promise nothing. Every other word
    stands where it stood."""
    pieces: list[str] = []
    behind = 0
    for each in stretches(text):
        if each.digest in known:
            pieces += [text[behind : each.start], each.head, "}", "\n" * each.text.count("\n")]
            behind = each.start + len(each.text)
    return "".join([*pieces, text[behind:]])
