"""Values in the user's names and units: exact first, and a decimal where that reads better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TypeAlias

from verifier.core.evaluate import Value
from verifier.core.unit import UNITS, Unit
from verifier.report.values import Shown

Exact: TypeAlias = "bool | str | list[bool | str | None] | None"
LONGEST_EXACT = 24
MOST_DIGITS = 12


def in_unit(value: Fraction, unit: Unit | None) -> Fraction:
    """A number of base units as a number of `unit`, exactly."""
    return value / unit.scale if unit else value


def exact(value: Fraction) -> str:
    """The number as a decimal where one of at most MOST_DIGITS places is exact, else a fraction."""
    for places in range(MOST_DIGITS + 1):
        if 10**places % value.denominator == 0:
            digits = _digits(abs(value.numerator) * (10**places // value.denominator))
            padded = digits.rjust(places + 1, "0")
            sign = "-" if value < 0 else ""
            return f"{sign}{padded[:-places]}.{padded[-places:]}" if places else f"{sign}{digits}"
    sign = "-" if value < 0 else ""
    return f"{sign}{_digits(abs(value.numerator))}/{_digits(value.denominator)}"


def _digits(value: int) -> str:
    """The digits of an integer; unlike `str` without a limit on their number."""
    return f"{Decimal(value):f}"


def approximate(value: Fraction) -> str:
    """The number rounded to six significant digits."""
    with localcontext() as context:
        context.prec = 6
        rounded = (Decimal(value.numerator) / Decimal(value.denominator)).normalize()
        plain = f"{rounded:f}"
        return plain if len(plain) <= MOST_DIGITS else f"{rounded:E}"


def square_root(value: Fraction) -> str:
    """The root of a number that is not negative: exact where it is rational, else rounded."""
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return readable(Fraction(top, bottom))
    with localcontext() as context:
        context.prec = 6
        rounded = (Decimal(value.numerator) / Decimal(value.denominator)).sqrt()
        return f"about {rounded.normalize():f}"


def readable(value: Fraction) -> str:
    """The exact number if it is short, with a decimal behind a fraction; else the decimal alone."""
    text = exact(value)
    if len(text) > LONGEST_EXACT:
        return f"about {approximate(value)}"
    return f"{text} (about {approximate(value)})" if "/" in text else text


def seconds(value: Fraction) -> str:
    """A time in the greatest of s, ms, us and ns of which it is 1 or more."""
    if value == 0:
        return "0 s"
    fitting = (UNITS[symbol] for symbol in ("s", "ms", "us") if abs(value) >= UNITS[symbol].scale)
    unit = next(fitting, UNITS["ns"])
    return f"{readable(in_unit(value, unit))} {unit.symbol}"


def amount(value: Fraction, unit: Unit) -> str:
    return f"{readable(in_unit(value, unit))} {unit.symbol}".rstrip()


def members(state: Mapping[str, Value], shown: Mapping[str, Shown]) -> dict[str, list[str]]:
    """The scalars of the state by the member that they are parts of, in the order of `shown`."""
    grouped: dict[str, list[str]] = {}
    for name, how in shown.items():
        if name in state:
            grouped.setdefault(how.member, []).append(name)
    return grouped


def exact_state(state: Mapping[str, Value], shown: Mapping[str, Shown]) -> dict[str, Exact]:
    """The state by member as JSON has it: booleans, labels and numbers as strings, parts as lists.

    In a list, null stands for a part that the state does not name.
    """
    parts: dict[str, list[str]] = {}
    for name, how in shown.items():
        parts.setdefault(how.member, []).append(name)
    found: dict[str, Exact] = {}
    for member in members(state, shown):
        values = [_exact(state.get(name), shown[name].unit) for name in parts[member]]
        found[member] = values if shown[parts[member][0]].listed else values[0]
    return found


def _exact(value: Value | None, unit: Unit | None) -> bool | str | None:
    return exact(in_unit(value, unit)) if isinstance(value, Fraction) else value


def readable_member(
    names: Sequence[str], state: Mapping[str, Value], shown: Mapping[str, Shown]
) -> str:
    """A member's value for people: `[0.31, 0, 1/3] m (about [0.31, 0, 0.333333])`; `any` stands
    for a part that the state does not name."""
    how = shown[names[0]]
    texts, rounded, numbers = [], [], 0
    for name in names:
        value = state.get(name)
        if isinstance(value, Fraction):
            number = in_unit(value, how.unit)
            numbers += 1
            rounded.append(approximate(number))
            texts.append(exact(number))
        else:
            texts.append("any" if value is None else label(value))
            rounded.append(texts[-1])
    unit = f" {how.unit.symbol}" if how.unit and numbers else ""
    if numbers == 0 and set(texts) == {"any"}:
        return "any"
    if any(len(text) > LONGEST_EXACT for text in texts):
        return f"about {_listed(rounded, how)}{unit}"
    about = f"  (about {_listed(rounded, how)})" if any("/" in text for text in texts) else ""
    return f"{_listed(texts, how)}{unit}{about}"


def label(value: Value) -> str:
    """A value that is not a number, as the user writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(texts: list[str], how: Shown) -> str:
    return f"[{', '.join(texts)}]" if how.listed else texts[0]
