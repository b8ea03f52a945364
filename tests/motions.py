"""Problems of motion as they are written in files, and motions looked at without the engine."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from verifier.check.barrier import judge_no_motion
from verifier.check.motion import judge_motion
from verifier.check.outcome import Accepted
from verifier.closing.wording import bare
from verifier.core.cell import box_rows
from verifier.core.motion import Box, Family, Hull, Motion, Plan, Problem, Product, Space, Vector
from verifier.core.solids import box_solid, polygon_solids
from verifier.repair.transition import Tools
from verifier.solve.linear import series

TRANSITIONS = Path(__file__).parent / "data" / "transitions.jsonl"

TOOLS = Tools(
    series,
    lambda problem, family: judge_motion(problem, family) == Accepted(),
    lambda problem, proof: judge_no_motion(problem, proof) == Accepted(),
)


def listed() -> dict[str, dict[str, Any]]:
    """The problems with known answers, by name."""
    lines = TRANSITIONS.read_text(encoding="utf-8").splitlines()
    return {data["name"]: data for data in map(json.loads, lines)}


def vector(data: list[Any]) -> Vector:
    return tuple(map(Fraction, data))


def box(data: list[list[Any]]) -> Box:
    return Box(vector(data[0]), vector(data[1]))


def problem_of(data: dict[str, Any]) -> Problem:
    solids = [box_solid(box(each)) for each in data.get("boxes", [])]
    for corners in data.get("polygons", []):
        solids.extend(polygon_solids([vector(corner) for corner in corners]) or ())
    space = Space(
        data["dimension"],
        box(data["bounds"]) if "bounds" in data else None,
        tuple(solids),
        tuple(box_rows(box(each)) for each in data["free"]) if "free" in data else None,
        Fraction(data.get("clearance", 0)),
    )
    return Problem(
        space,
        tuple(map(box, data["starts"])),
        box_rows(box(data["end"])),
        vector(data["speed"]),
        vector(data["acceleration"]),
        Fraction(data["time"]) if "time" in data else None,
        data.get("moving", False),
    )


# ---- looking at motions ------------------------------------------------------------------------

Curve = list[tuple[float, list[list[float]]]]
"""Duration and control points of each piece, for one start."""


def plan_for(plan: Plan, start: list[float]) -> Motion:
    while not isinstance(plan, Motion):
        plan = plan.below if start[plan.axis] <= plan.bound else plan.above
    return plan


def curve(motion: Motion, start: list[float]) -> Curve:
    return [
        (
            float(piece.duration),
            [
                [
                    float(part.constant)
                    + sum(float(a) * x for a, x in zip(part.linear, start, strict=True))
                    for part in point
                ]
                for point in piece.points
            ],
        )
        for piece in motion.pieces
    ]


def at(points: list[list[float]], share: float) -> list[float]:
    """The point of a Bezier curve, by de Casteljau's algorithm."""
    while len(points) > 1:
        points = [
            [(1 - share) * a + share * b for a, b in zip(one, other, strict=True)]
            for one, other in pairwise(points)
        ]
    return points[0]


def sampled(path: Curve, per_piece: int = 12) -> Iterator[tuple[float, list[float]]]:
    """Times and positions along the curve."""
    time = 0.0
    for duration, points in path:
        for k in range(per_piece + 1):
            yield time + duration * k / per_piece, at(points, k / per_piece)
        time += duration


def random_starts(problem: Problem, count: int, seed: int) -> Iterator[tuple[int, list[float]]]:
    """Number of the start set, and a start in it; every corner has its chance."""
    chance = random.Random(seed)
    for _ in range(count):
        number = chance.randrange(len(problem.starts))
        starts = problem.starts[number]
        if isinstance(starts, Hull):
            yield number, in_hull(starts.vertices, chance)
            continue
        if isinstance(starts, Product):
            found: dict[int, float] = {}
            for axes, points in starts.parts:
                found |= dict(zip(axes, in_hull(points, chance), strict=True))
            yield number, [found[axis] for axis in sorted(found)]
            continue
        shares = [chance.choice((0.0, 1.0, chance.random())) for _ in starts.lower]
        sides = zip(starts.lower, starts.upper, shares, strict=True)
        yield number, [float(low) + share * float(high - low) for low, high, share in sides]


def in_hull(points: Sequence[Vector], chance: random.Random) -> list[float]:
    """A random point of the hull of the points."""
    weights = [chance.random() ** 4 for _ in points]
    return [
        sum(w * float(x) for w, x in zip(weights, column, strict=True)) / sum(weights)
        for column in zip(*points, strict=True)
    ]


def complaints(problem: Problem, family: Family, count: int, seed: int = 1) -> list[str]:
    """What is wrong with the motions from random starts, by sampling alone."""
    found: list[str] = []
    size, slack = problem.space.dimension, 1e-6
    for number, start in random_starts(problem, count, seed):
        path = curve(plan_for(family.plans[number], start), start)
        here = list(sampled(path)) or [(0.0, start[:size])]
        first, last = here[0][1], here[-1][1]
        if max(abs(a - b) for a, b in zip(first, start, strict=False)) > slack:
            found.append(f"starts at {first}, not {start}")
        fixed = start[len(start) - problem.rigid :]
        if not inside([*last, *fixed], problem.end.rows, problem.end.bounds, slack):
            found.append(f"ends at {last}, outside of the end set")
        found += [w for _, spot in here for w in misplaced(problem, spot, slack)]
        found += too_fast(problem, path, start)
    return found


