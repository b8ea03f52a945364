"""The meaning of temporal properties on sampled time: the definition all else is compared with.

Metric temporal logic (Koymans 1990) in the pointwise reading: a formula is asked at a sample, and
its operators range over the samples of the trace. With t_i the time stamp of sample i,

    (p until[a,b] r) at i    some j >= i, a <= t_j - t_i <= b, has r, and p at every k, i <= k < j
    (p since[a,b] r) at i    some j <= i, a <= t_i - t_j <= b, has r, and p at every k, j < k <= i
    eventually, once         true until, true since
    always, historically     not eventually not, not once not
    p release r              not (not p until not r)
    next p at i              sample i + 1 has p, and its distance lies in the bound
    previous p at i          sample i - 1 has p, and its distance lies in the bound; false at i = 0
    rise p at i              p, and not previous p: true at i = 0 if p is
    fall p at i              not p, and previous p: false at i = 0

The choices, each of which other tools make differently:

- Bounds are inclusive, unless the upper one is written open: a response at exactly 500 ms counts,
  one at 501 ms does not. Between samples nothing is claimed.
- The clock is the latest time stamp, or a tick without a sample. A tick at t says that no sample
  with a stamp up to t will come any more, so that a deadline at t has passed without an answer.
- Three values (Kleene): a future window is open until the clock reaches its end, and while it is
  open a missing witness is *not yet known*. An unbounded window never closes.
- A property that is an `always` without a bound asks its body at every sample so far. It is
  violated at the first clock reading at which some sample's body is false, satisfied while every
  sample's body is true, and otherwise not yet known. Any other property is asked at sample 0.
- A response discharges all triggers up to it, and a trigger after it starts the clock afresh:
  each sample asks for itself.
- A time stamp that is not later than the clock, and a sample in which an atom of the property is
  neither true nor false (missing, NaN, infinite), make the property *invalid*: never true, never
  false, the answer is the fallback. A sample of that kind is not judged, but the time before it has
  passed. Violated and invalid are final.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.term import NOW
from verifier.model.values import Atom, Connective, Interval, Modal, Temporal
from verifier.monitor.measured import Reading, truth


class Answer(enum.Enum):
    """In the order of their weight; the last two are final."""

    SATISFIED = 0
    UNKNOWN = 1
    INVALID = 2
    VIOLATED = 3


@dataclass(frozen=True, slots=True)
class Event:
    """A sample, or with `values` None a tick of the clock. Time in integer nanoseconds."""

    time_ns: int
    values: Mapping[str, Reading] | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A formula that is asked at every sample, or with `once` at the first one alone. Whoever is
    patient judges a sample only when the clock has come `patience_ns` past its stamp."""

    body: Temporal
    once: bool
    patience_ns: int = 0


def asked(formula: Temporal) -> tuple[Asked, ...]:
    """What a property asks, and at which samples; it says the worst of all answers."""
    match formula:
        case Connective("and", operands):
            return tuple(part for operand in operands for part in asked(operand))
        case Modal("always", Interval(low, None), (body,)) if low == 0:
            return (Asked(body, once=False),)
        case _:
            return (Asked(formula, once=True),)


def answers(formula: Temporal, events: Sequence[Event]) -> list[Answer]:
    """What the property says after each event."""
    return answers_of(asked(formula), events)


def answers_of(parts: Sequence[Asked], events: Sequence[Event]) -> list[Answer]:
    """What the conjunction of these says after each event."""
    said: list[Answer] = []
    samples: list[Event] = []
    clock: int | None = None
    for event in events:
        if said and said[-1] in (Answer.INVALID, Answer.VIOLATED):
            said.append(said[-1])
        elif clock is not None and _too_early(event, clock):
            said.append(Answer.INVALID)
        elif not all(_defined(part.body, event) for part in parts):
            before = _worst(parts, samples, event.time_ns - 1)
            said.append(before if before is Answer.VIOLATED else Answer.INVALID)
        else:
            clock = event.time_ns
            samples = samples if event.values is None else [*samples, event]
            said.append(_worst(parts, samples, clock))
    return said


def _too_early(event: Event, clock: int) -> bool:
    return event.time_ns < clock or (event.values is not None and event.time_ns == clock)


def _defined(formula: Temporal, event: Event) -> bool:
    return event.values is None or all(
        truth(atom.formula, now(event.values)) is not None for atom in atoms(formula)
    )


def atoms(formula: Temporal) -> Iterator[Atom]:
    match formula:
        case Atom():
            yield formula
        case Connective(_, operands) | Modal(_, _, operands):
            for operand in operands:
                yield from atoms(operand)


def now(values: Mapping[str, Reading]) -> dict[tuple[str, int], Reading]:
    return {(name, NOW): value for name, value in values.items()}


def _worst(parts: Sequence[Asked], samples: Sequence[Event], clock: int) -> Answer:
    said = [_judge(part, samples, clock) for part in parts]
    return max(said, key=lambda answer: answer.value, default=Answer.SATISFIED)


