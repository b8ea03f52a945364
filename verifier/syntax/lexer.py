"""Text to tokens, in one pass, before any parser is built.

Newlines matter in one place only: the word behind a number (`10 cm`) or behind `real` and its
sizes (`real[7] rad/s`) is a unit if it stands on the same line; a word in front of `:` or `(` is
never one. Hostile input ends here: what is nested too deep, too long or no text is refused at the
place where it happens, and nothing behind it is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from verifier.core.diagnostic import Diagnostic, SourceError, near_miss
from verifier.core.span import Span
from verifier.core.unit import UNITS, parse_unit
from verifier.syntax.tree import Name

NESTING_LIMIT = 200
DIGIT_LIMIT = 60
EXPONENT_DIGIT_LIMIT = 3
UNIT_LENGTH_LIMIT = 60


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DECLARATION_WORDS = words(
    "use type object state environment const property pattern on robot plant barrier waive obstacle"
    " zone motion skill chain processor resource budget"
)
# Names, too, where no such declaration can be meant.
CONTEXTUAL = words("on robot waive obstacle zone motion processor resource budget")
CLAUSE_WORDS = words(
    "requires initial ensures terminal invariant modifies duration else assume achieve within"
)
STATEMENT_WORDS = words("if repeat while variant try recover")
TEMPORAL_PREFIXES = words("always eventually historically once next previous rise fall")
TEMPORAL_INFIXES = words("until since release")
LOGIC_WORDS = words("forall exists iff implies or and not in true false")
KEYWORDS = (DECLARATION_WORDS - CONTEXTUAL) | CLAUSE_WORDS | STATEMENT_WORDS | {"refines"}
KEYWORDS |= TEMPORAL_PREFIXES | TEMPORAL_INFIXES | LOGIC_WORDS
PLANT_WORDS = words(
    "input disturbance dynamics period latency grid baseline error rate clamp scale reject switch"
    " at back return when confidence measured"
)
# Words of the language in one kind of declaration only; everywhere else they are free names.
SOFT_KEYWORDS = {
    "plant": PLANT_WORDS,
    "barrier": frozenset({"alpha", "margin", "start", "keeps"}),
    "on": frozenset({"violation", "of"}),
    "robot": frozenset({"from", "tip", "joints"}),
    "waive": frozenset({"of", "because"}),
    "obstacle": frozenset({"clearance"}),
    "zone": frozenset({"clearance"}),
    "motion": words("speed acceleration clearance body avoids inside velocity"),
    "skill": words("transition uses chosen"),
    "chain": words("from to beside relies guarantees"),
    "processor": words("policy task period execution deadline"),
    "resource": words("share one all of"),
    "budget": words("of share one all total headroom"),
}
# How many brackets are open where they are: in a block, before it, or in blocks of a block.
_SOFT_DEPTHS = dict.fromkeys(("barrier", "on", "robot", "waive", "obstacle", "zone"), range(1))
_SOFT_DEPTHS |= {"resource": range(1, NESTING_LIMIT), "budget": range(NESTING_LIMIT)}
_IN_BLOCK = range(1, 2)
_SOFT_AFTER = words("{ on violation one all chosen") | {"STRING"}
_COMMON = words("processor resource budget")
# The role of the braces around the knots of a transition, and the words in there.
COURSE = "course"
COURSE_WORDS = words("velocity after")
# The role of the braces behind `in`: what stands in there are labels.
LABELS = "labels"
NAME, NUMBER, UNIT, STRING, INFINITY, BOUND, ROW, END = (
    "NAME",
    "NUMBER",
    "UNIT",
    "STRING",
    "INFINITY",
    "BOUND",
    "ROW",
    "$END",
)
SYMBOLS = words(".. == != <= >= < > || + - * / ^ ( ) [ ] { } , : ; . =")

# The role of `real` and of the brackets around its sizes: a unit may stand behind.
_REAL = "real"
_SQUARE = dict.fromkeys(TEMPORAL_PREFIXES | TEMPORAL_INFIXES, BOUND) | {_REAL: _REAL}
OPERAND_ENDS = frozenset({NAME, NUMBER, UNIT, _REAL, ROW, "true", "false", ")", "]", "}"})
_FINITE_ONLY = {"nan", "inf", "infinity"}
_FOREIGN = {
    "&&": "and",
    "||": "or",
    "!": "not",
    "<=>": "iff",
    "<->": "iff",
    "=>": "implies",
    "->": "implies",
    "<>": "!=",
    "**": "^",
    ":=": "=",
    "===": "==",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "∧": "and",
    "∨": "or",
    "¬": "not",
    "⇒": "implies",
    "→": "implies",
    "⇔": "iff",
    "∀": "forall",
    "∃": "exists",
    "∈": "in",
    "□": "always",
    "◇": "eventually",
    "−": "-",
    "·": "*",
    "×": "*",
}
_UNIT_WORDS = {
    word: symbol
    for symbol, spoken in {
        "m": "meter meters metre metres",
        "s": "sec secs second seconds",
        "ms": "msec millisecond milliseconds",
        "min": "minute minutes",
        "h": "hour hours hr",
        "deg": "° degree degrees",
        "rad": "radian radians",
        "N": "newton newtons",
        "kg": "kilo kilogram kilograms kgs",
        "g": "gram grams",
        "Hz": "hertz",
    }.items()
    for word in spoken.split()
}


def _alternatives(texts: Iterable[str]) -> str:
    return "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))


_TOKEN = re.compile(
    rf"""
      (?P<space>[ \t]+)
    | (?P<newline>\r\n|\n|\r)
    | (?P<comment>\#[^\r\n]*|//[^\r\n]*)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<string>"[^"\r\n]*")
    | (?P<unclosed>"[^"\r\n]*)
    | (?P<foreign>{_alternatives(_FOREIGN.keys() - {"!"})}|!(?!=))
    | (?P<symbol>{_alternatives(SYMBOLS)})
    """,
    re.VERBOSE,
)
_DIGITS = r"-?[ \t]*[0-9]{1,30}(?:\.[0-9]{1,30})?[ \t]*"
# Plain numbers in brackets on one line: one token for all of them, so that matrices are read fast.
_ROW = re.compile(rf"(?P<row>\[[ \t]*{_DIGITS}(?:,[ \t]*{_DIGITS})+\])")
_SYMBOL = rf"(?:{_alternatives(UNITS)})(?:\^-?[1-9](?![0-9]))?"
_UNIT_END = r"(?![A-Za-z0-9_]|[ \t]*[:(\[]|\.[A-Za-z_])"
_KNOWN_UNIT = re.compile(rf"[ \t]*(?P<unit>(?:1/)?{_SYMBOL}(?:[*/]{_SYMBOL})*){_UNIT_END}")
_ANY_UNIT = re.compile(rf"[ \t]*(?P<unit>[A-Za-z_%°µμ][A-Za-z0-9_]*){_UNIT_END}")
_STRANGE = re.compile(r"[^\x00-\x7f]+|.", re.DOTALL)


@dataclass(slots=True)
class Token:
    """`kind` is a keyword, a symbol, or one of NAME … END; `opens` says that a declaration begins
    here; `type` is what the parser calls the kind, filled in on the way there."""

    kind: str
    text: str
    span: Span
    opens: bool = False
    type: str = ""


@dataclass(slots=True)
class Reader:
    """Reads one text; `comments` and `diagnostics` fill while `tokens()` is drained. `previous` is
    the last token's kind, or its `role`. `garbled` says that something was left out, so that what
    the parser thinks of the rest counts little."""

    text: str
    path: str
    patience: int
    comments: list[Name] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    line: int = 1
    line_start: int = 0
    previous: str = ""
    role: str = ""
    previous_line: int = 0
    brackets: list[str] = field(default_factory=list)
    declaration: str = ""
    unit_due: bool = False
    course_due: bool = False
    garbled: bool = False

    def tokens(self) -> Iterator[Token]:
        """Every token, END at last. Raises SourceError where brackets nest too deep."""
        position = 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if self.unit_due:
                self.unit_due = False
                match = self.unit_at(position) or match
            if match is None:
                position = self.unreadable(position)
                continue
            if match[0] == "[" and self.row_may_stand():
                match = _ROW.match(self.text, position) or match
            position = match.end()
            if match.lastgroup == "newline":
                self.line += 1
                self.line_start = position
            elif match.lastgroup != "space":
                token = _READERS[match.lastgroup](self, match)
                if token is not None:
                    self.previous, self.previous_line = self.role or token.kind, self.line
                    self.role = ""
                    yield token
        yield Token(END, "", self.span(position, position))

    def span(self, start: int, end: int) -> Span:
        base = self.line_start - 1
        return Span(self.path, self.line, start - base, self.line, end - base)

    def report(self, mistake: Diagnostic) -> None:
        """Raises SourceError with all mistakes so far once there are `patience` of them."""
        self.diagnostics.append(mistake)
        if len(self.diagnostics) >= self.patience:
            raise self.refusal()

    def refusal(self) -> SourceError:
        return SourceError(sorted(self.diagnostics, key=lambda mistake: mistake.span))

    def unit_at(self, position: int) -> re.Match[str] | None:
        """The unit behind a number or a `real`, if a word stands there that must be one."""
        known = _KNOWN_UNIT.match(self.text, position)
        if known is not None:
            return known
        word = _ANY_UNIT.match(self.text, position)
        if word is None or self.keyword(word[1], word.end()) or word[1].lower() in _FINITE_ONLY:
            return None
        return word

    def keyword(self, word: str, end: int) -> bool:
        """Whether `word`, which ends at `end`, is one of the language's own where it stands."""
        if word in KEYWORDS:
            return True
        if word in CONTEXTUAL and _opens_contextual(self, word, end):
            return True
        if self.brackets and self.brackets[-1] == COURSE:
            return word in COURSE_WORDS and self.previous in (*OPERAND_ENDS, "{")
        if self.brackets and self.brackets[-1] == LABELS:
            return False
        if word not in SOFT_KEYWORDS.get(self.declaration, frozenset()):
            return False
        if len(self.brackets) not in _SOFT_DEPTHS.get(self.declaration, _IN_BLOCK):
            return False
        between = self.declaration == "chain" and word in ("from", "to")
        if between and not _NAMES_NEXT.match(self.text, end):
            return False
        return self.previous in OPERAND_ENDS or self.previous in _SOFT_AFTER

    def row_may_stand(self) -> bool:
        """Whether an expression, and nothing else, begins here: in a list, or as an argument."""
        around = self.brackets[-1] if self.brackets else ""
        in_list = around == "[" and self.previous in ("[", ",")
        argument = around == "(" and self.previous == "="
        return (in_list or argument) and len(self.brackets) < NESTING_LIMIT

    def unreadable(self, position: int) -> int:
        """Reports what stands at `position`; the place behind it."""
        self.garbled = True
        strange = _STRANGE.match(self.text, position)
        assert strange is not None
        shown = "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in strange[0][:20])
        span = self.span(position, strange.end())
        self.report(Diagnostic("syntax", span, f"`{shown}` means nothing here"))
        return strange.end()


