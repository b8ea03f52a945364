"""Sixty more systems whose answers are known by construction, and bad input in variants.

Each system says why its answer is what it is. Valid ones are proved with certificates, invalid ones
refuted with a state; what is neither has a reason, and none is answered wrongly.
"""

from __future__ import annotations

import pytest

from verifier.core.certificate import Certificate
from verifier.core.verdict import Proved, Refuted, Unknown
from verifier.judging import Effort, judged
from verifier.source import Mistakes, settled


def system(
    state: str, inputs: str, rates: str, barriers: str, period: str = "1 ms", more: str = ""
) -> str:
    """`x = -1 .. 1; …`, `u = -1 .. 1; …` (nothing for none), `x' = term; …` in 1/s, barriers."""
    states = "\n".join(f"{n} : real in {r}" for n, _, r in map(_parted, state.split("; ")))
    driven = "\n".join(
        f"input {n} : real in {r}" for n, _, r in map(_parted, filter(None, inputs.split("; ")))
    )
    rate = "\n".join(
        f"dynamics der({n[:-1]}) = ({r}) * 1 Hz" for n, _, r in map(_parted, rates.split("; "))
    )
    time = f"period {period}" if inputs else ""
    kept = "\n".join(f"barrier b{k} = {b}" for k, b in enumerate(barriers.split("; "), start=1))
    return f"state {{\n{states}\n}}\nplant p {{\n{driven}\n{rate}\n{time}\n{more}\n}}\n{kept}\n"


def _parted(text: str) -> tuple[str, str, str]:
    return text.partition(" = ")


DI = ("x = -3 .. 1; v = 0 .. 3", "u = -2 .. 2", "x' = v; v' = u")
HOCBF = ("x = -2 .. 1; v = -1.5 .. 1.5", "u = -3 .. 3", "x' = v; v' = u")


def tumbling(c: str, torque: str) -> str:
    """Three speeds of a body: a b c / (|a| + |b| + |c|) is at most 1/9 on the unit sphere."""
    return system(
        "a = -1.1 .. 1.1; b = -1.1 .. 1.1; c = -1.1 .. 1.1",
        "; ".join(f"{name} = -{torque} .. {torque}" for name in "uvw"),
        f"a' = b * c + u; b' = a * c + v; c' = {c} * a * b + w",
        "1 - a^2 - b^2 - c^2 alpha 1 Hz",
    )


def falling(torque: str, more: str = "", push: str = "") -> str:
    """sin th + 2 om where om = 2 (0.5 - th), om at most 0.5, is greatest at th = 1/4."""
    return system(
        "th = -1 .. 1; om = -0.5 .. 0.5",
        f"u = -{torque} .. {torque}",
        f"th' = om; om' = sin(th * 1 rad) + u{push}",
        "0.5 - th alpha 2 Hz",
        more=more,
    )


def power(force: str) -> str:
    """An oscillator: h' = 2 y (x - 3 x^5 - u), and x - 3 x^5 comes to -2 at the end."""
    return system(
        "x = -1.2 .. 1.2; y = -1.2 .. 1.2",
        f"u = -{force} .. {force}",
        "x' = y; y' = -x + u",
        "1 - x^6 - y^2 alpha 1 Hz",
    )


def post(force: str) -> str:
    """On psi = 0 the least of h'' + h' asks for (p^4 - 1) / (2 p^2) <= 2 A (|x| + |y|): at the
    corner (3, 3), with the speed 17 / (6 sqrt 2) straight at the post, 323 / 432."""
    return system(
        "x = -3 .. 3; y = -3 .. 3; v = -3 .. 3; w = -3 .. 3",
        f"a = -{force} .. {force}; b = -{force} .. {force}",
        "x' = v; y' = w; v' = a; w' = b",
        "x^2 + y^2 - 1 alpha 1 Hz",
    )


def walls(speed: str) -> str:
    """In the corner both rows together say 2 (1/2 + u) <= 0; w does each of them alone."""
    return system(
        "x = -2 .. 2; y = -2 .. 2",
        f"u = -{speed} .. {speed}; w = -1 .. 1",
        "x' = 1/2 + u; y' = w",
        "1 - x - y alpha 1 Hz; 1 - x + y alpha 1 Hz",
    )


