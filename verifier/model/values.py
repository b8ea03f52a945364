"""The settled model: what a file means once names, units and shapes are resolved. Plain values
only."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.span import Span
from verifier.core.term import Formula, Sort, Term
from verifier.core.unit import Dimension, Unit

# ---- variables ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scalar:
    """One scalar of the state: `gripper`, `ee.x`, `q[3]`, `pose[cup].z`.

    `variable` is the declaration that it belongs to, `member` the family member: `pose[cup]`.
    """

    name: str
    sort: Sort
    variable: str
    member: str
    environment: bool


@dataclass(frozen=True, slots=True)
class Domain:
    """What a declaration promises in every state, over the NOW versions of these scalars."""

    formula: Formula
    scalars: frozenset[str]
    span: Span


@dataclass(frozen=True, slots=True)
class StateVariable:
    """A variable as declared.

    `sort` is the sort of each scalar. `shape` is () for a scalar, (3,) for a point, (n,) for a
    vector. `family` lists the names of the indexing object types. `unit` is the declared unit of a
    real one; bare numbers beside it are in it.
    """

    name: str
    sort: Sort
    shape: tuple[int, ...]
    point: bool
    family: tuple[str, ...]
    unit: Unit | None
    environment: bool
    span: Span


# ---- contracts ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """One clause of a contract, split at its top-level `and`, over NOW and OLD scalars.

    `kind` is requires, initial, ensures, terminal, invariant, assume or achieve.
    `reads_environment` says that nothing about it can be proved beforehand; then `fallback` is
    named. `text` is the clause as formatted source.
    """

    kind: str
    formula: Formula
    span: Span
    text: str
    reads_environment: bool
    fallback: str | None


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds; `high` None means that no bound is promised."""

    low: Fraction
    high: Fraction | None
    span: Span


@dataclass(frozen=True, slots=True)
class Contract:
    """A skill with its parameters bound: `text` is the call, `Reach(cup)`.

    `frame` is the set of scalar names that may change; every other scalar keeps its value.
    """

    skill: str
    text: str
    requires: tuple[Condition, ...]
    ensures: tuple[Condition, ...]
    invariants: tuple[Condition, ...]
    frame: frozenset[str]
    duration: Duration
    span: Span


@dataclass(frozen=True, slots=True)
class Step:
    """A call in a chain; `number` counts from 1."""

    number: int
    contract: Contract
    span: Span


@dataclass(frozen=True, slots=True)
class Deadline:
    bound: Fraction
    span: Span


@dataclass(frozen=True, slots=True)
class Chain:
    name: str
    assumptions: tuple[Condition, ...]
    steps: tuple[Step, ...]
    goals: tuple[Condition, ...]
    deadlines: tuple[Deadline, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class SkillParameter:
    """`type` is an object type's name, or None for a number of `dimension`."""

    name: str
    type: str | None
    dimension: Dimension | None


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill as declared; `Model.bind` gives its contract for given arguments."""

    name: str
    parameters: tuple[SkillParameter, ...]
    span: Span


# ---- temporal properties -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interval:
    """Seconds; `high` None is unbounded; `high_open` excludes the upper end."""

    low: Fraction
    high: Fraction | None
    high_open: bool


@dataclass(frozen=True, slots=True)
class Atom:
    """A state formula over NOW scalars."""

    formula: Formula
    text: str


@dataclass(frozen=True, slots=True)
class Connective:
    """`not` (one operand), `and`, `or` (many), `implies`, `iff` (two)."""

    operator: str
    operands: tuple[Temporal, ...]


@dataclass(frozen=True, slots=True)
class Modal:
    """`always eventually historically once next previous rise fall` (one operand), `until release
    since` (two)."""

    operator: str
    interval: Interval
    operands: tuple[Temporal, ...]


Temporal: TypeAlias = Atom | Connective | Modal


@dataclass(frozen=True, slots=True)
class Property:
    """`fallback` is what `on violation of` names: hold, retreat or stop; None if nothing is
    named."""

    name: str
    formula: Temporal
    fallback: str | None
    reads_environment: bool
    span: Span
    text: str


# ---- plants and barriers -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Input:
    """A command of a plant, a real vector of `size` with a bounded box in base units."""

    name: str
    size: int
    unit: Unit | None
    lower: tuple[Fraction, ...]
    upper: tuple[Fraction, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Derivative:
    """`der(state) = rates`, one term a component; the terms read state scalars and input scalars
    `dq[1]`."""

    variable: str
    rates: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Plant:
    """`period` in seconds."""

    name: str
    inputs: tuple[Input, ...]
    dynamics: tuple[Derivative, ...]
    period: Fraction
    span: Span


@dataclass(frozen=True, slots=True)
class Barrier:
    """`value >= 0` is safe. One for each index of a family: `joint_limit[3]`. `alpha` in 1/s, or
    None."""

    name: str
    value: Term
    alpha: Fraction | None
    span: Span
    text: str


# ---- the whole ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Model:
    """`scalars` holds every grounded scalar by name, in the order of the declarations."""

    types: tuple[str, ...]
    objects: dict[str, str]
    variables: dict[str, StateVariable]
    scalars: dict[str, Scalar]
    domains: tuple[Domain, ...]
    skills: dict[str, Skill]
    chains: dict[str, Chain]
    properties: tuple[Property, ...]
    plants: tuple[Plant, ...]
    barriers: tuple[Barrier, ...]
