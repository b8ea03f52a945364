"""What may be the case, as the bits of one number, and skills as operations on it.

A bit stands for a valuation of a finite component that is possible: a belief state of conformant
planning (Bonet and Geffner 2000) as a product. A skill may be called if no bit is set for which its
requirements fail, and writes what its promise leaves possible; what it leaves alone keeps its bits.

Of the states that a chain can be in, a belief is the exact projection as long as every requirement
held; requirements that read anything but one finite component are taken for met. So the abstract
runs include all runs of chains that can be proved, and where they never get to the target, no
sequence of these skills does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from verifier.core.evaluate import Value, holds
from verifier.core.term import FALSE, NOW, OLD, Formula, Sort, rename
from verifier.model.values import Contract
from verifier.repair.component import (
    Partition,
    partition,
    promised,
    required,
    true_in,
)


@dataclass(frozen=True, slots=True)
class Relation:
    """What a skill does to the component at `shift` with the bits `mask`: the valuations that are
    possible afterwards, for each one before."""

    shift: int
    mask: int
    images: tuple[int, ...]

    def after(self, belief: int) -> int:
        """The bits of the component afterwards, at their place."""
        bits, found = (belief & self.mask) >> self.shift, 0
        while bits:
            low = bits & -bits
            found |= self.images[low.bit_length() - 1]
            bits ^= low
        return found << self.shift


@dataclass(frozen=True, slots=True)
class Move:
    """A skill as an operation: `(belief & keep) | add`, where no bit of `forbidden` is set, and
    `relations` on components whose bits afterwards depend on those before.

    `touched` are the numbers of all components that it may change; a requirement of each part in
    `loose` is beyond what the bits say. `possible` is False for a skill that can never be proved.
    """

    forbidden: int
    keep: int
    add: int
    relations: tuple[Relation, ...]
    touched: frozenset[int | None]
    loose: tuple[Formula, ...]
    possible: bool

    def after(self, belief: int) -> int | None:
        """The belief behind the skill; None where it may not be called or would promise what
        cannot be."""
        if not self.possible or belief & self.forbidden:
            return None
        found = belief & self.keep | self.add
        for relation in self.relations:
            image = relation.after(belief)
            if not image:
                return None
            found = found & ~relation.mask | image
        return found


@dataclass(frozen=True)
class Space:
    """The finite components that matter, each with the place of its bits."""

    parts: Partition
    shifts: Mapping[int, int]

    @cached_property
    def masks(self) -> dict[int, int]:
        """The bits of each component."""
        return {
            number: ((1 << len(self.values(number))) - 1) << shift
            for number, shift in self.shifts.items()
        }

    @property
    def width(self) -> int:
        return max((mask.bit_length() for mask in self.masks.values()), default=0)

    def values(self, number: int) -> tuple[tuple[Value, ...], ...]:
        """The valuations of a finite component."""
        found = self.parts.components[number].valuations
        assert found is not None
        return found

    def wrong(self, part: Formula) -> int | None:
        """The bits for which the formula is false; None if the bits do not say."""
        homes = self.parts.homes(part)
        if part == FALSE:
            return -1
        if not homes:
            return 0
        (number, *others) = homes
        if others or number not in self.shifts:
            return None
        assert number is not None
        names = self.parts.components[number].scalars
        now = rename(part, lambda _, version: NOW)
        bits = 0
        for place, each in enumerate(self.values(number)):
            if not true_in(now, names, each):
                bits |= 1 << place
        return bits << self.shifts[number]

    def start(self, assumed: Iterable[Formula]) -> int | None:
        """What is possible where these parts hold; None where nothing is."""
        belief = 0
        for mask in self.masks.values():
            belief |= mask
        for part in assumed:
            wrong = self.wrong(part)
            if wrong is not None:
                belief &= ~wrong
        return belief if all(belief & mask for mask in self.masks.values()) else None

    def move(self, contract: Contract) -> Move:
        """The skill as an operation on beliefs."""
        forbidden = 0
        loose: list[Formula] = []
        possible = True
        for part in required(contract):
            wrong = self.wrong(part)
            if wrong is None:
                loose.append(part)
            elif wrong == -1:
                possible = False
            else:
                forbidden |= wrong
        promises = _by_component(self.parts, promised(contract))
        touched = {self.parts.home[name] for name in contract.frame} | set(promises)
        keep, add, relations = -1, 0, []
        for number in sorted(n for n in touched if n in self.shifts and n is not None):
            relation = self._relation(number, contract, promises.get(number, []))
            if not any(relation.images):
                possible = False
            elif len(set(relation.images)) == 1:
                keep &= ~relation.mask
                add |= relation.images[0] << relation.shift
            else:
                relations.append(relation)
        possible = possible and FALSE not in promises.get(None, [])
        return Move(
            forbidden, keep, add, tuple(relations), frozenset(touched), tuple(loose), possible
        )

    def _relation(self, number: int, contract: Contract, parts: Sequence[Formula]) -> Relation:
        names = self.parts.components[number].scalars
        kept = [place for place, name in enumerate(names) if name not in contract.frame]
        values = self.values(number)
        images = []
        for old in values:
            bits = 0
            for place, new in enumerate(values):
                if all(old[k] == new[k] for k in kept) and _related(parts, names, old, new):
                    bits |= 1 << place
            images.append(bits)
        return Relation(self.shifts[number], self.masks[number], tuple(images))

    def before(self, move: Move, wrong: int) -> int:
        """The bits that may not be set before the move so that none of `wrong` is set behind it."""
        found = wrong & move.keep
        for mask in self.masks.values():
            if move.add & mask & wrong:
                found |= mask
        for relation in move.relations:
            found &= ~relation.mask
            for place, image in enumerate(relation.images):
                if image << relation.shift & wrong:
                    found |= 1 << place + relation.shift
        return found


def _by_component(parts: Partition, promises: Iterable[Formula]) -> dict[int | None, list[Formula]]:
    found: dict[int | None, list[Formula]] = {}
    for part in promises:
        homes = parts.homes(part) or {None}
        known = [each for each in homes if each is not None]
        found.setdefault(known[0] if known else None, []).append(part)
    return found


def _related(
    parts: Sequence[Formula], names: Sequence[str], old: Sequence[Value], new: Sequence[Value]
) -> bool:
    at = {(name, NOW): value for name, value in zip(names, new, strict=True)}
    at |= {(name, OLD): value for name, value in zip(names, old, strict=True)}
    return all(holds(part, at) for part in parts)


def space(
    sorts: Mapping[str, Sort],
    always: Sequence[Formula],
    assumed: Sequence[Formula],
    before: Sequence[Contract],
    behind: Sequence[Contract],
    contracts: Sequence[Contract],
    goals: Sequence[Formula],
) -> tuple[Space, tuple[int, ...]]:
    """The components that matter to the goals, to what the steps `behind` require, or to what a
    skill requires that changes one that matters; and the numbers of those `contracts`.

    A skill that changes nothing that matters can be left out of every sequence that can be proved.
    """
    asked = [*goals, *(part for step in behind for part in required(step))]
    parts = partition(
        sorts,
        [*assumed, *(part for each in (*contracts, *before, *behind) for part in promised(each))],
        [*asked, *(part for each in contracts for part in required(each))],
        always,
    )
    matters = _homes(parts, asked)
    needs = [_homes(parts, required(each)) for each in contracts]
    changes = [_homes(parts, promised(each)) | _own(parts, each) for each in contracts]
    useful: set[int] = set()
    grown = True
    while grown:
        new = {k for k, each in enumerate(changes) if k not in useful and each & matters}
        useful |= new
        grown = bool(new)
        for k in new:
            matters |= needs[k]
    shifts: dict[int, int] = {}
    width = 0
    for number in sorted(matters):
        valuations = parts.components[number].valuations
        if valuations is not None:
            shifts[number] = width
            width += len(valuations)
    return Space(parts, shifts), tuple(sorted(useful))


def _homes(parts: Partition, formulas: Iterable[Formula]) -> set[int]:
    return {home for part in formulas for home in parts.homes(part) if home is not None}


def _own(parts: Partition, contract: Contract) -> set[int]:
    return {parts.home[name] for name in contract.frame}
