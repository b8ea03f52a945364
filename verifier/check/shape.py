"""The shapes of what comes from outside: nothing is believed of a certificate's parts."""

from __future__ import annotations

from verifier.check.polynomial import Refused, shown
from verifier.core.term import Key


def as_tuple(value: object, what: str) -> tuple[object, ...]:
    """The value, if it is a tuple. Raises Refused."""
    if type(value) is not tuple:
        raise Refused(f"{what} should be a sequence")
    return value


def as_rows(value: object, width: int, what: str) -> list[tuple[object, ...]]:
    """The entries of the value, if they are tuples of this width. Raises Refused."""
    found = [as_tuple(row, what) for row in as_tuple(value, what)]
    if any(len(row) != width for row in found):
        raise Refused(f"an entry of {what} has the wrong length")
    return found


def as_key(value: object) -> Key:
    """The value, if it may name a variable. Raises Refused."""
    match value:
        case (str(name), int(version)) if type(version) is int:
            return name, version
    raise Refused(f"{shown(value)} is no variable")
