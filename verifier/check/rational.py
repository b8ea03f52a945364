"""Rationals as strings, strictly: `p` or `p/q` in lowest terms, in plain digits."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TypeAlias

from verifier.check.polynomial import Refused, shown

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

DIGITS_MAX = 4_000  # of a numerator or a denominator; Python reads no more than 4,300
_RATIONAL = re.compile(r"-?(0|[1-9][0-9]*)(/[1-9][0-9]*)?")


def rational_of(data: object) -> Fraction:
    """The rational that the string writes. Raises Refused unless it is in lowest terms."""
    if not isinstance(data, str):
        raise Refused(f'{shown(data)} should be a string such as "1/3"')
    if max(map(len, data.split("/"))) > DIGITS_MAX:
        raise Refused("a number has too many digits")
    if not _RATIONAL.fullmatch(data):
        raise Refused(f"{shown(data)} is not a rational number in plain digits")
    value = Fraction(data)
    if str(value) != data:
        raise Refused(f"{shown(data)} is not in lowest terms")
    return value
