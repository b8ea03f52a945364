"""What the filter keeps of each barrier, as rows that are affine in the command.

A plant is x' = f(x) + g(x) u + d(x) w with the command u held for one period T and w in a box. Of
relative degree one (L_g h is not zero everywhere) a barrier h has the row

    L_f h + L_g h u - sup_w |L_d h w| + alpha h  >=  margin                                   (1)

and of relative degree two, with psi = L_f h + alpha h, the same row with psi in place of h: a high
order barrier (W. Xiao and C. Belta, Control Barrier Functions for Systems with High Relative
Degree, CDC 2019), whose safe set is {h >= 0, psi >= 0}. What changes only with the command's
derivative, relative degree three and more, is refused.

The condition of A. Ames et al. (2017) has margin 0 and speaks of continuous time. Under
zero-order hold, with M a bound on |h''| over all states, commands and disturbances,

    h(x+) >= h + T h' - T^2 M / 2 >= (1 - alpha T) h    if    h' + alpha h >= T M / 2,

so that margin = T M / 2 keeps h >= 0 in discrete time if alpha T <= 1. A bound M comes from
interval arithmetic over the declared domains, widened by how far the state can move in one period.

The row is evaluated at the state that the filter predicts from a sample. How much greater its left
side may be there than at the true state (verifier/model/prediction.py) is its `share` of the
margin, which then is T M / 2 + share.

A barrier that is an interval of one integrator's position (`der(q) = dq`) has two rows, q - L and
U - q, whose motion is exactly linear: margin 0. One that names no gain, of a joint that has to
brake, has no row: it is kept by braking in time (`Stop`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NoReturn

from verifier.core.enclosure import (
    MayDivideByZero,
    MayHaveNoRoot,
    NotEnclosed,
    Range,
    enclosure,
)
from verifier.core.flow import lie, polynomial_later, replaced
from verifier.core.normal import TooLarge, expanded
from verifier.core.slope import NoSlope, derivative
from verifier.core.term import (
    NOW,
    Apply,
    Key,
    Number,
    Term,
    Variable,
    add,
    multiply,
    negate,
    number,
    subtract,
    term_variables,
)
from verifier.model.control import Barrier, Input, Plant, boxes
from verifier.model.interval import Interval, interval_of
from verifier.model.prediction import Offset, lost, prediction, uncertain, widened
from verifier.model.quantity import fail
from verifier.model.stops import stops

ROUNDED = 10**12
ZERO = number(0)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a barrier. `levels` are h, and psi of relative degree two: safe where none is
    negative. The last level changes at `drift` + sum of gains times inputs + sum of noise times
    disturbances. `alpha` is None for a plant without inputs whose barrier names none."""

    barrier: Barrier
    name: str
    levels: tuple[Term, ...]
    drift: Term
    gains: tuple[tuple[str, Term], ...]
    noise: tuple[tuple[str, Term], ...]
    alpha: Fraction | None
    margin: Fraction
    share: Fraction = Fraction(0)

    @property
    def order(self) -> int:
        return len(self.levels)

    @property
    def states(self) -> frozenset[str]:
        """The scalars that its levels and its rate read."""
        terms = (*self.levels, self.drift, *(t for _, t in (*self.gains, *self.noise)))
        return frozenset(name for term in terms for name, _ in term_variables(term))


def belongs(barrier: Barrier, plant: Plant) -> bool:
    """Whether the plant moves everything that the barrier reads."""
    names = {name for name, _ in term_variables(barrier.value)}
    return bool(names) and names <= plant.rates_of.keys()


def rows(barrier: Barrier, plant: Plant, ranges: Mapping[str, Range]) -> tuple[Row, ...]:
    """The rows of a barrier that the plant moves. `ranges` are the declared domains of its states.

    Raises SourceError: relative degree three, kinks, a denominator that may be zero, no bounds.
    """
    _defined(barrier, ranges)
    if barrier.alpha is None and stops(barrier, plant):
        return ()
    try:
        return _of_interval(barrier, plant) or (_row(barrier, plant, ranges),)
    except NoSlope as kink:
        fail(
            "barrier-not-supported",
            barrier.span,
            f"`{barrier.name}` has no slope everywhere: {kink}",
            help="write `tan` with `sin` and `cos`, and give each side of a kink its own barrier",
        )
    except TooLarge:
        fail(
            "barrier-not-supported",
            barrier.span,
            f"`{barrier.name}` is too large to be multiplied out",
            help="bound a distance with `clearance`, or a simpler term",
        )