def _comment(reader: Reader, match: re.Match[str]) -> None:
    span = reader.span(match.start(), match.end())
    if match[0].startswith("//"):
        help = "write `#` in place of `//`"
        reader.report(Diagnostic("syntax", span, "a comment starts with `#`", help=help))
    else:
        reader.comments.append(Name(match[0].rstrip(), span))


def _word(reader: Reader, match: re.Match[str]) -> Token:
    word, span = match[0], reader.span(match.start(), match.end())
    if word.lower() == "nan":
        reader.report(not_finite(word, span))
        return Token(NUMBER, "0", span)
    if word.lower() in _FINITE_ONLY:
        return Token(INFINITY, word, span)
    if not reader.keyword(word, match.end()):
        if word == "real":
            reader.unit_due = True
            reader.role = _REAL
        return Token(NAME, word, span)
    if word == "transition":
        reader.course_due = True
    opens = word in DECLARATION_WORDS and _opens_declaration(reader, word, match.end())
    if opens:
        reader.course_due = False
        reader.declaration, reader.brackets = word, []
    return Token(word, word, span, opens)


def _opens_declaration(reader: Reader, word: str, end: int) -> bool:
    """Whether a declaration's word stands where a declaration can begin; where a bracket is still
    open, only if what follows fits too, so that a forgotten `}` costs one message."""
    if _FOLLOWED.get(word, _FOLLOWED["type"]).match(reader.text, end):
        return True
    return not reader.brackets and reader.previous_line != reader.line


