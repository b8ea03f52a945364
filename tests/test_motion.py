"""Motions that serve every start of a set, judged exactly and looked at by sampling."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motions import (
    TOOLS,
    box,
    complaints,
    curve,
    listed,
    plan_for,
    problem_of,
    random_starts,
    sampled,
)

from verifier.check.barrier import judge_no_motion
from verifier.check.motion import judge_motion, judge_plan
from verifier.check.motion_codec import (
    decode_family,
    decode_impossible,
    encode_family,
    encode_impossible,
)
from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.core.cell import box_cell, cut, dot
from verifier.core.exact import reduced
from verifier.core.motion import (
    Affine,
    Barrier,
    Box,
    CannotBrake,
    Family,
    Hull,
    Impossible,
    Misplaced,
    Motion,
    NoEnd,
    Piece,
    Polytope,
    Problem,
    Product,
    Region,
    Space,
    TooFar,
)
from verifier.core.solids import polygon_solids
from verifier.repair.refusal import faults
from verifier.repair.transition import Aim, Found, Refuted, Undecided, served, transition
from verifier.repair.tube import confined, surroundings, tube

KINDS: dict[str, type[Impossible]] = {
    "misplaced": Misplaced,
    "too-far": TooFar,
    "cannot-brake": CannotBrake,
    "no-end": NoEnd,
    "barrier": Barrier,
}
LISTED = listed()


def round_trip(data: Any) -> Any:
    return json.loads(json.dumps(data))


# ---- problems with known answers ---------------------------------------------------------------


@pytest.mark.parametrize("name", LISTED)
def test_listed_answers(name: str) -> None:
    data = LISTED[name]
    problem = problem_of(data)
    answer = transition(problem, TOOLS)
    if "none" in data:
        assert isinstance(answer, Refuted)
        assert isinstance(answer.proof, KINDS[data["none"]])
        read = decode_impossible(round_trip(encode_impossible(answer.proof)))
        assert read == answer.proof
        assert judge_no_motion(problem, read) == Accepted()
        return
    assert isinstance(answer, Found)
    read_family = decode_family(round_trip(encode_family(answer.family)))
    assert read_family == answer.family
    assert judge_motion(problem, read_family) == Accepted()
    assert complaints(problem, answer.family, 30) == []
    low, high = data["least"]
    assert low * (1 - 1e-9) <= float(answer.family.duration) <= 1.15 * high


# ---- scenes ------------------------------------------------------------------------------------

ROOM: dict[str, Any] = {
    "dimension": 2,
    "bounds": [[0, 0], [10, 6]],
    "starts": [[[1, 1], [2, 2]]],
    "end": [[8, 1], [9, 2]],
    "speed": [1, 1],
    "acceleration": [1, 1],
}
WALL = [[4, -1], [5, -1], [5, 4], [4, 4]]


def asked(**changes: Any) -> Problem:
    return problem_of({**ROOM, **changes})


def found(problem: Problem) -> Found:
    answer = transition(problem, TOOLS)
    assert isinstance(answer, Found)
    assert judge_motion(problem, answer.family) == Accepted()
    assert complaints(problem, answer.family, 40) == []
    return answer


def refuted(problem: Problem, kind: type[Impossible]) -> None:
    answer = transition(problem, TOOLS)
    assert isinstance(answer, Refuted) and isinstance(answer.proof, kind)
    assert judge_no_motion(problem, answer.proof) == Accepted()


def test_around_a_wall() -> None:
    found(asked(polygons=[WALL]))


def test_a_wall_that_touches_the_other_closes_the_way() -> None:
    upper = [[4, 4], [5, 4], [5, 7], [4, 7]]
    refuted(asked(polygons=[WALL, upper]), Barrier)


def test_a_gap_that_is_thin_is_passed_by_all_starts() -> None:
    upper = [[4, "4001/1000"], [5, "4001/1000"], [5, 7], [4, 7]]
    found(asked(polygons=[WALL, upper]))


def test_the_end_is_a_point() -> None:
    found(asked(polygons=[WALL], end=[[8, 1], [8, 1]]))


def test_the_start_is_a_point() -> None:
    found(asked(polygons=[WALL], starts=[[[1, 1], [1, 1]]]))


def test_the_start_set_is_a_segment_and_the_end_too() -> None:
    found(asked(polygons=[WALL], starts=[[[1, 1], [1, 3]]], end=[[8, 1], [9, 1]]))


def test_the_start_set_is_a_hull() -> None:
    corners = tuple((Fraction(x), Fraction(y)) for x, y in ((1, 1), (3, 1), (2, 3)))
    found(replace(asked(polygons=[WALL]), starts=(Hull(corners),)))


def test_the_end_set_is_slanted() -> None:
    rows = ((1, 1), (-1, -1), (1, -1), (-1, 1))
    end = Polytope(
        tuple(tuple(map(Fraction, row)) for row in rows),
        tuple(map(Fraction, (10, -9, 8, -6))),
    )
    found(replace(asked(polygons=[WALL]), end=end))


def test_the_end_set_is_a_slanted_segment() -> None:
    rows = ((1, 1), (-1, -1), (1, -1), (-1, 1))
    end = Polytope(
        tuple(tuple(map(Fraction, row)) for row in rows),
        tuple(map(Fraction, (10, -10, 8, -6))),
    )
    found(replace(asked(polygons=[WALL]), end=end))


def test_starts_on_the_bounds() -> None:
    found(asked(polygons=[WALL], starts=[[[0, 0], [3, 6]]]))


def test_no_bounds() -> None:
    data = {key: value for key, value in ROOM.items() if key != "bounds"}
    found(problem_of({**data, "polygons": [WALL]}))


def test_a_clearance_is_kept_or_closes_the_way() -> None:
    upper = [[4, "24/5"], [5, "24/5"], [5, 7], [4, 7]]
    found(asked(polygons=[WALL, upper], clearance="3/10"))
    answer = transition(asked(polygons=[WALL, upper], clearance="1/2"), TOOLS)
    assert not isinstance(answer, Found)


def test_starts_on_both_sides_of_an_obstacle_are_served_in_parts() -> None:
    table = [["1", "29/10"], [3, "29/10"], [3, "31/10"], [1, "31/10"]]
    problem = asked(polygons=[table], starts=[[[1, 1], [2, 5]]])
    refuted(problem, Misplaced)
    part = served(problem, TOOLS)
    assert part is not None
    assert judge_motion(*part) == Accepted()
    assert complaints(*part, 40) == []
    areas = [
        (starts.upper[0] - starts.lower[0]) * (starts.upper[1] - starts.lower[1])
        for starts in part[0].starts
        if isinstance(starts, Box)
    ]
    assert sum(areas) > Fraction(37, 10)


def test_only_a_part_can_brake_in_time() -> None:
    problem = problem_of(
        {
            "dimension": 1,
            "bounds": [[-1], [10]],
            "starts": [[[2, 0], [6, 3]]],
            "moving": True,
            "end": [[0], [10]],
            "speed": [5],
            "acceleration": [1],
            "time": 20,
        }
    )
    refuted(problem, CannotBrake)
    part = served(problem, TOOLS)
    assert part is not None and judge_motion(*part) == Accepted()
    assert complaints(*part, 40) == []


def test_a_moving_start_is_taken_over() -> None:
    starts = [[[1, 1, 0, "-1/2"], [2, 2, "1/2", "1/2"]]]
    found(asked(polygons=[WALL], starts=starts, moving=True))


def test_of_two_start_sets_one_is_shut_in() -> None:
    ring = [
        [[3, 3], [6, 3], [6, "7/2"], [3, "7/2"]],
        [[3, 5], [6, 5], [6, "11/2"], [3, "11/2"]],
        [[3, 3], ["7/2", 3], ["7/2", "11/2"], [3, "11/2"]],
        [["11/2", 3], [6, 3], [6, "11/2"], ["11/2", "11/2"]],
    ]
    problem = asked(polygons=ring, starts=[[[1, 1], [2, 2]], [[4, 4], [5, "9/2"]]])
    refuted(problem, Barrier)
    part = served(problem, TOOLS)
    assert part is not None and part[0].starts == problem.starts[:1]


def test_end_sets_that_are_nowhere() -> None:
    refuted(asked(end=[[11, 1], [12, 2]]), NoEnd)
    refuted(asked(end=[[8, 2], [9, 1]]), NoEnd)


def test_the_time_allowed_is_too_short_by_little() -> None:
    found(asked(time="801/100"))
    refuted(asked(time="799/100"), TooFar)


def test_the_way_around_is_too_long_for_the_time() -> None:
    problem = asked(polygons=[WALL])
    least = found(problem).family.duration
    short = replace(problem, duration_max=least * Fraction(9, 10))
    assert isinstance(transition(short, TOOLS), Refuted)


def test_what_nobody_can_have_meant_is_said() -> None:
    def said(**changes: Any) -> set[str]:
        return {fault.part for fault in faults(asked(**changes))}

    assert said() == set()
    assert said(starts=[[[1, 2], [2, 1]]]) == {"starts"}
    assert said(starts=[]) == {"starts"}
    assert said(starts=[[[1], [2]]]) == {"starts"}
    assert said(bounds=[[5, 0], [4, 9]]) == {"bounds"}
    assert said(speed=[0, 1], acceleration=[1]) == {"speed", "acceleration"}
    assert said(time=-1, clearance=-1) == {"duration", "clearance"}
    answer = transition(asked(starts=[[[1, 2], [2, 1]]]), TOOLS)
    assert answer == Undecided("the start set is empty")


def test_boxes_in_three_dimensions() -> None:
    problem = problem_of(
        {
            "dimension": 3,
            "bounds": [[0, 0, 0], [6, 4, 3]],
            "boxes": [[[2, -1, -1], [3, 5, 2]], [[4, -1, 1], [5, 5, 4]]],
            "starts": [[["1/2", "1/2", "1/2"], [1, 3, 1]]],
            "end": [["11/2", 1, 2], [6, 2, 3]],
            "speed": [1, 1, 1],
            "acceleration": [1, 1, 1],
        }
    )
    found(problem)


def test_free_regions_that_only_touch() -> None:
    free = [[[0, 0], [2, 2]], [[2, 0], [4, 1]], [[4, 0], [6, 2]]]
    data = {**ROOM, "free": free, "starts": [[[0, 0], [1, 1]]], "end": [[5, 1], [6, 2]]}
    del data["bounds"]
    found(problem_of(data))
    data["free"] = [free[0], free[2]]
    refuted(problem_of(data), Barrier)


def test_the_tube_holds_every_motion() -> None:
    problem = asked(polygons=[WALL])
    family = found(problem).family
    (plan,) = family.plans
    assert isinstance(plan, Motion)
    stretches = tube(problem.starts[0], plan)
    assert stretches[0].begin == 0 and stretches[-1].end == family.duration
    for _, start in random_starts(problem, 30, 5):
        for time, spot in sampled(curve(plan, start)):
            assert any(
                stretch.begin - 1e-9 <= time <= stretch.end + 1e-9
                and all(
                    low - 1e-9 <= x <= high + 1e-9
                    for x, low, high in zip(
                        spot, stretch.around.lower, stretch.around.upper, strict=True
                    )
                )
                for stretch in stretches
            )
    assert judge_motion(*confined(problem, family)) == Accepted()
    walls = surroundings(problem, family)
    assert walls.upper[1] < 6
    tight = replace(problem, space=replace(problem.space, bounds=walls))
    assert isinstance(judge_motion(tight, family), Rejected)


# ---- certificates ------------------------------------------------------------------------------

FORGERIES = Path(__file__).parent / "forgeries"
HONEST = json.loads((FORGERIES / "motion" / "honest.json").read_text(encoding="utf-8"))
LIES = [
    json.loads(line)
    for line in (FORGERIES / "motion" / "lies.jsonl").read_text(encoding="utf-8").splitlines()
]


def verdict(problem: Problem, data: Any) -> Accepted | Rejected:
    try:
        if "plans" in data:
            return judge_motion(problem, decode_family(data))
        return judge_no_motion(problem, decode_impossible(data))
    except Refused as refusal:
        return Rejected(str(refusal))


@pytest.mark.parametrize("name", HONEST)
def test_the_honest_certificate_is_accepted(name: str) -> None:
    case = HONEST[name]
    assert verdict(problem_of(case["problem"]), case["certificate"]) == Accepted()


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie["name"])
def test_the_forgery_is_not_accepted(lie: dict[str, Any]) -> None:
    case = round_trip(HONEST[lie["about"]])
    for path, value in lie["edits"]:
        place = case
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
    judged = verdict(problem_of(case["problem"]), case["certificate"])
    assert isinstance(judged, Rejected)
    assert lie["because"] in judged.reason


def test_every_kind_of_certificate_has_forgeries() -> None:
    kinds = [HONEST[lie["about"]]["certificate"].get("kind", "family") for lie in LIES]
    wanted = ("family", "misplaced", "too-far", "cannot-brake", "no-end", "barrier")
    assert set(kinds) == set(wanted) and all(kinds.count(kind) >= 3 for kind in wanted)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything inside of a value."""
    items = list(data.items()) if isinstance(data, dict) else []
    items += list(enumerate(data)) if isinstance(data, list) else []
    found = [(*path, key) for key, _ in items]
    for key, value in items:
        found += places(value, (*path, key))
    return found


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_judge_answers_whatever_is_written(data: st.DataObject) -> None:
    """Anything is put in any place of an honest certificate; what is accepted is true."""
    case = round_trip(HONEST[data.draw(st.sampled_from(sorted(HONEST)))])
    certificate = case["certificate"]
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(places(certificate)))
        place = certificate
        for step in path[:-1]:
            place = place[step]
        if isinstance(place, list) and data.draw(st.booleans()):
            del place[path[-1]]
            break
        values = [0, -1, 7, "0", "1/3", "-5", "free", None, [], {}, ["1", "0"], ["motion"], True]
        place[path[-1]] = data.draw(st.sampled_from(values))
    problem = problem_of(case["problem"])
    judged = verdict(problem, certificate)
    if judged == Accepted() and "plans" in certificate:
        assert complaints(problem, decode_family(certificate), 20) == []


