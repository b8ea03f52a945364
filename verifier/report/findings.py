"""What a report finds wrong, as flat rows: the common ground of formats that list findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from verifier.core.diagnostic import Severity
from verifier.core.span import Span
from verifier.core.verdict import Refuted, Unknown
from verifier.report.excerpt import Mark
from verifier.report.explain import explain
from verifier.report.values import Answer, ChainReport, Report


@dataclass(frozen=True, slots=True)
class Finding:
    """`level` is error or warning; `rule` a diagnostic's code or an obligation's rule; `related`
    are further places with what is to be said about them."""

    level: str
    rule: str
    title: str
    message: str
    span: Span
    related: tuple[Mark, ...]


def findings(report: Report) -> Iterator[Finding]:
    """The mistakes, then what is refuted (an error) or unknown (a warning), in order."""
    for found in report.diagnostics:
        level = "error" if found.severity is Severity.ERROR else "warning"
        message = f"{found.message}; {found.help}" if found.help else found.message
        related = tuple(Mark(note.span, note.message) for note in found.notes)
        yield Finding(level, found.code, found.code, message, found.span, related)
    for chain in report.chains:
        for answer in chain.answers:
            yield from _of_answer(answer, chain, report)


def _of_answer(answer: Answer, chain: ChainReport, report: Report) -> Iterator[Finding]:
    owed = answer.obligation
    match answer.verdict:
        case Refuted(evidence):
            told = explain(answer, evidence, chain, report.texts)
            yield Finding("error", owed.rule, owed.id, told.headline, owed.span, told.marks)
        case Unknown(reason):
            message = f"neither proved nor refuted: {reason}"
            yield Finding("warning", owed.rule, owed.id, message, owed.span, ())
