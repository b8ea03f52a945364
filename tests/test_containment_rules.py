"""Every rule of the judge of containment alone, and its margins exactly.

A certificate here would be accepted if its one rule were missing, and what is accepted with a
margin has exactly this one (found wanting by tests/benchmarks/mutants.py).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from containments import polytope, terms

from verifier.check.containment import Contained, NotContained, judge_containment
from verifier.check.containment_codec import decode_containment, encode_containment
from verifier.check.outcome import Rejected
from verifier.check.polynomial import Refused
from verifier.core.containment import (
    Assignment,
    ByExtent,
    Combination,
    Containment,
    Enclosed,
    Escape,
    Facets,
    Inside,
    Members,
    Narrowed,
    Outside,
    Part,
    Termwise,
    Vacuous,
)
from verifier.core.description import pieces
from verifier.core.region import (
    Ball,
    Box,
    ConvexHull,
    Ellipsoid,
    Erosion,
    Halfspace,
    Hull,
    Intersection,
    MinkowskiSum,
    Polytope,
    Preimage,
    Region,
    Scaling,
    Translation,
)
from verifier.core.root import root_above, root_below
from verifier.core.term import Number

F = Fraction
Number_ = int | str | Fraction
EXTENT = ByExtent()


def row(*values: Number_) -> tuple[Fraction, ...]:
    return tuple(map(F, values))


def box(*sides: tuple[Number_, Number_]) -> Box:
    return Box(terms(row(*(low for low, _ in sides))), terms(row(*(high for _, high in sides))))


def ball(*center: Number_, radius: Number_) -> Ball:
    return Ball(terms(row(*center)), F(radius))


def rows(*lines: tuple[tuple[Number_, ...], Number_]) -> Polytope:
    return polytope([row(*line) for line, _ in lines], row(*(bound for _, bound in lines)))


def half(normal: tuple[Number_, ...], bound: Number_, strict: bool = False) -> Halfspace:
    return Halfspace(row(*normal), Number(F(bound)), strict)


def total(*lines: tuple[Any, Any], over: int = 1, rounds: Any = ()) -> Combination:
    return Combination(over, lines, rounds)


def judged(inner: Region, outer: Region, certificate: Any, size: int = 2) -> Any:
    return judge_containment(Containment(inner, outer, size), certificate)


def shows(inner: Region, outer: Region, *proofs: Any, size: int = 2) -> Any:
    """The margin; Rejected where it is."""
    found = judged(inner, outer, Inside(proofs), size)
    return found.margin if isinstance(found, Contained) else type(found)


UNIT = box((0, 1), (0, 1))
EMPTY = box((1, 0), (0, 1))
NOTHING = total((0, 1), (2, 1))  # x <= 0 and -x <= -1
FAR = rows(((3, 4), 12))


# ---- sums --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outer", "sum_", "margin"),
    [
        (FAR, total((0, 3), (1, 4)), 1),
        (FAR, total((0, 6), (1, 8), over=2), 1),
        (FAR, total((0, 3), (1, 5), (3, 1)), F(4, 5)),
        (FAR, total((0, 3), (1, 4), (2, 0)), 1),
        (rows(((6, 8), 24)), total((0, 3), (1, 4)), 1),
        (rows((("3/2", 2), 6)), total((0, 3), (1, 4)), 1),
        (rows(((3, 4), 7)), total((0, 3), (1, 4)), 0),
        (rows(((-1, 0), 0)), total((2, 1)), 0),
        (rows(((0, 0), 5)), total(), None),
        (rows(((3, 4), 6)), total((0, 3), (1, 4)), Rejected),
        (FAR, total((0, 3), (1, 5)), Rejected),
        (FAR, total((0, 4), (1, 4)), Rejected),
        (FAR, total((0, 3), (1, 3), (3, -1)), Rejected),
        (FAR, total((0, 3), (1, 4), over=2), Rejected),
        (FAR, total((0, 3), (1, 4), over=0), Rejected),
        (FAR, total((0, -3), (1, -4), over=-1), Rejected),
        (FAR, total((0, 3), (4, 4)), Rejected),
        (FAR, total((0, 3), (-3, 4)), Rejected),
        (FAR, total((0, 3), (True, 4)), Rejected),
        (FAR, total((0, 3), (1, F(4))), Rejected),
        (FAR, Combination(1, ((0, 3, 0), (1, 4, 0))), Rejected),  # type: ignore[arg-type]
        (FAR, Combination(1, [(0, 3), (1, 4)]), Rejected),  # type: ignore[arg-type]
        (FAR, Combination(1, ([0, 3], (1, 4))), Rejected),  # type: ignore[arg-type, list-item]
        (FAR, Combination(F(1), ((0, 3), (1, 4))), Rejected),  # type: ignore[arg-type]
        (FAR, total((0, 3), (1, 4), rounds=[]), Rejected),
        (FAR, total((0, 3), (1, 4), rounds=((0, (1, 1), 5),)), Rejected),
        (rows(((0, 0), -1)), total(), Rejected),
        (FAR, None, Rejected),
    ],
)
def test_a_sum_of_lines_is_the_row(outer: Region, sum_: Any, margin: Any) -> None:
    assert shows(UNIT, outer, sum_) == margin


def test_only_an_equation_has_a_negative_multiplier() -> None:
    segment = Hull((row(0, 0), row(1, 1)))  # x = y, as lines 3 and 4 of lines 0 to 4
    assert shows(segment, rows(((1, -1), 0)), total((3, 1), (4, -1))) == 0
    assert shows(segment, rows(((-1, 1), 0)), total((3, -1), (4, 1))) == 0


def test_what_is_strict_needs_a_strict_line_or_a_slack() -> None:
    open_, closed = half((1, 0), 1, True), half((1, 0), 1)
    assert shows(open_, open_, total((0, 1))) == 0 and shows(open_, closed, total((0, 1))) == 0
    assert shows(closed, open_, total((0, 1))) == Rejected
    assert shows(closed, half((1, 0), 2, True), total((0, 1))) == 1
    both = Intersection((closed, half((0, 1), 1, True)))
    assert shows(both, open_, total((0, 1))) == Rejected
    assert shows(both, open_, total((0, 1), (1, 0))) == Rejected
    twice = Intersection((closed, open_))
    assert shows(twice, open_, total((0, 1), (1, 1), over=2)) == 0
    assert shows(twice, open_, total((0, 2), (1, 0), over=2)) == Rejected


def test_nothing_is_in_what_contradicts_itself() -> None:
    assert judged(EMPTY, ball(9, 9, radius=1), Vacuous(NOTHING)) == Contained(None)
    flat = box((0, 0), (0, 1))
    assert isinstance(judged(flat, FAR, Vacuous(NOTHING)), Rejected)
    assert isinstance(judged(UNIT, FAR, Vacuous(NOTHING)), Rejected)
    assert isinstance(judged(EMPTY, FAR, Vacuous(total((0, 1), (2, 1), (1, 1)))), Rejected)
    for sum_ in (total(), None, EXTENT):
        assert isinstance(judged(EMPTY, FAR, Vacuous(sum_)), Rejected)  # type: ignore[arg-type]
    sides = Intersection((half((1, 0), 0, True), half((-1, 0), 0)))
    assert judged(sides, FAR, Vacuous(total((0, 1), (1, 1)))) == Contained(None)
    assert isinstance(judged(flat, FAR, Vacuous(total((0, 1), (2, 1)))), Rejected)
    long = ball(0, 0, radius=1)
    apart = Intersection((long, half((1, 0), -2)))
    nothing = total((0, 1), rounds=((0, (-1, 0), 1),))
    assert judged(apart, FAR, Vacuous(nothing)) == Contained(None)
    assert shows(apart, FAR, Vacuous(nothing)) is None


def test_the_margin_is_the_least_of_those_that_there_are() -> None:
    two = rows(((1, 0), 2), ((0, 1), 4))
    assert shows(UNIT, two, total((0, 1)), total((1, 1))) == 1
    assert shows(UNIT, rows(((0, 1), 4), ((1, 0), 2)), total((1, 1)), total((0, 1))) == 1
    assert shows(EMPTY, two, total((0, 1)), Vacuous(NOTHING)) == 2
    assert shows(EMPTY, two, Vacuous(NOTHING), total((1, 1))) == 3
    assert shows(EMPTY, two, Vacuous(NOTHING), Vacuous(NOTHING)) is None
    assert shows(UNIT, Intersection(())) is None
    assert shows(UNIT, two, total((0, 1))) == Rejected
    assert shows(UNIT, two, total((0, 1)), total((1, 1)), total((1, 1))) == Rejected
    assert isinstance(judged(UNIT, FAR, Inside([total((0, 3), (1, 4))])), Rejected)  # type: ignore[arg-type]


def test_what_is_no_certificate_is_refused() -> None:
    for odd in (None, 1, (), total((0, 3), (1, 4)), EXTENT, UNIT):
        assert isinstance(judged(UNIT, FAR, odd), Rejected)
        assert shows(UNIT, FAR, odd) == (
            1 if odd == total((0, 3), (1, 4)) or odd is EXTENT else Rejected
        )


# ---- rounds ------------------------------------------------------------------------------------

DISC = ball(0, 0, radius=2)
OVAL = Ellipsoid(terms(row(1, 0)), (row(4, 0), row(0, 9)))


@pytest.mark.parametrize(
    ("inner", "bound", "rounds", "margin"),
    [
        (DISC, 11, ((0, (3, 4), 10),), F(1, 5)),
        (DISC, 10, ((0, (3, 4), 10),), 0),
        (DISC, 11, ((0, (3, 4), 11),), 0),
        (DISC, 11, ((0, (3, 4), 9),), Rejected),
        (DISC, 9, ((0, (3, 4), 10),), Rejected),
        (DISC, 11, ((0, (3, 4), -10),), Rejected),
        (DISC, 11, ((0, (3, 4), -12),), Rejected),
        (DISC, 11, ((0, (3, 3), 10),), Rejected),
        (DISC, 11, ((0, (4, 3), 10),), Rejected),
        (DISC, 11, ((0, (-3, -4), 10),), Rejected),
        (DISC, 11, ((1, (3, 4), 10),), Rejected),
        (DISC, 11, ((-1, (3, 4), 10),), Rejected),
        (DISC, 11, ((0, (3, 4)),), Rejected),
        (DISC, 11, ((0, (3, 4), 10, 0),), Rejected),
        (DISC, 11, ((0, (3, 4, 0), 10),), Rejected),
        (DISC, 11, ((0, (3,), 10),), Rejected),
        (DISC, 11, ((0, (3, F(4)), 10),), Rejected),
        (DISC, 11, ((0, (3, 4), F(10)),), Rejected),
        (DISC, 11, ((0, [3, 4], 10),), Rejected),
        (DISC, 11, ([0, (3, 4), 10],), Rejected),
        (DISC, 11, ((0, (2, 2), 6), (0, (1, 2), 5)), 0),
        (DISC, 11, ((0, (0, 0), 0), (0, (3, 4), 10)), F(1, 5)),
        (DISC, 11, ((0, (0, 0), -1), (0, (3, 4), 10)), Rejected),
    ],
)
def test_a_direction_is_no_longer_than_it_says(
    inner: Region, bound: int, rounds: Any, margin: Any
) -> None:
    assert shows(inner, rows(((3, 4), bound)), total(rounds=rounds)) == margin


def test_a_direction_of_an_ellipsoid_has_its_weights() -> None:
    """(x - 1)^2 / 4 + y^2 / 9 <= 1 reaches 1 + 10 along (3, 8/3) / 2 ..., here along each axis."""
    for normal, reach in (((1, 0), 3), ((-1, 0), 1), ((0, 1), 3)):
        lengths = [
            length
            for length in range(1, 13)
            if shows(OVAL, rows((normal, reach)), _along(normal, length)) != Rejected
        ]
        assert len(lengths) == 1, (normal, lengths)


def _along(normal: tuple[int, int], length: int) -> Combination:
    """The sum of one direction of the oval's only round, of this length, that gives the normal."""
    from verifier.core.lift import lift

    (cone,) = lift(OVAL, 2, root_below).rounds
    forms = [dict(form) for form in cone.forms]
    axis = 1 if normal[0] else 2
    place = next(k for k, form in enumerate(forms) if axis in form)
    direction = [0, 0]
    direction[place] = normal[axis - 1]
    return Combination(abs(forms[place][axis]), (), ((0, tuple(direction), length),))