def test_a_tree_that_is_very_deep_is_judged() -> None:
    case = round_trip(HONEST["cut"])
    motion = case["certificate"]["plans"][1]
    case["certificate"]["plans"] = [["cut", 0, "1/2"]] * 1500 + [motion] * 1501
    problem = problem_of(case["problem"])
    family = decode_family(case["certificate"])
    assert judge_motion(problem, family) == Accepted() and family.duration == 4
    wall = round_trip(HONEST["wall"])
    wall["certificate"]["cells"] = [["1", "0", "7"]] * 1500 + ["free"] * 1501
    assert isinstance(verdict(problem_of(wall["problem"]), wall["certificate"]), Rejected)


def test_lies_about_a_plan_that_is_relative() -> None:
    """Two starts in a row, one that moves and one that it is relative to; each lie is refused."""
    start, zero = Affine(Fraction(0), (Fraction(1), Fraction(0))), Fraction(0)
    wall = Polytope(((Fraction(1),), (Fraction(-1),)), (Fraction(10), Fraction(0)))
    points = tuple(
        (Affine(zero, (1 - share, share)),) for share in map(Fraction, ("0", "0", "1/2"))
    )
    rest = tuple((Affine(zero, (1 - s, s)),) for s in map(Fraction, ("1/2", "1", "1")))
    plan = Motion((Piece(Fraction(2), 0, points), Piece(Fraction(2), 0, rest)))
    near = Polytope(
        ((Fraction(1), Fraction(-1)), (Fraction(-1), Fraction(1))), (Fraction(1), Fraction(1))
    )
    corners = ((Fraction(4), Fraction(5)), (Fraction(5), Fraction(4)), (Fraction(5), Fraction(5)))
    honest = Problem(
        Space(1, Box((zero,), (Fraction(10),)), ()),
        (Product((((0, 1), corners),)),),
        replace(near, bounds=(zero, zero)),
        (Fraction(1),),
        (Fraction(1),),
        Fraction(4),
        rigid=1,
        tube=near,
    )
    family = Family((Region(wall),), (plan,))
    assert plan.pieces[0].points[0] == (start,)
    assert judge_plan(honest, plan, family) == Accepted()
    other = Motion((replace(plan.pieces[0], duration=Fraction(3)), plan.pieces[1]))
    lies: list[tuple[Problem, Motion, str]] = [
        (replace(honest, tube=replace(near, bounds=(zero, zero))), plan, "leaves the tube"),
        (replace(honest, end=replace(near, bounds=(Fraction(-1), zero))), plan, "end set"),
        (replace(honest, rigid=0), plan, "wrong dimension"),
        (replace(honest, starts=(Product((((0,), corners),)),)), plan, "wrong dimension"),
        (replace(honest, starts=(Product((((0, 0), corners),)),)), plan, "wrong dimension"),
        (replace(honest, acceleration_max=(Fraction(1, 9),)), plan, "accelerates"),
        (honest, other, "another plan"),
    ]
    for problem, claimed, because in lies:
        judged = judge_plan(problem, claimed, family)
        assert isinstance(judged, Rejected) and because in judged.reason
    outside = Misplaced((Fraction(4), Fraction(4)))
    assert isinstance(judge_no_motion(honest, outside), Rejected)
    assert isinstance(judge_no_motion(honest, NoEnd()), Rejected)
    far = replace(honest, duration_max=Fraction(1, 2))
    assert judge_no_motion(far, TooFar((Fraction(4), Fraction(5)), 0)) == Accepted()
    assert isinstance(judge_no_motion(honest, TooFar((Fraction(4), Fraction(5)), 0)), Rejected)


