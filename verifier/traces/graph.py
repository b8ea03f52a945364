"""A temporal formula as a list of operators, each after its operands; equal ones are one.

Everything is rewritten to atoms, `not and or implies iff`, `since`, `until`, `previous` and `next`:

    eventually r        true until r            once r              true since r
    always r            not eventually not r    historically r      not once not r
    p release r         not (not p until not r)
    rise p              p and not previous p    fall p              not p and previous p
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from verifier.core.term import Formula
from verifier.model.values import Atom, Connective, Modal, Temporal
from verifier.monitor.definition import bounds_ns


@dataclass(frozen=True, slots=True)
class Leaf:
    formula: Formula


@dataclass(frozen=True, slots=True)
class Logic:
    """`operator` is one of a Connective's."""

    operator: str
    operands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Timed:
    """`until since next previous`. `left` None is true; bounds in nanoseconds, `high` None is
    unbounded."""

    operator: str
    left: int | None
    right: int
    low: int
    high: int | None


Node: TypeAlias = Leaf | Logic | Timed


def graph(formula: Temporal) -> tuple[Node, ...]:
    """The operators of the formula; the last one is the formula itself."""
    nodes: dict[Node, int] = {}
    top = _place(formula, nodes)
    assert top == len(nodes) - 1
    return tuple(nodes)


def _add(nodes: dict[Node, int], node: Node) -> int:
    return nodes.setdefault(node, len(nodes))


def _no(nodes: dict[Node, int], operand: int) -> int:
    return _add(nodes, Logic("not", (operand,)))


def _place(formula: Temporal, nodes: dict[Node, int]) -> int:
    match formula:
        case Atom(state):
            return _add(nodes, Leaf(state))
        case Connective(operator, operands):
            return _add(nodes, Logic(operator, tuple(_place(each, nodes) for each in operands)))
        case Modal(operator, interval, operands):
            low, high = bounds_ns(interval)
            inner = [_place(each, nodes) for each in operands]
            return _modal(nodes, operator, inner, low, high)


def _modal(
    nodes: dict[Node, int], operator: str, inner: list[int], low: int, high: int | None
) -> int:
    right = inner[-1]
    left = inner[0] if len(inner) == 2 else None
    match operator:
        case "until" | "since" | "next" | "previous":
            return _add(nodes, Timed(operator, left, right, low, high))
        case "eventually" | "once":
            way = "until" if operator == "eventually" else "since"
            return _add(nodes, Timed(way, None, right, low, high))
        case "always" | "historically":
            way = "until" if operator == "always" else "since"
            return _no(nodes, _add(nodes, Timed(way, None, _no(nodes, right), low, high)))
        case "release":
            assert left is not None
            against = _no(nodes, left)
            return _no(nodes, _add(nodes, Timed("until", against, _no(nodes, right), low, high)))
    before = _add(nodes, Timed("previous", None, right, low, high))
    if operator == "rise":
        return _add(nodes, Logic("and", (right, _no(nodes, before))))
    assert operator == "fall", operator
    return _add(nodes, Logic("and", (_no(nodes, right), before)))
