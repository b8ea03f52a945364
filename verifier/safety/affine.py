"""The filter of a plant that is affine in its inputs, x' = f(x) + g(x) u, under a written baseline.

The rows of verifier/model/rows.py are linear in the command u. In each period

0. the state that this command meets is predicted: what is measured is carried through the commands
   under way, `latency` of them (verifier/model/prediction.py);
1. the command in the box nearest to the proposed one that keeps all rows with their margins is
   found (qp.py) and certified (qp_certify.py);
2. the gate computes where that command leads: the next state as the plant defines it under
   zero-order hold, inside of its declared domains, and every level of every row there, of which
   none may be negative;
3. if any of these fails, the baseline law k(x) takes its place, of which `baseline` and
   `feasibility` prove that it keeps every level from sample to sample.

Where the change of the command is limited, the box is what the last command leaves of it, and the
gate asks for a way to the law: commands that go there from this one as fast as they may, with no
level negative on the way, until the law can be commanded; of the law itself `baseline` proves that
it changes by no more. If a later command is refused, that way is gone first. The command before the
first is the one next to 0, from where the baseline goes to the law as fast as it may.

So from a state in which no level is negative every command leads to such a state; this rests on 2
and 3 alone. Levels are exact where the series of the state ends, else less a bound on its
remainder; what rounding may add is taken off, too (affine_design.py). Nothing is proved of a state
outside of its domains: there the baseline is in charge.

`step` is the Python meaning, operation by operation the same as the emitted C.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from verifier.core.term import Formula
from verifier.safety.braking import clamped
from verifier.safety.qp import Answer, Problem, solve
from verifier.safety.qp_certify import certify
from verifier.safety.straight import Program, run
from verifier.safety.switch import Charge

Vector = tuple[float, ...]

VARIABLES_MIN = 2  # of the solver; one command alone gets a companion that does nothing
BOUNDED = 1024.0  # a proposal further outside than so many boxes counts as that far


@dataclass(frozen=True, slots=True)
class Sides:
    lower: Vector
    upper: Vector


@dataclass(frozen=True, slots=True)
class Level:
    """What a row keeps from being negative: the barrier (1), or its rate and itself (2)."""

    row: str
    barrier: str
    order: int


@dataclass(frozen=True, slots=True)
class Reserves:
    """What the switch asks of every level of the next state, and for how many periods."""

    leave: Vector
    back: Vector
    hold: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A command of the way to the law: where it may lead, `inside`, with which `floor` of the
    levels, and how far the law may be from it there, `ahead`: less by what that may be off by."""

    inside: Sides
    floor: Vector
    ahead: Vector


@dataclass(frozen=True, slots=True)
class Pace:
    """How far each command may be from the one before, and the way to the law. The first stage is
    the command that is asked for."""

    step: Vector
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Affine:
    """Bounds are doubles rounded inwards. The programs, of n states x and m inputs u:

    `rows`: from x the `bound` of each row, and `normal`, entry r m + j, with normal . u <= bound;
    `law`: from x the baseline `command`;
    `ahead`: from x and u the state one period later, `next`, and a lower bound of each level there,
    `level`; inside of the domains none is too high by more than its part of `floor`;
    `carry`: from x and u the state one period later as it is predicted, `next`.

    `domain` is where a measured state is known to be, `ahead_in` where the next one has to be as it
    is computed: by `strayed` narrower, which is how far the true one may be from there.
    """

    states: tuple[str, ...]
    domain: Sides
    ahead_in: Sides
    strayed: Vector
    box: Sides
    names: tuple[str, ...]
    levels: tuple[Level, ...]
    floor: Vector
    rows_of: Program
    law: Program
    ahead: Program
    law_error: Vector
    carry: Program
    latency: int = 0
    pace: Pace | None = None
    reserves: Reserves | None = None
    confidence: tuple[str, float] | None = None
    when: Formula | None = None

    @property
    def rows(self) -> int:
        """The upper sides of the box, its lower sides, then the rows of the barriers."""
        return 2 * len(self.box.lower) + len(self.names)


