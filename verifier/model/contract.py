"""Skills to contracts: parameters bound, clauses split, and the frame read off what is promised.

The frame. What a promise writes is what stands on the left of a comparison or of `in`, or is a
boolean atom; a variable that is read only to place another one, or under `old`, is not written.
Where that reading is ambiguous (a disjunction, an arithmetic expression on the left), only
variables that `modifies` names are taken as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import prod

from verifier.core.diagnostic import Label, near_miss
from verifier.core.term import (
    NOW,
    Proposition,
    Variable,
    variables,
)
from verifier.core.unit import TIME, UNITS
from verifier.model.capacity import use
from verifier.model.expression import (
    Context,
    cases,
    formula,
    number,
    scalar_names,
    settle,
)
from verifier.model.parameter import bound, called, distinct, placeholder
from verifier.model.plan import Use
from verifier.model.quantity import (
    Family,
    Labelled,
    Logical,
    Quantity,
    Value,
    Vector,
    fail,
)
from verifier.model.scope import FALLBACKS, Scope
from verifier.model.values import Condition, Contract, Duration, StateVariable
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression

BEFORE = ("requires", "initial")
AFTER = ("ensures", "terminal")


# ---- binding -----------------------------------------------------------------------------------


def bind(scope: Scope, call: tree.Call, at: Context | None = None) -> Contract:
    """The contract of the called skill with its parameters bound to the arguments, which stand at
    `at`.

    Raises SourceError at the call or at the clause that is wrong.
    """
    at = at or Context(scope)
    name = call.function
    skill = scope.skills.get(name.text)
    if skill is None:
        fail(
            "unknown-skill",
            name.span,
            f"there is no skill `{name.text}`",
            help=near_miss(name.text, scope.skills),
        )
    bindings = bound(skill, call, at)
    text = called(call, bindings, at)
    return contract_with(scope, skill, text, bindings)


def contract_with(
    scope: Scope, skill: tree.SkillDeclaration, text: str, bindings: dict[str, Value]
) -> Contract:
    """The contract of the skill with these parameters; `text` is the call. Raises SourceError."""
    if skill.name.text in scope.kept:
        return scope.kept[skill.name.text]
    key = ("contract", text, *bindings.values())
    if key not in scope.memo:
        scope.memo[key] = contract_of(skill, text, Context(scope, bindings))
    return scope.memo[key]  # type: ignore[return-value]


def check_declaration(scope: Scope, skill: tree.SkillDeclaration) -> None:
    """Settles the skill with every parameter standing for any value. Raises SourceError."""
    if not skill.parameters:
        contract_with(scope, skill, f"{skill.name.text}()", {})
        return
    bindings = {p.name.text: placeholder(scope, p) for p in distinct(skill)}
    contract_of(skill, skill.name.text, Context(scope, bindings, placeholder=True))


# ---- clauses -----------------------------------------------------------------------------------


def conjuncts(expression: tree.Expression) -> Iterator[tree.Expression]:
    """The clause split at its top-level `and`."""
    pending = [expression]
    while pending:
        match pending.pop():
            case tree.Binary("and", left, right):
                pending += [right, left]
            case other:
                yield other


def conditions(clause: tree.Clause, at: Context) -> list[Condition]:
    """The parts of a clause. Raises SourceError, also where a fallback is missing."""
    fallback = _fallback(clause)
    settled = []
    for part in conjuncts(clause.formula):
        inner = replace(
            at, read=set(), old_allowed=at.old_allowed or clause.kind in (*AFTER, "invariant")
        )
        stated = formula(part, inner)
        outside = sorted(n for n in inner.read if at.scope.variables[n].environment)
        if outside:
            _check_environment(clause, part, outside[0], fallback, at.scope)
        settled.append(
            Condition(
                clause.kind, stated, part.span, format_expression(part), bool(outside), fallback
            )
        )
    return settled


def _fallback(clause: tree.Clause) -> str | None:
    if clause.fallback is None:
        return None
    return named_fallback(clause.fallback)


def named_fallback(name: tree.Name) -> str:
    """One of hold, retreat, stop."""
    if name.text not in FALLBACKS:
        fail(
            "unknown-fallback",
            name.span,
            f"there is no fallback `{name.text}`",
            help=near_miss(name.text, FALLBACKS) or "fallbacks are `hold`, `retreat` and `stop`",
        )
    return name.text


def _check_environment(
    clause: tree.Clause, part: tree.Expression, name: str, fallback: str | None, scope: Scope
) -> None:
    declared = (Label(scope.variables[name].span, "declared as environment here"),)
    if clause.kind in AFTER or clause.kind == "achieve":
        fail(
            "environment-promised",
            part.span,
            f"`{name}` belongs to the environment: no skill can promise anything about it",
            notes=declared,
        )
    if clause.kind == "assume":
        fail(
            "environment-assumed",
            part.span,
            f"`{name}` belongs to the environment and may change at any moment,"
            " so nothing can be assumed of it",
            notes=declared,
        )
    if fallback is None:
        fail(
            "missing-fallback",
            part.span,
            f"`{name}` belongs to the environment, so this cannot be proved beforehand,"
            " and no fallback is named",
            help="name one behind the clause: `else stop`",
            notes=declared,
        )


def contract_of(skill: tree.SkillDeclaration, text: str, at: Context) -> Contract:
    """The contract of a skill whose parameters are bound at `at`. Raises SourceError."""
    assert skill.name.text not in at.scope.kept, "the body of this skill was not read"
    requires: list[Condition] = []
    ensures: list[Condition] = []
    invariants: list[Condition] = []
    durations: list[Duration] = []
    uses: list[Use] = []
    promised: list[tree.Expression] = []
    modified: set[str] = set()
    for clause in skill.clauses:
        match clause:
            case tree.Modifies(targets):
                for target in targets:
                    modified.update(_places(target, at))
            case tree.Duration():
                if durations:
                    fail("duplicate-clause", clause.span, "a skill has one `duration`")
                durations.append(_duration(clause, at))
            case tree.Uses():
                uses.append(use(clause, at))
            case tree.Clause(kind):
                settled = conditions(clause, at)
                if kind in BEFORE:
                    requires += settled
                elif kind in AFTER:
                    ensures += settled
                    promised += conjuncts(clause.formula)
                else:
                    invariants += settled
    tables = [clause for clause in skill.clauses if isinstance(clause, tree.Transition)]
    if len(tables) > 1:
        fail("duplicate-clause", tables[1].span, "a skill has one `transition`")
    frame = set(modified)
    for table in tables:
        frame.update(_places(table.variable, at))
    after = replace(at, old_allowed=True)
    for part in promised:
        frame.update(_written(part, after, modified))
    contract = Contract(
        skill.name.text,
        text,
        tuple(requires),
        tuple(ensures),
        tuple(invariants),
        frozenset(frame),
        durations[0] if durations else Duration(Fraction(0), None, skill.name.span),
        skill.span,
        uses=tuple(uses),
    )
    return _with_table(contract, tables[0], at) if tables else contract


def _with_table(contract: Contract, table: tree.Transition, at: Context) -> Contract:
    """The contract with its transition; with none as long as its objects are any objects."""
    from verifier.model.transition import transition_of

    if at.placeholder and at.bindings:
        return contract
    return replace(contract, transition=transition_of(table, contract, at))


def _duration(clause: tree.Duration, at: Context) -> Duration:
    low, high = (number(end, TIME, UNITS["s"], at) for end in (clause.low, clause.high))
    if low < 0 or high < low:
        fail(
            "bad-duration",
            clause.span,
            "a duration runs from a time of at least 0 s to a later one, not from"
            f" {low} s to {high} s",
        )
    return Duration(low, high, clause.span, clause.chosen)


# ---- the frame ---------------------------------------------------------------------------------


def _places(target: tree.Expression, at: Context) -> set[str]:
    """The scalars that a `modifies` target names."""
    names = place_of(target, at)
    if names is None:
        fail(
            "not-a-variable",
            target.span,
            f"`{format_expression(target)}` is not a state variable",
            help="`modifies` lists what may change: `q, ee, pose[o]`",
        )
    return names


def place_of(expression: tree.Expression, at: Context) -> set[str] | None:
    """The scalars that the expression denotes, if it denotes a place in the state."""
    if isinstance(expression, tree.ListLiteral):
        places = [place_of(item, at) for item in expression.items]
        return None if None in places else set().union(*(p for p in places if p is not None))
    if not isinstance(expression, tree.Reference | tree.Index | tree.Part):
        return None
    root = expression
    while isinstance(root, tree.Index | tree.Part):
        root = root.base  # type: ignore[assignment]
    if not isinstance(root, tree.Reference) or root.name not in at.scope.variables:
        return None
    if root.name in at.bindings:
        return None
    if isinstance(expression, tree.Part) and expression.part.text in ("lower", "upper"):
        return None
    variable = at.scope.variables[root.name]
    if variable.environment:
        fail(
            "environment-promised",
            expression.span,
            f"`{root.name}` belongs to the environment: no skill can change it",
            notes=(Label(variable.span, "declared as environment here"),),
        )
    return set(scalars_of(settle(expression, at), at))


def scalars_of(value: Value, at: Context) -> Iterator[str]:
    match value:
        case Quantity(Variable(name, _)) | Logical(Proposition(name, _)) | Labelled(name, _, _):
            yield name
        case Vector(parts):
            for part in parts:
                yield from scalars_of(part, at)
        case Family(name, given):
            yield from family_scalars(at.scope, at.scope.variables[name], given)


def family_scalars(
    scope: Scope, variable: StateVariable, given: tuple[str, ...] = ()
) -> Iterator[str]:
    """Every scalar of a variable, over all objects of its remaining indices."""
    for member in members(scope, variable, given):
        yield from scalar_names(variable, member)


def members(scope: Scope, variable: StateVariable, given: tuple[str, ...] = ()) -> Iterator[str]:
    """Every member of a variable's family: `pose[cup]`, `pose[shelf]`."""
    if len(given) == len(variable.family):
        yield variable.name + "".join(f"[{name}]" for name in given)
        return
    for thing in scope.objects_of(variable.family[len(given)]):
        yield from members(scope, variable, (*given, thing))


