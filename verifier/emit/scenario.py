"""Samples that make given formulas true or false, for self-tests and demonstrations.

A hill climb over readings: the cost of a formula is 0 where it holds and otherwise says how far it
is from holding. Deterministic for a given random generator; it may fail, and says so.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence

from verifier.core.term import (
    NOW,
    OLD,
    And,
    Choice,
    Comparison,
    Formula,
    Iff,
    Implies,
    Key,
    Not,
    Number,
    Or,
    Proposition,
    Truth,
    Variable,
    variables,
)
from verifier.emit.design import Design
from verifier.emit.reference import Sample
from verifier.monitor.measured import Reading, Undefined, measure
from verifier.monitor.watches import DelayedResponse, Invariant, Open, Response

TRIES = 600
Ranges = Mapping[str, tuple[float, float]]


def quiet(design: Design) -> tuple[tuple[Formula, bool], ...]:
    """What keeps every property silent, as far as it is said without time: invariants hold, and
    nothing is triggered."""
    found: list[tuple[Formula, bool]] = []
    for watched in design.plan.programs:
        for watch in watched.program.watches:
            match watch:
                case Invariant(node):
                    wish = watched.program.formula(node), True
                case Response(trigger) | DelayedResponse(trigger) | Open(trigger):
                    wish = watched.program.formula(trigger), False
                case _:
                    continue
            if wish[0] is not None:
                found.append((wish[0], wish[1]))
    return tuple(found)


def domains(design: Design) -> tuple[tuple[Formula, bool], ...]:
    return tuple((validity.formula, True) for validity in design.plan.validities)


def ranges(design: Design) -> dict[str, tuple[float, float]]:
    """Where each real scalar may be, as far as its domain says so in plain bounds."""
    found = dict.fromkeys(design.layout.places, (-1.0, 1.0))
    for validity in design.plan.validities:
        for part in _parts(validity.formula):
            match part:
                case Comparison(_, Variable(name), Number(value)):
                    low, high = found[name]
                    found[name] = (min(low, float(value)), float(value))
                case Comparison(_, Number(value), Variable(name)):
                    low, high = found[name]
                    found[name] = (float(value), max(high, float(value)))
    return found


def _parts(formula: Formula) -> Iterator[Formula]:
    if isinstance(formula, And):
        for part in formula.parts:
            yield from _parts(part)
    else:
        yield formula


def random_readings(design: Design, within: Ranges, rng: random.Random) -> dict[str, Reading]:
    found: dict[str, Reading] = {}
    for name, place in design.layout.places.items():
        if place.kind == "real":
            found[name] = rng.uniform(*within[name])
        elif place.kind == "bool":
            found[name] = rng.random() < 0.5
        else:
            found[name] = rng.choice(place.labels)
    return found


def raw(design: Design, now: Mapping[str, Reading], time_ns: int) -> Sample:
    """The readings as the fields of a sample."""
    values: dict[str, float | int] = {}
    for name, place in design.layout.places.items():
        value = now[name]
        values[name] = place.labels.index(value) if isinstance(value, str) else value
    return Sample(time_ns, values)


def satisfying(
    design: Design,
    wanted: Sequence[tuple[Formula, bool]],
    start: Mapping[str, Reading],
    entry: Mapping[str, Reading],
    rng: random.Random,
) -> dict[str, Reading] | None:
    """Readings near `start` in which each formula has the wanted truth; None if none are found."""
    within = ranges(design)
    held: dict[Key, Reading] = {(name, OLD): value for name, value in entry.items()}
    now = dict(start)
    for _ in range(TRIES):
        costs = _costs(wanted, now, held)
        wrong = [wish for wish, cost in zip(wanted, costs, strict=True) if cost > 0.0]
        if not wrong:
            return now
        formula, _ = rng.choice(wrong)
        names = sorted({name for name, version in variables(formula) if version == NOW})
        if not names:
            return None
        name = rng.choice(names)
        before = now[name]
        near = [now[other] for other in names] + [held.get((other, OLD)) for other in names]
        reals = [*_constants(formula), *(x for x in near if isinstance(x, float))]
        now[name] = _move(design, name, now, reals, within[name], rng)
        if sum(_costs(wanted, now, held)) > sum(costs):
            now[name] = before
    return None


def _move(
    design: Design,
    name: str,
    now: Mapping[str, Reading],
    reals: Sequence[float],
    within: tuple[float, float],
    rng: random.Random,
) -> Reading:
    place = design.layout.places[name]
    if place.kind == "bool":
        return not now[name]
    if place.kind == "enum":
        return rng.choice(place.labels)
    kind, here = rng.randrange(3), now[name]
    if kind == 0 and reals:
        return rng.choice(reals)
    if kind == 1 and isinstance(here, float):
        return here + rng.gauss(0.0, 0.05 * (within[1] - within[0]))
    return rng.uniform(*within)


def _constants(formula: Formula) -> Iterator[float]:
    for part in _parts(formula):
        if isinstance(part, Comparison):
            for side in (part.left, part.right):
                if isinstance(side, Number):
                    yield float(side.value)


def _costs(
    wanted: Iterable[tuple[Formula, bool]], now: Mapping[str, Reading], held: Mapping[Key, Reading]
) -> list[float]:
    at = {**held, **{(name, NOW): value for name, value in now.items()}}
    return [_cost(formula, want, at) for formula, want in wanted]


def _cost(formula: Formula, want: bool, at: Mapping[Key, Reading]) -> float:
    match formula:
        case Truth(value):
            return float(value != want)
        case Proposition(name, version):
            return float(at[name, version] != want)
        case Choice(name, version, label):
            return float((at[name, version] == label) != want)
        case Comparison():
            return _distance(formula, want, at)
        case Not(body):
            return _cost(body, not want, at)
        case And(parts):
            costs = [_cost(part, want, at) for part in parts]
            return sum(costs) if want else min(costs)
        case Or(parts):
            costs = [_cost(part, want, at) for part in parts]
            return min(costs) if want else sum(costs)
        case Implies(premise, conclusion):
            either = [_cost(premise, not want, at), _cost(conclusion, want, at)]
            return min(either) if want else sum(either)
        case Iff(left, right):
            same = _cost(left, True, at) + _cost(right, want, at)
            return min(same, _cost(left, False, at) + _cost(right, not want, at))


def _distance(formula: Comparison, want: bool, at: Mapping[Key, Reading]) -> float:
    try:
        gap = measure(formula.left, at) - measure(formula.right, at)
    except Undefined:
        return 1e6
    if formula.relation == "==":
        return abs(gap) if want else float(gap == 0.0)
    good = gap <= 0.0 if formula.relation == "<=" else gap < 0.0
    return 0.0 if good == want else abs(gap) + 1e-9
