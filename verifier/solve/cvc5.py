"""The only home of cvc5: a second opinion on what nothing but z3's word stands behind.

Run as a child process, with the frames of worker.py (`main`). The question is written as SMT-LIB
2.6 text, with no code shared with smt.py, so that a wrong translation is found as well as a wrong
solver. One query asks for a state in which every hypothesis is defined and true and some goal is
false or undefined. sin, cos, tan and exp are uninterpreted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.obligation import Entailment, Obligation
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
    Not,
    Number,
    Or,
    Product,
    Proposition,
    Quotient,
    Sort,
    Sum,
    Term,
    Truth,
    Variable,
    variables,
)
from verifier.solve.walk import applications, operations
from verifier.solve.worker import serve

NAME = "cvc5"


@dataclass(frozen=True, slots=True)
class Agrees:
    """There is no state in which the obligation fails."""


@dataclass(frozen=True, slots=True)
class Differs:
    """cvc5 says that there is one; `state` is its model, as it writes it."""

    state: str


@dataclass(frozen=True, slots=True)
class Silent:
    reason: str


Opinion: TypeAlias = Agrees | Differs | Silent


def opinion(obligation: Obligation, timeout_s: float) -> Opinion:
    """What cvc5 says of an entailment, within the time."""
    import cvc5

    if not isinstance(obligation.question, Entailment):
        return Silent(f"{NAME} is asked about entailments alone")
    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("tlimit-per", str(max(1, int(timeout_s * 1000))))
    solver.setOption("produce-models", "true")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script(obligation), "question")
    symbols = parser.getSymbolManager()
    answer = ""
    while not (command := parser.nextCommand()).isNull():
        said = command.invoke(solver, symbols).strip()
        if said.startswith("(error"):
            return Silent(f"{NAME}: {said}")
        answer = said or answer
    if answer == "unsat":
        return Agrees()
    if answer == "sat":
        model = solver.getModel([], symbols.getDeclaredTerms())
        return Differs(" ".join(str(model).split()))
    return Silent(f"{NAME}: {solver.getUnknownExplanation() if answer == 'unknown' else answer}")


def script(obligation: Obligation) -> str:
    """The question as SMT-LIB text: satisfiable if and only if the entailment fails."""
    question = obligation.question
    assert isinstance(question, Entailment), question
    formulas = [fact.formula for fact in (*question.hypotheses, *question.goals)]
    lines = ["(set-logic ALL)", *_declarations(formulas, obligation.sorts)]
    for fact in question.hypotheses:
        lines.append(f"(assert {_meant(fact.formula, obligation.sorts)})")
    goals = " ".join(_meant(fact.formula, obligation.sorts) for fact in question.goals)
    return "\n".join([*lines, f"(assert (not (and true {goals})))", "(check-sat)"])


def _declarations(formulas: Sequence[Formula], sorts: Mapping[str, Sort]) -> Iterator[str]:
    keys = dict.fromkeys(key for formula in formulas for key in variables(formula))
    for name, version in keys:
        symbol, sort = _symbol(name, version), sorts[name]
        if isinstance(sort, Enumeration):
            yield f"(declare-const {symbol} Int)"
            yield f"(assert (and (<= 0 {symbol}) (< {symbol} {len(sort.labels)})))"
        else:
            yield f"(declare-const {symbol} {'Bool' if isinstance(sort, Boolean) else 'Real'})"
    applied = {each for formula in formulas for each in applications(formula)}
    others = sorted({(t.function, len(t.arguments)) for t in applied} - set(_WRITTEN_OUT))
    for function, count in others:
        if function not in ("min", "max"):
            yield f"(declare-fun |f {function}| ({'Real ' * count}) Real)"
    for term in sorted((t for t in applied if t.function == "sqrt"), key=repr):
        root, inside = _term(term), _term(term.arguments[0])
        both = f"(and (>= {root} 0.0) (= (* {root} {root}) {inside}))"
        yield f"(assert (=> (>= {inside} 0.0) {both}))"


_WRITTEN_OUT = (("abs", 1),)


def _symbol(name: str, version: int) -> str:
    return f"|{name}@{version}|"


def _meant(formula: Formula, sorts: Mapping[str, Sort]) -> str:
    """The formula, and that each of its terms has a value."""
    parts = [_formula(formula, sorts)]
    for term in operations(formula):
        match term:
            case Quotient(_, Number()):
                pass
            case Quotient(_, denominator):
                parts.append(f"(not (= {_term(denominator)} 0.0))")
            case Apply("sqrt", (inside,)):
                parts.append(f"(<= 0.0 {_term(inside)})")
    return f"(and true {' '.join(parts)})"


def _formula(formula: Formula, sorts: Mapping[str, Sort]) -> str:
    def listed(parts: Sequence[Formula]) -> str:
        return " ".join(_formula(part, sorts) for part in parts)

    match formula:
        case Truth(value):
            return "true" if value else "false"
        case Proposition(name, version):
            return _symbol(name, version)
        case Choice(name, version, label):
            sort = sorts[name]
            assert isinstance(sort, Enumeration)
            return f"(= {_symbol(name, version)} {sort.labels.index(label)})"
        case Comparison(relation, left, right):
            return f"({'=' if relation == '==' else relation} {_term(left)} {_term(right)})"
        case Not(body):
            return f"(not {_formula(body, sorts)})"
        case And(parts):
            return f"(and true {listed(parts)})"
        case Or(parts):
            return f"(or false {listed(parts)})"
        case Implies(premise, conclusion):
            return f"(=> {listed((premise, conclusion))})"
        case Iff(one, other):
            return f"(= {listed((one, other))})"


def _term(term: Term) -> str:
    match term:
        case Number(value):
            return _number(value)
        case Variable(name, version):
            return _symbol(name, version)
        case Sum(parts):
            return f"(+ 0.0 0.0 {' '.join(map(_term, parts))})"
        case Product(parts):
            return f"(* 1.0 1.0 {' '.join(map(_term, parts))})"
        case Quotient(numerator, denominator):
            return f"(/ {_term(numerator)} {_term(denominator)})"
        case Apply("abs", (inside,)):
            written = _term(inside)
            return f"(ite (>= {written} 0.0) {written} (- {written}))"
        case Apply("min" | "max" as function, arguments):
            chosen, *others = map(_term, arguments)
            for other in others:
                sign = "<=" if function == "min" else ">="
                chosen = f"(ite ({sign} {chosen} {other}) {chosen} {other})"
            return chosen
        case Apply(function, arguments):
            return f"(|f {function}| {' '.join(map(_term, arguments))})"


def _number(value: Fraction) -> str:
    written = f"(/ {abs(value.numerator)}.0 {value.denominator}.0)"
    return f"(- {written})" if value < 0 else written


def main() -> None:
    """Answers what comes on standard input."""
    serve(lambda obligation, timeout_s, _: opinion(obligation, timeout_s))