@dataclass(frozen=True, slots=True)
class Course:
    """What the filter remembers: the state that the last command leads to, once there was one, that
    command behind those under way, the oldest first, and the way to the law from there."""

    started: bool
    state: Vector
    issued: tuple[Vector, ...]
    way: tuple[Vector, ...]
    charge: Charge


@dataclass(frozen=True, slots=True)
class Stepped:
    """`moved[r]`: how far row r moved the command; 0 where it is not active."""

    command: Vector
    learned: bool
    moved: Vector
    memory: Course


def begin(design: Affine) -> Course:
    nothing = within(design.box, (0.0,) * len(design.box.lower))
    issued = (nothing,) * (design.latency + 1)
    return Course(False, (0.0,) * len(design.states), issued, (), Charge())


def inside(sides: Sides, values: Vector) -> bool:
    known = zip(sides.lower, values, sides.upper, strict=True)
    return all(low <= value <= high for low, value, high in known)


def within(sides: Sides, values: Vector) -> Vector:
    return tuple(map(clamped, values, sides.lower, sides.upper))


def step(
    design: Affine,
    memory: Course,
    state: Vector,
    proposed: Vector | None,
    *,
    doubtful: bool = False,
    may_return: bool = True,
) -> Stepped:
    """One period. `proposed` is finite, or None where no learned command may be used; it is
    `doubtful` if its confidence is low."""
    met, known = predicted(design, memory, state)
    wished = proposed if known else None
    box = reachable(design, memory)
    charge = memory.charge
    if design.reserves is not None:
        asked = None if wished is None else within(box, wished)
        charge = _charged(design, design.reserves, charge, met, asked, doubtful, may_return)
        wished = None if charge.baseline else wished
    found = None if wished is None else _nearest(design, box, met, wished)
    if found is not None:
        command, moved = found
        way = accepted(design, met, command, _wanted(design))
        if way is not None:
            return Stepped(command, True, moved, _issued(design, memory, met, command, way, charge))
    if design.reserves is not None and wished is not None:
        charge = Charge(True, 0)
    command = _baseline(design, memory, met)
    after = _issued(design, memory, met, command, memory.way[1:], charge)
    return Stepped(command, False, (0.0,) * design.rows, after)


def _baseline(design: Affine, memory: Course, state: Vector) -> Vector:
    """What is left of the way to the law, then the law, as far as the last command allows."""
    wished = memory.way[0] if memory.way else law_of(design, state)
    return within(reachable(design, memory), wished)


def _issued(
    design: Affine,
    memory: Course,
    state: Vector,
    command: Vector,
    way: tuple[Vector, ...],
    charge: Charge,
) -> Course:
    after = run(design.ahead, (*state, *command))["next"]
    return Course(True, after, (*memory.issued, command)[1:], way, charge)


def _wanted(design: Affine) -> Vector:
    return design.floor if design.reserves is None else design.reserves.leave


def predicted(design: Affine, memory: Course, state: Vector) -> tuple[Vector, bool]:
    """The state that this period's command meets, and whether all on the way are in the domains."""
    known = inside(design.domain, state)
    for command in memory.issued[1:]:
        state = run(design.carry, (*state, *command))["next"]
        known = known and inside(design.domain, state)
    return state, known


def reachable(design: Affine, memory: Course) -> Sides:
    """What the last command leaves of the box."""
    if design.pace is None:
        return design.box
    low, high = design.box.lower, design.box.upper
    before = list(zip(memory.issued[-1], design.pace.step, strict=True))
    return Sides(
        tuple(max(a, u - step) for a, (u, step) in zip(low, before, strict=True)),
        tuple(min(b, u + step) for b, (u, step) in zip(high, before, strict=True)),
    )