# ---- goals -------------------------------------------------------------------------------------


def test_what_holds_for_a_part_of_an_intersection_holds() -> None:
    both = Intersection((UNIT, box((0, 9), (0, 9))))
    proof = total((0, 3), (1, 4))
    assert shows(both, FAR, Narrowed(0, proof)) == 1
    for number in (1, 2, -1, -2, True, "0"):
        assert shows(both, FAR, Narrowed(number, proof)) == Rejected  # type: ignore[arg-type]
    assert shows(UNIT, FAR, Narrowed(0, proof)) == Rejected
    assert shows(MinkowskiSum((UNIT, UNIT)), FAR, Narrowed(0, proof)) == Rejected
    assert shows(both, FAR, Narrowed(0, Narrowed(0, proof))) == Rejected


def test_a_proof_fits_its_goal() -> None:
    hull = Hull((row(-9, -9), row(9, -9), row(0, 9)))
    proofs: list[Any] = [total(), EXTENT, Enclosed((None,)), Facets(()), Members((), ())]
    proofs += [Part(0, Inside(())), Termwise((), ()), None]
    for outer, fits in ((FAR, (0, 1)), (ball(0, 0, radius=9), (2,)), (hull, (3, 4))):
        for number, proof in enumerate(proofs):
            told = judged(UNIT, outer, Inside((proof,)))
            if number not in fits:
                assert isinstance(told, Rejected), (outer, proof)


