"""What is measured: one signal for each declared variable, with the order of its scalars.

A sample of the robot is valid when every boolean is a boolean, every enumeration one of its labels,
every real finite, and every declared domain holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from verifier.core.span import Span
from verifier.core.term import Formula, Sort
from verifier.model.values import Model, StateVariable


@dataclass(frozen=True, slots=True)
class Axis:
    """One index of a signal: a family over the objects of `type`, or `size` numbered parts."""

    type: str | None
    members: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Signal:
    """`scalars` are in row-major order over the axes; `unit` is the SI unit of a real one."""

    name: str
    sort: Sort
    axes: tuple[Axis, ...]
    scalars: tuple[str, ...]
    environment: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Validity:
    """A declared domain, over NOW scalars; `scalars` are the names that it reads."""

    formula: Formula
    scalars: frozenset[str]
    span: Span


def signals(model: Model) -> tuple[Signal, ...]:
    """The signals in the order of the declarations; families without members are left out."""
    return tuple(signal for signal in _signals(model) if signal.scalars)


def validities(model: Model) -> tuple[Validity, ...]:
    return tuple(Validity(d.formula, d.scalars, d.span) for d in model.domains)


def _signals(model: Model) -> Iterator[Signal]:
    for variable in model.variables.values():
        scalars = tuple(s.name for s in model.scalars.values() if s.variable == variable.name)
        axes = (*(_family(model, t) for t in variable.family), *_parts(variable))
        count = 1
        for axis in axes:
            count *= axis.size
        assert count == len(scalars), (variable.name, axes, scalars)
        yield Signal(
            variable.name, variable.sort, axes, scalars, variable.environment, variable.span
        )


def _family(model: Model, type_name: str) -> Axis:
    members = tuple(name for name, kind in model.objects.items() if kind == type_name)
    return Axis(type_name, members, len(members))


def _parts(variable: StateVariable) -> Iterator[Axis]:
    for size in variable.shape:
        yield Axis(None, (), size)
