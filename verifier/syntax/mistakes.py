"""Syntax errors in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from verifier.core.diagnostic import Diagnostic
from verifier.syntax.lexer import Token


def explain(token: Token, seen: Sequence[Token], expected: Iterable[str]) -> Diagnostic:
    """What is wrong with `token` behind the tokens `seen`, where `expected` could stand."""
    return Diagnostic("syntax", token.span, f"found `{token.text}`, expected {sorted(expected)}")
