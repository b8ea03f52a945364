"""What the baseline owes where a joint is not told everything: it stays in the tube around its
reference, and correcting leaves it enough to brake with (verifier/model/tube.py).

The tube is a polytope with facets in position, in speed and, as `edge`, in both. From inside, under
all errors and disturbances, it is not left in a period; it holds one period after a prediction has
become the reference; and in it no correction takes all of the input. The tube, errors and
disturbances are taken as wide to one side as to the other, so that one side of each facet is owed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.obligation import Fact, Obligation
from verifier.core.term import (
    Comparison,
    Formula,
    Number,
    Term,
    Variable,
    add,
    multiply,
    negate,
    number,
    subtract,
)
from verifier.model.rows import Row
from verifier.model.stops import Stop
from verifier.model.tube import Noise, Tube
from verifier.obligations.control import Group, at_most, entailed

POSITION, SPEED = Variable("offset of the position"), Variable("offset of the speed")
ERROR, SPEED_ERROR = Variable("error of the position"), Variable("error of the speed")
PUSH, WEIGHTED = Variable("disturbance"), Variable("disturbance, weighted")


@dataclass(frozen=True, slots=True)
class Tracked:
    """A joint with its tube and what makes it necessary; `strength` is what its input allows, and
    `rate` by how much that may change per second, if it is a speed that may not change at once."""

    position: str
    each: Row | Stop
    tube: Tube
    noise: Noise
    order: int
    strength: Fraction
    period: Fraction
    rate: Fraction | None = None


def tracking(group: Group, joint: Tracked) -> Iterator[Obligation]:
    """One obligation a facet for what a period does and for the start, and one for the input."""
    if joint.noise.silent:
        return
    facets = _facets(joint, POSITION, SPEED)
    inside = [bound for form, width in facets.values() for bound in _within(form, width)]
    loud = _noise(joint)
    begun = _facets(joint, *_begun(joint))
    after = _facets(joint, *_one_period_later(joint))
    for name, (_, width) in facets.items():
        for part, known, (form, _) in (
            (name, [*inside, *loud], after[name]),
            (f"{name}/start", loud, begun[name]),
        ):
            told = f"errors and disturbances drive the joint of `{joint.each.name}` out of its tube"
            yield _owed(group, joint, part, known, at_most(form, Number(width)), told)
    told = f"what corrects errors leaves nothing to brake `{joint.each.name}` with"
    less = Comparison("<", _correction(joint), Number(joint.strength))
    yield _owed(group, joint, "strength", [*inside, *loud], less, told)
    if joint.rate is not None:
        yield from _changes(group, joint, inside, loud, Number(joint.rate * joint.period))


def _changes(
    group: Group, joint: Tracked, inside: Sequence[Formula], loud: Sequence[Formula], most: Term
) -> Iterator[Obligation]:
    """That corrections change by less than the rate allows, at the beginning too."""
    gain, again = Number(joint.tube.stiffness), Variable("error of the position, next")
    told = f"what corrects errors leaves nothing of the rate to brake `{joint.each.name}` with"
    later = list(_within(again, joint.noise.position))
    moved = subtract(add(_one_period_later(joint)[0], again), add(POSITION, ERROR))
    begun = add(_begun(joint)[0], again)
    for part, known, change in (("rate", inside, moved), ("rate/start", (), begun)):
        less = Comparison("<", multiply(gain, change), most)
        yield _owed(group, joint, part, [*known, *loud, *later], less, told)


def _owed(
    group: Group, joint: Tracked, part: str, known: Sequence[Formula], goal: Formula, told: str
) -> Obligation:
    span = joint.each.barrier.span
    facts = [Fact(formula, span, "tube") for formula in known]
    return entailed(
        group,
        joint.each,
        "baseline",
        f"baseline/tube of {joint.position}/{part}",
        facts,
        goal,
        told,
    )


def _facets(joint: Tracked, position: Term, speed: Term) -> Mapping[str, tuple[Term, Fraction]]:
    """The forms that the tube bounds, with their bounds."""
    tube = joint.tube
    found = {"position": (position, tube.position)}
    if joint.order == 1:
        return found
    rest = 1 - tube.bandwidth * joint.period / 2
    edge = add(multiply(Number(tube.bandwidth), position), multiply(Number(rest), speed))
    return found | {"speed": (speed, tube.speed), "edge": (edge, tube.edge)}


def _correction(joint: Tracked) -> Term:
    """What the joint is asked for because of its offset, and of what it is told of it."""
    off = multiply(Number(joint.tube.stiffness), add(POSITION, ERROR))
    if joint.order == 1:
        return off
    return add(off, multiply(Number(joint.tube.damping), add(SPEED, SPEED_ERROR)))


def _one_period_later(joint: Tracked) -> tuple[Term, Term]:
    """Position and speed, less those of the reference."""
    time, back = Number(joint.period), negate(_correction(joint))
    if joint.order == 1:
        return add(POSITION, multiply(time, add(back, PUSH))), number(0)
    half = Number(joint.period**2 / 2)
    position = add(POSITION, multiply(time, SPEED), multiply(half, add(back, WEIGHTED)))
    return position, add(SPEED, multiply(time, add(back, PUSH)))


def _begun(joint: Tracked) -> tuple[Term, Term]:
    """The same where the reference was the prediction one period ago."""
    time = Number(joint.period)
    if joint.order == 1:
        return subtract(multiply(time, PUSH), ERROR), number(0)
    half = Number(joint.period**2 / 2)
    off = add(ERROR, multiply(time, SPEED_ERROR))
    return subtract(multiply(half, WEIGHTED), off), subtract(multiply(time, PUSH), SPEED_ERROR)


def _noise(joint: Tracked) -> list[Formula]:
    noise = joint.noise
    sizes: list[tuple[Term, Fraction]] = [(ERROR, noise.position), (PUSH, noise.disturbance)]
    if joint.order == 2:
        sizes += [(SPEED_ERROR, noise.speed), (WEIGHTED, noise.disturbance)]
    return [bound for term, size in sizes for bound in _within(term, size)]


def _within(term: Term, size: Fraction) -> Iterator[Formula]:
    yield at_most(Number(-size), term)
    yield at_most(term, Number(size))
