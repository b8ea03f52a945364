"""From what a trace says to what a property reads: one field for each scalar, in SI base units.

A number is in the unit declared for its variable (a point and a length without a unit in metres),
converted exactly and then rounded once to the nearest double. Time is a decimal number of seconds,
rounded once to a whole number of nanoseconds, half to even; a double's 17 digits are enough for
that up to 104 days, epoch times are better written as decimals.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic, SourceError, near_miss
from verifier.core.span import Span
from verifier.core.term import Boolean, Enumeration, Real, Sort, variables
from verifier.core.unit import LENGTH, UNITS, Unit
from verifier.model.values import Model, Property, StateVariable
from verifier.monitor.definition import atoms
from verifier.monitor.measured import Reading

TIME = "time"
LONGEST_NS = 2**62
_PLAIN = re.compile(r"[+-]?[0-9]{1,10}(?:\.[0-9]{0,9})?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_LONGEST_NUMBER = 400
_TRUTHS = {"0": False, "1": True, "false": False, "true": True, "False": False, "True": True}


class Unreadable(Exception):
    """A value that its field cannot hold: `wanted` says what would do."""

    def __init__(self, wanted: str, help_line: str | None = None) -> None:
        self.wanted = wanted
        self.help = help_line
        super().__init__(wanted)


@dataclass(frozen=True, slots=True)
class Field:
    """A scalar that is read: `unit` is that of its numbers in the trace, None for plain ones."""

    name: str
    sort: Sort
    unit: Unit | None


def fields(model: Model, properties: Iterable[Property]) -> dict[str, Field]:
    """What the properties read, in the order of the declarations."""
    read = {
        name
        for each in properties
        for atom in atoms(each.formula)
        for name, _ in variables(atom.formula)
    }
    found = {}
    for name, scalar in model.scalars.items():
        if name in read:
            found[name] = Field(name, scalar.sort, unit_of(model.variables[scalar.variable]))
    return found


def unit_of(variable: StateVariable) -> Unit | None:
    """The unit of a variable's bare numbers."""
    if variable.unit is None and variable.sort == Real(LENGTH):
        return UNITS["m"]
    return variable.unit


def from_text(field: Field, text: str) -> Reading:
    """The value that a cell writes. Raises Unreadable."""
    match field.sort:
        case Boolean():
            if text in _TRUTHS:
                return _TRUTHS[text]
            raise Unreadable("true, false, 1 or 0")
        case Enumeration(labels):
            if text in labels:
                return text
            raise Unreadable(" or ".join(f"`{label}`" for label in labels), near_miss(text, labels))
        case Real():
            return _number(field, text)


def from_json(field: Field, value: object) -> Reading:
    """The value of a JSON field or of a message's. Numbers come as text, so that none is rounded
    twice, or as doubles. Raises Unreadable."""
    match field.sort, value:
        case Boolean(), bool():
            return value
        case Boolean(), (int() | str()) if str(value) in ("0", "1"):
            return str(value) == "1"
        case Boolean(), _:
            raise Unreadable("true, false, 1 or 0")
        case Enumeration(), str():
            return from_text(field, value)
        case Enumeration(labels), _:
            raise Unreadable(" or ".join(f'"{label}"' for label in labels))
        case _, (bool() | None | list() | dict()):
            raise Unreadable("a finite number")
        case _:
            return _number(field, str(value))


def _number(field: Field, text: str) -> float:
    if _NUMBER.fullmatch(text) is None or len(text) > _LONGEST_NUMBER:
        raise Unreadable("a finite number")
    if field.unit is None or field.unit.scale == 1:
        value = float(text)
    else:
        scaled = Fraction(text) * field.unit.scale
        value = float(scaled) if abs(scaled) < Fraction(2) ** 1024 else math.inf
    if not math.isfinite(value):
        raise Unreadable("a number that a double can hold")
    return value


def nanoseconds(text: str) -> int:
    """Decimal seconds as whole nanoseconds, rounded half to even. Raises Unreadable."""
    if _PLAIN.fullmatch(text) is not None:
        whole, _, rest = text.partition(".")
        part = int(rest.ljust(9, "0"))
        return int(whole) * 10**9 + (-part if whole.startswith("-") else part)
    if _NUMBER.fullmatch(text) is None or len(text) > _LONGEST_NUMBER:
        raise Unreadable("a time in seconds")
    time = round(Fraction(text) * 10**9)
    if abs(time) > LONGEST_NS:
        raise Unreadable("a time of less than 146 years")
    return time


# ---- what can be wrong with a trace ------------------------------------------------------------


def place(shown: str, line: int, column: int, width: int = 1) -> Span:
    return Span(shown, line, column, line, column + max(width, 1))


def wrong(
    code: str,
    span: Span,
    message: str,
    help_line: str | None,
) -> SourceError:
    return SourceError([Diagnostic(code, span, message, help=help_line)])


def quoted(text: str) -> str:
    """A piece of a trace inside of a message: short and printable."""
    short = text if len(text) <= 40 else f"{text[:39]}…"
    return f"`{short}`" if short.isprintable() else repr(short)


def unreadable(field: str, text: str, span: Span, why: Unreadable) -> SourceError:
    found = quoted(text) if text else "nothing"
    message = f"{quoted(field)} is {found}, not {why.wanted}"
    if field == TIME:
        return SourceError([Diagnostic("trace-time", span, message, help=why.help)])
    return SourceError([Diagnostic("trace-value", span, message, help=why.help)])


def missing(
    names: Iterable[str], known: Iterable[str], span: Span, what: str, hint: str | None = None
) -> SourceError:
    """That columns, fields or mappings of these names are missing; `hint` where there are none."""
    there = list(known)
    listed = ", ".join(there[:12]) + (", …" if len(there) > 12 else "")
    return SourceError(
        [
            Diagnostic(
                "trace-column",
                span,
                f"there is no {what} `{name}`, which a property reads",
                help=near_miss(name, there) or (f"the trace has: {listed}" if there else hint),
            )
            for name in names
        ]
    )


def backwards(time: int, before: int, span: Span) -> SourceError:
    what = "is the time of the sample before" if time == before else "lies before the last sample"
    return SourceError(
        [
            Diagnostic(
                "trace-time",
                span,
                f"the time {seconds(time)} s {what}, {seconds(before)} s",
                help="every sample of a trace is later than the one before it",
            )
        ]
    )


def seconds(time_ns: int) -> str:
    """Nanoseconds as decimal seconds, exactly."""
    whole, part = divmod(abs(time_ns), 10**9)
    digits = f"{part:09}".rstrip("0")
    sign = "-" if time_ns < 0 else ""
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


Fields = Mapping[str, Field]
