"""Parameters of skills and chains, and what they stand for in a call."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from verifier.core.diagnostic import Label, near_miss
from verifier.core.span import Span
from verifier.core.term import FALSE, NOW, TRUE, Boolean, Enumeration, Number, Real
from verifier.model.expression import Context, check_label, grounded, in_unit, known, settle
from verifier.model.quantity import (
    Labelled,
    Logical,
    OneLabel,
    Quantity,
    Thing,
    Value,
    Vector,
    fail,
    kind,
)
from verifier.model.scope import SORTS, Scope, declared_type, object_type
from verifier.model.values import StateVariable
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression

Declared: TypeAlias = tree.SkillDeclaration | tree.ChainDeclaration
Parameter: TypeAlias = tree.Parameter | tree.ChainParameter


def distinct(skill: Declared) -> tuple[Parameter, ...]:
    """The parameters. Raises SourceError where a name stands twice."""
    seen: dict[str, Span] = {}
    for parameter in skill.parameters:
        name = parameter.name
        if name.text in seen:
            fail(
                "duplicate-name",
                name.span,
                f"the parameter `{name.text}` stands twice",
                notes=(Label(seen[name.text], "first here"),),
            )
        seen[name.text] = name.span
    return skill.parameters


def parameter_type(scope: Scope, parameter: Parameter) -> str | StateVariable:
    """The object type's name, or another type in the form of a variable."""
    base = parameter.type.base
    if isinstance(base, tree.Name) and base.text not in SORTS:
        declaration = scope.types.get(base.text)
        if declaration is None or declaration.definition is None:
            return object_type(scope, base)
    sort, shape, point, family, unit = declared_type(scope, parameter.type)
    if family:
        fail("wrong-type", parameter.type.span, "a parameter is one value, not one for each object")
    return StateVariable(parameter.name.text, sort, shape, point, (), unit, False, parameter.span)


def placeholder(scope: Scope, parameter: Parameter) -> Value:
    """The parameter as any value of its type: what is no object as a variable of its name."""
    declared = parameter_type(scope, parameter)
    if isinstance(declared, str):
        return Thing(parameter.name.text, declared)
    return grounded(declared, (), NOW)


def bound(skill: Declared, call: tree.Call, at: Context) -> dict[str, Value]:
    """What the parameters of a skill or a chain stand for in a call. Raises SourceError."""
    parameters = distinct(skill)
    given = _arguments(skill, call)
    bindings: dict[str, Value] = {}
    for parameter in parameters:
        argument = given[parameter.name.text]
        bindings[parameter.name.text] = _argument(parameter, argument, at)
    return bindings


def called(call: tree.Call, bindings: dict[str, Value], at: Context) -> str:
    """The call as text; the parameters of the chain that it stands in with what they stand for."""
    names = list(bindings)
    by_name = {
        argument.name.text if argument.name else names[position]: argument.value
        for position, argument in enumerate(call.arguments)
    }
    given = [by_name[name] for name in names]
    if not at.bindings:
        texts = [format_expression(argument) for argument in given]
    else:
        pairs = zip(given, bindings.values(), strict=True)
        texts = [told(value, format_expression(written)) for written, value in pairs]
    return f"{call.function.text}({', '.join(texts)})"


def told(value: Value, otherwise: str) -> str:
    """What an argument stands for, as text; `otherwise` where it stands for any value."""
    match value:
        case Thing(name) | OneLabel(name):
            return name
        case Logical(stated) if stated in (TRUE, FALSE):
            return "true" if stated == TRUE else "false"
        case Quantity(Number(amount), _, unit):
            symbol = f" {unit.symbol}" if unit else ""
            return f"{amount / unit.scale if unit else amount}{symbol}"
        case Vector(parts) if _constant(value):
            return f"[{', '.join(told(part, otherwise) for part in parts)}]"
        case _:
            return otherwise


