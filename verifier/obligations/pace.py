"""What a written law owes where hardware limits how fast its command may change.

From a safe state x to the next one, x+, the law k(x) may change by no more than C, which the limit
allows in a period T. Where x+ is a polynomial and all is known this is owed as it stands.

Else it is owed along the way. With x + e measured, |k(x + e) - k(x)| <= L by the mean value theorem
over the domains; and if at all states y that are met, and all commands u with |u - k(y)| <= D,
D = C - L,

    |grad k(y) . F(y, u, w)| <= (C - 2 L) / T,

then k(x(t)) has not changed by more than C - 2 L until T: as long as it has not, the command that
is held is within D of k(x(t)), and so its rate is bounded. A law with corners is smooth piece by
piece (verifier/model/commands.py). What is met in between is safe but for what a period can change;
this is a bound, and refutes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.core.enclosure import Range, enclosure
from verifier.core.flow import lie, polynomial_later, replaced
from verifier.core.obligation import Fact, Obligation
from verifier.core.term import NOW, Key, Number, Term, Variable, add, negate, number
from verifier.model.commands import ROUNDED, changes, pieces, steep
from verifier.model.prediction import uncertain, widened
from verifier.obligations.control import Group, at_least_zero, bounded, entailed, minus

ZERO = Fraction(0)


def paces(group: Group, law: Mapping[str, Term]) -> Iterator[Obligation]:
    """What the law owes for each input of the group whose change is limited."""
    plant = group.plant
    allowed = {n: most * ROUNDED for n, most in changes(plant).items() if n in group.inputs}
    if not allowed or not group.rows:
        return
    for name, most in allowed.items():
        ahead = None
        if not plant.disturbances and not uncertain(plant):
            ahead = polynomial_later(law[name], plant.rates_of, plant.period)
        if ahead is None:
            yield from _on_the_way(group, law, allowed, name)
            continue
        change = add(replaced(ahead, law), negate(law[name]))
        for side, term in (("upper", change), ("lower", negate(change))):
            goal = add(Number(most), negate(term))
            yield _owed(group, name, side, [*group.safe], goal)


def _owed(group: Group, name: str, part: str, known: list[Fact], goal: Term) -> Obligation:
    told = f"the baseline changes `{name}` by more than it may in a period"
    where = f"baseline/change of {name}/{part}"
    return entailed(group, group.rows[0], "baseline", where, known, at_least_zero(goal), told)


@dataclass(frozen=True, slots=True)
class _Way:
    """Where the plant may be in a period, and how far the law may be measured wrongly, by input."""

    box: dict[Key, Range]
    wrong: dict[str, Fraction]


def _on_the_way(
    group: Group, law: Mapping[str, Term], allowed: Mapping[str, Fraction], name: str
) -> Iterator[Obligation]:
    way = _way(group, law)
    plant, row = group.plant, group.rows[0]
    left = {n: most - 2 * way.wrong[n] for n, most in allowed.items()}
    commands: dict[str, Term] = {}
    ranges = {n: ends for (n, _), ends in way.box.items()}
    for n in law:
        if n in allowed:
            off = f"{n} less its law"
            commands[n] = add(law[n], Variable(off))
            ranges[off] = (-left[n] - way.wrong[n], left[n] + way.wrong[n])
    wide = replace(group, ranges={**group.ranges, **ranges})
    if left[name] <= 0:
        yield _owed(wide, name, "measured", [], Number(left[name]))
        return
    field = {x: replaced(rate, commands) for x, rate in plant.rates_of.items()}
    near = [*_nearly_safe(group, way), bounded(row, "how fast the law changes")]
    for count, (piece, where) in enumerate(pieces(law[name]), start=1):
        rate = lie(piece, field)
        if rate == number(0):
            continue
        known = [*near, *(Fact(at_least_zero(t), plant.span, "this piece") for t in where)]
        for side, term in (("upper", rate), ("lower", negate(rate))):
            goal = add(Number(left[name] / plant.period), negate(term))
            yield _owed(wide, name, f"{side}/{count}", known, goal)


def _way(group: Group, law: Mapping[str, Term]) -> _Way:
    plant = group.plant
    box = widened(plant, group.ranges)
    sides = group.offset.sides()
    around = dict(box)
    for x, (low, high) in sides.items():
        below, above = box[x, NOW]
        around[x, NOW] = below + min(low, ZERO), above + max(high, ZERO)
    wrong = {
        name: sum((steep(term, x, around) * max(-a, b) for x, (a, b) in sides.items()), ZERO)
        for name, term in law.items()
    }
    return _Way(box, wrong)


def _nearly_safe(group: Group, way: _Way) -> Iterator[Fact]:
    """What is safe at a sample is nearly so until the next."""
    plant = group.plant
    for row in group.rows:
        for level in row.levels:
            low, high = enclosure(lie(level, plant.rates_of), way.box)
            most = plant.period * max(-low, high, ZERO)
            yield Fact(at_least_zero(minus(level, -most)), row.barrier.span, "nearly safe")
