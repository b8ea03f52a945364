"""What is said of properties before anything runs, against random runs that keep their contracts.

A run is a list of moments with their states: the borders of its steps and moments inside of them,
with anything before it and behind it. What is called proved is true at every moment of every run,
what is called refuted is false at some moment of every run, by the definition.
"""

from __future__ import annotations

import bisect
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from formulas import BOOLEANS, EVER, REALS, property_formula, property_of

from verifier.confirming import confirmed
from verifier.core.evaluate import holds
from verifier.core.term import NOW, OLD, Comparison, Number, Proposition, Variable
from verifier.core.verdict import Proved, Refuted, Verdict
from verifier.judging import taken_over
from verifier.model.values import (
    Atom,
    Attempt,
    Block,
    Branch,
    Chain,
    Condition,
    Connective,
    Inlined,
    Interval,
    Loop,
    Modal,
    Model,
    Parallel,
    Statement,
    Step,
    Temporal,
)
from verifier.monitor.definition import Event, asked, value_at
from verifier.obligations.owed import owed
from verifier.promises import _listed
from verifier.solve.discharge import discharge
from verifier.source import settled

State = dict[str, bool | Fraction]
Moments = list[tuple[int, State]]
VALUES = [Fraction(n, 4) for n in (-4, -2, 0, 1, 4, 12)]
MOST_TURNS = 5
LONG_NS = 60
HEAD = f"state {{ {', '.join(BOOLEANS)} : bool  x, y : real m in -1 .. 3 }}\n"


# ---- random chains -----------------------------------------------------------------------------


def literal(rng: random.Random, names: str) -> str:
    name = rng.choice(names)
    if name in BOOLEANS:
        return rng.choice((name, f"not {name}"))
    return f"{name} {rng.choice(('<=', '>='))} {rng.choice(('-0.5', '0', '0.25', '1'))} m"


def skill(rng: random.Random, name: str, names: str) -> str:
    low = rng.choice((10, 15, 30))
    clauses = [f"duration {low} ns .. {low + rng.choice((0, 5, 40))} ns"]
    clauses += [f"ensures {literal(rng, names)}" for _ in range(rng.randrange(3))]
    clauses += [f"requires {literal(rng, names)}" for _ in range(rng.randrange(2))]
    clauses += [f"invariant {literal(rng, names)}" for _ in range(rng.choice((0, 0, 1)))]
    if rng.random() < 0.3:
        clauses.append(f"modifies {rng.choice(names)}")
    return f"skill {name} {{ {'  '.join(clauses)} }}\n"


def chain_text(rng: random.Random, composed: bool) -> str:
    """A chain over skills; branches of `||` speak of other variables than those beside them."""
    everything, left, right = "prsxy", "px", "rsy"
    text = HEAD + "".join(skill(rng, f"S{k}", everything) for k in range(3))
    text += skill(rng, "A", left) + skill(rng, "B", right)

    def calls() -> str:
        return "; ".join(f"S{rng.randrange(3)}()" for _ in range(rng.randrange(1, 3)))

    body = [calls()]
    if composed:
        guard = literal(rng, everything)
        body += [f"if {guard} {{ {calls()} }} else {{ {calls()} }}"]
        body += [f"try {{ {calls()} }} recover {{ {calls()} }}", "A() || B()", "A(); A() || B()"]
        rng.shuffle(body)
        body = body[: rng.randrange(1, 4)]
    start = " and ".join(literal(rng, everything) for _ in range(2))
    return text + f"chain C {{ assume {start}  {'; '.join(body)}  achieve true }}\n"


