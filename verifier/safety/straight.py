"""Straight-line programs: a fixed list of operations on doubles, each computed once.

One list has two readers: `run` evaluates it here, verifier/emit/straight.py prints it as C. Both
do the same operations in the same order, so they agree to the last bit. Formulas are written with
`Scalar`s, as on paper; zeros and ones are folded away, and equal nodes are one node.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from verifier.safety.trigonometry import sine_cosine


@dataclass(frozen=True, slots=True)
class Constant:
    value: float


@dataclass(frozen=True, slots=True)
class Input:
    index: int


@dataclass(frozen=True, slots=True)
class Sine:
    operand: int


@dataclass(frozen=True, slots=True)
class Cosine:
    operand: int


@dataclass(frozen=True, slots=True)
class Root:
    """The square root."""

    operand: int


@dataclass(frozen=True, slots=True)
class Size:
    """The absolute value."""

    operand: int


@dataclass(frozen=True, slots=True)
class Selection:
    """The lesser or the greater one; `left` where they are equal, or where one is no number."""

    greater: bool
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Negation:
    operand: int


@dataclass(frozen=True, slots=True)
class Operation:
    """`operator` is `+`, `-`, `*` or `/`; the operands are numbers of earlier nodes."""

    operator: str
    left: int
    right: int


Node: TypeAlias = Constant | Input | Sine | Cosine | Root | Size | Selection | Negation | Operation


@dataclass(frozen=True, slots=True)
class Program:
    """`outputs` gives the nodes of each named array, in order."""

    inputs: int
    nodes: tuple[Node, ...]
    outputs: Mapping[str, tuple[int, ...]]


@dataclass(slots=True)
class Draft:
    """A program while it is written."""

    nodes: list[Node] = field(default_factory=list)
    numbers: dict[Node, int] = field(default_factory=dict)

    def node(self, node: Node) -> Scalar:
        number = self.numbers.setdefault(node, len(self.nodes))
        if number == len(self.nodes):
            self.nodes.append(node)
        return Scalar(self, number)

    def constant(self, value: float) -> Scalar:
        return self.node(Constant(value + 0.0))  # no negative zero

    def finish(self, inputs: int, outputs: Mapping[str, Sequence[Scalar]]) -> Program:
        """The program, without the nodes that no output needs."""
        named = {name: tuple(s.number for s in scalars) for name, scalars in outputs.items()}
        return narrowed(Program(inputs, tuple(self.nodes), named), tuple(named))


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """The value of one node."""

    draft: Draft
    number: int

    @property
    def constant(self) -> float | None:
        node = self.draft.nodes[self.number]
        return node.value if isinstance(node, Constant) else None

    def __neg__(self) -> Scalar:
        node = self.draft.nodes[self.number]
        if isinstance(node, Constant):
            return self.draft.constant(-node.value)
        if isinstance(node, Negation):
            return Scalar(self.draft, node.operand)
        return self.draft.node(Negation(self.number))

    def __add__(self, other: Scalar) -> Scalar:
        one, two = self.constant, other.constant
        if one is not None and two is not None:
            return self.draft.constant(one + two)
        if one == 0.0:
            return other
        if two == 0.0:
            return self
        turned = self.draft.nodes[other.number]
        if isinstance(turned, Negation):
            return self.draft.node(Operation("-", self.number, turned.operand))
        return self.draft.node(Operation("+", self.number, other.number))

    def __sub__(self, other: Scalar) -> Scalar:
        return self + -other

    def __mul__(self, other: Scalar) -> Scalar:
        one, two = self.constant, other.constant
        if one is not None and two is not None:
            return self.draft.constant(one * two)
        if one is None and two is not None:
            return other * self
        if one == 0.0:
            return self
        if one == 1.0:
            return other
        if one == -1.0:
            return -other
        for factor, rest in ((self, other), (other, self)):
            turned = self.draft.nodes[factor.number]
            if isinstance(turned, Negation):
                return -(Scalar(self.draft, turned.operand) * rest)
        return self.draft.node(Operation("*", self.number, other.number))

    def __truediv__(self, other: Scalar) -> Scalar:
        one, two = self.constant, other.constant
        if one is not None and two is not None:
            return self.draft.constant(divided(one, two))
        if two == 1.0:
            return self
        return self.draft.node(Operation("/", self.number, other.number))

    def lesser(self, other: Scalar) -> Scalar:
        return self.draft.node(Selection(False, self.number, other.number))

    def greater(self, other: Scalar) -> Scalar:
        return self.draft.node(Selection(True, self.number, other.number))

    def sine(self) -> Scalar:
        return self.draft.node(Sine(self.number))

    def cosine(self) -> Scalar:
        return self.draft.node(Cosine(self.number))

    def root(self) -> Scalar:
        return self.draft.node(Root(self.number))

    def size(self) -> Scalar:
        return self.draft.node(Size(self.number))


def narrowed(program: Program, names: Sequence[str]) -> Program:
    """The program with these outputs alone, and the nodes that they need."""
    wanted = {number for name in names for number in program.outputs[name]}
    for number in reversed(range(len(program.nodes))):
        if number in wanted:
            wanted.update(_operands(program.nodes[number]))
    kept = sorted(wanted)
    place = {number: k for k, number in enumerate(kept)}
    nodes = tuple(_moved(program.nodes[number], place) for number in kept)
    outputs = {name: tuple(place[k] for k in program.outputs[name]) for name in names}
    return Program(program.inputs, nodes, outputs)


def run(program: Program, inputs: Sequence[float]) -> dict[str, tuple[float, ...]]:
    """The outputs for these inputs, as many as the program wants."""
    values: list[float] = []
    for node in program.nodes:
        values.append(_value(node, inputs, values))
    return {name: tuple(values[k] for k in numbers) for name, numbers in program.outputs.items()}


def _value(node: Node, inputs: Sequence[float], values: Sequence[float]) -> float:
    match node:
        case Constant(value):
            return value
        case Input(index):
            return inputs[index]
        case Sine(operand):
            return sine_cosine(values[operand])[0]
        case Cosine(operand):
            return sine_cosine(values[operand])[1]
        case Root(operand):
            return math.sqrt(values[operand]) if values[operand] >= 0.0 else math.nan
        case Size(operand):
            return abs(values[operand])
        case Selection(True, left, right):
            return values[right] if values[right] > values[left] else values[left]
        case Selection(_, left, right):
            return values[right] if values[right] < values[left] else values[left]
        case Negation(operand):
            return -values[operand]
        case Operation("+", left, right):
            return values[left] + values[right]
        case Operation("-", left, right):
            return values[left] - values[right]
        case Operation("*", left, right):
            return values[left] * values[right]
        case Operation(_, left, right):
            return divided(values[left], values[right])


def divided(one: float, other: float) -> float:
    """The quotient as IEEE 754 has it."""
    if other != 0.0:
        return one / other
    if one == 0.0 or math.isnan(one):
        return math.nan
    return math.copysign(math.inf, one) * math.copysign(1.0, other)


def _operands(node: Node) -> tuple[int, ...]:
    match node:
        case Negation(operand) | Sine(operand) | Cosine(operand) | Root(operand) | Size(operand):
            return (operand,)
        case Operation(_, left, right) | Selection(_, left, right):
            return left, right
        case _:
            return ()


def _moved(node: Node, place: Mapping[int, int]) -> Node:
    match node:
        case Operation() | Selection():
            return replace(node, left=place[node.left], right=place[node.right])
        case Negation() | Sine() | Cosine() | Root() | Size():
            return replace(node, operand=place[node.operand])
        case _:
            return node
