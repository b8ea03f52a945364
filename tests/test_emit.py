"""The C that is emitted: what it may contain, what its manifest says, and how a tree is printed."""

from __future__ import annotations

import hashlib
import json
import math
import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

import pytest
from bundles import ROOT, design_of_chain, fetch_cup, files_of, gcc, model_of, tool
from hypothesis import given
from hypothesis import strategies as some

from verifier.core.diagnostic import SourceError
from verifier.core.obligation import Deferral
from verifier.emit.binding import compiled
from verifier.emit.ctree import (
    At,
    Binary,
    Call,
    Choose,
    Declare,
    File,
    Function,
    Id,
    Int,
    Real,
    Remark,
    Repeat,
    Return,
    Statement,
    Unary,
)
from verifier.emit.printer import expression, printed, real
from verifier.emit.source import source
from verifier.obligations.owed import owed
from verifier.pipeline_emit import build_bundle


@cache
def cup_files() -> dict[str, bytes]:
    return files_of(fetch_cup(), "FetchCup")


@cache
def cup_tree() -> File:
    return source(design_of_chain(fetch_cup(), "FetchCup"))


def nodes(value: object) -> Iterator[object]:
    yield value
    if is_dataclass(value):
        for field in fields(value):
            yield from nodes(getattr(value, field.name))
    elif isinstance(value, tuple):
        for part in value:
            yield from nodes(part)


# ---- what the C may contain --------------------------------------------------------------------


def test_nothing_is_global_and_nothing_is_called_but_its_own(tmp_path: Path) -> None:
    made = compiled(cup_files(), tmp_path, "guard.o", ("guard.c",), gcc(), ("-O2", "-c"))
    nm = tool("nm")
    if nm is None:
        return
    listed = subprocess.run([nm, made], capture_output=True, text=True, check=True).stdout
    symbols = [line.split()[-2:] for line in listed.splitlines()]
    public = {name for kind, name in symbols if kind == "T"}
    assert public == {"guard_init", "guard_enter", "guard_step", "guard_tick", "guard_leave"}
    assert {kind for kind, _ in symbols} <= {"T", "t", "r", "U"}, "no data that can be written"
    assert {name for kind, name in symbols if kind == "U"} <= {"memset", "memcpy", "sqrt"}


def test_no_function_calls_itself_in_any_number_of_steps() -> None:
    functions = {f.name: f for f in cup_tree().parts if isinstance(f, Function)}
    calls = {
        name: {n.function for n in nodes(f.body) if isinstance(n, Call)} & set(functions)
        for name, f in functions.items()
    }
    ordered: list[str] = []
    for name in functions:  # each calls only functions that stand before it
        assert calls[name] <= set(ordered), name
        ordered.append(name)


def test_every_loop_is_bounded_by_a_constant() -> None:
    loops = [node for node in nodes(cup_tree()) if isinstance(node, Repeat)]
    assert len(loops) > 5
    for loop in loops:
        assert isinstance(loop.bound, Int) or (
            isinstance(loop.bound, Id) and loop.bound.name.isupper()
        )
    names = ("guard.c", "guard_runtime.h", "guard_temporal.h")
    text = b"".join(cup_files()[name] for name in names).decode()
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert not re.search(
        r"\b(while|goto|malloc|calloc|realloc|free|alloca)\b\s*[({;]", code.replace("while (0)", "")
    )


def test_every_watched_clause_is_traced_to_its_line() -> None:
    text = cup_files()["guard.c"].decode()
    flat = re.sub(r"\s*\n \* ", " ", text)
    for item in json.loads(cup_files()["manifest.json"])["watched"][2:]:
        where = f"{item['span']['file']}:{item['span']['line']}"
        assert where in flat, item["name"]


def test_no_line_of_the_guard_is_longer_than_a_page_is_wide() -> None:
    for name in ("guard.h", "guard.c", "guard_runtime.h", "guard_temporal.h"):
        assert max(map(len, cup_files()[name].decode().splitlines())) <= 100


# ---- the manifest ------------------------------------------------------------------------------


def test_the_manifest_holds_the_hash_of_every_other_file() -> None:
    files = dict(cup_files())
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["files"] == {n: hashlib.sha256(d).hexdigest() for n, d in files.items()}
    headers = {"guard.h", "guard_runtime.h", "guard_temporal.h"}
    assert set(files) == {*headers, "guard.c", "selftest.c", "CMakeLists.txt"}


def test_the_manifest_says_what_is_watched_and_from_where() -> None:
    manifest = json.loads(cup_files()["manifest.json"])
    assert [item["bit"] for item in manifest["watched"]] == list(range(35))
    watched = {item["name"]: item for item in manifest["watched"]}
    assert watched["open_on_crush"]["fallback"] == "retreat"
    assert watched["stop_for_human"]["span"]["file"].endswith("tabletop.spec")
    invariant = watched["Reach(cup)/invariant/1"]
    assert (invariant["text"], invariant["fallback"]) == ("not human_near", "stop")
    text = (ROOT / "contracts" / "manipulation.contract").read_text().splitlines()
    assert "not human_near" in text[invariant["span"]["line"] - 1]
    assert watched["Lift(cup, 10 cm)/duration"]["kind"] == "duration"


