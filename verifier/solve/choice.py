"""What a step might do: for each scalar that it writes, what it could become by its promise.

A choice gives every chosen variable a value that depends on the state before: a boolean or a label
as it is promised, the other side of an equation, the centre of a ball, the end of an interval or
its middle, or the value that it had. Which of them will do is for the judge to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from typing import TypeAlias

from verifier.core.evaluate import Value
from verifier.core.obligation import Realization
from verifier.core.substitution import Stand, constants, put, put_term
from verifier.core.term import (
    And,
    Apply,
    Boolean,
    Choice,
    Comparison,
    Enumeration,
    Formula,
    Iff,
    Implies,
    Key,
    Not,
    Number,
    Or,
    Product,
    Proposition,
    Sort,
    Sum,
    Term,
    Truth,
    Variable,
    add,
    conjunction,
    multiply,
    negation,
    subtract,
    term_variables,
    variables,
)

MOST_CASES = 8
MOST_READ = 2_000
"""How many variables a choice may read, each place counted. Where it is one of many bounds, and
these speak of scalars that are chosen like that, the places multiply."""
STRATEGIES = ("low", "keep", "high", "middle", "clamp")

Signed: TypeAlias = tuple[Formula, bool]
Stands: TypeAlias = dict[Key, Stand]
Affine: TypeAlias = tuple[dict[Key, Fraction], Fraction]


@dataclass(slots=True)
class _Wanted:
    """What a promise says of each scalar: what it is, or what it lies between."""

    old: Mapping[Key, Key]
    sorts: Mapping[str, Sort]
    exact: dict[Key, Stand] = field(default_factory=dict)
    lows: dict[Key, list[Term]] = field(default_factory=dict)
    highs: dict[Key, list[Term]] = field(default_factory=dict)
    denied: dict[Key, set[str]] = field(default_factory=dict)


def choices(question: Realization, sorts: Mapping[str, Sort]) -> Iterator[Stands]:
    """Values for what is chosen, the likely ones first."""
    old = dict(question.chosen)
    promised = [fact.formula for fact in question.goals if fact.origin != "domain"]
    declared = [fact.formula for fact in question.goals if fact.origin == "domain"]
    for case in islice(_cases([(conjunction(promised), True)]), MOST_CASES):
        wanted = _Wanted(old, sorts)
        for literal in case:
            _read(literal, wanted, weak=False)
        for formula in declared:
            for literal in next(_cases([(formula, True)]), ()):
                _read(literal, wanted, weak=True)
        for strategy in STRATEGIES:
            chosen = {key: _chosen(key, wanted, strategy) for key in old}
            resolved = _resolved(chosen, wanted)
            if resolved is not None:
                yield resolved


def like(question: Realization, start: Mapping[Key, Value], end: Mapping[Key, Value]) -> Stands:
    """What leads from one start to one end, with numbers moved as far as they are moved there."""
    stands = constants({key: end[key] for key, _ in question.chosen if key in end})
    for key, old in question.chosen:
        to, came = end.get(key), start.get(old)
        if isinstance(to, Fraction) and isinstance(came, Fraction):
            stands[key] = add(Variable(*old), Number(to - came))
    return stands


def _cases(pending: list[Signed]) -> Iterator[list[Signed]]:
    """The literals of each disjunct, lazily."""
    literals: list[Signed] = []
    pending = list(pending)
    while pending:
        formula, holds = pending.pop(0)
        match formula:
            case Not(body):
                pending.insert(0, (body, not holds))
            case And(parts) | Or(parts):
                signed = [(part, holds) for part in parts]
                if isinstance(formula, And) == holds:
                    pending = signed + pending
                    continue
                for one in signed:
                    for rest in _cases([one, *pending]):
                        yield [*literals, *rest]
                return
            case Implies(premise, conclusion):
                pending.insert(0, (Or((negation(premise), conclusion)), holds))
            case _:
                literals.append((formula, holds))
    yield literals


# ---- reading a promise -------------------------------------------------------------------------


def _read(literal: Signed, wanted: _Wanted, *, weak: bool) -> None:
    """`weak`: as a bound only."""
    old = wanted.old
    match literal:
        case Proposition(name, version), holds if (name, version) in old:
            wanted.exact.setdefault((name, version), Truth(holds))
        case Choice(name, version, label), True if (name, version) in old:
            wanted.exact.setdefault((name, version), label)
        case Choice(name, version, label), False if (name, version) in old:
            wanted.denied.setdefault((name, version), set()).add(label)
        case Iff(Proposition(name, version), other), holds if (name, version) in old:
            wanted.exact.setdefault((name, version), other if holds else negation(other))
        case Comparison("==", left, right), True:
            for inside in _squares(subtract(left, right)) or [subtract(left, right)]:
                _equal(inside, wanted)
        case Comparison(relation, Variable() as variable, Number(value)), holds if relation != "==":
            _beyond(variable, value, (relation == "<") == holds, holds, wanted)
        case Comparison(relation, Number(value), Variable() as variable), holds if relation != "==":
            _beyond(variable, value, (relation == "<") == holds, not holds, wanted)
        case Comparison(relation, left, right), holds if relation != "==":
            strict = (relation == "<") == holds
            squares = _squares(left) if holds and isinstance(right, Number) else None
            for inside in squares or () if not weak else ():
                _equal(inside, wanted)
            if squares is None:
                gap = subtract(right, left) if holds else subtract(left, right)
                _bounded(gap, strict, wanted)


def _squares(term: Term) -> list[Term] | None:
    """The terms whose squares add up to the term, less a number; None if it is no such sum."""
    parts = term.terms if isinstance(term, Sum) else (term,)
    found = []
    for part in parts:
        match part:
            case Product((one, other)) if one == other:
                found.append(one)
            case Number():
                pass
            case _:
                return None
    return found or None


def _equal(inside: Term, wanted: _Wanted) -> None:
    """`inside == 0`, solved for the first scalar that is still open."""
    affine = _affine(inside)
    for key in affine[0] if affine else ():
        if affine and key in wanted.old and key not in wanted.exact:
            wanted.exact[key] = _solved(affine, key)
            return


def _beyond(
    variable: Variable, value: Fraction, strict: bool, below: bool, wanted: _Wanted
) -> None:
    """What `_bounded` says of a variable that is below a number, or above it."""
    key = variable.name, variable.version
    if key in wanted.old:
        side = wanted.highs if below else wanted.lows
        end = Number(value + (-strict if below else strict)) if strict else Number(value)
        side.setdefault(key, []).append(end)


def _bounded(gap: Term, strict: bool, wanted: _Wanted) -> None:
    """`0 <= gap`, solved for each scalar that is written; by 1 beyond a bound that is excluded."""
    affine = _affine(gap)
    for key, factor in affine[0].items() if affine else ():
        if affine and key in wanted.old:
            side = wanted.lows if factor > 0 else wanted.highs
            beyond = Number(Fraction(strict if factor > 0 else -strict))
            side.setdefault(key, []).append(add(_solved(affine, key), beyond))


def _solved(affine: Affine, key: Key) -> Term:
    """What the scalar is where the affine term is 0."""
    coefficients, constant = affine
    by = -1 / coefficients[key]
    rest = {other: by * factor for other, factor in coefficients.items() if other != key}
    return _term((rest, by * constant))


def _term(affine: Affine) -> Term:
    coefficients, constant = affine
    parts = [multiply(Number(factor), Variable(*key)) for key, factor in coefficients.items()]
    return add(*parts, Number(constant))


def _affine(term: Term) -> Affine | None:
    """Coefficients and constant of an affine term; None for another one."""
    match term:
        case Number(value):
            return {}, value
        case Variable(name, version):
            return {(name, version): Fraction(1)}, Fraction(0)
        case Sum(parts):
            found: dict[Key, Fraction] = {}
            constant = Fraction(0)
            for inner in map(_affine, parts):
                if inner is None:
                    return None
                constant += inner[1]
                for key, factor in inner[0].items():
                    found[key] = found.get(key, Fraction(0)) + factor
            return {key: factor for key, factor in found.items() if factor}, constant
        case Product(factors):
            return _product(factors)
        case _:
            return None


def _product(factors: tuple[Term, ...]) -> Affine | None:
    coefficients: dict[Key, Fraction] = {}
    constant = Fraction(1)
    for inner in map(_affine, factors):
        if inner is None or (inner[0] and coefficients):
            return None
        scale, rest = (constant, inner) if inner[0] else (inner[1], (coefficients, constant))
        coefficients = {key: scale * factor for key, factor in rest[0].items() if scale}
        constant = scale * rest[1]
    return coefficients, constant


# ---- choosing ----------------------------------------------------------------------------------


def _chosen(key: Key, wanted: _Wanted, strategy: str) -> Stand:
    sort = wanted.sorts[key[0]]
    if key in wanted.exact:
        return wanted.exact[key]
    if isinstance(sort, Enumeration) and key in wanted.denied:
        left = [label for label in sort.labels if label not in wanted.denied[key]]
        return left[0] if left else wanted.old[key]
    lows, highs = wanted.lows.get(key, []), wanted.highs.get(key, [])
    if isinstance(sort, Boolean | Enumeration) or strategy == "keep" or not (lows or highs):
        return _same(key, wanted)
    if strategy == "clamp":
        up = Apply("max", (Variable(*wanted.old[key]), *lows)) if lows else _variable(key, wanted)
        return Apply("min", (up, *highs)) if highs else up
    if strategy == "middle" and lows and highs:
        return multiply(Number(Fraction(1, 2)), add(lows[0], highs[0]))
    first, second = (highs, lows) if strategy == "high" else (lows, highs)
    return (first or second)[0]


def _variable(key: Key, wanted: _Wanted) -> Term:
    return Variable(*wanted.old[key])


def _same(key: Key, wanted: _Wanted) -> Stand:
    """What the scalar was before."""
    match wanted.sorts[key[0]]:
        case Boolean():
            return Proposition(*wanted.old[key])
        case Enumeration():
            return wanted.old[key]
        case _:
            return _variable(key, wanted)


def _resolved(chosen: Mapping[Key, Stand], wanted: _Wanted) -> Stands | None:
    """The choices in terms of the state before; where choices need each other, one of them takes
    what was before. None if one becomes too large."""
    found: Stands = {}
    places: dict[Key, int] = {}
    active: set[Key] = set()

    def put_in(needed: Iterator[Key]) -> Stands:
        return {key: resolved(key) for key in dict.fromkeys(needed) if key in chosen}

    def resolved(key: Key) -> Stand:
        if key in active:
            return found.get(key, _same(key, wanted))
        active.add(key)
        value = chosen[key]
        match value:
            case str() | (_, _):
                found[key] = value
            case _ if isinstance(value, Term):
                inner = put_in(term_variables(value))
                read = sum(places.get(each, 1) for each in term_variables(value))
                if read > MOST_READ:
                    raise _TooLarge
                affine = _affine(put_term(value, inner))
                found[key] = put_term(value, inner) if affine is None else _term(affine)
                places[key] = read if affine is None else len(affine[0])
            case _:
                assert isinstance(value, Formula)
                found[key] = put(value, put_in(variables(value)))
        return found[key]

    try:
        return {key: resolved(key) for key in chosen}
    except _TooLarge:
        return None


class _TooLarge(Exception):
    """A choice that would read more variables than MOST_READ."""
