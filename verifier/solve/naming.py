"""A short name for a question up to its versions, quickly.

Questions of one canonical form (canonical.py) have one name. Nothing is believed for a name: a
proof that is found by it is judged, so that a name which two questions shared would cost time only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeAlias

from verifier.core.obligation import Entailment, Existence, Obligation, Realization, facts_of
from verifier.core.term import (
    And,
    Apply,
    Choice,
    Comparison,
    Formula,
    Iff,
    Implies,
    Key,
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
)

Written: TypeAlias = tuple[bytes, tuple[int, ...]]
"""A digest of what a formula says but for its versions, and these in the order of their places."""


def named(
    obligation: Obligation, written: dict[int, Written]
) -> tuple[tuple[int, ...], str] | None:
    """The versions of the question, in their order, and its digest; None for a kind of question
    that is not read here. `written` keeps what was read of formulas, by identity: as long as the
    obligations live."""
    question = obligation.question
    match question:
        case Entailment(given, _):
            head: tuple[object, ...] = "entailment", len(given)
            chosen: tuple[tuple[Key, Key], ...] = ()
        case Existence():
            head, chosen = ("existence",), ()
        case Realization(given, _, chosen):
            head = "realization", len(given)
        case _:
            return None
    formulas = [fact.formula for fact in facts_of(question)]
    for each in formulas:
        if id(each) not in written:
            written[id(each)] = _written(each)
    parts = [written[id(each)] for each in formulas]
    occurring = {version for _, read in parts for version in read}
    occurring |= {version for pair in chosen for _, version in pair}
    rank = {version: number for number, version in enumerate(sorted(occurring))}
    pairs = [(name, rank[v], other, rank[w]) for (name, v), (other, w) in chosen]
    digest = hashlib.sha256(repr((head, pairs)).encode())
    for text, read in parts:
        digest.update(text)
        digest.update(repr([rank[version] for version in read]).encode())
    return tuple(rank), digest.hexdigest()


def _written(formula: Formula) -> Written:
    said: list[str] = []
    read: list[int] = []
    _write(formula, said.append, read.append)
    return hashlib.sha256("\n".join(said).encode("utf-8", "surrogatepass")).digest(), tuple(read)


def _write(node: Formula | Term, say: Callable[[str], None], read: Callable[[int], None]) -> None:
    """Every node by its kind, and by the number of its parts. Formulas are long, and `isinstance`
    is quicker than `match`."""
    if isinstance(node, Variable):
        say(node.name)
        read(node.version)
        return
    if isinstance(node, Number):
        above, below = node.value.as_integer_ratio()
        say(f"{above}/{below}")
        return
    parts: tuple[Formula | Term, ...]
    if isinstance(node, Product):
        parts = node.factors
        say(f"*{len(parts)}")
    elif isinstance(node, Sum):
        parts = node.terms
        say(f"+{len(parts)}")
    elif isinstance(node, Comparison):
        parts = node.left, node.right
        say(node.relation)
    elif isinstance(node, And | Or):
        parts = node.parts
        say(f"{type(node).__name__} {len(parts)}")
    elif isinstance(node, Proposition | Choice):
        parts = ()
        say(f"?{node.name}" if isinstance(node, Proposition) else f"{node.name} is {node.label}")
        read(node.version)
    elif isinstance(node, Truth):
        parts = ()
        say(str(node.value))
    elif isinstance(node, Apply):
        parts = node.arguments
        say(f"{node.function}({len(parts)}")
    else:
        parts = _two(node)
        say(type(node).__name__)
    for part in parts:
        _write(part, say, read)


def _two(node: Quotient | Not | Implies | Iff) -> tuple[Formula | Term, ...]:
    match node:
        case Not(body):
            return (body,)
        case Quotient(one, other) | Implies(one, other) | Iff(one, other):
            return one, other
