"""Syntax errors in plain words: what was found, what could have stood there, and the usual fix."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from verifier.core.diagnostic import Diagnostic, Label, near_miss
from verifier.core.span import Span
from verifier.syntax.lexer import (
    BOUND,
    CLAUSE_WORDS,
    DECLARATION_WORDS,
    END,
    INFINITY,
    KEYWORDS,
    NAME,
    NUMBER,
    OPERAND_ENDS,
    STATEMENT_WORDS,
    STRING,
    TEMPORAL_INFIXES,
    TEMPORAL_PREFIXES,
    UNIT,
    Token,
    not_finite,
    words,
)

_STARTS = TEMPORAL_PREFIXES | words("( [ - not true false forall exists")
_STARTS |= {NAME, NUMBER, INFINITY}
_OPERATORS = TEMPORAL_INFIXES | words("iff implies or and == != <= >= < > in + - * / ^ . [ (")
_PLAIN = {NAME: "a name", NUMBER: "a number", UNIT: "a unit", STRING: "a path in quotes"}
_CLOSED_BY = {"(": (")",), "[": ("]",), "{": ("}",), BOUND: ("]", ")")}


def explain(token: Token, seen: Sequence[Token], expected: AbstractSet[str]) -> Diagnostic:
    """What is wrong with `token` behind the tokens `seen`, where the kinds `expected` could stand.
    A token END ends the declaration; its text is then the word that starts the next one."""
    if token.kind == INFINITY:
        return not_finite(token.text, token.span)
    open_brackets = _open_brackets(seen)
    if token.kind == END and open_brackets:
        return _unclosed(token, seen, open_brackets[-1])
    if token.kind in (")", "]", "}"):
        mismatch = _mismatch(token, open_brackets)
        if mismatch is not None:
            return mismatch
    only_a_name = NAME in expected and NUMBER not in expected and not expected & CLAUSE_WORDS
    if only_a_name and (token.kind in KEYWORDS or token.text in DECLARATION_WORDS):
        return _reserved(token)
    place = token.span if token.kind != END or token.text else _behind(seen, token.span)
    message = f"expected {_either(_wanted(expected, seen))}, found {_found(token)}"
    return Diagnostic("syntax", place, message, help=_help(token, seen, expected))


def _open_brackets(seen: Sequence[Token]) -> list[Token]:
    brackets: list[Token] = []
    for token in seen:
        if token.kind in _CLOSED_BY:
            brackets.append(token)
        elif token.kind in (")", "]", "}") and brackets:
            brackets.pop()
    return brackets


def _behind(seen: Sequence[Token], fallback: Span) -> Span:
    """The column behind the last token: where the text should have gone on."""
    if not seen:
        return fallback
    last = seen[-1].span
    return Span(last.file, last.end_line, last.end_column, last.end_line, last.end_column + 1)


def _unclosed(token: Token, seen: Sequence[Token], bracket: Token) -> Diagnostic:
    closer = _CLOSED_BY[bracket.kind][0]
    before = f"`{token.text}`" if token.text else "the end of the file"
    return Diagnostic(
        "unclosed-bracket",
        token.span if token.text else _behind(seen, token.span),
        f"expected `{closer}` before {before}",
        (Label(bracket.span, f"this `{bracket.text}` is still open"),),
    )


def _mismatch(token: Token, open_brackets: Sequence[Token]) -> Diagnostic | None:
    if not open_brackets:
        return Diagnostic("unclosed-bracket", token.span, f"`{token.kind}` closes nothing")
    bracket = open_brackets[-1]
    if token.kind in _CLOSED_BY[bracket.kind]:
        return None
    return Diagnostic(
        "unclosed-bracket",
        token.span,
        f"expected `{_CLOSED_BY[bracket.kind][0]}`, found `{token.kind}`",
        (Label(bracket.span, f"this `{bracket.text}` is still open"),),
    )


def _reserved(token: Token) -> Diagnostic:
    return Diagnostic(
        "reserved-word",
        token.span,
        f"`{token.text}` is a word of the language and cannot be a name",
        help=f"choose another name, for example `{token.text}_`",
    )


def _wanted(expected: AbstractSet[str], seen: Sequence[Token]) -> list[str]:
    """The kinds in `expected` in the user's words, grouped, the general ones first."""
    rest = set(expected)
    wanted: list[str] = []

    def group(kinds: AbstractSet[str], name: str) -> None:
        if len(rest & kinds) > 1:
            wanted.append(name)
            rest.difference_update(kinds)

    if {NUMBER, "("} <= rest:
        group(_STARTS, "an expression")
    if {"and", "=="} & rest or len(rest & _OPERATORS) > 3:
        group(_OPERATORS, "an operator")
    if "assume" in rest and NAME in rest:
        wanted.append("a step")
        rest -= {NAME, "{", *STATEMENT_WORDS}
    if ";" in rest:
        rest.discard("||")
    group((CLAUSE_WORDS - {"else"}) | words("transition uses beside relies guarantees"), "a clause")
    group(DECLARATION_WORDS, "a declaration")
    group(frozenset({"input", "dynamics", "period"}), "`input`, `dynamics`, `period`")
    if wanted or len(rest) > 1:
        rest.discard(END)
    kinds = sorted(rest, key=lambda kind: (kind not in _PLAIN, kind in (",", "}"), kind))
    whole = "declaration" if seen and seen[0].kind in DECLARATION_WORDS else "expression"
    return wanted + [_kind(kind, whole) for kind in kinds]


