"""A gap between sets, closed by a transition: posed, solved, written as a skill, judged in full.

The skill is written first without its table, so that its problem is read off its own contract by
the code that reads every transition. What the engine finds is rounded to few digits, settled again
from the text, and shown to the judge as it stands there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.check.barrier import judge_no_motion
from verifier.check.motion import judge_motion, judge_plan
from verifier.check.outcome import Accepted
from verifier.closing.refused import impossible, partly
from verifier.closing.rounded import rounded
from verifier.closing.trial import Proposal, Propose
from verifier.closing.wording import Words, base_unit, clauses, course, quantity
from verifier.core.affine import Row
from verifier.core.diagnostic import SourceError
from verifier.core.evaluate import holds
from verifier.core.flat import Sides, around, within
from verifier.core.motion import (
    Affine,
    Family,
    Motion,
    NoEnd,
    Plan,
    Problem,
    Starts,
)
from verifier.core.obligation import Fact, Passage
from verifier.core.starts import greatest
from verifier.core.term import NOW, Formula, Key, Real, rename, variables
from verifier.core.unit import LENGTH, TIME, UNITS, Dimension, Unit
from verifier.core.verdict import Proved
from verifier.model.contract import contract_of
from verifier.model.expression import Context, scalar_names
from verifier.model.motion import Transition
from verifier.model.values import Chain, Condition, Contract, StateVariable
from verifier.obligations.path import Path, Place, relevant
from verifier.obligations.walk import walk
from verifier.repair.transition import Aim, Found, Refuted, Tools, transition
from verifier.repair.tube import parts
from verifier.solve.linear import minimize
from verifier.solve.passage import passage
from verifier.source import Source
from verifier.syntax import tree
from verifier.syntax.parse import parse

ZERO = Fraction(0)
# Digits of the numbers in a table, and by how much it is slowed down to pay for rounding to them.
LADDER = ((4, Fraction(1, 200)), (6, Fraction(1, 5000)), (9, Fraction(1, 10**6)), (12, ZERO))
FINEST = 10**6  # of a tube's sides, in parts of a base unit
REDUCED_SPEED = "0.25 m/s"  # ISO 10218-1, 3.24.1: reduced speed control
GENTLE = "1 m/s^2"


@dataclass(frozen=True, slots=True)
class Gap:
    """What fails, and where: `place` is the step before which it has to hold, one more than there
    are steps for the end."""

    source: Source
    chain: Chain
    place: int
    clause: Formula
    aim: Aim


def motions(source: Source, aim: Aim) -> Propose:
    """What a search for repairs and plans asks for transitions."""
    return lambda chain, place, clause: bridges(Gap(source, chain, place, clause, aim))


def tools(aim: Aim) -> Tools:
    """The solver and the judges that the engine is given."""
    return Tools(
        minimize,
        lambda problem, family: judge_motion(problem, family) == Accepted(),
        lambda problem, proof: judge_no_motion(problem, proof) == Accepted(),
        aim,
    )


def bridges(gap: Gap) -> Iterator[Proposal | str]:
    """For each variable that may be moved to close the gap, a transition, or why there is none."""
    for variable, member in _movable(gap):
        try:
            yield _bridge(gap, variable, member)
        except SourceError as error:
            yield f"{error.diagnostics[0].message}"


def _movable(gap: Gap) -> Iterator[tuple[StateVariable, str]]:
    """The numeric variables that the failing clause reads: those whose motion is declared, and if
    there are none, places: points and vectors of lengths that belong to no object."""
    model = gap.source.model
    read = {name for name, _ in variables(gap.clause)}
    members = dict.fromkeys(
        (model.scalars[name].variable, model.scalars[name].member)
        for name in model.scalars
        if name in read and isinstance(model.scalars[name].sort, Real)
    )
    found = [(model.variables[v], m) for v, m in members if not model.variables[v].environment]
    declared = [each for each in found if each[1] in model.motions]
    free = [(v, m) for v, m in found if v.shape and not v.family and v.sort == Real(LENGTH)]
    yield from declared or free


# ---- posing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Posed:
    """The gap for one variable: its scalars and what they are relative to, what is known before it
    and what is needed behind it."""

    member: str
    words: Words
    starts: Sides
    ends: Sides
    known: tuple[Formula, ...]


def _bridge(gap: Gap, variable: StateVariable, member: str) -> Proposal | str:
    posed = _posed(gap, variable, member)
    if isinstance(posed, str):
        return posed
    name = _name(gap)
    limits = _limits(gap, variable, member)
    blank = _skill(gap, name, posed, _Table("", "", ""))
    transition_ = _settled(gap, limits, blank, name).transition
    assert transition_ is not None
    problem = replace(transition_.problem, duration_max=_allowed(gap))
    answer = transition(problem, tools(gap.aim))
    if isinstance(answer, Found):
        return _written(gap, limits, posed, name, problem, answer.family)
    if isinstance(answer, Refuted):
        told = impossible(problem, answer.proof, posed.words)
        start = getattr(answer.proof, "start", None)
        sure = posed.ends.exact and (posed.starts.exact or (start and _is_known(posed, start)))
        note = "" if sure else ", if round sets are taken as the boxes in the way"
        nowhere = isinstance(answer.proof, NoEnd)
        rest = "" if nowhere else partly(problem, tools(gap.aim), posed.words)
        word = (
            "no transition serves every start" if sure else "whether a transition exists is unknown"
        )
        return f"{word}: {told}{note}{rest}"
    return f"whether a transition of `{member}` exists is unknown: {answer.reason}"


def _is_known(posed: _Posed, start: Sequence[Fraction]) -> bool:
    at = {(name, NOW): value for name, value in zip(posed.words.names, start, strict=True)}
    return all(holds(formula, at) for formula in posed.known)


def _posed(gap: Gap, variable: StateVariable, member: str) -> _Posed | str:
    model = gap.source.model
    moved = scalar_names(variable, member)
    wanted = [c for c in _needed(gap) if _names(c.formula) & set(moved)]
    read = set().union(*(_names(c.formula) for c in wanted)) - set(moved)
    if any(c.reads_environment for c in wanted) or not read <= set(model.scalars):
        return f"what is needed of `{member}` depends on the environment"
    if any(not isinstance(model.scalars[name].sort, Real) for name in read):
        return f"what is needed of `{member}` is no set of points"
    rigid = tuple(name for name in model.scalars if name in read)
    names = (*moved, *rigid)
    keys: list[Key] = [(name, NOW) for name in names]
    ends = within([c.formula for c in wanted], keys, len(moved))
    if ends is None:
        return f"what is needed of `{member}` is no convex set that a motion could end in"
    known = tuple(_known(gap, wanted, set(names)))
    members = _members(gap, names)
    units = tuple(model.variables[model.scalars[name].variable].unit for name in names)
    units = tuple(u or base_unit(_dimension(gap, n)) for u, n in zip(units, names, strict=True))
    words = Words(names, members, units, len(moved))
    return _Posed(member, words, around(known, keys), ends, known)


def _dimension(gap: Gap, name: str) -> Dimension:
    sort = gap.source.model.scalars[name].sort
    assert isinstance(sort, Real)
    return sort.dimension


def _names(formula: Formula) -> set[str]:
    return {name for name, _ in variables(formula)}


def _members(gap: Gap, names: Sequence[str]) -> tuple[tuple[str, int, int], ...]:
    found: dict[str, list[int]] = {}
    for k, name in enumerate(names):
        found.setdefault(gap.source.model.scalars[name].member, []).append(k)
    return tuple((member, ks[0], ks[-1] + 1) for member, ks in found.items())


def _needed(gap: Gap) -> tuple[Condition, ...]:
    if gap.place > len(gap.chain.steps):
        return gap.chain.goals
    contract = gap.chain.steps[gap.place - 1].contract
    own = [c for c in (*contract.requires, *contract.invariants) if not c.reads_environment]
    return tuple(own)


def _known(gap: Gap, wanted: Sequence[Condition], names: set[str]) -> Iterator[Formula]:
    """What is known of the present values of these scalars alone, at the gap."""
    path: Path = walk(gap.source.model, gap.chain)
    at_end = gap.place > len(gap.chain.steps)
    place: Place = path.places[-1] if at_end else path.before[gap.place]
    now = {(name, place.view.get(name, 0)) for name in names}
    goals = [
        Fact(rename(c.formula, lambda name, _: place.view.get(name, 0)), c.span, "goal")
        for c in wanted
    ]
    domains = {d.span for d in gap.source.model.domains}
    for fact in relevant(path, place, goals):
        if set(variables(fact.formula)) <= now and fact.span not in domains:
            yield rename(fact.formula, lambda _, __: NOW)


def _allowed(gap: Gap) -> Fraction | None:
    """What deadlines leave for the transition, in seconds."""
    highs = [step.contract.duration.high for step in gap.chain.steps]
    if not gap.chain.deadlines or None in highs:
        return None
    taken = sum((high for high in highs if high is not None), ZERO)
    return max(ZERO, min(deadline.bound for deadline in gap.chain.deadlines) - taken)


# ---- writing -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Table:
    tube: str
    duration: str
    course: str


def _name(gap: Gap) -> str:
    scope = gap.source.scope
    at_end = gap.place > len(gap.chain.steps)
    base = "ToGoal" if at_end else f"To{gap.chain.steps[gap.place - 1].contract.skill}"
    taken = {*scope.skills, *scope.chains, *scope.properties, *scope.plants, *scope.barriers}
    numbers = (f"{base}{k}" for k in range(2, 10_000))
    return base if base not in taken else next(n for n in numbers if n not in taken)


def _limits(gap: Gap, variable: StateVariable, member: str) -> str:
    """The declaration of a motion, where there is none."""
    if member in gap.source.model.motions:
        return ""
    return (
        f"motion {member} {{\n    speed        {REDUCED_SPEED}\n    acceleration {GENTLE}\n}}\n\n"
    )


def _skill(gap: Gap, name: str, posed: _Posed, table: _Table) -> str:
    words = posed.words
    lines = [
        *clauses("initial  ", posed.starts.rows, words),
        *clauses("terminal ", posed.ends.rows, words),
        *([table.tube] if table.tube else []),
    ]
    limits = gap.source.model.motions.get(posed.member)
    scalars = gap.source.model.scalars
    along = [scalars[name].member for name in limits.modifies] if limits else []
    lines.append("modifies  " + ", ".join(dict.fromkeys([posed.member, *along])))
    if table.duration:
        lines.append(table.duration)
    body = f"\n{table.course}\n    }}" if table.course else " }"
    lines.append(f"transition {posed.member} {{{body}")
    inner = "\n".join(f"    {line}" for line in lines)
    return f"skill {name} {{\n{inner}\n}}\n"


def _settled(gap: Gap, limits: str, text: str, name: str) -> Contract:
    """The contract of a skill in this text, beside what the source declares. Raises SourceError."""
    scope = gap.source.scope
    new = parse(limits + text, gap.source.path).declarations
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


def _written(
    gap: Gap, limits: str, posed: _Posed, name: str, problem: Problem, family: Family
) -> Proposal | str:
    """The transition with the fewest digits that the judge accepts."""
    (starts,) = problem.starts
    reason = "the table cannot be written with few digits"
    for digits, slack in LADDER:
        plan = rounded(family.plans[0], digits, slack)
        table = _table(gap, posed, starts, plan)
        text = _skill(gap, name, posed, table)
        try:
            contract = _settled(gap, limits, text, name)
        except SourceError as error:
            reason = error.diagnostics[0].message
            continue
        if contract.transition is not None and _stands(contract.transition):
            return Proposal(f"{name}()", limits + text)
    return f"a motion was found, but {reason}"


def _stands(table: Transition) -> bool:
    """Whether regions are found with which the judge accepts the plan as it is written."""
    start = tuple((name, NOW) for name in (*table.moved, *table.rigid))
    verdict = passage(Passage(table.problem, table.plan, start, (), ()))
    match verdict:
        case Proved(Family() as family):
            return judge_plan(table.problem, table.plan, family) == Accepted()
        case _:
            return False


def _table(gap: Gap, posed: _Posed, starts: Starts, plan: Plan) -> _Table:
    length = base_unit(_dimension(gap, posed.words.names[0]))
    per_second = Dimension() / TIME if length is None else length.dimension / TIME
    rate = Unit(f"{length.symbol if length else 1}/s", Fraction(1), per_second)
    lines = "\n".join(course(plan, posed.words, rate, 8))
    times = [motion.duration for _, motion in parts(starts, plan)]
    low, high = (Fraction(min(times) * 1000 // 1, 1000), Fraction(-(-max(times) * 1000 // 1), 1000))
    duration = f"duration  {quantity(low, UNITS['s'])} .. {quantity(high, UNITS['s'])}"
    (tube,) = clauses("invariant", _tube(posed, starts, plan), posed.words)
    return _Table(tube, duration, lines)


def _tube(posed: _Posed, starts: Starts, plan: Plan) -> list[Row]:
    """A box that no control point leaves, relative to what the end is relative to."""
    words = posed.words
    width = len(words.names)
    other = next((m for m in words.members[1:] if m[2] - m[1] == words.moved), None)
    relative = other is not None and any(row[other[1]] and row[0] for row, _, _ in posed.ends.rows)
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
