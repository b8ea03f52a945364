"""The settled model: what a file means once names, units and shapes are resolved. Plain values
only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.enclosure import Range
from verifier.core.span import Span
from verifier.core.term import Formula, Key, Sort, Term, variables
from verifier.core.unit import Unit
from verifier.model.control import Barrier, Clearance, Plant, Robot, Waiver
from verifier.model.motion import MotionLimits, Place, Transition
from verifier.model.plan import Claim, Resource, Use
from verifier.model.rows import Row
from verifier.model.stops import Stop

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

DEFAULT_FALLBACK = "stop"
"""The fallback of what the bundle watches where the source names none."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A formula that an earlier run has read: its digest, what it reads, and how to read it again,
    which is done only where somebody looks at it."""

    digest: str
    reads: frozenset[Key]
    again: Callable[[], Formula]


@dataclass(frozen=True, slots=True)
class Condition:
    """One clause of a contract, split at its top-level `and`, over NOW and OLD scalars.

    `kind` is requires, initial, ensures, terminal, invariant, assume or achieve.
    `reads_environment` says that nothing about it can be proved beforehand; then `fallback` is
    named. `text` is the clause as formatted source.
    """

    kind: str
    stated: Formula | Kept
    span: Span
    text: str
    reads_environment: bool
    fallback: str | None

    @property
    def formula(self) -> Formula:
        """What the clause says."""
        return self.stated.again() if isinstance(self.stated, Kept) else self.stated

    @property
    def reads(self) -> frozenset[Key]:
        """The scalars that it reads, NOW or OLD."""
        if isinstance(self.stated, Kept):
            return self.stated.reads
        return frozenset(variables(self.stated))


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds; `high` None means that no bound is promised; `chosen` that the robot chooses."""

    low: Fraction
    high: Fraction | None
    span: Span
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Contract:
    """A skill with its parameters bound: `text` is the call, `Reach(cup)`.

    `frame` is the set of scalar names that may change; every other scalar keeps its value.
    `transition` is how a skill that is a transition moves.
    """

    skill: str
    text: str
    requires: tuple[Condition, ...]
    ensures: tuple[Condition, ...]
    invariants: tuple[Condition, ...]
    frame: frozenset[str]
    duration: Duration
    span: Span
    transition: Transition | None = None
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A call of a skill in a chain.

    `number` counts from 1 through all that is unrolled. `label` is the call's place in the source,
    `3`, with a suffix for each turn of a `repeat`: `3.2`.
    """

    number: int
    contract: Contract
    span: Span
    label: str


@dataclass(frozen=True, slots=True)
class Parallel:
    """Branches that begin together; the whole ends with the last of them."""

    branches: tuple[Block, ...]
    label: str
    span: Span


@dataclass(frozen=True, slots=True)
class Case:
    guard: Condition
    body: Block


@dataclass(frozen=True, slots=True)
class Branch:
    """The first case whose guard holds is taken, else `otherwise`.

    `otherwise` None says that the guards have to leave nothing out.
    """

    cases: tuple[Case, ...]
    otherwise: Block | None
    label: str
    span: Span


@dataclass(frozen=True, slots=True)
class Loop:
    """The body, as long as the guard holds.

    The variant is a plain number; `turns` is how often the body can run at most if the variant is
    at least 0 when a turn begins and each turn lowers it by 1; None where declarations give it no
    upper bound.
    """

    guard: Condition
    invariants: tuple[Condition, ...]
    variant: Term
    variant_span: Span
    turns: int | None
    body: Block
    label: str
    span: Span


@dataclass(frozen=True, slots=True)
class Attempt:
    """The body; if any step of it fails, the recovery, from where that step left off."""

    body: Block
    recovery: Block
    label: str
    span: Span


@dataclass(frozen=True, slots=True)
class Inlined:
    """A chain called by another one: it owes what that one assumes and achieves in its place, and
    where durations are chosen its deadlines, too."""

    text: str
    assumptions: tuple[Condition, ...]
    body: Block
    goals: tuple[Condition, ...]
    label: str
    span: Span
    deadlines: tuple[Deadline, ...] = ()


Statement: TypeAlias = Step | Parallel | Branch | Loop | Attempt | Inlined
Block: TypeAlias = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Rigid:
    """A scalar of a chain's parameter: any one value, which never changes."""

    name: str
    member: str
    listed: bool
    sort: Sort
    unit: Unit | None


