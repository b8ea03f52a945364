"""The calls of a bundle's self-test.

They visit every gate open and closed, every property at, before and after its deadline, every limit
from both sides, and what no sensor should send.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from verifier.core.term import Formula
from verifier.emit.design import Design, Track
from verifier.emit.reference import Action, Sample
from verifier.emit.scenario import domains, quiet, random_readings, ranges, raw, satisfying
from verifier.monitor.gates import SkillGates
from verifier.monitor.graph import AgedSince, Next, Previous, Since, Until
from verifier.monitor.measured import Reading
from verifier.monitor.watches import DelayedResponse, Invariant, Open, Response
from verifier.safety.affine import Affine, within
from verifier.safety.braking import Drive, clamped, next_position, next_speed
from verifier.safety.filter import Guarded
from verifier.safety.straight import run as run_program

MS = 10**6
SEED = 20260101
STRANGE = (math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7e308, -1.7e308)


@dataclass(frozen=True, slots=True)
class Call:
    """`kind` is init, enter, step, tick, leave, leave_skill or track; None stands for NULL."""

    kind: str
    skill: str | None = None
    now: Sample | None = None
    proposed: Action | None = None
    time_ns: int = 0


def calls(design: Design) -> Iterator[Call]:
    maker = _Maker(design, random.Random(SEED), ranges(design), _calm(design))
    for gates in design.plan.skills:
        yield from maker.skill(gates)
    for track in design.tracks:
        yield from maker.transition(track)
    for one in design.plan.skills:
        for other in design.plan.skills:
            if other.text in one.beside:
                yield from maker.beside(one, other)
    yield from maker.properties()
    yield from maker.deadlines()
    yield from maker.limits()
    if isinstance(design.loop.guarded, Affine):
        yield from maker.steered(design.loop.guarded)
    elif design.loop.guarded is not None:
        yield from maker.filtered(design.loop.guarded)
    yield from maker.strange_samples()
    yield from maker.strange_order()


def _only_false(wanted: Sequence[tuple[Formula, bool]], k: int) -> list[tuple[Formula, bool]]:
    """The same wishes with the k-th formula, wherever it stands, false instead of true."""
    return [(formula, formula != wanted[k][0]) for formula, _ in wanted]


def _calm(design: Design) -> dict[str, Reading]:
    """Readings inside all domains that no property minds, if such are found."""
    rng = random.Random(SEED)
    start = random_readings(design, ranges(design), rng)
    wanted = [*domains(design), *quiet(design)]
    return satisfying(design, wanted, start, {}, rng) or start


def _bounds(design: Design) -> Iterator[int]:
    """The times that some property counts."""
    for watched in design.plan.programs:
        for watch in watched.program.watches:
            if isinstance(watch, Response | DelayedResponse | Open) and watch.bound_ns is not None:
                yield min(watch.bound_ns, MS**2)
        for node in watched.program.graph.nodes:
            if isinstance(node, Since | AgedSince | Previous | Until | Next):
                yield from (ns for ns in (node.low, node.high) if ns)


def _tick(design: Design) -> int:
    """The tick of the grid, 1 ns where there is none."""
    graphs = [watched.program.graph for watched in design.plan.programs]
    return next((graph.grid_ns for graph in graphs if graph.grid_ns is not None), 1)


@dataclass(frozen=True, slots=True)
class _Maker:
    design: Design
    rng: random.Random
    within: Mapping[str, tuple[float, float]]
    calm: Mapping[str, Reading]

    def sample(self, now: Mapping[str, Reading], time_ns: int) -> Sample:
        return raw(self.design, now, time_ns)

    def command(self, size: float) -> Action:
        return tuple(self.rng.gauss(0.0, size) for _ in self.design.loop.joints)

    def step(self, now: Mapping[str, Reading], time_ns: int) -> Call:
        return Call("step", None, self.sample(now, time_ns), self.command(2.0))

    def near(
        self,
        clauses: Sequence[tuple[Formula, bool]],
        start: Mapping[str, Reading],
        entry: Mapping[str, Reading],
    ) -> dict[str, Reading] | None:
        """Readings with these truths, and silent properties if that is possible."""
        wanted = [*domains(self.design), *clauses]
        silent = [*wanted, *quiet(self.design)]
        return satisfying(self.design, silent, start, entry, self.rng) or satisfying(
            self.design, wanted, start, entry, self.rng
        )

    def skill(self, gates: SkillGates) -> Iterator[Call]:
        """Through both gates; then each clause of each gate alone false, where that is found."""
        opening = [(clause.formula, True) for clause in gates.entry]
        closing = [(clause.formula, True) for clause in gates.exit]
        before = self.near(opening, self.calm, self.calm) or dict(self.calm)
        after = self.near(closing, before, before) or before
        yield from self.run(gates, before, after, 100 * MS)
        for k in range(len(opening)):
            wanted = _only_false(opening, k)
            bad = self.near(wanted, before, before)
            if bad is not None:
                yield Call("init")
                yield Call("enter", gates.text, self.sample(bad, MS))
        for k in range(len(closing)):
            wanted = _only_false(closing, k)
            bad = self.near(wanted, after, before)
            if bad is not None:
                yield from self.run(gates, before, bad, 7 * MS)
        if gates.limit is not None:
            for late in (0, 1):
                yield from self.run(gates, before, after, gates.limit.longest_ns + late)

    def run(
        self,
        gates: SkillGates,
        before: Mapping[str, Reading],
        after: Mapping[str, Reading],
        ns: int,
    ) -> Iterator[Call]:
        yield Call("init")
        yield Call("enter", gates.text, self.sample(before, 0))
        yield self.step(before, 0)
        yield self.step(before, max(1, ns // 2))
        yield self.step(after, max(2, ns - 1))
        yield Call("leave", None, self.sample(after, ns))
        yield self.step(after, ns + MS)

    def beside(self, one: SkillGates, other: SkillGates) -> Iterator[Call]:
        """Two calls that run at the same time, ended in either order; what may not join them; one
        that is late; and an end that does not say whose."""
        wanted = [(clause.formula, True) for clause in (*one.entry, *other.entry)]
        before = self.near(wanted, self.calm, self.calm) or dict(self.calm)
        closing = [(clause.formula, True) for clause in (*one.exit, *other.exit)]
        after = self.near(closing, before, before) or before
        for pair in ((one, other), (other, one)):
            yield Call("init")
            yield Call("enter", one.text, self.sample(before, 0))
            yield Call("enter", other.text, self.sample(before, MS))
            yield self.step(after, 2 * MS)
            for ended in pair:
                yield Call("leave_skill", ended.text, self.sample(after, 3 * MS))
                yield self.step(after, (4 + pair.index(ended)) * MS)
        yield Call("init")
        yield Call("enter", one.text, self.sample(before, 0))
        yield Call("enter", other.text, self.sample(before, 0))
        for third in self.design.plan.skills[:4]:
            yield Call("enter", third.text, self.sample(before, 0))
        yield Call("leave", None, self.sample(after, MS))
        yield Call("leave_skill", None, self.sample(after, MS))
        yield Call("leave_skill", one.text, None)
        late = max((g.limit.longest_ns for g in (one, other) if g.limit), default=MS) + 1
        yield self.step(after, late)
        yield Call("leave_skill", other.text, self.sample(after, late))
        yield Call("leave", None, self.sample(after, late))

    def transition(self, track: Track) -> Iterator[Call]:
        """Before, at and behind each joint of the curves, on the way and off it; then what is no
        transition, and samples that cannot be."""
        (gates,) = (each for each in self.design.plan.skills if each.text == track.call)
        opening = [(clause.formula, True) for clause in gates.entry]
        anywhere = random_readings(self.design, self.within, self.rng)
        entry = self.near(opening, anywhere, {}) or self.near(opening, self.calm, {})
        if entry is None:
            return
        yield Call("init")
        yield Call("track", None, self.sample(entry, 0))
        yield Call("enter", track.call, self.sample(entry, MS))
        ends = {0.0} | {s.begin_s + s.duration_s for s in track.table.stretches}
        stamps = {
            MS + max(0, int(end * 1e9) + late) for end in ends for late in (-MS, -1, 0, 1, MS)
        }
        stamps |= {self.rng.randrange(2 * max(stamps)) + MS for _ in range(40)}
        for stamp in (*sorted(stamps), 2**62):
            now = dict(entry)
            for name in track.table.starts[: track.table.moved]:
                value = now[name]
                assert isinstance(value, float)
                now[name] = value + self.rng.choice((0.0, 1e-4, 1e-2)) * self.rng.gauss(0, 1)
            yield Call("track", None, self.sample(now, stamp))
        yield Call("track", None, self.sample(entry, 0))
        yield Call("track", None, None)
        odd = self.sample(entry, 2 * MS)
        name = track.table.starts[0]
        yield Call("track", None, replace(odd, values={**odd.values, name: math.nan}))
        yield Call("step", None, None, self.command(1.0))
        yield Call("track", None, self.sample(entry, 3 * MS))

    def properties(self) -> Iterator[Call]:
        """Each invariant broken alone; each trigger answered, and not, about its deadline."""
        for watched in self.design.plan.programs:
            formula = watched.program.formula
            for watch in watched.program.watches:
                if isinstance(watch, Invariant) and (kept := formula(watch.node)) is not None:
                    broken = self.near([(kept, False)], self.calm, {})
                    yield Call("init")
                    yield self.step(self.calm, 0)
                    yield self.step(broken or self.calm, MS)
                    yield self.step(self.calm, 2 * MS)
                elif isinstance(watch, Response) and watch.bound_ns is not None:
                    asked, answer = formula(watch.trigger), formula(watch.response)
                    if asked is not None and answer is not None:
                        yield from self.response(asked, answer, watch.bound_ns)

    def response(self, trigger: Formula, response: Formula, bound_ns: int) -> Iterator[Call]:
        asked = self.near([(trigger, True), (response, False)], self.calm, {})
        silent = self.near([(trigger, False), (response, False)], self.calm, {})
        answer = self.near([(trigger, False), (response, True)], self.calm, {})
        if asked is None or silent is None or answer is None:
            return
        for late in (-1, 0, 1):
            for last in (answer, silent):
                yield Call("init")
                yield self.step(asked, 0)
                yield self.step(asked, 1)
                yield self.step(last, max(2, bound_ns + late))
                yield self.step(asked, bound_ns + 3)
                yield Call("tick", time_ns=2 * bound_ns + 2)
                yield Call("tick", time_ns=2 * bound_ns + 3)

    def deadlines(self) -> Iterator[Call]:
        """Random readings, with steps of time about each deadline; half of the time on a grid."""
        bounds = sorted(set(_bounds(self.design))) or [MS]
        for run in range(12):
            yield Call("init")
            tick = _tick(self.design) if run % 2 else 1
            time = first = self.rng.randrange(-MS, MS)
            now = random_readings(self.design, self.within, self.rng)
            for _ in range(8):
                time += (first - time) % tick
                yield self.step(now, time)
                bound = self.rng.choice(bounds)
                time += max(1, self.rng.choice((MS, bound - 1, bound, bound + 1, bound // 2)))
                if self.rng.random() < 0.2:
                    yield Call("tick", time_ns=time)
                    time += self.rng.choice((1, MS))
                for name in self.rng.sample(sorted(now), min(3, len(now))):
                    now[name] = random_readings(self.design, self.within, self.rng)[name]

    def limits(self) -> Iterator[Call]:
        """Each joint at, inside and outside each of its limits, pushed either way."""
        yield Call("init")
        time = 0
        for k, joint in enumerate(self.design.loop.joints):
            bounds = joint.bounds
            if bounds is None:
                continue
            for limit in (bounds.lower, bounds.upper):
                for position in (limit, limit * 0.9999, limit * 1.0001, limit + 1.0, limit - 1.0):
                    for push in (1e3, -1e3):
                        now = {**self.calm, bounds.state: position}
                        time += MS
                        proposed = [0.0] * len(self.design.loop.joints)
                        proposed[k] = push
                        yield Call("step", None, self.sample(now, time), tuple(proposed))
        for value in STRANGE:
            time += MS
            proposed = list(self.command(1.0))
            if proposed:
                proposed[self.rng.randrange(len(proposed))] = value
            yield Call("step", None, self.sample(self.calm, time), tuple(proposed))

    def pushed(self, now: Sample, push: float, count: int) -> tuple[Action, list[Call]]:
        """A command of this size, now and then an odd one, and a tick behind some."""
        asked = self.command(push)
        if count % 11 == 10:
            asked = (*asked[:-1], self.rng.choice(STRANGE))
        found = [Call("step", None, now, asked)]
        if count % 7 == 6:
            found.append(Call("tick", time_ns=now.time_ns + 1))
        return asked, found

    def filtered(self, guarded: Guarded) -> Iterator[Call]:
        """Joints near one of their limits, at speed, pushed on or pulled back, for some periods;
        what is measured then is where the joints would be if the push were followed."""
        drives = guarded.filter.drives
        for run in range(24):
            yield Call("init")
            q = [self.near_limit(drive) for drive in drives]
            v = [self.rng.uniform(-1.0, 1.0) * min(drive.speed_upper, 2.0) for drive in drives]
            push = 10.0 ** self.rng.randrange(-1, 4)
            for k in range(6):
                now = dict(self.calm)
                now |= {name: a for name, a in zip(guarded.positions, q, strict=True) if name}
                now |= {name: b for name, b in zip(guarded.speeds, v, strict=True) if name}
                asked, found = self.pushed(self.sample(now, k * MS), push, run + k)
                yield from found
                for j, drive in enumerate(drives):
                    u = clamped(asked[j], 0.1 * drive.box_lower, 0.1 * drive.box_upper)
                    u = u if math.isfinite(u) else 0.0
                    w = next_speed(drive, v[j], u)
                    q[j], v[j] = next_position(drive, q[j], v[j], w), w

    def steered(self, affine: Affine) -> Iterator[Call]:
        """States anywhere in the domains or just outside, pushed on or pulled back for some
        periods; what is measured then is where the plant would be if the push were followed."""
        sides = list(zip(affine.domain.lower, affine.domain.upper, strict=True))
        for run in range(24):
            yield Call("init")
            x = tuple(low + self.rng.uniform(-0.002, 1.002) * (high - low) for low, high in sides)
            push = 10.0 ** self.rng.randrange(-1, 4)
            for k in range(6):
                now = {**self.calm, **dict(zip(affine.states, x, strict=True))}
                asked, found = self.pushed(self.sample(now, k * MS), push, run + k)
                yield from found
                given = tuple(u if math.isfinite(u) else 0.0 for u in asked)
                following = run_program(affine.ahead, (*x, *within(affine.box, given)))["next"]
                x = following if all(map(math.isfinite, following)) else x

    def near_limit(self, drive: Drive) -> float:
        low, high = max(drive.lower, -10.0), min(drive.upper, 10.0)
        share = self.rng.choice((0.0, 0.001, 0.5, 0.999, 1.0, self.rng.random()))
        return low + share * (high - low)

    def strange_samples(self) -> Iterator[Call]:
        """One field of a calm sample that cannot be, then calm again: the fallback stays."""
        for name, place in self.design.layout.places.items():
            odd = STRANGE if place.kind == "real" else (2, 255)
            value = self.rng.choice(odd)
            yield Call("init")
            yield self.step(self.calm, 0)
            bad = self.sample(self.calm, MS)
            bad = replace(bad, values={**bad.values, name: value})
            yield Call("step", None, bad, self.command(1.0))
            yield self.step(self.calm, 2 * MS)

    def strange_order(self) -> Iterator[Call]:
        """Stamps that stand still or go back, NULL, and calls that come at the wrong time."""
        calm, ends = self.calm, (-(2**63), 2**63 - 1)
        for stamps in ((5, 5), (5, 4), (0, 3600 * 10**9, 1), ends, tuple(reversed(ends))):
            yield Call("init")
            for stamp in stamps:
                yield self.step(calm, stamp)
            yield Call("tick", time_ns=stamps[0])
        yield Call("init")
        yield Call("step", None, None, self.command(1.0))
        yield Call("init")
        yield Call("step", None, self.sample(calm, 0), None)
        yield Call("init")
        yield Call("leave", None, self.sample(calm, 0))
        yield Call("init")
        yield Call("enter", None, self.sample(calm, 0))
        for gates in self.design.plan.skills[:2]:
            yield Call("init")
            for _ in range(2):
                yield Call("enter", gates.text, self.sample(calm, 0))
            yield Call("leave", None, None)
