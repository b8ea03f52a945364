"""XML from strangers as a plain tree, in which every element knows its line.

Read by expat of the standard library. A document type is refused, and with it every entity that is
declared, inside or outside of the file; so are files that are too large, too deep or too full.
Numbers are decimal, finite and exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NoReturn
from xml.parsers import expat

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.core.span import Span

BYTES_MAX = 4_000_000
DEPTH_MAX = 60
ELEMENTS_MAX = 50_000
LARGEST = Fraction(10**9)
SMALLEST = Fraction(1, 10**30)

_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Element:
    """`span` covers the name of the opening tag."""

    tag: str
    attributes: dict[str, str]
    span: Span
    children: list[Element] = field(default_factory=list)

    def get(self, key: str) -> str | None:
        return self.attributes.get(key)

    def wanted(self, key: str, code: str) -> str:
        """The attribute; raises SourceError with this code if it is missing or empty."""
        value = self.attributes.get(key, "").strip()
        return value or report(code, self.span, f"`{self.tag}` has no `{key}`")

    def all(self, tag: str) -> Iterator[Element]:
        return (child for child in self.children if child.tag == tag)

    def first(self, tag: str) -> Element | None:
        return next(self.all(tag), None)

    def only(self, tag: str, code: str) -> Element:
        """The child; raises SourceError with this code if it is missing."""
        found = self.first(tag)
        return found or report(code, self.span, f"`{self.tag}` has no `{tag}`")


def report(code: str, span: Span, message: str, help: str | None = None) -> NoReturn:
    raise SourceError([Diagnostic(code, span, message, (), help)])


def numbers(element: Element, key: str, count: int) -> tuple[Fraction, ...]:
    """The numbers of an attribute; raises SourceError if it does not hold `count` of them."""
    text = element.wanted(key, "urdf-number")
    words = text.split()
    if len(words) != count:
        what = f"`{key}` of `{element.tag}` holds {len(words)} numbers, not {count}"
        report("urdf-number", element.span, what)
    return tuple(_number(word, element, key) for word in words)


def _number(word: str, element: Element, key: str) -> Fraction:
    if _NUMBER.fullmatch(word) is None:
        shown = word if len(word) <= 40 else f"{word[:40]}…"
        report("urdf-number", element.span, f"`{shown}` in `{key}` is not a finite decimal number")
    value = Fraction(word)
    if abs(value) > LARGEST or 0 < abs(value) < SMALLEST:
        what = f"`{word}` in `{key}` is too large or too small to be meant"
        report("urdf-number", element.span, what)
    return value


def parse(text: bytes, file: str) -> Element:
    """The tree of the file; raises SourceError for what is not well-formed or not harmless."""
    start = Span(file, 1, 1, 1, 1)
    if len(text) > BYTES_MAX:
        report("urdf-too-large", start, f"the file is larger than {BYTES_MAX} bytes")
    reader = _Reader(file)
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: reader.open(parser, tag, attributes)
    parser.EndElementHandler = lambda tag: reader.close()
    parser.StartDoctypeDeclHandler = lambda *_: reader.refuse(parser)
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        span = Span(file, error.lineno, error.offset + 1, error.lineno, error.offset + 2)
        report("urdf-syntax", span, f"not well-formed XML: {expat.ErrorString(error.code)}")
    except (ValueError, LookupError):
        report("urdf-syntax", start, "the encoding that the file declares is not known")
    assert reader.root is not None
    return reader.root


class _Reader:
    """Collects what the parser calls out."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Element | None = None
        self.above: list[Element] = []
        self.count = 0

    def open(self, parser: expat.XMLParserType, tag: str, attributes: dict[str, str]) -> None:
        span = self._here(parser, len(tag) + 1)
        self.count += 1
        if len(self.above) >= DEPTH_MAX:
            report("urdf-too-large", span, f"elements are nested deeper than {DEPTH_MAX}")
        if self.count > ELEMENTS_MAX:
            report("urdf-too-large", span, f"there are more than {ELEMENTS_MAX} elements")
        element = Element(tag, attributes, span)
        if self.above:
            self.above[-1].children.append(element)
        else:
            self.root = element
        self.above.append(element)

    def close(self) -> None:
        self.above.pop()

    def refuse(self, parser: expat.XMLParserType) -> None:
        span = self._here(parser, 9)
        report("urdf-syntax", span, "a document type and its entities are not read")

    def _here(self, parser: expat.XMLParserType, width: int) -> Span:
        line, column = parser.CurrentLineNumber, parser.CurrentColumnNumber + 1
        return Span(self.file, line, column, line, column + width)
