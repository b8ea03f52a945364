"""Units of measurement: SI dimensions with the plane angle kept apart, and exact scale factors.

A dimension is a vector of exponents over length, mass, time, angle and computation (VIM 1.7, with
the angle added so that `rad` and `m` cannot be confused, and operations so that `FLOPS` and `Hz`
cannot). A unit is a dimension and the exact rational number
of base units in it.

The degree is not a rational number of radians. In this language `deg` *is* the rational DEGREE
below, which differs
from pi/180 by less than 1e-40; see docs/decisions/002-exact-degree.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Dimension:
    """Exponents of the base quantities."""

    length: int = 0
    mass: int = 0
    time: int = 0
    angle: int = 0
    operations: int = 0

    def __mul__(self, other: Dimension) -> Dimension:
        return Dimension(
            self.length + other.length,
            self.mass + other.mass,
            self.time + other.time,
            self.angle + other.angle,
            self.operations + other.operations,
        )

    def __pow__(self, exponent: int) -> Dimension:
        return Dimension(
            self.length * exponent,
            self.mass * exponent,
            self.time * exponent,
            self.angle * exponent,
            self.operations * exponent,
        )

    def __truediv__(self, other: Dimension) -> Dimension:
        return self * other**-1

    def __str__(self) -> str:
        """The dimension in base units, `kg m/s^2`; `1` where it has none."""
        symbols = (
            *(("kg", self.mass), ("m", self.length), ("rad", self.angle)),
            *(("FLOP", self.operations), ("s", self.time)),
        )
        over = [_power(symbol, n) for symbol, n in symbols if n > 0]
        under = [_power(symbol, -n) for symbol, n in symbols if n < 0]
        return "/".join([" ".join(over) or "1", *under])


def _power(symbol: str, exponent: int) -> str:
    return symbol if exponent == 1 else f"{symbol}^{exponent}"


NONE = Dimension()
LENGTH = Dimension(length=1)
MASS = Dimension(mass=1)
TIME = Dimension(time=1)
ANGLE = Dimension(angle=1)
COMPUTING = Dimension(operations=1, time=-1)
FORCE = MASS * LENGTH / TIME**2
TORQUE = FORCE * LENGTH

_NAMES = {
    NONE: "a plain number",
    LENGTH: "a length",
    MASS: "a mass",
    TIME: "a time",
    ANGLE: "an angle",
    FORCE: "a force",
    TORQUE: "a torque",
    TIME**-1: "a rate",
    LENGTH / TIME: "a speed",
    LENGTH / TIME**2: "an acceleration",
    COMPUTING: "a computing rate",
    ANGLE / TIME: "an angular speed",
    ANGLE / TIME**2: "an angular acceleration",
}


def quantity_name(dimension: Dimension) -> str:
    """What a reader calls a quantity of this dimension: `a length`, `a quantity in kg/s`."""
    return _NAMES.get(dimension, f"a quantity in {dimension}")


# 3.14159265358979323846264338327950288419716939937510 / 180
DEGREE = Fraction(314159265358979323846264338327950288419716939937510, 180 * 10**50)


@dataclass(frozen=True, slots=True)
class Unit:
    """`symbol` as the user writes it; one of it is `scale` base units of `dimension`."""

    symbol: str
    scale: Fraction
    dimension: Dimension


def _table() -> dict[str, Unit]:
    rows: list[tuple[str, Fraction, Dimension]] = [
        ("m", Fraction(1), LENGTH),
        ("km", Fraction(1000), LENGTH),
        ("dm", Fraction(1, 10), LENGTH),
        ("cm", Fraction(1, 100), LENGTH),
        ("mm", Fraction(1, 1000), LENGTH),
        ("um", Fraction(1, 10**6), LENGTH),
        ("rad", Fraction(1), ANGLE),
        ("mrad", Fraction(1, 1000), ANGLE),
        ("deg", DEGREE, ANGLE),
        ("s", Fraction(1), TIME),
        ("ms", Fraction(1, 1000), TIME),
        ("us", Fraction(1, 10**6), TIME),
        ("ns", Fraction(1, 10**9), TIME),
        ("min", Fraction(60), TIME),
        ("h", Fraction(3600), TIME),
        ("Hz", Fraction(1), TIME**-1),
        ("kHz", Fraction(1000), TIME**-1),
        ("kg", Fraction(1), MASS),
        ("g", Fraction(1, 1000), MASS),
        ("N", Fraction(1), FORCE),
        ("mN", Fraction(1, 1000), FORCE),
        ("kN", Fraction(1000), FORCE),
        ("Nm", Fraction(1), TORQUE),
        ("J", Fraction(1), TORQUE),
        ("W", Fraction(1), TORQUE / TIME),
        ("Pa", Fraction(1), FORCE / LENGTH**2),
        ("GFLOPS", Fraction(10**9), COMPUTING),
        ("TFLOPS", Fraction(10**12), COMPUTING),
    ]
    return {symbol: Unit(symbol, scale, dimension) for symbol, scale, dimension in rows}


UNITS: dict[str, Unit] = _table()

_FACTOR = re.compile(r"([*/]?)\s*([A-Za-z]+|1)(?:\^(-?[0-9]{1,2}))?\s*")


def parse_unit(text: str) -> Unit | None:
    """The unit that `text` writes (`rad/s`, `m/s^2`, `N*m`, `1/s`); None if a symbol is unknown."""
    scale, dimension, position = Fraction(1), NONE, 0
    while position < len(text):
        match = _FACTOR.match(text, position)
        if match is None or (position == 0) != (match[1] == ""):
            return None
        if match[2] != "1":
            factor = UNITS.get(match[2])
            if factor is None:
                return None
            exponent = int(match[3] or "1") * (-1 if match[1] == "/" else 1)
            scale *= factor.scale**exponent
            dimension = dimension * factor.dimension**exponent
        position = match.end()
    return Unit(text, scale, dimension) if text else None
