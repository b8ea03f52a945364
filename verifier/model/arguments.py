"""The arguments of set expressions: by name or place, in the unit of the space they stand in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.core.diagnostic import near_miss
from verifier.core.term import Number, Term
from verifier.core.unit import NONE, Dimension, Unit
from verifier.model.expression import Context, in_unit, scalar, settle
from verifier.model.quantity import Quantity, Vector, fail, kind
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression


@dataclass(frozen=True, slots=True)
class Space:
    """R^size with one dimension of measurement; bare numbers are read in `unit`."""

    size: int
    dimension: Dimension
    unit: Unit | None


def arguments(call: tree.Call, *names: str) -> dict[str, tree.Expression]:
    """The arguments by name; positional ones fill the names in order."""
    found: dict[str, tree.Expression] = {}
    for position, argument in enumerate(call.arguments):
        if argument.name is not None:
            name = argument.name.text
        elif position < len(names):
            name = names[position]
        else:
            fail("wrong-arguments", argument.span, f"`{call.function.text}` takes {_listed(names)}")
        if name not in names:
            fail(
                "wrong-arguments",
                argument.span,
                f"`{call.function.text}` has no argument `{name}`",
                help=near_miss(name, names) or f"it takes {_listed(names)}",
            )
        if name in found:
            fail("wrong-arguments", argument.span, f"the argument `{name}` is given twice")
        found[name] = argument.value
    return found


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def required(call: tree.Call, *names: str) -> list[tree.Expression]:
    """The arguments, every one of which must be given."""
    return wanted(call, arguments(call, *names), *names)


def wanted(
    call: tree.Call, found: dict[str, tree.Expression], *names: str
) -> list[tree.Expression]:
    """Those of the found arguments, every one of which must be given."""
    for name in names:
        if name not in found:
            fail(
                "wrong-arguments",
                call.span,
                f"`{call.function.text}` needs its argument `{name}`",
                help=f"it takes {_listed(names)}",
            )
    return [found[name] for name in names]


def scalar_in(expression: tree.Expression, space: Space, at: Context) -> Term:
    return in_unit(scalar(expression, at), space.dimension, space.unit, expression)


def point_in(expression: tree.Expression, space: Space, at: Context) -> tuple[Term, ...]:
    """A point of the space; in one dimension a scalar will do."""
    value = settle(expression, at)
    if isinstance(value, Quantity) and space.size == 1:
        value = Vector((value,))
    if not isinstance(value, Vector):
        fail(
            "wrong-type",
            expression.span,
            f"`{format_expression(expression)}` is {kind(value)}, but a point is wanted here",
        )
    if len(value.parts) != space.size:
        fail(
            "shape-mismatch",
            expression.span,
            f"{len(value.parts)} numbers are given, but {space.size} are wanted here",
        )
    return tuple(in_unit(part, space.dimension, space.unit, expression) for part in value.parts)


def constants_in(expression: tree.Expression, space: Space, at: Context) -> tuple[Fraction, ...]:
    plain = _plain(expression, space)
    if plain is not None:
        return plain
    inner = replace(at, read=set())
    terms = point_in(expression, space, inner)
    at.read.update(inner.read)
    values = [term.value for term in terms if isinstance(term, Number)]
    if len(values) == len(terms):
        return tuple(values)
    if at.placeholder and not inner.read:
        return tuple(Fraction(i + 1) for i in range(len(terms)))
    fail(
        "not-constant",
        expression.span,
        f"`{format_expression(expression)}` depends on the state, but constants are wanted here",
    )


def _plain(expression: tree.Expression, space: Space) -> tuple[Fraction, ...] | None:
    """The numbers of a list of bare numbers, in which matrices are mostly written; None of what
    takes a closer look."""
    if not isinstance(expression, tree.ListLiteral) or len(expression.items) != space.size:
        return None
    unit = space.unit
    if space.dimension != (NONE if unit is None else unit.dimension):
        return None
    found: list[Fraction] = []
    for item in expression.items:
        negative = isinstance(item, tree.Unary) and item.operator == "-"
        number = item.operand if isinstance(item, tree.Unary) and negative else item
        if not isinstance(number, tree.Literal) or number.unit is not None:
            return None
        found.append(-number.value if negative else number.value)
    return tuple(found if unit is None else [unit.scale * value for value in found])


def rows_of(expression: tree.Expression, at: Context) -> list[tree.Expression]:
    if not isinstance(expression, tree.ListLiteral) or not expression.items:
        fail("wrong-type", expression.span, "a list of lists of numbers is wanted here")
    return list(expression.items)
