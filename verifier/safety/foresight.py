"""What a command leads to under a plant that is affine in its inputs, as terms with bounds.

One period later, with the command held and F = f + g u:

    x+ = x + T F + T^2/2 L_F F + r,     |r| <= T^3/6 sup |L_F^2 F|

over the domains, widened by what one period can move (Taylor; the sup by interval arithmetic), and
with r = 0 where the series ends. A level h then is h(x + T F + T^2/2 L_F F) less the sums of
sup |dh/dx_i| times |r_i|. Under disturbances, and where L_F^2 F is too large to be multiplied out,
x+ is cut after T F and a level is bounded as the proofs bound it: h + T h' - T^2/2 M, with M of
verifier/model/rows.py. What rounding may add to each of them is in written.py.

Where the state is measured with an error or carried through commands under way, all of this is
computed from what is predicted, and by how much more a level may be there than at the true state,
by the mean value theorem, is taken off, too. What a prediction is rounded by is part of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.enclosure import Range, enclosure
from verifier.core.flow import later, lie, replaced
from verifier.core.normal import TooLarge, expanded
from verifier.core.slope import derivative
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
from verifier.model.prediction import Offset, carried, lost, prediction, widened
from verifier.model.rows import Row, bend, worst
from verifier.model.values import Model
from verifier.safety.plant import rounded_up
from verifier.safety.straight import Draft, Input, Program, Scalar
from verifier.safety.written import errors, written

Places = Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Terms over states and inputs: the states one period later, as computed, and how far the true
    ones may be from there; each level there, and how far it may be too high."""

    following: dict[str, Term]
    strayed: dict[str, Fraction]
    levels: tuple[tuple[Row, int, Term, Fraction], ...]


def foreseen(model: Model, plant: Plant) -> Foreseen:
    """What a command leads to from what is predicted. Raises NotEnclosed, NotWritten, NoSlope and
    TooLarge."""
    return mistaken(model, plant, calm(model, plant))


def calm(model: Model, plant: Plant) -> Foreseen:
    """The same from where the state truly is."""
    rows = model.rows.get(plant.name, ())
    if not plant.disturbances:
        exact = later(plant.rates_of, plant.period)
        if exact is not None:
            levels = [(r, k, replaced(h, exact), Fraction(0)) for r, k, h in _levels(rows)]
            return Foreseen(exact, dict.fromkeys(exact, Fraction(0)), tuple(levels))
        try:
            return _second(plant, rows, model.ranges)
        except TooLarge:
            pass
    return _first(plant, rows, model.ranges)


def mistaken(model: Model, plant: Plant, course: Foreseen) -> Foreseen:
    """What may be off in addition where the state is measured with an error, or predicted."""
    sides = mistakes(model, plant)
    if not sides:
        return course
    names = {state: f"off {state}" for state in sides}
    offset = Offset(
        {state: Variable(name) for state, name in names.items()},
        {names[state]: ends for state, ends in sides.items()},
        {},
    )
    box = around(model, plant, sides)

    def off(term: Term) -> Fraction:
        return max(lost(term, offset, box), Fraction(0))

    strayed = {
        state: course.strayed[state] + max(off(term), off(negate(term)))
        for state, term in course.following.items()
    }
    levels = ((row, order, term, rest + off(term)) for row, order, term, rest in course.levels)
    return Foreseen(course.following, strayed, tuple(levels))


def mistakes(model: Model, plant: Plant) -> dict[str, Range]:
    """Between what bounds what is predicted, in doubles, less what is true may be."""
    offset = prediction(plant, model.ranges).sides()
    off = _rounding(model, plant)
    if not offset and not off:
        return {}
    nothing = Fraction(0), Fraction(0)
    found = {state: offset.get(state, nothing) for state in plant.rates_of}
    return {state: (low - off, high + off) for state, (low, high) in found.items()}