def test_a_goal_is_reached_through_its_map() -> None:
    """x -> (x, 2 x) from the line; the proofs are about the line's own set."""
    image = Preimage((row(1), row(2)), terms(row(1, 0)), rows(((3, 4), 25)))
    side = box((0, 1))
    assert shows(side, image, total((0, 1)), size=1) == 1
    assert shows(side, image, total((0, 2)), size=1) == Rejected
    disc = Preimage((row(3), row(4)), terms(row(0, 0)), ball(0, 0, radius=10))
    assert shows(side, disc, Enclosed((None, None)), size=1) == F(1)
    assert shows(side, disc, Enclosed((None,)), size=1) == Rejected
    assert shows(EMPTY, FAR, Vacuous(NOTHING)) is None
    nothing = total((0, 1), (1, 1))
    assert shows(box((1, 0)), image, Vacuous(nothing), size=1) is None
    assert shows(box((1, 0)), disc, Vacuous(nothing), size=1) is None
    hull = Preimage((row(1), row(1)), terms(row(0, 0)), Hull((row(0, 0), row(5, 0), row(0, 5))))
    assert shows(box((1, 0)), hull, Vacuous(nothing), size=1) is None
    assert shows(side, hull, Vacuous(nothing), size=1) == Rejected


def test_extents_are_the_judges_own() -> None:
    assert shows(DISC, rows(((3, 4), 15)), EXTENT) == 1
    assert shows(DISC, rows(((3, 4), 10)), EXTENT) == 0
    assert shows(DISC, rows(((3, 4), "99/10")), EXTENT) == Rejected
    assert shows(DISC, half((3, 4), 10, True), EXTENT) == Rejected
    assert shows(DISC, half((3, 4), 15, True), EXTENT) == 1
    assert shows(DISC, rows(((0, 0), 1)), EXTENT) is None
    assert shows(DISC, rows(((1, 1), 3)), EXTENT) == (3 - root_above(F(8))) / root_above(F(2))
    hull = ConvexHull((ball(0, 0, radius=1), box((2, 3), (0, 0))))
    open_ = half((1, 0), 5, True)  # a strict row keeps the hull whole
    assert shows(hull, open_, EXTENT) == 2
    assert shows(ConvexHull((box((2, 3), (0, 0)), ball(0, 0, radius=1))), open_, EXTENT) == 2
    sides = Box(terms(row(0, 0)), (Number(F(1)), None))
    assert shows(sides, rows(((1, 0), 2)), EXTENT) == 1
    assert shows(sides, rows(((0, 1), 2)), EXTENT) == Rejected


