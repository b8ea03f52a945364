"""Sets and tables of a transition as text in the language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.affine import Row
from verifier.core.motion import Affine, Cut, Plan
from verifier.core.unit import UNITS, Dimension, Unit

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Words:
    """The scalars of a start by name, the members that they belong to, with the range of their
    places, and the unit in which each is written. `moved` of them are a position, `rates` behind
    it its velocity."""

    names: tuple[str, ...]
    members: tuple[tuple[str, int, int], ...]
    units: tuple[Unit | None, ...]
    moved: int
    rates: int = 0

    @property
    def rigid(self) -> tuple[tuple[str, int, int], ...]:
        """The members that keep their values."""
        return tuple(each for each in self.members if each[1] >= self.moved + self.rates)


def decimal(value: Fraction) -> str | None:
    """The number in digits, if it has an end."""
    bottom = value.denominator
    places = 0
    while bottom % 10 and places < 40 and 10**places % bottom:
        places += 1
    if 10**40 % bottom:
        return None
    while (value * 10**places).denominator != 1:
        places += 1
    whole = abs(value) * 10**places
    digits = f"{int(whole):0{places + 1}d}"
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if value < 0 else text


def quantity(value: Fraction, unit: Unit | None) -> str:
    """The number with its unit, exactly."""
    shown = value if unit is None else value / unit.scale
    symbol = f" {unit.symbol}" if unit else ""
    text = decimal(shown)
    if text is not None:
        return f"{text}{symbol}"
    return f"{shown.numerator}{symbol} / {shown.denominator}"


def bare(value: Fraction, unit: Unit | None) -> str:
    """The number where its unit is understood."""
    shown = value if unit is None else value / unit.scale
    return decimal(shown) or f"{shown.numerator} / {shown.denominator}"


def base_unit(dimension: Dimension) -> Unit | None:
    """A unit of this dimension with scale 1."""
    return next((u for u in UNITS.values() if u.dimension == dimension and u.scale == 1), None)


# ---- sets --------------------------------------------------------------------------------------


def clauses(word: str, sides: Sequence[Row], words: Words) -> list[str]:
    """The set with these rows as clauses of a skill: boxes where it is one, then comparisons."""
    left = dict.fromkeys(side for side in sides if not _of_every_point(side))
    found: list[str] = []
    for member, first, last in words.members:
        point = _point(left, words, first, last)
        if point is not None:
            found.append(f"{word} {member} == {point}")
            continue
        for by in (None, *(m for m in words.members if m[0] != member)):
            if by is not None and (first >= words.moved or by[2] - by[1] != last - first):
                continue
            text = _box(left, words, (member, first, last), by)
            if text is not None:
                found.append(f"{word} {text}")
    while left:
        (row, bound, sign), *_ = left
        del left[row, bound, sign]
        turned = tuple(-a for a in row)
        under = next((each for each in left if each[0] == turned and each[2] == sign == "<="), None)
        unit = next(words.units[k] for k, a in enumerate(row) if a) if any(row) else None
        if under is None and sum(a < 0 for a in row) > sum(a > 0 for a in row) and sign == "<=":
            found.append(f"{word} {_sum(turned, words)} >= {quantity(-bound, unit)}")
            continue
        text = f"{_sum(row, words)} {sign} {quantity(bound, unit)}"
        if under is not None:
            del left[under]
            text = f"{quantity(-under[1], unit)} <= {text}"
        found.append(f"{word} {text}")
    return found


def _of_every_point(side: Row) -> bool:
    row, bound, sign = side
    holds = {"==": bound == 0, "<=": bound >= 0, "<": bound > 0}
    return not any(row) and holds[sign]


def condition(sides: Sequence[Row], words: Words) -> str:
    """The set with these rows as a condition."""
    return " and ".join(text.strip() for text in clauses("", sides, words)) or "true"


def _point(left: dict[Row, None], words: Words, first: int, last: int) -> str | None:
    """The value of one member of which every part has one; the rows that say so are taken out."""
    rows: list[Row] = []
    for axis in range(first, last):
        unit = tuple(Fraction(k == axis) for k in range(len(words.names)))
        rows += [row for row in left if row[0] == unit and row[2] == "=="][:1]
    if len(rows) < last - first:
        return None
    for row in rows:
        del left[row]
    scale = words.units[first]
    if len(rows) == 1:
        return quantity(rows[0][1], scale)
    return f"[{', '.join(bare(bound, scale) for _, bound, _ in rows)}]"


def _box(
    left: dict[Row, None],
    words: Words,
    member: tuple[str, int, int],
    by: tuple[str, int, int] | None,
) -> str | None:
    """The rows that bound one member, relative to another one, as a box; they are taken out."""
    name, first, last = member
    width = len(words.names)
    sides: list[tuple[list[Row], list[Row]]] = []
    for axis in range(first, last):
        unit = [ZERO] * width
        unit[axis] = Fraction(1)
        if by is not None:
            unit[by[1] + axis - first] = Fraction(-1)
        turned = [-a for a in unit]
        sides.append(
            (
                [r for r in left if r[0] == tuple(turned) and r[2] == "<="],
                [r for r in left if r[0] == tuple(unit) and r[2] == "<="],
            )
        )
    if not all(low and high for low, high in sides):
        return None
    scale = words.units[first]
    lower = [bare(max(-r[1] for r in low), scale) for low, _ in sides]
    upper = [bare(min(r[1] for r in high), scale) for _, high in sides]
    for low, high in sides:
        for row in (*low, *high):
            left.pop(row, None)
    if last - first == 1 and by is None:
        symbol = f" {scale.symbol}" if scale else ""
        return f"{name} in {lower[0]}{symbol} .. {upper[0]}{symbol}"
    text = f"box(lower = {_listed(lower)}, upper = {_listed(upper)})"
    if by is not None:
        text = f"translate({text}, by = {by[0]})"
    return f"{name} in {text}"


def _listed(values: Sequence[str]) -> str:
    return values[0] if len(set(values)) == 1 else f"[{', '.join(values)}]"


def _sum(row: Sequence[Fraction], words: Words) -> str:
    parts = [(a, name) for a, name in zip(row, words.names, strict=True) if a]
    return _terms((_factor(a), name, a < 0) for a, name in parts)


def _factor(value: Fraction) -> str:
    text = decimal(abs(value)) or f"{abs(value.numerator)} / {value.denominator}"
    return "" if text == "1" else f"{text} * "


def _terms(parts: Iterable[tuple[str, str, bool]]) -> str:
    text = ""
    for factor, name, negative in parts:
        sign = (" - " if negative else " + ") if text else ("-" if negative else "")
        text += f"{sign}{factor}{name}"
    return text or "0"


def still(words: Words) -> str:
    """The velocity 0 as a value to compare with."""
    return "0" if words.moved == 1 else f"[{', '.join(['0'] * words.moved)}]"


# ---- tables ------------------------------------------------------------------------------------


def course(plan: Plan, words: Words, rate: Unit | None, indent: int) -> list[str]:
    """The lines between the braces of a table."""
    margin = " " * indent
    if isinstance(plan, Cut):
        name, unit = words.names[plan.axis], words.units[plan.axis]
        return [
            f"{margin}if {name} <= {quantity(plan.bound, unit)} {{",
            *course(plan.below, words, rate, indent + 4),
            f"{margin}}} else {{",
            *course(plan.above, words, rate, indent + 4),
            f"{margin}}}",
        ]
    lines = []
    for piece in plan.pieces:
        share = 2 / piece.duration
        points = zip(piece.points[1], piece.points[2], strict=True)
        forms = [_minus(last, middle, share) for middle, last in points]
        time = quantity(piece.duration, UNITS["s"])
        lines.append(f"{margin}velocity {velocity(forms, words, rate)} after {time}")
    return lines


def _minus(one: Affine, other: Affine, factor: Fraction) -> Affine:
    pairs = zip(one.linear, other.linear, strict=True)
    constant = factor * (one.constant - other.constant)
    return Affine(constant, tuple(factor * (a - b) for a, b in pairs))


def velocity(forms: Sequence[Affine], words: Words, rate: Unit | None) -> str:
    """A velocity as an expression over the start."""
    if not any(form.constant or any(form.linear) for form in forms):
        return "0"
    whole = _common(forms, words)
    if whole is not None:
        return whole
    texts = [_form(form, words, rate) for form in forms]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _common(forms: Sequence[Affine], words: Words) -> str | None:
    """`f * (r - x)` where that is what it is, for every axis alike."""
    for member, first, last in words.rigid:
        factor = -forms[0].linear[0]
        if last - first != words.moved or words.moved == 1 or factor <= 0:
            continue
        expected = [
            Affine(
                ZERO,
                tuple(
                    factor * ((k == first + axis) - (k == axis)) for k in range(len(words.names))
                ),
            )
            for axis in range(words.moved)
        ]
        text = decimal(factor)
        if list(forms) == expected and text is not None:
            return f"{text} 1/s * ({member} - {words.members[0][0]})"
    return None


def _form(form: Affine, words: Words, rate: Unit | None) -> str:
    parts: list[tuple[str, str, bool]] = []
    if form.constant or not any(form.linear):
        parts.append(("", quantity(abs(form.constant), rate), form.constant < 0))
    for k, (a, name) in enumerate(zip(form.linear, words.names, strict=True)):
        is_rate = words.moved <= k < words.moved + words.rates
        if a:
            factor = quantity(abs(a), None if is_rate else UNITS_PER_SECOND)
            parts.append((f"{factor} * ", name, a < 0))
    return _terms(parts)


UNITS_PER_SECOND = Unit("1/s", Fraction(1), UNITS["s"].dimension ** -1)
