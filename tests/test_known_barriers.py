"""Twenty-five systems in units, whose answers follow from what stands beside each of them."""

from __future__ import annotations

import pytest

from verifier.judging import Effort, judged
from verifier.report.values import status
from verifier.source import settled


def plant(
    state: str, inputs: tuple[str, ...], rates: dict[str, str], barriers: str, more: str = ""
) -> str:
    driven = "\n".join(f"input {each}" for each in inputs)
    rate = "\n".join(f"dynamics der({x}) = {term}" for x, term in rates.items())
    kept = "\n".join(f"barrier {each}" for each in barriers.split("; "))
    more = more if "period" in more else f"period 10 ms  {more}"
    return f"state {{ {state} }}\nplant p {{\n{driven}\n{rate}\n{more}\n}}\n{kept}\n"


LINE = "x : real m in -2 .. 2"
SPEED = ("u : real m/s in -1 .. 1",)
FAST = ("u : real m/s in -2 .. 2",)
ANGLE, TURN = "x : real rad in -1.5 .. 1.5", ("u : real rad/s in -0.9 .. 0.9",)
PLANE, BOTH = "x, y : real m in -2 .. 2", ("u : real m/s in -1 .. 1", "w : real m/s in -1 .. 1")
FREE = {"x": "u", "y": "w"}
SECOND = ("x : real m in -2 .. 1  v : real m/s in -1 .. 1", ("u : real m/s^2 in -1 .. 1",))
BELOW = {"x": "v", "v": "u"}
CAR = "v : real m/s in 0 .. 10"
ROLLING = "x, y : real m in -3 .. 3  th : real rad in -4 .. 4"
WHEELS = {"x": "u * cos(th)", "y": "u * sin(th)", "th": "w"}
CUBE = "x^3 / (1 m^2 * 1 s) + u"
RING = "h = 1 m^2 - x^2 - y^2  alpha 5 Hz"

