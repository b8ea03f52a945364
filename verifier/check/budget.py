"""Whether evidence about a budget holds: the conditions of verifier/core/budget.py, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from verifier.check.polynomial import Refused, shown
from verifier.check.survey import rational
from verifier.core.budget import Budget, OneOf, Peak, Share, Together, Usage, nodes, parts_of


def judge_budget(question: Budget, certificate: object) -> None:
    """Raises Refused unless the certificate proves that the peak lies between low and high."""
    peak = _peak(certificate)
    if question.high is not None:
        most = _most(question.usage, peak.bounds)
        if most > question.high:
            raise Refused(f"up to {most} may be in use, which is more than {question.high}")
    if question.low is not None:
        least = _at_once(question.usage, peak.users)
        if least < question.low:
            raise Refused(f"only {least} are in use, which is less than {question.low}")


def judge_excess(question: Budget, evidence: object) -> None:
    """Raises Refused unless the evidence shows that the peak is below low or above high."""
    peak = _peak(evidence)
    if peak.users:
        above = _at_once(question.usage, peak.users)
        if question.high is None or above <= question.high:
            raise Refused(f"{above} are in use, which is allowed")
        return
    below = _most(question.usage, peak.bounds)
    if question.low is None or below >= question.low:
        raise Refused(f"up to {below} are in use, which is allowed")


def _peak(evidence: object) -> Peak:
    if not isinstance(evidence, Peak):
        raise Refused("a budget is judged by its peak only")
    if type(evidence.bounds) is not tuple or type(evidence.users) is not tuple:
        raise Refused("the bounds and the users should be sequences")
    return evidence


def _most(usage: Usage, bounds: Sequence[object]) -> Fraction:
    """The bound of the root, once every bound is shown to be one."""
    given = [rational(bound, "a bound") for bound in bounds]
    every = list(nodes(usage))
    if len(given) != len(every):
        raise Refused(f"there are {len(every)} nodes, not {len(given)}")
    place = 0

    def bounded(node: Usage) -> Fraction:
        nonlocal place
        own = given[place]
        place += 1
        below = [bounded(part) for part in parts_of(node)]
        match node:
            case Share(_, amount):
                least = amount
            case Together():
                least = sum(below, Fraction(0))
            case OneOf():
                least = max(below, default=Fraction(0))
        if own < least:
            raise Refused(f"the bound {own} is less than {least}")
        return own

    return bounded(usage)


def _at_once(usage: Usage, users: Sequence[object]) -> Fraction:
    """What the users need, once they are shown to be in use at the same time."""
    chosen = {user for user in users if type(user) is int}
    if len(chosen) != len(users):
        raise Refused(f"{shown(list(users))} is no list of different users")
    place = 0

    def needed(node: Usage) -> tuple[Fraction, int]:
        """What is in use below the node, and by how many."""
        nonlocal place
        number, place = place, place + 1
        if isinstance(node, Share):
            return (node.amount, 1) if number in chosen else (Fraction(0), 0)
        below = [needed(part) for part in node.parts]
        if isinstance(node, OneOf) and sum(count > 0 for _, count in below) > 1:
            raise Refused("two users are in use that never are at the same time")
        return sum((amount for amount, _ in below), Fraction(0)), sum(count for _, count in below)

    total, found = needed(usage)
    if found != len(chosen):
        raise Refused("what is counted is no user")
    return total