# ---- the geometry below ------------------------------------------------------------------------

small = st.integers(-6, 6).map(Fraction)


@settings(deadline=None)
@given(st.lists(st.tuples(small, small, small, small), min_size=1, max_size=5))
def test_a_cut_cell_is_the_hull_of_its_vertices(cuts: list[tuple[Fraction, ...]]) -> None:
    """Against all intersections of three planes, in three dimensions."""
    cube = Box((Fraction(-3),) * 3, (Fraction(3),) * 3)
    planes = [
        (tuple(Fraction(s * (i == k)) for i in range(3)), Fraction(3))
        for k in range(3)
        for s in (1, -1)
    ]
    cell = box_cell(cube)
    for *row, bound in cuts:
        planes.append((tuple(row), bound))
        if cell is not None:
            cell = cut(cell, tuple(row), bound)
    vertices = set()
    for chosen in combinations(planes, 3):
        echelon, pivots = reduced([[*row, bound] for row, bound in chosen])
        if pivots == [0, 1, 2]:
            point = tuple(row[3] for row in echelon)
            if all(dot(row, point) <= bound for row, bound in planes):
                vertices.add(point)
    assert (set(cell.vertices) if cell else set()) == vertices


@given(st.lists(st.integers(1, 9), min_size=3, max_size=9), st.randoms())
def test_a_polygon_is_the_union_of_its_pieces(radii: list[int], chance: Any) -> None:
    """Star-shaped polygons: the pieces' areas add up, and random points are in both or neither."""
    directions = [(4, 0), (3, 2), (1, 4), (-1, 3), (-4, 3), (-3, 0), (-2, -3), (1, -4), (3, -2)]
    step = len(directions) / len(radii)
    ring = [tuple(Fraction(r * x) for x in directions[int(k * step)]) for k, r in enumerate(radii)]
    pieces = polygon_solids(ring)
    if pieces is None:
        return
    for _ in range(40):
        point = (
            Fraction(chance.randint(-4000, 4000), 97),
            Fraction(chance.randint(-4000, 4000), 89),
        )
        crossings = 0
        for (a, b), (c, d) in zip(ring, [*ring[1:], ring[0]], strict=True):
            if (b > point[1]) != (d > point[1]):
                crossings += point[0] < a + (point[1] - b) * (c - a) / (d - b)
        covered = any(
            all(
                dot(row, point) <= bound
                for row, bound in zip(p.facets.rows, p.facets.bounds, strict=True)
            )
            for p in pieces
        )
        assert covered == bool(crossings % 2)


