"""Certificates: what an auditor needs to accept an answer without any solver.

An entailment is certified by a refutation of its assertions, existence by a point.

Assertions of an entailment, in this order: every hypothesis, then the negation of the conjunction
of all goals. Of an existence that is refuted: every fact. They are brought into negation normal
form (`Not` only before Proposition and Choice; `not (a <= b)` becomes `b < a`; `not (a == b)`
becomes `a < b or b < a`; implications and equivalences become `or`/`and`), conjunctions are
flattened depth first, and the resulting facts are numbered from 0. A case adds its facts, flattened
in the same way, behind those that are known on its branch.

A leaf closes its branch in one of these ways:

- `Clash(i, j)`: fact i is the negation of fact j, or both give one enumeration variable different
  labels; `Clash(i, i)` says that fact i is `false`.
- `NoLabel(name, version, facts)`: the facts deny every label of an enumeration variable.
- `Combination`: the polynomial sum of lambda_i (right_i - left_i) + sum of d_j (square_j)^2 +
  constant is identically zero, with lambda_i >= 0 for `<=` and `<` and of any sign for `==`,
  d_j >= 0, and either constant > 0, or constant == 0 and some strict fact has lambda_i > 0.
  (Farkas' lemma and Motzkin's transposition theorem; with squares, a Positivstellensatz
  certificate of degree two after Stengle.)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.evaluate import Value
from verifier.core.term import Formula, Key


@dataclass(frozen=True, slots=True)
class Clash:
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class NoLabel:
    name: str
    version: int
    facts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Square:
    """`weight * (constant + sum of coefficient * variable)^2`."""

    weight: Fraction
    constant: Fraction
    coefficients: tuple[tuple[Key, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Combination:
    multipliers: tuple[tuple[int, Fraction], ...]
    squares: tuple[Square, ...]
    constant: Fraction


@dataclass(frozen=True, slots=True)
class SplitOr:
    """Fact `fact` is a disjunction; one branch a disjunct, in order."""

    fact: int
    branches: tuple[Refutation, ...]


@dataclass(frozen=True, slots=True)
class SplitOn:
    """Excluded middle: the first branch adds `formula`, the second its negation."""

    formula: Formula
    yes: Refutation
    no: Refutation


Refutation: TypeAlias = Clash | NoLabel | Combination | SplitOr | SplitOn


@dataclass(frozen=True, slots=True)
class Point:
    """An assignment that makes every fact of an existence true."""

    values: tuple[tuple[Key, Value], ...]


Certificate: TypeAlias = Refutation | Point
