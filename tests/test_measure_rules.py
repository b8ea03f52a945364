"""The judge of time and resources: every rule alone, and forgeries of every kind of certificate.

Each file of tests/forgeries/measures holds, by the name of a question below, an honest certificate,
and lies: the same with edits, and what the judge has to say to them.
"""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from measures import SPAN, budget, network, owed

from verifier.check.codec import decode, encode, statement_digest
from verifier.check.judge import judge, judge_counterexample
from verifier.check.measure_codec import MEASURED, decode_measured, of_measure
from verifier.check.outcome import Accepted, Rejected
from verifier.check.polynomial import Refused
from verifier.check.schedule import DEADLINES_MAX
from verifier.core.budget import OneOf, Peak, Share, Together
from verifier.core.certificate import Clash, Point
from verifier.core.network import (
    Chosen,
    Contingent,
    Demands,
    Latest,
    NegativeCycle,
    Network,
    Run,
    Strategy,
)
from verifier.core.obligation import Entailment, Fact, Measure
from verifier.core.schedule import (
    BusyPeriod,
    EarliestDeadline,
    FixedPriority,
    Missed,
    Overload,
    ResponseTime,
    Task,
    Utilisation,
)
from verifier.core.term import FALSE

FOLDER = Path(__file__).parent / "forgeries" / "measures"
ONE = Fraction(1)


def task(name: str, execution: int, period: int, deadline: int | None = None) -> Task:
    return Task(name, execution, period, deadline or period, SPAN)


def share(amount: int) -> Share:
    return Share(f"share {amount}", Fraction(amount), SPAN)


# Two branches, 1 to 3 and 2 to 5 ticks, then one tick.
JOIN = (Contingent(0, 1, 3), Contingent(0, 2, 5), Latest((1, 2)), Contingent(3, 1, 1))
# A contingent duration, and a chosen one that makes up for it.
CHOICE = (Contingent(0, 1, 3), Chosen(1, 0, 4))
# A chosen duration beside a contingent one that is followed by its end.
BESIDE = (Chosen(0, 0, 5), Contingent(0, 1, 3), Latest((1, 2)))
CHAIN = (Contingent(0, 1, 3), Contingent(1, 2, 5))
TASKS = (task("a", 1, 4), task("b", 2, 6), task("c", 3, 12))
SHARES = Together((share(3), OneOf((share(4), Together((share(1), share(2)))))))
QUESTIONS: dict[str, Measure] = {
    "chain": network(CHAIN, (0, 2, 3, 8)),
    "later": network(CHAIN, (0, 2, 3, 7)),
    "join": network(JOIN, (1, 4, 1, 5), (0, 3, 2, 5)),
    "choice": network(CHOICE, (0, 2, 3, 4)),
    "beside": network(BESIDE, (2, 3, 1, 2)),
    "sooner": network(BESIDE, (2, 3, 0, 0)),
    "fixed": FixedPriority(TASKS, ONE),
    "shorter": FixedPriority((*TASKS[:2], task("c", 3, 12, 9)), ONE),
    "periods": EarliestDeadline(TASKS, ONE),
    "more": EarliestDeadline((*TASKS, task("d", 3, 12)), ONE),
    "deadlines": EarliestDeadline((task("a", 1, 4, 2), task("b", 3, 6, 5)), ONE),
    "early": EarliestDeadline((task("a", 1, 4, 2), task("b", 3, 6, 3)), ONE),
    "budget": budget(SHARES, None, 7),
    "small": budget(SHARES, None, 6),
    "total": budget(SHARES, 7, 7),
}
HONEST = json.loads((FOLDER / "honest.json").read_text(encoding="utf-8"))
LIES = [
    json.loads(line) for line in (FOLDER / "lies.jsonl").read_text(encoding="utf-8").splitlines()
]


def verdict(question: Measure, data: Any) -> Accepted | Rejected:
    try:
        return judge(owed(question), decode(data))
    except Refused as refusal:
        return Rejected(str(refusal))


@pytest.mark.parametrize("name", HONEST)
def test_the_honest_certificate_is_accepted(name: str) -> None:
    assert verdict(QUESTIONS[name], HONEST[name]) == Accepted()
    assert encode(decode(json.loads(json.dumps(HONEST[name])))) == HONEST[name]


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie["name"])
def test_the_forgery_is_not_accepted(lie: dict[str, Any]) -> None:
    forged = {"it": copy.deepcopy(HONEST[lie["about"]])}
    for path, value in lie["edits"]:
        place: Any = forged
        for step in ["it", *path][:-1]:
            place = place[step]
        place[["it", *path][-1]] = value
    judged = verdict(QUESTIONS[lie.get("question", lie["about"])], forged["it"])
    assert isinstance(judged, Rejected), lie["lie"]
    assert lie["because"] in judged.reason


def test_every_kind_of_certificate_has_forgeries() -> None:
    told = Counter(HONEST[lie["about"]]["kind"] for lie in LIES)
    assert all(told[kind] >= 3 for kind in MEASURED), told


# ---- networks ----------------------------------------------------------------------------------


