"""Patterns: each against what it means, position by position; and what is wrong with a pattern."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from verifier.core.diagnostic import Diagnostic, SourceError
from verifier.monitor.definition import Answer, Event
from verifier.source import settled
from verifier.traces.judge import finish, judge, take

ROOT = Path(__file__).parent.parent
MS = 10**6
WITHIN = 2
Row: TypeAlias = list[bool]
Trace: TypeAlias = dict[str, Row]

# ---- what the patterns mean --------------------------------------------------------------------


def stretches(scope: str, t: Trace) -> Iterator[tuple[int, int, bool]]:
    """(first position, position behind the last, whether the scope ended there)."""
    size = len(t["p"])
    match scope:
        case "":
            yield 0, size, False
        case "before":
            if True in t["r"]:
                yield 0, t["r"].index(True), True
        case "after":
            if True in t["q"]:
                yield t["q"].index(True), size, False
        case _:
            for start in range(size):
                if t["q"][start] and not t["r"][start] and True in t["r"][start:]:
                    yield start, t["r"].index(True, start), True


def answered(t: Trace, at: int, end: int, ended: bool, size: int) -> bool:
    """Whether s comes within the bound, or there was not yet time for it."""
    deadline = at + WITHIN
    if any(t["s"][at : min(deadline + 1, end)]):
        return True
    return not ended and deadline >= size


def satisfied(kind: str, t: Trace, start: int, end: int, ended: bool) -> bool:
    p, s, size = t["p"], t["s"], len(t["p"])
    match kind:
        case "absence":
            return not any(p[start:end])
        case "universality":
            return all(p[start:end])
        case "existence" if ended:
            return any(p[start:end])
        case "existence":
            return any(p[start : start + WITHIN + 1]) or start + WITHIN >= size
        case "response":
            places = [k for k in range(start, end) if p[k]]
            return all(answered(t, k, end, ended, size) for k in places)
        case _:
            return all(any(s[start : k + 1]) for k in range(start, end) if p[k])


def late(kind: str, scope: str, t: Trace) -> bool:
    """Of a response in a scope that need not end: whether an s is late already."""
    if kind != "response" or scope not in ("before", "between"):
        return False
    size = len(t["p"])
    for k in range(size - WITHIN):
        if scope == "before":
            inside = not any(t["r"][: k + 1])
        else:
            opened = [j for j in range(k + 1) if t["q"][j] and not any(t["r"][j : k + 1])]
            inside = bool(opened)
        window = slice(k, k + WITHIN + 1)
        if t["p"][k] and inside and not any(t["s"][window]) and not any(t["r"][window]):
            return True
    return False


def meaning(name: str, t: Trace) -> bool:
    """Whether the trace does not violate the pattern."""
    kind, _, scope = name.partition("_")
    held = all(satisfied(kind, t, *stretch) for stretch in stretches(scope, t))
    return held and not late(kind, scope, t)


# ---- the library -------------------------------------------------------------------------------

SIGNALS: dict[str, str] = {
    "absence": "p",
    "universality": "p",
    "existence": "p",
    "response": "ps",
    "precedence": "ps",
}
SCOPES = {"": "", "before": "r", "after": "q", "between": "qr"}
NAMES = [f"{k}_{scope}".rstrip("_") for k, scope in itertools.product(SIGNALS, SCOPES)]


def signals(name: str) -> str:
    kind, _, scope = name.partition("_")
    return SIGNALS[kind] + SCOPES[scope]


def timed(name: str) -> bool:
    kind, _, scope = name.partition("_")
    return kind == "response" or (kind == "existence" and scope in ("", "after"))


def call(name: str) -> str:
    arguments = [*signals(name), *([f"{WITHIN} ms"] if timed(name) else [])]
    return f"{name}({', '.join(arguments)})"


def verdict(formula: str, t: Trace) -> Answer:
    text = (
        'use "patterns.spec"\nstate { p, q, r, s : bool }\n'
        f"property it = {formula}\non violation of it : stop\n"
    )
    judged = judge(settled(str(ROOT / "it.spec"), text).model.properties[-1])
    size = len(t["p"])
    take(judged, [Event(k * MS, {n: t[n][k] for n in "pqrs"}) for k in range(size)])
    finish(judged)
    return judged.answer


def random_trace(rng: random.Random, size: int) -> Trace:
    share = rng.choice((0.2, 0.4, 0.6))
    return {name: [rng.random() < share for _ in range(size)] for name in "pqrs"}


@pytest.mark.parametrize("name", NAMES)
def test_a_pattern_is_violated_by_exactly_the_traces_it_means(name: str) -> None:
    rng = random.Random(name)
    text = f'use "patterns.spec"\nstate {{ p, q, r, s : bool }}\nproperty it = {call(name)}\n'
    prop = settled(str(ROOT / "it.spec"), text).model.properties[-1]
    seen = set()
    for _ in range(400):
        size = rng.randrange(1, 9)
        t = random_trace(rng, size)
        judged = judge(prop)
        take(judged, [Event(k * MS, {n: t[n][k] for n in "pqrs"}) for k in range(size)])
        finish(judged)
        assert (judged.answer is not Answer.VIOLATED) == meaning(name, t), (name, t)
        seen.add(judged.answer is Answer.VIOLATED)
    assert seen == {True, False}


def test_every_pattern_of_the_library_is_known_here() -> None:
    text = 'use "patterns.spec"\n'
    assert set(settled(str(ROOT / "it.spec"), text).scope.patterns) == set(NAMES)


# ---- the page ----------------------------------------------------------------------------------

HEAD = """\
# Patterns of properties

