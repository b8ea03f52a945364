"""The guarded arm of the examples in MuJoCo: distances are measured by code that is not ours."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "examples" / "guarded_arm" / "simulate.py"


@pytest.fixture(scope="module")
def simulate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("simulate", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_no_barrier_is_passed_behind_the_guard_and_some_are_without_it(
    simulate: ModuleType, tmp_path: Path
) -> None:
    run = simulate.Run(simulate.guarded(tmp_path), seed=7)
    log = run.chain()
    worst = {name: min(values) for name, values in log.values.items()}
    assert all(value >= 0 for value in worst.values()), worst
    assert (log.outputs_not_finite, log.outputs_outside) == (0, 0)
    assert log.deviation <= simulate.DEVIATION
    assert run.placed and log.near and log.decisions["REJECT"] > 0
    bare = simulate.Run(None, seed=7).chain()
    assert min(bare.values["globe"]) < -0.01 and min(bare.values["speed"]) < -0.1
    simulate.draw_barriers(log, tmp_path / "barriers.svg")
    simulate.draw_strip(run, tmp_path / "strip.svg")
    assert all((tmp_path / name).stat().st_size > 10_000 for name in ("barriers.svg", "strip.svg"))
