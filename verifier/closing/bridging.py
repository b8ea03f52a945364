"""A gap between sets, closed by a transition: posed, solved, written as a skill, judged in full.

The skill is written first without its table, so that its problem is read off its own contract by
the code that reads every transition. Where what is known before the gap is a union, each part of it
gets a skill of its own, and a branch on the start chooses; so does a set with flat sides that no
single plan serves, in halves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from verifier.check.barrier import judge_no_motion
from verifier.check.motion import judge_motion
from verifier.check.outcome import Accepted
from verifier.closing.refused import impossible, partly
from verifier.closing.tables import BLANK, Draft, Unwritten, settled, skill, written
from verifier.closing.trial import OPEN, Proposal, Propose
from verifier.closing.wording import Words, base_unit, condition
from verifier.core.affine import Row
from verifier.core.diagnostic import Diagnostic, Label, SourceError
from verifier.core.evaluate import holds
from verifier.core.flat import Sides, around, within
from verifier.core.flat import parts as conjuncts
from verifier.core.motion import Box, Family, Impossible, NoEnd, Problem
from verifier.core.obligation import Fact
from verifier.core.starts import around as box_around
from verifier.core.substitution import constants, put
from verifier.core.term import NOW, Formula, Key, Or, Real, rename, variables
from verifier.core.unit import LENGTH, Dimension
from verifier.model.expression import scalar_names
from verifier.model.values import Chain, Condition, StateVariable
from verifier.obligations.path import Path, Place, relevant
from verifier.obligations.walk import walk
from verifier.repair.transition import Aim, Found, Refuted, Tools, transition
from verifier.solve.linear import series
from verifier.source import Source

ZERO = Fraction(0)
CASES_MAX = 8
CUTS_DEEP = 2
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
        series,
        lambda problem, family: judge_motion(problem, family) == Accepted(),
        lambda problem, proof: judge_no_motion(problem, proof) == Accepted(),
        aim,
    )


def bridges(gap: Gap) -> Iterator[Proposal | str | Diagnostic]:
    """For each variable that may be moved to close the gap, a transition, or why there is none; a
    diagnostic where the question itself is one that nobody can have meant."""
    for variable, member in _movable(gap):
        try:
            yield _bridge(gap, variable, member)
        except SourceError as error:
            yield _misposed(gap, variable, member, error.diagnostics[0])


def _misposed(
    gap: Gap, variable: StateVariable, member: str, found: Diagnostic
) -> str | Diagnostic:
    """What was found of a skill that is not written yet, at the place that it comes from."""
    limits = gap.source.model.motions.get(member)
    if limits is None:
        return found.message
    moved = {*scalar_names(variable, member), *limits.velocity}
    read = [c.span for c in gap.chain.assumptions if _names(c.formula) & moved]
    span = read[0] if read else gap.source.scope.chains[gap.chain.declared].name.span
    notes = (Label(limits.span, "moved within these limits"),)
    told = f"where a transition of `{member}` would have to start"
    match found.code:
        case "unbounded-set":
            help = f"bound `{member}`: by a domain behind its declaration, or by `assume`"
            return Diagnostic("unbounded-set", span, f"{told} has no bound", notes, help)
        case "start-outside":
            help = "assume a start inside of the zones, or name a zone that holds it"
            message = f"{told} lies outside of the zones, or a body there does"
            return Diagnostic("start-outside", span, message, notes, help)
        case "empty-set":
            return Diagnostic("empty-set", span, f"{told} is nowhere", notes)
        case _:
            return found.message


def _movable(gap: Gap) -> Iterator[tuple[StateVariable, str]]:
    """The numeric variables that the failing clause reads: those whose motion is declared, and if
    there are none, places: points and vectors of lengths that belong to no object."""
    model = gap.source.model
    read = {name for name, _ in variables(gap.clause)}
    for limits in model.motions.values():
        if read & set(limits.velocity):
            read |= set(limits.scalars)
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
    """The gap for one variable: its scalars and what they are relative to, what is known before it,
    case by case, and what is needed behind it."""

    member: str
    words: Words
    cases: tuple[Sides, ...]
    ends: Sides
    known: tuple[Formula, ...]

    def draft(self, starts: Sides) -> Draft:
        return Draft(self.member, self.words, starts.rows, self.ends.rows)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the starts, with its problem and what serves it."""

    starts: Sides
    problem: Problem
    family: Family


