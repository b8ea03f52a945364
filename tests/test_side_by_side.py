"""Calls in the branches of `||` in the bundle: each with its own entry, clock and exit gate."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import (
    MS,
    design_of_chain,
    files_of,
    guard_of,
    model_of,
    replayed,
    self_test_agrees,
)

from verifier.core.diagnostic import SourceError
from verifier.emit.binding import Compiled
from verifier.emit.reference import Sample
from verifier.emit.visits import Call

TEXT = """
state {
    x, y, z   : real m in -5 .. 5
    lamp, hot : bool
}
environment { near : bool }
skill Right { ensures x >= old(x) + 1 m  invariant not near else hold  duration 0 s .. 20 ms }
skill Up    { ensures y >= old(y) + 1 m  duration 0 s .. 50 ms }
skill Light { ensures lamp }
skill Heat  { ensures hot  duration 0 s .. 30 ms }
skill Last  { requires lamp  ensures z == 0 m }
chain C {
    assume x <= 0 m and y <= 0 m
    Right() || { if lamp { } else { Light() } Up() } || Heat();
    Last()
}
"""
REST = {"x": 0.0, "y": 0.0, "z": 0.0, "lamp": 1, "hot": 0, "near": 0}


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return guard_of(model_of(TEXT), "C", tmp_path_factory.mktemp("side"))


def at(ms: int, **changed: float) -> Sample:
    return Sample(ms * MS, {**REST, **changed})


def test_who_may_run_beside_whom() -> None:
    plan = design_of_chain(model_of(TEXT), "C").plan
    assert plan.lanes == 3
    assert {gates.text: set(gates.beside) for gates in plan.skills} == {
        "Right()": {"Up()", "Light()", "Heat()"},
        "Light()": {"Right()", "Heat()"},
        "Up()": {"Right()", "Heat()"},
        "Heat()": {"Right()", "Up()", "Light()"},
        "Last()": set(),
    }


def test_each_call_has_an_entry_a_clock_and_an_exit_of_its_own(guard: Compiled) -> None:
    guard.init()
    assert guard.enter("Right()", at(0)) == "OK"
    assert guard.enter("Up()", at(10, x=0.5, y=0.25)) == "OK"
    assert guard.enter("Heat()", at(10, x=0.5, y=0.25)) == "OK"
    assert guard.leave_skill("Right()", at(20, x=1.0, y=1.0)) == "OK"  # since x was 0
    assert guard.step(at(40, x=1.0, y=1.25), ())[0].violated == 0
    assert guard.leave_skill("Up()", at(60, x=1.0, y=1.25)) == "OK"  # since y was 0.25, in 50 ms
    late = guard.step(at(61, x=1.0, y=1.25), ())[0]
    assert late.fallback == "stop"  # Heat() is still there after 51 ms
    assert guard.leave(at(62, hot=1)) == "GATE_CLOSED"  # the only one left needs no name
    assert guard.leave(at(63)) == "OUT_OF_ORDER"


def test_what_stands_one_after_the_other_does_not_run_together(guard: Compiled) -> None:
    for first, second in (("Light()", "Up()"), ("Right()", "Last()"), ("Last()", "Heat()")):
        guard.init()
        assert guard.enter(first, at(0)) == "OK"
        assert guard.enter(second, at(1)) == "OUT_OF_ORDER"
        assert guard.step(at(2), ())[0].fallback == "stop"


def test_the_end_of_one_of_several_has_a_name(guard: Compiled) -> None:
    guard.init()
    assert [guard.enter(call, at(0)) for call in ("Right()", "Heat()")] == ["OK", "OK"]
    assert guard.leave(at(1, x=2.0, hot=1)) == "OUT_OF_ORDER"
    assert guard.leave_skill("Up()", at(1)) == "OUT_OF_ORDER"
    assert guard.leave_skill("Heat()", at(1, hot=1)) == "OK"
    assert guard.step(at(2, near=1), ())[0].fallback == "stop"  # since the order was broken
    guard.init()
    assert [guard.enter(call, at(0)) for call in ("Heat()", "Right()")] == ["OK", "OK"]
    assert guard.step(at(2, near=1), ())[0].fallback == "hold"  # the invariant of Right()


def random_calls(guard: Compiled, rng: random.Random) -> Iterator[Call]:
    calls, ms = [*guard.design.layout.skills, None], 0
    for _ in range(60):
        ms += rng.choice((0, 1, 10, 20, 30))
        wild = {name: rng.choice((-1.0, 0.0, 1.0, 2.0)) for name in "xyz"}
        now = at(ms, **wild, lamp=rng.randrange(2), hot=1, near=rng.random() < 0.05)
        kind = rng.choices(
            ("enter", "leave", "leave_skill", "step", "tick", "init"), (8, 2, 5, 6, 1, 1)
        )[0]
        yield Call(kind, rng.choice(calls), now, (), ms * MS)


def test_c_and_reference_agree(guard: Compiled, tmp_path: Path) -> None:
    rng = random.Random(3)
    busy = 0
    for _ in range(150):
        found = replayed(guard, [Call("init"), *random_calls(guard, rng)])
        busy += sum(v.call.kind == "leave_skill" and v.outcome.status == "OK" for v in found)
    assert busy > 50
    self_test_agrees(files_of(model_of(TEXT), "C"), tmp_path)


def test_one_transition_is_followed_at_a_time() -> None:
    text = """
    state { p, r : real m in 0 .. 10 }
    motion p { speed 1 m/s  acceleration 1 m/s^2 }
    motion r { speed 1 m/s  acceleration 1 m/s^2 }
    skill MoveP { initial p in 1 .. 2  terminal p in 2 .. 3  duration 2 s .. 2 s
                  transition p { velocity 1 m/s after 1 s  velocity 0 after 1 s } }
    skill MoveR { initial r in 1 .. 2  terminal r in 2 .. 3  duration 2 s .. 2 s
                  transition r { velocity 1 m/s after 1 s  velocity 0 after 1 s } }
    chain Both { assume p in 1 .. 2 and r in 1 .. 2  ORDER }
    """
    after = model_of(text.replace("ORDER", "MoveP(); MoveR()"))
    assert len(design_of_chain(after, "Both").tracks) == 2
    beside = model_of(text.replace("ORDER", "MoveP() || MoveR()"))
    with pytest.raises(SourceError) as refused:
        design_of_chain(beside, "Both")
    (first,) = refused.value.diagnostics
    assert first.code == "gate-not-supported" and "at the same time" in first.message


def test_a_chain_that_is_told_a_number_is_emitted_where_it_is_called() -> None:
    text = """
    state { x : real m in 0 .. 10 }
    skill Go(to : real m) { ensures x == to }
    chain Any(goal : real m in 1 .. 9) { Go(goal)  achieve x == goal }
    chain Now { Any(5 m)  achieve x == 5 m }
    """
    model = model_of(text)
    assert [gates.text for gates in design_of_chain(model, "Now").plan.skills] == ["Go(5 m)"]
    with pytest.raises(SourceError) as refused:
        design_of_chain(model, "Any")
    (first,) = refused.value.diagnostics
    assert first.code == "gate-not-supported" and first.message.startswith("`Any` is told `goal`")


def test_the_manifest_names_the_chains_beside() -> None:
    text = """
    state { x, y : bool }
    skill X { ensures x }
    skill Y { ensures y }
    chain A { beside B  X()  achieve x }
    chain B { beside A  Y()  achieve y }
    """
    manifest = json.loads(files_of(model_of(text), "A")["manifest.json"])
    assert manifest["assumptions"][-1] == "`B` runs as it was proved"
    assert manifest["skills"][0]["beside"] == []