def _opens_contextual(reader: Reader, word: str, end: int) -> bool:
    """`on` may be a name, a lamp's label say; in front of `violation` it is not, nor where it can
    only be meant to start a declaration. Likewise `robot panda from …` and the other words; what is
    a common name starts a declaration only where both are the case: `budget Night of …`."""
    followed = _FOLLOWED[word].match(reader.text, end)
    starts = not reader.brackets and reader.previous in OPERAND_ENDS | {"", STRING}
    if word in _COMMON:
        return starts and followed is not None
    if followed is not None:
        return followed.groupdict().get("name") not in KEYWORDS
    return starts and reader.previous_line != reader.line


_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_GAP = r"(?:\s|\#[^\n]*)*"
_NAMES_NEXT = re.compile(_GAP + r"[A-Za-z_]")
_FOLLOWED = {
    "use": re.compile(_GAP + '"'),
    "state": re.compile(_GAP + r"\{"),
    "environment": re.compile(_GAP + r"\{"),
    "on": re.compile(_GAP + r"violation\b"),
    "robot": re.compile(_GAP + r"[A-Za-z_]\w*" + _GAP + r"from\b"),
    "waive": re.compile(_GAP + r"[A-Za-z_]\w*" + _GAP + r"of\b"),
    "type": re.compile(_GAP + r"[A-Za-z_]"),
    "obstacle": re.compile(rf"{_GAP}(?P<name>{_WORD}){_GAP}(?::|=(?!=))"),
    "zone": re.compile(rf"{_GAP}(?P<name>{_WORD}){_GAP}(?::|=(?!=))"),
    "motion": re.compile(rf"{_GAP}(?P<name>{_WORD})(?:\[[^\n{{}}]*\])?{_GAP}\{{"),
    "processor": re.compile(_GAP + r"[A-Za-z_]\w*" + _GAP + r"\{"),
    "resource": re.compile(_GAP + r"[A-Za-z_]\w*" + _GAP + r"[\w(\[-]"),
    "budget": re.compile(_GAP + r"[A-Za-z_]\w*" + _GAP + r"of\b"),
}


