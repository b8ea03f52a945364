"""Tree to model: every declaration settled, every mistake collected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from math import prod
from typing import TypeVar

from verifier.core.diagnostic import Diagnostic, Label, SourceError
from verifier.core.span import Span
from verifier.model.beside import neighbours, shared
from verifier.model.capacity import budget, processor, resource, standing
from verifier.model.compose import Composer, parameter_domain
from verifier.model.contract import check_declaration, conditions, members
from verifier.model.control import Plant
from verifier.model.deadline import blocks_around, deadlines_of
from verifier.model.expression import Context, constant, scalar_names
from verifier.model.limits import limits
from verifier.model.loops import loops
from verifier.model.parameter import distinct, parameter_type, placeholder
from verifier.model.plan import Resource
from verifier.model.quantity import Thing, Value, fail
from verifier.model.refine import refinements
from verifier.model.region import SETS, declared_domain, domain_formulas
from verifier.model.scope import Scope, collect
from verifier.model.temporal import properties
from verifier.model.values import (
    Chain,
    Condition,
    Deadline,
    Domain,
    Model,
    Rigid,
    Scalar,
    Skill,
    SkillParameter,
    Step,
)
from verifier.model.world import place
from verifier.syntax import tree

MOST_CHOICES = 1000

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
            found.extend(error.diagnostics)
            return None

    for name, declaration in scope.constants.items():
        attempt(partial(_check_constant, scope, name, declaration))
    domains = attempt(partial(_domains, scope)) or ()
    for skill in scope.skills.values():
        attempt(partial(check_declaration, scope, skill))
    settled_properties = attempt(partial(properties, scope)) or ()
    control = loops(scope, attempt)
    world = {name: attempt(partial(place, scope, each)) for name, each in scope.places.items()}
    motions = attempt(partial(limits, scope)) or {}
    chains: dict[str, Chain] = {}
    for written in scope.chains.values():
        for things in attempt(partial(choices, scope, written)) or ():
            settled = settle_chain(scope, written, found, things)
            if settled is not None:
                chains[settled.name] = settled
    for work in _claims(scope):
        for claim in attempt(work) or ():
            chains[claim.name] = claim
    for plant in control.kept:
        chains[plant.name] = _judged_alone(plant)
    if found:
        raise SourceError(_each_place_once(found))
    return Model(
        tuple(scope.types),
        dict(scope.objects),
        dict(scope.variables),
        _scalars(scope),
        domains,
        {name: _skill(scope, skill) for name, skill in scope.skills.items()},
        chains,
        settled_properties,
        control.plants,
        control.barriers,
        control.robots,
        control.clearances,
        control.waivers,
        {name: each for name, each in world.items() if each and each.kind == "obstacle"},
        {name: each for name, each in world.items() if each and each.kind == "zone"},
        motions,
        control.rows,
        control.stops,
        control.ranges,
    )


def _each_place_once(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Without what was found at the same place again, in another turn or for other objects."""
    once: dict[tuple[str, Span], Diagnostic] = {}
    for each in found:
        once.setdefault((each.code, each.span), each)
    return list(once.values())


def _judged_alone(plant: Plant) -> Chain:
    """What the barriers of the plant owe, as a chain without steps."""
    name = plant.name
    return Chain(name, name, (), (), (), (), (), (), (), plant.span, plant=plant)


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
        declared = parameter_type(scope, parameter)
        parameters.append(
            SkillParameter(parameter.name.text, declared, None)
            if isinstance(declared, str)
            else SkillParameter(parameter.name.text, None, declared.sort)
        )
    return Skill(skill.name.text, tuple(parameters), skill.span)


def _claims(scope: Scope) -> list[Callable[[], list[Chain]]]:
    """What settles the claims about skills, resources and processors."""
    return [
        *(partial(_refinements, scope, each) for each in scope.skills.values()),
        *(partial(standing, scope, each) for each in scope.resources.values()),
        *(partial(budget, scope, each) for each in scope.budgets.values()),
        *(partial(processor, scope, each) for each in scope.processors.values()),
    ]


def _refinements(scope: Scope, skill: tree.SkillDeclaration) -> list[Chain]:
    return list(refinements(scope, skill))


