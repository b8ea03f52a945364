"""Plans and repairs: the fewest calls that do it, none where there are none, and written at one
place."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from verifier.cli import main
from verifier.closing import planning
from verifier.closing.planning import Outcome, plans
from verifier.judging import Effort
from verifier.source import chosen, settled

EFFORT = Effort(5.0, 1)
Run = Callable[..., tuple[int, str, str]]


def outcome(text: str, most: int = 1) -> Outcome:
    source = settled("a.contract", text)
    (chain,) = chosen(source, ["C"])
    return plans(source, chain, EFFORT, most)


def words(found: Outcome) -> list[str]:
    return ["; ".join(each.calls) for each in found.found]


# ---- against brute force over sets of states ---------------------------------------------------
# Small worlds as text together with what the text means: a state is a tuple of booleans and a
# letter, a skill a condition on states and the states that it may lead to. The oracle follows sets
# of states, breadth first, and knows nothing of components or bits.

NAMES = ("a", "b", "c", "d")
LETTERS = ("x", "y", "z")
State = tuple[bool | str, ...]
STATES: tuple[State, ...] = tuple(product(*[(False, True)] * len(NAMES), LETTERS))


@dataclass(frozen=True)
class Clause:
    text: str
    true: Callable[[State, State], bool]  # before, now


@dataclass(frozen=True)
class Act:
    text: str
    requires: tuple[Clause, ...]
    ensures: tuple[Clause, ...]
    frame: frozenset[int]

    def after(self, states: frozenset[State]) -> frozenset[State] | None:
        if not all(c.true(s, s) for c in self.requires for s in states):
            return None
        found = frozenset(
            new
            for old in states
            for new in STATES
            if all(new[k] == old[k] for k in range(len(old)) if k not in self.frame)
            and all(c.true(old, new) for c in self.ensures)
        )
        return found or None


def literal(dice: random.Random, place: int | None = None) -> tuple[int, Clause]:
    k = dice.randrange(len(NAMES) + 1) if place is None else place
    if k == len(NAMES):
        letter = dice.choice(LETTERS)
        if dice.random() < 0.3:
            return k, Clause(f"m != {letter}", lambda _, s: s[k] != letter)
        return k, Clause(f"m == {letter}", lambda _, s: s[k] == letter)
    wanted = dice.random() < 0.6
    return k, Clause(f"{'' if wanted else 'not '}{NAMES[k]}", lambda _, s: s[k] is wanted)


def either(one: Clause, two: Clause) -> Clause:
    text = f"({one.text} or {two.text})"
    return Clause(text, lambda old, now: one.true(old, now) or two.true(old, now))


def promise(dice: random.Random) -> tuple[int, Clause]:
    """A clause that writes one variable, now and then by what another one is or was."""
    k, plain = literal(dice)
    if k == len(NAMES) or dice.random() < 0.7:
        return k, plain
    other = dice.randrange(len(NAMES))
    if dice.random() < 0.5 or other == k:
        text = f"({NAMES[k]} iff old({NAMES[other]}))"
        return k, Clause(text, lambda old, now: now[k] is old[other])
    return k, Clause(f"({NAMES[k]} iff {NAMES[other]})", lambda _, now: now[k] is now[other])


def act(dice: random.Random, number: int) -> Act:
    requires = [literal(dice)[1] for _ in range(dice.choice((0, 1, 1, 2, 2)))]
    if len(requires) == 2 and dice.random() < 0.3:
        requires = [either(*requires)]
    written = dict(promise(dice) for _ in range(dice.choice((1, 1, 2))))
    lost = {dice.randrange(len(NAMES) + 1)} if dice.random() < 0.2 else set()
    frame = frozenset({*written, *lost})
    names = [*NAMES, "m"]
    lines = ["requires " + " and ".join(c.text for c in requires)] if requires else []
    lines += [f"ensures {' and '.join(c.text for c in written.values())}"]
    lines += [f"modifies {', '.join(names[k] for k in sorted(frame))}", "duration 1 s .. 1 s"]
    text = f"skill A{number} {{ {'  '.join(lines)} }}"
    return Act(text, tuple(requires), tuple(written.values()), frame)


@dataclass(frozen=True)
class World:
    text: str
    acts: tuple[Act, ...]
    start: frozenset[State]
    goals: tuple[Clause, ...]


def world(seed: int, wanted: int) -> World:
    """A random one, whose goal speaks of `wanted` variables."""
    dice = random.Random(seed)
    acts = tuple(act(dice, k) for k in range(10))
    assumed = [literal(dice, k)[1] for k in range(len(NAMES) + 1) if dice.random() < 0.7]
    places = dice.sample(range(len(NAMES) + 1), wanted)
    goals = tuple(literal(dice, k)[1] for k in places)
    start = frozenset(s for s in STATES if all(c.true(s, s) for c in assumed))
    lines = [
        f"state {{ {', '.join(NAMES)} : bool  m : {{{', '.join(LETTERS)}}} }}",
        *(each.text for each in acts),
        "chain C {",
        *([f"assume {' and '.join(c.text for c in assumed)}"] if assumed else []),
        f"achieve {' and '.join(c.text for c in goals)}",
        "}",
    ]
    return World("\n".join(lines) + "\n", acts, start, goals)


def levels(given: World) -> Iterator[set[frozenset[State]]]:
    """The sets of states that are reached for the first time after 0, 1, 2, … calls."""
    seen, level = {given.start}, {given.start}
    while level:
        yield level
        found = {each.after(states) for each in given.acts for states in level} - {None}
        level = {states for states in found if states is not None} - seen
        seen |= level


def brute(given: World) -> tuple[int | None, int]:
    """The least number of calls, or None; and how many sets of states were seen."""
    seen = 0
    for number, level in enumerate(levels(given)):
        seen += len(level)
        for states in level:
            if all(c.true(s, s) for c in given.goals for s in states):
                return number, seen
    return None, seen


# Random worlds of which brute force finds that they take two calls or more, and some others.
LONG = (7, 15, 40, 46, 49, 60, 62, 68, 69, 86, 106, 108, 164, 172, 187, 194, 200, 220, 272, 317)
LONG += (341, 343, 344, 355, 383, 385, 397, 415, 419)


@pytest.mark.parametrize("seed", [*range(30), *LONG[1:]])
def test_a_plan_has_as_few_calls_as_brute_force_finds(seed: int) -> None:
    given = world(seed, 1 + seed % 3)
    fewest, _ = brute(given)
    found = outcome(given.text)
    assert found.unknown is None, given.text
    if fewest is None:
        assert found.refuted is not None and not found.found, given.text
    else:
        (plan,) = found.found
        assert len(plan.calls) == fewest, given.text
        states = given.start
        for called in plan.calls:
            after = given.acts[int(called.strip("A()"))].after(states)
            assert after is not None, given.text
            states = after
        assert all(c.true(s, s) for c in given.goals for s in states)


def test_random_worlds_have_both_answers() -> None:
    fewest = [brute(world(seed, 1 + seed % 3))[0] for seed in LONG]
    assert all(each is not None and each >= 2 for each in fewest) and 8 in fewest
    assert sum(brute(world(seed, 1 + seed % 3))[0] is None for seed in range(30)) >= 15


@pytest.mark.parametrize("seed", range(100, 140))
def test_exhaustion_settles_the_sets_of_states_that_there_are(seed: int) -> None:
    given = world(seed, len(NAMES) + 1)
    fewest, seen = brute(given)
    found = outcome(given.text)
    if fewest is None:
        assert found.refuted is not None
        assert f" {seen} state{'s' if seen > 1 else ''} settled" in found.refuted, given.text
    else:
        assert len(found.found[0].calls) == fewest


def boxes(rooms: int, things: int, key: str) -> str:
    """A robot that carries things, one at a time, along a row of rooms to the last one."""
    names = [f"t{k}" for k in range(things)]
    labels = ", ".join(f"r{k}" for k in range(rooms))
    lines = [
        "type Thing",
        f"object {', '.join(names)} : Thing",
        f"state {{ robot : {{{labels}}}  at : {{{labels}, held}}[Thing]  free, key : bool }}",
    ]
    for k in range(rooms):
        for j in {k - 1, k + 1} & set(range(rooms)):
            lines.append(f"skill Go{k}{j} {{ requires robot == r{k}  ensures robot == r{j} }}")
        lines.append(
            f"skill Take{k}(o : Thing) {{ requires robot == r{k} and at[o] == r{k} and free"
            "  ensures at[o] == held and not free }"
        )
        lines.append(
            f"skill Put{k}(o : Thing) {{ requires robot == r{k} and at[o] == held"
            f"  ensures at[o] == r{k} and free }}"
        )
    here = " and ".join(f"at[{name}] == r0" for name in names)
    there = " and ".join(f"at[{name}] == r{rooms - 1}" for name in names)
    lines.append(f"chain C {{ assume robot == r0 and free and {here} achieve {there}{key} }}")
    return "\n".join(lines) + "\n"


def test_a_closed_count_is_settled() -> None:
    """Four rooms and three things: each lies in one of four rooms, or one of them is held."""
    rooms, things = 4, 3
    count = rooms * (rooms**things + things * rooms ** (things - 1))
    found = outcome(boxes(rooms, things, " and key"))
    assert found.refuted == (
        "nothing brings about `key`: no skill changes `key` "
        f"(0 candidates judged, {count} states settled)"
    )
    found = outcome(boxes(rooms, things, ""))
    assert len(found.found[0].calls) == things * 2 * rooms - (rooms - 1)


# ---- numbers are judged ------------------------------------------------------------------------

KITCHEN = """\
type Item
object cup : Item
state {
    heat  : real in 0 .. 100
    full  : bool[Item]
    lid   : {open, shut}
    level : real m in 0 .. 2
}
skill Warm { ensures heat >= 40  duration 1 s .. 10 s }
skill Boil { requires lid == shut  initial heat >= 40  ensures heat >= 90  duration 1 s .. 60 s }
skill Shut { ensures lid == shut  duration 1 s .. 1 s }
skill Brew(o : Item) { initial heat >= 80  ensures full[o]  duration 1 s .. 5 s }
skill Raise(by : real m) { ensures level == old(level) + by  duration 1 s .. 2 s }
"""


def kitchen(body: str, more: str = "") -> str:
    return f"{KITCHEN}{more}chain C {{ {body} }}\n"


def test_what_the_bits_do_not_say_is_learnt_from_the_judge() -> None:
    found = outcome(kitchen("achieve full[cup]"))
    assert words(found) == ["Shut(); Warm(); Boil(); Brew(cup)"]


def test_numbers_that_are_high_enough_need_nothing() -> None:
    assert words(outcome(kitchen("assume heat >= 85 achieve full[cup]"))) == ["Brew(cup)"]


def test_a_goal_beyond_the_domain_is_refuted_at_once() -> None:
    found = outcome(kitchen("assume level <= 1 m achieve level >= 3 m"))
    assert found.refuted == "no state satisfies all that it is to achieve"


def test_a_number_is_taken_from_the_goal() -> None:
    text = kitchen("assume level == 0 m achieve level == 50 cm")
    assert words(outcome(text)) == ["Raise(50 cm)"]


def test_a_number_is_taken_from_other_chains() -> None:
    goal = "assume level == 0 m achieve 2 * level >= 2.1 m and 2 * level <= 2.3 m"
    assert words(outcome(kitchen(goal, "chain D { Raise(110 cm) }\n"))) == ["Raise(110 cm)"]


def test_that_no_number_was_tried_is_not_a_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "SEARCH_S", 0.5)
    found = outcome(kitchen("assume level == 0 m achieve 2 * level >= 3 m and 2 * level <= 3.1 m"))
    assert not found.found and found.refuted is None and found.unknown is not None


def test_what_no_number_can_bring_about_is_refuted() -> None:
    found = outcome(kitchen("assume level == 0 m achieve level >= 1 m and lid == open"))
    assert found.refuted is not None and "`lid == open`: `Shut` can be called, but" in found.refuted
    found = outcome(kitchen("assume lid == shut achieve lid == open"))
    assert found.refuted is not None
    assert "nothing brings about `lid == open`: `Shut` can be called, but does not" in found.refuted


# ---- deadlines ---------------------------------------------------------------------------------

ROADS = """\
state { home, half : bool }
skill Walk { ensures home  duration 5 s .. 20 s }
skill Ride { ensures half  duration 1 s .. 3 s }
skill Fly { requires half  ensures home  duration 1 s .. 2 s }
"""


def test_the_fewest_calls_win_and_a_deadline_may_ask_for_more() -> None:
    assert words(outcome(ROADS + "chain C { achieve home }\n")) == ["Walk()"]
    assert words(outcome(ROADS + "chain C { achieve home within 10 s }\n")) == ["Ride(); Fly()"]
    every = outcome(ROADS + "chain C { achieve home within 20 s }\n", most=9)
    assert words(every) == ["Walk()", "Ride(); Fly()"]


def test_a_deadline_that_no_sequence_meets_is_refuted() -> None:
    found = outcome(ROADS + "chain C { achieve home within 4 s }\n")
    assert found.refuted is not None
    assert found.refuted.startswith("every way there may take 5 s, and 4 s are left")


def test_what_promises_no_time_meets_no_deadline() -> None:
    text = "state { home : bool }\nskill Walk { ensures home }\n"
    assert words(outcome(text + "chain C { achieve home }\n")) == ["Walk()"]
    found = outcome(text + "chain C { achieve home within 1 min }\n".replace("1 min", "60 s"))
    assert found.refuted is not None and "no way there is sure to take at most" in found.refuted


# ---- why not -----------------------------------------------------------------------------------


def test_a_missing_skill_is_named_by_what_it_would_have_to_change() -> None:
    text = "state { a, b, c : bool }\nskill A { requires b  ensures a }\n"
    text += "skill B { requires c  ensures b }\nchain C { achieve a }\n"
    found = outcome(text)
    assert found.refuted == (
        "nothing brings about `a`: `A` requires `b`, and nothing brings about `b`: "
        "`B` requires `c`, which no skill changes (0 candidates judged, 1 state settled)"
    )


def test_goals_that_exclude_one_another_are_told() -> None:
    text = "state { a, b : bool  m : {p, q} }\n"
    text += "skill A { ensures a and not b }\nskill B { ensures b and not a }\n"
    found = outcome(text + "chain C { achieve a and b }\n")
    assert found.refuted is not None and "not all at the same time" in found.refuted


def test_a_skill_that_promises_what_cannot_be_helps_nobody() -> None:
    text = "state { a : bool }\nskill A { ensures a and not a }\nchain C { achieve a }\n"
    found = outcome(text)
    assert (
        not found.found and found.refuted is not None and "promises what cannot be" in found.refuted
    )


def test_time_that_runs_out_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "SEARCH_S", 0.0)
    found = outcome(ROADS + "chain C { achieve home }\n")
    assert found.refuted is None and found.unknown is not None
    assert found.unknown.startswith("the search took too long")


# ---- the command -------------------------------------------------------------------------------


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


EMPTY = """\
state {
    home, half : bool
}

