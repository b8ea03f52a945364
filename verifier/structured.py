"""Structured English, as in FRET, to properties: scope, condition, component, timing, response.

    [before R, | after Q, | between Q and R,] [when|whenever C] [the] COMPONENT shall
        [always | never | immediately | at the next sample | eventually | within D | for D
         | until C | before C] satisfy P

Giannakopoulou, Pressburger, Mavridou and Schumann, Automated formalization of structured natural
language requirements, 2021. `whenever` asks at every moment at which the condition holds; `when`,
`if` and `upon` at the moments at which it becomes true. Without a timing, `eventually` is meant. A
response within a scope is owed before the scope ends. What stands for C, P and D is written in the
language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.core.span import Span
from verifier.syntax.formatter import format_expression
from verifier.syntax.parse import parse_expression

FORM = "[SCOPE,] [when|whenever CONDITION] [the] COMPONENT shall [TIMING] satisfy RESPONSE"
_SENTENCE = re.compile(
    r"\s*(?:(?P<scope>before|after|between)\s+(?P<border>[^,]+?)\s*,\s*)?"
    r"(?:(?P<ask>whenever|when|if|upon)\s+(?P<condition>.+?)\s*,?\s+)?"
    r"(?:the\s+)?(?P<component>[A-Za-z_]\w*)\s+shall\s+"
    r"(?:(?P<timing>always|never|immediately|at the next sample|eventually"
    r"|(?:within|for|until|before)\s+.+?)\s+)?"
    r"satisfy\s+(?P<response>.+?)\s*\.?\s*",
    re.IGNORECASE | re.DOTALL,
)
_BETWEEN = re.compile(r"(.+?)\s+and\s+(.+)", re.DOTALL)
HERE = "<requirement>"


@dataclass(frozen=True, slots=True)
class Requirement:
    """The fields of a sentence. `scope` is "", before, after or between, with its `borders`;
    `edge` says that the condition asks where it becomes true; `timing` is one word, with the
    duration or the condition behind it in `bound`."""

    scope: str
    borders: tuple[str, ...]
    condition: str | None
    edge: bool
    component: str
    timing: str
    bound: str | None
    response: str


def requirement(text: str) -> Requirement:
    """The fields of the sentence, each formatted. Raises SourceError."""
    match = _SENTENCE.fullmatch(text)
    if match is None:
        raise _wrong("this is not a requirement", f"the form is: {FORM}")
    scope = (match["scope"] or "").lower()
    borders: tuple[str, ...] = ()
    if scope == "between":
        pair = _BETWEEN.fullmatch(match["border"])
        if pair is None:
            raise _wrong("`between` needs two conditions", "write `between Q and R, …`")
        start = match.start("border")
        borders = _formatted(pair[1], start), _formatted(pair[2], start + pair.start(2))
    elif scope:
        borders = (_formatted(match["border"], match.start("border")),)
    timing = " ".join((match["timing"] or "eventually").split())
    word, _, bound = timing.partition(" ")
    word = word.lower()
    return Requirement(
        scope,
        borders,
        None if match["condition"] is None else _formatted(*_group(match, "condition")),
        match["ask"] is not None and match["ask"].lower() != "whenever",
        match["component"],
        "next" if word == "at" else word,
        _formatted(bound, match.end("timing") - len(bound)) if bound and word != "at" else None,
        _formatted(*_group(match, "response")),
    )


def sentence(fields: Requirement) -> str:
    """The sentence with these fields; `requirement` reads it back."""
    parts = [f"{fields.scope} {' and '.join(fields.borders)},"] if fields.scope else []
    if fields.condition is not None:
        parts.append(f"{'when' if fields.edge else 'whenever'} {fields.condition}")
    timing = "at the next sample" if fields.timing == "next" else fields.timing
    bound = f" {fields.bound}" if fields.bound else ""
    return " ".join([*parts, f"the {fields.component} shall {timing}{bound} satisfy"]) + (
        f" {fields.response}"
    )


def formula(fields: Requirement) -> str:
    """The property's formula, formatted; within a scope it calls specs/patterns.spec.

    Raises SourceError where the fields do not fit together.
    """
    p = fields.condition
    asks = None if p is None else f"rise ({p})" if fields.edge else f"({p})"
    text = _scoped(fields, asks) if fields.scope else _global(fields, asks)
    return _formatted(text)


def _global(fields: Requirement, asks: str | None) -> str:
    said = _said(fields)
    if fields.timing in ("always", "never"):
        held = f"({fields.response})" if fields.timing == "always" else f"not ({fields.response})"
        return f"always {held}" if asks is None else f"always (once {asks} implies {held})"
    return said if asks is None else f"always ({asks} implies {said})"


def _said(fields: Requirement) -> str:
    """What is owed at the moment that asks."""
    s, bound = f"({fields.response})", fields.bound
    match fields.timing:
        case "immediately":
            return s
        case "next" | "eventually":
            return f"{fields.timing} {s}"
        case "within":
            return f"eventually[0, {bound}] {s}"
        case "for":
            return f"always[0, {bound}] {s}"
        case "until":
            return f"(({bound}) release ({s} or ({bound})))"
        case "before":
            return f"(({s} and not ({bound})) release not ({bound}))"
        case _:
            return f"always {s}" if fields.timing == "always" else f"always not {s}"


def _scoped(fields: Requirement, asks: str | None) -> str:
    borders = ", ".join(fields.borders)
    if asks is None and fields.timing in ("always", "never"):
        name = "universality" if fields.timing == "always" else "absence"
        return f"{name}_{fields.scope}({fields.response}, {borders})"
    if asks is not None and fields.timing == "within":
        return f"response_{fields.scope}({asks}, {fields.response}, {borders}, {fields.bound})"
    if asks is not None and fields.timing == "immediately":
        return f"always ({asks} and {_inside(fields)} implies ({fields.response}))"
    raise _wrong(
        f"`{fields.timing}` {'with' if asks else 'without'} a condition has no meaning"
        f" `{fields.scope}` …",
        "in a scope: `always` or `never` without a condition, `within` or `immediately` with one",
    )


def _inside(fields: Requirement) -> str:
    first, last = fields.borders[0], fields.borders[-1]
    match fields.scope:
        case "before":
            return f"not once ({first})"
        case "after":
            return f"once ({first})"
        case _:
            return f"(not ({last}) since (({first}) and not ({last})))"


def _group(match: re.Match[str], name: str) -> tuple[str, int]:
    return match[name], match.start(name)


def _formatted(text: str, start: int = 0) -> str:
    """The expression, which stands at `start` in the sentence."""
    return format_expression(parse_expression(" " * start + text, HERE))


def _wrong(message: str, help_line: str) -> SourceError:
    span = Span(HERE, 1, 1, 1, 2)
    return SourceError([Diagnostic("syntax", span, message, help=help_line)])
