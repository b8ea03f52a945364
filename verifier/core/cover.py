"""Claims about every point of a box, and what shows them: the data that finder and judge share.

A claim says that wherever in the box all guards are >= 0 (the box is closed), the goal is >= 0, or
> 0 if it is strict. Barrier conditions have this form.

A `Cover` cuts the box into smaller ones, down to leaves. A leaf with weight w >= 0 and multipliers
m_i >= 0 says that on its box  w goal - sum of m_i guard_i  is >= 0; and > 0 if w is zero or the
claim is strict. With w > 0 the goal then inherits the sign, with w = 0 the guards cannot hold.
(With no cut and affine terms this is Farkas' lemma over the box; otherwise the S-procedure, box by
box.) The sign is read off an enclosure, which the judge computes afresh; or, where a leaf names the
point at which the combination is lowest, off its value there, once it is shown to be convex. This
is for bounds that are met with equality somewhere inside. The enclosure:

- `abs`, `min` and `max` whose choice is the same all over the box are replaced by what they choose;
- the combination is brought into the normal form of a polynomial over its atoms: variables, and
  what is no polynomial (an application of a function, a quotient). An atom that is no variable
  ranges over an enclosure of its own;
- a polynomial over a box lies between the least and the greatest of its Bernstein coefficients
  (G. T. Cargo and O. Shisha, The Bernstein form of a polynomial, 1966).

A `Violation` is a point of the box that breaks the claim. A `Crossing` encloses one on a segment,
for claims two of whose guards say that a term is zero: the term changes sign along the segment, and
all along it the other guards hold and the goal is broken.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.obligation import Entailment
from verifier.core.term import (
    And,
    Comparison,
    Formula,
    Key,
    Number,
    Term,
    Variable,
    subtract,
    term_variables,
)

Side: TypeAlias = tuple[Key, Fraction, Fraction]
Point: TypeAlias = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """Each side of the box is a variable with its lower and upper end, different variables."""

    box: tuple[Side, ...]
    guards: tuple[Term, ...]
    goal: Term
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """An entailment read as a claim; `exact` says that a counterexample of the claim is one of the
    entailment, because nothing that is known was left out or weakened."""

    claim: Claim
    exact: bool


def reading(question: Entailment) -> Reading | None:
    """The claim that implies the entailment: bounds of variables by numbers are the box, `a <= b`
    is the guard b - a, `a < b` too, `a == b` is two guards, and what is no comparison is left out.
    None where a variable of the rest has no bounds, or where the goal is not one inequality."""
    match question.goals:
        case (goal,):
            pass
        case _:
            return None
    match goal.formula:
        case Comparison("<=" | "<" as relation, left, right):
            aim = subtract(right, left)
        case _:
            return None
    sides: dict[Key, tuple[Fraction | None, Fraction | None]] = {}
    guards: list[Term] = []
    exact = True
    for formula in _flat([fact.formula for fact in question.hypotheses]):
        match formula:
            case Comparison("<=", Number(low), Variable(name, version)):
                before = sides.get((name, version), (None, None))
                sides[name, version] = (
                    low if before[0] is None else max(low, before[0]),
                    before[1],
                )
            case Comparison("<=", Variable(name, version), Number(high)):
                before = sides.get((name, version), (None, None))
                least = high if before[1] is None else min(high, before[1])
                sides[name, version] = before[0], least
            case Comparison(strict, one, other):
                guards.append(subtract(other, one))
                if strict == "==":
                    guards.append(subtract(one, other))
                exact = exact and strict != "<"
            case _:
                exact = False
    box = []
    bounded = {key for key, ends in sides.items() if None not in ends}
    for key in sorted(bounded.union(*(term_variables(term) for term in (aim, *guards)))):
        low_end, high_end = sides.get(key, (None, None))
        if low_end is None or high_end is None or low_end > high_end:
            return None
        box.append((key, low_end, high_end))
    return Reading(Claim(tuple(box), tuple(guards), aim, relation == "<"), exact)


def _flat(formulas: list[Formula]) -> list[Formula]:
    found: list[Formula] = []
    for formula in formulas:
        found += _flat(list(formula.parts)) if isinstance(formula, And) else [formula]
    return found


@dataclass(frozen=True, slots=True)
class Leaf:
    """`lowest` has the order of the box."""

    weight: Fraction
    multipliers: tuple[tuple[int, Fraction], ...]
    lowest: Point | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """`below` is the part with variable number `side` at most `at`, `above` the other one."""

    side: int
    at: Fraction
    below: Cover
    above: Cover


Cover: TypeAlias = Leaf | Cut


@dataclass(frozen=True, slots=True)
class Violation:
    """Values in the order of the box."""

    point: Point


@dataclass(frozen=True, slots=True)
class Crossing:
    """Guards number `positive` and `negative` are each other's negation; the first is negative at
    `start` and positive at `end`, or the other way round."""

    positive: int
    negative: int
    start: Point
    end: Point
