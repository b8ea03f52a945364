"""Whether a claim about a box is shown, or broken: the rules of verifier/core/cover.py, no more.

Trusted. What is accepted here is true, whoever found it; the judge never raises.
"""

from __future__ import annotations

from fractions import Fraction

from verifier.check.bernstein import bounds, combination_bounds
from verifier.check.bowl import bowl_floor
from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.check.survey import rational, survey
from verifier.core.cover import Claim, Cover, Crossing, Cut, Leaf, Point, Violation
from verifier.core.term import (
    Apply,
    Key,
    Number,
    Product,
    Quotient,
    Real,
    Sort,
    Sum,
    Term,
    Variable,
)
from verifier.core.unit import NONE

NODES_MAX = 500_000

Ranges = dict[Key, tuple[Fraction, Fraction]]


def judge_cover(claim: Claim, cover: Cover) -> Accepted | Rejected:
    """Whether the cover shows the claim."""
    try:
        _cover(claim, cover)
    except Refused as refusal:
        return Rejected(str(refusal))
    return Accepted()


def judge_counterexample(claim: Claim, found: Violation | Crossing) -> Accepted | Rejected:
    """Whether the claim is broken there."""
    try:
        ranges = _well_formed(claim)
        if isinstance(found, Violation):
            _violation(claim, ranges, found)
        elif isinstance(found, Crossing):
            _crossing(claim, ranges, found)
        else:
            raise Refused(f"a {type(found).__name__} is no counterexample")
    except Refused as refusal:
        return Rejected(str(refusal))
    return Accepted()


def _well_formed(claim: Claim) -> Ranges:
    sorts: dict[str, Sort] = {key[0]: Real(NONE) for key, _, _ in claim.box}
    for term in (*claim.guards, claim.goal):
        survey(term, sorts, partial=True)
    ranges: Ranges = {}
    for key, low, high in claim.box:
        if key in ranges or not rational(low, "an end") <= rational(high, "an end"):
            raise Refused(f"the side of `{key[0]}` is given twice, or empty")
        ranges[key] = (low, high)
    return ranges


# ---- covers ------------------------------------------------------------------------------------


def _cover(claim: Claim, cover: Cover) -> None:
    todo: list[tuple[object, Ranges]] = [(cover, _well_formed(claim))]
    seen = 0
    while todo:
        node, ranges = todo.pop()
        seen += 1
        if seen > NODES_MAX:
            raise Refused("the cover has too many parts")
        if isinstance(node, Leaf):
            _leaf(claim, node, ranges)
        elif isinstance(node, Cut):
            if type(node.side) is not int or not 0 <= node.side < len(claim.box):
                raise Refused("a cut through no side")
            key = claim.box[node.side][0]
            low, high = ranges[key]
            at = rational(node.at, "a cut")
            if not low <= at <= high:
                raise Refused(f"a cut through `{key[0]}` outside of the box")
            todo.append((node.above, {**ranges, key: (at, high)}))
            todo.append((node.below, {**ranges, key: (low, at)}))
        else:
            raise Refused(f"a {type(node).__name__} is no part of a cover")


def _leaf(claim: Claim, leaf: Leaf, ranges: Ranges) -> None:
    weight = rational(leaf.weight, "a weight")
    weighted = [(weight, claim.goal)] if weight else []
    if type(leaf.multipliers) is not tuple:
        raise Refused("the multipliers should be a sequence")
    for entry in leaf.multipliers:
        if type(entry) is not tuple or len(entry) != 2:
            raise Refused("a multiplier is malformed")
        number, multiplier = entry
        if type(number) is not int or not 0 <= number < len(claim.guards):
            raise Refused("a multiplier of no guard")
        if rational(multiplier, "a multiplier") < 0:
            raise Refused("a multiplier is negative")
        weighted.append((-multiplier, claim.guards[number]))
    if weight < 0:
        raise Refused("a weight is negative")
    if leaf.lowest is None:
        least, _ = combination_bounds(weighted, ranges)
    else:
        _inside(claim, leaf.lowest, ranges)
        values = zip((key for key, _, _ in claim.box), leaf.lowest, strict=True)
        least = bowl_floor(weighted, ranges, dict(values))
    if least < 0 or (least == 0 and (claim.strict or weight == 0)):
        raise Refused(f"nothing is shown for {_told(ranges)}")


