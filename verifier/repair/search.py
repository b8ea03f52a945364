"""The search for calls that lead from a belief to a target, shortest first, each judged in full.

Counterexample-guided (Clarke et al. 2000): what the bits do not say, numbers above all, is taken
for met until the judge, which is passed in, finds that it fails. Then every sequence that looks the
same to the component in question is refused, and the search goes on. Where no way is left, none of
the sequences that there are can be proved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, TypeVar

from verifier.repair.explore import (
    TARGET,
    Explored,
    Known,
    Memory,
    Question,
    Refused,
    Word,
    explore,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """The judge's no to a sequence: its first `passed` calls are fine, what comes next is not, one
    more call or the target.

    `component` is the one whose facts fail, None where it takes more than one to say so. `certain`
    is False where the judge does not know.
    """

    passed: int
    component: int | None
    certain: bool


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """The solutions, shortest first, each with what the judge made of it.

    `exhausted` says that there is no other one, `certain` that the judge never gave up; `doubt` is
    a sequence with moves of which nothing is known but their bits that might still be one.
    `settled` and `seen` are the number of states and the beliefs of the widest exploration.
    """

    solutions: tuple[tuple[Word, T], ...]
    judged: int
    settled: int
    seen: frozenset[int]
    exhausted: bool
    certain: bool
    doubt: Word | None


Judge: TypeAlias = Callable[[Word], T | Fault]


def search(
    question: Question,
    unjudged: frozenset[int],
    judge: Judge[T],
    may_go_on: Callable[[], bool],
    most: int,
) -> Ended[T]:
    """Up to `most` solutions, of which none contains another one, without the moves `unjudged`."""
    moves = [
        replace(m, possible=m.possible and k not in unjudged) for k, m in enumerate(question.moves)
    ]
    narrow = replace(question, moves=moves)
    refused: dict[int | None, Refused] = {}
    known: list[Known] = []
    solutions: list[tuple[Word, T]] = []
    judged, certain = 0, True

    def explored(which: Question) -> Explored:
        memories: list[Memory] = [*refused.values(), *known]
        return explore(which, memories, may_go_on)

    last = widest = explored(narrow)
    while last.word is not None and may_go_on():
        answer = judge(last.word)
        judged += 1
        if isinstance(answer, Fault):
            certain = certain and answer.certain
            _learn(question, refused, last.word, answer)
        else:
            solutions.append((last.word, answer))
            known += [Known(last.word)] if last.word else []
            if len(solutions) == most:
                break
            if not last.word:
                _learn(question, refused, last.word, Fault(0, None, certain=True))
        last = explored(narrow)
        if last.settled > widest.settled or last.whole:
            widest = last
    whole = last.whole
    doubt = explored(question).word if whole and unjudged else None
    return Ended(tuple(solutions), judged, widest.settled, widest.seen, whole, certain, doubt)


def _learn(
    question: Question, refused: dict[int | None, Refused], word: Word, fault: Fault
) -> None:
    which = fault.component
    if which not in refused:
        moves = enumerate(question.moves)
        seen = frozenset(k for k, move in moves if which is None or which in move.touched)
        refused[which] = Refused(seen)
    passed = min(fault.passed, len(word))
    call = word[passed] if passed < len(word) else TARGET
    refused[which].add(word[:passed], call)