def _number(reader: Reader, match: re.Match[str]) -> Token:
    text, span = match[0], reader.span(match.start(), match.end())
    reader.unit_due = True
    mantissa, _, exponent = text.lower().partition("e")
    digits, exponent_digits = len(mantissa.replace(".", "")), len(exponent.lstrip("+-"))
    if digits > DIGIT_LIMIT:
        message = f"this number has {digits} digits; at most {DIGIT_LIMIT} are read"
    elif exponent_digits > EXPONENT_DIGIT_LIMIT:
        message = (
            f"this exponent has {exponent_digits} digits; at most {EXPONENT_DIGIT_LIMIT} are read"
        )
    else:
        return Token(NUMBER, text, span)
    reader.report(Diagnostic("number-too-long", span, message))
    return Token(NUMBER, "0", span)


def _unit(reader: Reader, match: re.Match[str]) -> Token:
    text, span = match["unit"], reader.span(match.start("unit"), match.end("unit"))
    if len(text) > UNIT_LENGTH_LIMIT or parse_unit(text) is None:
        shown = text if len(text) <= UNIT_LENGTH_LIMIT else text[:UNIT_LENGTH_LIMIT] + "…"
        help = _meant_unit(shown)
        reader.report(Diagnostic("unknown-unit", span, f"`{shown}` is not a unit", help=help))
    return Token(UNIT, text, span)


