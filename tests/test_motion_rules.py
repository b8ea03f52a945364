"""Every rule of the judges of motions alone, each at its bound and a hair beyond.

A motion here would be accepted if its one rule were missing (found by tests/benchmarks/mutants.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from verifier.check.barrier import judge_no_motion
from verifier.check.judge import judge, judge_counterexample
from verifier.check.motion import judge_motion, judge_plan
from verifier.check.outcome import Accepted, Rejected
from verifier.core.cell import box_rows
from verifier.core.certificate import Clash
from verifier.core.motion import (
    Affine,
    Barrier,
    Blocked,
    Box,
    CannotBrake,
    Cut,
    Family,
    Free,
    Halves,
    Hull,
    Lying,
    Misplaced,
    Motion,
    NoEnd,
    Piece,
    Polytope,
    Problem,
    Product,
    Region,
    Solid,
    Space,
    Strayed,
    TooFar,
)
from verifier.core.obligation import Entailment, Fact, Obligation, Passage
from verifier.core.solids import box_solid
from verifier.core.span import Span
from verifier.core.term import Apply, Comparison, Formula, Not, Number, Real, Variable
from verifier.core.unit import LENGTH

F = Fraction
HAIR = F(1, 10**9)
Value = int | str | Fraction


def vector(*values: Value) -> tuple[Fraction, ...]:
    return tuple(map(F, values))


def box(*sides: tuple[Value, Value]) -> Box:
    return Box(vector(*(low for low, _ in sides)), vector(*(high for _, high in sides)))


def rows(*lines: tuple[tuple[Value, ...], Value]) -> Polytope:
    return Polytope(tuple(vector(*line) for line, _ in lines), vector(*(b for _, b in lines)))


def affine(constant: Value, *linear: Value) -> Affine:
    return Affine(F(constant), vector(*linear))


def moves(problem: Problem, family: Any) -> bool:
    judged = judge_motion(problem, family)
    assert isinstance(judged, Accepted) or judged.reason
    return isinstance(judged, Accepted)


# ---- on a line: from [0, 1] to 9/2 in 9/2 seconds ----------------------------------------------

S, E = affine(0, 1), affine("9/2", 0)
GO = Piece(F(9, 2), 0, ((S,), (S,), (E,), (E,)))
ROOM = Region(box_rows(box((0, "9/2"))))
LINE = Problem(
    Space(1, None, ()),
    (box((0, 1)),),
    box_rows(box(("9/2", "9/2"))),
    vector(3),
    vector("4/3"),
    F(9, 2),
)
WAY = Family((ROOM,), (Motion((GO,)),))


def going(*pieces: Piece, regions: Sequence[Region] = (ROOM,)) -> Family:
    return Family(tuple(regions), (Motion(pieces),))


def mirrored(problem: Problem) -> Problem:
    """The same the other way round: from [-1, 0] to -9/2."""
    return replace(problem, starts=(box((-1, 0)),), end=box_rows(box(("-9/2", "-9/2"))))


BACK = going(
    replace(GO, points=tuple((Affine(-p.constant, p.linear),) for (p,) in GO.points)),
    regions=(Region(box_rows(box(("-9/2", 0)))),),
)


def test_a_motion_keeps_every_bound_to_the_last() -> None:
    assert moves(LINE, WAY) and moves(mirrored(LINE), BACK)
    for problem, family in ((LINE, WAY), (mirrored(LINE), BACK)):
        for tighter in (
            replace(problem, speed_max=(3 - HAIR,)),
            replace(problem, acceleration_max=(F(4, 3) - HAIR,)),
            replace(problem, duration_max=F(9, 2) - HAIR),
        ):
            assert not moves(tighter, family)
        assert moves(replace(problem, duration_max=None), family)
    for end in (box((0, "4")), box((5, 6)), box((F(9, 2) + HAIR, 5)), box((4, F(9, 2) - HAIR))):
        assert not moves(replace(LINE, end=box_rows(end)), WAY)
    assert moves(replace(LINE, end=box_rows(box((4, 5)))), WAY)
    for body in (box((HAIR, "9/2")), box((0, F(9, 2) - HAIR))):
        assert not moves(LINE, replace(WAY, regions=(Region(box_rows(body)),)))
    assert not moves(replace(LINE, starts=(box((-HAIR, 1)),)), WAY)


def test_a_piece_is_whole() -> None:
    for piece in (
        *(replace(GO, region=number) for number in (1, -1)),
        *(replace(GO, duration=F(number)) for number in (0, -1, "-9/2")),
        replace(GO, points=GO.points[:1]),
        replace(GO, points=()),
        replace(GO, points=((S, S), (S, S), (E, E), (E, E))),
        replace(GO, points=tuple((replace(p, linear=()),) for (p,) in GO.points)),
        replace(GO, points=tuple((replace(p, linear=(*p.linear, F(0))),) for (p,) in GO.points)),
    ):
        assert not moves(LINE, going(piece))
    other = Region(box_rows(box((5, 6))))
    assert moves(LINE, going(replace(GO, region=1), regions=(other, ROOM)))
    assert not moves(LINE, going(GO, regions=(other, ROOM)))
    still = Problem(LINE.space, LINE.starts, ROOM.body, vector(1), vector(1), F(1))
    assert moves(still, going(Piece(F(1), 0, ((S,), (S,)))))
    assert moves(still, going(Piece(F(1, 2), 0, ((S,), (S,)))))


def test_a_motion_begins_at_its_start_and_ends_at_rest() -> None:
    half, quarter = affine("9/4", "1/2"), affine(1, 0)
    fast = replace(LINE, speed_max=vector(99), acceleration_max=vector(99))
    assert moves(fast, WAY)
    for points in (
        ((quarter,), (quarter,), (E,), (E,)),
        ((affine(0, "1/2"),), (affine(0, "1/2"),), (E,), (E,)),
        ((S,), (half,), (E,), (E,)),
        ((S,), (S,), (half,), (E,)),
    ):
        assert not moves(fast, going(replace(GO, points=points)))
    first = Piece(F(9, 4), 0, ((S,), (S,), (half,), (half,)))
    second = replace(first, points=((half,), (half,), (E,), (E,)))
    assert moves(fast, going(first, second))
    assert not moves(fast, going(first)) and not moves(fast, going(second))
    leap = replace(second, points=((affine(2, "1/2"),),) * 2 + ((E,), (E,)))
    assert not moves(fast, going(first, leap))
    jerk = replace(second, points=((half,), (E,), (E,), (E,)))
    assert not moves(fast, going(first, jerk))
    slow = replace(first, points=((S,), (S,), (S,), (half,)))
    assert not moves(fast, going(slow, second))
    assert moves(fast, going(first, replace(second, duration=F(9, 8))))
    joined = replace(LINE, duration_max=F(9, 2) - HAIR, speed_max=vector(99))
    assert not moves(replace(joined, acceleration_max=vector(99)), going(first, second))


def test_who_stays_is_already_there() -> None:
    stay = Family((Region(box_rows(box((5, 6)))), ROOM), (Motion(()),))
    inside = replace(LINE, end=box_rows(box((0, 1))))
    assert moves(inside, stay) and moves(inside, replace(stay, regions=(ROOM,)))
    assert not moves(replace(LINE, end=box_rows(box((HAIR, 1)))), stay)
    assert not moves(replace(LINE, end=box_rows(box((0, 1 - HAIR)))), stay)
    assert not moves(inside, replace(stay, regions=stay.regions[:1]))
    assert not moves(inside, replace(stay, regions=()))
    running = replace(inside, moving=True, starts=(box((0, 1), (0, 0)),))
    assert not moves(running, stay)
    assert not moves(replace(inside, duration_max=-HAIR), stay)
    assert moves(replace(inside, duration_max=F(0)), stay)


def test_starts_are_parted_by_cuts() -> None:
    there, nowhere = Motion((GO,)), Motion((replace(GO, region=9),))

    def parted(plan: Any, problem: Problem = LINE) -> bool:
        return moves(problem, Family((ROOM,), (plan,)))

    assert parted(Cut(0, F(1, 2), there, there))
    assert not parted(Cut(0, F(1, 2), nowhere, there))
    assert not parted(Cut(0, F(1, 2), there, nowhere))
    assert parted(Cut(0, F(2), there, nowhere)) and parted(Cut(0, F(-1), nowhere, there))
    assert not parted(Cut(0, F(2), nowhere, there)) and not parted(Cut(0, F(-1), there, nowhere))
    assert not parted(Cut(0, F(1), there, nowhere)) and not parted(Cut(0, F(0), nowhere, there))
    for axis in (1, -1):
        assert not parted(Cut(axis, F(1, 2), there, there))
    hull = replace(LINE, starts=(Hull((vector(0), vector(1))),))
    assert parted(there, hull) and not parted(Cut(0, F(1, 2), there, there), hull)
    wide = replace(LINE, starts=(box((0, 2)),))
    low = Motion((replace(GO, points=((S,), (S,), (E,), (E,))),))
    room = Region(box_rows(box((0, "9/2"))))
    assert moves(wide, Family((room,), (Cut(0, F(1), low, low),)))
    tight = replace(ROOM, body=box_rows(box((1, "9/2"))))
    split = Cut(0, F(1), there, Motion((replace(GO, region=1),)))
    assert moves(wide, Family((ROOM, tight), (split,)))
    assert not moves(wide, Family((ROOM, tight), (replace(split, bound=1 - HAIR),)))
    two = replace(LINE, starts=(box((0, 1)), box((0, 1))))
    assert moves(two, Family((ROOM,), (there, there)))
    assert not moves(two, Family((ROOM,), (there,)))
    assert not moves(two, Family((ROOM,), (there, nowhere)))
    assert not moves(two, Family((ROOM,), (nowhere, there)))
    assert not moves(LINE, Family((ROOM,), (there, there)))


def test_the_second_axis_is_cut_as_the_first() -> None:
    here = (affine(0, 1, 0), affine(0, 0, 1))
    plane = Problem(
        Space(2, None, ()), (box((0, 1), (0, 1)),), box_rows(box((0, 1), (0, 1))), vector(1, 1),
        vector(1, 1), None,
    )  # fmt: skip
    low, high = (Region(box_rows(box((0, 1), sides))) for sides in ((0, "1/2"), ("1/2", 1)))
    stay = Piece(F(1), 0, (here, here))
    plan = Cut(1, F(1, 2), Motion((stay,)), Motion((replace(stay, region=1),)))
    assert moves(plane, Family((low, high), (plan,)))
    assert not moves(plane, Family((high, low), (plan,)))
    assert not moves(plane, Family((low, high), (replace(plan, axis=0),)))
    whole = Region(box_rows(box((0, 1), (0, 1))))
    for axis in (0, 1):
        nowhere = Motion((replace(stay, region=9),))
        beyond = Cut(axis, F(2), Motion((stay,)), nowhere)
        assert moves(plane, Family((whole,), (beyond,)))
        assert not moves(plane, Family((whole,), (replace(beyond, bound=F(1)),)))


def test_a_moving_start_is_taken_over_with_its_velocity() -> None:
    """From rest or at 1 m/s, to rest 3 s later: s, s + v, 3, 3 with v one third of the degree."""
    start, end = affine(0, 1, 0), affine(3, 0, 0)
    lead = affine(0, 1, 1)
    piece = Piece(F(3), 0, ((start,), (lead,), (end,), (end,)))
    problem = Problem(
        Space(1, None, ()),
        (box((0, 1), (0, 1)),),
        box_rows(box((3, 3))),
        vector(3),
        vector(2),
        F(3),
        moving=True,
    )
    room = Region(box_rows(box((0, 3))))
    assert moves(problem, going(piece, regions=(room,)))
    other = replace(piece, points=((start,), (start,), (end,), (end,)))
    assert not moves(problem, going(other, regions=(room,)))
    assert not moves(replace(problem, moving=False), going(piece, regions=(room,)))
    assert not moves(replace(problem, starts=(box((0, 1)),)), going(piece, regions=(room,)))


def test_each_axis_has_its_own_velocity() -> None:
    start = (affine(0, 1, 0, 0, 0), affine(0, 0, 1, 0, 0))
    lead = (affine(0, 1, 0, 1, 0), affine(0, 0, 1, 0, 1))
    end = (affine(3, 0, 0, 0, 0), affine(3, 0, 0, 0, 0))
    problem = Problem(
        Space(2, None, ()),
        (box((0, 1), (0, 1), (0, 1), (0, 1)),),
        box_rows(box((3, 3), (3, 3))),
        vector(3, 3),
        vector(2, 2),
        F(3),
        moving=True,
    )
    room = Region(box_rows(box((0, 3), (0, 3))))
    assert moves(problem, going(Piece(F(3), 0, (start, lead, end, end)), regions=(room,)))
    crossed = (affine(0, 1, 0, 0, 1), affine(0, 0, 1, 1, 0))
    assert not moves(problem, going(Piece(F(3), 0, (start, crossed, end, end)), regions=(room,)))


# ---- problems that are none --------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [
        replace(LINE, speed_max=()),
        replace(LINE, speed_max=vector(3, 3)),
        replace(LINE, acceleration_max=vector(9, 9)),
        replace(LINE, acceleration_max=()),
        replace(LINE, speed_max=vector(0)),
        replace(LINE, acceleration_max=vector(0)),
        replace(LINE, acceleration_max=vector(-2)),
        replace(LINE, space=replace(LINE.space, clearance=-HAIR)),
        replace(LINE, space=replace(LINE.space, obstacles=(Solid(rows(((1,), -9)), ()),))),
        replace(
            LINE,
            space=replace(
                LINE.space, obstacles=(Solid(rows(((1,), -9)), (vector(-9),), -HAIR),)
            ),
        ),
        replace(LINE, end=rows(((1, 0), "9/2"))),
        replace(LINE, end=Polytope((vector(1),), ())),
        replace(LINE, end=Polytope((vector(1),), vector(5, 5))),
        replace(LINE, end=Polytope((vector(1), vector(1, 0)), vector(9, 9))),
        replace(LINE, end=Polytope((vector(1, 0), vector(1)), vector(9, 9))),
        replace(LINE, tube=rows(((1, 0), 99))),
        replace(LINE, tube=Polytope((vector(1),), ())),
        replace(LINE, space=replace(LINE.space, regions=(rows(((1, 0), 99)),))),
        replace(LINE, starts=(box((0, 1), (0, 1)),)),
        replace(LINE, starts=(Box(vector(0), vector(1, 1)),)),
        replace(LINE, starts=(Hull(()),)),
        replace(LINE, starts=(box((0, 1)), box((0, 1), (0, 1)))),
    ],
)  # fmt: skip
def test_a_problem_that_is_none_has_no_motion_and_no_proof(odd: Problem) -> None:
    try:
        plans = (Motion((GO,)),) * len(odd.starts)
        assert not moves(odd, Family((ROOM,), plans))
    except (IndexError, ValueError, TypeError) as error:
        pytest.fail(f"the judge raised {error!r}")
    assert isinstance(judge_no_motion(odd, NoEnd()), Rejected)


def test_who_stays_needs_a_bound_on_speed_all_the_same() -> None:
    still = Problem(LINE.space, LINE.starts, ROOM.body, vector(1), vector(1), F(1))
    stay = going(Piece(F(1), 0, ((S,), (S,))))
    assert moves(still, stay)
    for odd in (
        *(replace(still, speed_max=vector(0)), replace(still, acceleration_max=vector(0))),
        replace(still, speed_max=vector(0), acceleration_max=vector(0)),
    ):
        assert not moves(odd, stay)


def test_no_obstacle_needs_a_radius_or_a_clearance() -> None:
    wall = Solid(rows(((1,), -1), ((-1,), 2)), (vector(-2), vector(-1)))
    space = replace(LINE.space, obstacles=(wall,))
    assert moves(replace(LINE, space=space), WAY)
    tube = replace(LINE, tube=box_rows(box((0, "9/2"))))
    assert moves(tube, WAY) and moves(replace(LINE, tube=rows(((1,), "9/2"))), WAY)
    assert not moves(replace(LINE, tube=rows(((1,), F(9, 2) - HAIR))), WAY)
    assert not moves(replace(LINE, tube=rows(((-1,), -HAIR))), WAY)


# ---- free regions ------------------------------------------------------------------------------


def kept(radius: Value, clearance: Value, end: Value) -> bool:
    """Whether the room up to 9/2 is kept apart from a body of this radius from `end` on."""
    wall = Solid(rows(((1,), 9), ((-1,), -F(end))), (vector(end), vector(9)), F(radius))
    space = replace(LINE.space, obstacles=(wall,), clearance=F(clearance))
    return moves(replace(LINE, space=space), WAY)


def test_a_region_is_kept_apart_from_each_obstacle() -> None:
    assert kept(0, 0, F(9, 2) + HAIR) and not kept(0, 0, "9/2") and not kept(0, 0, 4)
    assert kept(1, 0, F(11, 2) + HAIR) and not kept(1, 0, "11/2") and not kept(1, 0, 5)
    assert kept(0, 1, "11/2") and not kept(0, 1, F(11, 2) - HAIR)
    assert kept(1, 1, "13/2") and not kept(1, 1, F(13, 2) - HAIR)
    nothing = Region(rows(((1,), "9/2"), ((-1,), 0), ((0,), 0)))
    inside = replace(LINE.space, obstacles=(box_solid(box((1, 2))),))
    for clearance in (0, 1):
        blocked = replace(LINE, space=replace(inside, clearance=F(clearance)))
        assert not moves(blocked, replace(WAY, regions=(nothing,)))
    near = Solid(rows(((1,), -1), ((-1,), 2)), (vector(-2), vector(-1)))
    far = Solid(rows(((1,), 2), ((-1,), -1)), (vector(1), vector(2)))
    for both in ((near, far), (far, near)):
        assert not moves(replace(LINE, space=replace(LINE.space, obstacles=both)), WAY)
    turned = Region(rows(((2,), 9), ((-3,), 0)))
    assert moves(replace(LINE, space=replace(LINE.space, obstacles=(near,), clearance=F(1))),
                 replace(WAY, regions=(turned,)))  # fmt: skip
    assert not moves(
        replace(LINE, space=replace(LINE.space, obstacles=(near,), clearance=1 + HAIR)),
        replace(WAY, regions=(turned,)),
    )


def test_a_region_lies_in_the_bounds_by_its_rows() -> None:
    def within(*lines: tuple[tuple[Value, ...], Value]) -> bool:
        bounded = replace(LINE, space=replace(LINE.space, bounds=box((0, 5))))
        return moves(bounded, replace(WAY, regions=(Region(rows(*lines)),)))

    assert within(((1,), 5), ((-1,), 0)) and within(((1,), "9/2"), ((-1,), 0))
    assert within(((1,), 9), ((1,), 5), ((-1,), 0)) and within(((1,), 5), ((1,), 9), ((-1,), 0))
    assert not within(((1,), 5 + HAIR), ((-1,), 0)) and not within(((1,), 5), ((-1,), HAIR))
    assert not within(((1,), 5)) and not within(((-1,), 0)) and not within(((2,), 10), ((-1,), 0))
    assert not moves(LINE, replace(WAY, regions=(ROOM, Region(rows(((1, 0), 1))))))
    assert not moves(LINE, replace(WAY, regions=(ROOM, Region(Polytope((vector(1),), ())))))


def test_a_region_lies_in_one_free_region_or_across_two() -> None:
    west, east = rows(((1,), 2), ((-1,), 0)), rows(((1,), "9/2"), ((-1,), -2))
    both = rows(((1,), "9/2"), ((-1,), 0))
    space = Space(1, None, (), (west, east, both))

    def lies(lying: Lying | None, body: Polytope = both, space: Space = space) -> bool:
        family = replace(WAY, regions=(Region(body, lying),))
        return moves(replace(LINE, space=space), family)

    across = Lying((0, 1), vector(1), F(2))
    assert lies(Lying((2,))) and lies(across)
    assert lies(Lying((1, 0), vector(-1), F(-2)))
    assert not lies(None) and not lies(Lying(())) and not lies(Lying((0, 1, 2), vector(1), F(2)))
    for number in (0, 1, 3, -1):
        assert not lies(Lying((number,)))
    for odd in (
        *(replace(across, regions=pair) for pair in ((1, 0), (0, 3), (-1, 1), (0, 0))),
        *(replace(across, bound=2 + sign * HAIR) for sign in (1, -1)),
        replace(across, row=vector(-1)),
        replace(across, row=vector(2)),
    ):
        assert not lies(odd)
    only = replace(space, regions=(west, east))
    for bad in (rows(((1, 0), 9)), Polytope((vector(1),), ())):
        assert not lies(Lying((2,)), space=replace(space, regions=(west, east, both, bad)))
    assert lies(across, space=only) and not lies(Lying((2,)), space=only)


# ---- the plan that is asked for ----------------------------------------------------------------


def test_a_family_proves_the_plan_that_is_asked_for() -> None:
    plan = Motion((GO,))
    cut = Cut(0, F(1, 2), plan, plan)

    def proves(asked: Any, given: Any) -> bool:
        return judge_plan(LINE, asked, Family((ROOM,), given)) == Accepted()

    assert proves(plan, (plan,)) and proves(cut, (cut,))
    assert proves(Motion((replace(GO, region=7),)), (plan,))
    slower = Motion((replace(GO, duration=F(5)),))
    other = Motion((replace(GO, points=((S,), (S,), (affine(4, 0),), (E,))),))
    for asked in (slower, other, Motion((GO, GO)), Motion(()), cut, None):
        assert not proves(asked, (plan,))
    for asked in (
        *(replace(cut, axis=1), replace(cut, bound=F(1)), replace(cut, below=slower)),
        *(replace(cut, above=slower), replace(cut, above=cut), plan),
    ):
        assert not proves(asked, (cut,))
    assert not proves(plan, ()) and not proves(plan, (plan, plan))
    tight = replace(LINE, duration_max=F(4))
    assert isinstance(judge_plan(tight, plan, WAY), Rejected)


# ---- the plan as an obligation -----------------------------------------------------------------

SPAN = Span("test", 1, 1, 1, 2)


def passage(problem: Problem, plan: Any, *given: Formula) -> Obligation:
    facts = tuple(Fact(formula, SPAN, "test") for formula in given)
    question = Passage(problem, plan, (("x", 0),), facts, ())
    return Obligation("t", "t", "T", 0, SPAN, question, {"x": Real(LENGTH)}, {})


def test_a_passage_is_judged_as_its_plan() -> None:
    plan = WAY.plans[0]
    assert judge(passage(LINE, plan), WAY) == Accepted()
    assert isinstance(judge(passage(replace(LINE, duration_max=F(4)), plan), WAY), Rejected)
    assert isinstance(judge(passage(LINE, Motion(())), WAY), Rejected)
    for odd in (None, Clash(0, 0), WAY.plans[0], (ROOM,)):
        assert isinstance(judge(passage(LINE, plan), odd), Rejected)  # type: ignore[arg-type]


def test_a_passage_strays_at_a_time_from_a_start() -> None:
    """From x to 9/2 in 9/2 s, by the cubic x + (9/2 - x)(3 u^2 - 2 u^3); at half time half way."""
    wall = replace(LINE, space=Space(1, None, (box_solid(box((2, 3))),)))
    most = Comparison("<=", Variable("x"), Number(F(1)))
    obligation = passage(wall, WAY.plans[0], most)

    def strays(start: Any, time: Any, obligation: Obligation = obligation) -> bool:
        return judge_counterexample(obligation, Strayed(start, time)) == Accepted()

    half = F(9, 4)
    assert strays(vector(0), half) and strays(vector(1), half)
    assert not strays(vector("3/2"), half) and not strays(vector(0), F(0))
    assert not strays(vector(0), F(9, 2)) and not strays(vector(0), F(9, 2) + HAIR)
    assert not strays(vector(0), -HAIR)
    for start, time in (
        ((), half),
        (vector(0, 0), half),
        ((0,), half),
        (vector(0), 2),
        ((0.0,), half),
    ):
        assert not strays(start, time)
    beyond = passage(replace(wall, space=Space(1, box((0, 4)), ())), WAY.plans[0], most)
    assert strays(vector(0), F(9, 2), beyond) and not strays(vector(0), F(9, 2) + HAIR, beyond)
    early = passage(replace(wall, space=Space(1, box((1, 9)), ())), WAY.plans[0], most)
    assert strays(vector(0), F(0), early) and not strays(vector(0), -HAIR, early)
    assert not strays(vector(1), F(0), early)
    stranger = passage(wall, WAY.plans[0], Comparison("<=", Variable("y"), Number(F(1))))
    root = Comparison("<=", Apply("sqrt", (Variable("x"),)), Number(F(9)))
    assert not strays(vector(0), half, stranger)
    assert not strays(vector("1/2"), half, passage(wall, WAY.plans[0], root))
    assert not strays(vector(0), half, passage(wall, WAY.plans[0], most, most, Not(most)))
    for odd in (WAY, None, Clash(0, 0), Misplaced(vector(0))):
        assert isinstance(judge_counterexample(obligation, odd), Rejected)
    states = replace(obligation, question=Entailment((), ()))
    assert judge_counterexample(states, Strayed(vector(0), half)) != Accepted()


# ---- no motion: a misplaced start, too far, too fast, nowhere to go ----------------------------


def impossible(problem: Problem, proof: Any) -> bool:
    judged = judge_no_motion(problem, proof)
    assert isinstance(judged, Accepted) or judged.reason
    return isinstance(judged, Accepted)


def test_a_start_is_one_of_those_asked_for() -> None:
    far = replace(LINE, duration_max=F(1, 10))
    for start, good in ((0, True), (1, True), ("1/2", True), (-HAIR, False), (1 + HAIR, False)):
        assert impossible(far, TooFar(vector(start), 0)) == good
    for odd in ((), (0, 0)):
        assert not impossible(far, TooFar(vector(*odd), 0))
    hull = replace(far, starts=(box((3, 4)), Hull((vector(0), vector(1)))))
    for start, good in ((0, True), (1, True), ("1/2", False), (3, True), (2, False)):
        assert impossible(hull, TooFar(vector(start), 0)) == good


def test_a_start_in_more_dimensions_is_one_of_those_asked_for() -> None:
    two = Problem(
        Space(2, None, ()), (box((0, 1), (5, 6)),), rows(((1, 0), -99)), vector(1, 1), vector(1, 1),
        F(1),
    )  # fmt: skip
    parts = (((1,), (vector(5), vector(6))), ((0,), (vector(0), vector(1))))
    several = replace(two, starts=(Product(parts),))
    joined = replace(two, starts=(Product((((1, 0), (vector(5, 0), vector(6, 1))),)),))
    for start, boxed, parted, paired in (
        *(((0, 5), True, True, True), ((1, 6), True, True, True), ((0, 6), True, True, False)),
        *(((0, "11/2"), True, False, False), ((2, 5), False, False, False)),
        *(((0, 7), False, False, False), ((5, 0), False, False, False)),
        *(((0,), False, False, False), ((), False, False, False)),
        *(((0, 5, 0), False, False, False), ((0, 5, 5), False, False, False)),
    ):
        proof = TooFar(vector(*start), 0)
        found = [impossible(problem, proof) for problem in (two, several, joined)]
        assert found == [boxed, parted, paired], start
    before = replace(two, starts=(Product(parts), box((7, 8), (7, 8))))
    assert impossible(before, TooFar(vector(7, 7), 0))
    assert not impossible(before, TooFar(vector(7, 6), 0))


def test_a_misplaced_start_is_out_of_the_room() -> None:
    bounded = replace(LINE, space=Space(1, box(("1/2", 9)), ()))
    for start, good in ((0, True), (F(1, 2) - HAIR, True), ("1/2", False), (1, False)):
        assert impossible(bounded, Misplaced(vector(start))) == good
    free = replace(LINE, space=Space(1, None, (), (rows(((1,), "1/4")), rows(((-1,), "-3/4")))))
    for start, good in ((0, False), ("1/4", False), ("1/2", True), ("3/4", False)):
        assert impossible(free, Misplaced(vector(start))) == good
    wall = box_solid(box(("1/2", "3/4")))
    walled = replace(LINE, space=Space(1, None, (wall,)))
    for start, good in ((0, False), ("1/2", True), ("5/8", True), ("3/4", True), (1, False)):
        assert impossible(walled, Misplaced(vector(start))) == good
    near = replace(walled, space=replace(walled.space, clearance=F(1, 4)))
    for start, good in (("1/4", False), (F(1, 4) + HAIR, True), (1, False), (1 - HAIR, True)):
        assert impossible(near, Misplaced(vector(start))) == good


@pytest.mark.parametrize(
    ("speed", "acceleration", "time", "reach"),
    [
        *((3, 2, 1, "1/2"), (3, 2, 2, 2), (3, 2, "11/4", "121/32"), (3, 2, 3, "9/2")),
        *((3, 2, 4, "15/2"), (1, 1, 4, 3)),
    ],
)
def test_a_distance_is_too_great_from_rest_to_rest(
    speed: int, acceleration: int, time: Value, reach: Value
) -> None:
    """The triangle of speed a t^2 / 4, and then the trapezium v (t - v / a)."""
    asked = replace(
        LINE,
        speed_max=vector(speed),
        acceleration_max=vector(acceleration),
        duration_max=F(time),
        starts=(box((0, 0)),),
    )
    proof = TooFar(vector(0), 0)
    for low, good in ((F(reach), False), (F(reach) + HAIR, True)):
        assert impossible(replace(asked, end=rows(((-1,), -low))), proof) == good
        assert impossible(replace(asked, end=rows(((1,), -low))), proof) == good
        assert impossible(replace(asked, end=rows(((-2,), -2 * low))), proof) == good
    inside = replace(asked, end=box_rows(box((-1, 1))))
    assert not impossible(inside, proof)
    far = replace(asked, end=rows(((-1,), -99)))
    assert impossible(far, proof) and not impossible(far, TooFar(vector(0), 1))
    assert not impossible(far, TooFar(vector(0), -1))
    assert not impossible(replace(far, duration_max=None), proof)
    moving = replace(far, moving=True, starts=(box((0, 0), (0, 0)),))
    assert not impossible(moving, TooFar(vector(0, 0), 0))
    two = replace(
        far,
        space=Space(2, None, ()),
        starts=(box((0, 0), (0, 0)),),
        end=rows(((0, -1), -99), ((-1, -1), -99), ((0, -1), 5)),
        speed_max=vector(999, speed),
        acceleration_max=vector(999, acceleration),
    )
    assert impossible(two, TooFar(vector(0, 0), 1)) and not impossible(two, TooFar(vector(0, 0), 0))


def test_who_is_too_fast_cannot_brake_inside_the_bounds() -> None:
    problem = Problem(
        Space(1, box((0, 10)), ()), (box((0, 10), (-9, 9)),), box_rows(box((0, 10))), vector(9),
        vector(2), None, moving=True,
    )  # fmt: skip
    for place, speed, good in (
        *((9, 2, False), (9 + HAIR, 2, True), (6, 4, False), (6 + HAIR, 4, True)),
        *((1, -2, False), (1 - HAIR, -2, True), (4, -4, False), (4 - HAIR, -4, True)),
        *((5, 0, False), (10, 0, False), (0, 0, False)),
    ):
        assert impossible(problem, CannotBrake(vector(place, speed), 0)) == good
    fast = CannotBrake(vector(10, 9), 0)
    assert impossible(problem, fast)
    for axis in (1, -1):
        assert not impossible(problem, replace(fast, axis=axis))
    assert not impossible(replace(problem, space=Space(1, None, ())), fast)
    assert not impossible(replace(problem, moving=False, starts=(box((0, 10)),)), fast)
    resting = replace(problem, moving=False, starts=(box((0, 10)),))
    assert not impossible(resting, CannotBrake(vector(10), 0))
    still = replace(problem, space=Space(2, box((0, 10), (0, 10)), ()), speed_max=vector(9, 9),
                    acceleration_max=vector(2, 2), end=box_rows(box((0, 10), (0, 10))),
                    starts=(box((0, 10), (0, 10), (-9, 9), (-9, 9)),))  # fmt: skip
    assert impossible(still, CannotBrake(vector(5, 10, 0, 1), 1))
    assert not impossible(still, CannotBrake(vector(5, 10, 0, 1), 0))
    assert not impossible(still, CannotBrake(vector(5, 9, 0, 0), 1))
    soft = replace(problem, acceleration_max=vector(1))
    assert impossible(soft, CannotBrake(vector(8 + HAIR, 2), 0))
    assert not impossible(soft, CannotBrake(vector(8, 2), 0))


def test_an_end_set_is_nowhere() -> None:
    def nowhere(end: Polytope, bounds: Box | None, **others: Any) -> bool:
        return impossible(replace(LINE, end=end, space=Space(1, bounds, ()), **others), NoEnd())

    assert nowhere(rows(((1,), 1), ((-1,), -1 - HAIR)), None)
    assert not nowhere(rows(((1,), 1), ((-1,), -1)), None)
    assert not nowhere(rows(((1,), 1)), None) and not nowhere(rows(((-1,), 1)), None)
    assert nowhere(rows(((-1,), -10 - HAIR)), box((0, 10)))
    assert not nowhere(rows(((-1,), -10)), box((0, 10)))
    assert nowhere(rows(((1,), 9)), box((1, 0)))
    assert nowhere(rows(((1,), 1), ((-1,), -2)), box((0, 10)))
    two = Problem(
        Space(2, None, ()), (box((0, 0), (0, 0)),), rows(((0, 1), 0), ((0, -1), -1)), vector(1, 1),
        vector(1, 1), None,
    )  # fmt: skip
    assert impossible(two, NoEnd())
    slanted = replace(two, end=rows(((1, 1), 0), ((-1, -1), -1)))
    assert not impossible(slanted, NoEnd())
    inside = Space(2, box((0, 4), (0, 9)), ())
    for end, is_nowhere in (
        (rows(((1, 1), -HAIR)), True),
        (rows(((1, 1), 0)), False),
        (rows(((-1, -1), -13 - HAIR)), True),
        (rows(((-1, -1), -13)), False),
        (rows(((-1, 1), -4), ((0, -1), -HAIR)), True),
        (rows(((0, -1), -9 - HAIR)), True),
        (rows(((0, -1), -9), ((-1, 0), -4)), False),
        (rows(((0, 1), -HAIR), ((1, 0), 3)), True),
        (rows(((0, 0), -1)), True),
        (rows(((0, 0), 0), ((1, 0), 3)), False),
        (rows(((0, 0), 0), ((0, 0), -HAIR)), True),
    ):
        assert impossible(replace(two, end=end, space=inside), NoEnd()) == is_nowhere, end
    rigid = replace(LINE, rigid=1, starts=(box((0, 1), (0, 1)),), end=rows(((1, 0), -9)))
    assert not impossible(replace(rigid, space=Space(1, box((0, 5)), ())), NoEnd())


# ---- barriers ----------------------------------------------------------------------------------

WALL = box_solid(box((2, 3)))
HALL = Problem(
    Space(1, box((0, 5)), (WALL,)),
    (box((0, 1)),),
    box_rows(box((4, 5))),
    vector(1),
    vector(1),
    None,
)


def halves(*tree: Any) -> Any:
    """`(bound, below, above)` along the only axis; a number is blocked, None is free."""
    (node,) = tree
    match node:
        case None:
            return Free()
        case int(number):
            return Blocked(number)
        case (bound, below, above):
            return Halves(vector(1), F(bound), halves(below), halves(above))
    raise AssertionError(node)


SHUT = halves((2, None, (3, 0, None)))
HERE = Barrier(vector(0), SHUT, 1)


def test_a_wall_closes_the_way() -> None:
    assert impossible(HALL, HERE)
    thin = replace(HALL, space=replace(HALL.space, obstacles=(box_solid(box((2, 2))),)))
    assert impossible(thin, replace(HERE, cells=halves((2, None, None))))
    assert not impossible(HALL, replace(HERE, cells=halves((1, None, (3, 0, None)))))
    assert not impossible(HALL, replace(HERE, cells=halves((2, None, (4, 0, None)))))
    assert not impossible(HALL, replace(HERE, cells=halves(None)))
    assert not impossible(HALL, replace(HERE, cells=halves((F(3, 2), None, None))))
    assert impossible(HALL, replace(HERE, cells=halves(("5/2", None, None))))
    for number in (1, -1):
        tree = halves((2, None, (3, number, None)))
        assert not impossible(HALL, replace(HERE, cells=tree))
    assert not impossible(HALL, replace(HERE, cells=None))
    assert not impossible(replace(HALL, space=replace(HALL.space, bounds=None)), HERE)
    empty = replace(HALL, space=replace(HALL.space, bounds=box((5, 0))))
    assert not impossible(empty, HERE)
    skewed = Halves(vector(1, 0), F(2), Free(), Free())
    assert not impossible(HALL, replace(HERE, cells=skewed))
    for fineness, good in ((1, True), (2, True), (64, True), (65, False), (0, False), (-1, False)):
        assert impossible(HALL, replace(HERE, fineness=fineness)) == good
    assert not impossible(replace(HALL, end=box_rows(box((1, 5)))), HERE)
    assert impossible(replace(HALL, end=box_rows(box((2, 5)))), HERE)
    assert impossible(replace(HALL, end=box_rows(box((3, 5)))), HERE)
    assert impossible(replace(HALL, end=box_rows(box((2, 3)))), HERE)


def test_free_regions_that_do_not_meet_close_the_way() -> None:
    west, east = rows(((1,), 2), ((-1,), 0)), rows(((1,), 5), ((-1,), -3))
    proof = replace(HERE, cells=None)

    def shut(*regions: Polytope, bounds: Box | None = None, obstacles: Any = ()) -> bool:
        space = Space(1, bounds, obstacles, regions)
        return impossible(replace(HALL, space=space), proof)

    assert shut(west, east) and shut(east, west) and shut(west)
    touching = rows(((1,), 5), ((-1,), -2))
    assert not shut(west, touching) and not shut(touching, west)
    assert not shut(west, east, rows(((1,), 3), ((-1,), -2)))
    assert shut(west, touching, obstacles=(WALL,))
    assert not shut(west, rows(((-1,), -3))) and not shut(rows(((1,), 2)), east)
    assert shut(west, rows(((-1,), -3)), bounds=box((0, 5)))
    assert shut(west, touching, bounds=box((0, "3/2")))
    assert shut(west, rows(((1,), 1), ((-1,), -2)), east)
    assert not impossible(
        replace(HALL, space=Space(1, None, (), (west, east))), replace(HERE, cells=SHUT)
    )


def test_a_way_takes_its_time() -> None:
    """Two rooms with a door at their far end: 9 s to the door, 1 s through it, and 9 s back."""
    rooms = (box((0, 2), (0, 10)), box((2, 3), (9, 10)), box((3, 5), (0, 10)))
    asked = Problem(
        Space(2, None, (), tuple(map(box_rows, rooms))),
        (box((0, 0), (0, 0)),),
        box_rows(box((5, 5), (0, 0))),
        vector(1, 1),
        vector(1, 1),
        F(199, 10),
    )
    for fineness in (1, 3):
        proof = Barrier(vector(0, 0), None, fineness)
        assert impossible(asked, proof)
        assert not impossible(replace(asked, duration_max=F(20)), proof)
        assert not impossible(replace(asked, duration_max=None), proof)
        turned = replace(asked, space=replace(asked.space, regions=asked.space.regions[::-1]))  # type: ignore[index]
        assert impossible(turned, proof)
        assert not impossible(replace(turned, duration_max=F(20)), proof)
        double = replace(asked, speed_max=vector(2, 2), acceleration_max=vector(2, 2))
        assert impossible(replace(double, duration_max=F(104, 10)), proof)
        assert not impossible(replace(double, duration_max=F(105, 10)), proof)
        fast = replace(asked, speed_max=vector(9, 1), acceleration_max=vector(9, 1))
        assert impossible(replace(fast, duration_max=F(191, 10)), proof)
        assert not impossible(replace(fast, duration_max=F(192, 10)), proof)


def test_a_way_from_rest_is_slower() -> None:
    """9 m at 1 m/s: at least 9 s for who is on the way, and 10 s from rest to rest at 1 m/s^2."""
    hall = rows(((1,), 9), ((-1,), 0))
    asked = Problem(
        Space(1, None, (), (hall,)), (box((0, 0)),), box_rows(box((9, 9))), vector(1), vector(1),
        F(10),
    )  # fmt: skip
    proof = Barrier(vector(0), None, 1)
    assert not impossible(asked, proof)
    assert impossible(replace(asked, duration_max=F(99, 10)), proof)
    assert not impossible(replace(asked, duration_max=F(11)), proof)
    quick = replace(asked, acceleration_max=vector(10), duration_max=F(92, 10))
    assert not impossible(quick, proof)
    assert impossible(replace(quick, duration_max=F(9)), proof)
    moving = replace(asked, moving=True, starts=(box((0, 0), (0, 0)),))
    there = Barrier(vector(0, 0), None, 1)
    assert not impossible(replace(moving, duration_max=F(9)), there)
    assert not impossible(replace(moving, duration_max=F(99, 10)), there)
    assert impossible(replace(moving, duration_max=F(89, 10)), there)
    faster = replace(asked, speed_max=vector(3), acceleration_max=vector(3))
    assert not impossible(replace(faster, duration_max=F(4)), proof)
    assert impossible(replace(faster, duration_max=F(39, 10)), proof)
    nothing = replace(asked, duration_max=F(0))
    assert impossible(nothing, proof)
    assert not impossible(replace(nothing, end=box_rows(box((0, 9)))), proof)
    assert impossible(replace(nothing, end=box_rows(box((1, 9)))), proof)
    plane = Problem(
        Space(2, None, (), (box_rows(box((0, 9), (0, 1))),)),
        (box((0, 0), (0, 0)),),
        box_rows(box((9, 9), (0, 0))),
        vector(1, 1),
        vector(1, 4),
        F(37, 4),
    )
    start = Barrier(vector(0, 0), None, 1)
    assert not impossible(plane, start)
    assert impossible(replace(plane, duration_max=F(92, 10)), start)


ROOMS = (box_rows(box((0, 2), (0, 10))), box_rows(box((2, 4), (0, 10))))
ACROSS = Problem(
    Space(2, None, (), ROOMS),
    (box((0, 0), (0, 0)),),
    box_rows(box((4, 4), (10, 10))),
    vector(1, 1),
    vector(1, 1),
    None,
)


@pytest.mark.parametrize("slanted", [False, True])
@pytest.mark.parametrize(("fineness", "length"), [(1, 4), (2, 7), (5, 8), (10, 9)])
def test_a_finer_barrier_measures_the_way_more_closely(
    fineness: int, length: int, slanted: bool
) -> None:
    """From (0, 0) to (4, 10) through a wall of gates at x = 2: the least of the greater side to a
    gate and the greater side from it; one second more from rest."""
    rooms = tuple(
        Polytope((*room.rows, vector(1, 1)), (*room.bounds, F(100))) if slanted else room
        for room in ROOMS
    )
    for regions in (rooms, rooms[::-1], (rooms[0], ROOMS[1]), (ROOMS[0], rooms[1])):
        asked = replace(ACROSS, space=replace(ACROSS.space, regions=regions))
        proof = Barrier(vector(0, 0), None, fineness)
        assert not impossible(replace(asked, duration_max=F(length + 1)), proof)
        assert impossible(replace(asked, duration_max=length + 1 - F(1, 100)), proof)
    farther = tuple(
        Polytope(room.rows, (room.bounds[0], F(20), room.bounds[2], F(-10), *room.bounds[4:]))
        for room in rooms
    )
    moved = replace(
        ACROSS,
        space=replace(ACROSS.space, regions=farther),
        starts=(box((0, 0), (10, 10)),),
        end=box_rows(box((4, 4), (20, 20))),
    )
    there = Barrier(vector(0, 10), None, fineness)
    assert not impossible(replace(moved, duration_max=F(length + 1)), there)
    assert impossible(replace(moved, duration_max=length + 1 - F(1, 100)), there)
    back = replace(ACROSS, starts=(box((4, 4), (10, 10)),), end=box_rows(box((0, 0), (0, 0))))
    proof = Barrier(vector(4, 10), None, fineness)
    assert not impossible(replace(back, duration_max=F(length + 1)), proof)
    assert impossible(replace(back, duration_max=length + 1 - F(1, 100)), proof)


def test_regions_with_slanted_sides_meet_along_them() -> None:
    square = box_rows(box((0, 2), (0, 2)))

    def part(sign: int, bound: Value) -> Polytope:
        return Polytope((*square.rows, vector(sign, sign)), (*square.bounds, F(bound)))

    def shut(*regions: Polytope, fineness: int = 1, obstacles: Any = ()) -> bool:
        space = Space(2, None, obstacles, regions)
        asked = replace(ACROSS, space=space, end=box_rows(box((2, 2), (2, 2))))
        return impossible(asked, Barrier(vector(0, 0), None, fineness))

    low, high, away = part(1, 2), part(-1, -2), part(-1, "-5/2")
    nothing, small = part(1, -1), box_rows(box(("3/2", 2), ("3/2", 2)))
    for fineness in (1, 2, 3):
        assert not shut(low, high, fineness=fineness) and not shut(high, low, fineness=fineness)
        assert shut(low, away, fineness=fineness) and shut(away, low, fineness=fineness)
        assert shut(low, nothing, away, fineness=fineness) and shut(low, small, fineness=fineness)
        assert not shut(low, high, small, fineness=fineness)
        assert not shut(low, box_rows(box((1, 2), (1, 2))), fineness=fineness)
        assert not shut(square, fineness=fineness)
    assert shut(low, high, obstacles=(box_solid(box((0, 2), (0, 2))),))
    assert not shut(low, high, obstacles=(box_solid(box((0, 1), (1, 2))),))
    for side in (vector(1, 0), vector(-1, 0), vector(0, 1), vector(0, -1)):
        kept = [line for line in zip(low.rows, low.bounds, strict=True) if line[0] != side]
        unbounded = Polytope(tuple(row for row, _ in kept), tuple(bound for _, bound in kept))
        assert not shut(unbounded, away)


def test_the_shortest_way_is_not_the_first() -> None:
    """The end set is a segment through three rooms; it is near in the second one."""
    rooms = tuple(box_rows(box((0, 10), (low, low + 1))) for low in range(3))
    segment = rows(((1, 5), 10), ((-1, -5), -10), ((0, 1), 2), ((0, -1), 0))
    asked = replace(ACROSS, space=Space(2, None, (), rooms), end=segment)
    proof = Barrier(vector(0, 0), None, 1)
    for regions in (rooms, rooms[::-1], (rooms[1], rooms[0], rooms[2])):
        turned = replace(asked, space=Space(2, None, (), regions))
        assert not impossible(replace(turned, duration_max=F(3)), proof)
        assert not impossible(replace(turned, duration_max=F(2)), proof)
        assert impossible(replace(turned, duration_max=F(19, 10)), proof)
    first = tuple(map(box_rows, (box((0, 2), (0, 1)), box((0, 2), (5, 6)), box((1, 3), (5, 6)))))
    there = replace(
        ACROSS,
        space=Space(2, None, (), first),
        starts=(box((0, 0), (5, 5)),),
        end=box_rows(box((3, 3), (6, 6))),
    )
    assert not impossible(there, Barrier(vector(0, 5), None, 1))


def test_a_barrier_has_a_greatest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    proof = Barrier(vector(0, 0), None, 4)
    asked = replace(ACROSS, duration_max=F(1))
    monkeypatch.setattr("verifier.check.barrier.GATES_MAX", 4)
    assert impossible(asked, proof) and not impossible(asked, replace(proof, fineness=5))
    monkeypatch.setattr("verifier.check.cells.AREAS_MAX", 2)
    assert impossible(HALL, HERE)
    third = halves((2, (1, None, None), (3, 0, None)))
    assert not impossible(HALL, replace(HERE, cells=third))
    monkeypatch.setattr("verifier.check.cells.AREAS_MAX", 3)
    assert impossible(HALL, replace(HERE, cells=third))


def test_a_cut_beside_the_cell_leaves_one_side() -> None:
    for tree in ((9, (2, None, (3, 0, None)), None), (-1, None, (2, None, (3, 0, None)))):
        assert impossible(HALL, replace(HERE, cells=halves(tree)))
    end = rows(((1, 0), 99))
    flat = replace(ACROSS, space=Space(2, box((0, 4), (1, 0)), ()), end=end)
    assert impossible(flat, NoEnd())
    assert impossible(replace(flat, space=Space(2, box((1, 0), (0, 9)), ())), NoEnd())
