"""Verdicts on budgets: the peak of a tree of users, from its leaves up."""

from __future__ import annotations

from fractions import Fraction

from verifier.core.budget import Budget, OneOf, Peak, Share, Usage
from verifier.core.verdict import Proved, Refuted, Verdict

NOTHING = Fraction(0)


def settle_budget(question: Budget) -> Verdict:
    """The peak with the users that reach it, as a proof or as a refutation."""
    bounds: list[Fraction] = []
    users = tuple(_peak(question.usage, bounds))
    most, low, high = bounds[0], question.low, question.high
    if high is not None and most > high:
        return Refuted(Peak((), users))
    if low is not None and most < low:
        return Refuted(Peak(tuple(bounds), ()))
    return Proved(Peak(tuple(bounds), users))


def _peak(usage: Usage, bounds: list[Fraction]) -> list[int]:
    """Appends the peak of every node to `bounds`, in preorder; the users that reach the first."""
    place = len(bounds)
    bounds.append(NOTHING)
    if isinstance(usage, Share):
        bounds[place] = usage.amount
        return [place] if usage.amount else []
    users: list[int] = []
    for part in usage.parts:
        number = len(bounds)
        below = _peak(part, bounds)
        if isinstance(usage, OneOf):
            if bounds[number] > bounds[place]:
                bounds[place], users = bounds[number], below
        else:
            bounds[place] += bounds[number]
            users += below
    return users
