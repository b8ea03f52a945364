"""Text to tree. The only home of lark, which is imported when the first text is parsed.

Each declaration is parsed on its own, so that a mistake in one does not hide those in the next.
Making the LALR tables costs more than reading a file by them, so they are kept in tables.json, with
a digest of what they were made from; where that has changed they are made again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Container
from functools import cache
from importlib.resources import files
from typing import Any

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.core.span import Span
from verifier.syntax import build
from verifier.syntax.lexer import END, ROW, Reader, Token, too_deep
from verifier.syntax.mistakes import explain
from verifier.syntax.stretches import without_bodies
from verifier.syntax.tree import Expression, File

SIZE_LIMIT = 1_000_000
MISTAKE_LIMIT = 20
# A longer text is given up at its first mistake, so that refusing it costs little, and its words
# and signs are counted first.
RECOVERY_LIMIT = 100_000
TOKEN_LIMIT = 250_000
# Unfinished rules that wait on the parser's stack; each level of nesting leaves at most a handful.
STACK_LIMIT = 2000
OPTIONS: dict[str, Any] = {
    "parser": "lalr",
    "start": ["declaration", "expression"],
    "keep_all_tokens": True,
    "maybe_placeholders": False,
}
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Signs that change the direction of text (Boucher and Anderson, Trojan Source, 2023)."""
_PIECE = re.compile(r"#[^\r\n]*|\w+(?:\.[0-9]+)?|[^\s\w]")
_NOTHING = re.compile(r"(?:\s|#[^\r\n]*+)*+")


@cache
def _parser() -> tuple[Any, dict[str, str], type[Exception]]:
    """The LALR tables, what the grammar calls each keyword and symbol, and what lark raises."""
    from lark import Lark, UnexpectedToken
    from lark.lexer import Lexer

    class NoLexer(Lexer):
        """Tokens are fed one by one."""

        def __init__(self, lexer_conf: object) -> None: ...

        def lex(self, lexer_state: object, parser_state: object) -> Any:
            return iter(())

    kept = _kept_tables()
    if kept is None:
        parser = Lark(_grammar(), lexer=NoLexer, transformer=build, **OPTIONS)
    else:
        kept["data"]["options"]["lexer"] = NoLexer
        kept["data"]["parser"]["lexer_conf"]["lexer_type"] = NoLexer
        load: Any = Lark._load_from_dict  # what lark's own stand-alone parsers call
        parser = load(kept["data"], kept["memo"], transformer=build)
    terminals = [terminal for terminal in parser.terminals if terminal.pattern is not None]
    names = {terminal.pattern.value: terminal.name for terminal in terminals}
    return parser, names, UnexpectedToken


def _grammar() -> str:
    return files("verifier.syntax").joinpath("grammar.lark").read_text(encoding="utf-8")


def _made_from() -> str:
    """A digest of all that the tables depend on: the grammar, and the version of lark."""
    from lark import __version__

    return hashlib.sha256(f"{__version__}\n{_grammar()}".encode()).hexdigest()


def _kept_tables() -> Any:
    """The tables of tables.json; None if they are not those of this grammar and this lark."""
    text = files("verifier.syntax").joinpath("tables.json").read_text(encoding="utf-8")
    kept = json.loads(text, object_hook=_numbered)
    return kept if kept["made_from"] == _made_from() else None


def _numbered(entries: dict[str, Any]) -> dict[str | int, Any]:
    """Numbers as keys again, which JSON writes as text."""
    return {int(key) if key.isdigit() else key: value for key, value in entries.items()}


def tables() -> str:
    """What tables.json has to hold, made from the grammar."""
    from lark import Lark
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

    made = Lark(_grammar(), lexer="basic", **OPTIONS)
    data, memo = made.memo_serialize([TerminalDef, Rule])
    kept = {"made_from": _made_from(), "data": data, "memo": memo}
    return json.dumps(kept, separators=(",", ":")) + "\n"


def parse(text: str, path: str, known: Container[str] = ()) -> File:
    """The tree of one source file; the skills whose digests are known have empty bodies in it.
    Raises SourceError with every mistake that was found."""
    reader = _reader(text, path)
    if known:
        text = reader.text = without_bodies(text, known)
    if _NOTHING.fullmatch(text):
        place = Span(path, 1, 1, 1, 2)
        raise SourceError([Diagnostic("empty-file", place, "this file declares nothing")])
    groups = _read(reader, "declaration")
    span = Span(path, 1, 1, reader.line, len(text) - reader.line_start + 1)
    declarations = tuple(declaration for group in groups for declaration in group)
    return File(path, declarations, tuple(reader.comments), span)


