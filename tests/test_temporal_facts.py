"""Facts about temporal operators that other people's monitors agree on, and dense time.

The rows of data/temporal.jsonl: a formula `f` in prefix form with its bounds in seconds, the values
`v` of its signals, and what is `want`ed at which time. With `dt` the samples are that far apart;
with `end` the values hold from their time on, and in rows with `true`, which are the intervals of
truth up to single points, behind it. A bare name in a row about robustness is its own
robustness, in a row about truth a boolean.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from verifier.core.term import (
    FALSE,
    TRUE,
    Apply,
    Comparison,
    Formula,
    Number,
    Product,
    Proposition,
    Quotient,
    Sum,
    Term,
    Variable,
)
from verifier.model.values import Atom, Connective, Interval, Modal, Temporal
from verifier.monitor.definition import Event, value_at
from verifier.monitor.dense import Trace, distances, verdicts, why_not_dense, why_not_linear
from verifier.monitor.robustness import robustness_at

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "temporal.jsonl").read_text().splitlines()
]
Row = dict[str, Any]


# ---- reading -----------------------------------------------------------------------------------


def exact(value: float | int | str) -> Fraction:
    return Fraction(str(value))


def term(tree: Any) -> Term:
    match tree:
        case str(name):
            return Variable(name)
        case ["abs", inner]:
            return Apply("abs", (term(inner),))
        case ["+", left, right]:
            return Sum((term(left), term(right)))
        case ["-", left, right]:
            return Sum((term(left), Product((Number(Fraction(-1)), term(right)))))
        case ["*", left, right]:
            return Product((term(left), term(right)))
        case ["/", left, right]:
            return Quotient(term(left), term(right))
    return Number(exact(tree))


def comparison(relation: str, left: Term, right: Term) -> Formula:
    if relation in (">", ">="):
        return Comparison("<" if relation == ">" else "<=", right, left)
    return Comparison(relation, left, right)


def formula(tree: Any, numeric: bool) -> Temporal:
    match tree:
        case str(name) if numeric:
            return Atom(Comparison("<=", Number(Fraction(0)), Variable(name)), name)
        case str(name):
            return Atom(Proposition(name), name)
        case ["true"] | ["false"]:
            return Atom(TRUE if tree == ["true"] else FALSE, tree[0])
        case ["not" | "and" | "or" | "implies" | "iff" as word, *parts]:
            return Connective(word, tuple(formula(part, numeric) for part in parts))
        case ["<" | "<=" | ">" | ">=" | "==" as relation, left, right]:
            return Atom(comparison(relation, term(left), term(right)), relation)
        case [word, [low, high], *parts]:
            bound = Interval(Fraction(low), None if high is None else Fraction(high), False)
            return Modal(word, bound, tuple(formula(part, numeric) for part in parts))
    raise AssertionError(tree)


def propositions(found: Temporal) -> set[str]:
    if isinstance(found, Atom):
        return {found.formula.name} if isinstance(found.formula, Proposition) else set()
    return set().union(*map(propositions, found.operands))


def reading(value: float, is_boolean: bool) -> bool | float:
    return bool(value) if is_boolean else float(value)


def close(value: float, wanted: float | str) -> bool:
    return math.isclose(value, float(wanted), rel_tol=0, abs_tol=1e-9)


# ---- sampled time ------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [row for row in ROWS if "dt" in row], ids=lambda r: str(r["f"]))
def test_sampled_time(row: Row) -> None:
    numeric = row["kind"] == "robustness"
    found = formula(row["f"], numeric)
    booleans = propositions(found)
    count = len(next(iter(row["v"].values())))
    samples = [
        Event(
            int(exact(row["dt"]) * i * 10**9),
            {name: reading(values[i], name in booleans) for name, values in row["v"].items()},
        )
        for i in range(count)
    ]
    for i, wanted in row["want"]:
        if numeric:
            assert close(robustness_at(found, samples, i), wanted), i
        else:
            assert value_at(found, samples, samples[-1].time_ns, i) is wanted, i


# ---- dense time --------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [row for row in ROWS if "end" in row], ids=lambda r: str(r["f"]))
def test_dense_time(row: Row) -> None:
    numeric = row["kind"] == "robustness"
    found = formula(row["f"], numeric)
    booleans = propositions(found)
    signals = {
        name: [(exact(t), reading(value, name in booleans)) for t, value in steps]
        for name, steps in row["v"].items()
    }
    begin, end = map(exact, row["end"])
    assert why_not_dense(found) is None
    profile = (distances if numeric else verdicts)(
        found, Trace(begin, end, signals, late="true" in row)
    )
    for time, wanted in row.get("want", ()):
        value = profile.at(exact(time))
        assert close(value, wanted) if numeric else value is wanted, time
    for (low, wanted), (high, _) in pairwise(row.get("steps", ())):
        pieces = zip(pairwise(profile.times), profile.pieces, strict=True)
        for (start, stop), value in pieces:
            if start < exact(high) and stop > exact(low):
                assert close(value, wanted), (start, stop)
    if "true" in row:
        for (start, stop), value in zip(pairwise(profile.times), profile.pieces, strict=True):
            inside = any(exact(low) <= start and stop <= exact(high) for low, high in row["true"])
            assert value is inside, (start, stop)


LINEAR = {"x": [(Fraction(0), 0.0), (Fraction(2), 4.0), (Fraction(4), 0.0)]}


def above(name: str, border: int) -> Temporal:
    return Atom(Comparison("<=", Number(Fraction(border)), Variable(name)), "")


@pytest.mark.parametrize(
    ("border", "low", "high"),
    [(1, Fraction(1, 2), Fraction(7, 2)), (3, Fraction(3, 2), Fraction(5, 2))],
)
def test_a_line_crosses_a_border_at_its_exact_time(
    border: int, low: Fraction, high: Fraction
) -> None:
    profile = verdicts(above("x", border), Trace(Fraction(0), Fraction(4), LINEAR, linear=True))
    assert profile.times == (0, low, 2, high, 4)
    assert profile.points == (False, True, True, True, False)
    assert profile.pieces == (False, True, True, False)


def test_a_window_reaches_a_peak_between_samples() -> None:
    """x is at least 4 at the time 2 alone, so once[0, 1] of it holds from 2 to 3."""
    found = Modal("once", Interval(Fraction(0), Fraction(1), False), (above("x", 4),))
    profile = verdicts(found, Trace(Fraction(0), Fraction(4), LINEAR, linear=True))
    assert [profile.at(Fraction(t, 2)) for t in range(9)] == [t in (4, 5, 6) for t in range(9)]


def test_what_speaks_of_samples_has_no_meaning_between_them() -> None:
    found = Modal("rise", Interval(Fraction(0), None, False), (above("x", 1),))
    assert why_not_dense(found) == "`rise` speaks of samples"
    squared = Comparison("<=", Product((Variable("x"), Variable("x"))), Number(Fraction(2)))
    assert why_not_linear(squared) is not None
    assert why_not_linear(Comparison("<=", Variable("x"), Number(Fraction(2)))) is None
