"""The only home of z3: whether formulas can be true together, with an unsatisfiable core or a
model.

z3's division is total. Here it is not: every formula is asserted together with the condition that
each of its denominators differs from zero (`definedness`), which is the meaning that
core/evaluate.py gives it. sin, cos, tan and exp are uninterpreted functions: what z3 refutes then
is refuted for the true ones.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from verifier.core.evaluate import Value
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
    Quotient,
    Sort,
    Sum,
    Term,
    Truth,
    Variable,
    conjunction,
    number,
    variables,
)
from verifier.solve.walk import operations

SEED = 0
DIGITS = 12
TICK_S = 0.02


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """The indices of formulas that already exclude each other."""

    core: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """Exact values; those named in `irrational` are rounded, because the solver's are algebraic."""

    values: dict[Key, Value]
    irrational: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class NoAnswer:
    reason: str


Answer: TypeAlias = Unsatisfiable | Model | NoAnswer


def definedness(formula: Formula) -> Formula:
    """That every term of the formula has a value: no denominator is zero, no root of a negative."""
    conditions: list[Formula] = []
    for each in operations(formula):
        if isinstance(each, Quotient):
            if not isinstance(each.denominator, Number):
                conditions.append(Not(Comparison("==", each.denominator, number(0))))
        elif each.function == "sqrt":
            conditions.append(Comparison("<=", number(0), each.arguments[0]))
    return conjunction(conditions)


def satisfy(formulas: Sequence[Formula], sorts: Mapping[str, Sort], timeout_s: float) -> Answer:
    """Whether all formulas can be true, and defined, together; z3 searches for at most so many
    seconds of processor time, so that the answer does not depend on what else a machine does."""
    import z3

    solver = z3.Solver()
    solver.set("random_seed", SEED)
    solver.set("unsat_core", True)
    constants: dict[Key, Any] = {}
    keys = dict.fromkeys(key for formula in formulas for key in variables(formula))
    for key in keys:
        constants[key] = _constant(z3, key, sorts[key[0]])
        sort = sorts[key[0]]
        if isinstance(sort, Enumeration):
            solver.add(constants[key] >= 0, constants[key] < len(sort.labels))
    translation = _Translation(z3, constants, sorts)
    marks = []
    for index, formula in enumerate(formulas):
        mark = z3.Bool(f"fact!{index}")
        marks.append(mark)
        meant = conjunction([formula, definedness(formula)])
        solver.assert_and_track(translation.formula(meant), mark)
    solver.add(*translation.axioms)
    try:
        answer = _searched(solver, timeout_s)
    except z3.Z3Exception as trouble:
        return NoAnswer(f"z3: {trouble}")
    if answer == z3.unsat:
        names = {str(mark) for mark in solver.unsat_core()}
        return Unsatisfiable(tuple(i for i, mark in enumerate(marks) if str(mark) in names))
    if answer == z3.sat:
        return _model(z3, solver.model(), constants, sorts)
    reason = solver.reason_unknown()
    if reason in ("interrupted", "canceled"):
        reason = f"timeout after {int(timeout_s * 1000)} ms"
    return NoAnswer(f"z3: {reason}")


def _searched(solver: Any, timeout_s: float) -> Any:
    """What the solver says, once it has it or has used up its time."""
    clock = _own_clock()
    ends = clock() + timeout_s
    done = threading.Event()

    def watch() -> None:
        # No thread uses more processor time than passes.
        while not done.wait(max(TICK_S, ends - clock())):
            if clock() >= ends:
                solver.interrupt()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        return solver.check()
    finally:
        done.set()
        watcher.join()


def _own_clock() -> Callable[[], float]:
    """The processor time of this thread, for other threads to read; where a system has no such
    clock, that of the process."""
    of_thread = getattr(time, "pthread_getcpuclockid", None)
    if of_thread is None:
        return time.process_time
    number = of_thread(threading.get_ident())
    return lambda: time.clock_gettime(number)


def _constant(z3: Any, key: Key, sort: Sort) -> Any:
    name = f"{key[0]}@{key[1]}"
    if isinstance(sort, Boolean):
        return z3.Bool(name)
    return z3.Int(name) if isinstance(sort, Enumeration) else z3.Real(name)


@dataclass(slots=True)
class _Translation:
    z3: Any
    constants: Mapping[Key, Any]
    sorts: Mapping[str, Sort]
    axioms: list[Any]

    def __init__(self, z3: Any, constants: Mapping[Key, Any], sorts: Mapping[str, Sort]) -> None:
        self.z3, self.constants, self.sorts, self.axioms = z3, constants, sorts, []

    def formula(self, formula: Formula) -> Any:
        z3 = self.z3
        match formula:
            case Truth(value):
                return z3.BoolVal(value)
            case Proposition(name, version):
                return self.constants[name, version]
            case Choice(name, version, label):
                sort = self.sorts[name]
                assert isinstance(sort, Enumeration)
                return self.constants[name, version] == sort.labels.index(label)
            case Comparison(relation, left, right):
                one, other = self.term(left), self.term(right)
                if relation == "==":
                    return one == other
                return one <= other if relation == "<=" else one < other
            case Not(body):
                return z3.Not(self.formula(body))
            case And(parts):
                return z3.And(*map(self.formula, parts))
            case Or(parts):
                return z3.Or(*map(self.formula, parts))
            case Implies(premise, conclusion):
                return z3.Implies(self.formula(premise), self.formula(conclusion))
            case Iff(one_side, other_side):
                return self.formula(one_side) == self.formula(other_side)

    def term(self, term: Term) -> Any:
        z3 = self.z3
        match term:
            case Number(value):
                return z3.RealVal(str(value))
            case Variable(name, version):
                return self.constants[name, version]
            case Sum(parts):
                return z3.Sum([self.term(part) for part in parts]) if parts else z3.RealVal(0)
            case Product(parts):
                return z3.Product([self.term(p) for p in parts]) if parts else z3.RealVal(1)
            case Quotient(numerator, denominator):
                return self.term(numerator) / self.term(denominator)
            case Apply(function, arguments):
                return self.applied(function, [self.term(part) for part in arguments])

    def applied(self, function: str, arguments: list[Any]) -> Any:
        z3 = self.z3
        if function == "abs":
            return z3.If(arguments[0] >= 0, arguments[0], -arguments[0])
        if function in ("min", "max"):
            chosen = arguments[0]
            for other in arguments[1:]:
                first = chosen <= other if function == "min" else chosen >= other
                chosen = z3.If(first, chosen, other)
            return chosen
        reals = [z3.RealSort()] * (len(arguments) + 1)
        value = z3.Function(function, *reals)(*arguments)
        if function in ("sqrt", "norm"):
            self.axioms.append(
                z3.Implies(arguments[0] >= 0, z3.And(value >= 0, value * value == arguments[0]))
            )
        return value


def _model(z3: Any, model: Any, constants: Mapping[Key, Any], sorts: Mapping[str, Sort]) -> Model:
    values: dict[Key, Value] = {}
    irrational: list[Key] = []
    for key, constant in constants.items():
        found = model.eval(constant, model_completion=True)
        sort = sorts[key[0]]
        if isinstance(sort, Boolean):
            values[key] = z3.is_true(found)
        elif isinstance(sort, Enumeration):
            values[key] = sort.labels[found.as_long()]
        elif z3.is_rational_value(found):
            values[key] = Fraction(found.numerator_as_long(), found.denominator_as_long())
        else:
            near = found.approx(DIGITS)
            values[key] = Fraction(near.numerator_as_long(), near.denominator_as_long())
            irrational.append(key)
    return Model(values, tuple(irrational))
