"""What the rules of plants and barriers share: rows that meet, and the facts about their states.

Rows that share no state and no input have nothing to do with each other, so that a plant is judged
group by group.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.core.enclosure import Range
from verifier.core.obligation import Entailment, Existence, Fact, Obligation, Question
from verifier.core.span import Span
from verifier.core.term import (
    NOW,
    Boolean,
    Comparison,
    Formula,
    Number,
    Proposition,
    Real,
    Sort,
    Term,
    Variable,
    add,
    multiply,
    negate,
    number,
    term_variables,
    variables,
)
from verifier.core.unit import NONE
from verifier.model.control import Barrier, Clearance, Plant, Waiver, boxes, moves
from verifier.model.pinned import as_clearance, braked
from verifier.model.prediction import (
    NOTHING,
    Offset,
    chain_of,
    prediction,
    pushes,
    uncertain,
)
from verifier.model.rows import Row, best, worst
from verifier.model.stops import Stop
from verifier.model.values import Model

ZERO = number(0)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one plant that share states or inputs, with the ranges of all scalars."""

    plant: Plant
    rows: tuple[Row, ...]
    stops: tuple[Stop, ...]
    clearances: tuple[Clearance, ...]
    ranges: dict[str, Range]
    sorts: dict[str, Sort]
    offset: Offset = NOTHING

    @property
    def inputs(self) -> tuple[str, ...]:
        """The input scalars that some row of the group reads."""
        return tuple(dict.fromkeys(name for row in self.rows for name, _ in row.gains))

    @property
    def safe(self) -> list[Fact]:
        """That every level of every row is not negative, and that joints are inside of limits."""
        facts = [fact for row in self.rows for fact in levels(row)]
        return facts + [
            Fact(at_least_zero(stop.room), stop.barrier.span, f"`{stop.name}` holds")
            for stop in self.stops
        ]

    @property
    def first(self) -> Barrier:
        """The first barrier of the group, which is not one of distances alone."""
        return self.rows[0].barrier if self.rows else self.stops[0].barrier


def groups(model: Model, plant: Plant) -> list[Group]:
    """The groups of the plant's rows, in the order of the barriers."""
    ranges = dict(model.ranges)
    commands = boxes((*plant.inputs, *plant.disturbances))
    ranges |= {name: found for (name, _), found in commands.items()}
    sorts = {name: scalar.sort for name, scalar in model.scalars.items()}
    sorts |= {name: Real(NONE) for name, _ in commands}
    merged: list[tuple[set[str], list[Row | Stop]]] = []
    everything: tuple[Row | Stop, ...] = (
        *model.rows.get(plant.name, ()),
        *model.stops.get(plant.name, ()),
    )
    for each in everything:
        names, mine = _names(each), [each]
        for other in [found for found in merged if found[0] & names]:
            names, mine = names | other[0], other[1] + mine
            merged.remove(other)
        merged.append((names, mine))
    found = [
        Group(
            plant,
            tuple(one for one in mine if isinstance(one, Row)),
            tuple(one for one in mine if isinstance(one, Stop)),
            (),
            ranges,
            sorts,
        )
        for _, mine in merged
    ]
    kept = [c for c in model.clearances if moves(plant, model.robots.get(c.robot))]
    flat = [braked(barrier, plant, model.robots) for barrier in model.barriers]
    kept += [as_clearance(frame) for frame in flat if frame is not None]
    found += [Group(plant, (), (), (each,), ranges, sorts) for each in kept]
    return [_mistaken(group) for group in found]


def _mistaken(group: Group) -> Group:
    """The group with what its filter is not told of: how far it is off when it predicts, and what
    disturbances do in a period."""
    plant = group.plant
    if not plant.inputs or group.clearances:
        return group
    if not plant.disturbances and not uncertain(plant):
        return group
    chain = chain_of(plant)
    if chain is None and not group.rows:
        return group
    offset = prediction(plant, group.ranges)
    pushed = pushes(plant, chain, plant.period, "in the period") if chain else NOTHING
    return replace(group, offset=offset, ranges={**group.ranges, **offset.ranges, **pushed.ranges})


def _names(each: Row | Stop) -> set[str]:
    if isinstance(each, Stop):
        return {each.position, each.speed}
    return {*each.states, *(name for name, _ in each.gains)}


def levels(row: Row) -> list[Fact]:
    """That the row's levels are not negative."""
    return [
        Fact(Comparison("<=", ZERO, level), row.barrier.span, f"`{row.name}` holds")
        for level in row.levels
    ]


