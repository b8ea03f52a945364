"""The circumstances of a step as a digest that means the same in every run.

What a step owes is a function of its contract, of the facts about the versions that it reads, and
of what the whole chain declares (repeated.py). The digest is taken of all this in a writing from
which the values could be read back, spans left out, so that equal digests mean equal obligations up
to the names of versions. Digests are SHA-256; that two circumstances share one is not expected.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from fractions import Fraction
from typing import TypeAlias

from verifier.core.span import Span
from verifier.core.term import TRUE, Key, Number, Product, Sum, Variable, variables
from verifier.model.values import Chain, Condition, Contract, Domain, Kept, Model


@dataclass(frozen=True, slots=True)
class Part:
    """An obligation that was proved: its id without the name of its step, its rule, whether it
    speaks of runs, and its margin."""

    name: str
    rule: str
    of_runs: bool
    margin: Fraction | None


Parts: TypeAlias = tuple[Part, ...]
Put: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """What conditions of one formula, or domains of one, have in common: the classes of scalars
    that it reads as they are now, and as they were; whether it is declared; and the digest of the
    formula. Their facts differ in versions only."""

    number: int
    now: tuple[int, ...]
    old: tuple[int, ...]
    declared: bool
    formula: str


@dataclass(slots=True)
class Digests:
    """Digests of the circumstances of the steps of one chain, whose scalars have these classes."""

    model: Model
    chain: Chain
    classes: Mapping[str, int]
    whole: str = ""
    members: dict[int, list[str]] = field(default_factory=dict)
    contracts: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in sorted(self.classes):
            self.members.setdefault(self.classes[name], []).append(name)

    def of(
        self,
        contract: Contract,
        kind: Callable[[Condition], Kind],
        read: Sequence[tuple[int, int]],
        facts: Sequence[tuple[Kind, Sequence[int]]],
    ) -> str | None:
        """The circumstances of a step with this contract: the ranks of the versions of the classes
        that it reads, and of those in the facts about them. None for a transition, whose table is a
        question of its own. `kind` gives the kind of a condition."""
        if contract.transition is not None:
            return None
        try:
            return self._digest(contract, kind, read, facts)
        except TypeError:  # a value that has no writing here is judged every time
            return None

    def _digest(
        self,
        contract: Contract,
        kind: Callable[[Condition], Kind],
        read: Sequence[tuple[int, int]],
        facts: Sequence[tuple[Kind, Sequence[int]]],
    ) -> str:
        if not self.whole:
            bare = replace(self.chain, name="", declared="", steps=(), body=(), assumptions=())
            sorts = {name: scalar.sort for name, scalar in self.model.scalars.items()}
            self.whole = digest([bare, self.model.domains, sorts])
        versions = sorted((self.members[c], rank) for c, rank in read)
        known = [(_named(each), self._placed(each, ranks)) for each, ranks in facts]
        return digest([self.whole, self._contract(contract, kind), versions, known])

    def _placed(self, kind: Kind, ranks: Sequence[int]) -> list[tuple[list[str], bool, int]]:
        nodes = [*((c, False) for c in kind.now), *((c, True) for c in kind.old)]
        placed = zip(nodes, ranks, strict=True)
        return sorted((self.members[c], old, rank) for (c, old), rank in placed)

    def _contract(self, contract: Contract, kind: Callable[[Condition], Kind]) -> str:
        """The contract, in which each formula stands by its digest."""
        if id(contract) not in self.contracts:
            parts = (contract.requires, contract.ensures, contract.invariants)
            bare = replace(contract, requires=(), ensures=(), invariants=())
            clauses = [[(replace(c, stated=TRUE), _named(kind(c))) for c in part] for part in parts]
            self.contracts[id(contract)] = digest([bare, clauses])
        return self.contracts[id(contract)]


def conditions_of(contract: Contract) -> tuple[Condition, ...]:
    """Every condition of the contract."""
    return *contract.requires, *contract.ensures, *contract.invariants


def reads_of(model: Model, chain: Chain) -> dict[int, frozenset[Key]]:
    """What each condition and each domain reads, by its identity."""
    read: dict[int, frozenset[Key]] = {}
    for contract in {id(step.contract): step.contract for step in chain.steps}.values():
        read |= {id(each): each.reads for each in conditions_of(contract)}
    read |= {id(each): each.reads for each in (*chain.assumptions, *chain.goals)}
    several = (domain for domain in model.domains if len(domain.scalars) > 1)
    return read | {id(each): frozenset(variables(each.formula)) for each in several}


def classes_of(model: Model, chain: Chain, reads: Mapping[int, frozenset[Key]]) -> dict[str, int]:
    """A number for every scalar that occurs, the same for those that occur in the same places."""
    marks: dict[str, list[object]] = defaultdict(list)

    def mark(condition: Condition) -> None:
        for name, when in sorted(reads[id(condition)]):
            marks[name].append((id(condition), when))

    for number, contract in enumerate({id(s.contract): s.contract for s in chain.steps}.values()):
        for name in contract.frame:
            marks[name].append(("frame", number))
        for condition in conditions_of(contract):
            mark(condition)
    for condition in (*chain.assumptions, *chain.goals):
        mark(condition)
    for domain in model.domains:
        for name in domain.scalars if len(domain.scalars) > 1 else ():
            marks[name].append(("domain", id(domain)))
    numbers: dict[tuple[object, ...], int] = {}
    return {name: numbers.setdefault(tuple(m), len(numbers)) for name, m in marks.items()}


def _named(kind: Kind) -> tuple[bool, str]:
    return kind.declared, kind.formula


def formula_digest(source: Condition | Domain) -> str:
    """The digest of its formula, which is not read for it where it was kept."""
    if isinstance(source, Condition) and isinstance(source.stated, Kept):
        return source.stated.digest
    return digest([source.formula])


def digest(values: Iterable[object]) -> str:
    """The digest of plain values: dataclasses, containers, numbers, texts."""
    written: list[str] = []
    for value in values:
        _write(value, written.append)
    return hashlib.sha256("\0".join(written).encode("utf-8", "surrogatepass")).hexdigest()


_FIELDS: dict[type, tuple[str, ...]] = {}


def _write(value: object, put: Put) -> None:
    """Every value opens with its kind, and every container with its length. Most are terms, for
    which `isinstance` is quicker than `match`."""
    if isinstance(value, Variable):
        put(f"V{value.version}{value.name!r}")
        return
    if isinstance(value, Number):
        above, below = value.value.as_integer_ratio()
        put(f"N{above}/{below}")
        return
    if isinstance(value, Product | Sum):
        parts = value.factors if isinstance(value, Product) else value.terms
        put(f"{type(value).__name__}{len(parts)}")
        for part in parts:
            if isinstance(part, Variable):
                put(f"V{part.version}{part.name!r}")
            else:
                _write(part, put)
        return
    match value:
        case Span():
            put("@")
        case tuple() | list():
            put(f"[{len(value)}")
            for each in value:
                _write(each, put)
        case None | bool() | int() | str():
            put(f"={value!r}")
        case Fraction():
            put(f"/{value.numerator}/{value.denominator}")
        case frozenset() | set():
            put(f"{{{len(value)}")
            for text in sorted(map(_alone, value)):
                put(text)
        case Mapping():
            put(f"<{len(value)}")
            for text in sorted(_alone(pair) for pair in value.items()):
                put(text)
        case _:
            if not is_dataclass(value):
                raise TypeError(type(value))
            kind = type(value)
            if kind not in _FIELDS:
                _FIELDS[kind] = tuple(field.name for field in fields(value))
            put(f"({kind.__module__}.{kind.__qualname__}")
            for name in _FIELDS[kind]:
                _write(getattr(value, name), put)


def _alone(value: object) -> str:
    written: list[str] = []
    _write(value, written.append)
    return repr(written)