def inside(spot: list[float], rows: Any, bounds: Any, slack: float) -> bool:
    return all(
        sum(float(a) * x for a, x in zip(row, spot, strict=True)) <= float(bound) + slack
        for row, bound in zip(rows, bounds, strict=True)
    )


def misplaced(problem: Problem, spot: list[float], slack: float) -> Iterator[str]:
    space = problem.space
    if space.bounds is not None and not inside(spot, *_rows(space.bounds), slack):
        yield f"{spot} is outside of the bounds"
    for solid in space.obstacles:
        if inside(spot, solid.facets.rows, solid.facets.bounds, -slack):
            yield f"{spot} is in an obstacle"
    if space.regions is not None and not any(
        inside(spot, body.rows, body.bounds, slack) for body in space.regions
    ):
        yield f"{spot} is in no free region"


def _rows(bounds: Box) -> tuple[Any, Any]:
    body = box_rows(bounds)
    return body.rows, body.bounds


def too_fast(problem: Problem, path: Curve, start: list[float]) -> Iterator[str]:
    """Speeds by differences of nearby positions, their jumps, and accelerations by differences."""
    size = problem.space.dimension
    step = 1e-3
    before = start[size:] if problem.moving else [0.0] * size
    for duration, points in path:
        for k in range(11):
            share = min(max(k / 10, step), 1 - step)
            low, mid, high = (at(points, share + d * step) for d in (-1, 0, 1))
            width = step * duration
            for axis in range(size):
                speed = (high[axis] - low[axis]) / (2 * width)
                if abs(speed) > float(problem.speed_max[axis]) * (1 + 1e-5) + 1e-6:
                    yield f"speed {speed} on axis {axis}"
                change = (high[axis] - 2 * mid[axis] + low[axis]) / width**2
                most = float(problem.acceleration_max[axis])
                if abs(change) > most * (1 + 1e-5) + 1e-8 / width**2:
                    yield f"acceleration {change} on axis {axis}"
        degree = len(points) - 1
        leaving = [(b - a) * degree / duration for a, b in zip(*points[:2], strict=True)]
        if max(abs(a - b) for a, b in zip(leaving, before, strict=True)) > 1e-5:
            yield f"velocity jumps from {before} to {leaving}"
        before = [(b - a) * degree / duration for a, b in zip(*points[-2:], strict=True)]
    if path and max(map(abs, before)) > 1e-5:
        yield f"ends with velocity {before}"


# ---- problems as a user writes them ------------------------------------------------------------


def contract_of(data: dict[str, Any]) -> str:
    """The problem as a source with a chain `Move` that has no steps."""
    size = data["dimension"]
    unit = f"real[{size}] m" if size > 1 else "real m"
    walls = f" in {_set(data['bounds'], size)}" if "bounds" in data else ""
    state = [f"p : {unit}{walls}"]
    limits = [f"speed {_listed(data['speed'])}", f"acceleration {_listed(data['acceleration'])}"]
    places = []
    for number, each in enumerate(data.get("boxes", [])):
        places.append(f"obstacle box{number} : {unit} = {_set(each, size)}")
    for number, corners in enumerate(data.get("polygons", [])):
        ring = ", ".join(map(_listed, corners))
        places.append(f"obstacle wall{number} : {unit} = polygon(corners = [{ring}])")
    for number, each in enumerate(data.get("free", [])):
        places.append(f"zone room{number} : {unit} = {_set(each, size)}")
    if "free" in data:
        limits.append("inside " + ", ".join(f"room{k}" for k in range(len(data["free"]))))
    if "clearance" in data:
        limits.append(f"clearance {_number(data['clearance'])} m")
    if data.get("moving", False):
        state.append(f"v : {unit}/s")
        limits.append("velocity v")
    starts = [_placed(each, size) for each in data["starts"]]
    rest = f" and v == {_listed([0] * size)}" if data.get("moving", False) else ""
    within = f"within {_number(data['time'])} s" if "time" in data else ""
    return "\n".join(
        [
            f"state {{ {'  '.join(state)} }}",
            *places,
            f"motion p {{ {'  '.join(limits)} }}",
            f"chain Move {{ assume {' or '.join(starts)}",
            f"    achieve p in {_set(data['end'], size)}{rest}  {within} }}\n",
        ]
    )


def _placed(sides: list[list[Any]], size: int) -> str:
    """A set of starts: its positions, and the velocities behind them."""
    spots = f"p in {_set([side[:size] for side in sides], size)}"
    if len(sides[0]) == size:
        return spots
    return f"({spots} and v in {_set([side[size:] for side in sides], size)})"


def _set(sides: list[list[Any]], size: int) -> str:
    low, high = sides
    if size == 1:
        return f"{_number(low[0])} .. {_number(high[0])}"
    return f"box(lower = {_listed(low)}, upper = {_listed(high)})"


def _listed(values: list[Any]) -> str:
    return _number(values[0]) if len(values) == 1 else f"[{', '.join(map(_number, values))}]"


def _number(value: Any) -> str:
    return bare(Fraction(value), None)
