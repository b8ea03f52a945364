"""The states that a chain passes through, in static single assignment: the strongest postcondition
as facts.

Every scalar has a version at every place; a step gives a new version to exactly the scalars of its
frame (Dijkstra's strongest postcondition for a guarded havoc; Cytron et al. 1991 for the form).
What a step promises is a fact about the new versions; what it leaves alone keeps its version and
with it all that is known. walk.py says how statements with blocks split and join.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from verifier.core.obligation import Fact, Obligation, Question, facts_of
from verifier.core.term import NOW, OLD, TRUE, Formula, Implies, Key, Sort, rename, variables
from verifier.model.body import names
from verifier.model.values import Chain, Condition, Domain, Property, Statement, Step

View = dict[str, int]
ROOT = 0
GROUND: Key = ("", 0)
"""Stands in the index of a path for facts that read no scalar."""


@dataclass(frozen=True, slots=True)
class Place:
    """Between two steps, behind step `number`: `view` says under which version each scalar stands
    there; scalars that are not in it stand under version 0.

    What is known there: the facts among the first `known` of the path that hold in one of the
    scopes `open`. `index` counts the places in the order of the walk.
    """

    number: int
    view: View
    known: int
    open: frozenset[int] = frozenset({ROOT})
    index: int = 0


@dataclass(frozen=True, slots=True)
class Around:
    """The places of a statement with blocks. `guards` say which of its blocks is run; a loop's turn
    goes from `head` to `turned`."""

    entry: Place
    exit: Place
    guards: tuple[Formula, ...] = ()
    head: Place | None = None
    turned: Place | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """`facts` in the order in which they come to hold, `scopes` where each holds, `index` the facts
    that read a scalar, `within` the facts of a scope.

    A scope is a block; ROOT is the chain itself. `conditional` are those that not every run passes.
    `before` and `after` are the places around a step, by its number, `around` those around a
    statement with blocks, by its label; `places` are in the order of the walk, the last one is the
    end. `domains` gives what declarations promise about a scalar. `properties` are those that are
    owed.
    """

    facts: tuple[Fact, ...]
    scopes: tuple[int, ...]
    index: dict[Key, list[int]]
    within: dict[int, list[int]]
    conditional: frozenset[int]
    places: tuple[Place, ...]
    before: dict[int, Place]
    after: dict[int, Place]
    around: dict[str, Around]
    domains: dict[str, list[Domain]]
    sorts: dict[str, Sort]
    properties: tuple[Property, ...] = ()


def indexed(facts: Sequence[Fact]) -> dict[Key, list[int]]:
    """The positions of the facts that read a scalar, by the scalar. What reads none is plainly
    true, and says nothing, or it is plainly false, and speaks of everything."""
    index: dict[Key, list[int]] = defaultdict(list)
    for position, each in enumerate(facts):
        read = set(variables(each.formula))
        if not read and each.formula != TRUE:
            read = {GROUND}
        for key in read:
            index[key].append(position)
    return dict(index)


def assumed(chain: Chain) -> list[Fact]:
    """What the chain assumes of its start."""
    return [Fact(c.formula, c.span, "assume") for c in chain.assumptions]


def entry_facts(step: Step, before: View) -> list[Fact]:
    """What must hold when a step begins: its precondition and its invariants."""
    contract = step.contract
    return [
        fact(c, step, before, before)
        for c in (*contract.requires, *contract.invariants)
        if provable(c)
    ]


def exit_facts(step: Step, before: View, after: View) -> list[Fact]:
    """What holds when a step ends: its postcondition and its invariants."""
    contract = step.contract
    return [
        fact(c, step, after, before)
        for c in (*contract.ensures, *contract.invariants)
        if provable(c)
    ]


def provable(condition: Condition) -> bool:
    """Whether the condition can be settled beforehand: it does not read the environment."""
    return not condition.reads_environment


def undisturbed(relies: Sequence[Condition], frame: frozenset[str]) -> list[Condition]:
    """What of the relied on holds across a step with this frame: what does not read it, so that the
    step's own moves in between make no difference, and what these moves keep, too."""
    return [c for c in relies if of_states(c) or names([c.formula]).isdisjoint(frame)]


def of_states(condition: Condition) -> bool:
    """Whether a clause about moves speaks of one moment alone: then it says that moves keep it."""
    return all(version == NOW for _, version in variables(condition.formula))


def over(condition: Condition, view: View, old: View) -> Fact:
    """A clause about moves, `relies` or `guarantees`, said of two moments."""
    stated = at(condition, condition.kind, view, old)
    if not of_states(condition):
        return stated
    return replace(stated, formula=Implies(placed(condition.formula, old, old), stated.formula))