def _bridge(gap: Gap, variable: StateVariable, member: str) -> Proposal | str:
    posed = _posed(gap, variable, member)
    if isinstance(posed, str):
        return posed
    limits = _limits(gap, variable, member)
    found: list[_Part] = []
    wrong: list[str] = []
    for case in posed.cases:
        answer = _served(gap, limits, posed, case, CUTS_DEEP)
        if isinstance(answer, str):
            wrong.append(answer)
        else:
            found += answer
    if wrong:
        return "".join((wrong[0], *_others(posed, found)))
    return _proposed(gap, limits, posed, found)


def _served(gap: Gap, limits: str, posed: _Posed, starts: Sides, deep: int) -> list[_Part] | str:
    """The starts in parts that are served, cut at most `deep` times where the engine cuts none, or
    why not all of them are."""
    problem = _problem(gap, limits, posed, starts)
    answer = transition(problem, tools(gap.aim))
    match answer:
        case Found(family):
            return [_Part(starts, problem, family)]
        case Refuted(proof):
            return _refused(gap, posed, starts, problem, proof)
    if deep == 0 or isinstance(problem.starts[0], Box):
        return f"{OPEN} of `{posed.member}` exists is unknown: {answer.reason}"
    parts: list[_Part] = []
    for side in _halved(posed, starts, problem):
        half = _served(gap, limits, posed, side, deep - 1)
        if isinstance(half, str):
            return half
        parts += half
    return parts


def _problem(gap: Gap, limits: str, posed: _Posed, starts: Sides) -> Problem:
    """What a skill asks that leads from these starts to where it has to. Raises SourceError."""
    name = next(_names_for(gap))
    blank = skill(gap.source, name, posed.draft(starts), BLANK)
    table = settled(gap.source, limits, blank, name).transition
    assert table is not None
    return replace(table.problem, duration_max=_allowed(gap))


def _halved(posed: _Posed, starts: Sides, problem: Problem) -> Iterator[Sides]:
    """The starts below and above the middle of the axis along which they are longest, in time."""
    box = box_around(problem.starts[0])
    scales = (*problem.speed_max, *problem.acceleration_max)
    spans = [
        (high - low) / scales[k]
        for k, (low, high) in enumerate(zip(box.lower, box.upper, strict=True))
        if k < posed.words.moved + posed.words.rates
    ]
    axis = max(range(len(spans)), key=lambda k: spans[k])
    middle = (box.lower[axis] + box.upper[axis]) / 2
    for sign in (1, -1):
        row = tuple(Fraction(sign * (k == axis)) for k in range(len(box.lower)))
        yield Sides((*starts.rows, (row, sign * middle, "<=")), starts.exact)


def _refused(gap: Gap, posed: _Posed, starts: Sides, problem: Problem, proof: Impossible) -> str:
    told = impossible(problem, proof, posed.words)
    start = getattr(proof, "start", None)
    sure = posed.ends.exact and (starts.exact or (start and _is_known(posed, start)))
    note = "" if sure else ", if round sets are taken as the boxes in the way"
    rest = "" if isinstance(proof, NoEnd) else partly(problem, proof, tools(gap.aim), posed.words)
    word = "no transition serves every start" if sure else f"{OPEN} exists is unknown"
    return f"{word}: {told}{note}{rest}"


def _others(posed: _Posed, found: Sequence[_Part]) -> Iterator[str]:
    """The cases that are served although another one is not."""
    for part in found:
        yield f"; it is served from `{_guard(posed, part.starts.rows, ())}`"


