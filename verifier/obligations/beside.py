"""Beside: what chains that run at the same time owe each other.

Each relies on how the others move and guarantees how it moves itself; both speak of any one moment
(`old`) and a later one between which only the others, or only it, move. That each relies on what
the others guarantee is no circle: along a run, a move keeps its guarantee if the moves before it
kept theirs, and before the first move nobody has broken anything (Misra and Chandy 1981; Jones
1983; Abadi and Lamport 1995; Xu, de Roever and He 1997). What is owed:

- `apart`: no two chains change one scalar; `together`: what all assume can be had at once;
- `start`: where nobody has moved yet, what is relied on to be kept is so;
- `idle`, `again`: what is relied on holds while nobody moves, and of several moves if of each;
- `meets`: what a chain relies on is what each of the others guarantees;
- `guarantee`, of each step: from any moment of it to any later one, as far as its invariants tell
  (a step that takes no time is one move, from its entry to its exit); its own moves, too, keep what
  is relied on to be kept by others;
- `stable`, of each step: others leave true what it keeps invariant about what is theirs.

That a chain knows no more of the others' scalars than what it relies on says, walk.py sees to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from verifier.core.obligation import Entailment, Existence, Fact, Obligation
from verifier.core.term import FALSE, TRUE, Implies, conjunction
from verifier.model.body import frame_of, names
from verifier.model.values import Chain, Condition, Step
from verifier.obligations.path import (
    Path,
    Place,
    View,
    assumed,
    at,
    entry_facts,
    exit_facts,
    fact,
    obligation,
    of_states,
    over,
    provable,
    relevant,
    undisturbed,
    with_domains,
)


def beside(path: Path, chain: Chain) -> list[Obligation]:
    """What a chain with others beside it owes."""
    if not chain.beside:
        return []
    foreign = frozenset().union(*(other.frame for other in chain.beside))
    owed = [_apart(path, chain), *_relied_on(path, chain, foreign)]
    for step in chain.steps:
        owed += _of_step(path, chain, step, foreign)
    return owed


def _apart(path: Path, chain: Chain) -> Obligation:
    own = frame_of(chain.body)
    told = [
        Fact(FALSE, other.span, f"{chain.name} and {other.name} may both change `{name}`")
        for other in chain.beside
        for name in sorted(own & other.frame)
    ]
    goals = tuple(told) or (Fact(TRUE, chain.span, "nothing is changed by both"),)
    return _owed(path, path.places[0], chain, None, "apart", [], goals)


def _relied_on(path: Path, chain: Chain, foreign: frozenset[str]) -> Iterator[Obligation]:
    """`idle`, `again` and `meets`, of any states whatever."""
    given = assumed(chain)
    for other in chain.beside:
        given += [at(c, f"{other.name} assumes", {}, {}) for c in other.assumptions]
    start = _moment({}, 0)
    if given:
        known = Existence(with_domains(path, start, given))
        yield replace(obligation(path, start, chain, None, "beside/together", known), rule="beside")
    kept = [at(c, "relies", {}, {}) for c in chain.relies if of_states(c)]
    if kept:
        yield _owed(path, start, chain, None, "start", given, kept)
    if not chain.relies:
        return
    first, second = dict.fromkeys(foreign, 1), dict.fromkeys(foreign, 2)
    both = replace(path, places=(start, _moment(first, 1), _moment(second, 2)))
    last = both.places[-1]
    here = _said(chain.relies, {}, {})
    yield _owed(both, start, chain, None, "idle", [], here)
    twice = [_twice(c, first, second) for c in chain.relies]
    yield _owed(both, last, chain, None, "again", [], twice)
    for other in chain.beside:
        moved = dict.fromkeys(other.frame, 1)
        pair = replace(path, places=(start, _moment(moved, 1)))
        moved_so, goals = _said(other.guarantees, moved, {}), _said(chain.relies, moved, {})
        part = "meets" if len(chain.beside) == 1 else f"meets/{other.name}"
        yield _owed(pair, pair.places[-1], chain, None, part, moved_so, goals)


def _of_step(path: Path, chain: Chain, step: Step, foreign: frozenset[str]) -> Iterator[Obligation]:
    """Two moments of the step, and a later one of which nothing but the others' part is new."""
    place, frame = path.before[step.number], step.contract.frame
    fresh = 1 + max(version for each in path.places for version in (0, *each.view.values()))
    theirs = dict.fromkeys(foreign, fresh)
    one = {**place.view, **dict.fromkeys(frame, fresh), **theirs}
    other = {**place.view, **dict.fromkeys(frame, fresh + 1), **theirs}
    later = {**one, **dict.fromkeys(foreign, fresh + 1)}
    kept = [c for c in step.contract.invariants if provable(c)]
    come = _said(undisturbed(chain.relies, frame), one, place.view)
    begun = [*entry_facts(step, place.view), *come, *_kept(step, kept, one, place.view)]
    both = [c for c in chain.relies if of_states(c) and names([c.formula]) & frame]
    promised = [*chain.guarantees, *both]
    if promised and frame and step.contract.duration.high == 0:
        ends = {**place.view, **dict.fromkeys(frame, fresh)}
        known = [*entry_facts(step, place.view), *exit_facts(step, place.view, ends)]
        goals = _said(promised, ends, place.view)
        yield _owed(path, place, chain, step, "guarantee", known, goals)
    elif promised and frame:
        known = [*begun, *_kept(step, kept, other, place.view)]
        goals = _said(promised, other, one)
        yield _owed(path, place, chain, step, "guarantee", known, goals)
    about = [c for c in kept if names([c.formula]) & foreign]
    if about:
        known = [*begun, *_said(chain.relies, later, one)]
        goals = tuple(_kept(step, about, later, place.view))
        yield _owed(path, place, chain, step, "stable", known, goals)


def _twice(relied: Condition, first: View, second: View) -> Fact:
    """That what is relied on holds of two moves if of each. By itself, so that it may be used
    across a step that disturbs the rest."""
    moves = over(relied, first, {}).formula, over(relied, second, first).formula
    whole = over(relied, second, {})
    return replace(whole, formula=Implies(conjunction(moves), whole.formula))


def _moment(view: View, index: int) -> Place:
    return Place(0, view, 0, index=index)


def _said(conditions: Sequence[Condition], view: View, old: View) -> tuple[Fact, ...]:
    return tuple(over(c, view, old) for c in conditions)


def _kept(step: Step, kept: Sequence[Condition], view: View, entry: View) -> list[Fact]:
    return [fact(c, step, view, entry) for c in kept]


def _owed(
    path: Path,
    place: Place,
    chain: Chain,
    step: Step | None,
    part: str,
    given: Sequence[Fact],
    goals: Sequence[Fact],
) -> Obligation:
    if step is None:
        about = with_domains(path, place, (*given, *goals))[len(given) + len(goals) :]
        question = Entailment((*given, *about), tuple(goals))
    else:
        known = relevant(path, place, [*given, *goals])
        said = {each.formula for each in known}
        more = (each for each in given if each.formula not in said)
        question = Entailment((*known, *more), tuple(goals))
    found = obligation(path, place, chain, step, f"beside/{part}", question)
    return replace(found, rule="beside")