def _charged(
    design: Affine,
    reserves: Reserves,
    before: Charge,
    state: Vector,
    asked: Vector | None,
    doubtful: bool,
    may_return: bool,
) -> Charge:
    """Who is in charge of this period."""
    if asked is None:
        return Charge(True, 0)
    wanted = reserves.back if before.baseline or doubtful else reserves.leave
    kept = accepted(design, state, asked, wanted) is not None
    if not before.baseline:
        return Charge(not kept, 0)
    calm = before.calm + 1 if kept and may_return else 0
    return Charge(calm < reserves.hold, calm)


def accepted(
    design: Affine, state: Vector, command: Vector, wanted: Vector
) -> tuple[Vector, ...] | None:
    """The way to the law behind this command, if that leads into the domains, to no level below
    what is wanted, and if there is such a way."""
    if not _kept(design, state, command, design.ahead_in, wanted):
        return None
    if design.pace is None:
        return ()
    way: list[Vector] = []
    for stage in design.pace.stages:
        if way and not _kept(design, state, command, stage.inside, stage.floor):
            return None
        state = run(design.carry, (*state, *command))["next"]
        law = law_of(design, state)
        if all(abs(u - v) <= most for u, v, most in zip(law, command, stage.ahead, strict=True)):
            return tuple(way)
        around = zip(law, command, design.pace.step, strict=True)
        command = tuple(clamped(u, v - most, v + most) for u, v, most in around)
        way.append(command)
    return None


def _kept(design: Affine, state: Vector, command: Vector, where: Sides, wanted: Vector) -> bool:
    found = run(design.ahead, (*state, *command))
    high = all(level >= least for level, least in zip(found["level"], wanted, strict=True))
    return high and inside(where, found["next"])


def law_of(design: Affine, state: Vector) -> Vector:
    """The baseline command, in the box; 0 or what is next to it where the law has no value."""
    command = run(design.law, state)["command"]
    return within(design.box, tuple(u if math.isfinite(u) else 0.0 for u in command))


def blind(design: Affine, memory: Course) -> tuple[Vector, Course]:
    """The command where no measurement is to be had: the baseline at the state that was foreseen;
    before any, what is next to 0 in the box."""
    if not memory.started:
        return within(design.box, (0.0,) * len(design.box.lower)), memory
    command = _baseline(design, memory, memory.state)
    way = memory.way[1:]
    return command, _issued(design, memory, memory.state, command, way, memory.charge)


def _nearest(
    design: Affine, box: Sides, state: Vector, proposed: Vector
) -> tuple[Vector, Vector] | None:
    """The command nearest to the proposed one in the box and the rows, and how far each moved it;
    None if nothing is certified."""
    low, high, size = box.lower, box.upper, len(box.lower)
    widest = Sides(
        tuple(BOUNDED * a for a in design.box.lower), tuple(BOUNDED * b for b in design.box.upper)
    )
    found = run(design.rows_of, state)
    missing = (0.0,) * max(0, VARIABLES_MIN - size)
    normals = [tuple(float(k == j) for k in range(size)) for j in range(size)]
    normals += [tuple(-float(k == j) for k in range(size)) for j in range(size)]
    normals += [found["normal"][r * size : (r + 1) * size] for r in range(len(design.names))]
    bounds = (*high, *(-a for a in low), *found["bound"])
    wished = (*within(widest, proposed), *missing)
    problem = Problem(wished, tuple((*normal, *missing) for normal in normals), bounds)
    solution = solve(problem)
    if solution.answer is not Answer.OPTIMAL or not certify(problem, solution):
        return None
    moved = tuple(map(_pushed, solution.multipliers, problem.normals))
    return within(box, solution.command[:size]), moved


def _pushed(multiplier: float, normal: Sequence[float]) -> float:
    if not multiplier > 0.0:
        return 0.0
    square = 0.0
    for entry in normal:
        square += entry * entry
    return multiplier * math.sqrt(square)