def _rounding(model: Model, plant: Plant) -> Fraction:
    """How far the doubles of a prediction may be from what it means, each state. One period adds
    its own rounding, and multiplies what was there before by the slope of the prediction."""
    if not plant.latency:
        return Fraction(0)
    states = list(plant.rates_of)
    commands = boxes(plant.inputs)
    program = carry([*states, *(name for name, _ in commands)], [plant])
    domains = [model.ranges[state] for state in states]
    each = max(errors(program, [*domains, *commands.values()])["next"])
    box = {**around(model, plant, {}), **commands}
    slope = max(
        sum((_most(expanded(derivative(term, (x, NOW))), box) for x in states), Fraction(0))
        for term in carried(plant).following.values()
    )
    total = Fraction(0)
    for _ in range(plant.latency):
        total = Fraction(rounded_up(each + (slope + Fraction(1, 100)) * total))
    return total


def around(model: Model, plant: Plant, sides: Mapping[str, Range]) -> dict[Key, Range]:
    """Where states can be that are predicted, or true, with the inputs and disturbances."""
    box = boxes((*plant.inputs, *plant.disturbances))
    for state in plant.rates_of:
        (low, high), (under, over) = model.ranges[state], sides.get(state, (Fraction(0),) * 2)
        box[state, NOW] = low + min(under, Fraction(0)), high + max(over, Fraction(0))
    return box


def _levels(rows: Sequence[Row]) -> Iterator[tuple[Row, int, Term]]:
    for row in rows:
        for order, level in enumerate(row.levels, start=1):
            yield row, order, level


def _second(plant: Plant, rows: Sequence[Row], ranges: Mapping[str, Range]) -> Foreseen:
    """By the first two terms of the series."""
    rates, period = plant.rates_of, plant.period
    box = widened(plant, ranges)
    following: dict[str, Term] = {}
    strayed: dict[str, Fraction] = {}
    for state, rate in rates.items():
        second = lie(rate, rates)
        parts = (multiply(Number(period), rate), multiply(Number(period**2 / 2), second))
        following[state] = add(Variable(state), *parts)
        strayed[state] = period**3 / 6 * _most(lie(second, rates), box)
    for state, off in strayed.items():
        low, high = box[state, NOW]
        box[state, NOW] = low - off, high + off
    levels = []
    for row, order, level in _levels(rows):
        names = dict.fromkeys(name for name, _ in term_variables(level))
        off = sum(
            (_most(derivative(level, (x, NOW)), box) * strayed[x] for x in names), Fraction(0)
        )
        levels.append((row, order, replaced(level, following), off))
    return Foreseen(following, strayed, tuple(levels))


def _first(plant: Plant, rows: Sequence[Row], ranges: Mapping[str, Range]) -> Foreseen:
    """By the first term of the series, as the proofs bound it; disturbances in the middle."""
    rates, period = plant.rates_of, plant.period
    noises = boxes(plant.disturbances)
    middle: dict[str, Term] = {
        n: Number((low + high) / 2) for (n, _), (low, high) in noises.items()
    }
    box = widened(plant, ranges)
    following: dict[str, Term] = {}
    strayed: dict[str, Fraction] = {}
    for state, rate in rates.items():
        following[state] = add(Variable(state), multiply(Number(period), replaced(rate, middle)))
        strayed[state] = period**2 / 2 * bend(Variable(state), plant, ranges)
        for (name, _), (low, high) in noises.items():
            slope = _most(expanded(derivative(rate, (name, NOW))), box)
            strayed[state] += period * slope * (high - low) / 2
    levels = []
    for row, order, level in _levels(rows):
        gains = (multiply(gain, Variable(name)) for name, gain in row.gains)
        last = order == row.order
        rate = add(row.drift, *gains, worst(row, plant)) if last else lie(level, rates)
        off = period**2 / 2 * bend(level, plant, ranges)
        levels.append((row, order, add(level, multiply(Number(period), rate)), off))
    return Foreseen(following, strayed, tuple(levels))


def _most(term: Term, box: Mapping[Key, Range]) -> Fraction:
    low, high = enclosure(term, box)
    return max(-low, high, Fraction(0))


def inputs(draft: Draft, names: Sequence[str]) -> Places:
    return {name: draft.node(Input(k)) for k, name in enumerate(names)}


def carry(names: Sequence[str], plants: Sequence[Plant]) -> Program:
    draft = Draft()
    places = inputs(draft, names)
    following = [t for plant in plants for t in carried(plant).following.values()]
    return draft.finish(len(names), {"next": [written(draft, t, places) for t in following]})
