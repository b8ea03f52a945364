"""What an expression can stand for while it is being settled."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn, TypeAlias

from verifier.core.diagnostic import Diagnostic, Label, SourceError
from verifier.core.span import Span
from verifier.core.term import Formula, Number, Term
from verifier.core.unit import Dimension, Unit, quantity_name


@dataclass(frozen=True, slots=True)
class Quantity:
    """A scalar in base units. `unit` is the declared unit of the variable it came from, if there is
    one; `bare` says that it was written as a plain number and takes the unit of its place."""

    term: Term
    dimension: Dimension
    unit: Unit | None = None
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Vector:
    parts: tuple[Quantity, ...]


@dataclass(frozen=True, slots=True)
class Logical:
    formula: Formula


@dataclass(frozen=True, slots=True)
class Labelled:
    """An enumeration variable."""

    name: str
    version: int
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OneLabel:
    """A label itself, of those beside it: what an argument may be."""

    label: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Thing:
    """An object, or a skill's parameter that stands for one."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Family:
    """A state variable whose object indices are not all given yet."""

    variable: str
    given: tuple[str, ...]
    version: int


Value: TypeAlias = Quantity | Vector | Logical | Labelled | OneLabel | Thing | Family


def fail(
    code: str, span: Span, message: str, *, help: str | None = None, notes: tuple[Label, ...] = ()
) -> NoReturn:
    raise SourceError([Diagnostic(code, span, message, notes, help)])


def kind(value: Value) -> str:
    """What the value is, in a reader's words."""
    match value:
        case Quantity(_, dimension, _, bare):
            return "a number" if bare else quantity_name(dimension)
        case Vector(parts):
            return f"a vector of {len(parts)}"
        case Logical():
            return "a condition"
        case Labelled(_, _, labels) | OneLabel(_, labels):
            return "one of {" + ", ".join(labels) + "}"
        case Thing(_, type):
            return f"an object of type {type}"
        case Family(variable):
            return f"the whole family `{variable}`"


def bare_number(value: Fraction | int) -> Quantity:
    return Quantity(Number(Fraction(value)), Dimension(), None, True)
