"""What the reports say: carets under the right cells, exact numbers, the reason for a failure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.cli import main
from verifier.core.diagnostic import Diagnostic, Label
from verifier.core.evaluate import Value, holds
from verifier.core.network import Contingent, Network
from verifier.core.obligation import Entailment
from verifier.core.span import Span
from verifier.core.term import Real, rename
from verifier.core.unit import LENGTH, UNITS
from verifier.obligations.owed import owed
from verifier.report import terminal
from verifier.report.excerpt import WIDTH, Mark, excerpt
from verifier.report.paint import Paint
from verifier.report.quantity import approximate, exact, readable_member, square_root
from verifier.report.values import AT_END, Shown
from verifier.source import Source, settled

ROOT = Path(__file__).parent.parent
PLAIN = Paint(False)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line from the root of the project: exit code, output, errors."""
    monkeypatch.chdir(ROOT)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


# ---- golden files ------------------------------------------------------------------------------


def test_the_text_report_of_the_first_example(run: Run, golden: Callable[[str, str], None]) -> None:
    code, out, err = run("examples/fetch_cup.contract")
    golden("tests/golden/fetch_cup.txt", out)
    assert (code, err) == (1, "")


def test_the_json_report_of_the_first_example(run: Run, golden: Callable[[str, str], None]) -> None:
    _, out, _ = run("examples/fetch_cup.contract", "--format", "json")
    golden("tests/golden/fetch_cup.json", re.sub(r'("version": )".*?"', r'\1"…"', out))


def test_the_report_of_the_showcase(run: Run, golden: Callable[[str, str], None]) -> None:
    code, out, _ = run("examples/pick_and_place/pick_and_place.contract")
    golden("examples/pick_and_place/report.txt", out)
    assert code == 1


def test_the_showcase_names_the_step_the_clause_the_value_and_the_cause(run: Run) -> None:
    _, out, _ = run("examples/pick_and_place/pick_and_place.contract", "--chain", "AsDrawn")
    first = out.splitlines()[0]
    assert first == (
        "refuted: REACH(top_shelf) needs `gripper == open`, "
        "but step 3, GRASP(red_cup), leaves it `closed`"
    )
    assert re.search(r"ensures .*gripper == closed\n.*-+ step 3, GRASP\(red_cup\), promises", out)
    assert re.search(r"REACH\(top_shelf\).*\n.*-+ step 6 of AsDrawn calls it here", out)


PROMISES = """\
state { a, b : bool  mode : {idle, busy, done} }
skill Sure { ensures mode == busy }
skill Loose { ensures mode != idle }
skill Mute { ensures b  modifies mode }
skill Use { requires mode == done  ensures a }
"""


@pytest.mark.parametrize(
    ("skill", "told"),
    [("Sure", "leaves it `busy`"), ("Loose", "may leave it `busy`"), ("Mute", "may leave it `")],
)
def test_a_step_is_blamed_for_no_more_than_it_promises(
    run: Run, tmp_path: Path, skill: str, told: str
) -> None:
    (tmp_path / "a.contract").write_text(f"{PROMISES}chain C {{ {skill}(); Use() achieve a }}\n")
    _, out, _ = run(str(tmp_path / "a.contract"))
    assert f"Use() needs `mode == done`, but step 1, {skill}(), {told}" in out


# ---- JSON --------------------------------------------------------------------------------------


