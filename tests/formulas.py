"""Random temporal formulas and random traces, each with the meaning that the definition gives."""

from __future__ import annotations

import math
import random
from fractions import Fraction

from verifier.core.span import Span
from verifier.core.term import Comparison, Formula, Number, Proposition, Sum, Variable
from verifier.model.values import Atom, Connective, Interval, Modal, Property, Temporal
from verifier.monitor.definition import Event

HERE = Span("here", 1, 1, 1, 1)
PERIOD_NS = 10
BOOLEANS = ("p", "r", "s")
REALS = ("x", "y")
STEPS = (10, 10, 10, 10, 11, 13, 19, 20, 25, 30, 47, 80)
UNARY = ("always", "eventually", "historically", "once", "next", "previous", "rise", "fall")
BINARY = ("until", "release", "since")
WORDS = ("and", "or", "implies", "iff", "not")
FUTURE = ("always", "eventually", "next", "until", "release")


def state(rng: random.Random) -> Formula:
    if rng.random() < 0.6:
        return Proposition(rng.choice(BOOLEANS))
    left, right = Variable(rng.choice(REALS)), Number(Fraction(rng.randrange(-4, 5), 4))
    other = Sum((Variable(rng.choice(REALS)), right)) if rng.random() < 0.3 else right
    return Comparison(rng.choice(("<=", "<", "==")), left, other)


def interval(rng: random.Random, bounded: bool) -> Interval:
    """In multiples of half a period, now and then off by a nanosecond."""
    low = rng.choice((0, 0, 0, 5, 10, 20, 30))
    if not bounded and rng.random() < 0.4:
        return Interval(Fraction(low, 10**9), None, False)
    high = low + rng.choice((0, 5, 10, 19, 20, 30, 31, 50))
    half_open = high > low and rng.random() < 0.25
    return Interval(Fraction(low, 10**9), Fraction(high, 10**9), half_open)


def formula(rng: random.Random, depth: int, past_only: bool = False) -> Temporal:
    """A formula of at most this depth, its future bounded."""
    if depth <= 0 or rng.random() < 0.1:
        return Atom(state(rng), "")
    kind = rng.random()
    if kind < 0.35:
        word = rng.choice(WORDS)
        count = {"not": 1, "implies": 2, "iff": 2}.get(word, rng.choice((2, 2, 3)))
        parts = tuple(formula(rng, depth - 1, past_only) for _ in range(count))
        return Connective(word, parts)
    count = 2 if kind > 0.75 else 1
    words = [w for w in (BINARY if count == 2 else UNARY) if not (past_only and w in FUTURE)]
    word = rng.choice(words)
    parts = tuple(formula(rng, depth - 1, past_only) for _ in range(count))
    return Modal(word, interval(rng, word in FUTURE), parts)


EVER = Interval(Fraction(0), None, False)


def property_formula(rng: random.Random, depth: int) -> Temporal:
    """Something that a property may say: with `always` or not, a response, a conjunction."""
    kind = rng.random()
    if kind < 0.4:
        return Modal("always", EVER, (formula(rng, depth - 1),))
    if kind < 0.55:
        return formula(rng, depth)
    if kind < 0.65 and depth > 0:
        return Connective(
            "and", (property_formula(rng, depth - 1), property_formula(rng, depth - 1))
        )
    trigger, answer = (formula(rng, max(0, depth - 3), past_only=True) for _ in range(2))
    hold = formula(rng, max(0, depth - 3), past_only=True)
    duty = rng.choice(
        (
            Modal("eventually", interval(rng, True), (answer,)),
            Modal("until", interval(rng, False), (hold, answer)),
            Modal("release", interval(rng, False), (hold, answer)),
            Modal("always", interval(rng, False), (answer,)),
            Modal("next", interval(rng, False), (answer,)),
        )
    )
    return Modal("always", EVER, (Connective("implies", (trigger, duty)),))


def property_of(found: Temporal, name: str = "it") -> Property:
    return Property(name, found, "stop", False, HERE, "")


def events(
    rng: random.Random, count: int, odd: float = 0.01, grid_ns: int | None = None
) -> list[Event]:
    """Unequal steps of at least a period, ticks, and with a chance of `odd` what should not be.
    Samples lie on the grid, if there is one."""
    time, found = rng.randrange(-50, 50), []
    latest_sample = first = time - PERIOD_NS
    for _ in range(count):
        ticked = rng.random() < 0.1
        time = time + rng.choice(STEPS)
        if not ticked:
            time = max(time, latest_sample + PERIOD_NS)
        if grid_ns is not None and not ticked:
            time += (first - time) % grid_ns
        if rng.random() < odd:
            time -= rng.choice((10, 40))
        values: dict[str, bool | float] = {name: rng.random() < 0.5 for name in BOOLEANS}
        values |= {name: rng.choice((-1.0, -0.5, 0.0, 0.25, 1.0, 3.0)) for name in REALS}
        if rng.random() < odd:
            values[rng.choice(REALS)] = rng.choice((math.nan, math.inf, -math.inf))
        found.append(Event(time, None if ticked else values))
        latest_sample = latest_sample if ticked else time
    return found
