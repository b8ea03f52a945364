"""Skills with nothing known of their parameters, to be put side by side.

Parameters of the same name and type are the same object in both skills of a pair. A number is any
value, of its own in each call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from verifier.core.diagnostic import SourceError
from verifier.core.term import Sort
from verifier.model.contract import contract_of
from verifier.model.expression import Context, scalar_names
from verifier.model.parameter import distinct, parameter_type, placeholder
from verifier.model.quantity import Thing, Value
from verifier.model.region import declared_domain, domain_formulas
from verifier.model.scope import Scope
from verifier.model.values import Contract, Domain, StateVariable
from verifier.syntax import tree


@dataclass(frozen=True, slots=True)
class General:
    """A skill for any arguments: its contract, or why it has none; the sorts of its numbers; what
    its object parameters are called, by type."""

    name: str
    contract: Contract | None
    reason: str
    numbers: dict[str, Sort]
    objects: dict[str, set[str]]


def general(scope: Scope, skill: tree.SkillDeclaration) -> General:
    """The skill with each parameter standing for any value."""
    bindings: dict[str, Value] = {}
    numbers: dict[str, Sort] = {}
    objects: dict[str, set[str]] = {}
    for parameter in distinct(skill):
        name = parameter.name.text
        declared = parameter_type(scope, parameter)
        if isinstance(declared, str):
            bindings[name] = Thing(name, declared)
            objects.setdefault(declared, set()).add(name)
            continue
        own = replace(parameter, name=tree.Name(f"{skill.name.text}:{name}", parameter.span))
        bindings[name] = placeholder(scope, own)
        numbers |= dict.fromkeys(scalar_names(declared, own.name.text), declared.sort)
    text = f"{skill.name.text}({', '.join(p.name.text for p in skill.parameters)})"
    try:
        contract = contract_of(skill, text, Context(scope, bindings))
    except SourceError as error:
        return General(skill.name.text, None, error.diagnostics[0].message, numbers, objects)
    return General(skill.name.text, contract, "", numbers, objects)


def sorts_and_domains(
    scope: Scope, objects: dict[str, set[str]]
) -> tuple[dict[str, Sort], list[Domain]]:
    """The scalars of the state, and what is declared of them, with these objects beside those that
    are declared. Raises SourceError."""
    sorts: dict[str, Sort] = {}
    domains: list[Domain] = []
    for variable in scope.variables.values():
        region = declared_domain(scope, variable)
        for member in _members(scope, variable, objects, variable.name, variable.family):
            sorts |= dict.fromkeys(scalar_names(variable, member), variable.sort)
            if region is not None:
                span = scope.domains[variable.name].span
                domains += [
                    Domain(stated, names, span)
                    for stated, names in domain_formulas(region, variable, member)
                ]
    return sorts, domains


def _members(
    scope: Scope,
    variable: StateVariable,
    objects: dict[str, set[str]],
    so_far: str,
    family: tuple[str, ...],
) -> list[str]:
    if not family:
        return [so_far]
    things = dict.fromkeys([*scope.objects_of(family[0]), *sorted(objects.get(family[0], ()))])
    return [
        member
        for thing in things
        for member in _members(scope, variable, objects, f"{so_far}[{thing}]", family[1:])
    ]
