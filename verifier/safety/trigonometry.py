"""Sine and cosine that give the same doubles on every machine: the meaning of robot_sine_cosine.

A mathematical library may round as it likes, so its last bit differs between machines. Here only
correctly rounded operations are used. With k the integer next to 2 x / pi, the argument is reduced
to r = x - k pi/2 in three parts (W. J. Cody and W. Waite, Software Manual for the Elementary
Functions, 1980): the first two parts of pi/2 have 41 bits, so their products with |k| < 2^12 are
exact, and so is the first difference. On |r| <= 0.79 the alternating Taylor series are cut where
the next term is below 2^-58. Together the error is at most 2^-51.
"""

from __future__ import annotations

import math

LARGEST = 4096.0  # rad
TWO_OVER_PI = float.fromhex("0x1.45f306dc9c883p-1")
FIRST = float.fromhex("0x1.921fb54443000p+0")
SECOND = float.fromhex("-0x1.73dcb3b398000p-43")
THIRD = float.fromhex("-0x1.d747f23e32ed7p-83")
TO_INTEGER = 1.5 * 2.0**52  # added and subtracted, it rounds to the next integer
ERROR = 2.0**-51

# 1 / n!, with the signs of the series, the last first
SINES = tuple((-1) ** (n // 2) / math.factorial(n) for n in range(17, 2, -2))
COSINES = tuple((-1) ** (n // 2) / math.factorial(n) for n in range(16, 1, -2))


def sine_cosine(x: float) -> tuple[float, float]:
    """(sin x, cos x); NaN twice for what is not finite or beyond LARGEST in size."""
    if not -LARGEST <= x <= LARGEST:
        return math.nan, math.nan
    turns = (x * TWO_OVER_PI + TO_INTEGER) - TO_INTEGER
    r = ((x - turns * FIRST) - turns * SECOND) - turns * THIRD
    square = r * r
    sine = SINES[0]
    for coefficient in SINES[1:]:
        sine = sine * square + coefficient
    sine = r + (r * square) * sine
    cosine = COSINES[0]
    for coefficient in COSINES[1:]:
        cosine = cosine * square + coefficient
    cosine = 1.0 + square * cosine
    quadrant = int(turns) & 3
    if quadrant == 0:
        return sine, cosine
    if quadrant == 1:
        return cosine, -sine
    if quadrant == 2:
        return -sine, -cosine
    return -cosine, sine