def carts(gain: str) -> str:
    """Where h' = -1 = -alpha h, b - a has to be alpha, and is at most 2."""
    return system(
        "x = -3 .. 3; v = -0.5 .. 0.5; y = -3 .. 3; w = -0.5 .. 0.5",
        "a = -1 .. 1; b = -1 .. 1",
        "x' = v; v' = a; y' = w; w' = b",
        f"y - x - 1 alpha {gain} Hz",
    )


VALID = {
    # one state
    "drift is weaker than the input": system(
        "x = -2 .. 1", "u = -1 .. 1", "x' = 1/2 + u", "1 - x alpha 1 Hz"
    ),
    "unstable, but the input holds it": system(
        "x = -1 .. 1", "u = -1 .. 1", "x' = x + u", "1 - x^2 alpha 2 Hz"
    ),
    "a cubic pulls inwards": system(
        "x = -2 .. 2", "u = -0.1 .. 0.1", "x' = -x^3 + u", "1 - x^2 alpha 1 Hz"
    ),
    # two states; sqrt(2 a s) with the exact and with a stronger brake
    "the stop suits the brake": system(*DI, "1 - x - v^2 / 4 alpha 1 Hz keeps x <= 1"),
    "the stop is careful": system(*DI, "1 - x - v^2 / 2 alpha 1 Hz keeps x <= 1"),
    "gain times speed is the input": system(*HOCBF, "2 - v - 2 * x alpha 2 Hz"),
    "relative degree two": system(*HOCBF, "1 - x alpha 2 Hz"),
    "damped oscillator, energy": system(
        "x = -1 .. 1; v = -1 .. 1", "", "x' = v; v' = -x - v", "0.9 - x^2 - v^2"
    ),
    "rotation keeps the radius": system(
        "x = -2 .. 2; y = -2 .. 2",
        "",
        "x' = y; y' = -x",
        "1 - x^2 - y^2 start x^2 + y^2 <= 1/2 keeps x <= 1",
    ),
    "the pendulum's input beats gravity": system(
        "th = -0.5 .. 0.5; om = -1 .. 1",
        "u = -2 .. 2",
        "th' = om; om' = sin(th * 1 rad) + u",
        "1/4 - th^2 - om^2 / 4 - th * om / 4 alpha 1 Hz",
    ),
    "a wall for the tip of an arm": system(
        "p = -3 .. 3; q = -3 .. 3",
        "u = -1 .. 1; w = -1 .. 1",
        "p' = u; q' = w",
        "1.8 - sin(p * 1 rad) - sin((p + q) * 1 rad) alpha 2 Hz",
    ),
    "a quartic cage": system(
        "x = -1.2 .. 1.2; y = -1.2 .. 1.2",
        "u = -1 .. 1; w = -1 .. 1",
        "x' = u; y' = w",
        "1 - x^4 - y^4 alpha 1 Hz",
    ),
    # joint feasibility
    "a corridor of one integrator": system(
        "x = -1 .. 1", "u = -1 .. 1", "x' = u", "1 - x alpha 3 Hz; x + 1 alpha 3 Hz"
    ),
    "stop and creep": system(
        "x = -1 .. 1; v = 0 .. 2",
        "u = -1 .. 1",
        "x' = v; v' = u",
        "1 - x - v^2 / 2 alpha 1 Hz; x + 2 + v alpha 1 Hz",
    ),
    # three to six states
    "three integrators side by side": system(
        "x = -1 .. 1; y = -1 .. 1; z = -1 .. 1",
        "u = -1 .. 1; v = -1 .. 1; w = -1 .. 1",
        "x' = u; y' = v; z' = w",
        "1 - x alpha 1 Hz; 1 - y alpha 1 Hz; 1 - z alpha 1 Hz",
        "10 ms",
    ),
    "six states, one plane": system(
        "; ".join(f"x{k} = -1 .. 1" for k in range(1, 7)),
        "; ".join(f"u{k} = -1 .. 1" for k in range(1, 7)),
        "; ".join(f"x{k}' = u{k}" for k in range(1, 7)),
        "4 - " + " - ".join(f"x{k}" for k in range(1, 7)) + " alpha 1 Hz",
    ),
    # met with equality, or nearly so
    "x^3 is just less than the input at the end": system(
        "x = -2 .. 2", "u = -1.3311 .. 1.3311", "x' = x^3 + u", "1.21 - x^2 alpha 2 Hz"
    ),
    "sin 0.92729 is less than 0.8": system(
        "x = -1.5 .. 1.5", "u = -0.8 .. 0.8", "x' = sin(x * 1 rad) + u", "0.92729 - x alpha 3 Hz"
    ),
    "ln 3 is more than 1.0986122": system(
        "x = 0 .. 2", "u = -1 .. 1", "x' = exp(x) - 2 + u", "1.0986122 - x alpha 3 Hz"
    ),
    "2 (1 - x^2) x has 2 / 2.59807 as its most": system(
        "x = -1.5 .. 1.5; y = -1.5 .. 1.5", "", "x' = -x + 2.598 * y^2; y' = -y", "1 - x^2 - y^2"
    ),
    "van der Pol's push is y^3, and the input 1.01": system(
        "x = -1.2 .. 1.2; y = -1.2 .. 1.2",
        "u = -1.01 .. 1.01",
        "x' = y; y' = (1 - x^2) * y - x + u",
        "1 - x^2 - y^2 alpha 1 Hz",
    ),
    "a tumbling body speeds up by a ninth": tumbling("(-1)", "0.125"),
    "gyroscopic torques do no work": tumbling("(-2)", "0.1"),
    "sin(1/4) + 1 is less than 1.24741": falling("1.24741"),
    "the same with a push of 0.1": falling("1.36", "disturbance d : real in -0.1 .. 0.1", " + d"),
    "x^6, where 3 x^5 - x is 2 at the end": power("2.1"),
    "a puck and a post: 0.7477 is needed": post("0.75"),
    "a slanted pair of walls needs half": walls("0.5"),
    "the gap of two carts, 2 a is alpha dv": carts("2"),
    "in millimetres": system(
        "x = -2000000 .. 2000000",
        "u = -1000 .. 1000",
        "x' = 0.001 * x + u",
        "1000000000000 - x^2 alpha 1 Hz",
    ),
    "9 Hz and a curved wall without margin": system(
        "x = -2 .. 2", "u = -1 .. 1", "x' = u", "1 - x^2 alpha 9 Hz margin 0", "100 ms"
    ),
    "a wall for an elbow whose acceleration is commanded": system(
        "p = -0.5 .. 1.3; v = -1 .. 1",
        "u = -4 .. 4",
        "p' = v; v' = u",
        "0.9 - sin(p * 1 rad) alpha 2 Hz",
    ),
    "sampling just slow enough": system(
        "x = -2 .. 1", "u = -10 .. 10", "x' = u", "1 - x alpha 20 Hz", "50 ms"
    ),
}
INVALID = {
    "drift is stronger than the input": system(
        "x = -2 .. 1", "u = -1 .. 1", "x' = 3/2 + u", "1 - x alpha 1 Hz"
    ),
    "unstable, and the input is too weak": system(
        "x = -1 .. 1", "u = -1/2 .. 1/2", "x' = x + u", "1 - x^2 alpha 2 Hz"
    ),
    "the stop is too bold": system(*DI, "1 - x - v^2 / 5 alpha 1 Hz"),
    "gain times speed is more than the input": system(*HOCBF, "3 - v - 3 * x alpha 3 Hz"),
    "relative degree two with too high a gain": system(*HOCBF, "1 - x alpha 3 Hz"),
    "an oscillator that is driven outwards": system(
        "x = -1 .. 1; v = -1 .. 1", "", "x' = v; v' = -x + v", "0.9 - x^2 - v^2"
    ),
    "a level set that is left": system(
        "x = -2 .. 2; y = -2 .. 2", "", "x' = y; y' = -x", "1 - 2 * x^2 - y^2"
    ),
    "the pendulum's input is weaker than gravity": system(
        "th = -0.5 .. 0.5; om = -1 .. 1",
        "u = -1/5 .. 1/5",
        "th' = om; om' = sin(th * 1 rad) + u",
        "1/4 - th^2 - om^2 / 4 - th * om / 4 alpha 1 Hz",
    ),
    "the barrier keeps less than is wanted": system(
        "x = -2 .. 2", "u = -1 .. 1", "x' = u", "1 - x alpha 1 Hz keeps x <= 0.9"
    ),
    "it begins outside": system(
        "x = -2 .. 2", "u = -1 .. 1", "x' = u", "1 - x alpha 1 Hz start x <= 1.1"
    ),
    "two walls that both push": system(
        "x = -1 .. 1; y = -1 .. 1",
        "u = -1 .. 1",
        "x' = 1/2 + u; y' = 1/2 - u",
        "1/2 - x alpha 1 Hz; 1/2 - y alpha 1 Hz",
    ),
    # the same, missed by little
    "x^3 is more than the input at the end": system(
        "x = -2 .. 2", "u = -1.330999 .. 1.330999", "x' = x^3 + u", "1.21 - x^2 alpha 2 Hz"
    ),
    "sin 0.9273 is more than 0.8": system(
        "x = -1.5 .. 1.5", "u = -0.8 .. 0.8", "x' = sin(x * 1 rad) + u", "0.9273 - x alpha 3 Hz"
    ),
    "ln 3 is less than 1.0986123": system(
        "x = 0 .. 2", "u = -1 .. 1", "x' = exp(x) - 2 + u", "1.0986123 - x alpha 3 Hz"
    ),
    "far inside, exp(2) is too much for the gain": system(
        "x = -2 .. 2", "u = -1 .. 1", "x' = exp(-x) + u", "1 - x alpha 1 Hz"
    ),
    "van der Pol's push is y^3, and the input 0.999": system(
        "x = -1.2 .. 1.2; y = -1.2 .. 1.2",
        "u = -0.999 .. 0.999",
        "x' = y; y' = (1 - x^2) * y - x + u",
        "1 - x^2 - y^2 alpha 1 Hz",
    ),
    "a tumbling body, and 0.11": tumbling("(-1)", "0.11"),
    "sin(1/4) + 1 is more than 1.2474": falling("1.2474"),
    "the same with a push of 0.1 and 1.34": falling(
        "1.34", "disturbance d : real in -0.1 .. 0.1", " + d"
    ),
    "x^6, and 1.9": power("1.9"),
    "a puck and a post, and 0.74": post("0.74"),
    "a slanted pair of walls, and 1e-7 less": walls("0.4999999"),
    "the gap of two carts, and 2.01": carts("2.01"),
    "9.5 Hz and a curved wall without margin": system(
        "x = -2 .. 2", "u = -1 .. 1", "x' = u", "1 - x^2 alpha 9.5 Hz margin 0", "100 ms"
    ),
    "a car that only steers, head on": system(
        "x = -4 .. 4; y = -4 .. 4; th = -4 .. 4",
        "u = -1 .. 1",
        "x' = cos(th * 1 rad); y' = sin(th * 1 rad); th' = u",
        "x^2 + y^2 - 1 alpha 1 Hz",
    ),
    "sampling too slow": system(
        "x = -2 .. 1", "u = -10 .. 10", "x' = u", "1 - x alpha 30 Hz", "50 ms"
    ),
    "no margin for a curved wall": system(
        "x = -1.2 .. 1.2; y = -1.2 .. 1.2",
        "u = -1 .. 1; w = -1 .. 1",
        "x' = u; y' = w",
        "1 - x^4 - y^4 alpha 1 Hz margin 0",
        "10 ms",
    ),
}


