"""Claims about boxes, decided: by cutting first, then by z3 for what is algebraic; before that by
walks downhill, where there are many variables.

z3 knows nothing of sines, so it is asked only where there are none; its `no` has no certificate
that the judge could read (`SolverWord`), its point is tried exactly, and where it is irrational
nearby.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.cover import Claim, Cover, Crossing, Cut, Leaf, Violation
from verifier.core.term import (
    Apply,
    Comparison,
    Formula,
    Number,
    Product,
    Quotient,
    Real,
    Sort,
    Sum,
    Term,
    Variable,
    number,
)
from verifier.core.unit import NONE
from verifier.core.verdict import SolverWord
from verifier.solve import smt
from verifier.solve.branch import Effort, Undecided, decide
from verifier.solve.counterexample import breaks, crossing_near
from verifier.solve.descent import walked

FIRST = Effort(boxes=300, seconds=20.0)
THEN = Effort(boxes=4000, seconds=30.0)
MANY = 4  # variables from which on a counterexample is sought by walking before boxes are cut
ALGEBRAIC = ("abs", "min", "max")


@dataclass(frozen=True, slots=True)
class Valid:
    evidence: Cover | SolverWord


@dataclass(frozen=True, slots=True)
class Invalid:
    evidence: Violation | Crossing


Answer: TypeAlias = Valid | Invalid | Undecided


def settle(claim: Claim, timeout_s: float = 10.0, effort: Effort = THEN) -> Answer:
    """Whether the claim holds; what is found has still to be judged (verifier/check/cover.py)."""
    broken = walked(claim) if len(claim.box) >= MANY else None
    if broken is not None:
        return Invalid(broken)
    found = decide(claim, _smaller(FIRST, effort))
    if not isinstance(found, Undecided):
        return _answer(found)
    reasons: tuple[str, ...] = ()
    if all(map(_algebraic, (claim.goal, *claim.guards))):
        said = _asked(claim, timeout_s)
        if not isinstance(said, Undecided):
            return said
        reasons = (said.reason,)
    if effort.boxes > FIRST.boxes:
        found = decide(claim, effort)
    if isinstance(found, Undecided):
        return Undecided("; ".join((found.reason, *reasons)))
    return _answer(found)


def _smaller(one: Effort, other: Effort) -> Effort:
    return Effort(min(one.boxes, other.boxes), min(one.seconds, other.seconds))


def _answer(found: Leaf | Cut | Violation | Crossing | Undecided) -> Answer:
    if isinstance(found, Leaf | Cut):
        return Valid(found)
    return found if isinstance(found, Undecided) else Invalid(found)


def _algebraic(term: Term) -> bool:
    match term:
        case Number() | Variable():
            return True
        case Sum(parts) | Product(parts):
            return all(map(_algebraic, parts))
        case Quotient(above, below):
            return _algebraic(above) and _algebraic(below)
        case Apply(function, parts):
            return function in ALGEBRAIC and all(map(_algebraic, parts))


def _asked(claim: Claim, timeout_s: float) -> Valid | Invalid | Undecided:
    """z3's answer. A denominator that may be zero is none of a claim's business: a claim is asked
    for where everything in it is defined, so where it may not be, nothing is said."""
    if any(_divides(term) for term in (claim.goal, *claim.guards)):
        return Undecided("z3 is not asked about quotients")
    sorts: dict[str, Sort] = {key[0]: Real(NONE) for key, _, _ in claim.box}
    answer = smt.satisfy(tuple(_broken(claim)), sorts, timeout_s)
    match answer:
        case smt.Unsatisfiable():
            return Valid(SolverWord("z3", "no cover was found"))
        case smt.NoAnswer(reason):
            return Undecided(reason)
        case smt.Model(values, _):
            point = []
            for key, low, high in claim.box:
                value = values.get(key, low)
                assert isinstance(value, Fraction)
                point.append(min(max(value, low), high))
            if breaks(claim, tuple(point)):
                return Invalid(Violation(tuple(point)))
            crossing = crossing_near(claim, tuple(point))
            if crossing is not None:
                return Invalid(crossing)
            return Undecided("z3: a point that cannot be written with rational numbers")


def _divides(term: Term) -> bool:
    match term:
        case Quotient():
            return True
        case Sum(parts) | Product(parts) | Apply(_, parts):
            return any(map(_divides, parts))
        case _:
            return False


def _broken(claim: Claim) -> Iterator[Formula]:
    for (name, version), low, high in claim.box:
        yield Comparison("<=", Number(low), Variable(name, version))
        yield Comparison("<=", Variable(name, version), Number(high))
    for guard in claim.guards:
        yield Comparison("<=", number(0), guard)
    yield Comparison("<=" if claim.strict else "<", claim.goal, number(0))
