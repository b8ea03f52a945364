"""From a trace's file to the report on it: open, read, judge in blocks, show."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO

from verifier.core.diagnostic import Diagnostic, SourceError, near_miss
from verifier.core.span import Span
from verifier.core.term import (
    And,
    Apply,
    Comparison,
    Formula,
    Iff,
    Implies,
    Not,
    Number,
    Or,
    Product,
    Quotient,
    Real,
    Sum,
    Term,
    variables,
)
from verifier.model.values import Property
from verifier.monitor.definition import Answer, Event, atoms
from verifier.report.trace import Judged, Robustness, Row, TraceReport, Window
from verifier.source import Mistakes, Source
from verifier.traces import comma, json_lines, margin
from verifier.traces.fields import Field, Fields, fields
from verifier.traces.judge import MOST_KEPT, Judge, finish, judge, take

BLOCK = 2048
FAR = 10_000
"""The last line that a message shows: those before it are read again."""
Tell = Callable[[int], None]
Samples = Callable[[BinaryIO, str, Fields, Tell], Iterator[Event]]
MCAP = ".mcap"
READERS: dict[str, Samples] = {
    ".csv": comma.samples,
    ".jsonl": json_lines.samples,
    ".ndjson": json_lines.samples,
}


def properties(source: Source, names: Sequence[str]) -> list[Property]:
    """The properties with these names; without names, all. Raises Mistakes."""
    known = {prop.name: prop for prop in source.model.properties}
    start = Span(source.path, 1, 1, 1, 1)
    listed = ", ".join(f"`{name}`" for name in known)
    found = [
        Diagnostic(
            "unknown-property",
            start,
            f"there is no property `{name}`",
            help=near_miss(name, known) or f"the properties are {listed}",
        )
        for name in names
        if name not in known
    ]
    if found:
        raise Mistakes(found, source.texts)
    return [known[name] for name in dict.fromkeys(names or known)]


def judged(
    source: Source, wanted: Sequence[Property], path: str, reader: Samples, robust: bool, tell: Tell
) -> TraceReport:
    """What the trace says of the properties. Raises Mistakes for what is wrong with the trace."""
    read = fields(source.model, wanted)
    judges = [judge(prop) for prop in wanted]
    margins = [margin.margin(prop) for prop in wanted] if robust else []
    count, first, last = 0, 0, 0
    try:
        with opened(path) as stream:
            samples = reader(stream, path, read, tell)
            while block := list(islice(samples, BLOCK)):
                first = block[0].time_ns if count == 0 else first
                count, last = count + len(block), block[-1].time_ns
                for each in judges:
                    take(each, block)
                for every in margins:
                    margin.take(every, block)
    except SourceError as error:
        raise Mistakes(error.diagnostics, {**source.texts, **_lines(error, path)}) from None
    for each in judges:
        finish(each)
    robustness = [
        _robustness(every, prop, read) for every, prop in zip(margins, wanted, strict=False)
    ]
    reports = [
        _report(each, read, robustness[k] if robust else None) for k, each in enumerate(judges)
    ]
    return TraceReport(path, count, first, last, tuple(reports), source.texts)


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """The file, to be read as bytes. Raises SourceError."""
    start = Span(path, 1, 1, 1, 1)
    try:
        with open(path, "rb") as stream:
            yield stream
    except FileNotFoundError:
        message = f"there is no file `{path}`"
        raise SourceError([Diagnostic("file-not-found", start, message)]) from None
    except OSError as error:
        message = f"`{path}` cannot be read: {error.strerror or error}"
        raise SourceError([Diagnostic("file-unreadable", start, message)]) from None


def _lines(error: SourceError, path: str) -> dict[str, str]:
    """The line that is wrong, in its place, so that the message can show it."""
    lines = [d.span.line for d in error.diagnostics if d.span.file == path]
    if not lines or not path.endswith(tuple(READERS)) or max(lines) > FAR or not size_of(path):
        return {}
    with open(path, "rb") as stream:
        texts = [line.decode(errors="replace") for line in islice(stream, max(lines))]
    return {path: "".join(text if k + 1 in lines else "\n" for k, text in enumerate(texts))}


def size_of(path: str) -> int:
    """The bytes of the file; 0 where there is none."""
    return os.path.getsize(path) if os.path.isfile(path) else 0


# ---- the report --------------------------------------------------------------------------------

WORDS = {
    Answer.SATISFIED: "satisfied",
    Answer.UNKNOWN: "unknown",
    Answer.INVALID: "invalid",
    Answer.VIOLATED: "violated",
}


def _report(judge: Judge, read: Fields, robustness: Robustness | None) -> Judged:
    prop, moment = judge.prop, judge.moment
    names = {n for atom in atoms(prop.formula) for n, _ in variables(atom.formula)}
    columns = [field for name, field in read.items() if name in names]
    return Judged(
        prop.name,
        prop.span,
        WORDS[judge.answer],
        _reason(judge),
        None if moment is None else moment.asked_ns,
        None if moment is None else moment.known_ns,
        prop.fallback,
        None if moment is None else _window(moment.window, columns),
        robustness,
    )


def _reason(judge: Judge) -> str | None:
    if judge.gave_up:
        return f"it waits for more than {MOST_KEPT:,} samples"
    match judge.answer:
        case Answer.UNKNOWN:
            return "the trace ends before it is decided"
        case Answer.INVALID:
            return "a formula of it is neither true nor false of this sample"
        case _:
            return None


def _window(samples: Sequence[Event], columns: Sequence[Field]) -> Window:
    rows = [
        Row(sample.time_ns, tuple(_shown(sample, field) for field in columns)) for sample in samples
    ]
    named = tuple((f.name, "" if f.unit is None else f.unit.symbol) for f in columns)
    return Window(named, tuple(rows))


def _shown(sample: Event, field: Field) -> bool | str | float:
    assert sample.values is not None, "a window holds samples"
    value = sample.values[field.name]
    if isinstance(value, float) and field.unit is not None:
        return value / float(field.unit.scale)
    return value


def _robustness(found: margin.Margin, prop: Property, read: Fields) -> Robustness:
    value = margin.finish(found)
    units = {
        read[name].unit
        for atom in atoms(prop.formula)
        for name, _ in variables(atom.formula)
        if isinstance(read[name].sort, Real)
    }
    linear = all(_plain(atom.formula) for atom in atoms(prop.formula))
    if value is None or not units:
        return Robustness(value, "", found.reason)
    unit = units.pop() if len(units) == 1 and linear else None
    if unit is None:
        return Robustness(value, None, None)
    return Robustness(value / float(unit.scale), unit.symbol, None)


def _plain(formula: Formula) -> bool:
    """Whether what is compared is in the unit of the variables: no products of them."""
    match formula:
        case Comparison(_, left, right):
            return _linear(left) and _linear(right)
        case Not(body):
            return _plain(body)
        case And(parts) | Or(parts):
            return all(map(_plain, parts))
        case Implies(left_side, right_side) | Iff(left_side, right_side):
            return _plain(left_side) and _plain(right_side)
        case _:
            return True


def _linear(term: Term) -> bool:
    match term:
        case Sum(parts):
            return all(map(_linear, parts))
        case Apply(function, parts):
            return function in ("abs", "min", "max") and all(map(_linear, parts))
        case Product(parts):
            others = [part for part in parts if not isinstance(part, Number)]
            return len(others) <= 1 and all(map(_linear, others))
        case Quotient():
            return False
        case _:
            return True
