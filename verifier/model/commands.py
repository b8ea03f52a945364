"""What hardware limits leave of a command that a written law gives: its box, and its change.

Limits are of signals of joints. A joint whose acceleration is a command, `der(v) = u + …`, has its
`acceleration` limited by the box of the command and its `jerk` by the change; one whose speed is,
`der(q) = u + …`, has its `velocity` (and `target`, per period) limited by the box and its
`acceleration` by the change. `step` is the change itself. What else is limited is no part of a
command, and is bounded by barriers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod

from verifier.core.enclosure import Range, enclosure
from verifier.core.normal import TooLarge, expanded
from verifier.core.slope import NoSlope, derivative
from verifier.core.term import (
    NOW,
    Apply,
    Key,
    Number,
    Product,
    Quotient,
    Sum,
    Term,
    Variable,
    add,
    multiply,
    negate,
    number,
    subtract,
    term_variables,
)
from verifier.model.control import Input, Limit, Plant
from verifier.model.quantity import fail

WRITTEN = ("law", "hold")
MOST_PIECES = 64
ROUNDED = 1 - Fraction(1, 2**30)  # of a change, which the law may use up; the rest is for rounding


def within_limits(plant: Plant) -> Plant:
    """The plant with the boxes that its limits leave of each input, under a written law."""
    if plant.baseline is None or plant.baseline.kind not in WRITTEN or not plant.limits:
        return plant
    return replace(plant, inputs=tuple(_narrowed(plant, each) for each in plant.inputs))


def changes(plant: Plant) -> dict[str, Fraction]:
    """By how much an input scalar may change in a period, for those where that is limited."""
    found: dict[str, Fraction] = {}
    for rate in plant.rates:
        scalars = next(each.scalars for each in plant.inputs if each.name == rate.name)
        for name, low, high in zip(scalars, rate.lower, rate.upper, strict=True):
            found[name] = min(-low, high) * plant.period
    for limit in plant.limits:
        for name, (low, high) in _changed(plant, limit).items():
            least = min(-low, high)
            found[name] = min(found.get(name, least), least)
    return found


def of_the_state(plant: Plant) -> tuple[Limit, ...]:
    """The limits of what no command is."""
    return tuple(e for e in plant.limits if not (_boxed(plant, e) or _changed(plant, e)))


def _narrowed(plant: Plant, command: Input) -> Input:
    lower, upper = list(command.lower), list(command.upper)
    for limit in plant.limits:
        for name, (low, high) in _boxed(plant, limit).items():
            if name in command.scalars:
                k = command.scalars.index(name)
                lower[k], upper[k] = max(lower[k], low), min(upper[k], high)
                if lower[k] > upper[k]:
                    fail(
                        "empty-set",
                        limit.span,
                        f"this limit leaves nothing of the box of `{name}`",
                        help="let both have a command in common",
                    )
    return replace(command, lower=tuple(lower), upper=tuple(upper))


def _boxed(plant: Plant, limit: Limit) -> dict[str, tuple[Fraction, Fraction]]:
    """What a limit says of the size of commands."""
    found = {}
    for place, (name, order) in enumerate(_driving(plant)):
        signals = ("acceleration",) if order == 2 else ("velocity", "target")
        if name is not None and limit.signal in signals:
            time = plant.period if limit.signal == "target" else Fraction(1)
            found[name] = _ends(limit, place, 1 / time)
    return found


def _changed(plant: Plant, limit: Limit) -> dict[str, tuple[Fraction, Fraction]]:
    """What a limit says of how commands change in a period."""
    if limit.signal == "step":
        names = [s for each in plant.inputs for s in each.scalars]
        return {name: _ends(limit, place, Fraction(1)) for place, name in enumerate(names)}
    return {
        name: _ends(limit, place, plant.period)
        for place, (name, order) in enumerate(_driving(plant))
        if name is not None and limit.signal == ("jerk" if order == 2 else "acceleration")
    }


def _ends(limit: Limit, place: int, scale: Fraction) -> tuple[Fraction, Fraction]:
    k = place if len(limit.lower) > 1 else 0
    return limit.lower[k] * scale, limit.upper[k] * scale


def _driving(plant: Plant) -> list[tuple[str | None, int]]:
    """For each joint the command that its speed (1) or its acceleration (2) is, None if none is."""
    commands = [s for each in plant.inputs for s in each.scalars]
    rates, speeds = plant.rates_of, plant.speeds
    found: list[tuple[str | None, int]] = []
    for joint in plant.positions:
        rate = rates[speeds.get(joint, joint)]
        read = [name for name, _ in term_variables(rate) if name in commands]
        try:
            alone = len(read) == 1 and expanded(derivative(rate, (read[0], NOW))) == number(1)
        except (NoSlope, TooLarge):
            alone = False
        found.append((read[0] if alone else None, 2 if joint in speeds else 1))
    return found


# ---- how a law changes -------------------------------------------------------------------------


def pieces(term: Term) -> list[tuple[Term, tuple[Term, ...]]]:
    """The smooth terms that a law is made of by `max`, `min` and `abs`, each with terms that are
    not negative where it is the one. Raises TooLarge."""
    match term:
        case Number() | Variable():
            return [(term, ())]
        case Sum(parts):
            return [(add(*chosen), known) for chosen, known in _chosen(parts)]
        case Product(parts):
            return [(multiply(*chosen), known) for chosen, known in _chosen(parts)]
        case Quotient(above, below):
            return [(Quotient(a, b), known) for (a, b), known in _chosen((above, below))]
        case Apply("abs", parts):
            signed = [(one, known) for (one,), known in _chosen(parts)]
            back = [(negate(one), (*known, negate(one))) for one, known in signed]
            return [(one, (*known, one)) for one, known in signed] + back
        case Apply("max" | "min" as function, parts):
            return [
                (one, (*known, *_beyond(function, one, (*chosen[:k], *chosen[k + 1 :]))))
                for chosen, known in _chosen(parts)
                for k, one in enumerate(chosen)
            ]
        case Apply(function, parts):
            return [(Apply(function, chosen), known) for chosen, known in _chosen(parts)]


def _chosen(parts: Sequence[Term]) -> list[tuple[tuple[Term, ...], tuple[Term, ...]]]:
    """Each choice of one piece of each part, and what is known of them together."""
    choices = [pieces(part) for part in parts]
    if prod(map(len, choices)) > MOST_PIECES:
        raise TooLarge("a law has too many pieces")
    return [
        (tuple(one for one, _ in chosen), tuple(term for _, known in chosen for term in known))
        for chosen in product(*choices)
    ]


def _beyond(function: str, one: Term, others: Sequence[Term]) -> tuple[Term, ...]:
    if function == "max":
        return tuple(subtract(one, other) for other in others)
    return tuple(subtract(other, one) for other in others)


def steep(law: Term, state: str, box: Mapping[Key, Range]) -> Fraction:
    """The most by which a law changes for each unit of a state. Raises NoSlope, NotEnclosed,
    TooLarge and KeyError."""
    ends = [enclosure(expanded(derivative(piece, (state, NOW))), box) for piece, _ in pieces(law)]
    return max(max(-low, high) for low, high in ends)
