"""Strict readers of JSON-able values: what is not canonical is refused."""

from __future__ import annotations

from verifier.check.polynomial import Refused, shown


def kind_of(data: object) -> object:
    return data.get("kind") if isinstance(data, dict) else None


def fields_of(data: object, *names: str) -> list[object]:
    if not isinstance(data, dict) or data.keys() != set(names):
        raise Refused(f"wanted exactly the fields {', '.join(names)}")
    return [data[name] for name in names]


def list_of(data: object) -> list[object]:
    if not isinstance(data, list):
        raise Refused(f"{shown(data)} should be a list")
    return data


def row_of(data: object, width: int) -> list[object]:
    entries = list_of(data)
    if len(entries) != width:
        raise Refused(f"{shown(data)} should have {width} entries")
    return entries


def rows_of(data: object, width: int) -> list[list[object]]:
    return [row_of(each, width) for each in list_of(data)]


def text_of(data: object) -> str:
    if not isinstance(data, str):
        raise Refused(f"{shown(data)} should be a text")
    return data


def integer_of(data: object) -> int:
    if type(data) is not int:
        raise Refused(f"{shown(data)} should be a whole number")
    return data
