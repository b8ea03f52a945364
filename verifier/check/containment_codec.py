"""Certificates of containment as JSON-able values and back, strictly: what is not canonical is
refused. A whole number is a string in plain digits, so that no reader rounds it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

from verifier.check.polynomial import DEPTH_MAX, Refused, shown
from verifier.check.rational import Json, rational_of
from verifier.core.containment import (
    Assignment,
    ByExtent,
    Combination,
    ContainmentCertificate,
    Enclosed,
    Escape,
    Facets,
    GoalProof,
    Inside,
    Members,
    Narrowed,
    Outside,
    Part,
    RowProof,
    Termwise,
    Vacuous,
)

T = TypeVar("T")


# ---- writing -----------------------------------------------------------------------------------


def encode_containment(certificate: ContainmentCertificate) -> Json:
    """The certificate as a value that `json.dumps` takes and `decode_containment` gives back."""
    match certificate:
        case Inside(proofs):
            return {"kind": "inside", "proofs": [_of_goal(proof) for proof in proofs]}
        case Vacuous(total):
            return {"kind": "vacuous", "sum": _of_row(total)}
        case Outside(point, row, proof):
            return {
                "kind": "outside",
                "point": _of_assignment(point),
                "row": [str(a) for a in row],
                "proof": _of_row(proof),
            }
        case Escape(point, ray, row, proof):
            return {
                "kind": "escape",
                "point": _of_assignment(point),
                "ray": _of_assignment(ray),
                "row": [str(a) for a in row],
                "proof": _of_row(proof),
            }


def _of_goal(proof: GoalProof) -> Json:
    match proof:
        case Vacuous():
            return encode_containment(proof)
        case Combination() | ByExtent():
            return _of_row(proof)
        case Enclosed(multipliers):
            told: list[Json] = [None if m is None else str(m) for m in multipliers]
            return {"kind": "enclosed", "multipliers": told}
        case Facets(rows):
            return {"kind": "facets", "rows": [_of_row(row) for row in rows]}
        case Members(points, rays):
            return {
                "kind": "members",
                "points": [_of_assignment(point) for point in points],
                "rays": [_of_assignment(ray) for ray in rays],
            }
        case Part(number, inside):
            return {"kind": "part", "number": number, "proof": encode_containment(inside)}
        case Termwise(order, proofs):
            return {
                "kind": "termwise",
                "order": list(order),
                "proofs": [encode_containment(each) for each in proofs],
            }
        case Narrowed(number, narrower):
            return {"kind": "narrowed", "number": number, "proof": _of_goal(narrower)}


def _of_row(proof: RowProof) -> Json:
    if isinstance(proof, ByExtent):
        return {"kind": "extent"}
    return {
        "kind": "combination",
        "denominator": str(proof.denominator),
        "lines": [[number, str(factor)] for number, factor in proof.lines],
        "rounds": [
            [number, [str(a) for a in direction], str(length)]
            for number, direction, length in proof.rounds
        ],
    }


def _of_assignment(given: Assignment) -> Json:
    return {"denominator": str(given.denominator), "values": [str(v) for v in given.values]}


# ---- reading -----------------------------------------------------------------------------------


def decode_containment(data: object, depth: int = 0) -> ContainmentCertificate:
    """The certificate that `encode_containment` wrote. Raises Refused, with the reason, for
    anything else."""
    if depth > DEPTH_MAX // 4:
        raise Refused("the certificate is nested too deeply")
    match _kind(data):
        case "inside":
            (proofs,) = _fields(data, "proofs")
            return Inside(_each(proofs, lambda one: _goal(one, depth)))
        case "vacuous":
            (total,) = _fields(data, "sum")
            return Vacuous(_combination(total))
        case "outside":
            point, row, proof = _fields(data, "point", "row", "proof")
            return Outside(_assignment(point), _each(row, _whole), _row(proof))
        case "escape":
            point, ray, row, proof = _fields(data, "point", "ray", "row", "proof")
            return Escape(_assignment(point), _assignment(ray), _each(row, _whole), _row(proof))
        case other:
            raise Refused(f"there is no certificate of kind {shown(other)}")


def _goal(data: object, depth: int) -> GoalProof:
    match _kind(data):
        case "vacuous":
            (total,) = _fields(data, "sum")
            return Vacuous(_combination(total))
        case "combination" | "extent":
            return _row(data)
        case "enclosed":
            (multipliers,) = _fields(data, "multipliers")
            return Enclosed(_each(multipliers, _multiplier))
        case "facets":
            (rows,) = _fields(data, "rows")
            return Facets(_each(rows, _row))
        case "members":
            points, rays = _fields(data, "points", "rays")
            return Members(_each(points, _assignment), _each(rays, _assignment))
        case "part":
            number, proof = _fields(data, "number", "proof")
            return Part(_index(number), _part(proof, depth))
        case "termwise":
            order, proofs = _fields(data, "order", "proofs")
            return Termwise(_each(order, _index), _each(proofs, lambda one: _part(one, depth)))
        case "narrowed":
            if depth > DEPTH_MAX // 4:
                raise Refused("the certificate is nested too deeply")
            number, proof = _fields(data, "number", "proof")
            return Narrowed(_index(number), _goal(proof, depth + 1))
        case other:
            raise Refused(f"there is no proof of kind {shown(other)}")


def _part(data: object, depth: int) -> Inside | Vacuous:
    found = decode_containment(data, depth + 1)
    if not isinstance(found, Inside | Vacuous):
        raise Refused("a part is not shown to be contained")
    return found


def _row(data: object) -> RowProof:
    if _kind(data) == "extent":
        _fields(data)
        return ByExtent()
    return _combination(data)


def _combination(data: object) -> Combination:
    if _kind(data) != "combination":
        raise Refused(f"there is no sum of kind {shown(_kind(data))}")
    denominator, lines, rounds = _fields(data, "denominator", "lines", "rounds")
    return Combination(_whole(denominator), _each(lines, _line), _each(rounds, _round))


def _line(data: object) -> tuple[int, int]:
    number, factor = _entries(data, 2)
    return _index(number), _whole(factor)


def _round(data: object) -> tuple[int, tuple[int, ...], int]:
    number, direction, length = _entries(data, 3)
    return _index(number), _each(direction, _whole), _whole(length)


def _assignment(data: object) -> Assignment:
    if not isinstance(data, dict) or data.keys() != {"denominator", "values"}:
        raise Refused("wanted exactly the fields denominator, values")
    return Assignment(_whole(data["denominator"]), _each(data["values"], _whole))


def _multiplier(data: object) -> Fraction | None:
    return None if data is None else rational_of(data)


def _whole(data: object) -> int:
    value = rational_of(data)
    if value.denominator != 1:
        raise Refused(f"{shown(data)} should be a whole number")
    return value.numerator


def _index(data: object) -> int:
    if type(data) is not int:
        raise Refused(f"{shown(data)} should be a whole number")
    return data


def _kind(data: object) -> object:
    return data.get("kind") if isinstance(data, dict) else None


def _fields(data: object, *names: str) -> list[object]:
    if not isinstance(data, dict) or data.keys() != {"kind", *names}:
        raise Refused(f"wanted exactly the fields {', '.join(('kind', *names))}")
    return [data[name] for name in names]


def _entries(data: object, width: int) -> list[object]:
    if not isinstance(data, list) or len(data) != width:
        raise Refused(f"{shown(data)} should be a list of {width} entries")
    return data


def _each(data: object, read: Callable[[object], T]) -> tuple[T, ...]:
    if not isinstance(data, list):
        raise Refused(f"{shown(data)} should be a list")
    return tuple(map(read, data))
