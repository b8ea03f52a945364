"""The command line: exit codes, mistakes with their places, files written whole or not at all."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from verifier.cli import main
from verifier.cli.command import Refusal, paint
from verifier.cli.progress import progress
from verifier.cli.writing import replace_bundle, write

ROOT = Path(__file__).parent.parent
FETCH = str(ROOT / "examples" / "fetch_cup.contract")
WORLD = """\
type Item
object cup : Item
state {
    gripper : {open, closed}
    gap     : real cm in 0 .. 10
    ee      : point in box(lower = [0, 0, 0], upper = [1, 1, 1])
    held    : bool[Item]
}
skill Open { ensures gripper == open  duration 1 s .. 2 s }
skill Take(o : Item) { requires gripper == open  ensures held[o]  duration 1 s .. 2 s }
skill Lift(o : Item, height : real m) {
    requires held[o]  ensures ee.z >= height  duration 1 s .. 2 s
}
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs the command line in an empty folder: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        told = capsys.readouterr()
        assert "Traceback" not in told.err + told.out
        return code, told.out, told.err

    return command


def chain(body: str) -> str:
    return f"{WORLD}chain C {{\n{body}\n}}\n"


GOOD = chain("    assume gripper == open\n    Take(cup)\n    achieve held[cup]")
BAD = chain("    Take(cup)\n    achieve held[cup]")


# ---- bad input ---------------------------------------------------------------------------------

