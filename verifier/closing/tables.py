"""A transition as a skill with its table: rounded to few digits, settled from its text, and shown
to the judge as it stands there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import chain

from verifier.check.motion import judge_plan
from verifier.check.outcome import Accepted
from verifier.closing.rounded import Rounding, is_short, rounded
from verifier.closing.wording import Words, base_unit, clauses, course, quantity, still
from verifier.core.affine import Row
from verifier.core.cell import box_rows
from verifier.core.diagnostic import SourceError
from verifier.core.motion import Affine, Family, Motion, Plan, Polytope, Problem, Starts
from verifier.core.obligation import Passage
from verifier.core.starts import greatest
from verifier.core.term import NOW, Real
from verifier.core.unit import TIME, UNITS, Dimension, Unit
from verifier.core.verdict import Proved
from verifier.model.contract import contract_of
from verifier.model.expression import Context
from verifier.model.motion import Transition
from verifier.model.values import Contract
from verifier.repair.rounding import onto
from verifier.repair.tube import parts
from verifier.solve.passage import passage
from verifier.source import Source
from verifier.syntax import tree
from verifier.syntax.parse import parse

ZERO = Fraction(0)
# Digits of the numbers in a table, and by how much it is slowed down to pay for rounding to them.
LADDER = ((4, Fraction(1, 200)), (6, Fraction(1, 5000)), (9, Fraction(1, 10**6)), (12, ZERO))
FINEST = 10**6  # of a tube's sides, in parts of a base unit


@dataclass(frozen=True, slots=True)
class Draft:
    """What a skill is written from: the sets that it leads from and to, by rows."""

    member: str
    words: Words
    starts: Sequence[Row]
    ends: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Unwritten:
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """The clauses that come with a plan: its tube, its duration, and its course."""

    tube: str
    duration: str
    course: str


BLANK = Table("", "", "        velocity 0 after 1 s")
"""What stands in for a plan that is still to be found."""


def skill(source: Source, name: str, draft: Draft, table: Table) -> str:
    """The skill as text."""
    words = draft.words
    lines = [
        *clauses("initial  ", draft.starts, words),
        *clauses("terminal ", draft.ends, words),
        *([table.tube] if table.tube else []),
    ]
    limits = source.model.motions.get(draft.member)
    scalars = source.model.scalars
    along = [scalars[name].member for name in limits.modifies] if limits else []
    if limits and limits.velocity:
        rate = scalars[limits.velocity[0]].member
        lines.insert(-1 if table.tube else len(lines), f"ensures   {rate} == {still(words)}")
        along.append(rate)
    lines.append("modifies  " + ", ".join(dict.fromkeys([draft.member, *along])))
    if table.duration:
        lines.append(table.duration)
    lines.append(f"transition {draft.member} {{\n{table.course}\n    }}")
    inner = "\n".join(f"    {line}" for line in lines)
    return f"skill {name} {{\n{inner}\n}}\n"


def settled(source: Source, limits: str, text: str, name: str) -> Contract:
    """The contract of a skill in this text, beside what the source declares. Raises SourceError."""
    scope = source.scope
    new = parse(limits + text, source.path).declarations
    skills = {d.name.text: d for d in new if isinstance(d, tree.SkillDeclaration)}
    motions = [d for d in new if isinstance(d, tree.MotionDeclaration)]
    wider = replace(
        scope,
        skills={**scope.skills, **skills},
        motions=[*scope.motions, *motions],
        memo={},
        active=[],
    )
    return contract_of(skills[name], f"{name}()", Context(wider))


def written(
    source: Source, limits: str, draft: Draft, name: str, problem: Problem, plan: Plan
) -> str | Unwritten:
    """The skill with the fewest digits that the judge accepts."""
    (starts,) = problem.starts
    reason = "the table cannot be written with few digits"
    # A start that moves cannot be slowed down.
    slower = [(digits, ZERO if problem.moving else slack) for digits, slack in LADDER]
    shorts = (
        rounded(plan, Rounding(digits, slack, partial(_onto, problem))) for digits, slack in slower
    )
    for short in chain([plan], shorts) if is_short(plan) else chain(shorts, [plan]):
        if any(_is_late(motion, problem) for _, motion in parts(starts, short)):
            reason = "with few digits it takes longer than is allowed"
            continue
        text = skill(source, name, draft, _table(source, draft, problem, short))
        try:
            contract = settled(source, limits, text, name)
        except SourceError as error:
            reason = error.diagnostics[0].message
            continue
        if contract.transition is not None and _stands(contract.transition):
            return text
    return Unwritten(f"a motion was found, but {reason}")


def _onto(problem: Problem, arrival: list[Affine]) -> list[Affine]:
    """What has to be added to the arrival so that it is where the end set is thin."""
    end, walls, rigid = problem.end, problem.space.bounds, (ZERO,) * problem.rigid
    if walls is not None:
        sides = box_rows(walls)
        rows = tuple((*row, *rigid) for row in sides.rows)
        end = Polytope((*end.rows, *rows), (*end.bounds, *sides.bounds))
    return onto(end, problem.starts[0], problem.rigid, arrival)


def _is_late(motion: Motion, problem: Problem) -> bool:
    return problem.duration_max is not None and motion.duration > problem.duration_max


def _stands(table: Transition) -> bool:
    """Whether regions are found with which the judge accepts the plan as it is written."""
    start = tuple((name, NOW) for name in table.start)
    verdict = passage(Passage(table.problem, table.plan, start, (), ()))
    match verdict:
        case Proved(Family() as family):
            return judge_plan(table.problem, table.plan, family) == Accepted()
        case _:
            return False


def _table(source: Source, draft: Draft, problem: Problem, plan: Plan) -> Table:
    (starts,) = problem.starts
    sort = source.model.scalars[draft.words.names[0]].sort
    assert isinstance(sort, Real)
    length = base_unit(sort.dimension)
    per_second = Dimension() / TIME if length is None else length.dimension / TIME
    rate = Unit(f"{length.symbol if length else 1}/s", Fraction(1), per_second)
    lines = "\n".join(course(plan, draft.words, rate, 8))
    times = [motion.duration for _, motion in parts(starts, plan)]
    low, high = (Fraction(min(times) * 1000 // 1, 1000), Fraction(-(-max(times) * 1000 // 1), 1000))
    high = high if problem.duration_max is None else min(high, problem.duration_max)
    duration = f"duration  {quantity(low, UNITS['s'])} .. {quantity(high, UNITS['s'])}"
    (tube,) = clauses("invariant", _tube(draft, starts, plan), draft.words)
    return Table(tube, duration, lines)


def _tube(draft: Draft, starts: Starts, plan: Plan) -> list[Row]:
    """A box that no control point leaves, relative to what the end is relative to."""
    words = draft.words
    width = len(words.names)
    other = next((m for m in words.rigid if m[2] - m[1] == words.moved), None)
    relative = other is not None and any(row[other[1]] and row[0] for row, _, _ in draft.ends)
    found: list[Row] = []
    for axis in range(words.moved):
        for sign in (1, -1):
            most: Fraction | None = None
            row = [ZERO] * width
            row[axis] = Fraction(sign)
            if relative and other is not None:
                row[other[1] + axis] = Fraction(-sign)
            for part, motion in parts(starts, plan):
                for value in _values(motion, row, words.moved, width):
                    reach = greatest(part, value)
                    most = reach if most is None else max(most, reach)
            assert most is not None
            found.append((tuple(row), Fraction(-(-most * FINEST // 1), FINEST), "<="))
    return found


def _values(motion: Motion, row: Sequence[Fraction], moved: int, width: int) -> Iterator[Affine]:
    start = tuple(Affine(ZERO, tuple(Fraction(i == k) for k in range(width))) for i in range(moved))
    points = [point for piece in motion.pieces for point in piece.points] or [start]
    for point in points:
        linear = list(row[:moved])
        total = [ZERO] * width
        constant = ZERO
        for a, form in zip(linear, point, strict=True):
            constant += a * form.constant
            total = [t + a * x for t, x in zip(total, form.linear, strict=True)]
        for k in range(moved, width):
            total[k] += row[k]
        yield Affine(constant, tuple(total))
