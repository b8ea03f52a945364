"""The judge of trees of moves: each of its rules alone, and against brute force."""

from __future__ import annotations

import random
from typing import Any

import pytest
from measures import network, owed, random_network
from played import Played, altered

from verifier.check.codec import decode, encode
from verifier.check.judge import judge, judge_counterexample
from verifier.check.outcome import Accepted
from verifier.core.network import (
    AdversaryTree,
    Case,
    Chosen,
    Contingent,
    Latest,
    Network,
    StrategyTree,
    Turn,
)
from verifier.core.zone import at_most
from verifier.solve.game import play

Tree = StrategyTree | AdversaryTree


def accepted(question: Network, tree: Tree) -> bool:
    if isinstance(tree, StrategyTree):
        return judge(owed(question), tree) == Accepted()
    return judge_counterexample(owed(question), tree) == Accepted()


def after(delay: int, event: int) -> tuple[int, int, int, int]:
    """At this time after the event."""
    return event, at_most(-delay), event, at_most(delay)


# ---- every tree --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_no_tree_is_accepted_that_loses_a_run(seed: int) -> None:
    rng = random.Random(seed)
    refused = 0
    for _ in range(12):
        question = random_network(rng, rng.randrange(2, 5), rng.randrange(1, 3), chosen=0.5)
        tree = play(question)
        if not tree.nodes:
            continue
        assert accepted(question, tree) and Played(question, tree).wins()
        for _ in range(4):
            other = altered(rng, tree)
            if accepted(question, other):
                assert Played(question, other).wins(), (question, other)
            else:
                refused += 1
    assert refused > 5


def test_trees_are_written_and_read() -> None:
    rng = random.Random(3)
    for _ in range(50):
        tree = play(random_network(rng, 4, 2, chosen=0.5))
        if isinstance(tree, StrategyTree):
            assert decode(encode(tree)) == tree


# ---- one rule at a time ------------------------------------------------------------------------

BESIDE = (Chosen(0, 0, 5), Contingent(0, 1, 3), Latest((1, 2)))
"""The robot ends step 1, the world step 2; event 3 is the last of both."""
LATER = network(BESIDE, (2, 3, 1, 2))
"""Which is 1 to 2 ticks after the end of step 2."""
FOLLOW = (Turn((), ((2, 1),)), Turn((1, *after(1, 2)), ()))
"""The robot ends step 1 one tick after step 2."""
SHORT = network((Chosen(0, 0, 2), *BESIDE[1:]), (2, 3, 1, None))
OUTLAST = (Turn((2, *after(3, 0)), ((1, 1),)), Turn((2, *after(3, 0)), ()))
"""The world ends step 2 after 3 ticks, whatever the robot does."""


def robot(*nodes: Any) -> StrategyTree:
    return StrategyTree(nodes)


def world(*nodes: Any) -> AdversaryTree:
    return AdversaryTree(nodes)


def test_the_robot_follows_what_happens_in_a_branch_behind_its_own() -> None:
    assert accepted(LATER, robot(*FOLLOW))
    for delay, fits in ((0, False), (1, True), (2, True), (3, False)):
        assert accepted(LATER, robot(FOLLOW[0], Turn((1, *after(delay, 2)), ()))) == fits
    between = (2, at_most(-1), 2, at_most(2))
    assert accepted(LATER, robot(FOLLOW[0], Turn((1, *between), ())))
    assert not accepted(LATER, robot(FOLLOW[0], Turn((1, 2, at_most(-1), 2, at_most(3)), ())))


def test_the_world_outlasts_a_step_that_cannot_wait() -> None:
    assert accepted(SHORT, world(*OUTLAST))
    assert not accepted(SHORT, robot(*OUTLAST)) and not accepted(SHORT, world(*FOLLOW))
    for delay in (0, 1, 2, 4):
        other = Turn((2, *after(delay, 0)), ((1, 1),))
        assert not accepted(SHORT, world(other, OUTLAST[1])), delay
    assert not accepted(LATER, world(*OUTLAST))


