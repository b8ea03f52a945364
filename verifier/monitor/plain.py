"""A quick step for plain programs: those without an operator of time but their responses.

What monitor/program.py does with such a program, with all that can be looked up beforehand looked
up: a property of this shape is watched in a few microseconds an event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from verifier.core.term import NOW, Formula, Proposition
from verifier.monitor.graph import Graph, State
from verifier.monitor.measured import Reading, truth
from verifier.monitor.watches import Invariant, Response, Watch

Values: TypeAlias = Mapping[str, Reading]
Test: TypeAlias = Callable[[Values], bool | None]
PlainStep: TypeAlias = Callable[[int, Values], bool | None]


def plain_step(
    graph: Graph, watches: tuple[Watch, ...], since: list[int | None]
) -> PlainStep | None:
    """A function of a stamp and a sample: whether the sample violates something, or None where a
    state formula is neither true nor false. It keeps `since` as the program does, and judges the
    deadlines before and at the stamp. None if the program is not plain."""
    formulas = [node.formula for node in graph.nodes if isinstance(node, State)]
    if len(formulas) < len(graph.nodes):
        return None
    tests = [_test(formula) for formula in formulas]
    kept = [watch.node for watch in watches if isinstance(watch, Invariant)]
    duties = [
        (k, watch.trigger, watch.hold, watch.response, watch.bound_ns)
        for k, watch in enumerate(watches)
        if isinstance(watch, Response)
    ]
    if len(kept) + len(duties) < len(watches):
        return None

    def step(now: int, values: Values) -> bool | None:
        truths = [test(values) for test in tests]
        if None in truths:
            return None
        broken = False
        for node in kept:
            if not truths[node]:
                broken = True
        for k, trigger, hold, response, bound in duties:
            first = since[k]
            if first is not None and bound is not None and now - first > bound:
                broken = True
            if truths[response]:
                since[k] = None
            elif first is not None or truths[trigger]:
                if first is None:
                    since[k] = first = now
                if hold is not None and not truths[hold]:
                    broken = True
                if bound is not None and now - first >= bound:
                    broken = True
        return broken

    return step


def _test(formula: Formula) -> Test:
    if isinstance(formula, Proposition):
        name = formula.name

        def proposition(values: Values) -> bool | None:
            found = values.get(name)
            return found if found is True or found is False else None

        return proposition
    return lambda values: truth(formula, {(name, NOW): value for name, value in values.items()})