def test_a_margin_grows_with_what_stretches_it() -> None:
    """What is scaled up by 2 has half the room."""
    outer = Erosion(rows(((3, 4), 40)), ball(0, 0, radius=1))
    grown = Scaling(outer, F(1, 2))
    assert shows(UNIT, outer, EXTENT) == F(28, 5)
    assert shows(UNIT, grown, EXTENT) == F(21, 10)
    hull = ConvexHull((rows(((3, 4), 40)), rows(((3, 4), 1))))
    parts = Scaling(Erosion(hull, ball(0, 0, radius=1)), F(1, 2))
    assert shows(UNIT, parts, Part(0, Inside((EXTENT,)))) == F(21, 10)


# ---- round sets --------------------------------------------------------------------------------


def test_a_ball_lies_in_a_ball_by_the_triangle() -> None:
    outer = ball(0, 0, radius=5)
    assert shows(ball(3, 0, radius=1), outer, Enclosed((None,))) == 1
    assert shows(ball(3, 0, radius=2), outer, Enclosed((None,))) == 0
    assert shows(ball(3, 0, radius="21/10"), outer, Enclosed((None,))) == Rejected
    assert shows(ball(3, 4, radius=0), outer, Enclosed((None,))) == 0
    assert shows(ball(3, 4, radius=1), outer, Enclosed((None,))) == Rejected
    assert shows(ball(0, 0, radius=6), outer, Enclosed((None,))) == Rejected
    assert shows(ball(6, 0, radius=0), outer, Enclosed((None,))) == Rejected
    assert shows(ball(7, 0, radius=1), outer, Enclosed((None,))) == Rejected
    assert shows(ball(1, 1, radius=1), ball(0, 0, radius=3), Enclosed((None,))) == (
        3 - root_above(F(3) + 2 * root_above(F(2)))
    )


def test_a_piece_that_is_no_ball_needs_a_multiplier() -> None:
    outer = ball(0, 0, radius=5)
    for shape in ((row(4, 0), row(0, 9)), (row(9, 0), row(0, 4)), (row(4, 1), row(1, 4))):
        oval = Ellipsoid(terms(row(0, 0)), shape)
        assert shows(oval, outer, Enclosed((None,))) == Rejected
    assert shows(Ellipsoid(terms(row(0, 0)), (row(4, 0), row(0, 4))), outer, Enclosed((None,))) == 3
    same = Ellipsoid(terms(row(0, 0)), (row(4, 0), row(0, 16)))
    twice = Ellipsoid(terms(row(0, 0)), (row(16, 0), row(0, 64)))
    assert shows(same, twice, Enclosed((None,))) != Rejected
    assert shows(same, same, Enclosed((None,))) == 0


def test_a_multiplier_proves_what_it_proves() -> None:
    """A ball of radius r at distance d from the middle of one of radius R, r + d <= R: the
    multiplier r (r + d) is the only one where they touch."""
    outer = ball(0, 0, radius=5)
    assert shows(ball(3, 0, radius=2), outer, Enclosed((F(10),))) == 0
    for factor in (F(9), F(11), F(0), F(-10), F(4)):
        assert shows(ball(3, 0, radius=2), outer, Enclosed((factor,))) == Rejected
    assert shows(ball(3, 0, radius=1), outer, Enclosed((F(4),))) == 1
    assert shows(ball(0, 0, radius=2), outer, Enclosed((F(4),))) == 3
    assert shows(ball(0, 0, radius=2), outer, Enclosed((F(3),))) == Rejected
    assert shows(ball(0, 0, radius=2), outer, Enclosed((F(25),))) == 0
    assert shows(ball(0, 0, radius=2), outer, Enclosed((F(26),))) == Rejected
    oval = Ellipsoid(terms(row(0, 0)), (row(4, 0), row(0, 9)))
    assert shows(oval, outer, Enclosed((F(9),))) == 2
    assert shows(oval, outer, Enclosed((F(8),))) == Rejected
    assert shows(oval, ball(0, 0, radius=3), Enclosed((F(9),))) == 0
    tilted = Ellipsoid(terms(row(0, 0)), (row(5, 4), row(4, 5)))  # half axes 3 and 1
    assert shows(tilted, ball(0, 0, radius=4), Enclosed((F(9),))) == 1
    for factor in (F(8), F(17, 2), F(89, 10)):
        assert shows(tilted, ball(0, 0, radius=4), Enclosed((factor,))) == Rejected
    apart = Ellipsoid(terms(row(1, 0)), (row(5, 4), row(4, 5)))
    assert shows(apart, ball(0, 0, radius=4), Enclosed((F(12),))) == 4 - root_above(
        16 - _least_pivot(apart, F(12))
    )
    for odd in (9, 9.0, "9"):
        assert shows(oval, outer, Enclosed((odd,))) == Rejected  # type: ignore[arg-type]
    point = ball(3, 4, radius=0)
    assert shows(point, outer, Enclosed((F(0),))) == 0
    assert shows(point, ball(0, 0, radius="49/10"), Enclosed((F(0),))) == Rejected


