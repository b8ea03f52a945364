"""Transition: the table of a skill leads every start of its own into its end set, in its tube, away
from obstacles, within the limits of the motion.

What the contract promises is taken from the table, so that the question is about the skill alone:
not what a chain knows when it gets there, but what `requires` and `initial` admit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from verifier.core.motion import Affine, Cut, Motion, Plan, Polytope
from verifier.core.obligation import Fact, Obligation, Passage
from verifier.core.term import (
    TRUE,
    Comparison,
    Formula,
    Implies,
    Number,
    Term,
    Variable,
    add,
    conjunction,
    multiply,
    variables,
)
from verifier.model.motion import Transition
from verifier.model.values import Chain, Step
from verifier.obligations.path import Path, View, entry_facts, obligation, with_domains


def transition(path: Path, chain: Chain) -> list[Obligation]:
    """One passage for each call of a transition."""
    owed = []
    for step in chain.steps:
        table = step.contract.transition
        if table is None:
            continue
        place = path.before[step.number]
        names = set(table.start)
        given = [
            each
            for each in entry_facts(step, place.view)
            if {name for name, _ in variables(each.formula)} <= names
        ]
        goals = tuple(_goals(table, step, place.view))
        facts = with_domains(path, place, [*given, *goals])
        hypotheses = tuple(each for each in facts if each not in goals)
        start = tuple((name, place.view.get(name, 0)) for name in table.start)
        question = Passage(table.problem, table.plan, start, hypotheses, goals)
        owed.append(obligation(path, place, chain, step, "transition", question))
    return owed


def _goals(table: Transition, step: Step, view: View) -> Iterator[Fact]:
    """What linear formulas about the start say of the plan: each bound on speed, acceleration and
    the end set, and that the motion stays in its tube."""
    point = tuple(Variable(name, view.get(name, 0)) for name in table.start)
    for guard, motion in _cases(table.plan, point, TRUE):
        for what, formula in _bounds(table, motion, point):
            stated = formula if guard == TRUE else Implies(guard, formula)
            yield Fact(stated, table.span, f"step {step.label}: {step.contract.text}, {what}")


def _cases(plan: Plan, point: Sequence[Term], guard: Formula) -> Iterator[tuple[Formula, Motion]]:
    match plan:
        case Motion():
            yield guard, plan
        case Cut(axis, bound, below, above):
            left = Comparison("<=", point[axis], Number(bound))
            right = Comparison("<=", Number(bound), point[axis])
            yield from _cases(below, point, conjunction([guard, left]))
            yield from _cases(above, point, conjunction([guard, right]))


def _bounds(
    table: Transition, motion: Motion, point: Sequence[Term]
) -> Iterator[tuple[str, Formula]]:
    problem, size = table.problem, len(table.moved)
    here: tuple[Term, ...] = tuple(point[:size])
    fixed = tuple(point[len(point) - problem.rigid :])
    rates: list[Term] = [Number(Fraction(0))] * size
    if problem.moving:
        rates = list(point[size : 2 * size])
        for rate, most in zip(rates, problem.speed_max, strict=True):
            yield "speed at the start", _between(rate, most)
    time = Fraction(0)
    for piece in motion.pieces:
        time += piece.duration
        share = 2 / piece.duration
        following = []
        for axis in range(size):
            middle, last = piece.points[1][axis], piece.points[2][axis]
            rate = _term(_minus(last, middle, share), point)
            change = add(rate, multiply(Number(Fraction(-1)), rates[axis]))
            most = problem.acceleration_max[axis] * piece.duration
            yield f"acceleration before {_told(time)}", _between(change, most)
            yield f"speed at {_told(time)}", _between(rate, problem.speed_max[axis])
            following.append(rate)
        rates = following
        if problem.tube is not None:
            for control in piece.points:
                spot = (*(_term(part, point) for part in control), *fixed)
                yield f"tube before {_told(time)}", _inside(problem.tube, spot)
        here = tuple(_term(part, point) for part in piece.points[-1])
    yield "end", _inside(problem.end, (*here, *fixed))


def _told(seconds: Fraction) -> str:
    return f"{float(seconds):.4g} s"


def _minus(one: Affine, other: Affine, factor: Fraction) -> Affine:
    pairs = zip(one.linear, other.linear, strict=True)
    constant = factor * (one.constant - other.constant)
    return Affine(constant, tuple(factor * (a - b) for a, b in pairs))


def _term(value: Affine, point: Sequence[Term]) -> Term:
    parts = [multiply(Number(a), x) for a, x in zip(value.linear, point, strict=True) if a]
    return add(Number(value.constant), *parts)


def _between(term: Term, most: Fraction) -> Formula:
    return conjunction(
        [Comparison("<=", Number(-most), term), Comparison("<=", term, Number(most))]
    )


def _inside(body: Polytope, spot: Sequence[Term]) -> Formula:
    return conjunction(
        Comparison(
            "<=",
            add(*(multiply(Number(a), x) for a, x in zip(row, spot, strict=True) if a)),
            Number(bound),
        )
        for row, bound in zip(body.rows, body.bounds, strict=True)
    )
