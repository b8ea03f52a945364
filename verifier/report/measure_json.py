"""What refutes a deadline, a schedule or a budget, as JSON has it: exact, with names."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from verifier.core.budget import Budget, Peak, Share, nodes
from verifier.core.certificate import Counterexample
from verifier.core.network import (
    AdversaryTree,
    Case,
    Demands,
    NegativeCycle,
    Network,
    Node,
    Run,
    Turn,
)
from verifier.core.obligation import Question
from verifier.core.schedule import EarliestDeadline, FixedPriority, Missed, Overload
from verifier.report.measure import times_of
from verifier.report.quantity import exact, in_unit


def document(question: Question, evidence: Counterexample) -> dict[str, Any]:
    """The counterexample; times in seconds and amounts in the unit of the resource, as strings."""
    match question, evidence:
        case Network() as network, Run(durations, failed):
            separation, times = network.separations[failed], times_of(network, evidence)
            between = (times[separation.second] - times[separation.first]) * network.tick
            return {
                "kind": "run",
                "durations_s": _durations(network, durations),
                "between_s": exact(between),
            }
        case Network() as network, NegativeCycle(durations, cycle):
            return {
                "kind": "negative-cycle",
                "durations_s": _durations(network, durations),
                "events": [network.names[number] for number in cycle],
            }
        case Network() as network, Demands(rows):
            return {
                "kind": "no-foresight",
                "demands": [
                    {
                        "event": network.names[x],
                        "after": network.names[y],
                        "at_most_s": exact(most * network.tick),
                    }
                    for x, y, most, _, _ in rows
                ],
            }
        case Network() as network, AdversaryTree(tree):
            return {
                "kind": "adversary",
                "events": list(network.names),
                "nodes": [_node(network, node) for node in tree],
            }
        case FixedPriority(tasks, tick), Missed(times):
            listed = [exact(time * tick) for time in times]
            return {"kind": "missed-deadline", "task": tasks[-1].name, "times_s": listed}
        case EarliestDeadline(_, tick), Overload(time):
            return {"kind": "overload", "time_s": exact(time * tick)}
        case Budget() as budget, Peak(bounds, users):
            every = list(nodes(budget.usage))
            shares = [each for each in map(every.__getitem__, users) if isinstance(each, Share)]
            total = sum((share.amount for share in shares), Fraction(0))
            return {
                "kind": "peak",
                "users": [share.name for share in shares],
                "amount": exact(in_unit(total if users else bounds[0], budget.unit)),
                "unit": budget.unit.symbol,
            }
    raise AssertionError(evidence)


def _durations(network: Network, durations: tuple[tuple[int, int], ...]) -> dict[str, str]:
    """How long each named step takes; the others take their shortest time."""
    return {network.names[number]: exact(each * network.tick) for number, each in durations}


def _node(network: Network, node: Node) -> dict[str, Any]:
    """A node of a tree, with numbers of events and nodes as in the certificate; -1 is the end."""

    def between(x: int, y: int, bound: int) -> dict[str, Any]:
        most = exact((bound >> 1) * network.tick)
        return {"event": x, "after": y, ("at_most_s" if bound & 1 else "less_than_s"): most}

    match node:
        case Case(first, second, bound, yes, no):
            return {"if": between(first, second, bound), "then": yes, "else": no}
        case Turn((), after):
            return {"end": None, "bounds": [], "next": dict(after)}
        case Turn((event, p, low, q, high), after):
            ends = [between(p, event, low), between(event, q, high)]
            return {"end": event, "bounds": ends, "next": dict(after)}
    raise AssertionError(node)