def _least_pivot(oval: Ellipsoid, factor: Fraction) -> Fraction:
    """What is left in the corner of the form, by the inverse of a 2 by 2 matrix: with
    the oval's centre c and shape S, 16 - c.c - factor - c.(factor inverse(S) - 1)^-1 c."""
    (a, b), (_, d) = oval.shape
    det = a * d - b * b
    p, q, r = factor * d / det - 1, -factor * b / det, factor * a / det - 1
    x, y = (entry.value for entry in oval.center if isinstance(entry, Number))
    inner = (r * x * x - 2 * q * x * y + p * y * y) / (p * r - q * q)
    return 16 - x * x - y * y - factor - inner


def test_numbers_are_of_reasonable_size() -> None:
    for power, margin in ((99_997, 1), (99_998, Rejected)):
        large = 2**power
        assert shows(UNIT, FAR, total((0, 3 * large), (1, 4 * large), over=large)) == margin


def test_every_piece_is_enclosed_and_no_ray_is_left() -> None:
    outer = ball(0, 0, radius=5)
    corners = (None,) * 4
    assert shows(UNIT, outer, Enclosed(corners)) == 5 - root_above(F(2))
    assert shows(box((0, 3), (0, 4)), outer, Enclosed(corners)) == 0
    assert shows(box((3, 4), (0, 4)), outer, Enclosed(corners)) == Rejected
    assert shows(UNIT, outer, Enclosed(corners[:3])) == Rejected
    assert shows(UNIT, outer, Enclosed((*corners, None))) == Rejected
    assert shows(UNIT, outer, Enclosed([*corners])) == Rejected  # type: ignore[arg-type]
    strip = Box(terms(row(0, 0)), (Number(F(1)), None))
    assert shows(strip, outer, Enclosed((None, None))) == Rejected
    wide = Preimage((row(0, 0), row(0, 0)), terms(row(1, 0)), outer)
    assert shows(strip, wide, Enclosed((None, None))) is None
    thin = Preimage((row(3, 0), row(0, 0)), terms(row(1, 0)), outer)
    assert shows(strip, thin, Enclosed((None, None))) == F(1, 3)


# ---- sums, hulls and images --------------------------------------------------------------------

HOUSE = Hull((row(0, 0), row(6, 0), row(6, 8)))
MEAN = MinkowskiSum((box((0, 1), (0, 1)), box((0, 2), (0, 0))))


def test_every_facet_is_shown() -> None:
    small = ball(4, 2, radius=1)
    assert shows(small, HOUSE, Facets((EXTENT,) * 3)) == 1
    assert shows(ball(4, 2, radius=2), HOUSE, Facets((EXTENT,) * 3)) == 0
    assert shows(ball(4, 2, radius="21/10"), HOUSE, Facets((EXTENT,) * 3)) == Rejected
    assert shows(small, HOUSE, Facets((EXTENT,) * 2)) == Rejected
    assert shows(small, HOUSE, Facets((EXTENT,) * 4)) == Rejected
    assert shows(small, HOUSE, Facets([EXTENT] * 3)) == Rejected  # type: ignore[arg-type]
    flat = Hull((row(0, 0), row(2, 0)))
    assert shows(Hull((row(1, 0),)), flat, Facets((EXTENT,) * 4)) == 0
    assert shows(Hull((row(1, 0),)), flat, Facets((EXTENT,) * 3)) == Rejected
    open_ = MinkowskiSum((half((1, 0), 1, True), UNIT))
    assert shows(UNIT, open_, Facets((EXTENT,))) == Rejected


def test_every_corner_and_ray_is_a_member() -> None:
    point = Hull((row(4, 2),))
    inside = Assignment(12, (48, 24, 4, 5, 3))
    assert shows(point, HOUSE, Members((inside,), ())) == 0
    for values in (
        *((48, 24, 4, 5, 2), (48, 24, 4, 4, 3), (48, 24, 5, 5, 3), (48, 25, 4, 5, 3)),
        *((49, 24, 4, 5, 3), (48, 24, 4, 5), (48, 24, 4, 5, 3, 0), (36, 24, 6, 3, 3)),
    ):
        assert shows(point, HOUSE, Members((Assignment(12, values),), ())) == Rejected
    outside = Assignment(12, (48, -24, 4, 11, -3))
    assert shows(Hull((row(4, -2),)), HOUSE, Members((outside,), ())) == Rejected
    for members in (Members((), ()), Members((inside, inside), ()), Members((inside,), (inside,))):
        assert shows(point, HOUSE, members) == Rejected
    for over in (0, -12, 11, 13, True, F(12)):
        given = Assignment(over, inside.values)
        assert shows(point, HOUSE, Members((given,), ())) == Rejected
    assert shows(ball(4, 2, radius=1), HOUSE, Members((inside,), ())) == Rejected
    for odd in (None, (12, inside.values)):
        assert shows(point, HOUSE, Members((odd,), ())) == Rejected  # type: ignore[arg-type]
    quarter = Box(terms(row(0, 0)), (None, None))
    cone = MinkowskiSum((quarter, ball(0, 0, radius=1)))
    start = Assignment(1, (0, 0, 0, 0))
    one, other = (
        Assignment(1, (*map(int, ray), 0, 0)) for ray in pieces(quarter, 2, root_below).rays
    )
    assert shows(quarter, cone, Members((start,), (one, other))) == 0
    for rays in ((other, one), (one, one), (other, other), (one,), (one, other, one)):
        assert shows(quarter, cone, Members((start,), rays)) == Rejected
    east, north = Assignment(1, (1, 0, 0, 0)), Assignment(1, (0, 1, 0, 0))
    away = Assignment(1, (1, 0, 1, 0))
    for rays in ((east, away), (away, east), (away, north), (north, away)):
        assert shows(quarter, cone, Members((start,), rays)) == Rejected


