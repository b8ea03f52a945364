"""From a model to the filter of its plants that are affine in their inputs: programs and bounds.

One period later, with the command held and F = f + g u:

    x+ = x + T F + T^2/2 L_F F + r,     |r| <= T^3/6 sup |L_F^2 F|

over the domains, widened by what one period can move (Taylor; the sup by interval arithmetic), and
with r = 0 where the series ends. A level h then is h(x + T F + T^2/2 L_F F) less the sums of
sup |dh/dx_i| times |r_i|. Under disturbances, and where L_F^2 F is too large to be multiplied out,
x+ is cut after T F and a level is bounded as the proofs bound it: h + T h' - T^2/2 M, with M of
verifier/model/rows.py. What rounding may add to each of them is in written.py.

Where the state is measured with an error, all of this is computed from what is measured, and by how
much more a level may be there than at the true state, by the mean value theorem, is taken off, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic
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
    number,
    term_variables,
)
from verifier.model.control import Plant, Switch, boxes
from verifier.model.interval import Interval, interval_of
from verifier.model.prediction import lost, prediction, widened
from verifier.model.rows import Row, bend, worst
from verifier.model.values import Model
from verifier.safety.affine import Affine, Level, Reserves, Sides
from verifier.safety.axes import driven, periods
from verifier.safety.frames import pinned
from verifier.safety.plant import rounded_down, rounded_up
from verifier.safety.straight import Draft, Input, Program, Scalar
from verifier.safety.written import NotWritten, errors, written

Places = Mapping[str, Scalar]
BASELINE = "write `baseline hold`, which commands 0, or a law of your own: `baseline [k * x, …]`"


def needs_affine(model: Model) -> bool:
    """Whether some plant is more than integrators that brake: by its dynamics, by a law that is
    written out, or by a barrier that is no interval, kept by commanding 0."""
    plants = [plant for plant in model.plants if plant.inputs]
    kinds = {plant.baseline.kind for plant in plants if plant.baseline is not None}
    if "law" in kinds or any(isinstance(driven(plant), Diagnostic) for plant in plants):
        return True
    return kinds == {"hold"} and not all(
        isinstance(interval_of(barrier), Interval) or pinned(barrier, model.robots)
        for barrier in model.barriers
    )


def affine_of(model: Model) -> Affine | tuple[Diagnostic, ...]:
    """The filter, or why there is none."""
    plants = [plant for plant in model.plants if plant.inputs]
    troubles = [trouble for plant in plants for trouble in _troubles(model, plant, plants[0])]
    troubles += _not_moved(model, plants)
    if troubles:
        return tuple(troubles)
    courses = []
    for plant in plants:
        try:
            courses.append(_mistaken(model, plant, _course(model, plant)))
        except (NotEnclosed, NotWritten, NoSlope, TooLarge) as why:
            return (_unsupported(plant, f"`{plant.name}` cannot be foreseen: {why}", BASELINE),)
    try:
        return _programs(model, plants, courses)
    except (NotEnclosed, NotWritten) as why:
        what = f"`{plants[0].name}` cannot be computed: {why}"
        return (_unsupported(plants[0], what, "bound its states away from there"),)


def _unsupported(plant: Plant, what: str, advice: str) -> Diagnostic:
    return Diagnostic("plant-not-supported", plant.span, what, (), advice)


def _troubles(model: Model, plant: Plant, first: Plant) -> Iterator[Diagnostic]:
    if not Fraction(1, 10**9) <= plant.period <= 3600:
        what = f"the period of `{plant.name}` is not between 1 ns and 1 h"
        yield _unsupported(plant, what, "write a period such as `1 ms`")
    if plant.period != first.period:
        what = f"`{plant.name}` has another period than `{first.name}`"
        yield _unsupported(plant, what, "one guard is called with one period")
    if not model.rows.get(plant.name):
        what = f"no barrier speaks of what `{plant.name}` moves, so there is nothing to keep"
        yield _unsupported(plant, what, "declare `barrier … = …` over its states")
    yield from _no_law(model, plant)
    for name, declared in (
        ("a latency", plant.latency),
        ("a rate of its input", plant.rates),
        ("a limit of the hardware", plant.limits),
    ):
        if declared:
            what = f"`{plant.name}` has {name}, which a written law does not know of"
            yield _unsupported(plant, what, "only integrators that brake are kept under these")
    if plant.switch is not None and first.switch is not None and plant is not first:
        what = "more than one plant has a switch"
        yield _unsupported(plant, what, "one switch is for the whole robot")
    for stop in model.stops.get(plant.name, ()):
        what = f"`{stop.barrier.name}` is kept by braking, but the baseline is another one"
        help = f"give `{stop.barrier.name}` a gain `alpha`, or write `baseline brake`"
        yield Diagnostic("barrier-not-supported", stop.barrier.span, what, (), help)
    for state in plant.rates_of:
        if state not in model.ranges:
            what = f"`{state}` has no bounded domain, so nothing bounds what it does in a period"
            yield _unsupported(plant, what, f"declare `{state} : real … in LOW .. HIGH`")


def _no_law(model: Model, plant: Plant) -> Iterator[Diagnostic]:
    """Why a plant has no written law, and cannot do without."""
    base, found = plant.baseline, _no_integrator(plant)
    if base is not None and base.kind in ("hold", "law"):
        return
    if base is None and found is not None:
        what = f"{found.message}, so it takes a baseline that is written out"
        yield Diagnostic("plant-not-supported", found.span, what, (), BASELINE)
        return
    span = plant.span if base is None else base.span
    does = "brakes, which is no written law" if base is None else f"falls back on `{base.kind}`"
    if found is not None:
        what = f"`{plant.name}` {does}, which only integrators can do, but {found.message}"
        yield Diagnostic("plant-not-supported", found.span, what, (), BASELINE)
        return
    other = next((p for p in model.plants if p.inputs and p is not plant), plant)
    what = f"`{plant.name}` {does}, but `{other.name}` runs under a law that is written out"
    help = "one guard keeps all plants in one way: write a law for both, or for none"
    yield Diagnostic("plant-not-supported", span, what, (), help)


def _no_integrator(plant: Plant) -> Diagnostic | None:
    """What braking cannot do with the plant."""
    commands = {s for each in plant.inputs for s in each.scalars}
    for each in plant.dynamics:
        for state, rate in zip(each.states, each.rates, strict=True):
            read = {name for name, _ in term_variables(rate)}
            if state not in plant.speeds and not read & commands:
                what = f"no command moves `{state}`"
                return Diagnostic("plant-not-supported", each.span, what, (), BASELINE)
    found = driven(plant)
    return found if isinstance(found, Diagnostic) else None


def _not_moved(model: Model, plants: Sequence[Plant]) -> Iterator[Diagnostic]:
    kept = {row.barrier.name for plant in plants for row in model.rows.get(plant.name, ())}
    kept |= {stop.barrier.name for plant in plants for stop in model.stops.get(plant.name, ())}
    for barrier in model.barriers:
        if barrier.name not in kept:
            what = f"no plant moves what `{barrier.name}` bounds"
            help = "declare a plant whose input changes it"
            yield Diagnostic("barrier-not-supported", barrier.span, what, (), help)
    for clearance in model.clearances:
        what = f"`{clearance.name}` is kept by braking, but the baseline is a written law"
        help = "command the joints' speeds or accelerations, with `baseline brake`"
        yield Diagnostic("barrier-not-supported", clearance.span, what, (), help)


# ---- one period later --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Course:
    """Terms over states and inputs: the states one period later, as computed, and how far the true
    ones may be from there; each level there, and how far it may be too high."""

    following: dict[str, Term]
    strayed: dict[str, Fraction]
    levels: tuple[tuple[Row, int, Term, Fraction], ...]


def _course(model: Model, plant: Plant) -> _Course:
    rows = model.rows.get(plant.name, ())
    if not plant.disturbances:
        exact = later(plant.rates_of, plant.period)
        if exact is not None:
            levels = [(r, k, replaced(h, exact), Fraction(0)) for r, k, h in _levels(rows)]
            return _Course(exact, dict.fromkeys(exact, Fraction(0)), tuple(levels))
        try:
            return _second(plant, rows, model.ranges)
        except TooLarge:
            pass
    return _first(plant, rows, model.ranges)


def _mistaken(model: Model, plant: Plant, course: _Course) -> _Course:
    """What may be off in addition where the state is measured with an error."""
    if not plant.errors:
        return course
    offset = prediction(plant, model.ranges)
    box = boxes((*plant.inputs, *plant.disturbances))
    for state in plant.rates_of:
        (low, high), (under, over) = model.ranges[state], plant.error_of(state)
        box[state, NOW] = low + min(under, Fraction(0)), high + max(over, Fraction(0))

    def off(term: Term) -> Fraction:
        return max(lost(term, offset, box), Fraction(0))

    strayed = {
        state: course.strayed[state] + max(off(term), off(negate(term)))
        for state, term in course.following.items()
    }
    levels = ((row, order, term, rest + off(term)) for row, order, term, rest in course.levels)
    return _Course(course.following, strayed, tuple(levels))


def _levels(rows: Sequence[Row]) -> Iterator[tuple[Row, int, Term]]:
    for row in rows:
        for order, level in enumerate(row.levels, start=1):
            yield row, order, level


def _second(plant: Plant, rows: Sequence[Row], ranges: Mapping[str, Range]) -> _Course:
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
    return _Course(following, strayed, tuple(levels))


def _first(plant: Plant, rows: Sequence[Row], ranges: Mapping[str, Range]) -> _Course:
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
    return _Course(following, strayed, tuple(levels))


def _most(term: Term, box: Mapping[Key, Range]) -> Fraction:
    low, high = enclosure(term, box)
    return max(-low, high, Fraction(0))


# ---- programs ----------------------------------------------------------------------------------


def _programs(model: Model, plants: Sequence[Plant], courses: Sequence[_Course]) -> Affine:
    states = [state for plant in plants for state in plant.rates_of]
    commands = [s for plant in plants for each in plant.inputs for s in each.scalars]
    domains = [model.ranges[state] for state in states]
    box = [found for plant in plants for found in boxes(plant.inputs).values()]
    ahead = _ahead([*states, *commands], courses)
    off = errors(ahead, [*domains, *box])
    levels = [level for course in courses for level in course.levels]
    floor = [rest + rounding for (*_, rest), rounding in zip(levels, off["level"], strict=True)]
    rest = [course.strayed[state] for course in courses for state in course.following]
    strayed = [a + b for a, b in zip(rest, off["next"], strict=True)]
    named = tuple(Level(row.name, row.barrier.name, order) for row, order, *_ in levels)
    law = _law(states, plants)
    declared = [(plant, plant.switch) for plant in plants if plant.switch is not None]
    _, switch = declared[0] if declared else (None, None)
    confidence = switch.confidence if switch else None
    return Affine(
        tuple(states),
        _sides(domains),
        _sides([(a + by, b - by) for (a, b), by in zip(domains, strayed, strict=True)]),
        tuple(map(rounded_up, strayed)),
        _sides(box),
        tuple(row.name for plant in plants for row in model.rows.get(plant.name, ())),
        named,
        tuple(map(rounded_up, floor)),
        _rows(model, plants, states, commands),
        law,
        ahead,
        tuple(map(rounded_up, errors(law, domains)["command"])),
        _reserves(switch, plants[0].period, levels, floor) if switch else None,
        (confidence[0], rounded_up(confidence[1])) if confidence else None,
        switch.when if switch else None,
    )


def _sides(ranges: Sequence[Range]) -> Sides:
    lower, upper = (low for low, _ in ranges), (high for _, high in ranges)
    return Sides(tuple(map(rounded_up, lower)), tuple(map(rounded_down, upper)))


def _inputs(draft: Draft, names: Sequence[str]) -> Places:
    return {name: draft.node(Input(k)) for k, name in enumerate(names)}


def _ahead(names: Sequence[str], courses: Sequence[_Course]) -> Program:
    draft = Draft()
    places = _inputs(draft, names)
    following = [written(draft, t, places) for c in courses for t in c.following.values()]
    levels = [written(draft, term, places) for c in courses for _, _, term, _ in c.levels]
    return draft.finish(len(names), {"next": following, "level": levels})


def _law(states: Sequence[str], plants: Sequence[Plant]) -> Program:
    draft = Draft()
    places = _inputs(draft, states)
    terms: list[Term] = []
    for plant in plants:
        size = sum(each.size for each in plant.inputs)
        law = plant.baseline.law if plant.baseline is not None else ()
        terms += law or (number(0),) * size
    commands = [written(draft, term, places) for term in terms]
    return draft.finish(len(states), {"command": commands})


def _rows(
    model: Model, plants: Sequence[Plant], states: Sequence[str], commands: Sequence[str]
) -> Program:
    draft = Draft()
    places = _inputs(draft, states)
    bounds: list[Scalar] = []
    normals: list[Scalar] = []
    for plant in plants:
        for row in model.rows.get(plant.name, ()):
            alpha = Number(row.alpha or 1 / plant.period)
            rest = add(row.drift, worst(row, plant), multiply(alpha, row.levels[-1]))
            bounds.append(written(draft, add(rest, Number(-row.margin)), places))
            gains = dict(row.gains)
            normals += [-written(draft, gains.get(u, number(0)), places) for u in commands]
    return draft.finish(len(states), {"bound": bounds, "normal": normals})


def _reserves(
    switch: Switch,
    period: Fraction,
    levels: Sequence[tuple[Row, int, Term, Fraction]],
    floor: Sequence[Fraction],
) -> Reserves:
    leave, back = list(floor), list(floor)
    for k, (row, order, *_) in enumerate(levels):
        for reserve in switch.reserves:
            if order == 1 and reserve.barrier in (row.barrier.name, row.barrier.family):
                leave[k] = max(leave[k], floor[k] + reserve.leave)
                back[k] = max(back[k], floor[k] + reserve.back)
    hold = min(periods(switch.hold, period), 2**31)
    return Reserves(tuple(map(rounded_up, leave)), tuple(map(rounded_up, back)), hold)
