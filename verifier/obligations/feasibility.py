"""Feasibility: in every state of the safe set one command of the box keeps all rows at once.

With a law k that the plant names, row by row, and k(x) inside of the box. Without one and with one
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
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

from verifier.core.obligation import Fact, Obligation
from verifier.core.term import Apply, Number, Term, Variable, add, multiply, negate, number
from verifier.model.control import boxes
from verifier.model.rows import Row
from verifier.obligations.control import (
    ZERO,
    Group,
    at_least_zero,
    at_most,
    continuous,
    entailed,
    under,
    weighted,
)


def feasibility(group: Group) -> list[Obligation]:
    """What the law owes for each row and each input; or one obligation for all rows that meet."""
    base = group.plant.baseline
    rows = [row for row in group.rows if row.gains and row.alpha is not None]
    if not rows:
        return []
    if base is not None and base.kind == "law":
        names = [s for each in group.plant.inputs for s in each.scalars]
        return list(_under_law(group, rows, dict(zip(names, base.law, strict=True))))
    if len(group.inputs) == 1:
        return list(_by_pairs(group, rows))
    return [_by_weights(group, rows)] if len(rows) > 1 else []


def _under_law(group: Group, rows: Sequence[Row], law: dict[str, Term]) -> Iterator[Obligation]:
    for row in rows:
        goal = at_least_zero(continuous(row, group.plant, under(row, law)))
        told = f"the baseline does not keep `{row.name}`"
        yield entailed(group, row, "feasibility", "feasibility", group.safe, goal, told)
    limits = boxes(group.plant.inputs)
    for name in group.inputs:
        low, high = limits[name, 0]
        for side, goal in (
            ("lower", at_most(Number(low), law[name])),
            ("upper", at_most(law[name], Number(high))),
        ):
            told = f"the baseline commands more of `{name}` than its box allows"
            part = f"feasibility/{name}.{side}"
            yield entailed(group, rows[0], "feasibility", part, group.safe, goal, told)


def _by_pairs(group: Group, rows: Sequence[Row]) -> Iterator[Obligation]:
    for one, other in permutations(rows, 2):
        ((_, up),), ((_, down),) = one.gains, other.gains
        if _negative(up) or _negative(negate(down)):
            continue
        known = [*group.safe]
        for gain, row in ((up, one), (negate(down), other)):
            if not isinstance(gain, Number):
                known.append(Fact(at_least_zero(gain), row.barrier.span, "direction"))
        rest = [continuous(row, group.plant, ZERO) for row in (one, other)]
        goal = at_least_zero(weighted([negate(down), up], rest))
        told = f"no command keeps `{one.name}` and `{other.name}` at the same time"
        part = f"feasibility/{other.name}"
        yield entailed(group, one, "feasibility", part, known, goal, told)


def _negative(term: Term) -> bool:
    return isinstance(term, Number) and term.value < 0


def _by_weights(group: Group, rows: Sequence[Row]) -> Obligation:
    weights: list[Term] = [Variable(f"weight of {row.name}") for row in rows[:-1]]
    last = add(number(1), *(negate(weight) for weight in weights))
    known = list(group.safe)
    for weight, row in zip(weights, rows, strict=False):
        for formula in (at_most(ZERO, weight), at_most(weight, number(1))):
            known.append(Fact(formula, row.barrier.span, "weights"))
    if len(weights) > 1:
        known.append(Fact(at_most(ZERO, last), rows[-1].barrier.span, "weights"))
    mix = [*weights, last]
    fixed = weighted(mix, [continuous(row, group.plant, ZERO) for row in rows])
    goal = at_least_zero(add(fixed, *_sups(group, rows, mix)))
    names = ", ".join(f"`{row.name}`" for row in rows)
    told = f"no command keeps {names} at the same time"
    return entailed(group, rows[0], "feasibility", "feasibility", known, goal, told)


def _sups(group: Group, rows: Sequence[Row], mix: Sequence[Term]) -> Iterator[Term]:
    """What each input adds at best to the mix of the rows."""
    for (name, _), (low, high) in boxes(group.plant.inputs).items():
        gains = [dict(row.gains).get(name, ZERO) for row in rows]
        mixed = weighted(mix, gains)
        if mixed == ZERO:
            continue
        yield multiply(Number((low + high) / 2), mixed)
        yield multiply(Number((high - low) / 2), Apply("abs", (mixed,)))