def _defined(barrier: Barrier, ranges: Mapping[str, Range]) -> None:
    """That no denominator of the barrier is zero somewhere in the domains."""
    box = {(name, NOW): found for name, found in ranges.items()}
    try:
        enclosure(barrier.value, box)
    except MayDivideByZero:
        fail(
            "division-by-zero",
            barrier.span,
            f"a denominator of `{barrier.name}` may be zero in the declared domains",
            help="bound the variables away from there, or multiply the denominator out",
        )
    except MayHaveNoRoot:
        fail(
            "barrier-not-supported",
            barrier.span,
            f"a root in `{barrier.name}` may be of less than 0 in the declared domains",
            help="bound the variables away from there, or compare squares",
        )
    except (NotEnclosed, KeyError):
        return


# ---- intervals ---------------------------------------------------------------------------------


def _of_interval(barrier: Barrier, plant: Plant) -> tuple[Row, ...]:
    """The two rows of an interval of one integrator's position; none for any other barrier."""
    if barrier.margin is not None or barrier.start is not None or barrier.keeps:
        return ()
    interval = interval_of(barrier)
    rates, commands = plant.rates_of, [s for each in plant.inputs for s in each.scalars]
    if not isinstance(interval, Interval):
        return ()
    rate = rates[interval.state]
    if not isinstance(rate, Variable) or rate.name not in commands:
        return ()
    alpha = barrier.alpha or 1 / plant.period
    place = Variable(interval.state)
    below, above = (alpha * size for size in plant.error_of(interval.state))
    sides = (
        ("lower", interval.lower, 1, above),
        ("upper", interval.upper, -1, -below),
    )
    return tuple(
        Row(
            barrier,
            f"{barrier.name}.{side}",
            (multiply(number(sign), subtract(place, Number(end))),),
            ZERO,
            ((rate.name, number(sign)),),
            (),
            alpha,
            share,
            share,
        )
        for side, end, sign, share in sides
        if end is not None
    )


# ---- Lie derivatives ---------------------------------------------------------------------------


def _row(barrier: Barrier, plant: Plant, ranges: Mapping[str, Range]) -> Row:
    rates = plant.rates_of
    commands = [s for each in plant.inputs for s in each.scalars]
    noises = [s for each in plant.disturbances for s in each.scalars]
    alpha = barrier.alpha
    if alpha is None and commands:
        alpha = 1 / plant.period
    levels = [expanded(barrier.value)]
    while True:
        rate = lie(levels[-1], rates)
        drift, gains, noise = _affine(rate, commands, noises, barrier)
        if gains or not commands:
            break
        if noise or len(levels) == 2:
            _refuse_degree(barrier, bool(noise), len(levels))
        assert alpha is not None
        levels.append(expanded(add(rate, multiply(Number(alpha), levels[-1]))))
    margin = barrier.margin
    if commands:
        exact = not plant.disturbances and all(
            polynomial_later(level, rates, plant.period) is not None for level in levels
        )
        if margin is None or not exact:
            bounds = [_margin(barrier, level, plant, ranges) for level in levels]
            margin = bounds[-1] if margin is None else margin
    row = Row(
        barrier, barrier.name, tuple(levels), drift, gains, noise, alpha, margin or Fraction(0)
    )
    return _shared(row, plant, ranges) if commands else row


def _shared(row: Row, plant: Plant, ranges: Mapping[str, Range]) -> Row:
    """The row with its share; a margin that is written out is the whole margin, share and all."""
    if not uncertain(plant):
        return row
    assert row.alpha is not None
    moved = [multiply(slope, Variable(name)) for name, slope in (*row.gains, *row.noise)]
    left = add(row.drift, *moved, multiply(Number(row.alpha), row.levels[-1]))
    try:
        offset = prediction(plant, ranges)
        share = lost(left, offset, around(plant, ranges, offset))
    except (NotEnclosed, KeyError) as why:
        fail(
            "unbounded-state",
            row.barrier.span,
            f"how far `{row.name}` is mistaken when it is predicted cannot be bounded: {why}",
            help="give every state of the plant a domain, or a shorter latency",
        )
    if row.barrier.margin is not None:
        return replace(row, share=min(share, row.margin))
    return replace(row, margin=row.margin + share, share=share)


def around(plant: Plant, ranges: Mapping[str, Range], offset: Offset) -> dict[Key, Range]:
    """Where states can be that are predicted, or true, with the inputs and disturbances."""
    box = boxes((*plant.inputs, *plant.disturbances))
    sides = offset.sides()
    for name, (low, high) in ranges.items():
        below, above = sides.get(name, (Fraction(0), Fraction(0)))
        box[name, NOW] = min(low, low + below), max(high, high + above)
    return box


