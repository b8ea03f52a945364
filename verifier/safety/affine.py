"""The filter of a plant that is affine in its inputs, x' = f(x) + g(x) u, under a written baseline.

The rows of verifier/model/rows.py are linear in the command u. In each period

1. the command in the box nearest to the proposed one that keeps all rows with their margins is
   found (qp.py) and certified (qp_certify.py);
2. the gate computes where that command leads: the next state as the plant defines it under
   zero-order hold, inside of its declared domains, and every level of every row there, of which
   none may be negative;
3. if any of these fails, the baseline law k(x) takes its place, of which `baseline` and
   `feasibility` prove that it keeps every level from sample to sample.

So from a state in which no level is negative every command leads to such a state; this rests on 2
and 3 alone. Levels are exact where the series of the state ends, else less a bound on its
remainder; what rounding may add is taken off, too (affine_design.py). Nothing is proved of a state
outside of its domains: there the baseline is in charge.

`step` is the Python meaning, operation by operation the same as the emitted C.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
class Affine:
    """Bounds are doubles rounded inwards. The programs, of n states x and m inputs u:

    `rows`: from x the `bound` of each row, and `normal`, entry r m + j, with normal . u <= bound;
    `law`: from x the baseline `command`;
    `ahead`: from x and u the state one period later, `next`, and a lower bound of each level there,
    `level`; inside of the domains none is too high by more than its part of `floor`.

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
    reserves: Reserves | None = None
    confidence: tuple[str, float] | None = None
    when: Formula | None = None

    @property
    def rows(self) -> int:
        """The upper sides of the box, its lower sides, then the rows of the barriers."""
        return 2 * len(self.box.lower) + len(self.names)


@dataclass(frozen=True, slots=True)
class Course:
    """What the filter remembers: the state that the last command leads to, once there was one."""

    started: bool
    state: Vector
    charge: Charge


@dataclass(frozen=True, slots=True)
class Stepped:
    """`moved[r]`: how far row r moved the command; 0 where it is not active."""

    command: Vector
    learned: bool
    moved: Vector
    memory: Course


def begin(design: Affine) -> Course:
    return Course(False, (0.0,) * len(design.states), Charge())


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
    wished = proposed if inside(design.domain, state) else None
    charge = memory.charge
    if design.reserves is not None:
        charge = _charged(design, design.reserves, charge, state, wished, doubtful, may_return)
        wished = None if charge.baseline else wished
    found = None if wished is None else _nearest(design, state, wished)
    if found is not None:
        command, moved = found
        after = accepted(design, state, command, _wanted(design))
        if after is not None:
            return Stepped(command, True, moved, Course(True, after, charge))
    if design.reserves is not None and wished is not None:
        charge = Charge(True, 0)
    command = law_of(design, state)
    after = run(design.ahead, (*state, *command))["next"]
    return Stepped(command, False, (0.0,) * design.rows, Course(True, after, charge))


def _wanted(design: Affine) -> Vector:
    return design.floor if design.reserves is None else design.reserves.leave


def _charged(
    design: Affine,
    reserves: Reserves,
    before: Charge,
    state: Vector,
    proposed: Vector | None,
    doubtful: bool,
    may_return: bool,
) -> Charge:
    """Who is in charge of this period."""
    if proposed is None:
        return Charge(True, 0)
    asked = within(design.box, proposed)
    wanted = reserves.back if before.baseline or doubtful else reserves.leave
    kept = accepted(design, state, asked, wanted) is not None
    if not before.baseline:
        return Charge(not kept, 0)
    calm = before.calm + 1 if kept and may_return else 0
    return Charge(calm < reserves.hold, calm)


def accepted(design: Affine, state: Vector, command: Vector, wanted: Vector) -> Vector | None:
    """The next state, if it is in the domains and no level is below what is wanted there."""
    found = run(design.ahead, (*state, *command))
    high = all(level >= least for level, least in zip(found["level"], wanted, strict=True))
    return found["next"] if high and inside(design.ahead_in, found["next"]) else None


def law_of(design: Affine, state: Vector) -> Vector:
    """The baseline command, in the box; 0 or what is next to it where the law has no value."""
    command = run(design.law, state)["command"]
    return within(design.box, tuple(u if math.isfinite(u) else 0.0 for u in command))


def blind(design: Affine, memory: Course) -> tuple[Vector, Course]:
    """The command where no measurement is to be had: the baseline at the state that was foreseen;
    before any, what is next to 0 in the box."""
    if not memory.started:
        return within(design.box, (0.0,) * len(design.box.lower)), memory
    command = law_of(design, memory.state)
    after = run(design.ahead, (*memory.state, *command))["next"]
    return command, replace(memory, state=after)


def _nearest(design: Affine, state: Vector, proposed: Vector) -> tuple[Vector, Vector] | None:
    """The command nearest to the proposed one in the box and the rows, and how far each moved it;
    None if nothing is certified."""
    low, high, size = design.box.lower, design.box.upper, len(design.box.lower)
    widest = Sides(tuple(BOUNDED * a for a in low), tuple(BOUNDED * b for b in high))
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
    return within(design.box, solution.command[:size]), moved


def _pushed(multiplier: float, normal: Sequence[float]) -> float:
    if not multiplier > 0.0:
        return 0.0
    square = 0.0
    for entry in normal:
        square += entry * entry
    return multiplier * math.sqrt(square)
