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
from verifier.closing.posing import Gap, Posed, allowed, is_known, names_in, posed
from verifier.closing.refused import impossible, partly
from verifier.closing.tables import BLANK, Unwritten, settled, skill, written
from verifier.closing.trial import NoMotion, Proposal, Propose
from verifier.closing.wording import condition
from verifier.core.affine import Row
from verifier.core.diagnostic import Diagnostic, Label, SourceError
from verifier.core.flat import Sides
from verifier.core.motion import Box, Family, Impossible, NoEnd, Problem
from verifier.core.starts import around as box_around
from verifier.core.term import Real, variables
from verifier.core.unit import LENGTH
from verifier.model.expression import scalar_names
from verifier.model.values import StateVariable
from verifier.repair.transition import Aim, Found, Refuted, Tools, transition
from verifier.solve.linear import series

CUTS_DEEP = 2
NOWHERE = "; no part of the starts that was tried is served"
REDUCED_SPEED = "0.25 m/s"  # ISO 10218-1, 3.24.1: reduced speed control
GENTLE = "1 m/s^2"


def motions(aim: Aim) -> Propose:
    """What a search for repairs and plans asks for transitions."""
    return lambda source, chain, place, clause: bridges(Gap(source, chain, place, clause, aim))


def tools(aim: Aim) -> Tools:
    """The solver and the judges that the engine is given."""
    return Tools(
        series,
        lambda problem, family: judge_motion(problem, family) == Accepted(),
        lambda problem, proof: judge_no_motion(problem, proof) == Accepted(),
        aim,
    )


def bridges(gap: Gap) -> Iterator[Proposal | NoMotion | Diagnostic]:
    """For each variable that may be moved to close the gap, a transition, or why there is none; a
    diagnostic where the question itself is one that nobody can have meant."""
    for variable, member in _movable(gap):
        questions = posed(gap, variable, member)
        if isinstance(questions, str):
            yield NoMotion(questions, is_sure=False)
            continue
        limits = _limits(gap, variable, member)
        for question in questions:
            try:
                found = _bridge(gap, limits, question)
            except SourceError as error:
                yield _misposed(gap, variable, member, error.diagnostics[0])
                continue
            # Some starts might have a motion into one part, and some into another.
            yield found if len(questions) == 1 else _into_a_part(found)


def _into_a_part(found: Proposal | NoMotion) -> Proposal | NoMotion:
    if isinstance(found, Proposal):
        return found
    return NoMotion(f"into one part of what is needed, {found.told}", is_sure=False)


def _misposed(
    gap: Gap, variable: StateVariable, member: str, found: Diagnostic
) -> NoMotion | Diagnostic:
    """What was found of a skill that is not written yet, at the place that it comes from."""
    limits = gap.source.model.motions.get(member)
    if limits is None:
        return NoMotion(found.message, is_sure=False)
    moved = {*scalar_names(variable, member), *limits.velocity}
    read = [c.span for c in gap.chain.assumptions if names_in(c.formula) & moved]
    span = read[0] if read else gap.source.scope.chains[gap.chain.declared].name.span
    notes = (Label(limits.span, "moved within these limits"),)
    told = f"where a transition of `{member}` would have to start"
    match found.code:
        case "unbounded-set":
            help = f"bound `{member}`: by a domain behind its declaration, or by `assume`"
            return Diagnostic("unbounded-set", span, f"{told} has no bound", notes, help)
        case "start-outside":
            help = "assume a start from which it may move, or change what the motion allows"
            message = f"a transition of `{member}` cannot start here: {found.message}"
            return Diagnostic("start-outside", span, message, notes, help)
        case "empty-set":
            return Diagnostic("empty-set", span, f"{told} is nowhere", notes)
        case _:
            return NoMotion(found.message, is_sure=False)


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
class _Part:
    """A part of the starts, with its problem and what serves it."""

    starts: Sides
    problem: Problem
    family: Family


