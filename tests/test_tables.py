"""The tables that the parser reads by are those of the grammar; `--update-golden` makes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from verifier.syntax import parse

KEPT = Path(parse.__file__).parent / "tables.json"


def test_the_kept_tables_are_made_from_this_grammar(request: pytest.FixtureRequest) -> None:
    made = parse.tables()
    stamp = json.loads(made)["made_from"]
    if request.config.getoption("--update-golden") and stamp not in KEPT.read_text():
        KEPT.write_text(made)
    assert json.loads(KEPT.read_text())["made_from"] == stamp


def test_kept_tables_read_what_new_ones_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "const a = 2 cm\nskill S { requires a < }\nstate { x : real m in 0 .. 1 }\n"

    def read() -> object:
        parse._parser.cache_clear()
        try:
            return parse.parse(text.replace(" }", " 3 }", 1), "here")
        except parse.SourceError as refused:
            return refused.diagnostics

    kept = read()
    monkeypatch.setattr(parse, "_kept_tables", lambda: None)
    assert read() == kept
    monkeypatch.undo()
    parse._parser.cache_clear()