def proves(question: Measure, certificate: Any) -> bool:
    return judge(owed(question), certificate) == Accepted()


def refutes(question: Measure, evidence: Any) -> bool:
    return judge_counterexample(owed(question), evidence) == Accepted()


def rows(*apart: tuple[int, int, int]) -> Strategy:
    return Strategy((), apart)


ONCE = (Contingent(0, 1, 3),)


@pytest.mark.parametrize("most", [3, 2])
def test_a_contingent_event_is_as_late_as_its_longest_duration(most: int) -> None:
    assert proves(network(ONCE, (0, 1, None, most)), rows((1, 0, most))) == (most == 3)


@pytest.mark.parametrize("least", [1, 2])
def test_a_contingent_event_is_as_early_as_its_shortest_duration(least: int) -> None:
    assert proves(network(ONCE, (0, 1, least, None)), rows((0, 1, -least))) == (least == 1)


def test_a_row_may_say_less_and_never_more_than_its_reason() -> None:
    question = network(CHAIN, (0, 2, None, 9))
    assert proves(question, rows((1, 0, 4), (2, 0, 9)))
    assert not proves(question, rows((1, 0, 5), (2, 0, 9)))
    assert not proves(question, rows((2, 0, 9)))
    assert proves(network(CHAIN, (1, 1, 0, 0)), rows())
    assert not proves(network(CHAIN, (1, 1, None, -1)), rows((1, 1, -1)))
    assert proves(network(CHAIN, (1, 1, None, 0)), rows((1, 1, 0)))


def test_every_row_is_looked_at_even_if_none_needs_it() -> None:
    question = network(ONCE, (0, 1, None, 3))
    assert not proves(question, rows((1, 0, 3), (0, 1, -2)))
    assert not proves(question, rows((1, 0, 3), (0, 2, 5)))
    assert not proves(question, rows((1, 0, 3), (2, 0, 50)))
    assert not proves(question, rows((1, 0, 3), (-1, 0, 50)))


def test_what_takes_no_time_comes_at_once() -> None:
    question = network((Contingent(0, 0, 0),), (0, 1, 0, 0))
    assert proves(question, rows((1, 0, 0), (0, 1, 0)))
    assert not proves(question, rows((1, 0, -1), (0, 1, 0)))


def test_a_network_that_is_none_is_refuted_by_nothing() -> None:
    back = network((Contingent(0, -1, 3),), (0, 1, 0, None))
    assert not refutes(back, Run(((1, -1),), 0))
    assert not refutes(back, NegativeCycle(((1, -1),), (0, 1)))


def test_a_separation_is_between_two_events() -> None:
    question = network(CHAIN, (1, 2, None, 4))
    assert refutes(question, Run(((1, 3), (2, 5)), 0))
    assert not refutes(question, Run(((1, 3), (2, 4)), 0))
    assert not refutes(question, Run(((1, 3, 3), (2, 5, 5)), 0))


def test_what_has_no_longest_duration_is_never_soon() -> None:
    endless = (Contingent(0, 1, None),)
    assert not proves(network(endless, (0, 1, None, 10**9)), rows((1, 0, 10**9)))
    assert proves(network(endless, (0, 1, 1, None)), rows((0, 1, -1)))


def test_a_join_comes_with_the_last_and_not_before_any() -> None:
    both = JOIN[:3]
    late = ((1, 0, 3), (2, 0, 5))
    assert proves(network(both, (0, 3, None, 5)), rows(*late, (3, 0, 5)))
    assert not proves(network(both, (0, 3, None, 4)), rows(*late, (3, 0, 4)))
    assert not proves(network(both, (0, 3, None, 3)), rows((1, 0, 3), (3, 0, 3)))
    early = ((0, 1, -1), (0, 2, -2))
    assert proves(network(both, (0, 3, 2, None)), rows(*early, (0, 3, -2)))
    assert proves(network(both, (0, 3, 1, None)), rows(early[0], (0, 3, -1)))
    assert not proves(network(both, (0, 3, 3, None)), rows(*early, (0, 3, -3)))


def test_both_ends_of_every_separation_are_proved() -> None:
    table = rows((1, 0, 3), (0, 1, -1))
    assert proves(network(ONCE, (0, 1, 1, 3)), table)
    assert not proves(network(ONCE, (0, 1, 2, 3)), table)
    assert not proves(network(ONCE, (0, 1, 1, 2)), table)
    assert not proves(network(ONCE, (0, 1, 1, 3), (0, 1, None, 2)), table)
    assert not proves(network(ONCE, (0, 1, 1, 3)), rows((1, 0, 3)))
    assert not proves(network(ONCE, (0, 1, 1, 3)), rows((0, 1, -1)))


WAIT = (Chosen(0, 1, 4),)


def strategy(waits: Any, *apart: tuple[int, int, int]) -> Strategy:
    return Strategy(waits, apart)


def test_a_chosen_event_comes_when_its_waits_are_over() -> None:
    question = network(WAIT, (0, 1, 2, 3))
    rule = ((1, ((0, 2),)),)
    assert proves(question, strategy(rule, (1, 0, 2), (0, 1, -2)))
    assert not proves(question, strategy(rule, (1, 0, 1), (0, 1, -2)))
    assert not proves(question, strategy(rule, (1, 0, 2), (0, 1, -3)))
    assert not proves(question, strategy(((1, ((0, 0),)),), (1, 0, 3), (0, 1, -2)))


