"""From any model to the simplest witness: every step is replayed by exact evaluation.

Greedy and deterministic. Each variable in turn takes the first value, from the simplest to the
most particular, that keeps the wanted formulas true and the unwanted one false.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor

from verifier.core.evaluate import NoExactValue, Value, holds
from verifier.core.term import Boolean, Enumeration, Formula, Key, Sort, variables

PASSES = 3


def satisfies(formulas: Sequence[Formula], at: Mapping[Key, Value]) -> bool:
    """Whether every formula is defined and true there."""
    try:
        return all(holds(formula, at) for formula in formulas)
    except NoExactValue:
        return False


def simplest(
    wanted: Sequence[Formula], start: Mapping[Key, Value], sorts: Mapping[str, Sort]
) -> dict[Key, Value]:
    """A state near the start that is simpler, and in which all wanted formulas are still true."""
    values = dict(start)
    about: dict[Key, list[Formula]] = {key: [] for key in values}
    for formula in wanted:
        for key in dict.fromkeys(variables(formula)):
            about[key].append(formula)
    for _ in range(PASSES):
        before = dict(values)
        for key in sorted(values):
            _improve(key, values, about[key], sorts[key[0]])
        if values == before:
            break
    return values


def repaired(
    wanted: Sequence[Formula],
    rounded: Mapping[Key, Value],
    irrational: Sequence[Key],
) -> dict[Key, Value] | None:
    """A rational state near one with rounded values in which all wanted formulas are true; None if
    rounding the irrational ones, together or up and down each, does not give one."""
    values = dict(rounded)
    if satisfies(wanted, values):
        return values
    for digits in range(2, 11):
        for mode in (round, floor, ceil):
            trial = dict(values)
            for key in irrational:
                number = values[key]
                assert isinstance(number, Fraction)
                trial[key] = Fraction(mode(number * 10**digits), 10**digits)
            if satisfies(wanted, trial):
                return trial
    return None


def _improve(key: Key, values: dict[Key, Value], about: Sequence[Formula], sort: Sort) -> None:
    current = values[key]
    for value in _candidates(key, values, sort):
        if value == current:
            break
        values[key] = value
        if satisfies(about, values):
            return
    values[key] = current


def _candidates(key: Key, values: Mapping[Key, Value], sort: Sort) -> Iterator[Value]:
    """Simpler values first; the search stops at the present one."""
    for other in sorted(values):
        if other[0] == key[0] and other[1] < key[1]:
            yield values[other]
    if isinstance(sort, Boolean):
        yield from (False, True)
    elif isinstance(sort, Enumeration):
        yield from sort.labels
    else:
        number = values[key]
        assert isinstance(number, Fraction)
        yield from _numbers(number)


def _numbers(number: Fraction) -> Iterator[Fraction]:
    yield Fraction(0)
    for digits in range(7):
        scale = 10**digits
        near = {Fraction(f(number * scale), scale) for f in (floor, round, ceil)}
        for value in sorted(near, key=abs):
            yield abs(value)
            yield value
        if number in near:
            return
