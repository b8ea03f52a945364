"""Whether a plan leads some start astray: the curve at one time, in exact arithmetic.

Trusted. The start has to be one of those that the question admits: its hypotheses hold there.
"""

from __future__ import annotations

from fractions import Fraction

from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.check.survey import rational
from verifier.core.curve import motion_for, position
from verifier.core.evaluate import NoExactValue, holds
from verifier.core.free import misplaced
from verifier.core.motion import Strayed
from verifier.core.obligation import Passage


def judge_strayed(question: Passage, evidence: object) -> Accepted | Rejected:
    """Whether the evidence shows a start and a time at which the plan is where it must not be."""
    try:
        _strayed(question, evidence)
    except Refused as refusal:
        return Rejected(str(refusal))
    return Accepted()


def _strayed(question: Passage, evidence: object) -> None:
    if not isinstance(evidence, Strayed) or len(evidence.start) != len(question.start):
        raise Refused("a passage is refuted by a start and a time")
    start = tuple(rational(value, "a coordinate of the start") for value in evidence.start)
    time = rational(evidence.time, "the time")
    values = dict(zip(question.start, start, strict=True))
    try:
        if not all(holds(fact.formula, values) for fact in question.hypotheses):
            raise Refused("the start is not among those asked for")
    except (KeyError, NoExactValue) as reason:
        raise Refused(f"whether the start is asked for is open: {reason}") from None
    if not Fraction(0) <= time <= motion_for(question.plan, start).duration:
        raise Refused("the motion does not last until then")
    space = question.problem.space
    if not misplaced(space, position(question.plan, start, space.dimension, time)):
        raise Refused("the motion is not shown to be misplaced then")
