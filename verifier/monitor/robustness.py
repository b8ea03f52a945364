"""How far a formula is from changing its truth: the definition of robustness on sampled time.

Space robustness (Fainekos and Pappas 2009; Donzé and Maler 2010), in the pointwise reading of
monitor/definition.py: `and` is the least, `or` the greatest, `not` the negative, and

    l <= r, l < r     r - l                 l == r     -|l - r|
    a bool, a label   infinity if true, else minus infinity
    p until r at i    the greatest over j in the window of the least of r at j, p at i .. j - 1

and so on, with the greatest of nothing minus infinity. Positive means true, negative false; 0 lies
on the border, where the truth of the formula decides. The unit is that of the comparisons: a
formula that compares metres and newtons has a robustness that only its sign explains.

All numbers are doubles, and nothing is calculated but one subtraction a comparison: whoever selects
the same doubles agrees to the last bit. There is no negative zero: `x + 0` and `0 - x` never give
one.

A trace that ends cuts every window at its end. What is said online waits for the windows to close.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from verifier.core.term import (
    And,
    Choice,
    Comparison,
    Formula,
    Iff,
    Implies,
    Not,
    Or,
    Proposition,
    Truth,
)
from verifier.model.values import Atom, Connective, Modal, Temporal
from verifier.monitor.definition import Event, bounds_ns, now
from verifier.monitor.measured import Readings, Undefined, finite, measure, truth

Signed = Callable[[int], float]


def opposite(value: float) -> float:
    return 0.0 - value


def margin(formula: Formula, at: Readings) -> float | None:
    """The signed distance of a state formula to its border; None where it has no truth."""
    try:
        return signed(formula, at)
    except Undefined:
        return None


def signed(formula: Formula, at: Readings) -> float:
    """The same; raises Undefined where the formula has no truth."""
    match formula:
        case Truth() | Proposition() | Choice():
            held = truth(formula, at)
            if held is None:
                raise Undefined
            return math.inf if held else -math.inf
        case Comparison("==", left, right):
            gap = finite(measure(left, at)) - finite(measure(right, at))
            return opposite(abs(gap))
        case Comparison(_, left, right):
            low, high = finite(measure(left, at)), finite(measure(right, at))
            return (high - low) + 0.0
        case Not(body):
            return opposite(signed(body, at))
        case And(parts):
            return min([signed(part, at) for part in parts])
        case Or(parts):
            return max([signed(part, at) for part in parts])
        case Implies(premise, conclusion):
            return max(opposite(signed(premise, at)), signed(conclusion, at))
        case Iff(one, other):
            return alike(signed(one, at), signed(other, at))


def alike(one: float, other: float) -> float:
    """The robustness of `iff`."""
    return min(max(opposite(one), other), max(opposite(other), one))


def robustness_at(formula: Temporal, samples: Sequence[Event], i: int) -> float:
    """The robustness of the formula at sample i of a whole trace. Raises Undefined."""

    def at(part: Temporal) -> Signed:
        return lambda j: robustness_at(part, samples, j)

    match formula:
        case Atom(state):
            values = samples[i].values
            assert values is not None, "a tick is no sample"
            return signed(state, now(values))
        case Connective(operator, operands):
            return connected(operator, [at(part)(i) for part in operands])
        case Modal(operator, interval, operands):
            low, high = bounds_ns(interval)
            times = [sample.time_ns for sample in samples]

            def holds(distance: int) -> bool:
                return low <= distance and (high is None or distance <= high)

            return _modal(operator, holds, times, i, [at(part) for part in operands])


def connected(operator: str, values: Sequence[float]) -> float:
    match operator, values:
        case "not", [value]:
            return opposite(value)
        case "and", _:
            return min(values)
        case "or", _:
            return max(values)
        case "implies", [premise, conclusion]:
            return max(opposite(premise), conclusion)
        case _, [one, other]:
            return alike(one, other)
    raise AssertionError(operator)


def _modal(
    operator: str, holds: Callable[[int], bool], times: list[int], i: int, parts: list[Signed]
) -> float:
    def top(_: int) -> float:
        return math.inf

    def no(part: Signed) -> Signed:
        return lambda j: opposite(part(j))

    def until(p: Signed, r: Signed) -> float:
        window = [j for j in range(i, len(times)) if holds(times[j] - times[i])]
        return max((min(r(j), *map(p, range(i, j)), math.inf) for j in window), default=-math.inf)

    def since(p: Signed, r: Signed) -> float:
        window = [j for j in range(i + 1) if holds(times[i] - times[j])]
        ways = (min(r(j), *map(p, range(j + 1, i + 1)), math.inf) for j in window)
        return max(ways, default=-math.inf)

    def previous(p: Signed) -> float:
        return p(i - 1) if i and holds(times[i] - times[i - 1]) else -math.inf

    match operator, parts:
        case "until", [p, r]:
            return until(p, r)
        case "release", [p, r]:
            return opposite(until(no(p), no(r)))
        case "eventually", [r]:
            return until(top, r)
        case "always", [r]:
            return opposite(until(top, no(r)))
        case "since", [p, r]:
            return since(p, r)
        case "once", [r]:
            return since(top, r)
        case "historically", [r]:
            return opposite(since(top, no(r)))
        case "next", [p]:
            ahead = i + 1 < len(times) and holds(times[i + 1] - times[i])
            return p(i + 1) if ahead else -math.inf
        case "previous", [p]:
            return previous(p)
        case "rise", [p]:
            return min(p(i), opposite(previous(p)))
        case "fall", [p]:
            return min(opposite(p(i)), previous(p))
    raise AssertionError(operator)
