"""The filter of one arm: the nearest command that is known to leave a way to a stop.

A state is recoverable if braking from it (see braking.py) keeps every joint within its limits and
every body its distance. In each period

1. the state is predicted through the commands that are under way (latency);
2. the joints' limits become a box of commands, and each row that can be reached within that box a
   linear one: with c = n . dp/dq the way that a body makes towards its shape until it stands still
   is linear in the next speeds w but for w^2 / 2a, whose tangent is taken;
3. the command in the box nearest to the proposed one that satisfies the rows is found (qp.py) and
   certified (qp_certify.py);
4. the gate computes the next state with that command as the plant does, and judges its whole way to
   a stop: first by how far each body can move at all, then along 1, 4 and 16 chords between exact
   configurations (clearance.py);
5. if any of these fails, the baseline command takes its place: it brakes along the way that the
   step before has judged.

So from a recoverable state every command leads to a recoverable state; this rests on 4 and 5 alone.
Nothing is asked of the solver. `filtered` is the Python meaning, operation by operation the same as
the emitted C.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from verifier.core.term import Formula
from verifier.safety.braking import (
    Drive,
    Kind,
    box,
    braked,
    clamped,
    next_position,
    next_speed,
)
from verifier.safety.clearance import Arm
from verifier.safety.gate import Look, Stop, clear, leaps, look_at
from verifier.safety.jerk import (
    Choice,
    Plan,
    box_after,
    choice,
    led,
    plan_of,
    resumed,
    stepped,
)
from verifier.safety.nearest import Limits, nearest
from verifier.safety.posture import Posture, held, postured
from verifier.safety.proposal import Bounds, admitted
from verifier.safety.straight import Program, run
from verifier.safety.switch import Charge, Switch, charged, reserved

Vector = tuple[float, ...]

HUGE = 1e300


@dataclass(frozen=True, slots=True)
class Filter:
    """`latency` in periods; without a posture the baseline brakes and then stands still."""

    drives: tuple[Drive, ...]
    arm: Arm | None
    latency: int = 0
    bounds: Bounds | None = None
    switch: Switch | None = None
    posture: Posture | None = None

    @property
    def limits_jerk(self) -> bool:
        return any(drive.ramp > 0.0 for drive in self.drives)

    @property
    def rows(self) -> int:
        """The upper sides of the box, its lower sides, then the rows of the arm."""
        return 2 * len(self.drives) + (len(self.arm.rows) if self.arm else 0)


@dataclass(frozen=True, slots=True)
class Weight:
    """What bears the weight of a robot: the torques of `program`, whose inputs are the drives
    `joints`, between the limits of the motors. `most` bounds them over all positions."""

    robot: str
    program: Program
    joints: tuple[int, ...]
    lower: Vector
    upper: Vector
    most: Vector


@dataclass(frozen=True, slots=True)
class Guarded:
    """A filter and where its numbers come from: the state scalars of each drive, None for what
    drives nothing that is measured. `confidence` is a scalar and the value below which it is low,
    `when` what has to hold before the switch hands back."""

    filter: Filter
    positions: tuple[str | None, ...]
    speeds: tuple[str | None, ...]
    confidence: tuple[str, float] | None = None
    when: Formula | None = None
    weight: Weight | None = None

    @property
    def rows(self) -> int:
        return self.filter.rows


def borne(weight: Weight, memory: Memory) -> Vector:
    """The torque, N m or N, that holds each drive up where the last command leads it, as far as
    its motor can; 0 before any command, and for drives that no joint of the robot is."""
    torque = [0.0] * len(memory.position)
    if memory.started:
        found = run(weight.program, [memory.position[drive] for drive in weight.joints])["torque"]
        for k, drive in enumerate(weight.joints):
            value = clamped(found[k], weight.lower[k], weight.upper[k])
            torque[drive] = value if abs(value) <= HUGE else 0.0
    return tuple(torque)


@dataclass(frozen=True, slots=True)
class Memory:
    """`sure`: braking along the reference is known to be safe. `pending`: commands under way, the
    oldest first; `latest`: the last command; `plans`: how joints brake whose jerk is limited."""

    started: bool
    sure: bool
    position: Vector
    speed: Vector
    latest: Vector
    pending: tuple[Vector, ...]
    plans: tuple[Plan, ...]
    charge: Charge


@dataclass(frozen=True, slots=True)
class Filtered:
    """`moved[r]`: how far row r moved the command; 0 where it is not active."""

    command: Vector
    learned: bool
    moved: Vector
    memory: Memory


def fresh(design: Filter) -> Memory:
    nothing = (0.0,) * len(design.drives)
    pending = (nothing,) * design.latency
    plans = (Plan(),) * len(design.drives)
    return Memory(False, False, nothing, nothing, nothing, pending, plans, Charge())


def filtered(
    design: Filter,
    memory: Memory,
    position: Vector,
    speed: Vector,
    proposed: Vector | None,
    *,
    doubtful: bool = False,
    may_return: bool = True,
    halted: bool = False,
) -> Filtered:
    """One period. `proposed` is finite, or None where no learned command may be used; it is
    `doubtful` if its confidence is low. Where all has to stand still, `halted`, the baseline
    brakes, whatever it is."""
    drives, arm = design.drives, design.arm
    q, v = predicted(design, memory, position, speed)
    look = look_at(arm, q)
    memory = _referred(design, memory, q, v)
    memory = _planned(design, memory, v)
    if not memory.started:
        sure = clear(drives, arm, look, Stop.of(drives, q, v, memory.plans))
        memory = replace(memory, started=True, sure=sure, position=q, speed=v)
    choices = _choices(drives, memory, q, v)
    limits = [
        box(drive, a, b) if chosen is None else (chosen.low, chosen.high)
        for drive, chosen, a, b in zip(drives, choices, q, v, strict=True)
    ]
    wished = None if proposed is None else admitted(design.bounds, drives, v, proposed)
    learned = wished is not None
    if design.switch is not None and wished is not None:
        asked = tuple(map(_boxed, drives, memory.latest, wished))
        ahead = _after(drives, q, v, asked)
        charge = charged(
            design.switch,
            memory.charge,
            drives,
            arm,
            design.posture,
            look,
            Stop.of(drives, *ahead, tuple(map(_fresh, drives, ahead[1], asked))),
            doubtful=doubtful,
            may_return=may_return,
        )
        memory = replace(memory, charge=charge)
        learned = not charge.baseline
    elif design.switch is not None:
        memory = replace(memory, charge=Charge(True, 0))
    if design.switch is not None and not learned:
        posture = None if halted else design.posture
        wished = None if posture is None else postured(posture, q, v)
    found = None if wished is None else nearest(drives, arm, look, limits, wished, v)
    if found is not None:
        accepted = _accepted(design, memory, choices, look, found, (q, v), learned)
        if accepted is not None:
            return accepted
    if design.switch is not None and learned:
        memory = replace(memory, charge=Charge(True, 0))
    return _baseline(design, memory, limits, q, v)


def _accepted(
    design: Filter,
    memory: Memory,
    choices: tuple[Choice | None, ...],
    look: Look,
    found: tuple[Vector, Vector],
    state: tuple[Vector, Vector],
    learned: bool,
) -> Filtered | None:
    """The command with how it was moved, if the gate opens."""
    command, moved = found
    following = _after(design.drives, *state, command)
    plans = _followed(design.drives, memory, choices, command, *state)
    if plans is None:
        return None
    stop = Stop.of(design.drives, *following, plans)
    if leaps(design.arm, look, stop.q) or not _recoverable(design, look, stop, learned):
        return None
    after = _issued(design, memory, command, *following, plans, True)
    return Filtered(command, learned, moved, after)


def _recoverable(design: Filter, look: Look, stop: Stop, learned: bool) -> bool:
    """Whether the state is recoverable; under the learned command with the switch's reserve."""
    if design.switch is not None and learned:
        kept = design.posture is None or held(design.posture, stop.q, stop.v, careful=False)
        return kept and reserved(design.drives, design.arm, look, stop, design.switch.leave)
    return clear(design.drives, design.arm, look, stop)


