"""Where a family of motions may be at what time: what the contract of a transition states.

The curve of a piece lies in the hull of its control points, which are affine in the start: the box
around their least and greatest values over all starts holds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.core.cell import box_rows, surrounding
from verifier.core.motion import (
    Affine,
    Box,
    Family,
    Motion,
    Plan,
    Polytope,
    Problem,
    Starts,
    Vector,
)
from verifier.core.starts import around, greatest


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `begin` to `end`, in seconds after the start, the position is in region number `region`
    of the family, and in the box `around`."""

    begin: Fraction
    end: Fraction
    region: int
    around: Box


def parts(starts: Starts, plan: Plan) -> Iterator[tuple[Starts, Motion]]:
    """The starts that each motion of the plan serves; only boxes are cut."""
    todo: list[tuple[Starts, Plan]] = [(starts, plan)]
    while todo:
        part, chosen = todo.pop()
        if isinstance(chosen, Motion):
            yield part, chosen
            continue
        assert isinstance(part, Box)
        axis = chosen.axis
        upper = min(chosen.bound, part.upper[axis])
        lower = max(chosen.bound, part.lower[axis])
        todo.append((replace(part, lower=_with(part.lower, axis, lower)), chosen.above))
        todo.append((replace(part, upper=_with(part.upper, axis, upper)), chosen.below))


def _with(side: Vector, axis: int, value: Fraction) -> Vector:
    return (*side[:axis], value, *side[axis + 1 :])


def tube(starts: Starts, motion: Motion) -> tuple[Stretch, ...]:
    """The stretches of the motion, for all of these starts."""
    found: list[Stretch] = []
    begin = Fraction(0)
    for piece in motion.pieces:
        sides = [
            (min(low for low, _ in spans), max(high for _, high in spans))
            for spans in (
                [_span(starts, part) for part in column]
                for column in zip(*piece.points, strict=True)
            )
        ]
        around = Box(tuple(low for low, _ in sides), tuple(high for _, high in sides))
        found.append(Stretch(begin, begin + piece.duration, piece.region, around))
        begin += piece.duration
    return tuple(found)


def _span(starts: Starts, value: Affine) -> tuple[Fraction, Fraction]:
    """The least and the greatest value over all starts."""
    turned = Affine(-value.constant, tuple(-a for a in value.linear))
    return -greatest(starts, turned), greatest(starts, value)


def surroundings(problem: Problem, family: Family) -> Box:
    """A box that no motion of the family leaves, from any start."""
    corners: list[Vector] = []
    size = problem.space.dimension
    for starts, plan in zip(problem.starts, family.plans, strict=True):
        box = around(starts)
        corners.extend((box.lower[:size], box.upper[:size]))
        for part, motion in parts(starts, plan):
            for stretch in tube(part, motion):
                corners.extend((stretch.around.lower, stretch.around.upper))
    return surrounding(corners)


def confined(problem: Problem, family: Family) -> tuple[Problem, Family]:
    """The same problem in its surroundings alone, and the family that says so in its regions: that
    the judge accepts the two proves that no motion leaves the surroundings."""
    walls = surroundings(problem, family)
    rows = box_rows(walls)
    regions = tuple(
        replace(
            region,
            body=Polytope((*region.body.rows, *rows.rows), (*region.body.bounds, *rows.bounds)),
        )
        for region in family.regions
    )
    space = replace(problem.space, bounds=walls)
    return replace(problem, space=space), replace(family, regions=regions)