def test_polygons_that_are_none() -> None:
    def polygon(*corners: tuple[int, int]) -> Any:
        return polygon_solids([(Fraction(x), Fraction(y)) for x, y in corners])

    assert polygon((0, 0), (1, 1), (1, 0), (0, 1)) is None
    assert polygon((0, 0), (1, 1), (2, 2)) is None
    assert polygon((0, 0), (4, 0), (2, 0), (2, 3)) is None
    assert len(polygon((0, 0), (4, 0), (4, 4), (0, 4))) == 1


# ---- random rooms ------------------------------------------------------------------------------


@st.composite
def rooms(draw: st.DrawFn) -> Problem:
    corner = st.tuples(st.integers(0, 9), st.integers(0, 9))
    sides = st.tuples(st.integers(1, 4), st.integers(1, 4))
    blocks = draw(st.lists(st.tuples(corner, sides), max_size=7))
    boxes = [[[x, y], [x + w, y + h]] for (x, y), (w, h) in blocks]
    (a, b), (c, d) = draw(corner), draw(corner)
    data = {
        **ROOM,
        "bounds": [[0, 0], [10, 10]],
        "boxes": boxes,
        "starts": [[[a, b], [a + Fraction(1, 2), b + Fraction(3, 4)]]],
        "end": [[c, d], [c + 1, d + 1]],
    }
    return problem_of(data)