def fact(condition: Condition, step: Step, view: View, old: View) -> Fact:
    """A condition of a step's contract as a fact at a place."""
    origin = f"step {step.label}: {step.contract.text}"
    return Fact(placed(condition.formula, view, old), condition.span, origin)


def at(condition: Condition, origin: str, view: View, old: View) -> Fact:
    """A condition of a statement with blocks as a fact at a place."""
    return Fact(placed(condition.formula, view, old), condition.span, origin)


def placed(formula: Formula, view: View, old: View) -> Formula:
    """A contract's formula at a place: NOW read through `view`, OLD through `old`."""

    def version(name: str, when: int) -> int:
        assert when in (NOW, OLD)
        return (view if when == NOW else old).get(name, 0)

    return rename(formula, version)


def relevant(path: Path, place: Place, goals: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts known at the place that share variables with the goals, directly or through others,
    and with what is known only here, in a block that not every run enters. What several facts say
    is taken from the first of them. What is plainly false is relevant to everything.

    Leaving the rest out is sound for a proof. For a witness it is sound because the rest speaks
    about other variables and is satisfiable by itself, which the sanity obligations prove of what
    every run passes.
    """
    reached: set[Key] = set()
    chosen: set[int] = {
        position
        for scope in place.open & path.conditional
        for position in path.within.get(scope, ())
        if position < place.known
    }
    said = {path.facts[position].formula for position in chosen}
    declared: dict[Formula, Fact] = {}
    seeds = [*goals, *(path.facts[i] for i in sorted(chosen))]
    pending = [GROUND, *(key for each in seeds for key in variables(each.formula))]
    while pending:
        key = pending.pop()
        if key in reached:
            continue
        reached.add(key)
        for found in _domain_facts(path, place, key):
            declared[found.formula] = found
            pending.extend(variables(found.formula))
        for position in path.index.get(key, ()):
            if (
                position < place.known
                and position not in chosen
                and path.scopes[position] in place.open
                and path.facts[position].formula not in said
            ):
                chosen.add(position)
                said.add(path.facts[position].formula)
                pending.extend(variables(path.facts[position].formula))
    return (*(path.facts[i] for i in sorted(chosen)), *declared.values())


def with_domains(path: Path, place: Place, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts, and behind them what declarations promise about the variables in them."""
    declared: dict[Formula, Fact] = {}
    read = dict.fromkeys(key for each in facts for key in variables(each.formula))
    for key in read:
        for found in _domain_facts(path, place, key):
            declared[found.formula] = found
    return (*facts, *declared.values())


def _domain_facts(path: Path, place: Place, key: Key) -> Iterator[Fact]:
    """What declarations promise about one version of a scalar, in every state up to the place in
    which it has this version. A state in a block that is not run may be taken for the one in which
    the block would begin, so that nothing is claimed of runs that pass the block by."""
    name, version = key
    for domain in path.domains.get(name, ()):
        views = [{name: version}] if domain.scalars == {name} else _views(path, place, key)
        for view in views:
            yield Fact(placed(domain.formula, view, view), domain.span, "domain")


def _views(path: Path, place: Place, key: Key) -> list[View]:
    name, version = key
    return [
        state.view for state in path.places[: place.index + 1] if state.view.get(name, 0) == version
    ]


def ahead(owed: Obligation) -> Obligation:
    """The obligation of a statement with blocks as one that is owed before its first step."""
    return replace(owed, step=owed.step + 1)


def obligation(
    path: Path,
    place: Place,
    chain: Chain,
    owner: Statement | None,
    rule: str,
    question: Question,
) -> Obligation:
    """The obligation with the id that its rule gives it; `rule` may carry a part behind a `/`."""
    called = f"/{owner.label}:{owner.contract.skill}" if isinstance(owner, Step) else ""
    whose = f"/{owner.label}" if owner and not called else called
    kind = rule.split("/")[0] if owner or "/" not in rule else rule.split("/")[-1]
    names = {name for each in facts_of(question) for name, _ in variables(each.formula)}
    return Obligation(
        id=f"{chain.name}{whose}/{rule}",
        rule=kind,
        chain=chain.name,
        step=owner.number if isinstance(owner, Step) else place.number,
        span=owner.span if owner else chain.span,
        question=question,
        sorts={name: path.sorts[name] for name in sorted(names)},
        view={name: place.view.get(name, 0) for name in sorted(names)},
    )
