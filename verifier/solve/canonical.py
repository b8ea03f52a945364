"""Questions up to the names of their versions, so that what is asked twice is answered once.

Versions are bound: renaming them, one to one, changes neither the truth of a question nor that of a
certificate for it. In the canonical form the versions that occur are 0, 1, 2, … in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from verifier.core.certificate import (
    Certificate,
    Chosen,
    Clash,
    Combination,
    Meaning,
    Measured,
    NoLabel,
    Point,
    Refutation,
    SplitOn,
    SplitOr,
    Square,
    SumOfSquares,
    Terms,
    Weighted,
)
from verifier.core.cover import Cut, Leaf
from verifier.core.motion import Family
from verifier.core.obligation import (
    Entailment,
    Existence,
    Fact,
    Obligation,
    Passage,
    Realization,
    facts_of,
)
from verifier.core.substitution import Stand
from verifier.core.term import Apply, Formula, Term, rename, rename_term, variables

Rename = Callable[[int], int]


def versions(obligation: Obligation) -> tuple[int, ...]:
    """The versions that occur in the question, in their order."""
    facts = facts_of(obligation.question)
    found = {version for each in facts for _, version in variables(each.formula)}
    match obligation.question:
        case Realization(_, _, chosen):
            found |= {version for pair in chosen for _, version in pair}
        case Passage(_, _, start):
            found |= {version for _, version in start}
    return tuple(sorted(found))


def canonical(obligation: Obligation, found: Sequence[int]) -> Obligation:
    """The obligation with its versions, which are `found`, in canonical form."""
    if tuple(found) == tuple(range(len(found))):
        return obligation
    ranks = {version: rank for rank, version in enumerate(found)}

    def renamed(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
        return tuple(
            replace(each, formula=rename(each.formula, lambda _, version: ranks[version]))
            for each in facts
        )

    match obligation.question:
        case Entailment(hypotheses, goals):
            return replace(obligation, question=Entailment(renamed(hypotheses), renamed(goals)))
        case Existence(facts):
            return replace(obligation, question=Existence(renamed(facts)))
        case Realization(hypotheses, goals, chosen):
            pairs = tuple(((n, ranks[v]), (m, ranks[w])) for (n, v), (m, w) in chosen)
            question = Realization(renamed(hypotheses), renamed(goals), pairs)
            return replace(obligation, question=question)
        case Passage(problem, plan, start, hypotheses, goals):
            key = tuple((name, ranks[version]) for name, version in start)
            again = Passage(problem, plan, key, renamed(hypotheses), renamed(goals))
            return replace(obligation, question=again)
        case _:
            return obligation


def to_canonical(certificate: Certificate, found: Sequence[int]) -> Certificate:
    """The certificate of a question with these versions, for its canonical form."""
    ranks = {version: rank for rank, version in enumerate(found)}
    return _renumbered(certificate, lambda version: ranks.get(version, -1))


def from_canonical(certificate: Certificate, found: Sequence[int]) -> Certificate:
    """The certificate of a canonical form, for the question with these versions. What has no
    meaning there gets one that the judge refuses."""
    return _renumbered(certificate, lambda rank: found[rank] if 0 <= rank < len(found) else -1)


def _renumbered(certificate: Certificate, to: Rename) -> Certificate:
    if isinstance(
        certificate, Leaf | Cut | Measured
    ):  # names no variable, only its place in the question
        return certificate
    if isinstance(certificate, Point):
        return Point(tuple(((name, to(v)), value) for (name, v), value in certificate.values))
    if isinstance(certificate, Family):
        return certificate
    preorder: list[Refutation] = []
    todo: list[Refutation] = [certificate]
    while todo:
        node = todo.pop()
        preorder.append(node)
        todo.extend(reversed(_below(node)))
    done: list[Refutation] = []
    for node in reversed(preorder):
        done.append(_node(node, to, [done.pop() for _ in _below(node)]))
    return done[0]


def _below(node: Refutation) -> tuple[Refutation, ...]:
    match node:
        case SplitOr(_, branches):
            return branches
        case SplitOn(_, yes, no):
            return (yes, no)
        case Meaning(_, rest) | Chosen(_, rest):
            return (rest,)
        case _:
            return ()


def _node(node: Refutation, to: Rename, below: list[Refutation]) -> Refutation:
    match node:
        case Clash():
            return node
        case NoLabel(name, version, facts):
            return NoLabel(name, to(version), facts)
        case Combination(multipliers, squares, constant, products, equations):
            turned = tuple(_square(square, to) for square in squares)
            equal = tuple((i, (name, to(v)), factor) for i, (name, v), factor in equations)
            return Combination(multipliers, turned, constant, products, equal)
        case SumOfSquares(squares, factors, constant):
            forms = tuple(Weighted(w.facts, w.weight, _terms(w.form, to)) for w in squares)
            return SumOfSquares(forms, tuple((i, _terms(f, to)) for i, f in factors), constant)
        case SplitOr(fact, _):
            return SplitOr(fact, tuple(below))
        case SplitOn(formula, _, _):
            return SplitOn(rename(formula, lambda _, version: to(version)), *below)
        case Meaning(term, _):
            applied = rename_term(term, lambda _, version: to(version))
            assert isinstance(applied, Apply)
            return Meaning(applied, below[0])
        case Chosen(values, _):
            turned_values = tuple(((n, to(v)), _stand(stand, to)) for (n, v), stand in values)
            return Chosen(turned_values, below[0])


def _stand(stand: Stand, to: Rename) -> Stand:
    match stand:
        case str():
            return stand
        case (str(name), int(version)):
            return name, to(version)
        case _ if isinstance(stand, Term):
            return rename_term(stand, lambda _, version: to(version))
        case _:
            assert isinstance(stand, Formula)
            return rename(stand, lambda _, version: to(version))


def _terms(terms: Terms, to: Rename) -> Terms:
    return tuple((tuple((name, to(v)) for name, v in keys), factor) for keys, factor in terms)


def _square(square: Square, to: Rename) -> Square:
    terms = tuple(((name, to(v)), factor) for (name, v), factor in square.coefficients)
    return replace(square, coefficients=terms)
