"""Refutes a conjunction of assertions, or finds a state that satisfies it; no solver needed.

A tableau guided by models. On each branch: propagation of the only case that is left, then exact
linear arithmetic per connected component (simplex.py), with nonlinear monomials as variables of
their own, then certificates of degree two (quadratic.py). If every component has a point, the
disjunction that this point makes false is split next; if there is none, the point is a model. A
case whose refutation does not use it refutes its parent as it stands (backjumping).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import heappop, heappush
from math import inf
from typing import TypeAlias

from verifier.core.certificate import Refutation
from verifier.core.evaluate import NoExactValue, Value, holds
from verifier.core.term import (
    Boolean,
    Choice,
    Comparison,
    Enumeration,
    Formula,
    Key,
    Proposition,
    Sort,
    Truth,
    Variable,
    variables,
)
from verifier.solve import limits, simplex
from verifier.solve.dual import search_multipliers
from verifier.solve.facts import (
    ByLabels,
    BySum,
    Known,
    Proof,
    Signed,
    by_cases,
    by_meaning,
    by_squares,
    by_sum,
    cases_of,
    clash,
    digits,
    flatten,
    meaning,
    numbered,
)
from verifier.solve.limits import Limit, Limits
from verifier.solve.optimum import Reach, contradiction, reach
from verifier.solve.points import guess
from verifier.solve.polynomial import (
    ONE,
    ONE_F,
    Atoms,
    Form,
    NotPolynomial,
    Polynomial,
    gap,
    plus,
    times,
    value_at,
)
from verifier.solve.quadratic import close
from verifier.solve.squares import sum_of_squares
from verifier.solve.walk import applications

DEPTH_MAX = 100
DIGITS_MAX = 3_500


@dataclass(frozen=True, slots=True)
class Closed:
    """No state satisfies the assertions; `used` are the indices of those that were needed."""

    refutation: Refutation
    used: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """A state that satisfies every assertion, by exact evaluation."""

    state: dict[Key, Value]


@dataclass(frozen=True, slots=True)
class GaveUp:
    reason: str


Outcome: TypeAlias = Closed | Open | GaveUp


class _Exhausted(Exception):
    """The steps or the time allowed were not enough."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a component stands: values of its atoms; `unsure` if they break a fact."""

    values: dict[int, Fraction]
    facts: tuple[Known, ...]
    unsure: bool


@dataclass(slots=True)
class _Branch:
    truths: dict[Key, Known]
    labels: dict[Key, Known]
    denied: dict[Key, dict[str, Known]]
    lower: dict[Form, Limit]
    upper: dict[Form, Limit]
    odd: list[Known]
    pending: dict[int, Known]

    def copy(self) -> _Branch:
        return _Branch(
            dict(self.truths),
            dict(self.labels),
            {key: dict(labels) for key, labels in self.denied.items()},
            dict(self.lower),
            dict(self.upper),
            list(self.odd),
            dict(self.pending),
        )


@dataclass(slots=True)
class _Search:
    assertions: list[Signed]
    sorts: Mapping[str, Sort]
    steps: int
    deadline: float
    keys: tuple[Key, ...]
    atoms: Atoms = field(default_factory=Atoms)
    gaps: dict[Known, Polynomial | None] = field(default_factory=dict)
    limits: dict[Known, Limits | None] = field(default_factory=dict)
    theory: dict[frozenset[Known], Proof | _Spot] = field(default_factory=dict)
    squares: bool = False
    reaches: dict[tuple[Known, ...], Reach | None] = field(default_factory=dict)
    numbers: dict[Known, int] = field(default_factory=dict)
    watching: dict[Key | Form | None, list[int]] = field(default_factory=dict)

    def number(self, fact: Known) -> int:
        """The number of a disjunction, in the order in which they are met. `watching` gives the
        numbers of those that say something of a subject."""
        if fact not in self.numbers:
            self.numbers[fact] = len(self.numbers)
            subjects = {self.subject(each) for case in cases_of(fact) for each in case}
            for subject in subjects - {None}:
                self.watching.setdefault(subject, []).append(self.numbers[fact])
        return self.numbers[fact]

    def subject(self, fact: Known) -> Key | Form | None:
        """What a literal says something of: a boolean, an enumeration, or a form; None where no
        other literal bears on it."""
        match fact.formula:
            case Proposition(name, version) | Choice(name, version, _) if fact.parts is None:
                return name, version
            case Comparison() if fact.parts is None:
                found = self.limits_of(fact)
                return None if found is None else found[0] or None
            case _:
                return None

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0 or time.thread_time() > self.deadline:
            raise _Exhausted

    def gap(self, fact: Known) -> Polynomial | None:
        """Right minus left of a comparison; None if it cannot be multiplied out."""
        if fact not in self.gaps:
            assert isinstance(fact.formula, Comparison)
            try:
                self.gaps[fact] = gap(fact.formula, self.atoms)
            except NotPolynomial:
                self.gaps[fact] = None
        return self.gaps[fact]

    def limits_of(self, fact: Known) -> Limits | None:
        """The form of a comparison with its lower and upper limit; None if it is not polynomial."""
        if fact not in self.limits:
            self.limits[fact] = limits.of_bound(fact, self.atoms) or self._of_polynomial(fact)
        return self.limits[fact]

    def _of_polynomial(self, fact: Known) -> Limits | None:
        polynomial = self.gap(fact)
        return None if polynomial is None else limits.of_polynomial(fact, polynomial)


