"""Covers and counterexamples of claims as JSON-able values and back, strictly.

A rational is a string `p` or `p/q` in lowest terms, as in verifier/check/codec.py. A cover is the
list of its nodes in preorder, so that depth costs nothing; a cut is followed by the part below and
the part above.
"""

from __future__ import annotations

from verifier.check.polynomial import Refused, shown
from verifier.check.rational import Json, rational_of
from verifier.core.cover import Cover, Crossing, Cut, Leaf, Point, Violation

Evidence = Cover | Violation | Crossing


def encode_evidence(evidence: Evidence) -> Json:
    """The evidence as a value that `json.dumps` takes and `decode_evidence` gives back."""
    if isinstance(evidence, Violation):
        return {"kind": "violation", "point": _of_point(evidence.point)}
    if isinstance(evidence, Crossing):
        return {
            "kind": "crossing",
            "guards": [evidence.positive, evidence.negative],
            "start": _of_point(evidence.start),
            "end": _of_point(evidence.end),
        }
    nodes: list[Json] = []
    todo: list[Cover] = [evidence]
    while todo:
        node = todo.pop()
        if isinstance(node, Cut):
            nodes.append(["cut", node.side, str(node.at)])
            todo += [node.above, node.below]
        else:
            multipliers: list[Json] = [[k, str(m)] for k, m in node.multipliers]
            lowest: Json = None if node.lowest is None else _of_point(node.lowest)
            nodes.append(["leaf", str(node.weight), multipliers, lowest])
    return {"kind": "cover", "nodes": nodes}


def _of_point(point: Point) -> Json:
    return [str(value) for value in point]


def decode_evidence(data: object) -> Evidence:
    """The evidence; raises Refused for anything that `encode_evidence` does not write."""
    if not isinstance(data, dict):
        raise Refused("evidence of a claim is an object")
    match data.get("kind"), len(data):
        case "violation", 2:
            return Violation(_point(data.get("point")))
        case "crossing", 4:
            positive, negative = _row(data.get("guards"), 2)
            return Crossing(
                _integer(positive),
                _integer(negative),
                _point(data.get("start")),
                _point(data.get("end")),
            )
        case "cover", 2:
            return _cover(_list(data.get("nodes")))
    raise Refused(f"{shown(data.get('kind'))} is no evidence of a claim")


def _cover(nodes: list[object]) -> Cover:
    done: list[Cover] = []
    for node in reversed(nodes):
        match node:
            case ["cut", side, at]:
                if len(done) < 2:
                    raise Refused("a cut has no parts")
                below, above = done.pop(), done.pop()
                done.append(Cut(_integer(side), rational_of(at), below, above))
            case ["leaf", weight, multipliers, lowest]:
                rows = [_row(row, 2) for row in _list(multipliers)]
                pairs = tuple((_integer(k), rational_of(m)) for k, m in rows)
                point = None if lowest is None else _point(lowest)
                done.append(Leaf(rational_of(weight), pairs, point))
            case _:
                raise Refused("a node of a cover is malformed")
    if len(done) != 1:
        raise Refused("a cover is one tree")
    return done[0]


def _point(data: object) -> Point:
    return tuple(rational_of(value) for value in _list(data))


def _integer(data: object) -> int:
    if type(data) is not int:
        raise Refused(f"{shown(data)} is no whole number")
    return data


def _list(data: object) -> list[object]:
    if type(data) is not list:
        raise Refused(f"{shown(data)} is no list")
    return data


def _row(data: object, width: int) -> list[object]:
    row = _list(data)
    if len(row) != width:
        raise Refused("a row has the wrong length")
    return row