@dataclass(frozen=True, slots=True)
class Moment:
    """The start or the end of the statement with this label."""

    label: str
    starts: bool


@dataclass(frozen=True, slots=True)
class Deadline:
    """Between the two moments lie `low` to `bound` seconds; None is no bound. Without moments they
    are the start and the end of the chain."""

    bound: Fraction
    span: Span
    low: Fraction | None = None
    ends: tuple[Moment, Moment] | None = None


@dataclass(frozen=True, slots=True)
class Refinement:
    """The claim that the `concrete` skill may stand in for the `abstract` one."""

    concrete: Contract
    abstract: Contract
    span: Span


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A chain that runs at the same time: what it may change, and what it guarantees of each of its
    moves. `span` is where it is named."""

    name: str
    frame: frozenset[str]
    assumptions: tuple[Condition, ...]
    guarantees: tuple[Condition, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Chain:
    """`steps` are all calls of skills in `body`; `steps[k - 1]` has the number k.

    `declared` is the name of the declaration and `objects` are what its parameters stand for here:
    a chain with objects as parameters is settled once for each choice, as `Fetch(cup)`. A claim
    that one skill refines another one, or about a budget or a processor, is a chain without steps
    that owes nothing else, and so is what the barriers of a plant owe. `resources` are those that
    its steps use. `relies` and `guarantees` speak of moves, of the chains beside it and of its own,
    from OLD to NOW; what does not read OLD is kept by these moves.
    """

    name: str
    declared: str
    objects: tuple[str, ...]
    rigid: tuple[Rigid, ...]
    assumptions: tuple[Condition, ...]
    steps: tuple[Step, ...]
    body: Block
    goals: tuple[Condition, ...]
    deadlines: tuple[Deadline, ...]
    span: Span
    refinement: Refinement | None = None
    beside: tuple[Neighbour, ...] = ()
    relies: tuple[Condition, ...] = ()
    guarantees: tuple[Condition, ...] = ()
    plant: Plant | None = None
    resources: tuple[Resource, ...] = ()
    claim: Claim | None = None

    @property
    def plain(self) -> bool:
        """Whether the chain is nothing but calls of skills, one after the other."""
        alone = not self.rigid and not self.objects and not self.beside and not self.is_claim
        return alone and self.body == self.steps

    @property
    def is_claim(self) -> bool:
        """Whether it is a claim about a skill, a plant, a budget or a processor, and no chain."""
        return any(each is not None for each in (self.refinement, self.plant, self.claim))


@dataclass(frozen=True, slots=True)
class SkillParameter:
    """An object of a type, or a number, a label or a truth value of a sort; the other is None."""

    name: str
    type: str | None
    sort: Sort | None


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


# ---- the whole ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Model:
    """`scalars` holds every grounded scalar by name, in the order of the declarations. `rows` are
    those of the barriers of each plant, `stops` the limits that its joints brake for, `ranges` the
    numbers that a declared box bounds a scalar by."""

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
    robots: dict[str, Robot]
    clearances: tuple[Clearance, ...]
    waivers: tuple[Waiver, ...]
    obstacles: dict[str, Place]
    zones: dict[str, Place]
    motions: dict[str, MotionLimits]
    rows: dict[str, tuple[Row, ...]]
    stops: dict[str, tuple[Stop, ...]]
    ranges: dict[str, Range]
