"""How far the state that a command meets may lie from what it was computed for.

A sample differs from the truth by an error e. The command that is computed from it acts `latency`
periods later, tau; until then the sample is carried through the commands under way along
x' = F(x) = f(x) + g(x) u, without disturbances, or, under a law that is written out, with those in
the middle of their box: exactly where the series of the state ends, else by two terms for each
period, x + T F + T^2/2 L_F F. What is left is delta = predicted - true.

Without latency delta = e. Of a chain of integrators, x' = A x + B u + D w + c with A^n = 0,

    delta = sum_k tau^k/k! A^k e  -  sum_k tau^k/k! A^(k-1) D w_k

where w_k, the mean of w weighted with k (tau - s)^(k-1) / tau^k, lies in the box of w. This is a
term over e and w_k, and each of its values occurs if no w is read with two weights. Of any other
plant, with J and N bounds on the derivatives of f + g u by state and disturbance, the mean value
theorem gives |delta|' <= J |delta| + N |w|, and F >= F_0 + T (J F + N |w|) bounds it for one period
(E. Picard; componentwise, W. Walter, Differential and Integral Inequalities, 1970); what is cut off
adds at most T^3/6 sup |L_F^2 F| in each period.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from math import factorial

from verifier.core.enclosure import NotEnclosed, Range, enclosure
from verifier.core.flow import later, lie, replaced
from verifier.core.normal import TooLarge, expanded
from verifier.core.slope import NoSlope, derivative
from verifier.core.term import (
    NOW,
    Key,
    Number,
    Term,
    Variable,
    add,
    multiply,
    negate,
    term_variables,
)
from verifier.model.control import Plant, boxes

Matrix = tuple[tuple[Fraction, ...], ...]
ZERO = Fraction(0)
ROUNDED = 10**12
TRIES = 12


@dataclass(frozen=True, slots=True)
class Offset:
    """What is added to each state, as terms over variables with these ranges. `weights` are the
    names that stand for one disturbance each, with one weight; `bound` says that the ranges are
    bounds, not all of which need be reached."""

    added: Mapping[str, Term]
    ranges: Mapping[str, Range]
    weights: Mapping[str, str]
    bound: bool = False

    def moved(self, term: Term) -> Term:
        """The term with the offset added to each state."""
        places = {x: add(Variable(x), more) for x, more in self.added.items()}
        return replaced(term, places) if places else term

    def merged(self, term: Term) -> Term:
        """The term with one variable for each disturbance that it reads with several weights, where
        that takes the same values: where all of them enter linearly, with the same sign. Then a
        disturbance that stands still gives each of these values."""
        read = {name for name, _ in term_variables(term)}
        for noise in dict.fromkeys(self.weights.values()):
            names = [n for n, whose in self.weights.items() if whose == noise and n in read]
            slopes = [expanded(derivative(term, (name, NOW))) for name in names]
            values = [slope.value for slope in slopes if isinstance(slope, Number)]
            if len(values) == len(names) > 1 and (min(values) >= 0 or max(values) <= 0):
                term = expanded(replaced(term, {name: Variable(names[0]) for name in names}))
        return term

    def exact(self, terms: Iterable[Term]) -> bool:
        """Whether all that is read of the offset in these terms can occur at once."""
        read = {n for term in terms for n, _ in term_variables(term)}
        used = [self.weights[name] for name in read if name in self.weights]
        return len(set(used)) == len(used) and not (self.bound and read & self.ranges.keys())

    def sides(self) -> dict[str, Range]:
        """The range of what is added to each state."""
        box = {(name, NOW): ends for name, ends in self.ranges.items()}
        return {x: enclosure(term, box) for x, term in self.added.items()}


NOTHING = Offset({}, {}, {})


def prediction(plant: Plant, ranges: Mapping[str, Range]) -> Offset:
    """Predicted minus true. Raises NotEnclosed, and KeyError for a state without a domain."""
    errors = {
        state: plant.error_of(state) for state in plant.rates_of if any(plant.error_of(state))
    }
    named = {state: f"error of {state}" for state in errors}
    start = Offset(
        {state: Variable(name) for state, name in named.items()},
        {named[state]: ends for state, ends in errors.items()},
        {},
    )
    if not plant.latency or not uncertain(plant):
        return start
    chain = chain_of(plant)
    if chain is None:
        return _bounded(plant, ranges, {s: max(-low, high) for s, (low, high) in errors.items()})
    late = plant.latency * plant.period
    states = list(plant.rates_of)
    added: dict[str, list[Term]] = {state: [] for state in states}
    power = _identity(len(states))
    for k in range(len(states)):
        for x, row in zip(states, power, strict=True):
            share = Number(late**k / factorial(k))
            added[x] += [
                multiply(share, Number(value), start.added[y])
                for y, value in zip(states, row, strict=True)
                if value and y in errors
            ]
        power = _product(power, chain.states)
    pushed = pushes(plant, chain, late, "on the way")
    for x, term in pushed.added.items():
        added[x].append(negate(term))
    middle = assumed(plant)
    pushed_by = {
        name: (low - middle[pushed.weights[name]], high - middle[pushed.weights[name]])
        for name, (low, high) in pushed.ranges.items()
    }
    return Offset(
        {x: expanded(add(*terms)) for x, terms in added.items() if terms},
        {**start.ranges, **pushed_by},
        pushed.weights,
    )


# ---- how it is predicted -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Carried:
    """The state one period later as it is predicted, over states and commands; what is cut off of
    each is at most `share` times the size of its `rest`, which is empty where the series ends."""

    following: Mapping[str, Term]
    rest: Mapping[str, Term]
    share: Fraction


def assumed(plant: Plant) -> dict[str, Fraction]:
    """What each disturbance is taken for where a state is predicted."""
    law = plant.baseline is not None and plant.baseline.kind == "law"
    noises = boxes(plant.disturbances)
    return {name: (low + high) / 2 if law else ZERO for (name, _), (low, high) in noises.items()}


def carried(plant: Plant) -> Carried:
    """How a state is carried through a command that is under way."""
    calm: dict[str, Term] = {name: Number(value) for name, value in assumed(plant).items()}
    rates = {state: replaced(rate, calm) for state, rate in plant.rates_of.items()}
    time = Number(plant.period)
    try:
        exact = later(rates, plant.period)
        if exact is not None:
            return Carried(exact, {}, ZERO)
        second = {state: lie(rate, rates) for state, rate in rates.items()}
        rest = {state: lie(term, rates) for state, term in second.items()}
    except TooLarge:
        second = {state: lie(rate, rates) for state, rate in rates.items()}
        following = {x: add(Variable(x), multiply(time, rate)) for x, rate in rates.items()}
        return Carried(following, second, plant.period**2 / 2)
    half = Number(plant.period**2 / 2)
    following = {
        x: add(Variable(x), multiply(time, rate), multiply(half, second[x]))
        for x, rate in rates.items()
    }
    return Carried(following, rest, plant.period**3 / 6)


def uncertain(plant: Plant) -> bool:
    """Whether what is predicted may be off at all."""
    if plant.errors or (plant.latency and plant.disturbances):
        return True
    try:
        return bool(plant.latency and plant.inputs and carried(plant).rest)
    except NoSlope:
        return True


# ---- chains of integrators ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chain:
    """x' = states x + noises w + what does not matter, in the order of the plant's; nilpotent."""

    states: Matrix
    noises: Matrix


def chain_of(plant: Plant) -> Chain | None:
    """The plant as a chain of integrators; None for any other."""
    rates = plant.rates_of
    names = [s for each in plant.disturbances for s in each.scalars]
    commands = [s for each in plant.inputs for s in each.scalars]
    states = _slopes(plant, list(rates))
    noises = _slopes(plant, names)
    if states is None or noises is None or _slopes(plant, commands) is None:
        return None
    power = states
    for _ in rates:
        power = _product(power, states)
    return None if any(map(any, power)) else Chain(states, noises)


def pushes(plant: Plant, chain: Chain, time: Fraction, when: str) -> Offset:
    """What the disturbances add to the states of a chain within this time, after it."""
    states, boxed = list(plant.rates_of), boxes(plant.disturbances)
    added: dict[str, list[Term]] = {}
    ranges: dict[str, Range] = {}
    weights: dict[str, str] = {}
    power = chain.noises
    for k in range(1, len(states) + 1):
        for x, row in zip(states, power, strict=True):
            for (name, _), value in zip(boxed, row, strict=True):
                if value:
                    mean = f"{name} {when}" if k == 1 else f"{name} {when}, weighted {k}"
                    ranges[mean], weights[mean] = boxed[name, NOW], name
                    share = Number(time**k / factorial(k) * value)
                    added.setdefault(x, []).append(multiply(share, Variable(mean)))
        power = _product(chain.states, power)
    return Offset({x: expanded(add(*terms)) for x, terms in added.items()}, ranges, weights)


def _slopes(plant: Plant, names: Sequence[str]) -> Matrix | None:
    """The derivatives of all rates by these, if they are numbers."""
    found = []
    for rate in plant.rates_of.values():
        row = []
        for name in names:
            try:
                slope = expanded(derivative(rate, (name, NOW)))
            except NoSlope:
                return None
            if not isinstance(slope, Number):
                return None
            row.append(slope.value)
        found.append(tuple(row))
    return tuple(found)


def _identity(size: int) -> Matrix:
    return tuple(tuple(Fraction(i == j) for j in range(size)) for i in range(size))


def _product(one: Matrix, other: Matrix) -> Matrix:
    columns = list(zip(*other, strict=True))
    return tuple(
        tuple(sum((a * b for a, b in zip(row, column, strict=True)), ZERO) for column in columns)
        for row in one
    )


# ---- other plants ------------------------------------------------------------------------------


def _bounded(plant: Plant, ranges: Mapping[str, Range], sizes: Mapping[str, Fraction]) -> Offset:
    """Bounds on predicted minus true, from those of the errors, period by period."""
    states = list(plant.rates_of)
    domains = tuple((state, ranges[state]) for state in states)
    start = tuple(sizes.get(state, ZERO) for state in states)
    calm = replace(plant, latency=0)
    for periods in range(0, plant.latency, 100):  # none is far from one that is known
        _after(calm, domains, start, periods)
    known = _after(calm, domains, start, plant.latency)
    named = {x: f"error of {x}" for x, size in zip(states, known, strict=True) if size}
    box = {f"error of {x}": (-size, size) for x, size in zip(states, known, strict=True) if size}
    return Offset({x: Variable(name) for x, name in named.items()}, box, {}, True)


@cache
def _after(
    plant: Plant, domains: tuple[tuple[str, Range], ...], start: tuple[Fraction, ...], periods: int
) -> tuple[Fraction, ...]:
    """The sizes so many periods after these."""
    if periods == 0:
        return start
    known = _after(plant, domains, start, periods - 1)
    states = [state for state, _ in domains]
    return tuple(_one_period(plant, dict(domains), carried(plant), states, known))


def _one_period(
    plant: Plant,
    ranges: Mapping[str, Range],
    how: Carried,
    states: Sequence[str],
    known: Sequence[Fraction],
) -> list[Fraction]:
    noises, middle = boxes(plant.disturbances), assumed(plant)
    guess = [2 * size + Fraction(1, ROUNDED) for size in known]
    for _ in range(TRIES):
        around = {
            x: (ranges[x][0] - size, ranges[x][1] + size)
            for x, size in zip(states, guess, strict=True)
        }
        box = widened(plant, around)
        found = []
        for state, size, rate in zip(states, known, plant.rates_of.values(), strict=True):
            speed = sum(
                (
                    _size(expanded(derivative(rate, (x, NOW))), box) * other
                    for x, other in zip(states, guess, strict=True)
                ),
                ZERO,
            )
            speed += sum(
                (
                    _size(expanded(derivative(rate, key)), box)
                    * max(middle[key[0]] - low, high - middle[key[0]])
                    for key, (low, high) in noises.items()
                ),
                ZERO,
            )
            cut = how.share * _size(how.rest[state], box) if state in how.rest else ZERO
            total = size + plant.period * speed + cut
            found.append(-(-total * ROUNDED // 1) / Fraction(ROUNDED))
        if all(new <= old for new, old in zip(found, guess, strict=True)):
            return found
        guess = [2 * max(pair) for pair in zip(found, guess, strict=True)]
    raise NotEnclosed("what is predicted may be too far from what is")


def affine(term: Term) -> bool:
    """Whether the term is affine in all that it reads."""
    try:
        return all(
            isinstance(expanded(derivative(term, key)), Number) for key in term_variables(term)
        )
    except NoSlope:
        return False


def _size(term: Term, box: Mapping[Key, Range]) -> Fraction:
    low, high = enclosure(term, box)
    return max(-low, high, ZERO)


# ---- what it costs -----------------------------------------------------------------------------


def lost(term: Term, offset: Offset, box: Mapping[Key, Range]) -> Fraction:
    """How much greater the term may be at the predicted state than at the true one, by the mean
    value theorem over the box, which holds both. Raises NoSlope, NotEnclosed and KeyError."""
    total = ZERO
    for x, (least, most) in offset.sides().items():
        low, high = enclosure(expanded(derivative(term, (x, NOW))), box)
        total += max(low * least, low * most, high * least, high * most)
    return total if total.denominator <= ROUNDED else -(-total * ROUNDED // 1) / Fraction(ROUNDED)


def widened(plant: Plant, ranges: Mapping[str, Range]) -> dict[Key, Range]:
    """Where states can be within one period from inside of their domains, with the inputs and
    disturbances. Raises NotEnclosed, and KeyError for a state without a domain."""
    outer = boxes((*plant.inputs, *plant.disturbances))
    rates = plant.rates_of
    start = {(name, NOW): ranges[name] for name in rates}
    factor = Fraction(1)
    for _ in range(6):
        grown = dict(start)
        speeds = {name: enclosure(rate, {**outer, **start}) for name, rate in rates.items()}
        for name, (low, high) in speeds.items():
            most = max(abs(low), abs(high)) * plant.period * (1 + factor)
            below, above = start[name, NOW]
            grown[name, NOW] = below - most, above + most
        again = {name: enclosure(rate, {**outer, **grown}) for name, rate in rates.items()}
        if all(
            start[name, NOW][0] - plant.period * max(-low, Fraction(0)) >= grown[name, NOW][0]
            and start[name, NOW][1] + plant.period * max(high, Fraction(0)) <= grown[name, NOW][1]
            for name, (low, high) in again.items()
        ):
            return {**outer, **grown}
        factor *= 4
    raise NotEnclosed("the state may move too far in one period")
