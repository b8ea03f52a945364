"""Why there is no transition, in a reader's words, and which part of the starts one serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

from verifier.check.barrier import judge_no_motion
from verifier.check.outcome import Accepted
from verifier.closing.wording import Words, bare, condition
from verifier.core.cell import box_rows, inside
from verifier.core.motion import (
    Barrier,
    Box,
    CannotBrake,
    Impossible,
    Misplaced,
    NoEnd,
    Problem,
    TooFar,
    Vector,
)
from verifier.repair.transition import Tools, served

PARTS_MAX = 4
DEEP = 2


def impossible(problem: Problem, proof: Impossible, words: Words) -> str:
    """The reason, as a statement about one start."""
    allowed = problem.duration_max
    time = "" if allowed is None else f" in the {float(allowed):.4g} s that are left"
    match proof:
        case Misplaced(start):
            return f"{_start(start, words)} is a start that lies {_where(problem, start)}"
        case TooFar(start, axis):
            way = f"along `{words.names[axis]}`"
            return f"from {_start(start, words)} the way {way} is too long{time}"
        case CannotBrake(start, axis):
            return f"from {_start(start, words)} it cannot stop along `{words.names[axis]}`"
        case NoEnd():
            return "no point of what is needed lies in the domain"
        case Barrier(start) if allowed is None or not _reachable(problem, proof):
            return f"no path leads from {_start(start, words)}: obstacles cut it off"
        case Barrier(start):
            return f"every path from {_start(start, words)} takes too long{time}"


def _where(problem: Problem, start: Vector) -> str:
    spot, space = start[: problem.space.dimension], problem.space
    if space.bounds is not None and not inside([spot], box_rows(space.bounds)):
        return "outside of the domain"
    if space.regions is not None and not any(inside([spot], body) for body in space.regions):
        return "outside of the zones"
    return "in an obstacle, or too near to one"


def _reachable(problem: Problem, proof: Barrier) -> bool:
    """Whether the cut alone does not exclude a path; then it is the time that does."""
    return judge_no_motion(replace(problem, duration_max=None), proof) != Accepted()


def _start(start: Sequence[Fraction], words: Words) -> str:
    told = []
    for member, first, last in words.members:
        values = [bare(start[k], words.units[k]) for k in range(first, last)]
        unit = words.units[first]
        symbol = f" {unit.symbol}" if unit else ""
        shown = values[0] if len(values) == 1 else f"[{', '.join(values)}]"
        told.append(f"`{member}` = {shown}{symbol}")
    return ", ".join(told)


def partly(
    problem: Problem, proof: Impossible, tools: Tools, words: Words
) -> tuple[str, ...] | None:
    """Which boxes of starts a transition serves, as conditions; None where none were looked for."""
    if problem.rigid or not all(isinstance(each, Box) for each in problem.starts):
        return None
    late = isinstance(proof, Barrier) and problem.duration_max is not None
    found = served(problem, tools, DEEP - late)
    if found is None:
        return ()
    boxes = _joined([each for each in found[0].starts if isinstance(each, Box)])[:PARTS_MAX]
    return tuple(region(box, words) for box in boxes)


def _joined(boxes: Sequence[Box]) -> list[Box]:
    """The boxes, those that are one box together as one."""
    found = list(boxes)
    for one, other in combinations(boxes, 2):
        pairs = zip(one.lower, one.upper, other.lower, other.upper, strict=True)
        apart = [(a, b, c, d) for a, b, c, d in pairs if (a, b) != (c, d)]
        if one in found and other in found and len(apart) == 1:
            ((a, b, c, d),) = apart
            if max(a, c) <= min(b, d):
                whole = Box(
                    tuple(map(min, one.lower, other.lower)), tuple(map(max, one.upper, other.upper))
                )
                return _joined([whole, *(each for each in found if each not in (one, other))])
    return found


def region(box: Box, words: Words) -> str:
    """The box of starts as a condition."""
    width = len(box.lower)
    units = [tuple(Fraction(k == axis) for k in range(width)) for axis in range(width)]
    rows = [(unit, high, "<=") for unit, high in zip(units, box.upper, strict=True)]
    rows += [
        (tuple(-a for a in unit), -low, "<=") for unit, low in zip(units, box.lower, strict=True)
    ]
    return condition(rows, words)