def _arguments(skill: Declared, call: tree.Call) -> dict[str, tree.Expression]:
    names = [parameter.name.text for parameter in skill.parameters]
    declared = Label(skill.name.span, f"`{skill.name.text}` is declared here")
    if len(call.arguments) != len(names):
        fail(
            "wrong-arguments",
            call.span,
            f"`{skill.name.text}` takes {len(names)} argument{'s' * (len(names) != 1)}"
            f" ({', '.join(names)}), not {len(call.arguments)}"
            if names
            else f"`{skill.name.text}` takes no arguments, not {len(call.arguments)}",
            notes=(declared,),
        )
    given: dict[str, tree.Expression] = {}
    for position, argument in enumerate(call.arguments):
        name = argument.name.text if argument.name else names[position]
        if name not in names:
            fail(
                "wrong-arguments",
                argument.span,
                f"`{skill.name.text}` has no parameter `{name}`",
                help=near_miss(name, names),
                notes=(declared,),
            )
        if name in given:
            fail("wrong-arguments", argument.span, f"the parameter `{name}` is given twice")
        given[name] = argument.value
    return given


def _argument(parameter: Parameter, written: tree.Expression, place: Context) -> Value:
    at = replace(place, read=set())
    declared = parameter_type(at.scope, parameter)
    value = _label(declared, written, at) or settle(written, at)
    if not _fits(value, declared):
        fail(
            "wrong-type",
            written.span,
            f"`{format_expression(written)}` is {kind(value)}, but"
            f" `{parameter.name.text}` is {_wanted(declared)}",
            notes=(Label(parameter.span, "the parameter is declared here"),),
        )
    if not isinstance(declared, str):
        value = _in_units(value, declared, written)
    if at.read and not _constant(value):
        fail(
            "not-constant",
            written.span,
            f"`{format_expression(written)}` depends on the state, but an argument is a constant",
        )
    return value


def _label(declared: str | StateVariable, written: tree.Expression, at: Context) -> OneLabel | None:
    """The label that is written for a parameter which is one."""
    if isinstance(declared, str) or not isinstance(declared.sort, Enumeration):
        return None
    if not isinstance(written, tree.Reference) or known(written.name, at):
        return None
    labels = declared.sort.labels
    check_label(written.name, labels, f"`{declared.name}`", written.span)
    return OneLabel(written.name, labels)


def _fits(value: Value, declared: str | StateVariable) -> bool:
    if isinstance(declared, str):
        return isinstance(value, Thing) and value.type == declared
    match declared.sort, value:
        case Enumeration(labels), Labelled() | OneLabel():
            return set(value.labels) <= set(labels)
        case Boolean(), Logical():
            return True
        case Real(), Vector(parts):
            return declared.shape == (len(parts),)
        case Real(), Quantity():
            return not declared.shape
        case _:
            return False


def _wanted(declared: str | StateVariable) -> str:
    if isinstance(declared, str):
        return f"an object of type {declared}"
    match declared.sort:
        case Enumeration(labels):
            return "one of {" + ", ".join(labels) + "}"
        case Boolean():
            return "`true` or `false`"
        case Real():
            return f"a vector of {declared.shape[0]}" if declared.shape else "a number"


def _in_units(value: Value, declared: StateVariable, written: tree.Expression) -> Value:
    """The value, if it is numbers, in the parameter's unit."""
    unit = declared.unit
    match declared.sort, value:
        case Real(dimension), Quantity():
            return Quantity(
                in_unit(value, dimension, declared.unit, written), dimension, declared.unit
            )
        case Real(dimension), Vector(parts):
            terms = (in_unit(part, dimension, unit, written) for part in parts)
            return Vector(tuple(Quantity(term, dimension, unit) for term in terms))
        case _:
            return value


def _constant(value: Value) -> bool:
    """Whether the value is plain, whatever was read on the way to it."""
    match value:
        case Quantity(term):
            return isinstance(term, Number)
        case Vector(parts):
            return all(map(_constant, parts))
        case Logical(stated):
            return stated in (TRUE, FALSE)
        case _:
            return isinstance(value, (Thing, OneLabel))
