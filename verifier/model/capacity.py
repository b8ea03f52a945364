"""Resources, budgets and processors: declarations settled, each claim as a chain without steps."""

from __future__ import annotations

from fractions import Fraction

from verifier.core.budget import OneOf, Share, Together, Usage
from verifier.core.diagnostic import Label, near_miss
from verifier.core.span import Span
from verifier.core.unit import NONE, TIME, UNITS, Dimension, Unit, parse_unit
from verifier.model.expression import Context, number, scalar
from verifier.model.plan import (
    POLICIES,
    Claim,
    PeriodicTask,
    Plan,
    Processor,
    Resource,
    Stated,
    Use,
)
from verifier.model.quantity import fail
from verifier.model.scope import Scope
from verifier.model.values import Chain
from verifier.syntax import tree


def resource(scope: Scope, name: tree.Name) -> Resource:
    """The settled resource of this name. Raises SourceError."""
    declared = scope.resources.get(name.text)
    if declared is None:
        fail(
            "unknown-resource",
            name.span,
            f"there is no resource `{name.text}`",
            help=near_miss(name.text, scope.resources)
            or f"declare it: `resource {name.text} 100 TFLOPS`",
        )
    key = ("resource", name.text)
    if key not in scope.memo:
        scope.memo[key] = _resource(scope, declared)
    return scope.memo[key]  # type: ignore[return-value]


def _resource(scope: Scope, declared: tree.ResourceDeclaration) -> Resource:
    at = Context(scope)
    dimension, unit = _measured(declared.capacity, at)
    capacity = number(declared.capacity, dimension, unit, at)
    if capacity <= 0:
        fail("bad-amount", declared.capacity.span, "of a resource there is more than nothing")
    always = tuple(_usage(each, dimension, unit, at) for each in declared.shares or ())
    return Resource(declared.name.text, capacity, unit, always, declared.name.span)


def _measured(written: tree.Expression, at: Context) -> tuple[Dimension, Unit]:
    """The dimension of an amount, and the unit that readers see it in."""
    dimension = scalar(written, at).dimension
    units = [unit for unit in _units(written) if unit.dimension == dimension]
    symbol = "" if dimension == NONE else str(dimension)
    return dimension, units[0] if units else Unit(symbol, Fraction(1), dimension)


def _units(written: tree.Expression) -> list[Unit]:
    match written:
        case tree.Literal(unit=str(symbol)):
            found = parse_unit(symbol)
            return [found] if found else []
        case tree.Binary(left=left, right=right):
            return [*_units(left), *_units(right)]
        case _:
            return []


def _usage(
    written: tree.ShareDeclaration | tree.Group, dimension: Dimension, unit: Unit, at: Context
) -> Usage:
    if isinstance(written, tree.ShareDeclaration):
        amount = _amount(written.amount, dimension, unit, at)
        return Share(written.name.text, amount, written.span)
    parts = tuple(_usage(each, dimension, unit, at) for each in written.parts)
    return OneOf(parts) if written.kind == "one" else Together(parts)


def _amount(written: tree.Expression, dimension: Dimension, unit: Unit, at: Context) -> Fraction:
    found = number(written, dimension, unit, at)
    if found < 0:
        fail("bad-amount", written.span, "nobody uses less than nothing")
    return found


def use(clause: tree.Uses, at: Context) -> Use:
    """What a skill uses while it runs. Raises SourceError."""
    of = resource(at.scope, clause.resource)
    amount = _amount(clause.amount, of.unit.dimension, of.unit, at)
    return Use(of.name, amount, clause.span)


# ---- claims ------------------------------------------------------------------------------------


def standing(scope: Scope, declared: tree.ResourceDeclaration) -> list[Chain]:
    """The claim that what is always in use fits, if anything is. Raises SourceError."""
    of = resource(scope, declared.name)
    if declared.shares is None:
        return []
    return _claim(of.name, Plan(of.name, of, Together(of.always), (), of.span), of.span)


def budget(scope: Scope, declared: tree.BudgetDeclaration) -> list[Chain]:
    """The claim that a configuration fits, and adds up to what it states. Raises SourceError."""
    of, at = resource(scope, declared.resource), Context(scope)
    dimension, unit = of.unit.dimension, of.unit
    usage: list[Usage] = []
    stated: dict[str, Stated] = {}
    for part in declared.parts:
        if not isinstance(part, tree.Total):
            usage.append(_usage(part, dimension, unit, at))
            continue
        if part.kind in stated:
            fail("duplicate-clause", part.span, f"a budget has one `{part.kind}`")
        amount = number(part.amount, dimension, unit, at)
        stated[part.kind] = Stated(part.kind, amount, part.span)
    name, span = declared.name.text, declared.name.span
    whole = Together((*of.always, *usage))
    return _claim(name, Plan(name, of, whole, tuple(stated.values()), span), span)


def processor(scope: Scope, declared: tree.ProcessorDeclaration) -> list[Chain]:
    """The claim that every task of a processor meets its deadlines. Raises SourceError."""
    name = declared.name
    if not declared.policies or not declared.tasks:
        missing = "`policy`" if not declared.policies else "`task`"
        fail(
            "missing-clause",
            name.span,
            f"the processor `{name.text}` has no {missing}",
            help=f"policies are {', '.join(f'`{each}`' for each in POLICIES)}"
            if not declared.policies
            else "for example `task control period 10 ms execution 2 ms`",
        )
    policy, *more = declared.policies
    if more:
        fail("duplicate-clause", more[0].span, "a processor has one `policy`")
    if policy.text not in POLICIES:
        fail(
            "unknown-policy",
            policy.span,
            f"there is no policy `{policy.text}`",
            help=near_miss(policy.text, POLICIES)
            or f"policies are {', '.join(f'`{each}`' for each in POLICIES)}",
        )
    places: dict[str, Span] = {}
    tasks = []
    for each in declared.tasks:
        if each.name.text in places:
            first = (Label(places[each.name.text], "first here"),)
            fail(
                "duplicate-name",
                each.name.span,
                f"the task `{each.name.text}` stands twice",
                notes=first,
            )
        places[each.name.text] = each.name.span
        tasks.append(_task(each, Context(scope)))
    return _claim(name.text, Processor(name.text, policy.text, tuple(tasks), name.span), name.span)


def _task(written: tree.TaskDeclaration, at: Context) -> PeriodicTask:
    times: dict[str, Fraction] = {}
    for word, value in written.values:
        if word.text in times:
            fail("duplicate-clause", word.span, f"a task has one `{word.text}`")
        times[word.text] = number(value, TIME, UNITS["s"], at)
        if times[word.text] <= 0:
            fail("bad-duration", value.span, f"the {word.text} of a task is longer than 0 s")
    missing = [word for word in ("period", "execution") if word not in times]
    if missing:
        fail(
            "missing-clause",
            written.name.span,
            f"the task `{written.name.text}` has no `{missing[0]}`",
            help="a task says how often it runs and how long at the most: "
            f"`task {written.name.text} period 10 ms execution 2 ms`",
        )
    deadline = times.get("deadline", times["period"])
    if deadline > times["period"]:
        fail(
            "bad-duration",
            written.span,
            f"the deadline of `{written.name.text}` lies behind its next release",
            help="a deadline is counted from the release and is at most the period",
        )
    name = written.name.text
    return PeriodicTask(name, times["period"], times["execution"], deadline, written.name.span)


def _claim(name: str, claim: Claim, span: Span) -> list[Chain]:
    return [Chain(name, name, (), (), (), (), (), (), (), span, claim=claim)]