def test_every_answer_of_the_other_has_a_node() -> None:
    assert not accepted(LATER, robot(Turn((), ()), FOLLOW[1]))
    assert accepted(LATER, robot(FOLLOW[0], Turn((1, *after(1, 2)), ()), FOLLOW[1])) is not False
    assert not accepted(SHORT, world(Turn((2, *after(3, 0)), ()), OUTLAST[1]))
    assert not accepted(LATER, robot()) and not accepted(SHORT, world())
    eager = Turn((1, *after(2, 0)), ((1, 1), (2, 2)))
    both = (2, 1, None, None)
    free = network(BESIDE, both)
    assert accepted(free, robot(eager, Turn((), ()), Turn((1, *after(2, 0)), ())))
    assert not accepted(free, robot(Turn(eager.act, ((1, 1),)), Turn((), ())))
    assert not accepted(free, robot(Turn(eager.act, ((2, 1),)), Turn((1, *after(2, 0)), ())))


@pytest.mark.parametrize("number", [-2, 0, 2, 9, True, 1.0, None, "1"])
def test_a_node_leads_to_a_greater_one_that_is_there(number: Any) -> None:
    assert not accepted(LATER, robot(Turn((), ((2, number),)), FOLLOW[1]))


@pytest.mark.parametrize("number", [-2, 0, 1, 9, True, 2.0, None])
def test_so_does_a_case(number: Any) -> None:
    for ways in ((2, number), (number, 2)):
        split = Case(2, 0, at_most(2), *ways)
        nodes = (Turn((), ((2, 1),)), split, FOLLOW[1], FOLLOW[1])
        assert not accepted(LATER, robot(*nodes))
    assert accepted(LATER, robot(nodes[0], Case(2, 0, at_most(2), 2, 3), *nodes[2:]))


def test_where_nothing_is_left_to_come_no_node_is_needed() -> None:
    assert accepted(network(()), robot()) and accepted(network((Latest((0,)),)), robot())
    assert not accepted(network(()), world())
    assert accepted(network(BESIDE, (0, 0, 1, None)), world())


def test_no_node_is_come_to_twice() -> None:
    anyhow = network((Contingent(0, 1, 3), Chosen(1, 0, 2)), (0, 1, None, 3))
    end = Turn((2, *after(0, 1)), ())
    split = Case(1, 0, at_most(2), 2, 3)
    assert accepted(anyhow, robot(Turn((), ((1, 1),)), split, end, end))
    assert not accepted(anyhow, robot(Turn((), ((1, 1),)), Case(1, 0, at_most(2), 2, 2), end))


@pytest.mark.parametrize(
    "nodes", [[*FOLLOW], (*FOLLOW, None), (FOLLOW[0], ()), ((), *FOLLOW), None, 3]
)
def test_a_tree_is_a_sequence_of_nodes(nodes: Any) -> None:
    assert not accepted(LATER, StrategyTree(nodes))


@pytest.mark.parametrize(
    "act",
    [
        (1, 2, at_most(-1), 2),
        (1, *after(1, 2), 0),
        (2, *after(1, 2)),
        (3, *after(1, 2)),
        (0, *after(1, 2)),
        (9, *after(1, 2)),
        (1, 1, at_most(-1), 2, at_most(1)),
        (1, 2, at_most(-1), 1, at_most(1)),
        (1, 2, at_most(-1), 3, at_most(1)),
        (1, 2, at_most(-2), 2, at_most(1)),
        (True, *after(1, 2)),
        (1, 2, -1.0, 2, at_most(1)),
        [1, *after(1, 2)],
        None,
    ],
)
def test_an_act_ends_a_step_of_its_own_that_has_begun(act: Any) -> None:
    assert not accepted(LATER, robot(FOLLOW[0], Turn(act, ())))


@pytest.mark.parametrize("rows", [[], ((2, 1, 0),), ((2,),), ([2, 1],), ((2, True),), None])
def test_what_comes_after_a_turn_is_pairs(rows: Any) -> None:
    assert not accepted(LATER, robot(Turn((), rows), FOLLOW[1]))


