"""Tree to model: every declaration settled, every mistake collected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.core.term import Real
from verifier.core.unit import TIME, UNITS
from verifier.model.contract import bind, check_declaration, conditions, members
from verifier.model.expression import Context, constant, number, scalar_names
from verifier.model.plant import barriers, plant
from verifier.model.quantity import fail
from verifier.model.region import SETS, declared_domain, domain_formulas
from verifier.model.scope import Scope, collect, declared_type
from verifier.model.temporal import properties
from verifier.model.values import (
    Barrier,
    Chain,
    Condition,
    Deadline,
    Domain,
    Model,
    Plant,
    Scalar,
    Skill,
    SkillParameter,
    Step,
)
from verifier.syntax import tree

T = TypeVar("T")


def settle(files: Sequence[tree.File]) -> Model:
    """The model of the files together. Raises SourceError with every mistake that was found."""
    return settle_scope(collect(files))


def settle_scope(scope: Scope) -> Model:
    """The model of collected declarations. Raises SourceError with every mistake that was found."""
    found: list[Diagnostic] = []

    def attempt(work: Callable[[], T]) -> T | None:
        try:
            return work()
        except SourceError as error:
            found.extend(d for d in error.diagnostics if d not in found)
            return None

    for name, declaration in scope.constants.items():
        attempt(partial(_check_constant, scope, name, declaration))
    domains = attempt(partial(_domains, scope)) or ()
    for skill in scope.skills.values():
        attempt(partial(check_declaration, scope, skill))
    settled_properties = attempt(partial(properties, scope)) or ()
    plants: list[Plant] = []
    for each in scope.plants.values():
        settled_plant = attempt(partial(plant, scope, each))
        plants += [settled_plant] if settled_plant else []
    walls: list[Barrier] = []
    for wall in scope.barriers.values():
        walls += attempt(partial(barriers, scope, wall)) or []
    chains: dict[str, Chain] = {}
    for name, written in scope.chains.items():
        settled = settle_chain(scope, written, found)
        if settled is not None:
            chains[name] = settled
    if found:
        raise SourceError(found)
    return Model(
        tuple(scope.types),
        dict(scope.objects),
        dict(scope.variables),
        _scalars(scope),
        domains,
        {name: _skill(scope, skill) for name, skill in scope.skills.items()},
        chains,
        settled_properties,
        tuple(plants),
        tuple(walls),
    )


def _check_constant(scope: Scope, name: str, declaration: tree.ConstantDeclaration) -> None:
    """A constant set is settled where it is used, because its place gives its dimension."""
    value = declaration.value
    if isinstance(value, tree.Call) and value.function.text in SETS:
        return
    constant(name, declaration.name.span, scope)


def _domains(scope: Scope) -> tuple[Domain, ...]:
    found: list[Diagnostic] = []
    settled: list[Domain] = []
    for variable in scope.variables.values():
        try:
            region = declared_domain(scope, variable)
        except SourceError as error:
            found.extend(error.diagnostics)
            continue
        if region is None:
            continue
        for member in members(scope, variable):
            settled += [
                Domain(formula, names, scope.domains[variable.name].span)
                for formula, names in domain_formulas(region, variable, member)
            ]
    if found:
        raise SourceError(found)
    return tuple(settled)


def _scalars(scope: Scope) -> dict[str, Scalar]:
    return {
        name: Scalar(name, variable.sort, variable.name, member, variable.environment)
        for variable in scope.variables.values()
        for member in members(scope, variable)
        for name in scalar_names(variable, member)
    }


def _skill(scope: Scope, skill: tree.SkillDeclaration) -> Skill:
    parameters = []
    for parameter in skill.parameters:
        base = parameter.type.base
        if isinstance(base, tree.Name) and base.text in scope.types:
            parameters.append(SkillParameter(parameter.name.text, base.text, None))
        else:
            sort = declared_type(scope, parameter.type)[0]
            assert isinstance(sort, Real)
            parameters.append(SkillParameter(parameter.name.text, None, sort.dimension))
    return Skill(skill.name.text, tuple(parameters), skill.span)


def settle_chain(
    scope: Scope, written: tree.ChainDeclaration, found: list[Diagnostic]
) -> Chain | None:
    """The settled chain; None if something in it is wrong, which is then in `found`."""
    before = len(found)
    at = Context(scope)

    def attempt(work: Callable[[], list[T]]) -> list[T]:
        try:
            return work()
        except SourceError as error:
            found.extend(d for d in error.diagnostics if d not in found)
            return []

    assumptions: list[Condition] = []
    for clause in written.assumptions:
        assumptions += attempt(partial(conditions, clause, at))
    steps: list[Step] = []
    for position, call in enumerate(written.steps, start=1):
        steps += attempt(partial(_step, scope, position, call))
    goals: list[Condition] = []
    for clause in written.goals:
        goals += attempt(partial(conditions, clause, at))
    deadlines: list[Deadline] = []
    for within in written.deadlines:
        deadlines += attempt(partial(_deadlines, within, at))
    if len(found) > before:
        return None
    return Chain(
        written.name.text,
        tuple(assumptions),
        tuple(steps),
        tuple(goals),
        tuple(deadlines),
        written.name.span,
    )


def _step(scope: Scope, position: int, call: tree.Call) -> list[Step]:
    return [Step(position, bind(scope, call), call.span)]


def _deadlines(within: tree.Within, at: Context) -> list[Deadline]:
    bound = number(within.bound, TIME, UNITS["s"], at)
    if bound < 0:
        fail("bad-duration", within.bound.span, "a deadline lies at 0 s or later")
    return [Deadline(bound, within.span)]