def _written(part: tree.Expression, at: Context, modified: set[str]) -> set[str]:
    """The scalars that a promise writes."""
    match part:
        case tree.TruthLiteral():
            return set()
        case tree.Binary("and", left, right):
            return _written(left, at, modified) | _written(right, at, modified)
        case tree.Unary("not", operand) if not isinstance(operand, tree.Binary | tree.Quantified):
            return _written(operand, at, modified)
        case tree.Quantified("forall", variable, domain, body):
            return set().union(*(_written(body, c, modified) for c in cases(variable, domain, at)))
        case tree.Comparing(operators, operands):
            subject = operands[0] if len(operators) == 1 else operands[1]
            written = place_of(subject, at) if len(operators) <= 2 else None
        case tree.Membership(element):
            written = place_of(element, at)
        case _:
            written = place_of(part, at)
    return written if written is not None else _ambiguous(part, at, modified)


def _ambiguous(part: tree.Expression, at: Context, modified: set[str]) -> set[str]:
    given = _given(at)
    now = {
        name
        for name, version in variables(formula(part, at))
        if version == NOW and name not in given and _declared(name, at.scope)
    }
    if not now:
        return set()
    if now & modified:
        return now & modified
    named = _whole(now, at.scope)
    fail(
        "frame-ambiguous",
        part.span,
        f"`{format_expression(part)}` does not say which of {_listed(named)} the skill changes",
        help=f"name it in a `modifies` clause: `modifies {min(named)}`",
    )


def _whole(scalars: set[str], scope: Scope) -> set[str]:
    """The scalars, with those that are all parts of a vector or a point under its name."""
    parts: dict[str, set[str]] = {}
    for name in scalars:
        shaped = bool(scope.variables[_variable(name)].shape)
        whole = re.sub(r"(\[\d+\]|\.[xyz])$", "", name) if shaped else name
        parts.setdefault(whole, set()).add(name)
    named: set[str] = set()
    for whole, found in parts.items():
        shape = scope.variables[_variable(whole)].shape
        named |= {whole} if len(found) == prod(shape) else found
    return named


def _given(at: Context) -> set[str]:
    """What stands for parameters, as long as they stand for anything."""
    if not at.placeholder:
        return set()
    return {name for value in at.bindings.values() for name in scalars_of(value, at)}


def _declared(scalar: str, scope: Scope) -> bool:
    """Whether it is a part of a state variable, and not of the parameter of a chain."""
    return _variable(scalar) in scope.variables


def _variable(scalar: str) -> str:
    return re.split(r"[\[.]", scalar, maxsplit=1)[0]


def _listed(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