def words(text: str) -> dict[str, str]:
    found = {}
    for chain in (model := settled("system.spec", text).model).chains.values():
        for answer in judged(model, chain, Effort(8.0, 1), lambda done, total: None):
            match answer.verdict:
                case Proved(evidence):
                    assert isinstance(evidence, Certificate), answer.obligation.id
                case Refuted():
                    assert answer.state or answer.obligation.rule == "gain"
                case Unknown(reason):
                    assert reason
            found[answer.obligation.id] = type(answer.verdict).__name__
    return found


def test_there_are_sixty() -> None:
    assert len(VALID) + len(INVALID) == 60


@pytest.mark.parametrize("name", VALID)
def test_what_is_valid_is_proved(name: str) -> None:
    assert set(words(VALID[name]).values()) == {"Proved"}, words(VALID[name])


@pytest.mark.parametrize("name", INVALID)
def test_what_is_invalid_is_refuted(name: str) -> None:
    assert set(words(INVALID[name]).values()) == {"Proved", "Refuted"}, words(INVALID[name])


# ---- bad input ---------------------------------------------------------------------------------

HEAD = "state { x : real m in -1 .. 1  v : real m/s in -1 .. 1  a : real m/s^2 in -1 .. 1 }\n"
CART = "plant cart { input u : real m/s in -1 .. 1  dynamics der(x) = u  period 10 ms }\n"
JERKED = (
    "plant cart { input u : real m/s^3 in -1 .. 1  dynamics der(x) = v  dynamics der(v) = a"
    "  dynamics der(a) = u  period 1 ms }\n"
)
BAD = {
    "a barrier about what no plant moves": (
        HEAD + CART + "barrier b = 1 m/s - v alpha 1 Hz",
        "barrier-not-supported",
    ),
    "a barrier about what two plants move": (
        HEAD
        + CART
        + "plant other { input w : real m/s^2 in -1 .. 1  dynamics der(v) = w  period 10 ms }\n"
        + "barrier b = 1 m - x - 1 s * v alpha 1 Hz",
        "barrier-not-supported",
    ),
    "a barrier about nothing": (HEAD + CART + "barrier b = 1 alpha 1 Hz", "barrier-not-supported"),
    "two plants for one variable": (
        HEAD + CART + CART.replace("cart", "other").replace("u :", "w :").replace("= u", "= w"),
        "duplicate-clause",
    ),
    "a root of what may be negative": (
        HEAD + CART + "barrier b = sqrt(x / 1 m) - 0.1 alpha 1 Hz",
        "barrier-not-supported",
    ),
    "a root of a negative number": (
        HEAD + CART + "barrier b = sqrt(-1) - x / 1 m alpha 1 Hz",
        "barrier-not-supported",
    ),
    "dynamics with a denominator": (
        HEAD + CART.replace("= u", "= 1 m * u / x") + "barrier b = 1 m - x alpha 1 Hz",
        "division-by-zero",
    ),
    "a denominator with a root at one point": (
        HEAD + CART + "barrier b = 2 - 1 m^2 / (x - 0.3 m)^2 alpha 1 Hz",
        "division-by-zero",
    ),
    "a person who walks, and an acceleration": (
        HEAD + "plant cart { input u : real m/s^2 in -1 .. 1  disturbance w : real m/s in -1 .. 1"
        "  dynamics der(x) = w - v  dynamics der(v) = u  period 1 ms }\n"
        "barrier b = x - 0.1 m alpha 1 Hz",
        "relative-degree",
    ),
    "degree three": (HEAD + JERKED + "barrier b = 1 m - x alpha 1 Hz", "relative-degree"),
    "degree three, curved": (
        HEAD + JERKED + "barrier b = 1 m^2 - x^2 alpha 1 Hz",
        "relative-degree",
    ),
    "degree three, without a gain": (HEAD + JERKED + "barrier b = 0.5 m - x", "relative-degree"),
    "a denominator": (HEAD + CART + "barrier b = 1 - 1 m / x alpha 1 Hz", "division-by-zero"),
    "a denominator with a root": (
        HEAD + CART + "barrier b = 1 - 1 m^2 / (x^2 - 0.25 m^2) alpha 1 Hz",
        "division-by-zero",
    ),
    "a denominator at an end": (
        HEAD + CART + "barrier b = 2 - 1 m / (1 m - x) alpha 1 Hz",
        "division-by-zero",
    ),
    "alpha is zero": (HEAD + CART + "barrier b = 1 m - x alpha 0 Hz", "bad-gain"),
    "alpha is negative": (HEAD + CART + "barrier b = 1 m - x alpha -2 Hz", "bad-gain"),
    "alpha is a length": (HEAD + CART + "barrier b = 1 m - x alpha 2 m", "unit-mismatch"),
    "limits the wrong way round": (HEAD.replace("-1 .. 1  v", "1 .. -1  v") + CART, "empty-set"),
    "an input the wrong way round": (HEAD + CART.replace("-1 .. 1", "1 .. -1"), "empty-set"),
    "a clamp without zero": (
        HEAD + CART.replace("period 10 ms", "period 10 ms  clamp velocity in 0.5 .. 1"),
        "empty-set",
    ),
    "an input without bounds": (HEAD + CART.replace(" in -1 .. 1", ""), "unbounded-input"),
    "an input with one bound": (
        HEAD + "plant cart { input u : real m/s in 0 ..  dynamics der(x) = u  period 1 ms }",
        "syntax",
    ),
    "an unbounded state": (
        "state { x : real m }\n" + CART + "barrier b = 1 m^2 - x^2 alpha 1 Hz margin 0.1 m^2/s\n"
        "barrier c = 1 m^3 - x^3 alpha 1 Hz",
        "unbounded-state",
    ),
    "a root that may be zero": (
        HEAD + CART + "barrier b = sqrt(x^2) - 1 cm alpha 1 Hz",
        "unbounded-state",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_located_mistake(name: str) -> None:
    text, code = BAD[name]
    with pytest.raises(Mistakes) as mistakes:
        settled("bad.spec", text)
    first = mistakes.value.diagnostics[0]
    assert first.code == code, first
    assert first.span.line >= 1 and first.message
