"""The state cut into components of which no promise links two.

Every promise, assumption and domain is split at its conjunctions; scalars that one part reads
belong to one component. The states that a chain can be in are then a product, one set of valuations
for each component, before and behind every skill: what a skill promises of one component does not
depend on another one (independent factors; in conformant planning Hoffmann and Brafman 2006, the
cartesian abstraction of Ball, Podelski and Rajamani 2001, which is exact here). A component is
finite if it is made of booleans and enumerations and has at most MOST_VALUATIONS valuations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from verifier.core.evaluate import Value, holds
from verifier.core.term import (
    NOW,
    And,
    Boolean,
    Enumeration,
    Formula,
    Sort,
    variables,
)
from verifier.model.values import Condition, Contract

MOST_VALUATIONS = 256


@dataclass(frozen=True, slots=True)
class Component:
    """`scalars` that belong together; `valuations` are all values that they may have together, in
    the order of the scalars; None if the component is not finite."""

    scalars: tuple[str, ...]
    valuations: tuple[tuple[Value, ...], ...] | None


@dataclass(frozen=True, slots=True)
class Partition:
    """The components, and for each scalar the number of its own. A scalar that is in none of them
    is a parameter of a skill that stands for any number."""

    components: tuple[Component, ...]
    home: Mapping[str, int]

    def homes(self, formula: Formula) -> frozenset[int | None]:
        """The components that a formula reads; None for a parameter."""
        return frozenset(self.home.get(name) for name, _ in variables(formula))


def split(formula: Formula) -> Iterator[Formula]:
    """The formula cut at its conjunctions."""
    if isinstance(formula, And):
        for part in formula.parts:
            yield from split(part)
    else:
        yield formula


def stated(conditions: Iterable[Condition]) -> Iterator[Formula]:
    """The parts of all conditions that can be settled beforehand."""
    for condition in conditions:
        if not condition.reads_environment:
            yield from split(condition.formula)


def partition(
    sorts: Mapping[str, Sort],
    linking: Iterable[Formula],
    asking: Iterable[Formula],
    always: Sequence[Formula],
) -> Partition:
    """The components of the scalars in `sorts`.

    `linking` are the parts of all that is promised or assumed, `always` those of all domains.
    `asking` are those of what is required: components that are finite are joined where one part
    reads several of them, if what comes out stays finite.
    """
    groups = _Groups({name: name for name in sorts})
    open_ended: set[str] = set()
    for part in (*linking, *always):
        names = _names(part, sorts)
        groups.join(names)
        if any(name not in sorts for name, _ in variables(part)):
            open_ended.update(names)

    def finite(names: Iterable[str]) -> bool:
        found = set(names)
        return found.isdisjoint(open_ended) and _few(found, sorts)

    for part in asking:
        names = _names(part, sorts)
        if finite(each for name in names for each in groups.members(name)):
            groups.join(names)
    within: dict[str, list[Formula]] = {}
    for part in always:
        for name in _names(part, sorts)[:1]:
            within.setdefault(groups.root(name), []).append(part)
    components: list[Component] = []
    home: dict[str, int] = {}
    for root, members in groups.all():
        home |= dict.fromkeys(members, len(components))
        known = _valuations(members, sorts, within.get(root, [])) if finite(members) else None
        components.append(Component(tuple(members), known))
    return Partition(tuple(components), home)


def _names(formula: Formula, sorts: Mapping[str, Sort]) -> list[str]:
    return [name for name in dict.fromkeys(n for n, _ in variables(formula)) if name in sorts]


def _few(names: Iterable[str], sorts: Mapping[str, Sort]) -> bool:
    found = [sorts[name] for name in names]
    if not all(isinstance(sort, Boolean | Enumeration) for sort in found):
        return False
    return prod(len(_values(sort)) for sort in found) <= MOST_VALUATIONS


def _values(sort: Sort) -> tuple[Value, ...]:
    return sort.labels if isinstance(sort, Enumeration) else (False, True)


def _valuations(
    names: Sequence[str], sorts: Mapping[str, Sort], within: Sequence[Formula]
) -> tuple[tuple[Value, ...], ...]:
    every = product(*(_values(sorts[name]) for name in names))
    return tuple(each for each in every if all(true_in(part, names, each) for part in within))


def true_in(formula: Formula, names: Sequence[str], now: Sequence[Value]) -> bool:
    """Whether the formula holds where the scalars have these values now."""
    return holds(formula, {(name, NOW): value for name, value in zip(names, now, strict=True)})


class _Groups:
    """Disjoint sets (Tarjan 1975), without ranks."""

    def __init__(self, above: dict[str, str]) -> None:
        self.above = above
        self.below = {name: [name] for name in above}

    def root(self, name: str) -> str:
        while self.above[name] != name:
            self.above[name] = self.above[self.above[name]]
            name = self.above[name]
        return name

    def members(self, name: str) -> list[str]:
        return self.below[self.root(name)]

    def join(self, names: Sequence[str]) -> None:
        for other in names[1:]:
            one, two = self.root(names[0]), self.root(other)
            if one != two:
                self.above[two] = one
                self.below[one] += self.below.pop(two)

    def all(self) -> Iterator[tuple[str, list[str]]]:
        """Every set with its root."""
        return iter(self.below.items())


def promised(contract: Contract) -> Iterator[Formula]:
    """The parts of what a skill guarantees at its end, and of what it keeps."""
    return stated((*contract.ensures, *contract.invariants))


def required(contract: Contract) -> Iterator[Formula]:
    """The parts of what must hold when a skill begins."""
    return stated((*contract.requires, *contract.invariants))
