"""A joint whose acceleration is commanded and may only change so fast: its way to a stop, and the
commands that leave it one.

With T the period, a the command before, and u the next one, held for a period,

    q+ = q + T v + T^2 / 2 u,    v+ = v + T u,    |u - a| <= D,    lower <= u <= upper

It stops by a plan: in `first` periods the command goes in equal steps to the `peak`, stays there
for `hold` periods, and goes to 0 in `last` more. The sum of its commands is -v / T if, with
V = v / T - a / 2,

    peak ((first + last) / 2 + hold)  =  -(V + a first / 2)

which is the equation of continuous time for the speed v - T a / 2. The counts are those of the
soonest stop of continuous time, rounded up: with s the sign of V + a |a| / (2 D), w = s V, b = s a,

    p = min(A, sqrt(D w + b^2 / 2)),    first = (b + p) / D,    last = p / D,
    hold = (w + b^2 / (2 D) - A^2 / D) / A        if p = A

Rounding counts up makes the peak smaller or, where b > p, greater by less than D, which a longer
`last` undoes. Where the command is close to the last ramp already (b < 0), -b may have to go to 0
faster than that; then a slower ramp from b passes 0 by less than D and comes back in one period.
Whatever the counts are, a plan is used only where its own numbers keep box and steps (`sound`).

What is left of a plan after one period is a plan, with the same peak and the same end. So a state
from which a plan keeps all limits is followed by such a state if the plan is followed: braking is
never without a command, joint by joint and thus for all joints at once. That is all that safety
rests on; of other commands those are let through from whose next state a plan keeps all limits.

In the orientation of the plan, with p >= 0, the speed w rises (b > 0) while the command is
positive and falls then, to 0 at the end. So the way is monotone if w >= 0 at the beginning; else it
goes back first, by less than |w| T b / (2 d), d = (b + p) / first, since the speed is concave until
its peak (the command falls), lies above its chord and is positive after b / d periods. The speed
rises by at most T d / 2 (b / d - 1/2)^2.

Rounding. Limits are taken inwards by (1 + |U|) 2^-40 (braking.py), the steps of plans by 2^-30 of D
against what is sent. Plans are followed as they were accepted, so that errors do not add up; a
command is let through if its way ends no further out than the limits, or than braking now by 2^-48.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from verifier.safety.braking import (
    Drive,
    clamped,
    next_position,
    next_speed,
    shared,
)

TIMES = 8  # how often the way from what brakes to what is wished is halved
MOST_PERIODS = 1e9
CREEP = 2.0**-48
TWELFTH = 1.0 / 12.0
SETTLED = 1e-9  # a speed that is further off than this was not what the plan led to


@dataclass(frozen=True, slots=True)
class Plan:
    """How the joint comes to a stop from now on. `begin` is the command before; counts are whole
    numbers of periods; `rise` and `fall` are the steps on the way to the peak and to 0."""

    begin: float = 0.0
    peak: float = 0.0
    first: float = 0.0
    hold: float = 0.0
    last: float = 0.0
    rise: float = 0.0
    fall: float = 0.0

    @property
    def periods(self) -> float:
        return (self.first + self.hold) + self.last


def _whole(count: float) -> float:
    """The next whole number, between 0 and MOST_PERIODS."""
    if not count > 0.0:
        return 0.0
    if not count < MOST_PERIODS:
        return MOST_PERIODS
    floor = float(math.trunc(count))
    return floor + 1.0 if floor < count else floor


def plan_of(drive: Drive, speed: float, begin: float) -> Plan:
    """The plan from this state; see `sound` for whether it can be followed."""
    ramp = drive.ramp
    middle = speed / drive.period - 0.5 * begin
    sign = 1.0 if middle + begin * abs(begin) / (2.0 * ramp) >= 0.0 else -1.0
    w, b = sign * middle, sign * begin
    most = drive.slowing_down if sign > 0.0 else drive.slowing_up
    square = ramp * w + 0.5 * (b * b)
    peak, hold = math.sqrt(square if square > 0.0 else 0.0), 0.0
    if peak > most:
        peak = most
        hold = _whole(((w + 0.5 * (b * b) / ramp) - most * most / ramp) / most)
    first, last = _whole((b + peak) / ramp), _whole(peak / ramp)
    first, last = (first if first > 1.0 else 1.0), (last if last > 1.0 else 1.0)
    total = w + 0.5 * (b * first)
    peak = total / (0.5 * (first + last) + hold)
    if b < 0.0 and not -(b + peak) <= first * ramp:
        sign, w, b, hold, last = -sign, -w, -b, 0.0, 1.0
        first = _whole(-2.0 * w / b)
        total = w + 0.5 * (b * first)
        peak = total / (0.5 * (first + last))
    elif peak > most or peak > last * ramp:
        longer = _whole(2.0 * (total / most - hold) - first)
        last = longer if longer > last + 1.0 else last + 1.0
        peak = total / (0.5 * (first + last) + hold)
    peak = -(sign * peak)
    return Plan(begin, peak, first, hold, last, (peak - begin) / first, 0.0 - peak / last)


def sound(drive: Drive, plan: Plan) -> bool:
    """Whether every command of the plan lies in the box, and no step of it is too large."""
    size, change = abs(plan.peak), abs(plan.peak - plan.begin)
    most = drive.slowing_down if plan.peak < 0.0 else drive.slowing_up
    return (
        size <= most
        and change <= plan.first * drive.ramp
        and size <= plan.last * drive.ramp
        and plan.periods < MOST_PERIODS
    )


def command_of(plan: Plan) -> float:
    """The first command of the plan; 0 behind its end."""
    if plan.first > 0.0:
        return plan.begin + plan.rise
    if plan.hold > 0.0:
        return plan.peak
    if plan.last > 1.0:
        return plan.begin + plan.fall
    return 0.0


def after(plan: Plan) -> Plan:
    """What is left of the plan after one period."""
    first, hold, last = plan.first, plan.hold, plan.last
    if first > 0.0:
        first = first - 1.0
    elif hold > 0.0:
        hold = hold - 1.0
    else:
        last = last - 1.0 if last > 1.0 else 0.0
    return Plan(command_of(plan), plan.peak, first, hold, last, plan.rise, plan.fall)


def moved(drive: Drive, plan: Plan, speed: float, periods: float) -> float:
    """How far the joint gets within so many periods of the plan."""
    time, command, left, way = drive.period, plan.begin, periods, 0.0
    count = plan.first if plan.first < left else left
    if count > 0.0:
        way = _ramped(time, speed, command, plan.rise, count)
        speed = speed + time * (command * count + 0.5 * plan.rise * (count * (count + 1.0)))
        command, left = plan.peak, left - count
    count = plan.hold if plan.hold < left else left
    if count > 0.0:
        way = way + time * count * (speed + 0.5 * time * (command * count))
        speed, left = speed + time * (command * count), left - count
    count = plan.last if plan.last < left else left
    if count > 0.0:
        way = way + _ramped(time, speed, command, plan.fall, count)
    return way


def _ramped(time: float, speed: float, command: float, step: float, count: float) -> float:
    """The way under commands that change by equal steps: of n periods, n T v + T^2 (a n^2 / 2 +
    step n (n + 1) (2 n + 1) / 12)."""
    cubes = count * (count + 1.0) * (2.0 * count + 1.0) * TWELFTH
    return time * (count * speed + time * (0.5 * command * (count * count) + step * cubes))


@dataclass(frozen=True, slots=True)
class Way:
    """Where a plan leads, from where the joint is: the furthest places and the end, and the speeds
    on the way."""

    lowest: float
    highest: float
    slowest: float
    fastest: float


def way_of(drive: Drive, plan: Plan, speed: float) -> Way:
    end = moved(drive, plan, speed, plan.periods)
    low, high = (end, 0.0) if end < 0.0 else (0.0, end)
    slow, fast = (speed, 0.0) if speed < 0.0 else (0.0, speed)
    size = abs(plan.rise)
    if plan.begin * plan.rise < 0.0 and plan.begin * plan.peak <= 0.0 and plan.first > 0.0:
        count = abs(plan.begin) / size
        rise = 0.5 * drive.period * size * ((count - 0.5) * (count - 0.5))
        rise = rise if count > 0.5 else 0.0
        back = 0.5 * drive.period * (abs(speed) * count)
        if plan.begin > 0.0:
            fast = speed + rise if speed + rise > fast else fast
            low = low - back if speed < 0.0 else low
        else:
            slow = speed - rise if speed - rise < slow else slow
            high = high + back if speed > 0.0 else high
    return Way(low, high, slow, fast)


@dataclass(frozen=True, slots=True)
class Room:
    """What a way may use: the limits, or what braking now uses, where that is more."""

    lower: float
    upper: float
    slowest: float
    fastest: float


def room_of(drive: Drive, position: float, way: Way) -> Room:
    low, high = position + way.lowest, position + way.highest
    low, high = low + CREEP * (1.0 + abs(low)), high - CREEP * (1.0 + abs(high))
    slow, fast = way.slowest + CREEP * abs(way.slowest), way.fastest - CREEP * abs(way.fastest)
    return Room(
        low if low < drive.lower else drive.lower,
        high if high > drive.upper else drive.upper,
        slow if slow < drive.speed_lower else drive.speed_lower,
        fast if fast > drive.speed_upper else drive.speed_upper,
    )


def fits(drive: Drive, room: Room, plan: Plan, position: float, speed: float) -> bool:
    """Whether the plan can be followed from there within the room."""
    if not sound(drive, plan):
        return False
    way = way_of(drive, plan, speed)
    return (
        position + way.highest <= room.upper
        and position + way.lowest >= room.lower
        and way.fastest <= room.fastest
        and way.slowest >= room.slowest
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """The commands that leave a way to stop, `brake` among them, and what they may use."""

    low: float
    high: float
    brake: float
    room: Room


def choice(drive: Drive, plan: Plan, q: float, v: float) -> Choice:
    """Between what brakes by the plan and the end of what may be asked for as far as is found by
    halving; up to the end where all limits are far."""
    roomy = far(drive, q, v)
    room = _limits(drive) if roomy else room_of(drive, q, way_of(drive, plan, v))
    least, most = box_after(drive, plan.begin)
    brake = clamped(command_of(plan), least, most)
    high = drive.gain * ((drive.upper - q) - drive.behind * v)
    low = drive.gain * ((q - drive.lower) + drive.behind * v)
    fast = shared(drive.speed_upper, v, drive.share)
    slow = -shared(-drive.speed_lower, -v, drive.share)
    fast = high if drive.gain > 0.0 and high < fast else fast
    slow = -low if drive.gain > 0.0 and -low > slow else slow
    high = clamped((fast - v) / drive.period, brake, most)
    low = clamped((slow - v) / drive.period, least, brake)
    if roomy:
        return Choice(low, high, brake, room)
    return Choice(
        _furthest(drive, room, brake, low, q, v),
        _furthest(drive, room, brake, high, q, v),
        brake,
        room,
    )


def far(drive: Drive, q: float, v: float) -> bool:
    """Whether no limit is near whatever is asked for: its command may grow to the end of the box,
    take the ramp back, and stop. With v after that, what is left takes v^2 / 2A + v A / J."""
    least = -drive.box_lower if -drive.box_lower < drive.box_upper else drive.box_upper
    most = -drive.box_lower if -drive.box_lower > drive.box_upper else drive.box_upper
    back = most / drive.ramp + 3.0
    speed = abs(v) + drive.period * (most * (0.5 * back + 1.0))
    way = speed * (0.5 * speed / least + 2.0 * (drive.period * back))
    return (
        drive.gain <= 0.0
        and drive.lower + way <= q <= drive.upper - way
        and drive.speed_lower + speed <= 0.0
        and speed <= drive.speed_upper
    )


def _limits(drive: Drive) -> Room:
    return Room(drive.lower, drive.upper, drive.speed_lower, drive.speed_upper)


def box_after(drive: Drive, latest: float) -> tuple[float, float]:
    """The commands that may be sent after this one."""
    low, high = latest - drive.swing, latest + drive.swing
    return (
        low if low > drive.box_lower else drive.box_lower,
        high if high < drive.box_upper else drive.box_upper,
    )


def _furthest(drive: Drive, room: Room, brake: float, end: float, q: float, v: float) -> float:
    if end == brake or led(drive, room, end, q, v) is not None:
        return end
    near, far = brake, end
    for _ in range(TIMES):
        middle = 0.5 * (near + far)
        if led(drive, room, middle, q, v) is not None:
            near = middle
        else:
            far = middle
    return near


def led(drive: Drive, room: Room, command: float, q: float, v: float) -> Plan | None:
    """The plan that fits after this command; None if it leads to where none does."""
    following = next_speed(drive, v, command)
    there = next_position(drive, q, v, following)
    plan = plan_of(drive, following, command)
    return plan if fits(drive, room, plan, there, following) else None


def resumed(drive: Drive, plan: Plan, foreseen: float, speed: float, latest: float) -> Plan:
    """The plan that was accepted, or one from here where it is over or something else moved the
    joint than was foreseen."""
    if plan.periods > 0.0 and abs(speed - foreseen) <= SETTLED:
        return plan
    return plan_of(drive, speed, latest)


def stepped(drive: Drive, plan: Plan) -> tuple[float, Plan]:
    """The command that brakes, and what is left of the plan then; nothing where the command had to
    be brought into its box."""
    wanted = command_of(plan)
    command = clamped(wanted, *box_after(drive, plan.begin))
    return command, after(plan) if command == wanted else Plan(command)
