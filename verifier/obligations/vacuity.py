"""What is owed behind a step that no run gets through is not proved: nothing comes to break it.

Only what speaks of all runs can hold vacuously. That a condition can be satisfied at all is shown
by a state, and stands by itself. Behind a step lies the rest of its block; and what follows that
block, if every run enters it. Branches of `||` do not lie behind each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from verifier.core.obligation import Entailment, Obligation, Realization
from verifier.core.verdict import Proved, Refuted, Unknown, Verdict
from verifier.model.body import blocks_of, statements_of
from verifier.model.values import Attempt, Block, Branch, Chain, Loop, Statement

RUN = "/sanity/run"
START = ("/assume/sanity", "/domain/sanity")


@dataclass(frozen=True, slots=True)
class _Behind:
    """The statements behind one that no run gets through, by their labels; `ends` are those around
    it whose own end no run reaches, `turns` the loops around it of which no turn ends, and `end`
    says that the end of the block is not reached, either."""

    labels: frozenset[str]
    ends: frozenset[str]
    turns: frozenset[str]
    end: bool


def without_vacuous(
    obligations: Sequence[Obligation], verdicts: Sequence[Verdict], chain: Chain
) -> list[Verdict]:
    """The verdicts of one chain, with `unknown` for what would be said of no run at all."""
    judged = list(zip(obligations, verdicts, strict=True))
    impossible = [
        (obligation, behind)
        for obligation, verdict in judged
        if obligation.id.endswith((RUN, *START)) and not isinstance(verdict, Proved)
        for behind in _all_behind(obligation, chain)
    ]
    settled = []
    for obligation, verdict in judged:
        first = next((each for each, behind in impossible if _lies(obligation, behind)), None)
        vacuous = first is not None and isinstance(verdict, Proved | Refuted)
        settled.append(_of_no_run(first, chain) if first and vacuous else verdict)
    return settled


def _all_behind(failed: Obligation, chain: Chain) -> Iterator[_Behind]:
    """What lies behind the statement that no run gets through, in each turn of its block."""
    if failed.id.endswith(START):
        everything = frozenset(each.label for each in statements_of(chain.body))
        yield _Behind(everything, everything, everything, True)
        return
    label = failed.id.split("/")[1].split(":")[0]
    turns = {label}
    first = _rest(chain.body, label)
    assert first is not None, failed.id
    if not first.end:
        place = label.split(".")[0]
        turns = {step.label for step in chain.steps if step.label.split(".")[0] == place}
    for turn in sorted(turns):
        behind = _rest(chain.body, turn)
        assert behind is not None, turn
        yield behind


def _rest(block: Block, label: str) -> _Behind | None:
    """What lies behind the statement with this label in the block; None if it is not there."""
    nothing: frozenset[str] = frozenset()
    for position, statement in enumerate(block):
        if statement.label == label:
            inside: _Behind | None = _Behind(nothing, nothing, nothing, True)
        else:
            inside = _below(statement, label)
        if inside is None:
            continue
        if inside.end:
            follows = frozenset(each.label for each in statements_of(block[position + 1 :]))
            return replace(inside, labels=inside.labels | follows)
        return inside
    return None


def _below(statement: Statement, label: str) -> _Behind | None:
    """What lies behind a statement in one of the blocks of this one; None if it is not there."""
    found = (_rest(below, label) for below in blocks_of(statement))
    inside = next((each for each in found if each is not None), None)
    if inside is None or not inside.end:
        return inside
    match statement:
        case Loop():
            return replace(inside, turns=inside.turns | {statement.label}, end=False)
        case Branch() | Attempt():
            return replace(inside, end=False)
        case _:
            return replace(inside, ends=inside.ends | {statement.label})


def _lies(obligation: Obligation, behind: _Behind) -> bool:
    """Whether the obligation speaks of the runs that got there."""
    if obligation.rule in ("within", "parallel"):
        return False
    owner = obligation.id.split("/")[1]
    if obligation.rule == "achieve" or (obligation.rule == "property" and ":" not in owner):
        return behind.end
    of_runs = isinstance(obligation.question, Entailment | Realization)
    if not of_runs and not obligation.id.endswith(RUN):
        return False
    if owner in behind.ends and obligation.id.endswith((RUN, "/call/achieve")):
        return True
    if owner in behind.turns and obligation.id.endswith(("/loop/kept", "/loop/decreases")):
        return True
    return owner in behind.labels or owner.split(":")[0] in behind.labels


def _of_no_run(failed: Obligation, chain: Chain) -> Unknown:
    if failed.id.endswith("/domain/sanity"):
        where = "stays inside the declared domains"
    elif failed.id.endswith(START):
        where = "satisfies what the chain assumes"
    else:
        where = f"gets through step {chain.steps[failed.step - 1].label}"
    return Unknown(f"no run is known that {where}, so this would hold of nothing")
