"""Samples that are wrong, commands that come late, disturbances: what is proved of such plants
holds in every closed loop that is tried, and what is refuted is broken by one.

The loops here are the oracle: plain floats, a plant by its equations, a filter by its definition,
hostile errors and commands. They share nothing with the proofs but the margin of a row.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import pytest

from verifier.core.certificate import Certificate
from verifier.core.verdict import Proved, Refuted
from verifier.judging import Effort, judged
from verifier.model.values import Model
from verifier.report.values import Answer, status
from verifier.source import settled

F = Fraction
Vector = Sequence[float]


def answers(model: Model) -> dict[str, Answer]:
    (chain,) = model.chains.values()
    found = judged(model, chain, Effort(8.0, 1), lambda done, total: None)
    assert len({answer.obligation.id for answer in found}) == len(found)
    return {answer.obligation.id.split("/", 1)[1]: answer for answer in found}


# ---- the oracle --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loop:
    """A plant x+ = after(x, u, w), what its samples are off by, and the rows of its filter, each
    (value at a state without the command, slope by the command), to be at least `margin`."""

    after: Callable[[Vector, float, float], list[float]]
    safe: Callable[[Vector], float]
    row: Callable[[Vector], tuple[float, float]]
    start: tuple[float, ...]
    errors: tuple[float, ...]
    push: float
    most: float
    late: int

    def least(self, margin: float, law: Callable[[Vector], float] | None, seed: int) -> float:
        """The least safety in a hostile run: commands as the filter allows, or those of a law."""
        source = random.Random(seed)
        x, under_way = list(self.start), [0.0] * self.late
        worst = self.safe(x)
        for step in range(1500):
            kind = (step // 500 + 1) % 3
            side = 1.0 if kind == 0 else -1.0 if kind == 1 else source.choice((-1.0, 1.0))
            seen = [a + e * side for a, e in zip(x, self.errors, strict=True)]
            for command in under_way:
                seen = self.after(seen, command, 0.0)
            given = self._allowed(seen, margin) if law is None else law(seen)
            under_way.append(min(max(given, -self.most), self.most))
            push = self.push * (1.0 if kind == 1 else source.choice((-1.0, 1.0)))
            x = self.after(x, under_way.pop(0), push)
            worst = min(worst, self.safe(x))
        return worst

    def _allowed(self, seen: Vector, margin: float) -> float:
        """The command that uses up the row."""
        rest, slope = self.row(seen)
        return self.most if rest + slope * self.most >= margin else (margin - rest) / slope


def cart(push: float, late: int, error: float) -> Loop:
    """A cart whose speed is commanded, 10 ms, before a wall at 1 m; alpha is 5 Hz."""
    return Loop(
        lambda x, u, w: [x[0] + 0.01 * (u + w)],
        lambda x: 1.0 - x[0],
        lambda x: (5.0 * (1.0 - x[0]) - push, -1.0),
        (0.0,),
        (error,),
        push,
        2.0,
        late,
    )


def joint(push: float, late: int, error: float, speed_error: float) -> Loop:
    """A joint whose acceleration is commanded, 2 ms, before a limit at 1 rad; alpha is 2 Hz."""
    return Loop(
        lambda x, u, w: [x[0] + 2e-3 * x[1] + 2e-6 * (u + w), x[1] + 2e-3 * (u + w)],
        lambda x: min(1.0 - x[0], -x[1] + 2.0 * (1.0 - x[0])),
        lambda x: (-2.0 * x[1] - push + 2.0 * (-x[1] + 2.0 * (1.0 - x[0])), -1.0),
        (0.98, 0.03),
        (error, speed_error),
        push,
        8.0,
        late,
    )


# ---- rows --------------------------------------------------------------------------------------

CART = """
state {{ x : real m in -1 .. 1 }}
plant cart {{
    input       u : real m/s in -2 .. 2
    disturbance w : real m/s in -{push} .. {push}
    dynamics    der(x) = u + w
    period      10 ms
    latency     {late} ms
    error       x in -{error} .. {error}
    {more}
}}
barrier wall = 1 m - x  alpha 5 Hz  {margin}
"""
JOINT = """
state {{ q : real rad in -2 .. 2  v : real rad/s in -3 .. 3 }}
plant joint {{
    input       a : real rad/s^2 in -8 .. 8
    disturbance w : real rad/s^2 in -{push} .. {push}
    dynamics    der(q) = v
    dynamics    der(v) = a + w
    period      2 ms
    latency     {late} ms
    error       q in -{error} .. {error}
    error       v in -{speed_error} .. {speed_error}
}}
barrier limit = 1 rad - q  alpha 2 Hz  {margin}
"""


def cart_model(push: str, late: int, error: str, margin: str = "", more: str = "") -> Model:
    text = CART.format(push=push, late=late, error=error, margin=margin, more=more)
    return settled("cart.spec", text).model


def joint_model(push: str, late: int, error: str, speed_error: str, margin: str = "") -> Model:
    text = JOINT.format(push=push, late=late, error=error, speed_error=speed_error, margin=margin)
    return settled("joint.spec", text).model


def margin_of(model: Model) -> float:
    ((row,),) = model.rows.values()
    return float(row.margin)


ROWS = {
    "cart with errors": (cart_model("0", 0, "0.02"), cart(0.0, 0, 0.02)),
    "late cart": (cart_model("0.1", 50, "0.02"), cart(0.1, 5, 0.02)),
    "late joint": (joint_model("0.3", 4, "0.001", "0.01"), joint(0.3, 2, 0.001, 0.01)),
    "cart with a margin of its own": (
        cart_model("0.1", 50, "0.02", "margin 0.2 m/s"),
        cart(0.1, 5, 0.02),
    ),
}
BROKEN = {
    "cart without a margin": (
        cart_model("0", 0, "0.02", "margin 0"),
        cart(0.0, 0, 0.02),
        "wall/sampling",
    ),
    "late cart whose margin is for errors alone": (
        cart_model("0.1", 50, "0.02", "margin 0.1 m/s"),
        cart(0.1, 5, 0.02),
        "wall/sampling",
    ),
    "late joint without a margin": (
        joint_model("0.3", 4, "0.001", "0.01", "margin 0"),
        joint(0.3, 2, 0.001, 0.01),
        "limit/sampling/2",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_proved_holds_in_every_loop(name: str) -> None:
    model, loop = ROWS[name]
    for answer in answers(model).values():
        assert isinstance(answer.verdict, Proved), (answer.obligation.id, answer.verdict)
        assert isinstance(answer.verdict.evidence, Certificate)
    assert min(loop.least(margin_of(model), None, seed) for seed in range(8)) >= -1e-12


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_refuted_is_broken_by_a_loop(name: str) -> None:
    model, loop, where = BROKEN[name]
    found = answers(model)
    assert isinstance(found[where].verdict, Refuted) and found[where].state
    assert min(loop.least(margin_of(model), None, seed) for seed in range(8)) < 0


def test_the_state_of_a_refutation_is_replayed() -> None:
    """One period by hand: the sample, the row at it, the command, the wall behind."""
    model, _, where = BROKEN["late cart whose margin is for errors alone"]
    at = answers(model)[where].state
    x, u, error = at["x"], at["u"], at["error of x"]
    late, push = at["w on the way"], at["w in the period"]
    assert all(isinstance(value, Fraction) for value in at.values())
    seen = x + error - F(5, 100) * late  # type: ignore[operator]
    assert abs(error) <= F(2, 100) and max(abs(late), abs(push), abs(u) / 20) <= F(1, 10)  # type: ignore[operator, arg-type]
    assert x <= 1 and -u - F(1, 10) + 5 * (1 - seen) >= F(1, 10)  # type: ignore[operator]
    assert x + F(1, 100) * (u + push) > 1  # type: ignore[operator]


# ---- curved rows -------------------------------------------------------------------------------

DISK = """
state {{ x, y : real m in -1 .. 1 }}
plant disk {{
    input    a, b : real m/s in -1 .. 1
    dynamics der(x) = a
    dynamics der(y) = b
    period   10 ms
    error    x in -0.01 .. 0.01
    error    y in -0.01 .. 0.01
}}
barrier inside = 1 m^2 - x^2 - y^2  alpha 10 Hz  {margin}
"""


def hostile_disk(margin: float, seed: int) -> float:
    """The least safety of a disk that is driven along its boundary, and seen further inside."""
    source = random.Random(seed)
    x, y, worst = 0.999, 0.0, 1.0
    for _ in range(60):
        shift = [source.choice((-0.01, 0.01)) for _ in range(2)]
        p, q = x + shift[0], y + shift[1]
        sides = [k / 10 for k in range(-10, 11)]
        allowed = [
            (a, b)
            for a in sides
            for b in sides
            if -2 * (p * a + q * b) + 10 * (1 - p * p - q * q) >= margin
        ]
        here = (x, y)
        a, b = max(allowed, key=lambda u: _radius(here, u), default=(0.0, 0.0))
        x, y = x + 0.01 * a, y + 0.01 * b
        worst = min(worst, 1 - x * x - y * y)
    return worst


def _radius(at: tuple[float, float], command: tuple[float, float]) -> float:
    return sum((place + 0.01 * speed) ** 2 for place, speed in zip(at, command, strict=True))


@pytest.mark.parametrize(("margin", "word"), [("", "proved"), ("margin 0.02 m^2/s", "refuted")])
def test_a_curved_row(margin: str, word: str) -> None:
    model = settled("disk.spec", DISK.format(margin=margin)).model
    assert status(answers(model)["inside/sampling"].verdict) == word
    least = min(hostile_disk(margin_of(model), seed) for seed in range(6))
    assert (least >= 0) == (word == "proved")


def test_a_plant_that_is_no_chain_is_bounded() -> None:
    """A pendulum that is seen late and wrongly: proved, by a bound on what the delay does."""
    text = """
    state { th : real rad in -0.3 .. 0.3  om : real rad/s in -0.6 .. 0.6 }
    plant pendulum {
        input       u : real in -1 .. 1
        disturbance w : real in -0.02 .. 0.02
        dynamics    der(th) = om
        dynamics    der(om) = (sin(th) + u + w) * 1 rad/s^2
        period      1 ms
        latency     2 ms
        error       th in -0.001 .. 0.001
        error       om in -0.002 .. 0.002
    }
    barrier safe = 1 - 16 * th^2 * 1 1/rad^2 - 8 * om * th * 1 s/rad^2 - 4 * om^2 * 1 s^2/rad^2
        alpha 1 Hz
    """
    model = settled("pendulum.spec", text).model
    assert {status(answer.verdict) for answer in answers(model).values()} == {"proved"}


# ---- too much of it ----------------------------------------------------------------------------


def test_an_error_that_asks_for_more_than_there_is_is_refuted_where_it_does() -> None:
    found = answers(cart_model("0", 0, "0.25"))["wall/feasibility/predicted"]
    assert isinstance(found.verdict, Refuted)
    x, error = found.state["x"], found.state["error of x"]
    share = 5 * F(1, 4)
    assert all(u > 5 * (1 - x - error) - share for u in (F(k, 10) for k in range(-20, 21)))  # type: ignore[operator]


def test_nothing_is_surely_safe_between_limits_that_are_nearer_than_the_errors() -> None:
    text = CART.format(push="0", late=0, error="0.3", margin="", more="")
    text = text.replace("1 m - x", "(x + 0.2 m) * (0.2 m - x)")
    found = answers(settled("cart.spec", text).model)
    assert status(found["wall/inhabited"].verdict) == "refuted"


LAWS = [("0.8", "proved"), ("0.99", "refuted")]


@pytest.mark.parametrize(("aim", "word"), LAWS)
def test_a_law_is_followed_at_what_is_predicted(aim: str, word: str) -> None:
    more = f"baseline [1 1/s * ({aim} m - x)]"
    found = answers(cart_model("0.1", 50, "0.05", more=more))
    assert status(found["wall/baseline"].verdict) == word
    loop = cart(0.1, 5, 0.05)
    least = min(loop.least(0.0, lambda x: float(aim) - x[0], seed) for seed in range(8))
    assert (least >= 0) == (word == "proved")