MISTAKES: dict[str, tuple[bytes, str, int]] = {
    "empty": (b"", "empty-file", 1),
    "binary": (bytes(range(256)) * 20, "not-text", 2),
    "unknown name": (chain("    assume griper == open\n    Open()").encode(), "unknown-name", 15),
    "units": (chain("    assume gap <= 2 cm + 3 s\n    Open()").encode(), "unit-mismatch", 15),
    "ball": (
        chain("    assume ee in ball(center = ee, radius = -2 cm)\n    Open()").encode(),
        "negative-radius",
        15,
    ),
    "NaN": (
        chain("    assume ee in polytope(rows = [[NaN, 0, 0]], bounds = [1])\n    Open()").encode(),
        "not-a-finite-number",
        15,
    ),
    "unknown skill": (chain("    Opne()").encode(), "unknown-skill", 15),
    "too few arguments": (chain("    Lift(cup)").encode(), "wrong-arguments", 15),
    "too many arguments": (chain("    Take(cup, cup)").encode(), "wrong-arguments", 15),
    "argument type": (chain("    Take(2 cm)").encode(), "wrong-type", 15),
    "argument unit": (chain("    Lift(cup, 2 s)").encode(), "unit-mismatch", 15),
    "not closed": (b"chain C {", "unclosed-bracket", 1),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_bad_input_is_located_and_ends_with_2(run: Run, tmp_path: Path, name: str) -> None:
    data, code, line = MISTAKES[name]
    (tmp_path / "a.contract").write_bytes(data)
    ended, out, err = run("a.contract")
    assert ended == 2 and out == ""
    assert re.search(rf"^error\[{code}\]: .+\n +--> a\.contract:{line}:\d+$", err, re.M), err


def test_several_mistakes_are_shown_together(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(chain("    Opne()\n    Tak(cup)").replace("()\n", "();\n"))
    _, _, err = run("a.contract")
    assert err.count("error[unknown-skill]") == 2
    assert "did you mean `Open`?" in err and "did you mean `Take`?" in err


def test_contradictory_assumptions_are_refuted_not_an_error(run: Run, tmp_path: Path) -> None:
    body = "    assume gap <= 1 cm\n    assume gap >= 2 cm\n    Open()\n    achieve held[cup]"
    (tmp_path / "a.contract").write_text(chain(body))
    code, out, err = run("a.contract")
    assert (code, err) == (1, "")
    assert "refuted: no state satisfies what C assumes" in out
    assert "gap <= 1 cm" in out and "gap >= 2 cm" in out
    found = json.loads(run("a.contract", "--format", "json")[1])
    (entry,) = [o for o in found["chains"][0]["obligations"] if o["status"] == "refuted"]
    assert {fact["span"]["line"] for fact in entry["contradiction"]} == {15, 16}
    assert not any(
        o["id"] == "C/achieve" and o["status"] == "proved"
        for o in found["chains"][0]["obligations"]
    )


def test_a_missing_file_a_folder_and_a_closed_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "grasp.contract").write_text(GOOD)
    code, _, err = run("grsp.contract")
    assert code == 2 and "error[file-not-found]" in err and "`grasp.contract`" in err
    code, _, err = run(".")
    assert code == 2 and "error[file-unreadable]" in err
    code, _, err = run("grasp.contract/x")
    assert code == 2 and "error[" in err


def test_an_unknown_chain_is_guessed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(GOOD.replace("chain C", "chain Fetch"))
    for command in (["check"], ["repair"], ["emit", "--target", "host", "-o", "out"]):
        code, _, err = run(*command, "a.contract", "--chain", "Fetsh")
        assert code == 2 and "error[unknown-chain]" in err and "did you mean `Fetch`?" in err
    assert not (tmp_path / "out").exists()


def test_a_wrong_command_line_ends_with_2(run: Run) -> None:
    for arguments in ([], ["check"], ["--wrong"], ["check", "a", "--timeout", "-1"],
                      ["check", "a", "--jobs", "0"], ["check", "a", "--format", "yaml"],
                      ["emit", "a"], ["repair", "a"], ["recheck", "a"]):  # fmt: skip
        assert run(*arguments)[0] == 2


def test_help_and_version_end_with_0(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0 and "recheck" in out
    code, out, _ = run("--version")
    assert code == 0 and re.fullmatch(r"verify-chain \d+\.\d+\.\d+\n", out)


def test_a_defect_of_ours_ends_with_70_and_a_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lies(*_: object) -> object:
        raise ZeroDivisionError("inside")

    (tmp_path / "a.contract").write_text(GOOD)
    monkeypatch.setattr("verifier.judging.owed_once", lies)
    code, _, err = run("a.contract")
    assert code == 70 and "a defect of verify-chain" in err


# ---- verdicts and exit codes -------------------------------------------------------------------


def test_exit_codes_of_verdicts(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.contract").write_text(GOOD)
    (tmp_path / "bad.contract").write_text(BAD)
    assert run("good.contract")[0] == 0
    assert run("bad.contract")[0] == 1
    assert run("good.contract", "bad.contract")[0] == 1
    assert run("check", "good.contract", "--jobs", "1", "--timeout", "5")[0] == 0


def test_what_cannot_be_settled_in_time_is_unknown_and_ends_with_3(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "a.contract").write_text(
        "state { a, b, c, d, e : real in 1 .. 50 }\n"
        "skill Go { ensures a >= 0  duration 1 s .. 2 s }\n"
        "chain C { Go()  achieve a^3 + b^3 + c^3 + a*b*c*d*e != d^3 + e^3 * a + 1 / 7 }\n"
    )
    code, out, err = run("a.contract", "--timeout", "0.2", "--no-cache")
    assert (code, err) == (3, "")
    assert "unknown: C is neither proved nor refuted" in out and "timeout after 200 ms" in out
    assert run("repair", "a.contract", "--chain", "C", "--timeout", "0.2")[0] == 3
    emit = ("emit", "a.contract", "--chain", "C", "--target", "host", "-o", "b")
    assert run(*emit, "--timeout", "0.2")[0] == 3
    assert os.listdir(tmp_path) == ["a.contract"]


def test_a_refuted_claim_is_reported_and_is_no_chain_to_repair(run: Run, tmp_path: Path) -> None:
    """The first witness against a refinement was once handed to the search for repairs."""
    path = tmp_path / "claim.contract"
    path.write_text("""\
state { free, inside : bool  work : real in 0 .. 20 }
skill Enter { requires free  ensures inside }
skill Late refines Enter { requires free and work > 0  ensures inside }
""")
    code, report, _ = run(str(path))
    assert code == 1
    assert "Late refines Enter would need `work > 0`" in report
    for command in (["repair"], ["plan"], ["emit", "--target", "host", "-o", str(tmp_path / "b")]):
        code, _, refusal = run(*command, str(path), "--chain", "Late refines Enter")
        assert code == 2
        assert "is a claim, and no chain with steps" in refusal


def test_a_library_without_chains_is_fine(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(WORLD)
    assert run("a.contract") == (0, "a.contract declares no chain, and has no mistakes\n", "")


def test_a_false_certificate_of_our_own_is_a_defect_and_never_a_proof(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verifier.core.certificate import Clash
    from verifier.core.verdict import Proved

    def lies(obligations, *_: object):  # type: ignore[no-untyped-def]
        return [(place, Proved(Clash(0, 0))) for place in range(len(obligations))]

    (tmp_path / "a.contract").write_text(BAD)
    monkeypatch.setattr("verifier.judging.judge_all", lies)
    code, out, err = run("a.contract")
    assert code == 70 and "proved" not in out and "C/1:Take" in err


def test_a_false_witness_of_our_own_is_a_defect(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verifier.core.obligation import Entailment
    from verifier.core.verdict import Refuted, Unknown, Witness

    def lies(obligations, *_: object):  # type: ignore[no-untyped-def]
        for place, each in enumerate(obligations):
            match each.question:
                case Entailment(_, (goal, *_)):
                    yield place, Refuted(Witness({("gripper", 0): "open"}, goal))
                case _:
                    yield place, Unknown("not asked")

    (tmp_path / "a.contract").write_text(BAD)
    monkeypatch.setattr("verifier.judging.judge_all", lies)
    code, _, err = run("a.contract")
    assert code == 70 and "C/1:Take/precondition" in err


def test_a_solvers_word_is_not_enough_where_certificates_are_required(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from verifier.core.verdict import Proved, SolverWord

    def trusts(obligations, *_: object):  # type: ignore[no-untyped-def]
        return [(p, Proved(SolverWord("z3", "no luck"))) for p in range(len(obligations))]

    (tmp_path / "a.contract").write_text(GOOD)
    monkeypatch.setattr("verifier.judging.judge_all", trusts)
    code, out, _ = run("a.contract")
    assert code == 0 and "by a solver's word alone" in out
    code, out, _ = run("a.contract", "--require-certificates", "--certificates", "c")
    assert code == 3 and "only z3 says so" in out
    assert json.loads((tmp_path / "c" / "C.certificates.json").read_text())["certificates"] == []


# ---- use ---------------------------------------------------------------------------------------


WATCHED = """
environment { asked, told : bool }
state { z : real[1] m in box(lower = -1, upper = 1)  done : bool }
plant slide {
    input    u : real[1] m/s in box(lower = -1, upper = 1)
    dynamics der(z) = u
    period   1 ms
}
property recent = always (asked implies once[100 ms, 1 s] told)
on violation of recent : hold
skill Go { ensures done }
chain C { Go() achieve done }
"""


def test_a_property_beyond_its_memory_is_told_which_bound_to_shorten(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "a.contract"
    path.write_text(WATCHED)
    emit = ("emit", str(path), "--chain", "C", "--target", "host", "-o", str(tmp_path / "out"))
    code, out, err = run(*emit, "--property-memory", "500")
    assert code == 2 and not out and "property-not-supported" in err and "a.contract:9" in err
    assert "shorten the lower bound 0.1 s of `once`" in err and "say so by `grid" in err
    assert run(*emit, "--property-memory", "2000")[0] == 0
    assert run(*emit, "--property-memory", "0")[0] == 2


def test_what_nobody_can_keep_is_unknown_and_ends_with_3(run: Run, tmp_path: Path) -> None:
    """A property that is neither proved nor watched, though every obligation is proved."""
    path = tmp_path / "a.contract"
    path.write_text(WATCHED.replace("once[100 ms, 1 s] told", "eventually told"))
    code, out, _ = run(str(path))
    assert code == 3 and "property recent of C is neither proved nor watched" in out
    assert "`eventually` without a bound can never be violated" in out


def test_the_report_says_of_every_property_what_becomes_of_it(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.contract"
    more = "property kept = always (done or not done)\nproperty never = always not done\n"
    path.write_text(WATCHED + more)
    code, out, _ = run(str(path), "--format", "json")
    (found,) = json.loads(out)["chains"]
    told = {each["name"]: (each["status"], each["fallback"]) for each in found["properties"]}
    assert told == {
        "recent": ("deferred", "hold"),
        "kept": ("proved", None),
        "never": ("refuted", None),
    }
    assert code == 1 and found["verdict"] == "refuted"
    code, out, _ = run(str(path))
    assert "refuted: every run of C violates never" in out


def test_a_file_is_found_beside_in_the_project_and_in_the_library(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    for folder in ("a/b", "specs", "contracts"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "a" / "beside.spec").write_text("const one = 1\n")
    (tmp_path / "root.spec").write_text("const two = 2\n")
    (tmp_path / "specs" / "deep.spec").write_text("const three = 3\n")
    (tmp_path / "contracts" / "skills.contract").write_text('use "deep.spec"\nconst four = 4\n')
    uses = ["beside.spec", "b/../beside.spec", "../root.spec", "root.spec", "skills.contract",
            "deep.spec", "manipulation.contract"]  # fmt: skip
    text = "".join(f'use "{path}"\n' for path in uses) + "const all = one + two + three + four\n"
    (tmp_path / "a" / "main.contract").write_text(text)
    assert run("a/main.contract")[0] == 0


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../secret.spec", "a/../../secret.spec", "link.spec"]
)
def test_nothing_outside_of_the_project_is_used(run: Run, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.spec").write_text("const secret = 1\n")
    project = tmp_path / "project"
    (project / "a").mkdir(parents=True)
    (project / "pyproject.toml").touch()
    (project / "link.spec").symlink_to(tmp_path / "secret.spec")
    (project / "main.contract").write_text(f'const one = 1\nuse "{path}"\n')
    code, _, err = run("project/main.contract")
    assert code == 2
    assert re.search(r"error\[use-outside-project\].*\n +--> project/main\.contract:2:", err), err
    assert "secret = 1" not in err


def test_a_circle_is_told_with_its_files(run: Run, tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.spec").write_text(f'use "{other}.spec"\nconst {name} = 1\n')
    code, _, err = run("a.spec")
    assert code == 2 and "error[use-cycle]" in err
    assert "`a.spec` uses `b.spec` uses `c.spec` uses `a.spec`" in err


def test_a_missing_use_says_where_it_was_looked_for(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text('use "manipulaton.contract"\n')
    code, _, err = run("a.contract")
    assert code == 2 and "error[use-not-found]" in err
    assert "did you mean `manipulation.contract`?" in err and "looked in" in err


def test_two_paths_to_one_file_load_it_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.spec").write_text("const one = 1\n")
    (tmp_path / "a.contract").write_text('use "one.spec"\nuse "./one.spec"\nconst two = one\n')
    assert run("a.contract")[0] == 0


# ---- recheck -----------------------------------------------------------------------------------


@pytest.fixture
def certified(run: Run, tmp_path: Path) -> Path:
    (tmp_path / "a.contract").write_text(GOOD)
    assert run("a.contract", "--certificates", "out")[0] == 0
    return tmp_path / "out" / "C.certificates.json"


def test_recheck_accepts_what_check_wrote_in_any_order(run: Run, certified: Path) -> None:
    for argument in ("out", "out/C.certificates.json"):
        code, out, _ = run("recheck", "a.contract", argument)
        assert code == 0 and " 0 rejected, 0 hole" in out
    found = json.loads(certified.read_text())
    found["certificates"].reverse()
    certified.write_text(json.dumps(found))
    assert run("recheck", "a.contract", "out")[0] == 0


def test_recheck_names_what_is_missing_doubled_foreign_or_changed(
    run: Run, certified: Path
) -> None:
    whole = json.loads(certified.read_text())

    def judged(certificates: list[object], **other: object) -> tuple[int, str]:
        certified.write_text(json.dumps({**whole, "certificates": certificates, **other}))
        code, out, _ = run("recheck", "a.contract", "out")
        return code, out

    entries = whole["certificates"]
    last = entries[-1]
    code, out = judged(entries[:-1])
    assert code == 3 and f"hole      {last['obligation']}" in out
    code, out = judged([*entries, last])
    assert code == 1 and "2 certificates are given" in out
    code, out = judged([*entries, {**last, "obligation": "C/9:Nothing/frame"}])
    assert code == 1 and "the source owes no such obligation" in out
    code, out = judged([*entries[:-1], {**last, "statement": "0" * 64}])
    assert code == 1 and "another statement" in out
    code, out = judged([*entries[:-1], {**last, "proof": entries[0]["proof"]}])
    assert code == 1 and f"rejected  {last['obligation']}" in out
    code, out = judged(entries, chain="D")
    assert code == 1 and "chain `D`" in out
    code, out = judged([*entries[:-1], {**last, "proof": None}])
    assert code == 1


def test_a_certificate_for_an_easier_question_does_not_pass(run: Run, certified: Path) -> None:
    Path("a.contract").write_text(BAD)
    code, out, _ = run("recheck", "a.contract", "out")
    assert code == 1 and re.search(r"rejected  C/1:Take/precondition", out)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe", b"[]", b"[" * 100_000, b'{"schema": 2}', b'{"schema": 1}', b"NaN",
     b'{"schema": 1, "chain": "C", "certificates": [1]}',
     b'{"schema": 1, "schema": 1, "chain": "C", "certificates": []}',
     b'{"schema": 1, "chain": "C", "certificates": [' + b"9" * 10_000 + b"]}",
     b'{"schema": 1, "chain": "C", "certificates": [{"obligation": []}]}'],
)  # fmt: skip
def test_garbage_is_no_certificate(run: Run, certified: Path, data: bytes) -> None:
    certified.write_bytes(data)
    code, _, err = run("recheck", "a.contract", "out")
    assert code == 2 and "C.certificates.json" in err


def test_a_nested_proof_is_rejected(run: Run, certified: Path) -> None:
    whole = json.loads(certified.read_text())
    text = json.dumps({**whole, "certificates": [{**whole["certificates"][0], "proof": "HERE"}]})
    certified.write_text(text.replace('"HERE"', "[" * 900 + "]" * 900))
    assert run("recheck", "a.contract", "out")[0] in (1, 2)


def test_missing_certificates_end_with_2(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(GOOD)
    (tmp_path / "empty").mkdir()
    assert run("recheck", "a.contract", "nothing")[0] == 2
    assert run("recheck", "a.contract", "empty")[0] == 2


def imported_by(*arguments: str) -> set[str]:
    """The modules that a run of the command line imports."""
    code = (
        "import sys, io, contextlib\nfrom verifier.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n    main(sys.argv[1:])\n"
        "print('\\n'.join(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    return set(found.stdout.split())


def test_recheck_imports_no_solver(run: Run, certified: Path) -> None:
    modules = imported_by("recheck", "a.contract", "out")
    assert "verifier.check.judge" in modules
    foreign = {"z3", "numpy", "highspy", "cvxpy", "scipy", "sympy"}
    assert not modules & foreign
    assert not any(name.startswith(("verifier.solve", "verifier.repair")) for name in modules)


def test_heavy_libraries_stay_out_of_cheap_runs() -> None:
    assert not imported_by(FETCH) & {"cvxpy", "sympy", "scipy"}
    helped = imported_by("--help")
    assert not helped & {"lark", "z3", "dataclasses", "verifier.source"}


# ---- fmt, rule ---------------------------------------------------------------------------------


def test_fmt_writes_only_what_changes_and_keeps_the_mode(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.contract"
    file.write_text(WORLD)
    file.chmod(0o640)
    assert run("fmt", "--check", "a.contract")[0] == 1
    assert file.read_text() == WORLD
    assert run("fmt", "a.contract") == (0, "a.contract formatted\n", "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    once = file.read_text()
    assert run("fmt", "a.contract") == (0, "", "") and file.read_text() == once
    assert run("fmt", "--check", "a.contract")[0] == 0
    assert os.listdir(tmp_path) == ["a.contract"]


def test_fmt_leaves_a_file_with_mistakes_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text("chain {")
    (tmp_path / "b.contract").write_text("const   one=1\n")
    code, out, err = run("fmt", "a.contract", "b.contract", "missing.contract")
    assert code == 2 and "a.contract:1:" in err and "file-not-found" in err
    assert (tmp_path / "a.contract").read_text() == "chain {"
    assert "b.contract formatted" in out


def test_fmt_reads_standard_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "verifier", "fmt", "-"],
        input="const   one=1\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "const one = 1\n")


def test_rule_shows_the_page_lists_all_and_guesses(run: Run) -> None:
    code, out, _ = run("rule", "unit-mismatch")
    assert code == 0 and out.startswith("unit-mismatch\n") and "```" not in out
    code, out, _ = run("rule")
    assert code == 0 and len(out.splitlines()) > 40
    assert all(len(line.split(None, 1)) == 2 for line in out.splitlines())
    code, _, err = run("rule", "unit-mismach")
    assert code == 2 and "did you mean `unit-mismatch`?" in err
    assert run("rule", "../vocabulary")[0] == 2


# ---- repair ------------------------------------------------------------------------------------


def test_a_repair_is_written_judged_and_undoable(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(BAD)
    code, out, _ = run("repair", "a.contract", "--chain", "C")
    assert code == 0 and "+    Open(); Take(cup)" in out
    assert (tmp_path / "a.contract.bak").read_text() == BAD
    assert (tmp_path / "a.contract").read_text() == BAD.replace(
        "    Take(cup)\n",
        "    # bridges the gap to `gripper == open` of Take(cup)\n    Open(); Take(cup)\n",
    )
    assert run("a.contract")[0] == 0
    assert run("repair", "a.contract", "--chain", "C")[0] == 0
    assert sorted(os.listdir(tmp_path)) == ["a.contract", "a.contract.bak"]


def test_a_repair_goes_elsewhere_if_asked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(BAD)
    assert run("repair", "a.contract", "--chain", "C", "-o", "b.contract")[0] == 0
    assert (tmp_path / "a.contract").read_text() == BAD
    assert run("b.contract")[0] == 0


def test_a_formatted_file_stays_formatted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(BAD)
    run("fmt", "a.contract")
    assert run("repair", "a.contract", "--chain", "C")[0] == 0
    assert run("fmt", "--check", "a.contract")[0] == 0


def test_two_skills_are_inserted_where_one_is_not_enough(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(chain("    Lift(cup, 10 cm)\n    achieve held[cup]"))
    code, out, _ = run("repair", "a.contract", "--chain", "C")
    assert code == 0 and "+    Open(); Take(cup); Lift(cup, 10 cm)" in out


def test_what_is_missing_at_the_end_is_added_behind_the_last_step(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(chain("    Open()\n    achieve held[cup]"))
    code, out, _ = run("repair", "a.contract", "--chain", "C")
    assert code == 0 and "+    Open(); Take(cup)" in out


def test_without_a_repair_nothing_is_written(run: Run, tmp_path: Path) -> None:
    text = chain("    assume gap >= 1 cm\n    Open()\n    achieve gap >= 2 cm")
    (tmp_path / "a.contract").write_text(text)
    code, out, _ = run("repair", "a.contract", "--chain", "C")
    assert code == 1 and "`gap >= 2 cm`: no skill changes `gap`" in out
    assert os.listdir(tmp_path) == ["a.contract"]


# ---- emit --------------------------------------------------------------------------------------


def test_a_bundle_is_written_whole_and_again_beside_what_was_built(
    run: Run, tmp_path: Path
) -> None:
    emit = ("emit", FETCH, "--chain", "FetchCup", "--target", "host", "-o", "build")
    assert run(*emit)[0] == 0
    manifest = json.loads((tmp_path / "build" / "manifest.json").read_text())
    assert set(manifest["files"]) == set(os.listdir("build")) - {"manifest.json"}
    (tmp_path / "build" / "out").mkdir()
    (tmp_path / "build" / "out" / "guard.o").write_text("built")
    (tmp_path / "build" / "guard.h").write_text("changed by hand")
    assert run(*emit)[0] == 0
    assert (tmp_path / "build" / "out" / "guard.o").read_text() == "built"
    assert (tmp_path / "build" / "guard.h").read_text() != "changed by hand"
    assert os.listdir(tmp_path) == ["build"]


def test_a_foreign_folder_is_not_touched(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letters.txt").write_text("dear")
    code, _, err = run("emit", FETCH, "--chain", "FetchCup", "--target", "host", "-o", "home")
    assert code == 2 and "no bundle of ours" in err
    assert os.listdir(tmp_path / "home") == ["letters.txt"]


def test_nothing_is_emitted_for_a_chain_that_is_not_proved(run: Run, tmp_path: Path) -> None:
    code, out, err = run(
        "emit", FETCH, "--chain", "ForgotToOpen", "--target", "host", "-o", "build"
    )
    assert code == 1 and "refuted" in out and "nothing is emitted" in err
    assert not (tmp_path / "build").exists()


# ---- writing -----------------------------------------------------------------------------------


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(Refusal, match="No space"):
        write(str(file), b"new")
    assert file.read_bytes() == b"old" and os.listdir(tmp_path) == ["a"]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write(str(tmp_path / "link"), b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"new"


def test_a_bundle_that_cannot_be_moved_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "b"
    replace_bundle(str(target), {"manifest.json": b'{"files": {"a": ""}}', "a": b"1"})
    real, calls = os.rename, []

    def fails_second(source: str, destination: str) -> None:
        calls.append(source)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        real(source, destination)

    monkeypatch.setattr(os, "rename", fails_second)
    with pytest.raises(Refusal):
        replace_bundle(str(target), {"manifest.json": b'{"files": {}}', "a": b"2"})
    assert (target / "a").read_bytes() == b"1"


# ---- the process -------------------------------------------------------------------------------


def test_a_reader_that_goes_away_is_no_trouble() -> None:
    shell = shutil.which("sh")
    assert shell is not None
    line = f'("{sys.executable}" -m verifier rule; echo $? >&2) | head -0'
    done = subprocess.run([shell, "-c", line], capture_output=True, text=True, check=True)
    assert done.stderr in ("0\n", "141\n")  # nothing but the code, whoever was faster


def test_an_interrupt_is_no_defect(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("verifier.cli.command.run", interrupted)
    assert run("rule") == (130, "", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_drawn_on_a_terminal_after_two_seconds_and_wiped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress("judging") as tell:
        tell(1, 4)
        assert sys.stderr.getvalue() == ""
        now[0] = 2.5
        tell(2, 4)
        assert sys.stderr.getvalue() == f"\rjudging [{'#' * 12}{'.' * 12}] 2/4"
    assert sys.stderr.getvalue().endswith("\r\x1b[K")


def test_no_bar_is_drawn_into_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verifier.cli.progress.PATIENCE_S", 0.0)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress("judging") as tell:
        tell(2, 4)
    assert sys.stderr.getvalue() == ""


def test_no_color_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert paint(Terminal()).colours and not paint(io.StringIO()).colours
    monkeypatch.setenv("NO_COLOR", "1")
    assert not paint(Terminal()).colours


def test_colours_only_on_a_terminal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(BAD)
    assert "\x1b" not in run("a.contract")[1]


# ---- demo --------------------------------------------------------------------------------------


def test_the_demo_proves_compiles_and_runs(run: Run, tmp_path: Path) -> None:
    code, out, err = run("demo")
    assert (code, err) == (0, "")
    assert re.search(r"FetchCup +proved", out)
    assert "10,000 random commands" in out and "20 of 20 rejected" in out
    assert os.listdir(tmp_path) == []


def test_the_demo_says_what_is_missing_without_a_compiler(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, out, err = run("demo")
    assert code == 2 and re.search(r"FetchCup +proved", out)
    assert "no C compiler" in err
