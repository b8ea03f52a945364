"""Which free region each piece of a given plan lies in, or a start at which the plan fails.

For each obstacle a plane is looked for that has all control points, from every start, on one side
and the obstacle on the other: a facet of the obstacle, a coordinate plane, or across the shortest
way between the two hulls (Gilbert, An iterative procedure for computing the minimum of a quadratic
form, SIAM J. Control 4, 1966), a side of either in the plane, and elsewhere what a linear program
finds. Floating point proposes a direction; its bound is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice, product

from verifier.core.affine import rows
from verifier.core.cell import box_rows, dot
from verifier.core.evaluate import holds
from verifier.core.linear import INFINITY, Optimum, Program
from verifier.core.motion import (
    Affine,
    Box,
    Cut,
    Family,
    Lying,
    Motion,
    Piece,
    Plan,
    Polytope,
    Problem,
    Region,
    Solid,
    Starts,
    Vector,
)
from verifier.core.obligation import Passage
from verifier.core.solids import hull_solid
from verifier.core.starts import greatest, vertices
from verifier.core.term import Formula, Key
from verifier.core.verdict import Proved, Refuted, Unknown, Verdict, Witness
from verifier.solve.linear import minimize
from verifier.solve.strayed import admitted, strayed

CORNERS_MAX = 4096
STEPS = 200
GRID = 1 << 40

Side = tuple[Vector, Fraction]


def passage(question: Passage) -> Verdict:
    """The verdict on a passage."""
    (starts,) = question.problem.starts
    for goal in question.goals:
        if _surely(goal.formula, starts, question.start):
            continue
        for cell in _cells(starts, question.plan):
            for corner in admitted(question, cell, CORNERS_MAX):
                values = dict(zip(question.start, corner, strict=True))
                if not holds(goal.formula, values):
                    return Refuted(Witness(dict(values), goal))
    regions: list[Region] = []
    found = _placed(question.problem, starts, question.plan, regions)
    if isinstance(found, str):
        astray = strayed(question, _cells(starts, question.plan))
        return Refuted(astray) if astray else Unknown(found)
    return Proved(Family(tuple(regions), (found,)))


def _surely(formula: Formula, starts: Starts, keys: tuple[Key, ...]) -> bool:
    """Whether the formula consists of rows that hold for every start."""
    found = rows(formula, keys)
    return found is not None and all(
        sign == "<=" and greatest(starts, Affine(-bound, row)) <= 0 for row, bound, sign in found
    )


def _cells(starts: Starts, plan: Plan) -> Iterator[Starts]:
    """The parts of the starts that the plan tells apart."""
    if isinstance(plan, Motion) or not isinstance(starts, Box):
        yield starts
        return
    below, above = _halves(starts, plan)
    for part, chosen in ((below, plan.below), (above, plan.above)):
        if all(a <= b for a, b in zip(part.lower, part.upper, strict=True)):
            yield from _cells(part, chosen)


def _halves(starts: Box, cut: Cut) -> tuple[Box, Box]:
    axis, bound = cut.axis, cut.bound
    upper = min(bound, starts.upper[axis])
    lower = max(bound, starts.lower[axis])
    return Box(starts.lower, (*starts.upper[:axis], upper, *starts.upper[axis + 1 :])), Box(
        (*starts.lower[:axis], lower, *starts.lower[axis + 1 :]), starts.upper
    )


def _placed(problem: Problem, starts: Starts, plan: Plan, regions: list[Region]) -> Plan | str:
    """The plan with a region for each piece, which are added to those found; or why not."""
    if isinstance(plan, Cut):
        if not isinstance(starts, Box):
            return "only a box of starts can be cut"
        low, high = _halves(starts, plan)
        below = _placed(problem, low, plan.below, regions)
        if isinstance(below, str):
            return below
        above = _placed(problem, high, plan.above, regions)
        return above if isinstance(above, str) else Cut(plan.axis, plan.bound, below, above)
    if isinstance(starts, Box) and any(
        a > b for a, b in zip(starts.lower, starts.upper, strict=True)
    ):
        return plan
    pieces = []
    todo = plan.pieces or (_staying(problem, starts),)
    for number, piece in enumerate(todo, start=1):
        region = _region(problem, starts, piece)
        if isinstance(region, str):
            return f"piece {number} of the table: {region}"
        pieces.append(Piece(piece.duration, len(regions), piece.points))
        regions.append(region)
    return Motion(tuple(pieces)) if plan.pieces else plan


def _staying(problem: Problem, starts: Starts) -> Piece:
    width = len(next(vertices(starts)))
    point = tuple(
        Affine(Fraction(0), tuple(Fraction(i == k) for k in range(width)))
        for i in range(problem.space.dimension)
    )
    return Piece(Fraction(1), 0, (point,))


def _region(problem: Problem, starts: Starts, piece: Piece) -> Region | str:
    space = problem.space
    sides: list[Side] = []
    if space.bounds is not None:
        walls = box_rows(space.bounds)
        sides += zip(walls.rows, walls.bounds, strict=True)
        if not _all_in(starts, piece, sides):
            return "it leaves the domain for some start"
    lying: Lying | None = None
    if space.regions is not None:
        found = _lying(space.regions, starts, piece)
        if found is None:
            return "it lies in no zone, nor in two that touch, for every start"
        lying, own = found
        sides += own
    spots = _spots(starts, piece) if space.obstacles else []
    for number, solid in enumerate(space.obstacles):
        side = _apart(starts, piece, spots, solid, space.clearance)
        if side is None:
            return f"no plane keeps it apart from solid {number + 1} of the obstacles"
        sides.append(side)
    body = Polytope(tuple(row for row, _ in sides), tuple(bound for _, bound in sides))
    return Region(body, lying)


def _reach(starts: Starts, piece: Piece, row: Vector) -> Fraction:
    """The greatest value of row . x over all control points and starts."""
    return max(greatest(starts, _along(row, point)) for point in piece.points)


def _along(row: Vector, point: tuple[Affine, ...]) -> Affine:
    width = len(point[0].linear)
    used = [(a, part) for a, part in zip(row, point, strict=True) if a]
    return Affine(
        sum((a * part.constant for a, part in used), Fraction(0)),
        tuple(sum((a * part.linear[k] for a, part in used), Fraction(0)) for k in range(width)),
    )


def _all_in(starts: Starts, piece: Piece, sides: Sequence[Side]) -> bool:
    return all(_reach(starts, piece, row) <= bound for row, bound in sides)


def _lying(
    free: tuple[Polytope, ...], starts: Starts, piece: Piece
) -> tuple[Lying, list[Side]] | None:
    """A zone that holds the piece, or two that touch, without the plane between them."""
    sides = [list(zip(body.rows, body.bounds, strict=True)) for body in free]
    for number, own in enumerate(sides):
        if _all_in(starts, piece, own):
            return Lying((number,)), own
    for one, other in product(range(len(free)), repeat=2):
        for row, bound in sides[one] if one < other else ():
            turned = (tuple(-a for a in row), -bound)
            if turned not in sides[other]:
                continue
            kept = [side for side in sides[one] if side != (row, bound)]
            kept += [side for side in sides[other] if side != turned]
            if _all_in(starts, piece, kept):
                return Lying((one, other), row, bound), kept
    return None


# ---- planes ------------------------------------------------------------------------------------


def _spots(starts: Starts, piece: Piece) -> list[Vector]:
    """The control points from the corners of the starts."""
    found = {
        tuple(part.constant + dot(part.linear, corner) for part in point): None
        for corner in islice(vertices(starts), CORNERS_MAX)
        for point in piece.points
    }
    return list(found)


def _apart(
    starts: Starts,
    piece: Piece,
    spots: Sequence[Vector],
    solid: Solid,
    clearance: Fraction,
) -> Side | None:
    kept = clearance + solid.radius
    for row in _directions(spots, solid):
        bound = _reach(starts, piece, row)
        gap = min(dot(row, vertex) for vertex in solid.vertices) - bound
        square = kept * kept * dot(row, row)
        if gap > 0 and (gap * gap > square or (clearance > 0 and gap * gap == square)):
            return row, bound
    return None


def _directions(spots: Sequence[Vector], solid: Solid) -> Iterator[Vector]:
    """In the plane one of them parts the two wherever one does: two convex polygons that do not
    meet are parted along a side of one of them."""
    size = len(solid.vertices[0])
    for row in solid.facets.rows:
        yield tuple(-a for a in row)
    for axis in range(size):
        for sign in (1, -1):
            yield tuple(Fraction(sign * (axis == k)) for k in range(size))
    seen = [tuple(map(float, spot)) for spot in spots]
    nearest = _nearest(seen, [tuple(map(float, vertex)) for vertex in solid.vertices])
    if nearest is not None:
        yield tuple(Fraction(round(a * GRID), GRID) for a in nearest)
    if size == 2:
        hull = hull_solid(spots)
        yield from hull.facets.rows
        for vertex, spot in product(solid.vertices if solid.radius else (), hull.vertices):
            yield tuple(x - y for x, y in zip(vertex, spot, strict=True))
    else:
        parting = _parting(seen, solid)
        if parting is not None:
            yield parting


def _parting(spots: Sequence[tuple[float, ...]], solid: Solid) -> Vector | None:
    """The direction, its entries in [-1, 1], along which the two are furthest apart: a linear
    program in it, in the greatest value over the spots and in the gap behind that."""
    program = Program()
    row = [program.column(-1.0, 1.0) for _ in spots[0]]
    most, gap = program.column(), program.column(cost=-1.0)
    for spot in spots:
        program.row([*row, most], [*spot, -1.0], -INFINITY, 0.0)
    for vertex in solid.vertices:
        program.row([*row, most, gap], [*map(float, vertex), -1.0, -1.0], 0.0, INFINITY)
    match minimize(program):
        case Optimum(value, point) if value < 0:
            return tuple(Fraction(round(point[k] * GRID), GRID) for k in row)
        case _:
            return None


def _nearest(
    spots: Sequence[tuple[float, ...]], body: Sequence[tuple[float, ...]]
) -> tuple[float, ...] | None:
    """About the shortest way from the hull of the spots to that of the body, with length 1."""

    def times(row: Sequence[float], spot: Sequence[float]) -> float:
        return sum(a * x for a, x in zip(row, spot, strict=True))

    way = tuple(a - b for a, b in zip(body[0], spots[0], strict=True))
    for _ in range(STEPS):
        near = min(body, key=lambda spot: times(way, spot))
        far = max(spots, key=lambda spot: times(way, spot))
        step = tuple(a - b - c for a, b, c in zip(near, far, way, strict=True))
        length = times(step, step)
        share = min(1.0, -times(way, step) / length) if length else 0.0
        if share < 1e-12:
            break
        way = tuple(a + share * b for a, b in zip(way, step, strict=True))
    norm = times(way, way) ** 0.5
    return tuple(a / norm for a in way) if norm > 1e-12 else None
