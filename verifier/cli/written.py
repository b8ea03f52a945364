"""A change of a chain's text: shown, judged as it would be read, and only then written."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction

from verifier.cli.command import HOLDS, Refusal
from verifier.cli.progress import progress
from verifier.cli.writing import write
from verifier.closing.editing import formatted_like
from verifier.confirming import Defect
from verifier.core.obligation import Entailment
from verifier.core.term import Real, variables
from verifier.core.unit import TIME
from verifier.core.verdict import Proved
from verifier.judging import Effort, judged
from verifier.model.values import Chain
from verifier.report.quantity import approximate, exact
from verifier.report.values import Answer, Repair, status, worst
from verifier.source import Source, chosen, settled

MOST_SHOWN = 8
"""Alternatives that `--all` looks for."""


def own_chain(options: argparse.Namespace) -> tuple[Source, Chain]:
    """The chain that the options name. Raises Refusal if it stands in another file, or is none."""
    source = settled(options.file)
    (chain,) = chosen(source, [options.chain])
    if chain.is_claim:
        raise Refusal(f"`{chain.name}` is a claim, and no chain with steps")
    if chain.span.file != source.path:
        raise Refusal(f"chain `{chain.name}` stands in `{chain.span.file}`; change it there")
    return source, chain


def write_changed(
    source: Source,
    name: str,
    change: Repair,
    options: argparse.Namespace,
    effort: Effort,
    done: str,
) -> int:
    """Judges the text as it would be read, shows the change, and writes it; `done` says of the
    chain what it then is."""
    original = source.texts[source.path]
    edited = formatted_like(change.edited, original, source.path)
    verdict = worst(status(each.verdict) for each in _judged_again(source, name, edited, effort))
    if verdict != "proved":
        raise Defect(f"the new text of {name} is {verdict}")
    target = options.output or source.path
    sys.stdout.writelines(
        difflib.unified_diff(
            original.splitlines(keepends=True),
            edited.splitlines(keepends=True),
            source.path,
            target,
        )
    )
    if options.output is None:
        with open(source.path, "rb") as file:
            write(f"{source.path}.bak", file.read())
    write(target, edited.encode())
    sys.stdout.write(f"{name} is {done} and proved; written to {target}\n")
    return HOLDS


def list_changes(
    source: Source, name: str, changes: Sequence[Repair], effort: Effort, verb: str
) -> int:
    """Prints every alternative with the time that the whole chain takes and with how far each is
    from failing; nothing is written."""
    for number, change in enumerate(changes, start=1):
        answers = _judged_again(source, name, change.edited, effort)
        longest = "or more" if change.longest is None else f"to {_seconds(change.longest)} s"
        told = [f"{_seconds(change.shortest)} s {longest}"]
        told += [f"margin {approximate(m)} {unit}" for unit, m in sorted(_margins(answers).items())]
        where = f" before step {change.before_step}" if verb == "insert" else ""
        sys.stdout.write(f"{number}. {verb} `{change.insert}`{where}; {'; '.join(told)}\n")
    return HOLDS


def _judged_again(source: Source, name: str, edited: str, effort: Effort) -> list[Answer]:
    again = settled(source.path, edited)
    (chain,) = chosen(again, [name])
    with progress("judging again") as tell:
        return judged(again.model, chain, effort, tell)


def _margins(answers: Sequence[Answer]) -> Mapping[str, Fraction]:
    """The least margin that was proved of what the steps and the end need, for each unit; times
    are left out, as the durations say them."""
    found: dict[str, Fraction] = {}
    for answer in answers:
        match answer.verdict, answer.obligation.question:
            case Proved(_, Fraction() as margin), Entailment(_, goals):
                names = {name for goal in goals for name, _ in variables(goal.formula)}
                sorts = [answer.obligation.sorts[name] for name in names]
                units = {sort.dimension for sort in sorts if isinstance(sort, Real)}
                if len(units) == 1 and units != {TIME}:
                    unit = str(units.pop())
                    found[unit] = min(margin, found.get(unit, margin))
    return found


def _seconds(value: Fraction) -> str:
    text = exact(value)
    return text if "/" not in text else f"about {approximate(value)}"