def test_a_hull_of_points_and_a_ball_has_more_than_corners() -> None:
    inner = Translation(ConvexHull((Hull((row(1, 1),)), ball(4, 2, radius=1))), terms(row(0, 0)))
    assert len(pieces(inner, 2, root_below).pieces) == 2
    outer = MinkowskiSum((box((0, 9), (0, 9)), ball(0, 0, radius=0)))
    points = [
        Assignment(1, (*map(int, each.center), 0, 0))
        for each in pieces(inner, 2, root_below).pieces
    ]
    assert shows(inner, outer, Members(tuple(points), ())) == Rejected
    corners = Hull(tuple(each.center for each in pieces(inner, 2, root_below).pieces))
    assert shows(corners, outer, Members(tuple(points), ())) == 0


def test_what_is_shown_of_nothing_has_no_margin() -> None:
    nothing = ConvexHull(())
    assert shows(Translation(nothing, terms(row(0, 0))), HOUSE, Facets((EXTENT,) * 3)) is None
    assert shows(Translation(nothing, terms(row(0, 0))), FAR, EXTENT) is None


def test_sets_on_a_line() -> None:
    side, nothing = box((0, 1)), Vacuous(total((0, 1), (1, 1)))
    assert shows(side, ball(0, radius=3), Enclosed((None, None)), size=1) == 2
    assert shows(box((1, 0)), ball(0, radius=3), nothing, size=1) is None
    hull = Hull((row(0), row(3)))
    assert shows(box((1, 0)), hull, nothing, size=1) is None
    corners = (Assignment(3, (0, 3, 0)), Assignment(3, (3, 2, 1)))
    told = [shows(side, hull, Members(each, ()), size=1) for each in (corners, corners[::-1])]
    assert told in ([0, Rejected], [Rejected, 0])


def test_a_round_in_a_hull_has_the_weight_of_its_part() -> None:
    hull = ConvexHull((box((0, 0), (0, 0)), DISC))
    whole = Intersection((hull,))  # lines: two weights, their sum, the box's sides
    rounds = ((0, (3, 4), 10),)
    sum_ = total((0, 10), (2, 10), (3, 3), (4, 4), rounds=rounds)
    assert shows(whole, rows(((3, 4), 15)), sum_) == 1
    assert shows(whole, rows(((3, 4), 10)), sum_) == 0
    assert shows(whole, rows(((3, 4), 9)), sum_) == Rejected
    assert shows(DISC, rows(((0, 0), 0)), total(rounds=((0, (0, 0), 0),))) is None


def test_a_part_of_a_hull_contains_all() -> None:
    hull = ConvexHull((ball(9, 9, radius=1), ball(0, 0, radius=5)))
    proof = Inside((Enclosed((None,)),))
    inner = ball(3, 0, radius=1)
    assert shows(inner, hull, Part(1, proof)) == 1
    for number in (0, 2, -1, True):
        assert shows(inner, hull, Part(number, proof)) == Rejected
    assert shows(inner, HOUSE, Part(1, proof)) == Rejected
    out = Outside(Assignment(1, (3, 0)), (-1, 0), EXTENT)
    assert isinstance(judged(inner, ball(9, 9, radius=1), out), NotContained)
    assert shows(inner, hull, Part(0, out)) == Rejected  # type: ignore[arg-type]
    assert shows(inner, hull, Part(1, None)) == Rejected  # type: ignore[arg-type]
    for moved in (
        Preimage((row(2, 0), row(0, 2)), terms(row(0, 0)), hull),
        Preimage((row(1, 0), row(0, 1)), terms(row(0, 9)), hull),
        Translation(hull, terms(row(8, 0))),
    ):
        assert shows(inner, moved, Part(1, proof)) == Rejected


def test_terms_are_matched_one_by_one() -> None:
    inner = MinkowskiSum((ball(0, 0, radius=1), ball(1, 0, radius=2)))
    outer = MinkowskiSum((ball(1, 0, radius=4), ball(0, 0, radius=2)))
    proof = Inside((Enclosed((None,)),))
    assert shows(inner, outer, Termwise((1, 0), (proof, proof))) == 2
    assert shows(inner, outer, Termwise((0, 1), (proof, proof))) == Rejected
    for order in ((1, 1), (1,), (1, 0, 0), (0, 0), (1, 2), (1, -2), (True, False)):
        assert shows(inner, outer, Termwise(order, (proof, proof))) == Rejected
    assert shows(inner, outer, Termwise((1, 0), (proof,))) == Rejected
    assert shows(inner, outer, Termwise((1, 0), (proof,) * 3)) == Rejected
    three = MinkowskiSum((*inner.parts, UNIT))
    assert shows(three, outer, Termwise((1, 0), (proof, proof))) == Rejected
    assert shows(ball(0, 0, radius=1), outer, Termwise((1, 0), (proof, proof))) == Rejected
    assert shows(inner, ConvexHull(outer.parts), Termwise((1, 0), (proof, proof))) == Rejected
    moved = Translation(outer, terms(row(1, 0)))
    assert shows(inner, moved, Termwise((1, 0), (proof, proof))) == Rejected
    empty = MinkowskiSum((EMPTY, ball(1, 0, radius=2)))
    vacuous = Vacuous(NOTHING)
    assert shows(empty, outer, Termwise((1, 0), (proof, vacuous))) is None