def test_a_chosen_event_keeps_to_its_own_bounds() -> None:
    free = network(WAIT, (0, 1, None, 9))
    assert proves(free, strategy(((1, ((0, 1),)),), (1, 0, 1)))
    assert proves(free, strategy(((1, ((0, 4),)),), (1, 0, 4)))
    assert not proves(free, strategy(((1, ((0, 5),)),), (1, 0, 5)))
    assert not proves(free, strategy(((1, ((0, 0),)),), (1, 0, 0)))
    endless = network((Chosen(0, 1, None),), (0, 1, None, 9))
    assert proves(endless, strategy(((1, ((0, 5),)),), (1, 0, 5)))


def test_a_wait_needs_no_foresight() -> None:
    question = network(CHOICE, (0, 2, 3, 4))
    table = ((1, 0, 3), (0, 1, -1), (2, 1, 2), (2, 0, 3), (0, 2, -3))
    assert proves(question, strategy(((2, ((1, 0), (0, 3))),), *table))
    backwards = network((Contingent(0, 1, 3), Chosen(0, 0, 9)), (0, 2, None, 9))
    assert proves(backwards, strategy(((2, ((0, 0), (1, 0))),), (1, 0, 3), (2, 0, 3)))
    ahead = strategy(((2, ((0, 0), (1, -1))),), (1, 0, 3), (2, 0, 2))
    assert not proves(backwards, ahead)
    itself = network((Chosen(0, 0, 9), Contingent(0, 1, 3)), (0, 1, None, 9))
    for unknown in (1, 2, 3, -1):
        rule = ((1, ((0, 0), (unknown, 0))),)
        assert not proves(itself, strategy(rule, (2, 0, 3), (1, 0, 9)))


def test_the_waits_are_those_of_the_chosen_events() -> None:
    question = network((*WAIT, Contingent(1, 1, 1)), (0, 1, None, 4))
    row = (1, 0, 1)
    rule = (1, ((0, 1),))
    assert proves(question, strategy((rule,), row))
    for waits in (
        (),
        (rule, rule),
        (rule, (2, ((1, 1),))),
        ((2, ((1, 1),)),),
        ((True, ((0, 1),)),),
    ):
        assert not proves(question, strategy(waits, row))
    assert not proves(question, strategy(((1, ()),), row))


def test_a_network_that_is_none_proves_nothing() -> None:
    good = network(ONCE, (0, 1, None, 3))
    table = rows((1, 0, 3))
    assert proves(good, table)
    for events in ((), (Contingent(0, 0, 0),), (Latest((0,)),), (Latest(()), Contingent(1, 0, 1))):
        assert not proves(Network(events, (), ONE, (), ()), rows())
    odd = (Contingent(0, -1, 3), Latest(()), Latest((0, 2)), Contingent(-1, 0, 1), Latest((1,)))
    for event in odd:
        assert not proves(network((event,)), rows())
    for first, second in ((2, 0), (0, 2), (-1, 0), (0, -1)):
        assert not proves(network(ONCE, (first, second, None, None)), rows())
    assert proves(network((Contingent(0, 0, 0),)), rows())


# ---- refuted networks --------------------------------------------------------------------------


def test_a_run_is_replayed() -> None:
    later = network(CHAIN, (0, 1, 1, 3), (0, 2, 3, 7))
    assert refutes(later, Run(((1, 3), (2, 5)), 1))
    assert not refutes(later, Run(((1, 3), (2, 5)), 0))
    assert not refutes(later, Run(((1, 3), (2, 4)), 1))
    for failed in (2, -1, True, None):
        assert not refutes(later, Run(((1, 3), (2, 5)), failed))  # type: ignore[arg-type]
    early = network(CHAIN, (0, 2, 4, None))
    assert refutes(early, Run((), 0)) and not refutes(early, Run(((1, 2),), 0))
    assert not refutes(network(CHAIN, (0, 2, 3, None)), Run((), 0))


def test_a_run_takes_durations_that_there_are() -> None:
    later = network(CHAIN, (0, 2, 3, 7))
    for durations in (((1, 4), (2, 5)), ((1, 0), (2, 9)), ((1, 3), (2, 5), (0, 1)), ((3, 9),)):
        assert not refutes(later, Run(durations, 0))
    endless = network((Contingent(0, 1, None),), (0, 1, None, 7))
    assert refutes(endless, Run(((1, 8),), 0)) and not refutes(endless, Run(((1, 7),), 0))


def test_a_run_joins_at_the_last() -> None:
    question = network(JOIN, (0, 3, None, 4))
    assert refutes(question, Run(((2, 5),), 0)) and not refutes(question, Run(((1, 3),), 0))


