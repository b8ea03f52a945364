"""What the judge of obligations leaves to enclosures: covers of claims, and values at a point that
are not rational.

Trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from verifier.check.bernstein import bounds
from verifier.check.cover import judge_counterexample, judge_cover
from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.core.cover import Cover, Violation, reading
from verifier.core.evaluate import Value
from verifier.core.obligation import Entailment
from verifier.core.term import Comparison, Formula, Key, subtract


def covered(question: Entailment, cover: Cover) -> None:
    """Raises Refused unless the cover shows the question, and with it that its goal is defined."""
    read = reading(question)
    if read is None:
        raise Refused("the question is no claim about a box")
    outcome = judge_cover(read.claim, cover)
    if isinstance(outcome, Rejected):
        raise Refused(outcome.reason)


def enclosed(formula: Formula, at: dict[Key, Value]) -> bool:
    """Whether the comparison certainly holds at the point."""
    if not isinstance(formula, Comparison) or formula.relation == "==":
        return False
    place = {key: (value, value) for key, value in at.items() if isinstance(value, Fraction)}
    difference = subtract(formula.right, formula.left)
    least, _ = bounds(difference, place)
    return least > 0 or (least == 0 and formula.relation == "<=")


def broken(question: Entailment, values: Mapping[Key, Value]) -> bool:
    """Whether the values certainly break the claim that the question is."""
    read = reading(question)
    if read is None or not read.exact:
        return False
    point = [values.get(key) for key, _, _ in read.claim.box]
    numbers = tuple(value for value in point if isinstance(value, Fraction))
    return len(numbers) == len(point) and isinstance(
        judge_counterexample(read.claim, Violation(numbers)), Accepted
    )
