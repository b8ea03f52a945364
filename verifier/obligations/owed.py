"""The table of rules. A new rule is one new file and one line here."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from verifier.core.obligation import Obligation
from verifier.model.values import Chain, Model
from verifier.obligations.achieve import achieve
from verifier.obligations.barrier import barrier
from verifier.obligations.baseline import baseline
from verifier.obligations.beside import beside
from verifier.obligations.budget import budget
from verifier.obligations.call import call
from verifier.obligations.control import Group, groups
from verifier.obligations.elapsed import bounds
from verifier.obligations.exhaustive import exhaustive
from verifier.obligations.feasibility import feasibility
from verifier.obligations.frame import frame
from verifier.obligations.gain import gain
from verifier.obligations.inhabited import inhabited
from verifier.obligations.initial import initial
from verifier.obligations.invariant import invariant
from verifier.obligations.keeps import keeps
from verifier.obligations.loop import loop
from verifier.obligations.parallel import parallel
from verifier.obligations.path import Path
from verifier.obligations.precondition import precondition
from verifier.obligations.property import properties
from verifier.obligations.realizable import realizable
from verifier.obligations.refinement import refinement
from verifier.obligations.sampling import sampling
from verifier.obligations.sanity import sanity
from verifier.obligations.schedulability import schedulability
from verifier.obligations.start import start
from verifier.obligations.total import total
from verifier.obligations.transition import transition
from verifier.obligations.walk import walk
from verifier.obligations.within import within

RULES: dict[str, Callable[[Path, Chain], list[Obligation]]] = {
    "sanity": sanity,
    "precondition": precondition,
    "initial": initial,
    "invariant": invariant,
    "frame": frame,
    "parallel": parallel,
    "exhaustive": exhaustive,
    "loop": loop,
    "call": call,
    "beside": beside,
    "refinement": refinement,
    "realizable": realizable,
    "transition": transition,
    "schedulability": schedulability,
    "budget": budget,
    "total": total,
    "achieve": achieve,
    "within": within,
    "property": properties,
}
AT_END = {"budget": 1, "achieve": 1, "within": 1, "property": 2}
"""What comes behind all that the steps owe, and in which order."""

# What the barriers of a plant owe, group by group.
OF_PLANTS: dict[str, Callable[[Group], list[Obligation]]] = {
    "inhabited": inhabited,
    "start": start,
    "keeps": keeps,
    "barrier": barrier,
    "feasibility": feasibility,
    "gain": gain,
    "sampling": sampling,
    "baseline": baseline,
}


def owed(model: Model, chain: Chain) -> list[Obligation]:
    """Everything that the chain owes, in the order of its steps; then what its end owes, and last
    what its properties do."""
    if chain.plant is not None:
        rules = OF_PLANTS.values()
        return [each for g in groups(model, chain.plant) for rule in rules for each in rule(g)]
    path = walk(model, chain)
    found = [obligation for rule in RULES.values() for obligation in rule(path, chain)]
    return sorted(found, key=lambda each: (AT_END.get(each.rule, 0), each.step))


def duration(chain: Chain) -> tuple[Fraction, Fraction | None]:
    """The least and the greatest time in seconds that the chain may take; None is unbounded."""
    return bounds(chain.body)