def refute(
    assertions: list[Signed],
    sorts: Mapping[str, Sort],
    steps_max: int,
    only: Collection[int] | None = None,
    deadline: float = inf,
    *,
    squares: bool = False,
) -> Outcome:
    """Whether the assertions (formulas that hold, or do not) can be true together. With `only`,
    the search uses just these assertions; the facts are still numbered through all of them. A step
    is worth about ten microseconds; the deadline is one of
    time.thread_time(). With `squares`, sums
    of squares of any degree are tried last (cvxpy, a good part of a second each)."""
    places = range(len(assertions)) if only is None else sorted(only)
    used_assertions = [assertions[place] for place in places]
    keys = dict.fromkeys(key for formula, _ in assertions for key in variables(formula))
    search = _Search(used_assertions, sorts, steps_max, deadline, tuple(keys), squares=squares)
    branch = _Branch({}, {}, {}, {}, {}, [], {})
    facts = [flatten(*assertion) for assertion in assertions]
    meanings = [
        (term, flatten(formula, True))
        for term in dict.fromkeys(t for f, _ in used_assertions for t in applications(f))
        if (formula := meaning(term)) is not None
    ]
    added = [fact for place in places for fact in facts[place]]
    added += [fact for _, group in meanings for fact in group]
    try:
        outcome = _explore(search, branch, added, 0)
    except _Exhausted:
        return GaveUp("the step limit of the tableau is reached")
    if not isinstance(outcome, Proof):
        return outcome
    for term, group in reversed(meanings):
        outcome = by_meaning(term, group, outcome)
    used = tuple(index for index, group in enumerate(facts) if not outcome.uses.isdisjoint(group))
    refutation = numbered(facts, outcome)
    if digits(refutation) > DIGITS_MAX:
        return GaveUp("the numbers of the certificate have too many digits")
    return Closed(refutation, used)


def _explore(
    search: _Search, branch: _Branch, added: list[Known], depth: int
) -> Proof | Open | GaveUp:
    trail: list[tuple[Known, list[Proof | None], int]] = []
    closed = _propagate(search, branch, added, trail)
    spots: list[_Spot] = []
    if closed is None:
        found = _theory(search, branch)
        if isinstance(found, Proof):
            closed = found
        else:
            spots = found
    if closed is not None:
        return _wrapped(trail, closed)
    candidate = _candidate(search, branch, spots)
    chosen = _choose(search, branch, spots, candidate)
    if chosen is None:
        last = _leaf(search, spots, branch, candidate)
        return _wrapped(trail, last) if isinstance(last, Proof) else last
    if depth >= DEPTH_MAX:
        return GaveUp("the tableau is too deep")
    del branch.pending[search.number(chosen)]
    proofs: list[Proof] = []
    gave_up: GaveUp | None = None
    for case in cases_of(chosen):
        below = _beyond(search, spots, case) or _explore(search, branch.copy(), case, depth + 1)
        if isinstance(below, Open):
            return below
        if isinstance(below, GaveUp):
            gave_up = below
        elif below.uses.isdisjoint(case):
            return _wrapped(trail, below)
        else:
            proofs.append(below)
    return gave_up or _wrapped(trail, by_cases(chosen, proofs))


def _wrapped(trail: list[tuple[Known, list[Proof | None], int]], proof: Proof) -> Proof:
    """The proof above the propagated cases that led to it."""
    for fact, others, alive in reversed(trail):
        whole = [proof if place == alive else other for place, other in enumerate(others)]
        proof = by_cases(fact, [each for each in whole if each is not None])
    return proof


# ---- propagation -------------------------------------------------------------------------------


