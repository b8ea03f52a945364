"""Gaps between sets that a transition closes: proved as text, and looked at from random starts."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from pathlib import Path

import pytest
from motions import complaints

from verifier.check.codec import decode, encode
from verifier.check.judge import judge
from verifier.check.outcome import Accepted, Rejected
from verifier.cli.arguments import main
from verifier.closing.bridging import bridges
from verifier.closing.posing import Gap
from verifier.closing.repairing import with_repair
from verifier.closing.trial import Proposal, failing
from verifier.core.motion import Family
from verifier.core.obligation import Passage
from verifier.core.verdict import Proved, Refuted, Witness
from verifier.judging import Effort, judged
from verifier.pipeline import report_on
from verifier.repair.transition import Aim
from verifier.report.values import Answer, Repair, status
from verifier.source import Source, settled

ROOT = Path(__file__).parent.parent
EFFORT = Effort(5.0, 1)
ROOM = """state { p : real[2] m in box(lower = 0, upper = [10, 6])  done : bool }
obstacle wall : real[2] m = polygon(corners = [[4, -1], [5, -1], [5, 4], [4, 4]])
motion p { speed 1 m/s  acceleration 1 m/s^2 }
skill Press { initial p in box(lower = [8, 1], upper = [9, 2])  ensures done  duration 1 s .. 2 s }
"""
START = "assume p in box(lower = [1, 1], upper = [2, 2])"


def answers(source: Source, name: str) -> list[Answer]:
    return judged(source.model, source.model.chains[name], EFFORT, lambda done, total: None)


def is_shown(answer: Answer) -> bool:
    """Whether a witness refutes it."""
    return isinstance(answer.verdict, Refuted) and isinstance(answer.verdict.evidence, Witness)


def mend(text: str, name: str, path: str = "here.contract") -> tuple[Source, Repair | str]:
    """The source, and the repair of the chain or why there is none."""
    source = settled(path, text)
    chain = source.model.chains[name]
    report = with_repair(source, chain, report_on(source, chain, answers(source, name)), EFFORT)
    return source, report.repairs[0] if report.repairs else report.search or ""


def closed(text: str, name: str, path: str = "here.contract") -> Passage:
    """The question about the transition in the text that closes the gap: every obligation of the
    chain is proved, and the certificate is accepted as it is read from a file."""
    source, repair = mend(text, name, path)
    assert isinstance(repair, Repair), repair
    again = settled(source.path, repair.edited)
    found = answers(again, name)
    assert {status(a.verdict) for a in found} <= {"proved", "deferred"}
    (own,) = [a for a in found if a.obligation.rule == "transition"]
    assert isinstance(own.verdict, Proved) and isinstance(own.verdict.evidence, Family)
    read = decode(json.loads(json.dumps(encode(own.verdict.evidence))))
    assert judge(own.obligation, read) == Accepted()
    assert isinstance(own.obligation.question, Passage)
    assert complaints(own.obligation.question.problem, own.verdict.evidence, 60) == []
    assert repair.edited.count("# bridges the gap") == 1
    return own.obligation.question


def refused(text: str, name: str) -> str:
    _, reason = mend(text, name)
    assert isinstance(reason, str)
    return reason


def test_the_wrong_place() -> None:
    path = ROOT / "examples" / "fetch_cup.contract"
    question = closed(path.read_text(encoding="utf-8"), "WrongPlace", str(path))
    assert question.problem.rigid == 3
    assert question.problem.speed_max == (Fraction(1, 4),) * 3


def test_a_variable_without_a_motion_gets_the_reduced_speed() -> None:
    text = """state { ee, cup : point in box(lower = -1, upper = 1)  holding : bool }
    skill Grasp { initial ee in ball(center = cup, radius = 2 cm)  ensures holding }
    chain Pick { assume ee in ball(center = cup, radius = 3 cm)  Grasp  achieve holding }"""
    _, repair = mend(text, "Pick")
    assert isinstance(repair, Repair)
    assert "motion ee {" in repair.edited and "0.25 m/s" in repair.edited
    assert closed(text, "Pick").problem.rigid == 3


def test_around_a_wall_before_a_step_and_at_the_end() -> None:
    before = f"{ROOM}chain C {{ {START}  Press  achieve done }}"
    assert closed(before, "C").problem.space.obstacles
    end = (
        f"{ROOM}chain C {{ {START}  achieve p in box(lower = [8, 1], upper = [9, 2])  within 9 s }}"
    )
    closed(end, "C")


def test_a_body_and_a_clearance_are_kept() -> None:
    wide = ROOM.replace("m/s^2 }", "m/s^2  clearance 20 cm  body ball(radius = 30 cm) }")
    question = closed(f"{wide}chain C {{ {START}  Press  achieve done }}", "C")
    assert [solid.radius for solid in question.problem.space.obstacles] == [Fraction(3, 10)]
    thick = ROOM.replace("m/s^2 }", "m/s^2  body ball(radius = 2.1 m) }")
    assert "obstacles cut it off" in refused(
        f"{thick}chain C {{ assume p in box(lower = [1, 1], upper = [1.5, 2])  Press"
        "  achieve done }",
        "C",
    )


def test_a_start_that_moves_is_taken_over() -> None:
    """Whatever is needed of the velocity, or nothing: it is part of the start, and 0 at the end."""
    text = """state { x : real[2] m in box(lower = 0, upper = 10)
            v : real[2] m/s in box(lower = -2, upper = 2) }
    motion x { speed 1 m/s  acceleration 1 m/s^2  velocity v }
    chain C { assume x in box(lower = 2, upper = 3) and v in box(lower = [0, -0.5], upper = 0.5)
              achieve x in box(lower = [6, 2], upper = [7, 3]) NEED }"""
    for need in ("", "and v == [0, 0]"):
        question = closed(text.replace("NEED", need), "C")
        assert question.problem.moving and question.start[2:] == (("v[1]", 0), ("v[2]", 0))
    rest = text.replace("v in box(lower = [0, -0.5], upper = 0.5)", "v == [0, 0]")
    _, repair = mend(rest.replace("NEED", "and v == [0, 0]"), "C")
    assert isinstance(repair, Repair)
    assert repair.edited.count("v == [0, 0]") == 4 and "0 == 0" not in repair.edited
    hasty = text.replace("upper = 0.5)", "upper = [1.5, 0.5])").replace("NEED", "")
    assert "a start moves faster than the motion allows" in refused(hasty, "C")


def test_zones_are_the_free_space() -> None:
    text = """state { q : real[3] rad in box(lower = -3, upper = 3) }
    zone left : real[3] rad = box(lower = [-1, -1, -1], upper = [0, 1, 1])
    zone right : real[3] rad = box(lower = [0, 0, -1], upper = [1, 1, 1])
    motion q { speed 1 rad/s  acceleration 2 rad/s^2  inside left, right }
    chain C { assume q in box(lower = [-0.9, -0.9, -0.1], upper = [-0.8, -0.8, 0.1])
              achieve q in box(lower = [0.8, 0.8, 0], upper = [0.9, 0.9, 0.1]) }"""
    assert closed(text, "C").problem.space.regions is not None


def test_seven_joints() -> None:
    text = """state { q : real[7] rad in box(lower = -2.8, upper = 2.8) }
    motion q { speed 2 rad/s  acceleration 10 rad/s^2 }
    chain C { assume q in box(lower = -0.1, upper = 0.1)
              achieve q in box(lower = 0.9, upper = 1.0)  within 1 s }"""
    question = closed(text, "C")
    assert question.problem.space.dimension == 7


def test_a_skill_and_a_motion_together() -> None:
    """What a library skill brings about, and where a motion leads, are both missing."""
    room = ROOM.replace("initial p", "requires awake  initial p")
    text = f"""{room.replace("done : bool", "done, awake : bool")}
    skill Wake {{ ensures awake  duration 1 s .. 2 s }}
    chain C {{ {START}  Press  achieve done }}"""
    _, repair = mend(text, "C")
    assert isinstance(repair, Repair)
    assert set(repair.insert.split("; ")) == {"Wake()", "ToPress()"}
    again = settled("here.contract", repair.edited)
    assert {status(a.verdict) for a in answers(again, "C")} == {"proved"}


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        ("within 8 s", "too long in the 6 s that are left"),
        ("", "obstacles cut it off"),
    ],
)
def test_why_there_is_none(chain: str, reason: str) -> None:
    room = ROOM if chain else ROOM.replace("[5, 4], [4, 4]", "[5, 7], [4, 7]")
    said = refused(f"{room}chain C {{ {START}  Press  achieve done  {chain} }}", "C")
    assert reason in said and "no transition serves every start" in said


def test_which_part_is_served() -> None:
    start = "assume p in box(lower = [1, 1], upper = [4.5, 2])"
    said = refused(f"{ROOM}chain C {{ {start}  Press  achieve done }}", "C")
    assert (
        "in an obstacle" in said
        and "it is served from `p in box(lower = 1, upper = [3.9994965, 2])`" in said
    )


def test_a_goal_outside_of_the_domain() -> None:
    said = refused(f"{ROOM}chain C {{ {START}  achieve p[1] >= 11 m }}", "C")
    assert "no point of what is needed lies in the domain" in said


def test_least_effort_takes_longer_and_changes_less() -> None:
    text = f"{ROOM}chain C {{ {START}  Press  achieve done }}"
    source = settled("here.contract", text)
    (failed, *_) = [a for a in answers(source, "C") if is_shown(a)]
    clause = failing(source.model.chains["C"], failed.obligation, failed.verdict)
    assert clause is not None
    times = []
    for aim in (Aim.TIME, Aim.EFFORT):
        (bridge,) = bridges(Gap(source, source.model.chains["C"], 1, clause[1], aim))
        assert isinstance(bridge, Proposal)
        table = settled("here.contract", bridge.declarations + text)
        skill = table.scope.skills["ToPress"].clauses
        (high,) = [c.high.value for c in skill if type(c).__name__ == "Duration"]
        times.append(high)
    assert times[1] > 1.3 * times[0]


def test_a_table_that_was_changed_is_not_accepted() -> None:
    """Each number of the certificate's question counts: another table, the old certificate."""
    text = f"{ROOM}chain C {{ {START}  Press  achieve done }}"
    _, repair = mend(text, "C")
    assert isinstance(repair, Repair)
    (own,) = [
        a for a in answers(settled("a", repair.edited), "C") if a.obligation.rule == "transition"
    ]
    assert isinstance(own.verdict, Proved) and isinstance(own.verdict.evidence, Family)
    chance = random.Random(1)
    lines = [k for k, line in enumerate(repair.edited.split("\n")) if "velocity [" in line]
    for _ in range(5):
        changed = repair.edited.split("\n")
        k = chance.choice(lines)
        changed[k] = changed[k].replace(".", ".0", 1)
        other = settled("a", "\n".join(changed))
        (question,) = [
            a.obligation for a in answers(other, "C") if a.obligation.rule == "transition"
        ]
        assert isinstance(judge(question, own.verdict.evidence), Rejected)


def test_the_file_is_unchanged_where_the_repair_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "late.contract"
    path.write_text(f"{ROOM}chain C {{ {START}  Press  achieve done  within 8 s }}\n")
    before = path.read_bytes()
    assert main(["repair", str(path), "--chain", "C"]) == 1
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_the_repaired_file_is_proved_and_rechecked(tmp_path: Path) -> None:
    out, kept = tmp_path / "out.contract", tmp_path / "kept"
    fetch = str(ROOT / "examples" / "fetch_cup.contract")
    assert main(["repair", fetch, "--chain", "WrongPlace", "-o", str(out)]) == 0
    options = ["--chain", "WrongPlace"]
    wanted = ["--certificates", str(kept), "--require-certificates"]
    assert main(["check", str(out), *options, *wanted]) == 0
    assert main(["recheck", str(out), str(kept), *options]) == 0
