"""Breadth-first search over beliefs: the fewest calls first, and of those the least time.

Numbers stand for states: the bits of a belief, and above them fields of FIELD bits for what has to
be remembered of the way there. A memory is a finite automaton that reads the calls. `Refused`
remembers sequences of calls, as seen by one component, behind which something was found to fail;
`Known` the solutions, so that nothing is found that contains all calls of one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TypeAlias

from verifier.repair.belief import Move

FIELD = 20
LONGEST = 19
LOST = 0
FIRST = 1
TARGET = -1
MOST_STATES = 2_000_000

Word: TypeAlias = tuple[int, ...]


@dataclass(slots=True)
class Refused:
    """Sequences of the calls `seen`, as a trie; state LOST is behind all that it holds. `blocked`
    are (state, call) that fail, with TARGET for the target."""

    seen: frozenset[int]
    below: dict[tuple[int, int], int] = field(default_factory=dict)
    blocked: set[tuple[int, int]] = field(default_factory=set)
    states: int = FIRST

    def add(self, word: Word, call: int) -> None:
        """That the call, or the target, fails behind a way that looks like this word."""
        state = FIRST
        for each in word:
            if each in self.seen:
                if (state, each) not in self.below:
                    self.states += 1
                    self.below[state, each] = self.states
                state = self.below[state, each]
        self.blocked.add((state, call))

    def behind(self, state: int, call: int) -> int | None:
        """The state behind the call; None where it fails."""
        if (state, call) in self.blocked:
            return None
        return self.below.get((state, call), LOST) if call in self.seen else state

    def accepts(self, state: int) -> bool:
        return (state, TARGET) not in self.blocked


@dataclass(frozen=True, slots=True)
class Known:
    """One solution. The state has a bit for each of its first LONGEST calls that was made, in
    whatever order: the same calls in another order are no other solution."""

    word: Word

    def behind(self, state: int, call: int) -> int | None:
        """The state behind the call; None where the solution is complete."""
        made, word = state - FIRST, self.word[:LONGEST]
        for place, each in enumerate(word):
            if each == call and not made >> place & 1:
                made |= 1 << place
                return None if made + 1 == 1 << len(word) else made + FIRST
        return state

    def accepts(self, state: int) -> bool:
        return True


Memory: TypeAlias = Refused | Known
Entry: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Question:
    """From which belief, by which moves, each at its price, to a belief without the bits `wrong`,
    for at most `budget` in all if there is one. `width` bits hold a belief."""

    start: int
    moves: Sequence[Move]
    prices: Sequence[int]
    wrong: int
    width: int
    budget: int | None


@dataclass(frozen=True, slots=True)
class Explored:
    """The calls of the shortest way to the target, or None; how many states were settled; and
    whether those were all that there are, if there is no way. `seen` are the beliefs of those."""

    word: Word | None
    settled: int
    whole: bool
    seen: frozenset[int]


def explore(
    question: Question, memories: Sequence[Memory], may_go_on: Callable[[], bool]
) -> Explored:
    """The way of the fewest calls to the target; of equally many calls, of the least price."""
    state = question.start
    for place in range(len(memories)):
        state |= FIRST << question.width + place * FIELD
    levels: list[dict[int, Entry]] = [{state: (0, LOST, TARGET)}]
    settled = {state: 0}
    moves = _compiled(question, memories)
    while levels[-1]:
        best = _best(question, memories, levels[-1])
        if best is not None:
            return Explored(_word(levels, best), len(settled), False, frozenset())
        if len(settled) > MOST_STATES or not may_go_on():
            return Explored(None, len(settled), False, frozenset())
        following = _level(levels[-1], moves, settled, question.budget)
        for found, entry in following.items():
            settled[found] = entry[0]
        levels.append(following)
    belief = (1 << question.width) - 1
    return Explored(None, len(settled), True, frozenset(each & belief for each in settled))


Compiled: TypeAlias = tuple[int, int, int, int, int, Callable[[int], int] | None]


def _level(
    level: dict[int, Entry],
    moves: Sequence[Compiled],
    settled: dict[int, int],
    budget: int | None,
) -> dict[int, Entry]:
    """The states one call further that were not settled, or not at so low a price."""
    following: dict[int, Entry] = {}
    costly = budget is not None
    for state, (spent, _, _) in level.items():
        for forbidden, keep, add, price, number, careful in moves:
            if state & forbidden:
                continue
            if careful is None:
                found = state & keep | add
            else:
                found = careful(state)
                if found < 0:
                    continue
            total = spent + price
            if found in settled and (not costly or settled[found] <= total):
                continue
            if budget is not None and total > budget:
                continue
            known = following.get(found)
            if known is None or total < known[0]:
                following[found] = total, state, number
    return following


def _compiled(question: Question, memories: Sequence[Memory]) -> list[Compiled]:
    found: list[Compiled] = []
    for number, (move, price) in enumerate(zip(question.moves, question.prices, strict=True)):
        if not move.possible:
            continue
        simple = not move.relations and not memories
        careful = None if simple else _careful(move, number, question.width, memories)
        found.append((move.forbidden, move.keep, move.add, price, number, careful))
    return found


def _careful(
    move: Move, number: int, width: int, memories: Sequence[Memory]
) -> Callable[[int], int]:
    """The move on states with memories; -1 where it may not be made."""
    belief, one = (1 << width) - 1, (1 << FIELD) - 1

    def after(state: int) -> int:
        found = move.after(state & belief)
        if found is None:
            return -1
        for place, memory in enumerate(memories):
            shift = width + place * FIELD
            behind = memory.behind(state >> shift & one, number)
            if behind is None:
                return -1
            found |= behind << shift
        return found

    return after


def _best(question: Question, memories: Sequence[Memory], level: dict[int, Entry]) -> int | None:
    """The cheapest state of the level that is in the target."""
    one = (1 << FIELD) - 1
    good = [
        state
        for state in level
        if not state & question.wrong
        and all(
            memory.accepts(state >> question.width + place * FIELD & one)
            for place, memory in enumerate(memories)
        )
    ]
    return min(good, key=lambda state: level[state][0], default=None)


def _word(levels: Sequence[dict[int, Entry]], state: int) -> Word:
    word: list[int] = []
    for level in reversed(levels[1:]):
        _, state, number = level[state]
        word.append(number)
    return tuple(reversed(word))


def cheapest(question: Question) -> int | None:
    """The least price of any way to the target, whatever the budget; None if there is no way
    (Dijkstra 1959)."""
    spent = {question.start: 0}
    pending = [(0, question.start)]
    while pending:
        total, state = heappop(pending)
        if not state & question.wrong:
            return total
        if total > spent[state]:
            continue
        for move, price in zip(question.moves, question.prices, strict=True):
            found = move.after(state)
            if found is not None and total + price < spent.get(found, total + price + 1):
                spent[found] = total + price
                heappush(pending, (total + price, found))
    return None