def parse_expression(text: str, path: str = "<expression>") -> Expression:
    """The tree of one expression. Raises SourceError."""
    reader = _reader(text, path)
    reader.previous = "="
    expressions = _read(reader, "expression")
    if not expressions:
        raise SourceError([Diagnostic("syntax", Span(path, 1, 1, 1, 2), "expected an expression")])
    expression: Expression = expressions[0]
    return expression


def decode(data: bytes, path: str) -> str:
    """The text of a file's bytes. Raises SourceError for what is too large or is not text."""
    if len(data) > SIZE_LIMIT:
        raise _too_large(f"{len(data):,} bytes", SIZE_LIMIT, path)
    data = data.removeprefix(b"\xef\xbb\xbf")
    zero = data.find(0)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError([_no_text(data, error.start, path)]) from None
    if zero >= 0:
        raise SourceError([_no_text(data, zero, path)])
    if (turning := _TURNING.search(text)) is not None:
        raise SourceError([_not_as_shown(text, turning.start(), path)])
    return text


def _too_large(size: str, limit: int, path: str) -> SourceError:
    message = f"this file has {size}; at most {limit:,} are read"
    return SourceError([Diagnostic("file-too-large", Span(path, 1, 1, 1, 2), message)])


def _no_text(data: bytes, position: int, path: str) -> Diagnostic:
    before = data[:position].decode("utf-8")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Diagnostic(
        "not-text",
        Span(path, line, column, line, column + 1),
        f"this file is not UTF-8 text: it holds the byte 0x{data[position]:02x} here",
    )


def _not_as_shown(text: str, position: int, path: str) -> Diagnostic:
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    return Diagnostic(
        "not-text",
        Span(path, line, column, line, column + 1),
        f"the sign U+{ord(text[position]):04X} shows text in another order than it is read in",
        help="leave it out: what is proved should be what a reader sees",
    )


def _reader(text: str, path: str) -> Reader:
    """Raises SourceError for a text that is too large, before anything of it is read."""
    if len(text) > SIZE_LIMIT:
        raise _too_large(f"{len(text):,} characters", SIZE_LIMIT, path)
    if len(text) > TOKEN_LIMIT:
        count = len(_PIECE.findall(text))
        if count > TOKEN_LIMIT:
            raise _too_large(f"{count:,} words and signs", TOKEN_LIMIT, path)
    return Reader(text, path, MISTAKE_LIMIT if len(text) <= RECOVERY_LIMIT else 1)


def _read(reader: Reader, start: str) -> list[Any]:
    """What `start` builds for each stretch of the text that begins like a declaration. Raises
    SourceError with the first mistake of each stretch; of a long text, with the first alone."""
    built: list[Any] = []
    stretch: _Stretch | None = None
    for token in reader.tokens():
        if stretch is not None and (token.opens or token.kind == END):
            built += stretch.finish(token)
            stretch = None
        if token.kind != END:
            stretch = stretch or _Stretch(reader, start)
            stretch.feed(token)
    if reader.diagnostics:
        raise reader.refusal()
    return built


class _Stretch:
    """The parser on its way through one declaration."""

    def __init__(self, reader: Reader, start: str) -> None:
        parser, self.terminals, self.unexpected = _parser()
        self.reader = reader
        reader.garbled = False
        self.cursor = parser.parse_interactive(start=start)
        self.seen: list[Token] = []
        self.failed = False

    def feed(self, token: Token) -> Any:
        """What the parser returns for `token`: a result for END, else None. Reports the first
        mistake and ignores what follows it."""
        if self.failed:
            return None
        token.type = self.terminals.get(token.kind, token.kind)
        try:
            if len(self.cursor.parser_state.state_stack) > STACK_LIMIT:
                raise SourceError([too_deep(token.span)])
            result = self.cursor.feed_token(token)
        except self.unexpected:
            self.failed = True
            if not self.reader.garbled:
                self.reader.report(explain(token, self.seen, self.expected()))
            return None
        except SourceError as error:
            self.failed = True
            self.reader.report(*error.diagnostics)
            return None
        self.seen.append(token)
        return result

    def finish(self, follower: Token) -> list[Any]:
        """What was built, as a list of one; empty after a mistake. `follower` stands behind."""
        result = self.feed(Token(END, follower.text, follower.span))
        return [] if self.failed else [result.node]

    def expected(self) -> set[str]:
        kinds = {name: kind for kind, name in self.terminals.items()}
        accepted = self.cursor.accepts() - {ROW}  # which begins with a bracket, as lists do
        return {kinds.get(name, name) for name in accepted}
