"""The table of a transition: which motion problem its skill poses, and the plan that it gives.

The problem is read off the contract: the starts are the conjunction of what `requires` and
`initial` say of the moved variable and of what it is placed by, round sets by the boxes around
them, and of their domains; the end set is what `ensures` and `terminal` promise, the tube what
`invariant` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import NoReturn

from verifier.core.affine import Row, affine, rows
from verifier.core.blocks import product_of
from verifier.core.cell import inside
from verifier.core.diagnostic import Label
from verifier.core.flat import around
from verifier.core.motion import (
    Affine,
    Cut,
    Motion,
    Piece,
    Plan,
    Polytope,
    Problem,
)
from verifier.core.starts import vertices
from verifier.core.term import NOW, OLD, Comparison, Key, Number, Real, Variable, rename, variables
from verifier.core.unit import TIME, UNITS
from verifier.model.arguments import Space as Numbers
from verifier.model.arguments import point_in
from verifier.model.expression import Context, formula, number, scalar_names
from verifier.model.limits import limits, moved_variable, rate_unit
from verifier.model.motion import MotionLimits, Transition
from verifier.model.quantity import fail
from verifier.model.region import declared_domain, domain_formulas
from verifier.model.scope import Scope
from verifier.model.space import space_of
from verifier.model.values import Condition, Contract, StateVariable
from verifier.syntax import tree

ZERO = Fraction(0)
CORNERS_MAX = 4096


@dataclass(frozen=True, slots=True)
class Given:
    """What a transition stands in: the scalars of a start, its contract, and how it may move."""

    names: tuple[str, ...]
    moved: int
    velocity: int
    contract: Contract
    limits: MotionLimits
    clause: tree.Transition
    at: Context

    @property
    def keys(self) -> list[Key]:
        return [(name, NOW) for name in self.names]

    @property
    def changed(self) -> tuple[str, ...]:
        return self.names[: self.moved + self.velocity]


def transition_of(clause: tree.Transition, contract: Contract, at: Context) -> Transition:
    """The problem and the plan of a skill with this table. Raises SourceError."""
    variable, moved = moved_variable(clause.variable, at)
    bounds = _limits(clause, at.scope)
    read = replace(at, read=set())
    velocities = list(_velocities(clause.course, variable, len(moved), read))
    changed = (*moved, *bounds.velocity)
    _check_frame((*changed, *bounds.modifies), contract, clause)
    rigid = _rigid(changed, contract, clause, velocities, at.scope)
    size, rates = len(moved), len(bounds.velocity)
    given = Given((*changed, *rigid), size, rates, contract, bounds, clause, at)
    problem = _problem(given, variable)
    plan = _plan(given, clause.course, variable)
    low, high = contract.duration.low, contract.duration.high
    for motion in _motions(plan):
        if motion.duration < low or (high is not None and motion.duration > high):
            span = contract.duration.span
            message = f"the table takes {_told(motion.duration)}, which is not in the duration"
            fail("bad-duration", span, message, notes=(Label(clause.span, "the table"),))
    return Transition(problem, plan, moved, bounds.velocity, rigid, bounds.member, clause.span)


def _told(seconds: Fraction) -> str:
    return f"{float(seconds):.6g} s"


def _motions(plan: Plan) -> Iterator[Motion]:
    if isinstance(plan, Motion):
        yield plan
    else:
        yield from _motions(plan.below)
        yield from _motions(plan.above)


def _limits(clause: tree.Transition, scope: Scope) -> MotionLimits:
    from verifier.syntax.formatter import format_expression

    key = ("motions",)
    if key not in scope.memo:
        scope.memo[key] = limits(scope)
    known: dict[str, MotionLimits] = scope.memo[key]  # type: ignore[assignment]
    name = format_expression(clause.variable)
    if name not in known:
        fail(
            "missing-limit",
            clause.variable.span,
            f"nothing says how `{name}` may be moved",
            help=f"declare it: `motion {name} {{ speed … acceleration … }}`",
        )
    return known[name]


def _check_frame(changed: tuple[str, ...], contract: Contract, clause: tree.Transition) -> None:
    """That the skill says of all that the motion changes that it may change."""
    kept = next((name for name in changed if name not in contract.frame), None)
    if kept is not None:
        fail(
            "bad-transition",
            clause.variable.span,
            f"the motion changes `{kept}`, which the skill is to leave as it is",
            help="promise something of it, or list it behind `modifies`",
        )


# ---- what a start consists of ------------------------------------------------------------------


def _rigid(
    changed: tuple[str, ...],
    contract: Contract,
    clause: tree.Transition,
    velocities: Sequence[tuple[tuple[object, ...], tree.Knot]],
    scope: Scope,
) -> tuple[str, ...]:
    """The other numbers that the sets and the table read, in the order of their declarations."""
    used: set[str] = set()
    for condition in (*contract.requires, *contract.ensures, *contract.invariants):
        here = {name for name, _ in variables(condition.formula)}
        if here & set(changed) and not condition.reads_environment:
            used |= here
    for terms, _ in velocities:
        for term in terms:
            used |= {name for name, _ in variables(Comparison("<=", term, Number(ZERO)))}  # type: ignore[arg-type]
    others = used - set(changed)
    loose = sorted(others & contract.frame)
    if loose:
        fail(
            "bad-transition",
            clause.span,
            f"the motion is placed by `{loose[0]}`, which the skill may change",
            help="a motion is relative to what keeps its value while it runs",
        )
    order = [name for v in scope.variables.values() for name in _all_scalars(scope, v)]
    return tuple(name for name in order if name in others)


def _all_scalars(scope: Scope, variable: StateVariable) -> list[str]:
    from verifier.model.contract import members

    if not isinstance(variable.sort, Real) or variable.environment:
        return []
    return [name for member in members(scope, variable) for name in scalar_names(variable, member)]


# ---- the problem -------------------------------------------------------------------------------


def _problem(given: Given, variable: StateVariable) -> Problem:
    contract, bounds = given.contract, given.limits
    before = [c for c in (*contract.requires, *contract.invariants) if not c.reads_environment]
    stated = [c for c in before if _reads_only(c, given)]
    sides = [*around([c.formula for c in stated], given.keys).rows, *_domains(given)]
    starts = product_of(sides, len(given.names))
    if isinstance(starts, str):
        code = "unbounded-set" if starts == "unbounded" else "set-too-large"
        code = "empty-set" if starts == "empty" else code
        _fail_at_start(code, f"the set of starts is {starts}", stated, given)
    space = space_of(given.at.scope, variable, bounds)
    for corner in islice(vertices(starts), CORNERS_MAX):
        spot = corner[: given.moved]
        if space.regions is not None and not any(inside([spot], b) for b in space.regions):
            told = "a corner of the starts lies outside of the zones, or a body there does"
            _fail_at_start("start-outside", told, stated, given)
        rates = corner[given.moved : given.moved + given.velocity]
        if any(abs(rate) > most for rate, most in zip(rates, bounds.speed, strict=False)):
            told = "a start moves faster than the motion allows"
            _fail_at_start("start-outside", told, stated, given)
    return Problem(
        space,
        (starts,),
        _promised(given),
        bounds.speed,
        bounds.acceleration,
        contract.duration.high,
        given.velocity > 0,
        len(given.names) - given.moved - given.velocity,
        _tube(given),
    )


def _fail_at_start(code: str, message: str, stated: Sequence[Condition], given: Given) -> NoReturn:
    """Raises SourceError at what says where the skill may start."""
    own = [c.span for c in stated if {n for n, _ in variables(c.formula)} & set(given.changed)]
    first, *others = own or [given.clause.span]
    fail(
        code,
        first,
        message,
        notes=(
            *(Label(span, "and this holds at the start") for span in others),
            Label(given.limits.span, "moved within these limits"),
        ),
        help="say behind `initial` where the motion may start",
    )


def _rows_of(condition: Condition, given: Given) -> list[Row] | None:
    """The rows of a condition that reads nothing but the start."""
    return rows(condition.formula, given.keys) if _reads_only(condition, given) else None


def _reads_only(condition: Condition, given: Given) -> bool:
    return {name for name, _ in variables(condition.formula)} <= set(given.names)


def _domains(given: Given) -> list[Row]:
    from verifier.model.contract import members

    scope = given.at.scope
    found: list[Row] = []
    for variable in scope.variables.values():
        if not set(given.names) & set(_all_scalars(scope, variable)):
            continue
        region = declared_domain(scope, variable)
        if region is None:
            continue
        for member in members(scope, variable):
            for stated, _ in domain_formulas(region, variable, member):
                if {name for name, _ in variables(stated)} <= set(given.names):
                    found += rows(stated, given.keys) or ()
    return found


def _promised(given: Given) -> Polytope:
    """The end set; a promise about anything but the moved variable is none that a motion keeps."""
    sides: list[Row] = []
    for condition in given.contract.ensures:
        stated = rename(
            condition.formula,
            lambda name, when: NOW if name not in given.changed else when,
        )
        if any(when == OLD for _, when in variables(stated)):
            found = None
        else:
            found = _rows_of(replace(condition, stated=stated), given)
        if found is None or any(sign == "<" for _, _, sign in found):
            fail(
                "bad-transition",
                condition.span,
                f"a motion cannot promise `{condition.text}`: flat closed sets of the variable that"
                " it moves are all that it leads into",
            )
        sides += (_without(row, given) for row in found)
    return _polytope([side for side in sides if any(side[0]) or side[1] < 0])


def _without(side: Row, given: Given) -> Row:
    """The row without the velocity, which is 0 at the end."""
    row, bound, sign = side
    return (*row[: given.moved], *row[given.moved + given.velocity :]), bound, sign


def _tube(given: Given) -> Polytope | None:
    sides: list[Row] = []
    for condition in given.contract.invariants:
        read = {name for name, _ in variables(condition.formula)}
        if condition.reads_environment or not read & given.contract.frame:
            continue
        found = _rows_of(condition, given)
        rates = range(given.moved, given.moved + given.velocity)
        if found is None or any(
            sign == "<" or any(row[k] for k in rates) for row, _, sign in found
        ):
            fail(
                "bad-transition",
                condition.span,
                f"that `{condition.text}` holds all the time is nothing that a motion shows",
                help="give a flat closed set of the variable that moves",
            )
        sides += (_without(row, given) for row in found)
    return _polytope(sides) if sides else None


def _polytope(sides: Sequence[Row]) -> Polytope:
    turned = [(tuple(-a for a in row), -bound) for row, bound, sign in sides if sign == "=="]
    every = [*((row, bound) for row, bound, _ in sides), *turned]
    return Polytope(tuple(row for row, _ in every), tuple(bound for _, bound in every))


# ---- the plan ----------------------------------------------------------------------------------


def _velocities(
    course: tree.Course, variable: StateVariable, size: int, at: Context
) -> Iterator[tuple[tuple[object, ...], tree.Knot]]:
    for knot in course.knots:
        yield _velocity(knot, variable, size, at), knot
    for part in course.parts:
        yield from _velocities(part, variable, size, at)


def _velocity(
    knot: tree.Knot, variable: StateVariable, size: int, at: Context
) -> tuple[object, ...]:
    assert isinstance(variable.sort, Real)
    space = Numbers(size, variable.sort.dimension, variable.unit)
    rate = Numbers(size, variable.sort.dimension / TIME, rate_unit(space, TIME))
    if isinstance(knot.velocity, tree.Literal) and knot.velocity.value == 0:
        return (Number(ZERO),) * size
    return point_in(knot.velocity, rate, at)


def _plan(given: Given, course: tree.Course, variable: StateVariable) -> Plan:
    if course.condition is not None:
        axis, bound = _cut(given, course.condition)
        below, above = (_plan(given, part, variable) for part in course.parts)
        return Cut(axis, bound, below, above)
    width = len(given.names)
    units = [Affine(ZERO, tuple(Fraction(i == k) for k in range(width))) for i in range(width)]
    here = units[: given.moved]
    still = [Affine(ZERO, (ZERO,) * width)] * given.moved
    rate = units[given.moved : given.moved + given.velocity] or still
    pieces = []
    for knot in course.knots:
        time = number(knot.duration, TIME, UNITS["s"], given.at)
        if time <= 0:
            fail("bad-duration", knot.duration.span, "the time between two knots is positive")
        following = [
            _affine_velocity(term, knot, given)
            for term in _velocity(knot, variable, given.moved, given.at)
        ]
        middle = [_moved(a, time / 2, v) for a, v in zip(here, rate, strict=True)]
        there = [_moved(a, time / 2, v) for a, v in zip(middle, following, strict=True)]
        pieces.append(Piece(time, 0, (tuple(here), tuple(middle), tuple(there))))
        here, rate = there, following
    if rate != still:
        fail(
            "bad-transition",
            course.knots[-1].velocity.span if course.knots else given.clause.span,
            "the motion does not end at rest",
            help="the last velocity is `0`",
        )
    return Motion(tuple(pieces))


def _affine_velocity(term: object, knot: tree.Knot, given: Given) -> Affine:
    found = affine(term, given.keys)  # type: ignore[arg-type]
    if found is None:
        fail(
            "bad-transition",
            knot.velocity.span,
            "this velocity is not affine in the state at the start",
            help="a sum of numbers times coordinates: `0.5 1/s * (pose[cup] - ee)`",
        )
    return found


def _moved(point: Affine, factor: Fraction, by: Affine) -> Affine:
    linear = tuple(a + factor * b for a, b in zip(point.linear, by.linear, strict=True))
    return Affine(point.constant + factor * by.constant, linear)


def _cut(given: Given, condition: tree.Expression) -> tuple[int, Fraction]:
    match formula(condition, given.at):
        case Comparison("<=", Variable(name, _), Number(bound)) if name in given.names:
            return given.names.index(name), bound
        case _:
            fail(
                "bad-transition",
                condition.span,
                "a table is divided by one coordinate of the start",
                help="write `if ee.x <= 0.5 m { … } else { … }`",
            )