@dataclass(frozen=True)
class Nested:
    """Random blocks within blocks. `names` are the variables that a block may speak of: those of
    branches of `||` are apart. `breaks` is set within the body of a `try`, which has no other."""

    rng: random.Random
    chains: tuple[str, ...] = ()

    def block(self, depth: int, names: str, most: int, breaks: bool) -> str:
        count = self.rng.randrange(1, most + 1)
        return self.joined([self.statement(depth, names, breaks) for _ in range(count)])

    def joined(self, statements: list[str]) -> str:
        ends = [each if "{" in each and "||" not in each else f"{each};" for each in statements]
        return " ".join(ends).removesuffix(";")

    def statement(self, depth: int, names: str, breaks: bool) -> str:
        rng = self.rng
        kind = rng.randrange(9) if depth else 8

        def below(its: str = names, within: bool = breaks) -> str:
            return f"{{ {self.block(depth - 1, its, 2, within)} }}"

        if kind <= 1:
            return f"if {literal(rng, names)} {below()} else {below()}"
        if kind == 2:
            return f"repeat 2 {below()}"
        if kind == 3 and "x" in names:
            kept = literal(rng, names) if rng.random() < 0.5 else "true"
            down = "Down()" if names == EVERYTHING else "LeftDown()"
            more = [self.statement(depth - 1, names, breaks)] if rng.random() < 0.4 else []
            body = self.joined([down, *more])
            return f"while x >= 0.25 m invariant {kept} variant x / 1 m {{ {body} }}"
        if kind in (4, 5) and not breaks:
            return f"try {below(within=True)} recover {below()}"
        if kind in (6, 7) and names == EVERYTHING:
            return f"{below(LEFT)} || {below(RIGHT)}"
        if names == EVERYTHING:
            return f"{rng.choice(('S0', 'S1', 'S2', *self.chains))}()"
        return f"{'Left' if names == LEFT else 'Right'}{rng.randrange(2)}()"


EVERYTHING, LEFT, RIGHT = "prsxy", "px", "rsy"


def some(rng: random.Random, name: str, names: str, clauses: str = "") -> str:
    """A skill that most states may start."""
    low = rng.choice((1, 5, 10, 15, 30))
    lasts = f"duration {low} ns .. {low + rng.choice((0, 5, 40))} ns"
    told = [lasts if rng.random() < 0.9 else "", clauses]
    told += [f"ensures {literal(rng, names)}" for _ in range(rng.randrange(2))]
    told += [f"requires {literal(rng, names)}" for _ in range(rng.random() < 0.1)]
    told += [f"invariant {literal(rng, names)}" for _ in range(rng.random() < 0.5)]
    told += [f"modifies {rng.choice(names)}" for _ in range(rng.random() < 0.3)]
    return f"skill {name} {{ {'  '.join(told)} }}\n"


def nested_text(rng: random.Random) -> str:
    """A chain of blocks within blocks that calls other chains."""
    text = HEAD + "".join(some(rng, f"S{k}", EVERYTHING) for k in range(3))
    text += "".join(some(rng, f"Left{k}", LEFT) + some(rng, f"Right{k}", RIGHT) for k in range(2))
    lower = "ensures x <= old(x) - 1 m"
    text += some(rng, "Down", EVERYTHING, lower) + some(rng, "LeftDown", LEFT, lower)
    for name in "DE":
        body = Nested(rng).block(1, EVERYTHING, 2, True)
        assumed = f"assume {literal(rng, EVERYTHING)}" if rng.random() < 0.2 else ""
        achieved = literal(rng, EVERYTHING) if rng.random() < 0.2 else "true"
        text += f"chain {name} {{ {assumed}  {body}  achieve {achieved} }}\n"
    start = " and ".join(literal(rng, EVERYTHING) for _ in range(2))
    body = Nested(rng, ("D", "E")).block(rng.choice((1, 1, 2)), EVERYTHING, 2, False)
    return text + f"chain C {{ assume {start}  {body}  achieve true }}\n"


def atom(rng: random.Random) -> Temporal:
    if rng.random() < 0.7:
        found: Temporal = Atom(Proposition(rng.choice(BOOLEANS)), "")
    else:
        border = Number(Fraction(rng.choice((-2, 0, 1, 4)), 4))
        found = Atom(Comparison("<=", Variable(rng.choice(REALS)), border), "")
    return found if rng.random() < 0.5 else Connective("not", (found,))