`use "patterns.spec"` brings the patterns of Dwyer, Avrunin and Corbett (Patterns in property
specifications for finite-state verification, 1999). A property calls one with its own conditions:

    property answers = response(stop_pressed, not moving, 500 ms)

`verify-chain fret "whenever stop_pressed the arm shall within 500 ms satisfy not moving"` writes
such properties from structured English. Scopes are `before R,`, `after Q,` and `between Q and R,`,
where it calls these patterns if they say it; `in M,` and `except in M,`, every stretch in which M
holds or does not; `only in M,`, `only before R,` and `only after Q,`, outside of which the response
never holds. Conditions ask by `whenever`, or by `when`, `if`, `upon`, `where` and `unless` where
they become true or false. A probability and the timing `after D` are refused.

A scope is the whole run, the run before the first `r`, the run after the first `q`, or every
stretch from a `q` to the next `r`; it holds the moment of its `q`, not that of its `r`. In the
pictures a sample stands every millisecond, `#` is true, and the time bound is 2 ms.
"""


def picture(name: str, wanted: bool) -> str:
    """The trace with the fewest changes that shows the pattern at work: every signal takes part."""
    rng = random.Random(name)
    busy = signals(name) if wanted and name != "absence" else ""
    best: tuple[int, Trace] | None = None
    for _ in range(4000):
        t = random_trace(rng, 8)
        t |= {n: [False] * 8 for n in "pqrs" if n not in signals(name)}
        if meaning(name, t) != wanted or not all(any(t[n]) for n in busy):
            continue
        if wanted and not list(stretches(name.partition("_")[2], t)):
            continue
        cost = sum(a != b for n in "pqrs" for a, b in itertools.pairwise([False, *t[n]]))
        if best is None or cost < best[0]:
            best = cost, t
    assert best is not None
    rows = best[1]
    return "\n".join(
        f"    {n}  {''.join('#' if v else '.' for v in rows[n])}" for n in signals(name)
    )


def test_the_page_shows_a_trace_for_and_one_against(golden: Callable[[str, str], None]) -> None:
    patterns = settled(str(ROOT / "it.spec"), 'use "patterns.spec"\n').scope.patterns
    source = (ROOT / "specs" / "patterns.spec").read_text(encoding="utf-8")
    parts = [HEAD]
    for name in NAMES:
        lines = source.split("\n")[patterns[name].span.line - 1 : patterns[name].span.end_line]
        formula = "\n".join(f"    {line}" for line in lines)
        parts.append(
            f"## {name}\n\n{formula}\n\nSatisfied by\n\n{picture(name, True)}\n\n"
            f"and violated by\n\n{picture(name, False)}\n"
        )
    golden("docs/patterns.md", "\n".join(parts))


# ---- the construct -----------------------------------------------------------------------------


def mistakes(text: str) -> list[Diagnostic]:
    try:
        settled("it.spec", f"state {{ p, q : bool  x : real m }}\n{text}\n")
    except SourceError as error:
        return list(error.diagnostics)
    return []


RESPONSE = "pattern f(a, b : bool, t : real s) = always (a implies eventually[0, t] b)\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{RESPONSE}property z = f(p, q)", "wrong-arguments"),
        (f"{RESPONSE}property z = f(p, q, 1 s, p)", "wrong-arguments"),
        (f"{RESPONSE}property z = f(p, q, a = p)", "wrong-arguments"),
        (f"{RESPONSE}property z = f(p, q, 1 m)", "unit-mismatch"),
        (f"{RESPONSE}property z = f(p, x, 1 s)", "wrong-type"),
        (f"{RESPONSE}property z = g(p, q, 1 s)", "unknown-function"),
        ("pattern f(a : bool) = always c", "unknown-name"),
        ("pattern f(a : point) = always a", "wrong-type"),
        ("pattern f(a, a : bool) = always a", "duplicate-name"),
        ("pattern f(a : bool) = g(a)\npattern g(a : bool) = f(a)", "circular-definition"),
        (f"{RESPONSE}{RESPONSE}", "duplicate-name"),
    ],
)
def test_what_is_wrong_with_a_pattern(text: str, code: str) -> None:
    assert {d.code for d in mistakes(text)} == {code}


def test_patterns_that_multiply_are_refused_at_once() -> None:
    text = "pattern f0(a : bool) = a and a\n"
    text += "".join(f"pattern f{n}(a : bool) = f{n - 1}(f{n - 1}(a))\n" for n in range(1, 12))
    assert {d.code for d in mistakes(text)} == {"nesting-too-deep"}


def test_a_pattern_means_what_it_stands_for() -> None:
    head = "type Item\nobject i, o : Item\nstate { p, q : bool[Item] }\n"
    pattern = "pattern all(a : bool) = always forall o : Item, p[o] implies a\n"
    short = settled("a.spec", f"{head}{pattern}property z = all(q[o])").model.properties[0]
    long = settled("a.spec", f"{head}property z = always forall j : Item, p[j] implies q[o]")
    assert (
        repr(short.formula).split("text")[0]
        == repr(long.model.properties[0].formula).split("text")[0]
    )