def test_an_act_comes_within_its_duration_and_not_in_the_past() -> None:
    alone = network((Chosen(0, 1, 3),))
    for delay in range(5):
        tree = robot(Turn((1, *after(delay, 0)), ()))
        assert accepted(alone, tree) == (1 <= delay <= 3), delay
    endless = network((Chosen(0, 1, None),))
    assert accepted(endless, robot(Turn((1, *after(9, 0)), ())))
    second = network((Contingent(0, 1, 3), Chosen(0, 0, 9)))
    for delay in range(5):
        tree = robot(Turn((), ((1, 1),)), Turn((2, *after(delay, 0)), ()))
        assert accepted(second, tree) == (delay >= 3), delay


def test_between_two_times_there_is_one() -> None:
    late = network((Contingent(0, 1, 3),), (0, 1, None, 2))
    beyond = 2 * -2
    assert accepted(late, world(Turn((1, 0, beyond, 0, at_most(3)), ())))
    assert not accepted(late, world(Turn((1, 0, at_most(-2), 0, at_most(3)), ())))
    assert not accepted(late, world(Turn((1, 0, 2 * -3, 0, at_most(3)), ())))
    assert not accepted(late, world(Turn((1, 0, at_most(-3), 0, 2 * 3), ())))
    assert not accepted(late, world(Turn((1, 0, beyond, 0, at_most(4)), ())))
    assert accepted(late, world(Turn((1, *after(3, 0)), ())))
    exact = network((Contingent(0, 1, 2),), (0, 1, None, 2))
    assert not accepted(exact, world(Turn((1, 0, beyond, 0, at_most(2)), ())))


def test_there_is_a_time_between_two_wherever_they_may_lie() -> None:
    for longest, fits in ((2, True), (3, False)):
        question = network((Contingent(0, 0, longest), Chosen(0, 0, 9)), (0, 2, None, 2))
        soon = Turn((2, 1, at_most(0), 0, at_most(2)), ())  # from the end of step 1 to 2
        assert accepted(question, robot(Turn((), ((1, 1),)), soon)) == fits


def test_the_other_may_come_first_as_long_as_the_act_has_not() -> None:
    """Step 1 has to end within the tick before step 2, which the robot cannot know."""
    question = network((Chosen(0, 0, 5), Contingent(0, 1, 3)), (1, 2, 0, 2))
    early = Turn((1, *after(1, 0)), ((1, 1), (2, 2)))
    assert accepted(question, robot(early, Turn((), ()), Turn((1, *after(0, 2)), ())))
    late = Turn((1, *after(2, 0)), ((1, 1), (2, 2)))
    for delay in (0, 1):
        followed = Turn((1, *after(delay, 2)), ())
        fits = accepted(question, robot(late, Turn((), ()), followed))
        assert fits == (delay == 0)


def test_who_waits_is_not_waited_for() -> None:
    assert not accepted(network((Chosen(0, 1, 3),)), robot(Turn((), ())))
    impossible = network((Chosen(0, 1, 3),), (0, 1, 4, None))
    assert accepted(impossible, world(Turn((), ())))
    both = network((Chosen(0, 1, 3), Contingent(0, 1, 3)), (0, 1, 4, None))
    assert not accepted(both, world(Turn((), ()), Turn((), ())))
    assert not accepted(both, world(Turn((), ((1, 1),)), Turn((2, *after(3, 0)), ())))
    assert accepted(both, world(Turn((2, *after(1, 0)), ((2, 1),)), Turn((), ())))
    nobody = network((Contingent(0, 1, 3),), (0, 1, None, 2))
    assert not accepted(nobody, world(Turn((), ())))


