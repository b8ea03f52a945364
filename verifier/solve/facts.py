"""Facts on a branch of the search, and proofs that refer to them.

The normal form is that of verifier/core/certificate.py, written a second time: finder and judge
share data, never code. While the search runs, facts are told apart by identity; `numbered` gives
them their numbers at the end, when it is known which branches are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.certificate import (
    Clash,
    Combination,
    Meaning,
    NoLabel,
    Refutation,
    SplitOr,
    Square,
    SumOfSquares,
    Terms,
    Weighted,
)
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
    Or,
    Product,
    Proposition,
    Truth,
    number,
)

Signed: TypeAlias = tuple[Formula, bool]


@dataclass(eq=False, slots=True)
class Known:
    """A literal, or a disjunction of `parts` (then `formula` is what was written, for its
    variables). `cases` are the facts of each part, made when first asked for."""

    formula: Formula
    holds: bool
    parts: tuple[Signed, ...] | None = None
    cases: list[list[Known]] | None = None


def flatten(formula: Formula, holds: bool) -> list[Known]:
    """The facts of the formula, or of its negation."""
    facts: list[Known] = []
    todo: list[Signed] = [(formula, holds)]
    while todo:
        formula, holds = todo.pop()
        if isinstance(formula, Comparison):
            facts.append(_comparison(formula, holds))
        elif isinstance(formula, And | Or):
            signed = [(part, holds) for part in formula.parts]
            if isinstance(formula, And) == holds or len(signed) == 1:
                signed.reverse()
                todo += signed
            elif signed:
                facts.append(Known(formula, holds, tuple(signed)))
            else:
                facts.append(Known(Truth(False), True))
        elif isinstance(formula, Proposition | Choice):
            facts.append(Known(formula, holds))
        elif isinstance(formula, Not):
            todo.append((formula.body, not holds))
        elif isinstance(formula, Implies):
            premise, conclusion = formula.premise, formula.conclusion
            if holds:
                facts.append(Known(formula, True, ((premise, False), (conclusion, True))))
            else:
                todo.extend([(conclusion, False), (premise, True)])
        elif isinstance(formula, Iff):
            one, other = formula.left, formula.right
            second = ((other, False), (one, True)) if holds else ((one, False), (other, False))
            facts.append(Known(formula, holds, ((one, not holds), (other, True))))
            facts.append(Known(formula, holds, second))
        else:
            facts.append(Known(Truth(formula.value == holds), True))
    return facts


def _comparison(formula: Comparison, holds: bool) -> Known:
    """The comparison, or what its denial says."""
    if holds:
        return Known(formula, True)
    left, right = formula.left, formula.right
    if formula.relation == "==":
        sides = (Comparison("<", left, right), Comparison("<", right, left))
        return Known(formula, False, tuple((side, True) for side in sides))
    turned = "<" if formula.relation == "<=" else "<="
    return Known(Comparison(turned, right, left), True)


def cases_of(fact: Known) -> list[list[Known]]:
    """The facts that each case of a disjunction adds; always the same objects."""
    assert fact.parts is not None
    if fact.cases is None:
        fact.cases = [flatten(*part) for part in fact.parts]
    return fact.cases


def meaning(term: Apply) -> Formula | None:
    """What `Meaning` adds for this application; None if it adds nothing."""
    arguments = term.arguments
    if term.function == "abs" and len(arguments) == 1:
        inside = arguments[0]
        upper = (Comparison("<=", number(0), inside), Comparison("==", term, inside))
        lower = (
            Comparison("<", inside, number(0)),
            Comparison("==", term, Product((number(-1), inside))),
        )
        return Or((And(upper), And(lower)))
    if term.function not in ("min", "max") or not arguments:
        return None
    cases: list[Formula] = []
    for chosen in arguments:
        bounds = [
            Comparison("<=", *((chosen, other) if term.function == "min" else (other, chosen)))
            for other in arguments
        ]
        cases.append(And((Comparison("==", term, chosen), *bounds)))
    return Or(tuple(cases))


# ---- proofs ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class ByClash:
    first: Known
    second: Known


@dataclass(frozen=True, eq=False, slots=True)
class ByLabels:
    name: str
    version: int
    facts: tuple[Known, ...]


@dataclass(frozen=True, eq=False, slots=True)
class BySum:
    multipliers: tuple[tuple[Known, Fraction], ...]
    constant: Fraction
    squares: tuple[Square, ...] = ()
    products: tuple[tuple[Known, Known, Fraction], ...] = ()
    equations: tuple[tuple[Known, Key, Fraction], ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class BySquares:
    squares: tuple[tuple[tuple[Known, ...], Fraction, Terms], ...]
    equations: tuple[tuple[Known, Terms], ...]
    constant: Fraction


@dataclass(frozen=True, eq=False, slots=True)
class ByCases:
    fact: Known
    cases: tuple[Proof, ...]


@dataclass(frozen=True, eq=False, slots=True)
class ByMeaning:
    term: Apply
    added: list[Known]
    rest: Proof


@dataclass(frozen=True, eq=False, slots=True)
class Proof:
    """A step with the facts that it and everything below it use, without those added below."""

    step: ByClash | ByLabels | BySum | BySquares | ByCases | ByMeaning
    uses: frozenset[Known]


def clash(first: Known, second: Known) -> Proof:
    return Proof(ByClash(first, second), frozenset((first, second)))


def by_sum(step: BySum) -> Proof:
    used = {fact for fact, _ in step.multipliers} | {fact for fact, _, _ in step.equations}
    for one, other, _ in step.products:
        used |= {one, other}
    return Proof(step, frozenset(used))


def by_squares(step: BySquares) -> Proof:
    used = {fact for facts, _, _ in step.squares for fact in facts}
    return Proof(step, frozenset(used | {fact for fact, _ in step.equations}))


def by_cases(fact: Known, proofs: list[Proof]) -> Proof:
    """The case distinction; or one of the proofs alone, if it does not use its case."""
    uses = {fact}
    for added, proof in zip(cases_of(fact), proofs, strict=True):
        if proof.uses.isdisjoint(added):
            return proof
        uses |= proof.uses.difference(added)
    return Proof(ByCases(fact, tuple(proofs)), frozenset(uses))


def by_meaning(term: Apply, added: list[Known], rest: Proof) -> Proof:
    if rest.uses.isdisjoint(added):
        return rest
    return Proof(ByMeaning(term, added, rest), rest.uses.difference(added))


def numbered(assertions: list[list[Known]], proof: Proof) -> Refutation:
    """The certificate: facts by number, in the order that the judge will see."""
    at: dict[Known, int] = {}
    order: list[Known] = []

    def enter(kept: int, added: list[Known]) -> None:
        for gone in order[kept:]:
            del at[gone]
        del order[kept:]
        for fact in added:
            at[fact] = len(order)
            order.append(fact)

    for assertion in assertions:
        enter(len(order), assertion)
    preorder: list[tuple[Proof, Refutation | tuple[int, ...]]] = []
    todo: list[tuple[Proof, int, list[Known]]] = [(proof, len(order), [])]
    while todo:
        node, kept, added = todo.pop()
        enter(kept, added)
        below: list[tuple[Proof, list[Known]]] = []
        written: Refutation | tuple[int, ...] = ()
        match node.step:
            case ByClash(first, second):
                written = Clash(at[first], at[second])
            case ByLabels(name, version, facts):
                written = NoLabel(name, version, tuple(at[fact] for fact in facts))
            case BySum(multipliers, constant, squares, products, equations):
                written = Combination(
                    tuple((at[fact], factor) for fact, factor in multipliers),
                    squares,
                    constant,
                    tuple((at[one], at[other], factor) for one, other, factor in products),
                    tuple((at[fact], key, factor) for fact, key, factor in equations),
                )
            case BySquares(forms, factors, constant):
                written = SumOfSquares(
                    tuple(Weighted(tuple(at[f] for f in facts), w, p) for facts, w, p in forms),
                    tuple((at[fact], factor) for fact, factor in factors),
                    constant,
                )
            case ByCases(fact, cases):
                written = (at[fact],)
                below = list(zip(cases, cases_of(fact), strict=True))
            case ByMeaning(_, new, rest):
                below = [(rest, new)]
        preorder.append((node, written))
        todo.extend((case, len(order), new) for case, new in reversed(below))
    return _assembled(preorder)


def _assembled(preorder: list[tuple[Proof, Refutation | tuple[int, ...]]]) -> Refutation:
    done: list[Refutation] = []
    for node, written in reversed(preorder):
        match node.step:
            case ByCases(_, cases):
                assert isinstance(written, tuple)
                done.append(SplitOr(written[0], tuple(done.pop() for _ in cases)))
            case ByMeaning(term, _, _):
                done.append(Meaning(term, done.pop()))
            case _:
                assert not isinstance(written, tuple)
                done.append(written)
    return done[0]


def digits(refutation: Refutation) -> int:
    """About how many decimal digits the longest number in the sums of a refutation has."""
    bits = 0
    todo: list[Refutation] = [refutation]
    while todo:
        match todo.pop():
            case Combination(multipliers, squares, constant, products, equations):
                numbers = [constant, *(factor for _, factor in multipliers)]
                numbers += [factor for _, _, factor in (*products, *equations)]
                for square in squares:
                    numbers += [square.weight, square.constant]
                    numbers += [factor for _, factor in square.coefficients]
                bits = max(bits, *map(_bits, numbers))
            case SumOfSquares(forms, factors, constant):
                numbers = [constant, *(each.weight for each in forms)]
                numbers += [c for each in forms for _, c in each.form]
                numbers += [c for _, factor in factors for _, c in factor]
                bits = max(bits, *map(_bits, numbers))
            case SplitOr(_, branches):
                todo.extend(branches)
            case Meaning(_, rest):
                todo.append(rest)
    return bits * 3 // 10


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())