def test_every_deferred_obligation_names_a_watched_item() -> None:
    model = fetch_cup()
    obligations = owed(model, model.chains["FetchCup"])
    deferred = {o.question.monitor for o in obligations if isinstance(o.question, Deferral)}
    watched = {item["monitor"] for item in json.loads(cup_files()["manifest.json"])["watched"]}
    assert deferred == {"Reach(cup) invariant not human_near"} and deferred <= watched


def test_a_variable_with_more_labels_than_a_byte_holds_is_refused() -> None:
    labels = ", ".join(f"l{k}" for k in range(256))
    chain = "skill Go { ensures a } chain C { Go() achieve a }"
    with pytest.raises(SourceError) as refused:
        files_of(model_of(f"state {{ m : {{{labels}}}  a : bool }} {chain}"), "C")
    assert [d.code for d in refused.value.diagnostics] == ["gate-not-supported"]


def test_the_manifest_repeats_target_version_and_obligations() -> None:
    model = fetch_cup()
    statuses = {"FetchCup/2": "deferred", "FetchCup/1": "proved"}
    files = build_bundle(model, model.chains["FetchCup"], "thor", statuses, "1.2.3")
    manifest = json.loads(files["manifest.json"])
    assert (manifest["target"], manifest["version"], manifest["schema"]) == ("thor", "1.2.3", 1)
    assert manifest["obligations"] == [
        {"id": "FetchCup/1", "status": "proved"},
        {"id": "FetchCup/2", "status": "deferred"},
    ]
    assert "neoverse_v3ae" in manifest["compile"] and "-ffp-contract=off" in manifest["compile"]


def test_the_same_source_gives_the_same_bytes() -> None:
    assert files_of(fetch_cup(), "FetchCup") == cup_files()


def test_a_source_cannot_write_into_the_c() -> None:
    """A clause's text goes into comments: none can end there."""
    model = model_of("state { a : bool } skill Go { ensures a } chain C { Go() achieve a }")
    assert b"ensures" in files_of(model, "C")["guard.c"]
    hostile = printed(File("x */ int evil; /* y", (Remark("a */ b\n??/ c \\"),)))
    comments = re.fullmatch(r"/\* (.*?) \*/\n\n(/\*.*?\*/)\n", hostile, re.DOTALL)
    assert comments is not None
    assert "*/" not in comments[1] and "*/" not in comments[2][:-2] and "??/" not in hostile


# ---- the printer -------------------------------------------------------------------------------


@given(some.floats(allow_nan=False, allow_infinity=False))
def test_a_constant_has_exactly_its_value(value: float) -> None:
    text = real(value)
    read = float.fromhex(text) if "0x" in text else float(text)
    assert (read, math.copysign(1.0, read)) == (value, math.copysign(1.0, value))


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (Binary("-", Id("a"), Binary("-", Id("b"), Id("c"))), "a - (b - c)"),
        (Binary("-", Binary("-", Id("a"), Id("b")), Id("c")), "(a - b) - c"),
        (Binary("+", Binary("+", Id("a"), Id("b")), Id("c")), "a + b + c"),
        (Binary("*", Binary("+", Id("a"), Id("b")), Real(-2.0)), "(a + b) * (-2.0)"),
        (Unary("-", Real(-0.0)), "-(-0.0)"),
        (Unary("!", Binary("&&", Id("a"), Id("b"))), "!(a && b)"),
        (Choose(Id("c"), At(Id("v"), Int(1, "u")), Int(0)), "c ? v[1u] : 0"),
        (Int(-(2**63), "INT64_C"), "INT64_MIN"),
    ],
)
def test_an_expression_is_printed_with_its_grouping(tree: object, text: str) -> None:
    assert expression(tree) == text  # type: ignore[arg-type]


def test_a_function_is_printed_as_one_reads_it() -> None:
    body: tuple[Statement, ...] = (
        Declare("double", "total", Real(0.0)),
        Repeat("i", Int(3, "u"), (Declare("const double", "x", At(Id("v"), Id("i"))),)),
        Return(Id("total")),
    )
    text = printed(File("One file.", (Function("double", "sum", (), body, remark="Adds."),)))
    assert text == (
        "/* One file. */\n\n/* Adds. */\nstatic double sum(void)\n{\n    double total = 0.0;\n"
        "    for (uint32_t i = 0u; i < 3u; ++i) {\n        const double x = v[i];\n    }\n"
        "    return total;\n}\n"
    )
