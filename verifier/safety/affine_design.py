"""From a model to the filter of its plants that are affine in their inputs: why one cannot be kept,
or its programs and bounds. What a command leads to is in foresight.py.

Where the change of a command is limited, the law has to be as near to the last command of the way
to it as the limit allows, less by how much the law may be elsewhere at the state that a sample then
predicts: both lie around the true one, and a law is as steep as its pieces. A command further on
the way is foreseen as if it came later by so many periods.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic
from verifier.core.enclosure import NotEnclosed, Range
from verifier.core.normal import TooLarge
from verifier.core.slope import NoSlope
from verifier.core.term import (
    Number,
    Term,
    add,
    multiply,
    number,
    term_variables,
)
from verifier.model.commands import ROUNDED, changes, of_the_state, steep
from verifier.model.control import Limit, Plant, Switch, boxes
from verifier.model.interval import Interval, interval_of
from verifier.model.pinned import pinned
from verifier.model.rows import Row, worst
from verifier.model.values import Model
from verifier.safety.affine import Affine, Level, Pace, Reserves, Sides, Stage
from verifier.safety.axes import driven, periods
from verifier.safety.foresight import (
    Foreseen,
    around,
    calm,
    carry,
    foreseen,
    inputs,
    mistaken,
    mistakes,
)
from verifier.safety.plant import rounded_down, rounded_up
from verifier.safety.straight import Draft, Program, Scalar
from verifier.safety.written import NotWritten, errors, written

LONGEST_WAY = 24  # commands from one that was asked for to the law
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
            courses.append(foreseen(model, plant))
        except (NotEnclosed, NotWritten, NoSlope, TooLarge) as why:
            return (_unsupported(plant, f"`{plant.name}` cannot be foreseen: {why}", BASELINE),)
    try:
        return _programs(model, plants, courses)
    except (NotEnclosed, NotWritten, NoSlope, TooLarge) as why:
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
    if plant.latency != first.latency:
        what = f"`{plant.name}` has another latency than `{first.name}`"
        yield _unsupported(plant, what, "one guard remembers one row of commands")
    for limit in plant.limits:
        yield from _unlimited(plant, limit)
    for name in changes(plant):
        if not any(name in dict(row.gains) for row in model.rows.get(plant.name, ())):
            what = f"`{name}` may change so fast, but no barrier says what it is for"
            yield _unsupported(
                plant, what, "declare a barrier that it moves, or leave its rate out"
            )
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


def _unlimited(plant: Plant, limit: Limit) -> Iterator[Diagnostic]:
    if limit in of_the_state(plant):
        what = f"a limit of `{limit.signal}` is not one of a command of `{plant.name}`"
        help = "bound what a command leads to by a barrier, whose rows the command has to keep"
        yield Diagnostic("plant-not-supported", limit.span, what, (), help)
    elif limit.policy != "clamp":
        what = f"under a written law `{limit.signal}` is clamped, by no other policy"
        help = f"write `clamp {limit.signal} in …`"
        yield Diagnostic("plant-not-supported", limit.span, what, (), help)


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


# ---- programs ----------------------------------------------------------------------------------


def _programs(model: Model, plants: Sequence[Plant], courses: Sequence[Foreseen]) -> Affine:
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
    law_off = errors(law, domains)["command"]
    pace = _pace(model, plants, box, ahead, law_off)
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
        tuple(map(rounded_up, law_off)),
        carry([*states, *commands], plants),
        plants[0].latency,
        pace,
        _reserves(switch, plants[0].period, levels, floor) if switch else None,
        (confidence[0], rounded_up(confidence[1])) if confidence else None,
        switch.when if switch else None,
    )


def _sides(ranges: Sequence[Range]) -> Sides:
    lower, upper = (low for low, _ in ranges), (high for _, high in ranges)
    return Sides(tuple(map(rounded_up, lower)), tuple(map(rounded_down, upper)))


def _ahead(names: Sequence[str], courses: Sequence[Foreseen]) -> Program:
    draft = Draft()
    places = inputs(draft, names)
    following = [written(draft, t, places) for c in courses for t in c.following.values()]
    levels = [written(draft, term, places) for c in courses for _, _, term, _ in c.levels]
    return draft.finish(len(names), {"next": following, "level": levels})


def _pace(
    model: Model,
    plants: Sequence[Plant],
    box: Sequence[Range],
    ahead: Program,
    law_off: Sequence[Fraction],
) -> Pace | None:
    """How far commands may be from the last one, and the way to the law, as long as it may take and
    can be foreseen. Raises NotEnclosed where rounding alone takes more than a change."""
    allowed = {name: most for plant in plants for name, most in changes(plant).items()}
    if not allowed:
        return None
    names = [s for plant in plants for each in plant.inputs for s in each.scalars]
    steps = []
    for name, (low, high), off in zip(names, box, law_off, strict=True):
        spare = 2 * off + (abs(low) + abs(high)) * Fraction(1, 2**50)
        most = allowed.get(name, 2 * (high - low) + spare)
        if name in allowed and spare > most * (1 - ROUNDED) / 2:
            raise NotEnclosed(f"`{name}` may change by less than what its law is rounded by")
        steps.append(most - spare)
    swing = max((high - low) / step for (low, high), step in zip(box, steps, strict=True))
    stages = []
    for k in range(min(LONGEST_WAY, int(swing) + 1)):
        try:
            stages.append(_stage(model, plants, ahead, steps, k))
        except NotEnclosed:
            break
    return Pace(tuple(map(rounded_down, steps)), tuple(stages)) if stages else None


def _stage(
    model: Model, plants: Sequence[Plant], ahead: Program, steps: Sequence[Fraction], k: int
) -> Stage:
    """The k-th command of the way, which has k more periods to be foreseen."""
    later = [replace(plant, latency=plant.latency + k) for plant in plants]
    courses = [mistaken(model, each, calm(model, each)) for each in later]
    domains = [model.ranges[state] for plant in plants for state in plant.rates_of]
    box = [found for plant in plants for found in boxes(plant.inputs).values()]
    off = errors(ahead, [*domains, *box])
    rest = [course.strayed[state] for course in courses for state in course.following]
    strayed = [a + b for a, b in zip(rest, off["next"], strict=True)]
    levels = [rest for course in courses for *_, rest in course.levels]
    floor = [rest + rounding for rest, rounding in zip(levels, off["level"], strict=True)]
    left, row = [], iter(steps)
    for plant, each in zip(plants, later, strict=True):
        now, then = mistakes(model, plant), mistakes(model, replace(each, latency=each.latency + 1))
        far = {x: _size(now.get(x)) + _size(then.get(x)) for x in plant.rates_of}
        around_it = around(model, plant, {x: (-size, size) for x, size in far.items()})
        for term in _terms(plant).values():
            elsewhere = sum((steep(term, x, around_it) * far[x] for x in far), Fraction(0))
            left.append(max(next(row) - elsewhere, Fraction(-1)))
    inside = _sides([(a + by, b - by) for (a, b), by in zip(domains, strayed, strict=True)])
    return Stage(inside, tuple(map(rounded_up, floor)), tuple(map(rounded_down, left)))


def _size(sides: Range | None) -> Fraction:
    return Fraction(0) if sides is None else max(-sides[0], sides[1])


def _terms(plant: Plant) -> dict[str, Term]:
    """The law, input by input."""
    names = [s for each in plant.inputs for s in each.scalars]
    law = plant.baseline.law if plant.baseline is not None else ()
    return dict(zip(names, law or (number(0),) * len(names), strict=True))


def _law(states: Sequence[str], plants: Sequence[Plant]) -> Program:
    draft = Draft()
    places = inputs(draft, states)
    terms: list[Term] = []
    for plant in plants:
        terms += _terms(plant).values()
    commands = [written(draft, term, places) for term in terms]
    return draft.finish(len(states), {"command": commands})


def _rows(
    model: Model, plants: Sequence[Plant], states: Sequence[str], commands: Sequence[str]
) -> Program:
    draft = Draft()
    places = inputs(draft, states)
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
