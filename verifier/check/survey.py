"""Looks over formulas before anything recursive touches them: shape, names, sorts, depth."""

from __future__ import annotations

from fractions import Fraction

from verifier.check.polynomial import DEPTH_MAX, Refused, shown
from verifier.core.term import (
    And,
    Apply,
    Boolean,
    Choice,
    Comparison,
    Enumeration,
    Iff,
    Implies,
    Not,
    Number,
    Or,
    Product,
    Proposition,
    Quotient,
    Real,
    Sort,
    Sum,
    Truth,
    Variable,
)

NODES_MAX = 1_000_000
BITS_MAX = 13_000
ALWAYS_DEFINED = ("abs", "min", "max", "norm", "sin", "cos", "exp")

_FORMULAS = (Truth, Proposition, Choice, Comparison, Not, And, Or, Implies, Iff)
_TERMS = (Number, Variable, Sum, Product, Quotient, Apply)


def rational(value: object, what: str) -> Fraction:
    """The value, if it is an exact number of reasonable size."""
    if type(value) is not Fraction:
        raise Refused(f"{what} is not an exact number")
    above, below = value.as_integer_ratio()
    if above.bit_length() > BITS_MAX or below.bit_length() > BITS_MAX:
        raise Refused(f"{what} has too many digits")
    return value


def survey(root: object, sorts: dict[str, Sort], *, partial: bool) -> None:
    """Raises Refused unless `root` is a formula or term over `sorts` that is not nested too deeply;
    without `partial`, also if it is undefined somewhere."""
    todo: list[tuple[object, tuple[type, ...], int]] = [(root, _FORMULAS + _TERMS, 1)]
    seen = 0
    while todo:
        node, wanted, depth = todo.pop()
        seen += 1
        if seen > NODES_MAX or depth > DEPTH_MAX:
            raise Refused("a formula is too large or nested too deeply")
        if type(node) not in wanted:
            raise Refused(f"a {type(node).__name__} stands where {_told(wanted)} is wanted")
        if isinstance(node, Variable):
            known(node.name, node.version, Real, sorts)
            continue
        if isinstance(node, Number):
            if type(node.value) is not Fraction:
                raise Refused("a number in a formula is not exact")
            continue
        inner: tuple[object, ...]
        if isinstance(node, Product):
            inner, wanted = _tuple(node.factors), _TERMS
        elif isinstance(node, Sum):
            inner, wanted = _tuple(node.terms), _TERMS
        elif isinstance(node, Comparison):
            if node.relation not in ("<=", "<", "=="):
                raise Refused(f"there is no relation {shown(node.relation)}")
            inner, wanted = (node.left, node.right), _TERMS
        else:
            inner, wanted = _seldom(node, sorts, partial)
        depth += 1
        for part in inner:
            todo.append((part, wanted, depth))


def _seldom(
    node: object, sorts: dict[str, Sort], partial: bool
) -> tuple[tuple[object, ...], tuple[type, ...]]:
    """The parts of a node of the other kinds, and what each of them may be."""
    match node:
        case Truth(value):
            if type(value) is not bool:
                raise Refused("a truth value is neither true nor false")
        case Proposition(name, version):
            known(name, version, Boolean, sorts)
        case Choice(name, version, label):
            sort = known(name, version, Enumeration, sorts)
            if isinstance(sort, Enumeration) and label not in sort.labels:
                raise Refused(f"`{name}` has no label {shown(label)}")
        case Not(body):
            return (body,), _FORMULAS
        case Implies(left, right) | Iff(left, right):
            return (left, right), _FORMULAS
        case And(parts) | Or(parts):
            return _tuple(parts), _FORMULAS
        case Quotient(left, right):
            if not (partial or isinstance(right, Number)):
                raise Refused("a goal divides by something that is no number")
            return (left, right), _TERMS
        case Apply(function, parts):
            if type(function) is not str:
                raise Refused("a function has no name")
            if not (partial or function in ALWAYS_DEFINED):
                raise Refused(f"a goal uses {shown(function)}, which may be undefined")
            return _tuple(parts), _TERMS
    return (), _FORMULAS


def _told(wanted: tuple[type, ...]) -> str:
    return "a formula" if wanted is _FORMULAS else "a term"


def known(name: object, version: object, wanted: type, sorts: dict[str, Sort]) -> Sort:
    """The sort of a variable. Raises Refused if there is none, or another than wanted."""
    if type(name) is not str or type(version) is not int or name not in sorts:
        raise Refused(f"the question has no variable {shown(name)}")
    if not isinstance(sorts[name], wanted):
        raise Refused(f"`{name}` is not of sort {wanted.__name__}")
    return sorts[name]


def _tuple(parts: object) -> tuple[object, ...]:
    if type(parts) is not tuple:
        raise Refused(f"a {type(parts).__name__} stands where a sequence of parts is wanted")
    return parts