def _bridge(gap: Gap, limits: str, question: Posed) -> Proposal | NoMotion:
    found: list[_Part] = []
    wrong: list[NoMotion] = []
    nowhere: list[SourceError] = []
    for case in question.cases:
        try:
            answer = _served(gap, limits, question, case, CUTS_DEEP)
        except SourceError as error:
            if error.diagnostics[0].code != "empty-set":
                raise
            nowhere.append(error)
            continue
        if isinstance(answer, NoMotion):
            wrong.append(answer)
        else:
            found += answer
    if wrong:
        return _partly(question, wrong, found)
    if not found:
        raise nowhere[0]
    return _proposed(gap, limits, question, found)


def _served(
    gap: Gap, limits: str, posed: Posed, starts: Sides, deep: int
) -> list[_Part] | NoMotion:
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
        told = f"whether a transition of `{posed.member}` exists is unknown: {answer.reason}"
        return NoMotion(told, is_sure=False)
    parts: list[_Part] = []
    for side in _halved(posed, starts, problem):
        half = _served(gap, limits, posed, side, deep - 1)
        if isinstance(half, NoMotion):
            return half
        parts += half
    return parts


def _problem(gap: Gap, limits: str, posed: Posed, starts: Sides) -> Problem:
    """What a skill asks that leads from these starts to where it has to. Raises SourceError."""
    name = next(_names_for(gap))
    blank = skill(gap.source, name, posed.draft(starts), BLANK)
    table = settled(gap.source, limits, blank, name).transition
    assert table is not None
    return replace(table.problem, duration_max=allowed(gap))


def _halved(posed: Posed, starts: Sides, problem: Problem) -> Iterator[Sides]:
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


def _refused(
    gap: Gap, posed: Posed, starts: Sides, problem: Problem, proof: Impossible
) -> NoMotion:
    told = impossible(problem, proof, posed.words)
    start = getattr(proof, "start", None)
    sure = posed.ends.exact and (starts.exact or (start and is_known(posed, start)))
    note = "" if sure else ", if round sets are taken as the boxes in the way"
    word = "no transition serves every start" if sure else "whether a transition exists is unknown"
    if isinstance(proof, NoEnd):
        return NoMotion(f"{word}: {told}{note}", bool(sure))
    served = partly(problem, proof, tools(gap.aim), posed.words)
    rest = NOWHERE if served == () else ""
    return NoMotion(f"{word}: {told}{note}{rest}", bool(sure), served or ())


def _partly(posed: Posed, wrong: Sequence[NoMotion], found: Sequence[_Part]) -> NoMotion:
    """Why not every case is served, and which ones are."""
    served = [text for each in wrong for text in each.served]
    served += [_guard(posed, part.starts.rows, ()) for part in found]
    worst = next((each for each in wrong if each.is_sure), wrong[0])
    first = worst.told.removesuffix(NOWHERE if served else "")
    rest = f"; it is served from {' and from '.join(f'`{text}`' for text in served)}"
    offered = tuple(served) if posed.from_start else ()
    return NoMotion(f"{first}{rest if served else ''}", worst.is_sure, offered)


def _proposed(gap: Gap, limits: str, posed: Posed, parts: Sequence[_Part]) -> Proposal | NoMotion:
    """One skill for each part, and what calls the one that serves a start."""
    texts: list[str] = []
    calls: list[str] = []
    for name, part in zip(_names_for(gap), parts, strict=False):
        draft = posed.draft(part.starts)
        text = written(gap.source, limits, draft, name, part.problem, part.family.plans[0])
        if isinstance(text, Unwritten):
            return NoMotion(text.reason, is_sure=False)
        texts.append(text)
        calls.append(f"{name}()")
    declarations = limits + "\n".join(texts)
    if len(parts) == 1:
        return Proposal(calls[0], declarations)
    shared = set.intersection(*(set(part.starts.rows) for part in parts))
    guards = [_guard(posed, part.starts.rows, shared) for part in parts[:-1]]
    branches = [f"if {guard} {{ {call} }}" for guard, call in zip(guards, calls, strict=False)]
    return Proposal(" else ".join([*branches, f"{{ {calls[-1]} }}"]), declarations)


def _guard(posed: Posed, sides: Sequence[Row], known: Collection[Row]) -> str:
    """The set with these rows as a condition, but for rows that are known to hold."""
    return condition([row for row in sides if row not in known], posed.words)


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