def grid_says(problem: Problem) -> bool | None:
    """Whether the cells of a unit grid lead from the start set's cell to the end set's, by flood;
    None where the start set touches an obstacle."""
    starts = problem.starts[0]
    assert isinstance(starts, Box)
    blocks = [
        (
            min(v[0] for v in s.vertices),
            min(v[1] for v in s.vertices),
            max(v[0] for v in s.vertices),
            max(v[1] for v in s.vertices),
        )
        for s in problem.space.obstacles
    ]

    def free(x: Fraction, y: Fraction) -> bool:
        inside = 0 <= x <= 10 and 0 <= y <= 10
        return inside and not any(a <= x <= c and b <= y <= d for a, b, c, d in blocks)

    half = Fraction(1, 2)
    spots = [half * k for k in range(21)]
    corners = [
        (x, y)
        for x in (starts.lower[0], starts.upper[0])
        for y in (starts.lower[1], starts.upper[1])
    ]
    if not all(free(x, y) for x, y in corners):
        return None
    end = problem.end.bounds
    todo = [
        (x, y)
        for x in spots
        for y in spots
        if starts.lower[0] <= x <= starts.upper[0]
        and starts.lower[1] <= y <= starts.upper[1]
        and free(x, y)
    ]
    reached = set(todo)
    while todo:
        x, y = todo.pop()
        if -end[2] <= x <= end[0] and -end[3] <= y <= end[1]:
            return True
        for dx, dy in ((half, 0), (-half, 0), (0, half), (0, -half)):
            spot = (x + dx, y + dy)
            if spot not in reached and free(*spot):
                reached.add(spot)
                todo.append(spot)
    return False


