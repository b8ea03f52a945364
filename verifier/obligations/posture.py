"""What an impedance owes: a set that it keeps by itself, without the filter's help.

It is the ellipsoid of verifier/model/spring.py. In it the impedance asks for no more than its
input, and keeps what braking in time asks for (an obligation for each edge); it does not leave it
(`kept`); and what the switch accepts as it is predicted is in it as it is (`reached`). No domain is
assumed: what the ellipsoid holds need not be told.

The size x' P x of what comes is convex in what is not known, and that of -x is that of x, so that
only corners have to be looked at. The means d_1, d_2 of a disturbance, |d| <= D, satisfy

    |d_1| <= D,   |d_2| <= D,   |d_1 - d_2| <= D / 2,

since d_1 - d_2 is the mean of (2 t / T - 1) d; with |n| <= N and M = N + D, all n + d_2 and n + d_1
are in the hexagon of (M, M), (M - D / 2, M), (M, M - D / 2) and what is opposite. The first stands
still and can occur, if all errors are symmetrical; the two others are bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from verifier.core.obligation import Fact, Obligation
from verifier.core.term import Number, Proposition, Term, Variable, add, multiply, subtract
from verifier.model.rows import Row
from verifier.model.spring import Edge, Pair, Spring, spring_of
from verifier.model.stops import Stop, before
from verifier.obligations.control import Group, at_least_zero, at_most, entailed


def postures(group: Group) -> Iterator[Obligation]:
    """What each joint of the group owes that an impedance drives. For what else it runs into, it
    rests on braking as every proposal does."""
    plant = group.plant
    for position in plant.positions:
        spring = spring_of(plant, position, group.stops, group.rows)
        if spring is not None:
            yield from _owed(group, spring)


def _owed(group: Group, spring: Spring) -> Iterator[Obligation]:
    each: Row | Stop = group.stops[0] if group.stops else group.rows[0]
    z = Variable(f"{spring.position} from its posture")
    s = Variable(f"{spring.speed} about its posture")
    span = spring.barrier.span

    def within(level: Fraction, size: Term) -> Term:
        return subtract(Number(level), size)

    def owed(part: str, known: Sequence[Fact], goal: Term, told: str) -> Obligation:
        where = f"baseline/posture of {spring.position}/{part}"
        return entailed(group, each, "baseline", where, known, at_least_zero(goal), told)

    spare = min(edge.room for edge in spring.edges)
    told = f"the posture of `{spring.position}` is no safe place to stand"
    yield owed("place", (), Number(spare), told)
    if spare <= 0:
        return
    inside = Fact(at_least_zero(within(spring.level, _size(spring, z, s))), span, "posture")
    told = f"the impedance drives `{spring.position}` further away from its posture"
    for part, corner in _corners(spring):
        known = [inside] if spring.told and part == "kept" else [inside, _bound(spring)]
        ahead = _size(spring, *_one_period_later(spring, z, s, corner))
        yield owed(part, known, within(spring.level, ahead), told)
    for edge in spring.edges:
        told = f"the impedance does not keep {edge.name} of `{spring.position}`"
        yield owed(edge.name, [inside], _left(edge, z, s), told)
    for stop in group.stops:
        if stop.planned and stop.position == spring.position and stop.change is not None:
            told = f"the impedance changes `{stop.input}` faster than its limits allow"
            latest = Variable(before(stop.input))
            box = Fact(at_most(latest, Number(group.ranges[stop.input][1])), span, "before")
            law = add(multiply(Number(spring.stiffness), z), multiply(Number(spring.damping), s))
            left = subtract(Number(stop.change), add(latest, law))
            yield owed(f"jerk before {stop.name}", [inside, box], left, told)
    yield from _reached(group, spring, z, s, owed)


def _reached(
    group: Group, spring: Spring, z: Term, s: Term, owed: Callable[..., Obligation]
) -> Iterator[Obligation]:
    """That what the switch accepts of the learned command, it may accept."""
    switch = group.plant.switch
    if switch is None:
        return
    reserves = {each.barrier: each.leave for each in switch.reserves}
    level = spring.reserving(reserves)
    seen = spring.inside(level)
    if seen <= 0:
        told = f"what is not known of `{spring.position}` takes all that an impedance could keep"
        yield owed("reached", (), Number(seen - 1), told)
        return
    predicted = Fact(
        at_least_zero(subtract(Number(seen), _size(spring, z, s))), group.plant.span, ""
    )
    place, pace = spring.added
    for part, sign in (("reached", 1), ("reached/against", -1)):
        size = _size(spring, add(z, Number(place)), add(s, Number(sign * pace)))
        told = f"the switch lets `{spring.position}` leave what the impedance keeps"
        yield owed(part, [predicted], subtract(Number(level), size), told)


def _bound(spring: Spring) -> Fact:
    rest = Proposition(f"what `{spring.position}` is not told is at its bound")
    return Fact(rest, spring.barrier.span, "a bound")


def _corners(spring: Spring) -> Iterator[tuple[str, Pair]]:
    """n + d_2 and n + d_1 where the next state may be longest, by name."""
    push = spring.noise.disturbance
    most = spring.wrong + push
    yield "kept", (most, most)
    if push:
        yield "kept/late", (most - push / 2, most)
        yield "kept/early", (most, most - push / 2)


def _one_period_later(spring: Spring, z: Term, s: Term, corner: Pair) -> tuple[Term, Term]:
    """Position and speed about the posture."""
    (a, b), (c, d) = spring.loop
    time = spring.period
    return (
        add(_mixed(a, z, b, s), Number(corner[0] * time**2 / 2)),
        add(_mixed(c, z, d, s), Number(corner[1] * time)),
    )


def _left(edge: Edge, z: Term, s: Term) -> Term:
    """What an edge leaves."""
    (p, v), room = edge.form, Number(edge.room)
    left = subtract(room, _mixed(p, z, v, s))
    if edge.deceleration is None:
        return left
    towards = add(multiply(Number(p), s), Number(edge.off))
    return subtract(left, multiply(Number(1 / (2 * edge.deceleration)), towards, towards))


def _size(spring: Spring, z: Term, s: Term) -> Term:
    p, q, r = spring.shape
    return add(
        multiply(Number(p), z, z),
        multiply(Number(2 * q), z, s),
        multiply(Number(r), s, s),
    )


def _mixed(one: Fraction, z: Term, other: Fraction, s: Term) -> Term:
    return add(multiply(Number(one), z), multiply(Number(other), s))