def timely(rng: random.Random) -> Temporal:
    """One operator of time over literals, with bounds as long as a step or two."""
    low = rng.choice((0, 0, 10, 15, 30))
    high = low + rng.choice((10, 15, 20, 35, 55, 80))
    bound = Interval(Fraction(low, 10**9), Fraction(high, 10**9), rng.random() < 0.2)
    word = rng.choice(("eventually", "eventually", "once", "until", "since", "always"))
    parts = tuple(atom(rng) for _ in range(2 if word in ("until", "since") else 1))
    duty: Temporal = Modal(word, bound, parts)
    if rng.random() < 0.7:
        duty = Connective(rng.choice(("implies", "or")), (atom(rng), duty))
    return Modal("always", EVER, (duty,)) if rng.random() < 0.8 else duty


# ---- random runs -------------------------------------------------------------------------------


class NoRun(Exception):
    """Chance led to a state in which the next step may not begin."""


def any_state(rng: random.Random) -> State:
    found: State = {name: rng.random() < 0.5 for name in BOOLEANS}
    return found | {name: rng.choice(VALUES) for name in REALS}


def true(formula: object, now: State, old: State | None = None) -> bool:
    at = {(name, NOW): value for name, value in now.items()}
    at |= {(name, OLD): value for name, value in (old or now).items()}
    return holds(formula, at)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Runner:
    rng: random.Random

    def block(self, block: Block, time: int, state: State) -> Moments:
        """The moments behind the first one, up to the end of the block."""
        found: Moments = []
        for statement in block:
            found += self.statement(statement, time, state)
            time, state = found[-1] if found else (time, state)
        return found

    def statement(self, statement: Statement, time: int, state: State) -> Moments:
        match statement:
            case Step():
                return self.step(statement, time, state)
            case Parallel(branches):
                return self.together([self.block(b, time, state) for b in branches], state)
            case Branch(cases, otherwise):
                taken = [case.body for case in cases if true(case.guard.formula, state)]
                if not taken and otherwise is None:
                    raise NoRun
                return self.block(taken[0] if taken else otherwise or (), time, state)
            case Attempt(body, recovery):
                ended = self.block(body, time, state)
                if not ended or self.rng.random() < 0.4:
                    return ended
                # Whatever runs may fail at any moment.
                broken = ended[: self.rng.randrange(len(ended) + 1)]
                left = broken[-1] if broken else (time, state)
                return [*broken, *self.block(recovery, *left)]
            case Loop():
                return self.loop(statement, time, state)
            case Inlined(_, assumptions, body, goals):
                self.keeps(assumptions, state)
                found = self.block(body, time, state)
                self.keeps(goals, found[-1][1] if found else state)
                return found

    def keeps(self, wanted: Sequence[Condition], now: State, old: State | None = None) -> None:
        if not all(true(each.formula, now, old) for each in wanted):
            raise NoRun

    def loop(self, loop: Loop, time: int, state: State) -> Moments:
        found: Moments = []
        entry = state
        for _ in range(MOST_TURNS):
            self.keeps(loop.invariants, state, entry)
            if not true(loop.guard.formula, state):
                return found
            found += self.block(loop.body, time, state)
            time, state = found[-1] if found else (time, state)
        raise NoRun

    def step(self, step: Step, time: int, state: State) -> Moments:
        contract, rng = step.contract, self.rng
        self.keeps((*contract.requires, *contract.invariants), state)
        low = int(contract.duration.low * 10**9)
        high = contract.duration.high
        longest = low + LONG_NS if high is None else int(high * 10**9)
        end = time + rng.choice((low, longest, rng.randint(low, longest)))
        inside = {rng.randrange(time + 1, end) for _ in range(rng.randrange(5) if low > 1 else 0)}
        inside |= {each for each in (time + 1, end - 1) if time < each < end and rng.random() < 0.3}
        found = [(stamp, self.changed(step, state, ensures=False)) for stamp in sorted(inside)]
        return [*found, (end, self.changed(step, state, ensures=True))]

    def changed(self, step: Step, before: State, ensures: bool) -> State:
        contract = step.contract
        wanted = (*contract.invariants, *(contract.ensures if ensures else ()))
        for _ in range(200):
            new = any_state(self.rng)
            state = {n: new[n] if n in contract.frame else v for n, v in before.items()}
            if all(true(c.formula, state, before) for c in wanted):
                return state
        raise NoRun

    def together(self, branches: list[Moments], before: State) -> Moments:
        """The moments of all branches; each has its own variables."""
        found: Moments = []
        for stamp in sorted({stamp for branch in branches for stamp, _ in branch}):
            state = dict(before)
            for branch in branches:
                place = bisect.bisect_right([s for s, _ in branch], stamp)
                seen = branch[place - 1][1] if place else before
                state |= {name: value for name, value in seen.items() if value != before[name]}
            found.append((stamp, state))
        return found


