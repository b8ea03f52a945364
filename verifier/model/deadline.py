"""`within 3 s from a.end to b.start`: deadlines between the moments of named steps."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from verifier.core.diagnostic import Label, near_miss
from verifier.core.span import Span
from verifier.core.unit import TIME, UNITS
from verifier.model.body import blocks_of
from verifier.model.expression import Context, number
from verifier.model.quantity import fail
from verifier.model.values import Attempt, Block, Branch, Deadline, Loop, Moment
from verifier.syntax import tree

Turns: TypeAlias = tuple[tuple[Span, int], ...]
"""The blocks that repeat around a step, with the turn of each, outermost first."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Where a name of a step stands, and the labels of the statements that it means, by turn."""

    span: Span
    places: dict[Turns, str]


Labels: TypeAlias = dict[str, Labelled]
Around: TypeAlias = dict[str, tuple[str, ...]]


def deadlines_of(
    within: tree.Within, at: Context, around: Around, labels: Labels
) -> list[Deadline]:
    """The deadline; between steps of a block that repeats, one for each turn. Raises SourceError.

    Moments in blocks that repeat are compared where they agree on the turns of the blocks that are
    around both.
    """
    written = within.bound
    low = None
    if isinstance(written, tree.Range):
        low = number(written.low, TIME, UNITS["s"], at)
        written = written.high
    bound = number(written, TIME, UNITS["s"], at)
    if bound < 0 or (low is not None and not 0 <= low <= bound):
        told = "a deadline lies at 0 s or later" if low is None else "a time runs forwards from 0 s"
        fail("bad-duration", within.bound.span, told)
    if within.ends is None:
        return [Deadline(bound, within.span, low)]
    first, last = within.ends
    found = []
    one, other = (_known(moment, labels) for moment in (first, last))
    for (turns, label), (others, behind) in product(one.places.items(), other.places.items()):
        if label not in around or behind not in around:
            continue  # what is around it is wrong, and said so already
        if any(dict(others).get(block, turn) != turn for block, turn in turns):
            continue
        if around[label] != around[behind]:
            fail(
                "unrelated-steps",
                within.span,
                f"`{first.label.text}` and `{last.label.text}` stand in different blocks, so that"
                " a run may come to one of them alone",
                notes=(Label(one.span, "one of them"), Label(other.span, "the other one")),
            )
        ends = (Moment(label, _starts(first, True)), Moment(behind, _starts(last, False)))
        found.append(Deadline(bound, within.span, low, ends))
    return found


def _known(moment: tree.Moment, labels: Labels) -> Labelled:
    name = moment.label
    if name.text not in labels:
        fail(
            "unknown-step",
            name.span,
            f"no step of this chain is called `{name.text}`",
            help=near_miss(name.text, labels) or f"name it where it is called: `{name.text}: …`",
        )
    return labels[name.text]


def _starts(moment: tree.Moment, usual: bool) -> bool:
    """Whether the start of the step is meant: by itself it stands for the whole of it."""
    if moment.edge is None:
        return usual
    if moment.edge.text not in ("start", "end"):
        fail(
            "unknown-step",
            moment.edge.span,
            f"a step has no moment `{moment.edge.text}`",
            help=f"`{moment.label.text}.start` or `{moment.label.text}.end`",
        )
    return moment.edge.text == "start"


def blocks_around(block: Block, scope: tuple[str, ...] = ()) -> Around:
    """For every statement by its label, the blocks around it that not every run enters."""
    found: Around = {}
    for statement in block:
        found[statement.label] = scope
        for number_, below in enumerate(blocks_of(statement)):
            conditional = isinstance(statement, Branch | Loop | Attempt)
            inner = (*scope, f"{statement.label}/{number_}") if conditional else scope
            found |= blocks_around(below, inner)
    return found
