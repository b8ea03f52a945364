"""The states that a chain passes through, in static single assignment: the strongest postcondition
as facts.

Every scalar has a version at every place; a step gives a new version to exactly the scalars of its
frame (Dijkstra's strongest postcondition for a guarded havoc; Cytron et al. 1991 for the form).
What a step promises is a fact about the new versions; what it leaves alone keeps its version and
with it all that is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verifier.core.obligation import Fact, Obligation, Question, facts_of
from verifier.core.term import NOW, OLD, Formula, Key, Sort, rename, variables
from verifier.model.values import Chain, Condition, Domain, Model, Step

View = dict[str, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Between two steps, behind step `number`: `view` says under which version each scalar stands
    there; scalars that are not in it stand under version 0. `known` is how many facts of the path
    hold when it is reached."""

    number: int
    view: View
    known: int


@dataclass(frozen=True, slots=True)
class Path:
    """`facts` in the order in which they come to hold, `index` the facts that read a scalar.

    `places[k]` lies behind step k: `places[0]` is the start, `places[-1]` the end. `domains` gives
    what declarations promise about a scalar.
    """

    facts: tuple[Fact, ...]
    index: dict[Key, list[int]]
    places: tuple[Place, ...]
    domains: dict[str, list[Domain]]
    sorts: dict[str, Sort]


def walk(model: Model, chain: Chain) -> Path:
    """The path of a chain. A step's own precondition is known behind it: what comes after is asked
    only of the runs that got there."""
    facts = assumed(chain)
    places = [Place(0, {}, len(facts))]
    for step in chain.steps:
        before = places[-1].view
        after = {**before, **dict.fromkeys(step.contract.frame, step.number)}
        facts += entry_facts(step, before)
        facts += exit_facts(step, before, after)
        places.append(Place(step.number, after, len(facts)))
    index: dict[Key, list[int]] = defaultdict(list)
    for position, fact in enumerate(facts):
        for key in set(variables(fact.formula)):
            index[key].append(position)
    domains: dict[str, list[Domain]] = defaultdict(list)
    for domain in model.domains:
        for name in domain.scalars:
            domains[name].append(domain)
    sorts = {name: scalar.sort for name, scalar in model.scalars.items()}
    return Path(tuple(facts), dict(index), tuple(places), dict(domains), sorts)


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


def fact(condition: Condition, step: Step, view: View, old: View) -> Fact:
    """A condition of a step's contract as a fact at a place."""
    origin = f"step {step.number}: {step.contract.text}"
    return Fact(placed(condition.formula, view, old), condition.span, origin)


def placed(formula: Formula, view: View, old: View) -> Formula:
    """A contract's formula at a place: NOW read through `view`, OLD through `old`."""

    def version(name: str, when: int) -> int:
        assert when in (NOW, OLD)
        return (view if when == NOW else old).get(name, 0)

    return rename(formula, version)


def relevant(path: Path, place: Place, goals: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts known at the place that share variables with the goals, directly or through others.

    Leaving the rest out is sound for a proof. For a witness it is sound because the rest speaks
    about other variables and is satisfiable by itself, which the sanity obligations prove.
    """
    reached: set[Key] = set()
    chosen: set[int] = set()
    declared: dict[Formula, Fact] = {}
    pending = [key for goal in goals for key in variables(goal.formula)]
    while pending:
        key = pending.pop()
        if key in reached:
            continue
        reached.add(key)
        for found in _domain_facts(path, place, key):
            declared[found.formula] = found
            pending.extend(variables(found.formula))
        for position in path.index.get(key, ()):
            if position < place.known and position not in chosen:
                chosen.add(position)
                pending.extend(variables(path.facts[position].formula))
    return (*(path.facts[i] for i in sorted(chosen)), *declared.values())


def with_domains(path: Path, place: Place, facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """The facts, and behind them what declarations promise about the variables in them."""
    declared: dict[Formula, Fact] = {}
    for each in facts:
        for key in variables(each.formula):
            for found in _domain_facts(path, place, key):
                declared[found.formula] = found
    return (*facts, *declared.values())


def _domain_facts(path: Path, place: Place, key: Key) -> Iterator[Fact]:
    """What declarations promise about one version of a scalar, in every state up to the place in
    which it has this version."""
    name, version = key
    for domain in path.domains.get(name, ()):
        views = [{name: version}] if domain.scalars == {name} else _views(path, place, key)
        for view in views:
            yield Fact(placed(domain.formula, view, view), domain.span, "domain")


def _views(path: Path, place: Place, key: Key) -> list[View]:
    name, version = key
    return [
        state.view
        for state in path.places[: place.number + 1]
        if state.view.get(name, 0) == version
    ]


def obligation(
    path: Path, place: Place, chain: Chain, step: Step | None, rule: str, question: Question
) -> Obligation:
    """The obligation with the id that its rule gives it; `rule` may carry a part behind a `/`."""
    owner = f"/{step.number}:{step.contract.skill}" if step else ""
    kind = rule.split("/")[0] if step or "/" not in rule else rule.split("/")[-1]
    names = {name for each in facts_of(question) for name, _ in variables(each.formula)}
    return Obligation(
        id=f"{chain.name}{owner}/{rule}",
        rule=kind,
        chain=chain.name,
        step=step.number if step else place.number,
        span=step.span if step else chain.span,
        question=question,
        sorts={name: path.sorts[name] for name in sorted(names)},
        view={name: place.view.get(name, 0) for name in sorted(names)},
    )