def test_a_run_refutes_nothing_where_something_is_chosen_or_vague() -> None:
    assert not refutes(network(CHOICE, (0, 1, None, 2)), Run(((1, 3),), 0))
    vague = network((Contingent(0, 1, 3, True),), (0, 1, None, 2))
    assert not refutes(vague, Run(((1, 3),), 0))
    assert not refutes(vague, NegativeCycle(((1, 3),), (0, 1)))
    assert proves(network((Contingent(0, 1, 3, True),), (0, 1, None, 3)), rows((1, 0, 3)))


def test_a_cycle_is_negative_and_each_of_its_steps_is_a_bound() -> None:
    long = network(CHOICE, (0, 2, None, 2))
    assert refutes(long, NegativeCycle(((1, 3),), (0, 2, 1)))
    assert not refutes(long, NegativeCycle(((1, 2),), (0, 2, 1)))
    assert not refutes(long, NegativeCycle(((1, 4),), (0, 2, 1)))
    assert not refutes(long, NegativeCycle(((1, 3),), (1, 2, 0)))
    for cycle in ((), (0,), (0, 2), (0, 2, 9), (0, 2, -1), (0, 2, True), [0, 2, 1]):
        assert not refutes(long, NegativeCycle(((1, 3),), cycle))  # type: ignore[arg-type]
    least = network(CHOICE, (0, 2, 8, None))
    assert refutes(least, NegativeCycle(((1, 3),), (0, 1, 2)))
    assert not refutes(least, NegativeCycle(((1, 3),), (0, 2, 1)))
    assert not refutes(network(CHOICE, (0, 2, 7, None)), NegativeCycle(((1, 3),), (0, 1, 2)))
    endless = network((Contingent(0, 1, 3), Chosen(1, 0, None)), (0, 2, 8, None))
    assert not refutes(endless, NegativeCycle(((1, 3),), (0, 1, 2)))


def test_the_strictest_of_two_bounds_counts() -> None:
    for order in ((9, 2), (2, 9)):
        question = network(CHOICE, *((0, 2, None, most) for most in order))
        assert refutes(question, NegativeCycle(((1, 3),), (0, 2, 1)))


def test_a_join_is_not_before_its_events_and_after_one_alone_with_it() -> None:
    both = (Contingent(0, 1, 3), Chosen(0, 2, 5), Latest((1, 2)))
    late = network(both, (0, 3, None, 1))
    assert refutes(late, NegativeCycle((), (0, 3, 2)))
    assert refutes(network(both, (0, 3, None, 2)), NegativeCycle(((1, 3),), (0, 3, 1)))
    early = network(both, (0, 3, 4, None))
    assert not refutes(early, NegativeCycle(((1, 3),), (0, 1, 3)))
    single = network((Chosen(0, 1, 3), Latest((1,))), (0, 2, 4, None))
    assert refutes(single, NegativeCycle((), (0, 1, 2)))


BEFORE = (Chosen(0, 0, 2), Contingent(1, 1, 3))
"""The robot has to choose first, and cannot make up for what it did not foresee."""
FORECLOSED = (
    (2, 0, 3, -1, -1),  # step 2 ends at most 3 after the start,
    (0, 2, -3, -1, -1),  # and at least 3 after it;
    (0, 1, -2, 1, -1),  # so step 1 ends at least 2 after the start,
    (1, 0, 0, 0, -1),  # and at most 0
    (0, 0, -2, 2, 3),
)


def altered(row: int, *values: int) -> Demands:
    return Demands((*FORECLOSED[:row], values, *FORECLOSED[row + 1 :]))  # type: ignore[arg-type]


def test_demands_that_cannot_be_met_without_foresight() -> None:
    question = network(BEFORE, (0, 2, 3, 3))
    assert refutes(question, Demands(FORECLOSED))
    assert refutes(question, altered(4, 0, 0, -1, 2, 3))
    for row, values in enumerate(FORECLOSED):
        x, y, most, first, second = values
        assert not refutes(question, altered(row, x, y, most - 1, first, second)), row
        assert not refutes(question, altered(row, y, x, most, first, second)) or x == y, row
        assert not refutes(question, altered(row, x, y, most, row, second)), row
        assert not refutes(question, altered(row, x, y, most, len(FORECLOSED), second)), row
        assert not refutes(question, altered(row, x, y, most, -2, second)), row
        assert not refutes(question, altered(row, 9, y, most, first, second)), row
        assert not refutes(question, altered(row, x, -1, most, first, second)), row
    assert not refutes(question, Demands(FORECLOSED[:4])) and not refutes(question, Demands(()))
    assert not refutes(question, altered(4, 0, 0, 0, 2, 3))
    assert not refutes(question, altered(4, 0, 0, -2, 3, 2))
    assert not refutes(question, altered(4, 0, 0, -2, 3, 3))
    assert not refutes(question, altered(3, 1, 0, 0, -1, 0))
    assert not refutes(network(BEFORE, (0, 2, 3, 5)), Demands(FORECLOSED))
    assert not refutes(network(BEFORE, (0, 2, 1, 3)), Demands(FORECLOSED))