def choices(scope: Scope, written: tree.ChainDeclaration) -> list[tuple[str, ...]]:
    """What the object parameters of a chain may stand for together. Raises SourceError."""
    if not written.parameters:
        return [()]
    things = []
    for parameter in written.parameters:
        declared = parameter_type(scope, parameter)
        if not isinstance(declared, str):
            continue
        if parameter.domain is not None:
            fail("wrong-type", parameter.domain.span, "an object has no domain but its type")
        things.append(scope.objects_of(declared))
        if not things[-1]:
            fail(
                "no-object",
                parameter.span,
                f"there is no object of type {declared}, so this chain speaks of nothing",
                help=f"declare one: `object {parameter.name.text}1 : {declared}`",
            )
    count = prod(map(len, things))
    if count > MOST_CHOICES:
        fail(
            "too-many-steps",
            written.name.span,
            f"this chain would be judged for {count} choices of objects; at most {MOST_CHOICES}"
            " are",
        )
    return list(product(*things))


def _parameters(
    scope: Scope, written: tree.ChainDeclaration, things: Sequence[str]
) -> tuple[Context, tuple[Rigid, ...]]:
    """Objects as chosen; each number as a scalar of its own, which keeps its value."""
    left = iter(things)
    bindings: dict[str, Value] = {}
    rigid: list[Rigid] = []
    for parameter in distinct(written):
        name = parameter.name.text
        if name in scope.variables:
            declared_at = (Label(scope.variables[name].span, "the state variable"),)
            message = f"the parameter `{name}` has the name of a state variable"
            fail("duplicate-name", parameter.name.span, message, notes=declared_at)
        declared = parameter_type(scope, parameter)
        if isinstance(declared, str):
            bindings[name] = Thing(next(left), declared)
            continue
        bindings[name] = placeholder(scope, parameter)
        listed = declared.shape != ()
        unit = declared.unit
        for part in scalar_names(declared, name):
            rigid.append(Rigid(part, name, listed, declared.sort, unit))
    return Context(scope, bindings), tuple(rigid)


def settle_chain(
    scope: Scope,
    written: tree.ChainDeclaration,
    found: list[Diagnostic],
    things: tuple[str, ...] = (),
) -> Chain | None:
    """The settled chain with its object parameters standing for `things`; None if something in it
    is wrong, which is then in `found`."""
    chain = _alone(scope, written, found, things)
    if chain is None:
        return None
    try:
        others = tuple(neighbours(scope, written, chain, lambda w: _alone(scope, w, [], ())))
    except SourceError as error:
        found.extend(error.diagnostics)
        return None
    return replace(chain, beside=others)


def _alone(
    scope: Scope, written: tree.ChainDeclaration, found: list[Diagnostic], things: tuple[str, ...]
) -> Chain | None:
    """The chain without those beside it."""
    before = len(found)
    composer = Composer(found, active=(written.name.text,))
    given = composer.attempt(partial(_parameters, scope, written, things))
    if given is None:
        return None
    at, rigid = given
    assumptions: list[Condition] = []
    for parameter in written.parameters:
        assumptions += composer.attempt(partial(parameter_domain, parameter, at)) or ()
    for clause in written.assumptions:
        assumptions += composer.attempt(partial(conditions, clause, at)) or ()
    body = composer.block(written.steps, at)
    goals: list[Condition] = []
    for clause in written.goals:
        goals += composer.attempt(partial(conditions, clause, at)) or ()
    relies, guarantees = (
        [part for clause in clauses for part in composer.attempt(partial(shared, clause, at)) or ()]
        for clauses in (written.relies, written.guarantees)
    )
    deadlines: list[Deadline] = []
    around = blocks_around(body) if written.deadlines else {}
    for within in written.deadlines:
        between = partial(deadlines_of, within, at, around, composer.labels)
        deadlines += composer.attempt(between) or ()
    if len(found) > before:
        return None
    name = written.name.text
    return Chain(
        f"{name}({', '.join(things)})" if things else name,
        name,
        things,
        rigid,
        tuple(assumptions),
        tuple(composer.steps),
        body,
        tuple(goals),
        tuple(deadlines),
        written.name.span,
        relies=tuple(relies),
        guarantees=tuple(guarantees),
        resources=_used(scope, composer.steps),
    )


def _used(scope: Scope, steps: Sequence[Step]) -> tuple[Resource, ...]:
    """The resources that the steps use, each once."""
    places = {use.resource: use.span for step in steps for use in step.contract.uses}
    return tuple(resource(scope, tree.Name(name, span)) for name, span in places.items())
