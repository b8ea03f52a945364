"""Formulas over measured values as bodies of C functions that answer a `guard_truth`.

Bit by bit the meaning of monitor/measured.py: sums and products are folded from the left, `x - y`
stands for `x + -1 y` (the same double), and wherever something that is not finite could hide, it is
given a name and checked. Bare measured values need no check: an invalid sample never gets here.
Of several comparisons each gets a name, and no value is compared with itself, because compilers
warn of conditions that cannot be true, and a clause may well contain one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from verifier.core.term import (
    OLD,
    And,
    Apply,
    Choice,
    Comparison,
    Formula,
    Iff,
    Implies,
    Not,
    Number,
    Or,
    Product,
    Proposition,
    Quotient,
    Sum,
    Term,
    Truth,
    Variable,
    variables,
)
from verifier.emit.ctree import (
    Arrow,
    At,
    Binary,
    Call,
    Choose,
    Declare,
    Expression,
    Id,
    If,
    Int,
    Real,
    Remark,
    Return,
    Statement,
    Unary,
    all_of,
    any_of,
    negated,
    unsigned,
)
from verifier.emit.layout import Place
from verifier.emit.printer import real

UNDEFINED = Id("GUARD_UNDEFINED")


@dataclass(frozen=True, slots=True)
class Lowered:
    """The body of a function with the parameters `now` and `entry`, as far as it uses them."""

    body: tuple[Statement, ...]
    parameters: tuple[str, ...]


def lowered(formula: Formula, places: Mapping[str, Place], labels: Mapping[str, str]) -> Lowered:
    """`labels` gives the C name of `field.label`."""
    tests = [atom for atom in atoms(formula) if isinstance(atom, Choice | Comparison)]
    work = _Work(places, labels, len(tests) == 1)
    value = _formula(formula, work)
    versions = {version for _, version in variables(formula)}
    parameters = (*(["now"] if versions - {OLD} else []), *(["entry"] if OLD in versions else []))
    answer = Choose(value, Id("GUARD_TRUE"), Id("GUARD_FALSE"))
    return Lowered((*_legend(formula), *work.statements, Return(answer)), parameters)


def lowered_margin(
    formula: Formula, places: Mapping[str, Place], labels: Mapping[str, str]
) -> Lowered:
    """The same for the robustness of the formula (monitor/robustness.py), NAN where it has none."""
    work = _Work(places, labels, False, Id("NAN"))
    value = _margin(formula, work)
    parameters = ("now",) if next(variables(formula), None) else ()
    return Lowered((*_legend(formula), *work.statements, Return(value)), parameters)


def _margin(formula: Formula, work: _Work) -> Expression:
    match formula:
        case Truth() | Proposition() | Choice():
            held = _formula(formula, work)
            return Choose(held, Id("INFINITY"), Unary("-", Id("INFINITY")))
        case Comparison("==", left, right):
            gap = Binary("-", _side(left, work), _side(right, work))
            return work.named("const double", _opposite(Call("fabs", (gap,))))
        case Comparison(_, left, right):
            low, high = _side(left, work), _side(right, work)
            return work.named("const double", Binary("+", Binary("-", high, low), Real(0.0)))
        case Not(body):
            return _opposite(_margin(body, work))
        case And(parts):
            return _selected("guard_least", [_margin(part, work) for part in parts], work)
        case Or(parts):
            return _selected("guard_greatest", [_margin(part, work) for part in parts], work)
        case Implies(premise, conclusion):
            assumed = _opposite(_margin(premise, work))
            return _selected("guard_greatest", [assumed, _margin(conclusion, work)], work)
        case Iff(one, other):
            first, second = _margin(one, work), _margin(other, work)
            return work.named("const double", Call("guard_alike", (first, second)))


def _opposite(value: Expression) -> Expression:
    return Call("guard_opposite", (value,))


def _selected(kernel: str, values: list[Expression], work: _Work) -> Expression:
    best = values[0]
    for value in values[1:]:
        best = work.named("const double", Call(kernel, (best, value)))
    return best


def _legend(formula: Formula) -> tuple[Remark, ...]:
    """What the constants that are printed in hexadecimal are in decimal."""
    terms = [t for a in atoms(formula) if isinstance(a, Comparison) for t in (a.left, a.right)]
    values = dict.fromkeys(float(value) for term in terms for value in _numbers(term))
    odd = [value for value in values if "x" in real(value)]
    return (Remark(", ".join(f"{real(v)} is {v!r}" for v in odd)),) if odd else ()


def _numbers(term: Term) -> Iterator[Fraction]:
    match term:
        case Number(value):
            yield value
        case Sum(parts) | Product(parts) | Apply(_, parts):
            for part in parts:
                yield from _numbers(part)
        case Quotient(numerator, denominator):
            yield from _numbers(numerator)
            yield from _numbers(denominator)
        case Variable():
            return


def atoms(formula: Formula) -> Iterator[Formula]:
    match formula:
        case Not(body):
            yield from atoms(body)
        case And(parts) | Or(parts):
            for part in parts:
                yield from atoms(part)
        case Implies(left, right) | Iff(left, right):
            yield from atoms(left)
            yield from atoms(right)
        case _:
            yield formula


@dataclass(frozen=True, slots=True)
class _Work:
    places: Mapping[str, Place]
    labels: Mapping[str, str]
    alone: bool
    undefined: Expression = UNDEFINED
    statements: list[Statement] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def named(self, type_name: str, value: Expression) -> Id:
        name = f"{'x' if type_name == 'const double' else 'is'}{len(self.names) + 1}"
        self.names.append(name)
        self.statements.append(Declare(type_name, name, value))
        return Id(name)

    def condition(self, value: Expression) -> Expression:
        return value if self.alone else self.named("const bool", value)

    def finite(self, value: Expression) -> Id:
        """A name for the value, behind a check that it is finite."""
        name = self.named("const double", value)
        self.statements.append(
            If(negated(Call("guard_finite", (name,))), (Return(self.undefined),))
        )
        return name


def place_of(place: Place, sample: Expression) -> Expression:
    """The scalar in a sample that is given by its address."""
    target: Expression = Arrow(sample, place.field)
    for index in place.indices:
        target = At(target, unsigned(index))
    return target


def _read(name: str, version: int, work: _Work) -> Expression:
    return place_of(work.places[name], Id("entry" if version == OLD else "now"))


def _formula(formula: Formula, work: _Work) -> Expression:
    match formula:
        case Truth(value):
            return Id("true" if value else "false")
        case Proposition(name, version):
            return Binary("!=", _read(name, version, work), unsigned(0))
        case Choice(name, version, label):
            constant = Id(work.labels[f"{work.places[name].field}.{label}"])
            chosen = Binary("==", _read(name, version, work), constant)
            return work.condition(chosen)
        case Comparison(relation, Variable() as left, right) if left == right:
            finite = Call("guard_finite", (_term(left, work),))
            return negated(finite) if relation == "<" else finite
        case Comparison(relation, left, right):
            return work.condition(Binary(relation, _side(left, work), _side(right, work)))
        case Not(body):
            return negated(_formula(body, work))
        case And(parts):
            return all_of(tuple([_formula(part, work) for part in parts]))
        case Or(parts):
            return any_of(tuple([_formula(part, work) for part in parts]))
        case Implies(premise, conclusion):
            assumed = negated(_formula(premise, work))
            return Binary("||", assumed, _formula(conclusion, work))
        case Iff(left_side, right_side):
            first = _formula(left_side, work)
            return Binary("==", Choose(first, Int(1), Int(0)), _bit(right_side, work))


def _bit(formula: Formula, work: _Work) -> Expression:
    return Choose(_formula(formula, work), Int(1), Int(0))


def _side(term: Term, work: _Work) -> Expression:
    value = _term(term, work)
    return value if isinstance(term, Number | Variable) else work.finite(value)


def _term(term: Term, work: _Work) -> Expression:
    match term:
        case Number(value):
            return Real(float(value))
        case Variable(name, version):
            return _read(name, version, work)
        case Sum(terms):
            total = _term(terms[0], work)
            for part in terms[1:]:
                taken = _negative(part)
                operator = "+" if taken is None else "-"
                total = Binary(operator, total, _term(part if taken is None else taken, work))
            return total
        case Product():
            taken = _negative(term)
            return _product(term, work) if taken is None else Unary("-", _term(taken, work))
        case Quotient(numerator, denominator):
            above = _term(numerator, work)
            below = work.finite(_term(denominator, work))
            zero = Binary("==", below, Real(0.0))
            work.statements.append(If(zero, (Return(work.undefined),)))
            return Binary("/", above, below)
        case Apply(function, arguments):
            return _apply(function, [_term(part, work) for part in arguments], work)


def _product(term: Product, work: _Work) -> Expression:
    product = _term(term.factors[0], work)
    for factor in term.factors[1:]:
        product = Binary("*", product, _term(factor, work))
    return product


def _negative(term: Term) -> Term | None:
    """The x of `-1 * x`, one factor: negation and subtraction give the same double."""
    match term:
        case Product((Number(value), other)) if value == Fraction(-1):
            return other
        case _:
            return None


def _apply(function: str, arguments: list[Expression], work: _Work) -> Expression:
    if function == "abs":
        return Call("fabs", tuple(arguments))
    if function == "sqrt":
        return Call("sqrt", tuple(arguments))
    kernel = "guard_least" if function == "min" else "guard_greatest"
    best: Expression = work.finite(arguments[0])
    for argument in arguments[1:]:
        best = Call(kernel, (best, work.finite(argument)))
    return best