def test_demands_join_at_the_event_between() -> None:
    events = (Contingent(0, 1, 3), Chosen(1, 0, 2))
    late = network(events, (0, 2, 9, None))
    assert refutes(late, given((0, 2, -9), (2, 1, 2), (0, 1, -7, 0, 1), (0, 0, -6, 2)))
    soon = network((events[0], Chosen(1, 2, 4)), (0, 2, None, 4))
    assert refutes(soon, given((2, 0, 4), (1, 2, -2), (1, 0, 2, 1, 0), (0, 0, -1, 2)))
    possible = network(events, (0, 2, 3, None))
    begin = ((0, 2, -3), (2, 1, 2))
    for end in (
        ((2, 1, -1, 0, 1), (1, 2, 0), (2, 2, -1, 2, 3)),
        ((1, 2, 0), (1, 2, -3, 2, 0), (1, 1, -1, 3, 1)),
        ((0, 0, -1, 0, 1),),
        ((0, 1, -5, 0, 1), (0, 0, -4, 2)),
        ((0, 1, -2, 0, 1), (0, 0, -1, 2)),
        ((0, 0, -1, 2, 2),),
    ):
        assert not refutes(possible, given(*begin, *end)), end
    assert not refutes(possible, given((0, 0, -1, 0, 0)))


def given(*rows: tuple[int, ...]) -> Demands:
    """Demands with the causes that are left out filled in: there are none."""
    return Demands(tuple((*row, -1, -1)[:5] for row in rows))  # type: ignore[misc]


def test_demands_are_those_of_the_question() -> None:
    for order in ((3, 9), (9, 3)):
        bounds = ((0, 2, 3, None), *((0, 2, None, most) for most in order))
        assert refutes(network(BEFORE, *bounds), Demands(FORECLOSED))
    assert not refutes(network(BEFORE, (0, 2, 3, 3)), altered(1, 0, 2, -3, -1, 0))
    assert not refutes(network((Contingent(0, 1, 3),), (0, 1, None, 5)), given((1, 0, 5)))


def test_an_event_is_eliminated_from_the_pair_that_it_is_in() -> None:
    two = (Contingent(0, 1, 3), Contingent(1, 1, 3))
    assert not refutes(network(two, (0, 2, 2, None)), given((0, 2, -2), (0, 0, -1, 0)))
    again = ((2, 0, 6), (2, 0, 3, 0), (2, 0, 0, 1), (2, 0, -3, 2), (1, 0, -6, 3), (0, 0, -9, 4))
    assert not refutes(network(two, (0, 2, None, 6)), given(*again))
    endless = network((two[0], Contingent(1, 1, None)), (0, 2, None, 9))
    assert not refutes(endless, given((2, 0, 9), (1, 0, 5, 0), (0, 0, -1, 1)))
    joined = (Contingent(0, 1, 3), Chosen(0, 2, 5), Latest((1, 2)), Contingent(3, 1, 1))
    question = network(joined, (4, 3, None, -1))
    for forged in ((4, 4, -1, 0), (1, 1, -1, 0)):
        assert not refutes(question, given((3, 4, -1), forged))
    single = network((Contingent(0, 1, 3), Latest((1,))), (0, 2, 1, None))
    assert not refutes(single, given((0, 2, -1), (0, 0, -1, 0)))


def test_of_events_beside_each_other_each_may_depend_on_the_other() -> None:
    question = network((Contingent(0, 1, 3), Chosen(0, 1, 4)), (1, 2, 0, 1))
    longest = ((1, 2, 0), (0, 2, -3, 0), (2, 1, 1), (0, 1, -2, 1, 2), (0, 0, -1, 3))
    assert not refutes(question, given(*longest))
    shortest = ((2, 1, 1), (2, 0, 2, 0), (1, 2, 0), (1, 0, 2, 2, 1), (0, 0, -1, 3))
    assert not refutes(question, given(*shortest))


def test_what_comes_after_may_depend_on_how_long_it_took() -> None:
    after = network((Contingent(0, 1, 3), Chosen(1, 0, 2)), (0, 2, 3, 3))
    rows = ((2, 0, 3, -1, -1), (0, 2, -3, -1, -1), (1, 2, 0, -1, -1), (1, 0, 3, 2, 0))
    assert not refutes(after, Demands((*rows, (0, 0, -1, 3, -1))))
    assert not refutes(after, Demands((*rows, (1, 0, 2, 3, -1))))
    # Nor does one beside it: the robot may see how long the other one took before it ends this.
    beside = network((Contingent(0, 1, 3), Chosen(0, 1, 4)), (1, 2, 0, 0))
    look = ((1, 2, 0, -1, -1), (0, 2, -3, 0, -1), (2, 1, 0, -1, -1), (2, 0, 1, 2, -1))
    assert not refutes(beside, Demands((*look, (0, 0, -2, 1, 3))))
    assert not refutes(beside, Demands((*look[:2], look[2], (2, 0, 1, 2, -1))))


