"""Traces as JSON lines: one object a line, `time` in seconds and a value for each scalar.

A scalar is a field of its own name (`"ee.x": 0.3`), or lies inside of nested objects and lists:
`{"ee": {"x": 0.3}}`, `{"ee": [0.3, 0, 0]}`, `{"q": [0, 1]}` for `q[1]` and `q[2]`, and
`{"visible": {"cup": true}}` for `visible[cup]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import BinaryIO, Never, TypeAlias

from verifier.core.span import Span
from verifier.monitor.definition import Event
from verifier.monitor.measured import Reading
from verifier.traces.fields import (
    TIME,
    Field,
    Fields,
    Unreadable,
    backwards,
    from_json,
    missing,
    nanoseconds,
    place,
    unreadable,
    wrong,
)
from verifier.traces.lines import Tell, lines

Key: TypeAlias = "str | int"
_STEPS = re.compile(r"\.?([^.\[\]]+)|\[([^\[\]]+)\]")
_AXES = {"x": 0, "y": 1, "z": 2}
ABSENT = object()


class _Twice(ValueError):
    """A name stands twice in one object."""


def samples(stream: BinaryIO, shown: str, fields: Fields, tell: Tell) -> Iterator[Event]:
    """The samples in their order. Raises SourceError at the first thing that is wrong."""
    paths = {name: steps(name) for name in fields}
    before: int | None = None
    for number, text, ended in lines(stream, shown, tell):
        record = _record(text, shown, number, ended)
        time = _time(record, text, shown, number)
        if before is not None and time <= before:
            raise backwards(time, before, _span(shown, number, text, TIME))
        before = time
        values: dict[str, Reading] = {}
        absent: list[str] = []
        for name, field in fields.items():
            found = record[name] if name in record else follow(record, paths[name])
            if found is ABSENT:
                absent.append(name)
            else:
                values[name] = _value(field, found, text, shown, number)
        if absent:
            known = [key for key in record if key != TIME]
            raise missing(absent, known, place(shown, number, 1, len(text)), "field")
        yield Event(time, values)


def steps(name: str) -> tuple[Key, ...]:
    """The way to a scalar: `pose[cup].x` is ("pose", "cup", "x"), and `q[1]` is ("q", 1)."""
    found: list[Key] = []
    for word, index in _STEPS.findall(name):
        found.append(int(index) if index.isdecimal() else word or index)
    return tuple(found)


def follow(value: object, way: tuple[Key, ...]) -> object:
    """What lies at the end of the way, or ABSENT. Indices count from 1."""
    for step in way:
        if isinstance(value, dict):
            value = value.get(str(step), ABSENT)
        elif isinstance(value, list):
            at = step - 1 if isinstance(step, int) else _AXES.get(step, -1)
            value = value[at] if 0 <= at < len(value) else ABSENT
        else:
            return ABSENT
    return value


def _record(text: str, shown: str, number: int, ended: bool) -> dict[str, object]:
    try:
        record = json.loads(
            text,
            parse_float=str,
            parse_int=str,
            parse_constant=str,
            object_pairs_hook=_once,
        )
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated")
        if cut and not ended:
            at = place(shown, number, len(text))
            help_line = "record again, or remove the last line"
            message = "the trace ends inside of a sample"
            raise wrong("trace-truncated", at, message, help_line) from None
        at = place(shown, number, error.pos + 1)
        raise wrong("trace-form", at, f"this is not JSON: {error.msg}", None) from None
    except (_Twice, RecursionError) as error:
        told = str(error) if isinstance(error, _Twice) else "the objects are nested too deeply"
        raise wrong("trace-form", place(shown, number, 1, len(text)), told, None) from None
    if not isinstance(record, dict):
        at = place(shown, number, 1, len(text))
        help_line = 'a line is like {"time": 0.001, "gripper": "open"}'
        raise wrong("trace-form", at, "the line is not a JSON object", help_line)
    return record


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Twice(f"`{twice}` stands twice in one object")
    return record


def _time(record: dict[str, object], text: str, shown: str, number: int) -> int:
    found = record.get(TIME, ABSENT)
    if found is ABSENT:
        at = place(shown, number, 1, len(text))
        raise wrong("trace-time", at, "the sample has no `time`", 'write `"time": 0.001`')
    try:
        if not isinstance(found, str):
            raise Unreadable("a time in seconds")
        return nanoseconds(found)
    except Unreadable as why:
        raise unreadable(TIME, str(found), _span(shown, number, text, TIME), why) from None


def _value(field: Field, found: object, text: str, shown: str, number: int) -> Reading:
    try:
        return from_json(field, found)
    except Unreadable as why:
        _refuse(field, found, text, shown, number, why)


def _refuse(
    field: Field, found: object, text: str, shown: str, number: int, why: Unreadable
) -> Never:
    first = steps(field.name)[0]
    name = field.name if f'"{field.name}"' in text else str(first)
    shown_value = found if isinstance(found, str) else json.dumps(found)
    at = _span(shown, number, text, name)
    raise unreadable(field.name, shown_value, at, why) from None


def _span(shown: str, number: int, text: str, name: str) -> Span:
    """Where the field of this name starts in the line."""
    key = json.dumps(name, ensure_ascii=False)
    at = text.find(key)
    return place(shown, number, max(at, 0) + 1, len(key) if at >= 0 else len(text))
