"""Motions, and proofs that there is none, as JSON-able values and back, strictly.

A rational is a string `p` or `p/q` in lowest terms, as in verifier/check/codec.py. Trees are the
list of their nodes in preorder, so that depth costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from verifier.check.polynomial import Refused, shown
from verifier.check.rational import Json, rational_of
from verifier.core.motion import (
    Affine,
    Barrier,
    Blocked,
    CannotBrake,
    Cells,
    Cut,
    Family,
    Free,
    Halves,
    Impossible,
    Lying,
    Misplaced,
    Motion,
    NoEnd,
    Piece,
    Plan,
    Polytope,
    Region,
    TooFar,
    Vector,
)

# ---- motions -----------------------------------------------------------------------------------


def encode_family(family: Family) -> Json:
    """The family as a value that `json.dumps` takes."""
    plans: list[Json] = []
    todo: list[Plan] = list(reversed(family.plans))
    while todo:
        plan = todo.pop()
        if isinstance(plan, Motion):
            plans.append(["motion", *map(_of_piece, plan.pieces)])
        else:
            plans.append(["cut", plan.axis, str(plan.bound)])
            todo.extend((plan.above, plan.below))
    return {"regions": [_of_region(region) for region in family.regions], "plans": plans}


def _of_region(region: Region) -> Json:
    body: dict[str, Json] = {
        "rows": [_of_vector(row) for row in region.body.rows],
        "bounds": _of_vector(region.body.bounds),
    }
    if region.lying is not None:
        body["in"] = list(region.lying.regions)
        body["row"] = _of_vector(region.lying.row)
        body["bound"] = str(region.lying.bound)
    return body


def _of_piece(piece: Piece) -> Json:
    points: list[Json] = [
        [[str(part.constant), *map(str, part.linear)] for part in point] for point in piece.points
    ]
    return {"duration": str(piece.duration), "region": piece.region, "points": points}


def _of_vector(vector: Vector) -> Json:
    return [str(value) for value in vector]


def decode_family(data: object) -> Family:
    """The family. Raises Refused for anything that `encode_family` does not write."""
    regions, plans = _fields(data, "regions", "plans")
    done: list[Plan] = []
    for node in reversed(_list(plans)):
        head, *rest = _list(node) or [None]
        if head == "motion":
            done.append(Motion(tuple(map(_piece, rest))))
        elif head == "cut" and len(rest) == 2 and len(done) >= 2:
            below, above = done.pop(), done.pop()
            done.append(Cut(_integer(rest[0]), rational_of(rest[1]), below, above))
        else:
            raise Refused(f"{shown(head)} is no plan")
    return Family(tuple(map(_region, _list(regions))), tuple(reversed(done)))


def _region(data: object) -> Region:
    if isinstance(data, dict) and "in" in data:
        rows, bounds, inside, row, bound = _fields(data, "rows", "bounds", "in", "row", "bound")
        numbers = tuple(map(_integer, _list(inside)))
        return Region(_body(rows, bounds), Lying(numbers, _vector(row), rational_of(bound)))
    rows, bounds = _fields(data, "rows", "bounds")
    return Region(_body(rows, bounds))


def _body(rows: object, bounds: object) -> Polytope:
    return Polytope(tuple(map(_vector, _list(rows))), _vector(bounds))


def _piece(data: object) -> Piece:
    duration, region, points = _fields(data, "duration", "region", "points")
    return Piece(
        rational_of(duration),
        _integer(region),
        tuple(tuple(map(_affine, _list(point))) for point in _list(points)),
    )


def _affine(data: object) -> Affine:
    values = _vector(data)
    if not values:
        raise Refused("an affine function has a constant")
    return Affine(values[0], values[1:])


# ---- proofs that there is none -----------------------------------------------------------------


def encode_impossible(proof: Impossible) -> Json:
    """The proof as a value that `json.dumps` takes."""
    match proof:
        case Misplaced(start):
            return {"kind": "misplaced", "start": _of_vector(start)}
        case TooFar(start, axis):
            return {"kind": "too-far", "start": _of_vector(start), "axis": axis}
        case CannotBrake(start, axis):
            return {"kind": "cannot-brake", "start": _of_vector(start), "axis": axis}
        case NoEnd():
            return {"kind": "no-end"}
        case Barrier(start, cells, fineness):
            tree: Json = None if cells is None else _of_cells(cells)
            head: dict[str, Json] = {"kind": "barrier", "start": _of_vector(start)}
            return {**head, "fineness": fineness, "cells": tree}


def _of_cells(cells: Cells) -> list[Json]:
    nodes: list[Json] = []
    todo = [cells]
    while todo:
        node = todo.pop()
        match node:
            case Free():
                nodes.append("free")
            case Blocked(obstacle):
                nodes.append(obstacle)
            case Halves(row, bound, below, above):
                nodes.append([*map(str, row), str(bound)])
                todo.extend((above, below))
    return nodes


def decode_impossible(data: object) -> Impossible:
    """The proof. Raises Refused for anything that `encode_impossible` does not write."""
    kind = data.get("kind") if isinstance(data, dict) else None
    match kind:
        case "misplaced":
            return Misplaced(_vector(_fields(data, "kind", "start")[1]))
        case "too-far":
            _, start, axis = _fields(data, "kind", "start", "axis")
            return TooFar(_vector(start), _integer(axis))
        case "cannot-brake":
            _, start, axis = _fields(data, "kind", "start", "axis")
            return CannotBrake(_vector(start), _integer(axis))
        case "no-end":
            _fields(data, "kind")
            return NoEnd()
        case "barrier":
            _, start, fineness, tree = _fields(data, "kind", "start", "fineness", "cells")
            cells = None if tree is None else _cells(_list(tree))
            return Barrier(_vector(start), cells, _integer(fineness))
        case _:
            raise Refused(f"{shown(kind)} is no proof that there is no motion")


def _cells(nodes: Sequence[object]) -> Cells:
    done: list[Cells] = []
    for node in reversed(nodes):
        if node == "free":
            done.append(Free())
        elif isinstance(node, list):
            values = _vector(node)
            if len(values) < 2 or len(done) < 2:
                raise Refused("a cut of cells has a row, a bound and two sides")
            below, above = done.pop(), done.pop()
            done.append(Halves(values[:-1], values[-1], below, above))
        else:
            done.append(Blocked(_integer(node)))
    if len(done) != 1:
        raise Refused("the cells are not one tree")
    return done[0]


# ---- strictly ----------------------------------------------------------------------------------


def _fields(data: object, *names: str) -> list[object]:
    if not isinstance(data, dict) or set(data) != set(names):
        raise Refused(f"wanted exactly the fields {', '.join(names)}")
    return [data[name] for name in names]


def _list(data: object) -> list[object]:
    if not isinstance(data, list):
        raise Refused(f"{shown(data)} is no list")
    return data


def _integer(data: object) -> int:
    if type(data) is not int or abs(data) > 1_000_000:
        raise Refused(f"{shown(data)} should be a small whole number")
    return data


def _vector(data: object) -> tuple[Fraction, ...]:
    values = _list(data)
    if len(values) > 10_000:
        raise Refused("a vector is too long")
    return tuple(map(rational_of, values))
