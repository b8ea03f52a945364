"""Keeps: wherever a barrier holds, what it is there for holds, too."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.core.obligation import Fact, Obligation
from verifier.core.term import (
    And,
    Comparison,
    Formula,
    Implies,
    Not,
    Or,
    Truth,
    negation,
)
from verifier.obligations.control import Group, entailed, levels


def keeps(group: Group) -> list[Obligation]:
    """One obligation for each inequality of what a barrier keeps."""
    owed = []
    for row in group.rows:
        wanted = [
            part for formula in row.barrier.keeps for part in _parts(pushed(formula, positive=True))
        ]
        for number, (others, goal) in enumerate(wanted, start=1):
            part = "keeps" if len(wanted) == 1 else f"keeps/{number}"
            known = [*levels(row), *(Fact(f, row.barrier.span, "otherwise") for f in others)]
            told = f"`{row.name}` holds where what it keeps does not"
            owed.append(entailed(group, row, "keeps", part, known, goal, told))
    return owed


def pushed(formula: Formula, *, positive: bool) -> Formula:
    """The formula, or its negation, with `not` only before what is no comparison."""
    match formula:
        case Truth(value):
            return Truth(value == positive)
        case Not(body):
            return pushed(body, positive=not positive)
        case And(parts):
            inner = tuple(pushed(part, positive=positive) for part in parts)
            return And(inner) if positive else Or(inner)
        case Or(parts):
            inner = tuple(pushed(part, positive=positive) for part in parts)
            return Or(inner) if positive else And(inner)
        case Implies(premise, conclusion):
            either = (pushed(premise, positive=not positive), pushed(conclusion, positive=positive))
            return Or(either) if positive else And((pushed(premise, positive=True), either[1]))
        case Comparison(relation, left, right) if not positive:
            if relation == "==":
                return Or((Comparison("<", left, right), Comparison("<", right, left)))
            return Comparison("<" if relation == "<=" else "<=", right, left)
        case Comparison():
            return formula
        case _:
            return formula if positive else negation(formula)


def _parts(formula: Formula) -> Iterator[tuple[tuple[Formula, ...], Formula]]:
    """(known, goal) for each inequality: of a disjunction, the last part has to hold where all
    others fail."""
    match formula:
        case And(parts):
            for part in parts:
                yield from _parts(part)
        case Or(parts):
            *others, last = parts
            for known, goal in _parts(last):
                yield (*(pushed(other, positive=False) for other in others), *known), goal
        case Comparison("==", left, right):
            yield (), Comparison("<=", left, right)
            yield (), Comparison("<=", right, left)
        case _:
            yield (), formula
