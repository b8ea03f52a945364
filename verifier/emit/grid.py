"""What waits on a grid, in C: calls of runtime/guard_grid.h. The meaning is monitor/grid.py."""

from __future__ import annotations

from verifier.emit.ctree import (
    Assign,
    At,
    Call,
    Declare,
    Dot,
    Expression,
    Id,
    Int,
    Statement,
    Unary,
    unsigned,
)
from verifier.emit.memory import Machine, cell, field, on_grid, owing, pending
from verifier.monitor.budget import ring_sizes

NOW, TICKS = Id("now_ns"), Id("ticks")


def off_grid(machine: Machine) -> tuple[Expression, ...]:
    """Whether a sample comes where none was declared to come."""
    if not on_grid(machine):
        return ()
    return (Call("guard_off_grid", (_grid(machine), NOW, _tick(machine))),)


def ticked(machine: Machine) -> tuple[Statement, ...]:
    """How many ticks a sample comes after the newest."""
    if not on_grid(machine):
        return ()
    passed = Call("guard_ticks", (_grid(machine), NOW, _tick(machine)))
    return (Declare("const uint64_t", TICKS.name, passed),)


def sampled_at(machine: Machine) -> tuple[Statement, ...]:
    """The sample is the newest from here on."""
    if not on_grid(machine):
        return ()
    grid = field(machine, "grid")
    return (Assign(Dot(grid, "latest_ns"), NOW), Assign(Dot(grid, "started"), unsigned(1)))


def aged_since(
    machine: Machine, k: int, held: Expression, answer: Expression, high: Expression
) -> Expression:
    """What a `since` that starts in the past says."""
    nodes, _ = ring_sizes(machine.graph, machine.watches)
    ring = field(machine, f"ring_{k}"), unsigned(nodes[k])
    latest = Dot(field(machine, "grid"), "latest_ns")
    given = (cell(machine, k), *ring, latest, NOW, _tick(machine), TICKS)
    return Call("guard_aged_step", (*given, held, answer, high))


def delayed_response(
    machine: Machine, k: int, trigger: Expression, response: Expression
) -> Expression:
    """What a delayed response does with a sample."""
    _, owed = ring_sizes(machine.graph, machine.watches)
    newest = Unary("&", At(field(machine, "newest"), unsigned(owing(machine).index(k))))
    ring = field(machine, f"owed_{k}"), unsigned(owed[k])
    given = (pending(machine, k), newest, *ring, NOW, _tick(machine), TICKS)
    return Call("guard_delayed_response_step", (*given, trigger, response))


def _grid(machine: Machine) -> Expression:
    return Unary("&", field(machine, "grid"))


def _tick(machine: Machine) -> Expression:
    assert machine.graph.grid_ns is not None
    return Int(machine.graph.grid_ns, "UINT64_C")