def test_of_a_vague_event_nothing_is_demanded() -> None:
    vague = network((BEFORE[0], Contingent(1, 1, 3, True)), (0, 2, 3, 3))
    assert not refutes(vague, Demands(FORECLOSED))
    endless = network((Chosen(0, 0, 2), Contingent(1, 1, None)), (0, 2, None, 9))
    assert refutes(endless, Demands(((2, 0, 9, -1, -1),)))
    assert not refutes(endless, Demands(((0, 1, 0, -1, -1),)))
    assert not refutes(endless, Demands(((0, 2, 0, -1, -1),)))
    vague = network((Chosen(0, 0, 2), Contingent(1, 1, None, True)), (0, 2, None, 9))
    assert not refutes(vague, Demands(((2, 0, 9, -1, -1),)))
    later = network((Contingent(0, 1, None), Chosen(1, 0, None)), (2, 1, None, 0))
    assert not refutes(later, Demands(((1, 2, 0, -1, -1),)))


def test_demands_on_the_last_of_several_events() -> None:
    both = (Contingent(0, 1, 3), Chosen(0, 2, 5), Latest((1, 2)))
    late = network(both, (0, 3, None, 2))
    of_all = ((3, 0, 2, -1, -1), (1, 0, 2, 0, -1), (0, 0, -1, 1, -1))
    assert refutes(late, Demands(of_all))
    assert not refutes(late, Demands((of_all[0], (1, 0, 1, 0, -1), of_all[2])))
    assert not refutes(late, Demands((*of_all[:2], (0, 0, -2, 1, -1))))
    always = ((1, 3, 0, -1, -1), of_all[0], (1, 0, 2, 0, 1), (0, 0, -1, 2, -1))
    assert refutes(late, Demands(always))
    early = network(both, (0, 3, 4, None))
    some = ((0, 3, -4, -1, -1), (0, 1, -4, 0, -1), (0, 0, -3, 1, -1))
    assert not refutes(early, Demands(some))
    single = network((Contingent(0, 1, 3), Latest((1,)), Chosen(2, 0, 1)), (0, 2, 4, None))
    one = ((0, 2, -4, -1, -1), (0, 1, -4, 0, -1), (0, 0, -3, 1, -1))
    assert refutes(single, Demands(one))
    assert not refutes(single, Demands((one[0], (0, 1, -5, 0, -1), one[2])))


# ---- processors --------------------------------------------------------------------------------


def test_a_response_time_meets_the_demand_by_the_deadline() -> None:
    question = FixedPriority(TASKS, ONE)
    assert [time for time in range(15) if proves(question, ResponseTime(time))] == [10, 11, 12]
    assert not proves(FixedPriority((*TASKS[:2], task("c", 3, 12, 9)), ONE), ResponseTime(10))
    assert proves(FixedPriority((task("a", 3, 5, 3),), ONE), ResponseTime(3))
    for time in (True, "10", Fraction(10), 10.0, None, -1):
        assert not proves(question, ResponseTime(time))  # type: ignore[arg-type]


def test_a_missed_deadline_is_the_demand_turn_by_turn() -> None:
    question = QUESTIONS["shorter"]
    assert refutes(question, Missed((3, 6, 7, 9, 10)))
    for times in ((3, 6, 7, 9), (4, 7, 9, 10), (3, 6, 7, 10), (3, 10), (10,), (), [3, 6, 7, 9, 10]):
        assert not refutes(question, Missed(times))  # type: ignore[arg-type]
    assert not refutes(question, Missed((3, 6, 7, 9, 10.0)))  # type: ignore[arg-type]
    exactly = FixedPriority((*TASKS[:2], task("c", 3, 12, 10)), ONE)
    assert not refutes(exactly, Missed((3, 6, 7, 9, 10, 10)))


@pytest.mark.parametrize(
    "odd",
    [
        *(task("o", 0, 4), task("o", -1, 4), task("o", 1, 4, 5), task("o", 1, 4, -1)),
        Task("o", 1, 4, 0, SPAN),
    ],
)
def test_what_is_no_task_is_judged_in_no_way(odd: Task) -> None:
    assert not proves(FixedPriority((odd,), ONE), ResponseTime(2))
    assert not refutes(FixedPriority((odd,), ONE), Missed((odd.execution, 9)))
    assert not refutes(FixedPriority((odd,), ONE), Missed((odd.execution,)))
    assert not proves(EarliestDeadline((odd,), ONE), BusyPeriod(4))
    assert not refutes(EarliestDeadline((odd, task("p", 9, 9)), ONE), Overload(9))


def test_the_shortest_task_is_one() -> None:
    assert proves(FixedPriority((task("a", 1, 1, 1),), ONE), ResponseTime(1))
    assert proves(EarliestDeadline((task("a", 1, 2, 1),), ONE), BusyPeriod(1))
    assert not proves(EarliestDeadline((Task("a", 1, 2, 0, SPAN),), ONE), BusyPeriod(1))


def test_no_tasks_are_judged_in_no_way() -> None:
    assert not proves(EarliestDeadline((), ONE), Utilisation())
    assert not proves(FixedPriority((), ONE), ResponseTime(1))


def test_a_utilisation_is_at_most_one_where_deadlines_are_periods() -> None:
    full = (task("a", 1, 2), task("b", 2, 4))
    assert proves(EarliestDeadline(full, ONE), Utilisation())
    assert not proves(EarliestDeadline((*full, task("c", 1, 100)), ONE), Utilisation())
    assert not proves(EarliestDeadline((task("a", 1, 2, 1), task("b", 2, 4)), ONE), Utilisation())
    assert not proves(EarliestDeadline(full, ONE), ResponseTime(4))


