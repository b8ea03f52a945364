"""Whether a certificate answers its question: the rules of verifier/core/certificate.py, no more.

Trusted. What is accepted here is true, whoever wrote the certificate; the judge never raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.check.choice import chosen
from verifier.check.facts import Disjunction, Literal, NumberedFact, Signed, flatten, meaning
from verifier.check.measure import judge_measure, judge_refuted
from verifier.check.motion import judge_plan
from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import (
    Atoms,
    Polynomial,
    Refused,
    combine,
    constant,
    multiply,
    polynomial,
    shown,
)
from verifier.check.shape import as_key, as_rows, as_tuple
from verifier.check.squares import sum_of_squares
from verifier.check.strayed import judge_strayed
from verifier.check.survey import known, rational, survey
from verifier.core.certificate import (
    Certificate,
    Chosen,
    Clash,
    Combination,
    Meaning,
    NoLabel,
    Point,
    Refutation,
    SplitOn,
    SplitOr,
    Square,
    SumOfSquares,
)
from verifier.core.cover import Cut, Leaf
from verifier.core.evaluate import NoExactValue, Value, holds
from verifier.core.obligation import (
    Deferral,
    Entailment,
    Existence,
    Fact,
    Measure,
    Obligation,
    Passage,
    Realization,
    Unstated,
)
from verifier.core.term import (
    FALSE,
    And,
    Apply,
    Boolean,
    Choice,
    Comparison,
    Enumeration,
    Formula,
    Key,
    Real,
    Sort,
    Variable,
    variables,
)


def judge(obligation: Obligation, certificate: Certificate) -> Accepted | Rejected:
    """Whether the certificate proves the obligation."""
    try:
        match obligation.question:
            case Entailment(hypotheses, goals):
                _entailment(hypotheses, goals, certificate, obligation.sorts)
            case Existence(facts):
                _existence(facts, certificate, obligation.sorts)
            case Realization() as question:
                _realization(question, certificate, obligation.sorts)
            case Passage(problem, plan):
                return judge_plan(problem, plan, certificate)
            case Unstated():
                return Rejected("a question that is not stated")
            case Deferral():
                return Rejected("a deferred obligation cannot be proved beforehand")
            case measure:
                judge_measure(measure, certificate)
    except Refused as refusal:
        return Rejected(str(refusal))
    return Accepted()


def judge_counterexample(obligation: Obligation, evidence: object) -> Accepted | Rejected:
    """Whether the evidence refutes the obligation, which is about time, resources or a motion."""
    question = obligation.question
    if isinstance(question, Passage):
        return judge_strayed(question, evidence)
    if not isinstance(question, Measure):
        return Rejected("what is said of states is refuted by a state")
    try:
        judge_refuted(question, evidence)
    except Refused as refusal:
        return Rejected(str(refusal))
    return Accepted()


def judge_contradiction(
    facts: Sequence[Fact], refutation: Refutation, sorts: dict[str, Sort]
) -> Accepted | Rejected:
    """Whether the refutation shows that no state makes all the facts true."""
    try:
        for fact in facts:
            survey(fact.formula, sorts, partial=True)
        _refutation([(fact.formula, True) for fact in facts], refutation, sorts)
    except Refused as refusal:
        return Rejected(str(refusal))
    return Accepted()


def _entailment(
    hypotheses: Sequence[Fact],
    goals: Sequence[Fact],
    certificate: Certificate,
    sorts: dict[str, Sort],
) -> None:
    partial = isinstance(certificate, Leaf | Cut)
    for fact in hypotheses:
        survey(fact.formula, sorts, partial=True)
    for fact in goals:
        survey(fact.formula, sorts, partial=partial)
    if isinstance(certificate, Leaf | Cut):
        from verifier.check.boxed import covered

        covered(Entailment(tuple(hypotheses), tuple(goals)), certificate)
        return
    assertions = [(fact.formula, True) for fact in hypotheses]
    assertions.append((And(tuple(fact.formula for fact in goals)), False))
    _refutation(assertions, certificate, sorts)


def _realization(question: Realization, certificate: Certificate, sorts: dict[str, Sort]) -> None:
    wanted = {key for key, _ in question.chosen}
    for fact in question.hypotheses:
        survey(fact.formula, sorts, partial=True)
        if not wanted.isdisjoint(variables(fact.formula)):
            raise Refused("a hypothesis reads what is to be chosen")
    for fact in question.goals:
        survey(fact.formula, sorts, partial=False)
    assertions = [(fact.formula, True) for fact in question.hypotheses]
    _refutation(assertions, certificate, sorts, question)


def _existence(facts: Sequence[Fact], certificate: Certificate, sorts: dict[str, Sort]) -> None:
    if not isinstance(certificate, Point):
        raise Refused("existence is proved by a point only")
    at: dict[Key, Value] = {}
    for entry in as_rows(certificate.values, 2, "the point"):
        name, version = as_key(entry[0])
        if (name, version) in at:
            raise Refused(f"the point gives `{name}` two values")
        at[name, version] = _value(name, version, entry[1], sorts)
    for fact in facts:
        survey(fact.formula, sorts, partial=True)
        try:
            true = holds(fact.formula, at)
        except KeyError as missing:
            raise Refused(f"the point gives no value to {missing}") from None
        except NoExactValue as undefined:
            from verifier.check.boxed import enclosed

            if not enclosed(fact.formula, at):
                raise Refused(f"at the point, {fact.origin} is undefined: {undefined}") from None
            true = True
        if not true:
            raise Refused(f"the point makes {fact.origin} at {fact.span} false")


def _value(name: str, version: int, value: object, sorts: dict[str, Sort]) -> Value:
    what = f"the value of `{name}` in the point"
    sort = known(name, version, object, sorts)
    if isinstance(sort, Real):
        return rational(value, what)
    if isinstance(sort, Boolean) and isinstance(value, bool):
        return value
    if isinstance(sort, Enumeration) and isinstance(value, str) and value in sort.labels:
        return value
    raise Refused(f"{what} is not of its sort")


# ---- refutations -------------------------------------------------------------------------------


Place: TypeAlias = tuple["Place", int] | None


@dataclass(slots=True)
class _Branch:
    """The facts that are known here, with their polynomials as far as they were needed."""

    sorts: dict[str, Sort]
    atoms: Atoms
    facts: list[NumberedFact]
    gaps: list[Polynomial | None]
    question: Realization | None

    def enter(self, kept: int, added: Signed) -> None:
        del self.facts[kept:], self.gaps[kept:]
        found = flatten(*added)
        self.facts.extend(found)
        self.gaps.extend([None] * len(found))

    def fact(self, index: object) -> NumberedFact:
        if type(index) is not int or not 0 <= index < len(self.facts):
            raise Refused(f"there is no fact {shown(index)} here")
        return self.facts[index]

    def comparison(self, index: object) -> tuple[str, Polynomial]:
        """The relation of a fact, and right minus left as a polynomial."""
        fact = self.fact(index)
        assert isinstance(index, int)
        if not (isinstance(fact, Literal) and isinstance(fact.formula, Comparison)):
            raise Refused(f"fact {index} is not a comparison")
        gap = self.gaps[index]
        if gap is None:
            left = polynomial(fact.formula.left, self.atoms)
            right = polynomial(fact.formula.right, self.atoms)
            gap = combine([(Fraction(1), right), (Fraction(-1), left)])
            self.gaps[index] = gap
        return fact.formula.relation, gap

    def variable(self, key: object) -> Polynomial:
        name, version = as_key(key)
        known(name, version, Real, self.sorts)
        return polynomial(Variable(name, version), self.atoms)


def _refutation(
    assertions: list[Signed],
    tree: object,
    sorts: dict[str, Sort],
    question: Realization | None = None,
) -> None:
    branch = _Branch(sorts, {}, [], [], question)
    for assertion in assertions:
        branch.enter(len(branch.facts), assertion)
    nothing: Signed = (And(()), True)
    todo: list[tuple[object, int, Signed, Place]] = [(tree, len(branch.facts), nothing, None)]
    while todo:
        node, kept, added, place = todo.pop()
        try:
            branch.enter(kept, added)
            cases = _cases(branch, node)
        except Refused as refusal:
            raise Refused(f"{_told(place)}: {refusal}") from None
        for number in reversed(range(len(cases))):
            below, case = cases[number]
            todo.append((below, len(branch.facts), case, (place, number)))


def _told(place: Place) -> str:
    numbers: list[str] = []
    while place is not None:
        place, number = place
        numbers.append(str(number + 1))
    numbers.reverse()
    shown = numbers if len(numbers) <= 20 else [*numbers[:20], "…"]
    return "case " + ".".join(shown) if numbers else "at the root"


def _cases(branch: _Branch, node: object) -> list[tuple[object, Signed]]:
    """What is left to refute below the node, each with the formula that it may use in addition."""
    match node:
        case Clash(first, second):
            _clash(branch.fact(first), branch.fact(second), first == second)
        case NoLabel():
            _no_label(branch, node)
        case Combination():
            _combination(branch, node)
        case SumOfSquares():
            sum_of_squares(node, branch.comparison, branch.variable)
        case SplitOr(index, branches):
            fact = branch.fact(index)
            if not isinstance(fact, Disjunction):
                raise Refused(f"fact {index} is not a disjunction")
            if type(branches) is not tuple or len(branches) != len(fact.parts):
                raise Refused(f"fact {index} has {len(fact.parts)} cases, not those that are given")
            return list(zip(branches, fact.parts, strict=True))
        case SplitOn(formula, yes, no):
            survey(formula, branch.sorts, partial=True)
            _formula(formula)
            return [(yes, (formula, True)), (no, (formula, False))]
        case Meaning(term, rest):
            survey(term, branch.sorts, partial=True)
            if not isinstance(term, Apply):
                raise Refused("a meaning is asked for something that is no function")
            return [(rest, (meaning(term), True))]
        case Chosen(values, rest):
            return [(rest, (chosen(branch.question, values, branch.sorts), False))]
        case _:
            raise Refused(f"a {type(node).__name__} is no step of a refutation")
    return []


def _formula(formula: object) -> None:
    if not isinstance(formula, Formula):
        raise Refused("a case distinction needs a formula")


def _clash(one: NumberedFact, other: NumberedFact, same: bool) -> None:
    if not (isinstance(one, Literal) and isinstance(other, Literal)):
        raise Refused("a clash with a disjunction")
    if same:
        if one.formula != FALSE:
            raise Refused("a fact clashes with itself, but is not `false`")
        return
    match one.formula, other.formula:
        case Comparison(relation, left, right), Comparison(turned, low, high):
            clash = {relation, turned} == {"<", "<="} and (left, right) == (high, low)
        case Choice(name, version, label), Choice(twin, twin_version, twin_label):
            if one.holds and other.holds:
                clash = (name, version) == (twin, twin_version) and label != twin_label
            else:
                clash = one.formula == other.formula and one.holds != other.holds
        case _:
            clash = one.formula == other.formula and one.holds != other.holds
    if not clash:
        raise Refused("the two facts do not clash")


def _no_label(branch: _Branch, node: NoLabel) -> None:
    sort = known(node.name, node.version, Enumeration, branch.sorts)
    assert isinstance(sort, Enumeration)
    denied: set[str] = set()
    for index in as_tuple(node.facts, "the facts"):
        match branch.fact(index):
            case Literal(Choice(name, version, label), False) if (name, version) == (
                node.name,
                node.version,
            ):
                denied.add(label)
            case _:
                raise Refused(f"fact {shown(index)} denies no label of `{node.name}`")
    left = [label for label in sort.labels if label not in denied]
    if left:
        raise Refused(f"`{node.name}` may still be `{left[0]}`")


def _combination(branch: _Branch, node: Combination) -> None:
    total = rational(node.constant, "the constant")
    if total < 0:
        raise Refused("the constant is negative")
    positive = total > 0
    weighted = [(Fraction(1), constant(total))]
    for index, raw in as_rows(node.multipliers, 2, "the multipliers"):
        factor = rational(raw, f"the multiplier of fact {shown(index)}")
        relation, gap = branch.comparison(index)
        if factor < 0 and relation != "==":
            raise Refused(f"the multiplier of fact {index} is negative")
        positive = positive or (factor > 0 and relation == "<")
        weighted.append((factor, gap))
    for square in as_tuple(node.squares, "the squares"):
        weighted.append(_square(branch, square))
    for index, other, raw in as_rows(node.products, 3, "the products"):
        factor = rational(raw, f"the multiplier of facts {shown(index)} and {shown(other)}")
        (relation, gap), (twin, twin_gap) = branch.comparison(index), branch.comparison(other)
        if factor < 0 or "==" in (relation, twin):
            raise Refused(f"the product of facts {index} and {other} may be negative")
        positive = positive or (factor > 0 and relation == twin == "<")
        weighted.append((factor, multiply(gap, twin_gap)))
    for index, key, raw in as_rows(node.equations, 3, "the equations"):
        factor = rational(raw, f"the multiplier of fact {shown(index)}")
        relation, gap = branch.comparison(index)
        if relation != "==":
            raise Refused(f"fact {index} is no equation")
        weighted.append((factor, multiply(branch.variable(key), gap)))
    if not positive:
        raise Refused("the combination contradicts nothing: its sum may be zero")
    if combine(weighted)[1]:
        raise Refused("the combination does not cancel")


def _square(branch: _Branch, square: object) -> tuple[Fraction, Polynomial]:
    if not isinstance(square, Square):
        raise Refused("a square is malformed")
    weight = rational(square.weight, "the weight of a square")
    if weight < 0:
        raise Refused("the weight of a square is negative")
    root = [(Fraction(1), constant(rational(square.constant, "the constant of a square")))]
    for key, raw in as_rows(square.coefficients, 2, "a square"):
        root.append((rational(raw, "a coefficient of a square"), branch.variable(key)))
    form = combine(root)
    return weight, multiply(form, form)
