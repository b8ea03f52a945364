"""A straight-line program as C statements: one constant for each node, in the order of the list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
    Sine,
)


def statements(
    program: Program, inputs: Expression, targets: Mapping[str, Expression]
) -> Iterator[Statement]:
    """The body of a function that reads the array `inputs` and writes the arrays `targets`, one for
    each output. Sines and cosines come from robot_sine_cosine."""
    names: list[Expression] = []
    turning = sorted({n.input for n in program.nodes if isinstance(n, Sine | Cosine)})
    for index in turning:
        sine, cosine = f"sine_{index + 1}", f"cosine_{index + 1}"
        yield Declare("double", sine)
        yield Declare("double", cosine)
        angle = At(inputs, unsigned(index))
        places = (Unary("&", Id(sine)), Unary("&", Id(cosine)))
        yield Do(Call("robot_sine_cosine", (angle, *places)))
    for node in program.nodes:
        value = _value(node, inputs, names)
        if isinstance(node, Negation | Operation):
            name = f"t{len(names)}"
            yield Declare("const double", name, value)
            names.append(Id(name))
        else:
            names.append(value)
    for output, numbers in program.outputs.items():
        for place, number in enumerate(numbers):
            yield Assign(At(targets[output], unsigned(place)), names[number])


def _value(node: Node, inputs: Expression, names: Sequence[Expression]) -> Expression:
    match node:
        case Constant(value):
            return Real(value)
        case Input(index):
            return At(inputs, unsigned(index))
        case Sine(index):
            return Id(f"sine_{index + 1}")
        case Cosine(index):
            return Id(f"cosine_{index + 1}")
        case Negation(operand):
            return Unary("-", names[operand])
        case Operation(operator, left, right):
            return Binary(operator, names[left], names[right])
