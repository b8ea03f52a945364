"""Certificates: what an auditor needs to accept an answer without any solver.

An entailment is certified by a refutation of its assertions, or, if it can be read as a claim about
a box, by a cover (verifier/core/cover.py); existence by a point; a realization by a refutation of
its hypotheses together with what its choices say; a passage by a family of motions that has the
plan asked for (verifier/core/motion.py). Questions about time and resources have certificates of
their own, described where they are declared: networks in network.py, tasks in schedule.py, budgets
in budget.py.

Assertions of an entailment, in this order: every hypothesis, then the negation of the conjunction
of all goals. Of an existence that is refuted: every fact. They are brought into negation normal
form (`Not` only before Proposition and Choice; `not (a <= b)` becomes `b < a`; `not (a == b)`
becomes `a < b or b < a`; `a implies b` becomes `not a or b`; `a iff b` becomes `(not a or b) and
(not b or a)`, its negation `(a or b) and (not a or not b)`; a disjunction of one formula is that
formula, of none is `false`), conjunctions are flattened depth first, and the resulting facts are
numbered from 0. Disjunctions inside a disjunction are not flattened. A case adds its facts,
flattened in the same way, behind those that are known on its branch.

Inside a polynomial, a quotient by something that is no number and the application of a function
stand for themselves, as if they were variables. What is undefined somewhere cannot be a goal.

`Chosen(values, rest)` adds, in a realization, the negation of the conjunction of all goals with
these values in place of the chosen variables: that no values make the goals true is said of these,
too (instantiation; Herbrand 1930). A value may read what the hypotheses read, so that an affine
choice is a vector of affine terms; several choices in one branch are choices by cases.

A leaf closes its branch in one of these ways:

- `Clash(i, j)`: fact i is the negation of fact j, or both give one enumeration variable different
  labels; `Clash(i, i)` says that fact i is `false`.
- `NoLabel(name, version, facts)`: the facts deny every label of an enumeration variable.
- `Combination`: the polynomial sum of lambda_i (right_i - left_i) + sum of d_j (square_j)^2 +
  sum of n_ij (right_i - left_i)(right_j - left_j) + sum of e_k variable_k (right_k - left_k) +
  constant is identically zero, with lambda_i >= 0 for `<=` and `<` and of any sign for `==`,
  d_j >= 0, products only of `<=` and `<` and with n_ij >= 0, equations only of `==` and with e_k of
  any sign, and either constant > 0, or constant == 0 and some strict fact has lambda_i > 0, or two
  strict facts have n_ij > 0. (Farkas' lemma and Motzkin's transposition theorem; with squares and
  products, a Positivstellensatz certificate of degree two after Stengle and Handelman.)
- `SumOfSquares`: the polynomial sum of weight_k (form_k)^2 (product of the gaps right - left of
  the facts of k) + sum of factor_j (right_j - left_j) + constant is identically zero, with
  weights >= 0, facts of k only `<=` and `<`, factors (any polynomials) only of `==`, and either
  constant > 0, or constant == 0 and some form_k is a number other than 0, with weight > 0 and
  facts that are all strict, at least one. (A Positivstellensatz certificate of any degree:
  Stengle 1974, Putinar 1993; found by semidefinite programs, Parrilo 2003.)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.budget import Peak
from verifier.core.cover import Cover
from verifier.core.evaluate import Value
from verifier.core.motion import Family, Strayed
from verifier.core.network import (
    AdversaryTree,
    Demands,
    NegativeCycle,
    Run,
    Strategy,
    StrategyTree,
)
from verifier.core.schedule import BusyPeriod, Missed, Overload, ResponseTime, Utilisation
from verifier.core.substitution import Stand
from verifier.core.term import Apply, Formula, Key


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
    products: tuple[tuple[int, int, Fraction], ...] = ()
    equations: tuple[tuple[int, Key, Fraction], ...] = ()


Terms: TypeAlias = tuple[tuple[tuple[Key, ...], Fraction], ...]
"""A polynomial: coefficients by monomials, which are products of variables."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """`weight * form^2 * the product of the gaps of the facts`."""

    facts: tuple[int, ...]
    weight: Fraction
    form: Terms


@dataclass(frozen=True, slots=True)
class SumOfSquares:
    squares: tuple[Weighted, ...]
    equations: tuple[tuple[int, Terms], ...]
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


@dataclass(frozen=True, slots=True)
class Meaning:
    """Adds what a function means as a fact. With t for the `term` itself, for `abs(a)`:
    `(0 <= a and t == a) or (a < 0 and t == -1 * a)`; for `min(a_1, …, a_n)`, the disjunction over i
    of `t == a_i and a_i <= a_1 and … and a_i <= a_n`; for `max` with the comparisons turned."""

    term: Apply
    rest: Refutation


@dataclass(frozen=True, slots=True)
class Chosen:
    """Adds the negated goals with a value for every chosen variable."""

    values: tuple[tuple[Key, Stand], ...]
    rest: Refutation


Refutation: TypeAlias = (
    Clash | NoLabel | Combination | SumOfSquares | SplitOr | SplitOn | Meaning | Chosen
)


@dataclass(frozen=True, slots=True)
class Point:
    """An assignment that makes every fact of an existence true."""

    values: tuple[tuple[Key, Value], ...]


Measured: TypeAlias = Strategy | StrategyTree | ResponseTime | Utilisation | BusyPeriod | Peak
Certificate: TypeAlias = Refutation | Point | Family | Cover | Measured
Counterexample: TypeAlias = (
    Run | NegativeCycle | Demands | AdversaryTree | Missed | Overload | Peak | Strayed
)
"""What refutes a question about time, resources or a motion; judged like a certificate."""
