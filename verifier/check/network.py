"""Whether evidence about a network holds: the rules of verifier/core/network.py, in integers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from verifier.check.game import judge_tree
from verifier.check.polynomial import Refused, shown
from verifier.core.network import (
    AdversaryTree,
    Chosen,
    Contingent,
    Demands,
    Event,
    Latest,
    NegativeCycle,
    Network,
    Run,
    Separation,
    Strategy,
    StrategyTree,
)

Waits: TypeAlias = dict[int, tuple[tuple[int, int], ...]]
Apart: TypeAlias = dict[tuple[int, int], int]


def judge_network(question: Network, certificate: object) -> None:
    """Raises Refused unless the certificate proves every separation."""
    _check_network(question)
    if isinstance(certificate, StrategyTree):
        judge_tree(question, certificate)
    elif isinstance(certificate, Strategy):
        _strategy(question, certificate)
    else:
        raise Refused("a network is proved by a strategy only")


def _strategy(question: Network, certificate: Strategy) -> None:
    waits = _waits(question.events, certificate.waits)
    apart: Apart = {}
    for x, y, most in _rows(certificate.apart, 3, "the distances"):
        _event(x, question)
        _event(y, question)
        apart[x, y] = most
    for (x, y), most in apart.items():
        _justify(question.events, waits, apart, x, y, most)
    for number, event in enumerate(question.events):
        if isinstance(event, Chosen) and event.high is not None:
            _at_most(apart, number, event.start, event.high)
    for separation in question.separations:
        if separation.high is not None:
            _at_most(apart, separation.second, separation.first, separation.high)
        if separation.low is not None:
            _at_most(apart, separation.first, separation.second, -separation.low)


def _check_network(question: Network) -> None:
    """The rules lean on this: what an event waits for comes before it in the list."""
    events = question.events
    if not events or events[0] != Latest(()):
        raise Refused("event 0 should be the origin")
    for number, event in enumerate(events[1:], start=1):
        before = event.events if isinstance(event, Latest) else (event.start,)
        if not before or not all(0 <= each < number for each in before):
            raise Refused(f"event {number} does not follow from earlier events")
        if not isinstance(event, Latest) and event.low < 0:
            raise Refused(f"event {number} comes before its start")
    for separation in question.separations:
        _event(separation.first, question)
        _event(separation.second, question)


def _event(number: object, question: Network) -> None:
    if type(number) is not int or not 0 <= number < len(question.events):
        raise Refused(f"there is no event {shown(number)}")


def _rows(value: object, width: int, what: str) -> list[tuple[int, ...]]:
    """Rows of whole numbers."""
    if type(value) is not tuple:
        raise Refused(f"{what} should be a sequence")
    for row in value:
        if type(row) is not tuple or len(row) != width or any(type(n) is not int for n in row):
            raise Refused(f"{shown(row)} is no entry of {what}")
    return list(value)


def _waits(events: Sequence[Event], given: object) -> Waits:
    """The waits of each chosen event, once they need no foresight and keep to its least time."""
    if type(given) is not tuple or any(type(row) is not tuple or len(row) != 2 for row in given):
        raise Refused("the waits should be a sequence of pairs")
    waits: Waits = {}
    for number, rows in given:
        if type(number) is not int or number in waits:
            raise Refused(f"the waits of {shown(number)} are given twice, or of no event")
        waits[number] = tuple((p, delay) for p, delay in _rows(rows, 2, "the waits"))
    chosen = [number for number, event in enumerate(events) if isinstance(event, Chosen)]
    if sorted(waits) != chosen:
        raise Refused("the waits are not those of the chosen events")
    for number in chosen:
        event = events[number]
        assert isinstance(event, Chosen)
        if any(not 0 <= p < number or delay < 0 for p, delay in waits[number]):
            raise Refused(f"event {number} would have to wait for what it cannot know")
        if not any(p == event.start and delay >= event.low for p, delay in waits[number]):
            raise Refused(f"event {number} may come before its least duration has passed")
    return waits


def _justify(events: Sequence[Event], waits: Waits, apart: Apart, x: int, y: int, b: int) -> None:
    """Raises Refused unless `x comes at most b after y` follows from rows about earlier events."""
    if x == y:
        if b < 0:
            raise Refused(f"event {x} does not come before itself")
        return
    later = x > y
    match events[max(x, y)]:
        case Contingent(start, _, high) if later:
            if high is None:
                raise Refused(f"event {x} may come at any time")
            _at_most(apart, start, y, b - high)
        case Contingent(start, low, _):
            _at_most(apart, x, start, b + low)
        case Latest(earlier) if later:
            for each in earlier:
                _at_most(apart, each, y, b)
        case Latest(earlier):
            _some(apart, x, [(each, b) for each in earlier])
        case Chosen() if later:
            for each, delay in waits[x]:
                _at_most(apart, each, y, b - delay)
        case Chosen():
            _some(apart, x, [(each, b + delay) for each, delay in waits[y]])


def _known(apart: Apart, x: int, y: int, most: int) -> bool:
    """Whether a row says that x comes at most so much after y; of x after itself none need."""
    found = apart.get((x, y))
    return (x == y and most >= 0) or (found is not None and found <= most)


def _at_most(apart: Apart, x: int, y: int, most: int) -> None:
    if not _known(apart, x, y, most):
        raise Refused(f"it is not shown that event {x} comes at most {most} after event {y}")


def _some(apart: Apart, x: int, rows: Sequence[tuple[int, int]]) -> None:
    if not any(_known(apart, x, y, most) for y, most in rows):
        raise Refused(f"no row shows that event {x} comes soon enough after {rows[0][0]}")


# ---- refutations -------------------------------------------------------------------------------


def judge_failure(question: Network, evidence: object) -> None:
    """Raises Refused unless the evidence shows that the separations cannot all be met."""
    _check_network(question)
    match evidence:
        case Run(durations, failed):
            _run(question, _durations(question, durations), failed)
        case NegativeCycle(durations, cycle):
            _cycle(question, _durations(question, durations), cycle)
        case Demands(rows):
            _demands(question, _rows(rows, 5, "the demands"))
        case AdversaryTree():
            _durations(question, ())
            judge_tree(question, evidence)
        case _:
            raise Refused("a network is refuted by a run, a negative cycle, demands or a tree")


def _durations(question: Network, given: object) -> dict[int, int]:
    """The duration of each contingent event, once the world may choose it."""
    durations: dict[int, int] = {}
    named = {row[0]: row[1] for row in _rows(given, 2, "the durations")}
    for number, event in enumerate(question.events):
        if not isinstance(event, Contingent):
            continue
        duration = named.pop(number, event.low)
        if event.vague:
            raise Refused(f"of event {number} only bounds are known")
        if duration < event.low or (event.high is not None and duration > event.high):
            raise Refused(f"event {number} does not take {duration}")
        durations[number] = duration
    if named:
        raise Refused(f"event {next(iter(named))} has no duration of its own")
    return durations


def _run(question: Network, durations: dict[int, int], failed: object) -> None:
    if type(failed) is not int or not 0 <= failed < len(question.separations):
        raise Refused(f"there is no separation {shown(failed)}")
    times: list[int] = []
    for number, event in enumerate(question.events):
        match event:
            case Contingent(start):
                times.append(times[start] + durations[number])
            case Latest(earlier):
                times.append(max((times[each] for each in earlier), default=0))
            case Chosen():
                raise Refused("a run refutes nothing where the robot might choose another one")
    if _keeps(question.separations[failed], times):
        raise Refused("the separation holds in this run")


def _keeps(separation: Separation, times: Sequence[int]) -> bool:
    between = times[separation.second] - times[separation.first]
    low, high = separation.low, separation.high
    return (low is None or low <= between) and (high is None or between <= high)


def _cycle(question: Network, durations: dict[int, int], cycle: object) -> None:
    if type(cycle) is not tuple or not cycle:
        raise Refused("there is no cycle")
    for number in cycle:
        _event(number, question)
    around = list(pairwise((*cycle, cycle[0])))
    wanted = set(around)
    steps: Apart = {}

    def allow(start: int, end: int, most: int | None) -> None:
        if most is not None and (start, end) in wanted:
            steps[start, end] = min(most, steps.get((start, end), most))

    for separation in question.separations:
        allow(separation.first, separation.second, separation.high)
        allow(separation.second, separation.first, _negated(separation.low))
    for number, event in enumerate(question.events):
        match event:
            case Contingent(start):
                allow(start, number, durations[number])
                allow(number, start, -durations[number])
            case Chosen(start, low, high):
                allow(start, number, high)
                allow(number, start, -low)
            case Latest(earlier):
                for each in earlier:
                    allow(number, each, 0)
                if len(earlier) == 1:
                    allow(earlier[0], number, 0)
    missing = next((pair for pair in around if pair not in steps), None)
    if missing is not None:
        raise Refused(f"nothing bounds event {missing[1]} by event {missing[0]}")
    if sum(steps[pair] for pair in around) >= 0:
        raise Refused("the cycle is not negative")


def _negated(low: int | None) -> int | None:
    return None if low is None else -low


def _demands(question: Network, rows: Sequence[tuple[int, ...]]) -> None:
    """Raises Refused unless each row is justified, and the last one cannot be."""
    earlier = _earlier(question.events)
    given = _given(question)
    for number, (x, y, most, *causes) in enumerate(rows):
        if not all(-1 <= cause < number for cause in causes):
            raise Refused(f"demand {number} does not follow from demands before it")
        first, second = (rows[cause][:3] if cause >= 0 else None for cause in causes)
        least = _least(question.events, earlier, given, (x, y), (first, second))
        if least is None or least > most:
            raise Refused(f"demand {number} is not justified")
    if not rows:
        raise Refused("nothing is demanded")
    x, y, most, *_ = rows[-1]
    event = question.events[x]
    endless = isinstance(event, Contingent) and event.high is None and not event.vague
    if not (x == y and most < 0) and not (endless and _decided(earlier, question.events, x, y)):
        raise Refused("the last demand can be met")


def _least(
    events: Sequence[Event],
    earlier: Sequence[int],
    given: Apart,
    pair: tuple[int, int],
    causes: tuple[Sequence[int] | None, Sequence[int] | None],
) -> int | None:
    """The least distance that is demanded of the pair by its causes; None if none is."""
    (x, y), (first, second) = pair, causes
    if first is None:
        return given.get(pair) if second is None else None
    if second is not None:
        joins = first[0] == x and first[1] == second[0] and second[1] == y
        return first[2] + second[2] if joins else None
    later, other, most = first
    match events[later]:
        case Contingent(start, _, high, False) if (start, other) == (x, y) and high is not None:
            if _decided(earlier, events, later, y):
                return most - high
        case Latest(parts) if other == y and x in parts:
            return most
    x_before, later, most = first
    match events[later]:
        case Contingent(start, low, _, False) if (x_before, start) == (x, y):
            if _decided(earlier, events, later, x):
                return most + low
        case Latest((only,)) if (x_before, only) == (x, y):
            return most
    return None


def _earlier(events: Sequence[Event]) -> list[int]:
    """For each event those that come before it in every run, itself included, as bits."""
    found: list[int] = []
    for number, event in enumerate(events):
        before = 1 << number
        for each in event.events if isinstance(event, Latest) else (event.start,):
            before |= found[each]
        found.append(before)
    return found


def _decided(earlier: Sequence[int], events: Sequence[Event], number: int, other: int) -> bool:
    """Whether the other event has come by the time at which this contingent one begins."""
    event = events[number]
    return isinstance(event, Contingent) and bool(earlier[event.start] >> other & 1)


def _given(question: Network) -> Apart:
    """What separations and the bounds of chosen durations demand, and what is always so."""
    found: Apart = {}

    def demand(x: int, y: int, most: int | None) -> None:
        if most is not None:
            found[x, y] = min(most, found.get((x, y), most))

    for separation in question.separations:
        demand(separation.second, separation.first, separation.high)
        demand(separation.first, separation.second, _negated(separation.low))
    for number, event in enumerate(question.events):
        match event:
            case Chosen(start, low, high):
                demand(number, start, high)
                demand(start, number, -low)
            case Latest(parts):
                for each in parts:
                    demand(each, number, 0)
    return found
