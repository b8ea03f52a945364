"""Trace files: what is read from each format, what is wrong with one, and what the command says."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest

from verifier.cli import main
from verifier.core.diagnostic import SourceError
from verifier.monitor.definition import Event
from verifier.monitor.program import Program, compile_property, start, step
from verifier.source import settled
from verifier.traces import comma, json_lines
from verifier.traces.fields import fields, nanoseconds, seconds

ROOT = Path(__file__).parent.parent
WORLD = """\
type Item
object cup : Item
state {
    gripper : {open, closed}
    visible : bool[Item]
    q       : real[2] deg
    gap     : real cm
    ee      : point
}
property calm = always (visible[cup] implies eventually[0, 500 ms] gripper == open)
property near = always (q[2] <= 90 deg and gap <= 5 cm and ee.x <= 1 m)
"""
HEADER = "time,gripper,visible[cup],q[2],gap,ee.x\n"
GOOD = f"{HEADER}0,open,true,10,1.5,0.25\n0.5,closed,0,20,2.5,0.5\n"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs the command in an empty folder with the world in it: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "world.spec").write_text(WORLD)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        told = capsys.readouterr()
        assert "Traceback" not in told.err + told.out
        return code, told.out, told.err

    return command


Reader = Callable[..., Iterator[Event]]


def read(reader: Reader, text: str | bytes) -> list[Event]:
    model = settled("world.spec", WORLD).model
    data = text.encode() if isinstance(text, str) else text
    return list(reader(BytesIO(data), "t", fields(model, model.properties), lambda done: None))


# ---- what is read ------------------------------------------------------------------------------


def test_a_number_is_in_its_declared_unit_converted_exactly_and_rounded_once() -> None:
    (first, second) = read(comma.samples, GOOD)
    degree = Fraction(314159265358979323846264338327950288419716939937510, 180 * 10**50)
    assert first.time_ns == 0 and second.time_ns == 500_000_000
    assert first.values == {
        "gripper": "open",
        "visible[cup]": True,
        "q[2]": float(10 * degree),
        "gap": 0.015,
        "ee.x": 0.25,
    }


FORMS = [
    {"gripper": "open", "visible[cup]": True, "q[2]": 10, "gap": 1.5, "ee.x": 0.25},
    {"gripper": "open", "visible": {"cup": 1}, "q": [7, 10], "gap": 1.5, "ee": [0.25, 0, 0]},
    {"gripper": "open", "visible": {"cup": True}, "q": {"2": 1e1}, "gap": "1.5", "ee": {"x": 0.25}},
]


@pytest.mark.parametrize("form", FORMS)
def test_a_line_of_json_is_flat_or_nested(form: dict[str, object]) -> None:
    found = read(json_lines.samples, json.dumps({"time": 0.001, **form}) + "\n")
    assert [event.time_ns for event in found] == [1_000_000]
    assert found[0].values == read(comma.samples, GOOD)[0].values


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff{GOOD}",
        GOOD.replace("\n", "\r\n"),
        GOOD.removesuffix("\n"),
        GOOD.replace("\n", "\n\n"),
        GOOD.replace(",", " , "),
        GOOD.replace("open", '"open"').replace("visible[cup]", '"visible[cup]"'),
        "\n".join(f"{line},x" for line in GOOD.splitlines()),
    ],
)
def test_what_makes_no_difference(text: str) -> None:
    assert read(comma.samples, text) == read(comma.samples, GOOD)


def test_time_is_exact_where_it_can_be_and_rounded_half_to_even() -> None:
    assert nanoseconds("0.1") == 100_000_000 and nanoseconds("-0.5") == -500_000_000
    assert nanoseconds("1700000000.123456789") == 1_700_000_000_123_456_789
    assert nanoseconds("0.0000000005") == 0 and nanoseconds("0.0000000015") == 2
    assert nanoseconds("0.30000000000000004") == 300_000_000 and nanoseconds("1e-3") == 1_000_000
    rng = random.Random(1)
    for _ in range(1000):
        time = rng.randrange(-(2**60), 2**60)
        assert nanoseconds(seconds(time)) == time


# ---- what is wrong -----------------------------------------------------------------------------

WRONG: dict[str, tuple[str, str | bytes, str]] = {
    "empty": ("csv", "", "empty-file 1:1"),
    "blank": ("csv", "\n \n", "empty-file 1:1"),
    "header only": ("csv", HEADER, "empty-file 1:1"),
    "binary": ("csv", HEADER.encode() + b"\xff\xfe", "not-text 2:1"),
    "zero byte": ("csv", GOOD.replace("10", "1\0"), "not-text 2:14"),
    "no time": ("csv", GOOD.replace("time", "t"), "trace-column 1:1"),
    "missing column": ("csv", GOOD.replace("gap", "gapp"), "trace-column 1:1"),
    "column twice": ("csv", GOOD.replace("ee.x", "gap"), "trace-column 1:36"),
    "bad number": ("csv", GOOD.replace("20", "2O"), "trace-value 3:14"),
    "not finite": ("csv", GOOD.replace("20", "nan"), "trace-value 3:14"),
    "infinite": ("csv", GOOD.replace("20", "-inf"), "trace-value 3:14"),
    "too large": ("csv", GOOD.replace("20", "1e400"), "trace-value 3:14"),
    "hexadecimal": ("csv", GOOD.replace("20", "0x20"), "trace-value 3:14"),
    "other digits": ("csv", GOOD.replace("20", "٢٠"), "trace-value 3:14"),
    "underscore": ("csv", GOOD.replace("20", "2_0"), "trace-value 3:14"),
    "no value": ("csv", GOOD.replace("20", ""), "trace-value 3:14"),
    "unknown label": ("csv", GOOD.replace("closed", "shut"), "trace-value 3:5"),
    "not a boolean": ("csv", GOOD.replace("true", "yes"), "trace-value 2:8"),
    "bad time": ("csv", GOOD.replace("0.5,c", "now,c"), "trace-time 3:1"),
    "far time": ("csv", GOOD.replace("0.5,c", "1e300,c"), "trace-time 3:1"),
    "time backwards": ("csv", GOOD.replace("0.5,c", "-1,c"), "trace-time 3:1"),
    "time stands still": ("csv", GOOD.replace("0.5,c", "0.0,c"), "trace-time 3:1"),
    "too many cells": ("csv", GOOD.replace("20", "2,0"), "trace-form 3:1"),
    "too few cells": ("csv", GOOD.replace("20,", "") + "1", "trace-form 3:1"),
    "quotes": ("csv", GOOD.replace("open", '"open'), "trace-form 2:1"),
    "truncated": ("csv", GOOD[:-8], "trace-truncated 3:1"),
    "long line": ("csv", GOOD + "1" * (1 << 21), "trace-form 4:1"),
    "empty lines": ("jsonl", "", "empty-file 1:1"),
    "not JSON": ("jsonl", "{'time': 1}\n", "trace-form 1:2"),
    "truncated JSON": ("jsonl", '{"time": 1, "gr', "trace-truncated 1:15"),
    "a list": ("jsonl", "[1]\n", "trace-form 1:1"),
    "twice": ("jsonl", '{"time": 1, "time": 2}\n', "trace-form 1:1"),
    "nested": ("jsonl", "[" * 100_000 + "\n", "trace-form 1:1"),
    "timeless": ("jsonl", '{"gripper": "open"}\n', "trace-time 1:1"),
    "null time": ("jsonl", '{"time": null}\n', "trace-time 1:2"),
    "missing field": ("jsonl", json.dumps({"time": 0, **FORMS[0], "gap": None}), "trace-value 1:"),
    "no field": ("jsonl", '{"time": 1}\n', "trace-column 1:1"),
    "NaN": ("jsonl", json.dumps({"time": 0, **FORMS[0], "gap": float("nan")}), "trace-value 1:"),
    "object": ("jsonl", json.dumps({"time": 0, **FORMS[0], "gap": {}}), "trace-value 1:"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_in_a_trace_is_located(name: str, run: Run) -> None:
    suffix, data, expected = WRONG[name]
    Path(f"t.{suffix}").write_bytes(data.encode() if isinstance(data, str) else data)
    code, out, err = run("monitor", "world.spec", f"t.{suffix}")
    word, _, at = expected.partition(" ")
    assert (code, out) == (2, "")
    assert f"error[{word}]: " in err and f"--> t.{suffix}:{at}" in err, err


@pytest.mark.parametrize("cut", range(1, len(GOOD)))
def test_a_trace_cut_anywhere_is_refused_or_read_up_to_there(cut: int) -> None:
    try:
        found = read(comma.samples, GOOD[:cut])
    except SourceError as error:
        assert {d.span.file for d in error.diagnostics} == {"t"}
    else:
        assert found[:1] == read(comma.samples, GOOD)[:1] or "0.25".startswith(
            GOOD[:cut].split(",")[-1]
        )


def test_a_near_miss_is_suggested(run: Run) -> None:
    Path("t.csv").write_text(GOOD.replace("gap", "gapp").replace("closed", "close"))
    assert "did you mean `gapp`?" in run("monitor", "world.spec", "t.csv")[2]
    Path("t.csv").write_text(GOOD.replace("closed", "close"))
    err = run("monitor", "world.spec", "t.csv")[2]
    assert "did you mean `closed`?" in err and "3 | 0.5,close,0,20,2.5,0.5" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("world.spec", "t.txt"), "the suffixes are .csv, .jsonl"),
        (("world.spec", "t.csv.gz"), "unpack it first"),
        (("world.spec", "none.csv"), "error[file-not-found]"),
        (("world.spec", "folder.csv"), "error[file-unreadable]"),
        (("none.spec", "t.csv"), "error[file-not-found]"),
        (("world.spec", "t.csv", "--property", "clam"), "did you mean `calm`?"),
        (("empty.spec", "t.csv"), "declares no property"),
        (("world.spec", "t.csv", "--plot", "no/where.svg"), "cannot be written"),
    ],
)
def test_a_wrong_command_ends_with_2(run: Run, arguments: tuple[str, ...], said: str) -> None:
    Path("t.csv").write_text(GOOD)
    Path("folder.csv").mkdir()
    Path("empty.spec").write_text("const a = 1\n")
    code, out, err = run("monitor", *arguments)
    assert (code, out) == (2, "") and said in err


# ---- what the command says ---------------------------------------------------------------------

ANSWERED = f"{HEADER}0,closed,1,0,0,0\n0.5,open,0,0,0,0\n"
LATE = f"{HEADER}0,closed,1,0,0,0\n0.501,open,0,0,0,0\n"
OPEN_END = f"{HEADER}0,closed,1,0,0,0\n0.499,closed,0,0,0,0\n"
FAR = f"{HEADER}0,open,1,0,0,0\n0.1,open,0,0,7.5,0\n"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (ANSWERED, 0, "calm  satisfied"),
        (LATE, 1, "calm  violated  at 0.501 s"),
        (OPEN_END, 3, "calm  unknown  (the trace ends before it is decided)"),
        (FAR, 1, "near  violated  at 0.1 s"),
    ],
)
def test_verdicts_and_exit_codes(run: Run, text: str, code: int, said: str) -> None:
    Path("t.csv").write_text(text)
    ended, out, err = run("monitor", "world.spec", "t.csv")
    assert (ended, err) == (code, "") and said in out, out


def test_a_violation_is_shown_with_what_asked_for_it(run: Run) -> None:
    Path("t.csv").write_text(LATE)
    out = run("monitor", "world.spec", "t.csv", "--property", "calm")[1]
    assert out == (
        "violated: calm is violated at 0.501 s\n"
        "  --> world.spec:10:1\n"
        "   |\n"
        "10 | property calm = always (visible[cup] implies eventually[0, 500 ms] gripper == open)\n"
        f"   | {'^' * 83} false of the sample at 0 s, certain 0.501 s later\n"
        "   |\n"
        "  = the samples around it:\n"
        "      time s  gripper  visible[cup]\n"
        "      0       closed   true          <- asked here\n"
        "      0.501   open     false         <- certain here\n"
        "\n"
        "calm  violated  at 0.501 s\n"
        "t.csv: 2 samples, 0 s to 0.501 s\n"
    )


def test_robustness_is_in_the_unit_of_the_variables(run: Run) -> None:
    Path("t.csv").write_text(f"{HEADER}0,open,0,0,1.5,0\n1,open,0,0,4,0\n")
    Path("one.spec").write_text(
        WORLD.replace("q[2] <= 90 deg and gap <= 5 cm and ee.x <= 1 m", "gap <= 5 cm")
    )
    arguments = ("monitor", "one.spec", "t.csv", "--robustness")
    assert "near  satisfied  robustness 1 cm\n" in run(*arguments)[1]
    found = json.loads(run(*arguments, "--format", "json")[1])["properties"][1]["robustness"]
    assert found["unit"] == "cm" and abs(found["value"] - 1) < 1e-12


def test_json_holds_what_the_text_holds(run: Run) -> None:
    Path("t.csv").write_text(LATE)
    code, out, _ = run("monitor", "world.spec", "t.csv", "--format", "json")
    found = json.loads(out)
    calm, near = found["properties"]
    assert code == 1 and found["schema"] == 1 and found["samples"] == 2
    assert (calm["verdict"], calm["asked_s"], calm["known_s"]) == ("violated", "0", "0.501")
    assert calm["window"]["rows"][1] == {"time_s": "0.501", "values": ["open", False]}
    assert (near["verdict"], near["window"]) == ("satisfied", None)


def test_the_plot_marks_who_asked_and_when_it_was_certain(run: Run) -> None:
    Path("t.csv").write_text(LATE)
    run("monitor", "world.spec", "t.csv", "--plot", "out.svg")
    texts = [e.text for e in ElementTree.parse("out.svg").iter() if e.tag.endswith("text")]
    assert {"calm: violated at 0.501 s", "asked 0 s", "certain 0.501 s", "gripper"} <= {*texts}


def test_a_division_by_zero_is_neither_true_nor_false(run: Run) -> None:
    Path("d.spec").write_text("state { x, y : real m }\nproperty p = always x / y <= 2\n")
    Path("t.csv").write_text("time,x,y\n0,1,1\n1,1,0\n2,9,1\n")
    code, out, _ = run("monitor", "d.spec", "t.csv")
    assert code == 3 and "invalid: p is invalid at 1 s" in out and "<- no value" in out


# ---- long traces -------------------------------------------------------------------------------

LONG_ROWS = 60_000
MEMORY = 400 << 20
CHILD = """
import resource, sys
from verifier.cli import main
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[1]),) * 2)
code = main(["monitor", "world.spec", "long.csv", "--robustness"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
sys.exit(code)
"""


def test_memory_does_not_grow_with_the_trace(run: Run) -> None:
    peaks = []
    for rows in (LONG_ROWS // 10, LONG_ROWS):
        with open("long.csv", "w") as file:
            file.write(HEADER)
            for k in range(rows + 1):
                file.write(f"{k}e-3,{'open' if k % 400 == 399 else 'closed'},1,1,1,0.5\n")
        command = [sys.executable, "-c", CHILD, str(MEMORY)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 3, done.stderr
        assert "calm  unknown" in done.stdout and "near  satisfied" in done.stdout
        peaks.append(int(done.stdout.split()[-1]))
    assert peaks[1] <= peaks[0] + 8192, peaks


# ---- known verdicts ----------------------------------------------------------------------------

CELL = """\
environment {
    human, stopped, released, in_zone, moving, stop_pressed : bool
    grip_force : real N in 0 .. 200
}
const grip_force_max = 40 N
property M1 = always (human implies eventually[0, 500 ms] stopped)
property M2 = always (grip_force > grip_force_max implies eventually[0, 100 ms] released)
property M3 = always not (in_zone and moving)
property M4 = always (stop_pressed implies eventually[0, 500 ms] stopped)
on violation of M1, M2, M3, M4 : stop
"""
KNOWN = [
    ("M1", "human,stopped", "0,1,0 0.500,0,1", 0, "satisfied", None),
    ("M1", "human,stopped", "0,1,0 0.501,0,1", 1, "violated", ("0", "0.501")),
    ("M1", "human,stopped", "0,1,0 0.4,1,0 0.45,0,1 0.95,0,1", 0, "satisfied", None),
    ("M1", "human,stopped", "0,1,0 0.1,1,1 0.101,1,0 0.601,0,0", 1, "violated", ("0.101", "0.601")),
    ("M3", "in_zone,moving", "0,0,1 0.01,1,1", 1, "violated", ("0.01", "0.01")),
    ("M1", "human,stopped", "0,1,0 2,0,0", 1, "violated", ("0", "2")),
    ("M2", "grip_force,released", "0,40.5,0 0.1,20,1", 0, "satisfied", None),
    ("M2", "grip_force,released", "0,40.5,0 0.101,20,1", 1, "violated", ("0", "0.101")),
    ("M2", "grip_force,released", "0,40,0 0.2,40,0 0.4,40,0", 0, "satisfied", None),
    ("M2", "grip_force,released", "0,41,0 0.05,42,1 0.06,42,0", 3, "unknown", None),
    (
        "M2",
        "grip_force,released",
        "0,41,1 0.01,41,0 0.1,0,0 0.11,0,0",
        1,
        "violated",
        ("0.01", "0.11"),
    ),
    ("M4", "stop_pressed,stopped", "0,1,0 0.499,1,0", 3, "unknown", None),
    ("M4", "stop_pressed,stopped", "0,1,0 0.499,1,0 0.5,0,1", 0, "satisfied", None),
    ("M4", "stop_pressed,stopped", "0,1,0 0.3,0,1 0.4,1,0 0.9,0,0", 1, "violated", ("0.4", "0.9")),
    ("M4", "stop_pressed,stopped", "0,0,1 0.1,1,0 0.601,0,1", 1, "violated", ("0.1", "0.601")),
]


@pytest.mark.parametrize(("name", "columns", "rows", "code", "verdict", "moment"), KNOWN)
def test_known_traces_through_the_command(
    run: Run,
    name: str,
    columns: str,
    rows: str,
    code: int,
    verdict: str,
    moment: tuple[str, str] | None,
) -> None:
    Path("cell.spec").write_text(CELL)
    Path("t.csv").write_text("\n".join([f"time,{columns}", *rows.split()]) + "\n")
    arguments = ("monitor", "cell.spec", "t.csv", "--property", name, "--format", "json")
    ended, out, _ = run(*arguments)
    (found,) = json.loads(out)["properties"]
    assert (ended, found["verdict"]) == (code, verdict)
    assert (found["asked_s"], found["known_s"]) == (moment or (None, None))


@pytest.mark.parametrize(("name", "columns", "rows", "code", "verdict", "moment"), KNOWN)
def test_known_traces_online(
    name: str,
    columns: str,
    rows: str,
    code: int,
    verdict: str,
    moment: tuple[str, str] | None,
) -> None:
    """The program of the robot says the same at the last sample as the definition of the page."""
    model = settled("cell.spec", CELL).model
    (prop,) = (each for each in model.properties if each.name == name)
    program = compile_property(prop)
    assert isinstance(program, Program)
    memory = start(program)
    for row in rows.split():
        at, *values = row.split(",")
        known = {
            column: float(value) if column == "grip_force" else value == "1"
            for column, value in zip(columns.split(","), values, strict=True)
        }
        memory = step(program, memory, round(Fraction(at) * 10**9), known)
    assert memory.answer.name.lower() == verdict
    known_ns = None if moment is None else round(Fraction(moment[1]) * 10**9)
    assert memory.violated_ns == known_ns and (code == 1) == (known_ns is not None)
