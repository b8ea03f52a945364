"""A gap as the question that a transition answers: what moves, from where, to where, how soon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.closing.tables import Draft
from verifier.closing.wording import Words, base_unit
from verifier.core.evaluate import holds
from verifier.core.flat import Sides, around, within
from verifier.core.flat import parts as conjuncts
from verifier.core.obligation import Fact
from verifier.core.substitution import constants, put
from verifier.core.term import (
    NOW,
    Comparison,
    Formula,
    Key,
    Number,
    Or,
    Real,
    Variable,
    rename,
    variables,
)
from verifier.core.unit import Dimension
from verifier.model.expression import scalar_names
from verifier.model.values import Chain, Condition, StateVariable
from verifier.obligations.path import Path, Place, relevant
from verifier.obligations.walk import walk
from verifier.repair.transition import Aim
from verifier.source import Source

ZERO = Fraction(0)
CASES_MAX = 8


@dataclass(frozen=True, slots=True)
class Gap:
    """What fails, and where: `place` is the step before which it has to hold, one more than there
    are steps for the end."""

    source: Source
    chain: Chain
    place: int
    clause: Formula
    aim: Aim


@dataclass(frozen=True, slots=True)
class Posed:
    """The gap for one variable: its scalars and what they are relative to, what is known before it,
    case by case, and what is needed behind it. It is `from_start` where nothing before it changes
    these scalars."""

    member: str
    words: Words
    cases: tuple[Sides, ...]
    ends: Sides
    known: tuple[Formula, ...]
    from_start: bool

    def draft(self, starts: Sides) -> Draft:
        return Draft(self.member, self.words, starts.rows, self.ends.rows)


def is_known(posed: Posed, start: Sequence[Fraction]) -> bool:
    at = {(name, NOW): value for name, value in zip(posed.words.names, start, strict=True)}
    return all(holds(formula, at) for formula in posed.known)


def posed(gap: Gap, variable: StateVariable, member: str) -> tuple[Posed, ...] | str:
    """The gap as it is to be closed: where what is needed is a union, once for each part of it."""
    model = gap.source.model
    declared = model.motions.get(member)
    moved = scalar_names(variable, member)
    changed = (*moved, *(declared.velocity if declared else ()))
    wanted = [c for c in _needed(gap) if names_in(c.formula) & set(changed)]
    read = set().union(*(names_in(c.formula) for c in wanted)) - set(changed)
    if any(c.reads_environment for c in wanted) or not read <= set(model.scalars):
        return f"what is needed of `{member}` depends on the environment"
    if any(not isinstance(model.scalars[name].sort, Real) for name in read):
        return f"what is needed of `{member}` is no set of points"
    names = (*changed, *(name for name in model.scalars if name in read))
    keys: list[Key] = [(name, NOW) for name in names]
    rest = constants({(name, NOW): ZERO for name in changed[len(moved) :]})
    ways = _cases([put(c.formula, rest) for c in wanted])
    ends = [part for way in ways if (part := within(way, keys, len(moved))) is not None]
    if not ends:
        return f"what is needed of `{member}` is no convex set that a motion could end in"
    known = tuple(_known(gap, wanted, set(names)))
    units = tuple(model.variables[model.scalars[name].variable].unit for name in names)
    units = tuple(u or base_unit(_dimension(gap, n)) for u, n in zip(units, names, strict=True))
    rates = len(changed) - len(moved)
    words = Words(names, _members(gap, names), units, len(moved), rates)
    cases = tuple(dict.fromkeys(around(case, keys) for case in _cases(known)))
    whole = _from_start(gap, names)
    return tuple(Posed(member, words, cases, part, known, whole) for part in ends)


def _cases(known: Sequence[Formula]) -> list[list[Formula]]:
    """What all of it says, case by case; a disjunction that makes too many is left out."""
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


def names_in(formula: Formula) -> set[str]:
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


def _from_start(gap: Gap, names: Sequence[str]) -> bool:
    frames = (step.contract.frame for step in gap.chain.steps[: gap.place - 1])
    return all(set(names).isdisjoint(frame) for frame in frames)


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
    # What is known of a velocity counts, whatever is needed of it.
    reads = [Comparison("<=", Variable(*key), Number(ZERO)) for key in sorted(now)]
    goals += [Fact(each, gap.chain.span, "goal") for each in reads]
    domains = {d.span for d in gap.source.model.domains}
    for fact in relevant(path, place, goals):
        if set(variables(fact.formula)) <= now and fact.span not in domains:
            yield rename(fact.formula, lambda _, __: NOW)


def allowed(gap: Gap) -> Fraction | None:
    """What deadlines leave for the transition, in seconds."""
    highs = [step.contract.duration.high for step in gap.chain.steps]
    if not gap.chain.deadlines or None in highs:
        return None
    taken = sum((high for high in highs if high is not None), ZERO)
    return max(ZERO, min(deadline.bound for deadline in gap.chain.deadlines) - taken)