def test_a_busy_period_ends_and_meets_every_deadline_in_it() -> None:
    question = QUESTIONS["deadlines"]
    assert [n for n in range(9) if proves(question, BusyPeriod(n))] == [4, 5, 6, 8]
    assert not proves(QUESTIONS["early"], BusyPeriod(4))
    both = EarliestDeadline((task("a", 2, 4, 2), task("b", 1, 2)), ONE)
    assert not proves(both, BusyPeriod(12)) and not proves(both, BusyPeriod(4))
    exact = EarliestDeadline((task("a", 2, 8, 2), task("b", 2, 8, 4)), ONE)
    assert proves(exact, BusyPeriod(4))
    second = EarliestDeadline((task("a", 2, 3, 2), task("b", 1, 3, 2)), ONE)
    assert not proves(second, BusyPeriod(3))
    later = EarliestDeadline((task("a", 3, 6, 5), task("b", 1, 5, 2), task("c", 2, 7, 6)), ONE)
    assert not proves(later, BusyPeriod(6))
    for length in (True, "4", 4.0, None, -4):
        assert not proves(question, BusyPeriod(length))  # type: ignore[arg-type]


def test_a_busy_period_of_too_many_deadlines_is_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    often = EarliestDeadline((task("a", 1, 3, 2),), ONE)
    assert DEADLINES_MAX == 200_000 and not proves(often, BusyPeriod(3 * 200_000))
    monkeypatch.setattr("verifier.check.schedule.DEADLINES_MAX", 5)
    assert proves(often, BusyPeriod(3 * 4)) and not proves(often, BusyPeriod(3 * 5))


def test_an_overload_is_more_than_there_was_time() -> None:
    early, more = QUESTIONS["early"], QUESTIONS["more"]
    assert [n for n in range(5) if refutes(early, Overload(n))] == [3]
    assert refutes(more, Overload(12)) and not refutes(more, Overload(11))
    assert not refutes(QUESTIONS["periods"], Overload(12))
    for time in (True, "3", 3.0, None):
        assert not refutes(early, Overload(time))  # type: ignore[arg-type]


# ---- budgets -----------------------------------------------------------------------------------


def bounds(*values: int) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, values))


GOOD = bounds(7, 3, 4, 4, 3, 1, 2)


def test_each_bound_is_one() -> None:
    most = budget(SHARES, None, 9)
    assert proves(most, Peak(GOOD, ())) and proves(most, Peak(bounds(9, 4, 5, 4, 4, 2, 2), ()))
    for place in range(len(GOOD)):
        less = [*GOOD]
        less[place] -= 1
        assert not proves(most, Peak(tuple(less), ()))
    assert not proves(most, Peak(GOOD[:-1], ())) and not proves(most, Peak((*GOOD, ONE), ()))
    assert not proves(most, Peak((7, *GOOD[1:]), ()))  # type: ignore[arg-type]
    assert proves(budget(SHARES, None, 7), Peak(GOOD, ()))
    assert not proves(budget(SHARES, None, 6), Peak(GOOD, ()))
    assert proves(budget(OneOf(()), None, 0), Peak(bounds(0), ()))
    assert not proves(budget(OneOf(()), None, 0), Peak(bounds(-1), ()))


def test_users_are_in_use_at_the_same_time() -> None:
    least = budget(SHARES, 5, None)
    assert proves(least, Peak((), (1, 3))) and proves(least, Peak((), (1, 5, 6)))
    for users in ((1,), (3, 1, 1), (1, 3, 5), (1, 2), (1, 3, 9), (1, 3, -1), (True, 3), (1, "3")):
        assert not proves(least, Peak((), users))  # type: ignore[arg-type]
    assert not proves(least, Peak((), [1, 3]))  # type: ignore[arg-type]
    assert not proves(least, Peak([], (1, 3)))  # type: ignore[arg-type]
    assert proves(budget(SHARES, 7, None), Peak((), (1, 3)))
    assert not proves(budget(SHARES, 8, None), Peak((), (1, 3)))


def test_a_peak_between_two_ends_needs_both() -> None:
    total = budget(SHARES, 7, 7)
    assert proves(total, Peak(GOOD, (1, 3)))
    assert not proves(total, Peak(GOOD, ())) and not proves(total, Peak((), (1, 3)))


def test_a_budget_is_exceeded_or_not_reached() -> None:
    assert refutes(budget(SHARES, None, 6), Peak((), (1, 3)))
    assert not refutes(budget(SHARES, None, 7), Peak((), (1, 3)))
    assert not refutes(budget(SHARES, 8, None), Peak((), (1, 3)))
    assert refutes(budget(SHARES, 8, None), Peak(GOOD, ()))
    assert not refutes(budget(SHARES, 7, None), Peak(GOOD, ()))
    assert not refutes(budget(SHARES, None, 6), Peak(GOOD, ()))
    assert not refutes(budget(SHARES, None, 6), Peak((), (1, 3, 5)))


