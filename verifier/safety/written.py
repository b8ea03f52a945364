"""Terms as straight-line programs, and how far their doubles may be from what the terms mean.

`written` folds sums and products from the left; the numbers of each are joined exactly and rounded
once. The bound on rounding is the running error analysis of N. Higham (Accuracy and Stability of
Numerical Algorithms, 2002, section 3.3) over a box of inputs instead of along one run: each node
has an interval of exact values and a bound on its error, both in rationals, rounded outwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import prod

from verifier.core.enclosure import MayDivideByZero, NotEnclosed, Range
from verifier.core.root import root_above, root_below
from verifier.core.term import Apply, Number, Product, Quotient, Sum, Term, Variable, add, multiply
from verifier.safety.plant import rounded_down, rounded_up
from verifier.safety.straight import (
    Constant,
    Cosine,
    Draft,
    Input,
    Negation,
    Node,
    Operation,
    Program,
    Root,
    Scalar,
    Selection,
    Sine,
    Size,
)
from verifier.safety.trigonometry import ERROR, LARGEST

UNIT = Fraction(1, 2**53)  # of the last place, relative to the result
LEAST = Fraction(1, 2**1074)
SINE_ERROR = Fraction(ERROR)
ZERO, ONE = Fraction(0), Fraction(1)


class NotWritten(Exception):
    """A function that has no operation here."""


def written(draft: Draft, term: Term, places: Mapping[str, Scalar]) -> Scalar:
    """The term with scalars in the places of its variables. Raises NotWritten."""
    match term:
        case Number(value):
            return draft.constant(float(value))
        case Variable(name):
            return places[name]
        case Sum(parts):
            scalars = [written(draft, part, places) for part in _merged(parts, add)]
            return reduce(Scalar.__add__, scalars)
        case Product(parts):
            scalars = [written(draft, part, places) for part in _merged(parts, multiply)]
            return reduce(Scalar.__mul__, scalars)
        case Quotient(above, below):
            known = _constant(term)
            if known is not None:
                return draft.constant(float(known))
            return written(draft, above, places) / written(draft, below, places)
        case Apply(function, parts):
            return _applied(function, [written(draft, part, places) for part in parts])


def _merged(parts: Sequence[Term], join: Callable[..., Term]) -> list[Term]:
    """The parts with their numbers joined exactly, so that each constant is rounded once."""
    known = [_constant(part) for part in parts]
    numbers = [Number(value) for value in known if value is not None]
    rest = [part for part, value in zip(parts, known, strict=True) if value is None]
    return [join(*numbers), *rest] if numbers else rest


def _constant(term: Term) -> Fraction | None:
    """The value of a term without variables and functions."""
    match term:
        case Number(value):
            return value
        case Sum(parts) | Product(parts):
            values = [_constant(part) for part in parts]
            known = [value for value in values if value is not None]
            if len(known) < len(values):
                return None
            return sum(known, ZERO) if isinstance(term, Sum) else prod(known, start=ONE)
        case Quotient(above, below):
            one, other = _constant(above), _constant(below)
            return None if one is None or not other else one / other
        case _:
            return None


def _applied(function: str, parts: Sequence[Scalar]) -> Scalar:
    first = parts[0]
    match function:
        case "sin":
            return first.sine()
        case "cos":
            return first.cosine()
        case "tan":
            return first.sine() / first.cosine()
        case "sqrt" | "norm":
            return first.root()
        case "abs":
            return first.size()
        case "min" | "max":
            for part in parts[1:]:
                first = first.greater(part) if function == "max" else first.lesser(part)
            return first
        case _:
            raise NotWritten(f"`{function}` is not computed alike on every machine")


# ---- rounding ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Computed:
    """The exact value lies between `low` and `high`, the computed one within `error` of it."""

    low: Fraction
    high: Fraction
    error: Fraction

    @property
    def size(self) -> Fraction:
        return max(abs(self.low), abs(self.high))


def errors(program: Program, inputs: Sequence[Range]) -> dict[str, tuple[Fraction, ...]]:
    """How far each output may be from what it means, for doubles in these ranges. Raises
    NotEnclosed where it may be undefined."""
    found: list[Computed] = []
    for node in program.nodes:
        found.append(_outwards(_computed(node, inputs, found)))
    return {
        name: tuple(found[k].error for k in numbers) for name, numbers in program.outputs.items()
    }


def _computed(node: Node, inputs: Sequence[Range], found: Sequence[Computed]) -> Computed:
    match node:
        case Constant(value):
            exact = Fraction(value)
            off = abs(exact) * UNIT + LEAST
            return Computed(exact - off, exact + off, off)
        case Input(index):
            return Computed(*inputs[index], ZERO)
        case Sine(operand) | Cosine(operand):
            angle = found[operand]
            if angle.size + angle.error > LARGEST:
                raise NotEnclosed("an angle may be beyond 4096 rad")
            return Computed(-ONE, ONE, angle.error + SINE_ERROR)
        case Root(operand):
            return _root(found[operand])
        case Size(operand):
            part = found[operand]
            low = ZERO if part.low <= 0 <= part.high else min(abs(part.low), abs(part.high))
            return Computed(low, part.size, part.error)
        case Selection(greater, left, right):
            one, other = found[left], found[right]
            choose = max if greater else min
            ends = choose(one.low, other.low), choose(one.high, other.high)
            return Computed(*ends, max(one.error, other.error))
        case Negation(operand):
            part = found[operand]
            return Computed(-part.high, -part.low, part.error)
        case Operation(operator, left, right):
            done = _operated(operator, found[left], found[right])
            square = operator == "*" and left == right
            return Computed(max(done.low, ZERO), done.high, done.error) if square else done


def _root(part: Computed) -> Computed:
    """|sqrt a - sqrt b| is at most sqrt |a - b|, and at most |a - b| / sqrt a. What is negative by
    rounding has no root, and no comparison with it is true."""
    low, error = root_below(max(part.low, ZERO)), root_above(part.error)
    if low > 0:
        error = min(error, part.error / low)
    return _rounded(low, root_above(max(part.high, ZERO)), error)


def _operated(operator: str, one: Computed, other: Computed) -> Computed:
    if operator == "+":
        return _rounded(one.low + other.low, one.high + other.high, one.error + other.error)
    if operator == "-":
        return _rounded(one.low - other.high, one.high - other.low, one.error + other.error)
    if operator == "*":
        ends = [a * b for a in (one.low, one.high) for b in (other.low, other.high)]
        error = one.size * other.error + other.size * one.error + one.error * other.error
        return _rounded(min(ends), max(ends), error)
    if other.low - other.error <= 0 <= other.high + other.error:
        raise MayDivideByZero("a denominator may be zero")
    ends = [a / b for a in (one.low, one.high) for b in (other.low, other.high)]
    least = min(abs(other.low), abs(other.high))
    most = max(abs(end) for end in ends)
    error = (one.error + most * other.error) / (least - other.error)
    return _rounded(min(ends), max(ends), error)


def _rounded(low: Fraction, high: Fraction, error: Fraction) -> Computed:
    size = max(abs(low), abs(high)) + error
    return Computed(low, high, error + size * UNIT + LEAST)


def _outwards(value: Computed) -> Computed:
    """The same with numbers of 53 bits, none narrower. Raises NotEnclosed beyond 1e300."""
    if value.size + value.error > Fraction(10) ** 300:
        raise NotEnclosed("a value may be beyond 1e300")
    low, high = Fraction(rounded_down(value.low)), Fraction(rounded_up(value.high))
    return Computed(low, high, Fraction(rounded_up(value.error)))
