"""Structured English, as in FRET, to properties: scope, condition, component, timing, response.

    [SCOPE,] [whenever | when | unless C] [the] COMPONENT shall
        [always | never | immediately | at the next sample | eventually | within D | for D
         | until C | before C] satisfy P

    SCOPE: before R | after Q | between Q and R | in M | except in M
           | only in M | only before R | only after Q

Giannakopoulou, Pressburger, Mavridou and Schumann, Automated formalization of structured natural
language requirements, 2021. `whenever` asks at every moment at which the condition holds; `when`,
`if`, `upon` and `where` at the moments at which it becomes true, `unless` where it becomes false;
in a scope also where the scope begins. Without a condition the beginning of the scope asks. Without
a timing, `eventually` is meant. Before R, and between, always, never and eventually are owed if R
comes, and a response before it does. In M nothing is owed longer than M holds, but `eventually` is
owed before M ends. An `only` says that outside of the scope the response never holds. What stands
for C, P, D and the borders is written in the language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.core.span import Span
from verifier.syntax.formatter import format_expression
from verifier.syntax.parse import parse_expression

FORM = "[SCOPE,] [when|whenever CONDITION] [the] COMPONENT shall [TIMING] satisfy RESPONSE"
SCOPES = "before, after, between … and …, in, except in, only in, only before and only after"
TIMINGS = (
    "always, never, immediately, at the next sample, eventually, within, for, until and before"
)
_IN = r"in|during|while"
_SENTENCE = re.compile(
    rf"\s*(?:(?P<scope>(?:only\s+)?(?:before|after)|between|only\s+(?:{_IN})"
    rf"|(?:(?:when|if)\s+)?(?:not\s+)?(?:{_IN})|(?:except|unless)\s+(?:{_IN}))"
    r"\s+(?P<border>[^,]+?)(?:\s+mode)?\s*,\s*)?"
    r"(?:(?P<ask>whenever|when|if|upon|where|unless)\s+(?P<condition>.+?)\s*,?\s+)?"
    r"(?:the\s+)?(?P<component>[A-Za-z_]\w*)\s+shall\s+"
    r"(?:(?P<timing>always|never|immediately|at\s+the\s+next\s+(?:sample|time\s?point)|eventually"
    r"|(?:within|for|until|before)\s+.+?)\s+)?"
    r"satisfy\s+(?P<response>.+?)\s*\.?\s*",
    re.IGNORECASE | re.DOTALL,
)
_BETWEEN = re.compile(r"(.+?)\s+and\s+(.+)", re.DOTALL)
HERE = "<requirement>"


@dataclass(frozen=True, slots=True)
class Requirement:
    """The fields of a sentence. `scope` is "" or one of SCOPES, with its `borders`; `edge` says
    that the condition asks where it becomes true; `timing` is one word, with the duration or the
    condition behind it in `bound`."""

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
        raise _no_sentence(text)
    scope = _scope_word(match["scope"])
    borders: tuple[str, ...] = ()
    if scope == "between":
        pair = _BETWEEN.fullmatch(match["border"])
        if pair is None:
            help_line = "write `between Q and R, …`"
            raise _wrong("`between` needs two conditions", help_line, *match.span("border"))
        start = match.start("border")
        borders = _formatted(pair[1], start), _formatted(pair[2], start + pair.start(2))
    elif scope:
        borders = (_formatted(match["border"], match.start("border")),)
    timing = " ".join((match["timing"] or "eventually").split())
    word, _, bound = timing.partition(" ")
    word = word.lower()
    condition = None if match["condition"] is None else _formatted(*_group(match, "condition"))
    ask = (match["ask"] or "whenever").lower()
    return Requirement(
        scope,
        borders,
        _formatted(f"not ({condition})") if ask == "unless" else condition,
        ask != "whenever",
        match["component"],
        "next" if word == "at" else word,
        _formatted(bound, match.end("timing") - len(bound)) if bound and word != "at" else None,
        _formatted(*_group(match, "response")),
    )


def _scope_word(found: str | None) -> str:
    """The scope, whatever words the sentence has for it."""
    words = (found or "").lower().split()
    if not words or words[-1] not in _IN.split("|"):
        return " ".join(words)
    kind = "only " if words[0] == "only" else ""
    return "except in" if {"not", "except", "unless"} & set(words) else f"{kind}in"


def _no_sentence(text: str) -> SourceError:
    """Which part of the text is not one of a sentence."""
    form = f"the form is: {FORM}"
    chance = re.search(r"\bwith\s+probability\b", text, re.IGNORECASE)
    if chance is not None:
        return _wrong("a probability cannot be watched", form, *chance.span())
    shall = re.search(r"\bshall\b", text, re.IGNORECASE)
    if shall is None:
        return _wrong("this is not a requirement: it says `shall` nowhere", form)
    satisfy = re.search(r"\bsatisfy\b", text, re.IGNORECASE)
    if satisfy is None:
        message = "what comes after `shall` does not say `satisfy`"
        return _wrong(message, form, *shall.span())
    timing = text[shall.end() : satisfy.start()].strip()
    if re.match(r"after\b", timing, re.IGNORECASE):
        help_line = "`after D` asks a moment that need not be a sample; write `for D` or `within D`"
        start = text.index(timing, shall.end())
        return _wrong("the timing `after` is not supported", help_line, start, start + 5)
    if timing and _SENTENCE.fullmatch(text[: shall.end()] + " " + text[satisfy.start() :]):
        start = text.index(timing, shall.end())
        message = f"`{timing}` is no timing"
        return _wrong(message, f"the timings are {TIMINGS}", start, start + len(timing))
    head = re.match(r"\s*(only\s+\w+|\w+)", text)
    where = head.span(1) if head is not None else (0, 1)
    help_line = f"{form}; the scopes are {SCOPES}, each with a comma behind it"
    return _wrong("what comes before `shall` is not understood", help_line, *where)


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
    """The property's formula, formatted; within some scopes it calls specs/patterns.spec.

    Raises SourceError where the fields do not fit together.
    """
    p = fields.condition
    asks = None if p is None else f"rise ({p})" if fields.edge else f"({p})"
    return _formatted(_scoped(fields) if fields.scope else _global(fields, asks))


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


def _scoped(fields: Requirement) -> str:
    """The formula within a scope; where specs/patterns.spec has it, a call."""
    inside, s = _inside(fields), f"({fields.response})"
    if fields.scope.startswith("only"):
        if fields.condition is not None or fields.timing != "eventually":
            raise _wrong(
                f"`{fields.scope}` says when the response may hold at all, and has no condition"
                " and no timing of its own",
                f"write `{fields.scope} {fields.borders[0]}, the {fields.component} shall satisfy"
                f" {fields.response}`",
            )
        return f"always (not ({inside}) implies not {s})"
    plain = fields.condition is None
    asks = f"({inside})" if plain else f"({fields.condition} and {inside})"
    asks = f"rise {asks}" if plain or fields.edge else asks
    called = _called(fields, asks)
    if called is not None:
        return called
    ends = fields.scope in ("before", "between")
    if ends and fields.timing != ("eventually" if plain else "immediately"):
        raise _senseless(fields, "always, never or eventually", "within or immediately")
    if fields.scope == "after" and fields.timing == "eventually":
        raise _senseless(fields, *["any timing but eventually, which nothing can violate"] * 2)
    if fields.timing in ("always", "never"):
        when = f"({inside})" if plain else f"(({inside}) since {asks})"
        return f"always ({when} implies {s if fields.timing == 'always' else f'not {s}'})"
    return f"always ({asks} implies {_owed(fields, f'({inside})')})"


def _called(fields: Requirement, asks: str) -> str | None:
    """The call of the pattern that says it, if specs/patterns.spec has one."""
    if fields.scope not in ("before", "after", "between"):
        return None
    borders, plain = ", ".join(fields.borders), fields.condition is None
    match fields.timing:
        case "always" | "never" if plain:
            name = "universality" if fields.timing == "always" else "absence"
            return f"{name}_{fields.scope}({fields.response}, {borders})"
        case "within" if not plain:
            own = asks if fields.edge else f"({fields.condition})"
            return f"response_{fields.scope}({own}, {fields.response}, {borders}, {fields.bound})"
        case _:
            return None


def _senseless(fields: Requirement, plain: str, asked: str) -> SourceError:
    how = "without" if fields.condition is None else "with"
    return _wrong(
        f"`{fields.timing}` {how} a condition is not supported `{fields.scope}` …",
        f"here stands {plain if fields.condition is None else asked}, or the scope `in M`",
    )


def _owed(fields: Requirement, inside: str) -> str:
    """What is owed at the moment that asks, while it is `inside` of the scope."""
    s, bound = f"({fields.response})", fields.bound
    match fields.timing:
        case "immediately":
            return s
        case "next":
            return f"next ({s} or not {inside})"
        case "within":
            return f"eventually[0, {bound}] ({s} or not {inside})"
        case "for":
            return f"(not {inside} release[0, {bound}] ({s} or not {inside}))"
        case "until":
            over = f"({bound}) or not {inside}"
            return f"(({over}) release ({s} or {over}))"
        case "before":
            return (
                f"(({s} and not ({bound}) or not {inside}) release (not ({bound}) or not {inside}))"
            )
        case _:
            return f"({s} release {inside})"


def _inside(fields: Requirement) -> str:
    first, last = fields.borders[0], fields.borders[-1]
    match fields.scope.removeprefix("only "):
        case "before":
            return f"not once ({first})"
        case "after":
            return f"once ({first})"
        case "in":
            return first
        case "except in":
            return f"not ({first})"
        case _:
            return f"(not ({last}) since (({first}) and not ({last})))"


def _group(match: re.Match[str], name: str) -> tuple[str, int]:
    return match[name], match.start(name)


def _formatted(text: str, start: int = 0) -> str:
    """The expression, which stands at `start` in the sentence."""
    return format_expression(parse_expression(" " * start + text, HERE))


def _wrong(message: str, help_line: str, start: int = 0, end: int = 1) -> SourceError:
    span = Span(HERE, 1, start + 1, 1, end + 1)
    return SourceError([Diagnostic("syntax", span, message, help=help_line)])
