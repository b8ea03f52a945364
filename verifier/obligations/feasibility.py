"""Feasibility: in every state of the safe set one command of the box keeps all rows at once.

With a law k that the plant names, row by row, and k(x) inside of the box; `hold` names 0 where the
plant is no chain of integrators, which might brake. Without one and with one
input, pair by pair: a row that bounds it from below and one that bounds it from above leave room
(J. Fourier's elimination; that each row leaves room inside of the box is owed by `barrier`, and
intervals that meet pairwise have a point in common, E. Helly 1923). With more, by duality:
the rows a_i + g_i u >= 0 are affine in u and the box is compact, so (J. von Neumann's minimax
theorem, 1928)

    max_u min_i (a_i + g_i u)  =  min_l (sum_i l_i a_i + sup_u (sum_i l_i g_i) u)

over weights l >= 0 with sum l = 1,

and some command keeps all rows if and only if the right side is not negative for any weights, which
is one inequality over states and weights. Where it fails, the weights say how the rows contradict
each other (Farkas).

All this is owed at the state that is predicted, wherever the true one is safe, with the share of
each row that pays for the difference; that each row alone leaves room is then owed here. Where rows
are curved, the true state is left out: what is predicted lies around the domains, and is at most as
unsafe as it may be mistaken by, which is a bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from verifier.core.obligation import Fact, Obligation
from verifier.core.term import (
    Apply,
    Number,
    Term,
    Variable,
    add,
    multiply,
    negate,
    number,
    subtract,
)
from verifier.model.control import boxes
from verifier.model.prediction import NOTHING, Offset, affine, chain_of, lost
from verifier.model.rows import Row, around
from verifier.model.stops import Stop
from verifier.obligations.control import (
    ZERO,
    Group,
    at_best,
    at_least_zero,
    at_most,
    bounded,
    continuous,
    entailed,
    minus,
    predicted,
    under,
    weighted,
)
from verifier.obligations.planned import ramps
from verifier.obligations.rated import with_gain, within_box


def feasibility(group: Group) -> list[Obligation]:
    """What the law owes for each row and each input; or one obligation for all rows that meet; and
    what braking within a limited rate or jerk owes, for each limit and each gain."""
    return [*(owed for stop in group.stops for owed in _braked(group, stop)), *_of_rows(group)]


def _braked(group: Group, stop: Stop) -> Iterator[Obligation]:
    if stop.planned:
        yield from ramps(group, stop)
    if stop.order == 2:
        return
    yield from within_box(group, stop)
    for row in group.rows:
        if row.name == stop.name:
            yield with_gain(group, stop, row)


def _of_rows(group: Group) -> list[Obligation]:
    base = group.plant.baseline
    rows = [row for row in group.rows if row.gains and row.alpha is not None]
    if not rows:
        return []
    at = _place(group, rows)
    names = [s for each in group.plant.inputs for s in each.scalars]
    if base is not None and base.kind == "law":
        return list(_under_law(at, rows, dict(zip(names, base.law, strict=True))))
    if base is not None and base.kind == "hold" and chain_of(group.plant) is None:
        return list(_under_law(at, rows, dict.fromkeys(names, number(0))))
    alone = [_alone(at, row) for row in rows if group.offset.added]
    if len(group.inputs) == 1:
        return [*alone, *_by_pairs(at, rows)]
    return [*alone, _by_weights(at, rows)] if len(rows) > 1 else alone


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the rows are to be kept: `safe` says what is known there, `offset` what is added to the
    state to get what is predicted."""

    group: Group
    safe: tuple[Fact, ...]
    offset: Offset

    def kept(self, row: Row, left: Term) -> Term:
        """The left side of the row as it is predicted, less its share."""
        return minus(self.offset.moved(left), row.share)

    def owed(self, row: Row, part: str, known: Sequence[Fact], aim: Term, told: str) -> Obligation:
        """That the aim is not negative."""
        facts, goal = predicted(self.offset, row, known, aim)
        where = f"feasibility{part}"
        return entailed(self.group, row, "feasibility", where, facts, goal, told)