def _boxed(drive: Drive, latest: float, command: float) -> float:
    if drive.ramp > 0.0:
        return clamped(command, *box_after(drive, latest))
    return clamped(command, drive.box_lower, drive.box_upper)


def _after(
    drives: tuple[Drive, ...], q: Vector, v: Vector, command: Vector
) -> tuple[Vector, Vector]:
    """The next state."""
    w = tuple(map(next_speed, drives, v, command))
    return tuple(map(next_position, drives, q, v, w)), w


# ---- plans -------------------------------------------------------------------------------------


def _fresh(drive: Drive, speed: float, latest: float) -> Plan:
    return plan_of(drive, speed, latest) if drive.ramp > 0.0 else Plan()


def _planned(design: Filter, memory: Memory, v: Vector) -> Memory:
    """With plans that start from here."""
    columns = zip(design.drives, memory.plans, memory.speed, v, memory.latest, strict=True)
    plans = tuple(
        resumed(drive, plan, foreseen, speed, latest) if drive.ramp > 0.0 else plan
        for drive, plan, foreseen, speed, latest in columns
    )
    return replace(memory, plans=plans)


def _choices(
    drives: tuple[Drive, ...], memory: Memory, q: Vector, v: Vector
) -> tuple[Choice | None, ...]:
    """The commands between which a joint whose jerk is limited may choose; None for any other."""
    return tuple(
        choice(drive, memory.plans[j], q[j], v[j]) if drive.ramp > 0.0 else None
        for j, drive in enumerate(drives)
    )