def _judge(part: Asked, samples: Sequence[Event], clock: int) -> Answer:
    def value(i: int) -> Value:
        if clock < samples[i].time_ns + part.patience_ns:
            return None
        return value_at(part.body, samples, clock, i)

    if part.once:
        said = value(0) if samples else None
    else:
        said = _all(value(i) for i in range(len(samples)))
    if said is None:
        return Answer.UNKNOWN
    return Answer.SATISFIED if said else Answer.VIOLATED


def bounds_ns(interval: Interval) -> tuple[int, int | None]:
    """The first and the last distance in whole nanoseconds that lie in the interval."""
    low = math.ceil(interval.low * 10**9)
    if interval.high is None:
        return low, None
    high: Fraction = interval.high * 10**9
    return low, math.ceil(high) - 1 if interval.high_open else math.floor(high)


Value = bool | None


def value_at(formula: Temporal, samples: Sequence[Event], clock: int, i: int) -> Value:
    """The formula at sample i, given that every sample up to `clock` is known."""

    def at(part: Temporal) -> Callable[[int], Value]:
        return lambda j: value_at(part, samples, clock, j)

    match formula:
        case Atom(state):
            values = samples[i].values
            return truth(state, now(values)) if values is not None else None
        case Connective(operator, operands):
            return _connect(operator, [value_at(part, samples, clock, i) for part in operands])
        case Modal(operator, interval, operands):
            window = _Window(*bounds_ns(interval), [s.time_ns for s in samples], clock, i)
            return _modal(operator, window, [at(part) for part in operands])


def _connect(operator: str, values: list[Value]) -> Value:
    match operator, values:
        case "not", [value]:
            return _not(value)
        case "and", _:
            return _all(values)
        case "or", _:
            return _some(values)
        case "implies", [premise, conclusion]:
            return _some([_not(premise), conclusion])
        case "iff", [left, right]:
            return None if left is None or right is None else left == right
    raise AssertionError(operator)


@dataclass(frozen=True, slots=True)
class _Window:
    low: int
    high: int | None
    times: list[int]
    clock: int
    i: int

    def holds(self, distance: int) -> bool:
        return self.low <= distance and (self.high is None or distance <= self.high)

    def open(self) -> bool:
        return self.high is None or self.clock < self.times[self.i] + self.high


def _modal(operator: str, window: _Window, parts: list[Callable[[int], Value]]) -> Value:
    def yes(_: int) -> Value:
        return True

    def but(part: Callable[[int], Value]) -> Callable[[int], Value]:
        return lambda j: _not(part(j))

    match operator, parts:
        case "until", [p, r]:
            return _until(window, p, r)
        case "release", [p, r]:
            return _not(_until(window, but(p), but(r)))
        case "eventually", [r]:
            return _until(window, yes, r)
        case "always", [r]:
            return _not(_until(window, yes, but(r)))
        case "since", [p, r]:
            return _since(window, p, r)
        case "once", [r]:
            return _since(window, yes, r)
        case "historically", [r]:
            return _not(_since(window, yes, but(r)))
        case "next", [p]:
            return _next(window, p)
        case "previous", [p]:
            return _previous(window, p)
        case "rise", [p]:
            return _all([p(window.i), _not(_previous(window, p))])
        case "fall", [p]:
            return _all([_not(p(window.i)), _previous(window, p)])
    raise AssertionError(operator)


def _until(window: _Window, p: Callable[[int], Value], r: Callable[[int], Value]) -> Value:
    i, times = window.i, window.times
    ways = [
        _all([r(j), *(p(k) for k in range(i, j))])
        for j in range(i, len(times))
        if window.holds(times[j] - times[i])
    ]
    still = [_all([None, *(p(k) for k in range(i, len(times)))])] if window.open() else []
    return _some(ways + still)


def _since(window: _Window, p: Callable[[int], Value], r: Callable[[int], Value]) -> Value:
    i, times = window.i, window.times
    return _some(
        _all([r(j), *(p(k) for k in range(j + 1, i + 1))])
        for j in range(i + 1)
        if window.holds(times[i] - times[j])
    )


def _next(window: _Window, p: Callable[[int], Value]) -> Value:
    i, times = window.i, window.times
    if i + 1 < len(times):
        return p(i + 1) if window.holds(times[i + 1] - times[i]) else False
    return None if window.open() else False


def _previous(window: _Window, p: Callable[[int], Value]) -> Value:
    i, times = window.i, window.times
    return p(i - 1) if i and window.holds(times[i] - times[i - 1]) else False


def _not(value: Value) -> Value:
    return None if value is None else not value


def _all(values: Sequence[Value] | Iterator[Value]) -> Value:
    found = list(values)
    return False if False in found else None if None in found else True


def _some(values: Sequence[Value] | Iterator[Value]) -> Value:
    found = list(values)
    return True if True in found else None if None in found else False
