"""A straight-line program as C statements: one constant for each node, in the order of the list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from verifier.emit.ctree import (
    Assign,
    At,
    Binary,
    Call,
    Declare,
    Do,
    Expression,
    Id,
    Real,
    Statement,
    Unary,
    unsigned,
)
from verifier.safety.straight import (
    Constant,
    Cosine,
    Input,
    Negation,
    Node,
    Operation,
    Program,
    Root,
    Selection,
    Sine,
    Size,
)

Names = list[Expression]
Turned = dict[int, tuple[Expression, Expression]]


def statements(
    program: Program, inputs: Expression, targets: Mapping[str, Expression]
) -> Iterator[Statement]:
    """The body of a function that reads the array `inputs` and writes the arrays `targets`, one for
    each output. Sines and cosines come from robot_sine_cosine."""
    names: Names = []
    turned: Turned = {}
    turning = {n.operand for n in program.nodes if isinstance(n, Sine | Cosine)}
    angles = [(n.index, k) for k, n in enumerate(program.nodes) if isinstance(n, Input)]
    for index, number in sorted(angles):
        if number in turning:
            angle = At(inputs, unsigned(index))
            yield from _turned(f"{index + 1}", angle, turned, number)
    for number, node in enumerate(program.nodes):
        if isinstance(node, Sine | Cosine) and node.operand not in turned:
            yield from _turned(f"t{node.operand}", names[node.operand], turned, node.operand)
        value = _value(node, inputs, names, turned)
        if isinstance(node, Negation | Operation | Root | Size | Selection):
            yield Declare("const double", f"t{number}", value)
            value = Id(f"t{number}")
        names.append(value)
    for output, numbers in program.outputs.items():
        for place, number in enumerate(numbers):
            yield Assign(At(targets[output], unsigned(place)), names[number])


def _turned(name: str, angle: Expression, turned: Turned, number: int) -> Iterator[Statement]:
    sine, cosine = Id(f"sine_{name}"), Id(f"cosine_{name}")
    yield Declare("double", sine.name)
    yield Declare("double", cosine.name)
    yield Do(Call("robot_sine_cosine", (angle, Unary("&", sine), Unary("&", cosine))))
    turned[number] = sine, cosine


def _value(node: Node, inputs: Expression, names: Names, turned: Turned) -> Expression:
    match node:
        case Constant(value):
            return Real(value)
        case Input(index):
            return At(inputs, unsigned(index))
        case Sine(operand):
            return turned[operand][0]
        case Cosine(operand):
            return turned[operand][1]
        case Root(operand):
            return Call("sqrt", (names[operand],))
        case Size(operand):
            return Call("fabs", (names[operand],))
        case Selection(greater, left, right):
            function = "guard_greatest" if greater else "guard_least"
            return Call(function, (names[left], names[right]))
        case Negation(operand):
            return Unary("-", names[operand])
        case Operation(operator, left, right):
            return Binary(operator, names[left], names[right])
