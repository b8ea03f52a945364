"""`skill FastReach(o : Item) refines Reach`: that one skill may stand in for another one.

The claim is settled for every choice of the objects that the skill takes; its numbers stand for any
value. The parameters of both agree by position.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from verifier.core.diagnostic import Label, near_miss
from verifier.model.contract import contract_with
from verifier.model.expression import scalar_names
from verifier.model.parameter import distinct, parameter_type, placeholder
from verifier.model.quantity import Thing, Value, fail
from verifier.model.scope import Scope
from verifier.model.values import Chain, Refinement, Rigid
from verifier.syntax import tree


def refinements(scope: Scope, skill: tree.SkillDeclaration) -> Iterator[Chain]:
    """One claim for each choice of objects, as a chain without steps. Raises SourceError."""
    if skill.refines is None:
        return
    name = skill.refines
    other = scope.skills.get(name.text)
    if other is None:
        fail(
            "unknown-skill",
            name.span,
            f"there is no skill `{name.text}`",
            help=near_miss(name.text, scope.skills),
        )
    types = [parameter_type(scope, parameter) for parameter in distinct(skill)]
    _check_parameters(scope, skill, other)
    things = [scope.objects_of(each) for each in types if isinstance(each, str)]
    if not all(things):
        fail(
            "no-object",
            skill.name.span,
            "there is no object that this skill could be called with, so nothing can be compared",
        )
    for chosen in product(*things):
        yield _claim(scope, skill, other, chosen)


def _check_parameters(
    scope: Scope, skill: tree.SkillDeclaration, other: tree.SkillDeclaration
) -> None:
    assert skill.refines is not None
    kinds = []
    for each in (skill, other):
        types = [parameter_type(scope, parameter) for parameter in distinct(each)]
        kinds.append([t if isinstance(t, str) else (t.sort, t.shape) for t in types])
    if kinds[0] != kinds[1]:
        fail(
            "wrong-arguments",
            skill.refines.span,
            f"`{skill.name.text}` and `{other.name.text}` do not take the same parameters",
            notes=(Label(other.name.span, "declared here"),),
        )


def _claim(
    scope: Scope,
    skill: tree.SkillDeclaration,
    other: tree.SkillDeclaration,
    chosen: tuple[str, ...],
) -> Chain:
    left = iter(chosen)
    values: list[Value] = []
    rigid: list[Rigid] = []
    for parameter in skill.parameters:
        declared = parameter_type(scope, parameter)
        if isinstance(declared, str):
            values.append(Thing(next(left), declared))
            continue
        values.append(placeholder(scope, parameter))
        name, listed = parameter.name.text, declared.shape != ()
        for part in scalar_names(declared, name):
            rigid.append(Rigid(part, name, listed, declared.sort, declared.unit))
    contracts = []
    for each in (skill, other):
        names = [parameter.name.text for parameter in each.parameters]
        text = f"{each.name.text}({', '.join(chosen)})"
        bindings = dict(zip(names, values, strict=True))
        contracts.append(contract_with(scope, each, text, bindings))
    assert skill.refines is not None
    claim = Refinement(contracts[0], contracts[1], skill.refines.span)
    given = f"({', '.join(chosen)})" if chosen else ""
    return Chain(
        f"{skill.name.text}{given} refines {other.name.text}{given}",
        skill.name.text,
        chosen,
        tuple(rigid),
        (),
        (),
        (),
        (),
        (),
        skill.refines.span,
        claim,
    )
