"""Questions about time and resources, and what proves them, as JSON-able values; strictly back."""

from __future__ import annotations

from verifier.check.polynomial import Refused, shown
from verifier.check.rational import Json, rational_of
from verifier.check.values import fields_of, integer_of, kind_of, list_of, rows_of
from verifier.core.budget import Budget, OneOf, Peak, Share, Usage
from verifier.core.certificate import Measured
from verifier.core.network import (
    Case,
    Chosen,
    Contingent,
    Event,
    Network,
    Node,
    Strategy,
    StrategyTree,
    Turn,
)
from verifier.core.obligation import Measure
from verifier.core.schedule import (
    BusyPeriod,
    EarliestDeadline,
    FixedPriority,
    ResponseTime,
    Utilisation,
)

MEASURED = ("strategy", "tree", "response-time", "utilisation", "busy-period", "peak")


def encode_measured(certificate: Measured) -> Json:
    match certificate:
        case Strategy(waits, apart):
            return {
                "kind": "strategy",
                "waits": [[event, [list(row) for row in rows]] for event, rows in waits],
                "apart": [list(row) for row in apart],
            }
        case StrategyTree(nodes):
            return {"kind": "tree", "nodes": [_of_node(node) for node in nodes]}
        case ResponseTime(time):
            return {"kind": "response-time", "time": time}
        case Utilisation():
            return {"kind": "utilisation"}
        case BusyPeriod(length):
            return {"kind": "busy-period", "length": length}
        case Peak(bounds, users):
            return {"kind": "peak", "bounds": [str(b) for b in bounds], "users": list(users)}


def decode_measured(data: object) -> Measured:
    """The certificate that `encode_measured` wrote. Raises Refused for anything else."""
    match kind_of(data):
        case "strategy":
            _, waits, apart = fields_of(data, "kind", "waits", "apart")
            rows = ((integer_of(event), _pairs(listed)) for event, listed in rows_of(waits, 2))
            triples = (
                (integer_of(x), integer_of(y), integer_of(b)) for x, y, b in rows_of(apart, 3)
            )
            return Strategy(tuple(rows), tuple(triples))
        case "tree":
            _, nodes = fields_of(data, "kind", "nodes")
            return StrategyTree(tuple(map(_node, list_of(nodes))))
        case "response-time":
            return ResponseTime(integer_of(fields_of(data, "kind", "time")[1]))
        case "utilisation":
            fields_of(data, "kind")
            return Utilisation()
        case "busy-period":
            return BusyPeriod(integer_of(fields_of(data, "kind", "length")[1]))
        case "peak":
            _, bounds, users = fields_of(data, "kind", "bounds", "users")
            return Peak(
                tuple(map(rational_of, list_of(bounds))), tuple(map(integer_of, list_of(users)))
            )
        case other:
            raise Refused(f"there is no certificate of kind {shown(other)}")


def _pairs(data: object) -> tuple[tuple[int, int], ...]:
    return tuple((integer_of(event), integer_of(delay)) for event, delay in rows_of(data, 2))


def _of_node(node: Node) -> Json:
    match node:
        case Case(first, second, bound, yes, no):
            return ["case", first, second, bound, yes, no]
        case Turn(act, after):
            return ["turn", list(act), [list(row) for row in after]]


def _node(data: object) -> Node:
    match list_of(data):
        case ["case", first, second, bound, yes, no]:
            return Case(*map(integer_of, (first, second, bound, yes, no)))
        case ["turn", act, after]:
            return Turn(tuple(map(integer_of, list_of(act))), _pairs(after))
        case _:
            raise Refused("a node should be a case or a turn")


def of_measure(question: Measure) -> Json:
    """What is asked, without the names and places that only readers need."""
    match question:
        case Network(events, separations, tick):
            bounds: Json = [[s.first, s.second, s.low, s.high] for s in separations]
            return ["network", [_of_event(event) for event in events], bounds, str(tick)]
        case FixedPriority(tasks, tick):
            listed: Json = [[t.execution, t.period, t.deadline] for t in tasks]
            return ["fixed priority", listed, str(tick)]
        case EarliestDeadline(tasks, tick):
            listed = [[t.execution, t.period, t.deadline] for t in tasks]
            return ["earliest deadline", listed, str(tick)]
        case Budget(usage, low, high):
            ends: Json = [None if end is None else str(end) for end in (low, high)]
            return ["budget", _of_usage(usage), ends]


def _of_event(event: Event) -> Json:
    match event:
        case Contingent(start, low, high, vague):
            return ["vague" if vague else "contingent", start, low, high]
        case Chosen(start, low, high):
            return ["chosen", start, low, high]
        case _:
            return ["latest", *event.events]


def _of_usage(usage: Usage) -> Json:
    match usage:
        case Share(_, amount):
            return str(amount)
        case OneOf(parts):
            return ["one of", *map(_of_usage, parts)]
        case _:
            return ["together", *map(_of_usage, usage.parts)]