@settings(max_examples=60, deadline=None)
@given(rooms())
def test_random_rooms_agree_with_a_grid(problem: Problem) -> None:
    """On whole numbers a grid of step 1/2 sees every passage, since none is thinner than 1."""
    answer = transition(problem, TOOLS)
    expected = grid_says(problem)
    if expected:
        assert isinstance(answer, Found)
        assert complaints(problem, answer.family, 5) == []
    elif expected is None:
        assert isinstance(answer, Refuted) and isinstance(answer.proof, Misplaced)
    else:
        assert isinstance(answer, Refuted)


def test_undecided_is_a_value_with_a_reason() -> None:
    problem = asked(polygons=[WALL])
    least = found(problem).family.duration
    close = replace(problem, duration_max=least * Fraction(999, 1000))
    answer = transition(close, TOOLS)
    assert isinstance(answer, (Undecided, Refuted))


def test_boxes_are_read() -> None:
    assert box([[0, "1/3"], [1, 2]]) == Box(
        (Fraction(0), Fraction(1, 3)), (Fraction(1), Fraction(2))
    )


def test_the_least_effort_takes_the_time_allowed() -> None:
    problem = asked(polygons=[WALL], time=20)
    fast, calm = (transition(problem, replace(TOOLS, aim=aim)) for aim in (Aim.TIME, Aim.EFFORT))
    assert isinstance(fast, Found) and isinstance(calm, Found)
    assert complaints(problem, calm.family, 40) == []
    assert fast.family.duration < 12 < calm.family.duration <= 20
    assert top_speed(problem, calm) < Fraction(3, 4) * top_speed(problem, fast)


def top_speed(problem: Problem, answer: Found) -> float:
    start = [1.5, 1.5]
    path = curve(plan_for(answer.family.plans[0], start), start)
    spots = list(sampled(path))
    return max(
        max(abs(a - b) for a, b in zip(x, y, strict=True)) / (later - time)
        for (time, x), (later, y) in pairwise(spots)
        if later > time
    )
