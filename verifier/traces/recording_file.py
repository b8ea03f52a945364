"""Traces as MCAP recordings: messages by topic and field, each value held until the next message.

A mapping says where a variable comes from: `gripper=/gripper/state.mode 0:open 1:closed`. Fields
are written as ROS tools write them, indices in lists count from 0, and numbers are in SI base units
(ROS enhancement proposal 103). Messages are ROS 2 messages (`cdr` with a `ros2msg` schema) or JSON.

A sample stands at every moment (the time of recording) at which a mapped topic speaks, once all of
them have spoken; messages of one moment make one sample.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from verifier.core.diagnostic import Diagnostic, SourceError, near_miss
from verifier.core.span import Span
from verifier.monitor.definition import Event
from verifier.monitor.measured import Reading
from verifier.traces.fields import (
    Field,
    Fields,
    Unreadable,
    from_json,
    missing,
    quoted,
    seconds,
    wrong,
)
from verifier.traces.lines import Tell

if TYPE_CHECKING:
    from mcap.records import Schema

MAGIC = b"\x89MCAP0\r\n"
_MAPPING = re.compile(r"\s*(\S+?)\s*=\s*(/?[^\s.]+)\.(\S+)((?:\s+-?[\w.]+:\w+)*)\s*")
_PATH = re.compile(r"([A-Za-z_]\w*)|\[([0-9]+)\]")
WANTED = "a mapping is like `gripper=/gripper/state.mode 0:open 1:closed`"


@dataclass(frozen=True, slots=True)
class Mapped:
    """Where a variable comes from. `labels` turns what is recorded into a label."""

    topic: str
    path: str
    labels: Mapping[str, str]


class NotInstalled(Exception):
    """A package that reads recordings is missing."""


def mapping(text: str) -> tuple[str, Mapped] | None:
    """The variable and its origin that a mapping writes; None where it is not one."""
    match = _MAPPING.fullmatch(text)
    if match is None or "".join(m[0] for m in _PATH.finditer(match[3])) != match[3].replace(
        ".", ""
    ):
        return None
    pairs = dict(pair.rsplit(":", 1) for pair in match[4].split())
    return match[1], Mapped(match[2], match[3], pairs)


def samples(
    stream: BinaryIO, shown: str, fields: Fields, tell: Tell, mapped: Mapping[str, Mapped]
) -> Iterator[Event]:
    """The samples in the order of their recording. Raises SourceError and NotInstalled."""
    at = Span(shown, 1, 1, 1, 1)
    start = stream.read(len(MAGIC))
    if not start:
        raise wrong("empty-file", at, "the trace is empty", "a trace has at least one sample")
    if start != MAGIC:
        raise wrong("trace-form", at, "this is not an MCAP recording", None)
    absent = [name for name in fields if name not in mapped]
    if absent:
        hint = f"say where the recording has it: --map {absent[0]}=TOPIC.FIELD"
        raise missing(absent, mapped, at, "mapping for", hint)
    stream.seek(0)
    wanted = {name: mapped[name] for name in fields}
    yield from _sampled(_spoken(stream, at, wanted, tell), fields, wanted, at)


def _spoken(
    stream: BinaryIO, at: Span, wanted: Mapping[str, Mapped], tell: Tell
) -> Iterator[tuple[int, str, object]]:
    """(time, topic, message as plain values or objects) for every message of a mapped topic."""
    try:
        from mcap.exceptions import McapError
        from mcap.reader import make_reader
    except ImportError as error:
        raise NotInstalled("mcap") from error
    topics = {each.topic for each in wanted.values()}
    decoders: dict[int, _Decoder] = {}
    spoken = 0
    try:
        reader = make_reader(stream, validate_crcs=True)
        summary = reader.get_summary()
        known = {c.topic for c in summary.channels.values()} if summary is not None else topics
        _all_there(topics, known, at)
        for schema, channel, message in reader.iter_messages(topics=topics):
            if channel.id not in decoders:
                decoders[channel.id] = _decoder(schema, channel.message_encoding, at, channel.topic)
            spoken += 1
            if spoken % 1024 == 0:
                tell(stream.tell())
            decoded = _decoded(decoders[channel.id], message.data, at, channel.topic)
            yield message.log_time, channel.topic, decoded
    except McapError as error:
        raise _broken(error, stream, at) from None
    except _damage() as error:
        raise _broken(error, stream, at) from None
    if spoken == 0:
        raise wrong("empty-file", at, "no mapped topic says anything in this recording", None)


def _damage() -> tuple[type[Exception], ...]:
    """What decompression and unpacking raise on damaged bytes."""
    import struct

    from zstandard import ZstdError

    return (
        ZstdError,
        struct.error,
        ValueError,
        RuntimeError,
        KeyError,
        AssertionError,
        OverflowError,
    )


def _broken(error: Exception, stream: BinaryIO, at: Span) -> SourceError:
    stream.seek(0, 2)
    size = stream.tell()
    stream.seek(max(size - len(MAGIC), 0))
    if stream.read() != MAGIC:
        help_line = "`mcap recover` keeps what is whole"
        return wrong("trace-truncated", at, "the recording ends before its footer", help_line)
    told = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return wrong("trace-form", at, f"the recording is damaged: {told}", None)


def _all_there(topics: set[str], known: set[str], at: Span) -> None:
    absent = sorted(topics - known)
    if absent:
        raise SourceError(
            [
                Diagnostic(
                    "trace-column",
                    at,
                    f"there is no topic {quoted(topic)} in the recording",
                    help=near_miss(topic, known) or f"it has: {', '.join(sorted(known)[:12])}",
                )
                for topic in absent
            ]
        )


# ---- messages ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Decoder:
    """How messages of a channel are read: as JSON, or by rosbags' store and the type's name."""

    store: Any
    type: str


def _decoder(schema: Schema | None, encoding: str, at: Span, topic: str) -> _Decoder:
    if encoding == "json":
        return _Decoder(None, "json")
    if encoding != "cdr" or schema is None or schema.encoding != "ros2msg":
        found = f"`{encoding}` with schema `{schema.encoding if schema else 'none'}`"
        help_line = "what is read: `cdr` with `ros2msg`, and `json`"
        message = f"the messages of {quoted(topic)} are {found}"
        raise wrong("trace-form", at, message, help_line)
    try:
        from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
    except ImportError as error:
        raise NotInstalled("rosbags") from error
    store = get_typestore(Stores.EMPTY)
    try:
        store.register(get_types_from_msg(schema.data.decode(), schema.name))
    except (TypesysError, UnicodeDecodeError) as error:
        told = str(error).splitlines()[0][:200]
        message = f"the schema {quoted(schema.name)} cannot be read: {told}"
        raise wrong("trace-form", at, message, None) from None
    return _Decoder(store, schema.name)


def _decoded(decoder: _Decoder, data: bytes, at: Span, topic: str) -> object:
    try:
        if decoder.store is None:
            return json.loads(data, parse_float=str, parse_int=str, parse_constant=str)
        return decoder.store.deserialize_cdr(data, decoder.type)
    except _unpacking() as error:
        message = f"a message of {quoted(topic)} does not fit its schema ({type(error).__name__})"
        raise wrong("trace-form", at, message, None) from None


def _unpacking() -> tuple[type[Exception], ...]:
    """What a message raises that does not fit its schema."""
    import struct

    return (struct.error, ValueError, IndexError, KeyError, AssertionError, RecursionError)


def _sampled(
    spoken: Iterable[tuple[int, str, object]],
    fields: Fields,
    wanted: Mapping[str, Mapped],
    at: Span,
) -> Iterator[Event]:
    held: dict[str, Reading] = {}
    plain = {name: replace(field, unit=None) for name, field in fields.items()}
    moment: int | None = None
    for time, topic, message in spoken:
        if moment is not None and time != moment and len(held) == len(fields):
            yield Event(moment, dict(held))
        moment = time
        for name, each in wanted.items():
            if each.topic == topic:
                held[name] = _value(plain[name], each, message, time, at)
    if len(held) < len(fields):
        silent = sorted({each.topic for name, each in wanted.items() if name not in held})
        help_line = "a sample needs a value for every variable"
        raise wrong("empty-file", at, f"{quoted(silent[0])} says nothing", help_line)
    if moment is not None:
        yield Event(moment, dict(held))


def _value(field: Field, mapped: Mapped, message: object, time: int, at: Span) -> Reading:
    found: Any = _follow(message, mapped.path)
    place = f"{mapped.topic}.{mapped.path}"
    if found is None:
        text = f"{quoted(mapped.topic)} has no field {quoted(mapped.path)}"
        raise wrong("trace-column", at, text, f"it has: {', '.join(_names(message)[:12])}")
    if not isinstance(found, bool | str | int | float):
        raise wrong("trace-column", at, f"{quoted(place)} is no single value", None)
    if mapped.labels:
        found = mapped.labels.get(_recorded(found), found)
    try:
        return from_json(field, found)
    except Unreadable as why:
        text = f"{quoted(field.name)} is {quoted(_recorded(found))}, not {why.wanted}"
        there = f"in {quoted(place)} at {seconds(time)} s"
        raise wrong("trace-value", at, f"{text}, {there}", why.help) from None


def _recorded(value: bool | str | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _follow(value: Any, path: str) -> Any:
    """What the path leads to in objects, dictionaries and lists; None where it leads nowhere."""
    for name, index in _PATH.findall(path):
        if name:
            value = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
        else:
            items = value if isinstance(value, list | tuple) or hasattr(value, "tolist") else []
            value = items[int(index)] if int(index) < len(items) else None
    return value.item() if hasattr(value, "item") and not getattr(value, "shape", ()) else value


def _names(message: object) -> list[str]:
    names = message if isinstance(message, dict) else getattr(message, "__dataclass_fields__", ())
    return [name for name in names if not name.startswith("__")]