def test_a_case_is_about_events_that_have_come() -> None:
    question = network((Contingent(0, 1, 3), Chosen(1, 0, 2)), (0, 2, 3, 3))
    fill = Turn((2, *after(3, 0)), ())

    def split(x: Any, y: Any, bound: Any) -> StrategyTree:
        return robot(Turn((), ((1, 1),)), Case(x, y, bound, 2, 3), fill, fill)

    assert accepted(question, split(1, 0, at_most(2))) and accepted(question, split(0, 1, -2))
    for x, y in ((2, 0), (0, 2), (9, 0), (-1, 0), (True, 0)):
        assert not accepted(question, split(x, y, at_most(2)))
    for bound in (None, 1.0, True):
        assert not accepted(question, split(1, 0, bound))


def test_of_a_case_both_sides_are_followed() -> None:
    question = network((Contingent(0, 1, 3), Chosen(1, 0, 2)), (0, 2, 3, 3))
    fill, soon = Turn((2, *after(3, 0)), ()), Turn((2, *after(2, 1)), ())

    def split(bound: int, *ways: Turn) -> StrategyTree:
        return robot(Turn((), ((1, 1),)), Case(1, 0, bound, 2, 3), *ways)

    assert accepted(question, split(at_most(1), soon, fill))
    assert not accepted(question, split(at_most(2), soon, fill))
    assert not accepted(question, split(at_most(1), fill, soon))
    assert accepted(question, split(2, soon, fill))  # less than 1: never
    assert not accepted(question, split(at_most(0), fill, soon))
    assert accepted(question, split(at_most(3), fill, soon))
    assert accepted(question, split(2 * 3, fill, fill)) is not False
    never = robot(Turn((), ((1, 1),)), Case(1, 0, at_most(3), 2, -1), fill)
    assert accepted(question, never)
    open_end = robot(Turn((), ((1, 1),)), Case(1, 0, 2 * 3, 2, -1), fill)
    assert not accepted(question, open_end)


def test_at_the_end_every_separation_holds_or_one_has_failed() -> None:
    steps = (Contingent(0, 1, 3), Contingent(1, 2, 5))
    wait = (Turn((), ((1, 1),)), Turn((), ()))
    for low, high, holds in ((3, 8, True), (4, 8, False), (3, 7, False), (None, 8, True)):
        assert accepted(network(steps, (1, 2, 2, 5), (0, 2, low, high)), robot(*wait)) == holds
    assert not accepted(network(steps), robot(wait[0]))
    longest = (Turn((1, *after(3, 0)), ((1, 1),)), Turn((2, *after(5, 1)), ()))
    for low, high, fails in ((None, 7, True), (None, 8, False), (9, None, True), (8, 9, False)):
        assert accepted(network(steps, (0, 2, low, high)), world(*longest)) == fails
    assert accepted(network(steps, (0, 1, None, 2)), world(Turn(longest[0].act, ())))
    assert not accepted(network(steps, (0, 2, None, 2)), world(longest[0]))


def test_joins_come_with_the_last_of_their_events() -> None:
    nested = (*BESIDE, Chosen(0, 1, 1), Latest((3, 4)), Latest((5,)))
    question = network(nested, (2, 6, 1, 2))
    begin = Turn((4, *after(1, 0)), ((4, 1), (2, 2)))
    first = Turn((), ((2, 3),))
    beside = Turn((4, *after(1, 0)), ((4, 4),))
    follow = Turn((1, *after(1, 2)), ())
    assert accepted(question, robot(begin, first, beside, follow, follow))
    at_once = Turn((1, *after(0, 2)), ())
    assert not accepted(question, robot(begin, first, beside, follow, at_once))
    early = network((Latest((0,)), Chosen(1, 1, 3)), (0, 2, 2, 2))
    assert accepted(early, robot(Turn((2, *after(2, 0)), ())))
    assert accepted(early, robot(Turn((2, *after(2, 1)), ())))


def test_a_tree_refutes_nothing_where_an_event_is_vague() -> None:
    late = network((Contingent(0, 1, 3, True),), (0, 1, None, 2))
    assert not accepted(late, world(Turn((1, *after(3, 0)), ())))
    assert accepted(network((Contingent(0, 1, 3, True),), (0, 1, None, 3)), robot(Turn((), ())))
