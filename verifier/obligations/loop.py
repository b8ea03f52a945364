"""Loop: its invariant holds at its entry and is kept by each turn, and its variant runs out.

Hoare 1969 with Floyd's termination argument (1967): from any state in which the invariant and the
guard hold, one turn leads to a state in which the invariant holds; the variant is at least 0 when a
turn begins and lower by 1 or more when it ends. What the loop leaves alone stays known throughout.
"""

from __future__ import annotations

from collections.abc import Sequence

from verifier.core.obligation import Entailment, Fact, Obligation
from verifier.core.term import Comparison, Term, number, rename_term, subtract
from verifier.model.body import statements_of
from verifier.model.values import Chain, Loop
from verifier.obligations.path import Path, Place, View, ahead, at, obligation, relevant


def loop(path: Path, chain: Chain) -> list[Obligation]:
    """What each `while` owes: `entry`, `kept`, `bounded` and `decreases`."""
    owed = []
    for statement in statements_of(chain.body) if not chain.plain else ():
        if isinstance(statement, Loop):
            owed += _loop(path, chain, statement)
    return owed


def _loop(path: Path, chain: Chain, statement: Loop) -> list[Obligation]:
    around = path.around[statement.label]
    assert around.head is not None and around.turned is not None
    entry, head, turned = around.entry, around.head, around.turned

    def invariant(view: View) -> list[Fact]:
        return [at(c, "while", view, entry.view) for c in statement.invariants]

    def owe(part: str, place: Place, goals: Sequence[Fact]) -> list[Obligation]:
        if not goals:
            return []
        question = Entailment(relevant(path, place, goals), tuple(goals))
        return [obligation(path, place, chain, statement, f"loop/{part}", question)]

    first, last = _variant(statement, head.view), _variant(statement, turned.view)
    bounded = Comparison("<=", number(0), first)
    lower = Comparison("<=", last, subtract(first, number(1)))
    span = statement.variant_span
    return [
        *map(ahead, owe("entry", entry, invariant(entry.view))),
        *owe("kept", turned, invariant(turned.view)),
        *map(ahead, owe("bounded", head, [Fact(bounded, span, "while")])),
        *owe("decreases", turned, [Fact(lower, span, "while")]),
    ]


def _variant(statement: Loop, view: View) -> Term:
    return rename_term(statement.variant, lambda name, _: view.get(name, 0))
