"""Networks of events in time, in whole ticks: what a chain takes, between any two moments.

Event k comes when its description says, in terms of earlier events; event 0 is the origin. A
`Contingent` event comes after a duration that nobody but the world chooses; a `Chosen` one after a
duration that the robot chooses while it runs; a `Latest` one with the last of several others, as
branches of `||` join. Without Latest events this is a simple temporal network with uncertainty
(Dechter, Meiri and Pearl 1991; Vidal and Fargier 1999); with them it is an acyclic system of max
constraints (McMillan and Dill 1992).

The question is whether the robot can choose so that every separation holds for every contingent
duration, where a choice may depend on what has happened so far and on nothing else (dynamic
controllability, Morris, Muscettola and Vidal 2001). Where nothing is chosen, it is whether every
separation holds for all durations.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verifier.core.span import Span


@dataclass(frozen=True, slots=True)
class Contingent:
    """`start` and then low to high ticks, whatever the world makes of it; None is unbounded.

    `vague` says that the range may be wider than what can happen: it stands for a statement with
    blocks. That proves what it proves, but nothing is refuted by it.
    """

    start: int
    low: int
    high: int | None
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """`start` and then low to high ticks, as the robot chooses."""

    start: int
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Latest:
    """The last of these events; of none, the origin."""

    events: tuple[int, ...]


Event: TypeAlias = Contingent | Chosen | Latest


@dataclass(frozen=True, slots=True)
class Separation:
    """`second` comes at least `low` and at most `high` ticks after `first`; None is no bound."""

    first: int
    second: int
    low: int | None
    high: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Network:
    """`tick` in seconds. `names` and `spans` say what each event is, for readers."""

    events: tuple[Event, ...]
    separations: tuple[Separation, ...]
    tick: Fraction
    names: tuple[str, ...]
    spans: tuple[Span, ...]


# ---- evidence ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Strategy:
    """A proof for a network: how the robot chooses, and how far events lie apart at most.

    `waits` gives each chosen event its rule: it comes as soon as, for every (p, delay), `delay`
    ticks have passed since event p. Every p is an earlier event and every delay at least 0, so that
    the rule needs no foresight; its own start with its own `low` is among them.

    `apart` are rows (x, y, b): event x comes at most b ticks after event y, in every run. A row is
    justified by rows about earlier events, of which (x, x, 0) and what is greater need not be
    listed: with x > y by expanding x, with x < y by expanding y. In the first case (x, y, b) holds
    if b is at least c + high for a contingent x with (start, y, c); c for a latest x with (p, y, c)
    for each of its p; c + delay for a chosen x with (p, y, c) for each of its waits. In the second
    if b is at least c - low for a contingent y with (x, start, c); c for a latest y with (x, p, c)
    for some of its p; c - delay for a chosen y with (x, p, c) for some of its waits. A chosen
    event's `high` is proved by such a row, and so are both ends of each separation.
    """

    waits: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
    apart: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A refutation of a network in which nothing is chosen: one duration for each contingent event
    that is named, the least for the others; `failed` is the separation that does not hold then."""

    durations: tuple[tuple[int, int], ...]
    failed: int


@dataclass(frozen=True, slots=True)
class NegativeCycle:
    """A refutation of any network: with these contingent durations (the least for the others) no
    robot meets all bounds, whatever it knows beforehand. Each event of the cycle comes at most so
    much after the one before it, by a separation, by the bounds of a chosen duration, by a
    contingent duration or because a latest event is not before its events; the sum around the
    cycle is negative. A latest event comes no later than its event only if that is its only one.
    """

    durations: tuple[tuple[int, int], ...]
    cycle: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Demands:
    """A refutation of any network: what has to be so in every run if no separation is ever to
    fail, up to what cannot be.

    A row (x, y, b, first, second) says that event x has to come at most b ticks after event y. It
    is justified by the rows with the numbers `first` and `second`, which stand before it and are -1
    where there is none:

    - by none: a separation or the bounds of a chosen duration demand it, or it is always so: a
      latest event is not before its events;
    - by both, (x, z, c) and (z, y, d): b is at least c + d;
    - by the first alone, if the later of its two events does not happen as the robot likes. From
      (e, y, c) follows (start, y, c - high), and from (x, e, c) follows (x, start, c + low), if e
      is contingent and the other event is its start or comes before it: what came before e began
      cannot depend on how long e takes (the quantifiers of the game, eliminated from the last event
      on as in Fourier and Motzkin). From (l, y, c) follows (p, y, c) for each p of a latest l, and
      from (x, l, c) follows (x, p, c) if p is its only one.

    The last row cannot be: x is y and b is negative; or x is a contingent event without a longest
    duration, and y its start or comes before it.
    """

    rows: tuple[tuple[int, int, int, int, int], ...]


# ---- games -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """Whether `bound` (verifier/core/zone.py) holds of the time of event `first` minus that of
    event `second`, both of which have come; then node `yes` goes on, else node `no`."""

    first: int
    second: int
    bound: int
    yes: int
    no: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What a player does until the next event comes, and which node goes on after each event.

    `act` is empty, and the player waits for the other one; or it is (event, p, low, q, high): if
    nothing comes before, the player ends this event at some time of its own between two that both
    lie ahead: `low` is a bound on the time of p minus that of the event, and `high` on the time
    of the event minus that of q, where p and q have come.
    """

    act: tuple[int, ...]
    after: tuple[tuple[int, int], ...]


Node: TypeAlias = Case | Turn


@dataclass(frozen=True, slots=True)
class StrategyTree:
    """A proof for a network: what the robot does, whatever has happened so far, in which order.

    Node 0 is the beginning, and each node leads to greater ones; -1 is the end, at which all events
    have come, or which no run comes to. The judge follows each order of events with the zone of
    the times at which they may have come. Of events at one instant either order is followed.
    """

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AdversaryTree:
    """A refutation of any network: what the world does, as in StrategyTree, so that a separation
    fails whatever the robot does; at each end -1 one has failed, or no run comes to it.

    Of events at one instant either order is followed here, too: the world may end a step at the
    instant at which the robot ends another one. That takes nothing from the robot: the times from
    which it can still keep all separations are a closed set (finite unions of zones without strict
    bounds, which its own moves project and those of the world intersect), so that what it can do
    against every step that ends a moment later it can do against one that ends at once.
    """

    nodes: tuple[Node, ...]
