"""Text to tree. The only home of lark, which is imported when the first text is parsed.

Each declaration is parsed on its own, so that a mistake in one does not hide those in the next.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.core.span import Span
from verifier.syntax import build
from verifier.syntax.lexer import END, Reader, Token, too_deep
from verifier.syntax.mistakes import explain
from verifier.syntax.tree import Expression, File

SIZE_LIMIT = 1_000_000
MISTAKE_LIMIT = 20
# Unfinished rules that wait on the parser's stack; each level of nesting leaves at most a handful.
STACK_LIMIT = 2000


@cache
def _parser() -> tuple[Any, dict[str, str]]:
    """The LALR tables, and what the grammar calls each keyword and symbol."""
    from lark import Lark
    from lark.lexer import Lexer

    class NoLexer(Lexer):
        """Tokens are fed one by one."""

        def __init__(self, lexer_conf: object) -> None: ...

        def lex(self, data: object) -> Any:
            return iter(())

    grammar = files("verifier.syntax").joinpath("grammar.lark").read_text(encoding="utf-8")
    parser = Lark(
        grammar,
        parser="lalr",
        lexer=NoLexer,
        transformer=build,
        start=["declaration", "expression"],
        keep_all_tokens=True,
        maybe_placeholders=False,
    )
    names = {terminal.pattern.value: terminal.name for terminal in parser.terminals if terminal.pattern}
    return parser, names


def parse(text: str, path: str) -> File:
    """The tree of one source file. Raises SourceError with every mistake that was found."""
    if len(text) > SIZE_LIMIT:
        raise SourceError([_too_large(len(text), path)])
    reader = Reader(text, path)
    groups = _read(reader, "declaration")
    span = Span(path, 1, 1, reader.line, len(text) - reader.line_start + 1)
    if not groups:
        raise SourceError([Diagnostic("empty-file", span, "this file declares nothing")])
    declarations = tuple(declaration for group in groups for declaration in group)
    return File(path, declarations, tuple(reader.comments), span)


def parse_expression(text: str, path: str = "<expression>") -> Expression:
    """The tree of one expression. Raises SourceError."""
    reader = Reader(text, path)
    expressions = _read(reader, "expression")
    if not expressions:
        raise SourceError(
            [Diagnostic("syntax", reader.span(0, 0), "an expression is missing here")]
        )
    expression: Expression = expressions[0]
    return expression


def decode(data: bytes, path: str) -> str:
    """The text of a file's bytes. Raises SourceError for what is too large or is not text."""
    if len(data) > SIZE_LIMIT:
        raise SourceError([_too_large(len(data), path)])
    data = data.removeprefix(b"\xef\xbb\xbf")
    zero = data.find(0)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError([_no_text(data, error.start, path)]) from None
    if zero >= 0:
        raise SourceError([_no_text(data, zero, path)])
    return text


def _too_large(size: int, path: str) -> Diagnostic:
    return Diagnostic(
        "file-too-large",
        Span(path, 1, 1, 1, 1),
        f"this file has {size:,} characters or bytes; at most {SIZE_LIMIT:,} are read",
    )


def _no_text(data: bytes, position: int, path: str) -> Diagnostic:
    before = data[:position].decode("utf-8")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Diagnostic(
        "not-text",
        Span(path, line, column, line, column + 1),
        f"this file is not UTF-8 text: it holds the byte 0x{data[position]:02x} here",
    )


def _read(reader: Reader, start: str) -> list[Any]:
    """What `start` builds for each stretch of the text that begins like a declaration. Raises
    SourceError with the mistakes of all stretches; each ends at its first one."""
    built: list[Any] = []
    mistakes: list[Diagnostic] = []
    stretch: _Stretch | None = None
    try:
        for token in reader.tokens():
            if stretch is not None and (token.opens or token.kind == END):
                built += stretch.finish(token)
                mistakes += stretch.mistakes
                stretch = None
            if token.kind != END:
                stretch = stretch or _Stretch(start)
                stretch.feed(token)
    except SourceError as error:
        mistakes += error.diagnostics
    mistakes += reader.diagnostics
    if mistakes:
        raise SourceError(sorted(mistakes, key=lambda mistake: mistake.span)[:MISTAKE_LIMIT])
    return built


class _Stretch:
    """The parser on its way through one declaration."""

    def __init__(self, start: str) -> None:
        parser, self.terminals = _parser()
        self.cursor = parser.parse_interactive(start=start)
        self.seen: list[Token] = []
        self.mistakes: tuple[Diagnostic, ...] = ()

    def feed(self, token: Token) -> Any:
        """What the parser returns for `token`; nothing more once it has met a mistake."""
        from lark.exceptions import UnexpectedToken

        if self.mistakes:
            return None
        token.type = self.terminals.get(token.kind, token.kind)
        try:
            if len(self.cursor.parser_state.state_stack) > STACK_LIMIT:
                raise SourceError([too_deep(token.span)])
            result = self.cursor.feed_token(token)
            self.seen.append(token)
            return result
        except UnexpectedToken:
            self.mistakes = (explain(token, self.seen, self.cursor.accepts()),)
        except SourceError as error:
            self.mistakes = error.diagnostics
        return None

    def finish(self, follower: Token) -> list[Any]:
        """What was built, as a list of one; empty after a mistake."""
        result = self.feed(Token(END, follower.text, follower.span))
        return [] if self.mistakes else [result.node]
