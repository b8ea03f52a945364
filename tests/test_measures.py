"""Verdicts about time and resources against brute force: runs, simulated schedules, all users."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product

import pytest
from measures import (
    Game,
    all_runs,
    amounts,
    budget,
    kept,
    network,
    owed,
    random_network,
    random_row,
    random_tasks,
    random_usage,
    ranges,
    scaled,
    simulated,
    slower,
    times,
)

from verifier.check.game import judge_tree
from verifier.check.judge import judge, judge_counterexample
from verifier.check.outcome import Accepted
from verifier.core.network import (
    AdversaryTree,
    Chosen,
    Contingent,
    Demands,
    Latest,
    NegativeCycle,
    Network,
    Run,
    Strategy,
    StrategyTree,
)
from verifier.core.obligation import Measure
from verifier.core.schedule import BusyPeriod, EarliestDeadline, FixedPriority, Utilisation
from verifier.core.verdict import Proved, Refuted, SolverWord, Unknown, Verdict
from verifier.solve import game
from verifier.solve.discharge import discharge


def settled(question: Measure) -> Verdict:
    """The verdict, once its evidence is accepted by the judge."""
    verdict = discharge(owed(question), 1.0)
    match verdict:
        case Proved(evidence) if not isinstance(evidence, SolverWord):
            assert judge(owed(question), evidence) == Accepted()
        case Refuted(evidence):
            assert judge_counterexample(owed(question), evidence) == Accepted()
    return verdict


# ---- networks ----------------------------------------------------------------------------------


def test_without_choices_the_verdict_is_that_of_all_runs() -> None:
    rng = random.Random(1)
    seen = {True: 0, False: 0}
    for _ in range(400):
        question = random_network(rng, rng.randrange(1, 7), rng.randrange(1, 3))
        true = all(kept(question, run) for run in all_runs(question))
        assert isinstance(settled(question), Proved if true else Refuted), question
        seen[true] += 1
    assert min(seen.values()) > 50


def test_a_strategy_keeps_every_deadline_in_every_run() -> None:
    rng = random.Random(2)
    counted = {Proved: 0, Refuted: 0, Unknown: 0}
    watching = 0
    for _ in range(400):
        question = random_network(rng, rng.randrange(2, 6), rng.randrange(1, 4), chosen=0.5)
        verdict = settled(question)
        counted[type(verdict)] += 1  # type: ignore[index]
        match verdict:
            case Proved(Strategy() as strategy):
                watching += any(len(rows) > 1 for _, rows in strategy.waits)
                for durations in product(*ranges(question, Contingent)):
                    assert kept(question, played(question, strategy, durations))
            case Refuted(NegativeCycle(durations)):
                fixed = dict(durations)
                assert not any(kept(question, run) for run in foreseen(question, fixed))
            case Refuted(Run()):
                assert not ranges(question, Chosen)
    assert min(counted[Proved], counted[Refuted]) > 50 and watching > 2
    assert counted[Unknown] == 0


def played(question: Network, strategy: Strategy, durations: tuple[int, ...]) -> list[int]:
    """When each event comes if the robot keeps to the strategy; its own bounds are checked."""
    left, rules = iter(durations), dict(strategy.waits)
    found: list[int] = []
    for number, event in enumerate(question.events):
        match event:
            case Latest(events):
                found.append(max((found[each] for each in events), default=0))
            case Contingent(start):
                found.append(found[start] + next(left))
            case Chosen(start, low, high):
                found.append(max(found[p] + delay for p, delay in rules[number]))
                assert low <= found[-1] - found[start] and (high or 0) >= found[-1] - found[start]
    return found


def foreseen(question: Network, fixed: dict[int, int]) -> list[list[int]]:
    """Every run with these contingent durations, the least for the others, whatever is chosen."""
    every = []
    for number, event in enumerate(question.events):
        if isinstance(event, Contingent):
            every.append([fixed.get(number, event.low)])
        elif isinstance(event, Chosen):
            assert event.high is not None
            every.append(list(range(event.low, event.high + 1)))
    return [times(question, durations) for durations in product(*every)]


def test_a_choice_may_look_at_what_has_happened_but_not_ahead() -> None:
    after = network([Contingent(0, 1, 3), Chosen(1, 0, 2)], (0, 2, 3, 3))
    before = network([Chosen(0, 0, 2), Contingent(1, 1, 3)], (0, 2, 3, 3))
    never = network([Chosen(0, 0, 2), Contingent(1, 1, 3)], (0, 2, 6, 9))
    assert isinstance(settled(after), Proved)
    foreclosed = settled(before)
    assert isinstance(foreclosed, Refuted) and isinstance(foreclosed.evidence, Demands)
    assert isinstance(settled(never), Refuted)


def test_of_steps_in_one_row_every_question_is_decided_as_the_game_is() -> None:
    rng = random.Random(6)
    seen = {Proved: 0, Refuted: 0}
    foreclosed = 0
    for _ in range(1_200):
        question = random_row(rng, rng.randrange(2, 6))
        verdict = settled(question)
        assert isinstance(verdict, Proved if won(question, [0]) else Refuted), question
        seen[type(verdict)] += 1  # type: ignore[index]
        foreclosed += isinstance(verdict, Refuted) and isinstance(verdict.evidence, Demands)
    assert min(seen.values()) > 300 and foreclosed > 1


def won(question: Network, at: list[int]) -> bool:
    """Whether the robot can keep every separation, choosing step by step."""
    if len(at) == len(question.events):
        return kept(question, at)
    event = question.events[len(at)]
    assert not isinstance(event, Latest) and event.high is not None
    ends = ([*at, at[event.start] + time] for time in range(event.low, event.high + 1))
    choose = all if isinstance(event, Contingent) else any
    return choose(won(question, each) for each in ends)


def test_of_steps_beside_each_other_every_question_is_decided_as_the_game_is() -> None:
    rng = random.Random(7)
    seen: dict[type | None, int] = {}
    for _ in range(500):
        question = slower(random_network(rng, rng.randrange(2, 6), rng.randrange(1, 4), chosen=0.5))
        verdict, winning = settled(question), Game(question).won()
        assert isinstance(verdict, Proved if winning else Refuted), question
        kind = None if isinstance(verdict, Unknown) else type(verdict.evidence)
        seen[kind] = seen.get(kind, 0) + 1
    assert min(seen[Strategy], seen[NegativeCycle]) > 100


def test_a_tree_of_moves_decides_what_the_game_does_on_any_grid() -> None:
    rng = random.Random(8)
    seen = {StrategyTree: 0, AdversaryTree: 0}
    for turn in range(400):
        question = slower(random_network(rng, rng.randrange(2, 6), rng.randrange(1, 4), chosen=0.5))
        tree = game.play(question)
        judge_tree(question, tree)
        finer = scaled(question, 2) if turn % 8 == 0 else question
        assert Game(finer).won() == isinstance(tree, StrategyTree), question
        seen[type(tree)] += 1
    assert min(seen.values()) > 100


def test_too_many_orders_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Chosen(0, 0, 9) if number % 2 else Contingent(0, 0, 9) for number in range(14)]
    question = network([*many, Latest(tuple(range(1, 15)))], (1, 15, 1, 30), (3, 15, 2, None))
    monkeypatch.setattr(game, "WORK_MAX", 100_000)
    with pytest.raises(game.TooManyZones):
        game.play(question)
    with pytest.raises(game.TooManyZones):
        game.play(network([Contingent(each, 1, 3) for each in range(64)]))


def test_thousands_of_events_are_settled_by_tables_of_their_size() -> None:
    count = 2_000
    chain = [Contingent(number, 100, 300) for number in range(count)]
    verdict = settled(network(chain, (0, count, 100 * count, 300 * count)))
    assert isinstance(verdict, Proved) and isinstance(verdict.evidence, Strategy)
    assert len(verdict.evidence.apart) == 2 * count
    late = settled(network(chain, (0, count, None, 300 * count - 1)))
    assert isinstance(late, Refuted) and isinstance(late.evidence, Run)


# ---- processors --------------------------------------------------------------------------------


def test_fixed_priorities_agree_with_a_simulated_processor() -> None:
    rng = random.Random(3)
    seen = {True: 0, False: 0}
    for _ in range(400):
        tasks = random_tasks(rng)
        missed = simulated(tasks, earliest=False)
        for place, task in enumerate(tasks, start=1):
            verdict = settled(FixedPriority(tasks[:place], Fraction(1)))
            assert isinstance(verdict, Refuted if task.name in missed else Proved), tasks
            seen[task.name in missed] += 1
    assert min(seen.values()) > 100


def test_earliest_deadline_first_agrees_with_a_simulated_processor() -> None:
    rng = random.Random(4)
    seen: dict[type | None, int] = {Utilisation: 0, BusyPeriod: 0, None: 0}
    for _ in range(400):
        tasks = random_tasks(rng)
        verdict = settled(EarliestDeadline(tasks, Fraction(1)))
        missed = bool(simulated(tasks, earliest=True))
        assert isinstance(verdict, Refuted if missed else Proved), tasks
        kind = type(verdict.evidence) if isinstance(verdict, Proved) else None
        seen[kind] += 1
    assert min(seen.values()) > 20


# ---- budgets -----------------------------------------------------------------------------------


def test_a_peak_is_the_most_that_any_moment_needs() -> None:
    rng = random.Random(5)
    seen = {True: 0, False: 0}
    for _ in range(400):
        usage = random_usage(rng, 3)
        peak = max(amounts(usage))
        low, high = rng.choice([(None, 6), (2, 7), (5, 5), (int(peak), int(peak)), (3, None)])
        true = (low is None or low <= peak) and (high is None or peak <= high)
        verdict = settled(budget(usage, low, high))
        assert isinstance(verdict, Proved if true else Refuted)
        seen[true] += 1
    assert min(seen.values()) > 50
