"""Everything that is declared about the safety loop, settled together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from verifier.core.diagnostic import Label
from verifier.core.enclosure import Range
from verifier.core.term import term_variables
from verifier.model.barrier import barriers, waiver
from verifier.model.control import Barrier, Clearance, Plant, Robot, Waiver, moves
from verifier.model.pinned import braked
from verifier.model.plant import plant
from verifier.model.quantity import fail
from verifier.model.ranges import ranges
from verifier.model.robot import robot
from verifier.model.rows import Row, belongs, rows
from verifier.model.scope import Scope
from verifier.model.stops import Stop, stops

T = TypeVar("T")


class Attempt(Protocol):
    """Runs the work; None where it raises SourceError, whose diagnostics are collected."""

    def __call__(self, work: Callable[[], T]) -> T | None: ...


@dataclass(frozen=True, slots=True)
class Loops:
    """As in `Model`, where each is explained."""

    robots: dict[str, Robot]
    plants: tuple[Plant, ...]
    barriers: tuple[Barrier, ...]
    clearances: tuple[Clearance, ...]
    waivers: tuple[Waiver, ...]
    rows: dict[str, tuple[Row, ...]]
    stops: dict[str, tuple[Stop, ...]]
    ranges: dict[str, Range]

    @property
    def kept(self) -> list[Plant]:
        """The plants with something to prove."""
        return [
            each
            for each in self.plants
            if self.rows[each.name]
            or self.stops[each.name]
            or any(moves(each, self.robots.get(one.robot)) for one in self.clearances)
            or any(braked(wall, each, self.robots) for wall in self.barriers)
        ]


def loops(scope: Scope, attempt: Attempt) -> Loops:
    """What is declared; what is wrong goes to `attempt`."""
    robots = {name: attempt(partial(robot, scope, name)) for name in scope.robots}
    found = [attempt(partial(plant, scope, each)) for each in scope.plants.values()]
    plants = tuple(each for each in found if each is not None)
    walls: list[Barrier | Clearance] = []
    for declared in scope.barriers.values():
        walls += attempt(partial(barriers, scope, declared)) or []
    expressions = tuple(wall for wall in walls if isinstance(wall, Barrier))
    if plants and len(plants) == len(found):
        attempt(partial(_driven_once, plants))
        for wall in expressions:
            attempt(partial(_moved, wall, plants))
    bounds = attempt(partial(ranges, scope)) or {}
    known = {name: each for name, each in robots.items() if each is not None}
    waivers = [attempt(partial(waiver, scope, each)) for each in scope.waivers]

    def rows_of(one: Plant) -> tuple[Row, ...]:
        mine = [w for w in expressions if belongs(w, one) and not braked(w, one, known)]
        return tuple(r for wall in mine for r in attempt(partial(rows, wall, one, bounds)) or ())

    def stops_of(one: Plant) -> tuple[Stop, ...]:
        mine = [wall for wall in expressions if belongs(wall, one)]
        return tuple(s for wall in mine for s in attempt(partial(stops, wall, one)) or ())

    return Loops(
        known,
        plants,
        expressions,
        tuple(wall for wall in walls if isinstance(wall, Clearance)),
        tuple(each for each in waivers if each is not None),
        {each.name: rows_of(each) for each in plants},
        {each.name: stops_of(each) for each in plants},
        bounds,
    )


def _driven_once(plants: Sequence[Plant]) -> None:
    first: dict[str, Plant] = {}
    for each in plants:
        for derivative in each.dynamics:
            other = first.setdefault(derivative.variable, each)
            if other is not each:
                fail(
                    "duplicate-clause",
                    derivative.span,
                    f"`der({derivative.variable})` is given by `{other.name}` and `{each.name}`",
                    notes=(Label(other.span, "the first one"),),
                    help="one plant moves a variable: add its rates up there",
                )


def _moved(wall: Barrier, plants: Sequence[Plant]) -> None:
    """That one plant moves all that the barrier reads, so that something is proved of it."""
    if any(belongs(wall, each) for each in plants):
        return
    rates = [each.rates_of.keys() for each in plants]
    names = dict.fromkeys(name for name, _ in term_variables(wall.value))
    still = [name for name in names if not any(name in known for known in rates)]
    if not names:
        what, help = "reads no state, so it holds everywhere or nowhere", "leave it out"
    elif still:
        what = f"reads `{still[0]}`, which no plant moves"
        help = f"give it a rate in a plant: `dynamics der({still[0]}) = …`, 0 if it stands still"
    else:
        what = "reads what different plants move"
        help = "let one plant have all of these inputs and rates"
    fail("barrier-not-supported", wall.span, f"`{wall.name}` {what}", help=help)
