"""The meaning of temporal formulas between samples: signals over dense time, from begin to end.

A signal is piecewise constant (each value holds from its time to the next one) or, for numbers,
piecewise linear between its values. Then every state formula is constant on finitely many points
and on the open pieces between them, and so is every temporal one (Maler and Nickovic 2004):

    (p until[a,b] r) at t    some u in [t + a, t + b] has r, and p on all of [t, u)
    (p since[a,b] r) at t    some u in [t - b, t - a] has r, and p on all of (u, t]

with what follows from them as in monitor/definition.py. The trace ends every window. Over
truth values `some` and `all` are the greatest and the least, and so robustness is the same
calculation on numbers; it is defined here for piecewise constant signals. `next`, `previous`,
`rise` and `fall` speak of samples and have no meaning here. Times are exact rationals in seconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from verifier.core.evaluate import evaluate_term, holds
from verifier.core.term import (
    NOW,
    And,
    Comparison,
    Formula,
    Iff,
    Implies,
    Key,
    Not,
    Number,
    Or,
    Product,
    Quotient,
    Sum,
    Term,
    Variable,
    subtract,
    term_variables,
    variables,
)
from verifier.model.values import Atom, Connective, Interval, Modal, Temporal
from verifier.monitor.measured import Reading, Undefined, finite, truth
from verifier.monitor.robustness import connected, signed

Steps = Sequence[tuple[Fraction, Reading]]


@dataclass(frozen=True, slots=True)
class Trace:
    """`signals` are values by time, in order; the first time of each is not after `begin`. A value
    holds from its time on, or with `late` only behind it, up to and with the time of the next one.
    With `linear` numbers are connected by straight lines, and each has a value at `end` or later.
    """

    begin: Fraction
    end: Fraction
    signals: Mapping[str, Steps]
    linear: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """A value at each of the `times`, and one on each open piece between two of them."""

    times: tuple[Fraction, ...]
    points: tuple[Any, ...]
    pieces: tuple[Any, ...]

    def at(self, time: Fraction) -> Any:
        k = bisect_left(self.times, time)
        found = k < len(self.times) and self.times[k] == time
        return self.points[k] if found else self.pieces[k - 1]


@dataclass(frozen=True, slots=True)
class Algebra:
    """How state formulas and connectives are valued: as truth, or as robustness."""

    state: Callable[[Formula, Mapping[Key, Reading]], Any]
    connect: Callable[[str, Sequence[Any]], Any]
    least: Any
    greatest: Any


def why_not_dense(formula: Temporal) -> str | None:
    """Why the formula has no meaning between samples; None if it has one."""
    match formula:
        case Atom():
            return None
        case Modal("next" | "previous" | "rise" | "fall" as word, _, _):
            return f"`{word}` speaks of samples"
        case Modal(_, _, operands) | Connective(_, operands):
            return next(filter(None, map(why_not_dense, operands)), None)


def why_not_linear(formula: Formula) -> str | None:
    """Why the formula does not change its truth at exact times over linear signals."""
    for comparison in comparisons(formula):
        for side in (comparison.left, comparison.right):
            if not _linear(side):
                return "it multiplies, divides by or applies a function to a signal"
    return None


def verdicts(formula: Temporal, trace: Trace) -> Profile:
    """Where the formula is true. Raises Undefined where a signal is missing or not finite."""
    return _profile(formula, trace, Algebra(_truth, _connected, False, True))


def distances(formula: Temporal, trace: Trace) -> Profile:
    """The robustness over piecewise constant signals. Raises Undefined."""
    assert not trace.linear
    infinity = float("inf")
    return _profile(formula, trace, Algebra(signed, connected, -infinity, infinity))


def _truth(formula: Formula, at: Mapping[Key, Reading]) -> bool:
    found = truth(formula, at)
    if found is None:
        raise Undefined
    return found


def _connected(operator: str, values: Sequence[bool]) -> bool:
    match operator, values:
        case "not", [value]:
            return not value
        case "implies", [premise, conclusion]:
            return not premise or conclusion
        case "iff", [one, other]:
            return one == other
    return all(values) if operator == "and" else any(values)


# ---- state formulas ----------------------------------------------------------------------------


def comparisons(formula: Formula) -> Iterator[Comparison]:
    match formula:
        case Comparison():
            yield formula
        case Not(body):
            yield from comparisons(body)
        case And(parts) | Or(parts):
            for part in parts:
                yield from comparisons(part)
        case Implies(one, other) | Iff(one, other):
            yield from comparisons(one)
            yield from comparisons(other)


def _linear(term: Term) -> bool:
    match term:
        case Number() | Variable():
            return True
        case Sum(parts):
            return all(map(_linear, parts))
        case Product(parts):
            moving = [part for part in parts if next(term_variables(part), None) is not None]
            return len(moving) <= 1 and all(map(_linear, parts))
        case Quotient(above, below):
            return _linear(above) and next(term_variables(below), None) is None
        case _:
            return next(term_variables(term), None) is None


def _read(trace: Trace, name: str, time: Fraction) -> Reading | Fraction:
    steps = trace.signals[name]
    k = bisect_right(steps, time, key=lambda step: step[0]) - 1
    if k < 0:
        raise Undefined
    if trace.late and k > 0 and steps[k][0] == time:
        k -= 1
    value = steps[k][1]
    if not trace.linear or isinstance(value, bool | str):
        return value
    if steps[k][0] == time:
        return _number(value)
    if k + 1 == len(steps):
        raise Undefined
    (before, _), (after, next_value) = steps[k], steps[k + 1]
    share = (time - before) / (after - before)
    return _number(value) + (_number(next_value) - _number(value)) * share


def _number(value: Reading) -> Fraction:
    return Fraction(finite(float(value)))


def _atom(formula: Formula, trace: Trace, algebra: Algebra) -> Profile:
    names = {name for name, _ in variables(formula)}
    if names - trace.signals.keys():
        raise Undefined
    times = {trace.begin, trace.end}
    times |= {t for n in names for t, _ in trace.signals[n] if trace.begin < t < trace.end}
    if trace.linear:
        times |= set(_crossings(formula, trace, sorted(times)))

    def at(time: Fraction) -> Any:
        found: dict[Key, Any] = {(name, NOW): _read(trace, name, time) for name in names}
        if trace.linear:
            return holds(formula, found)
        return algebra.state(formula, found)

    return _sampled(sorted(times), at)


def _crossings(formula: Formula, trace: Trace, times: Sequence[Fraction]) -> Iterator[Fraction]:
    """The times at which a comparison of linear signals may change its truth."""
    for comparison in comparisons(formula):
        gap = subtract(comparison.left, comparison.right)
        names = {name for name, _ in term_variables(gap)}
        for low, high in pairwise(times):
            ends = []
            for time in (low, high):
                found: dict[Key, Any] = {}
                found.update({(n, NOW): _read(trace, n, time) for n in names})
                ends.append(evaluate_term(gap, found))
            if ends[0] * ends[1] < 0:
                yield low + (high - low) * ends[0] / (ends[0] - ends[1])


def _sampled(times: Sequence[Fraction], at: Callable[[Fraction], Any]) -> Profile:
    return Profile(tuple(times), tuple(map(at, times)), tuple(map(at, _middles(times))))


def _middles(times: Sequence[Fraction]) -> list[Fraction]:
    return [(low + high) / 2 for low, high in pairwise(times)]


# ---- temporal formulas -------------------------------------------------------------------------


def _profile(formula: Temporal, trace: Trace, algebra: Algebra) -> Profile:
    match formula:
        case Atom(state):
            return _atom(state, trace, algebra)
        case Connective(operator, operands):
            parts = [_profile(part, trace, algebra) for part in operands]
            return _connect(operator, parts, algebra)
        case Modal(operator, interval, operands):
            parts = [_profile(part, trace, algebra) for part in operands]
            return _modal(operator, interval, parts, algebra)


def _connect(operator: str, parts: Sequence[Profile], algebra: Algebra) -> Profile:
    times = sorted({time for part in parts for time in part.times})
    return _sampled(times, lambda t: algebra.connect(operator, [part.at(t) for part in parts]))


def _modal(
    operator: str, interval: Interval, parts: Sequence[Profile], algebra: Algebra
) -> Profile:
    last = parts[-1]
    count = len(last.points)
    top = Profile(last.times, (algebra.greatest,) * count, (algebra.greatest,) * (count - 1))

    def no(part: Profile) -> Profile:
        return _connect("not", [part], algebra)

    def since(left: Profile, right: Profile) -> Profile:
        return _turned(_until(interval, _turned(left), _turned(right), algebra))

    match operator:
        case "until":
            return _until(interval, parts[0], last, algebra)
        case "release":
            return no(_until(interval, no(parts[0]), no(last), algebra))
        case "eventually":
            return _until(interval, top, last, algebra)
        case "always":
            return no(_until(interval, top, no(last), algebra))
        case "since":
            return since(parts[0], last)
        case "once":
            return since(top, last)
        case "historically":
            return no(since(top, no(last)))
    raise AssertionError(operator)


def _turned(profile: Profile) -> Profile:
    """Time backwards."""
    times = tuple(-time for time in reversed(profile.times))
    return Profile(times, tuple(reversed(profile.points)), tuple(reversed(profile.pieces)))


def _until(interval: Interval, left: Profile, right: Profile, algebra: Algebra) -> Profile:
    breaks = sorted({*left.times, *right.times})
    begin, end = breaks[0], breaks[-1]
    shifts = [Fraction(0), interval.low] + ([] if interval.high is None else [interval.high])
    times = {t - shift for t in breaks for shift in shifts if begin <= t - shift <= end}

    def at(time: Fraction) -> Any:
        first = time + interval.low
        last = end if interval.high is None else min(end, time + interval.high)
        if first > end or first > last:
            return algebra.least
        within = [first, *(t for t in breaks if first < t < last), last]
        is_open = interval.high_open and last == time + (interval.high or 0)
        instants = [*within[: len(within) - (1 if is_open else 0)], *_middles(within)]
        return max((_way(time, u, left, right, algebra) for u in instants), default=algebra.least)

    return _sampled(sorted(times | {begin, end}), at)


def _way(time: Fraction, instant: Fraction, left: Profile, right: Profile, algebra: Algebra) -> Any:
    """The least of right at the instant and of left from the time up to it."""
    if instant == time:
        return right.at(instant)
    inner = [t for t in left.times if time < t < instant]
    middles = _middles([time, *inner, instant])
    return min(right.at(instant), *map(left.at, (time, *inner, *middles)))