def _told(ranges: Ranges) -> str:
    return ", ".join(f"{key[0]} in [{a}, {b}]" for key, (a, b) in list(ranges.items())[:6])


# ---- counterexamples ---------------------------------------------------------------------------


def _broken(claim: Claim, value: tuple[Fraction, Fraction]) -> bool:
    """Whether the goal fails for certain."""
    return value[1] < 0 or (claim.strict and value[1] <= 0)


def _inside(claim: Claim, point: Point, ranges: Ranges) -> None:
    if type(point) is not tuple or len(point) != len(claim.box):
        raise Refused("a point has the wrong dimension")
    for (key, _, _), value in zip(claim.box, point, strict=True):
        low, high = ranges[key]
        if not low <= rational(value, "a value") <= high:
            raise Refused(f"`{key[0]}` lies outside of the box")


def _at(claim: Claim, point: Point) -> Ranges:
    return {key: (value, value) for (key, _, _), value in zip(claim.box, point, strict=True)}


def _violation(claim: Claim, ranges: Ranges, found: Violation) -> None:
    _inside(claim, found.point, ranges)
    here = _at(claim, found.point)
    for number, guard in enumerate(claim.guards):
        if bounds(guard, here)[0] < 0:
            raise Refused(f"guard {number} is not shown to hold")
    if not _broken(claim, bounds(claim.goal, here)):
        raise Refused("the goal is not shown to be broken")


NOTHING = (Fraction(0), Fraction(0))
ALONG = Variable("along the segment", 0)


def _crossing(claim: Claim, ranges: Ranges, found: Crossing) -> None:
    for point in (found.start, found.end):
        _inside(claim, point, ranges)
    for number in (found.positive, found.negative):
        if type(number) is not int or not 0 <= number < len(claim.guards):
            raise Refused("there is no such guard")
    one, other = claim.guards[found.positive], claim.guards[found.negative]
    if combination_bounds([(Fraction(1), one), (Fraction(1), other)], ranges) != NOTHING:
        raise Refused("the two guards are not each other's negation")
    first, last = (bounds(one, _at(claim, point)) for point in (found.start, found.end))
    if not ((first[1] <= 0 <= last[0]) or (last[1] <= 0 <= first[0])):
        raise Refused("the guard does not change its sign")
    places: dict[Key, Term] = {}
    for (key, _, _), start, end in zip(claim.box, found.start, found.end, strict=True):
        places[key] = Sum((Number(start), Product((Number(end - start), ALONG))))
    along: Ranges = {(ALONG.name, ALONG.version): (Fraction(0), Fraction(1))}
    for number, guard in enumerate(claim.guards):
        paired = number in (found.positive, found.negative)
        if not paired and bounds(_placed(guard, places), along)[0] < 0:
            raise Refused(f"guard {number} is not shown to hold along the segment")
    if not _broken(claim, bounds(_placed(claim.goal, places), along)):
        raise Refused("the goal is not shown to be broken along the segment")


def _placed(term: Term, places: dict[Key, Term]) -> Term:
    match term:
        case Variable(name, version) if (name, version) in places:
            return places[name, version]
        case Variable(name, _):
            raise Refused(f"`{name}` is no variable of the box")
        case Number():
            return term
        case Sum(parts):
            return Sum(tuple(_placed(part, places) for part in parts))
        case Product(parts):
            return Product(tuple(_placed(part, places) for part in parts))
        case Quotient(numerator, denominator):
            return Quotient(_placed(numerator, places), _placed(denominator, places))
        case Apply(function, parts):
            return Apply(function, tuple(_placed(part, places) for part in parts))