# ---- one question, one kind of answer ----------------------------------------------------------


PROOFS = [
    Strategy((), ()),
    ResponseTime(1),
    Utilisation(),
    BusyPeriod(1),
    Peak(bounds(7), ()),
    Point(()),
    Clash(0, 0),
]
REFUTATIONS = [
    Run((), 0),
    NegativeCycle((), (0, 1)),
    Demands(((0, 0, -1, -1, -1),)),
    Missed((3,)),
    Overload(3),
    Peak((), (1,)),
]


@pytest.mark.parametrize("name", QUESTIONS)
def test_evidence_of_another_kind_is_refused(name: str) -> None:
    question = QUESTIONS[name]
    assert not any(proves(question, each) for each in PROOFS if not isinstance(each, Utilisation))
    others = [each for each in REFUTATIONS if not refutes(question, each)]
    assert len(others) >= len(REFUTATIONS) - 1
    assert not refutes(question, None) and not proves(question, None)


def test_an_entailment_is_proved_and_refuted_by_none_of_these() -> None:
    question = Entailment((), (Fact(FALSE, SPAN, "test"),))
    obligation = owed(question)  # type: ignore[arg-type]
    assert all(isinstance(judge(obligation, each), Rejected) for each in PROOFS)
    assert all(isinstance(judge_counterexample(obligation, e), Rejected) for e in REFUTATIONS)


def test_hostile_evidence_is_refused_and_never_raises() -> None:
    rng = random.Random(7)
    odd: list[Any] = [None, True, -1, 0, 1, 10**40, 0.5, "x", (), (1,), [], {}, ONE, ((1, 2),)]
    odd += [((1, 2, 3),), ((0, ()),), ((1, ((0, 1),)),), ((None, None),), (([],),), object()]
    kinds = (Strategy, ResponseTime, BusyPeriod, Peak, Run, NegativeCycle, Missed, Overload)
    kinds += (Demands,)
    for _ in range(3_000):
        kind = rng.choice(kinds)
        evidence = kind(*(rng.choice(odd) for _ in kind.__slots__))
        question = owed(rng.choice(list(QUESTIONS.values())))
        for outcome in (judge(question, evidence), judge_counterexample(question, evidence)):
            assert isinstance(outcome, Accepted) or outcome.reason


def test_the_digest_tells_what_is_asked_and_not_how_it_is_called() -> None:
    digests = [statement_digest(owed(question)) for question in QUESTIONS.values()]
    assert len(set(digests)) == len(digests)
    vague = network((Contingent(0, 1, 3, True),), (0, 1, None, 3))
    plain = network(ONCE, (0, 1, None, 3))
    chosen = network((Chosen(0, 1, 3),), (0, 1, None, 3))
    assert len({statement_digest(owed(each)) for each in (vague, plain, chosen)}) == 3
    assert statement_digest(owed(FixedPriority(TASKS, ONE))) != statement_digest(
        owed(FixedPriority(TASKS, ONE / 2))
    )
    renamed = FixedPriority(tuple(task("x", t.execution, t.period) for t in TASKS), ONE)
    assert statement_digest(owed(renamed)) == statement_digest(owed(FixedPriority(TASKS, ONE)))


def test_what_is_asked_is_written_down_whole() -> None:
    events = (*JOIN[:3], Contingent(3, 0, 2, True), Chosen(4, 0, None))
    written = [["contingent", 0, 1, 3], ["contingent", 0, 2, 5], ["latest", 1, 2]]
    written += [["vague", 3, 0, 2], ["chosen", 4, 0, None]]
    assert of_measure(network(events, (1, 4, None, 5))) == [
        *("network", [["latest"], *written], [[1, 4, None, 5]], "1/1000")
    ]
    tasks = [[1, 4, 2], [3, 6, 5]]
    question = QUESTIONS["deadlines"]
    assert isinstance(question, EarliestDeadline)
    assert of_measure(question) == ["earliest deadline", tasks, "1"]
    assert of_measure(FixedPriority(question.tasks, ONE / 2)) == ["fixed priority", tasks, "1/2"]
    usage = ["together", "3", ["one of", "4", ["together", "1", "2"]]]
    assert of_measure(budget(SHARES, None, 7)) == ["budget", usage, [None, "7"]]


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "response-time"},
        {"kind": "response-time", "time": "10"},
        {"kind": "response-time", "time": 10.0},
        {"kind": "response-time", "time": 10, "more": 1},
        {"kind": "utilisation", "value": 1},
        {"kind": "busy-period", "length": True},
        {"kind": "strategy", "waits": [], "apart": [[1, 0]]},
        {"kind": "strategy", "waits": [[1]], "apart": []},
        {"kind": "strategy", "waits": [[1, [[0]]]], "apart": []},
        {"kind": "peak", "bounds": [7], "users": []},
        {"kind": "peak", "bounds": ["7"], "users": ["1"]},
        {"kind": "peaks", "bounds": ["7"], "users": []},
    ],
)
def test_what_is_not_written_so_is_not_read(data: Any) -> None:
    with pytest.raises(Refused):
        decode(data)
    with pytest.raises(Refused):
        decode_measured(data)
