"""The syntax tree: what was written, with the span of every node, and nothing decided yet."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.span import Span

# ---- expressions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name:
    """A name where it stands, as declared or as used."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Literal:
    """A number as written (`10`, `0.25`, `2.5e-3`), its exact value, and the unit behind it."""

    text: str
    value: Fraction
    unit: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class TruthLiteral:
    value: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Reference:
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    """`base[index]`."""

    base: Expression
    index: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Part:
    """`base.part`: a coordinate of a point, or `lower` / `upper` of a domain."""

    base: Expression
    part: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """`-operand` or `not operand`."""

    operator: str
    operand: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """`+ - * / ^`, `and or implies iff`."""

    operator: str
    left: Expression
    right: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Comparing:
    """`a <= b`, and chains of it such as `0 <= x <= 5`. Operators: `== != <= >= < >`."""

    operators: tuple[str, ...]
    operands: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Membership:
    """`element in region`; the region is a set expression, a Range, or a `{...}` of labels."""

    element: Expression
    region: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Range:
    """`low .. high`, both ends included."""

    low: Expression
    high: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Labels:
    """`{open, closed}`."""

    names: tuple[Name, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ListLiteral:
    items: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call; `name` is None where it stands by position."""

    name: Name | None
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`: sets, `old`, `abs`, `der`, and skills as steps of a chain."""

    function: Name
    arguments: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Quantified:
    """`forall o : Item, body` or `exists j in 1 .. 7, body`; the domain is a type's name or a
    Range."""

    quantifier: str
    variable: Name
    domain: Expression
    body: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Bound:
    """`[low, high]` behind a temporal operator; `high` None is unbounded, `high_open` is `[low,
    high)`."""

    low: Expression
    high: Expression | None
    high_open: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Temporal:
    """`always eventually historically once next previous rise fall` (one operand),
    `until release since` (two operands)."""

    operator: str
    bound: Bound | None
    operands: tuple[Expression, ...]
    span: Span


Expression: TypeAlias = (
    Literal
    | TruthLiteral
    | Reference
    | Index
    | Part
    | Unary
    | Binary
    | Comparing
    | Membership
    | Range
    | Labels
    | ListLiteral
    | Call
    | Quantified
    | Temporal
)

# ---- types -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TypeExpression:
    """`real[7] rad`, `point[Item]`, `bool`, `{open, closed}`: a base, its indices, its unit."""

    base: Name | Labels
    indices: tuple[Expression, ...]
    unit: Name | None
    span: Span


# ---- declarations ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Use:
    path: str
    span: Span


@dataclass(frozen=True, slots=True)
class TypeDeclaration:
    """`type Item`, or with a definition `type Mode = {idle, busy}`."""

    name: Name
    definition: TypeExpression | None
    span: Span


@dataclass(frozen=True, slots=True)
class ObjectDeclaration:
    names: tuple[Name, ...]
    type: Name
    span: Span


@dataclass(frozen=True, slots=True)
class VariableDeclaration:
    names: tuple[Name, ...]
    type: TypeExpression
    domain: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class StateDeclaration:
    """A `state` or an `environment` block; `kind` is that word."""

    kind: str
    variables: tuple[VariableDeclaration, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ConstantDeclaration:
    name: Name
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class PropertyDeclaration:
    name: Name
    formula: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class ViolationDeclaration:
    """`on violation of a, b : stop`."""

    properties: tuple[Name, ...]
    fallback: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Dynamics:
    """`der(variable) = value`."""

    variable: Name
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class RobotDeclaration:
    """`robot panda from urdf "panda.urdf" tip panda_hand joints q`; `joints` may be left out."""

    name: Name
    form: Name
    path: Name
    tip: Name
    joints: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class PlantValue:
    """`period`, `latency`, `grid` or `baseline` and what stands behind it."""

    kind: str
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class PlantBox:
    """`error q in …`, `rate dq in …`, `clamp velocity in …`, and the same with scale and reject."""

    kind: str
    name: Name
    region: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Reserve:
    """`switch wall at 1 cm back 3 cm`; `back` may be left out."""

    barrier: Name
    leave: Expression
    back: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Return:
    """`return 200 ms when not human_near`; the condition may be left out."""

    hold: Expression
    condition: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Confidence:
    """`confidence score at 0.8`."""

    score: Name
    least: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Measured:
    """`measured period, latency`."""

    names: tuple[Name, ...]
    span: Span


PlantPart: TypeAlias = PlantValue | PlantBox | Reserve | Return | Confidence | Measured


@dataclass(frozen=True, slots=True)
class PlantDeclaration:
    """`parts` in the order written."""

    name: Name
    inputs: tuple[VariableDeclaration, ...]
    disturbances: tuple[VariableDeclaration, ...]
    dynamics: tuple[Dynamics, ...]
    parts: tuple[PlantPart, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class BarrierPart:
    """`alpha`, `margin`, `start` or `keeps` and what stands behind it."""

    kind: str
    value: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class BarrierDeclaration:
    """`barrier joint_limit[j in 1 .. 7] = expression`, with its parts behind it."""

    name: Name
    index: tuple[Name, Range] | None
    value: Expression
    parts: tuple[BarrierPart, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class WaiverDeclaration:
    """`waive sampling of wall because "measured on the bench"`."""

    rule: Name
    subject: Name
    reason: Name
    span: Span


@dataclass(frozen=True, slots=True)
class PlaceDeclaration:
    """`obstacle table = box(…) clearance 2 cm` or a `zone`; `kind` is that word; `type` None is a
    point."""

    kind: str
    name: Name
    type: TypeExpression | None
    region: Expression
    clearance: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class MotionPart:
    """`speed acceleration clearance body velocity` with one value, `avoids inside` with names."""

    word: str
    values: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class MotionDeclaration:
    """`motion ee { speed 0.25 m/s … }`: how transitions may move a variable."""

    variable: Expression
    parts: tuple[MotionPart | Modifies, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Parameter:
    name: Name
    type: TypeExpression
    span: Span


@dataclass(frozen=True, slots=True)
class PatternDeclaration:
    """`pattern response(p, s : bool, t : real s) = …`: a formula with holes, for properties."""

    name: Name
    parameters: tuple[Parameter, ...]
    formula: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Clause:
    """`requires initial ensures terminal invariant` in a skill; `assume achieve relies
    guarantees` in a chain."""

    kind: str
    formula: Expression
    fallback: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class Modifies:
    targets: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Duration:
    """`duration low .. high`, and `chosen` behind it where the robot chooses."""

    low: Expression
    high: Expression
    chosen: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Uses:
    """`uses compute 300 TFLOPS`."""

    resource: Name
    amount: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Knot:
    """`velocity v after 0.1 s`: reached at an even rate from the velocity before."""

    velocity: Expression
    duration: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Course:
    """Knots in order, or with a condition the courses for the starts where it holds and where it
    does not."""

    knots: tuple[Knot, ...]
    condition: Expression | None
    parts: tuple[Course, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Transition:
    """`transition ee { … }`: how the skill moves the variable, from every start."""

    variable: Expression
    course: Course
    span: Span


SkillPart: TypeAlias = Clause | Modifies | Duration | Transition | Uses


@dataclass(frozen=True, slots=True)
class SkillDeclaration:
    """`refines` names the skill that this one may stand in for."""

    name: Name
    parameters: tuple[Parameter, ...]
    refines: Name | None
    clauses: tuple[SkillPart, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Moment:
    """`a.end`: the start or the end of the step with this label; `edge` is None where neither is
    named."""

    label: Name
    edge: Name | None
    span: Span


@dataclass(frozen=True, slots=True)
class Within:
    """`within 3 s`, or `within 1 s .. 3 s from a to b`; without moments from start to end."""

    bound: Expression
    ends: tuple[Moment, Moment] | None
    span: Span


@dataclass(frozen=True, slots=True)
class Labelled:
    """`a: Reach(cup)`: a step with a name for its moments."""

    label: Name
    call: Call
    span: Span


@dataclass(frozen=True, slots=True)
class Block:
    """`{ A(); B() }`; the only call of a branch of `||` may stand without braces."""

    statements: tuple[Statement, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Parallel:
    """`A() || { B(); C() }`: two branches or more."""

    branches: tuple[Block, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Guarded:
    """A case of `if`: what is done where the condition holds."""

    condition: Expression
    body: Block
    span: Span


@dataclass(frozen=True, slots=True)
class Conditional:
    """`if c { … } else if d { … } else { … }`; `otherwise` is None without the last `else`."""

    cases: tuple[Guarded, ...]
    otherwise: Block | None
    span: Span


@dataclass(frozen=True, slots=True)
class Repeat:
    """`repeat 3 { … }`."""

    count: Expression
    body: Block
    span: Span


@dataclass(frozen=True, slots=True)
class While:
    """`while c invariant i variant v { … }`; the clauses are of kind invariant or variant."""

    condition: Expression
    clauses: tuple[Clause, ...]
    body: Block
    span: Span


@dataclass(frozen=True, slots=True)
class Try:
    """`try { … } recover { … }`."""

    body: Block
    recovery: Block
    span: Span


Statement: TypeAlias = Call | Labelled | Parallel | Conditional | Repeat | While | Try


@dataclass(frozen=True, slots=True)
class ChainParameter:
    """`where : point in box(…)`: the chain is judged for every value in the domain."""

    name: Name
    type: TypeExpression
    domain: Expression | None
    span: Span


@dataclass(frozen=True, slots=True)
class Beside:
    """Of a chain: others that run at the same time."""

    chains: tuple[Name, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ChainDeclaration:
    """Statements in the order written; a call is that of a skill or of another chain."""

    name: Name
    parameters: tuple[ChainParameter, ...]
    assumptions: tuple[Clause, ...]
    steps: tuple[Statement, ...]
    goals: tuple[Clause, ...]
    deadlines: tuple[Within, ...]
    span: Span
    beside: tuple[Beside, ...] = ()
    relies: tuple[Clause, ...] = ()
    guarantees: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskDeclaration:
    """`task control period 10 ms execution 3 ms`; each value with its word."""

    name: Name
    values: tuple[tuple[Name, Expression], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ProcessorDeclaration:
    """`policies` and `tasks` in the order written."""

    name: Name
    policies: tuple[Name, ...]
    tasks: tuple[TaskDeclaration, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ShareDeclaration:
    """`share cameras = 22 * camera`."""

    name: Name
    amount: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Group:
    """`one of { … }` or `all of { … }`; `kind` is the first word."""

    kind: str
    parts: tuple[ShareDeclaration | Group, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Total:
    """`total 1870 TFLOPS` or `headroom 200 TFLOPS`; `kind` is that word."""

    kind: str
    amount: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class ResourceDeclaration:
    """`resource compute 2070 TFLOPS`; `shares` are always in use, None without a block."""

    name: Name
    capacity: Expression
    shares: tuple[ShareDeclaration | Group, ...] | None
    span: Span


@dataclass(frozen=True, slots=True)
class BudgetDeclaration:
    """`budget Maximum of compute { … }`."""

    name: Name
    resource: Name
    parts: tuple[ShareDeclaration | Group | Total, ...]
    span: Span


Declaration: TypeAlias = (
    Use
    | TypeDeclaration
    | ObjectDeclaration
    | StateDeclaration
    | ConstantDeclaration
    | PropertyDeclaration
    | PatternDeclaration
    | ViolationDeclaration
    | RobotDeclaration
    | PlantDeclaration
    | BarrierDeclaration
    | WaiverDeclaration
    | PlaceDeclaration
    | MotionDeclaration
    | SkillDeclaration
    | ChainDeclaration
    | ProcessorDeclaration
    | ResourceDeclaration
    | BudgetDeclaration
)


@dataclass(frozen=True, slots=True)
class File:
    """One source file. `comments` keeps every `# …` with its span, so that the formatter loses
    nothing."""

    path: str
    declarations: tuple[Declaration, ...]
    comments: tuple[Name, ...]
    span: Span
