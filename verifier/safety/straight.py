"""Straight-line programs: a fixed list of sums, products, sines and cosines, each computed once.

One list has two readers: `run` evaluates it here, verifier/emit/straight.py prints it as C. Both
do the same operations in the same order, so they agree to the last bit. Formulas are written with
`Scalar`s, as on paper; zeros and ones are folded away, and equal nodes are one node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    input: int


@dataclass(frozen=True, slots=True)
class Cosine:
    input: int


@dataclass(frozen=True, slots=True)
class Negation:
    operand: int


@dataclass(frozen=True, slots=True)
class Operation:
    """`operator` is `+`, `-` or `*`; the operands are numbers of earlier nodes."""

    operator: str
    left: int
    right: int


Node: TypeAlias = Constant | Input | Sine | Cosine | Negation | Operation


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
        match node:
            case Constant(value):
                values.append(value)
            case Input(index):
                values.append(inputs[index])
            case Sine(index):
                values.append(sine_cosine(inputs[index])[0])
            case Cosine(index):
                values.append(sine_cosine(inputs[index])[1])
            case Negation(operand):
                values.append(-values[operand])
            case Operation("+", left, right):
                values.append(values[left] + values[right])
            case Operation("-", left, right):
                values.append(values[left] - values[right])
            case Operation(_, left, right):
                values.append(values[left] * values[right])
    return {name: tuple(values[k] for k in numbers) for name, numbers in program.outputs.items()}


def _operands(node: Node) -> tuple[int, ...]:
    match node:
        case Negation(operand):
            return (operand,)
        case Operation(_, left, right):
            return left, right
        case _:
            return ()


def _moved(node: Node, place: Mapping[int, int]) -> Node:
    match node:
        case Negation(operand):
            return Negation(place[operand])
        case Operation(operator, left, right):
            return Operation(operator, place[left], place[right])
        case _:
            return node
