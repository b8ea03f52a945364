"""Claims from formulas in the notation of Python, for tests."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from fractions import Fraction

from verifier.core.cover import Claim
from verifier.core.term import Apply, Number, Quotient, Term, Variable, add, multiply, negate

FUNCTIONS = {"Abs": "abs", "abs": "abs", "sin": "sin", "cos": "cos", "sqrt": "sqrt"} | {
    name: name for name in ("min", "max", "exp")
}


def term(text: str) -> Term:
    return _term(ast.parse(text, mode="eval").body)


def claim(
    box: Mapping[str, Sequence[str]], goal: str, guards: Sequence[str] = (), strict: bool = False
) -> Claim:
    sides = tuple(((name, 0), Fraction(low), Fraction(high)) for name, (low, high) in box.items())
    return Claim(sides, tuple(map(term, guards)), term(goal), strict)


def _term(node: ast.expr) -> Term:
    match node:
        case ast.Constant(int(value)):
            return Number(Fraction(value))
        case ast.Name(name):
            return Variable(name)
        case ast.UnaryOp(ast.USub(), operand):
            return negate(_term(operand))
        case ast.BinOp(left, ast.Add(), right):
            return add(_term(left), _term(right))
        case ast.BinOp(left, ast.Sub(), right):
            return add(_term(left), negate(_term(right)))
        case ast.BinOp(left, ast.Mult(), right):
            return multiply(_term(left), _term(right))
        case ast.BinOp(left, ast.Pow(), ast.Constant(int(power))):
            return multiply(*[_term(left)] * power)
        case ast.BinOp(left, ast.Div(), right):
            above, below = _term(left), _term(right)
            if isinstance(below, Number):
                return multiply(Number(1 / below.value), above)
            return Quotient(above, below)
        case ast.Call(ast.Name(name), arguments):
            return Apply(FUNCTIONS[name], tuple(map(_term, arguments)))
    raise AssertionError(ast.dump(node))