def report(run: Run, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--format", "json")[1])
    return found


def test_the_first_example_has_the_answers_that_the_language_promises(run: Run) -> None:
    found = report(run, "examples/fetch_cup.contract")
    chains = {chain["name"]: chain for chain in found["chains"]}
    assert found["schema"] == 1 and found["diagnostics"] == []
    fetch = chains["FetchCup"]
    assert fetch["verdict"] == "proved"
    assert fetch["duration_s"] == {"min": 1.6, "max": 11.0}
    deferred = [o for o in fetch["obligations"] if o["status"] == "deferred"]
    assert [(o["rule"], o["fallback"]) for o in deferred] == [("invariant", "stop")]
    assert {o["evidence"] for o in fetch["obligations"] if o not in deferred} == {"certificate"}
    forgot = chains["ForgotToOpen"]
    assert forgot["verdict"] == "refuted"
    assert forgot["repairs"] == [{"insert": "Open()", "before_step": 1, "verdict": "proved"}]
    (witness,) = [o["witness"] for o in forgot["obligations"] if o["status"] == "refuted"]
    assert witness["step"] == 1 and witness["state"]["gripper"] == "closed"
    moved = {"insert": "ToGrasp()", "before_step": 1, "verdict": "proved"}
    assert chains["WrongPlace"]["repairs"] == [moved]


def test_the_wrong_place_is_between_two_and_three_centimetres_away(run: Run) -> None:
    found = report(run, "examples/fetch_cup.contract", "--chain", "WrongPlace")
    (chain,) = found["chains"]
    (witness,) = [o["witness"] for o in chain["obligations"] if o["status"] == "refuted"]
    ee, pose = ([Fraction(x) for x in witness["state"][name]] for name in ("ee", "pose[cup]"))
    squared = sum((a - b) ** 2 for a, b in zip(ee, pose, strict=True))
    assert Fraction(2, 100) ** 2 < squared <= Fraction(3, 100) ** 2


EVERY_WAY_TO_FAIL = """\
type Item
object cup : Item
state {
    gripper : {open, closed, moving}
    force   : real kN in 0 .. 70 N
    turn    : real deg in -90 .. 90
    gap     : real cm in 0 .. 10
    held    : bool[Item]
}
skill Open { ensures gripper == open  duration 1 s .. 2 s }
skill Take(o : Item) {
    requires gripper == open and not held[o]  ensures held[o]  duration 1 s .. 2 s
}
skill Slow { ensures gap >= 1 cm }
skill Press {
    requires  force <= 50 N and gap + 1 cm <= 5 cm
    invariant force <= 20 N
    ensures   force >= 10 N and gap >= old(gap)
    duration  1 s .. 3 s
}
skill Turn { requires turn <= 45 deg  ensures turn >= old(turn) + 1 deg  duration 1 s .. 2 s }
skill Either { requires gripper == closed or held[cup]  ensures gripper == moving }
chain Late {
    assume gripper == open and not held[cup]
    Take(cup); Open(); Open()
    achieve held[cup] and gripper == closed
    within 5 s
}
chain Endless { assume gap <= 3 cm  Slow(); Open()  achieve gap >= 2 cm  within 5 s }
chain Force { assume force >= 1 N  Open(); Press(); Press()  achieve force <= 60 N and gap <= 1 cm }
chain Turns { assume turn >= 10 deg  Turn(); Turn(); Turn()  achieve turn >= 12 deg }
chain Ors { assume held[cup] implies gripper == open  Either(); Either()  achieve held[cup] }
"""
EXAMPLES = ["examples/fetch_cup.contract", "examples/pick_and_place/pick_and_place.contract"]


@pytest.mark.parametrize("file", [*EXAMPLES, None])
def test_every_witness_in_json_can_be_replayed(run: Run, file: str | None, tmp_path: Path) -> None:
    if file is None:
        file = str(tmp_path / "a.contract")
        Path(file).write_text(EVERY_WAY_TO_FAIL)
    source = settled(file)
    found = report(run, file)
    replayed = 0
    for chain in found["chains"]:
        owed_here = {o.id: o for o in owed(source.model, source.model.chains[chain["name"]])}
        for entry in chain["obligations"]:
            if entry["witness"] is None:
                continue
            obligation = owed_here[entry["id"]]
            if isinstance(obligation.question, Network):
                assert _between(obligation.question, entry["witness"]) == "too long"
                replayed += 1
                continue
            assert isinstance(obligation.question, Entailment)
            start = _values(source, entry["witness"]["start"])
            state = _values(source, entry["witness"]["state"])
            assumed = source.model.chains[chain["name"]].assumptions
            assert all(holds(c.formula, {(n, 0): v for n, v in start.items()}) for c in assumed)
            now = {(name, 0): value for name, value in state.items()}
            assert obligation.rule in AT_END or entry["witness"]["step"] == obligation.step
            goals = [rename(goal.formula, lambda n, v: 0) for goal in obligation.question.goals]
            assert not all(holds(goal, now) for goal in goals)
            replayed += 1
    assert replayed == sum(
        entry["status"] == "refuted" and "contradiction" not in entry
        for chain in found["chains"]
        for entry in chain["obligations"]
    )


def _between(network: Network, witness: dict[str, Any]) -> str:
    """Whether steps of these durations, one after the other, take longer than their deadline."""
    times = [Fraction(0)]
    for event, name in zip(network.events[1:], network.names[1:], strict=True):
        assert isinstance(event, Contingent) and event.start == len(times) - 1
        least, most = event.low * network.tick, (event.high or 10**12) * network.tick
        taken = Fraction(witness["durations_s"].get(name, least))
        assert least <= taken <= most
        times.append(times[-1] + taken)
    (deadline,) = network.separations
    between = times[deadline.second] - times[deadline.first]
    assert Fraction(witness["between_s"]) == between and deadline.high is not None
    return "too long" if between > deadline.high * network.tick else "in time"


def _values(source: Source, state: dict[str, Any]) -> dict[str, Value]:
    """The scalars that a state in JSON names, in base units: the way back, written anew."""
    found: dict[str, Value] = {}
    for member, value in state.items():
        if member.startswith("duration["):
            found[member] = Fraction(value)
            continue
        parts = [s for s in source.model.scalars.values() if s.member == member]
        listed = value if isinstance(value, list) else [value]
        for scalar, part in zip(parts, listed, strict=True):
            if part is None:
                continue
            unit = source.model.variables[scalar.variable].unit
            real = isinstance(scalar.sort, Real)
            found[scalar.name] = Fraction(part) * (unit.scale if unit else 1) if real else part
    return found


def test_mistakes_are_in_the_json_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text("state { x : real m in 0 .. (2 cm + 3 s) }\n")
    code, out, err = run(str(tmp_path / "a.contract"), "--format", "json")
    (mistake,) = json.loads(out)["diagnostics"]
    assert code == 2 and json.loads(out)["chains"] == []
    assert mistake["code"] == "unit-mismatch" and mistake["span"]["line"] == 1
    assert "error[unit-mismatch]" in err


# ---- forms for other tools ---------------------------------------------------------------------


def test_sarif_places_every_refutation(run: Run) -> None:
    code, out, _ = run("examples/fetch_cup.contract", "--format", "sarif")
    (found,) = json.loads(out)["runs"]
    assert code == 1 and json.loads(out)["version"] == "2.1.0"
    rules = {rule["id"] for rule in found["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in found["results"]} == rules == {"precondition", "initial"}
    first = found["results"][0]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "examples/fetch_cup.contract"
    assert place["region"]["startLine"] == 15 and first["level"] == "error"
    related = first["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert related == "contracts/manipulation.contract"


def test_junit_counts_what_it_lists(run: Run) -> None:
    _, out, _ = run("examples/fetch_cup.contract", "--format", "junit")
    suites = {suite.get("name"): suite for suite in ElementTree.fromstring(out)}
    assert list(suites) == ["FetchCup", "ForgotToOpen", "WrongPlace"]
    for suite in suites.values():
        assert int(suite.get("tests", "")) == len(suite)
        for kind, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.get(count, "")) == len(suite.findall(f"testcase/{kind}"))
    assert suites["FetchCup"].get("skipped") == "1"
    (failure,) = suites["ForgotToOpen"].findall("testcase/failure")
    assert "gripper == open" in failure.get("message", "")


def test_github_annotates_the_call_and_escapes(run: Run, tmp_path: Path) -> None:
    _, out, _ = run("examples/fetch_cup.contract", "--format", "github")
    first = out.splitlines()[0]
    assert first.startswith("::error file=examples/fetch_cup.contract,line=15,col=5,")
    assert "title=ForgotToOpen/1%3AGrasp/precondition::Grasp(cup) needs" in first
    assert "%0A" in first and out.splitlines()[-2] == "WrongPlace: refuted"


@pytest.mark.parametrize("form", ["sarif", "junit", "github"])
def test_every_form_tells_mistakes_of_oddly_named_files(
    run: Run, tmp_path: Path, form: str
) -> None:
    odd = tmp_path / "a <&\x01,%\udcff b.contract"
    odd.write_text("chain {")
    code, out, _ = run(str(odd), "--format", form)
    assert code == 2
    if form == "junit":
        assert len(ElementTree.fromstring(out).findall("testsuite/testcase/error")) == 1
    elif form == "sarif":
        (result,) = json.loads(out)["runs"][0]["results"]
        assert result["ruleId"] == "syntax"
    else:
        assert out.startswith("::error file=") and "%2C%25" in out.splitlines()[0]


# ---- numbers -----------------------------------------------------------------------------------

fractions = st.fractions(max_denominator=10**6)


@given(fractions)
def test_an_exact_number_is_read_back_as_itself(value: Fraction) -> None:
    assert Fraction(exact(value)) == value


def test_numbers_of_any_size_are_written() -> None:
    huge = Fraction(10**5000 + 1, 3)
    assert exact(huge).startswith("1") and exact(huge).endswith("/3")
    assert approximate(huge) == "3.33333E+4999"
    assert exact(Fraction(-1, 8)) == "-0.125" and exact(Fraction(1, 3)) == "1/3"
    assert exact(Fraction(123456789012345678901234567890123, 10)) == (
        "12345678901234567890123456789012.3"
    )


@given(st.fractions(min_value=0, max_value=1000, max_denominator=1000))
def test_a_root_is_exact_where_it_is_rational(value: Fraction) -> None:
    assert Fraction(square_root(value * value).split(" (")[0]) == value


def test_values_stand_in_the_declared_unit() -> None:
    shown = {
        "gap": Shown("gap", False, UNITS["cm"]),
        "ee.x": Shown("ee", True, UNITS["m"]),
        "ee.y": Shown("ee", True, UNITS["m"]),
    }
    assert Real(LENGTH) == Real(UNITS["cm"].dimension)
    assert readable_member(["gap"], {"gap": Fraction(3, 100)}, shown) == "3 cm"
    state: dict[str, Value] = {"ee.x": Fraction(1, 3), "ee.y": Fraction(1, 4)}
    assert readable_member(["ee.x", "ee.y"], state, shown) == (
        "[1/3, 0.25] m  (about [0.333333, 0.25])"
    )
    assert readable_member(["ee.x", "ee.y"], {"ee.x": Fraction(1)}, shown) == "[1, any] m"


# ---- excerpts ----------------------------------------------------------------------------------


def cells(text: str) -> int:
    """The cells that a text takes, by an independent count."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def underlined(source: str, start: int, end: int) -> tuple[str, str]:
    """The source line and the line with the caret, both without the gutter."""
    span = Span("f", 1, start + 1, 1, end + 1)
    lines = excerpt([Mark(span, "")], {"f": source}, PLAIN)
    return lines[2].removeprefix("1 | "), lines[3].removeprefix("  | ")


plain_text = st.text(st.sampled_from("ab 水\u0301é"), min_size=1, max_size=40)


@given(plain_text, st.data())
def test_carets_stand_under_what_they_mean(source: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(source) - 1))
    end = data.draw(st.integers(start + 1, len(source)))
    _, carets = underlined(source, start, end)
    before, marked = cells(source[:start]), cells(source[start:end])
    assert carets == " " * before + "^" * max(1, marked)


def test_tabs_reach_to_the_next_stop() -> None:
    line, carets = underlined("a\tb\t\tc", 5, 6)
    assert line == "a   b       c"
    assert carets == "            ^"


@pytest.mark.parametrize("start", [0, 50, 400, 995])
def test_a_long_line_is_cut_around_its_caret(start: int) -> None:
    source = "".join(chr(ord("a") + i % 26) for i in range(1000))
    line, carets = underlined(source, start, start + 5)
    assert len(line) == WIDTH and carets.count("^") == 5
    assert line[len(carets) - 5 : len(carets)] == source[start : start + 5]


def test_a_hostile_source_cannot_steer_the_terminal() -> None:
    line, _ = underlined("x \x1b[31m \u202e y", 0, 1)
    assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in line)


def test_a_span_behind_the_end_of_the_file_does_no_harm() -> None:
    far = Span("f", 9, 40, 12, 2)
    assert excerpt([Mark(far, "here")], {"f": "x\n"}, PLAIN)[0].endswith("f:9:40")


def test_a_diagnostic_points_explains_and_helps() -> None:
    text = "a = 2 cm\nb = 3 s\n"
    found = Diagnostic(
        "unit-mismatch",
        Span("f", 2, 5, 2, 8),
        "`b` is in s, but `a` is in cm",
        (Label(Span("f", 1, 5, 1, 9), "declared here"),),
        "convert one side",
    )
    shown = terminal.diagnostics([found], {"f": text}, PLAIN).splitlines()
    assert shown[:9] == [
        "error[unit-mismatch]: `b` is in s, but `a` is in cm",
        " --> f:2:5",
        "  |",
        "1 | a = 2 cm",
        "  |     ---- declared here",
        "2 | b = 3 s",
        "  |     ^^^",
        "  |",
        "  = help: convert one side",
    ]
    assert shown[9] == "  = see: verify-chain rule unit-mismatch"


def test_colours_change_nothing_but_colours() -> None:
    mark = [Mark(Span("f", 1, 1, 1, 2), "here")]
    painted = "\n".join(excerpt(mark, {"f": "x"}, Paint(True)))
    plain = "\n".join(excerpt(mark, {"f": "x"}, PLAIN))
    assert painted != plain and re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain


# ---- games in time -----------------------------------------------------------------------------


def test_a_tree_of_moves_is_told_by_one_run_and_in_full(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "beside.contract"
    path.write_text(
        "state { a, b, c : bool }\n"
        "skill A { ensures a  duration 1 s .. 3 s }\n"
        "skill Wait { ensures b  duration 0 s .. 5 s chosen }\n"
        "skill Brief { ensures b  duration 0 s .. 2 s chosen }\n"
        "skill C { ensures c  duration 1 s .. 1 s }\n"
        "chain Follows { Wait() || x: A(); y: C() within 1 s .. 1 s from x.end to y.start }\n"
        "chain Outlasted { Brief() || x: A(); y: C() within 0.5 s .. 9 s from x.end to y.start }\n",
        encoding="utf-8",
    )
    _, out, _ = run(str(path))
    assert "the order in which others do: " in out
    assert "without foresight no choice of durations keeps all deadlines of Outlasted" in out
    assert "step 2, A()  a little more than 1.5 s after  the start" in out
    _, out, _ = run("check", str(path), "--format", "json")
    (chain,) = [each for each in json.loads(out)["chains"] if each["name"] == "Outlasted"]
    (told,) = [each for each in chain["obligations"] if each["status"] == "refuted"]
    first = told["witness"]["nodes"][0]
    assert first["end"] == 2 and first["next"] == {"2": 1, "1": 2}
    assert first["bounds"][0] == {"event": 0, "after": 2, "less_than_s": "-1.5"}