def _place(group: Group, rows: Sequence[Row]) -> _Place:
    offset = group.offset
    flat = all(
        affine(term)
        for row in group.rows
        for term in (row.drift, *row.levels, *(gain for _, gain in row.gains))
    )
    if not offset.added or flat:
        return _Place(group, tuple(group.safe), offset)
    box = around(group.plant, group.ranges, offset)
    facts = [
        Fact(at_least_zero(add(level, Number(lost(level, offset, box)))), row.barrier.span, "safe")
        for row in group.rows
        for level in row.levels
    ]
    wide = replace(group, ranges={name: ends for (name, _), ends in box.items()})
    return _Place(wide, (*facts, bounded(rows[0], "what is predicted")), NOTHING)


def _alone(at: _Place, row: Row) -> Obligation:
    aim = at.kept(row, at_best(row, at.group.plant))
    told = f"no command keeps `{row.name}` wherever it may be predicted"
    return at.owed(row, "/predicted", at.safe, aim, told)


def _under_law(at: _Place, rows: Sequence[Row], law: dict[str, Term]) -> Iterator[Obligation]:
    plant = at.group.plant
    for row in rows:
        told = f"the baseline does not keep `{row.name}`"
        aim = at.kept(row, continuous(row, plant, under(row, law)))
        yield at.owed(row, "", at.safe, aim, told)
    limits = boxes(plant.inputs)
    for name in at.group.inputs:
        low, high = limits[name, 0]
        command = at.offset.moved(law[name])
        for side, room in (
            ("lower", minus(command, low)),
            ("upper", subtract(Number(high), command)),
        ):
            told = f"the baseline commands more of `{name}` than its box allows"
            yield at.owed(rows[0], f"/{name}.{side}", at.safe, room, told)


def _by_pairs(at: _Place, rows: Sequence[Row]) -> Iterator[Obligation]:
    for one, other in permutations(rows, 2):
        ((_, up),), ((_, down),) = one.gains, other.gains
        up, down = map(at.offset.moved, (up, down))
        if _negative(up) or _negative(negate(down)):
            continue
        known = [*at.safe]
        for gain, row in ((up, one), (negate(down), other)):
            if not isinstance(gain, Number):
                known.append(Fact(at_least_zero(gain), row.barrier.span, "direction"))
        rest = [at.kept(row, continuous(row, at.group.plant, ZERO)) for row in (one, other)]
        told = f"no command keeps `{one.name}` and `{other.name}` at the same time"
        aim = weighted([negate(down), up], rest)
        yield at.owed(one, f"/{other.name}", known, aim, told)


def _negative(term: Term) -> bool:
    return isinstance(term, Number) and term.value < 0


def _by_weights(at: _Place, rows: Sequence[Row]) -> Obligation:
    weights: list[Term] = [Variable(f"weight of {row.name}") for row in rows[:-1]]
    last = add(number(1), *(negate(weight) for weight in weights))
    known = list(at.safe)
    for weight, row in zip(weights, rows, strict=False):
        for formula in (at_most(ZERO, weight), at_most(weight, number(1))):
            known.append(Fact(formula, row.barrier.span, "weights"))
    if len(weights) > 1:
        known.append(Fact(at_most(ZERO, last), rows[-1].barrier.span, "weights"))
    mix = [*weights, last]
    fixed = [at.kept(row, continuous(row, at.group.plant, ZERO)) for row in rows]
    names = ", ".join(f"`{row.name}`" for row in rows)
    told = f"no command keeps {names} at the same time"
    aim = add(weighted(mix, fixed), *_sups(at, rows, mix))
    return at.owed(rows[0], "", known, aim, told)


def _sups(at: _Place, rows: Sequence[Row], mix: Sequence[Term]) -> Iterator[Term]:
    """What each input adds at best to the mix of the rows."""
    for (name, _), (low, high) in boxes(at.group.plant.inputs).items():
        gains = [at.offset.moved(dict(row.gains).get(name, ZERO)) for row in rows]
        mixed = weighted(mix, gains)
        if mixed == ZERO:
            continue
        yield multiply(Number((low + high) / 2), mixed)
        yield multiply(Number((high - low) / 2), Apply("abs", (mixed,)))