# ---- points and rays ---------------------------------------------------------------------------


def outside(inner: Region, outer: Region, *certificate: Any, size: int = 2) -> Any:
    found = judged(inner, outer, Outside(*certificate), size)
    return found.point if isinstance(found, NotContained) else type(found)


def test_a_point_of_one_set_breaks_a_row_of_the_other() -> None:
    inner, outer = box((0, 4), (0, 4)), box((0, 3), (0, 3))
    point, sum_ = Assignment(2, (7, 2)), total((0, 2))
    assert outside(inner, outer, point, (1, 0), sum_) == row("7/2", 1)
    assert outside(inner, outer, point, (1, 0), EXTENT) == row("7/2", 1)
    assert outside(inner, outer, point, (2, 0), sum_) == row("7/2", 1)
    assert outside(inner, outer, Assignment(2, (6, 2)), (1, 0), total((0, 1))) == Rejected
    assert outside(inner, outer, Assignment(2, (6, 2)), (1, 0), EXTENT) == Rejected
    assert outside(inner, outer, Assignment(2, (9, 2)), (1, 0), sum_) == Rejected
    assert outside(inner, outer, Assignment(2, (7, -1)), (1, 0), sum_) == Rejected
    assert outside(inner, outer, point, (0, 1), total((1, 1))) == Rejected
    for odd in ((1,), (1, 0, 0), (F(1), 0), [1, 0], (-1, 0), ("1", 0)):
        assert outside(inner, outer, point, odd, sum_) == Rejected
    assert outside(inner, outer, None, (1, 0), sum_) == Rejected
    assert outside(inner, outer, Assignment(1, [4, 2]), (1, 0), sum_) == Rejected  # type: ignore[arg-type]
    open_ = half((1, 0), 3, True)
    assert outside(inner, open_, Assignment(1, (3, 1)), (1, 0), total((0, 1))) == row(3, 1)
    assert outside(inner, half((1, 0), 3), Assignment(1, (3, 1)), (1, 0), total((0, 1))) == Rejected


def test_a_point_keeps_every_line_round_and_share() -> None:
    outer = half((1, 0), -9)
    proof: tuple[Any, ...] = ((1, 0), EXTENT)
    open_ = Intersection((half((1, 0), 1, True), half((0, 1), 1)))
    assert outside(open_, outer, Assignment(1, (0, 1)), *proof) == row(0, 1)
    assert outside(open_, outer, Assignment(1, (1, 1)), *proof) == Rejected
    segment = Hull((row(0, 0), row(1, 1)))
    assert outside(segment, outer, Assignment(2, (1, 1, 1, 1)), *proof) == row("1/2", "1/2")
    for values in ((1, 0, 1, 1), (1, 2, 1, 1), (1, 1, 1, 0), (3, 3, -1, 3)):
        assert outside(segment, outer, Assignment(2, values), *proof) == Rejected
    disc = ball(0, 0, radius=5)
    assert outside(disc, outer, Assignment(1, (3, 4)), *proof) == row(3, 4)
    assert outside(disc, outer, Assignment(1, (3, 5)), *proof) == Rejected
    assert outside(disc, outer, Assignment(2, (6, 8)), *proof) == row(3, 4)
    assert outside(disc, outer, Assignment(2, (6, 9)), *proof) == Rejected
    assert outside(OVAL, outer, Assignment(1, (1, 3)), *proof) == row(1, 3)
    assert outside(OVAL, outer, Assignment(1, (3, 0)), *proof) == row(3, 0)
    assert outside(OVAL, outer, Assignment(1, (4, 0)), *proof) == Rejected
    assert outside(OVAL, outer, Assignment(1, (1, 4)), *proof) == Rejected
    hull = ConvexHull((box((0, 1), (0, 1)), Box(terms(row(0, 0)), (None, None))))
    whole = (1, 1, 1, 0, 0, 0)
    assert outside(hull, outer, Assignment(1, whole), *proof) == row(1, 1)
    assert outside(hull, outer, Assignment(1, (2, 1, 1, 0, 1, 0)), *proof) == Rejected


def test_a_ray_leaves_along_a_row() -> None:
    inner, outer = Box(terms(row(0, 0)), (None, Number(F(1)))), box((0, 3), (0, 3))
    start, ray = Assignment(1, (0, 0)), Assignment(2, (1, 0))

    def escapes(*certificate: Any, inner: Region = inner, outer: Region = outer) -> Any:
        found = judged(inner, outer, Escape(*certificate))
        return (found.point, found.ray) if isinstance(found, NotContained) else type(found)

    good = (row(0, 0), row("1/2", 0))
    assert escapes(start, ray, (1, 0), total((0, 1))) == good
    assert escapes(start, ray, (1, 0), EXTENT) == good
    assert escapes(start, ray, (-1, 0), total((2, 1))) == Rejected
    assert escapes(start, ray, (0, 1), total((1, 1))) == Rejected
    assert escapes(start, Assignment(1, (0, 0)), (1, 0), total((0, 1))) == Rejected
    assert escapes(start, Assignment(1, (1, 1)), (1, 0), total((0, 1))) == Rejected
    assert escapes(Assignment(1, (0, 2)), ray, (1, 0), total((0, 1))) == Rejected
    assert escapes(start, ray, (1, 0), total((1, 1))) == Rejected
    assert escapes(start, ray, (1, 0), None) == Rejected
    half_ = Box(terms(row(0, 0)), (None, None))
    assert escapes(start, ray, (1, 0), EXTENT, outer=half_) == Rejected
    disc = MinkowskiSum((inner, ball(0, 0, radius=1)))
    assert escapes(Assignment(1, (0,) * 4), Assignment(1, (1, 0, 0, 0)), (1, 0), EXTENT, inner=disc)
    assert (
        escapes(Assignment(1, (0,) * 4), Assignment(1, (1, 0, 1, 0)), (1, 0), EXTENT, inner=disc)
        == Rejected
    )
    open_ = Intersection((half((0, 1), 1, True), half((-1, 0), 0, True)))
    assert escapes(Assignment(1, (1, 0)), ray, (1, 0), EXTENT, inner=open_) == (row(1, 0), good[1])
    assert escapes(Assignment(1, (0, 0)), ray, (1, 0), EXTENT, inner=open_) == Rejected