def _kind(kind: str, whole: str) -> str:
    if kind == END:
        return f"the end of the {whole}"
    return _PLAIN.get(kind, "`[`" if kind == BOUND else f"`{kind}`")


def _either(choices: Sequence[str]) -> str:
    if len(choices) < 2:
        return "".join(choices)
    return f"{', '.join(choices[:-1])} or {choices[-1]}"


def _found(token: Token) -> str:
    if token.kind == END:
        return f"`{token.text}`" if token.text else "the end of the file"
    text = token.text if len(token.text) <= 40 else token.text[:39] + "…"
    return f'"{text}"' if token.kind == STRING else f"`{text}`"


def _help(token: Token, seen: Sequence[Token], expected: AbstractSet[str]) -> str | None:
    previous = seen[-1].kind if seen else ""
    if token.kind in STATEMENT_WORDS and ";" in expected:
        return "two steps are separated by `;`"
    if token.kind == NAME:
        return _help_name(token, expected)
    if token.kind in CLAUSE_WORDS | DECLARATION_WORDS:
        return _help_word(token.kind, expected)
    if token.kind == NUMBER and previous == ".":
        return "components are numbered in brackets: `q[1]`"
    if token.kind == "." and (previous in (NUMBER, UNIT) or previous not in OPERAND_ENDS):
        return "a number has digits on both sides of its point, as in `0.5`"
    if token.kind == "^" and "^" in (earlier.kind for earlier in seen[-3:]):
        return "`^` does not chain; write parentheses"
    return _HELP.get(token.kind) if previous in OPERAND_ENDS | {";"} else None


_HELP = {
    "=": "`==` compares; `=` gives a name its value",
    "==": "`=` gives a name its value; `==` compares",
    ";": "only the steps of a chain are separated by `;`; leave it out",
    "..": "a range `low .. high` stands behind `in` or `duration`",
    "in": "join the two with `and`: `a < b and b in c`",
    "||": "`or` joins two conditions; `||` stands between steps",
}


def _help_word(word: str, expected: AbstractSet[str]) -> str | None:
    if "assume" in expected:
        return f"`{word}` belongs to a skill; a chain has `assume`, `achieve` and `within`"
    if "requires" in expected:
        return f"`{word}` belongs to a chain"
    if NAME in expected:
        return f"`{word}` is a word of the language and cannot be a name"
    return None


def _help_name(token: Token, expected: AbstractSet[str]) -> str | None:
    if ";" in expected:
        return "two steps are separated by `;`"
    known = {kind for kind in expected if kind.isalpha() and kind.islower()}
    return near_miss(token.text.lower(), sorted(known))