def _propagate(
    search: _Search,
    branch: _Branch,
    added: list[Known],
    trail: list[tuple[Known, list[Proof | None], int]],
) -> Proof | None:
    """Adds facts and everything that follows by having one case left; a proof if that closes. A
    disjunction is looked at when it is added, and when something is that one of its cases says
    something of."""
    due: list[int] = []
    while True:
        for fact in added:
            if fact.parts is not None:
                number = search.number(fact)
                branch.pending[number] = fact
                heappush(due, number)
                continue
            closed = _absorb(search, branch, fact)
            if closed is not None:
                return closed
            for number in search.watching.get(search.subject(fact), ()):
                if number in branch.pending:
                    heappush(due, number)
        search.spend(1 + len(due) // 8)
        while due:
            number = heappop(due)
            if number not in branch.pending:
                continue
            fact = branch.pending[number]
            states = [_case(search, branch, case) for case in cases_of(fact)]
            if True in states:
                del branch.pending[number]
                continue
            alive = [index for index, state in enumerate(states) if state is None]
            dead = [state if isinstance(state, Proof) else None for state in states]
            if not alive:
                return by_cases(fact, [proof for proof in dead if proof is not None])
            if len(alive) == 1:
                trail.append((fact, dead, alive[0]))
                added = cases_of(fact)[alive[0]]
                del branch.pending[number]
                break
        else:
            return None


def _case(search: _Search, branch: _Branch, case: list[Known]) -> Proof | bool | None:
    """True if the case is known, a proof if it is impossible, None if it is open."""
    known = True
    for fact in case:
        state = None if fact.parts is not None else _state(search, branch, fact)
        if isinstance(state, Proof):
            return state
        known = known and state is True
    return known or None


def _state(search: _Search, branch: _Branch, fact: Known) -> Proof | bool | None:
    """True if the literal is known on the branch, a proof if it contradicts, None otherwise."""
    match fact.formula:
        case Truth(value):
            return True if value else clash(fact, fact)
        case Proposition(name, version):
            other = branch.truths.get((name, version))
            if other is None:
                return None
            return True if other.holds == fact.holds else clash(fact, other)
        case Choice(name, version, label):
            return _label_state(search, branch, fact, (name, version), label)
        case Comparison():
            return _comparison_state(search, branch, fact)
    raise AssertionError(fact.formula)


def _label_state(
    search: _Search, branch: _Branch, fact: Known, key: Key, label: str
) -> Proof | bool | None:
    chosen = branch.labels.get(key)
    denied = branch.denied.get(key, {})
    if fact.holds:
        if label in denied:
            return clash(fact, denied[label])
        if chosen is None:
            return None
        assert isinstance(chosen.formula, Choice)
        return True if chosen.formula.label == label else clash(fact, chosen)
    if chosen is not None:
        assert isinstance(chosen.formula, Choice)
        return clash(fact, chosen) if chosen.formula.label == label else True
    if label in denied:
        return True
    sort = search.sorts[key[0]]
    assert isinstance(sort, Enumeration)
    if all(other == label or other in denied for other in sort.labels):
        facts = (*(denied[other] for other in sort.labels if other != label), fact)
        return Proof(ByLabels(key[0], key[1], facts), frozenset(facts))
    return None


def _comparison_state(search: _Search, branch: _Branch, fact: Known) -> Proof | bool | None:
    found = search.limits_of(fact)
    if found is None:
        return None
    form, low, high = found
    if not form:
        return _constant_state(search, fact)
    below, above = branch.lower.get(form), branch.upper.get(form)
    for one, other in ((low, above), (below, high)):
        if one is not None and other is not None and limits.apart(one, other):
            pairs = ((one.fact, one.factor), (other.fact, other.factor))
            return by_sum(BySum(pairs, one.value - other.value))
    if (low is None or limits.implies(below, low, 1)) and (
        high is None or limits.implies(above, high, -1)
    ):
        return True
    return None


def _constant_state(search: _Search, fact: Known) -> Proof | bool:
    polynomial = search.gap(fact)
    assert polynomial is not None and isinstance(fact.formula, Comparison)
    value, relation = polynomial.get(ONE, Fraction(0)), fact.formula.relation
    if value == 0:
        if relation != "<":
            return True
        return by_sum(BySum(((fact, ONE_F),), Fraction(0)))
    if value > 0 and relation != "==":
        return True
    return by_sum(BySum(((fact, -1 / value),), ONE_F))


def _absorb(search: _Search, branch: _Branch, fact: Known) -> Proof | None:
    """Adds a literal to the branch; a proof if it contradicts what is known."""
    state = _state(search, branch, fact)
    if isinstance(state, Proof):
        return state
    if state is True:
        return None
    match fact.formula:
        case Proposition(name, version):
            branch.truths[name, version] = fact
        case Choice(name, version, label):
            if fact.holds:
                branch.labels[name, version] = fact
            else:
                branch.denied.setdefault((name, version), {})[label] = fact
        case _:
            found = search.limits_of(fact)
            if found is None:
                branch.odd.append(fact)
                return None
            form, low, high = found
            if low is not None and not limits.implies(branch.lower.get(form), low, 1):
                branch.lower[form] = low
            if high is not None and not limits.implies(branch.upper.get(form), high, -1):
                branch.upper[form] = high
    return None


# ---- arithmetic --------------------------------------------------------------------------------


def _theory(search: _Search, branch: _Branch) -> Proof | list[_Spot]:
    """A proof that some component has no point, or a point for each of them."""
    spots: list[_Spot] = []
    for facts in _components(search, branch):
        key = frozenset(facts)
        if key not in search.theory:
            search.spend(len(facts))
            search.theory[key] = _component(search, facts)
        found = search.theory[key]
        if isinstance(found, Proof):
            return found
        spots.append(found)
    return spots


def _components(search: _Search, branch: _Branch) -> list[list[Known]]:
    """The comparisons, grouped by the variables that connect them."""
    parents: dict[tuple[int, ...], tuple[int, ...]] = {}

    def root(node: tuple[int, ...]) -> tuple[int, ...]:
        parents.setdefault(node, node)
        while parents[node] != node:
            parents[node] = parents[parents[node]]
            node = parents[node]
        return node

    forms = dict.fromkeys([*branch.lower, *branch.upper])
    for form in forms:
        first = root(form[0][0][:1])
        for monomial, _ in form:
            for atom in monomial:
                parents[root((atom,))] = first
                first = root(first)
    groups: dict[tuple[int, ...], dict[Known, None]] = {}
    for form in forms:
        group = groups.setdefault(root(form[0][0][:1]), {})
        for side in (branch.lower, branch.upper):
            if form in side:
                group[side[form].fact] = None
    return [list(group) for group in groups.values()]


def _component(search: _Search, facts: list[Known]) -> Proof | _Spot:
    alone = limits.only_point([search.limits_of(fact) for fact in facts])
    if alone is not None:
        search.spend(1)
        return _Spot(dict([alone]), tuple(facts), False)
    system = _system(search, facts)
    rows: list[simplex.Row[tuple[int, ...]]] = [
        (relation, {m: c for m, c in p.items() if m != ONE}, p.get(ONE, Fraction(0)))
        for _, relation, p in system
    ]
    point = simplex.solve(rows, search.spend)
    if isinstance(point, simplex.Infeasible):
        pairs = tuple((facts[index], factor) for index, factor in point.multipliers.items())
        total = sum(
            (factor * rows[index][2] for index, factor in point.multipliers.items()), Fraction(0)
        )
        return _summed(search, BySum(pairs, -total))
    atoms = {atom for _, _, p in system for monomial in p for atom in monomial}
    values = {atom: point.get((atom,), Fraction(0)) for atom in atoms}
    if _satisfied(system, values):
        return _Spot(values, tuple(facts), False)
    step = close(system, search.atoms, search.spend)
    if step is not None:
        return _summed(search, step)
    better = guess(system, values, search.spend)
    return _Spot(better or values, tuple(facts), better is None)


def _beyond(search: _Search, spots: list[_Spot], case: list[Known]) -> Proof | None:
    """A proof that the case, an inequality, is out of reach of the facts about what it speaks of;
    None if there are few, or if that does not show it."""
    if len(case) != 1 or not isinstance(case[0].formula, Comparison) or case[0].parts is not None:
        return None
    fact, relation = case[0], case[0].formula.relation
    polynomial = search.gap(fact)
    if polynomial is None or relation == "==":
        return None
    atoms = {atom for monomial in polynomial for atom in monomial}
    for spot in spots:
        if atoms and atoms <= spot.values.keys():
            if spot.facts not in search.reaches:
                search.reaches[spot.facts] = reach(_system(search, spot.facts))
            made = search.reaches[spot.facts]
            if made is None:
                return None
            search.spend(1 + len(made.facts) // 2)
            step = contradiction(made, fact, polynomial, relation == "<")
            return None if step is None else by_sum(step)
    return None


def _summed(search: _Search, step: BySum) -> Proof:
    """The proof, after its polynomials were added up once more."""

    def gap_of(fact: Known) -> Polynomial:
        found = search.gap(fact)
        assert found is not None
        return found

    def atom(key: Key) -> Polynomial:
        return {(search.atoms.number(Variable(*key)),): ONE_F}

    total: Polynomial = {ONE: step.constant} if step.constant else {}
    for fact, factor in step.multipliers:
        total = plus(total, gap_of(fact), factor)
    for one, other, factor in step.products:
        total = plus(total, times(gap_of(one), gap_of(other)), factor)
    for fact, key, factor in step.equations:
        total = plus(total, times(gap_of(fact), atom(key)), factor)
    for square in step.squares:
        line: Polynomial = {ONE: square.constant} if square.constant else {}
        for key, factor in square.coefficients:
            line = plus(line, atom(key), factor)
        total = plus(total, times(line, line), square.weight)
    assert not total, "a combination does not cancel"
    return by_sum(step)


def _system(search: _Search, facts: Iterable[Known]) -> list[tuple[Known, str, Polynomial]]:
    system = []
    for fact in facts:
        polynomial = search.gap(fact)
        assert polynomial is not None and isinstance(fact.formula, Comparison)
        system.append((fact, fact.formula.relation, polynomial))
    return system


def _satisfied(
    system: Iterable[tuple[Known, str, Polynomial]], values: dict[int, Fraction]
) -> bool:
    for _, relation, polynomial in system:
        value = value_at(polynomial, values)
        if value < 0 or (value == 0 and relation == "<") or (value > 0 and relation == "=="):
            return False
    return True


# ---- models ------------------------------------------------------------------------------------


def _candidate(search: _Search, branch: _Branch, spots: list[_Spot]) -> dict[Key, Value]:
    values: dict[Key, Value] = {}
    for spot in spots:
        for atom, value in spot.values.items():
            term = search.atoms.terms[atom]
            if isinstance(term, Variable):
                values[term.name, term.version] = value
    for key in search.keys:
        if key in values:
            continue
        sort = search.sorts[key[0]]
        if isinstance(sort, Boolean):
            values[key] = key in branch.truths and branch.truths[key].holds
        elif isinstance(sort, Enumeration):
            denied = branch.denied.get(key, {})
            chosen = branch.labels.get(key)
            if chosen is not None and isinstance(chosen.formula, Choice):
                values[key] = chosen.formula.label
            else:
                values[key] = next((label for label in sort.labels if label not in denied), "")
        else:
            values[key] = Fraction(0)
    return values


def _true(formula: Formula, wanted: bool, at: Mapping[Key, Value]) -> bool:
    try:
        return holds(formula, at) == wanted
    except NoExactValue:
        return False


def _choose(
    search: _Search, branch: _Branch, spots: list[_Spot], candidate: dict[Key, Value]
) -> Known | None:
    """The disjunction to split next: one that the candidate breaks, with the fewest cases; failing
    that, one that touches a component which is still unsure."""
    search.spend(1 + len(branch.pending) // 8)
    broken = [f for f in branch.pending.values() if not _true(f.formula, f.holds, candidate)]
    if not broken:
        troubled = {
            key
            for spot in spots
            for fact in spot.facts
            if not _true(fact.formula, True, candidate)
            for key in variables(fact.formula)
        }
        broken = [
            f for f in branch.pending.values() if not troubled.isdisjoint(variables(f.formula))
        ]
    return min(broken, key=lambda fact: len(cases_of(fact)), default=None)


def _leaf(
    search: _Search, spots: list[_Spot], branch: _Branch, candidate: dict[Key, Value]
) -> Proof | Open | GaveUp:
    """What becomes of a branch without anything left to split."""
    if all(_true(formula, wanted, candidate) for formula, wanted in search.assertions):
        return Open(candidate)
    for spot in spots:
        if spot.unsure:
            step = search_multipliers(
                _system(search, spot.facts), spot.values, search.atoms, search.spend
            )
            if step is not None:
                return _summed(search, step)
    if branch.odd:
        return GaveUp("a term is too large to multiply out")
    if any(not isinstance(t, Variable) for t in search.atoms.terms):
        return GaveUp("a function or a quotient is beyond exact arithmetic")
    for spot in spots if search.squares else ():
        if spot.unsure:
            system = _system(search, spot.facts)
            found = sum_of_squares(system, search.atoms, search.spend)
            if found is not None:
                return by_squares(found)
    return GaveUp("a nonlinear condition is neither refuted nor satisfied")
