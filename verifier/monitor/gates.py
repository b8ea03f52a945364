"""What the bundle watches of a chain: the properties, and the gates of every call.

    entry gate    requires, initial and invariant, when the skill is entered
    during        each invariant at every step, and the longest duration
    exit gate     ensures, terminal and invariant, when the skill is left; `old` is the entry

Every watched item has a bit, a fallback and the place that asked for it. A gate is a watch on
measured doubles, not a proof: constants are the nearest doubles, and a margin for the sensors
belongs into the contract. Where no fallback is named it is stop.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from verifier.core.diagnostic import Diagnostic
from verifier.core.span import Span
from verifier.core.term import Enumeration, Formula
from verifier.model.body import beside_of, width_of
from verifier.model.values import DEFAULT_FALLBACK, Chain, Condition, Contract, Model
from verifier.monitor.measured import why_not_measurable
from verifier.monitor.program import BUDGET_BYTES, LONGEST_NS, Program, compile_property
from verifier.monitor.signals import Signal, Validity, signals, validities


@dataclass(frozen=True, slots=True)
class Item:
    """A thing watched. `kind` is sample, order, property, duration, or the kind of its clause."""

    bit: int
    name: str
    kind: str
    fallback: str
    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Clause:
    """An item with its formula over NOW and OLD scalars; OLD is the sample at entry."""

    item: Item
    formula: Formula


@dataclass(frozen=True, slots=True)
class Limit:
    """The longest duration of a call: `longest_ns` after the entry is still in time."""

    item: Item
    longest_ns: int


@dataclass(frozen=True, slots=True)
class SkillGates:
    """The gates of one call; `text` is the call, `Reach(cup)`. `beside` are the calls that may run
    at the same time."""

    text: str
    entry: tuple[Clause, ...]
    during: tuple[Clause, ...]
    exit: tuple[Clause, ...]
    limit: Limit | None
    span: Span
    beside: frozenset[str]


@dataclass(frozen=True, slots=True)
class WatchedProgram:
    item: Item
    program: Program


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """Everything that is watched of a chain; `items[k].bit == k`. At most `lanes` calls run at the
    same time. `neighbours` are the chains that run beside it.

    Item 0 is the validity of the sample, item 1 the order of calls.
    """

    chain: str
    signals: tuple[Signal, ...]
    validities: tuple[Validity, ...]
    items: tuple[Item, ...]
    programs: tuple[WatchedProgram, ...]
    skills: tuple[SkillGates, ...]
    span: Span
    lanes: int
    neighbours: tuple[str, ...]


def period_ns(model: Model) -> int | None:
    """The shortest time between two samples that is declared: a period of a plant."""
    return min((math.floor(plant.period * 10**9) for plant in model.plants), default=None) or None


def grid_ns(model: Model) -> int | None:
    """The tick that the stamps of all samples are declared to be whole multiples of apart."""
    grids = [math.floor(plant.grid * 10**9) for plant in model.plants if plant.grid is not None]
    return math.gcd(*grids) or None


def watch_plan(
    model: Model, chain: Chain, budget_bytes: int = BUDGET_BYTES
) -> WatchPlan | tuple[Diagnostic, ...]:
    """What the bundle of this chain watches, or why some of it cannot be watched. Each property may
    take so many bytes."""
    period = period_ns(model)
    grid = grid_ns(model)
    found = [compile_property(prop, period, budget_bytes, grid) for prop in model.properties]
    troubles = [trouble for trouble in found if isinstance(trouble, Diagnostic)]
    contracts = {step.contract.text: step.contract for step in chain.steps}
    troubles += [t for c in contracts.values() for t in _not_watchable(c)]
    troubles += _domains_not_watchable(model)
    troubles += _chosen_later(chain)
    if troubles:
        return tuple(troubles)
    items = _Numbering([])
    items.add("sample", "sample", DEFAULT_FALLBACK, chain.span, "the sample is valid")
    items.add("call order", "order", DEFAULT_FALLBACK, chain.span, "enter, steps, leave")
    programs = tuple(
        WatchedProgram(items.add(p.name, "property", p.fallback, p.span, p.text), p)
        for p in found
        if isinstance(p, Program)
    )
    beside: dict[str, set[str]] = {}
    for one, other in beside_of(chain.body):
        beside.setdefault(one.contract.text, set()).add(other.contract.text)
    skills = tuple(
        _gates(contract, items, frozenset(beside.get(call, ())))
        for call, contract in contracts.items()
    )
    return WatchPlan(
        chain.name,
        signals(model),
        validities(model),
        tuple(items.items),
        programs,
        skills,
        chain.span,
        max(1, width_of(chain.body)),
        tuple(each.name for each in chain.beside),
    )


@dataclass(frozen=True, slots=True)
class _Numbering:
    items: list[Item]

    def add(self, name: str, kind: str, fallback: str, span: Span, text: str) -> Item:
        item = Item(len(self.items), name, kind, fallback, span, text)
        self.items.append(item)
        return item

    def clauses(self, call: str, conditions: tuple[Condition, ...]) -> tuple[Clause, ...]:
        counts: dict[str, int] = {}
        found = []
        for condition in conditions:
            kind = condition.kind
            counts[kind] = counts.get(kind, 0) + 1
            name = f"{call}/{kind}/{counts[kind]}"
            fallback = condition.fallback or DEFAULT_FALLBACK
            item = self.add(name, kind, fallback, condition.span, condition.text)
            found.append(Clause(item, condition.formula))
        return tuple(found)


def _gates(contract: Contract, items: _Numbering, beside: frozenset[str]) -> SkillGates:
    call = contract.text
    requires = items.clauses(call, contract.requires)
    invariants = items.clauses(call, contract.invariants)
    ensures = items.clauses(call, contract.ensures)
    limit = None
    if contract.duration.high is not None:
        longest = math.floor(contract.duration.high * 10**9)
        text = f"no longer than {float(contract.duration.high):g} s"
        span = contract.duration.span
        limit = Limit(
            items.add(f"{call}/duration", "duration", DEFAULT_FALLBACK, span, text), longest
        )
    return SkillGates(
        call,
        (*requires, *invariants),
        invariants,
        (*ensures, *invariants),
        limit,
        contract.span,
        beside,
    )


def _not_watchable(contract: Contract) -> Iterator[Diagnostic]:
    for condition in (*contract.requires, *contract.invariants, *contract.ensures):
        reason = why_not_measurable(condition.formula)
        if reason is not None:
            yield Diagnostic(
                code="gate-not-supported",
                span=condition.span,
                message=f"`{condition.text}` cannot be watched: it uses {reason}",
                help="write the clause with + - * /, abs, min, max and sqrt",
            )
    high = contract.duration.high
    if high is not None and high * 10**9 > LONGEST_NS:
        yield Diagnostic(
            code="gate-not-supported",
            span=contract.duration.span,
            message=f"the duration of `{contract.text}` is longer than 2^62 ns",
            help="write a duration below 146 years",
        )


def _chosen_later(chain: Chain) -> Iterator[Diagnostic]:
    names = dict.fromkeys(f"`{one.member.split('.')[0]}`" for one in chain.rigid)
    if names:
        yield Diagnostic(
            code="gate-not-supported",
            span=chain.span,
            message=f"`{chain.name}` is told {' and '.join(names)} when it begins, "
            "and a bundle cannot be told anything",
            help=f"write a chain that calls it with values: `chain Now {{ {chain.declared}(…) }}`",
        )


def _domains_not_watchable(model: Model) -> Iterator[Diagnostic]:
    for variable in model.variables.values():
        if isinstance(variable.sort, Enumeration) and len(variable.sort.labels) > 255:
            yield Diagnostic(
                code="gate-not-supported",
                span=variable.span,
                message=f"`{variable.name}` has more than 255 labels, which do not fit in a byte",
                help="split it into two variables",
            )
    for domain in model.domains:
        reason = why_not_measurable(domain.formula)
        if reason is not None:
            yield Diagnostic(
                code="gate-not-supported",
                span=domain.span,
                message=f"the domain cannot be watched: it uses {reason}",
                help="write the domain with + - * /, abs, min, max and sqrt",
            )
