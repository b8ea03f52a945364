"""Square roots of rationals: exact where they are rational, else rounded to one known side."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isqrt
from typing import TypeAlias

Root: TypeAlias = Callable[[Fraction], Fraction]
"""A square root of a number >= 0, rounded to a known side."""

BITS = 128
"""Of the result that are correct where it is rounded."""


def rational_root(square: Fraction) -> Fraction | None:
    """The root, if it is rational."""
    top, bottom = isqrt(square.numerator), isqrt(square.denominator)
    if top * top == square.numerator and bottom * bottom == square.denominator:
        return Fraction(top, bottom)
    return None


def root_below(square: Fraction, bits: int = BITS) -> Fraction:
    """The root, or a number just below it."""
    exact = rational_root(square)
    if exact is not None:
        return exact
    shift, scaled = _scaled(square, bits)
    return Fraction(isqrt(scaled)) / shift


def root_above(square: Fraction, bits: int = BITS) -> Fraction:
    """The root, or a number just above it."""
    exact = rational_root(square)
    if exact is not None:
        return exact
    shift, scaled = _scaled(square, bits)
    return Fraction(isqrt(scaled) + 1) / shift


def _scaled(square: Fraction, bits: int) -> tuple[Fraction, int]:
    """A power of two, and the integer part of the square times its square, of about 2 bits."""
    missing = 2 * bits - square.numerator.bit_length() + square.denominator.bit_length()
    exponent = max(missing, 0) // 2 + 1
    return Fraction(2**exponent), square.numerator * 4**exponent // square.denominator
