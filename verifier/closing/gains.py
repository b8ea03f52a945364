"""Smaller gains for the barriers of a plant, where what is written asks too much of its inputs.

A gain `alpha` bounds how fast a barrier may fall; too large a one lets the state come where no
command can hold it. Smaller ones of few digits are tried, each as it would be read and judged, so
that nothing rests on the guess that what holds for one gain holds for all below it.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from verifier.closing.editing import offset
from verifier.closing.wording import bare
from verifier.core.obligation import Obligation
from verifier.core.span import Span
from verifier.core.unit import UNITS
from verifier.core.verdict import Refuted
from verifier.judging import Effort, first_fault
from verifier.model.values import Chain
from verifier.report.values import ChainReport
from verifier.source import Mistakes, Source, chosen, settled
from verifier.syntax import tree

HERTZ = UNITS["Hz"]
RULES = ("barrier", "gain", "sampling")
"""What a gain can be too large for."""
DIGITS = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)
DECADES = 3
SEARCH_S = 10.0
"""Processor time after which no further gain is tried."""

Gains = Mapping[Span, Fraction]
"""Gains in 1/s, each by where the expression stands in whose place it is written."""


def with_gains(source: Source, chain: Chain, report: ChainReport, effort: Effort) -> ChainReport:
    """The report on a refuted plant, with smaller gains under which its barriers hold; as it is if
    none are found."""
    late = time.process_time() + SEARCH_S
    gains: dict[Span, Fraction] = {}
    barriers: dict[Fraction, list[str]] = {}
    for declared, at, written in _too_large(source, report):

        def fits(gain: Fraction, own: Span = declared.span, at: Span = at) -> bool:
            return time.process_time() > late or _holds(source, chain, {at: gain}, effort, own)

        lower = _below(written)
        place = bisect_left(lower, True, key=fits)
        if time.process_time() > late:
            return report
        if place < len(lower):
            gains[at] = lower[place]
            barriers.setdefault(lower[place], []).append(f"`{declared.name.text}`")
    if not gains:
        return report
    told = "; ".join(
        f"write `alpha {bare(gain, HERTZ)} Hz` for {', '.join(names)}"
        for gain, names in barriers.items()
    )
    whole = _holds(source, chain, gains, effort)
    then = f"every obligation of {chain.name} then holds" if whole else "more is left to mend then"
    return replace(report, search=f"{told}; {then}")


def _too_large(
    source: Source, report: ChainReport
) -> Iterator[tuple[tree.BarrierDeclaration, Span, Fraction]]:
    """The barriers of this file that are refuted by their gain, where it stands, and its value."""
    wrong = {
        answer.obligation.span
        for answer in report.answers
        if isinstance(answer.verdict, Refuted) and answer.obligation.rule in RULES
    }
    values = {each.span: each.alpha for each in source.model.barriers}
    for declared in source.scope.barriers.values():
        value = values.get(declared.span)
        if declared.span in wrong and declared.span.file == source.path and value is not None:
            at = next(part.value.span for part in declared.parts if part.kind == "alpha")
            yield declared, at, value


def _below(gain: Fraction) -> list[Fraction]:
    """Gains of few digits below this one, over some decades, the largest first."""
    top = Fraction(10) ** (len(str(int(gain))) - 1)
    found = [
        digits * top / 10 ** (1 + decade)
        for decade in range(DECADES + 1)
        for digits in DIGITS[::-1]
    ]
    return [value for value in found if value < gain]


def _holds(
    source: Source, chain: Chain, gains: Gains, effort: Effort, barrier: Span | None = None
) -> bool:
    """Whether the plant owes nothing that fails with these gains, or, where a barrier is named,
    nothing of what a gain can be too large for there."""

    def counts(each: Obligation) -> bool:
        return barrier is None or (each.rule in RULES and _starts(each.span) == _starts(barrier))

    text = source.texts[source.path]
    for at in sorted(gains, key=_starts, reverse=True):
        start, end = offset(text, *_starts(at)), offset(text, at.end_line, at.end_column)
        text = f"{text[:start]}{bare(gains[at], HERTZ)} Hz{text[end:]}"
    try:
        again = settled(source.path, text)
    except Mistakes:
        return False
    (plant,) = chosen(again, [chain.name])
    return first_fault(again.model, plant, effort, {}, counts) is None


def _starts(span: Span) -> tuple[int, int]:
    return span.line, span.column
