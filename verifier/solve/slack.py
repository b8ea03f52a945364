"""How far what was proved of time and resources is from failing, with the harder question."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from verifier.core.budget import Budget, Peak
from verifier.core.certificate import Certificate
from verifier.core.network import Network, Separation, Strategy
from verifier.core.obligation import Measure
from verifier.core.schedule import FixedPriority, ResponseTime


def slack(question: Measure, certificate: Certificate) -> tuple[Fraction, Measure] | None:
    """A margin in base units, and the question tightened by it, which the same certificate has to
    prove; None where the certificate does not tell."""
    match question, certificate:
        case Network(_, separations, tick), Strategy(_, apart):
            rows = {(x, y): most for x, y, most in apart}
            left = [_left(each, rows) for each in separations]
            if not left:
                return None
            ticks = min(left)
            harder = tuple(_tightened(each, ticks) for each in separations)
            return ticks * tick, replace(question, separations=harder)
        case FixedPriority(tasks, tick), ResponseTime(time):
            own = tasks[-1]
            if time < 1:
                return None
            harder_task = replace(own, deadline=time)
            return (own.deadline - time) * tick, replace(question, tasks=(*tasks[:-1], harder_task))
        case Budget(_, None, Fraction() as high), Peak(bounds) if bounds:
            return high - bounds[0], replace(question, high=bounds[0])
        case _:
            return None


def _left(separation: Separation, rows: dict[tuple[int, int], int]) -> int:
    """The ticks by which the rows keep the separation, at either end."""
    first, second = separation.first, separation.second
    ends = []
    if separation.high is not None:
        ends.append(separation.high - (rows.get((second, first), 0)))
    if separation.low is not None:
        ends.append(-separation.low - (rows.get((first, second), 0)))
    return min(ends, default=0)


def _tightened(separation: Separation, ticks: int) -> Separation:
    low, high = separation.low, separation.high
    return replace(
        separation,
        low=None if low is None else low + ticks,
        high=None if high is None else high - ticks,
    )