def _followed(
    drives: tuple[Drive, ...],
    memory: Memory,
    choices: tuple[Choice | None, ...],
    command: Vector,
    q: Vector,
    v: Vector,
) -> tuple[Plan, ...] | None:
    """How each joint comes to a stop after the command; None where one has no plan that fits."""
    plans = []
    for j, chosen in enumerate(choices):
        plan: Plan | None = Plan()
        if chosen is not None and command[j] == chosen.brake:
            _, plan = stepped(drives[j], memory.plans[j])
        elif chosen is not None:
            plan = led(drives[j], chosen.room, command[j], q[j], v[j])
        if plan is None:
            return None
        plans.append(plan)
    return tuple(plans)


# ---- the state ---------------------------------------------------------------------------------


def predicted(
    design: Filter, memory: Memory, position: Vector, speed: Vector
) -> tuple[Vector, Vector]:
    """The state that this period's command meets; a rated joint's speed is the last command."""
    q, v = list(position), list(speed)
    for command in memory.pending:
        for j, drive in enumerate(design.drives):
            w = next_speed(drive, v[j], command[j])
            q[j] = next_position(drive, q[j], v[j], w)
            v[j] = w
    for j, drive in enumerate(design.drives):
        if drive.kind is not Kind.ACCELERATION:
            v[j] = memory.latest[j] if drive.kind is Kind.RATED else 0.0
    return tuple(q), tuple(v)


def _referred(design: Filter, memory: Memory, q: Vector, v: Vector) -> Memory:
    """A joint that is not where its reference and all errors together allow gets a new one."""
    position, speed, sure = list(memory.position), list(memory.speed), memory.sure
    for j, drive in enumerate(design.drives):
        if drive.stiffness > 0.0 and not abs(position[j] - q[j]) <= 2.0 * drive.radius:
            position[j], speed[j], sure = q[j], v[j], False
    return replace(memory, position=tuple(position), speed=tuple(speed), sure=sure)


def _issued(
    design: Filter,
    memory: Memory,
    command: Vector,
    q: Vector,
    v: Vector,
    plans: tuple[Plan, ...],
    sure: bool,
) -> Memory:
    pending = (*memory.pending, command)[1:] if design.latency else ()
    return Memory(memory.started, sure, q, v, command, pending, plans, memory.charge)


def blind(design: Filter, memory: Memory) -> tuple[Vector, Memory]:
    """The command where no measurement is to be had: brakes along the reference."""
    command: list[float] = []
    after: list[float] = []
    plans = list(memory.plans)
    for j, (drive, pace) in enumerate(zip(design.drives, memory.speed, strict=True)):
        u, w = braked(drive, pace)
        if drive.ramp > 0.0:
            u, plans[j] = stepped(drive, memory.plans[j])
            w = next_speed(drive, pace, u)
        command.append(clamped(u, drive.box_lower, drive.box_upper))
        after.append(w)
    q = tuple(map(next_position, design.drives, memory.position, memory.speed, after))
    given = tuple(command)
    return given, _issued(design, memory, given, q, tuple(after), tuple(plans), memory.sure)


def _baseline(
    design: Filter,
    memory: Memory,
    limits: Limits,
    q: Vector,
    v: Vector,
) -> Filtered:
    """Brakes: from the state itself, or along the reference where errors are declared."""
    command: list[float] = []
    after_q: list[float] = []
    after_v: list[float] = []
    plans = list(memory.plans)
    for j, drive in enumerate(design.drives):
        tracked = drive.stiffness > 0.0
        here, pace = (memory.position[j], memory.speed[j]) if tracked else (q[j], v[j])
        u, w = braked(drive, pace)
        low, high = drive.box_lower, drive.box_upper
        if tracked:
            u = u + (drive.stiffness * (here - q[j]) + drive.damping * (pace - v[j]))
        elif drive.ramp > 0.0:
            u, plans[j] = stepped(drive, memory.plans[j])
        elif not drive.lower <= q[j] <= drive.upper and limits[j][0] <= limits[j][1]:
            low, high = limits[j]
        u = clamped(u, low, high)
        if not tracked:
            w = next_speed(drive, v[j], u)
        command.append(u)
        after_q.append(next_position(drive, here, pace, w))
        after_v.append(w)
    given = tuple(command)
    after = _issued(
        design, memory, given, tuple(after_q), tuple(after_v), tuple(plans), memory.sure
    )
    return Filtered(given, False, (0.0,) * design.rows, after)
