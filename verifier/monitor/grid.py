"""Samples on a grid: one bit for each tick of a bound is all that has to wait.

Where the stamps of all samples are whole multiples of one tick apart, when a sample came is the
place of its bit, and no stamp has to be kept. A ring has the bits of the latest `size` ticks, the
newest at 0; ticks without a sample are false.

    once[a, b], since[a, b]    a bit is lost when it is a old: the latest of those is the witness
    eventually[a, b]           the oldest trigger younger than a is what a response leaves open

The emitted C keeps the same bits with a bit for each block that is not empty, so that a step after
a gap does the same work as any other (runtime/guard_grid.h).
"""

from __future__ import annotations

from dataclasses import dataclass

WORD_BITS = 64
BLOCK_WORDS = 8


def useful_grid(period_ns: int | None, grid_ns: int | None) -> int | None:
    """The grid, if a bit for each of its ticks takes less than a stamp for each sample."""
    if period_ns is None or grid_ns is None or grid_ns * WORD_BITS < period_ns:
        return None
    return grid_ns


def ticks_in(bound_ns: int, grid_ns: int) -> int:
    """The least number of ticks that is not shorter than the bound."""
    return -(-bound_ns // grid_ns)


def ring_words(size: int) -> int:
    """The words of a ring in C, with those that say which blocks are not empty."""
    words = -(-size // WORD_BITS)
    return words + -(-words // (BLOCK_WORDS * WORD_BITS))


@dataclass(slots=True)
class Ring:
    """Changes in place. Bit d of `bits` is true of the sample d ticks before the newest."""

    size: int
    bits: int = 0


def push(ring: Ring, ticks: int, value: bool) -> int | None:
    """A sample so many ticks after the newest joins. Of what leaves with a bit: how many ticks the
    latest lay before the sample that was the newest until now."""
    nearest = max(0, ring.size - ticks)
    left = ring.bits >> nearest
    kept = 0 if ticks >= ring.size else (ring.bits << ticks) & ((1 << ring.size) - 1)
    ring.bits = kept | value
    return nearest + (left & -left).bit_length() - 1 if left else None


def oldest(ring: Ring) -> int | None:
    """How many ticks the oldest bit lies before the newest sample."""
    return ring.bits.bit_length() - 1 if ring.bits else None