def _meant_unit(text: str) -> str:
    symbol = _UNIT_WORDS.get(text.lower(), text.replace("µ", "u").replace("μ", "u"))
    known = f"did you mean `{symbol}`?" if symbol in UNITS else near_miss(text, UNITS)
    return known or "a word behind a number on its line is its unit; a product needs `*`"


def _string(reader: Reader, match: re.Match[str]) -> Token:
    return Token(STRING, match[0][1:-1], reader.span(match.start(), match.end()))


def _unclosed(reader: Reader, match: re.Match[str]) -> Token:
    span = reader.span(match.start(), match.end())
    reader.report(Diagnostic("syntax", span, 'this path has no closing `"` on its line'))
    return Token(STRING, match[0][1:], span)


def _foreign(reader: Reader, match: re.Match[str]) -> Token:
    text, span = match[0], reader.span(match.start(), match.end())
    if text in SYMBOLS and reader.declaration == "chain":
        return _symbol(reader, match)
    meant = _FOREIGN[text]
    message = f"`{text}` is not an operator here"
    reader.report(Diagnostic("syntax", span, message, help=f"write `{meant}`"))
    return Token(meant, meant, span)


def _symbol(reader: Reader, match: re.Match[str]) -> Token:
    text, span = match[0], reader.span(match.start(), match.end())
    if text in ("(", "[", "{"):
        if len(reader.brackets) == NESTING_LIMIT:
            reader.diagnostics.append(too_deep(span))
            raise reader.refusal()
        role = _SQUARE.get(reader.previous, text) if text == "[" else text
        inside = reader.brackets[-1] if reader.brackets else ""
        course = reader.course_due or COURSE in reader.brackets
        if text == "{" and course and inside not in ("(", "["):
            role, reader.course_due = COURSE, False
        elif text == "{" and reader.previous == "in":
            role = LABELS
        reader.brackets.append(role)
        if role == BOUND:
            return Token(BOUND, text, span)
    elif text in (")", "]", "}"):
        opened = reader.brackets.pop() if reader.brackets else ""
        reader.role = opened if opened in (BOUND, _REAL) else ""
        reader.unit_due = opened == _REAL
    elif text == "^" and reader.previous == UNIT:
        message = "a power behind a unit can be read in two ways"
        help = "write `2 m^2` for square metres, or `(2 m)^2`"
        reader.report(Diagnostic("syntax", span, message, help=help))
    return Token(text, text, span)


def _row(reader: Reader, match: re.Match[str]) -> Token:
    return Token(ROW, match[0], reader.span(match.start(), match.end()))


def too_deep(span: Span) -> Diagnostic:
    return Diagnostic(
        "nesting-too-deep",
        span,
        f"this is more than {NESTING_LIMIT} levels deep",
        help="each bracket counts as a level, and so does each operator of a chain such as "
        "`a and b and c`; split it into several clauses",
    )


def not_finite(word: str, span: Span) -> Diagnostic:
    return Diagnostic(
        "not-a-finite-number",
        span,
        f"`{word}` is not a finite number",
        help="only the bound of a temporal operator may be open: `eventually[0, inf)`",
    )


_READERS: dict[str | None, Callable[[Reader, re.Match[str]], Token | None]] = {
    "unit": _unit,
    "comment": _comment,
    "word": _word,
    "number": _number,
    "row": _row,
    "string": _string,
    "unclosed": _unclosed,
    "foreign": _foreign,
    "symbol": _symbol,
}
