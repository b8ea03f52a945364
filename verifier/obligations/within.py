"""Within: however long each step takes within its bounds, the deadlines are kept.

A step without an upper bound has none here either. Where a chain is nothing but steps, one after
the other or at the same time, and between the moments of steps, this is a question about a network
of events (events.py). Where a whole chain has guards, these tell which blocks are run, and how
long they take is a fact about the state (elapsed.py).

Where the robot chooses durations, one way to choose has to keep all deadlines of a block together.
"""

from __future__ import annotations

from dataclasses import replace

from verifier.core.network import Network
from verifier.core.obligation import Entailment, Fact, Obligation
from verifier.core.term import Comparison, number
from verifier.model.body import statements_of
from verifier.model.values import Chain, Deadline
from verifier.obligations.elapsed import durations, elapsed
from verifier.obligations.events import between, guarded, network, scopes, ways
from verifier.obligations.path import Path, obligation, relevant


def within(path: Path, chain: Chain) -> list[Obligation]:
    """What the durations owe: one obligation a deadline, or one a block where some are chosen."""
    chosen = scopes(chain)
    together = {id(deadline) for scope in chosen for deadline in scope.deadlines}
    owed = [
        _timed(path, chain, f"within/choice{'/' if scope.label else ''}{scope.label}", question)
        for scope in chosen
        if scope.deadlines
        for question in [network(scope.block, scope.deadlines)]
    ]
    known = ways(chain.body) if any(each.ends for each in chain.deadlines) else {}
    alone = not any(guarded(statement) for statement in statements_of(chain.body))
    for position, deadline in enumerate(chain.deadlines, start=1):
        if id(deadline) in together:
            continue
        rule = "within" if len(chain.deadlines) == 1 else f"within/{position}"
        if deadline.ends is not None:
            part = between(chain.body, known, deadline.ends)
            owed.append(_timed(path, chain, rule, network(part, [deadline])))
        elif alone:
            owed.append(_timed(path, chain, rule, network(chain.body, [deadline])))
        else:
            owed.append(_guarded(path, chain, rule, deadline))
    return owed


def _timed(path: Path, chain: Chain, rule: str, question: Network) -> Obligation:
    found = obligation(path, path.places[-1], chain, None, rule, question)
    return replace(found, rule="within")


def _guarded(path: Path, chain: Chain, rule: str, deadline: Deadline) -> Obligation:
    """The deadline of a whole chain as a question about the state."""
    timed = replace(path, sorts={**path.sorts, **durations(chain.body)})
    end = path.places[-1]
    taken = elapsed(path, chain.body)
    known = relevant(path, end, taken.guards) if taken.guards else ()
    goals = [Fact(Comparison("<=", taken.total, number(deadline.bound)), deadline.span, "within")]
    if deadline.low is not None:
        least = Comparison("<=", number(deadline.low), taken.total)
        goals.append(Fact(least, deadline.span, "within"))
    question = Entailment((*known, *taken.facts), tuple(goals))
    return replace(obligation(timed, end, chain, None, rule, question), rule="within")
