"""How much of a resource is in use at one moment, at the most.

Users are the leaves of a tree: what stands in `Together` may be in use at the same time, of what
stands in `OneOf` never two parts are. Nodes are numbered from 0 in preorder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.span import Span
from verifier.core.unit import Unit


@dataclass(frozen=True, slots=True)
class Share:
    """A user and its amount, in base units, not negative."""

    name: str
    amount: Fraction
    span: Span


@dataclass(frozen=True, slots=True)
class Together:
    parts: tuple[Usage, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    parts: tuple[Usage, ...]


Usage: TypeAlias = Share | Together | OneOf


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that is in use at one moment lies between `low` and `high`, in base units; None is
    no bound. `unit` is what readers see amounts in."""

    usage: Usage
    low: Fraction | None
    high: Fraction | None
    unit: Unit
    span: Span


def parts_of(usage: Usage) -> tuple[Usage, ...]:
    """The nodes directly below."""
    return () if isinstance(usage, Share) else usage.parts


def nodes(usage: Usage) -> Iterator[Usage]:
    """Every node in preorder."""
    yield usage
    for part in parts_of(usage):
        yield from nodes(part)


# ---- evidence ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Peak:
    """A proof or a refutation of a budget, as far as it is needed.

    `bounds` gives every node an amount that its users do not exceed: at least a share's own, at
    least the sum of those of parts together, at least each of those of parts of which there is one.
    The root's shows that a peak is at most so much. `users` are the numbers of shares that may be
    in use at the same time, of which no two stand in different parts of a `OneOf`: their sum shows
    that a peak is at least so much.
    """

    bounds: tuple[Fraction, ...]
    users: tuple[int, ...]
