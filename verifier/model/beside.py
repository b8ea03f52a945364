"""`beside Right`: chains that run at the same time, each with what it relies on and guarantees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from verifier.core.diagnostic import Label, near_miss
from verifier.model.body import frame_of, statements_of
from verifier.model.contract import conjuncts
from verifier.model.expression import Context, formula
from verifier.model.quantity import fail
from verifier.model.scope import Scope
from verifier.model.values import Attempt, Chain, Condition, Loop, Neighbour, Parallel
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression

Settled = Callable[[tree.ChainDeclaration], Chain | None]


def shared(clause: tree.Clause, at: Context) -> list[Condition]:
    """A clause about moves, split at its top-level `and`: `old` is the state before the move.
    Raises SourceError."""
    settled = []
    for part in conjuncts(clause.formula):
        inner = replace(at, read=set(), old_allowed=True)
        stated = formula(part, inner)
        outside = sorted(name for name in inner.read if at.scope.variables[name].environment)
        if outside:
            fail(
                "environment-promised",
                part.span,
                f"`{outside[0]}` belongs to the environment: no chain decides how it moves",
                notes=(Label(at.scope.variables[outside[0]].span, "declared as environment here"),),
            )
        text = format_expression(part)
        settled.append(Condition(clause.kind, stated, part.span, text, False, None))
    return settled


def neighbours(
    scope: Scope, written: tree.ChainDeclaration, chain: Chain, settled: Settled
) -> Iterator[Neighbour]:
    """The chains that run beside this one. Raises SourceError."""
    clauses = (*written.relies, *written.guarantees)
    if clauses and not written.beside:
        fail(
            "beside-one-sided",
            clauses[0].span,
            f"`{clauses[0].kind}` speaks of chains beside this one, and none is named",
            help="name them: `beside Other`",
        )
    _check_form(written, chain)
    for name in _named(written):
        other = scope.chains.get(name.text)
        if other is None:
            fail(
                "unknown-chain",
                name.span,
                f"there is no chain `{name.text}`",
                help=near_miss(name.text, scope.chains),
            )
        _check_other(written, name, other)
        found = settled(other)
        if found is not None:
            frame = frame_of(found.body)
            given = found.assumptions, found.guarantees
            yield Neighbour(other.name.text, frame, *given, name.span)


def _named(written: tree.ChainDeclaration) -> list[tree.Name]:
    return [name for each in written.beside for name in each.chains]


def _check_form(written: tree.ChainDeclaration, chain: Chain) -> None:
    if not written.beside:
        return
    if written.parameters:
        fail(
            "beside-not-supported",
            written.parameters[0].span,
            f"`{written.name.text}` runs beside another chain, and cannot have parameters",
        )
    for each in statements_of(chain.body):
        if isinstance(each, Loop | Attempt | Parallel):
            kind = {Loop: "while", Attempt: "try", Parallel: "||"}[type(each)]
            fail(
                "beside-not-supported",
                each.span,
                f"`{kind}` cannot stand in a chain that runs beside another one",
                help="calls, `if` and `repeat` can",
            )


def _check_other(
    written: tree.ChainDeclaration, name: tree.Name, other: tree.ChainDeclaration
) -> None:
    if other.name.text == written.name.text:
        fail("beside-one-sided", name.span, f"`{name.text}` cannot run beside itself")
    if all(each.text != written.name.text for each in _named(other)):
        fail(
            "beside-one-sided",
            name.span,
            f"`{name.text}` does not say that it runs beside `{written.name.text}`",
            notes=(Label(other.name.span, "declared here"),),
            help=f"write `beside {written.name.text}` there, too",
        )
