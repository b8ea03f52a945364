"""Partial derivatives of terms, by the rules of calculus.

Trusted: the judge and the finder both read slopes from here. A term with a kink (`abs`, `min`,
`max`), or with a function that is not listed, has no derivative here.
"""

from __future__ import annotations

from verifier.core.term import (
    Apply,
    Key,
    Number,
    Product,
    Quotient,
    Sum,
    Term,
    Variable,
    add,
    multiply,
    negate,
    number,
)


class NoSlope(Exception):
    """What has no derivative."""


def derivative(term: Term, key: Key) -> Term:
    """The derivative by the variable. Raises NoSlope."""
    match term:
        case Number():
            return number(0)
        case Variable(name, version):
            return number(int((name, version) == key))
        case Sum(parts):
            return add(*(derivative(part, key) for part in parts))
        case Product(parts):
            return add(
                *(
                    multiply(*parts[:k], derivative(part, key), *parts[k + 1 :])
                    for k, part in enumerate(parts)
                )
            )
        case Quotient(above, below):
            turned = negate(multiply(above, derivative(below, key)))
            slope = add(multiply(derivative(above, key), below), turned)
            return slope if slope == number(0) else Quotient(slope, multiply(below, below))
        case Apply("sin", (part,)):
            return multiply(Apply("cos", (part,)), derivative(part, key))
        case Apply("cos", (part,)):
            return negate(multiply(Apply("sin", (part,)), derivative(part, key)))
        case Apply("sqrt" | "norm", (part,)):
            slope = derivative(part, key)
            return slope if slope == number(0) else Quotient(slope, multiply(number(2), term))
        case Apply("exp", (part,)):
            return multiply(term, derivative(part, key))
        case Apply(function, _):
            raise NoSlope(f"`{function}` has no derivative here")