skill Ride { ensures half  duration 1 s .. 3 s }

skill Fly {
    requires half
    ensures  home
    duration 1 s .. 2 s
}

# The way home.
chain C {
    assume   not home   # as always
    achieve  home
}
"""


def test_a_plan_is_written_as_formatted_text_at_one_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(EMPTY)
    run("fmt", "a.contract")
    before = (tmp_path / "a.contract").read_text()
    code, out, _ = run("plan", "a.contract", "--chain", "C")
    assert code == 0 and "C is planned and proved; written to a.contract" in out
    written = (tmp_path / "a.contract").read_text()
    assert [line for line in written.splitlines() if line not in before.splitlines()] == [
        "    Ride(); Fly()"
    ]
    assert [line for line in before.splitlines() if line not in written.splitlines()] == []
    assert (tmp_path / "a.contract.bak").read_text() == before
    assert run("fmt", "--check", "a.contract")[0] == 0 and run("a.contract")[0] == 0


def test_a_plan_replaces_the_steps_that_were_there(run: Run, tmp_path: Path) -> None:
    text = EMPTY.replace("    achieve", "    Fly(); Fly();\n    Ride()\n    achieve")
    (tmp_path / "a.contract").write_text(text)
    assert run("plan", "a.contract", "--chain", "C", "-o", "b.contract")[0] == 0
    assert (tmp_path / "a.contract").read_text() == text
    assert "    Ride(); Fly()\n    achieve" in (tmp_path / "b.contract").read_text()
    assert run("b.contract")[0] == 0


def test_a_goal_in_front_of_what_is_assumed_is_planned_too(run: Run, tmp_path: Path) -> None:
    text = EMPTY.split("chain C")[0] + "chain C { achieve home within 9 s assume not home }\n"
    (tmp_path / "a.contract").write_text(text)
    assert run("plan", "a.contract", "--chain", "C")[0] == 0
    assert run("a.contract")[0] == 0


def test_all_lists_durations_and_margins_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(
        kitchen("assume heat >= 85 and level == 0 m achieve full[cup] and level <= 1 m")
    )
    code, out, _ = run("plan", "a.contract", "--chain", "C", "--all")
    assert code == 0 and "1. plan `Brew(cup)`; 1 s to 5 s; margin 5 1; margin 1 m" in out
    assert [path.name for path in tmp_path.iterdir()] == ["a.contract"]


def test_without_a_plan_the_file_is_unchanged(run: Run, tmp_path: Path) -> None:
    text = EMPTY.replace("requires half", "requires half and not home and half")
    text = text.replace("skill Ride { ensures half", "skill Ride { requires home  ensures half")
    (tmp_path / "a.contract").write_text(text)
    code, out, _ = run("plan", "a.contract", "--chain", "C")
    assert code == 1 and out.startswith("refuted: no sequence of library skills makes C: ")
    assert [path.name for path in tmp_path.iterdir()] == ["a.contract"]
    assert (tmp_path / "a.contract").read_text() == text


def test_what_a_plan_needs_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.contract").write_text(EMPTY.replace("    achieve  home\n", ""))
    code, _, err = run("plan", "a.contract", "--chain", "C")
    assert code == 2 and "`C` achieves nothing" in err
    (tmp_path / "a.contract").write_text(EMPTY.replace("not home ", "home and not home "))
    code, out, _ = run("plan", "a.contract", "--chain", "C")
    assert code == 1 and "C/assume/sanity" in out
    (tmp_path / "a.contract").write_text(EMPTY.replace("not home ", "home "))
    code, out, _ = run("plan", "a.contract", "--chain", "C")
    assert code == 0 and "nothing to plan" in out
    (tmp_path / "a.contract").write_text(EMPTY.replace("chain C {", "chain C(x : real) {"))
    assert run("plan", "a.contract", "--chain", "C")[0] == 2


def test_a_repair_may_stand_further_to_the_front(run: Run, tmp_path: Path) -> None:
    """Behind Lock nothing can be opened any more; in front of it there is time."""
    text = "state { locked, ready : bool }\n"
    text += "skill Lock { ensures locked }\nskill Prepare { requires not locked  ensures ready }\n"
    text += "skill Start { requires ready and locked }\n"
    text += "chain C {\n    assume not locked\n    Lock(); Start()\n}\n"
    (tmp_path / "a.contract").write_text(text)
    code, out, _ = run("repair", "a.contract", "--chain", "C")
    assert code == 0 and "+    Prepare(); Lock(); Start()" in out
    assert "+    # bridges the gap to `ready` of Start()" in out
    assert run("a.contract")[0] == 0


def test_a_repair_lists_all_ways(run: Run, tmp_path: Path) -> None:
    text = ROADS + "chain C {\n    Ride()\n    achieve home\n}\n"
    (tmp_path / "a.contract").write_text(text)
    code, out, _ = run("repair", "a.contract", "--chain", "C", "--all")
    assert code == 0 and out.splitlines() == [
        "1. insert `Fly()` before step 2; 2 s to 5 s",
        "2. insert `Walk()` before step 2; 6 s to 23 s",
    ]
    assert (tmp_path / "a.contract").read_text() == text


def test_labels_and_truth_values_are_tried_in_every_combination(tmp_path: Path) -> None:
    (tmp_path / "tools.contract").write_text("""\
type Tool = {none, driver, suction}
state { tool : Tool  lamp : bool  held, fixed : bool }
skill Light(on : bool) { ensures lamp == on }
skill Swap(t : Tool)   { requires tool == none or t == none  ensures tool == t }
skill Pick             { requires tool == suction and lamp  ensures held }
skill Fix              { requires tool == driver and held and not lamp  ensures fixed }
chain Assemble {
    assume  tool == driver and not lamp and not held and not fixed
    achieve fixed
}
""")
    assert main(["plan", str(tmp_path / "tools.contract"), "--chain", "Assemble"]) == 0
    written = (tmp_path / "tools.contract").read_text()
    steps = next(line.strip() for line in written.splitlines() if "Fix()" in line)
    calls = steps.split("; ")
    assert len(calls) == 8, "swaps pass through none, and the lamp goes on and off"
    assert [call for call in calls if not call.startswith("Light")] == [
        *("Swap(none)", "Swap(suction)", "Pick()", "Swap(none)", "Swap(driver)", "Fix()"),
    ]
    assert [call for call in calls if call.startswith("Light")] == ["Light(true)", "Light(false)"]
