"""The set that a joint keeps by itself under an impedance, and the part of it in which a command
that was not computed by the impedance may leave the joint.

Of a joint x = (q - posture, v) with acceleration u = -k (q - posture) - c v, held for a period T,

    x+ = A x + n (T^2/2, T) + (T^2/2 d_2, T d_1),   A = [1 - k T^2/2, T - c T^2/2; -k T, 1 - c T]

where n = -k e - c f is what the command is off by when position and speed are predicted with the
offsets e and f, and d_1, d_2 are the means of the disturbance in the period. With P the solution of
A' P A = P - diag(k, 1), a linear equation (P. Stein, 1952), the ellipsoid x' P x <= level is kept
if P is positive definite and the level is high enough for n and d.

The level is the greatest at which the ellipsoid lies between all edges, less SLACK of it: those of
the input, and those that braking asks for, so that in it the joint can also brake in time from what
is predicted (verifier/model/stops.py) and the filter lets the impedance pass. An edge g . x <= b
is reached at b^2 / (g' P^-1 g). The edge of a limit with the room R and the deceleration a,

    z + (s + f)^2 / 2a <= R,

holds inside of the level L if R - z - (s + f)^2 / 2a >= m (L - x' P x) for all x and some m >= 0
(the S-lemma; V. Yakubovich, 1971), which says how great L may be for each m.

The switch asks for the state that a command leads to, as it is predicted, to be well inside: with
N the longest of what may be added to it until it is true, in the norm of P, by the triangle
inequality sqrt(x' P x) <= sqrt(level) - N. Rounding is part of N, and of n.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verifier.core.diagnostic import Diagnostic
from verifier.core.evaluate import evaluate_term
from verifier.core.exact import reduced
from verifier.core.flow import replaced
from verifier.core.normal import expanded
from verifier.core.root import root_above, root_below
from verifier.core.slope import derivative
from verifier.core.term import NOW, Number, Term, number
from verifier.model.control import Barrier, Plant
from verifier.model.interval import Interval, interval_of
from verifier.model.prediction import affine
from verifier.model.rows import Row
from verifier.model.stops import Motor, Stop, motor_of
from verifier.model.tube import Noise, Tube, tube_of

SLACK = Fraction(1, 50)
TINY = Fraction(1, 2**30)  # of a limit, for what its doubles are rounded by
ULPS = Fraction(1, 2**48)
FINE = 2**40
ZERO = Fraction(0)
NOTHING = Tube(ZERO, ZERO, ZERO, ZERO, ZERO)
Pair = tuple[Fraction, Fraction]
Shape = tuple[Fraction, Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Edge:
    """form . x <= room; with a `deceleration` less (speed + `off`)^2 / (2 deceleration), where the
    speed counts towards the limit. `reserve` is the barrier whose reserve is taken from the room.
    """

    name: str
    form: Pair
    room: Fraction
    reserve: Barrier | None = None
    deceleration: Fraction | None = None
    off: Fraction = ZERO


@dataclass(frozen=True, slots=True)
class Spring:
    """A joint on its spring and damper. `shape` is P as (p11, p12, p22), `noise` what the joint is
    not told; `told` says that all of it can occur at once. The level is 0 where there is no room at
    the posture itself."""

    barrier: Barrier
    position: str
    speed: str
    posture: Fraction
    stiffness: Fraction
    damping: Fraction
    period: Fraction
    latency: int
    strength: Fraction
    noise: Noise
    told: bool
    edges: tuple[Edge, ...]
    shape: Shape
    level: Fraction

    def reserving(self, reserves: Mapping[str, Fraction]) -> Fraction:
        """The level with these reserves of barriers, by name or family, in their own units."""
        return _level(self.shape, self.edges, reserves) if reserves else self.level

    @property
    def loop(self) -> tuple[Pair, Pair]:
        """A, row by row."""
        return _loop(self.period, self.stiffness, self.damping)

    @property
    def wrong(self) -> Fraction:
        """How far the command may be from what the true state asks for, and its rounding."""
        off = self.stiffness * self.noise.position + self.damping * self.noise.speed
        place, pace = self._largest()
        sum_of_sizes = self.stiffness * (abs(self.posture) + place) + self.damping * pace
        return _up(off + ULPS * sum_of_sizes)

    @property
    def added(self) -> Pair:
        """By how much position and speed after a period may differ from what is predicted."""
        noise, time = self.noise, self.period
        place, pace = self._largest()
        pace += (self.latency + 1) * time * self.strength
        place += abs(self.posture) + (self.latency + 1) * time * pace
        steps = (self.latency + 2) * ULPS
        return (
            _up(noise.position + time * noise.speed + time**2 / 2 * noise.disturbance)
            + _up(steps * place),
            _up(noise.speed + time * noise.disturbance) + _up(steps * pace),
        )

    def inside(self, level: Fraction) -> Fraction:
        """The level that what is predicted may have, if what is true is to have the given one; 0 if
        there is none."""
        p, q, r = self.shape
        z, s = self.added
        left = root_below(level) - root_above(p * z * z + 2 * abs(q) * z * s + r * s * s)
        rounded = 1 - ULPS * p * r / (p * r - q * q)
        return Fraction(max(left, ZERO) ** 2 * rounded * FINE // 1, FINE)

    def _largest(self) -> Pair:
        """How large position and speed are in the ellipsoid, about the posture."""
        p, q, r = self.shape
        scale = self.level / (p * r - q * q)
        return root_above(r * scale) + self.noise.position, root_above(p * scale) + self.noise.speed


def spring_of(
    plant: Plant, position: str, stops: Sequence[Stop], rows: Sequence[Row]
) -> Spring | None:
    """The joint as an impedance drives it; None where that is not the baseline, or nothing bounds
    the joint."""
    base, motor = plant.baseline, motor_of(plant, position)
    speed = plant.speeds.get(position)
    if base is None or base.kind != "impedance" or motor is None or speed is None:
        return None
    barriers = {stop.barrier.name: stop.barrier for stop in stops if stop.position == position}
    barriers |= {row.barrier.name: row.barrier for row in rows if row.states <= {position, speed}}
    if not barriers:
        return None
    place = plant.positions.index(position)
    gains = base.posture[place], base.stiffness[place], base.damping[place]
    low, high = _commands(plant, place, motor)
    strength = min(-low, high)
    joint = _Joint(plant, place, position, speed, motor, *gains, low, high)
    noises = [plant.error_of(position), plant.error_of(speed)]
    noises += [(w.lower[k], w.upper[k]) for w in plant.disturbances for k in range(w.size)]
    edges = tuple(_edges(joint, list(barriers.values())))
    shape = _shape(plant.period, gains[1], gains[2])
    return Spring(
        next(iter(barriers.values())),
        *(position, speed, *gains, plant.period, plant.latency, strength, motor.noise),
        all(-least == most for least, most in noises),
        *(edges, shape, _level(shape, edges, {})),
    )


def _commands(plant: Plant, place: int, motor: Motor) -> Pair:
    """What the motor can be asked for."""
    low, high = motor.lower, motor.upper
    for least, most in _limits(plant, place, "acceleration"):
        low, high = max(low, least), min(high, most)
    return low, high


def _limits(plant: Plant, place: int, *signals: str) -> Iterator[Pair]:
    for limit in plant.limits:
        if limit.signal in signals:
            k = place if len(limit.lower) > 1 else 0
            time = plant.period if limit.signal == "target" else Fraction(1)
            yield limit.lower[k] / time, limit.upper[k] / time


# ---- edges -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Joint:
    plant: Plant
    place: int
    position: str
    speed: str
    motor: Motor
    posture: Fraction
    stiffness: Fraction
    damping: Fraction
    low: Fraction
    high: Fraction

    @property
    def tube(self) -> Tube:
        """Around a reference that brakes; of no width where nothing is left to brake with, which is
        told elsewhere (verifier/obligations/tracking.py)."""
        strength = min(-self.low, self.high)
        tube = tube_of(2, self.plant.period, strength, self.motor.noise)
        return tube if tube.correction < strength else NOTHING


def _edges(joint: _Joint, barriers: Sequence[Barrier]) -> Iterator[Edge]:
    k, c, noise = joint.stiffness, joint.damping, joint.motor.noise
    strength = min(-joint.low, joint.high) - (k * noise.position + c * noise.speed)
    strength -= TINY * strength
    yield Edge("input.upper", (-k, -c), strength)
    yield Edge("input.lower", (k, c), strength)
    for barrier in barriers:
        interval = interval_of(barrier)
        if isinstance(interval, Interval):
            ends = (("lower", interval.lower), ("upper", interval.upper))
            for side, end in ends:
                if end is not None:
                    name = f"{barrier.name}.{side}"
                    alpha = barrier.alpha
                    place = interval.state == joint.position
                    bound = _of_position if place else _of_speed
                    yield from bound(joint, name, side, end, alpha, barrier)
        elif affine(barrier.value):
            yield _slanted(joint, barrier)
    for low, high in _limits(joint.plant, joint.place, "position"):
        yield from _of_position(joint, "position.lower", "lower", low, None, None)
        yield from _of_position(joint, "position.upper", "upper", high, None, None)
    for low, high in _limits(joint.plant, joint.place, "velocity", "target"):
        yield from _of_speed(joint, "velocity.lower", "lower", low, None, None)
        yield from _of_speed(joint, "velocity.upper", "upper", high, None, None)


def _of_position(
    joint: _Joint,
    name: str,
    side: str,
    end: Fraction,
    alpha: Fraction | None,
    barrier: Barrier | None,
) -> Iterator[Edge]:
    """From what is predicted one period later, braking ends before the limit, less the tube."""
    sign = 1 if side == "upper" else -1
    noise, time, tube = joint.motor.noise, joint.plant.period, joint.tube
    room = sign * (end - joint.posture) - tube.position - (1 + abs(end)) * TINY
    brake = (-joint.low if sign > 0 else joint.high) - tube.correction
    brake -= TINY * brake
    reached = noise.position + time * noise.speed
    left = room - reached - brake * time**2 / 8
    yield Edge(name, (Fraction(sign), ZERO), left, barrier, brake, noise.speed)
    if alpha is not None:
        (a, b), share = (alpha - joint.stiffness * time, 1 - joint.damping * time), alpha * time / 2
        form = sign * a, sign * (b + share)
        rest = alpha * room - abs(a) * noise.position - abs(b + share) * noise.speed
        yield Edge(f"{name}/gain", form, rest)


def _of_speed(
    joint: _Joint,
    name: str,
    side: str,
    end: Fraction,
    alpha: Fraction | None,
    barrier: Barrier | None,
) -> Iterator[Edge]:
    """The next speed keeps its limit, less the tube, and what a gain leaves of the room to it."""
    sign = 1 if side == "upper" else -1
    noise, time = joint.motor.noise, joint.plant.period
    room = sign * end - joint.tube.speed - (1 + abs(end)) * TINY
    yield Edge(name, (ZERO, Fraction(sign)), room - noise.speed, barrier)
    if alpha is not None and alpha * time < 1:
        (a, b), share = (-joint.stiffness * time, 1 - joint.damping * time), alpha * time
        slower = b - (1 - share)
        rest = share * room - abs(a) * noise.position - abs(slower) * noise.speed
        yield Edge(f"{name}/gain", (sign * a, sign * slower), rest)


def _slanted(joint: _Joint, barrier: Barrier) -> Edge:
    value = barrier.value
    at = {joint.position: Number(joint.posture), joint.speed: number(0)}
    slopes = [derivative(value, (x, NOW)) for x in (joint.position, joint.speed)]
    p, v = (-_value(expanded(replaced(slope, at))) for slope in slopes)
    rest = {(joint.position, NOW): joint.posture, (joint.speed, NOW): ZERO}
    return Edge(barrier.name, (p, v), evaluate_term(value, rest), barrier)


def _value(term: Term) -> Fraction:
    assert isinstance(term, Number)
    return term.value


def _kept(edge: Edge, reserves: Mapping[str, Fraction]) -> Fraction:
    """The reserve of an edge, as room."""
    if edge.reserve is None:
        return ZERO
    names = edge.reserve.name, edge.reserve.family
    asked = max((reserves[name] for name in names if name in reserves), default=ZERO)
    interval = interval_of(edge.reserve)
    if not asked or isinstance(interval, Diagnostic):
        return asked
    if interval.lower is not None and interval.upper is not None:
        return ZERO  # of a side that is not named
    at = [{(interval.state, NOW): Fraction(k)} for k in (0, 1)]
    zero, one = (evaluate_term(edge.reserve.value, each) for each in at)
    return asked / abs(one - zero)


# ---- the ellipsoid -----------------------------------------------------------------------------


def _loop(time: Fraction, k: Fraction, c: Fraction) -> tuple[Pair, Pair]:
    half = time**2 / 2
    return (1 - k * half, time - c * half), (-k * time, 1 - c * time)


def _shape(time: Fraction, k: Fraction, c: Fraction) -> Shape:
    """P; that of the energy k (q - posture)^2 + v^2 where the loop has none, which grows."""
    (a, b), (d, e) = _loop(time, k, c)
    rows = [
        [1 - a * a, -2 * a * d, -d * d, k],
        [-a * b, 1 - a * e - b * d, -d * e, ZERO],
        [-b * b, -2 * b * e, 1 - e * e, Fraction(1)],
    ]
    echelon, pivots = reduced(rows)
    if pivots == [0, 1, 2]:
        p, q, r = (row[-1].limit_denominator(10**6) for row in echelon)
        if p > 0 and p * r > q * q:
            return p, q, r
    return k or Fraction(1), ZERO, Fraction(1)


def _level(shape: Shape, edges: Sequence[Edge], reserves: Mapping[str, Fraction]) -> Fraction:
    levels = [_reach(shape, edge, edge.room - _kept(edge, reserves)) for edge in edges]
    return Fraction(min(levels) * (1 - SLACK) * FINE // 1, FINE)


def _reach(shape: Shape, edge: Edge, room: Fraction) -> Fraction:
    """The level up to which the edge is kept; 0 where it has no room at the posture itself."""
    p, q, r = shape
    determinant = p * r - q * q
    if room <= 0 or determinant <= 0:
        return ZERO
    width = (r * edge.form[0] ** 2 - 2 * q * edge.form[0] * edge.form[1]) + p * edge.form[1] ** 2
    width /= determinant
    if edge.deceleration is None:
        return room * room / width if width else Fraction(10) ** 100
    brake, slope = edge.deceleration, edge.off / edge.deceleration
    left = room - edge.off**2 / (2 * brake)
    least = p / (2 * brake * determinant)
    found = [ZERO]
    for power in range(-40, 60):
        scale = Fraction(2) ** (power // 4) * (4 + power % 4) / 4
        m = least * (1 + scale)
        a, b, c = m * p, m * q, m * r - 1 / (2 * brake)
        if a * c > b * b and a > 0:
            spent = (c - 2 * b * slope + a * slope**2) / (4 * (a * c - b * b))
            found.append((left - spent) / m)
    return max(found)


def _up(value: Fraction) -> Fraction:
    """A short number that is not below the value."""
    return value if value.denominator <= FINE else -(-value * 2**70 // 1) / Fraction(2**70)
