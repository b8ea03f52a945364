"""The calls of skills that a search may insert: objects, labels and truth values in every
combination, numbers as somebody wrote them.

A number has infinitely many values. Tried are those that some chain gives to the same parameter,
and the literals of the goal that are in the same dimension; a call with any number at all, as a
contract in which the parameter is free, is what shows that no value would help.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import islice, product

from verifier.core.diagnostic import SourceError
from verifier.core.span import Span
from verifier.core.term import FALSE, TRUE, Boolean, Enumeration, Real
from verifier.core.unit import UNITS
from verifier.model.contract import bind, contract_of
from verifier.model.expression import Context
from verifier.model.parameter import placeholder, told
from verifier.model.quantity import Logical, OneLabel, Thing, Value
from verifier.model.scope import Scope
from verifier.model.values import Chain, Contract, Model, Skill, SkillParameter
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression

MOST_CALLS = 5000
MOST_VALUES = 6


@dataclass(frozen=True, slots=True)
class Called:
    """A call as it stands in a chain, with its contract. `call` is None where numbers stand for any
    value."""

    text: str
    contract: Contract
    call: tree.Call | None


@dataclass(frozen=True, slots=True)
class Library:
    """The calls, those of the least time first; `open_calls` are those with any number. `whole`
    says that there are no more."""

    calls: tuple[Called, ...]
    open_calls: tuple[Called, ...]
    whole: bool


def library(scope: Scope, model: Model, chain: Chain, span: Span) -> Library:
    """Every call of every skill that the chain could make; new calls stand at `span`."""
    written = list(_calls_in(scope))
    goals = scope.chains[chain.declared].goals
    every = islice(_every(model, written, goals, span), MOST_CALLS + 1)
    calls = [each for call in every if (each := _called(scope, call)) is not None]
    calls.sort(key=_cost)
    opened = [
        Called(text, contract, None)
        for skill in model.skills.values()
        if any(isinstance(parameter.sort, Real) for parameter in skill.parameters)
        for text, contract in _open(scope, model, skill)
    ]
    return Library(tuple(calls[:MOST_CALLS]), tuple(opened), len(calls) <= MOST_CALLS)


def _cost(called: Called) -> tuple[bool, object, object, str]:
    """No bound on the time is worst; then the greatest and the least time, then the text."""
    duration = called.contract.duration
    return duration.high is None, duration.high or 0, duration.low, called.text


def _called(scope: Scope, call: tree.Call) -> Called | None:
    """The call with its contract; None if it is none."""
    try:
        contract = bind(scope, call)
    except SourceError:
        return None
    return Called(contract.text, contract, call)


def _every(
    model: Model, written: Sequence[tree.Call], goals: Sequence[tree.Clause], span: Span
) -> Iterator[tree.Call]:
    literals = [each for goal in goals for each in _literals(goal.formula)]
    for skill in model.skills.values():
        choices: list[list[tree.Expression]] = []
        for place, parameter in enumerate(skill.parameters):
            if isinstance(parameter.sort, Real):
                choices.append(_numbers(skill, place, written, literals))
            else:
                choices.append(_written(parameter, model, span))
        for values in product(*choices):
            arguments = tuple(tree.Argument(None, value, span) for value in values)
            yield tree.Call(tree.Name(skill.name, span), arguments, span)


def _written(parameter: SkillParameter, model: Model, span: Span) -> list[tree.Expression]:
    """All that may stand for an object, a label or a truth value."""
    match parameter.sort:
        case Boolean():
            return [tree.TruthLiteral(value, span) for value in (False, True)]
        case Enumeration(labels):
            return [tree.Reference(label, span) for label in labels]
        case _:
            things = (n for n, kind in model.objects.items() if kind == parameter.type)
            return [tree.Reference(name, span) for name in things]


def _numbers(
    skill: Skill, place: int, written: Sequence[tree.Call], literals: Sequence[tree.Literal]
) -> list[tree.Expression]:
    """What to try for a number: each text once, what chains say before what the goal says."""
    parameter = skill.parameters[place]
    found: dict[str, tree.Expression] = {}
    for call in written:
        if call.function.text != skill.name or len(call.arguments) != len(skill.parameters):
            continue
        for position, argument in enumerate(call.arguments):
            name = argument.name.text if argument.name else skill.parameters[position].name
            if name == parameter.name:
                found.setdefault(format_expression(argument.value), argument.value)
    for literal in literals:
        unit = UNITS.get(literal.unit) if literal.unit else None
        if unit is not None and Real(unit.dimension) == parameter.sort:
            found.setdefault(format_expression(literal), literal)
    return list(found.values())[:MOST_VALUES]


def _calls_in(scope: Scope) -> Iterator[tree.Call]:
    """Every call of a skill that stands in some chain."""
    for chain in scope.chains.values():
        for node in _nodes(chain.steps):
            if isinstance(node, tree.Call) and node.function.text in scope.skills:
                yield node


def _literals(expression: tree.Expression) -> Iterator[tree.Literal]:
    return (node for node in _nodes(expression) if isinstance(node, tree.Literal))


def _nodes(root: object) -> Iterator[object]:
    """The node and all below it, in source order."""
    pending = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending += reversed(node)
        elif is_dataclass(node) and not isinstance(node, Span):
            yield node
            pending += [getattr(node, each.name) for each in reversed(fields(node))]


def _open(scope: Scope, model: Model, skill: Skill) -> Iterator[tuple[str, Contract]]:
    """The skill for every choice of objects, its numbers free."""
    declared = scope.skills[skill.name]
    choices: list[list[Value]] = []
    for parameter, written in zip(skill.parameters, declared.parameters, strict=True):
        choices.append(_values(parameter, model) or [placeholder(scope, written)])
    names = [parameter.name for parameter in skill.parameters]
    for values in product(*choices):
        bindings = dict(zip(names, values, strict=True))
        text = f"{skill.name}({', '.join(told(value, '…') for value in values)})"
        at = Context(scope, bindings, placeholder=True)
        yield text, contract_of(declared, text, at)


def _values(parameter: SkillParameter, model: Model) -> list[Value]:
    """Every object, label or truth value that the parameter may stand for; none for a number."""
    match parameter.sort:
        case Real():
            return []
        case Boolean():
            return [Logical(FALSE), Logical(TRUE)]
        case Enumeration(labels):
            return [OneLabel(label, labels) for label in labels]
        case None:
            assert parameter.type is not None
            things = (n for n, kind in model.objects.items() if kind == parameter.type)
            return [Thing(name, parameter.type) for name in things]