# ---- written down ------------------------------------------------------------------------------


def nested_parts(depth: int) -> Any:
    found: Any = {"kind": "inside", "proofs": []}
    for _ in range(depth):
        found = {"kind": "inside", "proofs": [{"kind": "part", "number": 0, "proof": found}]}
    return found


def nested_narrowings(depth: int) -> Any:
    found: Any = {"kind": "extent"}
    for _ in range(depth):
        found = {"kind": "narrowed", "number": 0, "proof": found}
    return {"kind": "inside", "proofs": [found]}


def test_nesting_has_a_limit_and_reaches_it() -> None:
    assert decode_containment(nested_parts(62)) and decode_containment(nested_narrowings(63))
    for odd in (nested_parts(63), nested_narrowings(64)):
        with pytest.raises(Refused):
            decode_containment(odd)
    mixed = nested_narrowings(62)
    mixed["proofs"][0]["proof"]["proof"] = {
        "kind": "termwise",
        "order": [0],
        "proofs": [nested_parts(59)],
    }
    assert decode_containment(mixed)
    mixed["proofs"][0]["proof"]["proof"]["proofs"] = [nested_parts(60)]
    with pytest.raises(Refused):
        decode_containment(mixed)


SUM = {"kind": "combination", "denominator": "1", "lines": [[0, "1"]], "rounds": [[0, ["1"], "1"]]}
POINT = {"denominator": "1", "values": ["1"]}
OUT = {"kind": "outside", "point": POINT, "row": ["1"], "proof": {"kind": "extent"}}


def test_certificates_are_written_and_read_in_one_way() -> None:
    for proof in (SUM, {"kind": "extent"}, {"kind": "vacuous", "sum": SUM}):
        written: Any = {"kind": "inside", "proofs": [proof]}
        assert encode_containment(decode_containment(written)) == written
    assert encode_containment(decode_containment(OUT)) == OUT


@pytest.mark.parametrize(
    "odd",
    [
        {**OUT, "proof": {"kind": "extent", "more": 1}},
        {**OUT, "proof": {**SUM, "kind": "sum"}},
        {**OUT, "proof": {**SUM, "lines": [[0]]}},
        {**OUT, "proof": {**SUM, "lines": [[0, "1", 0]]}},
        {**OUT, "proof": {**SUM, "lines": [{"0": 0, "1": 1}]}},
        {**OUT, "proof": {**SUM, "lines": ["01"]}},
        {**OUT, "proof": {**SUM, "lines": [["0", "1"]]}},
        {**OUT, "proof": {**SUM, "lines": [[True, "1"]]}},
        {**OUT, "proof": {**SUM, "lines": [[0, "1/2"]]}},
        {**OUT, "proof": {**SUM, "lines": [[0, 1]]}},
        {**OUT, "proof": {**SUM, "lines": {}}},
        {**OUT, "proof": {**SUM, "rounds": [[0, "1", "1"]]}},
        {**OUT, "proof": {**SUM, "rounds": [[0, ["1"]]]}},
        {**OUT, "proof": {**SUM, "more": 1}},
        {**OUT, "point": {**POINT, "more": 1}},
        {**OUT, "point": {"denominator": "1"}},
        {**OUT, "point": {"values": []}},
        {**OUT, "point": []},
        {**OUT, "point": {**POINT, "values": "12"}},
        {**OUT, "row": "1"},
        {**OUT, "row": ["1/2"]},
        {**OUT, "more": 1},
        {"kind": "vacuous", "sum": {**SUM, "kind": "extent"}},
        {"kind": "vacuous", "sum": {"kind": "extent"}},
        {"kind": "inside", "proofs": [{"kind": "part", "number": 0, "proof": OUT}]},
        {"kind": "inside", "proofs": [{"kind": "part", "number": "0", "proof": nested_parts(0)}]},
        {"kind": "inside", "proofs": [{"kind": "enclosed", "multipliers": [1]}]},
        {"kind": "inside", "proofs": [{"kind": "whole"}]},
        {"kind": "inside", "proofs": [None]},
        {"kind": "inside", "proofs": {}},
        {"kind": "within", "proofs": []},
        {"proofs": []},
        [],
        None,
    ],
)
def test_what_is_written_otherwise_is_not_read(odd: Any) -> None:
    with pytest.raises(Refused):
        decode_containment(odd)