def runs(rng: random.Random, chain: Chain, count: int) -> Iterator[Moments]:
    for _ in range(20 * count):
        state = any_state(rng)
        if not all(true(c.formula, state) for c in chain.assumptions):
            continue
        try:
            yield [(0, state), *Runner(rng).block(chain.body, 0, state)]
        except NoRun:
            continue
        count -= 1
        if count == 0:
            return


def event(moment: tuple[int, State]) -> Event:
    stamp, state = moment
    return Event(stamp, {n: v if isinstance(v, bool) else float(v) for n, v in state.items()})


# ---- the comparison ----------------------------------------------------------------------------


def status(verdicts: Sequence[Verdict]) -> str:
    if any(isinstance(each, Refuted) for each in verdicts):
        return "refuted"
    return "proved" if all(isinstance(each, Proved) for each in verdicts) else "deferred"


def said(model: Model, chain: Chain) -> str:
    own = [each for each in owed(model, chain) if each.rule == "property"]
    return status([taken_over(each, confirmed(each, discharge(each, 5))) for each in own])


def compare(rng: random.Random, text: str, properties: int) -> Counter[str]:
    seen: Counter[str] = Counter()
    model = settled("c.contract", text).model
    chain = model.chains["C"]
    known = list(runs(rng, chain, 25))
    for _ in range(properties if known else 0):
        formula = timely(rng) if rng.random() < 0.6 else property_formula(rng, rng.randrange(1, 4))
        found = said(replace(model, properties=(property_of(formula),)), chain)
        seen[found] += 1
        if found == "deferred":
            continue
        parts = asked(formula)
        for run in known:
            ahead = [(-15, any_state(rng))] if rng.random() < 0.3 else []
            if any(part.once for part in parts):
                ahead = []
            rest = [(run[-1][0] + 7 * k, any_state(rng)) for k in range(1, rng.randrange(1, 4))]
            samples = [event(each) for each in (*ahead, *run, *rest)]
            inside = range(len(ahead), len(ahead) + len(run))
            values = [
                value_at(part.body, samples, samples[-1].time_ns, i)
                for part in parts
                for i in (inside[:1] if part.once else inside)
            ]
            where = (text, formula, run)
            assert all(v is True for v in values) if found == "proved" else False in values, where
    return seen


def test_steps_are_listed_in_runs() -> None:
    assert _listed(["3"]) == "3"
    assert _listed(["1", "3", "4", "5", "6", "9"]) == "1, 3 to 6 and 9"
    assert _listed(["1", "2", "4.1", "4.2", "4.3", "7"]) == "1, 2, 4.1, 4.2 and 2 more"


def test_plain_chains_keep_what_is_said_of_them() -> None:
    rng, seen = random.Random(11), Counter[str]()
    for _ in range(25):
        seen += compare(rng, chain_text(rng, composed=False), 12)
    assert min(seen["proved"], seen["refuted"]) >= 10, seen


def test_composed_chains_keep_what_is_said_of_them() -> None:
    rng, seen = random.Random(12), Counter[str]()
    for _ in range(25):
        seen += compare(rng, chain_text(rng, composed=True), 12)
    assert seen["proved"] >= 12 and seen["refuted"] >= 2, seen


def test_blocks_within_blocks_keep_what_is_said_of_them() -> None:
    rng, seen = random.Random(13), Counter[str]()
    for _ in range(12):
        seen += compare(rng, nested_text(rng), 8)
    assert seen["proved"] >= 2, seen


@pytest.mark.nightly
@pytest.mark.parametrize("part", range(4))
def test_so_do_hundreds(part: int) -> None:
    rng, seen = random.Random(20 + part), Counter[str]()
    for _ in range(150):
        seen += compare(rng, nested_text(rng), 8)
    assert seen["proved"] >= 50 and seen["refuted"] >= 5, seen
