"""The statements of a chain: calls bound, repetitions unrolled, called chains put in their place.

Steps are numbered through all that is unrolled. Their labels count the source: the calls of a
repeated block keep their place and get the turn as a suffix, `3.1`, `3.2`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from verifier.core.diagnostic import Diagnostic, Label, SourceError
from verifier.core.span import Span
from verifier.core.term import FALSE, TRUE
from verifier.core.unit import NONE
from verifier.model.bound import bounds, upper
from verifier.model.contract import bind, conditions, conjuncts
from verifier.model.deadline import Labelled, Labels, blocks_around, deadlines_of
from verifier.model.expression import Context, formula, in_unit, number, scalar
from verifier.model.parameter import bound, called
from verifier.model.quantity import fail
from verifier.model.values import (
    Attempt,
    Block,
    Branch,
    Case,
    Condition,
    Inlined,
    Loop,
    Parallel,
    Statement,
    Step,
)
from verifier.syntax import tree
from verifier.syntax.formatter import format_expression

MOST_STEPS = 10_000
DEEPEST = 60
"""Blocks in blocks, called chains included: everybody behind may recurse."""

T = TypeVar("T")


@dataclass(slots=True)
class Composer:
    """Settles the statements of one chain; mistakes are collected in `found`."""

    found: list[Diagnostic]
    steps: list[Step] = field(default_factory=list)
    places: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    turns: tuple[int, ...] = ()
    nests: tuple[Span, ...] = ()
    labels: Labels = field(default_factory=dict)
    active: tuple[str, ...] = ()
    unrolled: int = 0
    depth: int = 0

    def block(self, statements: Sequence[tree.Statement], at: Context) -> Block:
        """The settled statements, without those that are wrong."""
        settled: list[Statement] = []
        for statement in statements:
            self.attempt(partial(self._statement, statement, at, settled))
        return tuple(settled)

    def attempt(self, work: Callable[[], T]) -> T | None:
        """What the work gives; None if it raises SourceError, which is then collected."""
        try:
            return work()
        except SourceError as error:
            self.found.extend(error.diagnostics)
            return None

    def _statement(self, written: tree.Statement, at: Context, settled: list[Statement]) -> None:
        match written:
            case tree.Call():
                settled.append(self._call(written, at))
            case tree.Labelled(name, call):
                settled.append(self._labelled(name, call, at))
            case tree.Parallel(branches):
                label = self._label("parallel")
                inner = tuple(self._inner(branch, at) for branch in branches)
                settled.append(Parallel(inner, label, written.span))
            case tree.Conditional():
                settled.extend(self._conditional(written, at))
            case tree.Repeat():
                settled.extend(self._repeat(written, at))
            case tree.While():
                settled.append(self._while(written, at))
            case tree.Try(body, recovery):
                label = self._label("try")
                blocks = self._inner(body, at), self._inner(recovery, at)
                settled.append(Attempt(*blocks, label, written.span))

    def _inner(self, block: tree.Block, at: Context) -> Block:
        if self.depth == DEEPEST:
            fail("nesting-too-deep", block.span, f"blocks are more than {DEEPEST} levels deep here")
        self.depth += 1
        try:
            return self.block(block.statements, at)
        finally:
            self.depth -= 1

    def _label(self, kind: str) -> str:
        self.kinds[kind] += 1
        return self._turned(f"{kind}{self.kinds[kind]}")

    def _turned(self, label: str) -> str:
        return ".".join([label, *map(str, self.turns)])

    def _count(self, span: Span) -> None:
        self.unrolled += 1
        if self.unrolled > MOST_STEPS + 1:
            raise SourceError([])
        if self.unrolled > MOST_STEPS:
            fail(
                "too-many-steps",
                span,
                f"this chain has more than {MOST_STEPS} steps, with all that it repeats and calls",
                help="`while` with an invariant is judged once, however often it runs",
            )

    # ---- calls ---------------------------------------------------------------------------------

    def _call(self, call: tree.Call, at: Context) -> Statement:
        self._count(call.span)
        chain = at.scope.chains.get(call.function.text)
        if chain is not None:
            return self._inlined(chain, call, at)
        self.places += 1
        contract = bind(at.scope, call, at)
        label = self._turned(str(self.places))
        step = Step(len(self.steps) + 1, contract, call.span, label)
        self.steps.append(step)
        return step

    def _labelled(self, name: tree.Name, call: tree.Call, at: Context) -> Statement:
        """The call, known by the name in this turn of the blocks around it that repeat."""
        known = self.labels.setdefault(name.text, Labelled(name.span, {}))
        if known.span != name.span:
            fail(
                "duplicate-name",
                name.span,
                f"the step `{name.text}` stands twice",
                notes=(Label(known.span, "first here"),),
            )
        statement = self._call(call, at)
        turns = self.turns[len(self.turns) - len(self.nests) :]
        known.places[tuple(zip(self.nests, turns, strict=True))] = statement.label
        return statement

    def _inlined(self, chain: tree.ChainDeclaration, call: tree.Call, at: Context) -> Inlined:
        name = chain.name.text
        if name in self.active:
            fail(
                "circular-definition",
                call.span,
                f"the chain `{name}` calls itself",
                notes=(Label(chain.name.span, "declared here"),),
            )
        if chain.beside:
            fail(
                "beside-not-supported",
                call.span,
                f"`{name}` runs beside another chain, and cannot be a step of this one",
                notes=(Label(chain.name.span, "declared here"),),
                help="put what both do into a chain without `beside`, and call that one",
            )
        bindings = bound(chain, call, at)
        inner = Context(at.scope, dict(bindings))
        assumptions = [
            replace(condition, span=call.span)
            for parameter in chain.parameters
            for condition in parameter_domain(parameter, inner)
        ]
        for clause in chain.assumptions:
            assumptions += conditions(clause, inner)
        label = self._label("call")
        outer, self.active = self.active, (*self.active, name)
        labels, nests, self.labels, self.nests = self.labels, self.nests, {}, ()
        try:
            body = self._inner(tree.Block(chain.steps, call.span), inner)
            around = blocks_around(body) if chain.deadlines else {}
            deadlines = [
                each
                for written in chain.deadlines
                for each in deadlines_of(written, inner, around, self.labels)
            ]
        finally:
            self.active, self.labels, self.nests = outer, labels, nests
        goals = [goal for clause in chain.goals for goal in conditions(clause, inner)]
        text = called(call, bindings, at)
        name_and_label = f"{label}:{name}"
        return Inlined(
            text,
            tuple(assumptions),
            body,
            tuple(goals),
            name_and_label,
            call.span,
            tuple(deadlines),
        )

    # ---- blocks --------------------------------------------------------------------------------

    def _conditional(self, written: tree.Conditional, at: Context) -> Sequence[Statement]:
        """What is left of the statement once guards that are settled by the objects are decided."""
        label = self._label("if")
        cases: list[Case] = []
        decided: Block | None = None
        for each in written.cases:
            guard = _guard(each.condition, at)
            if decided is not None or guard.formula == FALSE:
                self._unused(each.body, at)
            elif guard.formula == TRUE:
                decided = self._inner(each.body, at)
            else:
                cases.append(Case(guard, self._inner(each.body, at)))
        if written.otherwise is not None and decided is None:
            decided = self._inner(written.otherwise, at)
        elif written.otherwise is not None:
            self._unused(written.otherwise, at)
        if decided is None and len(written.cases) == 1:
            decided = ()
        if not cases and decided is not None:
            return decided
        return [Branch(tuple(cases), decided, label, written.span)]

    def _unused(self, block: tree.Block, at: Context) -> None:
        """Settles a block that is never run, for its mistakes and for the labels behind it."""
        before = len(self.steps)
        labels = {name: dict(known.places) for name, known in self.labels.items()}
        self._inner(block, at)
        del self.steps[before:]
        for name, known in self.labels.items():
            known.places.clear()
            known.places.update(labels.get(name, {}))

    def _repeat(self, written: tree.Repeat, at: Context) -> Sequence[Statement]:
        count = number(written.count, NONE, None, at)
        if count.denominator != 1 or count < 1:
            fail(
                "not-an-integer",
                written.count.span,
                f"a block is repeated once or more, a whole number of times, not {count} times",
            )
        settled: list[Statement] = []
        outer, places, kinds = self.turns, self.places, self.kinds.copy()
        nests, self.nests = self.nests, (*self.nests, written.span)
        before = len(self.found)
        for turn in range(1, int(count) + 1):
            self._count(written.count.span)
            self.turns, self.places, self.kinds = (*outer, turn), places, kinds.copy()
            settled.extend(self._inner(written.body, at))
            if len(self.found) > before:
                break
        self.turns, self.nests = outer, nests
        return settled

    def _while(self, written: tree.While, at: Context) -> Loop:
        label = self._label("while")
        guard = _guard(written.condition, at)
        invariants = [
            condition
            for clause in written.clauses
            if clause.kind == "invariant"
            for condition in _kept(clause, at)
        ]
        variants = [clause for clause in written.clauses if clause.kind == "variant"]
        if len(variants) != 1:
            fail(
                "missing-variant" if not variants else "duplicate-clause",
                written.condition.span if not variants else variants[1].span,
                "nothing says that this loop ends" if not variants else "a loop has one `variant`",
                help="name a number that each turn lowers by 1 or more: `variant (goal - x) / 1 cm`"
                if not variants
                else None,
            )
        expression = variants[0].formula
        inner = replace(at, read=set())
        variant = in_unit(scalar(expression, inner), NONE, None, expression)
        _known_beforehand(expression, inner)
        highest = upper(variant, bounds(at.scope))
        turns = None if highest is None else max(0, highest // 1 + 1)
        body = self._inner(written.body, at)
        return Loop(
            guard, tuple(invariants), variant, expression.span, turns, body, label, written.span
        )


def parameter_domain(parameter: tree.ChainParameter, at: Context) -> list[Condition]:
    """That what the parameter stands for lies in its domain."""
    if parameter.domain is None:
        return []
    name, span = parameter.name, parameter.span
    element = tree.Reference(name.text, name.span)
    inside = tree.Membership(element, parameter.domain, span)
    inner = replace(at, read=set())
    stated = formula(inside, inner)
    if inner.read:
        fail(
            "not-constant",
            parameter.domain.span,
            f"the values of `{name.text}` depend on the state variable `{min(inner.read)}`",
        )
    return [Condition("assume", stated, span, format_expression(inside), False, None)]


def _guard(expression: tree.Expression, at: Context) -> Condition:
    """A condition that is looked at when the chain gets there; it may read the environment."""
    inner = replace(at, read=set())
    stated = formula(expression, inner)
    outside = any(at.scope.variables[name].environment for name in inner.read)
    text = format_expression(expression)
    return Condition("guard", stated, expression.span, text, outside, None)


def _kept(clause: tree.Clause, at: Context) -> list[Condition]:
    """A loop's invariant, split at its top-level `and`; `old` is the state at the loop's entry."""
    settled = []
    for part in conjuncts(clause.formula):
        inner = replace(at, read=set(), old_allowed=True)
        stated = formula(part, inner)
        _known_beforehand(part, inner)
        text = format_expression(part)
        settled.append(Condition("invariant", stated, part.span, text, False, None))
    return settled


def _known_beforehand(part: tree.Expression, at: Context) -> None:
    outside = sorted(name for name in at.read if at.scope.variables[name].environment)
    if outside:
        fail(
            "environment-promised",
            part.span,
            f"`{outside[0]}` belongs to the environment: no loop can keep anything about it",
            notes=(Label(at.scope.variables[outside[0]].span, "declared as environment here"),),
        )
