"""Linear programs as plain values, so that who states one need not know who solves it.

Floating point: what a solver answers is a proposal, never a claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

INFINITY = float("inf")


@dataclass(slots=True)
class Program:
    """Minimize cost . x subject to lower <= x <= upper and low <= row . x <= high.

    The entries of the rows stand one row behind the other: row i has those from number `starts[i]`
    to the next row's, each a column's index and its coefficient, a column once at most. Filled
    while it is being stated; not shared.
    """

    cost: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    indices: list[int] = field(default_factory=list)
    coefficients: list[float] = field(default_factory=list)

    def column(self, lower: float = -INFINITY, upper: float = INFINITY, cost: float = 0.0) -> int:
        """The index of a new variable."""
        self.cost.append(cost)
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.cost) - 1

    def row(
        self, indices: Iterable[int], coefficients: Iterable[float], low: float, high: float
    ) -> int:
        """The index of a new row."""
        self.indices.extend(indices)
        self.coefficients.extend(coefficients)
        self.starts.append(len(self.indices))
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1


@dataclass(frozen=True, slots=True)
class Optimum:
    value: float
    point: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class NoPoint:
    """No point satisfies the rows, says the solver."""


@dataclass(frozen=True, slots=True)
class Stopped:
    reason: str


Solution: TypeAlias = Optimum | NoPoint | Stopped
Minimize: TypeAlias = Callable[[Program], Solution]
Series: TypeAlias = Callable[[], Minimize]
"""Gives a minimizer for programs that are much alike, each of which may start where one ended."""