def _proposed(gap: Gap, limits: str, posed: _Posed, parts: Sequence[_Part]) -> Proposal | str:
    """One skill for each part, and what calls the one that serves a start."""
    texts: list[str] = []
    calls: list[str] = []
    for name, part in zip(_names_for(gap), parts, strict=False):
        draft = posed.draft(part.starts)
        text = written(gap.source, limits, draft, name, part.problem, part.family.plans[0])
        if isinstance(text, Unwritten):
            return text.reason
        texts.append(text)
        calls.append(f"{name}()")
    declarations = limits + "\n".join(texts)
    if len(parts) == 1:
        return Proposal(calls[0], declarations)
    shared = set.intersection(*(set(part.starts.rows) for part in parts))
    guards = [_guard(posed, part.starts.rows, shared) for part in parts[:-1]]
    branches = [f"if {guard} {{ {call} }}" for guard, call in zip(guards, calls, strict=False)]
    return Proposal(" else ".join([*branches, f"{{ {calls[-1]} }}"]), declarations)


def _guard(posed: _Posed, sides: Sequence[Row], known: Collection[Row]) -> str:
    """The set with these rows as a condition, but for rows that are known to hold."""
    return condition([row for row in sides if row not in known], posed.words)


def _is_known(posed: _Posed, start: Sequence[Fraction]) -> bool:
    at = {(name, NOW): value for name, value in zip(posed.words.names, start, strict=True)}
    return all(holds(formula, at) for formula in posed.known)


def _posed(gap: Gap, variable: StateVariable, member: str) -> _Posed | str:
    model = gap.source.model
    declared = model.motions.get(member)
    moved = scalar_names(variable, member)
    changed = (*moved, *(declared.velocity if declared else ()))
    wanted = [c for c in _needed(gap) if _names(c.formula) & set(changed)]
    read = set().union(*(_names(c.formula) for c in wanted)) - set(changed)
    if any(c.reads_environment for c in wanted) or not read <= set(model.scalars):
        return f"what is needed of `{member}` depends on the environment"
    if any(not isinstance(model.scalars[name].sort, Real) for name in read):
        return f"what is needed of `{member}` is no set of points"
    names = (*changed, *(name for name in model.scalars if name in read))
    keys: list[Key] = [(name, NOW) for name in names]
    rest = constants({(name, NOW): ZERO for name in changed[len(moved) :]})
    ends = within([put(c.formula, rest) for c in wanted], keys, len(moved))
    if ends is None:
        return f"what is needed of `{member}` is no convex set that a motion could end in"
    known = tuple(_known(gap, wanted, set(names)))
    units = tuple(model.variables[model.scalars[name].variable].unit for name in names)
    units = tuple(u or base_unit(_dimension(gap, n)) for u, n in zip(units, names, strict=True))
    rates = len(changed) - len(moved)
    words = Words(names, _members(gap, names), units, len(moved), rates)
    cases = dict.fromkeys(around(case, keys) for case in _cases(known))
    return _Posed(member, words, tuple(cases), ends, known)


def _cases(known: Sequence[Formula]) -> list[list[Formula]]:
    """What is known, case by case; a disjunction that makes too many is left out."""
    found: list[list[Formula]] = [[]]
    for formula in (part for each in known for part in conjuncts(each)):
        ways = (
            [way for part in formula.parts for way in _cases([part])]
            if isinstance(formula, Or)
            else [[formula]]
        )
        if len(found) * len(ways) <= CASES_MAX:
            found = [[*case, *way] for case in found for way in ways]
    return found


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


def _names_for(gap: Gap) -> Iterator[str]:
    """Names that are free for new skills."""
    scope = gap.source.scope
    at_end = gap.place > len(gap.chain.steps)
    base = "ToGoal" if at_end else f"To{gap.chain.steps[gap.place - 1].contract.skill}"
    taken = {*scope.skills, *scope.chains, *scope.properties, *scope.plants, *scope.barriers}
    numbered = (f"{base}{k}" for k in range(2, 10_000))
    return (name for name in (base, *numbered) if name not in taken)


def _limits(gap: Gap, variable: StateVariable, member: str) -> str:
    """The declaration of a motion, where there is none."""
    if member in gap.source.model.motions:
        return ""
    return (
        f"motion {member} {{\n    speed        {REDUCED_SPEED}\n    acceleration {GENTLE}\n}}\n\n"
    )