def continuous(row: Row, plant: Plant, command: Term) -> Term:
    """The left side of the row of continuous time, without its margin, when the inputs add
    `command` to its rate."""
    parts = [row.drift, command, worst(row, plant)]
    if row.alpha is not None:
        parts.append(multiply(Number(row.alpha), row.levels[-1]))
    return add(*parts)


def at_best(row: Row, plant: Plant) -> Term:
    """The same for the best command of the box."""
    return continuous(row, plant, best(row, plant))


def under(row: Row, law: dict[str, Term]) -> Term:
    """What the inputs add to the rate of the row under a law."""
    return add(*(multiply(gain, law[name]) for name, gain in row.gains))


def commanded(row: Row) -> Term:
    """What the inputs add to the rate of the row."""
    return under(row, {name: Variable(name) for name, _ in row.gains})


def predicted(
    offset: Offset, row: Row, known: Sequence[Fact], aim: Term
) -> tuple[list[Fact], Formula]:
    """What is known, and that the aim is not negative, where both may read the offset of what is
    predicted; with an assumption if they read only a bound on it."""
    terms = [t for fact in known for t in _sides(fact.formula)]
    if not offset.ranges.keys() & {name for term in terms for name, _ in term_variables(term)}:
        aim = offset.merged(aim)
    if offset.exact([aim, *terms]):
        return [*known], at_least_zero(aim)
    return [*known, bounded(row, "what is predicted")], at_least_zero(aim)


def _sides(formula: Formula) -> tuple[Term, ...]:
    return (formula.left, formula.right) if isinstance(formula, Comparison) else ()


def bounded(row: Row, what: str) -> Fact:
    """The assumption behind which a bound stands, so that it refutes nothing."""
    rest = Proposition(f"{what} of `{row.name}` is at its bound")
    return Fact(rest, row.barrier.span, "a bound")


def at_most(one: Term, other: Term) -> Formula:
    return Comparison("<=", one, other)


def ranged(group: Group, names: Iterable[str]) -> list[Fact]:
    """That these scalars lie in their ranges."""
    found = []
    for name in names:
        if name not in group.ranges:
            continue
        low, high = group.ranges[name]
        for formula in (
            at_most(Number(low), Variable(name)),
            at_most(Variable(name), Number(high)),
        ):
            found.append(Fact(formula, group.plant.span, "domain"))
    return found


def entailed(
    group: Group,
    row: Row | Stop | Clearance,
    rule: str,
    part: str,
    known: Sequence[Fact],
    goal: Formula,
    told: str,
) -> Obligation:
    """That the goal follows wherever the known facts hold inside the ranges; `told` says what it
    means that it does not."""
    span = row.span if isinstance(row, Clearance) else row.barrier.span
    return _owed(
        group,
        f"{row.name}/{part}",
        rule,
        span,
        lambda box: Entailment((*box, *known), (Fact(goal, span, told),)),
        [*(fact.formula for fact in known), goal],
    )


def existing(group: Group, name: str, rule: str, span: Span, facts: Sequence[Fact]) -> Obligation:
    """That some state satisfies the facts inside the ranges."""
    return _owed(
        group,
        name,
        rule,
        span,
        lambda box: Existence((*box, *facts)),
        [fact.formula for fact in facts],
    )


def _owed(
    group: Group,
    name: str,
    rule: str,
    span: Span,
    question: object,
    formulas: Sequence[Formula],
) -> Obligation:
    read = sorted({n for formula in formulas for n, _ in variables(formula)})
    asked: Question = question(ranged(group, read))  # type: ignore[operator]
    plant = group.plant.name
    sorts = {n: group.sorts.get(n, Real(NONE)) for n in read}
    sorts |= {f.name: Boolean() for f in formulas if isinstance(f, Proposition)}
    view = dict.fromkeys(read, NOW)
    return Obligation(f"{plant}/{name}", rule, plant, 0, span, asked, sorts, view)


def weighted(weights: Sequence[Term], terms: Sequence[Term]) -> Term:
    return add(*(multiply(w, t) for w, t in zip(weights, terms, strict=True)))


def at_least_zero(term: Term) -> Formula:
    return at_most(ZERO, term)


def minus(term: Term, value: Fraction) -> Term:
    return add(term, negate(Number(value)))


def waiver_of(model: Model, obligation: Obligation) -> Waiver | None:
    """The waiver that the source gives for an obligation of a plant, by the plant's name, the
    barrier's, or that of its family."""
    if all(obligation.chain != plant.name for plant in model.plants):
        return None
    member = obligation.id.split("/")[1].removesuffix(".lower").removesuffix(".upper")
    names = {obligation.chain, member, member.partition("[")[0]}
    return next(
        (w for w in model.waivers if w.rule == obligation.rule and w.subject in names), None
    )
