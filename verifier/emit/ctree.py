"""C99 as a syntax tree: the little of it that a guard needs."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TypeAlias

# ---- expressions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Id:
    name: str


@dataclass(frozen=True, slots=True)
class Int:
    """An integer constant. `suffix` is `u`, `INT64_C` or empty (see the printer)."""

    value: int
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Real:
    """A double, printed exactly."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A string constant."""

    value: str


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """`base.field`."""

    base: Expression
    field: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """`base->field`."""

    base: Expression
    field: str


@dataclass(frozen=True, slots=True)
class At:
    """`base[index]`."""

    base: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Choose:
    """`condition ? yes : no`."""

    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True, slots=True)
class Cast:
    type: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Braces:
    """An initializer list; a field name before an entry makes it a designated one."""

    items: tuple[Expression | tuple[str, Expression], ...]


Expression: TypeAlias = (
    Id | Int | Real | Text | Unary | Binary | Call | Dot | Arrow | At | Choose | Cast | Braces
)

# ---- statements --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Declare:
    """`type name[sizes] = value;`, sizes outermost first."""

    type: str
    name: str
    value: Expression | None = None
    sizes: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Assign:
    target: Expression
    value: Expression
    operator: str = "="


@dataclass(frozen=True, slots=True)
class Do:
    """An expression for its effect."""

    expression: Expression


@dataclass(frozen=True, slots=True)
class If:
    condition: Expression
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Repeat:
    """`for (variable = 0; variable < bound; ++variable)`, the bound a constant, and as long as
    `also` holds."""

    variable: str
    bound: Expression
    body: tuple[Statement, ...]
    also: Expression | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    value: Expression
    cases: tuple[tuple[Expression, tuple[Statement, ...]], ...]
    otherwise: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Return:
    value: Expression | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment on a line of its own: why, or the place in the source that asked for what
    follows."""

    text: str


Statement: TypeAlias = Declare | Assign | Do | If | Repeat | Switch | Return | Remark

# ---- declarations at the top -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Include:
    header: str
    system: bool


@dataclass(frozen=True, slots=True)
class Macro:
    """`#define name value`."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Member:
    type: str
    name: str
    sizes: tuple[Expression, ...] = ()
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class Struct:
    name: str
    members: tuple[Member, ...]
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class Enum:
    """Labels count from 0; each may carry a remark."""

    name: str
    labels: tuple[tuple[str, str | None], ...]
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """`static` unless it is part of the interface; without a body it is a prototype."""

    type: str
    name: str
    parameters: tuple[Parameter, ...]
    body: tuple[Statement, ...] | None
    static: bool = True
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A constant array: `static const type name[sizes] = {…};`."""

    type: str
    name: str
    sizes: tuple[Expression, ...]
    value: Braces
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A preprocessor line that has no structure here: `#pragma …`."""

    line: str


TopLevel: TypeAlias = Include | Macro | Struct | Enum | Function | Table | Verbatim | Remark


@dataclass(frozen=True, slots=True)
class File:
    """A header if `guard` names its include guard."""

    remark: str
    parts: tuple[TopLevel, ...]
    guard: str | None = None


# ---- small constructors ------------------------------------------------------------------------


def unsigned(value: int) -> Int:
    return Int(value, "u")


def all_of(parts: tuple[Expression, ...]) -> Expression:
    """The `&&` of the parts; 1 if there are none."""
    return _fold("&&", parts, Int(1))


def any_of(parts: tuple[Expression, ...]) -> Expression:
    """The `||` of the parts; 0 if there are none."""
    return _fold("||", parts, Int(0))


def mentions(part: object, name: Id) -> bool:
    """Whether the name stands anywhere in a part of a tree."""
    if part == name:
        return True
    if isinstance(part, tuple):
        return any(mentions(inner, name) for inner in part)
    inside = fields(part) if is_dataclass(part) else ()
    return any(mentions(getattr(part, field.name), name) for field in inside)


def _fold(operator: str, parts: tuple[Expression, ...], empty: Expression) -> Expression:
    if not parts:
        return empty
    result = parts[0]
    for part in parts[1:]:
        result = Binary(operator, result, part)
    return result


def negated(condition: Expression) -> Expression:
    return Unary("!", condition)