def _refuse_degree(barrier: Barrier, disturbed: bool, order: int) -> NoReturn:
    if disturbed:
        fail(
            "relative-degree",
            barrier.span,
            f"a disturbance changes `{barrier.name}` before any command can",
            help="bound what the command changes by what the disturbance does: not the distance to"
            " a person who walks, but the speed by that distance",
        )
    fail(
        "relative-degree",
        barrier.span,
        f"no command changes `{barrier.name}` or its first {order} derivatives"
        if order > 1
        else f"no command changes `{barrier.name}`",
        help="relative degree one and two are supported: bound what the command moves sooner",
    )


def _affine(
    rate: Term, commands: Sequence[str], noises: Sequence[str], barrier: Barrier
) -> tuple[Term, tuple[tuple[str, Term], ...], tuple[tuple[str, Term], ...]]:
    """The rate as drift, and what stands at each input and each disturbance, zeros left out."""
    zero = dict.fromkeys((*commands, *noises), ZERO)
    drift = expanded(replaced(rate, zero))
    parts = []
    for names in (commands, noises):
        found = []
        for name in names:
            slope = expanded(derivative(rate, (name, NOW)))
            if any(n in zero for n, _ in term_variables(slope)):
                fail(
                    "plant-not-affine",
                    barrier.span,
                    f"`{name}` does not enter the rate of `{barrier.name}` linearly",
                    help="write the dynamics as `f(x) + g(x) * u`",
                )
            if slope != ZERO:
                found.append((name, slope))
        parts.append(tuple(found))
    return drift, parts[0], parts[1]


# ---- the remainder -----------------------------------------------------------------------------


def bend(level: Term, plant: Plant, ranges: Mapping[str, Range]) -> Fraction:
    """M >= |d^2 level / dt^2| within one period from every state of the domains, rounded up; with a
    disturbance, how fast the rate under each fixed disturbance changes while any other one moves
    the state. Raises NotEnclosed and KeyError."""
    rates = plant.rates_of
    noises = [s for each in plant.disturbances for s in each.scalars]
    others = {name: Variable(f"{name}'") for name in noises}
    moved = {name: replaced(rate, others) for name, rate in rates.items()}
    box = widened(plant, ranges)
    box |= {(f"{name}'", NOW): box[name, NOW] for name in noises}
    low, high = enclosure(lie(lie(level, rates), moved), box)
    most = max(-low, high, Fraction(0))
    return Fraction(-(-most * ROUNDED // 1), ROUNDED)


def _margin(barrier: Barrier, level: Term, plant: Plant, ranges: Mapping[str, Range]) -> Fraction:
    remedy = "give every state of the plant a domain, or the barrier a `margin`"
    try:
        return bend(level, plant, ranges) * plant.period / 2
    except MayDivideByZero:
        _finite(plant, ranges)
        message = f"how fast `{barrier.name}` changes has no bound where a root in it is zero"
        remedy = "compare squares, as in `distance(p, q)^2 - least^2`, or give it a `margin`"
    except NotEnclosed as why:
        message = f"the motion of `{barrier.name}` between two samples cannot be bounded: {why}"
    except KeyError as missing:
        name = missing.args[0] if isinstance(missing.args[0], str) else missing.args[0][0]
        message = f"`{name}` has no bounded domain, so nothing bounds `{barrier.name}` in between"
    fail(
        "unbounded-state",
        barrier.span,
        message,
        help=remedy,
    )


def _finite(plant: Plant, ranges: Mapping[str, Range]) -> None:
    """That no denominator of a rate is zero somewhere in the domains."""
    box = boxes((*plant.inputs, *plant.disturbances))
    box |= {(name, NOW): found for name, found in ranges.items()}
    for each in plant.dynamics:
        for state, rate in zip(each.states, each.rates, strict=True):
            try:
                enclosure(rate, box)
            except MayDivideByZero:
                fail(
                    "division-by-zero",
                    each.span,
                    f"a denominator of `der({state})` may be zero in the declared domains",
                    help="bound the variables away from there",
                )
            except (NotEnclosed, KeyError):
                pass


def worst(row: Row, plant: Plant) -> Term:
    """The least that the disturbances add to the rate of the row, as a term over the states."""
    return add(*(negate(_most(negate(term), name, plant.disturbances)) for name, term in row.noise))


def best(row: Row, plant: Plant) -> Term:
    """The most that the inputs add to the rate of the row, as a term over the states."""
    return add(*(_most(term, name, plant.inputs) for name, term in row.gains))


def _most(term: Term, name: str, inputs: Sequence[Input]) -> Term:
    """sup of term * u over the box of u: its middle, and half its width times the size."""
    low, high = boxes(inputs)[name, NOW]
    middle, half = Number((low + high) / 2), Number((high - low) / 2)
    size: Term = Apply("abs", (term,))
    if isinstance(term, Number):
        size = Number(abs(term.value))
    return add(multiply(middle, term), multiply(half, size))