SYSTEMS = {
    "at 1.5 m the drift is 1.5 m/s, the input 1": (
        "barrier",
        "refuted",
        plant(LINE, SPEED, {"x": "1 Hz * x + u"}, "h = 1.5 m - x  alpha 5 Hz"),
    ),
    "at 0.9 m the drift is 0.9 m/s, the input 1": (
        "barrier",
        "proved",
        plant(LINE, SPEED, {"x": "1 Hz * x + u"}, "h = 0.9 m - x  alpha 5 Hz"),
    ),
    "the disturbance is the stronger one": (
        "barrier",
        "refuted",
        plant(
            LINE,
            SPEED,
            {"x": "u + d"},
            "h = 1 m - x  alpha 5 Hz",
            "disturbance d : real m/s in -1.2 .. 1.2",
        ),
    ),
    "the input is the stronger one": (
        "barrier",
        "proved",
        plant(
            LINE,
            SPEED,
            {"x": "u + d"},
            "h = 1 m - x  alpha 5 Hz",
            "disturbance d : real m/s in -0.8 .. 0.8",
        ),
    ),
    "1 cubed is less than 2": (
        "barrier",
        "proved",
        plant(LINE, FAST, {"x": CUBE}, "h = 1 m^2 - x^2  alpha 5 Hz"),
    ),
    "1.3 cubed is more than 2": (
        "barrier",
        "refuted",
        plant(LINE, FAST, {"x": CUBE}, "h = 1.69 m^2 - x^2  alpha 5 Hz"),
    ),
    "sin 1.2 is 0.932": (
        "barrier",
        "refuted",
        plant(ANGLE, TURN, {"x": "1 rad/s * sin(x) + u"}, "h = 1.2 rad - x  alpha 5 Hz"),
    ),
    "sin 1.1 is 0.891": (
        "barrier",
        "proved",
        plant(ANGLE, TURN, {"x": "1 rad/s * sin(x) + u"}, "h = 1.1 rad - x  alpha 5 Hz"),
    ),
    "the gain does not vanish before 0.5 m": (
        "barrier",
        "proved",
        plant(LINE, ("u : real Hz in -1 .. 1",), {"x": "x * u"}, "h = x - 0.5 m  alpha 5 Hz"),
    ),
    "on the edge u = -v is needed, |v| at most 1": (
        "barrier",
        "proved",
        plant(*SECOND, BELOW, "h = 1 m - x  alpha 1 Hz"),
    ),
    "on the edge u = -3 v is needed": (
        "barrier",
        "refuted",
        plant(*SECOND, BELOW, "h = 1 m - x  alpha 3 Hz"),
    ),
    "one row needs u <= -1/2, the other u >= 1/2": (
        "feasibility",
        "refuted",
        plant(
            PLANE,
            FAST,
            {"x": "u + 0.5 m/s", "y": "u - 0.5 m/s"},
            "h = 1 m - x  alpha 5 Hz; k = y  alpha 5 Hz",
        ),
    ),
    "one row needs u <= 1/2, the other u >= -1/2": (
        "feasibility",
        "proved",
        plant(
            PLANE,
            FAST,
            {"x": "u - 0.5 m/s", "y": "u + 0.5 m/s"},
            "h = 1 m - x  alpha 5 Hz; k = y  alpha 5 Hz",
        ),
    ),
    "5 Hz times 300 ms is above 1": (
        "gain",
        "refuted",
        plant(LINE, SPEED, {"x": "u"}, "h = 1 m - x  alpha 5 Hz", "period 300 ms"),
    ),
    "5 Hz times 200 ms is 1": (
        "gain",
        "proved",
        plant(LINE, SPEED, {"x": "u"}, "h = 1 m - x  alpha 5 Hz", "period 200 ms"),
    ),
    "along a tangent a circle is left": (
        "sampling",
        "refuted",
        plant(PLANE, BOTH, FREE, RING + "  margin 0 m^2/s"),
    ),
    "the margin pays for the tangent": ("sampling", "proved", plant(PLANE, BOTH, FREE, RING)),
    "two squares in 10 ms are 2e-4 m^2 at most, 2e-2 m^2/s in a period": (
        "sampling",
        "proved",
        plant(PLANE, BOTH, FREE, RING + "  margin 0.021 m^2/s"),
    ),
    "half of that is not enough": (
        "sampling",
        "refuted",
        plant(PLANE, BOTH, FREE, RING + "  margin 0.01 m^2/s"),
    ),
    "less than nothing is a square": (
        "inhabited",
        "refuted",
        plant(LINE, SPEED, {"x": "u"}, "h = -(x^2) - 1 m^2  alpha 5 Hz"),
    ),
    "drag helps": (
        "barrier",
        "proved",
        plant(
            CAR,
            ("u : real m/s^2 in 0 .. 3",),
            {"v": "u - 0.1 / 1 m * v^2"},
            "h = 5 m/s - v  alpha 2 Hz",
        ),
    ),
    "drag is 0.25, and the motor cannot stop": (
        "barrier",
        "refuted",
        plant(
            CAR,
            ("u : real m/s^2 in 1 .. 3",),
            {"v": "u - 0.01 / 1 m * v^2"},
            "h = 5 m/s - v  alpha 2 Hz",
        ),
    ),
    "wheels that cannot stop": (
        "barrier",
        "refuted",
        plant(
            ROLLING,
            ("u : real m/s in 0.2 .. 1", "w : real rad/s in -1 .. 1"),
            WHEELS,
            "h = 2 m - x  alpha 5 Hz",
        ),
    ),
    "wheels that may stop": (
        "barrier",
        "proved",
        plant(
            ROLLING,
            ("u : real m/s in 0 .. 1", "w : real rad/s in -1 .. 1"),
            WHEELS,
            "h = 2 m - x  alpha 5 Hz",
        ),
    ),
    "a wind of 0.3 m/s for wheels that may back by 0.2": (
        "barrier",
        "refuted",
        plant(
            ROLLING,
            ("u : real m/s in -0.2 .. 0.2", "w : real rad/s in -1 .. 1"),
            WHEELS | {"x": "u * cos(th) + d"},
            "h = 2 m - x  alpha 5 Hz",
            "disturbance d : real m/s in -0.3 .. 0.3",
        ),
    ),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_has_the_answer_that_follows(name: str) -> None:
    rule, answer, text = SYSTEMS[name]
    model = settled("system.spec", text).model
    found = {
        status(each.verdict)
        for chain in model.chains.values()
        for each in judged(model, chain, Effort(8.0, 1), lambda done, total: None)
        if each.obligation.rule == rule
    }
    assert found == {answer} or (answer == "refuted" and answer in found), found
